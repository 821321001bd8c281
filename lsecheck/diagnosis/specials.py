"""rows with nan, infinities or nothing at all -> which of them are answered wrongly, with what, and why that is known.

The oracle judges; the table at the foot only knows what a wrong answer to such rows usually comes from.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lsecheck.arena import LOST, Heard
from lsecheck.charges import BEHAVIOUR
from lsecheck.diagnosis.cause import Cause, Count
from lsecheck.diagnosis.inquiry import Inquiry
from lsecheck.formats import Format
from lsecheck.functions.definition import Floats, Function

KIND = "special"
#: lengths at which each kind of row is asked, where the function takes any
LENGTHS = (2, 3, 5, 33, 64, 130)
#: kinds of rows that are named, at most
MOST = 2


class Kind(NamedTuple):
    """Special rows of one kind."""

    name: str
    words: str  #: `rows ...`
    rows: "list[Floats]"  #: batches of one length each
    plain: "list[Floats]"  #: ordinary rows like these: where those are wrong too, it is no matter of this kind


class Reason(NamedTuple):
    """What a wrong answer to rows of one kind usually comes from."""

    meaning: str
    fix: str


def specials(inquiry: Inquiry) -> "list[Cause]":
    """What is wrong with special rows, what is known of it first: at most two causes."""
    found = [_of_kind(inquiry, kind) for kind in kinds(inquiry.arena.function, inquiry.arena.pair.input)]
    answers = {kind.name: said for kind, said, _, _, _ in found if said}
    causes = [_cause(inquiry, *each, answers) for each in found if each[1]]
    clear = [cause for cause in causes if cause is not None]
    return sorted(clear, key=lambda cause: not cause.fix)[:MOST]


def _of_kind(inquiry: Inquiry, kind: Kind) -> "tuple[Kind, Counter[str], int, int, str]":
    """The wrong answers to rows of a kind, how many they are, of how many; what was raised."""
    said: Counter[str] = Counter()
    wrong = asked = 0
    message = ""
    for batch in kind.rows:
        heard = [inquiry.hear(batch)]
        if len(heard[0]) != len(batch):
            heard = [inquiry.hear(batch[row : row + 1]) for row in range(len(batch))]
        if any(each.broken.any() for each in heard):
            # what is right alone is no matter of the row
            heard = [inquiry.hear(batch[row : row + 1]) for row in range(len(batch))]
        for each in heard:
            asked += len(each)
            wrong += int(each.broken.sum())
            message = message or each.asked.answers.message
            said.update(_said(each, int(at), inquiry.arena.pair.output) for at in np.flatnonzero(each.broken))
    return kind, said, wrong, asked, message


def _cause(
    inquiry: Inquiry,
    kind: Kind,
    said: "Counter[str]",
    wrong: int,
    asked: int,
    message: str,
    every: "dict[str, Counter[str]]",
) -> "Cause | None":
    (first, times), *others = said.most_common()
    if kind.name in ("one", "lowest") and (wrong < asked or others):
        return None
    ordinary = kind.name in _FINITE or (kind.name in _NUMBERS and set(said) <= {"a number"})
    if first in BEHAVIOUR or ((ordinary or first in LOST) and not _only_here(inquiry, kind)):
        return None
    words = f"are answered with {first}" if first.endswith("number") else f"are answered {first}"
    how = {"raised": "raise", "crashed": "crash", "timed-out": "time out"}.get(first, words)
    if others:
        how += f" ({times} of them, {wrong - times} otherwise wrongly)"
    statement = f"rows {kind.words} {how}: {wrong} of {asked} are wrong"
    if first in LOST and message:
        statement += f" ({message[:100]})"
    reason = None if others else _REASONS.get((kind.name, first))
    if first == "nan" and kind.name == "all-ninf" and "nan" in every.get("some-ninf", ()):
        reason = None  # it is not the maximum that makes it nan
    count = Count(wrong, asked)
    if reason is None:
        settled = inquiry.arena.function.name in ("logsumexp", "logaddexp") and not others and wrong == asked
        return Cause(kind=KIND, statement=statement, fix=_RIGHT.get(kind.name, "") if settled else "", confidence=count)
    if wrong < asked and kind.name not in _SOME_SUFFICE:
        return Cause(kind=KIND, statement=statement, confidence=count)
    return Cause(kind=KIND, statement=f"{statement}, {reason.meaning}", fix=reason.fix, confidence=count)


def _only_here(inquiry: Inquiry, kind: Kind) -> bool:
    """Whether rows that are alike, but ordinary, are right."""
    return not any(inquiry.hear(batch).broken.any() for batch in kind.plain)


def _said(heard: Heard, row: int, fmt: Format) -> str:
    """A wrong answer in a word."""
    trouble = str(heard.asked.answers.trouble[row])
    if trouble:
        return trouble
    output = heard.charge[row][1]
    answer = float(heard.asked.answers.values[row, output])
    if np.isnan(answer):
        return "nan"
    if np.isinf(answer):
        return "+inf" if answer > 0 else "-inf"
    if abs(answer) >= 0.99 * fmt.largest:
        return "the largest number" if answer > 0 else "the lowest number"
    return "0" if answer == 0 else "a number"


# ---- rows ----


def kinds(function: Function, fmt: Format) -> Iterator[Kind]:
    """Special rows of every kind that the function and the format have."""
    lengths = LENGTHS if function.entries is None else (function.entries,)
    if function.entries is None and not function.labelled:
        yield Kind("empty", "without entries", [np.zeros((1, 0))], [np.zeros((1, 1))])
        ones = np.array([[-2.5], [1.25], [7.0]])
        yield Kind("one", "of one entry", [ones], [np.repeat(ones, 2, axis=1)])
    several = [n for n in lengths if n > 1]

    def put(value: float, rest: float) -> "list[Floats]":
        """Batches of rows that hold a value at the first place, the last or the middle."""
        return [_placed(n, value, rest) for n in several]

    ordinary = [np.linspace(-1.0, 1.0, n)[None] for n in (2, 4, 32, 63)] if len(several) > 1 else put(0.0, 0.0)
    if fmt.has_infinity:
        yield Kind("all-ninf", "of nothing but -inf", put(-np.inf, -np.inf), ordinary)
        yield Kind("one-pinf", "with one +inf", put(np.inf, 0.0), ordinary)
        yield Kind("all-pinf", "with two +inf or more", put(np.inf, np.inf), ordinary)
        yield Kind("some-ninf", "with one -inf among numbers", put(-np.inf, 0.0), ordinary)
        yield Kind("mixed-inf", "with +inf and otherwise -inf", put(np.inf, -np.inf), ordinary)
    yield Kind("nan", "with one nan", put(np.nan, 0.0), ordinary)
    if fmt.has_infinity:
        yield Kind("nan-ninf", "with nan and otherwise -inf", put(np.nan, -np.inf), ordinary)
        yield Kind("nan-pinf", "with nan and otherwise +inf", put(np.nan, np.inf), ordinary)
    half = [np.full((1, n), -fmt.largest / 2) for n in several]
    yield Kind("lowest", "of nothing but the lowest number", put(-fmt.largest, -fmt.largest), half)


def _placed(n: int, value: float, rest: float) -> Floats:
    places = sorted({0, n - 1, n // 2}) if value != rest else [0]
    made = np.tile(np.linspace(-1.0, 1.0, n) + rest if np.isfinite(rest) else np.full(n, rest), (len(places), 1))
    made[np.arange(len(places)), places] = value
    return made


_GUARD = "shift by 0 where the maximum is not finite, and add it at the end as it is"
_NAN = "let nan through: take the maximum with an operation that propagates nan"
_MASK = "let -inf be -inf: exp(-inf - max) is 0 wherever the maximum is finite"
_EMPTY = "answer -inf for no entries, before the maximum is taken"
_ORDER = "decide nan first, then +inf, then 'nothing but -inf'"
#: what is right, for logsumexp
_RIGHT = {
    "empty": _EMPTY,
    "one": "treat one entry like any other number of entries",
    "all-ninf": "answer -inf where every entry is -inf",
    "one-pinf": "answer +inf where an entry is +inf and none is nan",
    "all-pinf": "answer +inf where an entry is +inf and none is nan",
    "mixed-inf": "answer +inf where an entry is +inf and none is nan",
    "some-ninf": _MASK,
    "nan": _NAN,
    "nan-ninf": _NAN,
    "nan-pinf": _ORDER,
}
#: kinds of rows whose right answer is a number
_FINITE = frozenset({"one", "some-ninf", "lowest"})
#: kinds of rows that are answered with a number wherever something ordinary is wrong too
_NUMBERS = frozenset({"one-pinf", "nan"})
#: kinds of rows whose reason stands even where only some of them are wrong
_SOME_SUFFICE = frozenset({"nan"})
_LOWEST = "start at -inf, not at the lowest number"
_UNGUARDED = "as inf - inf gives where a shift by the maximum is not guarded"
_REASONS = {
    ("all-ninf", "nan"): Reason(_UNGUARDED, _GUARD),
    ("all-ninf", "0"): Reason("as if there were one entry of 0", _RIGHT["all-ninf"]),
    ("all-ninf", "+inf"): Reason("the wrong infinity", _RIGHT["all-ninf"]),
    ("all-ninf", "the lowest number"): Reason("which stands for -inf", _LOWEST),
    ("one-pinf", "nan"): Reason(_UNGUARDED, _GUARD),
    ("one-pinf", "-inf"): Reason("the infinity that is right for a maximum of -inf", _RIGHT["one-pinf"]),
    ("one-pinf", "the largest number"): Reason("which stands for +inf", _RIGHT["one-pinf"]),
    ("all-pinf", "nan"): Reason(_UNGUARDED, _GUARD),
    ("mixed-inf", "nan"): Reason("as inf - inf gives", _RIGHT["mixed-inf"]),
    ("some-ninf", "nan"): Reason("where the entry adds a term of 0", _MASK),
    ("nan", "a number"): Reason("so nan is dropped", _NAN),
    ("nan", "0"): Reason("so nan is turned into 0", _NAN),
    ("nan-ninf", "-inf"): Reason("so nan is lost where all the rest is -inf", _NAN),
    ("nan-pinf", "+inf"): Reason("so +inf is answered before nan is looked for", _ORDER),
    ("empty", "raised"): Reason("where the maximum of nothing is asked for", _EMPTY),
    ("empty", "0"): Reason("as if the sum were 1", _EMPTY),
    ("empty", "nan"): Reason("where the logarithm of 0 is right", _EMPTY),
    ("empty", "the lowest number"): Reason("which stands for -inf", _LOWEST),
    ("one", "0"): Reason("whatever the entry is", _RIGHT["one"]),
}
