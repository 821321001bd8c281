"""config -> verdicts: every demand measured and judged, and nothing let through in silence.

Sets of keys are compared before numbers: what was demanded and not measured, what the baseline has
and the run has not, a waiver that excuses nothing, all fail.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from lsecheck import formats, functions
from lsecheck.contracts import Contract
from lsecheck.errors import InputError
from lsecheck.gate import baseline as baselines
from lsecheck.gate.baseline import Baseline
from lsecheck.gate.config import Config, Demand
from lsecheck.gate.result import FOUND, HOLDS, Result, status_of
from lsecheck.gate.verdicts import (
    FAIL,
    IMPROVED,
    MEASURES,
    PASS,
    UNMEASURED,
    WAIVED,
    grouped,
    spoken,
    unmeasured,
    verdict,
)
from lsecheck.inputs.kept import NAME
from lsecheck.rows import Breach, Row, Verdict
from lsecheck.run import Given, Task, environment, execute, plan
from lsecheck.subjects import load
from lsecheck.subjects.subject import Subject

#: a budget this many times what is measured could be tightened
LOOSE = 2.0

Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Gated:
    """What a gate found."""

    result: Result
    strict: bool  #: whether advice fails
    notes: tuple[str, ...] = ()  #: what a reader should know beside the verdicts

    @property
    def status(self) -> int:
        """The exit status: that of the verdicts; with `strict`, 1 where a budget could be tightened."""
        status = status_of(self.result.verdicts)
        loose = any(found.status == IMPROVED for found in self.result.verdicts)
        return FOUND if status == HOLDS and self.strict and loose else status


def enforce(
    config: Config,
    folder: Path,
    *,
    baseline: "Baseline | None" = None,
    jobs: int = 1,
    strict: bool = False,
    progress: "Callable[[int], Callable[[], object]] | None" = None,
) -> Gated:
    """Measure what a configuration demands, and judge it.

    folder    files of inputs are named from there
    baseline  what rows are compared with beside the budgets; None: nothing
    raises    `InputError` and `SubjectError` for what cannot be asked
    """
    subjects = [load(demand.subject, demand.loading) for demand in config.subjects]
    owners = _owners(config, subjects)
    if config.corpus is not None and not (folder / config.corpus).is_dir():
        raise InputError(f"there is no folder {config.corpus}: 'lsecheck fuzz' makes it, or take `corpus` out")
    tasks = [
        task
        for demand, subject in zip(config.subjects, subjects, strict=True)
        for task in _tasks(demand, subject, config, folder)
    ]
    rows = execute(tasks, jobs, progress(len(tasks)) if progress else lambda: None, apart=True)
    _nothing_empty(config, rows)
    groups = grouped(rows)
    verdicts = {}
    for key, (demand, subject) in owners.items():
        verdicts[key] = _judged(key, demand, subject, groups.get(key, []))
    for demand in config.subjects:
        _stale_waivers(demand, [key for key, (owner, _) in owners.items() if owner is demand], verdicts)
    notes: tuple[str, ...] = ()
    record = environment(subjects)
    if baseline is not None:
        notes = _dispatch(baseline, record)
        _compare(rows, baseline, config.slack, bool(notes), verdicts)
    final = [_improved(found, owners, groups) for found in verdicts.values()]
    return Gated(Result(rows, final, record), strict, notes)


def renewed(config: Config, gated: Gated, old: "Baseline | None", loosen: bool) -> Baseline:
    """The baseline of what was measured; `InputError` where it is looser than the old and that was not asked for."""
    new = baselines.of(gated.result.rows, gated.result.environment)
    worse = baselines.loosened(old, new) if old is not None else []
    if worse and not loosen:
        shown = "; ".join(worse[:5]) + ("; …" if len(worse) > 5 else "")
        raise InputError(
            f"{config.baseline} would become looser in {len(worse)} places, add --loosen if that is meant: {shown}"
        )
    return new


def _owners(config: Config, subjects: Sequence[Subject]) -> "dict[Key, tuple[Demand, Subject]]":
    """Which demand each function x subject x format is of, in the order of the configuration."""
    owners: dict[Key, tuple[Demand, Subject]] = {}
    for demand, subject in zip(config.subjects, subjects, strict=True):
        for text in demand.formats:
            key = demand.function, subject.name, str(formats.pair(text))
            if key in owners:
                raise InputError(f"{' '.join(key)} is demanded twice: {demand.subject} is another name for the same")
            owners[key] = demand, subject
    return owners


def _tasks(demand: Demand, subject: Subject, config: Config, folder: Path) -> list[Task]:
    """A demand as tasks; each family is asked with the contract that it is held to."""
    held, function = demand.held(), functions.named(demand.function)
    pairs = [formats.pair(text) for text in demand.formats]
    seed = config.seed if demand.seed is None else demand.seed
    tasks = []
    sources: list[tuple[str, Given | None]] = [(family, None) for family in demand.asked]
    sources += [("given", Given(str(folder / path), name=path)) for path in demand.inputs]
    if config.corpus is not None:
        sources.insert(0, (NAME, Given(str(folder / config.corpus), kept=True)))
    for family, given in sources:
        tasks += plan(
            [subject],
            [function],
            pairs,
            [family],
            effort=demand.effort or config.effort,
            seed=seed,
            required=held.require(family) or Contract.SHIFTED,
            loading=demand.loading,
            given=given,
        )
    return tasks


def _judged(key: Key, demand: Demand, subject: Subject, rows: list[Row]) -> Verdict:
    function, name, fmt = key
    required = str(demand.required) if demand.required is not None else "budgets"
    if not rows:
        claimed = subject.supports(functions.named(function), formats.pair(fmt))
        return unmeasured(function, name, fmt, required, claimed, subject.options)
    found = verdict(rows, demand.held(), required)
    # a family that was named must have been there to ask
    named = dict.fromkeys([*(demand.families or ()), *demand.family])
    silent = [family for family in named if family not in {row.family for row in rows}]
    return _with(
        found,
        [
            Breach(
                measure="family",
                family=family,
                value="no case",
                limit="some",
                source="required",
                message=f"{family} has no case of {function} in {fmt}",
            )
            for family in silent
        ],
    )


def _nothing_empty(config: Config, rows: Sequence[Row]) -> None:
    """`InputError` for a file of logits without a row: whoever names it believes that it is asked."""
    there = {row.family for row in rows}
    for demand in config.subjects:
        for path in demand.inputs:
            if path not in there and any(row.function == demand.function for row in rows):
                raise InputError(f"{path} holds no row: {demand.subject} would be asked nothing of it")


def _with(found: Verdict, breaches: Sequence[Breach]) -> Verdict:
    """A verdict with more that is not met."""
    if not breaches:
        return found
    said = "; ".join([found.reason, *map(spoken, breaches)])
    return msgspec.structs.replace(found, status=FAIL, reason=said, breaches=[*found.breaches, *breaches])


def _stale_waivers(demand: Demand, keys: Sequence[Key], verdicts: dict[Key, Verdict]) -> None:
    """A waiver that excuses nothing in any format hides the next thing that goes wrong."""
    for waiver in demand.waive:
        mine = [verdicts[key] for key in keys]
        if any(getattr(found, waiver.kind) == WAIVED for found in mine) or all(v.status == UNMEASURED for v in mine):
            continue
        said = f"the waiver of {waiver.kind} excuses nothing: take it out"
        stale = Breach(measure="waiver", value=waiver.kind, limit="a finding", source="waiver", message=said)
        for key in keys:
            verdicts[key] = _with(verdicts[key], [stale])


def _compare(rows: Sequence[Row], known: Baseline, slack: float, elsewhere: bool, verdicts: dict[Key, Verdict]) -> None:
    for key, members in grouped(rows).items():
        found = [
            b
            for row in members
            if row.family != NAME
            for b in baselines.breaches(row, baselines.line_of(known, row), slack, elsewhere)
        ]
        verdicts[key] = _with(verdicts[key], found)
    for function, subject, fmt, family in baselines.vanished(rows, known):
        key = function, subject, fmt
        said = f"{family} is in the baseline and was not measured"
        gone = Breach(
            measure="baseline", family=family, value="absent", limit="present", source="baseline", message=said
        )
        verdicts[key] = _with(verdicts.get(key) or unmeasured(*key, "baseline", False), [gone])


def _dispatch(known: Baseline, record: dict[str, str]) -> tuple[str, ...]:
    here = record.get("numpy_simd", "")
    if known.dispatch == here:
        return ()
    return (
        f"the baseline was measured where NumPy had {known.dispatch or 'no known instructions'}, this run has {here}:"
        " last bits differ, so E alone is compared, with an allowance of an ulp",
    )


def _improved(found: Verdict, owners: "dict[Key, tuple[Demand, Subject]]", groups: "dict[Key, list[Row]]") -> Verdict:
    """A passing verdict with the advice to tighten what is loose."""
    key = found.function, found.subject, found.format
    if found.status != PASS or key not in owners:
        return found
    held, advice = owners[key][0].held(), []
    for measure in MEASURES:
        limited = [(held.limits(row.family).get(measure), getattr(row, measure)) for row in groups.get(key, [])]
        pairs = [(limit, abs(value)) for limit, value in limited if limit is not None and isinstance(value, float)]
        for limit in dict.fromkeys(limit for limit, _ in pairs):
            most = max(value for each, value in pairs if each == limit)
            if most * LOOSE <= limit and limit > 0:
                advice.append(f"{measure} is {most:.3g} where {limit:g} is allowed")
    return msgspec.structs.replace(found, status=IMPROVED, advice=advice) if advice else found
