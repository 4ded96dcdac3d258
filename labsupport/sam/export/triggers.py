"""Mappings, notifications and subscriptions: events of functions where SAM can say it."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from .draft import Draft
from .events import Events

_MAPPING = (
    *("BatchSize", "MaximumBatchingWindowInSeconds", "ScalingConfig", "StartingPosition"),
    *("StartingPositionTimestamp", "ParallelizationFactor", "MaximumRecordAgeInSeconds"),
    *("MaximumRetryAttempts", "BisectBatchOnFunctionError", "TumblingWindowInSeconds"),
    *("FunctionResponseTypes", "FilterCriteria"),
)
_USUAL: dict[str, Any] = {
    "BisectBatchOnFunctionError": False,
    "FunctionResponseTypes": [],
    "MaximumBatchingWindowInSeconds": 0,
    "MaximumRecordAgeInSeconds": -1,
    "MaximumRetryAttempts": -1,
    "ParallelizationFactor": 1,
    "TumblingWindowInSeconds": 0,
}


def write_mappings(draft: Draft, events: Events) -> None:
    """Write the event source mappings of queues, streams and tables."""
    listed = draft.pages("lambda", "list_event_source_mappings", "EventSourceMappings")
    for mapping in sorted(
        listed, key=lambda each: (each.get("EventSourceArn", ""), each["FunctionArn"])
    ):
        source, target = mapping.get("EventSourceArn", ""), mapping["FunctionArn"]
        service = source.split(":")[2] if source else ""
        kind = {"sqs": "SQS", "kinesis": "Kinesis", "dynamodb": "DynamoDB"}.get(service)
        if kind is None or events.missing(target):
            draft.leave_out(f"The event source mapping of {source or 'Kafka'} to {target}.")
            continue
        wanted: dict[str, Any] = {}
        for member in _MAPPING:
            value = mapping.get(member)
            if value is not None and value != _USUAL.get(member):
                wanted[member] = value
        if "StartingPositionTimestamp" in wanted:
            wanted["StartingPositionTimestamp"] = wanted["StartingPositionTimestamp"].timestamp()
        if mapping.get("State") in ("Disabled", "Disabling"):
            wanted["Enabled"] = False
        if end := ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get(
            "Destination"
        ):
            wanted["DestinationConfig"] = {"OnFailure": {"Destination": draft.refer(end)}}
        function = events.function(target)
        if function is not None:
            called = "Queue" if kind == "SQS" else "Stream"
            name = source.split(":")[5].split("/")[1 if "/" in source else 0]
            events.add(function, name, kind, {called: draft.refer(source), **wanted})
            continue
        draft.resources[draft.logical(source.split(":")[5], "Mapping")] = {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {
                "EventSourceArn": draft.refer(source),
                "FunctionName": draft.refer(target),
                **wanted,
            },
        }


def write_notifications(draft: Draft, events: Events) -> None:
    """Write what buckets tell."""
    for bucket, parameter in sorted(draft.buckets.items()):
        shown = draft.client("s3").get_bucket_notification_configuration(Bucket=bucket)
        logical = parameter.removesuffix("Name")
        plain: dict[str, list[dict[str, Any]]] = {}
        for member, arn, list_name, called in (
            (
                "LambdaFunctionConfigurations",
                "LambdaFunctionArn",
                "LambdaConfigurations",
                "Function",
            ),
            ("QueueConfigurations", "QueueArn", "QueueConfigurations", "Queue"),
            ("TopicConfigurations", "TopicArn", "TopicConfigurations", "Topic"),
        ):
            for each in shown.get(member) or []:
                target, rules = each[arn], _rules(each)
                if events.missing(target):
                    draft.leave_out(f"The notification of the bucket {bucket} to {target}.")
                    continue
                function = events.function(target) if called == "Function" else None
                if function is not None:
                    wanted = {"Bucket": {"Ref": logical}, "Events": sorted(each["Events"]), **rules}
                    events.add(function, bucket, "S3", wanted)
                    draft.covered.add((target, "s3.amazonaws.com", f"arn:aws:s3:::{bucket}"))
                    continue
                plain.setdefault(list_name, []).extend(
                    {"Event": event, called: draft.refer(target), **rules}
                    for event in sorted(each["Events"])
                )
        configuration: dict[str, Any] = dict(sorted(plain.items()))
        if "EventBridgeConfiguration" in shown:
            configuration["EventBridgeConfiguration"] = {"EventBridgeEnabled": True}
        if configuration:
            resource = draft.resources[logical]
            resource["Properties"]["NotificationConfiguration"] = configuration


def _rules(notification: dict[str, Any]) -> dict[str, Any]:
    found = ((notification.get("Filter") or {}).get("Key") or {}).get("FilterRules") or []
    rules = [{"Name": rule["Name"].lower(), "Value": rule["Value"]} for rule in found]
    return {"Filter": {"S3Key": {"Rules": rules}}} if rules else {}


def write_subscriptions(draft: Draft, events: Events) -> None:
    """Write who has subscribed to topics."""
    listed = draft.pages("sns", "list_subscriptions", "Subscriptions")
    for each in sorted(listed, key=lambda one: (one["TopicArn"], one["Endpoint"])):
        topic, endpoint, protocol = each["TopicArn"], each["Endpoint"], each["Protocol"]
        name = topic.rpartition(":")[2]
        try:
            shown = draft.client("sns").get_subscription_attributes(
                SubscriptionArn=each["SubscriptionArn"]
            )["Attributes"]
        except ClientError:
            shown = {}
        if events.missing(endpoint) or draft.secret_in(endpoint):
            draft.leave_out(f"The subscription of {protocol} to the topic {name}.")
            continue
        wanted: dict[str, Any] = {}
        for member in ("FilterPolicy", "RedrivePolicy"):
            if shown.get(member):
                wanted[member] = draft.refer(json.loads(shown[member]))
        if "FilterPolicy" in wanted and shown.get("FilterPolicyScope") == "MessageBody":
            wanted["FilterPolicyScope"] = "MessageBody"
        function = events.function(endpoint) if protocol == "lambda" else None
        if function is not None:
            events.add(function, name, "SNS", {"Topic": draft.refer(topic), **wanted})
            draft.covered.add((endpoint, "sns.amazonaws.com", topic))
            continue
        if shown.get("RawMessageDelivery") == "true":
            wanted["RawMessageDelivery"] = True
        draft.resources[draft.logical(f"{name} {endpoint.rpartition(':')[2]}", "Subscription")] = {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": draft.refer(topic),
                "Protocol": protocol,
                "Endpoint": draft.refer(endpoint),
                **wanted,
            },
        }
