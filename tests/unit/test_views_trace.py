"""The trace: real journeys through a lab, as steps, in words, as Mermaid and drawn."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import boto3
import pytest
from matplotlib.text import Text

from labsupport import Lab
from labsupport.errors import LabValueError
from labsupport.views.journeys import participant
from labsupport.views.trace import PARTICIPANTS, STEPS, Trace, trace
from tests.unit.functions_lab import Lambda, wait_until
from tests.unit.test_functions_recursion import ITSELF
from tests.unit.test_views_timeline import ARN, invocation, throttle

PREFIX = "arn:aws:sqs:us-east-1:123456789012:"
FAIL = "def handler(event, context):\n    if event.get('fail'): raise ValueError\n"
TO_QUEUE = (
    "import boto3\n"
    "def handler(event, context):\n"
    "    sqs = boto3.client('sqs')\n"
    "    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName='work')['QueueUrl'],"
    " MessageBody='x')\n"
)
CALL = (
    "import boto3\n"
    "def handler(event, context):\n"
    "    boto3.client('lambda').invoke(FunctionName='f', InvocationType='Event', Payload=b'{}')\n"
)


@pytest.fixture
def cloud() -> Iterator[Lambda]:
    with Lab.start() as lab:
        yield Lambda(lab)


def arrows(shown: Trace) -> list[tuple[str, str, str]]:
    return [(step.source, step.target, step.label) for step in shown.steps]


def test_event_is_followed_through_its_retries_to_its_destination(cloud: Lambda) -> None:
    boto3.client("sqs").create_queue(QueueName="dead")
    cloud.create(FAIL)
    cloud.client.put_function_event_invoke_config(
        FunctionName="f", DestinationConfig={"OnFailure": {"Destination": PREFIX + "dead"}}
    )
    cloud.invoke()
    cloud.client.invoke(FunctionName="f", Payload=b'{"fail": 1}', InvocationType="Event")
    cloud.lab.clock.advance(minutes=5)
    request = cloud.lab.history.endings[-1][0]
    shown = cloud.lab.trace(request)
    assert arrows(shown) == [
        ("you", "events of f", "event, 11 bytes"),
        ("events of f", "function f", "attempt 1: ValueError"),
        ("events of f", "function f", "attempt 2: ValueError"),
        ("events of f", "function f", "attempt 3: ValueError"),
        ("events of f", "queue dead", "OnFailure: RetriesExhausted"),
    ]
    assert [row[0] for row in shown.rows] == ["", "", "1 min", "2 min", ""]
    assert shown.title == "3 invocations of f: 3 failed, 1 event given up"
    assert shown.mermaid.splitlines()[:2] == ["sequenceDiagram", "    participant p1 as you"]
    assert "    Note over p1,p4: 2 min later" in shown.mermaid
    assert "    p2-xp3: attempt 3: ValueError" in shown.mermaid
    assert shown.lines[2] == "1 min later: events of f → function f: attempt 2: ValueError"


def test_chain_over_services_is_whole(cloud: Lambda) -> None:
    """Upload → bucket → function → queue → function → function."""
    boto3.client("sqs").create_queue(QueueName="work", Attributes={"VisibilityTimeout": "60"})
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="uploads")
    cloud.create(FAIL)
    cloud.create(TO_QUEUE, FunctionName="thumbnail", Timeout=20)
    cloud.create(CALL, FunctionName="worker", Timeout=20)
    cloud.client.create_event_source_mapping(FunctionName="worker", EventSourceArn=PREFIX + "work")
    cloud.client.add_permission(
        FunctionName="thumbnail",
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
    )
    there = {"LambdaFunctionArn": f"{ARN}thumbnail", "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket="uploads", NotificationConfiguration={"LambdaFunctionConfigurations": [there]}
    )
    cloud.lab.clock.advance(seconds=5)
    s3.put_object(Bucket="uploads", Key="k", Body=b"x")
    done = lambda: [i for i in cloud.lab.history.invocations if i.resource == "f"]  # noqa: E731
    wait_until(done)
    expected = [
        ("bucket uploads", "events of thumbnail"),
        ("events of thumbnail", "function thumbnail"),
        ("function thumbnail", "queue work"),
        ("queue work", "function worker"),
        ("function worker", "events of f"),
        ("events of f", "function f"),
    ]
    by_id = cloud.lab.trace(done()[0].request_id)
    assert [each[:2] for each in arrows(by_id)] == expected
    assert by_id.steps[3].label == "batch of 1 record: success"
    assert [each[:2] for each in arrows(cloud.lab.trace())] == expected


def test_calls_alike_are_one_step_and_a_second_trace_begins_where_the_first_ended(
    cloud: Lambda,
) -> None:
    cloud.create(FAIL)
    for _ in range(4):
        cloud.invoke()
    assert arrows(cloud.lab.trace()) == [("you", "function f", "invoke ×4: success")]
    with pytest.raises(LabValueError, match="since the last trace"):
        cloud.lab.trace()
    cloud.invoke(b'{"fail": 1}')
    cloud.client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    with pytest.raises(cloud.client.exceptions.TooManyRequestsException):
        cloud.invoke()
    shown = cloud.lab.trace()
    assert arrows(shown) == [
        ("you", "function f", "invoke: ValueError"),
        ("you", "function f", "invoke: throttled"),
    ]
    assert shown.title == "1 invocation of f: 1 failed, 1 throttle"


def test_loop_is_seen_and_where_it_was_stopped(cloud: Lambda) -> None:
    cloud.create(ITSELF, Timeout=20)
    cloud.client.invoke(FunctionName="f", Payload=b'{"left": 30}', InvocationType="Event")
    wait_until(lambda: cloud.lab.history.throttles)
    shown = cloud.lab.trace()
    found = {each[:2] for each in arrows(shown)}
    assert ("function f", "events of f") in found
    assert [s.outcome for s in shown.steps if not s.well][0] == "stopped in a loop"  # noqa: RUF015
    assert shown.png


def test_function_that_calls_itself_and_waits_is_drawn() -> None:
    outer = invocation(0, 0, 200, segment_id="a", trace_id="t", resource="f")
    inner = invocation(
        1, 0.05, segment_id="b", parent_id="a", caller="arn:aws:iam::1:role/r", trace_id="t"
    )
    shown = trace([inner, outer])
    assert arrows(shown) == [
        ("you", "function f", "invoke: success"),
        ("function f", "function f", "invoke: success"),
    ]
    assert shown.png == trace([inner, outer]).png


def test_long_records_are_shortened_with_a_note() -> None:
    records = [
        invocation(n, n * 0.3, function_arn=f"{ARN}function-with-a-long-name-{n % 40}")
        for n in range(5000)
    ]
    shown = trace(records, dropped=3)
    assert shown.png
    assert len(shown.rows) <= STEPS
    names = {name for row in shown.rows for name in row[1:3]}
    assert len(names) <= PARTICIPANTS
    assert "are left out" in shown.alt
    assert "3 older records" in shown.alt


def test_every_text_is_inside_and_apart_from_others() -> None:
    error = {"function_error": "Unhandled", "error_type": "AVeryLongNameOfAnExceptionError"}
    records: list[Any] = [invocation(n, n * 5, **error) for n in range(4)] + [throttle(9, 21)]
    shown = trace(records)
    shown.figure.draw_without_rendering()
    (axes,) = shown.figure.axes
    labels = [*axes.texts, axes._left_title]
    boxes = [Text.get_window_extent(each) for each in labels if each.get_text()]
    assert len(boxes) > 5
    assert all(box.x0 >= 0 and box.x1 <= shown.figure.bbox.x1 + 1 for box in boxes)
    assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
    assert axes.get_title("left").replace("\n", " ") == shown.title


def test_request_that_is_not_known_is_refused_in_a_sentence() -> None:
    with pytest.raises(LabValueError, match="nope"):
        trace([invocation(0, 0)], request_id="nope")
    with pytest.raises(LabValueError, match="nothing was called"):
        trace([])


@pytest.mark.parametrize(
    ("arn", "name"),
    [
        ("api", "api"),
        (f"{ARN}f:live", "function f"),
        (PREFIX + "work", "queue work"),
        ("arn:aws:s3:::uploads", "bucket uploads"),
        ("arn:aws:sns:us-east-1:1:news", "topic news"),
        ("arn:aws:events:us-east-1:1:rule/nightly", "rule nightly"),
        ("arn:aws:events:us-east-1:1:event-bus/shop", "event bus shop"),
        ("arn:aws:dynamodb:us-east-1:1:table/orders/stream/2026", "table orders"),
        ("arn:aws:kinesis:us-east-1:1:stream/clicks", "stream clicks"),
        ("arn:aws:execute-api:us-east-1:1:abc/prod/GET/x", "API abc"),
        ("arn:aws:iam::1:user/ann", "user ann"),
        ("arn:aws:sts::1:assumed-role/r/session", "assumed-role r"),
    ],
)
def test_participants_are_named(arn: str, name: str) -> None:
    assert participant(arn) == name
