"""Online softmax's normaliser: the largest entry so far, and the sum of exp(entry - largest)."""

import numpy as np


class Online:
    """States of rows; a maximum of -inf stands for no entry."""

    def __init__(self, like):
        self.m = np.full(len(like), -np.inf, like.dtype)
        self.s = np.zeros(len(like), like.dtype)

    def update(self, chunk):
        """Rescale the sum to the new maximum, and add the chunk's terms."""
        largest = np.maximum(self.m, chunk.max(-1, initial=-np.inf))
        shift = np.where(np.isfinite(largest), largest, 0)
        self.s = self.s * np.exp(self.m - shift) + np.exp(chunk - shift[:, None]).sum(-1)
        self.m = largest

    def merge(self, other):
        """Rescale both sums to the larger maximum."""
        largest = np.maximum(self.m, other.m)
        shift = np.where(np.isfinite(largest), largest, 0)
        self.s = self.s * np.exp(self.m - shift) + other.s * np.exp(other.m - shift)
        self.m = largest

    def finish(self):
        """log of the sum, back at its scale; what is not finite is its own answer."""
        with np.errstate(divide="ignore"):
            return np.where(np.isfinite(self.m), self.m + np.log(self.s), self.m)
