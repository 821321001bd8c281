"""softmax: p_i = exp(x_i) / sum_j exp(x_j), as many outputs as entries.

A common shift does not move it, so only differences from the maximum count in K. Bound: the
numerator loses u (a - x_i) in its exponent, the sum loses the weighted mean of the same and
G u, two exps and a division u each (slack 4): relative to p_i. Underflow of the terms costs
n t / S relative to the sum, of the numerator and of the quotient t each.
"""

import numpy as np

from lsecheck.functions.definition import (
    Codes,
    Convention,
    Expected,
    Floats,
    Function,
    Labels,
    Special,
    Sums,
    special_rows,
)


def expected(batch: Floats, labels: "Labels | None" = None) -> Codes:
    rows = special_rows(batch)
    codes = np.where(rows.nan, Expected.NAN, np.where(rows.plus | rows.empty, Expected.UNSETTLED, Expected.NUMBER))
    return np.broadcast_to(codes[:, None], batch.shape).astype(np.int8)


def condition(sums: Sums) -> Floats:
    """K_i = p_i ((1 - p_i)(a - x_i) + sum over j != i of p_j (a - x_j))."""
    return sums.share * ((1 - sums.share) * sums.gap + np.maximum(sums.spread - sums.share * sums.gap, 0))


def bound(sums: Sums, magnitude: Floats, growth: Floats, u: float, t: float, inverse: Floats) -> Floats:
    """2u p_i ((a - x_i) + sum p (a - x) + G + 4) + n t p_i / S + 2t, in units of 1 / `inverse`."""
    relative = 2 * u * (sums.gap + sums.spread + growth + 4)
    return magnitude * relative + underflow(sums, magnitude, t, inverse) + 2 * t * inverse


def underflow(sums: Sums, magnitude: Floats, t: float, inverse: Floats) -> Floats:
    """n t p_i / S: what the sum in the denominator loses, as a share of the answer."""
    return magnitude * (t * sums.n / sums.total)


def lost_beside(sums: Sums) -> Floats:
    return sums.share


def _one_hot(row: Floats, labels: "Labels | None") -> Floats:
    tops = row == np.inf
    return tops / np.count_nonzero(tops)


CONVENTIONS = (
    Convention("nan", "a +inf", lambda row, labels: np.full(row.shape, np.nan)),
    Convention("nan at +inf, 0 elsewhere", "a +inf", lambda row, labels: np.where(row == np.inf, np.nan, 0.0)),
    Convention("shared by the +inf", "a +inf", _one_hot),
    Convention("nan", "all -inf", lambda row, labels: np.full(row.shape, np.nan)),
    Convention("zeros", "all -inf", lambda row, labels: np.zeros(row.shape)),
    Convention("uniform", "all -inf", lambda row, labels: np.full(row.shape, 1 / max(row.size, 1))),
)

SPECIALS = (
    Special("any nan", "nan at every output", "the sum in every denominator is nan"),
    Special("else any +inf", "unsettled", "inf / inf: nan and one-hot are both in use"),
    Special("else all -inf", "unsettled", "0 / 0: nan, zeros and uniform are all in use"),
    Special("n = 0", "no outputs", "there is nothing to share"),
    Special("a -inf entry", "0", "exp(-inf) = 0 exactly"),
)

SOFTMAX = Function(
    name="softmax",
    formula="exp(x_i) / sum_j exp(x_j)",
    elementwise=True,
    labelled=False,
    entries=None,
    specials=SPECIALS,
    conventions=CONVENTIONS,
    expected=expected,
    condition=condition,
    bound=bound,
    conditioned_factor=8.0,
    lost_beside=lost_beside,
    underflow=underflow,
    folds=False,
)
