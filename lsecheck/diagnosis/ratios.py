"""wrong answers, truths -> one ratio or one difference that they all share, and what it is known for.

A constant is claimed only where nearly all wrong numbers share it to within rounding; how many do is said.
"""

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from lsecheck.arena import Arena, Heard
from lsecheck.charges import charges
from lsecheck.diagnosis.cause import Cause, Count
from lsecheck.functions.definition import Domain, Floats

Rows = np.ndarray[Any, np.dtype[np.int64]]

#: wrong numbers without which a constant is no constant, and the share of them that must have it
FEWEST, SHARE = 8, 0.9
#: rounding errors of the answer that a constant is granted, in u (|y| + K + 1)
ROUNDINGS = 6.0
#: how many times its own uncertainty a constant must lie away from none
CLEAR = 32.0


@dataclass(frozen=True, slots=True)
class Wrong:
    """Numbers that are wrong where a number is right, with the parts that the truth is made of. Arrays (k,)."""

    answer: Floats
    truth: Floats
    top: Floats  #: the part that the maximum brings: truth = top + log
    log: Floats  #: the part that the logarithm of the sum brings
    blur: Floats  #: what rounding alone may do
    row: Rows  #: outputs of one row have the same
    rows: int

    def __len__(self) -> int:
        return len(self.answer)


class Known(NamedTuple):
    """A constant with what it is known for."""

    value: float
    name: str
    meaning: str
    fix: str


def constants(arena: Arena, heard: "list[Heard]") -> "list[Cause]":
    """Ratios and differences that the wrong numbers share: at most one cause."""
    if arena.subject.declared.base != "e":
        return []
    wrong = wrong_numbers(arena, heard)
    if len(wrong) < FEWEST:
        return []
    rules = (_whole_ratio, _difference, _log_ratio, _top_ratio, _factor_of_rows, _difference_of_rows)
    for rule in rules:
        if (cause := rule(wrong, arena)) is not None:
            return [cause]
    return []


@np.errstate(all="ignore")
def wrong_numbers(arena: Arena, heard: "list[Heard]") -> Wrong:
    """Finite answers that break the contract where a finite number is right."""
    parts: list[list[Floats]] = [[] for _ in range(6)]
    first = 0
    for each in heard:
        truth, measured, batch = each.asked.truth, each.asked.errors, each.asked.batch
        found = charges(each.asked, arena.required)
        where = found.scored & (measured.rung > arena.required.rung) & (found.domains != Domain.RANGE)[:, None]
        right = np.ldexp(truth.high + truth.low, truth.scale.astype(np.int64))
        answer = np.broadcast_to(each.asked.answers.values, right.shape)
        spread = measured.condition * np.abs(right)
        blur = truth.formats.output.unit_roundoff * (np.abs(right) + np.nan_to_num(spread, posinf=0.0) + 1e-30)
        top = np.broadcast_to(_top(arena.function.name, batch.values, batch.labels), right.shape)
        where = where & np.isfinite(answer) & np.isfinite(right) & np.isfinite(top)
        rows = np.broadcast_to(np.arange(len(right))[:, None] + first, right.shape)
        for held, array in zip(parts, (answer, right, top, right - top, blur, rows), strict=True):
            held.append(array[where])
        first += len(right)
    joined = [np.concatenate(held) if held else np.empty(0) for held in parts]
    row = joined[5].astype(np.int64)
    return Wrong(joined[0], joined[1], joined[2], joined[3], joined[4], row, len(np.unique(row)))


def _top(function: str, values: Floats, labels: Any) -> Floats:
    """(rows, 1) or (rows, n): what the maximum alone would answer."""
    m = values.max(-1, keepdims=True, initial=-np.inf)
    if function in ("logsumexp", "logaddexp"):
        return m
    if function == "log_softmax":
        return values - m
    if function == "cross_entropy":
        return m - values[np.arange(len(values)), labels][:, None]
    return np.zeros_like(m)


def _shared(figure: Floats, blur: Floats, row: Rows) -> "tuple[float, int] | None":
    """The figure that most share, each known to its blur; how many do. None where too few, or of too few rows."""
    sharp = figure[blur <= 4 * np.quantile(blur, 0.5)]
    middle = float(np.median(sharp))
    alike = np.abs(figure - middle) <= blur + 2 * float(blur.min())
    enough = alike.sum() >= SHARE * len(figure) and len(np.unique(row[alike])) >= FEWEST
    return (middle, int(alike.sum())) if enough else None


def _named(value: float, blur: float, table: "tuple[Known, ...]") -> "Known | None":
    return next((known for known in table if abs(known.value - value) <= max(4 * blur, 1e-6 * abs(value))), None)


def _ratio(
    part: Floats, whole: Floats, blur: Floats, row: Rows, what: str, table: "tuple[Known, ...]", open_ended: bool
) -> "Cause | None":
    """The ratio of two figures, where the second is large enough for one to be seen."""
    chosen = np.abs(whole) > 64 * blur
    if chosen.sum() < max(FEWEST, len(part) / 2):
        return None
    with np.errstate(all="ignore"):
        ratio, error = part[chosen] / whole[chosen], ROUNDINGS * blur[chosen] / np.abs(whole[chosen])
    found = _shared(ratio, error, row[chosen])
    if found is None:
        return None
    value, agreeing = found
    sharp = float(error.min())
    if not abs(value - 1) > CLEAR * sharp:
        return None
    known = _named(value, sharp, table)
    if known is None and not open_ended:
        return None
    counted = f"{agreeing} of {len(ratio)} wrong numbers"
    if known is None:
        statement = f"{what} is {_digits(value, sharp)} on {counted}: one constant, which has no name here"
        return Cause(kind="ratio", statement=statement, confidence=Count(agreeing, len(ratio)))
    statement = f"{what} is {_shown(known)} on {counted}: {known.meaning}"
    return Cause(kind="ratio", statement=statement, fix=known.fix, confidence=Count(agreeing, len(ratio)))


def _whole_ratio(wrong: Wrong, arena: Arena) -> "Cause | None":
    if arena.function.name == "softmax":
        return None  # a factor of its sum is found row by row
    return _ratio(wrong.answer, wrong.truth, wrong.blur, wrong.row, "answer / truth", _RATIOS, True)


def _log_ratio(wrong: Wrong, arena: Arena) -> "Cause | None":
    if arena.function.name == "softmax":
        return None
    what = {"logsumexp": "(answer - max) / (truth - max)", "logaddexp": "(answer - max) / (truth - max)"}
    said = what.get(arena.function.name, "the part of the answer beside the differences, over what is right,")
    blur = wrong.blur + np.abs(wrong.top) * arena.pair.output.unit_roundoff
    return _ratio(wrong.answer - wrong.top, wrong.log, blur, wrong.row, said, _LOG_RATIOS, False)


def _top_ratio(wrong: Wrong, arena: Arena) -> "Cause | None":
    if arena.function.name == "softmax":
        return None
    said = "(answer - log of the sum) / max"
    blur = wrong.blur + np.abs(wrong.log) * arena.pair.output.unit_roundoff
    return _ratio(wrong.answer - wrong.log, wrong.top, blur, wrong.row, said, _TOP_RATIOS, False)


def _difference(wrong: Wrong, arena: Arena) -> "Cause | None":
    if arena.function.name == "softmax":
        return None
    error = ROUNDINGS * (wrong.blur + arena.pair.output.unit_roundoff)
    difference = wrong.answer - wrong.truth
    found = _shared(difference, error, wrong.row)
    if found is None:
        return None
    value, agreeing = found
    sharp = float(error.min())
    if not abs(value) > CLEAR * sharp:
        return None
    counted = f"{agreeing} of {len(wrong)} wrong numbers"
    known = _named(value, sharp, _DIFFERENCES) or _replicas(value, sharp)
    if known is None:
        statement = f"answer - truth is {_digits(value, sharp)} on {counted}: one constant, which has no name here"
        return Cause(kind="offset", statement=statement, confidence=Count(agreeing, len(wrong)))
    statement = f"answer - truth is {_shown(known)} on {counted}: {known.meaning}"
    return Cause(kind="offset", statement=statement, fix=known.fix, confidence=Count(agreeing, len(wrong)))


def _replicas(value: float, blur: float) -> "Known | None":
    k = round(math.exp(value)) if 0 < value < 8 else 0
    if 2 < k <= 1024 and abs(math.log(k) - value) <= 4 * blur and blur * k < 0.05:
        return Known(math.log(k), f"ln {k}", f"everything is counted {k} times", _ONCE)
    return None


def _factor_of_rows(wrong: Wrong, arena: Arena) -> "Cause | None":
    """softmax: all outputs of a row off by one factor, another one for each row."""
    if arena.function.name != "softmax":
        return None
    chosen = (wrong.answer > 0) & (wrong.truth > arena.pair.output.tiny / arena.pair.output.unit_roundoff)
    with np.errstate(all="ignore"):
        figure = wrong.answer / wrong.truth
        error = ROUNDINGS * wrong.blur / wrong.truth
    agreeing, rows, factors = _alike_in_rows(wrong, figure, error, chosen)
    if rows < FEWEST or agreeing < SHARE * rows:
        return None
    statement = (
        f"all wrong outputs of a row are off by one factor, from {min(factors):.4g} to {max(factors):.4g}, on"
        f" {agreeing} of {rows} rows that have two: what the row is divided by is wrong, the exponentials are not"
    )
    return Cause(kind="ratio", statement=statement, confidence=Count(agreeing, rows))


def _difference_of_rows(wrong: Wrong, arena: Arena) -> "Cause | None":
    """log_softmax: all outputs of a row off by one difference, another one for each row."""
    if arena.function.name != "log_softmax":
        return None
    error = ROUNDINGS * (wrong.blur + arena.pair.output.unit_roundoff)
    figure = wrong.answer - wrong.truth
    agreeing, rows, factors = _alike_in_rows(wrong, figure, error, np.ones(len(wrong), np.bool_))
    if rows < FEWEST or agreeing < SHARE * rows:
        return None
    statement = (
        f"all wrong outputs of a row are off by one difference, from {min(factors):.4g} to {max(factors):.4g}, on"
        f" {agreeing} of {rows} rows that have two: what the whole row is lessened by is wrong"
    )
    return Cause(kind="offset", statement=statement, confidence=Count(agreeing, rows))


def _alike_in_rows(wrong: Wrong, figure: Floats, error: Floats, chosen: Any) -> "tuple[int, int, list[float]]":
    """Rows whose wrong outputs share a figure that differs clearly from none; rows with at least two; the figures."""
    agreeing, rows, figures = 0, 0, []
    order = np.argsort(wrong.row[chosen], kind="stable")
    figure, error, row = figure[chosen][order], error[chosen][order], wrong.row[chosen][order]
    _, starts = np.unique(row, return_index=True)
    for mine, blur in zip(np.split(figure, starts[1:]), np.split(error, starts[1:]), strict=True):
        if len(mine) < 2:
            continue
        rows += 1
        middle = float(np.median(mine))
        if (np.abs(mine - middle) <= 2 * blur).all():
            agreeing += 1
            figures.append(middle)
    return agreeing, rows, figures


def _shown(known: Known) -> str:
    return known.name if known.value in (0, 1, 2, -1, 0.5) else f"{known.value:.5g} = {known.name}"


def _digits(value: float, blur: float) -> str:
    """As many digits as are known."""
    known = 3 if not blur > 0 else max(min(int(-math.log10(blur / max(abs(value), 1e-300))), 10), 2)
    return f"{value:.{known}g}"


_LOG2E, _LN2 = 1.4426950408889634, 0.6931471805599453
_ONE_BASE = "multiply by ln 2 once, when leaving base 2"
_ONCE = "reduce the same entries once"
_RATIOS = (
    Known(_LOG2E, "log2 e", "the answer is in base 2", _ONE_BASE),
    Known(_LN2, "ln 2", "the answer is multiplied by ln 2 once too often", "leave out one multiplication by ln 2"),
    Known(0.4342944819032518, "log10 e", "the answer is in base 10", "multiply by ln 10, or take natural logarithms"),
    Known(_LOG2E**2, "(log2 e)^2", "it is divided by ln 2 twice", "leave base 2 by one multiplication with ln 2"),
    Known(0.0, "0", "the answer is 0 wherever it is wrong", ""),
    Known(-1.0, "-1", "the answer has the wrong sign", "negate the answer"),
    Known(2.0, "2", "the answer is doubled", "halve the answer"),
    Known(0.5, "1/2", "the answer is halved", "double the answer"),
)
_LOG_RATIOS = (
    Known(_LOG2E, "log2 e", "the logarithm is in base 2, the maximum is not", "take ln of the sum, or log2 times ln 2"),
    Known(_LN2, "ln 2", "the logarithm is multiplied by ln 2 once too often", "leave out one multiplication by ln 2"),
    Known(0.4342944819032518, "log10 e", "the logarithm is in base 10, the maximum is not", "take ln of the sum"),
)
_TOP_RATIOS = (
    Known(_LOG2E, "log2 e", "the maximum is in base 2, the logarithm is not", _ONE_BASE),
    Known(_LN2, "ln 2", "the maximum is multiplied by ln 2, the logarithm is not", "add the maximum as it is"),
    Known(0.0, "0", "the maximum is never added back", "add the maximum to the logarithm of the sum"),
    Known(2.0, "2", "the maximum is added twice", "add the maximum once"),
)
_DIFFERENCES = (
    Known(_LN2, "ln 2", "everything is counted twice", _ONCE),
    Known(-_LN2, "-ln 2", "half of the sum is missing", "count every entry"),
)
