"""rows of one subject, function and format -> the share of outputs with an error above x ulps, by family.

Known at every doubling from half an ulp, straight between. The families that reach furthest are told
apart by dashes, the rest are grey. Answers of a wrong kind have no error: they are not in it.
"""

from collections.abc import Sequence
from itertools import pairwise

from lsecheck.report.figures.canvas import LINE, WIDTH, Panel, decades, log
from lsecheck.report.words import one_line, short
from lsecheck.rows import Row

#: families that are told apart
_SHOWN = 6
#: role, width, dashes in pixels
_STYLES: tuple[tuple[str, float, tuple[float, ...]], ...] = (
    ("accent", 2.0, ()),
    ("ink", 1.5, ()),
    ("accent", 2.0, (6, 2.5)),
    ("ink", 1.5, (6, 2.5)),
    ("accent", 2.0, (1.6, 2.2)),
    ("ink", 1.5, (1.6, 2.2)),
)

Share = list[tuple[float, float]]


def draw(rows: Sequence[Row], name: str, title: str, fmt: str) -> str:
    """The panel, or '' where nothing was scored."""
    scored = [row for row in rows if row.histogram]
    if not scored:
        return ""
    ranked = sorted(scored, key=lambda row: -_reach(row))
    chosen, rest = ranked[:_SHOWN], ranked[_SHOWN:]
    lines = -(-len(chosen) // 2) + bool(rest)
    panel = Panel(height=218 + LINE * lines, left=44, right=12, top=24, bottom=42 + LINE * lines)
    high = max(2.0, max(log(_reach(row)) for row in scored))
    panel.limits((log(0.5), high), (0.0, 100.0))
    ticks = decades(log(0.5), high, panel.right - panel.left)
    half = (log(0.5), "½")
    panel.ticks_below([half, *(tick for tick in ticks if panel.across(tick[0]) - panel.left > 16)])
    panel.ticks_beside([(at, f"{at} %") for at in (0, 25, 50, 75, 100)])
    panel.frame(fmt, "error above x ulps")
    for row in rest:
        _line(panel, above(row), "quiet", 1.0, ())
    for row, style in reversed([*zip(chosen, _STYLES, strict=False)]):
        _line(panel, above(row), *style)
    first = panel.bottom + 30
    for place, (row, style) in enumerate(zip(chosen, _STYLES, strict=False)):
        x, y = (panel.left - 32 if place % 2 == 0 else WIDTH / 2 + 4), first + LINE * (place // 2 + 1)
        panel.stroke([x, x + 22], [y - 3.5, y - 3.5], *style)
        panel.words(x + 28, y, shortened(row.family))
    if rest:
        x, y = panel.left - 32, first + LINE * lines
        panel.stroke([x, x + 22], [y - 3.5, y - 3.5], "quiet", 1.0)
        panel.words(x + 28, y, f"{len(rest)} more {'family' if len(rest) == 1 else 'families'}", "muted")
    return panel.written(name, title, _said(ranked))


def above(row: Row) -> Share:
    """(x, per cent of the scored outputs with an error above x), at every doubling that changes it."""
    total = sum(count for _, count in row.histogram)
    left, points, before = total, [], 0.0
    for edge, count in sorted(row.histogram):
        if before and edge / 2 > before:
            points.append((edge / 2, 100 * left / total))
        elif not before and edge > 0.5:
            points += [(0.5, 100.0)] + ([(edge / 2, 100.0)] if edge > 1 else [])
        left -= count
        points.append((edge, 100 * left / total))
        before = edge
    return points


def _line(panel: Panel, points: Share, role: str, width: float, dashes: "tuple[float, ...]") -> None:
    if len(points) > 1:
        xs, ys = [log(x) for x, _ in points], [y for _, y in points]
        panel.line(*_bent(xs, ys), role, width, dashes)


def _bent(xs: "list[float]", ys: "list[float]") -> "tuple[list[float], list[float]]":
    """Without points in the middle of a straight line."""
    kept = [0]
    for (first, middle), (_, last) in pairwise(pairwise(range(len(xs)))):
        if (
            abs((ys[middle] - ys[first]) * (xs[last] - xs[middle]) - (ys[last] - ys[middle]) * (xs[middle] - xs[first]))
            > 0.01
        ):
            kept.append(middle)
    kept.append(len(xs) - 1)
    return [xs[place] for place in kept], [ys[place] for place in kept]


def _reach(row: Row) -> float:
    return max(edge for edge, _ in row.histogram)


def shortened(text: str, most: int = 22) -> str:
    """Fit for a label."""
    text = one_line(text)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _said(ranked: Sequence[Row]) -> str:
    """Of each family how much is above one ulp, and how far it goes."""
    told = [
        f"{one_line(row.family)} {_share(row):.3g} % above 1 ulp, worst {short(row.max_ulp)} ulp"
        for row in ranked
        if _share(row)
    ]
    rest = len(ranked) - len(told)
    return (
        "; ".join(told) + ("; " if told and rest else "") + (f"{rest} families with none above 1 ulp" if rest else "")
    )


def _share(row: Row) -> float:
    total = sum(count for _, count in row.histogram)
    return 100 * sum(count for edge, count in row.histogram if edge > 1) / total
