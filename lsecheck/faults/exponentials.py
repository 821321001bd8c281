"""Faults of the exponential: tables, rounded exponents, fits with jumps, exponents that wrap."""

import numpy as np

from lsecheck.faults.bases import Array, logsumexp, through
from lsecheck.faults.fault import Fault
from lsecheck.faults.logarithms import LOG2E

_in_float16, _in_float32 = through("float16"), through("float32")


def _power_of_two(d: Array) -> Array:
    return np.exp2(np.rint(d * LOG2E))


def _power_of_two_but_tail(d: Array) -> Array:
    lanes = d.shape[1] // 4 * 4
    return np.concatenate([_power_of_two(d[:, :lanes]), np.exp(d[:, lanes:])], axis=1)


def _jump(d: Array) -> Array:
    return np.exp(d) + np.where((d < 0) & (d > -5), 3e-6, 0.0)


def _wrapped(d: Array) -> Array:
    return np.where(np.isfinite(d) & (d < -139), np.exp2((d * LOG2E + 128) % 256 - 128), np.exp(d))


def _bits_of_a_double(d: Array) -> Array:
    """The exponent of two from the integer part, the fraction taken as a straight line."""
    scaled = np.maximum(d * LOG2E, -1000.0)
    whole = np.floor(scaled)
    return np.where(d == 0, 1.0, np.where(np.isneginf(d), 0.0, np.ldexp(1 + scaled - whole, whole.astype(np.int32))))


EXPONENTIALS = (
    Fault("exp-power-of-2", "exp by a rounded exponent of two", "Maratyszcza/NNPACK#174", logsumexp(exp=_power_of_two),
          ("near-zero", "tiny", "gap")),
    Fault("exp-power-of-2-but-tail", "exp by a rounded exponent of two in every full group of 4",
          "Maratyszcza/NNPACK#174", logsumexp(exp=_power_of_two_but_tail), ("near-zero", "tiny", "ordinary"),
          tiny=False),
    Fault("exp-straight-line", "exp from the bits of a number, 6 % off between powers of two", "alibaba/MNN#235",
          logsumexp(exp=_bits_of_a_double), ("near-zero", "tiny", "gap")),
    Fault("exp-of-f16", "exp of differences in float16", "ggml-org/llama.cpp#7154",
          logsumexp(exp=lambda d: np.exp(_in_float16(d))), ("near-zero", "tiny", "gap")),
    Fault("exp-f16-table", "exp by a table of 65536 float16 entries", "ggml-org/llama.cpp#7154",
          logsumexp(exp=lambda d: _in_float16(np.exp(_in_float16(d)))), ("near-zero", "tiny", "gap")),
    Fault("exp-in-f32", "float64 with exp in float32", "alibaba/MNN#235",
          logsumexp(exp=lambda d: _in_float32(np.exp(_in_float32(d)))), ("near-zero", "tiny", "gap"), format="float64"),
    Fault("exp-relerr-1e-4", "exp off by 1e-4, this way and that", "Dao-AILab/flash-attention#2067",
          logsumexp(exp=lambda d: np.exp(d) * np.where(d < 0, 1 + 1e-4 * np.sin(d), 1)), ("near-zero", "tiny", "gap")),
    Fault("exp-jump-at-5", "exp fitted from -5 to 0 to an absolute error of 3e-6", "tenstorrent/tt-metal#56382",
          logsumexp(exp=_jump), ("near-zero", "subnormal", "tiny")),
    Fault("exp-wraps-below-200", "the exponent of two wraps below -200", "tenstorrent/tt-metal#3612",
          logsumexp(exp=_wrapped), ("wide", "ordered", "blocks")),
)  # fmt: skip
