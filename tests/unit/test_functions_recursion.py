"""Functions that invoke themselves are stopped, unless they are allowed to."""

from __future__ import annotations

import json
from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError

from labsupport import Lab
from labsupport.facts import fact
from tests.unit.functions_lab import Lambda, refusal, wait_until

LIMIT = int(fact("invoke.recursive_loop_after").value)
ITSELF = (
    "import boto3\n"
    "client = boto3.client('lambda')\n"
    "def handler(event, context):\n"
    "    if event['left']:\n"
    "        client.invoke(FunctionName=event.get('to', context.function_name),\n"
    "            InvocationType='Event',\n"
    "            Payload='{\"left\": %d}' % (event['left'] - 1))\n"
)


@pytest.fixture
def cloud() -> Iterator[Lambda]:
    with Lab.start(speed=0.001) as lab:
        yield Lambda(lab)


def test_function_that_invokes_itself_is_stopped(cloud: Lambda) -> None:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    dead = "arn:aws:sqs:us-east-1:123456789012:dead"
    cloud.create(ITSELF, Timeout=20, DeadLetterConfig={"TargetArn": dead})
    cloud.invoke(b'{"left": 40}', InvocationType="Event")
    history = cloud.lab.history
    wait_until(lambda: len(history.endings) > LIMIT)
    assert len(history.invocations) == LIMIT
    conditions = [condition for _, condition in history.endings]
    assert conditions.count("RecursiveInvocation") == 1
    assert len({known.trace_id for known in history.invocations}) == 1
    children = {known.parent_id: known.segment_id for known in history.invocations}
    place, links = "", 0
    while place in children:
        place, links = children[place], links + 1
    assert links == LIMIT, "each was asked for by the one before"
    assert [known.reason for known in history.throttles] == ["RecursiveInvocation"]
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"]) == {"left": 40 - LIMIT}
    metrics = boto3.client("cloudwatch").list_metrics(MetricName="RecursiveInvocationsDropped")
    assert metrics["Metrics"]


def test_callers_are_told_apart(cloud: Lambda) -> None:
    cloud.create(ITSELF, Timeout=20)
    cloud.invoke(b'{"left": 1}')
    wait_until(lambda: len(cloud.lab.history.invocations) == 2)
    callers = {known.caller for known in cloud.lab.history.invocations}
    assert callers == {"api", cloud.role}


def test_synchronous_caller_in_a_loop_is_refused(cloud: Lambda) -> None:
    source = ITSELF.replace("'Event'", "'RequestResponse'")
    source += "    return event['left']\n"
    source = source.replace("        client", "        global told\n        answer = client")
    source = source.replace("    return", "        told = answer['Payload'].read()\n    return")
    cloud.create(source, Timeout=30, MemorySize=256)
    answer = cloud.invoke(json.dumps({"left": LIMIT - 1}))
    assert answer["Payload"] == LIMIT - 1
    answer = cloud.invoke(json.dumps({"left": LIMIT}))
    assert answer["Payload"] == LIMIT
    (stopped,) = cloud.lab.history.throttles
    assert stopped.invocation_type == "RequestResponse"
    errors = [known.error_type for known in cloud.lab.history.invocations if known.function_error]
    assert errors == ["RecursiveInvocationException"]


def test_loop_that_is_allowed_goes_on(cloud: Lambda) -> None:
    cloud.create(ITSELF, Timeout=20)
    client, name = cloud.client, {"FunctionName": "f"}
    assert client.get_function_recursion_config(**name)["RecursiveLoop"] == "Terminate"
    answer = client.put_function_recursion_config(**name, RecursiveLoop="Allow")
    assert answer["RecursiveLoop"] == "Allow"
    assert client.get_function_recursion_config(**name)["RecursiveLoop"] == "Allow"
    cloud.invoke(json.dumps({"left": LIMIT + 3}), InvocationType="Event")
    wait_until(lambda: len(cloud.lab.history.endings) == LIMIT + 4)
    assert {condition for _, condition in cloud.lab.history.endings} == {"Success"}


def test_setting_of_a_deleted_function_is_forgotten(cloud: Lambda) -> None:
    client, name = cloud.client, {"FunctionName": "f"}
    cloud.create()
    client.put_function_recursion_config(**name, RecursiveLoop="Allow")
    client.delete_function(**name)
    assert refusal(client.get_function_recursion_config, **name) == (
        "ResourceNotFoundException",
        404,
    )
    cloud.create()
    assert client.get_function_recursion_config(**name)["RecursiveLoop"] == "Terminate"
    with pytest.raises(ClientError, match="enum value set"):
        client.put_function_recursion_config(**name, RecursiveLoop="Perhaps")


def test_loop_through_a_destination_is_stopped(cloud: Lambda) -> None:
    for name in ("f", "g"):
        cloud.create("def handler(event, context): return 1\n", FunctionName=name)
    for name, other in (("f", "g"), ("g", "f")):
        arn = f"arn:aws:lambda:us-east-1:123456789012:function:{other}"
        cloud.client.put_function_event_invoke_config(
            FunctionName=name, DestinationConfig={"OnSuccess": {"Destination": arn}}
        )
    cloud.invoke(InvocationType="Event")
    history = cloud.lab.history
    wait_until(lambda: any(end == "RecursiveInvocation" for _, end in history.endings))
    assert len(history.invocations) == 2 * LIMIT
