"""a batch with its errors -> evidence: counts, sums and worst cases that add up in any order.

Evidence is a commutative monoid: `merged` with `Evidence()` as its neutral element, so shards can be
judged anywhere and in any order. All of it is whole numbers and maxima; ties go to the smallest index.
"""

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

import msgspec
import numpy as np

from lsecheck.charges import BEHAVIOUR, EXPECTED, Asked, charges, convention, unsettled
from lsecheck.contracts import LADDER, Contract
from lsecheck.functions.definition import Domain, Expected, Floats, domains
from lsecheck.measure import ClassError, Errors
from lsecheck.measure.definition import FIELDS
from lsecheck.oracle.truth import TIERS
from lsecheck.rows import UNCONVENTIONAL

#: errors are summed in this unit of an ulp, each rounded to it once: sums of integers have no order
GRAIN = 2.0**-20
#: largest error summed as a 64-bit integer: 2^22 of them are below 2^63
LARGEST_SUMMED = 2.0**20
#: lowest bucket of a histogram: errors up to 2^-1
LOWEST = -1
#: what has a worst case
MEASURES = ("ulp", "scaled", "excess")


class Worst(msgspec.Struct, frozen=True, array_like=True):
    """The largest error of a kind, and where."""

    value: float
    index: int
    output: int

    @property
    def rank(self) -> "tuple[float, int, int]":
        """Larger is worse; of equals the first case is."""
        return self.value, -self.index, -self.output


class Noted(msgspec.Struct, frozen=True, array_like=True):
    """Something that is held against outputs: how many, and the first of them."""

    count: int
    index: int
    output: int


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of some cases."""

    cases: int = 0
    scored: int = 0  #: outputs whose error is a number
    correct: int = 0  #: of these, answered with the correct rounding
    undecided: int = 0  #: cases whose truth nobody could decide
    ulp: dict[int, int] = {}  #: k -> outputs with an error in (2^(k-1), 2^k] ulps; the lowest has all below
    scaled: dict[int, int] = {}  #: the same of E
    rungs: dict[int, int] = {}  #: place on the ladder -> outputs that keep just that contract
    classes: dict[int, int] = {}  #: code of a class error -> outputs
    troubles: dict[str, int] = {}  #: raised, crashed, ... -> cases
    tiers: dict[int, int] = {}  #: index into TIERS -> cases
    domains: dict[int, int] = {}  #: code of a domain -> cases
    sum_ulp: int = 0  #: of errors, in units of GRAIN
    sum_signed: int = 0
    worst: dict[str, Worst] = {}  #: of each measure, among the outputs that are scored
    weakest: Worst | None = None  #: the largest E among the outputs that keep the weakest contract
    broken: Noted | None = None  #: ordinary outputs answered with a wrong kind
    findings: dict[str, Noted] = {}  #: 'domain|kind|what is right', judged apart
    conventions: dict[str, int] = {}


def merged(one: Evidence, other: Evidence) -> Evidence:
    """Both together."""
    sums: dict[str, Any] = {name: getattr(one, name) + getattr(other, name) for name in _SUMS}
    counts: dict[str, Any] = {name: _added(getattr(one, name), getattr(other, name)) for name in _COUNTS}
    return Evidence(
        **sums,
        **counts,
        worst=_joined(one.worst, other.worst, _worse),
        weakest=_either(one.weakest, other.weakest, lambda a, b: _weaker(a, one, b, other)),
        broken=_either(one.broken, other.broken, _noted),
        findings=_joined(one.findings, other.findings, _noted),
    )


_SUMS = ("cases", "scored", "correct", "undecided", "sum_ulp", "sum_signed")
_COUNTS = ("ulp", "scaled", "rungs", "classes", "troubles", "tiers", "domains", "conventions")


def _added(one: "dict[Any, int]", other: "dict[Any, int]") -> "dict[Any, int]":
    return dict(sorted((Counter(one) + Counter(other)).items()))


def _joined(one: "dict[str, Any]", other: "dict[str, Any]", join: Any) -> "dict[str, Any]":
    both = one | other | {key: join(one[key], other[key]) for key in one.keys() & other.keys()}
    return dict(sorted(both.items()))


def _either(one: Any, other: Any, join: Any) -> Any:
    if one is None or other is None:
        return other if one is None else one
    return join(one, other)


def _worse(one: Worst, other: Worst) -> Worst:
    return max(one, other, key=lambda each: each.rank)


def _weaker(one: Worst, first: Evidence, other: Worst, second: Evidence) -> Worst:
    """Of the weaker contract, and of one contract the larger E."""
    return max((max(first.rungs), one), (max(second.rungs), other), key=lambda each: (each[0], each[1].rank))[1]


def _noted(one: Noted, other: Noted) -> Noted:
    first = min(one, other, key=lambda each: (each.index, each.output))
    return msgspec.structs.replace(first, count=one.count + other.count)


def gathered(parts: Iterable[Evidence]) -> Evidence:
    """Everything together, whatever the order."""
    whole = Evidence()
    for part in parts:
        whole = merged(whole, part)
    return whole


# ---- a batch ----


def fold(asked: Asked, required: Contract) -> Evidence:
    """The evidence of one batch."""
    batch, truth, answers, errors = asked
    of_row = domains(batch.values, truth.formats.input.largest)
    rows = len(of_row)
    if answers.troubled:
        works = answers.trouble == ""
        scored = (truth.expected == Expected.NUMBER) & (errors.codes == 0) & works[:, None]
    else:
        works = np.ones(rows, np.bool_)
        scored = errors.codes == 0
        if truth.expected.any():
            scored &= truth.expected == Expected.NUMBER
    every = bool(scored.all())
    found = _of_scored(asked, scored, every)
    classes = {} if every else _counts(errors.codes[works])
    classes.pop(0, None)
    misbehaved = np.isin(answers.trouble, BEHAVIOUR) if answers.troubled else np.zeros(rows, np.bool_)
    broken = None
    if not every:
        wrong = np.where(works[:, None], errors.codes != 0, True) & (of_row == Domain.ORDINARY)[:, None]
        wrong[~works, 1:] = False  # trouble of a row is charged to its first output
        wrong &= ~misbehaved[:, None]
        broken = _first(asked, wrong)
    apart: dict[str, Noted] = {}
    conventions: Counter[str] = Counter()
    others = np.flatnonzero((of_row != Domain.ORDINARY) & ~misbehaved)
    if len(others):
        apart, conventions = _judged_apart(_some(asked, others), required)
    if misbehaved.any():
        apart = _joined(apart, _conduct(asked), _noted)
    return msgspec.structs.replace(
        found,
        cases=rows,
        classes=classes,
        troubles=dict(sorted(Counter(answers.trouble[~works].tolist()).items())) if answers.troubled else {},
        tiers=_counts(truth.tiers),
        domains=_counts(of_row),
        broken=broken,
        findings=apart,
        conventions=dict(sorted(conventions.items())),
    )


def _of_scored(asked: Asked, scored: Any, every: bool) -> Evidence:
    errors = asked.errors
    chosen = ... if every else scored
    ulp = errors.ulp[chosen].ravel()
    if not len(ulp):
        return Evidence()
    signed, rung = errors.signed[chosen].ravel(), errors.rung[chosen].ravel()
    figures = {"ulp": ulp, "scaled": errors.scaled[chosen].ravel(), "excess": errors.excess[chosen].ravel()}
    places = None if every else np.flatnonzero(scored)
    outputs = scored.shape[1]

    def at(value: float, place: int) -> Worst:
        row, output = divmod(place if places is None else int(places[place]), outputs)
        return Worst(value, int(asked.batch.indices[row]), output)

    worst = {name: at(float(numbers.max()), int(numbers.argmax())) for name, numbers in figures.items()}
    weakest = worst["scaled"]
    bottom = rung.max()
    if bottom != rung.min():
        among = np.where(rung == bottom, figures["scaled"], -1.0)
        weakest = at(float(among.max()), int(among.argmax()))
    return Evidence(
        scored=len(ulp),
        correct=int(np.count_nonzero(errors.correct[chosen])),
        ulp=buckets(ulp),
        scaled=buckets(figures["scaled"]),
        rungs=_counts(rung),
        sum_ulp=summed(ulp),
        sum_signed=summed(signed),
        worst=worst,
        weakest=weakest,
    )


def buckets(numbers: Floats) -> "dict[int, int]":
    """Numbers >= 0 -> k -> how many in (2^(k-1), 2^k]; the lowest bucket has everything below, 0 included.

    The bits of a float64 less one last place have the exponent of what lies just below it.
    """
    exponents = ((numbers.view(np.int64) - 1) >> 52) - 1022
    return _counts(np.maximum(exponents, LOWEST).astype(np.int16))


def summed(numbers: Floats) -> int:
    """Their sum in units of GRAIN, each rounded to that, ties to even: exact, whatever the order."""
    large = np.abs(numbers) > LARGEST_SUMMED
    rest = 0
    if large.any():
        rest = sum(round(Fraction(number) / Fraction(GRAIN)) for number in numbers[large].tolist())
        numbers = np.where(large, 0.0, numbers)
    return rest + int(np.rint(numbers * (1 / GRAIN)).astype(np.int64).sum())


def _counts(codes: Any) -> "dict[int, int]":
    """Whole number -> how many there are. Not `bincount`: it waits for itself where one number is common."""
    if not codes.size:
        return {}
    lowest, highest = int(codes.min()), int(codes.max())
    if highest - lowest > 64:
        return dict(zip(*(each.tolist() for each in np.unique(codes, return_counts=True)), strict=True))
    counts = {code: int(np.count_nonzero(codes == code)) for code in range(lowest, highest + 1)}
    return {code: count for code, count in counts.items() if count}


def _first(asked: Asked, wrong: Any) -> "Noted | None":
    count = int(np.count_nonzero(wrong))
    if not count:
        return None
    row, output = divmod(int(wrong.argmax()), wrong.shape[1])
    return Noted(count, int(asked.batch.indices[row]), output)


def _conduct(asked: Asked) -> "dict[str, Noted]":
    """Rows answered in another dtype or shape: all rows of a slab are, so they are counted together."""
    found: dict[str, Noted] = {}
    right = asked.truth.expected[:, :1]
    for kind in BEHAVIOUR:
        for expected, said in EXPECTED.items():
            noted = _first(asked, (asked.answers.trouble == kind)[:, None] & (right == expected))
            if noted is not None:
                found[f"conduct|{kind}|{said}"] = noted
    return dict(sorted(found.items()))


def _some(asked: Asked, rows: Any) -> Asked:
    batch, truth, answers, errors = asked
    chosen = Errors(*(getattr(errors, name)[rows] for name in FIELDS))
    return Asked(batch.some(rows), truth.part(rows, slice(None)), answers.part(rows), chosen)


def _judged_apart(asked: Asked, required: Contract) -> "tuple[dict[str, Noted], Counter[str]]":
    """Rows with special values: what is wrong with them, and which conventions they follow."""
    found = charges(asked, required)
    noted: dict[str, Noted] = {}

    def note(key: str, one: Noted) -> None:
        noted[key] = _noted(noted[key], one) if key in noted else one

    for row, output in np.argwhere(found.kind != ""):
        expected = EXPECTED[Expected(asked.truth.expected[row, output])]
        key = f"{found.domain(row, output)}|{found.kind[row, output]}|{expected}"
        note(key, Noted(1, int(asked.batch.indices[row]), int(output)))
    conventions: Counter[str] = Counter()
    for row in map(int, np.flatnonzero(unsettled(asked))):
        where, name = convention(asked, row)
        if not name:
            key = f"specials|{UNCONVENTIONAL}|{EXPECTED[Expected.UNSETTLED]}"
            note(key, Noted(1, int(asked.batch.indices[row]), 0))
        conventions[f"{where}: {name or 'none of those in use'}"] += 1
    return noted, conventions


# ---- what it says ----


def kinds(evidence: Evidence) -> "dict[str, int]":
    """Class errors by name."""
    named = {str(kind): evidence.classes.get(code, 0) for code, kind in enumerate(ClassError, 1)}
    whole = Counter(named) + Counter(evidence.troubles)
    return dict(sorted(whole.items()))


def contract(evidence: Evidence) -> "Contract | None":
    """What every ordinary output keeps; None where there is none."""
    if evidence.broken is not None:
        return Contract.BROKEN
    return LADDER[max(evidence.rungs)] if evidence.rungs else None


def tiers(evidence: Evidence) -> "dict[str, int]":
    """How the truths were found."""
    named = {TIERS[code]: count for code, count in evidence.tiers.items()}
    return named | ({"undecided": evidence.undecided} if evidence.undecided else {})


def of_domains(evidence: Evidence) -> "dict[str, int]":
    """Which verdict the cases count towards."""
    return {Domain(code).name.lower(): count for code, count in evidence.domains.items()}


def unasked(evidence: Evidence) -> int:
    """Cases that were left out after too many losses."""
    return evidence.troubles.get(str(ClassError.UNASKED), 0)
