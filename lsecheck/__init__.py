"""lsecheck: the accuracy referee for the LogSumExp family. This file is its table of contents."""

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
from lsecheck.gate import Result, check
from lsecheck.measure import ClassError, Errors, measure
from lsecheck.oracle.reference import cross_entropy, log_softmax, logaddexp, logsumexp, softmax
from lsecheck.oracle.truth import Truth, truth
from lsecheck.subjects.loading import Loading
from lsecheck.testing import assert_accurate

__version__ = "0.1.0"

__all__ = [
    "ClassError",
    "Contract",
    "EnvironmentRefused",
    "Errors",
    "InputError",
    "Loading",
    "LsecheckError",
    "NothingMeasured",
    "Result",
    "SubjectError",
    "Truth",
    "Undecided",
    "UnknownName",
    "assert_accurate",
    "check",
    "cross_entropy",
    "log_softmax",
    "logaddexp",
    "logsumexp",
    "measure",
    "softmax",
    "truth",
]
