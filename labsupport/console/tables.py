"""The console where no widget runs: tables that a stored notebook can be compared by.

Settings stand as they are; counts, which depend on the moment, stand after ≈ and aren't compared.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from labsupport.tables import ABOUT, html_table, text_table

from . import snapshot
from .happenings import Happenings
from .source import Source

ROWS = 50
"""Rows of a table; further ones are counted."""
_FUNCTIONS = (
    *("function", "state", "runtime", "memory, MB", "timeout, s", "reserved concurrency"),
    *("succeeded", "failed", "throttled"),
)
_QUEUES = ("queue", "kind", "waiting", "in flight", "delayed", "read by")
_STREAMS = ("stream", "kind", "records", "unread", "read by")


@dataclass(frozen=True)
class Table:
    """A table, with the rows that are shown of it."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    more: int


@dataclass(frozen=True)
class Tables:
    """What is shown: a line about the lab, tables with rows, notes."""

    title: str
    tables: Sequence[Table]
    notes: Sequence[str]


def read(source: Source) -> Tables:
    """The lab at this moment; of one that was stopped, that it was."""
    if not source.running():
        return Tables("Lab console: this lab has been stopped.", (), ())
    happenings = Happenings(source.history)
    happenings.follow()
    taken = snapshot.take(source, happenings.dead_letters)
    functions = [
        (
            *(row["name"], row["state"], row["runtime"], str(row["memory"]), str(row["timeout"])),
            "–" if row["reserved"] is None else str(row["reserved"]),
            *(f"{ABOUT}{count:,}" for count in happenings.counted(arn)),
        )
        for arn, row in taken.functions.items()
    ]
    queues = [
        (
            *(row["name"], row["kind"]),
            *(f"{ABOUT}{row[name]:,}" for name in ("waiting", "in_flight", "delayed")),
            ", ".join(row["readers"]) or "–",
        )
        for row in taken.queues.values()
    ]
    streams = [
        (
            *(row["name"], row["kind"], f"{ABOUT}{row['records']:,}"),
            "–" if row["unread"] is None else f"{ABOUT}{row['unread']:,}",
            ", ".join(row["readers"]) or "–",
        )
        for row in taken.streams.values()
    ]
    found = ((_FUNCTIONS, functions), (_QUEUES, queues), (_STREAMS, streams))
    dropped = source.history.dropped
    note = f"{ABOUT}{dropped:,} older records were dropped: counts leave them out."
    return Tables(
        f"Lab console, {source.region}" + ("" if functions else ": no functions yet."),
        [Table(head, rows[:ROWS], max(0, len(rows) - ROWS)) for head, rows in found if rows],
        [note] if dropped else [],
    )


def as_text(told: Tables) -> str:
    """Plain text."""
    parts = [told.title]
    for table in told.tables:
        parts.append(text_table(table.head, table.rows))
        parts += [f"… and {table.more:,} more"] if table.more else []
    return "\n\n".join([*parts, *told.notes])


def as_html(told: Tables) -> str:
    """HTML without scripts."""
    parts = [f"<p><strong>{html.escape(told.title)}</strong></p>"]
    for table in told.tables:
        parts.append(html_table(table.head, table.rows))
        parts += [f"<p>… and {table.more:,} more</p>"] if table.more else []
    return "".join([*parts, *(f"<p>{html.escape(note)}</p>" for note in told.notes)])
