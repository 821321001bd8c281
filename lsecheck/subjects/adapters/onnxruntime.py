"""ONNX Runtime on the CPU: one-node models of each opset, built here.

Which formats a node runs in depends on operator, opset and release, so each is tried once.
"""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.subject import Subject

_TYPES = {"float16": TensorProto.FLOAT16, "float32": TensorProto.FLOAT, "float64": TensorProto.DOUBLE}
_OPERATORS = {"logsumexp": "ReduceLogSumExp", "softmax": "Softmax", "log_softmax": "LogSoftmax"}


def model(operator: str, kind: int, opset: int) -> bytes:
    """A model of one node that works along the last axis of (rows, n)."""
    x = helper.make_tensor_value_info("x", kind, [None, None])
    y = helper.make_tensor_value_info("y", kind, None)
    constants = []
    if operator != "ReduceLogSumExp":
        node = helper.make_node(operator, ["x"], ["y"], axis=-1)
    elif opset < 18:  # the axes were an attribute then
        node = helper.make_node(operator, ["x"], ["y"], axes=[1], keepdims=0)
    else:
        node = helper.make_node(operator, ["x", "axes"], ["y"], keepdims=0)
        constants = [helper.make_tensor("axes", TensorProto.INT64, [1], [1])]
    graph = helper.make_graph([node], "one", [x], [y], constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    return bytes(made.SerializeToString())


@functools.cache
def _session(operator: str, kind: int, opset: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what it cannot do it also raises
    return onnxruntime.InferenceSession(model(operator, kind, opset), options, providers=["CPUExecutionProvider"])


def _runs(operator: str, opset: int) -> Callable[[Any], Any]:
    def run(x: Any) -> Any:
        return np.asarray(_session(operator, _TYPES[x.dtype.name], opset).run(None, {"x": x})[0])

    return run


def load(name: str, loading: Loading = PLAIN) -> Subject:
    """The subject `onnxruntime` or `onnxruntime.opset13`."""
    opset = 13 if name.endswith("13") else 18
    return Subject(
        name=name,
        implementations={key: _runs(operator, opset) for key, operator in _OPERATORS.items()},
        note=f"opset {opset}, CPU",
        version=f"onnxruntime {onnxruntime.__version__}, opset {opset}, cpu, onnx {onnx.__version__}",
        formats=frozenset(_TYPES),
        spec=name,
    )
