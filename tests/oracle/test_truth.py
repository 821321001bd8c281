"""truth: correctly rounded answers, held against a second oracle, literal tables and theorems."""

import importlib.util
import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from independent import FUNCTIONS, PAIRS, SHAPES, cases, correctly_rounded

import lsecheck
from lsecheck import formats, truth
from lsecheck.errors import InputError
from lsecheck.formats import FORMATS
from lsecheck.functions import FUNCTIONS as DEFINITIONS
from lsecheck.functions.definition import Expected

NAN, INF = math.nan, math.inf
UNSETTLED = "unsettled"
SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "check_oracle.py"


def load_check_oracle():
    """The script that compares the oracles at full size: its comparison serves here as well."""
    spec = importlib.util.spec_from_file_location("check_oracle", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


check_oracle = load_check_oracle()


def stored(rows: list, name: str) -> np.ndarray:
    """Rows as an array of that format, exactly."""
    return formats.cast(np.array(rows, np.float64), FORMATS[name])


class TestSecondOracle:
    """Two oracles that share no code, on random and adversarial rows."""

    @pytest.mark.parametrize(("source", "target"), PAIRS, ids=lambda name: name)
    @pytest.mark.parametrize("function", FUNCTIONS)
    def test_no_case_is_answered_otherwise_by_the_second_oracle(self, function, source, target):
        """Rounding, side, ulp and enclosure: 33 rows here, 60 times that; scripts/check_oracle.py runs more."""
        disagreements = [check_oracle.compare(case) for case in cases(function, source, target, 33, 1)]
        assert [reason for reason in disagreements if reason] == []

    def test_the_comparison_sees_a_truth_that_is_off_by_one_place(self, monkeypatch):
        """A comparison that cannot fail proves nothing: spoil each thing it should see."""
        case = next(case for case in cases("logsumexp", "float32", "float32", 11, 1) if len(case.row) > 2)
        right = check_oracle.ask(case)
        assert check_oracle.compare(case) is None

        def spoiled(**changes):
            fields = {name: getattr(right, name) for name in right.__dataclass_fields__}
            monkeypatch.setattr(check_oracle, "ask", lambda _: type(right)(**{**fields, **changes}))
            return check_oracle.compare(case)

        assert "should be" in spoiled(places=right.places + 1)
        assert "lies on side" in spoiled(side=-right.side)
        assert "has exponent" in spoiled(exponent=right.exponent + 1)
        assert "misses the truth" in spoiled(low=right.low + 4 * right.radius)
        assert "radius over 2^-10 ulp" in spoiled(radius=right.radius + np.ldexp(1.0, right.exponent - 32))
        assert "misses the truth" in spoiled(radius=right.radius * 0)

    def test_every_format_is_described_alike_by_both(self):
        """The second oracle's table was typed apart; a format missing there would go untested."""
        assert set(SHAPES) == set(FORMATS)
        for name, shape in SHAPES.items():
            fmt = FORMATS[name]
            assert (shape.fraction_bits + 1, shape.least, shape.last) == (
                fmt.precision, fmt.tiny_exponent, fmt.largest_ordinal,
            )  # fmt: skip
        assert set(FUNCTIONS) == set(DEFINITIONS)


#: function, row, input, output, label, answers in hex, side of the truth, why
ANCHORS = [
    ("log_softmax", [32.0, -1e9], "float32", "float32", None, ["-0x0p0", "-0x1.dcd652p29"], [-1, 1],
     "-1000000032 is a midpoint of float32, and the truth a hair below it"),
    ("logsumexp", [1 + 2.0**-11, -1e5], "float64", "float16", None, ["0x1.004p0"], [-1],
     "1 + 2^-11 is a midpoint of float16, and the truth a hair above it"),
    ("logsumexp", [-1.0, -1e300], "float64", "float64", None, ["-0x1p0"], [1],
     "|y| is a hair under 1: in the binade of 0.5"),
    ("logsumexp", [0.0, -1e300], "float64", "float64", None, ["0x0p0"], [1], "positive, and smaller than any number"),
    ("logsumexp", [0.0, -740.0], "float64", "float64", None, ["0x0.0000000000055p-1022"], [-1], "e^-740, subnormal"),
    ("logsumexp", [7.0], "float64", "float64", None, ["0x1.cp2"], [0], "n = 1 needs no arithmetic"),
    ("logsumexp", [1 + 2.0**-11], "float64", "float16", None, ["0x1p0"], [1], "n = 1, rounded as a tie to even"),
    ("logsumexp", [2.0**-11 * 3 + 1], "float64", "float16", None, ["0x1.008p0"], [-1], "n = 1, the other tie"),
    ("logsumexp", [2.5, 2.5, -1e308], "float64", "float64", None, ["0x1.98b90bfbe8e7cp1"], [-1],
     "log 2 and nothing more"),
    ("logsumexp", [FORMATS["float16"].largest] * 2, "float16", "float16", None, ["0x1.ffcp15"], [1],
     "65504 + log 2 stays in the format"),
    ("logsumexp", [FORMATS["float64"].largest] * 2, "float64", "float64", None, ["0x1.fffffffffffffp1023"], [1],
     "M + log 2 rounds to M"),
    ("logsumexp", [448.0] * 64, "float8_e4m3fn", "float8_e4m3fn", None, ["0x1.cp8"], [1],
     "448 + log 64 is below the tie"),
    ("logsumexp", [57344.0] * 2, "float8_e5m2", "float8_e5m2", None, ["0x1.cp15"], [1], "likewise"),
    ("softmax", [3.0] * 3, "float64", "float64", None, ["0x1.5555555555555p-2"] * 3, [1] * 3, "1/3, a rational"),
    ("softmax", [3.0] * 4, "float16", "float16", None, ["0x1p-2"] * 4, [0] * 4, "1/4 exactly"),
    ("softmax", [0.0, -1e300], "float64", "float64", None, ["0x1p0", "0x0p0"], [-1, 1], "0 < p < 1, always"),
    ("softmax", [0.0, 0.0, -1e300], "float64", "float64", None, ["0x1p-1", "0x1p-1", "0x0p0"], [-1, -1, 1],
     "1/2 less a hair: its ulp is that of 1/4"),
    ("cross_entropy", [32.0, -1e9], "float32", "float32", 1, ["0x1.dcd652p29"], [-1], "minus log_softmax"),
    ("cross_entropy", [32.0, -1e9], "float32", "float32", 0, ["0x0p0"], [1], "positive, and smaller than any number"),
    ("logaddexp", [FORMATS["float64"].largest, -FORMATS["float64"].largest], "float64", "float64", None,
     ["0x1.fffffffffffffp1023"], [1], "a gap of 2 M"),
    ("log_softmax", [FORMATS["float64"].largest, -FORMATS["float64"].largest], "float64", "float64", None,
     ["-0x0p0", "-inf"], [-1, 1], "-3.6e308 leaves the format"),
]  # fmt: skip


class TestConsequences:
    """What must follow from the definition, written down by hand."""

    @pytest.mark.parametrize(
        ("function", "row", "source", "target", "label", "answers", "sides", "why"), ANCHORS, ids=lambda x: str(x)[:24]
    )
    def test_a_truth_beside_an_anchor_falls_on_its_side(
        self, function, row, source, target, label, answers, sides, why
    ):
        """No precision resolves these: only exact anchors with a side do."""
        found = truth(function, stored([row], source), target, labels=None if label is None else np.array([label]))
        rounded = found.rounded[0].astype(np.float64).tolist()
        assert [formats.hex_text(x) for x in rounded] == answers, why
        assert found.side[0].tolist() == sides, why

    @pytest.mark.parametrize(
        ("function", "row", "source", "target", "label", "answers", "sides", "why"), ANCHORS, ids=lambda x: str(x)[:24]
    )
    def test_the_second_oracle_knows_the_anchors_too(self, function, row, source, target, label, answers, sides, why):
        """It must itself be right where bits do not help, or its agreement there is luck."""
        found = correctly_rounded(function, stored([row], source).astype(float).tolist()[0], target, label)
        wanted = [float.fromhex(text) for text in answers]
        assert [answer.rounded for answer in found] == wanted, why
        assert [answer.side for answer in found] == sides, why

    @pytest.mark.parametrize("power", [(-1.0, -1), (1.0, 0)])
    def test_the_side_of_an_anchor_sets_the_ulp(self, power):
        """[-1, -1e300] lies under 1 in magnitude, [1, -1e300] above."""
        anchor, exponent = power
        for name in FORMATS:
            found = truth("logsumexp", [[anchor, -1e300]], name)
            assert found.exponent[0, 0] == exponent

    @pytest.mark.parametrize("name", FORMATS)
    def test_minus_log_2_twice_is_all_cancellation(self, name):
        """y = log 2 - fl(log 2) is the rounding error of log 2: every bit of it must be right."""
        stored_log = formats.cast(np.array([-math.log(2)]), FORMATS[name]).astype(float)[0]
        found = truth("logsumexp", stored([[stored_log] * 2], name), "float64")
        # log 2 to 2^-120, from its hex digits
        log2 = Fraction(0xB17217F7D1CF79ABC9E3B39803F2F6AF, 2**128)
        wanted = Fraction(stored_log) + log2
        assert abs(Fraction(float(found.rounded[0, 0])) - wanted) <= abs(wanted) / 2**53
        same = truth("logsumexp", stored([[stored_log] * 2], name))
        assert same.places[0, 0] == formats.locate(FORMATS[name], *wanted.as_integer_ratio()).nearest * (
            1 if wanted > 0 else -1
        )

    @pytest.mark.parametrize("name", FORMATS)
    @pytest.mark.parametrize("n", [1, 2, 3, 7, 64, 1000, 1024])
    def test_n_equal_entries_share_exactly(self, name, n):
        """p = 1/n is rational: rounded as it is, a tie at the bottom of a format included (e4m3fn, 1/1024)."""
        found = truth("softmax", stored([[1.0] * n], name))
        wanted = formats.locate(FORMATS[name], 1, n)
        assert set(found.places[0].tolist()) == {wanted.nearest}
        exact = wanted.exact or (wanted.nearest, wanted.below)
        side = 0 if exact is True else (1 if wanted.nearest == wanted.below else -1)
        assert set(found.side[0].tolist()) == {side}
        assert set(found.exponent[0].tolist()) == {wanted.exponent}

    def test_every_float16_number_and_midpoint_alone_goes_into_bfloat16_correctly(self):
        """n = 1 is the rounding itself: bfloat16 ties of every float16 number, and of float16's own midpoints."""
        numbers = np.array(list(formats.finite_numbers(FORMATS["float16"])))
        some = np.unique(np.concatenate([numbers[::29], numbers[np.abs(numbers) * 2.0**24 % 16 == 8][::29]]))
        middles = (some[1:] + some[:-1]) / 2
        for row in (some, middles):
            found = truth("logsumexp", row[:, None], "bfloat16")
            assert np.array_equal(
                found.rounded[:, 0].astype(float), formats.cast(row, FORMATS["bfloat16"]).astype(float)
            )
            exact = found.rounded[:, 0].astype(float)
            assert np.array_equal(found.side[:, 0], np.sign(row - exact))

    def test_every_float16_midpoint_alone_rounds_to_even(self):
        """n = 1 from float64 to float16, all 31,743 of them: the whole oracle, not its rounding alone."""
        places = np.arange(FORMATS["float16"].largest_ordinal)
        numbers = formats.from_ordinals(np.append(places, places[-1] + 1), FORMATS["float16"]).astype(float)
        middles = (numbers[1:] + numbers[:-1]) / 2
        found = truth("logsumexp", middles[::7, None], "float16")
        assert np.array_equal(found.places[:, 0], (places + places % 2)[::7])
        assert np.array_equal(found.side[:, 0], np.where(places % 2, -1, 1)[::7])

    def test_a_common_shift_moves_only_logsumexp(self):
        """Exactly representable shifts: softmax and log_softmax must not see them."""
        row = np.array([[0.5, -1.25, 3.0, 0.0]])
        for function in ("softmax", "log_softmax"):
            assert np.array_equal(truth(function, row).places, truth(function, row + 1024).places)

    def test_the_order_of_the_entries_does_not_matter(self):
        """The truth is a function of the multiset; only subjects have an order."""
        row = np.random.default_rng(5).standard_normal((1, 20)) * 30
        assert truth("logsumexp", row).places == truth("logsumexp", row[:, ::-1]).places
        assert np.array_equal(truth("softmax", row).places, truth("softmax", row[:, ::-1]).places[:, ::-1])

    def test_entries_of_minus_infinity_add_exactly_nothing(self):
        """[x, -inf] is [x]: the same place, side and figures."""
        alone, beside = truth("logsumexp", [[0.3, 0.1]]), truth("logsumexp", [[0.3, -INF, 0.1]])
        for field in ("places", "side", "exponent", "high", "low", "radius", "scale"):
            assert np.array_equal(getattr(alone, field), getattr(beside, field))
        assert beside.sums.n == 2

    def test_cross_entropy_is_minus_log_softmax_at_the_label(self):
        """The loss, not the log-likelihood: the sign is the convention most often confused."""
        batch = np.random.default_rng(9).standard_normal((6, 5)) * 10
        labels = np.array([0, 1, 2, 3, 4, 0])
        likelihood = truth("log_softmax", batch)
        loss = truth("cross_entropy", batch, labels=labels)
        at = np.arange(6), labels
        assert np.array_equal(loss.places[:, 0], -likelihood.places[at])
        assert np.array_equal(loss.side[:, 0], -likelihood.side[at])

    def test_a_share_of_exactly_0_has_the_ulp_of_0(self):
        """softmax at a -inf entry is 0, whose ulp is the smallest subnormal: 1e-10 there is no rounding error."""
        for name, fmt in FORMATS.items():
            found = truth("softmax", np.array([[0.0, -INF]]), name)
            assert (found.exponent[0, 1], found.side[0, 1], found.radius[0, 1], found.places[0, 1]) == (
                fmt.emin,
                0,
                0,
                0,
            )

    def test_the_tier_says_whether_arithmetic_was_needed(self):
        """Special values and single entries are exact; the rest was enclosed."""
        found = truth("logsumexp", [[NAN, 1.0], [INF, 1.0], [1.0, -INF], [1.0, 2.0], [-1e308, -1e308]])
        assert found.tier == ("exact", "exact", "exact", "doubledouble", "interval")
        assert len(found) == 5

    @pytest.mark.parametrize("function", ["logsumexp", "log_softmax", "cross_entropy"])
    def test_a_truth_far_beyond_the_output_format_overflows(self, function):
        """1e300 in float16 is infinity: that needs no bits, and must not be Undecided."""
        labels = [1] if function == "cross_entropy" else None
        row = [[1e300, 1e300, -1e300]]
        for name, beyond in (("float16", INF), ("float32", INF), ("float8_e4m3fn", NAN)):
            found = truth(function, row, name, labels=[2] if labels else None).rounded.astype(float)[0, -1]
            wanted = -beyond if function == "log_softmax" else beyond
            assert found == wanted or (math.isnan(found) and math.isnan(wanted))


#: rows, label -> (logsumexp, softmax, log_softmax, cross_entropy), why
SPECIAL_ROWS = [
    ([NAN, 0.0], 1, NAN, [NAN, NAN], [NAN, NAN], NAN, "an unknown term makes everything unknown"),
    ([NAN, INF], 1, NAN, [NAN, NAN], [NAN, NAN], NAN, "nan before +inf"),
    ([NAN, -INF], 1, NAN, [NAN, NAN], [NAN, NAN], NAN, "nan before -inf, at the label too"),
    ([NAN, NAN], 0, NAN, [NAN, NAN], [NAN, NAN], NAN, "nothing but nan"),
    ([INF, 0.0], 0, INF, [UNSETTLED] * 2, [UNSETTLED] * 2, UNSETTLED, "inf / inf and inf - inf have no single answer"),
    ([INF, 0.0], 1, INF, [UNSETTLED] * 2, [UNSETTLED] * 2, UNSETTLED, "nor has the label elsewhere"),
    ([INF, INF], 0, INF, [UNSETTLED] * 2, [UNSETTLED] * 2, UNSETTLED, "two infinities add up to one"),
    ([INF, -INF], 1, INF, [UNSETTLED] * 2, [UNSETTLED] * 2, UNSETTLED, "+inf dominates -inf: the sum is inf + 0"),
    ([-INF, -INF], 0, -INF, [UNSETTLED] * 2, [UNSETTLED] * 2, UNSETTLED, "log 0 for the sum; 0 / 0 for the shares"),
    ([-INF, 2.0], 1, 2.0, [0.0, 1.0], [-INF, 0.0], 0.0, "as without the -inf entry, exactly"),
    ([-INF, 2.0], 0, 2.0, [0.0, 1.0], [-INF, 0.0], INF, "an impossible outcome was observed: -log 0"),
]


def is_said(code: int, rounded: float, wanted: object) -> bool:
    """The code and the rounded answer both say `wanted`."""
    if wanted == UNSETTLED:
        return code == Expected.UNSETTLED and math.isnan(rounded)
    codes = {"nan": Expected.NAN, "inf": Expected.PLUS_INFINITY, "-inf": Expected.MINUS_INFINITY}
    equal = rounded == wanted or (math.isnan(rounded) and math.isnan(wanted))
    return equal and code == codes.get(str(wanted), Expected.NUMBER)


class TestSpecials:
    """Special values as a literal table: nothing computed, one reason a line."""

    @pytest.mark.parametrize("line", SPECIAL_ROWS, ids=lambda line: f"{line[0]} at {line[1]}")
    @pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64", "float8_e5m2"])
    def test_special_values_have_the_answers_of_the_table(self, line, name):
        """Conventions differ between libraries; what mathematics settles is settled here once."""
        row, label, whole, shares, logs, loss, why = line
        batch = stored([row], name)
        for function, wanted in (
            ("logsumexp", [whole]),
            ("logaddexp", [whole]),
            ("softmax", shares),
            ("log_softmax", logs),
        ):
            found = truth(function, batch)
            answers = found.rounded[0].astype(float).tolist()
            assert all(map(is_said, found.expected[0], answers, wanted)), (function, why)
            assert not found.radius.any()
        found = truth("cross_entropy", batch, labels=np.array([label]))
        assert is_said(found.expected[0, 0], float(found.rounded[0, 0]), loss), why

    def test_a_format_without_infinity_answers_nan_where_the_truth_is_infinite(self):
        """float8_e4m3fn cannot say inf; the code still does."""
        found = truth("logsumexp", np.array([[-INF, -INF]]), "float8_e4m3fn")
        assert found.expected[0, 0] == Expected.MINUS_INFINITY
        assert math.isnan(found.rounded[0, 0])

    @pytest.mark.parametrize(
        ("function", "shape", "answers"),
        [
            ("logsumexp", (2, 1), [-INF, -INF]),  # the empty sum is 0
            ("softmax", (2, 0), []),  # there is nothing to share
            ("log_softmax", (2, 0), []),
        ],
    )
    def test_rows_without_entries(self, function, shape, answers):
        """n = 0 is the end of every recursion on n."""
        found = truth(function, np.empty((2, 0)))
        assert found.rounded.shape == shape
        assert found.rounded.ravel().tolist() == answers

    @pytest.mark.parametrize("function", FUNCTIONS)
    def test_a_batch_without_rows(self, function):
        """An empty batch is no error: slices end that way."""
        labels = np.empty(0, np.int64) if function == "cross_entropy" else None
        found = truth(function, np.empty((0, 2)), labels=labels)
        assert found.rounded.shape == (0, DEFINITIONS[function].outputs(2))
        assert len(found) == 0
        assert found.tier == ()

    @pytest.mark.parametrize("function", FUNCTIONS)
    def test_rows_of_a_batch_do_not_touch_each_other(self, function):
        """One row's nan must not spoil the next, nor its figures."""
        labels = np.array([0, 1, 1]) if function == "cross_entropy" else None
        batch = np.array([[NAN, 1.0], [0.5, 1.5], [-INF, 3.0]])
        together = truth(function, batch, labels=labels)
        for index in range(3):
            alone = truth(
                function, batch[index : index + 1], labels=None if labels is None else labels[index : index + 1]
            )
            for field in ("places", "side", "exponent", "high", "low", "radius", "scale", "expected"):
                assert np.array_equal(getattr(together, field)[index], getattr(alone, field)[0], equal_nan=True), field
            for field in alone.sums._fields:
                assert np.array_equal(getattr(together.sums, field)[index], getattr(alone.sums, field)[0])

    @pytest.mark.parametrize("function", FUNCTIONS)
    def test_every_line_of_the_specials_table_has_a_reason(self, function):
        """The tables are printed in the documentation."""
        for line in DEFINITIONS[function].specials:
            assert line.where
            assert line.answer
            assert len(line.reason) > 10


class TestBatches:
    """What is no batch is refused in a whole sentence."""

    @pytest.mark.parametrize(
        ("given", "sentence"),
        [
            ([[1.0], [1.0, 2.0]], "the rows differ in length: give a rectangular array, one row per case"),
            (np.array([[1.0, None]], object),
             "the array holds Python objects, not numbers of one dtype: give a rectangular array of floats"),
            ([1.0, 2.0], "a batch has shape (rows, n), got (2,): one row is x[None, :]"),
            (3.0, "a batch has shape (rows, n), got (): one row is x[None, :]"),
            (np.zeros((1, 2, 3)), "a batch has shape (rows, n), got (1, 2, 3): one row is x[None, :]"),
            ([[2**60 + 1, 0]], "some integers are not exact in float64: give floats, rounded as you want them"),
            ([[True, False]], "dtype bool is not a format lsecheck knows: convert it to one of float16, bfloat16,"
             " float32, float64, float8_e4m3fn, float8_e5m2"),
            ([[1j, 0]], "dtype complex128 is not a format lsecheck knows: convert it to one of float16, bfloat16,"
             " float32, float64, float8_e4m3fn, float8_e5m2"),
        ],
        ids=["ragged", "object", "1-D", "0-D", "3-D", "integers", "bool", "complex"],
    )  # fmt: skip
    def test_what_is_no_batch_is_refused_in_a_sentence(self, given, sentence):
        """Each of these would otherwise be measured as something it is not."""
        with pytest.raises(InputError) as caught:
            truth("logsumexp", given)
        assert str(caught.value) == sentence

    @pytest.mark.parametrize(
        ("labels", "sentence"),
        [
            ([0, 2], "labels must lie from 0 to 1, got 0 to 2"),
            ([-1, 1], "labels must lie from 0 to 1, got -1 to 1"),
            ([0], "labels must be integers of shape (2,), got int64 of shape (1,)"),
            ([0.0, 1.0], "labels must be integers of shape (2,), got float64 of shape (2,)"),
            ([True, False], "labels must be integers of shape (2,), got bool of shape (2,)"),
            ([[0, 1]], "labels must be integers of shape (2,), got int64 of shape (1, 2)"),
            (None, "cross_entropy needs labels: one integer per row, from 0 to n - 1"),
        ],
        ids=str,
    )
    def test_labels_that_do_not_fit_are_refused_in_a_sentence(self, labels, sentence):
        """Python's -1 would be the last entry: a loss, but not the one asked for."""
        with pytest.raises(InputError) as caught:
            truth("cross_entropy", np.zeros((2, 2)), labels=labels)
        assert str(caught.value) == sentence

    @pytest.mark.parametrize("function", ["logsumexp", "logaddexp", "softmax", "log_softmax"])
    def test_labels_where_none_are_taken_are_refused(self, function):
        """Ignored labels hide a call of the wrong function."""
        with pytest.raises(InputError) as caught:
            truth(function, np.zeros((2, 2)), labels=[0, 1])
        assert str(caught.value) == f"{function} takes no labels; only cross_entropy does"

    def test_logaddexp_takes_two_entries(self):
        """Three entries are a logsumexp."""
        with pytest.raises(InputError) as caught:
            truth("logaddexp", np.zeros((2, 3)))
        assert str(caught.value) == "logaddexp takes rows of 2 entries, got rows of 3"

    def test_an_unknown_function_is_answered_with_the_nearest_name(self):
        """Hyphens are taken for underscores; other slips are not guessed at."""
        assert truth("log-softmax", [[0.0]]).function.name == "log_softmax"
        with pytest.raises(InputError) as caught:
            truth("logsumexpp", [[0.0]])
        assert str(caught.value) == (
            "unknown function 'logsumexpp': did you mean 'logsumexp'? choose from logsumexp, logaddexp, softmax,"
            " log_softmax, cross_entropy"
        )

    def test_integers_that_are_exact_are_taken_as_float64(self):
        """[[0, 0]] is what people type first."""
        found = truth("logsumexp", [[0, 0]])
        assert str(found.formats) == "float64"
        assert found.rounded[0, 0] == math.log(2)

    @pytest.mark.parametrize("name", FORMATS)
    def test_the_format_of_the_batch_is_the_format_of_the_answer(self, name):
        """A bfloat16 question has a bfloat16 answer unless another is asked for."""
        found = truth("softmax", stored([[0.0, 1.0]], name))
        assert found.rounded.dtype == FORMATS[name].dtype
        assert str(found.formats) == name

    def test_the_byte_order_of_a_batch_does_not_matter(self):
        """Files are often big-endian."""
        batch = np.array([[0.1, 0.7]], np.float32)
        assert truth("logsumexp", batch.astype(">f4")).places == truth("logsumexp", batch).places


class TestReference:
    """The family as NumPy users call it."""

    def test_the_answers_run_along_the_axis_asked_for(self):
        """An axis mixed up gives plausible numbers of the wrong shape."""
        x = np.random.default_rng(1).standard_normal((2, 3, 4))
        assert lsecheck.logsumexp(x, axis=1).shape == (2, 4)
        assert lsecheck.softmax(x, axis=0).shape == (2, 3, 4)
        assert np.array_equal(lsecheck.logsumexp(x, axis=1)[1, 2], lsecheck.logsumexp(x[1, :, 2]))
        assert np.array_equal(lsecheck.log_softmax(x, axis=0)[:, 1, 3], lsecheck.log_softmax(x[:, 1, 3]))

    def test_logaddexp_broadcasts(self):
        """As np.logaddexp does."""
        found = lsecheck.logaddexp(np.zeros((2, 1)), np.array([0.0, 1.0, -INF]))
        assert found.shape == (2, 3)
        assert found[0, 2] == 0
        assert found[1, 0] == math.log(2)

    def test_cross_entropy_gives_one_loss_a_row(self):
        """Not reduced: a mean would hide the rows."""
        assert lsecheck.cross_entropy([[0.0, 0.0], [1000.0, 0.0]], [1, 1]).tolist() == [math.log(2), 1000.0]

    @pytest.mark.parametrize("axis", [2, -3])
    def test_an_axis_that_is_none_is_refused_in_a_sentence(self, axis):
        """numpy's own message names neither the argument nor the shape."""
        with pytest.raises(InputError) as caught:
            lsecheck.logsumexp(np.zeros((2, 3)), axis=axis)
        assert str(caught.value) == f"axis {axis} is not an axis of an array of shape (2, 3)"

    def test_an_empty_axis_gives_the_empty_sum(self):
        """log 0 for each of the others."""
        assert lsecheck.logsumexp(np.zeros((3, 0))).tolist() == [-INF] * 3
        assert lsecheck.softmax(np.zeros((0, 3))).shape == (0, 3)
