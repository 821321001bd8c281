"""a comparison -> what a person reads: in a log, and as Markdown; the worst first, the count last."""

from collections.abc import Sequence

from tabulate import tabulate

from lsecheck.gate.compare import Change, Comparison
from lsecheck.gate.differences import Difference, Standing, spoken
from lsecheck.report.text import block
from lsecheck.report.words import code, fenced, one_line
from lsecheck.report.words import table as markdown_table
from lsecheck.rows import Witness

#: rows that got worse whose case is shown in full
_SHOWN = 3
#: lines of a table on a page; the text has them all
ON_PAGE = 50
HEADER = ("", "subject", "function", "format", "family", "measure", "old", "new", "case")
#: of a row that changed: shown, and decides nothing
_BESIDE = "(beside)"


def render(comparison: Comparison) -> str:
    """Verdicts, then rows, a line for each difference with what it was, what it is and the case; cases; notes."""
    parts = []
    for changes in (comparison.verdicts, comparison.rows):
        body = [tuple(map(one_line, line)) for line in lines(changes)]
        if body:
            parts.append(tabulate(body, HEADER, tablefmt="simple", disable_numparse=True))
    parts += [f"{line}\n{case}" for line, case in _cases(comparison)]
    parts.append("\n".join(f"note  {one_line(note)}" for note in comparison.notes))
    parts.append(f"{verdicts(comparison)}\n{counted(comparison)}")
    return "\n\n".join(part for part in parts if part)


def markdown(comparison: Comparison) -> str:
    """The same for a page."""
    parts = [f"## {counted(comparison).rpartition(': ')[0]}"]
    for changes in (comparison.verdicts, comparison.rows):
        body = lines(changes)
        if body:
            parts.append(markdown_table(HEADER, [_marked(line) for line in body[:ON_PAGE]]))
        if len(body) > ON_PAGE:
            parts.append(f"{len(body) - ON_PAGE} more lines: `lsecheck compare` without `--output` has them all.")
    for line, case in _cases(comparison):
        parts += [f"**{code(line)}**", fenced(case)]
    parts.append("\n".join(f"* {code(note)}" for note in comparison.notes))
    parts.append(f"{verdicts(comparison)}\n\n{counted(comparison)}")
    return "\n\n".join(part for part in parts if part)


def counted(comparison: Comparison) -> str:
    """How many rows of each sort."""
    count = comparison.count
    return (
        f"lsecheck compare: {count(Standing.BETTER)} better, {count(Standing.WORSE)} worse,"
        f" {count(Standing.SAME)} the same, {count(Standing.APPEARED)} appeared,"
        f" {count(Standing.VANISHED)} vanished, {count(Standing.INCOMPARABLE)} not comparable"
    )


def verdicts(comparison: Comparison) -> str:
    """How many verdicts of each sort, those that there are."""
    standings = [change.standing for change in comparison.verdicts]
    order = (*(standing for standing in Standing if standing is not Standing.SAME), Standing.SAME)
    said = [
        f"{standings.count(standing)} {_WORDS.get(standing, standing)}" for standing in order if standing in standings
    ]
    return f"verdicts: {', '.join(said) or 'none'}"


def lines(changes: Sequence[Change]) -> list[tuple[str, ...]]:
    """A line for each difference of whatever is not the same."""
    return [
        (
            _BESIDE if one.standing is Standing.SAME else str(one.standing),
            change.subject,
            change.function,
            change.format,
            change.family or "-",
            one.measure,
            spoken(one.old),
            spoken(one.new),
            one.seen.case if isinstance(one.seen, Witness) else "-",
        )
        for change in changes
        if change.standing is not Standing.SAME or not change.family
        for one in change.differences
    ]


def _cases(comparison: Comparison) -> list[tuple[str, str]]:
    """The worst rows with the case that shows it."""
    shown = []
    for change in comparison.rows:
        first = change.differences[0] if change.differences else None
        if change.standing is Standing.WORSE and first is not None and isinstance(first.seen, Witness):
            seen = block(one_line(change.subject), change.function, change.format, first.seen, options=change.options)
            shown.append((_said(change, first), seen))
    return shown[:_SHOWN]


def _said(change: Change, one: Difference) -> str:
    name = f"{change.subject} {change.function} {change.format} {change.family}"
    return one_line(f"WORSE  {name}: {one.measure} was {spoken(one.old)}, is {spoken(one.new)}")


def _marked(line: Sequence[str]) -> tuple[str, ...]:
    standing, subject, function, fmt, family, *rest = line
    return (f"**{standing}**", code(subject), function, fmt, one_line(family), *(code(cell) for cell in rest))


_WORDS = {Standing.SAME: "the same"}
