"""tables: every frozen constant is recomputed, and rounded once from an enclosure."""

from fractions import Fraction

import pytest
from mpmath import mp

from lsecheck.formats import FORMATS, rounded
from lsecheck.inputs import tables


def log_rounded(numerator: int, denominator: int) -> float:
    """ln(numerator / denominator) in float64: 300 bits, and both ends of a wide margin round alike."""
    with mp.workprec(300):
        sign, mantissa, exponent, _ = (mp.log(mp.mpf(numerator)) - mp.log(mp.mpf(denominator)))._mpf_
    exact = Fraction(int(mantissa)) * Fraction(2) ** int(exponent) * (-1 if sign else 1)
    ends = {rounded(FORMATS["float64"], exact + exact * wider / (1 << 250)) for wider in (-1, 1)}
    assert len(ends) == 1
    return ends.pop()


def test_ln2_is_the_correct_rounding_of_ln_2():
    """It scales half of the families; written in hex so that no libm decides it."""
    assert log_rounded(2, 1) == tables.LN2


@pytest.mark.parametrize("k", range(1, 64))
def test_log_64ths_are_the_correct_roundings_of_ln_k_over_64(k):
    """Weights k that sum to 64 make an LSE near 0 only if these are right."""
    assert tables.LOG_64THS[k - 1] == log_rounded(k, 64)


def test_there_are_64_of_them_and_the_last_is_0():
    """ln 1, exactly: `near-zero` and `half-ulp` index the table from 1 to 64."""
    assert len(tables.LOG_64THS) == 64
    assert tables.LOG_64THS[63] == 0.0
