"""arena -> ever worse cases: a guided search over rows of any length.

An archive keeps the worst row of each cell (n, size of the answer, spread); every generation is bred
from it, by moves in bits, exponents, order, ties and shifts, by recombination, or drawn afresh near
cancellation. Beside it, boxes of bit patterns are halved around the worst pairs. Thousands of rows are
judged at once by the certified truth; class errors are findings, but no hill to climb.
"""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from lsecheck import formats
from lsecheck.arena import Arena, Heard
from lsecheck.formats import Format
from lsecheck.functions.definition import Floats
from lsecheck.inputs.bits import Draw
from lsecheck.inputs.families import FAMILIES, Family

Integers = np.ndarray[Any, np.dtype[np.int64]]

#: entries of a generation: its fixed costs are then a tenth
ENTRIES = 1 << 13
#: lengths that are bred, and how often beside the others
WIDTHS = (2, 2, 2, 3, 2, 4, 2, 8, 3, 17, 2, 33, 2, 64, 3, 128, 2, 300, 2, 1000)
#: binades of an answer or a spread that share a cell
CELL = 2
#: the worst rows of all, from which a third of the parents come
ELITE = 24


class Worst(NamedTuple):
    """The worst row so far."""

    score: float
    row: Floats  #: (n,)
    label: "int | None"


@dataclass(slots=True)
class Archive:
    """The worst row of each cell."""

    kept: "dict[tuple[int, int, int], Worst]" = field(default_factory=dict)

    def offer(self, heard: Heard) -> None:
        """Keep the rows of a batch that are the worst of their cells."""
        truth, values, labels = heard.asked.truth, heard.asked.batch.values, heard.asked.batch.labels
        scored = np.flatnonzero(~np.isnan(heard.score))
        if not len(scored):
            return
        sizes = truth.exponent[scored].max(-1).astype(np.int64) // CELL
        spreads = np.frexp(np.broadcast_to(truth.sums.spread, (len(values), 1))[scored, 0])[1] // CELL
        order = np.lexsort((-heard.score[scored], spreads, sizes))
        keys = np.stack([sizes, spreads])[:, order]
        first = np.ones(len(order), np.bool_)
        first[1:] = (keys[:, 1:] != keys[:, :-1]).any(0)
        for place in order[first]:
            row = int(scored[place])
            cell = values.shape[1], int(sizes[place]), int(spreads[place])
            score = float(heard.score[row])
            if cell not in self.kept or score > self.kept[cell].score:
                label = None if labels is None else int(labels[row])
                self.kept[cell] = Worst(score, values[row].copy(), label)

    def best(self, count: int = 1) -> "list[Worst]":
        """The worst rows of all, worst first."""
        return heapq.nlargest(count, self.kept.values(), key=lambda one: one.score)

    def parents(self, draw: Draw, n: int) -> Floats:
        """Rows (rows, n) to be moved: the worst of all, or (more often) the worst of some cell."""
        elite, every = self.best(ELITE), list(self.kept.values())
        chosen = np.where(
            draw.uniform(1)[:, 0] < 0.35,
            draw.integers(2, 0, len(elite))[:, 0],
            len(elite) + draw.integers(3, 0, len(every))[:, 0],
        )
        rows = [(elite + every)[place].row for place in chosen]
        return np.array([np.resize(row, n) if len(row) != n else row for row in rows])


def climb(arena: Arena, seed: int) -> Iterator[Heard]:
    """Generation after generation, without end; every batch with what became of it."""
    archive = Archive()
    boxes = Boxes(arena.pair.input, arena.function.entries or 2)
    able = [arena.function.entries or n for n in WIDTHS if n <= arena.pair.input.largest]
    generation = 0
    while True:
        yield _generation(arena, archive, boxes, seed, generation, able[generation % len(able)])
        generation += 1


@np.errstate(all="ignore")
def _generation(arena: Arena, archive: Archive, boxes: "Boxes", seed: int, generation: int, n: int) -> Heard:
    """Rows bred from the archive; every fourth time fresh ones, and every fourth points of boxes."""
    fmt = arena.pair.input
    draw = Draw("search", seed, np.arange(max(ENTRIES // n, 8)) + generation * (ENTRIES + 8))
    if generation % 4 == 1:
        heard = arena.hear(boxes.points(draw))
        boxes.learn(heard)
    elif generation % 4 == 3 or not archive.kept:
        heard = arena.hear(arena.held(fresh(draw, n, fmt, generation // 4)))
    else:
        heard = arena.hear(arena.held(moved(draw, archive.parents(draw, n), fmt)))
    archive.offer(heard)
    return heard


# ---- fresh rows ----


def fresh(draw: Draw, n: int, fmt: Format, turn: int) -> Floats:
    """Rows that are not yet known to be bad, (rows, n), not yet rounded."""
    kinds: list[Callable[[Draw, int, Format], Floats]] = [_cancelling, _patterns, _tail, _cancelling, _near]
    near = [family for family in FAMILIES.values() if family.name not in _NO_START and _allows(family, n)]
    kinds += [family.build for family in near]
    return np.array(kinds[turn % len(kinds)](draw, n, fmt))


_NO_START = ("specials", "masked", "conduct", "width", "equal")


def _allows(family: Family, n: int) -> bool:
    return min(family.widths) <= n <= max(family.widths)


def _cancelling(draw: Draw, n: int, fmt: Format) -> Floats:
    """The last entry solves LSE = 0, or a small number, for the others; all of them a few ulps off."""
    weights = draw.uniform(10, n - 1) + 2.0**-40 if n > 1 else np.zeros((len(draw.indices), 0))
    share = draw.uniform(11) ** _chosen(draw, 12, (1.0, 3.0, 8.0, 0.25))
    others = np.log(weights / np.maximum(weights.sum(-1, keepdims=True), 2.0**-40) * share + 2.0**-1000)
    others = formats.widen(formats.cast(np.maximum(others, -fmt.largest), fmt))
    target = draw.sign(13) * np.ldexp(draw.uniform(14), draw.integers(15, -fmt.precision - 6, 1).astype(np.int32))
    target = np.where(draw.uniform(16) < 0.5, 0.0, target)
    rest = np.log(np.maximum(np.expm1(target) + 1 - np.exp(others).sum(-1, keepdims=True), 2.0**-1000))
    values = np.concatenate([others, rest], axis=1)
    return _nudged(values, draw.integers(17, -3, 4, n), fmt)


def _patterns(draw: Draw, n: int, fmt: Format) -> Floats:
    """Any numbers of the format, all bit patterns alike."""
    top = fmt.largest_ordinal
    places = np.floor(draw.uniform(10, n) * (2.0 * top + 1)) - top
    return formats.widen(formats.from_ordinals(places.astype(np.int64), fmt))


def _tail(draw: Draw, n: int, fmt: Format) -> Floats:
    """One entry near zero above a tail at any distance."""
    reach = (fmt.precision - fmt.emin) * 0.7
    values = -reach * draw.uniform(10) ** _chosen(draw, 11, (1.0, 2.0, 4.0)) - draw.uniform(12, n) * _chosen(
        draw, 13, (0.0, 0.01, 1.0)
    )
    top = draw.sign(14) * np.ldexp(draw.uniform(15), draw.integers(16, fmt.emin, 6).astype(np.int32))
    values[:, 0] = np.where(draw.uniform(17)[:, 0] < 0.3, 0.0, top[:, 0])
    return values


def _near(draw: Draw, n: int, fmt: Format) -> Floats:
    """Entries within a spread of 1 to 8 of a common offset of any size."""
    top = draw.sign(10) * np.ldexp(1 + draw.uniform(11), draw.integers(12, -6, fmt.emax).astype(np.int32))
    return top - draw.uniform(13, n) * _chosen(draw, 14, (1.0, 8.0, 0.1, 0.0))


def _chosen(draw: Draw, stream: int, choices: "tuple[float, ...]") -> Floats:
    return np.array(choices)[draw.integers(stream, 0, len(choices))]


def _nudged(values: Floats, by: Integers, fmt: Format) -> Floats:
    """Values moved by so many numbers of the format."""
    held = np.where(np.isfinite(values), np.clip(values, -fmt.largest, fmt.largest), values)
    places = formats.ordinals(formats.cast(held, fmt)) + by
    top = fmt.largest_ordinal
    return formats.widen(formats.from_ordinals(np.clip(places, -top, top), fmt))


# ---- moves ----


def moved(draw: Draw, rows: Floats, fmt: Format) -> Floats:
    """Each row changed by one or two moves, (rows, n), not yet rounded."""
    for round_ in (0, 100):
        move = draw.integers(20 + round_, 0, len(MOVES))[:, 0]
        if round_:  # the second move of half of them
            move = np.where(draw.uniform(21 + round_)[:, 0] < 0.5, move, -1)
        for kind, change in enumerate(MOVES):
            chosen = np.flatnonzero(move == kind)
            if len(chosen):
                part = Draw(f"move {round_}", int(draw.indices[0]), draw.indices[chosen])
                rows[chosen] = change(part, rows[chosen], rows, fmt)
    return rows


def _some(draw: Draw, n: int) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Which entries are moved: one or two, a third, or all."""
    share = np.array([1 / n, 2 / n, 0.3, 1.0])[draw.integers(1, 0, 4)]
    chosen = draw.uniform(2, n) < share
    chosen[np.arange(len(chosen)), draw.integers(3, 0, n)[:, 0]] = True
    return chosen


def _by_ulps(draw: Draw, rows: Floats, _: Floats, fmt: Format) -> Floats:
    n = rows.shape[1]
    size = 1 << draw.integers(4, 0, fmt.precision)
    step = np.rint((2 * draw.uniform(5, n) - 1) * np.minimum(size, 1 << 30)).astype(np.int64)
    return _nudged(rows, np.where(_some(draw, n), step, 0), fmt)


def _by_an_ulp(draw: Draw, rows: Floats, _: Floats, fmt: Format) -> Floats:
    n = rows.shape[1]
    return _nudged(rows, np.where(_some(draw, n), draw.integers(5, -2, 3, n), 0), fmt)


def _by_exponents(draw: Draw, rows: Floats, _: Floats, fmt: Format) -> Floats:
    n = rows.shape[1]
    return np.where(_some(draw, n), np.ldexp(rows, draw.integers(5, -2, 3, n).astype(np.int32)), rows)


def _shifted(draw: Draw, rows: Floats, _: Floats, fmt: Format) -> Floats:
    power = draw.integers(5, -fmt.precision, min(fmt.precision, fmt.emax)).astype(np.int32)
    by = draw.sign(6) * np.ldexp(draw.uniform(7), power)
    return rows + np.where(draw.uniform(8) < 0.2, -rows.max(-1, keepdims=True), by)


def _tied(draw: Draw, rows: Floats, _: Floats, fmt: Format) -> Floats:
    n = rows.shape[1]
    other = rows[np.arange(len(rows)), draw.integers(5, 0, n)[:, 0]][:, None]
    value = np.where(draw.uniform(6) < 0.5, rows.max(-1, keepdims=True), other)
    return np.where(_some(draw, n), value, rows)


def _ordered(draw: Draw, rows: Floats, _: Floats, fmt: Format) -> Floats:
    n = rows.shape[1]
    shuffled = np.take_along_axis(rows, np.argsort(draw.uniform(5, n), axis=1, kind="stable"), axis=1)
    up = np.sort(rows, axis=1)
    orders = np.stack([up, up[:, ::-1], rows[:, ::-1], shuffled, np.roll(rows, 1, axis=1)])
    return orders[draw.integers(6, 0, len(orders))[:, 0], np.arange(len(rows))]


def _stretched(draw: Draw, rows: Floats, _: Floats, fmt: Format) -> Floats:
    top = rows.max(-1, keepdims=True)
    power = -draw.integers(5, 0, fmt.precision + 1).astype(np.int32)
    return top + (rows - top) * (1 + draw.sign(6) * np.ldexp(draw.uniform(7), power))


def _recombined(draw: Draw, rows: Floats, every: Floats, fmt: Format) -> Floats:
    n = rows.shape[1]
    other = every[draw.integers(5, 0, len(every))[:, 0]]
    cut = np.arange(n) < draw.integers(6, 0, n + 1)
    return np.where(np.where(draw.uniform(7) < 0.5, cut, _some(draw, n)), other, rows)


def _retargeted(draw: Draw, rows: Floats, _: Floats, fmt: Format) -> Floats:
    """Shifted so that LSE is 0 or a small number, or one entry solved for it."""
    top = rows.max(-1, keepdims=True)
    total = top + np.log(np.exp(rows - top).sum(-1, keepdims=True))
    target = np.ldexp(draw.uniform(5), draw.integers(6, -2 * fmt.precision, 2).astype(np.int32))
    target = np.where(draw.uniform(7) < 0.5, 0.0, draw.sign(8) * target)
    moved = rows - total + target
    place = rows.argmin(-1)
    rest = np.where(np.arange(rows.shape[1]) == place[:, None], 0.0, np.exp(rows)).sum(-1)
    solved = rows.copy()
    solved[np.arange(len(rows)), place] = np.log(np.maximum(np.exp(target[:, 0]) - rest, 2.0**-1000))
    return np.where(draw.uniform(9) < 0.5, moved, solved)


MOVES = (
    _by_ulps, _by_an_ulp, _by_exponents, _shifted, _tied, _ordered, _stretched, _recombined, _retargeted, _by_ulps,
)  # fmt: skip


# ---- boxes of bit patterns ----


class Boxes:
    """Boxes of ordinals, (low, high) for each entry of a short row: sampled, ranked, the worst of them halved."""

    def __init__(self, fmt: Format, n: int, beam: int = 64):
        self.fmt, self.n, self.beam = fmt, n, beam
        self.start()

    def start(self) -> None:
        """All numbers of the format, cut into as many boxes as are kept."""
        cuts = 8 if self.n == 2 else 4
        edges = np.linspace(-self.fmt.largest_ordinal, self.fmt.largest_ordinal + 1, cuts + 1).astype(np.int64)
        grid = np.stack(np.meshgrid(*[np.arange(cuts)] * self.n, indexing="ij"), -1).reshape(-1, self.n)
        self.low, self.high = edges[grid], edges[grid + 1]
        self.depth = 0

    def points(self, draw: Draw) -> Floats:
        """Points of every box, (points, n), as numbers of the format."""
        each = max(ENTRIES // self.n // len(self.low), 4)
        self.box = np.repeat(np.arange(len(self.low)), each)
        draw = Draw("boxes", int(draw.indices[0]), np.arange(len(self.box)))
        size = (self.high - self.low)[self.box].astype(np.float64)
        places = self.low[self.box] + np.floor(draw.uniform(0, self.n) * size).astype(np.int64)
        return formats.widen(formats.from_ordinals(np.minimum(places, self.high[self.box] - 1), self.fmt))

    def learn(self, heard: Heard) -> None:
        """Keep the boxes with the worst points, each halved along its longest side; begin again when they are small."""
        worst = np.full(len(self.low), -1.0)
        rows = heard.asked.batch.indices  # cases that the oracle leaves undecided are not asked
        if len(rows) == 0:
            return
        np.maximum.at(worst, self.box[rows], np.nan_to_num(heard.score, nan=-1.0))
        kept = np.argsort(-worst, kind="stable")[: self.beam]
        low, high = self.low[kept], self.high[kept]
        side = (high - low).argmax(-1)
        every = np.arange(len(kept))
        middle = (low[every, side] + high[every, side]) // 2
        if (high[every, side] - low[every, side]).max() < 2 or self.depth > 40 * self.n:
            self.start()
            return
        upper, lower = low.copy(), high.copy()
        upper[every, side] = np.minimum(middle, high[every, side] - 1)
        lower[every, side] = np.maximum(middle, low[every, side] + 1)
        self.low, self.high = np.concatenate([low, upper]), np.concatenate([lower, high])
        self.depth += 1
