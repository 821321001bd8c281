"""Planted faults: a good logsumexp with one line of wrongness each, so that only that line can be caught.

All take float32 and accumulate in float64, with log1p and guarded specials, which makes them harder to
catch than the float32 code that such mistakes come from: an exponential overflows at 709, not at 89.
"""

# ruff: noqa: ARG005 - every step of a kind takes the same arguments, wanted or not

from collections.abc import Callable
from typing import Any, NamedTuple

import ml_dtypes
import numpy as np

Array = np.ndarray[Any, Any]
Step = Callable[..., Any]
Callee = Callable[[Array, int], Array]

LOWEST = float(np.finfo(np.float32).min)
LOG2E = 1.4426950408889634


def guarded(top: Array) -> Array:
    """The shift: the maximum, or 0 where that is not finite."""
    return np.where(np.isfinite(top), top, 0.0)


def two_pass(
    v: Array,
    maximum: Step = lambda v: v.max(-1),
    shift: Step = guarded,
    exp: Step = np.exp,
    rest: Step = lambda terms: terms.sum(-1),
    log1p: Step = np.log1p,
    add: Step = lambda m, log: m + log,
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
    shift: Step = lambda old, tile: guarded(old),
    carry: Step = lambda s: s,
    final: Step = lambda m, last: m,
    tile: Step = lambda v, start, block: v[:, start : start + block],
    tile_max: Step = lambda part: part.max(-1),
) -> Array:
    """Tiles under a running maximum, each merged into a running sum."""
    m, s = np.full(len(v), -np.inf), np.zeros(len(v))
    for start in range(0, v.shape[1], block):
        part = tile(v, start, block)
        last = tile_max(part)
        old, m = m, rise(m, last)
        to = shift(m, part)
        s = carry(s * np.where(np.isneginf(old), 0.0, rescale(old, to)) + term(part, guarded(old), to).sum(-1))
    return guarded(final(m, last)) + np.log(s)


def merged(v: Array, merge: Step = np.logaddexp, part: Step = two_pass, parts: int = 4) -> Array:
    """Split into parts, a logsumexp of each, merged in turn."""
    split = [chunk for chunk in np.array_split(v, parts, axis=1)]
    states = [part(chunk) if chunk.shape[1] else np.full(len(v), -np.inf) for chunk in split]
    y = states[0]
    for state in states[1:]:
        y = merge(y, state)
    return y


def implementation(
    reduce: Step = two_pass,
    load: Step = lambda x: x.astype(np.float64),
    use: Step = lambda v: v,
    finish: Step = lambda y, v: y,
    store: Step = lambda y, dtype: y.astype(dtype),
    empty: float = -np.inf,
    **steps: Any,
) -> Callee:
    """A callable f(x) of a batch made of these steps; without arguments, the good one."""

    def logsumexp(x: Array) -> Array:
        v = load(x)
        if v.shape[1] == 0:
            return store(np.full(len(v), empty), x.dtype)
        if np.isnan(v).any() and reduce is not two_pass:
            # only the first pass sees nan; the others are given rows without
            y = reduce(use(np.where(np.isnan(v), 0.0, v)), **steps)
            return store(finish(np.where(np.isnan(v).any(-1), np.nan, y), v), x.dtype)
        return store(finish(reduce(use(v), **steps), v), x.dtype)

    return logsumexp


def _all(v: Array) -> Array:
    return np.isneginf(v).all(-1)


def _top(v: Array) -> Array:
    return (v == np.inf).any(-1) & ~np.isnan(v).any(-1)


def _tops(y: Array, v: Array) -> Array:
    return np.where(_top(v), np.inf, y)


#: what the faults are made from; none of them may be flagged. The one pass ends in a log, not a log1p
GOOD = {
    "two passes": (implementation(), "conditioned"),
    "one pass": (implementation(online, finish=_tops), "shifted"),
    "merged": (implementation(merged), "conditioned"),
}


def _f16(v: Array) -> Array:
    return v.astype(np.float16).astype(np.float64)


def _without_nan(v: Array) -> Array:
    return np.where(np.isnan(v), -np.inf, v)


def _running(dtype: Any) -> Step:
    return lambda terms: np.cumsum(terms.astype(dtype), axis=-1, dtype=dtype)[:, -1].astype(np.float64)


def _padded(v: Array) -> Array:
    return np.concatenate([v, np.zeros((len(v), -v.shape[1] % 32))], axis=1)


def _jump(d: Array) -> Array:
    return np.exp(d) + np.where((d < 0) & (d > -5), 3e-6, 0.0)


def _deduplicated(v: Array) -> Array:
    ordered = np.sort(v, axis=-1)
    return np.where(np.diff(ordered, axis=-1, prepend=np.nan) == 0, -np.inf, ordered)


def _odd_width(v: Array) -> Array:
    n = v.shape[1]
    return v[:, :-1] if 512 < n < 1024 and n % 2 == 1 and n % 32 != 31 else v


def _overflowing_merge(a: Array, b: Array) -> Array:
    return np.where(np.isneginf(a), b, a + np.log1p(np.exp(b - guarded(a))))


def _nan_merge(a: Array, b: Array) -> Array:
    m = np.maximum(a, b)
    return m + np.log1p(np.exp(np.minimum(a, b) - m))


def _counted_twice(v: Array) -> Array:
    first, second, *others = np.array_split(v, 4, axis=1)
    y = np.where(_all(first), two_pass(second) + np.log(2.0), two_pass(second)) if second.size else two_pass(first)
    for part in (first, *others) if second.size else ():
        y = np.logaddexp(y, two_pass(part) if part.size else -np.inf)
    return y


def _overwriting(x: Array) -> Array:
    y = implementation()(x)
    x -= y[:, None]
    return y


class Fault(NamedTuple):
    """One planted fault, and where it must be caught."""

    lse: Callee
    families: str  #: each of them catches it
    require: str = "shifted"
    effort: str = "quick"
    format: str = "float32"


def _specials(finish: Step) -> Fault:
    return Fault(implementation(finish=finish), "specials")


FAULTS: dict[str, Fault] = {
    # the shift
    "no shift": Fault(implementation(shift=np.zeros_like), "half-ulp extremes huge"),
    "shifted by the first": Fault(implementation(maximum=lambda v: v[:, 0]), "huge blocks ordered"),
    "shifted by the mean": Fault(implementation(maximum=lambda v: v.mean(-1)), "huge ordered sentinel"),
    "shifted by max |x|": Fault(implementation(maximum=lambda v: np.abs(v).max(-1)), "half-ulp extremes huge"),
    "maximum starts at -1e4": Fault(
        implementation(maximum=lambda v: np.maximum(v.max(-1), -1e4)), "half-ulp extremes huge"
    ),
    "maximum starts at -5e4": Fault(
        implementation(maximum=lambda v: np.maximum(v.max(-1), -5e4)), "half-ulp extremes huge"
    ),
    "maximum starts at -1e30": Fault(
        implementation(maximum=lambda v: np.maximum(v.max(-1), -1e30)), "extremes sentinel masked"
    ),
    "maximum skips the first": Fault(implementation(maximum=lambda v: v[:, v.shape[1] > 1 :].max(-1)), "huge specials"),
    "maximum of the first half": Fault(
        implementation(maximum=lambda v: v[:, : (v.shape[1] + 1) // 2].max(-1)), "huge blocks ordered"
    ),
    "one maximum for all rows": Fault(
        implementation(maximum=lambda v: np.full(len(v), v.max())), "half-ulp extremes huge"
    ),
    "inputs clamped to 80": Fault(
        implementation(use=lambda v: np.where(np.isfinite(v), np.clip(v, -80, 80), v)), "half-ulp extremes huge"
    ),
    "exponents floored at -10": Fault(
        implementation(exp=lambda d: np.exp(np.maximum(d, -10))), "subnormal half-ulp gap"
    ),
    # special values
    "all -inf gives nan": _specials(lambda y, v: np.where(_all(v), np.nan, y)),
    "two -inf or more give nan": _specials(lambda y, v: np.where(_all(v) & (v.shape[1] > 1), np.nan, y)),
    "all -inf gives 0": _specials(lambda y, v: np.where(_all(v), 0.0, y)),
    "all -inf gives +inf": _specials(lambda y, v: np.where(_all(v), np.inf, y)),
    "+inf gives nan": _specials(lambda y, v: np.where(_top(v), np.nan, y)),
    "+inf gives -inf": _specials(lambda y, v: np.where(_top(v), -np.inf, y)),
    "+inf saturates": _specials(lambda y, v: np.where(_top(v), -LOWEST, y)),
    "two +inf give nan": _specials(lambda y, v: np.where((v == np.inf).sum(-1) > 1, np.nan, y)),
    "any -inf gives nan": _specials(lambda y, v: np.where(np.isneginf(v).any(-1), np.nan, y)),
    "nan dropped": _specials(lambda y, v: two_pass(_without_nan(v))),
    "nan lost beside -inf": _specials(lambda y, v: np.where(np.isneginf(_without_nan(v)).all(-1), -np.inf, y)),
    "nan lost beside +inf": _specials(lambda y, v: np.where((v == np.inf).any(-1), np.inf, y)),
    "nan seen in the first place only": _specials(
        lambda y, v: np.where(np.isnan(v[:, 0]), y, two_pass(_without_nan(v)))
    ),
    "fmax with the maximum": _specials(lambda y, v: np.fmax(y, _without_nan(v).max(-1))),
    "empty gives 0": Fault(implementation(empty=0.0), "specials"),
    "empty gives nan": Fault(implementation(empty=np.nan), "specials"),
    "empty gives the lowest": Fault(implementation(empty=LOWEST), "specials"),
    "one entry gives 0": Fault(implementation(finish=lambda y, v: y * (v.shape[1] > 1)), "extremes ordinary specials"),
    "-inf read as -1e4": Fault(implementation(use=lambda v: np.where(np.isneginf(v), -1e4, v)), "masked specials"),
    "-inf read as 0": Fault(implementation(use=lambda v: np.where(np.isneginf(v), 0.0, v)), "masked specials"),
    # sums and roundings
    "running sum in float32": Fault(implementation(rest=_running(np.float32)), "long", effort="standard"),
    "running sum in float16": Fault(implementation(rest=_running(np.float16)), "near-zero width equal"),
    "running sum in bfloat16": Fault(implementation(rest=_running(ml_dtypes.bfloat16)), "near-zero width equal"),
    "terms in float16": Fault(implementation(exp=lambda d: _f16(np.exp(d))), "near-zero tiny gap"),
    "inputs in float16": Fault(implementation(use=_f16), "near-zero half-ulp extremes"),
    "answer through bfloat16": Fault(
        implementation(store=lambda y, dtype: y.astype(ml_dtypes.bfloat16).astype(dtype)), "subnormal half-ulp extremes"
    ),
    "answer through float16": Fault(
        implementation(store=lambda y, dtype: y.astype(np.float16).astype(dtype)), "subnormal half-ulp extremes"
    ),
    # logarithms and bases
    "log, not log1p": Fault(implementation(log1p=lambda s: np.log(1 + s)), "subnormal gap", "conditioned"),
    "log of a float32 sum": Fault(
        implementation(log1p=lambda s: np.log(np.float32(1) + s.astype(np.float32))),
        "subnormal gap dominant",
        "conditioned",
    ),
    "largest term counted twice": Fault(
        implementation(log1p=lambda s: np.log1p(1 + s)), "subnormal near-zero half-ulp"
    ),
    "terms below -20 dropped": Fault(
        implementation(exp=lambda d: np.where(d < -20, 0.0, np.exp(d))), "subnormal gap dominant", "conditioned"
    ),
    "log1p(s) = s below 1e-4": Fault(
        implementation(log1p=lambda s: np.where(s < 1e-4, s, np.log1p(s))), "gap", "conditioned"
    ),
    "1e-6 added in the log": Fault(implementation(log1p=lambda s: np.log1p(s + 1e-6)), "subnormal near-zero half-ulp"),
    "1e-16 added in the log": Fault(
        implementation(log1p=lambda s: np.log1p(s + 1e-16)), "subnormal extremes width", "conditioned"
    ),
    "answer in base 2": Fault(implementation(finish=lambda y, v: y * LOG2E), "subnormal half-ulp extremes"),
    "log part in base 2": Fault(implementation(add=lambda m, log: m + log * LOG2E), "subnormal near-zero width"),
    "maximum in base 2": Fault(implementation(add=lambda m, log: m * LOG2E + log), "near-zero half-ulp extremes"),
    "constants of 4 digits": Fault(
        implementation(exp=lambda d: np.exp2(d * 1.4427), log1p=lambda s: np.log2(1 + s) * 0.6931),
        "subnormal near-zero width",
    ),
    "base 2 and back with 6 digits": Fault(
        implementation(finish=lambda y, v: y * 1.442695 * 0.693147), "half-ulp extremes huge"
    ),
    "the same reduced twice": Fault(
        implementation(finish=lambda y, v: y + np.log(2.0)), "subnormal near-zero half-ulp"
    ),
    # one pass
    "rescaling with the sign flipped": Fault(
        implementation(online, finish=_tops, rescale=lambda old, new: np.exp(new - old)), "tiny wide ordinary"
    ),
    "no rescaling": Fault(implementation(online, finish=_tops, rescale=lambda old, new: 1.0), "tiny wide ordinary"),
    "new terms under the old maximum": Fault(
        implementation(online, finish=_tops, term=lambda tile, old, new: np.exp(tile - old[:, None])),
        "near-zero half-ulp extremes",
    ),
    "maximum of the last tile added": Fault(
        implementation(online, finish=_tops, final=lambda m, last: last), "huge tiny wide"
    ),
    "maximum of the tile alone": Fault(
        implementation(online, finish=_tops, rise=lambda m, last: last), "huge blocks ordered"
    ),
    "a masked first tile of 32 leaves the maximum at 0": Fault(
        implementation(
            online,
            finish=_tops,
            rise=lambda m, last: np.maximum(m, np.where(np.isneginf(m) & np.isneginf(last), 0.0, last)),
        ),
        "masked",
    ),
    "a masked first tile of 128 leaves the maximum at 0": Fault(
        implementation(
            online,
            finish=_tops,
            block=128,
            rise=lambda m, last: np.maximum(m, np.where(np.isneginf(m) & np.isneginf(last), 0.0, last)),
        ),
        "masked",
    ),
    "running sum of tiles in float16": Fault(implementation(online, finish=_tops, carry=_f16), "near-zero width equal"),
    "tile maximum leaves out the last column": Fault(
        implementation(online, finish=_tops, tile_max=lambda part: part[:, : max(part.shape[1] - 1, 1)].max(-1)),
        "huge sentinel specials",
    ),
    "rises below 128 not rescaled": Fault(
        implementation(
            online,
            finish=_tops,
            rise=lambda m, last: np.where(
                last - guarded(m) < np.where(np.isneginf(m), -np.inf, 128), m, np.maximum(m, last)
            ),
            term=lambda tile, old, new: np.exp((tile - new[:, None]).astype(np.float32)).astype(np.float64),
        ),
        "blocks ordered",
    ),
    # which entries are read
    "tail padded with zeros": Fault(implementation(use=_padded), "subnormal near-zero half-ulp"),
    "tail of 4 dropped": Fault(
        implementation(use=lambda v: v[:, : v.shape[1] // 4 * 4 or None]), "subnormal width equal"
    ),
    "tail of 128 dropped": Fault(
        implementation(use=lambda v: v[:, : v.shape[1] // 128 * 128 or None]), "width equal ordinary"
    ),
    "last entry dropped": Fault(
        implementation(use=lambda v: v[:, : max(v.shape[1] - 1, 1)]), "subnormal near-zero extremes"
    ),
    "only the first 1024 read": Fault(implementation(use=lambda v: v[:, :1024]), "width equal dominant"),
    "only the first 32767 read": Fault(implementation(use=lambda v: v[:, :32767]), "width"),
    "one entry lost at odd widths from 513 to 1023": Fault(implementation(use=_odd_width), "width"),
    "one entry lost at 65536": Fault(
        implementation(use=lambda v: v[:, : v.shape[1] - (v.shape[1] == 65536)]), "width", effort="standard"
    ),
    "equal entries counted once": Fault(implementation(use=_deduplicated), "near-zero width equal"),
    # merging
    "merged in arrival order": Fault(implementation(merged, merge=_overflowing_merge), "huge blocks ordered"),
    "two empty parts give nan": Fault(implementation(merged, merge=_nan_merge), "masked specials"),
    "partial answers in float16": Fault(
        implementation(merged, part=lambda v: _f16(two_pass(v))), "subnormal near-zero half-ulp"
    ),
    "base 2 parts merged as natural": Fault(
        implementation(merged, part=lambda v: two_pass(v) * LOG2E), "subnormal near-zero half-ulp"
    ),
    "an empty part counts as 0": Fault(
        implementation(merged, part=lambda v: np.where(_all(v), 0.0, two_pass(v))), "masked specials"
    ),
    "an empty last part overwrites": Fault(
        implementation(merged, merge=lambda a, b: np.where(np.isneginf(b), b, np.logaddexp(a, b))),
        "subnormal near-zero half-ulp",
    ),
    "a part counts twice after an empty one": Fault(implementation(_counted_twice), "masked specials"),
    # answers
    "answers below 0 clamped": Fault(
        implementation(finish=lambda y, v: np.where(y < 0, 0.0, y)), "half-ulp extremes width"
    ),
    "absolute value of the answer": Fault(implementation(finish=lambda y, v: np.abs(y)), "half-ulp extremes width"),
    "subnormal answers flushed": Fault(
        implementation(finish=lambda y, v: np.where(np.abs(y) < 2.0**-126, 0.0, y)), "subnormal gap", "conditioned"
    ),
    # exponentials
    "exp to a power of 2": Fault(implementation(exp=lambda d: np.exp2(np.rint(d * LOG2E))), "near-zero tiny gap"),
    "exp of a float16": Fault(implementation(exp=lambda d: np.exp(_f16(d))), "near-zero tiny gap"),
    "exp by a float16 table": Fault(implementation(exp=lambda d: _f16(np.exp(_f16(d)))), "near-zero tiny gap"),
    "exp off by 1e-4": Fault(
        implementation(exp=lambda d: np.exp(d) * np.where(d < 0, 1 + 1e-4 * np.sin(d), 1)), "near-zero tiny gap"
    ),
    "exp off by 3e-6 from -5 to 0": Fault(implementation(exp=_jump), "subnormal near-zero tiny"),
    "exp wraps below -200": Fault(
        implementation(
            exp=lambda d: np.where(np.isfinite(d) & (d < -139), np.exp2((d * LOG2E + 128) % 256 - 128), np.exp(d))
        ),
        "wide blocks ordered",
    ),
    # float64, where only the last bits tell
    "float64 inputs in float32": Fault(
        implementation(use=lambda v: v.astype(np.float32).astype(np.float64)),
        "near-zero half-ulp huge",
        format="float64",
    ),
    "float64 summed in float32": Fault(
        implementation(rest=_running(np.float32)), "tiny near-zero ordinary", format="float64"
    ),
    "float64 with log1p in float32": Fault(
        implementation(log1p=lambda s: np.log1p(s.astype(np.float32)).astype(np.float64)),
        "tiny equal width",
        format="float64",
    ),
    "float64 with log2 e in float32": Fault(
        implementation(exp=lambda d: np.exp2(d * float(np.float32(LOG2E)))), "tiny gap ordinary", format="float64"
    ),
    "float64 log1p in two terms below 1e-3": Fault(
        implementation(log1p=lambda s: np.where(s < 1e-3, s - s * s / 2, np.log1p(s))), "gap", format="float64"
    ),
    "maximum of the first 1024": Fault(
        implementation(maximum=lambda v: v[:, :1024].max(-1)), "blocks", effort="standard"
    ),
    "one entry lost at odd widths, if there are rows beside it": Fault(
        implementation(use=lambda v: _odd_width(v) if len(v) > 1 else v), "width", effort="standard"
    ),
    "rows taken for columns where there are as many": Fault(
        implementation(use=lambda v: v.T if v.shape[0] == v.shape[1] else v), "ordinary", effort="standard"
    ),
    "subnormal inputs flushed": Fault(
        implementation(use=lambda v: np.where(np.abs(v) < 2.0**-126, 0.0, v)),
        "subnormal",
        "conditioned",
        effort="standard",
    ),
}

#: caught by nothing yet, and why
NOT_CAUGHT: dict[str, tuple[Fault, str]] = {
    "one entry lost at 1700": (
        Fault(implementation(use=lambda v: v[:, : v.shape[1] - (v.shape[1] == 1700)]), "width", effort="standard"),
        "above 1100 only powers of two, their neighbours and a few odd widths are asked",
    ),
}
