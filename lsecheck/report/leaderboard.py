"""rows, verdicts, speeds -> the leaderboard: who keeps what, at which price, in one table a function and format.

Every figure is of the same cases for everybody, but where a line says that it had fewer of some family;
each is the worst, or a mean, of what was asked, never of what there is.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from lsecheck.contracts import Contract
from lsecheck.gate.verdicts import UNMEASURED, grouped
from lsecheck.measure.definition import LARGEST_ERROR
from lsecheck.report import twins
from lsecheck.report.words import MARKS, sampled, sentences, short, table
from lsecheck.rows import Document, Row, Speed, Verdict
from lsecheck.subjects.adapters import ADAPTERS

#: families of plain rows at every length, where no answer is near 0: what E does there as rows grow
DRIFT = ("equal", "width", "long")
#: the option of a verdict on a subject that is asked again, declared to take subnormal numbers for 0
FLUSHING = "--flushes-subnormals"
#: heading of the column of special values, range, conduct
MARKED = "S R C"
#: lengths that drift compares: up to this, and beyond that
FEW, MANY = 16, 4096
#: subjects of the README's first lines
FIRST = (
    "log1p-shift", "scipy", "max-shift", "torch", "torch.compile", "jax", "tensorflow", "openvino",
    "onnxruntime.opset13", "onnxruntime", "torch.logcumsumexp", "numpy.logaddexp.reduce", "naive",
)  # fmt: skip

#: special values are right, but for rows without entries
EMPTY = "empty"
_MARKS = MARKS | {EMPTY: "∅"}


class Standing(NamedTuple):
    """A line of the leaderboard. A number that does not exist is nan."""

    function: str
    format: str
    subject: str
    contract: str
    scaled: float  #: worst E
    ulp: float  #: worst
    mean: float  #: ulp, every family alike
    bias: float  #: mean signed ulp, every family alike
    correct: float  #: share correctly rounded, every family alike
    wrong: "dict[str, int]"  #: answers of a wrong kind
    specials: str
    range: str
    conduct: str
    few: float  #: worst E of plain rows of at most `FEW` entries
    many: float  #: and of more than `MANY`
    many_wrong: int  #: answers of a wrong kind there
    times: "tuple[Speed, ...]"
    cases: int
    fewer: "tuple[str, ...]"  #: families of which others were asked more
    library: bool
    flushing: str  #: what it keeps where subnormal numbers may be taken for 0; empty where that was not in question


class Point(NamedTuple):
    """Speed beside accuracy."""

    function: str
    format: str
    subject: str
    contract: str
    time: float  #: over that of max-shift, in one run
    scaled: float  #: worst E
    best: bool  #: nobody is both faster and more accurate


def standings(document: Document) -> "list[Standing]":
    """Best first within each function and format: by contract, then by the worst E."""
    groups = grouped(document.rows)
    empty = _wrong_of_none(groups)
    timed: dict[tuple[str, str, str], list[Speed]] = {}
    for speed in document.speeds:
        timed.setdefault((speed.function, speed.subject, speed.format), []).append(speed)
    lines = []
    declared = flushing(document)
    most: dict[tuple[str, str, str], int] = {}
    for row in document.rows:
        asked_of = row.function, row.format, row.family
        most[asked_of] = max(most.get(asked_of, 0), row.cases)
    for verdict in document.verdicts:
        key = verdict.function, verdict.subject, verdict.format
        if verdict.status != UNMEASURED and key in groups:
            line = _standing(verdict, groups[key], timed.get(key, []), most)
            line = line._replace(flushing=declared.get(key, ""))
            lines.append(line._replace(specials=EMPTY) if key in empty else line)
    places = {key: place for place, key in enumerate(dict.fromkeys((line.function, line.format) for line in lines))}
    return sorted(lines, key=lambda line: (places[line.function, line.format], *_rank(line)))


def points(document: Document, shape: "tuple[int, int]") -> "list[Point]":
    """Of each function and format, for one shape: what a Pareto plot shows. Who has no number has no point."""
    found: list[Point] = []
    for line in standings(document):
        time = next((speed.ratio for speed in line.times if (speed.rows, speed.n) == shape), math.nan)
        if math.isfinite(time) and math.isfinite(line.scaled):
            found.append(Point(line.function, line.format, line.subject, line.contract, time, line.scaled, False))
    return [point._replace(best=not any(_beats(other, point) for other in found)) for point in found]


def page(document: Document) -> str:
    """Markdown."""
    lines = standings(document)
    libraries, ours = in_sentences(document)
    parts = [
        "# Who keeps what",
        f"{INTRODUCTION} Libraries first, then the textbooks' methods:",
        *(f"* {sentence}" for sentence in libraries),
        "The built-in methods, what the textbooks' algorithms come to:",
        *(f"* {sentence}" for sentence in ours),
        *(f"* {sentence}" for sentence in twins.spoken(twins.found(document.rows))),
        f"{asked(document)} What is wrong in a library is written up with"
        " a program to paste in [findings](findings/README.md), and what each mark means in the"
        " [README](../README.md#contracts).",
        _key(document),
    ]
    for function in dict.fromkeys(line.function for line in lines):
        parts.append(f"## {function}")
        mine = [line for line in lines if line.function == function]
        for fmt in dict.fromkeys(line.format for line in mine):
            members = [line for line in mine if line.format == fmt]
            parts += [f"### {function}, {fmt}", table(header(members), [_marked(line, members) for line in members])]
    known = [(f"`{name}`", text) for name, text in versions(document)]
    parts += ["## Versions", table(("", ""), known), "## Again", AGAIN]
    text = "\n\n".join(parts) + "\n"
    return text.replace(".\n\n* ", ".\n* ")


def in_sentences(document: Document) -> "tuple[list[str], list[str]]":
    """Who keeps what, a sentence a function: of libraries, and of the built-in methods."""
    verdicts = _less_the_empty(document)
    return (
        sentences([verdict for verdict in verdicts if verdict.subject in ADAPTERS]),
        sentences([verdict for verdict in verdicts if verdict.subject not in ADAPTERS]),
    )


def first_lines(document: Document) -> str:
    """For the README: some subjects, logsumexp in two formats, best first; and what its marks mean."""
    lines = {(line.subject, line.format): line for line in standings(document) if line.function == "logsumexp"}
    order = {subject: place for place, (subject, fmt) in enumerate(lines) if fmt == "float32"}
    timed = next((speed for speed in document.speeds if speed.format == "float32"), None)
    body, fewer = [], []
    for subject in sorted(set(FIRST) & order.keys(), key=lambda subject: order[subject]):
        single, half = (lines.get((subject, fmt)) for fmt in ("float32", "float16"))
        if single is None or half is None:
            continue
        mark = next((mark for mark in ("fail", EMPTY) if mark in (single.specials, half.specials)), "pass")
        took = [speed.ratio for speed in single.times if timed and (speed.rows, speed.n) == (timed.rows, timed.n)]
        figures = single.contract, _figure(single.scaled), half.contract, _figure(half.scaled)
        body.append((f"`{subject}`", *figures, _MARKS[mark], short(took[0]) if took else "-"))
        fewer += [f"`{subject}` was asked fewer cases of {', '.join(single.fewer)}"] if single.fewer else []
    heading = f"float32 time ÷ `{timed.beside}`, {timed.rows:,} × {timed.n:,}" if timed else "time"
    header = ("logsumexp", "float32 keeps", "worst E", "float16 keeps", "worst E", "special values", heading)
    notes = ["broken with a small E: answers of a wrong kind, which have no E"]
    if any(_MARKS[EMPTY] in line for line in body):
        notes.append(f"{_MARKS[EMPTY]}: right, but it raises for a row without entries")
    said = "; ".join([*notes, *fewer])
    return f"{table(header, body)}\n\n{said[:1].upper()}{said[1:]}. Every E is the worst found."


def _standing(
    verdict: Verdict, rows: Sequence[Row], times: "list[Speed]", most: "dict[tuple[str, str, str], int]"
) -> Standing:
    plain = [place for row in rows if row.family in DRIFT for place in row.by_place]
    long = [place for place in plain if place.n > MANY]
    wrong: dict[str, int] = {}
    for kind, count in (item for row in rows for item in row.class_errors.items()):
        wrong[kind] = wrong.get(kind, 0) + count
    return Standing(
        verdict.function, verdict.format, verdict.subject, verdict.contract,
        _number(verdict.max_scaled), _number(verdict.max_ulp),
        _mean(rows, "mean_ulp"), _mean(rows, "bias_ulp"), _mean(rows, "correctly_rounded"), wrong,
        verdict.specials, verdict.range, verdict.conduct,
        max((place.scaled for place in plain if place.n <= FEW and place.outputs), default=math.nan),
        max((place.scaled for place in long if place.outputs), default=math.nan),
        sum(place.wrong for place in long),
        tuple(times), sum(row.cases for row in rows),
        tuple(row.family for row in rows if row.cases < most[row.function, row.format, row.family]),
        verdict.subject in ADAPTERS,
        "",
    )  # fmt: skip


def flushing(document: Document) -> "dict[tuple[str, str, str], str]":
    """Function, subject, format -> what is kept where that is declared, of those that were asked so too."""
    found = (verdict for verdict in document.declared if FLUSHING in verdict.options)
    return {(verdict.function, verdict.subject, verdict.format): verdict.contract for verdict in found}


def _wrong_of_none(groups: "dict[tuple[str, str, str], list[Row]]") -> "set[tuple[str, str, str]]":
    """Keys of those whose special values are right but for rows without entries."""
    found = set()
    for key, rows in groups.items():
        wrong = [finding for row in rows for finding in row.findings if finding.domain == "specials"]
        if wrong and all(finding.kind == "raised" and not finding.witness.n for finding in wrong):
            found.add(key)
    return found


def _less_the_empty(document: Document) -> "list[Verdict]":
    """Verdicts, for sentences: who raises for a row without entries has no wrong special value."""
    empty = _wrong_of_none(grouped(document.rows))
    return [
        msgspec.structs.replace(each, specials="pass") if (each.function, each.subject, each.format) in empty else each
        for each in document.verdicts
    ]


def _number(found: object) -> float:
    return found if isinstance(found, float) else math.nan


def _mean(rows: Sequence[Row], measure: str) -> float:
    """Of the families that have it, each alike: none is so long that it drowns the others."""
    found = [getattr(row, measure) for row in rows if isinstance(getattr(row, measure), float)]
    if any(row.max_ulp == LARGEST_ERROR for row in rows) and measure != "correctly_rounded":
        return math.nan  # an error past every number has no mean
    return math.fsum(value / len(found) for value in found) if found else math.nan


def _rank(line: Standing) -> "tuple[float, ...]":
    rung = Contract(line.contract).rung if line.contract in tuple(Contract) else 99
    # who keeps no contract is ranked by what is left: wrong kinds of answers, then E
    return rung, *((sum(line.wrong.values()),) if line.contract == Contract.BROKEN else ()), line.scaled


def _beats(other: Point, point: Point) -> bool:
    same = (other.function, other.format) == (point.function, point.format)
    no_worse = other.time <= point.time and _badness(other) <= _badness(point)
    return same and no_worse and (other.time < point.time or _badness(other) < _badness(point))


def _badness(point: Point) -> "tuple[int, float]":
    return Contract(point.contract).rung if point.contract in tuple(Contract) else 99, point.scaled


def asked(document: Document) -> str:
    """How much, and that it is a sample."""
    cases = {(row.function, row.format, row.family): row.cases for row in document.rows}
    how = " and ".join(sorted({sampled(row) for row in document.rows}))
    subjects = len({row.subject for row in document.rows})
    return (
        f"{subjects} subjects, {sum(cases.values()):,} cases from {len({row.family for row in document.rows})} families"
        f" ({how}: every maximum is the worst found among them, no more)."
    )


def _key(document: Document) -> str:
    return "\n".join([ORDER, *(f"* *{term}*: {meaning}" for term, meaning in terms(document))])


def terms(document: Document) -> "list[tuple[str, str]]":
    """What each column means."""
    shapes = list(dict.fromkeys((speed.rows, speed.n) for speed in document.speeds))
    timed = document.speeds[0] if document.speeds else None
    said = [
        ("worst E", "error scaled by what the inputs allow; about 1 is as good as it gets"),
        ("ulp", "in units of the last place; near an answer of 0 large numbers are mathematics, and E says so"),
        (
            "mean ulp, bias, correct",
            "mean error and mean signed error in ulps, share correctly rounded: of the answers that are numbers, each"
            " family weighing the same",
        ),
        ("wrong kind", "nan, an infinity or a number where another of these is right, special values included"),
        (
            MARKED,
            "special values, sums that leave the format, conduct: ✓ passes, ✗ fails, - was not asked; ∅ is right but"
            " that it raises for a row without entries",
        ),
        (
            "drift",
            f"the worst E of plain rows ({', '.join(DRIFT)}) of at most {FEW} entries → of more than {MANY:,}; ✗ where"
            " some of the latter are of a wrong kind",
        ),
        (
            "flushing",
            "a subject that breaks every contract by answering 0 where a subnormal number is right keeps this one if"
            " that is declared (--flushes-subnormals)",
        ),
    ]
    if timed:
        said.append(
            (
                "time",
                f"over that of {timed.beside}, in turns on one core, each library in its own process, rows × entries"
                f" {' and '.join(f'{rows:,} × {n:,}' for rows, n in shapes)}: median of {timed.rounds} rounds"
                " [quartiles], arrays in and arrays out, as lsecheck asks; the built-in methods are written to be read,"
                " not to be fast",
            )
        )
    return said


def header(members: Sequence[Standing]) -> "tuple[str, ...]":
    """Of a table of one function and format."""
    shapes = _shapes(members)
    return (
        "subject", "contract", "worst E", "worst ulp", "mean ulp", "bias", "correct", "wrong kind", MARKED, "drift",
        *(f"time, {rows:,} × {n:,}" for rows, n in shapes), "cases",
    )  # fmt: skip


def _shapes(members: Sequence[Standing]) -> "list[tuple[int, int]]":
    return list(dict.fromkeys((speed.rows, speed.n) for line in members for speed in line.times))


def _marked(line: Standing, members: Sequence[Standing]) -> "tuple[str, ...]":
    """In Markdown: libraries as code, contracts bold."""
    subject, contract, *rest = cells(line, members)
    kept, _, more = contract.partition(" ")
    return f"`{subject}`" if line.library else f"*{subject}*", f"**{kept}**{' ' * bool(more)}{more}", *rest


def cells(line: Standing, members: Sequence[Standing]) -> "tuple[str, ...]":
    """A line of that table."""
    known = {(speed.rows, speed.n): speed for speed in line.times}
    times = [known.get(shape) for shape in _shapes(members)]
    return (
        line.subject,
        line.contract + (f" (flushing: {line.flushing})" if line.flushing else ""),
        _figure(line.scaled),
        _figure(line.ulp),
        _figure(line.mean),
        _figure(line.bias, "+.2g"),
        "-" if math.isnan(line.correct) else f"{100 * line.correct:.1f} %",
        ", ".join(f"{kind} {count:,}" for kind, count in sorted(line.wrong.items())) or "-",
        " ".join(_MARKS[mark] for mark in (line.specials, line.range, line.conduct)),
        f"{_figure(line.few)} → {_figure(line.many)}{' ✗' * bool(line.many_wrong)}",
        *("-" if time is None else f"{time.ratio:g} [{time.low:g}, {time.high:g}]" for time in times),
        f"{line.cases:,}" + (f" (fewer of {', '.join(line.fewer)})" if line.fewer else ""),
    )


def marks_in_words(line: Standing) -> str:
    """Which of what is judged apart passes."""
    judged = {"specials": line.specials, "range": line.range, "conduct": line.conduct}
    return ", ".join(f"{_MARKS[mark]}\N{NO-BREAK SPACE}{name}" for name, mark in judged.items())


def _figure(number: float, how: str = ".3g") -> str:
    if math.isnan(number):
        return "-"
    return f"{number:{how}}" if number < LARGEST_ERROR else f"over {1e308:g}"


def versions(document: Document) -> "list[tuple[str, str]]":
    """What was measured with what."""
    return [(name.removeprefix("subject "), text) for name, text in document.environment.items()]


INTRODUCTION = """\
Every method of lsecheck beside every library that it has an adapter for, asked the same cases (but where the last
column says otherwise) and judged by the same truth."""

ORDER = (
    "Best first: by contract, then by the worst E; who keeps none, by how many answers are of a wrong kind, then by E."
)

COMMANDS = """\
pip install -r scripts/leaderboard-requirements.txt -e .
scripts/make_leaderboard.py             # about half an hour on two cores; interrupted, it goes on where it was
scripts/make_leaderboard.py --render    # the pages alone, from reports/leaderboard.json
scripts/check_findings.py               # every draft's program again, in a plain Python
lsecheck check torch -f float32         # or any line of it alone"""

AGAIN = f"```sh\n{COMMANDS}\n```"
