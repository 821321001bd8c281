"""Demands as a project writes them, measured and judged: one verdict each, and nothing depends on how it was run."""

import json
from pathlib import Path

import numpy as np
import pytest

from gate import Project
from lsecheck.errors import InputError, LsecheckError
from lsecheck.gate import baseline
from lsecheck.gate.enforce import Gated
from lsecheck.gate.result import status_of
from lsecheck.rows import Verdict

LOOSE = "budgets = { max_ulp = 1e9, max_scaled = 1e9, mean_ulp = 1e9, bias_ulp = 1e9 }"
SPECIALS = 'waive = [{ kind = "specials", reason = "callers mask them" }]'


def breaches(verdict: Verdict) -> list[tuple[str, str, str]]:
    """What is not met: measure, family, who set the limit."""
    return [(breach.measure, breach.family, breach.source) for breach in verdict.breaches]


class TestDemands:
    """Each kind of demand, kept and not kept."""

    def test_a_verdict_for_each_subject_and_format_in_the_order_of_the_file(self, project):
        """Whatever it came to."""
        gated = project.gate(
            project.demand("nan_everywhere", formats="float64 float32"), project.demand("wide"), project.demand("scipy")
        )
        assert [(v.subject.partition(":")[2] or v.subject, v.format, v.status) for v in gated.result.verdicts] == [
            ("nan_everywhere", "float64", "fail"),
            ("nan_everywhere", "float32", "fail"),
            ("wide", "float32", "pass"),
            ("scipy", "float32", "pass"),
        ]

    def test_a_contract_kept(self, project):
        """The one found, beside the one required."""
        found = project.one("wide", 'require = "conditioned"')
        assert (found.status, found.required, found.breaches) == ("pass", "conditioned", [])

    def test_a_contract_missed_names_both_the_family_and_the_case(self, project):
        """max-shift is not `conditioned`."""
        found = project.one("textbook", 'require = "conditioned"', families=("gap", "ordinary"))
        assert found.status == "fail"
        (breach,) = found.breaches
        assert (breach.measure, breach.family, breach.value, breach.limit, breach.source) == (
            "contract", "gap", "shifted", "conditioned", "required",
        )  # fmt: skip
        assert breach.witness.case.startswith("gap:0:")

    def test_without_a_demand_it_is_shifted(self, project):
        """The least that anything should keep."""
        assert project.one("textbook").required == "shifted"
        assert project.one("off_once").status == "fail"

    def test_a_budget_exceeded_says_the_measure_the_number_and_the_limit(self, project):
        """And leaves those that are kept alone."""
        found = project.one("textbook", "budgets = { max_ulp = 0.75, max_scaled = 1e9 }")
        assert (found.status, found.required) == ("fail", "budgets")
        (breach,) = found.breaches
        assert (breach.measure, breach.family, breach.limit, breach.source) == ("max_ulp", "gap", 0.75, "budget")
        assert breach.value > 0.75
        assert f"max_ulp {breach.value:.4g} in gap where 0.75 is the budget" in found.reason

    @pytest.mark.parametrize("measure", ["max_ulp", "max_scaled", "mean_ulp", "bias_ulp"])
    def test_every_budget_binds(self, project, measure):
        """None is read and then forgotten."""
        assert breaches(project.one("textbook", f"budgets = {{ {measure} = 0.001 }}")) == [(measure, "gap", "budget")]
        assert project.one("textbook", f"budgets = {{ {measure} = 1e9 }}").breaches == []

    def test_a_budget_is_kept_at_exactly_its_limit(self, project):
        """And not one bit below."""
        measured = project.one("textbook", LOOSE).max_ulp
        assert project.one("textbook", f"budgets = {{ max_ulp = {measured!r} }}").status == "pass"
        below = float(np.nextafter(measured, 0))
        assert project.one("textbook", f"budgets = {{ max_ulp = {below!r} }}").status == "fail"

    def test_a_bias_has_a_size_whatever_its_sign(self, project):
        """Below as above."""
        (row,) = project.gate(project.demand("textbook", LOOSE)).result.rows
        assert breaches(project.one("textbook", f"budgets = {{ bias_ulp = {abs(row.bias_ulp) / 2!r} }}")) == [
            ("bias_ulp", "gap", "budget")
        ]

    def test_a_budget_of_nothing_is_a_budget(self, project):
        """0 is not `not said`."""
        assert breaches(project.one("wide", "budgets = { max_ulp = 0 }")) == [("max_ulp", "gap", "budget")]

    def test_contract_and_budgets_bind_together(self, project):
        """Each is found missing when it alone is."""
        both = 'require = "{}"\nbudgets = {{ max_ulp = {} }}'
        assert project.one("textbook", both.format("shifted", 1e9)).status == "improved"
        assert breaches(project.one("textbook", both.format("conditioned", 1e9))) == [("contract", "gap", "required")]
        assert breaches(project.one("textbook", both.format("shifted", 0.6))) == [("max_ulp", "gap", "budget")]
        assert breaches(project.one("textbook", both.format("conditioned", 0.6))) == [
            ("contract", "gap", "required"),
            ("max_ulp", "gap", "budget"),
        ]

    @pytest.mark.parametrize("bad", ["nan_once", "nan_everywhere", "infinite_everywhere", "raises_once"])
    def test_under_budgets_alone_a_wrong_kind_of_answer_still_fails(self, project, bad):
        """A budget is of numbers: what is none is not below it."""
        found = project.one(bad, LOOSE)
        assert found.status == "fail"
        assert ("class errors", "gap", "always") in breaches(found)

    def test_a_family_is_held_to_its_own(self, project):
        """Here stricter in one of two, there looser."""
        stricter = project.one(
            "textbook", 'require = "shifted"\nfamily = { gap = { require = "conditioned" } }', families=("gap", "tiny")
        )
        assert breaches(stricter) == [("contract", "gap", "required")]
        looser = project.one(
            "textbook", 'require = "conditioned"\nfamily = { gap = { require = "shifted" } }', families=("gap", "equal")
        )
        assert looser.status == "pass", looser.reason

    def test_a_family_has_its_own_budget_and_the_common_ones(self, project):
        """What its table does not say is as for the rest."""
        own = "budgets = { max_ulp = 1e9, max_scaled = 0.001 }\nfamily = { gap = { budgets = { max_ulp = 0.001 } } }"
        assert breaches(project.one("textbook", own, families=("gap", "ordinary"))) == [
            ("max_ulp", "gap", "budget"),
            ("max_scaled", "gap", "budget"),
            ("max_scaled", "ordinary", "budget"),
        ]

    def test_a_family_of_its_own_budget_alone_leaves_the_others_at_shifted(self, project):
        """Naming one family does not release the rest."""
        only = "family = { ordinary = { budgets = { max_ulp = 3.0 } } }"
        assert project.one("off_once", only, families=("gap", "ordinary")).status == "fail"


class TestWaivers:
    """A kind of finding that is no failure, for a reason."""

    def test_textbook_fails_under_specials_and_passes_waived(self, project):
        """All -inf is nan there; the finding is still shown."""
        assert project.one("textbook", families=("gap", "specials")).specials == "fail"
        found = project.one("textbook", SPECIALS, families=("gap", "specials"))
        assert (found.status, found.specials) == ("pass", "waived")
        assert "specials: " in found.reason

    def test_a_waiver_is_of_its_kind_alone(self, project):
        """conduct waived, specials still fail; and then the waiver is stale too."""
        found = project.one(
            "max-shift", 'waive = [{ kind = "conduct", reason = "x" }]', families=("gap", "specials", "conduct")
        )
        assert (found.status, found.specials, found.conduct) == ("fail", "fail", "pass")
        assert breaches(found) == [("waiver", "", "waiver")]

    def test_stale_it_fails_every_format_of_its_demand(self, project):
        """With the sentence that says what to do."""
        gated = project.gate(project.demand("wide", SPECIALS, families=("gap", "specials"), formats="float32 float64"))
        assert gated.status == 1
        for found in gated.result.verdicts:
            assert found.reason.endswith("the waiver of specials excuses nothing: take it out")

    def test_needed_in_one_format_it_is_not_stale_in_another(self, project):
        """One demand, one waiver: 65,520 equal entries leave float16, and nothing leaves float64."""
        waived = 'waive = [{ kind = "range", reason = "x" }]'
        gated = project.gate(project.demand("max-shift", waived, families=("width",), formats="float16 float64"))
        assert [(v.range, v.status) for v in gated.result.verdicts] == [("waived", "pass"), ("unmeasured", "pass")]
        alone = project.gate(project.demand("max-shift", waived, families=("width",), formats="float64"))
        assert breaches(alone.result.verdicts[0]) == [("waiver", "", "waiver")]

    def test_it_does_not_reach_the_next_subject(self, project):
        """Each demand has its own."""
        families = ("gap", "specials")
        gated = project.gate(
            project.demand("textbook", SPECIALS, families=families), project.demand("max-shift", families=families)
        )
        assert [v.status for v in gated.result.verdicts] == ["pass", "fail"]


class TestOwnInputs:
    """The project's own logits, beside the families."""

    def saved(self, project: Project, name: str = "logits.npy", rows: int = 12) -> str:
        """A file of well behaved logits."""
        (project.folder / name).parent.mkdir(exist_ok=True)
        np.save(project.folder / name, np.random.default_rng(0).normal(size=(rows, 9)))
        return f'inputs = ["{name}"]'

    def test_are_asked_and_judged(self, project):
        """A row of their own name, under the same budgets."""
        own = self.saved(project)
        gated = project.gate(project.demand("wide", own))
        assert [(Path(row.family).name, row.cases) for row in gated.result.rows] == [("gap", 48), ("logits.npy", 12)]
        found = project.one("textbook", own, "budgets = { max_ulp = 0.001 }")
        assert [(measure, Path(family).name) for measure, family, _ in breaches(found)] == [
            ("max_ulp", "gap"),
            ("max_ulp", "logits.npy"),
        ]

    def test_alone_they_are_enough(self, project):
        """`families = []` and a file."""
        text = project.demand("wide", self.saved(project), families=()) + "families = []\n"
        gated = project.gate(text)
        assert ([Path(row.family).name for row in gated.result.rows], gated.status) == (["logits.npy"], 0)

    def test_lie_beside_the_configuration_wherever_the_gate_is_run(self, project, monkeypatch):
        """And so have one name in the baseline, whoever runs it."""
        own = self.saved(project, "data/logits.npy")
        demand = project.demand("log1p-shift", own)
        here = project.gate(demand).result.rows[-1]
        monkeypatch.chdir(project.folder.parent)
        there = project.gate(demand).result.rows[-1]
        assert here.inputs_sha256 == there.inputs_sha256
        assert (here.family, there.family) == ("data/logits.npy", "data/logits.npy")

    def test_in_the_baseline_too(self, project):
        """And other logits under the same name are other inputs."""
        demand = project.demand("textbook", self.saved(project))
        known = baseline.of(project.gate(demand).result.rows, {})
        assert project.gate(demand, baseline=known).status == 0
        np.save(project.folder / "logits.npy", np.ones((12, 9)))
        (found,) = project.gate(demand, baseline=known).result.verdicts
        assert [breach.measure for breach in found.breaches] == ["baseline"]
        assert "was measured on other inputs" in found.reason

    @pytest.mark.parametrize("name", ["missing.npy", "text.npy", "empty.npy"])
    def test_what_holds_no_logits_is_refused(self, project, name):
        """Missing, no array, no row: status 2, and the name of the file."""
        (project.folder / "text.npy").write_text("1 2 3")
        np.save(project.folder / "empty.npy", np.zeros((0, 9)))
        project.write(project.demand("wide", f'inputs = ["{name}"]'))
        assert name in project.refused()


class TestAdvice:
    """A budget that is twice what is needed could be tightened."""

    def test_improved_is_a_pass_and_says_by_how_much(self, project):
        """Measured, and allowed."""
        gated = project.gate(project.demand("wide", "budgets = { max_ulp = 3.0 }"))
        (found,) = gated.result.verdicts
        assert (found.status, gated.status) == ("improved", 0)
        assert found.advice == [f"max_ulp is {found.max_ulp:.3g} where 3 is allowed"]

    def test_strict_makes_it_fail(self, project):
        """Advice, and status 1; a tight budget passes."""
        assert project.gate(project.demand("wide", "budgets = { max_ulp = 3.0 }"), strict=True).status == 1
        assert project.gate(project.demand("wide", "budgets = { max_ulp = 0.6 }"), strict=True).status == 0
        assert project.gate(project.demand("wide"), strict=True).status == 0

    def test_a_failing_verdict_gets_no_advice(self, project):
        """First things first."""
        found = project.one("textbook", "budgets = { max_ulp = 0.6, max_scaled = 1e9 }")
        assert (found.status, found.advice) == ("fail", [])

    def test_the_worst_family_decides(self, project):
        """A budget that one family needs is not loose because another does not."""
        (gap, tiny) = project.gate(project.demand("textbook", LOOSE, families=("gap", "equal"))).result.rows
        most = max(gap.max_ulp, tiny.max_ulp) * 1.5
        assert (
            project.one("textbook", f"budgets = {{ max_ulp = {most!r} }}", families=("gap", "equal")).status == "pass"
        )


class TestStatus:
    """0 holds, 1 a finding, 3 undecided or failed throughout, 5 nothing measured."""

    def status(self, project: Project, *names: str) -> int:
        """Of a gate on these subjects, on the command line and in Python."""
        tables = [project.demand(name) for name in names]
        found = project.gate(*tables).status
        assert project.run("--output", "json")[2] == found
        return found

    def test_each_alone(self, project):
        """`via-lse` has no logsumexp."""
        assert self.status(project, "wide") == 0
        assert self.status(project, "nan_once") == 1
        assert self.status(project, "raises") == 3
        assert self.status(project, "via-lse") == 5

    def test_several_at_once_the_gravest_is_told(self, project):
        """1, then 3, then 5; and whatever is beside a pass is told."""
        assert self.status(project, "wide", "via-lse") == 5
        assert self.status(project, "via-lse", "raises", "wide") == 3
        assert self.status(project, "via-lse", "raises", "nan_once", "wide") == 1
        assert self.status(project, "nan_once", "wide", "log1p-shift") == 1

    def test_a_finding_beside_a_failure_throughout_is_a_finding(self, project):
        """A vanished row is one, whatever else happens."""
        known = baseline.of(project.gate(project.demand("wide", families=("gap", "tiny"))).result.rows, {})
        assert project.gate(project.demand("wide"), project.demand("raises"), baseline=known).status == 1

    def test_no_verdict_is_no_pass(self):
        """An empty list is 5, not all of nothing."""
        assert status_of([]) == 5


class TestAnyWayItIsRun:
    """One worker or two, once or twice: the same bytes."""

    def three(self, project: Project, jobs: int) -> Gated:
        """Subjects of three kinds, in two formats, with files, waivers and budgets."""
        np.save(project.folder / "logits.npy", np.random.default_rng(1).normal(size=(5, 4)))
        families = ("gap", "ordinary", "specials", "conduct")
        return project.gate(
            project.demand("textbook", SPECIALS, LOOSE, families=families, formats="float16 float32"),
            project.demand("log1p-shift", 'inputs = ["logits.npy"]', families=families),
            project.demand("scipy", 'require = "conditioned"', families=families),
            project.demand("nan_once", families=families),
            jobs=jobs,
        )

    def test_one_worker_and_two_say_the_same_bytes(self, project):
        """JSON, verdicts and baseline; and so does a second run."""
        texts = []
        for jobs in (1, 2, 1):
            gated = self.three(project, jobs)
            known = baseline.write(baseline.of(gated.result.rows, gated.result.environment))
            texts.append((gated.result.to_json(), known, gated.status, gated.notes))
        assert texts[0] == texts[1] == texts[2]
        assert texts[0][2] == 1

    def test_the_command_line_too(self, project):
        """stdout and the file on disk, and every output that it can write."""
        demand = project.demand("textbook", families=("gap", "ordinary"))
        said = []
        for jobs in ("1", "2"):
            project.write(demand, project.demand("nan_once"), top='baseline = "known.txt"')
            outputs = [f"--output={name}=out.{name}" for name in ("text", "markdown", "json", "junit", "github")]
            project.run("--jobs", jobs, "--write-baseline", *outputs)
            said.append([(project.folder / f"out.{name.split('.')[-1]}").read_bytes()
                         for name in ("text", "markdown", "json", "junit", "github")]
                        + [(project.folder / "known.txt").read_bytes()])  # fmt: skip
            (project.folder / "known.txt").unlink()
        assert said[0] == said[1]

    def test_seed_and_effort_of_a_subject_are_its_own(self, project):
        """Other cases, more cases."""
        tiny = ("tiny",)
        gated = project.gate(
            project.demand("wide", families=tiny),
            project.demand("wide", "seed = 1", families=tiny, formats="float64"),
            project.demand("log1p-shift", 'effort = "standard"', families=tiny),
            project.demand("max-shift", "seed = 0", families=tiny),
            top="seed = 5",
        )
        rows = gated.result.rows
        assert [row.cases for row in rows] == [18, 18, 120, 18]
        alone = [
            project.gate(project.demand("wide", families=tiny), top=f"seed = {seed}").result.rows[0].inputs_sha256
            for seed in (5, 0)
        ]
        assert alone[0] != alone[1]
        assert [rows[0].inputs_sha256, rows[3].inputs_sha256] == alone

    def test_an_excess_is_over_the_contract_of_its_own_family(self, project):
        """What a report shows is what was demanded there."""
        own = 'require = "folded"\nfamily = { gap = { require = "conditioned" } }'
        gap, tiny = project.gate(project.demand("textbook", own, families=("gap", "tiny"))).result.rows
        assert gap.max_excess > 1 > tiny.max_excess

    def test_json_reads_back_with_breaches_and_options(self, project):
        """What a dashboard would read."""
        project.write(project.demand("textbook", "budgets = { max_ulp = 0.6 }", 'nan = "ignored"'))
        stdout, _, status = project.run("--output", "json")
        (found,) = json.loads(stdout)["verdicts"]
        assert status == 1
        assert found["breaches"][0] | {"value": 0, "witness": {}} == {
            "measure": "max_ulp", "family": "gap", "value": 0, "limit": 0.6, "source": "budget", "witness": {},
        }  # fmt: skip
        assert found["options"] == "--nan ignored"


class TestWhatCannotBeAsked:
    """Refused whole, before anything is measured."""

    @pytest.mark.parametrize(
        ("subject", "sentence"),
        [
            ("nowhere.py:f", "'nowhere.py:f': there is no file nowhere.py"),
            ("no_such_module:f", "'no_such_module:f': importing no_such_module raised ModuleNotFoundError"),
            ("scipi", "unknown subject 'scipi': did you mean 'scipy'?"),
            ("", "unknown subject ''"),
        ],
    )
    def test_a_subject_that_is_not_there(self, project, subject, sentence):
        """Status 2, not a pass of the others."""
        project.write(project.demand("wide"), project.demand(subject))
        assert project.refused().startswith(sentence)

    def test_a_function_of_the_module_that_was_renamed(self, project):
        """The file is there, the name is not."""
        project.write(project.demand("wide").replace(":wide", ":wider"))
        assert project.refused() == f"'{project.module}:wider': {project.module} has no 'wider'"

    def test_a_module_that_ends_the_process_when_imported(self, project):
        """Status 0 at import is no pass."""
        (project.folder / "script.py").write_text("import sys\nsys.exit(0)\n")
        project.write(project.demand("script.py:f"))
        assert project.refused() == "'script.py:f': importing script.py raised SystemExit: 0"

    def test_declarations_that_mean_nothing(self, project):
        """Base 2 of softmax."""
        with pytest.raises(InputError):
            project.gate(project.demand("wide", 'base = "2"', 'function = "softmax"'))

    def test_no_workers(self, project):
        """On the command line and in Python."""
        with pytest.raises(LsecheckError):
            project.gate(project.demand("wide"), jobs=0)
        assert project.run("--jobs", "0")[2] == 2
