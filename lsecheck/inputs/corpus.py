"""corpus.txt -> frozen cases with provenance; and the notation V*COUNT that it shares with the command line."""

import functools
import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from importlib import resources
from itertools import groupby
from typing import NamedTuple

from lsecheck.errors import InputError
from lsecheck.formats import Format, hex_text, locate, parse_number

NAME = "corpus"
#: entries a case may have: what the oracle does in minutes, and memory holds with room
MOST_ENTRIES = 1 << 24


class Line(NamedTuple):
    """A frozen case."""

    values: "tuple[Fraction | float, ...]"  #: exact; nan and infinities as float
    provenance: str


@functools.cache
def lines() -> tuple[Line, ...]:
    """Every case of the corpus, in order."""
    text = resources.files("lsecheck.inputs").joinpath("corpus.txt").read_text("utf-8")
    found = []
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            values, _, provenance = line.partition(" | ")
            found.append(Line(tuple(parse_values(values.split())), provenance))
    return tuple(found)


def parse_values(words: Iterable[str]) -> "list[Fraction | float]":
    """`['1000*3', '-0x1.8p4', 'inf']` -> exact numbers; `InputError` for what is none."""
    numbers: list[Fraction | float] = []
    for word in words:
        value, star, times = word.partition("*")
        if star and not (times.isdecimal() and times.isascii()):
            raise InputError(f"{word[:80]!r} is not a number: a repeat is written V*COUNT, as 0*65520")
        count = int(times[:10]) if star else 1
        if len(numbers) + count > MOST_ENTRIES:
            raise InputError(f"{word[:80]} makes a row of over {MOST_ENTRIES:,} entries, the most one case may have")
        numbers.extend([parse_number(value)] * count)
    if not numbers:
        raise InputError("no values were given: give at least one number, as 0 -17.738")
    return numbers


def format_values(values: Sequence[float], most_runs: "int | None" = None) -> "str | None":
    """Floats -> hex text with repeats as V*COUNT; None if that takes more than `most_runs` words."""
    words = []
    # by value and sign: a run is put into words once, however long it is
    for (value, _), run in groupby(values, key=_told_apart):
        count, text = sum(1 for _ in run), hex_text(value)
        words.append(f"{text}*{count}" if count > 1 else text)
        if most_runs is not None and len(words) > most_runs:
            return None
    return " ".join(words)


def _told_apart(value: float) -> "tuple[float, float]":
    return (math.nan, 0.0) if math.isnan(value) else (value, math.copysign(1.0, value))


def fits(values: "Iterable[Fraction | float]", fmt: Format) -> bool:
    """Whether every finite value rounds to a finite number of the format, and it has the special ones."""
    for value in set(values):
        if isinstance(value, Fraction):
            if locate(fmt, value.numerator, value.denominator).nearest > fmt.largest_ordinal:
                return False
        elif math.isinf(value) and not fmt.has_infinity:
            return False
    return True
