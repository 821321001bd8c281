"""What a project demands is read word by word: whatever is not understood is refused, with the path of its key."""

import msgspec
import pytest

from gate import Project
from lsecheck.contracts import Contract
from lsecheck.errors import InputError
from lsecheck.gate import config
from lsecheck.gate.config import Budgets, Config, Demand, Exception_, Waiver

ONE = '[[subjects]]\nsubject = "log1p-shift"\n'

FUNCTIONS = "logsumexp, logaddexp, softmax, log_softmax, cross_entropy"
FORMATS = "float16, bfloat16, float32, float64, float8_e4m3fn, float8_e5m2"
CONTRACTS = "correctly-rounded, faithful, conditioned, shifted, sequential, folded"
DEMAND_KEYS = ", ".join(Demand.__struct_fields__)

EVERYTHING = """
effort = "deep"
seed = 7
baseline = "lsecheck-baseline.txt"
corpus = "lsecheck-corpus"
slack = 1.5

[[subjects]]
subject = "yours.py:softmax"
function = "softmax"
formats = ["f16", "bfloat16:float32"]
require = "shifted"
families = ["gap", "near-zero", "specials"]
effort = "quick"
seed = 3
inputs = ["logits.npy", "more.npz"]
call = "row"
arrays = "numpy"
device = "cpu"
isolate = true
time_limit = 5
memory_limit = 0.5
plan = "(3,0 5)"
base = "e"
flushes_subnormals = true
nan = "ignored"
waive = [{ kind = "specials", reason = "callers mask them" }, { kind = "range", reason = "never that large" }]

[subjects.budgets]
max_ulp = 3
max_scaled = 1.5
mean_ulp = 0.75
bias_ulp = 0.125

[subjects.family.gap]
require = "conditioned"
budgets = { max_ulp = 2.0 }

[subjects.family.near-zero.budgets]
mean_ulp = 1.0
"""


def read(project: Project, text: str, name: str = "lsecheck.toml") -> Config:
    """The configuration in a file of that name."""
    path = project.folder / name
    path.write_text(text, "utf-8")
    return config.read(path)


def refusal(project: Project, text: str, name: str = "lsecheck.toml") -> str:
    """Why it is none, less the name of the file; exit status 2 on the command line, before anything is measured."""
    with pytest.raises(InputError) as found:
        read(project, text, name)
    project.refused(2)
    return str(found.value).removeprefix(f"{project.folder / name}: ").removeprefix(f"{project.folder / name} ")


class TestKeys:
    """What may be said."""

    def test_every_key_of_every_table_is_read(self, project):
        """And lands in its field; an integer is a number."""
        assert read(project, EVERYTHING) == Config(
            effort="deep",
            seed=7,
            baseline="lsecheck-baseline.txt",
            corpus="lsecheck-corpus",
            slack=1.5,
            subjects=(
                Demand(
                    subject="yours.py:softmax",
                    function="softmax",
                    formats=("f16", "bfloat16:float32"),
                    require="shifted",
                    budgets=Budgets(max_ulp=3.0, max_scaled=1.5, mean_ulp=0.75, bias_ulp=0.125),
                    waive=(
                        Waiver(kind="specials", reason="callers mask them"),
                        Waiver(kind="range", reason="never that large"),
                    ),
                    families=("gap", "near-zero", "specials"),
                    family={
                        "gap": Exception_(require="conditioned", budgets=Budgets(max_ulp=2.0)),
                        "near-zero": Exception_(budgets=Budgets(mean_ulp=1.0)),
                    },
                    effort="quick",
                    seed=3,
                    inputs=("logits.npy", "more.npz"),
                    call="row",
                    device="cpu",
                    isolate=True,
                    time_limit=5.0,
                    memory_limit=0.5,
                    plan="(3,0 5)",
                    flushes_subnormals=True,
                    nan="ignored",
                ),
            ),
        )

    def test_the_example_above_says_every_key_there_is(self):
        """So that a new key needs a line there."""
        for table in (Config, Demand, Budgets, Exception_, Waiver):
            for name in table.__struct_fields__:
                assert f"{name} =" in EVERYTHING or f".{name}" in EVERYTHING or f"[{name}" in EVERYTHING, name

    def test_a_demand_needs_no_more_than_a_subject(self, project):
        """logsumexp in three formats keeps `shifted` in every family."""
        (demand,) = read(project, ONE).subjects
        assert (demand.function, demand.formats) == ("logsumexp", ("float16", "float32", "float64"))
        assert demand.required is Contract.SHIFTED
        assert {"ordinary", "gap", "specials", "conduct"} < set(demand.asked)

    def test_budgets_stand_alone_or_beside_a_contract(self, project):
        """Who gives a budget and no contract is held to the budget."""
        assert read(project, ONE + "budgets = { max_ulp = 1.0 }\n").subjects[0].required is None
        (both,) = read(project, ONE + 'require = "folded"\nbudgets = { max_ulp = 1.0 }\n').subjects
        assert (both.required, both.budgets.limits()) == (Contract.FOLDED, {"max_ulp": 1.0})

    @pytest.mark.parametrize("exception", ['require = "conditioned"', "budgets = { max_ulp = 2.0 }"])
    def test_one_exception_does_not_release_the_other_families(self, project, exception):
        """A single family held to something else leaves the rest at `shifted`."""
        (demand,) = read(project, f"{ONE}[subjects.family.gap]\n{exception}\n").subjects
        assert demand.held().require("ordinary") is Contract.SHIFTED

    def test_an_exception_adds_to_the_common_budgets_and_may_change_them(self, project):
        """Whatever it does not say stays."""
        held = read(project, EVERYTHING).subjects[0].held()
        assert held.limits("gap") == {"max_ulp": 2.0, "max_scaled": 1.5, "mean_ulp": 0.75, "bias_ulp": 0.125}
        assert held.limits("near-zero")["mean_ulp"] == 1.0
        assert held.limits("specials") == {"max_ulp": 3.0, "max_scaled": 1.5, "mean_ulp": 0.75, "bias_ulp": 0.125}
        assert (held.require("gap"), held.require("specials")) == (Contract.CONDITIONED, Contract.SHIFTED)


#: what is written below the one subject (or above it, first) -> the whole sentence
SENTENCES = {
    "efort at the top": (
        f'efort = "quick"\n{ONE}',
        "efort is no key: did you mean 'effort'? choose from subjects, effort, seed, baseline, corpus, slack",
    ),
    "a subject's key": (
        f'{ONE}formts = ["float32"]',
        f"subjects[0].formts is no key: did you mean 'formats'? choose from {DEMAND_KEYS}",
    ),
    "a subject's key like nothing": (f"{ONE}xyzzy = 1", f"subjects[0].xyzzy is no key: choose from {DEMAND_KEYS}"),
    "the second subject's key": (
        f'{ONE}formats = ["f32"]\n{ONE}requires = "shifted"',
        f"subjects[1].requires is no key: did you mean 'require'? choose from {DEMAND_KEYS}",
    ),
    "a budget": (
        f"{ONE}budgets = {{ max_upl = 3.0 }}",
        "subjects[0].budgets.max_upl is no key: did you mean 'max_ulp'?"
        " choose from max_ulp, max_scaled, mean_ulp, bias_ulp",
    ),
    "a waiver's key": (
        f'{ONE}waive = [{{ kind = "specials", reson = "x" }}]',
        "subjects[0].waive[0].reson is no key: did you mean 'reason'? choose from kind, reason",
    ),
    "a family's key": (
        f'{ONE}family = {{ gap = {{ requird = "shifted" }} }}',
        "subjects[0].family.gap.requird is no key: did you mean 'require'? choose from require, budgets",
    ),
    "a family's budget": (
        f"{ONE}family = {{ gap = {{ budgets = {{ max_upl = 3 }} }} }}",
        "subjects[0].family.gap.budgets.max_upl is no key: did you mean 'max_ulp'?"
        " choose from max_ulp, max_scaled, mean_ulp, bias_ulp",
    ),
    "function": (
        f'{ONE}function = "logsumex"',
        f"subjects[0].function: unknown function 'logsumex': did you mean 'logsumexp'? choose from {FUNCTIONS}",
    ),
    "format": (
        f'{ONE}formats = ["float32", "float33"]',
        f"subjects[0].formats: unknown format 'float33': did you mean 'float32'? choose from {FORMATS}",
    ),
    "contract": (
        f'{ONE}require = "shiftd"',
        f"subjects[0].require: unknown contract 'shiftd': did you mean 'shifted'? choose from {CONTRACTS}",
    ),
    "no contract at all": (
        f'{ONE}require = "broken"',
        f"subjects[0].require: unknown contract 'broken': choose from {CONTRACTS}",
    ),
    "effort": (
        f'effort = "quik"\n{ONE}',
        "effort: unknown effort 'quik': did you mean 'quick'? choose from quick, standard, deep",
    ),
    "a subject's effort": (
        f'{ONE}effort = "quik"',
        "subjects[0].effort: unknown effort 'quik': did you mean 'quick'? choose from quick, standard, deep",
    ),
    "waiver": (
        f'{ONE}waive = [{{ kind = "special", reason = "x" }}]',
        "subjects[0].waive[0].kind: unknown waiver 'special': did you mean 'specials'?"
        " choose from specials, range, conduct",
    ),
    "no subject": ("subjects = []", "subjects is empty: a gate without demands would pass whatever happens"),
    "no format": (f"{ONE}formats = []", "subjects[0].formats is empty: nothing would be asked"),
    "no family": (f"{ONE}families = []", "subjects[0].families is empty: nothing would be asked"),
    "family of no case asked": (
        f'{ONE}families = ["gap"]\nfamily = {{ wide = {{ require = "folded" }} }}',
        "subjects[0].family.wide is of a family that is not asked: nothing would use it",
    ),
    "family that demands nothing": (
        f"{ONE}family = {{ wide = {{}} }}",
        "subjects[0].family.wide demands nothing: give require or budgets",
    ),
    "reason of blanks": (
        f'{ONE}waive = [{{ kind = "specials", reason = "  " }}]',
        "subjects[0].waive[0].reason is empty: say why it is no failure",
    ),
    "waived twice": (
        f'{ONE}waive = [{{ kind = "specials", reason = "x" }}, {{ kind = "specials", reason = "y" }}]',
        "subjects[0].waive[1] waives specials a second time",
    ),
    "negative budget": (
        f"{ONE}budgets = {{ max_ulp = -1 }}",
        "subjects[0].budgets.max_ulp must be a number from 0, got -1",
    ),
    "budget nan": (
        f"{ONE}budgets = {{ mean_ulp = nan }}",
        "subjects[0].budgets.mean_ulp must be a number from 0, got nan",
    ),
    "infinite budget": (
        f"{ONE}budgets = {{ max_scaled = inf }}",
        "subjects[0].budgets.max_scaled must be a number from 0, got inf",
    ),
    "a family's budget nan": (
        f"{ONE}family = {{ gap = {{ budgets = {{ bias_ulp = nan }} }} }}",
        "subjects[0].family.gap.budgets.bias_ulp must be a number from 0, got nan",
    ),
    "slack below 1": (f"slack = 0.5\n{ONE}", "slack must be 1 or more, got 0.5"),
    "slack nan": (f"slack = nan\n{ONE}", "slack must be 1 or more, got nan"),
    "time limit": (f"{ONE}time_limit = nan", "subjects[0]: the time limit must be more than 0 seconds, got nan"),
    "the same twice": (
        f'{ONE}formats = ["float64"]\n{ONE}formats = ["float32", "float64"]',
        "subjects[1] asks again for log1p-shift logsumexp float64, which subjects[0] does already",
    ),
    "the same by an alias": (
        f'{ONE}formats = ["f32"]\n{ONE}formats = ["float32"]',
        "subjects[1] asks again for log1p-shift logsumexp float32, which subjects[0] does already",
    ),
    "the same in one list": (
        f'{ONE}formats = ["f32", "single"]',
        "subjects[0] asks again for log1p-shift logsumexp float32, which subjects[0] does already",
    ),
}


class TestStrictness:
    """What may not be said, in whole sentences, and exit status 2."""

    @pytest.mark.parametrize(("text", "sentence"), SENTENCES.values(), ids=SENTENCES)
    def test_the_sentence_names_the_key_and_the_remedy(self, project, text, sentence):
        """The path of the key first."""
        assert refusal(project, text) == sentence

    @pytest.mark.parametrize(
        ("text", "beginning"),
        [
            (f'{ONE}budgets = {{ max_ulp = "3" }}', "subjects[0].budgets.max_ulp: expected `float"),
            (f"{ONE}budgets = {{ max_ulp = true }}", "subjects[0].budgets.max_ulp: expected `float"),
            (f'{ONE}budgets = "max_ulp"', "subjects[0].budgets: expected `object`, got `str`"),
            (f'{ONE}formats = "float32"', "subjects[0].formats: expected `array`, got `str`"),
            (f"{ONE}formats = [32]", "subjects[0].formats[0]: expected `str`, got `int`"),
            (f'{ONE}families = "gap"', "subjects[0].families: expected `array"),
            (f'{ONE}inputs = "a.npy"', "subjects[0].inputs: expected `array`, got `str`"),
            (f'{ONE}isolate = "yes"', "subjects[0].isolate: expected `bool`, got `str`"),
            (f'{ONE}waive = ["specials"]', "subjects[0].waive[0]: expected `object`, got `str`"),
            (f"effort = 3\n{ONE}", "effort: expected `str`, got `int`"),
            (f"seed = 1.0\n{ONE}", "seed: expected `int`, got `float`"),
            (f'slack = "1.25"\n{ONE}', "slack: expected `float`, got `str`"),
            ('[subjects]\nsubject = "scipy"', "subjects: expected `array`, got `object`"),
            ("[[subjects]]\nsubject = 3", "subjects[0].subject: expected `str`, got `int`"),
            ('[[subjects]]\nformats = ["f32"]', "subjects[0]: there is no key `subject`"),
            (f'{ONE}waive = [{{ kind = "specials" }}]', "subjects[0].waive[0]: there is no key `reason`"),
            ("", "the table: there is no key `subjects`"),
        ],
    )
    def test_a_wrong_type_or_an_absent_key_is_refused_by_its_path(self, project, text, beginning):
        """A budget that is a string is a mistake, not a budget."""
        assert refusal(project, text).startswith(beginning)

    @pytest.mark.parametrize(
        ("text", "key"),
        [
            (f"slack = inf\n{ONE}", "slack"),  # nothing would be worse than a baseline times infinity
            (f'{ONE}families = ["gap", "gap"]', "subjects[0].families"),
            (f'{ONE}inputs = ["a.npy", "a.npy"]', "subjects[0].inputs"),
            (f"seed = -1\n{ONE}", "seed"),
            (f"{ONE}seed = -1", "subjects[0].seed"),
            (f'{ONE}family = {{ gap = {{ budgets = {{ max_ulp = "3" }} }} }}', "subjects[0].family.gap.budgets"),
        ],
    )
    def test_and_so_is_whatever_else_would_be_taken_for_something_it_is_not(self, project, text, key):
        """The path of the key is the beginning of the sentence."""
        assert refusal(project, text).startswith(key)

    def test_duplicate_keys_are_no_toml(self, project):
        """The second of two budgets would win in silence."""
        said = refusal(project, f"{ONE}require = 'shifted'\nrequire = 'folded'\n")
        assert said == "is not TOML: Cannot overwrite a value (at line 4, column 19)"

    def test_two_names_of_one_subject_are_one_subject(self, project):
        """Found once subjects are loaded: still before anything is measured."""
        project.write(project.demand("max-shift@f32"), project.demand("max-shift@float32"))
        assert project.refused() == (
            "logsumexp max-shift@float32 float32 is demanded twice: max-shift@float32 is another name for the same"
        )

    def test_unknown_names_are_refused_before_anything_is_loaded(self, project):
        """A configuration is judged whole: a subject that takes a minute to import is not imported for it."""
        project.write(project.demand("nan_everywhere"), project.demand("wide", formats="float33"))
        assert project.refused().startswith("lsecheck.toml: subjects[1].formats: unknown format 'float33'")


class TestFiles:
    """Where demands are looked for."""

    def test_nothing_demanded_here(self, project):
        """Neither file."""
        assert project.refused() == (
            "nothing is demanded here: there is no lsecheck.toml and no [tool.lsecheck] in pyproject.toml;"
            " 'lsecheck init' writes one"
        )

    def test_a_pyproject_without_the_table_demands_nothing(self, project):
        """Nor one whose table has another name."""
        project.write(top='[tool.lsechek]\neffort = "quick"\n', name="pyproject.toml")
        assert project.refused().startswith("nothing is demanded here")

    def test_named_it_is_missed_by_name(self, project):
        """Who names the file meant it."""
        path = project.folder / "pyproject.toml"
        path.write_text("[project]\nname = 'x'\n")
        with pytest.raises(InputError, match=r"pyproject\.toml: there is no table \[tool\.lsecheck\]$"):
            config.read(path)
        _, said, status = project.run("--config", "pyproject.toml")
        assert (said, status) == ("lsecheck: pyproject.toml: there is no table [tool.lsecheck]\n", 2)

    def test_an_empty_table_is_no_pass(self, project):
        """The header alone."""
        (project.folder / "pyproject.toml").write_text("[tool.lsecheck]\n")
        assert project.refused() == "pyproject.toml: the table: there is no key `subjects`"

    def test_a_table_that_is_a_value_is_no_pass(self, project):
        """`lsecheck = true` under [tool]."""
        (project.folder / "pyproject.toml").write_text("[tool]\nlsecheck = true\n")
        assert project.refused().startswith("pyproject.toml: the table: expected `object`, got `bool`")

    def test_both_there_lsecheck_toml_is_read(self, project):
        """The file that is for nothing else."""
        project.write(project.demand("wide"))
        (project.folder / "pyproject.toml").write_text("[tool.lsecheck]\nnonsense = 1\n")
        assert config.find(None).name == "lsecheck.toml"
        assert project.run("--output", "json")[2] == 0

    def test_an_lsecheck_toml_that_is_broken_does_not_give_way_to_pyproject(self, project):
        """It was meant."""
        (project.folder / "lsecheck.toml").write_text("subjects = \n")
        (project.folder / "pyproject.toml").write_text(
            project.demand("wide").replace("[[subjects]]", "[[tool.lsecheck.subjects]]")
        )
        assert project.refused().startswith("lsecheck.toml is not TOML: ")

    def test_pyproject_is_read_where_it_is_alone(self, project):
        """And so is a file of any name that is named."""
        text = project.demand("wide")
        (project.folder / "pyproject.toml").write_text(text.replace("[[subjects]]", "[[tool.lsecheck.subjects]]"))
        assert config.read(config.find(None)).subjects[0].formats == ("float32",)
        (project.folder / "other.toml").write_text(text)
        assert config.read(config.find("other.toml")).subjects[0].formats == ("float32",)

    def test_a_file_that_is_not_there(self, project):
        """Named, and missed."""
        with pytest.raises(InputError) as found:
            config.find("missing.toml")
        assert str(found.value) == (
            "there is no file missing.toml: name the configuration, or let 'lsecheck init' write one"
        )
        assert project.run("--config", "missing.toml")[2] == 2

    @pytest.mark.parametrize("content", [b"\xff\xfe", b"= 3", b"\x00"])
    def test_what_is_not_toml(self, project, content):
        """Bytes, half a line."""
        (project.folder / "lsecheck.toml").write_bytes(content)
        assert project.refused().startswith("lsecheck.toml is not TOML: ")


def test_no_demand_can_be_changed_behind_the_gates_back():
    """The structs are frozen."""
    with pytest.raises(AttributeError):
        Demand(subject="x").require = "folded"
    assert all(table.__struct_config__.forbid_unknown_fields for table in (Config, Demand, Budgets, Exception_, Waiver))
    assert issubclass(Config, msgspec.Struct)
