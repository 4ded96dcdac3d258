"""Tables, buckets and streams; changing them never loses what they hold."""

from __future__ import annotations

import json
from typing import Any

from labsupport.errors import LabValueError

from .kind import Cloud, Kind, Made, Properties, tags_of, without

_TABLE_APART = (
    *("TableName", "Tags", "StreamSpecification", "TimeToLiveSpecification", "SSESpecification"),
    "PointInTimeRecoverySpecification",
)
_KEYS = ("KeySchema", "AttributeDefinitions", "GlobalSecondaryIndexes", "LocalSecondaryIndexes")
_BUCKET = {
    "VersioningConfiguration": "put_bucket_versioning",
    "PublicAccessBlockConfiguration": "put_public_access_block",
}


def _create_table(cloud: Cloud, logical: str, properties: Properties) -> Made:
    name = properties.get("TableName") or cloud.named(logical)
    settings = without(properties, *_TABLE_APART) | {"TableName": name}
    if stream := properties.get("StreamSpecification"):
        settings["StreamSpecification"] = {"StreamEnabled": True, **stream}
    if sse := properties.get("SSESpecification"):
        settings["SSESpecification"] = {
            "Enabled" if key == "SSEEnabled" else key: value for key, value in sse.items()
        }
    if tags := tags_of(properties):
        settings["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    cloud.call("dynamodb", "create_table", **settings)
    _table_extras(cloud, name, properties)
    return _table(cloud, name)


def _update_table(cloud: Cloud, made: Made, before: Properties, after: Properties) -> Made:
    for member in _KEYS:
        if before.get(member) != after.get(member):
            raise LabValueError(
                f"the {member} of a table cannot change while it holds items; give the table "
                "another TableName"
            )
    members = ("BillingMode", "ProvisionedThroughput", "DeletionProtectionEnabled")
    changes = {name: after[name] for name in members if before.get(name) != after.get(name)}
    old, new = before.get("StreamSpecification"), after.get("StreamSpecification")
    if old != new:
        wanted = {"StreamEnabled": True, **new} if new else {"StreamEnabled": False}
        changes["StreamSpecification"] = wanted
    if changes:
        cloud.call("dynamodb", "update_table", TableName=made.ref, **changes)
    _table_extras(cloud, made.ref, after)
    return _table(cloud, made.ref)


def _table_extras(cloud: Cloud, name: str, properties: Properties) -> None:
    for member, operation in (
        ("TimeToLiveSpecification", "update_time_to_live"),
        ("PointInTimeRecoverySpecification", "update_continuous_backups"),
    ):
        if member in properties:
            cloud.call("dynamodb", operation, TableName=name, **{member: properties[member]})


def _table(cloud: Cloud, name: str) -> Made:
    table = cloud.call("dynamodb", "describe_table", TableName=name)["Table"]
    attributes = {"Arn": table["TableArn"], "StreamArn": table.get("LatestStreamArn", "")}
    return Made(name, attributes)


def _delete_table(cloud: Cloud, made: Made) -> None:
    cloud.call("dynamodb", "delete_table", TableName=made.ref)


def _create_bucket(cloud: Cloud, logical: str, properties: Properties) -> Made:
    name = properties.get("BucketName") or cloud.named(logical).lower()
    place = {}
    if cloud.region != "us-east-1":
        place["CreateBucketConfiguration"] = {"LocationConstraint": cloud.region}
    cloud.call("s3", "create_bucket", Bucket=name, **place)
    made = Made(name, {"Arn": f"arn:aws:s3:::{name}"})
    return _update_bucket(cloud, made, {}, properties)


def _update_bucket(cloud: Cloud, made: Made, before: Properties, after: Properties) -> Made:
    known = {"BucketName", "NotificationConfiguration", "Tags", *_BUCKET}
    if unknown := sorted(after.keys() - known):
        raise LabValueError(f"its property {unknown[0]} is not known here; leave it out")
    for member, operation in _BUCKET.items():
        if member in after:
            cloud.call("s3", operation, Bucket=made.ref, **{member: after[member]})
    old, new = before.get("NotificationConfiguration"), after.get("NotificationConfiguration")
    if old != new:
        cloud.call(
            "s3",
            "put_bucket_notification_configuration",
            Bucket=made.ref,
            NotificationConfiguration=_notifications(new or {}),
        )
    if tags := tags_of(after):
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        cloud.call("s3", "put_bucket_tagging", Bucket=made.ref, Tagging={"TagSet": listed})
    return made


def _notifications(configuration: Properties) -> dict[str, Any]:
    """A notification configuration as S3's API has it, from CloudFormation's."""
    wanted: dict[str, Any] = {}
    for member, target, plural, arn in (
        ("LambdaConfigurations", "Function", "LambdaFunctionConfigurations", "LambdaFunctionArn"),
        ("QueueConfigurations", "Queue", "QueueConfigurations", "QueueArn"),
        ("TopicConfigurations", "Topic", "TopicConfigurations", "TopicArn"),
    ):
        # CloudFormation has one event to a configuration, S3 has several.
        merged: dict[str, dict[str, Any]] = {}
        for each in configuration.get(member) or []:
            rules = ((each.get("Filter") or {}).get("S3Key") or {}).get("Rules")
            one = merged.setdefault(
                json.dumps([each[target], rules], sort_keys=True),
                {arn: each[target], "Events": []}
                | ({"Filter": {"Key": {"FilterRules": rules}}} if rules else {}),
            )
            one["Events"].append(each["Event"])
        if merged:
            wanted[plural] = list(merged.values())
    bridge = configuration.get("EventBridgeConfiguration")
    if bridge is not None and str(bridge.get("EventBridgeEnabled", True)).lower() == "true":
        wanted["EventBridgeConfiguration"] = {}
    return wanted


def _delete_bucket(cloud: Cloud, made: Made) -> None:
    cloud.call("s3", "delete_bucket", Bucket=made.ref)


def _put_bucket_policy(cloud: Cloud, logical: str, properties: Properties) -> Made:
    bucket, text = properties["Bucket"], json.dumps(properties["PolicyDocument"])
    cloud.call("s3", "put_bucket_policy", Bucket=bucket, Policy=text)
    return Made(bucket)


def _delete_bucket_policy(cloud: Cloud, made: Made) -> None:
    cloud.call("s3", "delete_bucket_policy", Bucket=made.ref)


def _create_stream(cloud: Cloud, logical: str, properties: Properties) -> Made:
    name = properties.get("Name") or cloud.named(logical)
    settings = {
        key: properties[key] for key in ("ShardCount", "StreamModeDetails") if key in properties
    }
    if not settings:
        settings["ShardCount"] = 1
    if tags := tags_of(properties):
        settings["Tags"] = tags
    cloud.call("kinesis", "create_stream", StreamName=name, **settings)
    shown = cloud.call("kinesis", "describe_stream_summary", StreamName=name)
    made = Made(name, {"Arn": shown["StreamDescriptionSummary"]["StreamARN"]})
    return _update_stream(cloud, made, properties, properties)


def _update_stream(cloud: Cloud, made: Made, before: Properties, after: Properties) -> Made:
    if before.get("ShardCount") != after.get("ShardCount") and "ShardCount" in after:
        wanted = {"TargetShardCount": after["ShardCount"], "ScalingType": "UNIFORM_SCALING"}
        cloud.call("kinesis", "update_shard_count", StreamName=made.ref, **wanted)
    if "RetentionPeriodHours" in after:
        place = {"StreamName": made.ref}
        shown = cloud.call("kinesis", "describe_stream_summary", **place)
        has = int(shown["StreamDescriptionSummary"]["RetentionPeriodHours"])
        wants = int(after["RetentionPeriodHours"])
        if wants != has:
            change = "increase" if wants > has else "decrease"
            operation = f"{change}_stream_retention_period"
            cloud.call("kinesis", operation, **place, RetentionPeriodHours=wants)
    return made


def _delete_stream(cloud: Cloud, made: Made) -> None:
    cloud.call("kinesis", "delete_stream", StreamName=made.ref)


KINDS = {
    "AWS::DynamoDB::Table": Kind(_create_table, _delete_table, _update_table, "TableName"),
    "AWS::S3::Bucket": Kind(_create_bucket, _delete_bucket, _update_bucket, "BucketName"),
    "AWS::S3::BucketPolicy": Kind(_put_bucket_policy, _delete_bucket_policy),
    "AWS::Kinesis::Stream": Kind(_create_stream, _delete_stream, _update_stream, "Name"),
}
