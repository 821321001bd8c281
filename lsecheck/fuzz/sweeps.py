"""format -> sweeps: rows whose answer is known in closed form, asked by the thousand without the oracle.

A row of a few runs of equal entries, V*COUNT, has LSE = a + ln(sum of count e^(v - a)): float64 knows
it well enough to suspect an answer. A suspicion is put to the oracle, which alone convicts; every
acquittal doubles what it takes to be suspected again, so honest rounding is soon left alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from lsecheck import formats
from lsecheck.arena import LOST, Arena, Heard
from lsecheck.formats import Format
from lsecheck.functions.definition import Floats, Labels

#: rows that are suspected of one thing: the oracle is asked about so many
SUSPECTS = 8
#: entries of a batch: memory stays small, and a lost batch is soon searched
ENTRIES = 1 << 17


class Known(NamedTuple):
    """Rows with their LSE, near enough to suspect an answer."""

    values: Floats  #: (rows, n), numbers of the format
    top: Floats  #: (rows,): the largest entry, or 0 where that is not finite
    log: Floats  #: (rows,): LSE less that, in float64
    scale: Floats  #: (rows,): |y| + K, which rounding errors are relative to
    labels: "Labels | None" = None  #: (rows,), for cross_entropy; by default the last entries

    @property
    def answer(self) -> Floats:
        """LSE, (rows,)."""
        return self.top + self.log

    def with_rows(self, values: Floats) -> "Known":
        """Other rows with the answer of this one."""
        rows = len(values)
        return Known(values, np.repeat(self.top, rows), np.repeat(self.log, rows), np.repeat(self.scale, rows))

    def outputs(self, function: str) -> "tuple[Floats, Floats]":
        """What is right at every output of a function, and what rounding errors there are relative to."""
        lse, scale = self.answer[:, None], self.scale[:, None]
        if function in ("logsumexp", "logaddexp"):
            return lse, scale
        with np.errstate(all="ignore"):
            x = self.values
            if function == "cross_entropy":
                x = x[:, -1:] if self.labels is None else np.take_along_axis(x, self.labels[:, None], 1)
            logs = (x - self.top[:, None]) - self.log[:, None]
            spread = np.abs(logs) + np.abs(x) + scale
            if function == "softmax":
                share = np.exp(logs)
                return share, share * (1 + np.abs(np.maximum(logs, -1e4)))
        return (-logs if function == "cross_entropy" else logs), spread


class Screened(NamedTuple):
    """Rows that nothing was found against, without the oracle."""

    cases: int
    n: int


@dataclass(slots=True)
class Bar:
    """What it takes to be suspected, in u (|y| + K)."""

    height: float = 2.0
    acquitted: int = 0

    def suspects(
        self, known: Known, answers: Floats, function: str, fmt: Format
    ) -> "np.ndarray[Any, np.dtype[np.int64]]":
        """Rows with an answer of another kind, or too far off; the farthest first."""
        right, scale = known.outputs(function)
        with np.errstate(all="ignore"):
            off = np.abs(answers - right) / (fmt.unit_roundoff * scale + fmt.tiny)
        same = (answers == right) | (np.isnan(answers) & np.isnan(right))
        off = np.where(same, 0.0, np.where(np.isnan(off), np.inf, off)).max(-1, initial=0.0)
        found = np.flatnonzero(off > self.height)
        return found[np.argsort(-off[found], kind="stable")]

    def acquit(self) -> None:
        """Suspected in vain: whoever computes like this is not suspected again."""
        self.acquitted += 1
        if self.acquitted % 2 == 0:
            self.height *= 2


def screened(arena: Arena, sweep: "Iterator[Known]") -> Iterator["Heard | Screened"]:
    """Ask a sweep; what is suspected is heard by the oracle, the rest is counted."""
    bar = Bar()
    for known in together(sweep):
        rows, n = known.values.shape
        if arena.subject.declared.base != "e" or (n == 0 and arena.function.labelled):
            yield arena.hear(known.values[: max(ENTRIES // 8 // max(n, 1), 1)])
            continue
        answers = arena.answer(known.values, known.labels)
        if str(answers.trouble[0]) in LOST:
            yield arena.hear(known.values, known.labels)
            continue
        if not n:
            continue
        found = bar.suspects(known, answers.values, arena.function.name, arena.pair.output)
        if len(found):
            # in its own company too: some code is wrong only where there are rows beside it
            chosen = found[:SUSPECTS] if len(found) < rows else np.arange(min(rows, SUSPECTS))
            heard = arena.hear(known.values[chosen], None if known.labels is None else known.labels[chosen])
            if not heard.broken.any():
                bar.acquit()
            yield heard
        yield Screened(rows - min(len(found), SUSPECTS), n)


def together(sweep: Iterator[Known]) -> Iterator[Known]:
    """Rows of equal n that follow each other, in one batch as long as that is small."""
    held: list[Known] = []
    for known in sweep:
        n, rows = known.values.shape[1], sum(len(each.values) for each in held)
        if held and (held[0].values.shape[1] != n or (rows + len(known.values)) * n > ENTRIES):
            yield _joined(held)
            held = []
        held.append(known)
    if held:
        yield _joined(held)


def _joined(known: list[Known]) -> Known:
    if len(known) == 1:
        return known[0]
    named = [each.labels for each in known if each.labels is not None]
    return Known(
        np.concatenate([each.values for each in known]),
        np.concatenate([each.top for each in known]),
        np.concatenate([each.log for each in known]),
        np.concatenate([each.scale for each in known]),
        np.concatenate(named) if named else None,
    )


# ---- sweeps ----


def of_runs(pieces: "list[tuple[Floats, int]]") -> Known:
    """Rows of runs: (value of each row, how many of it), left to right."""
    values = np.concatenate([np.repeat(value[:, None], count, axis=1) for value, count in pieces], axis=1)
    with np.errstate(all="ignore"):
        runs, counts = np.stack([value for value, _ in pieces], 1), np.array([count for _, count in pieces], float)
        runs = np.where(counts > 0, runs, -np.inf)
        most = runs.max(-1)
        top = np.where(np.isfinite(most), most, 0.0)
        weights = np.where(np.isneginf(runs), 0.0, counts * np.exp(runs - top[:, None]))
        total = weights.sum(-1)
        # the 1 of a largest entry is never added to what is beside it
        lead = (runs == most[:, None]) & (np.arange(runs.shape[1]) == runs.argmax(-1)[:, None])
        beside = np.where(lead, np.maximum(counts - 1, 0.0), weights).sum(-1)
        log = np.where(np.isfinite(most), np.log1p(beside), np.log(total))
        spread = (weights * np.where(weights > 0, np.abs(runs), 0.0)).sum(-1) / np.maximum(total, 1e-300)
        log = np.where(np.isnan(runs).any(-1), np.nan, log)
        log = np.where((runs == np.inf).any(-1) & ~np.isnan(runs).any(-1), np.inf, log)
        answer = top + log
        scale = np.where(np.isfinite(answer), np.abs(answer) + np.nan_to_num(spread), 0.0)
    return Known(values, top, log, scale)


def widths(fmt: Format) -> Iterator[Known]:
    """Every n to 2200, then powers of two to 2^17 with their neighbours, and some primes: c + ln n."""
    powers = [2**k + step for k in range(12, 18) for step in (-1, 0, 1)]
    yield from _equal([*range(1, 2201), *sorted([*powers, *_PRIMES])], fmt)


def long_widths(fmt: Format) -> Iterator[Known]:
    """Every n to 4500, and powers of two to 2^22: one row each."""
    yield from _equal([*range(2201, 4500), *(2**k + step for k in range(18, 23) for step in (0, 1))], fmt)


_PRIMES = (5003, 6007, 8009, 10007, 12289, 20011, 30011, 32771, 50021, 99991, 123457)


def _equal(lengths: list[int], fmt: Format) -> Iterator[Known]:
    for n in lengths:
        if n < 1 << 17 or n <= fmt.largest:
            # two rows where that is cheap: some code is wrong only where there is a second one, or reads an odd
            # last entry from elsewhere
            rows = 2 if n < 1200 else 1
            yield of_runs([(np.array([0.0, -3.5][:rows]), n - 1), (np.array([0.0, 0.5][:rows]), 1)])


def offsets(fmt: Format) -> Floats:
    """What a row may lie at: where a sentinel, a floor or a missing shift would show."""
    most = 0.9 * fmt.largest
    every = np.array([0.0, -1e2, -2e4, 100.0, -1.5e5, -1e31, -0.9 * fmt.largest, 2e4, 0.45 * fmt.largest, -3.0])
    return formats.widen(formats.cast(np.clip(every, -most, most), fmt))


def gaps(fmt: Format) -> Floats:
    """How far two runs may lie apart: the limits of exponentials, of cut-offs and of integers."""
    edge = (fmt.emax + 1) * 0.6931471805599453, (fmt.precision - fmt.emin) * 0.6931471805599453
    every = [0.5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 17, 18, 20, 21, 24, 25, 30, 32, 36, 37, 40, 45, 50, 60]
    every += [64, 80, 87, 88, 89, 95, 100, 103, 104, 110, 127, 128, 129, 139, 150, 200, 256, 300, 500, 700, 709, 710]
    every += [745, 746, 800, 1e3, 1e4, 5e4, 1e5, 1e9, 0.4 * fmt.largest, 0.9 * fmt.largest]
    every += [edge * factor for edge in edge for factor in (0.9, 0.99, 1.0, 1.01, 1.1)]
    return formats.widen(formats.cast(np.unique(np.clip(every, 0, 0.9 * fmt.largest)), fmt))


#: lengths of rows of two or three runs, and where they are cut
_LENGTHS = (
    2,
    3,
    4,
    5,
    8,
    9,
    16,
    17,
    31,
    32,
    33,
    48,
    63,
    64,
    65,
    96,
    127,
    128,
    129,
    160,
    255,
    256,
    257,
    300,
    384,
    513,
    1030,
    2050,
)
_CUTS = (1, 2, 4, 7, 8, 15, 16, 31, 32, 33, 64, 96, 128, 129, 256, 384, 512, 1024)  # fmt: skip


def _cuts(n: int) -> list[int]:
    return sorted({*(cut for cut in _CUTS if cut < n), n // 2, n - 1} - {0})


def two_runs(fmt: Format) -> Iterator[Known]:
    """Two runs a gap apart, cut at every usual block, both orders, at many offsets."""
    apart, places = gaps(fmt), offsets(fmt)
    turn = 0
    for n in _LENGTHS:
        for cut in _cuts(n):
            some = apart if n < 100 else apart[turn % 3 :: 3]
            first = places[(np.arange(len(some)) + turn) % len(places)]
            low = np.maximum(first / 2 - some / 2, -fmt.largest / 2) * 2  # halves: the difference may overflow
            second = formats.widen(formats.cast(low, fmt))
            turn += 1
            yield of_runs([(first, cut), (second, n - cut)])
            yield of_runs([(second, cut), (first, n - cut)])


def masks(fmt: Format) -> Iterator[Known]:
    """Runs of -inf before, after and between entries at many offsets."""
    if not fmt.has_infinity:
        return
    value = np.concatenate([offsets(fmt), [np.inf, np.nan]])
    nothing = np.full(len(value), -np.inf)
    for n in _LENGTHS:
        yield of_runs([(nothing, n)])
        for cut in _cuts(n):
            yield of_runs([(nothing, cut), (value, n - cut)])
            yield of_runs([(value, n - cut), (nothing, cut)])
            if n - cut > 1:
                half = (n - cut) // 2
                yield of_runs([(value, half), (nothing, cut), (value, n - cut - half)])
                yield of_runs([(nothing, half), (value, cut), (nothing, n - cut - half)])


def spikes(fmt: Format) -> Iterator[Known]:
    """One entry far above the rest, a special value, or one missing, at every place."""
    kinds: list[tuple[float, float]] = [(0.0, -0.5 * fmt.largest), (90.0, -90.0), (0.0, -30.0), (np.nan, 0.0)]
    if fmt.has_infinity:
        kinds += [(np.inf, 0.0), (-np.inf, 0.0), (np.nan, -np.inf), (0.0, -np.inf), (-1e4, -np.inf)]
    for n, (spike, rest) in product((2, 3, 5, 8, 17, 33, 66, 131, 260, 513, 1030), kinds):
        step = max(n * n // ENTRIES, 1)
        for place in np.array_split(np.arange(n), step):
            held = formats.widen(formats.cast(np.clip([spike, rest], *_bounds(fmt)), fmt))
            known = of_runs([(held[:1], 1), (held[1:], n - 1)])
            values = np.full((len(place), n), held[1])
            values[np.arange(len(place)), place] = held[0]
            yield known.with_rows(values)


def labels(_: Format) -> Iterator[Known]:
    """Every label in turn, of rows that rise, and of equal rows with one low entry there: for cross_entropy."""
    for n in (2, 3, 9, 33, 65, 130, 257, 300, 513, 1030, 2050):
        every = np.arange(n)
        for part in np.array_split(every, max(n * n // ENTRIES, 1)):
            values = np.zeros((len(part), n))
            values[np.arange(len(part)), part] = -8.0
            known = of_runs([(np.zeros(1), n - 1), (np.full(1, -8.0), 1)])
            yield known.with_rows(values)._replace(labels=part)


def _bounds(fmt: Format) -> tuple[float, float]:
    return (-np.inf, np.inf) if fmt.has_infinity else (-fmt.largest, fmt.largest)
