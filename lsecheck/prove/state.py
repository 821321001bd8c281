"""finished shards <-> one SQLite file: what a proof has so far, whatever becomes of the process.

A shard is written in one transaction under its own checksum; a file that is damaged gives back what
can be read. Only one run at a time may hold a file: SQLite's lock ends with the process that has it.
"""

import contextlib
import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from lsecheck.errors import InputError
from lsecheck.prove.shard import Gathered, Judged

#: 'lse!' in the header of the file: SQLite's application id
APPLICATION = 0x6C736521
#: of the tables and of what is in them
VERSION = 1
_SQLITE = b"SQLite format 3\0"
#: where the header has the application id
_AT = 68
_TABLES = """
create table about (name text primary key, said text not null) without rowid;
create table shard (place integer primary key, judged blob not null, sha256 blob not null);
"""
#: begun with another one, a proof cannot go on
SPOKEN = {
    "claim": "it is of another claim",
    "code": "it was begun by another lsecheck",
    "subject": "the subject has another file or version",
    "answers": "the subject answers otherwise than it did",
}


class State:
    """What is known of a claim so far. A context manager: it holds the file until it is closed."""

    def __init__(self, path: Path, about: "dict[str, str]", fresh: bool = False):
        self.path, self.about = path, about
        self.said = ""  #: what was repaired, in a sentence
        self.known = Gathered()
        self._connection: sqlite3.Connection | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"{path.parent} cannot be written to: {error.strerror}") from None
        try:
            self._open(fresh)
        except sqlite3.Error as error:
            self._close()
            raise self._refused(error) from None
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> "State":
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    @property
    def _file(self) -> sqlite3.Connection:
        assert self._connection is not None
        return self._connection

    @property
    def _aside(self) -> Path:
        """Where a damaged one is moved to."""
        return self.path.with_name(self.path.name + ".damaged")

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def keep(self, judged: Judged) -> None:
        """Write a shard down; `InputError` where there is no room for it."""
        try:
            self._keep(judged)
        except sqlite3.Error as error:
            raise self._refused(error) from None

    def _open(self, fresh: bool) -> None:
        if self.path.exists() and 0 < self.path.stat().st_size < 512:
            raise self._foreign("is no state of a proof")  # SQLite would take a byte for nothing
        try:
            self._connection = self._connected(self.path)
            version, application = (self._pragma(name) for name in ("user_version", "application_id"))
        except sqlite3.OperationalError:
            raise  # it is in use, or there is no room
        except sqlite3.DatabaseError:
            self._begin_beside(fresh)
            version = application = 0
        if application == 0 and version == 0 and not self._tables():
            self._create()
            return
        if application != APPLICATION:
            raise self._foreign("is another program's database")
        if fresh:  # nobody else is at it: the lock is ours
            self._close()
            self.path.unlink()
            self._connection = self._connected(self.path)
            self._create()
            return
        if version != VERSION:
            raise InputError(
                f"{self.path} has state version {version}, this lsecheck reads {VERSION}: finish with the lsecheck that"
                " began it, or begin anew with --fresh"
            )
        try:
            sound = self._file.execute("pragma quick_check(1)").fetchone()[0] == "ok"
            begun = dict(self._file.execute("select name, said from about"))
        except sqlite3.DatabaseError:
            sound, begun = False, self.about
        other = [name for name, said in self.about.items() if begun.get(name) != said]
        if other:
            raise InputError(f"{self.path} cannot be gone on with: {_because(other)}; --fresh begins anew")
        lost: list[int] = []
        if not sound:
            self._rebuild()
            return
        for judged in self._read(self._file, lost):
            self.known.add(judged)
        if lost:
            self._file.execute(f"delete from shard where place in ({','.join(map(str, lost))})")
            self.said = f"{self.path}: {_shards(len(lost))} did not match the checksum and will be done again"

    def _begin_beside(self, fresh: bool) -> None:
        """What SQLite cannot read is moved away, if it is ours and nobody wants it.

        Only now is the file opened by other means: closing it would free the lock of another run in this process.
        """
        self._close()
        header = self.path.read_bytes()[: _AT + 4]
        if not header.startswith(_SQLITE):
            raise self._foreign("is no state of a proof")
        if header[_AT:] != APPLICATION.to_bytes(4, "big"):
            raise self._foreign("is damaged beyond reading")
        if not fresh:
            raise InputError(f"{self.path} is damaged beyond reading: --fresh begins anew")
        self.path.replace(self._aside)
        self._connection = self._connected(self.path)

    def _connected(self, path: Path) -> sqlite3.Connection:
        file = sqlite3.connect(path, timeout=0, isolation_level=None)
        try:
            file.execute("pragma locking_mode = exclusive")
            file.execute("begin exclusive")  # takes the lock, which then stays until the file is closed
            file.execute("commit")
        except sqlite3.Error:
            file.close()
            raise
        return file

    def _foreign(self, what: str) -> InputError:
        return InputError(f"{self.path} {what}: move it away, or write elsewhere with -o DIR")

    def _pragma(self, name: str) -> int:
        return int(self._file.execute(f"pragma {name}").fetchone()[0])

    def _tables(self) -> int:
        return int(self._file.execute("select count(*) from sqlite_master").fetchone()[0])

    def _create(self) -> None:
        with _whole(self._file):
            for statement in _TABLES.split(";"):
                self._file.execute(statement)
            self._file.execute(f"pragma application_id = {APPLICATION}")
            self._file.execute(f"pragma user_version = {VERSION}")
            self._file.executemany("insert into about values (?, ?)", self.about.items())

    def _keep(self, judged: Judged) -> None:
        text = msgspec.json.encode(judged)
        with _whole(self._file):
            self._file.execute(
                "insert or replace into shard values (?, ?, ?)", (judged.place, text, self._checksum(text))
            )

    def _checksum(self, text: bytes) -> bytes:
        """Of a shard of this claim: what was moved here from another file does not pass."""
        return hashlib.sha256(repr(sorted(self.about.items())).encode() + text).digest()

    def _read(self, file: sqlite3.Connection, lost: "list[int]") -> Iterator[Judged]:
        """Every shard that can be read and is what was written; the places of others are `lost`."""
        for place, text, digest in self._rows(file):
            try:
                judged = msgspec.json.decode(text, type=Judged) if self._checksum(text) == digest else None
            except (TypeError, msgspec.DecodeError):
                judged = None
            if judged is not None and judged.place == place:
                yield judged
            else:
                lost.append(place)

    def _rows(self, file: sqlite3.Connection) -> "Iterator[tuple[Any, Any, Any]]":
        """From the first on, and where that comes upon damage, from the last on."""
        last = -1
        for order in ("", " desc"):
            try:
                for row in file.execute(
                    f"select place, judged, sha256 from shard where place > {last} order by place{order}"
                ):
                    last = last if order else row[0]
                    yield row
            except sqlite3.DatabaseError:
                continue
            return

    def _rebuild(self) -> None:
        """A new file with what can be read; the damaged one is kept beside it."""
        self._close()
        aside = self._aside
        self.path.replace(aside)
        self._connection = self._connected(self.path)
        self._create()
        with contextlib.closing(sqlite3.connect(aside)) as damaged:
            for judged in self._read(damaged, []):
                self._keep(judged)
                self.known.add(judged)
        self.said = f"{self.path} was damaged: {_shards(len(self.known))} could be read and are kept; it is now {aside}"

    def _refused(self, error: sqlite3.Error) -> InputError:
        said = str(error)
        if "locked" in said:
            return InputError(f"{self.path} is in use by another run: wait for it, or write elsewhere with -o DIR")
        kept = f"; {_shards(len(self.known))} are kept, and the same command goes on from there" if self.known else ""
        return InputError(f"{self.path} cannot be written: {said}{kept}")


def _because(names: "list[str]") -> str:
    return ", ".join(SPOKEN.get(name, f"{name} is another") for name in names)


def _shards(count: int) -> str:
    return f"{count:,} finished shard{'s' * (count != 1)}"


@contextlib.contextmanager
def _whole(file: sqlite3.Connection) -> "Iterator[None]":
    """All of it or nothing."""
    file.execute("begin immediate")
    try:
        yield
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            file.execute("rollback")
        raise
    file.execute("commit")
