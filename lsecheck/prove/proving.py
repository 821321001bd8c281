"""a claim -> a proof: what is left of it is done, kept as it is done, and certified when all of it is.

Whatever ends the process, the same call goes on from the shards that are finished, and what it
certifies is the same bytes as if nothing had happened.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from lsecheck import workers
from lsecheck.errors import EnvironmentRefused, InputError, SubjectError
from lsecheck.gate.result import status_of
from lsecheck.prove import executors
from lsecheck.prove.asking import ready
from lsecheck.prove.certificate import document
from lsecheck.prove.claim import Claim
from lsecheck.prove.identity import about, forget, probe, probed, stamp
from lsecheck.prove.shard import Gathered, Judged
from lsecheck.prove.state import State
from lsecheck.rows import Document, to_json
from lsecheck.run import may_end_us
from lsecheck.subjects.loading import PLAIN, Loading

#: called with the cases that are done, and how many there are
Progress = Callable[[int, int], object]


@dataclass(frozen=True, slots=True)
class Proof:
    """What was certified, and what it took."""

    claim: Claim
    document: Document
    seconds: float  #: of this run, by the clock
    stages: dict[str, float]  #: seconds that each stage took, of all runs and processes together
    resumed: int  #: shards that an earlier run had finished

    @property
    def status(self) -> int:
        """The exit status: 0 holds, 1 a finding, 3 undecided or failed on every case."""
        return status_of(self.document.verdicts)

    @property
    def ok(self) -> bool:
        """Whether what was claimed holds of every case."""
        return self.status == 0

    def to_json(self) -> str:
        """The certificate: no word of when, how long or by how many."""
        return to_json(self.document)


def prove(
    subject: str,
    function: str = "logsumexp",
    format: str = "float16",
    n: int = 2,
    *,
    ordered: bool = False,
    specials: bool = False,
    sample: "int | None" = None,
    seed: int = 0,
    require: str = "shifted",
    loading: Loading = PLAIN,
    jobs: int = 1,
    executor: "Executor | str | None" = None,
    state: "Path | str | None" = None,
    fresh: bool = False,
    progress: Progress = lambda _done, _total: None,
    tell: Callable[[str], object] = lambda _sentence: None,
) -> Proof:
    """Ask a subject every case of n entries that a format has, and certify what comes of it.

    subject   a name, or `module:function`: workers load it themselves
    ordered   every order of the same entries; by default each multiset once, ascending
    specials  -0, infinities and nan are entries too
    sample    so many draws from each combination of binades, in place of every case
    executor  any `concurrent.futures.Executor`, or 'dask:ADDRESS', in place of `jobs` processes here
    state     file that finished shards are kept in; the same call with the same file goes on from them
    fresh     begin anew, whatever the file has
    tell      called with a sentence where the file had to be repaired
    raises    `InputError` for what cannot be asked or kept, `SubjectError` where the subject is not one
              thing, `EnvironmentRefused` where a worker's is another
    """
    claim = Claim(subject, function, format, n, ordered, specials, sample, seed, require, loading)
    if jobs < 1:
        raise InputError(f"jobs must be 1 or more, got {jobs}")
    forget()
    began = time.monotonic()
    if may_end_us([ready(claim)]):
        workers.each(1, probe, [(claim,)])  # before it is asked here
    begun = _begun(claim)
    if state is None:
        return _proved(claim, None, jobs, executor, progress, began)
    with State(Path(state), begun, fresh) as kept:
        if kept.said:
            tell(kept.said)
        return _proved(claim, kept, jobs, executor, progress, began)


def _proved(
    claim: Claim,
    kept: "State | None",
    jobs: int,
    executor: "Executor | str | None",
    progress: Progress,
    began: float,
) -> Proof:
    found = Gathered() if kept is None else kept.known
    count, resumed, mine = claim.space.count, len(found), stamp(claim)
    progress(found.cases, count)
    places = [place for place in range(claim.shards) if place not in found]
    for judged in _performed(claim, places, jobs, executor):
        if judged.stamp != mine:
            raise EnvironmentRefused(
                f"a worker's {claim.subject} is not the one here: it answers otherwise, or has another processor, other"
                " libraries, another lsecheck or another version of the subject; give it the same and start it again,"
                " or leave it out"
            )
        if kept is not None:
            kept.keep(judged)
        found.add(judged)
        progress(found.cases, count)
    return Proof(claim, document(claim, found), time.monotonic() - began, found.stages, resumed)


def _performed(claim: Claim, places: "list[int]", jobs: int, executor: "Executor | str | None") -> Iterator[Judged]:
    if not places:
        return
    if isinstance(executor, str):
        with executors.named(executor) as (opened, window):
            yield from executors.on(opened, claim, places, window)
    elif executor is not None:
        yield from executors.on(executor, claim, places)
    elif (jobs == 1 or claim.shards == 1) and not may_end_us([ready(claim)]):
        yield from executors.here(claim, places)
    else:
        yield from executors.on_processes(jobs, claim, places)


def _begun(claim: Claim) -> dict[str, str]:
    """What shards must have in common to be put together."""
    if probe(claim) != probed(claim):
        raise SubjectError(
            f"{claim.subject} answers otherwise when it is asked again: what it says once certifies nothing"
        )
    return about(claim)
