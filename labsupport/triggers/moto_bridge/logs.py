"""moto's CloudWatch Logs, whose deliveries to functions are ours.

moto calls functions while log events are being written, with all events whatever the pattern.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from labsupport.credentials import ACCOUNT_ID
from labsupport.patching import Patches

MODULE = "moto.logs.models"


@dataclass(frozen=True)
class Written:
    """Log events that a subscription filter lets through.

    Args:
        events: with id, timestamp and message.
    """

    function_arn: str
    filter_name: str
    region: str
    group: str
    stream: str
    events: Sequence[Mapping[str, Any]]

    @property
    def group_arn(self) -> str:
        """The ARN of the log group, as resource policies name it."""
        return group_arn(self.region, self.group)


class Subscriptions(Protocol):
    """Who delivers."""

    def caller(self, function_arn: str, group_arn: str) -> str:
        """The principal that a log group may call a function as."""

    def send(self, written: Written) -> None:
        """Send log events to a function."""


class Bridge:
    """moto's CloudWatch Logs, from `install` until `remove`."""

    def __init__(self, subscriptions: Subscriptions) -> None:
        self._subscriptions = subscriptions
        self._patches = Patches()

    def install(self) -> None:
        """Take the place of moto's delivery to functions."""
        self._patches.when_imported(MODULE, self._install)

    def remove(self) -> None:
        """Leave moto as it was."""
        self._patches.remove()

    def _install(self, models: Any) -> None:
        self._patches.wrap(models.LogStream, "_send_log_events", self._send)
        self._patches.wrap(models.LogsBackend, "put_subscription_filter", self._put)

    def _send(self, original: Any, stream: Any, **told: Any) -> None:
        from moto.logs.utils import EventMessageFilter

        group, name = stream.log_group, told["filter_name"]
        pattern = EventMessageFilter(group.subscription_filters[name].filter_pattern or "")
        wanted = [event for event in told["log_events"] if pattern.matches(event["message"])]
        if not wanted:
            return
        if told["service"] != "lambda":
            original(stream, **told | {"log_events": wanted})
            return
        self._subscriptions.send(
            Written(
                function_arn=told["destination_arn"],
                filter_name=name,
                region=stream.region,
                group=group.name,
                stream=stream.log_stream_name,
                events=wanted,
            )
        )

    def _put(self, original: Any, backend: Any, group: str, *rest: Any) -> None:
        from moto.logs.exceptions import InvalidParameterException

        function, arn = rest[2], group_arn(backend.region_name, group)
        to_function = function.split(":")[2:3] == ["lambda"] and group in backend.groups
        if to_function and not self._subscriptions.caller(function, arn):
            raise InvalidParameterException(
                "Could not execute the lambda function. Make sure you have given CloudWatch Logs "
                "permission to execute your function."
            )
        original(backend, group, *rest)


def group_arn(region: str, group: str) -> str:
    """The ARN of a log group with all its streams."""
    return f"arn:aws:logs:{region}:{ACCOUNT_ID}:log-group:{group}:*"
