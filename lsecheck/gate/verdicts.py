"""rows -> verdicts: whether what was asked for holds.

Everything is written so that nan, absence and emptiness fail: a contract that was not measured
is not kept, a number that is not below its limit is above it, and a run that measured nothing is
no pass.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from lsecheck.contracts import Contract
from lsecheck.errors import UnknownName
from lsecheck.measure import ClassError
from lsecheck.rows import ABSENT, FAILS, Breach, Observation, Row, Verdict, Witness

APART = ("specials", "range", "conduct")

PASS, FAIL, WAIVED, UNMEASURED = "pass", "fail", "waived", "unmeasured"
IMPROVED, UNDECIDED = "improved", "undecided"

#: class errors of a row that was not answered at all
_NO_ANSWER = (
    ClassError.RAISED,
    ClassError.DTYPE,
    ClassError.SHAPE,
    ClassError.CRASHED,
    ClassError.TIMED_OUT,
    ClassError.UNASKED,
)
#: measures that a limit can be set on
MEASURES = ("max_ulp", "max_scaled", "mean_ulp", "bias_ulp")


@dataclass(frozen=True, slots=True)
class Held:
    """What a subject is held to, family by family."""

    require: Callable[[str], "Contract | None"]  #: family -> contract; None: class errors alone are judged
    limits: Callable[[str], dict[str, float]] = lambda _: {}  #: family -> measure -> the most there may be
    waived: "frozenset[str]" = frozenset()  #: of specials, range, conduct


def unmeasured(function: str, subject: str, fmt: str, required: str, claimed: bool, options: str = "") -> Verdict:
    """The verdict where no case was there, or the subject does not claim it."""
    return Verdict(
        function=function,
        subject=subject,
        format=fmt,
        contract=UNMEASURED,
        required=required,
        status=UNMEASURED,
        specials=UNMEASURED,
        range=UNMEASURED,
        conduct=UNMEASURED,
        reason=f"no case of {function} in {fmt} was there to ask"
        if claimed
        else f"{subject} does not claim {function} in {fmt}",
        options=options,
    )


def judge(rows: Sequence[Row], required: Contract, waived: Iterable[str] = ()) -> list[Verdict]:
    """One verdict per function x subject x format, in the order of the rows."""
    held = Held(lambda _: required, waived=frozenset(waived))
    return [verdict(members, held, str(required)) for members in grouped(rows).values()]


def grouped(rows: Iterable[Row]) -> "dict[tuple[str, str, str], list[Row]]":
    """Rows by function, subject and format, in order of first appearance."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.function, row.subject, row.format), []).append(row)
    return groups


def verdict(rows: Sequence[Row], held: Held, required: str) -> Verdict:
    """What is concluded of the rows of one function, subject and format (at least one row)."""
    kept = [Contract(row.contract) for row in rows if isinstance(row.contract, str)]
    contract = max(kept, key=lambda found: found.rung, default=None)
    apart_from = {name: _standing(name, rows, held.waived) for name in APART}
    breaches = [breach for row in rows for breach in _breaches(row, held)]
    troubled = sum(row.class_errors.get(kind, 0) for row in rows for kind in _NO_ANSWER)
    scored = [row for row in rows if row.max_scaled is not ABSENT]
    undecided = sum(row.tiers.get(UNDECIDED, 0) for row in rows)
    if contract is None and not troubled and FAIL not in apart_from.values():
        status = UNDECIDED if undecided else UNMEASURED
    elif contract is None or breaches or FAIL in apart_from.values():
        status = FAIL
    else:
        status = UNDECIDED if undecided else PASS
    worst = max((row for row in rows if row.witness is not ABSENT), key=badness, default=None)
    first = rows[0]
    return Verdict(
        function=first.function,
        subject=first.subject,
        format=first.format,
        contract=str(contract) if contract else UNMEASURED,
        required=required,
        status=status,
        specials=apart_from["specials"],
        range=apart_from["range"],
        conduct=apart_from["conduct"],
        max_ulp=max((row.max_ulp for row in scored if isinstance(row.max_ulp, float)), default=ABSENT),
        max_scaled=max((row.max_scaled for row in scored if isinstance(row.max_scaled, float)), default=ABSENT),
        worst=worst.witness.case if worst is not None and isinstance(worst.witness, Witness) else ABSENT,
        reason=_reason(contract, breaches, rows, apart_from, undecided),
        options=first.options,
        breaches=breaches,
        failed_throughout=not scored and troubled > 0,
    )


def _breaches(row: Row, held: Held) -> list[Breach]:
    """The contract first, then every limit that is not kept."""

    def breach(measure: str, value: "float | str", limit: "float | str", source: str, message: str = "") -> Breach:
        seen = row.witness
        return Breach(
            measure=measure, family=row.family, value=value, limit=limit, source=source, message=message, witness=seen
        )

    found = []
    required = held.require(row.family)
    kept = Contract(row.contract) if isinstance(row.contract, str) else None
    ordinary = bool(row.domains.get("ordinary"))
    if kept is None and ordinary and "conduct" in held.waived:
        # answers in another dtype or shape are waived: that nothing was scored is not
        said = f"no case of {row.family} counted towards a contract"
        found.append(breach("scored cases", "none", "some", "always", said))
    elif required is not None and kept is not None and not kept.keeps(required):
        found.append(breach("contract", str(kept), str(required), "required"))
    if required is None and kept is Contract.BROKEN and ordinary_class_errors(row):
        found.append(breach("class errors", f"{ordinary_class_errors(row)}", "none", "always"))
    for measure, limit in held.limits(row.family).items():
        value = getattr(row, measure)
        if value is ABSENT and ordinary:
            found.append(breach(measure, "absent", limit, "budget"))
        elif value is not ABSENT and not abs(value) <= limit:
            found.append(breach(measure, float(value), limit, "budget"))
    return found


def ordinary_class_errors(row: Row) -> int:
    """Wrong kinds of answers among the cases that count towards the contract."""
    apart_from = sum(finding.count for finding in row.findings if finding.kind in tuple(ClassError))
    return sum(row.class_errors.values()) - apart_from


def _standing(name: str, rows: Sequence[Row], waived: "frozenset[str]") -> str:
    observed = [seen for row in rows for seen in row.conduct] if name == "conduct" else []
    found = any(finding.domain == name for row in rows for finding in row.findings)
    if found or any(seen.standing == FAILS for seen in observed):
        return WAIVED if name in waived else FAIL
    if name == "conduct":
        return PASS if observed else UNMEASURED
    return PASS if any(row.domains.get(name) for row in rows) else UNMEASURED


def _reason(
    contract: "Contract | None",
    breaches: Sequence[Breach],
    rows: Sequence[Row],
    apart_from: dict[str, str],
    undecided: int,
) -> str:
    said = []
    missed = {breach.family for breach in breaches if breach.measure == "contract"}
    if contract is None:
        said.append("no case counted towards a contract")
    elif missed:
        row = max((row for row in rows if row.family in missed), key=badness)
        limit = next(
            breach.limit for breach in breaches if breach.measure == "contract" and breach.family == row.family
        )
        case = row.witness.case if isinstance(row.witness, Witness) else row.family
        said.append(f"keeps only {row.contract} where {limit} is required: {case}" if row.contract != Contract.BROKEN
                    else f"keeps no contract: {case}")  # fmt: skip
    else:
        said.append("keeps no contract" if contract is Contract.BROKEN else f"keeps {contract}")
    said += [spoken(breach) for breach in breaches if breach.measure != "contract"]
    for name in APART:
        if apart_from[name] in (FAIL, WAIVED):
            said.append(f"{name}: {_found(name, rows)}")
    if undecided:
        said.append(f"{undecided} cases are undecided: no verdict of theirs can be trusted")
    return "; ".join(said)


def spoken(breach: Breach) -> str:
    """A breach in a clause."""
    if breach.message:
        return breach.message
    if isinstance(breach.value, float) and isinstance(breach.limit, float):
        return f"{breach.measure} {breach.value:.4g} in {breach.family} where {breach.limit:.4g} is the {breach.source}"
    return f"{breach.measure}: {breach.value} in {breach.family} where {breach.limit} is right"


def _found(name: str, rows: Sequence[Row]) -> str:
    """Every kind of finding of a domain once, each with its first case and how many there are."""
    first: dict[str, str] = {}
    count: Counter[str] = Counter()
    for finding in (finding for row in rows for finding in row.findings if finding.domain == name):
        what = finding.message or f"{finding.kind} where {finding.expected} is right"
        first.setdefault(what, finding.witness.case)
        count[what] += finding.count
    for seen in (seen for row in rows for seen in row.conduct if name == "conduct" and seen.standing == FAILS):
        first.setdefault(f"{seen.rule}: {seen.message}", _case(seen))
        count[f"{seen.rule}: {seen.message}"] += 1
    return ", ".join(f"{what} ({first[what]}, {count[what]} in all)" for what in first)


def _case(seen: Observation) -> str:
    return seen.witness.case if isinstance(seen.witness, Witness) else "no case"


def badness(row: Row) -> tuple[int, float]:
    """Ranks rows: the weakest contract, then the largest E; a row without a number is the worst of its contract."""
    rung = Contract(row.contract).rung if isinstance(row.contract, str) else -1
    return rung, row.max_scaled if isinstance(row.max_scaled, float) else float("inf")


def apart(name: str) -> str:
    """The name itself; `UnknownName` where nothing is judged apart under it."""
    if name not in APART:
        raise UnknownName("waiver", name, APART)
    return name
