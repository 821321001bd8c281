"""Diagnoses for tests: of planted faults, of callables, with time enough on any machine."""

from collections.abc import Callable
from typing import Any

from lsecheck import formats, functions
from lsecheck.arena import Arena
from lsecheck.contracts import Contract
from lsecheck.diagnosis import Diagnosis, diagnose
from lsecheck.faults import CONTROLS, FAULTS
from lsecheck.subjects import load
from lsecheck.subjects.loaders import from_callable

ENOUGH = 60.0


def arena(subject: Any, function: str = "logsumexp", fmt: str = "float32", require: str = "shifted") -> Arena:
    """What a subject is asked."""
    loaded = from_callable(subject) if callable(subject) else load(subject)
    return Arena(loaded, functions.named(function), formats.pair(fmt), Contract(require))


def of_fault(name: str, alone: bool = False) -> Diagnosis:
    """Of a planted fault or control; `alone`: compared with methods, but with no fault."""
    fault = FAULTS.get(name) or CONTROLS[name]
    asked = arena(f"lsecheck.faults:{name}", fault.function, fault.format, fault.require)
    return diagnose(asked, seconds=ENOUGH, without=frozenset(FAULTS) if alone else frozenset())


def of_callable(call: "Callable[..., Any]", **asked: Any) -> Diagnosis:
    """Of a function of one's own."""
    return diagnose(arena(call, **asked), seconds=ENOUGH)


def told(diagnosis: Diagnosis) -> str:
    """Everything that is said, in order."""
    return "\n".join(f"{cause.statement} | {cause.fix}" for cause in diagnosis.causes)
