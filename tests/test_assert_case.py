"""One case as a test: fails with evidence where it is answered wrong, passes where it is right, and never asks less."""

import math
import re
import shlex
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from quality.ill_behaved import good
from quality.streams import SUMS

import lsecheck
from lsecheck import Loading, assert_case, formats
from lsecheck.cli import main
from lsecheck.errors import InputError, LsecheckError


def honest(x, axis):
    """Right in every format, of no entries too."""
    return good(x.astype(np.float64), axis).astype(x.dtype)


def odd(x):
    """Wrong about rows with 777."""
    y = good(x)
    return np.where((x == 777).any(-1), y.dtype.type(0), y) if x.shape[-1] else y


#: faults that a row alone, in one piece, or on a command line does not show
NEEDS = """
import numpy as np
from quality import streams
from quality.ill_behaved import good

def second(x, axis):
    y = good(x)
    y[1:2] += 1
    return y

def long(x, axis):
    return good(x) + x.dtype.type(x.shape[1] >= 100)

class Stream:
    init, update, finish = staticmethod(streams.init), staticmethod(streams.update), staticmethod(streams.finish)

    def merge(self, a, b):
        return streams.merge(a, b)._replace(s=np.maximum(a.s, b.s))

stream = Stream()
"""


def cross_entropy(x, labels):
    """Wrong about label 2."""
    v = x.astype(np.float64)
    loss = good(v) - v[np.arange(len(v)), labels]
    return np.where(labels == 2, 2 * loss, loss).astype(x.dtype)


def said(*words, **more):
    """The text of the failure."""
    with pytest.raises(AssertionError) as caught:
        assert_case(*words, **more)
    return str(caught.value)


class TestWhatIsAsked:
    """One case, written as text or as numbers."""

    @pytest.mark.parametrize(
        "values", ["777 0", "0x1.848p9 0x0p0", "7.77e2 0", [777, 0], (777.0, 0.0), iter([777.0, 0.0])]
    )
    def test_text_and_numbers_are_one_case(self, values):
        """A report prints text, a person has a list."""
        assert "x = [0x1.848p9, 0x0p0]" in said(odd, values, format="float32")

    def test_repeats_are_written_as_everywhere(self):
        """As reports and explain have them."""
        assert "x = [0x0p0*31, 0x1.848p9]" in said(odd, "0*31 777", format="float32")

    @pytest.mark.xfail(strict=True, reason="BUG: ValueError of NumPy: the truth value of an array is ambiguous")
    def test_an_array_is_numbers_too(self):
        """What a test of a numerical library has at hand."""
        assert_case(good, np.array([1.0, 2.0]), format="float64")

    @pytest.mark.parametrize("values", ["", [], ()])
    def test_no_entries_are_a_case(self, values):
        """The one that is forgotten most often: max-shift raises."""
        assert_case(honest, values, format="float32")
        assert "got        raised ValueError: zero-size array" in said("max-shift", values, format="float32")

    @pytest.mark.parametrize("value", ["inf", "nan", "-inf", math.inf, -math.inf, math.nan])
    def test_special_values_are_values(self, value):
        """max-shift knows nan alone."""
        given = value if isinstance(value, str) else [value]
        assert_case(good, given, format="float32")
        if str(value) == "nan":
            assert_case("max-shift", given, format="float32")
        else:
            assert "got        nan" in said("max-shift", given, format="float32")

    @pytest.mark.parametrize("values", ["-0x0p0 1", [-0.0, 1.0]])
    def test_a_zero_keeps_its_sign(self, values):
        """Fuzzing finds faults that -0.0 alone shows: the test that it prints must fail on them."""

        def picky(x):
            return np.where(np.signbit(x).any(-1), x.dtype.type(9), good(x))

        said(picky, values, format="float32")

    @pytest.mark.parametrize("format", ["float16", "bfloat16", "float32", "float64", "bfloat16:float32", "half", "f64"])
    def test_every_format_and_pair(self, format):
        """As -f takes them."""
        dtype = formats.pair(format).output.dtype

        def wrong(x):
            return np.full(len(x), 9, dtype)

        assert_case(lambda x: good(x.astype(np.float64)).astype(dtype), "1 2", format=format)
        assert "got        0x1.2p3  9" in said(wrong, "1 2", format=format)

    @pytest.mark.parametrize(
        ("values", "format", "number"),
        [
            ("0.1", "float32", "0.1"),
            ([0.1], "float32", "0.1"),
            ("1 2 0x1.000001p0", "float16", "1.00000"),
            ([65_520.0], "float16", "65520.0"),
            ("1e-46", "float32", "1e-46"),
            ("300", "float8_e4m3fn", "300"),
        ],
    )
    def test_numbers_that_the_format_has_not_are_refused(self, values, format, number):
        """A rounded case is another one: the test would pass, and mean nothing."""
        sentence = rf"^{re.escape(number)}.* is no number of {format}: round the values first$"
        with pytest.raises(InputError, match=sentence):
            assert_case(good, values, format=format)

    @pytest.mark.xfail(strict=True, reason="BUG: inf is quietly asked as nan where the format has no infinity")
    def test_an_infinity_that_the_format_has_not_is_refused(self):
        """As every other number that it has not."""
        with pytest.raises(InputError):
            assert_case("log1p-shift", "inf", format="float8_e4m3fn:float32")

    @pytest.mark.xfail(strict=True, reason="BUG: OverflowError, and not a sentence")
    def test_a_number_beyond_float64_is_refused_in_words(self):
        """Text is exact, and may be of any size."""
        with pytest.raises(InputError):
            assert_case(good, "1e400", format="float64")


class TestHowItIsAsked:
    """What a finding may need beside its row."""

    def test_the_label_is_told(self):
        """Of three losses one is wrong."""
        case = {"function": "cross_entropy", "format": "float32"}
        assert_case(cross_entropy, "1 2 3", label=1, **case)
        text = said(cross_entropy, "1 2 3", label=2, **case)
        assert "cross_entropy  x = [0x1p0, 0x1p1, 0x1.8p1]  label 2" in text

    @pytest.mark.parametrize(
        ("more", "sentence"),
        [
            ({"function": "cross_entropy"}, "cross_entropy needs labels: one integer per row"),
            ({"function": "cross_entropy", "label": 2}, "labels must lie from 0 to 1, got 2 to 2"),
            ({"function": "cross_entropy", "label": -1}, "labels must lie from 0 to 1, got -1 to -1"),
            ({"label": 0}, "logsumexp takes no labels"),
        ],
    )
    def test_a_label_that_makes_no_sense_is_refused(self, more, sentence):
        """It would be another case, or none."""
        with pytest.raises(InputError, match=sentence):
            assert_case(cross_entropy, "1 2", format="float32", **more)

    def test_copies_are_asked_in_one_batch(self):
        """Some faults show only beside another row."""
        rows = []

        def second_row(x, axis):
            rows.append(len(x))
            y = good(x, axis)
            y[1:2] += 1
            return y

        assert_case(second_row, "1 2", format="float64")
        said(second_row, "1 2", format="float64", copies=2)
        said(second_row, "1 2", format="float64", copies=5)
        assert rows == [1, 2, 5]

    @pytest.mark.parametrize("copies", [0, -1])
    def test_no_copy_is_no_pass(self, copies):
        """A test that asks nothing must not be green."""
        with pytest.raises(InputError):
            assert_case(odd, "777", format="float32", copies=copies)

    def test_the_plan_is_how_a_stream_is_fed(self):
        """Its merge loses an entry; in one update it is right."""

        def merge(a, b):
            return SUMS.merge(a, b)._replace(s=np.maximum(a.s, b.s))

        stream = SimpleNamespace(init=SUMS.init, update=SUMS.update, merge=merge, finish=SUMS.finish)
        assert_case(stream, "0 0", format="float32")
        assert_case(stream, "0 0", format="float32", plan="1,1")
        assert "should be  0x1.62e43p-1  0.693147182" in said(stream, "0 0", format="float32", plan="(1 1)")
        assert_case(SUMS, "0 0", format="float32", plan="(1 1)")

    def test_the_loading_is_handed_on(self):
        """One row at a time; in base 2; nan ignored."""
        given = []

        def each(row):
            given.append(row.shape)
            return good(row[None, :])[0]

        assert_case(each, "1 2 3", format="float64", loading=Loading(call="row"), copies=2)
        assert given == [(3,), (3,)]
        assert_case(lambda x: good(x) / np.log(2), "0 0", format="float64", loading=Loading(base="2"))
        said(lambda x: good(x) / np.log(2), "0 0", format="float64")
        assert_case(lambda x: np.zeros(len(x)), [math.nan, 0.0], format="float64", loading=Loading(nan="ignored"))

    def test_in_a_process_of_its_own_a_crash_is_a_failure_and_not_the_end(self, tmp_path, monkeypatch):
        """The ready test of a crash must not take pytest with it."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "gone.py").write_text("import os\ndef f(x):\n    os._exit(7)\n")
        text = said("gone.py:f", "1 2", format="float32", loading=Loading(isolated=True))
        assert "got        ended its process with exit status 7" in text
        assert "again      lsecheck explain gone.py:f -f float32 --isolate -- 0x1p0 0x1p1" in text

    @pytest.mark.parametrize("function", ["softmax", "log_softmax"])
    def test_every_output_is_looked_at(self, function):
        """The last of three is wrong."""

        def last(x):
            y = getattr(lsecheck, function)(x)
            y[:, -1] += 0.25
            return y

        text = said(last, "1 2 3", function=function, format="float32")
        assert f"{function}  x = [0x1p0, 0x1p1, 0x1.8p1]  output 2" in text


class TestWhatItSays:
    """Evidence, in the words of every other report."""

    def test_got_and_should_be_and_by_how_much(self):
        """Everything to start with, in the log of a CI that nobody can open a debugger in."""
        lines = said(odd, "777 -5", format="float32").splitlines()
        headline = (
            r"contract: inaccurate where a number is right; required is shifted \(8\.3\de\+06 of what is allowed\)"
        )
        assert re.fullmatch(headline, lines[0])
        assert lines[1] == "float32  odd  x = [0x1.848p9, -0x1.4p2]"
        assert "  got        0x0p0  0" in lines
        assert "  should be  0x1.848p9  777" in lines
        assert any(line.startswith("  error      1.27e+07 ulp, E = ") for line in lines)

    def test_the_contract_decides(self):
        """max-shift loses 5.9e-8: within `shifted`, and far from what `conditioned` allows."""
        case = "0 -0x1.0a5bb2p4"
        assert_case("max-shift", case, format="float32")
        text = said("max-shift", case, format="float32", require="conditioned")
        assert re.match(r"contract: inaccurate .* required is conditioned \(2\.34e\+05 of what is allowed\)\n", text)

    def test_the_command_that_is_named_shows_it(self):
        """For a subject that has a name."""
        assert "  again      lsecheck explain max-shift -f float32 -- inf" in said("max-shift", "inf", format="float32")

    @pytest.mark.xfail(strict=True, reason="BUG: the command leaves out --copies and --plan, and names a case fuzz:0:0")
    @pytest.mark.parametrize("more", [{"copies": 2}, {"plan": "(1 1)"}, {"n": 200}])
    def test_the_command_that_is_named_shows_it_whatever_it_takes(self, tmp_path, monkeypatch, more):
        """Pasted, it must end with a finding: a second row, a merge, a row too long for a command line."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "needs.py").write_text(NEEDS)
        subject = f"needs.py:{'second' if 'copies' in more else 'stream' if 'plan' in more else 'long'}"
        values = [1.0 + place / 128 for place in range(more.get("n", 2))]
        told = {name: value for name, value in more.items() if name != "n"}
        (line,) = re.findall("again +lsecheck (.*)", said(subject, values, format="float32", **told))
        assert CliRunner().invoke(main, shlex.split(line)).exit_code == 1

    @pytest.mark.xfail(strict=True, reason="BUG: families=['fuzz'], and there is no family 'fuzz'")
    def test_the_call_that_is_named_for_a_callable_can_be_made(self):
        """Whatever is printed after `again` is there to be pasted."""
        (call,) = re.findall("again +(.*?)  #", said(odd, "777", format="float32"))
        eval(call, {"lsecheck": lsecheck, "your_function": odd})

    def test_a_wrong_dtype_is_a_failure_with_the_format_to_use(self):
        """It did not compute what was asked."""
        text = said(lambda x: good(x).astype(np.float64), "1 2", format="float32")
        assert text.startswith("conduct: dtype where ")
        assert "use -f float32:float64" in text

    def test_a_wrong_shape_and_an_exception_are_failures(self):
        """Nothing that a subject does passes for an answer."""

        def raises(x):
            raise RuntimeError(f"no {x.dtype}\n\x1b[31mforged: 1 passed")

        assert "got        answered in shape" in said(
            lambda x, axis: good(x, axis)[None, None, :], "1 2", format="float64"
        )
        text = said(raises, "1 2", format="float32")
        assert "got        raised RuntimeError: no float32 [31mforged: 1 passed" in text
        assert "\x1b" not in text

    def test_the_tests_line_is_what_pytest_shows(self):
        """Our own frames are not."""
        with pytest.raises(AssertionError) as caught:
            assert_case(odd, "777", format="float32")
        assert caught.traceback[-1].frame.f_locals["__tracebackhide__"] is True


class TestWhatCannotBeAsked:
    """Refused: no failure of the subject, and no pass."""

    @pytest.mark.parametrize(
        ("more", "sentence"),
        [
            ({"values": "x"}, "'x' is not a number"),
            ({"values": "  "}, "no values were given"),
            ({"format": "float99"}, "unknown format 'float99'"),
            ({"function": "logsumexpp"}, "unknown function 'logsumexpp': did you mean 'logsumexp'"),
            ({"require": "good"}, "unknown contract 'good'"),
            ({"function": "logaddexp", "values": "1 2 3"}, "logaddexp takes rows of 2 entries, got rows of 3"),
            ({"subject": "max-shft"}, "unknown subject 'max-shft': did you mean 'max-shift'"),
        ],
    )
    def test_a_call_that_makes_no_sense(self, more, sentence):
        """One sentence of ours."""
        with pytest.raises(LsecheckError, match=sentence):
            assert_case(**({"subject": good, "values": "1 2", "format": "float32"} | more))

    @pytest.mark.xfail(strict=True, reason="BUG: KeyError: 'logsumexp'")
    def test_a_function_that_the_subject_has_not(self):
        """As fuzz and check say it."""
        with pytest.raises(LsecheckError):
            assert_case("via-lse", "1 2", format="float32")

    @pytest.mark.xfail(strict=True, reason="BUG: the declaration is not looked at: softmax is judged as if in base e")
    def test_a_declaration_that_means_nothing(self):
        """Base 2 of softmax, which check and fuzz refuse."""
        with pytest.raises(InputError):
            assert_case(lsecheck.softmax, "1 2", function="softmax", format="float32", loading=Loading(base="2"))

    @pytest.mark.xfail(strict=True, reason="BUG: a case that is not judged passes; explain refuses it")
    def test_a_case_that_its_declaration_leaves_open_is_no_pass(self):
        """`nan unspecified`, and a row with nan: nothing was looked at."""
        with pytest.raises(LsecheckError):
            assert_case(odd, [math.nan, 777.0], format="float32", loading=Loading(nan="unspecified"))

    @pytest.mark.xfail(strict=True, reason="BUG: a list of other things ends in Python's ValueError")
    def test_a_list_of_words(self):
        """['x'] is refused as 'x' is."""
        with pytest.raises(InputError):
            assert_case(good, ["x"], format="float32")
