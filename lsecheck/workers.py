"""Processes that work for this one: begun so that libraries' threads do not hang, ended with it."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from typing import Any, TypeVar

from lsecheck.errors import SubjectError
from lsecheck.oracle import engines

Found = TypeVar("Found")

#: seconds that a pool whose workers were ended may take to close
_CLOSING = 5

#: libraries that start threads when they are imported or first asked
_THREADED = ("torch", "jax", "tensorflow", "onnxruntime", "openvino")


def pool(jobs: int) -> ProcessPoolExecutor:
    """So many of them, with this process's choice of engine."""
    import multiprocessing

    # a fork of a library's threads hangs: where there may be some, workers begin afresh. Not `forkserver`, the default
    # of some platforms: its workers are the server's children, and could not tell that this process has ended
    forks = "fork" in multiprocessing.get_all_start_methods() and not any(name in sys.modules for name in _THREADED)
    started = "fork" if forks else "spawn"
    context = multiprocessing.get_context(started)
    return ProcessPoolExecutor(jobs, context, initializer=_obey_the_parent, initargs=(engines.forced(), os.getpid()))


def each(
    jobs: int,
    function: Callable[..., Found],
    calls: Sequence[tuple[Any, ...]],
    progress: Callable[[], object] = lambda: None,
    first: "Sequence[int] | None" = None,
    within: "ProcessPoolExecutor | None" = None,
) -> list[Found]:
    """What the function answers to each of the calls, in their order; `progress` is called after each.

    first     the places of the calls in the order in which they are begun
    within    the pool that does it and stays open; by default one of so many jobs, for these calls alone
    Raises `SubjectError` if one of the processes dies.
    """
    found: dict[int, Found] = {}
    with pool(jobs) if within is None else nullcontext(within) as its:
        begun = range(len(calls)) if first is None else first
        try:
            futures = {its.submit(function, *calls[place]): place for place in begun}
            for future in as_completed(futures):
                found[futures[future]] = future.result()
                progress()
        except BrokenProcessPool:
            raise SubjectError(
                "a worker process died while subjects ran in it: --isolate (in a gate, isolate = true) shows which one"
            ) from None
        except BaseException:
            end(its)
            raise
    return [found[place] for place in range(len(calls))]


def end(workers: ProcessPoolExecutor) -> None:
    """At once, whatever they are doing."""
    its = list((workers._processes or {}).values())  # not all children: others may be somebody else's
    manager: Any = workers._executor_manager_thread
    workers.shutdown(wait=False, cancel_futures=True)
    for worker in its:
        worker.terminate()
    if manager is not None:  # else Python's own end, which looks for it, may meet it while it closes its pipes
        manager.join(_CLOSING)


def _end_with(parent: int) -> None:
    """A parent that was killed cannot tell: a forked worker holds both ends of the pipes that would."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _obey_the_parent(engine: str, parent: int) -> None:
    """In a worker: an interrupt is the parent's to handle, being told to end means to end, and nobody outlives it."""
    import signal
    import threading

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    # several processes, each with a thread a core: one that waits must sleep, not spin. The bits are the same
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    engines.force(engine)
