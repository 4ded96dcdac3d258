"""The log of an execution environment: its lines, the tail that LogType=Tail returns, REPORT."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime

from labsupport.facts import fact

from .failures import Failure
from .model import InvokeResult

KEPT_BYTES = 1_000_000
EVENT_BYTES = 256 * 1024
OVERHEAD_BYTES = 26
"""What CloudWatch Logs adds to each event's bytes when it measures a batch (PutLogEvents)."""
FLUSH_S = 0.5

LogEvents = list[tuple[int, str]]
"""Log events as CloudWatch Logs takes them: milliseconds since 1970 and the message."""


class InvocationLog:
    """Gathers what one invocation, with its Init phase, writes to the log.

    A handler may write without end: what goes to CloudWatch Logs is cut after one megabyte, with a
    line that says so; the tail is always the true one.

    Args:
        write: takes the log events of one or more whole lines.
    """

    def __init__(self, write: Callable[[LogEvents], None]) -> None:
        self._write = write
        self._tail = bytearray()
        self._tail_bytes = int(fact("invoke.log_tail_kb").value) * 1024
        self._rest = b""
        self._kept = 0
        self._lost = 0
        self._events: LogEvents = []
        self._flushed = time.monotonic()

    def feed(self, data: bytes) -> None:
        """Take in a piece of the process's output."""
        self._remember(data)
        if self._kept >= KEPT_BYTES:
            self._lost += len(data)
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > EVENT_BYTES:
            lines.append(self._rest)
            self._rest = b""
        self._keep(lines)

    def platform(self, line: str) -> None:
        """Write a line of Lambda's own, such as START or REPORT."""
        if self._lost:
            lost, self._lost = self._lost, 0
            self.platform(f"(The lab kept the first megabyte of this log; {lost} more bytes came.)")
        if self._rest:
            self._keep([self._rest])
            self._rest = b""
            self._remember(b"\n")
        self._remember(line.encode() + b"\n")
        self._events.append((_now_ms(), line + "\n"))

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

    def _remember(self, data: bytes) -> None:
        self._tail += data[-self._tail_bytes :].replace(b"\r", b"\n")
        del self._tail[: -self._tail_bytes]

    def _keep(self, lines: list[bytes]) -> None:
        for line in lines:
            # The runtime client joins the lines of one event, a stack trace, with "\r".
            text = line.decode("utf-8", "replace").replace("\r", "\n")
            self._kept += len(line) + OVERHEAD_BYTES
            self._events += [
                (_now_ms(), text[start : start + EVENT_BYTES] + "\n")
                for start in range(0, max(len(text), 1), EVENT_BYTES)
            ]
        if time.monotonic() - self._flushed > FLUSH_S:
            self.flush()


def report_line(request_id: str, memory_mb: int, result: InvokeResult) -> str:
    """The REPORT line that ends the log of an invocation.

    See docs.aws.amazon.com/lambda/latest/dg/python-logging.html for its fields. The error type is
    named for errors of the platform only, not for those that the handler raised.
    """
    parts = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {result.duration_ms:.2f} ms",
        f"Billed Duration: {result.billed_ms} ms",
        f"Memory Size: {memory_mb} MB",
        f"Max Memory Used: {result.max_memory_mb} MB",
    ]
    if result.init_ms is not None:
        parts.append(f"Init Duration: {result.init_ms:.2f} ms")
    if result.status != "success":
        parts.append(f"Status: {result.status}")
    if result.status == "error":
        parts.append(f"Error Type: {result.error_type}")
    return "\t".join(parts) + "\t"


def init_report_line(init_ms: float, phase: str, failure: Failure) -> str:
    """The INIT_REPORT line, which Lambda writes when an Init phase fails."""
    parts = [
        f"INIT_REPORT Init Duration: {init_ms:.2f} ms",
        f"Phase: {phase}",
        f"Status: {failure.status}",
    ]
    if failure.status == "error":
        parts.append(f"Error Type: {failure.error_type}")
    return "\t".join(parts)


def billed(duration_ms: float, init_ms: float | None) -> int:
    """Milliseconds billed: Init and invocation together, rounded up (facts price.init_billed)."""
    return math.ceil(round(duration_ms + (init_ms or 0.0), 2))


def log_stream_name(version: str, unique: str) -> str:
    """The name of an environment's log stream, as Lambda forms it."""
    return f"{datetime.now(UTC):%Y/%m/%d}/[{version}]{unique}"


def timestamp() -> str:
    """Now, as Lambda writes it in its own log lines."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
