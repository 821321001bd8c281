"""The family as NumPy users call it: axes, scalars, dtypes, and the seed cases of the field."""

import ml_dtypes
import numpy as np
import pytest

import lsecheck


def test_the_seed_cases_of_the_field():
    """[1000]*3 and [-1000]*3: softmax 1/3 each, log_softmax -ln 3."""
    for value in (1000.0, -1000.0):
        assert lsecheck.softmax([value] * 3).tolist() == [1 / 3] * 3
        assert lsecheck.log_softmax([value] * 3).tolist() == [-1.0986122886681098] * 3


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
def test_any_axis_is_the_last_axis_of_the_moved_array(axis):
    """Axes are only a view."""
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 7
    moved = np.moveaxis(x, axis, -1)
    assert np.array_equal(lsecheck.logsumexp(x, axis), lsecheck.logsumexp(moved))
    assert np.array_equal(np.moveaxis(lsecheck.softmax(x, axis), axis, -1), lsecheck.softmax(moved))
    assert lsecheck.logsumexp(x, axis).dtype == np.float32


def test_empty_rows_are_minus_infinity_and_empty_batches_stay_empty():
    """The empty sum is 0; no rows is no answers."""
    assert lsecheck.logsumexp(np.zeros((2, 0))).tolist() == [-np.inf, -np.inf]
    assert lsecheck.logsumexp(np.zeros((0, 3))).shape == (0,)
    assert lsecheck.softmax(np.zeros((2, 0))).shape == (2, 0)
    assert lsecheck.logsumexp([]) == -np.inf


def test_bfloat16_stays_bfloat16_and_format_overrides():
    """The dtype of x, or the one asked for."""
    x = np.array([1.0, 2.0], ml_dtypes.bfloat16)
    assert lsecheck.logsumexp(x).dtype == ml_dtypes.bfloat16
    assert lsecheck.logsumexp(x, format="float32").dtype == np.float32
    assert lsecheck.logsumexp([1, 2]).dtype == np.float64


def test_logaddexp_broadcasts_and_refuses_mixed_dtypes():
    """As ufuncs do; but a rounding nobody asked for is refused."""
    assert lsecheck.logaddexp(np.zeros((2, 1)), np.zeros(3)).shape == (2, 3)
    assert isinstance(lsecheck.logaddexp(0.0, 0.0), np.float64)
    with pytest.raises(lsecheck.InputError, match="two arrays of one dtype, got float32 and float64"):
        lsecheck.logaddexp(np.float32(0), np.float64(0))


def test_what_rounds_to_zero_from_below_is_minus_zero():
    """log_softmax [0, -1e9] at the maximum is -e^-1e9: it rounds to -0."""
    assert np.signbit(lsecheck.log_softmax([0.0, -1e9])[0])
    assert not np.signbit(lsecheck.logsumexp([0.0, -1e9]))


@pytest.mark.parametrize("axis", [2, -3, 7])
def test_an_axis_that_is_not_there_is_refused(axis):
    """One sentence."""
    with pytest.raises(lsecheck.InputError, match=rf"axis {axis} is not an axis of an array of shape \(2, 2\)"):
        lsecheck.logsumexp(np.zeros((2, 2)), axis)


def test_a_scalar_has_no_axis():
    """0-d arrays are not rows."""
    with pytest.raises(lsecheck.InputError, match=r"axis -1 is not an axis of an array of shape \(\)"):
        lsecheck.logsumexp(3.0)
