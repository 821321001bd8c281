"""Commands about single cases and names: oracle, list, explain."""

from typing import Any

import click
import numpy as np

from lsecheck import contracts, formats, functions, gate
from lsecheck.cli.app import Values, bare, main
from lsecheck.cli.files import given_file
from lsecheck.cli.options import FORMATS, FUNCTION, INPUTS, loading_options
from lsecheck.errors import InputError, UnknownName
from lsecheck.formats import Format
from lsecheck.functions.definition import Function
from lsecheck.inputs import cases
from lsecheck.inputs.batch import Batch
from lsecheck.inputs.corpus import parse_values
from lsecheck.inputs.kept import rounded_values
from lsecheck.subjects.loading import Loading


@main.command(cls=Values)
@FUNCTION
@FORMATS
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
    exact = parse_values(bare(values))
    wanted = [formats.pair(text) for text in pairs]
    lines = spoken.exactly(chosen, exact, label, digits)
    for pair in wanted:
        lines += spoken.in_format(chosen, exact, label, pair)
    click.echo("\n".join(lines))


@main.command(name="list")
@click.argument("what", metavar="subjects|functions|formats|families|contracts|conduct|faults")
def list_(what: str) -> None:
    """What there is to choose from."""
    from lsecheck.report import listing

    if what not in listing.LISTS:
        raise UnknownName("list", what, listing.LISTS)
    click.echo(listing.LISTS[what]())


@main.command(cls=Values)
@click.argument("subject")
@click.argument("values", nargs=-1, metavar="[X...]", type=click.UNPROCESSED)
@FUNCTION
@click.option("-f", "--format", "pair", default="float32", show_default=True, metavar="FORMAT", help="IN, or IN:OUT.")
@click.option("--case", "address", metavar="FAMILY:SEED:INDEX", help="A case of a family, in place of X.")
@click.option("--label", type=int, help="For cross_entropy: the entry that is right.")
@click.option("--output", type=int, metavar="I", help="Which output of softmax or log_softmax; the worst by default.")
@click.option("--copies", type=click.IntRange(1, 1 << 16), default=1, help="Ask a batch of so many equal rows.")
@click.option("--corpus", metavar="DIR", help="Where the cases kept:0:INDEX are; lsecheck-corpus by default.")
@loading_options
@INPUTS
def explain(
    subject: str, values: tuple[str, ...], function: str, pair: str, address: "str | None", label: "int | None",
    output: "int | None", copies: int, corpus: "str | None", inputs: "str | None", row: "int | None",
    labels: "str | None", loading: Loading,
) -> int:  # fmt: skip
    """Why SUBJECT's answer to one case is this wrong, and what is the likely cause.

    The case is X..., or --case FAMILY:SEED:INDEX, or a row of --inputs.
    """
    from lsecheck.arena import Arena
    from lsecheck.diagnosis import diagnose
    from lsecheck.explain import explain as explained
    from lsecheck.report import diagnosed, text
    from lsecheck.subjects import load

    defined, chosen = functions.named(function), formats.pair(pair)
    batch = _one_case(defined, chosen.input, bare(values), address, label, given_file(inputs, row, labels), corpus)
    batch = batch.some(np.repeat(np.arange(len(batch.values)), copies))
    outputs = defined.outputs(batch.values.shape[1])
    if output is not None and not 0 <= output < outputs:
        raise InputError(f"output {output} does not exist: {function} of this case has outputs 0 to {outputs - 1}")
    loaded = load(subject, loading)
    found = explained(loaded, defined, chosen, batch, output)
    click.echo(text.explanation(found))
    required = contracts.Contract.SHIFTED
    if found.kind or (found.contract is not None and not found.contract.keeps(required)):
        arena = Arena(loaded, defined, chosen, required)
        click.echo("\n" + "\n".join(diagnosed.lines(diagnose(arena, batch.values))))
    return gate.FOUND if found.kind or found.contract is contracts.Contract.BROKEN else gate.HOLDS


def _one_case(
    function: Function,
    fmt: Format,
    values: list[str],
    address: "str | None",
    label: "int | None",
    given: Any,
    folder: "str | None",
) -> Batch:
    if (address is not None) + bool(values) + (given is not None) != 1:
        raise InputError(
            "explain needs one case: give values X..., or --case FAMILY:SEED:INDEX, or --inputs FILE --row K"
        )
    if address is not None:
        return cases.case(address, function, fmt, folder=folder)
    if given is not None:
        if given.row is None:
            raise InputError("explain needs one row of --inputs: add --row K")
        return next(cases.given(given.path, given.row, given.labels, function, fmt))
    parse_values(values)  # refuses what is none
    held = np.array([list(rounded_values(values, fmt))])
    labels = function.validate(held, None if label is None else np.array([label]))
    return Batch("given", 0, np.array([0]), held, labels)
