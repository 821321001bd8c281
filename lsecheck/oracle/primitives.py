"""The few operations that scalars and arrays do not share by syntax, for arrays.

`engines.scalar` has the same names for scalars, and `measure.compiled` those that only it needs.
All are exact.
"""

from typing import Any

import numpy as np

from lsecheck import formats

where = np.where
nearest = np.rint  #: to an integer, ties to even
smaller = np.minimum
larger = np.maximum
power = formats.powers_of_two
#: the bits of 1.5 * 2^52
_WHOLE = np.float64(1.5 * 2.0**52).view(np.int64)


def every(flags: Any) -> Any:
    """Whether a shorter way will do for all of a block. A number goes the long way: it has no branch."""
    return flags.all()


def chosen(place: int, *options: Any) -> Any:
    """The option at that place, which is the same for all."""
    return options[place]


def integer(number: Any) -> Any:
    """A float64 below 2^62 without its fraction, as an integer."""
    return number.astype(np.int64)


def steps(number: Any) -> Any:
    """k of 1.5 * 2^52 + k, |k| < 2^51, as an integer: its last bits."""
    return number.view(np.int64) - _WHOLE


def exponent(number: Any) -> Any:
    """floor(log2 |x|) of a normal number; -1023 for 0 and subnormal numbers."""
    return (np.ascontiguousarray(number).view(np.int64) >> 52 & 0x7FF) - 1023
