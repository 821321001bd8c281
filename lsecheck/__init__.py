"""lsecheck: the accuracy referee for the LogSumExp family. This file is its table of contents.

A name is imported when it is first asked for: pytest loads our plug-in in every run of every project
that has lsecheck installed, and most of those runs need nothing of it, least of all NumPy.
"""

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the same table, for type checkers and editors
    from lsecheck.contracts import Contract
    from lsecheck.errors import (
        EnvironmentRefused,
        InputError,
        LsecheckError,
        NothingMeasured,
        SubjectError,
        Undecided,
        UnknownName,
    )
    from lsecheck.fuzz import Counterexample, Fuzzed, fuzz
    from lsecheck.gate import Result, check
    from lsecheck.measure import ClassError, Errors, measure
    from lsecheck.oracle.reference import cross_entropy, log_softmax, logaddexp, logsumexp, softmax
    from lsecheck.oracle.truth import Truth, truth
    from lsecheck.prove import Proof, prove
    from lsecheck.subjects.loading import Loading
    from lsecheck.testing import assert_accurate, assert_case

__version__ = "0.1.0"

__all__ = [
    "ClassError",
    "Contract",
    "Counterexample",
    "EnvironmentRefused",
    "Errors",
    "Fuzzed",
    "InputError",
    "Loading",
    "LsecheckError",
    "NothingMeasured",
    "Proof",
    "Result",
    "SubjectError",
    "Truth",
    "Undecided",
    "UnknownName",
    "assert_accurate",
    "assert_case",
    "check",
    "cross_entropy",
    "fuzz",
    "log_softmax",
    "logaddexp",
    "logsumexp",
    "measure",
    "prove",
    "softmax",
    "truth",
]

#: where the names are
_MODULES = {
    "contracts": "Contract",
    "errors": "EnvironmentRefused InputError LsecheckError NothingMeasured SubjectError Undecided UnknownName",
    "fuzz": "Counterexample Fuzzed fuzz",
    "gate": "Result check",
    "measure": "ClassError Errors measure",
    "oracle.reference": "cross_entropy log_softmax logaddexp logsumexp softmax",
    "oracle.truth": "Truth truth",
    "prove": "Proof prove",
    "subjects.loading": "Loading",
    "testing": "assert_accurate assert_case",
}
_PLACES = {name: f"lsecheck.{module}" for module, names in _MODULES.items() for name in names.split()}


class _Contents(ModuleType):
    """This module: it imports a public name when that is first asked for, and keeps it."""

    def __getattr__(self, name: str) -> Any:
        if name not in _PLACES:
            raise AttributeError(f"module 'lsecheck' has no attribute {name!r}")
        found = getattr(importlib.import_module(_PLACES[name]), name)
        setattr(self, name, found)
        return found

    def __setattr__(self, name: str, value: Any) -> None:
        # importing lsecheck.measure would put that package in the place of the function `measure`
        if not (name in _PLACES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *__all__]


sys.modules[__name__].__class__ = _Contents
