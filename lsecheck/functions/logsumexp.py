"""logsumexp: y = log sum_i exp(x_i), one output a row.

Bound (shifted evaluation, u = 2^-p): subtracting the maximum loses u (a - x_i) in each exponent,
weighted by p_i; exp and log lose u each and the slack 2 covers two ulps of either; a sum of
growth G loses G u; the last addition loses u |y|. Doubled for second-order terms. Terms that
underflow lose t each beside a sum S, and the answer itself may be subnormal: n t / S + t.
"""

import numpy as np

from lsecheck.functions.definition import Codes, Expected, Floats, Function, Labels, Special, Sums, special_rows


def expected(batch: Floats, labels: "Labels | None" = None) -> Codes:
    rows = special_rows(batch)
    codes = np.select(
        [rows.nan, rows.plus, rows.empty],
        [Expected.NAN, Expected.PLUS_INFINITY, Expected.MINUS_INFINITY],
        Expected.NUMBER,
    )
    return codes[:, None].astype(np.int8)


def condition(sums: Sums) -> Floats:
    """K = sum p_i |x_i|: every entry matters, and a common shift does too."""
    return sums.absolute


def bound(sums: Sums, magnitude: Floats, growth: Floats, u: float, t: float, inverse: Floats) -> Floats:
    """2u (|y| + log S + sum p (a - x) + G + 2) + n t / S + t, in units of 1 / `inverse`."""
    inner = sums.log_total + sums.spread + growth + 2
    return 2 * u * magnitude + 2 * u * inner * inverse + underflow(sums, magnitude, t, inverse) + t * inverse


def underflow(sums: Sums, magnitude: Floats, t: float, inverse: Floats) -> Floats:
    """n t / S: each of n terms may lose t (half of it to rounding), beside a sum S."""
    return sums.n / sums.total * (t * inverse)


def lost_beside(sums: Sums) -> Floats:
    return sums.rest


SPECIALS = (
    Special("any nan", "nan", "an unknown term makes the sum unknown, whatever the others are"),
    Special("else any +inf", "+inf", "exp(+inf) = +inf dominates every other term"),
    Special("else all -inf", "-inf", "a sum of zeros is 0 and log 0 = -inf"),
    Special("n = 0", "-inf", "the empty sum is 0"),
    Special("some -inf", "as without them", "exp(-inf) = 0 adds exactly nothing"),
    Special("a zero answer", "0, either sign", "the sign of a zero answer is recorded, never scored"),
)

LOGSUMEXP = Function(
    name="logsumexp",
    formula="log sum_i exp(x_i)",
    elementwise=False,
    labelled=False,
    entries=None,
    specials=SPECIALS,
    conventions=(),
    expected=expected,
    condition=condition,
    bound=bound,
    conditioned_factor=4.0,
    lost_beside=lost_beside,
    underflow=underflow,
    folds=True,
)
