"""subjects, families -> a result: measured, judged, with an exit status."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsecheck import contracts, functions
from lsecheck.formats import pair
from lsecheck.gate.verdicts import FAIL, IMPROVED, PASS, apart, badness, judge, unmeasured
from lsecheck.gate.verdicts import UNDECIDED as OPEN
from lsecheck.inputs import cases
from lsecheck.inputs.kept import NAME
from lsecheck.rows import ABSENT, SCHEMA, Document, Row, Verdict, to_json
from lsecheck.run import Given, environment, execute, may_end_us, plan, told_apart
from lsecheck.subjects import load
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.streaming import streams
from lsecheck.subjects.subject import Subject

#: exit statuses of the command line
HOLDS, FOUND, UNDECIDED, FAILED_THROUGHOUT, EMPTY = 0, 1, 3, 3, 5


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
        """The exit status: 0 holds, 1 a finding, 3 undecided or failed on every case, 5 nothing measured."""
        return status_of(self.verdicts)

    @property
    def worst(self) -> "Row | None":
        """The row that breaks the weakest contract, or has the largest E; None if nothing was scored."""
        scored = [row for row in self.rows if row.contract is not ABSENT]
        return max(scored, key=badness, default=None)

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
    corpus: "Path | str | None" = None,
    progress: "Callable[[int], Callable[[], object]] | None" = None,
) -> Result:
    """Measure subjects on families of hard cases, and judge them.

    subject   a name, `module:function`, a callable, a stream (init, update, merge, finish), or several of them
    formats   of input, or IN:OUT
    families  names; by default all of them
    require   the contract that every ordinary case must keep
    waive     any of specials, range, conduct: shown, but not a failure
    corpus    folder of findings that fuzzing kept, asked first as the family `kept`
    loading   how subjects are called, on which arrays, and whether in a process of their own
    raises    `InputError` and `SubjectError` for what cannot be asked; a subject's own failures
              are findings in the result
    """
    specs: list[Any] = (
        [subject] if isinstance(subject, str | Subject) or callable(subject) or streams(subject) else list(subject)
    )
    subjects = told_apart([load(spec, loading) for spec in specs])
    pairs = list(dict.fromkeys(pair(text) for text in ([formats] if isinstance(formats, str) else formats)))
    chosen = [
        cases.check_name(name)
        for name in ([families] if isinstance(families, str) else cases.names() if families is None else families)
    ]
    waived = [apart(name) for name in ([waive] if isinstance(waive, str) else waive)]
    required = contracts.named(require)
    defined = functions.named(function)
    asked = [name for name in chosen if name != NAME] if inputs is None else ["given"]
    sources: list[tuple[list[str], Given | None]] = [(asked, inputs)]
    if corpus is not None and inputs is None and (families is None or NAME in chosen):
        sources.insert(0, ([NAME], Given(str(corpus), kept=True)))
    tasks = [
        task
        for names, given in sources
        for task in plan(
            subjects,
            [defined],
            pairs,
            names,
            effort=effort,
            seed=seed,
            required=required,
            loading=loading,
            given=given,
        )
    ]
    rows = execute(tasks, jobs, progress(len(tasks)) if progress else lambda: None, apart=may_end_us(subjects))
    verdicts = {(v.subject, v.format): v for v in judge(rows, required, waived)}
    # whatever was asked for has a verdict: what nobody measured must not pass unseen
    for member in subjects:
        for wanted in pairs:
            key = member.name, str(wanted)
            claimed = member.supports(defined, wanted)
            verdicts.setdefault(key, unmeasured(defined.name, *key, str(required), claimed, member.options))
    return Result(rows, list(verdicts.values()), environment(subjects))


def status_of(verdicts: Sequence[Verdict]) -> int:
    """The exit status of several verdicts: the gravest, and 0 only if every one of them holds."""
    failed = [verdict for verdict in verdicts if verdict.status == FAIL]
    if any(not verdict.failed_throughout for verdict in failed):
        return FOUND
    if failed:
        return FAILED_THROUGHOUT
    if any(verdict.status == OPEN for verdict in verdicts):
        return UNDECIDED
    return HOLDS if verdicts and all(verdict.status in (PASS, IMPROVED) for verdict in verdicts) else EMPTY
