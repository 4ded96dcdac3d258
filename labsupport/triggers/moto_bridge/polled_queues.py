"""moto's SQS, with feeds for pollers.

moto's own delivery, within SendMessage, has nothing to deliver: mappings aren't made known to it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from labsupport.clock import LabClock
from labsupport.credentials import ACCOUNT_ID
from labsupport.patching import Patches

from . import queue_attributes
from .queue_feed import QueueFeed
from .requests import current_request

FIRST_SEQUENCE_NUMBER = 18_849_496_460_467_696_128


def find_queue(arn: str) -> Any | None:
    """moto's queue, None where there is none."""
    from moto.sqs.models import sqs_backends

    _, _, _, region, account, name = arn.split(":", 5)
    return sqs_backends[ACCOUNT_ID][region].queues.get(name) if account == ACCOUNT_ID else None


class Queues:
    """The queues that pollers read, from `install` until `remove`."""

    def __init__(self, clock: LabClock) -> None:
        self._clock = clock
        self._feeds: dict[str, QueueFeed] = {}
        self._lock = threading.Lock()
        self._patches = Patches()
        self._sequence = 0

    def install(self) -> None:
        """Tell pollers of messages, let queues be changed by one at a time."""
        from moto.sqs.models import Queue, SQSBackend

        queue_attributes.install(self._patches)
        wrap = self._patches.wrap
        wrap(Queue, "add_message", self._add)
        wrap(Queue, "delete_message", self._delete)
        wrap(SQSBackend, "receive_message", _receive)
        wrap(SQSBackend, "change_message_visibility", self._change_visibility)
        wrap(SQSBackend, "purge_queue", self._purge)

    def remove(self) -> None:
        """Leave moto as it was."""
        self._patches.remove()
        self._feeds.clear()

    def feed(self, arn: str) -> QueueFeed | None:
        """The feed of a queue, made when first asked for; None where there is no such queue."""
        queue = find_queue(arn)
        with self._lock:
            feed = self._feeds.get(arn)
            if feed is None and queue is not None:
                feed = self._feeds[arn] = QueueFeed(queue, self._clock)
            return feed

    def _of(self, queue: Any) -> QueueFeed | None:
        feed = self._feeds.get(queue.queue_arn)
        if feed is not None and feed.queue is not queue and find_queue(queue.queue_arn) is queue:
            feed.attach(queue)
        return feed

    def _add(self, original: Callable[..., None], queue: Any, message: Any) -> None:
        feed = self._of(queue)
        if header := current_request().trace_header:
            trace = {"DataType": "String", "StringValue": header}
            message.system_attributes.setdefault("AWSTraceHeader", trace)
        with queue._messages_lock:
            if queue.fifo_queue:
                self._sequence += 1
                message.sequence_number = f"{FIRST_SEQUENCE_NUMBER + self._sequence * 256}"
            original(queue, message)
        if feed is not None:
            feed.arrived(message)

    def _delete(self, original: Callable[..., None], queue: Any, receipt_handle: str) -> None:
        feed = self._of(queue)
        with queue._messages_lock:
            if feed is None or not feed.delete(receipt_handle):
                original(queue, receipt_handle)

    def _change_visibility(
        self,
        original: Callable[..., None],
        sqs: Any,
        queue_name: str,
        receipt_handle: str,
        visibility_timeout: int,
    ) -> None:
        queue = sqs.get_queue(queue_name)
        feed = self._of(queue)
        message = feed.find(receipt_handle) if feed else None
        if feed and message is not None and feed.visibility_changed(message, visibility_timeout):
            return
        with queue._messages_lock:
            original(sqs, queue_name, receipt_handle, visibility_timeout)
        if feed is not None and not visibility_timeout:
            for each in queue._messages:
                if each.had_receipt_handle(receipt_handle):
                    feed.seen_again(each)

    def _purge(self, original: Callable[..., None], sqs: Any, name: str) -> None:
        queue = sqs.get_queue(name)
        with queue._messages_lock:
            original(sqs, name)
            if feed := self._of(queue):
                feed.purged()


def _receive(
    original: Callable[..., Any],
    sqs: Any,
    name: str,
    count: int,
    wait_s: int,
    *more: Any,
    **named: Any,
) -> Any:
    """Receive messages, waiting for them without keeping others from the queue."""
    deadline = time.monotonic() + wait_s
    while True:
        queue = sqs.get_queue(name)
        with queue._messages_lock:
            found = original(sqs, name, count, 0, *more, **named)
            left = deadline - time.monotonic()
            if found or left <= 0:
                return found
            queue._messages_lock.wait(min(left, 1))
