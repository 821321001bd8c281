"""Faults of the logarithm and of its base: log for log1p, additions inside, constants cut short.

Left out as equivalent: entries and maximum each multiplied by log2 e before they are subtracted, which errs
no more than a rounding of the maximum does; where that product overflows is `product-overflow`.
"""

# ruff: noqa: ARG005 - every step of a kind takes the same arguments, wanted or not

import numpy as np

from lsecheck.faults.bases import logsumexp, through
from lsecheck.faults.fault import Fault

LOG2E = 1.4426950408889634
_in_float16, _in_float32 = through("float16"), through("float32")

LOGARITHMS = (
    Fault("log-not-log1p", "the logarithm of 1 + s, not log1p of s", "scipy/scipy#18295, jax-ml/jax#1200",
          logsumexp(log1p=lambda s: np.log(1 + s)), ("subnormal", "gap"), require="conditioned"),
    Fault("log-not-log1p-own", "the logarithm of a float32 sum", "google-deepmind/optax#1771",
          logsumexp(log1p=lambda s: np.log(_in_float32(1 + _in_float32(s)))), ("subnormal", "gap", "dominant"),
          require="conditioned"),
    Fault("log-not-log1p-f16", "the logarithm of a float16 sum", "microsoft/onnxruntime#10576",
          logsumexp(log1p=lambda s: np.log(_in_float16(1 + _in_float16(s)))), ("subnormal", "gap"), format="float16",
          require="conditioned"),
    Fault("log1p-double-count", "log1p of a sum that has the largest term already", "tenstorrent/tt-metal#9910",
          logsumexp(log1p=lambda s: np.log1p(1 + s)), ("near-zero", "subnormal", "tiny")),
    Fault("log1p-1term-small", "log1p(s) = s below 1e-4", "scipy/scipy#21597",
          logsumexp(log1p=lambda s: np.where(s < 1e-4, s, np.log1p(s))), ("gap",), require="conditioned"),
    Fault("log1p-2term-small", "log1p(s) = s - s s/2 below 1e-3, in float64", "scipy/scipy#21597",
          logsumexp(log1p=lambda s: np.where(s < 1e-3, s - s * s / 2, np.log1p(s))), ("gap", "ordinary", "dominant"),
          format="float64"),
    Fault("log1p-absolute-fit", "log1p fitted to an absolute error of 1e-7, not a relative one",
          "tenstorrent/tt-metal#56382",
          logsumexp(log1p=lambda s: np.log1p(s) + np.where((s > 0) & (s < 0.5), 1e-7, 0.0)),
          ("gap", "subnormal", "dominant"), require="conditioned"),
    Fault("log-in-f32", "log1p of a float64 sum in float32", "pytorch/pytorch#94333",
          logsumexp(log1p=lambda s: _in_float32(np.log1p(_in_float32(s)))), ("near-zero", "subnormal", "tiny"),
          format="float64"),
    Fault("eps-in-log-1e-6", "1e-6 is added in the logarithm", "hmmlearn/hmmlearn#35",
          logsumexp(log1p=lambda s: np.log1p(s + 1e-6)), ("gap", "tiny", "width")),
    Fault("eps-in-log-1e-16", "1e-16 is added in the logarithm", "hmmlearn/hmmlearn#35",
          logsumexp(log1p=lambda s: np.log1p(s + 1e-16)), ("subnormal", "tiny", "width"), require="conditioned"),
    Fault("returns-base2", "the answer is in base 2", "flashinfer-ai/flashinfer#4485, sgl-project/sglang#40903",
          logsumexp(finish=lambda y, v: y * LOG2E), ("subnormal", "tiny", "width")),
    Fault("ln2-missing-on-log", "the logarithm is in base 2, the maximum is not", "deepseek-ai/FlashMLA#106",
          logsumexp(add=lambda m, log: m + log * LOG2E), ("near-zero", "subnormal", "tiny")),
    Fault("ln2-missing-on-max", "the maximum is in base 2, the logarithm is not", "deepseek-ai/FlashMLA#106",
          logsumexp(add=lambda m, log: m * LOG2E + log), ("near-zero", "tiny", "width")),
    Fault("log2e-5-digits", "log2 e is 1.4427 and ln 2 is 0.6931", "Dao-AILab/flash-attention#2067",
          logsumexp(exp=lambda d: np.exp2(d * 1.4427), log1p=lambda s: np.log2(1 + s) * 0.6931),
          ("near-zero", "subnormal", "tiny")),
    Fault("log2e-f32-in-f64", "log2 e is a float32 in a float64 computation", "Dao-AILab/flash-attention#2067",
          logsumexp(exp=lambda d: np.exp2(d * 1.4426950216293335)), ("near-zero", "tiny", "gap"), format="float64"),
    Fault("base2-and-back-6-digits", "into base 2 and back, by constants of 6 digits", "vllm-project/vllm#47079",
          logsumexp(finish=lambda y, v: y * 1.442695 * 0.693147), ("width", "half-ulp", "huge")),
    Fault("replica-plus-log2", "the same data is reduced twice", "NVIDIA/Megatron-LM#7452",
          logsumexp(finish=lambda y, v: y + np.log(2.0)), ("tiny", "near-zero", "equal")),
)  # fmt: skip
