"""Keeps what a learner has answered: an append-only log of attempts outside the notebooks.

The log is an SQLite file in the user's data folder. The environment variable ``COURSE_PROGRESS``
names another file, or a database by its URL. Several kernels may write at once, and an attempt is
on disk when `record` returns.

A learner's answer never fails because of the log: what cannot be written stays in memory and is
written with the next attempt that can be, and `Store.notice` says so in a sentence.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from quizzes.attempts import Attempt, ProgressError, that_count

if TYPE_CHECKING:
    from quizzes.database import Database

__all__ = [
    "Attempt",
    "ProgressError",
    "Store",
    "default_store",
    "export",
    "import_",
    "latest",
    "record",
]

Result = TypeVar("Result")
VARIABLE = "COURSE_PROGRESS"
BINDER_VARIABLES = ("BINDER_LAUNCH_HOST", "BINDER_REPO_URL")
"""BinderHub sets both for every session; the variables of Kubernetes differ from hub to hub."""


class Store:
    """The log of attempts at one place: a file name or a database URL."""

    notice: str | None
    """What the latest call could not do, in one sentence; None when all went well."""

    place: str
    """Where the log is: the file's name, or the URL without its password."""

    def __init__(self, where: str) -> None:
        from quizzes.sqlitefile import open_database

        self.notice = None
        self._unsaved: list[Attempt] = []
        self._database: Database = open_database(where)
        self.place = self._database.place()

    def record(
        self,
        kind: str,
        item_id: str,
        answer: Any,
        outcome: str,
        score: float,
        *,
        mode: str = "quiz",
        details: Mapping[str, Any] | None = None,
    ) -> Attempt:
        """Add an attempt to the log; see `Attempt` for what each argument is.

        Does not raise when the attempt cannot be saved: see `notice`.
        """
        at = datetime.now(UTC).isoformat(timespec="microseconds")
        attempt = Attempt(
            str(uuid4()), kind, item_id, answer, outcome, float(score), at, mode, details or {}, at
        )
        self._unsaved.append(attempt)
        self._save()
        return attempt

    def latest(self, kind: str, mode: str | None = None) -> dict[str, Attempt]:
        """Give the latest attempt (in this mode) at every item of this kind, by the item's id.

        What was answered before a reset of its lesson is left out.
        """
        counting = (each for each in self.counting() if each.kind == kind)
        return {each.item_id: each for each in counting if mode in {None, each.mode}}

    def counting(self) -> list[Attempt]:
        """Give the attempts, oldest first, that no reset of a lesson has put aside."""
        return that_count(self.attempts())

    def attempts(self, kind: str | None = None) -> list[Attempt]:
        """Give the whole log (of this kind), oldest first, resets too."""
        before = self._save() if self._unsaved else None
        stored = self._try(lambda: self._database.read(kind)) or []
        self.notice = self.notice or before
        return stored + [each for each in self._unsaved if kind in {None, each.kind}]

    def export(self, path: str | os.PathLike[str]) -> int:
        """Write the whole log to one JSON file and give its length; raise `ProgressError`."""
        from quizzes.exchange import write_file

        attempts = self._whole()
        write_file(Path(path).expanduser(), attempts)
        return len(attempts)

    def export_text(self) -> str:
        """Give the text of the file that `export` writes; raise `ProgressError`.

        What could not be saved, and is in memory only, is in it.
        """
        from quizzes.exchange import to_text

        return to_text(self._whole())

    def import_(self, path: str | os.PathLike[str]) -> int:
        """Add the attempts of an exported file that are not here yet, and give their number.

        Raises `ProgressError`, with nothing added, when the file is not an export or the log cannot
        be written.
        """
        from quizzes.exchange import read_file

        return self._add(read_file(Path(path).expanduser()))

    def import_text(self, text: str, name: str) -> int:
        """Do as `import_` does with the text of a file called `name`."""
        from quizzes.exchange import from_text

        return self._add(from_text(text, name))

    def _whole(self) -> list[Attempt]:
        before = self._save() if self._unsaved else None
        stored = self._try(lambda: self._database.read(None))
        if stored is None:
            raise ProgressError(self.notice)
        self.notice = self.notice or before
        return stored + self._unsaved

    def _add(self, attempts: list[Attempt]) -> int:
        added = self._try(lambda: self._database.append(attempts, fresh=False))
        if added is None:
            raise ProgressError(self.notice)
        return added

    def _save(self) -> str | None:
        if self._try(lambda: self._database.append(self._unsaved, fresh=True)) is not None:
            self._unsaved.clear()
        return self.notice

    def _try(self, action: Callable[[], Result]) -> Result | None:
        from quizzes.database import Unusable

        try:
            result = action()
        except Unusable as error:
            self.notice = str(error)
            return None
        self.notice = self._database.take_notice()
        return result


def on_binder() -> bool:
    """Tell whether this is a session on Binder, whose files are gone when it ends."""
    return any(os.environ.get(name) for name in BINDER_VARIABLES)


_stores: dict[str, Store] = {}


def default_place() -> str:
    """Give the place of the log: ``COURSE_PROGRESS``, or a file in the user's data folder."""
    import platformdirs

    named = os.environ.get(VARIABLE, "").strip()
    return named or str(Path(platformdirs.user_data_dir("cold-start", False), "progress.db"))


def default_store() -> Store:
    """Give this process's store for the place that `default_place` names now."""
    place = default_place()
    if place not in _stores:
        _stores[place] = Store(place)
    return _stores[place]


def record(
    kind: str,
    item_id: str,
    answer: Any,
    outcome: str,
    score: float,
    *,
    mode: str = "quiz",
    details: Mapping[str, Any] | None = None,
) -> Attempt:
    """Add an attempt to the default store's log; see `Store.record`."""
    log = default_store()
    return log.record(kind, item_id, answer, outcome, score, mode=mode, details=details)


def latest(kind: str, mode: str | None = None) -> dict[str, Attempt]:
    """Give the latest attempt at every item of this kind in the default store."""
    return default_store().latest(kind, mode)


def export(path: str | os.PathLike[str]) -> int:
    """Write the default store's attempts to one JSON file; see `Store.export`."""
    return default_store().export(path)


def import_(path: str | os.PathLike[str]) -> int:
    """Add an exported file's attempts to the default store; see `Store.import_`."""
    return default_store().import_(path)
