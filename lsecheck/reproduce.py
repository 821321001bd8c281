"""rows of a library -> specimens: each way it fails, at its smallest, and what the library itself prints.

A failure is shrunk through the adapter, then asked once more without lsecheck: the program of
`report.terms`, in a fresh interpreter. What that prints is evidence that no adapter can have spoilt.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import msgspec
import numpy as np

from lsecheck import formats, functions
from lsecheck.arena import Arena, Charge
from lsecheck.charges import BEHAVIOUR
from lsecheck.contracts import LADDER, Contract
from lsecheck.errors import Undecided
from lsecheck.formats import FormatPair
from lsecheck.functions.definition import Floats, Function, Labels
from lsecheck.gate.verdicts import grouped
from lsecheck.inputs import cases
from lsecheck.inputs.batch import Batch
from lsecheck.inputs.kept import numbers
from lsecheck.report.findings import program
from lsecheck.rows import FAILS, INACCURATE, Observation, Row, Specimen, Witness
from lsecheck.shrink import Case, shrunk
from lsecheck.spoken import exactly
from lsecheck.subjects.methods import METHODS, method
from lsecheck.subjects.subject import Subject, ask
from lsecheck.tally import witness

#: cases of one charge that are shrunk; the simplest result stays
TRIED = 2
#: seconds for each
SECONDS = 3.0
#: digits of the exact value
DIGITS = 20
#: seconds that a program may take: some compile first
PATIENCE = 300.0
#: formats that a library may compute in instead of the one it is given
_ELSEWHERE = ("float32", "float64")


def specimens(rows: Sequence[Row], subject: Subject, required: Contract = Contract.SHIFTED) -> "list[Specimen]":
    """Of one library, in the order of its rows: one of each charge in each function and format."""
    found = []
    for (name, _, fmt), members in grouped(rows).items():
        maker = _Maker(Arena(subject, functions.named(name), formats.pair(fmt), required))
        found += [maker.made(charge, seen) for charge, seen in maker.charged(members).items()]
        found += [maker.misconduct(seen) for seen in _misconduct(members)]
    return found


def printed(program: str) -> str:
    """What a program writes to standard output in a fresh interpreter; where it raises, the last line of that."""
    # nothing of this process or folder: the library answers as it would anybody
    clean = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(
            [sys.executable, "-"],
            input=program,
            capture_output=True,
            text=True,
            cwd=folder,
            env=clean,
            timeout=PATIENCE,
        )
    said = ran.stdout if ran.returncode == 0 else (ran.stderr.strip().splitlines() or [f"exit {ran.returncode}"])[-1]
    return said.strip()


@dataclass(frozen=True, slots=True)
class _Maker:
    """Of one library in one function and format."""

    arena: Arena

    def charged(self, rows: Sequence[Row]) -> "dict[Charge, list[Witness]]":
        """Everything held against it, with a few cases each, the first of each family."""
        found: dict[Charge, list[Witness]] = {}
        for row in rows:
            for finding in row.findings:
                if finding.kind not in BEHAVIOUR:
                    charge = Charge(finding.domain, finding.kind, finding.expected)
                    found.setdefault(charge, []).append(finding.witness)
            missed = isinstance(row.contract, str) and not Contract(row.contract).keeps(self.arena.required)
            if missed and isinstance(row.witness, Witness):
                heard = self.arena.fresh().judge(self._case(row.witness))
                for charge, _ in heard.charge.values():
                    found.setdefault(charge, []).append(row.witness)
        return found

    def made(self, charge: Charge, seen: "list[Witness]") -> Specimen:
        """The simplest of what a few cases come down to; the first as it is where nothing breaks alone."""
        # short rows first: they are shrunk sooner, and further
        tried = [self._smallest(charge, each) for each in sorted(seen, key=lambda each: each.n)[:TRIED]]
        able = [made for made in tried if made is not None]
        if not able:
            return self._specimen(charge, seen[0], seen[0], 1, "")
        return min(able, key=lambda made: (made.copies, len(str(made.witness.x))))

    def misconduct(self, seen: Observation) -> Specimen:
        """A rule of conduct that fails, as it was observed."""
        assert isinstance(seen.witness, Witness), "a rule that fails says on which case"
        shown = msgspec.structs.replace(seen.witness, message=seen.message)
        return self._specimen(Charge("conduct", seen.rule, ""), shown, shown, 1, "")

    def _case(self, seen: Witness) -> Batch:
        return cases.case(seen.case, self.arena.function, self.arena.pair.input)

    def _smallest(self, charge: Charge, seen: Witness) -> "Specimen | None":
        batch, arena = self._case(seen), self.arena.fresh()
        label = None if batch.labels is None else int(batch.labels[0])
        case, _ = shrunk(arena, charge, Case(batch.values[0], label), SECONDS)
        # no copies: the row breaks nothing without its neighbours, and then there is nothing to hear
        labels = None if case.label is None else np.full(case.copies, case.label)
        heard = arena.hear(np.repeat(case.row[None, :], case.copies, 0), labels)
        at = next(((row, output) for row, (found, output) in heard.charge.items() if found == charge), None)
        if at is None:
            return None
        shown, rung = witness(heard.asked, *at), heard.asked.errors.rung
        scored = isinstance(shown.ulp, float)
        return self._specimen(charge, shown, seen, case.copies, str(LADDER[int(rung[at])]) if scored else "")

    def _specimen(self, charge: Charge, shown: Witness, found: Witness, copies: int, kept: str) -> Specimen:
        arena = self.arena
        values = np.array(list(numbers(shown.x))) if isinstance(shown.x, str) else None
        label = shown.label if isinstance(shown.label, int) else None
        whole = values is not None and charge.domain != "conduct"
        made = Specimen(
            function=arena.function.name,
            subject=arena.subject.name,
            format=str(arena.pair),
            domain=charge.domain,
            kind=charge.kind,
            expected=charge.expected,
            missed=str(arena.required) if charge.kind == INACCURATE else "",
            kept=kept,
            exact=_exact(arena.function, values, label, shown.output) if values is not None else "",
            witness=shown,
            copies=copies,
            found=found,
            alike=list(_alike(arena, values, label, shown)) if whole and values is not None else [],
        )
        asked = program(made)
        return msgspec.structs.replace(made, printed=printed(asked)) if asked else made


def _misconduct(rows: Sequence[Row]) -> "Iterator[Observation]":
    """The first failure of each rule."""
    first: dict[str, Observation] = {}
    for seen in (seen for row in rows for seen in row.conduct):
        if seen.standing == FAILS and isinstance(seen.witness, Witness):
            first.setdefault(seen.rule, seen)
    yield from first.values()


def _exact(function: Function, values: Floats, label: "int | None", output: int) -> str:
    """The exact value in decimal; '' where there is no number, or none can be told."""
    exact = [Fraction(value) if np.isfinite(value) else value for value in values.tolist()]
    try:
        lines = exactly(function, exact, label, DIGITS)
    except Undecided:
        return ""
    line = lines[min(output, len(lines) - 1)]
    return line if line.lstrip("-")[:1].isdigit() else ""


def _alike(arena: Arena, values: Floats, label: "int | None", shown: Witness) -> "Iterator[str]":
    """Methods that answer this row with the same bits."""
    function, pair = arena.function, arena.pair
    labels: "Labels | None" = None if label is None else np.array([label])
    if not len(values):
        return
    said = float.fromhex(shown.answer)
    for name in METHODS:
        if function.name not in METHODS[name]:
            continue
        for spec in (name, *(f"{name}@{other}" for other in _ELSEWHERE if other != pair.input.name)):
            answer = _output(method(spec), function, values, pair, labels, shown.output)
            if answer == said or (np.isnan(answer) and np.isnan(said) and not shown.message):
                yield spec


def _output(
    subject: Subject, function: Function, values: Floats, pair: FormatPair, labels: "Labels | None", output: int
) -> float:
    with np.errstate(all="ignore"):
        answers = ask(subject, function, values[None, :], pair, labels)
    return float(answers.values[0, output]) if not answers.troubled else np.nan
