"""Test the ASSUMED line of lsecheck/oracle/interval.py against arb.

    python scripts/check_assumption.py -o reports/assumption.md

The line says that mpmath's exp and log, asked for q bits, err by less than 2^24 units of the last
of them. Each argument is evaluated by mpmath at q bits and by arb at q + 64; the distance, radius
included, is counted in units of mpmath's last place. Exits 1 where the assumption fails.
"""

import argparse
import concurrent.futures
import math
import platform
import random
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from flint import arb, ctx, fmpz
from mpmath.libmp import BACKEND, from_man_exp, mpf_exp, mpf_ln2, mpf_log
from tqdm import tqdm

ALLOWED = 1 << 24  #: units of the last place, from the ASSUMED line
PRECISIONS = (64, 96, 128, 160, 192, 224, 256, 320, 416, 512, 640, 800, 1000, 1568, 3104)
CHUNK = 500


class Ask(NamedTuple):
    """What an argument is drawn for."""

    chance: random.Random
    bits: int


#: mantissa and exponent of an argument
Draw = Callable[[Ask], tuple[int, int]]


class Worst(NamedTuple):
    """The largest distance seen, in units of the last place, and where."""

    units: float
    bits: int
    mantissa: int
    exponent: int


def _mantissa(chance: random.Random) -> int:
    """Random bits, as many as a float or a difference of floats has, or few, or close to a power of 2."""
    size = chance.choice((1, 8, 24, 53, 53, 53, 64, 106, 300, 1100))
    close = (1 << size) + chance.choice((-1, 1)) * chance.getrandbits(chance.randint(1, size))
    return max(chance.choice((chance.getrandbits(size), close)), 1)


def _at(chance: random.Random, power: float) -> tuple[int, int]:
    """A random argument of about 2^power."""
    mantissa = _mantissa(chance)
    return mantissa, round(power) - mantissa.bit_length()


def exp_plain(ask: Ask) -> tuple[int, int]:
    """-1000 to -2^-8, the usual gaps."""
    mantissa, exponent = _at(ask.chance, ask.chance.uniform(-8, 10))
    return -mantissa, exponent


def exp_far(ask: Ask) -> tuple[int, int]:
    """To -2^12, past where the oracle stops evaluating."""
    mantissa, exponent = _at(ask.chance, ask.chance.uniform(9, 12))
    return -mantissa, exponent


def exp_near_0(ask: Ask) -> tuple[int, int]:
    """-2^-8 to -2^-1100: gaps of neighbouring numbers."""
    mantissa, exponent = _at(ask.chance, -(2 ** ask.chance.uniform(3, 10.1)))
    return -mantissa, exponent


def exp_near_multiples(ask: Ask) -> tuple[int, int]:
    """Multiples of ln 2 cut off at some bits: the reduced argument is tiny."""
    return _near_multiple(ask.chance, ask.chance.randint(1, 5000), ask.chance.randint(16, ask.bits + 80))


def exp_near_halves(ask: Ask) -> tuple[int, int]:
    """Odd multiples of ln 2 / 2: the reduced argument is largest."""
    mantissa, exponent = _near_multiple(
        ask.chance, 2 * ask.chance.randint(0, 2500) + 1, ask.chance.randint(16, ask.bits + 80)
    )
    return mantissa, exponent - 1


def _near_multiple(chance: random.Random, count: int, kept: int) -> tuple[int, int]:
    _, mantissa, exponent, _ = mpf_ln2(kept)
    return -(count * mantissa + chance.randint(-2, 2)), exponent


def log_sums(ask: Ask) -> tuple[int, int]:
    """1 to 2^20: sums of that many exponentials."""
    return _at(ask.chance, ask.chance.uniform(1, 20))


def log_near_1(ask: Ask) -> tuple[int, int]:
    """1 + T, T from 2^-1 down to 2^-(bits + 16), either side: the logarithm cancels."""
    mantissa = _mantissa(ask.chance)
    fall = mantissa.bit_length() + ask.chance.randint(1, ask.bits + 16)
    return (1 << fall) + ask.chance.choice((1, 1, -1)) * mantissa, -fall


def log_near_powers(ask: Ask) -> tuple[int, int]:
    """2^k + T: the mantissa is near 1 and the result is not."""
    mantissa, exponent = log_near_1(ask)
    return mantissa, exponent + ask.chance.randint(1, 20)


def log_long(ask: Ask) -> tuple[int, int]:
    """Sums m + T with as many bits as the oracle's own, and more."""
    size = ask.bits + ask.chance.randint(-20, 200)
    return (ask.chance.randint(1, 64) << size) + ask.chance.getrandbits(size), -size


DRAWS: dict[str, tuple[Draw, ...]] = {
    "exp": (exp_plain, exp_far, exp_near_0, exp_near_multiples, exp_near_halves),
    "log": (log_sums, log_near_1, log_near_powers, log_long),
}
#: every (function, where) with its draw
KINDS = {(name, draw.__name__): draw for name, draws in DRAWS.items() for draw in draws}


def units_off(name: str, bits: int, mantissa: int, exponent: int) -> float:
    """An upper bound on |mpmath - exact| in units of the last of `bits` bits of mpmath's answer."""
    evaluate = mpf_exp if name == "exp" else mpf_log
    sign, found, power, size = evaluate(from_man_exp(mantissa, exponent), bits, "n")
    ctx.prec = bits + 64
    argument = arb((fmpz(mantissa), fmpz(exponent)))
    exact = argument.exp() if name == "exp" else argument.log()
    if found == 0:
        return 0.0 if exact.is_zero() else math.inf
    last = power + size - bits
    off = (arb((fmpz(-found if sign else found), fmpz(power))) - exact) * arb((fmpz(1), fmpz(-last)))
    return float(off.abs_upper())


def work(task: "tuple[tuple[str, str], int, int]") -> "tuple[tuple[str, str], int, Worst]":
    """CHUNK arguments of one kind at one precision -> the worst."""
    kind, bits, seed = task
    chance = random.Random(f"{kind} {bits} {seed}")
    worst = Worst(-1.0, bits, 0, 0)
    for _ in range(CHUNK):
        mantissa, exponent = KINDS[kind](Ask(chance, bits))
        units = units_off(kind[0], bits, mantissa, exponent)
        if not units <= worst.units:
            worst = Worst(units, bits, mantissa, exponent)
    return kind, bits, worst


def report(seen: "dict[tuple[str, str], dict[int, Worst]]", count: int, seed: int) -> str:
    """Markdown: what was run, the worst of all, and the worst of each kind."""
    everything = {(kind, bits): worst for kind, row in seen.items() for bits, worst in row.items()}
    (name, _), _ = hardest = max(everything, key=lambda key: everything[key].units)
    top = everything[hardest]
    fraction = math.log2(ALLOWED / top.units)
    libraries = ", ".join(f"{library} {version(library)}" for library in ("mpmath", "python-flint"))
    lines = [
        "# The assumption about mpmath",
        "",
        f"Worst seen: {top.units:.6g} units of the last place; assumed: less than 2^24, which is 2^{fraction:.1f} times"
        f" as much. {count:,} sampled arguments (not exhaustive), seed {seed}.",
        "",
        "Written by `scripts/check_assumption.py`: mpmath's exp and log, asked for q bits and rounding to nearest,",
        f"against arb at q + 64 bits; q in {', '.join(map(str, PRECISIONS))}.",
        "Distances are upper bounds, arb's radius",
        f"included; a correctly rounded answer is 0.5 off. Python {platform.python_version()}, {libraries},"
        f" mpmath's backend {BACKEND}.",
        "",
        f"The worst: {name} at q = {top.bits} of {_argument(top)}.",
        "",
        "| function | arguments | what they are | count | worst, units | at q |",
        "| --- | --- | --- | --: | --: | --: |",
    ]
    for (function, where), row in seen.items():
        worst = max(row.values(), key=lambda one: one.units)
        meaning = (KINDS[function, where].__doc__ or "").splitlines()[0].rstrip(".")
        place = where.partition("_")[2].replace("_", " ")
        each = count // len(seen)
        lines.append(f"| {function} | {place} | {meaning} | {each:,} | {worst.units:.6g} | {worst.bits} |")
    return "\n".join(lines) + "\n"


def _argument(worst: Worst) -> str:
    sign = "-" if worst.mantissa < 0 else ""
    digits = f"{abs(worst.mantissa):x}"
    shown = digits if len(digits) <= 40 else f"{digits[:20]}…{digits[-12:]} ({len(digits)} hex digits)"
    return f"{sign}0x{shown} * 2^{worst.exponent}"


def main() -> int:
    """Run, print, write; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arguments", type=int, default=1_000_000, help="at least so many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=None, help="processes (default: one a core)")
    parser.add_argument("-o", "--output", type=Path, help="write the result as Markdown")
    given = parser.parse_args()
    if given.arguments < 1:
        parser.error(f"--arguments must be at least 1, got {given.arguments}")
    rounds = -(-given.arguments // (len(KINDS) * len(PRECISIONS) * CHUNK))
    tasks = [(kind, bits, given.seed + turn) for turn in range(rounds) for bits in PRECISIONS for kind in KINDS]
    seen: dict[tuple[str, str], dict[int, Worst]] = {kind: {} for kind in KINDS}
    with (
        concurrent.futures.ProcessPoolExecutor(given.workers) as pool,
        tqdm(total=len(tasks) * CHUNK, unit="argument", file=sys.stderr) as bar,
    ):
        for kind, bits, worst in pool.map(work, tasks, chunksize=4):
            before = seen[kind].get(bits)
            if before is None or not worst.units <= before.units:
                seen[kind][bits] = worst
            bar.update(CHUNK)
    text = report(seen, len(tasks) * CHUNK, given.seed)
    print(text)
    if given.output:
        given.output.write_text(text, encoding="utf-8")
    holds = all(worst.units < ALLOWED for row in seen.values() for worst in row.values())
    if not holds:
        print("the assumption FAILS: lsecheck/oracle/interval.py may not rely on it", file=sys.stderr)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
