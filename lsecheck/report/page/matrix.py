"""verdicts, rows -> the matrix: subjects down, formats across, a table for each function."""

from collections.abc import Sequence
from typing import NamedTuple

from lsecheck import functions
from lsecheck.contracts import Contract
from lsecheck.gate.verdicts import grouped, ordinary_class_errors
from lsecheck.report import apart, scale
from lsecheck.report.page import names
from lsecheck.report.words import MARKS, format_order, one_line, sampled, short
from lsecheck.rows import Row, Verdict


class Cell(NamedTuple):
    """One subject in one function and format."""

    link: str  #: to where it is shown in full
    contract: str
    step: "scale.Step | None"
    scaled: str  #: worst E
    ulp: str  #: worst
    how: str  #: sampled or exhaustive
    marks: tuple[tuple[str, str], ...]  #: what is judged apart
    wrong: str  #: answers of a wrong kind


class Line(NamedTuple):
    """One subject."""

    subject: str
    link: str
    cells: "list[Cell | None]"


class Matrix(NamedTuple):
    """One function."""

    function: str
    formula: str
    formats: list[str]
    lines: list[Line]


def of(verdicts: Sequence[Verdict], rows: Sequence[Row]) -> list[Matrix]:
    """A matrix for each function, in the order of the verdicts."""
    members = grouped(rows)
    return [
        _of(function, [verdict for verdict in verdicts if verdict.function == function], members)
        for function in dict.fromkeys(verdict.function for verdict in verdicts)
    ]


def _of(function: str, verdicts: Sequence[Verdict], members: "dict[tuple[str, str, str], list[Row]]") -> Matrix:
    columns = sorted({verdict.format for verdict in verdicts}, key=lambda name: (format_order(name), name))
    found = {(verdict.subject, verdict.format): verdict for verdict in verdicts}
    lines = []
    for subject in dict.fromkeys(verdict.subject for verdict in verdicts):
        cells = [
            _cell(found[subject, fmt], members.get((function, subject, fmt), [])) if (subject, fmt) in found else None
            for fmt in columns
        ]
        lines.append(Line(one_line(subject), names.subject(subject), cells))
    known = functions.FUNCTIONS.get(function)
    return Matrix(function, known.formula if known else "", columns, lines)


def _cell(verdict: Verdict, rows: Sequence[Row]) -> Cell:
    wrong = sum(ordinary_class_errors(row) for row in rows)
    return Cell(
        link=names.function(verdict.subject, verdict.function),
        contract="no contract" if verdict.contract == Contract.BROKEN else verdict.contract,
        step=scale.step(verdict.max_scaled, wrong),
        scaled=short(verdict.max_scaled),
        ulp=short(verdict.max_ulp),
        how=" and ".join(sorted({sampled(row) for row in rows})),
        marks=tuple(
            (name, MARKS.get(standing, standing))
            for name, standing in (
                ("specials", verdict.specials),
                ("range", verdict.range),
                ("conduct", verdict.conduct),
            )
        ),
        wrong=apart.class_errors(rows) if any(row.class_errors for row in rows) else "",
    )
