"""function, format -> models: what a subject may turn out to answer like, the simplest first."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lsecheck.faults import FAULTS, Fault
from lsecheck.formats import FormatPair
from lsecheck.functions.definition import Function
from lsecheck.inputs.batch import Batch
from lsecheck.subjects.methods import METHODS, method
from lsecheck.subjects.subject import Answers, Patience, Subject, ask_whole

#: formats that a method may be carried in
ACCUMULATE = ("float16", "bfloat16", "float32", "float64")
#: what is right to the last bit nearly everywhere: a model that never differs from it explains nothing
HONEST = "log1p-shift@float64"


@dataclass(frozen=True, slots=True)
class Model:
    """One known way of computing the function, right or wrong."""

    name: str
    words: str  #: as a sentence goes on after `answers like`
    subject: Subject
    fault: str = ""  #: the planted fault that it is

    def answers(self, function: Function, batch: Batch, pair: FormatPair) -> Answers:
        """What it says to a batch."""
        return ask_whole(self.subject, function, batch.values, pair, batch.labels, Patience())


def models(function: Function, pair: FormatPair) -> "list[Model]":
    """Every built-in method in every format it may be carried in, then every planted fault."""
    return [*_methods(function, pair), *_faults(function)]


def honest(function: Function) -> "Model | None":
    """The model that answers right, for functions that have one."""
    known = function.name in METHODS[HONEST.partition("@")[0]]
    name = HONEST if known else "max-shift@float64"
    return Model(name, name, method(name)) if known or function.name in METHODS["max-shift"] else None


def _methods(function: Function, pair: FormatPair) -> "list[Model]":
    found = []
    for name, implemented in METHODS.items():
        if function.name not in implemented:
            continue
        found.append(Model(name, f"{name} with every step in {pair.input}", method(name)))
        for carrier in ACCUMULATE:
            if carrier != pair.input.name:
                spec = f"{name}@{carrier}"
                found.append(Model(spec, f"{name} with a {carrier} accumulator ({spec})", method(spec)))
    return found


def _faults(function: Function) -> "list[Model]":
    return [
        Model(fault.name, f"planted fault {fault.name} ({fault.meaning})", _subject(fault, function), fault.name)
        for fault in FAULTS.values()
        if _comparable(fault) and fault.function in (function.name, _WIDER.get(function.name))
    ]


def _comparable(fault: Fault) -> bool:
    """Whether it answers a batch the same way every time: a model must not remember, nor be a stream."""
    return not isinstance(fault.call, type) and fault.name not in _REMEMBER


def _subject(fault: Fault, function: Function) -> Subject:
    call: Callable[..., Any] = fault.call
    if fault.function != function.name:

        def call(a: Any, b: Any) -> Any:
            return fault.call(np.stack([a, b], axis=-1))

    return Subject(fault.name, {function.name: call}, given=True)


#: function -> one that it is a special case of, whose faults it may have
_WIDER = {"logaddexp": "logsumexp"}
#: faults whose answers depend on the calls before
_REMEMBER = frozenset({"size-cached-block", "workspace-shared", "race", "random-order-seq-own"})
