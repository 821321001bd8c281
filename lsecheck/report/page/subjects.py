"""rows, specimens, figures -> what a page shows of each subject, function by function."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from lsecheck import functions
from lsecheck.report import apart
from lsecheck.report.figures import naming, svg
from lsecheck.report.page import commands, names, specimens
from lsecheck.report.words import family_order, format_order, of_subject, one_line, sampled, short, widths
from lsecheck.rows import Document, Row


class Panels(NamedTuple):
    """One kind of figure, a panel a format."""

    kind: str
    title: str
    caption: str
    panels: list[Markup]
    absent: str  #: why there is no panel, where there is none


class Block(NamedTuple):
    """The families of one format."""

    format: str
    lines: list[tuple[str, ...]]


class Part(NamedTuple):
    """One subject in one function."""

    function: str
    id: str
    figures: list[Panels]
    single: bool  #: of one format only
    left_out: str  #: the command that draws what there was no room for
    worst: list[specimens.Told]
    more: int  #: specimens that are not shown
    blocks: list[Block]
    asked: int  #: lines of the table
    sampled: str


class Section(NamedTuple):
    """One subject."""

    subject: str
    id: str
    sentence: str
    options: str
    parts: list[Part]


def of(
    document: Document, figures: Mapping[str, str], chosen: Collection[str], *, tables: bool = True
) -> list[Section]:
    """A section for each subject, with the figures whose names are chosen.

    tables    whether the families are listed; where they are not, it is said
    """
    subjects = dict.fromkeys([*(v.subject for v in document.verdicts), *(row.subject for row in document.rows)])
    sections = [_section(document, subject, figures, chosen) for subject in subjects]
    if tables:
        return sections
    return [each._replace(parts=[part._replace(blocks=[]) for part in each.parts]) for each in sections]


def groups(document: Document) -> "dict[tuple[str, str], list[Row]]":
    """(subject, function) -> its rows."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in document.rows:
        found.setdefault((row.subject, row.function), []).append(row)
    return found


def panel_names(subject: str, function: str, rows: Sequence[Row], kind: str) -> list[str]:
    """Of one kind of figure, in the order of the formats."""
    return [naming.name(subject, function, kind, fmt) for fmt in _formats(rows)]


def _section(document: Document, subject: str, figures: Mapping[str, str], chosen: Collection[str]) -> Section:
    verdicts = [verdict for verdict in document.verdicts if verdict.subject == subject]
    mine = {key: rows for key, rows in groups(document).items() if key[0] == subject}
    asked = dict.fromkeys([*(verdict.function for verdict in verdicts), *(function for _, function in mine)])
    parts = [
        _part(document, subject, function, mine.get((subject, function), []), figures, chosen) for function in asked
    ]
    options = next((verdict.options for verdict in verdicts if verdict.options), "")
    sentence = one_line(of_subject(verdicts)) if verdicts else "There is no verdict in this result."
    return Section(one_line(subject), names.subject(subject), sentence, one_line(options), parts)


def _part(
    document: Document,
    subject: str,
    function: str,
    rows: Sequence[Row],
    figures: Mapping[str, str],
    chosen: Collection[str],
) -> Part:
    mine = [one for one in document.specimens if (one.subject, one.function) == (subject, function)]
    shown = [
        _panels(function, rows, kind, panel_names(subject, function, rows, kind), figures, chosen)
        for kind in naming.KINDS
    ]
    drawn = [name for kind in naming.KINDS for name in panel_names(subject, function, rows, kind) if name in figures]
    out = bool(drawn) and not any(name in chosen for name in drawn)
    return Part(
        function,
        names.function(subject, function),
        shown if any(name in chosen for name in drawn) else [],
        len(_formats(rows)) == 1,
        commands.of_figures(subject, function, _formats(rows)) if out else "",
        specimens.first(mine),
        max(len(mine) - specimens.SHOWN, 0),
        _blocks(rows),
        len(rows),
        " and ".join(sorted({sampled(row) for row in rows})),
    )


def _panels(
    function: str,
    rows: Sequence[Row],
    kind: str,
    wanted: Sequence[str],
    figures: Mapping[str, str],
    chosen: Collection[str],
) -> Panels:
    # our own drawing, escaped where it was made; the page has its style once
    panels = [Markup(figures[name].replace(svg.ELEMENT, "").strip()) for name in wanted if name in chosen]
    title, caption, absent = _CAPTIONS[kind]
    known = functions.FUNCTIONS.get(function)
    factor = f"{known.conditioned_factor:g}" if known else "c"
    how = " and ".join(sorted({sampled(row) for row in rows}))
    scored = any(row.histogram for row in rows)
    return Panels(
        kind,
        f"{title} ({how})",
        caption.replace("FACTOR", factor),
        panels,
        "" if panels else (absent if scored else "Nothing was scored."),
    )


def _blocks(rows: Sequence[Row]) -> list[Block]:
    return [
        Block(fmt, [_line(row) for row in sorted(rows, key=lambda row: family_order(row.family)) if row.format == fmt])
        for fmt in _formats(rows)
    ]


def _line(row: Row) -> tuple[str, ...]:
    right = row.correctly_rounded
    # rounded down: 100 % is all of them
    share = f"{math.floor(1e4 * right + 1e-9) / 100:g} %" if isinstance(right, float) else "-"
    return (
        one_line(row.family),
        widths(row),
        f"{row.cases:,} {sampled(row)}",
        short(row.max_ulp),
        short(row.max_scaled),
        short(row.mean_ulp),
        short(row.bias_ulp),
        short(row.p99_ulp),
        share,
        row.contract if isinstance(row.contract, str) else "-",
        apart.class_errors([row]),
    )


def _formats(rows: Sequence[Row]) -> list[str]:
    return sorted({row.format for row in rows}, key=lambda name: (format_order(name), name))


HEADER = (
    "family", "n", "cases", "worst ulp", "worst E", "mean ulp", "bias", "p99 ulp", "correctly rounded", "keeps",
    "class errors",
)  # fmt: skip

#: kind -> title, caption, and what is said where a document has no evidence for it
_CAPTIONS = {
    naming.DISTRIBUTION: (
        "Share of outputs with an error above x ulps, by family",
        "Told apart are the families that reach furthest. Answers of a wrong kind have no error and are not drawn.",
        "This result holds no histogram of errors.",
    ),
    naming.CONDITION: (
        "Ulp errors by condition κ",
        "Of every factor of 4 in κ two outputs that count towards the contract: the largest ulp error, and what stands"
        " worst (the weakest contract, then the largest E). An error with E = e is e (1 + κ) times ½ to 1 ulps, by"
        " where the exact value lies in its binade: a band. Under that of E = 1 an answer is as good as the inputs"
        " allow, which is mathematics; what is above, the implementation adds. E = FACTOR is where the contract"
        " conditioned ends, but for its terms for n and underflow. A line through a dot: the exact value is not a"
        " normal number, and its bands lie elsewhere (lower, where it is subnormal). Weaker contracts depend on n"
        " and the spread too and have no band: the shape of a dot says which one it keeps.",
        "This result was made before lsecheck recorded errors by condition: make it again to see them.",
    ),
    naming.PLACES: (
        "Largest E by length n and spread, all families",
        "A digit is the step of the scale, 1 to 5; ✗ is an answer of a wrong kind; the last column is of all spreads"
        " above 4⁹. Dashed lines are where arithmetic in the format changes, named below each map.",
        "This result was made before lsecheck recorded errors by place: make it again to see them.",
    ),
    naming.BIAS: (
        "Bias, by family",
        "A dot is the mean error with its sign, in a bar of ± the mean error without: at an end of its bar, every"
        " answer errs that way. Linear to ±1 ulp, logarithmic beyond.",
        "This result holds no mean errors.",
    ),
}
