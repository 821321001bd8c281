"""rows of evidence -> specimens: the worst cases, made small."""

from lsecheck.specimens.choosing import MOST, collect, groups_of, worst

__all__ = ["MOST", "collect", "groups_of", "worst"]
