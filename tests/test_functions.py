"""functions: special values with reasons, conventions, condition sums, and how the five hang together."""

import math
import random
from fractions import Fraction

import mpmath
import numpy as np
import pytest

from lsecheck import formats, truth
from lsecheck.errors import InputError, UnknownName
from lsecheck.formats import FORMATS
from lsecheck.functions import FUNCTIONS, named
from lsecheck.functions.definition import Domain, Expected, domains, special_rows
from lsecheck.oracle.truth import Truth

INF, NAN = math.inf, math.nan
EVERY = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=lambda function: function.name)
KINDS = {"nan": Expected.NAN, "+inf": Expected.PLUS_INFINITY, "-inf": Expected.MINUS_INFINITY, "?": Expected.UNSETTLED}

#: (row, answer, reason): '?' is unsettled; a number must be exact
LOGSUMEXP = [
    ([NAN], "nan", "an unknown term"),
    ([NAN, INF], "nan", "an unknown term beside +inf: nan wins"),
    ([INF, NAN], "nan", "in either order"),
    ([NAN, -INF], "nan", "-inf does not absorb it"),
    ([INF], "+inf", "exp(+inf) = +inf"),
    ([INF, INF], "+inf", "not inf - inf"),
    ([INF, -INF], "+inf", "the sum is +inf + 0"),
    ([INF, 1.0], "+inf", "+inf dominates"),
    ([-INF], "-inf", "log 0"),
    ([-INF, -INF], "-inf", "log (0 + 0), not -inf - -inf"),
    ([], "-inf", "the empty sum is 0"),
    ([3.0], 3.0, "one entry: log exp 3, without arithmetic"),
    ([3.0, -INF], 3.0, "exp(-inf) adds exactly nothing"),
    ([-INF, 3.0, -INF], 3.0, "wherever it stands"),
    ([-0.0], 0.0, "a zero answer, of either sign"),
]
LOGADDEXP = [
    ([NAN, 0.0], "nan", "an unknown term"),
    ([NAN, INF], "nan", "beside +inf too: the array API says so"),
    ([INF, NAN], "nan", "in either order"),
    ([INF, INF], "+inf", "not inf - inf"),
    ([INF, -INF], "+inf", "+inf + 0"),
    ([-INF, -INF], "-inf", "log 0, not -inf - -inf"),
    ([-INF, 2.5], 2.5, "the other entry, exactly"),
    ([2.5, -INF], 2.5, "in either order"),
    ([-INF, -0.0], 0.0, "a zero answer, of either sign"),
]
SOFTMAX = [
    ([NAN, 0.0], ["nan", "nan"], "the sum in every denominator is nan"),
    ([NAN, INF], ["nan", "nan"], "nan before +inf"),
    ([NAN, -INF], ["nan", "nan"], "0 / nan"),
    ([INF, 0.0], ["?", "?"], "inf / inf: nan or one-hot"),
    ([INF, INF], ["?", "?"], "inf / inf twice"),
    ([-INF, -INF], ["?", "?"], "0 / 0"),
    ([-INF], ["?"], "0 / 0 for a single entry"),
    ([], [], "nothing to share"),
    ([0.0, -INF], [1.0, 0.0], "exp(-inf) = 0 and the rest is everything"),
    ([5.0], [1.0], "one entry has it all"),
    ([7.0] * 4, [0.25] * 4, "equal entries share alike, exactly"),
    ([7.0, -INF, 7.0], [0.5, 0.0, 0.5], "-inf takes no share"),
]
LOG_SOFTMAX = [
    ([NAN, 0.0], ["nan", "nan"], "the sum is nan"),
    ([NAN, -INF], ["nan", "nan"], "the -inf entry too: -inf - nan"),
    ([INF, 0.0], ["?", "?"], "inf - inf"),
    ([-INF, -INF], ["?", "?"], "-inf - -inf"),
    ([], [], "no entries, no outputs"),
    ([0.0, -INF], [0.0, "-inf"], "log 1 and log 0"),
    ([5.0], [0.0], "log 1"),
    ([-INF, 5.0], ["-inf", 0.0], "wherever it stands"),
]
#: (row, label, answer, reason)
CROSS_ENTROPY = [
    ([NAN, 0.0], 1, "nan", "the sum is nan, wherever the label points"),
    ([NAN, INF], 0, "nan", "nan before +inf"),
    ([INF, 0.0], 0, "?", "inf - inf at the label"),
    ([INF, 0.0], 1, "?", "inf - x elsewhere: conventions differ"),
    ([-INF, -INF], 0, "?", "-inf - -inf"),
    ([-INF, 0.0], 0, "+inf", "an impossible outcome was observed"),
    ([-INF, 0.0], 1, 0.0, "the only outcome was observed"),
    ([5.0], 0, 0.0, "one class: nothing to lose"),
]


def told(found: Truth) -> list:
    """The outputs of the first row in the words of the tables."""
    words = {kind: word for word, kind in KINDS.items()}
    numbers = formats.widen(found.rounded)[0]
    codes = found.expected[0]
    exact = found.side[0] == 0
    return [
        words[Expected(code)] if code != Expected.NUMBER else (float(number) if known else f"about {number}")
        for code, number, known in zip(codes, numbers, exact, strict=True)
    ]


def row_of(entries: list) -> "np.ndarray":
    """A batch of one row."""
    return np.array(entries, np.float64).reshape(1, len(entries))


class TestSpecialValues:
    """Literal tables, by the oracle's own mouth: it must answer these without arithmetic."""

    @pytest.mark.parametrize(("entries", "answer", "reason"), LOGSUMEXP)
    def test_logsumexp(self, entries, answer, reason):
        """Nan, then +inf, then the empty sum; -inf is no entry."""
        assert told(truth("logsumexp", row_of(entries))) == [answer], reason

    @pytest.mark.parametrize(("entries", "answer", "reason"), LOGADDEXP)
    def test_logaddexp(self, entries, answer, reason):
        """As logsumexp of two."""
        assert told(truth("logaddexp", row_of(entries))) == [answer], reason

    @pytest.mark.parametrize(("entries", "answer", "reason"), SOFTMAX)
    def test_softmax(self, entries, answer, reason):
        """Where 0 / 0 or inf / inf would be needed, nothing is settled."""
        assert told(truth("softmax", row_of(entries))) == answer, reason

    @pytest.mark.parametrize(("entries", "answer", "reason"), LOG_SOFTMAX)
    def test_log_softmax(self, entries, answer, reason):
        """The logarithms of the above."""
        assert told(truth("log_softmax", row_of(entries))) == answer, reason

    @pytest.mark.parametrize(("entries", "label", "answer", "reason"), CROSS_ENTROPY)
    def test_cross_entropy(self, entries, label, answer, reason):
        """Minus log_softmax at the label: +inf where that is -inf."""
        assert told(truth("cross_entropy", row_of(entries), labels=np.array([label]))) == [answer], reason

    @EVERY
    def test_what_special_values_settle_needs_no_arithmetic(self, function):
        """Tier `exact`: an enclosure of nan or infinity would be nonsense."""
        rows = np.array([[NAN, 0.0], [INF, 0.0], [-INF, -INF], [-INF, 2.0]])
        labels = np.array([0, 1, 0, 1]) if function.labelled else None
        found = truth(function, rows, labels=labels)
        assert set(found.tier) == {"exact"}
        special = found.expected != Expected.NUMBER
        assert np.all(found.radius[special] == 0)
        assert np.all(np.isnan(found.high[special & (found.expected == Expected.NAN)]))

    @EVERY
    def test_what_has_no_single_answer_comes_back_nan(self, function):
        """`rounded` must hold something; the code beside it says why."""
        if function.conventions:
            rows = np.array([[INF, 0.0], [-INF, -INF]])
            labels = np.array([0, 0]) if function.labelled else None
            found = truth(function, rows, labels=labels)
            assert np.all(found.expected == Expected.UNSETTLED)
            assert np.isnan(found.rounded).all()

    def test_the_sign_of_a_truth_that_rounds_to_zero_is_kept_in_the_answer(self):
        """log_softmax [0, -1000]: the first output is a hair below 0."""
        first = truth("log_softmax", np.array([[0.0, -1000.0]])).rounded[0, 0]
        assert first == 0
        assert np.signbit(first)


class TestTables:
    """The tables are read by people: each line has a reason, each convention a name."""

    @EVERY
    def test_every_line_of_a_special_value_table_says_why(self, function):
        """A rule without a reason is a habit."""
        assert len(function.specials) >= 4
        for line in function.specials:
            assert line.where
            assert line.answer
            assert len(line.reason.split()) >= 3, line
        assert len({line.where for line in function.specials}) == len(function.specials)

    @EVERY
    def test_there_are_conventions_exactly_where_something_is_unsettled(self, function):
        """Unsettled without a convention could not be named; a convention elsewhere would excuse an error."""
        unsettled = any("unsettled" in line.answer for line in function.specials)
        assert bool(function.conventions) == unsettled
        assert {convention.where for convention in function.conventions} <= {"a +inf", "all -inf"}
        names = [(convention.name, convention.where) for convention in function.conventions]
        assert len(names) == len(set(names))

    @pytest.mark.parametrize(
        ("function", "entries", "label", "name", "answers"),
        [
            ("softmax", [INF, 0.0], None, "nan", [NAN, NAN]),
            ("softmax", [INF, 0.0], None, "nan at +inf, 0 elsewhere", [NAN, 0.0]),
            ("softmax", [INF, 0.0, INF], None, "shared by the +inf", [0.5, 0.0, 0.5]),
            ("softmax", [-INF, -INF], None, "zeros", [0.0, 0.0]),
            ("softmax", [-INF, -INF], None, "uniform", [0.5, 0.5]),
            ("log_softmax", [INF, 0.0], None, "nan at +inf, -inf elsewhere", [NAN, -INF]),
            ("log_softmax", [INF, 0.0], None, "shared by the +inf", [0.0, -INF]),
            ("log_softmax", [-INF, -INF], None, "-inf", [-INF, -INF]),
            ("log_softmax", [-INF, -INF], None, "uniform", [-math.log(2)] * 2),
            ("cross_entropy", [INF, 0.0], 0, "shared by the +inf", [0.0]),
            ("cross_entropy", [INF, 0.0], 1, "shared by the +inf", [INF]),
            ("cross_entropy", [INF, 0.0], 0, "nan at +inf, +inf elsewhere", [NAN]),
            ("cross_entropy", [INF, 0.0], 1, "nan at +inf, +inf elsewhere", [INF]),
            ("cross_entropy", [-INF, -INF], 1, "+inf", [INF]),
            ("cross_entropy", [-INF, -INF], 1, "uniform", [math.log(2)]),
        ],
    )
    def test_each_convention_answers_as_it_is_named(self, function, entries, label, name, answers):
        """The name is what a report shows, so it must fit what was seen."""
        where = "a +inf" if INF in entries else "all -inf"
        found = [c for c in FUNCTIONS[function].conventions if (c.name, c.where) == (name, where)]
        assert len(found) == 1
        labels = None if label is None else np.array([label])
        said = found[0].answers(np.array(entries), labels)
        assert np.allclose(said, answers, rtol=1e-15, atol=0, equal_nan=True)
        assert len(said) == FUNCTIONS[function].outputs(len(entries))

    @EVERY
    def test_functions_are_found_by_name(self, function):
        """With an underscore or a hyphen, or as themselves."""
        assert named(function.name) is function
        assert named(function.name.replace("_", "-")) is function
        assert named(function) is function

    def test_an_unknown_function_is_answered_with_a_whole_sentence(self):
        """What was wrong, what is near, what there is."""
        with pytest.raises(UnknownName) as caught:
            named("logsumexpp")
        assert str(caught.value) == (
            "unknown function 'logsumexpp': did you mean 'logsumexp'? choose from logsumexp, logaddexp, softmax,"
            " log_softmax, cross_entropy"
        )


def condition_by_definition(function: str, row: "list[float]", place: int) -> mpmath.mpf:
    """K from its formula, in 200 digits."""
    with mpmath.workdps(200):
        x = [mpmath.mpf(value) for value in row if value != -INF]
        a = max(x)
        total = mpmath.fsum(mpmath.exp(value - a) for value in x)
        p = [mpmath.exp(value - a) / total for value in x]
        if function in ("logsumexp", "logaddexp"):
            return mpmath.fsum(share * abs(value) for share, value in zip(p, x, strict=True))
        others = mpmath.fsum(p[j] * (a - x[j]) for j in range(len(x)) if j != place)
        k = (1 - p[place]) * (a - x[place]) + others
        return p[place] * k if function == "softmax" else k


def rows_for_condition() -> "list[list[float]]":
    """Ordinary, tied, dominated, cancelling, far and tiny rows."""
    chance = random.Random(5)
    rows = [[chance.gauss(0, scale) for _ in range(n)] for n in (1, 2, 3, 7, 40) for scale in (0.01, 1, 15)]
    rows += [[0.0, -17.738], [5.0, 5.0], [5.0, 5.0, -3.0], [1e4, 1e4 - 1], [-1e4, -1e4 - 1, -1e4 - 2]]
    rows += [[-math.log(2)] * 2, [0.0, -300.0], [1e300, 1e300], [-1e-280, 2e-290], [0.0, -80.5, -0.5]]
    return rows


class TestConditionSums:
    """K scales every error that E and `conditioned` judge."""

    def check(self, function, row: "list[float]") -> None:
        """Every output's K, to 1e-9 of the formula in 200 digits."""
        for place in range(len(row) if function.elementwise or function.labelled else 1):
            labels = np.array([place]) if function.labelled else None
            found = truth(function, row_of(row), labels=labels)
            k = np.broadcast_to(function.condition(found.sums), found.expected.shape)
            output = place if function.elementwise else 0
            wanted = condition_by_definition(function.name, row, place)
            assert abs(mpmath.mpf(float(k[0, output])) - wanted) <= mpmath.mpf("1e-9") * wanted + mpmath.mpf("1e-320")

    @EVERY
    def test_condition_sums_are_those_of_the_formulas(self, function):
        """A K that is too small accuses honest code, one too large excuses anything."""
        for row in rows_for_condition():
            if function.entries in (None, len(row)):
                self.check(function, row)

    def test_the_condition_sum_of_a_small_share_is_not_zero(self):
        """softmax [0.3, -1, -600.1]: 1e-261 is a float64 like any other, and its exponent loses 600 u."""
        self.check(FUNCTIONS["softmax"], [0.3, -1.0, -600.1])

    def test_the_condition_of_a_subnormal_entry_is_1(self):
        """logsumexp [1e-310] is 1e-310, K the same."""
        self.check(FUNCTIONS["logsumexp"], [1e-310])

    @EVERY
    def test_entries_of_minus_infinity_do_not_count(self, function):
        """0 * inf is nan, and n would be wrong: they are dropped first."""
        if function.entries:
            return
        labels = np.array([0]) if function.labelled else None
        whole = truth(function, row_of([0.5, -INF, -1.5, -INF]), labels=labels)
        without = truth(function, row_of([0.5, -1.5]), labels=labels)
        k, wanted = (np.broadcast_to(function.condition(t.sums), t.expected.shape) for t in (whole, without))
        kept = [0, 2] if function.elementwise else [0]
        assert np.array_equal(k[:, kept], wanted)
        assert whole.sums.n[0, 0] == 2

    @pytest.mark.parametrize("function", ["softmax", "log_softmax"])
    @pytest.mark.parametrize("shift", [1.0, -64.0, 2.0**20, -(2.0**30)])
    def test_a_common_shift_does_not_move_k_where_it_does_not_move_the_answer(self, function, shift):
        """With |x_j| for a - x_j, float32 [1e8, 1e8] -> log_softmax 0 would score E = 0.12."""
        row = np.array([[0.5, -1.25, 3.0, 3.0, -7.5]])
        plain, moved = truth(function, row), truth(function, row + shift)
        assert np.array_equal(FUNCTIONS[function].condition(plain.sums), FUNCTIONS[function].condition(moved.sums))

    def test_a_common_shift_does_move_k_of_logsumexp(self):
        """Its answer moves too: c + u |c| is what the input's own rounding costs."""
        row = np.array([[0.5, -1.25]])
        near, far = (FUNCTIONS["logsumexp"].condition(truth("logsumexp", row + c).sums)[0, 0] for c in (0.0, 1e6))
        assert near < 1
        assert far == pytest.approx(1e6, rel=1e-6)

    def test_tied_maxima_at_a_huge_offset_have_no_condition_in_log_softmax(self):
        """float32 [1e8, 1e8]: the answer is -ln 2 whatever the offset, so 0 is the method's fault."""
        found = truth("log_softmax", np.array([[1e8, 1e8]], np.float32))
        assert np.all(FUNCTIONS["log_softmax"].condition(found.sums) == 0)


class TestKinship:
    """The five are one family, exactly."""

    ROWS = ([0.0, -17.738], [3.0, 3.0], [-0.5, 0.25], [1e4, -1e4], [0.0, -1e9], [-740.0, 0.0])

    @pytest.mark.parametrize("row", ROWS, ids=str)
    @pytest.mark.parametrize("name", FORMATS)
    def test_logaddexp_is_logsumexp_of_two(self, row, name):
        """The same truth, place for place, in every format."""
        batch = formats.cast(np.clip([row], -FORMATS[name].largest, FORMATS[name].largest), FORMATS[name])
        two, sum_ = truth("logaddexp", batch), truth("logsumexp", batch)
        for field in ("places", "side", "exponent", "high", "low", "radius", "scale"):
            assert np.array_equal(getattr(two, field), getattr(sum_, field)), field
        assert np.array_equal(FUNCTIONS["logaddexp"].condition(two.sums), FUNCTIONS["logsumexp"].condition(sum_.sums))

    @pytest.mark.parametrize("row", [*ROWS, [1.0, 2.0, 3.0, -INF]], ids=str)
    def test_cross_entropy_is_minus_log_softmax_at_the_label(self, row):
        """The loss is the negative of the log-likelihood: places and enclosures change sign, nothing else."""
        batch = row_of(row)
        whole = truth("log_softmax", batch)
        for label in range(len(row)):
            if row[label] == -INF:
                continue
            loss = truth("cross_entropy", batch, labels=np.array([label]))
            assert loss.places[0, 0] == -whole.places[0, label]
            assert loss.side[0, 0] == -whole.side[0, label]
            assert loss.exponent[0, 0] == whole.exponent[0, label]
            high, low = (
                Fraction(float(t.high[0, p])) + Fraction(float(t.low[0, p])) for t, p in ((loss, 0), (whole, label))
            )
            slack = Fraction(float(loss.radius[0, 0])) + Fraction(float(whole.radius[0, label]))
            assert abs(high + low) <= slack
            k = FUNCTIONS["cross_entropy"].condition(loss.sums)[0, 0]
            assert k == FUNCTIONS["log_softmax"].condition(whole.sums)[0, label]

    def test_only_logsumexp_has_a_bound_of_its_own_for_folding(self):
        """Elsewhere nothing is folded: two entries are one step."""
        assert [function.name for function in FUNCTIONS.values() if function.folds] == ["logsumexp"]


#: (function, shape, labels, sentence)
REFUSED = [
    ("logaddexp", (2, 3), None, "logaddexp takes rows of 2 entries, got rows of 3"),
    ("logsumexp", (2, 3), [0, 1], "logsumexp takes no labels; only cross_entropy does"),
    ("cross_entropy", (2, 3), None, "cross_entropy needs labels: one integer per row, from 0 to n - 1"),
    ("cross_entropy", (2, 3), [0.0, 1.0], "labels must be integers of shape (2,), got float64 of shape (2,)"),
    ("cross_entropy", (2, 3), [0], "labels must be integers of shape (2,), got int64 of shape (1,)"),
    ("cross_entropy", (2, 3), [[0], [1]], "labels must be integers of shape (2,), got int64 of shape (2, 1)"),
    ("cross_entropy", (2, 3), [0, 3], "labels must lie from 0 to 2, got 0 to 3"),
    ("cross_entropy", (2, 3), [-1, 0], "labels must lie from 0 to 2, got -1 to 0"),
]


class TestValidation:
    """Batch and labels that do not fit are refused before any arithmetic."""

    @pytest.mark.parametrize(("function", "shape", "labels", "sentence"), REFUSED)
    def test_what_does_not_fit_is_refused_with_a_whole_sentence(self, function, shape, labels, sentence):
        """What was wrong, what it got, what is allowed."""
        given = None if labels is None else np.array(labels)
        with pytest.raises(InputError) as caught:
            truth(function, np.zeros(shape), labels=given)
        assert str(caught.value) == sentence

    @pytest.mark.parametrize("kind", [np.int32, np.uint8, np.int64])
    def test_labels_of_any_integer_type_are_taken_as_int64(self, kind):
        """Frameworks differ; the indices do not."""
        labels = FUNCTIONS["cross_entropy"].validate(np.zeros((2, 3)), np.array([0, 2], kind))
        assert labels.dtype == np.int64
        assert labels.tolist() == [0, 2]

    def test_no_rows_need_no_labels_in_range(self):
        """An empty batch is a batch."""
        labels = FUNCTIONS["cross_entropy"].validate(np.zeros((0, 0)), np.zeros(0, np.int64))
        assert labels.shape == (0,)


class TestRows:
    """Which special value decides a row, and which verdict it counts towards."""

    def test_nan_comes_before_infinity_before_emptiness(self):
        """One reason a row."""
        rows = special_rows(np.array([[NAN, INF], [INF, -INF], [-INF, -INF], [0.0, -INF]]))
        assert rows.nan.tolist() == [True, False, False, False]
        assert rows.plus.tolist() == [False, True, False, False]
        assert rows.empty.tolist() == [False, False, True, False]

    def test_a_row_without_entries_is_empty(self):
        """all() of nothing is true, and so it should be."""
        assert special_rows(np.zeros((3, 0))).empty.all()

    @pytest.mark.parametrize(
        ("row", "largest", "domain"),
        [
            ([0.0, 1.0], 448.0, Domain.ORDINARY),
            ([0.0, -INF], 448.0, Domain.SPECIALS),
            ([0.0, NAN], 448.0, Domain.SPECIALS),
            ([], 448.0, Domain.SPECIALS),
            ([0.0] * 448, 448.0, Domain.ORDINARY),
            ([0.0] * 449, 448.0, Domain.RANGE),
            ([0.0] * 449 + [INF], 448.0, Domain.SPECIALS),
        ],
        ids=lambda value: str(value)[:20],
    )
    def test_rows_are_sorted_into_the_verdict_they_count_towards(self, row, largest, domain):
        """Special values and sums that leave the format are judged apart from the contract."""
        assert domains(row_of(row), largest)[0] == domain
