"""batch -> truth: choose the tier for each case, round once.

What special values settle needs no arithmetic (tier `exact`); everything else is enclosed until
its rounding is decided. It answers or raises `Undecided`; it never falls back.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsecheck import formats
from lsecheck.formats import Format, FormatPair
from lsecheck.functions import named
from lsecheck.functions.definition import Expected, Floats, Function, Labels, Sums, as_batch

Integers = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Truth:
    """The exact answers to a batch. Arrays have shape (rows, outputs) unless said otherwise.

    The truth of an output is `(high + low ± radius) * 2**scale`; where `expected` is not
    `NUMBER` these are its special value (nan, ±inf) with radius 0.
    """

    function: Function
    formats: FormatPair
    expected: "np.ndarray[Any, np.dtype[np.int8]]"  #: `Expected` codes
    places: Integers  #: signed ordinal of the correct rounding
    side: "np.ndarray[Any, np.dtype[np.int8]]"  #: sign of truth - rounded; 0 where they are equal
    exponent: Integers  #: floor(log2 |truth|), clamped to the output format: sets its ulp
    high: Floats
    low: Floats
    radius: Floats
    scale: Integers
    sums: Sums
    tier: tuple[str, ...]  #: of each row: `exact` or `interval`

    @property
    def rounded(self) -> np.ndarray[Any, Any]:
        """The correctly rounded answers, in the output format; nan where there is no single answer."""
        fmt = self.formats.output
        numbers = formats.from_ordinals(self.places, fmt)
        numbers = np.where((self.places == 0) & (self.side < 0), -numbers, numbers)  # rounds to -0
        special = np.select(
            [self.expected == Expected.PLUS_INFINITY, self.expected == Expected.MINUS_INFINITY],
            [np.inf, -np.inf],
            np.nan,
        )
        return np.where(self.expected == Expected.NUMBER, numbers, formats.cast(special, fmt))

    def __len__(self) -> int:
        return len(self.expected)


def truth(
    function: "str | Function", batch: Any, format: "str | None" = None, *, labels: "Labels | None" = None
) -> Truth:
    """The exact answers of `function` to every row of a batch.

    shape     batch (rows, n), labels (rows,) for cross_entropy -> (rows, outputs)
    format    rounded to `format`, by default that of the batch
    error     none: `rounded` is the correct rounding, the enclosure holds the exact value
    raises    `InputError` for a batch that is none; `Undecided` past the precision cap
    """
    array = as_batch(batch)
    source = formats.of_array(array)
    target = source if format is None else formats.named(format if isinstance(format, str) else np.dtype(format).name)
    return certify(named(function), formats.widen(array), FormatPair(source, target), labels)


@np.errstate(all="ignore")  # whatever the caller's error state: special values pass through here
def certify(function: Function, batch: Floats, pair: FormatPair, labels: "Labels | None" = None) -> Truth:
    """`truth` for a float64 batch whose values are numbers of `pair.input`."""
    labels = function.validate(batch, labels)
    expected = function.expected(batch, labels)
    ledger = _Ledger(expected, pair.output)
    for index in range(len(batch)):
        if (expected[index] == Expected.NUMBER).any():
            ledger.solve(function, index, batch[index], labels, pair)
    return ledger.truth(function, pair, expected)


class _Ledger:
    """The arrays of a `Truth`, filled row by row."""

    def __init__(self, expected: "np.ndarray[Any, np.dtype[np.int8]]", fmt: Format):
        shape, rows = expected.shape, len(expected)
        self.places, self.scale = (np.zeros(shape, np.int64) for _ in range(2))
        self.exponent = np.full(shape, fmt.emin, np.int64)  # that of 0: softmax of a -inf entry
        self.side = np.zeros(shape, np.int8)
        values = [0.0, np.nan, np.inf, -np.inf, np.nan]
        self.high = np.array(values)[expected]
        self.low, self.radius, self.share, self.gap = (np.zeros(shape) for _ in range(4))
        self.row_sums = np.ones((7, rows))
        self.tier = ["exact"] * rows

    def solve(self, function: Function, index: int, values: Floats, labels: "Labels | None", pair: FormatPair) -> None:
        from lsecheck.oracle import interval  # loads mpmath: only when a case needs it

        entries = np.isfinite(values)
        row = interval.exact_row(values[entries])
        of_entry = np.full(len(values), -1)
        of_entry[entries] = row.where
        outputs = _places(function, of_entry, None if labels is None else int(labels[index]))
        places = set(outputs[outputs >= 0].tolist())
        solved, figures = interval.solve(function, row, places, pair.output)
        if len(row.where) > 1:
            self.tier[index] = "interval"
        self.row_sums[:, index] = figures[:7]
        self._scatter(index, outputs, solved.items())
        self.share[index] = np.where(outputs >= 0, figures.shares[outputs], 0)
        self.gap[index] = np.where(outputs >= 0, figures.gaps[outputs], 0)

    def _scatter(self, index: int, outputs: Integers, solved: "Iterable[tuple[int, Any]]") -> None:
        table = np.zeros((int(outputs.max()) + 1, 7))
        whole = np.zeros((int(outputs.max()) + 1, 2), np.int64)
        for place, (position, parts) in solved:
            toward = 0 if position.exact else (1 if position.nearest == position.below else -1)
            table[place] = (*parts, position.exponent, position.sign * toward, 0)
            whole[place] = position.sign * position.nearest, 0
        there = outputs >= 0
        chosen = table[outputs[there]]
        for array, column in zip((self.high, self.low, self.radius), range(3), strict=True):
            array[index, there] = chosen[:, column]
        for array, column in zip((self.scale, self.exponent, self.side), range(3, 6), strict=True):
            array[index, there] = chosen[:, column].astype(array.dtype)
        self.places[index, there] = whole[outputs[there], 0]

    def truth(self, function: Function, pair: FormatPair, expected: "np.ndarray[Any, np.dtype[np.int8]]") -> Truth:
        n, maximum, total, log_total, spread, absolute, rest = (column[:, None] for column in self.row_sums)
        return Truth(
            function=function,
            formats=pair,
            expected=expected,
            places=self.places,
            side=self.side,
            exponent=self.exponent,
            high=self.high,
            low=self.low,
            radius=self.radius,
            scale=self.scale,
            sums=Sums(n, maximum, total, log_total, spread, absolute, rest, self.share, self.gap),
            tier=tuple(self.tier),
        )


def _places(function: Function, of_entry: Integers, label: "int | None") -> Integers:
    """Output -> index of the distinct value it belongs to; -1 where the entry is -inf."""
    if function.elementwise:
        return of_entry
    if label is not None:
        return of_entry[label : label + 1]
    return np.zeros(1, np.int64)
