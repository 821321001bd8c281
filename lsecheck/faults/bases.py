"""Good implementations made of steps: a fault replaces one step, so that only that step can be caught.

All load exactly into float64, compute there (a wide accumulator for every narrower format), and store
with one correct rounding. logsumexp ends in log1p and answers special values by its own arithmetic:
a maximum that is not finite is not subtracted. The softmax family gives nan where conventions differ.
"""

# ruff: noqa: ARG005 - every step of a kind takes the same arguments, wanted or not

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from lsecheck.formats import FORMATS, Format, cast, widen

Array = np.ndarray[Any, Any]
Step = Callable[..., Any]
Call = Callable[..., Any]


def through(name: str) -> Step:
    """Values rounded to a format and back."""
    fmt = FORMATS[name]
    return lambda values: widen(cast(values, fmt))


def as_given(values: Array) -> Array:
    """The step that changes nothing."""
    return values


def format_of(x: Array) -> Format:
    """The format to answer in: that of the input, float64 for integers."""
    return FORMATS.get(x.dtype.name, FORMATS["float64"])


def top(v: Array) -> Array:
    """The maximum of each row."""
    return v.max(-1)


def total(terms: Array) -> Array:
    """The sum of each row."""
    return terms.sum(-1)


def guarded(maximum: Array) -> Array:
    """The shift: the maximum, or 0 where that is not finite."""
    return np.where(np.isfinite(maximum), maximum, 0.0)


def masked(v: Array) -> Array:
    """Whether all entries of a row are -inf."""
    return (v == -np.inf).all(-1)


def infinite(v: Array) -> Array:
    """Whether a row has a +inf and no nan."""
    return (v == np.inf).any(-1) & ~np.isnan(v).any(-1)


def two_pass(
    v: Array,
    maximum: Step = top,
    shift: Step = guarded,
    exp: Step = np.exp,
    rest: Step = total,
    log1p: Step = np.log1p,
    add: Step = np.add,
) -> Array:
    """Maximum, shift, exponentials, sum without the largest term, log1p, add."""
    m = shift(maximum(v))
    terms = exp(v - m[:, None])
    here = np.arange(len(v)), v.argmax(-1)
    lead = terms[here]
    terms[here] = 0
    others = rest(terms)
    return add(m, np.where(lead == 1, log1p(others), np.log(lead + others)))


def online(
    v: Array,
    block: int = 32,
    rise: Step = np.maximum,
    rescale: Step = lambda old, new: np.exp(old - new),
    term: Step = lambda tile, old, new: np.exp(tile - new[:, None]),
    shift: Step = guarded,
    carry: Step = as_given,
    final: Step = lambda m, last: m,
    tile_max: Step = top,
) -> Array:
    """Tiles under a running maximum, each merged into a running sum; rows with nan or +inf are set aside."""
    aside = np.isnan(v).any(-1) | infinite(v)
    answer = np.where(infinite(v), np.inf, np.nan)
    v = np.where(aside[:, None], 0.0, v)
    m, s = np.full(len(v), -np.inf), np.zeros(len(v))
    last = m
    for start in range(0, v.shape[1], block):
        tile = v[:, start : start + block]
        last = tile_max(tile)
        old, m = m, rise(m, last)
        to = shift(m)
        s = carry(s * np.where(np.isneginf(old), 0.0, rescale(old, to)) + term(tile, guarded(old), to).sum(-1))
    return np.where(aside, answer, guarded(final(m, last)) + np.log(s))


def merged(v: Array, merge: Step = np.logaddexp, part: Step = two_pass, parts: int = 4) -> Array:
    """Split into parts, a logsumexp of each, merged in turn."""
    chunks = np.array_split(v, parts, axis=1)
    states = [part(chunk) if chunk.shape[1] else np.full(len(v), -np.inf) for chunk in chunks]
    y = states[0]
    for state in states[1:]:
        y = merge(y, state)
    return y


def scanned(v: Array, last: Step = lambda sums, v: sums[:, -1]) -> Array:
    """The last of the cumulative logsumexps."""
    return last(np.logaddexp.accumulate(v, axis=-1), v)


def logsumexp(
    reduce: Step = two_pass,
    use: Step = as_given,
    finish: Step = lambda y, v: y,
    store: Step = cast,
    empty: "float | None" = -np.inf,
    **steps: Any,
) -> Call:
    """A callable f(x, axis=-1) made of these steps; without arguments, the good one."""

    def call(x: Any, axis: int = -1) -> Any:
        x = np.asarray(x)
        moved = np.moveaxis(x, axis, -1)
        shape, n = moved.shape[:-1], moved.shape[-1]
        v = widen(moved.reshape(math.prod(shape), n))
        with np.errstate(all="ignore"):
            y = np.full(len(v), empty) if n == 0 and empty is not None else finish(reduce(use(v), **steps), v)
            return store(y, format_of(x)).reshape(shape)[()]

    return call


def softmax(
    use: Step = as_given,
    maximum: Step = top,
    exp: Step = np.exp,
    denominator: Step = total,
    divide: Step = lambda terms, s: terms / s[:, None],
    finish: Step = lambda p, v: p,
    store: Step = cast,
) -> Call:
    """A callable f(x, axis=-1) for softmax; nan where a row has +inf or nothing but -inf."""

    def rows(v: Array) -> Array:
        v = use(v)
        terms = exp(v - maximum(v)[:, None])
        return divide(terms, denominator(terms))

    return elementwise(rows, finish, store)


def log_softmax(
    use: Step = as_given,
    maximum: Step = top,
    exp: Step = np.exp,
    rest: Step = total,
    log1p: Step = np.log1p,
    subtract: Step = lambda d, log: d - log[:, None],
    finish: Step = lambda z, v: z,
    store: Step = cast,
) -> Call:
    """A callable f(x, axis=-1) for log_softmax: (x - max) - log1p(sum without the largest term)."""

    def rows(v: Array) -> Array:
        v = use(v)
        d = v - maximum(v)[:, None]
        return subtract(d, log_of_terms(d, v, exp, rest, log1p))

    return elementwise(rows, finish, store)


def cross_entropy(
    maximum: Step = top,
    exp: Step = np.exp,
    rest: Step = total,
    log1p: Step = np.log1p,
    pick: Step = lambda d, labels: d[np.arange(len(d)), labels],
    finish: Step = lambda loss, v, labels: loss,
) -> Call:
    """A callable f(x, labels): log1p(sum without the largest term) - (x_label - max)."""

    def call(x: Any, labels: Any) -> Any:
        v = widen(np.asarray(x))
        with np.errstate(all="ignore"):
            d = v - maximum(v)[:, None]
            loss = log_of_terms(d, v, exp, rest, log1p) - pick(d, labels)
            return cast(finish(loss, v, labels), format_of(x))

    return call


def logaddexp(
    maximum: Step = np.maximum,
    gap: Step = lambda a, b: np.where(a == b, 0.0, -np.abs(a - b)),
    exp: Step = np.exp,
    log1p: Step = np.log1p,
    finish: Step = lambda y, a, b: y,
) -> Call:
    """A callable f(a, b): the larger, plus log1p of exp of minus the distance."""

    def call(a: Any, b: Any) -> Any:
        one, other = widen(np.asarray(a)), widen(np.asarray(b))
        with np.errstate(all="ignore"):
            y = maximum(one, other) + log1p(exp(gap(one, other)))
            return cast(finish(y, one, other), format_of(np.asarray(a)))

    return call


def log_of_terms(d: Array, v: Array, exp: Step, rest: Step, log1p: Step) -> Array:
    """log of the sum of exp d, without the largest term where that is 1."""
    terms = exp(d)
    here = np.arange(len(v)), v.argmax(-1)
    lead = terms[here]
    terms[here] = 0
    others = rest(terms)
    return np.where(lead == 1, log1p(others), np.log(lead + others))


def elementwise(rows: Step, finish: Step, store: Step) -> Call:
    """A callable f(x, axis=-1) with as many answers as entries, out of one for rows in float64."""

    def call(x: Any, axis: int = -1) -> Any:
        x = np.asarray(x)
        moved = np.moveaxis(x, axis, -1)
        if moved.size == 0:
            return store(widen(x), format_of(x))
        v = widen(moved.reshape(-1, moved.shape[-1]))
        with np.errstate(all="ignore"):
            y = store(finish(rows(v), v), format_of(x))
        return np.moveaxis(y.reshape(moved.shape), -1, axis)

    return call
