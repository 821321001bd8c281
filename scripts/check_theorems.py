#!/usr/bin/env python3
"""Each bound of docs/numerics.md over every case there is, and a published one that it breaks -> reports/theorems.md.

    scripts/check_theorems.py [--jobs N] [--render]

The bounds of the contracts: from the committed certificates (scripts/make_certificates.py), each of which has the
largest error / bound of the contract that its method is named for. The published bound: here, over the same
cases, against the *correctly rounded* answer: whatever rejects that rejects every implementation. `--render` only
rewrites the page from reports/theorems.json and the certificates.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
from tqdm import tqdm

from lsecheck import formats, workers
from lsecheck.functions.definition import Floats
from lsecheck.measure import errors
from lsecheck.oracle.truth import certify
from lsecheck.prove import Claim
from lsecheck.prove.asking import slab
from lsecheck.report.theorems import Published, hold, page
from lsecheck.rows import Document, from_json

REPORTS = Path(__file__).resolve().parent.parent / "reports"
#: format, entries of a row: where the published bound is tried
SPACES = (
    ("float8_e4m3fn", 2), ("float8_e4m3fn", 3), ("float8_e4m3fn", 4), ("float8_e5m2", 2), ("float8_e5m2", 3),
    ("float8_e5m2", 4), ("float16", 2), ("bfloat16", 2),
)  # fmt: skip
#: by how much an error may pass the bound and not count: figures are good to a few units of float64
SLACK = 2.0**-40


def published(claim: Claim, place: int) -> Published:
    """Of a shard: rows whose correctly rounded LSE lies further from the exact one than u |y + n - min x|.

    Blanchard, Higham & Higham 2021, Theorem 4.2, to first order, as it is usually coded.
    """
    fmt, space = claim.pair.output, claim.space
    start, stop = claim.bounds(place)
    found = Published(format=claim.format, n=claim.n)
    for first in range(start, stop, slab(claim)):
        batch = space.batch(first, min(first + slab(claim), stop))
        truth = certify(claim.defined, batch.values, claim.pair, None)
        measured = errors(truth, formats.widen(truth.rounded))
        error = measured.ulp[:, 0] * formats.ulp(truth.high[:, 0], fmt)
        # y - min x as (a - min x) + log S: of large entries nothing would be left of log S in y
        above = (truth.sums.maximum - batch.values.min(1)[:, None]) + truth.sums.log_total
        bound = fmt.unit_roundoff * (above[:, 0] + claim.n)
        over = np.flatnonzero(~(error <= bound * (1 + SLACK)) & (measured.codes[:, 0] == 0))
        found = found.joined(
            Published(
                format=claim.format,
                n=claim.n,
                cases=len(batch.values),
                broken=len(over),
                worst=float((error[over] / bound[over]).max(initial=0.0)),
                witness=_smallest(batch.values[over], batch.indices[over]),
            )
        )
    return found


def _smallest(
    rows: Floats, indices: "np.ndarray[tuple[int], np.dtype[np.int64]]"
) -> "tuple[float, int, list[str]] | None":
    """The row whose largest magnitude is smallest; of equals the first."""
    if not len(rows):
        return None
    sizes = np.abs(rows).max(1)
    place = int(sizes.argmin())
    return float(sizes[place]), int(indices[place]), [number.hex() for number in rows[place].tolist()]


def searched(jobs: int) -> Iterator[Published]:
    """Every space, shard by shard."""
    for fmt, n in SPACES:
        claim = Claim("max-shift", "logsumexp", fmt, n)
        found = Published(format=fmt, n=n)
        with workers.pool(jobs) as pool, tqdm(total=claim.shards, desc=f"{fmt} n = {n}", file=sys.stderr) as bar:
            for part in pool.map(published, [claim] * claim.shards, range(claim.shards)):
                found = found.joined(part)
                bar.update()
        yield found


def certificates() -> list[Document]:
    """The committed ones."""
    paths = sorted((REPORTS / "certificates").glob("*.json"))
    return [from_json(path.read_bytes(), path.name) for path in paths]


def main() -> int:
    """Search, write, render; 1 if a bound of ours is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--render", action="store_true", help="only rewrite the page")
    given = parser.parse_args()
    kept = REPORTS / "theorems.json"
    if not given.render:
        kept.write_bytes(msgspec.json.format(msgspec.json.encode(list(searched(given.jobs))), indent=1) + b"\n")
    known = msgspec.json.decode(kept.read_bytes(), type=list[Published])
    documents = certificates()
    text = page(documents, known)
    (REPORTS / "theorems.md").write_text(text, "utf-8")
    print(text)
    return 0 if hold(documents) else 1


if __name__ == "__main__":
    sys.exit(main())
