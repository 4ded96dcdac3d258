"""The services that a rule of EventBridge sends to.

docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html
Functions have to permit it. Of queues, topics and log groups AWS asks a resource policy too, which
its console writes by itself; the lab asks for none.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .calling import Failure, call_function
from .delivery import Delivery
from .moto_bridge import log_groups, queues, topics
from .moto_bridge.roles import role_client, role_exists
from .surroundings import Surroundings

SERVICE = "events.amazonaws.com"
WITH_ROLE = ("states", "kinesis", "firehose")
"""Services that EventBridge calls with the rights of the target's role."""


class EventTargets:
    """Hands deliveries to their targets.

    Args:
        forward: puts an event on the bus that an ARN names.
    """

    def __init__(
        self, surroundings: Surroundings, forward: Callable[[str, Delivery], Failure | None]
    ) -> None:
        self._surroundings = surroundings
        self._forward = forward

    def send(self, delivery: Delivery, number: int) -> Failure | None:
        """Hand over; return why the target didn't take it, None if it did."""
        arn = str(delivery.target["Arn"])
        service = arn.split(":")[2]
        if service == "lambda":
            return call_function(
                self._surroundings,
                arn,
                delivery.text,
                service=SERVICE,
                source_arn=delivery.source,
                trace_header=delivery.trace_header,
            )
        if service in ("sqs", "sns", "logs"):
            return self._store(service, arn, delivery)
        if service == "events":
            return self._forward(arn, delivery)
        if service in WITH_ROLE:
            return self._with_role(service, arn, delivery)
        return Failure("INVALID_PARAMETER", f"The lab can't send events to {arn}.", 400)

    def _store(self, service: str, arn: str, delivery: Delivery) -> Failure | None:
        if service == "sns":
            return topics.publish(arn, delivery.text)
        if service == "logs":
            return log_groups.write(arn, delivery.text, self._surroundings.clock.time())
        group_id = (delivery.target.get("SqsParameters") or {}).get("MessageGroupId")
        return queues.send(
            arn, delivery.text, group_id=group_id, trace_header=delivery.trace_header
        )

    def _with_role(self, service: str, arn: str, delivery: Delivery) -> Failure | None:
        role, region = delivery.target.get("RoleArn", ""), arn.split(":")[3]
        if not role_exists(role):
            return Failure("FAILED_TO_ASSUME_ROLE", f"EventBridge can't assume {role}.")
        name = arn.rpartition("/")[2]
        calls: dict[str, tuple[str, dict[str, Any]]] = {
            "states": ("start_execution", {"stateMachineArn": arn, "input": delivery.text}),
            "kinesis": (
                "put_record",
                {"StreamName": name, "Data": delivery.text, "PartitionKey": _key(delivery)},
            ),
            "firehose": (
                "put_record",
                {"DeliveryStreamName": name, "Record": {"Data": delivery.text}},
            ),
        }
        method, parameters = calls[service]
        names = {"states": "stepfunctions"}
        client = role_client(
            names.get(service, service), region, role, self._surroundings.endpoint, "events"
        )
        return outcome_of(lambda: getattr(client, method)(**parameters))


def outcome_of(call: Callable[[], object]) -> Failure | None:
    """Make a call of an AWS API; return why it was refused, None if it wasn't."""
    try:
        call()
    except ClientError as error:
        told, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        code = told.get("Code", "")
        kinds = {403: "NO_PERMISSIONS", 404: "NO_RESOURCE", 429: "THROTTLING"}
        kind = kinds.get(status, "INTERNAL_ERROR" if status >= 500 else "ERROR_FROM_TARGET")
        if "NotExist" in code or "NotFound" in code:
            kind = "NO_RESOURCE"
        return Failure(kind, f"{code}: {told.get('Message', '')}", status)
    except BotoCoreError as error:
        return Failure("SDK_CLIENT_ERROR", str(error), 400)
    return None


def _key(delivery: Delivery) -> str:
    """The partition key of a record: what its path names, or the event's id."""
    event = json.loads(delivery.dead_letter)
    path = (delivery.target.get("KinesisParameters") or {}).get("PartitionKeyPath", "$.id")
    for step in path.split(".")[1:]:
        event = event.get(step, "") if isinstance(event, dict) else ""
    return str(event) or "none"
