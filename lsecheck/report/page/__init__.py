"""result documents -> one self-contained HTML page: the verdict first, the evidence below it.

A pure function: no clock, no environment, no network, neither here nor in the page. Whatever a subject
or a file is called comes out as text: the templates escape all that they are given but our own drawings.
"""

import base64
import functools
import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from lsecheck.gate.compare import Change, Comparison, compare
from lsecheck.report import apart, behaviour, compared, scale, twins
from lsecheck.report.figures import naming, svg
from lsecheck.report.page import commands, matrix, reading, subjects
from lsecheck.report.words import at_best, entries, measured, one_line, sampled, sentences, short, widths
from lsecheck.rows import Certificate, Document

if TYPE_CHECKING:
    from jinja2 import Environment

#: bytes of a page, and of the figures in it at most; what has no room is left to a command
LARGEST, MOST_FIGURES = 960_000, 600_000
#: characters of a case in a table
_LONGEST = 60


def render(
    document: Document,
    *,
    logits: "Document | None" = None,
    older: "Document | None" = None,
    figures: "Mapping[str, str]" = {},  # noqa: B006  never changed
) -> str:
    """The page.

    logits    the same subjects on real logits
    older     an earlier result, to say what changed
    figures   name -> SVG, as `figures.draw` gives them: as many as there is room for are shown
    """
    known = _known(document, logits, older, bool(figures))
    tables = True
    bare = _filled(known, subjects.of(document, figures, ()))
    if len(bare.encode()) > LARGEST:  # summary.md has what the tables have
        tables = False
        bare = _filled(known, subjects.of(document, figures, (), tables=False))
    room = min(MOST_FIGURES, LARGEST - len(bare.encode()))
    chosen = choose(document, figures, room)
    return _filled(known, subjects.of(document, figures, chosen, tables=tables)) if chosen else bare


def choose(document: Document, figures: "Mapping[str, str]", room: int) -> frozenset[str]:
    """Names of the figures that fit: those of each subject's first function before all others."""
    asked = subjects.groups(document)
    first = {subject: next(function for name, function in asked if name == subject) for subject, _ in asked}
    first |= {subject: "logsumexp" for subject, _ in asked if (subject, "logsumexp") in asked}
    chosen: set[str] = set()
    for subject, function in sorted(asked, key=lambda key: first[key[0]] != key[1]):
        rows = asked[subject, function]
        names = [name for kind in naming.KINDS for name in subjects.panel_names(subject, function, rows, kind)]
        drawn = [name for name in names if name in figures]
        takes = sum(len(figures[name].encode()) - len(svg.ELEMENT) for name in drawn)
        # captions are there only with figures
        takes += 3000 * bool(drawn)
        if takes <= room:
            chosen.update(drawn)
            room -= takes
    return frozenset(chosen)


class _Change(NamedTuple):
    """What became of an older result."""

    counted: str
    verdicts: str
    lines: list[tuple[str, ...]]
    more: int
    notes: list[str]


def _known(
    document: Document, logits: "Document | None", older: "Document | None", drawn: bool
) -> dict[str, Any]:  # Any: words and tables, whatever a template takes
    """Everything a page shows but the subjects."""
    rows = document.rows
    said = [halves(one_line(sentence)) for sentence in sentences(document.verdicts)]
    return {
        "sentences": said,
        "at_best": at_best(document.verdicts),
        "measured": measured(rows) if rows else "Nothing was measured.",
        "how": " and ".join(sorted({sampled(row) for row in rows})) or "nothing",
        "certificate": _certificate(document),
        "matrices": matrix.of(document.verdicts, rows),
        "steps": scale.STEPS,
        "change": None if older is None else _change(compare(older, document)),
        "change_header": compared.HEADER,
        "drawn": drawn,
        "alike": [one_line(sentence) for sentence in twins.spoken(twins.found(rows))],
        "findings": [_finding(found) for found in apart.findings(rows)],
        "conduct": [tuple(map(one_line, line)) for line in behaviour.body(rows)],
        "conduct_header": behaviour.HEADER,
        "conventions": [tuple(map(one_line, line)) for line in apart.conventions(rows)],
        "texts": {"findings": apart.FINDINGS, "conduct": apart.CONDUCT, "unsettled": apart.UNSETTLED},
        "logits": _logits(logits) if logits is not None else None,
        "terms": reading.TERMS,
        "contracts": reading.contracts(),
        "formulas": reading.formulas(),
        "storage": reading.storage({part for row in rows for part in row.format.split(":")}),
        "storage_header": reading.STORAGE_HEADER,
        "environment": [(one_line(name), one_line(value)) for name, value in document.environment.items()],
        "recorded": frozenset(document.environment),
        "version": one_line(document.environment.get("lsecheck", "")),
        "again": commands.again(document),
        "family_header": subjects.HEADER,
    }


def halves(sentence: str) -> tuple[str, str]:
    """A sentence of a function, its name apart."""
    function, _, rest = sentence.partition(": ")
    return function, rest


def _certificate(document: Document) -> list[str]:
    if not isinstance(document.certificate, Certificate) or not document.rows or not document.verdicts:
        return []
    from lsecheck.report import certified

    return [certified.headline(document), certified.asked(document.rows[0], document.certificate)]


def _change(comparison: Comparison) -> _Change:
    every: Sequence[Change] = (*comparison.verdicts, *comparison.rows)
    lines = [tuple(map(one_line, line)) for line in compared.lines(every)]
    return _Change(
        compared.counted(comparison).rpartition(": ")[2],
        compared.verdicts(comparison),
        lines[: compared.ON_PAGE],
        max(len(lines) - compared.ON_PAGE, 0),
        [one_line(note) for note in comparison.notes],
    )


def _finding(found: apart.Gathered) -> tuple[str, ...]:
    said = found.function, found.subject, found.domain, found.said, found.counts, found.first.case
    return (*map(one_line, said), one_line(entries(found.first, _LONGEST)))


def _logits(document: Document) -> dict[str, Any]:
    """Rows of real logits, a line a family and format."""
    lines = [
        (
            row.function, one_line(row.subject), one_line(row.family), row.format, widths(row),
            f"{row.cases:,} {sampled(row)}", short(row.max_ulp), short(row.max_scaled), short(row.mean_ulp),
            str(row.contract) if isinstance(row.contract, str) else "-", apart.class_errors([row]),
        )
        for row in document.rows
    ]  # fmt: skip
    return {"sentences": [halves(one_line(said)) for said in sentences(document.verdicts)], "lines": lines}


def _filled(known: dict[str, Any], sections: "list[subjects.Section]") -> str:
    return filled("page.html.j2", known | {"sections": sections})


def filled(template: str, known: "Mapping[str, Any]") -> str:  # Any: words and tables, whatever a template takes
    """A page of the template: every page has the same frame, colours and style."""
    return _environment().get_template(template).render({**known, **_FRAME})


_FRAME = {"colours": svg.COLOURS, "figure_style": svg.STYLE}


@functools.cache
def _environment() -> "Environment":
    """Templates that refuse a name they were not given, and escape what they were."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    found = Environment(
        loader=PackageLoader("lsecheck.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    loader = found.loader
    assert loader is not None
    script = loader.get_source(found, "page.js")[0].strip()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    # both are ours, and hold nothing of a document
    found.globals |= {"script": Markup(script), "script_digest": digest, "safe_style": Markup}
    return found
