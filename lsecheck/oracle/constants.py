"""integers -> the constants and tables of the fast tier.

Nothing here comes from anyone's exp or log: square roots of integers give the powers of 2, the
series of the inverse hyperbolic tangent gives the logarithms, both in units of 2^-200, and each
number is cut to the bits that make the products it takes part in exact.
"""

import math

import numpy as np

BITS = 200  #: everything is computed in units of 2^-BITS; the errors stay below 2^12 of them
STEPS = 512  #: N: the exponential's table has the powers 2^(j/N), the logarithm's N + 1 reciprocals
STEP_BITS = 9  #: log2 N
COARSE = 30  #: the high parts of the powers are multiples of 2^-COARSE: 31 bits
SHORT = 16  #: the reciprocals are multiples of 2^-SHORT: 17 bits
#: high parts of logarithms are multiples of 2^-LOG_GRID: sums of one and of 64 log 2 are exact
LOG_GRID = 45


def _inverse_tanh(numerator: int, denominator: int) -> int:
    """atanh of a ratio below 1/2, in units of 2^-BITS: at most one unit lost a term."""
    power = (numerator << BITS) // denominator
    squared = (power * power) >> BITS
    total, odd = 0, 1
    while power:
        total += power // odd
        power = (power * squared) >> BITS
        odd += 2
    return total


#: log 2 = 2 atanh(1/3)
LOG_2 = 2 * _inverse_tanh(1, 3)


def split(number: int, grid: int) -> "tuple[float, int]":
    """A number in units of 2^-BITS -> the nearest multiple of 2^-grid, and the rest in those units.

    The rest is at most half of 2^-grid; `nearest` makes a float64 of it.
    """
    count = (number + (1 << (BITS - grid - 1))) >> (BITS - grid)
    return math.ldexp(count, -grid), number - (count << (BITS - grid))


def nearest(number: int) -> float:
    """The float64 nearest to a number in units of 2^-BITS."""
    return math.ldexp(number, -BITS)


# log 2 / N = LOG_STEP_1 + LOG_STEP_2 + LOG_STEP_3: 31 bits each of the first two, so that their
# products with an integer below 2^22 are exact, and the nearest float64 to the rest, off by 2^-125
LOG_STEP_1, _rest = split(LOG_2 >> STEP_BITS, 40)
LOG_STEP_2, _rest = split(_rest, 71)
LOG_STEP_3 = nearest(_rest)
#: N / log 2, nearest float64: it only chooses the table entry
PER_STEP = STEPS * ((1 << (2 * BITS)) // LOG_2) / 2**BITS

# log 2 = LOG_2_HIGH + LOG_2_LOW, the high part on LOG_GRID: products with integers below 64 are exact
LOG_2_HIGH, _rest = split(LOG_2, LOG_GRID)
LOG_2_LOW = nearest(_rest)


def _powers() -> "tuple[list[float], list[float]]":
    """2^(j/N) for j < N: 2^(1/N) by STEP_BITS square roots, its powers by multiplication."""
    root = 2 << BITS
    for _ in range(STEP_BITS):
        root = math.isqrt(root << BITS)
    power, high, low = 1 << BITS, [], []
    for _ in range(STEPS):
        coarse, rest = split(power, COARSE)
        high.append(coarse)
        low.append(nearest(rest))
        power = (power * root) >> BITS
    return high, low


def _reciprocals() -> "tuple[list[float], list[float], list[float]]":
    """c_j near 1 / (1 + j/N) with SHORT bits after the point, and -log c_j = 2 atanh((1-c)/(1+c))."""
    short, high, low = [], [], []
    unit = 1 << SHORT
    for j in range(STEPS + 1):
        count = round(unit * STEPS / (STEPS + j))
        logarithm = 2 * _inverse_tanh(unit - count, unit + count)
        short.append(count / unit)
        coarse, rest = split(logarithm, LOG_GRID)
        high.append(coarse)
        low.append(nearest(rest))
    return short, high, low


POWER_HIGH, POWER_LOW = (np.array(column) for column in _powers())
RECIPROCAL, LOG_HIGH, LOG_LOW = (np.array(column) for column in _reciprocals())
