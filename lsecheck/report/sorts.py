"""specimen -> the sort of failure it is, and whether that is a wrong answer or worth knowing.

What mathematics settles and a library answers otherwise is wrong. What a format, a documented choice or a
plain sum in storage precision leads to is no bug to file: it is worth knowing, and says why.
"""

import math
from typing import NamedTuple

from lsecheck import formats, functions
from lsecheck.contracts import Contract
from lsecheck.rows import Specimen
from lsecheck.subjects.adapters import ADAPTERS

WRONG, KNOW = "a wrong answer", "worth knowing"


class Sort(NamedTuple):
    """One way to fail. Texts may hold {name}: what the library calls the function; {formats}."""

    slug: str
    title: str
    summary: str
    standing: str
    why: str  #: of what is wrong, why another answer is expected; of what is worth knowing, why it is no bug
    impact: str


def of(specimen: Specimen) -> Sort:
    """Which it is."""
    return SORTS[_slug(specimen)]


def library(subject: str) -> str:
    """Whose adapter it is."""
    return ADAPTERS[subject].module


def _slug(specimen: Specimen) -> str:
    words = str(specimen.witness.x).split()
    inaccurate = specimen.kind == "inaccurate"
    if specimen.domain == "conduct":
        return {"axis": "axis", "transposed": "axis", "broadcast": "axis", "permutation": "order"}.get(
            specimen.kind, "conduct"
        )
    if specimen.kind in ("raised", "crashed", "timed-out"):
        return "empty" if not specimen.witness.n else "raises"
    if library(specimen.subject) == "openvino" and specimen.format == "float64" and specimen.expected != "nan":
        return "float64"
    if specimen.expected == "nan":
        return "nan"
    if specimen.expected in ("+inf", "-inf"):
        return "infinity"
    if specimen.kind == "unconventional":
        return "convention"
    if specimen.domain == "range":  # a sum that sticks is within the format
        return "accumulation" if inaccurate and not functions.named(specimen.function).elementwise else "long"
    if inaccurate and _flushed(specimen):
        return "subnormal"
    if any(word.startswith("-inf") for word in words):
        return "masked"
    if not inaccurate:
        return "overflow"
    return "accumulation" if specimen.kept in (Contract.SEQUENTIAL, Contract.FOLDED) else "inaccurate"


def _flushed(specimen: Specimen) -> bool:
    """A subnormal number was answered as zero."""
    fmt = formats.pair(specimen.format).output
    right = abs(float.fromhex(specimen.witness.truth))
    return float.fromhex(specimen.witness.answer) == 0 and 0 < right < 2.0**fmt.emin


def special(specimen: Specimen) -> str:
    """The line of the function's table of special values that settles a case; '' where none does."""
    words = " ".join(str(specimen.witness.x).split())
    rows = functions.named(specimen.function).specials
    found = {
        "nan": "any nan",
        "+inf": "label at a -inf entry" if specimen.function == "cross_entropy" else "else any +inf",
        "-inf": ("else all -inf" if words else "n = 0") if specimen.function == "logsumexp" else "a -inf entry",
    }.get(specimen.expected, "some -inf" if "-inf" in words else "")
    others = {"some -inf": ("a -inf entry", "-inf at other entries")}
    for where in (found, *others.get(found, ())):
        for row in rows:
            if row.where == where:
                return row.reason
    return ""


def cause(specimen: Specimen) -> str:
    """What the bits say of it; '' where they say nothing."""
    alike, slug = specimen.alike, of(specimen).slug
    # an overflow to inf has the bits of 0, too: only an answer that is a number of its own says something
    unshifted = slug in ("masked", "overflow", "inaccurate")
    if unshifted and "naive" in alike and "max-shift" not in alike:
        return (
            "exp is taken of the entries as they are, without subtracting the maximum first (the answer has the bits of"
            " the unshifted formula)"
        )
    if unshifted and "naive@float32" in alike and "max-shift@float32" not in alike:
        return "exp is taken without subtracting the maximum first (the answer has the bits of that in float32)"
    shifted = [each for each in alike if each.endswith("@float32")]
    if slug == "float64" and shifted and not any("@" not in each for each in alike):
        return f"the whole is computed in float32: the answer has the bits of {shifted[0].partition('@')[0]} there"
    if slug == "accumulation" and "online" in alike and "max-shift" not in alike:
        return "the terms are added up one after the other in the format itself (the answer has the bits of that)"
    if slug == "nan" and abs(abs(float.fromhex(specimen.witness.answer)) - _CLAMPED) < 1e-9:
        return (
            "the sum of the exponentials is raised to at least 1e-20, a float32 constant, before its logarithm is taken"
            f" (-log of it is {_CLAMPED:.12g}), by a comparison that a nan does not survive"
        )
    if "max-shift" in alike and specimen.domain == "range":
        return f"the sum of the exponentials is held in {specimen.format} (the answer has the bits of max-shift there)"
    on_numpy = library(specimen.subject) in ("numpy", "scipy", "sklearn")
    return _OF_AN_AXIS if on_numpy and slug == "axis" else ""


#: -log of 1e-20 as a float32
_CLAMPED = -math.log(float.fromhex("0x1.79ca1p-67"))
_OF_AN_AXIS = (
    "numpy.sum adds pairwise only along the axis that is contiguous in memory; along another it adds row after row in"
    " the format itself, where 2048 + 1 = 2048 in float16"
)


def _table(*sorts: Sort) -> "dict[str, Sort]":
    found = {sort.slug: sort for sort in sorts}
    if len(found) != len(sorts):
        raise AssertionError("two sorts have one slug")
    return found


SORTS = _table(
    Sort(
        "masked", "{name}: wrong result when an entry is -inf",
        "With an entry of -inf in the row, as masks have it, `{name}` answers another number than without it, up to an"
        " infinity, although every other entry is finite.",
        WRONG, "an entry of -inf takes no part: {special}",
        "Masked rows (padding, causal attention) are where -inf entries are common.",
    ),
    Sort(
        "overflow", "{name}: a wrong kind of result for finite entries",
        "For finite entries of moderate size `{name}` answers an infinity or nan, where the exact answer is a number"
        " well inside the format.",
        WRONG, "log(sum(exp(x))) = max(x) + log(sum(exp(x - max(x)))), whose exponentials cannot overflow",
        "Logits of this size are ordinary in 16-bit inference; the result is lost altogether.",
    ),
    Sort(
        "nan", "{name}: nan in the input is not propagated",
        "With an entry of nan in the row, `{name}` answers something else than nan (where each entry has an output, at"
        " the other entries), and a broken row can go unnoticed.",
        WRONG, "{special}",
        "A nan is how a failure upstream shows itself: here it turns into an ordinary-looking number.",
    ),
    Sort(
        "infinity", "{name}: a finite result where the answer is infinite",
        "`{name}` answers a finite number where the exact answer is an infinity.",
        WRONG, "{special}",
        "Code that tests for an infinite result, as for a row that is masked altogether, does not see it.",
    ),
    Sort(
        "inaccurate", "{name}: inaccurate beyond any error bound of its algorithm",
        "The answer of `{name}` is further off than any usual evaluation explains: naive summation in the storage"
        " format included.",
        WRONG, "the error bound of the textbook's max-shift evaluation, generously doubled, is exceeded",
        "Downstream probabilities and losses are off by more than the format's precision.",
    ),
    Sort(
        "raises", "{name}: raises for a row that has an answer",
        "`{name}` raises for a row that has an answer.",
        WRONG, "the row has an answer", "A batch with one such row fails as a whole.",
    ),
    Sort(
        "conduct", "{name}: the result depends on more than the row",
        "The answer of `{name}` to a row changes with how it is asked.",
        WRONG, "the same row has the same answer", "Results cannot be reproduced from a row alone.",
    ),
    Sort(
        "float64", "{name}: float64 is computed in float32",
        "Given float64, `{name}` answers in float64 what it computed in float32: 24 of 53 bits are right, and numbers"
        " beyond 3.4e38 become 3.4028234663852886e+38.",
        KNOW, "float64 is not among the precisions that the CPU plug-in infers in: models are converted; the answer,"
        " an array of float64, does not show it",
        "Whoever asks in float64 for the sake of accuracy does not get it.",
    ),
    Sort(
        "subnormal", "{name}: subnormal results are flushed to zero",
        "Where the exact answer is a subnormal number, `{name}` answers 0.",
        KNOW, "flushing subnormal numbers to zero is a common choice of fast kernels, and a mode of the processor",
        "A probability that small is 0, and its logarithm -inf.",
    ),
    Sort(
        "long", "{name}: rows of more than 65,504 entries in float16",
        "In float16 the sum of 65,520 ones is not a number of the format. With so many equal entries `{name}` answers"
        " an infinity, or 0 for a softmax.",
        KNOW, "a sum held in float16 cannot do better, and the answer itself would fit: libraries that sum in float32"
        " have it",
        "Only rows as long as a large vocabulary are affected.",
    ),
    Sort(
        "axis", "{name}: in float16 less accurate along an axis that is not contiguous",
        "In float16, rows that do not lie contiguously in memory (another axis, Fortran order, a broadcast row) give"
        " `{name}` a sum that sticks at 2048; the same rows, contiguous, do not.",
        KNOW, "along another axis a sum goes row by row in the format itself; NumPy documents that its sums are"
        " pairwise along the fast axis in memory only",
        "The same numbers give an answer that is off in its first digits, depending on their layout.",
    ),
    Sort(
        "order", "{name}: the order of the entries matters",
        "Another order of the same entries changes the answer of `{name}` by more than the error bound of a max-shift"
        " evaluation allows.",
        KNOW, "a fold rounds every partial result, and its documented order is that of the entries",
        "Sums over long rows at a large offset lose digits with every step.",
    ),
    Sort(
        "accumulation", "{name}: accuracy is lost as rows grow",
        "On long rows the answer of `{name}` is further off than that of a max-shift evaluation with a pairwise or"
        " wider sum; it is within the error bound of adding up one by one.",
        KNOW, "one running sum is a legitimate choice; its error grows with the length of the row",
        "The error grows with the length of the row: in 16 bits some thousand entries can cost the leading digits.",
    ),
    Sort(
        "convention", "{name}: follows no usual convention where an entry is +inf",
        "Where mathematics gives no single answer, `{name}` answers none of those in use.",
        KNOW, "no answer is right here; nan, and a one-hot row, are what libraries return",
        "A row with +inf does not show itself as nan.",
    ),
    Sort(
        "empty", "{name}: raises for a row without entries",
        "`{name}` raises for rows without entries, shape (1, 0).",
        KNOW, "the maximum of no entries is refused by NumPy; an empty array would be the answer",
        "Empty batches need a case of their own.",
    ),
)  # fmt: skip
