"""S3 notifications: what is told of objects, to whom, and what configurations are refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from labsupport import Lab
from labsupport.facts import fact
from labsupport.triggers.s3_configuration import Destination, Refused, read
from tests.unit.functions_lab import Lambda, wait_until

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
KEEP = (
    "import boto3, json\n"
    "def handler(event, context):\n"
    "    boto3.client('sqs').send_message(QueueUrl=boto3.client('sqs')\n"
    "        .get_queue_url(QueueName='seen')['QueueUrl'], MessageBody=json.dumps(event))\n"
)


class Bucket:
    """A bucket "bbb" that tells function "f", which keeps what it is told in the queue "seen"."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.cloud = Lambda(lab)
        self.s3, self.sqs = boto3.client("s3"), boto3.client("sqs")
        self.s3.create_bucket(Bucket="bbb")
        self.url = self.sqs.create_queue(QueueName="seen")["QueueUrl"]
        self.cloud.create(KEEP, Timeout=30)
        self.permit()

    def permit(self, function: str = "f") -> None:
        self.cloud.client.add_permission(
            FunctionName=function,
            StatementId="s3",
            Action="lambda:InvokeFunction",
            Principal="s3.amazonaws.com",
            SourceArn="arn:aws:s3:::bbb",
        )

    def configure(self, *events: str, kind: str = "LambdaFunction", arn: str = FUNCTION) -> None:
        entry = {f"{kind}Arn": arn, "Events": list(events)}
        self.put({f"{kind}Configurations": [entry]})

    def put(self, configuration: Any, **more: Any) -> None:
        self.s3.put_bucket_notification_configuration(
            Bucket="bbb", NotificationConfiguration=configuration, **more
        )

    def records(self, count: int) -> list[dict[str, Any]]:
        """The records that came, when there are so many."""
        found: list[dict[str, Any]] = []

        def receive() -> bool:
            got = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)
            for message in got.get("Messages", []):
                self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
                found.extend(json.loads(message["Body"])["Records"])
            return len(found) >= count

        wait_until(receive)
        return sorted(found, key=lambda record: record["s3"]["object"].get("sequencer", ""))


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with Lab.start() as lab:
        yield Bucket(lab)


def test_record_is_complete(bucket: Bucket) -> None:
    bucket.configure("s3:ObjectCreated:*")
    answer = bucket.s3.put_object(Bucket="bbb", Key="a folder/ä+b@c.txt", Body=b"eleven char")
    (record,) = bucket.records(1)
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["s3"]["object"]["key"] == "a+folder/%C3%A4%2Bb%40c.txt"
    assert record["s3"]["object"]["size"] == 11
    assert record["s3"]["object"]["eTag"] == answer["ETag"].strip('"')
    assert "versionId" not in record["s3"]["object"]
    assert record["requestParameters"] == {"sourceIPAddress": "127.0.0.1"}
    assert record["responseElements"] == {
        "x-amz-request-id": answer["ResponseMetadata"]["RequestId"],
        "x-amz-id-2": answer["ResponseMetadata"]["HTTPHeaders"]["x-amz-id-2"],
    }
    assert record["userIdentity"] == {"principalId": "AWS:123456789012"}
    (received,) = bucket.lab.history.target_deliveries
    assert (received.source, received.target) == ("arn:aws:s3:::bbb", FUNCTION)
    wait_until(lambda: bucket.lab.history.invocations)
    assert bucket.lab.history.invocations[0].caller == "arn:aws:s3:::bbb"


def test_object_is_whole_when_its_function_runs(bucket: Bucket) -> None:
    """Metadata and tags that the same request sets can be read by the function."""
    bucket.cloud.create(
        "import boto3\n"
        "def handler(event, context):\n"
        "    s3, of = boto3.client('s3'), {'Bucket': 'bbb', 'Key': 'k'}\n"
        "    return [s3.head_object(**of)['Metadata'], s3.get_object_tagging(**of)['TagSet']]\n",
        FunctionName="g",
    )
    bucket.permit("g")
    bucket.configure("s3:ObjectCreated:*", arn=FUNCTION[:-1] + "g")
    done = bucket.sqs.create_queue(QueueName="done")["QueueUrl"]
    bucket.cloud.client.put_function_event_invoke_config(
        FunctionName="g",
        DestinationConfig={"OnSuccess": {"Destination": "arn:aws:sqs:us-east-1:123456789012:done"}},
    )
    bucket.s3.put_object(Bucket="bbb", Key="k", Body=b"x", Metadata={"m": "1"}, Tagging="t=2")
    got: list[Any] = []
    wait_until(
        lambda: got.extend(bucket.sqs.receive_message(QueueUrl=done).get("Messages", [])) or got
    )
    payload = json.loads(got[0]["Body"])["responsePayload"]
    assert payload == [{"m": "1"}, [{"Key": "t", "Value": "2"}]]


def test_each_way_of_making_an_object_has_its_event_once(bucket: Bucket) -> None:
    s3 = bucket.s3
    bucket.configure("s3:ObjectCreated:*", "s3:ObjectTagging:*", "s3:ObjectAcl:Put")
    s3.put_object(Bucket="bbb", Key="put", Body=b"x", Tagging="a=b", ACL="public-read")
    s3.copy_object(Bucket="bbb", Key="copy", CopySource="bbb/put")
    upload = s3.create_multipart_upload(Bucket="bbb", Key="parts")["UploadId"]
    part = s3.upload_part(Bucket="bbb", Key="parts", UploadId=upload, PartNumber=1, Body=b"12345")
    s3.complete_multipart_upload(
        Bucket="bbb",
        Key="parts",
        UploadId=upload,
        MultipartUpload={"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]},
    )
    records = bucket.records(3)
    assert [(r["eventName"], r["s3"]["object"]["key"]) for r in records] == [
        ("ObjectCreated:Put", "put"),
        ("ObjectCreated:Copy", "copy"),
        ("ObjectCreated:CompleteMultipartUpload", "parts"),
    ]
    assert records[2]["s3"]["object"]["size"] == 5
    s3.put_object_tagging(Bucket="bbb", Key="put", Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
    (tagged,) = bucket.records(1)
    assert (tagged["eventName"], tagged["eventVersion"]) == ("ObjectTagging:Put", "2.3")
    assert tagged["s3"]["object"].keys() == {"key", "eTag"}
    assert len(bucket.lab.history.target_deliveries) == 4


def test_deleting_tells_what_became_of_the_object(bucket: Bucket) -> None:
    s3 = bucket.s3
    s3.put_object(Bucket="bbb", Key="k", Body=b"x")
    bucket.configure("s3:ObjectRemoved:*")
    s3.delete_object(Bucket="bbb", Key="k")
    s3.delete_object(Bucket="bbb", Key="k")  # there is nothing any more
    (deleted,) = bucket.records(1)
    assert deleted["eventName"] == "ObjectRemoved:Delete"
    assert deleted["s3"]["object"].keys() == {"key", "sequencer"}
    versioned = {"Status": "Enabled"}
    s3.put_bucket_versioning(Bucket="bbb", VersioningConfiguration=versioned)
    version = s3.put_object(Bucket="bbb", Key="k", Body=b"x")["VersionId"]
    marker = s3.delete_object(Bucket="bbb", Key="k")["VersionId"]
    s3.delete_object(Bucket="bbb", Key="k", VersionId=version)
    names = [(r["eventName"], r["s3"]["object"]["versionId"]) for r in bucket.records(2)]
    assert names == [
        ("ObjectRemoved:DeleteMarkerCreated", marker),
        ("ObjectRemoved:Delete", version),
    ]
    assert len(bucket.lab.history.target_deliveries) == 3


def test_deleting_many_tells_of_each(bucket: Bucket) -> None:
    for key in "xyz":
        bucket.s3.put_object(Bucket="bbb", Key=key, Body=b"x")
    bucket.configure("s3:ObjectRemoved:Delete")
    bucket.s3.delete_objects(Bucket="bbb", Delete={"Objects": [{"Key": key} for key in "xyz"]})
    assert [r["s3"]["object"]["key"] for r in bucket.records(3)] == ["x", "y", "z"]


def test_producer_does_not_wait_for_its_function(bucket: Bucket) -> None:
    """Nor does an object fail to be put because its function fails."""
    bucket.cloud.create(
        "import time\ndef handler(event, context): time.sleep(30)\n",
        FunctionName="slow",
        Timeout=60,
    )
    bucket.permit("slow")
    bucket.configure("s3:ObjectCreated:*", arn=FUNCTION[:-1] + "slow")
    bucket.s3.put_object(Bucket="bbb", Key="k", Body=b"x")
    assert bucket.lab.history.invocations == []


def test_filters_take_prefix_and_suffix_in_any_case(bucket: Bucket) -> None:
    rules = [{"Name": "Prefix", "Value": "in/"}, {"Name": "suffix", "Value": ".jpg"}]
    entry = {
        "LambdaFunctionArn": FUNCTION,
        "Events": ["s3:ObjectCreated:Put"],
        "Filter": {"Key": {"FilterRules": rules}},
    }
    bucket.put({"LambdaFunctionConfigurations": [entry]})
    for key in ("in/a.png", "out/a.jpg", "in/a.jpg"):
        bucket.s3.put_object(Bucket="bbb", Key=key, Body=b"x")
    (record,) = bucket.records(1)
    assert record["s3"]["object"]["key"] == "in/a.jpg"
    assert len(bucket.lab.history.target_deliveries) == 1
    shown = bucket.s3.get_bucket_notification_configuration(Bucket="bbb")
    (shown,) = shown["LambdaFunctionConfigurations"]
    assert [rule["Name"] for rule in shown["Filter"]["Key"]["FilterRules"]] == ["Prefix", "Suffix"]


def allow(bucket: Bucket, url: str, arn: str) -> None:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    bucket.sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})


def test_queues_and_topics_get_test_event_and_records(bucket: Bucket) -> None:
    url = bucket.sqs.create_queue(QueueName="q")["QueueUrl"]
    queue, sns = "arn:aws:sqs:us-east-1:123456789012:q", boto3.client("sns")
    allow(bucket, url, queue)
    topic = sns.create_topic(Name="t")["TopicArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    behind = bucket.sqs.create_queue(QueueName="behind")["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue[:-1] + "behind")
    bucket.put(
        {
            "QueueConfigurations": [{"QueueArn": queue, "Events": ["s3:ObjectCreated:*"]}],
            "TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectRemoved:*"]}],
        }
    )
    bucket.s3.put_object(Bucket="bbb", Key="k", Body=b"x")
    bucket.s3.delete_object(Bucket="bbb", Key="k")
    for source, names in ((url, "Created:Put"), (behind, "Removed:Delete")):
        got = bucket.sqs.receive_message(QueueUrl=source, MaxNumberOfMessages=10)["Messages"]
        test, real = (json.loads(message["Body"]) for message in got)
        if source == behind:
            assert real["Subject"] == "Amazon S3 Notification"
            test, real = json.loads(test["Message"]), json.loads(real["Message"])
        assert test["Event"] == "s3:TestEvent"
        assert test.keys() == {"Service", "Event", "Time", "Bucket", "RequestId", "HostId"}
        assert real["Records"][0]["eventName"] == f"Object{names}"


def test_function_that_recurses_through_s3_is_stopped(bucket: Bucket) -> None:
    bucket.cloud.create(
        "import boto3\n"
        "def handler(event, context):\n"
        "    key = event['Records'][0]['s3']['object']['key']\n"
        "    boto3.client('s3').put_object(Bucket='bbb', Key=key + 'x', Body=b'')\n",
        FunctionName="loop",
        Timeout=30,
    )
    bucket.permit("loop")
    bucket.configure("s3:ObjectCreated:*", arn=FUNCTION[:-1] + "loop")
    bucket.s3.put_object(Bucket="bbb", Key="x", Body=b"")
    bucket.lab.clock.advance(seconds=1)
    assert bucket.lab.history.throttles[0].reason == "RecursiveInvocation"
    assert len(bucket.lab.history.invocations) == fact("invoke.recursive_loop_after").value


def test_deleted_function_or_permission_taken_away_loses_the_event_alone(bucket: Bucket) -> None:
    bucket.configure("s3:ObjectCreated:*")
    bucket.cloud.client.remove_permission(FunctionName="f", StatementId="s3")
    bucket.s3.put_object(Bucket="bbb", Key="k", Body=b"x")
    bucket.cloud.client.delete_function(FunctionName="f")
    bucket.s3.put_object(Bucket="bbb", Key="k", Body=b"y")
    assert [bool(delivery.error) for delivery in bucket.lab.history.target_deliveries] == [True] * 2
    assert bucket.s3.get_object(Bucket="bbb", Key="k")["Body"].read() == b"y"


def test_destination_that_is_not_there_is_refused(bucket: Bucket) -> None:
    arn = "arn:aws:sqs:us-east-1:123456789012:none"
    with pytest.raises(ClientError) as caught:
        bucket.configure("s3:ObjectCreated:*", kind="Queue", arn=arn)
    assert caught.value.response["Error"] == {
        "Code": "InvalidArgument",
        "Message": "Unable to validate the following destination configurations",
        "ArgumentName1": arn,
        "ArgumentValue1": "The destination queue does not exist",
    }
    with pytest.raises(ClientError) as caught:
        bucket.configure("s3:ObjectCreated:*", kind="Queue", arn="invalid-queue")
    assert caught.value.response["Error"] == {
        "Code": "InvalidArgument",
        "Message": "The ARN could not be parsed",
        "ArgumentName": "Queue",
        "ArgumentValue": "invalid-queue",
    }


def test_empty_configuration_ends_notifications(bucket: Bucket) -> None:
    bucket.configure("s3:ObjectCreated:*")
    bucket.put({})
    bucket.s3.put_object(Bucket="bbb", Key="k", Body=b"x")
    assert bucket.lab.history.target_deliveries == []


def xml(*entries: tuple[str, str, str]) -> bytes:
    parts = "".join(
        f"<QueueConfiguration><Queue>arn:aws:sqs:us-east-1:1:q</Queue><Event>{event}</Event>"
        f"<Filter><S3Key><FilterRule><Name>Prefix</Name><Value>{prefix}</Value></FilterRule>"
        f"<FilterRule><Name>Suffix</Name><Value>{suffix}</Value></FilterRule></S3Key></Filter>"
        "</QueueConfiguration>"
        for event, prefix, suffix in entries
    )
    return f"<NotificationConfiguration>{parts}</NotificationConfiguration>".encode()


CREATED, PUT = "s3:ObjectCreated:*", "s3:ObjectCreated:Put"


@pytest.mark.parametrize(
    ("one", "other", "message"),
    [
        ((CREATED, "", ""), (PUT, "", ""), "Configurations overlap."),
        ((PUT, "", ""), (CREATED, "", ""), "Configurations overlap."),
        ((CREATED, "images/", ""), (CREATED, "images/2026/", ""), "ambiguously defined"),
        ((CREATED, "", "jpg"), (CREATED, "", ".jpg"), "ambiguously defined"),
        ((CREATED, "a", "x"), (PUT, "a", "x"), "ambiguously defined"),
        ((CREATED, "", ""), (PUT, "a", ""), "ambiguously defined"),
        ((CREATED, "a", ""), (CREATED, "b", ""), ""),
        ((CREATED, "a", "jpg"), (CREATED, "a", "png"), ""),
        ((CREATED, "", ""), ("s3:ObjectRemoved:*", "", ""), ""),
        ((PUT, "", ""), ("s3:ObjectCreated:Copy", "", ""), ""),
    ],
)
def test_rules_that_overlap_are_refused(one: Any, other: Any, message: str) -> None:
    if not message:
        assert len(read(xml(one, other), "us-east-1").destinations) == 2
        return
    with pytest.raises(Refused, match=message):
        read(xml(one, other), "us-east-1")


@pytest.mark.parametrize("event", ["s3:ObjectCreated", "s3:Nothing:*", "s3:ObjectCreated:Move", ""])
def test_events_that_s3_does_not_have_are_refused(event: str) -> None:
    with pytest.raises(Refused, match="not supported"):
        read(xml((event, "", "")), "us-east-1")


@pytest.mark.parametrize("document", [b"", b"<a", b"<NotificationConfiguration>", b"\xff"])
def test_configuration_that_is_no_xml_is_refused(document: bytes) -> None:
    with pytest.raises(Refused) as caught:
        read(document, "us-east-1")
    assert b"<Code>MalformedXML</Code>" in caught.value.document()


def test_wildcard_means_its_own_family_alone() -> None:
    destination = Destination("Queue", "i", "a", ("s3:ObjectRemoved:*",))
    assert destination.wants("ObjectRemoved:DeleteMarkerCreated", "k")
    assert not destination.wants("ObjectCreated:Put", "k")
