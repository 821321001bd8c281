"""points of one function and format -> speed beside accuracy: time across, worst E down.

To the left is faster, below is more accurate; who is beaten by nobody in both stands on the line. Who
keeps no contract stands on a line of its own at the top: the E of what is left of its answers says little.
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
#: of the line of those that keep no contract
_STRIP = 30


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


class _Placed(NamedTuple):
    """A dot, in pixels."""

    dot: Dot
    x: float
    y: float


def draw(dots: Sequence[Dot], name: str, title: str, beside: str = "max-shift") -> str:
    """The panel, or '' where there is nothing to show."""
    if not dots:
        return ""
    kept = [contract for contract in LADDER if any(dot.contract == contract for dot in dots)]
    lines = -(-(len(kept) + 1) // 3)
    panel = Panel(_HEIGHT + LINE * lines, left=46, right=16, top=26, bottom=42 + LINE * lines, width=_WIDTH)
    times = [log(dot.time) for dot in dots]
    errors = [log(dot.scaled, 1e-2) for dot in dots if dot.contract != Contract.BROKEN]
    low, high = min([0.0, *errors]) - 0.5, max([1.0, *errors]) + 0.5
    room = panel.bottom - panel.top
    strip = (high - low) * _STRIP / (room - _STRIP) if len(errors) < len(dots) else 0.0
    panel.limits((min(times) - 0.25, max(times) + 0.45), (low, high + strip))
    panel.ticks_below(_ticks(min(times) - 0.25, max(times) + 0.45))
    panel.ticks_beside(decades(low, high, room, 22))
    if strip:
        panel.ticks_beside([(high + strip / 2, "broken")])
    panel.frame(title, f"time ÷ {beside} →")
    panel.words(panel.left - 34, panel.top - 9, "E", "muted")
    levels = [high + strip / 2 if dot.contract == Contract.BROKEN else log(dot.scaled, 1e-2) for dot in dots]
    placed = [
        _Placed(dot, panel.across(log(dot.time)), panel.down(level)) for dot, level in zip(dots, levels, strict=True)
    ]
    line = _front(panel, placed)
    for contract in kept:
        mine = [each for each in placed if each.dot.contract == contract]
        marks.put(panel, [each.x for each in mine], [each.y for each in mine], contract)
    _names(panel, placed, line)
    _legend(panel, kept)
    return panel.written(name, f"Speed beside accuracy: {title}", _said(dots))


def _ticks(low: float, high: float) -> "list[tuple[float, str]]":
    """1, 2, 5 of every decade."""
    found = []
    for power in range(-4, 6):
        for step in (1, 2, 5):
            value = step * 10.0**power
            if low <= log(value) <= high:
                found.append((log(value), f"{value:g}"))
    return found


def _front(panel: Panel, placed: Sequence[_Placed]) -> list[_Box]:
    """A staircase under those that nobody beats; the places that it takes."""
    best = sorted((each for each in placed if each.dot.best), key=lambda each: (each.x, -each.y))
    ends: list[tuple[float, float]] = []
    for each in best:
        ends += [(each.x, ends[-1][1])] if ends else []
        ends.append((each.x, each.y))
    if len(ends) > 1:
        panel.stroke([x for x, _ in ends], [y for _, y in ends], "accent", 1, (3.0, 2.0))
    return [
        _Box(min(x, left) - 1, min(y, top) - 1, max(x, left) + 1, max(y, top) + 1)
        for (left, top), (x, y) in itertools.pairwise(ends)
    ]


def _names(panel: Panel, placed: Sequence[_Placed], line: "list[_Box]") -> None:
    """Beside each mark, where there is room; those on the line first."""
    taken = line + [_Box(each.x - 5, each.y - 5, each.x + 5, each.y + 5) for each in placed]
    for dot, x, y in sorted(placed, key=lambda each: (not each.dot.best, each.dot.scaled)):
        said = one_line(dot.subject)
        said = said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"
        wide = _LETTER * len(said)
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
