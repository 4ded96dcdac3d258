"""Subscription filters of CloudWatch Logs that send log events to functions.

docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
What a filter pattern means is moto's reading of it: one term, or one in quotes.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping
from typing import Any

from labsupport.credentials import ACCOUNT_ID

from .calling import call_function, record
from .moto_bridge import logs
from .surroundings import Surroundings


class LogSubscriptions:
    """Sends to functions what is written to log groups."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._surroundings = surroundings
        self._bridge = logs.Bridge(self)

    def install(self) -> None:
        """Take the place of moto's delivery to functions."""
        self._bridge.install()

    def close(self) -> None:
        """Leave moto as it was."""
        self._bridge.remove()

    def caller(self, function_arn: str, group_arn: str) -> str:
        """The principal that a function lets a log group call it as, "" for none."""
        may_invoke = self._surroundings.plane.may_invoke
        services = f"logs.{group_arn.split(':')[3]}.amazonaws.com", "logs.amazonaws.com"
        return next((s for s in services if may_invoke(function_arn, s, group_arn)), "")

    def send(self, written: logs.Written) -> None:
        """Send log events to a function, in one event, packed as CloudWatch Logs does."""
        failure = call_function(
            self._surroundings,
            written.function_arn,
            {"awslogs": {"data": packed(written)}},
            service=self.caller(written.function_arn, written.group_arn) or "logs.amazonaws.com",
            source_arn=written.group_arn,
        )
        error = failure.message if failure else ""
        record(self._surroundings, written.group_arn, written.function_arn, error)


def packed(written: logs.Written) -> str:
    """The data of an event: JSON, compressed with gzip, in Base64."""
    data = {
        "messageType": "DATA_MESSAGE",
        "owner": ACCOUNT_ID,
        "logGroup": written.group,
        "logStream": written.stream,
        "subscriptionFilters": [written.filter_name],
        "logEvents": [_event(event) for event in written.events],
    }
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return base64.b64encode(gzip.compress(text.encode())).decode()


def _event(event: Mapping[str, Any]) -> dict[str, Any]:
    return {**event, "id": str(event["id"]).zfill(56)}
