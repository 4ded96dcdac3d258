"""moto's S3, led to our notifications.

moto tells of an object while it is still being put, before its metadata and tags are there, twice
of a multipart upload, and of no delete marker. So what it tells is collected during a request.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Protocol
from xml.etree import ElementTree

from labsupport.clock import LabClock
from labsupport.patching import Patches

from ..s3_configuration import Configuration, Destination, Refused, check_permissions, read
from ..s3_records import Answered, ObjectEvent, host_id, request_id
from .requests import current_request

MODULE = "moto.s3.responses"
_collected: ContextVar[list[tuple[Any, ObjectEvent]] | None] = ContextVar("S3 events", default=None)


class Notifications(Protocol):
    """Who is told."""

    def fault(self, destination: Destination, bucket_arn: str) -> tuple[str, str] | None:
        """What keeps a bucket from using a destination."""

    def configured(self, bucket: str, destinations: tuple[Destination, ...]) -> None:
        """A bucket has a new configuration."""

    def notify(self, event: ObjectEvent, configuration: Configuration, answered: Answered) -> None:
        """Something happened to an object."""


class Bridge:
    """moto's S3, from `install` until `remove`."""

    def __init__(self, notifications: Notifications, clock: LabClock) -> None:
        self._notifications = notifications
        self._clock = clock
        self._patches = Patches()

    def install(self) -> None:
        """Take the place of moto's notifications."""
        self._patches.when_imported(MODULE, self._install)

    def remove(self) -> None:
        """Leave moto as it was."""
        self._patches.remove()

    def _install(self, responses: Any) -> None:
        from moto.s3 import models, notifications

        response = responses.S3Response
        self._patches.replace(notifications, "send_event", self._moto_tells)
        self._patches.replace(models, "events_send_notification", _tell_nobody)
        self._patches.wrap(models.S3Backend, "delete_object", self._delete_object)
        self._patches.wrap(response, "_bucket_response_put", self._put_bucket)
        self._patches.wrap(response, "get_bucket_notification", _show_event_bridge)
        self._patches.wrap(response, "bucket_response", self._answer)
        self._patches.wrap(response, "key_response", self._answer)

    def _moto_tells(self, account_id: str, event_name: Any, bucket: Any, key: Any) -> None:
        name = str(getattr(event_name, "value", event_name)).removeprefix("s3:")
        if not name.startswith("ObjectRemoved") and key is not None:
            self._tell(bucket, name, key.name, key)

    def _tell(self, bucket: Any, name: str, key_name: str, key: Any, version_id: str = "") -> None:
        if bucket.notification_configuration is None:
            return
        known = str(getattr(key, "version_id", "null") or "null")
        event = ObjectEvent(
            name=name,
            bucket=bucket.name,
            region=bucket.region_name,
            key=key_name,
            at=self._clock.now(),
            size=None if key is None else int(key.size),
            etag="" if key is None else key.etag.strip('"'),
            version_id=version_id or ("" if known == "null" else known),
        )
        collected = _collected.get()
        if collected is None:
            self._notify(bucket, event, Answered())
        else:
            collected.append((bucket, event))

    def _notify(self, bucket: Any, event: ObjectEvent, answered: Answered) -> None:
        configuration = bucket.notification_configuration
        if configuration is not None:
            self._notifications.notify(event, configuration_of(configuration), answered)

    def _answer(self, original: Any, *args: Any, **kwargs: Any) -> Any:
        """Answer a request, then tell of what it changed, in order."""
        events: list[tuple[Any, ObjectEvent]] = []
        token = _collected.set(events)
        try:
            status, headers, body = original(*args, **kwargs)
        finally:
            _collected.reset(token)
        ids = (request_id(), host_id())
        headers.pop("x-amzn-requestid", None)
        headers["x-amz-request-id"], headers["x-amz-id-2"] = ids
        if events and status < 300:
            request = current_request()
            answered = Answered(
                request.principal_id,
                request.source_ip,
                request.trace_header,
                request.access_key_id,
                *ids,
            )
            for bucket, event in _last_of_each(events):
                self._notify(bucket, event, answered)
        return status, headers, body

    def _delete_object(
        self,
        original: Any,
        backend: Any,
        bucket_name: str,
        key_name: str,
        version_id: str | None = None,
        **more: Any,
    ) -> Any:
        bucket = backend.get_bucket(bucket_name)
        there = bool(bucket.keys.getlist(key_name, []))
        deleted, about = original(backend, bucket_name, key_name, version_id, **more)
        if deleted and there:
            marker = version_id is None and about.get("delete-marker") == "true"
            name = "DeleteMarkerCreated" if marker else "Delete"
            version = str(about.get("version-id") or "")
            self._tell(bucket, f"ObjectRemoved:{name}", key_name, None, version)
        return deleted, about

    def _put_bucket(
        self, original: Any, response: Any, request: Any, bucket_name: str, query: Any
    ) -> Any:
        if "notification" not in query:
            return original(response, request, bucket_name, query)
        response._set_action("BUCKET", "PUT", query)
        response._authenticate_and_authorize_s3_action(bucket_name=bucket_name)
        bucket = response.backend.get_bucket(bucket_name)
        try:
            configuration = read(response.body, bucket.region_name)
            skip = request.headers.get("x-amz-skip-destination-validation", "").lower() == "true"
            if not skip:
                check_permissions(
                    configuration.destinations,
                    lambda destination: self._notifications.fault(destination, bucket.arn),
                )
        except Refused as refusal:
            return 400, {}, refusal.document()
        bucket.notification_configuration = _as_moto_keeps_it(configuration)
        if not skip:
            self._notifications.configured(bucket_name, configuration.destinations)
        return ""


def _show_event_bridge(original: Any, response: Any) -> Any:
    """A bucket's notification configuration, with the one member that moto leaves out."""
    status, headers, body = original(response)
    known = response.backend.get_bucket(response.bucket_name).notification_configuration
    if known is not None and known.event_bridge is not None:
        root = ElementTree.fromstring(body)
        ElementTree.SubElement(root, f"{root.tag.rpartition('}')[0]}}}EventBridgeConfiguration")
        body = ElementTree.tostring(root, encoding="unicode", xml_declaration=True)
    return status, headers, body


def _tell_nobody(**about: Any) -> None:
    """AWS tells EventBridge of API calls, such as CreateBucket, through CloudTrail alone."""


def configuration_of(configuration: Any) -> Configuration:
    """A configuration that moto keeps, CloudFormation's among them."""
    kinds = {
        "Queue": configuration.queue,
        "Topic": configuration.topic,
        "CloudFunction": configuration.cloud_function,
    }
    destinations = tuple(
        Destination(kind, known.id, known.arn, tuple(known.events), **_filters(known.filters))
        for kind, entries in kinds.items()
        for known in entries
    )
    return Configuration(destinations, configuration.event_bridge is not None)


def _filters(filters: Any) -> dict[str, str]:
    rules = filters["S3Key"]["FilterRule"] if "S3Key" in filters else []
    return {rule["Name"].lower(): rule["Value"] or "" for rule in rules}


def _as_moto_keeps_it(configuration: Configuration) -> Any:
    from moto.s3.models import NotificationConfiguration

    if not configuration.destinations and not configuration.event_bridge:
        return None

    def entries(kind: str) -> list[dict[str, Any]]:
        return [
            {kind: known.arn, "Id": known.id, "Event": list(known.events), **filters(known)}
            for known in configuration.destinations
            if known.kind == kind
        ]

    def filters(known: Destination) -> dict[str, Any]:
        given = {"Prefix": known.prefix, "Suffix": known.suffix}
        rules = [{"Name": name, "Value": value} for name, value in given.items() if value]
        return {"Filter": {"S3Key": {"FilterRule": rules}}} if rules else {}

    return NotificationConfiguration(
        topic=entries("Topic"),
        queue=entries("Queue"),
        cloud_function=entries("CloudFunction"),
        event_bridge={} if configuration.event_bridge else None,
    )


def _last_of_each(events: list[tuple[Any, ObjectEvent]]) -> list[tuple[Any, ObjectEvent]]:
    """What S3 tells of one request: of an object that was created that alone, not its tags."""
    created = {event.key: event for _, event in events if event.name.startswith("ObjectCreated")}
    return [(bucket, event) for bucket, event in events if created.get(event.key, event) is event]
