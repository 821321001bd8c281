"""Faults of one pass: a running maximum and a running sum, tile by tile."""

# ruff: noqa: ARG001, ARG005 - every step of a kind takes the same arguments, wanted or not

from functools import partial
from typing import Any

import numpy as np

from lsecheck.faults.bases import Array, Call, guarded, logsumexp, online, through
from lsecheck.faults.fault import Fault


def _online(**steps: Any) -> Call:
    return logsumexp(partial(online, **steps))


def _zero_for_masked(m: Array, last: Array) -> Array:
    return np.maximum(m, np.where(np.isneginf(m) & np.isneginf(last), 0.0, last))


def _lazy(m: Array, last: Array) -> Array:
    rise = np.where(np.isneginf(m), np.inf, last - guarded(m))
    return np.where(rise < 128, m, np.maximum(m, last))


def _in_float32(tile: Array, old: Array, new: Array) -> Array:
    return np.exp((tile - new[:, None]).astype(np.float32)).astype(np.float64)


def _lanes(v: Array) -> Array:
    """32 lanes, each with a maximum and a sum of its own."""
    m = v.max(-1)
    tops = [guarded(v[:, lane::32].max(-1)) for lane in range(min(32, v.shape[1]))]
    sums = [np.exp(v[:, lane::32] - own[:, None]).sum(-1) for lane, own in enumerate(tops)]
    return guarded(m) + np.log(np.sum(sums, axis=0))


TILES = (
    Fault("rescale-sign", "the old sum is rescaled by exp(new - old)", "deepseek-ai/FlashMLA#177",
          _online(rescale=lambda old, new: np.exp(new - old)), ("ordinary", "wide", "tiny"), tiny=False),
    Fault("rescale-missing", "the old sum is not rescaled", "tile-ai/TileOPs#239",
          _online(rescale=lambda old, new: 1.0), ("ordinary", "wide", "tiny"), tiny=False),
    Fault("rescale-twice", "the old sum is rescaled twice", "tile-ai/TileOPs#1511",
          _online(rescale=lambda old, new: np.exp(2 * (old - new))), ("ordinary", "wide", "tiny"), tiny=False),
    Fault("terms-under-old-max", "new terms are taken under the old maximum", "tile-ai/TileOPs#239",
          _online(term=lambda tile, old, new: np.exp(tile - old[:, None])), ("near-zero", "tiny", "width")),
    Fault("last-tile-max", "the maximum of the last tile is added", "tile-ai/TileOPs#1511",
          _online(final=lambda m, last: last), ("ordinary", "wide", "tiny"), tiny=False),
    Fault("tile-max-only", "the maximum of each tile replaces the running one",
          "tile-ai/TileOPs#239, tile-ai/tilelang#1148", _online(rise=lambda m, last: last),
          ("huge", "ordered", "blocks"), tiny=False),
    Fault("tile-max-but-last", "the maximum of a tile leaves out its last column", "tenstorrent/tt-metal#53208",
          _online(tile_max=lambda tile: tile[:, : max(tile.shape[1] - 1, 1)].max(-1)),
          ("huge", "extremes", "sentinel")),
    Fault("masked-tile-max-0-of-32", "a masked first tile of 32 leaves the maximum at 0",
          "Dao-AILab/flash-attention#2082", _online(rise=_zero_for_masked), ("masked",), tiny=False),
    Fault("masked-tile-max-0-of-128", "a masked first tile of 128 leaves the maximum at 0",
          "Dao-AILab/flash-attention#2082", _online(rise=_zero_for_masked, block=128), ("masked",), tiny=False),
    Fault("masked-tile-nan", "no guard where the running maximum is still -inf", "tinygrad/tinygrad#17822",
          _online(shift=lambda m: m), ("masked", "specials")),
    Fault("lazy-rescale-overflow", "rises of the maximum below 128 are not rescaled, in float32",
          "Dao-AILab/flash-attention#2067", _online(rise=_lazy, term=_in_float32), ("ordered", "blocks"), tiny=False),
    Fault("tile-state-f16", "the running sum is kept in float16", "huggingface/candle#3727",
          _online(carry=through("float16")), ("near-zero", "tiny", "width")),
    Fault("tile-state-bf16", "the running sum is kept in bfloat16", "pytorch/executorch#20089",
          _online(carry=through("bfloat16")), ("near-zero", "tiny", "width")),
    Fault("lanes-not-rescaled", "32 lanes with maxima of their own, their sums added as they are",
          "Infatoshi/cuda-course#10", logsumexp(_lanes), ("near-zero", "subnormal", "tiny")),
)  # fmt: skip
