"""specimens of libraries -> drafts of what could be filed upstream, one page each, and their index.

Every page can stand alone in another project's tracker: its program needs that library only, and what it
prints was recorded from running it. `scripts/check_findings.py` runs it again.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from lsecheck.contracts import MEANING, Contract
from lsecheck.report import causes, sorts
from lsecheck.report.leaderboard import flushing
from lsecheck.report.sorts import KNOW, WRONG, Sort
from lsecheck.report.terms import LAYOUTS, own_program
from lsecheck.report.words import code, decimals, entries, family_again, short, table
from lsecheck.rows import Document, Specimen
from lsecheck.subjects.adapters import ADAPTERS

#: the page that lists the others
INDEX = "README.md"
#: formats, the most telling first
_ORDER = ("float32", "float64", "float16", "bfloat16")


class Draft(NamedTuple):
    """A failure of one library in one function, in all formats and modes that share it."""

    library: str
    function: str
    sort: Sort
    specimens: "tuple[Specimen, ...]"  #: the one to show first

    @property
    def file(self) -> str:
        """Its page."""
        return f"{self.library}-{self.function}-{self.sort.slug}.md"

    @property
    def name(self) -> str:
        """What the library calls the function."""
        return ADAPTERS[self.specimens[0].subject].functions[self.function].name

    def told(self, text: str) -> str:
        """A text of its sort, about what was seen."""
        return text.format_map(sorts.fills(self.specimens))

    @property
    def title(self) -> str:
        """Fit for a tracker."""
        return self.told(self.sort.title)

    @property
    def formats(self) -> str:
        """Those that show it."""
        return ", ".join(sorted({specimen.format for specimen in self.specimens}, key=formats_order))


def formats_order(fmt: str) -> int:
    """Where a format stands in a list."""
    return _ORDER.index(fmt) if fmt in _ORDER else len(_ORDER)


def drafts(document: Document) -> "list[Draft]":
    """What is wrong first, then what is worth knowing; by library within each."""
    groups: dict[tuple[str, str, str], list[Specimen]] = {}
    for specimen in document.specimens:
        if specimen.subject in ADAPTERS:
            key = sorts.library(specimen.subject), specimen.function, sorts.of(specimen).slug
            groups.setdefault(key, []).append(specimen)
    for library, function, slug in list(groups):  # a fold whose order matters is one that loses accuracy
        if slug == "order" and (library, function, "fold") in groups:
            groups[library, function, "fold"] += groups.pop((library, function, slug))
    found = [
        Draft(library, function, sorts.SORTS[slug], tuple(sorted(members, key=_telling)))
        for (library, function, slug), members in groups.items()
    ]
    return sorted(found, key=lambda draft: (draft.sort.standing != WRONG, draft.library))


def pages(document: Document) -> "dict[str, str]":
    """File name -> content: the index, and a page for each draft."""
    found = drafts(document)
    return {INDEX: _index(found)} | {draft.file: page(draft, document) for draft in found}


def program(specimen: Specimen) -> str:
    """The one that shows it in a plain Python; '' where none can."""
    given = specimen.subject, specimen.function, specimen.format, specimen.witness
    if specimen.domain != "conduct":
        return own_program(*given, copies=specimen.copies)
    if specimen.kind == "axis":
        return own_program(*given, axis=0)
    return own_program(*given, layout=specimen.kind) if specimen.kind in LAYOUTS else ""


def page(draft: Draft, document: Document) -> str:
    """One draft."""
    first, *others = draft.specimens
    found = dict.fromkeys(filter(None, map(causes.cause, draft.specimens)))
    alike = dict.fromkeys(each for specimen in draft.specimens for each in causes.related(specimen))
    parts = [
        f"# {draft.title}",
        f"*{draft.sort.standing.capitalize()}. A draft: nothing of it has been filed.*",
        f"{draft.told(draft.sort.summary)} Seen {_versions(draft, document)} in {draft.formats}; since when"
        " is not known.",
        *_evidence(first),
        f"**Expected:** {_expected(first)}." + _because(draft),
        f"**Impact:** {draft.told(draft.sort.impact)}",
    ]
    if found:
        parts.append("**Likely cause:** " + "; ".join(found) + ".")
    if alike:
        parts.append("**Related:** " + "; ".join(alike) + ".")
    if draft.sort.standing == KNOW:
        parts.append(f"**Why it is no bug to file:** {draft.told(draft.sort.why)}.{_else(draft, document)}")
    if others:
        parts += [f"## The same in other formats and modes ({len(others)})", _others(others)]
        parts += [part for each in others if program(each) for part in _evidence(each, short_head=True)]
    parts += ["## Environment", _environment(draft, document), "## How it was found", _found(first)]
    return "\n\n".join(parts) + "\n"


def _evidence(specimen: Specimen, short_head: bool = False) -> "list[str]":
    """The program and what it prints; where no program shows it, what was seen."""
    written = program(specimen)
    if not written:
        said = specimen.witness.message if isinstance(specimen.witness.message, str) else specimen.witness.answer
        return [f"Seen through the adapter, on x = {code(entries(specimen.witness))}: {said}."]
    head = f"`{specimen.subject}`, {specimen.format}" if short_head else "In a plain Python"
    if specimen.copies > 1:
        head += f", {specimen.copies} equal rows (the answer depends on the batch: one alone does not show it)"
    elif not shows(specimen) and specimen.domain != "conduct":
        head += f", asked alone (in the batch that it was seen in the answer was {_seen(specimen)}: it depends on that)"
    return [f"{head}:", f"```python\n{written}```", "prints", f"```text\n{specimen.printed}\n```"]


def _seen(specimen: Specimen) -> str:
    return repr(float.fromhex(specimen.witness.answer))


def _expected(specimen: Specimen) -> str:
    if specimen.kind in ("raised", "crashed", "timed-out"):
        return "an empty answer" if not specimen.witness.n else f"{_rounded(specimen)}"
    if specimen.expected in ("nan", "+inf", "-inf"):
        return specimen.expected.removeprefix("+")
    if specimen.expected == "any convention":
        return "no single answer is right; nan at every output, or a one-hot row"
    return _rounded(specimen)


def _rounded(specimen: Specimen) -> str:
    """The nearest number of the format, and the exact value."""
    right = float.fromhex(specimen.witness.truth)
    exact = f"; the exact value is {specimen.exact}{_more(specimen.exact)}" if specimen.exact else ""
    return f"{right!r} (`{specimen.witness.truth}`), correctly rounded to {specimen.format}{exact}"


def _more(exact: str) -> str:
    """An ellipsis where the decimal was cut."""
    digits = sum(letter.isdigit() for letter in exact.partition("e")[0].lstrip("-0."))
    return "…" if digits >= 20 else ""


def _because(draft: Draft) -> str:
    return f" Why: {draft.told(draft.sort.why)}." if draft.sort.standing == WRONG else ""


def _else(draft: Draft, document: Document) -> str:
    """What is kept by everything else, where that was measured."""
    kept: dict[tuple[str, str], list[str]] = {}
    declared = flushing(document)
    for each in draft.specimens:
        known = declared.get((each.function, each.subject, each.format))
        if known and draft.sort.slug == "subnormal":
            kept.setdefault((each.subject, known), []).append(each.format)
    said = [
        f"`{subject}` keeps {known} ({MEANING[Contract(known)]}) in {', '.join(formats)}"
        for (subject, known), formats in kept.items()
    ]
    return f" Apart from these results, in lsecheck's terms, {'; '.join(said)}." if said else ""


def _others(others: Sequence[Specimen]) -> str:
    body = [
        (
            f"`{each.subject}`", each.format, code(entries(each.witness, 60)), _got(each),
            each.expected if not each.exact else f"{float.fromhex(each.witness.truth)!r}",
            "-" if each.domain == "conduct" else short(each.witness.ulp),
        )
        for each in others
    ]  # fmt: skip
    return table(("asked", "format", "x", "answers", "should be", "ulp"), body)


def _got(specimen: Specimen) -> str:
    if specimen.domain == "conduct":
        return specimen.printed or str(specimen.witness.message)
    if isinstance(specimen.witness.message, str) and not specimen.printed:
        return specimen.witness.message
    return specimen.printed or repr(float.fromhex(specimen.witness.answer))


def _versions(draft: Draft, document: Document) -> str:
    names = dict.fromkeys(specimen.subject for specimen in draft.specimens)
    said = dict.fromkeys(document.environment.get(f"subject {name}", name).partition(",")[0] for name in names)
    return f"with {', '.join(said)} ({', '.join(names)})"


def _environment(draft: Draft, document: Document) -> str:
    names = dict.fromkeys(specimen.subject for specimen in draft.specimens)
    known = document.environment
    lines = [f"* `{name}`: {known[f'subject {name}']}" for name in names if f"subject {name}" in known]
    told = ("python", "platform", "processor", "numpy", "numpy_simd")
    lines += [f"* {name}: {known[name]}" for name in told if name in known]
    return "\n".join(lines)


def _found(specimen: Specimen) -> str:
    given = specimen.subject, specimen.function, specimen.format
    again = family_again(*given, specimen.found.case.partition(":")[0])
    simpler = "; the row above is a simpler one that fails alike" if specimen.found.x != specimen.witness.x else ""
    return f"By lsecheck, on its case `{specimen.found.case}`{simpler}:\n\n```sh\n{again}\n```"


def _index(found: Sequence[Draft]) -> str:
    parts = [
        "# What is wrong in libraries, and what is worth knowing",
        "Drafts written by `scripts/make_leaderboard.py` from [the leaderboard](../leaderboard.md), each with a program"
        " that needs the library alone; `scripts/check_findings.py` runs them again and compares. Nothing here has been"
        " filed: versions are named on every page, and a later one may have been mended.",
    ]
    for standing in (WRONG, KNOW):
        mine = [draft for draft in found if draft.sort.standing == standing]
        parts.append(f"## {standing.capitalize()}")
        body = [(f"[{draft.title}]({draft.file})", draft.library, draft.formats, example(draft)) for draft in mine]
        parts.append(table(("finding", "library", "formats", "an example"), body) if body else "None.")
    return "\n\n".join(parts) + "\n"


def example(draft: Draft) -> str:
    """What shows it, in a line of Markdown."""
    specimen = draft.specimens[0]
    right = float.fromhex(specimen.witness.truth)
    settled = f"{right!r}" if specimen.expected == "a number" or specimen.domain == "conduct" else specimen.expected
    x = decimals(specimen.witness, 60) or f"{specimen.witness.n:,} entries"
    return f"x = {code(x)}: {_got(specimen)}, should be {settled.removeprefix('+')}"


def _telling(specimen: Specimen) -> "tuple[float, ...]":
    """What shows best: its program prints what was measured, it has entries, it is plainly called, short, common."""
    return (
        not shows(specimen),
        not specimen.witness.n,
        len(specimen.subject.split(".")) > 1 and specimen.subject.startswith("torch"),
        specimen.witness.n > 100,
        formats_order(specimen.format),
        len(str(specimen.witness.x)),
    )


def shows(specimen: Specimen) -> bool:
    """Whether its program prints what was measured: a library may answer otherwise to a row in its batch."""
    if not program(specimen):
        return False
    if specimen.domain == "conduct" or specimen.copies > 1 or isinstance(specimen.witness.message, str):
        return bool(specimen.printed)
    try:
        said, known = float(specimen.printed), float.fromhex(specimen.witness.answer)
    except ValueError:
        return False
    return said == known or (math.isnan(said) and math.isnan(known))
