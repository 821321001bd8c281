"""Faults of merging parts: split rows, partial answers, scans."""

from functools import partial
from typing import Any

import numpy as np

from lsecheck.faults.bases import Array, Call, guarded, logsumexp, masked, merged, scanned, through, two_pass
from lsecheck.faults.fault import Fault
from lsecheck.faults.logarithms import LOG2E

_in_float16 = through("float16")


def _merged(**steps: Any) -> Call:
    return logsumexp(partial(merged, **steps))


def _in_arrival_order(a: Array, b: Array) -> Array:
    return np.where(np.isneginf(a), b, a + np.log1p(np.exp(b - guarded(a))))


def _unguarded(a: Array, b: Array) -> Array:
    m = np.maximum(a, b)
    return m + np.log1p(np.exp(np.minimum(a, b) - m))


def _overwriting(a: Array, b: Array) -> Array:
    return np.where(np.isneginf(b), b, np.logaddexp(a, b))


def _counted_twice(v: Array) -> Array:
    first, second, *others = np.array_split(v, 4, axis=1)
    if second.shape[1] == 0:
        return two_pass(first)
    y = np.where(masked(first), two_pass(second) + np.log(2.0), two_pass(second))
    for part in (first, *others):
        y = np.logaddexp(y, two_pass(part) if part.shape[1] else -np.inf)
    return y


def _carry_is_entry(sums: Array, v: Array) -> Array:
    return np.logaddexp(v[:, -2], v[:, -1]) if v.shape[1] > 1 else sums[:, -1]


def _scanned(last: Any) -> Call:
    return logsumexp(partial(scanned, last=last))


MERGES = (
    Fault("merge-arrival-order", "a + log1p(exp(b - a)), whichever is larger", "zhuzilin/ring-flash-attention#30",
          _merged(merge=_in_arrival_order), ("huge", "ordered", "blocks")),
    Fault("merge-both-empty-nan", "two empty parts give nan", "vllm-project/vllm#27491, flashinfer-ai/flashinfer#4051",
          _merged(merge=_unguarded), ("masked", "specials")),
    Fault("merge-partials-f16", "partial answers are stored in float16", "ikawrakow/ik_llama.cpp#1196",
          _merged(part=lambda v: _in_float16(two_pass(v))), ("near-zero", "subnormal", "tiny")),
    Fault("merge-base2-as-e", "partial answers in base 2 are merged as natural ones",
          "sgl-project/sglang#35045, vllm-project/vllm#28840", _merged(part=lambda v: two_pass(v) * LOG2E),
          ("near-zero", "subnormal", "tiny")),
    Fault("merge-empty-zero", "a masked part counts as 0", "pytorch/pytorch#134650, meta-pytorch/attention-gym#37",
          _merged(part=lambda v: np.where(masked(v), 0.0, two_pass(v))), ("masked", "specials")),
    Fault("merge-idle-overwrites", "an empty last part overwrites the answer", "sgl-project/sgl-kernel-xpu#487",
          _merged(merge=_overwriting), ("near-zero", "subnormal", "tiny")),
    Fault("merge-part-not-stored", "of 256 entries on, parts after the first stay at 0", "flashinfer-ai/flashinfer#50",
          _merged(part=lambda v: np.zeros(len(v)) if v.shape[1] >= 64 else two_pass(v)), ("width", "equal", "ordinary"),
          tiny=False),
    Fault("merge-counts-twice", "a part counts twice after an empty one", "ROCm/rocm-libraries#12227",
          logsumexp(_counted_twice), ("masked", "specials")),
    Fault("merge-adds", "partial answers are added", "NVIDIA/cudnn-frontend#768",
          _merged(merge=lambda a, b: np.where(np.isneginf(a) | np.isneginf(b), np.maximum(a, b), a + b)),
          ("near-zero", "subnormal", "tiny")),
    Fault("merge-maximum", "the larger partial answer is kept", "vllm-project/vllm#22003", _merged(merge=np.maximum),
          ("near-zero", "subnormal", "tiny")),
    Fault("scan-carry-wrong", "a scan carries the entry before, not the sum before", "microsoft/onnxscript#904",
          _scanned(_carry_is_entry), ("near-zero", "subnormal", "tiny")),
    Fault("scan-prefix-nan", "a scan that begins with -inf gives nan", "tinygrad/tinygrad#17853",
          _scanned(lambda sums, v: np.where(np.isneginf(v[:, 0]), np.nan, sums[:, -1])), ("masked", "specials")),
)  # fmt: skip
