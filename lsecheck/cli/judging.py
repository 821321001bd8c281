"""Commands that measure and judge: check, report, gate, compare, init."""

import os
import shlex
from pathlib import Path
from typing import Any

import click

from lsecheck import functions, gate
from lsecheck.cli.app import main, refuse
from lsecheck.cli.files import corpus_folder, given_file, progress_bar, writable, write
from lsecheck.cli.options import (
    CORPUS,
    DEFAULT_FORMATS,
    ENGINE,
    FORMATS,
    FUNCTION,
    INPUTS,
    RUN,
    SEED,
    given,
    loading_options,
)
from lsecheck.errors import InputError, UnknownName
from lsecheck.rows import Document, from_json
from lsecheck.subjects.loading import Loading


@main.command()
@click.argument("subjects", nargs=-1, required=True, metavar="SUBJECT...")
@FUNCTION
@FORMATS
@RUN
@loading_options
@INPUTS
@ENGINE
@CORPUS
@click.option("--json", "json_file", metavar="FILE", help="Write the result there; - for stdout.")
def check(
    subjects: tuple[str, ...], function: str, pairs: tuple[str, ...], families: tuple[str, ...], require: str,
    waive: tuple[str, ...], effort: str, seed: int, jobs: int, inputs: "str | None",
    row: "int | None", labels: "str | None", corpus: "str | None", json_file: "str | None", loading: Loading,
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
        writable(Path(str(json_file)))
    result = gate.check(
        list(subjects), function, pairs or DEFAULT_FORMATS, families or None, effort, require, seed, jobs,
        waive=waive, loading=loading, inputs=given_file(inputs, row, labels), corpus=corpus_folder(corpus),
        progress=progress_bar,
    )  # fmt: skip
    if json_file == "-":
        click.echo(result.to_json(), nl=False)
        return result.status
    if json_file is not None:
        write(Path(json_file), result.to_json())
    if not result.rows:
        refuse(f"nothing was measured: {'; '.join(v.reason for v in result.verdicts)}", gate.EMPTY)
    click.echo(text.render(result.rows, result.verdicts))
    return result.status


@main.command()
@click.argument("subjects", nargs=-1, metavar="[SUBJECT...]")
@click.option("-F", "--function", "chosen", multiple=True, metavar="NAME", help="Only these functions.")
@FORMATS
@click.option("-o", "--output", default="lsecheck-report", show_default=True, metavar="DIR", help="Where to write.")
@click.option("--effort", metavar="EFFORT", help="By default standard for logsumexp, quick for the others.")
@SEED
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, help="By default one a core.")
@click.option("--against", metavar="OLD.json", help="An earlier result: the page says what has changed since.")
@click.option("--from", "source", metavar="RESULTS.json", help="Render this result again; nothing is measured.")
@loading_options
@ENGINE
def report(
    subjects: tuple[str, ...], chosen: tuple[str, ...], pairs: tuple[str, ...], output: str, effort: "str | None",
    seed: int, jobs: int, against: "str | None", source: "str | None", loading: Loading,
) -> None:  # fmt: skip
    """Write accuracy reports: a page, summary.md, results.json and figures; summary and results of real logits too.

    Without SUBJECT: every built-in method. A report states what is; it exits 0 whatever it finds.
    """
    from lsecheck import publish

    folder = Path(output)
    writable(folder / "summary.md")
    older = None if against is None else _document(against)
    if source is not None:
        _refuse_all_but("--from", ("source", "output", "against"))
        documents = {publish.FAMILIES: _document(source)}
        beside = Path(source).parent / publish.LOGITS / "results.json"
        if Path(source).name == "results.json" and beside.is_file():
            real = _document(str(beside))
            if publish.together(documents[publish.FAMILIES], real):
                documents[publish.LOGITS] = real
            else:
                click.echo(f"lsecheck: {beside} is of another report: left out", err=True)
    else:
        documents = publish.measure(
            subjects or publish.SUBJECTS, chosen, pairs or DEFAULT_FORMATS,
            effort=effort, seed=seed, jobs=jobs, loading=loading, progress=progress_bar,
        )  # fmt: skip
        for name, content in publish.results(documents).items():  # what took minutes first
            write(folder / name, content)
    try:
        written = publish.render(documents, older)
        for name, content in written.items():
            write(folder / name, content)
    except KeyboardInterrupt:
        results = source or str(folder / next(iter(publish.results(documents))))
        words = ["lsecheck", "report", "--from", results, *(["--against", against] if against else []), "-o", output]
        refuse(f"interrupted: not all was written; {shlex.join(words)} writes the rest", 130)
    click.echo(publish.first_lines(written))
    drawn = sum(name.startswith("figures/") for name in written)
    named = [str(folder / name) for name in written if not name.startswith("figures/")]
    figures = f" and {drawn} figure{'s' * (drawn > 1)} in {folder / 'figures'}" if drawn else ""
    click.echo(f"written: {', '.join(named)}{figures}")
    stale = sorted(_written_before(folder) - set(written), key=lambda name: (name.startswith("figures/"), name))
    if stale:
        named = [str(folder / name) for name in stale[:3]] + [f"{len(stale) - 3} more"] * (len(stale) > 3)
        click.echo(f"left from an earlier report, no part of this one: {', '.join(named)}")


def _written_before(folder: Path) -> set[str]:
    """Files in a folder that are called as those of a report may be."""
    known = [*folder.glob("figures/*.svg"), folder / "logits" / "summary.md", folder / "logits" / "results.json"]
    return {path.relative_to(folder).as_posix() for path in known if path.is_file()}


def _refuse_all_but(option: str, allowed: tuple[str, ...]) -> None:
    """Refuse what was typed beside an option that leaves nothing else to say."""
    typed = given() - {*allowed}
    for parameter in click.get_current_context().command.params:
        if parameter.name in typed:
            said = parameter.opts[-1] if isinstance(parameter, click.Option) else "SUBJECT"
            raise InputError(f"{option} renders a result that was measured: it takes no {said}")


@main.command(name="gate")
@click.option(
    "--config", "path", metavar="FILE", help="By default lsecheck.toml, or [tool.lsecheck] in pyproject.toml."
)
@click.option("--write-baseline", "renew", is_flag=True, help="Write what is measured to the baseline file.")
@click.option("--loosen", is_flag=True, help="Let --write-baseline allow more than the file does.")
@click.option("--strict", is_flag=True, help="Fail where a budget could be tightened twofold.")
@click.option("--jobs", type=click.IntRange(1), default=1, help="Worker processes.")
@click.option(
    "--output",
    "outputs",
    multiple=True,
    metavar="FORMAT[=FILE]",
    help="text (the default), markdown, json, junit or github; to FILE or stdout; may be repeated.",
)
@ENGINE
def gate_(
    path: "str | None", renew: bool, loosen: bool, strict: bool, jobs: int, outputs: tuple[str, ...]
) -> int:  # fmt: skip
    """Judge what the project demands in lsecheck.toml or pyproject.toml.

    Under GitHub Actions it also annotates the run and appends to its summary.
    """
    from lsecheck.gate import baseline, config, enforce

    place = config.find(path)
    demanded = config.read(place)
    wanted = [_output(text) for text in outputs or ("text",)]
    kept = None if demanded.baseline is None else place.parent / demanded.baseline
    if loosen and not renew:
        raise InputError("--loosen goes with --write-baseline")
    if renew and kept is None:
        raise InputError(f'{place} names no baseline: add baseline = "lsecheck-baseline.txt"')
    known = None
    if kept is not None and kept.is_file():
        known = baseline.read(kept.read_bytes(), str(kept))
    elif kept is not None and not renew:
        raise InputError(f"there is no baseline {kept}: 'lsecheck gate --write-baseline' writes it")
    gated = enforce.enforce(
        demanded, place.parent, baseline=None if renew else known, jobs=jobs, strict=strict, progress=progress_bar
    )
    if renew and kept is not None:
        write(kept, baseline.write(enforce.renewed(demanded, gated, known, loosen)))
    for name, file in wanted:
        text = _GATED[name](gated)
        if file is None:
            click.echo(text, nl=not text.endswith("\n"))
        else:
            write(file, text if text.endswith("\n") else text + "\n")
    _tell_github(gated, wanted)
    return gated.status


def _output(text: str) -> "tuple[str, Path | None]":
    """FORMAT or FORMAT=FILE."""
    name, equals, file = text.partition("=")
    if name not in _GATED:
        raise UnknownName("output", name, _GATED)
    if not equals:
        return name, None
    writable(Path(file))
    return name, Path(file)


def _text(gated: Any) -> str:
    from lsecheck.report import gated as words

    return words.render(gated)


def _markdown(gated: Any) -> str:
    from lsecheck.report import gated as words

    return words.markdown(gated)


def _junit(gated: Any) -> str:
    from lsecheck.report import junit

    return junit.render(gated)


def _annotations(gated: Any) -> str:
    from lsecheck.report import github

    return "\n".join(github.annotations(gated))


def _json(gated: Any) -> str:
    return str(gated.result.to_json())


_GATED = {"text": _text, "markdown": _markdown, "json": _json, "junit": _junit, "github": _annotations}


def _tell_github(gated: Any, wanted: "list[tuple[str, Path | None]]") -> None:
    """What GitHub Actions shows beside the log, where it is there."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        with open(summary, "a", encoding="utf-8") as page:
            page.write(_markdown(gated) + "\n")
    if os.environ.get("GITHUB_ACTIONS") == "true" and ("github", None) not in wanted:
        lines = _annotations(gated)
        if lines:
            click.echo(lines)


@main.command()
@click.argument("old", metavar="OLD.json")
@click.argument("new", metavar="NEW.json")
@click.option("--output", "form", default="text", metavar="FORMAT", help="text or markdown.")
def compare(old: str, new: str, form: str) -> int:
    """What got better, worse, appeared or vanished between two result files."""
    from lsecheck.gate.compare import compare as compared
    from lsecheck.report import compared as words

    if form not in ("text", "markdown"):
        raise UnknownName("output", form, ("text", "markdown"))
    found = compared(_document(old), _document(new))
    click.echo(words.markdown(found) if form == "markdown" else words.render(found))
    return found.status


def _document(name: str) -> Document:
    """A result file."""
    try:
        return from_json(Path(name).read_bytes(), name)
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}") from None


@main.command()
@click.argument("subjects", nargs=-1, metavar="[SUBJECT...]")
@click.option("-F", "--function", metavar="NAME", help="What the SUBJECTs compute; by default what they are called.")
@FORMATS
@click.option("--effort", default="standard", show_default=True, metavar="EFFORT", help="quick, standard or deep.")
@SEED
@click.option("--jobs", type=click.IntRange(1), default=os.cpu_count() or 1, help="By default one a core.")
@click.option("--baseline", is_flag=True, help="Write lsecheck-baseline.txt too: what was measured, family by family.")
@click.option("--force", is_flag=True, help="Write over an lsecheck.toml that is there.")
@loading_options
def init(
    subjects: tuple[str, ...], function: "str | None", pairs: tuple[str, ...], effort: str, seed: int, jobs: int,
    baseline: bool, force: bool, loading: Loading,
) -> None:  # fmt: skip
    """Write lsecheck.toml with what this project keeps today, and print a job for CI.

    Without SUBJECT: the functions of this folder that are named like logsumexp, softmax and so on.
    """
    from lsecheck.gate import baseline as baselines
    from lsecheck.gate import starter

    place, kept = Path("lsecheck.toml"), Path("lsecheck-baseline.txt")
    if place.exists() and not force:
        raise InputError(f"there is an {place} already: --force writes over it")
    found = [starter.candidate(spec, function) for spec in subjects] or starter.find(Path())
    if not found:
        raise InputError("nothing here is named like logsumexp or softmax: name it, as lsecheck init yours.py:f")
    survey = starter.measure(
        found, formats=pairs or starter.FORMATS, effort=effort, seed=seed, jobs=jobs, loading=loading,
        progress=progress_bar,
    )  # fmt: skip
    text = starter.config_text(survey, baseline=str(kept) if baseline else None)
    write(place, text)
    if baseline:
        write(kept, baselines.write(starter.recorded(survey)))
    click.echo(text)
    click.echo(starter.snippet(installs=Path("pyproject.toml").is_file()))
    click.echo(f"written: {place}{f', {kept}' if baseline else ''}; 'lsecheck gate' asks for it", err=True)
