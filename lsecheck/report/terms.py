"""witness -> a line for a shell that asks the library itself, without lsecheck.

It imports that library only, and prints its answer to the one case. Words come from the table of adapters.
"""

import re
import shlex
from string import Template

from lsecheck import functions
from lsecheck.rows import Absent, Witness
from lsecheck.subjects.adapters import ADAPTERS, Adapter, Asked

#: characters of a line that is worth pasting
LONGEST = 2000


def own_terms(subject: str, function: str, fmt: str, seen: Witness, axis: int = -1) -> str:
    """`python -c '...'`, or '' for a subject that is no adapter and a case whose values are not written out.

    The case is asked alone: a library whose answers depend on the batch may answer otherwise here. Along
    axis 0 it is asked twice, as two columns: a single one may be taken for a row.
    """
    line, given = ADAPTERS.get(subject), fmt.partition(":")[0]
    if line is None or function not in line.functions or not isinstance(seen.x, str):
        return ""
    asked = line.functions[function]
    words = seen.x.split()
    rows = [_number(word) for word in _each(words)] if function == "logaddexp" else [_row(words)]
    if axis == 0 and not asked.axis:
        return ""
    elementwise = functions.named(function).elementwise and seen.n
    place = ([seen.output, 0] if axis == 0 else [0, seen.output]) if elementwise else [0]
    chosen = f"{asked.then}[{', '.join(map(str, place))}]"
    written = _program(line, asked, given, rows, seen.label, chosen, axis)
    return f"python -c {shlex.quote(written)}" if given in asked.formats and len(written) <= LONGEST else ""


def _each(words: "list[str]") -> "list[str]":
    """V*COUNT as V, COUNT times."""
    parts = (word.partition("*") for word in words)
    return [value for value, _, count in parts for _ in range(int(count or 1))]


def _number(word: str) -> str:
    """Exact, and as short as Python writes it."""
    return repr(float.fromhex(word))


def _row(words: "list[str]") -> str:
    """V*COUNT as [V] * COUNT, the rest as lists."""
    parts: list[str] = []
    for word in words:
        value, _, count = word.partition("*")
        number = _number(value)
        if count:
            parts.append(f"[{number}]*{count}")
        elif parts and parts[-1].endswith("]"):
            parts[-1] = f"{parts[-1][:-1]}, {number}]"
        else:
            parts.append(f"[{number}]")
    return " + ".join(parts) or "[]"


def _program(
    line: Adapter, asked: Asked, fmt: str, rows: "list[str]", label: "int | Absent", chosen: str, axis: int
) -> str:
    terms = line.terms.instead.get(fmt, line.terms)
    if axis == 0:
        rows = [f"{row}, {row}" for row in rows]
    arrays = [Template(terms.row).substitute(values=values, format=fmt) for values in rows]
    arrays = [Template(terms.columns).substitute(rows=array) for array in arrays] if axis == 0 else arrays
    if isinstance(label, int):
        arrays.append(Template(terms.label).substitute(label=label))
    given = {
        "name": asked.name,
        "arrays": ", ".join(arrays),
        "keywords": "".join(f", {word}={_quoted(told)}" for word, told in asked.keywords(axis).items()),
        "model": line.model(asked, fmt, axis),
    }
    first, call = (Template(part).substitute(given) for part in (terms.first, terms.call))
    names = sorted(set(re.findall(r"\b(?:inf|nan)\b", " ".join(rows))))
    statements = [
        f"import {terms.imports}",
        f"from math import {', '.join(names)}" if names else "",
        first,
        f"print({call}{chosen}.tolist())",
    ]
    return "; ".join(statement for statement in statements if statement)


def _quoted(told: "str | int") -> str:
    """Without single quotes: those are the shell's."""
    return f'"{told}"' if isinstance(told, str) else repr(told)
