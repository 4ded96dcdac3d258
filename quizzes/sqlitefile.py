"""The table of attempts in an SQLite file that several kernels share.

Every use opens the file anew, so that a kernel never writes to a file that was moved away. The
write-ahead log and full synchronisation keep what was committed through a kill; a write waits for
another kernel's. A damaged file is renamed and kept, and what can be read of it is carried over;
a file of an older course is copied before it is brought up to date.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, OperationalError
from sqlalchemy.pool import NullPool

from quizzes.attempts import Attempt
from quizzes.database import Database, attempt_from, reason
from quizzes.migrations import SCHEMA_VERSION

Result = TypeVar("Result")
BUSY_SECONDS = 10
PRAGMAS = ("synchronous = FULL",)
_COMPANIONS = ("", "-wal", "-shm")
_SHARED_MEMORY = 32_768
_UNWRITABLE = ("readonly", "unable to open", "full", "disk I/O error")


def open_database(where: str) -> Database:
    """Give the database at `where`, a file name or a database URL."""
    if "://" not in where:
        return SqliteFile(Path(where).expanduser().absolute())
    try:
        url = make_url(where)
    except ArgumentError:
        return Database(where)
    is_file = url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}
    if is_file and not url.host and not url.query:
        return SqliteFile(Path(str(url.database)).absolute())
    return Database(where)


class Damaged(Exception):
    """Raised when the file is not, or no longer, an SQLite database."""


class SqliteFile(Database):
    """The table of attempts in one SQLite file."""

    def __init__(self, path: Path) -> None:
        super().__init__(URL.create("sqlite", database=str(path)).render_as_string())
        self.path = path
        self._checked = False

    def place(self) -> str:
        """Give the file's name."""
        return str(self.path)

    def guarded(self, action: Callable[[], Result]) -> Result:
        """Do something with the file; begin a new one where it is damaged."""
        try:
            return super().guarded(lambda: _finding_damage(action))
        except Damaged:
            return super().guarded(lambda: self._replaced(action))

    def sentence(self, error: Exception) -> str:
        """Say what happened, why, and what to do."""
        words = reason(error)
        elsewhere = "make it writable, or set COURSE_PROGRESS to another file"
        if "full" in words or "No space" in words or ("I/O" in words and self._no_room()):
            why, what_to_do = "the disk is full", "free some space and check any question again"
        elif "locked" in words:
            why = f"another program holds {self.path}"
            what_to_do = "check again once that has ended"
        elif isinstance(error, OSError) or "readonly" in words or "unable to open" in words:
            why, what_to_do = f"{self.path} cannot be written to", elsewhere
        else:
            why, what_to_do = f"{self.path} cannot be used ({words})", elsewhere
        return f"Your progress is kept in memory only, because {why}: {what_to_do}."

    def _no_room(self) -> bool:
        # Without room for its shared memory, SQLite speaks of an I/O error.
        try:
            return shutil.disk_usage(self.path.parent).free < _SHARED_MEMORY
        except OSError:
            return False

    @cached_property
    def engine(self) -> Engine:
        """The engine, which opens the file for each use."""
        engine = sa.create_engine(self._url, poolclass=NullPool)
        sa.event.listen(engine, "connect", _set_up)
        sa.event.listen(engine, "begin", _begin)
        return engine

    @contextmanager
    def connection(self, *, write: bool) -> Iterator[Connection]:
        """Open a connection in a transaction that is committed at the end."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with super().connection(write=write) as connection:
            if not self._checked:
                if connection.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
                    raise Damaged
                self._checked = True
            yield connection

    def keep_copy(self, connection: Connection, version: int) -> None:
        """Keep the whole file beside itself as it is before it is brought up to date."""
        copy = self.path.with_name(f"{self.path.stem}.version-{version}{self.path.suffix}")
        if copy.exists():
            copy = copy.with_name(f"{copy.stem}-{_stamp()}{copy.suffix}")
        part = copy.with_name(f"{copy.name}.part")
        try:
            part.unlink(missing_ok=True)
            with closing(_read_only(self.path)) as source, closing(sqlite3.connect(part)) as target:
                source.backup(target)
            part.replace(copy)
        except sqlite3.Error as error:
            raise OSError(str(error)) from error
        finally:
            part.unlink(missing_ok=True)

    def _read(self, kind: str | None) -> list[Attempt]:
        if not self.path.exists():
            return []
        try:
            return super()._read(kind)
        except OperationalError as error:
            if not any(words in reason(error) for words in _UNWRITABLE):
                raise
            with _as_it_lies(self.path) as file:
                return file._read(kind)

    def _replaced(self, action: Callable[[], Result]) -> Result:
        aside = self.path.with_name(f"{self.path.stem}.damaged-{_stamp()}{self.path.suffix}")
        for companion in _COMPANIONS:
            part = Path(f"{self.path}{companion}")
            if part.exists():
                part.rename(f"{aside}{companion}")
        rescued = _readable(aside)
        if rescued:
            self._append(rescued, False)
        carried = f"{len(rescued)} of its answers were carried over" if rescued else "it is empty"
        self._notice = (
            f"The file with your progress was damaged: it is kept as {aside}, "
            f"and a new one has begun ({carried})."
        )
        return action()


class _Lying(Database):
    """The table in a file that is read as it lies there, without the files SQLite puts beside."""

    def __init__(self, path: Path) -> None:
        super().__init__("sqlite://")
        self._path = path

    @cached_property
    def engine(self) -> Engine:
        """The engine, which opens the file and nothing beside it."""
        uri = f"{self._path.as_uri()}?mode=ro&immutable=1"
        return sa.create_engine(
            "sqlite://", poolclass=NullPool, creator=lambda: sqlite3.connect(uri, uri=True)
        )


@contextmanager
def _as_it_lies(path: Path) -> Iterator[Database]:
    """Open a file where nothing can be written, as on a full or read-only disk.

    SQLite cannot do so by itself while the log is in write-ahead mode. What a kernel that was
    killed has left in that log is read from a copy elsewhere.
    """
    log = Path(f"{path}-wal")
    if not log.exists() or not log.stat().st_size:
        yield _Lying(path)
        return
    with TemporaryDirectory(prefix="course-progress-") as folder:
        copy = Path(folder, "progress.db")
        shutil.copyfile(path, copy)
        shutil.copyfile(log, f"{copy}-wal")
        yield Database(URL.create("sqlite", database=str(copy)).render_as_string())


def _finding_damage(action: Callable[[], Result]) -> Result:
    try:
        return action()
    except DatabaseError as error:
        if type(error.orig) is sqlite3.DatabaseError:
            raise Damaged from error
        raise


def _set_up(connection: Any, record: Any) -> None:
    connection.isolation_level = None  # transactions begin where `_begin` says, not by guessing
    cursor = connection.cursor()
    for pragma in (f"busy_timeout = {round(BUSY_SECONDS * 1000)}", *PRAGMAS):
        cursor.execute(f"PRAGMA {pragma}")
    journal = cursor.execute("PRAGMA journal_mode").fetchone()[0]
    if journal != "wal" and not _is_newer(cursor):
        # Another kernel may be at it, or the disk cannot: the usual journal is as safe.
        with suppress(sqlite3.OperationalError):
            cursor.execute("PRAGMA journal_mode = WAL")
    cursor.close()


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _is_newer(cursor: sqlite3.Cursor) -> bool:
    """Tell whether a newer course wrote the file, so that it must stay as it is."""
    try:
        row = cursor.execute("SELECT max(version) FROM schema_version").fetchone()
    except sqlite3.OperationalError:  # no such table: the file is new
        return False
    return isinstance(row[0], int) and row[0] > SCHEMA_VERSION


def _stamp() -> str:
    return f"{datetime.now():%Y%m%d-%H%M%S-%f}"


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)


def _readable(path: Path) -> Sequence[Attempt]:
    found: dict[str, Attempt] = {}
    with suppress(sqlite3.Error), closing(_read_only(path)) as connection:
        connection.row_factory = sqlite3.Row
        for order in ("ASC", "DESC"):  # from both ends up to the damage
            query = f"SELECT * FROM attempts NOT INDEXED ORDER BY rowid {order}"
            with suppress(sqlite3.Error, ValueError, TypeError, KeyError):
                for row in connection.execute(query):
                    found[row["uuid"]] = attempt_from(dict(row))
    return sorted(found.values(), key=lambda each: each.sequence)
