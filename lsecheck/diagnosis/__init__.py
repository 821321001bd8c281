"""Why answers are wrong: known methods and faults that answer alike, and figures that give a cause away."""

from lsecheck.diagnosis.cause import Cause, Count, Diagnosis
from lsecheck.diagnosis.diagnosing import diagnose

__all__ = ["Cause", "Count", "Diagnosis", "diagnose"]
