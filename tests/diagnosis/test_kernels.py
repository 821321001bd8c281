"""Kernels as people write them, in arithmetic of their own: what is wrong with them is told, too."""

import numpy as np
import pytest

from diagnosis.diagnosed import of_callable, told

F32 = np.float32


def tiled_log2(x):
    """Tiles of 64 in base 2, float32 throughout; the caller gets log2."""
    x = x * F32(1.4426950408889634)
    m, s = np.full(len(x), -np.inf, F32), np.zeros(len(x), F32)
    for start in range(0, x.shape[1], 64):
        tile = x[:, start : start + 64]
        risen = np.maximum(m, tile.max(-1))
        to = np.where(np.isfinite(risen), risen, F32(0))
        s = s * np.exp2(np.where(np.isneginf(m), F32(0), m) - to) + np.exp2(tile - to[:, None]).sum(-1, dtype=F32)
        m = risen
    return m + np.log2(s)


def vectors_of_8(x):
    """Eight lanes; what is left over is not read."""
    n = x.shape[1] // 8 * 8 or x.shape[1]
    m = x[:, :n].max(-1, initial=-np.inf)
    to = np.where(np.isfinite(m), m, F32(0))
    return np.where(np.isfinite(m), to + np.log(np.exp(x[:, :n] - to[:, None]).sum(-1, dtype=F32)), m)


def padded_to_64(x):
    """The last block of 64 is filled up with zeros."""
    padded = np.concatenate([x, np.zeros((len(x), -x.shape[1] % 64), F32)], axis=1)
    m = padded.max(-1, initial=-np.inf)
    to = np.where(np.isfinite(m), m, F32(0))
    return np.where(np.isfinite(m), to + np.log(np.exp(padded - to[:, None]).sum(-1, dtype=F32)), m)


def unshifted(x):
    """log(sum(exp x)) in float32."""
    return np.log(np.exp(x).sum(-1, dtype=F32))


def half_accumulator(x):
    """float32 terms, added to a float16 sum from left to right."""
    m = x.max(-1, initial=-np.inf)
    to = np.where(np.isfinite(m), m, F32(0))
    terms = np.exp(x - to[:, None]).astype(np.float16)
    s = np.add.accumulate(terms, axis=-1, dtype=np.float16)[:, -1].astype(F32) if x.shape[1] else np.zeros(len(x), F32)
    return np.where(np.isfinite(m), to + np.log(s), m)


def sentinel(x):
    """Masked entries are read as -30000."""
    x = np.where(np.isneginf(x), F32(-30000), x)
    m = x.max(-1, initial=-np.inf)
    to = np.where(np.isfinite(m), m, F32(0))
    return np.where(np.isfinite(m), to + np.log(np.exp(x - to[:, None]).sum(-1, dtype=F32)), m)


def unguarded(x):
    """The textbook, nothing guarded."""
    m = x.max(-1)
    return m + np.log(np.exp(x - m[:, None]).sum(-1))


def fast_exp(x):
    """The exponential is 0 below -15."""
    m = x.max(-1, initial=-np.inf)
    to = np.where(np.isfinite(m), m, F32(0))
    d = x - to[:, None]
    e = np.where(d < -15, F32(0), np.exp(d))
    rows = np.arange(len(x))
    if x.shape[1]:
        e[rows, x.argmax(-1)] = 0
    return np.where(np.isfinite(m), to + np.log1p(e.sum(-1, dtype=F32)), m)


def minus_lse(x):
    """log_softmax as x - logsumexp(x)."""
    return x - unguarded(x)[:, None]


def wide_row_max(x):
    """softmax under the maximum of the first 512 entries."""
    m = x[:, :512].max(-1, keepdims=True)
    e = np.exp(x - m)
    return e / e.sum(-1, keepdims=True)


@pytest.mark.parametrize(
    ("kernel", "asked", "words"),
    [
        (tiled_log2, {}, "answer / truth is 1.4427 = log2 e"),
        (vectors_of_8, {}, "only multiples of 8 entries are read once there are 8 (a tail of n % 8 is dropped)"),
        (padded_to_64, {}, "n is rounded up to a multiple of 64 and the rest is filled with zeros"),
        (unshifted, {}, "exp overflows float32 at ln 3.4028e+38 = 88.72: the maximum is not subtracted"),
        (half_accumulator, {}, "the sum of ones stops growing at 2,048 = 2^11: a float16 accumulator"),
        (sentinel, {}, "-inf is read as -30000"),
        (unguarded, {}, "max-shift with every step in float32"),
        (fast_exp, {"require": "conditioned"}, "terms below exp(-15) are left out"),
        (minus_lse, {"function": "log_softmax"}, "LSE is subtracted from the entries"),
        (wide_row_max, {"function": "softmax"}, "from place 513 on: only the first 512 entries"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_what_a_kernel_does_wrong_is_told_by_its_figures(kernel, asked, words):
    """None of these is in the table of faults, and none has its arithmetic."""
    assert words in told(of_callable(kernel, **asked))
