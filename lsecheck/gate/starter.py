"""candidates -> a configuration under which the gate is green today, and the lines that run it in CI."""

import json
import textwrap
from collections.abc import Iterator, Sequence

from lsecheck.contracts import Contract
from lsecheck.errors import NothingMeasured
from lsecheck.gate.candidates import Candidate, candidate, find
from lsecheck.gate.config import Demand
from lsecheck.gate.holdings import FORMATS, Holding, Measured, Survey, holdings, measure, recorded
from lsecheck.rows import ABSENT
from lsecheck.subjects.loading import Loading

__all__ = ["FORMATS", "Candidate", "Survey", "candidate", "config_text", "find", "measure", "recorded", "snippet"]

#: of comments and lists
_WIDTH = 110


def config_text(survey: Survey, *, baseline: "str | None" = None, table: str = "") -> str:
    """A configuration under which the gate passes today, each line with the reason for it.

    baseline  the file that `recorded` goes to, beside the configuration; None: none is named
    table     where it stands in a larger file: `tool.lsecheck` in pyproject.toml
    raises    `NothingMeasured` where no candidate can be held to anything
    """
    head = [f"[{table}]"] if table else []
    head += [
        "# What 'lsecheck gate' demands of this project, as 'lsecheck init' found it; yours to tighten (docs/ci.md).",
        _line(f"effort = {json.dumps(survey.effort)}", "how many cases are asked: quick, standard or deep"),
        _line(f"seed = {survey.seed}", "which cases: another number, others as hard"),
    ]
    if baseline is not None:
        head += [
            _line(f"baseline = {json.dumps(baseline)}", "what was measured, one line a family; review its diffs"),
            _line("slack = 1.25", "a measure may be so many times its line before the gate fails"),
        ]
    blocks, demanded = [], 0
    for measured in survey.subjects:
        for lines, demands in _blocks(measured, survey.loading, f"{table}." if table else ""):
            blocks.append("\n".join(lines))
            demanded += demands
    if not demanded:
        said = "; ".join(" ".join(block.replace("# ", "").split()) for block in blocks) or "no subject was named"
        raise NothingMeasured(f"there is nothing to hold on to: {said}")
    return "\n\n".join(["\n".join(head), *blocks]) + "\n"


def _blocks(measured: Measured, loading: Loading, prefix: str) -> "Iterator[tuple[list[str], bool]]":
    """The tables of one candidate, or the comment that says why it has none; whether anything is demanded."""
    held, left = holdings(measured, loading)
    where = _comment(measured.candidate.place)
    spoken = [line for text, why in left.items() for line in _comment(f"{text} is left out: {why}")]
    if not held:
        because = measured.trouble or next(iter(left.values()), "no case was there to ask")
        name = f"{measured.candidate.spec} ({measured.candidate.function})"
        yield _comment(f"{name} is not held to anything: {because}"), False
        return
    for number, holding in enumerate(held):
        yield [*where, f"[[{prefix}subjects]]", *_keys(holding), *(spoken if number == 0 else [])], True


def _keys(holding: Holding) -> Iterator[str]:
    demand = holding.demand
    yield f"subject = {_quoted(demand.subject)}"
    yield f"function = {_quoted(demand.function)}"
    yield f"formats = {_listed(demand.formats)}"
    best = {row.contract for row in holding.rows if row.contract is not ABSENT}
    exact = best == {str(Contract.CORRECTLY_ROUNDED)}
    why = "every answer was correctly rounded: demand that if it is meant" if exact else "the strongest it keeps"
    yield _line(f"require = {_quoted(demand.require or '')}", why)
    for name, limit in demand.budgets.limits().items():
        yield _line(f"budgets.{name} = {limit:g}", holding.why[name])
    if holding.broken:
        yield from _comment(
            "left out, because no contract is kept there today: "
            + ", ".join(f"{family} ({why})" for family, why in holding.broken.items())
        )
        yield from _wrapped(f"families = {_listed(demand.families or ())}", "", "  ")
    if demand.waive:
        yield "waive = [  # fails today and is shown, but does not fail the gate: take a line out when it is repaired"
        for waiver in demand.waive:
            yield f"  {{ kind = {_quoted(waiver.kind)}, reason = {_quoted(waiver.reason)} }},"
        yield "]"
    plain = Demand(subject=demand.subject)
    for name in _LOADING:
        if getattr(demand, name) != getattr(plain, name):
            yield f"{name} = {json.dumps(getattr(demand, name))}"


#: keys of how a subject is loaded, written where they are not the default
_LOADING = (
    "call", "arrays", "device", "isolate", "time_limit", "memory_limit", "plan", "base", "flushes_subnormals", "nan",
)  # fmt: skip


def _quoted(text: str) -> str:
    """A TOML string; JSON's escapes are TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _listed(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, texts))}]"


def _line(assignment: str, why: str) -> str:
    return f"{assignment}  # {why}"


def _comment(text: str) -> list[str]:
    # a control character, of an exception's message perhaps, is no TOML even here
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return _wrapped(" ".join(printable.split()), "# ", "#   ")


def _wrapped(text: str, first: str, then: str) -> list[str]:
    return textwrap.wrap(
        text, _WIDTH, initial_indent=first, subsequent_indent=then, break_long_words=False, break_on_hyphens=False
    )


_JOB = """\
# .github/workflows/lsecheck.yml
name: lsecheck
on: [push, pull_request]
permissions:
  contents: read
jobs:
  accuracy:
    runs-on: ubuntu-latest
    timeout-minutes: 20
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: pip install {packages}
      - run: lsecheck gate --output text --output junit={folder}/junit.xml --output json={folder}/results.json
      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: {folder}
          path: {folder}
"""
_SHELL = "pip install {packages} && lsecheck gate --output text --output junit={folder}/junit.xml"
#: where both put what they write
_FOLDER = "lsecheck-report"


def snippet(installs: bool = True) -> str:
    """The job for GitHub Actions, and the line for any other CI.

    installs  whether the project itself is installed first: its subjects are modules
    """
    told = {"packages": "lsecheck ." if installs else "lsecheck", "folder": _FOLDER}
    return f"{_JOB.format(**told)}\n# in any other CI\n# {_SHELL.format(**told)}\n"
