"""one exact row -> enclosures of every output, at any precision: the slow tier.

Fixed precision is never trusted (400 bits answer 0 to [0, -740]); Ziv's loop in `solve` doubles
it until the rounding is decided. mpmath evaluates exp and log, and its last bits are not:

ASSUMED: mpmath's exp and log, asked for q bits, err by less than 2^24 units of the last of them.
    So they are asked for GUARD more bits than used and widened by 2^-(precision + 7) relative:
    a unit of the last of q bits is up to 2^(1 - q) of the number.
    (mpmath's own interval functions, which widen by a unit, miss the truth about once in 5,000.
    `scripts/check_assumption.py` tests the assumption against arb.)
"""

import functools
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from mpmath.libmp import from_man_exp, from_rational, mpf_exp, mpf_log

from lsecheck.errors import Undecided
from lsecheck.formats import Format, Position
from lsecheck.functions.definition import Function
from lsecheck.oracle.enclosure import Enclosure, Ratio, Split, decide, exactly, negated

GUARD = 32  #: bits beyond `precision` that exp and log are asked for
WIDEN = 7  #: and how far below 2^-precision their widened relative error lies: GUARD - 24 - 1
FIRST_PRECISION = 96  #: decides all but one case in 10^9 of float64 (53 + 11 bits, and cancellation)
PRECISION_CAP = 1 << 16  #: bits; beyond it `Undecided` is raised
#: a second-largest entry this far below the maximum adds under 2^24 exp(-3500) < 2^-5000:
#: less than any rounding boundary is away, so only its side matters
FAR = 3500
FAR_EXPONENT = -5000


class Row(NamedTuple):
    """The finite entries of a case, exactly: distinct values with counts.

    Entry i is `numerators[i] / denominator * 2^exponent`; numerators are descending.
    """

    numerators: list[int]
    counts: list[int]
    denominator: int
    exponent: int
    where: "np.ndarray[tuple[int], np.dtype[np.intp]]"  #: finite entry -> index of its distinct value


class Figures(NamedTuple):
    """What `measure` needs beside the answer (see `functions.definition.Sums`), as floats."""

    n: float
    maximum: float
    total: float
    log_total: float
    spread: float
    absolute: float
    rest: float
    shares: "np.ndarray[tuple[int], np.dtype[np.float64]]"  #: of each distinct value
    gaps: "np.ndarray[tuple[int], np.dtype[np.float64]]"


class Output(NamedTuple):
    """The decided truth of one output."""

    position: Position
    parts: Split


def exact_row(values: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> Row:
    """Finite float64 values (n >= 1) -> the exact row."""
    distinct, counts = np.unique(values, return_counts=True)
    where = np.searchsorted(distinct, values)  # rather than return_inverse, which takes three times the memory
    significands, powers = np.frexp(distinct)
    whole = np.ldexp(significands, 53).astype(np.int64)
    powers = np.where(whole == 0, 0, powers - 53)
    low = int(powers[whole != 0].min(initial=0)) if whole.any() else 0
    numerators = [m << (e - low) if m else 0 for m, e in zip(whole.tolist(), powers.tolist(), strict=True)]
    last = len(numerators) - 1
    return Row(numerators[::-1], counts.tolist()[::-1], 1, low, last - where)


def rational_row(values: Sequence[Fraction]) -> Row:
    """Exact rationals (n >= 1), as typed on a command line -> the exact row."""
    tally = Counter(values)
    ordered = sorted(tally, reverse=True)
    denominator = math.lcm(*(value.denominator for value in ordered))
    numerators = [value.numerator * (denominator // value.denominator) for value in ordered]
    index = {value: place for place, value in enumerate(ordered)}
    where = np.array([index[value] for value in values], np.intp)
    return Row(numerators, [tally[value] for value in ordered], denominator, 0, where)


class Sweep:
    """exp(x_i - a) of every distinct value, and their sum without the maximum, at one precision."""

    def __init__(self, row: Row, precision: int, reach: "int | None" = FAR):
        self.row, self.precision, self.reach = row, precision, reach
        self.ties = row.counts[0]  #: m, the multiplicity of the maximum
        top = row.numerators[0]
        self.gaps = [top - numerator for numerator in row.numerators]  #: over denominator, * 2^exponent
        self.terms: list[tuple[int, int]] = [(1, 0)]  #: (mantissa, exponent), each good to `_widen`
        self.alone = len(row.numerators) == 1
        self.tail = Ratio(0)  #: lower end of T, the sum without the maximum
        self.tail_high = Ratio(0) if self.alone else Ratio(1, 1, FAR_EXPONENT)
        if not self.alone and self._within_reach(self.gaps[1]):
            self._sum()
        self.terms += [(0, 0)] * (len(row.numerators) - len(self.terms))

    def _sum(self) -> None:
        row, asked = self.row, self.precision + GUARD
        # a term 0.7 (precision + 48) below the second largest is under 2^-(precision + 48) of it
        limit = self.gaps[1] + -(-(7 * (self.precision + 48) * row.denominator) // 10 << max(-row.exponent, 0))
        total, base, cut = 0, 0, 0
        for place in range(1, len(row.numerators)):
            if self.gaps[place] > limit:
                cut = sum(row.counts[place:])
                break
            _, mantissa, exponent, bits = mpf_exp(self._mpf(-self.gaps[place], asked), asked, "n")
            self.terms.append((mantissa, exponent))
            if place == 1:
                base = exponent + bits - self.precision - 40
            shift = exponent - base
            # floored: each loses less than one unit of 2^base
            total += row.counts[place] * mantissa << shift if shift >= 0 else row.counts[place] * mantissa >> -shift
        # lost: one unit a floored term, less than one unit a term cut off; then the widening
        lost = len(row.numerators) + cut
        self.tail = Ratio(total - self._widen(total), 1, base)
        self.tail_high = Ratio(total + lost + self._widen(total + lost), 1, base)

    def _widen(self, mantissa: int) -> int:
        """2^-(precision + WIDEN) of a positive mantissa, rounded up."""
        return (mantissa >> (self.precision + WIDEN)) + 1

    def _within_reach(self, gap: int) -> bool:
        """Whether exp(-gap) is worth evaluating: not where only its side matters."""
        if self.reach is None:
            return True
        scale, limit = self.row.exponent, self.reach * self.row.denominator
        return gap << scale <= limit if scale >= 0 else gap <= limit << -scale

    def _mpf(self, numerator: int, asked: int) -> "tuple[int, int, int, int]":
        """numerator / denominator * 2^exponent for mpmath: exact, or (rationals only) to a unit
        2^-GUARD below what is asked for, however large the argument."""
        row = self.row
        if row.denominator == 1:
            return from_man_exp(numerator, row.exponent)
        return from_rational(numerator, row.denominator, asked + GUARD + numerator.bit_length(), "n")

    @functools.cached_property
    def log_total(self) -> Enclosure:
        """delta = log S = log(m + T), positive and irrational unless the row is a single entry."""
        low, high = self.tail, self.tail_high
        if self.ties == 1:
            if self.alone:
                return exactly(Ratio(0))
            if low.numerator == 0:
                return Enclosure(low, high)
            size = low.numerator.bit_length() + low.exponent  # T < 2^size
            if size < -self.precision - 16:
                # T - T^2 / 2 < log1p(T) < T
                return Enclosure(low._replace(numerator=low.numerator - self._widen(low.numerator)), high)
        low, high = self._near_tail
        # one log, at the lower end; its slope 1 / (m + T) < 1 carries it to the upper
        asked = self.precision + GUARD + max(-low.numerator.bit_length() - low.exponent, 0)
        base = min(low.exponent, 0)
        start = (self.ties << -base) + (low.numerator << (low.exponent - base))
        _, mantissa, exponent, _ = mpf_log(from_man_exp(start, base), asked, "n")
        slack = self._widen(mantissa)
        common = min(exponent, high.exponent, low.exponent)
        width = (high.numerator << (high.exponent - common)) - (low.numerator << (low.exponent - common))
        upper = ((mantissa + slack) << (exponent - common)) + width
        return Enclosure(Ratio(mantissa - slack, 1, exponent), Ratio(upper, 1, common))

    @functools.cached_property
    def _near_tail(self) -> tuple[Ratio, Ratio]:
        """The ends of T, or (0, 2^-5000) where it is smaller: safe to add to what is not tiny."""
        low, high = self.tail, self.tail_high
        if high.numerator and high.numerator.bit_length() + high.exponent < FAR_EXPONENT:
            return Ratio(0), Ratio(1, 1, FAR_EXPONENT)
        return low, high

    def share(self, place: int) -> Enclosure:
        """p = exp(x - a) / (m + T) of a distinct value."""
        if self.alone:
            return exactly(Ratio(1, self.ties))
        if self.terms[place][0] == 0:  # it did not matter to the sum, but is an output of its own
            if not self._within_reach(self.gaps[place]):
                return Enclosure(Ratio(0), Ratio(1, 1, FAR_EXPONENT))
            asked = self.precision + GUARD
            _, mantissa, exponent, _ = mpf_exp(self._mpf(-self.gaps[place], asked), asked, "n")
            self.terms[place] = mantissa, exponent
        mantissa, exponent = self.terms[place]
        slack = self._widen(mantissa) if place else 0
        low, high = self._near_tail
        return Enclosure(
            Ratio(mantissa - slack, *self._over(high, exponent)),
            Ratio(mantissa + slack, *self._over(low, exponent)),
        )

    def _over(self, tail: Ratio, exponent: int) -> tuple[int, int]:
        """Denominator and exponent that divide by m + tail."""
        base = min(tail.exponent, 0)
        return (self.ties << -base) + (tail.numerator << (tail.exponent - base)), exponent - base

    def shifted(self, place: int) -> Enclosure:
        """z = (x - a) - log S of a distinct value: log_softmax."""
        return negated(self._anchored(self.gaps[place]))

    def logsumexp(self) -> Enclosure:
        """y = a + log S."""
        return self._anchored(self.row.numerators[0])

    def _anchored(self, numerator: int) -> Enclosure:
        """The exact rational numerator / denominator * 2^exponent, plus log S: an anchor with a side."""
        low, high, exact = self.log_total
        if numerator == 0:
            return Enclosure(low, high, exact)
        if not exact and high.numerator.bit_length() + high.exponent < FAR_EXPONENT:
            low, high = Ratio(0), Ratio(1, 1, FAR_EXPONENT)
        return Enclosure(self._plus(numerator, low), self._plus(numerator, high), exact)

    def _plus(self, numerator: int, delta: Ratio) -> Ratio:
        row = self.row
        base = min(row.exponent, delta.exponent)
        moved = delta.numerator * row.denominator << (delta.exponent - base)
        return Ratio((numerator << (row.exponent - base)) + moved, row.denominator, base)

    def _term(self, place: int) -> tuple[int, int, int]:
        """exp(x - a) of a distinct value, evaluated for the figures alone where the sum did without it."""
        mantissa, exponent = self.terms[place]
        if mantissa == 0 and self._within_reach(self.gaps[place]):
            _, mantissa, exponent, _ = mpf_exp(self._mpf(-self.gaps[place], 64), 64, "n")
        return mantissa, 1, exponent

    def figures(self) -> Figures:
        """The row's sums in float64: products and quotients of IEEE, sums exactly rounded."""
        row = self.row
        # terms that were cut off did not matter to the sum, but their shares are figures too
        weights = np.array([_float(*self._term(place)) for place in range(len(self.terms))])
        gaps = np.array(
            [min(_float(gap, row.denominator, row.exponent), math.ldexp(1 - 2**-53, 1024)) for gap in self.gaps]
        )
        sizes = np.array([_float(abs(top), row.denominator, row.exponent) for top in row.numerators])
        massed = weights * np.array(row.counts, np.float64)
        # sums of |x| in units of 2^top, the largest that has weight: they neither overflow nor underflow
        top = int(np.frexp(sizes[massed > 0].max())[1])
        tail = math.fsum(massed[1:])
        total = self.ties + tail
        return Figures(
            n=float(sum(row.counts)),
            maximum=_float(row.numerators[0], row.denominator, row.exponent),
            total=total,
            log_total=_float(*self.log_total.high),
            spread=math.fsum(massed * gaps) / total,
            absolute=math.ldexp(math.fsum(massed * np.ldexp(np.where(massed > 0, sizes, 0.0), -top)) / total, top),
            rest=((self.ties - 1) + tail) / total,
            shares=weights / total,
            gaps=gaps,
        )


def _float(numerator: int, denominator: int, exponent: int) -> float:
    """The nearest float64 or so: 64 bits are kept before the quotient; overflow gives infinity."""
    extra = numerator.bit_length() - denominator.bit_length() - 64
    if extra > 0:
        numerator, exponent = numerator >> extra, exponent + extra
    try:
        return math.ldexp(numerator / denominator, max(exponent, -5000))
    except OverflowError:
        return math.copysign(math.inf, numerator)


def log_enclosure(number: Ratio, precision: int) -> Enclosure:
    """log of a positive dyadic number (denominator 1): irrational unless the number is 1."""
    negative, mantissa, exponent, bits = mpf_log(
        from_man_exp(number.numerator, number.exponent), precision + GUARD, "n"
    )
    if bits == 0:
        return exactly(Ratio(0))
    sign = -1 if negative else 1
    slack = (mantissa >> (precision + WIDEN)) + 1
    low, high = sorted((sign * (mantissa - slack), sign * (mantissa + slack)))
    return Enclosure(Ratio(low, 1, exponent), Ratio(high, 1, exponent))


def enclose(function: Function, sweep: Sweep, place: int) -> Enclosure:
    """The enclosure of one output: `place` is the distinct value it belongs to."""
    match function.name:
        case "logsumexp" | "logaddexp":
            return sweep.logsumexp()
        case "softmax":
            return sweep.share(place)
        case "log_softmax":
            return sweep.shifted(place)
        case "cross_entropy":
            return negated(sweep.shifted(place))
    raise AssertionError(f"the oracle has no enclosure for {function.name}")


def solve(function: Function, row: Row, places: Iterable[int], fmt: Format) -> tuple[dict[int, Output], Figures]:
    """Decide the outputs of one row that belong to the distinct values `places`.

    Ziv's loop: enclose, stop when every rounding and ulp error is settled, else double the
    precision. It ends because no output that needs arithmetic is ever a number or a midpoint of
    any format. Lindemann-Weierstrass: exponentials of distinct algebraic numbers are linearly
    independent over the algebraic numbers. So for n >= 2 entries

    * y = LSE algebraic would give sum c_j e^(x_j) - e^y = 0, c_j >= 1 the counts of the distinct
      x_j: non-trivial if y is none of them; if y = x_k it forces c_k = 1 and no other x_j;
    * p_i algebraic would give e^(x_i) = p_i sum c_j e^(x_j): all entries equal, and then p = 1/n
      is rounded exactly as the rational it is;
    * z_i = x_i - y is rational minus transcendental.

    An enclosure that shrinks onto an irrational number leaves every rounding boundary behind;
    where it would take unimaginable precision (the truth a hair above a rational anchor a), the
    anchor is the enclosure's own open end, and the side decides at once.
    """
    pending, settled = set(places), {}
    precision = FIRST_PRECISION
    figures: Figures | None = None
    while True:
        sweep = Sweep(row, precision)
        figures = figures or sweep.figures()
        for place in sorted(pending):
            found = decide(enclose(function, sweep, place), fmt)
            if found is not None:
                settled[place] = Output(*found)
        pending -= settled.keys()
        if not pending:
            return settled, figures
        precision *= 2
        if precision > PRECISION_CAP:
            raise Undecided(
                f"{function.name} of {len(row.where)} entries is not decided in {fmt} at {PRECISION_CAP} bits:"
                " its truth lies closer to a rounding boundary than that; report this input"
            )
