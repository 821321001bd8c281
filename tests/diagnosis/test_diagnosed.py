"""A diagnosis in lines: causes, fixes, and honestly nothing where nothing is known."""

from lsecheck.diagnosis import Cause, Count, Diagnosis
from lsecheck.report.diagnosed import lines

CAUSE = Cause(kind="ratio", statement="answer / truth is 1.4427", fix="multiply by ln 2", confidence=Count(8, 9))


def test_a_cause_stands_above_its_fix():
    """Each on a line of its own, as the rest of a finding."""
    told = lines(Diagnosis(causes=[CAUSE], probes=9, broken=8))
    assert told == ["cause      answer / truth is 1.4427", "fix        multiply by ln 2"]


def test_a_cause_without_a_fix_has_no_line_for_one():
    """Nobody knows, so nothing is said."""
    cause = Cause(kind="length", statement="wrong at odd n", confidence=Count(5, 5))
    assert lines(Diagnosis(causes=[cause], probes=9, broken=8)) == ["cause      wrong at odd n"]


def test_an_unknown_cause_is_said_to_be_unknown():
    """And what there was no time for is named."""
    assert lines(Diagnosis(causes=[], probes=0, broken=0, skipped=["lengths", "places"])) == [
        "cause      unknown: the wrong answers match no known method, fault, ratio or threshold",
        "not tried  lengths, places: the time was over",
    ]


def test_what_a_subject_raised_cannot_look_like_another_line():
    """A statement quotes it."""
    cause = Cause(kind="lost", statement="raises: a\nfix        b", confidence=Count(1, 1))
    assert len(lines(Diagnosis(causes=[cause], probes=1, broken=1))) == 1
