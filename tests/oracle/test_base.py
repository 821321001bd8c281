"""in_base_two: log2 of the sum, held against arb, which divides by its own ln 2 at its own precision."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb, ctx
from independent import FIRST_BITS, LAST_BITS, PAIRS, SHAPES, SPECK, Answer, decide, enclosures
from independent import cases as adversarial

from lsecheck import formats, functions
from lsecheck.errors import Undecided
from lsecheck.formats import FORMATS, FormatPair
from lsecheck.functions.definition import Expected
from lsecheck.inputs.cases import batches, synthetic
from lsecheck.measure import LOG2E
from lsecheck.oracle import base, interval
from lsecheck.oracle.base import in_base_two
from lsecheck.oracle.truth import certify

INF, NAN = math.inf, math.nan
LOGSUMEXP = functions.named("logsumexp")
NAMES = ("float16", "bfloat16", "float32", "float64")
#: asked of each batch, and entries of the longest row: arb sums every entry by itself
ROWS, WIDEST = 3, 600


def log_two(bits):
    """Ends of ln 2, strictly around it."""
    ctx.prec = bits
    ends = []
    for end in (arb(2).log().lower(), arb(2).log().upper()):
        mantissa, power = (int(part) for part in end.man_exp())
        ends.append(Fraction(mantissa) * Fraction(2) ** power)
    return ends


def quotients(row, bits):
    """Ends of log2 sum exp(row); equal only where it is an integer: 2^k zeros and nothing else above -inf."""
    entries = [Fraction(x) for x in row if x != -INF]
    ties = entries.count(max(entries))
    whole = ties.bit_length() - 1 if max(entries) == 0 and ties & (ties - 1) == 0 else None
    if whole is not None and ties == len(entries):
        return Fraction(whole), Fraction(whole)
    ((low, high),) = enclosures("logsumexp", row, None, bits)
    least, most = log_two(bits)
    low, high = low / (most if low > 0 else least), high / (least if high > 0 else most)
    # other entries add something positive to the 2^k zeros, however little
    return (low if whole is None else max(low, Fraction(whole))), high


def answered(row, target):
    """The correct rounding of log2 sum exp(row), and an enclosure to 2^-200 of it."""
    bits = FIRST_BITS
    while bits <= LAST_BITS:
        low, high = quotients(row, bits)
        narrow = high - low <= max(max(abs(low), abs(high)) / (1 << 200), 2 * SPECK)
        found = decide(target, low, high) if narrow else None
        if found is not None:
            return found
        bits *= 2
    raise ArithmeticError(f"log2 of the sum over {row} is not decided in {target} at {LAST_BITS} bits")


def held(values, name):
    """Rows as float64 numbers of that format."""
    return formats.widen(formats.cast(np.array(values, np.float64), FORMATS[name]))


def asked(values, source, target=None):
    """The truth in base 2 of rows that are numbers of `source`."""
    pair = FormatPair(FORMATS[source], FORMATS[target or source])
    return in_base_two(certify(LOGSUMEXP, values, pair), values)


def differences(truth, row, right: Answer):
    """What is wrong with one row of a truth; empty where nothing is."""
    fmt = truth.formats.output
    scale = Fraction(2) ** int(truth.scale[row, 0])
    middle = (Fraction(float(truth.high[row, 0])) + Fraction(float(truth.low[row, 0]))) * scale
    radius = Fraction(float(truth.radius[row, 0])) * scale
    place = Fraction(2) ** (int(truth.exponent[row, 0]) - fmt.precision + 1)
    # past the largest number the truth grows and its ulp does not: there the radius is one of the truth
    allowed = max(place, abs(middle) / 2 ** (fmt.precision)) / 1024
    rounded = float(truth.rounded[row, 0])
    found = []
    if not (rounded == right.rounded or (math.isnan(rounded) and math.isnan(right.rounded))):
        found.append(f"rounds to {rounded!r}, should be {right.rounded!r}")
    if truth.side[row, 0] != right.side:
        found.append(f"lies on side {truth.side[row, 0]}, should be {right.side}")
    if truth.exponent[row, 0] != right.exponent:
        found.append(f"has exponent {truth.exponent[row, 0]}, should be {right.exponent}")
    if not middle - radius <= right.low <= right.high <= middle + radius:
        found.append("the enclosure misses the truth")
    if radius > allowed:
        found.append("radius over 2^-10 ulp")
    return found


class TestSecondOracle:
    """Another enclosure, another ln 2, another rounding."""

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("family", synthetic())
    def test_no_case_of_a_family_is_answered_otherwise_by_the_second_oracle(self, family, name):
        """Rounding, side, exponent and enclosure of a few rows of each width; special values stay as they are."""
        count, wrong = 0, []
        for batch in batches(family, LOGSUMEXP, FORMATS[name], "quick"):
            if batch.values.shape[1] > WIDEST:
                continue
            values = batch.values
            known = certify(LOGSUMEXP, values, FormatPair(FORMATS[name], FORMATS[name]))
            found = in_base_two(known, values)
            assert found.base == "2"
            assert np.array_equal(found.expected, known.expected)
            for row in np.flatnonzero(known.expected[:, 0] == Expected.NUMBER)[:ROWS]:
                entries = values[row].tolist()
                count += 1
                wrong += [(entries[:4], it) for it in differences(found, row, answered(entries, name))]
            special = known.expected != Expected.NUMBER
            assert np.array_equal(found.high[special], known.high[special], equal_nan=True)
            assert not found.radius[special].any()
        assert wrong == []
        assert count or family == "long"

    @pytest.mark.parametrize(("source", "target"), PAIRS, ids=lambda name: name)
    def test_no_adversarial_row_is_answered_otherwise_by_the_second_oracle(self, source, target):
        """The rows that the oracle in base e is tried on, two formats at once; e4m3fn overflows to nan."""
        wrong = []
        for case in adversarial("logsumexp", source, target, 33, 2):
            found = asked(np.array([case.row]), source, target)
            wrong += [(case.family, case.row[:3], it) for it in differences(found, 0, answered(case.row, target))]
        assert wrong == []

    def test_the_comparison_sees_what_it_should(self):
        """A comparison that cannot fail proves nothing: the truth in base e, and one spoilt in each way."""
        row = [0.5, -1.25, 3.0]
        values = held([row], "float32")
        found, right = asked(values, "float32"), answered(row, "float32")
        assert differences(found, 0, right) == []
        natural = certify(LOGSUMEXP, values, FormatPair(FORMATS["float32"], FORMATS["float32"]))
        assert len(differences(natural, 0, right)) >= 3

        def spoiled(**changes):
            fields = {name: getattr(found, name) for name in found.__dataclass_fields__}
            return differences(type(found)(**{**fields, **changes}), 0, right)

        assert "rounds to" in spoiled(places=found.places + 1)[0]
        assert "lies on side" in spoiled(side=-found.side)[0]
        assert "has exponent" in spoiled(exponent=found.exponent + 1)[0]
        assert spoiled(low=found.low + 4 * found.radius) == ["the enclosure misses the truth"]
        assert spoiled(radius=np.full((1, 1), 2.0**-31)) == ["radius over 2^-10 ulp"]
        assert spoiled(radius=found.radius * 0) == ["the enclosure misses the truth"]

    def test_pairs_are_as_exact_as_their_error_says(self):
        """What decides nothing is measured with nothing: the radius must still be small beside float64's own."""
        values = held(np.random.default_rng(3).standard_normal((200, 7)) * 9, "float64")
        found = asked(values, "float64")
        size = np.abs(found.high) * 2.0**found.scale
        assert (found.radius * 2.0**found.scale <= 2.0**-80 * size).all()
        wrong = [it for row in range(200) for it in differences(found, row, answered(values[row].tolist(), "float64"))]
        assert wrong == []


class TestConstants:
    """The digits that everything is multiplied by."""

    def test_the_pair_is_1_over_ln_2_to_2_to_the_minus_109(self):
        """Recomputed by mpmath: each part is the nearest float64 to what the parts before it leave."""
        with mpmath.workprec(400):
            exact = 1 / mpmath.log(2)
            assert float(exact) == base.LOG2E_HIGH
            assert float(exact - mpmath.mpf(base.LOG2E_HIGH)) == base.LOG2E_LOW
            left = abs(exact - mpmath.mpf(base.LOG2E_HIGH) - mpmath.mpf(base.LOG2E_LOW))
            assert 0 < left < mpmath.mpf(2) ** -109
            assert float(exact) == LOG2E

    @pytest.mark.parametrize("precision", [64, 96, 1000])
    def test_ln_2_lies_between_its_ends_at_every_precision(self, precision):
        """The ends that Ziv's loop divides by, against arb's own."""
        ends = interval.log_enclosure(base.Ratio(2), precision)
        low, high = (Fraction(end.numerator, end.denominator) * Fraction(2) ** end.exponent for end in ends[:2])
        least, most = log_two(2 * precision + 64)
        assert low < least < most < high
        assert high - low < Fraction(1, 1 << precision)


class TestExactAnswers:
    """2^k zeros: the only integers, and the only rationals (Lindemann-Weierstrass)."""

    @pytest.mark.parametrize("name", FORMATS)
    @pytest.mark.parametrize("power", [0, 1, 2, 3, 6, 10, 12])
    def test_a_power_of_two_of_zeros_is_exactly_its_exponent(self, name, power):
        """No enclosure of ln 2 could decide this: k itself, side 0, radius 0."""
        row = [0.0] * 2**power
        for values in ([row], [[-0.0, *row[1:]]]):
            found = asked(held(values, name), name)
            assert (float(found.rounded[0, 0]), found.side[0, 0], found.radius[0, 0], found.low[0, 0]) == (
                formats.cast(np.array([float(power)]), FORMATS[name]).astype(float)[0], 0, 0, 0,
            )  # fmt: skip
            assert found.high[0, 0] * 2.0 ** found.scale[0, 0] == power
            assert found.exponent[0, 0] == (max(math.frexp(power)[1] - 1, FORMATS[name].emin) if power else
                                            FORMATS[name].emin)  # fmt: skip

    @pytest.mark.parametrize("place", [0, 2, 4])
    def test_masked_entries_among_the_zeros_change_nothing(self, place):
        """exp(-inf) is exactly 0: four zeros are 2, wherever the masks lie, and nothing but masks is -inf."""
        row = [0.0] * 4
        row[place:place] = [-INF] * 3
        found = asked(np.array([row, [-INF] * 7]), "float32")
        assert found.rounded[:, 0].tolist() == [2.0, -INF]
        assert (found.side[0, 0], found.radius[0, 0], found.high[0, 0] * 2.0 ** found.scale[0, 0]) == (0, 0, 2)

    @pytest.mark.parametrize("n", [3, 5, 6, 7, 9, 12, 100])
    def test_other_numbers_of_zeros_are_irrational(self, n):
        """log2 3 has a side in every format; an exact answer here would be a claim that it has none."""
        for name in FORMATS:
            found = asked(np.zeros((1, n)), name)
            assert found.side[0, 0] != 0
            assert differences(found, 0, answered([0.0] * n, name)) == []

    @pytest.mark.parametrize("name", FORMATS)
    def test_powers_of_two_of_other_numbers_are_irrational(self, name):
        """x / ln 2 + k is no number of any format, for any x but 0: [1, 1] is not 2.44."""
        for row in ([1.0], [1.0, 1.0], [-2.0] * 4, [FORMATS[name].tiny] * 2):
            found = asked(held([row], name), name)
            assert found.side[0, 0] != 0
            assert differences(found, 0, answered(row, name)) == []


#: row (M is the largest number, t the smallest), answer, side of the truth, why
HAIRS = [
    ("[0, -M]", "0x0p0", 1, "positive, and smaller than any number"),
    ("[0, 0, -M]", "0x1p0", 1, "1 and a hair: more zeros would be needed to say more"),
    ("[0, 0, 0, 0, -M]", "0x1p1", 1, "2 and a hair"),
    ("[0, t]", "0x1p0", 1, "1 + t / (2 ln 2)"),
    ("[0, -t]", "0x1p0", -1, "1 - t / (2 ln 2): in the binade under 1"),
    ("[t, -t]", "0x1p0", 1, "the even terms alone: 1 + t^2 / (2 ln 2)"),
    ("[0, 0, 0, -t]", "0x1p1", -1, "a hair under 2"),
    ("[t]", "0x1p0 t", 1, "t / ln 2 = 1.44 t"),
    ("[-t]", "-0x1p0 t", -1, "-1.44 t: away from 0"),
    ("[-t, -inf]", "-0x1p0 t", -1, "the same beside a mask"),
]


def spelled(text, fmt):
    """The numbers of a row written with M, t and inf."""
    names = {"M": fmt.largest, "-M": -fmt.largest, "t": fmt.tiny, "-t": -fmt.tiny, "-inf": -INF}
    return [names[word] if word in names else float(word) for word in text.strip("[]").split(", ")]


class TestHairs:
    """Rows so near an exact answer that no precision tells them apart: the side must decide."""

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize(("text", "answer", "side", "why"), HAIRS, ids=lambda it: str(it)[:16])
    def test_a_row_beside_an_exact_one_falls_on_its_side(self, text, answer, side, why, name):
        """By hand, and by the second oracle, which must know it for another reason than luck."""
        fmt = FORMATS[name]
        row = spelled(text, fmt)
        found, right = asked(np.array([row]), name), answered(row, name)
        number, _, unit = answer.partition(" ")
        wanted = float.fromhex(number) * (fmt.tiny if unit else 1)
        assert (float(found.rounded[0, 0]), found.side[0, 0]) == (wanted, side), why
        assert (right.rounded, right.side) == (wanted, side), why
        assert differences(found, 0, right) == []

    @pytest.mark.parametrize("name", NAMES)
    def test_under_a_power_of_two_the_ulp_is_that_of_the_binade_below(self, name):
        """[0, -t] is a hair under 1, [0, t] a hair above: the same rounding, ulps that differ by 2."""
        tiny = FORMATS[name].tiny
        found = asked(np.array([[0.0, -tiny], [0.0, tiny], [0.0, 0.0]]), name)
        assert found.exponent[:, 0].tolist() == [-1, 0, 0]

    def test_a_row_far_below_float64_is_no_exact_0(self):
        """[0, -1e300] in base e has a scale of its own; losing it would claim that the answer is exactly 0."""
        found = asked(np.array([[0.0, -1e300], [0.0, -1e4], [0.0, -2000.0]]), "float64")
        assert found.side[:, 0].tolist() == [1, 1, 1]
        assert (found.radius > 0).all()


class TestRange:
    """Negative, subnormal and overflowing answers, and everything that is no number."""

    @pytest.mark.parametrize("name", NAMES)
    def test_subnormal_and_negative_answers_round_once(self, name):
        """log2(1 + 2^-g) is about 1.44 2^-g: as far down as the format goes, and half a place under it."""
        fmt = FORMATS[name]
        least = (fmt.emin - fmt.precision) * math.log(2)
        rows = [[0.0, least + step * 0.37] for step in range(-6, 3 * fmt.precision, 2)]
        rows += [[-3.5, -4.25], [-1.0, -1.0, -9.0], [-math.log(2), -math.log(2) * 1.01]]
        wrong, sizes = [], []
        for row in rows:
            values = held([row], name)
            right = answered(values[0].tolist(), name)
            wrong += [(row, it) for it in differences(asked(values, name), 0, right)]
            sizes.append(right.rounded)
        assert wrong == []
        assert 0.0 in sizes
        assert fmt.tiny in sizes
        assert any(fmt.tiny < size < 2.0**fmt.emin for size in sizes)
        assert min(sizes) < 0

    @pytest.mark.parametrize("name", NAMES)
    def test_answers_beyond_the_largest_number_overflow(self, name):
        """M / ln 2 = 1.44 M: in base 2 a single entry can overflow, in float64 past every float64."""
        top = FORMATS[name].largest
        for row in ([top], [-top], [top, top], [-top, -INF], [0.7 * top], [-0.7 * top]):
            values = held([row], name)
            found, right = asked(values, name), answered(values[0].tolist(), name)
            assert differences(found, 0, right) == []
            assert math.isinf(float(found.rounded[0, 0]))
            assert math.copysign(1, float(found.rounded[0, 0])) == math.copysign(1, row[0])
        values = held([[0.69 * top], [-0.69 * top]], name)
        assert np.isfinite(asked(values, name).rounded.astype(float)).all()

    def test_a_format_without_infinity_answers_nan_past_its_largest(self):
        """448 / ln 2 = 646 is no number of e4m3fn, and there is nothing to overflow to but nan."""
        assert math.isnan(asked(np.array([[448.0]]), "float8_e4m3fn").rounded[0, 0])

    def test_special_values_are_kept_and_the_rows_beside_them_are_not(self):
        """log2 of nan, inf and 0 are what log of them is; a row among them is divided by ln 2 all the same."""
        values = np.array([[NAN, 0.0], [INF, 0.0], [-INF, -INF], [1.0, 2.0], [NAN, INF], [INF, -INF]])
        found = asked(values, "float32")
        assert found.expected[:, 0].tolist() == [
            Expected.NAN, Expected.PLUS_INFINITY, Expected.MINUS_INFINITY, Expected.NUMBER, Expected.NAN,
            Expected.PLUS_INFINITY,
        ]  # fmt: skip
        assert str(found.rounded[:, 0].tolist()[:3]) == "[nan, inf, -inf]"
        assert differences(found, 3, answered([1.0, 2.0], "float32")) == []

    def test_rows_without_entries_and_batches_without_rows(self):
        """The empty sum is 0, whatever the base; slices end in empty batches."""
        assert asked(np.empty((2, 0)), "float32").rounded.tolist() == [[-INF]] * 2
        assert asked(np.empty((0, 3)), "float32").rounded.shape == (0, 1)

    def test_rows_of_a_batch_do_not_touch_each_other(self):
        """Hard rows are solved one by one: their answers must come back to their own places."""
        values = np.array([[0.3, 0.1], [0.0, -1e300], [0.0, 0.0], [NAN, 1.0], [5e-324, 0.0], [-INF, 0.0], [1.7e308, 0]])
        together = asked(values, "float64")
        for row in range(len(values)):
            alone = asked(values[row : row + 1], "float64")
            for field in ("places", "side", "exponent", "high", "low", "radius", "scale", "expected"):
                one, other = getattr(together, field)[row], getattr(alone, field)[0]
                assert np.array_equal(one, other, equal_nan=True), (row, field)

    def test_the_truth_in_base_e_is_left_as_it_was(self):
        """Both are asked of one batch: subjects in either base share it."""
        values = np.array([[0.3, 0.1], [0.0, 0.0], [0.0, -1e300]])
        known = certify(LOGSUMEXP, values, FormatPair(FORMATS["float64"], FORMATS["float64"]))
        before = {field: np.copy(getattr(known, field)) for field in ("places", "high", "low", "radius", "scale")}
        in_base_two(known, values)
        assert known.base == "e"
        for field, kept in before.items():
            assert np.array_equal(getattr(known, field), kept)

    def test_pairs_of_logaddexp_are_answered_alike(self):
        """Two entries are two entries."""
        values = np.array([[1.0, 2.0], [0.0, -40.0]])
        pair = FormatPair(FORMATS["float32"], FORMATS["float32"])
        found = in_base_two(certify(functions.named("logaddexp"), values, pair), values)
        assert np.array_equal(found.places, asked(values, "float32").places)


class TestLoop:
    """Ziv's loop alone: pairs decide nearly everything, so that nearly nothing would ever try it."""

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("family", ["ordinary", "offset", "near-zero", "equal", "gap", "tiny", "subnormal", "huge"])
    def test_rows_that_pairs_decide_are_decided_alike_by_the_loop(self, family, name, monkeypatch):
        """Every row sent there, negative ones too: its answers are those of the second oracle as well."""

        def undecided(*given):
            places, side, exponent, decided = settled(*given)
            return places, side, exponent, decided & given[5]  # what is exact has no loop

        settled = base.settled
        monkeypatch.setattr(base, "settled", undecided)
        wrong, signs = [], set()
        for batch in batches(family, LOGSUMEXP, FORMATS[name], "quick"):
            if batch.values.shape[1] > WIDEST:
                continue
            values = batch.values[: 2 * ROWS]
            found = asked(values, name)
            for row, entries in enumerate(values.tolist()):
                right = answered(entries, name)
                signs.add(math.copysign(1, right.rounded))
                wrong += [(entries[:4], it) for it in differences(found, row, right)]
        assert wrong == []
        assert -1.0 in signs or family in ("ordinary", "gap", "tiny")

    @pytest.mark.parametrize("number", [Fraction(3, 7), Fraction(-3, 7), Fraction(-5, 2**80), Fraction(2**70), 0])
    def test_ends_are_divided_outward(self, number):
        """By a wide ln 2, since a narrow one forgives: a negative end is divided by the other end."""
        wide = interval.log_enclosure(base.Ratio(2), 4)
        given = base.Ratio(*Fraction(number).as_integer_ratio())
        ends = [
            Fraction(end.numerator, end.denominator) * Fraction(2) ** end.exponent
            for end in (base._over(given, wide, down=True), base._over(given, wide, down=False))
        ]
        least, most = log_two(200)
        quotients = sorted((number / least, number / most))
        assert ends[0] <= quotients[0] <= quotients[1] <= ends[1]
        assert number == 0 or ends[0] < ends[1]


class TestUndecided:
    """It answers or raises; it never falls back on what is likely."""

    def test_past_the_cap_a_rounding_is_refused_and_not_guessed(self, monkeypatch):
        """[0, -5e-324] is 2^-1076 under 1: 1,076 bits and more, so a cap of 512 must stop it."""
        values = np.array([[0.0, -5e-324]])
        known = certify(LOGSUMEXP, values, FormatPair(FORMATS["float64"], FORMATS["float64"]))
        assert in_base_two(known, values).side[0, 0] == -1
        monkeypatch.setattr(interval, "PRECISION_CAP", 512)
        with pytest.raises(Undecided) as caught:
            in_base_two(known, values)
        assert str(caught.value) == ("a rounding in base 2 is not decided at the precision cap: report this input")
        monkeypatch.setattr(interval, "PRECISION_CAP", 2048)
        assert in_base_two(known, values).side[0, 0] == -1

    def test_special_and_easy_rows_need_no_loop_at_all(self, monkeypatch):
        """Under a cap of nothing only what pairs and exact answers decide is left: that is nearly everything."""
        monkeypatch.setattr(interval, "PRECISION_CAP", 0)
        values = np.array([[0.0, 0.0], [NAN, 0.0], [1.0, 2.0], [-INF, 0.0]])
        assert asked(values, "float32").rounded[[0, 3], 0].tolist() == [1.0, 0.0]


def test_every_format_is_known_to_the_second_oracle():
    """A format missing there would go untested."""
    assert set(SHAPES) == set(FORMATS)
