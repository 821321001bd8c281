"""Subjects of these tests, by `prove.theirs:NAME`: honest but for what each is named after."""

import itertools
import multiprocessing
import os
import signal
import time
from pathlib import Path

import numpy as np


def wide(x):
    """In float64."""
    v = x.astype(np.float64)
    m = v.max(-1)
    with np.errstate(all="ignore"):
        terms = np.exp(v - np.where(np.isfinite(m), m, 0)[:, None]).sum(-1)
        return np.where(np.isfinite(m), m + np.log(terms), m)


def honest(x):
    """Rounded once."""
    return wide(x).astype(x.dtype)


def _has(x, *row):
    return (x.astype(np.float64) == np.array(row)).all(-1).any()


def raises_at_two(x):
    """On every row that has a 2."""
    if (x == 2).any():
        raise ValueError("there is | a two\nin it")
    return honest(x)


def raises_for_two_reasons(x):
    """Of a slab it says the first that comes to it."""
    if np.isnan(x).any():
        raise KeyError("nan")
    if _has(x, 2):
        raise ValueError("two")
    return honest(x)


def nan_in_workers(x, turn=itertools.count()):  # noqa: B008 - one for all calls
    """Here too at first, to a look at how it is called and two probes; then right."""
    lost = multiprocessing.parent_process() is not None or next(turn) < 3
    return honest(x) * x.dtype.type(np.nan if lost else 1)


def raises(_x):
    """Always."""
    raise ValueError("never an answer")


def softmax(x):
    """Raises on every row that has a 2."""
    if (x == 2).any():
        raise ValueError("two")
    v = x.astype(np.float64)
    terms = np.exp(v - v.max(-1, keepdims=True))
    return (terms / terms.sum(-1, keepdims=True)).astype(x.dtype)


def double(x):
    """In float64, whatever it was asked in."""
    return wide(x)


def fickle(x, turn=itertools.count()):  # noqa: B008 - one for all calls
    """Another answer each time."""
    return honest(x) if next(turn) % 2 else -honest(x)


def crashes_at_two(x):
    """Ends its process for 2."""
    if _has(x, 2):
        os._exit(7)
    return honest(x)


def crashes_at_the_second(x):
    """Ends its process for the second number of float8_e4m3fn."""
    if _has(x, -416):
        os._exit(7)
    return honest(x)


def hangs_at_two(x):
    """Never answers 2."""
    if _has(x, 2):
        time.sleep(60)
    return honest(x)


def killed_once(x):
    """Its worker is killed in the middle, once: a file is left where that was."""
    flag = Path(os.environ["LSECHECK_TEST_FLAG"])
    if x.shape[-1] == 2 and _has(x, 2, 3) and len(x) < 4000:
        try:
            flag.open("x").close()
        except FileExistsError:
            return honest(x)
        os.kill(os.getpid(), signal.SIGKILL)
    return honest(x)


def killed_always(x):
    """The same every time, but for the parent's probes, which are as many as 4,000."""
    if x.shape[-1] == 2 and _has(x, 2, 3) and len(x) < 4000:
        os.kill(os.getpid(), signal.SIGKILL)
    return honest(x)


def by_process(x):
    """Another answer in a worker than here, as another processor might give."""
    return honest(x) if multiprocessing.parent_process() is None else honest(x) + x.dtype.type(1)


def huge(x):
    """Wrong by more than float64 can say."""
    y = wide(x)
    return np.where(y > 1, 1.7e308, np.where(y < -1, 1e-320, -1e308)).astype(x.dtype)


def slow(x):
    """Half a second each time that it is asked of a slab."""
    time.sleep(0.4 if len(x) > 4096 else 0)
    return honest(x)
