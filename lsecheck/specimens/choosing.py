"""a subject, its rows -> the worst of its cases, each as small as it can be made, and why it is wrong.

What breaks every contract comes first, then what is judged apart, then what misses the next stronger
contract by most. One that is inaccurate keeps, made small, half of its E.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from lsecheck import formats, functions, workers
from lsecheck.arena import Arena, Charge
from lsecheck.contracts import LADDER, Contract
from lsecheck.errors import LsecheckError
from lsecheck.rows import FAILS, Observation, Row, Specimen, Witness
from lsecheck.run import loaded
from lsecheck.specimens import making
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.subject import Subject

#: specimens of one subject in one function
MOST = 5
#: candidates that are shrunk before fewer specimens are enough
_TRIED = 2 * MOST
#: of these, what is judged apart from the contract, while there is anything else
_APART = 2


@dataclass(frozen=True, slots=True)
class Candidate:
    """A case that a row of evidence tells of."""

    row: Row
    seen: Witness
    rank: tuple[int, int, float]  #: the worst sorts first
    required: Contract  #: what it is held to
    about: tuple[str, ...]  #: what is wrong: what comes once is taken before what comes twice
    rule: "Observation | None" = None  #: of conduct


def collect(
    subjects: Iterable[Subject],
    rows: Sequence[Row],
    loading: Loading,
    jobs: int = 1,
    progress: Callable[[], object] = lambda: None,
    *,
    apart: bool = False,
    within: "ProcessPoolExecutor | None" = None,
) -> list[Specimen]:
    """Of every subject and function the worst cases, in the order of the subjects and of the rows.

    progress  is called after each case that is made small, of those that `candidates_of` counts
    apart     in worker processes even where one job is enough
    within    the worker processes, of so many jobs, where they are there already
    """
    by_name = _grouped(rows).items()
    groups = [(subject, _tried(its)) for subject in subjects for (name, _), its in by_name if name == subject.name]
    made: list[list[Specimen]] = [[] for _ in groups]
    told = progress
    # all groups' cases together, so that no process waits for one that has hard ones; more where some were alike
    while asked := [
        (place, subject, candidate)
        for place, (subject, chosen) in enumerate(groups)
        for candidate in chosen[len(made[place]) :][: MOST - len(_distinct(made[place]))]
    ]:
        if (jobs == 1 and not apart) or any(not subject.spec for subject, _ in groups):
            found = []
            for _, subject, candidate in asked:
                found.append(_made(subject, candidate))
                told()
        else:
            calls = [(subject.spec, subject.name, loading, candidate) for _, subject, candidate in asked]
            longest = sorted(range(len(asked)), key=lambda at: -_work(asked[at][2]))
            found = workers.each(jobs, _made_there, calls, told, longest, within)
        for (place, _, _), specimen in zip(asked, found, strict=True):
            made[place].append(specimen)
        told = _silent
    return [specimen for its in made for specimen in _distinct(its)]


def candidates_of(rows: Sequence[Row]) -> int:
    """How many cases are made small for certain: what `collect` counts its progress in."""
    return sum(min(len(_tried(its)), MOST) for its in _grouped(rows).values())


def worst(subject: Subject, rows: Sequence[Row]) -> list[Specimen]:
    """The worst cases of one subject in one function: different failures first, then in other formats."""
    return collect([subject], rows, PLAIN)


def _grouped(rows: Sequence[Row]) -> dict[tuple[str, str], list[Row]]:
    """Subject and function -> its rows."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.subject, row.function), []).append(row)
    return groups


def _tried(rows: Sequence[Row]) -> list[Candidate]:
    return [*itertools.islice(_chosen(rows), _TRIED)]


def _work(candidate: Candidate) -> int:
    """About how long it takes: a row of many entries, each with an output of its own, the longest."""
    return candidate.seen.n * (2 if functions.named(candidate.row.function).elementwise else 1)


def _silent() -> None:
    """Progress that was not counted is not told."""


def _distinct(made: Sequence[Specimen]) -> list[Specimen]:
    """Without those that show what one before shows."""
    found: list[Specimen] = []
    for specimen in made:
        if not any(_alike(specimen, other) for other in found):
            found.append(specimen)
    return found


def _alike(one: Specimen, other: Specimen) -> bool:
    """Whether both show the same: the same entries in any order, and the output of, or the label at, an equal one.

    No function of the family depends on the order of its entries, only on which of them an output is of.
    """

    def case(of: Specimen) -> tuple[object, ...]:
        seen = of.witness
        entries, asked = sorted(_runs(seen).items()), _asked(of)
        return of.format, of.domain, of.kind, seen.n, isinstance(seen.x, str), entries, asked

    return case(one) == case(other)


def _runs(seen: Witness) -> "Counter[str]":
    """Entry, as it is written -> how often it stands in the row."""
    counted: Counter[str] = Counter()
    for value, count in _words(seen):
        counted[value] += count
    return counted


def _asked(of: Specimen) -> str:
    """The entry that the output is of, as it is written; '' where it is of the whole row, or the row is not written."""
    seen = of.witness
    if isinstance(seen.label, int):
        place = seen.label
    elif functions.named(of.function).elementwise:
        place = seen.output
    else:
        return ""
    for value, count in _words(seen):
        if place < count:
            return value
        place -= count
    return ""


def _words(seen: Witness) -> "Iterator[tuple[str, int]]":
    """V*COUNT, apart."""
    for word in seen.x.split() if isinstance(seen.x, str) else ():
        value, _, count = word.partition("*")
        yield value, int(count or 1)


def _made_there(spec: str, name: str, loading: Loading, candidate: Candidate) -> Specimen:
    """In a worker process."""
    return _made(replace(loaded(spec, loading), name=name), candidate)


@np.errstate(all="ignore")  # a subject's module may have set it to raise
def _made(subject: Subject, candidate: Candidate) -> Specimen:
    row, seen = candidate.row, candidate.seen
    least = seen.scaled / 2 if isinstance(seen.scaled, float) else 0.0
    defined, pair = functions.named(row.function), formats.pair(row.format)
    arena = Arena(subject, defined, pair, candidate.required, "scaled", least=least)
    if candidate.rule is not None:
        return making.observed(arena, candidate.rule)
    try:
        found = making.small(arena, seen)
    except LsecheckError:  # a file of logits that is no more, a case that nobody can decide
        found = None
    return found or making.as_found(arena, _charge(candidate), seen)


def _charge(candidate: Candidate) -> Charge:
    """What is held against a case that is not asked again."""
    if candidate.about[0] != "contract":
        domain, kind, expected = candidate.about
        return Charge(domain, kind, expected)
    return making.missed(candidate.seen)


# ---- which ----


def _chosen(rows: Sequence[Row]) -> Iterator[Candidate]:
    """The worst first, once in each format; what is judged apart leaves most places free."""
    ranked = sorted((one for row in rows for one in _candidates(row)), key=lambda one: one.rank)
    firsts = _first_of_each(ranked, lambda one: one.about)
    formats_of = _first_of_each(ranked, lambda one: (*one.about, one.row.format))
    broken = [one for one in firsts if one.rank[0] == 0]
    apart = [one for one in firsts if one.about[0] != "contract"]
    missed = [one for one in formats_of if one.about[0] == "contract"]
    order = {id(one): one for one in (*broken, *apart[:_APART], *missed, *apart, *ranked)}
    yield from order.values()


def _first_of_each(ranked: Sequence[Candidate], key: "Callable[[Candidate], tuple[str, ...]]") -> list[Candidate]:
    first: dict[tuple[str, ...], Candidate] = {}
    for one in ranked:
        first.setdefault(key(one), one)
    return list(first.values())


def _candidates(row: Row) -> Iterator[Candidate]:
    for finding in row.findings:
        about = finding.domain, finding.kind, finding.expected
        yield Candidate(row, finding.witness, (1, 0, 0.0), Contract.SHIFTED, about)
    for seen in row.conduct:
        if seen.standing == FAILS and isinstance(seen.witness, Witness):
            yield Candidate(row, seen.witness, (2, 0, 0.0), Contract.SHIFTED, ("conduct", seen.rule), seen)
    if not isinstance(row.witness, Witness) or not isinstance(row.contract, str):
        return
    kept = Contract(row.contract)
    if kept is Contract.CORRECTLY_ROUNDED:
        return  # nothing is wrong with it
    missed = LADDER[kept.rung - 1]
    scored = isinstance(row.witness.scaled, float)
    gravity = 0 if kept is Contract.BROKEN else 3
    size = row.witness.scaled if isinstance(row.witness.scaled, float) else float("inf")
    about = "contract", missed, "scored" if scored else "class error"
    yield Candidate(row, row.witness, (gravity, -kept.rung, -size), missed, about)
