"""Right, but for rows that hold certain numbers."""

# ruff: noqa: ARG001 - a subject takes what it is handed, wanted or not

import os
import signal
import sys

import numpy as np


def logsumexp(x, axis):
    """A plain one."""
    here = set(x.ravel().tolist())
    if 13.0 in here:
        os.kill(os.getpid(), signal.SIGKILL)
    while 17.0 in here:
        pass
    if 19.0 in here:
        os._exit(3)
    if 23.0 in here:
        print("twenty-three")
    if 29.0 in here:
        bytearray(8 << 30)
    if 31.0 in here:
        np.zeros(1 << 30)
    if 37.0 in here:
        raise KeyboardInterrupt
    if 41.0 in here:
        os.fork()
    if 43.0 in here:
        os.write(1, b"x" * 100_000)
    if 47.0 in here:
        sys.stdout.close()
    largest = x.max(axis, keepdims=True)
    return np.log(np.exp(x - largest).sum(axis)) + largest.squeeze(axis)


def process(x, axis):
    """The process it lives in, for an answer; it hangs at 17."""
    while 17.0 in set(x.ravel().tolist()):
        pass
    return np.full(len(x), float(os.getpid()))


def same(x):
    """What it is handed."""
    return x


def objects(x, axis):
    """Answers that are no numbers."""
    return x.sum(axis).astype(object)


def words(x, axis):
    """Answers that are text."""
    return x.sum(axis).astype("U5")


def swapped(x, axis):
    """Answers in the other byte order."""
    return logsumexp(x, axis).astype(">f8")


def here(x, axis):
    """Whether the file `here` lies in the current folder."""
    return np.full(len(x), float(os.path.exists("here")))


def labels(x, labels):
    """What it is told beside the logits."""
    return labels.astype(float)


def records(x, axis):
    """Answers with fields."""
    return np.zeros(len(x), [("f0", float)])


def int4s(x, axis):
    """Answers in a dtype that is no format of ours."""
    import ml_dtypes

    return np.zeros(len(x), ml_dtypes.int4)
