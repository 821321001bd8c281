"""rows of one subject, function and format -> the largest ulp error by condition κ, against the contracts.

An error with E = c is c (1 + κ) [1/2, 1] ulps, by where the exact value lies in its binade: since
E = |err| / (u |y| (1 + κ)) but for subnormal answers, and an ulp is between u |y| and 2 u |y|. So the bound of
`conditioned`, whose factor is c, is a band; what lies in it or below is mathematics. The weaker rungs
depend on n and the spread too and are no line here: the shape of a dot says which rung it keeps.
"""

import math
import sys
from collections.abc import Sequence

from lsecheck import functions
from lsecheck.contracts import LADDER, Contract
from lsecheck.report.figures import marks
from lsecheck.report.figures.canvas import LINE, WIDTH, Panel, decades, log
from lsecheck.report.words import short
from lsecheck.rows import AtCondition, Row

#: log10 of the smallest error that is drawn; smaller ones stand there
_FLOOR = -1.0
#: pixels for answers that are exactly 0, whose κ has no bound
_EDGE = 22


def draw(rows: Sequence[Row], name: str, title: str, fmt: str) -> str:
    """The panel, or '' where nothing was scored, or not by condition."""
    cells = worst(rows)
    if not cells:
        return ""
    kept = [contract for contract in LADDER if any(cell.contract == contract for cell in cells)]
    lines = -(-(len(kept) + 2) // 2)
    finite = [cell for cell in cells if cell.condition < sys.float_info.max]
    edge = 0 if len(finite) == len(cells) else _EDGE
    panel = Panel(height=218 + LINE * lines, left=38, right=12 + edge, top=24, bottom=42 + LINE * lines)
    low = min([-1.0, *(log(cell.condition, 1e-3) for cell in finite)])
    high = max([1.0, *(log(cell.condition) for cell in finite)]) + 0.3
    top = max(1.5, max(log(cell.ulp) for cell in cells) + 0.3)
    panel.limits((low, high), (_FLOOR - 0.1, top))
    factor = functions.named(rows[0].function).conditioned_factor
    _band(panel, factor, low, high, top)
    panel.ticks_below(decades(low, high, panel.right - panel.left))
    panel.ticks_beside(decades(_FLOOR, top, panel.bottom - panel.top, 22))
    for ulps, dashes in ((0.5, (3.0, 2.0)), (1.0, ())):
        panel.line([low, high], [log(ulps), log(ulps)], "muted", 1, dashes)
    if edge:
        panel.stroke([panel.right + 4] * 2, [panel.top, panel.bottom], "muted", 1, (2.0, 2.0))
        panel.words(panel.right + 4 + edge / 2, panel.bottom + 14, "∞", "muted", "center")
    panel.frame(fmt, "condition κ")
    panel.words(panel.left - 32, panel.top - 9, "ulps", "muted")
    for contract in kept:
        mine = [cell for cell in cells if cell.contract == contract]
        xs = [_across(panel, cell, edge) for cell in mine]
        marks.put(panel, xs, [panel.down(log(cell.ulp)) for cell in mine], contract)
    _legend(panel, kept, factor)
    return panel.written(name, title, _said(cells, factor))


def worst(rows: Sequence[Row]) -> list[AtCondition]:
    """Of every cell of κ the largest error of each contract kept, over all families."""
    found: dict[tuple[float, str], AtCondition] = {}
    for cell in (cell for row in rows for cell in row.by_condition):
        known = found.get((cell.upto, cell.contract))
        if known is None or cell.ulp > known.ulp:
            found[cell.upto, cell.contract] = cell
    return [found[key] for key in sorted(found)]


def band(factor: float, condition: float) -> tuple[float, float]:
    """Least and largest ulp error with E = factor at that κ."""
    return factor * (1 + condition) / 2, factor * (1 + condition)


def _band(panel: Panel, factor: float, low: float, high: float, top: float) -> None:
    powers = [low + (high - low) * step / 24 for step in range(25)]
    ends = [band(factor, math.pow(10, min(power, 307))) for power in powers]
    over = [panel.down(min(log(most), top)) for _, most in ends]
    under = [panel.down(min(log(least), top)) for least, _ in reversed(ends)]
    xs = [panel.across(power) for power in powers]
    panel.area([*xs, *reversed(xs)], [*over, *under], "s2")


def _across(panel: Panel, cell: AtCondition, edge: int) -> float:
    return panel.across(log(cell.condition)) if cell.condition < sys.float_info.max else panel.right + 4 + edge / 2


def _legend(panel: Panel, kept: Sequence[Contract], factor: float) -> None:
    first, places = panel.bottom + 30, [(panel.left - 26, 0), (WIDTH / 2 + 4, 0)]
    for place, said in enumerate([*kept, f"conditioned: E = {factor:g}", "½ and 1 ulp"]):
        x, y = places[place % 2][0], first + LINE * (place // 2 + 1) - 3.5
        if isinstance(said, Contract):
            marks.put(panel, [x + 11], [y], said)
        elif place == len(kept):
            panel.boxes([(x, y - 4, x + 22, y + 4)], "s2")
        else:
            panel.stroke([x, x + 22], [y - 2, y - 2], "muted", 1, (3.0, 2.0))
            panel.stroke([x, x + 22], [y + 2, y + 2], "muted", 1)
        panel.words(x + 28, y + 3.5, f"keeps {said}" if isinstance(said, Contract) and said != "broken" else str(said))


def _said(cells: Sequence[AtCondition], factor: float) -> str:
    above = [cell for cell in cells if cell.ulp > band(factor, min(cell.condition, 1e307))[1]]
    most = max(cells, key=lambda cell: cell.ulp)
    told = f"Largest error {short(most.ulp)} ulp, at κ {_kappa(most)}, E {short(most.scaled)}. "
    if not above:
        return told + f"No error above the band of E = {factor:g}: what there is is mathematics."
    worst = max(above, key=lambda cell: cell.scaled)
    return told + (
        f"Above the band of E = {factor:g} in {len(above)} of {len(cells)} dots, κ {_kappa(above[0])} to"
        f" {_kappa(above[-1])}; furthest {short(worst.ulp)} ulp at κ {_kappa(worst)}, E {short(worst.scaled)},"
        f" keeps {'no contract' if worst.contract == 'broken' else worst.contract}."
    )


def _kappa(cell: AtCondition) -> str:
    return short(cell.condition) if cell.condition < sys.float_info.max else "unbounded"
