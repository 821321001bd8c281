"""`arithmetic` on NumPy arrays, in blocks that stay in the cache."""

from typing import TYPE_CHECKING

import numpy as np

from lsecheck.contracts import Contract, lengths
from lsecheck.functions.definition import Floats
from lsecheck.measure.arithmetic import judge, target
from lsecheck.measure.definition import FIELDS, Errors

if TYPE_CHECKING:
    from lsecheck.oracle.truth import Truth

#: outputs measured at once: their three dozen arrays of float64 stay in the cache
BLOCK = 1 << 13


def errors(truth: "Truth", answers: Floats, required: Contract, flushes: bool) -> Errors:
    """As `lsecheck.measure.errors`."""
    rows, outputs = truth.expected.shape
    if rows * outputs <= BLOCK:
        return _block(truth, answers, required, flushes)
    step, width = max(BLOCK // outputs, 1), min(outputs, BLOCK)
    whole: Errors | None = None
    for top in range(0, rows, step):
        for left in range(0, outputs, width):
            part = slice(top, top + step), slice(left, left + width)
            block = _block(truth.part(*part), answers[part], required, flushes)
            whole = whole or Errors(*(np.empty(answers.shape, getattr(block, name).dtype) for name in FIELDS))
            for name in FIELDS:
                getattr(whole, name)[part] = getattr(block, name)
    assert whole is not None
    return whole


def _block(truth: "Truth", answers: Floats, required: Contract, flushes: bool) -> Errors:
    return Errors(
        *judge(
            truth.function, truth.sums, *lengths(truth.sums.n), truth.expected, truth.places, truth.side,
            truth.exponent.astype(np.int64), truth.high, truth.low, truth.scale, answers,
            target(truth.formats.output, flushes), truth.base == "2", required.rung,
        )
    )  # fmt: skip
