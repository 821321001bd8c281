"""The laws of the family, held against enclosures: exact rationals, no tolerances.

Two enclosures of one number overlap; a number and an enclosure of it do too. They are 2^-90 or so
wide, so a law that fails by one part in 10^27 of an answer is seen.
"""

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from flint import arb, ctx, fmpz
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from lsecheck import truth
from lsecheck.functions.definition import Expected
from lsecheck.oracle.truth import Truth

INF = math.inf
LARGEST = float(np.finfo(np.float64).max)
BITS = 400  #: of arb, where a law needs exp or log
WIDEST = Fraction(1, 2**60)  #: of what an enclosure may be wide, relative to its number

many = settings(deadline=None, max_examples=60)


class Span(NamedTuple):
    """Everything between two rationals, ends included."""

    low: Fraction
    high: Fraction

    def __add__(self, other: "Span | Fraction | int") -> "Span":
        return Span(self.low + other.low, self.high + other.high) if isinstance(other, Span) else self + at(other)

    def __neg__(self) -> "Span":
        return Span(-self.high, -self.low)

    def __sub__(self, other: "Span | Fraction | int") -> "Span":
        return self + -(other if isinstance(other, Span) else at(other))

    def meets(self, other: "Span | Fraction | int") -> bool:
        """Whether the two could be the same number."""
        other = other if isinstance(other, Span) else at(other)
        return self.low <= other.high and other.low <= self.high


def at(number: "Fraction | int | float") -> Span:
    """A number, as a span."""
    return Span(Fraction(number), Fraction(number))


def spans(found: Truth) -> list[Span]:
    """The enclosures of the first row: (high + low ± radius) * 2^scale."""
    columns = (getattr(found, name)[0].tolist() for name in ("high", "low", "radius", "scale"))
    spans = []
    for high, low, radius, scale in zip(*columns, strict=True):
        middle, unit = Fraction(high) + Fraction(low), Fraction(2) ** scale
        spans.append(Span((middle - Fraction(radius)) * unit, (middle + Fraction(radius)) * unit))
    return spans


def ask(function: str, row: "list[float]", label: "int | None" = None) -> Truth:
    """The truth of one row in float64."""
    labels = None if label is None else np.array([label])
    return truth(function, np.array([row], np.float64), labels=labels)


def lse(row: "list[float]") -> Span:
    """Where LSE lies; checked to be a narrow span, so that meeting it means something."""
    found = spans(ask("logsumexp", row))[0]
    assert found.high - found.low <= WIDEST * max(abs(found.low), abs(found.high), Fraction(1, 2**1060))
    return found


def ball(span: Span) -> arb:
    """An arb ball that holds the span."""
    ctx.prec = BITS
    low, high = (arb(fmpz(end.numerator)) / arb(fmpz(end.denominator)) for end in span)
    return low.union(high)


def logarithm(number: int) -> Span:
    """ln of an integer, to 2^-390 or so."""
    ctx.prec = BITS
    found = arb(number).log()
    return Span(_end(found.lower()), _end(found.upper()))


def _end(point: arb) -> Fraction:
    mantissa, power = (int(part) for part in point.man_exp())
    return mantissa * Fraction(2) ** power


def exact_shift(row: "list[float]", c: float) -> "list[float] | None":
    """x - c if every difference is a float64, else None."""
    with np.errstate(over="ignore"):
        moved = (np.array(row) - c).tolist()
    exact = all(math.isfinite(y) and Fraction(x) - Fraction(c) == Fraction(y) for x, y in zip(row, moved, strict=True))
    return moved if exact else None


#: on a grid, so that sums and differences are exact
grid = st.integers(-(2**40), 2**40).map(lambda k: k * 2.0**-20)
close = st.integers(-(2**24), 2**24).map(lambda k: k * 2.0**-20)
anything = st.floats(allow_nan=False, allow_infinity=False)
entries = st.lists(st.one_of(close, close, grid, anything), min_size=1, max_size=8)
on_grid = st.lists(st.one_of(close, grid), min_size=1, max_size=8)

NEAR_ZERO = [-0.6931471805599453, -0.6931471805599453]
HUGE = [LARGEST, LARGEST, -LARGEST]
FAR = [0.0, -1e300]
SUBNORMAL = [0.0, -740.0]
TIED_FAR = [3.0, 3.0, -1e308]


class TestSize:
    """max <= LSE <= max + ln n."""

    @many
    @given(entries)
    @example([5.0])  # n = 1: equality on both sides
    @example([5.0, 5.0, 5.0])  # ties: equality on the right
    @example(NEAR_ZERO)
    @example(HUGE)  # the sum passes every float64
    @example(FAR)  # a hair above the maximum
    @example(SUBNORMAL)
    @example(TIED_FAR)
    def test_it_lies_between_the_maximum_and_the_maximum_plus_ln_n(self, row):
        """The first thing any logsumexp must satisfy."""
        top, found = Fraction(max(row)), lse(row)
        assert found.meets(Span(top, (at(top) + logarithm(len(row))).high))
        if len(row) > 1:
            assert found.high > top

    @many
    @given(st.floats(-1e300, 1e300), st.integers(1, 300))
    @example(0.0, 1)
    @example(-math.log(2), 2)
    @example(LARGEST, 2)
    @example(5e-324, 7)
    def test_n_equal_entries_give_c_plus_ln_n(self, c, n):
        """The upper bound is reached, and the rational anchor c is not."""
        assert lse([c] * n).meets(at(c) + logarithm(n))

    @many
    @given(entries, st.integers(0, 7))
    @example(SUBNORMAL, 1)
    def test_raising_an_entry_never_lowers_it(self, row, place):
        """Monotone in every entry, and so are the roundings."""
        place %= len(row)
        raised = [*row[:place], math.nextafter(row[place], INF), *row[place + 1 :]]
        assume(math.isfinite(raised[place]))
        assert lse(raised).high >= lse(row).low
        assert ask("logsumexp", raised).places[0, 0] >= ask("logsumexp", row).places[0, 0]


class TestShift:
    """LSE(x) = c + LSE(x - c) for every c, not the maximum alone."""

    @many
    @given(on_grid, grid)
    @example([0.0], 1.0)
    @example([1.5, -2.5, 1.5], 1.5)  # the maximum
    @example([1.5, -2.5, 1.5], -2.5)  # the minimum
    @example([0.25, 0.5], 2.0**40)  # far above: every entry becomes very negative
    @example([0.25, 0.5], -(2.0**40))
    @example(HUGE, LARGEST / 2)
    @example(NEAR_ZERO, -0.6931471805599453)
    def test_a_common_shift_moves_it_by_as_much(self, row, c):
        """Any shift for which x - c is exact; textbooks prove it for the maximum and use it for others."""
        moved = exact_shift(row, c)
        assume(moved is not None)
        assert lse(row).meets(lse(moved) + Fraction(c))

    @many
    @given(on_grid, grid)
    @example([0.0, -700.0], 2.0**20)
    @example([3.0, 3.0], 3.0)
    def test_softmax_and_log_softmax_are_not_moved(self, row, c):
        """Not their roundings either, nor the side of them that the truth lies on."""
        moved = exact_shift(row, c)
        assume(moved is not None)
        for function in ("softmax", "log_softmax"):
            before, after = ask(function, row), ask(function, moved)
            assert np.array_equal(before.places, after.places)
            assert np.array_equal(before.side, after.side)
            assert all(one.meets(other) for one, other in zip(spans(before), spans(after), strict=True))

    def test_a_shift_of_all_entries_but_a_zero_is_no_shift(self):
        """'LSE(0, x_1, ...) = LSE(c, x_1 - c, ...)' is often written and false: x = (0), c = 1."""
        row, c = [0.0], 1.0
        plain, misstated = lse([0.0, *row]), lse([c, *(x - c for x in row)])
        assert not plain.meets(misstated)
        assert plain.meets(logarithm(2))
        # what is true: the zero is an entry like any other, and c comes back in front
        assert plain.meets(lse([0.0 - c, *(x - c for x in row)]) + Fraction(c))


class TestShares:
    """softmax is a distribution."""

    @many
    @given(entries)
    @example([5.0])
    @example([5.0, 5.0, 5.0])  # thirds: rationals that are no floats
    @example(SUBNORMAL)
    @example(HUGE)
    @example(TIED_FAR)
    @example([0.0, -745.2, -800.0])  # shares that round to 0 are still there
    def test_the_shares_sum_to_1(self, row):
        """The sum of the enclosures holds 1, and is not much wider than they are."""
        found = spans(ask("softmax", row))
        total = Span(sum(span.low for span in found), sum(span.high for span in found))
        assert total.meets(1)
        assert total.high - total.low <= len(row) * WIDEST
        assert all(span.high >= 0 and span.low <= 1 for span in found)

    @many
    @given(entries)
    @example(SUBNORMAL)
    @example(NEAR_ZERO)
    @example([0.0, -17.738])
    def test_log_softmax_is_x_minus_lse(self, row):
        """By definition, and exactly: the two are enclosed by different code."""
        whole = lse(row)
        for x, z in zip(row, spans(ask("log_softmax", row)), strict=True):
            assert z.meets(at(x) - whole)

    @many
    @given(st.lists(close, min_size=1, max_size=6))
    @example([0.0, -17.738])
    @example([0.0, 0.0])
    def test_log_softmax_is_the_logarithm_of_softmax(self, row):
        """Two functions, two enclosures, one law."""
        shares, logs = spans(ask("softmax", row)), spans(ask("log_softmax", row))
        for p, z in zip(shares, logs, strict=True):
            assert ball(p).overlaps(ball(z).exp())

    @many
    @given(entries, st.integers(0, 7))
    @example([0.0, -1e300], 0)  # a hair from 0 on the right side
    @example([0.0, -1e300], 1)
    @example([2.0], 0)
    def test_x_minus_lse_is_the_log_likelihood_and_the_loss_is_its_negative(self, row, label):
        """A loss is never negative, a log-likelihood never positive: confusing them trains the wrong way."""
        label %= len(row)
        likelihood, loss = ask("log_softmax", row), ask("cross_entropy", row, label)
        assert spans(loss)[0].meets(-spans(likelihood)[label])
        assert loss.places[0, 0] == -likelihood.places[0, label] >= 0
        if len(row) > 1:
            assert spans(loss)[0].high > 0
            assert spans(likelihood)[label].low < 0

    def test_x_minus_lse_is_not_the_loss(self):
        """The misstatement, on the smallest row: -ln 2 is no loss."""
        difference = at(0) - lse([0.0, 0.0])
        loss = spans(ask("cross_entropy", [0.0, 0.0], 0))[0]
        assert not loss.meets(difference)
        assert loss.meets(logarithm(2))


class TestRows:
    """What a row is: a multiset of finite entries."""

    @many
    @given(entries, st.lists(st.integers(0, 8), min_size=1, max_size=3))
    @example([3.0], [0])  # n = 1 stays exact
    @example(SUBNORMAL, [1])
    @example(TIED_FAR, [0, 3])
    def test_entries_of_minus_infinity_change_nothing(self, row, places):
        """exp(-inf) = 0 exactly: the same bits, not merely near."""
        padded = list(row)
        for place in sorted(places, reverse=True):
            padded.insert(min(place, len(row)), -INF)
        kept = [place for place, x in enumerate(padded) if x != -INF]
        for function in ("logsumexp", "softmax", "log_softmax"):
            whole, without = ask(function, padded), ask(function, row)
            outputs = kept if len(whole.places[0]) == len(padded) else [0]
            for name in ("places", "side", "exponent", "high", "low", "radius", "scale"):
                assert np.array_equal(getattr(whole, name)[:, outputs], getattr(without, name)), (function, name)
        gone = [place for place in range(len(padded)) if place not in kept]
        assert np.all(ask("softmax", padded).places[0, gone] == 0)
        assert np.all(ask("log_softmax", padded).expected[0, gone] == Expected.MINUS_INFINITY)

    @many
    @given(entries, st.randoms(use_true_random=False))
    @example(NEAR_ZERO, None)
    def test_order_changes_nothing(self, row, chance):
        """The oracle sorts; a running sum would not be able to say so."""
        order = list(range(len(row)))[::-1]
        if chance is not None:
            chance.shuffle(order)
        shuffled = [row[place] for place in order]
        for name in ("places", "side", "high", "low", "radius", "scale"):
            one, other = ask("logsumexp", row), ask("logsumexp", shuffled)
            assert np.array_equal(getattr(one, name), getattr(other, name))
            one, other = ask("softmax", row), ask("softmax", shuffled)
            assert np.array_equal(getattr(one, name)[:, order], getattr(other, name))

    @many
    @given(entries, st.integers(2, 5))
    @example([0.0], 2)
    @example(NEAR_ZERO, 2)
    @example(HUGE, 2)
    @example(SUBNORMAL, 3)
    def test_repeating_the_row_k_times_adds_ln_k(self, row, k):
        """Twice the row adds ln 2: counts are weights."""
        assert lse(row * k).meets(lse(row) + logarithm(k))

    @many
    @given(entries, entries)
    @example([0.0], [0.0])
    @example([0.0], [-740.0])
    @example([1e308], [-1e308])
    @example([5.0, 5.0], [5.0])
    @example(NEAR_ZERO, [-40.0])
    def test_a_row_may_be_split_and_merged(self, left, right):
        """e^LSE(left + right) = e^LSE(left) + e^LSE(right): what online and tiled kernels rest on."""
        one, other = sorted((lse(left), lse(right)), key=lambda span: -span.high)
        gap = other - one
        assume(gap.low > -100_000)  # beyond, e^gap is a number no ball can hold
        merged = lse(left + right) - one
        assert ball(merged).overlaps(ball(gap).exp().log1p())

    @many
    @given(on_grid, st.integers(0, 7))
    @example([0.0, 0.0, 0.0], 0)
    def test_the_share_of_an_entry_is_what_taking_it_out_loses(self, row, place):
        """LSE of the others = LSE + log(1 - p): the two tiers of the oracle agree on p."""
        place %= len(row)
        others = row[:place] + row[place + 1 :]
        assume(others)
        p = ball(spans(ask("softmax", row))[place])
        assert ball(lse(others) - lse(row)).overlaps((-p).log1p()) or not (p < 1)


@pytest.mark.parametrize("function", ["logsumexp", "softmax", "log_softmax"])
def test_a_law_that_is_false_by_a_part_in_10_to_the_20_is_seen(function):
    """Spans that meet everything would prove nothing: each is far narrower than a float64 is dense."""
    for row in ([0.3, -0.7, 2.0], NEAR_ZERO, [1e3, 1e3 - 5], SUBNORMAL):
        for span in spans(ask(function, row)):
            middle = (span.low + span.high) / 2
            assert not span.meets(middle * (1 + Fraction(1, 10**20)))
            assert span.meets(middle)
