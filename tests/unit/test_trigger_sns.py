"""SNS topics whose messages reach functions: records, filters, failures."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from labsupport import Lab
from labsupport.triggers.sns_filters import wanted
from tests.unit.functions_lab import Lambda, wait_until, zipped

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
ECHO = "def handler(event, context): return event\n"


class Topic:
    """A topic "t" to which function "f" has subscribed; what "f" returns goes to queue "seen"."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.cloud = Lambda(lab)
        self.sns, self.sqs = boto3.client("sns"), boto3.client("sqs")
        self.arn = self.sns.create_topic(Name="t")["TopicArn"]
        self.cloud.create(ECHO)
        self.seen, arn = self.queue("seen")
        self.cloud.client.put_function_event_invoke_config(
            FunctionName="f", DestinationConfig={"OnSuccess": {"Destination": arn}}
        )
        self.permit()

    def permit(self) -> None:
        self.cloud.client.add_permission(
            FunctionName="f",
            StatementId="sns",
            Action="lambda:InvokeFunction",
            Principal="sns.amazonaws.com",
            SourceArn=self.arn,
        )

    def queue(self, name: str, **attributes: str) -> tuple[str, str]:
        url = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, f"arn:aws:sqs:us-east-1:123456789012:{name}"

    def subscribe(self, protocol: str = "lambda", endpoint: str = FUNCTION, **more: str) -> str:
        answer = self.sns.subscribe(
            TopicArn=self.arn, Protocol=protocol, Endpoint=endpoint, Attributes=more
        )
        return str(answer["SubscriptionArn"])

    def publish(self, message: str = "hello", **more: Any) -> str:
        return str(self.sns.publish(TopicArn=self.arn, Message=message, **more)["MessageId"])

    def messages(self, url: str) -> list[dict[str, Any]]:
        return list(
            self.sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
            ).get("Messages", [])
        )

    def records(self) -> list[dict[str, Any]]:
        """What the function was given, once all is done."""
        self.lab.clock.advance(seconds=1)
        bodies = [json.loads(message["Body"]) for message in self.messages(self.seen)]
        return [body["requestPayload"]["Records"][0] for body in bodies]


@pytest.fixture
def topic() -> Iterator[Topic]:
    with Lab.start(speed=0.001) as lab:
        yield Topic(lab)


def test_record_is_complete_and_signed(topic: Topic) -> None:
    subscription = topic.subscribe()
    topic.publish("plain")
    message_id = topic.publish(
        "hello",
        Subject="greeting",
        MessageAttributes={
            "text": {"DataType": "String", "StringValue": "x"},
            "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
        },
    )
    by_text = {record["Sns"]["Message"]: record for record in topic.records()}
    plain, record = by_text["plain"], by_text["hello"]
    assert plain["Sns"]["Subject"] is None
    assert plain["Sns"]["MessageAttributes"] == {}
    assert (record["EventSource"], record["EventVersion"]) == ("aws:sns", "1.0")
    assert record["EventSubscriptionArn"] == subscription
    sns = record["Sns"]
    assert sns.keys() == {
        *("Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "SignatureVersion"),
        *("Signature", "SigningCertUrl", "UnsubscribeUrl", "MessageAttributes"),
    }
    assert (sns["MessageId"], sns["TopicArn"]) == (message_id, topic.arn)
    assert (sns["Message"], sns["Subject"]) == ("hello", "greeting")
    assert sns["MessageAttributes"] == {
        "text": {"Type": "String", "Value": "x"},
        "bytes": {"Type": "Binary", "Value": "AP8="},
    }
    assert sns["UnsubscribeUrl"].endswith(f"?Action=Unsubscribe&SubscriptionArn={subscription}")
    verify(topic, sns, "1")
    assert topic.lab.history.invocations[-1].caller == topic.arn


def verify(topic: Topic, sns: dict[str, str], version: str) -> None:
    """Check the signature with the certificate, as AWS's page tells subscribers to."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from moto.sns.models import sns_backends

    keys = sns_backends["123456789012"]["us-east-1"]._message_public_keys
    pem = keys[sns["SigningCertUrl"].rpartition("/")[2]]
    names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    text = "".join(f"{name}\n{sns[name]}\n" for name in names if sns.get(name) is not None)
    assert sns["SignatureVersion"] == version
    public = x509.load_pem_x509_certificate(pem).public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
    signature = base64.b64decode(sns["Signature"])
    public.verify(signature, text.encode(), padding.PKCS1v15(), algorithm)


def test_topic_chooses_how_messages_are_signed(topic: Topic) -> None:
    topic.sns.set_topic_attributes(
        TopicArn=topic.arn, AttributeName="SignatureVersion", AttributeValue="2"
    )
    topic.subscribe()
    topic.publish()
    verify(topic, topic.records()[0]["Sns"], "2")


def test_failing_function_is_tried_again_by_lambda(topic: Topic) -> None:
    topic.cloud.create("def handler(event, context): raise ValueError\n", FunctionName="g")
    topic.cloud.client.add_permission(
        FunctionName="g", StatementId="s", Action="lambda:InvokeFunction", Principal="*"
    )
    topic.subscribe(endpoint=FUNCTION[:-1] + "g")
    topic.publish()
    topic.lab.clock.advance(minutes=4)
    assert [i.attempt for i in topic.lab.history.invocations] == [1, 2, 3]
    assert [d.error for d in topic.lab.history.target_deliveries] == [""]


@pytest.mark.parametrize("loss", ["function", "permission"])
def test_what_the_function_cannot_get_goes_to_the_dead_letter_queue(
    topic: Topic, loss: str
) -> None:
    url, dead = topic.queue("dead")
    topic.subscribe(RedrivePolicy=json.dumps({"deadLetterTargetArn": dead}))
    if loss == "function":
        topic.cloud.client.delete_function(FunctionName="f")
    else:
        topic.cloud.client.remove_permission(FunctionName="f", StatementId="sns")
    message_id = topic.publish("kept", Subject="s")
    (message,) = topic.messages(url)
    body = json.loads(message["Body"])
    assert (body["Message"], body["MessageId"]) == ("kept", message_id)
    (delivery,) = topic.lab.history.target_deliveries
    assert delivery.error
    assert delivery.dead_letters == dead


def test_queue_that_is_gone_leaves_its_messages_in_the_dead_letter_queue(topic: Topic) -> None:
    url, dead = topic.queue("dead")
    gone, arn = topic.queue("gone")
    topic.subscribe("sqs", arn, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead}))
    topic.sqs.delete_queue(QueueUrl=gone)
    topic.publish("kept")
    assert json.loads(topic.messages(url)[0]["Body"])["Message"] == "kept"


def test_queues_get_notifications_or_the_raw_message(topic: Topic) -> None:
    plain, one = topic.queue("plain")
    raw, other = topic.queue("raw")
    topic.subscribe("sqs", one)
    topic.subscribe("sqs", other, RawMessageDelivery="true")
    attributes = {"n": {"DataType": "Number", "StringValue": "1"}}
    topic.publish("text", MessageAttributes=attributes)
    (message,) = topic.messages(plain)
    body = json.loads(message["Body"])
    assert body["MessageAttributes"] == {"n": {"Type": "Number", "Value": "1"}}
    verify(topic, {**body, "SigningCertUrl": body["SigningCertURL"]}, "1")
    (message,) = topic.messages(raw)
    assert message["Body"] == "text"
    assert message["MessageAttributes"] == attributes


def test_message_can_differ_by_protocol(topic: Topic) -> None:
    topic.subscribe()
    topic.publish(json.dumps({"default": "all", "lambda": "ours"}), MessageStructure="json")
    assert topic.records()[0]["Sns"]["Message"] == "ours"


def test_filter_policy_is_asked(topic: Topic) -> None:
    topic.subscribe(FilterPolicy='{"kind": ["a", {"prefix": "b"}]}')
    for kind in ("a", "bb", "c"):
        topic.publish(kind, MessageAttributes={"kind": {"DataType": "String", "StringValue": kind}})
    topic.publish("none")
    assert sorted(r["Sns"]["Message"] for r in topic.records()) == ["a", "bb"]


def test_filter_policy_can_look_into_the_body(topic: Topic) -> None:
    policy = '{"order": {"price": [{"numeric": [">", 10]}]}}'
    topic.subscribe(FilterPolicy=policy, FilterPolicyScope="MessageBody")
    for body in ('{"order": {"price": 11}}', '{"order": {"price": 9}}', "no JSON", "[1]"):
        topic.publish(body)
    assert [r["Sns"]["Message"] for r in topic.records()] == ['{"order": {"price": 11}}']


def text(value: str) -> dict[str, str]:
    return {"Type": "String", "Value": value}


@pytest.mark.parametrize(
    ("policy", "attributes", "expected"),
    [
        ({"a": ["x"]}, {"a": text("x")}, True),
        ({"a": ["x"]}, {}, False),
        ({"a": [{"exists": False}]}, {}, True),
        ({"a": [{"exists": True}]}, {}, False),
        ({"a": [{"anything-but": ["x"]}]}, {"a": text("y")}, True),
        ({"a": [{"anything-but": {"prefix": "x"}}]}, {"a": text("xy")}, False),
        ({"a": [{"suffix": "y"}]}, {"a": text("xy")}, True),
        ({"a": [{"equals-ignore-case": "XY"}]}, {"a": text("xY")}, True),
        ({"a": [1]}, {"a": {"Type": "Number", "Value": "1.0"}}, True),
        ({"a": [1]}, {"a": text("1")}, False),
        ({"a": [{"numeric": ["<", 3]}]}, {"a": {"Type": "Number", "Value": "2"}}, True),
        ({"a": ["x"]}, {"a": {"Type": "String.Array", "Value": '["w", "x"]'}}, True),
        ({"a": ["x"]}, {"a": {"Type": "Binary", "Value": "eA=="}}, False),
        ({"a": ["x"], "b": ["y"]}, {"a": text("x")}, False),
        ({"a.b": ["x"]}, {"a.b": text("x")}, True),
        ({"$or": [{"a": ["x"]}, {"b": ["y"]}]}, {"b": text("y")}, True),
        ({}, {}, True),
    ],
)
def test_attributes_match_a_policy(policy: Any, attributes: Any, expected: bool) -> None:
    assert wanted(policy, "MessageAttributes", attributes, "") is expected


def message_of(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    assert error["Code"] == "InvalidParameter"
    return str(error["Message"])


def test_what_functions_cannot_have_is_refused(topic: Topic) -> None:
    fifo = topic.sns.create_topic(Name="t.fifo", Attributes={"FifoTopic": "true"})["TopicArn"]
    assert message_of(
        topic.sns.subscribe, TopicArn=fifo, Protocol="lambda", Endpoint=FUNCTION
    ).endswith("Endpoint Reason: Please use FIFO SQS queue")
    subscription = {"SubscriptionArn": topic.subscribe()}
    set_attribute = topic.sns.set_subscription_attributes
    raw = {"AttributeName": "RawMessageDelivery", "AttributeValue": "true"}
    refused = message_of(set_attribute, **subscription, **raw)
    assert "Delivery protocol [lambda] does not support raw message delivery." in refused
    for policy in ("{", '{"a": "x"}', '{"a": [{"like": "x"}]}', "[]"):
        filtered = {"AttributeName": "FilterPolicy", "AttributeValue": policy}
        assert message_of(set_attribute, **subscription, **filtered).startswith("Invalid parameter")
    for policy in ("{", "{}", '{"deadLetterTargetArn": "nowhere"}'):
        redrive = {"AttributeName": "RedrivePolicy", "AttributeValue": policy}
        assert "is an invalid arn" in message_of(set_attribute, **subscription, **redrive)


def test_unsubscribed_function_hears_no_more(topic: Topic) -> None:
    topic.sns.unsubscribe(SubscriptionArn=topic.subscribe())
    topic.publish()
    assert topic.lab.history.target_deliveries == []


def test_publisher_does_not_wait_for_the_function(topic: Topic) -> None:
    slow = "import time\ndef handler(event, context): time.sleep(20)\n"
    topic.cloud.client.update_function_code(FunctionName="f", ZipFile=zipped(slow))
    topic.subscribe()
    topic.publish()
    wait_until(lambda: topic.lab.history.target_deliveries)
    assert topic.lab.history.invocations == []
