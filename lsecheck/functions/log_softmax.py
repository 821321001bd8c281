"""log_softmax: z_i = x_i - log sum_j exp(x_j), as many outputs as entries; the log-likelihood.

A common shift does not move it, so only differences from the maximum count in K. Bound: as for
logsumexp, but the subtraction x_i - a costs u (a - x_i) and the last one u |z_i|; and since
|z_i| = (a - x_i) + log S, the bound needs no gap of its own.
"""

import dataclasses

import numpy as np

from lsecheck.functions.definition import (
    Codes,
    Convention,
    Expected,
    Floats,
    Labels,
    Special,
    Sums,
    special_rows,
)
from lsecheck.functions.logsumexp import lost_beside, underflow
from lsecheck.functions.softmax import SOFTMAX


def expected(batch: Floats, labels: "Labels | None" = None) -> Codes:
    rows = special_rows(batch)
    entries = np.where(batch == -np.inf, Expected.MINUS_INFINITY, Expected.NUMBER)
    entries[rows.plus | rows.empty] = Expected.UNSETTLED
    entries[rows.nan] = Expected.NAN
    return entries.astype(np.int8)


def condition(sums: Sums) -> Floats:
    """K_i = (1 - p_i)(a - x_i) + sum over j != i of p_j (a - x_j)."""
    return (1 - sums.share) * sums.gap + np.maximum(sums.spread - sums.share * sums.gap, 0)


def bound(sums: Sums, magnitude: Floats, growth: Floats, u: float, t: float, inverse: Floats) -> Floats:
    """2u (|z_i| + (a - x_i) + log S + sum p (a - x) + G + 2) + n t / S + t, in units of 1 / `inverse`.

    (a - x_i) + log S is |z_i| again, which cannot overflow where the gap can.
    """
    lost = underflow(sums, magnitude, t, inverse) + t * inverse
    return 4 * u * magnitude + 2 * u * (sums.spread + growth + 2) * inverse + lost


def _one_hot(row: Floats, labels: "Labels | None") -> Floats:
    tops = row == np.inf
    return np.where(tops, -np.log(np.count_nonzero(tops)), -np.inf)


CONVENTIONS = (
    Convention("nan", "a +inf", lambda row, labels: np.full(row.shape, np.nan)),
    Convention("nan at +inf, -inf elsewhere", "a +inf", lambda row, labels: np.where(row == np.inf, np.nan, -np.inf)),
    Convention("shared by the +inf", "a +inf", _one_hot),
    Convention("nan", "all -inf", lambda row, labels: np.full(row.shape, np.nan)),
    Convention("-inf", "all -inf", lambda row, labels: np.full(row.shape, -np.inf)),
    Convention("uniform", "all -inf", lambda row, labels: np.full(row.shape, -np.log(max(row.size, 1)))),
)

SPECIALS = (
    Special("any nan", "nan at every output", "the sum in every output is nan"),
    Special("else any +inf", "unsettled", "inf - inf: nan and one-hot are both in use"),
    Special("else all -inf", "unsettled", "-inf - -inf: nan, -inf and uniform are all in use"),
    Special("n = 0", "no outputs", "there is nothing to share"),
    Special("a -inf entry", "-inf", "log 0 = -inf exactly"),
)

LOG_SOFTMAX = dataclasses.replace(
    SOFTMAX,
    name="log_softmax",
    formula="x_i - log sum_j exp(x_j)",
    specials=SPECIALS,
    conventions=CONVENTIONS,
    expected=expected,
    condition=condition,
    bound=bound,
    conditioned_factor=4.0,
    lost_beside=lost_beside,
    underflow=underflow,
)
