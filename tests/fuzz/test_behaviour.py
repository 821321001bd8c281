"""Misconduct is shown on the smallest batch that shows it."""

import numpy as np
import pytest

from fuzz.arenas import arena, good, planted
from lsecheck import conduct
from lsecheck.arena import Arena, Misconduct
from lsecheck.fuzz.behaviour import smallest_batch
from lsecheck.inputs import cases
from lsecheck.rows import FAILS


def misconduct(asked, rule):
    """The first breach of a rule in the family that is there for it."""
    for batch in cases.batches("conduct", asked.function, asked.pair.input, "quick", 0):
        heard = asked.judge(batch)
        for seen in conduct.observe(asked.subject, asked.function, asked.pair, asked.required, heard.asked):
            if seen.rule == rule and seen.standing == FAILS:
                return Misconduct(seen, heard.asked.batch)
    raise AssertionError(f"{rule} holds")


SMALLEST = [
    ("inplace", "input", (1, 1)),
    ("no-rows-one-answer", "empty", (1, 1)),
    ("strides-ignored", "strided", (1, 2)),
    ("last-axis-always", "axis", (1, 2)),
    ("window-ignored", "offset", (2, 1)),
    ("max-not-reset", "neighbours", (2, 1)),
    ("softmax-one-max", "neighbours", (2, 1)),
    ("transposed-ignored", "transposed", (2, 2)),
    ("stream-idle-overwrites", "chunks", (1, 1)),
]


@pytest.mark.parametrize(("name", "rule", "shape"), SMALLEST)
def test_a_rule_is_broken_on_as_few_numbers_as_can_break_it(name, rule, shape):
    """One number shows a change of the input, two rows a neighbour that is read; eight by eight show nothing."""
    asked = planted(name)
    event = misconduct(asked, rule)
    assert event.batch.values.shape == (8, 8)
    seen, batch, tried = smallest_batch(asked, event)
    assert batch.values.shape == shape
    assert (seen.rule, seen.standing) == (rule, FAILS)
    assert tried >= shape[0]
    assert (batch.values == np.rint(batch.values)).all()
    assert np.abs(batch.values).max() <= 100
    assert not asked.judge(batch).broken.any()


def test_numbers_are_left_as_they_are_where_simple_ones_do_not_show_it():
    """A fault beyond 100 is not shown by numbers clipped to it."""

    def at_a_fraction(x, axis=-1):
        y = good(x, axis)
        if (x != np.rint(x)).any():
            x -= 1
        return y

    asked = arena(at_a_fraction)
    seen, batch, _ = smallest_batch(asked, misconduct(asked, "input"))
    assert batch.values.shape == (1, 1)
    assert (batch.values != np.rint(batch.values)).all()
    assert seen.rule == "input"


def test_what_no_corner_shows_is_left_as_it_was_found():
    """From nine rows on, or of more than eight entries: the batch is shown, and how many were tried."""

    def wide(x, axis=-1):
        y = good(x, axis)
        if x.ndim == 2 and x.shape[1] > 8:
            x -= 1
        return y

    asked = arena(wide)
    event = misconduct(asked, "input")
    seen, batch, tried = smallest_batch(asked, event)
    assert batch is event.batch
    assert seen is event.seen
    assert tried > 0


def test_a_corner_that_is_answered_wrong_shows_no_misconduct():
    """Plainly asked it must be right, or it is another finding."""

    def short_is_wrong(x, axis=-1):
        y = good(x, axis) + (x.shape[-1] < 5)
        x -= 1
        return y

    asked = arena(short_is_wrong)
    _, batch, _ = smallest_batch(asked, misconduct(asked, "input"))
    assert batch.values.shape == (3, 5)


def test_another_rule_that_is_broken_is_not_taken_for_it():
    """A subject may have several habits: each is shown where it shows."""

    def two_habits(x, axis=-1):
        y = good(x, axis)
        if x.ndim == 1:
            y = np.atleast_1d(y)
        elif len(x) > 1:
            x -= 1
        return y

    asked = arena(two_habits)
    for rule, shape in (("input", (1, 1)), ("1-d", (1, 2))):
        seen, batch, _ = smallest_batch(asked, misconduct(asked, rule))
        assert seen.rule == rule
        assert batch.values.shape == shape


@pytest.mark.parametrize("function", ["logaddexp", "cross_entropy"])
def test_pairs_stay_pairs_and_labels_stay_in_their_rows(function, monkeypatch):
    """Every batch that is tried is one that the function takes."""
    tried = []
    judge = Arena.judge
    monkeypatch.setattr(Arena, "judge", lambda self, batch: (tried.append(batch), judge(self, batch))[1])

    def in_place(a, b):
        y = np.logaddexp(a, b)
        a -= 1
        return y

    def in_place_with_labels(x, labels):
        y = good(x) - x[np.arange(len(x)), labels]
        x -= 1
        return y

    asked = arena(in_place if function == "logaddexp" else in_place_with_labels, function, "float64", require="folded")
    _, batch, _ = smallest_batch(asked, misconduct(asked, "input"))
    assert batch.values.shape == ((1, 2) if function == "logaddexp" else (1, 1))
    for each in tried:
        if function == "logaddexp":
            assert each.values.shape[1] == 2
        else:
            assert (each.labels < each.values.shape[1]).all()
