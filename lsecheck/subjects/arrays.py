"""callable of tensors -> callable of NumPy arrays: what `--arrays` and `--device` ask for.

The conversion is that of the library's adapter: a format is handed over, and comes back, as itself.
"""

from collections.abc import Callable
from typing import Any

from lsecheck.errors import InputError
from lsecheck.subjects.adapters import module
from lsecheck.subjects.loading import Loading


def handed(function: "Callable[..., Any]", loading: Loading) -> "tuple[Callable[..., Any], str]":
    """The function, handed what `loading.arrays` names on `loading.device`; and that library's version, and the device.

    Keywords pass through. `SubjectError` where the library or the device is missing.
    """
    kind = loading.arrays
    if kind == "numpy":
        allowed = "--arrays torch or jax, or with the torch, jax and onnxruntime adapters"
        raise InputError(f"--device goes with {allowed}")
    library = module(kind, f"--arrays {kind} needs {kind}: pip install 'lsecheck[{kind}]'")
    device = library.device(loading.device)
    return library.handed(function, device), f"{library.VERSION}, {device}"
