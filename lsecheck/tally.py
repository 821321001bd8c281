"""errors, batch by batch -> the row that sums them up.

Numbers are kept only for outputs that were scored; everything else is counted by its kind. The
worst case of each sort is written down as it passes.
"""

import hashlib
import math
from collections import Counter
from dataclasses import dataclass, field

import msgspec
import numpy as np

from lsecheck.charges import BEHAVIOUR, EXPECTED, NOTHING, Asked, Charges, charges, convention, unsettled
from lsecheck.contracts import LADDER, Contract
from lsecheck.distribution import Distribution
from lsecheck.formats import FormatPair, hex_text, value
from lsecheck.functions.definition import Domain, Expected, Function
from lsecheck.inputs.corpus import format_values
from lsecheck.landscape import Landscape
from lsecheck.measure import Flags
from lsecheck.oracle.truth import TIERS
from lsecheck.rows import (
    ABSENT,
    FAILS,
    HOLDS,
    NOTED,
    UNCONVENTIONAL,
    Absent,
    Finding,
    Observation,
    Row,
    Witness,
)

#: a witness of more runs than this is known by its address alone
WITNESS_RUNS = 64


@dataclass(slots=True)
class Tally:
    """The batches of one row as they come in."""

    subject: str
    function: Function
    pair: FormatPair
    family: str
    required: Contract = Contract.SHIFTED
    options: str = ""
    widths: list[int] = field(default_factory=list)
    cases: int = 0
    kinds: "Counter[str]" = field(default_factory=Counter)
    tiers: "Counter[str]" = field(default_factory=Counter)
    domains: "Counter[str]" = field(default_factory=Counter)
    conventions: "Counter[str]" = field(default_factory=Counter)
    errors: Distribution = field(default_factory=Distribution)
    landscape: Landscape = field(default_factory=Landscape)
    rung: int = -1
    correct: int = 0
    worst: "tuple[tuple[int, float], Witness] | None" = None
    findings: dict[tuple[str, str, str], Finding] = field(default_factory=dict)
    conduct: dict[str, Observation] = field(default_factory=dict)
    hashes: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    said: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def add(self, asked: Asked, digest: bytes) -> None:
        """Count one batch."""
        batch, truth, answers, _ = asked
        rows, n = batch.values.shape
        self.widths.append(n)
        self.cases += rows
        tiers = np.bincount(truth.tiers, minlength=len(TIERS)).tolist()
        self.tiers.update({name: count for name, count in zip(TIERS, tiers, strict=True) if count})
        self.hashes.update(digest)
        self.said.update(answers.values.tobytes())
        self.said.update(answers.trouble.tobytes())
        for notice in answers.notices:
            seen = witness(asked, 0, 0)
            self.observe(Observation(rule=notice.rule, standing=FAILS, calls=1, message=notice.message, witness=seen))
        found = charges(asked, self.required)
        counts = np.bincount(found.domains, minlength=len(Domain)).tolist()
        self.domains.update({Domain(code).name.lower(): count for code, count in enumerate(counts) if count})
        self._score(asked, found.scored & (found.domains != Domain.RANGE)[:, None])
        self.landscape.add(asked, found)
        if found.scored.all() and not (found.domains != Domain.ORDINARY).any():
            return
        self.kinds.update(found.raw[found.raw != ""].tolist())
        ordinary = (found.domains == Domain.ORDINARY)[:, None]
        broken = (found.kind != "") & ordinary & ~np.isin(found.kind, BEHAVIOUR)
        if broken.any():
            self.rung = Contract.BROKEN.rung
            self._keep((Contract.BROKEN.rung, math.inf), asked, *np.argwhere(broken)[0])
        self._find(asked, found, (found.kind != "") & ~broken)
        if found.kind.shape[1] == 0:
            self._find_without_outputs(asked)
        self._name_conventions(asked)

    def observe(self, seen: Observation) -> None:
        """Count one observation of conduct: of each rule the worst is kept, the first of its sort."""
        known = self.conduct.get(seen.rule)
        if known is None:
            self.conduct[seen.rule] = seen
            return
        worse = max(known, seen, key=lambda one: _STANDINGS.index(one.standing))
        sizes = [one.ulp for one in (known, seen) if isinstance(one.ulp, float)]
        self.conduct[seen.rule] = msgspec.structs.replace(
            worse, calls=known.calls + seen.calls, ulp=max(sizes, default=ABSENT)
        )

    def row(self) -> Row:
        """The finished row."""
        measures: dict[str, object] = {}
        if self.errors.count:
            measures = self.errors.figures() | {"correctly_rounded": self.correct / self.errors.count}
        return Row(
            function=self.function.name,
            subject=self.subject,
            format=str(self.pair),
            family=self.family,
            n=(min(self.widths, default=0), max(self.widths, default=0)),
            cases=self.cases,
            exhaustive=False,
            class_errors=dict(sorted(self.kinds.items())),
            contract=ABSENT if self.rung < 0 else str(LADDER[self.rung]),
            tiers=dict(sorted(self.tiers.items())),
            domains=dict(sorted(self.domains.items())),
            witness=ABSENT if self.worst is None else self.worst[1],
            inputs_sha256=self.hashes.hexdigest(),
            answers_sha256=self.said.hexdigest(),
            options=self.options,
            conduct=list(self.conduct.values()),
            findings=[self.findings[key] for key in sorted(self.findings)],
            conventions=dict(sorted(self.conventions.items())),
            by_condition=self.landscape.by_condition(),
            by_place=self.landscape.by_place(),
            **measures,  # type: ignore[arg-type]
        )

    def _score(self, asked: Asked, scored: Flags) -> None:
        if not scored.any():
            return
        errors = asked.errors
        self.errors.add(errors.ulp[scored], errors.signed[scored], errors.scaled[scored], errors.excess[scored])
        self.rung = max(self.rung, int(errors.rung[scored].max()))
        self.correct += int(errors.correct[scored].sum())
        # the witness is of the weakest contract kept; among those the largest E
        rung = int(errors.rung[scored].max())
        scaled = np.where(scored & (errors.rung == rung), errors.scaled, -1.0)
        row, output = divmod(int(scaled.argmax()), scaled.shape[1])
        self._keep((rung, float(scaled[row, output])), asked, row, output)

    def _keep(self, rank: tuple[int, float], asked: Asked, row: int, output: int) -> None:
        if self.worst is None or rank > self.worst[0]:
            self.worst = rank, witness(asked, int(row), int(output))

    def _find(self, asked: Asked, found: Charges, held: Flags) -> None:
        """Count what is held against these outputs; of each sort the first that comes is shown."""
        places = np.argwhere(held)
        kinds, codes = np.unique(found.kind[held], return_inverse=True)
        expected = asked.truth.expected[held].astype(np.int64)
        sorts = (codes * len(Domain) + found.domains[places[:, 0]]) * len(Expected) + expected
        _, firsts, counts = np.unique(sorts, return_index=True, return_counts=True)
        for first, count in sorted(zip(firsts.tolist(), counts.tolist(), strict=True)):
            row, output = places[first].tolist()
            about = found.domain(row, output), str(kinds[codes[first]]), EXPECTED[Expected(int(expected[first]))]
            if not self._counted(*about, count):
                message = asked.answers.message if asked.answers.trouble[row] else ""
                self._first(*about, witness(asked, row, output), message, count)

    def _find_without_outputs(self, asked: Asked) -> None:
        """Trouble with rows of no entries, where softmax has nothing to answer."""
        for row in np.flatnonzero(asked.answers.trouble != ""):
            kind = str(asked.answers.trouble[row])
            self.kinds[kind] += 1
            domain = "conduct" if kind in BEHAVIOUR else "specials"
            if not self._counted(domain, kind, NOTHING):
                self._first(domain, kind, NOTHING, witness(asked, int(row), 0), asked.answers.message)

    def _counted(self, domain: str, kind: str, expected: str, count: int = 1) -> bool:
        """Count more of a finding, if there was one before."""
        key = domain, kind, expected
        known = self.findings.get(key)
        if known is not None:
            self.findings[key] = msgspec.structs.replace(known, count=known.count + count)
        return known is not None

    def _first(self, domain: str, kind: str, expected: str, seen: Witness, message: str, count: int = 1) -> None:
        self.findings[domain, kind, expected] = Finding(
            domain=domain, kind=kind, expected=expected, count=count, witness=seen, message=message
        )

    def _name_conventions(self, asked: Asked) -> None:
        for row in np.flatnonzero(unsettled(asked)):
            where, name = convention(asked, int(row))
            expected = EXPECTED[Expected.UNSETTLED]
            if not name and not self._counted("specials", UNCONVENTIONAL, expected):
                self._first("specials", UNCONVENTIONAL, expected, witness(asked, int(row), 0), "")
            self.conventions[f"{where}: {name or 'none of those in use'}"] += 1


def witness(asked: Asked, row: int, output: int) -> Witness:
    """One output of one case, written down; of a row without outputs, what there is."""
    batch, truth, answers, errors = asked
    message = answers.message if answers.trouble[row] else ABSENT
    if truth.expected.shape[1] == 0:
        return Witness(case=batch.address(row), x="", n=0, output=0, answer="nan", truth="nan", message=message)
    fmt = truth.formats.output
    expected = Expected(truth.expected[row, output])
    settled = {
        Expected.NUMBER: value(fmt, int(truth.places[row, output])),
        Expected.PLUS_INFINITY: math.inf,
        Expected.MINUS_INFINITY: -math.inf,
    }
    scored = expected is Expected.NUMBER and not errors.codes[row, output] and not answers.trouble[row]
    numbers = {
        "ulp": float(errors.ulp[row, output]) if scored else ABSENT,
        "scaled": float(errors.scaled[row, output]) if scored else ABSENT,
        "condition": _finite(errors.condition[row, output]) if expected is Expected.NUMBER else ABSENT,
    }
    text = format_values(batch.values[row].tolist(), WITNESS_RUNS)
    return Witness(
        case=batch.address(row),
        x=ABSENT if text is None else text,
        n=batch.values.shape[1],
        output=output,
        answer=hex_text(float(answers.values[row, output])),
        truth=hex_text(settled.get(expected, math.nan)),
        label=ABSENT if batch.labels is None else int(batch.labels[row]),
        message=message,
        **numbers,
    )


def _finite(number: float) -> "float | Absent":
    return float(number) if math.isfinite(number) else ABSENT


_STANDINGS = (HOLDS, NOTED, FAILS)
