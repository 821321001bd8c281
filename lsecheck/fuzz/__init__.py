"""Break it: structured enumeration, guided search, independent draws and properties on one budget."""

from lsecheck.fuzz.counterexample import Counterexample, Fuzzed
from lsecheck.fuzz.session import fuzz

__all__ = ["Counterexample", "Fuzzed", "fuzz"]
