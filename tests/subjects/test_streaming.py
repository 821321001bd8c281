"""streaming: what is fed in chunks and merged is fed exactly as the plan says, whatever kind of object it is."""

from types import SimpleNamespace

import numpy as np
import pytest
from quality import streams as honest
from quality.streams import SUMS, Lse

import lsecheck
from lsecheck import formats
from lsecheck.errors import SubjectError
from lsecheck.subjects import load
from lsecheck.subjects.loading import Loading
from lsecheck.subjects.question import LAYOUTS, Question
from lsecheck.subjects.streaming import streams

ROW = np.arange(8.0)[None]


def tracer(**without: None) -> SimpleNamespace:
    """A stream whose state says how it came about: i(k) for init, u for updates with entries, m for merges."""
    methods = {
        "init": lambda like: f"i{text(like)}",
        "update": lambda state, chunk: f"{state}+{text(chunk)}",
        "merge": lambda a, b: f"[{a} {b}]",
    }
    kept = {name: method for name, method in methods.items() if name not in without}
    told: list[str] = []
    return SimpleNamespace(**kept, finish=lambda state: told.append(state) or np.zeros(1), told=told)


def text(chunk: np.ndarray) -> str:
    """The entries of its first row."""
    return "".join(f"{entry:g}" for entry in chunk[0])


def traced(plan: str, row: np.ndarray = ROW, **without: None) -> str:
    """How the state that was finished came about."""
    stream = tracer(**without)
    asked(load(stream, Loading(plan=plan)), row)
    return stream.told[-1]


def asked(subject, rows=ROW, fmt="float64", **more):
    """The reply to a plain call."""
    return subject.reply(Question("logsumexp", rows, fmt, **more))


def right(rows=ROW, fmt="float64"):
    """The correctly rounded answers."""
    return lsecheck.truth("logsumexp", rows, fmt).rounded[:, 0]


class Held:
    """A functional stream whose init wants to be called of an instance."""

    def init(self, like):
        """It cannot be, of the class."""

    update, finish = max, abs


class TestFeeding:
    """A stream is fed as its plan says, and no other way."""

    @pytest.mark.parametrize(
        ("plan", "trace"),
        [
            ("", "i+01234567"),
            ("8", "i+01234567"),
            ("3,0,5", "i+012++34567"),
            ("3,4", "i+012+3456+7"),
            ("9,2", "i+01234567+"),
            ("(3,0 5)", "[i+012+ i+34567]"),
            ("((1 2) (0 3,1))", "[[i+0 i+12] [i+ i+345+6+7]]"),
            ("(() 8)", "[i i+01234567]"),
            ("(8 ())", "[i+01234567 i]"),
            ("(3 ())", "[i+012 i+34567]"),
            ("(9 9)", "[i+01234567 i+]"),
        ],
    )
    def test_sizes_are_taken_from_the_row_clipped_and_the_rest_goes_to_the_last_leaf(self, plan, trace):
        """Left to right; an empty state is made for each leaf."""
        assert traced(plan) == trace

    @pytest.mark.parametrize(
        ("plan", "trace"),
        [
            ("", "i01234567"),
            ("3,0,5", "[[i012 i] i34567]"),
            ("(3,2 1)", "[[i012 i34] [i5 i67]]"),
            ("(() 8)", "[i i01234567]"),
        ],
    )  # fmt: skip
    def test_without_update_a_state_is_made_of_each_chunk_and_merged_from_the_left(self, plan, trace):
        """As split-KV kernels do: there are only partial answers."""
        assert traced(plan, update=None) == trace

    @pytest.mark.parametrize(("plan", "trace"), [("", "i+"), ("3,0,5", "i+++"), ("(3 5)", "[i+ i+]")])
    def test_rows_of_nothing_are_fed_too(self, plan, trace):
        """n = 0 is a chunk of nothing, not no question."""
        assert traced(plan, ROW[:, :0]) == trace

    def test_the_question_may_say_another_plan(self):
        """It goes before the stream's own."""
        stream = tracer()
        subject = load(stream, Loading(plan="(4 4)"))
        for plan in ("", "1,7"):
            asked(subject, plan=plan)
        assert stream.told == ["[i+0123 i+4567]", "i+0+1234567"]

    @pytest.mark.parametrize("fmt", formats.FORMATS)
    def test_chunks_come_in_the_input_format(self, fmt):
        """The empty one too."""
        seen = []

        def init(like):
            seen.append((like.shape, like.dtype.name))
            return like

        stream = SimpleNamespace(init=init, update=lambda _, chunk: init(chunk), finish=lambda state: state[:, 0])
        asked(load(stream, Loading(plan="2,0")), formats.cast(np.ones((3, 5)), formats.named(fmt)), fmt)
        assert seen == [((3, k), fmt) for k in (0, 2, 0, 3)]

    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_chunks_lie_in_memory_as_the_rows_do(self, layout):
        """A window of a larger array is what a kernel is handed; contiguous, every chunk is so alone."""
        seen = []
        stream = SimpleNamespace(init=lambda: None, update=lambda _, chunk: seen.append(chunk), finish=lambda _: [0])
        rows = np.arange(24.0).reshape(4, 6)
        laid = LAYOUTS[layout](rows)
        asked(load(stream, Loading(plan="2,0,3")), rows, layout=layout)
        assert np.array_equal(np.concatenate(seen, 1), laid)
        for chunk in seen:
            assert chunk.flags.writeable == laid.flags.writeable
            if layout == "contiguous":
                assert chunk.flags.c_contiguous
                assert chunk.base is None
            elif layout != "read-only":
                assert chunk.strides == laid.strides

    def test_what_lies_between_the_entries_of_a_chunk_is_not_an_entry(self):
        """Who ignores strides must see nan there."""
        seen = []
        stream = SimpleNamespace(init=lambda: 0, update=lambda _, chunk: seen.append(chunk), finish=lambda _: [0])
        asked(load(stream), layout="strided")
        chunk = seen[0]
        beside = np.lib.stride_tricks.as_strided(chunk, chunk.shape, (chunk.strides[0], chunk.itemsize))
        assert np.isnan(beside).sum() == 4

    @pytest.mark.parametrize("layout", ["contiguous", "strided"])
    @pytest.mark.parametrize("name", ["float32", "bfloat16"])
    def test_a_chunk_is_the_streams_own(self, layout, name):
        """It may keep it, and may write to it: no other chunk, and no question, is changed."""
        rows = formats.cast(ROW, formats.named(name))
        kept = []

        def update(state, chunk):
            kept.append(chunk.copy())
            chunk[...] = 99
            return state

        stream = SimpleNamespace(init=lambda: 0, update=update, finish=lambda _: rows[:, 0])
        reply = asked(load(stream, Loading(plan="3,5")), rows, name, layout=layout, watched=True)
        assert np.array_equal(np.concatenate(kept, 1), rows)
        assert reply.notices == ()

    def test_a_state_answered_by_none_was_changed_in_place(self):
        """Of update and of merge."""
        stream = SimpleNamespace(
            init=lambda like: [like.shape[1]],
            update=lambda state, chunk: state.append(chunk.shape[1]),
            merge=lambda a, b: a.append(b),
            finish=lambda state: np.array([float(str(state) == "[0, 1, [0, 7]]")]),
        )
        assert asked(load(stream, Loading(plan="(1 7)"))).array.tolist() == [1.0]

    def test_a_merged_state_is_not_used_again(self):
        """A merge may take both apart."""

        class Once(Lse):
            def merge(self, other):
                super().merge(other)
                del other.lse

        subject = load(Once, Loading(plan="((2 (1 ())) (3 0))"))
        assert asked(subject).array == pytest.approx(right(), rel=1e-15)


class TestProtocol:
    """What is taken for a stream, and how it is called."""

    def test_modules_classes_instances_and_namespaces_stream_with_init_and_finish(self):
        """Whatever holds the functions."""

        class Static:
            init, update, finish = map(staticmethod, (honest.init, honest.update, honest.finish))

        class Instance:
            def init(self, like):
                return honest.init(like)

            def merge(self, a, b):
                return honest.merge(a, b)

            def update(self, state, chunk):
                return honest.update(state, chunk)

            def finish(self, state):
                return honest.finish(state)

            def __call__(self, *_):
                raise AssertionError("it streams")

        for stream in (honest, SUMS, Static, Instance()):
            assert streams(stream)
            assert asked(load(stream, Loading(plan="3,5"))).array == pytest.approx(right(), rel=1e-15)

    def test_a_class_without_init_makes_its_states(self):
        """From an empty chunk if it takes one; what its methods answer counts where it is a state."""

        class Fresh:
            def __init__(self):
                self.total = 0.0

            def update(self, chunk):
                self.total += np.exp(chunk).sum(-1)
                return "noise"

            def merge(self, other):
                made = Fresh()
                made.total = self.total + other.total
                return made

            def finish(self):
                return np.log(self.total)[:, None]

        for plan in ("", "3,0", "(3 5)"):
            assert asked(load(Fresh, Loading(plan=plan))).array[:, 0] == pytest.approx(right(), rel=1e-15)

    def test_a_class_with_any_arguments_is_given_none_and_one_with_an_optional_one_gets_it(self):
        """*args is for a parent; a default is for whoever does not know better."""
        seen = []

        class Any_(Lse):
            def __init__(self, *given):
                seen.append(len(given))
                super().__init__(*given or (ROW,))

        class Optional(Lse):
            def __init__(self, like=None):
                seen.append(like.shape)
                super().__init__(like)

        for kind in (Any_, Optional):
            asked(load(kind))
        assert seen == [0, (1, 0)]

    def test_init_may_take_nothing(self):
        """A state that needs neither rows nor a format."""
        stream = SimpleNamespace(init=lambda: [], update=lambda s, chunk: s.append(chunk), finish=lambda s: s[0][:, 7])
        assert asked(load(stream)).array.tolist() == [7.0]

    def test_a_class_of_parts_is_made_of_each_chunk(self):
        """No update: its constructor is the first pass."""

        class Part:
            def __init__(self, chunk):
                self.lse = np.logaddexp.reduce(chunk, -1, initial=-np.inf)

            def merge(self, other):
                self.lse = np.logaddexp(self.lse, other.lse)

            def finish(self):
                return self.lse

        for plan in ("", "3,0", "((1 2) ())"):
            assert asked(load(Part, Loading(plan=plan))).array == pytest.approx(right(), rel=1e-15)

    @pytest.mark.parametrize("other", [np.logaddexp, lambda x: x, dict, {}, [], 3, "naive", Question])
    def test_what_has_no_finish_is_no_stream(self, other):
        """dict has an update."""
        assert not streams(other)

    def test_an_object_that_makes_its_attributes_is_no_stream(self):
        """Or raises at every name."""

        class Odd:
            def __getattr__(self, name):
                raise RuntimeError(name)

            def __call__(self, x):
                return x

        assert not streams(Odd())

    def test_what_can_be_called_and_has_no_init_is_called(self):
        """A meter that counts what it is asked has update and finish, and is no state."""

        class Meter(Lse):
            def __call__(self, x, axis):
                return np.logaddexp.reduce(x, axis)

        subject = load(Meter(ROW))
        assert subject.note == "given"
        assert asked(subject).array == pytest.approx(right(), rel=1e-15)

    @pytest.mark.parametrize(
        ("stream", "sentence"),
        [
            (Lse(ROW), "Lse is one state and has no init: name its class, Lse"),
            (SimpleNamespace(init=lambda: 0, merge=max, finish=abs),
             "SimpleNamespace has no update, so a state is made of each chunk, and its init takes none"),
            (Held, "Held: init needs an instance: name an instance of the class, or make it static"),
        ],
    )  # fmt: skip
    def test_a_stream_that_cannot_be_fed_is_refused_in_one_sentence(self, stream, sentence):
        """What to name in its place."""
        assert streams(stream)
        with pytest.raises(SubjectError) as refused:
            load(stream)
        assert str(refused.value) == sentence
