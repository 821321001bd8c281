"""scores of planted faults -> tables: what catches each, how soon, and the smallest case that shows it."""

from collections.abc import Sequence
from statistics import median

from tabulate import tabulate

from lsecheck.report.words import table
from lsecheck.selftest import Run, Score

_HEADER = ("fault", "caught by its families", "seconds", "and by fuzzing", "after cases", "seconds", "smallest case")


def render(scores: Sequence[Score], seconds: float) -> str:
    """For a terminal: everything that went wrong in full, one line a fault, one line in all."""
    faults, controls = _split(scores)
    parts = []
    if faults:
        parts.append(_plain(_HEADER, [_line(score) for score in faults]))
    if controls:
        body = [(score.name, score.flagged or "not flagged", f"{score.cases:,}") for score in controls]
        parts.append(_plain(("honest control", "", "cases"), body))
    parts += [f"MISSED  {score.name}: {score.meaning}; {missed(score)}" for score in faults if not score.right]
    parts += [f"note    {score.name}: {missed(score)}" for score in faults if score.right and missed(score)]
    parts += [f"FLAGGED {score.name}: {score.flagged}" for score in controls if not score.right]
    parts.append(f"lsecheck selftest: {sentence(scores)}; {seconds:.0f} s")
    return "\n\n".join(parts)


def sentence(scores: Sequence[Score]) -> str:
    """The score in words."""
    faults, controls = _split(scores)
    said = [f"{sum(score.right for score in faults)} of {len(faults)} planted faults caught"]
    if controls:
        said.append(f"{sum(not score.right for score in controls)} of {len(controls)} honest controls flagged")
    found = [score for score in faults if score.engine]
    if found:
        said.append(f"fuzzing alone caught {len(found)}")
    small = [score.n for score in found if score.tiny]
    if small:
        said.append(f"median smallest case {median(small):g} entries where 3 can show it")
    return ", ".join(said)


def missed(score: Score) -> str:
    """What should have caught a fault and did not."""
    silent = [family for family, caught in score.families.items() if not caught]
    said = [f"not by {', '.join(silent)}"] if silent else []
    return "; ".join([*said, *([] if score.engine else [f"not by fuzzing in {score.cases:,} cases"])])


def page(runs: "Sequence[Run]") -> str:
    """Markdown of several seeds: a line a seed, then the first seed's faults one by one."""
    header = (
        "seed",
        "faults caught",
        "by fuzzing alone",
        "by a family alone",
        "by each family named",
        "controls flagged",
        "slowest catch",
        "median smallest case",
        "",
    )
    body = []
    for run in runs:
        faults, controls = _split(run.scores)
        small = [score.n for score in faults if score.tiny and score.engine]
        body.append((
            str(run.seed),
            f"{sum(score.right for score in faults)} of {len(faults)}",
            f"{sum(bool(score.engine) for score in faults)} of {len(faults)}",
            f"{sum(any(score.families.values()) for score in faults)} of {len(faults)}",
            f"{sum(all(score.families.values()) and bool(score.families) for score in faults)} of {len(faults)}",
            f"{sum(not score.right for score in controls)} of {len(controls)}",
            f"{max((score.seconds for score in faults), default=0):.1f} s",
            f"{median(small):g} entries" if small else "-",
            f"{run.seconds:.0f} s, {run.jobs} processes",
        ))  # fmt: skip
    faults, controls = _split(runs[0].scores)
    rows = []
    for score in faults:
        families = ", ".join(name if caught else f"not {name}" for name, caught in score.families.items())
        fuzzed = f"{score.engine}, {score.cases:,}" if score.engine else "no"
        rows.append((f"`{score.name}`", score.meaning, families or "-", fuzzed, _case(score), score.recalls))
    told = [
        (f"`{score.name}`", score.meaning, score.flagged or "not flagged", f"{score.cases:,}") for score in controls
    ]
    return "\n".join((
        "# The planted faults, and what catches them",
        "",
        "Each is one line of wrongness on a good implementation, as code has really been wrong; the threads that it",
        "recalls are beside it. It is put to each family that is there for it, alone, and it is fuzzed: 'fuzzing' has",
        "the engine that found it and the cases asked by then. The families named are those that catch it under",
        "seed 0, which tests demand; another seed draws other rows, and a family of few cases may then miss. Seconds",
        "are of a machine with other work. Written by `scripts/selftest_seeds.py`; `lsecheck selftest` runs one seed.",
        "",
        table(header, body),
        "",
        f"## One by one (seed {runs[0].seed})",
        "",
        table(("fault", "what is wrong", "families", "fuzzing, cases", "smallest case", "recalls"), rows),
        "",
        "## Honest controls, which must not be flagged",
        "",
        table(("control", "what it is", "", "fuzzed with cases"), told),
        "",
    ))  # fmt: skip


def _split(scores: Sequence[Score]) -> tuple[list[Score], list[Score]]:
    return [score for score in scores if not score.control], [score for score in scores if score.control]


def _line(score: Score) -> tuple[str, ...]:
    families = " ".join(name if caught else f"NOT-{name}" for name, caught in score.families.items()) or "-"
    fuzzed = f"{score.engine}: {score.finding}" if score.engine else "NO"
    asked = f"{score.cases:,}"
    return score.name, families, f"{score.check_seconds:.1f}", fuzzed, asked, f"{score.fuzz_seconds:.1f}", _case(score)


def _case(score: Score) -> str:
    if not score.engine:
        return "-"
    text = score.x if len(score.x) <= 44 else f"{score.x[:30]} …"
    return f"[{', '.join(text.split())}]" if len(score.x) <= 44 else f"{score.n:,} entries"


def _plain(header: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    return tabulate(body, header, tablefmt="simple", disable_numparse=True)
