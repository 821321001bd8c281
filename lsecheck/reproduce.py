"""rows of a library -> specimens: each way it fails, at its smallest, and what the library itself prints.

A failure is shrunk through the adapter, then asked once more without lsecheck: the program of
`report.terms`, in a fresh interpreter. What that prints is evidence that no adapter can have spoilt.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from lsecheck import formats, functions
from lsecheck.arena import Arena, Charge
from lsecheck.charges import BEHAVIOUR
from lsecheck.contracts import Contract
from lsecheck.gate.verdicts import grouped
from lsecheck.inputs import cases
from lsecheck.inputs.batch import Batch
from lsecheck.report.findings import program
from lsecheck.rows import FAILS, INACCURATE, Observation, Row, Specimen, Witness
from lsecheck.specimens import making
from lsecheck.subjects.subject import Subject

#: cases of one charge that are shrunk; the simplest result stays
TRIED = 2
#: entries below one of 0: no sum of their exponentials is exact
_BELOW = (-1.0, -0.1)
#: seconds that a program may take: some compile first
PATIENCE = 300.0


def specimens(rows: Sequence[Row], subject: Subject, required: Contract = Contract.SHIFTED) -> "list[Specimen]":
    """Of one library, in the order of its rows: one of each charge in each function and format."""
    found = []
    for (name, _, fmt), members in grouped(rows).items():
        maker = _Maker(Arena(subject, functions.named(name), formats.pair(fmt), required))
        found += [maker.made(charge, seen) for charge, seen in maker.charged(members).items()]
        found += [with_its_words(making.observed(maker.arena, seen)) for seen in _misconduct(members)]
    return found


def printed(program: str) -> str:
    """What a program writes to standard output in a fresh interpreter; where it raises, the last line of that."""
    # -E, and a folder with nothing in it: the library answers as it would anybody
    with tempfile.TemporaryDirectory() as folder:
        try:
            ran = subprocess.run(
                [sys.executable, "-E", "-"],
                input=program,
                capture_output=True,
                text=True,
                cwd=folder,
                timeout=PATIENCE,
            )
        except subprocess.TimeoutExpired:
            return f"no answer within {PATIENCE:g} seconds"
    said = ran.stdout if ran.returncode == 0 else (ran.stderr.strip().splitlines() or [f"exit {ran.returncode}"])[-1]
    return said.strip()


@dataclass(frozen=True, slots=True)
class _Maker:
    """Of one library in one function and format."""

    arena: Arena
    kept: "dict[str, str]" = field(default_factory=dict)  #: case -> the contract that it keeps

    def charged(self, rows: Sequence[Row]) -> "dict[Charge, list[Witness]]":
        """Everything held against it, with a few cases each, the first of each family."""
        found: dict[Charge, list[Witness]] = {}
        for row in rows:
            for finding in row.findings:
                if finding.kind not in BEHAVIOUR:
                    charge = Charge(finding.domain, finding.kind, finding.expected)
                    found.setdefault(charge, []).append(finding.witness)
            if not isinstance(row.contract, str) or Contract(row.contract).keeps(self.arena.required):
                continue
            if isinstance(row.witness, Witness):
                worst = cases.case(row.witness.case, self.arena.function, self.arena.pair.input)
                alone = [charge for charge, _ in self.arena.fresh().judge(worst).charge.values()]
                # a row may need its batch, and fail all the same
                for charge in alone or [making.missed(row.witness)]:
                    found.setdefault(charge, []).append(row.witness)
                    self.kept[row.witness.case] = row.contract
        return found

    def made(self, charge: Charge, seen: "list[Witness]") -> Specimen:
        """The simplest of what a few cases come down to; the first as it is where nothing breaks alone."""
        # short rows first: they are shrunk sooner, and further
        few = sorted(seen, key=lambda each: each.n)[:TRIED]
        able = [made for each in few if (made := making.small(self.arena, each, charge)) is not None]
        if not any(isinstance(made.witness.x, str) for made in able):
            # a long row of many values cannot be pasted; sums that lose digits lose them on plainer ones too
            others = (making.small(self.arena, few[0], charge, row) for row in self._plainer(few[0]))
            able += [made for made in others if made is not None]
        simplest = min(
            able,
            key=lambda made: (not isinstance(made.witness.x, str), made.copies, len(str(made.witness.x))),
            default=None,
        )
        return with_its_words(simplest or self._as_found(charge, seen[0]))

    def _as_found(self, charge: Charge, seen: Witness) -> Specimen:
        """It takes more than itself to be answered wrong: a batch that cannot be told in a few lines."""
        found = making.as_found(self.arena, charge, seen)
        kept = self.kept.get(seen.case, "") if (charge.domain, charge.kind) == ("contract", INACCURATE) else ""
        return msgspec.structs.replace(found, kept=kept)

    def _plainer(self, seen: Witness) -> "Iterator[Batch]":
        """Rows of the same length: one entry of 0 above equal ones."""
        for value in _BELOW:
            row = np.full((1, seen.n), value)
            row[0, :1] = 0.0
            yield self.arena.batch(self.arena.held(row))


def with_its_words(specimen: Specimen) -> Specimen:
    """With what the library itself prints, where a program can ask it."""
    asked = program(specimen)
    return msgspec.structs.replace(specimen, printed=printed(asked)) if asked else specimen


def _misconduct(rows: Sequence[Row]) -> "Iterator[Observation]":
    """The first failure of each rule."""
    first: dict[str, Observation] = {}
    for seen in (seen for row in rows for seen in row.conduct):
        if seen.standing == FAILS and isinstance(seen.witness, Witness):
            first.setdefault(seen.rule, seen)
    yield from first.values()
