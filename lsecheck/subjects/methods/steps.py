"""A method -> its steps: what a computation holds between one rounding and the next.

A method is a generator over its own steps; the last thing it yields is the answer. Each state
says what the exact remainder of the computation would make of it, so that the error that every
step adds can be told apart (`lsecheck explain`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True, slots=True)
class Exponents:
    """Held: shift m and differences d; the answer would be m + log(lead + sum exp(d))."""

    step: str
    shift: Array  #: (rows,)
    entries: Array  #: (rows, k)
    lead: int = 0  #: 1 where the largest term was left out of the sum


@dataclass(frozen=True, slots=True)
class Terms:
    """Held: shift m and terms e; the answer would be m + log(lead + sum e)."""

    step: str
    shift: Array
    entries: Array
    lead: int = 0


@dataclass(frozen=True, slots=True)
class Total:
    """Held: shift m and sum s; the answer would be m + log(lead + s)."""

    step: str
    shift: Array
    total: Array  #: (rows,)
    lead: int = 0


@dataclass(frozen=True, slots=True)
class Logged:
    """Held: shift m and logarithm l; the answer would be m + l."""

    step: str
    shift: Array
    log: Array


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer itself."""

    step: str
    values: Array  #: (rows,) or (rows, n)


Step = Exponents | Terms | Total | Logged | Answer
Method = Callable[..., Iterator[Step]]


def last(steps: Iterator[Step]) -> Array:
    """Run a method to its end and keep the answer alone."""
    step: Step | None = None
    for step in steps:  # noqa: B007 - only the last matters
        pass
    if not isinstance(step, Answer):
        raise AssertionError("a method must end with its answer")
    return step.values
