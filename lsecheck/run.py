"""subjects x formats x families -> rows.

The truth of a batch is found once and every subject is measured against it. Tasks are
independent and each is deterministic, so rows are the same bytes for any number of workers.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from lsecheck import conduct, workers
from lsecheck.charges import Asked
from lsecheck.contracts import Contract
from lsecheck.errors import InputError, SubjectError
from lsecheck.expectation import Expectation
from lsecheck.expectation import check as check_declared
from lsecheck.formats import FormatPair
from lsecheck.functions.definition import Function
from lsecheck.inputs import cases
from lsecheck.inputs.batch import Batch
from lsecheck.inputs.families import CONDUCT, FAMILIES
from lsecheck.measure import errors
from lsecheck.oracle import engines
from lsecheck.rows import Row
from lsecheck.subjects import load
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.subject import Patience, Subject, ask
from lsecheck.tally import Tally


@dataclass(frozen=True, slots=True)
class Given:
    """A file of the user's own logits, in place of families."""

    path: str
    row: "int | None" = None
    labels: "str | None" = None
    name: str = ""  #: as rows and addresses have it; by default the path
    kept: bool = False  #: `path` is a folder of findings that fuzzing kept


@dataclass(frozen=True, slots=True)
class Task:
    """One family (or file) in one function and format, for all subjects at once."""

    subjects: "tuple[Subject | tuple[str, Loading], ...]"  #: (spec, loading), or a subject that has no spec
    function: str
    pair: FormatPair
    family: str
    effort: str
    seed: int
    required: Contract
    given: "Given | None" = None

    def batches(self, function: Function) -> Iterator[Batch]:
        """The cases it asks about."""
        if self.given is None:
            yield from cases.batches(self.family, function, self.pair.input, self.effort, self.seed)
            return
        given = self.given
        if given.kept:
            yield from cases.kept(Path(given.path), function, self.pair.input)
            return
        yield from cases.given(given.path, given.row, given.labels, function, self.pair.input, given.name)


def plan(
    subjects: Sequence[Subject],
    functions: Iterable[Function],
    pairs: Iterable[FormatPair],
    families: Iterable[str],
    *,
    effort: str = "standard",
    seed: int = 0,
    required: Contract = Contract.SHIFTED,
    loading: Loading = PLAIN,
    given: "Given | None" = None,
) -> list[Task]:
    """The tasks of a run, in the order of their rows; none where no subject claims the pair."""
    cases.check_effort(effort, seed)
    functions = tuple(functions)
    for function in functions:
        for subject in subjects:
            check_declared(function, subject.declared)
    families, pairs = tuple(dict.fromkeys(families)), tuple(dict.fromkeys(pairs))
    tasks = []
    for function in functions:
        for pair in pairs:
            able = tuple(
                (subject.spec, loading) if subject.spec else subject
                for subject in subjects
                if subject.supports(function, pair)
            )
            if able:
                tasks += [Task(able, function.name, pair, family, effort, seed, required, given) for family in families]
    return tasks


def told_apart(subjects: Sequence[Subject]) -> list[Subject]:
    """The same subjects without repeats by name on the command line; others of one name are numbered."""
    kept: list[Subject] = []
    for subject in subjects:
        if subject.spec and any(subject.spec == other.spec for other in kept):
            continue
        alike = sum(other.name.partition("#")[0] == subject.name for other in kept)
        kept.append(replace(subject, name=f"{subject.name}#{alike + 1}") if alike else subject)
    return kept


def may_end_us(subjects: Iterable[Subject]) -> bool:
    """Whether one of them is somebody's own code, which a process of ours had better not be ended by.

    Only where other processes can load them all.
    """
    subjects = [*subjects]
    return any(subject.given for subject in subjects) and all(subject.spec for subject in subjects)


def execute(
    tasks: Sequence[Task],
    jobs: int = 1,
    progress: Callable[[], object] = lambda: None,
    *,
    apart: bool = False,
    within: "ProcessPoolExecutor | None" = None,
) -> list[Row]:
    """Rows of every task, in order. `progress` is called after each task.

    apart     in worker processes even where one job is enough: a subject that ends its process
              must not end this one with a status of its own choice
    within    the worker processes, of so many jobs, where they are to stay for more
    Raises `SubjectError` if a worker process dies, or if subjects without a name are to be
    handed to other processes.
    """
    if jobs < 1:
        raise InputError(f"jobs must be 1 or more, got {jobs}")
    loaded.cache_clear()  # a file may have been edited since the last run
    if not apart and (jobs == 1 or len(tasks) < 2):
        done = []
        for task in tasks:
            done.append(perform(task))
            progress()
        return [row for rows in done for row in rows]
    if any(isinstance(subject, Subject) for task in tasks for subject in task.subjects):
        raise SubjectError(
            "several jobs need subjects that other processes can load: give 'module:function', or jobs=1"
        )
    heaviest = sorted(range(len(tasks)), key=lambda place: -_weight(tasks[place]))
    found = workers.each(jobs, perform, [(task,) for task in tasks], progress, heaviest, within)
    return [row for rows in found for row in rows]


@np.errstate(all="ignore")  # a subject's module may have set it to raise
def perform(task: Task) -> list[Row]:
    """One task: the truth of each batch once, then every subject against it."""
    from lsecheck import functions

    function = functions.named(task.function)
    subjects = [loaded(*subject) if isinstance(subject, tuple) else subject for subject in task.subjects]
    tallies: list[Tally] = []
    patience = [Patience() for _ in subjects]
    for batch in task.batches(function):
        expectation = Expectation(function, batch, task.pair)
        digest = batch.digest(task.pair.input)
        tallies = tallies or [
            Tally(subject.name, function, task.pair, batch.family, task.required, subject.options)
            for subject in subjects
        ]
        for subject, tally, left in zip(subjects, tallies, patience, strict=True):
            mine, truth, undecided = expectation.of(subject.declared)
            if undecided:
                tally.tiers["undecided"] += undecided
            if not len(mine.values):
                continue
            plan = mine.plan if "plan" in subject.takes else ""
            answers = ask(subject, function, mine.values, task.pair, mine.labels, left, plan)
            flushes = subject.declared.flushes_subnormals
            found = errors(truth, answers.values, task.required, flushes=flushes)
            asked = Asked(mine, truth, answers, found)
            tally.add(asked, digest)
            if batch.family == CONDUCT:
                for seen in conduct.observe(subject, function, task.pair, task.required, asked):
                    tally.observe(seen)
    return [tally.row() for tally in tallies]


@functools.cache
def loaded(spec: str, loading: Loading) -> Subject:
    """A subject, once in each process and run."""
    return load(spec, loading)


def _weight(task: Task) -> int:
    """About how many distinct entries a task has: the heaviest start first."""
    if task.given is not None or task.family not in FAMILIES:
        return 1 << 20 if task.family == "minilm-vocab" else 1 << 18
    source = FAMILIES[task.family]
    return sum(source.widths[place % len(source.widths)] for place in range(source.cases(task.effort)))


def environment(subjects: Iterable[Subject] = ()) -> dict[str, str]:
    """What could change an answer: versions, processor, NumPy's dispatch level."""
    import platform
    from importlib import metadata

    found = {name: metadata.version(name) for name in ("lsecheck", "numpy", "mpmath", "ml_dtypes")}
    configuration = np.show_config(mode="dicts") or {}
    simd = configuration.get("SIMD Extensions", {})
    found |= {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "numpy_simd": " ".join([*simd.get("baseline", []), *simd.get("found", [])]),
        "engine": engines.described(),
    }
    for subject in subjects:
        if subject.version:
            found[f"subject {subject.name}"] = subject.version
    return found


def _processor() -> str:
    """Its model, where the system says it."""
    import platform

    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or "unknown"
