"""words -> a claim: what is to be shown of whom, over which cases, and how these are cut into shards.

Cutting is a function of the number of cases alone, so a claim has the same shards wherever it is
worked on, and the digests of its answers are the same.
"""

import hashlib
import re
from dataclasses import dataclass

from lsecheck import contracts, formats, functions
from lsecheck.contracts import Contract
from lsecheck.errors import InputError
from lsecheck.formats import FormatPair
from lsecheck.functions.definition import Function
from lsecheck.inputs.exhaustive import Every, Space, Strata
from lsecheck.subjects.loading import PLAIN, Loading

#: cases of a shard at the least: seconds of work, so that asking for it and keeping its evidence costs nothing
SHARD = 1 << 21
#: shards at the most: what is kept of them stays below 200 MB on the disk, and 30 in memory
MOST_SHARDS = 1 << 16
#: cases at the most: some years of a core's work, days of a cluster's
MOST_CASES = 1 << 50
#: what a case takes, about (docs/proving.md has what was measured)
NANOSECONDS = 200


@dataclass(frozen=True, slots=True)
class Claim:
    """A subject, a function, a format and every case there is of it (or a stratified sample)."""

    subject: str
    function: str
    format: str  #: IN, or IN:OUT
    n: int
    ordered: bool = False
    specials: bool = False
    sample: "int | None" = None  #: draws from each stratum, in place of every case
    seed: int = 0  #: of the sample
    required: str = "shifted"
    loading: Loading = PLAIN

    def __post_init__(self) -> None:
        if self.sample is not None and self.specials:
            raise InputError("--sample and --specials exclude each other: a sample has finite numbers only")
        if self.sample is None and self.seed:
            raise InputError("--seed goes with --sample: every case there is needs no chance")
        # one name for each: a claim is compared, and its files are called, by these
        object.__setattr__(self, "function", self.defined.name)
        object.__setattr__(self, "format", str(self.pair))
        object.__setattr__(self, "required", str(self.contract))
        if self.space.count > MOST_CASES:
            years = self.space.count * NANOSECONDS * 1e-9 / (365.25 * 86400)
            less = "add --sample DRAWS" if self.sample is None else "take fewer entries or draws"
            raise InputError(
                f"there are {self.space.count:.3g} such cases, {years:,.3g} years of a core's work: {less}"
            )

    @property
    def defined(self) -> Function:
        """The function."""
        return functions.named(self.function)

    @property
    def pair(self) -> FormatPair:
        """The formats of input and output."""
        return formats.pair(self.format)

    @property
    def contract(self) -> Contract:
        """The contract that is required."""
        return contracts.named(self.required)

    @property
    def space(self) -> Space:
        """The cases."""
        if self.sample is not None:
            return Strata(self.defined, self.pair.input, self.n, self.ordered, self.seed, self.sample)
        return Every(self.defined, self.pair.input, self.n, self.ordered, specials=self.specials)

    @property
    def shard(self) -> int:
        """Cases of a shard: a power of two."""
        size = SHARD
        while size * MOST_SHARDS < self.space.count:
            size *= 2
        return size

    @property
    def shards(self) -> int:
        """How many there are; the last may be smaller."""
        return -(-self.space.count // self.shard)

    def bounds(self, place: int) -> "tuple[int, int]":
        """The first case of a shard, and the one after its last."""
        return place * self.shard, min((place + 1) * self.shard, self.space.count)

    @property
    def name(self) -> str:
        """A file name that says what it is: other claims have other names."""
        words = [self.subject, self.loading.options, self.function, self.format, self.space.name]
        words += [f"draws{self.sample}", f"seed{self.seed}"] if self.sample is not None else []
        words += [self.required] if self.contract is not Contract.SHIFTED else []
        said = "_".join(word for word in words if word)
        plain = re.sub(r"[^A-Za-z0-9@.+-]+", "_", said).strip("._")
        if plain == said and len(plain) <= 120:
            return plain
        # of the words, not of their sum, which could be cut in two ways
        return f"{plain[:100]}_{hashlib.sha256(repr(words).encode()).hexdigest()[:8]}"
