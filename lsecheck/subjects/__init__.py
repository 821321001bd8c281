"""What is tested: our methods, library adapters, and anything callable.

Nothing here imports mpmath or the oracle: a subject must not know the answer.
"""

from collections.abc import Callable
from typing import Any

from lsecheck.errors import UnknownName
from lsecheck.subjects.adapters import ADAPTERS, adapter
from lsecheck.subjects.loaders import from_callable, from_spec
from lsecheck.subjects.methods import METHODS, method
from lsecheck.subjects.subject import Subject


def load(spec: "str | Callable[..., Any] | Subject", call: "str | None" = None) -> Subject:
    """A name, a `module:function`, a callable or a subject -> the subject.

    Raises `UnknownName` for a name that is none, `SubjectError` for what cannot be loaded.
    """
    if isinstance(spec, Subject):
        return spec
    if not isinstance(spec, str):
        return from_callable(spec, call=call)
    if ":" in spec:
        return from_spec(spec, call)
    if spec in ADAPTERS:
        return adapter(spec)
    if spec.partition("@")[0] in METHODS:
        return method(spec)
    raise UnknownName("subject", spec, (*METHODS, *ADAPTERS, "package.module:function", "path/file.py:function"))
