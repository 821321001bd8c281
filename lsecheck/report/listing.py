"""what there is -> lists for a terminal."""

from tabulate import tabulate

from lsecheck import formats, functions
from lsecheck.contracts import LADDER, MEANING
from lsecheck.inputs.cases import sources
from lsecheck.subjects.adapters import ADAPTERS, install_line, installed
from lsecheck.subjects.methods import METHODS


def subjects() -> str:
    """Built-in methods and adapters, with the functions each has."""
    body = [(name, "built in", ", ".join(table)) for name, table in METHODS.items()]
    for name, line in ADAPTERS.items():
        state = "installed" if installed(name) else install_line(name).partition(": ")[2]
        body.append((name, state, line.judged))
    body.append(("module:function, file.py:function", "yours", "whichever function -F names"))
    return (
        _table(body, ("subject", "", "functions"))
        + "\n\nNAME@FORMAT carries a built-in method in FORMAT: max-shift@float32"
    )


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
           lsecheck explain max-shift 0 -17.738        why an answer is wrong
           lsecheck report                             accuracy reports of every method
           lsecheck list subjects                      what can be judged"""


def _table(body: "object", header: tuple[str, ...]) -> str:
    return tabulate(body, header, tablefmt="simple", disable_numparse=True)


LISTS = {
    "subjects": subjects,
    "functions": all_functions,
    "formats": all_formats,
    "families": families,
    "contracts": all_contracts,
}
