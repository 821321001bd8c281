"""spec -> a subject that lives in a process of its own.

What it does to that process (crash, hang, exhaust the memory) is a reply like any other, and the
next question is put to a fresh one.
"""

import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable

import msgspec
import numpy as np

from lsecheck import errors
from lsecheck.errors import LsecheckError, SubjectError
from lsecheck.subjects import worker
from lsecheck.subjects.loading import Loading
from lsecheck.subjects.process import FIRST, Child, Lost, Service, not_here
from lsecheck.subjects.question import Question, Reply
from lsecheck.subjects.shared import Shared
from lsecheck.subjects.subject import Subject

# not -m: the worker must find what this process finds, and its environment must stay the user's
_START = (
    "import sys; sys.path[:] = sys.argv[4:]; from lsecheck.subjects.worker import main; main(*map(int, sys.argv[1:4]))"
)


def isolated(spec: str, loading: Loading) -> Subject:
    """What `load_here` gives, loaded and asked elsewhere; raises what it raises."""
    started = _Worker(spec, loading)
    loaded = started.loaded
    return Subject(
        name=loaded.name,
        implementations=dict.fromkeys(loaded.functions, not_here),
        note=f"{loaded.note}, isolated" if loaded.note else "isolated",
        version=loaded.version,
        formats=loaded.formats,
        given=loaded.given,
        spec=loaded.spec,
        takes=loaded.takes,
        elsewhere=started.reply,
    )


class _Worker:
    """A subject in a process of its own, started again when it was lost."""

    def __init__(self, spec: str, loading: Loading):
        self.spec, self.loading = spec, loading
        self.folder, self.path = os.getcwd(), list(sys.path)  # of now: a subject may be asked from another folder
        self.service = Service(self._start, loading.seconds)
        self.loaded: worker.Loaded
        self.shared: Shared
        self.service.ready()

    def reply(self, question: Question) -> Reply:
        """What the subject replies, or what became of its process."""
        with self.service.lock:
            return self._reply(question)

    def _reply(self, question: Question) -> Reply:
        array = question.array
        head = worker.Asked(
            function=question.function,
            dtype=worker.told(array.dtype),
            shape=array.shape,
            labelled=question.labels is not None,
            output=question.output,
            layout=question.layout,
            way=question.way,
            watched=question.watched,
            plan=question.plan,
        )
        self.service.ready()  # it brings its memory
        self.shared.put(array, *([] if question.labels is None else [question.labels]))
        kind = (head.function, head.dtype, head.output)
        said = self.service.exchange(kind, [worker.line(head)], worker.whole)
        if isinstance(said, Lost):
            return Reply(None, said.trouble, said.message)
        try:
            return self._read(said)
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, TypeError, MemoryError):
            self.service.drop()
            return Reply(None, "crashed", "sent back what is no reply: its process was spoilt")

    def _read(self, received: bytearray) -> Reply:
        said = msgspec.json.decode(received, type=worker.Said)
        message = said.message
        if said.trouble == "raised" and "MemoryError:" in message[:40]:
            message = f"{message.rstrip(': ')}: the limit is {self.loading.gibibytes:g} GiB"
        if not said.dtype:
            return Reply(None, said.trouble, message, said.notices)
        kind = (said.shape, worker.named(said.dtype))
        answer = self.shared.take(kind)[0].copy() if said.numeric else np.empty(*kind)
        return Reply(answer, said.trouble, message, said.notices)

    def _start(self) -> Child:
        """A process that has loaded the subject; raises what loading it raised."""
        theirs, ours = os.pipe()
        back, replies = os.pipe()
        shared = Shared()
        given = (theirs, replies, shared.file)
        try:
            process = subprocess.Popen(
                [sys.executable, "-c", _START, *map(str, given), *self.path],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=given,
                start_new_session=True,
            )
        except OSError as error:
            for file in (ours, back, shared.file):
                os.close(file)
            raise SubjectError(f"{self.spec!r}: no process could be started for it: {error.strerror}") from None
        finally:
            os.close(theirs)
            os.close(replies)
        child = Child(process, os.fdopen(ours, "wb", 0), os.fdopen(back, "rb", 0))
        weakref.finalize(child, shared.close)
        bound = threading.current_thread() is threading.main_thread()
        order = worker.line(worker.Order(self.spec, self.loading, bound))
        said = child.exchange([order], worker.whole, FIRST * self.loading.seconds)
        if isinstance(said, Lost):
            raise SubjectError(f"{self.spec!r} could not be loaded in a process of its own: {said.message}")
        answer = msgspec.json.decode(said, type=worker.Loaded | worker.Refused)
        if isinstance(answer, worker.Refused):
            child.end()
            raise _error(answer)
        self.loaded, self.shared = answer, shared
        return child


def _error(refused: worker.Refused) -> LsecheckError:
    kind: Callable[..., LsecheckError] = getattr(errors, refused.error, SubjectError)
    return kind(*refused.arguments)
