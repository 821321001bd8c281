"""errors, batch by batch -> where they lie: by condition, and by length and spread of the row.

Cells are a factor of four wide, so that a row of evidence stays a few lines however many cases it sums
up. They are for pictures: maxima that count stand in the row itself, in full.
"""

import math
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from lsecheck.charges import Asked, Charges
from lsecheck.contracts import LADDER
from lsecheck.functions.definition import Domain, Floats
from lsecheck.rows import WIDEST, AtCondition, AtPlace, Dot

#: upper ends of the cells are 4^k for k within these; what lies outside is counted at the end
_CONDITIONS = -2, 511
_SPREADS = -3, round(math.log(WIDEST, 4))

Codes = np.ndarray[Any, np.dtype[np.int64]]


class _Output(NamedTuple):
    """One output, not rounded yet."""

    condition: float
    ulp: float
    scaled: float
    rung: int

    def dot(self) -> Dot:
        return Dot(_short(self.condition), _short(self.ulp), _short(self.scaled), str(LADDER[self.rung]))


class _Cell(NamedTuple):
    """Of one condition."""

    outputs: int
    largest: _Output
    weakest: _Output

    def joined(self, other: "_Cell | None") -> "_Cell":
        """With what was known before; of equals the earlier stays."""
        if other is None:
            return self
        return _Cell(
            self.outputs + other.outputs,
            max(other.largest, self.largest, key=lambda each: each.ulp),
            max(other.weakest, self.weakest, key=lambda each: (each.rung, each.scaled)),
        )


class Landscape:
    """Of one row of evidence."""

    def __init__(self) -> None:
        self._conditions: dict[int, _Cell] = {}
        self._places: dict[tuple[int, int], tuple[int, float, int]] = {}

    def add(self, asked: Asked, charged: Charges) -> None:
        """Some more cases, all of one length."""
        rows, n = asked.batch.values.shape
        if not rows or not n or not charged.scored.shape[1]:
            return
        self._add_conditions(asked, charged)
        self._add_places(asked, charged, n)

    def by_condition(self) -> list[AtCondition]:
        """The cells of κ, ascending."""
        return [
            AtCondition(_condition(power), cell.outputs, cell.largest.dot(), cell.weakest.dot())
            for power, cell in sorted(self._conditions.items())
        ]

    def by_place(self) -> list[AtPlace]:
        """The cells of length and spread, ascending."""
        return [
            AtPlace(4**length, _spread(power), outputs, _short(scaled), wrong)
            for (length, power), (outputs, scaled, wrong) in sorted(self._places.items())
        ]

    def _add_conditions(self, asked: Asked, charged: Charges) -> None:
        errors = asked.errors
        # what counts towards the contract, and so towards the E and the rung of the row
        counts = charged.scored & (charged.domains != Domain.RANGE)[:, None]
        if not counts.any():
            return
        kappa, ulp, scaled, rung = (each[counts] for each in (errors.condition, errors.ulp, errors.scaled, errors.rung))
        powers = np.where(np.isinf(kappa), _CONDITIONS[1] + 1, np.clip(_powers(kappa), *_CONDITIONS))

        def output(at: int) -> _Output:
            return _Output(float(kappa[at]), float(ulp[at]), float(scaled[at]), int(rung[at]))

        for power, here in _cells(powers):
            weak = here[rung[here] == rung[here].max()]
            cell = _Cell(len(here), output(here[ulp[here].argmax()]), output(weak[scaled[weak].argmax()]))
            self._conditions[power] = cell.joined(self._conditions.get(power))

    def _add_places(self, asked: Asked, charged: Charges, n: int) -> None:
        values = asked.batch.values
        finite = np.isfinite(values)
        if finite.all():
            chosen = np.ones(len(values), np.bool_)
            with np.errstate(over="ignore"):
                spread = values.max(-1) - values.min(-1)
        else:  # rows that hold nan, +inf or nothing finite have no spread
            chosen = finite.any(-1) & ~(np.isnan(values) | (values == np.inf)).any(-1)
            if not chosen.any():
                return
            inside = values[chosen]
            with np.errstate(over="ignore"):
                spread = inside.max(-1) - np.where(np.isfinite(inside), inside, np.inf).min(-1)
        scored = charged.scored[chosen]
        scaled = np.where(scored, asked.errors.scaled[chosen], -1.0).max(-1)
        outputs, wrong = scored.sum(-1), (charged.raw[chosen] != "").sum(-1)
        # 0 is a cell of its own, below the others
        powers = np.where(spread == 0, _SPREADS[0] - 1, np.clip(_powers(spread), *_SPREADS))
        length = int(_powers(np.array([float(n)]))[0])
        for power, here in _cells(powers):
            counted = int(outputs[here].sum()), max(float(scaled[here].max()), 0.0), int(wrong[here].sum())
            before = self._places.get((length, power), (0, 0.0, 0))
            self._places[length, power] = (
                before[0] + counted[0], max(before[1], counted[1]), before[2] + counted[2],
            )  # fmt: skip


def _powers(numbers: Floats) -> Codes:
    """The least k with number <= 4^k; 0 and infinity at the ends of what there is."""
    significand, exponent = np.frexp(np.where(np.isfinite(numbers), numbers, sys.float_info.max))
    above = exponent.astype(np.int64) - (significand == 0.5)
    return np.where(numbers > 0, -(-above // 2), -(1 << 20))


def _cells(keys: Codes) -> "Iterator[tuple[int, Codes]]":
    """Every key with the places where it stands, in their order."""
    order = np.argsort(keys.astype(np.int16), kind="stable")
    distinct, starts = np.unique(keys[order], return_index=True)
    return zip(distinct.tolist(), np.split(order, starts[1:]), strict=True)


def _condition(power: int) -> float:
    return sys.float_info.max if power > _CONDITIONS[1] else 4.0**power


def _spread(power: int) -> float:
    return 0.0 if power < _SPREADS[0] else 4.0**power


def _short(number: float) -> float:
    """To three digits: what a picture shows."""
    return float(f"{number:.3g}") if number < 1e308 else sys.float_info.max
