"""Asynchronous events: retries on the lab clock, destinations, dead-letter queues."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from labsupport import Lab
from labsupport.functions.workers import Workers
from labsupport.history import EventAttempt, EventReceived
from tests.unit.functions_lab import Lambda, refusal, wait_until, zipped

FAILS_UNTIL = (
    "import os\n"
    "def handler(event, context):\n"
    "    there = '/tmp/tries'\n"
    "    tries = int(open(there).read()) + 1 if os.path.exists(there) else 1\n"
    "    open(there, 'w').write(str(tries))\n"
    "    if tries < event['until']:\n"
    "        raise ValueError(f'try {tries}')\n"
    "    return tries\n"
)


@pytest.fixture
def cloud() -> Iterator[Lambda]:
    with Lab.start(speed=0.001) as lab:
        yield Lambda(lab)


def send(cloud: Lambda, event: Any, **more: Any) -> str:
    answer = cloud.invoke(json.dumps(event), InvocationType="Event", **more)
    assert answer["StatusCode"] == 202
    return str(answer["ResponseMetadata"]["RequestId"])


def queue(name: str) -> tuple[str, str]:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, attributes["Attributes"]["QueueArn"]


def messages(url: str) -> list[dict[str, Any]]:
    found = boto3.client("sqs").receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )
    return list(found.get("Messages", []))


def configure(cloud: Lambda, **settings: Any) -> None:
    cloud.client.put_function_event_invoke_config(FunctionName="f", **settings)


def to(target: str, kind: str = "OnFailure") -> dict[str, Any]:
    return {kind: {"Destination": target}}


def test_failed_event_is_tried_again_after_one_and_two_minutes(cloud: Lambda) -> None:
    cloud.create(FAILS_UNTIL)
    request_id = send(cloud, {"until": 9})
    clock, history = cloud.lab.clock, cloud.lab.history
    clock.advance(seconds=59)
    assert len(history.invocations) == 1
    clock.advance(seconds=2)
    assert len(history.invocations) == 2
    clock.advance(seconds=118)
    assert len(history.invocations) == 2
    clock.advance(seconds=3)
    assert len(history.invocations) == 3
    clock.advance(hours=7)
    assert len(history.invocations) == 3
    assert {invocation.request_id for invocation in history.invocations} == {request_id}
    assert history.endings == [(request_id, "RetriesExhausted")]


def test_retry_that_succeeds_ends_the_event(cloud: Lambda) -> None:
    url, arn = queue("done")
    cloud.create(FAILS_UNTIL)
    configure(cloud, DestinationConfig=to(arn, "OnSuccess"))
    send(cloud, {"until": 2})
    cloud.lab.clock.advance(minutes=10)
    (message,) = messages(url)
    record = json.loads(message["Body"])
    assert record["requestContext"]["approximateInvokeCount"] == 2
    assert record["responsePayload"] == 2


def test_retries_run_the_code_that_is_there_by_then(cloud: Lambda) -> None:
    cloud.create("def handler(event, context): raise ValueError\n")
    request_id = send(cloud, {})
    cloud.lab.clock.advance(seconds=30)
    cloud.client.update_function_code(
        FunctionName="f", ZipFile=zipped("def handler(event, context): return 'mended'\n")
    )
    cloud.lab.clock.advance(minutes=1)
    assert cloud.lab.history.endings == [(request_id, "Success")]


def test_event_of_a_deleted_function_ends(cloud: Lambda) -> None:
    cloud.create("def handler(event, context): raise ValueError\n")
    request_id = send(cloud, {})
    cloud.lab.clock.advance(seconds=30)
    cloud.client.delete_function(FunctionName="f")
    cloud.lab.clock.advance(minutes=1)
    assert cloud.lab.history.endings == [(request_id, "RetriesExhausted")]


def test_number_of_retries_is_the_functions_own(cloud: Lambda) -> None:
    cloud.create(FAILS_UNTIL)
    configure(cloud, MaximumRetryAttempts=0)
    send(cloud, {"until": 9})
    cloud.lab.clock.advance(minutes=10)
    assert len(cloud.lab.history.invocations) == 1


def test_event_that_grew_too_old_is_given_up(cloud: Lambda) -> None:
    url, arn = queue("old")
    cloud.create(FAILS_UNTIL)
    configure(cloud, MaximumEventAgeInSeconds=60, DestinationConfig=to(arn))
    send(cloud, {"until": 9})
    cloud.lab.clock.advance(minutes=10)
    (message,) = messages(url)
    assert json.loads(message["Body"])["requestContext"]["condition"] == "EventAgeExceeded"


def test_killed_environment_loses_no_event(cloud: Lambda) -> None:
    cloud.create(
        "import os, signal\n"
        "def handler(event, context):\n"
        "    if not os.path.exists('/tmp/once'):\n"
        "        open('/tmp/once', 'w').close()\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    request_id = send(cloud, {})
    cloud.lab.clock.advance(minutes=2)
    assert cloud.lab.history.endings == [(request_id, "Success")]


def test_failure_reaches_topic_bucket_bus_and_function(cloud: Lambda) -> None:
    cloud.create("def handler(event, context): raise ValueError('no')\n")
    cloud.create("def handler(event, context): print(event)\n", FunctionName="other")
    url, queue_arn = queue("from-topic")
    sns, s3, events = boto3.client("sns"), boto3.client("s3"), boto3.client("events")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    s3.create_bucket(Bucket="failures")
    bus_url, bus_queue = queue("from-bus")
    bus = events.create_event_bus(Name="b")["EventBusArn"]
    events.put_rule(Name="r", EventBusName="b", EventPattern='{"source": ["lambda"]}')
    events.put_targets(Rule="r", EventBusName="b", Targets=[{"Id": "1", "Arn": bus_queue}])
    other = "arn:aws:lambda:us-east-1:123456789012:function:other"
    for target in (topic, "arn:aws:s3:::failures", bus, other):
        configure(cloud, MaximumRetryAttempts=0, DestinationConfig=to(target))
        send(cloud, {"to": target})
        cloud.lab.clock.advance(seconds=1)
    cloud.lab.clock.advance(seconds=1)
    assert [delivery.error for delivery in cloud.lab.history.deliveries] == [""] * 4
    assert len(messages(url)) == 1
    (stored,) = s3.list_objects_v2(Bucket="failures")["Contents"]
    assert stored["Key"].startswith("aws/lambda/async/f/")
    (event,) = messages(bus_url)
    assert json.loads(event["Body"])["detail-type"] == "Lambda Function Invocation Result - Failure"
    assert cloud.lab.history.invocations[-1].function_arn == other


def test_dead_letter_topic_gets_the_event_and_why_it_failed(cloud: Lambda) -> None:
    url, queue_arn = queue("from-topic")
    topic = boto3.client("sns").create_topic(Name="t")["TopicArn"]
    boto3.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
    created = cloud.create(
        "def handler(event, context): raise ValueError('because')\n",
        DeadLetterConfig={"TargetArn": topic},
    )
    assert created["DeadLetterConfig"] == {"TargetArn": topic}
    send(cloud, {"a": 1})
    cloud.lab.clock.advance(minutes=10)
    (message,) = messages(url)
    body = json.loads(message["Body"])
    assert json.loads(body["Message"]) == {"a": 1}
    assert body["MessageAttributes"]["ErrorMessage"]["Value"] == "because"


@pytest.mark.parametrize(
    "target",
    [
        "arn:aws:sqs:us-east-1:123456789012:none",
        "arn:aws:sns:us-east-1:123456789012:none",
        "arn:aws:s3:::no-such-bucket",
        "arn:aws:lambda:us-east-1:123456789012:function:deleted",
    ],
)
def test_destination_that_does_not_exist_is_recorded_and_harms_nothing(
    cloud: Lambda, target: str
) -> None:
    cloud.create("def handler(event, context): return 1 / event['n']\n")
    cloud.create(FunctionName="deleted")
    configure(cloud, MaximumRetryAttempts=0, DestinationConfig=to(target))
    cloud.client.delete_function(FunctionName="deleted")
    request_id = send(cloud, {"n": 0})
    wait_until(lambda: cloud.lab.history.endings)
    (delivery,) = cloud.lab.history.deliveries
    assert delivery.error
    assert cloud.lab.history.endings == [(request_id, "RetriesExhausted")]
    assert cloud.invoke(b'{"n": 1}')["Payload"] == 1


def test_event_bus_that_does_not_exist_takes_a_record_and_drops_it(cloud: Lambda) -> None:
    cloud.create("def handler(event, context): return event\n")
    none = "arn:aws:events:us-east-1:123456789012:event-bus/none"
    configure(cloud, DestinationConfig={"OnSuccess": {"Destination": none}})
    request_id = send(cloud, {})
    wait_until(lambda: cloud.lab.history.endings)
    assert cloud.lab.history.endings == [(request_id, "Success")]
    assert [made.target for made in cloud.lab.history.deliveries] == [none]


def all_end_once(cloud: Lambda, count: int) -> None:
    """Send so many events, a third of which fail: each ends once, as it must."""
    cloud.create("def handler(event, context): return 1 / (event['n'] % 3)\n")
    configure(cloud, MaximumRetryAttempts=1)
    sent = {send(cloud, {"n": n}): n for n in range(count)}
    cloud.lab.clock.advance(minutes=10)
    endings = cloud.lab.history.endings
    assert Counter(request_id for request_id, _ in endings) == Counter(list(sent))
    for request_id, condition in endings:
        assert condition == ("Success" if sent[request_id] % 3 else "RetriesExhausted")
    assert len(cloud.lab.history.invocations) == count + len(range(0, count, 3))


def test_every_event_ends_exactly_once(cloud: Lambda) -> None:
    all_end_once(cloud, 300)


def test_no_event_is_lost_while_environments_are_killed(cloud: Lambda) -> None:
    cloud.create("import time\ndef handler(event, context): time.sleep(0.01)\n")
    pool, over = cloud.lab._data_plane.result().pool, threading.Event()

    def kill_at_random() -> None:
        chance = random.Random(7)
        while not over.wait(0.05):
            pids = [known.pid for known in pool.environments() if known.pid]
            if pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(chance.choice(pids), signal.SIGKILL)

    killer = threading.Thread(target=kill_at_random)
    killer.start()
    try:
        sent = [send(cloud, {"n": n}) for n in range(200)]
        wait_until(lambda: len(cloud.lab.history.invocations) >= 150, 60)
    finally:
        over.set()
        killer.join(10)
    cloud.lab.clock.advance(minutes=10)
    history = cloud.lab.history
    assert Counter(request_id for request_id, _ in history.endings) == Counter(sent)
    crashed = [known for known in history.invocations if known.error_type == "Runtime.ExitError"]
    assert crashed, "nothing was killed while it ran"
    tried_again = {known.request_id for known in history.invocations if known.attempt > 1}
    assert {known.request_id for known in crashed if known.attempt == 1} <= tried_again


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no warden on this system")
def test_no_event_is_lost_when_the_warden_is_killed(cloud: Lambda) -> None:
    cloud.create("import time\ndef handler(event, context): time.sleep(0.1)\n")
    sent = [send(cloud, {"n": n}) for n in range(60)]
    history = cloud.lab.history
    wait_until(lambda: len(history.invocations) > 5, 60)
    os.kill(cloud.lab._data_plane.result()._processes._warden.pid, signal.SIGKILL)
    cloud.lab.clock.advance(minutes=10)
    assert Counter(request_id for request_id, _ in history.endings) == Counter(sent)
    assert {condition for _, condition in history.endings} == {"Success"}


def test_clock_moved_while_retries_wait_ends_each_event_once_in_order(cloud: Lambda) -> None:
    cloud.create("def handler(event, context): raise ValueError\n")
    clock = cloud.lab.clock
    first = send(cloud, {})
    clock.advance(seconds=30)
    second = send(cloud, {})
    clock.advance(hours=1)
    assert cloud.lab.history.endings == [
        (first, "RetriesExhausted"),
        (second, "RetriesExhausted"),
    ]
    order = [known.request_id for known in cloud.lab.history.invocations]
    assert order == [first, second] * 3


def test_fault_of_the_lab_itself_loses_no_event(
    cloud: Lambda, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.create("def handler(event, context): return 1\n")
    queue_, faults = cloud.lab._data_plane.result()._queue, iter([OSError(24, "too many files")])
    serve = queue_._serve

    def failing_once(request: Any) -> Any:
        for fault in faults:
            raise fault
        return serve(request)

    monkeypatch.setattr(queue_, "_serve", failing_once)
    request_id = send(cloud, {})
    cloud.lab.clock.advance(minutes=1)
    assert cloud.lab.history.endings == [(request_id, "Success")]


def test_record_tells_each_attempt_and_who_called(cloud: Lambda) -> None:
    cloud.create(FAILS_UNTIL)
    request_id = send(cloud, {"until": 2})
    cloud.lab.clock.advance(minutes=10)
    history = cloud.lab.history
    kinds = [type(known).__name__ for known in history.events]
    assert kinds == [
        "EventReceived",
        "Phase",
        "Invocation",
        "EventAttempt",
        "Invocation",
        "EventAttempt",
        "EventEnded",
    ]
    attempts = [known for known in history.events if isinstance(known, EventAttempt)]
    assert [(known.number, known.outcome) for known in attempts] == [(1, "error"), (2, "success")]
    due = attempts[0].next_due
    assert due is not None
    assert (due - attempts[0].at).total_seconds() == pytest.approx(60, abs=1)
    assert attempts[1].next_due is None
    first, second = history.invocations
    assert (first.attempt, second.attempt, first.caller) == (1, 2, "api")
    assert first.trace_id == second.trace_id
    (received,) = [known for known in history.events if isinstance(known, EventReceived)]
    assert (received.request_id, received.payload_bytes) == (request_id, 12)


@pytest.mark.parametrize(
    ("target", "kind", "message"),
    [
        ("arn:aws:lambda:us-east-1:123456789012:function:none", "OnSuccess", "The destination ARN"),
        ("arn:aws:lambda:us-east-1:123456789012:function:f", "OnFailure", "destination for itself"),
        ("arn:aws:iam:us-east-1:123456789012:function:f", "OnSuccess", "onFailure=null"),
        ("arn:aws:s3:::bucket", "OnSuccess", "is invalid"),
        ("kafka://topic", "OnFailure", "onSuccess=null"),
    ],
)
def test_destination_that_can_be_none_is_refused(
    cloud: Lambda, target: str, kind: str, message: str
) -> None:
    cloud.create()
    with pytest.raises(ClientError, match=message):
        configure(cloud, DestinationConfig=to(target, kind))


def test_settings_are_listed_in_pages(cloud: Lambda) -> None:
    cloud.create()
    cloud.client.publish_version(FunctionName="f")
    configure(cloud, MaximumRetryAttempts=1)
    configure(cloud, MaximumRetryAttempts=1, Qualifier="1")
    list_ = cloud.client.list_function_event_invoke_configs
    first = list_(FunctionName="f", MaxItems=1)
    second = list_(FunctionName="f", MaxItems=1, Marker=first["NextMarker"])
    arns = [page["FunctionEventInvokeConfigs"][0]["FunctionArn"] for page in (first, second)]
    assert arns == sorted(arns)
    assert len(set(arns)) == 2
    assert "NextMarker" not in second


def test_put_replaces_update_merges_delete_forgets(cloud: Lambda) -> None:
    cloud.create()
    name = {"FunctionName": "f"}
    client = cloud.client
    code, _ = refusal(client.update_function_event_invoke_config, **name, MaximumRetryAttempts=1)
    assert code == "ResourceNotFoundException"
    configure(cloud, MaximumRetryAttempts=1, DestinationConfig=to("arn:aws:s3:::b"))
    client.update_function_event_invoke_config(**name, MaximumEventAgeInSeconds=70)
    merged = client.get_function_event_invoke_config(**name)
    assert (merged["MaximumRetryAttempts"], merged["MaximumEventAgeInSeconds"]) == (1, 70)
    assert merged["DestinationConfig"]["OnFailure"] == {"Destination": "arn:aws:s3:::b"}
    client.delete_function_event_invoke_config(**name)
    code, status = refusal(client.get_function_event_invoke_config, **name)
    assert (code, status) == ("ResourceNotFoundException", 404)
    assert client.list_function_event_invoke_configs(**name)["FunctionEventInvokeConfigs"] == []


def test_aliases_have_settings_of_their_own(cloud: Lambda) -> None:
    cloud.create("def handler(event, context): raise ValueError\n")
    cloud.client.publish_version(FunctionName="f")
    cloud.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    configure(cloud, Qualifier="live", MaximumRetryAttempts=0)
    send(cloud, {}, Qualifier="live")
    cloud.lab.clock.advance(minutes=10)
    assert len(cloud.lab.history.invocations) == 1


def test_settings_out_of_range_are_refused(cloud: Lambda) -> None:
    cloud.create()
    with pytest.raises(ClientError, match="at least one of error handling or destination"):
        configure(cloud)
    for setting in ({"MaximumRetryAttempts": 3}, {"MaximumEventAgeInSeconds": 21601}):
        with pytest.raises(ClientError, match="Member must have value less than or equal to"):
            configure(cloud, **setting)
    answer = refusal(
        cloud.client.put_function_event_invoke_config, FunctionName="none", MaximumRetryAttempts=1
    )
    assert answer == ("ResourceNotFoundException", 404)


def test_a_program_ends_although_an_event_is_being_handled(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(
        "from labsupport import Lab\n"
        "from tests.unit.functions_lab import Lambda, wait_until\n"
        "lab = Lambda(Lab.start())\n"
        "lab.create('import time\\ndef handler(event, context): time.sleep(60)', Timeout=90)\n"
        "lab.client.invoke(FunctionName='f', InvocationType='Event')\n"
        "pool = lab.lab._data_plane.result().pool\n"
        "wait_until(lambda: any(known.invocations for known in pool.environments()))\n"
    )
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    subprocess.run([sys.executable, str(script)], env=environment, timeout=40, check=True)


def test_as_many_workers_as_there_is_work() -> None:
    workers, together = Workers(3, "test"), threading.Barrier(3)
    met: list[int] = []
    for _ in range(6):
        assert workers.submit(lambda: met.append(together.wait(10)))
    wait_until(lambda: len(met) == 6)
    workers.close()
    assert not workers.submit(lambda: None)
