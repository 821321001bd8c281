"""numbers, names -> the words that every report uses for them."""

import math
import re
import shlex
from collections.abc import Sequence

from lsecheck import formats, functions
from lsecheck.contracts import Contract
from lsecheck.inputs.cases import sources
from lsecheck.rows import ABSENT, Absent, Row, Verdict, Witness
from lsecheck.subjects.adapters import ADAPTERS
from lsecheck.subjects.methods import METHODS

MARKS = {"pass": "✓", "fail": "✗", "waived": "waived", "unmeasured": "-"}


def short(number: "float | Absent | None") -> str:
    """Three digits, or a dash where no number exists."""
    if number is None or number is ABSENT or not isinstance(number, float | int):
        return "-"
    return f"{number:.3g}"


def both(text: str, digits: int = 9) -> str:
    """A hex float with its decimal beside it."""
    number = float.fromhex(text)
    return f"{text}  {number:.{digits}g}" if math.isfinite(number) else text


def fault_or_mathematics(scaled: float, condition: "float | Absent") -> str:
    """One clause on whether the inputs or the implementation are to blame."""
    kappa = f"κ {short(condition)}" if isinstance(condition, float) else "κ unbounded"
    if not scaled > 1:
        return f"{kappa}: as good as the inputs allow"
    if scaled <= 8:
        return f"{kappa}: close to what the inputs allow"
    return (
        f"{kappa}: the problem is easy, the method is not"
        if isinstance(condition, float) and condition < 1e3
        else (f"{kappa}: a hard problem, and the method makes it worse")
    )


def again(subject: str, function: str, fmt: str, seen: Witness, options: str = "", copies: int = 1) -> str:
    """The command that shows this case again; for a callable that has no name on a command line, the call.

    copies    equal rows that it takes
    """
    if not named(subject):
        return family_again(subject, function, fmt, seen.case.partition(":")[0]) + f"  # {seen.case}"
    command = _command("explain", subject, function, fmt, options)
    written = isinstance(seen.x, str) and bool(seen.x)
    nowhere = seen.case.partition(":")[0] in _NOWHERE
    known = functions.FUNCTIONS.get(function)
    # an output that is not named would be the worst, which another may be
    command += ["--output", str(seen.output)] if known and known.elementwise and seen.n > 1 else []
    command += ["--copies", str(copies)] if copies > 1 else []
    if isinstance(seen.x, str) and written and (nowhere or len(seen.x) <= 120):
        if isinstance(seen.label, int):
            command += ["--label", str(seen.label)]
        return shlex.join([*command, "--", *seen.x.split()])
    return shlex.join([*command, "--case", _EMPTY if nowhere and not seen.n else seen.case])


#: families of cases that come from no family: an address there leads nowhere
_NOWHERE = ("fuzz", "given")
#: the row of no entries
_EMPTY = "specials:0:0"


def family_again(subject: str, function: str, fmt: str, family: str, options: str = "") -> str:
    """The command, or call, that asks a whole family again."""
    if not named(subject):
        return f"lsecheck.check(your_function, {function!r}, {fmt!r}, families=[{family!r}])"
    return shlex.join([*_command("check", subject, function, fmt, options), "--family", family])


def named(subject: str) -> bool:
    """Whether the subject has a name that a command line understands."""
    return subject.partition("@")[0] in METHODS or subject in ADAPTERS or ":" in subject


def _command(verb: str, subject: str, function: str, fmt: str, options: str) -> list[str]:
    named = [] if function == "logsumexp" else ["-F", function]
    return ["lsecheck", verb, typed_name(subject), *named, "-f", fmt, *typed(options)]


def typed_name(subject: str) -> str:
    """A subject as it can be typed: a file whose name begins like an option is in this folder."""
    return f"./{subject}" if subject.startswith("-") else subject


def typed(options: str) -> list[str]:
    """Options as words; those that no shell could have typed are split at blanks."""
    try:
        return shlex.split(options)
    except ValueError:
        return options.split()


def entries(seen: Witness, most: int = 100) -> str:
    """The case's values as they are written in a report."""
    if not isinstance(seen.x, str):
        return f"{seen.n:,} entries"
    if not seen.x:
        return "no entries"
    text = ", ".join(seen.x.split())
    return text if len(text) <= most else f"{seen.n:,} entries: {text[: most - 20].rsplit(',', 1)[0]}, …"


def decimals(seen: Witness, most: int) -> str:
    """The case's values in decimal, to nine digits; '' where they are not written out in so many characters."""
    if not isinstance(seen.x, str) or not seen.x:
        return ""
    words = []
    for word in seen.x.split():
        value, _, count = word.partition("*")
        words.append(f"{float.fromhex(value):.9g}{' × ' + count if count else ''}")
    text = f"[{', '.join(words)}]"
    return text if len(text) <= most + 2 else ""


def sentences(verdicts: "Sequence[Verdict]") -> list[str]:
    """The verdict in words, a sentence a function: subjects that stand alike together, the best first."""
    said = []
    for function in dict.fromkeys(verdict.function for verdict in verdicts):
        mine = [verdict for verdict in verdicts if verdict.function == function]
        standing: dict[str, dict[str, list[str]]] = {}
        for verdict in mine:
            standing.setdefault(verdict.subject, {}).setdefault(verdict.contract, []).append(verdict.format)
        alike: dict[str, list[str]] = {}
        for subject, kept in sorted(standing.items(), key=lambda item: min(map(_rung, item[1]))):
            alike.setdefault(_kept(kept), []).append(subject)
        parts = [f"{_joined(names)} {'keep' if len(names) > 1 else 'keeps'} {what}" for what, names in alike.items()]
        wrong = [subject for subject in standing if any(v.subject == subject and v.specials == "fail" for v in mine)]
        tail = f" Special values are wrong in {_joined(wrong)}." if wrong else ""
        said.append(f"{function}: {'; '.join(parts)}.{tail}")
    return said


def at_best(verdicts: "Sequence[Verdict]") -> str:
    """What nothing keeps, and the strongest contract that something does; '' where nothing is missed."""
    known = [verdict.contract for verdict in verdicts if verdict.contract in tuple(Contract)]
    best = min(known, key=_rung, default="")
    if not best:
        return "Nothing was measured that counts towards a contract."
    if best == Contract.BROKEN:
        return "Nothing keeps a contract."
    if best == Contract.CORRECTLY_ROUNDED:
        return ""
    return f"Nothing is correctly rounded throughout; the strongest contract that anything keeps is {best}."


def of_subject(verdicts: "Sequence[Verdict]") -> str:
    """What one subject keeps, in a sentence: functions that stand alike together, the best first."""
    standing: dict[str, dict[str, list[str]]] = {}
    for verdict in verdicts:
        standing.setdefault(verdict.function, {}).setdefault(verdict.contract, []).append(verdict.format)
    alike: dict[str, list[str]] = {}
    for function, kept in sorted(standing.items(), key=lambda item: min(map(_rung, item[1]))):
        alike.setdefault(_kept(kept), []).append(function)
    everywhere = len(alike) == 1
    told = "; ".join(what if everywhere else f"{what} ({_joined(names)})" for what, names in alike.items())
    said = [f"Keeps {told}{' everywhere' if everywhere and len(standing) > 1 else ''}."]
    for domain, words in _APART.items():
        wrong = list(dict.fromkeys(v.function for v in verdicts if getattr(v, domain) == "fail"))
        where = "" if len(wrong) == len(standing) else f" in {_joined(wrong)}" if wrong else ""
        said += [f"{words}{where}."] if wrong else []
    return " ".join(said)


_APART = {
    "specials": "Special values are wrong",
    "range": "Sums that leave the storage format are wrong",
    "conduct": "Conduct fails",
}


def _kept(kept: "dict[str, list[str]]") -> str:
    spoken = {str(Contract.BROKEN): "no contract", "unmeasured": "nothing that could be measured"}
    if len(kept) == 1:
        return spoken.get(next(iter(kept)), next(iter(kept)))
    return ", ".join(f"{spoken.get(name, name)} in {_joined(held)}" for name, held in kept.items())


def _rung(contract: str) -> int:
    return Contract(contract).rung if contract in tuple(Contract) else len(Contract)


def _joined(names: "list[str]") -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def sampled(row: Row) -> str:
    """No maximum is shown without saying of what."""
    return "exhaustive" if row.exhaustive else "sampled"


def measured(rows: Sequence[Row]) -> str:
    """How much was asked, and what a maximum is worth."""
    asked = {(row.function, row.format, row.family): row.cases for row in rows}
    how = " and ".join(sorted({sampled(row) for row in rows}))
    families = len({row.family for row in rows})
    worth = "the worst there is" if how == "exhaustive" else "the worst found among them, no more"
    return (
        f"Measured: {sum(asked.values()):,} cases from {families} famil{'ies' if families != 1 else 'y'}, each put to"
        f" every method ({how}: every maximum below is {worth})."
    )


def widths(row: Row) -> str:
    """Entries of the row's cases."""
    low, high = row.n
    return str(low) if low == high else f"{low} to {high}"


def family_order(name: str) -> int:
    """Families as they are listed; those of the user last."""
    known = [source.name for source in sources()]
    return known.index(name) if name in known else len(known)


def format_order(name: str) -> int:
    """Formats as they are listed; pairs last."""
    return [*formats.FORMATS].index(name) if name in formats.FORMATS else len(formats.FORMATS)


def one_line(text: str) -> str:
    """Printable, and without a line break: what a subject said must not look like a line of ours."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def plain(text: str) -> str:
    """Words in Markdown that are nothing but words, whatever is in them: no code, link, picture or element."""
    return re.sub(r"([\\`*\[\]<])", r"\\\1", one_line(text)).replace("&", "&amp;")


def code(text: str) -> str:
    """A Markdown code span, whatever is in it."""
    line = one_line(text)
    ticks = "`" * (_longest_run(line) + 1)
    inside = f" {line} " if line.startswith("`") or line.endswith("`") else line
    return f"{ticks}{inside}{ticks}" if line else ""


def fenced(text: str) -> str:
    """A Markdown block of code, whatever is in it."""
    ticks = "`" * max(_longest_run(text) + 1, 3)
    return f"{ticks}text\n{text}\n{ticks}"


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def table(header: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A Markdown table, cells not padded: one long witness would widen every line."""
    lines = [header, ["---"] * len(header), *body]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
