"""Subscriptions of functions to SNS topics.

docs.aws.amazon.com/sns/latest/dg/sns-lambda-as-subscriber.html
SNS calls a function asynchronously, so that what the function makes of a message is Lambda's to
retry. What can't be handed to Lambda, as the function is gone or lets nobody call it, is a client
error to SNS: it goes to the subscription's dead-letter queue at once, or is lost
(docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html).
"""

from __future__ import annotations

from .calling import Failure, call_function, record
from .moto_bridge import queues, sns
from .sns_messages import Message, Signer
from .surroundings import Surroundings

SERVICE = "sns.amazonaws.com"


class SnsSubscriptions:
    """Delivers to functions what is published to topics."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._signer = Signer()
        self._bridge = sns.Bridge(self, surroundings.clock, self._signer)

    def install(self) -> None:
        """Take the place of moto's delivery to functions."""
        self._bridge.install()

    def close(self) -> None:
        """Leave moto as it was."""
        self._bridge.remove()

    def deliver(self, message: Message, to: sns.Subscriber) -> None:
        """Hand a message to the function that has subscribed to its topic."""
        signed = self._signer.sign(message, to.signature_version)
        failure = call_function(
            self._surroundings,
            to.endpoint,
            message.event(to.arn, signed),
            service=SERVICE,
            source_arn=message.topic_arn,
            trace_header=to.trace_header,
        )
        self.ended(message, to, failure)

    def ended(self, message: Message, to: sns.Subscriber, failure: Failure | None) -> None:
        """Record a delivery; what failed goes to the subscription's dead-letter queue."""
        dead_letters, error = "", failure.message if failure else ""
        if failure and to.dead_letters:
            signed = self._signer.sign(message, to.signature_version)
            lost = queues.send(to.dead_letters, message.notification(to.arn, signed))
            dead_letters = "" if lost else to.dead_letters
        record(self._surroundings, message.topic_arn, to.endpoint, error, dead_letters)
