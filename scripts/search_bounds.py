"""Look for a case in which an honest method exceeds the bound of the contract it is named to keep.

    python scripts/search_bounds.py --seconds 600 --seed 1 -o reports/bounds.md

Random and adversarial: the row with the largest error/bound of each cell (width, size of the
answer, spread of the row) is kept, moved (by ulps, exponents, ties, offsets, order, gaps, width) and
tried again. Cells, because half a bound is reached wherever the last rounding dominates, and the
other regions would starve. Candidates are screened in long double; what is reported is measured
against the certified truth. A bound that an honest method violates is a bug of the bound: exit
status 1, with the whole witness.
"""

import argparse
import concurrent.futures
import heapq
import itertools
import math
import platform
import sys
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from lsecheck import contracts, formats, functions
from lsecheck.contracts import Contract
from lsecheck.formats import Format, FormatPair
from lsecheck.functions.definition import Floats, Function, Labels, Sums
from lsecheck.inputs.bits import Draw
from lsecheck.inputs.corpus import format_values
from lsecheck.inputs.families import FAMILIES
from lsecheck.measure import errors
from lsecheck.oracle.truth import certify
from lsecheck.subjects.adapters import adapter
from lsecheck.subjects.methods import METHODS, method
from lsecheck.subjects.subject import Subject, ask

Real = np.longdouble  #: 64 bits on x86: screens float64 to 2^-11 of its own roundings
WIDTHS = (2, 2, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 24, 33, 64, 100, 127, 128, 129, 255, 257, 513, 1000, 2049, 4096)
LONG = (16384, 20000, 65536, 131072)  #: seldom: the one-pass methods are loops in Python
FEW = 1 / 400  #: of the batches are long
ENTRIES = 1 << 13  #: of a batch
CELL = 4  #: binades of |y| and of the spread that share a cell
SHOWN = 6  #: runs of equal entries shown of a witness
#: share of the time that each function gets
SHARES = {"logsumexp": 4, "log_softmax": 3, "softmax": 2, "logaddexp": 1, "cross_entropy": 1}
LIBRARIES = ("numpy", "ml_dtypes", "scipy", "mpmath")

FLOATS = ("float16", "float32", "float64")  #: NumPy's own: sums pairwise, float16 in float32
NARROW = ("float16", "bfloat16", "float8_e4m3fn", "float8_e5m2")
EVERY = tuple(formats.FORMATS)
#: (subject, formats, contract): what the docstrings of the methods say they keep
PROMISES = (
    ("max-shift", FLOATS, Contract.SHIFTED),
    ("max-shift", ("bfloat16", "float8_e4m3fn", "float8_e5m2"), Contract.SEQUENTIAL),
    ("max-shift@float32", NARROW, Contract.SHIFTED),
    ("log1p-shift", FLOATS, Contract.CONDITIONED),
    ("log1p-shift@float32", NARROW, Contract.CONDITIONED),
    ("online", EVERY, Contract.SEQUENTIAL),
    ("online-blocked", EVERY, Contract.SEQUENTIAL),
    ("pairwise", EVERY, Contract.SEQUENTIAL),
    ("logaddexp-fold", EVERY, Contract.FOLDED),
)
SCIPY = {"logsumexp": Contract.CONDITIONED, "softmax": Contract.SHIFTED, "log_softmax": Contract.SHIFTED}


class Cell(NamedTuple):
    """Rows that compete with each other alone."""

    n: int
    size: int  #: of the answer with the largest error/bound: its binade over CELL
    spread: int


@dataclass(slots=True)
class Claim:
    """A contract that a subject is named to keep, and how near it came to breaking it."""

    subject: Subject
    function: Function
    fmt: Format
    contract: Contract
    tried: int = 0
    kept: "dict[Cell, tuple[float, Floats]]" = field(default_factory=dict)

    def offer(self, batch: Floats, found: Floats, truth: Any, sums: Sums) -> None:
        """Keep the rows of a batch that are the worst of their cells."""
        self.tried += len(batch)
        rows, worst = np.arange(len(batch)), found.argmax(-1)
        found, sizes = found[rows, worst], np.frexp(truth[rows, worst])[1] // CELL
        spreads = np.frexp(sums.spread[:, 0])[1] // CELL
        for row in rows:
            cell = Cell(batch.shape[1], int(sizes[row]), int(spreads[row]))
            if cell not in self.kept or found[row] > self.kept[cell][0]:
                self.kept[cell] = float(found[row]), batch[row].copy()

    def best(self, count: int) -> "list[tuple[float, Floats]]":
        """The worst rows of all, worst first."""
        return heapq.nlargest(count, self.kept.values(), key=lambda pair: pair[0])

    def start(self, rng: np.random.Generator) -> "Floats | None":
        """A row to move: one of the worst of all, or (more often) the worst of some cell."""
        if not self.kept:
            return None
        shelf = self.best(8) if rng.random() < 0.3 else list(self.kept.values())
        return shelf[rng.integers(len(shelf))][1]


class Finding(NamedTuple):
    """A line of the report."""

    subject: str
    function: str
    fmt: str
    contract: str
    tried: int
    excess: float  #: certified error / bound
    witness: "tuple[float, ...]"


def claims(function: Function, fmt: Format) -> list[Claim]:
    """What is to be tried in one function and format."""
    found = [
        Claim(method(spec), function, fmt, contract)
        for spec, names, contract in PROMISES
        if fmt.name in names and function.name in METHODS[spec.partition("@")[0]]
    ]
    if find_spec("scipy") and fmt.name in ("float32", "float64") and function.name in SCIPY:
        found.append(Claim(adapter("scipy"), function, fmt, SCIPY[function.name]))
    return found


# Cases.


def fresh(rng: np.random.Generator, rows: int, n: int, fmt: Format) -> Floats:
    """Rows that are not yet known to be bad, not yet rounded."""
    reach = -fmt.tiny_exponent * math.log(2) * 1.02
    top = rng.normal(size=(rows, 1)) * rng.choice([0, 1, 30, 2.0 ** (fmt.precision - 3)])
    kind = rng.integers(8)
    if kind == 0:
        return top + rng.normal(size=(rows, n)) * 2.0 ** rng.uniform(-7, 5, (rows, 1))
    if kind == 1:  # weights that sum to 1, or nearly
        weights = np.log(rng.dirichlet(np.ones(n) * rng.choice([0.1, 1, 10]), rows) + 1e-300)
        return weights + rng.choice([0, 1e-9, 1e-4, 1e-2]) * rng.normal(size=(rows, 1))
    if kind == 2:  # one entry above a tail
        tail = np.broadcast_to(-rng.uniform(0, reach, (rows, 1)), (rows, n)).copy()
        tail[:, rng.integers(n)] = 0
        return tail + top
    if kind == 3:
        return np.broadcast_to(top, (rows, n))
    if kind == 4:  # bit patterns
        patterns = rng.integers(-fmt.largest_ordinal, fmt.largest_ordinal + 1, (rows, n))
        return formats.widen(formats.from_ordinals(patterns, fmt))
    if kind == 5:  # ramps: every entry a new maximum
        return top + np.arange(n) * rng.choice([-1, 1]) * 2.0 ** rng.uniform(-8, 3, (rows, 1))
    if kind == 6:
        return -rng.uniform(0, reach, (rows, n)) * rng.random((rows, 1))
    near = [family for family in FAMILIES.values() if n in family.widths and family.name not in ("specials", "masked")]
    if not near:
        return rng.normal(size=(rows, n))
    family = near[rng.integers(len(near))]
    places = rng.integers(0, 1 << 30, rows)
    return family.build(Draw(family.name, int(rng.integers(1 << 30)), places), n, fmt)


def moved(rng: np.random.Generator, row: Floats, n: int, fmt: Format) -> Floats:
    """A row near a bad one, of n entries."""
    row = np.resize(row, n) if len(row) != n else row.copy()
    for _ in range(1 + rng.integers(3)):
        some = rng.random(n) < rng.choice([1 / n, 2 / n, 0.3, 1])
        top = row.max()
        match rng.integers(9):
            case 0 | 1:
                places = formats.ordinals(formats.cast(row, fmt)) + some * rng.integers(-3, 4, n)
                bound = fmt.largest_ordinal
                row = formats.widen(formats.from_ordinals(np.clip(places, -bound, bound), fmt))
            case 2:
                row = np.where(some, row * 2.0 ** rng.integers(-1, 2, n), row)
            case 3:
                row = row + rng.normal() * 2.0 ** rng.uniform(-fmt.precision, fmt.precision - 2)
            case 4:
                row = np.where(some, top, row)
            case 5:
                row = np.where(some, row[rng.integers(n)], row)
            case 6:
                row = [np.sort(row), -np.sort(-row), rng.permutation(row), row[::-1]][rng.integers(4)]
            case 7:
                row = top + (row - top) * (1 + rng.normal() * 2.0 ** -rng.integers(0, fmt.precision + 1))
            case 8:
                row = row - top
    return row


def held(values: Floats, fmt: Format) -> Floats:
    """Rounded to the format, and finite. Without an infinity, gaps must not overflow either: to nan."""
    most = fmt.largest if fmt.has_infinity else fmt.largest / 2
    return formats.widen(formats.cast(np.clip(np.nan_to_num(values), -most, most), fmt))


# Errors over bounds: screened, then certified.


def sums_of(batch: Floats, labels: "Labels | None", function: Function) -> "tuple[Any, Sums]":
    """The answers in long double, and the sums of `measure` in float64."""
    x = batch.astype(Real)
    rows = np.arange(len(x))
    a = x.max(-1, keepdims=True)
    gaps = a - x
    terms = np.exp(-gaps)
    beside = terms.copy()
    beside[rows, x.argmax(-1)] = 0
    tail = beside.sum(-1, keepdims=True)
    total, log_total = 1 + tail, np.log1p(tail)
    gap = gaps if labels is None else gaps[rows, labels][:, None]
    truth = {
        "softmax": terms / total,
        "log_softmax": -gaps - log_total,
        "cross_entropy": gap + log_total,
    }.get(function.name, a + log_total)
    share = terms / total if labels is None else (terms / total)[rows, labels][:, None]
    if not function.elementwise and labels is None:
        share, gap = 1 / total, 0 * total
    spread, absolute = (terms * gaps).sum(-1, keepdims=True), (terms * np.abs(x)).sum(-1, keepdims=True)
    largest = Real(sys.float_info.max)
    parts = (
        np.full_like(total, x.shape[1]), a, total, log_total, spread / total, absolute / total, tail / total, share, gap
    )  # fmt: skip
    return truth, Sums(*(np.minimum(part, largest).astype(np.float64) for part in parts))


def screen(claim: Claim, answers: Floats, truth: Any, sums: Sums) -> Floats:
    """Error / bound of each output, near enough; infinity for a wrong kind of answer."""
    fmt = claim.fmt
    exponent = np.clip(np.frexp(truth)[1] - 1, fmt.emin, fmt.emax)
    unit = np.ldexp(1.0, exponent)
    magnitude = np.abs(truth) / unit
    beyond = np.abs(truth) >= fmt.largest
    overflow = beyond & (np.isinf(answers) & (answers * truth > 0) if fmt.has_infinity else np.isnan(answers))
    past = np.maximum(np.abs(truth), Real(2.0) ** (fmt.emax + 1))
    said = np.where(overflow, np.copysign(past, truth), answers.astype(Real))
    allowed = contracts.bounds(claim.function, sums, magnitude.astype(np.float64), fmt, unit)[claim.contract]
    found = np.abs(said - truth) / unit / allowed
    return np.where(np.isfinite(found), found, np.inf).astype(np.float64)


def label_of(batch: Floats, function: Function) -> "Labels | None":
    """The last entry: moves and shuffles bring every entry there."""
    return np.full(len(batch), batch.shape[1] - 1) if function.labelled else None


def try_batch(members: list[Claim], batch: Floats) -> None:
    """Ask every subject of the arena about one batch."""
    function, fmt = members[0].function, members[0].fmt
    labels = label_of(batch, function)
    truth, sums = sums_of(batch, labels, function)
    for claim in members:
        answers = ask(claim.subject, function, batch, FormatPair(fmt, fmt), labels)
        claim.offer(batch, screen(claim, answers.values, truth, sums), truth, sums)


def certified(claim: Claim, batch: Floats) -> Floats:
    """Error / bound of each row against the certified truth; infinity for a class error."""
    labels, pair = label_of(batch, claim.function), FormatPair(claim.fmt, claim.fmt)
    known = certify(claim.function, batch, pair, labels)
    found = errors(known, ask(claim.subject, claim.function, batch, pair, labels).values, claim.contract)
    return np.where(found.kind == "", found.excess, np.inf).max(-1)


def shrunk(claim: Claim, row: Floats) -> Floats:
    """A shorter row that is (almost) as bad: halves, then single entries, as long as that is so."""
    target = 0.99 * certified(claim, row[None, :])[0]
    size = len(row) // 2
    while size and len(row) > 2 and claim.function.entries is None:
        for start in range(0, min(len(row), 16 * size), size):
            shorter = np.delete(row, slice(start, start + size))
            if len(shorter) > 1 and certified(claim, shorter[None, :])[0] >= target:
                row = shorter
                break
        else:
            size //= 2 if len(row) <= 1024 else len(row)
    return row


def search(function_name: str, format_name: str, seconds: float, seed: int) -> list[Finding]:
    """Climb in one arena for a while; its findings, certified."""
    rng = np.random.default_rng([seed, list(SHARES).index(function_name), EVERY.index(format_name)])
    members = claims(functions.named(function_name), formats.named(format_name))
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        climb(members, rng, LONG if rng.random() < FEW else WIDTHS)
    return [conclude(claim) for claim in members]


def climb(members: list[Claim], rng: np.random.Generator, widths: "tuple[int, ...]") -> None:
    """One batch, fresh or moved from one of the worst rows so far."""
    function, fmt = members[0].function, members[0].fmt
    # a sum that leaves the format is judged apart
    able = [n for n in widths if n <= fmt.largest] or [2]
    n = function.entries or able[rng.integers(len(able))]
    rows = int(np.clip(ENTRIES // n, 2, 400))
    batch = fresh(rng, rows, n, fmt)
    if rng.random() < 0.7 and (start := members[rng.integers(len(members))].start(rng)) is not None:
        batch = np.array([moved(rng, start, n, fmt) for _ in range(min(rows, 60))])
    with np.errstate(all="ignore"):
        try_batch(members, held(batch, fmt))


def conclude(claim: Claim) -> Finding:
    """The worst of the best candidates, by the certified truth."""
    best = claim.best(3)
    scores = [float(certified(claim, row[None, :])[0]) for _, row in best]
    row = shrunk(claim, best[int(np.argmax(scores))][1])
    excess = max(*scores, float(certified(claim, row[None, :])[0]))
    names = claim.subject.name, claim.function.name, claim.fmt.name, str(claim.contract)
    return Finding(*names, claim.tried, excess, tuple(row.tolist()))


# The report.


def shown(witness: "tuple[float, ...]", whole: bool) -> str:
    """The row in hex, repeats as V*COUNT; long ones cut."""
    words = (format_values(witness) or "").split()
    if whole or len(words) <= SHOWN:
        return " ".join(words)
    return f"{' '.join(words[: SHOWN // 2])} … ({len(witness)} entries)"


def report(found: list[Finding], seconds: float, workers: int, seed: int) -> str:
    """Markdown: what was run, the worst of each claim, violations in full."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES if find_spec(name))
    broken = [finding for finding in found if not finding.excess <= 1]
    lines = [
        "# The bounds of the contracts, searched for violations",
        "",
        f"{len(broken)} violations in {sum(finding.tried for finding in found):,} sampled answers (not exhaustive) to",
        f"{len(found)} claims: seed {seed}, {seconds:.0f} s in all on {workers} processes, rows of 2 to {max(LONG):,}",
        "entries.",
        "",
        "Written by `scripts/search_bounds.py`, a random and adversarial climb. Error/bound is the worst found, by the",
        "certified truth: above 1 a bound is violated. Witnesses in hex, shrunk to a row at least 0.99 as bad; a label",
        "is the last entry. Not tried: rows longer than the largest number of the format (judged apart), and in",
        "float8_e4m3fn, which has no infinity, entries beyond half the largest (their differences are nan).",
        "",
        f"Python {platform.python_version()}, {libraries}; screened with {np.finfo(Real).nmant + 1} bits.",
        "",
        "| subject | function | format | contract | answers tried | worst error/bound | witness |",
        "| --- | --- | --- | --- | --: | --: | --- |",
    ]
    for finding in found:
        names = " | ".join(finding[:4])
        row = shown(finding.witness, False)
        lines.append(f"| {names} | {finding.tried:,} | {finding.excess:.3f} | `{row}` |")
    for finding in broken:
        lines += ["", f"## Violated: {' '.join(finding[:4])}", "", f"    {shown(finding.witness, True)}"]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Search, print, write; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=600, help="for all processes together (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2, help="processes (default: %(default)s)")
    parser.add_argument("-F", "--function", choices=tuple(SHARES), action="append", help="only this one")
    parser.add_argument("-f", "--format", choices=EVERY, action="append", help="only this one")
    parser.add_argument("-o", "--output", type=Path, help="write the result as Markdown")
    given = parser.parse_args()
    arenas = list(itertools.product(given.function or SHARES, given.format or EVERY))
    each = given.seconds / sum(SHARES[function] for function, _ in arenas)
    with (
        concurrent.futures.ProcessPoolExecutor(given.workers) as pool,
        tqdm(total=len(arenas), unit="arena", file=sys.stderr) as bar,
    ):
        futures = [pool.submit(search, *arena, each * SHARES[arena[0]], given.seed) for arena in arenas]
        found = []
        for future in futures:
            found += future.result()
            bar.update()
            bar.set_postfix(worst=f"{max(finding.excess for finding in found):.3f}")
    text = report(found, given.seconds, given.workers, given.seed)
    print(text)
    if given.output:
        given.output.write_text(text, encoding="utf-8")
    return 0 if all(finding.excess <= 1 for finding in found) else 1


if __name__ == "__main__":
    sys.exit(main())
