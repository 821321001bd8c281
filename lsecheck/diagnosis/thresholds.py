"""rows with one parameter -> from where on they are answered wrongly, and how: bisected, and named where it is known.

The oracle judges every row that is asked. A threshold is claimed where everything below it is right and
nearly everything beyond it wrong.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lsecheck.diagnosis import limits
from lsecheck.diagnosis.cause import Cause, Count
from lsecheck.diagnosis.inquiry import Inquiry
from lsecheck.formats import Format
from lsecheck.functions.definition import Floats
from lsecheck.measure import Flags

KIND = "threshold"
#: rows asked on each side of a threshold, and the share beyond it that must be wrong
FEWEST, SHARE = 4, 0.9
#: rows of one bisection, and how narrow it must become
CUTS, NARROW = 15, 1.001
#: entries of each half where a row has halves
HALF = 128


Kinds = np.ndarray[Any, np.dtype[np.str_]]


class Heard(NamedTuple):
    """What became of the rows of a family."""

    broken: Flags
    kind: Kinds  #: of each broken row's answer: +inf, -inf, nan, 0 or number
    answer: Floats  #: that answer; of other rows the first output


@dataclass(frozen=True, slots=True)
class Edge:
    """Wrong answers of one kind from some figure on."""

    at: float
    kind: str
    said: str
    count: Count


class Family(NamedTuple):
    """Rows with one parameter, a positive number."""

    name: str  #: as in the table of limits
    words: str  #: a row, with its parameter's letter
    letter: str
    rows: Callable[[Floats], Floats]  #: (k,) -> (k, n)


@dataclass(slots=True)
class Seen:
    """One family over its grid."""

    family: Family
    grid: Floats
    broken: Flags
    kind: Kinds
    answer: Floats


def thresholds(inquiry: Inquiry) -> "list[Cause]":
    """What breaks from some figure on: what is named, or else one that is not."""
    seen = {}
    for family in FAMILIES:
        if family.name in ("rise", "fall") and inquiry.arena.function.entries is not None:
            continue
        if family.name.startswith("masked") and not inquiry.arena.pair.input.has_infinity:
            continue
        found = _over_grid(inquiry, family)
        if found is not None:
            seen[family.name] = found
    plateaus = {name: cause for name, found in seen.items() if (cause := _plateau(inquiry, found, seen)) is not None}
    edges = {
        name: edge
        for name, found in seen.items()
        if name not in plateaus and (edge := _hard(inquiry, found)) is not None
    }
    known = [*(cause for cause in plateaus.values() if cause.fix), *_named(inquiry, edges)]
    if known:
        return _distinct(known)
    rest = [*plateaus.values(), *(Cause(kind=KIND, statement=e.said, confidence=e.count) for e in edges.values())]
    return rest[:1] or _first_soft(inquiry, seen)


def _named(inquiry: Inquiry, edges: "dict[str, Edge]") -> "list[Cause]":
    found = []
    for family, edge in edges.items():
        known = limits.named(inquiry.arena.function.name, family, edge.kind, edge.at, frozenset(edges))
        if known is not None:
            statement = f"{edge.said}: {known.meaning}"
            found.append(Cause(kind=KIND, statement=statement, fix=known.fix, confidence=edge.count))
    return found


def _distinct(causes: "list[Cause]") -> "list[Cause]":
    """Of causes with one fix the first: a mirrored family says the same again."""
    return list({cause.fix: cause for cause in reversed(causes)}.values())[::-1]


# ---- asking ----


def _grid(fmt: Format) -> Floats:
    """Parameters: every half from 1 to 64, then ever wider steps up to nearly the largest number."""
    near = np.concatenate([np.arange(1.0, 26.0, 0.5), np.arange(26.0, 120.0, 4.0)])
    far = 120.0 * np.exp(np.linspace(0, math.log(max(0.9 * fmt.largest, 121.0) / 120.0), 64))
    every = np.concatenate([near, np.arange(130, 900, 30.0), far])
    return np.unique(every[every <= 0.9 * fmt.largest])


def _over_grid(inquiry: Inquiry, family: Family) -> "Seen | None":
    grid = _grid(inquiry.arena.pair.input)
    grid = np.unique(np.abs(inquiry.arena.held(grid)))
    found = _asked(inquiry, family, grid)
    if found is None or not found.broken.any():
        return None
    # a row that is right alone is wrong for its company, not for its parameter
    alone = _asked(inquiry, family, grid[found.broken][-1:])
    return Seen(family, grid, *found) if alone is not None and alone.broken.all() else None


def _asked(inquiry: Inquiry, family: Family, parameters: Floats) -> "Heard | None":
    heard = inquiry.hear(family.rows(parameters))
    if len(heard) != len(parameters):
        return None
    output = np.zeros(len(parameters), np.int64)
    for row, (_, place) in heard.charge.items():
        output[row] = place
    answer = heard.asked.answers.values[np.arange(len(parameters)), output]
    kinds = (np.isnan(answer), answer == np.inf, answer == -np.inf, answer == 0)
    return Heard(heard.broken, np.select(kinds, ["nan", "+inf", "-inf", "0"], "number"), answer)


def _edge(inquiry: Inquiry, family: Family, low: float, high: float, beyond: Callable[[Heard], Flags]) -> float:
    """Between a parameter that is right and one that is not: where it changes."""
    while high / low > NARROW:
        cuts = np.linspace(low, high, CUTS + 2)[1:-1]
        held = np.abs(inquiry.arena.held(cuts[:, None]))[:, 0]
        if len(np.unique([low, *held, high])) < 3:
            break
        found = _asked(inquiry, family, held)
        if found is None:
            break
        over = np.flatnonzero(beyond(found))
        first = int(over[0]) if len(over) else CUTS
        narrowed = (held[first - 1] if first else low), (held[first] if first < CUTS else high)
        if narrowed == (low, high):
            break
        low, high = map(float, narrowed)
    return high


# ---- what is there to say ----


def _run(flags: Flags) -> "tuple[int, int] | None":
    """Where True begins, and where it ends for good, if it begins late enough and keeps up."""
    where = np.flatnonzero(flags)
    if len(where) < FEWEST or where[0] < FEWEST:
        return None
    first, last = int(where[0]), int(where[-1])
    return (first, last) if flags[first : last + 1].mean() >= SHARE else None


def _hard(inquiry: Inquiry, seen: Seen) -> "Edge | None":
    """Wrong answers of one kind from some figure on: an infinity, nan, or 0."""
    for kind in ("+inf", "nan", "-inf", "0"):
        run = _run(seen.broken & (seen.kind == kind))
        if run is None:
            continue
        first, last = run

        def beyond(found: Heard, kind: str = kind) -> Flags:
            return np.asarray(found.broken & (found.kind == kind))

        at = _edge(inquiry, seen.family, seen.grid[first - 1], seen.grid[first], beyond)
        upto = f" to {seen.grid[last]:.4g}" if last < len(seen.grid) - 1 else " on"
        hits = int((seen.broken & (seen.kind == kind))[first : last + 1].sum())
        said = f"{seen.family.words} is answered {kind} from {seen.family.letter} = {at:.4g}{upto}"
        said += f" ({hits} of {last + 1 - first} asked there, 0 of {first} below{_earlier(inquiry, seen, first)})"
        return Edge(at, kind, said, Count(hits, last + 1 - first))
    return None


def _earlier(inquiry: Inquiry, seen: Seen, first: int) -> str:
    """Where rows are wrong already before their answers change in kind."""
    wrong = np.flatnonzero(seen.broken[:first])
    if not len(wrong) or wrong[0] < FEWEST or seen.broken[wrong[0] : first].mean() < SHARE:
        return ""
    low = seen.grid[wrong[0] - 1]
    at = _edge(inquiry, seen.family, low, seen.grid[wrong[0]], lambda found: found.broken)
    return f", where numbers are wrong from {at:.4g} on"


def _first_soft(inquiry: Inquiry, seen: "dict[str, Seen]") -> "list[Cause]":
    return next(([cause] for each in seen.values() if (cause := _soft(inquiry, each)) is not None), [])


def _soft(inquiry: Inquiry, seen: Seen) -> "Cause | None":
    """Numbers that are wrong from some figure on."""
    run = _run(seen.broken)
    if run is None:
        return None
    first, last = run
    at = _edge(inquiry, seen.family, seen.grid[first - 1], seen.grid[first], lambda found: found.broken)
    upto = f" to {seen.grid[last]:.4g}" if last < len(seen.grid) - 1 else " on"
    hits = int(seen.broken[first : last + 1].sum())
    statement = (
        f"{seen.family.words} is wrong from {seen.family.letter} = {at:.4g}{upto} ({hits} of {last + 1 - first} asked"
        f" there, 0 of {first} below)"
    )
    return Cause(kind=KIND, statement=statement, confidence=Count(hits, last + 1 - first))


def _plateau(inquiry: Inquiry, seen: Seen, every: "dict[str, Seen]") -> "Cause | None":
    """One and the same wrong number, however far the parameter goes."""
    if inquiry.arena.function.name not in ("logsumexp", "logaddexp"):
        return None
    if seen.family.name in ("rise", "fall"):
        return None
    level = float(seen.answer[-1])
    same = seen.answer == level
    away = np.flatnonzero(~same)
    first = int(away[-1]) + 1 if len(away) else 0
    held = len(same) - first
    if not math.isfinite(level) or (level == 0 and not seen.family.name.startswith("masked")) or held < 2 * FEWEST:
        return None
    if seen.broken[first:].mean() < SHARE:
        return None
    count = Count(int(seen.broken[first:].sum()), held)
    said = (
        f"{seen.family.words} is answered {level:.6g} whatever {seen.family.letter} is from {seen.grid[first]:.4g} on"
    )
    entries = round(math.exp(level)) if 0.5 < level < 9 else 0
    if entries and abs(math.log(entries) - level) <= 4 * inquiry.arena.pair.output.unit_roundoff * (level + 1):
        said = said.replace(f"{level:.6g}", f"{level:.6g} = ln {entries}", 1)
    said += f" ({held} of {held} asked there)"
    match seen.family.name:
        case "masked" | "masked-first":
            below = every.get("down")
            if below is not None and below.answer[-1] == below.answer[-FEWEST]:
                return None  # no entry is answered lower than that, masked or not
            meaning, fix = f"-inf is read as {level:.6g}", _MASK
        case "up" | "down" if not seen.broken[: max(first - 1, 0)].any() and 0.8 < abs(level / seen.grid[first]) < 1.25:
            meaning, fix = f"entries, or the answer, are clamped near {level:.6g}", _CLAMP
        case "gap-last" | "gap-first":
            return _floor(inquiry, seen, level, said, count)
        case _:
            return Cause(kind=KIND, statement=said, confidence=count)
    return Cause(kind=KIND, statement=f"{said}: {meaning}", fix=fix, confidence=count)


def _floor(inquiry: Inquiry, seen: Seen, level: float, said: str, count: Count) -> "Cause | None":
    """A small term that never goes away: is it added to every sum, or does it replace terms below it?"""
    if not 0 < level < 0.5:
        return Cause(kind=KIND, statement=said, confidence=count)
    extra = math.expm1(level)
    at = -math.log(extra)
    answer = inquiry.natural(inquiry.answer(seen.family.rows(np.array([at]))))[0, 0]
    times = float(answer / math.log1p(extra))
    if 1.8 < times < 2.2:
        meaning, fix = f"{extra:.4g} is added to every sum", "add nothing inside the logarithm: the sum is at least 1"
    elif 0.9 < times < 1.1:
        meaning = f"no term is below {extra:.4g} = exp({-at:.4g}): the exponential, or its argument, is floored"
        fix = "let terms underflow to 0"
    else:
        return Cause(kind=KIND, statement=said, confidence=count)
    return Cause(kind=KIND, statement=f"{said}: {meaning}", fix=fix, confidence=count)


def _pair(one: float, other: float) -> Callable[[Floats], Floats]:
    """Rows of two: multiples of the parameter."""

    def rows(p: Floats) -> Floats:
        parts = [factor * p if math.isfinite(factor) else np.full(len(p), factor) for factor in (one, other)]
        return np.stack(parts, axis=1)

    return rows


def _halves(first: float, second: float) -> Callable[[Floats], Floats]:
    return lambda p: np.concatenate([np.repeat(part * p[:, None], HALF, axis=1) for part in (first, second)], axis=1)


_MASK = "let -inf be -inf: exp(-inf - max) is 0 wherever the maximum is finite"
_CLAMP = "do not clamp: after the shift no exponential can overflow"
FAMILIES = (
    Family("up", "[c, c]", "c", _pair(1.0, 1.0)),
    Family("down", "[-c, -c]", "c", _pair(-1.0, -1.0)),
    Family("gap-first", "[0, -d]", "d", _pair(0.0, -1.0)),
    Family("gap-last", "[-d, 0]", "d", _pair(-1.0, 0.0)),
    Family("masked", "[-c, -inf]", "c", _pair(-1.0, -math.inf)),
    Family("masked-first", "[-inf, -c]", "c", _pair(-math.inf, -1.0)),
    Family("rise", f"{HALF} entries of 0, then {HALF} of g,", "g", _halves(0.0, 1.0)),
    Family("fall", f"{HALF} entries of g, then {HALF} of 0,", "g", _halves(1.0, 0.0)),
)
