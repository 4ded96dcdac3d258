"""What the data plane tells of itself: records in the lab's history, metrics for CloudWatch."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from labsupport.clock import LabClock
from labsupport.history import (
    Delivery,
    EventAttempt,
    EventEnded,
    EventReceived,
    History,
    Invocation,
    Throttle,
)

from ..assignment.concurrency import Load
from ..environments.environment import ExecutionEnvironment
from ..errors import ServiceError
from ..model import InvocationType, InvokeRequest, InvokeResult
from .meter import Meter
from .metrics import MetricStore


@dataclass
class Running:
    """An invocation that runs."""

    started: datetime
    real_started: float
    result: InvokeResult | None = None


class Telemetry:
    """Records what happens, for people to look at later.

    Args:
        store: takes the metrics.
    """

    def __init__(self, clock: LabClock, history: History, store: MetricStore) -> None:
        self._clock = clock
        self._history = history
        self._meter = Meter(store)

    @contextmanager
    def admission(self, request: InvokeRequest, kind: InvocationType) -> Iterator[None]:
        """Record a throttle where the block is refused with one."""
        try:
            yield
        except ServiceError as error:
            if error.code in ("TooManyRequestsException", "RecursiveInvocationException"):
                self._throttled(request, kind, error)
            raise

    @contextmanager
    def invocation(
        self,
        request: InvokeRequest,
        kind: InvocationType,
        environment: ExecutionEnvironment,
        load: Load,
    ) -> Iterator[Running]:
        """Record an invocation while it runs, and what came of it."""
        running = Running(self._clock.now(), time.time())
        at = running.started.timestamp()
        gauges = self._meter.begin(request, load, at)
        try:
            yield running
        finally:
            self._meter.end(gauges)
        if running.result:
            provisioned = bool(environment.provisioned_for)
            self._meter.invoked(request, load, running.result, at, provisioned=provisioned)
            self._remember(request, kind, environment, running, running.result)

    def received(self, request: InvokeRequest) -> None:
        """Record that an asynchronous event is in the queue."""
        now = self._clock.now()
        self._meter.count(request, "AsyncEventsReceived", now.timestamp())
        self._history.record(
            EventReceived(
                request_id=request.request_id,
                function_arn=request.function.arn,
                resource=request.resource,
                payload_bytes=len(request.payload),
                at=now,
                real_at=time.time(),
                caller=request.caller,
            )
        )

    def aged(self, request: InvokeRequest, lab_seconds: float) -> None:
        """Record how long an event was in the queue when its function is to run."""
        self._meter.aged(request, lab_seconds * 1000, self._clock.time())

    def attempted(
        self, request: InvokeRequest, number: int, outcome: str, next_due: float | None
    ) -> None:
        """Record an attempt at an asynchronous event; `next_due` in seconds since 1970."""
        due = None if next_due is None else datetime.fromtimestamp(next_due, UTC)
        now, arn = self._clock.now(), request.function.arn
        self._history.record(
            EventAttempt(request.request_id, arn, number, outcome, due, now, time.time())
        )

    def delivered(
        self, request: InvokeRequest, kind: str, target: str, condition: str, error: str
    ) -> None:
        """Record a report to a destination or a dead-letter queue."""
        now, arn = self._clock.now(), request.function.arn
        if error and kind == "DeadLetterQueue":
            self._meter.count(request, "DeadLetterErrors", now.timestamp())
        elif error:
            self._meter.count(request, "DestinationDeliveryFailures", now.timestamp())
        self._history.record(
            Delivery(request.request_id, arn, kind, target, condition, error, now, time.time())
        )

    def ended(self, request: InvokeRequest, condition: str, attempts: int) -> None:
        """Record the end of an asynchronous event."""
        now, arn = self._clock.now(), request.function.arn
        if condition != "Success":
            self._meter.count(request, "AsyncEventsDropped", now.timestamp())
        self._history.record(
            EventEnded(request.request_id, arn, condition, attempts, now, time.time())
        )

    def _throttled(self, request: InvokeRequest, kind: InvocationType, error: ServiceError) -> None:
        now = self._clock.now()
        if error.code == "TooManyRequestsException":
            self._meter.count(request, "Throttles", now.timestamp())
        else:
            self._meter.count(request, "RecursiveInvocationsDropped", now.timestamp())
        self._history.record(
            Throttle(
                request_id=request.request_id,
                function_arn=request.function.arn,
                resource=request.resource,
                invocation_type=kind,
                reason=error.extra.get("Reason", "RecursiveInvocation"),
                at=now,
                real_at=time.time(),
                caller=request.caller,
            )
        )

    def _remember(
        self,
        request: InvokeRequest,
        kind: InvocationType,
        environment: ExecutionEnvironment,
        running: Running,
        result: InvokeResult,
    ) -> None:
        function, trace = request.function, request.trace
        self._history.record(
            Invocation(
                request_id=request.request_id,
                function_arn=function.arn,
                version=function.version,
                environment=environment.id,
                started=running.started,
                real_started=running.real_started,
                duration_ms=result.duration_ms,
                billed_ms=result.billed_ms,
                init_ms=result.init_ms,
                memory_mb=function.memory_mb,
                max_memory_mb=result.max_memory_mb,
                function_error=result.function_error,
                status=result.status,
                error_type=result.error_type,
                invocation_type=kind,
                resource=request.resource,
                caller=request.caller,
                attempt=request.attempt,
                initialization_type=environment.initialization_type,
                init_billed=bool(result.init_ms)
                and result.billed_ms > math.ceil(result.duration_ms),
                architecture=function.architecture,
                ephemeral_mb=function.ephemeral_mb,
                payload_bytes=len(request.payload),
                response_bytes=result.response_bytes,
                log_group=function.log_group,
                log_stream=environment.log_stream,
                trace_id=trace.root,
                segment_id=trace.segment,
                parent_id=trace.parent,
            )
        )
