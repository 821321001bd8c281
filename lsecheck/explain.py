"""one case, one subject -> why this answer is this wrong.

The case, got, should be, error, condition; and for the built-in methods the error that each
step adds: what the exact remainder of the computation would make of the values held after it,
less what it would have made of those held before it. The steps add up to the whole error.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lsecheck import formats
from lsecheck.charges import Asked
from lsecheck.contracts import LADDER, Contract
from lsecheck.errors import InputError, Undecided
from lsecheck.expectation import Expectation
from lsecheck.expectation import check as check_declared
from lsecheck.formats import FormatPair
from lsecheck.functions.definition import Expected, Floats, Function
from lsecheck.inputs.batch import Batch
from lsecheck.measure import Errors, errors
from lsecheck.oracle.truth import Truth
from lsecheck.rows import Witness
from lsecheck.subjects.methods import METHODS, trace
from lsecheck.subjects.methods.steps import Answer, Exponents, Logged, Step, Terms, Total
from lsecheck.subjects.subject import Answers, Subject, ask
from lsecheck.tally import witness


@dataclass(frozen=True, slots=True)
class Share:
    """What one step adds to the error, in ulps of the output; None where it left the numbers."""

    step: str
    ulps: "float | None"


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything there is to say about one output of one case."""

    subject: str
    function: str
    pair: FormatPair
    seen: Witness
    expected: "Expected | None"  #: None where the row has no outputs
    kind: str  #: class error, or ''
    message: str  #: what was raised, or wrong with the array
    contract: "Contract | None"  #: kept by this case; None where it is not scored
    excess: "dict[Contract, float]"  #: error / bound, for the contracts with numeric bounds
    steps: "tuple[Share, ...]"  #: empty where the subject has none to show
    options: str = ""  #: what was said of the subject beside its name


def explain(
    subject: Subject, function: Function, pair: FormatPair, batch: Batch, output: "int | None" = None
) -> Explanation:
    """Explain the worst output of a batch of one row, or the one asked for; of equal rows, the worst row."""
    check_declared(function, subject.declared)
    batch, truth, undecided = Expectation(function, batch, pair).of(subject.declared)
    if undecided:
        raise Undecided("the truth of this case is not decided at the precision cap: report this input")
    if not len(batch.values):
        raise InputError("nothing is asked of this case: it holds nan, which the subject declares unspecified")
    plan = batch.plan if "plan" in subject.takes else ""
    answers = ask(subject, function, batch.values, pair, batch.labels, plan=plan)
    if len(batch.values) > 1:
        row = np.array([_worst_row(errors(truth, answers.values), answers)])
        batch, truth = batch.some(row), truth.part(row, slice(None))
        answers = answers.part(row)
    flushes = subject.declared.flushes_subnormals
    measured = errors(truth, answers.values, flushes=flushes)
    outputs = truth.expected.shape[1]
    place = output if output is not None else _worst(measured, answers) if outputs else 0
    seen = witness(Asked(batch, truth, answers, measured), 0, place)
    kind = str(answers.trouble[0]) or (str(measured.kind[0, place]) if outputs else "")
    scored = seen.ulp is not None and isinstance(seen.ulp, float)
    return Explanation(
        subject=subject.name,
        function=function.name,
        pair=pair,
        seen=seen,
        expected=Expected(truth.expected[0, place]) if outputs else None,
        kind=kind,
        message=answers.message,
        contract=LADDER[measured.rung[0, place]] if scored else None,
        excess=_excesses(truth, answers, place, flushes) if scored else {},
        steps=tuple(_shares(subject, function, pair, batch, truth)) if not answers.trouble[0] else (),
        options=subject.options,
    )


def _worst(measured: Errors, answers: Answers) -> int:
    if answers.trouble[0] or (measured.kind[0] != "").any():
        return int((measured.kind[0] != "").argmax())
    return int(np.nan_to_num(measured.scaled[0], nan=-1.0).argmax())


def _worst_row(measured: Errors, answers: Answers) -> int:
    wrong = (answers.trouble != "") | (measured.kind != "").any(-1)
    if wrong.any():
        return int(wrong.argmax())
    return int(np.nan_to_num(measured.scaled, nan=-1.0).max(-1, initial=-1.0).argmax())


def _excesses(truth: Truth, answers: Answers, place: int, flushes: bool) -> "dict[Contract, float]":
    promised = (Contract.CONDITIONED, Contract.SHIFTED, Contract.SEQUENTIAL, Contract.FOLDED)
    return {
        contract: float(errors(truth, answers.values, contract, flushes=flushes).excess[0, place])
        for contract in promised
    }


def _shares(subject: Subject, function: Function, pair: FormatPair, batch: Batch, truth: Truth) -> "list[Share]":
    """The error each step adds; for reductions of the built-in methods only."""
    if (
        subject.declared.base != "e"
        or subject.spec.partition("@")[0] not in METHODS
        or function.name not in ("logsumexp", "logaddexp")
    ):
        return []
    steps = trace(subject.spec, function.name, formats.cast(batch.values, pair.input), pair.output)
    if len(steps) < 2 or truth.expected[0, 0] != Expected.NUMBER:
        return []
    place = int(truth.exponent[0, 0]) - pair.output.precision + 1
    # an ulp in which the truth is known to 2^-11: each step is found as closely
    before: "Fraction | None" = _exact(truth)
    found = []
    for step in steps:
        after = _remainder(step, place)
        if before is None or after is None:
            found.append(Share(step.step, None))
        else:
            found.append(Share(step.step, float((after - before) / Fraction(2) ** place)))
        before = after
    return found


def _exact(truth: Truth) -> Fraction:
    middle = Fraction(float(truth.high[0, 0])) + Fraction(float(truth.low[0, 0]))
    return middle * Fraction(2) ** int(truth.scale[0, 0])


def _remainder(step: Step, place: int) -> "Fraction | None":
    """What exact arithmetic would make of a state, to 2^-11 of 2^place; None if it holds no numbers."""
    from lsecheck.oracle import interval
    from lsecheck.oracle.enclosure import Ratio

    def settle(enclose: "Callable[[int], Any]", shift: Any) -> "Fraction | None":
        return _narrowed(enclose, Fraction(float(shift)), place)

    match step:
        case Answer(values=values):
            return Fraction(float(values[0])) if np.isfinite(_wide(values)).all() else None
        case Logged(shift=shift, log=log):
            if not np.isfinite([float(shift[0]), float(log[0])]).all():
                return None
            return Fraction(float(shift[0])) + Fraction(float(log[0]))
        case Total(shift=shift, total=total, lead=lead):
            held = [Fraction(lead), Fraction(float(total[0]))] if np.isfinite(float(total[0])) else []
        case Terms(shift=shift, entries=entries, lead=lead):
            held = (
                [Fraction(lead), *map(Fraction, _wide(entries)[0].tolist())]
                if np.isfinite(_wide(entries)).all()
                else []
            )
        case Exponents(shift=shift, entries=entries, lead=lead):
            values = _wide(entries)[0]
            values = values[np.isfinite(values)]
            row = interval.exact_row(np.append(values, 0.0) if lead else values)
            return settle(lambda precision: interval.Sweep(row, precision).logsumexp(), shift[0])
    total_held = sum(held, Fraction(0))
    if total_held <= 0 or not np.isfinite(float(shift[0])):
        return None
    number = Ratio(total_held.numerator, 1, 1 - total_held.denominator.bit_length())
    return settle(lambda precision: interval.log_enclosure(number, precision), shift[0])


def _narrowed(enclose: "Callable[[int], Any]", shift: Fraction, place: int) -> Fraction:
    """The middle of an enclosure plus shift, once it is narrower than 2^(place - 11)."""
    from lsecheck.oracle.interval import FIRST_PRECISION, PRECISION_CAP

    precision = FIRST_PRECISION
    while precision <= PRECISION_CAP:
        low, high, _ = enclose(precision)
        ends = [Fraction(end.numerator, end.denominator) * Fraction(2) ** end.exponent for end in (low, high)]
        if ends[1] - ends[0] <= Fraction(2) ** (place - 11):
            return shift + (ends[0] + ends[1]) / 2
        precision *= 2
    raise Undecided("a step of the method is not decided at the precision cap: report this input")


def _wide(array: Any) -> Floats:
    return formats.widen(np.asarray(array))
