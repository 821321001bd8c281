"""the subject's answers, models -> the model that gives the same ones.

Bit for bit on every probe, or not at all: a match is claimed only where none disagrees and the honest
model disagrees on some. What comes close is said to come close, and only if it goes wrong on the same rows.
"""

from dataclasses import dataclass, field

import numpy as np

from lsecheck.arena import Arena, Heard
from lsecheck.contracts import Contract
from lsecheck.diagnosis.cause import Cause, Count
from lsecheck.diagnosis.fixes import of_method, of_model
from lsecheck.diagnosis.inquiry import Bits, Inquiry, OutOfTime, breaks, far, same, with_answers
from lsecheck.diagnosis.models import Model, honest, models
from lsecheck.faults import FAULTS
from lsecheck.functions.definition import Floats
from lsecheck.measure import Flags
from lsecheck.subjects.subject import Answers

#: share of all probes on which the nearest model must agree to be named
NEAREST = 0.95
#: models that are named where several give the same answers
NAMED = 2
#: roundings by which two wrong answers may differ
ROUNDINGS = 8.0
#: entries of a row that is asked of few models
LONG = 8192
#: rows with numbers far off without which `to within rounding` says little: infinities and nan are shared by many
ALIKE_ROWS = 3


@dataclass(slots=True)
class Standing:
    """How a model has done so far."""

    model: Model
    agreeing: int = 0  #: probes with the same bits
    missed: int = 0  #: probes with others
    exact: bool = True  #: agreed on every probe
    near: bool = True  #: agreed on every broken probe, and on nearly all others
    alike: bool = True  #: wrong on the same rows and by as much, right on the others

    @property
    def meant(self) -> bool:
        """Whether it may still be named."""
        return self.exact or self.near or self.alike


@dataclass(slots=True)
class Tally:
    """What the probes came to."""

    probes: int = 0
    broken: int = 0
    far: int = 0  #: broken rows with numbers that no rounding explains
    numbers: int = 0  #: probes that were answered at all
    unlike_honest: int = 0
    standing: list[Standing] = field(default_factory=list)


def matches(inquiry: Inquiry, heard: "list[Heard]", without: "frozenset[str]" = frozenset()) -> "list[Cause]":
    """The models that answer as the subject does: at most one cause, naming at most two."""
    arena = inquiry.arena
    if arena.subject.declared.base != "e" or not any(each.broken.any() for each in heard):
        return []
    known = [model for model in models(arena.function, arena.pair) if model.fault not in without or not model.fault]
    tally = Tally(standing=[Standing(model, alike=_tells(model, arena.required)) for model in known])
    reference = honest(arena.function)
    every = sum(map(len, heard))
    for each in sorted(heard, key=_turn):
        if each.asked.batch.values.shape[1] > LONG:
            # some methods take seconds for it: only those that gave all the same answers before
            tally.standing = [standing for standing in tally.standing if standing.exact]
        _note(tally, each, reference, arena)
        for standing in tally.standing:
            inquiry.on_time()
            _compare(standing, each, arena, every)
        tally.standing = [standing for standing in tally.standing if standing.meant]
    if not tally.unlike_honest or tally.numbers < tally.probes / 2:
        return []
    return _told(inquiry, heard, tally)


def _turn(heard: Heard) -> "tuple[bool, bool, int]":
    """What rules out most comes first: broken rows, and few of them at a time; what takes long comes last."""
    rows, n = heard.asked.batch.values.shape
    return n > LONG, not heard.broken.any(), rows * n


def _tells(model: Model, required: Contract) -> bool:
    """Whether being wrong to within rounding points at the model: what it is made from must keep the contract."""
    return not model.fault or Contract(FAULTS[model.fault].require).keeps(required)


def _note(tally: Tally, heard: Heard, reference: "Model | None", arena: Arena) -> None:
    tally.probes += len(heard)
    tally.broken += int(heard.broken.sum())
    finite = np.isfinite(heard.asked.answers.values).all(-1)
    tally.far += int((heard.broken & finite & far(heard)).sum())
    tally.numbers += int((heard.asked.answers.trouble == "").sum())
    if reference is not None:
        right = reference.answers(arena.function, heard.asked.batch, arena.pair)
        tally.unlike_honest += int((heard.broken & ~_equal(heard.asked.answers, right)).sum())


def _equal(one: Answers, other: Answers) -> Bits:
    """Rows (rows,) that are answered with the same bits, or lost in the same way."""
    return np.asarray(same(one.values, other.values).all(-1) & (one.trouble == other.trouble))


def _compare(standing: Standing, heard: Heard, arena: Arena, every: int) -> None:
    said = standing.model.answers(arena.function, heard.asked.batch, arena.pair)
    equal = _equal(heard.asked.answers, said)
    standing.agreeing += int(equal.sum())
    standing.missed += int((~equal).sum())
    standing.exact &= not standing.missed
    standing.near &= bool(equal[heard.broken].all()) and standing.missed <= (1 - NEAREST) * every
    if standing.alike and not equal.all():
        standing.alike = _alike(heard, said, arena)


def _alike(heard: Heard, said: Answers, arena: Arena) -> bool:
    """Whether both are wrong on the same rows, and there no farther from each other than the bound allows."""
    mine = heard.asked.answers
    if (mine.trouble != said.trouble).any():
        return False
    if not (same(mine.values, said.values) | _close(heard, said.values))[heard.broken].all():
        return False
    return bool((breaks(arena, with_answers(heard, said, arena)) == heard.broken).all())


@np.errstate(all="ignore")
def _close(heard: Heard, said: Floats) -> Bits:
    """Outputs on which two answers differ by less than one bound of the contract, or by rounding alone."""
    measured, fmt = heard.asked.errors, heard.asked.truth.formats.output
    ulp = np.ldexp(1.0, heard.asked.truth.exponent.astype(np.int64) - fmt.precision + 1)
    bound = np.where(measured.excess > 1, measured.ulp / measured.excess, 1.0) * ulp
    mine = heard.asked.answers.values
    rounding = ROUNDINGS * fmt.unit_roundoff * np.abs(mine)
    loose = np.where(measured.codes != 0, rounding, np.maximum(bound, rounding))
    return np.asarray((np.abs(mine - said) <= loose) & np.isfinite(mine) & np.isfinite(said))


# ---- in words ----


def _told(inquiry: Inquiry, heard: "list[Heard]", tally: Tally) -> "list[Cause]":
    exact = [standing.model for standing in tally.standing if standing.exact]
    if exact:
        return [_exact(inquiry, heard, exact, tally)]
    alike = [standing.model for standing in tally.standing if standing.alike]
    if alike and tally.far >= ALIKE_ROWS:
        return [_close_in_words(inquiry, heard, alike, tally)]
    near = sorted((s for s in tally.standing if s.near), key=lambda s: -s.agreeing)
    if not near:
        return []
    best = near[0]
    statement = (
        f"nearest: {_names([best.model])} gives the same answers on {best.agreeing} of {tally.probes} probes, all"
        f" {tally.broken} broken ones among them"
    )
    count = Count(best.agreeing, tally.probes)
    return [Cause(kind="nearest", statement=statement, confidence=count)]


def _exact(inquiry: Inquiry, heard: "list[Heard]", found: "list[Model]", tally: Tally) -> Cause:
    statement = f"answers like {_names(found)} on {tally.probes} of {tally.probes} probes, to the last bit"
    count = Count(tally.probes, tally.probes)
    return Cause(kind="match", statement=statement, fix=_fix(inquiry, heard, found[0]), confidence=count)


def _close_in_words(inquiry: Inquiry, heard: "list[Heard]", found: "list[Model]", tally: Tally) -> Cause:
    statement = (
        f"wrong like {_names(found)}: on the same {tally.broken} of {tally.probes} probes, and there by the same to"
        " within rounding"
    )
    count = Count(tally.broken, tally.broken)
    return Cause(kind="match", statement=statement, fix=_fix(inquiry, heard, found[0]), confidence=count)


def _names(found: "list[Model]") -> str:
    more = len(found) - NAMED
    tail = f" (or as {more} other known models)" if more > 1 else " (or as one other known model)" if more == 1 else ""
    return ", or ".join(model.words for model in found[:NAMED]) + tail


def _fix(inquiry: Inquiry, heard: "list[Heard]", model: Model) -> str:
    """What would mend it: from a table for faults; for methods, one that is seen to break nothing here."""
    if model.fault:
        return of_model(model.fault)
    what = of_method(model.name, frozenset(inquiry.broke))
    try:
        better = _mended(inquiry, heard, model)
    except OutOfTime:
        better = None
    if better is None:
        return what
    probes = sum(map(len, heard))
    return (
        f"{what}: {better.name} breaks nothing on these {probes} probes"
        if what
        else (f"compute as {better.name}, which breaks nothing on these {probes} probes")
    )


def _mended(inquiry: Inquiry, heard: "list[Heard]", model: Model) -> "Model | None":
    """The first method that breaks nothing on the probes, the most like this one first."""
    method = model.name.partition("@")[0]
    order = [f"{method}@float32", f"{method}@float64", "log1p-shift", "log1p-shift@float32", "log1p-shift@float64"]
    known = {other.name: other for other in models(inquiry.arena.function, inquiry.arena.pair) if not other.fault}
    for other in (known[name] for name in order if name in known and name != model.name):
        if not any(_broken(inquiry, each, other).any() for each in heard):
            return other
    return None


def _broken(inquiry: Inquiry, heard: Heard, model: Model) -> Flags:
    inquiry.on_time()
    arena = inquiry.arena
    said = model.answers(arena.function, heard.asked.batch, arena.pair)
    return breaks(arena, with_answers(heard, said, arena))
