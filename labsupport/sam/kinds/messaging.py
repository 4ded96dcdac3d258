"""Queues and topics."""

from __future__ import annotations

import json
from typing import Any

from .kind import Cloud, Kind, Made, Properties, tags_of, without


def _create_queue(cloud: Cloud, logical: str, properties: Properties) -> Made:
    fifo = ".fifo" if str(properties.get("FifoQueue", "")).lower() == "true" else ""
    name = properties.get("QueueName") or cloud.named(logical) + fifo
    attributes = _texts(without(properties, "QueueName", "Tags"))
    settings: dict[str, Any] = {"QueueName": name, "Attributes": attributes}
    if tags := tags_of(properties):
        settings["tags"] = tags
    url = cloud.call("sqs", "create_queue", **settings)["QueueUrl"]
    asked = cloud.call("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["QueueArn"])
    arn = asked["Attributes"]["QueueArn"]
    return Made(url, {"Arn": arn, "QueueName": name, "QueueUrl": url})


def _update_queue(cloud: Cloud, made: Made, before: Properties, after: Properties) -> Made:
    attributes = _texts(without(after, "QueueName", "Tags", "FifoQueue"))
    if "RedrivePolicy" in before and "RedrivePolicy" not in after:
        attributes["RedrivePolicy"] = ""
    if attributes:
        cloud.call("sqs", "set_queue_attributes", QueueUrl=made.ref, Attributes=attributes)
    return made


def _delete_queue(cloud: Cloud, made: Made) -> None:
    cloud.call("sqs", "delete_queue", QueueUrl=made.ref)


def _put_queue_policy(cloud: Cloud, logical: str, properties: Properties) -> Made:
    policy = {"Policy": json.dumps(properties["PolicyDocument"])}
    for url in properties["Queues"]:
        cloud.call("sqs", "set_queue_attributes", QueueUrl=url, Attributes=policy)
    return Made(cloud.named(logical), {}, properties["Queues"])


def _remove_queue_policy(cloud: Cloud, made: Made) -> None:
    for url in made.handle:
        cloud.call("sqs", "set_queue_attributes", QueueUrl=url, Attributes={"Policy": ""})


def _create_topic(cloud: Cloud, logical: str, properties: Properties) -> Made:
    fifo = ".fifo" if str(properties.get("FifoTopic", "")).lower() == "true" else ""
    name = properties.get("TopicName") or cloud.named(logical) + fifo
    attributes = _texts(without(properties, "TopicName", "Subscription", "Tags"))
    arn = cloud.call("sns", "create_topic", Name=name, Attributes=attributes)["TopicArn"]
    for each in properties.get("Subscription") or []:
        cloud.call("sns", "subscribe", TopicArn=arn, **each)
    return Made(arn, {"TopicName": name, "TopicArn": arn})


def _update_topic(cloud: Cloud, made: Made, before: Properties, after: Properties) -> Made:
    for each in after.get("Subscription") or []:
        if each not in (before.get("Subscription") or []):
            cloud.call("sns", "subscribe", TopicArn=made.ref, **each)
    changed = _texts(without(after, "TopicName", "Subscription", "Tags", "FifoTopic"))
    for name, value in changed.items():
        setting = {"AttributeName": name, "AttributeValue": value}
        cloud.call("sns", "set_topic_attributes", TopicArn=made.ref, **setting)
    return made


def _delete_topic(cloud: Cloud, made: Made) -> None:
    cloud.call("sns", "delete_topic", TopicArn=made.ref)


def _put_topic_policy(cloud: Cloud, logical: str, properties: Properties) -> Made:
    text = json.dumps(properties["PolicyDocument"])
    for arn in properties["Topics"]:
        policy = {"AttributeName": "Policy", "AttributeValue": text}
        cloud.call("sns", "set_topic_attributes", TopicArn=arn, **policy)
    return Made(cloud.named(logical))


def _keep_topic_policy(cloud: Cloud, made: Made) -> None:
    """Leave the policy: SNS has no way to take it away, but by another."""


def _subscribe(cloud: Cloud, logical: str, properties: Properties) -> Made:
    place = {name: properties[name] for name in ("Protocol", "TopicArn")}
    attributes = _texts(without(properties, "Protocol", "TopicArn", "Endpoint", "Region"))
    asked = {**place, "Endpoint": properties["Endpoint"], "Attributes": attributes}
    answer = cloud.call("sns", "subscribe", **asked, ReturnSubscriptionArn=True)
    return Made(answer["SubscriptionArn"])


def _unsubscribe(cloud: Cloud, made: Made) -> None:
    cloud.call("sns", "unsubscribe", SubscriptionArn=made.ref)


def _texts(settings: dict[str, Any]) -> dict[str, str]:
    """Attributes as SQS and SNS have them: all text."""
    return {
        name: json.dumps(value) if isinstance(value, dict | list | bool) else str(value)
        for name, value in settings.items()
    }


KINDS = {
    "AWS::SQS::Queue": Kind(_create_queue, _delete_queue, _update_queue, "QueueName"),
    "AWS::SQS::QueuePolicy": Kind(_put_queue_policy, _remove_queue_policy),
    "AWS::SNS::Topic": Kind(_create_topic, _delete_topic, _update_topic, "TopicName"),
    "AWS::SNS::TopicPolicy": Kind(_put_topic_policy, _keep_topic_policy),
    "AWS::SNS::Subscription": Kind(_subscribe, _unsubscribe),
}
