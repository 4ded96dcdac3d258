"""EventBridge: rules, what their targets get, and what becomes of events they can't have."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from labsupport import Lab
from labsupport.triggers.calling import Failure
from labsupport.triggers.delivery import Deliveries, Delivery
from labsupport.triggers.events_input import InputError, Origin, check_input, target_input
from tests.unit.functions_lab import Lambda

A = "us-east-1:123456789012"
FUNCTION = f"arn:aws:lambda:{A}:function:f"
ECHO = "def handler(event, context): return event\n"


class Bus:
    """A lab with function "f", whose results go to the queue "seen"."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.cloud = Lambda(lab)
        self.events, self.sqs = boto3.client("events"), boto3.client("sqs")
        self.cloud.create(ECHO)
        self.seen = self.queue("seen")
        self.cloud.client.put_function_event_invoke_config(
            FunctionName="f",
            DestinationConfig={"OnSuccess": {"Destination": f"arn:aws:sqs:{A}:seen"}},
        )
        self.permit("f")

    def permit(self, function: str) -> None:
        self.cloud.client.add_permission(
            FunctionName=function,
            StatementId="events",
            Action="lambda:InvokeFunction",
            Principal="events.amazonaws.com",
        )

    def queue(self, name: str, **attributes: str) -> str:
        return str(self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"])

    def rule(self, *targets: dict[str, Any], pattern: Any = None, **more: Any) -> None:
        text = json.dumps(pattern or {"source": ["app"]})
        self.events.put_rule(**{"Name": "r", "EventPattern": text} | more)
        numbered = [{"Id": str(n), **target} for n, target in enumerate(targets)]
        self.events.put_targets(Rule="r", Targets=numbered)

    def put(self, detail: Any = None, **more: Any) -> dict[str, Any]:
        entry = {"Source": "app", "DetailType": "t", "Detail": json.dumps(detail or {})}
        answer: dict[str, Any] = self.events.put_events(Entries=[entry | more])
        return answer

    def messages(self, url: str) -> list[dict[str, Any]]:
        received = self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return list(received.get("Messages", []))

    def payloads(self) -> list[Any]:
        """What the function was given, once all is done."""
        self.lab.clock.advance(seconds=1)
        return [json.loads(m["Body"])["requestPayload"] for m in self.messages(self.seen)]


@pytest.fixture
def bus() -> Iterator[Bus]:
    with Lab.start(speed=0.001) as lab:
        yield Bus(lab)


def test_event_reaches_function_with_all_its_members(bus: Bus) -> None:
    bus.rule({"Arn": FUNCTION})
    answer = bus.put({"a": 1}, Resources=["arn:x"])
    (event,) = bus.payloads()
    moment = event.pop("time")
    assert event == {
        "version": "0",
        "id": answer["Entries"][0]["EventId"],
        "detail-type": "t",
        "source": "app",
        "account": "123456789012",
        "region": "us-east-1",
        "resources": ["arn:x"],
        "detail": {"a": 1},
    }
    assert abs((datetime.fromisoformat(moment) - bus.lab.clock.now()).total_seconds()) < 10
    assert bus.lab.history.invocations[0].caller == f"arn:aws:events:{A}:rule/r"


def test_time_that_the_producer_gives_is_kept(bus: Bus) -> None:
    bus.rule({"Arn": FUNCTION})
    bus.put(Time="2020-02-29T12:00:00Z")
    assert bus.payloads()[0]["time"] == "2020-02-29T12:00:00Z"


def test_only_enabled_rules_that_match_send(bus: Bus) -> None:
    bus.rule({"Arn": FUNCTION}, pattern={"detail": {"n": [{"numeric": [">", 1]}]}})
    bus.put({"n": 1})
    bus.put({"n": 2})
    bus.events.disable_rule(Name="r")
    bus.put({"n": 3})
    bus.events.enable_rule(Name="r")
    bus.put({"n": 4})
    assert sorted(event["detail"]["n"] for event in bus.payloads()) == [2, 4]
    bus.events.remove_targets(Rule="r", Ids=["0"])
    bus.put({"n": 5})
    assert len(bus.lab.history.target_deliveries) == 2


def test_rule_sends_to_several_kinds_of_targets(bus: Bus) -> None:
    plain, behind = bus.queue("plain"), bus.queue("behind")
    fifo = bus.queue("q.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    sns, logs = boto3.client("sns"), boto3.client("logs")
    topic = sns.create_topic(Name="t")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{A}:behind")
    logs.create_log_group(logGroupName="/aws/events/g")
    bus.rule(
        {"Arn": f"arn:aws:sqs:{A}:plain", "InputPath": "$.detail"},
        {"Arn": f"arn:aws:sqs:{A}:q.fifo", "SqsParameters": {"MessageGroupId": "g"}},
        {"Arn": topic, "Input": '{"fixed": 1}'},
        {"Arn": f"arn:aws:logs:{A}:log-group:/aws/events/g"},
    )
    bus.put({"a": 1})
    assert json.loads(bus.messages(plain)[0]["Body"]) == {"a": 1}
    assert json.loads(bus.messages(fifo)[0]["Body"])["detail"] == {"a": 1}
    assert json.loads(json.loads(bus.messages(behind)[0]["Body"])["Message"]) == {"fixed": 1}
    stream = logs.describe_log_streams(logGroupName="/aws/events/g")["logStreams"][0]
    (written,) = logs.get_log_events(
        logGroupName="/aws/events/g", logStreamName=stream["logStreamName"]
    )["events"]
    assert json.loads(written["message"])["source"] == "app"
    assert [delivery.error for delivery in bus.lab.history.target_deliveries] == [""] * 5


def test_state_machine_is_started(bus: Bus) -> None:
    states = boto3.client("stepfunctions")
    definition = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    machine = states.create_state_machine(
        name="m", definition=json.dumps(definition), roleArn=bus.cloud.role
    )["stateMachineArn"]
    with pytest.raises(ClientError, match="RoleArn is required for target"):
        bus.rule({"Arn": machine})
    bus.rule({"Arn": machine, "RoleArn": bus.cloud.role})
    bus.put()
    assert len(states.list_executions(stateMachineArn=machine)["executions"]) == 1
    assert [delivery.error for delivery in bus.lab.history.target_deliveries] == [""]


def test_another_bus_forwards_once(bus: Bus) -> None:
    for name, target in (("one", "two"), ("two", "one")):
        arn = bus.events.create_event_bus(Name=name)["EventBusArn"].replace(name, target)
        bus.events.put_rule(Name="r", EventBusName=name, EventPattern='{"source": ["app"]}')
        targets = [{"Id": "bus", "Arn": arn}, {"Id": "f", "Arn": FUNCTION}]
        bus.events.put_targets(Rule="r", EventBusName=name, Targets=targets)
    bus.put(EventBusName="one")
    assert len(bus.payloads()) == 2
    errors = [d.error for d in bus.lab.history.target_deliveries if d.error]
    assert errors == ["An event that comes from another event bus isn't sent to a third one."]


@pytest.mark.parametrize(
    ("loss", "code"), [("function", "NO_PERMISSIONS"), ("permission", "NO_PERMISSIONS")]
)
def test_event_that_a_function_cannot_get_is_kept(bus: Bus, loss: str, code: str) -> None:
    dead = bus.queue("dead")
    bus.rule({"Arn": FUNCTION, "DeadLetterConfig": {"Arn": f"arn:aws:sqs:{A}:dead"}})
    if loss == "function":
        bus.cloud.client.delete_function(FunctionName="f")
    else:
        bus.cloud.client.remove_permission(FunctionName="f", StatementId="events")
    bus.put({"a": 1})
    (message,) = bus.messages(dead)
    assert json.loads(message["Body"])["detail"] == {"a": 1}
    attributes = {n: a["StringValue"] for n, a in message["MessageAttributes"].items()}
    assert attributes.pop("ERROR_MESSAGE")
    assert attributes == {
        "RULE_ARN": f"arn:aws:events:{A}:rule/r",
        "TARGET_ARN": FUNCTION,
        "ERROR_CODE": code,
        "RETRY_ATTEMPTS": "0",
    }
    assert bus.lab.history.target_deliveries[0].dead_letters == f"arn:aws:sqs:{A}:dead"


def test_queue_that_is_gone_leaves_the_event_in_the_dead_letter_queue(bus: Bus) -> None:
    dead, gone = bus.queue("dead"), bus.queue("gone")
    arns = [f"arn:aws:sqs:{A}:{name}" for name in ("gone", "dead")]
    bus.rule({"Arn": arns[0], "DeadLetterConfig": {"Arn": arns[1]}})
    bus.sqs.delete_queue(QueueUrl=gone)
    bus.put()
    (message,) = bus.messages(dead)
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"


@pytest.mark.parametrize(
    ("policy", "attempts", "exhausted"),
    [
        ({"MaximumRetryAttempts": 2}, 3, "MaximumRetryAttempts"),
        ({"MaximumRetryAttempts": 0}, 1, "MaximumRetryAttempts"),
        ({"MaximumEventAgeInSeconds": 60}, 6, "MaximumEventAgeInSeconds"),
    ],
)
def test_fault_that_may_pass_is_tried_again(
    bus: Bus, policy: Any, attempts: int, exhausted: str
) -> None:
    dead = bus.queue("dead")
    tried: list[int] = []

    def throttled(delivery: Delivery, number: int) -> Failure:
        tried.append(number)
        return Failure("THROTTLING", "Rate exceeded", 429)

    target = {"Arn": FUNCTION, "RetryPolicy": policy}
    target["DeadLetterConfig"] = {"Arn": f"arn:aws:sqs:{A}:dead"}
    Deliveries(bus.lab, throttled).begin(Delivery("arn:rule", target, "{}", "{}"))  # type: ignore[arg-type]
    bus.lab.clock.advance(hours=25)
    assert tried == list(range(1, attempts + 1))
    (message,) = bus.messages(dead)
    attributes = {n: a["StringValue"] for n, a in message["MessageAttributes"].items()}
    assert attributes["EXHAUSTED_RETRY_CONDITION"] == exhausted
    assert attributes["RETRY_ATTEMPTS"] == str(attempts - 1)


EVENT = {
    "version": "0",
    "id": "1",
    "detail-type": "t",
    "source": "app",
    "time": "2026-01-01T00:00:00Z",
    "resources": ["r0", "r1"],
    "detail": {"name": 'say "hi"', "n": 1, "list": [{"k": 1}, {"k": 2}], "empty": {}},
}
ORIGIN = Origin("arn:rule", "r", "2026-01-01T00:00:01Z")


@pytest.mark.parametrize(
    ("paths", "template", "expected"),
    [
        ({"n": "$.detail.n"}, '{"n": <n>}', '{"n": 1}'),
        ({"name": "$.detail.name"}, '{"n": <name>}', '{"n": "say \\"hi\\""}'),
        ({"name": "$.detail.name"}, '{"n": "<name>!"}', '{"n": "say \\"hi\\"!"}'),
        ({"t": "$.detail-type"}, '"Event of <t> type"', '"Event of t type"'),
        ({"d": "$.detail.list"}, '{"d": <d>}', '{"d": [{"k":1},{"k":2}]}'),
        ({"d": "$.detail.empty"}, '"<d>"', '"{}"'),
        ({"k": "$.detail.list[1].k"}, "<k>", "2"),
        ({"k": "$.detail.list[*].k"}, "<k>", "[1,2]"),
        ({"k": "$.resources[0]"}, '["<k>", <k>]', '["r0", "r0"]'),
        ({"none": "$.detail.none"}, '{"n": <none>}', '{"n": ""}'),
        ({"none": "$.detail.none"}, '"n <none>"', '"n "'),
        ({}, '"<aws.events.rule-arn> <aws.events.rule-name>"', '"arn:rule r"'),
        ({}, "<aws.events.event.ingestion-time>", '"2026-01-01T00:00:01Z"'),
        ({"a": "$.id"}, '"one <a>"\n"two <a>"', '"one 1"\n"two 1"'),
    ],
)
def test_input_transformer_fills_its_template(
    paths: dict[str, str], template: str, expected: str
) -> None:
    transformer = {"InputPathsMap": paths, "InputTemplate": template}
    target = {"Id": "1", "InputTransformer": transformer}
    check_input(target)
    assert target_input(target, EVENT, ORIGIN) == expected


def test_whole_events_can_stand_in_a_template() -> None:
    template = '{"event": <aws.events.event>, "json": <aws.events.event.json>}'
    target = {"Id": "1", "InputTransformer": {"InputTemplate": template}}
    check_input(target)
    made = json.loads(target_input(target, EVENT, ORIGIN))
    assert made["json"] == EVENT
    assert made["event"]["detailType"] == "t"
    assert not made["event"].keys() & {"detail", "detail-type"}


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"Input": "{}", "InputPath": "$"}, "Only one of Input, InputPath, or InputTransformer"),
        ({"Input": "{"}, "JSON syntax error in input"),
        ({"InputPath": "detail"}, "Invalid InputPath"),
        ({"InputTransformer": {"InputTemplate": "<no>"}}, "contains invalid placeholder no."),
        ({"InputTransformer": {"InputTemplate": "not quoted"}}, "Invalid InputTemplate"),
    ],
)
def test_input_that_cannot_be_made_is_refused(target: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_input({"Id": "1", **target})


def test_pattern_that_is_none_is_refused(bus: Bus) -> None:
    for pattern in ("{", "[]", '{"source": "app"}', '{"a": [{"like": "b"}]}', '{"a": []}'):
        with pytest.raises(ClientError) as caught:
            bus.events.put_rule(Name="r", EventPattern=pattern)
        error = caught.value.response["Error"]
        assert error["Code"] == "InvalidEventPatternException"
        assert error["Message"].startswith("Event pattern is not valid. Reason: ")


def test_pattern_can_be_tried(bus: Bus) -> None:
    event = json.dumps({**EVENT, "account": "1", "region": "us-east-1"})
    try_pattern = bus.events.test_event_pattern
    assert try_pattern(EventPattern='{"source": [{"prefix": "a"}]}', Event=event)["Result"]
    assert not try_pattern(EventPattern='{"source": ["b"]}', Event=event)["Result"]
    for wrong in ("{", "[]", "{}"):
        with pytest.raises(ClientError, match="Parameter Event is not valid"):
            try_pattern(EventPattern='{"source": ["b"]}', Event=wrong)


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ({"Detail": "{"}, "MalformedDetail"),
        ({"Detail": "[]"}, "MalformedDetail"),
        ({"Source": "aws.s3"}, "NotAuthorizedForSourceException"),
        ({"Detail": json.dumps({"x": "x" * 1_100_000})}, "InvalidArgument"),
        ({"DetailType": ""}, "InvalidArgument"),
    ],
)
def test_entry_that_is_no_event_is_told_apart(bus: Bus, entry: Any, code: str) -> None:
    bus.rule({"Arn": FUNCTION})
    good = {"Source": "app", "DetailType": "t", "Detail": "{}"}
    answer = bus.events.put_events(Entries=[{**good, **entry}, good])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == code
    assert answer["Entries"][1]["EventId"]
    assert len(bus.lab.history.target_deliveries) == 1


def test_archived_events_can_be_replayed(bus: Bus) -> None:
    default = f"arn:aws:events:{A}:event-bus/default"
    archive = bus.events.create_archive(ArchiveName="a", EventSourceArn=default)["ArchiveArn"]
    bus.put({"n": 1})
    bus.rule({"Arn": FUNCTION})
    bus.events.start_replay(
        ReplayName="again",
        EventSourceArn=archive,
        EventStartTime=0,
        EventEndTime=4102444800,
        Destination={"Arn": default},
    )
    (event,) = bus.payloads()
    assert (event["detail"], event["replay-name"]) == ({"n": 1}, "again")


def test_bucket_tells_event_bridge(bus: Bus) -> None:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket="bbb")
    s3.put_bucket_notification_configuration(
        Bucket="bbb", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    shown = s3.get_bucket_notification_configuration(Bucket="bbb")
    assert shown["EventBridgeConfiguration"] == {}
    bus.rule({"Arn": FUNCTION}, pattern={"source": ["aws.s3"]})
    s3.put_object(Bucket="bbb", Key="a b", Body=b"1234")
    s3.delete_object(Bucket="bbb", Key="a b")
    created, deleted = sorted(bus.payloads(), key=lambda event: str(event["detail-type"]))
    assert created["detail-type"] == "Object Created"
    assert created["resources"] == ["arn:aws:s3:::bbb"]
    assert created["detail"]["reason"] == "PutObject"
    assert created["detail"]["object"].keys() == {"key", "size", "etag", "sequencer"}
    assert created["detail"]["object"]["key"] == "a b"
    assert deleted["detail"]["deletion-type"] == "Permanently Deleted"
