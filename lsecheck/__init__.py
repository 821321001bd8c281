"""lsecheck: the accuracy referee for the LogSumExp family. This file is its table of contents."""

from lsecheck.oracle.reference import cross_entropy, log_softmax, logaddexp, logsumexp, softmax
from lsecheck.oracle.truth import Truth, truth

__version__ = "0.1.0"
