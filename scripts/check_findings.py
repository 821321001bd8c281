#!/usr/bin/env python3
"""Every program of the drafts in reports/findings/, run again in a plain Python: does it still print what is written?

    scripts/check_findings.py [DRAFT]...        # by default all of them
    scripts/check_findings.py --all             # and none may be left out

Each runs in a fresh interpreter, in an empty folder, without lsecheck. Programs whose library is not installed are
skipped, and named, and so are drafts without a program. Exits 1 where one prints something else, or with --all where
one was skipped or a draft has none; 5 where none could be run.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from lsecheck.report.findings import INDEX
from lsecheck.reproduce import printed

FOLDER = Path(__file__).resolve().parent.parent / "reports" / "findings"
_PROGRAM = re.compile(r"```python\n(.*?)```\n\nprints\n\n```text\n(.*?)\n?```", re.DOTALL)


class Program(NamedTuple):
    """A program of a draft, and what it is said to print."""

    draft: str
    number: int
    source: str
    said: str

    @property
    def missing(self) -> "list[str]":
        """Libraries that it imports and that are not here."""
        return [name for name in self.imported if find_spec(name) is None]

    @property
    def imported(self) -> "list[str]":
        """The modules that it imports, at their top."""
        return list(dict.fromkeys(re.findall(r"^(?:import|from) (\w+)", self.source, re.MULTILINE)))


def programs(path: Path) -> "Iterator[Program]":
    """Of a draft, in order. A Python block that nothing is said of is an error: nobody would check it."""
    text = path.read_text("utf-8")
    found = _PROGRAM.findall(text)
    if len(found) != text.count("```python\n"):
        raise SystemExit(f"{path.name} has a program without what it prints")
    for number, (source, said) in enumerate(found, 1):
        yield Program(path.name, number, source, said)


def main() -> int:
    """Run, compare, say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("drafts", nargs="*", type=Path, metavar="DRAFT")
    parser.add_argument("--all", action="store_true", help="fail where something was skipped")
    given = parser.parse_args()
    same = differ = without = 0
    skipped: dict[str, int] = {}
    for path in given.drafts or sorted(FOLDER.glob("*.md")):
        found = list(programs(path))
        if not found and path.name != INDEX:
            without += 1
            print(f"{path.name} has no program: nobody can check what it says")
        for program in found:
            name = f"{program.draft}, program {program.number}"
            if program.missing:
                skipped[program.missing[0]] = skipped.get(program.missing[0], 0) + 1
                continue
            print(name, file=sys.stderr, flush=True)
            got = printed(program.source)
            if got == program.said:
                same += 1
                continue
            differ += 1
            print(f"{name} prints\n  {got}\nwhere the draft says\n  {program.said}")
    for library, count in skipped.items():
        print(f"skipped {count} that need {library}, which is not installed")
    print(f"{same} print what the drafts say, {differ} do not, {sum(skipped.values())} were skipped")
    if given.all and (skipped or without):
        return 1
    return 1 if differ else 0 if same else 5


if __name__ == "__main__":
    sys.exit(main())
