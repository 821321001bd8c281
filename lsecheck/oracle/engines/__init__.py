"""Which engine runs the arithmetic of the fast tier and of `measure`: NumPy, or numba where it is installed.

Both run the same lines and give the same bits, so the choice is one of speed alone and may
change within a process. `auto` starts with NumPy, which needs no loading, and goes over to the
compiled engine once there is enough work to repay it.
"""

import functools
import importlib.util
from typing import Any, Protocol

from lsecheck.errors import EnvironmentRefused, UnknownName

CHOICES = ("auto", "numpy", "numba")
#: entries, and outputs measured, after which `auto` loads the compiled engine, if there is one
ENOUGH = 1 << 24


class Engine(Protocol):
    """What an engine offers; `vectorised` says what each function does."""

    name: str

    def extremes(self, batch: Any) -> Any:
        """Maximum, next below it, multiplicity, finite entries, minimum of each row."""

    def sums(self, batch: Any, a: Any, b: Any) -> Any:
        """The sums of `doubledouble.parts` over each chunk of each row."""

    def row(self, *given: Any) -> Any:
        """`outputs.row` of every row."""

    def deviation(self, x: Any, given: Any, q: Any, shifts: int, fmt: "tuple[int, ...]") -> Any:
        """`outputs.deviation` of every output."""

    def portion(self, x: Any, given: Any, alone: Any, fmt: "tuple[int, ...]") -> Any:
        """`outputs.portion` of every output."""


_seen = 0
_choice = "auto"


def force(choice: str) -> None:
    """Choose for this process (`run` tells its workers); `UnknownName` for what is no engine."""
    global _choice
    if choice not in CHOICES:
        raise UnknownName("engine", choice, CHOICES)
    if choice == "numba" and not compiled_installed():
        raise EnvironmentRefused("the numba engine is not installed: pip install 'lsecheck[compiled]'")
    _choice = choice


def forced() -> str:
    """The engine that was asked for, `auto` by default."""
    return _choice


def compiled_installed() -> bool:
    """Whether numba can be imported, without importing it."""
    return importlib.util.find_spec("numba") is not None


def compiles(entries: int) -> bool:
    """Whether the next so many entries are the compiled engine's."""
    global _seen
    _seen += entries
    return _choice == "numba" or (_choice == "auto" and _seen > ENOUGH and compiled_installed())


def engine(entries: int) -> Engine:
    """The engine for the next so many entries, tested on its first use."""
    return _compiled() if compiles(entries) else _vectorised()


@functools.cache
def _vectorised() -> Engine:
    from lsecheck.oracle.engines import vectorised

    return _tested(vectorised)


@functools.cache
def _compiled() -> Engine:
    from lsecheck.oracle.engines import compiled

    return _tested(compiled)


def _tested(found: Any) -> Engine:
    from lsecheck.oracle.selftest import check

    _keep_pages()
    check(found)
    return found


def _keep_pages() -> None:
    """Let the C library keep up to 32 MB of freed memory, twice the largest block that was freed.

    glibc starts with 256 KB, and hands all else back: new pages for the arrays of every batch cost
    50 to 80 ns a row, as much as the arithmetic of a short one.
    """
    import numpy as np

    np.empty(1 << 21)  # 16 MB, never touched


def described() -> str:
    """What the environment record says of the choice."""
    from importlib import metadata

    if _choice == "numpy" or not compiled_installed():
        return "numpy"
    version = f"numba {metadata.version('numba')}"
    return version if _choice == "numba" else f"numpy, {version} for long work"
