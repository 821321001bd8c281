"""path/lib.so:symbol -> subject: a function of a shared library, by the C ABI.

What C calls the arrays is in `docs/subjects.md`: float and double are themselves, narrower formats
their bits in unsigned integers. The library is trusted with nothing: its subject is always isolated.
"""

import ctypes
import difflib
import hashlib
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from lsecheck.errors import SubjectError
from lsecheck.formats import Format
from lsecheck.functions import FUNCTIONS
from lsecheck.subjects.loading import Loading
from lsecheck.subjects.question import Array
from lsecheck.subjects.subject import Subject


def from_library(spec: str, loading: Loading) -> Subject:
    """The subject behind `path/lib.so:symbol`, in this process; `SubjectError` where there is none."""
    place, _, symbol = spec.rpartition(":")
    if loading.call == "axis":
        raise SubjectError(f"{spec!r}: a C function takes no axis; use --call row or --call batch")
    path = Path(place)
    if not path.is_file():
        raise SubjectError(f"{spec!r}: there is no file {path}")
    try:
        library = ctypes.CDLL(str(path.resolve()))
    except OSError as error:
        raise SubjectError(f"{spec!r}: {path} cannot be loaded: {' '.join(str(error).split())}") from None
    if not hasattr(library, symbol):
        raise SubjectError(f"{spec!r}: {path} exports no {symbol!r}{_near(path, symbol, library)}")
    ask = _batch if loading.call == "batch" else _row
    return Subject(
        spec,
        {name: partial(ask, library, symbol, name) for name in FUNCTIONS},
        note="C",
        version=f"sha256 {hashlib.sha256(path.read_bytes()).hexdigest()[:12]}",
        answers_in=True,
        given=True,
        spec=spec,
        takes=frozenset(),  # C has no strides: other layouts would be copied before they are handed over
    )


def _row(library: Any, symbol: str, function: str, *arrays: Array, output: Format) -> Array:
    """One call a row, or a pair."""
    first, *rest = [np.ascontiguousarray(array) for array in arrays]
    answered = _carrier(output.dtype)
    if function == "logaddexp":
        taken = _carrier(first.dtype)
        call = _typed(library, symbol, answered, taken, taken)
        said = [call(a, b) for a, b in zip(*(half.view(taken).tolist() for half in (first, *rest)), strict=True)]
        return np.array(said, answered).view(output.dtype)
    (rows, n), start, step = first.shape, first.ctypes.data, first.strides[0]
    if FUNCTIONS[function].elementwise:
        call = _typed(library, symbol, None, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
        answers = _unwritten((rows, n), output)
        for row in range(rows):
            call(start + row * step, n, answers.ctypes.data + row * answers.strides[0])
        return answers
    labels = zip(*(array.tolist() for array in rest), strict=True) if rest else [()] * rows
    call = _typed(library, symbol, answered, ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int64] * len(rest))
    said = [call(start + row * step, n, *label) for row, label in enumerate(labels)]
    return np.array(said, answered).view(output.dtype)


def _batch(library: Any, symbol: str, function: str, *arrays: Array, output: Format) -> Array:
    """One call for all rows."""
    held = [np.ascontiguousarray(array) for array in arrays]
    pointers = [array.ctypes.data for array in held]
    shape = held[0].shape  # (rows, n), or (n,) of each half of the pairs
    answers = _unwritten(shape if FUNCTIONS[function].elementwise else shape[:1], output)
    if function == "logaddexp":
        ordered = [*pointers, shape[0], answers.ctypes.data]
        kinds = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
    else:
        ordered = [pointers[0], *shape, *pointers[1:], answers.ctypes.data]
        kinds = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t] + [ctypes.c_void_p] * len(pointers)
    _typed(library, symbol, None, *kinds)(*ordered)
    return answers


def _typed(library: Any, symbol: str, answer: Any, *arguments: Any) -> "Callable[..., Any]":
    """The symbol as a function of these types: a new object every time, so that none keeps another's types."""
    return ctypes.CFUNCTYPE(answer, *arguments)((symbol, library))


def _unwritten(shape: tuple[int, ...], output: Format) -> Array:
    """nan, which an answer that is never written stays."""
    return np.full(shape, np.nan, output.dtype)


def _carrier(dtype: "np.dtype[Any]") -> Any:
    """The C type that holds a number of the format: itself, or its bits."""
    floats = {"float32": ctypes.c_float, "float64": ctypes.c_double}
    return floats.get(dtype.name) or (ctypes.c_uint16 if dtype.itemsize == 2 else ctypes.c_uint8)


def _near(path: Path, symbol: str, library: Any) -> str:
    """What it exports of a similar name, for the error message: names stand in its file, between zero bytes."""
    names = {name.decode() for name in re.findall(rb"\0([A-Za-z_]\w{2,80})(?=\0)", path.read_bytes())}
    near = [name for name in difflib.get_close_matches(symbol, names, n=3) if hasattr(library, name)]
    return f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
