"""Notifications of S3 buckets to functions, queues, topics and EventBridge.

docs.aws.amazon.com/AmazonS3/latest/userguide/EventNotifications.html
S3 delivers at least once, typically within seconds, and calls functions asynchronously. Here an
event is delivered once, when the request that caused it has been answered by S3 and before the
client has the answer.
"""

from __future__ import annotations

import json

from labsupport.credentials import ACCOUNT_ID
from labsupport.iam import Ask, Caller, decide
from labsupport.iam.moto_policies import resource_policy

from .calling import Failure, call_function, record
from .event_entries import new_event
from .moto_bridge import events, queues, s3, topics
from .s3_configuration import Configuration, Destination
from .s3_records import Answered, ObjectEvent, test_event
from .surroundings import Surroundings

SERVICE = "s3.amazonaws.com"
SUBJECT = "Amazon S3 Notification"
_ACTIONS = {"Queue": ("queue", "sqs:SendMessage"), "Topic": ("topic", "sns:Publish")}


class S3Notifications:
    """Tells of objects, with the permission of those who are told."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._bridge = s3.Bridge(self, surroundings.clock)

    def install(self) -> None:
        """Take the place of moto's notifications."""
        self._bridge.install()

    def close(self) -> None:
        """Leave moto as it was."""
        self._bridge.remove()

    def fault(self, destination: Destination, bucket_arn: str) -> tuple[str, str] | None:
        """What keeps a bucket from using a destination, as S3 says it: an argument and its value.

        Functions and topics that don't exist permit nothing; of queues S3 says more.
        """
        arn = destination.arn
        if destination.kind == "CloudFunction":
            if self._surroundings.plane.may_invoke(arn, SERVICE, bucket_arn):
                return None
            return f"{arn}, null", f"Not authorized to invoke function [{arn}]"
        if destination.kind == "Queue" and not queues.exists(arn):
            return arn, "The destination queue does not exist"
        name, action = _ACTIONS[destination.kind]
        if _permits(arn, action, bucket_arn):
            return None
        return arn, (
            f"Permissions on the destination {name} do not allow S3 to publish notifications "
            "from this bucket"
        )

    def configured(self, bucket: str, destinations: tuple[Destination, ...]) -> None:
        """Send each queue and topic of a new configuration S3's test event."""
        now, sent = self._surroundings.clock.now(), set()
        for destination in destinations:
            if destination.kind != "CloudFunction" and destination.arn not in sent:
                sent.add(destination.arn)
                text = json.dumps(test_event(bucket, now))
                self._send(destination, f"arn:aws:s3:::{bucket}", text, Answered())

    def notify(self, event: ObjectEvent, configuration: Configuration, answered: Answered) -> None:
        """Tell those destinations of an event that want it, and EventBridge if it is to know."""
        if configuration.event_bridge and (told := event.for_event_bridge(answered)):
            to_bus = new_event(event.region, "aws.s3", *told, event.at)
            to_bus["resources"] = [event.bucket_arn]
            events.publish(event.region, "default", to_bus, answered.trace_header)
        for destination in configuration.destinations:
            if not destination.wants(event.name, event.key):
                continue
            text = json.dumps({"Records": [event.record(destination.id, answered)]})
            self._send(destination, event.bucket_arn, text, answered)

    def _send(
        self, destination: Destination, bucket_arn: str, text: str, answered: Answered
    ) -> None:
        arn = destination.arn
        if destination.kind == "CloudFunction":
            failure = call_function(
                self._surroundings,
                arn,
                text,
                service=SERVICE,
                source_arn=bucket_arn,
                trace_header=answered.trace_header,
            )
        elif not _permits(arn, _ACTIONS[destination.kind][1], bucket_arn):
            failure = Failure("NO_PERMISSIONS", f"{arn} does not permit {SERVICE} to send to it.")
        elif destination.kind == "Queue":
            failure = queues.send(arn, text, trace_header=answered.trace_header)
        else:
            failure = topics.publish(arn, text, subject=SUBJECT)
        record(self._surroundings, bucket_arn, arn, failure.message if failure else "")


def _permits(arn: str, action: str, bucket_arn: str) -> bool:
    context = {"aws:sourcearn": bucket_arn, "aws:sourceaccount": ACCOUNT_ID}
    ask, caller = Ask(action, arn, context), Caller(arn="", service=SERVICE)
    return decide(ask, caller, resource_policy(arn)) is None
