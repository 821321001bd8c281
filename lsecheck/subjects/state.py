"""Global state -> what a call changed of it, and how it was before.

A subject shares this process with whatever is asked next: error state, warning filters, random
streams and the floating-point mode are put back, and the change is a finding.
"""

import ctypes
import random
import sys
import warnings
from typing import Any

import numpy as np

_SMALLEST_NORMAL, _HALF = 2.0**-1022, 0.5
_ONE, _UNIT = 1.0, 2.0**-53
_ONE_AND_TWO_ULPS = 1.0 + 2.0**-51


def mode() -> str:
    """The floating-point mode of this thread where it is not IEEE's default, else ''."""
    if _SMALLEST_NORMAL * _HALF == 0.0:
        return "flush-to-zero"
    if _ONE + _UNIT != 1.0 or -_ONE - _UNIT != -1.0 or _ONE + 3 * _UNIT != _ONE_AND_TWO_ULPS:
        return "another rounding direction"
    return ""


def restore_mode() -> None:
    """IEEE's default mode again, where the C library can say it so (FE_DFL_ENV = (fenv_t *) -1)."""
    try:
        ctypes.CDLL(None).fesetenv(ctypes.c_void_p(-1))
    except (OSError, AttributeError, TypeError):  # then the oracle refuses to certify, and says why
        return


class Snapshot:
    """The state before a call."""

    def __init__(self) -> None:
        self.errors = np.geterr()
        self.filters = list(warnings.filters)
        self.random = random.getstate()
        self.stream = _numpy_random()

    def changes(self) -> list[str]:
        """What is no longer as it was, in words; random streams are put back at once.

        Error state and warning filters are for the caller's context managers to put back.
        """
        found = []
        if np.geterr() != self.errors:
            found.append("NumPy's error state")
        if list(warnings.filters) != self.filters:
            found.append("the warning filters")
        if random.getstate() != self.random:
            random.setstate(self.random)
            found.append("the state of random")
        stream = _numpy_random()
        if self.stream is not None and stream is not None and not _same(stream, self.stream):
            np.random.set_state(self.stream)  # noqa: NPY002 - the legacy stream is the global one
            found.append("the state of numpy.random")
        return found


def _numpy_random() -> "tuple[Any, ...] | None":
    """The legacy global stream; None while nobody has loaded it."""
    if "numpy.random" not in sys.modules:
        return None
    return tuple(np.random.get_state())  # noqa: NPY002 - the legacy stream is the global one


def _same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return all(np.array_equal(mine, yours) for mine, yours in zip(one, other, strict=True))
