"""What a diagnosis says: records, in and out of JSON."""

from typing import NamedTuple

import msgspec


class Count(NamedTuple):
    """The evidence for a statement: it is as strong as this, and no stronger."""

    agreeing: int  #: probes that bear it out
    probes: int  #: probes that could have spoken against it


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One likely cause of wrong answers."""

    kind: str  #: match, nearest, unsteady, neighbours, ratio, offset, length, threshold, special, raised
    statement: str  #: one sentence with its figures
    fix: str = ""  #: one sentence: what would mend it; '' where nobody knows
    confidence: Count


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """Why the answers are wrong, as far as that can be told from them."""

    causes: list[Cause]  #: at most 3, the most specific first; none where the cause is unknown
    probes: int  #: rows that were asked and judged
    broken: int  #: of those, rows that broke what is required
    skipped: list[str] = []  #: what there was no time for

    @property
    def known(self) -> bool:
        """Whether there is anything to say of the cause."""
        return bool(self.causes)
