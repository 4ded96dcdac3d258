"""What happened in the lab, in order: the record that timelines, traces and bills are drawn from.

Every record has a moment in lab time and one on this machine's clock. Handlers run in real time,
and lab time stands still while `advance` waits for one: so how long something took is told in
real milliseconds, and when it was, for retries and schedules, in lab time.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Literal

LONGEST = 100_000
"""Records that are kept; 100,000 invocations take less than 100 MB."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """One invocation that has ended, with what it costs.

    Args:
        started: lab time at which the invocation was taken on.
        real_started: seconds since 1970 on this machine's clock.
        environment: the id of the execution environment, the same for all it served.
        billed_ms: milliseconds billed, those of Init included.
        init_ms: milliseconds of the Init phase, None for a warm start.
        max_memory_mb: the most memory the environment has used so far.
        status: "success", "error" or "timeout", as REPORT says; an error that the handler raised
            counts as "success" there and shows in `function_error`.
        caller: "api" for the lab's own key, the ARN of another principal, or of the resource whose
            trigger invoked the function.
        resource: what was invoked, the function's name with the qualifier that was used.
        attempt: 1, or more for an asynchronous event that is tried again.
        initialization_type: AWS_LAMBDA_INITIALIZATION_TYPE of the environment, for instance
            "on-demand" or "provisioned-concurrency".
        init_billed: whether `billed_ms` has the Init phase in it.
        trace_id: X-Ray's Root, the same for all that one request led to.
        segment_id: of this invocation; it is the `parent_id` of those its handler asked for.
    """

    request_id: str
    function_arn: str
    version: str
    environment: str
    started: datetime
    real_started: float
    duration_ms: float
    billed_ms: int
    init_ms: float | None
    memory_mb: int
    max_memory_mb: int
    function_error: str
    status: str
    error_type: str
    invocation_type: str
    resource: str = ""
    caller: str = "api"
    attempt: int = 1
    initialization_type: str = "on-demand"
    init_billed: bool = False
    architecture: str = "x86_64"
    ephemeral_mb: int = 512
    payload_bytes: int = 0
    response_bytes: int = 0
    log_group: str = ""
    log_stream: str = ""
    trace_id: str = ""
    segment_id: str = ""
    parent_id: str = ""


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase in the life of an execution environment, other than an invocation.

    docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html

    Args:
        phase: an Init phase that is repeated within an invocation is an "init" like the first.
        status: "success", "error" or "timeout".
    """

    environment: str
    function_arn: str
    version: str
    phase: Literal["init", "restore", "shutdown"]
    started: datetime
    real_started: float
    duration_ms: float
    status: str = "success"
    log_stream: str = ""
    initialization_type: str = "on-demand"


@dataclass(frozen=True, slots=True)
class Throttle:
    """An invocation that wasn't allowed to run.

    Args:
        reason: the Reason of AWS's TooManyRequestsException, or "RecursiveInvocation" for one that
            was stopped in a loop.
    """

    request_id: str
    function_arn: str
    resource: str
    invocation_type: str
    reason: str
    at: datetime
    real_at: float
    caller: str = "api"


@dataclass(frozen=True, slots=True)
class EventReceived:
    """An asynchronous event that was put into the queue."""

    request_id: str
    function_arn: str
    resource: str
    payload_bytes: int
    at: datetime
    real_at: float
    caller: str = "api"


@dataclass(frozen=True, slots=True)
class EventAttempt:
    """An attempt at an asynchronous event, whether the function came to run or not.

    Args:
        number: counts the attempts at which the function ran, this one included.
        outcome: "success", "error" or "timeout" of the function; "throttled", "refused" where the
            function can't be run, or "error" where the lab itself failed.
        next_due: lab time of the next attempt, None when there will be none.
    """

    request_id: str
    function_arn: str
    number: int
    outcome: str
    next_due: datetime | None
    at: datetime
    real_at: float


@dataclass(frozen=True, slots=True)
class Delivery:
    """A report that Lambda sent, or tried to send, at the end of an asynchronous event.

    Args:
        kind: "OnSuccess", "OnFailure" or "DeadLetterQueue".
        target: the ARN it was sent to.
        condition: how the event ended, see `EventEnded`.
        error: why it didn't arrive, "" if it did.
    """

    request_id: str
    function_arn: str
    kind: str
    target: str
    condition: str
    error: str
    at: datetime
    real_at: float


@dataclass(frozen=True, slots=True)
class EventEnded:
    """The one end of an asynchronous event.

    Args:
        condition: "Success", "RetriesExhausted", "EventAgeExceeded", "ZeroReservedConcurrency" or
            "RecursiveInvocation".
        attempts: how often the function was invoked for it.
    """

    request_id: str
    function_arn: str
    condition: str
    attempts: int
    at: datetime
    real_at: float


@dataclass(frozen=True, slots=True)
class TargetDelivery:
    """An event that a service such as S3, SNS or EventBridge sent, or tried to send, to a target.

    Args:
        source: the ARN of the bucket, topic, rule, schedule, … that it comes from.
        target: the ARN it was sent to; a function's `EventReceived` has `source` as its caller.
        error: why it didn't arrive, "" if it did.
        dead_letters: the ARN of the queue that got it instead, "" for none.
    """

    source: str
    target: str
    error: str
    dead_letters: str
    at: datetime
    real_at: float


@dataclass(frozen=True, slots=True)
class BatchPolled:
    """A batch of records that an event source mapping has read, and what became of it.

    Args:
        mapping: the mapping's UUID.
        records: how many there were, after filtering.
        outcome: "success", "error" where the function failed, "partial" or "failed items" where it
            reported some or all of them, "throttled", "refused" or "stopped" where it didn't run.
        failed: how many records were not done with.
        shard: of a stream, with the processor's number where there are several; "" for a queue.
    """

    mapping: str
    source_arn: str
    function_arn: str
    records: int
    payload_bytes: int
    outcome: str
    failed: int
    at: datetime
    real_at: float
    shard: str = ""


Record = (
    Invocation
    | Phase
    | Throttle
    | EventReceived
    | EventAttempt
    | Delivery
    | EventEnded
    | TargetDelivery
    | BatchPolled
)


class History:
    """The last 100,000 records in the order things ended, safe to use from several threads."""

    def __init__(self, longest: int = LONGEST) -> None:
        self._lock = threading.Lock()
        self._records: deque[Record] = deque(maxlen=longest)
        self._count = 0
        self._watchers: tuple[Callable[[], object], ...] = ()

    def record(self, record: Record) -> None:
        """Append a record; the oldest is dropped where there are too many."""
        with self._lock:
            self._records.append(record)
            self._count += 1
        for wake in self._watchers:
            wake()

    def subscribe(self, wake: Callable[[], object]) -> None:
        """Call `wake()` after every record; it must not wait for anything."""
        with self._lock:
            self._watchers = (*self._watchers, wake)

    def unsubscribe(self, wake: Callable[[], object]) -> None:
        """Call it no more."""
        with self._lock:
            self._watchers = tuple(each for each in self._watchers if each != wake)

    def since(self, count: int) -> tuple[list[Record], int]:
        """The records after the first `count` there ever were, and how many there were so far."""
        with self._lock:
            new = min(self._count - count, len(self._records))
            found = list(islice(reversed(self._records), new))
            return found[::-1], self._count

    @property
    def events(self) -> list[Record]:
        """All records there are, in order."""
        with self._lock:
            return list(self._records)

    @property
    def dropped(self) -> int:
        """How many old records were dropped to save memory."""
        with self._lock:
            return self._count - len(self._records)

    @property
    def invocations(self) -> list[Invocation]:
        """All invocations so far, in the order they ended."""
        return [record for record in self.events if isinstance(record, Invocation)]

    @property
    def phases(self) -> list[Phase]:
        """Init, restore and shutdown phases of all execution environments."""
        return [record for record in self.events if isinstance(record, Phase)]

    @property
    def throttles(self) -> list[Throttle]:
        """Invocations that weren't allowed to run."""
        return [record for record in self.events if isinstance(record, Throttle)]

    @property
    def deliveries(self) -> list[Delivery]:
        """All reports to destinations and dead-letter queues so far."""
        return [record for record in self.events if isinstance(record, Delivery)]

    @property
    def target_deliveries(self) -> list[TargetDelivery]:
        """What services have sent to their targets so far."""
        return [record for record in self.events if isinstance(record, TargetDelivery)]

    @property
    def endings(self) -> list[tuple[str, str]]:
        """Asynchronous events that have ended: request id and condition."""
        return [(r.request_id, r.condition) for r in self.events if isinstance(r, EventEnded)]
