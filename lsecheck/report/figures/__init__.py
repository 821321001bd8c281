"""a result document -> figures as SVG: a panel for each subject, function, kind and format.

Pure functions of the document. What was not recorded has no panel; without matplotlib there is none.
"""

from collections.abc import Collection, Sequence

from lsecheck.formats import FORMATS
from lsecheck.functions import FUNCTIONS
from lsecheck.report.figures import bias, condition, distribution, naming, places
from lsecheck.report.figures.canvas import available
from lsecheck.report.figures.svg import COLOURS, ELEMENT, STYLE
from lsecheck.report.words import one_line
from lsecheck.rows import Document, Row

__all__ = ["COLOURS", "ELEMENT", "MISSING", "STYLE", "available", "draw"]

#: what is told in place of figures
MISSING = "figures need matplotlib: pip install 'lsecheck[report]'"

#: kind -> how it is drawn, and what it shows
_DRAWN = {
    naming.DISTRIBUTION: (distribution.draw, "distribution of the error in ulps, by family"),
    naming.CONDITION: (condition.draw, "errors in ulps by condition"),
    naming.PLACES: (places.draw, "largest E by length and spread"),
    naming.BIAS: (bias.draw, "mean signed error, by family"),
}


def draw(document: Document, *, functions: "Collection[str] | None" = None) -> dict[str, str]:
    """Name -> SVG of every panel that the document has evidence for; none without matplotlib.

    functions    only these; by default all of them
    """
    if not available():
        return {}
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in document.rows:
        if (functions is None or row.function in functions) and _known(row):
            groups.setdefault((row.subject, row.function, row.format), []).append(row)
    drawn: dict[str, str] = {}
    for key, rows in groups.items():
        drawn |= _panels(*key, rows)
    return drawn


def _known(row: Row) -> bool:
    """Whether this lsecheck knows what it is a row of: a later one may have more."""
    return row.function in FUNCTIONS and all(part in FORMATS for part in row.format.split(":"))


def _panels(subject: str, function: str, fmt: str, rows: Sequence[Row]) -> dict[str, str]:
    panels = {}
    for kind, (draw_one, what) in _DRAWN.items():
        name = naming.name(subject, function, kind, fmt)
        panel = draw_one(rows, name, f"{one_line(subject)}, {function}, {fmt}: {what}", fmt)
        if panel:
            panels[name] = panel
    return panels
