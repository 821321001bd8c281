"""specimens -> one of the worst cases as a reader sees it: got, right, how far, why, and again."""

from collections.abc import Sequence
from typing import NamedTuple

from lsecheck.contracts import Contract
from lsecheck.report.page.commands import shown
from lsecheck.report.terms import own_terms
from lsecheck.report.words import again, both, decimals, entries, family_again, fault_or_mathematics, one_line, short
from lsecheck.rows import ABSENT, Specimen, Witness

#: of one subject in one function
SHOWN = 5
#: characters of a row of entries
_LONGEST = 160
#: and of one in decimal beside it
_SHORT = 60


class Told(NamedTuple):
    """One case."""

    title: str
    facts: list[tuple[str, str, bool]]  #: what, the words for it, and whether they are numbers of a machine
    steps: list[tuple[str, str]]
    commands: list[tuple[str, str]]  #: what it does, the command


def told(specimen: Specimen) -> Told:
    """All that is known of it."""
    seen = specimen.witness
    scored = isinstance(seen.ulp, float) and isinstance(seen.scaled, float)
    x = one_line(entries(seen, _LONGEST))
    label = f"; label {seen.label}" if isinstance(seen.label, int) else ""
    plain = decimals(seen, _SHORT)
    facts = [("input", f"{x}{label}{'  ' * bool(plain)}{plain}", True), ("got", _got(seen), True)]
    facts += [("exact", specimen.exact, True)] if specimen.exact else []
    facts.append(("rounded", _right(specimen), True))
    if scored:
        facts.append(("error", f"{short(seen.ulp)} ulp, E {short(seen.scaled)}, κ {_kappa(seen)}", False))
    facts.append(("why", _why(specimen), False))
    steps = [(one_line(one.step), _ulps(one.ulps)) for one in specimen.steps]
    return Told(_title(specimen), facts, steps, _commands(specimen))


def _title(specimen: Specimen) -> str:
    seen = specimen.witness
    if isinstance(seen.scaled, float):
        return f"{specimen.format}: E {short(seen.scaled)}, {short(seen.ulp)} ulp"
    where = "" if specimen.domain == "contract" else f", {specimen.domain}"
    return one_line(f"{specimen.format}: {specimen.kind}{where}")


def _got(seen: Witness) -> str:
    said = seen.message if isinstance(seen.message, str) and seen.message else ""
    place = f" at output {seen.output}" if seen.output else ""
    return one_line(said or both(seen.answer)) + place


def _right(specimen: Specimen) -> str:
    if specimen.expected and not specimen.exact and specimen.kind != "inaccurate":
        return one_line(specimen.expected)
    return both(specimen.witness.truth)


def _why(specimen: Specimen) -> str:
    seen = specimen.witness
    said = []
    if isinstance(seen.scaled, float):
        said.append(fault_or_mathematics(seen.scaled, seen.condition))
    else:
        said.append(f"{specimen.kind} where {specimen.expected} is right")
    if specimen.missed:
        kept = "no contract" if specimen.kept in ("", Contract.BROKEN) else specimen.kept
        said.append(f"misses {specimen.missed}, keeps {kept}")
    if specimen.alike:
        methods = "method" if len(specimen.alike) == 1 else "methods"
        answers = "answers" if len(specimen.alike) == 1 else "answer"
        said.append(f"the built-in {methods} {', '.join(specimen.alike)} {answers} the same bits")
    if specimen.copies > 1:
        said.append(f"it takes {specimen.copies:,} equal rows")
    smaller = specimen.found.x != seen.x or specimen.found.n != seen.n
    said.append(
        f"made smaller from {specimen.found.case}, {specimen.found.n:,} entries" if smaller else specimen.found.case
    )
    return one_line("; ".join(said))


def _kappa(seen: Witness) -> str:
    return short(seen.condition) if isinstance(seen.condition, float) else "unbounded"


def _ulps(ulps: object) -> str:
    if ulps is ABSENT or not isinstance(ulps, float):
        return "left the numbers"
    # closer than that a step is not known
    return short(0.0 if abs(ulps) < 2.0**-10 else ulps)


def _commands(specimen: Specimen) -> list[tuple[str, str]]:
    subject, function, fmt, seen = specimen.subject, specimen.function, specimen.format, specimen.witness
    if specimen.domain == "conduct" and not specimen.expected:  # a rule: it takes more than one call to see
        found = [("again", family_again(subject, function, fmt, "conduct", specimen.options))]
    else:
        found = [("again", again(subject, function, fmt, seen, specimen.options, specimen.copies))]
    if specimen.copies == 1:  # alone it breaks nothing
        found.append(("the library alone", own_terms(subject, function, fmt, seen)))
    return [(what, shown(command)) for what, command in found if command]


def first(specimens: Sequence[Specimen]) -> list[Told]:
    """The worst, in the order they come in."""
    return [told(specimen) for specimen in specimens[:SHOWN]]
