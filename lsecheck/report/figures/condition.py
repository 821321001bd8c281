"""rows of one subject, function and format -> ulp errors by condition κ, against E = 1 and E = c.

Of every cell of κ two outputs: the one with the largest ulp error, and the one that stands worst. An error
with E = e is e (1 + κ) [1/2, 1] ulps, by where the exact value lies in its binade: since E = |err| / (u |y| (1 + κ)),
and an ulp is between u |y| and 2 u |y|. So each E is a band. Under that of E = 1 an answer is as good as the
inputs allow, over it the implementation adds error; E = c is where the contract `conditioned`, whose factor is c, ends
but for its terms for n and underflow. Where y is subnormal, or past the largest number, an ulp is another share of
it, and bands of its own would be lower or higher: the dot has a line through it.
The weaker rungs depend on n and the spread too and are no line here: the shape of a dot says which rung it keeps.
"""

import math
import sys
from collections.abc import Sequence

from lsecheck import functions
from lsecheck.contracts import LADDER, Contract
from lsecheck.report.figures import marks
from lsecheck.report.figures.canvas import LINE, WIDTH, Panel, decades, log
from lsecheck.report.words import short
from lsecheck.rows import Dot, Row

#: log10 of the smallest error that is drawn; smaller ones stand there
_FLOOR = -1.0
#: pixels for answers that are exactly 0, whose κ has no bound
_EDGE = 22


#: E of the first band: as good as the inputs allow
_ALLOWED = 1.0
_ULPS, _APART = "½ and 1 ulp", "not normal: other bands"


def draw(rows: Sequence[Row], name: str, title: str, fmt: str) -> str:
    """The panel, or '' where nothing was scored, or not by condition."""
    dots = shown(rows)
    if not dots:
        return ""
    kept = [contract for contract in LADDER if any(dot.contract == contract for dot in dots)]
    apart = [dot for dot in dots if not _by_place(dot)]
    lines = -(-(len(kept) + 3 + bool(apart)) // 2)
    finite = [dot for dot in dots if dot.condition < sys.float_info.max]
    edge = 0 if len(finite) == len(dots) else _EDGE
    panel = Panel(height=218 + LINE * lines, left=38, right=12 + edge, top=24, bottom=42 + LINE * lines)
    low = min([-1.0, *(log(dot.condition, 1e-3) for dot in finite)])
    high = max([1.0, *(log(dot.condition) for dot in finite)]) + 0.3
    top = max(1.5, max(log(dot.ulp) for dot in dots) + 0.3)
    panel.limits((low, high), (_FLOOR - 0.1, top))
    factor = functions.named(rows[0].function).conditioned_factor
    for scaled, role in ((factor, "s2"), (_ALLOWED, "s3")):
        _band(panel, scaled, role, low, high, top)
    panel.ticks_below(decades(low, high, panel.right - panel.left))
    panel.ticks_beside(decades(_FLOOR, top, panel.bottom - panel.top, 22))
    for ulps, dashes in ((0.5, (3.0, 2.0)), (1.0, ())):
        panel.line([low, high], [log(ulps), log(ulps)], "muted", 1, dashes)
    if edge:
        panel.stroke([panel.right + 4] * 2, [panel.top, panel.bottom], "muted", 1, (2.0, 2.0))
        panel.words(panel.right + 4 + edge / 2, panel.bottom + 14, "∞", "muted", "center")
    panel.frame(fmt, "condition κ")
    panel.words(panel.left - 32, panel.top - 9, "ulps", "muted")
    for x, y in ((_across(panel, dot, edge), panel.down(log(dot.ulp))) for dot in apart):
        panel.stroke([x - 6, x + 6], [y, y], "ink", 1)
    for contract in kept:
        mine = [dot for dot in dots if dot.contract == contract]
        xs = [_across(panel, dot, edge) for dot in mine]
        marks.put(panel, xs, [panel.down(log(dot.ulp)) for dot in mine], contract)
    _legend(panel, kept, factor, bool(apart))
    return panel.written(name, title, _said(rows, dots, factor))


def shown(rows: Sequence[Row]) -> list[Dot]:
    """Of every cell of κ, over all families, the largest ulp error and what stands worst; one where they are one."""
    largest: dict[float, Dot] = {}
    weakest: dict[float, Dot] = {}
    for cell in (cell for row in rows for cell in row.by_condition):
        largest[cell.upto] = max(largest.get(cell.upto, cell.largest), cell.largest, key=lambda dot: dot.ulp)
        weakest[cell.upto] = max(weakest.get(cell.upto, cell.weakest), cell.weakest, key=_standing)
    return list(dict.fromkeys(dot for upto in sorted(largest) for dot in (largest[upto], weakest[upto])))


def band(scaled: float, condition: float) -> tuple[float, float]:
    """Least and largest ulp error with that E at that κ, of answers that are not subnormal."""
    return scaled * (1 + condition) / 2, scaled * (1 + condition)


def _by_place(dot: Dot) -> bool:
    """Whether the bands are those of its E: known to three digits. One of unbounded κ stands beside them."""
    if dot.condition == sys.float_info.max:
        return True
    least, most = band(dot.scaled, min(dot.condition, 1e150))
    return least * 0.98 <= dot.ulp <= most * 1.02


def _standing(dot: Dot) -> tuple[int, float]:
    """The worst is the largest."""
    return _RUNGS.get(dot.contract, -1), dot.scaled


def _band(panel: Panel, scaled: float, role: str, low: float, high: float, top: float) -> None:
    powers = [low + (high - low) * step / 24 for step in range(25)]
    ends = [band(scaled, math.pow(10, min(power, 307))) for power in powers]
    over = [panel.down(min(log(most), top)) for _, most in ends]
    under = [panel.down(min(log(least), top)) for least, _ in reversed(ends)]
    xs = [panel.across(power) for power in powers]
    panel.area([*xs, *reversed(xs)], [*over, *under], role)


def _across(panel: Panel, dot: Dot, edge: int) -> float:
    return panel.across(log(dot.condition)) if dot.condition < sys.float_info.max else panel.right + 4 + edge / 2


def _legend(panel: Panel, kept: Sequence[Contract], factor: float, apart: bool) -> None:
    first, columns = panel.bottom + 30, (panel.left - 26, WIDTH / 2 + 4)
    bands = {"E = 1: as inputs allow": "s3", f"E = {factor:g}, of conditioned": "s2"}
    for place, said in enumerate([*kept, *bands, _ULPS, *([_APART] if apart else [])]):
        x, y = columns[place % 2], first + LINE * (place // 2 + 1) - 3.5
        if isinstance(said, Contract):
            marks.put(panel, [x + 11], [y], said)
        elif said in bands:
            panel.boxes([(x, y - 4, x + 22, y + 4)], bands[said])
        elif said == _APART:
            panel.stroke([x + 5, x + 17], [y, y], "ink", 1)
        else:
            panel.stroke([x, x + 22], [y - 2, y - 2], "muted", 1, (3.0, 2.0))
            panel.stroke([x, x + 22], [y + 2, y + 2], "muted", 1)
        panel.words(x + 28, y + 3.5, f"keeps {said}" if isinstance(said, Contract) and said != "broken" else str(said))


def _said(rows: Sequence[Row], dots: Sequence[Dot], factor: float) -> str:
    # of all outputs that count, of which dots are a few
    most = max([row.max_scaled for row in rows if isinstance(row.max_scaled, float)], default=math.inf)
    largest = max(dots, key=lambda dot: dot.ulp)
    told = f"Largest error {_told(largest)}; E up to {short(most)}. "
    if most <= _ALLOWED:
        return told + "All of it is mathematics: every answer is as good as the inputs allow."
    worst = max(dots, key=_standing)
    above = [sum(dot.scaled > limit for dot in dots) for limit in (_ALLOWED, factor)]
    kept = "no contract" if worst.contract == Contract.BROKEN else worst.contract
    return told + (
        f"E above 1, where the implementation adds error, in {above[0]} of {len(dots)} dots, above {factor:g} in"
        f" {above[1]}. The one that stands worst keeps {kept}: {_told(worst)}."
    )


def _told(dot: Dot) -> str:
    kappa = short(dot.condition) if dot.condition < sys.float_info.max else "unbounded"
    return f"{short(dot.ulp)} ulp at κ {kappa}, E {short(dot.scaled)}"


_RUNGS = {str(contract): contract.rung for contract in LADDER}
