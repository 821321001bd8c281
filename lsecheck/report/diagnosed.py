"""diagnosis -> lines under a counterexample: the cause, and what would mend it."""

from lsecheck.diagnosis import Diagnosis
from lsecheck.report.words import one_line

UNKNOWN = "unknown: the wrong answers match no known method, fault, ratio or threshold"


def lines(diagnosis: Diagnosis) -> list[str]:
    """A line for each cause, its fix below it; what there was no time for at the end."""
    told = []
    for cause in diagnosis.causes:
        told.append(f"cause      {one_line(cause.statement)}")
        if cause.fix:
            told.append(f"fix        {one_line(cause.fix)}")
    if not diagnosis.causes:
        told.append(f"cause      {UNKNOWN}")
    if diagnosis.skipped:
        told.append(f"not tried  {', '.join(diagnosis.skipped)}: the time was over")
    return told
