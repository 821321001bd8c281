"""TensorFlow, eager; and NumPy arrays as its tensors, and back.

It takes ml_dtypes as they are: bfloat16 is bfloat16. Its cross entropy wants the labels first, and by name.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from lsecheck.subjects.adapters import ADAPTERS, Asked, called, described, no_device
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.subject import Subject

VERSION = f"tensorflow {tf.__version__}"


def device(wanted: str) -> str:
    """The device to compute on; `SubjectError` where it is not there."""
    kind, _, index = (wanted or "cpu").partition(":")
    there = tf.config.list_logical_devices(kind.upper()) if kind in ADAPTERS["tensorflow"].devices else []
    if (index or "0").isdecimal() and int(index or 0) < len(there):
        return f"{kind}:{index}" if index else kind
    kinds = sorted({each.device_type.lower() for each in tf.config.list_logical_devices()})
    raise no_device("tensorflow", wanted, kinds)


def handed(function: "Callable[..., Any]", device: str) -> "Callable[..., Any]":
    """A function of tensors as one of arrays."""

    def call(*arrays: Any, **keywords: Any) -> Any:
        with tf.device(device):
            answer = function(*(tf.constant(np.ascontiguousarray(array)) for array in arrays), **keywords)
        return answer.numpy() if isinstance(answer, tf.Tensor) else answer

    return call


def load(name: str, loading: Loading = PLAIN) -> Subject:
    """The subject `tensorflow`."""
    where = device(loading.device)

    def ask(asked: Asked) -> "Callable[..., Any]":
        return handed(called(asked, _labels_first if asked.call else lambda function: function), where)

    return described(name, ask, VERSION, where, "threads of its own choice")


def _labels_first(function: "Callable[..., Any]") -> "Callable[..., Any]":
    return lambda x, labels: function(labels=labels, logits=x)
