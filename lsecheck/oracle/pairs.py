"""Error-free transformations: IEEE +, - and * whose rounding error is a number too.

A pair (high, low) stands for high + low exactly. Every function works on scalars and on arrays
alike and rests on round-to-nearest alone; none of them may be contracted to fused operations.
Sources: Dekker 1971, Knuth's TAOCP 4.2.2; Muller et al., Handbook of Floating-Point Arithmetic.
"""

from typing import Any

from lsecheck.oracle.primitives import power, where

#: Veltkamp's constant 2^27 + 1: splits 53 bits into 26 and 26 and a sign
VELTKAMP = 134217729.0


def two_sum(a: Any, b: Any) -> Any:
    """a + b exactly, as a rounded sum and its error (no overflow)."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def fast_two_sum(a: Any, b: Any) -> Any:
    """`two_sum` where a = 0 or the exponent of a is at least that of b."""
    total = a + b
    return total, b - (total - a)


def two_difference(a: Any, b: Any) -> Any:
    """a - b exactly, as a rounded difference and its error (no overflow)."""
    total = a - b
    part = total - a
    return total, (a - (total - part)) - (b + part)


def two_product(a: Any, b: Any) -> Any:
    """a * b exactly (|a|, |b| < 2^970, product zero or above 2^-960)."""
    product = a * b
    scaled = VELTKAMP * a
    a_high = scaled - (scaled - a)
    a_low = a - a_high
    scaled = VELTKAMP * b
    b_high = scaled - (scaled - b)
    b_low = b - b_high
    return product, ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low


def scaled(value: Any, by: Any) -> Any:
    """value * 2^by for |by| <= 2000: exact, but for what leaves the range of float64."""
    half = by >> 1
    return value * power(half) * power(by - half)


def outward(low: Any, radius: Any) -> Any:
    """Ends outside low ± radius, past the rounding of either sum, and a radius about as wide.

    Both hold what low ± radius holds; either may reach half a last place further than the other.
    """
    wide = radius * (1 + 2.0**-50) + abs(low) * 2.0**-52
    return low - wide, low + wide, wide * (1 + 2.0**-50)


def kept_sign(scaled_value: Any, value: Any) -> Any:
    """A scaled lower end that underflowed to 0 stays negative: 0 would claim a side."""
    return where((scaled_value == 0) & (value < 0), -(2.0**-1000), scaled_value)
