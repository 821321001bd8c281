"""floats -> correctly rounded answers, a second time: the oracle's oracle.

It imports nothing of lsecheck. Formats, rounding and enclosures are written again in another
way (bit patterns and bisection instead of bit lengths; balls of python-flint's arb instead of
mpmath; one sum instead of Ziv's cut-offs), so that one mistake is not made twice.
"""

import math
import random
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from flint import arb, ctx, fmpz

FUNCTIONS = ("logsumexp", "logaddexp", "softmax", "log_softmax", "cross_entropy")

#: what is smaller than this is told from 0 by its sign alone
SPECK = Fraction(1, 1 << 20000)
FIRST_BITS = 320  #: more than twice what lsecheck begins with, so that its enclosures must hold these
LAST_BITS = 1 << 17


class Shape(NamedTuple):
    """A binary format as its bit patterns: index = exponent field and fraction field, read as one integer."""

    fraction_bits: int
    least: int  #: exponent of the smallest positive number
    last: int  #: index of the largest finite number
    beyond: float  #: what the next index means


SHAPES = {
    "float16": Shape(10, -24, 0x7BFF, math.inf),
    "bfloat16": Shape(7, -133, 0x7F7F, math.inf),
    "float32": Shape(23, -149, 0x7F7F_FFFF, math.inf),
    "float64": Shape(52, -1074, 0x7FEF_FFFF_FFFF_FFFF, math.inf),
    "float8_e4m3fn": Shape(3, -9, 0x7E, math.nan),
    "float8_e5m2": Shape(2, -16, 0x7B, math.inf),
}


class Answer(NamedTuple):
    """One output. The truth lies strictly between `low` and `high`, or is both."""

    rounded: float
    side: int  #: sign of truth - rounded
    exponent: int  #: floor(log2 |truth|), kept within the format
    low: Fraction
    high: Fraction


class Case(NamedTuple):
    """A row, what is asked of it, and the formats it is stored and answered in."""

    function: str
    source: str
    target: str
    row: tuple[float, ...]
    label: int | None
    family: str


class Wish(NamedTuple):
    """What a family of rows is asked for."""

    chance: random.Random
    source: str
    target: str
    n: int


# Rounding: bisect the bit patterns.


def magnitude(shape: Shape, index: int) -> Fraction:
    """The number that a bit pattern without its sign stands for."""
    field, fraction = index >> shape.fraction_bits, index & ((1 << shape.fraction_bits) - 1)
    if field:
        fraction += 1 << shape.fraction_bits
    power = shape.least + max(field - 1, 0)
    return Fraction(fraction << power) if power >= 0 else Fraction(fraction, 1 << -power)


def index_below(shape: Shape, number: Fraction) -> int:
    """Index of the largest magnitude that does not exceed number >= 0; last + 1 beyond them all."""
    return bisect_right(range(shape.last + 2), number, key=lambda index: magnitude(shape, index)) - 1


def nearest(name: str, number: "Fraction | float") -> float:
    """An exact rational, rounded to nearest, ties to the even bit pattern."""
    shape, number = SHAPES[name], Fraction(number)
    return math.copysign(_number(shape, _nearest_index(shape, abs(number))), number)


def _nearest_index(shape: Shape, number: Fraction) -> int:
    below = index_below(shape, number)
    if below > shape.last:
        return below
    middle = (magnitude(shape, below) + magnitude(shape, below + 1)) / 2
    return below + (number > middle or (number == middle and below % 2 == 1))


def _number(shape: Shape, index: int) -> float:
    return shape.beyond if index > shape.last else float(magnitude(shape, index))


def _exponent(shape: Shape, below: int) -> int:
    field = min(below, shape.last) >> shape.fraction_bits
    return shape.least + shape.fraction_bits + max(field - 1, 0)


def decide(name: str, low: Fraction, high: Fraction) -> "Answer | None":
    """The answer whose truth lies in the open interval, or is low == high; None if it could be several."""
    shape = SHAPES[name]
    if low < 0 < high:
        return None
    sign = -1 if low < 0 or high < 0 else 1
    inner, outer = sorted((abs(low), abs(high)))
    below = index_below(shape, inner)
    if below > shape.last:
        index, side = below, -1
    elif low == high:
        index = _nearest_index(shape, inner)
        side = 0 if inner == magnitude(shape, below) else (1 if index == below else -1)
    else:
        ceiling = magnitude(shape, below + 1)
        middle = (magnitude(shape, below) + ceiling) / 2
        if outer <= middle:
            index, side = below, 1
        elif inner >= middle and outer <= ceiling:
            index, side = below + 1, -1
        else:
            return None
    return Answer(sign * _number(shape, index), sign * side, _exponent(shape, below), low, high)


# Enclosures: arb, with anchors kept as rationals.


def _ball(number: Fraction) -> arb:
    """A dyadic rational as an exact ball, whatever the working precision."""
    return arb((fmpz(number.numerator), fmpz(1 - number.denominator.bit_length())))


def _end(ball: arb) -> Fraction:
    """An end of a ball; 0 for one that is nearer to 0 than SPECK."""
    mantissa, power = (int(part) for part in ball.man_exp())
    if mantissa.bit_length() + power < -20000:
        return Fraction(0)
    return Fraction(mantissa << power) if power >= 0 else Fraction(mantissa, 1 << -power)


def _positive(ball: arb) -> tuple[Fraction, Fraction]:
    """Ends of a ball whose number is known to be positive."""
    low, high = _end(ball.lower()), _end(ball.upper())
    return max(low, Fraction(0)), max(high, SPECK)


def enclosures(function: str, row: Sequence[float], label: "int | None", bits: int) -> list[tuple[Fraction, Fraction]]:
    """(low, high) of every output; low == high where the truth is rational. -inf is no entry."""
    ctx.prec = bits
    entries = [Fraction(x) for x in row if x != -math.inf]
    top = max(entries)
    ties = entries.count(top)
    lower = {x: (_ball(x - top)).exp() for x in set(entries) if x != top}
    rest = sum((lower[x] for x in entries if x != top), arb(0))

    def log_sum() -> tuple[Fraction, Fraction]:
        if len(entries) == 1:
            return Fraction(0), Fraction(0)
        return _positive(rest.log1p() if ties == 1 else (ties + rest).log())

    def share(x: Fraction) -> tuple[Fraction, Fraction]:
        if x != top:
            return _positive(lower[x] / (ties + rest))
        if not lower:
            return Fraction(1, ties), Fraction(1, ties)
        least, most = _positive(rest / (ties * (ties + rest)))
        return Fraction(1, ties) - most, Fraction(1, ties) - least

    if function in ("logsumexp", "logaddexp"):
        low, high = log_sum()
        return [(top + low, top + high)]
    if function == "cross_entropy":
        gap = top - Fraction(row[label if label is not None else -1])
        low, high = log_sum()
        return [(gap + low, gap + high)]
    if function == "softmax":
        found = {x: share(x) for x in set(entries)}
        nothing = Fraction(0), Fraction(0)
        return [nothing if x == -math.inf else found[Fraction(x)] for x in row]
    low, high = log_sum()
    return [(Fraction(x) - top - high, Fraction(x) - top - low) for x in row if x != -math.inf]


def correctly_rounded(function: str, row: Sequence[float], target: str, label: "int | None" = None) -> list[Answer]:
    """Every output of a row of finite numbers and -inf, decided and enclosed to 2^-200 of itself.

    log_softmax answers for the finite entries alone; the others are exactly -inf.
    """
    bits = FIRST_BITS
    while bits <= LAST_BITS:
        ends = enclosures(function, row, label, bits)
        known: dict[tuple[Fraction, Fraction], Answer | None] = {
            pair: decide(target, *pair) if _tight(*pair) else None for pair in set(ends)
        }
        answers = [answer for pair in ends if (answer := known[pair]) is not None]
        if len(answers) == len(ends):
            return answers
        bits *= 2
    raise ArithmeticError(f"{function} of {row} is not decided in {target} at {LAST_BITS} bits")


def sums(row: Sequence[float], place: int) -> dict[str, float]:
    """The figures that scale errors, for the finite entry at `place`; correct to about 1e-15."""
    ctx.prec = 400
    entries = [Fraction(x) for x in row if x != -math.inf]
    top = max(entries)
    weights = [_ball(x - top).exp() for x in entries]
    total = sum(weights, arb(0))
    others = sum((weight for x, weight in zip(entries, weights, strict=True) if x != top), arb(entries.count(top) - 1))
    exact = {
        "total": total,
        "log_total": others.log1p(),
        "spread": sum((_ball(top - x) * w for x, w in zip(entries, weights, strict=True)), arb(0)) / total,
        "absolute": sum((_ball(abs(x)) * w for x, w in zip(entries, weights, strict=True)), arb(0)) / total,
        "rest": others / total,
        "share": _ball(Fraction(row[place]) - top).exp() / total,
        "gap": _ball(top - Fraction(row[place])),
        "maximum": _ball(top),
        "n": arb(len(entries)),
    }
    return {name: float(ball.mid()) for name, ball in exact.items()}


def _tight(low: Fraction, high: Fraction) -> bool:
    return high - low <= max(max(abs(low), abs(high)) / (1 << 200), SPECK)


# Cases: random and adversarial rows.

PAIRS = (
    *((name, name) for name in SHAPES),
    ("bfloat16", "float32"),
    ("float64", "float16"),
    ("float32", "bfloat16"),
    ("float16", "float64"),
    ("float32", "float8_e4m3fn"),
    ("float64", "float32"),
)


def cases(function: str, source: str, target: str, count: int, seed: int) -> Iterator[Case]:
    """`count` rows of numbers of `source`, each adversarial family in turn."""
    chance = random.Random(f"{function} {source} {target} {seed}")
    for turn in range(count):
        family = FAMILIES[turn % len(FAMILIES)]
        n = 2 if function == "logaddexp" else chance.choice((1, 2, 2, 2, 3, 3, 4, 5, 8, 16, chance.randint(2, 64)))
        row = [_kept(source, x) for x in family(Wish(chance, source, target, n))]
        chance.shuffle(row)
        if n > 2 and math.isinf(SHAPES[source].beyond) and chance.random() < 0.05:
            row[1] = -math.inf
        label = chance.choice([i for i, x in enumerate(row) if x != -math.inf]) if function == "cross_entropy" else None
        yield Case(function, source, target, tuple(row), label, family.__name__.removeprefix("_"))


def _kept(source: str, number: "Fraction | float") -> float:
    """The nearest number of the format, or its largest."""
    largest = magnitude(SHAPES[source], SHAPES[source].last)
    return nearest(source, max(min(Fraction(number), largest), -largest))


def _pattern(chance: random.Random, source: str, last: "int | None" = None) -> Fraction:
    shape = SHAPES[source]
    return chance.choice((1, -1)) * magnitude(shape, chance.randint(0, shape.last if last is None else last))


def _plain(wish: Wish) -> list[float]:
    scale = 2.0 ** wish.chance.uniform(-6, 8)
    return [wish.chance.gauss(0, scale) for _ in range(wish.n)]


def _offset(wish: Wish) -> list[float]:
    offset = wish.chance.choice((1, -1)) * 2.0 ** wish.chance.uniform(0, 12)
    return [offset + wish.chance.gauss(0, 3) for _ in range(wish.n)]


def _near_zero(wish: Wish) -> list[float]:
    """The sum of exponentials is 1 but for roundings, so y is all cancellation."""
    row = [-math.log(wish.n) - wish.chance.uniform(0, 3) for _ in range(wish.n - 1)]
    stored = math.fsum(math.exp(_kept(wish.source, x)) for x in row)
    return [*row, math.log1p(-stored) if stored < 1 else -math.log(wish.n)]


def _equal(wish: Wish) -> list[float]:
    return [wish.chance.choice((0.0, -math.log(wish.n), wish.chance.gauss(0, 50)))] * wish.n


def _ties(wish: Wish) -> "list[Fraction | float]":
    levels = [wish.chance.gauss(0, 8), wish.chance.gauss(0, 8), -wish.chance.choice((20.0, 100.0, 700.0, 1e4, 1e300))]
    return [wish.chance.choice(levels) for _ in range(wish.n)]


def _gaps(wish: Wish) -> "list[Fraction | float]":
    """The rest is unimaginably small beside the maximum, which may be a midpoint of the output format."""
    shape = SHAPES[wish.target]
    index = wish.chance.randint(0, shape.last - 1)
    anchor = wish.chance.choice((magnitude(shape, index), (magnitude(shape, index) + magnitude(shape, index + 1)) / 2))
    anchor = wish.chance.choice((anchor, -anchor, Fraction(0), Fraction(1), Fraction(-1)))
    far = magnitude(SHAPES[wish.source], SHAPES[wish.source].last)
    fall = [
        wish.chance.choice((Fraction(1e5), Fraction(1e9), far / 2, far, Fraction(3500), Fraction(2000)))
        for _ in range(wish.n)
    ]
    return [anchor, *(anchor - gap for gap in fall[1:])]


def _tiny(wish: Wish) -> "list[Fraction | float]":
    last = 4 << SHAPES[wish.source].fraction_bits
    return [_pattern(wish.chance, wish.source, last) for _ in range(wish.n)]


def _patterns(wish: Wish) -> "list[Fraction | float]":
    return [_pattern(wish.chance, wish.source) for _ in range(wish.n)]


def _extremes(wish: Wish) -> "list[Fraction | float]":
    shape = SHAPES[wish.source]
    far = magnitude(shape, shape.last)
    return [
        wish.chance.choice((far, -far, magnitude(shape, shape.last - 1), magnitude(shape, 1), 0.0))
        for _ in range(wish.n)
    ]


def _half_place(wish: Wish) -> list[float]:
    """The second entry adds half of the output's last place, more or less."""
    shape = SHAPES[wish.target]
    index = index_below(shape, Fraction(2.0 ** wish.chance.uniform(-3, 6)))
    place = float(magnitude(shape, index + 1) - magnitude(shape, index))
    top = wish.chance.choice((1, -1)) * float(magnitude(shape, index))
    second = top + math.log(place / 2) + wish.chance.choice((0.0, wish.chance.gauss(0, 1e-3)))
    return [top, second, *(second - 40 - wish.chance.random() for _ in range(wish.n - 2))][: wish.n]


def _edge_of_shares(wish: Wish) -> list[float]:
    """Shares about the smallest numbers of the output format, subnormal or rounding to 0."""
    least = SHAPES[wish.target].least * math.log(2)
    return [0.0, *(least * wish.chance.uniform(0.8, 1.02) for _ in range(wish.n - 1))]


FAMILIES = (
    _plain,
    _near_zero,
    _half_place,
    _gaps,
    _edge_of_shares,
    _ties,
    _patterns,
    _tiny,
    _equal,
    _offset,
    _extremes,
)
