"""rows -> who answers bit for bit as somebody else: the same code by another name."""

from collections.abc import Sequence

from lsecheck.rows import Row

#: cases that two subjects must agree on before they count as one
ENOUGH = 100


def found(rows: Sequence[Row]) -> dict[str, str]:
    """Subject -> the first subject that was asked the same and stands alike throughout, in order of rows.

    Alike is bit for bit, with the same findings and the same conduct: nothing that is shown of one
    may be untrue of the other. Who answered nothing is like nobody.
    """
    seen: dict[str, dict[tuple[str, str, str], object]] = {}
    for row in rows:
        seen.setdefault(row.subject, {})[row.function, row.format, row.family] = _standing(row)
    answered = {row.subject for row in rows if sum(row.class_errors.values()) < row.cases}
    first: list[str] = []
    twins = {}
    for subject, standing in seen.items():
        asked = sum(row.cases for row in rows if row.subject == subject)
        if asked < ENOUGH or subject not in answered or not all(standing.values()):
            continue
        known = next((other for other in first if seen[other] == standing), None)
        if known is None:
            first.append(subject)
        else:
            twins[subject] = known
    return twins


def _standing(row: Row) -> object:
    """What two rows must share; None where the answers are not on record."""
    if not row.answers_sha256:
        return None
    conduct = [(one.rule, one.standing, one.ulp, one.message) for one in row.conduct]
    findings = [(one.domain, one.kind, one.expected, one.count) for one in row.findings]
    return row.answers_sha256, row.inputs_sha256, row.options, row.class_errors, conduct, findings


def spoken(twins: dict[str, str]) -> list[str]:
    """A sentence for each."""
    return [
        f"{subject} answers as {other} does, bit for bit, throughout: the same code by another name"
        for subject, other in twins.items()
    ]
