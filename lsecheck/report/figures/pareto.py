"""points of one function and format -> speed beside accuracy: time across, worst E down.

To the left is faster, below is more accurate; who is beaten by nobody in both stands on the line.
"""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from lsecheck.contracts import LADDER, Contract
from lsecheck.report.figures import marks
from lsecheck.report.figures.canvas import LINE, Panel, decades, log
from lsecheck.report.words import one_line, short

#: pixels
_WIDTH, _HEIGHT = 460, 300
#: of a character of a name, about; and of a line
_LETTER, _TALL = 5.9, 11.0
_LONGEST = 24


class Dot(NamedTuple):
    """A subject."""

    subject: str
    contract: str
    time: float  #: over that of max-shift, in one run
    scaled: float  #: worst E
    best: bool  #: nobody is both faster and more accurate


class _Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "_Box") -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )


def draw(dots: Sequence[Dot], name: str, title: str, beside: str = "max-shift") -> str:
    """The panel, or '' where there is nothing to show."""
    if not dots:
        return ""
    kept = [contract for contract in LADDER if any(dot.contract == contract for dot in dots)]
    lines = -(-(len(kept) + 1) // 3)
    panel = Panel(_HEIGHT + LINE * lines, left=40, right=16, top=26, bottom=42 + LINE * lines, width=_WIDTH)
    times, errors = [log(dot.time) for dot in dots], [log(dot.scaled, 1e-2) for dot in dots]
    panel.limits((min(times) - 0.25, max(times) + 0.45), (min([0.0, *errors]) - 0.5, max([1.0, *errors]) + 0.5))
    panel.ticks_below(_ticks(min(times) - 0.25, max(times) + 0.45))
    panel.ticks_beside(decades(min([0.0, *errors]) - 0.5, max([1.0, *errors]) + 0.5, panel.bottom - panel.top, 22))
    panel.frame(title, f"time ÷ {beside} →")
    panel.words(panel.left - 34, panel.top - 9, "E", "muted")
    line = _front(panel, dots)
    for contract in kept:
        mine = [dot for dot in dots if dot.contract == contract]
        marks.put(panel, [_x(panel, dot) for dot in mine], [_y(panel, dot) for dot in mine], contract)
    _names(panel, dots, line)
    _legend(panel, kept)
    return panel.written(name, f"Speed beside accuracy: {title}", _said(dots))


def _x(panel: Panel, dot: Dot) -> float:
    return panel.across(log(dot.time))


def _y(panel: Panel, dot: Dot) -> float:
    return panel.down(log(dot.scaled, 1e-2))


def _ticks(low: float, high: float) -> "list[tuple[float, str]]":
    """1, 2, 5 of every decade."""
    found = []
    for power in range(-4, 6):
        for step in (1, 2, 5):
            value = step * 10.0**power
            if low <= log(value) <= high:
                found.append((log(value), f"{value:g}"))
    return found


def _front(panel: Panel, dots: Sequence[Dot]) -> list[_Box]:
    """A staircase under those that nobody beats; the places that it takes."""
    best = sorted((dot for dot in dots if dot.best), key=lambda dot: (dot.time, dot.scaled))
    xs: list[float] = []
    ys: list[float] = []
    for dot in best:
        x, y = _x(panel, dot), _y(panel, dot)
        if ys:
            xs.append(x)
            ys.append(ys[-1])
        xs.append(x)
        ys.append(y)
    if len(xs) > 1:
        panel.stroke(xs, ys, "accent", 1, (3.0, 2.0))
    ends = [*zip(xs, ys, strict=True)]
    return [
        _Box(min(x, left) - 1, min(y, top) - 1, max(x, left) + 1, max(y, top) + 1)
        for (left, top), (x, y) in itertools.pairwise(ends)
    ]


def _names(panel: Panel, dots: Sequence[Dot], line: "list[_Box]") -> None:
    """Beside each mark, where there is room; those on the line first."""
    taken = line + [
        _Box(_x(panel, dot) - 5, _y(panel, dot) - 5, _x(panel, dot) + 5, _y(panel, dot) + 5) for dot in dots
    ]
    for dot in sorted(dots, key=lambda dot: (not dot.best, dot.scaled)):
        said = one_line(dot.subject)
        said = said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"
        wide, x, y = _LETTER * len(said), _x(panel, dot), _y(panel, dot)
        for at, base, align in _places(x, y):
            left = {"left": at, "right": at - wide, "center": at - wide / 2}[align]
            box = _Box(left, base - _TALL + 2, left + wide, base + 2)
            inside = box.left >= panel.left and box.right <= panel.right + 14 and box.top >= panel.top - 4
            if inside and box.bottom <= panel.bottom and not any(box.meets(other) for other in taken):
                panel.words(at, base, said, "ink" if dot.best else "muted", align)
                taken.append(box)
                break


def _places(x: float, y: float) -> "tuple[tuple[float, float, str], ...]":
    """Where a name may stand: across, its baseline, and which end of it that is; the best first."""
    beside = (x + 7, y + 3.5, "left"), (x - 7, y + 3.5, "right")
    above_and_below = (x, y - 7, "center"), (x, y + 14, "center")
    corners = (x + 6, y - 6, "left"), (x + 6, y + 13, "left"), (x - 6, y - 6, "right"), (x - 6, y + 13, "right")
    return *beside, *above_and_below, *corners


def _legend(panel: Panel, kept: Sequence[Contract]) -> None:
    first, wide = panel.bottom + 30, (_WIDTH - 20) / 3
    for place, said in enumerate([*kept, None]):
        x, y = 10 + wide * (place % 3), first + LINE * (place // 3 + 1) - 3.5
        if said is None:
            panel.stroke([x, x + 22], [y, y], "accent", 1, (3.0, 2.0))
            panel.words(x + 28, y + 3.5, "nobody beats both")
        else:
            marks.put(panel, [x + 11], [y], said)
            panel.words(x + 28, y + 3.5, "broken" if said is Contract.BROKEN else f"keeps {said}")


def _said(dots: Sequence[Dot]) -> str:
    told = [
        f"{one_line(dot.subject)} {short(dot.time)} times, E {short(dot.scaled)}, {dot.contract}"
        + (" (nobody beats both)" if dot.best else "")
        for dot in sorted(dots, key=lambda dot: dot.time)
    ]
    return f"Time beside max-shift and worst E: {'; '.join(told)}"
