"""scipy.special: logsumexp, softmax, log_softmax, as they come.

float16 SciPy computes as it likes; bfloat16 it answers in float64, so it is not asked.
"""

from typing import Any

import scipy
from scipy import special

from lsecheck.subjects.loading import PLAIN, Loading
from lsecheck.subjects.subject import Subject

FORMATS = frozenset({"float16", "float32", "float64"})


def load(name: str, loading: Loading = PLAIN) -> Subject:
    """The subject `scipy`."""

    def along_rows(function: Any) -> Any:
        return lambda x: function(x, axis=-1)

    return Subject(
        name=name,
        implementations={
            "logsumexp": along_rows(special.logsumexp),
            "softmax": along_rows(special.softmax),
            "log_softmax": along_rows(special.log_softmax),
        },
        note="scipy.special",
        version=f"scipy {scipy.__version__}",
        formats=FORMATS,
        spec=name,
    )
