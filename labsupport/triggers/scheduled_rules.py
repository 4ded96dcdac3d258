"""Rules of EventBridge that run on a schedule, always in UTC.

docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-rule-schedule.html
AWS is precise to the minute; here a rule runs at its moment. A rate is counted from the creation
of its rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from labsupport.clock import LabClock

from .event_entries import new_event
from .expressions import Rate, parse_expression
from .moto_bridge import events
from .timetable import Timetable


class ScheduledRules:
    """Sends scheduled events to the targets of rules.

    Args:
        send: sends an event to all targets of a rule.
    """

    def __init__(
        self, clock: LabClock, send: Callable[[events.Rule, Mapping[str, Any]], None]
    ) -> None:
        self._clock = clock
        self._send = send
        self._timetable = Timetable(clock)
        self._known: dict[str, str] = {}

    def changed(self, region: str, name: str, rule: events.Rule | None) -> None:
        """Follow a rule of the default bus that may be new, changed, disabled or gone."""
        key = f"{region}/{name}"
        expression = rule.schedule if rule and rule.enabled else ""
        if self._known.get(key, "") == expression:
            return
        self._known[key] = expression
        self._timetable.forget(key)
        if not expression:
            return
        now, parsed = self._clock.now(), parse_expression(expression)
        first = now + parsed.every if isinstance(parsed, Rate) else now
        moments = parsed.moments(now, first)
        self._timetable.follow(key, moments, lambda moment: self._fire(region, name, moment))

    def close(self) -> None:
        """Send nothing more."""
        self._timetable.close()

    def _fire(self, region: str, name: str, moment: datetime) -> None:
        rule = events.find_rule(region, name)
        if rule is None or not rule.enabled:
            return
        event = new_event(region, "aws.events", "Scheduled Event", {}, moment)
        event["resources"] = [rule.arn]
        self._send(rule, event)
