"""document -> the commands that make it again."""

import shlex
from collections.abc import Mapping, Sequence

from lsecheck.functions import FUNCTIONS
from lsecheck.report.words import format_order, named, one_line, typed, typed_name
from lsecheck.rows import Certificate, Document, Row


def shown(command: str) -> str:
    """The command as it can be shown; one with characters that no page shows says so."""
    line = one_line(command)
    return command if command.isprintable() else f"{line}  # a name here has characters that cannot be shown"


def again(document: Document) -> list[str]:
    """Of everything; subjects that were asked alike together."""
    if isinstance(document.certificate, Certificate) and document.rows:
        row = document.rows[0]
        subject, function = typed_name(row.subject), _function([row.function])
        words = ["lsecheck", "prove", subject, *function, "-f", row.format, "--n", str(row.n[0])]
        return [shown(shlex.join([*words, "--require", document.certificate.required, *typed(row.options)]))]
    alike: dict[tuple[str, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    every = _asked(document.rows, "function")
    for subject in dict.fromkeys(row.subject for row in document.rows):
        mine = [row for row in document.rows if row.subject == subject]
        # a method that has not all of the functions is asked with the others, for those it has
        functions = _asked(mine, "function") if ":" in subject else every
        key = mine[0].options, functions, _asked(mine, "format")
        alike.setdefault(key, []).append(subject)
    beside = _beside(document.environment)
    return [_report(subjects, *key, beside) for key, subjects in alike.items()]


def _beside(environment: "Mapping[str, str]") -> tuple[str, ...]:
    """Effort and seed, where they are on record and not what they are anyway."""
    effort, seed = environment.get("effort", ""), environment.get("seed", "0")
    said = ("--effort", effort) if effort.isalpha() else ()
    return said if seed == "0" else (*said, "--seed", seed)


def of_figures(subject: str, function: str, formats: Sequence[str]) -> str:
    """That draws what a page has left out."""
    return _report([subject], "", (function,), tuple(formats))


def _report(
    subjects: Sequence[str], options: str, functions: Sequence[str], formats: Sequence[str], beside: Sequence[str] = ()
) -> str:
    callables = [subject for subject in subjects if not named(subject)]
    if callables:
        return shown(f"lsecheck.check(your_function, formats={list(formats)!r})  # {', '.join(callables)}")
    chosen = [] if set(functions) == set(FUNCTIONS) else _function(functions)
    asked = [word for fmt in formats for word in ("-f", fmt)]
    words = ["lsecheck", "report", *map(typed_name, subjects), *chosen, *asked, *beside, *typed(options)]
    return shown(shlex.join([*words, "-o", "report"]))


def _function(names: Sequence[str]) -> list[str]:
    return [word for name in names for word in ("-F", name)]


def _asked(rows: Sequence[Row], what: str) -> tuple[str, ...]:
    found = dict.fromkeys(str(getattr(row, what)) for row in rows)
    return tuple(sorted(found, key=format_order)) if what == "format" else tuple(found)
