"""contract -> the mark that stands for it in every figure: told apart by shape, in black and white too."""

from collections.abc import Sequence
from typing import NamedTuple

from lsecheck.contracts import Contract
from lsecheck.report.figures.canvas import Panel


class _Mark(NamedTuple):
    shape: str
    role: str
    size: float
    hollow: bool


_MARKS = {
    Contract.CORRECTLY_ROUNDED: _Mark("o", "quiet", 3.5, False),
    Contract.FAITHFUL: _Mark("o", "muted", 4.5, True),
    Contract.CONDITIONED: _Mark("D", "muted", 4, True),
    Contract.SHIFTED: _Mark("s", "ink", 5, True),
    Contract.SEQUENTIAL: _Mark("^", "ink", 6, True),
    Contract.FOLDED: _Mark("v", "ink", 6, True),
    Contract.BROKEN: _Mark("x", "accent", 6, False),
}


def put(panel: Panel, xs: Sequence[float], ys: Sequence[float], contract: Contract) -> None:
    """At pixels."""
    mark = _MARKS[contract]
    panel.marks(xs, ys, mark.shape, mark.role, mark.size, mark.hollow)
