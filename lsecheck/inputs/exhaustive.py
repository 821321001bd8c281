"""format, n -> every case there is, each with an index; or a stratified sample of those too many.

A space is never held: any range of its indices is built alone, from integers, so that shards of
it can be asked anywhere. Its name and an index are an address that `explain` reads.
"""

import functools
import math
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsecheck import formats
from lsecheck.errors import InputError
from lsecheck.formats import Format
from lsecheck.functions.definition import Floats, Function
from lsecheck.inputs.batch import BEYOND, Batch
from lsecheck.inputs.bits import Draw

Places = np.ndarray[Any, np.dtype[np.int64]]

#: entries of a row: more make ranks that no shard could ever reach
MOST_ENTRIES = 16
#: formats up to this width can be enumerated
WIDEST = 32
#: formats up to this width have their numbers in a table
_TABLED = 16


@dataclass(frozen=True, slots=True)
class Space(ABC):
    """Cases of one function in one format, numbered from 0."""

    function: Function
    fmt: Format
    n: int  #: entries of a row
    ordered: bool = False  #: each order of the same entries is a case of its own
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.n <= MOST_ENTRIES:
            raise InputError(f"n must lie from 1 to {MOST_ENTRIES}, got {self.n}")
        if self.function.entries not in (None, self.n):
            raise InputError(
                f"{self.function.name} takes rows of {self.function.entries} entries: n cannot be {self.n}"
            )
        if self.count >= BEYOND:
            raise InputError(f"{self.count:.3g} cases of {self.fmt} are more than can be numbered: {self._fewer}")

    @property
    def _fewer(self) -> str:
        return "take fewer entries"

    @property
    def labels(self) -> int:
        """Labels that each row is asked with."""
        return self.n if self.function.labelled else 1

    @property
    @abstractmethod
    def count(self) -> int:
        """How many cases it has, labels included."""

    @property
    @abstractmethod
    def of(self) -> int:
        """How many there are of its kind: more than it has, if it is a sample."""

    @property
    def entries(self) -> int:
        """Distinct numbers that an entry can be; 0 and -0 are one."""
        return 2 * self.fmt.largest_ordinal + 1

    @property
    @abstractmethod
    def name(self) -> str:
        """What an address calls it."""

    @abstractmethod
    def values(self, start: int, stop: int) -> Floats:
        """Rows number start to stop - 1, whatever their labels."""

    def at(self, index: int) -> Batch:
        """The case of that index, alone; `InputError` where there is none."""
        if index >= self.count:
            raise InputError(f"{self.name}:{self.seed}:{index} does not exist: there are {self.count:,} such cases")
        return self.batch(index, index + 1)

    def batch(self, start: int, stop: int) -> Batch:
        """Cases number start to stop - 1; of a row with labels, one label after the other."""
        indices = np.arange(start, stop, dtype=np.int64)
        if self.labels == 1:
            named = np.zeros(len(indices), np.int64) if self.function.labelled else None
            return Batch(self.name, self.seed, indices, self.values(start, stop), named)
        rows, named = np.divmod(indices, self.labels)
        first = start // self.labels
        values = self.values(first, -(-stop // self.labels))[rows - first]
        return Batch(self.name, self.seed, indices, values, named)


@dataclass(frozen=True, slots=True)
class Every(Space):
    """Every row of n numbers of the format: each multiset once, its entries ascending; or every order of them.

    0 stands for -0 as well; with `specials` -0, the infinities and nan are entries too.
    """

    specials: bool = False

    def __post_init__(self) -> None:
        if self.fmt.width > WIDEST:
            raise InputError(
                f"{self.fmt} has {self.entries:.2g} numbers, more than anybody can enumerate: add --sample DRAWS"
            )
        Space.__post_init__(self)

    @property
    def entries(self) -> int:
        """The finite ones, and what `specials` adds."""
        return 2 * self.fmt.largest_ordinal + 1 + len(self._extra)

    @property
    def _fewer(self) -> str:
        return "add --sample DRAWS"

    @property
    def _extra(self) -> list[float]:
        infinities = [-math.inf, math.inf] if self.fmt.has_infinity else []
        return [-0.0, *infinities, math.nan] if self.specials else []

    @property
    def count(self) -> int:
        """All there are."""
        return self.labels * combinations(self.entries, self.n, self.ordered)

    @property
    def of(self) -> int:
        """The same."""
        return self.count

    @property
    def name(self) -> str:
        """every-N, with what else there is to say."""
        return f"every-{self.n}{'-ordered' * self.ordered}{'-specials' * self.specials}"

    def values(self, start: int, stop: int) -> Floats:
        """From a table of the format's numbers, where they are few."""
        places = tuples(self.entries, self.n, start, stop, self.ordered)
        if self.fmt.width <= _TABLED:
            return _table(self.fmt, self.specials)[places]
        finite = np.minimum(places - self.fmt.largest_ordinal, self.fmt.largest_ordinal)
        found = formats.widen(formats.from_ordinals(finite, self.fmt))
        for place, number in enumerate(self._extra, 2 * self.fmt.largest_ordinal + 1):
            found[places == place] = number
        return found


@functools.cache
def _table(fmt: Format, specials: bool) -> Floats:
    """Every entry in the order of its place."""
    finite = np.arange(-fmt.largest_ordinal, fmt.largest_ordinal + 1)
    extra = np.array([-0.0, -math.inf, math.inf, math.nan] if fmt.has_infinity else [-0.0, math.nan])
    numbers = formats.widen(formats.from_ordinals(finite, fmt))
    return np.concatenate([numbers, extra]) if specials else numbers


@dataclass(frozen=True, slots=True)
class Strata(Space):
    """As many rows of every combination of binades and signs: a sample where every row would be too many.

    Index = draw * strata + stratum, so that an address does not depend on how many draws there are.
    """

    draws: int = 1

    def __post_init__(self) -> None:
        if self.draws < 1:
            raise InputError(f"the draws from each stratum must be 1 or more, got {self.draws}")
        if not 0 <= self.seed < BEYOND:
            raise InputError(f"seed must be an integer from 0 to 2^62 - 1, got {self.seed}")
        Space.__post_init__(self)

    @property
    def binades(self) -> int:
        """Signs times exponents; the subnormal numbers and 0 are a binade."""
        return 2 * (self.fmt.emax - self.fmt.emin + 2)

    @property
    def strata(self) -> int:
        """Combinations of them that a row can have."""
        return combinations(self.binades, self.n, self.ordered)

    @property
    def count(self) -> int:
        """As many of each stratum."""
        return self.labels * self.strata * self.draws

    @property
    def name(self) -> str:
        """strata-N, or strata-N-ordered."""
        return f"strata-{self.n}{'-ordered' * self.ordered}"

    def at(self, index: int) -> Batch:
        """However many draws there are, another one has more."""
        return self.batch(index, index + 1)

    @property
    def of(self) -> int:
        """All there are, sampled or not."""
        return self.labels * combinations(self.entries, self.n, self.ordered)

    def values(self, start: int, stop: int) -> Floats:
        """A draw from the stratum of each."""
        rows = np.arange(start, stop, dtype=np.int64)
        draw, stratum = np.divmod(rows, self.strata)
        cells = np.empty((len(rows), self.n), np.int64)
        for turn in np.unique(draw):  # the strata of one draw are consecutive
            there = np.flatnonzero(draw == turn)
            first, last = (int(stratum[place]) for place in there[[0, -1]])
            cells[there] = tuples(self.binades, self.n, first, last + 1, self.ordered)
        low, size = self._cell(cells)
        words = Draw(f"{self.name}:{self.fmt}", self.seed, rows).words(0, self.n)
        magnitude = low + (words >> np.uint64(65 - self.fmt.precision)).astype(np.int64) % size
        negative = cells < self.binades // 2
        places = np.where(negative, -magnitude, magnitude)
        places = places if self.ordered else np.sort(places, axis=1)
        return formats.widen(formats.from_ordinals(places, self.fmt))

    def _cell(self, cells: Places) -> "tuple[Places, Places]":
        """The smallest magnitude of each cell, as an ordinal, and how many there are; -0 is not among them."""
        binade = cells % (self.binades // 2)
        width = 1 << (self.fmt.precision - 1)
        low = binade * width
        size = np.minimum(width, self.fmt.largest_ordinal + 1 - low)
        minus_zero = (cells < self.binades // 2) & (binade == 0)
        return np.where(minus_zero, 1, low), np.where(minus_zero, size - 1, size)


def named(name: str, function: Function, fmt: Format, seed: int) -> "Space | None":
    """The space that an address calls so, as large as it can be; None where it is the name of none."""
    parts = re.fullmatch(r"(every|strata)-(\d{1,2})(-ordered)?(-specials)?", name)
    if parts is None:
        return None
    kind, n, ordered, specials = parts.groups()
    if kind == "every":
        return Every(function, fmt, int(n), ordered is not None, specials=specials is not None)
    return None if specials else Strata(function, fmt, int(n), ordered is not None, seed)


# ---- tuples of places, by rank: lexicographic, ascending where order does not count ----


def combinations(k: int, n: int, ordered: bool = False) -> int:
    """How many rows of n entries out of k there are."""
    return k**n if ordered else math.comb(k + n - 1, n)


def tuples(k: int, n: int, start: int, stop: int, ordered: bool = False) -> Places:
    """Rows number start to stop - 1 of those, as places from 0 to k - 1: (stop - start, n).

    A range of rows is a range of their first n - 1 entries, each followed by a run of last entries.
    """
    if stop <= start:
        return np.empty((0, n), np.int64)
    if n == 1:
        return np.arange(start, stop, dtype=np.int64)[:, None]
    head, tail = unranked(k, n, start, ordered), unranked(k, n, stop - 1, ordered)
    first, last = (ranked(k, each[:-1], ordered) for each in (head, tail))
    before = tuples(k, n - 1, first, last + 1, ordered)
    begin = np.zeros(len(before), np.int64) if ordered else before[:, -1].copy()
    end = np.full(len(before), k)
    begin[0], end[-1] = head[-1], tail[-1] + 1
    length = end - begin
    found = np.empty((stop - start, n), np.int64)
    for column in range(n - 1):
        found[:, column] = np.repeat(before[:, column], length)
    found[:, -1] = np.arange(stop - start) - np.repeat(np.cumsum(length) - length - begin, length)
    return found


def unranked(k: int, n: int, rank: int, ordered: bool = False) -> "tuple[int, ...]":
    """The row of that rank."""
    if ordered:
        return tuple(rank // k ** (n - 1 - place) % k for place in range(n))
    found: list[int] = []
    least = 0
    for left in range(n, 0, -1):
        # rows of `left` entries from `least` on whose first is below `i`
        whole = math.comb(k - least + left - 1, left)
        low, high = least, k - 1
        while low < high:
            middle = (low + high + 1) // 2
            if whole - math.comb(k - middle + left - 1, left) <= rank:
                low = middle
            else:
                high = middle - 1
        rank -= whole - math.comb(k - low + left - 1, left)
        least = low
        found.append(low)
    return tuple(found)


def ranked(k: int, row: "tuple[int, ...]", ordered: bool = False) -> int:
    """The rank of a row."""
    if ordered:
        return functools.reduce(lambda rank, place: rank * k + place, row, 0)
    rank, least = 0, 0
    for left, place in zip(range(len(row), 0, -1), row, strict=True):
        rank += math.comb(k - least + left - 1, left) - math.comb(k - place + left - 1, left)
        least = place
    return rank
