"""An engine -> nothing, or a refusal: hard cases whose bits are known.

The fast tier is proved for IEEE arithmetic; a compiler or library that reorders, contracts or
approximates would give other bits. They are the same on every machine, so a digest tells.
"""

import hashlib
from typing import Any

import numpy as np

from lsecheck.errors import EnvironmentRefused
from lsecheck.formats import FORMATS
from lsecheck.functions import FUNCTIONS
from lsecheck.oracle import fast
from lsecheck.oracle.doubledouble import CHUNK
from lsecheck.oracle.engines import Engine

#: of `outcome`: regenerate when the arithmetic changes (tests/oracle/test_engines.py says it)
KNOWN = "59c5b8ae3e897c0ac6eff98c9346b1529f5f7f651b3c0d065aa614b4f2962e59"


def hard_cases() -> "list[Any]":
    """Batches that meet each table entry, each split, gaps of every size and more than one chunk."""
    steps = np.arange(-2048.0, 2048.0)
    return [
        np.array([[0.0, -740.0, -741.0], [1000.0, 1000.0, 1000.0], [-0.6931471805599453, -0.6931471805599453, -80.0],
                  [1.0, -1e300, -np.inf], [2.0**-1074, -(2.0**-1074), 0.0], [3.0, -np.inf, -np.inf],
                  [1.0006, -np.inf, -np.inf], [2.0**-500, -(2.0**-500), -1e3]]),
        np.stack([steps * 0.0, steps * (0.6931471805599453 / 512), steps * 1.25 - 3.0], axis=1),
        (np.arange(2.0 * (CHUNK + 3)) ** 2 % 9973 / 97.0 - 50.0).reshape(2, -1),
    ]  # fmt: skip


@np.errstate(all="ignore")
def outcome(engine: Engine) -> str:
    """The digest of everything the engine computes of the hard cases."""
    state = hashlib.sha256()
    for batch in hard_cases():
        known = fast.rows(batch, engine)
        for name in ("logsumexp", "softmax", "cross_entropy"):
            entries = np.where(batch > -np.inf, batch, known.maximum[:, None])
            for fmt in ("float64", "float16"):
                found = fast.outputs(FUNCTIONS[name], known, entries, FORMATS[fmt], engine)
                for array in (*known.figures, *found):
                    state.update(np.ascontiguousarray(array, "<f8").tobytes())
    return state.hexdigest()


def check(engine: Engine) -> None:
    """`EnvironmentRefused` if the engine does not compute what it is proved to compute."""
    if outcome(engine) != KNOWN:
        raise EnvironmentRefused(
            f"the engine {engine.name} fails its self-test: on this machine it does not compute in IEEE arithmetic"
            " as written, so no certificate of it would hold; try --engine numpy, and report this"
        )
