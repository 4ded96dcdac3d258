"""EventBridge: events on a bus, the rules that match them, and what their targets get.

docs.aws.amazon.com/eventbridge/latest/userguide/eb-what-is.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from typing import Any

from .calling import Failure, without_lineage
from .delivery import Deliveries, Delivery
from .event_entries import put_entries
from .event_targets import EventTargets
from .events_input import Origin, target_input
from .filtering import matches
from .moto_bridge import events
from .scheduled_rules import ScheduledRules
from .surroundings import Surroundings

_hops: ContextVar[int] = ContextVar("event buses an event has come through", default=0)


class EventBridge:
    """Sends events to the targets of the rules that match them."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._clock = surroundings.clock
        self._targets = EventTargets(surroundings, self._forward)
        self._deliveries = Deliveries(surroundings, self._targets.send)
        self._schedules = ScheduledRules(surroundings.clock, self.send)
        self._bridge = events.Bridge(self)

    def install(self) -> None:
        """Take the place of moto's deliveries."""
        self._bridge.install()

    def close(self) -> None:
        """Leave moto as it was."""
        self._bridge.remove()
        self._schedules.close()

    def rule_changed(self, region: str, name: str, rule: events.Rule | None) -> None:
        """Follow the schedule of a rule of the default bus."""
        self._schedules.changed(region, name, rule)

    def put(
        self, region: str, entries: Iterable[Mapping[str, Any]], trace_header: str
    ) -> list[dict[str, str]]:
        """Answer the entries of PutEvents, and send what was accepted to the rules."""
        answers, accepted = put_entries(region, entries, self._clock.now())
        for bus, event in accepted:
            events.publish(region, bus, event, trace_header)
        return answers

    def arrived(self, rule: events.Rule, event: Mapping[str, Any], trace_header: str = "") -> None:
        """Send an event to a rule's targets, if the rule is enabled and matches it."""
        if rule.enabled and rule.pattern and matches(rule.pattern, event):
            self.send(rule, event, trace_header)

    def send(self, rule: events.Rule, event: Mapping[str, Any], trace_header: str = "") -> None:
        """Send an event to all targets of a rule."""
        now = self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        origin = Origin(rule.arn, rule.name, now)
        for target in rule.targets:
            if self._bridge.leave_to_moto(rule, target, event):
                continue
            delivery = Delivery(
                source=rule.arn,
                target=target,
                text=target_input(target, event, origin),
                dead_letter=json.dumps(event),
                about={"RULE_ARN": rule.arn},
                trace_header=without_lineage(trace_header),
            )
            self._deliveries.begin(delivery)

    def _forward(self, arn: str, delivery: Delivery) -> Failure | None:
        """Put an event on another bus, from where no rule puts it on a third one."""
        if _hops.get():
            message = "An event that comes from another event bus isn't sent to a third one."
            return Failure("THIRD_ACCOUNT_HOP_DETECTED", message, 400)
        region, bus = arn.split(":")[3], arn.rpartition("/")[2]
        token = _hops.set(1)
        try:
            event = json.loads(delivery.dead_letter)
            known = events.publish(region, bus, event, delivery.trace_header)
        finally:
            _hops.reset(token)
        message = f"Event bus {bus} does not exist."
        return None if known else Failure("NO_RESOURCE", message, 400)
