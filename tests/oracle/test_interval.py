"""interval: enclosures that hold the truth at any precision, and a loop that never guesses."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from independent import cases, correctly_rounded, sums
from mpmath.libmp import mpf_exp, mpf_log

from lsecheck import formats
from lsecheck.errors import Undecided
from lsecheck.formats import FORMATS
from lsecheck.functions import FUNCTIONS
from lsecheck.functions.definition import Sums, as_batch
from lsecheck.oracle import interval
from lsecheck.oracle.enclosure import Ratio
from lsecheck.oracle.truth import Truth, certify

F16, F64 = FORMATS["float16"], FORMATS["float64"]
ROWS = [case.row for case in cases("logsumexp", "float64", "float64", 66, 5)]


def truth(
    function: str, batch: "list[list[float]]", name: str = "float64", *, labels: "list[int] | None" = None
) -> Truth:
    """The slow tier alone, of float64 rows."""
    pair = formats.FormatPair(FORMATS["float64"], FORMATS[name])
    given = None if labels is None else np.array(labels)
    return certify(FUNCTIONS[function], as_batch(np.array(batch)), pair, given, fast_tier=False)


def exact(number: Ratio) -> Fraction:
    """The rational that a Ratio stands for."""
    return Fraction(number.numerator, number.denominator) * Fraction(2) ** number.exponent


def sweep(row: "tuple[float, ...]", precision: int) -> "tuple[interval.Row, interval.Sweep]":
    """The exact row of the finite entries, and its sweep."""
    finite = np.array([x for x in row if x != -math.inf])
    found = interval.exact_row(finite)
    return found, interval.Sweep(found, precision)


class TestRows:
    """A row is exact: distinct values, counted, in descending order."""

    @pytest.mark.parametrize("row", ROWS[::3], ids=lambda row: f"n={len(row)}")
    def test_an_exact_row_is_the_row(self, row):
        """Every later proof starts from exact entries."""
        found, _ = sweep(row, 64)
        unit = Fraction(2) ** found.exponent / found.denominator
        finite = [x for x in row if x != -math.inf]
        assert [found.numerators[place] * unit for place in found.where] == [Fraction(x) for x in finite]
        assert found.numerators == sorted(set(found.numerators), reverse=True)
        assert found.counts == [finite.count(float(numerator * unit)) for numerator in found.numerators]

    def test_both_zeros_are_one_entry(self):
        """exp(-0) = exp(0): two distinct zeros would break the count of ties."""
        found = interval.exact_row(np.array([0.0, -0.0, -1.0]))
        assert found.counts == [2, 1]

    def test_the_widest_row_is_exact(self):
        """The largest and the smallest float64 together need 2098 bits."""
        found = interval.exact_row(np.array([5e-324, 1.7976931348623157e308]))
        unit = Fraction(2) ** found.exponent
        assert [numerator * unit for numerator in found.numerators] == [
            Fraction(1.7976931348623157e308),
            Fraction(5e-324),
        ]

    def test_a_rational_row_gives_the_truth_of_the_decimals_themselves(self):
        """0.1 typed is 1/10: the answer differs from that of the nearest float64."""
        row = interval.rational_row([Fraction(1, 10), Fraction(-1, 10), Fraction(1, 10)])
        assert (row.counts, row.where.tolist()) == ([2, 1], [0, 1, 0])
        solved, _ = interval.solve(FUNCTIONS["logsumexp"], row, [0], F64)
        mpmath.mp.prec = 200
        tenth = mpmath.mpf(1) / 10
        wanted = mpmath.log(2 * mpmath.exp(tenth) + mpmath.exp(-tenth))
        parts = solved[0].parts
        assert abs(mpmath.mpf(parts.high) + mpmath.mpf(parts.low) - wanted) < mpmath.mpf(2) ** -90


class TestEnclosures:
    """At every precision the enclosure holds the truth, decided or not."""

    @pytest.mark.parametrize("function", FUNCTIONS)
    @pytest.mark.parametrize("precision", [24, 53, 96, 192])
    def test_an_enclosure_holds_the_truth_at_any_precision(self, function, precision):
        """Ziv's loop is sound only if each of its enclosures is, also the coarse ones."""
        for case in cases(function, "float64", "float64", 44, precision):
            row, at = sweep(case.row, precision)
            finite = [x for x in case.row if x != -math.inf]
            wanted = correctly_rounded(function, case.row, "float64", case.label)
            if FUNCTIONS[function].elementwise:
                places = row.where.tolist()
                wanted = (
                    [answer for x, answer in zip(case.row, wanted, strict=False) if x != -math.inf]
                    if (function == "softmax")
                    else wanted
                )
            else:
                places = [0 if case.label is None else int(row.where[finite.index(case.row[case.label])])]
            for place, answer in zip(places, wanted, strict=True):
                found = interval.enclose(FUNCTIONS[function], at, place)
                assert exact(found.low) <= answer.low <= answer.high <= exact(found.high), case
                assert found.exact == (answer.low == answer.high), case

    def test_an_enclosure_shrinks_with_the_precision(self):
        """Otherwise the loop would not end."""
        for case in cases("logsumexp", "float64", "float64", 44, 8):
            widths = []
            for precision in (96, 192, 384):
                found = sweep(case.row, precision)[1].logsumexp()
                widths.append(exact(found.high) - exact(found.low))
            sum_of_rest = exact(sweep(case.row, 96)[1].log_total.high)
            for width, precision in zip(widths, (96, 192, 384), strict=True):
                assert width <= max(sum_of_rest / 2**precision, Fraction(1, 2**5000)), case

    def test_the_ends_of_a_far_row_are_the_anchor_itself(self):
        """Below a gap of 3500 nothing is evaluated: the maximum is the open end, and the side decides."""
        _, at = sweep((1.5, -1e300), 96)
        found = at.logsumexp()
        assert exact(found.low) == Fraction(3, 2)
        assert 0 < exact(found.high) - exact(found.low) <= Fraction(1, 2**5000)
        assert not found.exact

    def test_a_widened_exp_or_log_may_be_wrong_by_its_guard(self, monkeypatch):
        """ASSUMED allows an error of 2^24 units: move every exp and log that far and nothing may escape."""

        def moved(evaluate, units):
            def off(x, precision, rounding):
                sign, mantissa, exponent, size = evaluate(x, precision, rounding)
                shift = precision - size
                mantissa = (mantissa << shift) + units
                return sign, mantissa, exponent - shift, mantissa.bit_length()

            return off

        some = [case for case in cases("logsumexp", "float64", "float64", 33, 2)]
        for units in (2**24 - 1, 1 - 2**24):
            monkeypatch.setattr(interval, "mpf_exp", moved(mpf_exp, units))
            monkeypatch.setattr(interval, "mpf_log", moved(mpf_log, units))
            for case in some:
                answer = correctly_rounded("logsumexp", case.row, "float64")[0]
                found = sweep(case.row, 96)[1].logsumexp()
                assert exact(found.low) <= answer.low <= answer.high <= exact(found.high), case


class TestConstants:
    """The numbers at the head of the file, computed again."""

    def test_the_guard_bits_are_the_assumption_and_the_widening(self):
        """Asked for GUARD more bits, wrong by 2^24 of the last; a unit of the last of q bits is up to 2^(1 - q)."""
        assert interval.GUARD == 24 + 1 + interval.WIDEN

    def test_a_far_gap_is_below_every_rounding_boundary(self):
        """2^24 terms of e^-3500 stay below 2^-5000, and 2^-5000 below any gap between anchor and boundary."""
        assert 24 - interval.FAR / math.log(2) < interval.FAR_EXPONENT - 20
        closest = min(fmt.tiny_exponent for fmt in FORMATS.values()) - 1
        assert closest > interval.FAR_EXPONENT + 1000


class TestSolve:
    """The loop that ends, or says that it did not."""

    @pytest.mark.parametrize(
        ("function", "row", "labels"),
        [("logsumexp", [-math.log(2), -math.log(2)], None), ("logaddexp", [-math.log(2), -math.log(2)], None),
         ("logsumexp", [0.0, -36.7368005696771], None)],
    )  # fmt: skip
    def test_the_cap_is_reached_with_a_sentence_and_never_a_guess(self, monkeypatch, function, row, labels):
        """An oracle that falls back to its best guess is a second opinion, not a referee."""
        monkeypatch.setattr(interval, "FIRST_PRECISION", 24)
        monkeypatch.setattr(interval, "PRECISION_CAP", 24)
        with pytest.raises(Undecided) as caught:
            truth(function, [row], labels=labels)
        assert str(caught.value) == (
            f"{function} of 2 entries is not decided in float64 at 24 bits: its truth lies closer to a rounding"
            " boundary than that; report this input"
        )
        assert caught.value.exit_status == 3

    @pytest.mark.parametrize("function", ["softmax", "log_softmax"])
    def test_one_undecided_output_is_enough_to_refuse_the_row(self, monkeypatch, function):
        """A row half answered would be filled up with zeros."""
        monkeypatch.setattr(interval, "FIRST_PRECISION", 24)
        monkeypatch.setattr(interval, "PRECISION_CAP", 47)
        with pytest.raises(Undecided):
            truth(function, [[0.0, 0.3]])

    def test_the_loop_doubles_until_it_is_decided(self, monkeypatch):
        """From far too few bits it must climb to the same answers."""
        wanted = truth("log_softmax", [[0.0, 0.3, -40.0, 7.0]])
        monkeypatch.setattr(interval, "FIRST_PRECISION", 3)
        found = truth("log_softmax", [[0.0, 0.3, -40.0, 7.0]])
        assert np.array_equal(found.places, wanted.places)
        assert np.array_equal(found.side, wanted.side)

    def test_a_far_row_is_decided_at_the_first_precision(self, monkeypatch):
        """No precision resolves e^-1e300; if the side did not decide, the cap would be met."""
        monkeypatch.setattr(interval, "PRECISION_CAP", interval.FIRST_PRECISION)
        for function in ("logsumexp", "softmax", "log_softmax"):
            truth(function, [[1.0 + 2.0**-11, -1e5], [0.0, -1e300], [-1.0, -1e300], [32.0, -1e9]], "float16")

    def test_400_bits_answer_0_where_the_truth_is_not(self):
        """Why the precision is not fixed, however high: 1 + e^-740 needs 1068 bits to differ from 1."""
        with mpmath.workprec(400):
            fixed = mpmath.log(mpmath.exp(0) + mpmath.exp(-740))
        assert fixed == 0
        found = truth("logsumexp", [[0.0, -740.0]])
        assert found.rounded[0, 0] == 4.2e-322 == 85 * 5e-324
        assert found.side[0, 0] == -1
        assert found.exponent[0, 0] == -1022


class TestFigures:
    """What scales the errors: good to float64, from exact rows."""

    FIELDS = Sums._fields

    def compare(self, row: "tuple[float, ...]") -> None:
        """Every figure of the row beside its arb twin."""
        found = truth("softmax", [list(row)]).sums
        for place, x in enumerate(row):
            if x == -math.inf:
                assert (found.share[0, place], found.gap[0, place]) == (0, 0)
                continue
            for name, wanted in sums(row, place).items():
                column = getattr(found, name)
                figure = column[0, place if name in ("share", "gap") else 0]
                if name == "gap" and math.isinf(wanted):
                    wanted = 1.7976931348623157e308
                # under 1e-290 the figure may underflow: it is then compared with the smallest subnormal anyway
                assert abs(figure - wanted) <= 1e-9 * abs(wanted) + 1e-290, (name, row, place)

    def test_the_figures_agree_with_arb(self):
        """E and every contract bound are scaled by them; an error of 1e-9 would not show, one of 2 would."""
        for family in ("float64", "float32", "float16"):
            for case in cases("softmax", family, family, 44, 1):
                self.compare(case.row)

    @pytest.mark.parametrize(
        "row",
        [
            (0.0, -1.0, -110.0),  # too small to matter to the sum, not to be a share
            (1e-300, 0.0, -110.0),  # the spread is that of the smallest term
            (0.0, -3000.0, -3400.0),
            (0.0, -700.0),
            (3.0, 3.0, 3.0, -1e308),
            (1.7976931348623157e308, -1.7976931348623157e308),
        ],
        ids=str,
    )
    def test_a_term_that_was_cut_from_the_sum_still_has_its_figures(self, row):
        """K of an output is a multiple of its share: with share 0 a method would be blamed for the problem."""
        self.compare(row)

    def test_a_whole_row_output_has_the_share_of_the_maximum(self):
        """logsumexp has one output, whose share is that of the largest entry."""
        found = truth("logsumexp", [[0.0, 1.0, -math.inf]]).sums
        assert found.share[0, 0] == pytest.approx(1 / (1 + math.exp(-1)), rel=1e-15)
        assert found.gap[0, 0] == 0
        assert found.n[0, 0] == 2

    def test_every_figure_has_a_twin(self):
        """A figure added without a second opinion would be trusted for nothing."""
        assert set(sums((0.0, 1.0), 0)) == set(self.FIELDS)
