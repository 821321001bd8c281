"""a gate's verdicts -> GitHub workflow commands, which annotate a run.

One a verdict, the gravest first: GitHub shows ten of a kind, so the last of ours says how many it
leaves out. Where the gate fails there is an error, and where it passes there is none.
"""

from lsecheck.gate.enforce import Gated
from lsecheck.gate.verdicts import FAIL
from lsecheck.report import failures
from lsecheck.report.failures import Failure
from lsecheck.report.words import one_line
from lsecheck.rows import Verdict

#: failures that one annotation names
_SHOWN = 3
ERROR, NOTICE = "error", "notice"


def annotations(gated: Gated, most: int = 10) -> list[str]:
    """Lines to be printed as they are: failures, what is undecided or unmeasured, advice, notes; `most` at most."""
    found = [(ERROR, failures.name(of[0].verdict), _told(of)) for of in _by_verdict(failures.of(gated))]
    left = [told for told in failures.undecided(gated) if told[0].status != FAIL]
    found += [(ERROR, failures.name(verdict), said) for verdict, said in (*left, *failures.unmeasured(gated))]
    level = ERROR if gated.strict else NOTICE
    found += [(level, failures.name(verdict), said) for verdict, said in failures.advice(gated)]
    if gated.status and not found:
        found.append((ERROR, _TITLE, "nothing was measured: a gate without a measurement is no pass"))
    found += [(NOTICE, _TITLE, one_line(note)) for note in gated.notes]
    if len(found) > most:
        rest = found[max(most - 1, 0) :]
        level = ERROR if any(level == ERROR for level, _, _ in rest) else NOTICE
        found = [*found[: max(most - 1, 0)], (level, _TITLE, f"{len(rest)} more: the log has them all")]
    return [f"::{level} title={_property(title)}::{_message(said)}" for level, title, said in found]


def _by_verdict(found: "list[Failure]") -> "list[list[Failure]]":
    groups: dict[tuple[str, str, str], list[Failure]] = {}
    for failure in found:
        groups.setdefault(_key(failure.verdict), []).append(failure)
    return list(groups.values())


def _key(verdict: Verdict) -> tuple[str, str, str]:
    return verdict.function, verdict.subject, verdict.format


def _told(found: "list[Failure]") -> str:
    """The first few failures of a verdict, a line each, and the evidence of the gravest."""
    lines = [f"{failure.place}: {failure.said}" if failure.place else failure.said for failure in found[:_SHOWN]]
    if len(found) > _SHOWN:
        lines.append(f"and {len(found) - _SHOWN} more failure" + "s" * (len(found) > _SHOWN + 1))
    return "\n".join(part for part in (*lines, found[0].evidence) if part)


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


_TITLE = "lsecheck"
