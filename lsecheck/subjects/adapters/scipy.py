"""scipy.special: logsumexp, softmax, log_softmax, as they come.

float16 and bfloat16 are left to the capability check of whoever asks: SciPy computes them as it
likes, and answers bfloat16 in float64.
"""

from typing import Any

from lsecheck.errors import SubjectError
from lsecheck.subjects.subject import Subject


def load() -> Subject:
    """The subject; `SubjectError` with the install line where SciPy is missing."""
    try:
        import scipy
        from scipy import special
    except ImportError:
        raise SubjectError("the scipy adapter needs scipy: pip install 'lsecheck[scipy]'") from None

    def along_rows(function: Any) -> Any:
        return lambda x: function(x, axis=-1)

    return Subject(
        name="scipy",
        implementations={
            "logsumexp": along_rows(special.logsumexp),
            "softmax": along_rows(special.softmax),
            "log_softmax": along_rows(special.log_softmax),
        },
        note="scipy.special",
        version=f"scipy {scipy.__version__}",
        formats=frozenset({"float16", "float32", "float64"}),
        spec="scipy",
    )
