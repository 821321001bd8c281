"""Compare lsecheck's oracle with the independent one (tests/independent.py), case by case.

    python scripts/check_oracle.py --cases 20000 -o reports/oracle.md

A case agrees when every output has the same rounding, the same side and the same ulp, and when
lsecheck's enclosure holds the independent one and is at most 2^-10 ulp wide each way. Exits 1 on
any disagreement.
"""

import argparse
import concurrent.futures
import itertools
import math
import platform
import sys
import time
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path

import numpy as np
from tqdm import tqdm

from lsecheck import formats, truth
from lsecheck.errors import Undecided
from lsecheck.functions.definition import Expected
from lsecheck.oracle.truth import Truth

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from independent import (
    FAMILIES,
    FUNCTIONS,
    PAIRS,
    Answer,
    Case,
    cases,
    correctly_rounded,
)

CHUNK = 22  #: cases per task: each family twice
LIBRARIES = ("numpy", "mpmath", "ml_dtypes", "python-flint")


def ask(case: Case) -> Truth:
    """What lsecheck says of the case."""
    stored = np.array([case.row]).astype(formats.named(case.source).dtype)
    labels = None if case.label is None else np.array([case.label])
    return truth(case.function, stored, case.target, labels=labels)


def compare(case: Case) -> "str | None":
    """None where both oracles agree in everything; else the first difference, fit to be pasted back."""
    try:
        found = ask(case)
    except Undecided as undecided:
        return f"{describe(case)}: {undecided}"
    wanted = iter(correctly_rounded(case.function, case.row, case.target, case.label))
    for place, expected in enumerate(found.expected[0]):
        if expected == Expected.MINUS_INFINITY:
            if case.function != "log_softmax" or case.row[place] != -math.inf:
                return f"{describe(case)}: output {place} is called -inf"
            continue
        reason = difference(found, place, next(wanted))
        if reason:
            return f"{describe(case)}: output {place} {reason}"
    return None if next(wanted, None) is None else f"{describe(case)}: too few outputs"


def difference(found: Truth, place: int, wanted: Answer) -> "str | None":
    """What differs at one output, if anything."""
    fmt = found.formats.output
    rounded = float(found.rounded[0, place])
    if rounded != wanted.rounded and not (math.isnan(rounded) and math.isnan(wanted.rounded)):
        return f"is {formats.hex_text(rounded)}, should be {formats.hex_text(wanted.rounded)}"
    if found.side[0, place] != wanted.side:
        return f"lies on side {found.side[0, place]}, should be {wanted.side}"
    if found.exponent[0, place] != wanted.exponent:
        return f"has exponent {found.exponent[0, place]}, should be {wanted.exponent}"
    low, high = enclosure(found, place)
    if not low <= wanted.low <= wanted.high <= high:
        return f"has an enclosure that misses the truth near {float_or_hugest(wanted.low)}"
    if high - low > 2 * allowed_radius(fmt, wanted):
        return "has a radius over 2^-10 ulp"
    return None


def allowed_radius(fmt: formats.Format, wanted: Answer) -> Fraction:
    """2^-10 ulp; beyond the format's largest number, of the ulp that the truth would have there."""
    whole = int(max(abs(wanted.low), abs(wanted.high)))
    binade = max(fmt.emax, whole.bit_length() - 1) if wanted.exponent == fmt.emax else wanted.exponent
    return Fraction(2) ** (binade - fmt.precision + 1 - 10)


def enclosure(found: Truth, place: int) -> tuple[Fraction, Fraction]:
    """Ends of (high + low ± radius) * 2^scale, exactly."""
    high, low, radius = (Fraction(float(part[0, place])) for part in (found.high, found.low, found.radius))
    unit = Fraction(2) ** int(found.scale[0, place])
    return (high + low - radius) * unit, (high + low + radius) * unit


def float_or_hugest(number: Fraction) -> float:
    """For a message only."""
    try:
        return float(number)
    except OverflowError:
        return math.copysign(math.inf, number)


def describe(case: Case) -> str:
    """The case as one would type it."""
    row = ", ".join(formats.hex_text(x) for x in case.row)
    label = "" if case.label is None else f" label {case.label}"
    return f"{case.function} {case.source}:{case.target} [{row}]{label} ({case.family})"


def work(task: "tuple[str, str, str, int, int]") -> "tuple[tuple[str, str, str], int, list[str]]":
    """One chunk of cases -> (its key, cases, disagreements)."""
    function, source, target, count, seed = task
    reasons = [compare(case) for case in cases(function, source, target, count, seed)]
    return (function, source, target), count, [reason for reason in reasons if reason]


def tasks(count: int, seed: int) -> "Iterator[tuple[str, str, str, int, int]]":
    """At least `count` cases in equal chunks over every function and pair of formats."""
    kinds = [(function, *pair) for function in FUNCTIONS for pair in PAIRS]
    rounds = -(-count // (len(kinds) * CHUNK))
    for turn, kind in itertools.product(range(rounds), kinds):
        yield (*kind, CHUNK, seed + turn)


def report(tally: "Counter[tuple[str, str, str]]", wrong: "Counter[tuple[str, str, str]]", seed: int) -> str:
    """Markdown: what was run, then cases and disagreements by pair and function."""
    total, bad = tally.total(), wrong.total()
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    names = [family.__name__.removeprefix("_").replace("_", " ") for family in FAMILIES]
    lines = [
        "# The oracle against a second one",
        "",
        f"{bad} disagreements in {total:,} sampled cases (not exhaustive), seed {seed}.",
        "",
        "Written by `scripts/check_oracle.py`. The second oracle shares no code with lsecheck",
        "(`tests/independent.py`): arb instead of mpmath, bisection of bit patterns instead of bit lengths.",
        "A case agrees when every output has the same rounding, the same side of it and the same ulp, and when",
        "lsecheck's enclosure holds the independent one (itself good to 2^-200) and has a radius of at most 2^-10 ulp.",
        "",
        f"Families, in equal parts: {', '.join(names)}. Rows of 1 to 64 entries.",
        f"Python {platform.python_version()}, {libraries}.",
        "",
        "Cases, and disagreements in brackets where there are any:",
        "",
        f"| input:output | {' | '.join(FUNCTIONS)} |",
        f"| --- |{' --: |' * len(FUNCTIONS)}",
    ]
    for source, target in PAIRS:
        keys = [(function, source, target) for function in FUNCTIONS]
        cells = [f"{tally[key]:,}" + (f" ({wrong[key]})" if wrong[key] else "") for key in keys]
        name = source if source == target else f"{source}:{target}"
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run, print, write; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100_000, help="at least so many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=None, help="processes (default: one a core)")
    parser.add_argument("-o", "--output", type=Path, help="write the result as Markdown")
    given = parser.parse_args()
    if given.cases < 1:
        parser.error(f"--cases must be at least 1, got {given.cases}")
    tally: Counter[tuple[str, str, str]] = Counter()
    wrong: Counter[tuple[str, str, str]] = Counter()
    chunks = list(tasks(given.cases, given.seed))
    begun = time.perf_counter()
    with (
        concurrent.futures.ProcessPoolExecutor(given.workers) as pool,
        tqdm(total=len(chunks) * CHUNK, unit="case", file=sys.stderr) as bar,
    ):
        for key, count, reasons in pool.map(work, chunks, chunksize=4):
            tally[key] += count
            wrong[key] += len(reasons)
            for reason in reasons:
                bar.write(f"disagreement: {reason}", file=sys.stdout)
            bar.update(count)
    text = report(tally, wrong, given.seed)
    print(text)
    print(f"{time.perf_counter() - begun:.0f} s", file=sys.stderr)
    if given.output:
        given.output.write_text(text, encoding="utf-8")
    return 1 if wrong.total() else 0


if __name__ == "__main__":
    sys.exit(main())
