"""rows <-> a text file of measured errors, which people review in a diff.

One line a row, sorted, numbers to three digits and rounded up: no times, no hosts. A row is
compared only with the line of the same key and the same inputs.

NumPy's exp and log differ in their last bits between processors, so an honest implementation
measured on another one differs too: by several times in ulps near 0, where an ulp says little, by
up to 1.9 in E (measured on x86-64 with and without AVX2; `reports/dispatch.md`). Where the dispatch
is another, E alone is compared, with an ulp of exp or log as allowance beside the slack.
"""

import decimal
import math
import shlex
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lsecheck.contracts import Contract
from lsecheck.errors import InputError
from lsecheck.inputs.kept import NAME
from lsecheck.rows import Breach, Row

#: first line of the file
TITLE = "# lsecheck baseline 1"
#: measures on record; bias may have either sign, and its size is recorded
MEASURES = ("max_ulp", "max_scaled", "mean_ulp", "bias_ulp")
#: of the hash of the inputs
_DIGITS = 12

Key = tuple[str, str, str, str]


class Line(NamedTuple):
    """What was measured of one subject, function, format and family."""

    inputs: str  #: first digits of the inputs' hash
    contract: str  #: kept; '-' where nothing was scored
    measures: "dict[str, float]"  #: of `MEASURES`, those that were there


class Baseline(NamedTuple):
    """A file of measured errors."""

    dispatch: str  #: of the processor they were measured on: what NumPy chose its loops by
    lines: "dict[Key, Line]"


def of(rows: Iterable[Row], environment: dict[str, str]) -> Baseline:
    """The baseline that these rows make; kept findings come and go, and are in none."""
    return Baseline(environment.get("numpy_simd", ""), {_key(row): _line(row) for row in rows if row.family != NAME})


def _key(row: Row) -> Key:
    return row.function, row.subject, row.format, row.family


def _line(row: Row) -> Line:
    values = {name: getattr(row, name) for name in MEASURES}
    measures = {name: rounded_up(abs(value)) for name, value in values.items() if isinstance(value, float)}
    return Line(row.inputs_sha256[:_DIGITS], row.contract if isinstance(row.contract, str) else "-", measures)


def rounded_up(number: float) -> float:
    """To three significant digits, never down: the float64 nearest to a decimal not below another's is not below it."""
    return float(_THREE_DIGITS_UP.create_decimal(repr(float(number))))


_THREE_DIGITS_UP = decimal.Context(prec=3, rounding=decimal.ROUND_CEILING)


def write(baseline: Baseline) -> str:
    """The file."""
    head = [
        f"{TITLE}: what was measured, rounded up to three digits; 'lsecheck gate --write-baseline' makes it anew",
        f"# dispatch: {baseline.dispatch}",
        "# function subject format family inputs contract " + " ".join(MEASURES),
    ]
    body = [
        shlex.join([*key, line.inputs, line.contract, *(f"{line.measures.get(name, '-')}" for name in MEASURES)])
        for key, line in sorted(baseline.lines.items())
    ]
    return "\n".join([*head, *body]) + "\n"


def read(text: "str | bytes", name: str) -> Baseline:
    """The file read back; `InputError` with the line that is wrong."""
    try:
        written = (text if isinstance(text, str) else text.decode("utf-8")).splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{name} is no baseline: it is no text") from None
    if not written or not written[0].startswith(f"{TITLE}:"):
        raise InputError(f"{name} is no baseline: its first line should begin with {TITLE!r}")
    dispatch, lines = "", {}
    for number, row in enumerate(written[1:], 2):
        if row.startswith("# dispatch: "):
            dispatch = row.removeprefix("# dispatch: ")
        if row.startswith("#") or not row.strip():
            continue
        key, line = _parsed(row, f"{name}, line {number}")
        if key in lines:
            raise InputError(f"{name}, line {number}: {' '.join(key)} is there twice")
        lines[key] = line
    if sum(row.startswith("# dispatch: ") for row in written) != 1:
        raise InputError(f"{name} needs one line '# dispatch: ...': what it was measured on decides what is compared")
    return Baseline(dispatch, lines)


def _parsed(row: str, where: str) -> tuple[Key, Line]:
    try:
        function, subject, fmt, family, inputs, contract, *numbers = shlex.split(row)
        measures = {name: float(word) for name, word in zip(MEASURES, numbers, strict=True) if word != "-"}
    except ValueError:
        raise InputError(f"{where} has no key, inputs, contract and {len(MEASURES)} numbers: {row!r}") from None
    if contract != "-" and contract not in tuple(Contract):
        raise InputError(f"{where}: {contract!r} is no contract")
    if not all(0 <= value < math.inf for value in measures.values()):
        raise InputError(f"{where}: measures must be numbers from 0")
    return (function, subject, fmt, family), Line(inputs, contract, measures)


#: E that another processor's last bits may add: an ulp, 2 u, of exp or of log
ELSEWHERE = 2.0


def breaches(row: Row, known: "Line | None", slack: float, elsewhere: bool = False) -> list[Breach]:
    """Where a row is worse than its line times the slack (1 where every input was asked).

    elsewhere    whether the line was measured on a processor of another dispatch
    """

    def breach(measure: str, value: "float | str", limit: "float | str", message: str = "") -> Breach:
        return Breach(
            measure=measure, family=row.family, value=value, limit=limit, source="baseline", message=message,
            witness=row.witness,
        )  # fmt: skip

    if known is None:
        said = f"{row.family} is not in the baseline: run 'lsecheck gate --write-baseline' and review the diff"
        return [breach("baseline", "absent", "present", said)]
    if known.inputs != row.inputs_sha256[:_DIGITS]:
        said = f"{row.family} was measured on other inputs in the baseline: nothing can be compared; write it anew"
        return [breach("baseline", row.inputs_sha256[:_DIGITS], known.inputs, said)]
    found = []
    kept = row.contract if isinstance(row.contract, str) else "-"
    if known.contract == "-" and kept != "-":
        said = f"{row.family} had no case that counts in the baseline: write it anew"
        found.append(breach("contract", kept, "absent", said))
    elif known.contract != "-" and (kept == "-" or not Contract(kept).keeps(_proven(known.contract))):
        found.append(breach("contract", kept, str(_proven(known.contract))))
    times, more = 1.0 if row.exhaustive else slack, ELSEWHERE if elsewhere else 0.0
    for name, before in known.measures.items():
        value = getattr(row, name)
        if not isinstance(value, float):
            found.append(breach(name, "absent", before, f"{name} of {row.family} is no longer measured"))
        elif elsewhere and name != "max_scaled":
            continue
        elif not rounded_up(abs(value)) <= rounded_up(before * times + more):
            found.append(breach(name, float(value), rounded_up(before * times + more)))
    for name in MEASURES:
        value = getattr(row, name)
        if isinstance(value, float) and name not in known.measures:
            said = f"{name} of {row.family} is not in the baseline: write it anew"
            found.append(breach(name, float(value), "absent", said))
    return found


def _proven(contract: str) -> Contract:
    """What a sample can be held to: that every one of them came out faithful was luck, unless it is demanded."""
    return max(Contract(contract), Contract.CONDITIONED, key=lambda one: one.rung)


def vanished(rows: Sequence[Row], baseline: Baseline) -> list[Key]:
    """Lines that no row answers to, in order."""
    there = {_key(row) for row in rows}
    return [key for key in sorted(baseline.lines) if key not in there]


def line_of(baseline: Baseline, row: Row) -> "Line | None":
    """The line of a row."""
    return baseline.lines.get(_key(row))


def _keeps(contract: str, other: str) -> bool:
    return Contract(contract).keeps(Contract(other))


def loosened(old: Baseline, new: Baseline) -> list[str]:
    """What a new baseline would allow and the old one does not, in words."""
    found = []
    for key, line in sorted(new.lines.items()):
        known = old.lines.get(key)
        if known is None:
            continue
        if known.inputs != line.inputs:
            found.append(f"{' '.join(key)}: measured on other inputs, which cannot be compared")
            continue
        lost = line.contract == "-" or (known.contract != "-" and not _keeps(line.contract, known.contract))
        if known.contract != "-" and lost:
            found.append(f"{' '.join(key)}: {known.contract} becomes {line.contract}")
        for name, before in known.measures.items():
            now = line.measures.get(name)
            if now is None or now > before:
                found.append(f"{' '.join(key)}: {name} {before:g} becomes {'absent' if now is None else f'{now:g}'}")
    gone = [key for key in sorted(old.lines) if key not in new.lines]
    return found + [f"{' '.join(key)}: would vanish" for key in gone]
