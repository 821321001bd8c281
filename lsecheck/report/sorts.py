"""specimen -> the sort of failure it is, and whether that is a wrong answer or worth knowing.

What mathematics settles and a library answers otherwise is wrong. What a format, a documented choice or a
plain sum in storage precision leads to is no bug to file: it is worth knowing, and says why.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lsecheck import formats, functions
from lsecheck.contracts import Contract
from lsecheck.report.words import short
from lsecheck.rows import Specimen
from lsecheck.specimens import making
from lsecheck.subjects.adapters import ADAPTERS

WRONG, KNOW = "a wrong answer", "worth knowing"


class Sort(NamedTuple):
    """One way to fail. Texts may hold what `fills` gives, by name."""

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
    if inaccurate and ("logaddexp-fold" in specimen.alike or specimen.kept == Contract.FOLDED):
        return "fold"
    if specimen.domain == "range":  # a sum that sticks is within the format
        return "accumulation" if inaccurate and not functions.named(specimen.function).elementwise else "long"
    if inaccurate and _flushed(specimen):
        return "subnormal"
    # only where they matter: what is wrong without them, too, is something else
    if any(word.startswith("-inf") for word in words) and specimen.otherwise.get(making.WITHOUT) == "right":
        return "masked"
    if not inaccurate:
        return "overflow"
    return "accumulation" if specimen.kept == Contract.SEQUENTIAL else "inaccurate"


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


def fills(specimens: Sequence[Specimen]) -> "dict[str, str]":
    """What the texts of their sort leave open, from what was seen: nothing is said of what was not."""
    first = specimens[0]
    along = library(first.subject) in ("numpy", "scipy", "sklearn")
    return {
        "name": ADAPTERS[first.subject].functions[first.function].name,
        "special": special(first) or "mathematics settles it",
        "masked": _masked(specimens),
        "changed": _changed(specimens),
        "threshold": _threshold(specimens),
        "loss": _LONG if all(each.witness.n >= GROWS for each in specimens) else _SHORT,
        "largest": _largest(specimens),
        "layouts": _listed(text for kind, text in LAYOUTS.items() if any(each.kind == kind for each in specimens)),
        "plain": _NUMPY_SUMS if along else _PLAIN_SUMS,
    }


#: entries from which on a row is called long
GROWS = 1000
_LONG, _SHORT = "accuracy is lost as rows grow", "less accurate than with a pairwise or wider sum"
#: how rows lay in memory, in words
LAYOUTS = {"axis": "along axis 0", "transposed": "in Fortran order", "broadcast": "as one row that is broadcast"}
_NUMPY_SUMS = (
    "along another axis a sum goes row by row in the format itself; NumPy documents (numpy.sum, Notes) that it"
    " adds pairwise along the contiguous axis alone"
)
_PLAIN_SUMS = "the answer is that of adding up one by one in float16, where 2048 + 1 = 2048: a plain sum in the format"


def _masked(specimens: Sequence[Specimen]) -> str:
    """Which rows with -inf entries are answered wrong, as far as it was asked."""
    always = _always(specimens)
    rows = [str(each.witness.x).split() for each in specimens]
    if making.LAST not in always or not all(row[0].startswith("-inf") for row in rows):
        return "a row with an entry of -inf"
    elsewhere = [word for row in rows for word in row if not word.startswith("-inf")]
    negative = making.ABOVE in always and all(word.startswith("-") for word in elsewhere)
    return "a row that begins with -inf" + " and is negative elsewhere" * negative


def _changed(specimens: Sequence[Specimen]) -> str:
    always = _always(specimens)
    return f" Each row on this page is answered right {_listed(always)}." if always else ""


def _always(specimens: Sequence[Specimen]) -> "list[str]":
    """The changes that make each of them right."""
    return [
        change
        for change in (making.WITHOUT, making.LAST, making.ABOVE)
        if all(each.otherwise.get(change) == "right" for each in specimens)
    ]


def _threshold(specimens: Sequence[Specimen]) -> str:
    """Where overflow begins, in each format."""
    said = []
    for each in specimens:
        pair = [row for row in each.otherwise if row.startswith("[")]
        if len(pair) == 2:
            said.append(f" In {each.format} x = {pair[0]} is answered right, and its neighbour {pair[1]} is not.")
    return "".join(dict.fromkeys(said))


def _largest(specimens: Sequence[Specimen]) -> str:
    """The largest error of those that were measured as they are asked here."""
    plain = [each for each in specimens if each.domain != "conduct"]
    known = [(each.witness.ulp, each) for each in plain if isinstance(each.witness.ulp, float)]
    if not known:
        return "It was not measured how much."
    ulp, worst = max(known, key=lambda one: one[0])
    near = not functions.named(worst.function).elementwise and abs(float.fromhex(worst.witness.truth)) < _NEAR
    return (
        f"The largest error on this page is {short(ulp)} ulp, in {worst.format}, at {worst.witness.n:,} entries"
        f"{', where the answer is near 0 and an ulp is small' * near}."
    )


#: an answer below it is called near 0
_NEAR = 2.0**-10


def _listed(words: "Iterable[str]") -> str:
    *most, last = [*words] or [""]
    return f"{', '.join(most)} or {last}" if most else last


def _table(*sorts: Sort) -> "dict[str, Sort]":
    found = {sort.slug: sort for sort in sorts}
    if len(found) != len(sorts):
        raise AssertionError("two sorts have one slug")
    return found


SORTS = _table(
    Sort(
        "masked", "{name}: wrong result for {masked}",
        "For {masked}, `{name}` answers another number than without the -inf entries.{changed}",
        WRONG, "an entry of -inf takes no part: {special}",
        "Where such entries stand for a mask, the answer depends on where the mask is.",
    ),
    Sort(
        "overflow", "{name}: infinity or nan for entries whose answer is a number",
        "`{name}` answers an infinity or nan where the exact answer is a number well inside the format.{threshold}",
        WRONG, "log(sum(exp(x))) = max(x) + log(sum(exp(x - max(x)))), whose exponentials cannot overflow",
        "The result is lost altogether.",
    ),
    Sort(
        "nan", "{name}: nan in the input is not propagated",
        "With an entry of nan in the row, `{name}` answers something else than nan (where each entry has an output, at"
        " the other entries), and a broken row can go unnoticed.",
        WRONG, "{special}",
        "A nan is how a failure upstream shows itself: here it does not.",
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
        WRONG, "the proven error bound of max(x) + log(sum(exp(x - max(x)))), or of what follows from it, is exceeded",
        "{largest}",
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
        KNOW, "OpenVINO's [page on its CPU device](https://docs.openvino.ai/2024/openvino-workflow/running-inference/"
        "inference-devices-and-modes/cpu-device.html) lists FP32, BF16, FP16 and MXFP4 as the floating-point precisions"
        " that it infers in, and no FP64; the answer, an array of float64, does not show it",
        "Whoever asks in float64 for the sake of accuracy does not get it.",
    ),
    Sort(
        "subnormal", "{name}: subnormal results are flushed to zero",
        "Where the exact answer is a subnormal number, `{name}` answers 0.",
        KNOW, "to take subnormal numbers for zero is a mode of many processors, chosen for speed",
        "A probability that small is 0, and its logarithm -inf.",
    ),
    Sort(
        "long", "{name}: in float16, rows of 65,520 or more nearly equal entries",
        "In float16 65,520 ones add up to infinity: the largest number is 65,504, and what is nearer to the next one"
        " rounds beyond it. For so many equal entries `{name}` answers an infinity, or 0 for a softmax.",
        KNOW, "a sum held in float16 cannot do better; the answer itself would fit, and a sum held in float32 gives it",
        "Only rows of that many nearly equal entries are affected: others have smaller sums.",
    ),
    Sort(
        "axis", "{name}: in float16 less accurate {layouts}",
        "In float16 `{name}` answers less accurately where the rows lie {layouts}: there a sum of ones sticks at 2048;"
        " the same rows, one after the other along the last axis, do not show it.",
        KNOW, "{plain}",
        "The same numbers give an answer that is off in its first digits, depending on how they lie.",
    ),
    Sort(
        "order", "{name}: the order of the entries matters",
        "Another order of the same entries changes the answer of `{name}` by more than the error bound of an evaluation"
        " that subtracts the maximum first.",
        KNOW, "a fold takes the entries in their order, and rounds every partial result",
        "Sums over long rows at a large offset lose digits with every step.",
    ),
    Sort(
        "fold", "{name}: rounds every partial result",
        "`{name}` takes the entries one after the other and rounds every partial logarithm to the format, so that it is"
        " further off than an evaluation that subtracts the maximum first and takes one logarithm in the end.",
        KNOW, "that is what such a reduction is: the rounding of every step, at the size of the result, adds up",
        "{largest}",
    ),
    Sort(
        "accumulation", "{name}: {loss}",
        "The answer of `{name}` is further off than that of an evaluation that subtracts the maximum first and sums"
        " pairwise or in a wider format; it is within the error bound of adding up one by one.",
        KNOW, "one running sum is a legitimate choice; its error bound grows with the length of the row",
        "{largest}",
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
        KNOW, "the maximum of no entries is refused; an empty array would be the answer",
        "Empty batches need a case of their own.",
    ),
)  # fmt: skip
