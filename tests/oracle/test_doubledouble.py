"""doubledouble: its error budget recomputed, its errors measured, its answers held against the interval tier."""

import math
from fractions import Fraction
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from flint import arb, ctx

from lsecheck import formats
from lsecheck.formats import FORMATS, FormatPair
from lsecheck.functions import FUNCTIONS
from lsecheck.functions.definition import Expected
from lsecheck.oracle import constants, doubledouble, fast, interval
from lsecheck.oracle.constants import POWER_HIGH, POWER_LOW, RECIPROCAL, STEPS
from lsecheck.oracle.doubledouble import (
    CHUNK,
    EXP_ERROR,
    FIRST,
    GRID,
    NEGLIGIBLE,
    REACH,
    REMOTE,
    SECOND,
    SUM_ERROR,
    TAIL_ERROR,
    TERM_ERROR,
    THIRD,
    approached,
    exponential,
    logarithm,
    parts,
    size_grid,
    tail,
)
from lsecheck.oracle.engines import vectorised
from lsecheck.oracle.truth import DOUBLEDOUBLE, INTERVAL, Truth, certify

LOG_2 = math.log(2)
STEP = LOG_2 / STEPS
UNIT = 2.0**-53


@pytest.fixture(autouse=True)
def _precise():
    """arb and mpmath at 250 bits, for what is measured."""
    before, ctx.prec = ctx.prec, 250
    with mpmath.workprec(250):
        yield
    ctx.prec = before


def half_place(below: float) -> float:
    """The largest rounding error of a result whose magnitude does not exceed `below`."""
    mantissa, power = math.frexp(below)
    return math.ldexp(1.0, power - 54 - (mantissa == 0.5))


def spread(seed: int, low: float, high: float, count: int) -> np.ndarray:
    """Random numbers between."""
    return low + (high - low) * np.random.default_rng(seed).random(count)


class Budget:
    """The errors of `expanded`, step by step, for every entry of the table: all relative to the result."""

    def __init__(self):
        grid = float(np.spacing(GRID))  # what a head is a multiple of
        most = abs(REACH) * constants.PER_STEP + 1  # k
        self.r = r = LOG_2 / 2 / STEPS * (1 + 2.0**-20)
        low = half_place(abs(REACH))  # of an argument
        third = most * abs(constants.LOG_STEP_3)
        self.rest = rest = grid / 2 + half_place(r) + low + third
        argument = half_place(rest) + half_place(low + third) + half_place(third) + most * 2.0**-129
        cubic = r**3 / 6 * (1 + r)
        crossed = rest * r * (1 + 2.0**-20)
        w = rest + crossed + cubic
        self.fine = fine = grid / 2 + half_place(r) + half_place(r * r / 2 + w)
        high, low = POWER_HIGH, np.abs(POWER_LOW)
        half = np.vectorize(half_place)
        swept = low.max() * r + half_place(2 * r * 2)  # power_low times its factor, and the error of `high`
        self.low = low + high * fine + swept
        self.steps = {
            "argument": argument + 0 * high,
            # r three times, r r and r r r, the first two coefficients and their sum, the product
            "cubic": (8 + 2 * r) * UNIT * cubic + 0 * high,
            "left out": r**7 / 5040 * (1 + r) + 0 * high,
            "w": half_place(w) + half_place(crossed + cubic) + 2 * half_place(crossed) + 0 * high,
            "fine": half_place(fine) + 0 * high,
            "product": half(high * fine) / high,
            "its sum": (half(high * fine + swept) + 3 * half_place(swept)) / high,
            "last sum": half(self.low) / high,
            "table": np.where(low > 0, half(np.maximum(low, 2.0**-1000)), 0) / high,
        }
        self.total = float(sum(self.steps.values()).max()) * (1 + 1.01 * r)


class TestBudget:
    """The sums of the numbers in brackets, from the constants: editing a grid or a table must redo them."""

    def test_the_grids_are_what_the_proofs_say(self):
        """Every bit count rests on these."""
        assert [math.log2(np.spacing(each)) for each in (GRID, FIRST, SECOND, THIRD)] == [-32, -40, -68, -109]
        assert np.spacing(doubledouble.WHOLE) == 1
        # 1.5 times a power of two: sums stay in its binade, whatever the sign
        assert all(math.frexp(each)[0] == 0.75 for each in (GRID, FIRST, SECOND, THIRD, doubledouble.WHOLE))

    def test_a_head_has_22_bits(self):
        """31 and 22 bits are 53: `power_high * head` is exact."""
        budget = Budget()
        assert (budget.r + budget.fine) / np.spacing(GRID) < 2**22
        assert budget.r < 2.0**-10.5 * (1 + 2.0**-5)
        assert budget.rest < 2.0**-32.9

    def test_exp_loses_less_than_it_says(self):
        """EXP_ERROR enters every radius."""
        total = Budget().total
        assert total < 2.0**-81.99
        assert total < EXP_ERROR < 2 * total

    def test_the_low_part_is_below_2_to_the_minus_30(self):
        """The split of a term relies on it: second parts below 2^-30, rounded by 2^-84 of the term."""
        assert (Budget().low / POWER_HIGH).max() * (1 + 2.0**-9) < 0.76 * 2.0**-30

    def test_the_formula_of_exp_without_rounding_is_off_by_less_than_its_bracket(self, monkeypatch):
        """Evaluated in 250 bits, grids and all: what is left is the series cut off and its coefficients."""
        monkeypatch.setattr(doubledouble, "GRID", mpmath.mpf(0))
        r = Budget().r
        allowed = r**7 / 5040 * 1.01 + 2.0**-54 * r**3 / 6 + 2.0**-54 * r**4 / 12
        for j in (0, 1, 200, STEPS - 1):
            high, low = mpmath.mpf(float(POWER_HIGH[j])), mpmath.mpf(float(POWER_LOW[j]))
            for coarse in (r, -r, r / 2, -r / 3, 2.0**-30):
                for rest in (0, 2.0**-33, -(2.0**-33)):
                    coarse_, rest_ = mpmath.mpf(coarse), mpmath.mpf(rest)
                    found = sum(doubledouble.expanded(coarse_, rest_, high, low))
                    assert abs(found / (high + low) / mpmath.exp(coarse_ + rest_) - 1) <= allowed

    def test_a_sum_loses_less_than_it_says(self):
        """exp, the split of its terms, what is dropped, what is left out: for up to 2^23 entries."""
        first, third = float(np.spacing(FIRST)), float(np.spacing(THIRD))
        dropped = third / 2 + math.exp(NEGLIGIBLE)
        low = Budget().low
        relative = 2.0**-84
        # where the first part is a tie, `left` is a hair over half a unit and rounds as one binade up
        over = 2.0**-109
        for q in range(88):
            for p, below in zip(POWER_HIGH.tolist(), low.tolist(), strict=True):
                off = half_place((min(first / 2, p * 2.0**-q) + below * 2.0**-q) * (1 + 2.0**-40)) + dropped
                assert off <= TERM_ERROR + relative * p * 2.0**-q * (1 + 2.0**-9) + over
        assert EXP_ERROR + relative + 2**23 * over + 2.0**-104 < SUM_ERROR

    def test_a_tail_loses_less_than_it_says(self):
        """Two factors and their product, and the errors' own product."""
        assert EXP_ERROR + SUM_ERROR + 8 * 2.0**-106 + 2.0**-160 < TAIL_ERROR
        assert TAIL_ERROR < 1.1 * (EXP_ERROR + SUM_ERROR)

    def test_what_is_not_summed_is_below_2_to_the_minus_125(self):
        """n of them enter TERM_ERROR n times."""
        assert 2.0**-126 < math.exp(NEGLIGIBLE) < 2.0**-125

    def test_beyond_reach_a_tail_is_below_2_to_the_minus_5000(self):
        """2^24 entries of exp(-3500), and an exponent that says so."""
        from lsecheck.oracle.outputs import UNKNOWN

        assert REACH / LOG_2 + 24 + 1 < -5000
        assert UNKNOWN < -5000
        *_, q = exponential(np.array([REACH]), np.array([0.0]))
        assert q[0] + 1 + 24 < UNKNOWN

    def test_the_radius_of_the_logarithm_pays_for_every_rounding(self):
        """The radius with an exact T, entry by entry of the table, against the sum of its roundings."""
        log_2_low, log_low = abs(constants.LOG_2_LOW), float(np.abs(constants.LOG_LOW).max())
        cases = logarithms()
        m, t_high, q = (np.array(column) for column in zip(*cases, strict=True))
        with np.errstate(all="ignore"):
            high, _, radius, total = logarithm(m, t_high, 0.0 * t_high, q, 0.0)
        answers = zip(high.tolist(), radius.tolist(), total.tolist(), strict=True)
        for (m, t_high, q), (high, radius, total) in zip(cases, answers, strict=True):
            if m == 1 and q < REMOTE:
                continue
            truth = math.ldexp(t_high, max(q, -1000))
            e = math.frexp(total)[1] - 1
            f = math.ldexp(total, -e)
            j = int((f - 1) * STEPS + 0.5)
            close = m == 1 and e == 0 and j == 0
            s = truth if close else abs(f * RECIPROCAL[j] - 1) + 2.0**-50
            cubic = s**3 / 3 * (1 + s)
            # s^2 and s^3: s_low is left out of them
            budget = (7.5 + 2 * s) * UNIT * cubic + s**9 / 9 * (1 + s)
            faint = 2 * UNIT * s  # s_low, the error of s^2, `more`
            if close:
                budget += UNIT * (4 * faint + 2 * (cubic + faint))
            else:
                shift = e * log_2_low + log_low
                budget += 4 * half_place(1.0) * UNIT  # total_low, c f_low, their sum with s_low
                budget += e * half_place(log_2_low) + half_place(log_low) + half_place(e * log_2_low + 1e-300)
                budget += half_place(shift) + 3 * UNIT * (shift + cubic + faint)
                budget += 3 * half_place(half_place(max(high, 1.0) * 2))
            assert budget <= radius, (m, t_high, q)


def logarithms() -> "list[tuple[float, float, int]]":
    """(m, t, q): T = t 2^q where `logarithm` changes its ways, and random ones."""
    chance = np.random.default_rng(11)
    found: "list[tuple[float, float, int]]" = []

    def add(m: float, number: float) -> None:
        if number > 0:
            mantissa, power = math.frexp(number)
            found.append((m, 2 * mantissa, power - 1))

    for step in (*range(-6, 7), *chance.integers(-(2**43), 2**43, 60).tolist()):
        add(1.0, 2.0**-10 + step * 2.0**-62)  # `close` ends here
        add(1.0, 2.0**-10 * (1 + step * 2.0**-44))
    for j in range(STEPS + 1):
        for e, m in ((0, 1.0), (1, 2.0), (1, 1.0), (2, 3.0), (10, 1024.0), (16, 40000.0)):
            for f in (1 + (j + 0.5) / STEPS, 1 + j / STEPS):
                for step in (-1, 0, 1):
                    add(m, math.ldexp(f + step * 2.0**-52, e) - m)
    for e in range(1, 22):  # powers of two, from below and above
        for m in (1.0, 2.0**e - 1, max(2.0**e / 2, 1.0)):
            for off in (0.0, 2.0**-30, 2.0**-52, -(2.0**-30), -(2.0**-52)):
                add(m, (2.0**e - m) * (1 + off))
        for m in (2.0**e, 2.0**e - 1, 2.0**e + 1):
            for q in (-1, -20, -53, -54, -106, -300, -899, -900, -901, -902, -930, -990, -1060, -3000, -6000):
                found.append((m, 1 + chance.random(), q))
    found += [(1.0, 1 + chance.random(), q) for q in range(-899, 20) for _ in range(4)]
    found += [(1.0, t, q) for q in (-899, -540, -500, -480, -100, -53, -12, -11, -1, 0) for t in (1.0, 2 - 2.0**-52)]
    found += [(float(m), 1 + chance.random(), int(q)) for m, q in chance.integers((1, -60), (50, 12), (6000, 2))]
    return found


class TestMeasured:
    """What the formulas lose, against arb at 250 bits: always less than they say."""

    @staticmethod
    def arguments() -> "tuple[np.ndarray, np.ndarray]":
        """Arguments of exp in [REACH, 1], low parts too."""
        chance = np.random.default_rng(3)
        halves = np.arange(-2 * STEPS, 700) + 0.5
        far = chance.integers(int(REACH / STEP) + 2, 0, 3000) + 0.5
        boundaries = np.concatenate([halves, far]) * STEP
        high = np.concatenate([
            spread(1, REACH, 1, 6000), spread(2, -90, 1, 12_000), spread(4, -1, 1, 5000), spread(5, -STEP, STEP, 5000),
            boundaries, np.nextafter(boundaries, 9), np.nextafter(boundaries, -9e9),
            -(2.0 ** -np.arange(0.0, 60, 0.05)), 2.0 ** -np.arange(0.0, 60, 0.05),
            REACH + np.arange(200) * 2.0**-40, [0.0, 1.0, REACH, NEGLIGIBLE], np.arange(-3500.0, 2),
        ])  # fmt: skip
        low = np.spacing(high) * chance.choice([0.0, 0.0, 0.5, -0.5, 0.25], len(high))
        return high, np.where(high == 0, 0, low * np.where(chance.random(len(high)) < 0.5, 1, chance.random(len(high))))

    def test_exp_is_within_what_it_says(self):
        """43,000 arguments: random, at each boundary of the table, tiny, and near REACH."""
        high, low = self.arguments()
        found = exponential(high, low)
        worst, largest = 0.0, 0.0
        for x, x_low, y, y_low, q in zip(high.tolist(), low.tolist(), *(each.tolist() for each in found), strict=True):
            truth = (arb(x) + arb(x_low)).exp()
            off = float(abs((arb(y) + arb(y_low)) * arb(2) ** q / truth - 1).upper())
            size = abs(x)
            claimed = min(EXP_ERROR, size * 2.0**-50)
            assert off <= claimed or (off < 2.0**-240 and size == 0), (x, x_low)
            worst, largest = max(worst, off / (claimed or 1)), max(largest, off)
            assert 1 - 2.0**-9 < y < 2
            assert abs(y_low) <= UNIT * 1.0001 * y
        assert 0.4 < worst < 1

    def test_exp_of_a_tiny_argument_keeps_it_relatively(self):
        """p = exp(-T) just below 1: its distance from 1 must be known, down to 2^-1022."""
        for power in (*range(1, 120), 500, 900, 1000, 1021, 1022, 1074):
            for sign in (1, -1):
                for mantissa in (1.0, 1.75, 1 + 2.0**-52) if power < 1020 else (1.0,):
                    d = sign * mantissa * 2.0**-power
                    high, low, q = (float(each[0]) for each in exponential(np.array([d]), np.array([0.0])))
                    unit = arb(2) ** int(q)
                    gained = (arb(high) * unit - 1) + arb(low) * unit
                    off = abs(gained - arb(d).expm1()).upper()
                    assert off <= arb(d).__abs__() * arb(2) ** -50

    def test_a_logarithm_is_within_what_it_says(self):
        """T given exactly: the radius is the formula's own, and holds, for tens of thousands of T."""
        cases = [(m, t, low, q) for m, t, q in logarithms() for low in (0.0, 2.0**-54, -(2.0**-55) * 1.37)]
        with np.errstate(all="ignore"):
            found = logarithm(*(np.array(column) for column in zip(*cases, strict=True)), 0.0)
        worst = {True: 0.0, False: 0.0}
        for (m, t, t_low, q), high, low, radius in zip(cases, *(each.tolist() for each in found[:3]), strict=True):
            tail = (arb(t) + arb(t_low)) * arb(2) ** q
            truth = tail.log1p() if m == 1 else (m + tail).log()
            off = abs(arb(high) + arb(low) - truth).upper()
            if m == 1 and q < REMOTE:  # no more than a sign
                assert 0 < truth < 2 * high == 2 * radius == arb(2) ** REMOTE
            else:
                assert off <= radius, (m, t, t_low, q)
                near = m == 1 and t * 2.0**q < 2.0**-10
                worst[near] = max(worst[near], float(off / radius))
        assert len(cases) > 40_000
        assert 2.0**-9 < worst[False] < 1
        assert 2.0**-9 < worst[True] < 1

    def test_the_formula_of_the_logarithm_without_rounding_is_off_by_less_than_its_bracket(self, monkeypatch):
        """Evaluated in 250 bits: the series cut after s^8 / 8 and its coefficients are all that is left."""
        as_mpf = {"LOG_HIGH": constants.LOG_HIGH, "LOG_LOW": constants.LOG_LOW, "RECIPROCAL": RECIPROCAL}
        for name, table in as_mpf.items():
            monkeypatch.setattr(doubledouble, name, [mpmath.mpf(float(each)) for each in table])
        monkeypatch.setattr(doubledouble, "where", lambda condition, one, other: one if condition else other)
        monkeypatch.setattr(doubledouble, "larger", max)
        monkeypatch.setattr(doubledouble, "smaller", min)
        monkeypatch.setattr(doubledouble, "integer", int)
        monkeypatch.setattr(doubledouble, "power", lambda of: mpmath.mpf(2) ** of)
        monkeypatch.setattr(doubledouble, "exponent", lambda number: int(mpmath.frexp(number)[1]) - 1)
        for m, t, q in logarithms()[::7]:
            if q < -100:
                continue
            number = mpmath.mpf(t) * mpmath.mpf(2) ** q
            high, low, _, total = logarithm(mpmath.mpf(m), mpmath.mpf(t), mpmath.mpf(2) ** -60, q, mpmath.mpf(0))
            number += mpmath.mpf(2) ** (q - 60)
            e = int(mpmath.frexp(total)[1]) - 1
            j = int((total / 2**e - 1) * STEPS + 0.5)
            close = m == 1 and e == 0 and j == 0
            s = number if close else abs(total / 2**e * float(RECIPROCAL[j]) - 1)
            allowed = s**3 * 2.0**-54 + s**9 / 8 + (0 if close else 2.0**-96) + s * 2.0**-200
            assert abs(high + low - mpmath.log(m + number)) <= allowed, (m, t, q)

    def test_a_tail_is_within_what_it_says(self):
        """exp(b - a) times a sum of terms, each rounded as the engine rounds it: T to its relative error."""
        chance = np.random.default_rng(17)
        worst = 0.0
        for trial in range(60):
            n = int(chance.choice([3, 5, 30, 200]))
            b = chance.standard_normal() * 3
            x = b - np.abs(chance.standard_normal(n)) * chance.choice([2.0**-20, 1e-3, 1.0, 30.0])
            x[0], x[1] = b + abs(chance.standard_normal()) * chance.choice([1e-9, 1.0, 300.0, 900.0]) + 1e-12, b
            top, beside = np.array([x.max()]), np.array([b])
            sums = vectorised.sums(x[None], top, beside)[:3, :, 0]
            high, low, q, relative, weight = (each[0] for each in tail(top, beside, np.array([float(n)]), *sums))
            truth = sum(((arb(each) - arb(b)).exp() for each in x[x < x.max()].tolist()), arb(0))
            truth *= (arb(b) - arb(float(top[0]))).exp()
            off = float(abs((arb(float(high)) + arb(float(low))) * arb(2) ** int(q) / truth - 1).upper())
            assert off <= relative, trial
            assert 1 <= high < 2
            assert float(weight) == pytest.approx(math.exp(max(b - float(top[0]), -700)), rel=1e-12) or b < top - 700
            worst = max(worst, off / relative)
        assert 2.0**-9 < worst < 1


class TestCarried:
    """An error that comes in goes out again, with what is added to it."""

    ERRORS = (2.0**-50, 2.0**-60, 2.0**-75, 2.0**-90, 2.0**-120, 0.0)

    def test_a_share_holds_what_its_logarithm_may_be(self):
        """exp(z ± e) lies between the ends, and within the radius of the middle, for every e."""
        z = -np.concatenate([spread(1, 0, 3, 300), spread(2, 0, 900, 300), 2.0 ** -np.arange(1.0, 60), [3499.0]])
        z_low = z * 2.0**-54
        for error in self.ERRORS:
            found = doubledouble.share(z, z_low, np.full_like(z, error), np.zeros_like(z))
            for x, x_low, high, lower, upper, low, radius, q in zip(
                z.tolist(), z_low.tolist(), *(each.tolist() for each in found), strict=True
            ):
                unit = arb(2) ** q
                for end in (-error, error):
                    truth = (arb(x) + arb(x_low) + arb(end)).exp() / unit - arb(high)
                    assert lower < truth < upper, (x, error)
                    assert abs(truth - arb(low)) < radius

    @pytest.mark.parametrize("sign", [1.0, -1.0])
    def test_an_anchored_logarithm_holds_what_it_may_be(self, sign):
        """base + sign (l ± e), in rationals: between the ends, but never beyond the base on the other side."""
        chance = np.random.default_rng(19)
        count = 2000
        base = chance.standard_normal(count) * 2.0 ** chance.integers(-40, 60, count)
        base[::9] = 0.0
        base_low = base * 2.0**-54 * chance.standard_normal(count) * 0.9
        high = chance.random(count) * 2.0 ** chance.integers(-80, 4, count)
        low = high * 2.0**-54
        base[::7] = -high[::7] * (1 + 2.0**-40)  # nearly cancels
        for relative in self.ERRORS:
            radius = high * relative
            found = doubledouble.anchored(base, base_low, sign, high, low, radius)
            for each in zip(base, base_low, high, low, radius, *found, strict=True):
                given, (top, lower, upper, middle, around) = [Fraction(float(x)) for x in each[:5]], [
                    Fraction(float(x)) for x in each[5:]]  # fmt: skip
                anchor = given[0] + given[1]
                for end in (-given[4], given[4]):
                    truth = anchor + int(sign) * max(given[2] + given[3] + end, Fraction(0)) - top
                    assert lower <= truth <= upper
                    assert abs(truth - middle) <= around


class TestSums:
    """Three parts that sum exactly, whatever the order: why engines, chunks and workers give the same bits."""

    @staticmethod
    def terms(x: np.ndarray, b: float, top: float = 1e9) -> "tuple[np.ndarray, ...]":
        """The parts of each entry."""
        with np.errstate(invalid="ignore"):  # -inf
            d, coarse, rest, j, weight = approached(x, np.float64(top), np.float64(b))
            below = np.float64(b)
            return parts(d, below, coarse, rest, POWER_HIGH[j], POWER_LOW[j], weight, size_grid(below))

    def test_a_weight_is_a_power_of_2_or_nothing(self):
        """Entries that are not summed weigh 0: the maximum, -inf, and what is below exp(-87) of b."""
        x = np.array([5.0, -np.inf, -87.5, -86.5, -0.6931471805599453, 0.0])
        with np.errstate(invalid="ignore"):
            weight = approached(x, np.float64(5.0), np.float64(0.0))[4]
        assert weight.tolist() == [0, 0, 0, 2.0**-125, 0.5, 1]

    @staticmethod
    def exactly(column: np.ndarray) -> Fraction:
        """Their sum in rationals: integers of one unit."""
        unit = 2**110
        return Fraction(sum(int(Fraction(each) * unit) for each in column.tolist()), unit)

    def hard(self, seed: int, count: int) -> np.ndarray:
        """Arguments whose terms are largest, in each part: 1, and all halves of a unit."""
        chance = np.random.default_rng(seed)
        near = -np.abs(chance.standard_normal(count)) * 10.0 ** -chance.integers(0, 12, count)
        far = -90 * chance.random(count)
        return np.where(chance.random(count) < 0.2, 0.0, np.where(chance.random(count) < 0.8, near, far))

    def test_a_chunk_sums_exactly_in_any_order(self):
        """4096 terms of the largest size, shuffled, summed by NumPy's pairwise sum and one by one."""
        for x in (self.hard(1, CHUNK), np.zeros(CHUNK), np.full(CHUNK, -(2.0**-31)), np.full(CHUNK, -1e-9)):
            for column in self.terms(x, 0.0):
                wanted = self.exactly(column)
                for seed in range(3):
                    shuffled = np.random.default_rng(seed).permutation(column)
                    assert Fraction(float(shuffled.sum())) == wanted
                    assert Fraction(float(np.cumsum(shuffled)[-1])) == wanted

    def test_a_chunk_of_the_largest_parts_there_can_be_sums_exactly(self):
        """By construction: each part as large as its neighbour lets it be, and one unit more."""
        half = {FIRST: 1.0, SECOND: 2.0**-30, THIRD: 2.0**-69}
        for grid, largest in half.items():
            unit = float(np.spacing(grid))
            column = np.full(CHUNK, largest)
            column[1] = unit
            assert Fraction(float(column.sum())) == (CHUNK - 1) * Fraction(largest) + Fraction(unit)
            assert Fraction(float(np.cumsum(column)[-1])) == (CHUNK - 1) * Fraction(largest) + Fraction(unit)

    def test_three_times_a_chunk_does_not_sum_exactly(self):
        """2^53 units are reached at twice the length: beyond, the first entry that is odd is lost."""
        for grid, largest in ((FIRST, 1.0), (THIRD, 2.0**-69)):
            unit = float(np.spacing(grid))
            assert CHUNK * largest / unit * 2 == 2**53
            column = np.full(3 * CHUNK, largest)
            column[-1] = unit
            assert Fraction(float(np.cumsum(column)[-1])) != self.exactly(column)

    def test_the_parts_of_real_terms_reach_the_sizes_that_the_proof_counts_with(self):
        """A proof about smaller parts than there are would prove nothing, one about larger ones waste bits."""
        first, second, third, *_ = np.abs(np.array(self.terms(self.hard(2, 200_000), 0.0)))
        assert first.max() == 1
        assert 2.0**-32 < second.max() < 2.0**-30
        assert 2.0**-70 < third.max() <= 2.0**-69

    def test_what_the_parts_drop_is_within_the_term_error(self):
        """Per term: absolutely 2^-94, and relatively what exp and its split lose."""
        for b in (0.0, 300.25):
            x = b + self.hard(3, 4000)
            first, second, third, *_ = self.terms(x, b)
            worst = 0.0
            for each, one, two, three in zip(x.tolist(), first.tolist(), second.tolist(), third.tolist(), strict=True):
                truth = (arb(each) - arb(b)).exp()
                off = abs(arb(one) + arb(two) + arb(three) - truth)
                allowed = TERM_ERROR + SUM_ERROR * truth
                assert off <= allowed
                worst = max(worst, float((off / allowed).upper()))
            assert worst > 0.2

    def test_the_figures_of_a_term_are_as_good_as_they_are_said_to_be(self):
        """To 2^-30 of each, being made of the high part alone, and 2^-41, or that of |b| + 1 twice."""
        for b in (0.0, -700.5, 1e5):
            x = b + self.hard(4, 5000)
            *_, moment, size = self.terms(x, b)
            weight = np.exp(x - b)
            weight = np.where(x - b > NEGLIGIBLE, weight, 0)
            alike = weight * (b - x), weight * np.abs(x)
            assert (np.abs(moment - alike[0]) <= 2.0**-30 * alike[0] + 2.0**-41 * 1.01).all()
            assert (np.abs(size - alike[1]) <= 2.0**-30 * alike[1] + 2.0**-40 * (abs(b) + 1)).all()

    def test_the_maximum_and_what_is_negligible_are_not_summed(self):
        """The maximum is counted, not summed; -inf and exp(-87.1) weigh nothing."""
        x = np.array([5.0, -np.inf, -87.1, -1e300, 0.0])
        assert [column.tolist() for column in self.terms(x, 0.0, 5.0)] == [
            [0, 0, 0, 0, 1], [0] * 5, [0] * 5, [0] * 5, [0] * 5,
        ]  # fmt: skip

    def test_chunks_are_joined_without_loss(self):
        """Sums over chunks are added in integers: three floats that hold 109 bits and more."""
        x = np.stack([self.hard(seed, 3 * CHUNK + 5) for seed in (5, 6)])
        x[:, 0], x[:, 1] = 2.0, 0.0
        joined = fast._sums(x, np.array([2.0, 2.0]), np.zeros(2), vectorised)
        for row in range(2):
            columns = self.terms(x[row], 0.0, 2.0)
            wanted = sum((self.exactly(column) for column in columns[:3]), Fraction(0))
            got = sum((Fraction(float(each[row])) for each in joined[:3]), Fraction(0))
            assert got == wanted
            for figure in (3, 4):
                assert joined[figure][row] == pytest.approx(math.fsum(columns[figure].tolist()), rel=1e-15)


#: gaps at which something changes: the table, what is negligible, exp's own ranges, the interval tier's, REACH
GAPS = [
    0.0, 2.0**-1074, 2.0**-1000, 1e-300, 2.0**-53, 1e-9, STEP / 2, STEP, 1.5 * STEP, LOG_2, 36.7368, 37.0, 87.0,
    86.99999999999999, 87.1, 623.8, 624.0, 700.0, 740.0, 745.0, 745.2, 800.0, 1074 * LOG_2, 1075 * LOG_2, 2495.0,
    3465.0, 3466.5, 3499.9, 3500.0, 3500.1, 1e5, 1e9, 1e100, 1e300, np.inf,
]  # fmt: skip
TOPS = [0.0, 1.0, -1.0, 2.0, 4.0, -2.0**-20, 0.5, 1 + 2.0**-11, 3.3, -700.0, 448.0, 65504.0, 57344.0, 2.0**-1074,
        -(2.0**-1022), 2.0**-30, 3e38, 2.0**1000, -(2.0**999), 1e300, -1e-300]  # fmt: skip
MIXED = [("float64", name) for name in FORMATS] + [(name, name) for name in FORMATS if name != "float64"]
MIXED += [("float16", "float64"), ("float32", "bfloat16"), ("float8_e4m3fn", "float32")]


def adversarial(chance: np.random.Generator, n: int) -> np.ndarray:
    """A row that meets a tie, a gap at a boundary, a power of two, a cancellation or nothing special."""
    gaps, top = chance.choice(GAPS, n), chance.choice(TOPS)
    gaps[chance.integers(n)] = 0.0
    kind = chance.integers(10)
    with np.errstate(all="ignore"):
        if kind < 4:
            x = top - gaps * np.where(chance.random(n) < 0.7, 1, chance.random(n))
        elif kind == 4:
            x = np.full(n, chance.choice([top, -math.log(n), math.log(n) * 7]))
        elif kind == 5:
            x = chance.standard_normal(n) * 10
            x -= x.max() + math.log(np.exp(x - x.max()).sum())  # y near 0
        elif kind == 6:
            x = chance.integers(-3000, 40, n) * (STEP / 2)
        elif kind == 7:
            x = np.ldexp(chance.choice([1.0, -1.0, 1.5], n), chance.integers(-1074, 1000, n))
        elif kind == 8:
            x = chance.choice([-np.inf, 0.0, 1.0, -40.0, 2.0**-1074], n)
        else:
            x = chance.standard_normal(n) * 10.0 ** chance.integers(-3, 4)
    return x


def extreme(name: str) -> "list[list[float]]":
    """Rows at the ends of a format."""
    most, least = FORMATS[name].largest, FORMATS[name].tiny
    return [
        [most] * 4, [most, -most, most, 0.0], [-most] * 4, [most, most / 2, least, -least], [least] * 4,
        [min(most, 2.0**1000), -most, 0.0, 1.0], [most / 16] * 2 + [most / 17] * 2,
        [0.0, -least, least, 2 * least], [-least, -np.inf, -np.inf, -np.inf], [-most, -np.inf, -most, -np.inf],
    ]  # fmt: skip


def batches(name: str) -> "list[np.ndarray]":
    """Rows of a few lengths, stored in a format."""
    chance = np.random.default_rng(len(name) * 1000 + ord(name[-1]))
    found = [np.array(extreme(name)), np.array([row[:2] for row in extreme(name)])]
    for n, rows in ((1, 20), (2, 160), (3, 80), (4, 50), (17, 12), (129, 3)):
        with np.errstate(all="ignore"):
            stored = formats.cast(np.array([adversarial(chance, n) for _ in range(rows)]), FORMATS[name])
            found.append(stored.astype(float))
    return [np.where(np.isfinite(batch) | (batch == -np.inf), batch, FORMATS[name].largest) for batch in found]


def enclosed(found: Truth, row: int, output: int) -> "tuple[Fraction, Fraction]":
    """The middle and radius of an enclosure, exactly."""
    high, low, radius = (Fraction(float(each[row, output])) for each in (found.high, found.low, found.radius))
    unit = Fraction(2) ** int(found.scale[row, output])
    return (high + low) * unit, radius * unit


class TestTiers:
    """The fast tier against the interval tier at 200 bits and more: the same answers, enclosures that meet."""

    def both(self, function: str, batch: np.ndarray, pair: FormatPair) -> "tuple[Truth, Truth]":
        """By both tiers; the interval tier at 200 bits, so that its enclosures lie inside those of the fast one."""
        labels = np.arange(len(batch)) % batch.shape[1] if function == "cross_entropy" else None
        quick = certify(FUNCTIONS[function], batch, pair, labels)
        with pytest.MonkeyPatch.context() as finer:
            finer.setattr(interval, "FIRST_PRECISION", 200)
            return quick, certify(FUNCTIONS[function], batch, pair, labels, fast_tier=False)

    def compare(self, function: str, batch: np.ndarray, pair: FormatPair) -> "tuple[int, int]":
        """Every output; how many rows each tier answered."""
        quick, slow = self.both(function, batch, pair)
        number = quick.expected == Expected.NUMBER
        for field in ("places", "side", "exponent"):
            differ = (getattr(quick, field) != getattr(slow, field)) & number
            assert not differ.any(), (field, batch[differ.any(axis=1)][0].tolist())
        assert np.array_equal(quick.expected, slow.expected)
        for row, output in np.argwhere(number & (quick.tiers == DOUBLEDOUBLE)[:, None]):
            middle, radius = enclosed(quick, row, output)
            exact, slack = enclosed(slow, row, output)
            # the interval tier keeps 130 bits: where the fast one knows more, its radius is the wider
            allowed = radius if slack < radius / 32 else radius + slack
            assert abs(middle - exact) <= allowed, (batch[row].tolist(), output)
            assert np.isfinite(quick.radius[row, output])
            # (0 ± 0 would meet anything)
            assert radius > 0 or slack == 0 or middle == exact, (batch[row].tolist(), output)
        self.figures(quick, slow, batch, number)
        return int((quick.tiers == DOUBLEDOUBLE).sum()), int((quick.tiers == INTERVAL).sum())

    def figures(self, quick: Truth, slow: Truth, batch: np.ndarray, number: np.ndarray) -> None:
        """What `measure` needs beside the answer: to 1e-9, or 2^-38 of the row."""
        n = batch.shape[1]
        for field in quick.sums._fields:
            one, other = getattr(quick.sums, field), getattr(slow.sums, field)
            with np.errstate(all="ignore"):
                near = np.abs(one - other) <= np.maximum(
                    1e-9 * np.abs(other) + 2.0**-1073,
                    n * 2.0**-38 * (np.abs(quick.sums.maximum) + 1 if field == "absolute" else 1)
                    * (field in ("absolute", "spread")),
                )  # fmt: skip
            wanted = number if near.shape == number.shape else number.any(axis=1, keepdims=True)
            differ = (wanted & ~(near | (one == other))).any(axis=1)
            assert not differ.any(), (field, batch[differ][0].tolist(), one[differ][0], other[differ][0])

    @pytest.mark.parametrize(("source", "target"), MIXED, ids=lambda name: name)
    @pytest.mark.parametrize("function", FUNCTIONS)
    def test_both_tiers_give_the_same_answer(self, function, source, target):
        """Rounding, side and exponent; enclosures that meet; figures alike."""
        pair = FormatPair(FORMATS[source], FORMATS[target])
        quick = slow = 0
        for batch in batches(source):
            if function == "logaddexp" and batch.shape[1] != 2:
                continue
            one, other = self.compare(function, batch, pair)
            quick, slow = quick + one, slow + other
        # the comparison is of two tiers, not of one with itself
        assert quick > slow

    @pytest.mark.parametrize("function", ["logsumexp", "softmax", "log_softmax"])
    def test_long_rows_are_answered_alike_too(self, function):
        """More than one chunk of the sum."""
        chance = np.random.default_rng(29)
        batch = np.stack([chance.standard_normal(CHUNK + 7) * scale for scale in (1e-3, 1.0, 30.0)])
        batch = np.concatenate([batch, np.round(batch[1:])])
        if function != "logsumexp":
            batch = batch[:2, :: 1 if function == "softmax" else 2]
        quick, _ = self.compare(function, batch, FormatPair(FORMATS["float64"], FORMATS["float64"]))
        assert quick

    @pytest.mark.parametrize("function", FUNCTIONS)
    def test_nearly_every_random_row_is_answered_by_the_fast_tier(self, function):
        """One that leaves everything open would pass every comparison, ten thousand times slower."""
        chance = np.random.default_rng(31)
        for name in ("float64", "float32", "float16"):
            batch = formats.cast(chance.standard_normal((4000, 2)) * 5, FORMATS[name]).astype(float)
            labels = np.zeros(len(batch), int) if function == "cross_entropy" else None
            found = certify(FUNCTIONS[function], batch, FormatPair(FORMATS[name], FORMATS[name]), labels)
            assert (found.tiers == INTERVAL).sum() <= 2

    @pytest.mark.parametrize(
        ("function", "row"),
        [
            ("logsumexp", [1.0, -1e300]),
            ("logsumexp", [-1.0, -1e300]),
            ("logsumexp", [1 + 2.0**-11, -1e5]),
            ("logsumexp", [0.0, -1e300]),
            ("logsumexp", [0.0, -740.0, -741.0]),
            ("logaddexp", [-448.0, -1e9]),
            ("log_softmax", [32.0, -1e9]),
            ("log_softmax", [0.1, -1e10, -3e17]),
            ("cross_entropy", [32.0, -1e9]),
            ("cross_entropy", [-1e9, 32.0]),
            ("softmax", [0.0, -1e300]),
            ("softmax", [0.0, 0.0, -1e300]),
            ("softmax", [0.0, 0.0, 0.0, 0.0, -625.0]),
            ("softmax", [3.0, 3.0, 3.0]),
        ],
        ids=str,
    )
    @pytest.mark.parametrize("name", FORMATS)
    def test_a_truth_beside_an_anchor_needs_no_more_than_its_side(self, function, row, name):
        """A gap beyond all bits is common in softmax: the open end decides, and the fast tier has it."""
        pair = FormatPair(FORMATS["float64"], FORMATS[name])
        assert self.compare(function, np.array([row]), pair) == (1, 0)

    @pytest.mark.parametrize("gap", [3465.7, 3499.0, 3500.0, 3500.1, 3501.0, 3600.0, 1e9])
    def test_the_enclosure_holds_a_tail_on_either_side_of_reach(self, gap):
        """Beyond it nothing but 0 < T < 2^-5000 is known: not the T of REACH itself, and not a radius of that."""
        found = certify(FUNCTIONS["logsumexp"], np.array([[0.0, -gap]]), FormatPair(*[FORMATS["float64"]] * 2))
        middle, radius = enclosed(found, 0, 0)
        assert found.tiers[0] == DOUBLEDOUBLE
        low, high = (arb(each.numerator) / arb(each.denominator) for each in (middle - radius, middle + radius))
        assert low < arb(-gap).exp().log1p() < high

    def test_the_comparison_sees_a_radius_that_is_too_small(self, monkeypatch):
        """A comparison that cannot fail proves nothing."""
        solid = vectorised.outputs.deviation

        def too_sure(*given):
            found = list(solid(*given))
            found[2] = found[2] * 2.0**-13
            return tuple(found)

        monkeypatch.setattr(vectorised.outputs, "deviation", too_sure)
        pair = FormatPair(FORMATS["float64"], FORMATS["float64"])
        rows = np.random.default_rng(37).standard_normal((300, 3)) * 4
        with pytest.raises(AssertionError):
            self.compare("logsumexp", rows, pair)


def test_the_grids_of_consecutive_parts_overlap():
    """Nothing falls between two parts: each holds what half a unit of the one before leaves."""
    units = [float(np.spacing(grid)) for grid in (FIRST, SECOND, THIRD)]
    assert all(left / right <= 2**50 for left, right in pairwise(units))
