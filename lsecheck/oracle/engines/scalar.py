"""The fast tier's arithmetic on one number, compiled by numba: the same lines, the same bits.

The functions of `pairs`, `doubledouble`, `settle` and `outputs` are taken as they are, with the
operations of `primitives` replaced by their scalar forms. numba neither reorders nor contracts
floating point unless it is asked to.
"""

import types
from collections.abc import Callable
from typing import Any, cast

import numba
import numpy as np
from llvmlite import ir
from numba import njit
from numba.extending import intrinsic

from lsecheck.oracle import doubledouble, outputs, pairs, settle


def elementwise(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiled into what calls it, so that loops over it vectorise."""
    return njit(error_model="numpy", forceinline=True)(function)


def _instruction(given: Any, answered: Any, build: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """A function of one number that is one instruction of the processor."""

    def typed(context: Any, number: Any) -> Any:
        return answered(given), lambda context, builder, signature, values: build(builder, values[0])

    return cast(Callable[..., Any], intrinsic(typed))


def _rint(builder: Any, value: Any) -> Any:
    return builder.call(builder.module.declare_intrinsic("llvm.rint", [ir.DoubleType()]), [value])


bits = _instruction(numba.float64, numba.int64, lambda builder, value: builder.bitcast(value, ir.IntType(64)))
number_of = _instruction(numba.int64, numba.float64, lambda builder, value: builder.bitcast(value, ir.DoubleType()))
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


where = cast(Callable[..., Any], intrinsic(_choice))


def _widest(context: Any) -> Any:
    """Vectors of 512 bits in the function that calls it, where the processor has them.

    LLVM prefers 256, for processors that slowed down when the wide ones came up: with them the
    loops over rows and outputs take a quarter less.
    """

    def lower(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        attributes = builder.function.attributes
        if isinstance(attributes, set):  # llvmlite's own `add` refuses what it does not know
            set.add(attributes, '"prefer-vector-width"="512"')
        return context.get_dummy_value()

    return numba.types.none(), lower


widest = cast(Callable[..., Any], intrinsic(_widest))


def _lesser(one: Any, other: Any) -> Any:
    return where(one < other, one, other)


def _greater(one: Any, other: Any) -> Any:
    return where(one > other, one, other)


def _integer(number: Any) -> Any:
    return np.int64(number)


def _steps(number: Any) -> Any:
    return bits(number) - 0x4338000000000000


def _exponent(number: Any) -> Any:
    return (bits(number) >> 52 & 0x7FF) - 1023


def _power(of: Any) -> Any:
    return number_of((of + 1023) << 52)


PRIMITIVES: "dict[str, Any]" = {"nearest": _nearest, "where": where} | {
    name: elementwise(function)
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
    known = dict(PRIMITIVES)
    for module in (pairs, doubledouble, settle, outputs):
        scope = vars(module) | known
        for key, function in vars(module).items():
            if isinstance(function, types.FunctionType) and function.__module__ == module.__name__:
                own = types.FunctionType(function.__code__, scope, key)
                known[key] = scope[key] = elementwise(own)
    return known


#: every function of `pairs`, `doubledouble`, `settle` and `outputs` by name
ARITHMETIC = _translated()
