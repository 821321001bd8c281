"""name -> method: the implementations that ship with lsecheck, in plain NumPy.

`NAME` works in the storage format; `NAME@FORMAT` carries the whole computation in FORMAT, from
inputs converted exactly to one rounding at the end.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from lsecheck import formats
from lsecheck.errors import UnknownName
from lsecheck.formats import Format
from lsecheck.subjects.methods import logsumexp, softmax
from lsecheck.subjects.methods.steps import Answer, Array, Method, Step, last
from lsecheck.subjects.subject import Subject


def method(spec: str) -> Subject:
    """`'max-shift'` or `'max-shift@float32'` -> the subject."""
    name, at, accumulate = spec.partition("@")
    if name not in METHODS:
        raise UnknownName("method", name, METHODS)
    working = formats.named(accumulate) if at else None
    return Subject(
        name=f"{name}@{working}" if working else name,
        implementations={function: _carried(function, steps, working) for function, steps in METHODS[name].items()},
        note=f"ours, carried in {working}" if working else "ours, every step in the storage format",
        version=f"numpy {np.__version__}",
        spec=spec,
    )


def trace(spec: str, function: str, x: Array) -> list[Step]:
    """Every step of a built-in method on a batch; the last is its answer in the storage format."""
    name, at, accumulate = spec.partition("@")
    working = formats.named(accumulate) if at else None
    carried = x if working is None else formats.cast(formats.widen(x), working)
    with np.errstate(all="ignore"):
        found = list(METHODS[name][function](carried))
    if working is not None:
        answer = found[-1]
        assert isinstance(answer, Answer)
        found.append(Answer("round", formats.cast(formats.widen(answer.values), formats.of_array(x))))
    return found


def _carried(function: str, steps: Method, working: "Format | None") -> Callable[..., Any]:
    def call(*arrays: Array) -> Array:
        x = np.stack(arrays, axis=-1) if function == "logaddexp" else arrays[0]
        given = formats.of_array(x)
        carried = x if working is None else formats.cast(formats.widen(x), working)
        answers = last(steps(carried))
        if function == "cross_entropy":
            answers = -answers[np.arange(len(x)), arrays[1]]
        return answers if working is None else formats.cast(formats.widen(answers), given)

    return call


def _table(
    reductions: dict[str, Method], maps: dict[str, tuple[Method | None, Method]]
) -> dict[str, dict[str, Method]]:
    table: dict[str, dict[str, Method]] = {
        name: {"logsumexp": steps, "logaddexp": steps} for name, steps in reductions.items()
    }
    for name, (direct, logged) in maps.items():
        table.setdefault(name, {}).update(log_softmax=logged, cross_entropy=logged)
        if direct is not None:
            table[name]["softmax"] = direct
    return table


METHODS = _table(
    {
        "naive": logsumexp.naive,
        "max-shift": logsumexp.max_shift,
        "online": logsumexp.online,
        "online-blocked": logsumexp.online_blocked,
        "pairwise": logsumexp.pairwise,
        "log1p-shift": logsumexp.log1p_shift,
        "logaddexp-fold": logsumexp.logaddexp_fold,
    },
    {
        "naive": (softmax.naive, softmax.log_naive),
        "max-shift": (softmax.shifted, softmax.log_shifted),
        "online": (softmax.online, softmax.log_online),
        "via-lse": (softmax.via_lse, softmax.log_via_lse),
        "log1p-shift": (None, softmax.log1p_log),
    },
)
