"""spec, callable or stream -> subject: `package.module:function`, `path/file.py:function`.

A callable is handed the batch (rows, n) and `axis=-1` if it takes `axis` (`dim=-1` for `dim`);
else the batch, if it answers one row per row; else one row at a time. Which of the last two is
found by one probe with rows != n. A stream is fed chunks of the batch. The arrays are NumPy's, or torch's or
JAX's where asked for.
"""

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np

from lsecheck.errors import SubjectError
from lsecheck.functions import FUNCTIONS
from lsecheck.functions.definition import Function
from lsecheck.subjects import streaming
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.subject import Subject


def from_callable(function: "Callable[..., Any]", name: str = "", spec: str = "", loading: Loading = PLAIN) -> Subject:
    """Anything callable -> a subject that implements whichever function it is asked for; a stream, logsumexp alone."""
    shown = name or getattr(function, "__name__", type(function).__name__)
    fed = streaming.stream(function, shown)
    if fed is not None:
        return _streaming(fed, shown, spec, loading)
    version = ""
    axis, keepdims = (_keyword(function, names) for names in (("axis", "dim"), ("keepdims", "keepdim")))
    if loading.arrays != "numpy" or loading.device:
        from lsecheck.subjects.arrays import handed

        function, version = handed(function, loading)
    if loading.call == "axis" and axis is None:
        raise SubjectError(f"--call axis needs a function that takes axis or dim; {shown} takes neither")
    ways = {defined.name: _Call(function, defined, loading.call, axis, keepdims) for defined in FUNCTIONS.values()}
    along = axis is not None and loading.call in (None, "axis")
    takes = {"layouts", "integers"} | ({"axis"} if along else set()) | ({"keepdims"} if along and keepdims else set())
    return Subject(shown, ways, note="given", version=version, given=True, spec=spec, takes=frozenset(takes))


def _streaming(fed: streaming.Stream, shown: str, spec: str, loading: Loading) -> Subject:
    """A stream as a subject."""
    if loading.call is not None:
        raise SubjectError(f"--call is not for {shown}: it streams, and is fed as --plan says")
    apply, version = streaming.applied, ""
    if loading.arrays != "numpy" or loading.device:
        from lsecheck.subjects.arrays import handed

        apply, version = handed(apply, loading)
    feed = streaming.Feed(fed, shown, loading.plan, apply)
    takes = {"layouts", "plan"} | ({"merge"} if fed.merge is not None else set())
    return Subject(shown, {"logsumexp": feed}, note="streams", version=version, spec=spec, takes=frozenset(takes))


def from_spec(spec: str, loading: Loading = PLAIN) -> Subject:
    """`package.module:function` or `path/file.py:function` -> the subject; `SubjectError` otherwise."""
    place, _, attribute = spec.rpartition(":")
    found: Any = _module(place, spec)
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise SubjectError(f"{spec!r}: {place} has no {attribute!r}") from None
    if not callable(found) and not streaming.streams(found):
        raise SubjectError(f"{spec!r} is {type(found).__name__}, not something that can be called")
    return from_callable(found, spec, spec, loading)


def _module(place: str, spec: str) -> Any:
    try:
        with redirect_stdout(sys.stderr):
            if place.endswith(".py"):
                return _from_file(Path(place), spec)
            if "" not in sys.path:
                sys.path.insert(0, "")  # as `python -m` would: the user's own module lies here
            return importlib.import_module(place)
    except (SubjectError, KeyboardInterrupt):
        raise
    except BaseException as error:
        said = " ".join(str(error).split())
        raise SubjectError(f"{spec!r}: importing {place or 'nothing'} raised {type(error).__name__}: {said}") from error


def _from_file(path: Path, spec: str) -> Any:
    """A file as a module, run once for each version of it; its folder is on the path, as for a script."""
    if not path.is_file():
        raise SubjectError(f"{spec!r}: there is no file {path}")
    whole = path.resolve()
    name = f"_lsecheck_subject_{whole.stem}_{hash((str(whole), whole.stat().st_mtime_ns)):x}"
    if name in sys.modules:
        return sys.modules[name]
    found = importlib.util.spec_from_file_location(name, whole)
    if found is None or found.loader is None:  # pragma: no cover - .py always has a loader
        raise SubjectError(f"{spec!r}: {path} cannot be imported")
    if str(whole.parent) not in sys.path:
        sys.path.insert(0, str(whole.parent))
    module = sys.modules[name] = importlib.util.module_from_spec(found)
    try:
        found.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


class _Call:
    """How to call one callable for one function; the probe's answer is remembered."""

    def __init__(
        self,
        function: "Callable[..., Any]",
        defined: Function,
        call: "str | None",
        axis: "str | None",
        keepdims: "str | None",
    ):
        self.function, self.defined, self.call = function, defined, call
        self.axis, self.keepdims = axis, keepdims

    def __call__(self, *arrays: Any, axis: int = -1, keepdims: bool = False) -> Any:
        if self.defined.name in ("logaddexp", "cross_entropy") and self.call is None:
            return self.function(*arrays)
        if self.axis is not None and self.call in (None, "axis"):
            told: dict[str, Any] = {self.axis: axis}
            if keepdims and self.keepdims is not None:
                told[self.keepdims] = True
            return self.function(*arrays, **told)
        if self.call is None:
            self.call = self._probe(arrays[0].dtype)
        if self.call == "batch":
            return self.function(*arrays)
        answers = [np.asarray(self.function(*row)) for row in zip(*arrays, strict=True)]
        return np.stack(answers) if answers else np.empty((0,), arrays[0].dtype)

    def _probe(self, dtype: Any) -> str:
        rows, n = 3, 2
        try:
            shape = np.shape(self.function(np.zeros((rows, n), dtype)))
        except KeyboardInterrupt:
            raise
        except BaseException:  # it takes rows, or fails on those too and will be reported
            return "row"
        return (
            "batch"
            if shape in ((rows, n) if self.defined.elementwise else (rows,), (rows, self.defined.outputs(n)))
            else "row"
        )


def _keyword(function: "Callable[..., Any]", names: tuple[str, ...]) -> "str | None":
    """The first of these names that the callable has a parameter of."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return None
    return next((name for name in names if name in parameters), None)
