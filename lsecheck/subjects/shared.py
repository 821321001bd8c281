"""arrays -> memory that two processes share -> arrays.

A file without a name that both map: through a pipe, 8 MB take three times as long. It only grows.
One side puts arrays in, says elsewhere what they are, and waits: there is one set at a time.
"""

import contextlib
import math
import mmap
import os
import tempfile
from typing import Any

import numpy as np

from lsecheck.subjects.question import Array

Kind = tuple[tuple[int, ...], np.dtype[Any]]  #: shape and dtype

_FIRST = 1 << 20  # bytes that it starts with: what most batches fit in
_ALIGNMENT = 64  # bytes


class Shared:
    """The memory, as one of the two processes has it mapped."""

    def __init__(self, file: "int | None" = None):
        """`file`: its descriptor in this process; None makes a new one."""
        self.file = _nameless() if file is None else file
        self._mapped = mmap.mmap(self.file, os.fstat(self.file).st_size)

    def close(self) -> None:
        """Let go of it, here; views of it live on."""
        os.close(self.file)

    def put(self, *arrays: Array) -> None:
        """Copy arrays in, over what was there."""
        kinds = [(array.shape, array.dtype) for array in arrays]
        needed = _layout(kinds)[-1]
        if needed > len(self._mapped):
            os.ftruncate(self.file, max(needed, os.fstat(self.file).st_size))
        for array, place in zip(arrays, self.take(*kinds), strict=True):
            np.copyto(place, array)

    def take(self, *kinds: Kind) -> list[Array]:
        """Views of the arrays of these shapes and dtypes; `ValueError` where there is not as much."""
        *starts, needed = _layout(kinds)
        if needed > len(self._mapped):
            there = os.fstat(self.file).st_size
            if needed > there:
                raise ValueError(f"{needed} bytes were promised, {there} are there")
            self._mapped = mmap.mmap(self.file, there)
        return [np.ndarray(*kind, self._mapped, start) for kind, start in zip(kinds, starts, strict=True)]


def _layout(kinds: "list[Kind] | tuple[Kind, ...]") -> list[int]:
    """Where each array starts, and where the last ends."""
    places = [0]
    for shape, dtype in kinds:
        size = math.prod(shape) * dtype.itemsize
        places.append(places[-1] + -(-size // _ALIGNMENT) * _ALIGNMENT)
    return places


def _nameless() -> int:
    """A file in memory where there is such a thing (Linux; /dev/shm may be small), else in the temp folder."""
    if hasattr(os, "memfd_create"):
        file = os.memfd_create("lsecheck", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    else:  # pragma: no cover - macOS
        with tempfile.TemporaryFile() as opened:
            file = os.dup(opened.fileno())
    os.ftruncate(file, _FIRST)
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        # whoever shortens a file that another has mapped ends it
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
    return file
