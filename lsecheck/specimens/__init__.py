"""rows of evidence -> specimens: the worst cases, made small."""

from lsecheck.specimens.choosing import MOST, candidates_of, collect, worst

__all__ = ["MOST", "candidates_of", "collect", "worst"]
