"""Arenas for the tests of fuzzing, and callables to put into them."""

from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any

import numpy as np

from lsecheck import contracts, formats, functions
from lsecheck.arena import Arena, Heard
from lsecheck.faults import CONTROLS, FAULTS
from lsecheck.fuzz.sweeps import Screened
from lsecheck.inputs import cases
from lsecheck.subjects import load
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.question import Question, Reply
from lsecheck.subjects.subject import Subject

Array = np.ndarray[Any, Any]


def arena(
    subject: Any,
    function: str = "logsumexp",
    fmt: str = "float32",
    *,
    require: str = "shifted",
    loading: Loading = PLAIN,
    **more: Any,
) -> Arena:
    """A subject with what is asked of it."""
    defined, pair = functions.named(function), formats.pair(fmt)
    return Arena(load(subject, loading), defined, pair, contracts.named(require), **more)


def planted(name: str, call: "Callable[..., Any] | None" = None, **more: Any) -> Arena:
    """A planted fault or a control, in its function and format; or another callable in its place."""
    fault = FAULTS.get(name) or CONTROLS[name]
    subject = call or f"lsecheck.faults:{name}"
    return arena(subject, fault.function, fault.format, require=fault.require, **more)


def good(x: Array, axis: int = -1) -> Any:
    """Honest, in every format."""
    return CONTROLS["two-pass"].call(x, axis=axis)


def recorded(call: Callable[..., Any]) -> "tuple[Callable[..., Any], list[Array]]":
    """A callable of one array, and the arrays that it was handed."""
    seen: list[Array] = []

    def recording(x: Array, axis: int = -1) -> Any:
        seen.append(np.array(x))
        return call(x, axis=axis)

    return recording, seen


def answering(answers: Any, dtype: Any = None) -> Callable[..., Any]:
    """Whatever it is asked: one number for every row, or just these answers."""

    def call(x: Array, axis: int = -1) -> Any:
        assert axis == -1
        said = np.asarray(answers, dtype or x.dtype)
        return said if said.ndim else np.full(len(x), said)

    return call


def failing(x: Array, axis: int = -1) -> Any:
    """It never answers."""
    raise ValueError(f"no reduction of {x.shape} along {axis}")


def elsewhere(reply: "Callable[[Question], Reply]") -> Subject:
    """A subject in another process, made up."""
    calls = {name: good for name in functions.FUNCTIONS}
    return Subject("far", calls, given=True, elsewhere=reply)


def first_broken(asked: Arena, family: str, effort: str = "quick", seed: int = 0) -> Heard:
    """The first batch of a family with a row that breaks something."""
    fmt = asked.pair.input
    for batch in cases.batches(family, asked.function, fmt, effort, seed):
        heard = asked.judge(batch)
        if heard.broken.any():
            return heard
    raise AssertionError(f"{family} breaks nothing of {asked.subject.name}")


def until(cases_: int, events: "Iterable[Any]") -> Iterator[Any]:
    """Events until so many cases were asked."""
    asked = 0
    for event in events:
        yield event
        asked += event.cases if isinstance(event, Screened) else len(getattr(event, "broken", ()))
        if asked >= cases_:
            return


def alternating(*calls: Callable[..., Any]) -> Callable[..., Any]:
    """Another callable every time."""
    turns = count()
    return lambda x, axis=-1: calls[next(turns) % len(calls)](x, axis=axis)
