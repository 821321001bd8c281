"""pairs: error-free transformations, in exact rationals."""

from fractions import Fraction

import numpy as np
import pytest

from lsecheck.oracle.pairs import fast_two_sum, kept_sign, outward, scaled, two_difference, two_product, two_sum

HARD = [
    0.0, -0.0, 1.0, -1.0, 1 + 2.0**-52, 1 - 2.0**-53, 3.0, 2.0**53, 2.0**53 + 2, -(2.0**53) - 1, 2.0**-53, 2.0**-54,
    2.0**27 + 1, 134217729.0, 2.0**-1022, 2.0**-1074, -(2.0**-1074), 3 * 2.0**-1074, 1e16, -1e-16, 0.1, -0.1,
    2.0**1000, -(2.0**1000), 1.5 * 2.0**999, 1 / 3,
]  # fmt: skip


def numbers(seed: int, count: int, spread: int) -> np.ndarray:
    """Random signed float64, exponents within ± spread, many with few bits set."""
    chance = np.random.default_rng(seed)
    full = chance.integers(-(2**53), 2**53, count).astype(float)
    short = chance.integers(-3, 4, count) * 2.0 ** chance.integers(0, 52, count)
    return np.ldexp(np.where(chance.random(count) < 0.6, full, short + chance.integers(-2, 3, count)),
                    chance.integers(-spread, spread, count) - 53)  # fmt: skip


def couples(spread: int = 60) -> "tuple[np.ndarray, np.ndarray]":
    """Adversarial couples: all of HARD against itself, random ones, and ones that nearly cancel."""
    left, right = (each.ravel() for each in np.meshgrid(HARD, HARD))
    a, b = numbers(1, 20_000, spread), numbers(2, 20_000, spread)
    near = -a * (1 + np.random.default_rng(3).integers(-4, 5, len(a)) * 2.0**-52)
    return np.concatenate([left, a, a, a]), np.concatenate([right, b, near, np.nextafter(a, 0)])


def exactly(high: np.ndarray, low: np.ndarray) -> "list[Fraction]":
    """The sums of pairs."""
    return [Fraction(h) + Fraction(e) for h, e in zip(high.tolist(), low.tolist(), strict=True)]


class TestErrorFree:
    """The rounding error is a number, and it is this one."""

    @pytest.mark.parametrize(("operation", "sign"), [(two_sum, 1), (two_difference, -1)])
    def test_a_sum_and_its_error_are_exact(self, operation, sign):
        """Whichever is larger, and where they cancel: the proof has no case distinction."""
        a, b = couples()
        total, error = operation(a, b)
        assert np.array_equal(total, a + sign * b)
        assert exactly(total, error) == exactly(a, sign * b)

    def test_the_fast_sum_is_exact_where_the_first_is_the_larger(self):
        """One comparison fewer, and a condition more: a = 0 or the larger exponent."""
        a, b = couples()
        fits = (a == 0) | (np.frexp(a)[1] >= np.frexp(b)[1]) | (b == 0)
        total, error = fast_two_sum(a[fits], b[fits])
        assert fits.sum() > 20_000
        assert exactly(total, error) == exactly(a[fits], b[fits])

    def test_the_fast_sum_fails_where_the_first_is_the_smaller(self):
        """The condition is needed: this is what its violation looks like."""
        total, error = fast_two_sum(np.array([1.0]), np.array([2.0**54 + 4]))
        assert exactly(total, error) != exactly(np.array([1.0]), np.array([2.0**54 + 4]))

    def test_a_product_and_its_error_are_exact(self):
        """26 and 26 bits and a sign: four exact products."""
        a, b = couples(400)
        fits = (np.abs(a) < 2.0**970) & (np.abs(b) < 2.0**970)
        with np.errstate(all="ignore"):
            size = np.abs(a * b)
        fits &= (a == 0) | (b == 0) | ((size > 2.0**-960) & (size < 2.0**1000))
        product, error = two_product(a[fits], b[fits])
        assert fits.sum() > 40_000
        assert np.array_equal(product, a[fits] * b[fits])
        wanted = [Fraction(x) * Fraction(y) for x, y in zip(a[fits].tolist(), b[fits].tolist(), strict=True)]
        assert exactly(product, error) == wanted

    def test_scalars_and_arrays_give_the_same_bits(self):
        """The compiled engine runs these lines on scalars."""
        a, b = (each[::50] for each in couples())
        for operation in (two_sum, two_difference, fast_two_sum):
            of_arrays = np.array(operation(a, b)).T
            of_scalars = np.array([operation(x, y) for x, y in zip(a.tolist(), b.tolist(), strict=True)])
            assert np.array_equal(of_arrays, of_scalars)


class TestOutward:
    """Ends that hold low ± radius in spite of their own rounding."""

    def test_the_ends_hold_what_they_are_made_of(self):
        """A rounding inward of half a unit would be a truth outside its enclosure."""
        low, radius = numbers(5, 8000, 200), np.abs(numbers(6, 8000, 200))
        close = np.abs(low) * (1 + numbers(7, 8000, 3) * 2.0**-52)
        for given in (radius, np.abs(close), np.zeros_like(low), np.abs(low) * 2.0**-53):
            lower, upper, wide = outward(low, given)
            for each in zip(low.tolist(), given.tolist(), lower.tolist(), upper.tolist(), wide.tolist(), strict=True):
                middle, around, below, above, wider = map(Fraction, each)
                assert below <= middle - around
                assert middle + around <= above
                assert wider >= around

    def test_the_ends_are_not_much_further_out(self):
        """A radius that grew would send rows to the interval tier."""
        low, radius = numbers(5, 5_000, 200), np.abs(numbers(6, 5_000, 200))
        lower, upper, wide = outward(low, radius)
        slack = (radius + np.abs(low)) * 2.0**-48
        assert (wide <= radius + slack).all()
        assert ((upper - lower) <= 2 * (radius + slack)).all()


class TestScaled:
    """Multiplied by a power of 2 that may lie beyond float64."""

    @pytest.mark.parametrize("by", [-2000, -1999, -1500, -1023, -1022, -1, 0, 1, 1023, 1024, 1500, 1999, 2000])
    def test_a_power_of_2_is_exact_within_the_range(self, by):
        """Down to 2^-2000 and back: no table of 2^k goes that far."""
        whole = np.arange(1.0, 60.0)
        for start in (-900, -1, 0, 400, 900):
            if start + by >= -1022 and start + by + 6 < 1024 and -2000 <= by <= 2000:
                given = np.ldexp(whole, start)
                assert np.array_equal(scaled(given, by), np.ldexp(whole, start + by))

    def test_each_half_of_an_odd_power_is_used(self):
        """by >> 1 twice would lose one."""
        assert scaled(np.float64(1.0), -2001 + 2) == 0
        assert scaled(np.float64(2.0**900), -1999) == 2.0**900 * 2.0**-999 * 2.0**-1000
        assert scaled(np.float64(2.0**1000), np.int64(-1001)) == 0.5

    def test_a_lower_end_that_underflows_stays_negative(self):
        """0 as an open lower end says that the truth is positive."""
        value = np.array([-1.0, 1.0, 0.0, -0.0, -(2.0**-40)])
        kept = kept_sign(scaled(value, -1999), value)
        assert (kept < 0).tolist() == [True, False, False, False, True]
        assert np.array_equal(kept_sign(value, value), value)
