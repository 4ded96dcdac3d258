"""What the page is told: all there is when it opens, then only what has changed."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from . import snapshot
from .happenings import Happenings
from .moto_bridge import LogReader
from .source import Source
from .things import LogLine, clipped

LINES = 300
"""Log lines that are kept, and sent at once."""
LINE_CHARS = 2000
"""What is shown of a line."""
AT_ONCE_CHARS = 100_000
"""What is sent of log lines at once."""

_TABLES = ("functions", "queues", "streams", "letters")


class Feed:
    """Reads a lab again and again; used by one thread at a time."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._happenings = Happenings(source.history)
        self._log = LogReader()
        self._lines: deque[dict[str, Any]] = deque(maxlen=LINES)
        self._tables: dict[str, Mapping[str, Any]] = {name: {} for name in _TABLES}
        self._dropped = 0
        self._stopped = False
        self.serial = 0

    def changes(self) -> dict[str, Any] | None:
        """What is new since the last call, None for nothing; serial numbers tell of gaps."""
        if self._stopped:
            return None
        told: dict[str, Any] = {}
        followed = self._happenings.follow()
        if followed["rows"]:
            told |= followed | {"totals": self._happenings.totals}
        if self._source.running():
            told |= self._changed_tables()
            told |= self._new_lines()
        else:
            self._stopped = told["stopped"] = True
        if (dropped := self._source.history.dropped) != self._dropped:
            self._dropped = told["dropped"] = dropped
        if not told:
            return None
        self.serial += 1
        return {"type": "update", "serial": self.serial, **told}

    def state(self) -> dict[str, Any]:
        """All that was told so far, for a page that hasn't heard it."""
        return {
            "type": "state",
            "serial": self.serial,
            "region": self._source.region,
            **{name: {"set": dict(self._tables[name])} for name in _TABLES},
            "rows": list(self._happenings.rows),
            "totals": self._happenings.totals,
            "activity": {str(second): n for second, n in self._happenings.activity.items()},
            "lines": list(self._lines),
            "dropped": self._dropped,
            "stopped": self._stopped,
        }

    def _changed_tables(self) -> dict[str, Any]:
        taken = snapshot.take(self._source, self._happenings.dead_letters)
        functions = {
            arn: row | {"counts": self._happenings.counted(arn)}
            for arn, row in taken.functions.items()
        }
        told: dict[str, Any] = {}
        now = (functions, taken.queues, taken.streams, taken.letters)
        for name, rows in zip(_TABLES, now, strict=True):
            before, self._tables[name] = self._tables[name], rows
            changed = {key: row for key, row in rows.items() if before.get(key) != row}
            gone = [key for key in before if key not in rows]
            if changed or gone:
                told[name] = {"set": changed, "gone": gone}
        return told

    def _new_lines(self) -> dict[str, Any]:
        events, left_out = self._log.new(LINES)
        room, lines = AT_ONCE_CHARS, []
        for event in reversed(events):
            line = _line(event)
            room -= len(line["text"])
            if room < 0:
                break
            lines.append(line)
        lines.reverse()
        self._lines.extend(lines)
        left_out += len(events) - len(lines)
        return {"lines": lines, "lines_left_out": left_out} if lines else {}


def _line(event: LogLine) -> dict[str, Any]:
    return {
        "at": f"{datetime.fromtimestamp(event.at / 1000, UTC):%H:%M:%S.%f}"[:-3],
        "group": event.group,
        "text": clipped(event.message.rstrip("\n"), LINE_CHARS),
    }
