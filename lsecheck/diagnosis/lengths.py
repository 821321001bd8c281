"""equal entries, n of them -> how many an implementation counts, and the rule that this follows.

LSE of n entries c is c + ln n: float64 knows that well enough to see a count that is off. Nothing is
claimed unless the oracle convicts a row of it.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lsecheck.diagnosis.cause import Cause, Count
from lsecheck.diagnosis.inquiry import Inquiry, OutOfTime, flagged
from lsecheck.formats import Format
from lsecheck.functions.definition import Floats
from lsecheck.inputs.bits import Draw
from lsecheck.measure import Flags

Lengths = np.ndarray[Any, np.dtype[np.int64]]

#: rounding errors that an answer is granted, in u (|y| + K + 1): twice what any accumulator but a short one makes
ROUNDINGS = 8.0
#: lengths without which there is no rule
FEWEST = 50
#: rows that the oracle hears before anything is claimed
CONVICTED = 3
#: widths that are asked: all up to here, then powers of two and their neighbours, and some between
EVERY = 300
#: the second value of the entries: tells what is read in place of a missing one from what is counted
OTHER = -3.5
#: share of lengths beyond which being wrong is no matter of length, and lengths that are worth asking one by one
_FEW, MOST_BETWEEN = 0.6, 1500


class Rule(NamedTuple):
    """How many of n equal entries c are counted, as a sum of e^(count c) terms: a candidate for what goes on."""

    words: str
    counted: Callable[[Floats, float], Floats]  #: (n, c) -> the sum, in units of e^c
    fix: str


@dataclass(slots=True)
class Widths:
    """What was answered to rows of n equal entries."""

    n: Floats  #: (k,)
    zero: Floats  #: (k,) answers to entries 0, as the logarithm of a count
    other: Floats  #: (k,) answers to entries OTHER, less OTHER
    blur: Floats  #: (k,) what rounding may do to either

    @property
    def off(self) -> Flags:
        """Lengths (k,) at which either is wrong."""
        right = np.log(self.n)
        return _off(self.zero, right, self.blur) | _off(self.other, right, self.blur)

    @property
    def both_off(self) -> Flags:
        """Lengths (k,) at which both are."""
        right = np.log(self.n)
        return _off(self.zero, right, self.blur) & _off(self.other, right, self.blur)


def lengths(inquiry: Inquiry, known: "int | None" = None) -> "list[Cause]":
    """The rule by which entries are lost or added, if there is one. `known`: a length that breaks."""
    if inquiry.arena.function.entries is not None:
        return []
    found = _asked(inquiry, _order(inquiry.arena.pair.output, known))
    if found is None or not found.off.any() or not _convicted(inquiry, found.n[found.off]):
        return []
    cause = _sticks(inquiry, found) or _by_rule(inquiry, found) or _where(inquiry, found)
    return [cause] if cause else []


# ---- asking ----


def _order(fmt: Format, known: "int | None") -> Iterator[int]:
    """Lengths, those that tell most first."""
    most = min(fmt.largest, 1 << 17)
    powers = [2**k + step for k in range(6, 17) for step in (-1, 0, 1)]
    some = [3 * 2**k + step for k in range(5, 14) for step in (0, 1)]
    near = [] if known is None else [n for n in range(known - 2, known + 3) if n > 0]
    between = [*range(140, EVERY), *range(513, 1024, 7), *range(1101, 2100, 29)]
    every = dict.fromkeys([*near, *range(1, 140), *powers, *some, *between])
    yield from (n for n in every if n <= most)


def _asked(inquiry: Inquiry, order: Iterator[int]) -> "Widths | None":
    """Counts at as many lengths as half of the time allows; None where too few were answered."""
    until = time.monotonic() + (inquiry.ends - time.monotonic()) / 2
    rows: "list[tuple[float, float, float]]" = []
    for n in order:
        if time.monotonic() > until:
            if len(rows) < FEWEST:
                raise OutOfTime
            break
        said = inquiry.answer(np.stack([np.zeros(n), np.full(n, OTHER)]))
        if (said.trouble != "").any():
            continue
        zero, other = _logarithms(inquiry, inquiry.natural(said))
        rows.append((float(n), zero, other))
    if len(rows) < FEWEST:
        return None
    n, zero, other = np.array(sorted(rows)).T
    u = inquiry.arena.pair.output.unit_roundoff
    return Widths(n, zero, other, ROUNDINGS * u * (np.log(n) + abs(OTHER) + 1))


def _logarithms(inquiry: Inquiry, answers: Floats) -> tuple[float, float]:
    """Of a row of zeros and one of OTHER: the logarithm of how many entries were counted."""
    with np.errstate(all="ignore"):
        match inquiry.arena.function.name:
            case "softmax":
                # a reciprocal: relative to it the last place is small enough
                first = -np.log(answers[:, 0])
                return float(first[0]), float(first[1])
            case "log_softmax":
                return -float(answers[0, 0]), -float(answers[1, 0])
            case "cross_entropy":
                return float(answers[0, 0]), float(answers[1, 0])
    return float(answers[0, 0]), float(answers[1, 0]) - OTHER


def _off(answers: Floats, right: Floats, blur: Floats) -> Flags:
    with np.errstate(all="ignore"):
        return np.asarray(~(np.abs(answers - right) <= blur) & (answers != right))


def _convicted(inquiry: Inquiry, widths: Floats) -> bool:
    """Whether the oracle finds some of these rows wrong too."""
    chosen = widths[np.linspace(0, len(widths) - 1, min(CONVICTED, len(widths))).astype(int)]
    for n in map(int, chosen):
        # in other company than before: what depends on the number of rows is no matter of lengths
        heard = flagged(inquiry, np.stack([np.zeros(n), np.full(n, OTHER), np.zeros(n)]))
        if heard is None or not heard.broken.any():
            return False
    return True


# ---- sums that stick ----


def _sticks(inquiry: Inquiry, found: Widths) -> "Cause | None":
    """The count stops growing: a sum that sticks, or entries that are not read."""
    last = float(found.zero[-1])
    if not 0 <= last < 40:
        return None
    with np.errstate(invalid="ignore"):
        level = (np.abs(found.zero - last) <= found.blur) & (np.abs(found.other - last) <= found.blur)
    beyond, limit = _tail_from(level), math.exp(last)
    inexact = max(limit * float(found.blur[-1]), 0.5)
    begins = beyond < len(level) and 1.9 * limit <= found.n[-1] and found.n[beyond] <= 1.1 * limit + inexact + 1
    if not begins or found.both_off[: beyond - 1].any():
        return None
    power = 2 ** round(math.log2(limit))
    whole = next((near for near in (power, power + 1) if abs(limit - near) <= inexact), round(limit))
    seen, asked = int(len(level) - beyond), len(level)
    count = Count(seen, asked)
    shown = {power: f"{power:,} = 2^{power.bit_length() - 1}", power + 1: f"{whole:,} = 2^{power.bit_length() - 1} + 1"}
    at = shown.get(whole, f"{whole:,}")
    upto = f"the same answer to equal entries from there to {int(found.n[-1]):,}, at {seen} of {seen} lengths"
    if not _last_entry_read(inquiry, min(int(found.n[-1]), 2 * whole + 1)):
        statement = f"only the first {at} entries are read: {upto}"
        return Cause(kind="length", statement=statement, fix=_READ_ALL, confidence=count)
    known = next((name for name, bits in _STICK if power == 2**bits and whole in shown), "")
    accumulator = f": a {known} accumulator" if known else ""
    fix = f"sum in float32 or wider, not in {known}" if known in ("float16", "bfloat16") else ""
    what = "the sum of ones" if known else "the answer to equal entries"
    statement = f"{what} stops growing at {at}{accumulator} ({upto})"
    return Cause(kind="length", statement=statement, fix=fix, confidence=count)


def _tail_from(flags: Flags) -> int:
    """Where the last unbroken run of True begins."""
    wrong = np.flatnonzero(~flags)
    return int(wrong[-1]) + 1 if len(wrong) else 0


def _last_entry_read(inquiry: Inquiry, n: int) -> bool:
    """Whether a last entry that outweighs all others shows in the answer."""
    row = np.zeros((1, n))
    row[0, -1] = math.ceil(math.log(n)) + 4
    said = inquiry.natural(inquiry.answer(row))
    with np.errstate(all="ignore"):
        match inquiry.arena.function.name:
            case "softmax":
                return bool(said[0, -1] > 0.5 and said[0, 0] < 0.5 / n)
            case "log_softmax" | "cross_entropy":
                return bool(abs(said[0, -1]) < 1)
        return bool(said[0, 0] > row[0, -1] - 1)


# ---- rules for tails ----


def _by_rule(inquiry: Inquiry, found: Widths) -> "Cause | None":
    """The first rule that gives the answers at every length."""
    off = found.off
    for rule in _RULES:
        with np.errstate(all="ignore"):
            zero, other = np.log(rule.counted(found.n, 0.0)), np.log(rule.counted(found.n, OTHER))
        wrong = _off(found.zero, zero, found.blur) | _off(found.other, other, found.blur)
        # where the rule says nothing of its own, it was not tried
        tried = np.abs(zero - np.log(found.n)) > found.blur
        if not wrong.any() and (off & tried).sum() >= 8:
            seen = int((off & tried).sum())
            words = rule.words
            if words == _ONE_LOST and not _last_entry_read(inquiry, 100):
                words = "the last entry is not read"
            statement = f"{words}: that gives the answers at all {len(found.n)} lengths of equal entries"
            statement += f" that were asked, of which {seen} are answered wrongly"
            return Cause(kind="length", statement=statement, fix=rule.fix, confidence=Count(len(found.n), len(found.n)))
    return None


_ONE_LOST = "one entry is not counted once there are two"
_READ_ALL = "read all entries of the row"
_PAD = "pad the last tile with -inf"


def _rules() -> Iterator[Rule]:
    def floor(k: int) -> Callable[[Floats, float], Floats]:
        return lambda n, _c: np.floor(n / k) * k

    def floor_if_any(k: int) -> Callable[[Floats, float], Floats]:
        return lambda n, _c: np.where(n < k, n, np.floor(n / k) * k)

    def padded(k: int) -> Callable[[Floats, float], Floats]:
        return lambda n, c: n + (-n % k) * math.exp(-c)

    def repeated(k: int) -> Callable[[Floats, float], Floats]:
        return lambda n, _c: n + -n % k

    yield Rule(_ONE_LOST, lambda n, _c: np.where(n > 1, n - 1, n), _READ_ALL)
    yield Rule("one entry is not counted", lambda n, _c: n - 1, _READ_ALL)
    yield Rule("one entry is counted twice", lambda n, _c: n + 1, "count every entry once")
    yield Rule("one entry of 0 is added to every row", lambda n, c: n + math.exp(-c), "add nothing to the sum")
    yield Rule("equal entries count once", lambda n, _c: np.ones_like(n), "count equal entries as often as they occur")
    for k in (2, 4, 8, 16, 32, 64, 128, 256):
        yield Rule(f"only multiples of {k} entries are read (a tail of n % {k} is dropped)", floor(k), _READ_ALL)
        words = f"only multiples of {k} entries are read once there are {k} (a tail of n % {k} is dropped)"
        yield Rule(words, floor_if_any(k), _READ_ALL)
        yield Rule(f"n is rounded up to a multiple of {k} and the rest is filled with zeros", padded(k), _PAD)
        yield Rule(f"n is rounded up to a multiple of {k} and the rest counts like entries", repeated(k), _PAD)


_RULES = tuple(_rules())


# ---- widths that are bad ----


def _where(inquiry: Inquiry, found: Widths) -> "Cause | None":
    """Some lengths are wrong and others are not: which. Rows must be wrong whatever their entries are."""
    off = found.both_off
    if not off.any() or off.mean() > _FEW or (found.off & ~off).any():
        return None
    low, high = int(found.n[off].min()), int(found.n[off].max())
    if low < high:
        # a rule must foretell lengths that were not asked for it
        found = _asked(inquiry, _more(low, high)) or found
        off = found.both_off
    bad, good = found.n[off].astype(int), found.n[~off].astype(int)
    words = _described(bad, good) if len(bad) and len(good) else None
    if words is None:
        return None
    with np.errstate(all="ignore"):
        one_less = np.log(found.n[off] - 1)
        seen = np.log(found.n[off]) - one_less > found.blur[off]
        lost = bool(seen.any() and (seen & ~_off(found.zero[off], one_less, found.blur[off])).sum() == seen.sum())
    tail = "; one entry is lost there" if lost else ""
    statement = (
        f"rows of equal entries are wrong at {words} ({_lengths(len(bad))}), and right at the other {len(good)} lengths"
        f" that were asked from {int(found.n[0]):,} to {int(found.n[-1]):,}{tail}"
    )
    return Cause(kind="length", statement=statement, confidence=Count(len(found.n), len(found.n)))


def _more(low: int, high: int) -> Iterator[int]:
    """Lengths from just below to just above: all of them, or some 300 without a pattern of their own."""
    least, span = max(low - 8, 1), high + 9 - max(low - 8, 1)
    if span <= MOST_BETWEEN:
        yield from range(least, least + span)
        return
    edges = {*range(least, least + 20), *range(high - 10, high + 9)}
    drawn = Draw("lengths", low, np.arange(1)).integers(0, 0, span, 300)[0] + least
    yield from sorted(edges | set(drawn.tolist()))


def _described(bad: Lengths, good: Lengths) -> "str | None":
    """The simplest rule that all bad lengths keep and no good one does."""
    low, high = int(bad.min()), int(bad.max())
    inside = good[(good >= low) & (good <= high)]
    span = f"n = {low:,}" if low == high else f"n from {low:,} to {high:,}"
    if low < high > int(good.max()):
        span = f"n from {low:,} on"
    if not len(inside):
        return span if len(bad) > 2 or low == high else None
    if len(bad) < 8:
        return None
    rules = [_of_residues(bad, inside, k) for k in (2, 4, 8, 16, 32, 64, 128)]
    known = min((words for words in [*rules, *_odd_but(bad, inside)] if words), key=len, default=None)
    return None if known is None else f"{known}, {span}"


def _of_residues(bad: Lengths, good: Lengths, k: int) -> "str | None":
    left = sorted(set((bad % k).tolist()))
    # each residue must have been seen more than once
    if set((good % k).tolist()) & set(left) or len(bad) < 3 * len(left):
        return None
    return _residues(left, k)


def _odd_but(bad: Lengths, good: Lengths) -> Iterator[str]:
    """Odd lengths but those of one residue."""
    for k in (4, 8, 16, 32, 64):
        excused = set((good[good % 2 == 1] % k).tolist())
        if (bad % 2 == 1).all() and len(excused) == 1 and not excused & set((bad % k).tolist()):
            yield f"odd n except n % {k} = {excused.pop()}"


def _lengths(count: int) -> str:
    return "1 length" if count == 1 else f"{count:,} lengths"


def _residues(left: list[int], k: int) -> str:
    if k == 2:
        return "odd n" if left == [1] else "even n"
    if left == [0]:
        return f"multiples of {k}"
    if left == list(range(1, k)):
        return f"all but multiples of {k}"
    return f"n % {k} = {left[0]}" if len(left) == 1 else f"n % {k} in {left}"


#: where a running sum of ones sticks: 2^p, p the precision of the accumulator
_STICK = (("float8_e5m2", 3), ("float8_e4m3fn", 4), ("bfloat16", 8), ("float16", 11), ("float32", 24))
