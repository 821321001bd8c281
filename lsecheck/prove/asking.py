"""a claim, some of its cases -> asked, measured: one slab at a time, and again where a case is to be shown.

Slabs begin at multiples of their size, so an answer has the same neighbours in its batch wherever it
is asked.
"""

import functools
import time

import numpy as np

from lsecheck.charges import Asked
from lsecheck.errors import InputError, SubjectError
from lsecheck.expectation import Expectation
from lsecheck.expectation import check as check_declared
from lsecheck.inputs.batch import Batch
from lsecheck.measure import errors
from lsecheck.prove.claim import Claim
from lsecheck.subjects import load
from lsecheck.subjects.subject import Answers, Patience, Subject, ask_whole

#: entries of a slab: what is known of them stays near the processor
SLAB = 1 << 17
#: calls that finding the rows at fault may cost in a shard; those beyond are not asked
CALLS = 1 << 12
STAGES = ("cases", "truth", "subject", "errors", "evidence")


def slab(claim: Claim) -> int:
    """Cases that are asked together: a power of two."""
    return 1 << (SLAB // claim.n).bit_length() - 1


@functools.cache
def ready(claim: Claim) -> Subject:
    """The subject, loaded once in each process; `InputError` where it claims nothing of the kind."""
    subject = load(claim.subject, claim.loading)
    check_declared(claim.defined, subject.declared)
    if not subject.supports(claim.defined, claim.pair):
        raise InputError(f"{subject.name} has no {claim.function} in {claim.pair.input}: see 'lsecheck list subjects'")
    return subject


class Asking:
    """A subject that is asked slab after slab: what patience is left with it, and what each stage took."""

    def __init__(self, claim: Claim) -> None:
        self.claim, self.subject = claim, ready(claim)
        self.seconds = dict.fromkeys(STAGES, 0.0)
        # losses in a row are how one case is found: a slab of 2^17 is halved 17 times
        self._patience = Patience(hangs=20, trusted=True)
        self._calls = CALLS
        self._since = time.perf_counter()

    def lap(self, stage: str) -> None:
        """What went by since the last lap was for this stage."""
        now = time.perf_counter()
        self.seconds[stage] += now - self._since
        self._since = now

    def judged(self, batch: Batch) -> "tuple[Asked | None, int]":
        """A slab with all that is known of it (None: nothing of it is asked), and how many cases are undecided."""
        mine, truth, undecided = Expectation(self.claim.defined, batch, self.claim.pair).of(self.subject.declared)
        self.lap("truth")
        if not len(mine.values):
            return None, undecided
        said = self.answers(mine)
        self.lap("subject")
        flushes = self.subject.declared.flushes_subnormals
        measured = errors(truth, said.values, self.claim.contract, flushes=flushes)
        self.lap("errors")
        return Asked(mine, truth, said, measured), undecided

    def answers(self, batch: Batch) -> Answers:
        """What it says to a slab; if that is lost, to halves of it, until the rows at fault are alone."""
        plan = batch.plan if "plan" in self.subject.takes else ""
        defined, pair = self.claim.defined, self.claim.pair
        whole = ask_whole(self.subject, defined, batch.values, pair, batch.labels, self._patience, plan)
        lost = str(whole.trouble[0])
        if len(batch.values) == 1 or lost not in ("raised", "crashed", "timed-out"):
            return whole
        if self._calls < 2:
            said = f"not asked: finding out which cases are {lost} took {CALLS:,} calls before this"
            return Answers(whole.values, np.full(len(whole.trouble), "unasked", "<U9"), said)
        self._calls -= 2
        halves = [self.answers(batch.some(part)) for part in np.array_split(np.arange(len(batch.values)), 2)]
        if lost != "timed-out" and not any(half.troubled for half in halves):
            return whole  # each half works: it is the batch that it cannot take
        return Answers(
            np.concatenate([half.values for half in halves]),
            np.concatenate([half.trouble for half in halves]),
            next((half.message for half in halves if half.message), ""),
            sum((half.notices for half in halves), ()),
        )


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
    return Asking(claim).judged(claim.space.batch(first, min(first + slab(claim), claim.space.count)))[0]


def forget() -> None:
    """A file may have been edited since the last time. A module stays as it was imported first."""
    ready.cache_clear()
    _again.cache_clear()
