"""Declarations end to end: what an author says of a subject changes what is asked of it, and excuses nothing else."""

import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

import lsecheck
from lsecheck import Loading, expectation, functions
from lsecheck.cli import main
from lsecheck.errors import InputError, Undecided
from lsecheck.formats import FORMATS, FormatPair
from lsecheck.functions.definition import Expected
from lsecheck.inputs import cases
from lsecheck.inputs.batch import Batch
from lsecheck.measure import errors
from lsecheck.oracle import interval
from lsecheck.oracle.base import in_base_two
from lsecheck.oracle.truth import certify
from lsecheck.report import markdown, text
from lsecheck.rows import Document
from lsecheck.subjects import load
from lsecheck.subjects.subject import Declared

LOG2E = 1 / np.log(2.0)
BASE_2 = Loading(base="2")
FLUSHES = Loading(flushes_subnormals=True)
#: small, and each with a reason to be wrong in another way
SOME = ["ordinary", "offset", "gap", "subnormal", "extremes", "specials"]


def reduced(x, axis, exp=np.exp, log=np.log):
    """Maximum and shifted logarithm of the sum, in the arithmetic of x; an honest max-shift."""
    with np.errstate(all="ignore"):
        top = x.max(axis, initial=-np.inf)
        shift = np.where(np.isinf(top), x.dtype.type(0), top)
        total = exp(x - np.expand_dims(shift, axis)).sum(axis, dtype=x.dtype)
        return shift + log(total)


def wide(x, axis=-1):
    """log sum exp, in float64."""
    with np.errstate(all="ignore"):
        return reduced(x.astype(np.float64), axis).astype(x.dtype)


def wide_in_base_2(x, axis=-1):
    """The same over ln 2."""
    with np.errstate(all="ignore"):
        return (reduced(x.astype(np.float64), axis) * LOG2E).astype(x.dtype)


def wide_softmax(x, axis=-1):
    """exp(x - max) over its sum, in float64."""
    with np.errstate(all="ignore"):
        y = x.astype(np.float64)
        e = np.exp(y - y.max(axis, keepdims=True, initial=-np.inf))
        return (e / e.sum(axis, keepdims=True)).astype(x.dtype)


def flashinfer(x, axis=-1):
    """Logits times log2 e once, then exp2 and log2 alone: as attention kernels do it, every step in the format."""
    with np.errstate(all="ignore"):
        return reduced(x * x.dtype.type(LOG2E), axis, np.exp2, np.log2)


def late(x, axis=-1):
    """Differences times log2 e, the maximum times log2 e at the end."""
    scale = x.dtype.type(LOG2E)
    with np.errstate(all="ignore"):
        top = x.max(axis, initial=-np.inf)
        shift = np.where(np.isinf(top), x.dtype.type(0), top)
        return shift * scale + np.log2(np.exp2((x - np.expand_dims(shift, axis)) * scale).sum(axis, dtype=x.dtype))


def after(x, axis=-1):
    """Everything in base e, and one product at the end."""
    with np.errstate(all="ignore"):
        return reduced(x, axis) * x.dtype.type(LOG2E)


def wide_flashinfer(x, axis=-1):
    """The kernel with wide registers."""
    with np.errstate(all="ignore"):
        return flashinfer(x.astype(np.float64), axis).astype(x.dtype)


def flushed(x, below=1.0):
    """What is smaller than `below` times the smallest normal number becomes 0."""
    return np.where(np.abs(x) < below * float(np.finfo(x.dtype).smallest_normal), x.dtype.type(0), x)


def flushing(x, axis=-1):
    """Subnormal numbers count as 0 on the way in, in every term and on the way out: FTZ and DAZ."""
    with np.errstate(all="ignore"):
        y = flushed(x)
        top = y.max(axis, initial=-np.inf)
        shift = np.where(np.isinf(top), x.dtype.type(0), top)
        terms = flushed(np.exp(flushed(y - np.expand_dims(shift, axis))))
        return flushed(shift + flushed(np.log(terms.sum(axis, dtype=x.dtype))))


def flushing_wide(x, axis=-1):
    """As exact as can be, but for subnormal numbers in and out."""
    return flushed(wide_log1p(flushed(x), axis))


def wide_log1p(x, axis=-1):
    """log sum exp in float64 that keeps what lies beside a maximum of 0."""
    with np.errstate(all="ignore"):
        y = np.moveaxis(x.astype(np.float64), axis, -1)
        if not y.shape[-1]:
            return np.full(y.shape[:-1], -np.inf, x.dtype)
        place = y.argmax(-1)[..., None]
        top = np.take_along_axis(y, place, -1)
        terms = np.exp(y - np.where(np.isinf(top), 0, top))
        np.put_along_axis(terms, place, 0.0, -1)
        found = np.where(np.isfinite(top[..., 0]), top[..., 0] + np.log1p(terms.sum(-1)), top[..., 0])
        return np.where(np.isnan(y).any(-1), np.nan, found).astype(x.dtype)


def without_nan(x, axis=-1):
    """nan entries add nothing."""
    return wide(np.where(np.isnan(x), x.dtype.type(-np.inf), x), axis)


def answers_0_at_nan(x, axis=-1):
    """Follows no policy: a row with nan is answered with 0."""
    return np.where(np.isnan(x).any(axis), x.dtype.type(0), wide(x, axis))


def judged(subject, loading=None, families=SOME, fmt="float32", function="logsumexp", **more):
    """The verdict on one subject in one format."""
    result = lsecheck.check(subject, function, fmt, families, "quick", loading=loading or Loading(), **more)
    (verdict,) = result.verdicts
    return verdict


class TestBaseTwo:
    """--base 2: the answer is log2, and has to be as good a log2."""

    @pytest.mark.parametrize("fmt", ["float16", "float32", "float64"])
    @pytest.mark.parametrize("subject", [wide_in_base_2, after])
    def test_an_honest_answer_in_base_2_passes_only_when_it_is_declared(self, subject, fmt):
        """Undeclared it is 44 % off, on the very first case."""
        waived = {"waive": ["range"]} if fmt == "float16" else {}  # 65,520 ones have no sum in float16
        said = judged(subject, BASE_2, fmt=fmt, **waived)
        assert (said.status, said.specials) == ("pass", "pass")
        assert said.options == "--base 2"
        plain = judged(subject, fmt=fmt, **waived)
        assert (plain.status, plain.contract, plain.options) == ("fail", "broken", "")

    def test_an_answer_in_base_e_is_not_saved_by_the_declaration(self):
        """The declaration says what is right; it does not widen what is right."""
        assert judged(wide, BASE_2).contract == "broken"
        assert judged(wide).status == "pass"

    @pytest.mark.parametrize("constant", [1.44, 1.4427, 1.44269])
    def test_a_short_constant_is_found_under_the_declaration(self, constant):
        """1.4427 for log2 e is 29 ulp of float32: what a kernel written by hand may hold."""

        def subject(x, axis=-1):
            return (reduced(x.astype(np.float64), axis) * constant).astype(x.dtype)

        said = judged(subject, BASE_2)
        assert (said.status, said.contract) == ("fail", "broken")

    @pytest.mark.parametrize("spoilt", ["nan", "inf", "-inf", "empty"])
    def test_special_values_are_held_to_the_same_table(self, spoilt):
        """log2 of nan, inf and 0 are no others than log of them: each is missed by a kernel that forgets it."""

        def subject(x, axis=-1):
            there = {
                "nan": np.isnan(x).any(axis),
                "inf": (x == np.inf).any(axis),
                "-inf": (x == -np.inf).all(axis),
                "empty": np.full(x.sum(axis).shape, x.shape[axis] == 0),
            }[spoilt]
            return np.where(there, x.dtype.type(7), wide_in_base_2(x, axis))

        said = judged(subject, BASE_2, ["specials"])
        assert (said.status, said.specials) == ("fail", "fail")

    @pytest.mark.parametrize("subject", [flashinfer, late, after, wide_in_base_2, wide_flashinfer])
    @pytest.mark.parametrize("fmt", ["float32", "float64"])
    def test_honest_kernels_in_base_2_keep_shifted_on_every_synthetic_family(self, subject, fmt):
        """The bound must hold for every order of the operations in use: x log2 e first, last, or on the maximum."""
        said = judged(subject, BASE_2, cases.synthetic(), fmt)
        assert (said.status, said.contract) == ("pass", "shifted"), said.reason

    @pytest.mark.parametrize("fmt", ["float16", "bfloat16"])
    def test_wide_registers_in_base_2_keep_conditioned_in_narrow_formats(self, fmt):
        """Nothing is lost but the last rounding: no bound may ask for more."""

        def subject(x, axis=-1):
            with np.errstate(all="ignore"):
                return (wide_log1p(x.astype(np.float64), axis) * LOG2E).astype(x.dtype)

        said = judged(subject, BASE_2, cases.synthetic(), fmt, require="conditioned")
        assert said.status == "pass", said.reason

    def test_the_bound_of_shifted_is_no_licence(self):
        """Errors of a part in 2^10, 2^14, 2^18 of float32's 2^24 are no max-shift's in either base."""
        off = [2.0**-power for power in (10, 14, 18)]
        kept = [
            judged(lambda x, axis, e=e: wide_in_base_2(x, axis) * x.dtype.type(1 + e), BASE_2, ["ordinary"]).contract
            for e in off
        ]
        assert kept[:2] == ["broken", "broken"]

    @pytest.mark.parametrize("contract", ["conditioned", "shifted", "sequential", "folded"])
    @pytest.mark.parametrize("fmt", ["bfloat16", "float32"])
    def test_what_keeps_a_contract_in_base_e_keeps_it_divided_by_ln_2(self, contract, fmt):
        """An exact division is no new error; and nine times what base e allows is allowed in neither."""
        required, held = lsecheck.Contract(contract), FORMATS[fmt]
        rows = [[0.0, -9.0], [-0.69, -0.7], [3.0, 2.5], [-40.0, -41.5], [1e-3, -30.0], [900.0, 901.0]]
        values = np.array(rows).astype(held.dtype).astype(np.float64)
        natural = certify(functions.named("logsumexp"), values, FormatPair(held, held))
        binary = in_base_two(natural, values)
        exact = (natural.high + natural.low) * 2.0**natural.scale
        place = 2.0 ** (natural.exponent + 1.0 - held.precision)
        for sign in (1, -1):
            off = exact + sign * place * 4000
            found = errors(natural, off, required)
            bound = np.abs(off - exact) / found.excess
            assert (found.excess > 1).any()
            for share, kept in ((0.9, True), (9.0, False)):
                told = exact + sign * share * bound
                assert ((errors(natural, told, required).excess <= 1) == kept).all()
                assert ((errors(binary, told * LOG2E, required).excess <= 1) == kept).all(), (share, rows)

    @pytest.mark.parametrize("fmt", ["float16", "bfloat16", "float32", "float64"])
    def test_past_the_largest_number_a_finite_answer_is_wrong(self, fmt):
        """M / ln 2 overflows in base 2. In float64 K / ln 2 does too, and an infinite bound would excuse anything."""
        held, pair = FORMATS[fmt], FormatPair(FORMATS[fmt], FORMATS[fmt])
        values = np.array([[held.largest], [-held.largest]])
        truth = in_base_two(certify(functions.named("logsumexp"), values, pair), values)
        for said in (0.0, 1.0, held.largest / 2, -held.largest / 2):
            found = errors(truth, np.full((2, 1), said))
            assert (found.rung == lsecheck.Contract.BROKEN.rung).all(), said
            assert (found.scaled > 1).all(), said
            assert (found.excess > 1).all(), said
        found = errors(truth, np.array([[np.inf], [-np.inf]]))
        assert found.correct.all()

    @pytest.mark.parametrize("fmt", ["float32", "float64"])
    def test_errors_in_base_2_are_in_ulps_of_the_answer_in_base_2(self, fmt):
        """One place beside the truth is a half to one and a half ulp, also where the truth has left the numbers."""
        held, pair = FORMATS[fmt], FormatPair(FORMATS[fmt], FORMATS[fmt])
        values = np.array([[1.0, 2.0], [-5.0, 3.0], [0.0, -20.0], [0.6 * held.largest, 0.0]])
        values = values.astype(held.dtype).astype(np.float64)
        truth = in_base_two(certify(functions.named("logsumexp"), values, pair), values)
        right = truth.rounded.astype(np.float64)
        assert (errors(truth, right).ulp <= 0.5).all()
        beside = np.nextafter(right.astype(held.dtype), held.dtype.type(np.inf)).astype(np.float64)
        apart = errors(truth, beside).ulp
        assert ((apart >= 0.5) & (apart <= 1.5)).all()
        assert (errors(truth, right / LOG2E).ulp > 1e5).all()

    def test_a_power_of_two_of_zeros_must_be_answered_with_the_integer(self):
        """log2 8 = 3 is exact: required correctly rounded, its neighbour fails."""
        batch = np.zeros((1, 8))
        truth = in_base_two(
            certify(functions.named("logsumexp"), batch, FormatPair(FORMATS["float32"], FORMATS["float32"])), batch
        )
        assert errors(truth, np.array([[3.0]])).correct.all()
        assert errors(truth, np.array([[3.0]])).ulp[0, 0] == 0
        near = errors(truth, np.array([[np.nextafter(np.float32(3), np.float32(4))]], np.float64))
        assert near.rung[0, 0] > lsecheck.Contract.FAITHFUL.rung
        assert near.ulp[0, 0] == 1

    @pytest.mark.parametrize("function", ["softmax", "log_softmax", "cross_entropy"])
    def test_functions_without_a_base_refuse_the_declaration(self, function):
        """softmax in base 2 is another function, and nobody's kernel."""
        with pytest.raises(InputError) as caught:
            lsecheck.check("max-shift", function, "float32", ["gap"], "quick", loading=BASE_2)
        assert str(caught.value) == f"--base 2 is for logsumexp and logaddexp: {function} has no other base"

    def test_logaddexp_may_be_in_base_2_as_well(self):
        """numpy.logaddexp2 of operands times log2 e."""

        def subject(a, b):
            with np.errstate(all="ignore"):
                scaled = [operand.astype(np.float64) * LOG2E for operand in (a, b)]
                return np.logaddexp2(*scaled).astype(a.dtype)

        assert judged(subject, BASE_2, ["ordinary", "gap", "specials"], function="logaddexp").status == "pass"
        assert judged(subject, families=["ordinary"], function="logaddexp").contract == "broken"

    def test_conduct_is_judged_in_base_2(self):
        """Integers and other layouts are held to the same truth: no rule may fall back to base e."""

        def subject(x, axis=-1):
            return wide_in_base_2(x.astype(np.float64) if x.dtype.kind == "i" else x, axis)

        result = lsecheck.check(subject, "logsumexp", "float32", ["conduct"], "quick", loading=BASE_2)
        assert result.status == 0, result.verdicts[0].reason
        assert {seen.rule: seen.standing for seen in result.rows[0].conduct}["integer"] == "holds"


class TestNan:
    """--nan ignored, --nan unspecified: and propagates, which is what nobody has to say."""

    def test_dropping_nan_passes_only_where_it_is_declared(self):
        """Mathematics has nan propagate; a masked reduction says that it does not."""
        assert judged(without_nan, Loading(nan="ignored")).status == "pass"
        plain = judged(without_nan)
        assert (plain.status, plain.specials) == ("fail", "fail")
        assert "where nan is right" in plain.reason

    def test_propagating_nan_fails_where_it_is_declared_ignored(self):
        """A declaration is held to: it is no waiver."""
        said = judged(wide, Loading(nan="ignored"))
        assert (said.status, said.specials) == ("fail", "fail")
        assert "nan where a number is right" in said.reason

    def test_a_row_of_nothing_but_nan_is_an_empty_sum_where_nan_is_ignored(self):
        """And beside +inf or -inf it adds nothing: the rows that a mask of nan makes."""
        rows = {}

        def subject(x, axis=-1):
            if x.ndim == 2:
                rows.update({tuple(map(str, row)): None for row in x.tolist() if len(row) < 3})
            return without_nan(x, axis)

        assert judged(subject, Loading(nan="ignored"), ["specials"]).specials == "pass"
        assert {("nan",), ("nan", "nan"), ("nan", "inf"), ("nan", "-inf")} <= set(rows)

        def all_nan_is_0(x, axis=-1):
            return np.where(np.isnan(x).all(axis) & (x.shape[axis] > 0), x.dtype.type(0), without_nan(x, axis))

        assert judged(all_nan_is_0, Loading(nan="ignored"), ["specials"]).specials == "fail"

    @pytest.mark.parametrize("policy", ["ignored", "unspecified"])
    @pytest.mark.parametrize("value", [np.inf, -np.inf])
    def test_what_is_dropped_beside_nan_is_a_finding_all_the_same(self, policy, value):
        """A mask of `not finite` drops +inf too; -inf turned into 0 counts where it should not."""

        def subject(x, axis=-1):
            kept = np.where(x == value, x.dtype.type(-np.inf if value > 0 else 0), x)
            return without_nan(kept, axis)

        said = judged(subject, Loading(nan=policy), ["specials"])
        assert (said.status, said.specials) == ("fail", "fail")

    def test_whatever_is_said_of_nan_passes_where_it_is_unspecified(self):
        """Those rows are not asked at all, and nothing else is let off."""
        assert judged(answers_0_at_nan, Loading(nan="unspecified")).status == "pass"
        for policy in ("ignored", "propagates"):
            assert judged(answers_0_at_nan, Loading(nan=policy)).specials == "fail"

    @pytest.mark.parametrize(
        ("function", "policy", "asked"),
        [
            ("logsumexp", "propagates", True),
            ("logsumexp", "ignored", True),
            ("logsumexp", "unspecified", False),
            ("softmax", "propagates", True),
            ("softmax", "ignored", False),
            ("softmax", "unspecified", False),
            ("log_softmax", "ignored", False),
            ("cross_entropy", "propagates", True),
            ("cross_entropy", "ignored", False),
        ],
    )
    def test_only_rows_that_have_an_answer_are_asked(self, function, policy, asked):
        """Where a nan entry has an output of its own, 'ignored' says nothing of what belongs there."""
        seen = []

        def subject(x, axis=-1):
            seen.append(bool(np.isnan(x).any()))
            return wide(x, axis) if function == "logsumexp" else wide_softmax(x, axis)

        def loss(x, labels):
            return subject(x)[np.arange(len(x)), labels]

        given = loss if function == "cross_entropy" else subject
        result = lsecheck.check(given, function, "float32", ["specials"], "quick", loading=Loading(nan=policy))
        assert any(seen) is asked
        every = lsecheck.check("max-shift", function, "float32", ["specials"], "quick").rows[0].cases
        assert (result.rows[0].cases == every) is asked
        assert result.rows[0].cases > every / 3

    def test_labels_stay_with_their_rows_where_some_are_not_asked(self):
        """Rows left out before the labels are would ask every later row for another's loss."""

        def subject(x, labels):
            with np.errstate(all="ignore"):
                y = x.astype(np.float64)
                return reduced(y - np.take_along_axis(y, labels[:, None], 1), -1).astype(x.dtype)

        for policy in ("ignored", "unspecified"):
            said = judged(subject, Loading(nan=policy), ["ordinary", "specials"], function="cross_entropy",
                          waive=["specials"])  # fmt: skip
            assert said.status == "pass", said.reason

    @pytest.mark.parametrize("fmt", ["float16", "bfloat16", "float64"])
    def test_the_policy_holds_in_every_format(self, fmt):
        """Nothing of it is about float32."""
        assert judged(without_nan, Loading(nan="ignored"), ["specials"], fmt).specials == "pass"
        assert judged(without_nan, families=["specials"], fmt=fmt).specials == "fail"


class TestFlushing:
    """--flushes-subnormals: subnormal numbers may count as 0, and nothing larger may."""

    @pytest.mark.parametrize("fmt", ["float16", "float32", "float64"])
    def test_flushing_subnormals_passes_only_where_it_is_declared(self, fmt):
        """[t] is answered with 0, and so is what would be subnormal: `conditioned` asks for both."""
        more = {"fmt": fmt, "require": "conditioned", "waive": ["range"]}
        said = judged(flushing_wide, FLUSHES, **more)
        assert (said.status, said.specials, said.options) == ("pass", "pass", "--flushes-subnormals"), said.reason
        plain = judged(flushing_wide, **more)
        assert (plain.status, plain.contract) == ("fail", "shifted")

    @pytest.mark.parametrize("fmt", ["float16", "float32", "float64"])
    def test_a_max_shift_that_flushes_keeps_shifted_with_the_declaration_and_without(self, fmt):
        """Near 0 the bound of `shifted` is an absolute 4u or so: FTZ is nothing beside what a max-shift loses."""
        for loading in (FLUSHES, Loading()):
            said = judged(flushing, loading, SOME, fmt, waive=["range"])
            assert (said.status, said.contract, said.specials) == ("pass", "shifted", "pass"), said.reason

    @pytest.mark.parametrize("power", [3, 8, 40])
    def test_flushing_numbers_above_the_smallest_normal_is_not_excused(self, power):
        """8 times the smallest normal number is no subnormal number."""

        def subject(x, axis=-1):
            return flushed(wide_log1p(x, axis), 2.0**power)

        (said,) = lsecheck.check(
            subject, "logsumexp", "float32", ["gap"], "standard", "conditioned", loading=FLUSHES
        ).verdicts
        assert (said.status, said.contract) == ("fail", "shifted")

    def test_a_method_that_loses_more_than_subnormals_is_still_told_from_one_that_does_not(self):
        """max-shift loses [0, -20] altogether: `conditioned` asks for it, flushing or not."""
        kept = judged(flushing_wide, FLUSHES, ["gap"], require="conditioned")
        lost = judged(flushing, FLUSHES, ["gap"], require="conditioned")
        assert (kept.status, lost.status) == ("pass", "fail")

    def test_other_errors_are_errors_all_the_same(self):
        """A part in 2^12 too much is nothing that a flush does."""

        def subject(x, axis=-1):
            return flushing(x, axis) * x.dtype.type(1 + 2.0**-12)

        assert judged(subject, FLUSHES, ["ordinary"]).contract == "broken"

    def test_special_values_are_not_flushed(self):
        """0 where inf or nan is right has nothing to do with subnormal numbers."""

        def subject(x, axis=-1):
            return np.where(np.isfinite(x).all(axis), flushing(x, axis), x.dtype.type(0))

        assert judged(subject, FLUSHES, ["specials"]).specials == "fail"

    @pytest.mark.parametrize("declared", [True, False])
    def test_shares_that_are_subnormal_may_be_flushed_where_it_is_declared(self, declared):
        """softmax of a far entry is subnormal before it is 0."""

        def subject(x, axis=-1):
            return flushed(wide_softmax(x, axis))

        loading = FLUSHES if declared else Loading()
        said = judged(subject, loading, ["gap", "subnormal"], function="softmax", require="conditioned")
        assert (said.status == "pass") is declared
        more = judged(lambda x, axis: flushed(wide_softmax(x, axis), 256.0), FLUSHES, ["gap"], function="softmax",
                      require="conditioned")  # fmt: skip
        assert more.status == "fail"


class TestTogether:
    """Several declarations, several subjects, and every report."""

    ALL = Loading(base="2", flushes_subnormals=True, nan="ignored")

    def test_declarations_combine(self):
        """A GPU kernel is all three; each of them left out is a failure of its own."""

        def subject(x, axis=-1):
            kept = np.where(np.isnan(x), x.dtype.type(-np.inf), flushed(x))
            return flushed((wide_log1p(kept, axis).astype(np.float64) * LOG2E).astype(x.dtype))

        strict = {"require": "conditioned"}
        said = judged(subject, self.ALL, **strict)
        assert said.status == "pass", said.reason
        assert said.options == "--base 2 --flushes-subnormals --nan ignored"
        assert judged(subject, Loading(base="2", flushes_subnormals=True), **strict).specials == "fail"
        assert judged(subject, Loading(base="2", nan="ignored"), **strict).contract == "shifted"
        assert judged(subject, Loading(flushes_subnormals=True, nan="ignored"), **strict).contract == "broken"

    def test_each_subject_is_held_to_what_it_declares_itself(self):
        """One batch and one run, two truths: neither may leak into the other."""
        subjects = [load(wide_in_base_2, BASE_2), load(wide), load(without_nan, Loading(nan="ignored"))]
        for order in (subjects, subjects[::-1]):
            result = lsecheck.check(order, "logsumexp", "float32", ["ordinary", "specials"], "quick")
            said = {verdict.subject: (verdict.status, verdict.options) for verdict in result.verdicts}
            assert said == {
                "wide_in_base_2": ("pass", "--base 2"),
                "wide": ("pass", ""),
                "without_nan": ("pass", "--nan ignored"),
            }

    def test_rows_verdicts_text_and_markdown_say_what_was_declared(self):
        """A pass under a declaration that no report shows is a pass that misleads."""
        result = lsecheck.check(wide_in_base_2, "logsumexp", "float32", ["gap"], "quick", loading=self.ALL)
        options = "--base 2 --flushes-subnormals --nan ignored"
        assert {row.options for row in result.rows} == {verdict.options for verdict in result.verdicts} == {options}
        assert f"asked with  wide_in_base_2: {options}" in text.render(result.rows, result.verdicts).splitlines()
        document = Document(schema=1, environment={}, rows=result.rows, verdicts=result.verdicts)
        assert f"* `wide_in_base_2` was asked with `{options}`" in markdown.summary(document, "T").splitlines()
        assert f'"options":"{options}"' in result.to_json()

    def test_nothing_declared_is_nothing_said(self):
        """An empty line in every report would be noise."""
        result = lsecheck.check(wide, "logsumexp", "float32", ["gap"], "quick")
        assert (result.rows[0].options, result.verdicts[0].options) == ("", "")
        assert "asked with" not in text.render(result.rows, result.verdicts)
        document = Document(schema=1, environment={}, rows=result.rows, verdicts=result.verdicts)
        assert "asked with" not in markdown.summary(document, "T")
        assert "options" not in result.to_json()

    def test_a_verdict_on_nothing_says_what_was_declared(self):
        """A subject that claims no such format is unmeasured, under what was declared all the same."""
        result = lsecheck.check("scipy", "logsumexp", "bfloat16", ["gap"], "quick", loading=Loading(nan="ignored"))
        assert result.verdicts[0].status == "unmeasured"
        assert result.verdicts[0].options == "--nan ignored"

    @pytest.mark.parametrize(("function", "policy"), [("logsumexp", "unspecified"), ("softmax", "ignored")])
    def test_a_family_that_is_filtered_out_altogether_is_unmeasured(self, function, policy, tmp_path):
        """Nothing asked is nothing kept: no crash, and no pass."""
        path = tmp_path / "nan.npy"
        np.save(path, np.array([[np.nan, 1.0], [2.0, np.nan]], np.float32))

        def never(_x, axis=-1):  # noqa: ARG001
            raise AssertionError("it was asked")

        result = lsecheck.check(
            never, function, "float32", loading=Loading(nan=policy), inputs=lsecheck.run.Given(str(path))
        )
        (verdict,) = result.verdicts
        assert (verdict.status, verdict.specials, result.status, result.rows[0].cases) == (
            "unmeasured", "unmeasured", 5, 0,
        )  # fmt: skip
        assert "unmeasured" in text.render(result.rows, result.verdicts)
        document = Document(schema=1, environment={}, rows=result.rows, verdicts=result.verdicts)
        assert markdown.summary(document, "T")
        assert result.to_json()

    def test_what_is_expected_is_found_once_for_each_declaration(self, monkeypatch):
        """Ten subjects share a batch: the truth is not found ten times, and not confused either."""
        counted = []
        monkeypatch.setattr(expectation, "certify", lambda *given, **more: counted.append(1) or certify(*given, **more))
        values = np.array([[np.nan, 1.0], [1.0, 2.0]])
        batch = Batch("x", 0, np.array([5, 9]), values, None)
        pair = FormatPair(FORMATS["float32"], FORMATS["float32"])
        held = expectation.Expectation(functions.named("logsumexp"), batch, pair)
        plain = Declared()
        for _ in range(3):
            assert held.of(plain).truth.expected[:, 0].tolist() == [Expected.NAN, Expected.NUMBER]
            ignored = held.of(Declared(nan="ignored"))
            assert ignored.truth.rounded[0, 0] == 1.0
            assert np.isnan(ignored.batch.values[0, 0])  # asked as it is: only what is right has changed
            left = held.of(Declared(nan="unspecified"))
            assert (left.batch.values.tolist(), left.batch.address(0), len(left.truth)) == ([[1.0, 2.0]], "x:0:9", 1)
            assert held.of(Declared(base="2")).truth.base == "2"
            assert held.of(Declared(flushes_subnormals=True)).truth.base == "e"
        assert len(counted) == 4
        assert np.isnan(values[0, 0])

    def test_rows_shorter_than_a_subject_has_an_answer_to_are_not_asked(self):
        """Others share the batch, and are."""
        pair = FormatPair(FORMATS["float32"], FORMATS["float32"])
        for n, asked in ((0, 0), (1, 2)):
            held = expectation.Expectation(
                functions.named("logsumexp"), Batch("x", 0, np.arange(2), np.zeros((2, n)), None), pair
            )
            assert len(held.of(Declared(least=1)).batch.values) == asked
            assert len(held.of(Declared()).batch.values) == 2
            assert len(held.of(Declared(least=1)).truth) == asked

    @pytest.mark.parametrize("policy", ["ignored", "unspecified"])
    def test_rows_that_are_left_out_take_their_labels_and_addresses_with_them(self, policy):
        """A later row asked with another's label is another case than its address says."""
        values = np.array([[1.0, 2.0], [np.nan, 1.0], [3.0, -4.0]])
        batch = Batch("x", 0, np.array([2, 5, 9]), values, np.array([0, 0, 1]))
        pair = FormatPair(FORMATS["float32"], FORMATS["float32"])
        right = expectation.Expectation(functions.named("cross_entropy"), batch, pair).of(Declared(nan=policy))
        assert right.batch.labels.tolist() == [0, 1]
        assert [right.batch.address(row) for row in (0, 1)] == ["x:0:2", "x:0:9"]
        assert np.allclose(right.truth.rounded[:, 0], [np.log1p(np.e), 7 + np.log1p(np.exp(-7.0))], rtol=1e-6)

    @pytest.mark.parametrize("base", ["e", "2"])
    def test_undecided_cases_are_left_out_and_counted_and_the_others_asked(self, base, monkeypatch):
        """One row that nobody knows must not end a run, nor pass for a row that was asked."""
        hard = {"e": [2.0**-24, -13.8], "2": [0.0, -5e-324]}[base]
        values = np.array([[1.0, 2.0], hard, [np.nan, 1.0], [0.0, -3.0]])
        batch = Batch("x", 0, np.arange(4), values, None)
        pair = FormatPair(FORMATS["float64"], FORMATS["float64"])
        if base == "e":
            given = certify

            def certify_most(function, rows, *more):
                if (rows == hard).all(1).any():
                    raise Undecided("this one")
                return given(function, rows, *more)

            monkeypatch.setattr(expectation, "certify", certify_most)
        else:
            monkeypatch.setattr(interval, "PRECISION_CAP", 512)
        right = expectation.Expectation(functions.named("logsumexp"), batch, pair).of(Declared(base=base))
        assert (right.undecided, right.batch.indices.tolist(), len(right.truth)) == (1, [0, 2, 3], 3)
        assert right.truth.expected[:, 0].tolist() == [Expected.NUMBER, Expected.NAN, Expected.NUMBER]
        none = Batch("x", 0, np.arange(1), np.array([hard]), None)
        right = expectation.Expectation(functions.named("logsumexp"), none, pair).of(Declared(base=base))
        assert (right.undecided, len(right.batch.values), len(right.truth)) == (1, 0, 0)


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """A file with a kernel in base 2 that drops nan, in the working folder."""
    (tmp_path / "kernel.py").write_text(
        "import numpy as np\n"
        "def f(x, axis=-1):\n"
        "    y = np.where(np.isnan(x), -np.inf, x.astype(np.float64))\n"
        "    with np.errstate(all='ignore'):\n"
        "        m = y.max(axis, initial=-np.inf)\n"
        "        s = np.where(np.isinf(m), 0.0, m)\n"
        "        total = np.exp(y - np.expand_dims(s, axis)).sum(axis)\n"
        "        return ((s + np.log(total)) / np.log(2.0)).astype(x.dtype)\n"
    )
    monkeypatch.chdir(tmp_path)
    return "kernel.py:f"


def run(*words):
    """stdout, stderr, exit status of a call."""
    said = CliRunner().invoke(main, [str(word) for word in words])
    assert said.exception is None or isinstance(said.exception, SystemExit), said.exception
    return said.stdout, said.stderr, said.exit_code


class TestCommandLine:
    """The same as flags."""

    def test_check_takes_the_base(self, kernel):
        """0 with the flag, 1 without it."""
        said, _, status = run("check", kernel, "--base", 2, "--family", "gap", "-f", "float32", "--effort", "quick")
        assert status == 0
        assert "asked with  kernel.py:f: --base 2" in said.splitlines()
        said, _, status = run("check", kernel, "--family", "gap", "-f", "float32", "--effort", "quick")
        assert (status, "asked with" in said) == (1, False)

    def test_the_package_as_a_module_takes_the_flags(self, kernel):
        """`python -m lsecheck`, as where the script is not on the path."""
        words = [kernel, "--base", "2", "--nan", "ignored", "--family", "specials", "-f", "float32", "--effort",
                 "quick"]  # fmt: skip
        done = subprocess.run([sys.executable, "-m", "lsecheck", "check", *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr + done.stdout
        assert "asked with  kernel.py:f: --base 2 --nan ignored" in done.stdout

    def test_workers_are_told_what_was_declared(self, kernel):
        """Other processes load the subject anew: the same rows for any number of them."""
        words = ["check", kernel, "--base", 2, "--nan", "ignored", "--family", "gap", "--family", "specials",
                 "-f", "float32", "--effort", "quick"]  # fmt: skip
        alone, several = run(*words), run(*words, "--jobs", 2)
        assert alone[2] == 0
        assert alone == several

    def test_explain_explains_in_base_2(self, kernel):
        """log2 2 = 1 is right, and ln 2 would be: the words must not mix them."""
        said, _, status = run("explain", kernel, "--base", 2, "-f", "float32", "0", "0")
        assert status == 0
        assert "  got        0x1p0  1\n  should be  0x1p0  1\n" in said
        said, _, status = run("explain", kernel, "-f", "float32", "0", "0")
        assert status == 1
        assert "  should be  0x1.62e43p-1  0.693147182\n" in said

    def test_explain_of_a_built_in_method_shows_no_steps_in_another_base(self):
        """Its steps are those of base e; adding them up to an error in base 2 would be nonsense."""
        said, _, status = run("explain", "max-shift", "--base", 2, "-f", "float32", "0", "-5")
        assert (status, "adds, in ulps" in said) == (1, False)
        assert "adds, in ulps" in run("explain", "max-shift", "-f", "float32", "0", "-5")[0]

    def test_explain_with_nan_ignored_and_unspecified(self, kernel):
        """Ignored: the answer of the others. Unspecified: nothing to explain, which is said."""
        said, _, status = run("explain", kernel, "--base", 2, "--nan", "ignored", "-f", "float32", "0", "nan", "0")
        assert (status, "  should be  0x1p0  1\n" in said) == (0, True)
        _, said, status = run("explain", kernel, "--nan", "unspecified", "-f", "float32", "0", "nan")
        assert (status, said) == (
            2, "lsecheck: nothing is asked of this case: it holds nan, which the subject declares unspecified\n",
        )  # fmt: skip

    def test_the_command_that_shows_a_case_again_shows_it_under_the_same_declaration(self, kernel):
        """Pasted as it is, it must come to the same error: without --base 2 it would explain another."""
        said, _, status = run("check", kernel, "--base", 2, "--family", "gap", "-f", "float32", "--effort", "quick",
                              "--require", "conditioned")  # fmt: skip
        assert status == 1
        again = next(line for line in said.splitlines() if line.startswith("  again      lsecheck "))
        words = again.removeprefix("  again      lsecheck ").split()
        shown = run(*words)[0]
        figures = [line for line in said.splitlines() if line.startswith(("  got", "  should be", "  error"))][:3]
        assert [line for line in shown.splitlines() if line.startswith(("  got", "  should be", "  error"))] == figures

    def test_reports_say_what_was_declared(self, kernel, tmp_path):
        """summary.md is read without the command that made it."""
        _, _, status = run("report", kernel, "--base", 2, "-F", "logsumexp", "-f", "float32", "--effort", "quick",
                           "-o", tmp_path / "out", "--jobs", 1)  # fmt: skip
        assert status == 0
        assert "`kernel.py:f` was asked with `--base 2`" in (tmp_path / "out" / "summary.md").read_text()

    @pytest.mark.parametrize("verb", ["check", "explain", "report"])
    @pytest.mark.parametrize(
        ("words", "sentence"),
        [
            (["--base", "3"], "unknown base '3': choose from e, 2"),
            (["--base", "10"], "unknown base '10': choose from e, 2"),
            (["--nan", "maybe"], "unknown nan policy 'maybe': choose from propagates, ignored, unspecified"),
            (["--time-limit", "0"], "the time limit must be more than 0 seconds, got 0"),
            (["--time-limit", "-1"], "the time limit must be more than 0 seconds, got -1"),
            (["--time-limit", "nan"], "the time limit must be more than 0 seconds, got nan"),
            (["--memory-limit", "0"], "the memory limit must be more than 0 GiB, got 0"),
            (["--call", "rows"], "unknown call 'rows': did you mean 'row'? choose from axis, batch, row"),
            (["--base", "2", "-F", "softmax"], "--base 2 is for logsumexp and logaddexp: softmax has no other base"),
        ],
        ids=lambda it: it if isinstance(it, str) else " ".join(it),
    )
    def test_what_means_nothing_is_refused_in_one_sentence(self, verb, words, sentence, kernel, tmp_path):
        """Exit status 2, nothing on stdout, nothing written: each would otherwise be ignored or crash midway."""
        more = {"check": ["--family", "gap", "-f", "float32"], "explain": ["0", "0"], "report": ["-o", "out"]}[verb]
        stdout, stderr, status = run(verb, kernel, *words, *more)
        assert (stdout, stderr, status) == ("", f"lsecheck: {sentence}\n", 2)
        assert not (tmp_path / "out" / "summary.md").exists()

    @pytest.mark.parametrize("option", ["--time-limit", "--memory-limit"])
    def test_a_limit_that_is_no_number_is_refused(self, option, kernel):
        """click's own sentence, with where to look."""
        _, stderr, status = run("check", kernel, option, "long")
        assert (status, stderr.count("\n")) == (2, 1)
        assert f"Invalid value for '{option}': 'long' is not a valid float" in stderr
