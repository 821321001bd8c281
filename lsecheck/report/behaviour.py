"""rows -> how each subject behaved: the table of conduct, which text and Markdown share."""

from collections.abc import Sequence

from lsecheck.report.words import short
from lsecheck.rows import FAILS, HOLDS, NOTED, Observation, Row

HEADER = ("conduct of", "function", "format", "fails", "noted", "holds")


def body(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """A line for each subject x function x format that was asked for its conduct."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.subject, row.function, row.format), []).append(row)
    lines: list[tuple[str, ...]] = []
    for key, members in groups.items():
        seen = merged(members)
        wrong = [finding.kind for row in members for finding in row.findings if finding.domain == "conduct"]
        if not seen and not wrong:
            continue
        fails = [*dict.fromkeys(wrong), *(one.rule for one in seen if one.standing == FAILS)]
        noted = [_noted(one) for one in seen if one.standing == NOTED]
        held = sum(one.standing == HOLDS for one in seen)
        lines.append((*key, ", ".join(fails) or "-", "; ".join(noted) or "-", f"{held} of {len(seen)}"))
    return lines


def merged(rows: Sequence[Row]) -> list[Observation]:
    """The observations of several rows, the worst of each rule."""
    worst: dict[str, Observation] = {}
    for seen in (seen for row in rows for seen in row.conduct):
        known = worst.get(seen.rule)
        if known is None or _ORDER.index(seen.standing) > _ORDER.index(known.standing):
            worst[seen.rule] = seen
    return list(worst.values())


def _noted(seen: Observation) -> str:
    if isinstance(seen.ulp, float):
        return f"{seen.rule} {short(seen.ulp)} ulp"
    return f"{seen.rule}: {seen.message}"


_ORDER = (HOLDS, NOTED, FAILS)
