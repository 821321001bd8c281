"""cross_entropy: loss = log sum_j exp(x_j) - x_label, one output a row, no reduction.

It is minus log_softmax at the label: the *negative* of the log-likelihood x_label - LSE(x),
with which it is often confused. K and bounds are those of log_softmax at that output.
"""

import dataclasses

import numpy as np

from lsecheck.functions.definition import Codes, Convention, Expected, Floats, Labels, Special, special_rows
from lsecheck.functions.log_softmax import LOG_SOFTMAX


def expected(batch: Floats, labels: "Labels | None" = None) -> Codes:
    rows = special_rows(batch)
    named = batch[np.arange(len(batch)), labels]
    codes = np.select(
        [rows.nan, rows.plus | rows.empty, named == -np.inf],
        [Expected.NAN, Expected.UNSETTLED, Expected.PLUS_INFINITY],
        Expected.NUMBER,
    )
    return codes[:, None].astype(np.int8)


def _at_label(row: Floats, labels: "Labels | None") -> float:
    return float(row[int(labels[0])]) if labels is not None else np.nan


def _limit(row: Floats, labels: "Labels | None") -> Floats:
    tops = row == np.inf
    loss = np.log(np.count_nonzero(tops)) if _at_label(row, labels) == np.inf else np.inf
    return np.array([loss])


CONVENTIONS = (
    Convention("nan", "a +inf", lambda row, labels: np.array([np.nan])),
    Convention("shared by the +inf", "a +inf", _limit),
    Convention("nan at +inf, +inf elsewhere", "a +inf",
               lambda row, labels: np.array([np.nan if _at_label(row, labels) == np.inf else np.inf])),
    Convention("nan", "all -inf", lambda row, labels: np.array([np.nan])),
    Convention("+inf", "all -inf", lambda row, labels: np.array([np.inf])),
    Convention("uniform", "all -inf", lambda row, labels: np.array([np.log(max(row.size, 1))])),
)  # fmt: skip

SPECIALS = (
    Special("any nan", "nan", "the sum is nan, wherever the label points"),
    Special("else any +inf", "unsettled", "inf - inf at the label, inf - x elsewhere: conventions differ"),
    Special("else all -inf", "unsettled", "-inf - -inf: nan, +inf and log n are all in use"),
    Special("label at a -inf entry", "+inf", "an impossible outcome was observed: -log 0"),
    Special("-inf at other entries", "as without them", "exp(-inf) = 0 adds exactly nothing"),
)

CROSS_ENTROPY = dataclasses.replace(
    LOG_SOFTMAX,
    name="cross_entropy",
    formula="log sum_j exp(x_j) - x_label",
    elementwise=False,
    labelled=True,
    specials=SPECIALS,
    conventions=CONVENTIONS,
    expected=expected,
)
