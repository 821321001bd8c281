"""arena, maybe a broken case -> why its answers are wrong, as far as that can be told.

Every rule asks on its own and claims only what it counted. What is claimed is ordered by how much it
explains; an empty list says that the cause is unknown.
"""

from collections.abc import Callable

import numpy as np

from lsecheck.arena import Arena, Heard
from lsecheck.diagnosis.cause import Cause, Diagnosis
from lsecheck.diagnosis.inquiry import Inquiry, OutOfTime
from lsecheck.diagnosis.lengths import lengths
from lsecheck.diagnosis.losses import losses
from lsecheck.diagnosis.matching import matches
from lsecheck.diagnosis.places import places
from lsecheck.diagnosis.probes import probes
from lsecheck.diagnosis.ratios import constants
from lsecheck.diagnosis.roundings import roundings
from lsecheck.diagnosis.specials import specials
from lsecheck.diagnosis.steadiness import neighbours, unsteady
from lsecheck.diagnosis.thresholds import thresholds
from lsecheck.functions.definition import Floats

#: causes that are told
MOST = 3
#: entries of a broken case beyond which it is not asked again: its truth alone would take the time
LONGEST = 1 << 18

Rule = Callable[[], "list[Cause]"]


def diagnose(
    arena: Arena, case: "Floats | None" = None, *, seconds: float = 3.0, without: "frozenset[str]" = frozenset()
) -> Diagnosis:
    """Name the likely causes of a subject's wrong answers.

    arena    the subject with what is required of it
    case     a row (n,) or batch (rows, n) that it is known to break on
    seconds  after these nothing more is asked; what is left out is in `skipped`
    without  planted faults that are not compared with, to see what would be said of one that is new
    """
    inquiry = Inquiry.of(arena, seconds)
    told: list[Cause] = []
    skipped: list[str] = []

    def tell(name: str, rule: Rule) -> "list[Cause]":
        try:
            found = rule()
        except OutOfTime:
            skipped.append(name)
            return []
        told.extend(found)
        return found

    heard: list[Heard] = []
    tell("probes", lambda: _ask(inquiry, case, heard))
    broken = any(each.broken.any() for each in heard)
    if broken:
        moves = tell("asking again", lambda: unsteady(inquiry, heard))
        mixed = not moves and tell("asking alone", lambda: neighbours(inquiry, heard))
        if not moves:
            tell("methods and faults", lambda: matches(inquiry, heard, without))
        tell("losses", lambda: losses(heard))
        if moves or mixed:
            # what depends on the call or on other rows would be misread by every rule below
            return _diagnosis(inquiry, told, skipped, heard)
        tell("ratios", lambda: constants(arena, heard))
        tell("roundings", lambda: roundings(inquiry, heard))
    tell("special values", lambda: specials(inquiry))
    tell("lengths", lambda: lengths(inquiry, None if case is None else int(np.shape(case)[-1])))
    tell("thresholds", lambda: thresholds(inquiry))
    tell("places", lambda: places(inquiry))
    return _diagnosis(inquiry, told, skipped, heard)


def _ask(inquiry: Inquiry, case: "Floats | None", heard: "list[Heard]") -> "list[Cause]":
    """The case, then the probes; what was asked is kept when the time is over."""
    if case is not None:
        rows = np.atleast_2d(np.asarray(case, np.float64))
        if rows.size <= LONGEST:
            heard.append(inquiry.hear(rows))
    for batch in probes(inquiry.arena.function, inquiry.arena.pair.input):
        heard.append(inquiry.hear(batch))
    return []


def _diagnosis(inquiry: Inquiry, told: "list[Cause]", skipped: "list[str]", heard: "list[Heard]") -> Diagnosis:
    special = bool(inquiry.broke) and set(inquiry.broke) <= {"specials"}
    ranked = sorted(told, key=lambda cause: _rank(cause, special))
    # what is only seen is told where nothing explains it
    strong = [cause for cause in ranked if cause.fix or cause.kind in _TELLING]
    probes_asked = sum(map(len, heard))
    broken = sum(int(each.broken.sum()) for each in heard)
    return Diagnosis(causes=(strong or ranked)[:MOST], probes=probes_asked, broken=broken, skipped=skipped)


def _rank(cause: Cause, special: bool) -> int:
    """How much a cause explains: what is known with its fix before what is only seen."""
    if cause.kind == "special" and cause.fix and special:
        return _ORDER.index("match")
    place = _ORDER.index(cause.kind)
    return place if cause.fix or cause.kind in ("match", "lost") else place + len(_ORDER)


_ORDER = (
    "match", "unsteady", "neighbours", "lost", "ratio", "offset", "rounding", "length", "place", "threshold", "special",
    "nearest",
)  # fmt: skip
#: kinds that explain even where nobody knows a fix
_TELLING = frozenset({"match", "lost", "ratio", "offset", "rounding", "length"})
