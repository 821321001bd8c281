"""What is found of answers: the words, and the arrays."""

import enum
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsecheck.functions.definition import Codes, Floats

Flags = np.ndarray[Any, np.dtype[np.bool_]]
Names = np.ndarray[Any, np.dtype[np.str_]]

#: errors beyond this are shown as this: a float64 can be 2^2098 ulps away
LARGEST_ERROR = sys.float_info.max


class ClassError(enum.StrEnum):
    """A wrong kind of answer."""

    NAN = "nan"  #: nan where a number or an infinity is right
    INFINITE = "infinite"  #: an infinity where something else is right, the other infinity included
    FINITE = "finite"  #: a finite number where an infinity or nan is right
    DTYPE = "dtype"
    SHAPE = "shape"
    RAISED = "raised"
    CRASHED = "crashed"
    TIMED_OUT = "timed-out"
    UNASKED = "unasked"  #: after too many crashes or hangs


_NAMES = np.array(["", *ClassError])
CODES = {kind: np.int8(place) for place, kind in enumerate(ClassError, 1)}


@dataclass(frozen=True, slots=True)
class Errors:
    """How far answers lie from the truth. Arrays have shape (rows, outputs); nan where not scored."""

    ulp: Floats  #: |answer - y| in ulps of the output format at y
    signed: Floats  #: the same with the sign of answer - y
    scaled: Floats  #: E = |answer - y| / max(u |y| + u K, t / 2)
    condition: Floats  #: kappa = K / |y|; inf where y rounds to nothing
    excess: Floats  #: error / bound of the required contract
    rung: Codes  #: index into `contracts.LADDER`; meaningful where scored
    correct: Flags  #: the answer is the correct rounding
    codes: Codes  #: 0, or 1 + the place of a `ClassError` in its list

    @property
    def kind(self) -> Names:
        """'' or the name of a `ClassError`."""
        return _NAMES[self.codes]


FIELDS = tuple(Errors.__dataclass_fields__)
