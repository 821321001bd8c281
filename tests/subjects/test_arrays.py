"""arrays: a user's function of tensors is handed the format that was asked for, and its answer comes back in it."""

import numpy as np
import pytest

import lsecheck
from lsecheck import formats, functions
from lsecheck.errors import InputError, SubjectError
from lsecheck.subjects import load
from lsecheck.subjects.adapters import installed
from lsecheck.subjects.arrays import handed
from lsecheck.subjects.loading import Loading
from lsecheck.subjects.subject import ask

TORCH, JAX = (
    pytest.mark.skipif(not installed(name), reason=f"--arrays {name} needs {name}: pip install 'lsecheck[{name}]'")
    for name in ("torch", "jax")
)
BOTH = [pytest.param("torch", marks=TORCH), pytest.param("jax", marks=JAX)]


@pytest.mark.parametrize("kind", BOTH)
@pytest.mark.parametrize("fmt", formats.FORMATS)
def test_every_format_goes_and_comes_as_itself(kind, fmt):
    """Bit for bit, and under its own name over there: bfloat16 is not float16, float64 not float32."""
    seen = []

    def doubled(x):
        seen.append(str(x.dtype).removeprefix("torch."))
        return x

    call, _ = handed(doubled, Loading(arrays=kind))
    x = formats.cast(np.array([[0.5, -1.0, 2.0, 0.0, -0.0, 2.0**-9, 100.0]]), formats.named(fmt))
    answer = call(x)
    assert seen == [fmt]
    assert answer.dtype == x.dtype
    assert answer.tobytes() == x.tobytes()


@pytest.mark.parametrize("kind", BOTH)
def test_bfloat16_is_computed_as_bfloat16(kind):
    """0x4080 is 4 there and 2.25 in float16; 4 + 4 is 0x4100, and the bits say so."""
    call, _ = handed(lambda x: x + x, Loading(arrays=kind))
    answer = call(np.array([0x4080], np.uint16).view(formats.named("bfloat16").dtype))
    assert answer.view(np.uint16).tolist() == [0x4100]


@TORCH
def test_a_function_of_tensors_is_judged_in_bfloat16():
    """By name and with an axis: what it is told of the axis reaches it as dim."""
    import torch

    def mine(x, dim):
        return torch.logsumexp(x, dim=dim)

    subject = load(mine, Loading(arrays="torch"))
    answers = ask(subject, functions.named("logsumexp"), np.full((2, 2), 4.0), formats.pair("bfloat16"), None)
    assert answers.values.tolist() == [[4.6875], [4.6875]]
    assert subject.version == f"torch {torch.__version__}, cpu"
    assert "axis" in subject.takes


@JAX
def test_float64_is_float64_in_jax_and_only_there():
    """x64 is on while float64 is asked; other formats are computed as everybody computes them."""
    import jax

    def mine(x, axis):
        return jax.nn.logsumexp(x, axis=axis)

    subject = load(mine, Loading(arrays="jax"))
    x = np.array([[0.1, 0.2, 0.3]])
    answers = ask(subject, functions.named("logsumexp"), x, formats.pair("float64"), None)
    assert abs(answers.values[0, 0] - lsecheck.logsumexp(x[0])) < 1e-15
    wide = []
    call, version = handed(lambda x: wide.append(jax.config.jax_enable_x64) or x, Loading(arrays="jax"))
    for fmt in ("float64", "float32"):
        call(x.astype(fmt))
    assert wide == [True, False]
    assert version == f"jax {jax.__version__}, cpu"


@TORCH
def test_labels_are_int64_tensors_and_gradients_are_left_behind():
    """As torch.nn.functional.cross_entropy wants them; a parameter of the user's asks for gradients."""
    import torch

    def loss(x, labels):
        assert labels.dtype == torch.int64
        x = x.clone().requires_grad_()
        return torch.nn.functional.cross_entropy(x, labels, reduction="none")

    subject = load(loss, Loading(arrays="torch"))
    answers = ask(
        subject, functions.named("cross_entropy"), np.zeros((3, 2)), formats.pair("float32"), np.array([0, 1, 1])
    )
    assert np.allclose(answers.values, np.log(2))


@TORCH
def test_rows_one_at_a_time_are_tensors_too():
    """A row is a vector, a label a number."""
    import torch

    subject = load(lambda row: float(torch.logsumexp(row, 0)), Loading(arrays="torch", call="row"))
    answers = ask(subject, functions.named("logsumexp"), np.zeros((2, 2)), formats.pair("float64"), None)
    assert np.allclose(answers.values, np.log(2), rtol=1e-15)


@pytest.mark.parametrize("kind", BOTH)
def test_a_device_that_is_not_there_is_one_sentence(kind):
    """Before anything is asked."""
    with pytest.raises(SubjectError) as caught:
        handed(abs, Loading(arrays=kind, device="abacus"))
    assert str(caught.value) == f"{kind} has no device 'abacus' here: it has cpu"


def test_a_device_goes_with_a_library_that_has_devices():
    """NumPy has none."""
    with pytest.raises(InputError) as caught:
        load(lambda x: x, Loading(device="cuda"))
    wanted = "--device goes with --arrays torch or jax, or with the torch, jax and onnxruntime adapters"
    assert str(caught.value) == wanted


@pytest.mark.parametrize("kind", ["torch", "jax"])
def test_a_missing_library_is_named_with_the_line_that_installs_it(monkeypatch, kind):
    """The sentence can be pasted into a terminal."""
    monkeypatch.setattr("lsecheck.subjects.adapters.util.find_spec", lambda _: None)
    with pytest.raises(SubjectError) as caught:
        load(lambda x: x, Loading(arrays=kind))
    assert str(caught.value) == f"--arrays {kind} needs {kind}: pip install 'lsecheck[{kind}]'"
