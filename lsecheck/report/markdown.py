"""a result document -> summary.md: the verdict in a sentence, the matrix, the worst of each family.

A pure function: the committed summaries are what this renders from the committed JSON.
"""

from collections.abc import Sequence

from lsecheck.contracts import LADDER, MEANING
from lsecheck.functions import FUNCTIONS
from lsecheck.report import apart, behaviour, twins
from lsecheck.report.words import (
    MARKS,
    code,
    entries,
    family_order,
    format_order,
    measured,
    plain,
    sentences,
    short,
    table,
    widths,
)
from lsecheck.rows import INACCURATE, Document, Row, Specimen, Verdict, Witness

#: longer values than this are known by their address
_LONGEST = 60


def summary(document: Document, title: str) -> str:
    """The accuracy report as Markdown."""
    functions = list(dict.fromkeys(verdict.function for verdict in document.verdicts))
    parts = [f"# {title}", *map(plain, sentences(document.verdicts)), measured(document.rows), "## The matrix", _KEY]
    for function in functions:
        verdicts = [verdict for verdict in document.verdicts if verdict.function == function]
        parts += [f"### {plain(function)}", _matrix(verdicts, document.rows)]
    parts += ["## Findings judged apart", apart.FINDINGS, _findings(document.rows)]
    said = dict.fromkeys(
        f"* {code(v.subject)} was asked with {code(v.options)}" for v in document.verdicts if v.options
    )
    parts += ["\n".join(said)] if said else []
    alike = twins.spoken(twins.found(document.rows))
    if alike:
        parts.append("\n".join(f"* {plain(sentence)}" for sentence in alike))
    behaved = behaviour.body(document.rows)
    if behaved:
        parts += [
            "## Conduct",
            apart.CONDUCT,
            table(behaviour.HEADER, [(code(line[0]), *map(plain, line[1:])) for line in behaved]),
        ]
    conventions = _conventions(document.rows)
    if conventions:
        parts += ["## Where there is no single answer", apart.UNSETTLED, conventions]
    if document.specimens:
        parts += ["## The worst cases, made small", _SPECIMENS, _specimens(document.specimens)]
    parts += ["## The worst of each family", _WORST]
    for function in functions:
        rows = [row for row in document.rows if row.function == function]
        parts += [f"### {plain(function)}, by family", _worst(rows)]
    parts += ["## How to read this", _reading(), "## Environment", _environment(document)]
    return "\n\n".join(parts) + "\n"


def _matrix(verdicts: Sequence[Verdict], rows: Sequence[Row]) -> str:
    header = ("method", "format", "contract", "worst ulp", "worst E", "specials", "range", "conduct", "class errors")
    body = [
        (
            code(verdict.subject),
            plain(verdict.format),
            f"**{plain(verdict.contract)}**",
            short(verdict.max_ulp),
            short(verdict.max_scaled),
            _mark(verdict.specials),
            _mark(verdict.range),
            _mark(verdict.conduct),
            plain(apart.class_errors(row for row in rows if _key(row) == _key(verdict))),
        )
        for verdict in verdicts
    ]
    return table(header, body)


def _mark(standing: str) -> str:
    return MARKS.get(standing, plain(standing))


def _key(of: "Row | Verdict") -> tuple[str, str, str]:
    return of.function, of.subject, of.format


def _findings(rows: Sequence[Row]) -> str:
    """One line per method and kind of finding, with the formats it was seen in and its first case."""
    header = ("function", "method", "under", "finding", "outputs", "first case", "x")
    body = [
        (
            plain(found.function),
            code(found.subject),
            plain(found.domain),
            plain(found.said),
            plain(found.counts),
            code(found.first.case),
            code(entries(found.first, _LONGEST)),
        )
        for found in apart.findings(rows)
    ]
    return table(header, body) if body else "None."


def _conventions(rows: Sequence[Row]) -> str:
    """Which convention each method follows where mathematics settles nothing, with how many rows."""
    body = [(plain(function), code(subject), plain(counts)) for function, subject, counts in apart.conventions(rows)]
    return table(("function", "method", "rows: convention"), body) if body else ""


def _specimens(specimens: Sequence[Specimen]) -> str:
    """A line each: what was asked, got and right; by how much, or what kind of wrong."""
    header = ("function", "method", "format", "x", "got", "should be", "exact", "ulp, E", "what is wrong")
    body = []
    for one in specimens:
        seen = one.witness
        label = f"; label {seen.label}" if isinstance(seen.label, int) else ""
        said = seen.message if isinstance(seen.message, str) and seen.message else seen.answer
        wrong = f"misses {one.missed}" if one.kind == INACCURATE and one.missed else f"{one.kind}, {one.domain}"
        body.append(
            (
                plain(one.function), code(one.subject), plain(one.format),
                code(f"{entries(seen, _LONGEST)}{label}"), code(said), code(seen.truth), plain(one.exact) or "-",
                f"{short(seen.ulp)}, {short(seen.scaled)}", plain(wrong),
            )
        )  # fmt: skip
    return table(header, body)


def _worst(rows: Sequence[Row]) -> str:
    """For each family the methods in order: worst ulp and E by format, and the worst case of all."""
    columns = sorted({row.format for row in rows}, key=format_order)
    header = (
        "family",
        "n",
        "method",
        *(f"{plain(name)}: ulp, E" for name in columns),
        "keeps",
        "worst case",
        "got",
        "should be",
    )
    groups: dict[tuple[str, str], dict[str, Row]] = {}
    for row in sorted(rows, key=lambda row: family_order(row.family)):
        groups.setdefault((row.family, row.subject), {})[row.format] = row
    body = []
    for (family, subject), by_format in groups.items():
        worst = max(by_format.values(), key=_badness)
        figures = [_figures(by_format.get(name)) for name in columns]
        kept = worst.contract if isinstance(worst.contract, str) else "-"
        body.append((plain(family), widths(worst), code(subject), *figures, plain(kept), *_evidence(worst)))
    return table(header, body)


def _badness(row: Row) -> tuple[int, float]:
    rungs = [str(contract) for contract in LADDER]
    # a contract of a later version stands nowhere
    rung = rungs.index(row.contract) if row.contract in rungs else -1
    return rung, row.max_scaled if isinstance(row.max_scaled, float) else -1.0


def _figures(row: "Row | None") -> str:
    return "-" if row is None else f"{short(row.max_ulp)}, {short(row.max_scaled)}"


def _evidence(row: Row) -> tuple[str, str, str]:
    if not isinstance(row.witness, Witness):
        return "-", "-", "-"
    seen = row.witness
    listed = isinstance(seen.x, str) and len(seen.x) <= _LONGEST
    where = code(entries(seen) if listed else seen.case)
    return f"{plain(row.format)} {where}", code(seen.answer), code(seen.truth)


def _reading() -> str:
    rungs = "\n".join(f"* `{contract}`: {MEANING[contract]}" for contract in LADDER)
    known = "\n".join(f"* `{function.name}`: {function.formula}" for function in FUNCTIONS.values())
    return f"{_DEFINITIONS}\n\nContracts, strongest first:\n\n{rungs}\n\nFunctions:\n\n{known}"


def _environment(document: Document) -> str:
    return "\n".join(f"* {plain(name)}: {plain(value)}" for name, value in document.environment.items())


_KEY = (
    "The contract is the strongest that every ordinary case keeps. ✓ ✗: special values, and sums that leave the"
    " storage format, are judged apart; - means that nothing of the kind was asked."
)

_SPECIMENS = (
    "Up to five of each method and function: what breaks every contract first, then what is judged apart, then what"
    " misses the next stronger contract by most. Each is the smallest case found that still does, with at least half of"
    " the E; the exact value has 20 digits."
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
