"""the same questions again -> what changed although nothing should: another time, or in other company.

Bits may differ between batches of other shapes, and honest code is not charged with that: what counts is
that a row is right in one company and wrong in another.
"""

import numpy as np

from lsecheck.arena import Heard
from lsecheck.charges import Asked
from lsecheck.diagnosis.cause import Cause, Count
from lsecheck.diagnosis.inquiry import Inquiry, breaks, far, same, with_answers
from lsecheck.measure import errors

#: rows that are asked again on their own; half of them must be right there
ALONE = 24
#: rows that are asked again as they were
AGAIN = 120


def unsteady(inquiry: Inquiry, heard: "list[Heard]") -> "list[Cause]":
    """Whether the same batch, asked again, is answered alike."""
    changed = asked = wrong = 0
    for each in sorted(heard, key=lambda one: not one.broken.any()):
        if asked >= AGAIN:
            break
        inquiry.on_time()
        before, again = each.asked.answers, inquiry.arena.answer(each.asked.batch.values)
        moved = ~same(before.values, again.values).all(-1) | (before.trouble != again.trouble)
        asked += len(each)
        changed += int(moved.sum())
        if moved.any():
            wrong += int(
                (moved & (each.broken | breaks(inquiry.arena, with_answers(each, again, inquiry.arena)))).sum()
            )
    if not wrong:
        return []
    statement = (
        f"{changed} of {asked} probes are answered otherwise when the same batch is asked again,"
        f" {wrong} of them wrong at least once"
    )
    fix = "let an answer depend on its input alone: no state, workspace or order of summation from another call"
    return [Cause(kind="unsteady", statement=statement, fix=fix, confidence=Count(changed, asked))]


def neighbours(inquiry: Inquiry, heard: "list[Heard]") -> "list[Cause]":
    """Whether rows that are wrong in a batch are right alone."""
    mended = asked = 0
    arena = inquiry.arena
    for each in sorted((one for one in heard if len(one) > 1), key=lambda one: one.asked.batch.values.size):
        for row in np.flatnonzero(each.broken & far(each))[: max(min(ALONE // 6, ALONE - asked), 0)]:
            inquiry.on_time()
            one = np.array([row])
            batch, truth = each.asked.batch.some(one), each.asked.truth.part(one, slice(None))
            said = arena.answer(batch.values)
            alone = Asked(batch, truth, said, errors(truth, said.values, arena.required))
            mended += int(not breaks(arena, alone).any())
            asked += 1
    if 2 * mended < max(asked, 1):
        return []
    statement = f"{mended} of {asked} rows that are wrong beside other rows are right alone"
    fix = "let an answer depend on its own row alone: not on other rows, nor on where in memory it lies"
    return [Cause(kind="neighbours", statement=statement, fix=fix, confidence=Count(mended, asked))]
