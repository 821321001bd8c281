#!/usr/bin/env python
"""The planted faults against three ways of testing, at the same time budget; written to reports/fuzzers.md.

* randn: rows of normal numbers, of 1 to 1000 entries, and `numpy.testing.assert_allclose`;
* Hypothesis: arrays of any floats, shrinking off, and `assert_allclose`;
* lsecheck fuzz.

The first two compare with SciPy's logsumexp family in float64, rounded to the format, at PyTorch's
tolerances for the dtype. A way catches a fault if anything is reported; honest controls show what that
costs in false alarms. Each fault is asked in a process of its own pool, one after the other.

Needs the extras `test`. Several minutes a second of budget.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy.special
from tqdm import tqdm

from lsecheck.faults import CONTROLS, FAULTS
from lsecheck.faults.fault import Fault
from lsecheck.formats import cast, named, widen
from lsecheck.fuzz import fuzz
from lsecheck.report.words import table
from lsecheck.subjects import load

#: relative and absolute tolerance: those of torch.testing.assert_close for the dtype
TOLERANCES = {
    "float16": (1e-3, 1e-5), "bfloat16": (1.6e-2, 1e-5), "float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7),
    "float8_e4m3fn": (0.13, 1e-2), "float8_e5m2": (0.25, 1e-2),
}  # fmt: skip
#: rows of a batch
ROWS = 4


class Caught(NamedTuple):
    """What became of one fault under each way: seconds until it was caught, or None."""

    name: str
    control: bool
    by: "dict[str, float | None]"


def reference(function: str, x: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """What an ordinary test compares with: SciPy in float64."""
    if function == "softmax":
        return scipy.special.softmax(x, axis=-1)
    if function == "log_softmax":
        return scipy.special.log_softmax(x, axis=-1)
    if function == "cross_entropy":
        return -scipy.special.log_softmax(x, axis=-1)[np.arange(len(x)), labels]
    if function == "logaddexp":
        return np.logaddexp(x[:, 0], x[:, 1])
    return scipy.special.logsumexp(x, axis=-1)


def disagrees(fault: Fault, x: np.ndarray) -> bool:
    """One ordinary test: does `assert_allclose` raise, or the call itself?"""
    fmt = named(fault.format)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        batch = cast(x, fmt)
        labels = np.full(len(batch), batch.shape[1] - 1)
        right = widen(cast(np.asarray(reference(fault.function, widen(batch), labels)), fmt))
        try:
            arrays = [batch[:, 0], batch[:, 1]] if fault.function == "logaddexp" else [batch.copy()]
            said = fault.call(*arrays, *([labels] if fault.function == "cross_entropy" else []))
            relative, absolute = TOLERANCES[fault.format]
            np.testing.assert_allclose(widen(np.asarray(said)), right, rtol=relative, atol=absolute)
        except Exception:
            return True
    return False


def by_randn(fault: Fault, seconds: float) -> "float | None":
    """Rows of normal numbers until time is up."""
    rng, began = np.random.default_rng(0), time.monotonic()
    while time.monotonic() - began < seconds:
        n = 2 if fault.function == "logaddexp" else int(rng.integers(1, 1001))
        if disagrees(fault, rng.normal(size=(ROWS, n))):
            return time.monotonic() - began
    return None


def by_hypothesis(fault: Fault, seconds: float) -> "float | None":
    """Arrays of any floats, as `hypothesis.extra.numpy` draws them, until time is up."""
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import seed as seeded
    from hypothesis.extra.numpy import array_shapes, arrays
    from hypothesis.strategies import floats

    least = 2 if fault.function == "logaddexp" else int(fault.function != "logsumexp")
    most = 2 if fault.function == "logaddexp" else 64
    shapes = array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=most).filter(lambda shape: shape[1] >= least)
    width = {"float64": 64}.get(fault.format, 32 if fault.format != "float16" else 16)
    elements = floats(width=width)
    began = time.monotonic()

    def ask(x: np.ndarray) -> None:
        assert not disagrees(fault, x)

    chunk = 0
    while time.monotonic() - began < seconds:
        chosen = settings(
            max_examples=50,
            database=None,
            deadline=None,
            phases=(Phase.generate,),
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        try:
            seeded(chunk)(chosen(given(arrays(np.float64, shapes, elements=elements))(ask)))()
        except Exception:  # several at once, where it found more than one, or the fault is not steady
            return time.monotonic() - began
        chunk += 1
    return None


def by_lsecheck(fault: Fault, seconds: float) -> "float | None":
    """`lsecheck fuzz --for SECONDS --first`."""
    began = time.monotonic()
    subject = load(f"lsecheck.faults:{fault.name}")
    found = fuzz(
        subject,
        fault.function,
        fault.format,
        require=fault.require,
        seconds=seconds,
        first=True,
        shrink=False,
        explain=False,
    )
    return time.monotonic() - began if found.counterexamples else None


WAYS: "dict[str, Callable[[Fault, float], float | None]]" = {
    "randn + allclose": by_randn,
    "Hypothesis + allclose": by_hypothesis,
    "lsecheck fuzz": by_lsecheck,
}


def tried(job: "tuple[str, float]") -> Caught:
    """One fault under every way."""
    name, seconds = job
    control = name in CONTROLS
    fault = CONTROLS[name] if control else FAULTS[name]
    return Caught(name, control, {way: test(fault, seconds) for way, test in WAYS.items()})


def report(found: "list[Caught]", seconds: float) -> str:
    """Markdown: how many each way caught, and which ones only some did."""
    faults = [one for one in found if not one.control]
    controls = [one for one in found if one.control]
    body = []
    for way in WAYS:
        times = sorted(seen for one in faults if (seen := one.by[way]) is not None)
        middle = f"{times[len(times) // 2]:.2f} s" if times else "-"
        flagged = sum(one.by[way] is not None for one in controls)
        body.append((way, f"{len(times)} of {len(faults)}", f"{len(times) / len(faults):.0%}", middle,
                     f"{flagged} of {len(controls)}"))  # fmt: skip
    lines = [
        "# Three ways of testing, on the planted faults",
        "",
        f"{len(faults)} planted faults and {len(controls)} honest controls, {seconds:g} s for each under each way,",
        "or until something is reported. The first two compare with SciPy in float64 at PyTorch's tolerances for the",
        "dtype. Written by `scripts/compare_fuzzers.py`.",
        "",
        table(("way", "faults caught", "", "median time to catch", "honest controls flagged"), body),
        "",
        "A control that is flagged is a false alarm: it keeps the contract that it is held to, and the tolerance does",
        "not know how the problem is conditioned, or SciPy itself follows another convention for special values.",
        "",
        "## Fault by fault, where the ways differ",
        "",
    ]
    told = []
    for one in faults:
        marks = tuple("✓" if one.by[way] is not None else "✗" for way in WAYS)
        if len(set(marks)) > 1:
            told.append((f"`{one.name}`", FAULTS[one.name].meaning, *marks))
    lines += [table(("fault", "what is wrong", *WAYS), told), ""]
    return "\n".join(lines)


def main() -> int:
    """Try, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4, help="for each fault and way (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default: %(default)s)")
    parser.add_argument("-o", "--output", type=Path, help="write the result as Markdown")
    given = parser.parse_args()
    jobs = [(name, given.seconds) for name in (*FAULTS, *CONTROLS)]
    with ProcessPoolExecutor(given.workers) as pool:
        found = list(tqdm(pool.map(tried, jobs), total=len(jobs), unit="fault", file=sys.stderr))
    text = report(found, given.seconds)
    print(text)
    if given.output:
        given.output.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
