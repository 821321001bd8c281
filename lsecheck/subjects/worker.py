"""questions on a pipe -> replies on another: the process that a subject lives in.

A message is a line of JSON, arrays are in shared memory, and nothing is pickled: the subject may
have spoilt this process, and then what it sends must not be able to do more than be refused.
"""

import contextlib
import ctypes
import os
import signal
import sys
import tempfile
from dataclasses import replace
from typing import IO, Any

import msgspec
import numpy as np

from lsecheck.errors import LsecheckError
from lsecheck.subjects import state
from lsecheck.subjects.loading import Loading
from lsecheck.subjects.process import limits
from lsecheck.subjects.question import Notice, Question, Reply
from lsecheck.subjects.shared import Shared
from lsecheck.subjects.subject import Subject

_C = ctypes.CDLL(None)  # the C library


class Order(msgspec.Struct):
    """The first message: what to load."""

    spec: str
    loading: Loading
    bound: bool  #: to the life of the thread that started it: that of a main thread is its process's


class Loaded(msgspec.Struct, tag=True):
    """The answer to it: the subject, as far as it can be told."""

    name: str
    functions: list[str]
    note: str
    version: str
    formats: "dict[str, frozenset[str]] | None"
    given: bool
    spec: str
    takes: "frozenset[str]"


class Refused(msgspec.Struct, tag=True):
    """Or the error that loading it raised: a class of `errors`, and what it is made from."""

    error: str
    arguments: list[Any]


class Asked(msgspec.Struct):
    """A question, less its arrays."""

    function: str
    dtype: str
    shape: tuple[int, int]
    labelled: bool
    output: str
    layout: str
    way: str
    watched: bool
    plan: str


class Said(msgspec.Struct):
    """A reply, less its array."""

    dtype: str  #: empty where there is no array
    numeric: bool  #: and so it was shared; dtype and shape of another say enough
    shape: tuple[int, ...]
    trouble: str
    message: str
    notices: tuple[Notice, ...]


def line(message: msgspec.Struct) -> bytes:
    """A message as it is sent."""
    return msgspec.json.encode(message) + b"\n"


def whole(received: "bytearray | bytes") -> int:
    """How many bytes to wait for."""
    return len(received) + (not received.endswith(b"\n"))


def told(dtype: "np.dtype[Any]") -> str:
    """A dtype as text, byte order included: those of ml_dtypes have but a name."""
    return dtype.name if dtype.type.__module__ == "ml_dtypes" else dtype.str


def named(text: str) -> "np.dtype[Any]":
    """And back; `object` for what there is no array of here either."""
    try:
        return np.dtype(text)
    except TypeError:
        import ml_dtypes

        return np.dtype(getattr(ml_dtypes, text, object))


def main(questions: int, replies: int, memory: int) -> None:
    """Load what the first message says, then answer, until there is nobody to ask."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for file in (questions, replies, memory):
        os.set_inheritable(file, False)
    process, shared = os.getpid(), Shared(memory)
    with open(questions, "rb") as asked, open(replies, "wb", 0) as said, tempfile.TemporaryFile() as written:
        os.dup2(written.fileno(), 1)
        sys.stdout = open(1, "w", encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115 - for good
        order = msgspec.json.decode(asked.readline(), type=Order)
        _confine(order)
        subject = _loaded(order, said)
        _printed()  # while it was loaded: no call's doing
        pending = _spoilt_by_loading()
        while subject is not None and (message := asked.readline()):
            reply = _replied(subject, _question(message, shared), pending)
            if os.getpid() != process:
                return  # a fork that the subject did not end must not answer beside us
            pending = ()
            said.write(line(_said(reply, shared)))


def _question(message: bytes, shared: Shared) -> Question:
    head = msgspec.json.decode(message, type=Asked)
    kinds = [(head.shape, named(head.dtype)), (head.shape[:1], np.dtype(np.int64))]
    array, *labels = shared.take(*kinds[: 1 + head.labelled])
    return Question(
        function=head.function,
        array=array,
        output=head.output,
        labels=labels[0] if labels else None,
        layout=head.layout,
        way=head.way,
        watched=head.watched,
        plan=head.plan,
    )


def _replied(subject: Subject, question: Question, pending: tuple[Notice, ...]) -> Reply:
    """Its reply, and what it wrote to stdout, from Python or not, in a notice."""
    try:
        reply = subject.reply(question, aside=sys.stdout)
    except BaseException as error:  # KeyboardInterrupt, which nobody pressed
        reply = Reply(None, "raised", f"raised {type(error).__name__}: {error}")
    notices = (*pending, *reply.notices)
    text = _printed()
    if text and not any(notice.rule == "stdout" for notice in notices):
        notices += (Notice("stdout", f"wrote {text[:60]!r} to stdout"),)
    return replace(reply, notices=notices)


def _said(reply: Reply, shared: Shared) -> Said:
    """A reply, its array shared if it is one of numbers."""
    notices = tuple(Notice(notice.rule, _sendable(notice.message)) for notice in reply.notices)
    head = Said("", False, (), reply.trouble, _sendable(reply.message), notices)
    if reply.array is not None:
        array = reply.array
        head.dtype, head.shape = told(array.dtype), array.shape
        head.numeric = array.dtype.kind in "fiubcV" and array.dtype.fields is None
        if head.numeric:
            shared.put(array)
    return head


def _sendable(text: str) -> str:
    """Text that UTF-8 can hold, of a size fit to be shown."""
    return text[:2000].encode("utf-8", "replace").decode("utf-8")


def _printed() -> str:
    """What is on stdout, which is a file, and emptied."""
    with contextlib.suppress(Exception):  # the subject may have closed it
        sys.stdout.flush()
    with contextlib.suppress(OSError, AttributeError):
        _C.fflush(None)  # C's buffers are its own
    try:
        if not os.fstat(1).st_size:
            return ""
        text = os.pread(1, 240, 0).decode("utf-8", "replace")
        os.ftruncate(1, 0)
        os.lseek(1, 0, os.SEEK_SET)
    except OSError:
        return ""
    return text


def _loaded(order: Order, said: IO[bytes]) -> "Subject | None":
    """The subject, which is described to whoever asked for it, or None: then the reason was."""
    from lsecheck.subjects import load_here

    subject: Subject | None = None
    answer: Loaded | Refused
    try:
        subject = load_here(order.spec, order.loading)
        answer = Loaded(
            name=subject.name,
            functions=list(subject.implementations),
            note=subject.note,
            version=subject.version,
            formats=None if subject.formats is None else {name: frozenset(f) for name, f in subject.formats.items()},
            given=subject.given,
            spec=subject.spec,
            takes=subject.takes,
        )
    except LsecheckError as error:
        made: Any = error.__reduce__()  # the class, and the arguments that make it again
        answer = Refused(made[0].__name__, list(made[1]))
    except BaseException as error:
        text = _sendable(f"{order.spec!r}: loading it raised {type(error).__name__}: {' '.join(str(error).split())}")
        answer = Refused("SubjectError", [text])
    said.write(line(answer))
    return subject


def _spoilt_by_loading() -> tuple[Notice, ...]:
    """-ffast-math of GCC before 13 switches to flush-to-zero when a library is loaded."""
    spoilt = state.mode()
    if not spoilt:
        return ()
    state.restore_mode()
    return (Notice("state", f"switched its process to {spoilt} when it was loaded"),)


def _confine(order: Order) -> None:
    """Limit what it can take of the machine, and end it with its parent."""
    with contextlib.suppress(ImportError):
        import resource

        for kind, limit in limits(order.loading.gibibytes).items():
            with contextlib.suppress(ValueError, OSError):
                resource.setrlimit(kind, limit)
    if order.bound and sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            _C.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: where the parent cannot, and it hangs
