"""two rows of the same inputs, or two verdicts -> what is not as it was.

Everything is written so that nothing that got worse comes out as the same: a number that is no
longer there is worse, more wrong answers of any kind are worse even where there are fewer of
another, and what is not below what it was, at three digits, is above it.
"""

import enum
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lsecheck.contracts import LADDER
from lsecheck.gate.verdicts import APART, FAIL, IMPROVED, PASS, UNDECIDED, UNMEASURED, WAIVED
from lsecheck.rows import ABSENT, FAILS, HOLDS, NOTED, Absent, Row, Verdict, Witness

#: κ up to which a problem is easy; where it is more, ulps say more of the inputs than of the answer
EASY = 1e3
#: digits of the inputs' hash that are shown
_DIGITS = 12

Shown = float | int | str | Absent


class Standing(enum.StrEnum):
    """What became of a row, or a verdict: the worst first."""

    WORSE = "worse"
    INCOMPARABLE = "not comparable"
    VANISHED = "vanished"
    APPEARED = "appeared"
    BETTER = "better"
    SAME = "same"


class Gravity(enum.IntEnum):
    """The order in which differences are told."""

    STATUS = 0  #: pass, fail and the like
    ABSENCE = 1  #: a number, a rule or a row that was there
    KIND = 2  #: answers of a wrong kind, and findings judged apart
    CONDUCT = 3
    CONTRACT = 4
    NUMBER = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not as it was."""

    measure: str
    old: Shown
    new: Shown
    standing: Standing  #: `SAME`: shown, and decides nothing
    gravity: Gravity
    size: float = 0.0  #: among those of one gravity: how much
    seen: "Witness | Absent" = ABSENT  #: the case that shows it


def of_rows(old: Row, new: Row) -> list[Difference]:
    """What differs between two rows that are comparable."""
    return [*_scored(old, new), *_wrong(old, new), *_conduct(old, new)]


def of_verdicts(old: Verdict, new: Verdict) -> list[Difference]:
    """What differs between two verdicts; another requirement is shown, and decides nothing by itself."""
    found = [*_statuses(old, new), *_breaches(old, new)]
    if old.required != new.required:
        found.append(Difference("required", old.required, new.required, Standing.SAME, Gravity.CONTRACT))
    return found


def three_digits(number: float) -> float:
    """As it is shown, and as it is compared."""
    return float(f"{number:.3g}")


def otherwise_asked(old: Row, new: Row) -> "Difference | None":
    """Why two rows cannot be compared; None where both were asked the same, and it was counted alike."""

    def unlike(measure: str, before: Shown, after: Shown) -> Difference:
        return Difference(measure, before, after, Standing.INCOMPARABLE, Gravity.ABSENCE)

    if old.inputs_sha256 != new.inputs_sha256:
        return unlike("inputs", old.inputs_sha256[:_DIGITS], new.inputs_sha256[:_DIGITS])
    if _declared(old.options) != _declared(new.options):
        return unlike("declared", _declared(old.options) or "nothing", _declared(new.options) or "nothing")
    left = [row.tiers.get(UNDECIDED, 0) for row in (old, new)]
    asked = old.cases + left[0], new.cases + left[1]
    if asked[0] != asked[1]:
        return unlike("cases", asked[0], asked[1])
    # the same cases, judged apart otherwise: maxima would be of other cases
    return unlike("domains", _listed(old), _listed(new)) if left[0] == left[1] and old.domains != new.domains else None


def _listed(row: Row) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(row.domains.items())) or "none"


def _declared(options: str) -> str:
    """Of what is said of a subject, that which changes what is right."""
    words, said = options.split(), []
    for place, word in enumerate(words):
        if word in _DECLARED:
            said.append(" ".join(words[place : place + 1 + _DECLARED[word]]))
    return " ".join(sorted(said))


def _scored(old: Row, new: Row) -> Iterator[Difference]:
    """Contract and numbers."""
    if old.contract != new.contract:
        before, after = (_rung(row) for row in (old, new))
        worse = after is None or (before is not None and not after < before)
        size = 0.0 if before is None or after is None else abs(after - before)
        gravity = Gravity.ABSENCE if after is None else Gravity.CONTRACT
        yield Difference("contract", old.contract, new.contract, _one(worse), gravity, size, _witness(old, new, worse))
    meaningful = not (_beyond_easy(old) or _beyond_easy(new))
    for measure, decides in (("max_scaled", True), ("mean_ulp", True), ("max_ulp", meaningful)):
        yield from _number(measure, old, new, decides)


def _rung(row: Row) -> "int | None":
    return _place(row.contract, LADDER) if isinstance(row.contract, str) else None


def _place(word: str, order: Sequence[str]) -> int:
    """From the best to the worst; what nobody knows is worse than all of them."""
    return order.index(word) if word in order else len(order)


def _beyond_easy(row: Row) -> bool:
    """Whether the largest error in ulps is of a case with κ above `EASY`: an error is at most (1 + κ) E ulps.

    ulp = |error| / 2u 2^e and E = |error| / max(u |y| + u κ |y|, t/2), where |y| < 2 * 2^e: the
    quotient of the two is below 1 + κ, and so is that of the largest of each.
    """
    if not isinstance(row.max_ulp, float) or not isinstance(row.max_scaled, float):
        return False
    return row.max_ulp > (1 + EASY) * row.max_scaled


def _number(measure: str, old: Row, new: Row, decides: bool) -> Iterator[Difference]:
    before, after = getattr(old, measure), getattr(new, measure)
    if not isinstance(after, float):
        if isinstance(before, float):
            seen = _witness(new, old, True)
            yield Difference(measure, before, ABSENT, Standing.WORSE, Gravity.ABSENCE, seen=seen)
    elif not isinstance(before, float):
        yield Difference(measure, ABSENT, after, Standing.BETTER, Gravity.NUMBER, seen=_witness(old, new, True))
    elif three_digits(before) != three_digits(after):
        worse = not after < before
        size = max(before, after) / min(before, after) if min(before, after) > 0 else float("inf")
        standing = _one(worse) if decides else Standing.SAME
        yield Difference(measure, before, after, standing, Gravity.NUMBER, size, _witness(old, new, worse))


def _wrong(old: Row, new: Row) -> Iterator[Difference]:
    """Answers of a wrong kind, findings judged apart, and cases that nobody could decide."""
    (before, seen_before), (after, seen_after) = _wrongs(old), _wrongs(new)
    for what in sorted({*before, *after}):
        worse = after[what] > before[what]
        seen = (seen_after if worse else seen_before).get(what, ABSENT)
        size = abs(after[what] - before[what])
        if size:
            yield Difference(what, before[what], after[what], _one(worse), Gravity.KIND, size, seen)
    left, right = (row.tiers.get(UNDECIDED, 0) for row in (old, new))
    if left != right:
        yield Difference("undecided cases", left, right, _one(right > left), Gravity.ABSENCE, abs(right - left))


def _wrongs(row: Row) -> "tuple[Counter[str], dict[str, Witness | Absent]]":
    """What is wrong -> how often, and a case: every wrong answer once, judged apart or not."""
    count: Counter[str] = Counter()
    seen: dict[str, Witness | Absent] = {}
    apart: Counter[str] = Counter()
    for finding in row.findings:
        what = f"{finding.domain}: {finding.kind} where {finding.expected} is right"
        count[what] += finding.count
        seen.setdefault(what, finding.witness)
        apart[finding.kind] += finding.count
    for kind, outputs in row.class_errors.items():
        count[f"{kind} in ordinary cases"] = outputs - apart[kind]
        seen[f"{kind} in ordinary cases"] = row.witness
    return count, seen


def _conduct(old: Row, new: Row) -> Iterator[Difference]:
    """Each rule: holds, noted, fails. How large a noted difference is decides nothing: it is told in ulps."""
    before, after = ({seen.rule: seen for seen in row.conduct} for row in (old, new))
    for rule in dict.fromkeys([*before, *after]):
        was, now = before.get(rule), after.get(rule)
        if now is None:
            what = was.standing if was is not None else ""
            yield Difference(f"conduct: {rule}", what, "not asked", Standing.WORSE, Gravity.ABSENCE)
        elif was is None:
            standing = Standing.WORSE if now.standing == FAILS else Standing.SAME
            yield Difference(f"conduct: {rule}", "not asked", now.standing, standing, Gravity.CONDUCT, seen=now.witness)
        elif was.standing != now.standing:
            moved = _place(now.standing, _STANDINGS) - _place(was.standing, _STANDINGS)
            worse = not moved < 0
            seen = now.witness if worse else was.witness
            yield Difference(
                f"conduct: {rule}", was.standing, now.standing, _one(worse), Gravity.CONDUCT, abs(moved), seen
            )


def _statuses(old: Verdict, new: Verdict) -> Iterator[Difference]:
    for name in ("status", *APART):
        was, now = getattr(old, name), getattr(new, name)
        if was != now and {was, now} != {PASS, IMPROVED}:
            moved = _place(now, _STATUSES) - _place(was, _STATUSES)
            # what is no longer known is worse than anything that was
            worse = now in (UNDECIDED, UNMEASURED) or not moved < 0
            yield Difference(name, was, now, _one(worse), Gravity.STATUS, abs(moved))
    if old.failed_throughout != new.failed_throughout:
        was, now = ("none" if found.failed_throughout else "some" for found in (old, new))
        yield Difference("cases answered", was, now, _one(new.failed_throughout), Gravity.STATUS)


def _breaches(old: Verdict, new: Verdict) -> Iterator[Difference]:
    """Demands that are newly met or not: the rows do not know what is demanded of them."""
    before, after = ({(one.source, one.measure, one.family): one for one in found.breaches} for found in (old, new))
    for key in dict.fromkeys([*before, *after]):
        if (key in before) != (key in after):
            one = after.get(key) or before[key]
            words = f"{one.source}: {one.measure}" + (f" of {one.family}" if one.family else "")
            missed = f"{spoken(one.value)} where {spoken(one.limit)} is allowed"
            was, now = ("met", missed) if key in after else (missed, "met")
            yield Difference(words, was, now, _one(key in after), Gravity.CONTRACT, seen=one.witness)


def spoken(number: Shown) -> str:
    """Three digits of a number, words as they are, and a dash for what is absent."""
    return f"{number:.3g}" if isinstance(number, float) else "-" if number is ABSENT else str(number)


def _one(worse: bool) -> Standing:
    return Standing.WORSE if worse else Standing.BETTER


def _witness(old: Row, new: Row, worse: bool) -> "Witness | Absent":
    """Of what got worse as it is, of what got better as it was; the other where that has none."""
    first, second = (new, old) if worse else (old, new)
    return second.witness if first.witness is ABSENT else first.witness


_STANDINGS = (HOLDS, NOTED, FAILS)
_STATUSES = (PASS, IMPROVED, UNMEASURED, UNDECIDED, WAIVED, FAIL)
#: options of a subject that change what is right; each takes so many words
_DECLARED = {"--base": 1, "--flushes-subnormals": 0, "--nan": 1}
