"""Tables, streams, queues, topics, buckets and event buses, as they stand in the lab."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from .draft import DATA, MESSAGES, TOP, Draft

_QUEUE = {
    "ContentBasedDeduplication": "false",
    "DeduplicationScope": "queue",
    "DelaySeconds": "0",
    "FifoQueue": "false",
    "FifoThroughputLimit": "perQueue",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "VisibilityTimeout": "30",
}
"""The attributes that a template can set, with what SQS gives where it doesn't."""


def find_data(draft: Draft) -> None:
    """Give every resource that holds data its place, before anything refers to one."""
    for name in draft.pages("dynamodb", "list_tables", "TableNames"):
        table = draft.client("dynamodb").describe_table(TableName=name)["Table"]
        logical = draft.logical(name, "Table")
        draft.place(table["TableArn"], DATA, logical)
        if "LatestStreamArn" in table:
            draft.place(table["LatestStreamArn"], DATA, logical, "StreamArn")
        draft.resources[logical] = _table(draft, table)
    for name in draft.pages("kinesis", "list_streams", "StreamNames"):
        shown = draft.client("kinesis").describe_stream_summary(StreamName=name)
        stream = shown["StreamDescriptionSummary"]
        logical = draft.logical(name, "Stream")
        draft.place(stream["StreamARN"], DATA, logical)
        draft.resources[logical] = _stream(stream)
    for bus in draft.pages("events", "list_event_buses", "EventBuses"):
        if bus["Name"] != "default":
            logical = draft.logical(bus["Name"], "Bus")
            draft.place(bus["Arn"], DATA, logical)
            properties = {"Name": bus["Name"]}
            draft.resources[logical] = {"Type": "AWS::Events::EventBus", "Properties": properties}
    _find_buckets(draft)
    _find_queues(draft)
    _find_topics(draft)


def _table(draft: Draft, table: dict[str, Any]) -> dict[str, Any]:
    name = table["TableName"]
    mode = table.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED")
    properties: dict[str, Any] = {"TableName": name, "BillingMode": mode}
    properties["AttributeDefinitions"] = table["AttributeDefinitions"]
    properties["KeySchema"] = table["KeySchema"]
    if mode == "PROVISIONED":
        properties["ProvisionedThroughput"] = _throughput(table)
    for member in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
        indexes = [
            {key: index[key] for key in ("IndexName", "KeySchema", "Projection")}
            | (
                {"ProvisionedThroughput": _throughput(index)}
                if mode == "PROVISIONED" and member.startswith("Global")
                else {}
            )
            for index in table.get(member) or []
        ]
        if indexes:
            properties[member] = indexes
    stream = table.get("StreamSpecification") or {}
    if stream.get("StreamEnabled"):
        properties["StreamSpecification"] = {"StreamViewType": stream["StreamViewType"]}
    shown = draft.client("dynamodb").describe_time_to_live(TableName=name)
    expiry = shown["TimeToLiveDescription"]
    if expiry.get("TimeToLiveStatus") == "ENABLED":
        wanted = {"AttributeName": expiry["AttributeName"], "Enabled": True}
        properties["TimeToLiveSpecification"] = wanted
    return {"Type": "AWS::DynamoDB::Table", "Properties": properties}


def _throughput(of: dict[str, Any]) -> dict[str, int]:
    units = of["ProvisionedThroughput"]
    return {name: units[name] for name in ("ReadCapacityUnits", "WriteCapacityUnits")}


def _stream(stream: dict[str, Any]) -> dict[str, Any]:
    properties: dict[str, Any] = {"Name": stream["StreamName"]}
    if stream.get("StreamModeDetails", {}).get("StreamMode") == "ON_DEMAND":
        properties["StreamModeDetails"] = {"StreamMode": "ON_DEMAND"}
    else:
        properties["ShardCount"] = stream["OpenShardCount"]
    properties["RetentionPeriodHours"] = stream["RetentionPeriodHours"]
    return {"Type": "AWS::Kinesis::Stream", "Properties": properties}


def _find_buckets(draft: Draft) -> None:
    s3 = draft.client("s3")
    for name in sorted(each["Name"] for each in s3.list_buckets()["Buckets"]):
        logical = draft.logical(name, "Bucket")
        parameter = draft.buckets[name] = f"{logical}Name"
        draft.parameters[parameter] = {
            "Type": "String",
            "Default": name,
            "Description": "Names of buckets are unique in the world: choose one of your own.",
        }
        properties: dict[str, Any] = {"BucketName": {"Ref": parameter}}
        if status := s3.get_bucket_versioning(Bucket=name).get("Status"):
            properties["VersioningConfiguration"] = {"Status": status}
        draft.resources[logical] = {"Type": "AWS::S3::Bucket", "Properties": properties}


def bucket_policies(draft: Draft) -> None:
    """Write the policies of buckets; they may refer to anything."""
    for name in sorted(draft.buckets):
        try:
            text = draft.client("s3").get_bucket_policy(Bucket=name)["Policy"]
        except ClientError:
            continue
        parameter = draft.buckets[name]
        logical = parameter.removesuffix("Name")
        draft.resources[draft.logical(logical, "Policy")] = {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": logical},
                "PolicyDocument": draft.refer(json.loads(text)),
            },
        }


def _find_queues(draft: Draft) -> None:
    sqs = draft.client("sqs")
    found = []
    for url in draft.pages("sqs", "list_queues", "QueueUrls"):
        asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        attributes = asked["Attributes"]
        name = attributes["QueueArn"].rpartition(":")[2]
        logical = draft.logical(name.removesuffix(".fifo"), "Queue")
        draft.place(attributes["QueueArn"], MESSAGES, logical)
        draft.place(url, MESSAGES, logical, "")
        found.append((logical, name, attributes))
    for logical, name, attributes in found:
        properties: dict[str, Any] = {"QueueName": name}
        for member, usual in _QUEUE.items():
            value = attributes.get(member, usual)
            if value != usual:
                properties[member] = int(value) if value.isdigit() else _truth(value)
        if text := attributes.get("RedrivePolicy"):
            policy = json.loads(text)
            properties["RedrivePolicy"] = {
                "deadLetterTargetArn": draft.refer(policy["deadLetterTargetArn"], MESSAGES + 1),
                "maxReceiveCount": int(policy["maxReceiveCount"]),
            }
        if text := attributes.get("RedriveAllowPolicy"):
            allowed = draft.refer(json.loads(text), MESSAGES)
            properties["RedriveAllowPolicy"] = allowed
        draft.resources[logical] = {"Type": "AWS::SQS::Queue", "Properties": properties}


def _truth(text: str) -> Any:
    return {"true": True, "false": False}.get(text, text)


def _find_topics(draft: Draft) -> None:
    for topic in draft.pages("sns", "list_topics", "Topics"):
        arn = topic["TopicArn"]
        shown = draft.client("sns").get_topic_attributes(TopicArn=arn)["Attributes"]
        name = arn.rpartition(":")[2]
        logical = draft.logical(name.removesuffix(".fifo"), "Topic")
        draft.place(arn, MESSAGES, logical, "")
        properties: dict[str, Any] = {"TopicName": name}
        if shown.get("DisplayName"):
            properties["DisplayName"] = shown["DisplayName"]
        for member in ("FifoTopic", "ContentBasedDeduplication"):
            if shown.get(member) == "true":
                properties[member] = True
        draft.resources[logical] = {"Type": "AWS::SNS::Topic", "Properties": properties}


def message_policies(draft: Draft) -> None:
    """Write the policies of queues and topics; they may refer to anything."""
    sqs, sns = draft.client("sqs"), draft.client("sns")
    for address, place in sorted(draft.places.items()):
        logical = place.short.partition(".")[0]
        kind = draft.resources.get(logical, {}).get("Type")
        if kind == "AWS::SQS::Queue" and not place.short.endswith(".Arn"):
            asked = sqs.get_queue_attributes(QueueUrl=address, AttributeNames=["Policy"])
            text = asked.get("Attributes", {}).get("Policy")
            members = {"Queues": [{"Ref": logical}]}
        elif kind == "AWS::SNS::Topic":
            text = sns.get_topic_attributes(TopicArn=address)["Attributes"].get("Policy")
            members = {"Topics": [{"Ref": logical}]}
        else:
            continue
        document = json.loads(text) if text else {}
        if not document or document.get("Id") == "__default_policy_ID":
            continue
        document = draft.refer(document, TOP)
        draft.resources[draft.logical(logical, "Policy")] = {
            "Type": f"{kind}Policy",
            "Properties": {**members, "PolicyDocument": document},
        }
