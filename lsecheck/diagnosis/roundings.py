"""answers, entries -> a narrower format that they go through.

Answers that are all numbers of a narrower format were rounded to it; answers that do not change when the
entries are rounded to one were made from rounded entries.
"""

import numpy as np

from lsecheck import formats
from lsecheck.arena import Heard
from lsecheck.diagnosis.cause import Cause, Count
from lsecheck.diagnosis.inquiry import Inquiry
from lsecheck.diagnosis.ratios import wrong_numbers
from lsecheck.formats import FORMATS, Format
from lsecheck.functions.definition import Floats

KIND = "rounding"
#: wrong numbers, or rows, without which nothing is claimed
FEWEST = 24
#: stretches of neighbouring cells of a narrower format, cells of each, and places within a cell
STAIRS, CELLS, WITHIN = 6, 4, 5
#: the larger entry of rows that tell entries from differences
LEAD = 0.3125 + 2.0**-7 / 3
_ENTRIES = "entries are", "keep entries in their own format"
_DIFFERENCES = "differences to the maximum are", "take exponentials of differences that are not rounded again"
_NARROW = ("bfloat16", "float16", "float32")


def roundings(inquiry: Inquiry, heard: "list[Heard]") -> "list[Cause]":
    """The widest format too narrow that answers or entries go through: at most one cause."""
    fmt = inquiry.arena.pair.output
    narrow = [
        FORMATS[name] for name in _NARROW if FORMATS[name].precision < min(fmt.precision, _input(inquiry).precision)
    ]
    found = _answers(inquiry, heard, narrow) or _entries(inquiry, narrow) or _size(inquiry, heard)
    return [found] if found else []


def _input(inquiry: Inquiry) -> Format:
    return inquiry.arena.pair.input


def _through(values: Floats, fmt: Format) -> Floats:
    with np.errstate(all="ignore"):
        return formats.widen(formats.cast(values, fmt))


def _answers(inquiry: Inquiry, heard: "list[Heard]", narrow: "list[Format]") -> "Cause | None":
    wrong = wrong_numbers(inquiry.arena, heard)
    for fmt in narrow:
        # numbers that both formats have prove nothing
        telling = _through(wrong.truth, fmt) != _through(wrong.truth, inquiry.arena.pair.output)
        asked = int(telling.sum())
        off = np.abs(wrong.answer - wrong.truth) <= 4 * fmt.unit_roundoff * np.abs(wrong.truth)
        many = len(np.unique(wrong.answer[telling & off])) >= FEWEST
        if not many or not (_through(wrong.answer, fmt) == wrong.answer)[telling].all():
            continue
        statement = f"every wrong answer is a number of {fmt} ({asked} of {asked}): the answer is rounded to {fmt}"
        return Cause(kind=KIND, statement=statement, fix=f"keep answers out of {fmt}", confidence=Count(asked, asked))
    return None


def _entries(inquiry: Inquiry, narrow: "list[Format]") -> "Cause | None":
    """Do answers move in the steps of a narrower format, and only there?"""
    for fmt in narrow:
        if not _stepped(inquiry, fmt, 0.0):
            continue
        # beside another lead the steps of entries and those of differences are not the same
        rows, cells = STAIRS * CELLS * WITHIN, STAIRS * CELLS
        what, fix = _DIFFERENCES if _stepped(inquiry, fmt, LEAD) else _ENTRIES
        statement = (
            f"{what} rounded to {fmt}: answers to [0, x] stay the same within each of {cells} intervals that round to"
            f" one number of {fmt}, and change from each to the next ({rows} of {rows} rows)"
        )
        return Cause(kind=KIND, statement=statement, fix=fix, confidence=Count(rows, rows))
    return None


def _stepped(inquiry: Inquiry, fmt: Format, lead: float) -> bool:
    """Whether wrong answers to [lead, lead - d] are steps: d is taken at several places of neighbouring cells."""
    start = formats.ordinals(formats.cast(np.linspace(4.1, 7.7, STAIRS), fmt))
    centre = formats.widen(formats.from_ordinals((start[:, None] + np.arange(CELLS)).ravel(), fmt))
    d = (centre[:, None] + np.linspace(-0.4, 0.4, WITHIN) * formats.ulp(centre, fmt)[:, None]).ravel()
    heard = inquiry.hear(np.stack([np.full(len(d), lead), lead - d], axis=1))
    said = heard.asked.answers.values[:, -1] if len(heard) == len(d) else np.full(len(d), np.nan)
    if not heard.broken.any() or not np.isfinite(said).all():
        return False
    flat = said.reshape(-1, WITHIN)
    return bool((flat == flat[:, :1]).all() and (np.diff(flat[:, 0].reshape(STAIRS, CELLS), axis=1) != 0).all())


def _size(inquiry: Inquiry, heard: "list[Heard]") -> "Cause | None":
    """float64 answers whose errors are all as large as a rounding to float32 makes them."""
    if inquiry.arena.pair.output.name != "float64":
        return None
    wrong = wrong_numbers(inquiry.arena, heard)
    if len(wrong) < FEWEST:
        return None
    unit = wrong.blur / FORMATS["float64"].unit_roundoff * FORMATS["float32"].unit_roundoff
    off = np.abs(wrong.answer - wrong.truth) / np.maximum(unit, FORMATS["float32"].unit_roundoff * np.abs(wrong.log))
    large = float(np.quantile(off, 0.9))
    if not off.max() < 8 or not 2.0**-6 < large < 2:
        return None
    statement = (
        f"{len(wrong)} of {len(wrong)} wrong numbers are off by at most {off.max():.2g} roundings to float32, a"
        f" tenth of them by {large:.2g} or more: as a step or a constant in float32 makes them"
    )
    return Cause(kind=KIND, statement=statement, confidence=Count(len(wrong), len(wrong)))
