"""C programs -> what tests load: compiled once a session of tests, by the lines that docs/subjects.md shows."""

import functools
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "programs"


@functools.cache
def _folder() -> "tempfile.TemporaryDirectory[str]":
    return tempfile.TemporaryDirectory(prefix="lsecheck-tests-")


@functools.cache
def library(name: str, *options: str) -> str:
    """The shared library of a program; skips where there is no C compiler."""
    return _compiled(f"{name}.so", "-O2", "-shared", "-fPIC", *options, f"{name}.c")


@functools.cache
def program(*sources: str) -> str:
    """The executable of some sources."""
    return _compiled(sources[0], "-O2", *(f"{source}.c" for source in sources))


def _compiled(target: str, *arguments: str) -> str:
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc: apt install gcc")
    made = Path(_folder().name) / target
    subprocess.run(["gcc", *arguments, "-o", str(made), "-lm"], cwd=PROGRAMS, check=True)
    return str(made)
