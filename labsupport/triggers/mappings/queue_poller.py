"""Reads a queue for one mapping: takes batches, invokes the function, deletes what succeeded.

docs.aws.amazon.com/lambda/latest/dg/with-sqs.html. It sleeps until the queue tells it of messages.
Handlers run in real time, and so does the growth of how many batches are read at once; batching
windows, visibility timeouts and back-off pass in lab time. A batch of a FIFO queue holds one
message group only.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from labsupport.clock import LabClock, Timer
from labsupport.facts import fact
from labsupport.functions import DataPlane
from labsupport.functions.errors import ServiceError
from labsupport.functions.model import InvokeResult
from labsupport.functions.workers import Workers
from labsupport.history import BatchPolled, History

from ..moto_bridge.queue_feed import QueueFeed
from .batch_response import failed_items
from .queue_events import longest_chain, record_of, trace_header
from .settings import EventSourceMapping

log = logging.getLogger("labsupport.triggers.mappings")

BACK_OFF_S = (1, 300)
"""Seconds, the first and the longest, for which nothing is read after a throttle."""

_ENVELOPE = len('{"Records": []}')


@dataclass
class _Batch:
    """Messages, and their records as JSON texts."""

    messages: list[Any] = field(default_factory=list)
    records: list[str] = field(default_factory=list)
    size: int = _ENVELOPE

    def payload(self) -> bytes:
        """The event."""
        return ('{"Records": [' + ", ".join(self.records) + "]}").encode()


class QueuePoller:
    """Polls one queue for one mapping, from the start until `close`."""

    def __init__(
        self,
        mapping: EventSourceMapping,
        feed: QueueFeed,
        *,
        plane: DataPlane,
        clock: LabClock,
        workers: Workers,
        history: History,
    ) -> None:
        self._mapping = mapping
        self._feed = feed
        self._plane = plane
        self._clock = clock
        self._workers = workers
        self._history = history
        self._most_bytes = int(fact("payload.sync_mb").value) * 1024 * 1024
        self._scaling = fact("esm.sqs_scaling").value
        self._lock = threading.Lock()
        self._gathering = threading.Lock()
        self._gathered = _Batch()
        self._window: Timer | None = None
        self._active = 0
        self._busy_since = 0.0
        self._throttles = 0
        self._paused = False
        self._closed = False
        feed.subscribe(self.wake)
        self.wake()

    def close(self) -> None:
        """Take no more messages; those being handled are finished, those gathered given back."""
        with self._lock:
            self._closed = True
        self._feed.unsubscribe(self.wake)
        with self._gathering:
            gathered, self._gathered = self._gathered, _Batch()
            self._end_window()
        self._feed.failed(gathered.messages, at_once=True)

    def wake(self) -> None:
        """Read, if there is something to read and not too much is being handled."""
        if not self._feed.has_ready and not self._window_over():
            return
        with self._lock:
            if self._closed or self._paused or self._active >= self._allowed():
                return
            if not self._active:
                self._busy_since = time.monotonic()
            self._active += 1
        self._workers.submit_holding(self._clock, self._run)

    def _allowed(self) -> int:
        """How many batches may be handled at once by now."""
        if most := self._mapping.most_at_once:
            return most
        minutes = (time.monotonic() - self._busy_since) / 60 if self._active else 0.0
        allowed = self._scaling["start"] + int(self._scaling["add_per_minute"] * minutes)
        return int(min(allowed, self._scaling["max"]))

    def _run(self) -> None:
        try:
            while (batch := self._next()) is not None:
                self.wake()
                self._handle(batch)
        except Exception:
            log.exception("a batch of %s was lost", self._mapping.source_arn)
        finally:
            with self._lock:
                self._active -= 1
        self.wake()

    def _next(self) -> _Batch | None:
        with self._lock:
            if self._closed or self._paused or self._active > self._allowed():
                return None
        if not self._mapping.window_s:
            batch = _Batch()
            self._fill(batch)
            return batch if batch.messages else None
        with self._gathering:
            batch = self._gathered
            full = self._fill(batch)
            if not batch.messages or not (full or self._window_over()):
                if batch.messages and self._window is None:
                    self._window = self._clock.call_later(self._mapping.window_s, self.wake)
                return None
            self._gathered = _Batch()
            self._end_window()
            return batch

    def _fill(self, batch: _Batch) -> bool:
        """Receive what still goes into a batch; True where it is full."""
        mapping, full = self._mapping, False

        def fits(message: Any) -> bool | None:
            nonlocal full
            record = record_of(message, mapping.source_arn, mapping.region)
            if not mapping.filter.accepts(record):
                return None
            text = json.dumps(record)
            if batch.records and batch.size + len(text) + 2 > self._most_bytes:
                full = True
                return False
            batch.records.append(text)
            batch.messages.append(message)
            batch.size += len(text) + 2
            return True

        while (room := mapping.batch_size - len(batch.messages)) > 0 and not full:
            if not self._feed.take(room, fits) or mapping.fifo:
                break
        return full or len(batch.messages) >= mapping.batch_size

    def _window_over(self) -> bool:
        return self._window is not None and self._window.fired

    def _end_window(self) -> None:
        if self._window is not None:
            self._window.cancel()
            self._window = None

    def _handle(self, batch: _Batch) -> None:
        mapping, messages = self._mapping, batch.messages
        function_arn = ":".join(mapping.function_arn.split(":")[:7])
        try:
            result = self._plane.invoke(
                mapping.region,
                mapping.function_arn,
                batch.payload(),
                caller=mapping.source_arn,
                trace_header=longest_chain(messages, function_arn),
            )
        except ServiceError as error:
            self._refused(batch, error)
            return
        self._throttles = 0
        failed = self._failed(messages, result) if result else messages
        kept = set(map(id, failed))
        self._feed.succeeded(message for message in messages if id(message) not in kept)
        self._feed.failed(failed)
        outcome = "success" if not failed else "error"
        if failed and result and not result.function_error:
            outcome = "partial" if len(failed) < len(messages) else "failed items"
        self._record(batch, outcome, len(failed))

    def _failed(self, messages: list[Any], result: InvokeResult) -> list[Any]:
        if result.function_error:
            return messages
        if not self._mapping.partial:
            return []
        known = {message.id for message in messages}
        failed = failed_items(result.payload, known)
        return messages if failed is None else [each for each in messages if each.id in failed]

    def _refused(self, batch: _Batch, error: ServiceError) -> None:
        """The function didn't run: give the messages back, and read nothing for a while."""
        if error.code == "RecursiveInvocationException":
            self._stop_loop(batch)
            return
        self._record(batch, "throttled" if error.status == 429 else "refused", len(batch.messages))
        first, longest = BACK_OFF_S
        with self._lock:
            if not self._paused and not self._closed:
                self._paused = True
                self._clock.call_later(min(longest, first * 2**self._throttles), self._resume)
                self._throttles = min(self._throttles + 1, longest)
        self._feed.failed(batch.messages)

    def _stop_loop(self, batch: _Batch) -> None:
        """docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html"""
        if self._feed.queue.dead_letter_queue is None:
            looping = [message for message in batch.messages if trace_header(message)]
            self._feed.succeeded(looping)
        self._feed.failed(batch.messages)
        self._record(batch, "stopped", len(batch.messages))

    def _resume(self) -> None:
        with self._lock:
            self._paused = False
        self.wake()

    def _record(self, batch: _Batch, outcome: str, failed: int) -> None:
        mapping = self._mapping
        self._history.record(
            BatchPolled(
                mapping=mapping.uuid,
                source_arn=mapping.source_arn,
                function_arn=mapping.function_arn,
                records=len(batch.messages),
                payload_bytes=batch.size,
                outcome=outcome,
                failed=failed,
                at=self._clock.now(),
                real_at=time.time(),
            )
        )
