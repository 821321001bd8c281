"""sklearn.utils.extmath.softmax: its logsumexp is SciPy's."""

import sklearn
from sklearn.utils.extmath import softmax

from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.subject import Subject


def load(name: str, loading: Loading = PLAIN) -> Subject:
    """The subject `sklearn`."""
    return Subject(
        name=name,
        implementations={"softmax": lambda x: softmax(x, copy=True)},
        note="utils.extmath",
        version=f"scikit-learn {sklearn.__version__}",
        formats=frozenset({"float16", "float32", "float64"}),
        spec=name,
    )
