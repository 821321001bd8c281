"""`corpus` in a gate: what was found once is asked of every subject, and is no matter of the baseline."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from lsecheck.cli import main
from lsecheck.errors import InputError
from lsecheck.gate import baseline
from lsecheck.inputs.kept import FOLDER, Kept, write

CORPUS = 'corpus = "found"'
BASELINE = 'baseline = "known.txt"'
ODD = '''
import numpy as np
from {module} import wide


def odd(x):
    """Wrong about 777 alone, which no family has."""
    y = wide(x)
    return np.where((x == 777).any(-1), y.dtype.type(0), y) if x.shape[-1] else y
'''


def kept(project, *values, function="logsumexp", fmt="float32", folder="found", **more):
    """A finding in the project's folder; its address."""
    finding = Kept(tuple(map(float, values)), function, fmt, **more)
    write(project.folder / folder, finding)
    return f"kept:0:{finding.index}"


def odd(project, *lines, **more):
    """The demand on a subject with a fault that only one odd row shows."""
    (project.folder / "odd.py").write_text(ODD.format(module=project.module.removesuffix(".py")))
    return project.demand("odd.py:odd", *lines, **more)


class TestReplayed:
    """Asked beside the families, of every subject that can take it."""

    def test_a_finding_that_the_families_miss_fails_the_gate(self, project):
        """The whole point: a fault that was found once does not come back unseen."""
        demand = odd(project)
        assert project.gate(demand).status == 0
        address = kept(project, 777, -5)
        gated = project.gate(demand, top=CORPUS)
        assert gated.status == 1
        (found,) = gated.result.verdicts
        (breach,) = found.breaches
        assert (breach.measure, breach.family, breach.witness.case) == ("contract", "kept", address)
        assert [(row.family, row.cases) for row in gated.result.rows] == [("kept", 1), ("gap", 48)]

    def test_what_is_answered_right_passes(self, project):
        """Honest code is not flagged for what others got wrong; copies are rows."""
        kept(project, 777, -5, copies=3)
        gated = project.gate(project.demand("wide"), top=CORPUS)
        assert (gated.status, gated.result.rows[0].cases) == (0, 3)

    def test_without_the_key_nothing_is_replayed(self, project):
        """A gate asks what it is told to, and so the same everywhere: the usual folder alone is no demand."""
        kept(project, 777, folder=FOLDER)
        gated = project.gate(odd(project))
        assert (gated.status, [row.family for row in gated.result.rows]) == (0, ["gap"])

    def test_of_every_subject_and_format_that_it_fits(self, project):
        """2^-140 is no number of float16: it is not asked there, which is no failure."""
        kept(project, 1, 2)
        kept(project, 2.0**-140, 1)
        gated = project.gate(
            project.demand("wide", formats="float16 float32 float64"), project.demand("scipy"), top=CORPUS
        )
        replayed = {(row.subject, row.format): row.cases for row in gated.result.rows if row.family == "kept"}
        wide = project.subject("wide")
        assert replayed == {(wide, "float16"): 1, (wide, "float32"): 2, (wide, "float64"): 2, ("scipy", "float32"): 2}
        assert gated.status == 0

    def test_in_each_function_that_it_fits(self, project):
        """Three entries are no pair, and no entry has no label."""
        kept(project, 1, 2, 3)
        kept(project)
        pairs = project.demand("numpy.logaddexp", 'function = "logaddexp"')
        softmax = project.demand("max-shift", 'function = "softmax"')
        rows = project.gate(pairs, softmax, top=CORPUS).result.rows
        assert {row.function: row.cases for row in rows if row.family == "kept"} == {"softmax": 2}

    def test_under_the_demand_of_the_subject(self, project):
        """`shifted` lets max-shift lose what is far below the maximum; `conditioned` does not."""
        address = kept(project, 0, -16.625)
        tiny = ("tiny",)
        assert project.gate(project.demand("textbook", families=tiny), top=CORPUS).status == 0
        gated = project.gate(project.demand("textbook", 'require = "conditioned"', families=("equal",)), top=CORPUS)
        (found,) = gated.result.verdicts
        assert [(breach.family, breach.witness.case) for breach in found.breaches] == [("kept", address)]
        assert gated.result.rows[0].max_excess > 1  # of what was demanded

    def test_under_its_budgets(self, project):
        """A budget is of everything that is asked."""
        kept(project, 0, -16.625)
        budgets = "budgets = { max_ulp = 4.0 }"
        assert project.gate(project.demand("textbook", budgets, families=("equal",))).status == 0
        (found,) = project.gate(project.demand("textbook", budgets, families=("equal",)), top=CORPUS).result.verdicts
        assert [(breach.measure, breach.family) for breach in found.breaches] == [("max_ulp", "kept")]

    def test_its_special_values_can_be_waived_like_others(self, project):
        """A reason is a reason, wherever the case comes from; and it makes the waiver needed."""
        kept(project, -np.inf, -np.inf)
        waived = 'waive = [{ kind = "specials", reason = "callers mask them" }]'
        assert project.gate(project.demand("textbook"), top=CORPUS).result.verdicts[0].specials == "fail"
        gated = project.gate(project.demand("textbook", waived), top=CORPUS)
        assert (gated.status, gated.result.verdicts[0].specials) == (0, "waived")

    def test_with_several_workers_the_rows_are_the_same(self, project):
        """Whoever reads the folder."""
        for number in range(5):
            kept(project, 777, number)
        demand = odd(project, formats="float32 float64")
        one, two = (project.gate(demand, top=CORPUS, jobs=jobs).result.rows for jobs in (1, 2))
        assert one == two

    def test_the_report_names_the_case_and_json_the_family(self, project):
        """What a maintainer with a red CI reads, and what a dashboard does."""
        address = kept(project, 777, -5)
        project.write(odd(project), top=CORPUS)
        stdout, _, status = project.run()
        assert status == 1
        assert address in stdout
        assert "lsecheck explain odd.py:odd -f float32 -- 0x1.848p9 -0x1.4p2" in stdout
        rows = json.loads(project.run("--output", "json")[0])["rows"]
        assert [row["family"] for row in rows] == ["kept", "gap"]

    def test_the_folder_lies_beside_the_configuration(self, project, monkeypatch):
        """Wherever the gate is run."""
        kept(project, 777)
        path = project.write(odd(project).replace("odd.py:odd", str(project.folder / "odd.py:odd")), top=CORPUS)
        monkeypatch.chdir(project.folder.parent)
        assert project.run("--config", str(path))[2] == 1

    def test_in_pyproject_too(self, project):
        """The other place for demands."""
        kept(project, 777)
        text = odd(project).replace("[[subjects]]", "[[tool.lsecheck.subjects]]")
        (project.folder / "pyproject.toml").write_text(f'[tool.lsecheck]\neffort = "quick"\n{CORPUS}\n{text}')
        assert project.run()[2] == 1


class TestRefused:
    """A folder that cannot be asked is no pass."""

    def test_a_folder_that_is_not_there(self, project):
        """Renamed, or never committed: one sentence, status 2, and nothing measured."""
        project.write(project.demand("wide"), top=CORPUS)
        assert project.refused() == "there is no folder found: 'lsecheck fuzz' makes it, or take `corpus` out"

    def test_a_file_in_its_place(self, project):
        """Is no folder."""
        (project.folder / "found").write_text("")
        project.write(project.demand("wide"), top=CORPUS)
        assert project.refused().startswith("there is no folder found: ")

    def test_a_file_in_it_that_holds_no_finding(self, project):
        """Said by name, though a worker has read it."""
        kept(project, 777)
        (project.folder / "found" / "1.txt").write_text("<<<<<<< HEAD\n")
        project.write(project.demand("wide"), top=CORPUS)
        assert project.refused().startswith("found/1.txt: '<<<<<<< HEAD' is no finding: a line is ")

    @pytest.mark.parametrize("value", ["3", "true", '["found"]'])
    def test_what_is_no_name_of_a_folder(self, project, value):
        """With the path of the key."""
        project.write(project.demand("wide"), top=f"corpus = {value}")
        assert "corpus: expected" in project.refused()

    def test_the_key_of_one_subject(self, project):
        """It is of the whole gate: in a subject's table it would be a demand that nobody keeps."""
        project.write(project.demand("wide", CORPUS))
        assert "subjects[0].corpus is no key" in project.refused()

    def test_an_empty_folder_is_none_the_worse(self, project):
        """Every finding has been mended and taken out: the families are still asked."""
        (project.folder / "found").mkdir()
        gated = project.gate(project.demand("wide"), top=CORPUS)
        assert (gated.status, [row.family for row in gated.result.rows]) == (0, ["gap"])

    @pytest.mark.xfail(strict=True, reason="BUG: `kept` passes for a family, and ends as 'cannot write: No such file'")
    @pytest.mark.parametrize("top", ["", CORPUS])
    def test_kept_is_no_family_of_a_demand(self, project, top):
        """Whoever writes it is told about `corpus`, or has it replayed once: never a sentence about writing."""
        kept(project, 777)
        project.write(odd(project, families=("kept",)), top=top)
        stdout, stderr, status = project.run("--output", "json")
        assert "cannot write" not in stderr
        if status == 1:
            assert [row["family"] for row in json.loads(stdout)["rows"]] == ["kept"]
        else:
            assert (status, stderr.count("\n")) == (2, 1)

    def test_a_subject_that_can_take_none_of_it_and_has_no_family_is_refused_as_before(self, project):
        """`families = []` with a corpus that it does not fit would ask nothing."""
        kept(project, 1, 2, 3)
        text = project.demand("numpy.logaddexp", 'function = "logaddexp"', families=()) + "families = []\n"
        with pytest.raises(InputError, match="families is empty: nothing would be asked"):
            project.gate(text, top=CORPUS)


class TestBaseline:
    """Findings come and go; what was measured of the families stays."""

    def start(self, project, *tables):
        """A gate with a baseline that was just written; its text."""
        project.write(*(tables or [project.demand("wide")]), top=f"{CORPUS}\n{BASELINE}")
        assert project.run("--write-baseline")[2] == 0
        return (project.folder / "known.txt").read_text("utf-8")

    def test_is_the_same_with_and_without_findings(self, project):
        """Byte for byte: a finding in it would have to be reviewed twice."""
        (project.folder / "found").mkdir()
        without = self.start(project)
        kept(project, 777)
        assert self.start(project) == without
        assert "kept" not in without

    def test_a_finding_more_does_not_break_it(self, project):
        """Nobody has to write a baseline anew for having found something."""
        kept(project, 777)
        self.start(project)
        assert project.run()[2] == 0
        kept(project, 1, 2)
        assert project.run()[2] == 0

    def test_nor_does_one_less(self, project):
        """Nothing has vanished."""
        kept(project, 777)
        self.start(project)
        for path in (project.folder / "found").iterdir():
            path.unlink()
        assert project.run()[2] == 0

    def test_a_finding_that_is_wrong_fails_beside_a_baseline_too(self, project):
        """By its contract, and not by what was measured before."""
        (project.folder / "found").mkdir()
        self.start(project, odd(project))
        address = kept(project, 777)
        stdout, _, status = project.run("--output", "json")
        (found,) = json.loads(stdout)["verdicts"]
        assert (status, found["worst"]) == (1, address)
        assert [(breach["source"], breach["family"]) for breach in found["breaches"]] == [("required", "kept")]

    def test_writing_it_is_not_stopped_by_a_finding(self, project):
        """It records the families; the finding fails the gate all the same."""
        kept(project, 777)
        project.write(odd(project), top=f"{CORPUS}\n{BASELINE}")
        assert project.run("--write-baseline")[2] == 1
        known = baseline.read((project.folder / "known.txt").read_bytes(), "known.txt")
        assert [family for *_, family in known.lines] == ["gap"]


class TestInit:
    """`lsecheck init` measures what a project keeps, by its families."""

    def test_knows_nothing_of_findings(self, project):
        """The same file with and without a folder of them."""
        (project.folder / "mine.py").write_text(f"from {project.module.removesuffix('.py')} import wide as logsumexp\n")

        def written(*words):
            call = ["init", "mine.py:logsumexp", "-f", "float32", "--effort", "quick", "--jobs", "1", "--baseline"]
            assert CliRunner().invoke(main, [*call, *words]).exit_code == 0
            return [(project.folder / name).read_text("utf-8") for name in ("lsecheck.toml", "lsecheck-baseline.txt")]

        before = written()
        kept(project, 777, folder=FOLDER)
        assert written("--force") == before
        assert not any("kept" in text or "corpus =" in text for text in before)
