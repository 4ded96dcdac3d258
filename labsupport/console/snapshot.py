"""What the lab is at a moment, as rows for the page and for the tables: no widget is needed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from . import moto_bridge
from .source import Source
from .things import Queue, Stream

Row = dict[str, Any]


@dataclass(frozen=True)
class Snapshot:
    """Rows by the ARN of what they tell of.

    Args:
        functions: name, state, runtime, memory, timeout, concurrency.
        queues: depth, who reads it, and whether it holds dead letters.
        streams: records held, who reads it, and how many of them are still to be read.
        letters: the messages of each queue of dead letters.
    """

    functions: Mapping[str, Row]
    queues: Mapping[str, Row]
    streams: Mapping[str, Row]
    letters: Mapping[str, Row]


def take(source: Source, dead_letters: Iterable[str] = ()) -> Snapshot:
    """Look at the lab.

    Args:
        dead_letters: ARNs of queues that are known to have got what failed.
    """
    in_use = source.in_use()
    found = list(moto_bridge.functions())
    functions = {
        each.arn: {
            "name": each.name,
            "region": "" if each.region == source.region else each.region,
            "state": each.state,
            "runtime": each.runtime,
            "memory": each.memory_mb,
            "timeout": each.timeout_s,
            "reserved": each.reserved,
            "running": in_use.get(each.arn, 0),
            "group": each.log_group,
        }
        for each in found
    }
    readers: dict[str, list[str]] = defaultdict(list)
    unread: dict[str, int] = {}
    mappings = source.mappings()
    for mapping in mappings:
        readers[mapping.source_arn].append(mapping.function_arn.split(":")[6])
    queues = list(moto_bridge.queues())
    dead = {*dead_letters, *(each.dead_letters for each in queues)}
    dead |= {each.dead_letters for each in found}
    dead |= {_failed_to(mapping.settings) for mapping in mappings}
    streams = list(moto_bridge.streams())
    held = {stream.arn: stream.records for stream in streams}
    for mapping in mappings:
        arn = mapping.source_arn.partition("/consumer/")[0]
        if arn in held:
            left = _unread(held[arn], mapping.positions)
            unread[arn] = max(left, unread.get(arn, 0))
    return Snapshot(
        functions,
        {each.arn: _queue(each, readers[each.arn], each.arn in dead, source) for each in queues},
        {each.arn: _stream(each, readers[each.arn], unread, source) for each in streams},
        {each.arn: _letters(each) for each in queues if each.arn in dead},
    )


def _queue(queue: Queue, readers: list[str], dead: bool, source: Source) -> Row:
    return {
        "name": queue.name,
        "region": "" if queue.region == source.region else queue.region,
        "kind": "dead-letter queue" if dead else "queue",
        "waiting": queue.waiting,
        "in_flight": queue.in_flight,
        "delayed": queue.delayed,
        "readers": sorted(readers),
    }


def _stream(stream: Stream, readers: list[str], unread: Mapping[str, int], source: Source) -> Row:
    return {
        "name": stream.name,
        "region": "" if stream.region == source.region else stream.region,
        "kind": stream.kind,
        "records": sum(stream.records.values()),
        "unread": unread.get(stream.arn),
        "readers": sorted(readers),
    }


def _letters(queue: Queue) -> Row:
    messages = moto_bridge.dead_letters(queue.arn)
    return {
        "name": queue.name,
        "count": queue.waiting + queue.in_flight + queue.delayed,
        "messages": [each._asdict() for each in messages],
    }


def _failed_to(settings: Mapping[str, Any]) -> str:
    failed = (settings.get("DestinationConfig") or {}).get("OnFailure") or {}
    return str(failed.get("Destination", ""))


def _unread(held: Mapping[str, int], positions: Mapping[str, Any]) -> int:
    return sum(max(0, count - min(positions.get(shard) or [0])) for shard, count in held.items())
