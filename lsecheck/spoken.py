"""values as typed -> the lines that say the exact answer.

Values are exact rationals, or nan and infinities, or a row of float64; each format's answer is of the values rounded
to that format first, and says when that changed them.
"""

from fractions import Fraction
from typing import Any

import numpy as np

from lsecheck import formats
from lsecheck.formats import Format, FormatPair
from lsecheck.functions.definition import Expected, Floats, Function
from lsecheck.inputs import corpus
from lsecheck.oracle.truth import certify


def exactly(
    function: Function, values: "list[Fraction | float] | Floats", label: "int | None", digits: int
) -> list[str]:
    """The exact outputs, one a line, to `digits` significant decimal digits."""
    batch, labels = _row(function, values, label)
    expected = function.expected(batch, labels)[0]
    held = np.isfinite(batch[0])
    finite = values[held] if isinstance(values, np.ndarray) else [each for each in values if isinstance(each, Fraction)]
    known: list[str] = []
    if (expected == Expected.NUMBER).any():
        from lsecheck.oracle.digits import decimals

        inner = None if label is None else int(held[:label].sum())
        known = decimals(function, finite, inner, digits)
    lines, upcoming = [], iter(known)
    for output, code in enumerate(expected):
        masked = function.elementwise and not held[output]
        if code == Expected.NUMBER:
            lines.append("0" if masked else next(upcoming))  # softmax of -inf is 0
        else:
            lines.append(_SPOKEN[Expected(code)])
    return lines or ["no outputs"]


def in_format(function: Function, values: "list[Fraction | float]", label: "int | None", pair: FormatPair) -> list[str]:
    """The correct rounding of each output, a line each; and what rounding the values changed."""
    near_to = {value: formats.rounded(pair.input, value) for value in set(values)}
    held = [near_to[value] for value in values]
    changed = sum(
        Fraction(near) != exact if np.isfinite(near) else str(near) != str(exact)
        for near, exact in zip(held, values, strict=True)
    )
    _, labels = _row(function, values, label)
    truth = certify(function, np.array([held]), pair, labels)
    rounded = formats.widen(truth.rounded)[0]
    lines = []
    for output, number in enumerate(rounded):
        shown = (
            _SPOKEN[Expected.UNSETTLED]
            if truth.expected[0, output] == Expected.UNSETTLED
            else (f"{formats.hex_text(float(number))}  {_shortest(float(number), pair.output)}")
        )
        lines.append(f"{pair!s:<14} {shown}")
    if changed:
        shown = corpus.format_values(held, 8) or f"{len(held):,} entries"
        lines.append(f"{'':<14} of x rounded to {pair.input}, which changed {changed} of {len(held)}: {shown}")
    return lines


def _shortest(number: float, fmt: Format) -> str:
    """The shortest decimal that rounds back to the number in its format."""
    if not np.isfinite(number):
        return str(number)
    for digits in range(1, 18):
        text = f"{number:.{digits}g}"
        if formats.rounded(fmt, Fraction(text)) == number:
            return text
    return repr(number)


_SPOKEN = {
    Expected.NAN: "nan",
    Expected.PLUS_INFINITY: "inf",
    Expected.MINUS_INFINITY: "-inf",
    Expected.UNSETTLED: "no single answer (conventions differ)",
}


def _row(function: Function, values: "list[Fraction | float] | Floats", label: "int | None") -> tuple[Any, Any]:
    """A row whose special values are those of `values`, and its label as an array."""
    if isinstance(values, np.ndarray):
        stand_in = values[None, :]
    else:
        stand_in = np.array([[0.0 if isinstance(value, Fraction) else value for value in values]])
    labels = None if label is None else np.array([label])
    return stand_in, function.validate(stand_in, labels)
