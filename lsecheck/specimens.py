"""a subject, its rows -> the worst of its cases, each as small as it can be made, and why it is wrong.

What breaks every contract comes first, then what is judged apart, then what misses the next stronger
contract by most. A shrunk case still breaks the same; one that is inaccurate keeps half of its E.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import msgspec
import numpy as np

from lsecheck import formats, workers
from lsecheck.arena import Arena, Charge, Heard
from lsecheck.contracts import LADDER, Contract
from lsecheck.errors import LsecheckError, SubjectError
from lsecheck.explain import explain
from lsecheck.functions.definition import Floats, Function
from lsecheck.inputs import cases
from lsecheck.inputs.batch import Batch
from lsecheck.rows import ABSENT, FAILS, INACCURATE, Row, Share, Specimen, Witness
from lsecheck.shrink import Case, shrunk
from lsecheck.spoken import exactly
from lsecheck.subjects import load
from lsecheck.subjects.loading import Loading
from lsecheck.subjects.methods import METHODS, method
from lsecheck.subjects.subject import Subject, ask
from lsecheck.tally import witness

#: specimens of one subject in one function
MOST = 5
#: cases, and entries of them, that are asked to shrink one; and a limit for subjects that are slow
CASES, ENTRIES, SECONDS = 50_000, 1 << 25, 4.0
#: candidates that are shrunk before fewer specimens are enough
_TRIED = 2 * MOST
#: of these, what is judged apart from the contract, while there is anything else
_APART = 2
#: entries of a row whose exact digits are worth their time, and of one whose steps are
_LONGEST, _STEPS = 1 << 16, 4096
DIGITS = 20


@dataclass(frozen=True, slots=True)
class Candidate:
    """A case that a row of evidence tells of."""

    row: Row
    seen: Witness
    rank: tuple[int, int, float]  #: the worst sorts first
    required: Contract  #: what it is held to
    about: tuple[str, ...]  #: what is wrong: specimens of one kind are taken last
    message: str = ""  #: of a rule of conduct


def collect(
    subjects: Iterable[Subject],
    rows: Sequence[Row],
    loading: Loading,
    jobs: int = 1,
    progress: Callable[[], object] = lambda: None,
) -> list[Specimen]:
    """Of every subject and function the worst cases, in the order of the subjects and of the rows."""
    groups = [
        (subject, [row for row in rows if (row.subject, row.function) == (subject.name, function)])
        for subject in subjects
        for function in dict.fromkeys(row.function for row in rows if row.subject == subject.name)
    ]
    if jobs == 1 or any(not subject.spec for subject, _ in groups):
        found = []
        for subject, its in groups:
            found += worst(subject, its)
            progress()
        return found
    from concurrent.futures.process import BrokenProcessPool

    with workers.pool(jobs) as pool:
        futures = [pool.submit(_worst_of, subject.spec, subject.name, loading, its) for subject, its in groups]
        for future in futures:
            future.add_done_callback(lambda _future: progress())
        try:
            return [specimen for future in futures for specimen in future.result()]
        except BrokenProcessPool:
            raise SubjectError("a worker process died while subjects ran in it: --isolate shows which one") from None
        except BaseException:
            workers.end(pool)
            raise


def groups_of(rows: Sequence[Row]) -> int:
    """How many subjects x functions there are: what `collect` counts its progress in."""
    return len({(row.subject, row.function) for row in rows})


def _worst_of(spec: str, name: str, loading: Loading, rows: Sequence[Row]) -> list[Specimen]:
    return worst(replace(load(spec, loading), name=name), rows)


@np.errstate(all="ignore")  # a subject's module may have set it to raise
def worst(subject: Subject, rows: Sequence[Row], most: int = MOST) -> list[Specimen]:
    """The worst cases of one subject in one function: different failures first, then in other formats."""
    found: list[Specimen] = []
    for place, candidate in enumerate(_chosen(rows)):
        if len(found) == most or place == _TRIED:
            break
        specimen = _made(subject, candidate)
        if not any(_alike(specimen, other) for other in found):
            found.append(specimen)
    return found


def _alike(one: Specimen, other: Specimen) -> bool:
    same = (one.format, one.domain, one.kind, one.witness.n) == (
        other.format,
        other.domain,
        other.kind,
        other.witness.n,
    )
    return same and one.witness.x == other.witness.x


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
            yield Candidate(row, seen.witness, (2, 0, 0.0), Contract.SHIFTED, ("conduct", seen.rule), seen.message)
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


# ---- as small as it can be ----


def _made(subject: Subject, candidate: Candidate) -> Specimen:
    from lsecheck import functions

    function, pair = functions.named(candidate.row.function), formats.pair(candidate.row.format)
    if candidate.message:
        return _of_conduct(candidate)
    least = candidate.seen.scaled / 2 if isinstance(candidate.seen.scaled, float) else 0.0
    arena = Arena(subject, function, pair, candidate.required, "scaled", least=least)
    try:
        start = cases.case(candidate.seen.case, function, pair.input)
        heard = arena.judge(start)
    except LsecheckError:  # a file of logits that is no more, a case that nobody can decide
        return _as_found(candidate, Charge(*_charged(candidate)))
    charge, output = next(iter(heard.charge.values()), (None, 0))
    if charge is None:  # alone it breaks nothing: it takes its neighbours
        return _as_found(candidate, Charge(*_charged(candidate)))
    label = None if start.labels is None else int(start.labels[0])
    case = Case(start.values[0], label, 1, start.plan)
    if charge.domain != "range":  # it takes its length
        budget = min(CASES, max(ENTRIES // max(len(case.row), 1), 32))
        case, _ = shrunk(arena, charge, case, SECONDS, budget)
    at = _again(arena, charge, case) if case.copies else None
    return _specimen(subject, candidate, charge, *(at or (heard, 0, output)), max(case.copies, 1) if at else 1)


def _again(arena: Arena, charge: Charge, case: Case) -> "tuple[Heard, int, int] | None":
    """The shrunk case as it is asked again; None where the answer is another one."""
    values = np.repeat(case.row[None, :], case.copies, axis=0)
    labels = None if case.label is None else np.full(case.copies, case.label)
    heard = arena.fresh().hear(values, labels, case.plan)
    for row, (found, output) in heard.charge.items():
        if found == charge:
            return heard, row, output
    return None


def _charged(candidate: Candidate) -> tuple[str, str, str]:
    """Domain, kind and what is right, of a case that is not asked again."""
    if candidate.about[0] != "contract":
        return candidate.about  # type: ignore[return-value]
    kind = INACCURATE if candidate.about[2] == "scored" else _KINDS.get(candidate.seen.answer, "infinite")
    return "contract", kind, "a number"


_KINDS = {"nan": "nan"}


def _as_found(candidate: Candidate, charge: Charge) -> Specimen:
    return Specimen(
        **_named(candidate.row), domain=charge.domain, kind=charge.kind, expected=charge.expected,
        missed=str(candidate.required) if charge.domain == "contract" else "",
        kept="", witness=candidate.seen, found=candidate.seen,
    )  # fmt: skip


def _of_conduct(candidate: Candidate) -> Specimen:
    seen = msgspec.structs.replace(candidate.seen, message=candidate.message)
    return Specimen(
        **_named(candidate.row), domain="conduct", kind=candidate.about[1], expected="", missed="", kept="",
        witness=seen, found=seen,
    )  # fmt: skip


def _named(row: Row) -> "dict[str, Any]":
    return {"function": row.function, "subject": row.subject, "format": row.format, "options": row.options}


def _specimen(
    subject: Subject, candidate: Candidate, charge: Charge, heard: Heard, row: int, output: int, copies: int
) -> Specimen:
    asked = heard.asked
    seen = witness(asked, row, output)
    scored = isinstance(seen.ulp, float)
    function, batch = asked.truth.function, asked.batch.some(np.array([row]))
    alike = list(_answer_alike(subject, function, asked, row))
    return Specimen(
        **_named(candidate.row),
        domain=charge.domain,
        kind=charge.kind,
        expected=charge.expected,
        missed=str(candidate.required) if charge.domain == "contract" else "",
        kept=str(LADDER[asked.errors.rung[row, output]]) if scored else "",
        exact=_exact(subject, function, batch, output),
        witness=seen,
        copies=copies,
        found=candidate.seen,
        steps=_steps([subject, *map(method, alike)], function, candidate.row.format, batch, output),
        alike=alike,
    )


# ---- why ----


def _exact(subject: Subject, function: Function, batch: Batch, output: int) -> str:
    """The exact value in decimal, where there is one number and it is soon known."""
    n = batch.values.shape[1]
    if not n or n > _LONGEST or subject.declared.base != "e":
        return ""
    values: list[Fraction | float] = [
        Fraction(value) if np.isfinite(value) else value for value in batch.values[0].tolist()
    ]
    label = None if batch.labels is None else int(batch.labels[0])
    try:
        said = exactly(function, values, label, DIGITS)[output]
    except LsecheckError:
        return ""
    return "" if " " in said else said


def _answer_alike(subject: Subject, function: Function, asked: Any, row: int) -> Iterator[str]:
    """Built-in methods that answer the row with the same bits: what went wrong is likely the same."""
    batch, answers = asked.batch, asked.answers
    if str(answers.trouble[row]) or subject.declared.base != "e" or batch.values.shape[1] > _LONGEST:
        return
    pair, values = asked.truth.formats, batch.values[row : row + 1]
    labels = None if batch.labels is None else batch.labels[row : row + 1]
    for name, functions in METHODS.items():
        if function.name not in functions or name == subject.name:
            continue
        said = ask(method(name), function, values, pair, labels)
        if not str(said.trouble[0]) and _same_bits(said.values[0], answers.values[row]):
            yield name


def _same_bits(one: Floats, other: Floats) -> bool:
    return one.shape == other.shape and bool(
        (((one == other) & (np.signbit(one) == np.signbit(other))) | (np.isnan(one) & np.isnan(other))).all()
    )


def _steps(subjects: Sequence[Subject], function: Function, fmt: str, batch: Batch, output: int) -> list[Share]:
    """What each step adds to the error: of the subject, or of the first method that answers alike."""
    if not 0 < batch.values.shape[1] <= _STEPS:
        return []
    for subject in subjects:
        try:
            shares = explain(subject, function, formats.pair(fmt), batch, output).steps
        except LsecheckError:
            continue
        if shares:
            return [Share(step=one.step, ulps=ABSENT if one.ulps is None else one.ulps) for one in shares]
    return []
