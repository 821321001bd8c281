"""folder of findings -> asked again, first of all; and findings -> kept there."""

from collections.abc import Iterator
from pathlib import Path

from lsecheck.arena import Arena, Heard
from lsecheck.fuzz.counterexample import Counterexample, Fuzzed
from lsecheck.inputs import cases
from lsecheck.inputs.kept import Kept, numbers, write


def kept(arena: Arena, folder: "Path | None") -> Iterator[Heard]:
    """Every finding of a folder that can be asked of the subject."""
    for batch in cases.kept(folder, arena.function, arena.pair.input) if folder is not None else ():
        if "(" not in batch.plan or "merge" in arena.subject.takes or "plan" not in arena.subject.takes:
            yield arena.judge(batch)


def keep(folder: Path, fuzzed: Fuzzed) -> list[Path]:
    """Write what was found into a folder, a file a case; findings that one row does not show are not kept."""
    found = [write(folder, kept) for one in fuzzed.counterexamples if (kept := _kept(one, fuzzed)) is not None]
    return list(dict.fromkeys(found))


def _kept(one: Counterexample, fuzzed: Fuzzed) -> "Kept | None":
    seen = one.witness
    if one.domain == "conduct" or one.copies == 0 or not isinstance(seen.x, str):
        return None
    values = tuple(numbers(seen.x)) if seen.x else ()
    label = seen.label if isinstance(seen.label, int) else None
    said = f"{one.domain} {one.kind}: {fuzzed.subject} {fuzzed.options}".strip()
    return Kept(values, fuzzed.function, fuzzed.format.partition(":")[0], label, one.copies, one.plan, said)
