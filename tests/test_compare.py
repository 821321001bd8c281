"""Two results: better, worse, the same, or not comparable; and nothing that got worse comes out as the same."""

import functools
import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from report.gates import WRONG, breach, finding, row, unmeasured, verdict

import lsecheck
from lsecheck import functions
from lsecheck.contracts import LADDER
from lsecheck.gate.compare import compare
from lsecheck.gate.differences import EASY, Standing, three_digits
from lsecheck.report.words import fault_or_mathematics
from lsecheck.rows import ABSENT, SCHEMA, Document, Observation, from_json

BETTER, WORSE, SAME = Standing.BETTER, Standing.WORSE, Standing.SAME
APPEARED, VANISHED, INCOMPARABLE = Standing.APPEARED, Standing.VANISHED, Standing.INCOMPARABLE


def document(*rows, verdicts=(), **environment):
    """A result file in memory."""
    return Document(schema=SCHEMA, environment=environment, rows=list(rows), verdicts=list(verdicts))


def between(old, new):
    """What became of one row."""
    (change,) = compare(document(old), document(new)).rows
    return change


def told(change):
    """Its differences, without their cases."""
    return [(one.measure, one.old, one.new, one.standing) for one in change.differences]


def of_verdicts(old, new):
    """What became of one verdict."""
    (change,) = compare(document(verdicts=[old]), document(verdicts=[new])).verdicts
    return change


def rule(standing, name="repeat", **more):
    """What became of a rule of conduct."""
    return Observation(rule=name, standing=standing, calls=4, **more)


@functools.cache
def real(subject="max-shift", families=("gap", "specials", "conduct")):
    """A result as it is read from a file."""
    result = lsecheck.check(subject, formats="float32", families=families, effort="quick")
    return from_json(result.to_json().replace(f'"{subject}"', '"ours"'))


class TestRealResults:
    """Measured, written, read, compared."""

    def test_a_result_is_the_same_as_itself(self):
        """Nothing got better, nothing worse, status 0."""
        found = compare(real(), real())
        assert {change.standing for change in (*found.rows, *found.verdicts)} == {SAME}
        assert (found.status, found.notes) == (0, ())
        assert found.count(SAME) == 3

    def test_a_method_in_place_of_another_is_worse_where_it_is_and_better_the_other_way(self):
        """log1p-shift against max-shift on the gap: the contract, E, and the errors."""
        worse = compare(real("log1p-shift"), real("max-shift"))
        better = compare(real("max-shift"), real("log1p-shift"))
        assert (worse.status, {change.family: change.standing for change in worse.rows}["gap"]) == (1, WORSE)
        assert {change.family: change.standing for change in better.rows}["gap"] is BETTER
        (gap,) = (change for change in worse.rows if change.family == "gap")
        assert [one.measure for one in gap.differences] == ["contract", "mean_ulp", "max_ulp", "max_scaled"]
        assert {one.seen.case for one in gap.differences} == {"gap:0:31"}
        (of_subject,) = worse.verdicts
        assert told(of_subject)[:2] == [("status", "pass", "fail", WORSE), ("specials", "pass", "fail", WORSE)]

    def test_a_family_that_is_asked_no_more_has_vanished_and_a_new_one_appeared(self):
        """A row that is gone may be the one that failed."""
        fewer = real(families=("gap",))
        assert compare(real(), fewer).count(VANISHED) == 2
        assert compare(real(), fewer).status == 1
        assert compare(fewer, real()).count(APPEARED) == 2
        assert {change.standing for change in compare(fewer, real()).rows} == {SAME, APPEARED}

    def test_another_seed_is_other_inputs_and_not_comparable(self):
        """Better numbers on other cases are no progress."""
        other = lsecheck.check("max-shift", formats="float32", families=["ordinary"], effort="quick", seed=1)
        found = compare(real(families=("ordinary",)), from_json(other.to_json().replace('"max-shift"', '"ours"')))
        assert [change.standing for change in found.rows] == [INCOMPARABLE]
        assert found.status == 1

    def test_the_largest_error_in_ulps_is_at_most_one_plus_the_condition_times_e(self):
        """The rule of `max_ulp` rests on it; checked on every case of families that are near 0."""
        import numpy as np

        from lsecheck.formats import named
        from lsecheck.inputs import cases

        for name in ("gap", "near-zero", "ordinary", "tiny"):
            for batch in cases.batches(name, functions.named("logsumexp"), named("float32"), "quick", 0):
                values = batch.values.astype(np.float32)
                with np.errstate(all="ignore"):
                    top = values.max(-1)
                    answers = top + np.log(np.exp(values - top[:, None]).sum(-1))
                found = lsecheck.measure("logsumexp", values, answers.astype(np.float32))
                scored = np.isfinite(found.ulp) & np.isfinite(found.condition)
                bound = (1 + found.condition) * found.scaled * (1 + 2.0**-20)
                assert (found.ulp <= bound)[scored].all()


class TestNumbers:
    """Three digits, both ways."""

    @pytest.mark.parametrize("measure", ["max_scaled", "mean_ulp", "max_ulp"])
    @pytest.mark.parametrize(
        ("old", "new", "standing"),
        [
            (1.0, 1.0, SAME), (1.0, 1.004, SAME), (1.004, 1.0, SAME), (1.0, 1.01, WORSE), (1.01, 1.0, BETTER),
            (0.0, 1e-300, WORSE), (1e-300, 0.0, BETTER), (0.0, 0.0, SAME), (9.994, 10.0, WORSE), (0.5, 0.501, WORSE),
        ],
    )  # fmt: skip
    def test_larger_at_three_digits_is_worse(self, measure, old, new, standing):
        """As shown, so compared: a line that says 1.01 became 1.01 would be no line."""
        change = between(row(**{measure: old}), row(**{measure: new}))
        assert change.standing is standing
        assert told(change) == ([] if standing is SAME else [(measure, old, new, standing)])

    @pytest.mark.parametrize("measure", ["contract", "max_scaled", "mean_ulp", "max_ulp"])
    def test_a_number_that_is_no_longer_there_is_worse_and_one_that_is_there_again_better(self, measure):
        """Absence is how nan looks in a file."""
        absent = row(**{measure: ABSENT})
        assert between(row(), absent).standing is WORSE
        assert told(between(row(), absent)) == [(measure, getattr(row(), measure), ABSENT, WORSE)]
        assert between(absent, row()).standing is BETTER
        assert between(absent, absent).standing is SAME

    def test_not_a_number_is_worse_than_any(self):
        """It cannot be in a file; a comparison turned round would still pass it."""
        assert between(row(), row(max_scaled=float("nan"))).standing is WORSE
        assert between(row(max_scaled=float("nan")), row()).standing is WORSE

    def test_max_ulp_is_shown_and_decides_nothing_where_it_proves_an_ill_conditioned_case(self):
        """5000 ulps with E = 2: near 0, where one rounding of an intermediate is as much."""
        old, new = row(max_ulp=5000.0), row(max_ulp=9000.0)
        assert between(old, new).standing is SAME
        assert told(between(old, new)) == [("max_ulp", 5000.0, 9000.0, SAME)]
        assert between(row(max_ulp=1.0), new).standing is SAME

    def test_max_ulp_decides_as_long_as_the_case_may_be_an_easy_one(self):
        """The quotient is a lower bound of 1 + κ: up to the limit nothing is proved, and nothing excused."""
        limit = (1 + EASY) * 2.0
        assert between(row(max_ulp=1.0), row(max_ulp=limit)).standing is WORSE
        assert between(row(max_ulp=1.0), row(max_ulp=limit * 1.001)).standing is SAME
        assert between(row(max_ulp=1.0, max_scaled=1.0), row(max_ulp=3e3, max_scaled=2.0)).standing is WORSE

    def test_what_is_easy_is_what_reports_call_easy(self):
        """One limit, wherever it is said."""
        assert "the problem is easy" in fault_or_mathematics(9.0, EASY * 0.999)
        assert "a hard problem" in fault_or_mathematics(9.0, EASY)


class TestContracts:
    """The ladder."""

    @pytest.mark.parametrize(("strong", "weak"), list(itertools.pairwise(LADDER)))
    def test_a_weaker_rung_is_worse_and_a_stronger_better(self, strong, weak):
        """Each step of it."""
        assert told(between(row(contract=str(strong)), row(contract=str(weak)))) == [
            ("contract", str(strong), str(weak), WORSE)
        ]
        assert between(row(contract=str(weak)), row(contract=str(strong))).standing is BETTER

    def test_a_contract_that_nobody_knows_is_no_progress(self):
        """A file of a later lsecheck may have one."""
        assert between(row(contract="broken"), row(contract="novel")).standing is WORSE
        assert between(row(contract="other"), row(contract="novel")).standing is WORSE


class TestKinds:
    """Wrong answers, findings judged apart, undecided cases."""

    def test_more_wrong_answers_of_any_kind_are_worse_though_there_are_fewer_of_another(self):
        """One nan for three exceptions is no progress that can be booked in silence."""
        old, new = row(class_errors={"raised": 3}), row(class_errors={"nan": 1})
        assert told(between(old, new)) == [
            ("nan in ordinary cases", 0, 1, WORSE),
            ("raised in ordinary cases", 3, 0, BETTER),
        ]
        assert between(old, new).standing is WORSE
        assert between(old, row(class_errors={"raised": 2})).standing is BETTER

    def test_a_domain_that_newly_fails_is_worse_and_its_case_is_the_witness(self):
        """Judged apart, compared apart."""
        change = between(row(), row(findings=[finding()], class_errors={"nan": 3}))
        assert told(change) == [("specials: nan where +inf is right", 0, 3, WORSE)]
        assert change.differences[0].seen == WRONG
        back = between(row(findings=[finding()], class_errors={"nan": 3}), row())
        assert told(back) == [("specials: nan where +inf is right", 3, 0, BETTER)]

    def test_wrong_answers_that_move_from_special_to_ordinary_cases_are_worse(self):
        """The total is the same."""
        old = row(findings=[finding(count=3)], class_errors={"nan": 3})
        new = row(findings=[finding(count=2)], class_errors={"nan": 3})
        assert between(old, new).standing is WORSE
        assert between(new, old).standing is WORSE

    def test_inaccurate_sums_are_findings_too(self):
        """They are no class errors."""
        old, new = (row(findings=[finding("range", "inaccurate", "a number", count)]) for count in (2, 3))
        assert between(old, new).standing is WORSE
        assert between(new, old).standing is BETTER

    def test_more_undecided_cases_are_worse(self):
        """What nobody knows has no error."""
        new = row(cases=9, tiers={"exact": 9, "undecided": 1}, domains={"ordinary": 9})
        assert told(between(row(), new)) == [("undecided cases", 0, 1, WORSE)]
        assert between(new, row()).standing is BETTER

    @pytest.mark.parametrize(
        ("old", "new", "standing"),
        [
            ("holds", "noted", WORSE), ("holds", "fails", WORSE), ("noted", "fails", WORSE), ("fails", "noted", BETTER),
            ("noted", "holds", BETTER), ("holds", "holds", SAME), ("holds", "novel", WORSE),
        ],
    )  # fmt: skip
    def test_a_rule_of_conduct_that_holds_less_is_worse(self, old, new, standing):
        """holds, noted, fails: in this order."""
        assert between(row(conduct=[rule(old)]), row(conduct=[rule(new)])).standing is standing

    def test_a_rule_that_is_asked_no_more_is_worse_and_a_new_one_decides_only_where_it_fails(self):
        """Not asking is the easiest way to hold."""
        assert told(between(row(conduct=[rule("holds")]), row())) == [("conduct: repeat", "holds", "not asked", WORSE)]
        assert between(row(), row(conduct=[rule("holds")])).standing is SAME
        assert between(row(), row(conduct=[rule("noted")])).standing is SAME
        assert between(row(), row(conduct=[rule("fails", witness=WRONG)])).standing is WORSE


class TestComparable:
    """Asked the same, or not compared at all."""

    @pytest.mark.parametrize(
        ("new", "measure"),
        [
            (row(inputs_sha256="1" * 64), "inputs"),
            (row(options="--base 2"), "declared"),
            (row(options="--device cpu --flushes-subnormals"), "declared"),
            (row(options="--nan ignored"), "declared"),
            (row(cases=9), "cases"),
            (row(domains={"ordinary": 9, "range": 1}), "domains"),
        ],
    )
    def test_other_inputs_or_another_truth_are_not_comparable_however_good_the_numbers(self, new, measure):
        """Fewer cases, other cases, another base: a smaller maximum means nothing."""
        change = between(row(), msgspec.structs.replace(new, max_scaled=0.5))
        assert change.standing is INCOMPARABLE
        assert [one.measure for one in change.differences] == [measure]
        assert compare(document(row()), document(new)).status == 1

    def test_options_that_change_no_truth_are_a_note(self):
        """cpu against cuda is what one wants to compare."""
        found = compare(document(row()), document(row(options="--device cuda")))
        assert [change.standing for change in found.rows] == [SAME]
        assert found.notes == ("a was asked with no options, is with --device cuda: answers may change with it",)

    def test_other_versions_and_another_dispatch_are_notes(self):
        """They explain, and excuse nothing."""
        old = document(row(), numpy="2.0", numpy_simd="X86_V3", python="3.12")
        new = document(row(), numpy="2.1", numpy_simd="X86_V4", python="3.12")
        found = compare(old, new)
        assert found.notes == (
            "numpy was 2.0, is 2.1: answers may change with it",
            "numpy_simd was X86_V3, is X86_V4: answers may change with it",
        )
        assert found.status == 0

    def test_the_key_is_function_subject_format_and_family(self):
        """A row that differs in any of them is another."""
        for other in (row("b"), row(family="tiny"), row(function="softmax"), row(format="float16")):
            found = compare(document(row()), document(other))
            assert sorted(change.standing for change in found.rows) == [APPEARED, VANISHED]

    def test_rows_of_one_key_are_told_apart_by_their_inputs(self):
        """Several files of logits are all called given."""
        first, second = row(family="given", inputs_sha256="1"), row(family="given", inputs_sha256="2", max_scaled=9.0)
        assert {change.standing for change in compare(document(first, second), document(second, first)).rows} == {SAME}
        found = compare(document(first, second), document(second))
        assert sorted(change.standing for change in found.rows) == [SAME, VANISHED]
        found = compare(document(first), document(row(family="given", inputs_sha256="3"), second))
        assert sorted(change.standing for change in found.rows) == [APPEARED, INCOMPARABLE]

    def test_bits_that_moved_are_a_note_and_figures_that_moved_without_them_too(self):
        """The one is a change of the subject that no figure shows, the other a change of lsecheck."""
        quiet = compare(document(row()), document(row(answers_sha256="b")))
        assert quiet.notes == ("1 row the same at three digits, with answers that differ in some bits",)
        moved = compare(document(row()), document(row(max_scaled=9.0)))
        assert moved.notes == ("1 row changed in figures and in no bit of an answer: lsecheck measures otherwise",)
        assert compare(document(row()), document(row(max_scaled=9.0, answers_sha256="b"))).notes == ()
        assert compare(document(row(answers_sha256="")), document(row(max_scaled=9.0, answers_sha256=""))).notes == ()


class TestVerdicts:
    """What rows do not know: demands, waivers, verdicts."""

    @pytest.mark.parametrize(
        ("old", "new", "standing"),
        [
            ("pass", "fail", WORSE), ("fail", "pass", BETTER), ("pass", "improved", SAME), ("improved", "pass", SAME),
            ("improved", "fail", WORSE), ("pass", "unmeasured", WORSE), ("unmeasured", "pass", BETTER),
            ("fail", "unmeasured", WORSE), ("fail", "undecided", WORSE), ("undecided", "fail", WORSE),
            ("undecided", "pass", BETTER), ("unmeasured", "undecided", WORSE), ("unmeasured", "fail", WORSE),
            ("pass", "novel", WORSE), ("fail", "novel", WORSE),
        ],
    )  # fmt: skip
    def test_a_status_that_says_less_or_worse_is_worse(self, old, new, standing):
        """A failure that is no longer measured is not mended."""
        assert of_verdicts(verdict(status=old), verdict(status=new)).standing is standing

    @pytest.mark.parametrize("domain", ["specials", "range", "conduct"])
    @pytest.mark.parametrize(
        ("old", "new", "standing"),
        [
            ("pass", "fail", WORSE), ("pass", "waived", WORSE), ("waived", "fail", WORSE), ("fail", "waived", BETTER),
            ("waived", "pass", BETTER), ("fail", "unmeasured", WORSE), ("waived", "unmeasured", WORSE),
            ("unmeasured", "pass", BETTER), ("unmeasured", "waived", WORSE), ("waived", "waived", SAME),
        ],
    )  # fmt: skip
    def test_waived_is_worse_than_a_pass_and_better_than_a_failure(self, domain, old, new, standing):
        """A waiver has to be seen when it comes and when it goes."""
        change = of_verdicts(verdict(**{domain: old}), verdict(**{domain: new}))
        assert change.standing is standing
        assert told(change) == ([] if standing is SAME else [(domain, old, new, standing)])

    def test_another_requirement_is_shown_and_decides_nothing(self):
        """What it makes fail does."""
        change = of_verdicts(verdict(), verdict(required="conditioned"))
        assert (change.standing, told(change)) == (SAME, [("required", "shifted", "conditioned", SAME)])

    def test_a_demand_that_is_newly_missed_is_worse_where_it_failed_before(self):
        """fail stays fail, and the rows are the same: a budget was tightened."""
        old, new = (
            verdict(status="fail", breaches=[breach()]),
            verdict(status="fail", breaches=[breach(), breach("max_scaled", 2.0, 1.5)]),
        )
        assert told(of_verdicts(old, new)) == [("budget: max_scaled of gap", "met", "2 where 1.5 is allowed", WORSE)]
        assert of_verdicts(new, old).standing is BETTER

    def test_failing_on_every_case_is_worse_than_failing(self):
        """Both are called fail."""
        some, all_of_them = verdict(status="fail"), verdict(status="fail", failed_throughout=True)
        assert told(of_verdicts(some, all_of_them)) == [("cases answered", "some", "none", WORSE)]
        assert of_verdicts(all_of_them, some).standing is BETTER

    def test_a_verdict_that_is_gone_has_vanished_even_if_it_was_unmeasured(self):
        """It has no rows that could vanish."""
        found = compare(document(row(), verdicts=[unmeasured()]), document(row()))
        assert [change.standing for change in found.verdicts] == [VANISHED]
        assert found.status == 1


class TestStatus:
    """0, 1, 5."""

    def test_better_the_same_and_appeared_are_0(self):
        """Nothing to look into."""
        assert compare(document(row()), document(row(max_scaled=1.0), row("b"))).status == 0

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (document(row()), document(row(max_scaled=9.0))),
            (document(row(), row("b")), document(row())),
            (document(row(), row("b")), document(row(), row("b", inputs_sha256="1"))),
            (document(row(), verdicts=[verdict()]), document(row(), verdicts=[verdict(status="fail")])),
            (document(row()), document()),
        ],
    )
    def test_worse_vanished_and_not_comparable_are_1(self, old, new):
        """Whatever else got better."""
        assert compare(old, new).status == 1

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (document(), document()),
            (document(), document(row())),
            (document(verdicts=[unmeasured()]), document(verdicts=[unmeasured()])),
        ],
    )
    def test_nothing_compared_is_5(self, old, new):
        """An empty comparison is no pass."""
        assert compare(old, new).status == 5


class TestOrder:
    """The worst first."""

    def test_rows_stand_from_the_worst_to_the_same(self):
        """Worse by gravity and size, then what cannot be compared, what is gone, what is new, what got better."""
        old = [row(name) for name in "abcdefgh"] + [row("z")]
        new = [
            row("a"), row("b", max_scaled=1.0), row("c", inputs_sha256="1"), row("d", max_scaled=3.0),
            row("e", max_scaled=30.0), row("f", contract="broken"), row("g", class_errors={"nan": 1}),
            row("h", max_scaled=ABSENT), row("n"),
        ]  # fmt: skip
        assert [change.subject for change in compare(document(*old), document(*new)).rows] == [*"hgfedczn", "b", "a"]

    def test_the_order_does_not_depend_on_that_of_the_files(self):
        """But for what is equally grave."""
        old, new = [row("a"), row("b")], [row("a", max_scaled=3.0), row("b", max_scaled=30.0)]
        found = [compare(document(*old), document(*rows)).rows for rows in (new, new[::-1])]
        assert found[0] == found[1]


MEASURES = st.sampled_from([0.0, 1e-9, 0.5, 0.501, 1.0, 1.004, 1.006, 2.0, 1e5, 1e300]) | st.just(ABSENT)
COUNTS = st.dictionaries(st.sampled_from(["nan", "raised", "infinite"]), st.integers(1, 3))
STANDINGS = st.dictionaries(st.sampled_from(["repeat", "axis"]), st.sampled_from(["holds", "noted", "fails"]))
FIELDS = st.fixed_dictionaries({
    "max_scaled": MEASURES, "mean_ulp": MEASURES, "max_ulp": MEASURES, "counts": COUNTS, "rules": STANDINGS,
    "contract": st.sampled_from([*map(str, LADDER), ABSENT]),
    "found": st.dictionaries(st.sampled_from(["specials", "range"]), st.integers(1, 3)),
})  # fmt: skip


def drawn(fields):
    """A row of such fields."""
    plain = {name: fields[name] for name in ("max_scaled", "mean_ulp", "max_ulp", "contract")}
    return row(
        **plain,
        class_errors=fields["counts"],
        findings=[finding(domain, "inaccurate", "a number", count) for domain, count in fields["found"].items()],
        conduct=[rule(standing, name) for name, standing in fields["rules"].items()],
    )


def got_worse(old, new):
    """The same said otherwise: names of what is worse in `new`, field by field."""
    worse = [
        name for name in ("max_scaled", "mean_ulp", "max_ulp")
        if old[name] is not ABSENT and (new[name] is ABSENT or three_digits(new[name]) > three_digits(old[name]))
    ]  # fmt: skip
    ladder = [*map(str, LADDER)]
    if old["contract"] is not ABSENT and (
        new["contract"] is ABSENT or ladder.index(new["contract"]) > ladder.index(old["contract"])
    ):
        worse.append("contract")
    for name in ("counts", "found"):
        worse += [kind for kind, count in new[name].items() if count > old[name].get(kind, 0)]
    order = ["holds", "noted", "fails"]
    for name in {*old["rules"], *new["rules"]}:
        was, now = old["rules"].get(name), new["rules"].get(name)
        if now is None or (was is None and now == "fails") or (was and order.index(now) > order.index(was)):
            worse.append(name)
    return worse


def excused(old, new):
    """Whether max_ulp is excused: either of the two proves a case with κ above 1000."""
    return any(
        each["max_ulp"] is not ABSENT and each["max_scaled"] is not ABSENT
        and each["max_ulp"] > 1001 * each["max_scaled"] for each in (old, new)
    )  # fmt: skip


@given(FIELDS, FIELDS)
def test_nothing_that_got_worse_comes_out_as_the_same_or_better(old, new):
    """The law of the comparison, against a second wording of it; and what is worse is always named."""
    change, worse = between(drawn(old), drawn(new)), got_worse(old, new)
    if worse == ["max_ulp"] and excused(old, new) and new["max_ulp"] is not ABSENT:
        assert change.standing in (SAME, BETTER)
        assert "max_ulp" in [one.measure for one in change.differences]
    elif worse:
        assert change.standing is WORSE
    else:
        assert change.standing is not WORSE


@given(FIELDS, FIELDS)
def test_better_one_way_is_worse_the_other_and_the_same_is_the_same_both_ways(old, new):
    """But for a rule that is newly asked, which is no progress, and is worse to lose."""
    there, back = between(drawn(old), drawn(new)).standing, between(drawn(new), drawn(old)).standing
    if there is BETTER:
        assert back is WORSE
    if there is SAME and old["rules"].keys() == new["rules"].keys():
        assert back is SAME


@given(FIELDS)
def test_a_row_is_the_same_as_itself(fields):
    """Whatever is in it."""
    assert told(between(drawn(fields), drawn(fields))) == []
