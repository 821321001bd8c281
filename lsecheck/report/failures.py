"""a gate's verdicts and rows -> each demand that is not met, the gravest first: what every renderer tells.

One record a thing that a person would fix: a finding that many families show is one, with all of
them named. A verdict that fails has a record at least, whatever it fails for.
"""

import enum
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from lsecheck.contracts import Contract
from lsecheck.gate.enforce import Gated
from lsecheck.gate.verdicts import APART, FAIL, UNDECIDED, UNMEASURED, grouped, ordinary_class_errors
from lsecheck.inputs.families import CONDUCT
from lsecheck.report import behaviour
from lsecheck.report.text import NO_NUMBER, block, misconduct
from lsecheck.report.words import again, both, family_again, one_line
from lsecheck.rows import ABSENT, FAILS, Absent, Breach, Finding, Observation, Row, Verdict, Witness


class Gravity(enum.IntEnum):
    """The order in which failures are told."""

    KIND = 0  #: answers of a wrong kind where a number is right
    APART = 1  #: findings among specials, range, conduct
    CONTRACT = 2
    BUDGET = 3
    BASELINE = 4
    DEMAND = 5  #: what is wrong with the demands themselves: a family without cases, a stale waiver


class Failure(NamedTuple):
    """One demand that is not met."""

    verdict: Verdict  #: whose
    gravity: Gravity
    place: str  #: families, and what is judged apart
    said: str  #: value, limit and who set it, in a clause
    seen: "Witness | Absent" = ABSENT
    expected: str = ""  #: what is right, where it is no number
    message: str = ""  #: what was raised
    rule: "Observation | None" = None  #: of conduct

    @property
    def line(self) -> str:
        """Who, where, and what is not met."""
        return " ".join(part for part in (name(self.verdict), self.place) if part) + f": {self.said}"

    @property
    def evidence(self) -> str:
        """The case with what was got, what should be and how to see it again; '' where no case shows it."""
        verdict = on_one_line(self.verdict)
        if self.rule is not None:
            return misconduct(verdict, msgspec.structs.replace(self.rule, message=one_line(self.rule.message)))
        if not isinstance(self.seen, Witness):
            return ""
        subject, function, fmt = verdict.subject, verdict.function, verdict.format
        return block(subject, function, fmt, self.seen, self.expected, self._raised, verdict.options)

    @property
    def short_evidence(self) -> str:
        """The same in a clause."""
        verdict = on_one_line(self.verdict)
        subject, function, fmt = verdict.subject, verdict.function, verdict.format
        if self.rule is not None:
            return f"again: {family_again(subject, function, fmt, CONDUCT, verdict.options)}"
        if not isinstance(self.seen, Witness):
            return ""
        got, right = self._raised or both(self.seen.answer), both(self.seen.truth)
        right = self.expected if self.expected in NO_NUMBER else right
        return f"got {got}, should be {right}; again: {again(subject, function, fmt, self.seen, verdict.options)}"

    @property
    def _raised(self) -> str:
        """What the subject said instead of an answer."""
        own = self.seen.message if isinstance(self.seen, Witness) and isinstance(self.seen.message, str) else ""
        return one_line(self.message or own)


#: a verdict, and a clause about it
Told = tuple[Verdict, str]


def name(verdict: Verdict) -> str:
    """Subject, function and format."""
    return one_line(f"{verdict.subject} {verdict.function} {verdict.format}")


def of(gated: Gated) -> list[Failure]:
    """Everything that fails, the gravest first, then in the order of the demands."""
    groups = grouped(gated.result.rows)
    found = [
        failure
        for verdict in gated.result.verdicts
        if verdict.status == FAIL
        for failure in _of(verdict, groups.get((verdict.function, verdict.subject, verdict.format), []))
    ]
    return sorted(found, key=lambda failure: failure.gravity)


def on_one_line(verdict: Verdict) -> Verdict:
    """The verdict, its subject fit for a log."""
    return msgspec.structs.replace(verdict, subject=one_line(verdict.subject), options=one_line(verdict.options))


def undecided(gated: Gated) -> list[Told]:
    """Verdicts with cases that nobody could decide, and which families have them; failing ones too."""
    groups = grouped(gated.result.rows)
    told = []
    for verdict in gated.result.verdicts:
        rows = groups.get((verdict.function, verdict.subject, verdict.format), [])
        count = {row.family: row.tiers[UNDECIDED] for row in rows if row.tiers.get(UNDECIDED)}
        if count:
            said = ", ".join(f"{cases} in {family}" for family, cases in count.items())
            told.append((verdict, f"undecided cases: {said}: no verdict of theirs can be trusted"))
        elif verdict.status == UNDECIDED:
            told.append((verdict, one_line(verdict.reason)))
    return told


def unmeasured(gated: Gated) -> list[Told]:
    """Verdicts without a measurement, and why."""
    return [(found, one_line(found.reason)) for found in gated.result.verdicts if found.status == UNMEASURED]


def advice(gated: Gated) -> list[Told]:
    """What could be demanded and is not; with `strict` that fails."""
    remedy = "tighten it, --strict fails" if gated.strict else "tighten it"
    return [(found, f"{one_line(said)}: {remedy}") for found in gated.result.verdicts for said in found.advice]


def _of(verdict: Verdict, rows: Sequence[Row]) -> list[Failure]:
    found = [*_findings(verdict, rows), *_conduct(verdict, rows)]
    told: dict[tuple[object, ...], Failure] = {}
    broken = (_breach(verdict, breach, rows) for breach in verdict.breaches)
    for failure in sorted(broken, key=lambda one: one.gravity):
        key = _alike(failure)
        if key not in told:
            told[key] = failure
        elif failure.gravity is not Gravity.KIND:
            told[key] = told[key]._replace(said=f"{told[key].said}; {failure.said}")
    found += told.values()
    return found or [Failure(verdict, Gravity.DEMAND, "", one_line(verdict.reason))]


def _alike(failure: Failure) -> tuple[object, ...]:
    """What is told once: the nans of a family, which misses all else with them, and a case, whatever it misses."""
    if failure.gravity is Gravity.KIND:
        return failure.place, failure.gravity
    if failure.gravity is Gravity.DEMAND:
        return failure.place, failure.gravity, failure.said
    return failure.place, failure.seen.case if isinstance(failure.seen, Witness) else ""


def _findings(verdict: Verdict, rows: Sequence[Row]) -> Iterator[Failure]:
    """Each kind of finding once, with its first case, how many there are and in which families."""
    groups: dict[tuple[str, str, str, str], list[tuple[Row, Finding]]] = {}
    for row in rows:
        for finding in row.findings:
            key = finding.domain, finding.kind, finding.expected, finding.message
            groups.setdefault(key, []).append((row, finding))
    for (domain, kind, expected, message), members in groups.items():
        if domain not in APART or getattr(verdict, domain) != FAIL:
            continue
        count = sum(finding.count for _, finding in members)
        families = ", ".join(dict.fromkeys(row.family for row, _ in members))
        what = one_line(message) or f"{kind} where {expected} is right"
        said = f"{what} ({count:,} {'output' if count == 1 else 'outputs'}; {families})"
        yield Failure(verdict, Gravity.APART, domain, said, members[0][1].witness, expected, message)


def _conduct(verdict: Verdict, rows: Sequence[Row]) -> Iterator[Failure]:
    if verdict.conduct != FAIL:
        return
    for seen in behaviour.merged(rows):
        if seen.standing == FAILS:
            said = one_line(f"{seen.rule}: {seen.message}")
            yield Failure(verdict, Gravity.APART, "conduct", said, seen.witness, rule=seen)


def _breach(verdict: Verdict, breach: Breach, rows: Sequence[Row]) -> Failure:
    row = next((row for row in rows if row.family == breach.family), None)
    wrong = ordinary_class_errors(row) if row is not None else 0
    gravity = _GRAVITY.get(breach.source, Gravity.DEMAND)
    if breach.measure in ("contract", "class errors") and wrong and row is not None:
        said = (
            f"{wrong:,} {'answer' if wrong == 1 else 'answers'} of a wrong kind ({_kinds(row)}) where none is allowed"
        )
        said += f", {breach.limit} is {_SOURCE.get(breach.source, breach.source)}" * (breach.measure == "contract")
        return Failure(verdict, Gravity.KIND, breach.family, said, breach.witness)
    if breach.measure in ("family", "waiver"):
        gravity = Gravity.DEMAND
    said = one_line(breach.message) or _clause(breach)
    shown = breach.witness.ulp if isinstance(breach.witness, Witness) else breach.value
    if breach.measure in _NOT_OF_A_CASE and isinstance(breach.value, float) and shown != breach.value:
        said += "; the case is that of the largest E"
    return Failure(verdict, gravity, breach.family, said, breach.witness)


def _kinds(row: Row) -> str:
    """Of a row's wrong answers those that no finding has."""
    apart = {kind: sum(one.count for one in row.findings if one.kind == kind) for kind in row.class_errors}
    left = {kind: count - apart[kind] for kind, count in row.class_errors.items()}
    return ", ".join(f"{kind} {count:,}" for kind, count in left.items() if count)


def _clause(breach: Breach) -> str:
    """Value, limit, and who set it."""
    source = _SOURCE.get(breach.source, breach.source)
    if isinstance(breach.value, float) and isinstance(breach.limit, float):
        value, limit = _told_apart(breach.value, breach.limit)
        return f"{breach.measure} is {value} where {limit} is {source}"
    if breach.measure != "contract":
        return one_line(f"{breach.measure}: {breach.value} where {breach.limit} is {source}")
    kept = {str(Contract.BROKEN): "keeps no contract", "-": "keeps no contract that was measured"}
    return f"{kept.get(str(breach.value), f'keeps only {breach.value}')} where {breach.limit} is {source}"


def _told_apart(value: float, limit: float) -> tuple[str, str]:
    """In as many digits as it takes to tell one from the other, four at least."""
    for digits in range(4, 17):
        if f"{value:.{digits}g}" != f"{limit:.{digits}g}":
            return f"{value:.{digits}g}", f"{limit:g}" if digits == 4 else f"{limit:.{digits}g}"
    return f"{value!r}", f"{limit!r}"


#: measures that the witness need not have
_NOT_OF_A_CASE = ("max_ulp", "mean_ulp", "bias_ulp")
_GRAVITY = {
    "required": Gravity.CONTRACT,
    "always": Gravity.KIND,
    "budget": Gravity.BUDGET,
    "baseline": Gravity.BASELINE,
}
_SOURCE = {
    "required": "required",
    "always": "allowed, always",
    "budget": "the budget",
    "baseline": "what the baseline allows",
}
