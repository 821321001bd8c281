"""two result files -> what got better, worse, appeared or vanished.

Rows are compared by key, and only where both were asked the same: other inputs, or another
declaration of what is right, are not comparable, whatever the numbers. Everything is written so
that nothing that got worse comes out as the same: a number that is no longer there is worse, more
wrong answers of any kind are worse even where there are fewer of another, and of a row with both
better and worse in it the worse decides.
"""

import enum
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from lsecheck.contracts import LADDER, Contract
from lsecheck.gate.result import EMPTY, FOUND, HOLDS
from lsecheck.gate.verdicts import APART, FAIL, IMPROVED, PASS, UNDECIDED, UNMEASURED, WAIVED
from lsecheck.rows import ABSENT, FAILS, NOTED, Absent, Document, Observation, Row, Verdict, Witness
from lsecheck.rows import HOLDS as KEEPS

#: κ up to which a problem is easy; where it is more, ulps say more of the inputs than of the answer
EASY = 1e3
#: digits of the inputs' hash that are shown
_DIGITS = 12
#: options of a subject that change what is right; each takes so many words
_DECLARED = {"--base": 1, "--flushes-subnormals": 0, "--nan": 1}

Key = tuple[str, str, str, str]
Shown = float | int | str | Absent


class Standing(enum.StrEnum):
    """What became of a row, or a verdict: the worst first."""

    WORSE = "worse"
    INCOMPARABLE = "not comparable"
    VANISHED = "vanished"
    APPEARED = "appeared"
    BETTER = "better"
    SAME = "same"


class Gravity(enum.IntEnum):
    """The order in which differences are told."""

    STATUS = 0  #: pass, fail and the like
    ABSENCE = 1  #: a number, a rule or a row that was there
    KIND = 2  #: answers of a wrong kind, and findings judged apart
    CONDUCT = 3
    CONTRACT = 4
    NUMBER = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was."""

    measure: str
    old: Shown
    new: Shown
    standing: Standing  #: `SAME`: shown, and decides nothing
    gravity: Gravity
    size: float = 0.0  #: among those of one gravity: how much
    seen: "Witness | Absent" = ABSENT  #: the case that shows it


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one row; of a verdict, where there is no family."""

    function: str
    subject: str
    format: str
    family: str
    standing: Standing
    differences: tuple[Difference, ...] = ()  #: the worst first
    options: str = ""  #: of the subject, as it was asked last
    other_bits: bool = False  #: whether any answer is not what it was

    @property
    def rank(self) -> tuple[int, int, float]:
        """Sorts changes: the worst first."""
        first = self.differences[0] if self.differences else None
        return _ORDER.index(self.standing), first.gravity if first else 0, -first.size if first else 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of everything, the worst first."""

    rows: tuple[Change, ...]
    verdicts: tuple[Change, ...]
    notes: tuple[str, ...]  #: what may have changed answers beside the subjects, and what a reader should know

    def count(self, standing: Standing) -> int:
        """How many rows."""
        return sum(change.standing is standing for change in self.rows)

    @property
    def status(self) -> int:
        """1 where a row or a verdict is worse, vanished or not comparable; 5 where nothing could be compared; else 0."""
        if any(change.standing in _FINDINGS for change in (*self.rows, *self.verdicts)):
            return FOUND
        compared = (Standing.BETTER, Standing.SAME)
        return HOLDS if any(change.standing in compared for change in self.rows) else EMPTY


def compare(old: Document, new: Document) -> Comparison:
    """What got better, worse, appeared or vanished from one result to another.

    worse     a weaker contract; more answers of a wrong kind or findings of any kind; more undecided cases; a
              rule of conduct that holds less than it did; a larger E, mean error or, where it means something,
              largest error in ulps, at three digits; and any of these absent that was there
    better    the other way round, and nothing of it worse
    ulps      the largest error in ulps is shown, and decides unless it is more than (1 + 1e3) E: an error is at most
              (1 + κ) E ulps, so such a one comes from a case with κ above 1e3, where one rounding of
              an intermediate is hundreds of ulps
    notes     environments and options of subjects that differ: answers may change with them
    """
    rows = [
        _row(before, after)
        for before, after in _paired(old.rows, new.rows, lambda row: (*_key(row), row.family), lambda r: r.inputs_sha256)
    ]
    verdicts = [_verdict(before, after) for before, after in _paired(old.verdicts, new.verdicts, _key, lambda _: "")]
    return Comparison(
        tuple(sorted(rows, key=lambda change: change.rank)),
        tuple(sorted(verdicts, key=lambda change: change.rank)),
        (*_environments(old.environment, new.environment), *_options(old.rows, new.rows), *_bits(rows)),
    )


def three_digits(number: float) -> float:
    """As it is shown, and as it is compared."""
    return float(f"{number:.3g}")


def _key(of: "Row | Verdict") -> tuple[str, str, str]:
    return of.function, of.subject, of.format


def _paired[T, K](
    old: Iterable[T], new: Iterable[T], key: Callable[[T], K], inputs: Callable[[T], str]
) -> "list[tuple[T | None, T | None]]":
    raise NotImplementedError
