"""rows that came back without a number -> what became of them, in the subject's own words."""

from collections import Counter

import numpy as np

from lsecheck.arena import LOST, Heard
from lsecheck.charges import BEHAVIOUR
from lsecheck.diagnosis.cause import Cause, Count

KIND = "lost"


def losses(heard: "list[Heard]") -> "list[Cause]":
    """What is raised, crashes or hangs, or answers in the wrong dtype or shape: at most one cause."""
    kinds: Counter[str] = Counter()
    asked, message, lengths = 0, "", []
    for each in heard:
        asked += len(each)
        # without entries is a matter of its own
        if not each.asked.batch.values.shape[1]:
            continue
        troubles = each.asked.answers.trouble
        lost = np.isin(troubles, (*LOST, *BEHAVIOUR))
        kinds.update(troubles[lost].tolist())
        if lost.any():
            message = message or each.asked.answers.message
            lengths.append(each.asked.batch.values.shape[1])
    if not kinds:
        return []
    (first, _), *_ = kinds.most_common()
    rows = sum(kinds.values())
    what = {"raised": "raises", "crashed": "crashes", "timed-out": "hangs"}.get(first, f"answers in another {first}")
    span = f"{min(lengths)} to {max(lengths)} entries" if len(set(lengths)) > 1 else f"{lengths[0]} entries"
    statement = f"{what} on {rows} of {asked} probes, of {span}: {message}"
    return [Cause(kind=KIND, statement=statement, confidence=Count(rows, asked))]
