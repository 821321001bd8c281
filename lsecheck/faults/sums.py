"""Faults of sums and roundings on the way: narrow accumulators, narrow terms, narrow answers.

Left out as unreachable: a float32 sum that sticks at 2^24, which needs rows of 2^25 entries; `seq-sum-f32`
is the same line, caught by its rounding.
"""

import numpy as np

from lsecheck.faults.bases import Array, Step, logsumexp, through
from lsecheck.faults.fault import Fault
from lsecheck.formats import FORMATS, Format, cast, widen

_in_float16, _in_float32, _in_bfloat16 = through("float16"), through("float32"), through("bfloat16")


def _running(name: str) -> Step:
    """A sum from left to right, every step in a format."""
    fmt = FORMATS[name]
    return lambda terms: widen(np.add.accumulate(cast(terms, fmt), axis=-1, dtype=fmt.dtype)[:, -1])


def _tree(own: Step) -> Step:
    """A sum by pairs, every step in a format, whose total may leave it."""

    def reduce(v: Array) -> Array:
        m = np.where(np.isfinite(v.max(-1)), v.max(-1), 0.0)
        terms = own(np.exp(v - m[:, None]))
        while terms.shape[1] > 1:
            padded = np.concatenate([terms, np.zeros((len(v), terms.shape[1] % 2))], axis=1)
            terms = own(padded[:, ::2] + padded[:, 1::2])
        return m + np.log(terms[:, 0])

    return reduce


def _stored_through(own: Step) -> Step:
    def store(y: Array, fmt: Format) -> Array:
        return cast(own(y), fmt)

    return store


def _deduplicated(v: Array) -> Array:
    ordered = np.sort(v, axis=-1)
    return np.where(np.diff(ordered, axis=-1, prepend=np.nan) == 0, -np.inf, ordered)


SUMS = (
    Fault("seq-sum-own-f16", "a running sum in float16, which sticks at 2048", "huggingface/candle#3727",
          logsumexp(rest=_running("float16")), ("equal", "width", "long"), format="float16", tiny=False),
    Fault("seq-sum-own-bf16", "a running sum in bfloat16, which sticks at 256",
          "pytorch/executorch#20089, jax-ml/ml_dtypes#63", logsumexp(rest=_running("bfloat16")),
          ("equal", "width", "long"), format="bfloat16", tiny=False),
    Fault("tree-sum-own-f16", "a sum by pairs in float16, which overflows at 65520 equal entries",
          "ikawrakow/ik_llama.cpp#1196", logsumexp(_tree(_in_float16)), ("width",), format="float16", tiny=False),
    Fault("seq-sum-f32", "float32 terms in a running sum in float32", "numpy/numpy#22208",
          logsumexp(rest=_running("float32")), ("long",), effort="standard", tiny=False),
    Fault("seq-sum-f16", "float32 terms in a running sum in float16", "huggingface/candle#3727",
          logsumexp(rest=_running("float16")), ("near-zero", "tiny", "width")),
    Fault("seq-sum-bf16", "float32 terms in a running sum in bfloat16", "tenstorrent/tt-metal#52045",
          logsumexp(rest=_running("bfloat16")), ("near-zero", "tiny", "width")),
    Fault("seq-sum-f32-in-f64", "float64 terms in a running sum in float32", "numpy/numpy#22208",
          logsumexp(rest=_running("float32")), ("near-zero", "tiny", "gap"), format="float64"),
    Fault("terms-cast-f16", "every term is rounded to float16", "ggml-org/llama.cpp#7154",
          logsumexp(exp=lambda d: _in_float16(np.exp(d))), ("near-zero", "tiny", "gap")),
    Fault("terms-cast-bf16", "every term is rounded to bfloat16", "Dao-AILab/flash-attention#2067",
          logsumexp(exp=lambda d: _in_bfloat16(np.exp(d))), ("near-zero", "tiny", "gap")),
    Fault("input-cast-f16", "float32 entries are read as float16", "marin-community/marin#8217",
          logsumexp(use=_in_float16), ("near-zero", "tiny", "half-ulp")),
    Fault("input-cast-bf16", "float32 entries are read as bfloat16", "marin-community/marin#8217",
          logsumexp(use=_in_bfloat16), ("near-zero", "tiny", "half-ulp")),
    Fault("input-cast-f32", "float64 entries are read as float32", "marin-community/marin#8217",
          logsumexp(use=_in_float32), ("near-zero", "tiny", "half-ulp"), format="float64"),
    Fault("out-f16", "the answer goes through float16", "numpy/numpy#15117",
          logsumexp(store=_stored_through(_in_float16)), ("subnormal", "tiny", "width")),
    Fault("out-bf16", "the answer goes through bfloat16", "google-deepmind/optax#1020",
          logsumexp(store=_stored_through(_in_bfloat16)), ("subnormal", "tiny", "width")),
    Fault("out-f32", "a float64 answer goes through float32", "google-deepmind/optax#1020",
          logsumexp(store=_stored_through(_in_float32)), ("subnormal", "tiny", "width"), format="float64"),
    Fault("drop-terms-below-20", "terms below exp(-20) are left out", "scipy/scipy#18295",
          logsumexp(exp=lambda d: np.where(d < -20, 0.0, np.exp(d))), ("subnormal", "gap", "dominant"),
          require="conditioned"),
    Fault("dedup-equal-values", "equal entries count once", "pytorch/pytorch#11752", logsumexp(use=_deduplicated),
          ("equal", "width", "near-zero")),
)  # fmt: skip
