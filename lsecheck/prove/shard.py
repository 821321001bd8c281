"""a claim, a place -> the evidence of that shard: the same line as a check's, driven over every case.

What a shard says is the same bytes on every worker that has the same libraries.
"""

import hashlib
from typing import Any

import msgspec
import numpy as np

from lsecheck.charges import Asked
from lsecheck.oracle import engines
from lsecheck.prove.asking import STAGES, Asking, slab
from lsecheck.prove.claim import Claim
from lsecheck.prove.evidence import Evidence, fold, gathered, merged
from lsecheck.prove.identity import stamp


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
    engines.engine((stop - start) * claim.n)  # the compiled one from the start, where it will pay
    found: list[Evidence] = []
    answers, truths = hashlib.sha256(), hashlib.sha256()
    asking, step = Asking(claim), slab(claim)
    for first in range(start, stop, step):
        batch = claim.space.batch(first, min(first + step, stop))
        asking.lap("cases")
        asked, undecided = asking.judged(batch)
        if asked is not None:
            found.append(fold(asked, claim.contract))
            _update(answers, truths, asked)
        if undecided:
            found.append(Evidence(undecided=undecided))
        asking.lap("evidence")
    return Judged(place, gathered(found), _short(answers), _short(truths), stamp(claim), asking.seconds)


def _short(state: Any) -> str:
    """The first 128 bits, as hex digits: thousands of shards are listed in a certificate."""
    return str(state.hexdigest()[:32])


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
