"""arena -> rows that Hypothesis makes up, steered towards ever larger errors; an engine where it is installed.

Its stream is not stable between versions: what it finds is judged, shrunk and kept like everything
else, and nothing is ever gated on what it does not find.
"""

from collections.abc import Callable, Iterator
from importlib.util import find_spec

import numpy as np

from lsecheck import formats
from lsecheck.arena import Arena, Heard
from lsecheck.subjects.question import Array

#: examples between two looks at the budget
_EXAMPLES = 25


def note() -> str:
    """Why the engine does nothing, or ''."""
    return "" if find_spec("hypothesis") else "not installed: pip install 'lsecheck[fuzz]'"


def explored(arena: Arena, seed: int) -> Iterator[Heard]:
    """Example after example, without end; none where Hypothesis is not installed."""
    if note():
        return
    from hypothesis import HealthCheck, Phase, given, settings, target
    from hypothesis import seed as seeded
    from hypothesis import strategies as st

    from lsecheck import strategies

    least, most = (arena.function.entries,) * 2 if arena.function.entries else (int(arena.function.labelled), 64)
    heard: list[Heard] = []

    def ask(case: "tuple[Array, str]") -> None:
        row, plan = case
        found = arena.hear(formats.widen(row)[None, :], plan=plan)
        heard.append(found)
        if len(found) and np.isfinite(found.score[0]):
            target(float(min(found.score[0], 1e300)), label=arena.objective)

    fmt = arena.pair.input.name
    rows = strategies.rows(fmt, min_size=least, max_size=most, specials="specials" not in arena.waived)
    takes = arena.subject.takes
    fed = rows.flatmap(lambda row: st.tuples(st.just(row), strategies.plans(len(row), merges="merge" in takes)))
    drawn = fed if "plan" in takes else rows.map(lambda row: (row, ""))
    chunk = 0
    while True:
        chosen = settings(
            max_examples=_EXAMPLES,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.target),
            suppress_health_check=list(HealthCheck),
        )
        run: Callable[[], None] = seeded(seed * 1_000_003 + chunk)(chosen(given(drawn)(ask)))
        run()
        chunk += 1
        yield from heard
        heard.clear()
