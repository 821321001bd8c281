"""sums of a row -> its figures, and the enclosure and rounding of each kind of output.

Elementwise compositions of `doubledouble` and `settle`: what an engine runs in one go. An output
is (high, low, radius, scale, ordinal, side, exponent, share, decided); see `truth.Truth`.
"""

from typing import Any

from lsecheck.oracle.doubledouble import (
    REACH,
    REMOTE,
    TAIL_ERROR,
    TERM_ERROR,
    anchored,
    exponential,
    logarithm,
    share,
    tail,
)
from lsecheck.oracle.pairs import outward, scaled, two_difference, two_sum
from lsecheck.oracle.primitives import exponent, larger, power, where
from lsecheck.oracle.settle import settled

#: a T with an exponent below this is only known to be smaller than 2^-5000
UNKNOWN = -5001
INFINITY = float("inf")


def row(a: Any, b: Any, m: Any, n: Any, first: Any, second: Any, third: Any, moment: Any, size: Any) -> Any:
    """The sums of a row -> log S (high, low, radius), T (high, low, exponent), and its figures.

    a, b, m, n      the maximum, the largest entry below it (-inf: none), its multiplicity, entries
    first .. size   sums of `doubledouble.parts`
    the figures     S, log S, sum p (a - x), sum p |x|, 1 - max p: `functions.definition.Sums`
    """
    alone = b == -INFINITY
    b = where(alone, a, b)
    t_high, t_low, q, relative, weight = tail(a, b, n, first, second, third)
    t_high, t_low, q = where(alone, 0.0, t_high), where(alone, 0.0, t_low), where(alone, 2 * UNKNOWN, q)
    weight = where(alone, 0.0, weight)
    high, low, radius, total = logarithm(m, t_high, t_low, q, relative)
    single = alone & (m == 1.0)
    high, radius = where(single, 0.0, high), where(single, 0.0, radius)
    beside = scaled(t_high, larger(q, -2000))
    spread = (beside * (a - b) + weight * moment) / total
    absolute = (m * abs(a) + weight * size) / total
    log_total = where((m == 1.0) & (q < REMOTE), beside, high)
    rest = ((m - 1.0) + beside) / total
    return high, low, radius, t_high, t_low, q, total, log_total, spread, absolute, rest


def deviation(
    x: Any, a: Any, m: Any, n: Any, l_high: Any, l_low: Any, l_radius: Any, t_high: Any, t_low: Any, q: Any,
    shifts: Any, p: Any, emin: Any, emax: Any, largest: Any,
) -> Any:  # fmt: skip
    """a + log S (`shifts` 0), (x - a) - log S (`shifts` -1) or its negative (`shifts` 1)."""
    base, base_low = two_difference(x, a)
    sign = where(shifts == 0, 1.0, -1.0)
    base, base_low = where(shifts == 0, a, base), where(shifts == 0, 0.0, base_low)
    high, lower, upper, low, radius = anchored(base, base_low, sign, l_high, l_low, l_radius)
    single = (m == 1.0) & (l_high == 0.0)
    lower, upper = where(single, base_low, lower), where(single, base_low, upper)
    radius = where(single, 0.0, radius)
    # beside 0, log(1 + T) of a tiny T is T itself, to T / 2
    remote = (m == 1.0) & (q < REMOTE) & (l_high > 0.0)
    faint = remote & (base == 0.0)
    unknown = faint & (q < UNKNOWN)
    t_lower, t_upper, t_radius = outward(t_low, 2.0 * (TAIL_ERROR + n * TERM_ERROR) + 2.0**-890)
    t_high, t_low = where(unknown, 0.0, t_high), where(unknown, 0.5, t_low)
    t_lower, t_upper = where(unknown, 0.0, t_lower), where(unknown, 1.0, t_upper)
    t_radius = where(unknown, 0.5, t_radius)
    high, low = where(faint, sign * t_high, high), where(faint, sign * t_low, low)
    lower = where(faint, where(sign > 0, t_lower, -t_upper), lower)
    upper = where(faint, where(sign > 0, t_upper, -t_lower), upper)
    radius, scale = where(faint, t_radius, radius), where(faint, where(unknown, -5000, q), 0)
    # a negated difference: cross_entropy
    flips = where(shifts == 1, -1.0, 1.0)
    high, low = flips * high, flips * low
    lower, upper = where(shifts == 1, -upper, lower), where(shifts == 1, -lower, upper)
    ordinal, side, binade, decided = settled(high, lower, upper, radius, scale, single, p, emin, emax, largest)
    decided = decided & ((base == 0.0) | (abs(base) > 2.0**-800) | (q >= REMOTE) | single)
    # the share of the entry: a figure, good to float64
    z, z_low = two_sum(x - a, -l_high)
    z = larger(z, REACH)
    weight, _, k = exponential(z, z_low)
    return high, low, radius, scale, ordinal, side, binade, scaled(weight, larger(k, -2000)), decided


def portion(
    x: Any, a: Any, inverse: Any, l_high: Any, l_low: Any, l_radius: Any, alone: Any,
    p: Any, emin: Any, emax: Any, largest: Any,
) -> Any:  # fmt: skip
    """exp(x - a) / S: softmax. `inverse` is 1 / m where that is a power of two, else 0."""
    base, base_low = two_difference(x, a)
    z, _, _, z_low, z_radius = anchored(base, base_low, -1.0, l_high, l_low, l_radius)
    high, lower, upper, low, radius, q = share(z, z_low, z_radius, where(base == 0.0, inverse, 1.0))
    exact = alone & (inverse > 0.0)
    high, low, radius = where(exact, 1.0, high), where(exact, 0.0, low), where(exact, 0.0, radius)
    lower, upper, q = where(exact, 0.0, lower), where(exact, 0.0, upper), where(exact, exponent(inverse), q)
    near = q >= REMOTE
    unit = power(where(near, q, 0))
    high, low, radius, lower, upper = high * unit, low * unit, radius * unit, lower * unit, upper * unit
    scale = where(near, 0, q)
    ordinal, side, binade, decided = settled(high, lower, upper, radius, scale, exact, p, emin, emax, largest)
    return high, low, radius, scale, ordinal, side, binade, scaled(high, larger(scale, -2000)), decided
