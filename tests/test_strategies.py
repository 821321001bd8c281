"""The strategies are worth what they reach and what they shrink to; the machine, what it catches.

Hypothesis's stream changes between versions: nothing here depends on what it draws, only on how often.
"""

import math
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis.stateful import run_state_machine_as_test

import lsecheck
from lsecheck import formats, strategies
from lsecheck.errors import InputError, SubjectError
from lsecheck.subjects.streaming import Leaf, Merge, parse

EVERY = list(formats.FORMATS)
some = settings(
    max_examples=120, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
search = settings(some, max_examples=2000)


def drawn(strategy, count=300):
    """Examples, without what pytest would say of asking for them one by one."""
    seen = []

    @settings(some, max_examples=count)
    @given(strategy)
    def collect(example):
        seen.append(example)

    collect()
    return seen


def smallest(strategy, wanted):
    """What a failing test would be shown."""
    with np.errstate(all="ignore"):
        return find(strategy, wanted, settings=search)


def lse(row):
    """Of a row of finite numbers, near enough to say where it lies."""
    v = row.astype(np.float64)
    return v.max() + math.log(np.exp(v - v.max()).sum())


class TestNumbers:
    """Floats of the format, and those that matter."""

    @pytest.mark.parametrize("fmt", EVERY)
    def test_every_number_is_one_of_the_format(self, fmt):
        """Drawn as Python floats: nothing may be rounded on the way into an array."""
        kind = formats.named(fmt)
        for x in drawn(strategies.numbers(fmt)):
            assert isinstance(x, float)
            assert math.isnan(x) or (math.isinf(x) and kind.has_infinity) or formats.rounded(kind, x) == x

    def test_they_come_to_the_landmarks(self):
        """Where exp ends, where a term is half an ulp, the smallest and the largest, both zeros, masks."""
        seen = drawn(strategies.numbers("float32"), 1500)
        fmt = formats.named("float32")
        exponents = [math.log(fmt.largest), (fmt.tiny_exponent - 1) * math.log(2), -24 * math.log(2)]
        for x in [fmt.tiny, -fmt.tiny, fmt.largest, -fmt.largest, 2.0**fmt.emin, -1e4, -5e4, 1.0, *exponents]:
            assert formats.rounded(fmt, x) in seen, x
        assert {math.copysign(1, x) for x in seen if x == 0} == {1.0, -1.0}
        assert {str(x) for x in seen if not math.isfinite(x)} == {"nan", "inf", "-inf"}

    def test_without_specials_all_are_finite(self):
        """For an implementation that is not made for the rest."""
        assert all(map(math.isfinite, drawn(strategies.numbers("float32", specials=False))))
        rows = drawn(strategies.rows("float32", specials=False))
        assert all(np.isfinite(row).all() for row in rows)

    def test_a_format_without_infinity_has_nan_alone(self):
        """float8_e4m3fn."""
        seen = drawn(strategies.numbers("float8_e4m3fn"))
        assert not any(map(math.isinf, seen))
        assert any(map(math.isnan, seen))

    def test_they_shrink_to_zero(self):
        """The simplest number."""
        assert smallest(strategies.numbers("float32"), lambda x: not x > 0) == 0.0
        assert smallest(strategies.numbers("float32"), lambda x: math.isfinite(x) and x != 0) == 1.0


class TestRows:
    """1-D arrays, built like trouble."""

    @pytest.mark.parametrize("fmt", EVERY)
    def test_every_row_is_of_the_dtype_and_as_long_as_it_was_asked(self, fmt):
        """bfloat16 and the 8-bit formats too."""
        for row in drawn(strategies.rows(fmt, min_size=2, max_size=9), 100):
            assert row.dtype == formats.named(fmt).dtype
            assert row.ndim == 1
            assert 2 <= len(row) <= 9

    def test_they_reach_what_breaks_implementations(self):
        """Each within a few hundred examples, several times."""
        reached = dict.fromkeys(
            ("empty", "one", "tie", "masked", "head", "beyond exp", "near 0", "overflow", "offset", "nan", "+inf"), 0
        )
        for row in drawn(strategies.rows("float32"), 600):
            v = row.astype(np.float64)
            reached["nan"] += bool(np.isnan(v).any())
            reached["+inf"] += bool((v == np.inf).any())
            reached["empty"] += not len(v)
            reached["one"] += len(v) == 1
            if not len(v) or np.isnan(v).any() or (v == np.inf).any():
                continue
            finite = v[np.isfinite(v)]
            reached["masked"] += not len(finite)
            reached["head"] += len(v) > 16 and bool((v[:8] == -np.inf).all()) and len(finite) > 0
            if len(finite) > 1:
                top, low = finite.max(), finite.min()
                reached["tie"] += np.count_nonzero(finite == top) > 1
                reached["beyond exp"] += top - low > 150
                with np.errstate(over="ignore"):
                    reached["near 0"] += abs(lse(finite)) < 1e-3
                reached["overflow"] += top > 89
                reached["offset"] += abs(top) > 500 and 0 < top - low < 30
        assert [name for name, count in reached.items() if count < 2] == []

    def test_long_rows_are_runs_and_cost_little(self):
        """Widths at which kernels stop counting, without drawing every entry."""
        seen = drawn(strategies.rows("float32", max_size=5000), 200)
        lengths = {len(row) for row in seen}
        assert max(lengths) > 2048
        assert any(len(row) > 1000 and len(np.unique(row)) < 5 for row in seen)

    def test_an_overflow_shrinks_to_two_entries_at_most(self):
        """What a user of the naive formula is shown."""
        row = smallest(strategies.rows("float32"), lambda row: np.isposinf(np.exp(row).sum()) and (row < np.inf).all())
        assert len(row) <= 2
        assert row.max() > 88

    def test_a_lost_tail_shrinks_to_what_tells(self):
        """A kernel that forgets what is left over of blocks of 4."""
        row = smallest(
            strategies.rows("float32", specials=False, min_size=1),
            lambda row: len(row) > 4 and abs(lse(row) - lse(row[: len(row) // 4 * 4])) > 0.01,
        )
        assert len(row) == 5
        assert len(np.unique(row)) <= 2

    def test_a_masked_row_shrinks_to_one_entry(self):
        """All -inf."""
        row = smallest(strategies.rows("float16", min_size=1), lambda row: np.isneginf(row).all())
        assert row.tolist() == [-math.inf]

    def test_a_property_of_long_rows_shrinks_to_the_shortest(self):
        """Of one value, or one and a mask."""
        row = smallest(strategies.rows("float32"), lambda row: len(row) > 33)
        assert len(row) == 34
        assert len(np.unique(row)) <= 2

    def test_bad_sizes_are_refused(self):
        """When the strategy is made, in a sentence."""
        with pytest.raises(InputError, match="from 0 up, got 3 to 2"):
            strategies.rows(min_size=3, max_size=2)
        with pytest.raises(InputError, match="from 1 up, got 0 to 2"):
            strategies.batches(min_rows=0, max_rows=2)
        with pytest.raises(InputError, match="not -1"):
            strategies.plans(-1)


class TestBatches:
    """Rows of equal length, and their labels."""

    def test_a_batch_has_rows_of_equal_length(self):
        """(rows, n) of the dtype, n = 0 included."""
        seen = drawn(strategies.batches("bfloat16", max_rows=3, max_size=6), 150)
        assert {batch.ndim for batch in seen} == {2}
        assert {batch.dtype for batch in seen} == {formats.named("bfloat16").dtype}
        assert {len(batch) for batch in seen} == {1, 2, 3}
        assert {0, 1, 6} <= {batch.shape[1] for batch in seen} <= set(range(7))

    def test_labels_are_such_as_cross_entropy_takes(self):
        """One a row, within it."""
        for batch, labels in drawn(strategies.labelled("float32", max_size=5), 60):
            assert len(lsecheck.truth("cross_entropy", batch, labels=labels)) == len(batch)

    @settings(some, max_examples=80)
    @given(strategies.batches("float32", max_size=20))
    def test_they_are_all_that_a_property_test_needs(self, batch):
        """As the docstring shows it."""
        found = lsecheck.measure("logsumexp", batch, lsecheck.logsumexp(batch))
        assert (found.kind == "").all()
        assert not (found.excess > 0.51).any()


class TestPlans:
    """Texts that `Loading(plan=...)` reads."""

    @pytest.mark.parametrize("n", [0, 1, 2, 9])
    def test_the_sizes_of_a_plan_sum_to_n(self, n):
        """Whatever its brackets."""
        for text in drawn(strategies.plans(n), 150):
            plan = parse(text)
            assert str(plan) == text
            assert sum(sum(leaf.sizes) for leaf in _leaves(plan)) == n

    def test_there_are_merges_and_empty_chunks_and_empty_parts(self):
        """Without which a plan tells nothing; and parts that are never updated."""
        seen = drawn(strategies.plans(4), 300)
        leaves = [leaf for text in seen if "(" in text for leaf in _leaves(parse(text))]
        assert any(0 in leaf.sizes and sum(leaf.sizes) for leaf in leaves)
        assert any(leaf.sizes and not sum(leaf.sizes) for leaf in leaves)
        assert Leaf() in leaves
        assert any(text.count("(") > 2 for text in seen)

    def test_without_merges_there_are_no_brackets(self):
        """For streams that have none."""
        assert not any("(" in text for text in drawn(strategies.plans(5, merges=False)))

    def test_they_shrink_to_one_chunk(self):
        """And to the simplest merge."""
        assert smallest(strategies.plans(5), lambda text: "5" in text) == "5"
        assert smallest(strategies.plans(5), lambda text: "(" in text) in ("(0 5)", "(() 5)")


def _leaves(plan):
    return [*_leaves(plan.left), *_leaves(plan.right)] if isinstance(plan, Merge) else [plan]


# ---- streams ----


class Honest:
    """The logsumexp so far, in float64, rounded once."""

    def __init__(self, like):
        self.y, self.dtype = np.full(len(like), -np.inf), like.dtype

    def update(self, chunk):
        """One entry after the other."""
        for column in chunk.T.astype(np.float64):
            self.y = np.logaddexp(self.y, column)

    def merge(self, other):
        """As one more entry."""
        self.y = np.logaddexp(self.y, other.y)

    def finish(self):
        """Rounded."""
        return self.y.astype(self.dtype)


def _sum_init(like):
    return SimpleNamespace(m=np.full(len(like), -np.inf), s=np.zeros(len(like)), dtype=like.dtype)


def _sum_update(state, chunk, guard=lambda m: np.where(np.isfinite(m), m, 0.0)):
    if not chunk.shape[1]:
        return state
    v = chunk.astype(np.float64)
    m = np.maximum(state.m, v.max(-1))
    s = np.where(state.s > 0, state.s * np.exp(state.m - guard(m)), 0) + np.exp(v - guard(m)[:, None]).sum(-1)
    return SimpleNamespace(m=m, s=s, dtype=state.dtype)


def _sum_merge(a, b):
    m = np.maximum(a.m, b.m)
    to = np.where(np.isfinite(m), m, 0.0)
    parts = [np.where(one.s > 0, one.s * np.exp(one.m - to), 0) for one in (a, b)]
    return SimpleNamespace(m=m, s=parts[0] + parts[1], dtype=a.dtype)


def _logarithm(state):
    return np.where(np.isfinite(state.m), state.m + np.log(state.s), state.m)


def _sum_finish(state):
    return _logarithm(state).astype(state.dtype)


def sums(**changed):
    """Functions on (maximum, sum) states, one of them changed."""
    steps = {"init": _sum_init, "update": _sum_update, "merge": _sum_merge, "finish": _sum_finish}
    return SimpleNamespace(**(steps | changed))


#: a state is made of each chunk
MADE = sums(init=lambda chunk: _sum_update(_sum_init(chunk), chunk))
del MADE.update
NO_MERGE = sums()
del NO_MERGE.merge


def _unscaled(a, b):
    return SimpleNamespace(m=np.maximum(a.m, b.m), s=a.s + b.s, dtype=a.dtype)


def _shifted_by_the_first(a, b):
    return SimpleNamespace(m=a.m, s=a.s + b.s * np.exp(b.m - a.m), dtype=a.dtype)


def _empties_give_nan(a, b):
    m = np.maximum(a.m, b.m)
    return SimpleNamespace(m=m, s=a.s * np.exp(a.m - m) + b.s * np.exp(b.m - m), dtype=a.dtype)


class Shared(Honest):
    """All states in one buffer: right as long as there is only one of them."""

    buffer = np.zeros(0)

    def __init__(self, like):
        self.dtype = like.dtype
        type(self).buffer = np.full(len(like), -np.inf)

    @property
    def y(self):
        """What the last one wrote."""
        return type(self).buffer

    @y.setter
    def y(self, new):
        type(self).buffer = new


def _never_below_zero(state, chunk):
    m = _sum_update(state, chunk)
    return SimpleNamespace(m=np.maximum(m.m, -1e4), s=m.s * np.exp(np.minimum(m.m + 1e4, 0)), dtype=m.dtype)


WRONG = {
    "the sums are not rescaled": sums(merge=_unscaled),
    "the shift is that of the first": sums(merge=_shifted_by_the_first),
    "two empty states make nan": sums(merge=_empties_give_nan),
    "an empty chunk raises": sums(update=lambda state, chunk: [chunk.max(), _sum_update(state, chunk)][1]),
    "the maximum starts at -1e4": sums(update=_never_below_zero),
    "the state is shared": Shared,
    "the answer is float64": sums(finish=lambda state: _sum_finish(state).astype(np.float64)),
    "one answer for all rows": sums(finish=lambda state: _sum_finish(state)[:1]),
}
playing = settings(some, max_examples=300, stateful_step_count=10, phases=(Phase.generate,))


def play(stream, *terms, how=playing, **told):
    """Let the machine play, and raise the first thing that it finds."""
    run_state_machine_as_test(strategies.streaming_machine(stream, *terms, **told), settings=how)


class TestMachine:
    """States that are made, updated, merged and finished in any order."""

    @pytest.mark.parametrize("stream", [Honest, sums(), MADE, NO_MERGE], ids=["class", "sums", "made", "no merge"])
    def test_an_honest_stream_is_not_flagged(self, stream):
        """Whatever it is made of."""
        play(stream, how=settings(playing, max_examples=60))

    @pytest.mark.parametrize("pair", ["float16", "bfloat16:float32", "float8_e4m3fn"])
    def test_it_plays_in_any_format(self, pair):
        """Answers in the output format."""
        answer = formats.pair(pair).output
        stream = sums(finish=lambda state: formats.cast(_logarithm(state), answer))
        play(stream, pair, how=settings(playing, max_examples=30))

    @pytest.mark.parametrize("name", WRONG)
    def test_a_wrong_stream_is_caught(self, name):
        """Each is right as long as a row is fed in one chunk, or nearly."""
        with pytest.raises((AssertionError, ValueError), match=r"should be|finish|zero-size"):
            play(WRONG[name])

    def test_what_it_raises_says_what_was_seen_and_what_is_right(self):
        """In hex, the row that went wrong."""
        with pytest.raises(AssertionError, match=r"row \d: x = \[.*\]\n  got .*, should be .*: "):
            play(sums(merge=_unscaled))

    def test_a_stronger_contract_is_asked_where_it_is_required(self):
        """m + log s keeps `shifted`, and loses the tail that `conditioned` asks for."""
        with pytest.raises(AssertionError, match="times what conditioned allows"):
            play(sums(), "float64", "conditioned", specials=False, how=settings(playing, max_examples=2000))

    def test_what_does_not_stream_is_refused(self):
        """In a sentence."""
        with pytest.raises(SubjectError, match="max-shift does not stream"):
            strategies.streaming_machine("max-shift")


def test_without_hypothesis_it_says_what_to_install():
    """And nothing else needs it."""
    code = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "import lsecheck; lsecheck.measure\n"
        "try:\n    import lsecheck.strategies\n"
        "except lsecheck.EnvironmentRefused as error:\n    print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "lsecheck.strategies needs hypothesis: pip install 'lsecheck[fuzz]'\n"
