"""pyproject.toml or lsecheck.toml -> what a project demands, checked word by word.

Whatever is not understood is refused with the path of its key: a demand that is silently ignored
is a gate left open.
"""

import difflib
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from lsecheck import contracts, formats, functions
from lsecheck.contracts import Contract
from lsecheck.errors import InputError, LsecheckError
from lsecheck.gate.verdicts import Held, apart
from lsecheck.inputs import cases
from lsecheck.subjects.loading import Loading

#: where the gate looks when no file is named, in this order
FILES = ("lsecheck.toml", "pyproject.toml")
#: where the demands are in each
_TABLE = {"pyproject.toml": ("tool", "lsecheck")}


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Unknown keys are mistakes."""


class Budgets(_Strict, frozen=True):
    """The most that may be measured; what is not said is not limited."""

    max_ulp: float | None = None
    max_scaled: float | None = None
    mean_ulp: float | None = None
    bias_ulp: float | None = None  #: in either direction

    def limits(self) -> dict[str, float]:
        """Measure -> limit, of those said."""
        given = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: limit for name, limit in given.items() if limit is not None}


class Exception_(_Strict, frozen=True):
    """What one family is held to in place of the rest."""

    require: str | None = None
    budgets: Budgets = Budgets()


class Waiver(_Strict, frozen=True):
    """A kind of finding that does not fail, and why."""

    kind: str  #: specials, range or conduct
    reason: str


class Demand(_Strict, frozen=True):
    """What is demanded of one subject in one function."""

    subject: str
    function: str = "logsumexp"
    formats: tuple[str, ...] = ("float16", "float32", "float64")
    require: str | None = None  #: a contract; `shifted` where no budget is given either
    budgets: Budgets = Budgets()
    waive: tuple[Waiver, ...] = ()
    families: tuple[str, ...] | None = None  #: None: all there are
    family: dict[str, Exception_] = {}
    effort: str | None = None  #: None: that of the whole gate; likewise the seed
    seed: int | None = None
    inputs: tuple[str, ...] = ()  #: files of the project's own logits, beside the families
    call: str | None = None  #: from here on: how it is loaded, as the options of `lsecheck check`
    arrays: str = "numpy"
    device: str = ""
    isolate: bool = False
    time_limit: float = 20.0
    memory_limit: float = 4.0
    plan: str = ""
    base: str = "e"
    flushes_subnormals: bool = False
    nan: str = "propagates"

    @property
    def loading(self) -> Loading:
        """How the subject is loaded."""
        return Loading(
            call=self.call,
            arrays=self.arrays,
            device=self.device,
            isolated=self.isolate,
            seconds=self.time_limit,
            gibibytes=self.memory_limit,
            plan=self.plan,
            base=self.base,
            flushes_subnormals=self.flushes_subnormals,
            nan=self.nan,
        )

    @property
    def required(self) -> "Contract | None":
        """The contract of families without one of their own; None where budgets alone are given."""
        if self.require is None:
            return None if self.budgets.limits() else Contract.SHIFTED
        return contracts.named(self.require)

    @property
    def asked(self) -> tuple[str, ...]:
        """The families that it is asked."""
        return cases.names() if self.families is None else self.families

    def held(self) -> Held:
        """The same for verdicts."""
        own = {name: contracts.named(f.require) for name, f in self.family.items() if f.require is not None}
        common = self.budgets.limits()
        limits = {name: common | exception.budgets.limits() for name, exception in self.family.items()}
        return Held(
            lambda family: own.get(family, self.required),
            lambda family: limits.get(family, common),
            frozenset(waiver.kind for waiver in self.waive),
        )


class Config(_Strict, frozen=True):
    """The whole of it."""

    subjects: tuple[Demand, ...]
    effort: str = "standard"
    seed: int = 0
    baseline: str | None = None  #: a file beside the configuration
    corpus: str | None = None  #: a folder beside it, of findings that fuzzing kept: asked of every subject
    slack: float = 1.25  #: what a sampled measure may be times what it was


def find(path: "str | None", folder: "Path | None" = None) -> Path:
    """The file named, or the first of `FILES` that has demands; `InputError` where there is none."""
    if path is not None:
        if not Path(path).is_file():
            raise InputError(f"there is no file {path}: name the configuration, or let 'lsecheck init' write one")
        return Path(path)
    for name in FILES:
        place = (folder or Path()) / name
        if place.is_file() and _table(place) is not None:
            return place
    raise InputError(
        "nothing is demanded here: there is no lsecheck.toml and no [tool.lsecheck] in pyproject.toml;"
        " 'lsecheck init' writes one"
    )


def read(path: Path) -> Config:
    """The demands in a file; `InputError` names the key that is wrong, and what may stand there."""
    table = _table(path)
    if table is None:
        raise InputError(f"{path}: there is no table [{'.'.join(_TABLE[path.name])}]")
    _named(path, "", _refuse_unknown, table, Config, "")
    try:
        config = msgspec.convert(table, Config)
    except msgspec.ValidationError as error:
        raise InputError(f"{path}: {_sentence(str(error))}") from None
    _check(config, path)
    return config


def _table(path: Path) -> "Any | None":
    """The table of demands as it stands, None where the file has none."""
    try:
        found: Any = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not TOML: {error}") from None
    for key in _TABLE.get(path.name, ()):
        found = found.get(key) if isinstance(found, dict) else None
    return found


_PLACE = re.compile(r" - at `(?P<at>[^`]*)`$")


def _sentence(said: str, within: str = "") -> str:
    """msgspec's words as ours: the path of the key first."""
    place = _PLACE.search(said)
    what = _PLACE.sub("", said).replace("Object missing required field", "there is no key")
    inner = place["at"].removeprefix("$").lstrip(".") if place else ""
    path = ".".join(part for part in (within, inner) if part)
    return f"{path or 'the table'}: {what[:1].lower()}{what[1:]}"


#: what stands under a key that is no plain value
_NESTED: "dict[str, type[_Strict]]" = {
    "subjects": Demand,
    "budgets": Budgets,
    "waive": Waiver,
    "family": Exception_,
}


def _refuse_unknown(table: Any, kind: "type[_Strict]", path: str) -> None:
    """`InputError` for a key that is none, with the nearest that is; other mistakes are for msgspec to find."""
    if not isinstance(table, dict):
        return
    for key, value in table.items():
        here = f"{path}.{key}" if path else key
        if key not in kind.__struct_fields__:
            near = difflib.get_close_matches(key, kind.__struct_fields__, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise InputError(f"{here} is no key: {hint}choose from {', '.join(kind.__struct_fields__)}")
        inner = _NESTED.get(key)
        if inner is not None and isinstance(value, list):
            for place, item in enumerate(value):
                _refuse_unknown(item, inner, f"{here}[{place}]")
        elif inner is not None and key == "family" and isinstance(value, dict):
            for name, item in value.items():
                _refuse_unknown(item, inner, f"{here}.{name}")
                try:  # here, where the name is known
                    msgspec.convert(item, inner)
                except msgspec.ValidationError as error:
                    raise InputError(_sentence(str(error), f"{here}.{name}")) from None
        elif inner is not None:
            _refuse_unknown(value, inner, here)


def _check(config: Config, path: Path) -> None:
    """What types cannot say."""
    if not config.subjects:
        raise InputError(f"{path}: subjects is empty: a gate without demands would pass whatever happens")
    if not 1 <= config.slack < float("inf"):
        raise InputError(f"{path}: slack must be 1 or more, got {config.slack:g}")
    _named(path, "effort", cases.check_effort, config.effort, 0)
    _named(path, "seed", cases.check_effort, config.effort, config.seed)
    seen: dict[tuple[str, str, str], int] = {}
    for place, demand in enumerate(config.subjects):
        key = f"subjects[{place}]"
        _demanded(demand, key, config, path)
        for text in demand.formats:
            identity = demand.subject, demand.function, str(formats.pair(text))
            if identity in seen:
                said = " ".join(identity)
                raise InputError(f"{path}: {key} asks again for {said}, which subjects[{seen[identity]}] does already")
            seen[identity] = place


def _demanded(demand: Demand, key: str, config: Config, path: Path) -> None:
    _named(path, f"{key}.function", functions.named, demand.function)
    _named(path, f"{key}.require", getattr, demand, "required")
    _named(path, key, getattr, demand, "loading")
    _named(path, f"{key}.effort", cases.check_effort, demand.effort or config.effort, 0)
    if demand.seed is not None:
        _named(path, f"{key}.seed", cases.check_effort, config.effort, demand.seed)
    for name in ("formats", "families", "inputs"):
        listed = getattr(demand, name) or ()
        twice = next((item for place, item in enumerate(listed) if item in listed[:place]), None)
        if twice is not None:
            raise InputError(f"{path}: {key}.{name} has {twice!r} twice")
    if not demand.formats:
        raise InputError(f"{path}: {key}.formats is empty: nothing would be asked")
    if not demand.asked and not demand.inputs:
        raise InputError(f"{path}: {key}.families is empty: nothing would be asked")
    for name in demand.asked:
        _named(path, f"{key}.families", cases.check_name, name)
    for text in demand.formats:
        _named(path, f"{key}.formats", formats.pair, text)
    _exceptions(demand, key, path)
    _budgets(demand.budgets, f"{key}.budgets", path)
    kinds = [waiver.kind for waiver in demand.waive]
    for number, waiver in enumerate(demand.waive):
        at = f"{key}.waive[{number}]"
        _named(path, f"{at}.kind", apart, waiver.kind)
        if not waiver.reason.strip():
            raise InputError(f"{path}: {at}.reason is empty: say why it is no failure")
        if waiver.kind in kinds[:number]:
            raise InputError(f"{path}: {at} waives {waiver.kind} a second time")


def _exceptions(demand: Demand, key: str, path: Path) -> None:
    """Families with demands of their own: known, asked, and demanding something."""
    for name, exception in demand.family.items():
        at = f"{key}.family.{name}"
        _named(path, at, cases.check_name, name)
        if name not in demand.asked:
            raise InputError(f"{path}: {at} is of a family that is not asked: nothing would use it")
        if exception.require is None and not exception.budgets.limits():
            raise InputError(f"{path}: {at} demands nothing: give require or budgets")
        if exception.require is not None:
            _named(path, f"{at}.require", contracts.named, exception.require)
        _budgets(exception.budgets, f"{at}.budgets", path)


def _budgets(budgets: Budgets, at: str, path: Path) -> None:
    for measure, limit in budgets.limits().items():
        if not 0 <= limit < float("inf"):
            raise InputError(f"{path}: {at}.{measure} must be a number from 0, got {limit:g}")


def _named(path: Path, key: str, check: Callable[..., object], *given: object) -> None:
    """Whatever `check` refuses of a value, refused with the path of its key."""
    try:
        check(*given)
    except LsecheckError as error:
        raise InputError(": ".join(part for part in (str(path), key, str(error)) if part)) from None
