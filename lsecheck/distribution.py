"""errors in ulps, batch by batch -> mean, percentiles, histogram: in memory that does not grow.

Up to KEPT errors everything is exact. Beyond, the errors are counted in bins 2^-8 wide, relative:
the means, the largest and the histogram stay as they are, a percentile becomes the upper edge of
its bin.
"""

import math
from collections import Counter

import numpy as np

from lsecheck.functions.definition import Floats

KEPT = 1 << 20  #: errors that are kept one by one
_DROPPED = 52 - 8  #: last bits of a float64 that a bin does not tell apart


class Distribution:
    """Of one row: the errors of its scored outputs."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: list[Floats] = []
        self._bins: Counter[int] = Counter()
        self._octaves = np.zeros(len(_EDGES), np.int64)
        self._sums: list[float] = []
        self._signed: list[float] = []
        self._largest = [0.0, 0.0, 0.0]

    def add(self, ulp: Floats, signed: Floats, scaled: Floats, excess: Floats) -> None:
        """Some more errors: one-dimensional arrays, finite, at least one."""
        self.count += len(ulp)
        self._sums.append(_scaled_sum(ulp))
        self._signed.append(_scaled_sum(signed))
        largest = ulp.max(), scaled.max(), excess.max()
        self._largest = [max(old, float(new)) for old, new in zip(self._largest, largest, strict=True)]
        self._octaves += np.bincount(np.searchsorted(_EDGES, ulp), minlength=len(_EDGES))
        self._kept.append(ulp)
        if self.count > KEPT:
            keys, counts = np.unique(np.concatenate(self._kept).view(np.int64) >> _DROPPED, return_counts=True)
            self._bins.update(dict(zip(keys.tolist(), counts.tolist(), strict=True)))
            self._kept = []

    def figures(self) -> "dict[str, object]":
        """The fields of a `Row`; percentiles are those of the ordered errors, rank floor(q (count - 1))."""
        return {
            "max_ulp": self._largest[0],
            "max_scaled": self._largest[1],
            "max_excess": self._largest[2],
            "mean_ulp": math.fsum(self._sums) / self.count * _UNIT,
            "bias_ulp": math.fsum(self._signed) / self.count * _UNIT,
            "p50_ulp": self._percentile(50),
            "p99_ulp": self._percentile(99),
            "histogram": [(float(_EDGES[place]), int(self._octaves[place])) for place in np.flatnonzero(self._octaves)],
        }

    def _percentile(self, percent: int) -> float:
        rank = (self.count - 1) * percent // 100
        if not self._bins:
            return float(np.partition(np.concatenate(self._kept), rank)[rank])
        keys = sorted(self._bins)
        upto = np.cumsum([self._bins[key] for key in keys])
        key = keys[int(np.searchsorted(upto, rank, side="right"))]
        return float(np.int64(((key + 1) << _DROPPED) - 1).view(np.float64))


_UNIT = 2.0**64  #: sums are taken in this unit, so that they cannot overflow


def _scaled_sum(numbers: Floats) -> float:
    """Exactly rounded, whatever the order."""
    return math.fsum((numbers / _UNIT).tolist())


_EDGES = np.ldexp(0.5, np.arange(1025))  #: upper edges of the histogram, in ulps: 0.5, 1, 2, ...
_EDGES[-1] = np.finfo(np.float64).max
