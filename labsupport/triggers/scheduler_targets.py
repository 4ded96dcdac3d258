"""The API calls that EventBridge Scheduler makes, as the role of a schedule's target.

docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets.html
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from typing import Any

from botocore import xform_name
from botocore.exceptions import UnknownServiceError

from labsupport.credentials import ACCOUNT_ID

from .calling import Failure
from .delivery import Delivery
from .event_targets import outcome_of
from .moto_bridge.roles import role_client, role_exists

UNIVERSAL = "arn:aws:scheduler:::aws-sdk:"
_NAMES = {"sfn": "stepfunctions", "eventbridge": "events", "cloudwatchlogs": "logs"}
"""Services that boto3 names otherwise than universal targets do."""

Call = tuple[str, str, dict[str, Any]]
"""A service, an operation as boto3 names it, and its parameters."""


class SchedulerTargets:
    """Calls targets.

    Args:
        endpoint: the lab cloud's address.
    """

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._lock = threading.Lock()
        self._clients: dict[tuple[str, str, str], Any] = {}

    def send(self, delivery: Delivery, number: int) -> Failure | None:
        """Call a target; return why that failed, None if it didn't."""
        text = delivery.text.replace("<aws.scheduler.attempt-number>", str(number))
        role = delivery.target["RoleArn"]
        if not role_exists(role):
            return Failure("FAILED_TO_ASSUME_ROLE", f"EventBridge Scheduler can't assume {role}.")
        try:
            service, operation, parameters = self._call(delivery.target, text)
            client = self._client(service, delivery.source.split(":")[3], role)
            method: Callable[..., Any] = getattr(client, operation)
        except (ValueError, UnknownServiceError, AttributeError) as error:
            return Failure("INVALID_PARAMETER", str(error), 400)
        return outcome_of(lambda: method(**parameters))

    def _client(self, service: str, region: str, role: str) -> Any:
        key = (service, region, role)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = role_client(service, region, role, self._endpoint, "scheduler")
            return self._clients[key]

    def _call(self, target: Mapping[str, Any], text: str) -> Call:
        arn = str(target["Arn"])
        if arn.startswith(UNIVERSAL):
            service, action = arn.removeprefix(UNIVERSAL).split(":")
            parameters = json.loads(text) if "Input" in target else {}
            if not isinstance(parameters, dict):
                raise ValueError(f"The Input for {arn} has to be a JSON object.")
            return _NAMES.get(service, service), xform_name(action), parameters
        service, name = arn.split(":")[2], arn.rpartition(":")[2]
        if service == "lambda":
            call = {"FunctionName": arn, "InvocationType": "Event", "Payload": text}
            return "lambda", "invoke", call
        if service == "sqs":
            return "sqs", "send_message", self._message(target, name, text)
        if service == "sns":
            return "sns", "publish", {"TopicArn": arn, "Message": text}
        return _further(service, arn, target, text)

    def _message(self, target: Mapping[str, Any], name: str, text: str) -> dict[str, Any]:
        message = {"QueueUrl": f"{self._endpoint}/{ACCOUNT_ID}/{name}", "MessageBody": text}
        if group := (target.get("SqsParameters") or {}).get("MessageGroupId"):
            message["MessageGroupId"] = group
        return message


def _further(service: str, arn: str, target: Mapping[str, Any], text: str) -> Call:
    name = arn.rpartition("/")[2]
    if service == "states":
        return "stepfunctions", "start_execution", {"stateMachineArn": arn, "input": text}
    if service == "events":
        about = target.get("EventBridgeParameters") or {}
        entry = {
            "EventBusName": arn,
            "Source": about.get("Source", ""),
            "DetailType": about.get("DetailType", ""),
            "Detail": text,
        }
        return "events", "put_events", {"Entries": [entry]}
    if service == "kinesis":
        key = (target.get("KinesisParameters") or {}).get("PartitionKey", "none")
        return "kinesis", "put_record", {"StreamName": name, "Data": text, "PartitionKey": key}
    if service == "firehose":
        return "firehose", "put_record", {"DeliveryStreamName": name, "Record": {"Data": text}}
    raise ValueError(f"The lab can't call {arn} on a schedule.")
