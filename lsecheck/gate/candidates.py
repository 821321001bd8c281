"""a folder -> the functions in it that look like logsumexp and its family.

Read, never imported: naming a function must not run anything.
"""

import ast
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lsecheck import functions
from lsecheck.subjects.adapters import ADAPTERS
from lsecheck.subjects.methods import METHODS

#: words of a name, joined -> the function of the family
NAMES = {
    "logsumexp": "logsumexp",
    "lse": "logsumexp",
    "logaddexp": "logaddexp",
    "softmax": "softmax",
    "logsoftmax": "log_softmax",
    "crossentropy": "cross_entropy",
}
#: words that make something else of it
_ELSE = frozenset((
    "test", "grad", "grads", "gradient", "backward", "bwd", "vjp", "jvp", "hessian", "derivative", "benchmark", "bench",
    "plot", "make", "get", "build", "register", "2",
))  # fmt: skip
#: words after which a name says how
_BY = frozenset(("via", "using", "from", "with", "for"))
#: folders that are nobody's sources
_SKIPPED = frozenset((
    "test", "tests", "testing", "build", "dist", "venv", "env", "node_modules", "site-packages", "__pycache__",
))  # fmt: skip
_FILES = re.compile(r"test_.*|.*_test\.py|conftest\.py|setup\.py|noxfile\.py")
#: a file without any of this is not parsed
_HINT = re.compile(r"lse|sum_?exp|add_?exp|soft_?max|cross_?entropy", re.IGNORECASE)
_WORDS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
#: parameters that say how, not what
_HOW = frozenset(("axis", "dim"))


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something that a gate could be about."""

    spec: str  #: as the command line names it
    function: str  #: of the family, that it implements
    place: str = ""  #: file:line


def find(folder: Path) -> list[Candidate]:
    """Functions of the folder's Python files that are named like one of the family, in order of their files.

    A function of a package is `package.module:function`, importable where the package is; one of a file
    of its own `path/file.py:function`. Tests, environments, builds and hidden folders are passed over.
    """
    return [candidate for path in sorted(_files(folder)) for candidate in _in(path, folder)]


def candidate(spec: str, function: "str | None" = None) -> Candidate:
    """A subject that was named; its function is what it is called, or the first that a library has, else logsumexp.

    Raises `UnknownName` for a function that is none.
    """
    if function:
        return Candidate(spec, functions.named(function).name)
    name = spec.partition("@")[0]
    claimed = METHODS.get(name) or (ADAPTERS[name].functions if name in ADAPTERS else ())
    first = next((known for known in functions.FUNCTIONS if known in claimed), "logsumexp")
    return Candidate(spec, implements(spec.rpartition(":")[2].rpartition(".")[2]) or first if ":" in spec else first)


def implements(name: str) -> "str | None":
    """The function of the family that something of this name computes; None for any other name."""
    words = [word.lower() for word in _WORDS.findall(name)]
    if _ELSE & set(words):
        return None
    words = words[: next((place for place, word in enumerate(words) if word in _BY), len(words))]
    # the last noun is what it is: softmax_cross_entropy is a cross entropy
    for end in range(len(words), 0, -1):
        for begin in range(end):
            known = NAMES.get("".join(words[begin:end]))
            if known:
                return known
    return None


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        here = Path(place)
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".")
            and name not in _SKIPPED
            and not name.endswith(".egg-info")
            and not (here / name / "pyvenv.cfg").exists()
        ]
        yield from (here / name for name in names if name.endswith(".py") and not _FILES.fullmatch(name))


def _in(path: Path, folder: Path) -> Iterator[Candidate]:
    try:
        source = path.read_text("utf-8")
        tree = ast.parse(source) if _HINT.search(source) else None
    except (OSError, SyntaxError, ValueError):  # nothing that could be imported
        return
    shown = path.relative_to(folder).as_posix()
    if not shown.isprintable():
        return
    module = _module(path, folder) or shown
    for name, node in _functions(tree.body if tree else []):
        known = implements(node.name)
        if known and _takes(node.args, 2 if known in ("logaddexp", "cross_entropy") else 1):
            yield Candidate(f"{module}:{name}", known, f"{shown}:{node.lineno}")


def _module(path: Path, folder: Path) -> str:
    """The dotted name of a file in a package, as far as that reaches inside the folder; '' of a file of its own."""
    parts = [] if path.stem == "__init__" else [path.stem]
    package = path.parent
    while package != folder and (package / "__init__.py").is_file():
        parts.insert(0, package.name)
        package = package.parent
    return ".".join(parts) if package != path.parent else ""


def _functions(body: "list[ast.stmt]", inside: str = "") -> "Iterator[tuple[str, ast.FunctionDef]]":
    """Functions that can be named from outside, the last definition of each name; static methods too."""
    named: dict[str, ast.FunctionDef] = {}
    for node in body:
        if isinstance(node, ast.FunctionDef):
            static = any(isinstance(mark, ast.Name) and mark.id == "staticmethod" for mark in node.decorator_list)
            if static or not inside:
                named[f"{inside}{node.name}"] = node
        elif isinstance(node, ast.ClassDef) and not inside:
            named |= dict(_functions(node.body, f"{node.name}."))
        elif isinstance(node, ast.If | ast.Try | ast.With):
            named |= dict(_functions([one for one in ast.iter_child_nodes(node) if isinstance(one, ast.stmt)], inside))
    yield from named.items()


def _takes(arguments: ast.arguments, wanted: int) -> bool:
    """Whether it can be called with so many arrays and nothing else that it needs."""
    positional = [each.arg for each in (*arguments.posonlyargs, *arguments.args)]
    needed = [name for name in positional[: len(positional) - len(arguments.defaults)] if name not in _HOW]
    pairs = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    missing = [each.arg for each, default in pairs if default is None and each.arg not in _HOW]
    arrays = [name for name in positional if name not in _HOW]
    return not missing and len(needed) <= wanted <= len(arrays)
