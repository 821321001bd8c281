"""a result document -> summary.md: the verdict in a sentence, the matrix, the worst of each family.

A pure function: the committed summaries are what this renders from the committed JSON.
"""

from collections.abc import Iterable, Sequence

from lsecheck import formats
from lsecheck.contracts import LADDER, MEANING
from lsecheck.functions import FUNCTIONS
from lsecheck.inputs.cases import sources
from lsecheck.report import behaviour, twins
from lsecheck.report.words import MARKS, entries, sampled, sentences, short, table
from lsecheck.rows import Document, Finding, Row, Verdict, Witness

#: longer values than this are known by their address
_LONGEST = 60


def summary(document: Document, title: str) -> str:
    """The accuracy report as Markdown."""
    functions = list(dict.fromkeys(verdict.function for verdict in document.verdicts))
    parts = [f"# {title}", *sentences(document.verdicts), _measured(document), "## The matrix", _KEY]
    for function in functions:
        verdicts = [verdict for verdict in document.verdicts if verdict.function == function]
        parts += [f"### {function}", _matrix(verdicts, document.rows)]
    parts += ["## Findings judged apart", _FINDINGS, _findings(document.rows)]
    said = dict.fromkeys(f"* `{v.subject}` was asked with `{v.options}`" for v in document.verdicts if v.options)
    parts += ["\n".join(said)] if said else []
    alike = twins.spoken(twins.found(document.rows))
    if alike:
        parts.append("\n".join(f"* {sentence}" for sentence in alike))
    behaved = behaviour.body(document.rows)
    if behaved:
        parts += ["## Conduct", _CONDUCT, table(behaviour.HEADER, [(f"`{line[0]}`", *line[1:]) for line in behaved])]
    conventions = _conventions(document.rows)
    if conventions:
        parts += ["## Where there is no single answer", _UNSETTLED, conventions]
    parts += ["## The worst of each family", _WORST]
    for function in functions:
        rows = [row for row in document.rows if row.function == function]
        parts += [f"### {function}, by family", _worst(rows)]
    parts += ["## How to read this", _reading(), "## Environment", _environment(document)]
    return "\n\n".join(parts) + "\n"


def _measured(document: Document) -> str:
    asked = {(row.function, row.format, row.family): row.cases for row in document.rows}
    how = " and ".join(sorted({sampled(row) for row in document.rows}))
    families = len({row.family for row in document.rows})
    return (
        f"Measured: {sum(asked.values()):,} cases from {families} families, each put to every method ({how}: every"
        " maximum below is the worst found among them, no more)."
    )


def _matrix(verdicts: Sequence[Verdict], rows: Sequence[Row]) -> str:
    header = ("method", "format", "contract", "worst ulp", "worst E", "specials", "range", "conduct", "class errors")
    body = [
        (
            f"`{verdict.subject}`",
            verdict.format,
            f"**{verdict.contract}**",
            short(verdict.max_ulp),
            short(verdict.max_scaled),
            MARKS[verdict.specials],
            MARKS[verdict.range],
            MARKS[verdict.conduct],
            _class_errors(row for row in rows if _key(row) == _key(verdict)),
        )
        for verdict in verdicts
    ]
    return table(header, body)


def _key(of: "Row | Verdict") -> tuple[str, str, str]:
    return of.function, of.subject, of.format


def _class_errors(rows: "Iterable[Row]") -> str:
    total: dict[str, int] = {}
    for row in rows:
        for kind, count in row.class_errors.items():
            total[kind] = total.get(kind, 0) + count
    return ", ".join(f"{kind} {count:,}" for kind, count in sorted(total.items())) or "none"


def _findings(rows: Sequence[Row]) -> str:
    """One line per method and kind of finding, with the formats it was seen in and its first case."""
    seen: dict[tuple[str, str, str, str], dict[str, list[Finding]]] = {}
    for row in rows:
        for finding in row.findings:
            key = row.function, row.subject, finding.domain, _said(finding)
            seen.setdefault(key, {}).setdefault(row.format, []).append(finding)
    if not seen:
        return "None."
    header = ("function", "method", "under", "finding", "outputs", "first case", "x")
    body = []
    for (function, subject, domain, said), by_format in seen.items():
        first = next(iter(by_format.values()))[0].witness
        counts = ", ".join(f"{name} {sum(f.count for f in found):,}" for name, found in by_format.items())
        body.append(
            (function, f"`{subject}`", domain, said, counts, f"`{first.case}`", f"`{entries(first, _LONGEST)}`")
        )
    return table(header, body)


def _conventions(rows: Sequence[Row]) -> str:
    """Which convention each method follows where mathematics settles nothing, with how many rows."""
    seen: dict[tuple[str, str], dict[str, int]] = {}
    for row in rows:
        for name, count in row.conventions.items():
            counts = seen.setdefault((row.function, row.subject), {})
            counts[name] = counts.get(name, 0) + count
    if not seen:
        return ""
    body = [
        (function, f"`{subject}`", "; ".join(f"{name} ({count:,})" for name, count in sorted(counts.items())))
        for (function, subject), counts in seen.items()
    ]
    return table(("function", "method", "rows: convention"), body)


def _said(finding: Finding) -> str:
    return finding.message or f"{finding.kind} where {finding.expected} is right"


def _worst(rows: Sequence[Row]) -> str:
    """For each family the methods in order: worst ulp and E by format, and the worst case of all."""
    columns = sorted({row.format for row in rows}, key=_format_order)
    header = (
        "family",
        "n",
        "method",
        *(f"{name}: ulp, E" for name in columns),
        "keeps",
        "worst case",
        "got",
        "should be",
    )
    groups: dict[tuple[str, str], dict[str, Row]] = {}
    for row in sorted(rows, key=lambda row: _family_order(row.family)):
        groups.setdefault((row.family, row.subject), {})[row.format] = row
    body = []
    for (family, subject), by_format in groups.items():
        worst = max(by_format.values(), key=_badness)
        figures = [_figures(by_format.get(name)) for name in columns]
        kept = worst.contract if isinstance(worst.contract, str) else "-"
        body.append((family, _widths(worst), f"`{subject}`", *figures, kept, *_evidence(worst)))
    return table(header, body)


def _badness(row: Row) -> tuple[int, float]:
    rung = [str(contract) for contract in LADDER].index(row.contract) if isinstance(row.contract, str) else -1
    return rung, row.max_scaled if isinstance(row.max_scaled, float) else -1.0


def _figures(row: "Row | None") -> str:
    return "-" if row is None else f"{short(row.max_ulp)}, {short(row.max_scaled)}"


def _widths(row: Row) -> str:
    low, high = row.n
    return str(low) if low == high else f"{low} to {high}"


def _evidence(row: Row) -> tuple[str, str, str]:
    if not isinstance(row.witness, Witness):
        return "-", "-", "-"
    seen = row.witness
    listed = isinstance(seen.x, str) and len(seen.x) <= _LONGEST
    return f"{row.format} `{entries(seen) if listed else seen.case}`", f"`{seen.answer}`", f"`{seen.truth}`"


def _family_order(name: str) -> int:
    known = [source.name for source in sources()]
    return known.index(name) if name in known else len(known)


def _format_order(name: str) -> int:
    return [*formats.FORMATS].index(name) if name in formats.FORMATS else len(formats.FORMATS)


def _reading() -> str:
    rungs = "\n".join(f"* `{contract}`: {MEANING[contract]}" for contract in LADDER)
    known = "\n".join(f"* `{function.name}`: {function.formula}" for function in FUNCTIONS.values())
    return f"{_DEFINITIONS}\n\nContracts, strongest first:\n\n{rungs}\n\nFunctions:\n\n{known}"


def _environment(document: Document) -> str:
    return "\n".join(f"* {name}: {value}" for name, value in document.environment.items())


_KEY = (
    "The contract is the strongest that every ordinary case keeps. ✓ ✗: special values, and sums that leave the"
    " storage format, are judged apart; - means that nothing of the kind was asked."
)

_FINDINGS = (
    "What is wrong with special values and with sums that leave the storage format, with the first case of each."
)

_CONDUCT = (
    "How each method behaves when it is asked in other ways. A difference in bits is noted with its size, and is no"
    " failure; an answer that breaks the contract when it is asked otherwise, or depends on another row, is."
)

_UNSETTLED = (
    "softmax and its logarithm of +inf, or of nothing but -inf: each convention in use is accepted, none is scored."
)

_WORST = (
    "Worst error found by format, as ulps and E; then, of the format where it stands worst, the worst case, what was"
    " got and what should be, in hex."
)

_DEFINITIONS = """* **ulp**: |answer - exact| in units in the last place of the output format at the exact value; 0.5 is
  as good as it gets.
* **E**: the same error over max(u·|exact| + u·K, t/2), K the condition sum. A large ulp error with a small E is
  mathematics (the exact value is near 0); a large E is the implementation.
* **case**: `FAMILY:SEED:INDEX`; `lsecheck explain METHOD -f FORMAT --case CASE` shows it again."""
