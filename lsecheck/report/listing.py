"""what there is -> lists for a terminal."""

from collections.abc import Iterable, Mapping

from tabulate import tabulate

from lsecheck import formats, functions
from lsecheck.conduct import rules
from lsecheck.contracts import LADDER, MEANING
from lsecheck.inputs.cases import sources
from lsecheck.subjects.adapters import ADAPTERS, Asked, installed
from lsecheck.subjects.methods import METHODS


def subjects() -> str:
    """Built-in methods and adapters: functions, formats, mode and devices of each."""
    body = [(name, _named(table), "all", "NumPy", "cpu", "built in") for name, table in METHODS.items()]
    for name, line in ADAPTERS.items():
        lines = [
            (_named(alike), " ".join(_SHORT[fmt] for fmt in _SHORT if fmt in held))
            for held, alike in _alike(line.functions)
        ]
        body.append((name, *lines[0], line.mode, " ".join(line.devices), "installed" if installed(name) else "missing"))
        body += [("", *more, "", "", "") for more in lines[1:]]
    body.append(("yours.py:function", "whichever -F names", "all", "", "", "yours"))
    missing = dict.fromkeys(line.module for name, line in ADAPTERS.items() if not installed(name))
    header = ("subject", "functions", "formats", "mode", "can use", "")
    spoken = ", ".join(f"{short} {fmt}" for fmt, short in _SHORT.items() if short != fmt)
    return "\n".join(
        [
            _table(body, header),
            "",
            f"{spoken}; all: float8_e4m3fn and float8_e5m2 too",
            "NAME@FORMAT carries a built-in method in FORMAT: max-shift@float32",
            *([f"what is missing: pip install 'lsecheck[{','.join(missing)}]'"] if missing else []),
        ]
    )


#: formats that libraries have, as short as a column wants them
_SHORT = {"float16": "f16", "bfloat16": "bf16", "float32": "f32", "float64": "f64"}


def _alike(asked: "Mapping[str, Asked]") -> "list[tuple[frozenset[str], list[str]]]":
    """Functions that a library has in the same formats, together."""
    held = dict.fromkeys(each.formats for each in asked.values())
    return [(formats, [name for name, each in asked.items() if each.formats == formats]) for formats in held]


def _named(names: "Iterable[str]") -> str:
    """At most three in a line."""
    listed = list(names)
    return ",\n".join(", ".join(listed[start : start + 3]) for start in range(0, len(listed), 3))


def all_functions() -> str:
    """Functions with their special-value tables."""
    parts = []
    for function in functions.FUNCTIONS.values():
        parts.append(
            f"{function.name}: {function.formula}\n" + _table(function.specials, ("where", "right", "because"))
        )
    return "\n\n".join(parts)


def all_formats() -> str:
    """Formats as data."""
    body = [
        (f.name, f.precision, f"{f.emin}..{f.emax}", f"{f.largest:.6g}", f.overflow.value, ", ".join(f.aliases))
        for f in formats.FORMATS.values()
    ]
    return _table(body, ("format", "p", "exponents", "largest", "overflow", "also called"))


def families() -> str:
    """Families with their reasons and sizes."""
    body = [(name, "/".join(f"{count:,}" for count in cases), reason) for name, reason, cases in sources()]
    return _table(body, ("family", "cases quick/standard/deep", "what it is there for"))


def all_contracts() -> str:
    """The ladder."""
    return _table([(str(contract), MEANING[contract]) for contract in LADDER], ("contract", "meaning, strongest first"))


def conduct() -> str:
    """The rules of conduct."""
    return _table([(name, meaning) for name, meaning, _ in rules()], ("rule", "what is asked for"))


def faults() -> str:
    """The planted faults and the honest controls, each a subject `lsecheck.faults:NAME`."""
    from lsecheck.faults import CONTROLS, FAULTS

    body = [(name, one.function, one.format, one.meaning) for name, one in (FAULTS | CONTROLS).items()]
    return _table(body, ("lsecheck.faults:", "function", "format", "what is wrong, or good"))


def welcome(version: str) -> str:
    """What is here, and what to type next."""
    there = [name for name in ADAPTERS if installed(name)]
    methods, families, known = len(METHODS), len(sources()), len(functions.FUNCTIONS)
    return f"""lsecheck {version}: the accuracy referee for LogSumExp.

here       {methods} methods, {known} functions, {len(formats.FORMATS)} formats, {families} families of hard cases
libraries  {", ".join(there) or "none of " + ", ".join(ADAPTERS)}

next       lsecheck oracle 0 -740                      the exact value
           lsecheck check max-shift -f float32         judge a method
           lsecheck check yours.py:logsumexp           judge your own
           lsecheck fuzz yours.py:logsumexp            break your own
           lsecheck prove yours.py:logsumexp --n 2     ask it every pair of float16 there is
           lsecheck explain max-shift 0 -17.738        why an answer is wrong
           lsecheck report                             accuracy reports of every method
           lsecheck init                               an accuracy gate for your CI
           lsecheck selftest                           the planted faults, and that each is caught
           lsecheck list subjects                      what can be judged"""


def _table(body: "object", header: tuple[str, ...]) -> str:
    return tabulate(body, header, tablefmt="simple", disable_numparse=True)


LISTS = {
    "subjects": subjects,
    "functions": all_functions,
    "formats": all_formats,
    "families": families,
    "contracts": all_contracts,
    "conduct": conduct,
    "faults": faults,
}
