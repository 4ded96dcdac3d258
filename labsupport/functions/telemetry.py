"""What the data plane tells of itself: records in the lab's history, metrics in CloudWatch.

docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html says which metrics there are,
monitoring-metrics-view.html their dimensions: those of the function, of the version or alias that
was invoked, of the version that an alias led to, and none for the whole Region.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

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

from .concurrency import Load
from .environment import ExecutionEnvironment
from .errors import ServiceError
from .metrics import Dimensions, Metric, MetricStore
from .model import InvocationType, InvokeRequest, InvokeResult

COUNT, MILLISECONDS = "Count", "Milliseconds"
_REGION: tuple[Dimensions, ...] = ((),)


@dataclass
class Running:
    """An invocation that runs."""

    started: datetime
    real_started: float
    result: InvokeResult | None = None


@dataclass
class Gauge:
    """How many invocations run at once for one set of dimensions."""

    metric: Metric
    now: int = 0


class Telemetry:
    """Records what happens, for people to look at later.

    Args:
        store: takes the metrics.
    """

    def __init__(self, clock: LabClock, history: History, store: MetricStore) -> None:
        self._clock = clock
        self._history = history
        self._store = store
        self._lock = threading.Lock()
        self._gauges: dict[tuple[str, Dimensions], Gauge] = {}

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
        gauges = self._begin(request, load, running.started.timestamp())
        try:
            yield running
        finally:
            self._end(gauges)
        if running.result:
            self._measure(request, environment, load, running.started, running.result)
            self._remember(request, kind, environment, running, running.result)

    def received(self, request: InvokeRequest) -> None:
        """Record that an asynchronous event is in the queue."""
        now = self._clock.now()
        self._count(request, now, AsyncEventsReceived=1)
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
        age = [("AsyncEventAge", MILLISECONDS, lab_seconds * 1000)]
        self._add(request, age, self._clock.time())

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
            self._count(request, now, DeadLetterErrors=1)
        elif error:
            self._count(request, now, DestinationDeliveryFailures=1)
        self._history.record(
            Delivery(request.request_id, arn, kind, target, condition, error, now, time.time())
        )

    def ended(self, request: InvokeRequest, condition: str, attempts: int) -> None:
        """Record the end of an asynchronous event."""
        now, arn = self._clock.now(), request.function.arn
        if condition != "Success":
            self._count(request, now, AsyncEventsDropped=1)
        self._history.record(
            EventEnded(request.request_id, arn, condition, attempts, now, time.time())
        )

    def _throttled(self, request: InvokeRequest, kind: InvocationType, error: ServiceError) -> None:
        now = self._clock.now()
        if error.code == "TooManyRequestsException":
            self._count(request, now, Throttles=1)
        else:
            self._count(request, now, RecursiveInvocationsDropped=1)
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

    def _measure(
        self,
        request: InvokeRequest,
        environment: ExecutionEnvironment,
        load: Load,
        started: datetime,
        result: InvokeResult,
    ) -> None:
        values = [
            ("Invocations", COUNT, 1.0),
            ("Errors", COUNT, 1.0 if result.function_error else 0.0),
            ("Throttles", COUNT, 0.0),
            ("Duration", MILLISECONDS, result.duration_ms),
        ]
        if environment.provisioned_for:
            values.append(("ProvisionedConcurrencyInvocations", COUNT, 1.0))
        elif load.allocated:
            values.append(("ProvisionedConcurrencySpilloverInvocations", COUNT, 1.0))
        self._add(request, values, started.timestamp())

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
                response_bytes=len(result.payload),
                log_group=function.log_group,
                log_stream=environment.log_stream,
                trace_id=trace.root,
                segment_id=trace.segment,
                parent_id=trace.parent,
            )
        )

    def _begin(self, request: InvokeRequest, load: Load, now: float) -> list[Gauge]:
        """Count one more invocation; the metrics get how many run whenever one begins."""
        region = request.function.region
        covers = _dimensions(request.resource, request.function.version)
        with self._lock:
            gauges = [self._gauge(region, dimensions) for dimensions in covers]
            for gauge in gauges:
                gauge.now += 1
            values = [(gauge.metric, float(gauge.now)) for gauge in gauges]
        self._store.add(values, now)
        claimed = [("ClaimedAccountConcurrency", COUNT, float(load.claimed))]
        if load.unreserved is not None:
            claimed.append(("UnreservedConcurrentExecutions", COUNT, float(load.unreserved)))
        self._put(region, claimed, _REGION, now)
        if load.allocated:
            used = float(load.on_provisioned)
            self._put(region, [("ProvisionedConcurrentExecutions", COUNT, used)], covers, now)
            share = [("ProvisionedConcurrencyUtilization", "None", used / load.allocated)]
            self._put(region, share, covers[2:], now)
        return gauges

    def _gauge(self, region: str, dimensions: Dimensions) -> Gauge:
        gauge = self._gauges.get((region, dimensions))
        if gauge is None:
            metric = self._store.metric(region, "ConcurrentExecutions", COUNT, (dimensions,))
            gauge = self._gauges[region, dimensions] = Gauge(metric)
        return gauge

    def _end(self, gauges: list[Gauge]) -> None:
        with self._lock:
            for gauge in gauges:
                gauge.now -= 1

    def _count(self, request: InvokeRequest, at: datetime, **values: float) -> None:
        counted = [(name, COUNT, value) for name, value in values.items()]
        self._add(request, counted, at.timestamp())

    def _add(self, request: InvokeRequest, values: list[tuple[str, str, float]], at: float) -> None:
        covers = _dimensions(request.resource, request.function.version)
        self._put(request.function.region, values, covers, at)

    def _put(
        self,
        region: str,
        values: list[tuple[str, str, float]],
        covers: tuple[Dimensions, ...],
        at: float,
    ) -> None:
        metrics = [self._store.metric(region, name, unit, covers) for name, unit, _ in values]
        self._store.add(zip(metrics, (value for _, _, value in values), strict=True), at)


@lru_cache(maxsize=1024)
def _dimensions(resource: str, version: str) -> tuple[Dimensions, ...]:
    """All sets of dimensions that an invocation counts for.

    Args:
        resource: the function's name with the qualifier it was invoked by, if any.
        version: the version that ran.
    """
    name, _, qualifier = resource.partition(":")
    function, by_resource = ("FunctionName", name), ("Resource", resource)
    sets: list[Dimensions] = [(), (function,), (function, by_resource)]
    if qualifier and not qualifier.isdigit() and qualifier != "$LATEST":
        sets.append((("ExecutedVersion", version), function, by_resource))
    return tuple(sets)
