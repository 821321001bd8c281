"""arena -> a streaming subject fed in every way: cut anywhere, merged in any tree, empty chunks included."""

from collections.abc import Iterator

import numpy as np

from lsecheck.arena import Arena, Heard
from lsecheck.functions.definition import Floats
from lsecheck.inputs.bits import Draw
from lsecheck.inputs.families import FAMILIES
from lsecheck.subjects.streaming import Leaf, Merge, Plan

#: plans worth a try before any is drawn: (n, plan)
_FIRST = (
    (2, "1,1"), (2, "0,2"), (2, "2,0"), (2, "(1 1)"), (2, "(0 2)"), (2, "(2 0)"), (2, "(() 2)"), (2, "(2 ())"),
    (1, "(() 1)"), (1, "0,0,1,0"), (4, "(2 2)"), (4, "((1 1) (1 1))"), (4, "(1 (1 (1 1)))"), (3, "1,1,1"),
    (0, "(() ())"), (0, "0,0"),
)  # fmt: skip
_FAMILIES = ("ordinary", "masked", "blocks", "wide", "specials", "ordered", "near-zero", "sentinel", "extremes")
#: entries that a family can build
_MOST = {"near-zero": 64, "extremes": 8}
_LENGTHS = (2, 3, 4, 6, 8, 12, 17, 33, 64, 130)
_ROWS = 48


def chunked(arena: Arena, seed: int) -> Iterator[Heard]:
    """Batches without end for a subject that streams; none for another."""
    if "plan" not in arena.subject.takes:
        return
    merges = "merge" in arena.subject.takes
    for n, plan in _FIRST:
        if merges or "(" not in plan:
            yield arena.hear(_telling(arena, n), plan=plan)
    turn = 0
    while True:
        draw = Draw("chunks", seed, np.arange(_ROWS) + turn * _ROWS)
        n = _LENGTHS[int(draw.integers(0, 0, len(_LENGTHS))[0, 0])]
        plan = str(drawn(Draw("plan", seed, np.array([turn])), n, merges))
        yield arena.hear(arena.held(_values(arena, draw, n, turn)), plan=plan)
        turn += 1


def _telling(arena: Arena, n: int) -> Floats:
    """Short rows of what chunks may hold: nothing, masks, any size, any order."""
    pool = [-np.inf, 0.0, -1000.0, 1000.0, 3.0, np.nan, np.inf]
    rows = np.array(np.meshgrid(*[pool] * n)).reshape(n, -1).T if n else np.empty((2, 0))
    if not arena.pair.input.has_infinity:
        rows = rows[~np.isinf(rows).any(-1)]
    return arena.held(rows[: 7**3])


def _values(arena: Arena, draw: Draw, n: int, turn: int) -> Floats:
    name = _FAMILIES[turn % len(_FAMILIES)]
    if name == "specials":
        pool = np.array([np.nan, np.inf, -np.inf, -np.inf, -np.inf, 0.0, 1.0, -5.0])
        return pool[draw.integers(9, 0, len(pool), n)]
    if n > _MOST.get(name, n):
        name = "ordinary"
    return FAMILIES[name].build(draw, n, arena.pair.input)


def drawn(draw: Draw, n: int, merges: bool, depth: int = 0, stream: int = 100) -> Plan:
    """A random plan for n entries: a leaf of some chunks, or a merge of two plans."""
    part = draw.integers(stream, 0, 1 << 20, 4)[0]
    if merges and depth < 5 and (n > 1 or part[0] % 8 == 0) and part[1] % 8 < (7 if depth == 0 else 4):
        cut = int(part[2] % (n + 1))
        left = drawn(draw, cut, merges, depth + 1, 2 * stream + 1)
        return Merge(left, drawn(draw, n - cut, merges, depth + 1, 2 * stream + 2))
    count = int(part[2] % 5) if depth else 1 + int(part[2] % 6)
    if count == 0:
        return Leaf() if n == 0 else Leaf((n,))
    cuts = np.sort(draw.integers(stream + 50_000, 0, n + 1, count - 1)[0]) if count > 1 else np.empty(0, np.int64)
    sizes = np.diff(np.concatenate([[0], cuts, [n]]))
    return Leaf(tuple(int(size) for size in sizes))
