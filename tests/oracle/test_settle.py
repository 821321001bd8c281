"""settle: what it decides of open ends is what exact rationals decide."""

import math
from fractions import Fraction

import numpy as np
import pytest

from lsecheck.formats import FORMATS, Format, Position, locate, value
from lsecheck.oracle.enclosure import Enclosure, Ratio, decide
from lsecheck.oracle.settle import SLACK, settled

EVERY = pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)
#: a hair to the last bit that a low part holds, and one that only its sign tells from 0
HAIRS = [0.0, 2.0**-60, 2.0**-90, 2.0**-300]


def two(power: int) -> Fraction:
    """2^power."""
    return Fraction(2) ** power


def ratio(number: Fraction) -> Ratio:
    """The Ratio of a dyadic rational, its power of 2 apart: denominators of 2^5000 are slow."""
    power = 1 - number.denominator.bit_length()
    return Ratio(number.numerator, 1, power)


def toward(position: Position) -> int:
    """The side of the truth, as `truth` has it."""
    if position.exact:
        return 0
    return position.sign * (1 if position.nearest == position.below else -1)


class Batch:
    """(high + lower, high + upper) 2^scale, one for each case, and what exact rationals make of it."""

    def __init__(self, fmt: Format):
        self.fmt, self.cases = fmt, []

    def add(self, high: float, lower: float, upper: float, radius: float, scale: int = 0, exact: bool = False) -> None:
        """A case and its mirror image."""
        if not all(map(math.isfinite, (high, lower, upper))):
            return
        self.cases.append((high, lower, upper, radius, scale, exact))
        self.cases.append((-high, -upper, -lower, radius, scale, exact))

    def around(self, truth: Fraction, hair: float, scale: int = 0) -> None:
        """Open intervals that end at a rational, hold it, or keep a hair away: as wide as a hair of it."""
        unit = two(scale)
        try:
            high = float(truth / unit)
        except OverflowError:
            return
        if high == 0 or not math.isfinite(high) or abs(high) < 2.0**-1060:
            return
        at = float(truth / unit - Fraction(high))  # exact for numbers and midpoints of float64
        size = abs(high) * 2.0**-53
        wide = size * hair if hair else size * 2.0**-40
        ends = [(at, at + wide), (at - wide, at), (at - wide, at + wide), (at + wide, at + 2 * wide)]
        for lower, upper in (*ends, (at - 2 * wide, at - wide)):
            radius = abs(upper - lower) or 2.0**-1074
            if lower < upper:
                self.add(high, lower, upper, radius, scale)
                # halfway between two float64 either may be `high`, a hair further than its half place
                step = math.ulp(high)
                other = lower - step, upper - step
                if max(map(abs, other)) < 0.5001 * step and other[1] > other[0] and math.frexp(high)[0] != 0.5:
                    self.add(high + step, *other, radius, scale)

    def run(self) -> "tuple[list[bool], list[tuple[int, int, int]]]":
        """What `settled` says: decided, and (ordinal, side, exponent)."""
        high, lower, upper, radius, scale, exact = map(np.array, zip(*self.cases, strict=True))
        fmt = self.fmt
        with np.errstate(all="ignore"):
            ordinal, side, exponent, decided = settled(
                high, lower, upper, radius, scale, exact, fmt.precision, fmt.emin, fmt.emax, fmt.largest_ordinal
            )
        return decided.tolist(), list(zip(ordinal.tolist(), side.tolist(), exponent.tolist(), strict=True))

    def right(self, case: tuple) -> "tuple[int, int, int] | None":
        """The same from exact rationals, if they decide it."""
        high, lower, upper, _, scale, exact = case
        ends = [(Fraction(high) + Fraction(each)) * two(scale) for each in (lower, upper)]
        if exact:
            found = locate(self.fmt, *ratio(Fraction(high) * two(scale)))
        else:
            found, other = (locate(self.fmt, *ratio(end), side=s) for end, s in zip(ends, (1, -1), strict=True))
            if found != other:
                return None
        return found.sign * found.nearest, toward(found), found.exponent

    def close_enough(self, case: tuple, exponent: int) -> bool:
        """The radius is at most 2^-12 of the ulp: decided, were there nothing else."""
        return Fraction(case[3]) * two(case[4]) <= two(exponent - self.fmt.precision + 1 - 12)

    def check(self) -> int:
        """Nothing is decided otherwise, and nothing decidable is left; how many were decided."""
        count = 0
        for case, decided, found in zip(self.cases, *self.run(), strict=True):
            wanted = self.right(case)
            if decided:
                assert found == wanted, (str(self.fmt), case)
                count += 1
            elif wanted is not None and abs(wanted[0]) <= self.fmt.largest_ordinal:
                assert not self.close_enough(case, wanted[2]), (str(self.fmt), case, wanted)
        return count


def places(fmt: Format) -> "list[int]":
    """Ordinals where something changes: 0, subnormals, powers of two, the largest; and some between."""
    binade = 1 << (fmt.precision - 1)
    chance = np.random.default_rng(fmt.precision)
    top = fmt.largest_ordinal
    marks = [0, 1, 2, 3, binade // 2, binade, 2 * binade, 3 * binade, binade * (top // binade), top - 1, top]
    marks += [binade * int(each) for each in chance.integers(1, top // binade, 6)]
    near = {mark + step for mark in marks for step in (-1, 0, 1)}
    near |= set(chance.integers(0, top, 40).tolist())
    return sorted(place for place in near if 0 <= place <= top)


def anchors(fmt: Format) -> "list[Fraction]":
    """Numbers and midpoints of the format, and where it overflows."""
    found = []
    for place in places(fmt):
        number = Fraction(value(fmt, place))
        above = Fraction(value(fmt, place + 1)) if place < fmt.largest_ordinal else number + (
            number - Fraction(value(fmt, place - 1)))  # fmt: skip
        found += [number, (number + above) / 2]
    beyond = Fraction(value(fmt, fmt.largest_ordinal)) * Fraction(33, 32)
    return [each for each in (*found, beyond, 2 * beyond, 64 * beyond, two(fmt.emax + 1)) if each]


class TestAgreement:
    """`settled` against `formats.locate` and `enclosure.decide` on the same open ends."""

    @EVERY
    def test_ends_at_numbers_and_midpoints_are_decided_as_exact_rationals_decide_them(self, fmt):
        """An open end that is a boundary decides, on its side; one that reaches across does not."""
        batch = Batch(fmt)
        for anchor in anchors(fmt):
            for hair in HAIRS:
                batch.around(anchor, hair)
        assert batch.check() > len(batch.cases) / 2

    @EVERY
    def test_random_numbers_are_decided_as_exact_rationals_decide_them(self, fmt):
        """From far below the smallest number to far above the largest."""
        chance = np.random.default_rng(7)
        batch = Batch(fmt)
        for power in chance.integers(fmt.emin - fmt.precision - 9, min(fmt.emax + 4, 990), 400).tolist():
            high = math.ldexp(1 + chance.random(), max(power, -980))
            low = high * 2.0**-53 * (2 * chance.random() - 1)
            radius = high * 2.0 ** -float(chance.integers(54, 90))
            batch.add(high, low - radius, low + radius, radius * (1 + 2.0**-50))
        assert batch.check() > len(batch.cases) / 2

    @EVERY
    def test_scaled_numbers_are_decided_as_exact_rationals_decide_them(self, fmt):
        """A share of e^-800 is a mantissa and an exponent; down to 2^-5000, where only the sign is left."""
        chance = np.random.default_rng(8)
        batch = Batch(fmt)
        for scale in (*range(-5000, 1, 250), -1074, -1075, -1076, -1022, -1023, -999, -1001, -901, -150, -25, -1):
            for _ in range(6):
                high = 1 + chance.random()
                low = high * 2.0**-53 * (2 * chance.random() - 1)
                radius = high * 2.0 ** -float(chance.integers(60, 90))
                batch.add(high, low - radius, low + radius, radius * (1 + 2.0**-50), scale)
            for high, lower, upper in ((1.0, 0.0, 2.0**-70), (1.0, -(2.0**-70), 0.0), (1.5, -(2.0**-60), 2.0**-60)):
                batch.add(high, lower, upper, 2.0**-60, scale)
        assert batch.check() > len(batch.cases) * 0.8

    @EVERY
    def test_boundaries_behind_a_scale_are_decided_as_exact_rationals_decide_them(self, fmt):
        """The smallest numbers of a format, and the midpoints below them, with a mantissa beside 1."""
        batch = Batch(fmt)
        for anchor in anchors(fmt):
            scale = anchor.numerator.bit_length() - anchor.denominator.bit_length()
            if scale < 0:
                for hair in HAIRS:
                    batch.around(anchor, hair, scale)
        assert batch.check() > len(batch.cases) / 2

    @EVERY
    def test_what_is_decided_is_decided_by_the_interval_tier_too(self, fmt):
        """`decide` itself, where the radius leaves it its factor of 2."""
        batch = Batch(fmt)
        for anchor in anchors(fmt)[::3]:
            batch.around(anchor, 2.0**-20)
        both = 0
        for case, decided, found in zip(batch.cases, *batch.run(), strict=True):
            high, lower, upper, _, scale, _ = case
            low, top = (ratio((Fraction(high) + Fraction(end)) * two(scale)) for end in (lower, upper))
            solved = decide(Enclosure(low, top), fmt)
            if decided and batch.close_enough(case, found[2]):
                assert solved is not None, case
                position = solved[0]
                assert (position.sign * position.nearest, toward(position), position.exponent) == found, case
                both += 1
        assert both > 100

    @EVERY
    def test_an_exact_number_is_rounded_as_a_tie_to_even(self, fmt):
        """A single entry: no infinitesimal decides for it, and the side may be 0."""
        batch = Batch(fmt)
        for anchor in anchors(fmt):
            for number in (anchor, anchor * (1 + two(-40)), anchor * (1 - two(-40))):
                if abs(number) < two(1000) and Fraction(float(number)) == number:
                    batch.add(float(number), 0.0, 0.0, 0.0, 0, True)
        assert batch.check() == len(batch.cases) > 100

    @EVERY
    def test_nothing_but_a_sign_is_enough_below_the_smallest_number(self, fmt):
        """0 < T < 2^-5000: the rounding is 0 and the side is known."""
        batch = Batch(fmt)
        batch.add(0.0, 0.0, 1.0, 0.5, -5000)
        (positive, negative), (above, below) = batch.run()
        assert (positive, negative) == (True, True)
        assert above == (0, 1, fmt.emin)
        assert below == (0, -1, fmt.emin)


class TestCaution:
    """What is not settled is not decided."""

    @EVERY
    def test_a_radius_over_2_to_the_minus_11_of_an_ulp_is_left_open(self, fmt):
        """The ulp error is reported to 2^-10: an enclosure that rounds alike is not enough."""
        place = fmt.largest_ordinal // 2
        ulp = Fraction(value(fmt, place + 1)) - Fraction(value(fmt, place))
        high = Fraction(value(fmt, place)) + (ulp / 4 if fmt.precision < 50 else 0)
        batch = Batch(fmt)
        lower, upper = (float(ulp * Fraction(each)) for each in (0.125, 0.126))
        for radius in (SLACK, SLACK * (1 + 2.0**-40)):
            batch.add(float(high), lower, upper, float(ulp) * radius)
        assert batch.run()[0] == [True, True, False, False]

    @EVERY
    def test_beyond_the_largest_number_the_radius_may_grow_with_the_truth(self, fmt):
        """1e30 in float16 overflows, whatever its last bits; beside the largest number they count."""
        if fmt.precision == 53:
            return
        batch = Batch(fmt)
        high = fmt.largest * (1 + 2.0**-20) * 2.0**9
        ulp = math.ldexp(1.0, fmt.emax - fmt.precision + 1)
        for radius in (ulp / 8, ulp):
            batch.add(high, -high * 2.0**-53, high * 2.0**-53, radius)
        decided, found = batch.run()
        assert decided == [True, True, False, False]
        assert found[0] == (fmt.largest_ordinal + 1, -1, fmt.emax)

    @EVERY
    def test_what_is_too_large_for_an_integer_is_beyond_the_largest_number(self, fmt):
        """1e300 in float16 is more last places than 64 bits count."""
        if fmt.precision == 53:
            return
        batch = Batch(fmt)
        for high in (1e70, 1e300):
            batch.add(high, 0.0, 2.0**-40, 2.0**-40)
        assert batch.check() == len(batch.cases)

    @EVERY
    def test_an_end_whose_smallness_underflows_still_counts(self, fmt):
        """A number less 2^-1074, counted in last places above 1, is no longer told from it: no side is claimed."""
        batch = Batch(fmt)
        high, hair = 2.0 ** min(fmt.emax, 200), 2.0**-1074
        for lower, upper in ((-hair, hair), (0.0, hair), (-hair, 0.0)):
            batch.add(high, lower, upper, hair)
        assert batch.run()[0] == [False, False, True, True, True, True]
        assert batch.check() == 4

    def test_the_top_of_e4m3fn_is_told_apart(self):
        """464 is the midpoint beyond 448, where infinity would be; 480 would be its next number."""
        fmt = FORMATS["float8_e4m3fn"]
        top = fmt.largest_ordinal
        hair = 2.0**-50
        wanted = [
            (448.0, 0.0, hair, (top, 1, 8)),
            (448.0, -hair, 0.0, (top, -1, 8)),
            (464.0, -hair, 0.0, (top, 1, 8)),
            (464.0, 0.0, hair, (top + 1, -1, 8)),
            (480.0, -hair, 0.0, (top + 1, -1, 8)),
            (480.0, 0.0, hair, (top + 1, -1, 8)),
            (512.0, -hair, 0.0, (top + 1, -1, 8)),
            (1e12 + 7, -hair, hair, (top + 1, -1, 8)),
        ]
        batch = Batch(fmt)
        for high, lower, upper, _ in wanted:
            batch.add(high, lower, upper, hair)
        decided, found = batch.run()
        assert all(decided)
        assert found[::2] == [each for *_, each in wanted]
        assert batch.check() == len(batch.cases)
