"""When a CloudWatch alarm changes its state, and what it says of it.

docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from labsupport.credentials import ACCOUNT_ID

_COMPARE: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "GreaterThanThreshold": (operator.gt, "greater than"),
    "GreaterThanOrEqualToThreshold": (operator.ge, "greater than or equal to"),
    "LessThanThreshold": (operator.lt, "less than"),
    "LessThanOrEqualToThreshold": (operator.le, "less than or equal to"),
}
FURTHER_PERIODS = 2
"""Periods before those asked for, whose data stand in for missing ones."""


@dataclass(frozen=True)
class Alarm:
    """An alarm on one metric.

    Args:
        metric: with Namespace, MetricName, Dimensions and Unit, as the API takes them.
        statistic: for instance "Sum" or "p99".
        needed: DatapointsToAlarm.
        actions: ARNs by the state in which they are called.
        moto: what moto keeps, its state included.
    """

    name: str
    arn: str
    region: str
    description: str | None
    metric: Mapping[str, Any]
    statistic: str
    period_s: int
    periods: int
    needed: int
    comparison: str
    threshold: float
    missing: str
    actions: Mapping[str, Sequence[str]]
    enabled: bool
    configured: datetime
    moto: Any

    @property
    def comparable(self) -> bool:
        """Whether the lab can evaluate it; it can't where a model or an expression is needed."""
        return self.comparison in _COMPARE and bool(self.metric["MetricName"])


@dataclass(frozen=True)
class State:
    """A state, with what led to it."""

    value: str
    reason: str
    data: str
    at: datetime


Datapoints = Sequence[tuple[float, float]]
"""The moments at which periods begin, and the statistic of each, the newest first."""


def evaluate(alarm: Alarm, found: Datapoints, before: str, at: datetime) -> State | None:
    """The state of an alarm by its metric's data; None where it stays as it was.

    Args:
        found: of the periods that have data, `FURTHER_PERIODS` more than the alarm's at most.
        before: the state the alarm is in.
    """
    compare, _ = _COMPARE[alarm.comparison]
    used = found[: alarm.periods]
    breaching = sum(compare(value, alarm.threshold) for _, value in used)
    unknown = alarm.periods - len(used)
    if breaching >= alarm.needed:
        value = "ALARM"
    elif len(used) - breaching > alarm.periods - alarm.needed:
        value = "OK"
    elif alarm.missing == "ignore":
        value = before
    elif alarm.missing in ("breaching", "notBreaching"):
        value = "ALARM" if alarm.missing == "breaching" else "OK"
    elif not used:
        value = "INSUFFICIENT_DATA"
    else:
        value = "ALARM" if breaching == len(used) else "OK"
    if value == before:
        return None
    reason = _reason(alarm, used, unknown, before, value)
    return State(value, reason, _data(alarm, used, at), at)


def _reason(alarm: Alarm, used: Datapoints, unknown: int, before: str, value: str) -> str:
    if value == "INSUFFICIENT_DATA":
        return f"Insufficient Data: {_count(unknown, 'datapoint')} {_were(unknown)} unknown."
    if not used:
        treated = "Breaching" if alarm.missing == "breaching" else "NonBreaching"
        return (
            f"Threshold Crossed: no datapoints were received for {_count(unknown, 'period')} and "
            f"{_count(unknown, 'missing datapoint')} {_were(unknown)} treated as [{treated}]."
        )
    compare, words = _COMPARE[alarm.comparison]
    alarming = value == "ALARM"
    telling = [found for found in used if compare(found[1], alarm.threshold) == alarming]
    shown = ", ".join(
        f"{value} ({datetime.fromtimestamp(begin, UTC):%d/%m/%y %H:%M:%S})"
        for begin, value in telling
    )
    least = alarm.needed if alarming else alarm.periods - alarm.needed + 1
    verb = "was" if len(telling) == 1 else "were"
    return (
        f"Threshold Crossed: {len(telling)} out of the last {_count(alarm.periods, 'datapoint')} "
        f"[{shown}] {verb} {'' if alarming else 'not '}{words} the threshold "
        f"({float(alarm.threshold)}) (minimum {_count(least, 'datapoint')} for "
        f"{'OK -> ALARM' if alarming else 'ALARM -> OK'} transition)."
    )


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _data(alarm: Alarm, used: Datapoints, at: datetime) -> str:
    data = {
        "version": "1.0",
        "queryDate": timestamp(at),
        "statistic": alarm.statistic,
        "period": alarm.period_s,
        "recentDatapoints": [value for _, value in reversed(used)],
        "threshold": float(alarm.threshold),
    }
    if used:
        data["startDate"] = timestamp(datetime.fromtimestamp(used[-1][0], UTC))
    return json.dumps(data)


def sns_message(alarm: Alarm, before: State, now: State) -> tuple[str, str]:
    """The subject and the text that a topic gets.

    docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
    """
    place = region_name(alarm.region)
    dimensions = alarm.metric["Dimensions"]
    message = {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": ACCOUNT_ID,
        "AlarmConfigurationUpdatedTimestamp": timestamp(alarm.configured),
        "NewStateValue": now.value,
        "NewStateReason": now.reason,
        "StateChangeTime": timestamp(now.at),
        "Region": place,
        "AlarmArn": alarm.arn,
        "OldStateValue": before.value,
        "OKActions": list(alarm.actions["OK"]),
        "AlarmActions": list(alarm.actions["ALARM"]),
        "InsufficientDataActions": list(alarm.actions["INSUFFICIENT_DATA"]),
        "Trigger": {
            "MetricName": alarm.metric["MetricName"],
            "Namespace": alarm.metric["Namespace"],
            **_statistic(alarm.statistic),
            "Unit": alarm.metric.get("Unit"),
            "Dimensions": [{"value": d["Value"], "name": d["Name"]} for d in dimensions],
            "Period": alarm.period_s,
            "EvaluationPeriods": alarm.periods,
            "DatapointsToAlarm": alarm.needed,
            "ComparisonOperator": alarm.comparison,
            "Threshold": alarm.threshold,
            "TreatMissingData": alarm.missing,
            "EvaluateLowSampleCountPercentile": "",
        },
    }
    return f'{now.value}: "{alarm.name}" in {place}'[:100], json.dumps(message)


def lambda_event(alarm: Alarm, before: State, now: State) -> dict[str, Any]:
    """The event that a function gets.

    docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
    """
    return {
        "source": "aws.cloudwatch",
        "alarmArn": alarm.arn,
        "accountId": ACCOUNT_ID,
        "time": timestamp(now.at),
        "region": alarm.region,
        "alarmData": {
            "alarmName": alarm.name,
            "state": _shown(now),
            "previousState": _shown(before),
            "configuration": _configuration(alarm),
        },
    }


def state_change(alarm: Alarm, before: State, now: State) -> dict[str, Any]:
    """The detail of the event that EventBridge gets.

    docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html
    """
    return {
        "alarmName": alarm.name,
        "configuration": _configuration(alarm),
        "previousState": _shown(before),
        "state": _shown(now),
    }


def timestamp(moment: datetime) -> str:
    """A moment as CloudWatch writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


@cache
def region_name(region: str) -> str:
    """A Region's name for people, such as "US East (N. Virginia)"."""
    from botocore.session import Session

    for partition in Session().get_data("endpoints")["partitions"]:
        if region in partition["regions"]:
            return str(partition["regions"][region]["description"])
    return region


def _shown(state: State) -> dict[str, str]:
    return {
        "value": state.value,
        "reason": state.reason,
        "reasonData": state.data,
        "timestamp": timestamp(state.at),
    }


def _configuration(alarm: Alarm) -> dict[str, Any]:
    dimensions = {each["Name"]: each["Value"] for each in alarm.metric["Dimensions"]}
    metric = {
        "namespace": alarm.metric["Namespace"],
        "name": alarm.metric["MetricName"],
        "dimensions": dimensions,
    }
    stat = {"metric": metric, "period": alarm.period_s, "stat": alarm.statistic}
    metrics = [{"id": "m1", "metricStat": stat, "returnData": True}]
    return {"description": alarm.description or "", "metrics": metrics}


def _statistic(name: str) -> dict[str, str]:
    if name.startswith("p"):
        return {"StatisticType": "ExtendedStatistic", "ExtendedStatistic": name}
    return {"StatisticType": "Statistic", "Statistic": name.upper()}
