"""Order and completeness, whatever fails: lanes of shards, groups and messages of queues."""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from moto.sqs.models import Message, Queue

from labsupport.clock import LabClock
from labsupport.functions.errors import ServiceError
from labsupport.functions.model import InvokeResult
from labsupport.history import History
from labsupport.triggers.mappings.settings import EventSourceMapping, defaults
from labsupport.triggers.mappings.stream_lane import Lane, LaneContext
from labsupport.triggers.moto_bridge.polled_streams import StreamRecord
from labsupport.triggers.moto_bridge.queue_feed import QueueFeed

ARN = "arn:aws:kinesis:us-east-1:123456789012:stream/s"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"


class FakeShard:
    """A shard whose records are there from the start."""

    id = "shardId-000000000000"
    parents: tuple[str, ...] = ()
    closed = False

    def __init__(self, keys: list[str], arrived: float) -> None:
        self._records = [
            StreamRecord(
                number,
                str(number),
                key,
                arrived,
                arrived,
                SimpleNamespace(data=base64.b64encode(str(number).encode()).decode()),
            )
            for number, key in enumerate(keys, 1)
        ]
        self.last = len(keys)

    def after(self, position: int) -> Iterator[StreamRecord]:
        yield from self._records[position:]


class FakePlane:
    """Handles records in order until one fails, as a careful handler does.

    Args:
        failures: how often each record fails before it succeeds.
        throttled: how many of the first invocations are throttled.
    """

    def __init__(self, failures: dict[int, int], throttled: int, *, partial: bool) -> None:
        self.left = dict(failures)
        self.throttled = throttled
        self.partial = partial
        self.handled: list[int] = []

    def invoke(self, region: str, name: str, payload: bytes, **more: Any) -> InvokeResult:
        if self.throttled:
            self.throttled -= 1
            raise ServiceError("TooManyRequestsException", "Rate Exceeded.", 429)
        for record in json.loads(payload)["Records"]:
            number = int(record["kinesis"]["sequenceNumber"])
            if self.left.get(number, 0):
                self.left[number] -= 1
                if self.partial:
                    failed = {"batchItemFailures": [{"itemIdentifier": str(number)}]}
                    return InvokeResult(json.dumps(failed).encode(), "$LATEST")
                return InvokeResult(b"{}", "$LATEST", function_error="Unhandled")
            self.handled.append(number)
        return InvokeResult(b"{}", "$LATEST")


class FakeFailures:
    def __init__(self) -> None:
        self.lost: list[int] = []

    def aged(self, mapping: EventSourceMapping, lab_seconds: float) -> None:
        pass

    def tell(self, mapping: Any, shard: str, batch: Any, condition: str, payload: bytes) -> None:
        self.lost += [record.position for record in batch.records]


@settings(max_examples=150, deadline=None)
@given(
    keys=st.lists(st.sampled_from("abcd"), min_size=1, max_size=20),
    failures=st.dictionaries(st.integers(1, 20), st.integers(1, 8), max_size=4),
    throttled=st.integers(0, 3),
    batch_size=st.integers(1, 7),
    lanes=st.integers(1, 3),
    bisect=st.booleans(),
    partial=st.booleans(),
    retries=st.integers(-1, 3),
)
def test_records_of_a_key_are_done_with_in_order_and_none_is_passed_over(
    *,
    keys: list[str],
    failures: dict[int, int],
    throttled: int,
    batch_size: int,
    lanes: int,
    bisect: bool,
    partial: bool,
    retries: int,
) -> None:
    clock = LabClock(threaded=False, source=lambda: 0.0)
    plane, lost = FakePlane(failures, throttled, partial=partial), FakeFailures()
    mapping = EventSourceMapping(
        region="us-east-1",
        source_arn=ARN,
        function_arn=FUNCTION,
        settings=defaults("kinesis")
        | {
            "BatchSize": batch_size,
            "BisectBatchOnFunctionError": bisect,
            "MaximumRetryAttempts": retries,
            "ParallelizationFactor": lanes,
            "FunctionResponseTypes": ["ReportBatchItemFailures"] if partial else [],
        },
    )
    mapping.positions[FakeShard.id] = [0] * lanes
    shard = FakeShard(keys, clock.time())
    context: Any = LaneContext(
        mapping=mapping,
        plane=plane,  # type: ignore[arg-type]
        clock=clock,
        history=History(),
        failures=lost,  # type: ignore[arg-type]
        lanes=lanes,
    )
    all_lanes = [Lane(context, shard, number, lambda: None) for number in range(lanes)]
    for _ in range(400):
        for lane in all_lanes:
            while lane.step():
                pass
        if all(lane.position >= shard.last for lane in all_lanes):
            break
        clock.advance(minutes=1)
    everything = set(range(1, len(keys) + 1))
    assert set(plane.handled) | set(lost.lost) == everything
    assert retries >= 0 or not lost.lost
    first: dict[str, list[int]] = defaultdict(list)
    for number in dict.fromkeys(plane.handled):
        first[keys[number - 1]].append(number)
    assert all(numbers == sorted(numbers) for numbers in first.values())
    assert len(lost.lost) == len(set(lost.lost))


def _queue(*, fifo: bool) -> Queue:
    name = "q.fifo" if fifo else "q"
    return Queue(name, "us-east-1", "123456789012", FifoQueue=str(fifo), VisibilityTimeout=30)


@settings(max_examples=150, deadline=None)
@given(
    fifo=st.booleans(),
    sends=st.lists(st.sampled_from("abc"), min_size=1, max_size=15),
    steps=st.lists(
        st.tuples(st.integers(1, 4), st.sampled_from(["done", "failed", "first", "wait"])),
        max_size=40,
    ),
)
def test_messages_are_each_done_once_and_groups_stay_in_order(
    *, fifo: bool, sends: list[str], steps: list[tuple[int, str]]
) -> None:
    clock = LabClock(threaded=False, source=lambda: 0.0)
    queue = _queue(fifo=fifo)
    feed = QueueFeed(queue, clock)
    for number, group in enumerate(sends):
        message = Message(str(number), group)
        message.group_id = group
        message.mark_sent()
        queue.add_message(message)
        feed.arrived(message)
    done: list[Any] = []
    in_hand: list[list[Any]] = []
    for most, outcome in [*steps, *[(10, "done")] * 60]:
        batch = feed.take(most, lambda message: True)
        assert len({message.group_id for message in batch}) <= 1 or not fifo
        if batch:
            in_hand.append(batch)
        groups = [each.group_id for taken in in_hand for each in taken[:1]]
        assert not fifo or len(groups) == len(set(groups)), "one batch of a group at a time"
        if outcome == "wait" or not in_hand:
            clock.advance(seconds=31)
            continue
        taken = in_hand.pop(0)
        kept = {"done": [], "failed": taken, "first": taken[1:]}[outcome]
        done += [message for message in taken if message not in kept]
        feed.succeeded(message for message in taken if message not in kept)
        feed.failed(kept)
        clock.advance(seconds=31)
    assert sorted(int(message.id) for message in done) == list(range(len(sends)))
    assert not list(queue._messages)
    assert not queue.pending_messages
    if fifo:
        for group in set(sends):
            numbers = [int(message.id) for message in done if message.group_id == group]
            assert numbers == sorted(numbers)
