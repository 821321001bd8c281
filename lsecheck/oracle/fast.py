"""batch -> sums of every row, enclosures and roundings of every output: the fast tier, end to end.

What it does not decide it says so; `truth` hands those rows to `interval`.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from lsecheck.formats import Format
from lsecheck.functions.definition import Floats, Function
from lsecheck.oracle.doubledouble import CHUNK
from lsecheck.oracle.engines import Engine

#: entries beyond this are the interval tier's: products with them could overflow
LARGEST = 2.0**1000


class Rows(NamedTuple):
    """What the fast tier knows of each row. Arrays have shape (rows,)."""

    fits: Any  #: within LARGEST
    single: Any  #: one entry, the rest -inf: no arithmetic is needed
    alone: Any  #: all entries are equal
    maximum: Floats  #: 0 where the row does not fit
    multiplicity: Floats
    entries: Floats
    logarithm: "tuple[Floats, Floats, Floats]"  #: log S: high, low, radius
    tail: "tuple[Floats, Floats, Any]"  #: S without its m ones: high, low, exponent
    figures: "tuple[Floats, ...]"  #: n, maximum, total, log_total, spread, absolute, rest


class Outputs(NamedTuple):
    """Enclosures and roundings, as in `truth.Truth`. Arrays have shape (rows, outputs)."""

    high: Floats
    low: Floats
    radius: Floats
    scale: Any
    places: Any
    side: Any
    exponent: Any
    share: Floats  #: p of the entry
    decided: Any  #: the rounding and the ulp error are settled


def chosen(condition: Any, one: Any, other: Any) -> Any:
    """`np.where`, and `one` itself where that is all of it: ten times as fast, and nearly always so."""
    return one if condition.all() else np.where(condition, one, other)


def rows(batch: Floats, engine: Engine) -> Rows:
    """(rows, n) with at least one finite entry each, without nan and +inf; -inf adds nothing."""
    batch = np.ascontiguousarray(batch)
    maximum, b, multiplicity, entries, least = engine.extremes(batch)
    alone = b == -np.inf
    fits = (np.abs(maximum) <= LARGEST) & (least >= -LARGEST)
    maximum = maximum + 0.0  # which of two zeros is the larger, no two libraries agree on
    a = chosen(fits, maximum, 0.0)
    beside = chosen(fits & ~alone, b, a)
    parts = _sums(batch, a, beside, engine)
    high, low, radius, t_high, t_low, q, *figures = engine.row(
        a, chosen(fits | alone, b, a), multiplicity, entries, *parts
    )
    return Rows(
        fits=fits,
        single=alone & (multiplicity == 1),
        alone=alone,
        maximum=a,
        multiplicity=multiplicity,
        entries=entries,
        logarithm=(high, low, radius),
        tail=(t_high, t_low, q),
        figures=(entries, maximum, *figures),
    )


#: what is added to log S: nothing, or the difference from the maximum, one way or the other
_SHIFTS = {"logsumexp": 0, "logaddexp": 0, "log_softmax": -1, "cross_entropy": 1}


def outputs(function: Function, row: Rows, entries: Floats, fmt: Format, engine: Engine) -> Outputs:
    """The outputs that belong to `entries` (rows, outputs): finite; the maximum for a whole row's."""
    numbers = fmt.precision, fmt.emin, fmt.emax, fmt.largest_ordinal
    entries = chosen(row.fits[:, None], entries, 0.0)
    if function.name == "softmax":
        power_of_two = np.frexp(row.multiplicity)[0] == 0.5
        inverse = np.where(power_of_two, 1 / row.multiplicity, 0.0)
        found = engine.portion(entries, (row.maximum, inverse, *row.logarithm), row.alone, numbers)
    else:
        t_high, t_low, q = row.tail
        given = row.maximum, row.multiplicity, row.entries, *row.logarithm, t_high, t_low
        found = engine.deviation(entries, given, q, _SHIFTS[function.name], numbers)
    solved = Outputs(*found)
    return solved._replace(decided=solved.decided & row.fits[:, None])


def _sums(batch: Floats, a: Floats, b: Floats, engine: Engine) -> "tuple[Floats, ...]":
    """The sums of `doubledouble.parts` over each row."""
    n = batch.shape[1]
    if n <= 2:  # the only entry beside the maximum is b: exp(b - b) = 1
        zero = np.zeros(len(batch))
        return zero + 1.0, zero, zero, zero, np.abs(b)
    found = engine.sums(batch, a, b)
    return tuple(found[:, :, 0]) if n <= CHUNK else _joined(found)


def _joined(found: Any) -> "tuple[Floats, ...]":
    """Sums over chunks -> sums over rows: exactly, in integers; the figures exactly rounded."""
    units = 40, 68, 109
    count = found.shape[1]
    joined = np.zeros((5, count))
    for row in range(count):
        whole = 0
        for unit, chunks in zip(units, found[:3, row], strict=True):
            whole += sum(map(int, np.ldexp(chunks, unit).tolist())) << (units[2] - unit)
        for place in range(3):
            value = float(whole)
            joined[place, row] = math.ldexp(value, -units[2])
            whole -= int(value)
        joined[3:, row] = [math.fsum(chunks) for chunks in found[3:, row].tolist()]
    return tuple(joined)
