"""adapters: imported only when asked for, missing ones named with the line that installs them."""

import subprocess
import sys

import numpy as np
import pytest

import lsecheck
from lsecheck import formats, functions
from lsecheck.errors import SubjectError
from lsecheck.subjects import load
from lsecheck.subjects.adapters import ADAPTERS, installed
from lsecheck.subjects.subject import ask

INSTALL = "the scipy adapter needs scipy: pip install 'lsecheck[scipy]'"
HERE = pytest.mark.skipif(not installed("scipy"), reason=INSTALL)


def test_a_missing_library_is_named_with_the_line_that_installs_it(monkeypatch):
    """The sentence can be pasted into a terminal."""
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(SubjectError) as caught:
        load("scipy")
    assert str(caught.value) == INSTALL


def test_importing_lsecheck_imports_no_optional_library():
    """`import lsecheck` must stay quick and must work without any of them."""
    code = "import sys, lsecheck; print(sorted({'scipy', 'torch', 'jax', 'mpmath', 'ml_dtypes'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_every_adapter_says_what_it_judges():
    """`list subjects` shows it, installed or not."""
    for name, judged in ADAPTERS.items():
        assert len(judged) > 10
        assert isinstance(installed(name), bool)


@HERE
@pytest.mark.parametrize("function", ["logsumexp", "softmax", "log_softmax"])
@pytest.mark.parametrize("fmt", ["float32", "float64"])
def test_scipy_is_asked_along_the_rows_and_is_close(function, fmt):
    """An adapter that called along the wrong axis would be a finding about SciPy."""
    rows = formats.cast(np.array([[0.5, -1.0, 2.0], [4.0, 4.0, 4.25]]), formats.named(fmt))
    defined, pair = functions.named(function), formats.pair(fmt)
    answers = ask(load("scipy"), defined, formats.widen(rows), pair, None)
    assert answers.trouble.tolist() == ["", ""], answers.message
    known = formats.widen(lsecheck.truth(function, rows).rounded)
    assert np.allclose(answers.values, known, rtol=8 * pair.input.unit_roundoff)


@HERE
def test_scipy_claims_what_it_has_and_its_version_is_kept():
    """bfloat16 it answers in float64, so it is not asked; results are of one version."""
    subject = load("scipy")
    assert subject.version.startswith("scipy ")
    assert not subject.supports(functions.named("logsumexp"), formats.pair("bfloat16"))
    assert not subject.supports(functions.named("cross_entropy"), formats.pair("float32"))
    assert subject.supports(functions.named("logsumexp"), formats.pair("float16"))


@HERE
@pytest.mark.parametrize("fmt", ["float32", "float64"])
def test_scipy_logsumexp_is_not_flagged(fmt):
    """The honest library that must not be: it keeps `conditioned` on every family, specials included."""
    result = lsecheck.check("scipy", formats=fmt, effort="quick", require="conditioned")
    assert result.ok, result.verdicts[0].reason
