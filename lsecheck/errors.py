"""mistake -> one whole sentence.

Every exception of the package, in one tree. Each says what was wrong, what it got, what is
allowed and what to do, and carries the exit status that the command line turns it into.
"""

import difflib
from collections.abc import Iterable


class LsecheckError(Exception):
    """Whatever lsecheck refuses or cannot do; `str()` is a sentence fit to be shown."""

    exit_status = 2  #: what the command line exits with


class InputError(LsecheckError, ValueError):
    """Values, arrays, files or options that cannot be used as they are."""


class UnknownName(InputError):
    """A name that is not in the list it should come from.

    Attributes: `kind` (what it should have been), `name` (what it was), `allowed`.
    """

    def __init__(self, kind: str, name: str, allowed: Iterable[str]):
        self.kind, self.name, self.allowed = kind, name, tuple(allowed)
        near = difflib.get_close_matches(name, self.allowed, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        super().__init__(f"unknown {kind} {name!r}: {hint}choose from {', '.join(self.allowed)}")

    def __reduce__(self) -> "tuple[type[UnknownName], tuple[str, str, tuple[str, ...]]]":
        return type(self), (self.kind, self.name, self.allowed)  # so that it can leave a worker process


class SubjectError(LsecheckError):
    """A subject that cannot be found, imported or called the way it was asked for."""


class Undecided(LsecheckError):
    """The oracle reached its precision cap with the rounding still open; it never guesses."""

    exit_status = 3


class NothingMeasured(LsecheckError):
    """A run that scored no case: an empty run is never a pass."""

    exit_status = 5


class EnvironmentRefused(LsecheckError):
    """A machine state or an installation in which no certificate would be worth anything."""
