"""rows -> what is judged apart, gathered: findings and conventions by method, which Markdown and the page share."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lsecheck.rows import Finding, Row, Witness


class Gathered(NamedTuple):
    """One kind of finding of one subject, in all formats."""

    function: str
    subject: str
    domain: str
    said: str
    counts: str  #: outputs by format
    first: Witness


def findings(rows: Sequence[Row]) -> list[Gathered]:
    """One for each method and kind of finding, with the formats it was seen in and its first case."""
    seen: dict[tuple[str, str, str, str], dict[str, list[Finding]]] = {}
    for row in rows:
        for finding in row.findings:
            said = finding.message or f"{finding.kind} where {finding.expected} is right"
            key = row.function, row.subject, finding.domain, said
            seen.setdefault(key, {}).setdefault(row.format, []).append(finding)
    gathered = []
    for key, by_format in seen.items():
        counts = ", ".join(f"{name} {sum(f.count for f in found):,}" for name, found in by_format.items())
        gathered.append(Gathered(*key, counts, next(iter(by_format.values()))[0].witness))
    return gathered


def conventions(rows: Sequence[Row]) -> list[tuple[str, str, str]]:
    """Function, subject, and which conventions it follows where mathematics settles nothing, with how many rows."""
    seen: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows:
        for name, count in row.conventions.items():
            counts = seen.setdefault((row.function, row.subject), {})
            counts[name] = counts.get(name, 0) + count
    return [
        (*key, "; ".join(f"{name} ({count:,})" for name, count in sorted(counts.items())))
        for key, counts in seen.items()
    ]


def class_errors(rows: "Iterable[Row]") -> str:
    """Answers of a wrong kind, by kind."""
    total: dict[str, int] = {}
    for row in rows:
        for kind, count in row.class_errors.items():
            total[kind] = total.get(kind, 0) + count
    return ", ".join(f"{kind} {count:,}" for kind, count in sorted(total.items())) or "none"


FINDINGS = "What is wrong with special values and with sums that leave the storage format, with the first case of each."
CONDUCT = (
    "How each method behaves when it is asked in other ways. A difference in bits is noted with its size, and is no"
    " failure; an answer that breaks the contract when it is asked otherwise, or depends on another row, is."
)
UNSETTLED = (
    "softmax and its logarithm of +inf, or of nothing but -inf: each convention in use is accepted, none is scored."
)
