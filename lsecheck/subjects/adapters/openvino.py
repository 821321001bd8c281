"""OpenVINO: the one-node ONNX models of the table, through its own reader.

It computes float64 in float32, and answers in float64: it takes the format, so it is asked.
"""

import functools
from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import onnx.parser
import openvino

from lsecheck.subjects.adapters import ADAPTERS, Asked, described, no_device
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.subject import Subject

Array = np.ndarray[Any, np.dtype[Any]]

_CORE = openvino.Core()


def _there(device: str) -> str:
    """The device to compute on, as OpenVINO calls it; `SubjectError` where it is not there."""
    kind, _, index = (device or "cpu").upper().partition(":")
    wanted = f"{kind}.{index}" if index else kind
    if wanted in _CORE.available_devices or f"{wanted}.0" in _CORE.available_devices:
        return wanted
    raise no_device("openvino", device, [each.lower().replace(".", ":") for each in _CORE.available_devices])


@functools.cache
def _compiled(model: str, rank: int, device: str) -> Any:
    read = _CORE.read_model(onnx.parser.parse_model(model).SerializeToString())
    read.reshape([-1] * rank)  # of any length, but it must know the rank
    return _CORE.compile_model(read, device)


def _of_bits(compiled: Any, x: Array) -> Array:
    """Of bfloat16, which OpenVINO takes from NumPy, and gives back, only as 16 bits."""
    bits = np.ascontiguousarray(x).view(np.uint16)
    return np.asarray(compiled([openvino.Tensor(bits, list(x.shape), openvino.Type.bf16)])[0]).view(ml_dtypes.bfloat16)


def load(name: str, loading: Loading = PLAIN) -> Subject:
    """The subject `openvino`."""
    line, where = ADAPTERS[name], _there(loading.device)

    def ask(asked: Asked) -> "Callable[..., Any]":
        def call(x: Array, axis: int = -1, keepdims: bool = False) -> Any:
            compiled = _compiled(line.model(asked, x.dtype.name, axis, keepdims), x.ndim, where)
            return _of_bits(compiled, x) if x.dtype.name == "bfloat16" else compiled([x])[0]

        return call

    version = f"openvino {openvino.__version__.partition('-')[0]}, onnx {onnx.__version__}"
    device = where.lower().replace(".", ":")
    return described(name, ask, version, device, "threads of its own choice")
