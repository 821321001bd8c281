"""what fuzzing found -> words: each finding with its smallest case, how to see it again, and a ready test."""

import hashlib
import math
import shlex

import msgspec
from tabulate import tabulate

from lsecheck.arena import ANSWER, Arena, Heard
from lsecheck.diagnosis.cause import Diagnosis
from lsecheck.fuzz.counterexample import Counterexample, Effort, Fuzzed, Worst
from lsecheck.report import diagnosed
from lsecheck.report.terms import own_terms
from lsecheck.report.text import block
from lsecheck.report.words import both, entries, family_again, one_line, short
from lsecheck.rows import Witness
from lsecheck.subjects.loading import OPTIONS, PLAIN
from lsecheck.tally import witness

#: kinds that need a process of their own to be seen again
_LOST = ("crashed", "timed-out", "unasked")


def render(fuzzed: Fuzzed, kept: "list[str] | None" = None) -> str:
    """The whole report; the verdict first, numbers of effort last."""
    parts = [verdict(fuzzed)]
    parts += [finding(one, fuzzed, place) for place, one in enumerate(fuzzed.counterexamples, 1)]
    if isinstance(fuzzed.diagnosis, Diagnosis):
        parts.append("\n".join(diagnosed.lines(fuzzed.diagnosis)))
    parts.append(efforts(fuzzed))
    parts.append("\n".join(statistics(fuzzed)))
    if kept:
        parts.append(f"kept, and asked first from now on: {', '.join(kept)}")
    return "\n\n".join(parts)


def verdict(fuzzed: Fuzzed) -> str:
    """One line: who, how much was asked, how many different findings."""
    name = one_line(f"{fuzzed.subject} {fuzzed.function} {fuzzed.format}")
    asked = f"{fuzzed.cases:,} cases" if fuzzed.cases != 1 else "1 case"
    if not fuzzed.counterexamples:
        found = "nothing found" if fuzzed.cases else "nothing was asked"
    else:
        number = len(fuzzed.counterexamples)
        found = f"{number} {'finding' if number == 1 else 'findings'}"
    spent = sum(effort.seconds for effort in fuzzed.efforts)
    line = f"{name}: {found} against {fuzzed.required} in {asked}, {spent:.1f} s, seed {fuzzed.seed}"
    return f"{line}\nended early: {one_line(fuzzed.lost)}" if fuzzed.lost else line


def headline(one: Counterexample) -> str:
    """What is broken, in a clause."""
    if one.domain == "conduct" and not one.expected:
        return f"conduct: {one.kind}"
    if one.kind == "inaccurate":
        return f"{one.domain}: a number that misses it" if one.domain == "contract" else f"{one.domain}: inaccurate"
    if one.expected == ANSWER:
        return f"{one.domain}: {one.kind}"
    return f"{one.domain}: {one.kind} where {one.expected} is right"


def finding(one: Counterexample, fuzzed: Fuzzed, place: int = 1) -> str:
    """One finding as evidence."""
    options = _options(one, fuzzed.options)
    cases = "1 case breaks it so" if one.count == 1 else f"{one.count:,} cases break it so"
    lines = [f"{place}. {headline(one)}   ({one.engine}, after {one.after:,} cases; {cases})"]
    if one.domain == "conduct" and not one.expected:
        return "\n".join([*lines, *_misconduct(one, fuzzed)])
    seen = one.witness
    said = block(
        one_line(fuzzed.subject), fuzzed.function, fuzzed.format, seen, one.expected, one.message, options
    ).splitlines()
    body = [line for line in said[1:] if not line.startswith(("  case ", "  again ", "  library "))]
    decimal = in_decimal(seen)
    lines += [f"   {said[0]}", *([f"   that is    {decimal}"] if decimal else []), *(f" {line}" for line in body)]
    if isinstance(one.excess, float):
        lines.append(f"   excess     {short(one.excess)} of what {fuzzed.required} allows")
    lines += [f"   beside     {one.copies} equal rows in the batch"] if one.copies > 1 else []
    lines += ["   beside     the other rows of the batch it was found in: alone it is answered right"] * (
        one.copies == 0
    )
    lines += [f"   fed        {one.plan}"] if one.plan else []
    if one.found_n != seen.n or one.found != seen.x:
        lines.append(f"   shrunk     from {_counted(one.found_n)}{_at(one)}, {one.tried:,} cases tried")
    command = again(one, fuzzed)
    lines += [f"   again      {command}"] if command else []
    library = own_terms(fuzzed.subject, fuzzed.function, fuzzed.format, seen) if one.copies == 1 else ""
    lines += [f"   library    {library}"] if library else []
    test = ready_test(one, fuzzed)
    return "\n".join([*lines, *(["", *(f"       {line}" for line in test.splitlines())] if test else [])])


def in_decimal(seen: Witness, most: int = 100) -> str:
    """The case in decimals, to 9 digits; '' where hex says it as well, or it is long."""
    parts = [word.partition("*") for word in seen.x.split()] if isinstance(seen.x, str) else []
    numbers = [float.fromhex(value) for value, _, _ in parts]
    if all(number == 0 or not math.isfinite(number) for number in numbers):
        return ""
    text = ", ".join(f"{number:.9g}{star}{count}" for number, (_, star, count) in zip(numbers, parts, strict=True))
    return f"[{text}]" if len(text) <= most else ""


def again(one: Counterexample, fuzzed: Fuzzed) -> str:
    """The command that shows the smallest case again; '' where one row does not show it."""
    seen = one.witness
    if seen.n == 0:
        return family_again(fuzzed.subject, fuzzed.function, fuzzed.format, "specials", _options(one, fuzzed.options))
    if one.copies == 0:  # one row does not show it, its family does
        family = one.address.partition(":")[0]
        options = _options(one, fuzzed.options)
        return family_again(fuzzed.subject, fuzzed.function, fuzzed.format, family, options) if family else ""
    if not isinstance(seen.x, str) or (":" not in fuzzed.subject and not _builtin(fuzzed)):
        return ""
    named = [] if fuzzed.function == "logsumexp" else ["-F", fuzzed.function]
    words = ["lsecheck", "explain", fuzzed.subject, *named, "-f", fuzzed.format]
    words += shlex.split(_options(one, fuzzed.options))
    words += ["--label", str(seen.label)] if isinstance(seen.label, int) else []
    words += ["--copies", str(one.copies)] if one.copies > 1 else []
    return shlex.join([*words, "--", *seen.x.split()]) if seen.x else ""


def ready_test(one: Counterexample, fuzzed: Fuzzed) -> str:
    """A pytest function that fails as long as the finding is there; '' where one row does not show it."""
    seen = one.witness
    if one.copies == 0 or not isinstance(seen.x, str) or one.domain == "conduct":
        return ""
    subject = repr(fuzzed.subject) if ":" in fuzzed.subject or _builtin(fuzzed) else "your_function"
    told = [f"format={fuzzed.format!r}", f"require={fuzzed.required!r}"]
    told += [f"function={fuzzed.function!r}"] if fuzzed.function != "logsumexp" else []
    told += [f"label={seen.label}"] if isinstance(seen.label, int) else []
    told += [f"copies={one.copies}"] if one.copies > 1 else []
    told += [f"plan={one.plan!r}"] if one.plan else []
    told_apart = hashlib.blake2b(f"{seen.x} {one.plan} {seen.label} {one.copies}".encode(), digest_size=3).hexdigest()
    name = "_".join(
        [fuzzed.function, *fuzzed.format.split(":"), _counted(seen.n).replace(" ", "_").replace(",", ""), told_apart]
    )
    given = shlex.split(_options(msgspec.structs.replace(one, plan=""), fuzzed.options))
    apart = (one.kind in _LOST or "MemoryError" in one.message) and "--isolate" not in given
    loading = _loading(["--isolate", *given] if apart else given)
    return "\n".join((
        f"def test_{name}():",
        f'    """Found by lsecheck fuzz: {headline(one)}."""',
        f"    lsecheck.assert_case({subject}, {seen.x!r}, {', '.join(told)}{loading})",
    ))  # fmt: skip


def efforts(fuzzed: Fuzzed) -> str:
    """A line an engine."""
    header = ("engine", "cases", "of those screened", "broken", "seconds", "")
    body = [(e.engine, f"{e.cases:,}", f"{e.screened:,}", f"{e.broken:,}", f"{e.seconds:.1f}", e.note)
            for e in fuzzed.efforts]  # fmt: skip
    return tabulate(body, header, tablefmt="simple", disable_numparse=True, colalign=("left", *["right"] * 4, "left"))


def statistics(fuzzed: Fuzzed) -> list[str]:
    """What the numbers of effort allow to be said, and no more."""
    n = fuzzed.n
    lines = [
        f"covered   {len(fuzzed.families)} families; {n['distinct']:,} lengths from {n['least']:,} to {n['most']:,}"
    ]
    lines += [tail(effort, fuzzed.required) for effort in fuzzed.efforts if effort.engine == "sample" and effort.cases]
    if isinstance(fuzzed.worst, Worst):
        worst = fuzzed.worst
        measure = {"excess": f"error / bound of {fuzzed.required}", "scaled": "E", "ulp": "ulp"}[worst.objective]
        shown = (
            f"x = [{entries(worst.witness)}], got {both(worst.witness.answer)}, should be {both(worst.witness.truth)}"
        )
        lines.append(
            f"worst     {measure} {short(worst.value)}, worst found ({worst.engine}), not the worst there is: {shown}"
        )
    if fuzzed.undecided:
        lines.append(f"undecided {fuzzed.undecided:,} cases that the oracle leaves open: report them")
    return lines


def tail(effort: Effort, required: str) -> str:
    """The statement that independent draws allow, at 95 %."""
    if effort.broken:
        share = effort.broken / effort.cases
        drawn = f"{effort.broken:,} of {effort.cases:,} independent draws"
        return f"sampled   {drawn} broke something: {share:.2%} of the families' cases"
    most = 3 / effort.cases
    return (
        f"sampled   0 of {effort.cases:,} independent draws from the families broke {required}: the share that does is"
        f" below {most:.1e} at 95 % (rule of three); cases of no family are not in it"
    )


def failure(arena: Arena, heard: Heard) -> str:
    """What is wrong with one case, for an assertion."""
    row, (charge, output) = next(iter(heard.charge.items()))
    seen = witness(heard.asked, row, output)
    subject, options = arena.subject.name, arena.subject.options
    said = heard.asked.answers.message if heard.asked.answers.trouble[row] else ""
    lines = block(subject, arena.function.name, str(arena.pair), seen, charge.expected, said, options).splitlines()
    excess = heard.asked.errors.excess[row, output] if heard.asked.errors.excess.shape[1] else float("nan")
    over = f" ({short(float(excess))} of what is allowed)" if excess == excess else ""
    return "\n".join(
        [f"{charge.domain}: {charge.kind} where {charge.expected} is right; required is {arena.required}{over}", *lines]
    )


def _misconduct(one: Counterexample, fuzzed: Fuzzed) -> list[str]:
    seen = one.witness
    lines = [f"   seen       {one_line(one.message)}"]
    if isinstance(seen, Witness):
        lines.append(f"   on         {one.copies} rows of {seen.n}, one of them [{entries(seen)}]")
    lines.append(
        f"   again      {family_again(fuzzed.subject, fuzzed.function, fuzzed.format, 'conduct', fuzzed.options)}"
    )
    return lines


def _options(one: Counterexample, options: str) -> str:
    """What a command must say to see it again: a process of its own only where that is what is lost."""
    words = shlex.split(options)
    if one.kind not in _LOST and "MemoryError" not in one.message:
        words = [word for word in words if word != "--isolate"]
        for name in ("--time-limit", "--memory-limit"):
            if name in words:
                place = words.index(name)
                del words[place : place + 2]
    return shlex.join([*words, *(["--plan", one.plan] if one.plan else [])])


def _loading(words: list[str]) -> str:
    """Options of a command line -> `, loading=lsecheck.Loading(...)`; '' where there are none."""
    told, place = [], 0
    while place < len(words):
        name = next((name for name, option in OPTIONS.items() if option == words[place]), "")
        if isinstance(getattr(PLAIN, name, ""), bool):
            told.append(f"{name}=True")
            place += 1
            continue
        value = words[place + 1]
        told.append(f"{name}={value if isinstance(getattr(PLAIN, name), float) else repr(value)}")
        place += 2
    return f", loading=lsecheck.Loading({', '.join(told)})" if told else ""


def _counted(n: int) -> str:
    return "1 entry" if n == 1 else f"{n:,} entries"


def _at(one: Counterexample) -> str:
    return f" of {one.address}" if one.address else ""


def _builtin(fuzzed: Fuzzed) -> bool:
    from lsecheck.subjects.adapters import ADAPTERS
    from lsecheck.subjects.methods import METHODS

    return fuzzed.subject.partition("@")[0] in METHODS or fuzzed.subject in ADAPTERS
