"""exec:command line -> subject: a program that is asked on its standard input and answers on its output.

The protocol is in `docs/subjects.md`. The program is started once and kept running; whatever it
does instead of answering is a reply like any other, and the next question is put to a fresh one.
"""

import contextlib
import os
import shlex
import subprocess
import sys

import numpy as np

from lsecheck import formats
from lsecheck.errors import SubjectError
from lsecheck.functions import FUNCTIONS
from lsecheck.subjects.loading import Loading
from lsecheck.subjects.process import Bytes, Child, Lost, Service, limits, not_here
from lsecheck.subjects.question import Array, Notice, Question, Reply
from lsecheck.subjects.subject import Subject

VERSION = 1  #: of the protocol: the second word of every question


def from_command(spec: str, loading: Loading) -> Subject:
    """The program behind `exec:command line`, started; `SubjectError` where it cannot be."""
    program = _Program(spec, loading)
    return Subject(
        spec,
        dict.fromkeys(FUNCTIONS, not_here),
        note="command",
        version=program.line,
        given=True,
        spec=spec,
        takes=frozenset(),  # bytes on a pipe have no layout
        elsewhere=program.reply,
    )


class _Program:
    """A program, started again when it was lost."""

    def __init__(self, spec: str, loading: Loading):
        self.spec, self.line, self.loading = spec, spec.removeprefix("exec:").strip(), loading
        try:
            self.words = shlex.split(self.line)
        except ValueError as error:
            raise SubjectError(f"{spec!r} is no command line: {str(error).lower()}") from None
        if not self.words:
            raise SubjectError(f"{spec!r} names no program: write exec:program arguments")
        self.folder = os.getcwd()
        self.service = Service(self._start, loading.seconds)
        self.service.ready()

    def reply(self, question: Question) -> Reply:
        """What it answers, as many numbers as there must be, or what became of it."""
        with self.service.lock:
            return self._reply(question)

    def _reply(self, question: Question) -> Reply:
        notices = self._unasked(self.service.ready().unread())
        output = formats.named(question.output).dtype
        rows, n = question.array.shape
        shape = (rows, n) if FUNCTIONS[question.function].elementwise else (rows,)
        size = rows * output.itemsize * (n if len(shape) == 2 else 1)
        kind = (question.function, question.array.dtype.name, question.output)
        said = self.service.exchange(kind, _message(question), lambda _: size)
        if isinstance(said, Lost):
            share = f"{said.received} of {size} bytes"
            how = f" after {share}" if said.trouble == "crashed" else f": {share} came"
            return Reply(None, said.trouble, said.message + how, notices)
        notices += self._unasked(bytes(said[size:]) + self.service.ready().unread())
        return Reply(_ordered(np.ndarray(shape, output, said)), notices=notices)

    def _unasked(self, extra: bytes) -> tuple[Notice, ...]:
        """Bytes that were not asked for: what follows them would be read as numbers, so it is not asked again."""
        if not extra:
            return ()
        self.service.drop()
        return (Notice("stdout", f"wrote {len(extra)} bytes too many: {extra[:30]!r}"),)

    def _start(self) -> Child:
        try:
            process = subprocess.Popen(
                self.words,
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except OSError as error:
            raise SubjectError(f"{self.spec!r}: {self.words[0]} cannot be started: {error.strerror}") from None
        _confine(process.pid, self.loading.gibibytes)
        assert process.stdin is not None
        assert process.stdout is not None
        return Child(process, process.stdin, process.stdout, grace=1.0)


def _message(question: Question) -> list[Bytes]:
    """A question as the program reads it: a line, and raw little-endian numbers."""
    rows, n = question.array.shape
    fmt = question.array.dtype.name
    line = f"lsecheck {VERSION} {question.function} {fmt} {question.output} {rows} {n}\n"
    arrays = [question.array] if question.labels is None else [question.array, question.labels]
    return [line.encode("ascii"), *(_ordered(array).reshape(-1).view(np.uint8).data for array in arrays)]


def _ordered(array: Array) -> Array:
    """Between this machine's byte order and the protocol's."""
    return array.byteswap() if sys.byteorder == "big" else array


def _confine(process: int, gibibytes: float) -> None:
    """Limit what it can take of the machine, where another process can be limited (Linux).

    From outside: a function run between fork and exec is not safe beside the threads of libraries.
    """
    with contextlib.suppress(ImportError, AttributeError):
        import resource

        for kind, limit in limits(gibibytes).items():
            with contextlib.suppress(OSError, ValueError):
                resource.prlimit(process, kind, limit)
