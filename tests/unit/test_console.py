"""The console: what is read of the lab, what a page is told, and the tables without a page."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from labsupport import Lab
from labsupport.console import Console, Source
from labsupport.console.feed import LINE_CHARS, LINES, Feed
from labsupport.console.happenings import ROWS
from labsupport.console.pulse import Pulse
from labsupport.history import EventEnded, History
from tests.unit.functions_lab import Lambda, wait_until

FAILS = "def handler(event, context):\n    raise ValueError('<b>no</b>')\n"
WRITES = "def handler(event, context):\n    print(event)\n"


@pytest.fixture
def cloud() -> Iterator[Lambda]:
    with Lab.start(speed=0.001) as lab:
        yield Lambda(lab)


def source_of(lab: Lab) -> Source:
    return lab.console()._source


def queue(name: str, **attributes: str) -> tuple[str, str]:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return url, found["Attributes"]["QueueArn"]


def changes(feed: Feed) -> dict[str, Any]:
    told = feed.changes()
    assert told is not None
    assert json.loads(json.dumps(told)) == told, "it is sent as JSON"
    return told


def rows(told: dict[str, Any], table: str) -> dict[str, Any]:
    return {row["name"]: row for row in told[table]["set"].values()}


# What a page is told


def test_only_what_has_changed_is_told(cloud: Lambda) -> None:
    feed = Feed(source_of(cloud.lab))
    cloud.create(FunctionName="one")
    cloud.create(FunctionName="two", MemorySize=512, Timeout=7)
    first = changes(feed)
    assert set(rows(first, "functions")) == {"one", "two"}
    assert rows(first, "functions")["two"]["memory"] == 512
    assert feed.changes() is None
    cloud.client.put_function_concurrency(FunctionName="two", ReservedConcurrentExecutions=5)
    second = changes(feed)
    assert list(rows(second, "functions")) == ["two"]
    assert rows(second, "functions")["two"]["reserved"] == 5
    assert second["serial"] == first["serial"] + 1
    assert set(rows(feed.state(), "functions")) == {"one", "two"}


def test_deleted_function_is_told_once_and_its_invocations_stay(cloud: Lambda) -> None:
    feed = Feed(source_of(cloud.lab))
    arn = cloud.create()["FunctionArn"]
    cloud.invoke()
    changes(feed)
    cloud.client.delete_function(FunctionName="f")
    assert changes(feed)["functions"] == {"set": {}, "gone": [arn]}
    assert [row["name"] for row in feed.state()["rows"]] == ["f"]


def test_outcomes_are_counted_by_function_and_in_all(cloud: Lambda) -> None:
    feed = Feed(source_of(cloud.lab))
    cloud.create(FunctionName="good")
    cloud.create(FAILS, FunctionName="bad")
    cloud.create(FunctionName="stopped")
    cloud.client.put_function_concurrency(FunctionName="stopped", ReservedConcurrentExecutions=0)
    for name in ("good", "good", "bad"):
        cloud.invoke(FunctionName=name)
    with pytest.raises(cloud.client.exceptions.TooManyRequestsException):
        cloud.invoke(FunctionName="stopped")
    told = changes(feed)
    assert told["totals"] == [2, 1, 1]
    counts = {name: row["counts"] for name, row in rows(told, "functions").items()}
    assert counts == {"good": [2, 0, 0], "bad": [0, 1, 0], "stopped": [0, 0, 1]}
    seen = [(row["name"], row["outcome"], row["detail"]) for row in told["rows"]]
    assert seen == [
        ("good", "ok", ""),
        ("good", "ok", ""),
        ("bad", "failed", "ValueError"),
        ("stopped", "throttled", "ReservedFunctionConcurrentInvocationLimitExceeded"),
    ]
    assert [row["cold"] for row in told["rows"][:3]] == [True, False, True]
    assert sum(map(sum, told["activity"].values())) == 4


def test_running_invocation_is_in_use(cloud: Lambda) -> None:
    feed = Feed(source_of(cloud.lab))
    cloud.create(Timeout=60)
    cloud.invoke()
    changes(feed)
    thread = threading.Thread(target=cloud.invoke, args=(json.dumps({"seconds": 1}),))
    thread.start()
    in_use = source_of(cloud.lab).in_use
    wait_until(in_use)
    told = changes(feed)
    assert rows(told, "functions")["f"]["running"] == 1
    thread.join()
    wait_until(lambda: not in_use())
    assert rows(changes(feed), "functions")["f"]["running"] == 0


def test_depth_of_queues_and_dead_letters(cloud: Lambda) -> None:
    sqs = boto3.client("sqs")
    dead_url, dead_arn = queue("dead")
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 1})
    url, _ = queue("work", RedrivePolicy=policy)
    for body in ("1", "2", "3"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    sqs.receive_message(QueueUrl=url)
    text = "<script>alert(1)</script> π 🦊 " + "x" * 50_000
    told_of = {"ErrorMessage": {"DataType": "String", "StringValue": "broken"}}
    sqs.send_message(QueueUrl=dead_url, MessageBody=text, MessageAttributes=told_of)
    told = changes(Feed(source_of(cloud.lab)))
    work = rows(told, "queues")["work"]
    assert (work["kind"], work["waiting"], work["in_flight"]) == ("queue", 2, 1)
    assert rows(told, "queues")["dead"]["kind"] == "dead-letter queue"
    letters = rows(told, "letters")["dead"]
    (message,) = letters["messages"]
    assert message["body"].startswith("<script>alert(1)</script> π 🦊 xxx")
    assert message["body"].endswith("more characters)")
    assert len(message["body"]) < 5000
    assert message["attributes"] == {"ErrorMessage": "broken"}
    assert sqs.receive_message(QueueUrl=dead_url)["Messages"], "it was looked at, not received"


def test_queue_that_got_what_failed_is_one_of_dead_letters(cloud: Lambda) -> None:
    _, arn = queue("gave-up")
    cloud.create(FAILS)
    cloud.client.put_function_event_invoke_config(
        FunctionName="f",
        MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": arn}},
    )
    cloud.invoke(InvocationType="Event")
    history = cloud.lab.history
    wait_until(lambda: history.deliveries)
    told = changes(Feed(source_of(cloud.lab)))
    assert rows(told, "letters")["gave-up"]["count"] == 1
    assert "given up" in [row["outcome"] for row in told["rows"]]


def test_streams_tell_what_is_still_to_be_read(cloud: Lambda) -> None:
    kinesis = boto3.client("kinesis")
    kinesis.create_stream(StreamName="clicks", ShardCount=2)
    arn = kinesis.describe_stream(StreamName="clicks")["StreamDescription"]["StreamARN"]
    for number in range(5):
        kinesis.put_record(StreamName="clicks", Data=b"x", PartitionKey=str(number))
    feed = Feed(source_of(cloud.lab))
    row = rows(changes(feed), "streams")["clicks"]
    assert (row["records"], row["unread"], row["readers"]) == (5, None, [])
    cloud.create()
    cloud.client.create_event_source_mapping(
        FunctionName="f", EventSourceArn=arn, StartingPosition="TRIM_HORIZON", Enabled=False
    )
    row = rows(changes(feed), "streams")["clicks"]
    assert (row["records"], row["unread"], row["readers"]) == (5, 5, ["f"])


def test_log_lines_come_once_and_long_ones_are_cut(cloud: Lambda) -> None:
    feed = Feed(source_of(cloud.lab))
    cloud.create("def handler(event, context):\n    print(event['text'] * 100_000)\n")
    cloud.invoke(json.dumps({"text": "π"}))
    told = changes(feed)
    (line,) = [each for each in told["lines"] if "ππ" in each["text"]]
    assert line["text"] == "π" * LINE_CHARS + f"… ({100_000 - LINE_CHARS:,} more characters)"
    assert line["group"] == "/aws/lambda/f"
    assert feed.changes() is None
    cloud.invoke(json.dumps({"text": ""}))
    assert not [each for each in changes(feed)["lines"] if "ππ" in each["text"]]


def test_floods_are_told_in_part_and_counted_whole() -> None:
    history = History()
    source = Source("us-east-1", {}, history, lambda: True, dict, list)
    feed = Feed(source)
    record = Recorded(history)
    for _ in range(5 * ROWS):
        record.invocation()
    told = changes(feed)
    assert (len(told["rows"]), told["left_out"]) == (ROWS, 4 * ROWS)
    assert told["totals"] == [5 * ROWS, 0, 0]
    assert len(feed.state()["rows"]) == ROWS


def test_many_log_lines_are_told_in_part(cloud: Lambda) -> None:
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    now = int(time.time() * 1000)
    events = [{"timestamp": now + n, "message": "x" * 900} for n in range(LINES)]
    logs.put_log_events(logGroupName="g", logStreamName="s", logEvents=events)
    feed = Feed(source_of(cloud.lab))
    told = changes(feed)
    assert len(json.dumps(told["lines"])) < 150_000
    assert len(told["lines"]) + told["lines_left_out"] == LINES


def test_dropped_records_are_told() -> None:
    history = History(longest=10)
    feed = Feed(Source("us-east-1", {}, history, lambda: True, dict, list))
    record = Recorded(history)
    for _ in range(25):
        record.invocation()
    assert changes(feed)["dropped"] == 15
    assert feed.state()["dropped"] == 15


def test_stopped_lab_is_told_once_with_what_came_last(cloud: Lambda) -> None:
    feed = Feed(source_of(cloud.lab))
    cloud.create()
    changes(feed)
    cloud.invoke()
    cloud.lab.stop()
    told = changes(feed)
    assert told["stopped"]
    assert told["totals"] == [1, 0, 0]
    assert feed.changes() is None
    assert feed.state()["stopped"]
    assert list(rows(feed.state(), "functions")) == ["f"], "what there was at its end"


# The thread that tells


class Recorded:
    """Puts invocations into a history."""

    def __init__(self, history: History) -> None:
        with Lab.start() as lab:
            cloud = Lambda(lab)
            cloud.create()
            cloud.invoke()
            self._one = lab.history.invocations[0]
        self._history = history

    def invocation(self) -> None:
        self._history.record(self._one)


def test_page_hears_of_a_record_without_asking() -> None:
    history, heard = History(), []
    feed = Feed(Source("us-east-1", {}, history, lambda: True, dict, list))
    pulse = Pulse(feed, history, heard.append)
    record = Recorded(history)
    record.invocation()
    assert pulse.state()["totals"] == [1, 0, 0]
    record.invocation()
    wait_until(lambda: any(each.get("totals") == [2, 0, 0] for each in heard))
    pulse.hear(asks=True)
    wait_until(lambda: any(each["type"] == "state" for each in heard))
    pulse.end()
    wait_until(lambda: not [t for t in threading.enumerate() if t.name == "lab-console"])


def test_nothing_runs_for_a_console_that_is_never_shown(cloud: Lambda) -> None:
    str(cloud.lab.console())
    cloud.create()
    cloud.invoke()
    assert not [t for t in threading.enumerate() if t.name == "lab-console"]


# Invoking


def answer_to(console: Console, asked: dict[str, Any]) -> dict[str, Any]:
    answers: list[dict[str, Any]] = []
    console._invoker.start(asked, answers.append)
    wait_until(lambda: answers)
    return answers[0]


def test_invokes_as_any_client_does(cloud: Lambda) -> None:
    arn = cloud.create()["FunctionArn"]
    console = cloud.lab.console()
    payload = json.dumps({"text": "<b>π</b>"})
    asked = {"function": arn, "kind": "RequestResponse", "payload": payload}
    answer = answer_to(console, asked)
    assert (answer["outcome"], answer["head"]) == ("ok", "The function succeeded.")
    assert json.loads(answer["payload"])["event"] == {"text": "<b>π</b>"}
    assert "START RequestId" in answer["log"]
    (recorded,) = cloud.lab.history.invocations
    assert (recorded.caller, recorded.invocation_type) == ("api", "RequestResponse")
    accepted = answer_to(console, asked | {"kind": "Event"})
    assert accepted["head"] == "Accepted: the event is in the function's queue."


def test_function_that_fails_and_call_that_is_refused(cloud: Lambda) -> None:
    arn = cloud.create(FAILS)["FunctionArn"]
    console = cloud.lab.console()
    asked = {"function": arn, "kind": "RequestResponse", "payload": "{}"}
    answer = answer_to(console, asked)
    assert (answer["outcome"], answer["head"]) == ("failed", "The function failed (Unhandled).")
    assert json.loads(answer["payload"])["errorMessage"] == "<b>no</b>"
    gone = answer_to(console, asked | {"function": arn + "-gone"})
    assert gone["problem"].startswith("ResourceNotFoundException: Function not found")


@pytest.mark.parametrize("payload", ["", "{", "{'a': 1}", "[" * 100_000])
def test_what_is_no_json_is_not_sent(cloud: Lambda, payload: str) -> None:
    arn = cloud.create()["FunctionArn"]
    asked = {"function": arn, "kind": "RequestResponse", "payload": payload}
    answer = answer_to(cloud.lab.console(), asked)
    assert answer["problem"].startswith("The payload is not JSON")
    assert not cloud.lab.history.invocations


@pytest.mark.parametrize(
    "message",
    [{}, {"type": "invoke"}, {"type": "invoke", "function": 3, "kind": []}, {"type": ["open"]}],
)
def test_message_that_makes_no_sense_does_no_harm(cloud: Lambda, message: dict[str, Any]) -> None:
    cloud.lab.console().hear(message)


def test_stopped_lab_invokes_nothing(cloud: Lambda) -> None:
    arn = cloud.create()["FunctionArn"]
    console = cloud.lab.console()
    cloud.lab.stop()
    answer = answer_to(console, {"function": arn, "kind": "Event", "payload": "{}"})
    assert answer["problem"].startswith("This lab has been stopped")


# Without a page


def test_tables_tell_settings_as_they_are_and_counts_as_measured(cloud: Lambda) -> None:
    queue("work")
    cloud.create(MemorySize=256, Timeout=9)
    cloud.invoke()
    console = cloud.lab.console()
    text = str(console)
    (line,) = [each for each in text.splitlines() if "python3.14" in each]
    assert line.split() == [
        "f",
        "Active",
        "python3.14",
        "256",
        "9",
        "–",
        "≈",
        "1",
        "≈",
        "0",
        "≈",
        "0",
    ]
    bundle = console._repr_mimebundle_()
    assert bundle["text/plain"] == text
    assert "<td>256</td><td>9</td><td>–</td><td>≈ 1</td>" in bundle["text/html"]
    cloud.invoke()
    again = console._repr_mimebundle_()
    for kind in ("text/plain", "text/html"):
        compared = [re.sub(r" *≈ \d+", " ≈ N", each[kind]) for each in (bundle, again)]
        assert compared[0] == compared[1], "a stored notebook compares equal"


def test_second_call_shows_the_same_lab_and_an_old_console_its_end(cloud: Lambda) -> None:
    console = cloud.lab.console()
    assert cloud.lab.console() is console
    with Lab.start() as other:
        assert str(other.console()) == "Lab console, us-east-1: no functions yet."
        assert str(console) == "Lab console: this lab has been stopped."
        assert console._repr_html_() == (
            "<p><strong>Lab console: this lab has been stopped.</strong></p>"
        )


def test_hundreds_of_functions_are_cut_in_the_tables(cloud: Lambda) -> None:
    names = [f"f-{number}" for number in range(60)]
    for name in names:
        cloud.create(FunctionName=name)
    text = str(cloud.lab.console())
    assert "f-49 " in text
    assert "f-50 " not in text
    assert text.endswith("… and 10 more")


def test_old_records_dropped_are_noted_in_the_tables() -> None:
    history = History(longest=1)
    ended = EventEnded("id", "arn", "Success", 1, None, 0.0)  # type: ignore[arg-type]
    for _ in range(3):
        history.record(ended)
    console = Console(Source("us-east-1", {}, history, lambda: True, dict, list))
    assert str(console).endswith("≈ 2 older records were dropped: counts leave them out.")
