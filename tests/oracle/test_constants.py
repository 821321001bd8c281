"""constants: the fast tier's tables, held against arb and against the bit counts that the proofs use."""

from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx, fmpq, fmpz

from lsecheck.oracle import constants
from lsecheck.oracle.constants import (
    BITS,
    COARSE,
    LOG_2,
    LOG_2_HIGH,
    LOG_2_LOW,
    LOG_GRID,
    LOG_HIGH,
    LOG_LOW,
    LOG_STEP_1,
    LOG_STEP_2,
    LOG_STEP_3,
    PER_STEP,
    POWER_HIGH,
    POWER_LOW,
    RECIPROCAL,
    SHORT,
    STEP_BITS,
    STEPS,
)

REACHED = range(-(1 << 22) + 1, 1 << 22)  #: the k of arguments down to REACH


@pytest.fixture(autouse=True)
def _precise():
    """arb at 300 bits: 100 more than the tables were computed with."""
    before, ctx.prec = ctx.prec, 300
    yield
    ctx.prec = before


def exact(*numbers) -> Fraction:
    """The exact sum of some float64."""
    return sum((Fraction(float(number)) for number in numbers), Fraction(0))


def ball(number: Fraction) -> arb:
    """A rational in arb."""
    return arb(fmpq(fmpz(number.numerator), fmpz(number.denominator)))


def apart(number: Fraction, truth: arb) -> Fraction:
    """An upper bound on |number - truth|, to 2^-260."""
    mantissa, power = abs(ball(number) - truth).upper().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(power)


def half_place(number: float) -> Fraction:
    """Half the last place of a float64: what the nearest one may be off by."""
    return Fraction(float(np.spacing(abs(number)))) / 2


def bits(number: float) -> int:
    """Bits from the first to the last that is set."""
    return abs(Fraction(float(number)).numerator).bit_length()


def on_grid(number: float, grid: int) -> bool:
    """Whether it is a multiple of 2^-grid."""
    return (Fraction(float(number)) * 2**grid).denominator == 1


class TestValues:
    """What each constant is said to be."""

    def test_log_2_is_good_to_its_last_twelve_bits(self):
        """Everything else is cut from it."""
        assert apart(Fraction(LOG_2, 2**BITS), arb(2).log()) < Fraction(2**12, 2**BITS)

    def test_the_three_parts_of_a_step_are_off_by_2_to_the_minus_125(self):
        """k of them are off by k as much: 2^-107 in the reduced argument needs 2^-129."""
        assert apart(exact(LOG_STEP_1, LOG_STEP_2, LOG_STEP_3), arb(2).log() / STEPS) < Fraction(1, 2**129)

    def test_steps_per_unit_is_the_nearest_float64(self):
        """It chooses the table entry: an error of 2^-52 moves an argument's remainder by 2^-42 at most."""
        assert apart(exact(PER_STEP), STEPS / arb(2).log()) <= half_place(PER_STEP)

    def test_log_2_in_two_parts_is_the_nearest_there_is(self):
        """e of them enter log S."""
        assert apart(exact(LOG_2_HIGH, LOG_2_LOW), arb(2).log()) <= half_place(LOG_2_LOW) + Fraction(1, 2**188)

    def test_every_power_of_2_is_good_to_2_to_the_minus_85(self):
        """The bracket `the table` of `expanded`; the low parts are the nearest float64."""
        for j, (high, low) in enumerate(zip(POWER_HIGH, POWER_LOW, strict=True)):
            off = apart(exact(high, low), arb(2) ** (arb(j) / STEPS))
            assert off <= half_place(low) + Fraction(1, 2**188) if j else off == 0
            assert off <= Fraction(1, 2**85)

    def test_every_logarithm_is_good_to_2_to_the_minus_99(self):
        """The bracket `the tables` of `logarithm` is 2^-96, for one of these and 63 log 2."""
        for c, high, low in zip(RECIPROCAL, LOG_HIGH, LOG_LOW, strict=True):
            off = apart(exact(high, low), -ball(exact(c)).log())
            assert off <= half_place(low) + Fraction(1, 2**188)
            assert off + 23 * half_place(LOG_2_LOW) < Fraction(1, 2**96)

    def test_the_first_entries_are_exact(self):
        """Small arguments keep a relative error because the table has none there."""
        assert (POWER_HIGH[0], POWER_LOW[0], RECIPROCAL[0], LOG_HIGH[0], LOG_LOW[0]) == (1, 0, 1, 0, 0)

    def test_every_reciprocal_is_the_nearest_of_its_grid(self):
        """c (1 + j/N) must be near 1 for s to be small."""
        for j, c in enumerate(RECIPROCAL):
            assert abs(exact(c) - Fraction(STEPS, STEPS + j)) <= Fraction(1, 2 ** (SHORT + 1))

    def test_the_tables_have_as_many_entries_as_they_are_asked_for(self):
        """j = N is asked of the logarithm's, never of the exponential's."""
        assert STEPS == 1 << STEP_BITS
        assert (len(POWER_HIGH), len(POWER_LOW)) == (STEPS, STEPS)
        assert (len(RECIPROCAL), len(LOG_HIGH), len(LOG_LOW)) == (STEPS + 1,) * 3


class TestBits:
    """Products and sums that the proofs call exact."""

    @pytest.mark.parametrize(("constant", "grid"), [(LOG_STEP_1, 40), (LOG_STEP_2, 71)])
    def test_a_step_times_any_k_is_exact(self, constant, grid):
        """31 bits and 22 are 53: the first two products of the reduction have no rounding."""
        assert on_grid(constant, grid)
        assert bits(constant) + (len(REACHED) // 2).bit_length() <= 53
        chance = np.random.default_rng(1).integers(REACHED.start, REACHED.stop, 2000)
        for k in (*chance.tolist(), REACHED.start, REACHED.stop - 1, 1, -1):
            assert Fraction(float(k) * constant) == k * exact(constant)

    def test_the_arguments_that_are_reached_have_a_k_below_2_to_the_22(self):
        """A longer reach would need shorter constants."""
        from lsecheck.oracle.doubledouble import REACH

        assert abs(REACH * PER_STEP) + 1 < 1 << 22

    def test_the_middle_part_of_a_step_times_k_stays_below_2_to_the_minus_21(self):
        """Then what is left of an argument after the first part is still below 2^-10."""
        assert abs(LOG_STEP_2) * 2**22 < 2**-21
        assert exact(LOG_STEP_1) / 2 + Fraction(1, 2**21) < Fraction(1, 2**10)

    def test_a_power_times_a_head_is_exact(self):
        """31 bits and 22: head is a multiple of 2^-32 below 2^-10."""
        assert all(on_grid(high, COARSE) and bits(high) <= 31 for high in POWER_HIGH)
        assert max(map(abs, POWER_LOW)) <= 2.0 ** -(COARSE + 1)
        heads = np.random.default_rng(2).integers(-(2**22) + 1, 2**22, 20)
        for head in (*(heads * 2.0**-32), (2**22 - 1) * 2.0**-32):
            for high in POWER_HIGH:
                assert Fraction(float(high * head)) == exact(high) * exact(head)

    def test_a_reciprocal_times_a_head_is_exact(self):
        """17 bits and 27, and 17 and 26 for the rest of f."""
        assert all(on_grid(c, SHORT) and 0.5 <= c <= 1 for c in RECIPROCAL)
        heads = 1 + np.random.default_rng(3).integers(0, 2**26 + 1, 20) * 2.0**-26
        tails = np.random.default_rng(4).integers(-(2**25), 2**25 + 1, 20) * 2.0**-52
        for f in (*heads, 2.0, 2 - 2.0**-26, *tails, 2.0**-27, -(2.0**-27)):
            for c in RECIPROCAL:
                assert Fraction(float(c * f)) == exact(c) * exact(f)

    def test_an_anchor_is_exact(self):
        """e log 2 - log c_j: both on 2^-45 and below 64, so 51 bits."""
        assert on_grid(LOG_2_HIGH, LOG_GRID)
        assert all(on_grid(high, LOG_GRID) for high in LOG_HIGH)
        for e in range(64):
            for high in LOG_HIGH[:: 1 if e in (1, 63) else 16]:
                anchor = e * LOG_2_HIGH + high
                assert Fraction(float(anchor)) == e * exact(LOG_2_HIGH) + exact(high)

    def test_what_the_logarithm_expands_stays_below_2_to_the_minus_9_point_9(self):
        """s = f c - 1 over each entry's share of [1, 2]: the series is cut for no more."""
        for j, c in enumerate(RECIPROCAL):
            for f in (max(Fraction(2 * j - 1, 2), Fraction(0)), min(Fraction(2 * j + 1, 2), Fraction(STEPS))):
                assert abs((1 + f / STEPS) * exact(c) - 1) < Fraction(2.0**-9.9)


class TestCutting:
    """How a long number becomes a short one and a rest."""

    def test_a_split_loses_nothing_and_leaves_at_most_half_a_unit(self):
        """The rest goes on to the next constant."""
        for grid in (30, 40, 45, 71):
            near = LOG_2 >> max(grid - 50, 0)  # the short part has 53 bits at most
            for number in (near, -near, near >> 9, 1 << (BITS - grid - 1), 0):
                short, rest = constants.split(number, grid)
                assert on_grid(short, grid)
                assert exact(short) * 2**BITS + rest == number
                assert abs(rest) <= 1 << (BITS - grid - 1)

    def test_the_nearest_float64_is_the_nearest(self):
        """Rounded once, from all 200 bits."""
        for number in (LOG_2, -LOG_2 >> 50, 3 << 100, (1 << 53) + 1, (1 << 54) + 3):
            found = exact(constants.nearest(number)) * 2**BITS
            assert abs(found - number) <= half_place(constants.nearest(number)) * 2**BITS
