"""JAX on its default device, compiled; float64 through x64, which is on only while it is asked.

jax takes ml_dtypes arrays as they are: bfloat16 is bfloat16.
"""

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp

from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.subject import Subject

FORMATS = frozenset({"float16", "bfloat16", "float32", "float64"})


def _handed(function: "Callable[..., Any]") -> Callable[..., Any]:
    compiled = jax.jit(function)

    def run(*arrays: Any) -> Any:
        with jax.enable_x64(True):
            return np.asarray(compiled(*(jnp.asarray(each) for each in arrays)))

    return run


def load(name: str, loading: Loading = PLAIN) -> Subject:
    """The subject `jax`."""
    implementations = {
        "logsumexp": lambda x: jax.nn.logsumexp(x, axis=-1),
        "logaddexp": jnp.logaddexp,
        "softmax": lambda x: jax.nn.softmax(x, axis=-1),
        "log_softmax": lambda x: jax.nn.log_softmax(x, axis=-1),
    }
    device = jax.devices()[0]
    return Subject(
        name=name,
        implementations={key: _handed(function) for key, function in implementations.items()},
        note=f"jit, {device.platform}, x64",
        version=f"jax {jax.__version__}, jit, {device.platform}, x64 on",
        formats=FORMATS,
        spec=name,
    )
