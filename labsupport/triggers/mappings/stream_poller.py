"""Reads a stream for one mapping: lanes for each shard, started when their parents are done with.

docs.aws.amazon.com/lambda/latest/dg/services-kinesis-create.html. It sleeps until the stream tells
it of records, or until a time that a lane waits for.
"""

from __future__ import annotations

import logging
import threading
from typing import Any

from labsupport.clock import LabClock
from labsupport.functions.workers import Workers

from ..moto_bridge.polled_streams import Shard, Streams, shards_of
from .checks import seconds
from .settings import EventSourceMapping
from .stream_lane import Lane, LaneContext

log = logging.getLogger("labsupport.triggers.mappings")


def first_positions(mapping: EventSourceMapping) -> dict[str, int]:
    """Where each shard there is by now begins, by the mapping's StartingPosition."""
    position = mapping.settings["StartingPosition"]
    shards = shards_of(mapping.source_arn)
    if position == "LATEST":
        return {shard.id: shard.last for shard in shards}
    if position == "AT_TIMESTAMP":
        moment = seconds(mapping.settings["StartingPositionTimestamp"])
        return {shard.id: _before(shard, moment) for shard in shards}
    return {}


def _before(shard: Shard, moment: float) -> int:
    return next(
        (record.position - 1 for record in shard.after(0) if record.shown_at >= moment), shard.last
    )


class StreamPoller:
    """Polls one stream for one mapping, from `open` until `close`.

    Args:
        before: the poller that read for the mapping until it was changed. No record is handled
            before those that it still has in hand.
    """

    def __init__(
        self,
        context: LaneContext,
        *,
        streams: Streams,
        clock: LabClock,
        workers: Workers,
        before: StreamPoller | None = None,
    ) -> None:
        self._context = context
        self._mapping = context.mapping
        self._streams = streams
        self._clock = clock
        self._workers = workers
        self._lock = threading.Lock()
        self._lanes: dict[str, list[Lane]] = {}
        self._running: set[Lane] = set()
        self._again: set[Lane] = set()
        self._before = before
        self._closed = False
        self._next: StreamPoller | None = None

    def open(self) -> None:
        """Read, from where the mapping's positions are."""
        before, self._before = self._before, None
        if before is not None and before._leave_to(self):
            return
        if not self._closed:
            self._streams.subscribe(self._mapping.source_arn, self.wake)
            self.wake()

    def _leave_to(self, other: StreamPoller) -> bool:
        """Open another poller when the last batch is done with; False where it may open now."""
        with self._lock:
            if self._running:
                self._next = other
            return bool(self._running)

    def close(self) -> None:
        """Begin no more batches; those being handled are finished."""
        with self._lock:
            self._closed = True
            lanes = [lane for lanes in self._lanes.values() for lane in lanes]
        self._streams.unsubscribe(self._mapping.source_arn, self.wake)
        for lane in lanes:
            lane.close()

    def wake(self) -> None:
        """See whether any lane has something to do."""
        with self._lock:
            if self._closed:
                return
            self._find_shards()
            lanes = [lane for lanes in self._lanes.values() for lane in lanes]
        for lane in lanes:
            self._wake(lane)

    def _find_shards(self) -> None:
        for shard in shards_of(self._mapping.source_arn):
            if shard.id in self._lanes or not all(map(self._is_done, shard.parents)):
                continue
            self._lanes[shard.id] = [
                self._lane(shard, number) for number in range(self._positions(shard))
            ]

    def _is_done(self, shard_id: str) -> bool:
        return all(lane.done for lane in self._lanes.get(shard_id, ()))

    def _positions(self, shard: Shard) -> int:
        """Make room for the positions of a shard's lanes; return how many there are."""
        known: Any = self._mapping.positions.get(shard.id, [0])
        count = self._context.lanes
        if len(known) != count:
            self._mapping.positions[shard.id] = [min(known)] * count
        else:
            self._mapping.positions[shard.id] = known
        return count

    def _lane(self, shard: Shard, number: int) -> Lane:
        lane = Lane(self._context, shard, number, lambda: self._wake(lane))
        return lane

    def _wake(self, lane: Lane) -> None:
        with self._lock:
            if self._closed:
                return
            if lane in self._running:
                self._again.add(lane)
                return
            if not lane.may_step:
                return
            self._running.add(lane)
        self._workers.submit_holding(self._clock, lambda: self._run(lane))

    def _run(self, lane: Lane) -> None:
        progress = True
        try:
            while progress and not self._closed:
                progress = lane.step()
        except Exception:
            log.exception("records of %s couldn't be read", self._mapping.source_arn)
        with self._lock:
            self._running.discard(lane)
            again = lane in self._again
            self._again.discard(lane)
            other = self._next if not self._running else None
        if other is not None:
            other.open()
        elif lane.done:
            self.wake()  # its children may begin
        elif again:
            self._wake(lane)
