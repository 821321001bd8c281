"""a result document -> summary.md: the verdict in a sentence, the matrix, the worst of each family.

A pure function: the committed summaries are what this renders from the committed JSON.
"""

from collections.abc import Iterable, Sequence

from tabulate import tabulate

from lsecheck import formats
from lsecheck.contracts import LADDER, MEANING
from lsecheck.functions import FUNCTIONS
from lsecheck.inputs.cases import sources
from lsecheck.report.words import MARKS, again, both, entries, sampled, sentence, short
from lsecheck.rows import Document, Finding, Row, Verdict, Witness


def summary(document: Document, title: str) -> str:
    """The accuracy report as Markdown."""
    functions = list(dict.fromkeys(verdict.function for verdict in document.verdicts))
    parts = [f"# {title}", sentence(document.verdicts), _measured(document), "## The matrix", _KEY]
    for function in functions:
        verdicts = [verdict for verdict in document.verdicts if verdict.function == function]
        parts += [f"### {function}", _matrix(verdicts, document.rows)]
    parts += ["## Findings judged apart", _FINDINGS, _findings(document.rows)]
    parts += ["## The worst of each family"]
    for function in functions:
        rows = [row for row in document.rows if row.function == function]
        parts += [f"### {function}: by family", _worst(rows)]
    parts += ["## How to read this", _reading(), "## Environment", _environment(document)]
    return "\n\n".join(parts) + "\n"


def _measured(document: Document) -> str:
    families = len({row.family for row in document.rows})
    cases = sum(row.cases for row in document.rows)
    how = sorted({sampled(row) for row in document.rows})
    return f"Measured: {cases:,} cases in {families} families, {' and '.join(how)}; every maximum below is of those."


def _matrix(verdicts: Sequence[Verdict], rows: Sequence[Row]) -> str:
    header = ("method", "format", "contract", "worst ulp", "worst E", "specials", "range", "class errors")
    body = [
        (
            f"`{v.subject}`",
            v.format,
            f"**{v.contract}**",
            short(v.max_ulp),
            short(v.max_scaled),
            MARKS[v.specials],
            MARKS[v.range],
            _class_errors(row for row in rows if (row.function, row.subject, row.format) == (v.function, v.subject, v.format)),
        )
        for v in verdicts
    ]  # fmt: skip
    return _table(header, body)


def _class_errors(rows: "Iterable[Row]") -> str:
    total: dict[str, int] = {}
    for row in rows:
        for kind, count in row.class_errors.items():
            total[kind] = total.get(kind, 0) + count
    return ", ".join(f"{kind} {count:,}" for kind, count in sorted(total.items())) or "none"


def _findings(rows: Sequence[Row]) -> str:
    """One line per subject, format and kind of finding, with its first case."""
    first: dict[tuple[str, ...], Finding] = {}
    count: dict[tuple[str, ...], int] = {}
    for row in rows:
        for finding in row.findings:
            key = (row.function, row.subject, row.format, finding.domain, _said(finding))
            first.setdefault(key, finding)
            count[key] = count.get(key, 0) + finding.count
    if not first:
        return "None."
    header = ("function", "method", "format", "under", "finding", "outputs", "first case", "x")
    body = [
        (*_code(key), f"{count[key]:,}", f"`{found.witness.case}`", f"`{entries(found.witness, 60)}`")
        for key, found in first.items()
    ]
    return _table(header, body)


def _code(key: tuple[str, ...]) -> tuple[str, ...]:
    function, subject, fmt, domain, said = key
    return function, f"`{subject}`", fmt, domain, said


def _said(finding: Finding) -> str:
    return finding.message or f"{finding.kind} where {finding.expected} is right"


def _worst(rows: Sequence[Row]) -> str:
    """For each family and format the methods in order, each with its worst case."""
    header = ("family", "format", "method", "n", "keeps", "worst ulp", "worst E", "got", "should be", "x")
    body = [
        (
            row.family,
            row.format,
            f"`{row.subject}`",
            _widths(row),
            row.contract if isinstance(row.contract, str) else "-",
            short(row.max_ulp),
            short(row.max_scaled),
            *_evidence(row),
        )
        for row in sorted(rows, key=lambda row: (_family_order(row.family), _format_order(row.format)))
    ]
    return _table(header, body)


def _widths(row: Row) -> str:
    low, high = row.n
    return str(low) if low == high else f"{low} to {high}"


def _evidence(row: Row) -> tuple[str, str, str]:
    if not isinstance(row.witness, Witness):
        return "-", "-", "-"
    seen = row.witness
    where = f"`{entries(seen, 60)}`" if isinstance(seen.x, str) and len(seen.x) <= 60 else f"`{seen.case}`"
    return f"`{seen.answer}`", f"`{seen.truth}`", where


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


def seeds(cases: "Sequence[tuple[str, str, str, Witness]]") -> str:
    """The seed cases of the field, (subject, function, format, witness) each."""
    header = ("method", "format", "x", "got", "should be", "ulp", "E", "κ")
    body = [
        (f"`{subject}`", fmt, f"`{entries(seen)}`", both(seen.answer), both(seen.truth), short(seen.ulp), short(seen.scaled), short(seen.condition))
        for subject, _, fmt, seen in cases
    ]  # fmt: skip
    return _table(header, body)


def reproduce(subject: str, function: str, fmt: str, seen: Witness) -> str:
    """The command of a case, as Markdown code."""
    return f"`{again(subject, function, fmt, seen)}`"


def _table(header: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    return tabulate(body, header, tablefmt="github", disable_numparse=True)


_KEY = (
    "The contract is the strongest that every ordinary case keeps. ✓ ✗: special values, and sums that leave the"
    " storage format, are judged apart; - means that nothing of the kind was asked."
)

_FINDINGS = "Wrong kinds of answers to special values and to sums that leave the storage format, with the first case of each."

_DEFINITIONS = """* **ulp**: |answer - exact| in units in the last place of the output format at the exact value; 0.5 is as good as it gets.
* **E**: the same error over max(u·|exact| + u·K, t/2), K the condition sum. A large ulp error with a small E is
  mathematics (the exact value is near 0); a large E is the implementation.
* **case**: `FAMILY:SEED:INDEX`; `lsecheck explain METHOD -f FORMAT --case CASE` shows it again."""
