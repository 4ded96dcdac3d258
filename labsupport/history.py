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


class History:
    """An append-only record, safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._invocations: list[Invocation] = []

    def add(self, invocation: Invocation) -> None:
        """Record an invocation."""
        with self._lock:
            self._invocations.append(invocation)

    @property
    def invocations(self) -> list[Invocation]:
        """All invocations so far, in the order they ended."""
        with self._lock:
            return list(self._invocations)
