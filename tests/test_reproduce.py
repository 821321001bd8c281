"""reproduce: what a library gets wrong, at its smallest, and as it says so itself."""

import math
from string import Template

import msgspec
import numpy
import pytest

from lsecheck import check
from lsecheck.report import findings
from lsecheck.reproduce import printed, specimens
from lsecheck.specimens import making
from lsecheck.subjects import load
from lsecheck.subjects.adapters import ADAPTERS, Adapter, Asked, Terms, install_line, installed
from lsecheck.subjects.subject import Subject

SCIPY = pytest.mark.skipif(not installed("scipy"), reason=install_line("scipy"))

# ---- libraries whose faults nobody mends: formulas in NumPy, asked by lsecheck and by their programs alike ----

NAIVE = "numpy.log(numpy.exp($arrays).sum(axis=-1))"
_SHIFT = "(lambda x, m: m[:, 0] + numpy.log({sum}))($arrays, {shift})"
_SUM, _MAX = "numpy.exp(x - m).sum(axis=-1)", "$arrays.max(axis=-1, keepdims=True)"
_RUNNING = "numpy.exp(x - m).cumsum(axis=-1)[:, -1]"
_FIRST = f"numpy.where($arrays[:, :1] == -numpy.inf, numpy.maximum($arrays.dtype.type(0), {_MAX}), {_MAX})"
#: it does not subtract a maximum below 0 where the first entry is -inf
FORGETFUL = _SHIFT.format(sum=_SUM, shift=_FIRST)
RUNNING = _SHIFT.format(sum=_RUNNING, shift=_MAX)
#: it is right, but not beside another row
SHY = f"{_SHIFT.format(sum=_SUM, shift=_MAX)} + $arrays.dtype.type(($arrays != $arrays[:1]).any())"
#: a running sum along an axis that is not contiguous, and only there
STRIDED = (
    "(lambda x, axis: (lambda e: numpy.log(e.cumsum(axis=axis).take(-1, axis=axis) if e.strides[axis] != e.itemsize"
    " else e.astype('float32').sum(axis=axis).astype(e.dtype)) + x.max(axis=axis))"
    "(numpy.exp(x - x.max(axis=axis, keepdims=True))))($arrays$keywords)"
)
SOFTMAX = f"(lambda e: e / e.sum(axis=-1, keepdims=True))(numpy.exp($arrays - {_MAX}))"


@pytest.fixture
def planted(monkeypatch):
    """An adapter for a formula, in the table for as long as a test lasts."""

    def plant(call: str, function: str = "logsumexp") -> Subject:
        asked = Asked("planted", frozenset({"float16", "float32"}), "axis" if "keywords" in call else "", call=call)
        terms = Terms("numpy", 'numpy.array([$values], "$format")')
        line = Adapter("numpy", ("numpy",), {function: asked}, "planted", ("cpu",), terms)
        monkeypatch.setitem(ADAPTERS, "planted", line)

        def answer(x, axis=-1):
            written = Template(call).substitute(arrays="x", keywords=f", axis={axis}")
            return eval(written, {"numpy": numpy, "x": x})

        return Subject("planted", {function: answer}, formats={function: asked.formats}, takes=line.takes)

    return plant


def made(subject, function, fmt, families, effort="quick"):
    """The specimens of a check."""
    return specimens(check(subject, function, fmt, families, effort).rows, load(subject))


def test_a_formula_that_does_not_shift_comes_down_to_one_entry_and_to_where_it_begins(planted):
    """In float16 exp overflows beyond 11.09."""
    (seen,) = made(planted(NAIVE), "logsumexp", "float16", ["huge"])
    assert (seen.domain, seen.kind, seen.expected) == ("contract", "infinite", "a number")
    assert (seen.witness.n, seen.witness.answer, seen.printed) == (1, "inf", "inf")
    assert "naive" in seen.alike
    assert "max-shift" not in seen.alike
    (right, first), (wrong, second) = seen.otherwise.items()
    assert (first, second) == ("right", "wrong")
    below, above = (float(row.strip("[]")) for row in (right, wrong))
    assert above == numpy.nextafter(numpy.float16(below), numpy.float16(math.inf))
    assert math.exp(below) < 65520 <= math.exp(above)


def test_a_mask_that_switches_the_shift_off_comes_down_to_two_entries(planted):
    """-inf, and one more; what it prints is what was measured, and that the mask is to blame is known."""
    found = made(planted(FORGETFUL), "logsumexp", "float32", ["masked"])
    assert {seen.witness.x for seen in found} == {"-inf -0x1.f4p9", "-inf -0x1.9p6"}
    assert all(findings.shows(seen) for seen in found)
    assert all(seen.found.case.startswith("masked:0:") for seen in found)
    everything = dict.fromkeys((making.WITHOUT, making.LAST, making.ABOVE), "right")
    assert [seen.otherwise for seen in found] == [everything] * len(found)


def test_a_mask_that_is_not_to_blame_is_known_not_to_be(planted):
    """Without it the answer is as wrong."""
    found = made(planted(NAIVE), "logsumexp", "float32", ["masked"])
    masked = [seen for seen in found if "-inf" in seen.witness.x.split()]
    assert masked
    assert {seen.otherwise[making.WITHOUT] for seen in masked} == {"wrong"}


def test_a_long_row_of_many_values_comes_down_to_one_that_can_be_pasted(monkeypatch, planted):
    """A running sum loses digits on plain rows too, where there was no time to shrink its own."""
    monkeypatch.setattr("lsecheck.specimens.making.SECONDS", 0.01)
    subject = planted(RUNNING)
    rows = check(subject, "logsumexp", "float32", ["long"], "standard").rows
    (seen,) = specimens(rows, subject)
    assert rows[0].contract == "sequential"
    assert seen.witness.x.startswith("0x0p0 -0x1")
    assert len(seen.witness.x.split()) == 2
    assert findings.shows(seen)
    assert seen.found.case.startswith("long:0:")


@SCIPY
def test_what_keeps_everything_has_no_specimens():
    """No false alarm."""
    assert made("scipy", "logsumexp", "float32", ["huge", "masked", "specials", "conduct"]) == []


def test_misconduct_along_an_axis_is_asked_along_that_axis(planted):
    """4,096 ones in float16, one after the other, stay 2048."""
    found = {seen.kind: seen for seen in made(planted(STRIDED), "logsumexp", "float16", ["conduct"])}
    assert {"axis", "transposed"} <= found.keys()
    assert {found[kind].printed for kind in ("axis", "transposed")} == {"7.625"}
    assert "axis=0" in findings.program(found["axis"])
    assert "asfortranarray" in findings.program(found["transposed"])


def test_what_a_library_raises_is_what_its_program_prints(planted):
    """The last line of a traceback."""
    (seen,) = made(planted(SOFTMAX, "softmax"), "softmax", "float32", ["specials"])
    assert seen.kind == "raised"
    assert seen.printed.startswith("ValueError: zero-size array")


def test_a_contract_that_is_missed_only_in_a_batch_is_a_specimen_all_the_same(planted):
    """Asked alone, the row breaks nothing: it is shown as it was found, and says that it depends on the batch."""
    subject = planted(SHY)
    rows = check(subject, "logsumexp", "float32", ["masked"], "quick").rows
    seen = next(each for each in specimens(rows, subject) if each.domain == "contract")
    assert (seen.kind, seen.witness) == ("inaccurate", rows[0].witness)
    assert seen.kept == rows[0].contract == "broken"
    assert not findings.shows(seen)


@SCIPY
def test_one_that_needs_its_batch_is_kept_as_it_was_found():
    """It is told, not shown: the row alone breaks nothing."""
    rows = check("scipy", "logsumexp", "float32", ["huge"], "quick").rows
    (row,) = rows
    broken = msgspec.structs.replace(
        row,
        findings=[{"domain": "specials", "kind": "nan", "expected": "a number", "count": 1, "witness": row.witness}],
    )
    broken = msgspec.convert(msgspec.to_builtins(broken), type(row))
    (seen,) = specimens([broken], load("scipy"))
    assert seen.witness == row.witness
    assert seen.kept == ""


def test_a_program_runs_without_lsecheck_or_anything_of_ours(monkeypatch):
    """In an empty folder, and nothing of our environment leads it elsewhere."""
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    assert printed("import os, sys; print('/somewhere' in sys.path, os.listdir())") == "False []"
    assert printed("1 / 0") == "ZeroDivisionError: division by zero"
    assert printed("raise SystemExit(3)") == "exit 3"


def test_a_program_that_does_not_end_is_told_in_a_sentence(monkeypatch):
    """Not in a traceback."""
    monkeypatch.setattr("lsecheck.reproduce.PATIENCE", 0.5)
    assert printed("import time; time.sleep(60)") == "no answer within 0.5 seconds"


def test_the_environment_is_not_read():
    """That is for the command line and the pytest plug-in."""
    import lsecheck.reproduce

    assert not hasattr(lsecheck.reproduce, "os")
