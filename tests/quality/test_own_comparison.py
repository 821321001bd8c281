"""Faults in the comparison itself: a checker that is wrong must not go on saying that all is well.

A watch of a few planted faults, which must be flagged, and honest controls, which must not, is kept over
every mutation of our own code below. If the watch stays silent, nothing here would notice such a slip.
"""

from dataclasses import replace

import numpy as np
import pytest

import lsecheck
from lsecheck import contracts, expectation, run, tally
from lsecheck.faults import CONTROLS, FAULTS
from lsecheck.functions.definition import Expected
from lsecheck.measure import arithmetic
from lsecheck.measure import errors as _measured
from lsecheck.oracle import engines
from lsecheck.subjects import subject

#: fault or control -> the families that it is asked
WATCH = {
    "allninf-nan": "specials",
    "nan-ignored": "specials",
    "out-dtype-wrong": "ordinary",
    "log-not-log1p": "gap",
    "last-dropped": "width",
    "eps-in-log-1e-6": "near-zero",
    "two-pass": "ordinary gap specials near-zero",
    "two-pass-float64": "ordinary gap near-zero",
    "good-softmax-float16": "ordinary wide",
    "good-cross-entropy": "ordinary offset",
}


def complaints():
    """What the watch sees: faults that pass, controls that fail, a bias of the wrong sign."""
    seen = []
    for name, families in WATCH.items():
        one = FAULTS[name] if name in FAULTS else CONTROLS[name]
        found = lsecheck.check(
            f"lsecheck.faults:{name}", one.function, one.format, families.split(), "quick", one.require
        )
        if found.ok == (name in FAULTS):
            seen.append(name)
        if name == "last-dropped" and not all(row.bias_ulp < 0 for row in found.rows):
            seen.append("the bias of what is too small is positive")
    return seen


def test_the_watch_is_silent_over_our_own_code():
    """Otherwise what it says of mutations would mean nothing."""
    assert complaints() == []


def _errors_with(**changed):
    """`measure.errors` with its result changed."""

    def errors(truth, answers, *rest, **options):
        found = _measured(truth, answers, *rest, **options)
        return replace(found, **{name: change(found, truth, answers) for name, change in changed.items()})

    return errors


def _nan_is_dropped(truth, answers, *rest, **options):
    """A maximum that drops nan: an answer that is nan counts as the truth itself."""
    right = np.where(truth.expected == Expected.NUMBER, truth.high * 2.0 ** truth.scale.astype(float), -np.inf)
    right = np.where(truth.expected == Expected.PLUS_INFINITY, np.inf, right)
    return _measured(truth, np.where(np.isnan(answers), right, answers), *rest, **options)


def _operands_swapped(truth, answers, *rest, **options):
    found = _measured(truth, answers, *rest, **options)
    return replace(found, signed=-found.signed)


def _no_kind(found, _truth, _answers):
    return np.zeros_like(found.codes)


def _oracle_off_by(ulps):
    real = expectation.certify

    def certify(function, values, pair, labels):
        truth = real(function, values, pair, labels)
        unit = np.ldexp(1.0, (truth.exponent - truth.scale - pair.output.precision + 1).astype(np.int32))
        number = truth.expected == Expected.NUMBER
        high = np.where(number, truth.high + ulps * unit, truth.high)
        return replace(truth, high=high, places=np.where(number, truth.places + round(ulps), truth.places))

    return certify


def _rows_rolled(function, values, pair, labels):
    """The truth of the next row."""
    return _certify(function, np.roll(values, 1, axis=0), pair, labels)


_certify = expectation.certify


def _any_dtype(judging, function, question, reply, pair):
    """An answer in any dtype is taken for one in the right one."""
    array = reply.array
    if array is not None and array.dtype.kind == "f":
        reply = replace(reply, array=array.astype(pair.output.dtype))
    return _judged(judging, function, question, reply, pair)


_judged = subject.judged


def _any_number_keeps(error, place, correct, faithful, allowed, required):
    """`not error > bound` in place of `error <= bound`, with the bound of the weakest contract."""
    return _stand(error, place, correct, faithful, contracts.Allowed(*[allowed.folded * 1e6] * 4), required)


_stand = contracts.stand

#: what is replaced by what
MUTATIONS = {
    "a maximum that drops nan": (run, "errors", _nan_is_dropped),
    "no answer is of a wrong kind": (run, "errors", _errors_with(codes=_no_kind)),
    "operands swapped": (run, "errors", _operands_swapped),
    "everything keeps everything": (run, "errors", _errors_with(rung=lambda found, _t, _a: found.rung * 0)),
    "errors of float32 answers": (
        run,
        "errors",
        lambda truth, answers, *rest, **options: _measured(
            truth, answers.astype(np.float32).astype(np.float64), *rest, **options
        ),
    ),
    "the oracle an ulp too high": (expectation, "certify", _oracle_off_by(1.0)),
    "the oracle an ulp too low": (expectation, "certify", _oracle_off_by(-1.0)),
    "the truth of another row": (expectation, "certify", _rows_rolled),
    "any dtype will do": (subject, "judged", _any_dtype),
    "bounds a million times too wide": (arithmetic, "stand", _any_number_keeps),
    "special rows are not looked at": (tally.Tally, "_find", lambda *_: None),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_fault_in_our_own_comparison_is_noticed(name, monkeypatch):
    """Each of these has been written by somebody, and made a checker that passes everything, or nothing."""
    place, attribute, instead = MUTATIONS[name]
    monkeypatch.setattr(engines, "_choice", "numpy")  # what is compiled already does not change
    monkeypatch.setattr(place, attribute, instead)
    assert complaints() != []
