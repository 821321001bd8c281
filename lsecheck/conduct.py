"""subject, batch -> observations: how it behaves, beside how exact it is.

Every rule asks the same cases in another way and compares the answers with those of the plain
call. A difference in bits is a fact, noted with its size. It fails where the other answer breaks
the required contract and the plain one keeps it, where an answer turns into a class error, or
where it depends on another row's data.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import msgspec
import numpy as np

from lsecheck import formats
from lsecheck.charges import Asked
from lsecheck.contracts import Contract
from lsecheck.formats import FormatPair, hex_text
from lsecheck.functions.definition import Floats, Function
from lsecheck.inputs.batch import Batch
from lsecheck.measure import Errors, errors
from lsecheck.oracle.base import in_base_two
from lsecheck.oracle.truth import Truth, certify
from lsecheck.rows import ABSENT, FAILS, HOLDS, NOTED, Absent, Observation
from lsecheck.subjects.question import Array, Question, Reply
from lsecheck.subjects.streaming import trials
from lsecheck.subjects.subject import Answers, Subject, judged
from lsecheck.tally import witness

Integers = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Plain:
    """A batch and the answers to the plain call, which every other way is compared with."""

    subject: Subject
    function: Function
    pair: FormatPair
    required: Contract
    asked: Asked
    array: Array  #: (rows, n), in the input format

    def question(self, **changed: Any) -> Question:
        """The plain call with something changed, watched."""
        given: dict[str, Any] = {
            "function": self.function.name,
            "array": self.array,
            "output": self.pair.output.name,
            "labels": self.asked.batch.labels,
            "watched": True,
        }
        return Question(**(given | changed))

    def some(self, rows: Integers, **changed: Any) -> Question:
        """The plain call of some rows."""
        labels = self.asked.batch.labels
        return self.question(array=self.array[rows], labels=None if labels is None else labels[rows], **changed)


class Variation(NamedTuple):
    """The same cases asked in another way."""

    question: Question
    what: str  #: how, in words
    rows: Integers  #: for each row of the reply that counts, the row of the plain call it stands for
    mine: "slice | Integers" = slice(None)  #: which rows of the reply count
    order: "Integers | None" = None  #: entry j of the reply is entry order[j] of the plain call


def observe(
    subject: Subject, function: Function, pair: FormatPair, required: Contract, asked: Asked
) -> Iterator[Observation]:
    """Every rule that can be asked of this subject, function and batch, in the order of `RULES`."""
    array = formats.cast(asked.batch.values, pair.input)
    plain = Plain(subject, function, pair, required, asked, array)
    yield from _noticed(plain, subject.reply(plain.question()).notices)
    if (asked.answers.trouble != "").any():
        return  # nothing to compare with: the trouble is a finding of its own
    steady = True
    for name, rule in RULES.items():
        for variation in rule.ask(plain):
            reply = subject.reply(variation.question)
            seen = _compared(name, rule, plain, variation, reply, strict=rule.strict and steady)
            steady = steady and not (name == "repeat" and seen.standing != HOLDS)
            yield seen
            for notice in reply.notices:
                if NOTICED[notice.rule] == FAILS:
                    message = f"{variation.what}: {notice.message}"
                    yield _seen(notice.rule, FAILS, message, plain, variation.rows)


def _noticed(plain: Plain, notices: "tuple[Any, ...]") -> Iterator[Observation]:
    """What the plain call did beside answering; a rule without a notice holds."""
    for rule, standing in NOTICED.items():
        found = [notice for notice in notices if notice.rule == rule]
        if not found:
            yield Observation(rule=rule, standing=HOLDS, calls=1)
        for notice in found:
            yield Observation(
                rule=rule,
                standing=standing,
                calls=1,
                message=notice.message,
                witness=witness(plain.asked, 0, 0),
            )


def _compared(name: str, rule: "Rule", plain: Plain, variation: Variation, reply: Reply, strict: bool) -> Observation:
    """One variation against the plain call."""
    question, pair = variation.question, plain.pair
    if question.array.dtype.kind in "iu":
        return _of_integers(name, plain, question, reply.array, reply.message)
    answers = judged(plain.subject, plain.function, question, reply, pair)
    if answers.message:
        refused = rule.may_refuse and reply.trouble == "raised"
        said = f"{variation.what}: {answers.message}"
        return _seen(name, NOTED if refused else FAILS, said, plain, variation.rows)
    values = answers.values[variation.mine]
    if variation.order is not None and plain.function.elementwise:
        back = np.empty_like(values)
        back[:, variation.order] = values
        values = back
    before = plain.asked.answers.values[variation.rows]
    same = (values == before) | (np.isnan(values) & np.isnan(before))
    if same.all():
        return Observation(rule=name, standing=HOLDS, calls=1)
    truth = plain.asked.truth.part(variation.rows, slice(None))
    flushes = plain.subject.declared.flushes_subnormals
    now, then = (errors(truth, each, plain.required, flushes=flushes) for each in (values, before))
    worse = ~same & _broken(now, plain.required) & ~_broken(then, plain.required)
    failing = worse.any() or strict
    row, output = np.argwhere(worse if worse.any() else ~same)[0]
    largest = _ulps(truth, values, before)
    message = (
        f"{variation.what}: {hex_text(float(values[row, output]))}, "
        f"plainly asked {hex_text(float(before[row, output]))}"
    )
    seen = _seen(name, FAILS if failing else NOTED, message, plain, variation.rows[row : row + 1], int(output))
    return msgspec.structs.replace(seen, ulp=largest)


def _of_integers(name: str, plain: Plain, question: Question, answer: "Array | None", raised: str) -> Observation:
    """Integers are exact in every format; whatever format the answer has, it is held to the contract there."""
    if answer is None:
        return Observation(rule=name, standing=NOTED, calls=1, message=f"integers are refused: {raised}")
    if answer.dtype.name not in formats.FORMATS:
        return Observation(rule=name, standing=NOTED, calls=1, message=f"integers are answered in {answer.dtype}")
    pair = FormatPair(formats.named("float64"), formats.named(answer.dtype.name))
    values = question.array.astype(np.float64)
    truth = certify(plain.function, values, pair, question.labels)
    if plain.subject.declared.base == "2":
        truth = in_base_two(truth, values)
    reply = Answers(formats.widen(answer), np.full(len(values), ""))
    if answer.shape not in (truth.expected.shape, truth.expected.shape[:1]):
        message = f"integers are answered in shape {answer.shape}"
        return _seen(name, FAILS, message, plain, np.array([0]))
    given = reply.values.reshape(truth.expected.shape)
    measured = errors(truth, given, plain.required)
    bad = _broken(measured, plain.required)
    if not bad.any():
        return Observation(rule=name, standing=HOLDS, calls=1)
    row, output = np.argwhere(bad)[0]
    batch = Batch("integers", 0, np.arange(len(values)), values, question.labels)
    message = f"integers {question.array[row].tolist()} give {given[row, output]:.6g}"
    seen = witness(Asked(batch, truth, Answers(given, reply.trouble), measured), int(row), int(output))
    return Observation(rule=name, standing=FAILS, calls=1, message=message, witness=seen)


def _broken(measured: Errors, required: Contract) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Class errors, and numbers that miss the required contract."""
    return (measured.codes != 0) | (measured.rung > required.rung)


def _ulps(truth: Truth, one: Floats, other: Floats) -> "float | Absent":
    """The largest difference in ulps of the output format; absent where one is no number."""
    place = np.ldexp(1.0, truth.exponent.astype(np.int32) - truth.formats.output.precision + 1)
    with np.errstate(all="ignore"):
        apart = np.abs(one - other) / place
    finite = apart[np.isfinite(apart)]
    return float(finite.max()) if finite.size else ABSENT


def _seen(name: str, standing: str, message: str, plain: Plain, rows: Integers, output: int = 0) -> Observation:
    row = int(rows[0]) if len(rows) else 0
    return Observation(
        rule=name,
        standing=standing,
        calls=1,
        message=message,
        witness=witness(plain.asked, row, output),
    )


def _all_rows(plain: Plain) -> Integers:
    return np.arange(len(plain.array))


def _repeat(plain: Plain) -> Iterator[Variation]:
    every = _all_rows(plain)
    yield Variation(plain.question(), "asked again", every)
    yield Variation(plain.question(), "asked a third time", every)
    narrow = max(plain.array.shape[1] // 2, 1)
    if plain.function.entries is None and plain.asked.batch.labels is None:
        # other shapes in between: what a cache sized by a call before would spoil
        plain.subject.reply(plain.question(array=np.ascontiguousarray(plain.array[:1, :narrow])))
        yield Variation(plain.question(), "asked again after another shape", every)
        plain.subject.reply(plain.question(array=np.tile(plain.array, (2, 2))))
    yield Variation(plain.question(), "asked again after a larger batch", every)


def _alone(plain: Plain) -> Iterator[Variation]:
    for row in dict.fromkeys((0, len(plain.array) // 2, len(plain.array) - 1)):
        yield Variation(plain.some(np.array([row])), f"row {row} alone", np.array([row]))


def _neighbours(plain: Plain) -> Iterator[Variation]:
    if len(plain.array) < 2:
        return
    fmt, kept = plain.pair.input, len(plain.array) // 2
    others = {"nan": np.nan, "zeros": 0.0, "the largest number": fmt.largest, "the lowest number": -fmt.largest}
    if fmt.has_infinity:
        others |= {"+inf": np.inf, "-inf": -np.inf}
    for what, value in others.items():
        changed = np.full(plain.array.shape, value)
        changed[kept] = formats.widen(plain.array[kept])
        question = plain.question(array=formats.cast(changed, fmt))
        yield Variation(question, f"the other rows set to {what}", np.array([kept]), np.array([kept]))


def _laid_out(layout: str) -> Callable[[Plain], Iterator[Variation]]:
    def ask(plain: Plain) -> Iterator[Variation]:
        if "layouts" not in plain.subject.takes:
            return
        every = _all_rows(plain)
        if layout == "broadcast":
            first = np.zeros(len(every), np.int64)
            yield Variation(plain.some(first, layout=layout), "one row broadcast to many", first)
        else:
            yield Variation(plain.question(layout=layout), f"{layout} in memory", every)

    return ask


def _along(way: str, what: str, needs: str = "axis", single: bool = False) -> Callable[[Plain], Iterator[Variation]]:
    def ask(plain: Plain) -> Iterator[Variation]:
        reducible = plain.function.entries is None and not plain.function.labelled
        if needs not in plain.subject.takes or not reducible or (plain.function.elementwise and needs == "keepdims"):
            return
        rows = np.array([0]) if single else _all_rows(plain)
        yield Variation(plain.some(rows, way=way), what, rows)

    return ask


def _axes(plain: Plain) -> Iterator[Variation]:
    yield from _along("first", "along axis 0")(plain)
    yield from _along("middle", "along the middle axis of three")(plain)


def _permutation(plain: Plain) -> Iterator[Variation]:
    n = plain.array.shape[1]
    if n < 2:
        return
    wide = formats.widen(plain.array)
    ascending = np.argsort(wide.sum(0), kind="stable")
    orders = {"reversed": np.arange(n)[::-1], "ascending": ascending, "descending": ascending[::-1],
              "rotated": np.roll(np.arange(n), n // 3 + 1)}  # fmt: skip
    for what, order in orders.items():
        labels = plain.asked.batch.labels
        moved = None if labels is None else np.argsort(order)[labels]
        question = plain.question(array=np.ascontiguousarray(plain.array[:, order]), labels=moved)
        yield Variation(question, f"entries {what}", _all_rows(plain), order=order)


def _chunks(plain: Plain) -> Iterator[Variation]:
    """The same entries cut otherwise; and under a part of the lowest number, which adds nothing, from far below."""
    if "plan" not in plain.subject.takes:
        return
    every, (rows, n), merges = _all_rows(plain), plain.array.shape, "merge" in plain.subject.takes
    for what, plan in trials(n, merges).items():
        typed = f", --plan {plan!r}" if len(plan) < 30 else ""
        yield Variation(plain.question(plan=plan), f"fed {what}{typed}", every)
    lowest = formats.cast(np.full((rows, _BELOW), -plain.pair.input.largest), plain.pair.input)
    first = plain.question(array=np.concatenate([lowest, plain.array], axis=1), plan=f"{_BELOW}")
    last = plain.question(array=np.concatenate([plain.array, lowest], axis=1), plan=f"{n}")
    yield Variation(first, f"fed {_BELOW} of the lowest number first", every)
    yield Variation(last, f"fed {_BELOW} of the lowest number last", every)
    if merges:
        yield Variation(replace(first, plan=f"({_BELOW} {n})"), "a part of the lowest number merged first", every)
        yield Variation(replace(last, plan=f"({n} {_BELOW})"), "a part of the lowest number merged last", every)


_BELOW = 3  #: entries of the lowest number


def _integers(plain: Plain) -> Iterator[Variation]:
    n = plain.array.shape[1]
    if "integers" not in plain.subject.takes or n > 100:
        return
    values = np.array([[20, 30, 100, -7, 3, 0, 5, 41][(row + column) % 8] for row in range(2) for column in range(n)])
    labels = None if plain.asked.batch.labels is None else np.zeros(2, np.int64)
    yield Variation(plain.question(array=values.reshape(2, n), labels=labels), "of integers", np.array([0, 1]))


def _no_rows(plain: Plain) -> Iterator[Variation]:
    none = np.zeros(0, np.int64)
    yield Variation(plain.some(none), "no rows", none)


class Rule(NamedTuple):
    """A rule of conduct."""

    meaning: str
    ask: Callable[[Plain], Iterator[Variation]]
    may_refuse: bool = False  #: raising is an honest answer, and noted
    strict: bool = False  #: any difference fails, if the subject repeats itself at all


#: rules about what a call does beside answering -> how a breach stands
NOTICED = {"input": FAILS, "stdout": FAILS, "state": FAILS, "warnings": NOTED}
_NOTICED_MEANING = {
    "dtype": "an answer in the format that was asked for",
    "shape": "one answer a row, or one an entry",
    "input": "the arrays handed over are as they were",
    "stdout": "nothing is written to standard output",
    "state": "NumPy's error state, warning filters, random streams and the floating-point mode are as they were",
    "warnings": "no warning is raised",
}

RULES: dict[str, Rule] = {
    "repeat": Rule("the same bits when asked again, and after a call of another shape", _repeat),
    "alone": Rule("the same bits for a row alone as in its batch", _alone),
    "neighbours": Rule("what other rows hold changes nothing", _neighbours, strict=True),
    "strided": Rule("every other entry of an array, as x[:, ::2]", _laid_out("strided"), may_refuse=True),
    "offset": Rule("a window of a larger array", _laid_out("offset"), may_refuse=True),
    "reversed": Rule("negative strides, as x[::-1, ::-1]", _laid_out("reversed"), may_refuse=True),
    "transposed": Rule("Fortran order, as x.T", _laid_out("transposed"), may_refuse=True),
    "broadcast": Rule("one row broadcast to many, stride 0", _laid_out("broadcast"), may_refuse=True),
    "read-only": Rule("an array that must not be written", _laid_out("read-only"), may_refuse=True),
    "axis": Rule("another axis gives what the last does", _axes, may_refuse=True),
    "keepdims": Rule("keepdims keeps the axis, of length 1", _along("keepdims", "keepdims", "keepdims")),
    "1-d": Rule("a vector gives a number, of shape ()", _along("vector", "a vector", single=True), may_refuse=True),
    "permutation": Rule("another order of the entries: the spread is noted", _permutation),
    "chunks": Rule("the same answer however the entries of a stream are cut and merged", _chunks),
    "integer": Rule("integers are refused, or answered right", _integers, may_refuse=True),
    "empty": Rule("no rows give no answers, in the right shape", _no_rows, may_refuse=True),
}


def rules() -> "list[tuple[str, str, str]]":
    """Every rule in reading order: name, meaning, how a breach stands ('' where it depends on the answer)."""
    noticed = [(name, meaning, NOTICED.get(name, FAILS)) for name, meaning in _NOTICED_MEANING.items()]
    return noticed + [(name, rule.meaning, FAILS if rule.strict else "") for name, rule in RULES.items()]
