"""Find the worst of every pair of finite float16 numbers, for four built-in methods of logsumexp.

    python scripts/worst_pairs.py -o reports/worst-pairs.md

All 2,015,331,328 unordered pairs, each asked in both orders: a small C program, compiled here by `cc`, takes
the method's steps with NumPy's own exp, log and log1p as tables, scores the answers against a truth in
float64 and keeps the pairs with the largest E, ulp error and error/bound of `shifted`. These candidates are
then asked of the built-in method itself and measured against the certified truth: that is what is reported.
Exits 1 where replica and method differ in one bit of one pair of a large sample, or where C and
lsecheck score a pair differently.
"""

import argparse
import ctypes
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from lsecheck import formats, functions
from lsecheck.formats import FormatPair
from lsecheck.functions.definition import Floats
from lsecheck.inputs.corpus import format_values
from lsecheck.measure import Errors, errors
from lsecheck.oracle.truth import certify
from lsecheck.report.words import table
from lsecheck.run import environment
from lsecheck.subjects.methods import method
from lsecheck.subjects.subject import ask

Bits = np.ndarray[Any, np.dtype[np.uint16]]  #: of float16 numbers
Patterns = np.ndarray[Any, np.dtype[np.uint32]]  #: of ordered pairs: first << 16 | second

FLOAT16 = formats.named("float16")
LOGSUMEXP = functions.named("logsumexp")
METHODS = ("naive", "max-shift", "online", "log1p-shift")  #: a place here is the number of the method in C
MEASURES = ("E", "ulp", "excess")  #: of a score and of the shelves in C, in its order
KEPT = 256  #: candidates of each measure
ROWS = 32  #: of the triangle of pairs between two looks at the progress bar
#: by which a score in C may differ from the certified one, relative to it or to 1. float64 errs by about 2^-53
#: |a|, which is 2^-29 ulps where y nearly cancels, and 2^-40 of what E and excess divide by.
AGREEMENT = 1e-8
NEAR = 1e-6  #: scores so near (relative) might be the maximum: twice AGREEMENT and room for maxima below 1
LENGTHS = (1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 65, 100, 127, 129, 1000, 4099)  #: of batches asked
SCORED = 1 << 21  #: of the sampled pairs, whose scores in C are compared with those of `measure`

SOURCE = r"""
#include <math.h>
#include <stdint.h>
#include <string.h>

typedef uint16_t half;

static half E[65536], L[65536], LP[65536]; /* NumPy's exp, log, log1p, by the bits of the argument */
static float wide[65536];

static half narrow(float x) { _Float16 h = (_Float16)x; half bits; memcpy(&bits, &h, 2); return bits; }

/* Rounded to float, then to float16: one rounding, as 24 >= 2 * 11 + 2 (Figueroa). NumPy's steps and its sum. */
static half add(half a, half b) { return narrow(wide[a] + wide[b]); }
static half sub(half a, half b) { return narrow(wide[a] - wide[b]); }
static half mul(half a, half b) { return narrow(wide[a] * wide[b]); }
static half larger(half a, half b) { return wide[a] < wide[b] ? b : a; }

static half naive(half x, half y) { return L[add(E[x], E[y])]; }

static half max_shift(half x, half y)
{
    half m = larger(x, y);
    return add(m, L[add(E[sub(x, m)], E[sub(y, m)])]);
}

static half online(half x, half y)
{
    half m = x, s = E[sub(m, m)], risen = larger(m, y);
    s = add(mul(s, E[sub(m, risen)]), E[sub(y, risen)]);
    return add(risen, L[s]);
}

static half log1p_shift(half x, half y)
{
    half m = larger(x, y), e = E[sub(x, m)], f = E[sub(y, m)];
    if (wide[x] == wide[m]) e = 0; else f = 0;
    return add(m, LP[add(e, f)]);
}

static inline half answer(int method, half x, half y)
{
    switch (method) {
    case 0: return naive(x, y);
    case 1: return max_shift(x, y);
    case 2: return online(x, y);
    default: return log1p_shift(x, y);
    }
}

typedef struct { double hi, lo, floor, place, bound; } truth;

/* a >= b. y = a + log1p(e^-(a - b)), as a pair; a - b is exact: multiples of 2^-24 below 2^18. */
static inline truth known(double a, double b)
{
    const double u = 0x1p-11, t = 0x1p-24;
    double d = a - b, e = 0, delta = 1e-300; /* past 60 only the side of a on which y lies matters */
    if (d < 60) { e = exp(-d); delta = log1p(e); }
    truth y;
    y.hi = a + delta;
    double z = y.hi - a;
    y.lo = (a - (y.hi - z)) + (delta - z);
    double size = fabs(y.hi), share = 1 / (1 + e), K = (fabs(a) + e * fabs(b)) * share;
    y.floor = fmax(u * size + u * K, t / 2);
    uint64_t bits;
    memcpy(&bits, &y.hi, 8);
    int binade = (int)(bits >> 52 & 0x7ff) - 1023;
    binade -= !(bits << 12) && y.lo * copysign(1, y.hi) < 0;
    bits = (uint64_t)((binade < -14 ? -14 : binade) - 10 + 1023) << 52;
    memcpy(&y.place, &bits, 8);
    y.bound = 2 * u * (size + delta + d * e * share + 1 + 2) + 2 * t * share + t;
    return y;
}

enum { NAN_ANSWER, INFINITE_ANSWER, PAST_LARGEST, ORDER_MATTERS, COUNTS };

/* 0 where the answer is a class error: counted, not scored. */
static inline int scored(truth y, half given, int64_t *counts, double *score)
{
    double said = wide[given];
    if (!(fabs(said) <= 65504)) {
        if (!(said > 0 && y.hi >= 65504)) { counts[said != said ? NAN_ANSWER : INFINITE_ANSWER]++; return 0; }
        counts[PAST_LARGEST]++;
        said = 65536;
    }
    double error = fabs((said - y.hi) - y.lo);
    score[0] = error / y.floor;
    score[1] = error / y.place;
    score[2] = error / y.bound;
    return 1;
}

typedef struct {
    double values[3][KEPT], least[3], best[3];
    int64_t near[3]; /* pairs within NEAR of the best */
    uint32_t pairs[3][KEPT];
} shelves;

static void keep(shelves *kept, int measure, double value, uint32_t pair)
{
    double *values = kept->values[measure];
    int least = 0;
    for (int i = 1; i < KEPT; i++) if (values[i] < values[least]) least = i;
    values[least] = value;
    kept->pairs[measure][least] = pair;
    kept->least[measure] = values[0];
    for (int i = 1; i < KEPT; i++) if (values[i] < kept->least[measure]) kept->least[measure] = values[i];
}

static inline void offer(shelves *kept, int64_t *counts, truth y, half given, half first, half second)
{
    double score[3];
    if (!scored(y, given, counts, score)) return;
    for (int measure = 0; measure < 3; measure++) {
        if (score[measure] > kept->least[measure])
            keep(kept, measure, score[measure], (uint32_t)first << 16 | second);
        if (score[measure] > kept->best[measure] * (1 + NEAR)) kept->near[measure] = 0;
        kept->near[measure] += score[measure] >= kept->best[measure] * (1 - NEAR);
        kept->best[measure] = fmax(kept->best[measure], score[measure]);
    }
}

static inline void rows(int method, const half *numbers, int size, int from, int to, shelves *kept, int64_t *counts)
{
    for (int i = from; i < to; i++)
        for (int j = i; j < size; j++) {
            half b = numbers[i], a = numbers[j], given = answer(method, a, b), other = answer(method, b, a);
            truth y = known(wide[a], wide[b]);
            offer(kept, counts, y, given, a, b);
            if (other != given) { counts[ORDER_MATTERS]++; offer(kept, counts, y, other, b, a); }
        }
}

/* Pairs of numbers[from .. to - 1] with each number from there on; the numbers ascend. */
void scan(int method, const half *numbers, int size, int from, int to, shelves *kept, int64_t *counts)
{
    switch (method) { /* a loop for each method, without a choice within */
    case 0: rows(0, numbers, size, from, to, kept, counts); break;
    case 1: rows(1, numbers, size, from, to, kept, counts); break;
    case 2: rows(2, numbers, size, from, to, kept, counts); break;
    default: rows(3, numbers, size, from, to, kept, counts);
    }
}

void answers(int method, const uint32_t *pairs, int64_t size, half *given)
{
    for (int64_t i = 0; i < size; i++) given[i] = answer(method, pairs[i] >> 16, pairs[i] & 0xffff);
}

void scores(const uint32_t *pairs, const half *given, int64_t size, double *found)
{
    for (int64_t i = 0; i < size; i++) {
        double x = wide[pairs[i] >> 16], y = wide[pairs[i] & 0xffff];
        int64_t counts[COUNTS];
        if (!scored(known(fmax(x, y), fmin(x, y)), given[i], counts, found + 3 * i))
            found[3 * i] = found[3 * i + 1] = found[3 * i + 2] = NAN;
    }
}

void load(const half *exps, const half *logs, const half *log1ps, const float *floats)
{
    memcpy(E, exps, sizeof E); memcpy(L, logs, sizeof L); memcpy(LP, log1ps, sizeof LP);
    memcpy(wide, floats, sizeof wide);
}
"""

#: why the numbers are what they are, in a line
REASONS = {
    "naive": (
        "E: exp rounds to 1 near 0, so log answers 0 and loses all of y = a: |y| / (u |y| + u |y|) = 1/(2u) = 1024,"
        " where the other entry adds nothing. Excess: near -17 a term is one or two of the smallest subnormals, wrong"
        " by up to half. The class errors: e^x overflows above 11.09, and both terms underflow below -17.33."
    ),
    "max-shift": (
        "E: e^-7.625 is the last term below 2^-11, half an ulp of the 1 it is added to, and is lost whole: with the"
        " maximum -e^-7.625 (so y = 0) or 0 (so |y| = e^-7.625), E is about 1 / (u (1 + 7.625)) = 237."
    ),
    "online": "On two entries it takes the steps of max-shift: its running sum is e^0 = 1 before the second entry.",
    "log1p-shift": "Nothing is lost beside the 1: subtraction, exp, log1p and addition round once each.",
}


class Shelves(ctypes.Structure):
    """`shelves` of the C program."""

    _fields_ = (
        ("values", ctypes.c_double * KEPT * len(MEASURES)),
        ("least", ctypes.c_double * len(MEASURES)),
        ("best", ctypes.c_double * len(MEASURES)),
        ("near", ctypes.c_int64 * len(MEASURES)),
        ("pairs", ctypes.c_uint32 * KEPT * len(MEASURES)),
    )


class Witness(NamedTuple):
    """The worst pair of a measure, certified."""

    value: float
    near: int  #: pairs within `NEAR` of it, this one included
    pair: "tuple[float, float]"
    answer: float
    truth: float
    condition: float


@dataclass(frozen=True, slots=True)
class Finding:
    """What one method came to."""

    method: str
    worst: "dict[str, Witness]"
    pairs: int
    nan: int  #: answers: class errors
    infinite: int  #: answers: class errors
    past_largest: int  #: infinite answers to truths past the largest number, scored as 2^16
    order_matters: int  #: pairs that have two answers
    proved: int  #: pairs on which replica and method had the same bits
    distance: float  #: the largest between a score in C and a certified one
    seconds: float  #: of the scan
    processor: float  #: seconds of it


# The replica.


def tables() -> list[Bits]:
    """exp, log and log1p of all 65,536 patterns; `SystemExit` where a result depends on where it stands."""
    every = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    return [alike(function, every).view(np.uint16) for function in (np.exp, np.log, np.log1p)]


def alike(function: Callable[[Any], Any], every: Any) -> Any:
    """The function of every pattern, found the same one by one, strided, and in batches of odd lengths."""
    with np.errstate(all="ignore"):
        whole = function(every)
        ways = [np.concatenate([function(every[i : i + 1]) for i in range(len(every))])]
        ways.append(function(np.repeat(every, 3)[::3]))
        for length in LENGTHS[1:]:
            ways.append(np.concatenate([function(part) for part in np.array_split(every, len(every) // length)]))
    for way in ways:
        # bits, but for the payload of nan
        if not np.array_equal(canonical(way), canonical(whole)):
            sys.exit(f"{function.__name__} of float16 depends on the place in an array: no table can replace it")
    return whole


def canonical(values: Any) -> Bits:
    """The bits of float16 numbers, one pattern for nan."""
    return np.where(np.isnan(values), np.float16(np.nan), values).view(np.uint16)


def compiled(directory: str) -> ctypes.CDLL:
    """The C program, with NumPy's tables in it."""
    source, library = Path(directory, "pairs.c"), Path(directory, "pairs.so")
    source.write_text(SOURCE, encoding="utf-8")
    options = ("-O3", "-march=native", "-ffp-contract=off", "-shared", "-fPIC", f"-DKEPT={KEPT}", f"-DNEAR={NEAR}")
    subprocess.run(["cc", *options, "-o", str(library), str(source), "-lm"], check=True)
    program = ctypes.CDLL(str(library))
    with np.errstate(all="ignore"):
        floats = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)
    exps, logs, log1ps = tables()
    program.load(exps.ctypes, logs.ctypes, log1ps.ctypes, floats.ctypes)
    return program


def replied(program: ctypes.CDLL, name: str, pairs: Patterns) -> Bits:
    """The answers of the replica."""
    given = np.empty(len(pairs), np.uint16)
    program.answers(METHODS.index(name), pairs.ctypes, ctypes.c_int64(len(pairs)), given.ctypes)
    return given


def numbers(pairs: Patterns) -> Floats:
    """Pairs of bits as rows of numbers."""
    bits = np.stack([pairs >> 16, pairs & 0xFFFF], axis=-1).astype(np.uint16)
    return formats.widen(bits.view(np.float16))


def asked(name: str, pairs: Patterns) -> Floats:
    """The answers of the built-in method, widened."""
    found = ask(method(name), LOGSUMEXP, numbers(pairs), FormatPair(FLOAT16, FLOAT16), None)
    if (found.trouble != "").any():
        sys.exit(f"{name}: {found.message}")
    return found.values


def finite() -> Bits:
    """Every finite number once, ascending; 0 stands for both zeros."""
    largest = FLOAT16.largest_ordinal
    return formats.from_ordinals(np.arange(-largest, largest + 1), FLOAT16).view(np.uint16)


# The proof of the replica.


def sampled(rng: np.random.Generator, size: int) -> Iterator[Patterns]:
    """Batches of pairs, `size` or more in all, random and structured, in every order, of many lengths."""
    every = np.append(finite(), np.uint16(0x8000))
    places = formats.ordinals(every.view(np.float16))
    structured = [joined(every, np.full_like(every, other)) for other in (0, 0x8000, 0x7BFF, 0xFBFF, 0x0001, 0x8001)]
    for step in (0, 1, 2, 3, 8, 1024, 2048):  # itself, neighbours, halves and quarters
        moved = np.clip(places - step, -FLOAT16.largest_ordinal, FLOAT16.largest_ordinal)
        structured.append(joined(every, formats.from_ordinals(moved, FLOAT16).view(np.uint16)))
    structured.append(joined(every, every ^ np.uint16(0x8000)))
    yield from cut(rng, np.concatenate(structured))
    left = size - sum(map(len, structured))
    while left > 0:
        rows = 1 << 16
        first = rng.uniform(-20, 12, rows)
        near = [
            bits_of(first, rng.uniform(-20, 12, rows)),  # where naive has numbers
            bits_of(first, first - rng.uniform(0, 18, rows)),
            bits_of(-rng.exponential(0.5, rows), np.zeros(rows)),
            bits_of(low := -(2.0 ** rng.uniform(-16, 0, rows)), np.log(-np.expm1(low))),  # y near 0
            joined(rng.choice(every, rows), rng.choice(every, rows)),
        ]
        for batch in near:
            yield from cut(rng, batch)
            left -= len(batch)


def bits_of(first: Floats, second: Floats) -> Patterns:
    """Numbers, rounded, as pairs of bits."""
    return joined(*(formats.cast(part, FLOAT16).view(np.uint16) for part in (first, second)))


def joined(first: Bits, second: Bits) -> Patterns:
    """Pairs of bits."""
    return first.astype(np.uint32) << np.uint32(16) | second.astype(np.uint32)


def cut(rng: np.random.Generator, pairs: Patterns) -> Iterator[Patterns]:
    """A few short batches, then the rest; half of the pairs the other way round."""
    turned = rng.random(len(pairs)) < 0.5
    pairs = np.where(turned, pairs << 16 | pairs >> 16, pairs)
    bounds = np.cumsum(LENGTHS)
    yield from np.split(pairs, bounds[bounds < len(pairs)])


def prove(program: ctypes.CDLL, name: str, size: int, seed: int) -> "tuple[int, float]":
    """Pairs on which the replica has the method's bits (all that were tried, or `SystemExit`); distance of scores."""
    tried, distance = 0, 0.0
    for batch in sampled(np.random.default_rng(seed), size):
        said, own = asked(name, batch)[:, 0], replied(program, name, batch).view(np.float16)
        wrong = np.flatnonzero(canonical(said.astype(np.float16)) != canonical(own))
        if len(wrong):
            pair = format_values(numbers(batch)[wrong[0]].tolist())
            sys.exit(f"{name} of {pair} is {said[wrong[0]].hex()}, the replica has {float(own[wrong[0]]).hex()}")
        if tried < SCORED:
            distance = max(distance, certify_pairs(program, name, batch)[0])
        tried += len(batch)
    zeros(program, name)
    return tried, distance


def zeros(program: ctypes.CDLL, name: str) -> None:
    """`SystemExit` unless -0 gives the same number as 0 beside every number, in either place."""
    every = np.append(finite(), np.uint16(0x8000))
    for turn in (False, True):
        with_zero, with_minus = (
            replied(program, name, joined(*((other, every) if turn else (every, other)))).view(np.float16)
            for other in (np.full_like(every, sign) for sign in (0, 0x8000))
        )
        if not np.array_equal(with_zero, with_minus, equal_nan=True):
            sys.exit(f"{name}: -0 and 0 give different numbers, so that 0 cannot stand for both")


def compare(program: ctypes.CDLL, pairs: Patterns, certified: Errors, given: Bits) -> float:
    """The largest distance between scores in C and certified ones; `SystemExit` beyond `AGREEMENT`."""
    found = np.empty((len(pairs), len(MEASURES)))
    program.scores(pairs.ctypes, given.ctypes, ctypes.c_int64(len(pairs)), found.ctypes)
    wanted = figures(certified)
    if not np.array_equal(np.isnan(found), np.isnan(wanted)):
        sys.exit("C and lsecheck.measure differ in which answers are scored")
    apart = np.nan_to_num(np.abs(found - wanted) / np.maximum(wanted, 1))
    if not apart.max(initial=0) <= AGREEMENT:
        row = int(apart.max(-1).argmax())
        sys.exit(f"{format_values(numbers(pairs)[row].tolist())} scores {found[row]}, certified {wanted[row]}")
    return float(apart.max(initial=0))


def figures(certified: Errors) -> Floats:
    """(rows, measures), nan where not scored."""
    scores = (certified.scaled, certified.ulp, certified.excess)
    return np.where(certified.codes == 0, np.concatenate(scores, axis=-1), np.nan)


# The search.


def search(program: ctypes.CDLL, name: str, size: int, seed: int) -> Finding:
    """Prove the replica, scan every pair, certify the candidates."""
    proved, distance = prove(program, name, size, seed)
    kept, counts = Shelves(), np.zeros(4, np.int64)
    began, used = time.monotonic(), time.process_time()
    pairs = scan(program, name, kept, counts)
    seconds, processor = time.monotonic() - began, time.process_time() - used
    worst = {}
    for place, measure in enumerate(MEASURES):
        candidates = np.array(kept.pairs[place], np.uint32)
        apart, scores, ends = certify_pairs(program, name, candidates)
        row = int(np.lexsort((candidates, -scores[:, place]))[0])
        pair = tuple(numbers(candidates)[row].tolist())
        worst[measure] = Witness(float(scores[row, place]), kept.near[place], pair, *ends[row].tolist())
        distance = max(distance, apart)
    nan, infinite, past, order = counts.tolist()
    return Finding(name, worst, pairs, nan, infinite, past, order, proved, distance, seconds, processor)


def scan(program: ctypes.CDLL, name: str, kept: Shelves, counts: Any) -> int:
    """Every pair there is; how many."""
    every = finite()
    size, done = len(every), 0
    with tqdm(
        total=size * (size + 1) // 2, unit="pair", unit_scale=True, mininterval=1, desc=name, file=sys.stderr
    ) as bar:
        for start in range(0, size, ROWS):
            stop = min(start + ROWS, size)
            program.scan(METHODS.index(name), every.ctypes, size, start, stop, ctypes.byref(kept), counts.ctypes)
            pairs = sum(size - row for row in range(start, stop))
            done += pairs
            bar.set_postfix(E=f"{max(kept.values[0]):.6g}", refresh=False)
            bar.update(pairs)
    return done


def certify_pairs(program: ctypes.CDLL, name: str, pairs: Patterns) -> "tuple[float, Floats, Floats]":
    """Distance of C, certified scores, and (answer, truth, condition) of each pair, from the method itself."""
    known = certify(LOGSUMEXP, numbers(pairs), FormatPair(FLOAT16, FLOAT16), None)
    given = asked(name, pairs)
    certified = errors(known, given)
    distance = compare(program, pairs, certified, given[:, 0].astype(np.float16).view(np.uint16))
    truths = np.ldexp(known.high + known.low, known.scale)
    return distance, figures(certified), np.concatenate([given, truths, certified.condition], axis=-1)


# The report.


def report(found: list[Finding], seed: int) -> str:
    """Markdown: the maxima with their pairs, what was counted, what was proved."""
    worst = [
        (
            finding.method,
            measure,
            f"{witness.value:.6g}",
            f"{witness.near:,}",
            f"`{format_values(witness.pair)}`",
            " ".join(f"{number:.8g}" for number in witness.pair),
            f"{witness.answer:.8g}",
            f"{witness.truth:.8g}",
            f"{witness.condition:.3g}",
        )
        for measure in MEASURES
        for finding in found
        for witness in (finding.worst[measure],)
    ]
    counted = [
        (
            finding.method,
            f"{finding.pairs:,}",
            f"{finding.pairs - finding.nan - finding.infinite:,}",
            f"{finding.infinite:,}",
            f"{finding.nan:,}",
            f"{finding.past_largest:,}",
            f"{finding.order_matters:,}",
            f"{finding.proved:,}",
            f"{finding.distance:.1e}",
            f"{finding.seconds:.0f} ({finding.processor:.0f})",
        )
        for finding in found
    ]
    known = environment()
    pairs = found[0].pairs
    lines = [
        "# The worst pairs of float16 numbers",
        "",
        f"The maxima are exhaustive: logsumexp of all {pairs:,} unordered pairs of finite float16 numbers, each in",
        "both orders, answered by a replica of the method in C, proved on samples. The candidates are certified:",
        "the built-in method was asked itself, and measured against the certified truth.",
        "",
        f"Written by `scripts/worst_pairs.py` (--seed {seed}) on one core: {processor()}, {platform.libc_ver()[0]}"
        f" {platform.libc_ver()[1]}, Python {known['python']}, NumPy {known['numpy']} with {known['numpy_simd']}."
        " Another exp or log may have other worst pairs.",
        "",
        "E is the error over max(u|y| + uK, t/2), excess the error over the bound of `shifted`, κ = K/|y|. *Pairs",
        f"there* are within {NEAR:g} of the maximum; of many, the witness is one of the first {KEPT}.",
        "",
        table(("method", "maximum of", "is", "pairs there", "pair", "decimal", "answer", "truth", "κ"), worst),
        "",
        *(f"* **{finding.method}** {REASONS[finding.method]}" for finding in found),
        "",
        "The largest ulp errors are where y is nearly 0 and κ is large: ulps shrink with y, the roundings do not.",
        "",
        "## What was counted",
        "",
        table(
            (
                "method",
                "pairs",
                "scored",
                "infinite",
                "nan",
                "overflow",
                "order matters",
                "proved",
                "apart",
                "seconds",
            ),
            counted,
        ),
        "",
        "* **infinite**, **nan**: answers that are class errors, not scored. **overflow**: infinite answers to a truth",
        "  past the largest number: scored as 2^16, as `lsecheck.measure` has it.",
        "* **order matters**: pairs whose two orders have different answers. 0 and -0 are one number here: the replica",
        "  answers the same number to both, beside every number and in either place.",
        "* **proved**: sampled pairs, random and structured, both orders, batches of many lengths, on which the C",
        "  replica has the bits of the method. Its exp, log and log1p are tables of NumPy's own, found the same one by",
        "  one, strided and in batches of odd lengths.",
        "* **apart**: the largest distance between a score of the C program (truth in float64) and the certified one,",
        f"  relative to it or to 1, over about {SCORED:,} of these pairs and all {KEPT * len(MEASURES)} candidates;"
        f" {AGREEMENT:g} is allowed.",
        "  So a maximum with no other pair there is reached nowhere else.",
        "* **seconds**: of the scan (in brackets: of the processor).",
    ]
    return "\n".join(lines) + "\n"


def processor() -> str:
    """What the processor calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()


def main() -> int:
    """Search, print, write; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-m", "--method", choices=METHODS, action="append", help="only this one")
    parser.add_argument(
        "--prove", type=int, default=20_000_000, help="pairs to prove the replica on, or more (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of these pairs (default: %(default)s)")
    parser.add_argument("-o", "--output", type=Path, help="write the result as Markdown")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        program = compiled(directory)
        found = [search(program, name, given.prove, given.seed) for name in given.method or METHODS]
    text = report(found, given.seed)
    print(text)
    if given.output:
        given.output.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
