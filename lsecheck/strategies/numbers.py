"""format -> numbers of it, as Hypothesis draws them: where implementations change their mind, and anything else."""

import functools
import math

import numpy as np
from hypothesis import strategies as st

from lsecheck import formats
from lsecheck.formats import Format
from lsecheck.inputs.tables import LN2

#: masks that are numbers, where they lie in the format
SENTINELS = (-1e4, -5e4, -1e9, -1e30)


def numbers(format: "str | Format" = "float32", *, specials: bool = True) -> "st.SearchStrategy[float]":
    """Numbers of a format, as Python floats: landmarks and their neighbours, quarters, any bit pattern.

    Landmarks are ±0, ±1, the smallest and largest numbers, where exp ends, the gaps at which a term is
    half an ulp, and the finite values that masks are made of. `specials` adds nan and, where the format has
    it, infinity. Shrinks towards 0.

        @given(strategies.numbers("float16"), strategies.numbers("float16"))
        def test_my_pair(a, b):
            lsecheck.assert_case(my_logaddexp, [a, b], function="logaddexp", format="float16")
    """
    fmt = known(format)
    return finite(fmt) | special(fmt) if specials else finite(fmt)


def known(given: "str | Format") -> Format:
    """The format itself, or that of the name."""
    return given if isinstance(given, Format) else formats.named(given)


def landmarks(fmt: Format) -> tuple[float, ...]:
    """Numbers of the format at which implementations change their mind, simple ones first."""
    reaches = (
        (fmt.emax + 1) * LN2,  # log of what overflows
        fmt.emin * LN2,  # of the smallest normal number
        fmt.tiny_exponent * LN2,  # of the smallest number
        (fmt.tiny_exponent - 1) * LN2,  # of what rounds to 0
        -fmt.precision * LN2,  # of half an ulp of 1
        LN2,
        -LN2,
    )
    ends = (fmt.tiny, 2.0**fmt.emin, fmt.largest, fmt.largest / 2)
    found = [0.0, 1.0, -1.0, -0.0, *reaches, *SENTINELS, *ends, *(-end for end in ends)]
    return tuple(formats.rounded(fmt, x) if x else x for x in found if abs(x) <= fmt.largest)  # -0 stays -0


@functools.cache
def finite(fmt: Format) -> "st.SearchStrategy[float]":
    """`numbers` without the specials."""
    marks, most = landmarks(fmt), fmt.largest_ordinal
    # every format fits in float64, and so do its ordinals' numbers
    places = [int(place) for place in formats.ordinals(formats.cast(np.array(marks), fmt))]
    near = st.builds(lambda place, by: max(min(place + by, most), -most), st.sampled_from(places), st.integers(-3, 3))
    return st.one_of(
        st.sampled_from(marks),
        st.integers(-64, 64).map(lambda k: formats.rounded(fmt, k / 4)),
        near.map(functools.partial(formats.value, fmt)),
        st.integers(-most, most).map(functools.partial(formats.value, fmt)),
    )


@functools.cache
def special(fmt: Format) -> "st.SearchStrategy[float]":
    """nan, and infinities where the format has them."""
    return st.sampled_from((-math.inf, math.inf, math.nan) if fmt.has_infinity else (math.nan,))
