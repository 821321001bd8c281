"""speeds: ratios of one run, by a clock that the test turns."""

import numpy as np
import pytest

from lsecheck import formats, functions, speeds
from lsecheck.errors import InputError
from lsecheck.subjects.subject import Subject

LSE, SOFTMAX, ENTROPY = map(functions.named, ("logsumexp", "softmax", "cross_entropy"))
F32 = formats.pair("float32")


class Clock:
    """Stands still but when a subject is at work."""

    def __init__(self):
        self.now, self.calls = 0.0, []

    def __call__(self):
        """Seconds so far."""
        return self.now

    def subject(self, name, cost, first=0.0):
        """Takes so long for a call, and so much longer for its first two."""

        def call(x, *_):
            self.now += cost(len(self.calls)) if callable(cost) else cost
            self.now += first if self.calls.count(name) < 2 else 0.0
            self.calls.append(name)
            return x[:, 0]

        return Subject(name, {"logsumexp": call, "cross_entropy": call})


def timed(clock, *subjects, rounds=5, function=LSE):
    """Their ratios by name."""
    found = speeds.ratios(subjects, function, F32, (4, 8), rounds, clock)
    return {speed.subject: speed for speed in found}


def test_a_subject_is_as_slow_as_its_ratio_to_the_first_says():
    """Who takes three times as long has 3."""
    clock = Clock()
    found = timed(clock, clock.subject("max-shift", 2.0), clock.subject("slow", 6.0))
    assert (found["max-shift"].ratio, found["slow"].ratio) == (1.0, 3.0)
    assert (found["slow"].beside, found["slow"].rows, found["slow"].n, found["slow"].rounds) == ("max-shift", 4, 8, 5)


def test_what_compiling_takes_is_not_counted():
    """The first call compiles, and the second may again: for a shape that changes, say."""
    clock = Clock()
    found = timed(clock, clock.subject("max-shift", 1.0), clock.subject("compiled", 0.5, first=100.0), rounds=2)
    assert found["compiled"].high == 0.5


def test_a_machine_that_slows_down_slows_both_alike():
    """The ratio is taken within a round: drift over the rounds cancels."""
    clock = Clock()
    busy = lambda calls: 1.0 + calls // 2  # noqa: E731 - two calls a round
    found = timed(clock, clock.subject("max-shift", busy), clock.subject("other", busy))
    assert found["other"].low == found["other"].high == 1.0


def test_subjects_take_turns_forwards_and_backwards():
    """Whoever follows a heavy one finds a cold cache: not always the same."""
    clock = Clock()
    timed(clock, clock.subject("a", 1.0), clock.subject("b", 1.0), rounds=2)
    assert clock.calls[2 * speeds.WARM :] == ["a", "b", "b", "a"]


def test_one_that_fails_is_left_out_and_without_the_first_there_is_nothing():
    """No ratio is made up."""

    def fails(_):
        raise ValueError("no")

    clock = Clock()
    good, bad = clock.subject("max-shift", 1.0), Subject("bad", {"logsumexp": fails})
    assert list(timed(clock, good, bad)) == ["max-shift"]
    assert timed(clock, bad, good) == {}


def test_quartiles_are_of_the_rounds():
    """A spread is shown beside every median."""
    clock = Clock()
    turns = iter([1.0] * speeds.WARM + [1.0, 2.0, 3.0, 4.0, 5.0])
    found = timed(clock, clock.subject("max-shift", 1.0), clock.subject("other", lambda _: next(turns)))
    assert (found["other"].low, found["other"].ratio, found["other"].high) == (2.0, 3.0, 4.0)


@pytest.mark.parametrize("function", [LSE, ENTROPY], ids=lambda function: function.name)
def test_everybody_is_asked_the_same_logits_in_the_format(function):
    """The same on every machine."""
    one, two = (speeds._question(function, formats.pair("float16"), (3, 5)) for _ in range(2))
    assert one.array.dtype == np.float16
    assert one.array.shape == (3, 5)
    assert (one.array == two.array).all()
    assert (one.labels is None) == (function is LSE)


def test_the_built_in_methods_can_be_timed():
    """As they are, on a small shape."""
    from lsecheck.subjects import load

    found = speeds.ratios([load("max-shift"), load("online")], SOFTMAX, F32, (4, 16), 3)
    assert [speed.subject for speed in found] == ["max-shift", "online"]
    assert all(0 < speed.low <= speed.ratio <= speed.high for speed in found)


def test_one_round_has_no_quartiles():
    """One sentence in place of a traceback."""
    with pytest.raises(InputError, match="rounds must be 2 or more, got 1"):
        timed(Clock(), Clock().subject("max-shift", 1.0), rounds=1)
