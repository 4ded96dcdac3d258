"""The table of attempts, through SQLAlchemy, in whatever database a URL names.

SQLite files, which most learners have, need more care: see `quizzes.sqlitefile`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from quizzes.attempts import Attempt
from quizzes.migrations import SCHEMA_VERSION, migrate

Result = TypeVar("Result")

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
    sa.Column("sequence", sa.String(40), nullable=False, server_default=""),
    sa.Column("mode", sa.String(40), nullable=False, server_default="quiz"),
    sa.Column("details", sa.Text, nullable=False, server_default="{}"),
    sa.Index("attempts_by_item", "kind", "item_id"),
    sa.Index("attempts_in_order", "sequence"),
)
_FIELDS = tuple(each.name for each in fields(Attempt))


class Unusable(Exception):
    """Raised when the database cannot be used now; its text is one sentence for the learner."""


class Database:
    """The table of attempts in the database at a URL."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._notice: str | None = None

    def append(self, new: Sequence[Attempt], *, fresh: bool) -> int:
        """Write the attempts that are not there yet, all or none, and give their number.

        A `fresh` attempt is put last in the log even if the computer's clock was put back.
        A table of an older version is brought up to date first. Raises `Unusable`.
        """
        return self.guarded(lambda: self._append(new, fresh))

    def read(self, kind: str | None) -> list[Attempt]:
        """Read the attempts (of one kind), oldest first. Raises `Unusable`."""
        return self.guarded(lambda: self._read(kind))

    def place(self) -> str:
        """Give the URL without its password."""
        try:
            return make_url(self._url).render_as_string(hide_password=True)
        except ArgumentError:
            return self._url

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

    @cached_property
    def engine(self) -> Engine:
        """The engine, whose connections live for one use each."""
        return sa.create_engine(self._url)

    @contextmanager
    def connection(self, *, write: bool) -> Iterator[Connection]:
        """Open a connection in a transaction that is committed at the end."""
        engine = self.engine
        try:
            with engine.connect() as plain:
                connection = plain.execution_options(write=write)
                with connection.begin():
                    yield connection
        finally:
            engine.dispose()

    def keep_copy(self, connection: Connection, version: int) -> None:
        """Keep the table as it is before it is brought up to date from `version`."""
        connection.execute(
            sa.text(f"CREATE TABLE attempts_version_{version} AS SELECT * FROM attempts")
        )

    def _append(self, new: Sequence[Attempt], fresh: bool) -> int:
        with self.connection(write=True) as connection:
            self._bring_up_to_date(connection)
            known = _known(connection, [each.uuid for each in new])
            missing = {each.uuid: each for each in new if each.uuid not in known}
            last: str = ""
            if fresh:
                last = (
                    connection.execute(sa.select(sa.func.max(attempts.c.sequence))).scalar() or ""
                )
            for attempt in missing.values():
                last = _after(last, attempt.at) if fresh else attempt.sequence or attempt.at
                connection.execute(sa.insert(attempts), _row(replace(attempt, sequence=last)))
        return len(missing)

    def _bring_up_to_date(self, connection: Connection) -> None:
        version = _version(connection)
        if version is None:
            metadata.create_all(connection)
            connection.execute(sa.insert(schema_version), {"version": SCHEMA_VERSION})
        elif version < SCHEMA_VERSION:
            self.keep_copy(connection, version)
            migrate(connection, version)

    def _read(self, kind: str | None) -> list[Attempt]:
        with self.connection(write=False) as connection:
            if _version(connection) is None:
                return []
            there = {each["name"] for each in sa.inspect(connection).get_columns(attempts.name)}
            order = [attempts.c.sequence] if "sequence" in there else [attempts.c.at]
            columns = [attempts.c[name] for name in _FIELDS if name in there]
            query = sa.select(*columns).order_by(*order, attempts.c.id)
            if kind is not None:
                query = query.where(attempts.c.kind == kind)
            return [attempt_from(dict(row)) for row in connection.execute(query).mappings()]


def attempt_from(row: Mapping[str, Any]) -> Attempt:
    """Make an attempt of a row of the table, in this version or an older one."""
    values = {name: row[name] for name in _FIELDS if name in row}
    values["answer"] = json.loads(values["answer"])
    values["details"] = json.loads(values.get("details") or "{}")
    values["sequence"] = values.get("sequence") or values["at"]
    return Attempt(**values)


def _row(attempt: Attempt) -> dict[str, Any]:
    as_json = {
        "answer": json.dumps(attempt.answer, default=str),
        "details": json.dumps(attempt.details, default=str),
    }
    return asdict(attempt) | as_json


def reason(error: Exception) -> str:
    """Give the database's own words for what went wrong, in one line."""
    return str(getattr(error, "orig", None) or error).partition("\n")[0].rstrip(".")


def _version(connection: Connection) -> int | None:
    """Give the version of the tables, None where there are none yet."""
    if not sa.inspect(connection).has_table(schema_version.name):
        return None
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


def _after(last: str, at: str) -> str:
    """Give the place in the log of an attempt made now: after the last, whatever the clock says."""
    if last < at:
        return at
    after = datetime.fromisoformat(last) + timedelta(microseconds=1)
    return after.isoformat(timespec="microseconds")
