"""a claim -> what shards must have in common to be put together, and a stamp of it.

A subject is known by its files and by what it says to cases from everywhere: a helper that it imports
may have changed, or the processor under it.
"""

import functools
import hashlib
import os
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

import lsecheck
from lsecheck.inputs.batch import Batch
from lsecheck.inputs.exhaustive import Space
from lsecheck.prove import asking
from lsecheck.prove.asking import Asking, ready, slab
from lsecheck.prove.claim import Claim
from lsecheck.run import environment
from lsecheck.subjects.fingerprint import fingerprint

#: cases that a subject is asked before anything is begun, to tell whether it is still the same
PROBES = 1 << 12
#: what an answer or its judgement comes from: another version of these, and a proof cannot go on
_CODE = (
    "formats.py", "functions", "oracle", "inputs", "subjects", "contracts.py", "measure",
    "expectation.py", "charges.py", "rows.py", "prove",
)  # fmt: skip


def probe(claim: Claim) -> str:
    """A digest of what the subject says to cases from everywhere: the same for one that is the same."""
    return _probe(claim, os.getpid())


@functools.cache
def _probe(claim: Claim, _process: int) -> str:
    """Once in each process: a forked one has its parent's memory, and may answer otherwise."""
    return probed(claim)


def probed(claim: Claim) -> str:
    """`probe`, asked anew."""
    space = claim.space
    step = max(space.count // PROBES, 1)
    parts = [space.batch(index, index + 1) for index in range(0, min(space.count, step * PROBES), step)]
    batch = _joined(space, parts)
    said = Asking(claim).answers(batch)
    state = hashlib.sha256(said.trouble.tobytes())
    state.update(np.where(np.isnan(said.values), np.nan, said.values).astype("<f8").tobytes())
    return state.hexdigest()


def about(claim: Claim) -> dict[str, str]:
    """What shards must have in common to be put together: all that a certificate says of where it is from, too."""
    found = {"claim": msgspec.json.encode(_told(claim)).decode(), "code": _code()}
    found |= {"subject": fingerprint(ready(claim)), "size of shards": f"{claim.shard} {slab(claim)}"}
    return found | surroundings(claim) | {"answers": probe(claim)}


def surroundings(claim: Claim) -> dict[str, str]:
    """The environment of a certificate: what answers may depend on; of your file a digest."""
    subject = ready(claim)
    # of the processor it is NumPy's dispatch level that matters; the engine gives the same bits
    found = {name: said for name, said in environment([subject]).items() if name not in ("engine", "processor")}
    return found | ({f"subject {subject.name} sha256": fingerprint(subject)} if subject.given else {})


def stamp(claim: Claim) -> str:
    """A digest of all that."""
    return _stamp(claim, os.getpid())


@functools.cache
def _stamp(claim: Claim, _process: int) -> str:
    return hashlib.sha256(repr(sorted(about(claim).items())).encode()).hexdigest()


def _told(claim: Claim) -> dict[str, Any]:
    return {name: str(getattr(claim, name)) for name in Claim.__dataclass_fields__}


def _code() -> str:
    """Digest of the sources that answer and judge."""
    state = hashlib.sha256(f"{metadata.version('lsecheck')} {np.dtype('f8').byteorder}".encode())
    root = Path(lsecheck.__file__).parent
    for name in _CODE:
        place = root / name
        for path in sorted(place.rglob("*.py")) if place.is_dir() else [place] * place.is_file():
            state.update(path.read_bytes())
    return state.hexdigest()


def _joined(space: Space, parts: "list[Batch]") -> Batch:
    labels = [part.labels for part in parts if part.labels is not None]
    return Batch(
        space.name,
        space.seed,
        np.concatenate([part.indices for part in parts]),
        np.concatenate([part.values for part in parts]),
        np.concatenate(labels) if labels else None,
    )


def forget() -> None:
    """A file may have been edited since the last time. A module stays as it was imported first."""
    asking.forget()
    _probe.cache_clear()
    _stamp.cache_clear()
