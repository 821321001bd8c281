"""witness -> a program that asks the library itself, without lsecheck: a line for a shell, or lines to paste.

It imports that library only, and prints its answer to the one case. Words come from the table of adapters.
"""

import re
import shlex
from collections.abc import Iterator
from itertools import islice
from string import Template
from typing import NamedTuple

from lsecheck import functions
from lsecheck.rows import Witness
from lsecheck.subjects.adapters import ADAPTERS, Asked, Terms

#: characters of a line that is worth pasting
LONGEST = 2000
#: and of a program of several lines
LONGEST_PROGRAM = 8000
#: how rows lie in memory where that matters, of NumPy's arrays
LAYOUTS = {"transposed": "$numpy.asfortranarray($rows)", "broadcast": "$numpy.broadcast_to($rows, (2, $n))"}


def own_terms(subject: str, function: str, fmt: str, seen: Witness, axis: int = -1) -> str:
    """`python -c '...'`, or '' for a subject that is no adapter and a case whose values are not written out.

    The case is asked alone: a library whose answers depend on the batch may answer otherwise here. Along
    axis 0 it is asked twice, as two columns: a single one may be taken for a row.
    """
    said = _said(subject, function, fmt, seen, axis)
    if said is None:
        return ""
    written = "; ".join([f"import {said.terms.imports}", *said.names, *said.statements(dict(said.arrays))])
    return f"python -c {shlex.quote(written)}" if len(written) <= LONGEST else ""


def own_program(
    subject: str, function: str, fmt: str, seen: Witness, *, axis: int = -1, copies: int = 1, layout: str = ""
) -> str:
    """The same as lines that can be pasted into a plain Python; '' likewise.

    copies    equal rows that it takes; then what is printed is a list
    layout    a name of `LAYOUTS`, or '' for rows one after the other
    """
    said = _said(subject, function, fmt, seen, axis, copies, layout)
    if said is None:
        return ""
    imports = [f"import {name}" for name in said.terms.imports.split(", ")]
    arrays = [f"{name} = {array.replace(']*', '] * ')}" for name, array in said.arrays.items()]
    statements = said.statements({name: name for name in said.arrays})
    if said.model:  # a model in lines of its own can be read
        written = 'onnx.parser.parse_model("""%s""")'
        statements = [statement.replace(written % said.model, "model") for statement in statements]
        arrays.insert(0, f"model = {written % _in_lines(said.model)}")
    if len(statements) > 1 and not said.model:  # a setting that arrays feel
        arrays.insert(0, statements.pop(0))
    apart = [part for statement in statements for part in statement.split("; ") if part != "x = x"]
    text = "\n".join([*imports, *said.names, "", *arrays, *apart]) + "\n"
    return text if len(text) <= LONGEST_PROGRAM else ""


class _Said(NamedTuple):
    """The parts of a program."""

    terms: Terms
    names: "list[str]"  #: of special values, imported
    arrays: "dict[str, str]"  #: name -> how it is made
    told: "dict[str, str]"  #: what the templates are filled with, beside the arrays
    chosen: str  #: of the answer
    model: str

    def statements(self, arrays: "dict[str, str]") -> "list[str]":
        """After the imports: those that come first, and the one that prints."""
        given = self.told | arrays | {"arrays": ", ".join(arrays.values())}
        first, call = (Template(part).substitute(given) for part in (self.terms.first, self.terms.call))
        return [statement for statement in (first, f"print({call}{self.chosen}.tolist())") if statement]


def _said(
    subject: str, function: str, fmt: str, seen: Witness, axis: int, copies: int = 1, layout: str = ""
) -> "_Said | None":
    line, given = ADAPTERS.get(subject), fmt.partition(":")[0]
    if line is None or function not in line.functions or not isinstance(seen.x, str):
        return None
    asked = line.functions[function]
    if given not in asked.formats or (axis == 0 and not asked.axis):
        return None
    terms = line.terms.instead.get(given, line.terms)
    terms = terms._replace(call=asked.call) if asked.call else terms
    words = seen.x.split()
    rows = [_number(word) for word in islice(_each(words), 2)] if function == "logaddexp" else [_row(words)]
    if function == "logaddexp" and len(rows) != 2:
        return None
    names = sorted(set(re.findall(r"\b(?:inf|nan)\b", " ".join(rows))))
    times = 2 if axis == 0 or layout else copies
    made = [
        Template(terms.row).substitute(values=", ".join([row] * (1 if layout == "broadcast" else times)), format=given)
        for row in rows
    ]
    made = [Template(terms.columns).substitute(rows=array) for array in made] if axis == 0 else made
    if layout:
        told = {"numpy": terms.row.partition(".")[0], "n": f"{seen.n}"}
        made = [Template(LAYOUTS[layout]).substitute(told, rows=array) for array in made]
    arrays = dict(zip(("a", "b") if function == "logaddexp" else ("x",), made, strict=True))
    if isinstance(seen.label, int):
        arrays["labels"] = Template(terms.label).substitute(label=", ".join([f"{seen.label}"] * times))
    model = line.model(asked, given, axis)
    return _Said(
        terms,
        [f"from math import {', '.join(names)}"] if names else [],
        arrays,
        {"name": asked.name, "keywords": _keywords(asked, axis), "model": model},
        _chosen(asked, function, seen, axis, copies),
        model if asked.model else "",
    )


def _in_lines(model: str) -> str:
    """ONNX's text, what is declared and what is computed apart."""
    return model.replace("> one ", ">\none ").replace(") <int64", ")\n<int64").replace(" { y", "\n{ y")


def _chosen(asked: Asked, function: str, seen: Witness, axis: int, copies: int) -> str:
    """The output that the witness is about; of several rows the same of each."""
    elementwise = functions.named(function).elementwise and seen.n
    if copies > 1:
        return f"{asked.then}[:, {seen.output}]" if elementwise else asked.then
    place = ([seen.output, 0] if axis == 0 else [0, seen.output]) if elementwise else [0]
    return f"{asked.then}[{', '.join(map(str, place))}]"


def _keywords(asked: Asked, axis: int) -> str:
    return "".join(f", {word}={_quoted(told)}" for word, told in asked.keywords(axis).items())


def _each(words: "list[str]") -> Iterator[str]:
    """V*COUNT as V, COUNT times."""
    parts = (word.partition("*") for word in words)
    return (value for value, _, count in parts for _ in range(int(count or 1)))


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


def _quoted(told: "str | int") -> str:
    """Without single quotes: those are the shell's."""
    return f'"{told}"' if isinstance(told, str) else repr(told)
