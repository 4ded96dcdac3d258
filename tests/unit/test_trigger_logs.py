"""Subscription filters of log groups that call functions."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from labsupport import Lab
from tests.unit.functions_lab import Lambda

A = "us-east-1:123456789012"
FUNCTION = f"arn:aws:lambda:{A}:function:f"


class Group:
    """A log group "g" with a stream "s", and function "f", whose results go to queue "seen"."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.cloud = Lambda(lab)
        self.logs, self.sqs = boto3.client("logs"), boto3.client("sqs")
        self.logs.create_log_group(logGroupName="g")
        self.logs.create_log_stream(logGroupName="g", logStreamName="s")
        self.url = self.sqs.create_queue(QueueName="seen")["QueueUrl"]
        self.cloud.create("def handler(event, context): return event\n")
        self.cloud.client.put_function_event_invoke_config(
            FunctionName="f",
            DestinationConfig={"OnSuccess": {"Destination": f"arn:aws:sqs:{A}:seen"}},
        )

    def permit(self, principal: str = "logs.amazonaws.com") -> None:
        self.cloud.client.add_permission(
            FunctionName="f",
            StatementId="logs",
            Action="lambda:InvokeFunction",
            Principal=principal,
            SourceArn=f"arn:aws:logs:{A}:log-group:g:*",
        )

    def subscribe(self, pattern: str = "") -> None:
        self.logs.put_subscription_filter(
            logGroupName="g", filterName="errors", filterPattern=pattern, destinationArn=FUNCTION
        )

    def write(self, *messages: str) -> None:
        now = int(self.lab.clock.time() * 1000)
        events = [{"timestamp": now, "message": message} for message in messages]
        self.logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=events)

    def received(self) -> list[dict[str, Any]]:
        self.lab.clock.advance(seconds=1)
        found = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
        packed = [
            json.loads(message["Body"])["requestPayload"]["awslogs"]["data"]
            for message in found.get("Messages", [])
        ]
        return [json.loads(gzip.decompress(base64.b64decode(data))) for data in packed]


@pytest.fixture
def group() -> Iterator[Group]:
    with Lab.start(speed=0.001) as lab:
        yield Group(lab)


@pytest.mark.parametrize("principal", ["logs.amazonaws.com", "logs.us-east-1.amazonaws.com"])
def test_events_that_match_reach_the_function_packed(group: Group, principal: str) -> None:
    group.permit(principal)
    group.subscribe("ERROR")
    group.write("all is well", "ERROR: it is not", "ERROR again")
    (data,) = group.received()
    events = data.pop("logEvents")
    assert data == {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": "g",
        "logStream": "s",
        "subscriptionFilters": ["errors"],
    }
    assert [event["message"] for event in events] == ["ERROR: it is not", "ERROR again"]
    assert events[0].keys() == {"id", "timestamp", "message"}
    assert len(events[0]["id"]) == 56
    group.write("well again")
    assert len(group.lab.history.target_deliveries) == 1
    assert group.lab.history.invocations[0].caller == f"arn:aws:logs:{A}:log-group:g:*"


def test_function_has_to_permit_it(group: Group) -> None:
    with pytest.raises(ClientError, match="Could not execute the lambda function"):
        group.subscribe()
    group.permit()
    group.subscribe()
    group.cloud.client.remove_permission(FunctionName="f", StatementId="logs")
    group.write("lost")
    assert "is not authorized" in group.lab.history.target_deliveries[0].error


def test_writing_does_not_wait_for_the_function(group: Group) -> None:
    group.permit()
    group.subscribe()
    group.write("x")
    assert group.lab.history.invocations == []
    assert len(group.received()) == 1
