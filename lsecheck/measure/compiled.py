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

import numba
import numpy as np
from numba import bool_, float64, int8, int16, int64, njit, void
from numba import types as typed

from lsecheck import contracts
from lsecheck.contracts import Contract, lengths
from lsecheck.errors import EnvironmentRefused
from lsecheck.formats import pair
from lsecheck.functions import cross_entropy, definition, log_softmax, logaddexp, logsumexp, softmax
from lsecheck.functions.definition import Floats, Function, Sums
from lsecheck.measure import arithmetic, vectorised
from lsecheck.measure.arithmetic import Target, target
from lsecheck.measure.definition import FIELDS, Errors
from lsecheck.oracle import pairs, primitives
from lsecheck.oracle.engines import scalar
from lsecheck.oracle.engines.scalar import PRIMITIVES, bits, number_of, where

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


#: only compiled code calls these: no way in from Python has to be compiled
_INNER: Any = {"error_model": "numpy", "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


def _inlined(function: Any) -> Any:
    return njit(forceinline=True, **_INNER)(function)


def _outlined(function: Any) -> Any:
    return njit(**_INNER)(function)


def _every(_flags: Any) -> Any:
    return False


def _chosen(place: Any, p: Any, q: Any, r: Any, s: Any, t: Any, u: Any) -> Any:
    return where(
        place < 3, where(place == 0, p, where(place == 1, q, r)), where(place == 3, s, where(place == 4, t, u))
    )


#: not `smaller` and `larger`: numba's own np.minimum and np.maximum keep a nan as those of arrays do
_SCALAR = {getattr(primitives, name): form for name, form in PRIMITIVES.items() if name not in ("smaller", "larger")}
_SCALAR |= {primitives.every: _inlined(_every), primitives.chosen: _inlined(_chosen)}


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
    return _inlined(types.FunctionType(function.__code__, scope, function.__name__))


#: of every line that is compiled, as numba's disk cache knows a change of this file alone
_SOURCES = (
    cross_entropy, log_softmax, logaddexp, logsumexp, softmax, definition, contracts, arithmetic, pairs, primitives,
    scalar, sys.modules[__name__],
)  # fmt: skip
_STAMP = hashlib.sha256("".join(map(inspect.getsource, _SOURCES)).encode()).hexdigest()[:12]

_judge = _translated(arithmetic.judge)
_function: Any = None  #: a `Definition`, another in the scope of each kernel
_UNUSED: Any = 0.0


def _at(held: Any, figure: Any, i: Any) -> Any:
    return held[figure * BLOCK + i]


def _whole_at(held: Any, figure: Any, i: Any) -> Any:
    return bits(held[figure * BLOCK + i])


_at, _whole_at = _inlined(_at), _inlined(_whole_at)


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
        held[place + i] = number_of(source[start + i])


@_outlined
def _take(held: Any, figure: Any, into: Any, start: Any, count: Any) -> None:
    place = np.uint64(figure * BLOCK)
    for i in range(count):
        into[start + i] = held[place + i]


@_outlined
def _take_bits(held: Any, figure: Any, into: Any, start: Any, count: Any) -> None:
    place = np.uint64(figure * BLOCK)
    for i in range(count):
        into[start + i] = bits(held[place + i])


def _kernel(
    figures: Any, places: Any, binade: Any, scale: Any, expected: Any, side: Any, outputs: Any,
    fmt: Any, binary: Any, required: Any, numbers: Any, rung: Any, correct: Any, codes: Any,
) -> None:  # fmt: skip
    """Judges outputs block by block.

    A block of every array is copied into one: of two dozen arrays no compiler proves that they
    do not overlap, and only where it does will the arithmetic vectorise. Unsigned indices, as those
    of either sign are looked at to see whether they count from the end.
    """
    held, row_of = np.zeros(26 * BLOCK), np.empty(BLOCK if outputs > 1 else 0, np.uint64)
    none = row_of[:0]
    n, growth, natural, total, log_total, spread, absolute, rest, share, gap, high, low, answers = figures
    row = column = 0
    for first in range(0, places.size, BLOCK):
        start, count = np.uint64(first), np.uint64(min(BLOCK, places.size - first))
        for i in range(row_of.size):
            row_of[i] = row
            column += 1
            done = column == outputs
            row, column = row + done, 0 if done else column
        _bring(n, row_of, start, count, held, 0)
        _bring(growth, row_of, start, count, held, 1)
        _bring(natural, row_of, start, count, held, 2)
        _bring(total, row_of, start, count, held, 3)
        _bring(log_total, row_of, start, count, held, 4)
        _bring(spread, row_of, start, count, held, 5)
        _bring(absolute, row_of, start, count, held, 6)
        _bring(rest, row_of, start, count, held, 7)
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
                _at(held, 0, i), _UNUSED, _at(held, 3, i), _at(held, 4, i), _at(held, 5, i), _at(held, 6, i),
                _at(held, 7, i), _at(held, 8, i), _at(held, 9, i),
            )  # fmt: skip
            ulp, signed, scaled, condition, excess, kept, right, code = _judge(
                _function, sums, _at(held, 1, i), _at(held, 2, i), _whole_at(held, 16, i), _whole_at(held, 13, i),
                _whole_at(held, 17, i), _whole_at(held, 14, i), _at(held, 10, i), _at(held, 11, i),
                _whole_at(held, 15, i), _at(held, 12, i), fmt, binary, required,
            )  # fmt: skip
            held[18 * BLOCK + i] = ulp
            held[19 * BLOCK + i] = signed
            held[20 * BLOCK + i] = scaled
            held[21 * BLOCK + i] = condition
            held[22 * BLOCK + i] = excess
            held[23 * BLOCK + i] = number_of(kept)
            held[24 * BLOCK + i] = number_of(right)
            held[25 * BLOCK + i] = number_of(code)
        for figure in range(5):
            _take(held, 18 + figure, numbers, np.uint64(figure * places.size + first), count)
        _take_bits(held, 23, rung, start, count)
        _take_bits(held, 24, correct, start, count)
        _take_bits(held, 25, codes, start, count)


#: in the kernel's order, after n and the two of `lengths`
ROW_FIGURES, OUTPUT_FIGURES = ("total", "log_total", "spread", "absolute", "rest"), ("share", "gap")


def _given(kind: Any) -> Any:
    return typed.Array(kind, 1, "C", readonly=True)  # what may be written is taken too


def _signature() -> Any:
    tuples: Any = typed.UniTuple, typed.NamedTuple
    several, named = tuples
    target_type = named((float64, float64, int64, int64, int64, float64, bool_), Target)
    whole = _given(int64), _given(int16), _given(int16), _given(int8), _given(int8), int64
    found = float64[::1], int8[::1], bool_[::1], int8[::1]
    return void(several(_given(float64), 13), *whole, target_type, bool_, int64, *found)


class Kernel(NamedTuple):
    """A function's own."""

    run: Callable[..., None]
    names: "frozenset[str]"  #: all that its definition names: of the figures, those it needs


def _compiled(function: Function) -> Kernel:
    """Kept on disk, under a name of its own for each version: compiling takes seconds."""
    pieces = function.condition, function.bound, function.lost_beside, function.underflow
    own = Definition._make((*map(_translated, pieces), function.conditioned_factor, function.folds))
    kernel = types.FunctionType(_kernel.__code__, globals() | {"_function": own}, f"judge_{function.name}")
    kernel.__qualname__ = f"judge_{function.name}_{_STAMP}"
    names = frozenset(name for piece in (*pieces, contracts.allow) for name in _names(piece))
    return Kernel(njit(_signature(), cache=True, error_model="numpy")(kernel), names)


def _names(function: Any) -> "Iterator[str]":
    """All that a function and those it calls name."""
    for name in function.__code__.co_names:
        yield name
        called = function.__globals__.get(name)
        if isinstance(called, types.FunctionType):
            yield from _names(called)


@functools.cache
@np.errstate(all="ignore")
def _tested(function: Function) -> Kernel:
    """The kernel, once it has given the bits of NumPy: `EnvironmentRefused` if it does not."""
    from lsecheck.oracle.selftest import hard_cases
    from lsecheck.oracle.truth import certify

    kernel = _compiled(function)
    for batch in (each[:, : function.entries] for each in hard_cases()[:2]):
        labels = np.arange(len(batch)) % batch.shape[1] if function.labelled else None
        for fmt in ("float16", "float64"):
            truth = certify(function, batch, pair(f"float64:{fmt}"), labels)
            factors = np.resize([1.0, 1.0 + 2.0**-11, 1.0 - 2.0**-53, -1.0, np.inf, np.nan, 0.0], truth.expected.shape)
            given = truth, truth.rounded * factors, Contract.SHIFTED, False
            one, other = _judged(kernel, *given), vectorised.errors(*given)
            for name in FIELDS:
                if not np.array_equal(getattr(one, name), getattr(other, name), equal_nan=True):
                    raise EnvironmentRefused(
                        f"compiled by numba {numba.__version__}, errors of {function.name} differ from NumPy's:"
                        " on this machine it does not compute in IEEE arithmetic as written, so no verdict of it would"
                        " hold; try --engine numpy, and report this"
                    )
    return kernel


def errors(truth: "Truth", answers: Floats, required: Contract, flushes: bool) -> Errors:
    """As `vectorised.errors`."""
    return _judged(_tested(truth.function), truth, answers, required, flushes)


def _judged(kernel: Kernel, truth: "Truth", answers: Floats, required: Contract, flushes: bool) -> Errors:
    shape, sums = truth.expected.shape, truth.sums
    growth, natural = lengths(sums.n)
    of_row = len(growth), 1  # one length, or one for each row
    figures = [_flat(each, of_row, np.float64) for each in (sums.n[: len(growth)], growth, natural)]
    row, output = (
        [_flat(getattr(sums, name), size, np.float64) if name in kernel.names else np.zeros(1) for name in names]
        for names, size in ((ROW_FIGURES, (len(sums.n), 1)), (OUTPUT_FIGURES, shape))
    )
    answered = (_flat(each, shape, np.float64) for each in (truth.high, truth.low, answers))
    # in one piece: freed and asked for again, memory of this size is not given back in between
    numbers, whole = np.empty((5, *shape)), np.empty((3, *shape), np.int8)
    ulp, signed, scaled, condition, excess = numbers
    rung, correct, codes = whole[0], whole[1].view(np.bool_), whole[2]
    kernel.run(
        (*figures, *row, *output, *answered), _flat(truth.places, shape, np.int64),
        _flat(truth.exponent, shape, np.int16), _flat(truth.scale, shape, np.int16),
        _flat(truth.expected, shape, np.int8), _flat(truth.side, shape, np.int8), shape[1],
        target(truth.formats.output, flushes), truth.base == "2", required.rung,
        numbers.reshape(-1), rung.reshape(-1), correct.reshape(-1), codes.reshape(-1),
    )  # fmt: skip
    return Errors(ulp, signed, scaled, condition, excess, rung, correct, codes)


def _flat(array: Any, shape: "tuple[int, ...]", dtype: Any) -> Any:
    """`ValueError` for an array of another shape: the kernel would read past its end."""
    if array.shape != shape:
        array = np.broadcast_to(array, shape)
    return np.ascontiguousarray(array, dtype).reshape(-1)
