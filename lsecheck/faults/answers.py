"""Faults of the last step and the first: answers clamped, flushed or made positive; entries flushed."""

# ruff: noqa: ARG005 - every step of a kind takes the same arguments, wanted or not

import numpy as np

from lsecheck.faults.bases import logsumexp
from lsecheck.faults.fault import Fault

_SMALLEST_NORMAL = 2.0**-126

ANSWERS = (
    Fault("clamp-out-ge0", "answers below 0 become 0", "google-deepmind/optax#1771",
          logsumexp(finish=lambda y, v: np.where(y < 0, 0.0, y)), ("width", "half-ulp", "huge")),
    Fault("abs-out", "the answer loses its sign", "google-deepmind/optax#1771",
          logsumexp(finish=lambda y, v: np.abs(y)), ("width", "half-ulp", "huge")),
    Fault("out-flush-subnormal", "subnormal answers become 0", "tenstorrent/tt-metal#3612",
          logsumexp(finish=lambda y, v: np.where(np.abs(y) < _SMALLEST_NORMAL, 0.0, y)), ("subnormal", "gap"),
          require="conditioned"),
    Fault("in-flush-subnormal", "subnormal entries are read as 0", "tenstorrent/tt-metal#3612",
          logsumexp(use=lambda v: np.where(np.abs(v) < _SMALLEST_NORMAL, 0.0, v)), ("subnormal",),
          require="conditioned"),
)  # fmt: skip
