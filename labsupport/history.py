"""What happened in the lab, in order: the record that pictures and bills are drawn from."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Invocation:
    """One invocation that has ended.

    Args:
        started: lab time at which the invocation was taken on.
        real_started: seconds since 1970 on this machine's clock.
        environment: the id of the execution environment, the same for all it served.
        init_ms: milliseconds of the Init phase, None for a warm start.
        status: "success", "error" or "timeout", as REPORT says; an error that the handler raised
            counts as "success" there and shows in `function_error`.
    """

    request_id: str
    function_arn: str
    version: str
    environment: str
    started: datetime
    real_started: float
    duration_ms: float
    billed_ms: int
    init_ms: float | None
    memory_mb: int
    max_memory_mb: int
    function_error: str
    status: str
    error_type: str
    invocation_type: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A report that Lambda sent, or tried to send, at the end of an asynchronous event.

    Args:
        kind: "OnSuccess", "OnFailure" or "DeadLetterQueue".
        target: the ARN it was sent to.
        condition: "Success", "RetriesExhausted" or "EventAgeExceeded".
        error: why it didn't arrive, "" if it did.
    """

    request_id: str
    kind: str
    target: str
    condition: str
    error: str


class History:
    """An append-only record, safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._invocations: list[Invocation] = []
        self._deliveries: list[Delivery] = []
        self._endings: list[tuple[str, str]] = []

    def add(self, invocation: Invocation) -> None:
        """Record an invocation."""
        with self._lock:
            self._invocations.append(invocation)

    @property
    def invocations(self) -> list[Invocation]:
        """All invocations so far, in the order they ended."""
        with self._lock:
            return list(self._invocations)

    def add_delivery(self, delivery: Delivery) -> None:
        """Record a report to a destination or a dead-letter queue."""
        with self._lock:
            self._deliveries.append(delivery)

    def add_ending(self, request_id: str, condition: str) -> None:
        """Record that an asynchronous event has ended, and how."""
        with self._lock:
            self._endings.append((request_id, condition))

    @property
    def deliveries(self) -> list[Delivery]:
        """All reports so far, in order."""
        with self._lock:
            return list(self._deliveries)

    @property
    def endings(self) -> list[tuple[str, str]]:
        """Asynchronous events that have ended: request id and condition, in order."""
        with self._lock:
            return list(self._endings)
