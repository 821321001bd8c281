"""logaddexp: y = log(exp(a) + exp(b)); a batch is (rows, 2), one output a row.

It is logsumexp of two entries, so its special values, condition sum and bounds are logsumexp's
at n = 2. IEEE 754 names no logAddExp; C has none; the array API settles logaddexp(nan, inf)
as nan, as here.
"""

import dataclasses

from lsecheck.functions.definition import Special
from lsecheck.functions.logsumexp import LOGSUMEXP

SPECIALS = (
    Special("any nan", "nan", "an unknown term makes the sum unknown, +inf beside it included"),
    Special("else any +inf", "+inf", "exp(+inf) = +inf; two of them give +inf, not inf - inf = nan"),
    Special("both -inf", "-inf", "0 + 0 = 0 and log 0 = -inf; the shift -inf - -inf = nan is an artefact"),
    Special("one -inf", "the other entry", "exp(-inf) = 0 adds exactly nothing"),
    Special("a zero answer", "0, either sign", "the sign of a zero answer is recorded, never scored"),
)

LOGADDEXP = dataclasses.replace(
    LOGSUMEXP,
    name="logaddexp",
    formula="log(exp(a) + exp(b))",
    entries=2,
    specials=SPECIALS,
    folds=False,
)
