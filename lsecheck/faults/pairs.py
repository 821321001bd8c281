"""Faults of logaddexp."""

# ruff: noqa: ARG001 - every step of a kind takes the same arguments, wanted or not

import numpy as np

from lsecheck.faults.bases import Array, logaddexp, through
from lsecheck.faults.fault import Fault
from lsecheck.faults.logarithms import LOG2E

_in_float16, _in_float32 = through("float16"), through("float32")


def _naive(y: Array, a: Array, b: Array) -> Array:
    return np.log(_in_float32(_in_float32(np.exp(a)) + _in_float32(np.exp(b))))


def _in_arrival_order(y: Array, a: Array, b: Array) -> Array:
    return np.where(np.isfinite(a) & np.isfinite(b), a + np.log1p(np.exp(b - a)), y)


def _divided(y: Array, a: Array, b: Array) -> Array:
    return np.where(np.isfinite(a) & np.isfinite(b), a + np.log1p(np.exp(b) / np.exp(a)), y)


def _by_base_2(y: Array, a: Array, b: Array) -> Array:
    there = _in_float16(np.logaddexp2(_in_float16(a * LOG2E), _in_float16(b * LOG2E)))
    return np.where(np.isfinite(y), there / LOG2E, y)


LOGADDEXP = (
    Fault("logaddexp-equal-inf-nan", "the difference of equal infinities is nan", "cupy/cupy#6172, numpy/numpy#2714",
          logaddexp(gap=lambda a, b: -np.abs(a - b)), ("specials",), function="logaddexp"),
    Fault("logaddexp-both-ninf-nan", "-inf twice gives nan", "stan-dev/math#646, jax-ml/jax#1624",
          logaddexp(finish=lambda y, a, b: np.where(np.isneginf(a) & np.isneginf(b), np.nan, y)), ("specials",),
          function="logaddexp"),
    Fault("logaddexp-naive-own", "log(exp a + exp b), in float32", "tenstorrent/tt-metal#52037, llvm/torch-mlir#4748",
          logaddexp(finish=_naive), ("half-ulp", "huge", "equal"), function="logaddexp"),
    Fault("logaddexp-arrival-order", "a + log1p(exp(b - a)), whichever is larger", "zhuzilin/ring-flash-attention#30",
          logaddexp(finish=_in_arrival_order), ("huge", "blocks", "sentinel"), function="logaddexp"),
    Fault("logaddexp-divides", "a + log1p(exp b / exp a)", "rushter/MLAlgorithms#31", logaddexp(finish=_divided),
          ("half-ulp", "huge", "equal"), function="logaddexp"),
    Fault("logaddexp-nan-lost-beside-inf", "+inf is answered before nan is looked for", "data-apis/array-api#239",
          logaddexp(finish=lambda y, a, b: np.where((a == np.inf) | (b == np.inf), np.inf, y)), ("specials",),
          function="logaddexp"),
    Fault("logaddexp-nan-dropped", "of a number and nan, the number is answered", "pytorch/pytorch#52947",
          logaddexp(finish=lambda y, a, b: np.where(np.isnan(y), np.fmax(a, b), y)), ("specials",),
          function="logaddexp"),
    Fault("logaddexp-by-base-2", "by way of logaddexp2 in float16", "jax-ml/jax#29058", logaddexp(finish=_by_base_2),
          ("huge", "masked", "specials"), function="logaddexp", format="float16"),
    Fault("logaddexp-log-not-log1p", "the logarithm of 1 + exp, in float32", "scipy/scipy#18424",
          logaddexp(log1p=lambda s: np.log(_in_float32(1 + s))), ("gap", "subnormal", "dominant"), function="logaddexp",
          require="conditioned"),
    Fault("logaddexp-cutoff-5", "beyond a distance of 5 an asymptote of two terms", "tenstorrent/tt-metal#56382",
          logaddexp(log1p=lambda s: np.where(s < np.exp(-5), s - s * s / 2, np.log1p(s))), ("gap",), effort="standard",
          function="logaddexp", require="conditioned"),
    Fault("logaddexp-cutoff-20", "beyond a distance of 20 the larger is answered", "tensorflow/tensor2tensor#1424",
          logaddexp(exp=lambda d: np.where(d < -20, 0.0, np.exp(d))), ("subnormal", "gap", "dominant"),
          function="logaddexp", require="conditioned"),
    Fault("logaddexp-base2", "the logarithm is in base 2", "deepseek-ai/FlashMLA#106",
          logaddexp(log1p=lambda s: np.log1p(s) * LOG2E), ("near-zero", "subnormal", "tiny"), function="logaddexp"),
)  # fmt: skip
