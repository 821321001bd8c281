"""E -> five steps: from as good as the inputs allow, to wrong.

One scale for the page and its figures. A step is a number and a bar as well as a shade, so that it
reads in black and white.
"""

import math
from typing import NamedTuple

from lsecheck.rows import Absent


class Step(NamedTuple):
    """One step of the scale."""

    number: int  #: 1 for the best
    upto: float  #: the largest E of it
    meaning: str

    @property
    def range(self) -> str:
        """Which E it holds."""
        return f"E ≤ {self.upto:,.0f}" if math.isfinite(self.upto) else f"E > {STEPS[-2].upto:,.0f}"


STEPS = (
    Step(1, 1.0, "as good as the inputs allow"),
    Step(2, 8.0, "close to it"),
    Step(3, 64.0, "some bits lost"),
    Step(4, 1024.0, "many bits lost"),
    Step(5, math.inf, "nearly all lost, or an answer of a wrong kind"),
)
WORST = STEPS[-1]


def step(scaled: "float | Absent | None", wrong: int = 0) -> "Step | None":
    """The step of the largest E, with so many answers of a wrong kind; None where nothing was scored."""
    if wrong:
        return WORST
    if not isinstance(scaled, float):
        return None
    # nan is within no step but the last
    return next((each for each in STEPS if scaled <= each.upto), WORST)
