"""Decimal digits to order: every one right, at any gap."""

from fractions import Fraction

import mpmath
import pytest

from lsecheck.errors import InputError
from lsecheck.functions import named
from lsecheck.oracle.digits import decimals


def _digits(function, values, digits=40, label=None):
    return decimals(named(function), [Fraction(value) for value in values], label, digits)


def test_the_answer_that_fixed_precision_loses():
    """At 400 bits it is 0; at 1,400 bits mpmath agrees with all 60 digits."""
    with mpmath.workprec(1400):
        assert _digits("logsumexp", ["0", "-740"], 60) == [mpmath.nstr(mpmath.log1p(mpmath.exp(-740)), 60)]


def test_decimal_entries_are_taken_exactly():
    """0.1 is a tenth, not the float nearest to it."""
    with mpmath.workdps(80):
        exact = mpmath.log(2) + mpmath.mpf(1) / 10
        assert _digits("logsumexp", ["0.1", "0.1"], 50) == [mpmath.nstr(exact, 50)]


def test_a_gap_beyond_imagination_still_has_digits():
    """e^(-1e300) has an exponent of 300 digits; its significant digits are known all the same."""
    with mpmath.workprec(1400):
        exact = mpmath.nstr(mpmath.exp(-(mpmath.mpf(10) ** 300)), 20)
    assert _digits("logsumexp", ["0", "-1e300"], 20) == [exact]
    assert _digits("log_softmax", ["7", "-1e300"], 5)[1] == "-1.0000e300"


def test_an_anchor_rounds_to_itself():
    """1 and a hair is 1.000 to any number of digits that can be asked for."""
    assert _digits("logsumexp", ["1", "-1e300"], 10) == ["1.000000000"]
    assert _digits("logsumexp", ["-1", "-1e300"], 10) == ["-1.000000000"]


def test_a_tie_is_broken_by_the_side():
    """2.5 and a hair more is 3 to one digit; -2.5 and a hair more is -2."""
    assert _digits("logsumexp", ["2.5", "-1e300"], 1) == ["3"]
    assert _digits("logsumexp", ["-2.5", "-1e300"], 1) == ["-2"]


@pytest.mark.parametrize(
    ("values", "digits", "text"),
    [
        (["2.5"], 40, "2.5"),
        (["123456"], 40, "123456"),
        (["1e25"], 40, "1e25"),
        (["0"], 40, "0"),
        (["-0.000001"], 40, "-1e-6"),
        (["0.00001"], 40, "0.00001"),
        (["999.96"], 4, "1000"),
        (["-1e-30"], 3, "-1e-30"),
    ],
)
def test_an_exact_value_ends_where_it_ends(values, digits, text):
    """One entry is its own LSE: no trailing zeros, no arithmetic."""
    assert _digits("logsumexp", values, digits) == [text]


def test_equal_entries_share_exactly():
    """softmax of four equal entries is 0.25, not 0.2500000000."""
    assert _digits("softmax", ["3"] * 4) == ["0.25"] * 4


def test_the_loss_is_minus_the_log_likelihood():
    """cross_entropy at a label is the negative of log_softmax there."""
    loss = _digits("cross_entropy", ["0", "1", "2"], 30, label=1)[0]
    assert "-" + loss == _digits("log_softmax", ["0", "1", "2"], 30)[1]


@pytest.mark.parametrize("digits", [0, -3, 1001])
def test_a_digit_count_out_of_range_is_refused(digits):
    """One sentence with what is allowed."""
    with pytest.raises(InputError, match=rf"digits must lie from 1 to 1000, got {digits}"):
        _digits("logsumexp", ["0", "1"], digits)


@pytest.mark.parametrize("gap", [9_900, 10_000, 13_000, 14_000, 30_000, 1_000_000])
@pytest.mark.parametrize("ties", [1, 2])
def test_small_outputs_keep_their_digits_at_every_gap(gap, ties):
    """-1e4 is the commonest mask value: e^-10000 has 4,343 zeros before its first digit."""
    with mpmath.workprec(200):
        tail = mpmath.exp(-gap)
        exact = mpmath.nstr(tail / (ties + tail), 30, strip_zeros=False)
    assert _digits("softmax", ["0"] * ties + [str(-gap)], 30)[-1] == exact
    if ties == 1:
        assert _digits("logsumexp", ["0", str(-gap)], 30) == [exact]
