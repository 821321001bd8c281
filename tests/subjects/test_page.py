"""docs/subjects.md shows what tests compile and run."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from lsecheck.cli import main
from lsecheck.functions import FUNCTIONS
from lsecheck.subjects.process import FIRST
from subjects.compiled import PROGRAMS, library

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "subjects.md").read_text("utf-8")


@pytest.mark.parametrize("name", ["max_shift.c", "command.c", "command.py", "online.py"])
def test_the_programs_are_quoted_word_for_word(name):
    """A shown program that nobody compiles is soon a lie."""
    language = name.rpartition(".")[2].replace("py", "python")
    assert f"```{language}\n{(PROGRAMS / name).read_text('utf-8')}```" in PAGE


def test_the_shown_commands_say_what_is_shown(tmp_path, monkeypatch):
    """The verdict and the count; the rest is that of the C library at hand."""
    shell, shown = re.search(r"```sh\n(.*?)```\n+```\n(.*?)```", PAGE, re.DOTALL).groups()
    compile_it, check = shell.strip().splitlines()
    library("max_shift")  # skips without a compiler
    monkeypatch.chdir(tmp_path)
    (tmp_path / "max_shift.c").write_bytes((PROGRAMS / "max_shift.c").read_bytes())
    subprocess.run(shlex.split(compile_it), check=True)
    said = CliRunner().invoke(main, shlex.split(check)[1:])
    assert said.exit_code == 0
    told = [line for line in shown.splitlines() if line.startswith(("PASS", "lsecheck:"))]
    assert len(told) == 2
    assert set(told) <= set(said.stdout.splitlines())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_its_signature(name):
    """Between the headings of C libraries and commands."""
    table = PAGE[PAGE.index("## C libraries") : PAGE.index("## Commands")]
    assert re.search(rf"^\| [a-z_, ]*\b{name}\b", table, re.MULTILINE)


def test_the_page_says_how_much_longer_the_first_answer_may_take():
    """In words."""
    assert FIRST == 6
    assert "six\n  times as long" in PAGE
