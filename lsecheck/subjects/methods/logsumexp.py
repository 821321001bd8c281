"""(rows, n) -> (rows,): the ways in which people write logsumexp, in plain NumPy.

Faithful to how they are written: nothing is guarded that the textbook does not guard. Every
method works in the dtype it is given, n >= 1, and answers in that dtype; what a step really
accumulates in is said where it differs.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from lsecheck.subjects.methods.steps import Answer, Array, Exponents, Logged, Step, Terms, Total

#: columns of a tile of `online_blocked`: the K/V block of flash attention
TILE = 128
#: entries whose exponentials `online` takes together: none depends on the sum, and the bits are the same. As few as
#: keep it no slower than a column at a time on 4,096 rows (with 2^13 twice as slow), and a third of that on few rows
AHEAD = 1 << 15
#: rows that it takes one by one: a step takes 0.2 microseconds of a NumPy scalar, 0.85 of an array of any few
FEW = 3


def naive(x: Array) -> Iterator[Step]:
    """log(sum(exp(x))), as the formula reads.

    shape     (rows, n) -> (rows,)
    format    that of x; NumPy sums float16 in float32 steps along the last axis, pairwise;
              ml_dtypes sums in the storage format, left to right
    error     none bounded: exp overflows above log M and underflows far below 0
    specials  right for nan and infinities: exp and log handle them
    source    the definition
    """
    zero = np.zeros(len(x), x.dtype)
    e = np.exp(x)
    yield Terms("exp", zero, e)
    s = e.sum(axis=-1)
    yield Total("sum", zero, s)
    yield Answer("log", np.log(s))


def max_shift(x: Array) -> Iterator[Step]:
    """m + log(sum(exp(x - m))), m = max(x): no exponential can overflow.

    shape     (rows, n) -> (rows,), n >= 1
    format    that of x; NumPy sums float16 in float32 steps along the last axis, pairwise;
              ml_dtypes sums in the storage format, left to right
    error     keeps `shifted` where NumPy sums pairwise; unbounded in ulps as the answer nears 0
    specials  nan where every entry is -inf or any is +inf: the shift is inf - inf
    source    Blanchard, Higham & Higham, IMA J. Numer. Anal. 41(4), 2021, algorithm 3.1
    """
    m = x.max(axis=-1)
    d = x - m[:, None]
    yield Exponents("subtract", m, d)
    e = np.exp(d)
    yield Terms("exp", m, e)
    s = e.sum(axis=-1)
    yield Total("sum", m, s)
    log = np.log(s)
    yield Logged("log", m, log)
    yield Answer("add", m + log)


def log1p_shift(x: Array) -> Iterator[Step]:
    """m + log1p(sum of exp(x - m) without the largest term): the 1 is never rounded into the sum.

    shape     (rows, n) -> (rows,)
    format    that of x, sums as in max_shift
    error     keeps `conditioned`: as good as the inputs allow, near 0 too
    specials  guarded: n = 0 answers -inf; a shift that is not finite is replaced by 0, and
              added at the end as it is
    source    Blanchard, Higham & Higham 2021, section 3 (the form with log1p)
    """
    if x.shape[-1] == 0:
        yield Answer("empty", np.full(len(x), -np.inf).astype(x.dtype))
        return
    rows = np.arange(len(x))
    m = x.max(axis=-1)
    place = (x == m[:, None]).argmax(axis=-1)
    shift = np.where(np.isfinite(m), m, np.zeros_like(m))
    d = x - shift[:, None]
    yield Exponents("subtract", shift, d)
    e = np.exp(d)
    e[rows, place] = 0
    yield Terms("exp", shift, e, lead=1)
    s = e.sum(axis=-1)
    yield Total("sum", shift, s, lead=1)
    log = np.log1p(s)
    yield Logged("log1p", shift, log)
    yield Answer("add", m + log)


def online(x: Array) -> Iterator[Step]:
    """One pass: a running maximum, and a running sum rescaled whenever it rises.

    shape     (rows, n) -> (rows,), n >= 1
    format    that of x at every step; nothing is promoted
    error     keeps `sequential`: n - 1 additions and up to n - 1 rescalings, each rounded
    specials  nan where a row begins with -inf or holds +inf: the rescaling is inf - inf
    source    Milakov & Gimelshein, Online normalizer calculation for softmax, 2018, algorithm 3
    """
    m, s = running(x)
    yield from _closed(Total("one pass", m, s))


def running(x: Array) -> tuple[Array, Array]:
    """The online pass alone: (rows, n) -> maximum and sum, (rows,) each."""
    m = x[:, 0].copy()
    s = np.exp(m - m)
    ahead = max(AHEAD // max(len(x), 1), 1)
    for start in range(1, x.shape[-1], ahead):
        columns = x.T[start : start + ahead]
        risen = _maxima(m, columns)
        kept, added = np.exp(risen[:-1] - risen[1:]), np.exp(columns - risen[1:])
        if len(x) <= FEW:
            s = np.array([_summed(*its) for its in zip(s, kept.T, added.T, strict=True)], x.dtype)
        else:
            s = _summed(s, kept, added)
        m = risen[-1]
    return m, s


def _summed(s: Any, kept: Array, added: Array) -> Any:
    """The sum after all these columns, of all rows or of one."""
    for rescaling, term in zip(kept, added, strict=True):
        s = s * rescaling + term
    return s


def _maxima(m: Array, columns: Array) -> Array:
    """(rows,), (k, rows) -> (k + 1, rows): the maximum before the first column, and after each."""
    every = np.concatenate([m[None], columns])
    if len(m) <= len(columns):
        return np.maximum.accumulate(every)  # NumPy takes entry by entry here: good for few rows
    for before, after in itertools.pairwise(every):
        np.maximum(before, after, out=after)
    return every


def _closed(state: Total) -> Iterator[Step]:
    """From a maximum and a sum to the answer, as every one-pass method ends: m + log s."""
    yield state
    log = np.log(state.total)
    yield Logged("log", state.shift, log)
    yield Answer("add", state.shift + log)


def online_blocked(x: Array) -> Iterator[Step]:
    """Tiles of 128 columns, each summed under its own maximum, then merged into a running one.

    shape     (rows, n) -> (rows,), n >= 1
    format    that of x; within a tile sums as in max_shift
    error     keeps `sequential`, and better on long rows: one rescaling a tile
    specials  guarded as kernels do: a maximum of -inf shifts by 0; nan on +inf
    source    Dao et al., FlashAttention, NeurIPS 2022, algorithm 1 (the softmax statistics)
    """
    m, s = tiled(x)
    yield from _closed(Total("tiles", m, s))


def tiled(x: Array) -> tuple[Array, Array]:
    """The blocked pass alone: (rows, n) -> maximum and sum, (rows,) each."""
    lowest = np.array(-np.inf).astype(x.dtype)
    m, s = np.full(len(x), lowest, x.dtype), np.zeros(len(x), x.dtype)
    for start in range(0, x.shape[-1], TILE):
        tile = x[:, start : start + TILE]
        risen = np.maximum(m, tile.max(axis=-1)) if start else tile.max(axis=-1)
        shift = np.where(risen == lowest, np.zeros_like(risen), risen)
        kept = s * np.exp(m - shift) if start else s
        s = kept + np.exp(tile - shift[:, None]).sum(axis=-1)
        m = risen
    return m, s


def pairwise(x: Array) -> Iterator[Step]:
    """A balanced tree that merges (maximum, sum) states in pairs.

    shape     (rows, n) -> (rows,), n >= 1
    format    that of x at every step; nothing is promoted
    error     log2 n levels, each one addition and two rescalings: within `sequential`
    specials  nan where two -inf meet or any entry is +inf
    source    the associative merge of split-KV attention (log-sum-exp states)
    """
    m = x
    s = np.ones_like(x)
    while m.shape[-1] > 1:
        half = m.shape[-1] // 2
        left, right, rest = m[:, :half], m[:, half : 2 * half], m[:, 2 * half :]
        top = np.maximum(left, right)
        merged = s[:, :half] * np.exp(left - top) + s[:, half : 2 * half] * np.exp(right - top)
        m = np.concatenate([top, rest], axis=-1)
        s = np.concatenate([merged, s[:, 2 * half :]], axis=-1)
    m, s = m[:, 0], s[:, 0]
    yield from _closed(Total("tree", m, s))


def logaddexp_fold(x: Array) -> Iterator[Step]:
    """logaddexp(... logaddexp(x_1, x_2) ..., x_n): every partial result is rounded.

    shape     (rows, n) -> (rows,)
    format    that of x at every step; nothing is promoted
    error     keeps `folded`: each partial loses u |y|, which a large offset makes dear
    specials  right: logaddexp handles nan and infinities
    source    numpy.logaddexp.reduce, and every log-domain accumulator
    """
    y = x[:, 0].copy() if x.shape[-1] else np.full(len(x), -np.inf).astype(x.dtype)
    for column in x.T[1:]:
        y = np.logaddexp(y, column)
    yield Answer("fold", y)
