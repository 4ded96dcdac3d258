"""Metrics as CloudWatch keeps them: statistics for each minute, never single values.

docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

MINUTE_S = 60
LONGEST_MINUTES = 10_000
"""Minutes of data kept for each metric, a week's; CloudWatch keeps minutes for 15 days."""

Dimensions = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class StatisticSet:
    """What is known of the values of some span of time.

    Args:
        values: how often each value came, to three digits; for percentiles.
    """

    count: float = 0.0
    sum: float = 0.0
    minimum: float = math.inf
    maximum: float = -math.inf
    values: Counter[float] | None = None

    def add(self, value: float) -> None:
        """Take in one value."""
        self.count += 1
        self.sum += value
        if value < self.minimum:  # noqa: PLR1730 - twice as fast as min, on every invocation
            self.minimum = value
        if value > self.maximum:  # noqa: PLR1730
            self.maximum = value
        if self.values is not None:
            self.values[float(f"{value:.3g}")] += 1

    @classmethod
    def of(cls, value: float) -> StatisticSet:
        """The statistics of one value."""
        statistics = cls(values=Counter())
        statistics.add(value)
        return statistics

    def merge(self, other: StatisticSet) -> None:
        """Take in the values of another span of time."""
        self.count += other.count
        self.sum += other.sum
        self.minimum = min(self.minimum, other.minimum)
        self.maximum = max(self.maximum, other.maximum)
        if other.values is not None:
            self.values = (self.values or Counter()) + other.values

    def get(self, statistic: str) -> float | None:
        """A statistic by CloudWatch's name, for instance "Average" or "p95"; None if not known."""
        if statistic == "Average":
            return self.sum / self.count if self.count else None
        if statistic.startswith("p"):
            return self._percentile(float(statistic[1:]))
        return {
            "SampleCount": self.count,
            "Sum": self.sum,
            "Minimum": self.minimum,
            "Maximum": self.maximum,
        }.get(statistic)

    def _percentile(self, percent: float) -> float | None:
        if not self.values:
            return None
        left = percent / 100 * self.values.total()
        for value in sorted(self.values):
            left -= self.values[value]
            if left <= 1e-9:
                break
        return min(max(value, self.minimum), self.maximum)


@dataclass(slots=True)
class Metric:
    """Data of one name; they count for every set of dimensions in `covers`.

    Args:
        minutes: by the number of the minute since 1970, the oldest first.
    """

    name: str
    unit: str
    covers: tuple[Dimensions, ...]
    minutes: dict[int, StatisticSet] = field(default_factory=dict)

    def add(self, value: float, minute: int) -> None:
        """Take in one value."""
        statistics = self.minutes.get(minute)
        if statistics is None:
            values: Counter[float] | None = Counter() if self.unit == "Milliseconds" else None
            statistics = self.minutes[minute] = StatisticSet(values=values)
            if len(self.minutes) > LONGEST_MINUTES:
                del self.minutes[next(iter(self.minutes))]
        statistics.add(value)


class MetricStore:
    """The metrics of one namespace, in all Regions; `changed` is called when there are new data."""

    def __init__(self) -> None:
        self.changed: Callable[[], object] | None = None
        self._lock = threading.Lock()
        self._metrics: dict[tuple[str, str, tuple[Dimensions, ...]], Metric] = {}

    def metric(self, region: str, name: str, unit: str, covers: tuple[Dimensions, ...]) -> Metric:
        """The metric that data with these dimensions go to."""
        key = (region, name, covers)
        with self._lock:
            if key not in self._metrics:
                self._metrics[key] = Metric(name, unit, covers)
            return self._metrics[key]

    def add(self, values: Iterable[tuple[Metric, float]], at: float) -> None:
        """Take in values.

        Args:
            at: seconds since 1970, in lab time.
        """
        minute = int(at // MINUTE_S)
        with self._lock:
            for metric, value in values:
                metric.add(value, minute)
        if self.changed is not None:
            self.changed()

    def names(self, region: str) -> set[tuple[str, Dimensions]]:
        """The names of all metrics that have data in a Region, with each set of dimensions."""
        with self._lock:
            return {
                (metric.name, dimensions)
                for (where, _, _), metric in self._metrics.items()
                if where == region and metric.minutes
                for dimensions in metric.covers
            }

    def data(
        self, region: str, name: str, dimensions: Dimensions, since: float = 0
    ) -> tuple[str, list[tuple[float, StatisticSet]]]:
        """A metric's unit, and its data with the second at which each minute began.

        Args:
            dimensions: all of the metric's, sorted by name.
            since: seconds since 1970 in lab time, before which no data are wanted.
        """

        unit, found, first = "", [], int(since // MINUTE_S)
        with self._lock:
            for (where, known, covers), metric in self._metrics.items():
                if (where, known) == (region, name) and dimensions in covers:
                    unit = metric.unit
                    for minute, statistics in metric.minutes.items():
                        if minute < first:
                            continue
                        copy = StatisticSet()
                        copy.merge(statistics)
                        found.append((float(minute * MINUTE_S), copy))
        return unit, found
