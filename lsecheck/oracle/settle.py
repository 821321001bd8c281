"""Ends of the truth -> its rounding, if they decide it: `enclosure.decide` for arrays.

Elementwise, like `doubledouble`, and for every format: a format is its numbers. The ends are
open, so an end that is a rounding boundary decides too, and each comparison below is the sign of
one rounded sum, which is the exact sign.
"""

from typing import Any

from lsecheck.oracle.pairs import kept_sign, scaled
from lsecheck.oracle.primitives import exponent, integer, larger, nearest, power, smaller, where

#: the ulp error must be known to 2^-10: the radius to half of that, in ulps
SLACK = 2.0**-11


def settled(
    high: Any, lower: Any, upper: Any, radius: Any, scale: Any, exact: Any, p: Any, emin: Any, emax: Any, largest: Any
) -> Any:
    """Where (high + lower, high + upper) 2^scale lies among the numbers of a format.

    high        the float64 nearest to the truth or next to it, within half its last place;
                in [1/2, 2] or 0 where the scale is not 0
    exact       the truth is high itself: ties go to even
    p .. largest  the format's precision, exponents, largest ordinal
    ->          signed ordinal of the rounding, side (sign of truth - rounded), exponent, decided

    As `formats.locate`: past the largest number the ordinal is the next one and the side inward.
    """
    negative = high < 0
    sign = where(negative, -1, 1)
    size = abs(high)
    low, top = where(negative, -upper, lower), where(negative, -lower, upper)
    e = exponent(size)
    # a power of two from below lies in the binade under it
    e = e - where((size == power(larger(e, -1022))) & (top <= 0) & (exact == 0), 1, 0) + scale
    binade = smaller(larger(e, emin), emax)
    place = binade - p + 1
    shift = larger(scale - place, -1000)
    count = scaled(size, shift)
    low, top = kept_sign(scaled(low, shift), low), -kept_sign(scaled(-top, shift), -top)
    whole = nearest(count)
    left = count - whole
    # the truth is whole + left + (low, top): against -1/2, 0, 1/2
    under, over = (left + 0.5) + top <= 0, (left - 0.5) + low >= 0
    below, above = left + top <= 0, left + low >= 0
    inside = ((left + 0.5) + low >= 0) & ((left - 0.5) + top <= 0)
    under, over = under & (exact == 0), over & (exact == 0)
    decided = exact | under | over | (inside & (below | above))
    ordinal = ((binade - emin) << (p - 1)) + integer(whole) + where(over, 1, 0) - where(under, 1, 0)
    side = where(over, -1, where(under, 1, where(above, 1, -1)))
    side = where(exact, where(left > 0, 1, where(left < 0, -1, 0)), side)
    past = (e > emax) | (ordinal > largest)
    ordinal, side = where(past, largest + 1, ordinal), where(past, -1, side)
    known = scaled(radius, shift - larger(e - binade, 0)) <= SLACK
    return sign * ordinal, sign * side, binade, decided & known
