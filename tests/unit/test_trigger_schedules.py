"""Schedules on the lab clock: rules of EventBridge, and EventBridge Scheduler."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from labsupport import Lab
from tests import packages
from tests.unit.functions_lab import Lambda

A = "us-east-1:123456789012"
FUNCTION = f"arn:aws:lambda:{A}:function:f"
TRUST = packages.TRUST.replace("lambda.amazonaws.com", "scheduler.amazonaws.com")


class Day:
    """A lab whose clock stands at the beginning of a day, with function "f"."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.cloud = Lambda(lab)
        self.events, self.sqs = boto3.client("events"), boto3.client("sqs")
        self.scheduler = boto3.client("scheduler")
        role = boto3.client("iam").create_role(RoleName="s", AssumeRolePolicyDocument=TRUST)
        self.role = role["Role"]["Arn"]
        self.cloud.create("def handler(event, context): return event\n")
        self.cloud.client.add_permission(
            FunctionName="f",
            StatementId="events",
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
        )
        now = lab.clock.now()
        self.midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
        lab.clock.advance(seconds=(self.midnight - now).total_seconds() - 1)

    def advance(self, **by: float) -> None:
        self.lab.clock.advance(**by)

    def queue(self, name: str) -> str:
        return str(self.sqs.create_queue(QueueName=name)["QueueUrl"])

    def bodies(self, url: str) -> list[Any]:
        found = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in found.get("Messages", [])]

    def rule(self, expression: str, name: str = "r", arn: str = FUNCTION, **target: Any) -> None:
        self.events.put_rule(Name=name, ScheduleExpression=expression)
        self.events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn, **target}])

    def schedule(self, expression: str, arn: str = FUNCTION, **more: Any) -> None:
        target = {"Arn": arn, "RoleArn": self.role} | more.pop("Target", {})
        settings = {
            "Name": "s",
            "ScheduleExpression": expression,
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": target,
        }
        self.scheduler.create_schedule(**settings | more)

    def fired(self) -> list[str]:
        """When targets were called, as hours and minutes after midnight, and by whom."""
        return [
            f"{delivery.source.rpartition('/')[2]} "
            f"{(delivery.at - self.midnight) // timedelta(minutes=1)}"
            for delivery in self.lab.history.target_deliveries
            if not delivery.error
        ]


@pytest.fixture
def day() -> Iterator[Day]:
    with Lab.start(speed=0.001) as lab:
        yield Day(lab)


def test_a_day_runs_in_order(day: Day) -> None:
    day.rule("cron(0 8,20 * * ? *)", "twice")
    day.rule("cron(0 12 * * ? *)", "noon")
    day.rule("rate(6 hours)", "rate")
    day.advance(hours=24)
    assert day.fired() == [
        "rate 359",
        "twice 480",
        "rate 719",
        "noon 720",
        "rate 1079",
        "twice 1200",
        "rate 1439",
    ]
    started = [i.started for i in day.lab.history.invocations]
    assert [(moment - day.midnight) // timedelta(minutes=1) for moment in started] == [
        *(359, 480, 719, 720, 1079, 1200, 1439)
    ]


def test_scheduled_event_has_its_shape_and_input_replaces_it(day: Day) -> None:
    plain, given = day.queue("plain"), day.queue("given")
    day.rule("cron(30 1 * * ? *)", "one", arn=f"arn:aws:sqs:{A}:plain")
    day.rule("cron(30 1 * * ? *)", "two", arn=f"arn:aws:sqs:{A}:given", Input='{"x": 1}')
    day.advance(hours=2)
    (event,) = day.bodies(plain)
    assert event.pop("id")
    assert event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "123456789012",
        "time": (day.midnight + timedelta(minutes=90)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": "us-east-1",
        "resources": [f"arn:aws:events:{A}:rule/one"],
        "detail": {},
    }
    assert day.bodies(given) == [{"x": 1}]


def test_rule_rests_while_it_is_disabled_and_ends_when_deleted(day: Day) -> None:
    day.rule("cron(0 * * * ? *)")
    day.advance(minutes=90)
    day.events.disable_rule(Name="r")
    day.advance(hours=2)
    day.events.enable_rule(Name="r")
    day.advance(hours=1)
    day.events.put_rule(Name="r", ScheduleExpression="cron(30 * * * ? *)")
    day.advance(hours=1)
    day.events.remove_targets(Rule="r", Ids=["1"])
    day.events.delete_rule(Name="r")
    day.advance(hours=24)
    assert day.fired() == ["r 0", "r 60", "r 240", "r 270"]


def test_cron_that_cannot_fire_waits_for_ever_and_harms_nothing(day: Day) -> None:
    day.rule("cron(0 0 31 6 ? *)")
    day.rule("cron(0 0 1 1 ? 2020)", "past")
    day.advance(hours=24)
    assert day.fired() == []


@pytest.mark.parametrize("expression", ["cron(0 0 * * * *)", "rate(1 minutes)", "rate(x)", "at(1)"])
def test_rule_with_a_wrong_expression_is_refused(day: Day, expression: str) -> None:
    with pytest.raises(ClientError) as caught:
        day.events.put_rule(Name="r", ScheduleExpression=expression)
    assert caught.value.response["Error"] == {
        "Code": "ValidationException",
        "Message": "Parameter ScheduleExpression is not valid.",
    }


def test_target_deleted_in_between_leaves_its_events_in_the_dead_letter_queue(day: Day) -> None:
    dead = day.queue("dead")
    day.rule("rate(1 hour)", DeadLetterConfig={"Arn": f"arn:aws:sqs:{A}:dead"})
    day.advance(minutes=61)
    day.cloud.client.delete_function(FunctionName="f")
    day.advance(minutes=120)
    assert len(day.bodies(dead)) == 2
    assert day.fired() == ["r 59"]


def test_schedule_calls_its_function_with_an_event(day: Day) -> None:
    seen = day.queue("seen")
    day.cloud.client.put_function_event_invoke_config(
        FunctionName="f",
        DestinationConfig={"OnSuccess": {"Destination": f"arn:aws:sqs:{A}:seen"}},
    )
    day.schedule("cron(0 6 * * ? *)")
    day.advance(hours=24)
    (event,) = (body["requestPayload"] for body in day.bodies(seen))
    arn = f"arn:aws:scheduler:{A}:schedule/default/s"
    assert (event["source"], event["detail"]) == ("aws.scheduler", "{}")
    assert (event["resources"], event["detail-type"]) == ([arn], "Scheduled Event")
    assert event["time"] == f"{day.midnight:%Y-%m-%d}T06:00:00Z"
    assert day.fired() == ["s 360"]


def test_schedule_runs_in_its_time_zone(day: Day) -> None:
    day.schedule("cron(0 9 * * ? *)", ScheduleExpressionTimezone="Asia/Kolkata")
    day.advance(hours=24)
    assert day.fired() == ["s 210"]


def test_rate_starts_at_once_or_at_its_start_and_stops_at_its_end(day: Day) -> None:
    day.schedule("rate(4 hours)")
    day.schedule(
        "rate(5 hours)",
        Name="later",
        StartDate=day.midnight + timedelta(hours=3),
        EndDate=day.midnight + timedelta(hours=13),
    )
    day.advance(hours=20)
    assert day.fired() == [
        *("s -1", "later 180", "s 239", "s 479", "later 480", "s 719", "later 780", "s 959"),
        "s 1199",
    ]


def test_schedule_of_one_time_is_deleted_when_asked_to(day: Day) -> None:
    once = f"at({day.midnight + timedelta(hours=1):%Y-%m-%dT%H:%M:%S})"
    day.schedule(once, Name="gone", ActionAfterCompletion="DELETE")
    day.schedule(once, Name="stays")
    day.advance(hours=24)
    assert sorted(day.fired()) == ["gone 60", "stays 60"]
    left = day.scheduler.list_schedules()["Schedules"]
    assert [schedule["Name"] for schedule in left] == ["stays"]


def test_flexible_window_is_kept_to(day: Day) -> None:
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 30}
    for number in range(5):
        day.schedule("cron(0 1 * * ? *)", Name=f"s{number}", FlexibleTimeWindow=window)
    day.advance(hours=3)
    minutes = [int(line.split()[1]) for line in day.fired()]
    assert len(minutes) == 5
    assert all(60 <= minute < 90 for minute in minutes)
    assert len(set(minutes)) > 1


def test_schedule_that_is_changed_disabled_or_deleted_stops(day: Day) -> None:
    def update(**more: Any) -> None:
        settings = {
            "Name": "s",
            "ScheduleExpression": "cron(0 * * * ? *)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": FUNCTION, "RoleArn": day.role},
        }
        day.scheduler.update_schedule(**settings | more)

    day.schedule("cron(0 * * * ? *)")
    day.advance(minutes=61)
    update(State="DISABLED")
    day.advance(hours=1)
    update(ScheduleExpression="cron(30 * * * ? *)")
    day.advance(hours=1)
    day.scheduler.delete_schedule(Name="s")
    day.advance(hours=24)
    assert day.fired() == ["s 0", "s 60", "s 150"]


def test_schedule_sends_messages_and_stops_instances(day: Day) -> None:
    """The universal target of the course's example, EC2's StopInstances."""
    queue = day.queue("q")
    ec2 = boto3.client("ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    instance = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]
    day.schedule(
        "cron(0 19 * * ? *)",
        "arn:aws:scheduler:::aws-sdk:ec2:stopInstances",
        Name="stop",
        Target={"Input": json.dumps({"InstanceIds": [instance["InstanceId"]]})},
    )
    text = '{"at": "<aws.scheduler.scheduled-time>", "try": <aws.scheduler.attempt-number>}'
    day.schedule("cron(0 1 * * ? *)", f"arn:aws:sqs:{A}:q", Target={"Input": text})
    day.advance(hours=23)
    assert day.bodies(queue) == [{"at": f"{day.midnight:%Y-%m-%d}T01:00:00Z", "try": 1}]
    found = ec2.describe_instances()["Reservations"][0]["Instances"][0]
    assert found["State"]["Name"] == "stopped"
    assert day.fired() == ["s 60", "stop 1140"]


def test_schedule_whose_target_is_gone_keeps_what_it_would_have_sent(day: Day) -> None:
    dead = day.queue("dead")
    letters = {"DeadLetterConfig": {"Arn": f"arn:aws:sqs:{A}:dead"}, "Input": '{"a": 1}'}
    day.schedule("cron(0 1 * * ? *)", Target=letters)
    day.schedule(
        "cron(0 2 * * ? *)", "arn:aws:scheduler:::aws-sdk:no:service", Name="n", Target=letters
    )
    day.cloud.client.delete_function(FunctionName="f")
    day.advance(hours=24)
    found = day.sqs.receive_message(
        QueueUrl=dead, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )["Messages"]
    assert [json.loads(message["Body"]) for message in found] == [{"a": 1}, {"a": 1}]
    attributes = {n: a["StringValue"] for n, a in found[0]["MessageAttributes"].items()}
    assert attributes["ERROR_CODE"] == "NO_RESOURCE"
    assert attributes["SCHEDULE_ARN"] == f"arn:aws:scheduler:{A}:schedule/default/s"
    assert attributes["SCHEDULED_TIME"] == f"{day.midnight:%Y-%m-%d}T01:00:00Z"
    assert attributes["EXECUTION_ID"]
    assert day.fired() == []


def test_role_without_permission_is_refused_while_policies_are_enforced(day: Day) -> None:
    day.schedule("cron(0 1 * * ? *)")
    day.lab.enforce_iam()
    day.advance(hours=2)
    (delivery,) = day.lab.history.target_deliveries
    assert "AccessDenied" in delivery.error


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ScheduleExpression": "cron(0 0 * * * *)"}, "Invalid Schedule Expression cron"),
        ({"ScheduleExpression": "at(2026-02-30T00:00:00)"}, "Invalid Schedule Expression at"),
        ({"ScheduleExpressionTimezone": "Mars/Base"}, "Invalid Schedule Expression Timezone"),
        ({"ScheduleExpressionTimezone": "../etc"}, "Invalid Schedule Expression Timezone"),
        ({"GroupName": "none"}, "Schedule group none does not exist"),
        ({"Target": {"RoleArn": "arn:aws:iam::123456789012:role/r"}}, "must allow AWS EventBridge"),
        (
            {"Target": {"RoleArn": "arn:aws:iam::123456789012:role/no"}},
            "must allow AWS EventBridge",
        ),
    ],
)
def test_schedule_that_cannot_be_is_refused(day: Day, changes: Any, message: str) -> None:
    with pytest.raises(ClientError, match=message):
        day.schedule(**{"expression": changes.pop("ScheduleExpression", "rate(1 hour)"), **changes})
    assert day.scheduler.list_schedules()["Schedules"] == []
