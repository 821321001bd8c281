"""formats: names, rounding, ordinals, ulps and text, against definitions written a second time."""

import ast
import inspect
import math
import struct
import subprocess
import sys
from fractions import Fraction

import independent
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lsecheck import formats
from lsecheck.errors import InputError, UnknownName
from lsecheck.formats import FORMATS, Format, cast, locate, rounded, value

F16, BF16, F32, F64 = (FORMATS[name] for name in ("float16", "bfloat16", "float32", "float64"))
E4M3, E5M2 = FORMATS["float8_e4m3fn"], FORMATS["float8_e5m2"]
EVERY = pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)
NARROW = pytest.mark.parametrize("fmt", [F16, BF16, E4M3, E5M2], ids=str)
BELOW_64 = pytest.mark.parametrize("fmt", [F16, BF16, F32, E4M3, E5M2], ids=str)
MIDPOINTS = pytest.mark.parametrize("fmt", [F16, BF16], ids=str)

floats = st.floats(width=64)


def exactly(fmt: Format, number: "Fraction | int") -> float:
    """`number` rounded by `locate`, which is not cast and not numpy."""
    position = locate(fmt, Fraction(number).numerator, Fraction(number).denominator)
    return value(fmt, position.sign * position.nearest)


def same(left: np.ndarray, right: np.ndarray) -> bool:
    """Equal as numbers and in the sign of zero; nan is nan."""
    left, right = np.asarray(left, np.float64), np.asarray(right, np.float64)
    numbers = ~np.isnan(left)
    signs = np.array_equal(np.signbit(left[numbers]), np.signbit(right[numbers]))
    return bool(np.array_equal(left, right, equal_nan=True) and signs)


def is_float64(number: "Fraction | int") -> bool:
    """float64 holds it exactly."""
    return abs(number) <= sys.float_info.max and Fraction(float(number)) == number


class TestMidpoints:
    """Ties to even, everywhere that it can be tried."""

    @MIDPOINTS
    def test_locate_rounds_every_midpoint_to_even(self, fmt):
        """A tie is where a rounding that is almost right goes wrong; here are all of them, in integers."""
        for below in range(fmt.largest_ordinal + 1):
            # midpoint of two neighbours: (2 * below + 1) halves of the place of the lower one
            steps = max((below >> (fmt.precision - 1)) - 1, 0)
            count = below - (steps << (fmt.precision - 1))
            position = locate(fmt, 2 * count + 1, 1, fmt.tiny_exponent + steps - 1)
            assert position.below == below
            assert position.nearest == below + below % 2
            assert not position.exact

    @MIDPOINTS
    def test_cast_rounds_every_midpoint_to_even_and_its_neighbours_to_their_side(self, fmt):
        """float64 holds the midpoints exactly, so one unit of float64 off must already decide."""
        numbers = np.array([value(fmt, place) for place in range(fmt.largest_ordinal + 1)])
        above = np.append(numbers[1:], 2.0 ** (fmt.emax + 1))  # the last one would be infinity
        middles = (numbers + above) / 2
        ordinals = np.arange(fmt.largest_ordinal + 1)
        for sign in (1, -1):
            assert np.array_equal(formats.ordinals(cast(sign * middles, fmt)), sign * (ordinals + ordinals % 2))
            assert np.array_equal(formats.ordinals(cast(sign * np.nextafter(middles, 0), fmt)), sign * ordinals)
            up = cast(sign * np.nextafter(middles, np.inf), fmt)
            assert np.array_equal(formats.ordinals(up), sign * (ordinals + 1))

    @NARROW
    def test_every_number_is_its_own_rounding(self, fmt):
        """Rounding a number of the format must be the identity, or nothing else is worth testing."""
        numbers = np.array(list(formats.finite_numbers(fmt)))
        assert same(cast(numbers, fmt), numbers)
        assert all(rounded(fmt, x) == x for x in numbers[:: 1 + len(numbers) // 2000].tolist())
        assert np.all(np.diff(numbers) > 0)


#: (format, exact number, rounding, why), positive; the negative is tried too
BOUNDARIES = [
    (F16, Fraction(6551999, 100), 65504.0, "under the half-way point to 2^16"),
    (F16, 65520, math.inf, "the tie goes to the even pattern, which is infinity"),
    (F16, Fraction(65520) - Fraction(1, 10**30), 65504.0, "closer to the tie than any float64"),
    (F16, 2**16, math.inf, "the first number of the missing binade"),
    (F16, Fraction(1, 2**24), 2.0**-24, "the smallest subnormal"),
    (F16, Fraction(1, 2**25), 0.0, "half of it: the tie goes to zero"),
    (F16, Fraction(1, 2**25) + Fraction(1, 10**40), 2.0**-24, "a hair over half of it"),
    (F16, Fraction(3, 2**25), 2.0**-23, "the tie between odd 1 and even 2"),
    (F16, Fraction(2047, 2**25), 2.0**-14, "the tie between the largest subnormal and the smallest normal"),
    (F16, Fraction(2047, 2**25) - Fraction(1, 2**80), 1023 * 2.0**-24, "a hair below that tie"),
    (BF16, 2**128 - 2**119, math.inf, "the overflow tie of bfloat16"),
    (BF16, 2**128 - 2**119 - 1, 255 * 2.0**120, "one below the overflow tie"),
    (BF16, Fraction(1, 2**134), 0.0, "half the smallest subnormal"),
    (BF16, Fraction(3, 2**134), 2.0**-132, "the tie between odd 1 and even 2"),
    (BF16, Fraction(255, 2**134), 2.0**-126, "the tie at the smallest normal"),
    (F32, 2**128 - 2**103, math.inf, "the overflow tie of float32"),
    (F32, 2**128 - 2**103 - 1, float(2**128 - 2**104), "one below the overflow tie"),
    (F32, Fraction(1, 2**150), 0.0, "half the smallest subnormal"),
    (F32, Fraction(2**24 - 1, 2**150), 2.0**-126, "the tie at the smallest normal"),
    (F64, 2**1024 - 2**970, math.inf, "the overflow tie of float64"),
    (F64, 2**1024 - 2**970 - 1, sys.float_info.max, "one below the overflow tie"),
    (F64, 10**400, math.inf, "beyond every float64"),
    (F64, Fraction(1, 2**1075), 0.0, "half the smallest subnormal"),
    (F64, Fraction(1, 2**1075) + Fraction(1, 2**3000), 5e-324, "a hair over half of it"),
    (F64, Fraction(2**53 - 1, 2**1075), 2.0**-1022, "the tie at the smallest normal"),
    (E4M3, 464, 448.0, "half-way to the missing 480 goes to the even 448"),
    (E4M3, Fraction(464) + Fraction(1, 10**30), math.nan, "no infinity: beyond the tie is nan"),
    (E4M3, 480, math.nan, "the pattern of 480 is nan"),
    (E4M3, 10**9, math.nan, "far beyond"),
    (E4M3, Fraction(1, 2**10), 0.0, "half the smallest subnormal"),
    (E4M3, Fraction(3, 2**10), 2.0**-8, "the tie between odd 1 and even 2"),
    (E4M3, Fraction(15, 2**10), 2.0**-6, "the tie at the smallest normal"),
    (E5M2, 61440, math.inf, "the overflow tie of e5m2"),
    (E5M2, Fraction(61440) - Fraction(1, 10**30), 57344.0, "a hair below the overflow tie"),
    (E5M2, Fraction(1, 2**17), 0.0, "half the smallest subnormal"),
    (E5M2, Fraction(7, 2**17), 2.0**-14, "the tie at the smallest normal"),
]


class TestBoundaries:
    """Where a format ends, at the top and at the bottom."""

    @pytest.mark.parametrize(("fmt", "number", "expected", "why"), BOUNDARIES, ids=lambda x: str(x)[:40])
    def test_exact_rounding_at_the_ends_of_the_format(self, fmt, number, expected, why):
        """Overflow and gradual underflow follow from the definition, not from a float64 on the way."""
        for sign in (1, -1):
            wanted = sign * expected + 0.0  # an exact number carries no sign of zero
            assert same([exactly(fmt, sign * number)], [wanted]), why
            assert same([rounded(fmt, Fraction(sign * number))], [wanted]), why

    @pytest.mark.parametrize(
        ("fmt", "number", "expected", "why"),
        [line for line in BOUNDARIES if is_float64(line[1])],
        ids=lambda x: str(x)[:40],
    )
    def test_cast_agrees_at_the_ends_of_the_format(self, fmt, number, expected, why):
        """The vectorised path has its own overflow and its own subnormals to get wrong."""
        assert same(cast(np.array([number, -number], np.float64), fmt), [expected, -expected]), why

    @EVERY
    def test_the_overflow_threshold_is_half_a_place_beyond_the_largest(self, fmt):
        """The thresholds above are literals; this one follows from the definition for all six."""
        largest = Fraction(fmt.largest_significand) * Fraction(2) ** (fmt.emax - fmt.precision + 1)
        threshold = largest + Fraction(2) ** (fmt.emax - fmt.precision)
        assert locate(fmt, threshold.numerator, threshold.denominator, side=-1).nearest == fmt.largest_ordinal
        assert locate(fmt, threshold.numerator, threshold.denominator, side=1).nearest == fmt.largest_ordinal + 1
        tie = locate(fmt, threshold.numerator, threshold.denominator)
        assert tie.nearest == fmt.largest_ordinal + fmt.largest_ordinal % 2
        assert (tie.below, tie.exponent) == (fmt.largest_ordinal, fmt.emax)

    @EVERY
    def test_the_extremes_are_those_of_the_dtype(self, fmt):
        """A format is five numbers typed by hand; the bits of the dtype say whether they were typed right."""
        top = formats.from_ordinals([fmt.largest_ordinal, fmt.largest_ordinal + 1, 1], fmt).astype(np.float64)
        assert top[0] == fmt.largest == value(fmt, fmt.largest_ordinal)
        assert np.isinf(top[1]) if fmt.has_infinity else np.isnan(top[1])
        assert top[2] == fmt.tiny == value(fmt, 1)
        assert fmt.dtype.itemsize * 8 == fmt.width
        assert fmt.unit_roundoff == 2.0**-fmt.precision

    @EVERY
    def test_specials_keep_their_meaning(self, fmt):
        """inf and nan are not rounded, except that a format without infinity has only nan to offer."""
        infinity = math.inf if fmt.has_infinity else math.nan
        assert same(
            cast(np.array([math.inf, -math.inf, math.nan, -0.0, 0.0]), fmt), [infinity, -infinity, math.nan, -0.0, 0.0]
        )
        assert same([rounded(fmt, math.inf), rounded(fmt, math.nan)], [infinity, math.nan])

    def test_cast_of_float64_is_a_copy(self):
        """An alias would let a caller change the input through the output."""
        numbers = np.array([1.0, 2.0])
        kept = cast(numbers, F64)
        kept[0] = 5
        assert numbers[0] == 1


def trap(fmt: Format, below: int) -> "tuple[float, int]":
    """A float64 a hair above the midpoint over an even `below`, and the ordinal that it rounds to.

    float32 cannot hold the hair, so whoever goes through float32 sees a tie and rounds to even.
    """
    middle = (value(fmt, below) + value(fmt, below + 1)) / 2
    return math.nextafter(middle, math.inf), below + 1


class TestDoubleRounding:
    """ml_dtypes goes from float64 through float32; so does much else. Two roundings are one too many."""

    @pytest.mark.parametrize("fmt", [F16, BF16, E4M3, E5M2], ids=str)
    def test_numbers_that_float32_makes_ties_of_are_rounded_once(self, fmt):
        """Each of these goes wrong through float32: the test proves that first, then asks cast and locate."""
        even = np.unique(np.linspace(0, fmt.largest_ordinal - 2, 300).astype(int) // 2 * 2)
        numbers, wanted = (np.array(column) for column in zip(*(trap(fmt, int(k)) for k in even), strict=True))
        for sign in (1, -1):
            through_float32 = cast((sign * numbers).astype(np.float32).astype(np.float64), fmt)
            assert np.all(formats.ordinals(through_float32) != sign * wanted)
            assert np.array_equal(formats.ordinals(cast(sign * numbers, fmt)), sign * wanted)
        assert [locate(fmt, *float(x).as_integer_ratio()).nearest for x in numbers] == wanted.tolist()

    @pytest.mark.parametrize("fmt", [F16, BF16, E4M3, E5M2], ids=str)
    def test_subnormals_are_rounded_once(self, fmt):
        """Half the smallest subnormal and a hair is the smallest subnormal; through float32 it is 0."""
        number, _ = trap(fmt, 0)
        assert cast(np.array([np.float64(np.float32(number))]), fmt)[0] == 0
        assert cast(np.array([number]), fmt)[0] == fmt.tiny

    @pytest.mark.parametrize("below", [0, 2, 2**23 - 2, 2**23, 2**24], ids=hex)
    def test_rationals_that_float64_makes_ties_of_are_rounded_once_to_float32(self, below):
        """An exact truth handed over as float64 would be rounded twice; locate takes the rational."""
        middle = (Fraction(value(F32, below)) + Fraction(value(F32, below + 1))) / 2
        number = middle * (1 + Fraction(1, 2**80))
        assert cast(np.array([float(number)]), F32)[0] == value(F32, below)
        assert locate(F32, number.numerator, number.denominator).nearest == below + 1

    def test_float64_subnormals_are_rounded_once(self):
        """Rounding to 53 bits first and to the subnormal grid second is what float(mpf) does."""
        number = Fraction(5, 2**1075) * (1 - Fraction(1, 2**70))  # 2.5 of the smallest, less a hair
        assert locate(F64, number.numerator, number.denominator).nearest == 2
        number = Fraction(3, 2**1075) * (1 - Fraction(1, 2**70))  # 1.5 of the smallest, less a hair
        assert locate(F64, number.numerator, number.denominator).nearest == 1


class TestSides:
    """`side` stands for an infinitesimal: the open end of an enclosure."""

    @EVERY
    def test_a_power_of_two_belongs_to_the_binade_of_its_side(self, fmt):
        """1 less a hair has the ulp of 0.5: the wrong binade doubles the error."""
        for power in {fmt.emin + 1, 0, fmt.emax}:
            at, below, above = (locate(fmt, 1, 1, power, side) for side in (0, -1, 1))
            assert at.exact
            assert not below.exact
            assert not above.exact
            assert (at.exponent, below.exponent, above.exponent) == (power, power - 1, power)
            assert at.below == at.nearest == below.nearest == above.nearest == above.below == below.below + 1

    @EVERY
    def test_a_side_breaks_a_tie(self, fmt):
        """A midpoint as open end of an enclosure rounds away from its closed half, odd or even."""
        for below in {0, 1, 2, 3, 2 ** (fmt.precision - 1), fmt.largest_ordinal - 1, fmt.largest_ordinal - 2}:
            middle = (Fraction(value(fmt, below)) + Fraction(value(fmt, below + 1))) / 2
            for sign in (1, -1):
                number = sign * middle
                found = [locate(fmt, number.numerator, number.denominator, side=sign * side) for side in (-1, 0, 1)]
                assert [position.nearest for position in found] == [below, below + below % 2, below + 1]
                assert {position.below for position in found} == {below}
                assert {position.sign for position in found} == {sign}

    @EVERY
    def test_a_number_with_a_side_lies_between_neighbours(self, fmt):
        """`below` of a number less a hair is the previous number: faithful rounding depends on it."""
        for place in {1, 2, 5, 2 ** (fmt.precision - 1), 2 ** (fmt.precision - 1) + 1, fmt.largest_ordinal}:
            number = Fraction(value(fmt, place))
            less, more = (locate(fmt, number.numerator, number.denominator, side=side) for side in (-1, 1))
            assert (less.below, less.nearest, less.exact) == (place - 1, place, False)
            assert (more.below, more.nearest, more.exact) == (place, place, False)

    @EVERY
    def test_zero_with_a_side_has_a_sign(self, fmt):
        """log_softmax of [0, -1e9] is -0 and less: the sign is all that is known."""
        assert locate(fmt, 0) == formats.Position(0, 0, 0, True, fmt.emin)
        assert locate(fmt, 0, side=-1) == formats.Position(-1, 0, 0, False, fmt.emin)
        assert locate(fmt, 0, side=1) == formats.Position(1, 0, 0, False, fmt.emin)

    @EVERY
    def test_the_first_power_beyond_the_format_less_a_hair_still_overflows(self, fmt):
        """2^(emax + 1) less a hair is past the overflow tie, though its binade exists."""
        position = locate(fmt, 1, 1, fmt.emax + 1, -1)
        assert (position.nearest, position.exponent) == (fmt.largest_ordinal + 1, fmt.emax)

    @given(st.fractions(), st.integers(-40, 40), st.sampled_from([-1, 0, 1]), st.sampled_from(list(FORMATS.values())))
    @settings(deadline=None, max_examples=150)
    def test_a_side_is_the_limit_of_small_steps(self, number, power, side, fmt):
        """The meaning of `side`, taken literally: a step too small for any boundary in between."""
        stepped = number * Fraction(2) ** power + side * Fraction(1, 2**3000)
        near = locate(fmt, number.numerator, number.denominator, power, side)
        literal = locate(fmt, stepped.numerator, stepped.denominator)
        assert near == literal


class TestCastAgainstDefinitions:
    """Three roundings that share no code: cast, locate, and bisection of the bit patterns."""

    @BELOW_64
    @given(st.lists(floats, min_size=1, max_size=8))
    @example([1e-310, 5e-324, -5e-324, 2.0**-25, 65519.99, 65520.0, 464.0, 464.1])
    @settings(deadline=None, max_examples=60)
    def test_cast_is_the_nearest_of_all_numbers(self, fmt, numbers):
        """Hypothesis looks for the float64 that the one `rint` gets wrong."""
        wanted = [
            independent.nearest(fmt.name, x) if math.isfinite(x) else (x if fmt.has_infinity else math.nan)
            for x in numbers
        ]
        found = cast(np.array(numbers), fmt)
        assert same(found, [math.copysign(y, x) if y == 0 else y for x, y in zip(numbers, wanted, strict=True)])
        assert same([rounded(fmt, x) + 0.0 for x in numbers], np.array(wanted) + 0.0)

    @EVERY
    def test_cast_is_the_nearest_on_random_bits(self, fmt):
        """Uniform bits reach every binade, which magnitudes drawn by hand do not."""
        bits = np.random.default_rng(20240601).integers(0, 2**64, 1500, np.uint64)
        lower, upper = 1023 + fmt.tiny_exponent - 2, 1023 + fmt.emax + 2  # half of them where the format lives
        narrow = np.random.default_rng(7).integers(max(lower, 0), min(upper, 2046), 1500).astype(np.uint64)
        bits[::2] = (bits[::2] & np.uint64(0x800F_FFFF_FFFF_FFFF)) | (narrow[::2] << np.uint64(52))
        numbers = bits.view(np.float64)
        numbers = numbers[np.isfinite(numbers)]
        wanted = [math.copysign(independent.nearest(fmt.name, x), x) for x in numbers.tolist()]
        assert same(cast(numbers, fmt), wanted)
        assert same([math.copysign(rounded(fmt, x), x) for x in numbers.tolist()], wanted)

    @pytest.mark.parametrize("fmt", [F32, F16], ids=str)
    def test_cast_agrees_with_numpy_where_numpy_rounds_once(self, fmt):
        """numpy's own casts from float64 are correct for its own formats: a third witness."""
        chance = np.random.default_rng(11)
        numbers = chance.integers(0, 2**64, 200_000, np.uint64).view(np.float64)
        near = chance.standard_normal(200_000) * 2.0 ** chance.uniform(fmt.tiny_exponent - 2, fmt.emax + 2, 200_000)
        both = np.concatenate([numbers, near])
        with np.errstate(over="ignore", invalid="ignore"):
            assert same(cast(both, fmt), both.astype(fmt.dtype))

    @BELOW_64
    def test_numbers_of_the_format_need_no_rounding(self, fmt):
        """The way out for arrays of them gives the bits that rounding gives, the sign of zero with them."""
        places = np.unique(np.linspace(0, fmt.largest_ordinal, 70_000).astype(np.int64))
        numbers = formats.widen(formats.from_ordinals(places, fmt))
        numbers = np.concatenate([numbers, -numbers])
        rounding = cast(np.append(0.1, numbers), fmt)[1:]  # 0.1 is in none of them, so here all are rounded
        assert cast(numbers, fmt).tobytes() == rounding.tobytes()
        assert np.array_equal(formats.ordinals(rounding), np.concatenate([places, -places]))
        assert cast(numbers.reshape(2, -1)[:, ::3], fmt).tobytes() == rounding.reshape(2, -1)[:, ::3].tobytes()

    @BELOW_64
    @pytest.mark.parametrize("odd", [0.1, math.nextafter(1.0, 2.0), 1e308, -5e-324, math.inf, -math.inf, math.nan])
    @pytest.mark.parametrize("place", [0, 63, 64, 999])
    def test_one_number_that_is_not_of_the_format_is_rounded_wherever_it_stands(self, fmt, odd, place):
        """Only the first 64 are looked at before all are tried; each may be the one that differs."""
        numbers = np.full(1000, -0.0)
        numbers[place] = odd
        wanted = np.full(1000, -0.0)
        wanted[place] = rounded(fmt, odd) if math.isnan(odd) else math.copysign(rounded(fmt, odd), odd)
        assert same(cast(numbers, fmt), wanted)

    @BELOW_64
    def test_nothing_is_raised_or_warned_of(self, fmt):
        """The attempt overflows and underflows where the rounding would not have."""
        with np.errstate(all="raise"):
            cast(np.array([1e300, 1e-300, 1.0]), fmt)
            cast(np.array([math.inf, math.nan, 1.0]), fmt)

    def test_an_array_of_any_shape_is_cast(self):
        """Shapes () and (0, 3) are where vectorised code forgets itself."""
        assert cast(np.float64(1.1), F16).shape == ()
        assert cast(np.empty((0, 3)), BF16).shape == (0, 3)
        assert cast(np.full((2, 3), 0.1), E4M3).dtype == E4M3.dtype

    @NARROW
    def test_widening_changes_nothing(self, fmt):
        """Every number of every format is a float64; what comes back must be what went in."""
        numbers = np.array(list(formats.finite_numbers(fmt)))
        assert same(formats.widen(cast(numbers, fmt)), numbers)


class TestOrdinals:
    """Ordinals count the numbers of a format: ulp distances are differences of them."""

    @NARROW
    def test_every_pattern_makes_the_round_trip(self, fmt):
        """All 8- and 16-bit patterns, nan and infinities included: bits in, ordinal, same bits out."""
        unsigned = f"u{fmt.width // 8}"
        patterns = np.arange(2**fmt.width).astype(unsigned)
        places = formats.ordinals(patterns.view(fmt.dtype))
        back = formats.from_ordinals(places, fmt).view(unsigned)
        negative_zero = patterns == 1 << (fmt.width - 1)
        assert np.array_equal(back[~negative_zero], patterns[~negative_zero])
        assert back[negative_zero] == 0  # both zeros have ordinal 0

    @NARROW
    def test_consecutive_numbers_have_consecutive_ordinals(self, fmt):
        """value() and the bits must agree on what number an ordinal is."""
        places = np.arange(-fmt.largest_ordinal, fmt.largest_ordinal + 1)
        numbers = formats.from_ordinals(places, fmt).astype(np.float64)
        assert np.array_equal(numbers, list(formats.finite_numbers(fmt)))
        assert np.array_equal(formats.ordinals(cast(numbers, fmt)), places)

    @pytest.mark.parametrize("fmt", [F32, F64], ids=str)
    def test_neighbours_are_what_nextafter_says(self, fmt):
        """The wide formats cannot be exhausted; numpy knows their neighbours."""
        bits = np.random.default_rng(3).integers(-fmt.largest_ordinal + 1, fmt.largest_ordinal, 20_000)
        numbers = formats.from_ordinals(bits, fmt)
        assert np.array_equal(formats.ordinals(np.nextafter(numbers, fmt.dtype.type(np.inf))), bits + 1)
        assert np.array_equal(formats.ordinals(np.nextafter(numbers, fmt.dtype.type(-np.inf))), bits - 1)
        assert [value(fmt, place) for place in bits[:500].tolist()] == numbers[:500].astype(float).tolist()

    @EVERY
    def test_the_ordinal_past_the_largest_is_what_overflow_gives(self, fmt):
        """Rounding names an overflow by its ordinal; it must be infinity, or nan where there is none."""
        beyond = math.inf if fmt.has_infinity else math.nan
        ends = [fmt.largest_ordinal + 1, -fmt.largest_ordinal - 1]
        assert same(formats.from_ordinals(ends, fmt), [beyond, -beyond])
        assert same([value(fmt, place) for place in ends], [beyond, -beyond])

    def test_the_byte_order_of_an_array_does_not_matter(self):
        """Arrays read from files are often big-endian; their dtype has the same name."""
        numbers = np.array([1.0, -2.5, 0.0], "f4")
        assert np.array_equal(formats.ordinals(numbers.astype(">f4")), formats.ordinals(numbers))

    def test_a_slice_has_the_ordinals_of_its_elements(self):
        """A view of bits needs contiguous memory; a column of a batch is not."""
        batch = np.arange(6, dtype=np.float32).reshape(2, 3)
        assert np.array_equal(formats.ordinals(batch[:, 1]), formats.ordinals(np.array([1, 4], np.float32)))


class TestUlp:
    """ulp(y) = 2^(clamp(floor(log2 |y|), emin, emax) - p + 1)."""

    @EVERY
    def test_the_ulp_is_the_step_to_the_next_number(self, fmt):
        """The unit of every error reported; at a number it is the gap above it."""
        largest = fmt.largest_ordinal
        places = np.unique(np.linspace(0, largest - 1, 400).astype(np.int64).clip(0, largest - 1))
        numbers = [value(fmt, place) for place in places.tolist()]
        steps = [float(Fraction(value(fmt, k + 1)) - Fraction(value(fmt, k))) for k in places.tolist()]
        assert formats.ulp(np.array(numbers), fmt).tolist() == steps
        assert formats.ulp(-np.array(numbers), fmt).tolist() == steps

    @EVERY
    def test_the_ulp_is_clamped_at_both_ends(self, fmt):
        """Below emin the grid no longer shrinks; beyond emax there is no grid to grow."""
        least, most = fmt.tiny, math.ldexp(1.0, fmt.emax - fmt.precision + 1)
        small = [0.0, -0.0, fmt.tiny, math.ldexp(1.0, fmt.emin), math.nextafter(math.ldexp(1.0, fmt.emin), 0)]
        assert set(formats.ulp(np.array([*small, 5e-324]), fmt)) == {least}
        assert set(formats.ulp(np.array([fmt.largest, sys.float_info.max]), fmt)) == {most}

    @EVERY
    def test_the_ulp_belongs_to_the_exact_number_not_to_its_rounding(self, fmt):
        """A truth just under 2 rounds to 2, whose ulp is twice as large."""
        assert formats.ulp(np.array([math.nextafter(2.0, 0)]), fmt)[0] == 2.0 ** (1 - fmt.precision)
        assert formats.ulp(np.array([2.0]), fmt)[0] == 2.0 ** (2 - fmt.precision)


class TestText:
    """Numbers in and out, exactly."""

    @given(floats)
    @example(-0.0)
    @example(5e-324)
    @example(16.0)
    @example(float.fromhex("0x1.0000000000001p0"))
    @settings(deadline=None, max_examples=300)
    def test_hex_text_is_read_back_by_fromhex(self, number):
        """A failure can be pasted back only if the text is the number."""
        back = float.fromhex(formats.hex_text(number))
        assert struct.pack("d", back) == struct.pack("d", number) or (math.isnan(back) and math.isnan(number))

    @given(floats.filter(math.isfinite))
    @settings(deadline=None, max_examples=200)
    def test_parse_number_reads_hex_text(self, number):
        """The command line reads what the reports print."""
        assert formats.parse_number(formats.hex_text(number)) == Fraction(number)

    @pytest.mark.parametrize(
        ("number", "text"),
        [
            (24.0, "0x1.8p4"),
            (1.0, "0x1p0"),
            (-0.0, "-0x0p0"),
            (0.5, "0x1p-1"),
            (math.inf, "inf"),
            (-math.inf, "-inf"),
            (math.nan, "nan"),
            (1 + 2**-10, "0x1.004p0"),
        ],
    )
    def test_hex_text_is_the_shortest(self, number, text):
        """13 digits of zeros hide the one that matters."""
        assert formats.hex_text(number) == text

    @pytest.mark.parametrize(
        ("text", "number"),
        [
            ("-17.738", Fraction(-17738, 1000)),  # a decimal is itself, not the nearest float64
            ("0.1", Fraction(1, 10)),
            ("1e1000", Fraction(10**1000)),
            ("1e-1000", Fraction(1, 10**1000)),
            (" +.5e-3 ", Fraction(1, 2000)),
            ("5.", Fraction(5)),
            ("-0x1.8p4", Fraction(-24)),
            ("0X1P1", Fraction(2)),
            ("0x.8p0", Fraction(1, 2)),
            ("0xff", Fraction(255)),
            ("0x1p-4000", Fraction(1, 2**4000)),
        ],
    )
    def test_a_number_is_read_exactly(self, text, number):
        """What the user typed is the input; a rounding of it would be another input."""
        assert formats.parse_number(text) == number

    @pytest.mark.parametrize("text", ["inf", "+inf", "-INF", "Infinity", "-infinity", "nan", " NaN "])
    def test_specials_are_read_as_floats(self, text):
        """They are no rationals, and float() knows their spellings."""
        found = formats.parse_number(text)
        assert isinstance(found, float)
        assert same([found], [float(text)])

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "x",
            "1/3",
            "1_000",
            "1e",
            "e5",
            "--1",
            "+-inf",
            "0x",
            "0xg",
            "0x.p0",
            "1 2",
            "0x1p1.5",
            "1e1.5",
            "infinite",
            "0b1",
            "1__0",
            "1,5",
        ],
    )
    def test_what_is_no_number_is_refused_in_a_sentence(self, text):
        """Python accepts more spellings than a person means; each of these is probably a slip."""
        with pytest.raises(InputError) as caught:
            formats.parse_number(text)
        assert str(caught.value) == (
            f"{text!r} is not a number: give decimals (-17.738), hex floats (-0x1.8p4), inf or nan"
        )

    @pytest.mark.parametrize("text", ["0x0x1", "0x1_0", "+-0x1", "--0x2", "0x-1", "0x 1", "0x1p", "0x1p1_0", "0x1p 3"])
    def test_a_malformed_hex_float_is_refused(self, text):
        """int(…, 16) takes signs, blanks, underscores and a second 0x; float.fromhex takes none of them."""
        with pytest.raises(InputError, match="is not a number: give decimals"):
            formats.parse_number(text)

    @pytest.mark.parametrize("text", ["1e1001", "1e-1001", "-1e999999999", "1" * 2001])
    def test_a_decimal_too_large_to_work_with_is_refused(self, text):
        """10^999999999 as an exact integer would take the machine down before any message."""
        with pytest.raises(InputError) as caught:
            formats.parse_number(text)
        assert str(caught.value) == (
            f"{text[:40]!r} needs over 1000 decimal places: give a number between 1e-1000 and 1e1000"
        )

    @pytest.mark.parametrize("text", ["0x1p4001", "0x1p-99999999999"])
    def test_a_hex_exponent_too_large_to_work_with_is_refused(self, text):
        """Likewise 2^99999999999."""
        with pytest.raises(InputError) as caught:
            formats.parse_number(text)
        assert str(caught.value) == f"{text!r} has an exponent beyond 4000: give a smaller one"


class TestNames:
    """What a format is called."""

    @pytest.mark.parametrize(
        ("name", "fmt"),
        [
            ("float16", F16),
            ("half", F16),
            ("FP16", F16),
            ("bf16", BF16),
            (" bfloat16 ", BF16),
            ("single", F32),
            ("f32", F32),
            ("double", F64),
            ("binary64", F64),
            ("e4m3fn", E4M3),
            ("float8_e4m3", E4M3),
            ("e5m2", E5M2),
        ],
    )
    def test_a_format_is_found_by_name_and_alias(self, name, fmt):
        """People type what their framework calls it."""
        assert formats.named(name) is fmt

    def test_every_alias_belongs_to_one_format(self):
        """Two formats with one alias would make the table's order matter."""
        names = [name for fmt in FORMATS.values() for name in (fmt.name, *fmt.aliases)]
        assert len(names) == len(set(names))
        assert all(formats.named(name) is fmt for fmt in FORMATS.values() for name in fmt.aliases)

    def test_an_unknown_format_is_answered_with_the_nearest_name(self):
        """The whole sentence: what was wrong, what it may have meant, what is allowed."""
        with pytest.raises(UnknownName) as caught:
            formats.named("flaot16")
        assert str(caught.value) == (
            "unknown format 'flaot16': did you mean 'float16'? choose from float16, bfloat16, float32, float64,"
            " float8_e4m3fn, float8_e5m2"
        )
        assert (caught.value.kind, caught.value.name, caught.value.allowed) == ("format", "flaot16", tuple(FORMATS))

    def test_a_name_like_no_other_gets_no_suggestion(self):
        """A wild guess is worse than the list."""
        with pytest.raises(UnknownName) as caught:
            formats.named("posit")
        assert str(caught.value).startswith("unknown format 'posit': choose from float16, ")

    @pytest.mark.parametrize(
        ("text", "source", "target", "shown"),
        [
            ("float16", F16, F16, "float16"),
            ("bf16:f32", BF16, F32, "bfloat16:float32"),
            ("half:half", F16, F16, "float16"),
        ],
    )
    def test_a_pair_is_input_and_output(self, text, source, target, shown):
        """A subject that is fed bfloat16 and answers in float32 is measured in float32."""
        found = formats.pair(text)
        assert (found.input, found.output, str(found)) == (source, target, shown)

    def test_a_pair_is_taken_as_it_is(self):
        """Functions accept text, a format or a pair, so that callers need not care."""
        both = formats.FormatPair(BF16, F32)
        assert formats.pair(both) is both
        assert formats.pair(F16) == formats.FormatPair(F16, F16)

    @pytest.mark.parametrize("text", ["float16:", ":float16", "float16:float23", "a:b:c"])
    def test_half_a_pair_is_refused(self, text):
        """An empty half is a slip, not a default."""
        with pytest.raises(UnknownName):
            formats.pair(text)

    @EVERY
    def test_an_array_says_its_format(self, fmt):
        """ml_dtypes arrays have kind 'V'; only their name tells them apart."""
        assert formats.of_array(np.zeros(2, fmt.dtype)) is fmt

    @pytest.mark.parametrize("dtype", ["int32", "complex128", "bool", "U3", "O"])
    def test_an_array_of_another_dtype_is_refused(self, dtype):
        """An integer array silently read as float64 might be codes, or rounded labels."""
        array = np.zeros(1, dtype)
        with pytest.raises(InputError) as caught:
            formats.of_array(array)
        assert str(caught.value) == (
            f"dtype {array.dtype} is not a format lsecheck knows: convert it to one of float16, bfloat16, float32,"
            " float64, float8_e4m3fn, float8_e5m2"
        )


class TestImports:
    """What the module leans on."""

    def test_formats_never_reads_finfo(self):
        """np.finfo refuses bfloat16, and its numbers for other formats are another library's opinion."""
        names = {
            node.attr for node in ast.walk(ast.parse(inspect.getsource(formats))) if isinstance(node, ast.Attribute)
        }
        assert not names & {"finfo", "iinfo"}

    @pytest.mark.parametrize("module", ["ml_dtypes", "mpmath", "scipy", "torch", "jax"])
    def test_importing_lsecheck_does_not_import(self, module):
        """`import lsecheck` costs what numpy costs; the rest is loaded by whoever needs it."""
        code = f"import sys, lsecheck; sys.exit({module!r} in sys.modules)"
        subprocess.run([sys.executable, "-c", code], check=True)

    def test_numpy_formats_do_without_ml_dtypes(self):
        """float32 users need not pay for bfloat16."""
        code = (
            "import sys, numpy as np; from lsecheck import formats\n"
            "for name in ('float16', 'float32', 'float64'):\n"
            "    formats.ordinals(formats.cast(np.ones(3), formats.named(name)))\n"
            "sys.exit('ml_dtypes' in sys.modules)"
        )
        subprocess.run([sys.executable, "-c", code], check=True)
