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
from collections.abc import Callable
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

BLOCK = 128  #: outputs judged at once: their figures stay in the first cache


class Definition(NamedTuple):
    """What the arithmetic asks of a `Function`, compiled."""

    condition: Any
    bound: Any
    lost_beside: Any
    underflow: Any
    conditioned_factor: float
    folds: bool


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


def _kernel(
    of_rows: Any, needed: Any, of_outputs: Any, places: Any, binade: Any, scale: Any, expected: Any, side: Any,
    fmt: Any, binary: Any, required: Any, outputs: Any, numbers: Any, rung: Any, correct: Any, codes: Any,
) -> None:  # fmt: skip
    """Judges outputs block by block.

    A block of every array is copied into one: of two dozen arrays no compiler proves that they
    do not overlap, and only where it does will the arithmetic vectorise.
    """
    held, row_of = np.zeros(26 * BLOCK), np.empty(BLOCK, np.int64)
    row = column = 0
    for start in range(0, places.size, BLOCK):
        count = min(BLOCK, places.size - start)
        if outputs == 1:
            for figure in needed:
                source = of_rows[figure]
                for i in range(count):
                    held[figure * BLOCK + i] = source[start + i]
        else:
            for i in range(count):
                row_of[i] = row
                column += 1
                done = column == outputs
                row, column = row + done, 0 if done else column
            for figure in needed:
                source = of_rows[figure]
                for i in range(count):
                    held[figure * BLOCK + i] = source[row_of[i]]
        for figure in range(len(of_outputs)):
            source = of_outputs[figure]
            for i in range(count):
                held[(8 + figure) * BLOCK + i] = source[start + i]
        for i in range(count):
            held[13 * BLOCK + i] = _number(places[start + i])
        for i in range(count):
            held[14 * BLOCK + i] = _number(binade[start + i])
        for i in range(count):
            held[15 * BLOCK + i] = _number(scale[start + i])
        for i in range(count):
            held[16 * BLOCK + i] = _number(expected[start + i])
        for i in range(count):
            held[17 * BLOCK + i] = _number(side[start + i])
        for i in range(BLOCK):
            sums = Sums(
                _at(held, 0, i), 0.0, _at(held, 1, i), _at(held, 2, i), _at(held, 3, i), _at(held, 4, i),
                _at(held, 5, i), _at(held, 11, i), _at(held, 12, i),
            )  # fmt: skip
            ulp, signed, scaled, condition, excess, kept, right, code = _judge(
                _function, sums, _at(held, 6, i), _at(held, 7, i), _whole_at(held, 16, i), _whole_at(held, 13, i),
                _whole_at(held, 17, i), _whole_at(held, 14, i), _at(held, 8, i), _at(held, 9, i),
                _whole_at(held, 15, i), _at(held, 10, i), fmt, binary, required,
            )  # fmt: skip
            held[18 * BLOCK + i] = ulp
            held[19 * BLOCK + i] = signed
            held[20 * BLOCK + i] = scaled
            held[21 * BLOCK + i] = condition
            held[22 * BLOCK + i] = excess
            held[23 * BLOCK + i] = _number(kept)
            held[24 * BLOCK + i] = _number(right)
            held[25 * BLOCK + i] = _number(code)
        for figure in range(len(numbers)):
            into = numbers[figure]
            for i in range(count):
                into[start + i] = held[(18 + figure) * BLOCK + i]
        for i in range(count):
            rung[start + i] = _whole_at(held, 23, i)
        for i in range(count):
            correct[start + i] = _whole_at(held, 24, i)
        for i in range(count):
            codes[start + i] = _whole_at(held, 25, i)


#: figures of rows and of outputs, in the order of the kernel; behind the first six stand the two of `lengths`
ROW_FIGURES = ("n", "total", "log_total", "spread", "absolute", "rest")
OUTPUT_FIGURES = ("share", "gap")


def _given(kind: Any) -> Any:
    return typed.Array(kind, 1, "C", readonly=True)  # what may be written is taken too


_SIGNATURE = void(
    typed.UniTuple(_given(float64), 8), _given(int64), typed.UniTuple(_given(float64), 5),
    _given(int64), _given(int16), _given(int16), _given(int8), _given(int8),
    typed.NamedTuple((float64, float64, int64, int64, int64, float64, bool_), Target), bool_, int64, int64,
    typed.UniTuple(float64[::1], 5), int8[::1], bool_[::1], int8[::1],
)  # fmt: skip


@functools.cache
def _compiled(function: Function) -> "tuple[Callable[..., None], Any]":
    """The kernel of a function, kept on disk, and which figures of rows it needs."""
    pieces = function.condition, function.bound, function.lost_beside, function.underflow
    own = Definition(*map(_translated, pieces), function.conditioned_factor, function.folds)
    scope = globals() | {"_function": own}
    kernel = types.FunctionType(_kernel.__code__, scope, f"judge_{function.name}")
    kernel.__qualname__ = f"judge_{function.name}_{_STAMP}"
    return njit(_SIGNATURE, cache=True, error_model="numpy")(kernel), np.arange(8)


def errors(truth: "Truth", answers: Floats, required: Contract, flushes: bool) -> Errors:
    """As `vectorised.errors`."""
    shape = truth.expected.shape
    kernel, needed = _compiled(truth.function)
    sums = truth.sums
    of_rows = (
        *(getattr(sums, name) for name in ROW_FIGURES),
        *(np.broadcast_to(array, (shape[0], 1)) for array in lengths(sums.n)),
    )
    of_outputs = truth.high, truth.low, answers, sums.share, sums.gap
    numbers = tuple(np.empty(shape) for _ in range(5))
    rung, correct, codes = np.empty(shape, np.int8), np.empty(shape, np.bool_), np.empty(shape, np.int8)
    kernel(
        tuple(_flat(array, np.float64) for array in of_rows), needed,
        tuple(_flat(array, np.float64) for array in of_outputs), _flat(truth.places, np.int64),
        _flat(truth.exponent, np.int16), _flat(truth.scale, np.int16), _flat(truth.expected, np.int8),
        _flat(truth.side, np.int8), target(truth.formats.output, flushes), truth.base == "2", required.rung, shape[1],
        tuple(array.reshape(-1) for array in numbers), rung.reshape(-1), correct.reshape(-1), codes.reshape(-1),
    )  # fmt: skip
    return Errors(*numbers, rung, correct, codes)


def _flat(array: Any, dtype: Any) -> Any:
    return np.ascontiguousarray(array, dtype).reshape(-1)
