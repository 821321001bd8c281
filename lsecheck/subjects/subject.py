"""subject, batch -> answers: one way to ask anything.

A subject is handed arrays in the input format and must answer in the output format, in the
right shape. What else it does (raise, crash, hang, answer in another dtype) is kept as a class
error of the rows concerned, never as a number, and the run goes on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

import numpy as np

from lsecheck import formats
from lsecheck.formats import FormatPair
from lsecheck.functions.definition import Floats, Function, Labels
from lsecheck.subjects.hand import hand
from lsecheck.subjects.question import Array, Notice, Question, Reply


@dataclass(frozen=True, slots=True)
class Declared:
    """What the author of a subject says of it, and what is then expected of it."""

    flushes_subnormals: bool = False  #: subnormal entries and answers may be taken for 0
    nan: str = "propagates"  #: or `ignored` (a nan entry adds nothing), or `unspecified` (not judged)
    base: str = "e"  #: of the logarithm it answers in: `e` or `2`
    least: int = 0  #: entries of the shortest row that it has an answer to; shorter ones are not asked


NOTHING = Declared()


@dataclass(frozen=True, slots=True)
class Subject:
    """What is tested."""

    name: str  #: as reports show it
    implementations: "Mapping[str, Callable[..., Any]]"  #: function name -> callable
    note: str = ""  #: what it is and accumulates in, in a few words
    version: str = ""  #: of the library behind it
    formats: "Mapping[str, frozenset[str]] | None" = None  #: function -> input formats it takes; None: not said
    answers_in: bool = False  #: it is told the output format, as keyword `output`
    given: bool = False  #: a callable of the user's: it implements whichever function it is asked for
    spec: str = ""  #: how to name it on the command line; empty where it cannot be
    #: of layouts, integers, axis, keepdims, plan, merge: what conduct may vary
    takes: "frozenset[str]" = frozenset({"layouts"})
    declared: Declared = NOTHING
    options: str = ""  #: what was said of it beside its name, as typed on a command line
    elsewhere: "Callable[[Question], Reply] | None" = None  #: asks it in another process

    def supports(self, function: Function, pair: FormatPair) -> bool:
        """Whether it claims the function in that input format; not claiming is not failing."""
        if function.name not in self.implementations:
            return False
        return self.formats is None or pair.input.name in self.formats.get(function.name, ())

    def reply(self, question: Question, aside: "TextIO | None" = None) -> Reply:
        """Ask one question, here or where the subject lives. What it prints unwatched goes `aside`, else to stderr."""
        if self.elsewhere is not None:
            return self.elsewhere(question)
        call = self.implementations[question.function]
        if self.answers_in:
            output = formats.named(question.output)
            return hand(lambda *arrays, **told: call(*arrays, output=output, **told), question, aside)
        return hand(call, question, aside)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a subject said to a batch."""

    values: Floats  #: (rows, outputs), widened exactly; nan where a row has trouble
    trouble: "np.ndarray[Any, np.dtype[np.str_]]"  #: (rows,): '' or the name of a class error
    message: str = ""  #: the first trouble, in words
    notices: tuple[Notice, ...] = ()

    @property
    def troubled(self) -> bool:
        """Whether any row has trouble: by the bits, ten times as fast as comparing words."""
        return bool(self.trouble.view(np.uint32).any())

    def part(self, rows: "np.ndarray[Any, np.dtype[np.int64]]") -> "Answers":
        """The answers to some of the rows."""
        return Answers(self.values[rows], self.trouble[rows], self.message, self.notices)


#: losses without any answer in between
_IN_A_ROW = {"crashed": 8, "timed-out": 3}


@dataclass(slots=True)
class Patience:
    """How many lost processes a run of cases is worth: starting one again takes a while, waiting for one longer."""

    crashes: int = 64
    hangs: int = 8
    trusted: bool = False  #: losses in a row are expected: a search for the smallest case that is lost
    in_a_row: "dict[str, int]" = field(default_factory=lambda: dict.fromkeys(_IN_A_ROW, 0))

    @property
    def lost(self) -> bool:
        """Whether nothing more is worth asking."""
        many = any(self.in_a_row[kind] >= most for kind, most in _IN_A_ROW.items())
        return (many and not self.trusted) or self.crashes <= 0 or self.hangs <= 0

    def note(self, trouble: str) -> None:
        """Count what became of one question."""
        if trouble not in _IN_A_ROW:
            self.in_a_row = dict.fromkeys(_IN_A_ROW, 0)
            return
        self.in_a_row[trouble] += 1
        if trouble == "crashed":
            self.crashes -= 1
        else:
            self.hangs -= 1


def ask(
    subject: Subject,
    function: Function,
    batch: Floats,
    pair: FormatPair,
    labels: "Labels | None",
    patience: "Patience | None" = None,
    plan: str = "",
) -> Answers:
    """Hand the batch over; if that is lost, row by row, so that only the rows at fault count."""
    patience = patience or Patience()
    whole = ask_whole(subject, function, batch, pair, labels, patience, plan)
    lost = str(whole.trouble[0]) if len(batch) else ""
    if len(batch) < 2 or lost not in ("raised", "crashed", "timed-out"):
        return whole
    values, trouble, message, notices = whole.values.copy(), whole.trouble.copy(), "", whole.notices
    for row in range(len(batch)):
        named = None if labels is None else labels[row : row + 1]
        alone = ask_whole(subject, function, batch[row : row + 1], pair, named, patience, plan)
        values[row], trouble[row] = alone.values[0], alone.trouble[0]
        message = message or alone.message
        notices += alone.notices
    if lost != "timed-out" and (trouble == "").all():
        # every row works alone: it is the batch that it cannot take
        return whole
    return Answers(values, trouble, message, notices)


def ask_whole(
    subject: Subject,
    function: Function,
    batch: Floats,
    pair: FormatPair,
    labels: "Labels | None",
    patience: Patience,
    plan: str = "",
) -> Answers:
    """Hand the batch over, once. `plan`: how a streaming subject is fed; '' is its own default."""
    array = np.ascontiguousarray(formats.cast(batch, pair.input))
    question = Question(function.name, array, pair.output.name, labels, plan=plan)
    if patience.lost:
        rows, outputs = len(question.array), function.outputs(question.array.shape[1])
        return _trouble(rows, outputs, "unasked", "not asked: it crashed or hung on too many cases before this one")
    reply = subject.reply(question)
    patience.note(reply.trouble)
    return judged(subject, function, question, reply, pair)


def judged(subject: Subject, function: Function, question: Question, reply: Reply, pair: FormatPair) -> Answers:
    """A reply as answers: numbers of the right dtype and shape, or trouble for every row."""
    rows, n = question.array.shape
    outputs = function.outputs(n)
    answer = reply.array
    if answer is None:
        return _trouble(rows, outputs, reply.trouble, reply.message, reply.notices)
    wanted = (rows, n) if function.elementwise else (rows,)
    if answer.dtype.name != pair.output.name:  # by name: byte order is no matter of accuracy
        return _trouble(rows, outputs, "dtype", _wrong_dtype(subject, answer, pair), reply.notices)
    if answer.shape != wanted and not (answer.shape == (rows, 1) and wanted == (rows,)):
        message = f"answered in shape {answer.shape} where {wanted} is right"
        return _trouble(rows, outputs, "shape", message, reply.notices)
    values = formats.widen(answer).reshape(rows, outputs)
    return Answers(values, np.full(rows, "", "<U9"), notices=reply.notices)


def _wrong_dtype(subject: Subject, answer: Array, pair: FormatPair) -> str:
    said = f"{subject.name} was given {pair.input} and answered in {answer.dtype}"
    if answer.dtype.name not in formats.FORMATS:
        return f"{said}, which is no format lsecheck knows"
    remedy = f"to judge what it did, use -f {pair.input}:{answer.dtype}"
    return f"{said}: its error in {pair.output} is not measurable; {remedy}"


def _trouble(rows: int, outputs: int, kind: str, message: str, notices: tuple[Notice, ...] = ()) -> Answers:
    line = " ".join("".join(c if c.isprintable() else " " for c in message).split())
    return Answers(np.full((rows, outputs), np.nan), np.full(rows, kind, "<U9"), line[:300], notices)
