"""Faults of behaviour: exact on rows asked for plainly, wrong in another layout, along another axis, the next time.

Left out as unreachable: answers in a buffer that the next call reuses (answers are copied at once), byte
orders other than the machine's, arrays without any axis. Left out as refusals, which are honest: integers
or read-only arrays that raise. Nor is it a fault that integers are answered in integers: that is noted.
"""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from lsecheck.faults.bases import Array, Call, logsumexp, through
from lsecheck.faults.fault import Fault
from lsecheck.formats import FORMATS

_good = logsumexp()


def _axis_swap(x: Array, axis: int = -1) -> Any:
    square = x.ndim == 2 and x.shape[0] == x.shape[1]
    return _good(x, 0 if square else axis)


def _always_last(x: Array, axis: int = -1) -> Any:
    return _good(x, -1 if axis else x.ndim - 1)


def _leading_one(x: Array, axis: int = -1) -> Any:
    return np.atleast_1d(_good(x, axis))


def _in_place(x: Array, axis: int = -1) -> Any:
    y = _good(x, axis)
    x -= x.max(axis, keepdims=True, initial=0)
    return y


def _as_stored(x: Array) -> Array:
    """The contiguous numbers that start where x starts, whatever its strides are."""
    base = x
    while isinstance(base.base, np.ndarray):
        base = base.base
    flat = base.reshape(-1, order="A")
    first = (x.__array_interface__["data"][0] - base.__array_interface__["data"][0]) // x.itemsize
    return np.resize(flat[max(first, 0) :], x.size).reshape(x.shape)


def _strides_ignored(where: Callable[[Array], bool]) -> Call:
    """Reads the memory as if it were contiguous, for some layouts."""

    def call(x: Array, axis: int = -1) -> Any:
        return _good(_as_stored(x) if x.ndim == 2 and x.size and where(x) else x, axis)

    return call


def _strided(x: Array) -> bool:
    return x.strides[1] > x.itemsize and x.strides[0] > x.strides[1]


def _window(x: Array) -> bool:
    return x.strides[1] == x.itemsize and x.strides[0] > x.itemsize * x.shape[1]


def _transposed(x: Array) -> bool:
    return x.flags.f_contiguous and not x.flags.c_contiguous


def _not_written(x: Array, axis: int = -1) -> Any:
    y = np.array(_good(x, axis))
    return y if x.flags.c_contiguous else np.zeros_like(y)


def _first_slice_only(x: Array, axis: int = -1) -> Any:
    y = np.array(_good(x, axis))
    if y.ndim == 2:
        y[1:] = 0
    return y


def _no_rows(x: Array, axis: int = -1) -> Any:
    return np.full(1, -np.inf, x.dtype) if len(x) == 0 else _good(x, axis)


def _wider(x: Array, axis: int = -1) -> Any:
    return np.asarray(_good(x, axis)).astype(np.float32)


def _integers_unshifted(x: Array, axis: int = -1) -> Any:
    if x.dtype.kind not in "iu":
        return _good(x, axis)
    with np.errstate(all="ignore"):
        return np.log(np.exp(x.astype(np.float32)).sum(axis))


def _rows_floored(x: Array, axis: int = -1) -> Any:
    y = np.array(_good(x, axis))
    if y.ndim == 1 and len(y) > 4:
        y[len(y) // 4 * 4 :] = 0
    return y


def _other_slots(x: Array, axis: int = -1) -> Any:
    y = np.array(_good(x, axis))
    if y.ndim == 1 and len(y) > 2 and len(y) % 2 == 0:
        y = y.reshape(2, -1).T.reshape(-1)
    return y


def _size_cached() -> Call:
    """As many tiles of 32 as the call before needed."""
    tiles = [0]

    def call(x: Array, axis: int = -1) -> Any:
        before, tiles[0] = tiles[0], -(-x.shape[axis] // 32)
        return _good(np.take(x, np.arange(min(x.shape[axis], 32 * before)), axis) if before else x, axis)

    return call


def _shared_workspace() -> Call:
    """Rows are read back in whole tiles of 32 from a workspace that still holds the call before."""
    kept = [np.full((0, 0), -np.inf)]

    def call(x: Array, axis: int = -1) -> Any:
        moved = np.moveaxis(x, axis, -1)
        rows, n = moved.size // max(moved.shape[-1], 1), moved.shape[-1]
        if x.ndim != 2 or n == 0:
            return _good(x, axis)
        wide = n + -n % 32
        if kept[0].shape[0] < rows or kept[0].shape[1] < wide:
            kept[0] = np.full((rows, wide), -np.inf)
        kept[0][:rows, :n] = moved
        return np.asarray(_good(kept[0][:rows, :wide])).astype(_good(x[:0], axis).dtype)

    return call


def _race() -> Call:
    """Every other call misses what the last group of 8 entries brings."""
    calls = itertools.count()

    def call(x: Array, axis: int = -1) -> Any:
        late = next(calls) % 2 == 1 and x.shape[axis] > 8
        return _good(np.take(x, np.arange(x.shape[axis] - 8), axis) if late else x, axis)

    return call


def _random_order() -> Call:
    """A running sum in the storage format, in another order every time."""
    calls, half = itertools.count(), FORMATS["float16"].dtype

    def rest(terms: Array) -> Array:
        order = np.random.default_rng(next(calls)).permutation(terms.shape[1])
        running = np.add.accumulate(through("float16")(terms[:, order]).astype(half), axis=-1, dtype=half)
        return running[:, -1].astype(np.float64)

    return logsumexp(rest=rest)


BEHAVIOUR = (
    Fault("axis-swap-on-square", "rows are taken for columns where there are as many", "ml-explore/mlx#4029",
          _axis_swap, ("conduct",), tiny=False),
    Fault("last-axis-always", "another axis is asked for and the last is reduced", "PaddlePaddle/Paddle#73507",
          _always_last, ("conduct",), tiny=False),
    Fault("shape-leading-one", "a vector gives an array of one number", "ml-explore/mlx#4029", _leading_one,
          ("conduct",), tiny=False),
    Fault("inplace", "the maximum is subtracted in the caller's array", "ggml-org/ggml#1521", _in_place, ("conduct",),
          tiny=False),
    Fault("strides-ignored", "every other entry is read as every entry", "ml-explore/mlx#657",
          _strides_ignored(_strided), ("conduct",), tiny=False),
    Fault("window-ignored", "a window of an array is read as if it were all of it", "tracel-ai/burn#4815",
          _strides_ignored(_window), ("conduct",), tiny=False),
    Fault("transposed-ignored", "Fortran order is read as C order", "NVIDIA/apex#1568", _strides_ignored(_transposed),
          ("conduct",), tiny=False),
    Fault("reversed-ignored", "negative strides are read as positive ones", "ml-explore/mlx#657",
          _strides_ignored(lambda x: x.strides[1] < 0), ("conduct",), tiny=False),
    Fault("broadcast-ignored", "one row broadcast to many is read as many", "pytorch/pytorch#131736",
          _strides_ignored(lambda x: x.strides[0] == 0), ("conduct",), tiny=False),
    Fault("out-not-written", "of an array that is not contiguous, the answers stay in a copy", "pytorch/pytorch#9754",
          _not_written, ("conduct",), tiny=False),
    Fault("slices-not-written", "of three axes, only the first slice is answered", "lindahua/NumericExtensions.jl#12",
          _first_slice_only, ("conduct",), tiny=False),
    Fault("no-rows-one-answer", "no rows give one answer", "PaddlePaddle/Paddle#73507", _no_rows, ("conduct",),
          tiny=False),
    Fault("out-dtype-wrong", "float16 is answered in float32", "google-deepmind/optax#1020", _wider, ("conduct",),
          format="float16"),
    Fault("int-path-unstable", "integers take a path without a shift", "pytorch/pytorch#91843", _integers_unshifted,
          ("conduct",), tiny=False),
    Fault("rows-floored", "rows beyond the last group of 4 are not answered", "tensorflow/tensorflow#104247",
          _rows_floored, ("conduct",), tiny=False),
    Fault("answers-in-other-slots", "answers are written to the slots of other rows",
          "vllm-project/vllm#22003, Dao-AILab/flash-attention#2388", _other_slots, ("conduct",), tiny=False),
    Fault("size-cached-block", "tiles are counted for the call before", "flashinfer-ai/flashinfer#4692", _size_cached(),
          ("conduct", "width"), tiny=False),
    Fault("workspace-shared", "a workspace still holds the call before", "flashinfer-ai/flashinfer#4692",
          _shared_workspace(), ("ordinary", "width")),
    Fault("race", "every other call misses a partial sum", "ggml-org/llama.cpp#4742", _race(), ("conduct", "ordinary"),
          tiny=False),
    Fault("random-order-seq-own", "a running sum in float16, in another order every time", "ml-explore/mlx#2042",
          _random_order(), ("equal", "width", "long"), format="float16", tiny=False),
)  # fmt: skip
