"""format -> some 400 rows on which the ways of being wrong that are known differ from each other.

Every kind of row is met at small n first, where a model that cannot be meant is cheap to rule out.
"""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsecheck.formats import Format
from lsecheck.functions.definition import Floats, Function
from lsecheck.inputs.bits import Draw


@dataclass(frozen=True, slots=True)
class Place:
    """A row to be made: its length, its turn among the rows of its kind, and random numbers for it."""

    n: int
    turn: int
    bell: Floats  #: (n,): mean 0, variance 1
    share: Floats  #: (n,): in [0, 1)
    fmt: Format

    def of(self, choices: "tuple[Any, ...]", every: int = 1) -> Any:
        """The choice whose turn it is; `every`: how many turns each choice lasts."""
        return choices[self.turn // every % len(choices)]

    @property
    def at(self) -> int:
        """A place in the row: first, last, and others."""
        last = self.n - 1
        return min(
            (0, last, self.n // 2, int(self.share[0] * self.n), min(31, last), min(1024, last))[self.turn % 6], last
        )


Row = Callable[[Place], Floats]


def probes(function: Function, fmt: Format) -> Iterator[Floats]:
    """Batches (rows, n) for a function, shortest rows first, the same ones every time."""
    if function.entries is None:
        # a row without entries has no label
        yield from _batches(fmt, _ROWS[1:] if function.labelled else _ROWS)
    else:
        yield from _batches(fmt, tuple((function.entries, _OF_PAIRS) for _ in range(_BATCHES_OF_PAIRS)))


@functools.lru_cache(maxsize=8)
def _batches(fmt: Format, shapes: "tuple[tuple[int, int], ...]") -> tuple[Floats, ...]:
    turn, made = 0, []
    for place, (n, rows) in enumerate(shapes):
        draw = Draw("diagnosis", place, np.arange(rows))
        bell, share = draw.bell(0, max(n, 1)), draw.uniform(1, max(n, 1))
        batch = np.zeros((rows, n))
        for row in range(rows if n else 0):
            # kinds take turns at each length, and each kind its own variants from one length to the next
            kind = KINDS[turn % len(KINDS)]
            batch[row] = kind(Place(n, turn // len(KINDS), bell[row], share[row], fmt))
            turn += 1
        if n % 32 == 0 and rows > 8:
            batch[-1] = -np.inf  # no tail, and nothing in it
        batch.setflags(write=False)
        made.append(batch)
    return tuple(made)


# ---- kinds of rows ----


def _plain(p: Place) -> Floats:
    return p.bell * p.of((1.0, 3.0, 8.0, 0.1))


def _offset(p: Place) -> Floats:
    return p.bell + p.of(_OFFSETS)


def _near_zero(p: Place) -> Floats:
    return p.bell * p.of((0.25, 1.0)) - np.log(p.n) - p.of((0.02, 0.5))


def _gap(p: Place) -> Floats:
    row = np.full(p.n, -float(p.of(_GAPS)))
    row[p.at] = 0.0
    return row


def _spread_gap(p: Place) -> Floats:
    row = -float(p.of(_GAPS)) * (0.75 + 0.5 * p.share)
    row[p.n // 2] = p.of((0.0, -2.5, 6.0))
    return row


def _halves(p: Place) -> Floats:
    row = p.bell.copy()
    half = slice(p.n // 2, None) if p.turn % 2 else slice(None, p.n // 2)
    row[half] += p.of((12.0, 95.0, 130.0, 800.0, 3e4, 40.0), 2)
    return row


def _ordered(p: Place) -> Floats:
    row = np.sort(p.bell) * p.of((2.0, 60.0, 500.0), 2)
    return row if p.turn % 2 else row[::-1]


def _masked_start(p: Place) -> Floats:
    return _masked(p.bell + p.of(_OFFSETS), slice(None, min(p.of((1, 32, p.n // 2, 128)), p.n - 1)))


def _masked_end(p: Place) -> Floats:
    return _masked(p.bell + p.of(_OFFSETS, 2), slice(max(p.n - p.of((1, p.n // 2, 33)), 1), None))


def _masked_some(p: Place) -> Floats:
    return _masked(p.bell + p.of((0.0, -50.0, 5.0)), p.share < 0.4)


def _masked(row: Floats, where: Any) -> Floats:
    row[where] = -np.inf
    return row


def _equal(p: Place) -> Floats:
    return np.full(p.n, p.of((0.0, -3.5, 1.25, -0.6875)))


def _spike(p: Place) -> Floats:
    row = p.bell + p.of((0.0, -60.0))
    row[p.at] += p.of((90.0, 2e3, 0.4 * p.fmt.largest, 20.0))
    return row


def _huge(p: Place) -> Floats:
    return p.bell * 0.3 * p.fmt.largest


def _low(p: Place) -> Floats:
    return np.full(p.n, -abs(float(p.of(_LOW)))) + p.bell * p.of((0.0, 1.0))


def _special(p: Place) -> Floats:
    row = p.bell * 1.0
    match p.of(tuple(range(9))):
        case 0:
            row[:] = -np.inf
        case 1:
            row[p.at] = np.inf
        case 2:
            row[p.at] = np.nan
        case 3:
            row[:2] = np.inf
        case 4:
            row[:] = -np.inf
            row[p.at] = np.nan
        case 5:
            row[0], row[-1] = np.inf, np.nan
        case 6:
            row[-1] = np.nan
        case 7:
            row[0], row[-1] = -np.inf, np.inf
        case 8:
            row[:] = np.inf
    return row


def _subnormal(p: Place) -> Floats:
    row = p.bell * p.fmt.tiny * 64
    row[p.n // 2 :] = -float(p.of((0.0, 0.9 * p.fmt.largest, 1e3)))
    return row if p.n > 1 else row + p.of((0.0, 2.0**p.fmt.emin * 0.75))


def _lowest(p: Place) -> Floats:
    row = np.full(p.n, -p.fmt.largest)
    row[p.at] = p.of((-p.fmt.largest, 0.0, p.fmt.largest))
    return row


_OFFSETS = (10.0, -10.0, -60.0, 100.0, -120.0, 1e3, -1e3, -2e4, 3e4, -6e4, 11.5, -17.0, -800.0, 1e7, -1e31, 1e35)
_GAPS = (17.0, 25.0, 5.5, 9.0, 12.0, 22.0, 36.0, 40.0, 60.0, 7.0, 14.0, 2.0, 80.0, 88.0, 100.0, 150.0, 600.0, 1e3, 1e5)
_LOW = (30.0, 75.0, 90.0, 120.0, 800.0, 1.1e4, 1.02e4, 5.2e4, 1e5, 1e31)
KINDS: tuple[Row, ...] = (
    _special, _plain, _gap, _near_zero, _offset, _masked_some, _spread_gap, _halves, _equal, _masked_start, _ordered,
    _spike, _low, _masked_end, _huge, _subnormal, _lowest,
)  # fmt: skip
#: rows at each n: prime to the number of kinds, so that no kind is met at some lengths only
_ROWS = (
    (0, 2), (1, 35), (2, 65), (3, 50), (4, 20), (5, 20), (8, 18), (9, 12), (17, 18), (32, 14), (33, 20), (47, 10),
    (64, 12), (65, 10), (100, 12), (128, 12), (129, 10), (160, 8), (256, 8), (257, 8), (300, 8), (513, 8), (600, 6),
    (1024, 5), (1030, 6), (1500, 4), (2050, 4), (3000, 4),
)  # fmt: skip
_BATCHES_OF_PAIRS, _OF_PAIRS = 8, 50
