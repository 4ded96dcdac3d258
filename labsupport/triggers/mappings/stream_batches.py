"""A batch of a shard's records on its way to the function, and what is told of it if it is lost."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from labsupport.functions.model import InvokeResult

from ..moto_bridge.polled_streams import StreamRecord
from .settings import EventSourceMapping

_INFO = {
    "kinesis": ("KinesisBatchInfo", "milliseconds"),
    "dynamodb": ("DDBStreamBatchInfo", "seconds"),
}


@dataclass
class Window:
    """A tumbling window.

    Args:
        start: seconds since 1970, in lab time.
        state: what the function has made of its records so far.
        full: whether the state has grown so large that the window ends early.
    """

    start: float
    end: float
    state: Any = field(default_factory=dict)
    full: bool = False


@dataclass
class Batch:
    """Records that are handled together.

    Args:
        texts: the records as JSON.
        through: how far the shard is read when the batch is done with.
        attempts: how often the function has failed.
        invokes: how often the function was invoked with it.
        final: whether it ends a tumbling window.
        early: whether it ends one whose state is too large.
    """

    records: list[StreamRecord] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    through: int = 0
    attempts: int = 0
    invokes: int = 0
    final: bool = False
    early: bool = False
    request_id: str = ""
    result: InvokeResult | None = None

    @property
    def size(self) -> int:
        """Bytes of its records as JSON."""
        return sum(len(text) + 2 for text in self.texts)

    def halves(self) -> tuple[Batch, Batch]:
        """The batch in two; that it was split doesn't count as an attempt."""
        middle = len(self.records) // 2
        first = Batch(self.records[:middle], self.texts[:middle], self.records[middle - 1].position)
        second = Batch(self.records[middle:], self.texts[middle:], self.through)
        for half in (first, second):
            half.attempts, half.invokes = self.attempts, self.invokes
        return first, second

    def drop(self, count: int) -> Batch:
        """Take the first records out and return them as a batch of their own."""
        head = Batch(self.records[:count], self.texts[:count], self.records[count - 1].position)
        head.attempts, head.invokes = self.attempts, self.invokes
        head.request_id, head.result = self.request_id, self.result
        del self.records[:count], self.texts[:count]
        return head

    def payload(self, mapping: EventSourceMapping, shard_id: str, window: Window | None) -> bytes:
        """The event."""
        event = '{"Records": [' + ", ".join(self.texts) + "]"
        if window is not None:
            more = {
                "window": {"start": _instant(window.start), "end": _instant(window.end)},
                "state": window.state,
                "shardId": shard_id,
                "eventSourceARN": mapping.source_arn,
                "isFinalInvokeForWindow": self.final,
                "isWindowTerminatedEarly": self.early,
            }
            event += ", " + json.dumps(more)[1:-1]
        return (event + "}").encode()

    def report(
        self, mapping: EventSourceMapping, shard_id: str, condition: str, at: datetime
    ) -> dict[str, Any]:
        """What an on-failure destination gets: where the records are, not the records.

        docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
        """
        name, precision = _INFO[mapping.service]
        found: dict[str, Any] = {
            "requestContext": {
                "requestId": self.request_id,
                "functionArn": mapping.function_arn,
                "condition": condition,
                "approximateInvokeCount": self.invokes,
            }
        }
        if self.result is not None:
            response = {"statusCode": 200, "executedVersion": self.result.executed_version}
            if self.result.function_error:
                response["functionError"] = self.result.function_error
            found["responseContext"] = response
        first, last = self.records[0], self.records[-1]
        return found | {
            "version": "1.0",
            "timestamp": _instant(at.timestamp(), "milliseconds"),
            name: {
                "shardId": shard_id,
                "startSequenceNumber": first.sequence_number,
                "endSequenceNumber": last.sequence_number,
                "approximateArrivalOfFirstRecord": _instant(first.shown_at, precision),
                "approximateArrivalOfLastRecord": _instant(last.shown_at, precision),
                "batchSize": len(self.records),
                "streamArn": mapping.source_arn,
            },
        }


def _instant(seconds: float, precision: str = "seconds") -> str:
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")
