"""Every way that we know of in which a gate can fail open, and that it stays closed.

A test each. Whoever finds another one adds it here first, sees it pass where it should not, and
then closes it.
"""

import os
import re
import signal
import subprocess
import sys
import time

import msgspec
import numpy as np
import pytest

import lsecheck
from gate import Project
from lsecheck import expectation, workers
from lsecheck.contracts import Contract
from lsecheck.errors import Undecided
from lsecheck.gate import baseline
from lsecheck.gate.result import status_of
from lsecheck.gate.verdicts import Held, verdict
from lsecheck.rows import Row

#: budgets that no finite error exceeds
LOOSE = "budgets = { max_ulp = 1e30, max_scaled = 1e30, mean_ulp = 1e30, bias_ulp = 1e30 }"
#: what may be demanded of a bad subject, from most to least
DEMANDS = {"contract": 'require = "folded"', "budgets": LOOSE, "both": f'require = "folded"\n{LOOSE}'}
KNOWN = 'baseline = "known.txt"'


def command(project: Project, *words: str, **options: object) -> "subprocess.Popen[str]":
    """`lsecheck gate` as a process of its own, started in the folder."""
    return subprocess.Popen(
        [sys.executable, "-m", "lsecheck", "gate", *words],
        cwd=project.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


class TestAnswers:
    """What a subject may say, or not say."""

    @pytest.mark.parametrize("demand", DEMANDS.values(), ids=DEMANDS)
    @pytest.mark.parametrize(
        ("bad", "status"),
        [
            ("nan_everywhere", 1),
            ("nan_once", 1),
            ("infinite_everywhere", 1),
            ("raises", 3),
            ("raises_once", 1),
            ("leaves", 3),
            ("double", 3),
            ("column_of_columns", 3),
            ("one_short", 3),
            ("nothing", 3),
            ("words", 3),
        ],
    )
    def test_no_answer_is_within_any_limit(self, project, bad, status, demand):
        """nan, infinity, an exception, sys.exit(0), another dtype or shape, nothing: however loose the demand."""
        gated = project.gate(project.demand(bad, demand))
        assert [found.status for found in gated.result.verdicts] == ["fail"]
        assert gated.status == status

    def test_a_number_that_is_wrong_everywhere(self, project):
        """0 is finite, and under loose budgets alone it is what the budgets say; by default it is `broken`."""
        assert project.one("zero_everywhere").status == "fail"

    def test_a_subject_that_ends_its_own_process(self, project):
        """os._exit(0) where it lives apart: crashed, on every case."""
        gated = project.gate(project.demand("leaves_at_once", "isolate = true"))
        assert gated.status == 3
        assert gated.result.rows[0].class_errors["crashed"] > 0

    @pytest.mark.parametrize("jobs", ["1", "2"])
    def test_a_subject_that_ends_ours(self, project, jobs):
        """os._exit(0) in our process: whoever ends us with 0 has not passed."""
        project.write(project.demand("leaves_at_once", families=("gap", "ordinary")))
        process = command(project, "--jobs", jobs, "--output", "json")
        stdout, _ = process.communicate(timeout=60)
        assert (stdout, process.returncode != 0) == ("", True)

    @pytest.mark.parametrize(
        "line",
        [
            "sys.exit = lambda *_: None",
            pytest.param(
                "atexit.register(os._exit, 0)",
                id="at the end",
                marks=pytest.mark.xfail(strict=True, reason="no sandbox: what is imported here may end us as it likes"),
            ),
            pytest.param(
                "os._exit(0)",
                id="at once",
                marks=pytest.mark.xfail(
                    strict=True, reason="imported in our process to learn its name; with isolate, 2"
                ),
            ),
        ],
    )
    def test_a_module_that_takes_the_exit_from_us(self, project, line):
        """Imported for a subject, it changes how our process ends: a failure does not end with 0."""
        (project.folder / "thief.py").write_text(
            f"import atexit, os, sys\n{line}\ndef f(x):\n    return x.max(-1) * float('nan')\n"
        )
        project.write(project.demand("thief.py:f"))
        process = command(project, "--output", "json")
        process.communicate(timeout=60)
        assert process.returncode != 0

    def test_a_subject_that_interrupts(self, project):
        """KeyboardInterrupt ends the run: 130, nothing was found out."""
        project.write(project.demand("interrupts"))
        assert project.refused(130) == "interrupted: nothing was written"

    def test_a_subject_that_hangs(self, project):
        """Its time is up, again and again: it timed out on every case."""
        (project.folder / "slow.py").write_text("import time\ndef f(x):\n    time.sleep(60)\n")
        gated = project.gate(project.demand("slow.py:f", "isolate = true", "time_limit = 0.2"))
        assert gated.status == 3
        assert gated.result.rows[0].class_errors["timed-out"] > 0

    def test_a_subject_that_behaves_only_at_first(self, project):
        """Asked the same again it says something else: that is what the family conduct is for."""
        gated = project.gate(project.demand("once", families=("gap", "conduct")))
        assert gated.status == 1
        assert gated.result.verdicts[0].status == "fail"

    def test_a_subject_that_changes_what_it_was_given(self, project):
        """Conduct, for itself; and whoever is asked after it is asked the same."""
        gated = project.gate(
            project.demand("overwrites", families=("gap", "conduct"), formats="float64"),
            project.demand("wide", families=("gap", "conduct"), formats="float64"),
        )
        assert [v.status for v in gated.result.verdicts] == ["fail", "pass"]
        digests = [row.inputs_sha256 for row in gated.result.rows]
        assert digests[:2] == digests[2:]

    def test_a_subject_that_speaks_in_our_name(self, project):
        """What it prints is not on our stdout."""
        (project.folder / "liar.py").write_text(
            "def f(x):\n    print('lsecheck: 1 passed, 0 failed', flush=True)\n    return x.max(-1) * 0\n"
        )
        project.write(project.demand("liar.py:f"))
        stdout, _, status = project.run("--output", "json")
        assert status == 1
        assert "1 passed" not in stdout

    def test_a_command_that_exits_with_0_and_says_nothing(self, project):
        """`exec:true` is no implementation."""
        assert project.gate(project.demand("exec:true")).status == 3

    def test_a_file_that_was_edited_is_asked_anew(self, project):
        """In one process, as a notebook or a test session is: yesterday's code must not pass for today's."""
        path = project.folder / project.module
        asked = {"formats": "float32", "families": "gap", "effort": "quick"}
        assert lsecheck.check(f"{path}:wide", **asked).status == 0
        path.write_text("import numpy as np\ndef wide(x):\n    return np.full(len(x), np.nan, x.dtype)\n")
        assert lsecheck.check(f"{path}:wide", **asked).status == 1


class TestWaivers:
    """What is excused is of one kind, and is there."""

    def test_conduct_waived_is_no_licence_to_answer_in_another_dtype(self, project):
        """Waived for another reason, it hides a whole family that was never scored."""
        waived = 'waive = [{ kind = "conduct", reason = "not the same bits on axis 0" }]'
        found = project.one("double_when_long", waived, families=("gap", "blocks"))
        assert found.status == "fail"

    @pytest.mark.xfail(strict=True, reason="a family that was scored in part counts as scored")
    def test_nor_within_a_family(self, project):
        """46 of the 60 widths were never scored, and the other 14 pass for all."""
        waived = 'waive = [{ kind = "conduct", reason = "not the same bits on axis 0" }]'
        assert project.one("double_when_long", waived, families=("width",)).status == "fail"

    def test_a_budget_of_what_was_never_scored_is_not_kept(self, project):
        """No number is not a small one."""
        waived = 'waive = [{ kind = "conduct", reason = "not the same bits on axis 0" }]'
        found = project.one("double_when_long", waived, "budgets = { max_ulp = 2.0 }", families=("gap", "blocks"))
        assert found.status == "fail"

    def test_all_waived_at_once_still_leaves_the_contract(self, project):
        """And the waivers of what did not happen are stale."""
        waived = "waive = [{}]".format(
            ", ".join(f'{{ kind = "{kind}", reason = "x" }}' for kind in ("specials", "range", "conduct"))
        )
        found = project.one("nan_everywhere", waived)
        assert [breach.measure for breach in found.breaches] == ["contract"] + ["waiver"] * 3

    def test_a_stale_waiver(self, project):
        """It would hide the next thing that goes wrong."""
        gated = project.gate(project.demand("wide", 'waive = [{ kind = "specials", reason = "was needed once" }]'))
        assert gated.status == 1
        assert gated.result.verdicts[0].reason.endswith("the waiver of specials excuses nothing: take it out")

    def test_a_waiver_without_a_reason(self, project):
        """Refused."""
        project.write(project.demand("wide", 'waive = [{ kind = "specials" }]'))
        assert "there is no key `reason`" in project.refused()


class TestNothingAsked:
    """What is not there cannot be right."""

    def test_an_empty_configuration(self, project):
        """No bytes at all."""
        (project.folder / "lsecheck.toml").write_text("")
        project.refused()

    @pytest.mark.parametrize("line", ["formats = []", "families = []", "subjects = []"])
    def test_an_empty_list(self, project, line):
        """Nothing would be asked, and nothing would fail."""
        text = f"{line}\n" if "subjects" in line else f'[[subjects]]\nsubject = "scipy"\n{line}\n'
        (project.folder / "lsecheck.toml").write_text(text)
        assert "is empty" in project.refused()

    def test_a_family_without_a_case_in_the_format(self, project):
        """float8_e4m3fn has no infinity to mask with: whoever names `masked` is told, beside what passes."""
        gated = project.gate(project.demand("wide", families=("gap", "masked"), formats="float8_e4m3fn"))
        assert gated.status == 1
        assert "masked has no case of logsumexp in float8_e4m3fn" in gated.result.verdicts[0].reason

    def test_no_case_at_all(self, project):
        """5, and not 0."""
        gated = project.gate(project.demand("wide", families=("masked",), formats="float8_e4m3fn"))
        assert gated.status in (1, 5)
        assert gated.result.verdicts[0].status != "pass"

    def test_a_family_held_to_something_of_its_own_without_a_case(self, project):
        """Named in its own table and nowhere else."""
        own = 'family = { masked = { require = "conditioned" } }'
        gated = project.gate(project.demand("wide", own, families=("gap", "masked"), formats="float8_e4m3fn"))
        assert gated.status == 1

    def test_a_subject_that_does_not_claim_the_format(self, project):
        """NumPy's own logaddexp has no bfloat16: 5 beside any number of passes."""
        (first, second) = project.gate(project.demand("wide"), project.demand("via-lse")).result.verdicts
        assert (first.status, second.status) == ("pass", "unmeasured")
        assert project.run("--output", "json")[2] == 5

    def test_a_file_of_inputs_without_a_row(self, project):
        """Beside a family that passes, it was asked nothing: the same as a family without a case."""
        np.save(project.folder / "empty.npy", np.zeros((0, 9)))
        project.write(project.demand("wide", 'inputs = ["empty.npy"]'))
        assert project.run("--output", "json")[2] != 0

    def test_one_family_with_its_own_contract_does_not_release_the_others(self, project):
        """`broken` elsewhere, 'pass' here."""
        own = 'family = { near-zero = { require = "shifted" } }'
        assert project.one("off_once", own, families=("gap", "near-zero")).status == "fail"

    def test_a_subject_that_is_not_installed(self, project):
        """Your environment: 2."""
        project.write(project.demand("wide"), project.demand("no_such_package.module:f"))
        assert "no_such_package" in project.refused()


class TestWords:
    """What is misread."""

    @pytest.mark.parametrize(
        "line",
        [
            'budgets = { max_ulp = "1" }',
            "budgets = { max_ulp = nan }",
            "budgets = { max_ulp = inf }",
            "budgets = { max_ulp = -inf }",
            "budgets = { max_ulp = true }",
            "budgets = { max_upl = 1.0 }",
            "budget = { max_ulp = 1.0 }",
            "max_ulp = 1.0",
            'require = "shiftd"',
            'require = "broken"',
            'require = ""',
            'requires = "shifted"',
            "family = { gone = { budgets = { max_ulp = 1.0 } } }",
            "family = { wide = { budgets = { max_ulp = 1.0 } } }",
            'formats = ["float32"]',
            'require = "shifted"\nrequire = "folded"',
        ],
    )
    def test_a_demand_that_is_not_understood(self, project, line):
        """A string for a number, a number or a name that is none, a key twice: 2, before anything is asked."""
        project.write(project.demand("wide", line))
        project.refused()

    @pytest.mark.parametrize("line", ["slack = nan", "slack = inf", "slack = 0", 'slack = "1"', 'efort = "deep"'])
    def test_at_the_top_too(self, project, line):
        """A slack of infinity is no limit."""
        project.write(project.demand("wide"), top=line)
        project.refused()

    def test_a_second_demand_of_the_same_which_is_looser(self, project):
        """The last would win."""
        project.write(project.demand("off_once"), project.demand("off_once", LOOSE))
        assert "asks again for" in project.refused()

    def test_misspelt_options(self, project):
        """--stric, --job."""
        project.write(project.demand("wide"))
        assert project.run("--stric")[2] == 2
        assert project.run("--output", "jsn")[2] == 2


class TestBaseline:
    """What was measured before."""

    def begin(self, project: Project, *more: str) -> None:
        """A baseline of `wide`, on two families in two formats."""
        project.write(project.demand("wide", *more, families=("gap", "tiny"), formats="float32 float64"), top=KNOWN)
        assert project.run("--write-baseline", "--output", "json")[2] == 0

    def now(self, project: Project, text: str, top: str = "") -> tuple[int, str]:
        """Status and stdout of the gate on other demands."""
        project.write(text, top=f"{top}\n{KNOWN}")
        stdout, _, status = project.run("--output", "json")
        return status, stdout

    def test_a_subject_renamed(self, project):
        """The old name has vanished and the new one is unknown: both are said."""
        self.begin(project)
        status, said = self.now(project, project.demand("log1p-shift", families=("gap", "tiny"), formats="f32 f64"))
        assert status == 1
        assert "gap is in the baseline and was not measured" in said
        assert "gap is not in the baseline" in said

    def test_a_format_removed(self, project):
        """It is in the baseline."""
        self.begin(project)
        status, said = self.now(project, project.demand("wide", families=("gap", "tiny"), formats="float32"))
        assert (status, "was not measured" in said) == (1, True)

    def test_a_family_removed(self, project):
        """And so is that."""
        self.begin(project)
        status, said = self.now(project, project.demand("wide", formats="float32 float64"))
        assert (status, "tiny is in the baseline and was not measured" in said) == (1, True)

    def test_a_subject_that_no_longer_claims_a_format(self, project):
        """Unmeasured now, in the baseline then: a failure, not only 5."""
        gated = project.gate(project.demand("max-shift"))
        known = baseline.of(
            [msgspec.structs.replace(row, subject="via-lse") for row in gated.result.rows], gated.result.environment
        )
        assert project.gate(project.demand("via-lse"), baseline=known).status == 1

    @pytest.mark.parametrize("top", ["seed = 1", 'effort = "standard"'])
    def test_other_inputs(self, project, top):
        """Another seed or effort: not comparable, which is not the same as not worse."""
        self.begin(project)
        demand = project.demand("wide", families=("gap", "tiny"), formats="float32 float64")
        status, said = self.now(project, demand, top)
        assert (status, "measured on other inputs" in said) == (1, True)

    @pytest.mark.parametrize(
        "content", ["", "# lsecheck baseline 1\n", "# lsecheck baseline 1\n<<<<<<< HEAD\n", "# lsecheck baseline 2\n"]
    )
    def test_a_file_that_was_emptied_cut_or_not_merged(self, project, content):
        """A header alone holds nothing to anything, so every row is unknown."""
        self.begin(project)
        (project.folder / "known.txt").write_text(content)
        assert project.run("--output", "json")[2] in (1, 2)

    def test_a_file_that_is_missing(self, project):
        """2, with the command that writes it."""
        self.begin(project)
        (project.folder / "known.txt").unlink()
        assert "--write-baseline" in project.refused()

    def test_numbers_replaced_by_dashes(self, project):
        """A dash is for what was not scored: a row that is scored has a number to be held to."""
        self.begin(project)
        path = project.folder / "known.txt"
        path.write_text(re.sub(r"^(logsumexp .* gap \w+) \S+ .*", r"\1 - - - - -", path.read_text(), flags=re.M))
        assert "- - - - -" in path.read_text()
        assert project.run("--output", "json")[2] == 1

    def test_nan_written_by_hand(self, project):
        """No error is above nan, so it is no limit."""
        self.begin(project)
        path = project.folder / "known.txt"
        path.write_text(
            re.sub(r"\S+$", "nan", path.read_text(), count=0, flags=re.M).replace("bias_ulpnan", "bias_ulp")
        )
        assert project.run("--output", "json")[2] == 2

    def test_the_line_of_the_dispatch_taken_out(self, project):
        """It looks like a comment, and less is compared without it."""
        self.begin(project)
        path = project.folder / "known.txt"
        path.write_text(re.sub(r"^# dispatch.*\n", "", path.read_text(), flags=re.M))
        assert project.run("--output", "json")[2] == 2

    def test_nothing_becomes_something(self, project):
        """From 0 every error is infinitely worse, and none is `not comparable`."""
        gated = project.gate(project.demand("wide"))
        known = baseline.of(gated.result.rows, gated.result.environment)
        zero = {key: line._replace(measures=dict.fromkeys(line.measures, 0.0)) for key, line in known.lines.items()}
        found = project.gate(project.demand("wide"), baseline=known._replace(lines=zero))
        assert found.status == 1

    def test_a_subject_that_got_worse_within_its_contract(self, project):
        """What a baseline is for."""
        before = project.gate(project.demand("wide", families=("ordinary",))).result
        now = project.demand("textbook", families=("ordinary",))
        renamed = [msgspec.structs.replace(row, subject=project.subject("textbook")) for row in before.rows]
        assert project.gate(now).status == 0
        assert project.gate(now, baseline=baseline.of(renamed, before.environment)).status == 1

    def test_loosened_by_writing_it_anew(self, project):
        """Not without being asked for: the file stays."""
        self.begin(project)
        path = project.folder / "known.txt"
        text = re.sub(r"^(logsumexp .* gap \w+ \S+) \S+ ", r"\1 0.001 ", path.read_text(), flags=re.M)
        path.write_text(text)
        assert project.run("--write-baseline", "--output", "json")[2] == 2
        assert path.read_text() == text


class TestUndecided:
    """Nobody knows what is right: nobody passes."""

    @pytest.fixture
    def unknown(self, monkeypatch: pytest.MonkeyPatch) -> "dict[str, object]":
        """The oracle gives up on every row that `cases` says."""
        certify, told = expectation.certify, {"cases": lambda values: values[:, -1].round(3) == -64.687}

        def giving_up(function, values, pair, labels):
            if len(values) and np.any(told["cases"](values)):
                raise Undecided("this one")
            return certify(function, values, pair, labels)

        monkeypatch.setattr(expectation, "certify", giving_up)
        monkeypatch.setattr(workers, "_THREADED", ())  # workers are forked, and have this too, whatever is loaded
        return told

    @pytest.mark.usefixtures("unknown")
    def test_one_case_of_many(self, project):
        """3, though all the others are right; and the verdict says how many."""
        gated = project.gate(project.demand("wide"))
        (found,) = gated.result.verdicts
        assert (found.status, gated.status) == ("undecided", 3)
        assert found.reason.endswith("1 cases are undecided: no verdict of theirs can be trusted")
        assert project.run("--output", "json")[2] == 3

    @pytest.mark.usefixtures("unknown")
    @pytest.mark.parametrize("demand", DEMANDS.values(), ids=DEMANDS)
    def test_however_loose_the_demand(self, project, demand):
        """Budgets alone, too; and a budget that could be tightened is not praised."""
        found = project.one("wide", demand)
        assert (found.status, found.advice) == ("undecided", [])

    def test_every_case(self, project, unknown):
        """Nothing scored, because nobody knows."""
        unknown["cases"] = lambda values: np.full(len(values), True)
        gated = project.gate(project.demand("wide"))
        assert (gated.result.verdicts[0].status, gated.status) == ("undecided", 3)

    @pytest.mark.usefixtures("unknown")
    def test_a_failure_beside_it_is_still_a_failure(self, project):
        """In the same row, and in another verdict: 1."""
        assert project.one("off_once").status == "fail"
        assert project.gate(project.demand("wide"), project.demand("off_once", families=("tiny",))).status == 1

    @pytest.mark.usefixtures("unknown")
    def test_a_pass_beside_it_does_not_hide_it(self, project):
        """3 beside any number of passes."""
        assert project.gate(project.demand("wide"), project.demand("scipy", families=("tiny",))).status == 3

    def test_a_baseline_of_the_undecided_is_no_baseline(self, project, unknown):
        """What was not scored then is scored now: unknown, not better."""
        unknown["cases"] = lambda values: np.full(len(values), True)
        gated = project.gate(project.demand("wide"))
        known = baseline.of(gated.result.rows, gated.result.environment)
        unknown["cases"] = lambda values: np.full(len(values), False)
        assert project.gate(project.demand("wide"), baseline=known).status == 1


class TestTheRun:
    """What happens to the run itself."""

    @pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
    def test_an_interrupted_run(self, project, how):
        """130, no verdict, no baseline, nothing half written."""
        (project.folder / "slow.py").write_text(
            "import pathlib, time\ndef f(x):\n    pathlib.Path('begun').touch()\n    time.sleep(60)\n"
        )
        project.write(project.demand("slow.py:f"), top=KNOWN)
        process = command(project, "--write-baseline", "--output", "json", "--output", "junit=out.xml")
        began = time.monotonic()
        while not (project.folder / "begun").exists():
            assert time.monotonic() - began < 30
            time.sleep(0.02)
        process.send_signal(how)
        stdout, stderr = process.communicate(timeout=60)
        assert (stdout, stderr.strip(), process.returncode) == ("", "lsecheck: interrupted: nothing was written", 130)
        left = {place.name for place in project.folder.iterdir()} - {"__pycache__", "begun", project.module}
        assert left == {"lsecheck.toml", "slow.py"}

    def test_a_reader_that_went_away(self, project):
        """`lsecheck gate | head -1` under pipefail: a failure stays one."""
        project.write(project.demand("nan_everywhere"))
        reading, writing = os.pipe()
        os.close(reading)
        process = subprocess.run(
            [sys.executable, "-m", "lsecheck", "gate"], cwd=project.folder, stdout=writing, stderr=subprocess.PIPE
        )
        os.close(writing)
        assert process.returncode != 0

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
    def test_a_disk_that_is_full(self, project):
        """What could not be said was not said."""
        project.write(project.demand("nan_everywhere"))
        with open("/dev/full", "w") as full:
            process = subprocess.run(
                [sys.executable, "-m", "lsecheck", "gate"], cwd=project.folder, stdout=full, stderr=subprocess.PIPE
            )
        assert process.returncode != 0

    def test_a_report_that_cannot_be_written(self, project):
        """A folder in its place: 2, before anything is measured."""
        project.write(project.demand("wide"))
        (project.folder / "out.xml").mkdir()
        _, stderr, status = project.run("--output", "junit=out.xml")
        assert (stderr, status) == ("lsecheck: 'out.xml' is a folder: name a file\n", 2)

    def test_a_summary_that_cannot_be_written(self, project, monkeypatch):
        """Of a run that found something: not 0."""
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project.folder / "no" / "summary.md"))
        project.write(project.demand("nan_everywhere"))
        assert project.run("--output", "json")[2] in (1, 2)

    def test_github_watching_changes_no_status(self, project, monkeypatch):
        """Annotations and the page are beside it."""
        monkeypatch.setenv("GITHUB_ACTIONS", "true")
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(project.folder / "summary.md"))
        project.write(project.demand("nan_everywhere"))
        stdout, _, status = project.run()
        assert (status, "::error" in stdout) == (1, True)
        assert "1 failed" in (project.folder / "summary.md").read_text("utf-8")


NAN = float("nan")


class TestNan:
    """Every comparison is written so that nan fails, wherever it may come from."""

    def row(self, **changed: object) -> Row:
        """A good row."""
        told = {
            "function": "logsumexp", "subject": "f", "format": "float32", "family": "gap", "n": (2, 2), "cases": 1,
            "exhaustive": False, "class_errors": {}, "max_ulp": 0.5, "max_scaled": 0.5, "mean_ulp": 0.5,
            "bias_ulp": 0.5, "contract": "faithful", "tiers": {}, "domains": {"ordinary": 1}, "inputs_sha256": "0" * 64,
        }  # fmt: skip
        return Row(**told | changed)

    @pytest.mark.parametrize("measure", ["max_ulp", "max_scaled", "mean_ulp", "bias_ulp"])
    @pytest.mark.parametrize("limit", [1.0, NAN])
    def test_a_budget(self, measure, limit):
        """nan measured, nan allowed, both."""
        held = Held(lambda _: None, lambda _: {measure: limit})
        assert verdict([self.row(**{measure: NAN})], held, "budgets").status == "fail"
        assert verdict([self.row()], held, "budgets").status == ("pass" if limit == 1.0 else "fail")

    @pytest.mark.parametrize("measure", ["max_ulp", "max_scaled", "mean_ulp", "bias_ulp"])
    def test_a_budget_of_a_number_that_is_absent(self, measure):
        """Scored in part only cannot be, so whoever limits it is told."""
        held = Held(lambda _: None, lambda _: {measure: 1.0})
        assert verdict([self.row(**{measure: msgspec.UNSET})], held, "budgets").status == "fail"

    def test_an_exit_status(self):
        """A status nobody knows is no pass."""
        held = Held(lambda _: Contract.SHIFTED)
        good = verdict([self.row()], held, "shifted")
        assert status_of([good]) == 0
        assert status_of([good, msgspec.structs.replace(good, status="passed")]) != 0

    def test_a_result_file(self, project):
        """nan becomes no null on its way to the JSON: it is refused."""
        gated = project.gate(project.demand("wide"))
        bad = [msgspec.structs.replace(gated.result.rows[0], max_ulp=NAN)]
        with pytest.raises(lsecheck.errors.LsecheckError):
            lsecheck.gate.Result(bad, gated.result.verdicts, {}).to_json()
