"""answers, answers to the rows transformed -> the rows whose answers contradict each other.

Laws accuse, the oracle convicts: a law costs one more call of the subject and no truth, so it screens
many rows for the few that are worth asking the oracle about. The allowance for rounding is generous,
so honest code is hardly ever accused; an accusation is never a verdict, and silence is no proof.
Nothing here knows the exact answer; if you need it, you are in the wrong file.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lsecheck import formats
from lsecheck.errors import InputError, UnknownName
from lsecheck.formats import Format, FormatPair
from lsecheck.functions.definition import Floats, special_rows
from lsecheck.inputs.bits import Draw

Integers = np.ndarray[Any, np.dtype[np.int64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]
#: (rows, n) float64, numbers of the input format -> answers widened to float64, (rows, outputs)
Ask = Callable[[Floats], Floats]

#: roundings that an answer may be wrong by, beside those of its sum: at 4 no honest method is accused
#: on any family (`tests/test_law_table.py` asks them at this); exp and log of some ulps need more
ROUNDINGS = 8
#: in place of n where sums are pairwise or wider: see `contracts.BLOCKED_DEPTH`
PAIRWISE = 32
LARGEST = sys.float_info.max


class Accused(NamedTuple):
    """Rows whose answers contradict each other, and what was asked. A suspicion, no verdict."""

    rows: Integers  #: (k,): which rows of the batch, ascending
    batches: tuple[Floats, ...]  #: (k, m) each: the rows whose answers do not agree, for the oracle


class _Heard(NamedTuple):
    """What a law looks at."""

    function: str
    ask: Ask
    x: Floats  #: rows to which the law applies
    said: Floats  #: the answers to them
    pair: FormatPair
    draw: Draw  #: of each row
    turn: int
    one_pass: bool


_Search = Callable[[_Heard], tuple[Flags, tuple[Floats, ...]]]


@dataclass(frozen=True, slots=True)
class Law:
    """What must hold between answers, whatever they are."""

    name: str
    meaning: str  #: in one line
    functions: tuple[str, ...]  #: for which it holds
    broken: _Search  #: which rows break it, and all that was asked about them
    least: int = 0  #: entries that a row must have
    infinite: bool = False  #: it asks about -inf, for which a subject may not be made
    growth: int = 1  #: the longest row it asks about, in rows

    def suspects(
        self,
        ask: Ask,
        batch: Floats,
        fmt: "Format | FormatPair | str",
        function: str = "logsumexp",
        *,
        answers: "Floats | None" = None,
        turn: int = 0,
        one_pass: bool = True,
    ) -> Accused:
        """The rows of a batch on which the subject contradicts itself.

        ask       what the subject answers, (rows, n) -> (rows, outputs); both float64
        batch     (rows, n) float64, numbers of the input format
        answers   to the batch, where they are known already
        turn      how the rows are transformed: another turn, another permutation, shift, cut, ...
        one_pass  a running sum in the format is honest; else sums are expected to be pairwise or wider
        raises    `InputError` for a function that the law does not hold for
        """
        if function not in self.functions:
            raise InputError(f"the law {self.name!r} holds for {', '.join(self.functions)}, not for {function}")
        pair = formats.pair(fmt)
        rows = self._applies(batch, pair, function)
        x = batch[rows]
        if not len(rows):
            return Accused(rows, ())
        said = ask(x) if answers is None else answers[rows]
        draw = Draw(f"law {self.name}", turn, rows)
        with np.errstate(all="ignore"):
            broken, batches = self.broken(_Heard(function, ask, x, said, pair, draw, turn, one_pass))
        return Accused(rows[broken], tuple(each[broken] for each in batches))

    def _applies(self, batch: Floats, pair: FormatPair, function: str) -> Integers:
        """The rows where one answer is right, and no format is too narrow for it."""
        n = batch.shape[1]
        largest = min(pair.input.largest, pair.output.largest)
        if n < self.least or self.growth * n > largest or (self.infinite and not pair.input.has_infinity):
            return np.empty(0, np.int64)
        special = special_rows(batch)
        wrong = special.nan
        if function != "logsumexp":
            wrong = wrong | special.plus | special.empty
        if pair.input is not pair.output or function == "log_softmax":
            reach = np.max(np.where(np.isfinite(batch), np.abs(batch), 0.0), axis=-1, initial=0.0)
            wrong = wrong | (reach > largest / (2 if function == "log_softmax" else 1))
        return np.flatnonzero(~wrong)


def suspects(
    ask: Ask,
    batch: Floats,
    fmt: "Format | FormatPair | str",
    function: str = "logsumexp",
    *,
    laws: "tuple[str, ...] | None" = None,
    turn: int = 0,
    one_pass: bool = True,
) -> "Iterator[tuple[Law, Accused]]":
    """Every law (or those named) that holds for a function, with the rows that it accuses; the batch is asked once.

    >>> def short(batch):  # forgets the last entry
    ...     return np.log(np.exp(batch[:, :-1]).sum(-1, keepdims=True))
    >>> batch = np.array([[0.0, 1.0, 2.0], [3.0, 2.0, -50.0]])
    >>> [law.name for law, accused in suspects(short, batch, "float64") if 0 in accused.rows]
    ['shift', 'absent', 'twice', 'bounds', 'order', 'split']
    """
    for name in laws or ():
        if name not in LAWS:
            raise UnknownName("law", name, LAWS)
    answers = ask(batch)
    for law in LAWS.values():
        if function in law.functions and (laws is None or law.name in laws):
            found = law.suspects(ask, batch, fmt, function, answers=answers, turn=turn, one_pass=one_pass)
            if len(found.rows):
                yield law, found


# ---- what rounding may do ----


def _top(x: Floats) -> Floats:
    return np.asarray(np.max(x, axis=-1, keepdims=True, initial=-np.inf))


def _log_count(x: Floats) -> Floats:
    """ln of the number of entries that are not -inf, 0 for none."""
    return np.asarray(np.log(np.maximum(np.count_nonzero(x > -np.inf, axis=-1, keepdims=True), 1)))


def _gap(x: Floats) -> Floats:
    """a - x, finite; 0 where x is -inf."""
    return np.minimum(np.where(np.isfinite(x), _top(x) - x, 0.0), LARGEST)


def _slack(heard: _Heard, x: Floats, said: "Floats | None" = None) -> Floats:
    """What rounding may do to the answers to x: (rows, 1) or (rows, outputs).

    Not the largest |x| but the maximum sets it, and from there the gap: a sentinel of -1e30 is no
    excuse for an error of 1e22. A running sum of n terms loses n u, and never more than ln n.
    """
    u, t = heard.pair.output.unit_roundoff, heard.pair.output.tiny
    log_n, top = _log_count(x), _top(x)
    steps = x.shape[-1] if heard.one_pass else PAIRWISE
    size = np.where(np.isfinite(top), np.abs(top), 0.0) if heard.function == "logsumexp" else _gap(x)
    relative = ROUNDINGS * u * (size + log_n + 1) + np.minimum(steps * u, log_n)
    if heard.function == "softmax":
        share = np.exp(-_gap(x)) if said is None else np.clip(np.nan_to_num(said), 0.0, 1.0)
        relative = relative * share
    return np.asarray(relative + ROUNDINGS * t)


def _differ(one: Floats, other: Floats, slack: Floats) -> Flags:
    """Rows with an output further apart; nan is right nowhere, so it agrees with nothing."""
    near = (one == other) | (np.abs(one - other) <= slack)
    return np.asarray(~near.all(axis=-1))


def _exceed(low: Floats, high: Floats, slack: Floats) -> Flags:
    """Rows where the low is above the high, or either is nan."""
    return np.asarray(~(low <= high + slack).all(axis=-1))


# ---- the laws ----


def _shift(heard: _Heard) -> tuple[Flags, tuple[Floats, ...]]:
    x, c, moved, exact = shifted(heard.x, heard.pair.input, heard.draw, heard.turn)
    if not exact.any():
        return exact, (x, moved)
    said = heard.said.copy()
    other = np.flatnonzero(exact & (x != heard.x).any(axis=-1))
    if len(other):
        said[other] = heard.ask(x[other])
    # rows that cannot be moved exactly are not asked: the first that can stands in for them
    safe = np.where(exact[:, None], moved, moved[exact][:1])
    after = heard.ask(safe)
    slack = _slack(heard, x, said) + _slack(heard, moved, after)
    expected = after + c if heard.function == "logsumexp" else after
    return _differ(said, expected, slack) & exact, (x, moved)


def shifted(x: Floats, fmt: Format, draw: Draw, turn: int) -> "tuple[Floats, Floats, Floats, Flags]":
    """Rows, a number c (rows, 1) for each, the rows less c, and whether all of that is exact.

    Hardly any c leaves every x - c a number of the format, so where none does the rows are first
    rounded to a grid on which it is: what comes back need not be the rows that were given.
    """
    finite = np.isfinite(x)
    held = np.where(finite, x, 0.0)
    c = _shift_by(x, held, fmt, draw, turn)
    exact = _minus(held, c, fmt)[1].all(axis=-1, keepdims=True)
    scale = np.maximum(np.max(np.abs(held), axis=-1, keepdims=True, initial=0.0), np.abs(c))
    grid = np.maximum(np.frexp(scale)[1] + 1 - fmt.precision, fmt.tiny_exponent)
    coarse, even = (formats.scaled(np.rint(formats.scaled(each, -grid)), grid) for each in (held, c))
    held, c = np.where(exact, held, coarse), np.where(exact, c, even)
    moved, fits = _minus(held, c, fmt)
    fits &= np.abs(held) <= fmt.largest
    return np.where(finite, held, x), c, np.where(finite, moved, x), np.asarray(fits.all(axis=-1))


def _shift_by(x: Floats, held: Floats, fmt: Format, draw: Draw, turn: int) -> Floats:
    """In turn: the maximum, an entry, a number of the row's size, one far above it."""
    n = x.shape[-1]
    top = np.max(held, axis=-1, keepdims=True, initial=-np.inf if n else 0.0)
    entry = np.take_along_axis(held, draw.integers(0, 0, n), 1) if n else top
    power = np.frexp(np.max(np.abs(held), axis=-1, keepdims=True, initial=0.0))[1] - 1
    farther = power + draw.integers(1, 1, max(fmt.precision - 3, 2))
    sizes = [np.ldexp(1.0, np.clip(each, fmt.tiny_exponent, fmt.emax - 1)) for each in (power, farther)]
    kind = (draw.indices[:, None] + turn) % 4
    return np.asarray(
        np.select([kind == 0, kind == 1, kind == 2], [sizes[1] * draw.sign(2), top, entry], sizes[0] * draw.sign(2))
    )


def _minus(x: Floats, c: Floats, fmt: Format) -> "tuple[Floats, Flags]":
    """x - c, and where it is exact and a number of the format."""
    difference = x - c
    # what the subtraction lost (Knuth's TwoSum; nan beyond the largest float64)
    back = difference - x
    lost = (x - (difference - back)) - (c + back)
    inside = np.abs(difference) <= fmt.largest
    held = np.where(inside, difference, 0.0)
    # however a cast rounds, it leaves numbers of the format as they are
    return held, inside & (lost == 0) & (held.astype(fmt.dtype).astype(np.float64) == held)


def _absent(heard: _Heard) -> tuple[Flags, tuple[Floats, ...]]:
    rows, n = heard.x.shape
    more = (1, 32, 5, 128)[heard.turn % 4]
    kind = (heard.draw.indices[:, None] + heard.turn) % 4
    somewhere = heard.draw.integers(0, 0, n + 1)
    start = np.select(
        [kind == 0, kind == 1, kind == 2], [np.full_like(kind, n), np.zeros_like(kind), n // 2], somewhere
    )
    places = np.arange(n)[None, :]
    kept = np.where(places < start, places, places + more)
    padded = np.full((rows, n + more), -np.inf)
    np.put_along_axis(padded, kept, heard.x, axis=1)
    after = heard.ask(padded)
    if heard.function == "logsumexp":
        return _differ(heard.said, after, 2 * _slack(heard, padded)), (heard.x, padded)
    same = np.take_along_axis(after, kept, axis=1)
    gone = np.full(after.shape, 0.0 if heard.function == "softmax" else -np.inf)
    np.put_along_axis(gone, kept, same, axis=1)
    slack = np.maximum(_slack(heard, heard.x, heard.said), _slack(heard, heard.x, same))
    broken = _differ(heard.said, same, 2 * slack) | _differ(after, gone, np.zeros(1))
    return broken, (heard.x, padded)


def _twice(heard: _Heard) -> tuple[Flags, tuple[Floats, ...]]:
    x = heard.x
    n = x.shape[1]
    # one after the other, one beside the other, one there and back
    first = (np.arange(n), np.arange(0, 2 * n, 2), np.arange(n))[heard.turn % 3]
    again = (np.arange(n, 2 * n), np.arange(1, 2 * n, 2), np.arange(2 * n - 1, n - 1, -1))[heard.turn % 3]
    double = np.empty((len(x), 2 * n))
    double[:, first] = double[:, again] = x
    after = heard.ask(double)
    once, both = _slack(heard, x, heard.said), _slack(heard, double, after)
    if heard.function == "logsumexp":
        return _differ(heard.said + np.log(2.0), after, once + both), (x, double)
    expected = heard.said / 2 if heard.function == "softmax" else heard.said - np.log(2.0)
    halves = [_differ(expected, after[:, half], once + both[:, half]) for half in (first, again)]
    return halves[0] | halves[1], (x, double)


def _bounds(heard: _Heard) -> tuple[Flags, tuple[Floats, ...]]:
    x, said = heard.x, heard.said
    high = _top(x) if heard.function == "logsumexp" else np.where(x > -np.inf, -_gap(x), -np.inf)
    low = high.copy()
    if heard.function == "logsumexp":
        high = high + _log_count(x)
    else:
        low = low - _log_count(x)
    if heard.function == "softmax":
        low, high = np.exp(low), np.exp(high)
    slack = _slack(heard, x, high)
    return _exceed(low, said, slack) | _exceed(said, high, slack), (x,)


def _order(heard: _Heard) -> tuple[Flags, tuple[Floats, ...]]:
    x = heard.x
    kind = (heard.draw.indices[:, None] + heard.turn) % 4
    chance = heard.draw.uniform(0, x.shape[1])
    backwards = -np.arange(x.shape[1], dtype=np.float64)[None, :]
    order = np.argsort(np.select([kind == 0, kind == 1, kind == 2], [chance, -x, x], backwards), axis=1, kind="stable")
    other = np.take_along_axis(x, order, axis=1)
    after = heard.ask(other)
    said = heard.said if heard.function == "logsumexp" else np.take_along_axis(heard.said, order, axis=1)
    slack = np.maximum(_slack(heard, other, said), _slack(heard, other, after))
    return _differ(said, after, 2 * slack), (x, other)


def _split(heard: _Heard) -> tuple[Flags, tuple[Floats, ...]]:
    x = heard.x
    n = x.shape[1]
    cut = (n // 2, 1, n - 1, 1 + int(heard.draw.integers(0, 0, n - 1)[0, 0]))[heard.turn % 4]
    left, right = x[:, :cut], x[:, cut:]
    after = np.logaddexp(heard.ask(left), heard.ask(right))
    slack = _slack(heard, x) + np.maximum(_slack(heard, left), _slack(heard, right))
    return _differ(heard.said, after, slack), (x, left, right)


def _monotone(heard: _Heard) -> tuple[Flags, tuple[Floats, ...]]:
    x, fmt = heard.x, heard.pair.input
    place = heard.draw.integers(0, 0, x.shape[1])
    entry, top = np.take_along_axis(x, place, axis=1), _top(x)
    top = np.where(np.isfinite(top), top, 0.0)
    kind = (heard.draw.indices[:, None] + heard.turn) % 3
    # a little above itself; to the maximum; above that
    step = np.ldexp(1.0, np.frexp(entry)[1] - fmt.precision // 2)
    wanted = np.select([kind == 0, kind == 1], [entry + step, top], top + 1 + np.abs(top) / 4)
    held = np.clip(np.where(entry == np.inf, 0.0, wanted), -fmt.largest, fmt.largest)
    higher = np.maximum(formats.widen(formats.cast(held, fmt)), entry)
    rise = np.where(higher > entry, higher - entry, 0.0)
    raised = x.copy()
    np.put_along_axis(raised, place, higher, axis=1)
    after = heard.ask(raised)
    slack = _slack(heard, x, heard.said) + _slack(heard, raised, after)
    if heard.function == "logsumexp":
        most = np.where(np.isfinite(rise), heard.said + rise, np.inf)
        broken = _exceed(heard.said, after, slack) | _exceed(after, most, slack)
        return broken, (x, raised)
    own = np.arange(x.shape[1])[None, :] == place
    # its own share grows, every other one shrinks
    broken = _exceed(np.where(own, heard.said, after), np.where(own, after, heard.said), slack)
    return broken, (x, raised)


def _total(heard: _Heard) -> tuple[Flags, tuple[Floats, ...]]:
    shares = heard.said if heard.function == "softmax" else np.exp(heard.said)
    slack = _slack(heard, heard.x, shares)
    if heard.function == "log_softmax":
        slack = slack * np.clip(np.nan_to_num(shares), 0.0, 1.0)
    total, most = shares.sum(axis=-1, keepdims=True), slack.sum(axis=-1, keepdims=True)
    return _differ(total, np.ones(1), most), (heard.x,)


_ALL = ("logsumexp", "softmax", "log_softmax")

LAWS: dict[str, Law] = {
    law.name: law
    for law in (
        Law("shift", "LSE(x) = c + LSE(x - c) wherever every x - c is exact; shares do not move", _ALL, _shift, 1),
        Law("absent", "entries of -inf change nothing, wherever they stand", _ALL, _absent, infinite=True),
        Law("twice", "the row twice adds ln 2, and halves every share", _ALL, _twice, growth=2),
        Law("bounds", "max <= LSE <= max + ln n; a share is at most e^(x - max), and at least that / n", _ALL, _bounds),
        Law("order", "the order of the entries changes nothing", _ALL, _order, 2),
        Law("split", "LSE of a row is the LSE of the LSEs of two parts of it", ("logsumexp",), _split, 2),
        Law("monotone", "raising an entry raises LSE, by less; its share grows, others shrink", _ALL, _monotone, 1),
        Law("total", "the shares sum to 1", ("softmax", "log_softmax"), _total, 1),
    )
}  # fmt: skip
