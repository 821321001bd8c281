"""a subject -> digest of the files behind it: whether it is still the one that it was.

Files beside the one that is named are not looked at; who must know asks the subject too.
"""

import hashlib
import importlib.util
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from lsecheck import subjects
from lsecheck.subjects.adapters import ADAPTERS
from lsecheck.subjects.methods import METHODS
from lsecheck.subjects.subject import Subject


def fingerprint(subject: Subject) -> str:
    """sha256 of its name, what was said of it, its library's version and its file, as hex digits."""
    state = hashlib.sha256(f"{subject.name}\n{subject.options}\n{subject.version}\n".encode())
    for path in _files(subject.spec):
        state.update(path.read_bytes())
    return state.hexdigest()


def _files(spec: str) -> Iterator[Path]:
    place, colon, rest = spec.rpartition(":")
    if spec.partition("@")[0] in METHODS:
        yield from sorted((Path(subjects.__file__).parent / "methods").glob("*.py"))
    elif spec.startswith("exec:"):
        words = shlex.split(spec.removeprefix("exec:"))
        found = [shutil.which(words[0]), *words[1:]]  # a script is an argument of its interpreter
        yield from (Path(word) for word in found if word and Path(word).is_file())
    elif colon and rest and spec not in ADAPTERS:
        named = Path(place)
        yield from (path for path in (named, Path(_module(place))) if path.is_file())


def _module(name: str) -> str:
    """The file of a module, imported here or, for a subject that lives elsewhere, only found; '' of none."""
    imported = getattr(sys.modules.get(name), "__file__", None)
    if imported:
        return str(imported)
    try:
        found = importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return ""
    return str(found.origin) if found is not None and found.origin else ""
