"""sklearn.utils.extmath.softmax, of rows only: its logsumexp is SciPy's."""

import sklearn

from lsecheck.subjects.adapters import called, described
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.subject import Subject


def load(name: str, loading: Loading = PLAIN) -> Subject:  # noqa: ARG001 - every adapter has one signature
    """The subject `sklearn`."""
    return described(name, called, f"scikit-learn {sklearn.__version__}")
