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
from numba.extending import intrinsic

from lsecheck.oracle import constants, doubledouble, outputs, pairs, settle
from lsecheck.oracle.constants import POWER_HIGH, POWER_LOW, WEIGHTS
from lsecheck.oracle.doubledouble import CHUNK

LANES = 32  #: independent maxima, so that the search for one vectorises
name = f"numba {numba.__version__}"

BLOCK = 256  #: entries a stage passes on to the next: a dozen arrays of them stay in the first cache


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
_smaller, _larger = _known["smaller"], _known["larger"]


@_elementwise
def _grow(x: Any, start: Any, size: Any, tops: Any, leasts: Any, finites: Any) -> None:
    for i in range(size):
        number = x[start + i]
        finite = number > -np.inf
        tops[i] = _larger(number, tops[i])
        leasts[i] = _smaller(_where(finite, number, np.inf), leasts[i])
        finites[i] += _where(finite, 1.0, 0.0)


@_elementwise
def _follow(x: Any, start: Any, size: Any, top: Any, seconds: Any, equals: Any) -> None:
    for i in range(size):
        number = x[start + i]
        seconds[i] = _larger(_where(number < top, number, -np.inf), seconds[i])
        equals[i] += _where(number == top, 1.0, 0.0)


@_loop
def _extremes(batch: Any, found: Any) -> None:
    rows, n = batch.shape
    whole = n - n % LANES  # a loop of known length vectorises best
    tops, seconds, leasts = np.empty(LANES), np.empty(LANES), np.empty(LANES)
    equals, finites = np.empty(LANES), np.empty(LANES)
    for row in range(rows):
        x = batch[row]
        tops[:], seconds[:], leasts[:], equals[:], finites[:] = -np.inf, -np.inf, np.inf, 0.0, 0.0
        for start in range(0, whole, LANES):
            _grow(x, start, LANES, tops, leasts, finites)
        _grow(x, whole, n - whole, tops, leasts, finites)
        top = tops.max()
        for start in range(0, whole, LANES):
            _follow(x, start, LANES, top, seconds, equals)
        _follow(x, whole, n - whole, top, seconds, equals)
        found[0, row], found[1, row], found[2, row] = top, seconds.max(), equals.sum()
        found[3, row], found[4, row] = finites.sum(), leasts.min()


@_loop
def _short_extremes(batch: Any, found: Any) -> None:
    rows, n = batch.shape
    for row in range(rows):
        top, second, least, equal, finite = -np.inf, -np.inf, np.inf, 0.0, 0.0
        for place in range(n):
            x = batch[row, place]
            second = _where(x > top, top, _where((x < top) & (x > second), x, second))
            equal = _where(x > top, 1.0, equal + _where(x == top, 1.0, 0.0))
            top = _larger(x, top)
            least = _smaller(_where(x > -np.inf, x, np.inf), least)
            finite += _where(x > -np.inf, 1.0, 0.0)
        found[0, row], found[1, row], found[2, row], found[3, row], found[4, row] = top, second, equal, finite, least


@_loop
def _block(x: Any, top: Any, second: Any, grid: Any, stage: Any, index: Any, into: Any) -> None:
    """Add the parts of up to BLOCK entries to as many accumulators."""
    d, coarse, rest, high, low, weight = stage
    place, scale = index
    first, middle, third, moment, size = into
    for i in range(x.size):
        d[i], coarse[i], rest[i], place[i], scale[i] = _approached(x[i], top[i], second[i])
    for i in range(x.size):
        high[i] = POWER_HIGH[place[i]]
        low[i] = POWER_LOW[place[i]]
        weight[i] = WEIGHTS[scale[i]]
    for i in range(x.size):
        p, q, r, s, t = _parts(x[i], d[i], coarse[i], rest[i], high[i], low[i], weight[i], grid[i])
        first[i] += p
        middle[i] += q
        third[i] += r
        moment[i] += s
        size[i] += t


@_loop
def _sums(batch: Any, a: Any, b: Any, found: Any) -> None:
    rows, n = batch.shape
    top, second, grid = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    stage = np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK), np.empty(BLOCK)
    index = np.empty(BLOCK, np.int64), np.empty(BLOCK, np.int64)
    into = np.zeros(BLOCK), np.zeros(BLOCK), np.zeros(BLOCK), np.zeros(BLOCK), np.zeros(BLOCK)
    if n <= BLOCK // 2:  # several rows fit in a block
        flat = batch.reshape(-1)
        together = BLOCK // n
        for start in range(0, rows, together):
            count = min(together, rows - start)
            for row in range(count):
                wide = _size_grid(b[start + row])
                for i in range(row * n, (row + 1) * n):
                    top[i], second[i], grid[i] = a[start + row], b[start + row], wide
            _block(flat[start * n : (start + count) * n], top, second, grid, stage, index, into)
            for part in range(5):
                lanes = into[part]
                for row in range(count):
                    total = 0.0
                    for i in range(row * n, (row + 1) * n):
                        total += lanes[i]
                        lanes[i] = 0.0
                    found[part, start + row, 0] = total
        return
    for row in range(rows):
        top[:], second[:], grid[:] = a[row], b[row], _size_grid(b[row])
        for chunk in range(found.shape[2]):
            end = min(n, (chunk + 1) * CHUNK)
            for start in range(chunk * CHUNK, end, BLOCK):
                _block(batch[row, start : min(start + BLOCK, end)], top, second, grid, stage, index, into)
            for part in range(5):
                lanes = into[part]
                half = BLOCK // 2
                while half >= 8:  # the sums are exact: any order
                    lanes[:half] += lanes[half : 2 * half]
                    half //= 2
                found[part, row, chunk] = lanes[:8].sum()
                lanes[:] = 0.0


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
    (_short_extremes if batch.shape[1] < 2 * LANES else _extremes)(batch, found)
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
