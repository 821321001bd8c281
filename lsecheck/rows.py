"""errors -> evidence: one row per subject x function x format x family; JSON in and out.

A row carries its key, its provenance and its worst case, so that two rows can be compared or
refused. Numbers exist only where something was scored: nan and infinity never reach the JSON.
"""

import hashlib
import math
from collections import Counter
from dataclasses import dataclass, field

import msgspec
import numpy as np

from lsecheck.contracts import LADDER, Contract
from lsecheck.errors import InputError
from lsecheck.formats import FormatPair, hex_text, value
from lsecheck.functions.definition import Domain, Expected, Floats, Function, domains
from lsecheck.inputs.cases import Batch
from lsecheck.inputs.corpus import format_values
from lsecheck.measure import ClassError, Errors
from lsecheck.oracle.truth import Truth
from lsecheck.subjects.subject import Answers

SCHEMA = 1
#: a witness of more runs than this is known by its address alone
WITNESS_RUNS = 64

#: the kind of a finding whose answer is a number, but misses the required contract
INACCURATE = "inaccurate"

Absent = msgspec.UnsetType
ABSENT = msgspec.UNSET


class Witness(msgspec.Struct, frozen=True, kw_only=True):
    """One case, as evidence. Strings are read by `float.fromhex`; an absent number does not exist."""

    case: str  #: FAMILY:SEED:INDEX
    x: str | Absent = ABSENT  #: hex floats, repeats as V*COUNT; absent where it would be very long
    n: int  #: entries
    output: int  #: which output of the row
    answer: str
    truth: str  #: correctly rounded
    ulp: float | Absent = ABSENT
    scaled: float | Absent = ABSENT
    condition: float | Absent = ABSENT
    label: int | Absent = ABSENT  #: of the row, for cross_entropy


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong among the cases that are judged apart from the contract."""

    domain: str  #: specials, range or conduct
    kind: str  #: a class error, or `inaccurate`
    expected: str  #: what was right: a number, nan, +inf, -inf
    count: int
    witness: Witness
    message: str = ""  #: what was raised, or what was wrong with the array


class Row(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one subject did to one family, in one function and format."""

    function: str
    subject: str
    format: str  #: IN, or IN:OUT
    family: str
    n: tuple[int, int]  #: smallest and largest
    cases: int
    exhaustive: bool = msgspec.field(default_factory=bool)
    class_errors: dict[str, int]  #: kind -> outputs
    max_ulp: float | Absent = ABSENT
    max_scaled: float | Absent = ABSENT
    max_excess: float | Absent = ABSENT  #: over the contract that was required
    mean_ulp: float | Absent = ABSENT
    bias_ulp: float | Absent = ABSENT  #: mean signed error
    p50_ulp: float | Absent = ABSENT
    p99_ulp: float | Absent = ABSENT
    correctly_rounded: float | Absent = ABSENT  #: share of the scored outputs
    histogram: list[tuple[float, int]] = []  #: (upper end in ulps, outputs), doubling from 0.5
    contract: str | Absent = ABSENT  #: the strongest that every ordinary case keeps
    tiers: dict[str, int]  #: how the truth was found -> cases
    witness: Witness | Absent = ABSENT  #: the worst case that counts towards the contract
    inputs_sha256: str
    findings: list[Finding] = []
    conventions: dict[str, int] = {}  #: where there is no single answer: which convention -> rows


class Verdict(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is concluded of one subject in one function and format."""

    function: str
    subject: str
    format: str
    contract: str  #: found; `unmeasured` where nothing was scored
    required: str
    status: str  #: pass, fail, unmeasured
    specials: str  #: pass, fail, waived, unmeasured; likewise the next two
    range: str
    conduct: str
    max_ulp: float | Absent = ABSENT
    max_scaled: float | Absent = ABSENT
    worst: str | Absent = ABSENT  #: address of the worst case
    reason: str
    failed_throughout: bool = False  #: no case was answered at all


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A result file."""

    schema: int
    environment: dict[str, str]
    rows: list[Row]
    verdicts: list[Verdict]


def to_json(document: Document) -> str:
    """Strict JSON, one row a line, so that results can be read in a diff."""
    encode = msgspec.json.encode
    lines = ["{", f'"schema": {document.schema},', f'"environment": {encode(document.environment).decode()},']
    for name, records in (("rows", document.rows), ("verdicts", document.verdicts)):
        body = ",\n".join(encode(record).decode() for record in records)
        lines.append(f'"{name}": [\n{body}\n]' + ("," if name == "rows" else ""))
    return "\n".join([*lines, "}"]) + "\n"


def from_json(text: "str | bytes", name: str = "the file") -> Document:
    """A result file read back; `InputError` for anything else."""
    try:
        document = msgspec.json.decode(text, type=Document)
    except msgspec.DecodeError as error:
        raise InputError(f"{name} is not an lsecheck result: {error}") from None
    if document.schema != SCHEMA:
        raise InputError(f"{name} has schema {document.schema}; this lsecheck reads {SCHEMA}: make it again")
    return document


@dataclass(slots=True)
class Tally:
    """The batches of one row as they come in."""

    subject: str
    function: Function
    pair: FormatPair
    family: str
    required: Contract = Contract.SHIFTED
    widths: list[int] = field(default_factory=list)
    cases: int = 0
    kinds: "Counter[str]" = field(default_factory=Counter)
    tiers: "Counter[str]" = field(default_factory=Counter)
    conventions: "Counter[str]" = field(default_factory=Counter)
    parts: list[tuple[Floats, Floats, Floats, Floats]] = field(default_factory=list)
    rung: int = -1
    correct: int = 0
    worst: "tuple[float, Witness] | None" = None
    findings: dict[tuple[str, str, str], Finding] = field(default_factory=dict)
    hashes: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def add(self, batch: Batch, digest: bytes, truth: Truth, answers: Answers, errors: Errors) -> None:
        """Count one batch."""
        rows, n = batch.values.shape
        self.widths.append(n)
        self.cases += rows
        self.tiers.update(truth.tier)
        self.hashes.update(digest)
        trouble = answers.trouble[:, None]
        # a row with trouble has no numbers; its trouble is counted once, at its first output
        kind = np.where(trouble == "", errors.kind, "").astype("<U10")
        kind[:, :1] = np.where(trouble == "", kind[:, :1], trouble)
        self.kinds.update(kind[kind != ""].tolist())
        where = np.broadcast_to(domains(batch.values, self.pair.input.largest)[:, None], kind.shape)
        scored = (truth.expected == Expected.NUMBER) & (errors.kind == "") & (trouble == "")
        self._score(batch, truth, answers, errors, scored & (where != Domain.RANGE))
        # sums that leave the format are judged apart, by the contract that is required
        kind = np.where(scored & (where == Domain.RANGE) & (errors.rung > self.required.rung), INACCURATE, kind)
        ordinary = where == Domain.ORDINARY
        conduct = np.isin(kind, [ClassError.DTYPE, ClassError.SHAPE])
        broken = (kind != "") & ordinary & ~conduct
        if broken.any():
            self.rung = Contract.BROKEN.rung
            self._keep(math.inf, batch, truth, answers, errors, *np.argwhere(broken)[0])
        for row, output in np.argwhere((kind != "") & ~broken):
            domain = "conduct" if conduct[row, output] else Domain(where[row, output]).name.lower()
            self._find(domain, kind[row, output], batch, truth, answers, errors, row, output)
        self._name_conventions(batch, truth, answers)

    def row(self) -> Row:
        """The finished row."""
        measures: dict[str, object] = {}
        if self.parts:
            ulp, signed, scaled, excess = (np.concatenate(column) for column in zip(*self.parts, strict=True))
            ordered = np.sort(ulp)
            measures = {
                "max_ulp": float(ordered[-1]),
                "max_scaled": float(scaled.max()),
                "max_excess": float(excess.max()),
                "mean_ulp": _mean(ulp),
                "bias_ulp": _mean(signed),
                "p50_ulp": float(ordered[(len(ordered) - 1) // 2]),
                "p99_ulp": float(ordered[(len(ordered) - 1) * 99 // 100]),
                "correctly_rounded": self.correct / len(ordered),
                "histogram": _histogram(ordered),
            }
        return Row(
            function=self.function.name,
            subject=self.subject,
            format=str(self.pair),
            family=self.family,
            n=(min(self.widths), max(self.widths)),
            cases=self.cases,
            class_errors=dict(sorted(self.kinds.items())),
            contract=ABSENT if self.rung < 0 else str(LADDER[self.rung]),
            tiers=dict(sorted(self.tiers.items())),
            witness=ABSENT if self.worst is None else self.worst[1],
            inputs_sha256=self.hashes.hexdigest(),
            findings=[self.findings[key] for key in sorted(self.findings)],
            conventions=dict(sorted(self.conventions.items())),
            **measures,  # type: ignore[arg-type]
        )

    def _score(
        self, batch: Batch, truth: Truth, answers: Answers, errors: Errors, scored: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]"
    ) -> None:
        if not scored.any():
            return
        self.parts.append((errors.ulp[scored], errors.signed[scored], errors.scaled[scored], errors.excess[scored]))
        self.rung = max(self.rung, int(errors.rung[scored].max()))
        self.correct += int(errors.correct[scored].sum())
        scaled = np.where(scored, errors.scaled, -1.0)
        row, output = np.unravel_index(int(scaled.argmax()), scaled.shape)
        self._keep(float(scaled[row, output]), batch, truth, answers, errors, row, output)

    def _keep(
        self, rank: float, batch: Batch, truth: Truth, answers: Answers, errors: Errors, row: int, output: int
    ) -> None:
        if self.worst is None or rank > self.worst[0]:
            self.worst = rank, witness(batch, truth, answers, errors, int(row), int(output))

    def _find(
        self, domain: str, kind: str, batch: Batch, truth: Truth, answers: Answers, errors: Errors, row: int, output: int
    ) -> None:
        expected = _EXPECTED[Expected(truth.expected[row, output])]
        key = domain, str(kind), expected
        known = self.findings.get(key)
        if known is None:
            seen = witness(batch, truth, answers, errors, int(row), int(output))
            message = answers.message if answers.trouble[row] else ""
            self.findings[key] = Finding(
                domain=domain, kind=str(kind), expected=expected, count=1, witness=seen, message=message
            )
        else:
            self.findings[key] = msgspec.structs.replace(known, count=known.count + 1)

    def _name_conventions(self, batch: Batch, truth: Truth, answers: Answers) -> None:
        unsettled = (truth.expected == Expected.UNSETTLED).any(-1) & (answers.trouble == "")
        for row in np.flatnonzero(unsettled):
            values = batch.values[row]
            label = None if batch.labels is None else batch.labels[row : row + 1]
            where = "a +inf" if (values == np.inf).any() else "all -inf"
            name = "none of those in use"
            for convention in self.function.conventions:
                if convention.where == where and np.allclose(
                    answers.values[row], convention.answers(values, label), rtol=0.1, equal_nan=True
                ):
                    name = convention.name
                    break
            self.conventions[f"{where}: {name}"] += 1


def witness(batch: Batch, truth: Truth, answers: Answers, errors: Errors, row: int, output: int) -> Witness:
    """One output of one case, written down."""
    fmt = truth.formats.output
    expected = Expected(truth.expected[row, output])
    settled = {
        Expected.NUMBER: value(fmt, int(truth.places[row, output])),
        Expected.PLUS_INFINITY: math.inf,
        Expected.MINUS_INFINITY: -math.inf,
    }
    scored = expected is Expected.NUMBER and not errors.kind[row, output] and not answers.trouble[row]
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
        **numbers,  # type: ignore[arg-type]
    )


def _finite(number: float) -> "float | Absent":
    return float(number) if math.isfinite(number) else ABSENT


def _mean(numbers: Floats) -> float:
    """Exactly rounded sum over count, whatever the order; scaled so that it cannot overflow."""
    return math.fsum(np.ldexp(numbers, -64).tolist()) / len(numbers) * 2.0**64


def _histogram(ordered: Floats) -> list[tuple[float, int]]:
    edges = np.ldexp(0.5, np.arange(1025))
    edges[-1] = np.finfo(np.float64).max
    upto = np.searchsorted(ordered, edges, side="right")
    counts = np.diff(upto, prepend=0)
    return [(float(edges[place]), int(counts[place])) for place in np.flatnonzero(counts)]


_EXPECTED = {
    Expected.NUMBER: "a number",
    Expected.NAN: "nan",
    Expected.PLUS_INFINITY: "+inf",
    Expected.MINUS_INFINITY: "-inf",
    Expected.UNSETTLED: "any convention",
}
