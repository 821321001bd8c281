"""error, sums -> the rung of the ladder that each case keeps, and by how much one is missed.

Each contract is an inequality per case, named after the algorithm whose proven bound it is
(`functions/` has the bounds B_G, with where they come from). The ladder is a chain: every rung's
cases keep all the rungs below it (`tests/test_contracts.py` proves the inclusions).
"""

import enum
import math
import sys
from typing import Any, NamedTuple

import numpy as np

from lsecheck.errors import UnknownName
from lsecheck.formats import Format
from lsecheck.functions.definition import Floats, Function, Sums
from lsecheck.oracle.primitives import chosen, larger, smaller, where

#: pairwise summation as NumPy blocks it: 8 lanes of 16, then a tree; depth 24 at n = 127, and
#: ceil(log2 n) + 18 covers that depth at every n
BLOCKED_DEPTH = 18


class Contract(enum.StrEnum):
    """The ladder, strongest rung first."""

    CORRECTLY_ROUNDED = "correctly-rounded"
    FAITHFUL = "faithful"
    CONDITIONED = "conditioned"
    SHIFTED = "shifted"
    SEQUENTIAL = "sequential"
    FOLDED = "folded"
    BROKEN = "broken"

    @property
    def rung(self) -> int:
        """0 for the strongest."""
        return LADDER.index(self)

    def keeps(self, required: "Contract") -> bool:
        """Whether keeping this contract is enough where `required` is asked for."""
        return self.rung <= required.rung


LADDER = tuple(Contract)

#: those with a bound in numbers
NUMERIC = (Contract.CONDITIONED, Contract.SHIFTED, Contract.SEQUENTIAL, Contract.FOLDED)
CORRECTLY_ROUNDED, FAITHFUL, CONDITIONED, SHIFTED, SEQUENTIAL, FOLDED, BROKEN = map(np.int8, range(len(LADDER)))
#: the least excess of a contract that is missed, and the largest that is shown
JUST_MISSED, LARGEST, NAN = math.nextafter(1.0, 2.0), sys.float_info.max, math.nan

MEANING = {
    Contract.CORRECTLY_ROUNDED: "the nearest number of the format, always",
    Contract.FAITHFUL: "one of the two neighbours of the exact value",
    Contract.CONDITIONED: "as good as the inputs allow, near 0 too: what a log1p form keeps",
    Contract.SHIFTED: "textbook max-shift with a pairwise or wider sum",
    Contract.SEQUENTIAL: "one pass, every step in the storage format",
    Contract.FOLDED: "logaddexp applied n - 1 times (logsumexp only; elsewhere the same as sequential)",
    Contract.BROKEN: "no bound of the ladder",
}


def named(name: "str | Contract") -> Contract:
    """The contract of that name; `UnknownName` otherwise (`broken` promises nothing)."""
    promises = LADDER[:-1]
    if name not in promises:
        raise UnknownName("contract", str(name), [str(contract) for contract in promises])
    return Contract(name)


class Allowed(NamedTuple):
    """The error that each numeric contract allows."""

    conditioned: Floats
    shifted: Floats
    sequential: Floats
    folded: Floats


class Standing(NamedTuple):
    """How scored outputs stand on the ladder. Arrays have shape (rows, outputs)."""

    rung: "np.ndarray[Any, np.dtype[np.int8]]"  #: index into `LADDER` of the strongest contract kept
    excess: Floats  #: error / bound of the required contract; at most 1 where it is kept


def bounds(
    function: Function,
    sums: Sums,
    magnitude: Floats,
    fmt: Format,
    unit: Floats,
) -> dict[Contract, Floats]:
    """The error that each numeric contract allows, in units of `unit` = 2^exponent.

    `magnitude` is |y| / unit. Working in that unit is what keeps everything in range: y may be
    subnormal, or twice the largest number.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        moved = function.condition(sums)
        allowed = allow(function, sums, *lengths(sums.n), magnitude, fmt.unit_roundoff, fmt.tiny, 1 / unit, moved)
    return dict(zip(NUMERIC, allowed, strict=True))


def lengths(n: Floats) -> "tuple[Floats, Floats]":
    """What rows of n entries have by their length alone: growth of a pairwise sum, log n."""
    if n.size and (n == n[:1]).all():
        n = n[:1]
    n = np.maximum(n, 1)
    significand, power = np.frexp(n)
    ceiling = np.where(significand == 0.5, power - 1, power).astype(np.float64)
    return np.minimum(n - 1, ceiling + BLOCKED_DEPTH), np.log(n)


# ---- elementwise: on arrays as on numbers, see `measure.arithmetic` ----


def allow(
    function: Any, sums: Sums, pairwise: Any, natural: Any, magnitude: Any, u: Any, t: Any, inverse: Any, moved: Any
) -> Allowed:
    """`bounds`, of what is known already: `lengths`, and K as `moved`."""
    steps = larger(sums.n - 1, 0)
    shifted = function.bound(sums, magnitude, pairwise, u, t, inverse)
    # a rounded sum of terms in (0, 1] stays in [1, n]: wrong by log n at most, whatever is lost
    one_pass = function.bound(sums, magnitude, 3 * steps, u, t, inverse)
    sequential = smaller(one_pass, natural * inverse + shifted)
    conditioned = smaller(
        function.conditioned_factor * larger(u * magnitude + u * (moved * inverse), t * inverse)
        + u * pairwise * function.lost_beside(sums) * inverse
        # n terms that underflow lose half of t each, log1p or not: [0, -735] and 16 more
        + function.underflow(sums, magnitude, t, inverse),
        shifted,
    )
    folded = sequential
    if function.folds:
        partials = 2 * u * (sums.n * magnitude + (4 * sums.n + sums.spread) * inverse) + sums.n * (t * inverse)
        folded = larger(smaller(partials, 2 * natural * inverse + shifted), sequential)
    return Allowed(conditioned, shifted, sequential, folded)


def stand(error: Any, place: Any, correct: Any, faithful: Any, allowed: Allowed, required: Any) -> Standing:
    """Find the strongest contract each output keeps, and its excess over the required one, a rung.

    `error` and the bounds are in one unit, `place` is an ulp in it; nan errors (unscored
    outputs) keep nothing.
    """
    rung = where(error <= allowed.folded, FOLDED, BROKEN)
    rung = where(error <= allowed.sequential, SEQUENTIAL, rung)
    rung = where(error <= allowed.shifted, SHIFTED, rung)
    rung = where(error <= allowed.conditioned, CONDITIONED, rung)
    rung = where(faithful, FAITHFUL, rung)
    rung = where(correct, CORRECTLY_ROUNDED, rung)
    excess = error / chosen(
        required, place / 2, place, allowed.conditioned, allowed.shifted, allowed.sequential, allowed.folded
    )
    # within rounding of the limit, the exact comparison of numbers decides
    excess = where(rung <= required, smaller(excess, 1.0), smaller(larger(excess, JUST_MISSED), LARGEST))
    return Standing(rung, where(np.isnan(error), NAN, excess))
