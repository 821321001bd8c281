"""The table of faults: what it says of each is so."""

import ast
import functools
import importlib
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lsecheck import faults, formats, functions
from lsecheck.charges import Asked, charges, convention, unsettled
from lsecheck.contracts import Contract
from lsecheck.errors import SubjectError
from lsecheck.faults import CONTROLS, FAULTS, Fault
from lsecheck.faults.unplanned import UNPLANNED
from lsecheck.inputs import cases
from lsecheck.measure import errors
from lsecheck.oracle.truth import certify
from lsecheck.subjects import load
from lsecheck.subjects.subject import Answers, ask

ALL = {**FAULTS, **CONTROLS}
THREAD = re.compile(r"[\w.-]+/[\w.-]+#\d+")
FILES = sorted(Path(faults.__file__).parent.glob("*.py"))


def tabled() -> list[Fault]:
    """Every entry of every table, whether or not it is joined to the rest."""
    entries = []
    for module in pkgutil.iter_modules(faults.__path__, "lsecheck.faults."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, tuple) and value and all(isinstance(entry, Fault) for entry in value):
                entries += value
    return entries


def test_there_are_many_faults_and_controls():
    """A few would say little of a referee."""
    assert len(FAULTS) >= 115
    assert len(CONTROLS) >= 10


def test_no_name_is_given_twice():
    """The name is the address of a fault: joined by name, the second would hide the first."""
    names = [entry.name for entry in tabled()]
    assert sorted(names) == sorted(set(names))
    assert all(name == entry.name for name, entry in ALL.items())
    assert not set(FAULTS) & set(CONTROLS)


@pytest.mark.parametrize("name", ALL)
def test_every_name_is_short_and_free_of_dots_and_colons(name):
    """It is the last part of a subject, after the colon, where dots are attributes of attributes."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert len(name) <= 32
    assert name not in vars(faults)


def test_every_fault_recalls_a_thread_and_no_control_does():
    """A fault is no invention: code was wrong in this way, or nearly."""
    for name, fault in FAULTS.items():
        if fault in UNPLANNED and not fault.recalls:
            continue  # it was invented, to see what nobody planned for
        assert all(THREAD.fullmatch(thread) for thread in fault.recalls.split(", ")), name
    assert {control.recalls for control in CONTROLS.values()} == {""}


def test_every_meaning_is_one_line_of_its_own():
    """Two faults of one meaning would be one."""
    said = [(fault.function, fault.format, fault.meaning) for fault in FAULTS.values()]
    assert len(said) == len(set(said))
    assert all(fault.meaning and "\n" not in fault.meaning for fault in ALL.values())


@pytest.mark.parametrize("name", ALL)
def test_every_one_loads_as_a_subject(name):
    """`lsecheck check lsecheck.faults:NAME` is all that it takes."""
    subject = load(f"lsecheck.faults:{name}")
    assert subject.supports(functions.named(ALL[name].function), formats.pair(ALL[name].format))


def test_a_name_that_is_none_is_refused():
    """By attribute and by subject."""
    with pytest.raises(AttributeError, match="has no attribute 'shift-second'"):
        getattr(faults, "shift-second")
    with pytest.raises(SubjectError, match="has no 'shift-second'"):
        load("lsecheck.faults:shift-second")


def test_faults_know_nothing_of_the_oracle():
    """They are subjects: what is tested must not know the answer."""
    listed = subprocess.run(
        [sys.executable, "-c", "import lsecheck.faults, sys; print(' '.join(sys.modules))"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert not [name for name in listed if name.split(".")[0] == "mpmath" or name.startswith("lsecheck.oracle")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_faults_are_made_from_little(path):
    """NumPy, the formats, and each other."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        named = [node.module] if isinstance(node, ast.ImportFrom) else []
        named += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in named:
            ours = name.startswith(("lsecheck.faults", "lsecheck.formats", "lsecheck.errors"))
            assert ours or name.split(".")[0] in {"numpy", "ml_dtypes"} | sys.stdlib_module_names


@functools.cache
def short_rows(function: str, fmt: str, effort: str) -> list[tuple]:
    """Batches of at most 3 entries a row that the families have, and their truth."""
    defined, both = functions.named(function), formats.pair(fmt)
    asked = [
        batch
        for family in cases.synthetic()
        for batch in cases.batches(family, defined, both.input, effort)
        if batch.values.shape[1] <= 3 and defined.outputs(batch.values.shape[1])
    ]
    return [(batch, certify(defined, batch.values, both, batch.labels)) for batch in asked]


def broken(asked: Asked, require: str) -> np.ndarray:
    """Rows against which something is held."""
    required = Contract(require)
    held = charges(asked, required)
    bad = ((held.kind != "") | (held.scored & (asked.errors.rung > required.rung))).any(-1)
    for row in np.flatnonzero(unsettled(asked)):
        bad[row] |= convention(asked, row)[1] == ""
    return bad


def shown_by(fault: Fault, effort: str) -> int:
    """How many short rows show a fault, each of them asked for plainly and alone."""
    subject, defined, both = load(f"lsecheck.faults:{fault.name}"), functions.named(fault.function), fault.format
    seen = 0
    for batch, truth in short_rows(fault.function, both, effort):
        said = []
        for row in range(len(batch.values)):
            alone = batch.some(np.array([row]))
            said.append(ask(subject, defined, alone.values, formats.pair(both), alone.labels))
        values = np.concatenate([each.values for each in said])
        answers = Answers(values, np.concatenate([each.trouble for each in said]))
        asked = Asked(batch, truth, answers, errors(truth, values, Contract(fault.require)))
        seen += int(broken(asked, fault.require).sum())
        if seen and fault.tiny:
            break
    return seen


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_shown_by_short_rows_if_it_says_so(name):
    """Where it is said that 3 entries can show it, some do; where it is not, none does, asked for alone."""
    fault = FAULTS[name]
    assert (shown_by(fault, fault.effort if fault.tiny else "quick") > 0) == fault.tiny


def test_what_nothing_catches_is_a_fault_nevertheless():
    """At the one width where it is wrong."""
    row = np.zeros((1, 1700), np.float32)
    good, bad = CONTROLS["two-pass"].call(row), FAULTS["lost-at-1700"].call(row)
    assert abs(float(good[0]) - np.log(1700)) < 1e-6
    assert abs(float(bad[0]) - np.log(1699)) < 1e-6
    assert FAULTS["lost-at-1700"].call(row[:, 1:]) == CONTROLS["two-pass"].call(row[:, 1:])
