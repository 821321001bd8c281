"""PyTorch, eager and through torch.compile; and NumPy arrays as its tensors, and back.

Formats that NumPy has from ml_dtypes travel as their bits: torch knows no ml_dtypes, and a 16-bit
array must not be taken for float16 on the way.
"""

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import torch

from lsecheck.subjects.adapters import ADAPTERS, Asked, called, described, no_device
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.subject import Subject

Array = np.ndarray[Any, np.dtype[Any]]

VERSION = f"torch {torch.__version__}"
#: formats that travel as bits -> what they are seen as on the way
_BITS = {"bfloat16": "int16", "float8_e4m3fn": "uint8", "float8_e5m2": "uint8"}
#: compilations of one function: past its own limit (8) torch answers uncompiled, and only logs that
_COMPILATIONS = 1 << 16


def device(wanted: str) -> str:
    """The device to compute on; `SubjectError` where it is not there."""
    known = ADAPTERS["torch"].devices
    if wanted.partition(":")[0] in ("", *known) and _there(wanted or "cpu"):
        return wanted or "cpu"
    raise no_device("torch", wanted, [kind for kind in known if _there(kind)])


def _there(name: str) -> bool:
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError):  # AssertionError: torch was not built with it
        return False
    return True


def put(given: Any, device: str) -> torch.Tensor:
    """An array as a tensor of the same format; on the CPU of the same memory and strides, where torch can."""
    array = np.asarray(given)
    if not array.flags.writeable or min(array.strides, default=0) < 0:
        array = array.copy()  # torch warns of the one and refuses the other
    bits = _BITS.get(array.dtype.name)
    tensor = torch.from_numpy(array.view(bits) if bits else array)
    return (tensor.view(getattr(torch, array.dtype.name)) if bits else tensor).to(device)


def back(answer: Any) -> Any:
    """A tensor as an array of the same format; anything else as it is."""
    if not isinstance(answer, torch.Tensor):
        return answer
    answer = answer.detach().cpu()
    name = str(answer.dtype).removeprefix("torch.")
    if name in _BITS:
        return answer.view(getattr(torch, _BITS[name])).numpy().view(getattr(ml_dtypes, name))
    return answer.numpy()


def handed(function: "Callable[..., Any]", device: str) -> "Callable[..., Any]":
    """A function of tensors as one of arrays."""

    def call(*arrays: Any, **keywords: Any) -> Any:
        return back(function(*(put(array, device) for array in arrays), **keywords))

    return call


def _compiled(function: "Callable[..., Any]") -> "Callable[..., Any]":
    """Dynamic: one compilation for most shapes, and as many as it takes; torch's own settings stay as they are."""
    compiled = torch.compile(function, dynamic=True)
    limits = {"recompile_limit": _COMPILATIONS, "accumulated_recompile_limit": _COMPILATIONS}

    def call(*arrays: Any, **keywords: Any) -> Any:
        with torch._dynamo.config.patch(limits):
            return compiled(*arrays, **keywords)

    return call


#: an adapter's mode -> what is done to torch's function
_MODES: "dict[str, Callable[[Any], Any]]" = {"eager": lambda function: function, "compiled": _compiled}


def _last(running: "Callable[..., Any]") -> "Callable[..., Any]":
    """What is left in the end of a running reduction."""
    return lambda x, axis=-1: running(x, axis=axis).select(axis, -1)


def load(name: str, loading: Loading = PLAIN) -> Subject:
    """The subject `torch`, `torch.compile` or `torch.logcumsumexp`."""
    line, where = ADAPTERS[name], device(loading.device)

    def ask(asked: Asked) -> "Callable[..., Any]":
        function = called(asked, _MODES[line.mode])
        return handed(_last(function) if asked.then else function, where)

    return described(name, ask, VERSION, where, f"{torch.get_num_threads()} threads")
