"""candidates -> what each can be held to, as it is today.

What fails today is waived or left out in so many words: the debt is in the file, where it can be paid.
"""

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import msgspec

from lsecheck.contracts import Contract
from lsecheck.errors import LsecheckError
from lsecheck.gate import baseline as baselines
from lsecheck.gate.baseline import ELSEWHERE, Baseline, rounded_up
from lsecheck.gate.candidates import Candidate
from lsecheck.gate.config import Budgets, Demand, Waiver
from lsecheck.gate.result import check
from lsecheck.gate.verdicts import APART, FAIL, UNDECIDED, Held, ordinary_class_errors, verdict
from lsecheck.measure import ClassError
from lsecheck.rows import ABSENT, FAILS, Row, Verdict
from lsecheck.subjects.loading import PLAIN, Loading

FORMATS = ("float16", "float32", "float64")
#: a budget is what was measured, this many times, and `ELSEWHERE` for the last bits of another processor
SLACK = 1.25
#: reasons named in a waiver, and the longest of them
_REASONS, _LETTERS = 3, 90


@dataclass(frozen=True, slots=True)
class Measured:
    """What one candidate did."""

    candidate: Candidate
    rows: "list[Row]"
    verdicts: "list[Verdict]"
    environment: "dict[str, str]"
    trouble: str = ""  #: why it could not be asked at all


@dataclass(frozen=True, slots=True)
class Survey:
    """Every candidate, and how they were asked."""

    subjects: "list[Measured]"
    effort: str
    seed: int
    loading: Loading


@dataclass(frozen=True, slots=True)
class Holding:
    """What one subject can be held to in formats where it does alike."""

    demand: Demand
    rows: "list[Row]"  #: of the families that are asked
    broken: "dict[str, str]"  #: families that are left out -> why
    why: "dict[str, str]"  #: key of the demand -> where its value is from


def measure(
    candidates: Sequence[Candidate],
    *,
    formats: Sequence[str] = FORMATS,
    effort: str = "standard",
    seed: int = 0,
    jobs: int = 1,
    loading: Loading = PLAIN,
    progress: "Callable[[int], Callable[[], object]] | None" = None,
) -> Survey:
    """Ask every candidate all families; what cannot be asked is kept with the reason why."""
    found = []
    for candidate in candidates:
        try:
            result = check(
                candidate.spec, candidate.function, formats, None, effort, str(Contract.SHIFTED), seed, jobs,
                loading=loading, progress=progress,
            )  # fmt: skip
            rows = _held_to_what_is_kept(candidate, result.rows, effort, seed, jobs, loading)
        except LsecheckError as error:
            found.append(Measured(candidate, [], [], {}, str(error)))
            continue
        found.append(Measured(candidate, rows, result.verdicts, result.environment))
    return Survey(found, effort, seed, loading)


def _held_to_what_is_kept(
    candidate: Candidate, rows: "list[Row]", effort: str, seed: int, jobs: int, loading: Loading
) -> "list[Row]":
    """Rows as the gate will see them: what is judged apart is judged by the contract that is required."""
    again: dict[tuple[str, str], Row] = {}
    for text in dict.fromkeys(row.format for row in rows):
        mine = [row for row in rows if row.format == text]
        required = _required([row for row in mine if not _broken(row)])
        apart = [row.family for row in mine if row.conduct or set(row.domains) - {"ordinary"}]
        if required not in (None, Contract.SHIFTED) and apart:
            asked = check(
                candidate.spec, candidate.function, text, apart, effort, str(required), seed, jobs, loading=loading
            )
            again |= {(row.format, row.family): row for row in asked.rows}
    return [again.get((row.format, row.family), row) for row in rows]


def _required(rows: Sequence[Row]) -> "Contract | None":
    """The strongest contract that can be demanded; None where nothing counts towards one.

    That every sampled answer is faithful may be luck: nothing stronger than `conditioned` follows from a sample.
    """
    kept = [Contract(row.contract) for row in rows if isinstance(row.contract, str)]
    return max([*kept, Contract.CONDITIONED], key=lambda each: each.rung) if kept else None


def _broken(row: Row) -> str:
    """Why no demand can be made of a family; '' where one can."""
    if row.tiers.get(UNDECIDED):
        return "undecided"
    if ordinary_class_errors(row):
        kind = max(row.class_errors, key=lambda name: row.class_errors[name])
        return f"{row.class_errors[kind]} {kind}"
    return "keeps no contract" if row.contract == Contract.BROKEN else ""


def holdings(measured: Measured, loading: Loading) -> "tuple[list[Holding], dict[str, str]]":
    """What a candidate can be held to; formats it cannot be held to in, and why."""
    alone, left = [], {}
    for found in measured.verdicts:
        mine = [row for row in measured.rows if row.format == found.format]
        asked = [row for row in mine if not _broken(row)]
        required = _required(asked)
        if required is None or any(ClassError.DTYPE in row.class_errors for row in mine):
            left[found.format] = _refusal(found, mine)
        else:
            alone.append(_holding(measured.candidate, found, mine, asked, required, loading))
    together: list[Holding] = []
    for holding in alone:
        for place, other in enumerate(together):
            joined = _joined(other, holding)
            if joined is not None:
                together[place] = joined
                break
        else:
            together.append(holding)
    return together, left


def _holding(
    candidate: Candidate, found: Verdict, mine: "list[Row]", asked: "list[Row]", required: Contract, loading: Loading
) -> Holding:
    judged = verdict(asked, Held(lambda _: required), str(required))
    demand = Demand(
        subject=candidate.spec,
        function=candidate.function,
        formats=(found.format,),
        require=str(required),
        waive=tuple(
            Waiver(kind=kind, reason=f"fails since the gate was set up: {_reasons(kind, asked)}")
            for kind in APART
            if getattr(judged, kind) == FAIL
        ),
        families=None if len(asked) == len(mine) else tuple(row.family for row in asked),
        call=loading.call,
        arrays=loading.arrays,
        device=loading.device,
        isolate=loading.isolated,
        time_limit=loading.seconds,
        memory_limit=loading.gibibytes,
        plan=loading.plan,
        base=loading.base,
        flushes_subnormals=loading.flushes_subnormals,
        nan=loading.nan,
    )
    budgets, why = _budgets(asked, required)
    broken = {row.family: _broken(row) for row in mine if _broken(row)}
    return Holding(msgspec.structs.replace(demand, budgets=budgets), asked, broken, why)


def _budgets(rows: Sequence[Row], required: Contract) -> "tuple[Budgets, dict[str, str]]":
    """What numbers are worth a limit: E where the contract bounds it, ulps where they say the same as E.

    A shifted sum may err by any E near 0, and any answer by any number of ulps there.
    """
    if not required.keeps(Contract.CONDITIONED):
        return Budgets(), {}
    most, ulps = _most(rows, "max_scaled"), _most(rows, "max_ulp")
    limits, why = {}, {}
    for name, worst, says in (("max_scaled", most, True), ("max_ulp", ulps, ulps <= 2 * most)):
        limit = _limit(worst)
        # a limit twice what is measured would be called loose on the first day
        if says and limit < 2 * worst:
            limits[name] = limit
            why[name] = (
                f"measured {worst:.3g}; times {SLACK:g} and {ELSEWHERE:g} more, for another processor's last bits"
            )
    return Budgets(**limits), why


def _limit(worst: float) -> float:
    return rounded_up(worst * SLACK + ELSEWHERE)


def _most(rows: Sequence[Row], name: str) -> float:
    return max((abs(value) for row in rows if isinstance(value := getattr(row, name), float)), default=0.0)


def _joined(one: Holding, other: Holding) -> "Holding | None":
    """Both as one demand over their formats; None where they differ in more than a little."""
    first, second = one.demand, other.demand
    kinds = [[waiver.kind for waiver in demand.waive] for demand in (first, second)]
    alike = (first.require, first.families, kinds[0]) == (second.require, second.families, kinds[1])
    if not alike or one.broken != other.broken or one.why.keys() != other.why.keys():
        return None
    limits = {}
    for name, limit in first.budgets.limits().items():
        limits[name] = max(limit, second.budgets.limits()[name])
        if limits[name] >= 2 * min(_most(one.rows, name), _most(other.rows, name)):
            return None
    said = [
        waiver if waiver.reason == again.reason else Waiver(kind=waiver.kind, reason=_longer(waiver, again))
        for waiver, again in zip(first.waive, second.waive, strict=True)
    ]
    demand = msgspec.structs.replace(
        first, formats=(*first.formats, *second.formats), budgets=Budgets(**limits), waive=tuple(said)
    )  # fmt: skip
    why = {name: max(one, other, key=lambda each: _most(each.rows, name)).why[name] for name in one.why}
    return replace(one, demand=demand, rows=[*one.rows, *other.rows], why=why)


def _longer(one: Waiver, other: Waiver) -> str:
    return max(one.reason, other.reason, key=len)


def _reasons(kind: str, rows: Sequence[Row]) -> str:
    """What is found of a kind, in a few words."""
    said = [
        finding.message or f"{finding.kind} where {finding.expected} is right"
        for row in rows
        for finding in row.findings
        if finding.domain == kind
    ]
    if kind == "conduct":
        said += [f"{seen.rule}: {seen.message}" for row in rows for seen in row.conduct if seen.standing == FAILS]
    distinct = list(dict.fromkeys(textwrap.shorten(reason, _LETTERS, placeholder="…") for reason in said))
    more = len(distinct) - _REASONS
    return ", ".join(distinct[:_REASONS]) + (f", and {more} more" if more > 0 else "")


def _refusal(found: Verdict, rows: Sequence[Row]) -> str:
    """Why a format is left out: what was said first of the cases that were lost."""
    for row in rows:
        for finding in row.findings:
            if finding.kind in row.class_errors and finding.kind == ClassError.DTYPE and finding.message:
                return finding.message
    for row in rows:
        if row.witness is not ABSENT and isinstance(said := getattr(row.witness, "message", None), str):
            return said
    return found.reason


def recorded(survey: Survey) -> Baseline:
    """The baseline of what a configuration made of it demands."""
    rows: list[Row] = []
    environment: dict[str, str] = {}
    for measured in survey.subjects:
        environment |= measured.environment
        rows += [row for holding in holdings(measured, survey.loading)[0] for row in holding.rows]
    return baselines.of(rows, environment)
