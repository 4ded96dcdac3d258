"""The messages of one of moto's queues, for pollers.

A message that a poller takes stays invisible while its handler runs, which takes real time; after a
failure it is shown again when the queue's visibility timeout has passed in lab time since it was
taken. A message that somebody else has received is left alone as long as moto hides it.
docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from labsupport.clock import LabClock

from .queue_messages import (
    Message,
    Messages,
    Receipt,
    hidden,
    mark_received,
    received_too_often,
    unmark_received,
)

_NONE = object()


@dataclass
class _Held:
    """A message that a poller has taken.

    Args:
        due: lab time at which it is shown again.
        over: whether its handler has failed, so that it waits for that time alone.
    """

    message: Message
    due: float
    over: bool = False


class QueueFeed:
    """Hands a queue's messages to pollers and takes them back."""

    def __init__(self, queue: Any, clock: LabClock) -> None:
        self._clock = clock
        self._pollers: list[Callable[[], None]] = []
        self.attach(queue)

    def attach(self, queue: Any) -> None:
        """Read another queue of the same name, made after the first was deleted."""
        with queue._messages_lock:
            self.queue = queue
            self._ready: dict[Any, deque[Message]] = {}
            self._queued: set[int] = set()
            self._held: dict[int, _Held] = {}
            self._handles: dict[str, Message] = {}
            self._busy: set[str] = set()
            queue._messages = Messages(queue._messages)
            for message in queue._messages:
                self._place(message)

    @property
    def visibility_s(self) -> int:
        """The queue's visibility timeout, seconds."""
        return int(self.queue.visibility_timeout)

    def subscribe(self, wake: Callable[[], None]) -> None:
        """Call `wake()` whenever messages come; it must not wait for anything."""
        self._pollers.append(wake)

    def unsubscribe(self, wake: Callable[[], None]) -> None:
        """Call it no more."""
        if wake in self._pollers:
            self._pollers.remove(wake)

    @property
    def read(self) -> bool:
        """Whether any poller reads."""
        return bool(self._pollers)

    def arrived(self, message: Message) -> None:
        """A message was put into the queue."""
        with self.queue._messages_lock:
            self._place(message)
        self._wake()

    @property
    def has_ready(self) -> bool:
        """Whether a message is there that no group holds back."""
        return any(group not in self._busy for group in list(self._ready))

    def take(self, most: int, fits: Callable[[Message], bool | None]) -> list[Message]:
        """Receive up to `most` messages; of a FIFO queue, all of one group.

        Args:
            fits: says of each message, already marked as received, whether it is taken (True),
                left for later as the batch is full (False), or deleted unseen (None).
        """
        taken: list[Message] = []
        dead: list[Message] = []
        with self.queue._messages_lock:
            while (group := self._free_group()) is not _NONE:
                if self._take_from(group, most, fits, taken, dead) or taken:
                    break
        for message in dead:
            self.queue.dead_letter_queue.add_message(message)
        return taken

    def _take_from(
        self,
        group: Any,
        most: int,
        fits: Callable[[Message], bool | None],
        taken: list[Message],
        dead: list[Message],
    ) -> bool:
        """Move messages of a group to where they belong; True where the batch is full."""
        waiting, full = self._ready[group], False
        while waiting and len(taken) < most:
            message = waiting[0]
            if message in self.queue._messages and hidden(message):
                if self.queue.fifo_queue:
                    self._busy.add(group)
                    self._call_when_seen(message)
                    break
                self._drop_first(waiting)
                self._place(message)
                continue
            if message not in self.queue._messages:
                self._drop_first(waiting)
                continue
            if received_too_often(self.queue, message):
                self._drop_first(waiting)
                self.queue._messages.remove(message)
                dead.append(message)
                continue
            before = self._receive(message)
            fit = fits(message)
            if fit is False:
                self._unreceive(message, before)
                full = True
                break
            self._drop_first(waiting)
            if fit is None:
                self._delete(message)
            else:
                taken.append(message)
        if not waiting:
            del self._ready[group]
        if taken and self.queue.fifo_queue:
            self._busy.add(group)
        return full

    def succeeded(self, messages: Iterable[Message]) -> None:
        """Delete messages."""
        with self.queue._messages_lock:
            for message in messages:
                self._delete(message)
        if self.queue.fifo_queue:
            self._wake()

    def failed(self, messages: Iterable[Message], *, at_once: bool = False) -> None:
        """Show messages again when their visibility timeout is over, or at once."""
        due: dict[float, list[Message]] = {}
        with self.queue._messages_lock:
            for message in messages:
                held = self._held.get(id(message))
                if held is not None and held.message is message:
                    held.over = True
                    if at_once:
                        held.due = self._clock.time()
                    due.setdefault(held.due, []).append(message)
        for moment, batch in due.items():
            if moment <= self._clock.time():
                self._show(batch)
            else:
                self._clock.call_at(moment, lambda batch=batch: self._show(batch))  # type: ignore[misc]

    def delete(self, receipt_handle: str) -> bool:
        """Delete the message that anybody received with a handle; False where there is none."""
        with self.queue._messages_lock:
            if receipt_handle in self.queue.deleted_messages:
                return True
            message = self.find(receipt_handle) or next(
                (each for each in self.queue._messages if each.had_receipt_handle(receipt_handle)),
                None,
            )
            if message is None:
                return False
            self._delete(message)
        if self.queue.fifo_queue:
            self._wake()
        return True

    def visibility_changed(self, message: Message, timeout_s: int) -> bool:
        """Follow ChangeMessageVisibility; False for a message that no poller has."""
        with self.queue._messages_lock:
            held = self._held.get(id(message))
            if held is None or held.message is not message:
                return False
            held.due = self._clock.time() + timeout_s
            over = held.over
        if over:
            self.failed([message])
        return True

    def find(self, receipt_handle: str) -> Message | None:
        """The message that a poller got with a receipt handle."""
        return self._handles.get(receipt_handle)

    def seen_again(self, message: Message) -> None:
        """A message that somebody else had received may be there again."""
        with self.queue._messages_lock:
            if self.queue.fifo_queue:
                self._free(message.group_id)
            if id(message) not in self._held:
                self._place(message)
        self._wake()

    def purged(self) -> None:
        """All messages were deleted."""
        self.attach(self.queue)

    def _place(self, message: Message) -> None:
        """Line a message up, or wait until it may be seen; those of a FIFO queue keep their place.

        A delay passes in lab time. A message that somebody else has received comes back in real
        time, as moto has it.
        """
        if id(message) in self._queued or message not in self.queue._messages:
            return
        if message.delayed and message.delayed_until < math.inf:
            delay_s = message.delayed_until / 1000 - time.time()
            message.delayed_until = math.inf
            self._clock.call_later(delay_s, lambda: self._undelay(message))
        if self.queue.fifo_queue or not hidden(message):
            self._line_up([message])
        else:
            self._call_when_seen(message)

    def _call_when_seen(self, message: Message) -> None:
        wait_s = message.visible_at / 1000 - time.time()
        if not message.delayed and wait_s < math.inf:
            lab_s = max(wait_s, 0.01) * self._clock.speed
            self._clock.call_later(lab_s, lambda: self.seen_again(message))

    def _undelay(self, message: Message) -> None:
        message.delayed_until = 0.0
        self.seen_again(message)

    def _line_up(self, messages: list[Message], *, first: bool = False) -> None:
        group = messages[0].group_id if self.queue.fifo_queue else None
        waiting = self._ready.setdefault(group, deque())
        self._queued.update(map(id, messages))
        if first:
            waiting.extendleft(reversed(messages))
        else:
            waiting.extend(messages)

    def _show(self, messages: list[Message]) -> None:
        with self.queue._messages_lock:
            shown = []
            for message in messages:
                held = self._held.get(id(message))
                if held is None or held.message is not message:
                    continue
                if held.due > self._clock.time():
                    continue  # changed meanwhile: another timer will come
                self._let_go(message)
                message.visible_at = 0.0
                if message in self.queue._messages:
                    shown.append(message)
            if shown:
                self._line_up(shown, first=self.queue.fifo_queue)
            if messages and self.queue.fifo_queue:
                self._free(messages[0].group_id)
        self._wake()

    def _free_group(self) -> Any:
        return next((group for group in self._ready if group not in self._busy), _NONE)

    def _free(self, group: str) -> None:
        if all(held.message.group_id != group for held in self._held.values()):
            self._busy.discard(group)

    def _drop_first(self, waiting: deque[Message]) -> None:
        self._queued.discard(id(waiting.popleft()))

    def _receive(self, message: Message) -> Receipt:
        self._held[id(message)] = _Held(message, self._clock.time() + self.visibility_s)
        self.queue.pending_messages.add(message)
        before = mark_received(message)
        self._handles[message.receipt_handle] = message
        return before

    def _unreceive(self, message: Message, before: Receipt) -> None:
        self._let_go(message)
        unmark_received(message, before)

    def _delete(self, message: Message) -> None:
        self._let_go(message)
        self.queue._messages.remove(message)
        self.queue.deleted_messages.update(message.all_receipt_handles)
        if self.queue.fifo_queue:
            self._free(message.group_id)

    def _let_go(self, message: Message) -> None:
        self._held.pop(id(message), None)
        self._handles.pop(message.receipt_handle, None)
        self.queue.pending_messages.discard(message)

    def _wake(self) -> None:
        for wake in list(self._pollers):
            wake()
