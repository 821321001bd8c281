"""Honest streams: what is fed in chunks and merged, and right however that is done.

Both load into float64 and round once, at the end; no chunk, and no part, may be empty or masked to their surprise.
"""

from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]


class Sum(NamedTuple):
    """The sum e^m (1 + s): its largest term, and all others in units of that."""

    m: Array  #: (rows,) float64, -inf where there is no term
    s: Array  #: (rows,) float64
    dtype: Any  #: to answer in


def guarded(m: Array) -> Array:
    """What is subtracted: the maximum, or 0 where that is not finite."""
    return np.where(np.isfinite(m), m, 0.0)


def init(like: Array) -> Sum:
    """No term yet."""
    return Sum(np.full(len(like), -np.inf), np.zeros(len(like)), like.dtype)


def update(state: Sum, chunk: Array) -> Sum:
    """Merge with the sum of a chunk."""
    if chunk.shape[1] == 0:
        return state
    v = chunk.astype(np.float64)
    m, rows = v.max(-1), np.arange(len(v))
    with np.errstate(all="ignore"):
        terms = np.exp(v - guarded(m)[:, None])
    terms[rows, v.argmax(-1)] = 0
    return merge(state, Sum(m, terms.sum(-1), chunk.dtype))


def merge(a: Sum, b: Sum) -> Sum:
    """The larger maximum leads, and the lesser sum is rescaled to it."""
    leads = (a.m >= b.m) | np.isnan(a.m)
    m, low = np.where(leads, a.m, b.m), np.where(leads, b.m, a.m)
    s, rest = np.where(leads, a.s, b.s), np.where(leads, b.s, a.s)
    with np.errstate(all="ignore"):
        return Sum(m, s + np.exp(low - guarded(m)) * (1 + rest), a.dtype)


def finish(state: Sum) -> Array:
    """m + log(1 + s), or the maximum where that is not finite."""
    with np.errstate(all="ignore"):
        return np.where(np.isfinite(state.m), state.m + np.log1p(state.s), state.m).astype(state.dtype)


#: (maximum, sum) states, as online softmax keeps them; functional
SUMS = SimpleNamespace(init=init, update=update, merge=merge, finish=finish)


def added(a: Array, b: Array) -> Array:
    """log(e^a + e^b); NumPy's logaddexp answers equal infinities for themselves."""
    with np.errstate(all="ignore"):
        return np.logaddexp(a, b)


class Lse:
    """The logsumexp so far, as split-KV attention keeps it; updated and merged in place."""

    def __init__(self, like: Array):
        self.lse, self.dtype = np.full(len(like), -np.inf), like.dtype

    def update(self, chunk: Array) -> None:
        """Add the logsumexp of a chunk."""
        v = chunk.astype(np.float64)
        self.lse = added(self.lse, finish(update(init(v), v)))

    def merge(self, other: "Lse") -> None:
        """Add that of another part."""
        self.lse = added(self.lse, other.lse)

    def finish(self) -> Array:
        """Rounded once."""
        with np.errstate(all="ignore"):
            return self.lse.astype(self.dtype)
