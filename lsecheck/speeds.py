"""subjects, a shape -> how long each takes beside another, in one run.

Subjects alternate round by round in one process, so that a busy machine slows all of them alike; what
counts is the ratio within a round, and of the rounds the median. Seconds are nobody's business here.
"""

import statistics
import time
from collections.abc import Callable, Sequence

import numpy as np

from lsecheck import formats
from lsecheck.errors import InputError
from lsecheck.formats import FormatPair
from lsecheck.functions.definition import Function
from lsecheck.inputs.bits import Draw
from lsecheck.rows import Speed
from lsecheck.subjects.question import Question
from lsecheck.subjects.subject import Subject

#: rows x entries: many short rows, and few long ones
SHAPES = ((4096, 128), (64, 32768))
#: the subject whose time is 1
BESIDE = "max-shift"
#: calls before anything is timed: the first compiles, the second meets what the first left behind
WARM = 2


def ratios(
    subjects: Sequence[Subject],
    function: Function,
    pair: FormatPair,
    shape: "tuple[int, int]",
    rounds: int = 15,
    clock: "Callable[[], float]" = time.perf_counter,
) -> "list[Speed]":
    """Each subject's time over that of the first, which is among them with 1.

    Arrays in, arrays out, through the subject as every check asks it: what an adapter takes to hand
    over an array is in it. A subject that fails on the batch is left out.
    """
    if rounds < 2:
        raise InputError(f"rounds must be 2 or more, got {rounds}: quartiles need some")
    question = _question(function, pair, shape)
    able = [subject for subject in subjects if all(_answers(subject, question) for _ in range(WARM))]
    if not able or able[0] is not subjects[0]:
        return []
    taken: dict[str, list[float]] = {subject.name: [] for subject in able}
    for turn in range(rounds):
        # now forwards, now backwards: whoever comes after a heavy one is not always the same
        for subject in able if turn % 2 == 0 else reversed(able):
            start = clock()
            subject.reply(question)
            taken[subject.name].append(clock() - start)
    beside = able[0].name
    return [_speed(function, pair, shape, beside, subject.name, taken[subject.name], taken[beside]) for subject in able]


def _speed(
    function: Function,
    pair: FormatPair,
    shape: "tuple[int, int]",
    beside: str,
    name: str,
    mine: "list[float]",
    other: "list[float]",
) -> Speed:
    found = [one / reference for one, reference in zip(mine, other, strict=True)]
    low, middle, high = statistics.quantiles(found, n=4, method="inclusive")
    return Speed(
        function=function.name,
        subject=name,
        format=str(pair),
        rows=shape[0],
        n=shape[1],
        beside=beside,
        ratio=_short(middle),
        low=_short(low),
        high=_short(high),
        rounds=len(found),
    )


def _short(number: float) -> float:
    return float(f"{number:.3g}")


def _question(function: Function, pair: FormatPair, shape: "tuple[int, int]") -> Question:
    """Logits as models make them, the same everywhere."""
    rows, n = shape
    draw = Draw("speed", 0, np.arange(rows, dtype=np.int64))
    labels = draw.integers(1, 0, n)[:, 0] if function.labelled else None
    array = np.ascontiguousarray(formats.cast(draw.bell(0, n) * 4.0, pair.input))
    return Question(function.name, array, pair.output.name, labels)


def _answers(subject: Subject, question: Question) -> bool:
    return subject.reply(question).array is not None
