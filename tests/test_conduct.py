"""conduct: every bad habit is reported under its own name, and honest code under none."""

import numpy as np
import pytest
from quality.ill_behaved import ILL_BEHAVED, good
from quality.streams import SUMS, Lse

import lsecheck
from lsecheck import functions
from lsecheck.conduct import NOTICED, RULES
from lsecheck.formats import FORMATS
from lsecheck.report import text
from lsecheck.rows import FAILS, HOLDS, NOTED

HABITS = [(rule, subject) for rule, subjects in ILL_BEHAVED.items() for subject in subjects]
#: rules whose breach is a fact and no failure
FACTS = {"warnings", "repeat", "alone", "permutation", "read-only"}
#: what else shows where a habit shows
CONSEQUENCES = {"input": {"read-only"}, "axis": {"1-d"}, "repeat": set(RULES)}


def behaved(subject, function="logsumexp", fmt="float32", **options):
    """What was observed of a subject, by rule, and the verdict."""
    result = lsecheck.check(subject, function, fmt, "conduct", "quick", **options)
    (row,) = result.rows
    return {seen.rule: seen for seen in row.conduct}, result


@pytest.mark.parametrize(("rule", "subject"), HABITS, ids=[f"{rule}-{subject.__name__}" for rule, subject in HABITS])
def test_every_bad_habit_is_reported_under_its_own_name(rule, subject):
    """A finding under another rule sends its reader to the wrong place."""
    seen, result = behaved(subject)
    (verdict,) = result.verdicts
    if rule in ("dtype", "shape"):
        assert {finding.kind for finding in result.rows[0].findings} == {rule}
        assert verdict.conduct == "fail"
        return
    assert seen[rule].standing == (NOTED if rule in FACTS else FAILS)
    others = {name for name, one in seen.items() if one.standing == FAILS} - {rule}
    assert others <= CONSEQUENCES.get(rule, set())
    assert verdict.conduct == ("pass" if rule in FACTS else "fail")
    assert result.status == (0 if rule in FACTS else 1)
    said = text.render(result.rows, result.verdicts)
    assert rule in said


def test_there_is_a_bad_habit_for_every_rule():
    """A rule that nobody has been seen to break may check nothing."""
    assert set(ILL_BEHAVED) == set(RULES) | set(NOTICED) | {"dtype", "shape"}


@pytest.mark.parametrize("fmt", ["float16", "float32", "float64"])
def test_what_the_habits_are_added_to_holds_every_rule(fmt):
    """No false alarm: otherwise finding a habit would prove nothing."""
    seen, result = behaved(good, fmt=fmt)
    assert {name: one.message for name, one in seen.items() if one.standing != HOLDS} == {}
    assert set(seen) == (set(RULES) | set(NOTICED)) - {"chunks"}
    assert result.verdicts[0].conduct == "pass"


@pytest.mark.parametrize("stream", [SUMS, Lse], ids=["sums", "lse"])
@pytest.mark.parametrize("fmt", FORMATS)
def test_an_honest_stream_may_be_fed_in_any_way(stream, fmt):
    """Nor does it matter to the other rules that it is one; its last bits may, in float64, where it computes: on some
    processors."""
    seen, result = behaved(stream, fmt=fmt)
    assert {name: one.message for name, one in seen.items() if one.standing == FAILS} == {}
    assert seen["chunks"].calls >= 60
    assert seen["chunks"].standing == HOLDS or fmt == "float64"
    assert result.verdicts[0].conduct == "pass"
    assert {"axis", "integer", "keepdims"}.isdisjoint(seen)


def test_how_a_stream_was_fed_is_said_as_it_is_typed():
    """The finding is seen again with --plan."""
    seen, _ = behaved(ILL_BEHAVED["chunks"][0])
    assert seen["chunks"].message == "fed an empty part merged last, --plan '(8 0)': -inf, plainly asked 0x1.006216p2"


@pytest.mark.parametrize("function", functions.FUNCTIONS)
@pytest.mark.parametrize("subject", ["max-shift", "log1p-shift", "scipy", "onnxruntime", "numpy.logaddexp"])
def test_honest_subjects_are_not_flagged_for_any_function(subject, function):
    """Summation in another order is no misconduct."""
    for library in {"scipy": ["scipy"], "onnxruntime": ["onnx", "onnxruntime"]}.get(subject, []):
        pytest.importorskip(library, reason=f"pip install 'lsecheck[{subject}]'")
    result = lsecheck.check(subject, function, "float32", "conduct", "quick")
    if result.verdicts[0].status == "unmeasured":
        assert not result.rows
        return
    assert [(seen.rule, seen.message) for seen in result.rows[0].conduct if seen.standing == FAILS] == []
    assert len(result.rows[0].conduct) >= 10


def test_a_difference_in_bits_is_noted_with_its_size():
    """One ulp of the last place, and from which call."""
    subject = ILL_BEHAVED["alone"][0]
    seen, _ = behaved(subject)
    assert seen["alone"].ulp == pytest.approx(1.0)
    assert seen["alone"].message.startswith("row 0 alone: 0x")
    assert "plainly asked 0x" in seen["alone"].message


def test_a_misconduct_names_the_case_and_what_was_seen():
    """The line must be enough to see it again."""
    _, result = behaved(ILL_BEHAVED["input"][0])
    said = text.render(result.rows, result.verdicts)
    assert "in_place  conduct: input" in said
    assert "seen       x was changed by the call" in said
    assert "case       conduct:0:0" in said


def test_waived_conduct_is_shown_and_no_failure():
    """As specials and range are."""
    _, result = behaved(ILL_BEHAVED["input"][0], waive=["conduct"])
    assert (result.status, result.verdicts[0].conduct) == (0, "waived")


def test_a_subject_that_does_not_repeat_itself_is_not_accused_of_reading_its_neighbours():
    """Any difference would be taken for theirs."""
    seen, _ = behaved(ILL_BEHAVED["repeat"][0])
    assert seen["repeat"].standing == NOTED
    assert seen["neighbours"].standing == NOTED


def test_what_a_subject_changed_is_put_back():
    """The next subject must not be measured in its state."""
    before = np.geterr()
    for subject in ILL_BEHAVED["state"]:
        seen, _ = behaved(subject)
        assert seen["state"].standing == FAILS
    assert np.geterr() == before
    assert 1.0 + 2.0**-53 == 1.0


def test_integers_answered_in_integers_are_noted_and_no_failure():
    """A function for floats, handed integers, is asked for what it never promised."""

    def floats_only(x):
        return good(x.astype(float)).astype(x.dtype)

    seen, result = behaved(floats_only)
    assert (seen["integer"].standing, seen["integer"].message) == (NOTED, "integers are answered in int64")
    assert result.status == 0


def test_a_layout_that_is_refused_is_noted():
    """Asking for contiguous memory is honest."""

    def picky(x, axis=-1, keepdims=False):
        if not x.flags.c_contiguous:
            raise ValueError("contiguous arrays only")
        return good(x, axis, keepdims)

    seen, result = behaved(picky)
    assert seen["strided"].standing == NOTED
    assert seen["strided"].message == "strided in memory: raised ValueError: contiguous arrays only"
    assert result.status == 0


def test_conduct_is_asked_of_every_subject_by_default():
    """It is a family like any other."""
    assert any(row.conduct for row in lsecheck.check(good, formats="float32", effort="quick").rows)


def test_an_accumulator_that_sticks_along_one_axis_only_is_found():
    """float16 over axis 0: NumPy adds row by row there, and 2048 ones stay 2048."""

    def lse(x, axis=-1):
        top = x.max(axis, keepdims=True) if x.size else np.zeros((1, 1), x.dtype)
        return (np.log(np.exp(x - top).sum(axis, keepdims=True)) + top).squeeze(axis)

    seen, _ = behaved(lse, fmt="float16")
    assert seen["axis"].standing == FAILS
    assert "0x1.e8p2, plainly asked 0x1.0a4p3" in seen["axis"].message


def test_an_input_that_is_changed_in_one_layout_only_is_found():
    """A copy is made by accident where memory is not contiguous; elsewhere the caller's array suffers."""

    def lse(x, axis=-1, keepdims=False):
        y = good(x, axis, keepdims)
        if not x.flags.c_contiguous and x.flags.writeable:
            x -= 1
        return y

    seen, _ = behaved(lse)
    assert (seen["input"].standing, seen["input"].message) == (FAILS, "strided in memory: x was changed by the call")
