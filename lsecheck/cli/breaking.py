"""Commands that try to break things: fuzz, selftest."""

import dataclasses
import os
import re
from pathlib import Path

import click
from click.core import ParameterSource

from lsecheck.cli.app import main, refuse
from lsecheck.cli.files import engine_bar, progress_bar, writable, write
from lsecheck.cli.options import ENGINE, FUNCTION, SEED, loading_options
from lsecheck.errors import InputError
from lsecheck.subjects.loading import Loading

#: what a process of its own may take for a batch, where nobody says: a search asks small ones
_SECONDS = 5.0
#: the exit status of a command that was interrupted
_INTERRUPTED = 130
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|min|h)?")
_UNITS = {None: 1, "s": 1, "m": 60, "min": 60, "h": 3600}


@main.command()
@click.argument("subject", metavar="SUBJECT")
@FUNCTION
@click.option("-f", "--format", "pair", default="float32", show_default=True, metavar="FORMAT", help="IN, or IN:OUT.")
@click.option("--for", "duration", metavar="TIME", help="How long, as 20s or 5m; 60s by default.")
@click.option("--cases", type=click.IntRange(1), help="So many cases in place of a time: the same seed finds the same.")
@click.option(
    "--objective", default="excess", metavar="WHAT", help="What the search makes large: excess, scaled or ulp."
)
@click.option("--require", default="shifted", metavar="CONTRACT", help="The contract to break; shifted by default.")
@click.option("--waive", multiple=True, metavar="KIND", help="specials, range or conduct: not looked for.")
@SEED
@click.option("--first", is_flag=True, help="Stop at the first finding.")
@click.option(
    "--in-process", is_flag=True, help="Ask a function of yours in this process: faster, and a crash ends it."
)
@click.option("--corpus", metavar="DIR", help="Where findings are kept and replayed from; lsecheck-corpus by default.")
@click.option("--no-corpus", is_flag=True, help="Neither replay findings nor keep them.")
@click.option("--json", "json_file", metavar="FILE", help="Write the result there; - for stdout.")
@loading_options
@ENGINE
def fuzz(
    subject: str, function: str, pair: str, duration: "str | None", cases: "int | None", objective: str, require: str,
    waive: tuple[str, ...], seed: int, first: bool, in_process: bool, corpus: "str | None", no_corpus: bool,
    json_file: "str | None", loading: Loading,
) -> int:  # fmt: skip
    """Break SUBJECT: search for cases that it answers wrong, shrink them, print a reproducer and a ready test.

    A function of yours is asked in a process of its own, so that a crash, a hang or a lack of memory is a finding.
    """
    from lsecheck.fuzz import replay
    from lsecheck.fuzz.session import INTERRUPTED
    from lsecheck.fuzz.session import fuzz as search
    from lsecheck.inputs.kept import FOLDER
    from lsecheck.report import fuzzed as words

    if duration is not None and cases is not None:
        raise InputError("--for and --cases exclude each other: a budget is a time or a number of cases")
    if corpus is not None and no_corpus:
        raise InputError("--corpus and --no-corpus exclude each other")
    if json_file not in (None, "-"):
        writable(Path(str(json_file)))
    folder = None if no_corpus else Path(corpus or FOLDER)
    if ":" in subject and not in_process:
        said = click.get_current_context().get_parameter_source("seconds")
        seconds = _SECONDS if said is ParameterSource.DEFAULT else loading.seconds
        loading = dataclasses.replace(loading, isolated=True, seconds=seconds)
    with engine_bar() as progress:
        found = search(
            subject, function, pair, cases=cases,
            seconds=_seconds("60s" if duration is None else duration), objective=objective,
            require=require, waive=waive, seed=seed, loading=loading, corpus=folder, first=first, progress=progress,
        )  # fmt: skip
    kept, unkept = [], ""
    try:
        kept = [] if folder is None else [str(path) for path in replay.keep(folder, found)]
    except OSError as error:  # what was found is told all the same
        unkept = f"{folder} cannot be written: {error.strerror}; the findings above are not kept"
    if json_file == "-":
        click.echo(found.to_json(), nl=False)
        return found.status
    if json_file is not None:
        write(Path(json_file), found.to_json())
    click.echo(words.render(found, kept))
    if unkept:
        refuse(unkept, 2)
    return _INTERRUPTED if found.lost == INTERRUPTED and not found.counterexamples else found.status


def _seconds(text: str) -> float:
    """`90`, `20s`, `5m`, `1h` -> seconds."""
    parts = _DURATION.fullmatch(text.strip())
    if parts is None or not float(parts[1]) > 0:
        raise InputError(f"{text!r} is no time: write 20s, 5m or 1h")
    return float(parts[1]) * _UNITS[parts[2]]


@main.command()
@click.argument("names", nargs=-1, metavar="[FAULT...]")
@SEED
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, help="By default one a core.")
@click.option("--json", "json_file", metavar="FILE", help="Write the scores there; - for stdout.")
@ENGINE
def selftest(names: tuple[str, ...], seed: int, jobs: int, json_file: "str | None") -> int:
    """Plant faults, and show that each is caught and that honest code is not flagged.

    FAULT is a name of 'lsecheck list faults'; all of them, and the honest controls, by default.
    """
    import time

    import msgspec

    from lsecheck import selftest as tests
    from lsecheck.report import selftested

    if json_file not in (None, "-"):
        writable(Path(str(json_file)))
    began = time.monotonic()
    scores = tests.run(names, seed, jobs, progress_bar(len(tests.names(names))))
    text = msgspec.json.format(msgspec.json.encode(scores), indent=1).decode() + "\n"
    if json_file == "-":
        click.echo(text, nl=False)
    else:
        if json_file is not None:
            write(Path(json_file), text)
        click.echo(selftested.render(scores, time.monotonic() - began))
    return 0 if all(score.right for score in scores) else 1
