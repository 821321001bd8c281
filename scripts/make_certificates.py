#!/usr/bin/env python3
"""Every committed certificate -> reports/certificates/: `lsecheck prove`, claim by claim.

    scripts/make_certificates.py [--only WORD]... [--jobs N] [--list] [--fresh]

About an hour and a half on two cores, most of it pairs of 16-bit numbers. Interrupted, it goes on where it was; a
claim that stands is not asked again but with --fresh: only its text is rendered again. Exits 1 where a proof could not
be finished; what is not kept, the certificates say, and scripts/check_theorems.py whether that is a bound.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from lsecheck.prove import Claim
from lsecheck.report import certified
from lsecheck.rows import from_json

FOLDER = Path(__file__).resolve().parent.parent / "reports" / "certificates"


class Wanted(NamedTuple):
    """Words of a command line."""

    subject: str
    function: str
    format: str
    n: int
    require: str
    more: "tuple[str, ...]" = ()

    @property
    def name(self) -> str:
        """Of its files."""
        sample = int(self.more[self.more.index("--sample") + 1]) if "--sample" in self.more else None
        ordered, specials = "--ordered" in self.more, "--specials" in self.more
        return Claim(
            self.subject, self.function, self.format, self.n, ordered, specials, sample, required=self.require
        ).name

    @property
    def words(self) -> list[str]:
        """As `lsecheck prove` takes them."""
        fixed = ["-F", self.function, "-f", self.format, "--n", str(self.n), "--require", self.require]
        return [self.subject, *fixed, *self.more]


FLOAT8 = ("float8_e4m3fn", "float8_e5m2")
#: method -> the contract that is named after it
SUMS = {"naive": "shifted", "max-shift": "shifted", "online": "sequential", "log1p-shift": "conditioned"}
OTHER_SUMS = {"online-blocked": "sequential", "pairwise": "sequential", "logaddexp-fold": "folded"}
MAPS = {
    "softmax": {"max-shift": "shifted", "online": "sequential"},
    "log_softmax": {"max-shift": "shifted", "online": "sequential", "log1p-shift": "conditioned"},
}


def wanted() -> list[Wanted]:
    """The quick ones first."""
    small = [
        Wanted(subject, "logsumexp", fmt, n, contract)
        for fmt in FLOAT8
        for n in (2, 3, 4)
        for subject, contract in SUMS.items()
    ]
    small += [
        Wanted(subject, "logsumexp", fmt, 3, contract) for fmt in FLOAT8 for subject, contract in OTHER_SUMS.items()
    ]
    small += [
        Wanted(subject, function, fmt, 3, contract)
        for fmt in FLOAT8
        for function, methods in MAPS.items()
        for subject, contract in methods.items()
    ]
    small += [
        Wanted("log1p-shift", "logsumexp", "float8_e5m2", 3, "conditioned", ("--specials",)),
        Wanted("max-shift", "logsumexp", "float8_e5m2", 3, "shifted", ("--specials",)),
        Wanted("online", "logsumexp", "float8_e5m2", 3, "sequential", ("--ordered",)),
    ]
    single = [Wanted("max-shift", "logsumexp", fmt, 1, "correctly-rounded") for fmt in (*FLOAT8, "float16", "bfloat16")]
    sampled = [
        Wanted(subject, "logsumexp", "float32", 2, contract, ("--sample", "100"))
        for subject, contract in (*SUMS.items(), ("scipy", "conditioned"))
    ]
    pairs = [
        Wanted(subject, "logsumexp", fmt, 2, contract)
        for fmt in ("float16", "bfloat16")
        for subject, contract in SUMS.items()
    ]
    libraries = [
        Wanted("numpy.logaddexp", "logaddexp", "float16", 2, "conditioned"),
        Wanted("numpy.logaddexp.reduce", "logsumexp", "float16", 2, "folded"),
        Wanted("scipy", "logsumexp", "float16", 2, "shifted"),
    ]
    whole = [Wanted("max-shift", "logsumexp", "float32", 1, "correctly-rounded")]
    return [*small, *single, *sampled, *pairs, *libraries, *whole]


def main() -> int:
    """Make what is wanted; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], metavar="WORD", help="claims with all of these words")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--list", action="store_true", help="only say which")
    parser.add_argument("--fresh", action="store_true", help="ask again what is certified already")
    given = parser.parse_args()
    failed = []
    for claim in wanted():
        if not set(given.only) <= set(claim.words):
            continue
        print("lsecheck prove", *claim.words, flush=True)
        kept = FOLDER / f"{claim.name}.json"
        if given.list:
            continue
        if kept.is_file() and not given.fresh:  # its words may have changed since
            found = from_json(kept.read_bytes(), kept.name)
            kept.with_suffix(".txt").write_text(certified.render(found) + "\n", "utf-8")
            continue
        command = [
            sys.executable,
            "-m",
            "lsecheck",
            "prove",
            *claim.words,
            "-o",
            str(FOLDER),
            "--jobs",
            str(given.jobs),
        ]
        done = subprocess.run([*command, *(["--fresh"] if given.fresh else [])], stdout=subprocess.DEVNULL, check=False)
        if done.returncode not in (0, 1):
            failed.append(claim)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
