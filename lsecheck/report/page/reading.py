"""nothing but this package -> how to read a page: the words, contracts, functions and formats it uses."""

from lsecheck import formats, functions
from lsecheck.contracts import LADDER, MEANING
from lsecheck.formats import Format

#: term -> what it means
TERMS = (
    ("ulp", "|answer − exact| in units in the last place of the output format at the exact value; ½ is as good as it"
     " gets."),
    ("E", "the same error over max(u·|exact| + u·K, t/2): u is half an ulp of 1, t the smallest positive number, K the"
     " condition sum, how far the exact value moves when the inputs do. A large ulp error with a small E is"
     " mathematics: the exact value is near 0. A large E is the implementation."),
    ("κ", "K over |exact|: how hard the case is. It has no bound where the exact value is 0."),
    ("contract", "the strongest promise that every ordinary case keeps. Special values, sums that leave the storage"
     " format, and conduct are judged apart: ✓ right, ✗ wrong, - not asked."),
    ("sampled, exhaustive", "every maximum here is the worst found among the cases that were asked; only where it says"
     " exhaustive is it the worst there is."),
    ("family", "a named source of cases; a case is FAMILY:SEED:INDEX, and the same bytes on every machine."),
    ("class error", "an answer of a wrong kind: nan, infinite or of another dtype where a number is right, a crash. It"
     " is never turned into a number."),
)  # fmt: skip


def contracts() -> list[tuple[str, str]]:
    """The ladder, strongest first."""
    return [(str(contract), MEANING[contract]) for contract in LADDER]


def formulas() -> list[tuple[str, str]]:
    """Each function and what it is."""
    return [(function.name, function.formula) for function in functions.FUNCTIONS.values()]


def storage(used: "set[str]") -> list[tuple[str, ...]]:
    """The formats in use: bits of precision, range, and where a sum of equal terms sticks."""
    return [_storage(fmt) for name, fmt in formats.FORMATS.items() if name in used]


def _storage(fmt: Format) -> tuple[str, ...]:
    return fmt.name, str(fmt.precision), f"{fmt.largest:.5g}", f"{2.0**fmt.emin:.3g}", f"{fmt.tiny:.3g}"


STORAGE_HEADER = ("format", "precision p, bits", "largest", "smallest normal", "smallest, t")
