"""truth, answers -> errors, elementwise: what both engines run, on arrays and on numbers.

Everything is in the unit 2^exponent of each truth, where an ulp is 2^(1 - p).
This file never computes a logarithm: if you need one, you are in the wrong file.
"""

from typing import Any, NamedTuple

import numpy as np

from lsecheck.contracts import Allowed, allow, stand
from lsecheck.formats import Format
from lsecheck.functions.definition import Expected, Sums
from lsecheck.measure.definition import CODES, LARGEST_ERROR, ClassError
from lsecheck.oracle.pairs import scaled
from lsecheck.oracle.primitives import every, exponent, integer, larger, nearest, power, smaller, where

#: 1 / ln 2, for figures that need not be exact
LOG2E = 1.4426950408889634
INFINITY, NAN = float("inf"), float("nan")
# plain numbers: numba knows no enumeration
IS_NUMBER, IS_NAN, IS_PLUS, IS_MINUS, IS_UNSETTLED = (int(each) for each in Expected)
RIGHT = np.int8(0)
WAS_NAN, WAS_INFINITE, WAS_FINITE = (CODES[kind] for kind in (ClassError.NAN, ClassError.INFINITE, ClassError.FINITE))


class Target(NamedTuple):
    """What judging needs to know of the output format, as numbers."""

    unit_roundoff: float  #: u
    tiny: float  #: t, the spacing of the smallest numbers
    precision: int
    emin: int
    largest: int  #: the largest ordinal
    middle: float  #: half of the number after the largest, were there one
    has_infinity: bool


def target(fmt: Format, flushes: bool) -> Target:
    """`flushes`: the spacing of the smallest numbers is that of arithmetic without subnormal ones."""
    middle = (fmt.largest_significand + 1) * 2.0 ** (fmt.emax - fmt.precision)
    tiny = 2.0**fmt.emin if flushes else fmt.tiny
    return Target(fmt.unit_roundoff, tiny, fmt.precision, fmt.emin, fmt.largest_ordinal, middle, fmt.has_infinity)


def judge(
    function: Any, sums: Sums, growth: Any, natural: Any, expected: Any, places: Any, side: Any, binade: Any,
    high: Any, low: Any, scale: Any, answer: Any, fmt: Target, binary: Any, required: Any,
) -> Any:  # fmt: skip
    """The fields of `Errors`, in their order.

    growth, natural   `contracts.lengths` of the row
    places .. scale   as in `truth.Truth`; the binade is its `exponent`
    binary            the logarithm is in base 2
    required          the rung of the required contract
    """
    finite = np.isfinite(answer)
    code = where(finite, RIGHT, where(np.isnan(answer), WAS_NAN, WAS_INFINITE))
    number = expected == IS_NUMBER
    if not every(finite & number):
        code = wrong_kind(code, expected, places, side, high, answer, fmt)
    scored = number & (code == 0)
    inverse = power(1 - binade) * 0.5
    near = places_of(where(finite, answer, 0.0), fmt)
    if not every(finite):
        near = where(finite, near, where(high < 0, -1, 1) * (fmt.largest + 1))
    plain = scale == 0
    shift = larger(smaller(scale - binade, 2000), -2000)
    y, rest = high * inverse, low * inverse
    if not every(plain):
        y, rest = where(plain, y, scaled(high, shift)), where(plain, rest, scaled(low, shift))
    # an overflow stands for the number after the largest; to any truth past that it is right
    after = fmt.middle * inverse * 2.0
    within = abs(y) < after
    said = where(scored, answer, NAN) * inverse
    if not every(finite):
        said = where(finite, said, where(scored, np.copysign(after, y), NAN))
    difference = (said - y) - rest
    if not every(finite):
        difference = where(finite | within, difference, where(scored, 0.0, NAN))
    error = abs(difference)
    magnitude = abs(y + rest)
    correct = scored & (near == places)
    # a truth past the number after the largest has one neighbour, the overflow
    faithful = correct | (scored & within & (side != 0) & (near == places + side))
    moved = function.condition(sums)
    spread, size = moved * inverse, magnitude
    if binary:
        spread, size = spread * LOG2E, magnitude / LOG2E
    u, place = fmt.unit_roundoff, 2.0 * fmt.unit_roundoff
    floor = larger(u * magnitude + u * spread, fmt.tiny * inverse * 0.5)
    ulp = smaller(error / place, LARGEST_ERROR)
    condition = where(magnitude > 0, spread / magnitude, where(spread > 0, INFINITY, 0.0))
    allowed = allow(function, sums, growth, natural, size, u, fmt.tiny, inverse, moved)
    if binary:
        # every entry and every sum is multiplied by log2 e, and each product rounded
        more = 4 * u * (magnitude + spread)
        allowed = Allowed(
            LOG2E * allowed.conditioned + more,
            LOG2E * allowed.shifted + more,
            LOG2E * allowed.sequential + more,
            LOG2E * allowed.folded + more,
        )
    standing = stand(error, place, correct, faithful, allowed, required)
    return (
        ulp, np.copysign(ulp, difference), smaller(error / floor, LARGEST_ERROR), condition, standing.excess,
        standing.rung, correct, code,
    )  # fmt: skip


def wrong_kind(code: Any, expected: Any, places: Any, side: Any, high: Any, answer: Any, fmt: Target) -> Any:
    """The code of the `ClassError`, from that of an answer which no expectation excuses."""
    number = expected == IS_NUMBER
    magnitude = abs(places)
    outward = where(places < 0, side <= 0, side >= 0)
    # where |y| >= M an overflow is an answer, not a scandal
    beyond = number & ((magnitude > fmt.largest) | ((magnitude == fmt.largest) & outward))
    may_overflow = beyond | (expected == IS_PLUS) | (expected == IS_MINUS)
    positive = where(number, high > 0, expected == IS_PLUS)
    overflow = where(fmt.has_infinity, np.isinf(answer) & ((answer > 0) == positive), np.isnan(answer))
    right = (overflow & may_overflow) | (np.isnan(answer) & (expected == IS_NAN)) | (expected == IS_UNSETTLED)
    code = where(np.isfinite(answer) & (expected != IS_NUMBER), WAS_FINITE, code)
    return where(right, RIGHT, code)


def places_of(answer: Any, fmt: Target) -> Any:
    """The ordinal of a finite answer, rounded to the format if it is not one of its numbers."""
    binade = larger(exponent(answer), fmt.emin)
    count = nearest(abs(answer) * power(1 - binade) * (0.25 / fmt.unit_roundoff))
    place = ((binade - fmt.emin) << (fmt.precision - 1)) + integer(count)
    place = smaller(place, fmt.largest + 1)
    return where(answer < 0, -place, place)
