"""one subject, one contract -> what becomes of any cases put to it: where every search is fought out.

It drives the same line as a check (expectation, ask, errors, charges), on cases that come from
anywhere, and says of each row whether it breaks something, what, and by how much.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from lsecheck import formats
from lsecheck.charges import EXPECTED, NOTHING, Asked, charges, convention, unsettled
from lsecheck.contracts import Contract
from lsecheck.errors import UnknownName
from lsecheck.expectation import Expectation
from lsecheck.formats import FormatPair
from lsecheck.functions.definition import Domain, Expected, Floats, Function, Labels
from lsecheck.inputs.batch import Batch
from lsecheck.measure import ClassError, Flags, errors
from lsecheck.rows import INACCURATE, UNCONVENTIONAL, Observation
from lsecheck.subjects.subject import Answers, Patience, Subject, ask_whole

#: what a search can make as large as it can
OBJECTIVES = ("excess", "scaled", "ulp")
#: the family of cases that come from no family
ANYWHERE = "fuzz"
#: troubles of a whole call: of which row is to be found out
LOST = ("raised", "crashed", "timed-out")
#: what is right, where there is none at all
ANSWER = "an answer"
#: parts that a lost batch is cut into, to find a row at fault: each of them may cost the time limit
PARTS = 16


class Charge(NamedTuple):
    """What a row breaks: findings with the same charge are taken for one."""

    domain: str  #: contract, specials, range or conduct
    kind: str  #: a class error, inaccurate, unconventional
    expected: str  #: what is right: a number, nan, +inf, -inf


class Heard(NamedTuple):
    """A batch with what became of it."""

    asked: Asked
    broken: Flags  #: (rows,): something is held against the row, and it is not waived
    score: Floats  #: (rows,): the objective at the row's worst scored output; nan where none is
    charge: "dict[int, tuple[Charge, int]]"  #: broken row -> what it breaks, at which output
    undecided: int = 0

    def __len__(self) -> int:
        return len(self.broken)


class Misconduct(NamedTuple):
    """A rule of conduct that fails."""

    seen: Observation
    batch: Batch  #: on which


@dataclass(slots=True)
class Arena:
    """A subject with what is asked of it."""

    subject: Subject
    function: Function
    pair: FormatPair
    required: Contract
    objective: str = "excess"
    waived: frozenset[str] = frozenset()
    least: float = 0.0  #: a missed contract is held against a row only where the objective is that large
    located: set[str] = field(default_factory=set)  #: kinds of trouble whose cause is known: not looked for again
    patience: Patience = field(default_factory=Patience)

    def __post_init__(self) -> None:
        if self.objective not in OBJECTIVES:
            raise UnknownName("objective", self.objective, OBJECTIVES)

    def held(self, values: Floats) -> Floats:
        """Values as numbers of the input format; finite ones stay finite."""
        fmt = self.pair.input
        most = np.where(np.isfinite(values), np.clip(values, -fmt.largest, fmt.largest), values)
        if not fmt.has_infinity:
            most = np.where(np.isinf(most), np.copysign(fmt.largest, most), most)
        return formats.widen(formats.cast(most, fmt))

    def batch(self, values: Floats, labels: "Labels | None" = None, plan: str = "") -> Batch:
        """Values (rows, n) of the format as cases; labels by default the rows' last entries."""
        if self.function.labelled and labels is None:
            labels = np.full(len(values), values.shape[1] - 1)
        return Batch(ANYWHERE, 0, np.arange(len(values)), values, labels, plan)

    def hear(self, values: Floats, labels: "Labels | None" = None, plan: str = "") -> Heard:
        """Ask about rows of equal n, numbers of the format."""
        return self.judge(self.batch(values, labels, plan))

    def answer(self, values: Floats, labels: "Labels | None" = None) -> Answers:
        """What the subject says to rows of equal n, not judged."""
        return self._answers(self.batch(values, labels))

    def judge(self, batch: Batch) -> Heard:
        """Ask about a batch. Of one that is lost as a whole, a row at fault is asked alone."""
        mine, truth, undecided = Expectation(self.function, batch, self.pair).of(self.subject.declared)
        answers = self._answers(mine)
        trouble = str(answers.trouble[0]) if len(mine.values) > 1 else ""
        if trouble in LOST:
            found = 0 if trouble in self.located else self._at_fault(mine)
            if found is not None:
                alone = np.array([found])
                mine, truth = mine.some(alone), truth.part(alone, slice(None))
                answers = answers.part(alone) if trouble in self.located else self._answers(mine)
        flushes = self.subject.declared.flushes_subnormals
        asked = Asked(mine, truth, answers, errors(truth, answers.values, self.required, flushes=flushes))
        return self._heard(asked, undecided)

    def _answers(self, batch: Batch) -> Answers:
        values, labels = batch.values, batch.labels
        if not len(values):
            return Answers(np.empty((0, self.function.outputs(values.shape[1]))), np.empty(0, "<U9"))
        plan = batch.plan if "plan" in self.subject.takes else ""
        return ask_whole(self.subject, self.function, values, self.pair, labels, self.patience, plan)

    def _at_fault(self, batch: Batch) -> "int | None":
        """A row that is lost when it is asked alone; None where it takes the whole batch."""
        rows = np.arange(len(batch.values))
        while len(rows) > 1:
            for part in np.array_split(rows, min(PARTS, len(rows))):
                if str(self._answers(batch.some(part)).trouble[0]) in LOST:
                    rows = part
                    break
            else:
                return None
        return int(rows[0])

    def _heard(self, asked: Asked, undecided: int) -> Heard:
        found = charges(asked, self.required)
        measured = asked.errors
        ordinary = (found.domains != Domain.RANGE)[:, None]
        figure = np.where(found.scored & ordinary, getattr(measured, self.objective), -1.0)
        beyond = (measured.rung > self.required.rung) & (figure >= self.least)
        missed = found.scored & ordinary & beyond & (found.kind == "")
        kind = np.where(missed, INACCURATE, found.kind)
        charge: dict[int, tuple[Charge, int]] = {}
        for row, output in _first_of_each_row(kind):
            domain = "contract" if missed[row, output] else found.domain(row, output)
            what = str(kind[row, output])
            expected = ANSWER if what in LOST else EXPECTED[Expected(asked.truth.expected[row, output])]
            self._note(charge, row, output, Charge(_SPOKEN.get(domain, domain), what, expected))
        if kind.shape[1] == 0:
            for row in map(int, np.flatnonzero(asked.answers.trouble != "")):
                self._note(charge, row, 0, Charge("specials", str(asked.answers.trouble[row]), NOTHING))
        for row in map(int, np.flatnonzero(unsettled(asked))):
            if not convention(asked, row)[1]:
                expected = EXPECTED[Expected.UNSETTLED]
                self._note(charge, row, 0, Charge("specials", UNCONVENTIONAL, expected))
        broken = np.zeros(len(kind), np.bool_)
        broken[list(charge)] = True
        score = figure.max(-1, initial=-1.0)
        return Heard(asked, broken, np.where(score < 0, np.nan, score), charge, undecided)

    def _note(self, charge: "dict[int, tuple[Charge, int]]", row: int, output: int, found: Charge) -> None:
        if found.domain not in self.waived and found.kind != ClassError.UNASKED:
            charge.setdefault(row, (found, output))

    def fresh(self) -> "Arena":
        """The same with patience as at first: for shrinking, whose losses are not the search's."""
        return replace(self, patience=Patience(crashes=200, hangs=16, trusted=True))


_SPOKEN = {"ordinary": "contract"}


def _first_of_each_row(kind: "np.ndarray[tuple[int, ...], np.dtype[np.str_]]") -> Iterator[tuple[int, int]]:
    seen = -1
    for row, output in np.argwhere(kind != ""):
        if row != seen:
            seen = int(row)
            yield seen, int(output)
