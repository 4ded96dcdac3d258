"""How the table of attempts has changed: the steps that bring an older one up to date.

Version 1 knew neither how a question was asked (`mode`), nor with what (`details`), nor the place
of an attempt in the log (`sequence`).
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection

SCHEMA_VERSION = 2
STEPS: dict[int, tuple[str, ...]] = {
    1: (
        "ALTER TABLE attempts ADD COLUMN sequence VARCHAR(40) NOT NULL DEFAULT ''",
        "ALTER TABLE attempts ADD COLUMN mode VARCHAR(40) NOT NULL DEFAULT 'quiz'",
        "ALTER TABLE attempts ADD COLUMN details TEXT NOT NULL DEFAULT '{}'",
        "UPDATE attempts SET sequence = at",
        "CREATE INDEX attempts_in_order ON attempts (sequence)",
    ),
}


def migrate(connection: Connection, version: int) -> None:
    """Bring the tables from `version` to `SCHEMA_VERSION`, in the transaction that is open."""
    for step in range(version, SCHEMA_VERSION):
        for statement in STEPS[step]:
            connection.execute(sa.text(statement))
    connection.execute(sa.text(f"UPDATE schema_version SET version = {SCHEMA_VERSION}"))
