"""a case that a subject gets wrong -> a specimen: as small as it can be made, with the exact value and why.

A shrunk case still breaks the same; where the arena has a floor (`Arena.least`), by at least as much.
"""

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from lsecheck import formats
from lsecheck.arena import Arena, Charge, Heard
from lsecheck.charges import Asked
from lsecheck.contracts import LADDER
from lsecheck.errors import LsecheckError
from lsecheck.explain import explain
from lsecheck.functions.definition import Floats
from lsecheck.inputs import cases
from lsecheck.inputs.batch import Batch
from lsecheck.inputs.corpus import format_values
from lsecheck.inputs.kept import numbers
from lsecheck.rows import ABSENT, INACCURATE, Observation, Share, Specimen, Witness
from lsecheck.shrink import Case, shrunk
from lsecheck.spoken import exactly
from lsecheck.subjects.methods import METHODS, method
from lsecheck.subjects.subject import Subject, ask
from lsecheck.tally import WITNESS_RUNS, witness

#: cases, and entries of them, that are asked to shrink one; and a limit for subjects that are slow
CASES, ENTRIES, SECONDS = 50_000, 1 << 25, 20.0
#: entries of a row whose exact digits are worth their time, and of one whose steps are
_LONGEST, _STEPS = 1 << 16, 4096
DIGITS = 20
#: what may be done to a row with -inf entries, to learn whether it is they that matter
WITHOUT, LAST, ABOVE = "without its -inf entries", "with its -inf entries last", "with an entry of 0 more"
#: formats that a subject may compute in instead of the one it is given
_WIDER = ("float32", "float64")


def small(
    arena: Arena, seen: Witness, charge: "Charge | None" = None, start: "Batch | None" = None
) -> "Specimen | None":
    """The smallest case that breaks the same; None where the row breaks nothing without its neighbours.

    charge    what it must break; by default what it breaks first
    start     a row to begin with; by default that of `seen`, whose address it keeps where it stays as it is
    raises    `LsecheckError` for a case that cannot be asked: a file that is no more, or nobody can decide
    """
    address = seen.case if start is None else ""
    start = start or cases.case(seen.case, arena.function, arena.pair.input)
    label = None if start.labels is None else int(start.labels[0])
    if charge is None:
        broken = arena.fresh().judge(start).charge
        if not broken:
            return None
        charge = next(iter(broken.values()))[0]
    whole = case = Case(start.values[0], label, 1, start.plan)
    if charge.domain != "range":  # it takes its length
        budget = min(CASES, max(ENTRIES // max(len(case.row), 1), 32))
        case, _ = shrunk(arena, charge, case, SECONDS, budget)
        if address and format_values(case.row.tolist(), WITNESS_RUNS) is None:
            case = whole  # what is not written out must have an address
    # no copies: nothing is broken without its neighbours, and then there is nothing to hear
    found = _again(arena, charge, case)
    if found is None:
        return None
    made = _specimen(arena, charge, seen, *found, case.copies)
    if address and case is whole:
        made = msgspec.structs.replace(made, witness=msgspec.structs.replace(made.witness, case=address))
    return made


def as_found(arena: Arena, charge: Charge, seen: Witness) -> Specimen:
    """A case that is shown as a row of evidence has it."""
    return _shown(arena, charge, seen, _exact(arena, seen))


def _shown(arena: Arena, charge: Charge, seen: Witness, exact: str) -> Specimen:
    return Specimen(
        function=arena.function.name,
        subject=arena.subject.name,
        format=str(arena.pair),
        options=arena.subject.options,
        domain=charge.domain,
        kind=charge.kind,
        expected=charge.expected,
        missed=str(arena.required) if charge.domain == "contract" else "",
        kept="",
        exact=exact,
        witness=seen,
        found=seen,
    )


def missed(seen: Witness) -> Charge:
    """What is held against a case that misses a contract, and is not asked again."""
    scored = isinstance(seen.scaled, float)
    wrong = "nan" if seen.answer == "nan" else "infinite"
    return Charge("contract", INACCURATE if scored else wrong, "a number")


def observed(arena: Arena, seen: Observation) -> Specimen:
    """A rule of conduct that fails, as it was observed."""
    assert isinstance(seen.witness, Witness), "a rule that fails says on which case"
    shown = msgspec.structs.replace(seen.witness, message=seen.message)
    return as_found(arena, Charge("conduct", seen.rule, ""), shown)


def _again(arena: Arena, charge: Charge, case: Case) -> "tuple[Heard, int, int] | None":
    """A case as it is asked again, with the row and output that break the same; None where none does."""
    values = np.repeat(case.row[None, :], case.copies, axis=0)
    labels = None if case.label is None else np.full(case.copies, case.label)
    heard = arena.fresh().hear(values, labels, case.plan)
    found = ((row, output) for row, (other, output) in heard.charge.items() if other == charge)
    return next(((heard, *at) for at in found), None)


def _specimen(
    arena: Arena, charge: Charge, seen: Witness, heard: Heard, row: int, output: int, copies: int
) -> Specimen:
    asked = heard.asked
    shown = witness(asked, row, output)
    batch = asked.batch.some(np.array([row]))
    alike = [*_answer_alike(arena, asked, row)]
    return msgspec.structs.replace(
        _shown(arena, charge, seen, _exact(arena, shown, batch.values[0])),
        kept=str(LADDER[asked.errors.rung[row, output]]) if isinstance(shown.ulp, float) else "",
        witness=shown,
        copies=copies,
        steps=_steps(arena, [arena.subject, *map(method, alike)], batch, output),
        alike=alike,
        otherwise=_otherwise(arena, charge, batch),
    )


# ---- why ----


def _exact(arena: Arena, seen: Witness, row: "Floats | None" = None) -> str:
    """The exact value in decimal; '' where there is no number, or it is not soon known.

    row    its entries, where they are at hand; else those that are written out
    """
    if not 0 < seen.n <= _LONGEST or arena.subject.declared.base != "e":
        return ""
    if row is None:
        row = np.array([*numbers(seen.x)] if isinstance(seen.x, str) else [])
    if not len(row):
        return ""
    label = seen.label if isinstance(seen.label, int) else None
    try:
        said = exactly(arena.function, row, label, DIGITS)[seen.output]
    except LsecheckError:
        return ""
    return said if said.lstrip("-")[:1].isdigit() else ""


def _answer_alike(arena: Arena, asked: Asked, row: int) -> Iterator[str]:
    """Built-in methods that answer the row alike, bit for bit: what went wrong is likely the same."""
    batch, answers, function, pair = asked.batch, asked.answers, arena.function, arena.pair
    if str(answers.trouble[row]) or not 0 < batch.values.shape[1] <= _LONGEST or arena.subject.declared.base != "e":
        return
    labels = None if batch.labels is None else batch.labels[row : row + 1]
    wider = [name for name in _WIDER if formats.named(name).precision > pair.input.precision]
    itself = arena.subject.name.partition("@")[0]
    for name in (name for name, functions in METHODS.items() if function.name in functions and name != itself):
        for spec in (name, *(f"{name}@{other}" for other in wider)):
            said = ask(method(spec), function, batch.values[row : row + 1], pair, labels)
            if not str(said.trouble[0]) and _same(said.values[0], answers.values[row]):
                yield spec


def _same(one: Floats, other: Floats) -> bool:
    """The sign of a zero is recorded elsewhere, never scored."""
    return one.shape == other.shape and np.array_equal(one, other, equal_nan=True)


def _otherwise(arena: Arena, charge: Charge, batch: Batch) -> "dict[str, str]":
    """How rows like it are answered: without the -inf entries and with them elsewhere, or with smaller numbers."""
    row, variants = batch.values[0], {}
    masked = row == -np.inf
    if batch.labels is None and masked.any() and not masked.all():
        kept = row[~masked]
        variants = {WITHOUT: kept, LAST: np.concatenate([kept, row[masked]]), ABOVE: np.append(row, 0.0)}
    elif len(row) == 1 and np.isfinite(row).all() and charge.kind != INACCURATE:
        variants = {f"[{float(entry)!r}]": np.array([entry]) for entry in _threshold(arena, float(row[0]), batch.plan)}
    return {what: "wrong" if _broken(arena, values, batch.plan) else "right" for what, values in variants.items()}


def _threshold(arena: Arena, wrong: float, plan: str) -> "tuple[float, ...]":
    """The entries of rows of one, neighbours in the format, between which right turns to wrong; none from 0 on."""
    right = 0.0
    if _broken(arena, np.array([right]), plan):
        return ()
    # bisection: the two stay right and wrong, and each step is a number of the format strictly between them
    while (middle := float(arena.held(np.array([(right + wrong) / 2]))[0])) not in (right, wrong):
        if _broken(arena, np.array([middle]), plan):
            wrong = middle
        else:
            right = middle
    return right, wrong


def _broken(arena: Arena, row: Floats, plan: str) -> bool:
    return bool(arena.fresh().hear(row[None, :], plan=plan).broken[0])


def _steps(arena: Arena, subjects: Sequence[Subject], batch: Batch, output: int) -> list[Share]:
    """What each step adds to the error: of the subject, or of the first method that answers alike."""
    if not 0 < batch.values.shape[1] <= _STEPS:
        return []
    for subject in subjects:
        try:
            shares = explain(subject, arena.function, arena.pair, batch, output).steps
        except LsecheckError:
            continue
        if shares:
            return [Share(step=one.step, ulps=ABSENT if one.ulps is None else one.ulps) for one in shares]
    return []
