"""Queues that event source mappings read."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from functions_lab import wait_until
from mappings_lab import PREFIX, Mapped

from labsupport import Lab
from labsupport.history import BatchPolled
from labsupport.triggers.mappings.batch_response import failed_items


@pytest.fixture
def slow() -> Iterator[Mapped]:
    """A lab whose clock is moved by `advance` for the most part."""
    with Lab.start(speed=0.01) as lab:
        yield Mapped(lab)


@pytest.fixture
def mapped() -> Iterator[Mapped]:
    with Lab.start() as lab:
        yield Mapped(lab)


def test_messages_come_in_one_batch_and_are_deleted(slow: Mapped) -> None:
    url = slow.queue()
    sent = [slow.send(url, n=number) for number in range(10)]
    slow.map()
    (event,) = slow.seen(1)
    assert [record["messageId"] for record in event["Records"]] == sent
    wait_until(lambda: slow.left(url) == (0, 0))
    (invocation,) = slow.lab.history.invocations
    assert invocation.caller == PREFIX + "q"
    (polled,) = [each for each in slow.lab.history.events if isinstance(each, BatchPolled)]
    assert (polled.records, polled.outcome, polled.failed) == (10, "success", 0)


def test_attributes_of_messages_reach_the_function(slow: Mapped) -> None:
    url = slow.queue()
    slow.sqs.send_message(
        QueueUrl=url,
        MessageBody="{}",
        MessageAttributes={
            "Title": {"DataType": "String", "StringValue": "The Whistler"},
            "Weeks": {"DataType": "Number", "StringValue": "6"},
            "Raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
        },
    )
    slow.map()
    (record,) = slow.seen(1)[0]["Records"]
    empty: dict[str, Any] = {"stringListValues": [], "binaryListValues": []}
    assert record["messageAttributes"] == {
        "Title": {"stringValue": "The Whistler", **empty, "dataType": "String"},
        "Weeks": {"stringValue": "6", **empty, "dataType": "Number"},
        "Raw": {"binaryValue": "AAE=", **empty, "dataType": "Binary"},
    }
    assert len(record["md5OfMessageAttributes"]) == 32


def test_a_failed_message_returns_when_its_visibility_timeout_is_over(slow: Mapped) -> None:
    url = slow.queue(VisibilityTimeout=30)
    slow.map()
    slow.send(url, fail=1)
    slow.seen(1)
    wait_until(lambda: any(isinstance(e, BatchPolled) for e in slow.lab.history.events))
    slow.lab.clock.advance(seconds=25)
    assert slow.left(url) == (0, 1)
    assert len(slow.lab.history.invocations) == 1
    slow.lab.clock.advance(seconds=10)
    first, second = slow.seen(2)
    counts = [e["Records"][0]["attributes"]["ApproximateReceiveCount"] for e in (first, second)]
    assert counts == ["1", "2"]
    slow.lab.clock.advance(minutes=10)
    assert len(slow.lab.history.invocations) >= 20


def test_a_message_stays_hidden_while_its_handler_runs(mapped: Mapped) -> None:
    mapped.lab.clock.speed = 6000
    url = mapped.queue(VisibilityTimeout=30)
    mapped.map()
    mapped.send(url, sleep=0.3)  # half an hour of the lab's time
    mapped.seen(1)
    wait_until(lambda: mapped.left(url) == (0, 0))
    assert len(mapped.lab.history.invocations) == 1


def test_poisoned_messages_end_in_the_dead_letter_queue(slow: Mapped) -> None:
    dead = slow.queue("dead")
    policy = {"deadLetterTargetArn": PREFIX + "dead", "maxReceiveCount": 3}
    url = slow.queue(RedrivePolicy=json.dumps(policy))
    slow.map(BatchSize=1)
    poisoned = slow.send(url, fail=1)
    slow.lab.clock.advance(minutes=3)
    (message,) = slow.sqs.receive_message(QueueUrl=dead)["Messages"]
    assert message["MessageId"] == poisoned
    assert len(slow.lab.history.invocations) == 3
    assert slow.left(url) == (0, 0)


def test_only_the_reported_messages_are_tried_again(slow: Mapped) -> None:
    url = slow.queue()
    for number in range(3):
        slow.send(url, n=number, report=number == 1)
    slow.map(FunctionResponseTypes=["ReportBatchItemFailures"])
    slow.seen(1)
    wait_until(lambda: slow.left(url) == (0, 1))
    slow.lab.clock.advance(seconds=40)
    assert [[body["n"] for body in batch] for batch in slow.bodies()] == [[0, 1, 2], [1]]


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        ("null", []),
        ("{}", []),
        ("[]", []),
        ('{"batchItemFailures": []}', []),
        ('{"batchItemFailures": null}', []),
        ('{"batchItemFailures": [{"itemIdentifier": "a"}]}', ["a"]),
        ('{"batchItemFailures": [{"itemIdentifier": "x"}]}', None),
        ('{"batchItemFailures": [{"itemIdentifier": "a"}, {"itemIdentifier": "x"}]}', None),
        ('{"batchItemFailures": [{"itemIdentifier": ""}]}', None),
        ('{"batchItemFailures": [{"itemIdentifier": null}]}', None),
        ('{"batchItemFailures": [{"foo": "a"}]}', None),
        ('{"batchItemFailures": ["a"]}', None),
        ('{"batchItemFailures": "a"}', None),
        ('"text"', None),
        ("no JSON", None),
    ],
)
def test_answers_that_name_failures_are_read_as_aws_reads_them(
    answer: str, failed: list[str] | None
) -> None:
    assert failed_items(answer.encode(), {"a", "b"}) == failed


def test_messages_that_no_filter_lets_through_are_deleted(slow: Mapped) -> None:
    url = slow.queue()
    slow.map(FilterCriteria={"Filters": [{"Pattern": '{"body": {"n": [{"numeric": [">", 1]}]}}'}]})
    for number in range(4):
        slow.send(url, n=number)
    slow.sqs.send_message(QueueUrl=url, MessageBody="plain")
    wait_until(lambda: slow.left(url) == (0, 0))
    wait_until(lambda: sum(len(batch) for batch in slow.bodies()) == 2)
    assert sorted(body["n"] for batch in slow.bodies() for body in batch) == [2, 3]


def test_a_window_gathers_messages_until_it_is_over_or_the_batch_is_full(slow: Mapped) -> None:
    url = slow.queue()
    slow.map(BatchSize=3, MaximumBatchingWindowInSeconds=60)
    for number in range(4):
        slow.send(url, n=number)
    slow.seen(1)
    slow.lab.clock.advance(seconds=55)
    assert len(slow.lab.history.invocations) == 1
    slow.lab.clock.advance(seconds=10)
    assert [[body["n"] for body in batch] for batch in slow.bodies()] == [[0, 1, 2], [3]]


def test_a_batch_ends_at_the_payload_limit(slow: Mapped) -> None:
    url = slow.queue()
    text = json.dumps({"text": "x" * 200_000})
    for _ in range(45):
        slow.sqs.send_message(QueueUrl=url, MessageBody=text)
    slow.map(BatchSize=10_000, MaximumBatchingWindowInSeconds=1)
    slow.lab.clock.advance(seconds=5)
    wait_until(lambda: slow.left(url) == (0, 0))
    polled = [each for each in slow.lab.history.events if isinstance(each, BatchPolled)]
    assert sum(each.records for each in polled) == 45
    assert all(each.payload_bytes <= 6 * 1024 * 1024 for each in polled)
    assert max(each.records for each in polled) > 25


def test_delayed_messages_come_when_lab_time_has_passed(slow: Mapped) -> None:
    url = slow.queue()
    slow.map()
    slow.sqs.send_message(QueueUrl=url, MessageBody="{}", DelaySeconds=600)
    slow.lab.clock.advance(minutes=9)
    assert not slow.lab.history.invocations
    slow.lab.clock.advance(minutes=2)
    assert len(slow.lab.history.invocations) == 1


def test_groups_of_a_fifo_queue_keep_their_order_and_fail_alone(slow: Mapped) -> None:
    url = slow.queue("q.fifo")
    for number in range(6):
        group = "ab"[number % 2]
        slow.send(url, n=number, group=group, fail=int(number == 0))
    slow.map(PREFIX + "q.fifo", BatchSize=1)
    wait_until(lambda: len(slow.events()) == 4)
    slow.lab.clock.advance(seconds=65)
    wait_until(lambda: len(slow.events()) == 6)
    seen = [body["n"] for batch in slow.bodies() for body in batch]
    assert [number for number in seen if number % 2] == [1, 3, 5]
    assert [number for number in seen if not number % 2] == [0, 0, 0]
    numbers = [e["Records"][0]["attributes"]["SequenceNumber"] for e in slow.events()]
    assert len(set(numbers)) == 4


def test_one_group_is_handled_one_batch_at_a_time(mapped: Mapped) -> None:
    url = mapped.queue("q.fifo")
    for number in range(5):
        mapped.send(url, n=number, group="g", sleep=0.02)
    mapped.map(PREFIX + "q.fifo", BatchSize=1)
    wait_until(lambda: len(mapped.lab.history.invocations) == 5)
    assert len({each.environment for each in mapped.lab.history.invocations}) == 1
    assert [body["n"] for batch in mapped.bodies() for body in batch] == [0, 1, 2, 3, 4]


def test_maximum_concurrency_bounds_how_much_runs_at_once(mapped: Mapped) -> None:
    url = mapped.queue()
    for number in range(8):
        mapped.send(url, n=number, sleep=0.1)
    mapped.map(BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
    wait_until(lambda: len(mapped.lab.history.invocations) == 8)
    assert len({each.environment for each in mapped.lab.history.invocations}) == 2


def test_throttled_messages_return_and_are_handled_later(slow: Mapped) -> None:
    url = slow.queue()
    concurrency = slow.client.put_function_concurrency
    concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    slow.map()
    slow.send(url, n=1)
    wait_until(lambda: slow.lab.history.throttles)
    slow.client.delete_function_concurrency(FunctionName="f")
    slow.lab.clock.advance(minutes=1)
    (event,) = slow.seen(1)
    assert event["Records"][0]["attributes"]["ApproximateReceiveCount"] == "2"


def test_nothing_comes_while_disabled_or_after_deletion(slow: Mapped) -> None:
    url = slow.queue()
    created = slow.map(Enabled=False)
    slow.send(url, n=1)
    slow.lab.clock.advance(minutes=1)
    assert slow.left(url) == (1, 0)
    change = slow.client.update_event_source_mapping
    change(UUID=created["UUID"], Enabled=True)
    slow.lab.clock.advance(seconds=5)
    slow.seen(1)
    slow.client.delete_event_source_mapping(UUID=created["UUID"])
    slow.send(url, n=2)
    slow.lab.clock.advance(minutes=5)
    assert len(slow.lab.history.invocations) == 1
    assert slow.left(url) == (1, 0)


def test_a_mapping_can_name_an_alias_and_be_turned_to_another_version(slow: Mapped) -> None:
    url = slow.queue()
    slow.client.publish_version(FunctionName="f")
    slow.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    created = slow.map(FunctionName="f:live")
    slow.send(url, n=1)
    slow.seen(1)
    slow.client.update_event_source_mapping(UUID=created["UUID"], FunctionName="f")
    slow.lab.clock.advance(seconds=5)
    slow.send(url, n=2)
    slow.seen(2)
    assert [each.version for each in slow.lab.history.invocations] == ["1", "$LATEST"]


def test_messages_wait_while_their_function_is_gone(slow: Mapped) -> None:
    url = slow.queue()
    created = slow.map()
    slow.client.delete_function(FunctionName="f")
    slow.send(url, n=1)
    slow.lab.clock.advance(minutes=2)
    assert sum(slow.left(url)) == 1
    assert slow.state(created) == "Enabled"
    slow.create(SEE_AGAIN)
    slow.lab.clock.advance(minutes=10)
    assert len(slow.lab.history.invocations) == 1


SEE_AGAIN = "def handler(event, context):\n    print('SEEN {}')\n"


def test_a_handler_may_change_the_visibility_of_its_message(slow: Mapped) -> None:
    url = slow.queue(VisibilityTimeout=600)
    source = (
        "import boto3\n"
        "def handler(event, context):\n"
        "    (record,) = event['Records']\n"
        f"    boto3.client('sqs').change_message_visibility(QueueUrl={url!r},\n"
        "        ReceiptHandle=record['receiptHandle'], VisibilityTimeout=5)\n"
        "    raise ValueError('soon again')\n"
    )
    slow.create(source, FunctionName="soon")
    slow.map(FunctionName="soon")
    slow.send(url, n=1)
    wait_until(lambda: len(slow.lab.history.invocations) == 1)
    slow.lab.clock.advance(seconds=20)
    assert len(slow.lab.history.invocations) >= 3


def test_a_handler_may_delete_its_message_and_fail(slow: Mapped) -> None:
    url = slow.queue()
    source = (
        "import boto3\n"
        "def handler(event, context):\n"
        "    for record in event['Records']:\n"
        f"        boto3.client('sqs').delete_message(QueueUrl={url!r},\n"
        "            ReceiptHandle=record['receiptHandle'])\n"
        "    raise ValueError('done all the same')\n"
    )
    slow.create(source, FunctionName="delete")
    slow.map(FunctionName="delete")
    slow.send(url, n=1)
    wait_until(lambda: len(slow.lab.history.invocations) == 1)
    slow.lab.clock.advance(minutes=5)
    assert slow.left(url) == (0, 0)
    assert len(slow.lab.history.invocations) == 1


def test_what_a_learner_has_received_is_left_alone_until_moto_shows_it(slow: Mapped) -> None:
    url = slow.queue(
        VisibilityTimeout=1,
    )
    slow.client.update_function_configuration(FunctionName="f", Timeout=1)
    slow.send(url, n=1)
    assert slow.sqs.receive_message(QueueUrl=url)["Messages"]
    slow.map()
    slow.lab.clock.speed = 60
    assert not slow.lab.history.invocations
    begin = time.monotonic()
    slow.seen(1)
    assert time.monotonic() - begin > 0.5


def test_purged_and_remade_queues_are_read_on(slow: Mapped) -> None:
    url = slow.queue()
    slow.map()
    slow.sqs.send_message(QueueUrl=url, MessageBody="{}", DelaySeconds=60)
    slow.sqs.purge_queue(QueueUrl=url)
    slow.lab.clock.advance(minutes=2)
    assert not slow.lab.history.invocations
    slow.sqs.delete_queue(QueueUrl=url)
    slow.queue()
    slow.send(url, n=1)
    assert len(slow.seen(1)) == 1


def test_senders_from_many_threads_lose_nothing(mapped: Mapped) -> None:
    url = mapped.queue()
    mapped.map()

    def send() -> None:
        client = boto3.client("sqs")
        for _ in range(5):
            entries = [{"Id": str(n), "MessageBody": "{}"} for n in range(10)]
            client.send_message_batch(QueueUrl=url, Entries=entries)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: mapped.left(url) == (0, 0))
    polled = [each for each in mapped.lab.history.events if isinstance(each, BatchPolled)]
    assert sum(each.records for each in polled) == 200


def test_a_lab_that_is_stopped_in_the_middle_ends_at_once() -> None:
    lab = Lab.start()
    mapped = Mapped(lab, Timeout=30)
    url = mapped.queue()
    mapped.map(BatchSize=1)
    for number in range(20):
        mapped.send(url, n=number, sleep=20)
    wait_until(lambda: mapped.left(url)[1] >= 2)
    begin = time.monotonic()
    lab.stop()
    assert time.monotonic() - begin < 5
