"""The command line as a user meets it: exact words, exit statuses, files, pipes."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from lsecheck.cli import main


def run(*words):
    """stdout, stderr, exit status of a call."""
    said = CliRunner().invoke(main, [str(word) for word in words])
    assert said.exception is None or isinstance(said.exception, SystemExit), said.exception
    return said.stdout, said.stderr, said.exit_code


class TestOracle:
    """lsecheck oracle."""

    def test_the_answer_that_fixed_precision_loses(self):
        """At 400 bits this is 0."""
        stdout, _, status = run("oracle", "0", "-740")
        assert stdout == "4.188739880048048939457540001583652882413e-322\n"
        assert status == 0

    def test_the_seed_case_of_overflow(self):
        """30 and more correct digits."""
        assert run("oracle", "1000", "1000", "1000")[0].startswith("1001.09861228866810969139524523692")

    def test_negative_values_need_no_dashes(self):
        """With or without --, decimal, hex, scientific, infinite."""
        assert run("oracle", "-1e3", "-0x1p2", "-.5", "-inf") == run("oracle", "--", "-1e3", "-0x1p2", "-.5", "-inf")
        assert run("oracle", "-1e3", "-0x1p2", "-.5", "-inf")[2] == 0

    def test_decimals_are_taken_exactly_and_each_format_says_what_it_changed(self):
        """0.1 is no binary number: the exact value is of 0.1, the float16 one of its rounding."""
        stdout, _, _ = run("oracle", "0.1", "-f", "half", "-f", "f64")
        assert stdout.splitlines() == [
            "0.1",
            "float16        0x1.998p-4  0.1",
            "               of x rounded to float16, which changed 1 of 1: 0x1.998p-4",
            "float64        0x1.999999999999ap-4  0.1",
            "               of x rounded to float64, which changed 1 of 1: 0x1.999999999999ap-4",
        ]

    def test_anchors_are_decided_at_once(self):
        """A midpoint minus a hair, a midpoint plus a hair, a power of two minus a hair."""
        assert "-0x1.dcd652p29" in run("oracle", "-F", "log_softmax", "32", "-1e9", "-f", "float32")[0]
        assert "0x1.004p0" in run("oracle", "0x1.002p0", "-1e5", "-f", "float64:float16")[0]
        assert run("oracle", "-1", "-1e300", "--digits", "5")[0] == "-1.0000\n"

    def test_repeats_cost_nothing(self):
        """65,520 equal entries are one distinct value."""
        assert run("oracle", "0*65520")[0].startswith("11.09011")

    def test_every_output_of_a_vector_has_its_line(self):
        """softmax of three equal entries is 1/3 each; a -inf entry is exactly 0."""
        assert run("oracle", "-F", "softmax", "--digits", "5", "-1000*3")[0] == "0.33333\n" * 3
        assert run("oracle", "-F", "softmax", "-inf", "1", "1")[0] == "0\n0.5\n0.5\n"

    def test_a_label_is_counted_among_all_entries(self):
        """Masked ones before it too: log(1 + e) - 1."""
        said = run("oracle", "-F", "cross_entropy", "--label", "2", "--digits", "10", "-inf", "0", "1")[0]
        assert said == "0.3132616875\n"

    def test_special_values_are_spoken(self):
        """nan wins, then +inf; no single answer is said to be none."""
        assert run("oracle", "nan", "inf")[0] == "nan\n"
        assert run("oracle", "-inf", "-inf")[0] == "-inf\n"
        assert run("oracle", "-F", "softmax", "inf")[0] == "no single answer (conventions differ)\n"

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            ((), "no values were given: give at least one number, as 0 -17.738"),
            (("abc",), "'abc' is not a number: give decimals (-17.738), hex floats (-0x1.8p4), inf or nan"),
            (("1e99999",), "'1e99999' needs over 1000 decimal places: give a number between 1e-1000 and 1e1000"),
            (("0*99999999",), "0*99999999 makes a row of over 16,777,216 entries, the most one case may have"),
            (
                ("-f", "float15", "1"),
                "unknown format 'float15': did you mean 'float16'?"
                " choose from float16, bfloat16, float32, float64, float8_e4m3fn, float8_e5m2",
            ),
            (
                ("-F", "logsumexpp", "1"),
                "unknown function 'logsumexpp': did you mean 'logsumexp'?"
                " choose from logsumexp, logaddexp, softmax, log_softmax, cross_entropy",
            ),
            (("-F", "logaddexp", "1"), "logaddexp takes rows of 2 entries, got rows of 1"),
            (("-F", "cross_entropy", "1"), "cross_entropy needs labels: one integer per row, from 0 to n - 1"),
            (("-F", "cross_entropy", "--label", "3", "1", "2"), "labels must lie from 0 to 1, got 3 to 3"),
            (("--digits", "0", "1", "2"), "digits must lie from 1 to 1000, got 0"),
        ],
    )  # fmt: skip
    def test_bad_input_is_one_sentence_and_status_2(self, words, sentence):
        """What was wrong, what it got, what is allowed."""
        assert run("oracle", *words) == ("", f"lsecheck: {sentence}\n", 2)


class TestCheck:
    """lsecheck check."""

    def test_textbook_max_shift_keeps_shifted_and_fails_specials(self):
        """Both at once: the contract and the special values are judged apart."""
        stdout, _, status = run(
            "check", "max-shift", "-f", "float32", "--effort", "quick", "--family", "specials", "--family", "gap"
        )
        assert status == 1
        assert "keeps shifted; specials: nan where +inf is right" in stdout
        assert "nan where -inf is right" in stdout
        assert stdout.endswith("lsecheck: 0 passed, 1 failed; 239 cases, sampled\n")

    def test_a_waiver_makes_it_pass_and_is_shown(self):
        """Shown, but not a failure."""
        stdout, _, status = run(
            "check", "max-shift", "-f", "float32", "--effort", "quick", "--family", "specials", "--waive", "specials"
        )
        assert status == 0
        assert "waived" in stdout

    def test_a_stronger_requirement_shows_the_case_in_pasteable_form(self):
        """got, should be, error, again."""
        stdout, _, status = run(
            "check", "max-shift", "-f", "float32", "--family", "gap", "--effort", "quick", "--require", "conditioned"
        )
        assert status == 1
        assert "  got        0x0p0  0\n  should be  0x" in stdout
        assert "  again      lsecheck explain max-shift -f float32 -- 0x0p0 -0x" in stdout

    def test_json_goes_to_stdout_and_is_strict(self):
        """nan and infinity are no JSON."""
        stdout, _, _ = run("check", "naive", "-f", "float16", "--effort", "quick", "--family", "huge", "--json", "-")
        found = json.loads(stdout, parse_constant=pytest.fail)
        assert [row["family"] for row in found["rows"]] == ["huge"]
        assert found["verdicts"][0]["contract"] == "broken"

    def test_your_own_file_and_your_own_logits(self, tmp_path, monkeypatch):
        """The two things a user brings."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "mine.py").write_text(
            "import numpy as np\n"
            "def lse(x, axis):\n"
            "    m = x.max(axis, keepdims=True)\n"
            "    return (m + np.log(np.exp(x - m).sum(axis, keepdims=True)))[..., 0]\n"
        )
        np.save(tmp_path / "logits.npy", np.arange(12, dtype=np.float32).reshape(3, 4))
        stdout, _, status = run("check", "mine.py:lse", "-f", "float32", "--inputs", "logits.npy")
        assert status == 0
        assert "3 cases" in stdout
        assert run("explain", "mine.py:lse", "--inputs", "logits.npy", "--row", "2")[2] == 0

    def test_a_subject_that_raises_on_one_row_loses_only_that_row(self, tmp_path, monkeypatch):
        """The run goes on, and the input is shown."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "picky.py").write_text(
            "import numpy as np\nimport lsecheck\ndef lse(x, axis):\n"
            "    if (x > 2e4).any():\n        raise RuntimeError('too large')\n    return lsecheck.logsumexp(x, axis)\n"
        )
        stdout, _, status = run("check", "picky.py:lse", "-f", "float16", "--family", "corpus")
        assert status == 1
        assert "raised RuntimeError: too large" in stdout
        assert "raised" in stdout

    def test_a_wrong_dtype_names_the_format_to_use(self, tmp_path, monkeypatch):
        """Never a number: it did not compute what was asked."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "wide.py").write_text(
            "import numpy as np\ndef lse(x, axis):\n    return np.log(np.exp(x.astype(np.float64)).sum(axis))\n"
        )
        stdout, _, status = run("check", "wide.py:lse", "-f", "float16", "--family", "tiny", "--effort", "quick")
        assert status == 3
        assert "use -f float16:float64" in stdout
        assert run("check", "wide.py:lse", "-f", "float16:float64", "--family", "tiny", "--effort", "quick")[2] == 0

    def test_nothing_measured_is_status_5(self):
        """An empty run is no pass."""
        stdout, stderr, status = run("check", "via-lse", "-F", "logsumexp")
        assert (stdout, status) == ("", 5)
        assert stderr.startswith("lsecheck: nothing was measured: via-lse does not claim logsumexp in float16; ")

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (("max-shft",), "unknown subject 'max-shft': did you mean 'max-shift'?"),
            (("max-shift", "-f", "f99"), "unknown format 'f99'"),
            (("max-shift", "--family", "ordinry"), "unknown family 'ordinry': did you mean 'ordinary'?"),
            (("max-shift", "--require", "good"), "unknown contract 'good': choose from correctly-rounded"),
            (("max-shift", "--waive", "all"), "unknown waiver 'all': choose from specials, range, conduct"),
            (("max-shift", "--effort", "hard"), "unknown effort 'hard': choose from quick, standard, deep"),
            (("nothere.py:f",), "'nothere.py:f': there is no file nothere.py"),
            (("os:nothing",), "'os:nothing': os has no 'nothing'"),
            (("max-shift", "--inputs", "none.npy"), "none.npy does not exist"),
            (("max-shift", "--row", "1"), "--row and --labels go with --inputs FILE"),
            (("max-shift", "--jobs", "0"), "Invalid value for '--jobs'"),
            (("max-shift", "--frobnicate"), "No such option '--frobnicate'"),
            (("max-shift@float99",), "unknown format 'float99'"),
        ],
    )  # fmt: skip
    def test_bad_calls_are_one_sentence_and_status_2(self, words, sentence):
        """Nothing measured, nothing lost."""
        stdout, stderr, status = run("check", *words)
        assert (stdout, status) == ("", 2)
        assert stderr.startswith(f"lsecheck: {sentence}")
        assert stderr.count("\n") == 1

    @pytest.mark.parametrize(
        ("array", "sentence"),
        [
            (np.array([{"a": 1}], dtype=object), "holds pickled objects, which lsecheck refuses to load"),
            (np.zeros((2, 2, 2)), "holds an array of shape (2, 2, 2): logits have shape (rows, n)"),
            (np.array([["a", "b"]]), "is not a format lsecheck knows"),
        ],
    )
    def test_bad_files_are_refused(self, tmp_path, array, sentence):
        """Pickles are never loaded."""
        np.save(tmp_path / "bad.npy", array, allow_pickle=True)
        stdout, stderr, status = run("check", "max-shift", "--inputs", tmp_path / "bad.npy")
        assert (stdout, status) == ("", 2)
        assert sentence in stderr


class TestTheRest:
    """lsecheck alone, list, explain, report; and pipes."""

    def test_alone_it_says_what_is_here_and_what_to_type_next(self):
        """The first thing a newcomer types."""
        stdout, _, status = run()
        assert status == 0
        assert "next       lsecheck oracle 0 -740" in stdout

    @pytest.mark.parametrize("what", ["subjects", "functions", "formats", "families", "contracts"])
    def test_every_list_has_its_names(self, what):
        """Lists are complete."""
        from lsecheck import contracts, formats, functions
        from lsecheck.inputs.cases import names
        from lsecheck.subjects.methods import METHODS

        expected = {
            "subjects": METHODS, "functions": functions.FUNCTIONS, "formats": formats.FORMATS, "families": names(),
            "contracts": contracts.LADDER,
        }  # fmt: skip
        stdout, _, status = run("list", what)
        assert status == 0
        assert all(str(name) in stdout for name in expected[what])

    def test_an_unknown_list_names_the_known_ones(self):
        """One sentence, status 2."""
        known = "subjects, functions, formats, families, contracts, conduct, faults"
        sentence = f"unknown list 'things': choose from {known}"
        assert run("list", "things")[1:] == (f"lsecheck: {sentence}\n", 2)

    def test_explain_takes_a_case_by_its_address(self):
        """As every report prints it."""
        stdout, _, status = run("explain", "max-shift", "-f", "float32", "--case", "gap:0:31")
        assert status == 0
        assert "case       gap:0:31" in stdout

    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            ((), "explain needs one case: give values X..., or --case FAMILY:SEED:INDEX, or --inputs FILE --row K"),
            (("--case", "gap:31"), "'gap:31' is not an address: write FAMILY:SEED:INDEX, as ordinary:0:17"),
            (("--case", "corpus:0:9999"), "corpus:0:9999 does not exist for logsumexp in float32"),
            (("--case", "gap:0:1", "1", "2"), "explain needs one case"),
            (("1", "2", "--output", "4"), "output 4 does not exist: logsumexp of this case has outputs 0 to 0"),
        ],
    )
    def test_explain_refuses_what_is_not_one_case(self, words, sentence):
        """One sentence, status 2."""
        stdout, stderr, status = run("explain", "max-shift", *words)
        assert (stdout, status) == ("", 2)
        assert stderr.startswith(f"lsecheck: {sentence}")

    def test_a_report_of_your_own_subject_is_written_whole(self, tmp_path):
        """The page first of all; status 0 whatever it finds."""
        words = ["report", "max-shift", "-F", "logaddexp", "-f", "float16", "--effort", "quick", "--jobs", "1"]
        stdout, _, status = run(*words, "-o", tmp_path / "out")
        assert status == 0
        written = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.*")}
        assert {name for name in written if not name.startswith("figures/")} == {
            "index.html", "results.json", "summary.md",
        }  # fmt: skip
        said = (tmp_path / "out" / "summary.md").read_text("utf-8").splitlines()[2]
        assert said.startswith("logaddexp: max-shift keeps shifted.")
        assert "written: " in stdout

    def test_a_report_that_cannot_be_written_says_so_before_measuring(self, tmp_path):
        """Not after minutes of work."""
        (tmp_path / "file").write_text("")
        _, stderr, status = run("report", "-o", tmp_path / "file" / "below")
        assert status == 2
        assert "cannot be written to" in stderr

    def test_names_and_inputs_survive_a_narrow_pipe(self):
        """CI logs are 80 columns wide and nothing may be cut."""
        words = ["check", "log1p-shift@float32", "-f", "float8_e4m3fn:float32", "--family", "gap", "--effort", "quick"]
        said = subprocess.run(
            [sys.executable, "-m", "lsecheck", *words],
            capture_output=True,
            text=True,
            env={**os.environ, "COLUMNS": "80"},
            check=False,
        )
        assert "log1p-shift@float32" in said.stdout
        assert "float8_e4m3fn:float32" in said.stdout
        assert "…" not in said.stdout.splitlines()[2]

    def test_a_row_without_outputs_can_be_explained_too(self):
        """softmax of no entries: reports name it, so the command they print must work."""
        stdout, _, status = run("explain", "max-shift", "-F", "softmax", "-f", "float32", "--case", "specials:0:0")
        assert status == 1
        assert "got        raised ValueError" in stdout
        assert "should be  no outputs" in stdout
        assert run("explain", "log1p-shift", "-F", "log_softmax", "--case", "specials:0:0")[2] == 0

    @pytest.mark.parametrize(
        "words", [["check"], ["report"], ["prove", "--n", "3"], ["gate"]], ids=lambda words: words[0]
    )
    def test_a_function_that_ends_its_process_does_not_end_ours_with_its_own_status(self, tmp_path, words):
        """os._exit(0) is no pass."""
        (tmp_path / "its.py").write_text(
            "import os\ndef f(x):\n    os._exit(0) if x.shape[-1] == 3 else None\n    return x.max(-1)\n"
        )
        (tmp_path / "lsecheck.toml").write_text("[[subjects]]\nsubject = 'its.py:f'\nformats = ['float8_e4m3fn']\n")
        given = [] if words == ["gate"] else ["its.py:f", "-f", "float8_e4m3fn"]
        done = subprocess.run(
            [sys.executable, "-m", "lsecheck", *words, *given, "--jobs", "1"],
            cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert (done.stdout, done.returncode) == ("", 2)
        assert done.stderr.startswith("lsecheck: a worker process died while subjects ran in it: --isolate")
