"""callable, question -> reply, in this process.

The cases are laid out as the question says and handed over; whatever is raised is caught, and of
a watched call everything else that it did is noticed: its input changed, warnings, output on
stdout, global state.
"""

import contextlib
import io
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any, TextIO

import numpy as np

from lsecheck.subjects import state
from lsecheck.subjects.question import LAYOUTS, WAYS, Array, Notice, Question, Reply

#: NumPy's own defaults: what a user of the subject would be warned of
_DEFAULTS: dict[str, Any] = {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}


def hand(call: "Callable[..., Any]", question: Question, aside: "TextIO | None" = None) -> Reply:
    """Call with the arrays of a question: `call(x)`, `call(a, b)` for logaddexp, `call(x, labels)` where it has
    labels; of other ways than 'rows', `call(x, axis=..., keepdims=...)`; of a plan, `call(x, plan=...)`. What an
    unwatched call prints goes `aside` (None: to stderr)."""
    way = WAYS[question.way]
    laid = LAYOUTS[question.layout](way.put(question.array))
    arrays = [laid]
    if question.function == "logaddexp":
        halves = (laid[:, 0], laid[:, 1])
        arrays = [half.copy() for half in halves] if question.layout == "contiguous" else list(halves)
    if question.labels is not None:
        arrays.append(question.labels.copy())
    told: dict[str, Any] = {} if question.way == "rows" else {"axis": way.axis}
    if way.keepdims:
        told["keepdims"] = True
    if question.plan:
        told["plan"] = question.plan
    notices: list[Notice] = []
    try:
        with _watching(question.watched, notices, aside):
            raw = call(*arrays, **told)
        answer = np.array(raw)  # a copy: a buffer that it reuses must not rewrite what was said
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever a subject raises is a finding, not ours to handle
        return Reply(None, "raised", f"raised {type(error).__name__}: {_words(error)}", tuple(notices))
    finally:
        spoilt = state.mode()
        if spoilt:
            state.restore_mode()
            notices.append(Notice("state", f"switched this process to {spoilt}"))
    if question.watched:
        notices += _overwritten(arrays, way.put(question.array), question)
    return _back(answer, question, tuple(notices))


def _words(error: BaseException) -> str:
    """What was raised, in its own words; those too are the subject's, and may raise."""
    try:
        return str(error)
    except Exception as worse:
        return f"(its words raised {type(worse).__name__})"


def _back(answer: Array, question: Question, notices: tuple[Notice, ...]) -> Reply:
    """An answer to another way than 'rows' as one to 'rows'; of a wrong shape, trouble."""
    if question.way == "rows":
        return Reply(answer, notices=notices)
    way, rows = WAYS[question.way], len(question.array)
    handed = way.put(question.array).shape
    if answer.shape == handed:  # elementwise
        return Reply(way.back(answer), notices=notices)
    right = way.reduced(rows)
    if answer.shape != right:
        message = f"answered in shape {answer.shape} where {right} is right"
        return Reply(None, "shape", message, notices)
    return Reply(answer.reshape(-1)[-rows:].copy(), notices=notices)


def _overwritten(arrays: list[Array], put: Array, question: Question) -> Iterator[Notice]:
    """A notice for each array that is no longer as it was handed over."""
    source = LAYOUTS[question.layout](put)
    halves = [source[:, 0], source[:, 1]] if question.function == "logaddexp" else [source]
    names = ["a", "b"] if len(halves) == 2 else ["x"]
    given = arrays[: len(halves)]
    for name, now, then in zip(names, given, halves, strict=True):
        if now.tobytes() != then.tobytes():
            yield Notice("input", f"{name} was changed by the call")
    if question.labels is not None and not np.array_equal(arrays[-1], question.labels):
        yield Notice("input", "the labels were changed by the call")


@contextlib.contextmanager
def _watching(watched: bool, notices: list[Notice], aside: "TextIO | None") -> Iterator[None]:
    """Keep what a call changes to itself; of a watched one, write it down."""
    if not watched:
        with warnings.catch_warnings(), np.errstate(all="ignore"), contextlib.redirect_stdout(aside or sys.stderr):
            warnings.simplefilter("ignore")
            yield
        return
    said = io.StringIO()
    with (
        warnings.catch_warnings(record=True) as caught,
        np.errstate(**_DEFAULTS),
        contextlib.redirect_stdout(said),
    ):
        warnings.simplefilter("always")
        before = state.Snapshot()
        try:
            yield
        finally:
            changed = before.changes()
            if changed:
                notices.append(Notice("state", f"changed {' and '.join(changed)}"))
            if said.getvalue():
                notices.append(Notice("stdout", f"wrote {said.getvalue()[:60]!r} to stdout"))
            for text in dict.fromkeys(f"{each.category.__name__}: {each.message}" for each in caught):
                notices.append(Notice("warnings", f"warned {text}"))
