"""PyTorch on the CPU, eager and through torch.compile.

bfloat16 travels as its bits: torch knows no ml_dtypes, and a 16-bit array must not be taken for
float16 on the way.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from lsecheck import formats
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.subject import Subject

FORMATS = frozenset({"float16", "bfloat16", "float32", "float64"})


def tensor(array: np.ndarray[Any, Any]) -> torch.Tensor:
    """An array as a tensor of the same format (int64 for labels), sharing its memory."""
    array = np.ascontiguousarray(array)
    if array.dtype.name == "bfloat16":
        return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
    return torch.from_numpy(array)


def array(given: torch.Tensor) -> np.ndarray[Any, Any]:
    """A tensor as an array of the same format."""
    given = given.detach().contiguous()
    if given.dtype == torch.bfloat16:
        return given.view(torch.int16).numpy().view(formats.named("bfloat16").dtype)
    return np.asarray(given.numpy())


def _handed(function: "Callable[..., torch.Tensor]") -> Callable[..., Any]:
    def run(*arrays: Any) -> Any:
        with torch.no_grad():
            return array(function(*(tensor(each) for each in arrays)))

    return run


def _logsumexp(x: Any) -> Any:
    return torch.logsumexp(x, dim=-1)


def _softmax(x: Any) -> Any:
    return torch.softmax(x, dim=-1)


def _log_softmax(x: Any) -> Any:
    return torch.log_softmax(x, dim=-1)


def _cross_entropy(x: Any, labels: Any) -> Any:
    return functional.cross_entropy(x, labels, reduction="none")


def _last_of_logcumsumexp(x: Any) -> Any:
    return torch.logcumsumexp(x, dim=-1)[..., -1]


EAGER: "dict[str, Callable[..., Any]]" = {
    "logsumexp": _logsumexp,
    "logaddexp": torch.logaddexp,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "cross_entropy": _cross_entropy,
}


def load(name: str, loading: Loading = PLAIN) -> Subject:
    """The subject `torch`, `torch.compile` or `torch.logcumsumexp`."""
    if name == "torch.logcumsumexp":
        chosen, mode = {"logsumexp": _last_of_logcumsumexp}, "eager"
    elif name == "torch.compile":
        # dynamic: one compilation for all shapes
        chosen, mode = {key: torch.compile(function, dynamic=True) for key, function in EAGER.items()}, "compiled"
    else:
        chosen, mode = EAGER, "eager"
    return Subject(
        name=name,
        implementations={key: _handed(function) for key, function in chosen.items()},
        note=f"{mode}, CPU",
        version=f"torch {torch.__version__}, {mode}, cpu, {torch.get_num_threads()} threads",
        formats=FORMATS,
        spec=name,
    )
