"""Annotations: GitHub's workflow commands, escaped as its runner reads them back."""

import re

import msgspec
import pytest

from lsecheck.report.github import annotations
from lsecheck.rows import ABSENT
from report.gates import HOSTILE, SEEN, breach, finding, gated, real, row, unmeasured, verdict

#: as actions/runner parses a command: the line, then properties, then unescaping
COMMAND = re.compile(r"::(?P<level>error|notice|warning) title=(?P<title>[^:,\r\n]*)::(?P<message>[^\r\n]*)")


def read(line):
    """(level, title, message) as GitHub shows them."""
    found = COMMAND.fullmatch(line)
    assert found, line
    title = found["title"].replace("%3A", ":").replace("%2C", ",")
    unescaped = (
        text.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%") for text in (title, found["message"])
    )
    return found["level"], *unescaped


def levels(gate, **more):
    """The level of each line."""
    return [read(line)[0] for line in annotations(gate, **more)]


def test_a_real_gate_is_annotated_a_verdict_a_line_with_its_gravest_evidence():
    """Findings first; the message is what a reader needs without the log."""
    found = [read(line) for line in annotations(real())]
    assert [each[:2] for each in found] == [
        ("error", "max-shift logsumexp float32"),
        ("error", "log1p-shift logsumexp float32"),
        ("notice", "online logsumexp float32"),
    ]
    said = found[0][2].splitlines()
    assert said[0] == "specials: nan where +inf is right (46 outputs; specials)"
    assert said[3:6] == ["and 1 more failure", "float32  max-shift  x = [inf]", "  got        nan"]
    assert said[-1] == "  again      lsecheck explain max-shift -f float32 -- inf"
    assert found[2][2] == "max_scaled is 9.51e+05 where 1e+09 is allowed: tighten it"


def test_the_line_of_a_missed_budget_word_for_word():
    """As the runner receives it."""
    gate = gated([verdict("a", "fail", breaches=[breach(witness=ABSENT)])], [row()])
    assert annotations(gate) == ["::error title=a logsumexp float32::gap: max_ulp is 3 where 2 is the budget"]


@pytest.mark.parametrize("hostile", [HOSTILE, "%0A::error::", "a:b,c::d", "\r\n", "100%", "%25"])
def test_whatever_a_subject_says_stays_inside_its_annotation(hostile):
    """One line of ours is one command, and what GitHub shows is what was said, on one line."""
    rows = [row(f"s{hostile}", findings=[finding(kind="raised", message=hostile)])]
    verdicts = [verdict(f"s{hostile}", "fail", specials="fail"), verdict("w", "undecided", reason=hostile)]
    lines = annotations(gated(verdicts, rows, notes=[hostile]))
    assert len(lines) == 3
    plain = " ".join("".join(c if c.isprintable() else " " for c in hostile).split())
    for line, title in zip(lines, (f"s{plain} logsumexp float32", "w logsumexp float32", "lsecheck"), strict=True):
        assert "\n" not in line
        assert "\r" not in line
        assert read(line)[1] == title
        assert plain in read(line)[2]


def test_line_breaks_in_the_evidence_are_escaped_one_by_one():
    """The runner ends a line at either; an address is as it stands in a file."""
    seen = msgspec.structs.replace(SEEN, case="x\r:0:\n1")
    (line,) = annotations(gated([verdict("a", "fail", breaches=[breach(witness=seen)])], [row()]))
    assert "  case       x%0D:0:%0A1%0A" in line
    assert read(line)[0] == "error"


def test_at_most_ten_and_the_last_says_how_many_it_leaves_out():
    """GitHub drops the eleventh in silence."""
    failing = [verdict(f"s{i}", "fail", breaches=[breach()]) for i in range(14)]
    loose = [verdict("loose", "improved", advice=["max_ulp is 1 where 9 is allowed"])]
    lines = annotations(gated([*loose, *failing]))
    assert len(lines) == 10
    assert read(lines[-1]) == ("error", "lsecheck", "6 more: the log has them all")
    assert [read(line)[1] for line in lines[:9]] == [f"s{i} logsumexp float32" for i in range(9)]
    assert len(annotations(gated(failing[:10]))) == 10
    assert "more: the log" not in annotations(gated(failing[:10]))[-1]
    assert [read(line)[2] for line in annotations(gated(failing), most=1)] == ["14 more: the log has them all"]


def test_left_out_advice_alone_is_a_notice_and_left_out_failures_are_an_error():
    """The last line must not make a passing gate look red, nor a failing one green."""
    loose = [verdict(f"s{i}", "improved", advice=["max_ulp is 1 where 9 is allowed"]) for i in range(14)]
    assert levels(gated(loose)) == ["notice"] * 10
    assert levels(gated([*loose, unmeasured()]))[0] == "error"
    assert levels(gated([unmeasured(f"u{i}") for i in range(14)])) == ["error"] * 10


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    "verdicts",
    [
        [], [verdict()], [unmeasured()], [verdict(status="undecided")], [verdict(status="fail")],
        [verdict(status="fail", failed_throughout=True)], [verdict(), verdict("b", "improved", advice=["x"])],
        [verdict(), unmeasured()], [verdict(specials="waived")],
    ],
)  # fmt: skip
def test_there_is_an_error_exactly_where_the_gate_fails(verdicts, strict):
    """A red run without an annotation sends its reader into the log; a green one with an error misleads."""
    gate = gated(verdicts, strict=strict)
    assert ("error" in levels(gate)) == (gate.status != 0)


def test_notes_are_notices_and_stand_last():
    """A baseline of another processor explains, and is no failure."""
    gate = gated([verdict("a", "fail", breaches=[breach()])], [row()], notes=["the baseline was measured elsewhere"])
    assert [read(line)[0] for line in annotations(gate)] == ["error", "notice"]
    assert read(annotations(gate)[-1])[2] == "the baseline was measured elsewhere"


def test_a_failing_verdict_with_undecided_cases_is_annotated_once():
    """Two errors for one verdict would cost another verdict its place."""
    gate = gated([verdict("a", "fail", breaches=[breach()])], [row(tiers={"undecided": 2})])
    assert levels(gate) == ["error"]
