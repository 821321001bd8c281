"""name -> library adapter: one file each, imported only when asked for."""

import importlib
import warnings
from importlib import util
from typing import Any, NamedTuple

from lsecheck.errors import SubjectError
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.subject import Subject


class Adapter(NamedTuple):
    """A line of the table below."""

    module: str  #: file in this folder
    libraries: tuple[str, ...]  #: what must be importable
    judged: str  #: what it asks, in the library's own names


def adapter(name: str, loading: Loading = PLAIN) -> Subject:
    """The subject behind an adapter's name; `SubjectError` where its library is missing."""
    line = ADAPTERS[name]
    missing = [library for library in line.libraries if util.find_spec(library) is None]
    if missing:
        raise SubjectError(install_line(name))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a library says of itself while it loads
            module: Any = importlib.import_module(f"lsecheck.subjects.adapters.{line.module}")
            subject: Subject = module.load(name, loading)
    except ImportError as error:
        said = " ".join(str(error).split())
        raise SubjectError(f"{install_line(name)} (importing it raised {type(error).__name__}: {said})") from error
    return subject


def install_line(name: str) -> str:
    """What to do where the library is missing."""
    line = ADAPTERS[name]
    needed = " and ".join(line.libraries)
    return f"the {name} adapter needs {needed}: pip install 'lsecheck[{line.module}]'"


def installed(name: str) -> bool:
    """Whether the adapter's libraries are there (without importing them)."""
    return all(util.find_spec(library) is not None for library in ADAPTERS[name].libraries)


ADAPTERS = {
    "numpy.logaddexp": Adapter("numpy", ("numpy",), "numpy.logaddexp: logaddexp"),
    "numpy.logaddexp.reduce": Adapter("numpy", ("numpy",), "numpy.logaddexp.reduce: logsumexp"),
    "scipy": Adapter("scipy", ("scipy",), "scipy.special: logsumexp, softmax, log_softmax"),
    "sklearn": Adapter("sklearn", ("sklearn",), "sklearn.utils.extmath: softmax"),
    "torch": Adapter(
        "torch", ("torch",), "torch, eager: logsumexp, logaddexp, softmax, log_softmax, nn.functional.cross_entropy"
    ),
    "torch.compile": Adapter("torch", ("torch",), "the same through torch.compile"),
    "torch.logcumsumexp": Adapter("torch", ("torch",), "the last of torch.logcumsumexp: logsumexp"),
    "jax": Adapter(
        "jax", ("jax",), "jax.nn: logsumexp, softmax, log_softmax; jax.numpy.logaddexp; compiled, x64 switched on"
    ),
    "onnxruntime": Adapter(
        "onnxruntime", ("onnxruntime", "onnx"), "ONNX Runtime, opset 18: ReduceLogSumExp, Softmax, LogSoftmax"
    ),
    "onnxruntime.opset13": Adapter(
        "onnxruntime", ("onnxruntime", "onnx"), "ONNX Runtime, opset 13: ReduceLogSumExp, Softmax, LogSoftmax"
    ),
}
