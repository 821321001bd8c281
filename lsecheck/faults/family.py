"""Faults of softmax, log_softmax and cross_entropy.

Left out as conventions, any of which is right: softmax and log_softmax of rows with +inf or with nothing
but -inf, as long as the answer is one that is in use. Left out as equivalent: log_softmax whose logarithm
is rounded to the storage format once more.
"""

# ruff: noqa: ARG001, ARG005 - every step of a kind takes the same arguments, wanted or not

import numpy as np

from lsecheck.faults.bases import (
    Array,
    Step,
    cross_entropy,
    infinite,
    log_softmax,
    masked,
    softmax,
    through,
    two_pass,
)
from lsecheck.faults.fault import Fault
from lsecheck.faults.logarithms import LOG2E
from lsecheck.formats import FORMATS, cast, widen

_in_float16, _in_float32, _in_bfloat16 = through("float16"), through("float32"), through("bfloat16")


def _first_half(v: Array) -> Array:
    """The maximum of the first half, for the second half too."""
    return v[:, : (v.shape[1] + 1) // 2].max(-1)


def _running(name: str) -> Step:
    """A sum from left to right, every step in a format."""
    fmt = FORMATS[name]
    return lambda terms: widen(np.add.accumulate(cast(terms, fmt), axis=-1, dtype=fmt.dtype)[:, -1])


def _odd_width(terms: Array) -> Array:
    rows, n = terms.shape
    lost = rows > 1 and 512 < n < 1024 and n % 2 == 1 and n % 32 != 31
    return terms[:, :-1].sum(-1) if lost else terms.sum(-1)


def _from_stored(own: Step) -> Step:
    """exp(x - LSE), from a LSE in a format of its own."""
    return lambda p, v: np.exp(v - own(two_pass(v))[:, None])


def _less_stored(z: Array, v: Array) -> Array:
    return v - _in_float32(two_pass(v))[:, None]


def _one_hot(d: Array, labels: Array) -> Array:
    return (d * (np.arange(d.shape[1]) == labels[:, None])).sum(-1)


def _at(v: Array, labels: Array) -> Array:
    return v[np.arange(len(v)), labels]


def _padded(terms: Array) -> Array:
    """The sum of tiles of 32 that are filled up with ones."""
    return terms.sum(-1) + -terms.shape[1] % 32


SOFTMAX = (
    Fault("softmax-no-shift", "exp(x) / sum(exp x), in float64",
          "dwavesystems/dwave-optimization#555, NVIDIA/FasterTransformer#43",
          softmax(maximum=lambda v: np.zeros(len(v))), ("half-ulp", "huge", "equal"), function="softmax"),
    Fault("softmax-naive-own", "exp(x) / sum(exp x), in float32", "uTensor/uTensor#175",
          softmax(maximum=lambda v: np.zeros(len(v)), exp=lambda d: _in_float32(np.exp(d))),
          ("half-ulp", "huge", "equal"), function="softmax"),
    Fault("softmax-shift-first", "shifted by the first entry", "ROCm/AMDMIGraphX#1290",
          softmax(maximum=lambda v: v[:, 0]), ("huge", "ordered", "blocks"), function="softmax"),
    Fault("softmax-one-max", "one maximum for all rows", "apache/singa#540",
          softmax(maximum=lambda v: np.full(len(v), v.max())), ("conduct", "huge", "extremes"), function="softmax",
          tiny=False),
    Fault("softmax-half-lanes", "the second half is shifted by the maximum of the first", "pytorch/pytorch#156379",
          softmax(maximum=_first_half), ("huge", "ordered", "blocks"), function="softmax", format="bfloat16"),
    Fault("softmax-width-513-1023-odd", "one term is lost at odd widths, if there is another row",
          "pytorch/pytorch#147284, pytorch/pytorch#143644", softmax(denominator=_odd_width), ("width",),
          function="softmax", format="float64", tiny=False),
    Fault("softmax-sum-f16", "a running sum in float16, which sticks at 2048", "huggingface/candle#3727",
          softmax(denominator=_running("float16")), ("equal", "width", "long"), function="softmax", format="float16",
          tiny=False),
    Fault("softmax-sum-bf16", "a running sum in bfloat16, which sticks at 256", "pytorch/executorch#20089",
          softmax(denominator=_running("bfloat16")), ("equal", "width", "long"), function="softmax", format="bfloat16",
          tiny=False),
    Fault("softmax-from-bf16-lse", "exp(x - LSE) with a LSE in bfloat16", "marin-community/marin#8217",
          softmax(finish=_from_stored(_in_bfloat16)), ("offset", "equal", "half-ulp"), function="softmax",
          format="bfloat16"),
    Fault("softmax-from-stored-lse", "exp(x - LSE) with a LSE in float32", "pytorch/pytorch#195829",
          softmax(finish=_from_stored(_in_float32)), ("offset", "equal", "half-ulp"), function="softmax"),
    Fault("softmax-first-masked", "a row that begins with -inf gives nan", "tracel-ai/burn#4697",
          softmax(finish=lambda p, v: np.where(np.isneginf(v[:, :1]), np.nan, p)), ("masked", "specials"),
          function="softmax"),
    Fault("softmax-masked-ones", "a row of nothing but -inf gives ones", "oneapi-src/oneDNN#4890",
          softmax(finish=lambda p, v: np.where(masked(v)[:, None], 1.0, p)), ("specials",), function="softmax"),
    Fault("softmax-masked-weight", "a masked entry keeps a weight of 6e-8", "torch-spyre/torch-spyre#4522",
          softmax(exp=lambda d: np.where(np.isneginf(d), 2.0**-24, np.exp(d))), ("masked", "specials"),
          function="softmax", format="float16"),
    Fault("softmax-pinf-zeros", "a row with +inf gives zeros", "oneapi-src/oneDNN#5308",
          softmax(finish=lambda p, v: np.where(infinite(v)[:, None], 0.0, p)), ("specials",), function="softmax"),
    Fault("softmax-nan-clamped", "differences are floored at -88.5 by a comparison that drops nan",
          "tenstorrent/tt-metal#56430", softmax(exp=lambda d: np.exp(np.fmax(d, -88.5))), ("specials",),
          function="softmax"),
    Fault("softmax-nan-in-place-only", "nan is answered at nan entries only", "ohdearquant/lattice#740",
          softmax(maximum=lambda v: np.fmax.reduce(v, -1), denominator=lambda terms: np.nansum(terms, -1)),
          ("specials",), function="softmax"),
    Fault("softmax-f16-table", "exp by a table of 65536 float16 entries", "ggml-org/llama.cpp#7154",
          softmax(exp=lambda d: _in_float16(np.exp(_in_float16(d)))), ("near-zero", "subnormal", "tiny"),
          function="softmax"),
    Fault("softmax-powers-of-two", "exp by a rounded exponent of two", "Maratyszcza/NNPACK#174",
          softmax(exp=lambda d: np.exp2(np.rint(d * LOG2E))), ("near-zero", "subnormal", "tiny"), function="softmax"),
    Fault("softmax-eps", "1e-6 is added in the denominator", "ARM-software/ComputeLibrary#148",
          softmax(divide=lambda terms, s: terms / (s + 1e-6)[:, None]), ("gap", "tiny", "width"), function="softmax"),
    Fault("softmax-padded", "padded columns are counted", "tenstorrent/tt-metal#53208", softmax(denominator=_padded),
          ("near-zero", "subnormal", "tiny"), function="softmax"),
    Fault("softmax-reciprocal-bf16", "multiplied by a reciprocal in bfloat16", "Dao-AILab/flash-attention#2067",
          softmax(divide=lambda terms, s: terms * _in_bfloat16(1 / s)[:, None]), ("subnormal", "tiny", "width"),
          function="softmax"),
)  # fmt: skip

LOG_SOFTMAX = (
    Fault("logprob-x-minus-lse", "x - LSE(x), with LSE in float32",
          "pytorch/pytorch#11752, pytorch/pytorch#38839, ml-explore/mlx#4169", log_softmax(finish=_less_stored),
          ("offset", "equal", "half-ulp"), function="log_softmax"),
    Fault("log-of-softmax", "the logarithm of a float32 softmax", "baidu-research/warp-ctc#23",
          log_softmax(finish=lambda z, v: np.log(_in_float32(np.exp(z)))), ("wide", "gap", "subnormal"),
          function="log_softmax"),
    Fault("log-softmax-naive-own", "x - log(sum(exp x)), in float32", "bespoke-silicon-group/hb-pytorch#61",
          log_softmax(finish=lambda z, v: v - np.log(_in_float32(_in_float32(np.exp(v)).sum(-1)))[:, None]),
          ("half-ulp", "huge", "equal"), function="log_softmax"),
    Fault("log-softmax-half-lanes", "the second half is shifted by the maximum of the first", "pytorch/pytorch#156379",
          log_softmax(maximum=_first_half), ("huge", "ordered", "blocks"), function="log_softmax", format="bfloat16"),
    Fault("log-softmax-bf16-normaliser", "the logarithm is kept in bfloat16", "google-deepmind/optax#1020",
          log_softmax(log1p=lambda s: _in_bfloat16(np.log1p(s))), ("near-zero", "subnormal", "tiny"),
          function="log_softmax"),
    Fault("log-softmax-log-not-log1p", "the logarithm of a float32 sum", "google-deepmind/optax#1771",
          log_softmax(log1p=lambda s: np.log(_in_float32(1 + _in_float32(s)))), ("gap", "subnormal", "dominant"),
          function="log_softmax", require="conditioned"),
    Fault("log-softmax-eps", "the logarithm of p + 1e-10", "pytorch/pytorch#187053",
          log_softmax(finish=lambda z, v: np.log(np.exp(z) + 1e-10)), ("subnormal", "half-ulp", "huge"),
          function="log_softmax"),
    Fault("log-softmax-base2", "the logarithm is in base 2", "deepseek-ai/FlashMLA#106",
          log_softmax(subtract=lambda d, log: d - log[:, None] * LOG2E), ("near-zero", "subnormal", "tiny"),
          function="log_softmax"),
    Fault("log-softmax-positive", "the last entry is not in the normaliser: log-probabilities above 0",
          "volcengine/verl#2656",
          log_softmax(exp=lambda d: np.exp(d) * (np.arange(d.shape[1]) < max(d.shape[1] - 1, 1))),
          ("near-zero", "subnormal", "tiny"), function="log_softmax"),
    Fault("log-softmax-sum-f16", "a running sum in float16, which sticks at 2048", "PFCCLab/PaddleAPITest#382",
          log_softmax(rest=_running("float16")), ("equal", "width", "long"), function="log_softmax", format="float16",
          tiny=False),
)  # fmt: skip

CROSS_ENTROPY = (
    Fault("xent-lse-minus-target", "LSE in float32, less the entry of the label", "pytorch/pytorch#195829",
          cross_entropy(finish=lambda loss, v, labels: _in_float32(two_pass(v)) - _at(v, labels)),
          ("offset", "equal", "half-ulp"), function="cross_entropy"),
    Fault("xent-one-hot-dot", "a product with a one-hot row, 0 times -inf", "tensorflow/tensorflow#40606",
          cross_entropy(pick=_one_hot), ("masked", "specials"), function="cross_entropy"),
    Fault("xent-log-of-softmax", "the logarithm of a float32 softmax", "baidu-research/warp-ctc#81",
          cross_entropy(finish=lambda loss, v, labels: -np.log(_in_float32(np.exp(-loss)))),
          ("wide", "gap", "subnormal"), function="cross_entropy"),
    Fault("xent-no-shift", "no shift, in float64", "dotnet/machinelearning#3648",
          cross_entropy(maximum=lambda v: np.zeros(len(v))), ("half-ulp", "huge", "equal"), function="cross_entropy"),
    Fault("xent-clamped", "probabilities below 1e-7 are taken for 1e-7", "apache/singa#540",
          cross_entropy(finish=lambda loss, v, labels: np.minimum(loss, -np.log(1e-7))),
          ("subnormal", "half-ulp", "huge"), function="cross_entropy"),
    Fault("xent-log-not-log1p", "the logarithm of a float32 sum", "google-deepmind/optax#1771",
          cross_entropy(log1p=lambda s: np.log(_in_float32(1 + _in_float32(s)))), ("gap", "subnormal", "dominant"),
          function="cross_entropy", require="conditioned"),
    Fault("xent-replicas", "the normaliser is reduced over 2 replicas once more", "NVIDIA/Megatron-LM#7452",
          cross_entropy(finish=lambda loss, v, labels: loss + np.log(2.0)), ("near-zero", "subnormal", "tiny"),
          function="cross_entropy"),
    Fault("xent-label-int8", "labels wrap at 128", "pytorch/pytorch#84144",
          cross_entropy(pick=lambda d, labels: _at(d, labels % 128)), ("ordinary", "dominant", "masked"),
          function="cross_entropy", tiny=False),
)  # fmt: skip
