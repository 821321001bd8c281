"""Files that are written whole or not at all, the files a command is given, and the bar that shows progress."""

import os
import sys
from collections.abc import Callable
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


def progress_bar(total: int) -> "Callable[[], object]":
    """A bar on stderr while it is a terminal."""
    import tqdm

    tqdm.tqdm.monitor_interval = 0  # no thread: workers may be forked
    bar = tqdm.tqdm(total=total, file=sys.stderr, disable=None, unit="task", leave=False)
    return bar.update


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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(path.name + ".part")
        part.write_text(content, "utf-8")
        part.replace(path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None
