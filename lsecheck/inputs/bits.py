"""family, seed, index -> random bits, the same on every machine and version.

Counter-based: a word depends on its key and its place alone, so any case can be drawn without
the ones before it. The mapping to numbers uses integers and IEEE + - x only; no libm, no NumPy
distribution, whose streams change between versions.
"""

import hashlib
from typing import Any

import numpy as np

Words = np.ndarray[Any, np.dtype[np.uint64]]
Floats = np.ndarray[Any, np.dtype[np.float64]]

#: 2^64 / golden ratio, odd: the usual Weyl increment of counter-based generators
WEYL = 0x9E3779B97F4A7C15
#: the 64-bit finalizer known as Stafford's variant 13 (shifts and multipliers)
_MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
#: 1 / standard deviation of a sum of four uniform 16-bit integers: sqrt(4 (2^32 - 1) / 12)
_BELL_SCALE = float.fromhex("0x1.bb67ae86627e8p-16")


def mixed(words: Words) -> Words:
    """A bijection of 64-bit words whose output bits all depend on all input bits."""
    words = words ^ (words >> np.uint64(30))
    words = words * _MULTIPLIERS[0]
    words = words ^ (words >> np.uint64(27))
    words = words * _MULTIPLIERS[1]
    return words ^ (words >> np.uint64(31))


class Draw:
    """Random numbers for the cases `indices` of one family under one seed.

    Every method takes a stream (so that two draws of one case differ) and a count per row, and
    answers an array of shape (rows, count).
    """

    def __init__(self, family: str, seed: int, indices: "np.ndarray[Any, np.dtype[np.int64]]"):
        self.indices = indices
        digest = hashlib.blake2b(f"{family}:{seed}".encode(), digest_size=8).digest()
        key = np.uint64(int.from_bytes(digest, "little"))
        self._rows = mixed(key ^ mixed(indices.astype(np.uint64) * np.uint64(WEYL) + np.uint64(1)))

    def words(self, stream: int, count: int) -> Words:
        """Uniform 64-bit words."""
        places = np.arange(1, count + 1, dtype=np.uint64) + np.uint64(stream << 40)
        return mixed(self._rows[:, None] + (places * np.uint64(WEYL))[None, :])

    def uniform(self, stream: int, count: int = 1) -> Floats:
        """Multiples of 2^-53 in [0, 1)."""
        return (self.words(stream, count) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def integers(self, stream: int, low: int, high: int, count: int = 1) -> "np.ndarray[Any, np.dtype[np.int64]]":
        """Integers in [low, high), high - low < 2^31."""
        top = self.words(stream, count) >> np.uint64(32)
        return low + ((top * np.uint64(high - low)) >> np.uint64(32)).astype(np.int64)

    def bell(self, stream: int, count: int = 1) -> Floats:
        """Bell-shaped, mean 0, variance 1, within ±3.47: a sum of four uniform 16-bit integers."""
        words = self.words(stream, count)
        fields = sum((words >> np.uint64(shift)) & np.uint64(0xFFFF) for shift in (0, 16, 32, 48))
        return (np.asarray(fields).astype(np.float64) - 131070.0) * _BELL_SCALE

    def sign(self, stream: int, count: int = 1) -> Floats:
        """-1.0 or 1.0."""
        return 1.0 - 2.0 * (self.words(stream, count) >> np.uint64(63)).astype(np.float64)
