"""The fixture of every test here, and what makes them quick."""

import pytest

import lsecheck
from gate import project

__all__ = ["project"]


@pytest.fixture(scope="session", autouse=True)
def warm():
    """The oracle's tables are made once, here: the workers of every gate are forks and find them made."""
    lsecheck.check("log1p-shift", formats=["float32", "float64"], families=["gap", "specials"], effort="quick")
