"""rational ends -> an interval that holds the truth, and what follows from it.

An enclosure is two rationals; where the truth is known to be irrational both ends are *open*,
so each is rounded with a side: an end that is itself a midpoint still decides. Nothing in this
file knows a logarithm.
"""

import math
from typing import NamedTuple

from lsecheck.formats import Format, Position, locate

#: the ulp error must be known to 2^-10: the radius to half of that, in ulps
ULP_SLACK = 11
#: bits kept of the middle of an enclosure; the ends are truncated outward at the last of them
KEPT = 130
#: scales are clamped here: whatever is smaller is 0 to every format
LEAST_SCALE = -5000


class Ratio(NamedTuple):
    """numerator / denominator * 2^exponent, denominator > 0."""

    numerator: int
    denominator: int = 1
    exponent: int = 0


class Enclosure(NamedTuple):
    """The truth lies strictly between the ends (open), or both ends are the truth (exact)."""

    low: Ratio
    high: Ratio
    exact: bool = False


class Split(NamedTuple):
    """(high + low ± radius) * 2^scale."""

    high: float
    low: float
    radius: float
    scale: int


def exactly(number: Ratio) -> Enclosure:
    """The enclosure of a number that needs no arithmetic."""
    return Enclosure(number, number, True)


def negated(enclosure: Enclosure) -> Enclosure:
    """The enclosure of minus the number."""
    low, high, exact = enclosure
    return Enclosure(high._replace(numerator=-high.numerator), low._replace(numerator=-low.numerator), exact)


def decide(enclosure: Enclosure, fmt: Format) -> "tuple[Position, Split] | None":
    """Rounding and ulp error, if both are settled in `fmt`; None while the enclosure is too wide.

    Settled means: both ends lie between the same two numbers of the format, round alike and
    have the same ulp, and the radius is at most 2^-11 of that ulp.
    """
    low = locate(fmt, *enclosure.low, side=0 if enclosure.exact else 1)
    if not enclosure.exact and low != locate(fmt, *enclosure.high, side=-1):
        return None
    parts = split(enclosure)
    # beyond the largest number the ulp no longer grows but the truth does: 2^-11 of the ulp it
    # would have there is as good, and 130 kept bits could not give more
    binade = max(low.exponent, _magnitude(enclosure.low) - 2) if low.below == fmt.largest_ordinal else low.exponent
    allowed = binade - fmt.precision + 1 - ULP_SLACK - parts.scale
    # frexp gives radius < 2^e; the comparison of exponents cannot overflow
    if parts.radius and math.frexp(parts.radius)[1] > allowed:
        return None
    return low, parts


def split(enclosure: Enclosure) -> Split:
    """The enclosure as a pair of float64 with a radius, all scaled by one power of two."""
    low, high, exact = enclosure
    power = max(_magnitude(low), _magnitude(high))
    scale = 0 if -900 <= power <= 1000 else max(power, LEAST_SCALE)
    # lift both ends to integers in units of 2^unit, rounded outward
    unit = max(power, LEAST_SCALE) - KEPT
    bottom, rest = _lift(low, unit)
    top = bottom + (rest != 0) if exact else -_lift(high._replace(numerator=-high.numerator), unit)[0]
    middle = (bottom + top) // 2
    head = float(middle)
    tail = float(middle - int(head))
    # half the width, and what float() dropped of the tail
    slack = (top - bottom + 1) // 2 + abs(int(tail) - (middle - int(head)))
    radius = math.nextafter(float(slack), math.inf) if slack else 0.0
    down = unit - scale
    return Split(math.ldexp(head, down), math.ldexp(tail, down), math.ldexp(radius, down), scale)


def _magnitude(number: Ratio) -> int:
    """An upper bound on log2 of the magnitude, at most one too large."""
    if number.numerator == 0:
        return LEAST_SCALE
    return abs(number.numerator).bit_length() - number.denominator.bit_length() + number.exponent + 1


def _lift(number: Ratio, unit: int) -> tuple[int, int]:
    """(floor(number / 2^unit), remainder)."""
    shift = number.exponent - unit
    if shift >= 0:
        return divmod(number.numerator << shift, number.denominator)
    return divmod(number.numerator, number.denominator << -shift)
