#!/usr/bin/env python3
"""Every program of the drafts in reports/findings/, run again in a plain Python: does it still print what is written?

    scripts/check_findings.py [DRAFT]...        # by default all of them

Each runs in a fresh interpreter, in an empty folder, without lsecheck. Programs whose library is not installed are
skipped, and named. Exits 1 where one prints something else, 5 where none could be run.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

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
        imported = re.findall(r"^(?:import|from) (\w+)", self.source, re.MULTILINE)
        return [name for name in dict.fromkeys(imported) if find_spec(name) is None]


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
    given = parser.parse_args()
    same = differ = 0
    skipped: dict[str, int] = {}
    for path in given.drafts or sorted(FOLDER.glob("*.md")):
        for program in programs(path):
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
    return 1 if differ else 0 if same else 5


if __name__ == "__main__":
    sys.exit(main())
