"""`arithmetic` compiled by numba: the same lines, the same bits.

A function is taken as it is, with those that it calls, and the operations of `primitives`
replaced by their scalar forms. There is a kernel for each function of the family, as they
differ in condition and bounds.
"""

import functools
import hashlib
import inspect
import sys
import types
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numba import bool_, float64, int8, int16, int64, njit, void
from numba import types as typed

from lsecheck import contracts
from lsecheck.contracts import Contract, lengths
from lsecheck.functions import cross_entropy, definition, log_softmax, logaddexp, logsumexp, softmax
from lsecheck.functions.definition import Floats, Function, Sums
from lsecheck.measure import arithmetic
from lsecheck.measure.arithmetic import Target, target
from lsecheck.measure.definition import Errors
from lsecheck.oracle import pairs, primitives
from lsecheck.oracle.engines import compiled
from lsecheck.oracle.engines.compiled import _PRIMITIVES, _bits, _elementwise, _number, _where

if TYPE_CHECKING:
    from lsecheck.oracle.truth import Truth

BLOCK = 256  #: outputs judged at once: their figures stay in the first cache


class Definition(NamedTuple):
    """What the arithmetic asks of a `Function`, compiled."""

    condition: Any
    bound: Any
    lost_beside: Any
    underflow: Any
    conditioned_factor: float
    folds: bool


def _outlined(function: Any) -> Any:
    return njit(error_model="numpy")(function)


def _every(flags: Any) -> Any:
    return False


def _chosen(place: Any, p: Any, q: Any, r: Any, s: Any, t: Any, u: Any) -> Any:
    return _where(
        place < 3, _where(place == 0, p, _where(place == 1, q, r)), _where(place == 3, s, _where(place == 4, t, u))
    )


#: numba has its own np.minimum and np.maximum, of which nan is the same as of arrays; the oracle's have no nan
_SCALAR = {getattr(primitives, name): form for name, form in _PRIMITIVES.items() if name not in ("smaller", "larger")}
_SCALAR |= {primitives.every: _elementwise(_every), primitives.chosen: _elementwise(_chosen)}


@functools.cache
def _translated(function: Any) -> Any:
    """A function compiled from its own code, with all that it calls."""
    scope = dict(function.__globals__)
    for name in function.__code__.co_names:
        called = scope.get(name)
        if callable(called) and called in _SCALAR:
            scope[name] = _SCALAR[called]
        elif isinstance(called, types.FunctionType):
            scope[name] = _translated(called)
    return _elementwise(types.FunctionType(function.__code__, scope, function.__name__))


#: of every line that is compiled: numba's disk cache knows a change of this file alone
_STAMP = hashlib.sha256(
    "".join(
        inspect.getsource(module)
        for module in (
            cross_entropy, log_softmax, logaddexp, logsumexp, softmax, definition, contracts, arithmetic, pairs,
            primitives, compiled, sys.modules[__name__],
        )
    ).encode()
).hexdigest()[:12]  # fmt: skip

_judge, _function = _translated(arithmetic.judge), None


def _at(held: Any, figure: Any, i: Any) -> Any:
    return held[figure * BLOCK + i]


def _whole_at(held: Any, figure: Any, i: Any) -> Any:
    return _bits(held[figure * BLOCK + i])


_at, _whole_at = _elementwise(_at), _elementwise(_whole_at)


@_outlined
def _bring(source: Any, rows: Any, start: Any, count: Any, held: Any, figure: Any) -> None:
    """Figures of outputs, or of their rows; what all share is brought once."""
    place = np.uint64(figure * BLOCK)
    if source.size == 1:
        if start == 0:
            for i in range(np.uint64(BLOCK)):
                held[place + i] = source[0]
    elif rows.size:
        for i in range(count):
            held[place + i] = source[rows[i]]
    else:
        for i in range(count):
            held[place + i] = source[start + i]


@_outlined
def _bring_bits(source: Any, start: Any, count: Any, held: Any, figure: Any) -> None:
    place = np.uint64(figure * BLOCK)
    for i in range(count):
        held[place + i] = _number(source[start + i])


@_outlined
def _take(held: Any, figure: Any, into: Any, start: Any, count: Any) -> None:
    place = np.uint64(figure * BLOCK)
    for i in range(count):
        into[start + i] = held[place + i]


@_outlined
def _take_bits(held: Any, figure: Any, into: Any, start: Any, count: Any) -> None:
    place = np.uint64(figure * BLOCK)
    for i in range(count):
        into[start + i] = _bits(held[place + i])


def _kernel(
    figures: Any, places: Any, binade: Any, scale: Any, expected: Any, side: Any, outputs: Any,
    fmt: Any, binary: Any, required: Any, numbers: Any, rung: Any, correct: Any, codes: Any,
) -> None:  # fmt: skip
    """Judges outputs block by block.

    A block of every array is copied into one: of two dozen arrays no compiler proves that they
    do not overlap, and only where it does will the arithmetic vectorise.
    """
    held, row_of = np.zeros(26 * BLOCK), np.empty(BLOCK if outputs > 1 else 0, np.uint64)
    none = row_of[:0]
    n, total, log_total, spread, absolute, rest, growth, natural, share, gap, high, low, answers = figures
    row = column = 0
    for first in range(0, places.size, BLOCK):
        start, count = np.uint64(first), np.uint64(min(BLOCK, places.size - first))
        for i in range(row_of.size):
            row_of[i] = row
            column += 1
            done = column == outputs
            row, column = row + done, 0 if done else column
        _bring(n, row_of, start, count, held, 0)
        _bring(total, row_of, start, count, held, 1)
        _bring(log_total, row_of, start, count, held, 2)
        _bring(spread, row_of, start, count, held, 3)
        _bring(absolute, row_of, start, count, held, 4)
        _bring(rest, row_of, start, count, held, 5)
        _bring(growth, row_of, start, count, held, 6)
        _bring(natural, row_of, start, count, held, 7)
        _bring(share, none, start, count, held, 8)
        _bring(gap, none, start, count, held, 9)
        _bring(high, none, start, count, held, 10)
        _bring(low, none, start, count, held, 11)
        _bring(answers, none, start, count, held, 12)
        _bring_bits(places, start, count, held, 13)
        _bring_bits(binade, start, count, held, 14)
        _bring_bits(scale, start, count, held, 15)
        _bring_bits(expected, start, count, held, 16)
        _bring_bits(side, start, count, held, 17)
        for i in range(BLOCK):
            sums = Sums(
                _at(held, 0, i), 0.0, _at(held, 1, i), _at(held, 2, i), _at(held, 3, i), _at(held, 4, i),
                _at(held, 5, i), _at(held, 8, i), _at(held, 9, i),
            )  # fmt: skip
            ulp, signed, scaled, condition, excess, kept, right, code = _judge(
                _function, sums, _at(held, 6, i), _at(held, 7, i), _whole_at(held, 16, i), _whole_at(held, 13, i),
                _whole_at(held, 17, i), _whole_at(held, 14, i), _at(held, 10, i), _at(held, 11, i),
                _whole_at(held, 15, i), _at(held, 12, i), fmt, binary, required,
            )  # fmt: skip
            held[18 * BLOCK + i] = ulp
            held[19 * BLOCK + i] = signed
            held[20 * BLOCK + i] = scaled
            held[21 * BLOCK + i] = condition
            held[22 * BLOCK + i] = excess
            held[23 * BLOCK + i] = _number(kept)
            held[24 * BLOCK + i] = _number(right)
            held[25 * BLOCK + i] = _number(code)
        for figure in range(5):
            _take(held, 18 + figure, numbers, np.uint64(figure * places.size + first), count)
        _take_bits(held, 23, rung, start, count)
        _take_bits(held, 24, correct, start, count)
        _take_bits(held, 25, codes, start, count)


#: in the kernel's order; between them stand the two of `lengths`
ROW_FIGURES, OUTPUT_FIGURES = ("n", "total", "log_total", "spread", "absolute", "rest"), ("share", "gap")


def _given(kind: Any) -> Any:
    return typed.Array(kind, 1, "C", readonly=True)  # what may be written is taken too


_SIGNATURE = void(
    typed.UniTuple(_given(float64), 13), _given(int64), _given(int16), _given(int16), _given(int8), _given(int8), int64,
    typed.NamedTuple((float64, float64, int64, int64, int64, float64, bool_), Target), bool_, int64,
    float64[::1], int8[::1], bool_[::1], int8[::1],
)  # fmt: skip


@functools.cache
def _compiled(function: Function) -> "tuple[Callable[..., None], set[str]]":
    """The kernel of a function, kept on disk, and the names that its definition uses."""
    pieces = function.condition, function.bound, function.lost_beside, function.underflow
    own = Definition(*map(_translated, pieces), function.conditioned_factor, function.folds)
    kernel = types.FunctionType(_kernel.__code__, globals() | {"_function": own}, f"judge_{function.name}")
    kernel.__qualname__ = f"judge_{function.name}_{_STAMP}"
    used = {name for piece in (*pieces, contracts.allow) for name in _names(piece)}
    return njit(_SIGNATURE, cache=True, error_model="numpy")(kernel), used


def _names(function: Any) -> "Iterator[str]":
    """All that a function and those it calls name."""
    for name in function.__code__.co_names:
        yield name
        called = function.__globals__.get(name)
        if isinstance(called, types.FunctionType):
            yield from _names(called)


def errors(truth: "Truth", answers: Floats, required: Contract, flushes: bool) -> Errors:
    """As `vectorised.errors`."""
    shape = truth.expected.shape
    kernel, used = _compiled(truth.function)
    row, output = (
        [_flat(getattr(truth.sums, name), np.float64) if name in used else np.zeros(1) for name in names]
        for names in (ROW_FIGURES, OUTPUT_FIGURES)
    )
    growth, natural = lengths(truth.sums.n)
    row[0] = row[0][: growth.size]  # one length, or one for each row
    given = (*row, growth.reshape(-1), natural.reshape(-1), *output, truth.high, truth.low, answers)
    numbers, whole = np.empty((5, *shape)), np.empty((3, *shape), np.int8)
    rung, correct, codes = whole[0], whole[1].view(np.bool_), whole[2]
    kernel(
        tuple(_flat(array, np.float64) for array in given), _flat(truth.places, np.int64),
        _flat(truth.exponent, np.int16), _flat(truth.scale, np.int16), _flat(truth.expected, np.int8),
        _flat(truth.side, np.int8), shape[1], target(truth.formats.output, flushes), truth.base == "2",
        required.rung, numbers.reshape(-1), rung.reshape(-1), correct.reshape(-1), codes.reshape(-1),
    )  # fmt: skip
    return Errors(*numbers, rung, correct, codes)


def _flat(array: Any, dtype: Any) -> Any:
    return np.ascontiguousarray(array, dtype).reshape(-1)
