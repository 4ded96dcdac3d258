"""moto's EventBridge, whose deliveries are ours.

moto keeps buses, rules, targets, archives and replays. Of their deliveries it keeps those to
archives and API destinations; it matches patterns with a part of the operators only, asks no rule
whether it is enabled, and fails where a target is a function.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from labsupport.credentials import ACCOUNT_ID
from labsupport.patching import Patches

from ..events_input import InputError, check_input
from ..expressions import ExpressionError, parse_expression
from ..filtering import PatternError, check_pattern, matches
from .requests import current_request

MODULE = "moto.events.models"
ENABLED = ("ENABLED", "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS")
_REQUIRED = ("id", "account", "source", "time", "region", "resources", "detail-type")
_trace: ContextVar[str] = ContextVar("trace header of an event", default="")


@dataclass(frozen=True)
class Rule:
    """A rule with its targets.

    Args:
        pattern: None for a schedule's.
        schedule: its expression, "" for none.
        moto: what moto keeps.
    """

    name: str
    arn: str
    enabled: bool
    pattern: Mapping[str, Any] | None
    schedule: str
    targets: tuple[Mapping[str, Any], ...]
    moto: Any


class Events(Protocol):
    """Who delivers."""

    def put(
        self, region: str, entries: list[Mapping[str, Any]], trace_header: str
    ) -> list[dict[str, str]]:
        """Answer PutEvents."""

    def arrived(self, rule: Rule, event: Mapping[str, Any], trace_header: str = "") -> None:
        """An event is on a rule's bus."""

    def rule_changed(self, region: str, name: str, rule: Rule | None) -> None:
        """A rule of the default bus is new, changed or gone."""


class Bridge:
    """moto's EventBridge, from `install` until `remove`."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._patches = Patches()
        self._send: Any = None

    def install(self) -> None:
        """Take the place of moto's deliveries."""
        self._patches.when_imported(MODULE, self._install)
        self._patches.when_imported("moto.events.responses", self._install_responses)

    def remove(self) -> None:
        """Leave moto as it was."""
        self._patches.remove()

    def _install(self, models: Any) -> None:
        self._send = models.Rule.send_to_targets
        self._patches.replace(models.Rule, "send_to_targets", self._arrived)
        self._patches.wrap(models.EventsBackend, "put_events", self._put_events)
        self._patches.wrap(models.EventsBackend, "put_targets", _put_targets)
        self._patches.wrap(models.EventsBackend, "put_rule", _put_rule)
        for name in ("put_rule", "enable_rule", "disable_rule", "delete_rule"):
            self._patches.after(models.EventsBackend, name, self._rule_changed)
        self._patches.replace(models.EventPatternParser, "_validate_event_pattern", _check_pattern)

    def _install_responses(self, responses: Any) -> None:
        self._patches.replace(responses.EventsHandler, "test_event_pattern", _test_event_pattern)

    @property
    def _arrived(self) -> Any:
        events = self._events

        def arrived(rule: Any, event: Mapping[str, Any], transform_input: bool = True) -> None:
            events.arrived(rule_of(rule), _as_sent(event), _trace.get())

        return arrived

    def _put_events(self, original: Any, backend: Any, entries: list[dict[str, Any]]) -> Any:
        if len(entries) > 10:
            return original(backend, entries)  # which refuses them
        header = current_request().trace_header
        return self._events.put(backend.region_name, list(entries), header)

    def _rule_changed(self, backend: Any, name: str, *args: Any, **more: Any) -> None:
        found = find_rule(backend.region_name, name)
        self._events.rule_changed(backend.region_name, name, found)

    def leave_to_moto(
        self, rule: Rule, target: Mapping[str, Any], event: Mapping[str, Any]
    ) -> bool:
        """Let moto deliver to an archive or an API destination; False for all other targets."""
        arn = str(target["Arn"])
        if arn.split(":")[2] != "events" or ":event-bus/" in arn:
            return False
        alone = copy.copy(rule.moto)
        alone.targets = [target]
        time = datetime.fromisoformat(str(event["time"])).timestamp()
        self._send(alone, {**event, "time": time, "ingestion-time": time})
        return True


def publish(region: str, bus: str, event: Mapping[str, Any], trace_header: str = "") -> bool:
    """Put an event on a bus; False where there is no such bus, and then nothing happens."""
    from moto.events.models import events_backends

    found = events_backends[ACCOUNT_ID][region].event_buses.get(bus)
    if found is None:
        return False
    token = _trace.set(trace_header)
    try:
        for rule in list(found.rules.values()):
            rule.send_to_targets(dict(event))  # type: ignore[arg-type]
    finally:
        _trace.reset(token)
    return True


def find_rule(region: str, name: str) -> Rule | None:
    """A rule of the default bus, where alone there are schedules."""
    from moto.events.models import events_backends

    bus = events_backends[ACCOUNT_ID][region].event_buses.get("default")
    found = bus.rules.get(name) if bus else None
    return None if found is None else rule_of(found)


def rule_of(rule: Any) -> Rule:
    """One of moto's rules."""
    return Rule(
        name=rule.name,
        arn=rule.arn,
        enabled=rule.state in ENABLED,
        pattern=rule.event_pattern.get_pattern() or None,
        schedule=rule.scheduled_expression or "",
        targets=tuple(rule.targets),
        moto=rule,
    )


def _as_sent(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event without what moto adds for itself."""
    sent = {name: value for name, value in event.items() if name != "ingestion-time"}
    if isinstance(sent["time"], (int, float)):
        sent["time"] = datetime.fromtimestamp(sent["time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return sent


def _put_rule(original: Any, backend: Any, *args: Any, **more: Any) -> Any:
    from moto.events.exceptions import ValidationException

    if expression := more.get("scheduled_expression"):
        try:
            parse_expression(expression)
        except ExpressionError:
            raise ValidationException("Parameter ScheduleExpression is not valid.") from None
    return original(backend, *args, **more)


def _put_targets(
    original: Any, backend: Any, name: str, event_bus_arn: str | None, targets: Any
) -> None:
    from moto.events.exceptions import ValidationException

    for target in targets:
        try:
            if not str(target["Arn"]).endswith(":::"):  # an archive's, with a template of moto's
                check_input(target)
        except InputError as error:
            raise ValidationException(str(error)) from None
        if ":states:" in target["Arn"] and not target.get("RoleArn"):
            raise ValidationException(f"RoleArn is required for target {target['Arn']}.")
    original(backend, name, event_bus_arn, targets)


def _check_pattern(parser: Any, pattern: Any) -> None:
    from moto.events.exceptions import InvalidEventPatternException

    if not parser.pattern:
        return
    try:
        check_pattern(pattern)
    except PatternError as error:
        raise InvalidEventPatternException(reason=str(error)) from None


def _test_event_pattern(response: Any) -> str:
    from moto.events.exceptions import ValidationException
    from moto.events.models import EventPatternParser

    pattern = EventPatternParser(response._get_param("EventPattern")).parse()
    try:
        event = json.loads(response._get_param("Event"))
    except ValueError:
        event = None
    if not isinstance(event, dict) or any(name not in event for name in _REQUIRED):
        raise ValidationException("Parameter Event is not valid.")
    return json.dumps({"Result": matches(pattern, event)})
