"""moto's CloudWatch alarms, which it keeps and never evaluates."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from labsupport.clock import LabClock
from labsupport.credentials import ACCOUNT_ID
from labsupport.patching import Patches

from ..alarm_rules import Alarm, State

MODULE = "moto.cloudwatch.models"
CALL_TAKES_S = 10
INITIAL = "INSUFFICIENT_DATA"


class Alarms(Protocol):
    """Who evaluates alarms."""

    def data_changed(self) -> None:
        """Metrics have new data."""

    def wake(self, names: set[tuple[str, str]]) -> None:
        """Alarms are new or changed."""

    def state_set(self, alarm: Alarm, before: State, now: State) -> None:
        """Somebody has set an alarm's state."""


class Bridge:
    """moto's CloudWatch, from `install` until `remove`."""

    def __init__(self, alarms: Alarms, clock: LabClock) -> None:
        self._alarms = alarms
        self._clock = clock
        self._patches = Patches()

    def install(self) -> None:
        """Follow moto's alarms and metrics."""
        self._patches.when_imported(MODULE, self._install)

    def remove(self) -> None:
        """Leave moto as it was."""
        self._patches.remove()

    def _install(self, models: Any) -> None:
        backend = models.CloudWatchBackend
        self._patches.wrap(backend, "put_metric_alarm", self._put_alarm)
        self._patches.wrap(backend, "set_alarm_state", self._set_state)
        self._patches.wrap(backend, "put_metric_data", self._put_data)

    def _put_alarm(self, original: Any, backend: Any, *args: Any, **asked: Any) -> Any:
        """A new alarm knows nothing yet; one that is changed keeps its state."""
        known = dict(backend.alarms)
        alarm = original(backend, *args, **asked)
        alarm.state_value, alarm.state_updated_timestamp = INITIAL, self._clock.now()
        alarm.configuration_updated_timestamp = self._clock.now()
        if alarm.name in known:
            before = known[alarm.name]
            for name in ("state_value", "state_reason", "state_reason_data", "history"):
                setattr(alarm, name, getattr(before, name))
            alarm.state_updated_timestamp = before.state_updated_timestamp
        self._alarms.wake({(backend.region_name, alarm.name)})
        return alarm

    def _set_state(
        self, original: Any, backend: Any, alarm_name: str, *args: Any, **more: Any
    ) -> None:
        found = find(backend.region_name, alarm_name)
        before = state_of(found) if found else None
        original(backend, alarm_name, *args, **more)
        if found and before:
            found.moto.state_updated_timestamp = self._clock.now()
            self._alarms.state_set(found, before, state_of(found))

    def _put_data(
        self, original: Any, backend: Any, namespace: str, metric_data: list[dict[str, Any]]
    ) -> None:
        """Data without a time, or of this machine's now, are of the lab's now."""
        for datum in metric_data:
            given = datum.get("Timestamp")
            if given is None or abs(_seconds(given) - time.time()) < CALL_TAKES_S:
                datum["Timestamp"] = self._clock.now()
        original(backend, namespace, metric_data)
        self._alarms.data_changed()


def names() -> set[tuple[str, str]]:
    """All alarms, by Region and name."""
    return {
        (region, name)
        for region, backend in list(_backends().items())
        for name in list(backend.alarms)
    }


def find(region: str, name: str) -> Alarm | None:
    """An alarm on a metric; None where there is none of this name."""
    alarm = _backends()[region].alarms.get(name)
    return None if alarm is None or alarm.rule else _alarm(region, alarm)


def state_of(alarm: Alarm) -> State:
    """The state of an alarm."""
    known = alarm.moto
    return State(
        known.state_value,
        known.state_reason,
        known.state_reason_data or "{}",
        _aware(known.state_updated_timestamp),
    )


def set_state(alarm: Alarm, state: State) -> None:
    """Give an alarm a state."""
    alarm.moto.update_state(state.reason, state.data, state.value)
    alarm.moto.state_updated_timestamp = state.at


def _backends() -> Any:
    from moto.cloudwatch.models import cloudwatch_backends

    return cloudwatch_backends[ACCOUNT_ID]


def _alarm(region: str, alarm: Any) -> Alarm:
    metric, statistic, period = _metric(alarm)
    return Alarm(
        name=alarm.name,
        arn=alarm.alarm_arn,
        region=region,
        description=alarm.description,
        metric=metric,
        statistic=statistic,
        period_s=int(period or 0) or 60,
        periods=int(alarm.evaluation_periods or 1),
        needed=int(alarm.datapoints_to_alarm or alarm.evaluation_periods or 1),
        comparison=alarm.comparison_operator or "",
        threshold=float(alarm.threshold or 0),
        missing=alarm.treat_missing_data or "missing",
        actions={
            "ALARM": tuple(alarm.alarm_actions or ()),
            "OK": tuple(alarm.ok_actions or ()),
            "INSUFFICIENT_DATA": tuple(alarm.insufficient_data_actions or ()),
        },
        enabled=bool(alarm.actions_enabled),
        configured=_aware(alarm.configuration_updated_timestamp),
        moto=alarm,
    )


def _metric(alarm: Any) -> tuple[Mapping[str, Any], str, Any]:
    """The metric, the statistic and the period of an alarm; no name where it has an expression."""
    name, namespace, dimensions = alarm.metric_name, alarm.namespace, alarm.dimensions
    statistic, period, unit = alarm.statistic or alarm.extended_statistic, alarm.period, alarm.unit
    if alarm.metric_data_queries:
        stat = alarm.metric_data_queries[0].metric_stat
        if len(alarm.metric_data_queries) > 1 or stat is None:
            name, statistic = "", "Average"
        else:
            name, namespace = stat.metric.metric_name, stat.metric.namespace
            dimensions, statistic = stat.metric.dimensions, stat.stat
            period, unit = stat.period, stat.unit
    shown = [{"Name": each.name, "Value": each.value} for each in dimensions]
    metric = {"Namespace": namespace, "MetricName": name, "Dimensions": shown, "Unit": unit}
    return metric, statistic, period


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _seconds(moment: Any) -> float:
    return _aware(moment).timestamp() if isinstance(moment, datetime) else float(moment)
