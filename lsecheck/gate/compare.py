"""two result files -> what got better, worse, appeared or vanished.

Rows are compared by key, and only where both were asked the same: other inputs, or another
declaration of what is right, are not comparable, whatever the numbers. Of a row with both better
and worse in it the worse decides.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from lsecheck.gate import differences
from lsecheck.gate.differences import Difference, Gravity, Standing, spoken
from lsecheck.gate.result import EMPTY, FOUND, HOLDS
from lsecheck.rows import ABSENT, Absent, Document, Row, Verdict, Witness

Either = TypeVar("Either", Row, Verdict)


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
    same_bits: "bool | None" = None  #: whether every answer is what it was; None where that is not known

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
        """1: a row or a verdict is worse, vanished or not comparable; 5: nothing could be compared; else 0."""
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
    rows = [_row(*pair) for pair in _paired(old.rows, new.rows)]
    verdicts = [_verdict(*pair) for pair in _paired(old.verdicts, new.verdicts)]
    return Comparison(
        tuple(sorted(rows, key=lambda change: change.rank)),
        tuple(sorted(verdicts, key=lambda change: change.rank)),
        (*_environments(old.environment, new.environment), *_options(old.rows, new.rows), *_bits(rows)),
    )


def _key(of: "Row | Verdict") -> tuple[str, str, str, str]:
    return of.function, of.subject, of.format, of.family if isinstance(of, Row) else ""


def _paired(old: Sequence[Either], new: Sequence[Either]) -> "Iterator[tuple[Either | None, Either | None]]":
    """Those of one key together; of several with one key, those of the same inputs."""
    groups: dict[object, tuple[list[Either], list[Either]]] = {}
    for place, records in enumerate((old, new)):
        for record in records:
            groups.setdefault(_key(record), ([], []))[place].append(record)
    for before, after in groups.values():
        left = list(after)
        alone = []
        for record in before:
            same = next((other for other in left if _inputs(other) == _inputs(record)), None)
            if same is None:
                alone.append(record)
            else:
                left.remove(same)
                yield record, same
        for place in range(max(len(alone), len(left))):
            yield alone[place] if place < len(alone) else None, left[place] if place < len(left) else None


def _inputs(of: "Row | Verdict") -> str:
    return of.inputs_sha256 if isinstance(of, Row) else ""


def _row(old: "Row | None", new: "Row | None") -> Change:
    known = new or old
    assert known is not None
    if old is None or new is None:
        kept = known.contract if isinstance(known.contract, str) else "not scored"
        return _alone(known, f"{kept}, E {spoken(known.max_scaled)}", gone=new is None, seen=known.witness)
    unlike = differences.otherwise_asked(old, new)
    if unlike is not None:
        return _change(new, Standing.INCOMPARABLE, [unlike])
    known_bits = old.answers_sha256 and new.answers_sha256
    found = differences.of_rows(old, new)
    return _change(new, _together(found), found, old.answers_sha256 == new.answers_sha256 if known_bits else None)


def _alone(known: "Row | Verdict", what: str, gone: bool, seen: "Witness | Absent") -> Change:
    standing = Standing.VANISHED if gone else Standing.APPEARED
    old, new = (what, "absent") if gone else ("absent", what)
    measure = "row" if isinstance(known, Row) else "verdict"
    return _change(known, standing, [Difference(measure, old, new, standing, Gravity.ABSENCE, seen=seen)])


def _change(
    of: "Row | Verdict", standing: Standing, found: Iterable[Difference], same_bits: "bool | None" = None
) -> Change:
    ordered = sorted(found, key=lambda one: (_ORDER.index(one.standing), one.gravity, -one.size))
    return Change(*_key(of), standing, tuple(ordered), of.options, same_bits)


def _together(found: Sequence[Difference]) -> Standing:
    """The worse decides."""
    standings = {one.standing for one in found}
    return next((one for one in (Standing.WORSE, Standing.BETTER) if one in standings), Standing.SAME)


def _verdict(old: "Verdict | None", new: "Verdict | None") -> Change:
    known = new or old
    assert known is not None
    if old is None or new is None:
        return _alone(known, known.status, gone=new is None, seen=ABSENT)
    found = differences.of_verdicts(old, new)
    return _change(new, _together(found), found)


def _environments(old: dict[str, str], new: dict[str, str]) -> Iterator[str]:
    for name in dict.fromkeys([*old, *new]):
        was, now = old.get(name, "absent"), new.get(name, "absent")
        if was != now:
            yield f"{name} was {was}, is {now}: answers may change with it"


def _options(old: Iterable[Row], new: Iterable[Row]) -> Iterator[str]:
    """Options that change no truth, yet may change answers: a device, a layout, a limit."""
    before, after = ({row.subject: row.options for row in rows} for rows in (old, new))
    for subject, now in after.items():
        was = before.get(subject, now)
        if was != now:
            said = f"was asked with {was or 'no options'}, is with {now or 'no options'}"
            yield f"{subject} {said}: answers may change with it"


def _bits(rows: Sequence[Change]) -> Iterator[str]:
    """What the hashes of the answers say that the figures do not."""
    moved = [change for change in rows if change.same_bits and any(map(_of_figures, change.differences))]
    if moved:
        yield f"{_rows(moved)} changed in figures and in no bit of an answer: lsecheck measures otherwise"
    quiet = [change for change in rows if change.standing is Standing.SAME and change.same_bits is False]
    if quiet:
        yield f"{_rows(quiet)} the same at three digits, with answers that differ in some bits"


def _of_figures(one: Difference) -> bool:
    return one.gravity in (Gravity.CONTRACT, Gravity.NUMBER)


def _rows(changes: Sequence[Change]) -> str:
    return "1 row" if len(changes) == 1 else f"{len(changes)} rows"


_ORDER = tuple(Standing)
_FINDINGS = (Standing.WORSE, Standing.INCOMPARABLE, Standing.VANISHED)
