"""a certificate -> words: what holds of every case there is, the worst of them, and what it is worth.

Pure functions of the document; what a run took is said apart, since it is no part of what was certified.
"""

from collections.abc import Sequence

from tabulate import tabulate

from lsecheck import formats
from lsecheck.contracts import LADDER
from lsecheck.prove.proving import Proof
from lsecheck.report.text import block
from lsecheck.report.words import code, one_line, short, table
from lsecheck.rows import ABSENT, Certificate, Document, Finding, Row, Verdict, Witness

_TUPLES = {1: "number", 2: "pair", 3: "triple", 4: "quadruple"}
_WORST = {"scaled": "E", "ulp": "ulp", "excess": "error / bound"}
_HEADER = ("certificate", "cases", "keeps", "worst ulp", "worst E", "correctly rounded", "class errors", "took")


def render(document: Document) -> str:
    """The whole certificate as text; the verdict first."""
    row, verdict, certificate = _parts(document)
    parts = [f"{headline(document)}\n{asked(row, certificate)}", _figures(row, certificate)]
    parts += [_against(row, verdict)] if verdict.status != "pass" else []
    for name, said in _WORST.items():
        seen = certificate.worst.get(name)
        if seen is not None:
            parts.append(f"worst by {said}\n{_block(row, seen)}")
    parts += [_histograms(row, certificate)] if certificate.outputs else []
    known = document.environment
    machine = ", ".join(
        f"{key} {known[key]}" for key in ("lsecheck", "numpy", "numpy_simd", "ml_dtypes", "python") if key in known
    )
    digests = (
        f"answers  sha256 {certificate.answers_sha256}\ntruths   sha256 {certificate.truths_sha256}\n"
        f"{_counted(certificate)}; answered with {machine}"
    )
    return "\n\n".join([*parts, digests])


def _counted(certificate: Certificate) -> str:
    shards = len(certificate.shards)
    return f"in {shards:,} shards of {certificate.shard:,} cases" if shards > 1 else "in one shard"


def headline(document: Document) -> str:
    """Who keeps what, in a line."""
    row, verdict, certificate = _parts(document)
    who = one_line(f"{row.subject} {row.options}".strip()) + f" {row.function} {row.format}"
    kept = "keeps no contract" if row.contract == "broken" else f"keeps {row.contract}"
    kept = "nothing counted towards a contract" if row.contract is ABSENT else kept
    if verdict.status == "pass":
        return f"{who}: {kept}"
    required = "" if row.contract == certificate.required else f"; {certificate.required} is required"
    return f"{who}: {kept}{required}: {verdict.status.upper()}"


def asked(row: Row, certificate: Certificate) -> str:
    """Which cases, how many, and whether that is all of them."""
    n, fmt = row.n[0], formats.pair(row.format).input
    each = f"{'ordered' if certificate.ordered else 'unordered'} {_TUPLES.get(n, f'row of {n} entries')}"
    each = _TUPLES[1] if n == 1 else each
    labels = f", with each of its {n} labels" if row.function == "cross_entropy" else ""
    if certificate.draws is not ABSENT:
        share, article = certificate.of / certificate.count, "a" if n == 1 else "an"
        return (
            f"{certificate.draws} of every combination of binades and signs of {article} {each}{labels}:"
            f" {certificate.count:,} cases, 1 in {share:.3g}, sampled (seed {certificate.seed})"
        )
    finite, extra = 2 * fmt.largest_ordinal + 1, "-0, the infinities and nan" if fmt.has_infinity else "-0 and nan"
    numbers = f"{finite:,} finite numbers"
    numbers = f"{numbers}, {extra}" if certificate.specials else f"{numbers} (0 stands for -0 too)"
    return f"every {each} of the {numbers}{labels}: {certificate.count:,} cases, {_complete(row, certificate)}"


def _complete(row: Row, certificate: Certificate) -> str:
    """Whether all of them were asked and decided, and if not, how many were not."""
    if row.exhaustive:
        return "exhaustive"
    undecided, lost = row.tiers.get("undecided", 0), row.class_errors.get("unasked", 0)
    unspecified = certificate.count - row.cases - undecided
    parts = [f"{undecided:,} undecided"] if undecided else []
    parts += [f"{lost:,} not asked after too many losses"] if lost else []
    parts += [f"{unspecified:,} with nan, which is declared unspecified, not asked"] if unspecified else []
    return f"not exhaustive: {', '.join(parts)}"


def _figures(row: Row, certificate: Certificate) -> str:
    lines = []
    if certificate.outputs:
        share = 100 * certificate.correct / certificate.outputs
        numbers = "outputs" if not row.class_errors else "outputs that are numbers"
        lines.append(
            ("correctly rounded", f"{certificate.correct:,} of the {certificate.outputs:,} {numbers} ({share:.6g} %)")
        )
        lines.append(
            (
                "largest",
                f"{_exactly(row.max_ulp)} ulp, E {_exactly(row.max_scaled)}, {_exactly(row.max_excess)} of the bound of"
                f" {certificate.required}",
            )
        )
        lines.append(("mean", f"{_exactly(row.mean_ulp)} ulp, with its sign {_exactly(row.bias_ulp)}"))
        kept = [f"{name} {certificate.contracts[name]:,}" for name in map(str, LADDER) if name in certificate.contracts]
        lines.append(("strongest contract", ", ".join(kept)))
    wrong = ", ".join(f"{kind} {count:,}" for kind, count in row.class_errors.items())
    lines.append(("class errors", wrong or "none"))
    lines.append(("truths by tier", ", ".join(f"{tier} {count:,}" for tier, count in row.tiers.items())))
    if certificate.specials:
        lines.append(("domains", ", ".join(f"{name} {count:,}" for name, count in row.domains.items())))
    if row.conventions:
        lines.append(("conventions", ", ".join(f"{name} {count:,}" for name, count in row.conventions.items())))
    return tabulate(lines, tablefmt="plain", disable_numparse=True)


def _against(row: Row, verdict: Verdict) -> str:
    """What is not kept, with the first case of each kind."""
    parts = [f"{verdict.status.upper()}  {one_line(verdict.reason)}"]
    if verdict.breaches and isinstance(row.witness, Witness):
        parts.append(_block(row, row.witness))
    parts += [_found(row, finding) for finding in row.findings]
    return "\n".join(parts)


def _found(row: Row, finding: Finding) -> str:
    said = f"{finding.domain}: {finding.kind} where {finding.expected} is right, {finding.count:,} in all; the first"
    return f"{said}\n{_block(row, finding.witness, finding.expected, finding.message)}"


def _block(row: Row, seen: Witness, expected: str = "", message: str = "") -> str:
    return block(one_line(row.subject), row.function, row.format, seen, expected, one_line(message), row.options)


def _histograms(row: Row, certificate: Certificate) -> str:
    by_ulp, by_scaled = dict(row.histogram), dict(certificate.histogram_scaled)
    body = [
        (f"{edge:g}", *(f"{held.get(edge, 0):,}" if edge in held else "" for held in (by_ulp, by_scaled)))
        for edge in sorted(by_ulp | by_scaled)
    ]
    return tabulate(body, ("up to", "outputs by ulp", "by E"), "simple", disable_numparse=True, colalign=("right",) * 3)


def _exactly(number: object) -> str:
    return f"{number:.6g}" if isinstance(number, float) else "-"


def spent(proof: Proof) -> str:
    """What the proof took, and on what."""
    whole, cases = sum(proof.stages.values()), proof.claim.space.count
    if not whole:
        return ""
    shares = sorted(proof.stages.items(), key=lambda item: -item[1])
    named = ", ".join(f"{stage} {100 * seconds / whole:.0f} %" for stage, seconds in shares)
    were = "shard was" if proof.resumed == 1 else "shards were"
    resumed = f"; {proof.resumed:,} {were} there already" if proof.resumed else ""
    each = 1e9 * whole / cases
    return f"{whole:,.1f} s of work, {each:.0f} ns a case: {named}; {proof.seconds:,.1f} s by the clock{resumed}"


# ---- the index of a folder of certificates ----


def index(before: str, name: str, document: Document, seconds: float) -> str:
    """The folder's page with this certificate's line in its place; the others stay as they are."""
    row, _, certificate = _parts(document)
    held = {words[0]: words for words in _lines(before)}
    link = f"[{name}]({name.replace(' ', '%20')}.txt)"
    share = f"{100 * certificate.correct / certificate.outputs:.4f} %" if certificate.outputs else "-"
    cases = f"{certificate.count:,}" + ("" if certificate.draws is ABSENT else f" of {certificate.of:.3g}")
    contract = str(row.contract) if row.contract is not ABSENT else "-"
    held[link] = (
        link, cases, contract, short(row.max_ulp), short(row.max_scaled), share,
        f"{sum(row.class_errors.values()):,}", f"{seconds:,.0f} s",
    )  # fmt: skip
    lines = [
        "# Certificates",
        "",
        "Each is the record of every case there is (or, where *cases* says so, of a stratified sample): written by",
        f"{code('lsecheck prove')} as text, and under the same name as JSON with the digests of every shard.",
        "*Correctly rounded* is of the outputs that are numbers. *Took* is seconds of work by the clock, all processes",
        "together.",
        "",
        table(_HEADER, [held[key] for key in sorted(held)]),
    ]
    return "\n".join(lines) + "\n"


def _lines(page: str) -> "list[Sequence[str]]":
    rows = [line.strip("| \n").split(" | ") for line in page.splitlines() if line.startswith("| [")]
    return [words for words in rows if len(words) == len(_HEADER)]


def _parts(document: Document) -> "tuple[Row, Verdict, Certificate]":
    assert isinstance(document.certificate, Certificate)
    return document.rows[0], document.verdicts[0], document.certificate
