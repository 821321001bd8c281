"""arena -> independent draws from the families: the one engine whose counts are statistics.

The mixture is fixed beforehand (every family and length in turn, as many rows of each), and within it
every case is drawn independently. Of such a stratified sample, 0 exceedances in N still bound the share
by 3/N at 95 %: prod (1 - p_s) <= (1 - mean p)^N.
"""

from collections.abc import Iterator

import numpy as np

from lsecheck.arena import Arena, Heard
from lsecheck.inputs import cases
from lsecheck.inputs.bits import Draw
from lsecheck.inputs.families import CONDUCT, FAMILIES

#: entries of a batch, and the longest row that is drawn
ENTRIES = 1 << 12
LONGEST = 1024
#: cases of which nothing is drawn at random, or not by their index alone
_FIXED = (CONDUCT, "width", "specials", "long")


def sampled(arena: Arena, seed: int) -> Iterator[Heard]:
    """Batches without end; every case has an address that a check can ask for again."""
    strata = [
        (family, place)
        for family in FAMILIES.values()
        if family.name not in _FIXED
        for place in sorted({family.widths.index(n) for n in set(family.widths) if n <= LONGEST})
    ]
    if arena.function.entries:
        strata = [(family, 0) for family in dict.fromkeys(family for family, _ in strata)]
    turn = 0
    while True:
        for family, place in strata:
            count = len(family.widths)
            rows = max(ENTRIES // (arena.function.entries or family.widths[place] or 1), 4)
            draw = Draw("sample", seed, np.arange(rows) + turn * (ENTRIES + 8))
            indices = draw.integers(0, 0, 1 << 30)[:, 0] * count + place
            turn += 1
            for batch in cases.generated(family, indices.tolist(), arena.function, arena.pair.input, seed):
                yield arena.judge(batch)
