"""Answers lsecheck's questions in NumPy's own formats, until there are no more."""

import sys

import numpy as np


def logsumexp(x):
    """log(sum(exp(x))) of every row, shifted by the maximum so that exp cannot overflow."""
    largest = x.max(-1)
    return largest + np.log(np.exp(x - largest[:, None]).sum(-1))


while line := sys.stdin.buffer.readline():
    _, version, function, given, wanted, rows, n = line.decode("ascii").split()
    if version != "1" or function != "logsumexp":
        raise SystemExit(f"not a question of mine: {line!r}")
    shape, dtype = (int(rows), int(n)), np.dtype(given).newbyteorder("<")
    x = np.frombuffer(sys.stdin.buffer.read(dtype.itemsize * shape[0] * shape[1]), dtype).reshape(shape)
    sys.stdout.buffer.write(logsumexp(x).astype(np.dtype(wanted).newbyteorder("<")).tobytes())
    sys.stdout.buffer.flush()
