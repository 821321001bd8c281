"""adapters: imported only when asked for, missing ones named with the line that installs them."""

import subprocess
import sys

import numpy as np
import pytest

import lsecheck
from lsecheck import formats, functions
from lsecheck.errors import SubjectError
from lsecheck.subjects import load
from lsecheck.subjects.adapters import ADAPTERS, install_line, installed
from lsecheck.subjects.subject import ask

#: these must be there where the tests run: a skip would hide that an adapter is broken
REQUIRED = ("numpy.logaddexp", "numpy.logaddexp.reduce", "scipy", "onnxruntime", "onnxruntime.opset13")
#: compiling takes a minute: one function in one format is enough
SLOW = {"torch.compile": [("logsumexp", "float32")]}
ROWS = np.array([[0.5, -1.0, 2.0], [4.0, 4.0, 4.25], [-3.0, -3.5, -2.5]])

EACH = [
    pytest.param(name, marks=pytest.mark.skipif(not installed(name), reason=install_line(name))) for name in ADAPTERS
]
SCIPY = pytest.mark.skipif(not installed("scipy"), reason=install_line("scipy"))
ONNX = pytest.mark.skipif(not installed("onnxruntime"), reason=install_line("onnxruntime"))


def test_the_libraries_that_must_be_there_are():
    """An explicit list: what vanishes from the environment must not vanish from the tests in silence."""
    assert [name for name in REQUIRED if not installed(name)] == []


@pytest.mark.parametrize("name", ADAPTERS)
def test_a_missing_library_is_named_with_the_line_that_installs_it(monkeypatch, name):
    """The sentence can be pasted into a terminal."""
    monkeypatch.setattr("lsecheck.subjects.adapters.util.find_spec", lambda _: None)
    with pytest.raises(SubjectError) as caught:
        load(name)
    needed = " and ".join(ADAPTERS[name].libraries)
    extra = ADAPTERS[name].module
    assert str(caught.value) == f"the {name} adapter needs {needed}: pip install 'lsecheck[{extra}]'"


@SCIPY
def test_a_library_that_fails_to_import_is_a_refusal_with_its_reason(monkeypatch):
    """Half an installation is the user's environment, not a crash of ours."""

    def broken(_: str) -> None:
        raise ImportError("libhalf.so: cannot open shared object file")

    monkeypatch.setattr("lsecheck.subjects.adapters.importlib.import_module", broken)
    with pytest.raises(SubjectError) as caught:
        load("scipy")
    assert "(importing it raised ImportError: libhalf.so: cannot open" in str(caught.value)


def test_every_extra_that_an_adapter_names_exists():
    """The install line would otherwise install nothing."""
    import tomllib
    from pathlib import Path

    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    there = set(project["optional-dependencies"]) | {"numpy"}
    assert {line.module for line in ADAPTERS.values()} <= there


def test_importing_lsecheck_imports_no_optional_library():
    """`import lsecheck` must stay quick and must work without any of them."""
    optional = "{'scipy', 'sklearn', 'torch', 'jax', 'onnxruntime', 'onnx', 'numba', 'mpmath', 'ml_dtypes'}"
    code = f"import sys, lsecheck; print(sorted({optional} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_every_adapter_says_what_it_judges():
    """`list subjects` shows it, installed or not."""
    for name, line in ADAPTERS.items():
        assert len(line.judged) > 10
        assert isinstance(installed(name), bool)


@pytest.mark.parametrize("name", EACH)
def test_every_function_in_every_format_claimed_is_close_and_in_its_format(name):
    """One that called along the wrong axis, or read bfloat16 as float16, would be a finding about the library."""
    subject = load(name)
    wanted = SLOW.get(name) or [(f, fmt) for f in subject.implementations for fmt in sorted(subject.formats or ())]
    assert wanted
    for function, fmt in wanted:
        defined, pair = functions.named(function), formats.pair(fmt)
        assert subject.supports(defined, pair)
        rows = formats.widen(formats.cast(ROWS[:, :2] if function == "logaddexp" else ROWS, pair.input))
        labels = np.array([2, 0, 1]) if function == "cross_entropy" else None
        answers = ask(subject, defined, rows, pair, labels)
        assert answers.trouble.tolist() == ["", "", ""], (function, fmt, answers.message)
        known = formats.widen(lsecheck.truth(function, formats.cast(rows, pair.input), labels=labels).rounded)
        near = 8 * pair.input.unit_roundoff
        assert np.allclose(answers.values, known, rtol=near, atol=near), (function, fmt)


@pytest.mark.parametrize("name", EACH)
def test_a_subject_names_itself_its_version_and_what_it_claims(name):
    """Results are of one version; a format that is not claimed is not failed."""
    subject = load(name)
    assert (subject.name, subject.spec) == (name, name)
    assert any(character.isdigit() for character in subject.version)
    assert subject.formats is not None
    assert not subject.supports(functions.named("logsumexp"), formats.pair("float8_e5m2"))


@pytest.mark.parametrize("name", [each for each in EACH if each.values[0] in ("torch", "jax", "torch.logcumsumexp")])
def test_bfloat16_is_bfloat16(name):
    """0x4080 is 4 in bfloat16 and 2.25 in float16: two of them taken for the other do not answer 4 + log 2.

    Two, since one comes back as it went, whatever it was taken for.
    """
    bits = np.array([[0x4080, 0x4080]], np.uint16).view(formats.named("bfloat16").dtype)
    answers = ask(load(name), functions.named("logsumexp"), formats.widen(bits), formats.pair("bfloat16"), None)
    assert answers.trouble.tolist() == [""], answers.message
    assert answers.values[0, 0] == pytest.approx(4 + np.log(2), abs=2.0**-5)


@SCIPY
@pytest.mark.parametrize("fmt", ["float32", "float64"])
def test_scipy_logsumexp_is_not_flagged(fmt):
    """The honest library that must not be: it keeps `conditioned` on every family, specials included."""
    result = lsecheck.check("scipy", formats=fmt, effort="quick", require="conditioned")
    assert result.ok, result.verdicts[0].reason


@SCIPY
def test_scipy_is_not_asked_in_bfloat16():
    """It would answer in float64."""
    assert not load("scipy").supports(functions.named("logsumexp"), formats.pair("bfloat16"))


@ONNX
def test_onnxruntime_does_not_shift_in_float16():
    """What the tool is for: [1000, 1000, 1000] gives inf in opset 18, where opset 13 answers 1001."""
    thousand = np.full((1, 3), 1000.0)
    pair, function = formats.pair("float16"), functions.named("logsumexp")
    newer, older = (ask(load(name), function, thousand, pair, None) for name in ("onnxruntime", "onnxruntime.opset13"))
    assert older.values.tolist() == [[1001.0]]
    found = lsecheck.measure("logsumexp", thousand.astype(np.float16), newer.values[:, 0].astype(np.float16))
    if np.isinf(newer.values[0, 0]):  # releases differ; when it is mended this is no finding any more
        assert found.kind[0, 0] == "infinite"
    else:
        assert found.kind[0, 0] == ""
