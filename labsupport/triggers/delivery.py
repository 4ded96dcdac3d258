"""Delivery to targets, with retries and dead-letter queues, for EventBridge and its Scheduler.

docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-event-delivery.html
A target that is gone, or doesn't let itself be called, isn't tried again: the event goes to the
target's dead-letter queue at once, or is lost. What may pass is tried again, until there were too
many attempts or the event is too old.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from labsupport.facts import fact

from .calling import Failure, record
from .moto_bridge import queues
from .surroundings import Surroundings

log = logging.getLogger("labsupport.triggers")

BACK_OFF_S = (1, 300)
_PASSING = {"INTERNAL_ERROR", "THROTTLING", "TIMEOUT"}


@dataclass(frozen=True)
class Delivery:
    """An event on its way to a target.

    Args:
        source: the ARN of the rule or schedule that sends it.
        target: as the API takes it, with Arn, RetryPolicy and DeadLetterConfig.
        text: what the target gets.
        dead_letter: what the dead-letter queue gets instead.
        about: message attributes of the dead letter, beside those that tell of the error.
        trace_header: for X-Ray, without Lambda's lineage.
    """

    source: str
    target: Mapping[str, Any]
    text: str
    dead_letter: str
    about: Mapping[str, str] = field(default_factory=dict)
    trace_header: str = ""


Send = Callable[[Delivery, int], Failure | None]
"""Hands a delivery to its target; the number counts attempts from 1."""


class Deliveries:
    """Sees deliveries through."""

    def __init__(self, surroundings: Surroundings, send: Send) -> None:
        self._surroundings = surroundings
        self._send = send

    def begin(self, delivery: Delivery) -> None:
        """Try a delivery now, and again where that may help."""
        self._attempt(delivery, 1, self._surroundings.clock.time())

    def _attempt(self, delivery: Delivery, number: int, since: float) -> None:
        try:
            failure = self._send(delivery, number)
        except Exception as error:
            log.exception("a delivery to %s failed in the lab itself", delivery.target["Arn"])
            failure = Failure("INTERNAL_ERROR", str(error) or type(error).__name__, 500)
        if failure is None or failure.code not in _PASSING:
            self._end(delivery, failure, number, "")
            return
        policy = delivery.target.get("RetryPolicy") or {}
        defaults = fact("events.retry_policy").value
        attempts = policy.get("MaximumRetryAttempts", defaults["attempts"])
        age_s = policy.get("MaximumEventAgeInSeconds", defaults["age_s"])
        first, longest = BACK_OFF_S
        wait_s = min(longest, first * 2 ** min(number - 1, 10))
        clock = self._surroundings.clock
        if number > attempts:
            self._end(delivery, failure, number, "MaximumRetryAttempts")
        elif clock.time() + wait_s > since + age_s:
            self._end(delivery, failure, number, "MaximumEventAgeInSeconds")
        else:
            clock.call_later(wait_s, lambda: self._attempt(delivery, number + 1, since))

    def _end(
        self, delivery: Delivery, failure: Failure | None, number: int, exhausted: str
    ) -> None:
        target, dead_letters = delivery.target["Arn"], ""
        queue = (delivery.target.get("DeadLetterConfig") or {}).get("Arn", "")
        if failure and queue:
            about = {
                **delivery.about,
                "TARGET_ARN": target,
                "ERROR_CODE": failure.code,
                "ERROR_MESSAGE": failure.message,
                "EXHAUSTED_RETRY_CONDITION": exhausted,
                "RETRY_ATTEMPTS": str(number - 1),
            }
            attributes = {
                name: {"DataType": "String", "StringValue": value}
                for name, value in about.items()
                if value
            }
            lost = queues.send(queue, delivery.dead_letter, attributes=attributes)
            dead_letters = "" if lost else queue
        error = failure.message if failure else ""
        record(self._surroundings, delivery.source, target, error, dead_letters)
