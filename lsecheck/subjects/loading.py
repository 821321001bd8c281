"""How a subject is to be loaded: what the command line and `check` can say of it beside its name."""

import shlex
from dataclasses import dataclass

from lsecheck.errors import InputError, UnknownName
from lsecheck.subjects.streaming import parse

CALLS = ("axis", "batch", "row")
ARRAYS = ("numpy", "torch", "jax")


@dataclass(frozen=True, slots=True)
class Loading:
    """Options of a subject. Hashable and small: it travels to every worker with the subject's name."""

    call: "str | None" = None  #: how a callable is called: a name of `CALLS`; None: found out
    arrays: str = "numpy"  #: what a callable is handed: a name of `ARRAYS`
    device: str = ""  #: where libraries compute: cpu, cuda, ...; empty: their own choice
    isolated: bool = False  #: asked in a process of its own
    seconds: float = 20.0  #: a process of its own may take for a batch
    gibibytes: float = 4.0  #: of memory it may hold
    plan: str = ""  #: how a streaming subject is fed, as `parse` reads it; '' in one update
    base: str = "e"  #: declared: see `Declared`; likewise the next two
    flushes_subnormals: bool = False
    nan: str = "propagates"

    def __post_init__(self) -> None:
        if self.call is not None and self.call not in CALLS:
            raise UnknownName("call", self.call, CALLS)
        if self.arrays not in ARRAYS:
            raise UnknownName("kind of array", self.arrays, ARRAYS)
        if self.base not in ("e", "2"):
            raise UnknownName("base", self.base, ("e", "2"))
        if self.nan not in ("propagates", "ignored", "unspecified"):
            raise UnknownName("nan policy", self.nan, ("propagates", "ignored", "unspecified"))
        object.__setattr__(self, "plan", str(parse(self.plan)))  # one text for one plan
        if not self.seconds > 0:
            raise InputError(f"the time limit must be more than 0 seconds, got {self.seconds:g}")
        if not self.gibibytes > 0:
            raise InputError(f"the memory limit must be more than 0 GiB, got {self.gibibytes:g}")

    @property
    def options(self) -> str:
        """The same as typed on a command line; '' where nothing is said."""
        said = []
        for name, option in OPTIONS.items():
            value = getattr(self, name)
            if value != getattr(PLAIN, name):
                shown = f"{value:g}" if name in _NUMBERS else shlex.quote(str(value))
                said.append(option if value is True else f"{option} {shown}")
        return " ".join(said)

    @property
    def declared(self) -> str:
        """Of those, what is declared of the subject and changes what is right."""
        return Loading(base=self.base, flushes_subnormals=self.flushes_subnormals, nan=self.nan).options


_NUMBERS = ("seconds", "gibibytes")
#: field -> how it is typed on a command line
OPTIONS = {
    "call": "--call",
    "arrays": "--arrays",
    "device": "--device",
    "isolated": "--isolate",
    "seconds": "--time-limit",
    "gibibytes": "--memory-limit",
    "plan": "--plan",
    "base": "--base",
    "flushes_subnormals": "--flushes-subnormals",
    "nan": "--nan",
}
PLAIN = Loading()
