"""(rows, n) -> (rows, n) or (rows,): softmax, log_softmax and cross_entropy as people write them.

All work in the dtype they are given. The shifted forms give nan where every entry is -inf or any
is +inf, as the textbook does.
"""

from collections.abc import Iterator

import numpy as np

from lsecheck.subjects.methods.logsumexp import log1p_shift, max_shift, running
from lsecheck.subjects.methods.steps import Answer, Array, Step, last


def naive(x: Array) -> Iterator[Step]:
    """exp(x) / sum(exp(x)).

    shape     (rows, n) -> (rows, n)
    format    that of x
    error     none bounded: exp overflows above log M, and 0 / 0 far below 0
    specials  inf / inf = nan where any exponential overflows
    source    the definition
    """
    e = np.exp(x)
    yield Answer("divide", e / e.sum(axis=-1, keepdims=True))


def shifted(x: Array) -> Iterator[Step]:
    """exp(x - m) / sum(exp(x - m)), m = max(x).

    shape     (rows, n) -> (rows, n)
    format    that of x
    error     keeps `shifted` where the sum is pairwise or wide
    specials  nan where every entry is -inf or any is +inf
    source    Blanchard, Higham & Higham 2021, algorithm 3.2
    """
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    yield Answer("divide", e / e.sum(axis=-1, keepdims=True))


def online(x: Array) -> Iterator[Step]:
    """Maximum and sum in one pass, then exp(x - m) / s in a second.

    shape     (rows, n) -> (rows, n)
    format    that of x at every step
    error     keeps `sequential`
    specials  nan where a row begins with -inf or holds +inf
    source    Milakov & Gimelshein 2018, algorithm 3
    """
    m, s = running(x)
    yield Answer("divide", np.exp(x - m[:, None]) / s[:, None])


def via_lse(x: Array) -> Iterator[Step]:
    """exp(x - LSE(x)), LSE by max-shift.

    shape     (rows, n) -> (rows, n)
    format    that of x
    error     none bounded: the rounding of LSE, u |y|, becomes a relative error of the answer
    specials  nan where every entry is -inf or any is +inf
    source    the backward pass of flash attention, which keeps LSE alone
    """
    yield Answer("exp", np.exp(x - last(max_shift(x))[:, None]))


def log_naive(x: Array) -> Iterator[Step]:
    """log(softmax(x)), as the formula reads: what log_softmax exists to avoid.

    shape     (rows, n) -> (rows, n)
    format    that of x
    error     none bounded: -inf wherever the softmax underflows
    specials  inf / inf = nan where any exponential overflows
    source    the composition
    """
    yield Answer("log", np.log(last(naive(x))))


def log_shifted(x: Array) -> Iterator[Step]:
    """(x - m) - log(sum(exp(x - m))).

    shape     (rows, n) -> (rows, n)
    format    that of x
    error     keeps `shifted`; not `conditioned`: log(1 + tiny) is lost at the maximum
    specials  nan where every entry is -inf or any is +inf
    source    most libraries
    """
    d = x - x.max(axis=-1, keepdims=True)
    yield Answer("subtract", d - np.log(np.exp(d).sum(axis=-1, keepdims=True)))


def log_online(x: Array) -> Iterator[Step]:
    """Maximum and sum in one pass, then (x - m) - log s.

    shape     (rows, n) -> (rows, n)
    format    that of x at every step
    error     keeps `sequential`
    specials  nan where a row begins with -inf or holds +inf
    source    Milakov & Gimelshein 2018, carried to the logarithm
    """
    m, s = running(x)
    yield Answer("subtract", (x - m[:, None]) - np.log(s)[:, None])


def log_via_lse(x: Array) -> Iterator[Step]:
    """x - LSE(x), LSE by max-shift.

    shape     (rows, n) -> (rows, n)
    format    that of x
    error     none bounded: a large common offset rounds LSE, and the difference with it
    specials  nan where every entry is -inf or any is +inf
    source    the formula of log_softmax, as it is often shipped
    """
    yield Answer("subtract", x - last(max_shift(x))[:, None])


def log1p_log(x: Array) -> Iterator[Step]:
    """(x - m) - log1p(sum of exp(x - m) without the largest term).

    shape     (rows, n) -> (rows, n)
    format    that of x
    error     keeps `conditioned`
    specials  nan where every entry is -inf or any is +inf; nothing for n = 0
    source    log_softmax with the log1p form of Blanchard, Higham & Higham 2021
    """
    if x.shape[-1] == 0:
        yield Answer("empty", x.copy())
        return
    d = x - x.max(axis=-1, keepdims=True)
    yield Answer("subtract", d - last(log1p_shift(d))[:, None])
