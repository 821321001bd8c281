"""family, format -> values: how each named source of cases is built, and why it is there.

A builder takes a `Draw`, the entries per row and the format, and answers float64 values of
shape (rows, n), not yet rounded to the format. Integers, IEEE + - x and frozen tables only.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from lsecheck.formats import FORMATS, Format, ulp
from lsecheck.inputs.bits import WEYL, Draw, Floats
from lsecheck.inputs.tables import LN2, LOG_64THS

Builder = Callable[[Draw, int, Format], Floats]


@dataclass(frozen=True, slots=True)
class Family:
    """A named, seeded source of cases with a reason."""

    name: str
    reason: str
    build: Builder
    widths: Sequence[int]  #: entries of case i: widths[i % len(widths)]
    quick: int  #: cases at each effort; those of a lower effort come first
    standard: int
    deep: int
    needs_infinity: bool = False  #: skipped in formats that have none

    def cases(self, effort: str) -> int:
        """How many cases the family has at an effort."""
        return {"quick": self.quick, "standard": self.standard, "deep": self.deep}[effort]


def _column(draw: Draw, choices: Sequence[float]) -> Floats:
    """One of the choices for each row, (rows, 1), by index: every choice in turn."""
    return np.array(choices, np.float64)[draw.indices % len(choices)][:, None]


def _power(exponents: "np.ndarray[tuple[int, ...], np.dtype[np.int64]]", fraction: Floats) -> Floats:
    """2^exponent (1 + fraction), exactly scaled."""
    return np.ldexp(1.0 + fraction, exponents.astype(np.int32))


def _ordinary(draw: Draw, n: int, fmt: Format) -> Floats:
    return draw.bell(0, n) * np.ldexp(1.0, draw.integers(1, -6, 5).astype(np.int32))


def _wide(draw: Draw, n: int, fmt: Format) -> Floats:
    reach = (fmt.emax + fmt.precision) * LN2
    return draw.bell(0, n) * reach * _column(draw, (0.25, 0.5, 1.0, 2.0)) + draw.bell(1)


def _offset(draw: Draw, n: int, fmt: Format) -> Floats:
    top = min(fmt.emax - 1, fmt.precision + 6)
    return draw.bell(0, n) * 2.0 + draw.sign(1) * _power(draw.integers(2, 1, top + 1), draw.uniform(3))


def _huge(draw: Draw, n: int, fmt: Format) -> Floats:
    signs = np.where(_column(draw, (0, 1, 2)) == 1, draw.sign(2), draw.sign(2, n))
    # every other four rows near the top, where differences of opposite signs leave the format
    near = (draw.indices // 4 % 2 == 1)[:, None]
    powers = np.where(
        near, draw.integers(3, fmt.emax - 1, fmt.emax + 1, n), draw.integers(0, fmt.emax // 2, fmt.emax, n)
    )
    return signs * _power(powers, draw.uniform(1, n))


def _tiny(draw: Draw, n: int, fmt: Format) -> Floats:
    return draw.sign(2, n) * _power(draw.integers(0, fmt.emin, -2, n), draw.uniform(1, n))


def _equal(draw: Draw, n: int, fmt: Format) -> Floats:
    value = draw.sign(0) * _power(draw.integers(1, -3, min(fmt.emax, 12)), draw.uniform(2))
    return np.broadcast_to(value, (len(value), n))


def _width(draw: Draw, n: int, fmt: Format) -> Floats:
    return np.broadcast_to(_column(draw, (0.0, -3.5, 0.0, 1.0)), (len(draw.indices), n))


def _near_zero(draw: Draw, n: int, fmt: Format) -> Floats:
    # 64 units of weight: one for each entry, the others wherever they fall
    buckets = draw.integers(0, 0, n, 64 - n)
    weights = 1 + (buckets[:, :, None] == np.arange(n)).sum(1)
    values = np.array(LOG_64THS)[weights - 1]
    places = draw.integers(1, 0, n)[:, 0]
    rows = np.arange(len(values))
    values[rows, places] += draw.integers(2, -3, 4)[:, 0] * ulp(values[rows, places], fmt)
    return values


def _half_ulp(draw: Draw, n: int, fmt: Format) -> Floats:
    power = draw.integers(0, -4, min(fmt.precision - 2, fmt.emax - 1))
    anchor = draw.sign(1) * _power(power, draw.uniform(2))
    # exp(-gap) is half an ulp of the anchor, give or take 2 %, shared by the n - 1 others
    gap = (fmt.precision - power) * LN2 + draw.integers(3, -16, 17) * 2.0**-10 - LOG_64THS[64 // (n - 1) - 1]
    return np.concatenate([anchor, np.broadcast_to(anchor - gap, (len(anchor), n - 1))], axis=1)


def _dominant(draw: Draw, n: int, fmt: Format) -> Floats:
    gap = draw.integers(0, 0, 4 * (fmt.precision + 8)) * (LN2 / 4)
    values = _column(draw, (0.0, 0.0, 8.0, -8.0)) - gap - 0.5 * draw.bell(1, n)
    place = draw.integers(2, 0, n)
    top = _column(draw, (0.0, 0.0, 8.0, -8.0))
    return np.where(np.arange(n)[None, :] == place, top, values)


def _gap(draw: Draw, n: int, fmt: Format) -> Floats:
    reach = (fmt.precision - fmt.emin + 1) * LN2
    grid = (draw.indices.astype(np.uint64) * np.uint64(WEYL) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    values = np.zeros((len(grid), n))
    values[:, -1] = -grid * reach
    return values


def _lows(draw: Draw, fmt: Format) -> Floats:
    """Offsets that a sentinel, a floor or a zero-filled lane would outrank."""
    lows = np.array([-1e2, -2e4, 0.0, -1.5e5, -1e31, -0.9 * fmt.largest])
    turn = (5 * draw.indices + draw.indices // 6) % 6  # in turn, and with every width in turn
    return np.maximum(lows[turn][:, None], -0.9 * fmt.largest)


def _blocked(draw: Draw, n: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
    """Masked entries: a prefix, a suffix or both, in whole blocks, one entry left at least."""
    block = _column(draw, (16, 32, 64, 128, 256, 1, 8))
    last = np.maximum((n - 1) // block, 0)
    count = np.maximum(np.rint(draw.uniform(5) * last), 1) * block
    kind = draw.integers(6, 0, 3)
    places = np.arange(n)[None, :]
    prefix = (kind != 1) & (places < np.minimum(count, n - 1))
    suffix = (kind != 0) & (places >= np.maximum(n - count, n // 2 + 1))
    return (prefix | suffix) & ~((places == n // 2) & (kind == 2))


def _masked(draw: Draw, n: int, fmt: Format) -> Floats:
    return np.where(_blocked(draw, n), -np.inf, draw.bell(0, n) + _lows(draw, fmt))


def _sentinel(draw: Draw, n: int, fmt: Format) -> Floats:
    sentinel = np.maximum(_column(draw, (-1e4, -1e9, -fmt.largest, -fmt.largest / 2, -3.0e4)), -fmt.largest)
    rest = draw.bell(0, n) + np.where(draw.integers(7, 0, 2) == 0, 0.0, _lows(draw, fmt) / 2)
    return np.where(_blocked(draw, n), sentinel, rest)


def _ordered(draw: Draw, n: int, fmt: Format) -> Floats:
    step = _power(draw.integers(0, -6, 4), draw.uniform(1))
    ramp = np.arange(n, dtype=np.float64)
    zigzag = np.where(np.arange(n) % 2 == 0, ramp, -ramp)
    orders = np.stack([ramp, -ramp, zigzag, -zigzag])
    return orders[draw.indices // 7 % 4] * step + draw.bell(2)


def _blocks(draw: Draw, n: int, fmt: Format) -> Floats:
    reach = fmt.emax * LN2 * 1.1
    gap = _column(draw, (12.0, 95.0, 800.0, reach, -12.0, -95.0, -800.0, -reach))
    gap = np.clip(gap, -fmt.largest / 2, fmt.largest / 2)
    block = np.array([32, 64, 128, max(n // 2, 1)])[draw.indices // 8 % 4][:, None]
    upper = (np.arange(n)[None, :] // block) % 2 == 1
    return draw.bell(0, n) + np.where(upper, gap, 0.0)


def _subnormal(draw: Draw, n: int, fmt: Format) -> Floats:
    counts = draw.integers(0, 0, 1 << (fmt.precision - 1) if fmt.precision < 30 else 1 << 30, n)
    values = draw.sign(1, n) * np.ldexp(counts.astype(np.float64), fmt.tiny_exponent)
    # every other row: a maximum at or near zero whose answer is subnormal, [0, -gap]
    gap = (-fmt.emin + draw.integers(2, 0, fmt.precision)) * LN2 + draw.uniform(3)
    answer = np.concatenate([values[:, :1] * 0.0, np.broadcast_to(-gap, (len(gap), n - 1))], axis=1)
    return np.where((draw.indices // 4 % 2 == 1)[:, None], answer, values)


def _extremes(draw: Draw, n: int, fmt: Format) -> Floats:
    top, below = fmt.largest, fmt.largest - float(ulp(np.array(fmt.largest), fmt))
    pool = np.array([top, -top, below, -below, top / 2, -top / 2, fmt.tiny, -fmt.tiny, 0.0, 1.0])
    pairs = draw.indices[:, None] // 4 // 10 ** np.arange(n) % 10  # in turn, so that every pair comes up
    return pool[pairs if n < 3 else draw.integers(0, 0, 10, n)]


#: the family whose batches are also asked for conduct
CONDUCT = "conduct"
SPECIAL_VALUES = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0)


def special_tuples(fmt: Format) -> list[tuple[float, ...]]:
    """Every row of 0 to 2 entries over the special values, zeros, t, ±M and 1; long rows with one special value
    first, in the middle or last, or with nothing but -inf; then every row of 3."""
    pool = (*SPECIAL_VALUES, fmt.tiny, fmt.largest, -fmt.largest)
    short = [entries for n in range(3) for entries in product(pool, repeat=n)]
    long = [(-np.inf,) * n for n in _SPECIAL_LENGTHS]
    for n in _SPECIAL_LENGTHS:
        for special in SPECIAL_VALUES[:3]:
            for place in (0, n // 2, n - 1):
                long.append((0.0,) * place + (special,) + (0.0,) * (n - 1 - place))
    return short + long + list(product(pool, repeat=3))


#: lanes, tiles and blocks, and one more than each
_SPECIAL_LENGTHS = (4, 17, 42, 64, 65, 129, 256, 300, 1000, 4096)
SPECIAL_WIDTHS = tuple(len(row) for row in special_tuples(FORMATS["float32"]))


def _specials(draw: Draw, n: int, fmt: Format) -> Floats:
    rows = special_tuples(fmt)
    return np.array([rows[index % len(rows)] for index in draw.indices]).reshape(len(draw.indices), n)


def _long(draw: Draw, n: int, fmt: Format) -> Floats:
    return draw.bell(0, n) * _column(draw, (1.0, 4.0, 0.25)) + draw.integers(1, -8, 9)


def _conduct(draw: Draw, n: int, fmt: Format) -> Floats:
    # rows of one batch so far apart that a maximum, a sum or a state shared between them shows
    reach = min(fmt.emax * LN2 * 1.3, fmt.largest / 4)
    values = draw.bell(0, n) * 2.0 + _column(draw, (0.0, reach, -reach, 2.5, 0.0))
    return values if n <= _MANY else 0.0 * np.abs(values)  # ones to sum up: some accumulators stick along one axis


_MANY = 1000
_BIG = tuple(1 << power for power in range(11, 18))
_EDGES = tuple(1 << power for power in range(11))
_ONCE = tuple(dict.fromkeys((
    *_EDGES, *(edge + 1 for edge in _EDGES), *(edge - 1 for edge in _EDGES[1:]), 65520, 513, 515, 543, 577,
    *_BIG, 2047, 2049, 4095, 4097, 65504, 65505, 1500, 3001, 5000, 10007, 100003,
    *range(1, 1101),
)))  # fmt: skip
#: two rows of each: some code is wrong only where there is a second row
_WIDTHS = tuple(n for n in _ONCE for _ in range(2))

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family("ordinary", "logits as models make them, at scales from 1/64 to 16", _ordinary,
               (2, 3, 10, 1, 5, 100, 4, 17, 128, 7, 8, 33, 64, 16, 20, 129, 1000), 34, 340, 3400),
        Family("wide", "spreads beyond what exp can reach: terms underflow one by one", _wide,
               (2, 3, 10, 33, 100), 20, 200, 2000),
        Family("offset", "logits at a large common offset: LSE(x) = c + LSE(x - c), and x - LSE loses all of it",
               _offset, (2, 3, 10, 100, 33, 1000, 4096), 14, 84, 840),
        Family("huge", "magnitudes up to the largest: naive exp overflows, differences may too", _huge,
               (2, 3, 8, 33), 20, 160, 1600),
        Family("tiny", "magnitudes far below 1: every exp is near 1", _tiny, (1, 2, 3, 8, 33, 100), 18, 120, 1200),
        Family("equal", "exact ties of the maximum: LSE = c + ln n", _equal,
               (2, 3, 4, 5, 7, 16, 100, 255, 256, 257, 1000, 2047, 2048, 2049, 4096), 30, 150, 1500),
        Family("width", "every width, equal entries: caps, tails, sticking sums, single bad widths", _width,
               _WIDTHS, 60, len(_WIDTHS), len(_WIDTHS)),
        Family("near-zero", "weights that sum to 1, give or take an ulp: LSE cancels to almost 0", _near_zero,
               (2, 3, 4, 8, 16, 64), 24, 240, 2400),
        Family("half-ulp", "a tail of half an ulp of the maximum: the hardest roundings", _half_ulp,
               (2, 3, 5), 24, 240, 2400),
        Family("dominant", "one large entry and many tiny: what is summed beside the largest is lost", _dominant,
               (8, 32, 33, 128, 1000, 4096), 12, 120, 1200),
        Family("gap", "[0, -d] over a fine grid of d: log1p, floors, cut-offs, tables", _gap, (2,), 48, 480, 4800),
        Family("masked", "-inf in whole blocks, the rest at offsets that a sentinel would outrank", _masked,
               (17, 33, 65, 129, 300, 512), 18, 120, 1200, needs_infinity=True),
        Family("sentinel", "finite mask values (-1e4, -1e9, the lowest number) in whole blocks", _sentinel,
               (5, 33, 100, 256), 20, 120, 1200),
        Family("ordered", "ascending, descending, alternating: the order of a running maximum", _ordered,
               (3, 10, 33, 100, 129, 300, 1000), 28, 112, 1120),
        Family("blocks", "halves and tiles a gap apart, in both orders: rescaling and tile maxima", _blocks,
               (64, 96, 256, 300, 2100), 32, 160, 1600),
        Family("subnormal", "subnormal entries, and answers that are subnormal", _subnormal,
               (1, 2, 3, 17), 24, 240, 2400),
        Family("extremes", "the largest numbers and their neighbours, halves, the smallest, 0 and 1", _extremes,
               (1, 2, 3, 4), 40, 400, 4000),
        Family("specials", "every row of up to 3 of nan, ±inf, ±0, 1, t, ±M; long rows with nan or ±inf", _specials,
               SPECIAL_WIDTHS, 191, len(SPECIAL_WIDTHS), len(SPECIAL_WIDTHS)),
        Family(CONDUCT, "batches to ask in other ways: again, alone, other neighbours, layouts, axes, orders", _conduct,
               (8,) * 8 + (33,) * 5 + (300,) * 4 + (4096,) * 2, 19, 19, 19),
        Family("long", "rows up to 2^17: summation error grows with n", _long,
               (4096, 131072, 16384, 65536, 8192, 32768), 1, 6, 24),
    )
}  # fmt: skip
