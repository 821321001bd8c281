"""Faults of the shift: none, the wrong one, or one that starts from a number of its own.

Float32 rows are computed in float64, so an exponential overflows at 709, not at 89, unless it is said to be
taken in the storage format.
"""

import numpy as np

from lsecheck.faults.bases import Array, Step, logsumexp, through
from lsecheck.faults.fault import Fault

_in_float16, _in_float32, _in_bfloat16 = through("float16"), through("float32"), through("bfloat16")


def _naive(own: Step) -> Step:
    """log of a sum of exponentials, each of them a number of some format, the sum too."""
    return lambda v: np.log(own(own(np.exp(v)).sum(-1)))


def _at_least(start: float) -> Step:
    """A maximum that starts at a number instead of -inf."""
    return lambda v: np.maximum(v.max(-1), start)


def _of_first(entries: int) -> Step:
    """The maximum of the first entries only."""
    return lambda v: v[:, :entries].max(-1)


def _of_half(v: Array) -> Array:
    return v[:, : (v.shape[1] + 1) // 2].max(-1)


def _idle_lanes(v: Array) -> Array:
    return np.maximum(v.max(-1), 0.0 if v.shape[1] % 32 else -np.inf)


def _dropped(y: Array, v: Array) -> Array:
    return np.where(np.isinf(y) & np.isfinite(v).all(-1), 0.0, y)


def _scaled_away(v: Array) -> Array:
    return np.where(np.isinf(_in_float32(v * 1.4426950408889634)), v * np.inf, v)


def _clamped(v: Array) -> Array:
    return np.where(np.isfinite(v), np.clip(v, -80, 80), v)


SHIFT = (
    Fault("naive-own-f16", "log(sum(exp x)) in float16", "openvinotoolkit/openvino#35648",
          logsumexp(_naive(_in_float16)), ("extremes", "huge", "ordinary"), format="float16"),
    Fault("naive-own-f32", "log(sum(exp x)) in float32", "PaddlePaddle/Paddle#25465, Oneflow-Inc/oneflow#9385",
          logsumexp(_naive(_in_float32)), ("wide", "offset", "huge")),
    Fault("naive-own-f64", "log(sum(exp x)) in float64", "huggingface/candle#2356, tskit-dev/tsdate#171",
          logsumexp(shift=np.zeros_like), ("offset", "huge", "wide"), format="float64"),
    Fault("naive-in-f32", "float16 without a shift, in float32", "NVIDIA/TensorRT#4772", logsumexp(_naive(_in_float32)),
          ("wide", "offset", "huge"), format="float16"),
    Fault("no-shift", "no shift, in float64", "openvinotoolkit/openvino#32839", logsumexp(shift=np.zeros_like),
          ("half-ulp", "huge", "equal")),
    Fault("overflow-drops-to-zero", "an overflow of the unshifted sum is answered 0", "apple/coremltools#2690",
          logsumexp(_naive(_in_float16), finish=_dropped), ("extremes", "huge", "ordinary"), format="float16"),
    Fault("shift-first", "shifted by the first entry", "ROCm/AMDMIGraphX#1290", logsumexp(maximum=lambda v: v[:, 0]),
          ("huge", "ordered", "blocks")),
    Fault("shift-mean", "shifted by the mean", "SlopDotCash/asi#2888", logsumexp(maximum=lambda v: v.mean(-1)),
          ("huge", "ordered", "extremes")),
    Fault("shift-absmax", "shifted by the largest magnitude", "tskit-dev/tsdate#171",
          logsumexp(maximum=lambda v: np.abs(v).max(-1)), ("half-ulp", "huge", "equal")),
    Fault("max-init-1e4", "the maximum starts at -1e4", "ohdearquant/lattice#373", logsumexp(maximum=_at_least(-1e4)),
          ("half-ulp", "huge", "extremes")),
    Fault("max-init-5e4", "the maximum starts at -5e4", "flashinfer-ai/flashinfer#4401",
          logsumexp(maximum=_at_least(-5e4)), ("half-ulp", "huge", "extremes")),
    Fault("max-init-1e30", "the maximum starts at -1e30", "1bit-MONSTER/1bit-MONSTER#731",
          logsumexp(maximum=_at_least(-1e30)), ("huge", "extremes", "sentinel")),
    Fault("max-idle-lanes-0", "idle lanes of a warp of 32 bring 0 into the maximum", "bytedance/lightseq#74",
          logsumexp(maximum=_idle_lanes), ("half-ulp", "huge", "equal")),
    Fault("max-skips-first", "the first entry is not in the maximum", "Infatoshi/cuda-course#10",
          logsumexp(maximum=lambda v: v[:, v.shape[1] > 1 :].max(-1)), ("huge", "extremes", "specials")),
    Fault("max-half-lanes", "the second half is shifted by the maximum of the first", "pytorch/pytorch#156379",
          logsumexp(maximum=_of_half), ("huge", "ordered", "blocks")),
    Fault("max-first-1024", "the maximum is that of the first 1024 entries", "pytorch/pytorch#156379",
          logsumexp(maximum=_of_first(1024)), ("blocks",), effort="standard", tiny=False),
    Fault("global-max-over-rows", "one maximum for all rows", "Lzx1413/PytorchSSD#22, apache/singa#540",
          logsumexp(maximum=lambda v: np.full(len(v), v.max())), ("conduct", "huge", "extremes"), tiny=False),
    Fault("max-not-reset", "the running maximum is not reset between rows", "Lzx1413/PytorchSSD#22",
          logsumexp(maximum=lambda v: np.maximum.accumulate(v.max(-1))), ("conduct", "huge", "extremes"), tiny=False),
    Fault("max-bf16", "the maximum is rounded to bfloat16 before it is subtracted", "pytorch/pytorch#121558",
          logsumexp(maximum=lambda v: _in_bfloat16(v.max(-1))), ("half-ulp", "huge", "extremes")),
    Fault("clamp-inputs-80", "entries are clamped to -80 and 80", "tenstorrent/tt-metal#3612", logsumexp(use=_clamped),
          ("half-ulp", "huge", "equal")),
    Fault("clamp-shifted-10", "differences are floored at -10", "torch-spyre/torch-spyre#4522",
          logsumexp(exp=lambda d: np.exp(np.maximum(d, -10))), ("subnormal", "half-ulp", "gap")),
    Fault("temperature-own", "divided by a temperature of 1e-5 in float16, and multiplied again",
          "vllm-project/vllm#890", logsumexp(use=lambda v: _in_float16(_in_float16(v / 1e-5) * 1e-5)),
          ("ordinary", "near-zero", "equal"), format="float16"),
    Fault("temperature-overflow", "divided by a temperature of 0.7 in float32, which overflows", "SlopDotCash/asi#2888",
          logsumexp(use=lambda v: _in_float32(v / 0.7) * 0.7), ("huge", "extremes", "masked")),
    Fault("product-overflow", "entries times log2 e overflow float32", "Dao-AILab/flash-attention#2067",
          logsumexp(use=_scaled_away), ("huge", "extremes", "masked")),
)  # fmt: skip
