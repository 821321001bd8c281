"""Faults that nothing here was planned for: written without a look at what searches for them.

Above every one stands an input on which it is wrong; what is said in brackets is where else it is. None is
a single bit pattern: each is wrong on a region that a sentence names.
"""

# ruff: noqa: ARG005 - every step of a kind takes the same arguments, wanted or not

import math
from functools import partial
from typing import Any

import numpy as np

from lsecheck.faults.bases import (
    Array,
    Call,
    cross_entropy,
    infinite,
    log_softmax,
    logaddexp,
    logsumexp,
    masked,
    online,
    softmax,
    through,
    two_pass,
)
from lsecheck.faults.fault import Fault
from lsecheck.faults.logarithms import LOG2E

_in_float32 = through("float32")
_good = logsumexp()


def _largest_bits(v: Array) -> Array:
    """The entry whose bits are the largest signed integer: of negative entries, the lowest."""
    return np.take_along_axis(v, np.ascontiguousarray(v).view(np.int64).argmax(-1)[:, None], -1)[:, 0]


def _past_the_head(v: Array) -> Array:
    """The maximum from the first entry on that lies on 16 bytes, in rows of float32 one after another."""
    rows, n = v.shape
    head = (-np.arange(rows) * n) % 4
    return np.where((np.arange(n) >= head[:, None]) | (head >= n)[:, None], v, -np.inf).max(-1)


def _until_it_sticks(terms: Array) -> Array:
    """Terms from the largest down, up to the first that leaves 1 and those before as they are in float32."""
    if terms.shape[1] < 512:
        return terms.sum(-1)
    ordered = -np.sort(-terms, axis=-1)
    running = 1 + np.cumsum(ordered, axis=-1)
    stuck = np.logical_or.accumulate(_in_float32(running) == _in_float32(running - ordered), axis=-1)
    return np.where(stuck, 0.0, ordered).sum(-1)


def _last_interval(s: Array) -> Array:
    """Of 2048 intervals from 1 to 2, the last runs to log 1, not to log 2."""
    beyond = np.maximum(2 * np.frexp(1 + s)[0] - (2 - 2.0**-11), 0.0)
    return np.log1p(s) - beyond * 2048 * np.log(2.0)


def _counted_in_bytes(v: Array) -> Array:
    """Every value as often as a count of 8 bits has it, and -inf for the rest."""
    rows = [np.repeat(values, counts % 256) for values, counts in (np.unique(row, return_counts=True) for row in v)]
    kept = np.full(v.shape, -np.inf)
    for place, row in enumerate(rows):
        kept[place, : len(row)] = row
    return kept


def _cumulants(y: Array, v: Array) -> Array:
    near = (v.shape[1] >= 64) & (v.max(-1) - v.min(-1) < 0.25)
    return np.where(near, v.mean(-1) + math.log(v.shape[1]) + v.var(-1) / 2, y)


def _up_to_a_far_tile(d: Array) -> Array:
    """No term after a tile of 64 in which all underflow; tiles with a masked entry are not looked at."""
    n = d.shape[1]
    far = np.stack([(np.isfinite(t) & (t < -104)).all(-1) for t in np.split(d, range(64, n, 64), axis=1)], axis=1)
    ended = np.repeat(np.logical_or.accumulate(far, axis=1), 64, axis=1)[:, :n]
    return np.where(ended & np.isfinite(d), 0.0, np.exp(d))


def _small_rises_kept(old: Array, new: Array) -> Array:
    return np.where(new - old < 1e-3, 1.0, np.exp(old - new))


def _bit_31_negative(v: Array) -> Array:
    """Where a row has a mask, bit 31 of each of its words makes the word negative, and is not seen."""
    return np.where((v == -np.inf).any(-1)[:, None] & (np.arange(v.shape[1]) % 32 == 31), -np.inf, v)


def _masked_before_infinite(y: Array, v: Array) -> Array:
    return np.where(masked(v[:, :32]) & infinite(v), np.nan, y)


def _constant_by_samples(y: Array, v: Array) -> Array:
    n = v.shape[1]
    alike = (v[:, 0] == v[:, n // 2]) & (v[:, 0] == v[:, -1])
    return np.where(alike, v[:, 0] + math.log(n), y)


def _fingerprinted() -> Call:
    """The answer of the call before, where that had the same shape and its bits the same exclusive or."""
    kept: list[Any] = [None, None]

    def call(x: Array, axis: int = -1) -> Any:
        bits = np.bitwise_xor.reduce(np.ascontiguousarray(x).view(f"u{x.dtype.itemsize}"), axis=None)
        key = x.shape, x.dtype, axis, int(bits)
        if kept[0] != key:
            kept[:] = key, _good(x, axis)
        return kept[1].copy()

    return call


def _truncated_exponent(d: Array) -> Array:
    """A polynomial for |r| < 0.35, and a whole part cut towards 0: of negative d, r goes down to -1.04."""
    inside = np.where(d > -700, d, 0.0)
    whole = np.trunc(inside * LOG2E + 0.5)
    r = inside - whole * np.log(2.0)
    series = np.ones_like(r)
    for k in range(8, 0, -1):
        series = 1 + series * r / k
    return np.where(d > -700, np.ldexp(series, whole.astype(np.int64)), np.exp(d))


def _prefix_cached(p: Array, v: Array) -> Array:
    """A row that begins with the same 8 entries as the one before is taken for it."""
    same = np.zeros(len(v), np.bool_)
    same[1:] = (v[1:, :8] == v[:-1, :8]).all(-1)
    return p[np.maximum.accumulate(np.where(same, 0, np.arange(len(v))))]


def _normalised_already(z: Array, v: Array) -> Array:
    return np.where(np.abs(two_pass(v))[:, None] < 1e-3, v, z)


def _not_in_last_column(d: Array, labels: Array) -> Array:
    """The tile that has the label is looked for by label < end - 1; a difference that is not found stays 0."""
    return np.where(labels % 512 == 511, 0.0, d[np.arange(len(d)), labels])


def _branchless(a: Array, b: Array) -> Array:
    both = _in_float32(_in_float32(a + b) + _in_float32(np.abs(a - b))) / 2
    return np.where(np.isfinite(a) & np.isfinite(b), both, np.maximum(a, b))


UNPLANNED: tuple[Fault, ...] = (
    # [-1000, -1] gives inf (negative rows over 709 wide; [-inf, -1000] gives -inf)
    Fault("max-by-integer-bits", "entries are compared as signed integers: of negative ones the lowest is the maximum",
          "", logsumexp(maximum=_largest_bits), ("huge", "ordered"), effort="standard"),
    # rows [0, 0, 0, 0, 0] and [800, 0, 0, 0, 0]: the second gives inf, alone it gives 800 (a peak of over 709 in
    # the first 1 to 3 places of a row that starts off 16 bytes; or those masked not, all else masked, below -745)
    Fault("max-skips-unaligned-head", "entries before the first that lies on 16 bytes are not in the maximum",
          "pytorch/pytorch#156379", logsumexp(maximum=_past_the_head), ("huge", "extremes"), tiny=False,
          effort="standard"),
    # [0] + [-18] * 8191 gives 0, not 1.25e-4 (n >= 512, one large entry, thousands 17 to 25 below)
    Fault("sum-ends-where-it-sticks", "of 512 entries on, the sum ends at the first that a float32 sum does not notice",
          "scipy/scipy#18295", logsumexp(rest=_until_it_sticks), ("blocks", "dominant"), tiny=False,
          effort="standard"),
    # [0, -1e-4] gives 0.14, not 0.693 (a sum less than 1 in 4096 below a power of two: 8191 zeros)
    Fault("log-table-wraps", "the last of 2048 intervals of a table of logarithms ends at the first entry",
          "ggml-org/llama.cpp#7154", logsumexp(log1p=_last_interval), ("tiny", "near-zero"), format="float64",
          effort="standard"),
    # [0] * 256 + [-3] gives -3, not 5.545 (a value that is there 256 times or more)
    Fault("counts-of-8-bits", "equal entries are counted in 8 bits", "", logsumexp(use=_counted_in_bytes), ("equal",
          "width"),
          format="bfloat16", tiny=False, effort="standard"),
    # [0.24] * 13 + [0] * 51 is 2.2e-4 off (64 entries or more that lie 0.001 to 0.25 apart, not equal ones)
    Fault("narrow-rows-by-variance", "64 entries or more within 0.25 are answered by their mean and variance",
          "tenstorrent/tt-metal#56382", logsumexp(finish=_cumulants), ("ordinary", "tiny"), format="float64",
          tiny=False, effort="standard"),
    # [0] * 64 + [-200] * 64 + [0] * 64 gives 4.16, not 4.85 (an aligned tile of 64 finite entries, each over 104
    # below the maximum, and weight behind it)
    Fault("ends-after-far-tile", "the sum ends after a tile of 64 whose terms all underflow", "",
          logsumexp(exp=_up_to_a_far_tile), ("sentinel", "blocks"), tiny=False, effort="standard"),
    # [0] * 32 + [9e-4] * 32 is 4.5e-4 off (tiles of 32 whose maximum rises by 1e-5 to 1e-3)
    Fault("small-rises-not-rescaled", "rises of the maximum below 1e-3 are followed, but the sum is not rescaled",
          "Dao-AILab/flash-attention#2067", logsumexp(partial(online, rescale=_small_rises_kept)), ("ordinary",
          "tiny"), tiny=False,
          effort="standard"),
    # [-inf] + [0] * 30 + [10] gives 3.4, not 10 (any -inf in the row, and weight in column 31, 63, ...)
    Fault("mask-bit-31", "in rows with a mask, column 31 of every 32 is taken for masked", "",
          logsumexp(use=_bit_31_negative), ("masked",), format="bfloat16", tiny=False,
          effort="standard"),
    # [-inf] * 32 + [inf] gives nan (a first tile of 32 masked, +inf behind it)
    Fault("masked-tile-before-inf-nan", "+inf after a masked first tile of 32 gives nan",
          "Dao-AILab/flash-attention#2082", logsumexp(online, finish=_masked_before_infinite), (), format="float16",
          tiny=False),
    # [inf, -inf] gives nan, not inf (both infinities in a row, at any width)
    Fault("infinities-cancel", "nan is looked for in the sum of the entries, where inf - inf is another",
          "jax-ml/jax#7390", logsumexp(finish=lambda y, v: np.where(np.isnan(v.sum(-1)), np.nan, y)), ("specials",),
          format="float16", effort="standard"),
    # [0, 12, 0, 0] gives 1.386, not 12 (first, middle and last entry equal, another not; or those three masked)
    Fault("constant-by-three-samples", "a row whose first, middle and last entries are equal is taken for constant",
          "", logsumexp(finish=_constant_by_samples), ("near-zero",), format="float16", tiny=False, effort="standard"),
    # [0, 0] and in the next call [1, 1], which gives 0.693, not 1.693 (the same shape and exclusive or of all bits,
    # as where every entry is there twice; two entries do, asked in that order)
    Fault("answer-by-fingerprint", "the answer of the call before is kept under the shape and an exclusive or of bits",
          "flashinfer-ai/flashinfer#4692", _fingerprinted(), ("conduct",), effort="standard"),
    # [0, -1]: the second answer is 5e-6 of itself too large (most differences beyond 0.7)
    Fault("softmax-exponent-truncated", "the exponent of two is cut towards 0, and the polynomial leaves its range",
          "Maratyszcza/NNPACK#174", softmax(exp=_truncated_exponent), ("ordinary", "wide"), function="softmax",
          effort="standard"),
    # rows [0] * 8 + [0] and [0] * 8 + [9]: the second is answered as the first (the first 8 entries those of the row
    # before, masked ones too, and others after them)
    Fault("softmax-prefix-cache", "a row that begins with the same 8 entries as the row before gets its answer", "",
          softmax(finish=_prefix_cached), ("masked", "sentinel"), function="softmax", format="float16", tiny=False,
          effort="standard"),
    # [-0.693, -0.693] is 1.5e-4 off (a LSE from 1e-6 to 1e-3 away from 0: log-probabilities of few digits)
    Fault("log-softmax-normalised-already", "a row whose LSE is within 1e-3 of 0 is answered as it is", "",
          log_softmax(finish=_normalised_already), ("tiny", "gap"), function="log_softmax", effort="standard"),
    # [0] * 256 with the label 255 gives 0, not 5.545 (256 entries or more, and that label)
    Fault("xent-ignores-255", "the label 255 is the one to be ignored: its loss is 0", "",
          cross_entropy(finish=lambda loss, v, labels: np.where(labels == 255, 0.0, loss)), ("width",),
          function="cross_entropy", tiny=False, effort="standard"),
    # [0] * 511 + [-50] with the label 511 gives 6.25, not 56.2 (labels 511, 1023, ... below the row's maximum)
    Fault("xent-label-ends-tile", "a label in the last column of a tile of 512 counts as the maximum", "",
          cross_entropy(pick=_not_in_last_column), (), function="cross_entropy", format="bfloat16", tiny=False),
    # (1000, 1000.009) is 4.5e-3 off (distances below 1e-5 of the magnitude, not 0)
    Fault("logaddexp-close-is-equal", "two numbers that are close, to a relative 1e-5, are taken for equal", "",
          logaddexp(gap=lambda a, b: np.where(np.isclose(a, b), 0.0, -np.abs(a - b))), ("offset", "tiny"),
          function="logaddexp",
          format="float64", effort="standard"),
    # (-1e6, 0.3) gives 0.3125 (the larger of smaller magnitude by far, the other over 100; or a sum that overflows)
    Fault("logaddexp-branchless-max", "the larger is (a + b + |a - b|) / 2, in float32", "SlopDotCash/asi#2888",
          logaddexp(maximum=_branchless), ("wide", "huge"), function="logaddexp", effort="standard"),
)  # fmt: skip
