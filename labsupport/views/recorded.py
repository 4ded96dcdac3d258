"""Reads a record of the lab's history, to be explained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from labsupport.history import (
    BatchPolled,
    Delivery,
    EventAttempt,
    EventEnded,
    Invocation,
    Phase,
    TargetDelivery,
    Throttle,
)

from .seen import Seen, count, ended, nothing_to_explain


def read_record(record: object) -> Seen:
    """What a record tells. Raise LabValueError where it tells of nothing to explain."""
    reader = _READERS.get(type(record))
    return (reader and reader(record)) or nothing_to_explain()


def _invocation(record: Invocation) -> Seen:
    if record.function_error:
        return Seen("failure", record.error_type)
    numbers = {
        "duration": f"{record.duration_ms:.2f}",
        "billed": f"{record.billed_ms:,}",
        "memory": f"{record.memory_mb:,}",
        "used": f"{record.max_memory_mb:,}",
    }
    if record.init_ms is None:
        return Seen("log", "warm", details=numbers)
    return Seen("log", "cold", details=numbers | {"init": f"{record.init_ms:.2f}"})


def _phase(record: Phase) -> Seen | None:
    timed_out = (record.phase, record.status) == ("init", "timeout")
    return Seen("log", "Init timeout") if timed_out else None


def _throttle(record: Throttle) -> Seen:
    if record.reason == "RecursiveInvocation":
        return Seen("refusal", "RecursiveInvocationException")
    return Seen("refusal", "TooManyRequestsException", reason=record.reason)


def _ended(record: EventEnded) -> Seen:
    return ended(record.condition, record.attempts)


def _delivery(record: Delivery | TargetDelivery) -> Seen:
    target = record.target.rpartition(":")[2]
    error = "undelivered" if record.error else "delivered"
    return Seen("event", error, record.error, details={"target": target})


def _attempt(record: EventAttempt) -> Seen:
    due = record.next_due
    details = {
        "number": str(record.number),
        "next_try": f"the next try is due at {due:%H:%M:%S} lab time" if due else "it was the last",
        "attempts": count(record.number, "attempt"),
    }
    return Seen("event", record.outcome, details=details)


def _batch(record: BatchPolled) -> Seen | None:
    if not record.failed:
        return None
    details = {
        "records": count(record.records, "record"),
        "failed": str(record.failed),
        "outcome": {
            "error": "the function failed",
            "partial": "the function reported them as failed",
            "failed items": "the function reported them as failed",
            "throttled": "the function was throttled",
        }.get(record.outcome, record.outcome),
    }
    return Seen("event", "batch", details=details)


_READERS: dict[type, Callable[[Any], Seen | None]] = {
    Invocation: _invocation,
    Phase: _phase,
    Throttle: _throttle,
    EventEnded: _ended,
    EventAttempt: _attempt,
    Delivery: _delivery,
    TargetDelivery: _delivery,
    BatchPolled: _batch,
}
