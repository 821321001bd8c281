"""`lsecheck init`: what it finds, what it writes, and that the gate is green with it and red after a bug."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from lsecheck import run
from lsecheck.errors import NothingMeasured, UnknownName
from lsecheck.gate import config, enforce, starter
from lsecheck.gate.candidates import implements
from lsecheck.subjects.loading import Loading

#: the textbook: accurate, and wrong on infinities
TEXTBOOK = '''
"""Ours."""
import numpy as np


def logsumexp(x, axis=-1):
    top = x.max(axis, keepdims=True)
    return np.squeeze(top, axis) + np.log(np.exp(x - top).sum(axis))
'''
WIDE = """
import numpy as np

def lse(x, axis=-1):
    x = x.astype(np.float64)
    top = x.max(axis, keepdims=True)
    return np.squeeze(top, axis) + np.log(np.exp(x - top).sum(axis))
"""
NAIVE = "import numpy as np\ndef logsumexp(x, axis=-1): return np.log(np.exp(x).sum(axis))\n"
NEVER = "def softmax(x, axis=-1): raise ValueError('not\\x1b today')\n"


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder to stand in; subjects loaded before are forgotten."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", ["", *__import__("sys").path])
    run.loaded.cache_clear()
    return tmp_path


def write(folder, files=None, /, **named):
    """Files by path, or by name alone."""
    for name, content in ((files or {}) | named).items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")


def surveyed(*specs, **options):
    """Subjects measured at the least effort."""
    options = {"formats": ["float32"], "effort": "quick"} | options
    return starter.measure([starter.candidate(spec) for spec in specs], **options)


def gated(text, name="lsecheck.toml", **options):
    """The gate with this configuration."""
    Path(name).write_text(text, "utf-8")
    run.loaded.cache_clear()
    return enforce.enforce(config.read(Path(name)), Path(), **options)


class TestNames:
    """Which function a name promises."""

    @pytest.mark.parametrize(
        ("name", "function"),
        [
            ("logsumexp", "logsumexp"),
            ("log_sum_exp", "logsumexp"),
            ("LogSumExp", "logsumexp"),
            ("stable_lse", "logsumexp"),
            ("_logsumexp", "logsumexp"),
            ("np_logaddexp", "logaddexp"),
            ("log_add_exp", "logaddexp"),
            ("softmax", "softmax"),
            ("soft_max_rows", "softmax"),
            ("log_softmax", "log_softmax"),
            ("logSoftmax", "log_softmax"),
            ("crossEntropyLoss", "cross_entropy"),
            ("softmax_cross_entropy", "cross_entropy"),
            ("softmax_via_lse", "softmax"),
            ("false", None),
            ("pulse", None),
            ("softmax_grad", None),
            ("test_softmax", None),
            ("logaddexp2", None),
            ("from_logsumexp", None),
        ],
    )
    def test_a_name_is_read_word_by_word(self, name, function):
        """lse is a word, not three letters of `false`."""
        assert implements(name) == function

    @pytest.mark.parametrize(
        ("spec", "function"),
        [
            ("yours.math:log_softmax", "log_softmax"),
            ("yours.py:Layer.softmax", "softmax"),
            ("yours.py:main", "logsumexp"),
            ("exec:./softmax", "softmax"),
            ("libmine.so:lse", "logsumexp"),
            ("scipy", "logsumexp"),
            ("logaddexp-fold", "logsumexp"),
            ("max-shift@float32", "logsumexp"),
            ("numpy.logaddexp", "logaddexp"),
            ("numpy.logaddexp.reduce", "logsumexp"),
        ],
    )
    def test_a_named_subject_is_what_it_is_called_or_has(self, spec, function):
        """A library's name says nothing: its table does."""
        assert starter.candidate(spec).function == function

    def test_what_is_said_of_a_subject_goes_first(self):
        """If it is a function at all."""
        assert starter.candidate("yours.py:log_softmax", "softmax").function == "softmax"
        with pytest.raises(UnknownName):
            starter.candidate("scipy", "sotfmax")


class TestFind:
    """Reading a folder."""

    def test_it_names_functions_as_they_can_be_imported(self, tmp_path):
        """Packages by module, in a flat layout and under src; other files by path."""
        write(tmp_path, {
            "flat/__init__": "", "flat/math": TEXTBOOK, "src/pkg/__init__": "def lse(x): pass",
            "src/pkg/deep/__init__": "", "src/pkg/deep/nn": "def softmax(x, dim): pass", "alone": "def lse(x): pass",
            "scripts/tool": "def logaddexp(a, b): pass",
        })  # fmt: skip
        assert [(one.spec, one.function, one.place) for one in starter.find(tmp_path)] == [
            ("alone.py:lse", "logsumexp", "alone.py:1"),
            ("flat.math:logsumexp", "logsumexp", "flat/math.py:6"),
            ("scripts/tool.py:logaddexp", "logaddexp", "scripts/tool.py:1"),
            ("pkg:lse", "logsumexp", "src/pkg/__init__.py:1"),
            ("pkg.deep.nn:softmax", "softmax", "src/pkg/deep/nn.py:1"),
        ]

    def test_tests_environments_builds_and_hidden_folders_are_passed_over(self, tmp_path):
        """Somebody else's functions, or nobody's."""
        names = (
            "tests/nn",
            "build/nn",
            "node_modules/nn",
            "test_nn",
            "nn_test",
            "conftest",
            "mine/lib/nn",
            "a/.hidden/nn",
        )
        write(tmp_path, dict.fromkeys(names, "def lse(x): pass"))
        (tmp_path / "mine" / "pyvenv.cfg").touch()
        assert starter.find(tmp_path) == []

    @pytest.mark.parametrize(
        ("source", "found"),
        [
            ("def lse(x, *, keepdims=False): pass", ["a.py:lse"]),
            ("def lse(x, axis, keepdims=False): pass", ["a.py:lse"]),
            ("def lse(x, weights): pass", []),
            ("def lse(): pass", []),
            ("def lse(*, x): pass", []),
            ("def lse(*xs): pass", []),
            ("def logaddexp(x): pass", []),
            ("def cross_entropy(x, labels, weight=None): pass", ["a.py:cross_entropy"]),
            ("async def lse(x): pass", []),
            ("def outer():\n def lse(x): pass", []),
            ("class A:\n def lse(self, x): pass", []),
            ("class A:\n @staticmethod\n def lse(x): pass", ["a.py:A.lse"]),
            ("try:\n def lse(x): pass\nexcept ImportError: pass", ["a.py:lse"]),
            ("def lse(x): pass\ndef lse(x, y): pass", []),
            ("def lse(x: pass", []),
            ("lse = 1\n\0", []),
        ],
    )
    def test_what_cannot_be_called_with_arrays_alone_is_no_candidate(self, tmp_path, source, found):
        """Nor is what cannot be named from outside, or read."""
        write(tmp_path, a=source)
        assert [one.spec for one in starter.find(tmp_path)] == found

    def test_nothing_is_imported(self, tmp_path):
        """A project may do anything on import."""
        write(tmp_path, a="raise SystemExit\ndef lse(x): pass")
        assert [one.spec for one in starter.find(tmp_path)] == ["a.py:lse"]

    @pytest.mark.parametrize("relative", [True, False])
    def test_a_package_that_one_stands_in_is_not_importable_from_there(self, project, relative):
        """Its files have paths, and its packages names of their own."""
        write(project, {"__init__": "", "lse": "def lse(x): pass", "deep/__init__": "", "deep/nn": "def lse(x): pass"})
        found = starter.find(Path() if relative else project)
        assert [one.spec for one in found] == ["deep.nn:lse", "lse.py:lse"]


class TestGreenAndRed:
    """From nothing to a gate."""

    def test_a_textbook_function_is_held_to_what_it_keeps_with_a_waiver_that_says_why(self, project):
        """Green at once, also for `--strict`, against its baseline too."""
        write(project, ours=TEXTBOOK)
        survey = starter.measure(starter.find(project), formats=["float32", "float64"], effort="quick")
        text = starter.config_text(survey, baseline="lsecheck-baseline.txt")
        (subject,) = tomllib.loads(text)["subjects"]
        assert subject["require"] == "shifted"
        assert subject["formats"] == ["float32", "float64"]
        (waiver,) = subject["waive"]
        assert waiver["kind"] == "specials"
        assert waiver["reason"].startswith("fails since the gate was set up: nan where +inf is right, nan where -inf ")
        assert "# ours.py:6\n[[subjects]]" in text
        assert gated(text, baseline=starter.recorded(survey), strict=True).status == 0

    @pytest.mark.parametrize(
        ("right", "wrong"), [("x - top", "x + top"), ("np.exp(", "np.exp2("), (") + np.log", ") - np.log")]
    )
    def test_one_wrong_character_turns_it_red(self, project, right, wrong):
        """What the gate is for."""
        write(project, ours=TEXTBOOK)
        text = starter.config_text(surveyed("ours.py:logsumexp"))
        assert gated(text).status == 0
        assert TEXTBOOK.count(right) == 1
        write(project, ours=TEXTBOOK.replace(right, wrong))
        assert gated(text).status == 1

    def test_a_repaired_function_has_a_waiver_too_many(self, project):
        """The debt is paid: the line must go."""
        write(project, ours=TEXTBOOK)
        text = starter.config_text(surveyed("ours.py:logsumexp"))
        write(project, ours="import lsecheck\ndef logsumexp(x, axis=-1): return lsecheck.logsumexp(x, axis)\n")
        found = gated(text)
        assert found.status == 1
        assert "the waiver of specials excuses nothing: take it out" in found.result.verdicts[0].reason

    def test_a_function_that_is_broken_somewhere_is_held_elsewhere(self, project):
        """The families left out are named, each with what it does there."""
        write(project, ours=NAIVE)
        text = starter.config_text(surveyed("ours.py:logsumexp"))
        (subject,) = tomllib.loads(text)["subjects"]
        assert "tiny" in subject["families"]
        assert "offset" not in subject["families"]
        assert "# left out, because no contract is kept there today: " in text
        assert "offset (11 infinite)" in text
        assert gated(text).status == 0

    def test_formats_that_it_does_not_answer_in_are_left_out_with_what_it_does(self, project):
        """With the pair of formats that would judge it."""
        write(project, ours=WIDE)
        text = starter.config_text(surveyed("ours.py:lse", formats=["float32", "float64"]))
        (subject,) = tomllib.loads(text)["subjects"]
        assert subject["formats"] == ["float64"]
        said = " ".join(text.replace("\n#", " ").split())
        assert "float32 is left out: ours.py:lse was given float32 and answered in float64" in said
        assert said.endswith("use -f float32:float64")
        assert gated(text).status == 0

    def test_what_cannot_be_held_to_anything_is_a_comment(self, project):
        """It may raise, or not be there; whatever it says, the file is TOML."""
        write(project, ours=TEXTBOOK, never=NEVER, evil="raise ValueError('no\\x1b\\x00 way')\ndef lse(x): pass")
        text = starter.config_text(surveyed("ours.py:logsumexp", "never.py:softmax", "gone.py:lse", "evil.py:lse"))
        assert "# never.py:softmax (softmax) is not held to anything: raised ValueError: not" in text
        assert "# gone.py:lse (logsumexp) is not held to anything: 'gone.py:lse': there is no file gone.py" in text
        assert [one["subject"] for one in tomllib.loads(text)["subjects"]] == ["ours.py:logsumexp"]

    @pytest.mark.usefixtures("project")
    def test_with_nothing_to_hold_there_is_no_configuration(self):
        """A gate without demands would be open."""
        with pytest.raises(NothingMeasured) as caught:
            starter.config_text(surveyed("gone.py:lse"))
        assert str(caught.value).startswith("there is nothing to hold on to: gone.py:lse (logsumexp) is not held ")
        with pytest.raises(NothingMeasured, match="no subject was named"):
            starter.config_text(surveyed())

    @pytest.mark.usefixtures("project")
    def test_it_can_stand_in_pyproject(self):
        """As [tool.lsecheck]."""
        text = starter.config_text(surveyed("log1p-shift"), table="tool.lsecheck")
        assert gated('[project]\nname = "ours"\n\n' + text, "pyproject.toml").status == 0

    def test_how_it_was_loaded_is_written_too(self, project):
        """Else the gate would ask something else."""
        loading = Loading(nan="unspecified", flushes_subnormals=True, isolated=True, seconds=30.0)
        write(project, ours=TEXTBOOK)
        text = starter.config_text(surveyed("ours.py:logsumexp", loading=loading))
        (demand,) = config.read(self._written(text)).subjects
        assert demand.loading == loading

    @staticmethod
    def _written(text):
        Path("lsecheck.toml").write_text(text, "utf-8")
        return Path("lsecheck.toml")

    def test_no_sample_proves_more_than_conditioned(self, project):
        """That every answer was correctly rounded is said, and left to whoever means it."""
        write(project, ours="import lsecheck\ndef logsumexp(x, axis=-1): return lsecheck.logsumexp(x, axis)\n")
        text = starter.config_text(surveyed("ours.py:logsumexp"))
        assert 'require = "conditioned"  # every answer was correctly rounded: demand that if it is meant' in text
        assert gated(text, strict=True).status == 0


class TestBudgets:
    """Numbers that are worth a limit."""

    @pytest.mark.usefixtures("project")
    def test_a_conditioned_subject_gets_the_worst_e_and_a_quarter_and_another_processor(self):
        """And no limit on ulps, of which any method has millions near 0."""
        survey = surveyed("log1p-shift")
        (subject,) = tomllib.loads(starter.config_text(survey))["subjects"]
        worst = max(row.max_scaled for row in survey.subjects[0].rows)
        assert subject["require"] == "conditioned"
        assert subject["budgets"].keys() == {"max_scaled"}
        assert 1.25 * worst + 2 <= subject["budgets"]["max_scaled"] <= 1.26 * worst + 2.1

    @pytest.mark.usefixtures("project")
    def test_a_shifted_one_gets_none(self):
        """Near 0 its E is a million, legitimately."""
        (subject,) = tomllib.loads(starter.config_text(surveyed("max-shift")))["subjects"]
        assert "budgets" not in subject

    @pytest.mark.usefixtures("project")
    def test_budgets_are_never_loose_on_the_first_day(self):
        """`--strict` passes in every format, joined or not."""
        text = starter.config_text(surveyed("log1p-shift", formats=list(starter.FORMATS)))
        assert gated(text, strict=True).status == 0

    @pytest.mark.usefixtures("project")
    def test_what_is_judged_apart_is_judged_by_the_contract_that_is_demanded(self):
        """Held to `shifted`, a fold fails in range and conduct; held to `folded`, it does not: no waiver is stale."""
        text = starter.config_text(surveyed("logaddexp-fold", formats=["float16"]))
        (subject,) = tomllib.loads(text)["subjects"]
        assert subject["require"] == "folded"
        assert "waive" not in subject
        assert gated(text).status == 0


def test_the_job_asks_what_the_configuration_says():
    """One that installs the project first, and one that does not."""
    assert "pip install lsecheck .\n" in starter.snippet()
    assert "pip install lsecheck\n" in starter.snippet(installs=False)
    assert np.char.count(starter.snippet(), "lsecheck gate") == 2
