"""What a person reads of a gate: failures first, each with its evidence, and the count last."""

import re

import msgspec
import numpy as np
import pytest

import lsecheck
from lsecheck.gate.enforce import Gated
from lsecheck.report import failures
from lsecheck.report.gated import counted, markdown, render
from lsecheck.report.words import fenced
from lsecheck.rows import ABSENT, FAILS, Observation
from report.gates import HOSTILE, SEEN, WRONG, breach, finding, gated, real, row, unmeasured, verdict


def lines(gate):
    """What `render` writes, line by line."""
    return render(gate).splitlines()


class TestRealGate:
    """Measured and judged, then told."""

    def test_the_first_failure_is_a_finding_word_for_word(self):
        """It is what a red CI shows at the top."""
        assert lines(real())[:6] == [
            "FAIL  max-shift logsumexp float32 specials: nan where +inf is right (46 outputs; specials)",
            "float32  max-shift  x = [inf]",
            "  got        nan",
            "  should be  inf",
            "  case       specials:0:2",
            "  again      lsecheck explain max-shift -f float32 -- inf",
        ]

    def test_a_missed_contract_and_a_missed_budget_follow_with_value_limit_and_source(self):
        """Findings, contract, budget: in this order, whatever the order of the demands."""
        heads = [line for line in lines(real()) if line.startswith("FAIL")]
        assert [line.split(": ")[0] for line in heads] == [
            "FAIL  max-shift logsumexp float32 specials",
            "FAIL  max-shift logsumexp float32 specials",
            "FAIL  max-shift logsumexp float32 specials",
            "FAIL  max-shift logsumexp float32 gap",
            "FAIL  log1p-shift logsumexp float32 gap",
        ]
        assert heads[3].endswith(": keeps only shifted where conditioned is required")
        # how large depends on the processor's exp, and so does which case has the largest E
        said = r": max_ulp is 1\.\d+ where 1 is the budget(; the case is that of the largest E)?$"
        assert re.search(said, heads[4])

    def test_the_block_of_a_missed_contract_is_the_block_of_every_report(self):
        """got, should be, error, case, again: pasted into issues."""
        said = lines(real())
        start = said.index("FAIL  max-shift logsumexp float32 gap: keeps only shifted where conditioned is required")
        assert said[start + 1 : start + 7] == [
            "float32  max-shift  x = [0x0p0, -0x1.0a5bb2p4]",
            "  got        0x0p0  0",
            "  should be  0x1.f9f76ap-25  5.89022484e-08",
            "  error      1.66e+07 ulp, E = 9.51e+05   (κ 16.6: the problem is easy, the method is not)",
            "  case       gap:0:31",
            "  again      lsecheck explain max-shift -f float32 -- 0x0p0 -0x1.0a5bb2p4",
        ]

    def test_the_end_is_advice_a_note_on_the_sample_and_the_count(self):
        """A reader of the last ten lines knows what to do."""
        assert lines(real())[-4:] == [
            "improved  online logsumexp float32: max_scaled is 9.51e+05 where 1e+09 is allowed: tighten it",
            "note       383 cases, sampled: every worst is the worst found among them",
            "",
            "lsecheck: 1 passed, 2 failed, 1 improved",
        ]

    def test_every_verdict_is_in_the_table_after_the_failures(self):
        """Also those that pass, and those that answer alike: all were demanded."""
        said = render(real())
        table = said[said.index("subject  ") :]
        assert "FAIL" not in table
        for name in ("max-shift", "online", "log1p-shift"):
            assert f"\n{name}" in table

    def test_the_page_has_the_count_the_table_and_a_fenced_reproducer_for_each_failure(self):
        """$GITHUB_STEP_SUMMARY: few lines, and what to type."""
        said = markdown(real())
        assert said.startswith("## lsecheck: 1 passed, 2 failed, 1 improved\n\n|  | subject | function | format |")
        assert "| **fail** | `max-shift` | logsumexp | float32 | shifted | 1.66e+07 | 9.51e+05 | ✗ | - | - |" in said
        assert (
            "**`max-shift` logsumexp float32, gap**\n\n```text\nkeeps only shifted where conditioned is required\n"
            in said
        )
        assert said.count("```text\n") == 5
        assert said.count("  again      lsecheck explain ") == 5
        assert "* improved: `online` logsumexp float32: `max_scaled is 9.51e+05 where" in said

    def test_the_conduct_of_a_subject_that_spoils_its_input_is_evidence(self):
        """With the command that asks again; there is no number."""

        def spoils(x, axis):
            answer = lsecheck.logsumexp(x, axis)
            x[...] = 0
            return answer

        result = lsecheck.check(spoils, formats="float32", families=["conduct"], effort="quick")
        said = render(Gated(result, False))
        assert "FAIL  spoils logsumexp float32 conduct: input: x was changed by the call" in said.splitlines()
        assert "  again      lsecheck.check(your_function, 'logsumexp', 'float32', families=['conduct'])" in said

    def test_a_family_of_which_nothing_was_scored_is_named(self):
        """Waived conduct excuses the dtype, not that nothing is known: a log that names no failure would be no help."""
        result = lsecheck.check(
            lambda x: np.zeros(len(x)), formats="float32", families="gap", effort="quick", waive=["conduct"]
        )
        gate = Gated(result, False)
        assert gate.status != 0
        assert lines(gate)[0].startswith(
            "FAIL  <lambda> logsumexp float32 gap: no case of gap counted towards a contract"
        )


class TestOrder:
    """The gravest first, across verdicts."""

    def test_wrong_answers_then_findings_then_contract_budget_baseline_and_the_demands_themselves(self):
        """Whoever demanded first, a nan is read first."""
        verdicts = [
            verdict("a", "fail", breaches=[
                breach("waiver", "range", "a finding", "waiver", "", message="the waiver of range excuses nothing"),
                breach("waiver", "conduct", "a finding", "waiver", "", message="the waiver of conduct excuses nothing"),
                breach("max_ulp", 3.0, 2.0, "baseline"),
                breach("max_ulp", 3.0, 2.5, "budget"),
                breach("contract", "shifted", "conditioned", "required"),
            ]),
            verdict("b", "fail", specials="fail"),
            verdict("c", "fail", breaches=[breach("class errors", "2", "none", "always", witness=WRONG)]),
        ]  # fmt: skip
        rows = [
            row("a"),
            row("b", findings=[finding()], class_errors={"nan": 3}),
            row("c", contract="broken", class_errors={"nan": 2}),
        ]
        heads = [line for line in lines(gated(verdicts, rows)) if line.startswith("FAIL")]
        assert heads == [
            "FAIL  c logsumexp float32 gap: 2 answers of a wrong kind (nan 2) where none is allowed",
            "FAIL  b logsumexp float32 specials: nan where +inf is right (3 outputs; gap)",
            "FAIL  a logsumexp float32 gap: keeps only shifted where conditioned is required;"
            " max_ulp is 3 where 2.5 is the budget; max_ulp is 3 where 2 is what the baseline allows",
            "FAIL  a logsumexp float32: the waiver of range excuses nothing",
            "FAIL  a logsumexp float32: the waiver of conduct excuses nothing",
        ]

    def test_wrong_answers_are_told_once_though_they_miss_contract_and_baseline(self):
        """One nan, one thing to fix; and a finding of the same row is not counted among them."""
        missed = [
            breach("contract", "broken", "shifted", "required", witness=WRONG),
            breach("contract", "broken", "conditioned", "baseline", witness=WRONG),
        ]
        rows = [row(contract="broken", class_errors={"nan": 4, "raised": 1}, findings=[finding(count=3)])]
        heads = [failure.line for failure in failures.of(gated([verdict("a", "fail", breaches=missed)], rows))]
        assert heads == [
            "a logsumexp float32 gap: 2 answers of a wrong kind (nan 1, raised 1) where none is allowed,"
            " shifted is required"
        ]

    def test_a_finding_of_many_families_is_one_failure_that_names_them(self):
        """And what is waived is none."""
        rows = [row(family=name, findings=[finding(), finding("range", "infinite", "a number")]) for name in "xyz"]
        found = failures.of(gated([verdict("a", "fail", specials="fail", range="waived")], rows))
        assert [failure.line for failure in found] == [
            "a logsumexp float32 specials: nan where +inf is right (9 outputs; x, y, z)"
        ]

    def test_the_fourth_failure_of_a_kind_takes_one_line_with_its_reproducer(self):
        """Twenty families of one broken subject must not bury another subject."""
        missed = [breach("contract", "broken", "shifted", "required", family=f"family{i}") for i in range(5)]
        said = lines(gated([verdict("max-shift", "fail", breaches=missed)], []))
        assert said.count("  got        0x1p0  1") == 3
        assert said[24:28] == [
            "FAIL  max-shift logsumexp float32 family3: keeps no contract where shifted is required;"
            " got 0x1p0  1, should be 0x1p-1  0.5;"
            " again: lsecheck explain max-shift -f float32 -- 0x0p0 -0x1p4",
            "",
            "FAIL  max-shift logsumexp float32 family4: keeps no contract where shifted is required;"
            " got 0x1p0  1, should be 0x1p-1  0.5;"
            " again: lsecheck explain max-shift -f float32 -- 0x0p0 -0x1p4",
            "",
        ]

    def test_a_line_says_what_is_right_as_the_block_does(self):
        """'a number' would be no help where the number is known; where any convention is accepted there is none."""
        kinds = [("a number", "0x1p0  1"), ("any convention", "any convention"), ("+inf", "inf")]
        for expected, shown in kinds:
            seen = msgspec.structs.replace(WRONG, truth="inf") if expected == "+inf" else WRONG
            rows = [row(findings=[finding(expected=expected, witness=seen)])]
            (found,) = failures.of(gated([verdict("a", "fail", specials="fail")], rows))
            assert f"should be {shown}; again" in found.short_evidence
            assert f"  should be  {shown}\n" in found.evidence


class TestClauses:
    """Value, limit and source of each kind of breach."""

    @pytest.mark.parametrize(
        ("missed", "clause"),
        [
            (breach("contract", "broken", "shifted", "required"), "keeps no contract where shifted is required"),
            (
                breach("contract", "shifted", "conditioned", "baseline"),
                "keeps only shifted where conditioned is what the baseline allows",
            ),
            (
                breach("contract", "-", "conditioned", "baseline", witness=ABSENT),
                "keeps no contract that was measured where conditioned is what the baseline allows",
            ),
            (
                breach("max_ulp", "absent", 2.0, "baseline", message="max_ulp of gap is no longer measured"),
                "max_ulp of gap is no longer measured",
            ),
            (breach("bias_ulp", -3.0, 2.0), "bias_ulp is -3 where 2 is the budget; the case is that of the largest E"),
            (breach("max_scaled", 2.00001, 2.0), "max_scaled is 2.00001 where 2 is the budget"),
            (breach("max_scaled", 2.0000000000000004, 2.0), "max_scaled is 2.0000000000000004 where 2.0 is the budget"),
        ],
    )
    def test_a_clause_has_value_limit_and_who_set_it(self, missed, clause):
        """A number that is shown as equal to its limit would read as kept."""
        (found,) = failures.of(gated([verdict("a", "fail", breaches=[missed])], [row()]))
        assert found.said == clause
        assert found.place == "gap"


class TestRest:
    """Undecided, unmeasured, waived, loose."""

    def test_the_count_has_two_figures_always_and_the_others_where_there_are_any(self):
        """Every verdict is in one of them."""
        assert counted([]) == "lsecheck: 0 passed, 0 failed"
        assert counted([verdict()] * 11 + [verdict(status="fail")]) == "lsecheck: 11 passed, 1 failed"
        all_of_them = ["pass", "fail", "improved", "improved", "unmeasured", "undecided"]
        assert (
            counted([verdict(status=status) for status in all_of_them])
            == "lsecheck: 1 passed, 1 failed, 2 improved, 1 unmeasured, 1 undecided"
        )

    def test_undecided_and_unmeasured_stand_between_failures_and_tables(self):
        """They fail the gate too, and are no finding."""
        open_rows = [row("o", tiers={"exact": 7, "undecided": 3}), row("f", tiers={"undecided": 1})]
        verdicts = [
            unmeasured(), verdict("o", "undecided"), verdict("f", "fail", breaches=[breach()]),
            verdict("r", "undecided"),
        ]  # fmt: skip
        said = lines(gated(verdicts, open_rows))
        start = said.index(
            "UNDECIDED  o logsumexp float32: undecided cases: 3 in gap: no verdict of theirs can be trusted"
        )
        assert said[start + 1 : start + 4] == [
            "UNDECIDED  f logsumexp float32: undecided cases: 1 in gap: no verdict of theirs can be trusted",
            "UNDECIDED  r logsumexp float32: keeps conditioned",
            "UNMEASURED  u logsumexp float32: u does not claim logsumexp in float32",
        ]
        assert said[0].startswith("FAIL  f ")
        assert start < next(place for place, line in enumerate(said) if line.startswith("subject  "))
        assert said[-1] == "lsecheck: 0 passed, 1 failed, 1 unmeasured, 2 undecided"

    def test_what_is_waived_is_told_with_its_finding_and_is_no_failure(self):
        """Shown, and excused."""
        waived = verdict(
            "a", specials="waived", reason="keeps shifted; specials: nan where +inf is right (gap:0:3, 3 in all)"
        )
        said = lines(gated([waived], [row(findings=[finding()])]))
        assert (
            "waived     a logsumexp float32: keeps shifted; specials: nan where +inf is right (gap:0:3, 3 in all)"
            in said
        )
        assert not any(line.startswith("FAIL") for line in said)

    def test_with_strict_advice_says_that_it_fails(self):
        """Nothing else in the log would say why the exit status is 1."""
        loose = verdict("a", "improved", advice=["max_scaled is 2 where 50 is allowed"])
        assert "improved  a logsumexp float32: max_scaled is 2 where 50 is allowed: tighten it" in lines(
            gated([loose], [row()])
        )
        assert "LOOSE  a logsumexp float32: max_scaled is 2 where 50 is allowed: tighten it, --strict fails" in lines(
            gated([loose], [row()], strict=True)
        )
        assert "* loose: `a` logsumexp float32: " in markdown(gated([loose], [row()], strict=True))

    def test_notes_and_options_are_told(self):
        """What changes answers beside the subject."""
        said = lines(gated([verdict(options="--device cuda")], [row()], notes=["the baseline was measured elsewhere"]))
        assert "asked with --device cuda: a" in said
        assert "note       the baseline was measured elsewhere" in said

    def test_nothing_measured_says_so(self):
        """An empty gate is no pass."""
        assert "note       nothing was measured" in lines(gated([]))
        assert lines(gated([]))[-1] == "lsecheck: 0 passed, 0 failed"


class TestHostile:
    """A subject chooses its name and its messages; it must not forge a line of ours."""

    def gate(self):
        """Hostile in every place that a subject can write in."""
        seen = Observation(rule="warnings", standing=FAILS, calls=1, message=HOSTILE, witness=WRONG)
        noted = Observation(rule="state", standing="noted", calls=1, message=HOSTILE)
        rows = [row("x\n::error::y", findings=[finding(kind="raised", message=HOSTILE)], conduct=[seen, noted])]
        bad = verdict("x\n::error::y", "fail", specials="fail", conduct="fail", reason=HOSTILE)
        return gated([bad, verdict("w", "undecided", reason=HOSTILE)], rows, notes=[HOSTILE])

    def test_no_line_of_the_log_is_a_workflow_command(self):
        """GitHub obeys `::` at the start of a line, indented or not."""
        assert not [line for line in render(self.gate()).splitlines() if line.lstrip().startswith(("::", "##["))]

    def test_no_control_character_reaches_the_log(self):
        """A terminal would obey those."""
        assert all(each.isprintable() or each == "\n" for each in render(self.gate()))

    def test_a_fence_cannot_be_closed_from_inside(self):
        """CommonMark: a block ends at a line of as many ticks as it began with."""
        message = "```\n# forged\n```"
        gate = gated([verdict("a", "fail", breaches=[breach(message=message)], reason=message)], [row()])
        said = markdown(gate)
        assert "# forged" not in [line.strip() for line in said.splitlines()]
        fences = re.findall(r"(?m)^`{3,}.*$", markdown(self.gate()))
        assert len(fences) % 2 == 0
        for opening, closing in zip(fences[::2], fences[1::2], strict=True):
            assert opening == closing + "text"

    @pytest.mark.parametrize(("text", "ticks"), [("a", 3), ("``a``", 3), ("```\na\n```", 4), ("`````", 6)])
    def test_a_fence_is_longer_than_any_run_of_ticks_in_it(self, text, ticks):
        """Whatever is fenced, a fence of its own length is not in it."""
        assert fenced(text) == f"{'`' * ticks}text\n{text}\n{'`' * ticks}"

    def test_names_stand_in_code_spans_and_do_not_break_the_table(self):
        """<lambda> would be taken for a tag, and a bar for a column."""
        said = markdown(gated([verdict("<lambda>"), verdict("a|b`c")], [row()]))
        assert "| pass | `<lambda>` | logsumexp |" in said
        assert "| pass | ``a\\|b`c`` | logsumexp |" in said

    def test_a_page_shows_twenty_failures_and_says_how_many_it_leaves_out(self):
        """A summary has a limit; the log has none."""
        missed = [breach(family=f"family{i}") for i in range(33)]
        gate = gated([verdict("a", "fail", breaches=missed)], [row()])
        assert markdown(gate).count("```text") == 20
        assert "13 more failures: the log has them all." in markdown(gate)
        assert sum(line.startswith("FAIL") for line in lines(gate)) == 33


def test_the_witness_of_the_hand_made_gates_is_scored_as_it_says():
    """The two cases that these tests build on: one with a distance, one without."""
    assert (SEEN.ulp, SEEN.scaled) == (3.0, 2.0)
    assert WRONG.ulp is ABSENT
