"""rows of one subject, function and format -> which way each family errs: mean signed error within ± mean error.

The bar is the mean distance, to both sides; the dot is the mean with its sign. A dot at an end of its
bar says that every answer errs that way. Linear within ±1 ulp, logarithmic beyond.
"""

import math
from collections.abc import Sequence

from lsecheck.report.figures.canvas import Panel, power_of_ten
from lsecheck.report.figures.distribution import shortened
from lsecheck.report.words import one_line, short
from lsecheck.rows import Row

_STEP = 12


def draw(rows: Sequence[Row], name: str, title: str, fmt: str) -> str:
    """The panel, or '' where nothing was scored."""
    scored = [
        (row, row.mean_ulp, row.bias_ulp)
        for row in rows
        if isinstance(row.mean_ulp, float) and isinstance(row.bias_ulp, float)
    ]
    if not scored:
        return ""
    panel = Panel(height=24 + _STEP * len(scored) + 6 + 36, left=108, right=14, top=24, bottom=36)
    reach = max(1.0, math.ceil(max(squeezed(mean) for _, mean, _ in scored)))
    panel.limits((-reach, reach), (0.0, 1.0))
    panel.ticks_below(_ticks(reach, panel.right - panel.left))
    panel.frame(fmt, "← too low · mean error, ulps · too high →")
    panel.line([0, 0], [0, 1], "muted", 1)
    for place, (row, _, _) in enumerate(scored):
        y = panel.top + _STEP * place + 9
        panel.words(panel.left - 8, y + 3.5, shortened(row.family, 15), "ink", "right")
    bars = []
    for place, (_, mean, _) in enumerate(scored):
        y = panel.top + _STEP * place + 9
        x = panel.across(squeezed(mean))
        bars.append((2 * panel.across(0) - x, y - 2, x, y + 2))
    panel.boxes(bars, "s3")
    xs = [panel.across(squeezed(bias)) for _, _, bias in scored]
    panel.marks(xs, [panel.top + _STEP * place + 9 for place in range(len(scored))], "o", "ink", 4)
    return panel.written(name, title, _said(scored))


def squeezed(ulps: float) -> float:
    """Linear to 1 ulp, then a decade a unit; the sign kept."""
    size = abs(ulps)
    return math.copysign(size if size <= 1 else 1 + math.log10(size), ulps)


def _ticks(reach: float, pixels: float) -> "list[tuple[float, str]]":
    """0, ±1 and as many decades as there is room for."""
    each = pixels / (2 * reach)
    stride = next((stride for stride in (1, 2, 3, 4, 5, 10, 20, 50, 100) if stride * each >= 40), 300)
    sides = [(1.0 + power, power) for power in range(0, int(reach), stride)]
    if len(sides) > 1 and each < 22:
        sides = sides[1:]
    below = [(-at, f"−{power_of_ten(power)}") for at, power in reversed(sides)]
    return [*below, (0.0, "0"), *((at, power_of_ten(power)) for at, power in sides)]


def _said(scored: "list[tuple[Row, float, float]]") -> str:
    told = [f"{one_line(row.family)} {short(bias)} of {short(mean)}" for row, mean, bias in scored]
    return f"Mean signed error of the mean error, in ulps: {'; '.join(told)}"
