"""numpy.logaddexp, as a function of two arrays and as a reduction.

NumPy has no ufunc loops for ml_dtypes. The identity of the reduction is -inf, which no entries are answered with.
"""

import numpy as np

from lsecheck.subjects.adapters import called, described
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.subject import Subject


def load(name: str, loading: Loading = PLAIN) -> Subject:  # noqa: ARG001 - every adapter has one signature
    """The subject `numpy.logaddexp` or `numpy.logaddexp.reduce`."""
    return described(name, called, f"numpy {np.__version__}")
