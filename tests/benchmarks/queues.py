"""Queues that event source mappings read: how long, how soon, and what waiting costs."""

from __future__ import annotations

import json
import time
from typing import Any

from .load import client, create, role
from .rivals import ministack

MESSAGES, POISONED, BATCH = 10_000, 20, 10
"""One message in twenty is poisoned."""

MAPPINGS, IDLE_S = 10, 20.0
SOON = 100

HANDLER = f"""
import json
def handler(event, context):
    failed = []
    for record in event["Records"]:
        number = json.loads(record["body"])["n"]
        print("DONE", number) if number % {POISONED} else failed.append(record["messageId"])
    return {{"batchItemFailures": [{{"itemIdentifier": one}} for one in failed]}}
"""


def work(functions: Any, sqs: Any, role_arn: str, visibility_s: int) -> tuple[float, int, int]:
    """Have many messages handled; seconds it took, messages left, and dead letters.

    Args:
        visibility_s: after which a poisoned message is tried again.
    """
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    policy = {"deadLetterTargetArn": _arn(sqs, dead), "maxReceiveCount": "2"}
    url = sqs.create_queue(
        QueueName="work",
        Attributes={
            "VisibilityTimeout": str(visibility_s),
            "RedrivePolicy": json.dumps(policy),
        },
    )["QueueUrl"]
    create(functions, "work", role_arn, HANDLER, Timeout=visibility_s)
    for first in range(0, MESSAGES, 10):
        entries = [
            {"Id": str(n), "MessageBody": json.dumps({"n": n})} for n in range(first, first + 10)
        ]
        assert len(sqs.send_message_batch(QueueUrl=url, Entries=entries)["Successful"]) == 10
    begin = time.perf_counter()
    functions.create_event_source_mapping(
        FunctionName="work",
        EventSourceArn=_arn(sqs, url),
        BatchSize=BATCH,
        FunctionResponseTypes=["ReportBatchItemFailures"],
    )
    deadline = time.monotonic() + 600
    while (left := _count(sqs, url)) and time.monotonic() < deadline:
        time.sleep(0.2)
    taken = time.perf_counter() - begin
    return taken, left, _count(sqs, dead)


def ours() -> tuple[float, set[int], set[int]]:
    """Seconds in the lab, the numbers that were handled, and those in the dead-letter queue."""
    import boto3

    from labsupport import Lab

    with Lab.start():
        sqs = boto3.client("sqs")
        taken, left, dead = work(client(), sqs, role(), 30)
        assert not left
        assert dead == MESSAGES // POISONED
        return taken, _handled(), _received(sqs, "dead")


def lab_s() -> float:
    """Seconds in the lab; every good message was handled, every bad one is a dead letter."""
    seconds, handled, buried = ours()
    poisoned = set(range(0, MESSAGES, POISONED))
    assert (handled, buried) == (set(range(MESSAGES)) - poisoned, poisoned), "lost"
    return seconds


def theirs() -> tuple[float, int, int]:
    """Seconds in ministack, messages left and those in the dead-letter queue."""
    import boto3

    with ministack() as address:
        functions = boto3.client("lambda", **address)
        return work(
            functions, boto3.client("sqs", **address), "arn:aws:iam::000000000000:role/r", 1
        )


def soonness() -> list[float]:
    """Milliseconds from SendMessage to the start of the handler, warm."""
    import boto3

    from labsupport import Lab

    with Lab.start() as lab:
        functions, sqs = client(), boto3.client("sqs")
        url = sqs.create_queue(QueueName="soon")["QueueUrl"]
        create(functions, "soon", role(), "def handler(event, context):\n    return None\n")
        functions.create_event_source_mapping(FunctionName="soon", EventSourceArn=_arn(sqs, url))
        lab.clock.advance(seconds=10)
        found = []
        for number in range(SOON + 5):
            begin = time.time()
            sqs.send_message(QueueUrl=url, MessageBody="{}")
            deadline = time.monotonic() + 20
            while len(lab.history.invocations) <= number and time.monotonic() < deadline:
                time.sleep(0.001)
            found.append((lab.history.invocations[-1].real_started - begin) * 1000)
    return sorted(found[5:])


def idle() -> float:
    """The share of a core that a lab uses which waits for messages of ten queues."""
    import boto3

    from labsupport import Lab

    with Lab.start() as lab:
        functions, sqs, role_arn = client(), boto3.client("sqs"), role()
        create(functions, "idle", role_arn, "def handler(event, context):\n    return None\n")
        for number in range(MAPPINGS):
            url = sqs.create_queue(QueueName=f"idle-{number}")["QueueUrl"]
            arn = _arn(sqs, url)
            functions.create_event_source_mapping(FunctionName="idle", EventSourceArn=arn)
        lab.clock.advance(seconds=10)
        time.sleep(1)
        begin, used = time.monotonic(), time.process_time()
        time.sleep(IDLE_S)
        return (time.process_time() - used) / (time.monotonic() - begin)


def _arn(sqs: Any, url: str) -> str:
    shown = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(shown["Attributes"]["QueueArn"])


def _count(sqs: Any, url: str) -> int:
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    shown = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names))["Attributes"]
    return sum(int(shown[name]) for name in names)


def _handled() -> set[int]:
    import boto3

    logs = boto3.client("logs")
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName="/aws/lambda/work", filterPattern="DONE"
    )
    lines = (event["message"] for page in pages for event in page["events"])
    return {int(line.split()[1]) for line in lines if line.startswith("DONE")}


def _received(sqs: Any, name: str) -> set[int]:
    url, found = sqs.get_queue_url(QueueName=name)["QueueUrl"], set()
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found |= {json.loads(message["Body"])["n"] for message in messages}
    return found
