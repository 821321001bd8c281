"""Processes that work for this one: begun so that libraries' threads do not hang, ended with it."""

import sys
from concurrent.futures import ProcessPoolExecutor

from lsecheck.oracle import engines

#: libraries that start threads when they are imported or first asked
_THREADED = ("torch", "jax", "onnxruntime", "openvino")


def pool(jobs: int) -> ProcessPoolExecutor:
    """So many of them, with this process's choice of engine."""
    import multiprocessing

    # a fork of a library's threads hangs: where there may be some, workers begin afresh
    started = "spawn" if any(name in sys.modules for name in _THREADED) else None
    context = multiprocessing.get_context(started)
    return ProcessPoolExecutor(jobs, context, initializer=_obey_the_parent, initargs=(engines.forced(),))


def end(workers: ProcessPoolExecutor) -> None:
    """At once, whatever they are doing."""
    import multiprocessing

    workers.shutdown(wait=False, cancel_futures=True)
    for worker in multiprocessing.active_children():
        worker.terminate()


def _obey_the_parent(engine: str) -> None:
    """In a worker: an interrupt is the parent's to handle, and being told to end means to end."""
    import signal

    engines.force(engine)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
