"""Options that several commands share."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import click
from click.core import ParameterSource

from lsecheck.oracle import engines
from lsecheck.subjects.loading import Loading

DEFAULT_FORMATS = ("float16", "float32", "float64")


def _options(*decorators: "Callable[[Any], Any]") -> "Callable[[Any], Any]":
    def apply(function: Any) -> Any:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return apply


FUNCTION = click.option(
    "-F", "--function", "function", default="logsumexp", show_default=True, metavar="NAME", help="Which function."
)
FORMATS = click.option(
    "-f", "--format", "pairs", multiple=True, metavar="FORMAT", help="IN, or IN:OUT; may be repeated."
)
SEED = click.option("--seed", type=click.IntRange(0, (1 << 62) - 1), default=0, help="Of the generated families.")
RUN = _options(
    click.option("--family", "families", multiple=True, metavar="NAME", help="Only these families; may be repeated."),
    click.option("--require", default="shifted", metavar="CONTRACT", help="The contract to keep; shifted by default."),
    click.option("--waive", multiple=True, metavar="KIND", help="specials, range or conduct: shown, but no failure."),
    click.option("--effort", default="standard", metavar="EFFORT", help="quick, standard or deep."),
    SEED,
    click.option("--jobs", type=click.IntRange(1), default=1, help="Worker processes."),
)


def given() -> "set[str]":
    """The parameters of the command at work that were on the command line."""
    context = click.get_current_context()
    source = context.get_parameter_source
    return {name for name in context.params if source(name) is ParameterSource.COMMANDLINE}


def loading_options(command: "Callable[..., Any]") -> "Callable[..., Any]":
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
        click.option("--plan", default="", metavar="PLAN", help="How a streaming subject is fed, as '(3,0 5)'."),
        click.option("--base", default="e", metavar="BASE", help="Declared: e, or 2 where it answers log2(sum(exp))."),
        click.option("--flushes-subnormals", is_flag=True, help="Declared: subnormal numbers count as 0."),
        click.option("--nan", default="propagates", metavar="POLICY",
                     help="Declared: propagates, ignored or unspecified."),
    )  # fmt: skip
    return options(packed)


ENGINE = click.option(
    "--engine", default="auto", metavar="ENGINE", envvar="LSECHECK_ENGINE", expose_value=False,
    callback=lambda _context, _option, choice: engines.force(choice),
    help="auto, numpy or numba: what computes the truth; the bits are the same.",
)  # fmt: skip
CORPUS = click.option(
    "--corpus",
    metavar="DIR",
    help="Findings that fuzzing kept, asked first; lsecheck-corpus by default, if it is here.",
)
INPUTS = _options(
    click.option("--inputs", metavar="FILE", help="Logits of your own, .npy or .npz, (rows, n)."),
    click.option("--row", type=int, metavar="K", help="Only row K of --inputs."),
    click.option("--labels", metavar="FILE", help="Labels for cross_entropy, .npy, one integer a row."),
)
