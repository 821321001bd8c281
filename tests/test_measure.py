"""measure: ulp and E by their definitions, wrong kinds of answer, and faults in the comparison itself."""

import ast
import math
import random
import sys
from fractions import Fraction
from pathlib import Path

import independent
import numpy as np
import pytest

from lsecheck import errors as mistakes
from lsecheck import formats, measure
from lsecheck import measure as measured
from lsecheck.contracts import Contract
from lsecheck.formats import FORMATS, FormatPair
from lsecheck.functions import FUNCTIONS
from lsecheck.measure import LARGEST_ERROR, ClassError, errors, vectorised
from lsecheck.measure.definition import FIELDS
from lsecheck.oracle import engines
from lsecheck.oracle.truth import Truth, certify, truth

LN2 = Fraction(0.693147180559945309417232121458)  #: good to 2^-53, which is 2^-29 ulp of float32
INF, NAN = math.inf, math.nan
F16, F32, F64, E4M3 = (FORMATS[name] for name in ("float16", "float32", "float64", "float8_e4m3fn"))
EVERY = pytest.mark.parametrize("function", FUNCTIONS)
PAIRS = (*((name, name) for name in FORMATS), ("bfloat16", "float32"), ("float32", "float16"), ("float64", "float32"))
IN_PAIRS = pytest.mark.parametrize(("source", "target"), PAIRS, ids=lambda name: name)


@pytest.fixture(autouse=True)
def _restored():
    """The choice of engine is one of the process: what a test changes it puts back."""
    before = engines._seen, engines._choice
    yield
    engines._seen, engines._choice = before


@pytest.fixture(params=["numpy", "numba"])
def _either(request):
    """By either engine."""
    if request.param == "numba":
        pytest.importorskip("numba", reason="numba is not installed: pip install 'lsecheck[compiled]'")
    engines.force(request.param)


EITHER = pytest.mark.usefixtures("_either")


def array(values: "list", name: str) -> "np.ndarray":
    """Numbers -> an array of that format, each rounded once."""
    return formats.cast(np.array(values, np.float64), FORMATS[name])


def known(case: independent.Case) -> Truth:
    """The truth of an independent case."""
    labels = None if case.label is None else np.array([case.label])
    pair = FormatPair(FORMATS[case.source], FORMATS[case.target])
    return certify(FUNCTIONS[case.function], np.array([case.row]), pair, labels)


#: (input format, row, answer format, answer, ulps, why), all logsumexp
LITERAL = [
    ("float16", [0, 0], "float16", 0.693359375, (Fraction(0.693359375) - LN2) * 2**11, "ln 2 lies in [1/2, 1)"),
    ("float32", [0, 0], "float32", 0.0, LN2 * 2**24, "0 is ln 2 / 2^-24 ulps off"),
    ("float64", [1 + 2**-11], "float16", 1.0, Fraction(1, 2), "a tie: both neighbours are half an ulp off"),
    ("float64", [1 + 2**-11], "float16", 1 + 2**-10, Fraction(1, 2), "and so is the other"),
    ("float64", [1 - 2**-13], "float16", 1.0, Fraction(1, 4), "below 1 an ulp is 2^-11: the truth's, not the answer's"),
    ("float64", [1 + 2**-12], "float16", 1.0, Fraction(1, 4), "above 1 it is 2^-10"),
    ("float64", [2.0**-26], "float16", 0.0, Fraction(1, 4), "the ulp never shrinks below the smallest number, 2^-24"),
    ("float64", [-(2.0**-25)], "float16", 2.0**-24, Fraction(3, 2), "a wrong sign is a distance like any other"),
    ("float64", [0.0], "float16", 2.0**-24, Fraction(1), "at 0 the unit is the smallest number"),
    ("float64", [65504.0], "float16", 65472.0, Fraction(1), "one down from the largest number"),
    ("bfloat16", [256], "bfloat16", 258, Fraction(1), "8 bits: above 256 the ulp is 2"),
    ("float8_e4m3fn", [16], "float8_e4m3fn", 20, Fraction(2), "4 bits: above 16 the ulp is 2"),
]  # fmt: skip


class TestDefinitions:
    """An ulp is that of the output format at the unrounded truth; E divides by what could not be helped."""

    @pytest.mark.parametrize(("source", "row", "target", "answer", "ulps", "why"), LITERAL, ids=lambda x: str(x)[:30])
    def test_ulps_of_literal_cases(self, source, row, target, answer, ulps, why):
        """Every other figure is built on these."""
        found = measure("logsumexp", array([row], source), array([answer], target))
        assert found.ulp[0, 0] == pytest.approx(float(ulps), rel=1e-8), why

    def test_the_sign_of_an_error_is_that_of_answer_minus_truth(self):
        """Bias is a mean of signed errors: too high is positive, below 0 as well."""
        batch = array([[1.0], [1.0], [-1.0], [-1.0]], "float16")
        found = measure("logsumexp", batch, array([1.5, 0.5, -0.5, -1.5], "float16"))
        assert np.sign(found.signed[:, 0]).tolist() == [1, -1, 1, -1]
        assert np.array_equal(np.abs(found.signed), found.ulp)

    def test_the_answer_0_to_a_truth_near_0(self):
        """float32 [0, -17.738]: 1.1e7 ulps, a condition of only 18, so E says whose fault it is."""
        found = measure("logsumexp", array([[0, -17.738]], "float32"), array([0.0], "float32"))
        assert found.ulp[0, 0] == pytest.approx(1.114e7, rel=1e-3)
        assert found.condition[0, 0] == pytest.approx(17.738, rel=1e-4)
        assert found.scaled[0, 0] == pytest.approx(8.95e5, rel=1e-3)

    def test_a_large_ulp_error_with_a_small_e_is_mathematics(self):
        """Weights 1/2 and 1/2, rounded: y is what their rounding left over, and no method can know it better."""
        batch = array([[-0.6931472, -0.6931472]], "float32")
        found = measure("logsumexp", batch, array([0.0], "float32"))
        assert found.ulp[0, 0] > 1e6
        assert found.scaled[0, 0] < 1
        assert found.condition[0, 0] > 1e6

    def test_e_is_error_over_u_y_plus_u_k_or_half_the_smallest_number(self):
        """By hand: y = ln 2 + 8, K = 8, an ulp of 2^-7 in float16; and 2^-24 off a truth of 0 is E = 2."""
        found = measure("logsumexp", array([[8, 8]], "float16"), array([8.0], "float16"))
        assert found.scaled[0, 0] == pytest.approx(float(LN2 / (Fraction(1, 2**11) * (8 + LN2 + 8))), rel=1e-9)
        assert found.condition[0, 0] == pytest.approx(float(8 / (8 + LN2)), rel=1e-9)
        found = measure("logsumexp", array([[0.0]], "float16"), array([2.0**-24], "float16"))
        assert found.scaled[0, 0] == 2.0
        assert found.condition[0, 0] == 0.0  # y = K = 0: nothing is lost

    def test_kappa_is_infinite_where_the_truth_is_0_and_the_inputs_are_not(self):
        """K / |y|: [2^-1074 in float64, rounded to float16] has y > 0; only a rational 0 has no ratio."""
        found = measure("log_softmax", array([[3.0]], "float32"), array([[0.0]], "float32"))
        assert found.condition[0, 0] == 0.0
        assert found.ulp[0, 0] == 0.0

    @EVERY
    @IN_PAIRS
    def test_a_correct_rounding_has_half_an_ulp_and_an_e_of_1_at_most(self, function, source, target):
        """E would accuse the best answer there is if it could exceed 1 (u K beside u |y| cannot be less)."""
        for case in independent.cases(function, source, target, 44, seed=2):
            found_truth = known(case)
            right = formats.widen(found_truth.rounded)
            found = errors(found_truth, right, Contract.CORRECTLY_ROUNDED)
            numbers = found_truth.expected == 0
            assert np.all(found.correct[numbers] | np.isnan(right[numbers]))
            assert np.all(found.scaled[numbers] <= 1 + 2**-10), case
            counted = numbers & ~np.isnan(right)  # float8_e4m3fn overflows to nan
            assert np.all(found.ulp[counted] <= 0.5 + 2**-10), case
            assert np.all(found.excess[counted] <= 1), case


#: (function, format, row, output, answer, ulps, why)
OVERFLOW = [
    ("log_softmax", "float16", [65504, -16.19], 1, -65504.0, 0.506, "an ulp of 32, and 16.19 of it missed"),
    ("log_softmax", "float16", [65504, -16.19], 1, -INF, 0.494, "inf stands for 2^16, so it is nearer"),
    (
        "logsumexp",
        "float16",
        [65504, 65504],
        0,
        INF,
        31.3069 / 32,
        "2^16 - 65504.69: rounding up is faithful, not right",
    ),
    ("logsumexp", "float16", [65504, 65504], 0, 65504.0, 0.6931 / 32, "rounding down is right"),
    ("logsumexp", "float16", [65504], 0, INF, 1.0, "at the largest number itself infinity is one ulp off"),
    ("log_softmax", "float32", [3e38, -3e38], 1, -INF, 0.0, "past 2^128 an infinity is all there is"),
    ("log_softmax", "float32", [3e38, -3e38], 0, 0.0, 0.0, "and the other output is e^-6e38 below 0"),
    ("log_softmax", "float64", [1.7e308, -1.7e308], 1, -INF, 0.0, "the truth passes every float64 too"),
    ("log_softmax", "bfloat16", [3.3895e38, -5e35], 1, -INF, None, "2^128 - 3.3945e38, in ulps of 2^120"),
    ("log_softmax", "float8_e4m3fn", [448, -448], 1, NAN, 0.0, "no infinity: overflow is nan"),
]


@EITHER
class TestOverflow:
    """Where |y| >= M an infinity is an answer: it stands for 2^(emax + 1), or for y itself past that."""

    @pytest.mark.parametrize(("function", "name", "row", "output", "answer", "ulps", "why"), OVERFLOW)
    def test_overflow_is_scored_as_the_power_of_two_that_comes_next(
        self, function, name, row, output, answer, ulps, why
    ):
        """A finite answer is scored as it stands, so neither -65504 nor -inf is a scandal at -65520."""
        batch = array([row], name)
        answers = np.zeros((1, FUNCTIONS[function].outputs(len(row))))
        answers[0, output] = answer
        found = measure(function, batch, formats.cast(answers, FORMATS[name]))
        assert found.kind[0, output] == ""
        if ulps is None:
            y = Fraction(float(formats.widen(batch)[0, 0])) - Fraction(float(formats.widen(batch)[0, 1]))
            ulps = float((2**128 - y) / 2**120)
        assert found.ulp[0, output] == pytest.approx(ulps, abs=1e-3), why

    def test_a_correctly_rounded_overflow_is_correctly_rounded(self):
        """float16: 65520 ties to infinity."""
        found = measure(
            "logsumexp", array([[65520.0]], "float32"), array([INF], "float16"), require="correctly-rounded"
        )
        assert found.correct[0, 0]
        assert found.ulp[0, 0] == 0.5
        assert found.excess[0, 0] <= 1

    @pytest.mark.parametrize(
        ("source", "row", "target", "answer", "kind"),
        [
            ("float16", [65472, 0], "float16", INF, "infinite"),  # y < M: nothing overflows yet
            ("float16", [-65504, -65504], "float16", -INF, "infinite"),  # y = -65503.3, just short of -M
            ("float16", [65504, 65504], "float16", -INF, "infinite"),  # the other infinity
            ("float16", [65504, 65504], "float16", NAN, "nan"),  # a nan is no overflow where infinities are
            ("float32", [448.0 - 2**-15], "float8_e4m3fn", NAN, "nan"),  # y < M
            ("float32", [448.0], "float8_e4m3fn", NAN, ""),  # y = M: nan is the number after it
            ("float32", [-449.0], "float8_e4m3fn", NAN, ""),  # below the lowest number too
            ("float16", [1, 2], "float16", INF, "infinite"),
        ],
    )  # fmt: skip
    def test_below_the_largest_number_an_overflow_is_a_class_error(self, source, row, target, answer, kind):
        """Infinity is no distance: scored as one it would read as a few ulps."""
        found = measure("logsumexp", array([row], source), array([answer], target))
        assert found.kind[0, 0] == kind
        assert np.isnan(found.ulp[0, 0]) == bool(kind)

    @pytest.mark.parametrize("y", [448.0, 464.0, 470.0, 480.0, 490.0])
    def test_overflow_in_a_format_without_infinity_stands_for_the_next_number(self, y):
        """480 follows 448, and 464 ties: so a correctly rounded nan is at most half an ulp (16) off."""
        found = measure("logsumexp", array([[y]], "float32"), array([NAN], "float8_e4m3fn"))
        assert found.ulp[0, 0] == max(480 - y, 0) / 32


#: (function, row, label, answer, kind, why); float32, the last output of the row
KINDS = [
    ("logsumexp", [NAN, 1], None, NAN, "", "nan is right"),
    ("logsumexp", [NAN, 1], None, 1.0, "finite", "a number where nan is right"),
    ("logsumexp", [NAN, INF], None, INF, "infinite", "an infinity where nan is right"),
    ("logsumexp", [INF, 1], None, INF, "", "+inf is right"),
    ("logsumexp", [INF, 1], None, 3e38, "finite", "a number where +inf is right, however large"),
    ("logsumexp", [INF, 1], None, -INF, "infinite", "the other infinity"),
    ("logsumexp", [INF, INF], None, NAN, "nan", "inf - inf in the shift"),
    ("logsumexp", [-INF, -INF], None, -INF, "", "log 0 is right"),
    ("logsumexp", [-INF, -INF], None, NAN, "nan", "-inf - -inf in the shift"),
    ("logsumexp", [-INF, -INF], None, INF, "infinite", "the other infinity"),
    ("logsumexp", [-INF, -INF], None, -3e38, "finite", "a sentinel in place of -inf"),
    ("logsumexp", [], None, -INF, "", "the empty sum"),
    ("logsumexp", [], None, 0.0, "finite", "the empty sum is 0, its logarithm is not"),
    ("logsumexp", [0, 0], None, NAN, "nan", "nan where a number is right"),
    ("logsumexp", [0, 0], None, INF, "infinite", "an infinity where a number is right"),
    ("logsumexp", [0, 0], None, -INF, "infinite", "either infinity"),
    ("logsumexp", [0, 0], None, 3e38, "", "a number where a number is right is never a class error"),
    ("log_softmax", [0, -INF], None, -INF, "", "a share of 0 has the logarithm -inf"),
    ("log_softmax", [0, -INF], None, -3e38, "finite", "a floor in its place"),
    ("log_softmax", [0, -INF], None, INF, "infinite", "the wrong infinity"),
    ("softmax", [0, -INF], None, 0.0, "", "a share of 0"),
    ("softmax", [0, -INF], None, NAN, "nan", "0 / 0 somewhere"),
    ("softmax", [0, NAN], None, 0.0, "finite", "a nan that is dropped"),
    ("cross_entropy", [0, -INF], 1, INF, "", "the label has no probability"),
    ("cross_entropy", [0, -INF], 1, 100.0, "finite", "a clamped loss"),
    ("cross_entropy", [0, -INF], 1, -INF, "infinite", "the log-likelihood, not the loss"),
    ("cross_entropy", [0, -INF], 0, 0.0, "", "only the other entry counts"),
    ("logaddexp", [NAN, INF], None, INF, "infinite", "nan wins over infinity"),
]


@EITHER
class TestClassErrors:
    """A wrong kind of answer has a name and no distance; a right one has neither."""

    @pytest.mark.parametrize(("function", "row", "label", "answer", "kind", "why"), KINDS)
    def test_every_wrong_kind_of_answer_has_its_name(self, function, row, label, answer, kind, why):
        """Each expected kind against each kind of answer."""
        outputs = FUNCTIONS[function].outputs(len(row))
        batch = np.array([row], np.float32).reshape(1, len(row))
        answers = np.full((1, outputs), answer, np.float32)
        labels = None if label is None else np.array([label])
        found = measure(function, batch, answers, labels=labels)
        assert found.kind[0, -1] == kind, why
        number = truth(function, batch, labels=labels).expected[0, -1] == 0
        for figure in (found.ulp, found.signed, found.scaled, found.excess):
            assert np.isnan(figure[0, -1]) == (bool(kind) or not number), why

    def test_the_names_are_those_of_the_enum(self):
        """Reports count them by name."""
        assert {case[4] for case in KINDS} - {""} == {ClassError.NAN, ClassError.INFINITE, ClassError.FINITE}

    def test_where_there_is_no_infinity_nan_stands_for_it(self):
        """float8_e4m3fn cannot say -inf for an empty row, and its largest number would be a lie."""
        batch = np.zeros((2, 0), np.float32)
        found = measure("logsumexp", batch, array([NAN, -448.0], "float8_e4m3fn"))
        assert found.kind[:, 0].tolist() == ["", "finite"]

    @EVERY
    def test_the_sign_of_a_zero_answer_is_never_scored(self, function):
        """0 and -0 are one number: same ulps, same rung, both correct where 0 is."""
        batch = array([[0.0, -1000.0]], "float32")
        labels = np.array([0]) if FUNCTIONS[function].labelled else None
        right = truth(function, batch, labels=labels).rounded
        zeros = right == 0
        assert zeros.any()
        for sign in (0.0, -0.0):
            answers = np.where(zeros, np.float32(sign), right)
            found = measure(function, batch, answers, labels=labels, require="correctly-rounded")
            assert found.correct.all()
            assert np.all(found.kind == "")
            assert np.all(found.excess <= 1)

    @pytest.mark.parametrize("function", ["softmax", "log_softmax", "cross_entropy"])
    @pytest.mark.parametrize("row", [[INF, 0.0], [INF, INF], [-INF, -INF]], ids=str)
    @pytest.mark.parametrize("answer", [NAN, INF, -INF, 0.0, 0.5], ids=str)
    def test_what_mathematics_leaves_open_has_no_kind_and_no_score(self, function, row, answer):
        """Conventions are named elsewhere; here none is right and none wrong."""
        labels = np.array([0]) if function == "cross_entropy" else None
        answers = np.full((1, FUNCTIONS[function].outputs(2)), answer, np.float32)
        found = measure(function, np.array([row], np.float32), answers, labels=labels)
        assert np.all(found.kind == "")
        for figure in (found.ulp, found.signed, found.scaled, found.excess):
            assert np.isnan(figure).all()
        assert not found.correct.any()
        assert np.all(found.rung == Contract.BROKEN.rung)


@EITHER
class TestRange:
    """No figure overflows, underflows or turns into nan, whatever the answer."""

    EXTREMES = (
        ("float64", [0.0, -740.0], 1e308),  # a truth of 4.2e-322: 2^2094 ulps
        ("float64", [0.0, -740.0], -sys.float_info.max),
        ("float64", [0.0, -700.0], sys.float_info.max),
        ("float64", [5e-324, -745.0], -1e308),
        ("float64", [1.79e308, 1.79e308], -1.79e308),
        ("float64", [sys.float_info.max] * 2, -sys.float_info.max),
        ("float64", [-sys.float_info.max] * 2, sys.float_info.max),
        ("float64", [0.0], sys.float_info.max),
        ("float32", [0.0, -100.0], 3.4e38),
        ("float16", [0.0, -16.0], -65504.0),
    )

    @pytest.mark.parametrize(("name", "row", "answer"), EXTREMES)
    @pytest.mark.parametrize(
        "require", ["correctly-rounded", "faithful", "conditioned", "shifted", "sequential", "folded"]
    )
    def test_the_worst_answers_have_finite_figures(self, name, row, answer, require):
        """A figure of inf or nan would not survive JSON, a mean, or a comparison."""
        found = measure("logsumexp", array([row], name), array([answer], name), require=require)
        assert found.kind[0, 0] == ""
        for figure in (found.ulp, found.scaled, found.excess):
            assert 1 < figure[0, 0] <= LARGEST_ERROR
        assert found.rung[0, 0] == Contract.BROKEN.rung
        assert abs(found.signed[0, 0]) == found.ulp[0, 0]
        assert np.sign(found.signed[0, 0]) == np.sign(answer)

    def test_an_error_too_large_for_float64_is_shown_as_the_largest(self):
        """1e308 is 2^2097 ulps from 4.2e-322, which no float64 can say."""
        found = measure("logsumexp", array([[0.0, -740.0]], "float64"), array([1e308], "float64"))
        assert found.ulp[0, 0] == LARGEST_ERROR == found.excess[0, 0]

    def test_neighbours_of_subnormal_truths_are_fractions_of_an_ulp(self):
        """4.19e-322 is 84.8 times the smallest number: 85 of it is right, 84 faithful."""
        batch = array([[0.0, -740.0]], "float64")
        right = truth("logsumexp", batch).rounded[0, 0]
        found = measure("logsumexp", np.repeat(batch, 3, axis=0), np.array([right, right - 5e-324, 0.0]))
        near = independent.correctly_rounded("logsumexp", [0.0, -740.0], "float64")[0]
        ulps = [float(abs(near.low - Fraction(answer)) * 2**1074) for answer in (right, right - 5e-324, 0.0)]
        assert found.ulp[:, 0].tolist() == pytest.approx(ulps, abs=2**-10)
        assert found.ulp[0, 0] <= 0.5
        assert found.scaled[0, 0] <= 1


class TestPlantedFaults:
    """Mistakes that comparators have made: each must be impossible here."""

    @EVERY
    @pytest.mark.parametrize("name", FORMATS)
    def test_answers_of_nan_are_never_scored_as_right(self, function, name):
        """nan compares false with everything, so `error > bound` finds nothing wrong with it."""
        batch = array([[0.0, -1.0], [2.0, 3.5], [0.0, 0.0], [-8.0, 8.0]], name)
        labels = np.zeros(4, np.int64) if FUNCTIONS[function].labelled else None
        answers = array(np.full((4, FUNCTIONS[function].outputs(2)), NAN), name)
        found = measure(function, batch, answers, labels=labels)
        assert np.all(found.kind == "nan")
        assert not found.correct.any()
        assert np.all(found.rung == Contract.BROKEN.rung)
        assert not (found.excess <= 1).any()
        assert not (found.ulp <= INF).any()

    def test_a_maximum_over_errors_cannot_drop_a_nan(self):
        """max() of Python keeps whichever number comes first; unscored outputs are nan and stay nan."""
        batch = array([[0.0, 0.0]] * 3, "float32")
        found = measure("logsumexp", batch, array([0.69314718, NAN, 0.7], "float32"))
        for figure in (found.ulp, found.scaled, found.excess):
            assert np.isnan(np.max(figure))
            assert not np.max(figure) <= 1e300
        assert found.kind[:, 0].tolist() == ["", "nan", ""]

    def test_the_truth_is_not_rounded_before_the_distance_is_taken(self):
        """Against the rounded truth every correct answer would be 0 ulps off, and no tie could be told."""
        batch = array([[0.0, 0.0]], "float32")
        found = measure("logsumexp", batch, truth("logsumexp", batch).rounded)
        assert 0 < found.ulp[0, 0] <= 0.5

    def test_the_low_part_of_the_truth_counts(self):
        """In float64 an error against the high part alone would be a multiple of an ulp."""
        near = independent.correctly_rounded("logsumexp", [0.0, 0.0], "float64")[0]
        found = measure("logsumexp", array([[0.0, 0.0]], "float64"), array([near.rounded], "float64"))
        assert found.ulp[0, 0] == pytest.approx(float(abs(near.low - Fraction(near.rounded)) * 2**53), abs=2**-12)
        assert found.ulp[0, 0] > 0.01

    def test_rows_are_not_mixed_up(self):
        """Each row is measured against its own truth: reversed answers are all wrong."""
        batch = array([[0.0, 0.0], [5.0, 1.0], [-3.0, 2.0], [9.0, 9.0]], "float32")
        right = truth("logsumexp", batch).rounded
        assert measure("logsumexp", batch, right).correct.all()
        assert not measure("logsumexp", batch, right[::-1]).correct.any()

    @EVERY
    @IN_PAIRS
    def test_measured_ulps_are_the_exact_distance_to_2_to_the_minus_10(self, function, source, target):
        """In rationals, from an enclosure by another library: |answer - y| / ulp(y), nothing else."""
        chance = random.Random(f"{function} {source} {target}")
        fmt = FORMATS[target]
        for case in independent.cases(function, source, target, 33, seed=4):
            found_truth = known(case)
            numbers = found_truth.expected == 0
            steps = [
                chance.choice((0, 1, -1, 2, -3, 1000, chance.randint(-(2**40), 2**40))) for _ in range(numbers.size)
            ]
            places = np.clip(
                found_truth.places + np.reshape(steps, numbers.shape), -fmt.largest_ordinal, fmt.largest_ordinal
            )
            answers = formats.widen(formats.from_ordinals(places, fmt))
            found = errors(found_truth, answers)
            exact = iter(independent.correctly_rounded(case.function, case.row, target, case.label))
            for place in np.argwhere(numbers[0])[:, 0]:
                wanted = next(exact)
                unit = Fraction(2) ** (wanted.exponent - fmt.precision + 1)
                distance = (Fraction(float(answers[0, place])) - (wanted.low + wanted.high) / 2) / unit
                if abs(distance) > LARGEST_ERROR:
                    assert found.ulp[0, place] == LARGEST_ERROR
                    continue
                slack = Fraction(1, 2**10) + abs(distance) / 2**50
                # past 2^(emax + 1) the enclosure is 2^-11 of what an ulp would be there
                own = int(abs(wanted.high)).bit_length() - 1 - fmt.emax
                slack *= 2 ** max(own, 0)
                assert abs(Fraction(float(found.ulp[0, place])) - abs(distance)) <= slack, case
                if abs(distance) > slack:
                    assert np.sign(found.signed[0, place]) == np.sign(float(distance))


class TestShapes:
    """What answers may look like."""

    def test_answers_of_a_row_function_may_have_one_axis_or_two(self):
        """(rows,) is what reductions return, (rows, 1) what keepdims gives."""
        batch = array([[0.0, 0.0], [1.0, 2.0]], "float32")
        right = truth("logsumexp", batch).rounded
        for answers in (right, right[:, 0]):
            found = measure("logsumexp", batch, answers)
            assert found.ulp.shape == (2, 1)
            assert found.correct.all()

    @pytest.mark.parametrize(
        ("function", "shape", "right"),
        [
            ("logsumexp", (3,), "(2, 1)"),
            ("logsumexp", (1, 2), "(2, 1)"),
            ("logsumexp", (2, 2), "(2, 1)"),
            ("logsumexp", (), "(2, 1)"),
            ("softmax", (2,), "(2, 3)"),
            ("softmax", (3, 2), "(2, 3)"),
            ("softmax", (6,), "(2, 3)"),
            ("log_softmax", (2, 3, 1), "(2, 3)"),
        ],
    )
    def test_any_other_shape_is_refused_with_a_whole_sentence(self, function, shape, right):
        """Broadcasting would compare answers with truths of other rows."""
        with pytest.raises(mistakes.InputError) as caught:
            measure(function, np.zeros((2, 3), np.float32), np.zeros(shape, np.float32))
        assert str(caught.value) == f"answers have shape {shape}: {function} of this batch answers in {right}"

    def test_answers_in_no_known_format_are_refused(self):
        """Their unit in the last place would be a guess."""
        with pytest.raises(mistakes.InputError, match="dtype complex128 is not a format lsecheck knows"):
            measure("logsumexp", np.zeros((1, 2)), np.zeros(1, np.complex128))

    def test_an_unknown_requirement_is_refused(self):
        """`broken` is on the ladder and promises nothing."""
        with pytest.raises(mistakes.UnknownName, match="unknown contract 'broken'"):
            measure("logsumexp", np.zeros((1, 2)), np.zeros(1), require="broken")

    def test_answers_set_the_output_format(self):
        """bfloat16 logits, float32 answers: the ulp is float32's."""
        batch = array([[0.0, 0.0]], "bfloat16")
        assert measure("logsumexp", batch, array([0.69140625], "bfloat16")).ulp[0, 0] == pytest.approx(0.4457, abs=1e-3)
        assert measure("logsumexp", batch, array([0.69140625], "float32")).ulp[0, 0] == pytest.approx(29207, rel=1e-4)


class TestSource:
    """The package measures; it does not compute what it measures."""

    def test_it_takes_no_logarithm_and_no_exponential(self):
        """A referee with a logarithm of its own would be a second, unproved oracle."""
        for path in Path(sys.modules[measured.__module__].__file__).parent.glob("*.py"):
            tree = ast.parse(path.read_text("utf-8"))
            names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
            names |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
            imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
            if path.name == "arithmetic.py":
                assert "lsecheck.oracle.primitives" in imported
                names -= {"power"}  # that of two, from bits
            if path.name == "compiled.py":
                names -= {"logaddexp"}  # the definition
            assert not names & {"log", "log1p", "log2", "log10", "exp", "exp2", "expm1", "logaddexp", "power", "math"}
            assert not any(name.split(".")[0] in ("math", "mpmath", "cmath", "scipy") for name in imported)


@pytest.mark.parametrize(
    ("function", "shape"), [("logsumexp", (50, 3)), ("softmax", (7, 31)), ("log_softmax", (2, 90))]
)
def test_measured_in_blocks_nothing_changes(monkeypatch, function, shape):
    """Blocks keep memory flat; a block taken from the wrong row would be measured against another truth."""
    batch = np.random.default_rng(5).normal(size=shape) * 30
    known = truth(function, batch, "float32")
    answers = formats.widen(known.rounded) * (1 + 1e-6 * np.arange(known.places.size).reshape(known.places.shape))
    engines.force("numpy")
    whole = errors(known, answers)
    monkeypatch.setattr(vectorised, "BLOCK", 13)
    parts = errors(known, answers)
    for name in FIELDS:
        assert np.array_equal(getattr(whole, name), getattr(parts, name), equal_nan=True), name
