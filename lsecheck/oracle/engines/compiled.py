"""The fast tier's arithmetic compiled by numba: the same lines, the same bits.

The functions of `pairs`, `doubledouble`, `settle` and `outputs` are taken as they are, with the
operations of `primitives` replaced by their scalar forms. numba neither reorders nor contracts
floating point unless it is asked to. The loops over blocks are staged so that they vectorise:
only the table lookups are one by one.
"""

import hashlib
import inspect
import sys
import types
from collections.abc import Callable
from typing import Any, cast

import numba
import numpy as np
from llvmlite import ir
from numba import njit
from numba.extending import intrinsic, overload

from lsecheck.oracle import constants, doubledouble, outputs, pairs, settle
from lsecheck.oracle.constants import POWER_HIGH, POWER_LOW
from lsecheck.oracle.doubledouble import CHUNK

name = f"numba {numba.__version__}"

BLOCK = 128  #: entries a stage passes on to the next: a dozen arrays of them stay in the first cache


def _elementwise(function: Callable[..., Any]) -> Callable[..., Any]:
    return njit(error_model="numpy", forceinline=True)(function)


#: of every line that is compiled: numba's disk cache knows a change of this file alone
_STAMP = hashlib.sha256(
    "".join(
        inspect.getsource(module) for module in (constants, pairs, doubledouble, settle, outputs, sys.modules[__name__])
    ).encode()
).hexdigest()[:12]


def _loop(function: Callable[..., None]) -> Callable[..., None]:
    """Kept on disk, under a name of its own for each version: compiling takes seconds."""
    function.__qualname__ += f"_{_STAMP}"
    return njit(cache=True, error_model="numpy")(function)


def _instruction(given: Any, answered: Any, build: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """A function of one number that is one instruction of the processor."""

    def typed(context: Any, number: Any) -> Any:
        return answered(given), lambda context, builder, signature, values: build(builder, values[0])

    return cast(Callable[..., Any], intrinsic(typed))


def _rint(builder: Any, value: Any) -> Any:
    return builder.call(builder.module.declare_intrinsic("llvm.rint", [ir.DoubleType()]), [value])


_bits = _instruction(numba.float64, numba.int64, lambda builder, value: builder.bitcast(value, ir.IntType(64)))
_number = _instruction(numba.int64, numba.float64, lambda builder, value: builder.bitcast(value, ir.DoubleType()))
_nearest = _instruction(numba.float64, numba.float64, _rint)


def _choice(context: Any, condition: Any, one: Any, other: Any) -> Any:
    """A choice without a branch: branches keep loops from vectorising."""
    chosen = context.unify_types(one, other)

    def lower(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        flag, *pair = values
        first, second = (
            context.cast(builder, value, given, chosen) for value, given in zip(pair, signature.args[1:], strict=True)
        )
        return builder.select(flag, first, second)

    return chosen(numba.boolean, one, other), lower


_where = cast(Callable[..., Any], intrinsic(_choice))


def _lesser(one: Any, other: Any) -> Any:
    return _where(one < other, one, other)


def _greater(one: Any, other: Any) -> Any:
    return _where(one > other, one, other)


def _integer(number: Any) -> Any:
    return np.int64(number)


def _steps(number: Any) -> Any:
    return _bits(number) - 0x4338000000000000


def _exponent(number: Any) -> Any:
    return (_bits(number) >> 52 & 0x7FF) - 1023


def _power(of: Any) -> Any:
    return _number((of + 1023) << 52)


_PRIMITIVES: "dict[str, Any]" = {"nearest": _nearest, "where": _where} | {
    name: _elementwise(function)
    for name, function in (
        ("smaller", _lesser),
        ("larger", _greater),
        ("integer", _integer),
        ("steps", _steps),
        ("exponent", _exponent),
        ("power", _power),
    )
}


def _translated() -> "dict[str, Any]":
    """Every function of the arithmetic, by name, compiled from its own code."""
    known = dict(_PRIMITIVES)
    for module in (pairs, doubledouble, settle, outputs):
        scope = vars(module) | known
        for key, function in vars(module).items():
            if isinstance(function, types.FunctionType) and function.__module__ == module.__name__:
                own = types.FunctionType(function.__code__, scope, key)
                known[key] = scope[key] = _elementwise(own)
    return known


_known = _translated()
_approached, _parts, _row = _known["approached"], _known["parts"], _known["row"]
_deviation, _portion, _size_grid = _known["deviation"], _known["portion"], _known["size_grid"]


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
        p_top = max(p_top, _where(p[i] < top, p[i], -np.inf))
        q_top = max(q_top, _where(q[i] < top, q[i], -np.inf))
        r_top = max(r_top, _where(r[i] < top, r[i], -np.inf))
        s_top = max(s_top, _where(s[i] < top, s[i], -np.inf))
        p_equal += _where(p[i] == top, 1.0, 0.0)
        q_equal += _where(q[i] == top, 1.0, 0.0)
        r_equal += _where(r[i] == top, 1.0, 0.0)
        s_equal += _where(s[i] == top, 1.0, 0.0)
    for number in x[4 * part :]:
        p_top = max(p_top, _where(number < top, number, -np.inf))
        p_equal += _where(number == top, 1.0, 0.0)
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
def _totals(first: Any, second: Any, third: Any, moment: Any, size: Any, start: Any, end: Any) -> Any:
    p = q = r = s = t = 0.0
    for i in range(start, end):
        p += first[i]
        q += second[i]
        r += third[i]
        s += moment[i]
        t += size[i]
    return p, q, r, s, t


@_loop
def _extremes(batch: Any, found: Any) -> None:
    for row in range(batch.shape[0]):
        x = batch[row]
        if x.size < 32:
            top, second, least, equal = -np.inf, -np.inf, np.inf, 0.0
            for number in x:
                second = _where(number > top, top, _where((number < top) & (number > second), number, second))
                equal = _where(number > top, 1.0, equal + _where(number == top, 1.0, 0.0))
                top, least = max(top, number), min(least, number)
        else:
            top, least = _ends(x)
            second, equal = _below(x, top)
        finite = 1.0 * x.size
        if least == -np.inf:
            least, finite = _finite(x)
        found[0, row], found[1, row], found[2, row], found[3, row], found[4, row] = top, second, equal, finite, least


def _at(given: Any, i: Any) -> Any:
    """A number that all entries share, or that of entry i: chosen by type when it is compiled."""


def _typed_at(given, i):  # type: ignore[no-untyped-def] # numba compares signatures, annotations and all
    shared = isinstance(given, numba.types.Float)
    return (lambda given, i: given) if shared else (lambda given, i: given[i])


_at.__annotations__.clear()
overload(_at, inline="always")(_typed_at)


@_loop
def _block(x: Any, top: Any, second: Any, grid: Any, stage: Any, index: Any, into: Any) -> None:
    """The parts of up to BLOCK entries."""
    d, coarse, rest, high, low, weight = stage
    first, middle, third, moment, size = into
    for i in range(x.size):
        d[i], coarse[i], rest[i], index[i], weight[i] = _approached(x[i], _at(top, i), _at(second, i))
    for i in range(x.size):
        high[i] = POWER_HIGH[index[i]]
        low[i] = POWER_LOW[index[i]]
    for i in range(x.size):
        first[i], middle[i], third[i], moment[i], size[i] = _parts(
            d[i], _at(second, i), coarse[i], rest[i], high[i], low[i], weight[i], _at(grid, i)
        )


@_loop
def _sums(batch: Any, a: Any, b: Any, found: Any) -> None:
    rows, n = batch.shape
    top, second, grid = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    stage = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    index = np.empty(BLOCK, np.uint64)  # unsigned: no look at whether it counts from the end
    into = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    p, q, r, s, t = into
    if n > BLOCK:
        for row in range(rows):
            wide = _size_grid(b[row])
            for chunk in range(found.shape[2]):
                part = found[:, row, chunk]
                end = min(n, (chunk + 1) * CHUNK)
                for start in range(chunk * CHUNK, end, BLOCK):
                    x = batch[row, start : min(start + BLOCK, end)]
                    _block(x, a[row], b[row], wide, stage, index, into)
                    first, middle, third, moment, size = _totals(p, q, r, s, t, 0, x.size)
                    part[0] += first
                    part[1] += middle
                    part[2] += third
                    part[3] += moment
                    part[4] += size
        return
    flat = batch.reshape(-1)
    together = BLOCK // n  # short rows share a block
    for start in range(0, rows, together):
        count = min(together, rows - start)
        for row in range(count):
            wide = _size_grid(b[start + row])
            for i in range(row * n, (row + 1) * n):
                top[i], second[i], grid[i] = a[start + row], b[start + row], wide
        _block(flat[start * n : (start + count) * n], top, second, grid, stage, index, into)
        for row in range(count):
            part = found[:, start + row, 0]
            part[0], part[1], part[2], part[3], part[4] = _totals(p, q, r, s, t, row * n, (row + 1) * n)


@_loop
def _rows(given: Any, found: Any, exponents: Any) -> None:
    a, b, m, n, first, second, third, moment, size = given
    high, low, radius, t_high, t_low, total, log_total, spread, absolute, rest = found
    for i in range(a.size):
        (
            high[i], low[i], radius[i], t_high[i], t_low[i], exponents[i],
            total[i], log_total[i], spread[i], absolute[i], rest[i],
        ) = _row(a[i], b[i], m[i], n[i], first[i], second[i], third[i], moment[i], size[i])  # fmt: skip


@_loop
def _deviations(x: Any, given: Any, q: Any, shifts: Any, fmt: Any, found: Any, whole: Any, decided: Any) -> None:
    a, m, n, l_high, l_low, l_radius, t_high, t_low = given
    p, emin, emax, largest = fmt
    high, low, radius, share = found
    scale, place, side, exponent = whole
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            (
                high[i, j], low[i, j], radius[i, j], scale[i, j], place[i, j], side[i, j], exponent[i, j],
                share[i, j], decided[i, j],
            ) = _deviation(
                x[i, j], a[i], m[i], n[i], l_high[i], l_low[i], l_radius[i], t_high[i], t_low[i], q[i],
                shifts, p, emin, emax, largest,
            )  # fmt: skip


@_loop
def _portions(x: Any, given: Any, alone: Any, fmt: Any, found: Any, whole: Any, decided: Any) -> None:
    a, inverse, l_high, l_low, l_radius = given
    p, emin, emax, largest = fmt
    high, low, radius, share = found
    scale, place, side, exponent = whole
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            (
                high[i, j], low[i, j], radius[i, j], scale[i, j], place[i, j], side[i, j], exponent[i, j],
                share[i, j], decided[i, j],
            ) = _portion(
                x[i, j], a[i], inverse[i], l_high[i], l_low[i], l_radius[i], alone[i], p, emin, emax, largest
            )  # fmt: skip


def extremes(batch: Any) -> Any:
    """As `vectorised.extremes`."""
    found = np.empty((5, len(batch)))
    _extremes(batch, found)
    return found


def sums(batch: Any, a: Any, b: Any) -> Any:
    """As `vectorised.sums`."""
    rows, n = batch.shape
    found = np.zeros((5, rows, max(-(-n // CHUNK), 1)))
    _sums(batch, a, b, found)
    return found


def row(*given: Any) -> "tuple[Any, ...]":
    """As `vectorised.row`."""
    given = tuple(np.ascontiguousarray(array, np.float64) for array in given)
    found = tuple(np.empty(len(given[0])) for _ in range(10))
    exponents = np.empty(len(given[0]), np.int64)
    _rows(given, found, exponents)
    return (*found[:5], exponents, *found[5:])


def deviation(x: Any, given: Any, q: Any, shifts: int, fmt: "tuple[int, ...]") -> "tuple[Any, ...]":
    """As `vectorised.deviation`."""
    found, whole, decided = _outputs(x.shape)
    _deviations(x, given, q, shifts, fmt, found, whole, decided)
    return (*found[:3], *whole, found[3], decided)


def portion(x: Any, given: Any, alone: Any, fmt: "tuple[int, ...]") -> "tuple[Any, ...]":
    """As `vectorised.portion`."""
    found, whole, decided = _outputs(x.shape)
    _portions(x, given, alone, fmt, found, whole, decided)
    return (*found[:3], *whole, found[3], decided)


def _outputs(shape: "tuple[int, ...]") -> Any:
    numbers, whole = (np.empty(shape) for _ in range(4)), (np.empty(shape, np.int64) for _ in range(4))
    return tuple(numbers), tuple(whole), np.empty(shape, np.bool_)
