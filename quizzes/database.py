"""The table of attempts, through SQLAlchemy, in whatever database a URL names.

SQLite files, which most learners have, need more care: see `quizzes.sqlitefile`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from quizzes.attempts import Attempt

Result = TypeVar("Result")
SCHEMA_VERSION = 1

metadata = sa.MetaData()
schema_version = sa.Table("schema_version", metadata, sa.Column("version", sa.Integer))
attempts = sa.Table(
    "attempts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("uuid", sa.String(36), nullable=False, unique=True),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("item_id", sa.String(200), nullable=False),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("outcome", sa.String(40), nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("at", sa.String(40), nullable=False),
    sa.Index("attempts_by_item", "kind", "item_id"),
)
_COLUMNS = [column for column in attempts.columns if column.name != "id"]


class Unusable(Exception):
    """Raised when the database cannot be used now; its text is one sentence for the learner."""


class Database:
    """The table of attempts in the database at a URL."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._notice: str | None = None

    def append(self, new: Sequence[Attempt], *, fresh: bool) -> int:
        """Write the attempts that are not there yet, all or none, and give their number.

        A `fresh` attempt is made the latest at its item even if the computer's clock was put back.
        Raises `Unusable`.
        """
        return self.guarded(lambda: self._append(new, fresh))

    def read(self, kind: str | None) -> list[Attempt]:
        """Read the attempts (of one kind), oldest first. Raises `Unusable`."""
        return self.guarded(lambda: self._read(kind))

    def take_notice(self) -> str | None:
        """Give, once, what has happened to the database, if the learner should know."""
        notice, self._notice = self._notice, None
        return notice

    def guarded(self, action: Callable[[], Result]) -> Result:
        """Do something with the database; raise `Unusable` where it fails."""
        try:
            return action()
        except (SQLAlchemyError, ImportError, OSError, ValueError) as error:
            raise Unusable(self.sentence(error)) from error

    def sentence(self, error: Exception) -> str:
        """Say what happened, why, and what to do."""
        return (
            "Your progress is kept in memory only, because the database that COURSE_PROGRESS names "
            f"cannot be used ({reason(error)}): mend it, or unset COURSE_PROGRESS."
        )

    def engine(self) -> Engine:
        """Make the engine for one use."""
        return sa.create_engine(self._url)

    @contextmanager
    def connection(self, *, write: bool) -> Iterator[Connection]:
        """Open a connection in a transaction that is committed at the end."""
        engine = self.engine()
        try:
            with engine.connect() as plain:
                connection = plain.execution_options(write=write)
                with connection.begin():
                    yield connection
        finally:
            engine.dispose()

    def _append(self, new: Sequence[Attempt], fresh: bool) -> int:
        with self.connection(write=True) as connection:
            metadata.create_all(connection)
            if _version(connection) is None:
                connection.execute(sa.insert(schema_version), {"version": SCHEMA_VERSION})
            known = _known(connection, [each.uuid for each in new])
            missing = {each.uuid: each for each in new if each.uuid not in known}
            for attempt in missing.values():
                latest = _not_before(connection, attempt) if fresh else attempt
                row = asdict(latest) | {"answer": json.dumps(latest.answer, default=str)}
                connection.execute(sa.insert(attempts), row)
        return len(missing)

    def _read(self, kind: str | None) -> list[Attempt]:
        query = sa.select(*_COLUMNS).order_by(attempts.c.at, attempts.c.id)
        if kind is not None:
            query = query.where(attempts.c.kind == kind)
        with self.connection(write=False) as connection:
            if not sa.inspect(connection).has_table(attempts.name):
                return []
            _version(connection)
            return [attempt_from(row) for row in connection.execute(query)]


def attempt_from(row: Sequence[Any]) -> Attempt:
    """Make an attempt of a row of the table, without its id."""
    uuid, kind, item_id, answer, outcome, score, at = row
    return Attempt(uuid, kind, item_id, json.loads(answer), outcome, score, at)


def reason(error: Exception) -> str:
    """Give the database's own words for what went wrong, in one line."""
    return str(getattr(error, "orig", None) or error).partition("\n")[0].rstrip(".")


def _version(connection: Connection) -> int | None:
    version: int | None = connection.execute(sa.select(schema_version.c.version)).scalar()
    if version is not None and version > SCHEMA_VERSION:
        raise Unusable(
            "Your progress is kept in memory only, because the saved one was written by a newer "
            "version of the course: update the course and run this cell again."
        )
    return version


def _known(connection: Connection, uuids: Sequence[str]) -> set[str]:
    known: set[str] = set()
    for start in range(0, len(uuids), 500):
        some = uuids[start : start + 500]
        query = sa.select(attempts.c.uuid).where(attempts.c.uuid.in_(some))
        known.update(connection.execute(query).scalars())
    return known


def _not_before(connection: Connection, attempt: Attempt) -> Attempt:
    query = sa.select(sa.func.max(attempts.c.at)).where(
        attempts.c.kind == attempt.kind, attempts.c.item_id == attempt.item_id
    )
    last: str | None = connection.execute(query).scalar()
    if last is None or last < attempt.at:
        return attempt
    after = datetime.fromisoformat(last) + timedelta(microseconds=1)
    return replace(attempt, at=after.isoformat(timespec="microseconds"))
