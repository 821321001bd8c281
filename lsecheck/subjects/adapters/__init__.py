"""name -> library adapter: one file each, imported only when asked for."""

import importlib
from importlib import util

from lsecheck.subjects.subject import Subject


def adapter(name: str) -> Subject:
    """The subject behind an adapter's name; `SubjectError` where its library is missing."""
    module = importlib.import_module(f"lsecheck.subjects.adapters.{name}")
    subject: Subject = module.load()
    return subject


def installed(name: str) -> bool:
    """Whether the adapter's library is there (without importing it)."""
    return util.find_spec(name) is not None


#: name -> what it judges
ADAPTERS = {"scipy": "scipy.special: logsumexp, softmax, log_softmax"}
