"""enclosure: open ends, and what is settled by them."""

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsecheck.formats import FORMATS, value
from lsecheck.oracle.enclosure import LEAST_SCALE, Enclosure, Ratio, Split, decide, exactly, negated, split

EVERY = pytest.mark.parametrize("fmt", FORMATS.values(), ids=str)
F16, F32, F64 = (FORMATS[name] for name in ("float16", "float32", "float64"))

ratios = st.builds(
    lambda numerator, denominator, exponent: Ratio(numerator, denominator, exponent),
    st.integers(-(2**200), 2**200),
    st.integers(1, 2**80),
    st.integers(-1200, 1000),
)


def exact(number: Ratio) -> Fraction:
    """The rational that a Ratio stands for."""
    return Fraction(number.numerator, number.denominator) * Fraction(2) ** number.exponent


def ratio(number: "Fraction | float") -> Ratio:
    """The Ratio of a rational."""
    return Ratio(*Fraction(number).as_integer_ratio())


def ends(parts: Split) -> tuple[Fraction, Fraction]:
    """high + low ± radius times 2^scale, exactly."""
    unit = Fraction(2) ** parts.scale
    middle = Fraction(parts.high) + Fraction(parts.low)
    return (middle - Fraction(parts.radius)) * unit, (middle + Fraction(parts.radius)) * unit


def around(low: "Fraction | float", high: "Fraction | float") -> Enclosure:
    """The open interval."""
    return Enclosure(ratio(low), ratio(high))


class TestSplit:
    """Rational ends become floats that still hold them."""

    @given(ratios, ratios)
    @settings(deadline=None, max_examples=300)
    def test_both_ends_stay_inside(self, one, other):
        """The radius must pay for every bit that the floats drop."""
        low, high = sorted((one, other), key=exact)
        parts = split(Enclosure(low, high))
        below, above = ends(parts)
        if parts.scale > LEAST_SCALE:
            assert below <= exact(low) <= exact(high) <= above

    @given(ratios, st.integers(20, 400))
    @settings(deadline=None, max_examples=200)
    def test_a_narrow_enclosure_stays_narrow(self, low, bits):
        """130 bits are kept: wider than the enclosure by 2^-100 at most."""
        if low.numerator <= 0:
            return
        high = low._replace(numerator=(low.numerator << bits) + 1, exponent=low.exponent - bits)
        below, above = ends(split(Enclosure(low, high)))
        assert above - below <= 2 * (exact(high) - exact(low)) + exact(high) / 2**100

    @given(ratios)
    @settings(deadline=None, max_examples=200)
    def test_an_exact_number_stays_inside(self, number):
        """1/3 is exact and no float: its radius cannot be 0."""
        below, above = ends(split(exactly(number)))
        assert below <= exact(number) <= above

    @pytest.mark.parametrize("number", [1.0, -2.5, 2.0**-900, 1e300, 65504.0])
    def test_a_float_is_itself_with_radius_0(self, number):
        """A single entry needs no arithmetic, and its truth no radius."""
        assert split(exactly(ratio(number))) == Split(number, 0.0, 0.0, 0)

    @pytest.mark.parametrize("power", [-4000, -1074, -950, 1010, 1024, 1030])
    def test_numbers_beyond_float64_are_scaled(self, power):
        """log_softmax reaches -3.6e308, and low parts underflow near 5e-324."""
        low, high = Ratio((1 << 90) + 1, 1, power - 90), Ratio((1 << 90) + 5, 1, power - 90)
        parts = split(Enclosure(low, high))
        below, above = ends(parts)
        assert all(math.isfinite(part) for part in parts[:3])
        assert below <= exact(low) <= exact(high) <= above
        assert above - below <= 3 * (exact(high) - exact(low))

    def test_what_is_smaller_than_the_least_scale_is_enclosed_with_zero(self):
        """A share of e^-1e9 is known only as a number between 0 and 2^-5000."""
        below, above = ends(split(Enclosure(Ratio(0), Ratio(1, 1, LEAST_SCALE))))
        assert below <= 0 < Fraction(2) ** LEAST_SCALE <= above < Fraction(2) ** (LEAST_SCALE + 2)


class TestDecide:
    """Settled, or None: never a guess."""

    @EVERY
    def test_a_number_inside_leaves_the_side_open(self, fmt):
        """Both ends round alike, but the truth could lie on either side of the number."""
        hair = Fraction(1, 2**2000)
        for number in map(Fraction, (1.0, value(fmt, 3), fmt.largest)):
            assert decide(around(number - hair, number + hair), fmt) is None

    @EVERY
    def test_a_midpoint_inside_leaves_the_rounding_open(self, fmt):
        """The table maker's dilemma itself."""
        hair = Fraction(1, 2**2000)
        for below in (0, 1, 2, 2 ** (fmt.precision - 1), fmt.largest_ordinal - 1):
            middle = (Fraction(value(fmt, below)) + Fraction(value(fmt, below + 1))) / 2
            assert decide(around(middle - hair, middle + hair), fmt) is None

    @EVERY
    def test_a_midpoint_as_an_open_end_decides(self, fmt):
        """A truth a hair above a midpoint is never resolved by bits; the open end settles it at once."""
        hair = Fraction(1, 2**4000)
        for below in (0, 1, 2, 2 ** (fmt.precision - 1), fmt.largest_ordinal - 1):
            middle = (Fraction(value(fmt, below)) + Fraction(value(fmt, below + 1))) / 2
            for sign, nearest in ((1, below + 1), (-1, below)):
                open_end = around(*sorted((middle, middle + sign * hair)))
                found = decide(open_end, fmt)
                assert found is not None
                assert (found[0].below, found[0].nearest, found[0].exact) == (below, nearest, False)
                mirrored = decide(negated(open_end), fmt)
                assert mirrored is not None
                assert mirrored[0] == found[0]._replace(sign=-1)

    @EVERY
    def test_a_power_of_two_as_an_open_end_has_the_ulp_of_its_side(self, fmt):
        """[-1, -1e300]: the truth is below 1 in magnitude, and its ulp is half as large."""
        hair = Fraction(1, 2**4000)
        for low, high, exponent in ((1 - hair, 1, -1), (1, 1 + hair, 0)):
            found = decide(around(low, high), fmt)
            assert found is not None
            assert found[0].exponent == exponent

    @EVERY
    def test_an_enclosure_wider_than_its_share_of_an_ulp_is_not_settled(self, fmt):
        """Errors are reported in ulps to 2^-10, so the truth must be known to that, not only its rounding."""
        ulp = Fraction(2) ** (1 - fmt.precision)
        start = 1 + ulp / 4  # well inside a rounding cell
        assert decide(around(start, start + ulp / 2**9), fmt) is None
        found = decide(around(start, start + ulp / 2**11), fmt)
        assert found is not None
        below, above = ends(found[1])
        assert above - below <= 2 * ulp / 2**10

    @pytest.mark.parametrize("fmt", [F16, F32, FORMATS["float8_e4m3fn"]], ids=str)
    def test_a_truth_far_beyond_the_format_is_settled(self, fmt):
        """Only the overflow matters there: 2^-11 of an ulp of the largest number would ask for 1000 bits."""
        for sign in (1, -1):
            low, high = sorted((sign * Fraction(1e300), sign * Fraction(1e300) * (1 + Fraction(1, 2**100))))
            found = decide(around(low, high), fmt)
            assert found is not None
            assert (found[0].sign, found[0].nearest, found[0].exponent) == (sign, fmt.largest_ordinal + 1, fmt.emax)

    @EVERY
    def test_an_exact_rational_is_rounded_as_it_is(self, fmt):
        """softmax of equal entries is 1/n, and 1/1024 is a tie in e4m3fn."""
        found = decide(exactly(Ratio(1, 1, fmt.tiny_exponent - 1)), fmt)
        assert found is not None
        assert (found[0].below, found[0].nearest, found[0].exact) == (0, 0, False)
        found = decide(exactly(Ratio(3, 1, fmt.tiny_exponent - 1)), fmt)
        assert found is not None
        assert (found[0].below, found[0].nearest) == (1, 2)
        found = decide(exactly(Ratio(1, 2)), fmt)
        assert found is not None
        assert found[0].exact

    def test_an_enclosure_of_both_signs_is_not_settled(self):
        """-0 and 0 are one number, but truths on either side are not."""
        assert decide(around(-Fraction(1, 2**3000), Fraction(1, 2**3000)), F64) is None

    @given(ratios, st.integers(-1200, -1), st.sampled_from(list(FORMATS.values())))
    @settings(deadline=None, max_examples=200)
    def test_whatever_is_settled_holds_for_every_number_inside(self, low, width, fmt):
        """The claim itself: take a point inside and round it."""
        high = ratio(exact(low) + Fraction(2) ** width)
        found = decide(Enclosure(low, high), fmt)
        if found is not None:
            inside = (exact(low) * 2 + exact(high)) / 3
            inner = decide(exactly(ratio(inside)), fmt)
            assert inner is not None
            assert inner[0]._replace(exact=False) == found[0]
            below, above = ends(found[1])
            assert below <= exact(low) <= exact(high) <= above


class TestNegated:
    """cross_entropy is minus log_softmax."""

    @given(ratios, ratios)
    @settings(deadline=None, max_examples=50)
    def test_negation_swaps_the_ends(self, one, other):
        """A swapped sign with unswapped ends would be an empty interval that contains everything."""
        low, high = sorted((one, other), key=exact)
        turned = negated(Enclosure(low, high))
        assert (exact(turned.low), exact(turned.high)) == (-exact(high), -exact(low))
        assert negated(turned) == Enclosure(low, high)
