"""The metrics of the namespace AWS/Lambda: which there are, and for which dimensions they count.

docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html says which there are,
monitoring-metrics-view.html their dimensions: those of the function, of the version or alias that
was invoked, of the version that an alias led to, and none for the whole Region.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache

from ..assignment.concurrency import Load
from ..model import InvokeRequest, InvokeResult
from .metrics import Dimensions, Metric, MetricStore

COUNT, MILLISECONDS = "Count", "Milliseconds"
_REGION: tuple[Dimensions, ...] = ((),)


@dataclass
class Gauge:
    """How many invocations run at once for one set of dimensions."""

    metric: Metric
    now: int = 0


@dataclass(frozen=True)
class _Place:
    """The metrics that every invocation of one version, by one qualifier, adds to."""

    gauges: tuple[Gauge, ...]
    unreserved: Metric
    claimed: Metric
    invocations: Metric
    errors: Metric
    throttles: Metric
    duration: Metric


class Meter:
    """Measures invocations and asynchronous events.

    Args:
        store: takes the metrics.
    """

    def __init__(self, store: MetricStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._gauges: dict[tuple[str, Dimensions], Gauge] = {}
        self._places: dict[tuple[str, str], _Place] = {}

    def begin(self, request: InvokeRequest, load: Load, at: float) -> tuple[Gauge, ...]:
        """Count one more invocation; the metrics get how many run whenever one begins.

        Args:
            at: seconds since 1970, in lab time.

        Returns:
            What `end` takes.
        """
        place = self._place(request)
        values = [(place.claimed, float(load.claimed))]
        if load.unreserved is not None:
            values.append((place.unreserved, float(load.unreserved)))
        with self._lock:
            for gauge in place.gauges:
                gauge.now += 1
                values.append((gauge.metric, float(gauge.now)))
        self._store.add(values, at)
        if load.allocated:
            used = float(load.on_provisioned)
            self._add(request, "ProvisionedConcurrentExecutions", COUNT, used, at)
            share = used / load.allocated
            self._add(request, "ProvisionedConcurrencyUtilization", "None", share, at, least=2)
        return place.gauges

    def end(self, gauges: tuple[Gauge, ...]) -> None:
        """Count one invocation less."""
        with self._lock:
            for gauge in gauges:
                gauge.now -= 1

    def invoked(
        self,
        request: InvokeRequest,
        load: Load,
        result: InvokeResult,
        at: float,
        *,
        provisioned: bool,
    ) -> None:
        """Measure an invocation that has ended; `at` is when it began."""
        place = self._place(request)
        values = (
            (place.invocations, 1.0),
            (place.errors, 1.0 if result.function_error else 0.0),
            (place.throttles, 0.0),
            (place.duration, result.duration_ms),
        )
        self._store.add(values, at)
        if provisioned:
            self._add(request, "ProvisionedConcurrencyInvocations", COUNT, 1.0, at)
        elif load.allocated:
            self._add(request, "ProvisionedConcurrencySpilloverInvocations", COUNT, 1.0, at)

    def count(self, request: InvokeRequest, name: str, at: float) -> None:
        """Count something that happened once, for instance "Throttles"."""
        self._add(request, name, COUNT, 1.0, at)

    def aged(self, request: InvokeRequest, age_ms: float, at: float) -> None:
        """Measure how long an event has been in the queue when its function is to run."""
        self._add(request, "AsyncEventAge", MILLISECONDS, age_ms, at)

    def _add(
        self,
        request: InvokeRequest,
        name: str,
        unit: str,
        value: float,
        at: float,
        *,
        least: int = 0,
    ) -> None:
        """Add to a metric, for all sets of dimensions that have at least so many."""
        covers = _dimensions(request.resource, request.function.version)[least:]
        metric = self._store.metric(request.function.region, name, unit, covers)
        self._store.add(((metric, value),), at)

    def _place(self, request: InvokeRequest) -> _Place:
        key = (request.invoked_arn, request.function.version)
        place = self._places.get(key)
        return place or self._places.setdefault(key, self._new_place(request))

    def _new_place(self, request: InvokeRequest) -> _Place:
        region, metric = request.function.region, self._store.metric
        covers = _dimensions(request.resource, request.function.version)
        return _Place(
            gauges=tuple(self._gauge(region, dimensions) for dimensions in covers),
            unreserved=metric(region, "UnreservedConcurrentExecutions", COUNT, _REGION),
            claimed=metric(region, "ClaimedAccountConcurrency", COUNT, _REGION),
            invocations=metric(region, "Invocations", COUNT, covers),
            errors=metric(region, "Errors", COUNT, covers),
            throttles=metric(region, "Throttles", COUNT, covers),
            duration=metric(region, "Duration", MILLISECONDS, covers),
        )

    def _gauge(self, region: str, dimensions: Dimensions) -> Gauge:
        metric = self._store.metric(region, "ConcurrentExecutions", COUNT, (dimensions,))
        with self._lock:
            return self._gauges.setdefault((region, dimensions), Gauge(metric))


@lru_cache(maxsize=1024)
def _dimensions(resource: str, version: str) -> tuple[Dimensions, ...]:
    """All sets of dimensions that an invocation counts for, the fewest first.

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
