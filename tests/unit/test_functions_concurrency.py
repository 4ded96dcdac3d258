"""Concurrency: the account's limit, reserved concurrency, throttles."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from labsupport import Lab
from labsupport.errors import LabError
from labsupport.history import EventAttempt
from tests.unit.functions_lab import COUNT, Lambda, wait_until, zipped


@pytest.fixture
def cloud() -> Iterator[Lambda]:
    with Lab.start(speed=0.001, concurrency=3) as lab:
        yield Lambda(lab)


def together(cloud: Lambda, count: int, name: str = "f") -> Counter[str]:
    """Invoke a function that takes a second so many times at once; how each call ended."""
    ends: list[str] = []

    def one() -> None:
        try:
            cloud.invoke(b'{"seconds": 1}', FunctionName=name)
            ends.append("done")
        except ClientError as error:
            ends.append(error.response["Reason"])

    threads = [threading.Thread(target=one) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return Counter(ends)


def reserve(cloud: Lambda, count: int, name: str = "f") -> Any:
    return cloud.client.put_function_concurrency(
        FunctionName=name, ReservedConcurrentExecutions=count
    )


def test_account_limit_throttles_the_rest(cloud: Lambda) -> None:
    cloud.create()
    assert together(cloud, 5) == {"done": 3, "ConcurrentInvocationLimitExceeded": 2}
    assert cloud.invoke()["StatusCode"] == 200, "what has ended no longer counts"


def test_reserved_concurrency_is_a_limit_and_a_guarantee(cloud: Lambda) -> None:
    cloud.create()
    cloud.create(FunctionName="other")
    reserve(cloud, 2)
    ends: dict[str, Counter[str]] = {}
    threads = [
        threading.Thread(target=lambda name=name: ends.update({name: together(cloud, 3, name)}))
        for name in ("f", "other")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert ends["f"] == {"done": 2, "ReservedFunctionConcurrentInvocationLimitExceeded": 1}
    assert ends["other"] == {"done": 1, "ConcurrentInvocationLimitExceeded": 2}


def test_function_error_frees_its_place(cloud: Lambda) -> None:
    cloud.create("def handler(event, context): raise ValueError\n")
    for _ in range(5):
        assert cloud.invoke()["FunctionError"] == "Unhandled"


def test_too_little_left_for_others_is_refused(cloud: Lambda) -> None:
    cloud.create()
    cloud.create(FunctionName="other")
    reserve(cloud, 1)
    with pytest.raises(ClientError, match=r"below its minimum value of \[1\]"):
        reserve(cloud, 2, "other")
    reserve(cloud, 1, "other")
    assert reserve(cloud, 1)["ReservedConcurrentExecutions"] == 1, "its own counts once"


@contextmanager
def busy(cloud: Lambda) -> Iterator[None]:
    """A function whose one environment is at work during the block."""
    arn = cloud.create(COUNT, Timeout=90)["FunctionArn"]
    plane = cloud.lab._data_plane.result()
    reserve(cloud, 1)
    thread = threading.Thread(target=cloud.invoke, args=(b'{"seconds": 80}',))
    thread.start()
    wait_until(lambda: plane.concurrency._running[arn])
    wait_until(lambda: all(known.invocations for known in plane.pool.environments()))
    yield
    (environment,) = plane.pool.environments()
    os.kill(environment.pid, signal.SIGKILL)
    thread.join(30)


def test_throttled_event_waits_until_it_may_run(cloud: Lambda) -> None:
    with busy(cloud):
        cloud.invoke(b'{"late": 1}', InvocationType="Event")
        cloud.lab.clock.advance(minutes=20)
        assert cloud.lab.history.endings == []
    cloud.lab.clock.advance(minutes=6)
    wait_until(lambda: cloud.lab.history.endings)
    assert [condition for _, condition in cloud.lab.history.endings] == ["Success"]
    attempts = [known for known in cloud.lab.history.events if isinstance(known, EventAttempt)]
    assert [known.outcome for known in attempts[:-1]] == ["throttled"] * (len(attempts) - 1)
    waits = [
        round((known.next_due - known.at).total_seconds()) for known in attempts if known.next_due
    ]
    assert waits[:5] == [1, 2, 4, 8, 16]
    assert max(waits) <= 300


def test_throttled_event_is_given_up_after_six_hours(cloud: Lambda) -> None:
    with busy(cloud):
        cloud.invoke(b"{}", InvocationType="Event")
        cloud.lab.clock.advance(hours=7)
    assert [condition for _, condition in cloud.lab.history.endings] == ["EventAgeExceeded"]


def test_event_of_a_function_that_reserves_nothing_at_all_ends_at_once(cloud: Lambda) -> None:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    target = "arn:aws:sqs:us-east-1:123456789012:dead"
    cloud.create(COUNT, DeadLetterConfig={"TargetArn": target})
    cloud.client.put_function_event_invoke_config(
        FunctionName="f", DestinationConfig={"OnFailure": {"Destination": target}}
    )
    reserve(cloud, 0)
    cloud.invoke(b'{"a": 1}', InvocationType="Event")
    wait_until(lambda: cloud.lab.history.endings)
    assert [condition for _, condition in cloud.lab.history.endings] == ["ZeroReservedConcurrency"]
    record, event = (
        sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"])["Messages"][0]
        for _ in range(2)
    )
    context = json.loads(record["Body"])["requestContext"]
    assert context["condition"] == "ZeroReservedConcurrency"
    assert context["approximateInvokeCount"] == 0
    assert json.loads(event["Body"]) == {"a": 1}
    assert "zero reserved" in event["MessageAttributes"]["ErrorMessage"]["StringValue"]


@pytest.mark.parametrize("limit", [0, -1, True])
def test_limit_that_is_none_is_refused_in_a_sentence(limit: int) -> None:
    with pytest.raises(LabError, match="is no concurrency limit"):
        Lab.start(concurrency=limit)


def test_function_starts_no_more_environments_than_the_scaling_rate() -> None:
    with Lab.start(scaling_rate=2) as lab:
        cloud = Lambda(lab)
        cloud.create()
        assert together(cloud, 4) == {"done": 2, "ConcurrentInvocationLimitExceeded": 2}
        assert together(cloud, 2) == {"done": 2}, "what is there can be used again"


def test_synchronous_requests_in_a_second_have_a_limit(cloud: Lambda) -> None:
    cloud.create()
    reserve(cloud, 1)
    cloud.invoke()
    ends: Counter[str] = Counter()
    for _ in range(40):
        try:
            ends[str(cloud.invoke()["StatusCode"])] += 1
        except ClientError as error:
            ends[error.response["Reason"]] += 1
    assert ends["200"] >= 9
    assert ends["ReservedFunctionInvocationRateLimitExceeded"] > 0


def test_account_settings_tell_what_is_used(cloud: Lambda) -> None:
    before = cloud.client.get_account_settings()
    assert before["AccountUsage"] == {"TotalCodeSize": 0, "FunctionCount": 0}
    size = cloud.create(Publish=True)["CodeSize"]
    layer = cloud.client.publish_layer_version(LayerName="l", Content={"ZipFile": zipped("x = 1")})
    reserve(cloud, 1)
    after = cloud.client.get_account_settings()
    total = 2 * size + layer["Content"]["CodeSize"]
    assert after["AccountUsage"] == {"TotalCodeSize": total, "FunctionCount": 1}
    assert after["AccountLimit"]["ConcurrentExecutions"] == 3
    assert after["AccountLimit"]["UnreservedConcurrentExecutions"] == 2


def test_weights_of_an_alias_share_out_its_invocations() -> None:
    with Lab.start() as lab:
        share_out(Lambda(lab))


def share_out(cloud: Lambda) -> None:
    cloud.create("def handler(event, context): return context.function_version\n", Publish=True)
    other = zipped("def handler(event, context): return context.function_version # 2\n")
    cloud.client.update_function_code(FunctionName="f", ZipFile=other, Publish=True)
    alias = {"FunctionName": "f", "Name": "live"}
    routing = {"AdditionalVersionWeights": {"2": 0.25}}
    cloud.client.create_alias(**alias, FunctionVersion="1", RoutingConfig=routing)
    answers = [cloud.invoke(Qualifier="live") for _ in range(60)]
    versions = Counter(answer["ExecutedVersion"] for answer in answers)
    assert all(answer["Payload"] == answer["ExecutedVersion"] for answer in answers)
    assert 2 < versions["2"] < 30, versions
    cloud.client.update_alias(**alias, RoutingConfig={"AdditionalVersionWeights": {}})
    assert {cloud.invoke(Qualifier="live")["ExecutedVersion"] for _ in range(8)} == {"1"}
