"""one entry far above the rest, or a masked block -> at which places, and from which length on, rows go wrong.

A maximum that is not taken over the whole row shows where the one entry that matters stands; a tile that
is masked as a whole shows in the length of the mask that is first answered wrongly.
"""

from typing import NamedTuple

import numpy as np

from lsecheck.diagnosis.cause import Cause, Count
from lsecheck.diagnosis.inquiry import Flagged, Inquiry, flagged
from lsecheck.functions.definition import Floats
from lsecheck.measure import Flags

KIND = "place"
#: how far the entry stands above the rest: past what any exponential takes in float64
APART = 2000.0
#: lengths of rows: the rule that holds at both is claimed, one that only fits one is not
LENGTHS = (2050, 300)
#: lengths of masks that are asked, and entries that follow them
MASKS = (*range(1, 20), 24, 31, 32, 33, 40, 63, 64, 65, 100, 127, 128, 129, 200, 255, 256, 257)
AFTER = 5


class Bad(NamedTuple):
    """Places at which a lone large entry spoils a row of n."""

    n: int
    wrong: "frozenset[int]"
    right: "frozenset[int]"
    kind: str


def places(inquiry: Inquiry) -> "list[Cause]":
    """Where the maximum is not seen, or which masks are taken for numbers: at most one cause."""
    if inquiry.arena.function.entries is not None:
        return []
    return _lone(inquiry) or _masks(inquiry)


# ---- an entry that matters ----


def _lone(inquiry: Inquiry) -> "list[Cause]":
    found = [bad for n in LENGTHS if (bad := _spoiled(inquiry, n)) is not None]
    if len(found) < len(LENGTHS):
        return []
    long, short = found
    if long.wrong and min(long.wrong) >= short.n and not short.wrong:
        found = [long]  # the shorter row does not reach so far
    if not all(bad.wrong and bad.right for bad in found):
        return []
    words = _from_on(inquiry, found) or _other(found)
    if not words:
        return []
    wrong, asked = sum(len(bad.wrong) for bad in found), sum(len(bad.wrong) + len(bad.right) for bad in found)
    statement = (
        f"one entry {_apart(inquiry):g} above the rest makes the answer {found[0].kind} {words}"
        f" ({wrong} of the {asked} places asked, and no other)"
    )
    fix = "take the maximum over all entries of the row, and bring every sum under it"
    if words.endswith("counted"):
        fix = "read all entries of the row"
    return [Cause(kind=KIND, statement=statement, fix=fix, confidence=Count(asked, asked))]


def _apart(inquiry: Inquiry) -> float:
    return min(APART, float(inquiry.arena.pair.input.largest) * 0.9)


def _row(inquiry: Inquiry, n: int, at: "list[int]") -> Floats:
    rows = np.zeros((len(at), n))
    rows[np.arange(len(at)), at] = _apart(inquiry)
    return rows


def _spoiled(inquiry: Inquiry, n: int) -> "Bad | None":
    """The places of a row of n at which its maximum is answered with nan or an infinity."""
    near = {0, 1, 2, 3, n - 1, n - 2, n // 2 - 1, n // 2, n // 2 + 1, n // 4, 3 * n // 4}
    at = sorted(near | {p + step for p in (32, 64, 128, 256, 512, 1024) for step in (-1, 0, 1) if p + 1 < n})
    found = flagged(inquiry, _row(inquiry, n, at))
    if found is None:
        return None
    if found.broken.any():
        alone = flagged(inquiry, _row(inquiry, n, [at[int(np.flatnonzero(found.broken)[0])]]))
        if alone is None or not alone.broken.all():
            return None
    answers = found.answers
    lost = found.broken & ~np.isfinite(answers).all(-1)
    if (found.broken & ~lost).any():
        return None
    kinds = {_kind(answers[row]) for row in np.flatnonzero(lost)}
    kind = kinds.pop() if len(kinds) == 1 else "infinite or nan"
    where = np.array(at)
    return Bad(n, frozenset(where[lost].tolist()), frozenset(where[~lost].tolist()), kind)


def _from_on(inquiry: Inquiry, found: "list[Bad]") -> str:
    """One contiguous range at the end of the row: from which place on?"""
    firsts = []
    for bad in found:
        first = min(bad.wrong)
        if max(bad.right) > first:
            return ""
        firsts.append(_bisected(inquiry, bad.n, max(bad.right), first))
    shares = {_share(first, bad.n) for first, bad in zip(firsts, found, strict=True)}
    if len(shares) == 1 and (share := shares.pop()):
        return f"in {share} of the row, at both lengths asked ({' and '.join(str(bad.n) for bad in found)})"
    if len(set(firsts)) == 1:
        # -inf for a logsumexp is no overflow: the entry is gone
        gone = found[0].kind == "-inf" and inquiry.arena.function.name == "logsumexp"
        how = "counted" if gone else "taken under the right maximum"
        return f"from place {firsts[0] + 1} on: only the first {_entries(firsts[0])} {how}"
    return ""


def _share(first: int, n: int) -> str:
    return {(n + 1) // 2: "the second half", n // 2: "the second half", 3 * n // 4: "the last quarter"}.get(first, "")


def _entries(count: int) -> str:
    return "entry is" if count == 1 else f"{count} entries are"


def _bisected(inquiry: Inquiry, n: int, right: int, wrong: int) -> int:
    """The first place of a row of n that is answered wrongly."""
    while wrong - right > 1:
        step = max((wrong - right) // 16, 1)
        between = list(range(right + step, wrong, step))
        found = flagged(inquiry, _row(inquiry, n, between))
        if found is None:
            break
        hits = np.flatnonzero(found.broken)
        first = int(hits[0]) if len(hits) else len(between)
        right, wrong = between[first - 1] if first else right, between[first] if first < len(between) else wrong
    return wrong


def _other(found: "list[Bad]") -> str:
    """Single places, or one place of every tile."""
    if all(bad.wrong == {0} for bad in found):
        return "in the first place alone: it is left out of the maximum, or of the sum"
    if all(bad.wrong == {bad.n - 1} for bad in found):
        return "in the last place alone: it is left out of the maximum, or of the sum"
    for k in (32, 64, 128, 256):
        rest = {place % k for bad in found for place in bad.wrong if place != bad.n - 1}
        last = {bad.n - 1 for bad in found}
        if len(rest) == 1 and not any(place % k in rest for bad in found for place in bad.right - last):
            return f"where its place is {rest.pop() + 1} of a tile of {k}: the maximum of a tile leaves it out"
    return ""


# ---- masks ----


def _masks(inquiry: Inquiry) -> "list[Cause]":
    """The first length of a mask before low entries that is answered wrongly."""
    fmt = inquiry.arena.pair.input
    if not fmt.has_infinity:
        return []
    low = -min(APART, 0.9 * fmt.largest)
    seen: list[Flagged] = []
    for n in MASKS:
        row = np.full((2, n + AFTER), low)
        row[:, :n] = -np.inf
        row[1] = row[1, ::-1]
        found = flagged(inquiry, row)
        if found is None:
            return []
        seen.append(found)
    for side, words in enumerate(("begins with", "ends with")):
        wrong = np.array([found.broken[side] for found in seen])
        cause = _mask_cause(wrong, [found.answers[side] for found in seen], words, low)
        if cause is not None:
            return [cause]
    return []


def _mask_cause(wrong: Flags, answers: "list[Floats]", words: str, low: float) -> "Cause | None":
    where = np.flatnonzero(wrong)
    if len(where) < 3 or not where[0] or not wrong[where[0] :].all():
        return None
    first = MASKS[where[0]]
    if first - MASKS[where[0] - 1] > 1:
        return None
    kinds = {_kind(answers[row]) for row in where}
    kind = kinds.pop() if len(kinds) == 1 else "with a wrong number"
    tile = f": a tile of {first}, masked as a whole" if first in (16, 32, 64, 128, 256) else ""
    statement = (
        f"a row that {words} {first} masked entries or more, {AFTER} entries of {low:g} beside them, is answered {kind}"
        f" ({len(where)} of {len(where)} lengths of the mask, 0 of {int(where[0])} shorter ones){tile}"
    )
    fix = "let the maximum of a masked tile be -inf, and subtract 0 only while the running maximum is" if tile else ""
    return Cause(kind=KIND, statement=statement, fix=fix, confidence=Count(len(wrong), len(wrong)))


def _kind(answer: Floats) -> str:
    if np.isnan(answer).any():
        return "nan"
    infinite = answer[np.isinf(answer)]
    return f"{infinite[0]:+}" if len(infinite) else "with a wrong number"
