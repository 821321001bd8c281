"""answer, truth -> error.

Distance is real-valued and in ulps of the *unrounded* truth, so 0.5 is as good as it gets.
Beside it stands the condition-scaled error E, which tells mathematics (y near 0) from the
implementation. A wrong kind of answer is a class error and never becomes a number.
This file never computes a logarithm: if you need one, you are in the wrong file.
"""

from typing import TYPE_CHECKING, Any

import numpy as np

from lsecheck import contracts, formats
from lsecheck.contracts import Contract
from lsecheck.errors import InputError
from lsecheck.functions.definition import Floats, Function, Labels, as_array
from lsecheck.measure import vectorised
from lsecheck.measure.arithmetic import LOG2E
from lsecheck.measure.definition import LARGEST_ERROR, ClassError, Errors, Flags, Names
from lsecheck.oracle import engines

if TYPE_CHECKING:
    from lsecheck.oracle.truth import Truth

__all__ = ["LARGEST_ERROR", "LOG2E", "ClassError", "Errors", "Flags", "Names", "errors", "measure"]


def measure(
    function: "str | Function", batch: Any, answers: Any, *, labels: "Labels | None" = None, require: str = "shifted"
) -> Errors:
    """How wrong these answers are to that batch.

    shape     batch (rows, n), answers (rows,) or (rows, outputs) -> (rows, outputs)
    format    input that of the batch, output that of the answers
    raises    `InputError` for arrays that do not fit; `Undecided` from the oracle
    """
    from lsecheck.oracle.truth import truth

    given = as_array(answers)
    known = truth(function, batch, formats.of_array(given).name, labels=labels)
    shape = known.expected.shape
    if given.shape not in (shape, shape[:1] if shape[1] == 1 else shape):
        raise InputError(f"answers have shape {given.shape}: {known.function.name} of this batch answers in {shape}")
    return errors(known, formats.widen(given).reshape(shape), contracts.named(require))


@np.errstate(all="ignore")
def errors(truth: "Truth", answers: Floats, required: Contract = Contract.SHIFTED, *, flushes: bool = False) -> Errors:
    """`measure` for a known truth and answers widened to float64, (rows, outputs).

    `flushes`: the spacing of the smallest numbers is that of arithmetic without subnormal ones.
    """
    if engines.compiles(answers.size):
        from lsecheck.measure import compiled

        return compiled.errors(truth, answers, required, flushes)
    return vectorised.errors(truth, answers, required, flushes)
