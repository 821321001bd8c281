"""lines, marks, words -> one panel, drawn by matplotlib.

The only file that imports matplotlib, and only when a panel is drawn. The object API, fonts that come
with the library for its measures, no dates, a fixed salt: the same document gives the same bytes.
Axes are linear here; whoever draws takes logarithms, and says so with its ticks.
"""

import importlib
import io
import math
from collections.abc import Sequence
from typing import Any

from lsecheck.report.figures import naming, svg

#: pixels
WIDTH = 340
#: of a line of words
LINE = 14

Points = Sequence[float]


def available() -> bool:
    """Whether figures can be drawn here: one that is there and broken draws none either."""
    try:
        importlib.import_module("matplotlib.backends.backend_svg")
    except ImportError:
        return False
    return True


class Panel:
    """A plot with margins in pixels, and room for words around it."""

    def __init__(self, height: int, left: int, right: int, top: int, bottom: int, width: int = WIDTH) -> None:
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure

        self.left, self.right, self.top, self.bottom = left, width - right, top, height - bottom
        self.height = height
        self._figure: Any = Figure(figsize=(width / 72, height / 72), dpi=72)
        FigureCanvasSVG(self._figure)
        self._figure.patch.set_visible(False)
        self._axes: Any = self._figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self._axes.set_axis_off()
        # pixels from the upper left corner, as in the file
        self._axes.set_xlim(0, width)
        self._axes.set_ylim(height, 0)
        self._x, self._y = (0.0, 1.0), (0.0, 1.0)

    def limits(self, x: tuple[float, float], y: tuple[float, float]) -> None:
        """What the plot's edges stand for."""
        self._x, self._y = x, y

    def across(self, value: float) -> float:
        """Where a number stands, in pixels from the left."""
        low, high = self._x
        return self.left + (min(max(value, low), high) - low) / (high - low) * (self.right - self.left)

    def down(self, value: float) -> float:
        """And from the top."""
        low, high = self._y
        return self.bottom - (min(max(value, low), high) - low) / (high - low) * (self.bottom - self.top)

    def line(self, xs: Points, ys: Points, role: str, width: float = 1.0, dashes: Points = ()) -> None:
        """Through points of the plot."""
        self.stroke([*map(self.across, xs)], [*map(self.down, ys)], role, width, dashes)

    def stroke(self, xs: Points, ys: Points, role: str, width: float = 1.0, dashes: Points = ()) -> None:
        """Through pixels."""
        from matplotlib.lines import Line2D

        drawn = Line2D(xs, ys, color=_colour(role), linewidth=width, solid_capstyle="butt", dash_capstyle="butt")
        if dashes:
            drawn.set_linestyle((0, tuple(length / width for length in dashes)))
        drawn.set_transform(self._axes.transData)
        self._axes.add_artist(drawn)

    def marks(self, xs: Points, ys: Points, shape: Any, role: str, size: float = 6.0, hollow: bool = False) -> None:
        """At pixels."""
        from matplotlib.lines import Line2D

        drawn = Line2D(
            xs, ys, linestyle="none", marker=shape, markersize=size, markeredgewidth=1.1,
            markeredgecolor=_colour(role), markerfacecolor=_colour("paper") if hollow else _colour(role),
        )  # fmt: skip
        drawn.set_transform(self._axes.transData)
        self._axes.add_artist(drawn)

    def area(self, xs: Points, ys: Points, role: str) -> None:
        """Filled, around pixels."""
        from matplotlib.patches import Polygon

        self._axes.add_artist(Polygon([*zip(xs, ys, strict=True)], closed=True, facecolor=_colour(role), linewidth=0))

    def boxes(self, corners: Sequence[tuple[float, float, float, float]], role: str) -> None:
        """Filled boxes (left, top, right, bottom), in pixels."""
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        if not corners:
            return
        codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(corners)
        points = [
            point
            for left, top, right, bottom in corners
            for point in ((left, top), (right, top), (right, bottom), (left, bottom), (left, top))
        ]
        self._axes.add_artist(PathPatch(Path(points, codes), facecolor=_colour(role), linewidth=0))

    def words(self, x: float, y: float, text: str, role: str = "ink", align: str = "left", bold: bool = False) -> None:
        """A line of words, its baseline at y pixels."""
        from matplotlib.text import Text

        look: Any = {"horizontalalignment": align, "fontweight": "bold" if bold else "normal"}
        drawn = Text(
            x, y, text, color=_colour(role), fontsize=10, fontfamily="DejaVu Sans", verticalalignment="baseline",
            parse_math=False, **look,
        )  # fmt: skip
        drawn.set_transform(self._axes.transData)
        self._axes.add_artist(drawn)

    def frame(self, title: str, below: str) -> None:
        """The panel's name, the line that the plot stands on, and what stands along it."""
        self.words(self.left, self.top - 9, title, bold=True)
        self.words((self.left + self.right) / 2, self.bottom + 29, below, "muted", "center")
        self.stroke([self.left, self.right], [self.bottom, self.bottom], "muted", 1)

    def ticks_below(self, ticks: Sequence[tuple[float, str]]) -> None:
        """A rule and a label for each."""
        for value, _ in ticks:
            self.line([value, value], self._y, "rule", 1)
        for value, label in ticks:
            self.words(self.across(value), self.bottom + 14, label, "muted", "center")

    def ticks_beside(self, ticks: Sequence[tuple[float, str]]) -> None:
        """The same, on the left."""
        for value, _ in ticks:
            self.line(self._x, [value, value], "rule", 1)
        for value, label in ticks:
            self.words(self.left - 6, self.down(value) + 3.5, label, "muted", "right")

    def written(self, name: str, title: str, description: str) -> str:
        """The panel as SVG."""
        import matplotlib

        settled: Any = {"svg.fonttype": "none", "svg.hashsalt": "lsecheck", "path.simplify": False}
        stream = io.StringIO()
        with matplotlib.rc_context(settled):
            self._figure.savefig(stream, format="svg", metadata={"Date": None})
        return svg.tidy(stream.getvalue(), f"f{naming.digest(name)}", title, description)


def decades(low: float, high: float, pixels: float, least: float = 34.0) -> list[tuple[float, str]]:
    """Whole powers of ten between two logarithms, no closer than so many pixels."""
    first, last = math.ceil(low - 1e-9), math.floor(high + 1e-9)
    each = pixels / max(high - low, 1e-9)
    stride = next((stride for stride in (1, 2, 3, 5, 10, 20, 50, 100, 200) if stride * each >= least), 500)
    start = -(-first // stride) * stride
    return [(float(power), power_of_ten(power)) for power in range(start, last + 1, stride)]


def power_of_ten(power: int) -> str:
    """1, 10, 100, then 10³ and on."""
    if power in _PLAIN:
        return _PLAIN[power]
    return "10" + str(power).translate(_RAISED)


def log(number: float, least: float = 1e-320) -> float:
    """log10 that has a value at 0."""
    return math.log10(max(number, least))


def _colour(role: str) -> str:
    return svg.COLOURS[role][0]


_PLAIN = {-2: "0.01", -1: "0.1", 0: "1", 1: "10", 2: "100"}
_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
