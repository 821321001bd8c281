"""scipy.special: logsumexp, softmax, log_softmax, as they come.

float16 SciPy computes as it likes; bfloat16 it answers in float64, so it is not asked.
"""

import scipy

from lsecheck.subjects.adapters import called, described
from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.subject import Subject


def load(name: str, loading: Loading = PLAIN) -> Subject:  # noqa: ARG001 - every adapter has one signature
    """The subject `scipy`."""
    return described(name, called, f"scipy {scipy.__version__}")
