"""CloudWatch alarms on the lab clock, and what they tell topics and functions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest

from labsupport import Lab
from labsupport.triggers.alarm_rules import Alarm, evaluate
from tests.unit.functions_lab import Lambda

A = "us-east-1:123456789012"
FUNCTION = f"arn:aws:lambda:{A}:function:f"
FAILS = "def handler(event, context): raise ValueError\n"


class Watch:
    """A lab whose clock stands early in a minute, with a topic that a queue listens to."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.cloudwatch, self.sqs = boto3.client("cloudwatch"), boto3.client("sqs")
        self.topic = boto3.client("sns").create_topic(Name="t")["TopicArn"]
        self.url = self.sqs.create_queue(QueueName="q")["QueueUrl"]
        boto3.client("sns").subscribe(
            TopicArn=self.topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{A}:q"
        )
        lab.clock.advance(seconds=61 - lab.clock.time() % 60)

    def alarm(self, **more: Any) -> None:
        settings = {
            "AlarmName": "a",
            "Namespace": "App",
            "MetricName": "m",
            "Statistic": "Sum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "AlarmActions": [self.topic],
        }
        self.cloudwatch.put_metric_alarm(**settings | more)

    def data(self, value: float, **more: Any) -> None:
        datum = {"MetricName": "m", "Value": value}
        self.cloudwatch.put_metric_data(Namespace="App", MetricData=[datum | more])

    def state(self) -> str:
        return str(self.told()["StateValue"])

    def told(self) -> dict[str, Any]:
        (alarm,) = self.cloudwatch.describe_alarms(AlarmNames=["a"])["MetricAlarms"]
        return dict(alarm)

    def minute(self) -> str:
        self.lab.clock.advance(minutes=1)
        return self.state()

    def notifications(self) -> list[dict[str, Any]]:
        found = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
        messages = found.get("Messages", [])
        for message in messages:
            self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in messages]


@pytest.fixture
def watch() -> Iterator[Watch]:
    with Lab.start(speed=0.001) as lab:
        yield Watch(lab)


def test_errors_of_a_function_raise_an_alarm_that_notifies_a_topic(watch: Watch) -> None:
    cloud = Lambda(watch.lab)
    cloud.create(FAILS)
    watch.alarm(
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=[{"Name": "FunctionName", "Value": "f"}],
        AlarmDescription="it fails",
        TreatMissingData="notBreaching",
        OKActions=[watch.topic],
    )
    assert watch.state() == "INSUFFICIENT_DATA"
    assert watch.minute() == "OK"
    watch.notifications()
    cloud.invoke()
    assert watch.minute() == "ALARM"
    (notification,) = watch.notifications()
    assert notification["Subject"] == 'ALARM: "a" in US East (N. Virginia)'
    message = json.loads(notification["Message"])
    began = message.pop("StateChangeTime")
    assert datetime.fromisoformat(began).second == 0
    assert message.pop("AlarmConfigurationUpdatedTimestamp")
    reason = message.pop("NewStateReason")
    assert reason.startswith("Threshold Crossed: 1 out of the last 1 datapoint [1.0 (")
    assert reason.endswith(
        ")] was greater than or equal to the threshold (1.0) "
        "(minimum 1 datapoint for OK -> ALARM transition)."
    )
    assert message == {
        "AlarmName": "a",
        "AlarmDescription": "it fails",
        "AWSAccountId": "123456789012",
        "NewStateValue": "ALARM",
        "Region": "US East (N. Virginia)",
        "AlarmArn": f"arn:aws:cloudwatch:{A}:alarm:a",
        "OldStateValue": "OK",
        "OKActions": [watch.topic],
        "AlarmActions": [watch.topic],
        "InsufficientDataActions": [],
        "Trigger": {
            "MetricName": "Errors",
            "Namespace": "AWS/Lambda",
            "StatisticType": "Statistic",
            "Statistic": "SUM",
            "Unit": None,
            "Dimensions": [{"value": "f", "name": "FunctionName"}],
            "Period": 60,
            "EvaluationPeriods": 1,
            "DatapointsToAlarm": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Threshold": 1.0,
            "TreatMissingData": "notBreaching",
            "EvaluateLowSampleCountPercentile": "",
        },
    }
    watch.lab.clock.advance(minutes=10)
    assert watch.state() == "OK"
    assert len(watch.notifications()) == 1


def test_own_metric_crosses_and_comes_back_and_is_forgotten(watch: Watch) -> None:
    watch.alarm(InsufficientDataActions=[watch.topic])
    watch.data(0)
    assert watch.minute() == "OK"
    watch.data(5)
    assert watch.minute() == "ALARM"
    watch.data(0)
    assert watch.minute() == "OK"
    watch.lab.clock.advance(hours=1)
    assert watch.state() == "INSUFFICIENT_DATA"
    assert watch.told()["StateReason"] == "Insufficient Data: 1 datapoint was unknown."
    values = [json.loads(n["Message"])["NewStateValue"] for n in watch.notifications()]
    assert sorted(values) == ["ALARM", "INSUFFICIENT_DATA"]


def test_data_are_dated_in_lab_time_unless_they_say_otherwise(watch: Watch) -> None:
    watch.lab.clock.advance(hours=5)
    watch.alarm()
    watch.data(5, Timestamp=datetime.now(UTC))
    assert watch.minute() == "ALARM"
    watch.data(5, Timestamp=watch.lab.clock.now() - timedelta(hours=3))
    watch.lab.clock.advance(minutes=10)
    assert watch.state() == "INSUFFICIENT_DATA"


def test_idle_alarm_asks_the_clock_for_nothing(watch: Watch) -> None:
    watch.alarm()
    watch.data(5)
    watch.lab.clock.advance(minutes=30)
    assert watch.lab.clock.fire_due() == 0
    assert not watch.lab.clock._timers


def test_set_state_acts_and_the_data_soon_say_otherwise(watch: Watch) -> None:
    watch.alarm()
    watch.data(0)
    assert watch.minute() == "OK"
    set_state = watch.cloudwatch.set_alarm_state
    set_state(AlarmName="a", StateValue="ALARM", StateReason="a drill")
    set_state(AlarmName="a", StateValue="ALARM", StateReason="again")
    (notification,) = watch.notifications()
    assert json.loads(notification["Message"])["NewStateReason"] == "a drill"
    watch.data(0)
    assert watch.minute() == "OK"


def test_actions_can_be_switched_off(watch: Watch) -> None:
    watch.alarm(ActionsEnabled=False)
    watch.data(5)
    assert watch.minute() == "ALARM"
    assert watch.notifications() == []
    watch.cloudwatch.delete_alarms(AlarmNames=["a"])
    watch.lab.clock.advance(hours=1)


def test_alarm_calls_a_function_and_tells_event_bridge(watch: Watch) -> None:
    cloud, events = Lambda(watch.lab), boto3.client("events")
    cloud.create("def handler(event, context): return event\n")
    cloud.client.add_permission(
        FunctionName="f",
        StatementId="alarm",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
        SourceArn=f"arn:aws:cloudwatch:{A}:alarm:a",
    )
    cloud.client.put_function_event_invoke_config(
        FunctionName="f",
        DestinationConfig={"OnSuccess": {"Destination": f"arn:aws:sqs:{A}:q"}},
    )
    events.put_rule(Name="r", EventPattern='{"source": ["aws.cloudwatch"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": f"arn:aws:sqs:{A}:q"}])
    watch.alarm(AlarmActions=[FUNCTION])
    watch.cloudwatch.set_alarm_state(AlarmName="a", StateValue="ALARM", StateReason="a drill")
    watch.lab.clock.advance(seconds=1)
    told, called = sorted(watch.notifications(), key=lambda body: "requestPayload" in body)
    assert told["detail-type"] == "CloudWatch Alarm State Change"
    assert told["detail"]["state"]["value"] == "ALARM"
    payload = called["requestPayload"]
    assert (payload["source"], payload["alarmData"]["alarmName"]) == ("aws.cloudwatch", "a")
    assert payload["alarmData"]["state"]["reason"] == "a drill"
    assert payload["alarmData"]["previousState"]["value"] == "INSUFFICIENT_DATA"


def decide(data: str, missing: str, needed: int = 3, before: str = "before") -> str:
    """The state that AWS's notation leads to: 0 is not breaching, X is, - is missing."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    alarm = Alarm(
        name="a",
        arn="arn",
        region="us-east-1",
        description=None,
        metric={"Namespace": "n", "MetricName": "m", "Dimensions": []},
        statistic="Sum",
        period_s=60,
        periods=3,
        needed=needed,
        comparison="GreaterThanThreshold",
        threshold=1,
        missing=missing,
        actions={},
        enabled=True,
        configured=now,
        moto=None,
    )
    values = [(i * 60.0, 2.0 if c == "X" else 0.0) for i, c in enumerate(data) if c != "-"]
    state = evaluate(alarm, values[::-1], before, now)
    return state.value if state else before


@pytest.mark.parametrize(
    ("data", "missing", "ignore", "breaching", "not_breaching"),
    [
        # The table of alarm-evaluation.html for three of three datapoints.
        ("0-X-X", "OK", "OK", "OK", "OK"),
        ("0----", "OK", "OK", "OK", "OK"),
        ("-----", "INSUFFICIENT_DATA", "before", "ALARM", "OK"),
        ("0XX-X", "ALARM", "ALARM", "ALARM", "ALARM"),
        ("--X--", "ALARM", "before", "ALARM", "OK"),
    ],
)
def test_missing_data_are_treated_as_asked(
    data: str, missing: str, ignore: str, breaching: str, not_breaching: str
) -> None:
    treatments = ("missing", "ignore", "breaching", "notBreaching")
    found = [decide(data, treatment) for treatment in treatments]
    assert found == [missing, ignore, breaching, not_breaching]


@pytest.mark.parametrize(
    ("data", "expected"), [("00X0X", "ALARM"), ("0000X", "OK"), ("XX000", "OK"), ("0-X-X", "ALARM")]
)
def test_some_of_the_datapoints_can_be_enough(data: str, expected: str) -> None:
    assert decide(data, "missing", needed=2) == expected
