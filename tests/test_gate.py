"""gate: nan, absence and emptiness fail; every finding has its column, its case and its status."""

# ruff: noqa: ARG001, ARG005 - a subject takes what it is handed, wanted or not

import json
import re

import numpy as np
import pytest

import lsecheck
from lsecheck import functions
from lsecheck.contracts import LADDER, Contract
from lsecheck.errors import InputError, NothingMeasured, UnknownName
from lsecheck.formats import pair
from lsecheck.gate import Result, judge
from lsecheck.inputs import cases
from lsecheck.report import text
from lsecheck.rows import ABSENT, Verdict
from lsecheck.run import Given
from lsecheck.subjects.loading import Loading

ADDRESS = re.compile(r"[a-z-]+:\d+:\d+")


def quick(subject: object, families: "list[str] | str", fmt: str = "float32", **asked: object) -> Result:
    """A quick check in one format."""
    return lsecheck.check(subject, formats=fmt, families=families, effort="quick", **asked)


def only(result: Result) -> Verdict:
    """Its only verdict."""
    (verdict,) = result.verdicts
    return verdict


def exact(x, axis):
    """Correctly rounded, and right on every special value: ours."""
    return lsecheck.logsumexp(x, axis)


def wide(x):
    """An honest implementation: float64 inside, log1p, specials guarded."""
    if x.shape[-1] == 0:
        return np.full(len(x), -np.inf, x.dtype)
    v = x.astype(np.float64)
    m = v.max(-1)
    terms = np.exp(v - np.where(np.isfinite(m), m, 0)[:, None])
    if_inf = np.log(terms.sum(-1))
    terms[np.arange(len(v)), v.argmax(-1)] = 0
    return np.where(np.isfinite(m), m + np.log1p(terms.sum(-1)), if_inf).astype(x.dtype)


class TestVerdicts:
    """The table: what was found, in which column, with which status."""

    def test_a_good_subject_passes_with_its_rung_and_no_failure_anywhere(self):
        """status 0, and the contract that was found, not the one asked for."""
        result = quick(wide, ["ordinary", "gap", "specials"])
        verdict = only(result)
        assert result.ok
        assert result.status == 0
        assert (verdict.status, verdict.required, verdict.specials) == ("pass", "shifted", "pass")
        assert Contract(verdict.contract).keeps(Contract.CONDITIONED)
        assert verdict.reason == f"keeps {verdict.contract}"

    def test_a_missed_contract_fails_and_names_what_is_kept_and_the_worst_case(self):
        """The reason is the sentence that a CI log shows."""
        result = quick("max-shift", "gap", require="conditioned")
        verdict = only(result)
        assert (verdict.status, verdict.contract, verdict.required) == ("fail", "shifted", "conditioned")
        assert result.status == 1
        assert not result.ok
        assert verdict.reason == f"keeps only shifted where conditioned is required: {verdict.worst}"
        assert ADDRESS.fullmatch(verdict.worst)

    def test_a_broken_subject_keeps_no_contract(self):
        """broken is no rung to stand on."""
        verdict = only(quick(lambda x, axis: np.zeros(len(x), x.dtype), "ordinary"))
        assert (verdict.status, verdict.contract) == ("fail", "broken")
        assert verdict.reason == f"keeps no contract: {verdict.worst}"

    def test_textbook_max_shift_keeps_shifted_and_fails_specials_naming_its_nans(self):
        """The two are judged apart, so that the reader learns both."""
        result = lsecheck.check("max-shift", formats="float32", effort="quick")
        verdict = only(result)
        assert verdict.contract == "shifted"
        assert verdict.specials == "fail"
        assert verdict.status == "fail"
        assert result.status == 1
        assert verdict.reason.startswith("keeps shifted; specials: ")
        assert re.search(r"nan where \+inf is right \(specials:0:\d+, \d+ in all\)", verdict.reason)
        assert re.search(r"nan where -inf is right \(specials:0:\d+, \d+ in all\)", verdict.reason)

    def test_log1p_shift_passes_everything_in_float32(self):
        """The guarded form, on every family there is."""
        result = lsecheck.check("log1p-shift", formats="float32", effort="quick", require="conditioned")
        verdict = only(result)
        assert result.ok, verdict.reason
        assert (verdict.specials, verdict.conduct) == ("pass", "pass")

    def test_a_one_pass_sum_keeps_sequential_and_not_shifted(self):
        """What separates them needs long rows with one large entry, or very many equal ones."""
        result = lsecheck.check(
            "online", formats="float32", families=["dominant", "width"], effort="standard", require="sequential"
        )
        verdict = only(result)
        assert verdict.contract == "sequential"
        assert verdict.status == "pass"
        asked = judge(result.rows, Contract.SHIFTED)[0]
        assert (asked.status, asked.required) == ("fail", "shifted")

    def test_a_fold_shows_itself_where_a_large_offset_meets_a_long_row(self):
        """numpy.logaddexp.reduce is no max-shift."""
        result = quick("logaddexp-fold", "offset", require="folded")
        assert only(result).contract == "folded"
        assert result.ok

    def test_sums_that_leave_the_format_are_judged_under_range(self):
        """float16, 65,520 equal entries: the contract is not the place for it."""
        result = quick("max-shift", "corpus", "float16", waive=["specials"])
        verdict = only(result)
        assert verdict.contract == "shifted"
        assert (verdict.range, verdict.status) == ("fail", "fail")
        assert re.search(r"; range: infinite where a number is right \(corpus:0:\d+, 1 in all\)", verdict.reason)
        assert quick("max-shift", "corpus", "float16", waive=["specials", "range"]).ok

    def test_nothing_asked_in_a_domain_is_unmeasured_and_not_a_pass(self):
        """A column that nobody filled must not look green."""
        verdict = only(quick(wide, "ordinary"))
        assert (verdict.specials, verdict.range, verdict.conduct) == ("unmeasured",) * 3
        assert verdict.status == "pass"

    def test_one_verdict_per_function_subject_and_format_in_the_order_of_the_rows(self):
        """Families are joined, nothing else is."""
        result = lsecheck.check(
            ["naive", wide], formats=["float32", "float16"], families=["gap", "equal"], effort="quick"
        )
        assert [(verdict.format, verdict.subject) for verdict in result.verdicts] == [
            ("float32", "naive"), ("float32", "wide"), ("float16", "naive"), ("float16", "wide"),
        ]  # fmt: skip

    def test_two_subjects_of_one_name_are_not_joined(self):
        """The good one would hide in the verdict of the bad one, or the report show one of two."""
        result = quick([lambda x, axis: exact(x, axis), lambda x, axis: -exact(x, axis)], "gap")
        assert len(result.verdicts) == 2


class TestWaivers:
    """Shown, but not a failure; and only what was named."""

    def test_waived_specials_pass_and_are_still_told(self):
        """A reader must see what was excused."""
        result = quick("max-shift", ["ordinary", "specials"], waive=["specials"])
        verdict = only(result)
        assert result.ok
        assert (verdict.status, verdict.specials) == ("pass", "waived")
        assert "specials: nan where" in verdict.reason

    def test_a_waiver_of_one_domain_excuses_no_other(self):
        """--waive range says nothing about nan."""
        assert not quick("max-shift", ["ordinary", "specials"], waive=["range", "conduct"]).ok

    def test_a_contract_cannot_be_waived(self):
        """It is what is required; require less instead."""
        assert not quick("naive", "huge", waive=["specials", "range", "conduct"]).ok
        with pytest.raises(UnknownName) as caught:
            quick("naive", "huge", waive=["contract"])
        assert (
            str(caught.value)
            == "unknown waiver 'contract': did you mean 'conduct'? choose from specials, range, conduct"
        )


class TestConduct:
    """How it answered, apart from what."""

    @pytest.mark.parametrize(
        ("function", "said"),
        [
            (lambda x, axis: exact(x, axis).astype(np.float64), "answered in float64"),
            (lambda x, axis: exact(x, axis)[:, None, None], r"answered in shape (48, 1, 1) where (48,) is right"),
        ],
    )
    def test_dtype_and_shape_are_findings_under_conduct(self, function, said):
        """They have no error in ulps: nothing was scored."""
        result = quick(function, "gap")
        verdict = only(result)
        assert (verdict.status, verdict.conduct, verdict.contract) == ("fail", "fail", "unmeasured")
        assert said in verdict.reason
        assert "(gap:0:0, 48 in all)" in verdict.reason
        assert verdict.max_ulp is ABSENT

    def test_waived_conduct_without_a_score_is_still_no_pass(self):
        """An answer that was not measured keeps no contract."""
        assert not quick(lambda x, axis: np.zeros(len(x)), "gap", waive=["conduct"]).ok

    def test_raising_on_some_cases_fails_with_status_1(self):
        """The others are scored."""

        def picky(x, axis):
            if (x < -50).any():
                raise ValueError("too low")
            return exact(x, axis)

        result = quick(picky, "gap")
        verdict = only(result)
        assert result.status == 1
        assert (verdict.status, verdict.contract, verdict.failed_throughout) == ("fail", "broken", False)
        assert 0 < result.rows[0].class_errors["raised"] < 48

    def test_raising_on_every_case_is_failing_throughout_with_status_3(self):
        """Nothing is known about it, except that it does not work."""

        def broken(x, axis):
            raise RuntimeError("no kernel")

        result = quick(broken, ["gap", "ordinary"])
        verdict = only(result)
        assert verdict.failed_throughout
        assert verdict.status == "fail"
        assert result.status == 3

    def test_a_finding_beside_a_subject_that_failed_throughout_is_status_1(self):
        """Several at once: 1 before 3."""

        def broken(x, axis):
            raise RuntimeError("no kernel")

        assert quick([broken, "naive"], "huge").status == 1
        assert quick([broken, wide], "huge").status == 3


class TestNan:
    """nan is never within a bound."""

    @pytest.mark.parametrize("require", ["correctly-rounded", "conditioned", "folded"])
    def test_a_subject_that_answers_nan_keeps_nothing(self, require):
        """A comparison written the other way round would pass it."""
        result = quick(lambda x, axis: np.full(len(x), np.nan, x.dtype), "ordinary", require=require)
        verdict = only(result)
        assert (result.status, verdict.contract) == (1, "broken")

    @pytest.mark.parametrize("place", [0, 17, -1])
    def test_one_nan_among_right_answers_is_found(self, place):
        """A maximum that drops nan passes everything else."""

        def almost(x, axis):
            y = exact(x, axis)
            y[place] = np.nan
            return y

        result = quick(almost, "gap")
        assert result.status == 1
        assert only(result).contract == "broken"
        assert result.rows[0].class_errors == {"nan": 1}
        assert result.rows[0].witness.answer == "nan"

    def test_infinity_where_a_number_is_right_is_found_too(self):
        """Its distance is no number either."""
        assert only(quick(lambda x, axis: exact(x, axis) / np.float32(0), "ordinary")).contract == "broken"


class TestNothing:
    """An empty run is never a pass."""

    def test_a_subject_that_claims_nothing_of_what_is_asked_is_status_5(self):
        """via-lse has no logsumexp."""
        result = quick("via-lse", "gap")
        assert [(verdict.status, verdict.reason) for verdict in result.verdicts] == [
            ("unmeasured", "via-lse does not claim logsumexp in float32")
        ]
        assert result.status == 5
        assert not result.ok
        assert result.worst is None

    def test_assert_accurate_raises_nothing_measured_for_it(self):
        """A test that asked nothing must not be green."""
        with pytest.raises(NothingMeasured) as caught:
            lsecheck.assert_accurate("via-lse", format="float32")
        assert str(caught.value) == "nothing was measured: via-lse does not claim logsumexp in float32"
        with pytest.raises(NothingMeasured):
            lsecheck.assert_accurate("scipy", format="bfloat16")

    def test_an_unmeasured_verdict_beside_a_pass_is_no_pass(self):
        """Everything asked for must hold."""
        good = only(quick(wide, "gap"))
        empty = Verdict(
            function="logsumexp", subject="b", format="float32", contract="unmeasured", required="shifted",
            status="unmeasured", specials="unmeasured", range="unmeasured", conduct="unmeasured", reason="",
        )  # fmt: skip
        assert not Result([], [good, empty], {}).ok
        assert Result([], [empty], {}).status == 5
        assert Result([], [], {}).status == 5

    def test_an_unmeasured_verdict_beside_a_pass_is_status_5(self, tmp_path):
        """Several at once: 2, then 1, 3, 5. A float16 row of 70,000 has no ordinary case; float32 passes."""
        np.save(tmp_path / "long.npy", np.zeros((1, 70000), np.float16))
        result = lsecheck.check(wide, formats=["float16", "float32"], inputs=Given(str(tmp_path / "long.npy")))
        assert [verdict.status for verdict in result.verdicts] == ["unmeasured", "pass"]
        assert result.status == 5


class TestResult:
    """What check() hands back."""

    def test_worst_is_the_row_of_the_weakest_contract_then_of_the_largest_scaled_error(self):
        """The one to look at first."""
        result = quick("naive", ["gap", "huge", "ordinary"])
        assert result.worst.family == "huge"
        fine = quick(exact, ["gap", "equal"])
        assert fine.worst.max_scaled == max(row.max_scaled for row in fine.rows)

    def test_to_json_is_the_result_file(self):
        """The same records, as schema 1."""
        result = quick("max-shift", "gap")
        document = json.loads(result.to_json())
        assert document["schema"] == 1
        assert document["verdicts"][0]["contract"] == "shifted"
        assert document["rows"][0]["subject"] == "max-shift"

    def test_figures_of_a_verdict_are_the_largest_of_its_rows(self):
        """max over families."""
        result = quick("max-shift", ["gap", "near-zero", "equal"])
        verdict = only(result)
        assert verdict.max_ulp == max(row.max_ulp for row in result.rows)
        assert verdict.max_scaled == max(row.max_scaled for row in result.rows)


class TestCheck:
    """The Python entry."""

    def test_callables_names_and_several_of_them_are_taken(self):
        """A name, a function, or a list of both."""
        assert [v.subject for v in quick(wide, "gap").verdicts] == ["wide"]
        assert [v.subject for v in quick("naive", "gap").verdicts] == ["naive"]
        assert [v.subject for v in quick(["naive", wide], "gap").verdicts] == ["naive", "wide"]

    def test_every_function_of_the_family_can_be_checked(self):
        """With the calling convention of each."""

        def loss(x, labels):
            return lsecheck.cross_entropy(x, labels)

        families = ["ordinary", "gap"]
        assert quick(loss, families, function="cross_entropy").ok
        assert quick(lsecheck.softmax, families, function="softmax").ok
        assert quick(lsecheck.log_softmax, families, function="log_softmax").ok
        assert quick(lambda a, b: lsecheck.logaddexp(a, b), families, function="logaddexp").ok

    def test_families_and_formats_may_be_one_name(self):
        """A string is one name, not its letters."""
        result = lsecheck.check(wide, formats="bf16:f32", families="gap", effort="quick", loading=Loading(call="batch"))
        assert result.rows[0].format == "bfloat16:float32"
        assert result.rows[0].family == "gap"

    def test_all_families_are_asked_by_default(self):
        """What nobody named is where the bug is."""
        from lsecheck.inputs import cases

        result = quick("log1p-shift", None)
        assert [row.family for row in result.rows] == list(cases.names())

    @pytest.mark.parametrize(
        ("asked", "sentence"),
        [
            ({"require": "shift"}, "unknown contract 'shift': did you mean 'shifted'? choose from "),
            ({"require": "broken"}, "unknown contract 'broken': "),
            ({"function": "logsumexp2"}, "unknown function 'logsumexp2': did you mean 'logsumexp'? choose from "),
            ({"formats": "float31"}, "unknown format 'float31': did you mean 'float32'? choose from "),
            ({"families": ["gaps"]}, "unknown family 'gaps': did you mean 'gap'? choose from "),
            ({"effort": "full"}, "unknown effort 'full': choose from quick, standard, deep"),
        ],
    )
    def test_unknown_names_are_refused_with_the_nearest(self, asked, sentence):
        """Before anything is measured."""
        with pytest.raises(UnknownName) as caught:
            lsecheck.check(wide, **({"formats": "float32", "families": "gap", "effort": "quick"} | asked))
        assert str(caught.value).startswith(sentence)

    def test_a_negative_seed_is_refused(self):
        """Its witness would be ordinary:-1:3, which is no address."""
        with pytest.raises(InputError):
            quick("naive", "ordinary", seed=-1)


class TestAssertAccurate:
    """For test suites."""

    def test_a_good_subject_passes_in_silence(self):
        """Nothing is returned, nothing printed."""
        assert lsecheck.assert_accurate(wide, format="float32", require="conditioned") is None

    def test_a_bad_subject_fails_with_its_name_and_a_case_that_shows_it(self):
        """The message must be enough to reproduce it."""

        def forgetful(x, axis):
            return exact(x[:, 1:] if x.shape[1] > 1 else x, axis)

        with pytest.raises(AssertionError) as caught:
            lsecheck.assert_accurate(forgetful, format="float32")
        assert "forgetful" in str(caught.value)
        assert ADDRESS.search(str(caught.value))

    def test_special_values_count_unless_they_are_waived(self):
        """max-shift is accurate, and wrong on all -inf."""
        with pytest.raises(AssertionError):
            lsecheck.assert_accurate("max-shift", format="float32")
        lsecheck.assert_accurate("max-shift", format="float32", waive=["specials"])

    def test_the_function_and_the_contract_are_those_asked_for(self):
        """softmax is not judged as logsumexp, nor conditioned as shifted."""
        lsecheck.assert_accurate(lsecheck.softmax, function="softmax", format="float16", require="correctly-rounded")
        with pytest.raises(AssertionError, match="max-shift"):
            lsecheck.assert_accurate("max-shift", format="float32", require="conditioned", waive=["specials"])


class TestEvidence:
    """What is shown must be what was found."""

    def test_the_witness_of_a_missed_contract_misses_it(self):
        """Near-zero rows have E of a million in any max-shift, legitimately: they must not stand in for the culprit."""

        def lse(x, axis):
            top = x.max(axis, keepdims=True)
            right = (top + np.log(np.exp(x - top).sum(axis, keepdims=True)))[..., 0]
            return np.where(np.abs(top[..., 0]) > 7, right * np.float32(1.0001), right)

        result = quick(lse, ["dominant", "near-zero", "offset"])
        (verdict,) = result.verdicts
        assert verdict.contract == "broken"
        for row in result.rows:
            alone = cases.case(row.witness.case, functions.named("logsumexp"), pair("float32").input)
            answer = lse(alone.values.astype(np.float32), -1)
            found = lsecheck.measure("logsumexp", alone.values.astype(np.float32), answer)
            assert LADDER[found.rung.max()] == row.contract

    def test_what_was_raised_on_an_ordinary_case_is_said(self):
        """'got nan' would send the reader the wrong way."""

        def picky(x, axis):
            if x.shape[-1] > 2:
                raise ValueError("two at most,\nplease")
            return exact(x, axis)

        result = quick(picky, ["tiny"])
        assert "got        raised ValueError: two at most, please" in text.render(result.rows, result.verdicts)

    def test_an_answer_that_follows_no_convention_is_a_finding(self):
        """softmax with +inf has no single answer, but 42 is not among them."""

        def odd(x, axis):
            shares = np.exp(x - x.max(axis, keepdims=True))
            shares = shares / shares.sum(axis, keepdims=True)
            return np.where(np.isposinf(x).any(axis, keepdims=True), np.float32(42), shares).astype(np.float32)

        result = lsecheck.check(odd, "softmax", "float32", ["specials"], "quick")
        assert result.verdicts[0].specials == "fail"
        assert any(finding.kind == "unconventional" for row in result.rows for finding in row.findings)

    def test_softmax_of_a_masked_entry_is_exactly_zero(self):
        """No bound excuses a negative probability, however small."""

        def odd(x, axis):
            shares = np.exp(x - x.max(axis, keepdims=True))
            shares = shares / shares.sum(axis, keepdims=True)
            return np.where(np.isneginf(x), np.float32(-2e-45), shares)

        result = lsecheck.check(odd, "softmax", "float32", ["masked"], "quick")
        assert result.verdicts[0].specials == "fail"

    def test_an_excess_of_1_or_less_means_kept(self):
        """Whoever gates on max_excess must not be fooled by a number that is exact in the wrong place."""
        found = lsecheck.measure("softmax", [[3.0]], np.array([[1 - 2.0**-53]]), require="faithful")
        assert LADDER[found.rung[0, 0]] == "conditioned"
        assert found.excess[0, 0] > 1

    def test_a_huge_entry_without_weight_does_not_swallow_the_condition(self):
        """[2^-600, -2^600]: K is 2^-600, not 0."""
        found = lsecheck.measure("logsumexp", [[2.0**-600, -(2.0**600)]], np.array([np.nextafter(2.0**-600, 1)]))
        assert found.condition[0, 0] == 1
        assert found.scaled[0, 0] == 1
