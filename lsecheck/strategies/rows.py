"""format -> rows and batches, as Hypothesis draws them: built like those that have broken implementations."""

import functools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

from lsecheck import formats
from lsecheck.errors import InputError
from lsecheck.formats import Format
from lsecheck.inputs.tables import LN2
from lsecheck.strategies.numbers import SENTINELS, finite, known, special
from lsecheck.subjects.question import Array

Draw = Callable[..., Any]

#: widths that kernels cut rows into
_BLOCKS = (8, 16, 32, 64, 128, 256, 512, 1024)


def rows(
    format: "str | Format" = "float32", *, min_size: int = 0, max_size: int = 64, specials: bool = True
) -> "st.SearchStrategy[Array]":
    """Rows as 1-D arrays of the format's dtype, built like those that have broken implementations.

    Any numbers; ties; clusters a few ulps wide; offsets and spreads at every scale; [0, -d]; weights that sum to 1,
    so that LSE is near 0; one entry far above; blocks a gap apart; long runs of few values, which cost no more
    than short ones (`max_size=5000`). Then sorted or not, and masked or not: whole blocks of a sentinel or, with
    `specials`, of -inf, and a nan or an infinity here and there. Shrinks towards short rows of zeros.

        @given(strategies.rows("float32", max_size=300))
        def test_my_logsumexp(row):
            lsecheck.assert_case(my_logsumexp, row.tolist(), format="float32")
    """
    if not 0 <= min_size <= max_size:
        raise InputError(f"min_size to max_size must be an interval from 0 up, got {min_size} to {max_size}")
    return _rows(known(format), min_size, max_size, specials)


@functools.cache
def _rows(fmt: Format, least: int, most: int, specials: bool) -> "st.SearchStrategy[Array]":
    shapes = st.one_of(*(shape(fmt, least, most) for shape in SHAPES.values()))
    return _dressed(fmt, shapes, most, specials)


def _listed(of: "st.SearchStrategy[Any]", least: int, most: int) -> "st.SearchStrategy[list[Any]]":
    return st.lists(of, min_size=least, max_size=most)


@st.composite
def _dressed(draw: Draw, fmt: Format, shapes: "st.SearchStrategy[list[float]]", most: int, specials: bool) -> Array:
    """A row in some order, then masked or not."""
    values = np.array(draw(shapes), np.float64)
    values = draw(st.sampled_from(_ORDERS))(np.clip(values, -fmt.largest, fmt.largest))
    n = len(values)
    mask = draw(st.sampled_from(_MASKS if specials else _MASKS[:-1])) if n else "none"
    if mask in ("over", "around"):
        by = [x for x in (*SENTINELS, -fmt.largest) if x >= -fmt.largest]
        value = draw(st.sampled_from([-math.inf, *by] if specials and fmt.has_infinity else by))
        room = n if mask == "over" else most - n
        sizes = st.integers(0, room) | st.sampled_from([room, *(block for block in _BLOCKS if block < room)])
        first = draw(sizes)
        last = min(draw(st.just(0) | sizes), room - first)
        kept = values[first : n - last] if mask == "over" else values
        values = np.concatenate([np.full(first, value), kept, np.full(last, value)])
    elif mask == "places":
        for place, value in draw(_listed(st.tuples(st.integers(0, n - 1), special(fmt)), 1, 3)):
            values[place] = value
    return formats.cast(values, fmt)


#: masks in the place of entries, beside all of them, or a nan or an infinity here and there
_MASKS = ("none", "over", "around", "places")


def _alternating(values: Array) -> Array:
    ordered = np.sort(values)
    middle = (len(values) + 1) // 2
    zigzag = np.empty_like(ordered)
    zigzag[::2], zigzag[1::2] = ordered[:middle], ordered[middle:][::-1]
    return zigzag


_ORDERS: tuple[Callable[[Array], Array], ...] = (
    lambda values: values,
    np.sort,
    lambda v: np.sort(v)[::-1],
    _alternating,
)


def _any_numbers(fmt: Format, least: int, most: int) -> "st.SearchStrategy[list[float]]":
    return _listed(finite(fmt), least, most)


def _ties(fmt: Format, least: int, most: int) -> "st.SearchStrategy[list[float]]":
    """Two values, many times each; the larger is a tie of the maximum."""
    pool = st.tuples(finite(fmt), finite(fmt))
    return st.builds(lambda pool, bits: [pool[bit] for bit in bits], pool, _listed(st.booleans(), least, most))


def _cluster(fmt: Format, least: int, most: int) -> "st.SearchStrategy[list[float]]":
    """Numbers a few ulps apart."""

    def row(middle: float, by: list[int]) -> list[float]:
        place = int(formats.ordinals(formats.cast(np.array([middle]), fmt))[0])
        return [formats.value(fmt, max(min(place + k, fmt.largest_ordinal), -fmt.largest_ordinal)) for k in by]

    return st.builds(row, finite(fmt), _listed(st.integers(-4, 4), least, most))


def _offset(fmt: Format, least: int, most: int) -> "st.SearchStrategy[list[float]]":
    """c + small, c anything or a power of two."""
    powers = st.integers(1, min(fmt.precision + 6, fmt.emax - 1)).map(lambda power: 2.0**power)
    c = st.one_of(powers, powers.map(lambda power: -power), finite(fmt))
    small = _listed(st.integers(-64, 64), least, most)
    return st.builds(lambda c, small: [c + k / 16 for k in small], c, small)


def _spread(fmt: Format, least: int, most: int) -> "st.SearchStrategy[list[float]]":  # noqa: ARG001 - as all shapes
    """Numbers of one scale, tiny ones to such as lie beyond the reach of exp."""
    scale = st.integers(-8, 8).map(lambda power: 2.0**power)
    return st.builds(lambda scale, ks: [k * scale for k in ks], scale, _listed(st.integers(-64, 64), least, most))


def _gap(fmt: Format, least: int, most: int) -> "st.SearchStrategy[list[float]]":
    """[0, -d], [0, -d, -e], ..., d up to where exp has ended."""
    unit = (fmt.precision - fmt.emin + 2) * LN2 / 2**16
    below = _listed(st.integers(0, 2**16), max(least - 1, 0), max(most - 1, 0))
    return below.map(lambda gaps: [0.0, *(-k * unit for k in gaps)][:most])


def _weights(fmt: Format, least: int, most: int) -> "st.SearchStrategy[list[float]]":
    """Logarithms of weights that sum to 1, the first a few ulps off."""

    def row(weights: list[int], by: int) -> list[float]:
        found = [math.log(weight / sum(weights)) for weight in weights]
        if found and by:
            place = int(formats.ordinals(formats.cast(np.array(found[:1]), fmt))[0])
            found[0] = formats.value(fmt, place + by)
        return found

    return st.builds(row, _listed(st.integers(1, 64), least, most), st.integers(-2, 2))


def _spike(fmt: Format, least: int, most: int) -> "st.SearchStrategy[list[float]]":
    """One entry above, or far above, any others, at any place."""

    def row(quarters: list[int], place: int, height: int, c: float) -> list[float]:
        found = [c + k / 4 for k in quarters]
        if found:
            found[place % len(found)] += height / 4
        return found

    small = _listed(st.integers(-8, 8), least, most)
    return st.builds(row, small, st.integers(0, max(most - 1, 0)), st.integers(0, 4096), st.just(0.0) | finite(fmt))


def _blocks(fmt: Format, least: int, most: int) -> "st.SearchStrategy[list[float]]":
    """Two parts a gap apart, the higher one first or last."""
    gaps = (12.0, 95.0, 800.0, fmt.emax * LN2 * 1.1, fmt.largest / 2)

    def row(small: list[int], cut: int, gap: float, up: bool) -> list[float]:
        cut = min(cut, len(small))
        return [k / 4 + (gap if (place >= cut) == up else 0.0) for place, k in enumerate(small)]

    cut = st.integers(0, most) | st.sampled_from(_BLOCKS)
    return st.builds(row, _listed(st.integers(-8, 8), least, most), cut, st.sampled_from(gaps), st.booleans())


def _runs(fmt: Format, least: int, most: int) -> "st.SearchStrategy[list[float]]":
    """A few values, each many times: counts near powers of two and any other."""
    edges = [edge + by for edge in (1, *_BLOCKS, 2048, 4096, 65536) for by in (-1, 0, 1) if 0 < edge + by <= most]
    count = st.integers(0, most) | st.sampled_from(edges or [0])

    def row(runs: list[tuple[float, int]]) -> list[float]:
        found: list[float] = []
        for value, times in runs:
            found += [value] * min(times, most - len(found))
        return found + [found[-1] if found else 0.0] * (least - len(found))

    return _listed(st.tuples(finite(fmt), count), 0, 4).map(row)


#: how rows are made; the simplest first, since shrinking goes that way
SHAPES: dict[str, Callable[[Format, int, int], "st.SearchStrategy[list[float]]"]] = {
    "numbers": _any_numbers,
    "gap": _gap,
    "offset": _offset,
    "spread": _spread,
    "spike": _spike,
    "ties": _ties,
    "cluster": _cluster,
    "weights": _weights,
    "blocks": _blocks,
    "runs": _runs,
}


def batches(
    format: "str | Format" = "float32",
    *,
    min_rows: int = 1,
    max_rows: int = 4,
    min_size: int = 0,
    max_size: int = 64,
    specials: bool = True,
) -> "st.SearchStrategy[Array]":
    """Several `rows` of equal length, as an array (rows, n) of the format's dtype.

    @given(strategies.batches("float16", min_size=1))
    def test_my_softmax(batch):
        found = lsecheck.measure("softmax", batch, my_softmax(batch))
        assert (found.kind == "").all() and not (found.excess > 1).any()
    """
    if not 1 <= min_rows <= max_rows:
        raise InputError(f"min_rows to max_rows must be an interval from 1 up, got {min_rows} to {max_rows}")
    first = rows(format, min_size=min_size, max_size=max_size, specials=specials)
    return _batches(known(format), first, min_rows, max_rows, specials)


@st.composite
def _batches(
    draw: Draw, fmt: Format, first: "st.SearchStrategy[Array]", least: int, most: int, specials: bool
) -> Array:
    row = draw(first)  # the others are as long as it
    others = draw(_listed(_rows(fmt, len(row), len(row), specials), least - 1, most - 1))
    return np.array([row, *others], fmt.dtype).reshape(1 + len(others), len(row))


def labelled(
    format: "str | Format" = "float32",
    *,
    min_rows: int = 1,
    max_rows: int = 4,
    max_size: int = 64,
    specials: bool = True,
) -> "st.SearchStrategy[tuple[Array, np.ndarray[Any, np.dtype[np.int64]]]]":
    """A batch and a label for each of its rows, as cross_entropy takes them.

    @given(strategies.labelled("float32"))
    def test_my_loss(case):
        batch, labels = case
        found = measure("cross_entropy", batch, my_loss(batch, labels), labels=labels)
        assert (found.kind == "").all() and not (found.excess > 1).any()
    """
    found = batches(format, min_rows=min_rows, max_rows=max_rows, min_size=1, max_size=max_size, specials=specials)
    return _labelled(found)


@st.composite
def _labelled(draw: Draw, of: "st.SearchStrategy[Array]") -> "tuple[Array, np.ndarray[Any, np.dtype[np.int64]]]":
    batch = draw(of)
    count, n = batch.shape
    return batch, np.array(draw(_listed(st.integers(0, n - 1), count, count)), np.int64)
