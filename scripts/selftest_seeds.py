#!/usr/bin/env python
"""The planted faults under several seeds -> reports/selftest.json and reports/selftest.md.

Some minutes a seed. `--render` only rewrites the page from the committed scores.
"""

import argparse
import os
import sys
import time
from pathlib import Path

from tqdm import tqdm

from lsecheck import selftest
from lsecheck.report import selftested

REPORTS = Path(__file__).resolve().parent.parent / "reports"


def main() -> int:
    """Run, write, print the score; 1 if anything was missed or flagged."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=5, help="how many, from 0 (default: %(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--render", action="store_true", help="only rewrite the page")
    given = parser.parse_args()
    kept = REPORTS / "selftest.json"
    if not given.render:
        runs = []
        for seed in range(given.seeds):
            began = time.monotonic()
            with tqdm(total=len(selftest.names()), unit="fault", desc=f"seed {seed}", file=sys.stderr) as bar:
                scores = selftest.run((), seed, given.jobs, bar.update)
            runs.append(selftest.Run(seed=seed, jobs=given.jobs, seconds=time.monotonic() - began, scores=scores))
        kept.write_text(selftest.to_json(runs), "utf-8")
    runs = selftest.from_json(kept.read_bytes())
    (REPORTS / "selftest.md").write_text(selftested.page(runs), "utf-8")
    for run in runs:
        print(f"seed {run.seed}: {selftested.sentence(run.scores)}; {run.seconds:.0f} s")
    return 0 if all(score.right for run in runs for score in run.scores) else 1


if __name__ == "__main__":
    sys.exit(main())
