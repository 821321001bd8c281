"""truth -> the same truth in base 2: log2 sum exp(x) = (log sum exp(x)) / ln 2.

What is known of y to 2^-90 or so is known of y / ln 2 as well: one product of pairs, and the
rounding decided again; where that does not decide it, enclosures of both in Ziv's loop.
Attention kernels keep their LSE that way.

The only exact answers: sum exp(x) = 2^q with algebraic x and rational q needs every exp(x) to be
algebraic, so every x to be 0 (Lindemann-Weierstrass), and 2^k of them.
"""

from dataclasses import replace

import numpy as np

from lsecheck.errors import Undecided
from lsecheck.formats import Format
from lsecheck.functions.definition import Expected, Floats
from lsecheck.oracle.enclosure import Enclosure, Ratio, Split, decide
from lsecheck.oracle.pairs import fast_two_sum, outward, two_product
from lsecheck.oracle.settle import settled
from lsecheck.oracle.truth import Truth

#: 1 / ln 2 as a pair, within 2^-110
LOG2E_HIGH, LOG2E_LOW = float.fromhex("0x1.71547652b82fep+0"), float.fromhex("0x1.777d0ffda0d24p-56")
#: of the product: 2^-110 from the constant, three roundings of terms below 2^-52, one product of low parts
PRODUCT_ERROR = 2.0**-100


@np.errstate(all="ignore")  # special values pass through
def in_base_two(known: Truth, batch: Floats) -> Truth:
    """The truth about a batch for an implementation that answers in base 2; special values are the same.

    raises    `Undecided` past the precision cap
    """
    number = known.expected == Expected.NUMBER
    high, low, radius = (np.where(number, part, 0.0) for part in (known.high, known.low, known.radius))
    head, power = np.frexp(high)
    tail, wide = np.ldexp(low, -power), np.ldexp(radius, -power)
    product, error = two_product(head, LOG2E_HIGH)
    total, rest = fast_two_sum(product, error + (head * LOG2E_LOW + tail * LOG2E_HIGH))
    reach = np.nextafter(wide * (LOG2E_HIGH + 2.0**-50) + np.abs(product) * PRODUCT_ERROR, np.inf)
    zeros = np.count_nonzero(batch == 0, axis=1)[:, None]
    fraction, whole = np.frexp(zeros)
    ones = ((batch == 0) | (batch == -np.inf)).all(axis=1)[:, None] & (fraction == 0.5)
    total, power = np.where(ones, whole - 1.0, total), np.where(ones, 0, power)
    exact = ones | ((head == 0) & (low == 0) & (radius == 0))
    rest, reach = np.where(exact, 0.0, rest), np.where(exact, 0.0, reach)
    scale = np.where(ones | (head == 0), 0, power + known.scale)
    fmt = known.formats.output
    lower, upper, outer = outward(rest, reach)
    places, side, exponent, decided = settled(
        total, lower, upper, outer, scale, exact, fmt.precision, fmt.emin, fmt.emax, fmt.largest_ordinal
    )
    for row in np.flatnonzero((number & ~decided)[:, 0]).tolist():
        parts, ordinal, toward, binade = _solved(batch[row], fmt)
        total[row], rest[row], reach[row], scale[row] = parts
        places[row], side[row], exponent[row] = ordinal, toward, binade
    return replace(
        known,
        base="2",
        places=np.where(number, places, known.places),
        side=np.where(number, side, known.side).astype(np.int8),
        exponent=np.where(number, exponent, known.exponent).astype(np.int16),
        high=np.where(number, total, known.high),
        low=np.where(number, rest, known.low),
        radius=np.where(number, reach, known.radius),
        scale=np.where(number, scale, known.scale).astype(np.int16),
    )


def _solved(values: Floats, fmt: Format) -> "tuple[Split, int, int, int]":
    """One row by Ziv's loop: (high, low, radius, scale), signed ordinal, side, exponent."""
    from lsecheck.oracle import interval  # loads mpmath: only when a case needs it

    finite = values[np.isfinite(values)]
    row = interval.exact_row(finite)
    ties = row.counts[0]
    # S > 2^k, however little: then k is an open end of the enclosure, and the side decides at once
    anchor = ties.bit_length() - 1 if row.numerators[0] == 0 and ties & (ties - 1) == 0 else None
    precision = interval.FIRST_PRECISION
    while precision <= interval.PRECISION_CAP:
        sweep = interval.Sweep(row, precision)
        natural, log_two = sweep.logsumexp(), interval.log_enclosure(Ratio(2), precision)
        low, high = _over(natural.low, log_two, down=True), _over(natural.high, log_two, down=False)
        if anchor is not None and _less(low, anchor):
            low = Ratio(anchor)
        found = decide(Enclosure(low, high), fmt)
        if found is not None:
            position, parts = found
            toward = 1 if position.nearest == position.below else -1
            return parts, position.sign * position.nearest, position.sign * toward, position.exponent
        precision *= 2
    raise Undecided("a rounding in base 2 is not decided at the precision cap: report this input")


def _over(number: Ratio, log_two: Enclosure, down: bool) -> Ratio:
    """A lower (upper) end of number / ln 2."""
    divisor = log_two.high if (number.numerator >= 0) == down else log_two.low
    return Ratio(
        number.numerator * divisor.denominator,
        number.denominator * divisor.numerator,
        number.exponent - divisor.exponent,
    )


def _less(one: Ratio, integer: int) -> bool:
    """Whether a ratio lies below an integer >= 0."""
    shift = max(-one.exponent, 0)
    return one.numerator << max(one.exponent, 0) < (integer * one.denominator) << shift
