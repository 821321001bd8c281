"""Faults of streams: right in one update, wrong where a state is updated again or merged.

All of them keep a maximum and a sum of float64, guard what is not finite, and round once, at the end.
"""

from typing import Any

import numpy as np

from lsecheck.faults.bases import Array, format_of, guarded
from lsecheck.faults.fault import Fault
from lsecheck.formats import cast, widen


class Good:
    """A stream that can be fed in any way: the sum of the exponentials is e^m s, and -inf where there are none."""

    def __init__(self, like: Array):
        self.m, self.s, self.format = np.full(len(like), -np.inf), np.zeros(len(like)), format_of(like)

    def update(self, chunk: Array) -> None:
        """Add a chunk (rows, k), k >= 0."""
        v = widen(chunk)
        m = v.max(-1, initial=-np.inf)
        with np.errstate(all="ignore"):
            self._add(m, np.exp(v - guarded(m)[:, None]).sum(-1))

    def merge(self, other: "Good") -> None:
        """Add another state."""
        with np.errstate(all="ignore"):
            self._add(other.m, other.s)

    def finish(self) -> Array:
        """m + log s, (rows,), or m where that is not finite."""
        with np.errstate(all="ignore"):
            return cast(np.where(np.isfinite(self.m), self.m + np.log(self.s), self.m), self.format)

    def _add(self, m: Array, s: Array) -> None:
        top = np.maximum(self.m, m)
        to = guarded(top)
        self.m, self.s = top, self.s * np.exp(self.m - to) + s * np.exp(m - to)


class _BothEmpty(Good):
    def merge(self, other: Good) -> None:
        neither = np.isneginf(self.m) & np.isneginf(other.m)
        super().merge(other)
        self.m = np.where(neither, np.nan, self.m)


class _MaximumStays0(Good):
    def _add(self, m: Array, s: Array) -> None:
        super()._add(m, s)
        self.m = guarded(self.m)

    def finish(self) -> Array:
        with np.errstate(all="ignore"):
            return cast(self.m + np.log(self.s), self.format)


class _IdleOverwrites(Good):
    def merge(self, other: Good) -> None:
        super().merge(other)
        self.m = np.where(np.isneginf(other.m), other.m, self.m)


class _BaseTwo(Good):
    def merge(self, other: Good) -> None:
        with np.errstate(all="ignore"):
            part = (other.m + np.log(other.s)) / np.log(2.0)
            self._add(part, np.where(np.isneginf(part), 0.0, 1.0))


class _ArrivalOrder(Good):
    def merge(self, other: Good) -> None:
        with np.errstate(all="ignore"):
            a, b = self.m + np.log(self.s), other.m + np.log(other.s)
            self.m = np.where(np.isneginf(a), b, a + np.log1p(np.exp(b - guarded(a))))
            self.s = np.where(np.isneginf(self.m), 0.0, 1.0)


class _EmptyChunkRaises(Good):
    def update(self, chunk: Array) -> None:
        chunk.max(-1)
        super().update(chunk)


class _RescaleSign(Good):
    def _add(self, m: Array, s: Array) -> None:
        again, rise = self.s > 0, np.maximum(m - self.m, 0.0)
        self.s = np.where(again, self.s * np.exp(2 * np.where(again, rise, 0.0)), self.s)
        super()._add(m, s)


class _LeftMaximum(Good):
    def merge(self, other: Good) -> None:
        kept = self.m
        super().merge(other)
        self.m = np.where(np.isneginf(kept), self.m, kept)


def _stream(name: str, meaning: str, recalls: str, call: Any, families: tuple[str, ...], **more: Any) -> Fault:
    """No row shows it that is asked for plainly: it is in how a state goes on."""
    return Fault(name, meaning, recalls, call, families, **({"tiny": False} | more))


_C = ("conduct",)
STREAMS = (
    _stream("stream-both-empty-nan", "two empty states merge to nan",
            "vllm-project/vllm#27491, flashinfer-ai/flashinfer#4051", _BothEmpty, _C),
    _stream("stream-maximum-stays-0", "an empty state takes 0 for its maximum and keeps it",
            "Dao-AILab/flash-attention#2082", _MaximumStays0, _C, format="float64"),
    _stream("stream-idle-overwrites", "an idle part overwrites the state that it is merged into",
            "sgl-project/sgl-kernel-xpu#487", _IdleOverwrites, _C),
    _stream("stream-base2-as-e", "a part hands over its answer in base 2, and it is merged as natural",
            "vllm-project/vllm#28840, sgl-project/sglang#35045", _BaseTwo, _C),
    _stream("stream-arrival-order", "a + log1p(exp(b - a)) in the order of arrival, whichever is larger",
            "zhuzilin/ring-flash-attention#30", _ArrivalOrder, _C),
    _stream("stream-empty-chunk-raises", "the maximum of an empty chunk is asked for",
            "scipy/scipy#20399, jax-ml/jax#7643", _EmptyChunkRaises, (*_C, "specials"), tiny=True),
    _stream("stream-rescale-sign", "from the second update on, the old sum is rescaled by exp(new - old)",
            "deepseek-ai/FlashMLA#177", _RescaleSign, _C),
    _stream("stream-left-maximum", "the merged state keeps the maximum of the left one",
            "pytorch/pytorch#156379", _LeftMaximum, _C),
)  # fmt: skip
