"""ONNX Runtime: one-node models of each opset, as the table writes them.

Which formats a node runs in depends on operator, opset and release: each is tried as it is loaded,
and those that this release has no kernel for are not claimed.
"""

import ctypes
import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import ml_dtypes
import numpy as np
import onnx.parser
import onnxruntime

from lsecheck.subjects.adapters import ADAPTERS, Asked, described, no_device
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.subject import Subject

Array = np.ndarray[Any, np.dtype[Any]]

_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


def _there(device: str) -> str:
    """The device to compute on; `SubjectError` where it is not there."""
    available = onnxruntime.get_available_providers()
    there = [kind for kind, provider in _PROVIDERS.items() if provider in available]
    kind, _, index = device.partition(":")
    if kind not in ("", *there) or not (index == "" or index.isdecimal()):
        raise no_device("onnxruntime", device, there)
    return device or "cpu"


@functools.cache
def _session(model: str, device: str) -> Any:
    kind, _, index = device.partition(":")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what it cannot do it also raises
    if kind != "cpu":  # what it cannot do there it would do on the CPU, and say nothing
        options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    provider = (_PROVIDERS[kind], {"device_id": index} if index else {})
    return onnxruntime.InferenceSession(onnx.parser.parse_model(model).SerializeToString(), options, [provider])


def _of_bits(session: Any, x: Array) -> Array:
    """Of bfloat16, which ONNX Runtime takes from NumPy only as bits, and gives back only as memory."""
    bits = np.ascontiguousarray(x).view(np.uint16)
    given = onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(bits, onnx.TensorProto.BFLOAT16)
    binding = session.io_binding()
    binding.bind_ortvalue_input("x", given)
    binding.bind_output("y", "cpu")
    session.run_with_iobinding(binding)
    answer = binding.get_outputs()[0]
    memory = ctypes.string_at(answer.data_ptr(), answer.tensor_size_in_bytes())
    return np.frombuffer(memory, ml_dtypes.bfloat16).reshape(answer.shape())


def load(name: str, loading: Loading = PLAIN) -> Subject:
    """The subject `onnxruntime` or `onnxruntime.opset13`."""
    line, where = ADAPTERS[name], _there(loading.device)

    def ask(asked: Asked) -> "Callable[..., Any]":
        def call(x: Array, axis: int = -1, keepdims: bool = False) -> Any:
            session = _session(line.model(asked, x.dtype.name, axis, keepdims), where)
            return _of_bits(session, x) if x.dtype.name == "bfloat16" else session.run(None, {"x": x})[0]

        return call

    def runs(asked: Asked, fmt: str) -> bool:
        try:
            _session(line.model(asked, fmt), where)
        except Exception:  # its own classes share no better base
            return False
        return True

    version = f"onnxruntime {onnxruntime.__version__}, onnx {onnx.__version__}"
    subject = described(name, ask, version, where, "threads of its own choice")
    claimed = {
        function: frozenset(fmt for fmt in asked.formats if runs(asked, fmt))
        for function, asked in line.functions.items()
    }
    return replace(subject, formats=claimed)
