"""arena, seconds -> answers and judgements, until the time is over: what every diagnostic rule asks through."""

import time
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from lsecheck.arena import Arena, Heard
from lsecheck.charges import Asked, charges
from lsecheck.functions.definition import Domain, Floats
from lsecheck.measure import Flags, errors
from lsecheck.subjects.subject import Answers, Patience

#: losses that a diagnosis is worth: waiting for one more hang would cost more than all its questions
CRASHES, HANGS = 12, 1
#: error / bound beyond which an answer is far off
FAR = 4.0
#: ln 2: an answer in base 2, times this, is one in base e
LN2 = 0.6931471805599453

Bits = np.ndarray[Any, np.dtype[np.bool_]]


class OutOfTime(Exception):
    """The seconds that a diagnosis may take are over."""


@dataclass(slots=True)
class Inquiry:
    """A subject with what is asked of it, how long it may be asked, and how much it was."""

    arena: Arena
    ends: float  #: on the monotonic clock
    probes: int = 0  #: rows judged
    broken: int = 0
    broke: "dict[str, int]" = field(default_factory=dict)  #: domain -> rows that broke something there

    @classmethod
    def of(cls, arena: Arena, seconds: float) -> "Inquiry":
        """An inquiry with its own patience: what is lost here is no loss of the search that called."""
        return cls(replace(arena, patience=Patience(crashes=CRASHES, hangs=HANGS)), time.monotonic() + seconds)

    def on_time(self) -> None:
        """`OutOfTime` once the seconds are over."""
        if time.monotonic() > self.ends:
            raise OutOfTime

    def hear(self, values: Floats) -> Heard:
        """Ask about rows of equal n, and judge the answers."""
        self.on_time()
        heard = self.arena.hear(self.arena.held(values))
        self.probes += len(heard)
        self.broken += int(heard.broken.sum())
        for charge, _ in heard.charge.values():
            self.broke[charge.domain] = self.broke.get(charge.domain, 0) + 1
        return heard

    def answer(self, values: Floats) -> Answers:
        """Ask about rows of equal n; nobody judges."""
        self.on_time()
        return self.arena.answer(self.arena.held(values))

    def natural(self, answers: Answers) -> Floats:
        """Answers (rows, outputs) as natural logarithms where the subject declares base 2."""
        return answers.values * LN2 if self.arena.subject.declared.base == "2" else answers.values


class Flagged(NamedTuple):
    """A family of rows with what became of it, in the order in which it was put."""

    broken: Flags  #: (rows,)
    answers: Floats  #: (rows, outputs)


def flagged(inquiry: Inquiry, values: Floats) -> "Flagged | None":
    """Rows that are all answered and judged; None where some were lost, or nobody could decide them."""
    heard = inquiry.hear(values)
    if len(heard) != len(values):
        return None
    return Flagged(heard.broken, heard.asked.answers.values)


def breaks(arena: Arena, asked: Asked) -> Flags:
    """Rows (rows,) that break what the arena requires, as the arena itself would find."""
    found = charges(asked, arena.required)
    ordinary = (found.domains != Domain.RANGE)[:, None]
    missed = found.scored & ordinary & (asked.errors.rung > arena.required.rung)
    return np.asarray((missed | (found.kind != "")).any(-1))


def far(heard: Heard) -> Flags:
    """Rows (rows,) with an answer that no other order of rounding would mend: of a wrong kind, or far off."""
    excess = np.nan_to_num(heard.asked.errors.excess, nan=0.0).max(-1, initial=0.0)
    kinds = (heard.asked.errors.codes != 0).any(-1) | (heard.asked.answers.trouble != "")
    return np.asarray((excess >= FAR) | kinds)


def with_answers(heard: Heard, answers: Answers, arena: Arena) -> Asked:
    """The same questions and the same truth, with the answers of another."""
    asked = heard.asked
    return Asked(asked.batch, asked.truth, answers, errors(asked.truth, answers.values, arena.required))


def same(one: Floats, other: Floats) -> Bits:
    """Where two answers are the same number, or both nan; the sign of zero is never scored."""
    return (one == other) | (np.isnan(one) & np.isnan(other))
