"""figures -> what they are known for: where exponentials overflow and vanish, where sums forget, what masks are.

A figure is named only where it lies within 1 % of a limit, and the answers beyond it are of the kind that
the limit makes.
"""

import functools
import math
from collections.abc import Callable
from typing import NamedTuple

from lsecheck.formats import FORMATS

#: how near a figure must lie to a limit that gives it a name
NEAR = 0.01


class Limit(NamedTuple):
    """A known limit of a family of rows, and the company in which it means what it says."""

    value: float
    meaning: str
    fix: str
    kinds: frozenset[str]  #: answers beyond it: +inf, -inf, nan, 0
    needs: frozenset[str]  #: other families that must have a limit of their own
    without: frozenset[str]  #: families that must have none


def named(function: str, family: str, kind: str, value: float, others: "frozenset[str]") -> "Limit | None":
    """The nearest limit within 1 %, for answers of that kind; `others` are all families that have a limit."""
    near = [
        limit
        for limit in [*_table().get(family, ()), *_table().get(f"{family} of {function}", ())]
        if abs(value - limit.value) <= NEAR * limit.value
        and kind in limit.kinds
        and limit.needs <= others
        and not limit.without & others
    ]
    return min(near, key=lambda limit: abs(value - limit.value), default=None)


def overflow(name: str) -> float:
    """Where exp overflows a format."""
    return math.log(FORMATS[name].largest)


def underflow(name: str) -> float:
    """Where exp rounds to 0 in a format, as a positive number."""
    return (1 - FORMATS[name].tiny_exponent) * math.log(2)


def forgets(name: str) -> float:
    """From where on 1 + exp(-d) is 1 in a format."""
    return FORMATS[name].precision * math.log(2)


@functools.cache
def _table() -> "dict[str, list[Limit]]":
    """Family, or `family of function` -> limits."""
    table: dict[str, list[Limit]] = {}

    def add(
        families: str, value: float, meaning: str, fix: str, kinds: str = _ANY, needs: str = "", without: str = ""
    ) -> None:
        limit = Limit(value, meaning, fix, *(frozenset(words.split()) for words in (kinds, needs, without)))
        for family in families.split(", "):
            table.setdefault(family, []).append(limit)

    for name in _FORMATS:
        _overflows(name, add)
        _underflows(name, add)
        most = FORMATS[name].largest
        cast = f"entries or answers go through {name}, whose largest number is {most:.5g}"
        add("up, down", most, cast, f"keep entries and answers out of {name}", needs="up down")
        whole = 2.0 ** FORMATS[name].precision
        entries = f"in {name} c + ln 2 is c from {whole:.4g} on: LSE is subtracted from the entries"
        add("up of log_softmax, up of cross_entropy", whole, entries, _FROM_SHIFTED, "0")
    for name in (*_FORMATS, "bfloat16"):
        gone = forgets(name)
        lost = f"the sum 1 + exp(-d) is 1 in {name} from {gone:.2f} on: its logarithm is taken, not log1p of the rest"
        add("gap-last, gap-first", gone, lost, _LOG1P, "0")
    for cut in (5, 8, 10, 15, 20, 25, 30, 40, 50):
        meaning = f"terms below exp(-{cut}) are left out"
        add("gap-last, gap-first", float(cut), meaning, "leave out nothing: let terms underflow by themselves", "0")
    return table


def _overflows(name: str, add: Callable[..., None]) -> None:
    up = overflow(name)
    over = f"exp overflows {name} at ln {FORMATS[name].largest:.5g} = {up:.2f}"
    # a sum of two overflows ln 2 sooner, a sum of 128 equal ones ln 128
    for edge in (up, up - math.log(2)):
        add("up", edge, f"{over}: the maximum is not subtracted", _SHIFT)
        first = f"{over}: exponentials are taken relative to the first entry, not to the maximum"
        add("gap-last", edge, first, _ALL, "+inf -inf nan", without="up gap-first")
        last = f"{over}: exponentials are taken relative to the last entry, not to the maximum"
        add("gap-first", edge, last, _ALL, "+inf -inf nan", without="up gap-last")
        mean = f"{over}, and here it is reached at twice that: the shift is the mean, not the maximum"
        add("gap-last, gap-first", 2 * edge, mean, _ALL, "+inf -inf nan", "gap-first gap-last", "up")
    for edge in (up, up - math.log(128)):
        rise = f"{over}: later entries are taken under an earlier maximum"
        add("rise", edge, rise, _RESCALE, "+inf -inf nan", without="up fall gap-last")
        fall = f"{over}: earlier entries are taken under a later maximum"
        add("fall", edge, fall, _RESCALE, "+inf -inf nan", without="up rise gap-first")


def _underflows(name: str, add: Callable[..., None]) -> None:
    # rounded to nearest; where it is cut off, ln 2 before, float16 could not be told from a sum in float32
    gone = f"exp underflows {name} at -{underflow(name):.2f}: terms vanish there"
    add("gap-first, gap-last", underflow(name), gone, f"take exponentials in more than {name}", "0")
    normal = -FORMATS[name].emin * math.log(2)
    flushed = f"exp is 0 below the smallest normal number of {name}, exp(-{normal:.2f})"
    add("gap-first, gap-last", normal, flushed, "keep subnormal terms, or declare that they are flushed", "0")
    for edge in (underflow(name), underflow(name) - math.log(2)):
        under = f"exp underflows {name} at -{edge:.2f}"
        add("down", edge, f"{under}: the maximum is not subtracted", _SHIFT, needs="up")
        add("down", edge, f"{under}: the shift is never below 0, where the maximum is", _START, without="up")
        add("masked, masked-first", edge, f"{under}: beside -inf the maximum is not subtracted", _MASKS, without="down")
        twice = f"{under}, and here it is reached at half of that: the shift is the largest magnitude, not the maximum"
        add("down", edge / 2, twice, _ALL, without="up")
        largest = f"{under}: exponentials are taken relative to the largest magnitude, not to the maximum"
        both = "gap-first gap-last"
        add("gap-first of logsumexp, gap-first of logaddexp", edge, largest, _ALL, "-inf", both, "up")
        logged = f"{under}: the logarithm is taken of a softmax that is 0"
        add("gap-first of log_softmax, gap-last of log_softmax", edge, logged, _FROM_SHIFTED, "-inf", without="up")
        add("gap-first of cross_entropy", edge, logged, _FROM_SHIFTED, "+inf", without="up")
        for start in _STARTS:
            meaning = f"the maximum is never below about -{start:g}: it starts there, not at -inf"
            add("down", start + edge, meaning, _START, "-inf nan", without="up")


_SHIFT = "subtract the maximum of the row before exp"
_ALL = "take the maximum over all entries of the row"
_START = "start the running maximum at -inf, not at a number"
_RESCALE = "rescale the old sum by exp(old maximum - new maximum) whenever the maximum rises"
_MASKS = "take the maximum over the entries that are not -inf, and subtract it"
_FROM_SHIFTED = "work from x - max throughout, and subtract log1p of the sum: do not go back through LSE or softmax"
_ANY = "+inf -inf nan 0"
_LOG1P = "take log1p of the sum without its largest term"
_FORMATS = ("float16", "float32", "float64")
_STARTS = (1e4, 5e4, 1e5, 1e6, 1e9, 1e10, 1e20, 1e30)
