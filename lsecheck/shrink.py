"""a case that breaks something -> the shortest, simplest one that breaks the same.

Candidates of one length are asked together, thousands at once; whoever still breaks the same is asked
again alone, since a reproducer is. Shorter is simpler, then fewer different values, then simpler numbers.
"""

import itertools
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from lsecheck import formats
from lsecheck.arena import LOST, Arena, Charge, Heard
from lsecheck.formats import Format
from lsecheck.functions.definition import Floats
from lsecheck.subjects.streaming import Leaf, Merge, Plan, parse

#: seconds for a case that hangs: every step is worth a wait
_WAITING = 45.0
#: entries of a batch of candidates
ENTRIES = 1 << 15
#: rows of one batch that are tried before a case is given up as one that needs its neighbours
COPIES = (1, 2)


class Case(NamedTuple):
    """A row as it is to be asked."""

    row: Floats  #: (n,)
    label: "int | None" = None
    copies: int = 1  #: equal rows in the batch
    plan: str = ""


@dataclass(slots=True)
class Shrinker:
    """Keeps to one charge, within a budget of cases and seconds."""

    arena: Arena
    charge: Charge
    cases: int = 200_000
    seconds: float = 6.0
    tried: int = 0
    until: float = field(init=False)

    def __post_init__(self) -> None:
        self.until = time.monotonic() + self.seconds

    @property
    def spent(self) -> bool:
        """Whether the budget is used up."""
        return self.tried >= self.cases or time.monotonic() > self.until

    def breaks(self, case: Case) -> bool:
        """Whether this case, asked as it will be reproduced, still breaks the same."""
        heard = self.asked(case)
        return any(charge == self.charge for charge, _ in heard.charge.values())

    def asked(self, case: Case) -> Heard:
        """What becomes of it."""
        self.tried += case.copies
        values = np.repeat(case.row[None, :], case.copies, axis=0)
        labels = None if case.label is None else np.full(case.copies, case.label)
        return self.arena.hear(values, labels, case.plan)

    def smallest(self, case: Case) -> Case:
        """The simplest case found; `case` itself must break."""
        if self.charge.kind in LOST:  # every success may cost the time limit: the largest step first
            case = self._plainer(case)
        while not self.spent:
            before = case
            case = self._shorter(case)
            case = self._plainer(case)
            case = self._simpler(case)
            case = self._fed_simpler(case)
            if before.row.tobytes() == case.row.tobytes() and before.plan == case.plan:
                break
        return case

    def _fed_simpler(self, case: Case) -> Case:
        """A plan of fewer words, for a streaming subject."""
        if not case.plan:
            return case
        for plan in simpler_plans(case.plan, len(case.row)):
            if len(plan) < len(case.plan) and not self.spent and self.breaks(case._replace(plan=plan)):
                return self._fed_simpler(case._replace(plan=plan))
        return case

    # ---- which candidate ----

    def _first(self, case: Case, rows: Floats, labels: "np.ndarray[tuple[int], np.dtype[np.int64]] | None") -> Case:
        """The first candidate that breaks the same, in order; `case` where none does."""
        for likely in self._likely(case, rows, labels):
            for place in likely[:3]:
                label = None if labels is None else int(labels[place])
                found = case._replace(row=rows[place], label=label)
                if self.breaks(found):
                    return found
        return case

    def _likely(
        self, case: Case, rows: Floats, labels: "np.ndarray[tuple[int], np.dtype[np.int64]] | None"
    ) -> Iterator[list[int]]:
        """Portion after portion, the places of candidates that break the same among others; one alone is not asked."""
        step = max(ENTRIES // max(rows.shape[1], 1), 1)
        if case.copies > 1 or case.plan or self.charge.kind in LOST:
            step = 1
        for start in range(0, len(rows), step):
            if self.spent:
                return
            if step == 1:
                yield [start]
                continue
            part = slice(start, start + step)
            heard = self.arena.hear(rows[part], None if labels is None else labels[part])
            self.tried += len(rows[part])
            places = sorted(row for row, (charge, _) in heard.charge.items() if charge == self.charge)
            yield [start + int(heard.asked.batch.indices[row]) for row in places]

    # ---- shorter ----

    def _shorter(self, case: Case) -> Case:
        if self.arena.function.entries is not None:
            return case
        for found in (self._tiny(case), self._cut_down(case)):
            if len(found.row) < len(case.row):
                case = found
        return case

    def _tiny(self, case: Case) -> Case:
        """Straight to a few of its entries: extremes, specials, one of each value."""
        row = case.row
        if len(row) < 4:
            return case
        values = list(dict.fromkeys([row[0], row[-1], *_extremes(row), *row[:3]]))[:6]
        for n in (0, 1, 2, 3):
            picks = np.array(list(_tuples(values, n))).reshape(-1, n) if n else np.empty((1, 0))
            labels = None if case.label is None else np.full(len(picks), max(n - 1, 0))
            if case.label is not None and n == 0:
                continue
            found = self._first(case, picks, labels)
            if found is not case:
                return found
        return case

    def _cut_down(self, case: Case) -> Case:
        """Leave out runs of entries: halves first, single ones last."""
        size = len(case.row) // 2 or 1
        while not self.spent and len(case.row) > 0:
            n = len(case.row)
            most = min(64, max((1 << 20) // n, 2))
            starts = np.arange(0, n, size) if n // size <= most else np.linspace(0, n - size, most).astype(np.int64)
            found = self._left_out(case, starts[: n // size or 1], size)
            if len(found.row) < n:
                case = found
                size = min(size, max(len(case.row) // 2, 1))
            elif size == 1:
                break
            else:
                size //= 2
        return case

    def _left_out(self, case: Case, starts: "np.ndarray[tuple[int], np.dtype[np.int64]]", size: int) -> Case:
        """Without one of these runs of entries, or as many of those that can go as can go together."""
        if case.label is not None:
            starts = starts[(case.label < starts) | (case.label >= starts + size)]
        without = [_without(case, [start], size) for start in starts.tolist()]
        # where entries are equal, so are the rows without them
        different = {(found.row.tobytes(), found.label): place for place, found in reversed([*enumerate(without)])}
        places = sorted(different.values())
        if not places:
            return case
        labels = None if case.label is None else np.array([without[place].label for place in places])
        for likely in self._likely(case, np.array([without[place].row for place in places]), labels):
            halved = [likely[: len(likely) >> times] for times in range(len(likely).bit_length())]
            for gone in [*halved, likely[1:2], likely[2:3]]:
                found = _without(case, [starts[places[at]] for at in gone], size)
                if gone and self.breaks(found):
                    return found
        return case

    # ---- fewer different values ----

    def _plainer(self, case: Case) -> Case:
        """Whole stretches set to one value: 0, the largest, the first, -inf."""
        n = len(case.row)
        if n < 2:
            return case
        fmt = self.arena.pair.input
        values = list(dict.fromkeys([0.0, *_extremes(case.row), float(case.row[0]), -np.inf]))
        values = [value for value in values if fmt.has_infinity or not np.isinf(value)]
        size = n
        while size and not self.spent:
            masks = _windows(n, size)
            rows = np.array([np.where(mask, value, case.row) for value in values for mask in masks])
            now = _complexity(case.row, fmt)
            rows = rows[[_complexity(row, fmt) < now for row in rows]]
            found = self._first(case, rows, _same(case, len(rows))) if len(rows) else case
            if found is case:
                size = size // 2 if n <= 64 or size > n // 64 else 0
            else:
                case = found
        return case

    # ---- simpler numbers ----

    def _simpler(self, case: Case) -> Case:
        """Each value that occurs, replaced wherever it stands, or in one place, by simpler ones."""
        fmt = self.arena.pair.input
        values = sorted(set(case.row.tolist()), key=lambda value: -_cost(value, fmt))[:12]
        for value in values:
            if self.spent:
                break
            here = _equal(case.row, value)
            choices = [choice for choice in simpler(value, fmt) if _cost(choice, fmt) < _cost(value, fmt)]
            choices.sort(key=lambda choice: _cost(choice, fmt))
            if not choices:
                continue
            rows = np.array([np.where(here, choice, case.row) for choice in choices])
            case = self._first(case, rows, _same(case, len(rows)))
        # the whole row moved, or ordered
        now = _complexity(case.row, fmt)
        rows = np.array([row for row in _whole(case.row, self.arena) if _complexity(row, fmt) < now])
        return self._first(case, rows, _same(case, len(rows))) if len(rows) else case


def _without(case: Case, starts: Iterable[int], size: int) -> Case:
    """A case without runs of so many entries; its label stays with its entry, which is in none of them."""
    kept = np.ones(len(case.row), bool)
    for start in starts:
        kept[start : start + size] = False
    label = None if case.label is None else int(kept[: case.label].sum())
    return case._replace(row=case.row[kept], label=label)


def shrunk(arena: Arena, charge: Charge, case: Case, seconds: float = 6.0, cases: int = 200_000) -> "tuple[Case, int]":
    """The simplest case that breaks the same, and how many were tried: within so many seconds and cases.

    Where the row alone does not break, two equal rows are tried, then as many as it has entries;
    a case that needs its own neighbours is left as it is.
    """
    seconds = _WAITING if charge.kind == "timed-out" else seconds
    shrinker = Shrinker(arena.fresh(), charge, cases, seconds)
    for copies in dict.fromkeys((*COPIES, min(len(case.row), 64))):
        asked = case._replace(copies=copies)
        if copies and shrinker.breaks(asked):
            return shrinker.smallest(asked), shrinker.tried
    return case._replace(copies=0), shrinker.tried


def simpler(value: float, fmt: Format) -> Iterator[float]:
    """Simpler numbers near a value: small integers, fewer bits, rounder decimals' powers of two."""
    for special in (0.0, 1.0, -1.0, 2.0, -2.0, 100.0, -100.0, 1000.0, -1000.0):
        if abs(special) <= fmt.largest and float(formats.widen(formats.cast(np.array(special), fmt))) == special:
            yield special
    if not np.isfinite(value) or value == 0:
        return
    significand, power = np.frexp(value)
    for bits in range(1, fmt.precision):
        scale = 2.0**bits
        for rounded in (np.rint(significand * scale), np.trunc(significand * scale)):
            near = float(np.ldexp(rounded / scale, power))
            if abs(near) <= fmt.largest:
                yield near
    for number in (
        np.rint(value),
        np.trunc(value),
        np.ceil(value),
        np.rint(value / 10) * 10,
        np.rint(value / 100) * 100,
    ):
        if abs(number) <= fmt.largest:
            yield float(formats.widen(formats.cast(np.array(number), fmt)))


def simpler_plans(text: str, n: int) -> list[str]:
    """Plans simpler than one, shortest first: usual ones, its parts, and itself with a part or chunk left out."""
    usual = ["", f"1,{max(n - 1, 0)}", f"0,{n}", f"(1 {max(n - 1, 0)})", f"(() {n})", f"({n} ())"]
    return sorted(dict.fromkeys([*usual, *map(str, _plans_within(parse(text)))]), key=len)


def _plans_within(plan: Plan) -> Iterator[Plan]:
    if isinstance(plan, Leaf):
        for place in range(len(plan.sizes)):
            yield Leaf(plan.sizes[:place] + plan.sizes[place + 1 :])
        return
    yield from (plan.left, plan.right)
    yield from (Merge(left, plan.right) for left in _plans_within(plan.left))
    yield from (Merge(plan.left, right) for right in _plans_within(plan.right))


def _whole(row: Floats, arena: Arena) -> Iterator[Floats]:
    """Changes of a whole row that make it simpler."""
    with np.errstate(all="ignore"):
        finite = row[np.isfinite(row)]
        if len(finite):
            for by in dict.fromkeys((float(finite.max()), float(finite.min()), float(finite[0]))):
                yield arena.held(row - by)
            yield arena.held(np.rint(row))
            yield arena.held(np.trunc(row))
    yield np.sort(row)
    yield np.sort(row)[::-1].copy()


def _windows(n: int, size: int) -> "list[np.ndarray[tuple[int], np.dtype[np.bool_]]]":
    places = np.arange(n)
    starts = range(0, n, size) if n // size <= 32 else np.linspace(0, n - size, 32).astype(int)
    return [(places >= start) & (places < start + size) for start in starts]


def _extremes(row: Floats) -> list[float]:
    """The largest, the smallest, and one of each special value."""
    with np.errstate(all="ignore"):
        finite = row[np.isfinite(row)]
    found = [float(finite.max()), float(finite.min())] if len(finite) else []
    return found + list(dict.fromkeys(float(value) for value in row[~np.isfinite(row)]))[:3]


def _tuples(values: list[float], n: int) -> Iterator[tuple[float, ...]]:
    return itertools.product(values, repeat=n)


def _equal(row: Floats, value: float) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    return np.isnan(row) if np.isnan(value) else (row == value) & (np.signbit(row) == np.signbit(value))


def _same(case: Case, rows: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]] | None":
    return None if case.label is None else np.full(rows, case.label)


def _cost(value: float, fmt: Format) -> float:
    """How much there is to a number: 0 is nothing, integers are little, bits and far exponents much."""
    if value == 0:
        return 0.5 if np.signbit(value) else 0.0
    if not np.isfinite(value):
        return 1.5
    significand, power = np.frexp(abs(value))
    bits = 0
    scaled = int(np.ldexp(significand, fmt.precision))
    while scaled % 2 == 0:
        scaled //= 2
    bits = scaled.bit_length()
    whole = abs(value) < 1e6 and float(value).is_integer()
    digits = len(str(int(abs(value))).rstrip("0")) if whole else 0
    return (1.0 + digits if whole else 6.0 + bits + abs(int(power)) / 32) + 0.25 * (value < 0)


def _complexity(row: Floats, fmt: Format) -> tuple[int, int, float]:
    """What is made smaller: runs of equal entries, different values, what there is to them."""
    changes = int((row[1:] != row[:-1]).sum()) if len(row) > 1 else 0
    values = set(row.tolist())
    return changes, len(values), sum(_cost(value, fmt) for value in values)
