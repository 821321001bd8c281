"""The fast tier's loops, compiled by numba.

LLVM vectorises a loop only where no write can change what is still to be read, and gives up
where more than a few arrays would have to be compared for that. So the arithmetic runs on blocks
copied into one buffer, whose parts lie at distances known to the compiler: with the copies it
takes a quarter of the time, table lookups included.
"""

import hashlib
import inspect
import sys
from collections.abc import Callable
from typing import Any, cast

import numba
import numpy as np
from numba import njit

from lsecheck.oracle import constants, doubledouble, outputs, pairs, settle
from lsecheck.oracle.constants import POWER_HIGH, POWER_LOW
from lsecheck.oracle.doubledouble import CHUNK
from lsecheck.oracle.engines import scalar
from lsecheck.oracle.engines.scalar import ARITHMETIC, where, widest

name = f"numba {numba.__version__}"

BLOCK = 128  #: entries, rows or outputs handled at once: 20 arrays of them stay in the first cache
SHORT = 512  #: entries of a row that may go column by column: a block of such rows stays in the second cache

#: of every line that is compiled: numba's disk cache knows a change of this file alone
_STAMP = hashlib.sha256(
    "".join(
        inspect.getsource(module)
        for module in (constants, pairs, doubledouble, settle, outputs, scalar, sys.modules[__name__])
    ).encode()
).hexdigest()[:12]


def _loop(function: Callable[..., None]) -> Callable[..., None]:
    """Kept on disk, under a name of its own for each version: compiling takes seconds."""
    function.__qualname__ += f"_{_STAMP}"
    return njit(cache=True, error_model="numpy")(function)


def _passage(function: Callable[..., None]) -> Callable[..., None]:
    """Written into what calls it before that is compiled: alone it would not know where its arrays lie."""
    return cast(Callable[..., None], njit(error_model="numpy", inline="always")(function))


_approached, _parts, _row = ARITHMETIC["approached"], ARITHMETIC["parts"], ARITHMETIC["row"]
_deviation, _portion, _size_grid = ARITHMETIC["deviation"], ARITHMETIC["portion"], ARITHMETIC["size_grid"]


@_passage
def _own(owner: Any, start: Any, across: Any, rows: Any) -> None:
    """The row of each output of a block; past the last row it again: no index leaves its table."""
    row, left = start // across, across - start % across
    for i in range(BLOCK):
        owner[i] = min(row, rows - 1)
        left -= 1
        if left == 0:
            row, left = row + 1, across


@_passage
def _fetch(given: Any, owner: Any, held: Any) -> None:
    for place in range(len(given)):
        array, part = given[place], held[place]
        for i in range(BLOCK):
            part[i] = array[owner[i]]


@_passage
def _store(held: Any, found: Any, start: Any) -> None:
    for place in range(found.shape[0]):
        part, into = held[place], found[place, start : start + BLOCK]
        for i in range(into.size):
            into[i] = part[i]


def _reduction(function: Callable[..., Any]) -> Callable[..., Any]:
    """A maximum, or a sum without a rounding: the same in every order, so it may be reordered.

    Only then does it vectorise. There is no nan among the numbers.
    """
    return cast(Callable[..., Any], njit(error_model="numpy", fastmath={"reassoc", "nnan", "nsz"})(function))


@_reduction
def _ends(x: Any) -> Any:
    part = x.size // 4  # four searches at a time: one would wait for itself
    p, q, r, s = x[:part], x[part : 2 * part], x[2 * part : 3 * part], x[3 * part : 4 * part]
    p_top = q_top = r_top = s_top = -np.inf
    p_end = q_end = r_end = s_end = np.inf
    for i in range(part):
        p_top, q_top, r_top, s_top = max(p_top, p[i]), max(q_top, q[i]), max(r_top, r[i]), max(s_top, s[i])
        p_end, q_end, r_end, s_end = min(p_end, p[i]), min(q_end, q[i]), min(r_end, r[i]), min(s_end, s[i])
    for number in x[4 * part :]:
        p_top, p_end = max(p_top, number), min(p_end, number)
    return max(p_top, q_top, r_top, s_top), min(p_end, q_end, r_end, s_end)


@_reduction
def _below(x: Any, top: Any) -> Any:
    part = x.size // 4
    p, q, r, s = x[:part], x[part : 2 * part], x[2 * part : 3 * part], x[3 * part : 4 * part]
    p_top = q_top = r_top = s_top = -np.inf
    p_equal = q_equal = r_equal = s_equal = 0.0
    for i in range(part):
        p_top = max(p_top, where(p[i] < top, p[i], -np.inf))
        q_top = max(q_top, where(q[i] < top, q[i], -np.inf))
        r_top = max(r_top, where(r[i] < top, r[i], -np.inf))
        s_top = max(s_top, where(s[i] < top, s[i], -np.inf))
        p_equal += where(p[i] == top, 1.0, 0.0)
        q_equal += where(q[i] == top, 1.0, 0.0)
        r_equal += where(r[i] == top, 1.0, 0.0)
        s_equal += where(s[i] == top, 1.0, 0.0)
    for number in x[4 * part :]:
        p_top = max(p_top, where(number < top, number, -np.inf))
        p_equal += where(number == top, 1.0, 0.0)
    return max(p_top, q_top, r_top, s_top), p_equal + q_equal + r_equal + s_equal


@_reduction
def _finite(x: Any) -> Any:
    least, finite = np.inf, 0.0
    for number in x:
        held = number if number > -np.inf else np.inf
        least = held if held < least else least
        finite += 1.0 if number > -np.inf else 0.0
    return least, finite


@_reduction
def _total(x: Any) -> Any:
    total = 0.0
    for part in x:
        total += part
    return total


@_loop
def _extremes_by_row(batch: Any, found: Any) -> None:
    for row in range(batch.shape[0]):
        x = batch[row]
        top, least = _ends(x)
        second, equal = _below(x, top)
        finite = 1.0 * x.size
        if least == -np.inf:
            least, finite = _finite(x)
        found[0, row], found[1, row], found[2, row], found[3, row], found[4, row] = top, second, equal, finite, least


@_loop
def _extremes_by_column(batch: Any, found: Any) -> None:
    widest()
    rows, n = batch.shape
    held, owner = np.empty((6, BLOCK)), np.empty(BLOCK, np.uint64)
    top, second, equal, finite, least, x = held[0], held[1], held[2], held[3], held[4], held[5]
    for start in range(0, rows, BLOCK):
        _own(owner, start, 1, rows)
        top[:], second[:], equal[:], finite[:], least[:] = -np.inf, -np.inf, 0.0, 0.0, np.inf
        for column in range(n):
            for i in range(BLOCK):
                x[i] = batch[owner[i], column]
            for i in range(BLOCK):
                above, between = x[i] > top[i], (x[i] < top[i]) & (x[i] > second[i])
                second[i] = where(above, top[i], where(between, x[i], second[i]))
                equal[i] = where(above, 1.0, equal[i] + where(x[i] == top[i], 1.0, 0.0))
                top[i] = where(above, x[i], top[i])
                finite[i] += where(x[i] > -np.inf, 1.0, 0.0)
                least[i] = where((x[i] > -np.inf) & (x[i] < least[i]), x[i], least[i])
        _store(held, found, start)


@_passage
def _add_terms(held: Any) -> None:
    """x, a, b and the grid of each entry -> its parts, added to five sums."""
    x, a, b, grid = held[0], held[1], held[2], held[3]
    for i in range(BLOCK):
        d, coarse, rest, index, weight = _approached(x[i], a[i], b[i])
        index = np.uint64(index)  # unsigned: no look at whether it counts from the end
        terms = _parts(d, b[i], coarse, rest, POWER_HIGH[index], POWER_LOW[index], weight, grid[i])
        held[4, i] += terms[0]
        held[5, i] += terms[1]
        held[6, i] += terms[2]
        held[7, i] += terms[3]
        held[8, i] += terms[4]


@_loop
def _sums_by_row(batch: Any, given: Any, found: Any) -> None:
    widest()
    held = np.empty((9, BLOCK))
    for row in range(batch.shape[0]):
        a, b = given[0][row], given[1][row]
        held[1], held[2], held[3] = a, b, _size_grid(b)
        for chunk in range(found.shape[2]):
            x = batch[row, chunk * CHUNK : (chunk + 1) * CHUNK]
            held[4:] = 0.0
            for start in range(0, x.size, BLOCK):
                some = x[start : start + BLOCK]
                held[0] = a  # past the end the maximum, which is not summed
                held[0, : some.size] = some
                _add_terms(held)
            for place in range(5):
                found[place, row, chunk] = _total(held[4 + place])


@_loop
def _sums_by_column(batch: Any, given: Any, found: Any) -> None:
    widest()
    rows, n = batch.shape
    held, owner = np.empty((9, BLOCK)), np.empty(BLOCK, np.uint64)
    x, b, grid = held[0], held[2], held[3]
    for start in range(0, rows, BLOCK):
        _own(owner, start, 1, rows)
        _fetch(given, owner, held[1:])
        for i in range(BLOCK):
            grid[i] = _size_grid(b[i])
        held[4:] = 0.0
        for column in range(n):
            for i in range(BLOCK):
                x[i] = batch[owner[i], column]
            _add_terms(held)
        _store(held[4:], found[:, :, 0], start)


@_loop
def _rows(given: Any, found: Any) -> None:
    widest()
    held, owner = np.empty((20, BLOCK)), np.empty(BLOCK, np.uint64)
    a, b, m, n, first, second, third = held[0], held[1], held[2], held[3], held[4], held[5], held[6]
    moment, size, high, low, radius, t_high, t_low = held[7], held[8], held[9], held[10], held[11], held[12], held[13]
    q, total, log_total, spread, absolute = held[14].view(np.int64), held[15], held[16], held[17], held[18]
    rest = held[19]
    for start in range(0, found.shape[1], BLOCK):
        _own(owner, start, 1, found.shape[1])
        _fetch(given, owner, held)
        for i in range(BLOCK):
            (
                high[i], low[i], radius[i], t_high[i], t_low[i], q[i],
                total[i], log_total[i], spread[i], absolute[i], rest[i],
            ) = _row(a[i], b[i], m[i], n[i], first[i], second[i], third[i], moment[i], size[i])  # fmt: skip
        _store(held[9:], found, start)


@_loop
def _deviations(across: Any, given: Any, shifts: Any, fmt: Any, found: Any) -> None:
    widest()
    p, emin, emax, largest = fmt
    held, owner = np.empty((19, BLOCK)), np.empty(BLOCK, np.uint64)
    a, m, n, l_high, l_low, l_radius, t_high = held[0], held[1], held[2], held[3], held[4], held[5], held[6]
    t_low, q, x = held[7], held[8].view(np.int64), held[9]
    high, low, radius, share, decided = held[10], held[11], held[12], held[17], held[18]
    whole = held[13:17].view(np.int64)
    scale, place, side, exponent = whole[0], whole[1], whole[2], whole[3]
    for start in range(0, found.shape[1], BLOCK):
        _own(owner, start, across, given[0].size)
        _fetch(given[:-1], owner, held)
        _own(owner, start, 1, found.shape[1])
        _fetch(given[-1:], owner, held[9:])
        for i in range(BLOCK):
            (
                high[i], low[i], radius[i], scale[i], place[i], side[i], exponent[i], share[i], decided[i],
            ) = _deviation(
                x[i], a[i], m[i], n[i], l_high[i], l_low[i], l_radius[i], t_high[i], t_low[i], q[i],
                shifts, p, emin, emax, largest,
            )  # fmt: skip
        _store(held[10:], found, start)


@_loop
def _portions(across: Any, given: Any, fmt: Any, found: Any) -> None:
    widest()
    p, emin, emax, largest = fmt
    held, owner = np.empty((16, BLOCK)), np.empty(BLOCK, np.uint64)
    a, inverse, l_high, l_low, l_radius, alone, x = held[0], held[1], held[2], held[3], held[4], held[5], held[6]
    high, low, radius, share, decided = held[7], held[8], held[9], held[14], held[15]
    whole = held[10:14].view(np.int64)
    scale, place, side, exponent = whole[0], whole[1], whole[2], whole[3]
    for start in range(0, found.shape[1], BLOCK):
        _own(owner, start, across, given[0].size)
        _fetch(given[:-1], owner, held)
        _own(owner, start, 1, found.shape[1])
        _fetch(given[-1:], owner, held[6:])
        for i in range(BLOCK):
            (
                high[i], low[i], radius[i], scale[i], place[i], side[i], exponent[i], share[i], decided[i],
            ) = _portion(
                x[i], a[i], inverse[i], l_high[i], l_low[i], l_radius[i], alone[i] > 0, p, emin, emax, largest,
            )  # fmt: skip
        _store(held[7:], found, start)


def extremes(batch: Any) -> Any:
    """As `vectorised.extremes`."""
    found = np.empty((5, len(batch)))
    (_extremes_by_column if _is_tall(*batch.shape) else _extremes_by_row)(batch, found)
    return found


def sums(batch: Any, a: Any, b: Any) -> Any:
    """As `vectorised.sums`."""
    rows, n = batch.shape
    found = np.zeros((5, rows, max(-(-n // CHUNK), 1)))
    (_sums_by_column if _is_tall(rows, n) else _sums_by_row)(batch, (a, b), found)
    return found


def _is_tall(rows: int, n: int) -> bool:
    """Whether blocks of BLOCK rows leave no more of themselves empty than blocks along the rows."""
    return n <= SHORT and -(-rows // BLOCK) * n <= rows * -(-n // BLOCK)


def row(*given: Any) -> "tuple[Any, ...]":
    """As `vectorised.row`."""
    found = np.empty((11, len(given[0])))
    _rows(_columns(given), found)
    return (*found[:5], found[5].view(np.int64), *found[6:])


def deviation(x: Any, given: Any, q: Any, shifts: int, fmt: "tuple[int, ...]") -> "tuple[Any, ...]":
    """As `vectorised.deviation`."""
    found = np.empty((9, x.size))
    _deviations(x.shape[1], _columns((*given, q.view(np.float64), x.reshape(-1))), shifts, fmt, found)
    return _outputs(found.reshape(9, *x.shape))


def portion(x: Any, given: Any, alone: Any, fmt: "tuple[int, ...]") -> "tuple[Any, ...]":
    """As `vectorised.portion`."""
    found = np.empty((9, x.size))
    _portions(x.shape[1], _columns((*given, alone, x.reshape(-1))), fmt, found)
    return _outputs(found.reshape(9, *x.shape))


def _columns(given: "tuple[Any, ...]") -> "tuple[Any, ...]":
    """Arrays of one type, so that a loop may run over them; whole numbers among them by their bits."""
    return tuple(np.ascontiguousarray(array, np.float64) for array in given)


def _outputs(found: Any) -> "tuple[Any, ...]":
    return (*found[:3], *found[3:7].view(np.int64), found[7], found[8] > 0)
