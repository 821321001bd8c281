"""a claim, a place -> the evidence of that shard: the same line as a check's, driven over every case.

Slabs begin at multiples of their size, so an answer has the same neighbours in its batch wherever
it is asked; what a shard says is the same bytes on every worker that has the same libraries.
"""

import functools
import hashlib
import os
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

import lsecheck
from lsecheck.charges import Asked
from lsecheck.errors import InputError, SubjectError
from lsecheck.expectation import Expectation
from lsecheck.expectation import check as check_declared
from lsecheck.inputs.batch import Batch
from lsecheck.inputs.exhaustive import Space
from lsecheck.measure import errors
from lsecheck.oracle import engines
from lsecheck.prove.claim import Claim
from lsecheck.prove.evidence import Evidence, fold, gathered, merged
from lsecheck.run import environment
from lsecheck.subjects import load
from lsecheck.subjects.fingerprint import fingerprint
from lsecheck.subjects.subject import Answers, Patience, Subject, ask_whole

#: entries of a slab: what is known of them stays near the processor
SLAB = 1 << 17
#: cases that a subject is asked before anything is begun, to tell whether it is still the same
PROBES = 1 << 12
#: calls that finding the rows at fault may cost in a shard; those beyond are not asked
CALLS = 1 << 12

#: what an answer or its judgement comes from: another version of these, and a proof cannot go on
_CODE = (
    "formats.py", "functions", "oracle", "inputs", "subjects", "contracts.py", "measure",
    "expectation.py", "charges.py", "rows.py", "prove",
)  # fmt: skip
STAGES = ("cases", "truth", "subject", "errors", "evidence")


class Judged(msgspec.Struct, frozen=True):
    """A shard that is done."""

    place: int
    evidence: Evidence
    answers: str  #: digest of every answer, in the order of the cases
    truths: str  #: digest of every correct rounding
    stamp: str  #: of whoever asked and judged: another one's would not do
    stages: dict[str, float]  #: seconds each took


class Gathered:
    """Shards that are done, put together as they come: of each only its digests are kept."""

    def __init__(self) -> None:
        self.evidence = Evidence()
        self.digests: dict[int, tuple[str, str]] = {}  #: place -> of its answers, of its truths
        self.stages = dict.fromkeys(STAGES, 0.0)

    def __contains__(self, place: int) -> bool:
        return place in self.digests

    def __len__(self) -> int:
        return len(self.digests)

    def add(self, judged: Judged) -> None:
        """One more; a shard counts once."""
        if judged.place in self:
            return
        self.evidence = merged(self.evidence, judged.evidence)
        self.digests[judged.place] = judged.answers, judged.truths
        for stage, seconds in judged.stages.items():
            self.stages[stage] += seconds

    @property
    def cases(self) -> int:
        """How many there are in them."""
        return self.evidence.cases + self.evidence.undecided


def perform(claim: Claim, place: int) -> Judged:
    """Ask and judge one shard."""
    return span(claim, *claim.bounds(place), place)


def span(claim: Claim, start: int, stop: int, place: int = 0) -> Judged:
    """Ask and judge cases number start to stop - 1."""
    subject = ready(claim)
    space = claim.space
    engines.engine((stop - start) * claim.n)  # the compiled one from the start, where it will pay
    found: list[Evidence] = []
    answers, truths = hashlib.sha256(), hashlib.sha256()
    clock = _Clock()
    patience, budget = _patience(), _Budget()
    step = slab(claim)
    for first in range(start, stop, step):
        batch = space.batch(first, min(first + step, stop))
        clock.lap("cases")
        asked, undecided = judged(claim, subject, batch, patience, budget, clock)
        if asked is not None:
            found.append(fold(asked, claim.contract))
            _update(answers, truths, asked)
        if undecided:
            found.append(Evidence(undecided=undecided))
        clock.lap("evidence")
    return Judged(place, gathered(found), _short(answers), _short(truths), stamp(claim), clock.seconds)


def _short(state: Any) -> str:
    """The first 128 bits, as hex digits: thousands of shards are listed in a certificate."""
    return str(state.hexdigest()[:32])


def slab(claim: Claim) -> int:
    """Cases that are asked together: a power of two."""
    return 1 << (SLAB // claim.n).bit_length() - 1


def judged(
    claim: Claim, subject: Subject, batch: Batch, patience: Patience, budget: "_Budget", clock: "_Clock"
) -> "tuple[Asked | None, int]":
    """One slab with all that is known of it, and how many of its cases are undecided."""
    mine, truth, undecided = Expectation(claim.defined, batch, claim.pair).of(subject.declared)
    clock.lap("truth")
    if not len(mine.values):
        return None, undecided
    said = _answers(claim, subject, mine, patience, budget)
    clock.lap("subject")
    measured = errors(truth, said.values, claim.contract, flushes=subject.declared.flushes_subnormals)
    clock.lap("errors")
    return Asked(mine, truth, said, measured), undecided


def alone(claim: Claim, index: int) -> "tuple[Asked, int]":
    """The slab of a case, asked again, and the row of the case in it."""
    asked = _again(claim, index - index % slab(claim))
    rows = np.flatnonzero(asked.batch.indices == index) if asked is not None else np.array([])
    if asked is None or len(rows) != 1:
        raise SubjectError(f"{claim.subject}: {claim.space.name}:{claim.space.seed}:{index} cannot be asked again")
    return asked, int(rows[0])


@functools.lru_cache(maxsize=1)
def _again(claim: Claim, first: int) -> "Asked | None":
    """Once for all that is named in it: where a case hangs, finding it takes minutes."""
    batch = claim.space.batch(first, min(first + slab(claim), claim.space.count))
    return judged(claim, ready(claim), batch, _patience(), _Budget(), _Clock())[0]


def _patience() -> Patience:
    """Losses in a row are how one case is found: a slab of 2^17 is halved 17 times."""
    return Patience(hangs=20, trusted=True)


class _Clock:
    """Seconds of each stage."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)
        self._since = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] += now - self._since
        self._since = now


class _Budget:
    """Calls that are left to find rows at fault."""

    def __init__(self) -> None:
        self.calls = CALLS


def _answers(claim: Claim, subject: Subject, batch: Batch, patience: Patience, budget: _Budget) -> Answers:
    """What it says to a slab; if that is lost, halves of it, until the rows at fault are alone."""
    plan = batch.plan if "plan" in subject.takes else ""
    whole = ask_whole(subject, claim.defined, batch.values, claim.pair, batch.labels, patience, plan)
    lost = str(whole.trouble[0])
    if len(batch.values) == 1 or lost not in ("raised", "crashed", "timed-out"):
        return whole
    if budget.calls < 2:
        said = f"not asked: finding out which cases are {lost} took {CALLS:,} calls before this"
        return Answers(whole.values, np.full(len(whole.trouble), "unasked", "<U9"), said)
    budget.calls -= 2
    rows = np.arange(len(batch.values))
    halves = [_answers(claim, subject, batch.some(part), patience, budget) for part in np.array_split(rows, 2)]
    if lost != "timed-out" and not any(half.troubled for half in halves):
        return whole  # each half works: it is the batch that it cannot take
    return Answers(
        np.concatenate([half.values for half in halves]),
        np.concatenate([half.trouble for half in halves]),
        next((half.message for half in halves if half.message), ""),
        sum((half.notices for half in halves), ()),
    )


def _update(answers: Any, truths: Any, asked: Asked) -> None:
    values = asked.answers.values
    if np.isnan(values).any():
        values = np.where(np.isnan(values), np.nan, values)  # one nan: its payload is no answer
    wide = asked.truth.formats.output.width > 32
    answers.update(np.ascontiguousarray(values, "<f8" if wide else "<f4"))  # exact either way
    if asked.answers.troubled:
        answers.update(asked.answers.trouble.tobytes())
    truths.update(np.ascontiguousarray(asked.truth.places, "<i8" if wide else "<i4"))
    if asked.truth.expected.any():
        truths.update(asked.truth.expected.tobytes())


@functools.cache
def ready(claim: Claim) -> Subject:
    """The subject, loaded once in each process; `InputError` where it claims nothing of the kind."""
    subject = load(claim.subject, claim.loading)
    check_declared(claim.defined, subject.declared)
    if not subject.supports(claim.defined, claim.pair):
        raise InputError(f"{subject.name} has no {claim.function} in {claim.pair.input}: see 'lsecheck list subjects'")
    return subject


def probe(claim: Claim) -> str:
    """A digest of what the subject says to cases from everywhere: the same for one that is the same."""
    return _probe(claim, os.getpid())


@functools.cache
def _probe(claim: Claim, _process: int) -> str:
    """Once in each process: a forked one has its parent's memory, and may answer otherwise."""
    return probed(claim)


def probed(claim: Claim) -> str:
    """`probe`, asked anew."""
    space = claim.space
    step = max(space.count // PROBES, 1)
    parts = [space.batch(index, index + 1) for index in range(0, min(space.count, step * PROBES), step)]
    batch = _joined(space, parts)
    said = _answers(claim, ready(claim), batch, Patience(), _Budget())
    state = hashlib.sha256(said.trouble.tobytes())
    state.update(np.where(np.isnan(said.values), np.nan, said.values).astype("<f8").tobytes())
    return state.hexdigest()


def about(claim: Claim) -> dict[str, str]:
    """What shards must have in common to be put together."""
    machine = environment([ready(claim)])
    found = {"claim": msgspec.json.encode(_told(claim)).decode(), "code": _code()}
    found |= {"subject": fingerprint(ready(claim)), "size of shards": f"{claim.shard} {slab(claim)}"}
    found |= {f"NumPy {key}".strip(): machine[name] for key, name in (("", "numpy"), ("dispatch level", "numpy_simd"))}
    return found | {"ml_dtypes": machine["ml_dtypes"], "answers": probe(claim)}


def stamp(claim: Claim) -> str:
    """A digest of all that."""
    return _stamp(claim, os.getpid())


@functools.cache
def _stamp(claim: Claim, _process: int) -> str:
    return hashlib.sha256(repr(sorted(about(claim).items())).encode()).hexdigest()


def _told(claim: Claim) -> dict[str, Any]:
    return {name: str(getattr(claim, name)) for name in Claim.__dataclass_fields__}


def _code() -> str:
    """Digest of the sources that answer and judge."""
    state = hashlib.sha256(f"{metadata.version('lsecheck')} {np.dtype('f8').byteorder}".encode())
    root = Path(lsecheck.__file__).parent
    for name in _CODE:
        place = root / name
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place] * place.is_file():
            state.update(path.read_bytes())
    return state.hexdigest()


def _joined(space: Space, parts: "list[Batch]") -> Batch:
    labels = [part.labels for part in parts if part.labels is not None]
    return Batch(
        space.name,
        space.seed,
        np.concatenate([part.indices for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate(labels) if labels else None,
    )


def forget() -> None:
    """A file may have been edited since the last time."""
    for known in (ready, _probe, _stamp, _again):
        known.cache_clear()
