"""bytes -> another process -> bytes, by a deadline.

A child is a process group of its own, so that whatever it started ends with it, and an interrupt at
the keyboard is not its to handle. Nothing here knows what the bytes mean.
"""

import contextlib
import os
import select
import signal
import subprocess
import time
import weakref
from collections.abc import Callable, Hashable, Sequence
from threading import Lock
from typing import IO, Any, NamedTuple

from lsecheck.errors import SubjectError

Bytes = bytes | memoryview

#: libraries compile on first use: until one of its kind is answered, a question may take this many times as long
FIRST = 6
_SLICE = 0.1  # seconds between looks at whether it has ended: what it started may hold its pipes open
_CHUNK = 1 << 20  # bytes


class Lost(NamedTuple):
    """A child that ended, or was ended because it took too long."""

    trouble: str  #: crashed or timed-out
    message: str
    received: int  #: bytes that it had sent


class Child:
    """A process that is written to and read from at once. It is ended when nobody refers to it any more."""

    def __init__(self, process: "subprocess.Popen[bytes]", to: IO[bytes], back: IO[bytes], grace: float = 0.0):
        """`grace`: seconds that it is given to end by itself."""
        self.process, self.to, self.back = process, to, back
        self.owner = os.getpid()
        for stream in (to, back):
            os.set_blocking(stream.fileno(), False)
            widen(stream.fileno())
        self.end = weakref.finalize(self, _end, process, to, back, self.owner, grace)

    def exchange(
        self, parts: Sequence[Bytes], wanted: Callable[[bytearray], int], seconds: float
    ) -> "bytearray | Lost":
        """Send every part, and receive as many bytes as are wanted, given those that came so far.

        Both at once: a child may answer before it has read everything, and neither must wait for the other.
        """
        try:
            return self._exchange([memoryview(part) for part in parts], wanted, seconds)
        except BaseException:  # an interrupt: what it answers now would be taken for the answer to the next question
            _kill(self.process)
            self.end()
            raise

    def _exchange(
        self, parts: list[memoryview], wanted: Callable[[bytearray], int], seconds: float
    ) -> "bytearray | Lost":
        until = time.monotonic() + seconds
        to, back, received = self.to.fileno(), self.back.fileno(), bytearray()
        poll = select.poll()
        poll.register(to, select.POLLOUT)
        poll.register(back, select.POLLIN)
        writing = True
        while writing or len(received) < wanted(received):
            left = until - time.monotonic()
            if left <= 0:
                return self._lost("timed-out", f"no answer within {seconds:.3g} s", received)
            ready = dict(poll.poll(1000 * min(left, _SLICE)))
            if not ready and self.process.poll() is not None:
                return self._lost("crashed", self._fate(), received)
            if to in ready:
                writing = _written(to, parts)
                if not writing:
                    poll.unregister(to)
            if back in ready:
                chunk = os.read(back, _CHUNK)
                if not chunk:
                    return self._lost("crashed", self._fate(), received)
                received += chunk
        return received

    def unread(self) -> bytes:
        """What it has sent beside what was wanted, as far as it is here."""
        try:
            return os.read(self.back.fileno(), _CHUNK)
        except BlockingIOError:
            return b""

    def _lost(self, trouble: str, message: str, received: bytearray) -> Lost:
        _kill(self.process)
        self.end()
        return Lost(trouble, message, len(received))

    def _fate(self) -> str:
        """How it ended, now that it sends nothing more."""
        try:
            status = self.process.wait(5)
        except subprocess.TimeoutExpired:
            return "closed its output and went on"
        if status >= 0:
            return f"ended its process with exit status {status}"
        try:
            name = signal.Signals(-status).name
        except ValueError:  # real-time signals have none
            name = f"signal {-status}"
        return f"killed by {name}" + (": memory may have been exhausted" if name == "SIGKILL" else "")


class Service:
    """A child that is started when it is needed: first, and again after it was lost."""

    def __init__(self, start: Callable[[], Child], seconds: float):
        self.lock = Lock()  #: for whoever asks: two threads must not read each other's answers
        self._start, self._seconds = start, seconds
        self._child: Child | None = None
        self._first: dict[Hashable, float] = {}  # kind of question -> seconds that the first answer took
        self._warm: set[Hashable] = set()  # kinds that this child has answered

    def ready(self) -> Child:
        """The child, started if need be: by this process, which may be a fork of the one that started another."""
        if self._child is None or not self._child.end.alive or self._child.owner != os.getpid():
            self._warm = set()
            self._child = self._start()
        return self._child

    def exchange(
        self, kind: Hashable, parts: Sequence[Bytes], wanted: Callable[[bytearray], int]
    ) -> "bytearray | Lost":
        """`Child.exchange` in the time that a question of this kind may take."""
        child, begun = self.ready(), time.monotonic()
        said = child.exchange(parts, wanted, self._allowed(kind))
        if isinstance(said, Lost):
            self._child = None
            if said.trouble == "timed-out":
                self._first.setdefault(kind, 0.0)  # it is not given the long time again
        else:
            self._first.setdefault(kind, time.monotonic() - begun)
            self._warm.add(kind)
        return said

    def _allowed(self, kind: Hashable) -> float:
        if kind not in self._first:
            return FIRST * self._seconds
        # a fresh child starts and compiles again
        return self._seconds + (0.0 if kind in self._warm else max(self._first.values()))

    def drop(self) -> None:
        """End the child; the next question starts another."""
        if self._child is not None:
            self._child.end()
            self._child = None


def not_here(*_: object, **__: object) -> Any:
    """What stands for the implementations of a subject that lives in a child."""
    raise SubjectError("this subject lives in another process: ask it by `Subject.reply`")


def widen(pipe: int) -> None:
    """As large a buffer as Linux gives unasked: fewer turns between the processes."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)


def limits(gibibytes: float) -> "dict[int, tuple[int, int]]":
    """resource -> (soft, hard): memory as told, and no core files; {} where there are no limits."""
    try:
        import resource
    except ImportError:  # pragma: no cover - Windows
        return {}
    kind = getattr(resource, "RLIMIT_DATA", resource.RLIMIT_AS)
    bound = int(min(gibibytes, 2.0**30) * 2**30)
    found = {}
    for name, most in ((kind, bound), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(name)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        found[name] = (most, most)
    return found


def _written(to: int, parts: list[memoryview]) -> bool:
    """Write what can be written now; whether anything is left to write."""
    while parts:
        try:
            count = os.write(to, parts[0])
        except BlockingIOError:
            return True
        except BrokenPipeError:  # it reads no more: what it sends, or its end, says why
            parts.clear()
            return False
        parts[0] = parts[0][count:]
        if not parts[0]:
            del parts[0]
    return False


def _kill(process: "subprocess.Popen[Any]") -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: its members are zombies
        os.killpg(process.pid, signal.SIGKILL)


def _end(process: "subprocess.Popen[Any]", to: IO[bytes], back: IO[bytes], owner: int, grace: float) -> None:
    """Close both pipes, and leave neither process nor zombie behind."""
    with contextlib.suppress(OSError):
        to.close()
    if os.getpid() != owner:  # a fork: the child is the other's
        back.close()
        process.returncode = 0
        return
    if grace:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(grace)
    _kill(process)
    with contextlib.suppress(subprocess.TimeoutExpired):  # not even killed at once: in a driver
        process.wait(5)
    back.close()
