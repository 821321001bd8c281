"""errors of a batch -> what is held against each output, and in which domain.

A case counts towards the contract, the special values or the range, by its entries alone; a wrong
kind of answer, or a number where another rule than the contract decides, is charged by name.
"""

from typing import Any, NamedTuple

import numpy as np

from lsecheck.contracts import Contract
from lsecheck.functions.definition import Codes, Domain, Expected, domains
from lsecheck.inputs.batch import Batch
from lsecheck.measure import ClassError, Errors, Flags
from lsecheck.oracle.truth import Truth
from lsecheck.rows import INACCURATE
from lsecheck.subjects.subject import Answers

#: what is right, in a word
EXPECTED = {
    Expected.NUMBER: "a number",
    Expected.NAN: "nan",
    Expected.PLUS_INFINITY: "+inf",
    Expected.MINUS_INFINITY: "-inf",
    Expected.UNSETTLED: "any convention",
}
#: what is right where a row has no entries and softmax therefore nothing to answer
NOTHING = "no outputs"
#: charges of conduct: not of how exact an answer is
BEHAVIOUR = (str(ClassError.DTYPE), str(ClassError.SHAPE))


class Asked(NamedTuple):
    """A batch with all that is known of it."""

    batch: Batch
    truth: Truth
    answers: Answers
    errors: Errors


class Charges(NamedTuple):
    """What is held against the answers to a batch, beside missing the contract."""

    domains: Codes  #: (rows,): a `Domain`
    scored: Flags  #: (rows, outputs): a number, to be measured
    raw: "np.ndarray[Any, np.dtype[np.str_]]"  #: (rows, outputs): '' or the wrong kind of the answer
    kind: "np.ndarray[Any, np.dtype[np.str_]]"  #: the same, or `inaccurate` where no contract decides

    def domain(self, row: int, output: int) -> str:
        """The verdict that a charge counts towards."""
        if str(self.kind[row, output]) in BEHAVIOUR:
            return "conduct"
        return Domain(self.domains[row]).name.lower()


def charges(asked: Asked, required: Contract) -> Charges:
    """Judge every output. Trouble of a row is charged to its first output."""
    batch, truth, answers, errors = asked
    of_row = domains(batch.values, truth.formats.input.largest)
    where = np.broadcast_to(of_row[:, None], errors.codes.shape)
    works = (answers.trouble == "")[:, None]
    scored = (truth.expected == Expected.NUMBER) & (errors.codes == 0) & works
    if scored.all() and not (of_row != Domain.ORDINARY).any():
        nothing = np.full(scored.shape, "", "<U10")
        return Charges(of_row, scored, nothing, nothing)
    kind = np.where(works, errors.kind, "").astype("<U10")
    kind[:, :1] = np.where(works, kind[:, :1], answers.trouble[:, None])
    raw = kind
    # sums that leave the format are judged apart, by the contract that is required
    kind = np.where(scored & (where == Domain.RANGE) & (errors.rung > required.rung), INACCURATE, kind)
    # softmax of a -inf entry is exactly 0: no bound excuses another number
    zero = (truth.places == 0) & (truth.side == 0) & (where == Domain.SPECIALS)
    kind = np.where(scored & zero & (answers.values != 0), INACCURATE, kind)
    return Charges(of_row, scored, raw, kind)


def convention(asked: Asked, row: int) -> "tuple[str, str]":
    """Of a row that has no single answer: what it holds, and the name of the convention followed ('' for none)."""
    batch, truth, answers, _ = asked
    values = batch.values[row]
    label = None if batch.labels is None else batch.labels[row : row + 1]
    where = "a +inf" if (values == np.inf).any() else "all -inf"
    slack = 8 * truth.formats.output.unit_roundoff
    for known in truth.function.conventions:
        right = known.answers(values, label) if known.where == where else None
        if right is not None and np.allclose(answers.values[row], right, rtol=slack, equal_nan=True):
            return where, known.name
    return where, ""


def unsettled(asked: Asked) -> Flags:
    """Rows (rows,) that have no single answer, and were answered."""
    return (asked.truth.expected == Expected.UNSETTLED).any(-1) & (asked.answers.trouble == "")
