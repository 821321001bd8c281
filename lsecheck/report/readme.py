"""A page -> the page with its generated tables.

Whatever stands between `<!-- NAME -->` and `<!-- end of NAME -->` is made here; a test fails
when it is stale.
"""

from collections.abc import Sequence

from lsecheck.conduct import rules
from lsecheck.contracts import LADDER, MEANING
from lsecheck.errors import InputError
from lsecheck.report import costs, leaderboard, theorems
from lsecheck.report.costs import Costs
from lsecheck.report.words import MARKS, short, table
from lsecheck.rows import FAILS, NOTED, Certificate, Document
from lsecheck.selftest import Run


def filled(page: str, results: Document, runs: Sequence[Run], certified: Sequence[Document], board: Document) -> str:
    """The README with every generated part made anew: from committed results, scores, certificates, the leaderboard."""
    parts = {"matrix": _matrix(results), "contracts": _contracts(), "selftest": _score(runs)}
    parts |= {"leaderboard": leaderboard.first_lines(board)}
    return _with_parts(page, parts | {"certificates": _certificates(certified)})


def conduct(page: str) -> str:
    """The page on conduct with its table of rules made anew."""
    body = [(f"`{rule}`", meaning, _STANDINGS[standing]) for rule, meaning, standing in rules()]
    return _with_parts(page, {"rules": table(("rule", "what is asked for", "otherwise"), body)})


def proving(page: str, measured: Costs) -> str:
    """The page on proving with its costs made anew."""
    return _with_parts(page, {"costs": costs.page(measured)})


_STANDINGS = {FAILS: "fails", NOTED: "noted", "": "noted, or fails"}


def _with_parts(page: str, parts: dict[str, str]) -> str:
    for name, part in parts.items():
        head, start, rest = page.partition(f"<!-- {name} -->\n")
        _, end, tail = rest.partition(f"<!-- end of {name} -->")
        if not start or not end:
            raise InputError(f"the page has no part between <!-- {name} --> and <!-- end of {name} -->")
        page = f"{head}{start}{part}\n{end}{tail}"
    return page


def _matrix(results: Document) -> str:
    """logsumexp: methods down, formats across, the contract in each cell."""
    verdicts = [verdict for verdict in results.verdicts if verdict.function == "logsumexp"]
    columns = list(dict.fromkeys(verdict.format for verdict in verdicts))
    found = {(verdict.subject, verdict.format): verdict for verdict in verdicts}
    body = []
    for subject in dict.fromkeys(verdict.subject for verdict in verdicts):
        mine = [found[subject, name] for name in columns if (subject, name) in found]
        marks = MARKS["fail" if any(verdict.specials == "fail" for verdict in mine) else "pass"]
        body.append((f"`{subject}`", *(verdict.contract for verdict in mine), marks))
    return table(("logsumexp", *columns, "special values"), body)


def _score(runs: Sequence[Run]) -> str:
    """How many planted faults are caught, under how many seeds."""
    faults = [sum(score.right for score in run.scores if not score.control) for run in runs]
    flagged = sum(not score.right for run in runs for score in run.scores if score.control)
    total = sum(not score.control for score in runs[0].scores)
    controls = sum(score.control for score in runs[0].scores)
    caught = f"all {total}" if min(faults) == total else f"{min(faults)} of {total}"
    return (
        "`lsecheck selftest` plants faults as such code has really been wrong: under each of"
        f" {len(runs)} seeds {caught} are\ncaught, and {flagged or 'none'} of {controls} honest controls is flagged"
        " ([one by one](reports/selftest.md))."
    )


def _certificates(documents: Sequence[Document]) -> str:
    """Every pair of the 16-bit formats, the methods one by one; and whether the bounds hold."""
    body = []
    for document in documents:
        row, certificate = document.rows[0], document.certificate
        wide = row.format in ("float16", "bfloat16") and row.family == "every-2" and row.function == "logsumexp"
        if wide and row.exhaustive and isinstance(certificate, Certificate):
            share = f"{100 * certificate.correct / certificate.outputs:.3f} %"
            wrong = f"{sum(row.class_errors.values()):,}"
            figures = short(row.max_scaled), short(row.max_ulp), share, wrong
            body.append((row.format, f"`{row.subject}`", str(row.contract), *figures))
    header = ("every pair of", "subject", "keeps", "worst E", "worst ulp", "correctly rounded", "class errors")
    cases = sum(document.rows[0].cases for document in documents)
    hold = "each bound holds" if theorems.hold(documents) else "not every bound holds"
    said = (
        "The share correctly rounded is of the answers that are numbers."
        f" {len(documents)} certificates of {cases:,} cases are in"
        f" [reports/certificates](reports/certificates/index.md), and [{hold}](reports/theorems.md)\nof every one that"
        " it is proved for."
    )
    return f"{table(header, sorted(body))}\n\n{said}"


def _contracts() -> str:
    return "\n".join(f"* `{contract}`: {MEANING[contract]}" for contract in LADDER)
