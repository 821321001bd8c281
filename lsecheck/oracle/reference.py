"""array -> correctly rounded array: the family as NumPy users call it, with the error taken out.

Exact but slow: use it to write down what an answer should be, not to train a model.
"""

from typing import Any

import numpy as np

from lsecheck.errors import InputError
from lsecheck.functions.definition import as_array
from lsecheck.oracle.truth import truth


def logsumexp(x: Any, axis: int = -1, format: "str | None" = None) -> Any:
    """Correctly rounded log(sum(exp(x))) along an axis.

    shape     (..., n, ...) -> the same without `axis`; a scalar for one row
    format    that of x (float64 for lists), or `format`
    error     0.5 ulp at most
    specials  any nan -> nan; else any +inf -> +inf; all -inf or n = 0 -> -inf

    >>> lsecheck.logsumexp([1000.0, 1000.0, 1000.0])
    np.float64(1001.0986122886682)
    """
    return _along("logsumexp", x, axis, format)[..., 0][()]


def softmax(x: Any, axis: int = -1, format: "str | None" = None) -> Any:
    """Correctly rounded exp(x_i) / sum(exp(x)) along an axis.

    shape     that of x
    format    that of x (float64 for lists), or `format`
    error     0.5 ulp at most
    specials  any nan -> nan; a +inf, or all -inf -> nan (no single answer); a -inf entry -> 0

    >>> lsecheck.softmax([-1000.0, -1000.0, -1000.0])
    array([0.33333333, 0.33333333, 0.33333333])
    """
    return np.moveaxis(_along("softmax", x, axis, format), -1, axis)


def log_softmax(x: Any, axis: int = -1, format: "str | None" = None) -> Any:
    """Correctly rounded x_i - log(sum(exp(x))) along an axis: the log-likelihood, not the loss.

    shape     that of x
    format    that of x (float64 for lists), or `format`
    error     0.5 ulp at most
    specials  any nan -> nan; a +inf, or all -inf -> nan (no single answer); a -inf entry -> -inf

    >>> lsecheck.log_softmax([1000.0, 1000.0, 1000.0])
    array([-1.09861229, -1.09861229, -1.09861229])
    """
    return np.moveaxis(_along("log_softmax", x, axis, format), -1, axis)


def logaddexp(a: Any, b: Any, format: "str | None" = None) -> Any:
    """Correctly rounded log(exp(a) + exp(b)), elementwise with broadcasting.

    shape     that of a and b, broadcast
    format    that of a and b, which must agree (float64 for numbers), or `format`
    error     0.5 ulp at most
    specials  any nan -> nan; else any +inf -> +inf; both -inf -> -inf

    >>> lsecheck.logaddexp(0.0, -740.0)
    np.float64(4.2e-322)
    """
    left, right = as_array(a), as_array(b)
    if left.dtype != right.dtype:
        raise InputError(f"logaddexp takes two arrays of one dtype, got {left.dtype} and {right.dtype}")
    pairs = np.stack(np.broadcast_arrays(left, right), axis=-1)
    return truth("logaddexp", pairs.reshape(-1, 2), format).rounded.reshape(pairs.shape[:-1])[()]


def cross_entropy(x: Any, labels: Any, format: "str | None" = None) -> Any:
    """Correctly rounded log(sum(exp(x))) - x[label] for each row: the loss, not reduced.

    shape     x (rows, n), labels (rows,) integers from 0 to n - 1 -> (rows,)
    format    that of x (float64 for lists), or `format`
    error     0.5 ulp at most
    specials  any nan -> nan; a +inf, or all -inf -> nan (no single answer); label at -inf -> +inf

    >>> lsecheck.cross_entropy([[0.0, 0.0]], [1])
    array([0.69314718])
    """
    return truth("cross_entropy", as_array(x), format, labels=np.asarray(labels)).rounded[:, 0]


def _along(function: str, x: Any, axis: int, format: "str | None") -> np.ndarray[Any, Any]:
    array = as_array(x)
    if array.ndim == 0 or not isinstance(axis, int) or not -array.ndim <= axis < array.ndim:
        raise InputError(f"axis {axis} is not an axis of an array of shape {array.shape}")
    last = np.moveaxis(array, axis, -1)
    rounded = truth(
        function,
        last.reshape(-1, last.shape[-1])
        if last.size
        else np.empty((int(np.prod(last.shape[:-1])), last.shape[-1]), array.dtype),
        format,
    ).rounded
    return rounded.reshape(*last.shape[:-1], rounded.shape[-1])
