"""Honest implementations, each with one bad habit: the rule of conduct it breaks is its key.

Every one is exact on a batch asked plainly; only how it behaves is wrong.
"""

import ctypes
import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from quality.streams import Lse

Array = np.ndarray[Any, Any]
Callee = Callable[..., Any]


def good(x: Array, axis: int = -1, keepdims: bool = False) -> Any:
    """Computed in float64, log1p form, specials guarded, any axis, floats or integers."""
    v = np.asarray(x, np.float64)
    if v.shape[axis] == 0:
        y = np.full(np.delete(v.shape, axis), -np.inf)
        return np.expand_dims(y, axis) if keepdims else y
    top = v.max(axis, keepdims=True)
    place = np.expand_dims(v.argmax(axis), axis)
    with np.errstate(all="ignore"):
        terms = np.exp(v - np.where(np.isfinite(top), top, 0))
        np.put_along_axis(terms, place, 0, axis)
        y = np.where(np.isfinite(top), top + np.log1p(terms.sum(axis, keepdims=True)), top)
    answer = y.astype(x.dtype if x.dtype.kind == "f" else np.float64)
    return answer if keepdims else answer.squeeze(axis)[()]


def in_place(x: Array, axis: int = -1, keepdims: bool = False) -> Any:
    """x -= max, in the caller's array."""
    y = good(x, axis, keepdims)
    x -= x.max(axis, keepdims=True)
    return y


def talks(x: Array, axis: int = -1, keepdims: bool = False) -> Any:
    """A print left in."""
    print("max =", x.max() if x.size else None)
    return good(x, axis, keepdims)


def sets_error_state(x: Array, axis: int = -1, keepdims: bool = False) -> Any:
    """np.seterr without putting it back."""
    np.seterr(all="raise")
    return good(x, axis, keepdims)


def silences_warnings(x: Array, axis: int = -1, keepdims: bool = False) -> Any:
    """A filter for the whole process."""
    warnings.simplefilter("ignore")
    return good(x, axis, keepdims)


def seeds(x: Array, axis: int = -1, keepdims: bool = False) -> Any:
    """The user's random numbers are no longer random."""
    random.seed(0)
    return good(x, axis, keepdims)


def flushes(x: Array, axis: int = -1, keepdims: bool = False) -> Any:
    """Another rounding direction for the whole thread, as code built with wrong flags leaves it."""
    y = good(x, axis, keepdims)
    ctypes.CDLL(None).fesetround(0x800)  # upward, on x86-64
    return y


def warns(x: Array, axis: int = -1, keepdims: bool = False) -> Any:
    """Whatever it is asked."""
    warnings.warn("this is experimental", UserWarning, stacklevel=2)
    return good(x, axis, keepdims)


def not_twice() -> Callee:
    """The last bit depends on how often it was called: a reduction in whatever order threads arrive."""
    calls = []

    def lse(x: Array, axis: int = -1, keepdims: bool = False) -> Any:
        calls.append(len(x))
        y = np.asarray(good(x, axis, keepdims))
        return np.nextafter(y, y.dtype.type(np.inf)) if len(calls) % 2 else y

    return lse


def batches_differ(x: Array, axis: int = -1, keepdims: bool = False) -> Any:
    """Several rows take a wider path, whose last bits differ."""
    y = np.asarray(good(x, axis, keepdims))
    return np.nextafter(y, y.dtype.type(np.inf)) if x.ndim == 2 and len(x) == 1 else y


def one_maximum(x: Array, axis: int = -1, keepdims: bool = False) -> Any:
    """One maximum for all rows; in float64, so that rows a hundred apart do not suffer yet."""
    if not x.size or x.shape[axis] == 0:
        return good(x, axis, keepdims)
    v = np.asarray(x, np.float64)
    with np.errstate(all="ignore"):
        y = (np.log(np.exp(v - v.max()).sum(axis, keepdims=True)) + v.max()).astype(x.dtype)
    return y if keepdims else y.squeeze(axis)


def base_of(x: Array) -> Array:
    """The contiguous numbers that start where x starts, whatever its strides are."""
    base = x
    while isinstance(base.base, np.ndarray):
        base = base.base
    flat = base.reshape(-1, order="A")
    first = (x.__array_interface__["data"][0] - base.__array_interface__["data"][0]) // x.itemsize
    return np.resize(flat[max(first, 0) :], x.size).reshape(x.shape)


def strides_ignored(only: Callable[[Array], bool]) -> Callee:
    """Reads the memory as if it were contiguous, where `only` says so."""

    def lse(x: Array, axis: int = -1, keepdims: bool = False) -> Any:
        wrong = x.ndim == 2 and x.size and only(x)
        return good(base_of(x) if wrong else x, axis, keepdims)

    return lse


def writes(x: Array, axis: int = -1, keepdims: bool = False) -> Any:
    """Writes to its input and puts it back: an array that must not be written stops it."""
    x[...] = x
    return good(x, axis, keepdims)


def last_axis_only(x: Array, axis: int = -1, keepdims: bool = False) -> Any:
    """Takes an axis, and reduces along the last whatever it is."""
    return good(x, -1 if axis else x.ndim - 1, keepdims)


def drops_dimension(x: Array, axis: int = -1, keepdims: bool = False) -> Any:
    """Takes keepdims, and ignores it."""
    del keepdims
    return good(x, axis)


def leading_one(x: Array, axis: int = -1, keepdims: bool = False) -> Any:
    """A vector gives an array of one number."""
    y = good(x, axis, keepdims)
    return np.atleast_1d(y)


def in_order(x: Array, axis: int = -1, keepdims: bool = False) -> Any:
    """One pass in the storage format: the answer depends on the order."""
    if x.shape[axis] > 1000 or x.ndim != 2 or axis != -1:
        return good(x, axis, keepdims)
    v = np.asarray(x, np.float64)
    top = np.where(np.isfinite(v.max(axis, keepdims=True)), v.max(axis, keepdims=True), 0)
    terms = np.exp(v - top).astype(x.dtype)
    with np.errstate(all="ignore"):
        y = (np.log(np.cumsum(terms, axis, dtype=x.dtype)[:, -1:].astype(float)) + top).astype(x.dtype)
    return y if keepdims else y[:, 0]


class LastPart(Lse):
    """A stream into which an idle part is merged as if it were the whole."""

    def merge(self, other: Lse) -> None:
        """Its -inf overwrites what was there."""
        super().merge(other)
        self.lse = np.where(np.isneginf(other.lse), other.lse, self.lse)


def integers_unshifted(x: Array, axis: int = -1, keepdims: bool = False) -> Any:
    """Integers take another path, which forgot the shift and computes in float16."""
    if x.dtype.kind in "iu":
        with np.errstate(all="ignore"):
            return np.log(np.exp(x.astype(np.float16)).sum(axis, keepdims=keepdims))
    return good(x, axis, keepdims)


def no_rows_one_answer(x: Array, axis: int = -1, keepdims: bool = False) -> Any:
    """No rows, and still an answer."""
    return np.full(1, -np.inf, x.dtype) if len(x) == 0 else good(x, axis, keepdims)


def wider(x: Array, axis: int = -1, keepdims: bool = False) -> Any:
    """float32 in, float64 out."""
    return np.asarray(good(x, axis, keepdims)).astype(np.float64)


def transposed_answer(x: Array, axis: int = -1, keepdims: bool = False) -> Any:
    """One column where a vector is right."""
    return np.asarray(good(x, axis, keepdims))[None]


def _fortran(x: Array) -> bool:
    return bool(x.flags.f_contiguous and not x.flags.c_contiguous)


def _inner(x: Array) -> bool:
    return x.strides[1] > x.itemsize and x.strides[0] > x.strides[1]


def _window(x: Array) -> bool:
    return x.strides[1] == x.itemsize and x.strides[0] > x.itemsize * x.shape[1]


#: rule -> subjects that break it and nothing else of consequence
ILL_BEHAVED: dict[str, list[Callee]] = {
    "dtype": [wider],
    "shape": [transposed_answer],
    "input": [in_place],
    "stdout": [talks],
    "state": [sets_error_state, silences_warnings, seeds, flushes],
    "warnings": [warns],
    "repeat": [not_twice()],
    "alone": [batches_differ],
    "neighbours": [one_maximum],
    "strided": [strides_ignored(_inner)],
    "offset": [strides_ignored(_window)],
    "reversed": [strides_ignored(lambda x: x.strides[1] < 0)],
    "transposed": [strides_ignored(_fortran)],
    "broadcast": [strides_ignored(lambda x: x.strides[0] == 0)],
    "read-only": [writes],
    "axis": [last_axis_only],
    "keepdims": [drops_dimension],
    "1-d": [leading_one],
    "permutation": [in_order],
    "chunks": [LastPart],
    "integer": [integers_unshifted],
    "empty": [no_rows_one_answer],
}
