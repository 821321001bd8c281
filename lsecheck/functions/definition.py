"""What a function of the family is: the shape of a definition, and the words it uses.

A definition says which answers are settled by special values, how far the exact answer moves
when its inputs do (the condition sum K), and how far the algorithm that each contract is named
after may land from it. It computes from sums handed to it; it takes no logarithm itself.
"""

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lsecheck.errors import InputError
from lsecheck.formats import FORMATS

Floats = np.ndarray[Any, np.dtype[np.float64]]
Codes = np.ndarray[Any, np.dtype[np.int8]]
Labels = np.ndarray[Any, np.dtype[np.int64]]


class Expected(enum.IntEnum):
    """What kind of answer is right at an output."""

    NUMBER = 0  #: a finite truth: scored
    NAN = 1
    PLUS_INFINITY = 2
    MINUS_INFINITY = 3
    UNSETTLED = 4  #: mathematics gives no single answer: conventions are named, none is scored


class Domain(enum.IntEnum):
    """Which verdict a case counts towards."""

    ORDINARY = 0  #: finite entries, a sum that the storage format can hold: the contract
    SPECIALS = 1  #: nan, infinities, n = 0: judged apart
    RANGE = 2  #: n exceeds the largest finite number of the storage format: judged apart


class Sums(NamedTuple):
    """What the oracle knows of each row beside the answer, in float64.

    Row figures have shape (rows, 1), output figures (rows, outputs). Entries of -inf are left
    out of every one. They scale errors, they are not the truth: good to a few units of float64,
    `spread` and `absolute` to n 2^-38 of |y| + K.
    """

    n: Floats  #: finite entries
    maximum: Floats  #: a = max x
    total: Floats  #: S = sum exp(x - a), in [1, n]
    log_total: Floats  #: log S
    spread: Floats  #: sum p_j (a - x_j)
    absolute: Floats  #: sum p_j |x_j|
    rest: Floats  #: W = 1 - max p
    share: Floats  #: p_i of each output (of the maximum where the output is the whole row's)
    gap: Floats  #: a - x_i of each output, clamped to the largest float64


class Special(NamedTuple):
    """A line of a special-value table."""

    where: str  #: which rows
    answer: str  #: what is right there
    reason: str  #: why


class Convention(NamedTuple):
    """One of several answers in use where mathematics gives none."""

    name: str
    where: str  #: which rows it speaks of
    answers: Callable[[Floats, "Labels | None"], Floats]  #: one row, its label -> its outputs


@dataclass(frozen=True, slots=True)
class Function:
    """One function of the LogSumExp family."""

    name: str
    formula: str
    elementwise: bool  #: as many outputs as entries (softmax), or one a row
    labelled: bool  #: takes a label per row
    entries: int | None  #: entries a row must have (logaddexp: 2); None for any
    specials: tuple[Special, ...]
    conventions: tuple[Convention, ...]
    expected: Callable[[Floats, "Labels | None"], Codes]  #: (rows, n) -> (rows, outputs)
    condition: Callable[[Sums], Floats]  #: K, (rows, outputs)
    #: (sums, |y| / unit, growth G, u, t, 1 / unit) -> bound B_G / unit; the unit is a power of two
    bound: Callable[[Sums, Floats, Floats, float, float, Floats], Floats]
    conditioned_factor: float  #: c of the contract `conditioned`
    lost_beside: Callable[[Sums], Floats]  #: W': the share of the sum that may be lost beside the largest
    #: (sums, |y| / unit, t, 1 / unit) -> what terms that underflow may cost, / unit; part of every bound
    underflow: Callable[[Sums, Floats, float, Floats], Floats]
    folds: bool  #: the contract `folded` has a bound of its own (logsumexp)

    def outputs(self, n: int) -> int:
        """How many outputs a row of n entries has."""
        return n if self.elementwise else 1

    def validate(self, batch: Floats, labels: "Labels | None") -> "Labels | None":
        """Labels as int64 (rows,), or None; `InputError` where batch and labels do not fit."""
        rows, n = batch.shape
        if self.entries is not None and n != self.entries:
            raise InputError(f"{self.name} takes rows of {self.entries} entries, got rows of {n}")
        if not self.labelled:
            if labels is not None:
                raise InputError(f"{self.name} takes no labels; only cross_entropy does")
            return None
        if labels is None:
            raise InputError(f"{self.name} needs labels: one integer per row, from 0 to n - 1")
        checked = np.asarray(labels)
        if checked.dtype.kind not in "iu" or checked.shape != (rows,):
            raise InputError(
                f"labels must be integers of shape ({rows},), got {checked.dtype} of shape {checked.shape}"
            )
        if rows and (checked.min() < 0 or checked.max() >= n):
            raise InputError(f"labels must lie from 0 to {n - 1}, got {checked.min()} to {checked.max()}")
        return checked.astype(np.int64)


def domains(batch: Floats, largest: float) -> Codes:
    """(rows, n) float64 -> the `Domain` of each row, for a storage format with that largest number."""
    rows, n = batch.shape
    if n == 0:
        return np.full(rows, Domain.SPECIALS, np.int8)
    usual = Domain.RANGE if n > largest else Domain.ORDINARY
    finite = np.isfinite(batch)
    if finite.all():
        return np.full(rows, usual, np.int8)
    return np.where(finite.all(-1), usual, Domain.SPECIALS).astype(np.int8)


class Rows(NamedTuple):
    """Where the special values of a batch are: boolean (rows,) each."""

    nan: np.ndarray[Any, np.dtype[np.bool_]]
    plus: np.ndarray[Any, np.dtype[np.bool_]]  #: some +inf, no nan
    empty: np.ndarray[Any, np.dtype[np.bool_]]  #: all -inf, or no entries at all


def special_rows(batch: Floats) -> Rows:
    """Sort rows by the special value that decides them; nan first, then +inf, then 'all -inf'."""
    if batch.shape[1] and np.isfinite(batch).all():
        none = np.zeros(len(batch), np.bool_)
        return Rows(none, none, none)
    nan = np.any(np.isnan(batch), axis=-1)
    plus = np.any(batch == np.inf, axis=-1) & ~nan
    return Rows(nan, plus, np.all(batch == -np.inf, axis=-1))


def as_array(given: Any) -> np.ndarray[Any, Any]:
    """An array or nested list of numbers -> an array of a known format.

    Lists and integers become float64, exactly or not at all; ragged lists, objects, booleans,
    complex numbers and dtypes that are no `formats` are an `InputError`.
    """
    try:
        array = np.asarray(given)
    except ValueError:
        raise InputError("the rows differ in length: give a rectangular array, one row per case") from None
    if array.dtype.name in FORMATS:
        return array
    if array.size == 0 and array.dtype.kind != "O":
        return array.astype(np.float64)
    if array.dtype.kind in "iu":
        wide = array.astype(np.float64)
        if np.array_equal(wide.astype(object), array.astype(object)):
            return wide
        raise InputError("some integers are not exact in float64: give floats, rounded as you want them")
    if array.dtype.kind == "O":
        raise InputError("the array holds Python objects, not numbers of one dtype: give a rectangular array of floats")
    raise InputError(f"dtype {array.dtype} is not a format lsecheck knows: convert it to one of {', '.join(FORMATS)}")


def as_batch(given: Any) -> np.ndarray[Any, Any]:
    """`as_array`, of shape (rows, n)."""
    array = as_array(given)
    if array.ndim != 2:
        raise InputError(f"a batch has shape (rows, n), got {array.shape}: one row is x[None, :]")
    return array
