"""batch, what a subject declares -> the cases it is asked and what is right for it.

A declaration narrows what is asked or changes what is right; it never excuses an error unseen,
and every report shows it. Cases that the oracle leaves undecided are not asked, and counted.
"""

from typing import NamedTuple

import numpy as np

from lsecheck.errors import InputError, Undecided
from lsecheck.formats import FormatPair
from lsecheck.functions.definition import Floats, Function
from lsecheck.inputs.batch import Batch
from lsecheck.oracle.base import in_base_two
from lsecheck.oracle.truth import Truth, certify
from lsecheck.subjects.subject import Declared

#: functions that have an answer in base 2
_LOGARITHMS = ("logsumexp", "logaddexp")


class Right(NamedTuple):
    """What a subject is asked of a batch, and what is right."""

    batch: Batch  #: the cases it is asked, maybe none
    truth: Truth
    undecided: int  #: cases that are left out because nobody knows


class Expectation:
    """The truth of a batch as it is, and as declarations change it; each found once."""

    def __init__(self, function: Function, batch: Batch, pair: FormatPair):
        self.function, self.batch, self.pair = function, batch, pair
        self._known: dict[tuple[str, str, bool], Right] = {}

    def of(self, declared: Declared) -> Right:
        """The cases that such a subject is asked, and their truth."""
        key = declared.nan, declared.base, self.batch.values.shape[1] < declared.least
        if key not in self._known:
            self._known[key] = self._found(declared)
        return self._known[key]

    def _found(self, declared: Declared) -> Right:
        asked = self.batch
        if asked.values.shape[1] < declared.least:
            asked = asked.some(np.empty(0, np.int64))
        right = asked.values
        if declared.nan != "propagates" and np.isnan(right).any():
            # where a nan entry has outputs of its own, nothing says what they should be
            if declared.nan == "ignored" and not self.function.elementwise and not self.function.labelled:
                right = np.where(np.isnan(right), -np.inf, right)
            else:
                asked = asked.some(np.flatnonzero(~np.isnan(right).any(axis=1)))
                right = asked.values
        try:
            return Right(asked, self._truth(right, asked, declared), 0)
        except Undecided:
            decided = [row for row in range(len(right)) if self._decides(right[row : row + 1], asked, row, declared)]
            chosen = np.array(decided, np.int64)
            asked = asked.some(chosen)
            return Right(asked, self._truth(right[chosen], asked, declared), len(right) - len(decided))

    def _truth(self, right: Floats, asked: Batch, declared: Declared) -> Truth:
        truth = certify(self.function, right, self.pair, asked.labels)
        return in_base_two(truth, right) if declared.base == "2" else truth

    def _decides(self, right: Floats, asked: Batch, row: int, declared: Declared) -> bool:
        try:
            self._truth(right, asked.some(np.array([row])), declared)
        except Undecided:
            return False
        return True


def check(function: Function, declared: Declared) -> None:
    """`InputError` for a declaration that means nothing for a function."""
    if declared.base == "2" and function.name not in _LOGARITHMS:
        raise InputError(f"--base 2 is for {' and '.join(_LOGARITHMS)}: {function.name} has no other base")
