"""What a subject is asked, and what it says: plain records, so that they can cross a process.

A question holds its cases in one contiguous array and *names* how they are to be handed over (the
layout in memory, the axis); whoever calls the subject, here or in a worker, lays them out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lsecheck.functions.definition import Labels

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Question:
    """One call of a subject."""

    function: str
    array: Array  #: (rows, n), contiguous, in the input format (or integers)
    output: str  #: the format to answer in
    labels: "Labels | None" = None
    layout: str = "contiguous"  #: how the cases lie in memory: a name of `LAYOUTS`
    way: str = "rows"  #: along which axis they are reduced: a name of `WAYS`
    watched: bool = False  #: look at what else the call does
    plan: str = ""  #: how a streaming subject is fed; '' is its own default


class Notice(NamedTuple):
    """Something a call did beside answering."""

    rule: str  #: of conduct: input, warnings, stdout, state
    message: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back from a call."""

    array: "Array | None"  #: as the subject returned it; None where it returned none
    trouble: str = ""  #: '', raised, shape, crashed, timed-out or unasked
    message: str = ""
    notices: tuple[Notice, ...] = ()


class Way(NamedTuple):
    """How cases (rows, n) become an array with the entries along some axis, and how answers come back."""

    axis: int
    keepdims: bool
    put: Callable[[Array], Array]  #: (rows, n) -> what is handed over
    reduced: Callable[[int], tuple[int, ...]]  #: rows -> shape of a reduction of it
    back: Callable[[Array], Array]  #: an elementwise answer -> (rows, n)


def _stacked(x: Array) -> Array:
    """The rows twice, the entries in the middle: (2, n, rows)."""
    return np.stack([x.T, x.T])


def _unstacked(y: Array) -> Array:
    return y[1].T


def _gaps(shape: tuple[int, ...], dtype: Any) -> Array:
    """An array of nan (the largest number, for integers): whoever reads between the entries shows it."""
    return np.full(shape, np.iinfo(dtype).max if dtype.kind in "iu" else np.nan, dtype)


def _strided(array: Array) -> Array:
    rows, n = array.shape
    base = _gaps((rows, 2 * n), array.dtype)
    base[:, ::2] = array
    return base[:, ::2]


def _offset(array: Array) -> Array:
    rows, n = array.shape
    base = _gaps((rows + 2, n + 3), array.dtype)
    base[1:-1, 1 : n + 1] = array
    return base[1:-1, 1 : n + 1]


def _broadcast(array: Array) -> Array:
    base = _gaps(array.shape, array.dtype)
    base[:1] = array[:1]
    return np.broadcast_to(base[:1], array.shape)


def _read_only(array: Array) -> Array:
    held = array.copy()
    held.flags.writeable = False
    return held


LAYOUTS: "dict[str, Callable[[Array], Array]]" = {
    "contiguous": np.copy,
    "strided": _strided,  # every other entry, as x[:, ::2]
    "offset": _offset,  # a window of a larger array, as x[1:-1, 1:-2]
    "reversed": lambda array: array[::-1, ::-1].copy()[::-1, ::-1],
    "transposed": lambda array: np.array(array, order="F"),  # Fortran-ordered, as x.T
    "broadcast": _broadcast,  # one row, many times
    "read-only": _read_only,
}

WAYS = {
    "rows": Way(-1, False, lambda x: x, lambda rows: (rows,), lambda y: y),
    "first": Way(0, False, lambda x: x.T.copy(), lambda rows: (rows,), lambda y: y.T),
    "middle": Way(1, False, _stacked, lambda rows: (2, rows), _unstacked),
    "keepdims": Way(-1, True, lambda x: x, lambda rows: (rows, 1), lambda y: y),
    # one row as a vector: a reduction of it is a number
    "vector": Way(-1, False, lambda x: x[0].copy(), lambda _: (), lambda y: y[None, :]),
}
