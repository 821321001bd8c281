"""name -> function: what is computed, one file each.

A function is a definition: formula, special values with reasons, condition sum, contract
bounds. Nothing here knows how the truth is found or who is asked.
"""

from lsecheck.errors import UnknownName
from lsecheck.functions.cross_entropy import CROSS_ENTROPY
from lsecheck.functions.definition import Function
from lsecheck.functions.log_softmax import LOG_SOFTMAX
from lsecheck.functions.logaddexp import LOGADDEXP
from lsecheck.functions.logsumexp import LOGSUMEXP
from lsecheck.functions.softmax import SOFTMAX


def named(name: "str | Function") -> Function:
    """The function of that name; `UnknownName` otherwise."""
    if isinstance(name, Function):
        return name
    try:
        return FUNCTIONS[name.strip().replace("-", "_")]
    except KeyError:
        raise UnknownName("function", name, FUNCTIONS) from None


FUNCTIONS: dict[str, Function] = {
    function.name: function for function in (LOGSUMEXP, LOGADDEXP, SOFTMAX, LOG_SOFTMAX, CROSS_ENTROPY)
}
