"""folder -> findings that are kept: one case a file, in hex, so that branches merge without conflict.

A file is named by its content, `lsecheck-corpus/INDEX.txt`; its case has the address kept:0:INDEX.
Its one line is VALUES | WORDS | PROVENANCE, VALUES as in the corpus, WORDS key=value of what else is
needed to ask again.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lsecheck import formats, functions
from lsecheck.errors import InputError, UnknownName
from lsecheck.formats import Format
from lsecheck.functions.definition import Floats, Function
from lsecheck.inputs.corpus import format_values, parse_values

#: the family, and the folder where findings are kept unless another is named
MOST_COPIES = 1 << 16  #: equal rows that a finding may need
NAME, FOLDER = "kept", "lsecheck-corpus"


@dataclass(frozen=True, slots=True)
class Kept:
    """One finding as it is kept."""

    values: "tuple[float, ...]"  #: numbers of the format, nan and infinities
    function: str
    format: str  #: of input
    label: "int | None" = None
    copies: int = 1  #: equal rows in the batch
    plan: str = ""  #: how a streaming subject was fed
    provenance: str = ""  #: who broke what

    @property
    def index(self) -> int:
        """The number that names it: of everything but its provenance."""
        digest = hashlib.blake2b(self._line(False).encode(), digest_size=6).digest()
        return int.from_bytes(digest, "big")

    def line(self) -> str:
        """As it stands in its file."""
        return self._line(True)

    def _line(self, whole: bool) -> str:
        words = [f"function={self.function}", f"format={self.format}"]
        words += [f"label={self.label}"] if self.label is not None else []
        words += [f"copies={self.copies}"] if self.copies != 1 else []
        words += [f"plan={self.plan.replace(' ', '_')}"] if self.plan else []
        values = format_values(self.values) if self.values else "-"
        return f"{values} | {' '.join(words)}" + (f" | {' '.join(self.provenance.split())}" if whole else "")

    def fits(self, function: Function, fmt: Format) -> bool:
        """Whether it can be asked of a function, exactly as it is, in a format."""
        n = len(self.values)
        if (function.entries or n) != n or (function.labelled and not n):
            return False
        held = self.row()
        if not fmt.has_infinity and np.isinf(held).any():
            return False
        with np.errstate(all="ignore"):
            return bool(np.array_equal(formats.widen(formats.cast(held, fmt)), held, equal_nan=True))

    def row(self) -> Floats:
        """Its entries, (n,)."""
        return np.array(self.values, np.float64)


def read(folder: Path) -> Iterator[Kept]:
    """Every finding in a folder, by file name; `InputError` for a file that holds something else."""
    for path in sorted(folder.glob("*.txt")) if folder.is_dir() else ():
        for line in _lines(path):
            yield _parsed(line, path)


def find(folder: Path, index: int) -> Kept:
    """The finding with that index; `InputError` where there is none."""
    for found in read(folder):
        if found.index == index:
            return found
    raise InputError(f"kept:0:{index} is not in {folder}: name the folder with --corpus")


def write(folder: Path, finding: Kept) -> Path:
    """Keep a finding; one that is there already is left as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{finding.index}.txt"
    if not path.exists():
        part = path.with_name(path.name + ".part")
        part.write_text(finding.line() + "\n", "utf-8")
        part.replace(path)
    return path


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not text: a folder of findings holds lines VALUES | WORDS | PROVENANCE") from None
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _parsed(line: str, path: Path) -> Kept:
    values, bar, rest = line.partition(" | ")
    words, _, provenance = rest.partition(" | ")
    pairs = [word.partition("=") for word in words.split()]
    given = {key: value for key, _, value in pairs}
    if not bar or not all(equals for _, equals, _ in pairs) or not {"function", "format"} <= given.keys():
        raise InputError(f"{path}: {line[:60]!r} is no finding: a line is VALUES | function=F format=F | PROVENANCE")
    unknown = given.keys() - {"function", "format", "label", "copies", "plan"}
    if unknown:
        raise InputError(f"{path}: {min(unknown)!r} is no word of a finding")
    try:
        fmt = formats.named(given["format"])
        held = () if values.strip() == "-" else tuple(rounded_values(values.split(), fmt))
        label = int(given["label"]) if "label" in given else None
        copies = int(given.get("copies", "1"))
        function = functions.named(given["function"]).name
    except (InputError, UnknownName, ValueError) as error:
        raise InputError(f"{path}: {error}") from None
    if not 1 <= copies <= MOST_COPIES or (label is not None and not 0 <= label < max(len(held), 1)):
        raise InputError(f"{path}: copies lie from 1 to {MOST_COPIES:,}, and a label from 0 to n - 1")
    plan = given.get("plan", "").replace("_", " ")
    return Kept(held, function, fmt.name, label, copies, plan, provenance)


def rounded_values(words: Iterable[str], fmt: Format) -> Iterator[float]:
    """Values as they are typed, rounded to the format; an exact zero has no sign, so a zero's is read here."""
    for word in words:
        for number in parse_values([word]):
            held = formats.rounded(fmt, number)
            yield -0.0 if held == 0 and word.startswith("-") else held


def numbers(text: str) -> Iterator[float]:
    """A witness's text, hex floats with repeats as V*COUNT -> its entries."""
    for word in text.split():
        value, _, count = word.partition("*")
        yield from [float.fromhex(value)] * int(count or 1)
