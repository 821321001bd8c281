"""a rule of conduct that fails -> the smallest batch on which it fails."""

import numpy as np

from lsecheck import conduct
from lsecheck.arena import Arena, Misconduct
from lsecheck.inputs.batch import Batch
from lsecheck.rows import FAILS, Observation

#: shapes to try, smallest first
_SHAPES = ((1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (3, 2), (3, 3), (3, 5), (5, 3), (4, 8), (8, 8), (8, 4))


def smallest_batch(arena: Arena, event: Misconduct) -> "tuple[Observation, Batch, int]":
    """Corners of the batch, as they are and simplified, in order of size; and how many were tried."""
    batch, tried = event.batch, 0
    rows, n = batch.values.shape
    for height, width in _SHAPES:
        if height > rows or width > n or (arena.function.entries or width) != width:
            continue
        corner = batch.values[:height, :width]
        for values in (np.rint(np.clip(corner, -100, 100)), corner):
            tried += height
            labels = None if batch.labels is None else np.minimum(batch.labels[:height], width - 1)
            smaller = Batch(batch.family, batch.seed, batch.indices[:height], arena.held(values), labels)
            heard = arena.fresh().judge(smaller)
            if heard.broken.any():
                continue
            asked = heard.asked
            for seen in conduct.observe(arena.subject, arena.function, arena.pair, arena.required, asked):
                if seen.rule == event.seen.rule and seen.standing == FAILS:
                    return seen, smaller, tried
    return event.seen, batch, tried
