"""a gate's verdicts and rows -> what a person reads: in a log, and on the page of a run.

Failures stand first, the gravest at the top; the last line is the count. Whatever a subject said
of itself is kept to one printable line, so that nothing of it can pass for a line of ours.
"""

from collections import Counter
from collections.abc import Sequence

from tabulate import tabulate

from lsecheck.gate.enforce import Gated
from lsecheck.gate.verdicts import APART, FAIL, IMPROVED, PASS, UNDECIDED, UNMEASURED, WAIVED
from lsecheck.report import behaviour, failures
from lsecheck.report.failures import Failure, Gravity, Told
from lsecheck.report.text import table
from lsecheck.report.words import MARKS, code, fenced, one_line, sampled, short
from lsecheck.report.words import table as markdown_table
from lsecheck.rows import Verdict

#: failures of one verdict and one gravity that are shown in full; the rest take a line each
_SHOWN = 3
#: failures that a page shows; the log has them all
_ON_PAGE = 20


def render(gated: Gated) -> str:
    """What a gate found: failures, what is undecided and unmeasured, tables, advice, notes, the count."""
    verdicts = gated.result.verdicts
    parts = _failures(failures.of(gated))
    lines = [f"UNDECIDED  {_line(told)}" for told in failures.undecided(gated)]
    lines += [f"UNMEASURED  {_line(told)}" for told in failures.unmeasured(gated)]
    parts += ["\n".join(lines), table([failures.on_one_line(verdict) for verdict in verdicts])]
    behaved = [tuple(map(one_line, line)) for line in behaviour.body(gated.result.rows)]
    if behaved:
        parts.append(tabulate(behaved, behaviour.HEADER, tablefmt="simple", disable_numparse=True))
    lines = [f"waived     {failures.name(v)}: {one_line(v.reason)}" for v in verdicts if _waived(v)]
    lines += [f"{'LOOSE' if gated.strict else 'improved'}  {_line(told)}" for told in failures.advice(gated)]
    lines += [f"asked with {line}" for line in _asked_with(verdicts)]
    lines += [f"note       {line}" for line in notes(gated)]
    parts += ["\n".join(lines), counted(verdicts)]
    return "\n\n".join(part for part in parts if part)


def markdown(gated: Gated) -> str:
    """The same for the page of a run, short: the count, the table, a few lines and a block a failure."""
    verdicts, found = gated.result.verdicts, failures.of(gated)
    parts = [f"## {counted(verdicts)}", _matrix(verdicts)]
    for failure in found[:_ON_PAGE]:
        where = f", {failure.place}" if failure.place else ""
        parts.append(f"**{_who(failure.verdict)}{where}**")
        parts.append(fenced("\n".join(part for part in (failure.said, failure.evidence) if part)))
    if len(found) > _ON_PAGE:
        parts.append(f"{len(found) - _ON_PAGE} more failures: the log has them all.")
    lines = [f"* undecided: {_marked(told)}" for told in failures.undecided(gated)]
    lines += [f"* unmeasured: {_marked(told)}" for told in failures.unmeasured(gated)]
    lines += [f"* {'loose' if gated.strict else 'improved'}: {_marked(told)}" for told in failures.advice(gated)]
    lines += [f"* {code(line)}" for line in notes(gated)]
    return "\n\n".join(part for part in (*parts, "\n".join(lines)) if part)


def counted(verdicts: Sequence[Verdict]) -> str:
    """How many verdicts of each sort: two always, the others where there are any."""
    counts = Counter(verdict.status for verdict in verdicts)
    said = [f"{counts[PASS]} passed", f"{counts[FAIL]} failed"]
    said += [f"{counts[status]} {status}" for status in (IMPROVED, UNMEASURED, UNDECIDED) if counts[status]]
    return f"lsecheck: {', '.join(said)}"


def notes(gated: Gated) -> list[str]:
    """What a reader should know beside the verdicts."""
    rows = gated.result.rows
    how = " and ".join(sorted({sampled(row) for row in rows}))
    cases = sum(row.cases for row in rows)
    measured = f"{cases:,} cases, {how}: every worst is the worst found among them" if rows else "nothing was measured"
    return [*map(one_line, gated.notes), measured]


def _line(told: Told) -> str:
    return f"{failures.name(told[0])}: {told[1]}"


def _marked(told: Told) -> str:
    return f"{_who(told[0])}: {code(told[1])}"


def _failures(found: Sequence[Failure]) -> list[str]:
    """A block each, for the first few of a verdict; the like of them in a line."""
    shown: Counter[tuple[str, Gravity]] = Counter()
    parts: list[str] = []
    for failure in found:
        key = failures.name(failure.verdict), failure.gravity
        shown[key] += 1
        if shown[key] <= _SHOWN:
            parts.append("\n".join(part for part in (f"FAIL  {failure.line}", failure.evidence) if part))
        else:
            said = "; ".join(part for part in (failure.line, failure.short_evidence) if part)
            parts.append(f"FAIL  {said}")
    return parts


def _waived(verdict: Verdict) -> bool:
    return verdict.status != FAIL and WAIVED in [getattr(verdict, domain) for domain in APART]


def _asked_with(verdicts: Sequence[Verdict]) -> list[str]:
    return list(dict.fromkeys(f"{one_line(v.options)}: {one_line(v.subject)}" for v in verdicts if v.options))


def _who(verdict: Verdict) -> str:
    return f"{code(verdict.subject)} {verdict.function} {verdict.format}"


def _matrix(verdicts: Sequence[Verdict]) -> str:
    header = ("", "subject", "function", "format", "contract", "worst ulp", "worst E", *APART)
    body = [
        (
            f"**{v.status}**" if v.status != PASS else v.status,
            code(v.subject),
            v.function,
            v.format,
            v.contract,
            short(v.max_ulp),
            short(v.max_scaled),
            *(MARKS[getattr(v, domain)] for domain in APART),
        )
        for v in verdicts
    ]
    return markdown_table(header, body)
