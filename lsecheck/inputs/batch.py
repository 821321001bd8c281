"""Cases of equal n, with their addresses: what every source of cases hands on."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsecheck import formats
from lsecheck.formats import Format
from lsecheck.functions.definition import Floats, Labels

#: seeds and indices lie below this: with the family's key they fill a 64-bit counter
BEYOND = 1 << 62


@dataclass(frozen=True, slots=True)
class Batch:
    """Cases of equal n, with their addresses."""

    family: str
    seed: int
    indices: "np.ndarray[Any, np.dtype[np.int64]]"  #: (rows,)
    values: Floats  #: (rows, n), numbers of the format
    labels: "Labels | None"  #: (rows,) for cross_entropy
    plan: str = ""  #: how a streaming subject is fed; '' is its own default

    def address(self, row: int) -> str:
        """FAMILY:SEED:INDEX of a row."""
        return f"{self.family}:{self.seed}:{self.indices[row]}"

    def some(self, rows: "np.ndarray[Any, np.dtype[np.int64]]") -> "Batch":
        """Some of the cases, as they are."""
        labels = None if self.labels is None else self.labels[rows]
        return Batch(self.family, self.seed, self.indices[rows], self.values[rows], labels, self.plan)

    def digest(self, fmt: Format) -> bytes:
        """Hash of the shape, the bits in `fmt` and the labels: what `inputs_sha256` is made of."""
        state = hashlib.sha256(f"{fmt}:{self.values.shape}".encode())
        state.update(formats.cast(self.values, fmt).view(f"u{fmt.width // 8}").astype(f"<u{fmt.width // 8}").tobytes())
        if self.labels is not None:
            state.update(self.labels.astype("<i8").tobytes())
        return state.digest()
