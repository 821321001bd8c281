"""numpy.logaddexp, as a function of two arrays and as a reduction."""

from typing import Any

import numpy as np

from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.subject import Subject

#: NumPy has no ufunc loops for ml_dtypes
FORMATS = frozenset({"float16", "float32", "float64"})


def load(name: str, loading: Loading = PLAIN) -> Subject:
    """The subject `numpy.logaddexp` or `numpy.logaddexp.reduce`."""

    def reduced(x: Any) -> Any:
        # an empty reduction has no identity: NumPy raises, and that is its answer
        return np.logaddexp.reduce(x, axis=-1)

    pairwise = name == "numpy.logaddexp"
    return Subject(
        name=name,
        implementations={"logaddexp": np.logaddexp} if pairwise else {"logsumexp": reduced},
        note="a ufunc" if pairwise else "n - 1 times logaddexp",
        version=f"numpy {np.__version__}",
        formats=FORMATS,
        spec=name,
    )
