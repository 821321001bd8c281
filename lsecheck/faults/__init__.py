"""Planted faults: good implementations with one line of wrongness each, and the honest ones beside them.

Every one is a subject, `lsecheck.faults:NAME`: a referee is worth what it catches of these. Like any
subject they know nothing of the oracle.
"""

from collections.abc import Callable
from typing import Any

from lsecheck.faults.answers import ANSWERS
from lsecheck.faults.behaviour import BEHAVIOUR
from lsecheck.faults.controls import CONTROL_TABLE
from lsecheck.faults.exponentials import EXPONENTIALS
from lsecheck.faults.family import CROSS_ENTROPY, LOG_SOFTMAX, SOFTMAX
from lsecheck.faults.fault import Fault
from lsecheck.faults.logarithms import LOGARITHMS
from lsecheck.faults.merges import MERGES
from lsecheck.faults.pairs import LOGADDEXP
from lsecheck.faults.shift import SHIFT
from lsecheck.faults.special_values import SPECIAL_VALUES
from lsecheck.faults.streams import STREAMS
from lsecheck.faults.sums import SUMS
from lsecheck.faults.tiles import TILES
from lsecheck.faults.unplanned import UNPLANNED
from lsecheck.faults.widths import WIDTHS

__all__ = ["CONTROLS", "FAULTS", "Fault"]


def __getattr__(name: str) -> Callable[..., Any]:
    """The callable of a fault or a control, so that `lsecheck.faults:NAME` is a subject."""
    found = FAULTS.get(name) or CONTROLS.get(name)
    if found is None:
        raise AttributeError(f"module 'lsecheck.faults' has no attribute {name!r}")
    return found.call


#: name -> fault, by class
FAULTS: dict[str, Fault] = {
    fault.name: fault
    for table in (
        SHIFT,
        SPECIAL_VALUES,
        SUMS,
        LOGARITHMS,
        EXPONENTIALS,
        TILES,
        WIDTHS,
        MERGES,
        ANSWERS,
        BEHAVIOUR,
        SOFTMAX,
        LOG_SOFTMAX,
        CROSS_ENTROPY,
        LOGADDEXP,
        STREAMS,
        UNPLANNED,
    )
    for fault in table
}

#: name -> honest implementation: `require` is the strongest contract that it keeps
CONTROLS: dict[str, Fault] = {control.name: control for control in CONTROL_TABLE}
