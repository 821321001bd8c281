"""The public contract: names, docstrings, examples, version."""

import doctest
import inspect
import re
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest

import lsecheck
from lsecheck.oracle import reference
from lsecheck.subjects.methods import logsumexp, softmax

ROOT = Path(__file__).resolve().parents[2]


def test_the_public_names_are_those_of_the_table_of_contents():
    """A name that is not listed is not public; a listed name is there."""
    listed = [name for name in lsecheck.__all__ if not hasattr(lsecheck, name)]
    assert listed == []
    assert sorted(lsecheck.__all__) == list(lsecheck.__all__)


@pytest.mark.parametrize("name", lsecheck.__all__)
def test_every_public_name_has_a_docstring(name):
    """What it takes, answers and raises must be readable at the prompt."""
    assert inspect.getdoc(getattr(lsecheck, name))


@pytest.mark.parametrize("name", ["logsumexp", "softmax", "log_softmax", "logaddexp", "cross_entropy"])
def test_every_reference_function_says_shape_format_error_and_specials(name):
    """The four things a numerical function must state."""
    doc = inspect.getdoc(getattr(lsecheck, name))
    assert all(word in doc for word in ("shape ", "format ", "error ", "specials "))


@pytest.mark.parametrize(
    "method",
    [f for module in (logsumexp, softmax) for _, f in inspect.getmembers(module, inspect.isgeneratorfunction)
     if f.__module__ == module.__name__ and not f.__name__.startswith("_")],
    ids=lambda method: f"{method.__module__.split('.')[-1]}.{method.__name__}",
)  # fmt: skip
def test_every_method_says_shape_format_error_specials_and_source(method):
    """And where it comes from."""
    doc = inspect.getdoc(method)
    assert all(word in doc for word in ("shape ", "format ", "error ", "specials ", "source "))


def test_the_examples_in_the_docstrings_are_true():
    """They are examples, but they must run."""
    with np.printoptions(precision=8):
        failed = [
            doctest.testmod(module, extraglobs={"lsecheck": lsecheck}).failed
            for module in (reference, __import__("lsecheck.testing", fromlist=["testing"]))
        ]
    assert failed == [0, 0]


def test_the_version_is_the_newest_of_the_changelog():
    """A release without a changelog entry is no release."""
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert newest
    assert newest[1] == lsecheck.__version__ == metadata.version("lsecheck")
