"""planted faults -> is each caught, by what, how soon; and do honest controls stay unflagged?

A referee is worth what it catches. Every fault is put to the families that are there for it, and to
fuzzing with a budget of cases; a control is put to all of it, and must raise nothing.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import as_completed
from typing import Any

import msgspec

from lsecheck import workers
from lsecheck.errors import InputError, UnknownName
from lsecheck.faults import CONTROLS, FAULTS
from lsecheck.faults.fault import Fault
from lsecheck.fuzz import Fuzzed, fuzz
from lsecheck.gate import check
from lsecheck.subjects import load

#: cases that fuzzing may ask: all that is enumerated, and as many again
CASES = 150_000
#: and of a control, which nothing stops early
CONTROL_CASES = 60_000
#: engines whose findings do not depend on a library's version
ENGINES = ("enumerate", "chunks", "climb", "sample")


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """How one planted fault, or control, fared."""

    name: str
    meaning: str
    recalls: str  #: threads; '' for a control
    control: bool
    tiny: bool  #: a row of 3 entries can show it
    families: dict[str, bool]  #: family -> whether it alone caught it
    check_seconds: float
    engine: str  #: of fuzzing, that caught it; '' where none did
    cases: int  #: that fuzzing had asked by then
    fuzz_seconds: float
    finding: str  #: domain and kind
    x: str  #: the smallest case, in hex
    n: int  #: its entries
    flagged: str = ""  #: of a control: what was held against it

    @property
    def right(self) -> bool:
        """A fault is caught, by a family that is there for it or by fuzzing; a control is not flagged."""
        return not self.flagged if self.control else bool(self.engine) or any(self.families.values())

    @property
    def seconds(self) -> float:
        """What it took to catch it, by whichever was sooner."""
        by_family = [self.check_seconds] if any(self.families.values()) else []
        by_fuzzing = [self.fuzz_seconds] if self.engine else []
        return min([*by_family, *by_fuzzing], default=0.0)


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """The scores under one seed."""

    seed: int
    jobs: int
    seconds: float
    scores: list[Score]


def to_json(runs: Sequence[Run]) -> str:
    """One score a line, so that results can be read in a diff."""
    parts = []
    for run in runs:
        lines = ",\n".join(msgspec.json.encode(score).decode() for score in run.scores)
        head = f'"seed": {run.seed}, "jobs": {run.jobs}, "seconds": {run.seconds:.1f}, "scores"'
        parts.append(f"{{{head}: [\n{lines}\n]}}")
    return "[\n" + ",\n".join(parts) + "\n]\n"


def from_json(text: "str | bytes") -> list[Run]:
    """Scores read back; `InputError` for anything else."""
    try:
        return msgspec.json.decode(text, type=list[Run])
    except msgspec.DecodeError as error:
        raise InputError(f"these are no scores of lsecheck selftest: {error}") from None


def names(wanted: Iterable[str] = ()) -> list[str]:
    """The faults and controls of these names; all of them by default."""
    every = [*FAULTS, *CONTROLS]
    chosen = list(dict.fromkeys(wanted)) or every
    for name in chosen:
        if name not in every:
            raise UnknownName("fault", name, every)
    return chosen


def run(
    wanted: Iterable[str] = (), seed: int = 0, jobs: int = 1, progress: "Callable[[], object]" = lambda: None
) -> list[Score]:
    """Every fault and control, in the order of their tables."""
    chosen = names(wanted)
    if jobs < 1:
        raise InputError(f"jobs must be 1 or more, got {jobs}")
    found: dict[str, Score] = {}
    for score in _scores(chosen, seed, jobs):
        found[score.name] = score
        progress()
    return [found[name] for name in chosen]


def _scores(chosen: Sequence[str], seed: int, jobs: int) -> Iterator[Score]:
    if jobs == 1:
        yield from (perform(name, seed) for name in chosen)
        return
    controls_first = sorted(chosen, key=lambda name: name not in CONTROLS)  # they take longest
    with workers.pool(jobs) as pool:
        futures = [pool.submit(perform, name, seed) for name in controls_first]
        try:
            for future in as_completed(futures):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def perform(name: str, seed: int) -> Score:
    """One fault or control."""
    control = name in CONTROLS
    fault = CONTROLS[name] if control else FAULTS[name]
    return _of_control(fault, seed) if control else _of_fault(fault, seed)


def _of_fault(fault: Fault, seed: int) -> Score:
    subject = load(f"lsecheck.faults:{fault.name}")
    began = time.perf_counter()
    caught = {family: _flags(fault, subject, family, seed) for family in fault.families}
    checked = time.perf_counter()
    found = _fuzzed(fault, subject, seed, CASES, True)
    return _score(fault, caught, checked - began, found, time.perf_counter() - checked)


def _of_control(fault: Fault, seed: int) -> Score:
    subject = load(f"lsecheck.faults:{fault.name}")
    began = time.perf_counter()
    result = check(subject, fault.function, fault.format, effort="quick", require=fault.require, seed=seed)
    checked = time.perf_counter()
    found = _fuzzed(fault, subject, seed, CONTROL_CASES, False)
    flagged = [verdict.reason for verdict in result.verdicts if verdict.status != "pass"]
    flagged += [f"{one.domain} {one.kind}: {one.witness.x}" for one in found.counterexamples]
    flagged += (
        [] if found.cases >= CONTROL_CASES and not found.undecided else [f"only {found.cases:,} cases were asked"]
    )
    score = _score(fault, {}, checked - began, found, time.perf_counter() - checked)
    return msgspec.structs.replace(score, control=True, flagged="; ".join(flagged), cases=found.cases)


def _flags(fault: Fault, subject: Any, family: str, seed: int) -> bool:
    """Whether one family alone is enough."""
    result = check(subject, fault.function, fault.format, [family], fault.effort, fault.require, seed)
    return any(verdict.status == "fail" for verdict in result.verdicts) and sum(row.cases for row in result.rows) > 0


def _fuzzed(fault: Fault, subject: Any, seed: int, cases: int, first: bool) -> Fuzzed:
    return fuzz(
        subject,
        fault.function,
        fault.format,
        cases=cases,
        require=fault.require,
        seed=seed,
        first=first,
        explain=False,
        engines=ENGINES,
    )


def _score(fault: Fault, caught: dict[str, bool], checked: float, found: Fuzzed, fuzzed: float) -> Score:
    one = found.counterexamples[0] if found.counterexamples else None
    return Score(
        name=fault.name,
        meaning=fault.meaning,
        recalls=fault.recalls,
        control=False,
        tiny=fault.tiny,
        families=caught,
        check_seconds=checked,
        engine=one.engine if one else "",
        cases=one.after + 1 if one else found.cases,
        fuzz_seconds=fuzzed,
        finding=f"{one.domain} {one.kind}" if one else "",
        x=str(one.witness.x) if one and isinstance(one.witness.x, str) else "",
        n=one.witness.n if one else 0,
    )
