"""subject, budget -> what breaks it: the engines in turn, every finding shrunk, and how hard it was tried."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from lsecheck import contracts, functions
from lsecheck.arena import ANYWHERE, Arena, Charge, Heard, Misconduct
from lsecheck.diagnosis import diagnose
from lsecheck.diagnosis.cause import Diagnosis
from lsecheck.errors import InputError, UnknownName
from lsecheck.expectation import check as check_declared
from lsecheck.formats import FormatPair, pair
from lsecheck.fuzz import enumeration, properties, replay, sampling, streams
from lsecheck.fuzz.behaviour import smallest_batch
from lsecheck.fuzz.counterexample import Counterexample, Effort, Fuzzed, Worst
from lsecheck.fuzz.enumeration import Event
from lsecheck.fuzz.sweeps import Screened
from lsecheck.inputs.corpus import format_values
from lsecheck.inputs.kept import numbers
from lsecheck.rows import ABSENT, Absent
from lsecheck.run import environment
from lsecheck.search import climb
from lsecheck.shrink import Case, shrunk
from lsecheck.subjects import load
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.subject import Subject
from lsecheck.tally import WITNESS_RUNS, witness


@dataclass(frozen=True, slots=True)
class Budget:
    """Seconds or cases; what an engine leaves over goes to the next."""

    seconds: "float | None" = 60.0
    cases: "int | None" = None

    def __post_init__(self) -> None:
        if self.seconds is not None and not self.seconds > 0:
            raise InputError(f"the time must be more than 0 seconds, got {self.seconds:g}")
        if self.cases is not None and self.cases < 1:
            raise InputError(f"the number of cases must be 1 or more, got {self.cases}")

    def __str__(self) -> str:
        return f"{self.cases:,} cases" if self.cases is not None else f"{self.seconds:g} seconds"


INTERRUPTED = "interrupted"
#: engine -> share of what is left of the budget when its turn comes; the last one gets the rest
SHARES = {"replay": 1.0, "enumerate": 0.5, "chunks": 0.4, "climb": 0.5, "sample": 0.6, "properties": 1.0}


def fuzz(
    subject: "str | Callable[..., Any] | Subject",
    function: str = "logsumexp",
    format: "str | FormatPair" = "float32",
    *,
    seconds: "float | None" = 60.0,
    cases: "int | None" = None,
    objective: str = "excess",
    require: str = "shifted",
    waive: Iterable[str] = (),
    seed: int = 0,
    loading: Loading = PLAIN,
    corpus: "Path | None" = None,
    first: bool = False,
    shrink: bool = True,
    explain: bool = True,
    engines: "Iterable[str] | None" = None,
    progress: "Callable[[str, int], object]" = lambda _engine, _cases: None,
) -> Fuzzed:
    """Try to break a subject.

    seconds    or `cases`: the budget; with cases the same seed finds the same
    objective  what the guided search makes large: excess, scaled or ulp
    waive      any of specials, range, conduct: not looked for
    corpus     folder of kept findings, replayed first
    first      stop at the first finding
    shrink     findings to their smallest cases
    explain    name the likely causes of what was found, which takes 3 seconds at most
    raises     `InputError` and `SubjectError` for what cannot be asked; a subject's own failures are findings
    """
    budget = Budget(None if cases is not None else seconds, cases)
    loaded = load(subject, loading)
    defined, wanted = functions.named(function), pair(format)
    check_declared(defined, loaded.declared)
    if not loaded.supports(defined, wanted):
        raise InputError(f"{loaded.name} has no {defined.name} in {wanted.input}: see 'lsecheck list subjects'")
    arena = Arena(loaded, defined, wanted, contracts.named(require), objective, frozenset(_waivable(waive)))
    session = Session(arena, budget, seed, first=first, shrink=shrink, corpus=corpus, progress=progress)
    chosen = tuple(SHARES) if engines is None else tuple(engines)
    for name in chosen:
        if name not in SHARES:
            raise UnknownName("engine", name, SHARES)
    session.run(chosen)
    return session.fuzzed(explain)


def _waivable(waive: Iterable[str]) -> Iterator[str]:
    for name in [waive] if isinstance(waive, str) else waive:
        if name not in ("specials", "range", "conduct"):
            raise InputError(f"{name!r} cannot be waived: choose from specials, range, conduct")
        yield name


@dataclass(slots=True)
class Session:
    """One run: what was asked, found and not found so far."""

    arena: Arena
    budget: Budget
    seed: int
    first: bool = False
    shrink: bool = True
    corpus: "Path | None" = None
    progress: "Callable[[str, int], object]" = lambda _engine, _cases: None
    efforts: list[Effort] = field(default_factory=list)
    families: "Counter[str]" = field(default_factory=Counter)
    widths: "set[int]" = field(default_factory=set)
    undecided: int = 0
    found: "dict[Charge, Counterexample]" = field(default_factory=dict)
    counts: "Counter[Charge]" = field(default_factory=Counter)
    worst: "Worst | None" = None
    began: float = field(default_factory=time.monotonic)
    resting: float = 0.0  #: seconds that went into shrinking: not the engines'
    asked: int = 0
    lost: str = ""

    def run(self, names: "tuple[str, ...]") -> None:
        """Every engine in turn, each with its share of what is left."""
        chosen = [name for name in SHARES if name in names]
        try:
            for name in chosen:
                if not self._over():
                    note, events = self._engine(name)
                    self._drive(name, events, 1.0 if name == chosen[-1] else SHARES[name], note)
        except KeyboardInterrupt:  # what was found by then is not lost
            self.lost = INTERRUPTED

    def _engine(self, name: str) -> "tuple[str, Iterator[Event]]":
        arena, seed = self.arena, self.seed
        match name:
            case "replay":
                return "", replay.kept(arena, self.corpus)
            case "enumerate":
                return "", enumeration.enumerated(arena, seed)
            case "chunks":
                return "", streams.chunked(arena, seed)
            case "climb":
                return "", climb(arena, seed)
            case "sample":
                return "", sampling.sampled(arena, seed)
            case _:
                return properties.note(), properties.explored(arena, seed)

    def _over(self) -> bool:
        return bool(self.lost) or (self.first and bool(self.found))

    def _drive(self, name: str, events: Iterator[Event], share: float, note: str) -> None:
        before, began, rested = self.asked, time.monotonic(), self.resting
        limit = self._limit(share)
        if limit():
            return
        screened = broken = 0
        try:
            for event in events:
                if self.arena.patience.lost:
                    self.lost = "it crashed or hung on too many cases"
                    break
                if isinstance(event, Screened):
                    screened += event.cases
                    self.asked += event.cases
                    self.widths.add(event.n)
                elif isinstance(event, Misconduct):
                    broken += 1
                    self._misbehaved(name, event)
                else:
                    broken += int(event.broken.sum())
                    self._heard(name, event)
                self.progress(name, self.asked)
                if self._over() or limit():
                    break
        finally:
            spent = time.monotonic() - began - (self.resting - rested)
            if self.asked > before or note or broken:
                effort = Effort(
                    engine=name, cases=self.asked - before, screened=screened, broken=broken, seconds=spent, note=note
                )
                self.efforts.append(effort)

    def _limit(self, share: float) -> "Callable[[], bool]":
        """Whether an engine has had its share."""
        if self.budget.cases is not None:
            most = self.asked + max(int((self.budget.cases - self.asked) * share), 0)
            return lambda: self.asked >= most
        seconds = self.budget.seconds or 0.0
        now = time.monotonic() - self.resting
        until = now + max(seconds - (now - self.began), 0.0) * share
        return lambda: time.monotonic() - self.resting >= until

    def _heard(self, engine: str, heard: Heard) -> None:
        batch = heard.asked.batch
        self.asked += len(heard)
        self.undecided += heard.undecided
        self.widths.add(batch.values.shape[1])
        if batch.family != ANYWHERE:
            self.families[batch.family] += len(heard)
        self._keep_worst(engine, heard)
        for row, (charge, output) in heard.charge.items():
            self.counts[charge] += 1
            if charge not in self.found:
                began = time.monotonic()
                self.found[charge] = self._shrunk(engine, heard, row, output, charge, shrink=False)
                if self.shrink:  # interrupted here, it is told as it was found
                    self.found[charge] = self._shrunk(engine, heard, row, output, charge, shrink=True)
                if charge.kind in ("crashed", "timed-out"):
                    self.arena.located.add(charge.kind)
                self.resting += time.monotonic() - began

    def _keep_worst(self, engine: str, heard: Heard) -> None:
        if not np.isfinite(heard.score).any():
            return
        row = int(np.nanargmax(heard.score))
        value = float(heard.score[row])
        if self.worst is None or value > self.worst.value:
            figure = getattr(heard.asked.errors, self.arena.objective)[row]
            output = int(np.nanargmax(np.where(np.isnan(figure), -1.0, figure)))
            seen = witness(heard.asked, row, output)
            self.worst = Worst(objective=self.arena.objective, value=value, engine=engine, witness=seen)

    def _shrunk(self, engine: str, heard: Heard, row: int, output: int, charge: Charge, shrink: bool) -> Counterexample:
        asked, tried = heard.asked, 0
        batch = asked.batch
        label = None if batch.labels is None else int(batch.labels[row])
        case = Case(batch.values[row], label, 1, batch.plan)
        at: tuple[Any, int, int] = asked, row, output
        if shrink:
            case, tried = shrunk(self.arena, charge, case)
            if case.copies:
                again = self.arena.fresh().hear(
                    np.repeat(case.row[None, :], case.copies, 0),
                    None if case.label is None else np.full(case.copies, case.label),
                    case.plan,
                )
                place = next((place for place, (found, _) in again.charge.items() if found == charge), None)
                if place is not None:
                    at = again.asked, place, again.charge[place][1]
        seen = witness(*at)
        excess = at[0].errors.excess[at[1], at[2]] if at[0].errors.excess.shape[1] else np.nan
        return Counterexample(
            domain=charge.domain,
            kind=charge.kind,
            expected=charge.expected,
            engine=engine,
            witness=seen,
            excess=float(excess) if np.isfinite(excess) else ABSENT,
            copies=case.copies,
            plan=case.plan,
            found=format_values(batch.values[row].tolist(), WITNESS_RUNS) or "",
            found_n=batch.values.shape[1],
            address="" if batch.family == ANYWHERE else batch.address(row),
            after=self.asked - len(heard) + row,
            tried=tried,
            message=at[0].answers.message if at[0].answers.trouble[at[1]] else "",
        )

    def _misbehaved(self, engine: str, event: Misconduct) -> None:
        charge = Charge("conduct", event.seen.rule, "")
        self.counts[charge] += 1
        if charge in self.found:
            return
        began = time.monotonic()
        seen, batch, tried = smallest_batch(self.arena, event) if self.shrink else (event.seen, event.batch, 0)
        self.resting += time.monotonic() - began
        assert seen.witness is not ABSENT, "a rule that fails says on which case"
        self.found[charge] = Counterexample(
            domain="conduct",
            kind=seen.rule,
            expected="",
            engine=engine,
            witness=seen.witness,
            copies=len(batch.values),
            found_n=event.batch.values.shape[1],
            address=event.batch.address(0),
            after=self.asked,
            tried=tried,
            message=seen.message,
        )

    def diagnosed(self) -> "Diagnosis | Absent":
        """The likely causes of what was found; absent where nothing was, or nothing more can be asked."""
        rows = [one for one in self.found.values() if one.domain != "conduct" and isinstance(one.witness.x, str)]
        if self.lost or not self.found:
            return ABSENT
        text = next((str(one.witness.x) for one in rows if one.witness.n), "")
        case = self.arena.held(np.array(list(numbers(text)))) if text else None
        try:
            return diagnose(self.arena.fresh(), case)
        except KeyboardInterrupt:  # what was found is not lost
            self.lost = INTERRUPTED
            return ABSENT

    def fuzzed(self, explain: bool = False) -> Fuzzed:
        """The record of it."""
        arena = self.arena
        diagnosis = self.diagnosed() if explain else ABSENT
        found = [msgspec.structs.replace(one, count=self.counts[charge]) for charge, one in self.found.items()]
        return Fuzzed(
            subject=arena.subject.name,
            function=arena.function.name,
            format=str(arena.pair),
            options=arena.subject.options,
            required=str(arena.required),
            objective=arena.objective,
            seed=self.seed,
            budget=str(self.budget),
            efforts=self.efforts,
            families=dict(self.families),
            n={
                "distinct": len(self.widths),
                "least": min(self.widths, default=0),
                "most": max(self.widths, default=0),
            },
            undecided=self.undecided,
            counterexamples=found,
            worst=ABSENT if self.worst is None else self.worst,
            environment=environment([arena.subject]),
            diagnosis=diagnosis,
            measured=self.worst is not None,
            lost=self.lost,
        )
