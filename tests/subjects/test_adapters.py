"""adapters: imported only when asked for, missing ones named with the line that installs them."""

import subprocess
import sys

import numpy as np
import pytest

import lsecheck
from lsecheck import formats, functions
from lsecheck.errors import SubjectError
from lsecheck.subjects import load
from lsecheck.subjects.adapters import ADAPTERS, ALONG_AN_AXIS, install_line, installed
from lsecheck.subjects.loading import Loading
from lsecheck.subjects.subject import ask

#: these must be there where the tests run: a skip would hide that an adapter is broken
REQUIRED = ("numpy.logaddexp", "numpy.logaddexp.reduce", "scipy", "onnxruntime", "onnxruntime.opset13")
#: compiling takes a minute: one function in one format is enough
SLOW = {"torch.compile": [("logsumexp", "float32")]}
#: computed in another format than the one it takes and answers in: a finding, and as near as this
COARSE = {("openvino", "float64"): "float32"}
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


def test_every_line_of_the_table_can_be_shown():
    """`list subjects` shows it, installed or not."""
    for name, line in ADAPTERS.items():
        assert set(line.functions) <= set(functions.FUNCTIONS)
        assert all(asked.formats <= set(formats.FORMATS) and asked.formats for asked in line.functions.values())
        assert "cpu" in line.devices
        assert line.mode
        assert isinstance(installed(name), bool)


def test_the_list_of_subjects_fits_a_terminal_and_says_functions_formats_and_devices():
    """A format that a library has for some functions only stands in a line of its own."""
    from lsecheck.report.listing import subjects

    lines = subjects().splitlines()
    assert max(map(len, lines)) <= 120
    start = next(i for i, line in enumerate(lines) if line.startswith("onnxruntime "))
    assert "logsumexp" in lines[start]
    assert "f16 bf16 f32 f64" in lines[start]
    assert "cpu cuda" in lines[start]
    assert lines[start + 1].split() == ["softmax,", "log_softmax", "f16", "f32", "f64"]


@pytest.mark.parametrize("name", EACH)
def test_a_subject_claims_what_the_table_says(name):
    """The table is read without importing the library; what it promises must be there."""
    subject, line = load(name), ADAPTERS[name]
    assert subject.formats == {function: asked.formats for function, asked in line.functions.items()}
    assert set(subject.implementations) == set(line.functions)
    assert subject.takes == line.takes
    for function in functions.FUNCTIONS.values():
        for fmt in formats.FORMATS.values():
            claimed = function.name in line.functions and fmt.name in line.functions[function.name].formats
            assert subject.supports(function, formats.pair(fmt.name)) == claimed


@pytest.mark.parametrize("name", EACH)
def test_the_version_says_mode_device_and_threads(name):
    """Answers change with each of them."""
    subject, line = load(name), ADAPTERS[name]
    version, *rest = subject.version.split(", ")
    assert any(character.isdigit() for character in version)
    assert [line.mode, "cpu"] == rest[-3:-1]
    assert "thread" in rest[-1]


@pytest.mark.parametrize("name", EACH)
def test_a_device_that_is_not_there_is_one_sentence(name):
    """Nothing is computed elsewhere than was asked for, in silence."""
    with pytest.raises(SubjectError) as caught:
        load(name, Loading(device="abacus"))
    assert str(caught.value).startswith(f"{ADAPTERS[name].module if len(ADAPTERS[name].devices) > 1 else name} has no")
    assert "has no device 'abacus' here: it has cpu" in str(caught.value)
    assert load(name, Loading(device="cpu")).version == load(name).version


@pytest.mark.parametrize("name", [each for each in EACH if "axis" in ADAPTERS[each.values[0]].takes])
def test_the_axis_is_the_librarys_own(name):
    """Conduct varies it: axis 0, the middle of three, a vector, and keepdims."""
    if name in SLOW:
        pytest.skip("compiling takes a minute")
    subject = load(name)
    x = ROWS.astype(np.float32)
    for function, call in subject.implementations.items():
        if function not in ALONG_AN_AXIS:
            continue
        plain = call(x)
        assert np.allclose(call(x.T.copy(), axis=0), plain.T, rtol=1e-6)
        middle = call(np.stack([x.T, x.T]), axis=1)
        assert np.allclose(middle[1], plain.T, rtol=1e-6)
        assert np.allclose(call(x[0]), plain[0], rtol=1e-6)
        if function == "logsumexp" and "keepdims" in subject.takes:
            assert np.allclose(call(x, axis=-1, keepdims=True), plain[:, None], rtol=1e-6)


@pytest.mark.parametrize("name", EACH)
def test_every_function_in_every_format_claimed_is_close_and_in_its_format(name):
    """One that called along the wrong axis, or read bfloat16 as float16, would be a finding about the library."""
    subject = load(name)
    wanted = SLOW.get(name) or [
        (function, fmt) for function, asked in ADAPTERS[name].functions.items() for fmt in sorted(asked.formats)
    ]
    assert wanted
    for function, fmt in wanted:
        defined, pair = functions.named(function), formats.pair(fmt)
        assert subject.supports(defined, pair)
        rows = formats.widen(formats.cast(ROWS[:, :2] if function == "logaddexp" else ROWS, pair.input))
        labels = np.array([2, 0, 1]) if function == "cross_entropy" else None
        answers = ask(subject, defined, rows, pair, labels)
        assert answers.trouble.tolist() == ["", "", ""], (function, fmt, answers.message)
        known = formats.widen(lsecheck.truth(function, formats.cast(rows, pair.input), labels=labels).rounded)
        near = 8 * formats.named(COARSE.get((name, fmt), fmt)).unit_roundoff
        assert np.allclose(answers.values, known, rtol=near, atol=near), (function, fmt)


@pytest.mark.parametrize("name", EACH)
def test_a_subject_names_itself(name):
    """By the name that loads it again."""
    subject = load(name)
    assert (subject.name, subject.spec) == (name, name)


BRAIN = [
    pytest.param(*each.values, function, marks=each.marks)
    for each in EACH
    for function, asked in ADAPTERS[each.values[0]].functions.items()
    if "bfloat16" in asked.formats and (each.values[0] not in SLOW or function == "logsumexp")
]


@pytest.mark.parametrize(("name", "function"), BRAIN)
def test_bfloat16_is_bfloat16(name, function):
    """0x4080 is 4 in bfloat16 and 2.25 in float16: two of them taken for the other do not answer 4 + log 2.

    Two, since one comes back as it went, whatever it was taken for. For functions that do not see
    a shift, the difference of two numbers is another in float16.
    """
    bits = np.array([[0x4080, 0x4080], [0x3F80, 0x4000]], np.uint16).view(formats.named("bfloat16").dtype)
    rows, labels = formats.widen(bits), np.array([0, 0]) if function == "cross_entropy" else None
    assert rows.tolist() == [[4, 4], [1, 2]]
    answers = ask(load(name), functions.named(function), rows, formats.pair("bfloat16"), labels)
    assert answers.trouble.tolist() == ["", ""], answers.message
    known = formats.widen(lsecheck.truth(function, bits, labels=labels).rounded)
    assert np.allclose(answers.values, known, rtol=2.0**-7, atol=0)


TORCH = pytest.mark.skipif(not installed("torch"), reason=install_line("torch"))


@TORCH
def test_a_running_reduction_is_not_asked_about_rows_without_entries():
    """There is no last partial result to take: that is how it is asked, not what it does."""
    (row,) = lsecheck.check("torch.logcumsumexp", formats="float32", families=["specials"], effort="quick").rows
    assert row.n[0] == 1
    assert row.findings == []
    (row,) = lsecheck.check("torch", formats="float32", families=["specials"], effort="quick").rows
    assert row.n[0] == 0


@TORCH
def test_torch_compiles_as_often_as_it_takes_and_its_settings_stay_as_they_are(monkeypatch):
    """Past its limit it would answer uncompiled, and only log that: a check must not measure something else."""
    import torch
    from torch._dynamo import config

    limits = []

    def compiled(function, **_):
        return lambda *arrays, **told: limits.append(config.recompile_limit) or function(*arrays, **told)

    monkeypatch.setattr(torch, "compile", compiled)
    before = config.recompile_limit
    subject = load("torch.compile")
    assert np.isclose(subject.implementations["logsumexp"](ROWS[:1]), 2.2413, atol=1e-3)
    assert limits == [1 << 16]
    assert config.recompile_limit == before


@TORCH
def test_tensors_have_the_strides_of_the_array_and_its_memory():
    """Otherwise no layout but one would ever reach torch."""
    from lsecheck.subjects.adapters.torch import put

    base = np.arange(24, dtype=np.float32).reshape(4, 6)
    for laid in (base[:, ::2], base[1:-1, 1:-2], np.asfortranarray(base), base.astype(formats.named("bfloat16").dtype)):
        tensor = put(laid, "cpu")
        assert [step * tensor.element_size() for step in tensor.stride()] == list(laid.strides)
        assert tensor.data_ptr() == laid.ctypes.data
    still = base.copy()
    still.flags.writeable = False
    for copied in (base[::-1, ::-1], still, np.broadcast_to(base[:1], base.shape)):
        assert np.array_equal(put(copied, "cpu").numpy(), copied)


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


@pytest.mark.skipif(not installed("openvino"), reason=install_line("openvino"))
def test_a_library_that_computes_float64_in_float32_is_found():
    """OpenVINO answers in float64 with the digits of float32, and no infinity."""
    found = lsecheck.check("openvino", formats="float64", families=["ordinary"], effort="quick")
    assert found.verdicts[0].contract == "broken" or found.ok  # a release may compute it as it is given
