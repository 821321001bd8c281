"""What is tested: our methods, library adapters, and anything callable.

Nothing here imports mpmath or the oracle: a subject must not know the answer.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lsecheck.errors import SubjectError, UnknownName
from lsecheck.subjects.adapters import ADAPTERS, adapter
from lsecheck.subjects.loaders import from_callable, from_spec
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.methods import METHODS, method
from lsecheck.subjects.subject import Declared, Subject

LIBRARIES = (".so", ".dll", ".dylib")


def load(spec: "str | Callable[..., Any] | Subject", loading: Loading = PLAIN) -> Subject:
    """A name, a `module:function`, a library, a command, a callable, a stream or a subject -> the subject.

    Shared libraries and commands, and on request the rest, live in a process of their own.
    Raises `UnknownName` for a name that is none, `SubjectError` for what cannot be loaded, and for a plan
    (`Loading.plan`) where there is no stream to feed.
    """
    if isinstance(spec, Subject):
        return spec
    if isinstance(spec, str) and ":" not in spec:  # ours and libraries: called as they are
        device = loading.device if spec in ADAPTERS else ""
        loading = replace(loading, call=None, arrays="numpy", device=device)
    found = _loaded(spec, loading)
    if loading.plan and "plan" not in found.takes:
        raise SubjectError(f"{found.name} does not stream, so --plan is not for it: see docs/subjects.md, Streaming")
    told = Declared(loading.flushes_subnormals, loading.nan, loading.base, found.declared.least)
    return replace(found, declared=told, options=loading.options)


def _loaded(spec: "str | Callable[..., Any]", loading: Loading) -> Subject:
    if not isinstance(spec, str):
        if loading.isolated:
            raise SubjectError("a process of its own needs a subject that it can load: give 'module:function'")
        return from_callable(spec, loading=loading)
    if spec.startswith("exec:"):
        from lsecheck.subjects.command import from_command

        return from_command(spec, loading)
    if loading.isolated or spec.rpartition(":")[0].endswith(LIBRARIES):
        from lsecheck.subjects.isolation import isolated

        return isolated(spec, loading)
    return load_here(spec, loading)


def load_here(spec: str, loading: Loading = PLAIN) -> Subject:
    """`load`, into this process whatever it is: what a process of its own does first."""
    if spec.rpartition(":")[0].endswith(LIBRARIES):
        from lsecheck.subjects.native import from_library

        return from_library(spec, loading)
    if ":" in spec:
        return from_spec(spec, loading)
    if spec in ADAPTERS:
        return adapter(spec, loading)
    if spec.partition("@")[0] in METHODS:
        return method(spec)
    others = ("package.module:function", "path/file.py:function", "path/lib.so:symbol", "exec:command")
    raise UnknownName("subject", spec, (*METHODS, *ADAPTERS, *others))
