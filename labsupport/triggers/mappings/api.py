"""The mappings of a lab, and Lambda's API on them.

docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html and its neighbours. A change
takes a moment, as on AWS; meanwhile the mapping can't be changed again.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from labsupport.clock import LabClock
from labsupport.functions.api.actions import Actions
from labsupport.functions.api.api_model import Call
from labsupport.functions.api.names import function_name
from labsupport.functions.errors import ServiceError, invalid_parameter, no_resource
from labsupport.functions.model import FunctionVersion
from labsupport.functions.moto_bridge import resolve

from .checks import (
    check_batches,
    check_position,
    check_source,
    check_wanted,
    duplicate,
    in_use,
)
from .settings import STREAMS, EventSourceMapping, defaults

TRANSITION_S = 2
"""Seconds of lab time that a change takes; on AWS it may be up to a minute."""

_PAGE = 100
_SETTLED = ("Enabled", "Disabled")
_NO_SETTINGS = ("FunctionName", "EventSourceArn", "Enabled", "Tags", "UUID")


class Sources(Protocol):
    """Where the API finds out about sources, and has their records read."""

    def check(self, mapping: EventSourceMapping, function: FunctionVersion) -> None:
        """Refuse a source that isn't there or doesn't go with the function: ServiceError."""

    def note_position(self, mapping: EventSourceMapping) -> None:
        """Note where in a stream a mapping that has just been created begins."""

    def open(self, mapping: EventSourceMapping) -> Callable[[], None]:
        """Begin to read, until what is returned is called."""


class Mappings:
    """All mappings, and how they come and go.

    Args:
        clock: runs the moments that changes take.
    """

    def __init__(self, clock: LabClock, sources: Sources) -> None:
        self._clock = clock
        self._sources = sources
        self._lock = threading.RLock()
        self._known: dict[str, EventSourceMapping] = {}
        self._open: dict[str, Callable[[], None]] = {}
        self._closed = False

    def register(self, actions: Actions) -> None:
        """Answer the five actions on event source mappings."""
        actions.add(
            CreateEventSourceMapping=self.create,
            GetEventSourceMapping=lambda call: self._named(call).shown(),
            UpdateEventSourceMapping=self._update,
            DeleteEventSourceMapping=self.delete,
            ListEventSourceMappings=self._list,
        )

    def close(self) -> None:
        """Stop all pollers."""
        with self._lock:
            self._closed = True
            while self._open:
                self._open.popitem()[1]()

    @property
    def all(self) -> list[EventSourceMapping]:
        """All mappings there are."""
        with self._lock:
            return list(self._known.values())

    def find(self, region: str, uuid: str) -> EventSourceMapping | None:
        """A mapping of a Region, None where there is none."""
        with self._lock:
            mapping = self._known.get(uuid)
        return mapping if mapping is not None and mapping.region == region else None

    def create(self, call: Call) -> dict[str, Any]:
        """Answer CreateEventSourceMapping."""
        source_arn = call.get("EventSourceArn")
        service = check_source(source_arn, call.region)
        wanted = _settings(call)
        check_wanted(service, source_arn, wanted)
        check_position(service, source_arn, wanted)
        settings = defaults(service) | wanted
        check_batches(source_arn, settings)
        function, arn = _function(call)
        mapping = EventSourceMapping(
            region=call.region,
            source_arn=source_arn,
            function_arn=arn,
            settings=settings,
            enabled=call.get("Enabled") is not False,
            tags=dict(call.get("Tags") or {}),
        )
        self._sources.check(mapping, function)
        with self._lock:
            for known in self._known.values():
                if (known.source_arn, known.function_arn) == (source_arn, arn):
                    raise duplicate(service, source_arn, function.name, known.uuid)
            self._known[mapping.uuid] = mapping
            self._sources.note_position(mapping)
            if mapping.enabled:
                self._later(mapping, "Creating", self._settle)
            else:
                mapping.state = "Disabled"
            return mapping.shown()

    def _update(self, call: Call) -> dict[str, Any]:
        with self._lock:
            mapping = self._named(call)
            if mapping.state not in _SETTLED:
                raise in_use("update")
            wanted = _settings(call)
            check_wanted(mapping.service, mapping.source_arn, wanted)
            settings = {**mapping.settings, **wanted}
            check_batches(mapping.source_arn, settings)
            arn = mapping.function_arn
            if call.get("FunctionName"):
                _, arn = _function(call)
            mapping.change(settings)
            mapping.function_arn, mapping.modified = arn, time.time()
            enabled = mapping.enabled if call.get("Enabled") is None else call.get("Enabled")
            change = "Updating"
            if enabled != mapping.enabled:
                change = "Enabling" if enabled else "Disabling"
            mapping.enabled = enabled
            if not enabled or mapping.service in STREAMS:
                self._stop(mapping)  # a stream is read again with its new settings
            self._later(mapping, change, self._settle)
            return mapping.shown()

    def delete(self, call: Call) -> dict[str, Any]:
        """Answer DeleteEventSourceMapping."""
        with self._lock:
            mapping = self._named(call)
            if mapping.state not in (*_SETTLED, "Creating"):
                raise in_use("delete")
            self._stop(mapping)
            self._later(mapping, "Deleting", self._forget)
            return mapping.shown()

    def _list(self, call: Call) -> dict[str, Any]:
        with self._lock:
            found = [mapping for mapping in self._known.values() if mapping.region == call.region]
        if source_arn := call.get("EventSourceArn"):
            found = [mapping for mapping in found if mapping.source_arn == source_arn]
        if name := call.get("FunctionName"):
            wanted = function_name(call.region, name)
            found = [mapping for mapping in found if mapping.function_arn == wanted.arn]
        start = _position(call.get("Marker"))
        end = start + min(int(call.get("MaxItems") or _PAGE), _PAGE)
        shown = {"EventSourceMappings": [mapping.shown() for mapping in found[start:end]]}
        if end < len(found):
            return shown | {"NextMarker": base64.b64encode(str(end).encode()).decode()}
        return shown

    def _named(self, call: Call) -> EventSourceMapping:
        mapping = self.find(call.region, call.get("UUID"))
        if mapping is None:
            error = no_resource()
            error.extra["Type"] = "User"
            raise error
        return mapping

    def _later(
        self, mapping: EventSourceMapping, state: str, end: Callable[[EventSourceMapping], None]
    ) -> None:
        mapping.state = state
        self._clock.call_later(TRANSITION_S, lambda: end(mapping))

    def _settle(self, mapping: EventSourceMapping) -> None:
        with self._lock:
            if mapping.state == "Deleting" or self._closed:
                return
            mapping.state = "Enabled" if mapping.enabled else "Disabled"
            if mapping.enabled and mapping.uuid not in self._open:
                self._open[mapping.uuid] = self._sources.open(mapping)

    def _forget(self, mapping: EventSourceMapping) -> None:
        with self._lock:
            self._known.pop(mapping.uuid, None)

    def _stop(self, mapping: EventSourceMapping) -> None:
        if close := self._open.pop(mapping.uuid, None):
            close()


def _settings(call: Call) -> dict[str, Any]:
    """The settings that a call names; what it clears is None."""
    wanted = {
        name: value
        for name, value in call.parameters.items()
        if name not in _NO_SETTINGS and value is not None
    }
    if "FilterCriteria" in wanted and not wanted["FilterCriteria"].get("Filters"):
        wanted["FilterCriteria"] = None
    if wanted.get("ScalingConfig") == {}:
        wanted["ScalingConfig"] = None
    if "DestinationConfig" in wanted and not (wanted["DestinationConfig"].get("OnFailure") or {}):
        wanted["DestinationConfig"] = {**wanted["DestinationConfig"], "OnFailure": {}}
    return wanted


def _function(call: Call) -> tuple[FunctionVersion, str]:
    try:
        return resolve(call.region, call.get("FunctionName"), None)
    except ServiceError as error:
        if error.code == "ResourceNotFoundException":
            raise invalid_parameter("Function does not exist") from None
        raise


def _position(marker: str | None) -> int:
    try:
        return int(base64.b64decode(marker or "MA==", validate=True))
    except ValueError:
        raise invalid_parameter("Invalid marker.") from None
