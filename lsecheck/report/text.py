"""rows, verdicts, explanations -> plain text for a terminal, a log or an assertion.

Nothing is cut to a width: names and worst inputs must survive a pipe.
"""

from collections.abc import Sequence
from itertools import groupby

from tabulate import tabulate

from lsecheck.contracts import Contract
from lsecheck.explain import Explanation
from lsecheck.functions.definition import Expected
from lsecheck.inputs.families import CONDUCT
from lsecheck.report import behaviour, twins
from lsecheck.report.terms import own_terms
from lsecheck.report.words import MARKS, again, both, entries, family_again, fault_or_mathematics, short
from lsecheck.rows import FAILS, Finding, Observation, Row, Verdict, Witness

#: failing cases shown for each verdict; the JSON has them all
_SHOWN = 3
#: what is right where no single number is
NO_NUMBER = ("any convention", "no outputs")


def render(rows: Sequence[Row], verdicts: Sequence[Verdict]) -> str:
    """What a check found: the table, then every failure with its worst case, then one line.

    Who answers as somebody else does, bit for bit, is named and shown once.
    """
    alike = twins.found(rows)
    counted = _counted(verdicts, rows)
    verdicts = [verdict for verdict in verdicts if verdict.subject not in alike]
    rows = [row for row in rows if row.subject not in alike]
    parts = [table(verdicts)]
    if alike:
        parts.append("\n".join(twins.spoken(alike)))
    said = dict.fromkeys(f"{verdict.subject}: {verdict.options}" for verdict in verdicts if verdict.options)
    if said:
        parts.append("\n".join(f"asked with  {line}" for line in said))
    behaved = behaviour.body(rows)
    if behaved:
        parts.append(tabulate(behaved, behaviour.HEADER, tablefmt="simple", disable_numparse=True))
    for verdict in verdicts:
        if verdict.status != "pass" or "waived" in (verdict.specials, verdict.range, verdict.conduct):
            parts.append(_failure(verdict, _rows_of(verdict, rows)))
    parts.append(counted)
    return "\n\n".join(parts)


def table(verdicts: Sequence[Verdict]) -> str:
    """One line a verdict."""
    header = ("subject", "function", "format", "contract", "worst ulp", "worst E", "specials", "range", "conduct", "")
    body = [
        (
            v.subject,
            v.function,
            v.format,
            v.contract,
            short(v.max_ulp),
            short(v.max_scaled),
            MARKS[v.specials],
            MARKS[v.range],
            MARKS[v.conduct],
            v.status,
        )
        for v in verdicts
    ]
    return tabulate(body, header, tablefmt="simple", disable_numparse=True)


def block(
    subject: str, function: str, fmt: str, seen: Witness, expected: str = "", note: str = "", options: str = ""
) -> str:
    """One case as evidence: what was got, what should be, how far, and how to see it again: here, and in the
    library itself."""
    lines = [f"{fmt}  {subject}  {'' if function == 'logsumexp' else function + '  '}x = [{entries(seen)}]"]
    lines[0] += f"  output {seen.output}" if seen.output else ""
    lines[0] += f"  label {seen.label}" if isinstance(seen.label, int) else ""
    said = note or (seen.message if isinstance(seen.message, str) else "")
    lines.append(f"  got        {said or both(seen.answer)}")
    lines.append(f"  should be  {expected if expected in NO_NUMBER else both(seen.truth)}")
    if isinstance(seen.ulp, float) and isinstance(seen.scaled, float):
        blame = fault_or_mathematics(seen.scaled, seen.condition)
        lines.append(f"  error      {short(seen.ulp)} ulp, E = {short(seen.scaled)}   ({blame})")
    if not seen.case.startswith("given:"):
        lines.append(f"  case       {seen.case}")
    lines.append(f"  again      {again(subject, function, fmt, seen, options)}")
    library = own_terms(subject, function, fmt, seen)
    if library:
        lines.append(f"  library    {library}")
    return "\n".join(lines)


def explanation(found: Explanation) -> str:
    """All there is to say about one case."""
    expected = {None: "no outputs", Expected.UNSETTLED: "any convention"}.get(found.expected, "")
    parts = [block(found.subject, found.function, str(found.pair), found.seen, expected, found.message, found.options)]
    if found.kind:
        parts.append(f"class error: {found.kind}")
    elif found.expected is Expected.UNSETTLED:
        parts.append("mathematics gives no single answer here: it is not scored")
    elif found.expected is Expected.NUMBER:
        kept = "no contract" if found.contract is Contract.BROKEN else found.contract
        shares = ", ".join(f"{contract} {short(excess)}" for contract, excess in found.excess.items())
        parts.append(f"this case keeps {kept}; error / bound: {shares}")
    if found.steps:
        body = [(s.step, "left the numbers" if s.ulps is None else short(_quiet(s.ulps))) for s in found.steps]
        total = [s.ulps for s in found.steps if s.ulps is not None]
        if len(total) == len(found.steps):
            body.append(("in all", short(_quiet(sum(total)))))
        parts.append(tabulate(body, ("step", "adds, in ulps"), tablefmt="simple", disable_numparse=True))
    return "\n\n".join(parts)


def _quiet(ulps: float) -> float:
    """Zero below 2^-10: closer than that a step is not known."""
    return 0.0 if abs(ulps) < 2.0**-10 else ulps


def _rows_of(verdict: Verdict, rows: Sequence[Row]) -> list[Row]:
    key = verdict.function, verdict.subject, verdict.format
    return [row for row in rows if (row.function, row.subject, row.format) == key]


def _failure(verdict: Verdict, rows: list[Row]) -> str:
    name = f"{verdict.subject} {verdict.function} {verdict.format}"
    parts = [f"{verdict.status.upper()}  {name}: {verdict.reason}"]
    required = Contract(verdict.required)
    missed = [row for row in rows if isinstance(row.contract, str) and not Contract(row.contract).keeps(required)]
    worst = sorted(missed, key=lambda row: -row.max_excess if isinstance(row.max_excess, float) else float("-inf"))
    for row in worst[:_SHOWN]:
        if isinstance(row.witness, Witness):
            parts.append(block(row.subject, row.function, row.format, row.witness, options=row.options))
    findings = sorted((finding for row in rows for finding in row.findings), key=lambda found: found.domain)
    for _, group in groupby(findings, key=lambda found: found.domain):
        parts += [_finding(verdict, finding) for finding in _distinct(list(group))[:_SHOWN]]
    parts += [misconduct(verdict, seen) for seen in behaviour.merged(rows) if seen.standing == FAILS]
    return "\n".join(parts)


def _distinct(findings: list[Finding]) -> list[Finding]:
    first: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        first.setdefault((finding.kind, finding.expected), finding)
    return list(first.values())


def _finding(verdict: Verdict, finding: Finding) -> str:
    seen, expected, said = finding.witness, finding.expected, finding.message
    return block(verdict.subject, verdict.function, verdict.format, seen, expected, said, verdict.options)


def misconduct(verdict: Verdict, seen: Observation) -> str:
    """A rule of conduct that fails, as evidence."""
    lines = [f"{verdict.format}  {verdict.subject}  conduct: {seen.rule}", f"  seen       {seen.message}"]
    if isinstance(seen.witness, Witness):
        lines.append(f"  on         x = [{entries(seen.witness)}]")
        lines.append(f"  case       {seen.witness.case}")
    repeated = family_again(verdict.subject, verdict.function, verdict.format, CONDUCT, verdict.options)
    lines.append(f"  again      {repeated}")
    if seen.rule == "axis" and isinstance(seen.witness, Witness):
        library = own_terms(verdict.subject, verdict.function, verdict.format, seen.witness, axis=0)
        lines += [f"  library    {library}"] if library else []
    return "\n".join(lines)


def _counted(verdicts: Sequence[Verdict], rows: Sequence[Row]) -> str:
    counts = {status: sum(v.status == status for v in verdicts) for status in ("pass", "fail", "unmeasured")}
    said = [f"{counts['pass']} passed", f"{counts['fail']} failed"]
    if counts["unmeasured"]:
        said.append(f"{counts['unmeasured']} unmeasured")
    return f"lsecheck: {', '.join(said)}; {sum(row.cases for row in rows):,} cases, sampled"
