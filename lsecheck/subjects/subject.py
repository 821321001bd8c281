"""subject, batch -> answers: one way to ask anything callable.

A subject is handed arrays in the input format and must answer in the output format, in the
right shape. What else it does (raise, answer in another dtype) is kept as a class error of the
rows concerned, never as a number, and the run goes on.
"""

import sys
import warnings
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsecheck import formats
from lsecheck.formats import FormatPair
from lsecheck.functions.definition import Floats, Function, Labels


@dataclass(frozen=True, slots=True)
class Subject:
    """What is tested."""

    name: str  #: as reports show it
    implementations: "Mapping[str, Callable[..., Any]]"  #: function name -> callable
    note: str = ""  #: what it is and accumulates in, in a few words
    version: str = ""  #: of the library behind it
    formats: "frozenset[str] | None" = None  #: input formats it takes; None: not said
    answers_in: bool = False  #: it is told the output format, as keyword `output`
    given: bool = False  #: a callable of the user's: it implements whichever function it is asked for
    spec: str = ""  #: how to name it on the command line; empty where it cannot be

    def supports(self, function: Function, pair: FormatPair) -> bool:
        """Whether it claims the function in that input format; not claiming is not failing."""
        return function.name in self.implementations and (self.formats is None or pair.input.name in self.formats)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a subject said to a batch."""

    values: Floats  #: (rows, outputs), widened exactly; nan where a row has trouble
    trouble: "np.ndarray[Any, np.dtype[np.str_]]"  #: (rows,): '', 'raised', 'dtype' or 'shape'
    message: str = ""  #: the first trouble, in words


def ask(subject: Subject, function: Function, batch: Floats, pair: FormatPair, labels: "Labels | None") -> Answers:
    """Hand the batch over; if it raises, row by row, so that only the rows that raise count."""
    array = formats.cast(batch, pair.input)
    whole = _attempt(subject, function, array, pair, labels)
    if len(batch) < 2 or not (whole.trouble == "raised").any():
        return whole
    values, trouble, message = whole.values.copy(), whole.trouble.copy(), ""
    for row in range(len(batch)):
        named = None if labels is None else labels[row : row + 1]
        alone = _attempt(subject, function, array[row : row + 1], pair, named)
        values[row], trouble[row] = alone.values[0], alone.trouble[0]
        message = message or alone.message
    if not (trouble == "raised").any():
        # every row works alone: it is the batch that it cannot take
        return whole
    return Answers(values, trouble, message)


def _attempt(
    subject: Subject, function: Function, array: np.ndarray[Any, Any], pair: FormatPair, labels: "Labels | None"
) -> Answers:
    rows, n = array.shape
    outputs = function.outputs(n)
    arrays = (array[:, 0].copy(), array[:, 1].copy()) if function.name == "logaddexp" else (array.copy(),)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"), redirect_stdout(sys.stderr):
            warnings.simplefilter("ignore")
            told = {"output": pair.output} if subject.answers_in else {}
            named = () if labels is None else (labels.copy(),)
            raw = subject.implementations[function.name](*arrays, *named, **told)
        answer = np.asarray(raw)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever a subject raises is a finding, not ours to handle
        return _trouble(rows, outputs, "raised", f"raised {type(error).__name__}: {error}")
    wanted = (rows, n) if function.elementwise else (rows,)
    if answer.dtype.name != pair.output.name:  # by name: byte order is no matter of accuracy
        return _trouble(rows, outputs, "dtype", _wrong_dtype(subject, answer, pair))
    if answer.shape != wanted and not (answer.shape == (rows, 1) and wanted == (rows,)):
        return _trouble(rows, outputs, "shape", f"answered in shape {answer.shape} where {wanted} is right")
    return Answers(formats.widen(answer).reshape(rows, outputs), np.full(rows, "", "<U9"))


def _wrong_dtype(subject: Subject, answer: np.ndarray[Any, Any], pair: FormatPair) -> str:
    said = f"{subject.name} was given {pair.input} and answered in {answer.dtype}"
    if answer.dtype.name not in formats.FORMATS:
        return f"{said}, which is no format lsecheck knows"
    remedy = f"to judge what it did, use -f {pair.input}:{answer.dtype}"
    return f"{said}: its error in {pair.output} is not measurable; {remedy}"


def _trouble(rows: int, outputs: int, kind: str, message: str) -> Answers:
    line = " ".join("".join(c if c.isprintable() else " " for c in message).split())
    return Answers(np.full((rows, outputs), np.nan), np.full(rows, kind, "<U9"), line[:300])
