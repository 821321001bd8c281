"""Faults of special values: nan, infinities, masked rows, no entries at all.

Left out as equivalent: the sign of a zero answer and the sign or payload of a nan, which are never scored.
Left out as unreachable: arrays without any axis, which no question hands over.
"""

# ruff: noqa: ARG005 - every step of a kind takes the same arguments, wanted or not

import numpy as np

from lsecheck.faults.bases import Array, Step, infinite, logsumexp, masked, two_pass
from lsecheck.faults.fault import Fault
from lsecheck.formats import FORMATS

_LARGEST = FORMATS["float32"].largest
_SMALLEST_NORMAL = 2.0**-126


def _read_as(number: float) -> Step:
    """Entries of -inf replaced by a number."""
    return lambda v: np.where(np.isneginf(v), number, v)


def _without_nan(v: Array) -> Array:
    return np.where(np.isnan(v), -np.inf, v)


def _where(rows: Step, answer: float) -> Step:
    """An answer of its own for some rows."""
    return lambda y, v: np.where(rows(v), answer, y)


def _first_place_only(y: Array, v: Array) -> Array:
    return np.where(np.isnan(v[:, 0]), y, two_pass(_without_nan(v)))


def _first_tile_only(y: Array, v: Array) -> Array:
    return np.where(np.isnan(v[:, :32]).any(-1), y, two_pass(_without_nan(v)))


SPECIAL_VALUES = (
    Fault("allninf-nan", "no guard where the maximum is -inf", "rmcgibbo/logsumexp#2, tensorflow/tensorflow#11692",
          logsumexp(shift=lambda m: np.where(m == np.inf, 0.0, m)), ("specials",)),
    Fault("allninf-nan-from-two", "one -inf is answered, two give nan", "HenrikBengtsson/matrixStats#84",
          logsumexp(finish=_where(lambda v: masked(v) & (v.shape[1] > 1), np.nan)), ("specials",)),
    Fault("allninf-zero", "all -inf gives 0", "rusty1s/pytorch_scatter#407", logsumexp(finish=_where(masked, 0.0)),
          ("specials",)),
    Fault("allninf-pinf", "all -inf gives +inf", "Dao-AILab/flash-attention#978",
          logsumexp(finish=_where(masked, np.inf)), ("specials",)),
    Fault("allninf-lowest", "all -inf gives the lowest number", "flashinfer-ai/flashinfer#4401",
          logsumexp(finish=_where(masked, -_LARGEST)), ("specials",)),
    Fault("pinf-nan", "no guard where the maximum is +inf", "ml-explore/mlx#576, sims1253/bayesfam#33",
          logsumexp(shift=lambda m: np.where(np.isneginf(m), 0.0, m)), ("specials",)),
    Fault("isinf-max-ninf", "an infinite maximum of either sign gives -inf", "hmmlearn/hmmlearn#363",
          logsumexp(finish=_where(infinite, -np.inf)), ("specials",)),
    Fault("pinf-saturates", "+inf gives the largest number", "stan-dev/posterior#399",
          logsumexp(finish=_where(infinite, _LARGEST)), ("specials",)),
    Fault("two-pinf-nan", "two +inf or more give nan", "jax-ml/jax#1624",
          logsumexp(finish=_where(lambda v: (v == np.inf).sum(-1) > 1, np.nan)), ("specials",)),
    Fault("any-ninf-nan", "one -inf among numbers gives nan, as finite arithmetic has it", "jax-ml/jax#7390",
          logsumexp(finish=_where(lambda v: np.isneginf(v).any(-1), np.nan)), ("masked", "specials")),
    Fault("nan-ignored", "nan entries are dropped", "pytorch/pytorch#1810",
          logsumexp(finish=lambda y, v: two_pass(_without_nan(v))), ("specials",)),
    Fault("nan-to-zero", "an answer of nan becomes 0", "ohdearquant/lattice#740, rusty1s/pytorch_scatter#369",
          logsumexp(finish=lambda y, v: np.where(np.isnan(y), 0.0, y)), ("specials",)),
    Fault("nan-lost-beside-ninf", "nan is lost where all the rest is -inf", "pytorch/pytorch#52947",
          logsumexp(finish=_where(lambda v: masked(_without_nan(v)), -np.inf)), ("specials",)),
    Fault("nan-lost-beside-pinf", "+inf is answered before nan is looked for", "data-apis/array-api#239",
          logsumexp(finish=_where(lambda v: (v == np.inf).any(-1), np.inf)), ("specials",)),
    Fault("nan-first-only", "nan is seen in the first place only", "pytorch/pytorch#52947",
          logsumexp(finish=_first_place_only), ("specials",)),
    Fault("nan-first-tile-only", "nan is looked for in the first 32 entries", "mindspore-ai/mindspore#274",
          logsumexp(finish=_first_tile_only), ("specials",), tiny=False),
    Fault("nan-clamped-to-88", "differences are floored at -88.5 by a comparison that drops nan",
          "tenstorrent/tt-metal#56430", logsumexp(exp=lambda d: np.exp(np.fmax(d, -88.5))), ("specials",)),
    Fault("fmax-with-max", "the answer is at least the maximum, by a comparison that drops nan", "pytorch/pytorch#1810",
          logsumexp(finish=lambda y, v: np.fmax(y, _without_nan(v).max(-1))), ("specials",)),
    Fault("empty-zero", "no entries give 0", "dotnet/infer#418", logsumexp(empty=0.0), ("specials",)),
    Fault("empty-nan", "no entries give nan", "pymc-devs/pytensor#603", logsumexp(empty=np.nan), ("specials",)),
    Fault("empty-lowest", "no entries give the lowest number", "PaddlePaddle/Paddle#73507", logsumexp(empty=-_LARGEST),
          ("specials",)),
    Fault("empty-raises", "the maximum of no entries raises", "scipy/scipy#20399, jax-ml/jax#7643",
          logsumexp(empty=None), ("specials",)),
    Fault("n1-zero", "one entry gives 0", "HenrikBengtsson/matrixStats#9",
          logsumexp(finish=lambda y, v: y * (v.shape[1] > 1)), ("width", "extremes", "specials")),
    Fault("masked-as-100", "-inf is read as -100", "tenstorrent/tt-metal#3612", logsumexp(use=_read_as(-100.0)),
          ("masked", "specials")),
    Fault("masked-as-1e4", "-inf is read as -1e4", "ohdearquant/lattice#373", logsumexp(use=_read_as(-1e4)),
          ("masked", "specials")),
    Fault("masked-as-zero", "-inf is read as 0", "allenai/allennlp#105", logsumexp(use=_read_as(0.0)),
          ("masked", "specials")),
    Fault("masked-as-lowest", "-inf is read as the lowest number", "huggingface/transformers#17306",
          logsumexp(use=_read_as(-_LARGEST)), ("specials",)),
    Fault("lowest-as-masked", "the lowest number is read as -inf", "NVIDIA-NeMo/Automodel#2658",
          logsumexp(use=lambda v: np.where(v == -_LARGEST, -np.inf, v)), ("specials",)),
    Fault("ninf-keeps-weight", "exp(-inf) is 6e-8, not 0", "torch-spyre/torch-spyre#4522",
          logsumexp(exp=lambda d: np.where(np.isneginf(d), 2.0**-24, np.exp(d))), ("masked", "specials")),
    Fault("zero-terms-floored", "terms of 0 become the smallest normal number", "hmmlearn/hmmlearn#35",
          logsumexp(exp=lambda d: np.maximum(np.exp(d), _SMALLEST_NORMAL)), ("gap", "subnormal", "specials"),
          require="conditioned"),
    Fault("difference-overflow-nan", "exp splits a difference that overflowed float32, inf - inf",
          "SlopDotCash/asi#2888",
          logsumexp(exp=lambda d: np.where(np.isfinite(d) & (d < -_LARGEST), np.nan, np.exp(d))),
          ("huge", "extremes", "specials")),
)  # fmt: skip
