"""The log of an execution environment: gathered, filtered by level, with the tail for LogType=Tail.

docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html says what is filtered:
in JSON format alone, Lambda's own events and the function's separately.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime

from labsupport.facts import fact

from ..model import FunctionVersion
from .log_frames import LEVELS, Piece, Splitter
from .platform_events import PlatformEvent, logs_dropped

KEPT_BYTES = 1_000_000
OVERHEAD_BYTES = 26
"""What CloudWatch Logs adds to each event's bytes when it measures a batch (PutLogEvents)."""
FLUSH_S = 0.5

LogEvents = list[tuple[int, str]]
"""Log events as CloudWatch Logs takes them: milliseconds since 1970 and the message."""

_LIBRARY_LEVELS = {"WARNING": "WARN", "CRITICAL": "FATAL"}
_TIME_MEMBERS = ("timestamp", "time", "@timestamp")


class InvocationLog:
    """Gathers what one invocation, with its Init phase, writes to the log.

    A handler may write without end: what goes to CloudWatch Logs is cut after one megabyte, with a
    line that says so; the tail is always the true one.

    Args:
        function: says in which format and from which level on.
        write: takes the log events of one or more whole lines.
    """

    def __init__(self, function: FunctionVersion, write: Callable[[LogEvents], None]) -> None:
        self._json = function.log_format == "JSON"
        self._application = _rank(function.application_log_level)
        self._system = _rank(function.system_log_level)
        self._write = write
        self._splitter = Splitter()
        self._tail = bytearray()
        self._tail_bytes = int(fact("invoke.log_tail_kb").value) * 1024
        self._kept = 0
        self._lost = [0, 0]
        self._events: LogEvents = []
        self._flushed = time.monotonic()

    def feed(self, data: bytes) -> None:
        """Take in a piece of the process's output."""
        for piece in self._splitter.feed(data):
            self._take(piece)
        if time.monotonic() - self._flushed > FLUSH_S:
            self.flush()

    def platform(self, event: PlatformEvent) -> None:
        """Write what Lambda itself has to tell, after all that the process has written."""
        for piece in self._splitter.end():
            self._take(piece)
        if any(self._lost):
            (lost_bytes, lost_events), self._lost = self._lost, [0, 0]
            self.platform(logs_dropped(lost_bytes, lost_events))
        if not self._json:
            line = event.text
        else:
            line = event.as_json() if _rank(event.level) >= self._system else ""
        if line:
            self._add(line + "\n")
            if event.in_tail:
                self._remember(line.encode() + b"\n")

    def flush(self) -> None:
        """Hand on what has gathered."""
        events, self._events = self._events, []
        self._flushed = time.monotonic()
        if events:
            self._write(events)

    @property
    def tail(self) -> bytes:
        """The last 4 KB, as the Invoke API returns them."""
        return bytes(self._tail)

    def _take(self, piece: Piece) -> None:
        # A runtime client without frames joins the lines of one event, a stack trace, with "\r".
        message = piece.message.removesuffix(b"\n").replace(b"\r", b"\n") + b"\n"
        if self._json and _rank(piece.level or _level(message)) < self._application:
            return
        self._remember(message)
        if self._kept >= KEPT_BYTES:
            self._lost[0] += len(message)
            self._lost[1] += 1
            return
        self._kept += len(message) + OVERHEAD_BYTES
        self._add(message.decode("utf-8", "replace"))

    def _add(self, message: str) -> None:
        now_ms = time.time_ns() // 1_000_000
        last_ms = self._events[-1][0] if self._events else 0
        self._events.append((max(now_ms, last_ms), message))

    def _remember(self, message: bytes) -> None:
        self._tail += message[-self._tail_bytes :]
        del self._tail[: -self._tail_bytes]


def _rank(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else 0


def _level(message: bytes) -> str:
    """The level of a line: what it says itself, as JSON with a valid time, or else INFO."""
    if message.startswith(b"{"):
        try:
            line = json.loads(message)
            times = [line[name] for name in _TIME_MEMBERS if name in line]
            level = str(line["level"]).upper()
            level = _LIBRARY_LEVELS.get(level, level)
            if level in LEVELS and times:
                datetime.fromisoformat(times[0])
                return level
        except (ValueError, KeyError, TypeError, RecursionError):
            pass
    return "INFO"


def billed(duration_ms: float, init_ms: float | None) -> int:
    """Milliseconds billed: Init and invocation together, rounded up (facts price.init_billed)."""
    return math.ceil(round(duration_ms + (init_ms or 0.0), 2))


def log_stream_name(version: str, unique: str) -> str:
    """The name of an environment's log stream, as Lambda forms it."""
    return f"{datetime.now(UTC):%Y/%m/%d}/[{version}]{unique}"
