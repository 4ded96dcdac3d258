"""Reads one shard, or the share of it that one of several lanes has, in order.

docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html, with-ddb.html: a batch that fails is tried
again before any later record of its lane, until it succeeds or is given up. Windows, ages and
back-off pass in lab time.
"""

from __future__ import annotations

import json
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from zlib import crc32

from labsupport.clock import LabClock, Timer
from labsupport.facts import fact
from labsupport.functions import DataPlane
from labsupport.functions.errors import ServiceError
from labsupport.functions.model import FunctionVersion, InvokeResult
from labsupport.functions.moto_bridge import resolve
from labsupport.history import BatchPolled, History

from ..moto_bridge.polled_streams import Shard, StreamRecord, retention_s
from .batch_response import failed_items
from .settings import EventSourceMapping
from .stream_batches import Batch
from .stream_failures import StreamFailures
from .stream_records import record_of
from .tumbling import TumblingWindows

BACK_OFF_S = (1, 60)
"""Seconds, the first and the longest, before a batch is tried again."""


@dataclass(frozen=True)
class LaneContext:
    """What all lanes of a mapping share.

    Args:
        lanes: how many share each shard.
    """

    mapping: EventSourceMapping
    plane: DataPlane
    clock: LabClock
    history: History
    failures: StreamFailures
    lanes: int


class Lane:
    """One lane of a shard. Only one thread at a time may call `step`.

    Args:
        wake: has `step` called again, after a time.
    """

    def __init__(
        self, context: LaneContext, shard: Shard, number: int, wake: Callable[[], None]
    ) -> None:
        self._context = context
        self._mapping = context.mapping
        self._clock = context.clock
        self.shard = shard
        self._number = number
        self._wake = wake
        self._pending: deque[Batch] = deque()
        self._gathering: Timer | None = None
        self._back_off: Timer | None = None
        self._refusals = 0
        self._windows = TumblingWindows(context.mapping, context.clock, wake)
        self._most_bytes = int(fact("payload.sync_mb").value) * 1024 * 1024

    @property
    def position(self) -> int:
        """How far the lane has come."""
        return int(self._mapping.positions[self.shard.id][self._number])

    @property
    def done(self) -> bool:
        """Whether nothing is left of a closed shard."""
        at_end = self.shard.closed and self.position >= self.shard.last
        return at_end and not self._pending and self._windows.open is None

    @property
    def may_step(self) -> bool:
        """Whether there is something to do now."""
        if self._back_off is not None and not self._back_off.fired:
            return False
        return bool(self._pending or self._windows.open or self.position < self.shard.last)

    def step(self) -> bool:
        """Do one thing; False where there is nothing to do now."""
        if self._back_off is not None and not self._back_off.fired:
            return False
        self._back_off = None
        if not self._pending:
            batch = self._read()
            if batch is None:
                return False
            self._pending.append(batch)
        return self._try(self._pending[0])

    def close(self) -> None:
        """Wait for nothing more."""
        for timer in (self._gathering, self._back_off):
            if timer is not None:
                timer.cancel()
        self._gathering = self._back_off = None

    def _read(self) -> Batch | None:
        """The next batch, None while there is none, or its window isn't over."""
        mapping, batch, full = self._mapping, Batch(through=self.position), False
        for record in self._mine(batch):
            if not self._windows.takes(record):
                break
            text = self._text(record)
            if text is not None:
                full = bool(batch.texts) and batch.size + len(text) > self._most_bytes
                if full:
                    break
                batch.records.append(record)
                batch.texts.append(text)
                full = len(batch.texts) >= mapping.batch_size
            batch.through = record.position
            if full:
                break
        if not batch.records:
            self._move(batch.through)
            return self._windows.ending(batch.through)
        if mapping.window_s and not full and not self._gathered():
            return None
        self._gathering = None
        return batch

    def _mine(self, batch: Batch) -> Iterator[StreamRecord]:
        for record in self.shard.after(self.position):
            if crc32(record.key.encode()) % self._context.lanes == self._number:
                yield record
            else:
                batch.through = record.position

    def _text(self, record: StreamRecord) -> str | None:
        """A record as JSON, None where no filter lets it through."""
        event = record_of(record, self.shard.id, self._mapping, self._role())
        return json.dumps(event) if self._mapping.filter.accepts(event) else None

    def _role(self) -> str:
        try:
            return self._function().role_arn
        except ServiceError:
            return ""

    def _function(self) -> FunctionVersion:
        return resolve(self._mapping.region, self._mapping.function_arn, None)[0]

    def _gathered(self) -> bool:
        """Whether the batching window is over; the first call begins it."""
        if self._gathering is None:
            self._gathering = self._clock.call_later(self._mapping.window_s, self._wake)
        return self._gathering.fired

    def _try(self, batch: Batch) -> bool:
        """Invoke the function with a batch; False where it has to wait for its next attempt."""
        if self._drop_old(batch):
            return True
        try:
            result = self._invoke(batch)
        except ServiceError as error:
            self._record(batch, "throttled" if error.status == 429 else "refused")
            self._refusals += 1
            return self._wait(self._refusals)
        self._refusals = 0
        batch.result = result
        failed = self._first_failed(batch, result)
        if failed is not None:
            self._mapping.last_result = "PROBLEM: Function call failed"
            return self._fail(batch, failed, result)
        self._mapping.last_result = "OK"
        self._record(batch, "success")
        self._windows.keep(batch, result)
        self._finish(batch)
        return True

    def _first_failed(self, batch: Batch, result: InvokeResult) -> int | None:
        """The place of the first record that failed; None where none did."""
        if result.function_error or self._windows.misses_state(result):
            return 0
        if not self._mapping.partial:
            return None
        numbers = [record.sequence_number for record in batch.records]
        failed = failed_items(result.payload, numbers)
        if failed is None:
            return 0
        return min(map(numbers.index, failed)) if failed else None

    def _fail(self, batch: Batch, failed: int, result: InvokeResult) -> bool:
        settings = self._mapping.settings
        self._record(batch, "error" if result.function_error else "partial", failed)
        if failed:
            self._move(batch.drop(failed).through)
        elif settings["BisectBatchOnFunctionError"] and len(batch.records) > 1:
            self._pending.popleft()
            self._pending.extendleft(reversed(batch.halves()))
            return True
        batch.attempts += 1
        most = settings["MaximumRetryAttempts"]
        if 0 <= most < batch.attempts:
            self._give_up(batch, "RetryAttemptsExhausted")
            self._finish(batch)
            return True
        return self._wait(batch.attempts)

    def _drop_old(self, batch: Batch) -> bool:
        """Give up records that are too old; True where none are left."""
        if not batch.records:
            return False
        limit, kept = self._mapping.settings["MaximumRecordAgeInSeconds"], retention_s
        longest = limit if limit >= 0 else kept(self._mapping.source_arn)
        now = self._clock.time()
        old = sum(now - record.arrived > longest for record in batch.records)
        if not old:
            return False
        head = batch.drop(old)
        if limit >= 0:  # what the stream itself has dropped is told to nobody
            self._give_up(head, "RecordAgeExceeded")
        self._move(head.through)
        if batch.records:
            return False
        self._finish(batch)
        return True

    def _give_up(self, batch: Batch, condition: str) -> None:
        if batch.records:
            payload = batch.payload(self._mapping, self.shard.id, self._windows.open)
            self._context.failures.tell(self._mapping, self.shard.id, batch, condition, payload)
        else:
            self._windows.drop()

    def _finish(self, batch: Batch) -> None:
        self._pending.popleft()
        self._move(batch.through)

    def _move(self, position: int) -> None:
        self._mapping.positions[self.shard.id][self._number] = position

    def _wait(self, failures: int) -> bool:
        first, longest = BACK_OFF_S
        lab_s = min(longest, first * 2 ** min(failures - 1, 20))
        self._back_off = self._clock.call_later(lab_s, self._wake)
        return False

    def _invoke(self, batch: Batch) -> InvokeResult:
        mapping, age = self._mapping, batch.records[-1].arrived if batch.records else None
        batch.request_id = str(uuid.uuid4())
        if age is not None:
            self._context.failures.aged(mapping, self._clock.time() - age)
        result = self._context.plane.invoke(
            mapping.region,
            mapping.function_arn,
            batch.payload(mapping, self.shard.id, self._windows.open),
            caller=mapping.source_arn,
            request_id=batch.request_id,
        )
        assert result is not None, "a synchronous invocation has a result"
        batch.invokes += 1
        return result

    def _record(self, batch: Batch, outcome: str, failed: int | None = None) -> None:
        mapping, context = self._mapping, self._context
        lane = f":{self._number}" if context.lanes > 1 else ""
        left = 0 if outcome == "success" else len(batch.records) - (failed or 0)
        context.history.record(
            BatchPolled(
                mapping=mapping.uuid,
                source_arn=mapping.source_arn,
                function_arn=mapping.function_arn,
                records=len(batch.records),
                payload_bytes=batch.size,
                outcome=outcome,
                failed=left,
                at=self._clock.now(),
                real_at=time.time(),
                shard=self.shard.id + lane,
            )
        )
