"""Nothing is said of code that is right, and nothing ends a diagnosis."""

from dataclasses import replace

import numpy as np
import pytest

from diagnosis.diagnosed import ENOUGH, arena, of_callable, of_fault
from lsecheck.diagnosis import diagnose
from lsecheck.faults import CONTROLS
from lsecheck.subjects.loaders import from_callable
from lsecheck.subjects.subject import Declared


@pytest.mark.parametrize("name", CONTROLS)
def test_honest_controls_are_given_no_cause(name):
    """At the strongest contract that each keeps."""
    assert of_fault(name).causes == []


@pytest.mark.parametrize("fmt", ["float16", "bfloat16", "float32", "float64", "float8_e4m3fn", "float8_e5m2"])
@pytest.mark.parametrize("function", ["logsumexp", "log_softmax", "cross_entropy", "logaddexp"])
def test_the_honest_method_is_given_no_cause(function, fmt):
    """log1p-shift@float64 keeps everything, everywhere."""
    assert diagnose(arena("log1p-shift@float64", function, fmt), seconds=ENOUGH).causes == []


@pytest.mark.parametrize("fmt", ["float32", "float64"])
def test_scipy_is_given_no_cause(fmt):
    """A library that is right, in arithmetic of its own."""
    pytest.importorskip("scipy", reason="pip install 'lsecheck[scipy]'")
    assert diagnose(arena("scipy", fmt=fmt), seconds=ENOUGH).causes == []


def test_a_subject_that_always_raises_is_told_as_that():
    """Its own words, and the rows that it was asked."""

    def broken(x):
        raise RuntimeError(f"no kernel for {x.ndim} axes")

    causes = of_callable(broken).causes
    assert "raises on" in causes[0].statement
    assert "raised RuntimeError: no kernel for" in causes[0].statement


def test_a_subject_that_raises_on_some_rows_is_still_diagnosed():
    """A lost batch is one row's loss."""

    def picky(x, axis=-1):
        if np.isnan(x).any():
            raise ValueError("nan")
        with np.errstate(all="ignore"):
            return np.log(np.exp(x.astype(np.float64)).sum(axis)).astype(x.dtype)

    statements = "\n".join(cause.statement for cause in of_callable(picky).causes)
    assert "exp overflows float64" in statements
    assert "raise" in statements


def test_a_subject_that_answers_in_another_shape_is_told_as_that():
    """No rule reads numbers where there are none."""
    first = of_callable(lambda x: np.zeros(7, x.dtype)).causes[0]
    assert first.kind == "lost"
    assert "shape" in first.statement


def test_the_time_that_it_may_take_is_kept_and_what_is_left_out_is_named():
    """Nothing is asked after it is over."""
    found = diagnose(arena("lsecheck.faults:shift-first"), seconds=0.0)
    assert found.causes == []
    assert found.skipped == ["probes", "special values", "lengths", "thresholds", "places"]


def test_a_case_that_is_not_broken_changes_nothing():
    """The caller may be wrong, or the subject unsteady."""
    assert diagnose(arena("log1p-shift@float64"), np.zeros(5), seconds=ENOUGH).causes == []


def test_arrays_are_handed_over_as_they_are_and_the_caller_s_case_is_left_alone():
    """A subject that writes into its input must not change the case."""

    def writes(x):
        x -= 1
        return np.zeros(len(x), x.dtype)

    case = np.ones(4)
    diagnose(arena(writes), case, seconds=ENOUGH)
    assert (case == 1).all()


def test_an_honest_subject_that_declares_base_2_is_given_no_cause():
    """Answers in base 2 are right where they are declared."""

    def base_two(x, axis=-1):
        with np.errstate(all="ignore"):
            good = np.asarray(CONTROLS["two-pass"].call(x.astype(np.float64), axis))
            return (good * 1.4426950408889634).astype(x.dtype)

    asked = arena("log1p-shift")
    asked.subject = replace(from_callable(base_two), declared=Declared(base="2"))
    assert diagnose(asked, seconds=ENOUGH).causes == []
