"""What the console reads of moto: functions, queues, streams and logs, without changing anything.

Nothing here brings a service of moto's to life that the lab hasn't used: what was never asked for
has nothing to show.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from labsupport.credentials import ACCOUNT_ID
from labsupport.functions.moto_bridge.settings import settings_of

from .things import DeadLetter, Function, LogLine, Queue, Stream, clipped

LETTERS = 20
"""Messages that are shown of each dead-letter queue."""
BODY_CHARS = 4000
ATTRIBUTE_CHARS = 300


def functions() -> Iterator[Function]:
    """The unpublished version of every function, in all Regions."""
    for region, backend in _backends("awslambda", "lambda_backends"):
        for group in list(backend._lambdas._functions.values()):
            if (found := group["latest"]) is None:
                continue
            settings = settings_of(found)
            reserved = found.reserved_concurrency
            yield Function(
                arn=found.function_arn,
                name=found.function_name,
                region=region,
                state=settings.state.get("State", "Active"),
                runtime=found.run_time or "",
                memory_mb=int(found.memory_size),
                timeout_s=int(found.timeout),
                reserved=None if reserved is None else int(reserved),
                log_group=settings.log_group or found.logs_group_name,
                dead_letters=settings.dead_letter_queue,
            )


def queues() -> Iterator[Queue]:
    """Every queue with its depth, in all Regions."""
    for region, backend in _backends("sqs", "sqs_backends"):
        for queue in list(backend.queues.values()):
            yield Queue(
                arn=queue.queue_arn,
                name=queue.name,
                region=region,
                waiting=queue.approximate_number_of_messages,
                in_flight=queue.approximate_number_of_messages_not_visible,
                delayed=queue.approximate_number_of_messages_delayed,
                dead_letters=(queue.redrive_policy or {}).get("deadLetterTargetArn", ""),
            )


def dead_letters(queue_arn: str) -> list[DeadLetter]:
    """The first messages of a queue; they are looked at and not received."""
    region, _, name = queue_arn.split(":")[3:6]
    backend = dict(_backends("sqs", "sqs_backends")).get(region)
    queue = backend.queues.get(name) if backend is not None else None
    return [] if queue is None else [_letter(each) for each in list(queue._messages)[:LETTERS]]


def _letter(message: Any) -> DeadLetter:
    told = {
        name: clipped(str(value.get("StringValue") or value.get("BinaryValue")), ATTRIBUTE_CHARS)
        for name, value in list(message.message_attributes.items())[:10]
    }
    return DeadLetter(
        message.id, clipped(message.body, BODY_CHARS), told, message.approximate_receive_count
    )


def streams() -> Iterator[Stream]:
    """Every stream of Kinesis and of DynamoDB tables, in all Regions."""
    for region, backend in _backends("kinesis", "kinesis_backends"):
        for stream in list(backend.streams.values()):
            held = {each.shard_id: len(each.records) for each in list(stream.shards.values())}
            yield Stream(stream.arn, stream.stream_name, region, "Kinesis stream", held)
    for region, backend in _backends("dynamodb", "dynamodb_backends"):
        for table in list(backend.tables.values()):
            if (shard := table.stream_shard) is not None and table.latest_stream_label:
                arn = f"{table.table_arn}/stream/{table.latest_stream_label}"
                held = {shard.id: len(shard.items)}
                yield Stream(arn, table.name, region, "DynamoDB stream", held)


class LogReader:
    """Reads what is new in all log groups."""

    def __init__(self) -> None:
        self._read: dict[int, tuple[Any, int]] = {}  # the stream and how many events were read

    def new(self, most: int) -> tuple[list[LogLine], int]:
        """The latest events since the last call, and how many more there were."""
        found: list[tuple[int, Any, Any]] = []
        known, count = self._read, 0
        self._read = {}
        for _, backend in _backends("logs", "logs_backends"):
            for group in list(backend.groups.values()):
                for stream in list(group.streams.values()):
                    _, read = known.get(id(stream), (stream, 0))
                    there = len(stream.events)
                    self._read[id(stream)] = (stream, there)
                    count += there - read
                    first = max(read, there - most)
                    found += [(each.timestamp, group, each) for each in stream.events[first:there]]
        found.sort(key=lambda each: each[0])
        shown = found[-most:]
        lines = [LogLine(at, group.name, str(event.message)) for at, group, event in shown]
        return lines, count - len(lines)


def _backends(module: str, name: str) -> list[tuple[str, Any]]:
    """The Regions in which a service was used, with what moto keeps there."""
    known = getattr(sys.modules.get(f"moto.{module}.models"), name, {})
    return list(known[ACCOUNT_ID].items()) if ACCOUNT_ID in known else []
