"""words on a command line -> calls, text, an exit status. The only file that prints or exits.

Findings go to stdout, progress and refusals to stderr. Exit status: 0 everything asked for
holds, 1 a finding, 2 your call, file or environment, 3 undecided or failed throughout, 5 nothing
was measured.
"""

import dataclasses
import functools
import io
import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np

from lsecheck import __version__, contracts, formats, functions, gate
from lsecheck.errors import InputError, LsecheckError, UnknownName
from lsecheck.formats import Format
from lsecheck.functions.definition import Function
from lsecheck.inputs import cases, corpus
from lsecheck.inputs.cases import Batch
from lsecheck.oracle import engines
from lsecheck.subjects.loading import Loading

#: what a value looks like: it must never be taken for an option
_VALUE = re.compile(r"-(\d|\.\d|0x|inf|nan)", re.IGNORECASE)
_SHIELD = "\0"


class _Values(click.Command):
    """A command whose arguments may be negative numbers, with or without `--`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        takes_one = {name for p in self.params if isinstance(p, click.Option) and not p.is_flag for name in p.opts}
        shielded, previous = [], ""
        for place, word in enumerate(args):
            if word == "--":
                shielded += args[place:]
                break
            shielded.append(_SHIELD + word if _VALUE.match(word) and previous not in takes_one else word)
            previous = word
        return super().parse_args(ctx, shielded)


class _Group(click.Group):
    """Every refusal of ours becomes one sentence on stderr and its exit status."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["standalone_mode"] = False
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # κ and ✗ on a terminal that has none
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _interrupt)  # so that no worker outlives us
        try:
            status = super().main(*args, **kwargs)
        except LsecheckError as error:
            _refuse(str(error), error.exit_status)
        except click.exceptions.NoArgsIsHelpError as error:  # pragma: no cover - no command asks for it
            _refuse(error.format_message(), 2)
        except click.ClickException as error:
            _refuse(_plain(error), 2)
        except (click.Abort, KeyboardInterrupt):
            _refuse("interrupted: nothing was written", 130)
        except BrokenPipeError:
            # the reader of a pipe went away: not a finding, and nobody to tell
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(0)
        except OSError as error:
            _refuse(f"cannot write: {error.strerror or error}", 2)
        sys.exit(status if isinstance(status, int) else 0)


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _refuse(sentence: str, status: int) -> None:
    click.echo(f"lsecheck: {sentence}", err=True)
    sys.exit(status)


def _plain(error: click.ClickException) -> str:
    message = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    return f"{message}; see '{context.command_path} --help'" if context is not None else message


def _options(*decorators: "Callable[[Any], Any]") -> "Callable[[Any], Any]":
    def apply(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


_FUNCTION = click.option(
    "-F", "--function", "function", default="logsumexp", show_default=True, metavar="NAME", help="Which function."
)
_FORMATS = click.option(
    "-f", "--format", "pairs", multiple=True, metavar="FORMAT", help="IN, or IN:OUT; may be repeated."
)
_SEED = click.option("--seed", type=click.IntRange(0, (1 << 62) - 1), default=0, help="Of the generated families.")
_RUN = _options(
    click.option("--family", "families", multiple=True, metavar="NAME", help="Only these families; may be repeated."),
    click.option("--require", default="shifted", metavar="CONTRACT", help="The contract to keep; shifted by default."),
    click.option("--waive", multiple=True, metavar="KIND", help="specials, range or conduct: shown, but no failure."),
    click.option("--effort", default="standard", metavar="EFFORT", help="quick, standard or deep."),
    _SEED,
    click.option("--jobs", type=click.IntRange(1), default=1, help="Worker processes."),
)


def _loading(command: "Callable[..., Any]") -> "Callable[..., Any]":
    """The options that say how subjects are loaded, handed on as one `loading`."""

    @functools.wraps(command)
    def packed(**given: Any) -> Any:
        chosen = {field.name: given.pop(field.name) for field in dataclasses.fields(Loading)}
        return command(**given, loading=Loading(**chosen))

    options = _options(
        click.option("--call", metavar="WAY", help="axis, batch or row: how a given function is called."),
        click.option("--arrays", default="numpy", metavar="KIND", help="numpy, torch or jax: what it is handed."),
        click.option("--device", default="", metavar="NAME", help="Where torch and jax compute: cpu, cuda, ..."),
        click.option("--isolate", "isolated", is_flag=True, help="Ask in another process: crashes become findings."),
        click.option("--time-limit", "seconds", type=float, default=20.0, metavar="SECONDS",
                     help="A batch may take in another process; 20 by default."),
        click.option("--memory-limit", "gibibytes", type=float, default=4.0, metavar="GIB",
                     help="Another process may hold; 4 by default."),
        click.option("--base", default="e", metavar="BASE", help="Declared: e, or 2 where it answers log2(sum(exp))."),
        click.option("--flushes-subnormals", is_flag=True, help="Declared: subnormal numbers count as 0."),
        click.option("--nan", default="propagates", metavar="POLICY",
                     help="Declared: propagates, ignored or unspecified."),
    )  # fmt: skip
    return options(packed)


_ENGINE = click.option(
    "--engine", default="auto", metavar="ENGINE", envvar="LSECHECK_ENGINE", expose_value=False,
    callback=lambda _context, _option, choice: engines.force(choice),
    help="auto, numpy or numba: what computes the truth; the bits are the same.",
)  # fmt: skip
_INPUTS = _options(
    click.option("--inputs", metavar="FILE", help="Logits of your own, .npy or .npz, (rows, n)."),
    click.option("--row", type=int, metavar="K", help="Only row K of --inputs."),
    click.option("--labels", metavar="FILE", help="Labels for cross_entropy, .npy, one integer a row."),
)


@click.group(cls=_Group, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lsecheck")
@click.pass_context
def main(context: click.Context) -> None:
    """The accuracy referee for LogSumExp: exact truth, ulp errors, named contracts."""
    if context.invoked_subcommand is None:
        click.echo(_welcome())


@main.command(cls=_Values)
@_FUNCTION
@_FORMATS
@click.option("--digits", type=int, default=40, show_default=True, help="Significant decimal digits.")
@click.option("--label", type=int, help="For cross_entropy: the entry that is right.")
@click.argument("values", nargs=-1, metavar="X...", type=click.UNPROCESSED)
def oracle(function: str, pairs: tuple[str, ...], digits: int, label: "int | None", values: tuple[str, ...]) -> None:
    """The exact value for the entries X, and each format's correct rounding.

    X are decimals, hex floats, inf, nan, or V*COUNT for repeats, taken exactly. Each -f rounds X
    to that format first, and says so when that changed it.
    """
    from lsecheck import spoken

    chosen = functions.named(function)
    exact = corpus.parse_values(_bare(values))
    wanted = [formats.pair(text) for text in pairs]
    lines = spoken.exactly(chosen, exact, label, digits)
    for pair in wanted:
        lines += spoken.in_format(chosen, exact, label, pair)
    click.echo("\n".join(lines))


@main.command(name="list")
@click.argument("what", metavar="subjects|functions|formats|families|contracts|conduct")
def list_(what: str) -> None:
    """What there is to choose from."""
    from lsecheck.report import listing

    if what not in listing.LISTS:
        raise UnknownName("list", what, listing.LISTS)
    click.echo(listing.LISTS[what]())


@main.command()
@click.argument("subjects", nargs=-1, required=True, metavar="SUBJECT...")
@_FUNCTION
@_FORMATS
@_RUN
@_loading
@_INPUTS
@_ENGINE
@click.option("--json", "json_file", metavar="FILE", help="Write the result there; - for stdout.")
def check(
    subjects: tuple[str, ...], function: str, pairs: tuple[str, ...], families: tuple[str, ...], require: str,
    waive: tuple[str, ...], effort: str, seed: int, jobs: int, inputs: "str | None",
    row: "int | None", labels: "str | None", json_file: "str | None", loading: Loading,
) -> int:  # fmt: skip
    """Measure SUBJECTs on hard cases, and judge them against a contract.

    SUBJECT is a built-in method or a library (see 'lsecheck list subjects'), package.module:function,
    path/file.py:function, path/lib.so:symbol, or 'exec:command line'.
    """
    from lsecheck.report import text

    if inputs is not None and families:
        raise InputError("--family and --inputs exclude each other: a file has no families")
    if labels is not None and not functions.named(function).labelled:
        raise InputError(f"--labels goes with -F cross_entropy: {function} takes none")
    if json_file not in (None, "-"):
        _writable(Path(str(json_file)))
    result = gate.check(
        list(subjects), function, pairs or _DEFAULT_FORMATS, families or None, effort, require, seed, jobs,
        waive=waive, loading=loading, inputs=_given(inputs, row, labels), progress=_progress,
    )  # fmt: skip
    if json_file == "-":
        click.echo(result.to_json(), nl=False)
        return result.status
    if json_file is not None:
        _write(Path(json_file), result.to_json())
    if not result.rows:
        _refuse(f"nothing was measured: {'; '.join(v.reason for v in result.verdicts)}", gate.EMPTY)
    click.echo(text.render(result.rows, result.verdicts))
    return result.status


@main.command()
@click.argument("subjects", nargs=-1, metavar="[SUBJECT...]")
@click.option("-F", "--function", "chosen", multiple=True, metavar="NAME", help="Only these functions.")
@_FORMATS
@click.option("-o", "--output", default="lsecheck-report", show_default=True, metavar="DIR", help="Where to write.")
@click.option("--effort", metavar="EFFORT", help="By default standard for logsumexp, quick for the others.")
@_SEED
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, help="By default one a core.")
@_loading
@_ENGINE
def report(
    subjects: tuple[str, ...], chosen: tuple[str, ...], pairs: tuple[str, ...], output: str, effort: "str | None",
    seed: int, jobs: int, loading: Loading,
) -> None:  # fmt: skip
    """Write accuracy reports: summary.md and results.json, and the same for real logits.

    Without SUBJECT: every built-in method. A report states what is; it exits 0 whatever it finds.
    """
    from lsecheck import publish

    folder = Path(output)
    _writable(folder / "summary.md")
    written = publish.make(
        subjects or publish.SUBJECTS, chosen, pairs or _DEFAULT_FORMATS,
        effort=effort, seed=seed, jobs=jobs, loading=loading, progress=_progress,
    )  # fmt: skip
    for name, content in written.items():
        _write(folder / name, content)
    click.echo(publish.first_lines(written))
    click.echo(f"written: {', '.join(str(folder / name) for name in written)}")


@main.command(cls=_Values)
@click.argument("subject")
@click.argument("values", nargs=-1, metavar="[X...]", type=click.UNPROCESSED)
@_FUNCTION
@click.option("-f", "--format", "pair", default="float32", show_default=True, metavar="FORMAT", help="IN, or IN:OUT.")
@click.option("--case", "address", metavar="FAMILY:SEED:INDEX", help="A case of a family, in place of X.")
@click.option("--label", type=int, help="For cross_entropy: the entry that is right.")
@click.option("--output", type=int, metavar="I", help="Which output of softmax or log_softmax; the worst by default.")
@_loading
@_INPUTS
def explain(
    subject: str, values: tuple[str, ...], function: str, pair: str, address: "str | None", label: "int | None",
    output: "int | None", inputs: "str | None", row: "int | None", labels: "str | None", loading: Loading,
) -> int:  # fmt: skip
    """Why SUBJECT's answer to one case is this wrong.

    The case is X..., or --case FAMILY:SEED:INDEX, or a row of --inputs.
    """
    from lsecheck.explain import explain as explained
    from lsecheck.report import text
    from lsecheck.subjects import load

    defined, chosen = functions.named(function), formats.pair(pair)
    batch = _one_case(defined, chosen.input, _bare(values), address, label, _given(inputs, row, labels))
    outputs = defined.outputs(batch.values.shape[1])
    if output is not None and not 0 <= output < outputs:
        raise InputError(f"output {output} does not exist: {function} of this case has outputs 0 to {outputs - 1}")
    found = explained(load(subject, loading), defined, chosen, batch, output)
    click.echo(text.explanation(found))
    return gate.FOUND if found.kind or found.contract is contracts.Contract.BROKEN else gate.HOLDS


_DEFAULT_FORMATS = ("float16", "float32", "float64")


def _bare(values: tuple[str, ...]) -> list[str]:
    return [value.removeprefix(_SHIELD) for value in values]


def _one_case(
    function: Function, fmt: Format, values: list[str], address: "str | None", label: "int | None", given: Any
) -> Batch:
    if (address is not None) + bool(values) + (given is not None) != 1:
        raise InputError(
            "explain needs one case: give values X..., or --case FAMILY:SEED:INDEX, or --inputs FILE --row K"
        )
    if address is not None:
        return cases.case(address, function, fmt)
    if given is not None:
        if given.row is None:
            raise InputError("explain needs one row of --inputs: add --row K")
        return next(cases.given(given.path, given.row, given.labels, function, fmt))
    held = np.array([[formats.rounded(fmt, value) for value in corpus.parse_values(values)]])
    labels = function.validate(held, None if label is None else np.array([label]))
    return Batch("given", 0, np.array([0]), held, labels)


def _given(path: "str | None", row: "int | None", labels: "str | None") -> Any:
    from lsecheck.run import Given

    if path is None:
        if row is not None or labels is not None:
            raise InputError("--row and --labels go with --inputs FILE")
        return None
    return Given(path, row, labels)


def _progress(total: int) -> "Callable[[], object]":
    """A bar on stderr while it is a terminal."""
    import tqdm

    tqdm.tqdm.monitor_interval = 0  # no thread: workers may be forked
    bar = tqdm.tqdm(total=total, file=sys.stderr, disable=None, unit="task", leave=False)
    return bar.update


def _writable(path: Path) -> None:
    """Refuse a file that cannot be written, before minutes of work and not after."""
    if not path.name or path.is_dir():
        raise InputError(f"{str(path)!r} is a folder: name a file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path.parent} cannot be written to: {error.strerror}") from None
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"{path.parent} cannot be written to: no permission")


def _write(path: Path, content: str) -> None:
    """Whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_text(content, "utf-8")
        part.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None


def _welcome() -> str:
    from lsecheck.report import listing

    return listing.welcome(__version__)
