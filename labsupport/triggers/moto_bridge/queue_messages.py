"""A queue's messages, and what receiving one changes of it."""

from __future__ import annotations

import base64
import math
import os
import time
from collections.abc import Iterable, Iterator
from typing import Any

Message = Any
"""One of moto's messages."""

Receipt = tuple[str | None, int | None]
"""The receipt handle of a message, and when it was first received."""


class Messages:
    """What takes the place of a queue's list of messages: any of them is removed at once."""

    def __init__(self, messages: Iterable[Message] = ()) -> None:
        self._known = {id(message): message for message in messages}

    def __iter__(self) -> Iterator[Message]:
        return iter(list(self._known.values()))

    def __len__(self) -> int:
        return len(self._known)

    def __contains__(self, message: Message) -> bool:
        return id(message) in self._known

    def append(self, message: Message) -> None:
        """Add a message at the end."""
        self._known[id(message)] = message

    def remove(self, message: Message) -> None:
        """Take a message out, if it is in."""
        self._known.pop(id(message), None)


def hidden(message: Message) -> bool:
    """Whether a message can't be received now."""
    return bool(message.delayed or not message.visible)


def received_too_often(queue: Any, message: Message) -> bool:
    """Whether a message has to go to the queue's dead-letter queue."""
    policy = queue.redrive_policy
    return bool(
        policy
        and queue.dead_letter_queue is not None
        and message.approximate_receive_count >= policy["maxReceiveCount"]
    )


def mark_received(message: Message) -> Receipt:
    """Give a message a new receipt handle, and hide it until it is shown; return what it had."""
    before = (message.receipt_handle, message.approximate_first_receive_timestamp)
    message._old_receipt_handles.append(message.receipt_handle)
    message.receipt_handle = "AQEB" + base64.b64encode(os.urandom(96)).decode()
    message.approximate_first_receive_timestamp = before[1] or int(time.time() * 1000)
    message.approximate_receive_count += 1
    message.visible_at = math.inf
    return before


def unmark_received(message: Message, before: Receipt) -> None:
    """Undo `mark_received`."""
    message._old_receipt_handles.pop()
    message.receipt_handle, message.approximate_first_receive_timestamp = before
    message.approximate_receive_count -= 1
    message.visible_at = 0.0
