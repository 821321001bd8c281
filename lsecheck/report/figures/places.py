"""rows of one subject, function and format -> where errors lie: the largest E by length and spread of the row.

A cell is a factor of four wide both ways; its digit is the step of the scale, so that the map reads
without its shades; a cross stands where an answer is of a wrong kind. The edges are where arithmetic
in the format changes: each is a line with a letter, named below the map.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from lsecheck import formats
from lsecheck.formats import Format, FormatPair
from lsecheck.report import scale
from lsecheck.report.figures.canvas import LINE, WIDTH, Panel
from lsecheck.report.words import short
from lsecheck.rows import WIDEST, AtPlace, Row

_WIDTH, _HEIGHT = 18.0, 15.0
#: log4 of the first column that is not 0, as `landscape` has it, and of the last, which has no upper end
_FIRST, _LAST = -3, round(math.log(WIDEST, 4))
_LETTERS = "abcdefgh"

Cells = dict[tuple[int, float], AtPlace]


class Edge(NamedTuple):
    """Where something changes along one of the axes."""

    at: float  #: spread or length
    along: str  #: spread or n
    meaning: str


def draw(rows: Sequence[Row], name: str, title: str, fmt: str) -> str:
    """The panel, or '' where nothing is known by place."""
    cells = merged(rows)
    if not cells:
        return ""
    lengths = sorted({n for n, _ in cells})
    last = max(_column(spread) for _, spread in cells)
    shown = [edge for edge in edges(fmt) if _seen(edge, last, lengths)]
    lines = len(shown)
    height = 36 + _HEIGHT * len(lengths) + 36 + LINE * lines
    panel = Panel(
        height=round(height), left=46, right=round(WIDTH - 46 - _WIDTH * (last + 1)), top=36, bottom=36 + LINE * lines
    )
    _boxes(panel, cells, lengths)
    _edges(panel, shown, lengths)
    _digits(panel, cells, lengths)
    for place, length in enumerate(lengths):
        panel.words(panel.left - 6, panel.top + _HEIGHT * (len(lengths) - place) - 4, _length(length), "muted", "right")
    panel.words(panel.left + _WIDTH / 2, panel.bottom + 13, "0", "muted", "center")
    open_ended = last == _column(WIDEST)
    for power in range(_FIRST, (_LAST - 3 if open_ended else last - 1 + _FIRST) + 1):
        if power % 2 == 0:
            panel.words(panel.left + _WIDTH * (power - _FIRST + 2), panel.bottom + 13, _power(power), "muted", "center")
    if open_ended:
        x = panel.left + _WIDTH * (last + 0.5)
        panel.words(x, panel.bottom + 13, f">{_power(_LAST - 1)}", "muted", "center")
    panel.words(panel.left, 13, fmt, bold=True)
    where = "" if not shown or ":" not in fmt else f" in {computed_in(formats.pair(fmt))}"
    if where:
        panel.words(WIDTH - 8, 13, f"edges{where}", "muted", "right")
    panel.words(panel.left - 6, 26, "n", "muted", "right")
    panel.words((panel.left + panel.right) / 2, panel.bottom + 28, "spread: largest − smallest", "muted", "center")
    return panel.written(name, title, _said(cells, shown, where))


def merged(rows: Sequence[Row]) -> Cells:
    """(length, spread) -> the largest E there and the wrong answers, over all families."""
    found: Cells = {}
    for cell in (cell for row in rows for cell in row.by_place):
        known = found.get((cell.n, cell.spread), AtPlace(cell.n, cell.spread, 0, 0.0, 0))
        found[cell.n, cell.spread] = AtPlace(
            cell.n, cell.spread, known.outputs + cell.outputs, max(known.scaled, cell.scaled), known.wrong + cell.wrong
        )
    return found


def edges(text: str) -> list[Edge]:
    """Where arithmetic changes, in the format that a method plausibly computes in; none where that is neither's."""
    fmt = computed_in(formats.pair(text))
    if fmt is None:
        return []
    found = [
        # e^-d rounds to 2^-p or less up to 2^-p (1 + u), and 1 + 2^-p to 1: half-way both, and the ties are to even
        Edge(
            fmt.precision * math.log(2) - math.log1p(fmt.unit_roundoff),
            "spread",
            "one smaller term is lost beside the largest",
        ),
        # e^-d rounds to 0 up to t/2, half of 2^tiny_exponent: that tie is to even too
        Edge((1 - fmt.tiny_exponent) * math.log(2), "spread", "exp underflows to 0"),
        # 2^p + 1 is half-way to the next number, and the tie is to even
        Edge(2.0**fmt.precision, "n", "a sum of ones, one by one, sticks"),
        Edge(_overflows(fmt), "n", "a sum of ones overflows"),
    ]
    return sorted(found, key=lambda edge: (edge.along != "spread", edge.at))


def computed_in(pair: FormatPair) -> "Format | None":
    """The wider of the two, as fused kernels do it; None where one has the precision and the other the range."""
    for one, other in (pair, pair[::-1]):
        if one.precision >= other.precision and one.emax >= other.emax and one.tiny_exponent <= other.tiny_exponent:
            return one
    return None


def _overflows(fmt: Format) -> int:
    """The least whole number that rounds to more than M: M and half of the gap above it, where that tie is to even."""
    half_way = (2 * fmt.largest_significand + 1) << (fmt.emax - fmt.precision)
    return half_way if fmt.largest_significand % 2 else half_way + 1


def _boxes(panel: Panel, cells: Cells, lengths: "list[int]") -> None:
    boxes: dict[int, list[tuple[float, float, float, float]]] = {}
    for key, cell in sorted(cells.items()):
        step = _step(cell)
        if step is not None:
            left, top = _corner(panel, *key, lengths)
            box = left + 0.5, top + 0.5, left + _WIDTH - 0.5, top + _HEIGHT - 0.5
            boxes.setdefault(step.number, []).append(box)
    for number, corners in sorted(boxes.items()):
        panel.boxes(corners, f"s{number}")


def _digits(panel: Panel, cells: Cells, lengths: "list[int]") -> None:
    """Row by row, each shade's together: they become one text with many places."""
    words: list[tuple[str, float, float, str]] = []
    for key, cell in cells.items():
        step = _step(cell)
        if step is not None:
            left, top = _corner(panel, *key, lengths)
            said = "✗" if cell.wrong else str(step.number)
            words.append(("light" if step.number > 3 else "ink", top + _HEIGHT - 4, left + _WIDTH / 2, said))
    for role, y, x, said in sorted(words):
        panel.words(x, y, said, role, "center")


def _step(cell: AtPlace) -> "scale.Step | None":
    return scale.step(cell.scaled if cell.outputs else None, cell.wrong)


def _corner(panel: Panel, length: int, spread: float, lengths: "list[int]") -> tuple[float, float]:
    """Left and top of a cell, in pixels."""
    row = len(lengths) - 1 - lengths.index(length)
    return panel.left + _WIDTH * _column(spread), panel.top + _HEIGHT * row


def _column(spread: float) -> int:
    """0 for spread 0, then a column for each power of 4."""
    return 0 if not spread else max(round(math.log(spread, 4)) - _FIRST + 1, 1)


def _seen(edge: Edge, last: int, lengths: "list[int]") -> bool:
    if edge.along == "n":
        return len(lengths) > 1 and lengths[0] < edge.at <= lengths[-1]
    return 0 < _along(edge.at) <= last + 1


def _along(spread: float) -> float:
    """Columns from the left edge of the map."""
    return math.log(spread, 4) - _FIRST + 2


def _edges(panel: Panel, shown: Sequence[Edge], lengths: "list[int]") -> None:
    held: list[tuple[float, str]] = []
    for letter, edge in zip(_LETTERS, shown, strict=False):
        if edge.along == "spread":
            x = panel.left + _WIDTH * _along(edge.at)
            # dashes between the digits, never through one
            panel.stroke([x, x], [panel.top - 3, panel.bottom + 3], "ink", 1.2, (6.0, _HEIGHT - 6.0))
            if held and x - held[-1][0] < 12:  # two that almost coincide share a label
                held[-1] = held[-1][0], f"{held[-1][1]} {letter}"
            else:
                held.append((x, letter))
        else:
            y = panel.bottom - _HEIGHT * _up(edge.at, lengths)
            panel.stroke([panel.left - 4.5, panel.right + 4.5], [y, y], "ink", 1.2, (9.0, _WIDTH - 9.0))
            panel.words(panel.right + 6, y + 3.5, letter, "ink")
    for x, letters in held:
        panel.words(x, panel.top - 6, letters, "ink", "center")
    for place, (letter, edge) in enumerate(zip(_LETTERS, shown, strict=False)):
        y = panel.bottom + 30 + LINE * (place + 1)
        where = f"{edge.along} {short(edge.at) if edge.along == 'spread' else f'{edge.at:,.0f}'}"
        panel.words(panel.left - 26, y, letter, "ink", bold=True)
        panel.words(panel.left - 14, y, f"{where}: {edge.meaning}", "muted")


def _up(length: float, lengths: "list[int]") -> float:
    """Rows from the bottom: within a row by its logarithm, whole rows by those that are shown."""
    below = [known for known in lengths if known <= length]
    if len(below) == len(lengths):
        return float(len(lengths))
    inside = math.log(length, 4) % 1
    return len(below) + (inside if lengths[len(below)] / 4 < length else 0.0)


def _length(length: int) -> str:
    return str(length) if length < 1e4 else f"{length // 1024}k"


def _power(power: int) -> str:
    """4^power, as it is read."""
    value = 4.0**power
    if value < 1:
        return f"1/{round(1 / value)}"
    if value < 1e4:
        return f"{value:.0f}"
    return f"{value / 2**10:.0f}k" if value < 2**20 else f"{value / 2**20:.0f}M"


def _said(cells: Cells, shown: Sequence[Edge], where: str) -> str:
    steps: dict[int, int] = {}
    for cell in cells.values():
        step = _step(cell)
        if step is not None:
            steps[step.number] = steps.get(step.number, 0) + 1
    counted = ", ".join(f"{count} at step {number}" for number, count in sorted(steps.items()))
    worst = max(cells.values(), key=lambda cell: cell.scaled)
    wrong = [cell for cell in cells.values() if cell.wrong]
    told = [f"{sum(steps.values())} cells: {counted}"]
    spread = f"above {WIDEST / 4:,.0f}" if worst.spread == WIDEST else f"up to {short(worst.spread)}"
    told.append(f"largest E {short(worst.scaled)}, at n up to {worst.n:,} and spread {spread}")
    if wrong:
        told.append(f"answers of a wrong kind in {len(wrong)}, {sum(cell.wrong for cell in wrong):,} in all")
    named = "; ".join(
        f"{edge.along} {short(edge.at) if edge.along == 'spread' else f'{edge.at:,.0f}'}: {edge.meaning}"
        for edge in shown
    )
    return ". ".join(told) + (f". Edges{where}: {named}." if named else ".")
