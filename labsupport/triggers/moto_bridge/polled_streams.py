"""moto's Kinesis streams and DynamoDB tables' streams, for pollers.

moto's own delivery, within PutRecord and PutItem, has nothing to deliver: mappings aren't made
known to it. A shard that is split or merged keeps its records, as on AWS.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from labsupport.clock import LabClock
from labsupport.credentials import ACCOUNT_ID
from labsupport.facts import fact
from labsupport.patching import Patches


@dataclass(frozen=True, slots=True)
class StreamRecord:
    """A record of a stream.

    Args:
        position: grows from record to record of a shard.
        key: records of the same key stay in order.
        arrived: seconds since 1970, in lab time.
        shown_at: seconds since 1970, as the service itself tells when it arrived.
        raw: moto's record.
    """

    position: int
    sequence_number: str
    key: str
    arrived: float
    shown_at: float
    raw: Any


class Shard(Protocol):
    """A shard of a stream."""

    @property
    def id(self) -> str:
        """Its ShardId."""

    @property
    def parents(self) -> tuple[str, ...]:
        """The shards whose records come before its own."""

    @property
    def closed(self) -> bool:
        """Whether no more records will come."""

    @property
    def last(self) -> int:
        """The position of the newest record, 0 for none."""

    def after(self, position: int) -> Iterator[StreamRecord]:
        """The records after a position, oldest first."""


class Streams:
    """The streams that pollers read, from `install` until `remove`."""

    def __init__(self, clock: LabClock) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._pollers: dict[str, list[Callable[[], None]]] = defaultdict(list)
        self._patches = Patches()

    def install(self) -> None:
        """Tell pollers of records, and let one be put at a time."""
        from moto.dynamodb.models.table import StreamShard
        from moto.kinesis.models import Stream

        wrap = self._patches.wrap
        wrap(Stream, "get_shard_for_key", _open_shard)
        wrap(Stream, "put_record", self._put)
        wrap(Stream, "split_shard", self._reshard)
        wrap(Stream, "merge_shards", self._reshard)
        wrap(StreamShard, "add", self._add)

    def remove(self) -> None:
        """Leave moto as it was."""
        self._patches.remove()
        self._pollers.clear()

    def subscribe(self, arn: str, wake: Callable[[], None]) -> None:
        """Call `wake()` whenever records come to a stream; it must not wait for anything."""
        self._pollers[_stream(arn)].append(wake)

    def unsubscribe(self, arn: str, wake: Callable[[], None]) -> None:
        """Call it no more."""
        if wake in self._pollers[_stream(arn)]:
            self._pollers[_stream(arn)].remove(wake)

    def _wake(self, arn: str) -> None:
        for wake in list(self._pollers.get(arn, ())):
            wake()

    def _put(self, original: Callable[..., Any], stream: Any, *args: Any, **named: Any) -> Any:
        with self._lock:
            sequence_number, shard_id = original(stream, *args, **named)
            record = stream.shards[shard_id].records[int(sequence_number)]
            record.lab_arrival = self._clock.time()
        self._wake(stream.arn)
        return sequence_number, shard_id

    def _reshard(self, original: Callable[..., Any], stream: Any, *args: Any, **named: Any) -> Any:
        with self._lock:
            before = {shard_id: shard.records for shard_id, shard in stream.shards.items()}
            pollers, self._pollers = self._pollers, defaultdict(list)
            try:
                return original(stream, *args, **named)
            finally:
                for shard_id, shard in stream.shards.items():
                    shard.records = before.get(shard_id, type(shard.records)())
                self._pollers = pollers
                self._wake(stream.arn)

    def _add(self, original: Callable[..., None], shard: Any, old: Any, new: Any) -> None:
        same = old is not None and new is not None and old.to_json() == new.to_json()
        if same:
            return  # a write that changes nothing makes no record
        with self._lock:
            original(shard, old, new)
            if shard.items:
                shard.items[-1].lab_arrival = self._clock.time()
        self._wake(f"{shard.table.table_arn}/stream/{shard.table.latest_stream_label}")


def _open_shard(
    original: Callable[..., Any], stream: Any, partition_key: str, explicit_hash_key: str
) -> Any:
    """The shard that a record goes to; moto takes closed ones too, and no shard's last key."""
    original(stream, partition_key, explicit_hash_key)  # refuses what is no key
    digest = hashlib.md5(partition_key.encode(), usedforsecurity=False)
    key = int(explicit_hash_key) if explicit_hash_key else int(digest.hexdigest(), 16)
    return next(
        shard
        for shard in stream.shards.values()
        if shard.is_open and shard.starting_hash <= key <= shard.ending_hash
    )


def find_stream(arn: str) -> Any | None:
    """moto's stream or table, None where there is none, or none with this stream."""
    _, _, service, region, account, name = arn.split(":", 5)
    if account != ACCOUNT_ID:
        return None
    if service == "kinesis":
        from moto.kinesis.models import kinesis_backends

        return kinesis_backends[ACCOUNT_ID][region].streams.get(name.split("/")[1])
    from moto.dynamodb.models import dynamodb_backends

    table = dynamodb_backends[ACCOUNT_ID][region].tables.get(name.split("/")[1])
    label = name.partition("/stream/")[2]
    return table if table is not None and table.latest_stream_label == label else None


def shards_of(arn: str) -> list[Shard]:
    """The shards of a stream, parents first; none where the stream is gone."""
    source = find_stream(arn)
    if source is None:
        return []
    if ":kinesis:" in arn:
        return [_KinesisShard(shard) for shard in list(source.shards.values())]
    return [_TableShard(source.stream_shard)] if source.stream_shard else []


def retention_s(arn: str) -> float:
    """Seconds for which a stream keeps records."""
    hours = fact("esm.dynamodb_stream_retention_h").value
    if ":kinesis:" in arn and (stream := find_stream(arn)) is not None:
        hours = stream.retention_period_hours
    return float(hours) * 3600


class _KinesisShard:
    def __init__(self, shard: Any) -> None:
        self._shard = shard
        self.id: str = shard.shard_id

    @property
    def parents(self) -> tuple[str, ...]:
        found = (self._shard.parent, self._shard.adjacent_parent)
        return tuple(parent for parent in found if parent)

    @property
    def closed(self) -> bool:
        return not self._shard.is_open

    @property
    def last(self) -> int:
        return len(self._shard.records)  # moto counts from 1

    def after(self, position: int) -> Iterator[StreamRecord]:
        while (record := self._shard.records.get(position + 1)) is not None:
            position += 1
            arrived = getattr(record, "lab_arrival", record.created_at)
            yield StreamRecord(
                position,
                str(record.sequence_number),
                record.partition_key,
                arrived,
                record.created_at,
                record,
            )


class _TableShard:
    parents: tuple[str, ...] = ()
    closed = False

    def __init__(self, shard: Any) -> None:
        self._shard = shard
        self.id: str = shard.id

    @property
    def last(self) -> int:
        return len(self._shard.items)

    def after(self, position: int) -> Iterator[StreamRecord]:
        for number in range(position, len(self._shard.items)):
            item = self._shard.items[number]
            changes = item.record["dynamodb"]
            shown_at = changes["ApproximateCreationDateTime"]
            moment = shown_at.timestamp() if shown_at.tzinfo else _utc(shown_at)
            yield StreamRecord(
                number + 1,
                changes["SequenceNumber"],
                json.dumps(changes["Keys"], sort_keys=True, default=str),
                getattr(item, "lab_arrival", moment),
                moment,
                item.record,
            )


def _utc(moment: Any) -> float:
    from datetime import UTC

    return float(moment.replace(tzinfo=UTC).timestamp())


def _stream(arn: str) -> str:
    """A stream's ARN from its own or that of a consumer."""
    return arn.partition("/consumer/")[0]
