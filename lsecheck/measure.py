"""answer, truth -> error.

Distance is real-valued and in ulps of the *unrounded* truth, so 0.5 is as good as it gets.
Beside it stands the condition-scaled error E, which tells mathematics (y near 0) from the
implementation. A wrong kind of answer is a class error and never becomes a number.
This file never computes a logarithm: if you need one, you are in the wrong file.
"""

import enum
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lsecheck import contracts, formats
from lsecheck.contracts import Contract
from lsecheck.errors import InputError
from lsecheck.functions.definition import Codes, Expected, Floats, Function, Labels, as_array

if TYPE_CHECKING:
    from lsecheck.oracle.truth import Truth

Flags = np.ndarray[Any, np.dtype[np.bool_]]
Names = np.ndarray[Any, np.dtype[np.str_]]

#: errors beyond this are shown as this: a float64 can be 2^2098 ulps away
LARGEST_ERROR = sys.float_info.max


class ClassError(enum.StrEnum):
    """A wrong kind of answer."""

    NAN = "nan"  #: nan where a number or an infinity is right
    INFINITE = "infinite"  #: an infinity where something else is right, the other infinity included
    FINITE = "finite"  #: a finite number where an infinity or nan is right
    DTYPE = "dtype"
    SHAPE = "shape"
    RAISED = "raised"
    CRASHED = "crashed"
    TIMED_OUT = "timed-out"
    UNASKED = "unasked"  #: after too many crashes or hangs


_NAMES = np.array(["", *ClassError])
_CODES = {kind: place for place, kind in enumerate(ClassError, 1)}
#: outputs measured at once: their three dozen arrays of float64 stay in the cache
BLOCK = 1 << 13
#: 1 / ln 2, for figures that need not be exact
LOG2E = 1.4426950408889634


@dataclass(frozen=True, slots=True)
class Errors:
    """How far answers lie from the truth. Arrays have shape (rows, outputs); nan where not scored."""

    ulp: Floats  #: |answer - y| in ulps of the output format at y
    signed: Floats  #: the same with the sign of answer - y
    scaled: Floats  #: E = |answer - y| / max(u |y| + u K, t / 2)
    condition: Floats  #: kappa = K / |y|; inf where y rounds to nothing
    excess: Floats  #: error / bound of the required contract
    rung: Codes  #: index into `contracts.LADDER`; meaningful where scored
    correct: Flags  #: the answer is the correct rounding
    codes: Codes  #: 0, or 1 + the place of a `ClassError` in its list

    @property
    def kind(self) -> Names:
        """'' or the name of a `ClassError`."""
        return _NAMES[self.codes]


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
    rows, outputs = truth.expected.shape
    if rows * outputs <= BLOCK:
        return _errors(truth, answers, required, flushes)
    step, width = max(BLOCK // outputs, 1), min(outputs, BLOCK)
    whole: Errors | None = None
    for top in range(0, rows, step):
        for left in range(0, outputs, width):
            part = slice(top, top + step), slice(left, left + width)
            block = _errors(truth.part(*part), answers[part], required, flushes)
            whole = whole or Errors(*(np.empty(answers.shape, getattr(block, name).dtype) for name in _FIELDS))
            for name in _FIELDS:
                getattr(whole, name)[part] = getattr(block, name)
    assert whole is not None
    return whole


_FIELDS = tuple(Errors.__dataclass_fields__)


def _errors(truth: "Truth", answers: Floats, required: Contract, flushes: bool) -> Errors:
    fmt = truth.formats.output
    tiny = 2.0**fmt.emin if flushes else fmt.tiny
    codes = _class_errors(truth, answers)
    scored = (truth.expected == Expected.NUMBER) & (codes == 0)
    # everything below is in the unit 2^exponent of each truth: an ulp is then 2^(1 - p)
    exponent = truth.exponent.astype(np.int64)
    unit, inverse = formats.powers_of_two(exponent), formats.powers_of_two(1 - exponent) * 0.5
    if truth.scale.any():
        down = truth.scale - exponent
        high, low = formats.scaled(truth.high, down), formats.scaled(truth.low, down)
    else:
        high, low = truth.high * inverse, truth.low * inverse
    place = 2.0 * fmt.unit_roundoff
    said = np.where(scored, answers, np.nan) * inverse
    # an overflow stands for the number after the largest; to any truth past that it is right
    after = formats.scaled(np.float64(_after_largest(fmt)), fmt.emax - exponent)
    past = np.abs(high) >= after
    overflown = scored & ~np.isfinite(answers)
    if overflown.any():
        said = np.where(overflown, np.copysign(after, high), said)
    difference = (said - high) - low
    if overflown.any():
        difference = np.where(overflown & past, 0.0, difference)
    error = np.abs(difference)
    magnitude = np.abs(high + low)
    natural = truth.function.condition(truth.sums)
    spread = natural * inverse  # K in units
    if truth.base == "2":
        spread = spread * LOG2E
    floor = np.maximum(fmt.unit_roundoff * magnitude + fmt.unit_roundoff * spread, tiny * inverse / 2)
    scaled = np.minimum(error / floor, LARGEST_ERROR)
    ulp = np.minimum(error / place, LARGEST_ERROR)
    condition = np.where(magnitude > 0, spread / magnitude, np.where(spread > 0, np.inf, 0.0))
    correct, faithful = _exact_standing(truth, answers, scored, past)
    if truth.base == "2":
        allowed = contracts.bounds(truth.function, truth.sums, magnitude / LOG2E, fmt, unit, natural, tiny)
        # every entry and every sum is multiplied by log2 e, and each product rounded
        more = 4 * fmt.unit_roundoff * (magnitude + spread)
        allowed = {contract: LOG2E * bound + more for contract, bound in allowed.items()}
    else:
        allowed = contracts.bounds(truth.function, truth.sums, magnitude, fmt, unit, natural, tiny)
    standing = contracts.stand(error, np.full_like(error, place), correct, faithful, allowed, required)
    return Errors(ulp, np.copysign(ulp, difference), scaled, condition, standing.excess, standing.rung, correct, codes)


def _beyond(truth: "Truth") -> Flags:
    """Where |y| >= M: an overflow there is an answer, not a scandal."""
    top = truth.formats.output.largest_ordinal
    magnitude = np.abs(truth.places)
    outward = truth.side * np.sign(truth.places) >= 0
    return (truth.expected == Expected.NUMBER) & ((magnitude > top) | ((magnitude == top) & outward))


def _class_errors(truth: "Truth", answers: Floats) -> Codes:
    fmt, expected = truth.formats.output, truth.expected
    if not expected.any() and np.isfinite(answers).all():  # numbers where numbers are right
        return np.zeros(answers.shape, np.int8)
    nan, infinite = np.isnan(answers), np.isinf(answers)
    number = expected == Expected.NUMBER
    beyond = _beyond(truth)
    positive = np.where(number, truth.high > 0, expected == Expected.PLUS_INFINITY)
    may_overflow = beyond | (expected == Expected.PLUS_INFINITY) | (expected == Expected.MINUS_INFINITY)
    overflow = may_overflow & (infinite & ((answers > 0) == positive) if fmt.has_infinity else nan)
    codes = np.zeros(answers.shape, np.int8)
    codes[nan & (expected != Expected.NAN) & ~overflow] = _CODES[ClassError.NAN]
    codes[infinite & ~overflow] = _CODES[ClassError.INFINITE]
    codes[~nan & ~infinite & ~number] = _CODES[ClassError.FINITE]
    codes[expected == Expected.UNSETTLED] = 0
    return codes


def _exact_standing(truth: "Truth", answers: Floats, scored: Flags, past: Flags) -> tuple[Flags, Flags]:
    """Which answers are the correct rounding, and which a neighbour of the truth: compared as numbers.

    A truth `past` the number after the largest has one neighbour, the overflow.
    """
    fmt = truth.formats.output
    place = formats.ordinals(formats.cast(answers, fmt))
    finite = np.isfinite(answers)
    if not finite.all():
        place = np.where(finite, place, np.where(truth.high < 0, -1, 1) * (fmt.largest_ordinal + 1))
    correct = scored & (place == truth.places)
    neighbour = (truth.side != 0) & (place == truth.places + truth.side) & ~past
    return correct, correct | (scored & neighbour)


def _after_largest(fmt: formats.Format) -> float:
    """The number after the largest, were there one, in units of 2^emax: 2, or 1.875 in float8_e4m3fn."""
    return (fmt.largest_significand + 1) * 2.0 ** (1 - fmt.precision)
