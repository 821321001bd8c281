"""format, family, seed, index -> cases: batches that know their addresses.

Every case has an address FAMILY:SEED:INDEX that rebuilds it, alone, on any machine. Values are
numbers of the format (rounded once), carried in float64; a finite value that the format cannot
hold is clipped to its largest, so that no special value arises by accident.
"""

import functools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lsecheck import formats
from lsecheck.errors import InputError, UnknownName
from lsecheck.formats import Format
from lsecheck.functions.definition import Floats, Function, Labels
from lsecheck.inputs import corpus, exhaustive, logits
from lsecheck.inputs import kept as kept_files
from lsecheck.inputs.batch import BEYOND, Batch
from lsecheck.inputs.bits import Draw
from lsecheck.inputs.families import FAMILIES, Family

EFFORTS = ("quick", "standard", "deep")
#: no batch is larger than this many entries, so memory does not grow with the effort
BATCH_ENTRIES = 1 << 18


class Source(NamedTuple):
    """A family name as `list families` shows it."""

    name: str
    reason: str
    cases: "tuple[int, int, int]"  #: at each effort


def sources() -> list[Source]:
    """Every family there is: generated, the corpus, the shipped logits."""
    generated = [Source(f.name, f.reason, (f.quick, f.standard, f.deep)) for f in FAMILIES.values()]
    frozen = len(corpus.lines())
    kept = [Source(corpus.NAME, "frozen hard cases, each with where it comes from", (frozen,) * 3)]
    real = [Source(name, reason, logits.counts(name)) for name, reason in logits.REASONS.items()]
    return generated + kept + real


def names() -> tuple[str, ...]:
    """The names of all families, in reading order."""
    return (*FAMILIES, corpus.NAME, *logits.REASONS)


def synthetic() -> tuple[str, ...]:
    """The families that are not recorded logits."""
    return (*FAMILIES, corpus.NAME)


def check_name(name: str) -> str:
    """The name itself; `UnknownName` if no family is called so."""
    if name not in names() and name != kept_files.NAME:
        raise UnknownName("family", name, names())
    return name


def check_effort(effort: str, seed: int) -> None:
    """`InputError` for an effort or a seed that is none."""
    if effort not in EFFORTS:
        raise UnknownName("effort", effort, EFFORTS)
    if not isinstance(seed, int) or not 0 <= seed < BEYOND:
        raise InputError(f"seed must be an integer from 0 to 2^62 - 1, got {seed}")


def batches(family: str, function: Function, fmt: Format, effort: str = "standard", seed: int = 0) -> Iterator[Batch]:
    """The cases of a family at an effort, grouped by n, in order of first appearance."""
    check_name(family)
    check_effort(effort, seed)
    if family in FAMILIES:
        source = FAMILIES[family]
        yield from generated(source, range(source.cases(effort)), function, fmt, seed)
    elif family == corpus.NAME:
        yield from _kept(range(len(corpus.lines())), function, fmt)
    else:
        yield from _recorded(family, logits.chosen(family, effort), function, fmt)


def case(
    address: str,
    function: Function,
    fmt: Format,
    labels_path: "str | None" = None,
    folder: "str | None" = None,
) -> Batch:
    """The single case at FAMILY:SEED:INDEX (or PATH.npy:0:ROW), as a batch of one row.

    One that is kept, `kept:0:INDEX` of `folder`, is a batch of as many equal rows as it takes to show it.
    """
    parts = address.rsplit(":", 2)
    if len(parts) != 3 or not all(part.isdecimal() and part.isascii() for part in parts[1:]):
        raise InputError(f"{address[:80]!r} is not an address: write FAMILY:SEED:INDEX, as ordinary:0:17")
    if max(len(parts[1]), len(parts[2])) > 19 or max(int(parts[1]), int(parts[2])) >= BEYOND:
        raise InputError(f"{address[:80]!r} is beyond the last case: seed and index must lie below 2^62")
    family, seed, index = parts[0], int(parts[1]), int(parts[2])
    if family not in names() and (family.endswith((".npy", ".npz")) or Path(family).is_file()):
        return next(given(family, index, labels_path, function, fmt))
    space = exhaustive.named(family, function, fmt, seed)
    if space is not None:
        return space.at(index)
    check_name(family)
    if family == kept_files.NAME:
        finding = kept_files.find(Path(folder or kept_files.FOLDER), index)
        if not finding.fits(function, fmt):
            raise InputError(f"{address} cannot be asked of {function.name} in {fmt}: it is of {finding.format}")
        return _as_batch(finding, function)
    if family in FAMILIES:
        found = generated(FAMILIES[family], range(index, index + 1), function, fmt, seed)
    elif family == corpus.NAME:
        found = _kept(range(index, min(index + 1, len(corpus.lines()))), function, fmt)
    else:
        found = _recorded(family, np.arange(index, min(index + 1, len(logits.rows(family)))), function, fmt)
    batch = next(found, None)
    if batch is None:
        raise InputError(f"{address} does not exist for {function.name} in {fmt}: see 'lsecheck list families'")
    return batch


def _recorded(
    family: str, chosen: "np.ndarray[Any, np.dtype[np.int64]]", function: Function, fmt: Format
) -> Iterator[Batch]:
    if function.entries is not None:
        return  # pairs are not what was recorded
    labels = logits.labels(family)
    kept = None if labels is None else labels[chosen]
    yield from _split(family, 0, chosen, logits.rows(family)[chosen], function, fmt, kept)


def kept(folder: Path, function: Function, fmt: Format) -> Iterator[Batch]:
    """The findings kept in a folder that can be asked of the function in the format, exactly as they are."""
    for finding in kept_files.read(folder):
        if finding.fits(function, fmt):
            yield _as_batch(finding, function)


def _as_batch(finding: kept_files.Kept, function: Function) -> Batch:
    """Equal rows; where a finding has no label, its index chooses one."""
    index, copies = finding.index, finding.copies
    label = index % max(len(finding.values), 1) if finding.label is None else finding.label
    labels = np.full(copies, label) if function.labelled else None
    values = np.repeat(finding.row()[None, :], copies, axis=0)
    return Batch(kept_files.NAME, 0, np.full(copies, index), values, labels, finding.plan)


def given(
    path: str, row: "int | None", labels_path: "str | None", function: Function, fmt: Format, name: str = ""
) -> Iterator[Batch]:
    """The user's own logits, rounded to the format; addresses PATH:0:ROW, or NAME:0:ROW."""
    array, first = logits.read_file(path, row)
    labels = None
    if function.labelled and labels_path is not None:
        labels = logits.read_labels(labels_path, first, len(array))
    yield from _split(name or path, 0, np.arange(first, first + len(array)), array, function, fmt, labels)


def generated(source: Family, indices: Iterable[int], function: Function, fmt: Format, seed: int) -> Iterator[Batch]:
    """The cases of a generated family at these indices, grouped by n, in order of first appearance."""
    if source.needs_infinity and not fmt.has_infinity:
        return
    groups: dict[int, list[int]] = {}
    for index in indices:
        n = function.entries or source.widths[index % len(source.widths)]
        if n == 0 and function.labelled:
            continue  # no entry to label
        groups.setdefault(n, []).append(index)
    for n, members in groups.items():
        if source.name == "specials" and function.entries:
            members = [index for index in members if source.widths[index % len(source.widths)] == n]
        step = max(BATCH_ENTRIES // max(n, 1), 1)
        for start in range(0, len(members), step):
            chosen = np.array(members[start : start + step], np.int64)
            if len(chosen) == 0:
                continue
            draw = Draw(source.name, seed, chosen)
            labels = draw.integers(1 << 20, 0, n)[:, 0] if function.labelled else None
            yield Batch(source.name, seed, chosen, _rounded(source.build(draw, n, fmt), fmt), labels)


def _kept(indices: range, function: Function, fmt: Format) -> Iterator[Batch]:
    for index in indices:
        row = _frozen(index, fmt)
        if row is not None and function.entries in (None, len(row)):
            labels = np.array([index % len(row)]) if function.labelled else None
            yield Batch(corpus.NAME, 0, np.array([index]), row[None, :].copy(), labels)


@functools.cache
def _frozen(index: int, fmt: Format) -> "Floats | None":
    """A case of the corpus rounded to the format; None where the format cannot hold it."""
    exact = corpus.lines()[index].values
    if not corpus.fits(exact, fmt):
        return None
    table = {number: formats.rounded(fmt, number) for number in set(exact)}
    return np.array([table[number] for number in exact])


def _split(
    name: str, seed: int, chosen: Any, rows: Any, function: Function, fmt: Format, labels: "Labels | None"
) -> Iterator[Batch]:
    """Recorded rows in batches; `labels` are those of `rows`, by default the row's number mod n."""
    n = rows.shape[1]
    step = max(BATCH_ENTRIES // max(n, 1), 1)
    for start in range(0, len(rows), step):
        part = chosen[start : start + step]
        named = None
        if function.labelled:
            named = labels[start : start + step] if labels is not None else part % n
        values = formats.widen(rows[start : start + step])
        # where there is no infinity to overflow to, a mask saturates
        values = formats.widen(formats.cast(values, fmt)) if fmt.has_infinity else _rounded(values, fmt)
        yield Batch(name, seed, part, values, named)


def _rounded(values: Floats, fmt: Format) -> Floats:
    held = np.where(np.isfinite(values), np.clip(values, -fmt.largest, fmt.largest), values)
    return formats.widen(formats.cast(held, fmt))
