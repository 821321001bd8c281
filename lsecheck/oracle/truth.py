"""batch -> truth: choose the tier for each case, round once.

What special values settle needs no arithmetic (tier `exact`); the rest is enclosed in pairs of
float64 (tier `doubledouble`), and where that does not decide a rounding or the ulp error, at
whatever precision does (tier `interval`). It answers or raises `Undecided`; it never falls back.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lsecheck import formats
from lsecheck.formats import Format, FormatPair
from lsecheck.functions import named
from lsecheck.functions.definition import Expected, Floats, Function, Labels, Sums, as_batch
from lsecheck.oracle import hostile
from lsecheck.oracle.engines import Engine, engine

if TYPE_CHECKING:
    from lsecheck.oracle.fast import Rows

Integers = np.ndarray[Any, np.dtype[np.int64]]
Exponents = np.ndarray[Any, np.dtype[np.int16]]
Codes = np.ndarray[Any, np.dtype[np.int8]]

TIERS = ("exact", "doubledouble", "interval")
EXACT, DOUBLEDOUBLE, INTERVAL = range(3)
#: the figures of `Sums` that a row has once
ROW_FIGURES = ("n", "maximum", "total", "log_total", "spread", "absolute", "rest")
#: entries and outputs handled at once: memory beyond the truth itself stays below 100 MB
SLAB = 1 << 20
ROWS = 1 << 14  #: and rows: what is known of each stays in the cache


@dataclass(frozen=True, slots=True)
class Truth:
    """The exact answers to a batch. Arrays have shape (rows, outputs) unless said otherwise.

    The truth of an output is `(high + low ± radius) * 2**scale`; where `expected` is not
    `NUMBER` these are its special value (nan, ±inf) with radius 0.
    """

    function: Function
    formats: FormatPair
    expected: Codes  #: `Expected` codes
    places: Integers  #: signed ordinal of the correct rounding
    side: Codes  #: sign of truth - rounded; 0 where they are equal
    exponent: Exponents  #: floor(log2 |truth|), clamped to the output format: sets its ulp
    high: Floats
    low: Floats
    radius: Floats
    scale: Exponents
    sums: Sums
    tiers: Codes  #: (rows,): index into `TIERS`
    base: str = "e"  #: of the logarithm: `e` or `2`

    @property
    def tier(self) -> tuple[str, ...]:
        """Of each row: `exact`, `doubledouble` or `interval`."""
        return tuple(TIERS[code] for code in self.tiers.tolist())

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

    def part(self, rows: "slice | Integers", columns: slice) -> "Truth":
        """The truth of some outputs; of slices, as views."""
        at = rows, columns
        figures = {name: getattr(self.sums, name)[rows] for name in ROW_FIGURES}
        return Truth(
            function=self.function,
            formats=self.formats,
            expected=self.expected[at],
            places=self.places[at],
            side=self.side[at],
            exponent=self.exponent[at],
            high=self.high[at],
            low=self.low[at],
            radius=self.radius[at],
            scale=self.scale[at],
            sums=Sums(**figures, share=self.sums.share[at], gap=self.sums.gap[at]),
            tiers=self.tiers[rows],
            base=self.base,
        )


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
def certify(
    function: Function, batch: Floats, pair: FormatPair, labels: "Labels | None" = None, *, fast_tier: bool = True
) -> Truth:
    """`truth` for a float64 batch whose values are numbers of `pair.input`.

    Without the fast tier every output is the interval tier's: the two are compared that way.
    """
    hostile.check()
    labels = function.validate(batch, labels)
    expected = function.expected(batch, labels)
    ledger = _Ledger(expected, function, pair.output)
    rows = np.arange(len(batch)) if ledger.ordinary else np.flatnonzero(ledger.numbers.any(axis=1))
    if len(rows) and not fast_tier:
        ledger.leave_open(batch)
    elif len(rows):
        chosen = engine(batch.size)
        step = max(min(SLAB // batch.shape[1], ROWS), 1)
        for start in range(0, len(rows), step):
            some = rows[start : start + step]
            # consecutive rows are a view, and so are the arrays they are written to
            whole = some[-1] - some[0] + 1 == len(some)
            ledger.enclose(batch, slice(some[0], some[-1] + 1) if whole else some, labels, chosen)
    if ledger.open.any():  # which rows, NumPy finds slowly where they are short: 13 ns each
        for index in np.flatnonzero(ledger.open.any(axis=1)).tolist():
            ledger.solve(batch[index], index, labels, pair)
    return ledger.truth(pair)


class _Ledger:
    """The arrays of a `Truth`, filled by one tier and then the other."""

    def __init__(self, expected: Codes, function: Function, fmt: Format):
        shape, rows = expected.shape, len(expected)
        self.expected, self.function, self.format = expected, function, fmt
        self.numbers = expected == int(Expected.NUMBER)  # an enum makes int64 of all: ten times as long
        self.ordinary = bool(self.numbers.size and self.numbers.all())  #: no special values
        self.places = np.zeros(shape, np.int64)
        self.scale = np.zeros(shape, np.int16)
        self.exponent = np.full(shape, fmt.emin, np.int16)  # that of 0: softmax of a -inf entry
        self.side = np.zeros(shape, np.int8)
        self.open = np.zeros(shape, np.bool_)  #: not decided yet
        values = np.array([0.0, np.nan, np.inf, -np.inf, np.nan])
        self.high = np.zeros(shape) if self.ordinary else values[expected]
        self.low, self.radius, self.share, self.gap = (np.zeros(shape) for _ in range(4))
        self.row_sums = np.empty((7, rows)) if self.ordinary else np.ones((7, rows))
        self.tiers = np.full(rows, EXACT, np.int8)

    def enclose(self, batch: Floats, rows: "slice | Integers", labels: "Labels | None", chosen: Engine) -> None:
        """The fast tier; what it leaves open is marked for the other."""
        from lsecheck.oracle import fast  # makes the tables: only when a case needs them

        given = batch[rows]
        known = fast.rows(given, chosen)
        self.row_sums[:, rows] = known.figures
        width = self.expected.shape[1]
        for left in range(0, width, SLAB):
            columns = slice(left, min(left + SLAB, width))
            if self.function.elementwise:
                entries = given[:, columns]
            elif labels is None:
                entries = known.maximum[:, None]
            else:
                entries = np.take_along_axis(given, labels[rows, None], 1)
            self._outputs(known, entries, rows, columns, chosen)
        undecided = self.open[rows]
        arithmetic = np.where(undecided.any(axis=1), INTERVAL, DOUBLEDOUBLE) if undecided.any() else DOUBLEDOUBLE
        self.tiers[rows] = np.where(known.single, EXACT, arithmetic)

    def leave_open(self, batch: Floats) -> None:
        """All to the interval tier: every number that is not the 0 of an entry -inf."""
        finite = batch > -np.inf if self.function.elementwise else np.True_
        self.open = self.numbers & finite
        self.row_sums[:] = 1.0
        several = np.count_nonzero(np.isfinite(batch), axis=1) > 1
        self.tiers = np.where(several & self.open.any(axis=1), INTERVAL, EXACT).astype(np.int8)

    def _outputs(
        self, known: "Rows", entries: Floats, rows: "slice | Integers", columns: slice, chosen: Engine
    ) -> None:
        from lsecheck.oracle import fast

        maximum = known.maximum[:, None]
        finite = entries > -np.inf
        # an entry of -inf has no arithmetic: softmax is 0 there, the others infinite
        wanted = finite & self.numbers[rows, columns]
        every = bool(wanted.all())
        given = fast.chosen(finite, entries, maximum)
        found = fast.outputs(self.function, known, given, self.format, chosen)
        self.open[rows, columns] = wanted & ~found.decided
        filled: list[tuple[Any, Any]] = [
            (self.high, found.high),
            (self.low, found.low),
            (self.radius, found.radius),
            (self.scale, found.scale),
            (self.places, found.places),
            (self.side, found.side),
            (self.exponent, found.exponent),
            (self.share, found.share),
            (self.gap, maximum - entries),
        ]
        for whole, part in filled:
            whole[rows, columns] = part if every else np.where(wanted, part, whole[rows, columns])

    def solve(self, values: Floats, index: int, labels: "Labels | None", pair: FormatPair) -> None:
        """The interval tier, for the outputs of one row that are still open."""
        from lsecheck.oracle import interval  # loads mpmath: only when a case needs it

        entries = np.isfinite(values)
        row = interval.exact_row(values[entries])
        of_entry = np.full(len(values), -1)
        of_entry[entries] = row.where
        outputs = _places(self.function, of_entry, None if labels is None else int(labels[index]))
        places = set(outputs[self.open[index]].tolist())
        solved, figures = interval.solve(self.function, row, places, pair.output)
        self.row_sums[:, index] = figures[:7]
        self._scatter(index, outputs, solved.items())
        self.share[index] = np.where(outputs >= 0, figures.shares[outputs], 0)
        self.gap[index] = np.where(outputs >= 0, figures.gaps[outputs], 0)

    def _scatter(self, index: int, outputs: Integers, solved: "Iterable[tuple[int, Any]]") -> None:
        table = np.zeros((int(outputs.max()) + 1, 6))
        whole = np.zeros(int(outputs.max()) + 1, np.int64)
        for place, (position, parts) in solved:
            toward = 0 if position.exact else (1 if position.nearest == position.below else -1)
            table[place] = (*parts, position.exponent, position.sign * toward)
            whole[place] = position.sign * position.nearest
        there = self.open[index]
        chosen = table[outputs[there]]
        columns = (self.high, self.low, self.radius, self.scale, self.exponent, self.side)
        for column, array in enumerate(columns):
            array[index, there] = chosen[:, column].astype(array.dtype)
        self.places[index, there] = whole[outputs[there]]

    def truth(self, pair: FormatPair) -> Truth:
        n, maximum, total, log_total, spread, absolute, rest = (column[:, None] for column in self.row_sums)
        return Truth(
            function=self.function,
            formats=pair,
            expected=self.expected,
            places=self.places,
            side=self.side,
            exponent=self.exponent,
            high=self.high,
            low=self.low,
            radius=self.radius,
            scale=self.scale,
            sums=Sums(n, maximum, total, log_total, spread, absolute, rest, self.share, self.gap),
            tiers=self.tiers,
        )


def _places(function: Function, of_entry: Integers, label: "int | None") -> Integers:
    """Output -> index of the distinct value it belongs to; -1 where the entry is -inf."""
    if function.elementwise:
        return of_entry
    if label is not None:
        return of_entry[label : label + 1]
    return np.zeros(1, np.int64)
