#!/usr/bin/env python3
"""Every method beside every library -> reports/leaderboard.json, its pages, and drafts of what is to be reported.

    pip install -r scripts/leaderboard-requirements.txt -e .
    scripts/make_leaderboard.py [--jobs N] [--fresh]        # about half an hour on two cores
    scripts/make_leaderboard.py --render                    # the pages again, from the JSON alone

Every part is measured in a process of its own and kept in build/leaderboard/, so that an interrupted run goes on
where it was and a library that ends its process ends nothing else: what it was asked is asked again in isolation.
Speeds come last, alone on the machine. Exits 1 where a part could not be measured.
"""

import argparse
import functools
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import msgspec
from tqdm import tqdm

from lsecheck import formats, functions, speeds
from lsecheck.contracts import Contract
from lsecheck.errors import InputError, LsecheckError
from lsecheck.gate import check, judge
from lsecheck.inputs import cases
from lsecheck.report import findings, leaderboard, sorts
from lsecheck.report.page import board
from lsecheck.reproduce import specimens
from lsecheck.rows import SCHEMA, Document, Row, from_json, to_json
from lsecheck.run import environment
from lsecheck.subjects import load
from lsecheck.subjects.adapters import ADAPTERS, install_line, installed
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.methods import METHODS

ROOT = Path(__file__).resolve().parent.parent
REPORTS, SCRATCH = ROOT / "reports", ROOT / "build" / "leaderboard"
FUNCTIONS = ("logsumexp", "softmax", "log_softmax", "cross_entropy")
FORMATS = ("float16", "bfloat16", "float32", "float64")
WIDER = "max-shift@float32"  #: what most kernels do with 16 bits
SUBJECTS = (*METHODS, WIDER, *(name for name in ADAPTERS if name != "numpy.logaddexp"))
#: subject -> families that are asked at effort quick: it compiles anew for every width
QUICK = {"jax": ("width",)}
ROUNDS = 11
OURS = "ours"  #: the group of our methods
#: shown in the README
PICTURE = board.figure_name("logsumexp", "float32")


class Part(NamedTuple):
    """What one process measures."""

    what: str  #: a name of `WAYS`
    subject: str
    function: str

    @property
    def path(self) -> Path:
        """Where it is kept: of other code, or of other libraries, it is another part."""
        return SCRATCH / made_with() / f"{self.what}-{self.subject}-{self.function}.json"

    @property
    def needs(self) -> "list[Part]":
        """What must be there first."""
        before = {"specimens": ["rows"], "flushed": ["specimens"]}.get(self.what, [])
        return [self._replace(what=what) for what in before]


@functools.cache
def made_with() -> str:
    """A digest of all that judges, and of every version there is."""
    state = hashlib.sha256()
    for path in sorted((ROOT / "lsecheck").rglob("*.py")):
        if "report" not in path.parts:  # what renders changes no number
            state.update(path.read_bytes())
    versions = sorted(f"{each.name} {each.version}" for each in metadata.distributions())
    state.update("\n".join(versions).encode())
    return state.hexdigest()[:12]


def formats_of(subject: str) -> "tuple[str, ...]":
    """The formats that it is asked in."""
    return FORMATS[:2] if subject == WIDER else FORMATS


def claims(subject: str, function: str) -> bool:
    """Whether there is anything to ask."""
    name = subject.partition("@")[0]
    if name in METHODS:
        return function in METHODS[name]
    return function in ADAPTERS[name].functions and installed(name)


def groups() -> "dict[str, list[str]]":
    """Who is timed in one process: our methods, and each library by itself, since threads of two disturb each other."""
    found: dict[str, list[str]] = {}
    for name in SUBJECTS:
        if name != speeds.BESIDE:
            found.setdefault(ADAPTERS[name].module if name in ADAPTERS else OURS, []).append(name)
    return found


def asked(members: "list[str]") -> "list[str]":
    """Functions that any of them has."""
    return [function for function in FUNCTIONS if any(claims(name, function) for name in members)]


def parts(what: str) -> "list[Part]":
    """All of a kind."""
    if what == "speeds":
        return [Part(what, group, name) for group, members in groups().items() for name in asked(members)]
    subjects = [name for name in SUBJECTS if what == "rows" or name in ADAPTERS]
    return [
        Part(what, subject, function) for subject in subjects for function in FUNCTIONS if claims(subject, function)
    ]


# ---- what each process does ----


def measured(part: Part, loading: Loading) -> Document:
    """Rows of one subject in one function, in every format that it has."""
    return asked_of(part, formats_of(part.subject), loading)


def asked_of(part: Part, pairs: "Sequence[str]", loading: Loading) -> Document:
    """Every family, each at the effort that its subject has for it."""
    quick = QUICK.get(part.subject, ())
    efforts = {"standard": [name for name in cases.names() if name not in quick], "quick": list(quick)}
    asked = {effort: families for effort, families in efforts.items() if families}
    found = [check(part.subject, part.function, pairs, asked[effort], effort, loading=loading) for effort in asked]
    rows = [row for each in found for row in each.rows]
    return Document(schema=SCHEMA, environment=found[0].environment, rows=rows, verdicts=[])


def reproduced(part: Part, loading: Loading) -> Document:
    """What its failures come down to."""
    known = from_json(part._replace(what="rows").path.read_bytes())
    found = specimens(known.rows, load(part.subject, loading))
    return Document(schema=SCHEMA, environment=known.environment, rows=[], verdicts=[], specimens=found)


def flushed(part: Part, loading: Loading) -> Document:
    """What is kept where subnormal numbers may be taken for 0, in the formats where a contract breaks on them."""
    known = from_json(part._replace(what="specimens").path.read_bytes())
    broken = [each.format for each in known.specimens if sorts.of(each).slug == "subnormal"]
    if not broken:
        return Document(schema=SCHEMA, environment={}, rows=[], verdicts=[])
    found = asked_of(part, [*dict.fromkeys(broken)], replace(loading, flushes_subnormals=True))
    declared = judge(found.rows, Contract.SHIFTED)
    return Document(schema=SCHEMA, environment={}, rows=[], verdicts=[], declared=declared)


def timed(part: Part, _: Loading) -> Document:
    """A library, or our methods, beside max-shift in one process and on one core."""
    function, found = functions.named(part.function), []
    names = [speeds.BESIDE, *groups()[part.subject]]
    loaded = [load(name) for name in names if claims(name, part.function)]
    for pair in map(formats.pair, FORMATS):
        able = [each for each in loaded if each.supports(function, pair) and str(pair) in formats_of(each.name)]
        for shape in speeds.SHAPES:
            ratios = speeds.ratios(able, function, pair, shape, ROUNDS) if len(able) > 1 else []
            # max-shift beside itself is 1 whoever else is there: once is enough
            found += ratios if part.subject == OURS else ratios[1:]
    return Document(schema=SCHEMA, environment=environment(loaded), rows=[], verdicts=[], speeds=found)


#: in this order: each kind may need those before it
WAYS = {"rows": measured, "specimens": reproduced, "flushed": flushed, "speeds": timed}


def perform(part: Part, loading: Loading) -> None:
    """One part, kept when it is whole."""
    path = part.path  # before a library is imported: some add to what counts as installed
    if part.what == "speeds":
        # one core, before any library counts them: threads that wait for their turn take longer to wake than to work
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    made = WAYS[part.what](part, loading)
    new = path.with_suffix(".new")
    new.write_text(to_json(made), "utf-8")
    new.replace(path)


# ---- driving them ----


def run(part: Part) -> bool:
    """In a process of its own; where that ends without a result, once more in isolation."""
    if part.path.exists():
        return True
    part.path.parent.mkdir(parents=True, exist_ok=True)
    with open(part.path.with_suffix(".log"), "w", encoding="utf-8") as log:
        for more in ([], ["--isolated"]):
            words = [sys.executable, __file__, "--part", *part, *more]
            if subprocess.run(words, stdout=log, stderr=log).returncode == 0 and part.path.exists():
                return True
    return False


def run_all(jobs: int) -> "list[Part]":
    """Every part there is; those that failed."""
    failed = []
    for what in WAYS:
        wanted = [part for part in parts(what) if all(each.path.exists() for each in part.needs)]
        at_once = 1 if what == "speeds" else jobs
        with (
            ThreadPoolExecutor(at_once) as pool,
            tqdm(total=len(wanted), unit="part", desc=what, file=sys.stderr) as bar,
        ):
            for part, held in zip(wanted, pool.map(run, wanted), strict=True):
                bar.set_postfix_str(f"{part.subject} {part.function}")
                bar.update()
                failed += [] if held else [part]
    return failed


def lean(row: Row) -> Row:
    """Without the maps that no page of the leaderboard shows: a quarter of the file."""
    return msgspec.structs.replace(
        row, by_condition=[], histogram=[], by_place=row.by_place if row.family in leaderboard.DRIFT else []
    )


def assembled() -> Document:
    """All parts as one result."""
    found = [from_json(part.path.read_bytes()) for what in WAYS for part in parts(what) if part.path.exists()]
    order = {name: place for place, name in enumerate(FUNCTIONS)}, {name: place for place, name in enumerate(FORMATS)}
    rows = sorted(
        (lean(row) for each in found for row in each.rows),
        key=lambda row: (order[0][row.function], order[1][row.format]),
    )
    return Document(
        schema=SCHEMA,
        environment=agreed([each.environment for each in found if each.rows]),
        rows=rows,
        verdicts=judge(rows, Contract.SHIFTED),
        declared=[verdict for each in found for verdict in each.declared],
        specimens=[specimen for each in found for specimen in each.specimens],
        speeds=[speed for each in found for speed in each.speeds],
    )


def agreed(environments: "Sequence[dict[str, str]]") -> dict[str, str]:
    """What all parts were measured with. Speeds have a core of their own, and say so on the page."""
    said: dict[str, str] = {}
    for name, text in (item for each in environments for item in each.items()):
        if said.setdefault(name, text) != text:
            raise InputError(f"parts disagree on {name}: {said[name]!r}, {text!r}; --fresh measures all of them again")
    return said


def render(document: Document) -> None:
    """Every page."""
    (REPORTS / "leaderboard.md").write_text(leaderboard.page(document), "utf-8")
    drawn = board.draw(document)
    (REPORTS / "leaderboard.html").write_text(board.render(document, drawn), "utf-8")
    (REPORTS / "picture.svg").write_text(drawn[PICTURE], "utf-8")
    folder = REPORTS / "findings"
    folder.mkdir(exist_ok=True)
    pages = findings.pages(document)
    for path in folder.glob("*.md"):
        if path.name not in pages:
            path.unlink()
    for name, page in pages.items():
        (folder / name).write_text(page, "utf-8")


def main() -> int:
    """Measure what is not there yet, write, render."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--fresh", action="store_true", help="measure everything anew")
    parser.add_argument("--render", action="store_true", help="only write the pages, from the committed JSON")
    parser.add_argument("--part", nargs=3, metavar=("WHAT", "SUBJECT", "FUNCTION"), help=argparse.SUPPRESS)
    parser.add_argument("--isolated", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    kept = REPORTS / "leaderboard.json"
    if given.part:
        try:
            perform(Part(*given.part), Loading(isolated=True) if given.isolated else PLAIN)
        except LsecheckError as error:
            print(error, file=sys.stderr)
            return 1
        return 0
    failed: Sequence[Part] = ()
    if not given.render:
        if given.fresh:
            shutil.rmtree(SCRATCH, ignore_errors=True)
        missing = [name for name in SUBJECTS if name in ADAPTERS and not installed(name)]
        lost = {row.subject for row in from_json(kept.read_bytes()).rows} & set(missing) if kept.exists() else set()
        for name in missing:
            print(f"{'missing' if name in lost else 'left out'}: {install_line(name)}", file=sys.stderr)
        if lost:  # what is published must not vanish for want of a library
            return 2
        failed = run_all(given.jobs)
        kept.write_text(to_json(assembled()), "utf-8")
    render(from_json(kept.read_bytes(), kept.name))
    for part in failed:
        print(
            f"not measured: {part.subject} {part.function} ({part.what}): see {part.path.with_suffix('.log')}",
            file=sys.stderr,
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
