"""The pytest plug-in, in test suites of their own."""

import subprocess
import sys

import mpmath  # noqa: F401 - pytester forgets what is first imported inside it, and NumPy cannot be imported twice
import pytest

import lsecheck.report.text
import lsecheck.testing  # noqa: F401
from lsecheck.inputs import cases

pytest_plugins = ["pytester"]

#: a right and a wrong one
SUBJECTS = """
import numpy as np
import pytest

def good(x, axis=-1):
    wide = x.astype(np.float64)
    top = wide.max(axis, keepdims=True)
    return (top + np.log(np.exp(wide - top).sum(axis, keepdims=True)))[..., 0].astype(x.dtype)

def bad(x, axis=-1):
    return np.log(np.exp(x).sum(axis))
"""


@pytest.fixture
def suite(pytester):
    """Writes a test file behind the subjects and runs it, with arguments."""

    def run(source, *arguments):
        pytester.makepyfile(SUBJECTS + source)
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:hypothesispytest", *arguments)

    return run


class TestFixture:
    """`lsecheck(subject, format=..., ...)` in a test."""

    def test_a_good_function_passes(self, suite):
        """And says nothing."""
        found = suite("def test_it(lsecheck): lsecheck(good, format='float32', families=['tiny', 'offset'])")
        found.assert_outcomes(passed=1)

    def test_a_bad_one_fails_with_the_reproducer_and_without_our_frames(self, suite):
        """The last frame shown is the line of the test; then our words."""
        found = suite("def test_it(lsecheck):\n    lsecheck(bad, format='float32', families=['offset'])")
        found.assert_outcomes(failed=1)
        found.stdout.fnmatch_lines([
            "*lsecheck(bad, format='float32', families=?'offset'?)",
            "E * AssertionError: subject *",
            "E * bad *logsumexp *float32 *broken*",
            "E *should be *",
            "E *again *",
            "*frames.py:12: AssertionError",
        ])  # fmt: skip
        found.stdout.no_fnmatch_line("*pytest_plugin.py*")
        found.stdout.no_fnmatch_line("*testing.py*")

    def test_everything_that_check_can_be_told_can_be_said(self, suite):
        """Function, contract, waivers and how it is loaded."""
        found = suite("""
def test_waived(lsecheck):
    lsecheck('max-shift', format='float32', waive=['specials'], families=['specials', 'tiny'])

def test_not_waived(lsecheck):
    with pytest.raises(AssertionError, match='specials'):
        lsecheck('max-shift', format='float32', families=['specials', 'tiny'])

def test_function_and_contract(lsecheck):
    lsecheck('max-shift', function='softmax', format='float16', require='sequential', families=['tiny'])

def test_loading(lsecheck):
    from lsecheck import Loading
    with pytest.raises(AssertionError, match='--nan unspecified'):
        lsecheck(bad, format='float32', loading=Loading(nan='unspecified'), families=['offset'])
""")
        found.assert_outcomes(passed=4)

    def test_a_test_that_measures_nothing_is_an_error(self, suite):
        """Neither a subject that claims nothing nor a check that was never called is a pass."""
        found = suite("""
def test_unclaimed(lsecheck): lsecheck('via-lse', format='float32')
def test_no_family(lsecheck): lsecheck(good, format='float32', families=[])
def test_never(lsecheck): pass
""")
        found.assert_outcomes(failed=2, passed=1, errors=1)
        found.stdout.fnmatch_lines_random([
            "E *NothingMeasured: nothing was measured: via-lse does not claim logsumexp in float32",
            "E *NothingMeasured: nothing was measured: no case of logsumexp in float32 was there to ask",
            "E *NothingMeasured: nothing was measured: the test takes the fixture lsecheck and never called it",
        ])  # fmt: skip
        assert found.ret == 1

    def test_a_test_that_is_skipped_or_failed_before_it_asked_is_only_that(self, suite):
        """An error on top would hide why."""
        found = suite("""
def test_skipped(lsecheck): pytest.skip('not here')
def test_failed(lsecheck): assert 0
""")
        found.assert_outcomes(failed=1, skipped=1)

    def test_an_unknown_name_fails_with_our_sentence_and_nothing_else(self, suite):
        """A call that cannot be understood is not a wrong function."""
        found = suite("def test_it(lsecheck):\n    lsecheck(good, format='flaot32')")
        found.stdout.fnmatch_lines(["E *UnknownName: unknown format 'flaot32': did you mean 'float32'?*"])
        found.stdout.no_fnmatch_line("*formats.py*")


class TestOptions:
    """`--lsecheck-effort` and `--lsecheck-seed`."""

    SHOW = """
from lsecheck import testing

def test_it(lsecheck, monkeypatch):
    told = {}
    monkeypatch.setattr(testing, 'assert_accurate', lambda subject, **said: told.update(said))
    lsecheck(good, format='float32'%s)
    print('told', told['effort'], told['seed'])
"""

    @pytest.mark.parametrize(
        ("arguments", "said", "told"),
        [
            ((), "", "told quick 0"),
            (("--lsecheck-effort=standard", "--lsecheck-seed=7"), "", "told standard 7"),
            (("--lsecheck-effort=standard", "--lsecheck-seed=7"), ", effort='deep', seed=1", "told deep 1"),
        ],
    )
    def test_they_hold_unless_the_test_says_otherwise(self, suite, arguments, said, told):
        """quick and 0 by default."""
        suite(self.SHOW % said, "-s", *arguments).stdout.fnmatch_lines([f"*{told}*"])

    @pytest.mark.parametrize(
        ("argument", "sentence"),
        [
            ("--lsecheck-effort=thorough", "ERROR: unknown effort 'thorough': choose from quick, standard, deep"),
            ("--lsecheck-seed=-1", "ERROR: seed must be an integer from 0 to 2^62 - 1, got -1"),
        ],
    )
    def test_what_they_cannot_be_is_refused_before_any_test(self, suite, argument, sentence):
        """With a sentence and pytest's status for a wrong call."""
        found = suite("def test_it(): pass", argument)
        assert found.ret == pytest.ExitCode.USAGE_ERROR
        found.stderr.fnmatch_lines([sentence])

    def test_options_and_marker_are_in_the_help(self, suite):
        """Where one looks first."""
        suite("", "--help").stdout.fnmatch_lines(["*--lsecheck-effort=EFFORT*", "*--lsecheck-seed=N*"])
        suite("", "--markers").stdout.fnmatch_lines(["@pytest.mark.lsecheck(formats=*"])


class TestMarker:
    """`@pytest.mark.lsecheck(formats=[...], families=[...])`."""

    def test_a_test_runs_once_for_each_format_and_family(self, suite):
        """Named in its id, so that one of them can be run alone."""
        found = suite(
            """
@pytest.mark.lsecheck(formats=['float32', 'bf16:fp32'], families=['tiny', 'offset'])
def test_it(lsecheck, lsecheck_format, lsecheck_family):
    subject = good if lsecheck_format == 'float32' else 'log1p-shift@float32'
    lsecheck(subject, format=lsecheck_format, families=lsecheck_family)
""",
            "--strict-markers",
            "-v",
        )
        found.assert_outcomes(passed=4)
        found.stdout.fnmatch_lines(["*::test_it[[]bfloat16:float32-offset[]] PASSED*"])

    def test_without_a_marker_there_are_the_three_formats_and_every_family(self, suite):
        """The formats that `check` asks, too."""
        found = suite("def test_it(lsecheck_format, lsecheck_family): pass", "--collect-only", "-q")
        found.stdout.fnmatch_lines([f"{3 * len(cases.names())} tests collected*"])

    def test_a_marker_on_a_class_holds_for_its_tests(self, suite):
        """The closest one, as pytest has it."""
        found = suite("""
@pytest.mark.lsecheck(formats=['float16'])
class TestAll:
    def test_one(self, lsecheck_format): assert lsecheck_format == 'float16'
    @pytest.mark.lsecheck(formats=['float64'])
    def test_other(self, lsecheck_format): assert lsecheck_format == 'float64'
""")
        found.assert_outcomes(passed=2)

    @pytest.mark.parametrize(
        ("said", "taken", "sentence"),
        [
            ("formats=['float23']", "lsecheck_format", "unknown format 'float23': did you mean 'float32'? *"),
            ("families=['gpa']", "lsecheck_family", "unknown family 'gpa': did you mean 'gap'? *"),
            ("formats=[]", "lsecheck_format", "the marker lsecheck has no formats: nothing would be asked"),
            ("family=['gap']", "lsecheck_family",
             "unknown keyword of the marker lsecheck 'family': did you mean 'families'*"),
            ("['gap']", "lsecheck_family", "the marker lsecheck takes formats and families by keyword, got (['gap'],)"),
            ("families=['gap']", "lsecheck_format",
             "the marker lsecheck says families, and the test does not take lsecheck_family"),
        ],
    )  # fmt: skip
    def test_what_it_cannot_mean_is_a_collection_error(self, suite, said, taken, sentence):
        """A demand that is ignored would be a gate left open."""
        found = suite(f"@pytest.mark.lsecheck({said})\ndef test_it({taken}): pass")
        found.assert_outcomes(errors=1)
        found.stdout.fnmatch_lines([f"*::test_it: {sentence.replace('[', '[[]')}"])
        assert found.ret == pytest.ExitCode.INTERRUPTED


class TestInPytest:
    """Beside other plug-ins, and without it."""

    def test_it_works_with_xdist(self, pytester):
        """Each worker loads it for itself."""
        pytester.makepyfile(
            SUBJECTS
            + """
@pytest.mark.lsecheck(families=['tiny', 'offset'])
@pytest.mark.parametrize('subject', [good, bad])
def test_it(lsecheck, subject, lsecheck_family): lsecheck(subject, format='float32', families=lsecheck_family)
"""
        )
        found = pytester.runpytest_subprocess("-n", "2", "-p", "no:hypothesispytest")
        found.assert_outcomes(passed=3, failed=1)
        found.stdout.fnmatch_lines(["E *should be *"])

    def test_it_can_be_left_out(self, pytester):
        """Then the fixture is unknown, and nothing else is."""
        pytester.makepyfile("def test_it(): pass\ndef test_other(lsecheck): pass")
        found = pytester.runpytest_subprocess("-p", "no:lsecheck", "-p", "no:hypothesispytest", "--strict-markers")
        found.assert_outcomes(passed=1, errors=1)
        found.stdout.fnmatch_lines(["E *fixture 'lsecheck' not found"])

    def test_a_run_that_does_not_use_it_loads_nothing_heavy(self, pytester):
        """It is loaded in every run of every project of the environment."""
        pytester.makepyfile("""
            import sys

            def test_it():
                assert 'lsecheck.pytest_plugin' in sys.modules
                heavy = {'numpy', 'mpmath', 'click', 'msgspec', 'lsecheck.gate', 'lsecheck.formats', 'lsecheck.errors'}
                assert not heavy & set(sys.modules)
        """)
        others = ("-p", "no:hypothesispytest", "-p", "no:xdist")
        pytester.runpytest_subprocess(*others).assert_outcomes(passed=1)

    def test_the_package_alone_loads_nothing_heavy_and_yet_has_every_name(self):
        """`import lsecheck` is a table of contents."""
        program = (
            "import sys, lsecheck; assert 'numpy' not in sys.modules;"
            "import lsecheck.measure; assert callable(lsecheck.measure);"
            "from lsecheck import *; assert callable(check) and callable(measure) and callable(logsumexp);"
            "assert all(getattr(lsecheck, name) is globals()[name] for name in lsecheck.__all__)"
        )
        subprocess.run([sys.executable, "-c", program], check=True)
