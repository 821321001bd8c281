"""The command that exhausts: prove."""

import contextlib
import dataclasses
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from lsecheck.cli.app import main, refuse
from lsecheck.cli.files import writable, write
from lsecheck.cli.options import ENGINE, FUNCTION, given, loading_options
from lsecheck.errors import InputError
from lsecheck.subjects.loading import Loading

#: where certificates are written
FOLDER = "lsecheck-certificates"
#: the exit status of a command that was interrupted
_INTERRUPTED = 130


@main.command()
@click.argument("subject", metavar="[SUBJECT]", required=False)
@FUNCTION
@click.option("-f", "--format", "pair", default="float16", show_default=True, metavar="FORMAT", help="IN, or IN:OUT.")
@click.option("--n", type=int, default=2, show_default=True, metavar="N", help="Entries of a row.")
@click.option("--ordered", is_flag=True, help="Every order of the same entries; each set of entries once by default.")
@click.option("--specials", is_flag=True, help="-0, infinities and nan are entries too.")
@click.option("--sample", type=int, metavar="DRAWS", help="So many of each combination of binades, not every case.")
@click.option("--seed", type=click.IntRange(0, (1 << 62) - 1), default=0, help="Of --sample, or of --verify.")
@click.option("--require", default="shifted", metavar="CONTRACT", help="The contract to keep; shifted by default.")
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, help="By default one a core.")
@click.option("--executor", metavar="dask:ADDRESS", help="Do the work there, in place of processes here.")
@click.option("-o", "--output", default=FOLDER, show_default=True, metavar="DIR", help="Where to write.")
@click.option("--fresh", is_flag=True, help="Begin anew, whatever an earlier run has finished.")
@click.option("--json", "json_file", metavar="FILE", help="Write the certificate there too; - for stdout.")
@click.option("--verify", metavar="FILE", help="In place of SUBJECT: ask some shards of a certificate again.")
@click.option("--shards", type=click.IntRange(1), default=3, show_default=True, help="With --verify: so many.")
@loading_options
@ENGINE
def prove(
    subject: "str | None", function: str, pair: str, n: int, ordered: bool, specials: bool, sample: "int | None",
    seed: int, require: str, jobs: int, executor: "str | None", output: str, fresh: bool, json_file: "str | None",
    verify: "str | None", shards: int, loading: Loading,
) -> int:  # fmt: skip
    """Ask SUBJECT every case of N entries that a format has, and certify what comes of it.

    Interrupted or killed, the same command goes on from what is finished; the certificate is the same bytes.
    """
    from lsecheck.prove import Claim
    from lsecheck.prove import prove as certify
    from lsecheck.report import certified

    if (subject is None) == (verify is None):
        raise InputError("name a SUBJECT to prove something of, or a certificate: --verify FILE.json")
    typed = given()
    if subject is None:
        if typed - _VERIFYING:
            taken = "--verify takes --shards, --seed and how the subject is loaded"
            raise InputError(f"{taken}: {_left_out(typed - _VERIFYING)}")
        return _verified(str(verify), shards, seed if "seed" in typed else None, loading)
    if "shards" in typed:
        raise InputError("--shards goes with --verify FILE")
    claim = Claim(subject, function, pair, n, ordered, specials, sample, seed, require, loading)
    folder = Path(output)
    state = folder / f"{claim.name}.state"
    if json_file not in (None, "-"):
        writable(Path(str(json_file)))
    done = [0, claim.space.count]
    with _bar(claim.name) as bar:

        def progress(finished: int, total: int) -> None:
            bar(finished, total)
            done[0] = finished

        try:
            proof = certify(
                subject, function, pair, n, ordered=ordered, specials=specials, sample=sample, seed=seed,
                require=require, loading=loading, jobs=jobs, executor=executor, state=state, fresh=fresh,
                progress=progress, tell=lambda sentence: click.echo(f"lsecheck: {sentence}", err=True),
            )  # fmt: skip
        except KeyboardInterrupt:
            share = f"{done[0]:,} of {done[1]:,} cases are kept in {state}"
            refuse(f"interrupted: {share}, and the same command goes on from there", _INTERRUPTED)
    index = folder / "index.md"
    text = proof.to_json()
    write(folder / f"{claim.name}.json", text)
    write(folder / f"{claim.name}.txt", certified.render(proof.document) + "\n")
    before = index.read_text("utf-8") if index.is_file() else ""
    write(index, certified.index(before, claim.name, proof.document, sum(proof.stages.values())))
    if json_file == "-":
        click.echo(text, nl=False)
        return proof.status
    if json_file is not None:
        write(Path(json_file), text)
    click.echo(certified.render(proof.document))
    click.echo(f"\n{certified.spent(proof)}\nwritten: {folder / claim.name}.json, .txt")
    return proof.status


#: all that --verify takes: a certificate answers the rest itself, or only making one needs it
_VERIFYING = {"verify", "shards", "seed", *(field.name for field in dataclasses.fields(Loading))}


def _left_out(typed: "set[str]") -> str:
    options = {parameter.name: parameter.opts[0] for parameter in click.get_current_context().command.params}
    return f"leave out {', '.join(sorted(options[name] for name in typed))}"


def _verified(file: str, shards: int, seed: "int | None", loading: Loading) -> int:
    """Some shards of a certificate, chosen by chance, or by a seed."""
    import random

    from lsecheck.prove import verifying
    from lsecheck.prove.identity import forget

    try:
        document = verifying.read(Path(file).read_bytes(), file)
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from None
    forget()
    claim = verifying.claim_of(document, loading)
    chosen = random.Random(seed).sample(range(claim.shards), min(shards, claim.shards))
    wrong = 0
    for place in chosen:
        checked = verifying.verify(document, place, loading)
        wrong += not checked.same
        told = [
            f"{name} {'as certified' if getattr(checked, name) else 'NOT as certified'}"
            for name in ("answers", "truths", "figures")
        ]
        click.echo(f"shard {place:,} of {claim.shards:,}: {', '.join(told)}")
    for line in verifying.moved(document, loading) if wrong else []:
        click.echo(f"what answers depend on: {line}")
    click.echo(f"{len(chosen) - wrong} of {len(chosen)} shards are as certified")
    return 1 if wrong else 0


@contextlib.contextmanager
def _bar(name: str) -> "Iterator[Callable[[int, int], object]]":
    """Cases and time left, on stderr while it is a terminal."""
    import tqdm

    tqdm.tqdm.monitor_interval = 0  # no thread: workers may be forked
    with tqdm.tqdm(
        file=sys.stderr, disable=None, unit=" cases", unit_scale=True, leave=False, desc=name, smoothing=0.05
    ) as bar:

        def progress(finished: int, total: int) -> None:
            if bar.total != total:  # what an earlier run finished says nothing of the speed of this one
                bar.reset(total)
                bar.initial = bar.n = finished
                bar.refresh()
            else:
                bar.update(finished - bar.n)

        yield progress
