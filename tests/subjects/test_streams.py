"""streams as subjects: loaded, named, isolated, typed and judged like any other, for logsumexp alone."""

import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from quality import streams as honest
from quality.streams import SUMS, Lse

import lsecheck
from lsecheck import formats, functions
from lsecheck.cli import main
from lsecheck.errors import InputError, SubjectError, UnknownName
from lsecheck.faults.streams import STREAMS, Good
from lsecheck.inputs import cases
from lsecheck.rows import FAILS
from lsecheck.subjects import load
from lsecheck.subjects.adapters import installed
from lsecheck.subjects.loading import Loading
from lsecheck.subjects.question import Question
from lsecheck.subjects.subject import ask
from subjects.compiled import PROGRAMS

ROW = np.arange(8.0)[None]
HONEST = [pytest.param(SUMS, id="sums"), pytest.param(Lse, id="lse")]


def asked(subject, rows=ROW, fmt="float64", **more):
    """The reply to a plain call."""
    return subject.reply(Question("logsumexp", rows, fmt, **more))


def right(rows=ROW, fmt="float64"):
    """The correctly rounded answers."""
    return lsecheck.truth("logsumexp", rows, fmt).rounded[:, 0]


class TestSubjects:
    """A stream is a subject."""

    def test_it_says_that_it_streams_and_claims_logsumexp_alone(self):
        """Nothing else is a sum that could be merged."""
        subject = load(Lse)
        assert (subject.name, subject.note, subject.takes) == ("Lse", "streams", {"layouts", "plan", "merge"})
        assert list(subject.implementations) == ["logsumexp"]
        pair = formats.pair("float32")
        assert [name for name in functions.FUNCTIONS if subject.supports(functions.named(name), pair)] == ["logsumexp"]
        result = lsecheck.check(Lse, "softmax", "float32", "ordinary", "quick")
        assert (result.status, result.verdicts[0].status) == (5, "unmeasured")

    def test_what_cannot_merge_is_asked_for_no_merge(self):
        """By its own plan, by a question, or by conduct."""
        stream = SimpleNamespace(init=honest.init, update=honest.update, finish=honest.finish)
        assert load(stream).takes == {"layouts", "plan"}
        sentence = "SimpleNamespace has no merge, so --plan '(3 5)' is not for it: give sizes as '3,0,5'"
        with pytest.raises(SubjectError) as refused:
            load(stream, Loading(plan="(3 5)"))
        assert str(refused.value) == sentence
        reply = asked(load(stream), plan="(3 5)")
        assert (reply.trouble, reply.message) == ("raised", f"raised SubjectError: {sentence}")
        (row,) = lsecheck.check(stream, formats="float32", families="conduct", effort="quick").rows
        assert {seen.rule for seen in row.conduct if seen.standing == FAILS} == set()
        assert 20 < next(seen.calls for seen in row.conduct if seen.rule == "chunks") < 60

    @pytest.mark.parametrize("plan", ["", "3,0,2", "((1 0) (() 4))", "1,1,1,1,1"])
    @pytest.mark.parametrize("fmt", formats.FORMATS)
    @pytest.mark.parametrize("stream", HONEST)
    def test_honest_streams_answer_hard_rows_right_by_any_plan(self, stream, fmt, plan):
        """Masked parts, infinities, nan, and the format's ends."""
        kind = formats.named(fmt)
        big, inf = kind.largest, np.inf
        rows = [
            [0, 1, 2, 3, 4],
            [big, -big, big, -big, 0],
            [-big] * 5,
            [big] * 5,
            [np.nan, 0, 1, 0, 1],
            [1] * 4 + [np.nan],
        ]
        if kind.has_infinity:
            rows += [[-inf] * 5, [-inf] * 3 + [2, -inf], [-inf, 0, inf, -inf, 0], [inf] * 5, [inf, 0, 0, 0, np.nan]]
        batch = np.array(rows, float)
        answers = ask(load(stream, Loading(plan=plan)), functions.named("logsumexp"), batch, formats.pair(fmt), None)
        wanted = formats.widen(right(formats.cast(batch, kind), fmt))
        assert not answers.trouble.any()
        assert answers.values[:, 0] == pytest.approx(wanted, rel=1e-14, nan_ok=True)

    @pytest.mark.parametrize("plan", ["4", "(2,1 (3 ()))"])
    @pytest.mark.parametrize("stream", HONEST)
    def test_no_honest_stream_is_flagged(self, stream, plan):
        """Every family, in the format where it has nothing wider to compute in."""
        result = lsecheck.check(stream, formats="float64", effort="quick", loading=Loading(plan=plan))
        assert result.status == 0, result.verdicts[0].reason
        assert result.verdicts[0].contract == "conditioned"

    def test_a_finish_that_answers_something_else_is_a_class_error(self):
        """As of any subject."""
        for answer, kind in [(np.zeros(3), "shape"), (None, "dtype"), (np.zeros(1, np.float32), "dtype")]:
            stream = SimpleNamespace(init=lambda: 0, update=lambda *_: 0, finish=lambda _, said=answer: said)
            answers = ask(load(stream), functions.named("logsumexp"), ROW, formats.pair("float64"), None)
            assert answers.trouble.tolist() == [kind]

    @pytest.mark.parametrize("kind", ["torch", "jax"])
    @pytest.mark.parametrize("fmt", ["bfloat16", "float32", "float64"])
    def test_chunks_are_handed_over_as_arrays_of_another_library(self, kind, fmt):
        """A state that is one of its arrays stays one, in its format; the answer comes back."""
        if not installed(kind):
            pytest.skip(f"--arrays {kind} needs {kind}: pip install 'lsecheck[{kind}]'")
        seen = []

        def noted(*states):
            seen.extend(
                (type(state).__module__.split(".")[0].removesuffix("lib"), str(state.dtype)) for state in states
            )
            return states[0]

        stream = SimpleNamespace(
            init=lambda like: noted(like).sum(-1),
            update=lambda state, chunk: noted(state + noted(chunk).sum(-1)),
            merge=lambda a, b: noted(a, b) + b,
            finish=lambda state: noted(state),
        )
        subject = load(stream, Loading(arrays=kind, plan="(3,0 5)"))
        rows = formats.cast(np.full((2, 8), 0.5), formats.named(fmt))
        reply = asked(subject, rows, fmt)
        assert reply.array.tolist() == [4.0, 4.0]
        assert reply.array.dtype == rows.dtype
        assert set(seen) == {(kind, f"torch.{fmt}" if kind == "torch" else fmt)}
        assert subject.version.startswith(kind)


class TestFaults:
    """What a plain call cannot show."""

    @pytest.mark.parametrize("fault", STREAMS, ids=lambda fault: fault.name)
    def test_every_faulty_stream_is_caught_by_each_of_its_families(self, fault):
        """By conduct under the one rule that is about it."""
        assert fault.families
        for family in fault.families:
            result = lsecheck.check(fault.call, formats=fault.format, families=family, effort=fault.effort)
            assert result.status == 1, family
            if family == "conduct":
                assert {seen.rule for seen in result.rows[0].conduct if seen.standing == FAILS} == {"chunks"}

    @pytest.mark.parametrize("fault", [fault for fault in STREAMS if not fault.tiny], ids=lambda fault: fault.name)
    def test_in_one_update_none_of_them_shows(self, fault):
        """Else the plans would prove nothing."""
        families = [name for name in cases.synthetic() if name != "conduct"]
        result = lsecheck.check(fault.call, formats=fault.format, families=families, effort="quick")
        assert result.status == 0, result.verdicts[0].reason

    @pytest.mark.parametrize("fmt", formats.FORMATS)
    def test_what_they_are_made_from_is_not_flagged(self, fmt):
        """In any family, by any of the ways that conduct has of feeding it."""
        result = lsecheck.check(Good, formats=fmt, effort="quick")
        assert result.status == 0, result.verdicts[0].reason


MINE = """
from types import SimpleNamespace
import numpy as np

class Lse:
    def __init__(self, like): self.lse, self.dtype = np.full(len(like), -np.inf), like.dtype
    def update(self, chunk): self.lse = np.logaddexp(self.lse, np.logaddexp.reduce(chunk, -1, initial=-np.inf))
    def merge(self, other): self.lse = np.logaddexp(self.lse, other.lse)
    def finish(self): return self.lse.astype(self.dtype)

def plain(x, axis=-1): return np.logaddexp.reduce(x, axis)

trace = []
def update(state, chunk):
    state[0] = state[0] * 100 + 10 + chunk.shape[1]
class Cut:
    init, update = staticmethod(lambda like: [np.zeros(len(like))]), staticmethod(update)
    merge = staticmethod(lambda a, b: [a[0] * 10000 + b[0]])
    finish = staticmethod(lambda state: state[0])
cut = SimpleNamespace(init=Cut.init, update=update, merge=Cut.merge, finish=Cut.finish)
"""


@pytest.fixture
def mine(tmp_path):
    """A file of streams, and a function that is none."""
    (tmp_path / "mine.py").write_text(MINE)
    return f"{tmp_path / 'mine.py'}"


class TestLoading:
    """How it is said, here and elsewhere."""

    @pytest.mark.parametrize("isolated", [False, True])
    @pytest.mark.parametrize("name", ["Cut", "cut"])
    def test_a_plan_reaches_the_stream_in_any_process(self, mine, name, isolated):
        """That of the command line, and that of a question; of what can be called, and of what cannot."""
        subject = load(f"{mine}:{name}", Loading(isolated=isolated, plan="(2,1 4)"))
        assert subject.note == ("streams, isolated" if isolated else "streams")
        assert subject.takes == {"layouts", "plan", "merge"}
        assert asked(subject).array.tolist() == [12_11_1411.0]
        assert asked(subject, plan="3,0").array.tolist() == [13_10_15.0]
        assert asked(subject, plan="").array.tolist() == [12_11_1411.0]

    @pytest.mark.parametrize("isolated", [False, True])
    @pytest.mark.parametrize("name", ["naive", "{mine}:plain", "exec:cat"])
    def test_a_plan_for_what_does_not_stream_is_refused(self, mine, name, isolated):
        """It would be asked plainly, and reported as if it were not."""
        name = name.format(mine=mine)
        with pytest.raises(SubjectError) as refused:
            load(name, Loading(plan="3,5", isolated=isolated))
        assert str(refused.value) == f"{name} does not stream, so --plan is not for it: see docs/subjects.md, Streaming"

    def test_another_way_of_calling_is_refused_of_a_stream(self, mine):
        """It is not called."""
        with pytest.raises(SubjectError, match=r"^--call is not for .*:Lse: it streams, and is fed as --plan says$"):
            load(f"{mine}:Lse", Loading(call="row"))

    def test_a_plan_that_is_none_is_refused_where_it_is_said(self):
        """By the options of a subject, of a gate and of the command line."""
        with pytest.raises(InputError, match="the plan '3;5' has ';' where it means nothing"):
            Loading(plan="3;5")
        said = CliRunner().invoke(main, ["check", "naive", "--plan", "(3"])
        assert said.exit_code == 2
        assert "the plan '(3' does not close its brackets" in said.stderr

    def test_two_spellings_of_a_plan_are_one_and_are_typed_as_one(self):
        """With the quotes that a shell needs."""
        loading = Loading(plan=" ( 3,0  5)")
        assert loading == Loading(plan="(3,0 5)")
        assert loading.options == "--plan '(3,0 5)'"
        assert Loading(plan="()").options == ""
        assert Loading(plan="3,0").options == "--plan 3,0"

    def test_the_command_line_feeds_a_stream_and_its_reproducer_can_be_pasted(self, mine):
        """Word for word, by a shell."""
        wrong = Path(mine).read_text().replace("self.lse, other.lse)", "self.lse, other.lse + 1)")
        Path(mine).write_text(wrong)
        given = [
            "check",
            f"{mine}:Lse",
            "-f",
            "float32",
            "--family",
            "ordinary",
            "--effort",
            "quick",
            "--plan",
            "(3 5)",
        ]
        said = CliRunner().invoke(main, given)
        assert said.exit_code == 1
        command = re.search(r"again +(lsecheck explain .*)", said.stdout)[1]
        assert " --plan '(3 5)' " in command
        pasted = subprocess.run(
            ["sh", "-c", command.replace("lsecheck", f"{sys.executable} -m lsecheck", 1)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert pasted.returncode == 1, pasted.stderr
        assert "should be" in pasted.stdout

    def test_a_stream_is_a_subject_of_workers(self, mine):
        """Its plan goes with its name."""
        kept = [
            lsecheck.check(
                f"{mine}:Cut", formats="float64", families=["ordinary", "equal"], effort="quick", jobs=jobs,
                loading=Loading(plan="(1 1)"),
            ).rows
            for jobs in (1, 2)
        ]  # fmt: skip
        assert kept[0] == kept[1]
        assert kept[0][0].options == "--plan '(1 1)'"

    @pytest.mark.parametrize("plan", ["", "(4 4)"])
    def test_the_stream_of_the_docs_passes_in_float32(self, plan):
        """As its page says it is checked."""
        given = ["check", f"{PROGRAMS / 'online.py'}:Online", "-f", "float32", "--plan", plan, "--effort", "quick"]
        said = CliRunner().invoke(main, given)
        assert said.exit_code == 0, said.output
        assert re.search(r"^.*:Online +logsumexp +float32 +shifted .*✓ .* pass$", said.stdout, re.MULTILINE)

    @pytest.mark.usefixtures("mine")
    def test_a_plan_is_written_into_a_gate_and_asked_there(self, tmp_path, monkeypatch):
        """Else the gate would hold the stream to another way of being fed."""
        monkeypatch.chdir(tmp_path)
        given = ["init", "mine.py:Lse", "--plan", "(4 4)", "-f", "float64", "--effort", "quick", "--jobs", "1"]
        assert CliRunner().invoke(main, given).exit_code == 0
        assert 'plan = "(4 4)"\n' in Path("lsecheck.toml").read_text()
        said = CliRunner().invoke(main, ["gate"])
        assert said.exit_code == 0, said.output
        assert "asked with --plan '(4 4)': mine.py:Lse" in said.stdout
        Path("lsecheck.toml").write_text(Path("lsecheck.toml").read_text().replace("(4 4)", "(4"))
        said = CliRunner().invoke(main, ["gate"])
        assert said.exit_code == 2
        assert "subjects[0]: the plan '(4' does not close its brackets" in said.stderr

    def test_an_unknown_name_is_still_unknown(self):
        """Nothing streams by accident."""
        with pytest.raises(UnknownName):
            load("Lse", Loading(plan="3"))
