"""arena -> everything that is worth asking of anyone, in order: cheap and telling first.

Families at quick effort with conduct, sweeps in closed form, shapes of batches, laws, and the rest of
the families. The list ends; what is left of a budget goes to the engines that draw and search.
"""

from collections.abc import Callable, Iterator

import numpy as np

from lsecheck import conduct
from lsecheck.arena import LOST, Arena, Heard, Misconduct
from lsecheck.formats import Format
from lsecheck.functions.definition import Floats
from lsecheck.fuzz import sweeps
from lsecheck.fuzz.sweeps import Known, Screened
from lsecheck.inputs import cases, corpus
from lsecheck.inputs.bits import Draw
from lsecheck.inputs.families import CONDUCT, FAMILIES
from lsecheck.laws import LAWS, suspects
from lsecheck.rows import FAILS

Event = Heard | Screened | Misconduct

#: rows and entries of batches: each of them with each
_ROWS = (1, 2, 3, 5, 8, 16, 17, 33, 64)
_COLUMNS = (1, 2, 3, 5, 8, 16, 17, 33, 64)
#: lengths asked one after the other: what was sized by the call before shows
_SEQUENCE = (5, 500, 7, 33, 1, 2, 3000, 2, 600, 40, 1025, 3)
#: a law that was wrong about so many in a row is not asked again
_PATIENCE = 6
#: rows of an accusation that are heard
_ACCUSED = 4


def enumerated(arena: Arena, seed: int) -> Iterator[Event]:
    """The whole list, once."""
    yield from families(arena, "quick", 0)
    yield from shapes(arena)
    if arena.function.labelled:
        yield from swept(arena, sweeps.labels)
    yield from swept(arena, sweeps.masks, sweeps.widths, sweeps.spikes, sweeps.two_runs)
    yield from lawful(arena, seed)
    yield from families(arena, "standard", seed)
    yield from swept(arena, sweeps.long_widths)


def swept(arena: Arena, *wanted: "Callable[[Format], Iterator[Known]]") -> Iterator[Event]:
    """Sweeps, for functions of rows of any length."""
    if arena.function.entries is None:
        for sweep in wanted:
            yield from sweeps.screened(arena, sweep(arena.pair.input))


def families(arena: Arena, effort: str, seed: int) -> Iterator[Event]:
    """Every generated family, the one with the longest rows first where that is no matter of a second;
    those of conduct are asked in other ways too."""
    names = (*FAMILIES, corpus.NAME)
    for name in names if effort == "quick" else sorted(names, key=lambda name: name != "long"):
        for batch in cases.batches(name, arena.function, arena.pair.input, effort, seed):
            heard = arena.judge(batch)
            yield heard
            if name == CONDUCT and "conduct" not in arena.waived:
                yield from _behaviour(arena, heard)


def _behaviour(arena: Arena, heard: Heard) -> Iterator[Event]:
    asked = heard.asked
    for seen in conduct.observe(arena.subject, arena.function, arena.pair, arena.required, asked):
        if seen.standing == FAILS:
            yield Misconduct(seen, asked.batch)


def shapes(arena: Arena) -> Iterator[Event]:
    """Batches of many shapes, rows far apart; then lengths that rise and fall from call to call."""
    fmt = arena.pair.input
    reach = min(fmt.emax * 0.9, fmt.largest / 4)
    columns = (arena.function.entries,) if arena.function.entries else _COLUMNS
    pairs = [(rows, n) for n in columns for rows in _ROWS]
    pairs += [] if arena.function.entries else [(4, n) for n in _SEQUENCE]
    for place, (rows, n) in enumerate(pairs):
        draw = Draw("shapes", 0, np.arange(rows) + 1000 * place)
        values = draw.bell(0, n) * 2 + np.array([0.0, reach, -reach, 3.0])[np.arange(rows) % 4][:, None]
        yield arena.hear(arena.held(values))


def lawful(arena: Arena, seed: int) -> Iterator[Event]:
    """Laws that need no oracle accuse; the oracle hears all that was asked in a contradiction."""
    fmt, function = arena.pair.input, arena.function.name
    if arena.subject.declared.base != "e" or not any(function in law.functions for law in LAWS.values()):
        return
    heard: list[Heard] = []

    def ask(values: Floats) -> Floats:
        answers = arena.answer(values)
        if str(answers.trouble[0] if len(values) else "") in LOST:
            heard.append(arena.hear(values))
        return answers.values

    innocent = dict.fromkeys(LAWS, 0)
    for family in FAMILIES.values():
        if family.name in (CONDUCT, "specials", "long", "width"):
            continue
        source = cases.generated(family, range(1000, 1000 + 8 * len(set(family.widths))), arena.function, fmt, seed)
        for turn, batch in enumerate(batch for batch in source if 2 <= batch.values.shape[1] <= 1000):
            asked = tuple(law for law in LAWS if function in LAWS[law].functions and innocent[law] < _PATIENCE)
            if not asked:
                return
            for law, accused in suspects(ask, batch.values, arena.pair, function, laws=asked, turn=turn):
                found = [arena.hear(each[:_ACCUSED]) for each in accused.batches]
                guilty = any(each.broken.any() for each in found)
                innocent[law.name] = 0 if guilty else innocent[law.name] + 1
                yield from found
            yield Screened(len(batch.values), batch.values.shape[1])
            yield from heard
            heard.clear()
