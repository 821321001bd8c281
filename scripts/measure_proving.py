#!/usr/bin/env python3
"""What a proof costs, stage by stage, and what larger ones would -> reports/proving.json, docs/proving.md.

    scripts/measure_proving.py [--shards K] [--render]

Shards from everywhere in the space are judged one after the other on one core, subjects in turn, so that a busy
machine slows all of them alike; the median of the shards counts. `--render` only rewrites the page.
"""

import argparse
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from tqdm import tqdm

from lsecheck.oracle import engines, fast
from lsecheck.oracle.truth import certify
from lsecheck.prove import Claim
from lsecheck.prove.asking import STAGES, slab
from lsecheck.prove.claim import SHARD
from lsecheck.prove.shard import span
from lsecheck.report import readme
from lsecheck.report.costs import Costs, Rate
from lsecheck.run import environment

ROOT = Path(__file__).resolve().parent.parent
#: subject, function, format, entries of a row
MEASURED = (
    ("naive", "logsumexp", "float16", 2),
    ("max-shift", "logsumexp", "float16", 2),
    ("online", "logsumexp", "float16", 2),
    ("log1p-shift", "logsumexp", "float16", 2),
    ("numpy.logaddexp", "logaddexp", "float16", 2),
    ("scipy", "logsumexp", "float16", 2),
    ("max-shift", "softmax", "float16", 2),
    ("max-shift", "logsumexp", "float16", 3),
    ("max-shift", "logsumexp", "bfloat16", 2),
    ("max-shift", "logsumexp", "bfloat16", 3),
    ("max-shift", "logsumexp", "float8_e4m3fn", 4),
    ("max-shift", "logsumexp", "float32", 1),
)


def rates(shards: int) -> list[Rate]:
    """Nanoseconds a case of each stage."""
    claims = [Claim(subject, function, fmt, n) for subject, function, fmt, n in MEASURED]
    seen: list[list[dict[str, float]]] = [[] for _ in claims]
    with tqdm(total=(shards + 1) * len(claims), unit="shard", file=sys.stderr) as bar:
        for turn in range(shards + 1):
            for claim, taken in zip(claims, seen, strict=True):
                place = (2 * turn + 1) * claim.shards // (2 * (shards + 1))
                start = place * claim.shard
                judged = span(claim, start, min(start + SHARD, claim.space.count))
                cases = judged.evidence.cases
                if turn:  # the first compiles
                    taken.append({stage: 1e9 * judged.stages[stage] / cases for stage in STAGES})
                bar.update()
    return [
        Rate(
            subject=claim.subject,
            function=claim.function,
            format=claim.format,
            n=claim.n,
            stages={stage: statistics.median(each[stage] for each in taken) for stage in STAGES},
        )
        for claim, taken in zip(claims, seen, strict=True)
    ]


def truth_of_pairs(turns: int) -> dict[str, float]:
    """What the truth of a pair of float16 numbers is made of, in nanoseconds."""
    claim = Claim("max-shift", "logsumexp", "float16", 2)
    first = claim.space.count // 3 // slab(claim) * slab(claim)
    batch = claim.space.batch(first, first + slab(claim)).values
    engine = engines.engine(1 << 30)
    known = fast.rows(batch, engine)

    def ns(call: Callable[[], object]) -> float:
        taken = []
        for _ in range(turns):
            began = time.perf_counter()
            call()
            taken.append(1e9 * (time.perf_counter() - began) / len(batch))
        return statistics.median(taken)

    whole = ns(lambda: certify(claim.defined, batch, claim.pair, None))
    sums = ns(lambda: fast.rows(batch, engine))
    rounding = ns(lambda: fast.outputs(claim.defined, known, known.maximum[:, None], claim.pair.output, engine))
    return {"sums and logarithm": sums, "enclosing and rounding": rounding, "records": whole - sums - rounding}


def main() -> int:
    """Measure, write, render."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shards", type=int, default=5, help="of each, beside one that is not counted")
    parser.add_argument("--render", action="store_true", help="only rewrite the page")
    given = parser.parse_args()
    kept, page = ROOT / "reports" / "proving.json", ROOT / "docs" / "proving.md"
    if not given.render:
        known = environment()
        machine = f"{platform.machine()}, Python {known['python']}, NumPy {known['numpy']}, {known['engine']}"
        costs = Costs(machine=machine, shards=given.shards, rates=rates(given.shards), truth=truth_of_pairs(41))
        kept.write_bytes(msgspec.json.format(msgspec.json.encode(costs), indent=1) + b"\n")
    costs = msgspec.json.decode(kept.read_bytes(), type=Costs)
    page.write_text(readme.proving(page.read_text("utf-8"), costs), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
