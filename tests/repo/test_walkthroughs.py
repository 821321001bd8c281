"""The walk-throughs of docs/ go as they are written, from an empty folder, as a new user would try them.

A page says what to do in blocks. A block of python or C after a line that names a file in backticks and ends in a
colon is written to that file; a file of ours is not written, but must have the block in it, word for word. The
lines of a block `sh` are typed to bash, one after the other; a line whose exit status is not 0 says so in a
comment. A block `text` after it is everything that they print; `…` stands for anything in a line, and alone in a
line for any lines.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import lsecheck

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
#: the walk-throughs, and two pages whose examples go the same way
PAGES = ("start", "gate", "report", "fuzz", "measures", "extending")
#: another processor's exp and log change last bits: what is measured may differ by this factor, as in a gate
SLACK = 1.25
#: and ulps of answers near 0, which are millions, by this one: 16.4 is the most in reports/dispatch.md
MILLION, WIDE = 1e6, 20
#: a measured number: decimal, and not an integer
FIGURE = r"(?<![\w.,])\d+(?:\.\d+(?:e[+-]?\d+)?|e[+-]?\d+)(?![\w.,]*\w)"
#: what is not run: the network is nobody's test
SKIPPED = ("pip install ",)


class Block(NamedTuple):
    """One fenced block of a page."""

    language: str
    text: str
    name: str  #: of the file it is written to; empty where the line before names none


def blocks(page):
    """The fenced blocks of a page, but for those after `<!-- not run -->`."""
    found = []
    for before, language, text in re.findall(r"([^\n]*)\n+```(\w*)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE):
        named = re.fullmatch(r"(?:.*\s)?`([\w./-]+)`(?:, [^`]*)?:", before)
        if before != "<!-- not run -->":
            found.append(Block(language, text, named[1] if named else ""))
    return found


def typed(script):
    """Command -> the exit status that its comment announces, line by line; a backslash goes on in the next."""
    for line in script.replace("\\\n", " ").splitlines():
        said = re.search(r"#.*\bexit status (\d+)", line)
        if line and not line.startswith(("#", *SKIPPED)):
            yield line, int(said[1]) if said else 0


def differs(shown, printed):
    """What is wrong with the shown output: empty where it is what was printed."""
    pattern = "".join(_line(line) for line in shown.splitlines())
    found = re.fullmatch(pattern, "".join(f"{_plain(line)}\n" for line in printed.splitlines()))
    if found is None:
        return f"the page shows\n{shown}\nand this is printed\n{printed}"
    figures = [float(figure) for line in shown.splitlines() for figure in re.findall(FIGURE, _plain(line))]
    pairs = [(figure, float(measured)) for figure, measured in zip(figures, found.groups(), strict=True)]
    return "; ".join(
        f"{shown} is shown, {measured} is printed" for shown, measured in pairs if not _near(shown, measured)
    )


def _near(shown, measured):
    """As near as it can be on another processor."""
    factor = WIDE if shown >= MILLION else SLACK
    return shown / factor <= measured <= shown * factor


def _line(shown):
    """The pattern of a shown line."""
    if shown.strip() in ("…", "..."):
        return r"(?:.*\n)*?"
    parts = re.split(rf"({FIGURE}|…)", _plain(shown))
    return "".join(".*?" if part == "…" else _exactly(part) for part in parts) + r"\n"


def _exactly(part):
    """The pattern of a part without `…`: a figure is left to be compared as a number."""
    return f"({FIGURE})" if re.fullmatch(FIGURE, part) else re.escape(part)


def _plain(line):
    """Without what only lays out a table, whose columns are as wide as their numbers."""
    return re.sub(r"(?<= )-{2,}|^-{2,}", "--", re.sub(r" +", " ", line)).strip()


@pytest.fixture
def bash(tmp_path):
    """A user's shell in an empty folder: command -> exit status and all that it printed."""
    place, programs = tmp_path / "empty", tmp_path / "bin"
    place.mkdir()
    programs.mkdir()
    for name, module in (("lsecheck", "-m lsecheck"), ("python", ""), ("pytest", "-m pytest")):
        (programs / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {module} "$@"\n', "utf-8")
        (programs / name).chmod(0o755)
    environment = {
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "HOME": str(tmp_path),
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(Path(lsecheck.__file__).resolve().parents[1]),
        "LSECHECK_ENGINE": "numpy",  # the same bits, with nothing to compile first
    } | {name: os.environ[name] for name in ("NPY_DISABLE_CPU_FEATURES", "LD_LIBRARY_PATH") if name in os.environ}

    def run(command):
        done = subprocess.run(
            ["bash", "-c", f"exec 2>&1\n{command}"],
            cwd=place, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=120, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout.decode()

    run.place = place
    return run


@pytest.mark.parametrize("name", PAGES)
def test_a_walk_through_goes_as_it_is_written(name, bash):
    """Every file, every command in its order, its exit status, and what it prints."""
    page = (DOCS / f"{name}.md").read_text("utf-8")
    found = blocks(page)
    assert 2 * (len(found) + page.count("<!-- not run -->")) == len(re.findall(r"^```", page, re.MULTILINE))
    printed, commands = None, 0
    for block in found:
        if block.language == "sh":
            printed = ""
            for command, expected in typed(block.text):
                if command.startswith("cc ") and shutil.which("cc") is None:
                    pytest.skip(f"docs/{name}.md from '{command}' on needs a C compiler: apt install gcc")
                status, said = bash(command)
                assert status == expected, f"{command!r} exits {status}:\n{said}"
                printed, commands = printed + said, commands + 1
        elif block.language == "text":
            assert printed is not None, f"no command before the output\n{block.text}"
            assert not (wrong := differs(block.text, printed)), wrong
        elif block.language:
            assert block.name, f"no line names the file of this block of {block.language}:\n{block.text}"
            if block.name.startswith("lsecheck/"):
                assert block.text in (ROOT / block.name).read_text("utf-8"), f"{block.name} has no\n{block.text}"
            else:
                (bash.place / block.name).write_text(block.text, "utf-8")
    assert commands >= 2


SHOWN = "subject   E\n-------  --\nit  6.17\n…\n0.3 s, seed 0\n"


@pytest.mark.parametrize(
    ("printed", "right"),
    [
        (SHOWN, True),
        (
            "subject E\n---------  ----\nit       6.18\nmore\nand more\n0.3 s, seed 0\n",
            True,
        ),  # a wider column, a last bit
        ("subject E\n-- --\nit 9.17\n0.3 s, seed 0\n", False),  # another number
        ("subject E\n-- --\nit 6.17\n0.3 s, seed 1\n", False),  # another integer
        ("subject E\n-- --\nthat 6.17\n0.3 s, seed 0\n", False),  # another word
        (SHOWN + "one line more\n", False),
        ("", False),
    ],
)
def test_what_is_shown_must_be_what_is_printed(printed, right):
    """Else the walk-throughs above could not fail."""
    assert (differs(SHOWN, printed) == "") == right


def test_hex_floats_are_compared_to_the_last_digit():
    """They are inputs and truths, which are the same on every machine."""
    assert differs("should be 0x1.54051ap-26", "should be 0x1.54051ap-26") == ""
    assert differs("should be 0x1.54051ap-26", "should be 0x1.54051cp-26") != ""


def test_a_status_is_announced_by_a_comment():
    """And no comment means 0."""
    script = "lsecheck gate  # exit status 1: red\npip install lsecheck\nlsecheck \\\n  check\n# only said\n"
    assert list(typed(script)) == [("lsecheck gate  # exit status 1: red", 1), ("lsecheck    check", 0)]


def test_a_file_is_named_by_the_line_before_its_block():
    """In backticks, with a colon; a block that is not run says so."""
    page = "Now `yours.py`:\n\n```python\n1\n```\n\n<!-- not run -->\n```sh\nrm\n```\n```sh\nls\n```\n"
    assert blocks(page) == [Block("python", "1\n", "yours.py"), Block("sh", "ls\n", "")]
