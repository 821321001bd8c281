"""name -> method: the implementations that ship with lsecheck, in plain NumPy.

`NAME` works in the storage format; `NAME@FORMAT` carries the whole computation in FORMAT, from
inputs converted to it to one rounding at the end, into whichever format the answer must have.
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
    known = f"{name}@{working}" if working else name
    return Subject(
        name=known,
        implementations={function: _carried(function, steps, working) for function, steps in METHODS[name].items()},
        note=f"ours, carried in {working}" if working else "ours, every step in the storage format",
        version=f"numpy {np.__version__}",
        answers_in=True,
        spec=known,
    )


def trace(spec: str, function: str, x: Array, output: Format) -> list[Step]:
    """Every step of a built-in method on a batch; the last is its answer in the output format."""
    name, at, accumulate = spec.partition("@")
    with np.errstate(all="ignore"):
        found = list(METHODS[name][function](_into(x, formats.named(accumulate) if at else None)))
    answer = found[-1]
    if not isinstance(answer, Answer):
        raise AssertionError("a method must end with its answer")
    if formats.of_array(answer.values) is not output:
        found.append(Answer("round", _into(answer.values, output)))
    return found


def _carried(function: str, steps: Method, working: "Format | None") -> Callable[..., Any]:
    def call(*arrays: Array, output: Format) -> Array:
        # NumPy sums other layouts in another order: a method is its order of summation
        x = np.stack(arrays, axis=-1) if function == "logaddexp" else np.ascontiguousarray(arrays[0])
        answers = last(steps(_into(x, working)))
        if function == "cross_entropy":
            answers = -answers[np.arange(len(x)), arrays[1]]
        return _into(answers, output)

    return call


def _into(array: Array, wanted: "Format | None") -> Array:
    """The array in another format, each number rounded once; itself where nothing is wanted."""
    if wanted is None or formats.of_array(array) is wanted:
        return array
    return formats.cast(formats.widen(array), wanted)


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
