"""Files that are written whole or not at all, the files a command is given, and the bar that shows progress."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from lsecheck.errors import InputError


def given_file(path: "str | None", row: "int | None", labels: "str | None") -> Any:
    """The file of --inputs, or None; `InputError` where its companions are given without it."""
    from lsecheck.run import Given

    if path is None:
        if row is not None or labels is not None:
            raise InputError("--row and --labels go with --inputs FILE")
        return None
    return Given(path, row, labels)


def corpus_folder(named: "str | None") -> "Path | None":
    """The folder of kept findings: the one named, or the usual one if it is here."""
    from lsecheck.inputs.kept import FOLDER

    if named is not None and not Path(named).is_dir():
        raise InputError(f"there is no folder {named}: 'lsecheck fuzz' keeps its findings there")
    folder = Path(named or FOLDER)
    return folder if folder.is_dir() else None


def progress_bar(total: int) -> "Callable[[], object]":
    """A bar on stderr while it is a terminal."""
    import tqdm

    tqdm.tqdm.monitor_interval = 0  # no thread: workers may be forked
    bar = tqdm.tqdm(total=total, file=sys.stderr, disable=None, unit="task", leave=False)
    return bar.update


@contextlib.contextmanager
def engine_bar() -> "Iterator[Callable[[str, int], object]]":
    """The engine at work and the cases asked, on stderr while it is a terminal."""
    import tqdm

    tqdm.tqdm.monitor_interval = 0  # no thread: workers may be forked
    with tqdm.tqdm(file=sys.stderr, disable=None, unit=" cases", unit_scale=True, leave=False) as bar:

        def progress(engine: str, cases: int) -> None:
            bar.set_description(engine, refresh=False)
            bar.update(cases - bar.n)

        yield progress


def writable(path: Path) -> None:
    """Refuse a file that cannot be written, before minutes of work and not after."""
    if not path.name or path.is_dir():
        raise InputError(f"{str(path)!r} is a folder: name a file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{path.parent} cannot be written to: {error.strerror}") from None
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"{path.parent} cannot be written to: no permission")


def write(path: Path, content: str) -> None:
    """Whole or not at all."""
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(content, "utf-8")
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise InputError(f"{path} cannot be written: {error.strerror}") from None
