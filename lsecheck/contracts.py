"""error, sums -> the rung of the ladder that each case keeps, and by how much one is missed.

Each contract is an inequality per case, named after the algorithm whose proven bound it is
(`functions/` has the bounds B_G, with where they come from). The ladder is a chain: every rung's
cases keep all the rungs below it (`tests/test_contracts.py` proves the inclusions).
"""

import enum
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsecheck.errors import UnknownName
from lsecheck.formats import Format
from lsecheck.functions.definition import Floats, Function, Sums

Flags = np.ndarray[Any, np.dtype[np.bool_]]

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


@dataclass(frozen=True, slots=True)
class Standing:
    """How scored outputs stand on the ladder. Arrays have shape (rows, outputs)."""

    rung: "np.ndarray[Any, np.dtype[np.int8]]"  #: index into `LADDER` of the strongest contract kept
    excess: Floats  #: error / bound of the required contract; at most 1 where it is kept


def bounds(
    function: Function,
    sums: Sums,
    magnitude: Floats,
    fmt: Format,
    unit: Floats,
    spread: "Floats | None" = None,
    tiny: "float | None" = None,
) -> dict[Contract, Floats]:
    """The error that each numeric contract allows, in units of `unit` = 2^exponent.

    `magnitude` is |y| / unit, `spread` is K where it is known already, `tiny` the spacing t of the
    smallest numbers where it is not the format's. Working in that unit is
    what keeps everything in range: y may be subnormal, or twice the largest number.
    """
    u, t = fmt.unit_roundoff, fmt.tiny if tiny is None else tiny
    with np.errstate(over="ignore", invalid="ignore"):
        log_n = _log2_ceiling(sums.n)
        pairwise = np.minimum(np.maximum(sums.n - 1, 0), log_n + BLOCKED_DEPTH)
        shifted = function.bound(sums, magnitude, pairwise, u, t, unit)
        # a rounded sum of terms in (0, 1] stays in [1, n]: wrong by log n at most, whatever is lost
        one_pass = function.bound(sums, magnitude, 3 * np.maximum(sums.n - 1, 0), u, t, unit)
        moved = function.condition(sums) if spread is None else spread
        natural = np.log(np.maximum(sums.n, 1))
        sequential = np.minimum(one_pass, natural / unit + shifted)
        conditioned = np.minimum(
            function.conditioned_factor * np.maximum(u * magnitude + u * (moved / unit), t / unit)
            + u * pairwise * function.lost_beside(sums) / unit
            # n terms that underflow lose half of t each, log1p or not: [0, -735] and 16 more
            + function.underflow(sums, magnitude, t, unit),
            shifted,
        )
        folded = sequential
        if function.folds:
            partials = 2 * u * (sums.n * magnitude + (4 * sums.n + sums.spread) / unit) + sums.n * (t / unit)
            folded = np.maximum(np.minimum(partials, 2 * natural / unit + shifted), sequential)
    return {
        Contract.CONDITIONED: conditioned,
        Contract.SHIFTED: shifted,
        Contract.SEQUENTIAL: sequential,
        Contract.FOLDED: folded,
    }


def stand(
    error: Floats, place: Floats, correct: Flags, faithful: Flags, allowed: dict[Contract, Floats], required: Contract
) -> Standing:
    """Find the strongest contract each output keeps, and its excess over the required one.

    `error` and the bounds are in one unit, `place` is an ulp in it; nan errors (unscored
    outputs) keep nothing.
    """
    rung = np.full(error.shape, Contract.BROKEN.rung, np.int8)
    for contract in (Contract.FOLDED, Contract.SEQUENTIAL, Contract.SHIFTED, Contract.CONDITIONED):
        rung = np.where(error <= allowed[contract], np.int8(contract.rung), rung)
    rung = np.where(faithful, np.int8(Contract.FAITHFUL.rung), rung)
    rung = np.where(correct, np.int8(Contract.CORRECTLY_ROUNDED.rung), rung)
    limit = {Contract.CORRECTLY_ROUNDED: place / 2, Contract.FAITHFUL: place}.get(required)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        excess = error / (allowed[required] if limit is None else limit)
    # within rounding of the limit, the exact comparison of numbers decides
    kept = rung <= required.rung
    missed = np.maximum(excess, np.nextafter(1.0, 2.0))
    excess = np.where(np.isnan(error), np.nan, np.where(kept, np.minimum(excess, 1.0), missed))
    return Standing(rung, np.minimum(excess, np.finfo(np.float64).max))


def _log2_ceiling(n: Floats) -> Floats:
    significand, power = np.frexp(np.maximum(n, 1))
    return np.where(significand == 0.5, power - 1, power).astype(np.float64)
