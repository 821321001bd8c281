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
    """The state before a call.

    Random streams are moved to a place of their own meanwhile: a call that seeds them as the call
    before it did would leave them where they were.
    """

    def __init__(self) -> None:
        self.errors = np.geterr()
        self.filters = list(warnings.filters)
        self.random, self.stream = random.getstate(), _numpy_random()
        random.seed(_ELSEWHERE)
        self.placed = random.getstate()
        if self.stream is not None:
            np.random.seed(_ELSEWHERE)  # noqa: NPY002 - the legacy stream is the global one
        self.placed_stream = _numpy_random()

    def changes(self) -> list[str]:
        """What is no longer as it was, in words; random streams are put back at once.

        Error state and warning filters are for the caller's context managers to put back.
        """
        found = []
        if np.geterr() != self.errors:
            found.append("NumPy's error state")
        if list(warnings.filters) != self.filters:
            found.append("the warning filters")
        if random.getstate() != self.placed:
            found.append("the state of random")
        random.setstate(self.random)
        if self.stream is not None:
            now = _numpy_random()
            if now is None or not _same(now, self.placed_stream or ()):
                found.append("the state of numpy.random")
            np.random.set_state(self.stream)  # noqa: NPY002 - the legacy stream is the global one
        return found


_ELSEWHERE = 20_261_123


def _numpy_random() -> "tuple[Any, ...] | None":
    """The legacy global stream; None while nobody has loaded it."""
    if "numpy.random" not in sys.modules:
        return None
    return tuple(np.random.get_state())  # noqa: NPY002 - the legacy stream is the global one


def _same(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return len(one) == len(other) and all(np.array_equal(mine, yours) for mine, yours in zip(one, other, strict=True))
