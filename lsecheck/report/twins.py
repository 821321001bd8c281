"""rows -> who answers bit for bit as somebody else: the same code by another name."""

from collections.abc import Sequence

from lsecheck.rows import Row

#: cases that two subjects must agree on before they count as one
ENOUGH = 100


def found(rows: Sequence[Row]) -> dict[str, str]:
    """Subject -> the first subject that was asked the same and gave the same bits throughout, in order of rows."""
    said: dict[str, dict[tuple[str, str, str], str]] = {}
    cases: dict[str, int] = {}
    for row in rows:
        said.setdefault(row.subject, {})[row.function, row.format, row.family] = row.answers_sha256
        cases[row.subject] = cases.get(row.subject, 0) + row.cases
    first: dict[tuple[tuple[tuple[str, str, str], str], ...], str] = {}
    twins = {}
    for subject, answers in said.items():
        if cases[subject] < ENOUGH or not all(answers.values()):
            continue
        known = first.setdefault(tuple(answers.items()), subject)
        if known != subject:
            twins[subject] = known
    return twins


def spoken(twins: dict[str, str]) -> list[str]:
    """A sentence for each."""
    return [
        f"{subject} answers as {other} does, bit for bit, throughout: the same code by another name"
        for subject, other in twins.items()
    ]
