"""reproduce: what a library gets wrong, at its smallest, and as it says so itself."""

import msgspec
import pytest

from lsecheck import check
from lsecheck.report import findings
from lsecheck.reproduce import printed, specimens
from lsecheck.subjects import load
from lsecheck.subjects.adapters import install_line, installed

ONNX = pytest.mark.skipif(not installed("onnxruntime"), reason=install_line("onnxruntime"))
SCIPY = pytest.mark.skipif(not installed("scipy"), reason=install_line("scipy"))


def made(subject, function, fmt, families):
    """The specimens of a quick check."""
    return specimens(check(subject, function, fmt, families, "quick").rows, load(subject))


@ONNX
def test_a_kernel_that_forgets_to_shift_comes_down_to_one_entry():
    """ONNX Runtime, opset 18: exp(1000) is infinite, and log of it too."""
    (seen,) = made("onnxruntime", "logsumexp", "float16", ["huge"])
    assert (seen.domain, seen.kind, seen.expected) == ("contract", "infinite", "a number")
    assert (seen.witness.x, seen.witness.answer, seen.exact, seen.printed) == ("0x1.f4p9", "inf", "1000", "inf")
    assert "naive" in seen.alike
    assert "max-shift" not in seen.alike


@ONNX
def test_a_mask_that_switches_the_shift_off_comes_down_to_two_entries():
    """-inf, and one more; what it prints is what was measured."""
    found = made("onnxruntime.opset13", "logsumexp", "float32", ["masked"])
    assert {seen.witness.x for seen in found} == {"-inf -0x1.f4p9", "-inf -0x1.9p6"}
    assert all(findings.shows(seen) for seen in found)
    assert all(seen.found.case.startswith("masked:0:") for seen in found)


@ONNX
def test_a_long_row_of_many_values_comes_down_to_one_that_can_be_pasted(monkeypatch):
    """A running sum loses digits on plain rows too, where there was no time to shrink its own."""
    monkeypatch.setattr("lsecheck.specimens.making.SECONDS", 0.01)
    rows = check("onnxruntime", "logsumexp", "float32", ["long"], "standard").rows
    (seen,) = specimens(rows, load("onnxruntime"))
    assert rows[0].contract == "sequential"
    assert seen.witness.x.startswith("0x0p0 -0x1")
    assert len(seen.witness.x.split()) == 2
    assert findings.shows(seen)
    assert seen.found.case.startswith("long:0:")


@SCIPY
def test_what_keeps_everything_has_no_specimens():
    """No false alarm."""
    assert made("scipy", "logsumexp", "float32", ["huge", "masked", "specials", "conduct"]) == []


@SCIPY
def test_misconduct_along_an_axis_is_asked_along_that_axis():
    """4,096 ones in float16, one after the other, stay 2048."""
    found = {seen.kind: seen for seen in made("scipy", "logsumexp", "float16", ["conduct"])}
    assert found.keys() == {"axis", "transposed"}
    assert {seen.printed for seen in found.values()} == {"7.625"}
    assert "axis=0" in findings.program(found["axis"])
    assert "asfortranarray" in findings.program(found["transposed"])


@SCIPY
def test_what_a_library_raises_is_what_its_program_prints():
    """The last line of a traceback."""
    (seen,) = made("scipy", "softmax", "float32", ["specials"])
    assert seen.kind == "raised"
    assert seen.printed.startswith("ValueError: zero-size array")


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
    assert printed("import os; print(os.environ.get('PYTHONPATH'), os.listdir())") == "None []"
    assert printed("1 / 0") == "ZeroDivisionError: division by zero"
    assert printed("raise SystemExit(3)") == "exit 3"
