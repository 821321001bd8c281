#!/usr/bin/env python3
"""How much the measured errors of honest code differ between NumPy's dispatch levels: reports/dispatch.md.

The level is chosen when NumPy is loaded, so each is measured in a process of its own:

    scripts/measure_dispatch.py > reports/dispatch.md
"""

import os
import subprocess
import sys
from pathlib import Path

from lsecheck import check
from lsecheck.gate import baseline
from lsecheck.report.words import table

#: naive is left out: it keeps no contract, and where exp underflows its E differs by 160
METHODS = ("max-shift", "online", "pairwise", "log1p-shift", "logaddexp-fold")
LEVEL = "X86_V3"  # AVX2 and FMA


def measured() -> str:
    """The baseline of the methods at this process's level."""
    rows, record = [], {}
    for method in METHODS:
        result = check(method, formats=("float16", "float32", "float64"), effort="standard")
        rows += result.rows
        record = result.environment
    return baseline.write(baseline.of(rows, record))


def page(one: baseline.Baseline, other: baseline.Baseline) -> str:
    """The largest differences of each measure."""
    body = []
    for name in baseline.MEASURES:
        pairs = [(one.lines[key].measures.get(name), other.lines[key].measures.get(name)) for key in one.lines]
        known = [(a, b) for a, b in pairs if a is not None and b is not None and max(a, b) > 0]
        ratios = [max(pair) / max(min(pair), 1e-300) for pair in known]
        body.append(
            (
                name,
                f"{len(known)}",
                f"{sum(ratio > 1.25 for ratio in ratios)}",
                f"{max(ratios):.3g}",
                f"{max(abs(a - b) for a, b in known):.3g}",
            )
        )
    changed = sum(one.lines[key].contract != other.lines[key].contract for key in one.lines)
    header = ("measure", "rows", "differ by more than 1.25", "largest ratio", "largest difference")
    return (
        "# Errors between NumPy's dispatch levels\n\n"
        f"{', '.join(METHODS)} at standard effort, measured with `{one.dispatch}` and with `{other.dispatch}`"
        " (scripts/measure_dispatch.py). The answers differ in their last bits, the truths do not.\n\n"
        f"{table(header, body)}\n\n"
        f"The strongest contract that every case of a row kept differs in {changed} of {len(one.lines)} rows."
        f" Across levels the gate compares the proven contracts and E, with an allowance of {baseline.ELSEWHERE:g}.\n"
    )


def main() -> None:
    """Measure at both levels and print the page."""
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(measured(), "utf-8")
        return
    known = []
    for name, disabled in (("all", ""), ("less", LEVEL)):
        place = Path(f"/tmp/lsecheck-dispatch-{name}.txt")
        environment = os.environ | {"NPY_DISABLE_CPU_FEATURES": disabled}
        subprocess.run([sys.executable, __file__, str(place)], check=True, env=environment)
        known.append(baseline.read(place.read_text("utf-8"), str(place)))
    print(page(*known))


if __name__ == "__main__":
    main()
