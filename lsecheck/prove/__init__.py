"""Exhaust it: a subject, a format -> every case there is, judged and certified."""

from lsecheck.prove.claim import Claim
from lsecheck.prove.proving import Proof, prove

__all__ = ["Claim", "Proof", "prove"]
