"""JAX, compiled; and NumPy arrays as its arrays, and back.

It takes ml_dtypes as they are: bfloat16 is bfloat16. float64 it has through x64, which is on only
while float64 is asked: other formats are computed as everybody computes them.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import jax
import numpy as np

from lsecheck.subjects.adapters import ADAPTERS, Asked, called, described, no_device
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.subject import Subject

VERSION = f"jax {jax.__version__}"


def device(wanted: str) -> str:
    """The device to compute on; `SubjectError` where it is not there."""
    if wanted.partition(":")[0] in ("", *ADAPTERS["jax"].devices):
        try:
            return wanted if _found(wanted) and wanted else _found("").platform
        except (RuntimeError, IndexError, ValueError):  # no such kind, no such index, no index at all
            pass
    raise no_device("jax", wanted, list(dict.fromkeys(each.platform for each in jax.devices())))


def _found(name: str) -> Any:
    kind, _, index = name.partition(":")
    return jax.devices(kind or None)[int(index or 0)]


def _x64(on: bool) -> "AbstractContextManager[Any]":
    if not hasattr(jax, "enable_x64"):  # before 0.8
        from jax.experimental import enable_x64

        return enable_x64(on)
    return jax.enable_x64(on)


def handed(function: "Callable[..., Any]", device: str) -> "Callable[..., Any]":
    """A function of JAX's arrays as one of NumPy's."""
    where = _found(device)

    def call(*arrays: Any, **keywords: Any) -> Any:
        given = [np.asarray(array) for array in arrays]
        with _x64(any(array.dtype == np.float64 for array in given)):
            answer = function(*(jax.device_put(array, where) for array in given), **keywords)
            return np.asarray(answer) if isinstance(answer, jax.Array) else answer

    return call


def load(name: str, loading: Loading = PLAIN) -> Subject:
    """The subject `jax`."""
    where = device(loading.device)

    def ask(asked: Asked) -> "Callable[..., Any]":
        return handed(jax.jit(called(asked), static_argnames=("axis", "keepdims")), where)

    return described(name, ask, VERSION, where, "threads of its own choice")
