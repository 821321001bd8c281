"""object with init, update, merge and finish, plan, cases -> answers: a reduction fed in pieces.

A plan says how a row is cut and merged. Online softmax updates one state, chunk after chunk; split-KV and
ring attention merge states of different parts; both are asked for the answer of the whole row.
"""

import functools
import inspect
import re
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

import numpy as np

from lsecheck.errors import InputError, SubjectError
from lsecheck.subjects.question import Array

#: merges within merges that a plan may have: it is walked by recursion, and Python allows 1,000 calls in all
DEPTH = 200
#: digits of a size: the sum of a plan's sizes stays far from what NumPy cannot index
_DIGITS = 15
_ALLOWED = "a plan is sizes as '3,0,5', or two plans in brackets as '(3,0 5)'"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One state, updated with chunks of these sizes in turn.

    Without sizes it is never updated; alone, it is the plan '': everything in one update.
    raises    `InputError` for sizes that are no whole numbers from 0
    """

    sizes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for size in self.sizes:
            if not isinstance(size, int) or not 0 <= size < 10**_DIGITS:
                raise InputError(f"a chunk has a size from 0 to {10**_DIGITS - 1:,}, not {size!r}")

    def __str__(self) -> str:
        return ",".join(map(str, self.sizes))


@dataclass(frozen=True, slots=True)
class Merge:
    """The states of two plans, merged.

    raises    `InputError` for what is no plan, or is more than `DEPTH` deep
    """

    left: "Plan"
    right: "Plan"
    depth: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for part in (self.left, self.right):
            if not isinstance(part, Leaf | Merge):
                raise InputError(f"a merge is of two plans, each a Leaf or a Merge, not {part!r}")
        depth = 1 + max(getattr(part, "depth", 0) for part in (self.left, self.right))
        if depth > DEPTH:
            raise InputError(f"a plan of merges within merges may be {DEPTH} deep; this one is deeper")
        object.__setattr__(self, "depth", depth)

    def __str__(self) -> str:
        return f"({str(self.left) or '()'} {str(self.right) or '()'})"


Plan = Leaf | Merge

_TOKEN = re.compile(r"(?P<sizes>[0-9]+(?:,[0-9]+)*)|(?P<open>\()|(?P<close>\))|(?P<gap>\s+)|(?P<other>.)", re.DOTALL)


@functools.lru_cache(maxsize=256)
def parse(text: str) -> Plan:
    """'3,0,5', '((3,0 5) 2)' or '' -> the plan; `str` of a plan gives the text back.

    `()` within brackets is a state that is never updated.
    raises    `InputError` for any other text, and for more than `DEPTH` brackets within brackets
    """
    parts: list[list[Plan]] = [[]]  # of each bracket that is open, and of none
    for token in _TOKEN.finditer(text):
        match token.lastgroup:
            case "sizes":
                parts[-1].append(_leaf(text, token[0]))
            case "open":
                parts.append([])
                if len(parts) > DEPTH + 1:
                    _refuse(text, f"has more than {DEPTH} brackets within brackets", f"{DEPTH} are the most")
            case "close":
                inner = parts.pop()
                if not parts:
                    _refuse(text, "closes a bracket that is not open")
                if len(inner) not in (0, 2):
                    _refuse(text, f"has {len(inner)} in brackets where two belong")
                parts[-1].append(Merge(*inner) if inner else Leaf())
            case "other":
                _refuse(text, f"has {token[0]!r} where it means nothing")
    if len(parts) > 1:
        _refuse(text, "does not close its brackets")
    if len(parts[0]) > 1:
        _refuse(text, f"is {len(parts[0])} plans beside one another")
    return parts[0][0] if parts[0] else Leaf()


def _leaf(text: str, sizes: str) -> Leaf:
    for size in sizes.split(","):
        if len(size) > _DIGITS:
            _refuse(text, f"has a size of {len(size)} digits", f"{_DIGITS} are the most")
    return Leaf(tuple(map(int, sizes.split(","))))


def _refuse(text: str, what: str, allowed: str = _ALLOWED) -> NoReturn:
    shown = text if len(text) <= 60 else f"{text[:50]}…{text[-9:]}"
    raise InputError(f"the plan {shown!r} {what}: {allowed}")


def cut(plan: Plan, n: int) -> "Iterator[list[slice]]":
    """Of each leaf in turn, its chunks of a row of n: sizes clipped to what is left, what is left over in the last."""
    if plan == Leaf():
        yield [slice(0, n)]
        return
    start, leaves = 0, list(_leaves(plan))
    for place, leaf in enumerate(leaves):
        chunks = []
        for size in leaf.sizes:
            stop = min(start + size, n)
            chunks.append(slice(start, stop))
            start = stop
        if place == len(leaves) - 1 and start < n:
            chunks.append(slice(start, n))
        yield chunks


def _leaves(plan: Plan) -> Iterator[Leaf]:
    if isinstance(plan, Leaf):
        yield plan
        return
    yield from _leaves(plan.left)
    yield from _leaves(plan.right)


def trials(n: int, merges: bool) -> dict[str, str]:
    """Ways of feeding a row of n that must give one answer: how, in words -> the plan."""
    half, third = n // 2, n // 3
    found = {
        "in one chunk": f"{n}",
        "entry by entry": ",".join("1" * max(min(n, _SINGLE), 1)),
        "an empty chunk first": f"0,{n}",
        "an empty chunk in the middle": f"{half},0,{n - half}",
        "an empty chunk last": f"{n},0",
    }
    if merges:
        found |= {
            "halves merged": f"({half} {n - half})",
            "thirds merged from the left": f"(({third} {third}) {n - 2 * third})",
            "thirds merged from the right": f"({third} ({third} {n - 2 * third}))",
            "an empty part merged first": f"(0 {n})",
            "an empty part merged last": f"({n} 0)",
            "two empty parts merged first": f"((0 0) {n})",
            "a part that was never updated merged first": f"(() {n})",
            "a part that was never updated merged last": f"(({n} ()) 0)",
        }
    return found


#: entries that are fed one by one; the rest follow in one chunk
_SINGLE = 64


class Stream(NamedTuple):
    """What of an object takes part, called alike whatever kind of object it is."""

    init: Callable[[Array], Any]  #: an empty chunk -> a state; of a stream without `update`, any chunk -> its state
    update: "Callable[[Any, Array], Any] | None"  #: state, chunk -> state
    merge: "Callable[[Any, Any], Any] | None"  #: state, state -> state
    finish: Callable[[Any], Any]  #: state -> (rows,) answers


def stream(found: Any, shown: str) -> "Stream | None":
    """The protocol that an object has; None where it has none, and is something else.

    found     an object with init and finish, and update or merge; or a class without init whose instances
              are states. A state that update or merge answers None for was changed in place.
    shown     its name in messages
    raises    `SubjectError` for a stream that could not be fed
    """
    init, update, merge, finish = (_callable(found, name) for name in ("init", "update", "merge", "finish"))
    if finish is None or (update is None and merge is None):
        return None
    if init is not None:
        own = inspect.getattr_static(found, "init", None) if isinstance(found, type) else None
        if isinstance(own, types.FunctionType) and next(iter(inspect.signature(own).parameters), "") == "self":
            raise SubjectError(f"{shown}: init needs an instance: name an instance of the class, or make it static")
        changed: Callable[[Any, Any], Any] = _or_in_place
    elif isinstance(found, type):
        init, changed = found, functools.partial(_or_itself, found)
    elif callable(found):
        return None
    else:
        raise SubjectError(f"{shown} is one state and has no init: name its class, {type(found).__name__}")
    takes = _takes(init)
    if update is None and not takes:
        raise SubjectError(f"{shown} has no update, so a state is made of each chunk, and its init takes none")
    made = init
    return Stream(
        (lambda chunk: made(chunk)) if takes else (lambda _: made()),
        update and _stepping(update, changed),
        merge and _stepping(merge, changed),
        finish,
    )


def streams(found: Any) -> bool:
    """Whether an object has the protocol, well or badly."""
    try:
        return stream(found, "") is not None
    except SubjectError:
        return True


def _callable(found: Any, name: str) -> "Callable[..., Any] | None":
    try:
        method = getattr(found, name, None)
    except Exception:  # an object may make its attributes as it likes
        return None
    return method if callable(method) else None


def _stepping(step: Callable[..., Any], changed: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda state, other: changed(state, step(state, other))


def _or_in_place(state: Any, returned: Any) -> Any:
    return state if returned is None else returned


def _or_itself(kind: type, state: Any, returned: Any) -> Any:
    """The instance is the state: only another instance takes its place."""
    return returned if isinstance(returned, kind) else state


def _takes(made: Callable[..., Any]) -> bool:
    """Whether it can be handed a chunk."""
    try:
        parameters = inspect.signature(made).parameters.values()
    except (TypeError, ValueError):  # of builtins nothing is known
        return True
    any_number = not isinstance(made, type)  # a class that takes whatever it is given may have no use for it
    return any(
        each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)
        or (any_number and each.kind == each.VAR_POSITIONAL)
        for each in parameters
    )


def applied(given: Any, step: Callable[[Any], Any]) -> Any:
    """One call of a stream on an array; as a function of other arrays, how another library's are handed over."""
    return step(given)


class Feed:
    """cases (rows, n) -> (rows,) answers of a stream, by its own plan or by the one that is asked for."""

    def __init__(self, fed: Stream, shown: str, plan: str, apply: "Callable[..., Any]" = applied):
        """`apply`: `applied`, or that of another library's arrays. `SubjectError` for a plan that needs a merge."""
        self.stream, self.shown, self.own, self.apply = fed, shown, plan, apply
        self._plan(plan)

    def __call__(self, x: Array, *, plan: str = "") -> Any:
        """What `finish` answers; every chunk is the stream's own, laid out in memory as x is."""
        wanted, piece = self._plan(plan or self.own), _pieces(x)
        like = np.empty((len(x), 0), x.dtype)
        leaves = ([piece(part) for part in leaf] for leaf in cut(wanted, x.shape[1]))
        state = self._state(wanted, leaves, like)
        return self.apply(like, step=lambda _: self.stream.finish(state))

    def _plan(self, text: str) -> Plan:
        plan = parse(text)
        if isinstance(plan, Merge) and self.stream.merge is None:
            raise SubjectError(f"{self.shown} has no merge, so --plan {text!r} is not for it: give sizes as '3,0,5'")
        return plan

    def _state(self, plan: Plan, leaves: "Iterator[list[Array]]", like: Array) -> Any:
        if isinstance(plan, Leaf):
            return self._leaf(next(leaves), like)
        left = self._state(plan.left, leaves, like)
        return self._merged(left, self._state(plan.right, leaves, like), like)

    def _leaf(self, chunks: list[Array], like: Array) -> Any:
        init, update = self.stream.init, self.stream.update
        if update is None:
            first, *others = (self._step(init, chunk) for chunk in chunks or [like])
            return functools.reduce(lambda left, right: self._merged(left, right, like), others, first)
        state = self._step(init, like)
        for chunk in chunks:
            state = self._step(functools.partial(update, state), chunk)
        return state

    def _merged(self, left: Any, right: Any, like: Array) -> Any:
        merge = self.stream.merge
        assert merge is not None
        return self._step(lambda _: merge(left, right), like)

    def _step(self, step: Callable[[Any], Any], chunk: Array) -> Any:
        """One call of the stream. Its state comes back in a tuple: an array of another library is to stay one."""
        return self.apply(chunk, step=lambda given: (step(given),))[0]


def _pieces(x: Array) -> "Callable[[slice], Array]":
    """Columns of x in memory that nobody else has, laid out as columns of x are: contiguous alone, or in its strides.

    Of strides the gaps between the entries are copied too: whoever reads there is to show it.
    """
    if not x.size or (x.flags.c_contiguous and x.flags.writeable):
        return lambda part: x[:, part].copy()
    root = x
    while isinstance(root.base, np.ndarray):
        root = root.base
    memory = root.ravel(order="K").copy().view(np.uint8).data
    held: Array = np.ndarray(x.shape, x.dtype, memory, x.ctypes.data - root.ctypes.data, x.strides)
    held.flags.writeable = x.flags.writeable
    return lambda part: held[:, part]
