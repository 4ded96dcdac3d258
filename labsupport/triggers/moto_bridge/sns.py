"""moto's SNS, whose deliveries to functions are ours.

moto signs every message for a queue with a new key, never tries a dead-letter queue, and knows a
part of the filter operators only.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Protocol

from labsupport.clock import LabClock
from labsupport.patching import Patches

from ..calling import Failure
from ..sns_filters import check_filter_policy, wanted
from ..sns_messages import Message, Signer
from . import queues
from .requests import current_request

MODULE = "moto.sns.models"
_FUNCTION = re.compile(r"arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+(:[\w$-]+)?")


@dataclass(frozen=True)
class Subscriber:
    """Who gets a message.

    Args:
        arn: the subscription's.
        dead_letters: the ARN of the subscription's dead-letter queue, "" for none.
        signature_version: the topic's.
    """

    arn: str
    endpoint: str
    dead_letters: str
    signature_version: str
    trace_header: str


class Subscriptions(Protocol):
    """Who delivers."""

    def deliver(self, message: Message, to: Subscriber) -> None:
        """Hand a message to a function."""

    def ended(self, message: Message, to: Subscriber, failure: Failure | None) -> None:
        """A message was handed to a queue, or wasn't."""


class Bridge:
    """moto's SNS, from `install` until `remove`."""

    def __init__(self, subscriptions: Subscriptions, clock: LabClock, signer: Signer) -> None:
        self._subscriptions = subscriptions
        self._clock = clock
        self._signer = signer
        self._patches = Patches()

    def install(self) -> None:
        """Take the place of moto's delivery to functions."""
        self._patches.when_imported(MODULE, self._install)

    def remove(self) -> None:
        """Leave moto as it was."""
        self._patches.remove()

    def _install(self, models: Any) -> None:
        self._patches.wrap(models.Subscription, "publish", self._publish)
        self._patches.wrap(models.SNSBackend, "subscribe", _subscribe)
        self._patches.wrap(models.SNSBackend, "set_subscription_attributes", _set_attribute)
        self._patches.replace(models.FilterPolicyMatcher, "matches", _wanted)

    def _publish(
        self,
        original: Any,
        subscription: Any,
        text: str,
        message_id: str,
        *,
        subject: str | None = None,
        message_attributes: Any = None,
        message_structure: str | None = None,
        **more: Any,
    ) -> None:
        if subscription.protocol not in ("lambda", "sqs"):
            original(
                subscription,
                text,
                message_id,
                subject=subject,
                message_attributes=message_attributes,
                message_structure=message_structure,
                **more,
            )
            return
        matcher = subscription._filter_policy_matcher
        if matcher is not None and not matcher.matches(message_attributes, text):
            return
        if message_structure == "json":
            text = subscription._parse_message_structure(text, subscription.protocol)
        message = Message(
            subscription.topic.arn,
            text,
            self._clock.now(),
            subject or None,
            message_attributes or {},
            message_id,
        )
        to = self._subscriber(subscription, message)
        if subscription.protocol == "lambda":
            self._subscriptions.deliver(message, to)
        else:
            self._subscriptions.ended(message, to, self._to_queue(subscription, message, to, more))

    def _to_queue(
        self, subscription: Any, message: Message, to: Subscriber, more: Any
    ) -> Failure | None:
        raw = str(subscription.attributes.get("RawMessageDelivery")).lower() == "true"
        signed = {} if raw else self._signer.sign(message, to.signature_version)
        return queues.send(
            to.endpoint,
            message.text if raw else message.notification(to.arn, signed),
            attributes=_as_queues_have_them(message.attributes) if raw else None,
            group_id=more.get("group_id"),
            deduplication_id=more.get("deduplication_id"),
            trace_header=to.trace_header,
            check_group_id=False,
        )

    def _subscriber(self, subscription: Any, message: Message) -> Subscriber:
        policy = json.loads(subscription.attributes.get("RedrivePolicy") or "{}")
        name, certificate = self._signer.certificate
        keys = subscription.topic.sns_backend._message_public_keys
        keys[name] = certificate
        return Subscriber(
            subscription.arn,
            subscription.endpoint,
            policy.get("deadLetterTargetArn", ""),
            str(getattr(subscription.topic, "signature_version", "1")),
            current_request().trace_header,
        )


def _subscribe(original: Any, backend: Any, topic_arn: str, endpoint: str, protocol: str) -> Any:
    from moto.sns.exceptions import SNSInvalidParameter

    if protocol == "lambda":
        if backend.get_topic(topic_arn).fifo_topic:
            raise SNSInvalidParameter(
                "Invalid parameter: Invalid parameter: Endpoint Reason: Please use FIFO SQS queue"
            )
        if not _FUNCTION.fullmatch(endpoint):
            raise SNSInvalidParameter("Invalid parameter: Lambda endpoint ARN")
    return original(backend, topic_arn, endpoint, protocol)


def _set_attribute(original: Any, backend: Any, arn: str, name: str, value: Any) -> None:
    from moto.sns.exceptions import SNSInvalidParameter

    subscription = backend.subscriptions.get(arn)
    protocol = subscription.protocol if subscription else ""
    if name == "RawMessageDelivery" and str(value).lower() == "true" and protocol == "lambda":
        raise SNSInvalidParameter(
            f"Invalid parameter: Attributes Reason: Delivery protocol [{protocol}] does not "
            "support raw message delivery."
        )
    if name == "RedrivePolicy" and value and not _is_redrive_policy(value):
        raise SNSInvalidParameter(
            "Invalid parameter: RedrivePolicy: deadLetterTargetArn is an invalid arn"
        )
    if name == "FilterPolicy" and value and value != "{}":
        try:
            check_filter_policy(value)
        except ValueError as error:
            raise SNSInvalidParameter(str(error)) from None
    original(backend, arn, name, value)


def _is_redrive_policy(value: str) -> bool:
    try:
        target = json.loads(value)["deadLetterTargetArn"]
    except (ValueError, KeyError, TypeError):
        return False
    return str(target).startswith("arn:aws:sqs:") and target.count(":") == 5


def _wanted(matcher: Any, attributes: Any, text: str) -> bool:
    return wanted(matcher.filter_policy, matcher.filter_policy_scope, attributes or {}, text)


def _as_queues_have_them(attributes: Any) -> dict[str, Any]:
    """A topic's message attributes as those of a queue's message."""
    return {
        name: {
            "DataType": known["Type"],
            "BinaryValue" if known["Type"].startswith("Binary") else "StringValue": known["Value"],
        }
        for name, known in attributes.items()
    }
