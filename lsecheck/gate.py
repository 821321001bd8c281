"""rows -> verdicts: whether what was asked for holds.

Everything is written so that nan, absence and emptiness fail: a contract that was not measured
is not kept, and a run that measured nothing is no pass.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from lsecheck import contracts, functions
from lsecheck.contracts import Contract
from lsecheck.errors import UnknownName
from lsecheck.formats import pair
from lsecheck.inputs import cases
from lsecheck.rows import ABSENT, FAILS, SCHEMA, Document, Observation, Row, Verdict, Witness, to_json
from lsecheck.run import Given, environment, execute, plan, told_apart
from lsecheck.subjects import load
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.subject import Subject

#: class errors of a row that was not answered at all
_NO_ANSWER = ("raised", "dtype", "shape", "crashed", "timed-out", "unasked")
APART = ("specials", "range", "conduct")

PASS, FAIL, WAIVED, UNMEASURED = "pass", "fail", "waived", "unmeasured"

#: exit statuses of the command line
HOLDS, FOUND, FAILED_THROUGHOUT, EMPTY = 0, 1, 3, 5


@dataclass(frozen=True, slots=True)
class Result:
    """What a check found."""

    rows: list[Row]
    verdicts: list[Verdict]
    environment: dict[str, str]

    @property
    def ok(self) -> bool:
        """Whether everything asked for holds."""
        return self.status == HOLDS

    @property
    def status(self) -> int:
        """The exit status: 0 holds, 1 a finding, 3 a subject failed on every case, 5 nothing measured."""
        failed = [verdict for verdict in self.verdicts if verdict.status == FAIL]
        if any(not verdict.failed_throughout for verdict in failed):
            return FOUND
        if failed:
            return FAILED_THROUGHOUT
        return HOLDS if self.verdicts and all(v.status == PASS for v in self.verdicts) else EMPTY

    @property
    def worst(self) -> "Row | None":
        """The row that breaks the weakest contract, or has the largest E; None if nothing was scored."""
        scored = [row for row in self.rows if row.contract is not ABSENT]
        return max(scored, key=_badness, default=None)

    def to_json(self) -> str:
        """The result file (schema 1)."""
        return to_json(Document(schema=SCHEMA, environment=self.environment, rows=self.rows, verdicts=self.verdicts))


def check(
    subject: "str | Callable[..., Any] | Subject | Sequence[Any]",
    function: str = "logsumexp",
    formats: "Iterable[str] | str" = ("float16", "float32", "float64"),
    families: "Iterable[str] | None" = None,
    effort: str = "standard",
    require: str = "shifted",
    seed: int = 0,
    jobs: int = 1,
    *,
    waive: Iterable[str] = (),
    loading: Loading = PLAIN,
    inputs: "Given | None" = None,
    progress: "Callable[[int], Callable[[], object]] | None" = None,
) -> Result:
    """Measure subjects on families of hard cases, and judge them.

    subject   a name, `module:function`, a callable, or several of them
    formats   of input, or IN:OUT
    families  names; by default all of them
    require   the contract that every ordinary case must keep
    waive     any of specials, range, conduct: shown, but not a failure
    loading   how subjects are called, on which arrays, and whether in a process of their own
    raises    `InputError` and `SubjectError` for what cannot be asked; a subject's own failures
              are findings in the result
    """
    specs = [subject] if isinstance(subject, str | Subject) or callable(subject) else list(subject)
    subjects = told_apart([load(spec, loading) for spec in specs])
    pairs = list(dict.fromkeys(pair(text) for text in ([formats] if isinstance(formats, str) else formats)))
    chosen = [
        cases.check_name(name)
        for name in ([families] if isinstance(families, str) else cases.names() if families is None else families)
    ]
    waived = [_apart(name) for name in ([waive] if isinstance(waive, str) else waive)]
    required = contracts.named(require)
    defined = functions.named(function)
    tasks = plan(
        subjects,
        [defined],
        pairs,
        chosen if inputs is None else ["given"],
        effort=effort,
        seed=seed,
        required=required,
        loading=loading,
        given=inputs,
    )
    rows = execute(tasks, jobs, progress(len(tasks)) if progress else lambda: None)
    verdicts = {(v.subject, v.format): v for v in judge(rows, required, waived)}
    # whatever was asked for has a verdict: what nobody measured must not pass unseen
    for member in subjects:
        for wanted in pairs:
            key = member.name, str(wanted)
            verdicts.setdefault(key, _unmeasured(defined.name, *key, required, member.supports(defined, wanted)))
    return Result(rows, list(verdicts.values()), environment(subjects))


def _unmeasured(function: str, subject: str, fmt: str, required: Contract, claimed: bool) -> Verdict:
    return Verdict(
        function=function,
        subject=subject,
        format=fmt,
        contract=UNMEASURED,
        required=str(required),
        status=UNMEASURED,
        specials=UNMEASURED,
        range=UNMEASURED,
        conduct=UNMEASURED,
        reason=f"no case of {function} in {fmt} was there to ask"
        if claimed
        else f"{subject} does not claim {function} in {fmt}",
    )


def judge(rows: Sequence[Row], required: Contract, waived: Iterable[str] = ()) -> list[Verdict]:
    """One verdict per function x subject x format, in the order of the rows."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.function, row.subject, row.format), []).append(row)
    return [_verdict(key, members, required, frozenset(waived)) for key, members in groups.items()]


def _verdict(key: tuple[str, str, str], rows: list[Row], required: Contract, waived: "frozenset[str]") -> Verdict:
    kept = [Contract(row.contract) for row in rows if isinstance(row.contract, str)]
    contract = max(kept, key=lambda found: found.rung, default=None)
    apart = {name: _standing(name, rows, waived) for name in APART}
    holds = contract is not None and contract.keeps(required)
    troubled = sum(row.class_errors.get(kind, 0) for row in rows for kind in _NO_ANSWER)
    scored = [row for row in rows if row.max_scaled is not ABSENT]
    throughout = not scored and troubled > 0
    if contract is None and not troubled and FAIL not in apart.values():
        status = UNMEASURED
    else:
        status = PASS if holds and FAIL not in apart.values() else FAIL
    worst = max((row for row in rows if row.witness is not ABSENT), key=_badness, default=None)
    function, subject, fmt = key
    return Verdict(
        function=function,
        subject=subject,
        format=fmt,
        contract=str(contract) if contract else UNMEASURED,
        required=str(required),
        status=status,
        **apart,
        max_ulp=max((row.max_ulp for row in scored if isinstance(row.max_ulp, float)), default=ABSENT),
        max_scaled=max((row.max_scaled for row in scored if isinstance(row.max_scaled, float)), default=ABSENT),
        worst=worst.witness.case if worst is not None and worst.witness is not ABSENT else ABSENT,
        reason=_reason(contract, required, rows, apart),
        options=rows[0].options,
        failed_throughout=throughout,
    )


def _standing(name: str, rows: list[Row], waived: "frozenset[str]") -> str:
    observed = [seen for row in rows for seen in row.conduct] if name == "conduct" else []
    found = any(finding.domain == name for row in rows for finding in row.findings)
    if found or any(seen.standing == FAILS for seen in observed):
        return WAIVED if name in waived else FAIL
    if name == "conduct":
        return PASS if observed else UNMEASURED
    return PASS if any(row.domains.get(name) for row in rows) else UNMEASURED


def _reason(contract: "Contract | None", required: Contract, rows: list[Row], apart: dict[str, str]) -> str:
    said = []
    if contract is None:
        said.append("no case counted towards a contract")
    elif contract.keeps(required):
        said.append(f"keeps {contract}")
    else:
        row = max((row for row in rows if row.contract == contract), key=_badness)
        case = row.witness.case if row.witness is not ABSENT else row.family
        said.append(f"keeps only {contract} where {required} is required: {case}" if contract is not Contract.BROKEN
                    else f"keeps no contract: {case}")  # fmt: skip
    for name in APART:
        if apart[name] in (FAIL, WAIVED):
            said.append(f"{name}: {_found(name, rows)}")
    return "; ".join(said)


def _found(name: str, rows: list[Row]) -> str:
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


def _badness(row: Row) -> tuple[int, float]:
    rung = Contract(row.contract).rung if isinstance(row.contract, str) else -1
    return rung, row.max_scaled if isinstance(row.max_scaled, float) else float("inf")


def _apart(name: str) -> str:
    if name not in APART:
        raise UnknownName("waiver", name, APART)
    return name
