"""CloudWatch with the metrics of the data plane in it, read as AWS reads them.

moto adds up metrics whose dimensions merely contain those asked for, and knows no percentiles;
on AWS a metric is its name and its exact dimensions. So reading is done here, for all namespaces.
Writing to `AWS/Lambda` never touches moto: the store is looked up when somebody asks.

On AWS one passes ``datetime.now()`` for a range's end. Metrics have lab time here, which runs
ahead of the machine's, so the moment to pass is ``lab.clock.now()``. A range whose end is this
machine's now, give or take the seconds a call takes, is read as one that ends at the lab's now.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from labsupport.clock import LabClock
from labsupport.credentials import ACCOUNT_ID
from labsupport.patching import Patches

from ..telemetry.metrics import Dimensions, MetricStore, StatisticSet

NAMESPACE = "AWS/Lambda"
CALL_TAKES_S = 10
STATISTICS = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")


class CloudWatch:
    """moto's CloudWatch, showing a store of metrics from `install` until `remove`."""

    def __init__(self, store: MetricStore, clock: LabClock) -> None:
        self._store = store
        self._clock = clock
        self._examples: dict[tuple[str, Dimensions], Any] = {}
        self._patches = Patches()

    def install(self) -> None:
        """Show the store's metrics in moto's CloudWatch."""
        from moto.cloudwatch.models import CloudWatchBackend
        from moto.cloudwatch.responses import CloudWatchResponse

        self._patches.wrap(CloudWatchBackend, "get_all_metrics", self._all_metrics)
        self._patches.wrap(CloudWatchResponse, "get_metric_data", self._get_metric_data)
        self._patches.wrap(CloudWatchResponse, "get_metric_statistics", self._get_metric_statistics)

    def remove(self) -> None:
        """Leave moto as it was."""
        self._patches.remove()

    @property
    def changed(self) -> Callable[[], object] | None:
        """Is called, and has to be quick, whenever the store has new data."""
        return self._store.changed

    @changed.setter
    def changed(self, function: Callable[[], object] | None) -> None:
        self._store.changed = function

    def periods(
        self, region: str, metric: Mapping[str, Any], start: float, end: float
    ) -> list[tuple[float, StatisticSet]]:
        """A metric's statistics for each period that has data, in order.

        Args:
            metric: with Namespace, MetricName, Dimensions, Unit and Period.
            start: seconds since 1970 in lab time, as `end`, which doesn't belong to it.
        """
        from moto.cloudwatch.models import cloudwatch_backends

        range_ = {
            "StartTime": datetime.fromtimestamp(start, UTC),
            "EndTime": datetime.fromtimestamp(end, UTC),
        }
        _, found = self._periods(cloudwatch_backends[ACCOUNT_ID][region], metric, range_)
        return [(begin, known) for begin, known in found if begin < end]

    def _all_metrics(self, original: Any, backend: Any) -> list[Any]:
        """What ListMetrics looks through: of each of ours, one example."""
        region = backend.region_name
        ours = [self._example(*metric) for metric in sorted(self._store.names(region))]
        return [*original(backend), *ours]

    def _example(self, name: str, dimensions: Dimensions) -> Any:
        from moto.cloudwatch.models import MetricDatumBase

        if (name, dimensions) not in self._examples:
            shown = [{"Name": key, "Value": value} for key, value in dimensions]
            self._examples[name, dimensions] = MetricDatumBase(NAMESPACE, name, shown, None)
        return self._examples[name, dimensions]

    def _get_metric_statistics(self, original: Any, response: Any) -> Any:
        from moto.core.responses import ActionResult

        wanted = response._get_params()
        statistics = wanted.get("Statistics") or []
        extended = wanted.get("ExtendedStatistics") or []
        if not (statistics or extended) or _seconds(wanted["StartTime"]) >= _seconds(
            wanted["EndTime"]
        ):
            return original(response)  # which refuses it
        unit, periods = self._periods(response.cloudwatch_backend, wanted, wanted)
        datapoints = [
            {
                "Timestamp": datetime.fromtimestamp(begin, UTC),
                "Unit": unit,
                "ExtendedStatistics": {name: found.get(name) for name in extended},
            }
            | {name: found.get(name) for name in STATISTICS if name in statistics}
            for begin, found in periods
        ]
        return ActionResult({"Label": wanted["MetricName"], "Datapoints": datapoints})

    def _get_metric_data(self, original: Any, response: Any) -> Any:
        from moto.cloudwatch.metric_data_expression_parser import parse_expression

        wanted = response._get_params()
        queries = wanted.get("MetricDataQueries") or []
        answer = original(response)  # which refuses what is wrong
        results = {result["id"]: result for result in answer.result["MetricDataResults"]}
        measured = []
        for query in queries:
            if stat := query.get("MetricStat"):
                measured.append(self._measured(response.cloudwatch_backend, query, stat, wanted))
        for query in queries:
            shown = results.get(query["Id"])
            if shown is None:
                continue
            if "MetricStat" in query:
                shown |= next(found for found in measured if found["id"] == query["Id"])
            elif not query["Expression"].startswith("SELECT"):
                shown["values"], shown["timestamps"] = parse_expression(
                    query["Expression"], measured
                )
        answer.result["Messages"] = []
        return answer

    def _measured(
        self, backend: Any, query: Mapping[str, Any], stat: Mapping[str, Any], wanted: Any
    ) -> dict[str, Any]:
        metric = stat["Metric"]
        asked = {**metric, "Period": stat["Period"], "Unit": stat.get("Unit")}
        _, periods = self._periods(backend, asked, wanted)
        found = [(begin, known.get(stat["Stat"])) for begin, known in periods]
        found = [(begin, value) for begin, value in found if value is not None]
        if wanted.get("ScanBy") != "TimestampAscending":
            found.reverse()
        return {
            "id": query["Id"],
            "label": query.get("Label") or metric["MetricName"],
            "values": [value for _, value in found],
            "timestamps": [datetime.fromtimestamp(begin, UTC) for begin, _ in found],
        }

    def _periods(
        self, backend: Any, metric: Mapping[str, Any], range_: Mapping[str, Any]
    ) -> tuple[str | None, list[tuple[float, StatisticSet]]]:
        """A metric's unit and its statistics for each period that has data, in order.

        As AWS does, the start is rounded down to the minute and the end doesn't belong to it.
        """
        start = _seconds(range_["StartTime"]) // 60 * 60
        end = _seconds(range_["EndTime"])
        if -1 < time.time() - end < CALL_TAKES_S:
            end = max(end, self._clock.time() + 1)
        period = int(metric["Period"])
        unit, data = self._data(backend, metric, start)
        periods: dict[float, StatisticSet] = {}
        for moment, known in data:
            if start <= moment < end:
                begin = start + math.floor((moment - start) / period) * period
                periods.setdefault(begin, StatisticSet()).merge(known)
        return unit, sorted(periods.items())

    def _data(
        self, backend: Any, metric: Mapping[str, Any], since: float
    ) -> tuple[str | None, Iterable[tuple[float, StatisticSet]]]:
        asked = metric.get("Dimensions") or []
        dimensions = tuple(sorted((each["Name"], each["Value"]) for each in asked))
        wanted_unit, name = metric.get("Unit"), metric["MetricName"]
        if metric["Namespace"] == NAMESPACE:
            unit, data = self._store.data(backend.region_name, name, dimensions, since)
            if data and wanted_unit in (None, unit):
                return unit, data
        found = [
            datum
            for datum in backend.metric_data + backend.aws_metric_data
            if (datum.namespace, datum.name) == (metric["Namespace"], name)
            and wanted_unit in (None, datum.unit)
            and tuple(sorted((each.name, each.value) for each in datum.dimensions)) == dimensions
        ]
        return found[0].unit if found else None, [
            (_seconds(datum.timestamp), _statistics(datum)) for datum in found
        ]


def _statistics(datum: Any) -> StatisticSet:
    """What one of moto's data holds."""
    if hasattr(datum, "value"):
        return StatisticSet.of(float(datum.value))
    return StatisticSet(datum.sample_count, datum.sum, datum.min, datum.max)


def _seconds(moment: datetime) -> float:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
