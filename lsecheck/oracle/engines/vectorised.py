"""The fast tier's arithmetic on NumPy arrays, in chunks that stay in the cache."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from lsecheck.oracle import outputs
from lsecheck.oracle.constants import POWER_HIGH, POWER_LOW
from lsecheck.oracle.doubledouble import CHUNK, approached, parts, size_grid

#: elements handled at once: what a chunk's dozen arrays of float64 take must fit in a core's cache
BLOCK = 1 << 13

name = f"numpy {np.__version__}"


def along(combine: np.ufunc, array: Any) -> Any:
    """`combine` over the entries of each row; column by column where rows are short.

    Only for what is the same in any order: NumPy takes its time for the start of each row.
    """
    n = array.shape[1]
    return functools.reduce(combine, (array[:, place] for place in range(n))) if n <= 8 else combine.reduce(array, 1)


def extremes(batch: Any) -> Any:
    """(rows, n) without nan and +inf -> maximum, next below it, multiplicity, finite entries, minimum."""
    rows, n = batch.shape
    found = np.empty((5, rows))
    step = max(BLOCK // n, 1)
    for start in range(0, rows, step):
        x = batch[start : start + step]
        a = along(np.maximum, x)
        beside, finite = x < a[:, None], x > -np.inf
        found[:, start : start + step] = (
            a,
            along(np.maximum, np.where(beside, x, -np.inf)),
            n - along(np.add, beside.astype(np.int64)),
            along(np.add, finite.astype(np.int64)),
            along(np.minimum, np.where(finite, x, np.inf)),
        )
    return found


def sums(batch: Any, a: Any, b: Any) -> Any:
    """(rows, n) -> (5, rows, chunks): the sums of `doubledouble.parts` over chunks of CHUNK entries."""
    rows, n = batch.shape
    chunks = max(-(-n // CHUNK), 1)
    found = np.zeros((5, rows, chunks))
    grid = size_grid(b)
    across = min(n, CHUNK)
    step = max(BLOCK // across, 1)
    for chunk in range(chunks):
        columns = slice(chunk * CHUNK, (chunk + 1) * CHUNK)
        for start in range(0, rows, step):
            part = slice(start, start + step)
            x = batch[part, columns]
            below = b[part, None]
            d, coarse, rest, j, weight = approached(x, a[part, None], below)
            terms = parts(d, below, coarse, rest, POWER_HIGH[j], POWER_LOW[j], weight, grid[part, None])
            for place, term in enumerate(terms):
                found[place, part, chunk] = along(np.add, term)
    return found


def row(*given: Any) -> "tuple[Any, ...]":
    """`outputs.row` of every row: arrays (rows,)."""
    return tuple(column[:, 0] for column in _run(outputs.row, [column[:, None] for column in given], ()))


def deviation(x: Any, given: Any, q: Any, shifts: int, fmt: "tuple[int, ...]") -> "tuple[Any, ...]":
    """`outputs.deviation` of every output: x (rows, outputs), all else (rows,)."""
    return _run(outputs.deviation, [x, *(column[:, None] for column in (*given, q))], (shifts, *fmt))


def portion(x: Any, given: Any, alone: Any, fmt: "tuple[int, ...]") -> "tuple[Any, ...]":
    """`outputs.portion` of every output: x (rows, outputs), all else (rows,)."""
    return _run(outputs.portion, [x, *(column[:, None] for column in (*given, alone))], fmt)


def _run(function: Callable[..., Any], arrays: "list[Any]", scalars: "tuple[int, ...]") -> "tuple[Any, ...]":
    """An elementwise function over arrays (rows, outputs) and (rows, 1), block by block."""
    rows, across = arrays[0].shape
    step, width = max(BLOCK // max(across, 1), 1), min(across, BLOCK)
    found: "list[Any]" = []
    for start in range(0, rows, step):
        for left in range(0, across, width):
            part, columns = slice(start, start + step), slice(left, left + width)
            pieces = function(*(each[part, columns] if each.shape[1] > 1 else each[part] for each in arrays), *scalars)
            found = found or [np.empty((rows, across), piece.dtype) for piece in pieces]
            for whole, piece in zip(found, pieces, strict=True):
                whole[part, columns] = piece
    return tuple(found)
