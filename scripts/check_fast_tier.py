"""Hold the fast tier (pairs of float64) against the interval tier and arb, case by case.

    python scripts/check_fast_tier.py --cases 1000000 -o reports/fast-tier.md

A case is a row asked of one function. Short rows: the interval tier at 200 bits or more must lie inside
the fast tier's (high + low ± radius) 2^scale, compared in integers; where the fast tier calls an output
decided, its ordinal, side and exponent must be those of `enclosure.decide`. Long rows: the same against
arb. Then the families of lsecheck: how many cases the fast tier left to the interval tier. Exits 1 on
any violation or disagreement; interrupted, it prints what it has and exits 130.
"""

import argparse
import concurrent.futures
import functools
import itertools
import math
import os
import platform
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from flint import arb, ctx
from tqdm import tqdm

import lsecheck
from lsecheck import formats
from lsecheck.formats import FORMATS, Format, FormatPair
from lsecheck.functions import FUNCTIONS
from lsecheck.functions.definition import Floats, Function
from lsecheck.inputs import cases
from lsecheck.inputs.bits import Draw
from lsecheck.oracle import engines, fast, interval
from lsecheck.oracle import truth as oracle
from lsecheck.oracle.doubledouble import CHUNK, REMOTE
from lsecheck.oracle.enclosure import Enclosure, Ratio, decide, exactly, negated

PAIRS = (
    *FORMATS,
    "float64:float16",
    "float32:bfloat16",
    "bfloat16:float32",
    "float64:float32",
    "float16:float64",
)
BITS = 200  #: of the interval tier, at first
MOST_BITS = 6400  #: an enclosure that is not inside by then is called a violation
LONG_BITS = 256  #: of arb
ROWS = 400  #: short rows per task, of one kind, one pair and one width
LONG_ROWS = 40  #: per pair
SHOWN = 5  #: reasons given per task
LIBRARIES = ("numpy", "numba", "mpmath", "ml_dtypes", "python-flint")
LN2 = math.log(2)


# What the fast tier claims, and whether it holds.


class Claim(NamedTuple):
    """(centre ± radius) 2^unit and a rounding: what the fast tier says of one output."""

    centre: int
    radius: int
    unit: int
    decided: bool
    position: tuple[int, int, int]  #: ordinal, side, exponent


class Verdict(NamedTuple):
    """What one output came to."""

    violation: bool  #: the truth is not inside
    disagreement: bool  #: it is decided, and wrongly
    reach: float  #: |truth - centre| / radius; nan where that says nothing


def claims(found: fast.Outputs) -> list[list[Claim]]:
    """Every output as integers, (rows, outputs)."""
    ends = [np.frexp(np.where(np.isfinite(part), part, 0.0)) for part in (found.high, found.low, found.radius)]
    columns: list[Any] = []
    for mantissa, exponent in ends:
        whole = np.ldexp(mantissa, 53).astype(np.int64)
        columns += [whole.tolist(), np.where(whole == 0, 4000, exponent - 53).tolist()]
    others = (found.scale, found.decided, found.places, found.side, found.exponent)
    columns += [np.asarray(part).tolist() for part in others]
    return [[_claim(*parts) for parts in zip(*row, strict=True)] for row in zip(*columns, strict=True)]


def _claim(
    high: int, high_unit: int, low: int, low_unit: int, radius: int, radius_unit: int, scale: int, decided: bool,
    ordinal: int, side: int, exponent: int,
) -> Claim:  # fmt: skip
    unit = min(high_unit, low_unit, radius_unit)
    centre = (high << (high_unit - unit)) + (low << (low_unit - unit))
    return Claim(centre, radius << (radius_unit - unit), unit + scale, decided, (ordinal, side, exponent))


def margins(claim: Claim, enclosure: Enclosure) -> tuple[int, int, int]:
    """(room below, room above, radius) in one unit: the enclosure is inside if neither room is negative."""
    low, high, _ = enclosure
    unit = min(claim.unit, low.exponent, high.exponent)
    up = claim.unit - unit
    bottom, top = low.numerator << (low.exponent - unit), high.numerator << (high.exponent - unit)
    if low.denominator == high.denominator:
        over = low.denominator
    else:  # quotients: over both denominators
        bottom, top, over = bottom * high.denominator, top * low.denominator, low.denominator * high.denominator
    centre, radius = claim.centre * over << up, claim.radius * over << up
    return bottom - (centre - radius), (centre + radius) - top, radius


def judge(claim: Claim, enclosed: Callable[[int], Enclosure], fmt: Format, bits: int = BITS) -> Verdict:
    """Whether a claim holds; the truth is asked for in ever more bits until that is plain."""
    while True:
        enclosure = enclosed(bits)
        below, above, radius = margins(claim, enclosure)
        inside = below >= 0 and above >= 0
        found = decide(enclosure, fmt) if claim.decided else None
        if (inside and (found is not None or not claim.decided)) or 2 * bits > MOST_BITS:
            break
        bits *= 2
    # (0, 2^-5000) is an enclosure that says nothing of how tight a bound is
    known = radius > 0 and abs(claim.centre) != claim.radius and (2 * radius - below - above) << 10 <= radius
    reach = 1 - min(below, above) / radius if inside and known else math.nan
    wrong = claim.decided and (found is None or spoken(found[0]) != claim.position)
    return Verdict(not inside, wrong, reach)


def spoken(position: formats.Position) -> tuple[int, int, int]:
    """Ordinal, side and exponent, as a truth has them."""
    toward = 0 if position.exact else (1 if position.nearest == position.below else -1)
    return position.sign * position.nearest, position.sign * toward, position.exponent


# Rows, exactly.


#: of two entries, these are one and the same
SAME = {"logaddexp": "logsumexp"}


class Exact:
    """One row for the interval tier, at any precision; sweeps are shared by its outputs."""

    bits = BITS  #: at first

    def __init__(self, wholes: Sequence[int], units: Sequence[int]):
        low = min((unit for whole, unit in zip(wholes, units, strict=True) if whole), default=0)
        numerators = [whole << (unit - low) if whole else 0 for whole, unit in zip(wholes, units, strict=True)]
        ordered = sorted(set(numerators), reverse=True)
        counts = [numerators.count(numerator) for numerator in ordered]
        self.place = [ordered.index(numerator) for numerator in numerators]
        self.row = interval.Row(ordered, counts, 1, low, np.array(self.place))
        self._sweeps: dict[int, interval.Sweep] = {}
        self._known: dict[tuple[str, int, int], Enclosure] = {}

    def enclosed(self, function: Function, entry: int) -> Callable[[int], Enclosure]:
        """Precision -> the enclosure of the output that belongs to an entry."""
        return functools.partial(self._enclosed, SAME.get(function.name, function.name), self.place[entry])

    def _enclosed(self, name: str, place: int, bits: int) -> Enclosure:
        key = name, place, bits
        if key not in self._known:
            self._known[key] = interval.enclose(FUNCTIONS[name], self._sweep(bits), place)
        return self._known[key]

    def _sweep(self, bits: int) -> interval.Sweep:
        if bits not in self._sweeps:
            # asked again, it also evaluates what the fast tier does and it need not: gaps a hair beyond FAR
            reach = interval.FAR if bits == BITS else 2 * interval.FAR
            self._sweeps[bits] = interval.Sweep(self.row, bits, reach)
        return self._sweeps[bits]


def exact_rows(values: Floats) -> Iterator[tuple[Exact, dict[int, int]]]:
    """Each row without its -inf entries, and where an entry of the row went."""
    finite = np.isfinite(values)
    mantissas, exponents = np.frexp(np.where(finite, values, 0.0))
    wholes, units = np.ldexp(mantissas, 53).astype(np.int64).tolist(), (exponents - 53).tolist()
    for kept, whole, unit in zip(finite.tolist(), wholes, units, strict=True):
        entries = [entry for entry, there in enumerate(kept) if there]
        exact = Exact([whole[entry] for entry in entries], [unit[entry] for entry in entries])
        yield exact, {entry: place for place, entry in enumerate(entries)}


class Arb:
    """One row for arb: the same enclosures by another library, fast for long rows."""

    bits = LONG_BITS  #: at first

    def __init__(self, values: Floats):
        distinct, counts = np.unique(values[np.isfinite(values)], return_counts=True)
        self.top, self.ties = float(distinct[-1]), int(counts[-1])
        self.others = list(zip(distinct[:-1].tolist(), counts[:-1].tolist(), strict=True))
        self._known: dict[int, tuple[arb, Enclosure]] = {}

    def enclosed(self, function: Function, entry: float) -> Callable[[int], Enclosure]:
        """Precision -> the enclosure of the output that belongs to an entry."""
        return lambda bits: self._enclosed(function, entry, bits)

    def _enclosed(self, function: Function, entry: float, bits: int) -> Enclosure:
        rest, log_total = self._sums(bits)
        gap = Fraction(self.top) - Fraction(entry)
        if function.name == "softmax":
            if not self.others:
                return exactly(Ratio(1, self.ties))
            ctx.prec = bits
            ball = _ball(-gap).exp() / (self.ties + rest)
            return Enclosure(_end(ball.lower()), _end(ball.upper()))
        if function.name == "logsumexp":
            return _plus(Fraction(self.top), log_total)
        deviation = _plus(gap, log_total)
        return deviation if function.name == "cross_entropy" else negated(deviation)

    def _sums(self, bits: int) -> tuple[arb, Enclosure]:
        """The terms beside the maximum, added up, and log S: positive and irrational."""
        if bits not in self._known:
            ctx.prec = bits
            top, rest = arb(self.top), arb(0)
            for value, count in self.others:
                rest += (arb(value) - top).exp() * count
            ball = rest.log1p() if self.ties == 1 else (self.ties + rest).log()
            self._known[bits] = rest, Enclosure(_end(ball.lower()), _end(ball.upper()))
        return self._known[bits]


def _ball(number: Fraction) -> arb:
    """A dyadic rational, to the working precision."""
    return arb(number.numerator) / number.denominator


def _end(ball: arb) -> Ratio:
    mantissa, exponent = (int(part) for part in ball.man_exp())
    return Ratio(mantissa, 1, exponent)


def _plus(anchor: Fraction, delta: Enclosure) -> Enclosure:
    """A dyadic rational plus an enclosure of dyadic ends."""
    unit = 1 - anchor.denominator.bit_length()
    ends = []
    for end in delta[:2]:
        base = min(unit, end.exponent)
        ends.append(Ratio((anchor.numerator << (unit - base)) + (end.numerator << (end.exponent - base)), 1, base))
    return Enclosure(*ends)


# Short rows: random and adversarial kinds. A builder answers float64 values, not yet of the format.

Builder = Callable[[Draw, int, FormatPair], Floats]


class Kind(NamedTuple):
    """A named source of rows."""

    name: str
    reason: str
    build: Builder
    widths: tuple[int, ...] = (2, 3, 2, 3, 2, 4, 2, 3, 2, 5, 2, 3, 2, 8, 2, 3, 2, 6, 2, 3, 2, 12)
    needs_infinity: bool = False


def held(values: Floats, fmt: Format) -> Floats:
    """The nearest numbers of the format, at most its largest; -inf stays."""
    kept = np.where(np.isfinite(values), np.clip(values, -fmt.largest, fmt.largest), values)
    return formats.widen(formats.cast(kept, fmt))


def moved(values: Floats, fmt: Format, steps: Any) -> Floats:
    """So many numbers of the format further up."""
    places = formats.ordinals(formats.cast(held(values, fmt), fmt)) + steps
    places = np.clip(places, -fmt.largest_ordinal, fmt.largest_ordinal)
    return formats.widen(formats.from_ordinals(places, fmt))


def _pick(draw: Draw, stream: int, choices: Any, count: int = 1) -> Floats:
    pool = np.array(choices, np.float64)
    return pool[draw.integers(stream, 0, len(pool), count)]


def _pattern(draw: Draw, stream: int, fmt: Format, count: int) -> Floats:
    """Any number of the format, each as likely."""
    span = np.uint64(2 * fmt.largest_ordinal + 1)
    places = (draw.words(stream, count) % span).astype(np.int64) - fmt.largest_ordinal
    return formats.widen(formats.from_ordinals(places, fmt))


def _scale(draw: Draw, stream: int, low: int, high: int, count: int = 1) -> Floats:
    """2^[low, high), at random."""
    powers = draw.integers(stream, low, high, count).astype(np.int32)
    return np.ldexp(1.0 + draw.uniform(stream + 1, count), powers)


def _anchor(draw: Draw, pair: FormatPair) -> Floats:
    """A maximum, (rows, 1): 0, something ordinary, a power of two, a number or a midpoint of the output."""
    sign = draw.sign(100)
    whole = _pattern(draw, 104, pair.output, 1)
    place = np.ldexp(0.5, np.maximum(np.frexp(whole)[1] - 1, pair.output.emin) - (pair.output.precision - 1))
    choices = np.concatenate(
        [
            np.zeros_like(sign),
            np.zeros_like(sign),
            draw.bell(101) * 4.0,
            sign * _scale(draw, 102, -20, 8),
            sign * np.ldexp(1.0, draw.integers(105, -12, 10).astype(np.int32)),
            np.where(np.abs(whole) < 2.0**40, whole, sign),
            np.where(np.abs(whole) < 2.0**40, whole + place, sign * 1.5),
        ],
        axis=1,
    )
    return np.take_along_axis(choices, draw.integers(106, 0, choices.shape[1]), axis=1)


def _below(draw: Draw, pair: FormatPair, gaps: Floats) -> Floats:
    """[a, a - gaps], the others a few numbers of the format to either side."""
    top = held(_anchor(draw, pair), pair.input)
    others = moved(top - gaps, pair.input, draw.integers(110, -2, 3, gaps.shape[1]))
    return np.concatenate([top, others], axis=1)


def _plain(draw: Draw, n: int, pair: FormatPair) -> Floats:
    return draw.bell(0, n) * np.ldexp(1.0, draw.integers(1, -6, 9).astype(np.int32)) + _anchor(draw, pair)


def _patterns(draw: Draw, n: int, pair: FormatPair) -> Floats:
    return _pattern(draw, 0, pair.input, n)


def _close(draw: Draw, n: int, pair: FormatPair) -> Floats:
    top = np.where(draw.integers(0, 0, 2) == 0, _pattern(draw, 1, pair.input, 1), _anchor(draw, pair))
    reach = np.ldexp(1.0, draw.integers(2, 0, pair.input.precision + 4).astype(np.int32))
    return moved(top, pair.input, -np.rint(draw.uniform(3, n) * reach).astype(np.int64))


def _two_scales(draw: Draw, n: int, pair: FormatPair) -> Floats:
    """Differences that no float64 holds."""
    bottom = max(pair.input.emin, -300)
    return draw.sign(0, n) * np.where(
        draw.integers(1, 0, 2, n) == 0, _scale(draw, 2, -4, 5, n), _scale(draw, 4, bottom, -4, n)
    )


def _steps(draw: Draw, stream: int, count: int) -> Floats:
    """Multiples and odd halves of log 2 / 512, near and far."""
    last = np.array([64, 512, 4096, 64000, 330000, 552000, 2600000])[draw.integers(stream, 0, 7, count)]
    j = np.floor(draw.uniform(stream + 1, count) * last)
    return (j + 0.5 * draw.integers(stream + 2, 0, 2, count)) * (LN2 / 512)


def _exp_table(draw: Draw, n: int, pair: FormatPair) -> Floats:
    gaps = _steps(draw, 0, n - 1)
    below = draw.integers(5, 0, 2) == 0  # from b rather than from a
    gaps = np.where(below & (np.arange(n - 1) > 0), gaps[:, :1] + gaps, gaps)
    return _below(draw, pair, gaps)


def _log_table(draw: Draw, n: int, pair: FormatPair) -> Floats:
    """S at 2^e (1 + j/512) or half a step beside: n - m entries share what the m largest leave."""
    ties = np.minimum(draw.integers(0, 1, 3), n - 1).astype(np.float64)
    wanted = ties + (n - ties) * np.ldexp(draw.uniform(1), -draw.integers(2, 0, 7).astype(np.int32))
    unit = np.ldexp(1.0, np.frexp(wanted)[1] - 1)
    step = unit / np.array([1024, 512, 1])[draw.integers(3, 0, 3)]
    snapped = np.rint(wanted / step) * step
    snapped = np.where(snapped > ties, snapped, ties + draw.integers(4, 1, 12) * unit / 1024)
    gap = -np.log(np.minimum((snapped - ties) / (n - ties), 1.0))
    values = _below(draw, pair, np.repeat(gap, n, axis=1))
    return np.where(np.arange(n) < ties, values[:, :1], values[:, 1:])


EDGES = (24, 31, 32, 39, 40, 41, 42, 53, 64, 67, 68, 69, 86, 87, 88, 95, 96, 108, 109, 110, 111, 124, 125, 126)


def _extraction(draw: Draw, n: int, pair: FormatPair) -> Floats:
    """Terms beside b at the last places of the three parts, and where they are dropped."""
    second = _pick(draw, 0, (0.0, 0.25, 0.5, 2.0, 30.0, 620.0)) * draw.uniform(1)
    places = draw.integers(2, 0, len(EDGES) + 6, n - 2)
    edges = np.where(places < len(EDGES), np.array([*EDGES, *[0] * 6])[places] * LN2, 87.0)
    jitter = np.where(draw.integers(3, 0, 2, n - 2) == 0, 0.0, draw.bell(4, n - 2) * 2.0**-10)
    gaps = np.concatenate([second, second + edges + jitter], axis=1)
    return _below(draw, pair, gaps)


def _ties(draw: Draw, n: int, pair: FormatPair) -> Floats:
    levels = np.concatenate(
        [
            _anchor(draw, pair),
            _anchor(draw, pair) - 5.0 * draw.uniform(0),
            -_pick(draw, 1, (0.0, 3.0, 20.0, 100.0, 700.0, 4000.0)),
        ],
        axis=1,
    )
    return np.take_along_axis(levels, np.minimum(draw.integers(2, 0, 4, n), 2), axis=1)


def _equal(draw: Draw, n: int, pair: FormatPair) -> Floats:
    """All equal, or all but one by a few numbers of the format."""
    value = np.where(draw.integers(0, 0, 3) == 0, _pattern(draw, 1, pair.input, 1), _anchor(draw, pair))
    steps = np.where(draw.integers(2, 0, 2) == 0, 0, draw.integers(3, -3, 4)) * (np.arange(n) == 0)
    return moved(np.repeat(value, n, 1), pair.input, steps)


def _subnormal(draw: Draw, n: int, pair: FormatPair) -> Floats:
    """Entries that are subnormal, or shares and sums that are."""
    fmt, out = pair
    last = np.uint64(1 << (fmt.precision - 1))
    places = (draw.words(0, n) % last).astype(np.int64) * draw.sign(1, n).astype(np.int64)
    entries = formats.widen(formats.from_ordinals(places, fmt))
    halves = draw.integers(2, 1, 64, n).astype(np.float64)
    gap = -(np.log(halves) + (out.tiny_exponent - 1) * LN2)  # a few half places of the smallest numbers
    answer = moved(np.where(np.arange(n) == 0, 0.0, -gap), fmt, draw.integers(3, -2, 3, n))
    return np.where(draw.integers(4, 0, 2) == 0, entries, answer)


def _largest(draw: Draw, n: int, pair: FormatPair) -> Floats:
    fmt = pair.input
    near = min(fmt.largest, fast.LARGEST)
    pool = (fmt.largest, near, near / 2, near * 0.75, float(np.nextafter(near, 0)), fmt.tiny, 0.0, 1.0, 700.0)
    values = draw.sign(0, n) * _pick(draw, 1, pool, n)
    same = draw.integers(2, 0, 3) == 0  # a common offset that large
    return np.where(same, moved(values[:, :1], fmt, -draw.integers(3, 0, 4, n)), values)


REACHES = (87.0, 554.51, 623.14, 623.83, 624.5, 700.0, 708.4, 744.44, 745.13, 1386.3, 3465.03, 3465.7, 3466.4, 3500.0)


def _far(draw: Draw, n: int, pair: FormatPair) -> Floats:
    """Gaps where terms underflow, are kept apart, or are known by their sign alone."""
    tiny = draw.sign(0) * np.ldexp(1.0 + draw.uniform(1), -draw.integers(2, 500, 1074).astype(np.int32))
    top = np.where(draw.integers(3, 0, 4) == 0, tiny, _anchor(draw, pair))
    top = held(top, pair.input)
    jitter = np.where(draw.integers(4, 0, 2, n) == 0, 0.0, draw.bell(5, n) * 0.5)
    gaps = np.where(draw.integers(9, 0, 4, n) == 0, 550.0 + 3050.0 * draw.uniform(10, n), _pick(draw, 6, REACHES, n))
    gaps = np.where(np.arange(n) == 0, 0.0, gaps + jitter)
    if n > 2:
        alike = (draw.integers(7, 0, 2) == 0) & (np.arange(n) > 1)
        gaps = np.where(alike, gaps[:, 1:2] + np.abs(jitter), gaps)
    return moved(top - gaps, pair.input, np.where(np.arange(n) == 0, 0, draw.integers(8, -1, 2, n)))


def _huge(draw: Draw, n: int, pair: FormatPair) -> Floats:
    fmt = pair.input
    last = min(fmt.emax, 999)
    gaps = _scale(draw, 0, last // 2, last, n)
    gaps = np.where(draw.integers(2, 0, 3, n) == 0, _scale(draw, 3, 8, 20, n), gaps)
    return np.where(np.arange(n) == 0, _anchor(draw, pair), _anchor(draw, pair) - gaps)


def _sentinels(draw: Draw, n: int, pair: FormatPair) -> Floats:
    """An anchor, and a tail just below its last place or far below."""
    fall = draw.integers(0, 0, 80, n).astype(np.float64) * LN2
    gap = (pair.output.precision - 2) * LN2 + fall
    return np.where(np.arange(n) == 0, _anchor(draw, pair), _anchor(draw, pair) - gap)


def _near_zero(draw: Draw, n: int, pair: FormatPair) -> Floats:
    """Weights that sum to 1: the sum's logarithm is all cancellation."""
    cuts = np.sort(draw.uniform(0, n - 1), axis=1)
    cuts = np.where(draw.integers(1, 0, 2) == 0, cuts, np.rint(cuts * 1024) / 1024)
    weights = np.diff(cuts, axis=1, prepend=0.0, append=1.0)
    values = held(np.log(np.maximum(weights, 2.0**-60)), pair.input)
    last = np.log1p(-np.minimum(np.exp(values[:, :-1]).sum(axis=1), 1 - 2.0**-53))[:, None]
    values = np.where(np.arange(n) == n - 1, last, values)
    return moved(values, pair.input, np.where(np.arange(n) == n - 1, draw.integers(2, -3, 4), 0))


#: rows tried for each one that `_boundaries` keeps, and its functions in turn
TRIED = 64
AIMED = ("logsumexp", "softmax", "log_softmax")


def _boundaries(draw: Draw, n: int, pair: FormatPair) -> Floats:
    """Truths near a midpoint or a number of the output: solved for, then the nearest of 64 is kept."""
    out = pair.output
    aim = draw.indices % len(AIMED)
    fraction = np.floor(draw.uniform(0) * 2.0**out.precision) * 2.0**-out.precision
    binade = np.clip(draw.integers(2, -6, 4), out.emin, out.emax - 1).astype(np.int32)
    wanted = np.ldexp(1.0 + fraction, binade)  # a midpoint or a number of the output
    lift = np.where(draw.integers(3, 0, 2) == 0, 0.0, draw.bell(4))  # the maximum, or where it lies below y
    share = np.minimum(wanted, 2.0) / 4
    seconds = (
        np.where(wanted > lift, lift + np.log(np.expm1(np.maximum(wanted - lift, 2.0**-30))), lift - 1),
        lift + np.log(1 / share - 1),
        lift + np.log(np.expm1(wanted)),
    )
    second = np.concatenate(seconds, axis=1)
    second = np.take_along_axis(second, aim[:, None], axis=1)
    values = np.concatenate([lift, np.repeat(second - math.log(n - 1), n - 1, 1)], axis=1)
    tried = np.repeat(held(values, pair.input), TRIED, axis=0)
    steps = draw.integers(5, -8, 9, TRIED * 2).reshape(-1, 2)
    tried[:, :2] = moved(tried[:, :2], pair.input, steps)
    engine = engines.engine(tried.size)
    known = fast.rows(tried, engine)
    misses = np.stack(
        [_miss(ask(FUNCTIONS[name], known, _entry(name, known, tried), out, engine), out) for name in AIMED], axis=1
    )
    mine = np.take_along_axis(misses, np.repeat(aim, TRIED)[:, None], axis=1).reshape(-1, TRIED)
    best = np.arange(len(mine)) * TRIED + np.argmin(mine, axis=1)
    return tried[best]


def _entry(name: str, known: fast.Rows, values: Floats) -> Floats:
    """The maximum for a whole row's output, else the first entry."""
    return known.maximum[:, None] if name == "logsumexp" else values[:, :1]


def _miss(found: fast.Outputs, fmt: Format) -> Floats:
    """Distance from the nearest number or midpoint, in half places of the output."""
    place = np.clip(np.frexp(found.high)[1] - 1, fmt.emin, fmt.emax) - fmt.precision
    count = np.ldexp(found.high, -place)
    left = (count - np.rint(count)) + np.ldexp(found.low, -place)
    miss = np.minimum(np.abs(left), np.minimum(np.abs(left - 1), np.abs(left + 1)))[:, 0]
    return np.where(np.isfinite(miss) & (found.scale[:, 0] == 0), miss, 2.0)


def _masked(draw: Draw, n: int, pair: FormatPair) -> Floats:
    values = np.where(draw.integers(0, 0, 2) == 0, _plain(draw, n, pair), _far(draw, n, pair))
    gone = draw.uniform(19, n) < _pick(draw, 20, (0.3, 0.6, 0.9))
    return np.where(gone & (np.arange(n) != draw.integers(21, 0, n)), -np.inf, values)


KINDS = {
    kind.name: kind
    for kind in (
        Kind("plain", "scales from 1/64 to 256 about any offset", _plain),
        Kind("patterns", "any numbers of the format, each as likely", _patterns),
        Kind("close", "entries a few numbers of the format apart", _close),
        Kind("two scales", "differences that no float64 holds", _two_scales),
        Kind("exp table", "gaps at multiples and odd halves of ln 2 / 512", _exp_table),
        Kind("log table", "S at, above and below 1 + j/512, 1 + (j + 1/2)/512 and powers of two", _log_table),
        Kind("extraction", "terms at 2^-40, 2^-68, 2^-109 and e^-87 of the second largest", _extraction,
             (3, 4, 3, 5, 3, 4, 8, 12)),
        Kind("ties", "the maximum several times over", _ties, (2, 3, 4, 5, 3, 2, 8, 12)),
        Kind("equal", "all entries equal, or all but one", _equal, (2, 3, 4, 8, 5, 16, 6, 7, 32)),
        Kind("subnormal", "subnormal entries, subnormal answers", _subnormal),
        Kind("largest", "the largest numbers, and a common offset as large", _largest),
        Kind("far", "gaps about 624, 700, 745, 3466 and 3500", _far),
        Kind("huge", "gaps up to 2^999", _huge),
        Kind("anchored", "a tail below the last place of a number or midpoint of the output", _sentinels),
        Kind("near zero", "weights that sum to 1, give or take a few numbers of the format", _near_zero),
        Kind("boundaries", "truths next to midpoints and numbers of the output, the nearest of 64", _boundaries),
        Kind("masked", "-inf among the entries", _masked, (3, 4, 2, 5, 8, 3, 12), needs_infinity=True),
    )
}  # fmt: skip


def kinds_of(pair: str) -> list[str]:
    """The kinds that the input format can hold."""
    infinite = formats.pair(pair).input.has_infinity
    return [name for name, kind in KINDS.items() if infinite or not kind.needs_infinity]


# Work: one task, and what it found.


class Task(NamedTuple):
    """Short rows of a kind, one long row, or one family: what a process does in one go."""

    sort: str  #: short, long or family
    pair: str
    kind: str  #: of rows; for a family its name
    number: int
    seed: int
    engine: str
    rows: int = 1

    @property
    def size(self) -> int:
        """Progress it makes."""
        if self.sort == "short":
            return self.rows * (5 if self.width == 2 else 4)
        return 1 if self.sort == "long" else len(FUNCTIONS)

    @property
    def width(self) -> int:
        """Entries of its short rows."""
        widths = KINDS[self.kind].widths
        return widths[self.number % len(widths)]


Key = tuple[str, str, str, str]  #: sort, pair, kind, function


class Found:
    """Counts by key, the furthest truth from its centre, and reasons fit to be pasted back."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[Key]] = {name: Counter() for name in COUNTED}
        self.reach: dict[Key, float] = {}
        self.reasons: list[str] = []
        self.engines: set[str] = set()

    def add(self, other: "Found") -> None:
        """Another task's findings."""
        for name, counter in other.counts.items():
            self.counts[name].update(counter)
        for key, reach in other.reach.items():
            self.reach[key] = max(self.reach.get(key, 0.0), reach)
        self.reasons += other.reasons
        self.engines |= other.engines

    def total(self, name: str, **wanted: "str | Iterable[str]") -> int:
        """A count over the keys with these parts (sort, pair, kind, function)."""
        return sum(number for key, number in self.counts[name].items() if _matches(key, wanted))

    def furthest(self, **wanted: "str | Iterable[str]") -> float:
        """The largest |truth - centre| / radius over these keys; nan if there is none."""
        return max((reach for key, reach in self.reach.items() if _matches(key, wanted)), default=math.nan)


COUNTED = ("rows", "cases", "outputs", "violations", "disagreements", "undecided", "beyond", "interval")
PARTS = ("sort", "pair", "kind", "function")


def _matches(key: Key, wanted: "dict[str, Any]") -> bool:
    return all(
        part == wanted[name] if isinstance(wanted[name], str) else part in wanted[name]
        for name, part in zip(PARTS, key, strict=True)
        if name in wanted
    )


def ask(function: Function, known: fast.Rows, entries: Floats, fmt: Format, engine: Any) -> fast.Outputs:
    """What the fast tier says of the outputs that belong to these entries."""
    return fast.outputs(function, known, entries, fmt, engine)


def work(task: Task) -> Found:
    """One task, with the engine it names."""
    before = engines.forced()
    engines.force(task.engine)
    try:
        with np.errstate(all="ignore"):
            return {"short": short, "long": long, "family": family}[task.sort](task)
    finally:
        engines.force(before)


def short(task: Task) -> Found:
    """Short rows, every function, up to two entries of each row, against the interval tier."""
    pair, n = formats.pair(task.pair), task.width
    draw = Draw(f"fast tier {task.kind} {task.pair}", task.seed, np.arange(task.rows) + task.number * task.rows)
    values = held(KINDS[task.kind].build(draw, n, pair), pair.input)
    order = np.argsort(draw.words(200, n), axis=1)
    values = np.ascontiguousarray(np.take_along_axis(values, order, axis=1))
    rows = np.arange(task.rows)
    top = values.argmax(axis=1)
    label = draw.integers(201, 0, n)[:, 0]
    label = np.where(np.isfinite(values[rows, label]), label, top)
    return examine(task, values, np.stack([label, np.where(label == top, (top + 1) % n, top)], 1), exact_rows(values))


class Asked(NamedTuple):
    """One function's outputs of some rows: which entries they belong to, and what is claimed of them."""

    function: Function
    entries: list[list[int]]
    there: list[list[bool]]  #: the entry is not -inf
    claims: list[list[Claim]]
    sound: list[list[bool]]  #: no nan, no infinity


def examine(task: Task, values: Floats, columns: Any, exacts: Iterable[tuple[Any, dict[int, Any]]]) -> Found:
    """Rows, the entries asked about (the first also as the label), and their exact selves -> what was found."""
    found, pair = Found(), formats.pair(task.pair)
    engine = engines.engine(values.size)
    found.engines.add(engine.name)
    known = fast.rows(values, engine)
    fits = np.asarray(known.fits)
    # a radius that is half of an interval (0, 2^-900) says nothing of how tight a bound is
    near = ((np.asarray(known.tail[2]) >= REMOTE) | known.alone).tolist()
    key: Key = (task.sort, task.pair, task.kind, "")
    found.counts["rows"][key] += len(values)
    asked = []
    for function in FUNCTIONS.values():
        if (function.entries or values.shape[1]) != values.shape[1]:
            continue
        wide = columns if function.elementwise else columns[:, :1]
        entries = known.maximum[:, None]
        if function.elementwise or function.labelled:
            entries = np.take_along_axis(values, wide, axis=1)
        there = np.isfinite(entries)
        answers = ask(function, known, np.where(there, entries, known.maximum[:, None]), pair.output, engine)
        sound = np.isfinite(answers.high) & np.isfinite(answers.low) & np.isfinite(answers.radius)
        asked.append(Asked(function, wide.tolist(), there.tolist(), claims(answers), sound.tolist()))
        key = (*key[:3], function.name)
        found.counts["cases"][key] += len(values)
        found.counts["outputs"][key] += int(there.sum())
        found.counts["undecided"][key] += int((there & ~answers.decided).sum())
        found.counts["beyond"][key] += int((there & ~fits[:, None]).sum())
    for row, (exact, place) in enumerate(exacts):
        for function, wide, there, claimed, sound in asked:
            for column, entry in enumerate(wide[row]):
                if not there[row][column]:
                    continue
                claim = claimed[row][column]
                if fits[row]:
                    verdict = judge(claim, exact.enclosed(function, place[entry]), pair.output, exact.bits)
                    verdict = verdict._replace(violation=verdict.violation or not sound[row][column])
                else:
                    verdict = Verdict(False, claim.decided, math.nan)  # nothing may be claimed
                key = (*key[:3], function.name)
                if near[row] and verdict.reach > found.reach.get(key, 0.0):
                    found.reach[key] = verdict.reach
                if verdict.violation or verdict.disagreement:
                    found.counts["violations"][key] += verdict.violation
                    found.counts["disagreements"][key] += verdict.disagreement
                    if len(found.reasons) < SHOWN:
                        found.reasons.append(describe(task, function, values[row], entry, claim, verdict, engine.name))
    return found


def describe(
    task: Task, function: Function, values: Floats, entry: int, claim: Claim, verdict: Verdict, engine: str
) -> str:
    """The case as one would type it, and what was claimed of it."""
    what = "the truth is not inside" if verdict.violation else "is decided otherwise"
    shown = [formats.hex_text(x) for x in values[:40].tolist()]
    row = ", ".join(shown) + (", …" if len(values) > 40 else "")
    bounds = f"({claim.centre} ± {claim.radius}) 2^{claim.unit}, ordinal, side, exponent {claim.position}"
    return f"{function.name} {task.pair} [{row}] entry {entry} ({task}, {engine}): {what}: {bounds}"


# Long rows, against arb.


def _long_plain(draw: Draw, n: int) -> Floats:
    return draw.bell(0, n) * np.ldexp(1.0, draw.integers(1, -3, 6).astype(np.int32)) + draw.bell(2) * 8


def _long_ramp(draw: Draw, n: int) -> Floats:
    """Terms at every place of the three parts, and beyond."""
    return -np.abs(draw.bell(0)) - draw.uniform(1, n) * 100.0


def _long_crowd(draw: Draw, n: int) -> Floats:
    """One entry, a second, and all the others at one place: what is dropped adds up."""
    gap = np.array(EDGES, np.float64)[draw.integers(0, 0, len(EDGES))] * LN2
    fall = np.where(np.arange(n) == 1, 0.0, gap + draw.bell(1, n) * 2.0**-6)
    lead = np.array([0.0, 1.0, 30.0, 600.0])[draw.integers(2, 0, 4)]
    return np.where(np.arange(n) == 0, 0.0, -lead - fall) + np.rint(draw.bell(3) * 4)


def _long_equal(draw: Draw, n: int) -> Floats:
    return np.repeat(np.rint(draw.bell(0) * 64) / 16, n, 1)


def _long_levels(draw: Draw, n: int) -> Floats:
    levels = np.concatenate([draw.bell(0), draw.bell(1) * 4, draw.bell(2) * 16, draw.bell(3) * 64], axis=1)
    return np.take_along_axis(levels, draw.integers(4, 0, 4, n), axis=1)


def _long_near_zero(draw: Draw, n: int) -> Floats:
    return draw.uniform(0, n) - (math.log(n) + math.log(math.e - 1))


LONG_KINDS: dict[str, Callable[[Draw, int], Floats]] = {
    "plain": _long_plain,
    "ramp": _long_ramp,
    "crowd": _long_crowd,
    "equal": _long_equal,
    "levels": _long_levels,
    "near zero": _long_near_zero,
}
LONG_WIDTHS = (CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 16 * CHUNK, 100_000, 127, 128, 129, 255, 256, 257)


def long(task: Task) -> Found:
    """One long row against arb; three of its entries."""
    pair = formats.pair(task.pair)
    draw = Draw(f"fast tier, long {task.kind} {task.pair}", task.seed, np.array([task.number]))
    n = int(10.0 ** (2 + 3 * float(draw.uniform(100)[0, 0])))
    if draw.integers(101, 0, 3)[0, 0] == 0:
        n = LONG_WIDTHS[int(draw.integers(102, 0, len(LONG_WIDTHS))[0, 0])]
    values = np.ascontiguousarray(held(LONG_KINDS[task.kind](draw, n), pair.input))
    columns = np.array([[int(draw.integers(103, 0, n)[0, 0]), int(values.argmax()), int(values.argmin())]])
    return examine(task, values, columns, [(Arb(values), dict(enumerate(values[0].tolist())))])


# Families of lsecheck.


def family(task: Task) -> Found:
    """Every case of a family at standard effort, by all five functions: which tier answered."""
    found, fmt = Found(), FORMATS[task.pair]
    for function in FUNCTIONS.values():
        key = (task.sort, task.pair, task.kind, function.name)
        for batch in cases.batches(task.kind, function, fmt, effort="standard"):
            given = np.asarray(batch.values)
            # as `truth` does for a batch already widened
            found_truth = oracle.certify(function, given, FormatPair(fmt, fmt), batch.labels)
            slow = np.array([tier == "interval" for tier in found_truth.tier], np.bool_)
            beyond = (np.isfinite(given) & (np.abs(given) > fast.LARGEST)).any(axis=1)
            found.counts["cases"][key] += len(slow)
            found.counts["interval"][key] += int(slow.sum())
            found.counts["beyond"][key] += int((slow & beyond).sum())
    return found


# The whole.


def tasks(count: int, seed: int, chosen: Sequence[str], rows: int = ROWS) -> Iterator[Task]:
    """At least `count` short cases per pair, each kind in turn; long rows; families. Engines alternate."""
    for pair in PAIRS:
        done = 0
        for number in itertools.count():
            if done >= count:
                break
            for place, kind in enumerate(kinds_of(pair)):
                yield (task := Task("short", pair, kind, number, seed, chosen[(number + place) % len(chosen)], rows))
                done += task.size
    for pair in PAIRS:
        for number, kind in zip(range(LONG_ROWS), itertools.cycle(LONG_KINDS), strict=False):
            yield Task("long", pair, kind, number, seed, chosen[number // len(LONG_KINDS) % len(chosen)])
    for name in cases.names():
        for fmt in FORMATS:
            yield Task("family", fmt, name, 0, seed, "auto")


def outcomes(todo: Sequence[Task], jobs: int) -> Iterator[tuple[Task, Found]]:
    """Every task's findings, in order; in this process where there is one job."""
    if jobs == 1:
        yield from ((task, work(task)) for task in todo)
        return
    with concurrent.futures.ProcessPoolExecutor(jobs, initializer=_quiet) as pool:
        try:
            yield from zip(todo, pool.map(work, todo, chunksize=1), strict=True)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _quiet() -> None:
    """An interrupt is the parent's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def run(todo: Sequence[Task], jobs: int = 1, bar: "tqdm[Any] | None" = None) -> tuple[Found, bool]:
    """All that was found, and whether it was interrupted."""
    found = Found()
    try:
        for task, part in outcomes(todo, jobs):
            found.add(part)
            if bar is not None:
                for reason in part.reasons:
                    bar.write(reason, file=sys.stdout)
                bar.update(task.size)
    except KeyboardInterrupt:
        return found, True
    return found, False


# The report.


def report(found: Found, seed: int, took: str, command: str) -> str:
    """Markdown: what was done, then what came of it, by format, function, kind, length and family."""
    both = ("short", "long")
    total, bad, wrong = (found.total(name, sort=both) for name in ("cases", "violations", "disagreements"))
    versions = ", ".join(f"{name} {_version(name)}" for name in LIBRARIES)
    lines = [
        "# The fast tier against the interval tier and arb",
        "",
        f"{bad:,} violations and {wrong:,} disagreements in {total:,} sampled cases"
        f" ({found.total('outputs', sort=both):,} outputs, {found.total('rows', sort=both):,} rows;"
        f" not exhaustive), seed {seed}.",
        "",
        f"Written by `{command}`, which took {took}.",
        f"Engines in turn: {', '.join(sorted(found.engines))}. lsecheck {lsecheck.__version__},"
        f" Python {platform.python_version()}, {versions}.",
        "",
        "A case is a row asked of one function; of softmax and log_softmax two outputs a row are looked at (three of a",
        "long row). Short rows have 2 to 32 entries, mostly 2 and 3, random and adversarial, and are enclosed by the",
        f"interval tier at {BITS} bits, or more where that is too wide to tell; long rows by arb at {LONG_BITS}.",
        "All comparisons are of integers.",
        "",
        "* **violation**: the enclosure of the truth is not inside the fast tier's (high + low ± radius)·2^scale,",
        "  decided or not.",
        "* **disagreement**: the fast tier calls the output decided, but its ordinal, side or exponent is another.",
        "* **undecided**: outputs left to the interval tier; *beyond* are those of rows with an entry past 2^1000, for",
        "  which the fast tier claims nothing.",
        "* **reach**: the largest |truth - (high + low)| / radius: 1 would be a bound that is attained. Without sums",
        "  below the maximum under 2^-900 and shares under 2^-5000: their radius is half of an interval from 0.",
        "",
        "## By format",
        "",
        *_table(found, "input:output", [(pair, {"pair": pair}) for pair in PAIRS]),
        "",
        "## By function",
        "",
        *_table(found, "function", [(name, {"function": name}) for name in FUNCTIONS]),
        "",
        "## By kind",
        "",
        *_table(found, "kind", [(f"{name}: {kind.reason}", {"kind": name}) for name, kind in KINDS.items()]),
        "",
        "Share of outputs that the fast tier left to the interval tier, in percent:",
        "",
        f"| kind | {' | '.join(PAIRS)} |",
        f"| --- |{' --: |' * len(PAIRS)}",
        *(_shares(found, kind) for kind in KINDS),
        "",
        "## Long rows",
        "",
        "10^2 to 10^5 entries, against arb.",
        "",
        *_table(found, "input:output", [(pair, {"pair": pair}) for pair in PAIRS], "long"),
        "",
        *_table(found, "kind", [(kind, {"kind": kind}) for kind in LONG_KINDS], "long"),
        "",
        *_families(found),
    ]
    return "\n".join(lines) + "\n"


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"


def _table(found: Found, title: str, lines: "list[tuple[str, dict[str, str]]]", sort: str = "short") -> list[str]:
    head = ("rows", "cases", "outputs", "violations", "disagreements", "undecided", "of these beyond", "reach")
    text = [f"| {title} | {' | '.join(head)} |", f"| --- |{' --: |' * len(head)}"]
    for name, wanted in lines:
        counts = {each: found.total(each, sort=sort, **wanted) for each in COUNTED}
        if counts["cases"] == 0:
            continue
        rows = "" if "function" in wanted else f"{counts['rows']:,}"
        cells = [rows, *(f"{counts[each]:,}" for each in COUNTED[1:7])]
        text.append(f"| {name} | {' | '.join(cells)} | {_ratio(found.furthest(sort=sort, **wanted))} |")
    return text


def _ratio(reach: float) -> str:
    return "" if math.isnan(reach) else f"{reach:.3f}"


def _shares(found: Found, kind: str) -> str:
    cells = []
    for pair in PAIRS:
        outputs = found.total("outputs", sort="short", pair=pair, kind=kind)
        share = 100 * found.total("undecided", sort="short", pair=pair, kind=kind) / max(outputs, 1)
        cells.append("" if outputs == 0 else "0" if share == 0 else f"{share:.3f}")
    return f"| {kind} | {' | '.join(cells)} |"


def _families(found: Found) -> list[str]:
    """The tables of families: cases that the interval tier answered, of all."""
    apart = "near-zero"
    rest = [name for name in cases.names() if name != apart]
    usual = ["ordinary", *(name for name in cases.names() if name not in cases.synthetic())]

    def line(names: "Sequence[str]") -> str:
        total, slow, beyond = (found.total(each, sort="family", kind=names) for each in ("cases", "interval", "beyond"))
        once = f", 1 in {round((total - beyond) / (slow - beyond)):,}" if slow > beyond else ""
        return f"{slow - beyond:,} of {total - beyond:,} cases{once}"

    def row(name: str) -> str:
        cells = []
        for fmt in FORMATS:
            total, slow, beyond = (
                found.total(count, sort="family", kind=name, pair=fmt) for count in ("cases", "interval", "beyond")
            )
            cells.append("" if total == 0 else f"{total:,} / {slow - beyond:,}" + (f" + {beyond:,}" if beyond else ""))
        return f"| {name} | {' | '.join(cells)} |"

    head = [f"| family | {' | '.join(FORMATS)} |", f"| --- |{' --: |' * len(FORMATS)}"]
    functions = [f"| function | {' | '.join(FORMATS)} |", f"| --- |{' --: |' * len(FORMATS)}"]
    for name in FUNCTIONS:
        cells = []
        for fmt in FORMATS:
            total, slow, beyond = (
                found.total(count, sort="family", kind=rest, pair=fmt, function=name)
                for count in ("cases", "interval", "beyond")
            )
            cells.append(f"{total:,} / {slow - beyond:,}" + (f" + {beyond:,}" if beyond else ""))
        functions.append(f"| {name} | {' | '.join(cells)} |")
    return [
        "## Families of lsecheck",
        "",
        "Cases of each family at standard effort, all five functions, then how many had an output that the interval",
        "tier answered (`truth.tier`), then how many more for an entry past 2^1000.",
        "",
        f"* ordinary and the recorded logits: {line(usual)}.",
        f"* near-zero, where the logarithm of the sum cancels: {line([apart])}.",
        f"* All others, without rows that have an entry past 2^1000: {line(rest)}.",
        f"* Of these, families in which the interval tier was needed at all: {_needed(found, rest)}.",
        "",
        *head,
        *(row(name) for name in rest),
        row(apart),
        "",
        "The same by function, without near-zero:",
        "",
        *functions,
    ]


def _needed(found: Found, names: Sequence[str]) -> str:
    """Families and functions with cases of the interval tier that are not beyond, and how many."""
    lines = []
    for name in names:
        slow = {
            function: found.total("interval", sort="family", kind=name, function=function)
            - found.total("beyond", sort="family", kind=name, function=function)
            for function in FUNCTIONS
        }
        if any(slow.values()):
            lines.append(f"{name} ({', '.join(f'{function} {count}' for function, count in slow.items() if count)})")
    return ", ".join(lines) or "none"


def main() -> int:
    """Run, print, write; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1_000_000, help="short cases per pair (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: %(default)s)")
    parser.add_argument("--engine", choices=("both", "numpy", "numba"), default="both", help="(default: %(default)s)")
    parser.add_argument("-o", "--output", type=Path, help="write the result as Markdown")
    given = parser.parse_args()
    if given.cases < 1 or given.jobs < 1:
        parser.error("--cases and --jobs must be at least 1")
    both = ("numpy", "numba") if engines.compiled_installed() else ("numpy",)
    todo = list(tasks(given.cases, given.seed, both if given.engine == "both" else (given.engine,)))
    begun = time.perf_counter()
    with tqdm(total=sum(task.size for task in todo), unit="case", unit_scale=True, file=sys.stderr) as bar:
        found, interrupted = run(todo, given.jobs, bar)
    took = f"{time.perf_counter() - begun:,.0f} s ({sum(os.times()[:4]):,.0f} s of processor time, --jobs {given.jobs})"
    command = f"python scripts/check_fast_tier.py --cases {given.cases} --seed {given.seed} -o reports/fast-tier.md"
    text = report(found, given.seed, took, command)
    print(text)
    if interrupted:
        print("interrupted: the above is what was done until then; nothing was written", file=sys.stderr)
        return 130
    if given.output:
        given.output.write_text(text, encoding="utf-8")
    return 1 if found.total("violations") or found.total("disagreements") else 0


if __name__ == "__main__":
    sys.exit(main())
