"""A queue's attributes, worked out no more often than needed.

moto counts all messages of a queue, several times, for every message that is sent or received,
although it looks at settings alone, and asks for the time with each: ten thousand messages would
take a quarter of an hour.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from labsupport.patching import Patches


class _Scope(threading.local):
    """What this thread is doing: `known` has a queue's attributes meanwhile."""

    busy = 0
    known: dict[int, dict[str, Any]] | None = None


_scope = _Scope()


def install(patches: Patches) -> None:
    """Have attributes worked out once for each request, and only settings for messages."""
    from moto.sqs.models import Queue, SQSBackend

    complete = vars(Queue)["attributes"].fget
    patches.replace(Queue, "attributes", property(lambda queue: _attributes(complete, queue)))
    for name, wanted in _COUNTS.items():
        patches.replace(Queue, f"approximate_number_of_messages{name}", _count(wanted))
    patches.replace(Queue, "messages", property(_there))
    patches.wrap(SQSBackend, "send_message", _settings_only)
    patches.wrap(SQSBackend, "send_message_batch", _settings_only)
    patches.wrap(SQSBackend, "receive_message", _settings_only)
    patches.wrap(SQSBackend, "get_queue_attributes", _showing)


_COUNTS: dict[str, Callable[[Any, float], bool]] = {
    "": lambda message, now: message.visible_at < now >= message.delayed_until,
    "_delayed": lambda message, now: now < message.delayed_until,
    "_not_visible": lambda message, now: now <= message.visible_at,
}


def _count(wanted: Callable[[Any, float], bool]) -> property:
    def count(queue: Any) -> int:
        now = time.time() * 1000
        return sum(wanted(message, now) for message in queue._messages)

    return property(count)


def _there(queue: Any) -> list[Any]:
    now, there = time.time() * 1000, _COUNTS[""]
    return [message for message in queue._messages if there(message, now)]


def _attributes(complete: Callable[[Any], dict[str, Any]], queue: Any) -> dict[str, Any]:
    if _scope.busy:
        settings = {"MessageRetentionPeriod": queue.message_retention_period}
        if queue.fifo_queue:
            deduplication = str(queue.content_based_deduplication).lower()
            settings["ContentBasedDeduplication"] = deduplication
        return settings
    if _scope.known is None:
        return complete(queue)
    if id(queue) not in _scope.known:
        _scope.known[id(queue)] = complete(queue)
    return _scope.known[id(queue)]


def _settings_only(original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    _scope.busy += 1
    try:
        return original(*args, **kwargs)
    finally:
        _scope.busy -= 1


def _showing(original: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    _scope.known = {}
    try:
        return original(*args, **kwargs)
    finally:
        _scope.known = None
