"""Faults that depend on how many entries there are: tails, caps, single bad widths, indices that wrap.

Left out as unreachable: counts of entries beyond 2^31, which no row here has.
"""

import numpy as np

from lsecheck.faults.bases import Array, Step, logsumexp
from lsecheck.faults.fault import Fault
from lsecheck.formats import FORMATS


def _padded(number: float) -> Step:
    """Tiles of 32 filled up with a number."""
    return lambda v: np.concatenate([v, np.full((len(v), -v.shape[1] % 32), number)], axis=1)


def _repeated(v: Array) -> Array:
    places = np.arange(v.shape[1] + -v.shape[1] % 32)
    return v[:, np.minimum(places, v.shape[1] - 1)]


def _whole_tiles(block: int) -> Step:
    """Only whole tiles are read, if there is one."""
    return lambda v: v[:, : v.shape[1] // block * block or None]


def _one_less(widths: Step) -> Step:
    """The last entry is lost at some widths."""
    return lambda v: v[:, :-1] if widths(v.shape[1]) else v


def _odd(n: int) -> bool:
    return 512 < n < 1024 and n % 2 == 1 and n % 32 != 31


WIDTHS = (
    Fault("tail-padded-zeros", "the last tile of 32 is filled up with zeros",
          "tenstorrent/tt-metal#53218, tile-ai/TileOPs#801", logsumexp(use=_padded(0.0)),
          ("near-zero", "subnormal", "tiny")),
    Fault("tail-padded-lowest", "the last tile of 32 is filled up with the lowest number", "tile-ai/TileOPs#801",
          logsumexp(use=_padded(-FORMATS["float32"].largest)), ("specials",)),
    Fault("tail-repeats-last", "the last tile of 32 reads the last entry again", "tenstorrent/tt-metal#53208",
          logsumexp(use=_repeated), ("near-zero", "subnormal", "tiny")),
    Fault("tail-dropped-4", "only whole groups of 4 are read", "Maratyszcza/NNPACK#174", logsumexp(use=_whole_tiles(4)),
          ("width", "equal", "subnormal"), tiny=False),
    Fault("tail-dropped-128", "only whole tiles of 128 are read", "tensorflow/tensorflow#104247",
          logsumexp(use=_whole_tiles(128)), ("width", "equal", "ordinary"), tiny=False),
    Fault("last-dropped", "the last entry is left out", "LLNL/lbann#1318",
          logsumexp(use=lambda v: v[:, : max(v.shape[1] - 1, 1)]), ("near-zero", "subnormal", "tiny")),
    Fault("n-gt-1024-ignored", "only the first 1024 entries are read", "tile-ai/TileOPs#801",
          logsumexp(use=lambda v: v[:, :1024]), ("width", "equal", "dominant"), tiny=False),
    Fault("n-gt-32767-ignored", "only the first 32767 entries are read", "pytorch/pytorch#84144",
          logsumexp(use=lambda v: v[:, :32767]), ("width",), tiny=False),
    Fault("index-wraps-at-65536", "indices wrap after 16 bits", "pytorch/pytorch#84144, NVIDIA/apex#1568",
          logsumexp(use=lambda v: v[:, np.arange(v.shape[1]) & 0xFFFF]), ("long",), effort="standard", tiny=False),
    Fault("width-513-1023-odd", "one entry is lost at 240 odd widths from 513 to 1021",
          "pytorch/pytorch#147284, pytorch/pytorch#143644", logsumexp(use=_one_less(_odd)), ("width",), tiny=False),
    Fault("rows-ge-2-only", "one entry is lost at odd widths, if there is another row", "pytorch/pytorch#147284",
          logsumexp(use=lambda v: _one_less(_odd)(v) if len(v) > 1 else v), ("width",), tiny=False),
    Fault("tie-exact-power", "one entry is lost at 65536", "pytorch/pytorch#84144",
          logsumexp(use=_one_less(lambda n: n == 65536)), ("width",), effort="standard", tiny=False),
    Fault("lost-at-1700", "one entry is lost at 1700", "pytorch/pytorch#147284",
          logsumexp(use=_one_less(lambda n: n == 1700)), (), tiny=False),
)  # fmt: skip
