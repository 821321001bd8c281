"""rows -> verdicts, and what a project demands of them."""

from lsecheck.gate.result import EMPTY, FAILED_THROUGHOUT, FOUND, HOLDS, Result, check, status_of
from lsecheck.gate.verdicts import judge

__all__ = ["EMPTY", "FAILED_THROUGHOUT", "FOUND", "HOLDS", "Result", "check", "judge", "status_of"]
