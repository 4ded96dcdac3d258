"""Calls of functions by other services: asynchronous, with the function's permission, on record."""

from __future__ import annotations

import json
import re
import time
import uuid
from dataclasses import dataclass
from typing import Any

from labsupport.functions.errors import ServiceError
from labsupport.history import TargetDelivery

from .surroundings import Surroundings


@dataclass(frozen=True)
class Failure:
    """Why a target didn't take an event.

    Args:
        code: "NO_PERMISSIONS", "NO_RESOURCE" or another of those that EventBridge tells,
            docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html
        status: of the target's answer.
    """

    code: str
    message: str
    status: int = 403


def record(
    surroundings: Surroundings, source: str, target: str, error: str = "", dead_letters: str = ""
) -> None:
    """Record in the lab's history what became of an event that a service sends to a target."""
    now = surroundings.clock.now()
    surroundings.history.record(
        TargetDelivery(source, target, error, dead_letters, now, time.time())
    )


def call_function(
    surroundings: Surroundings,
    function_arn: str,
    event: Any,
    *,
    service: str,
    source_arn: str,
    trace_header: str = "",
) -> Failure | None:
    """Put an event into a function's queue, if the function lets the service do that.

    Args:
        event: what JSON can hold, or JSON text.
        service: the caller as a principal, such as "sns.amazonaws.com".
        source_arn: the topic, rule, … on whose behalf.

    Returns:
        None, or why the function can't be called.
    """
    plane, payload = surroundings.plane, event if isinstance(event, str) else json.dumps(event)
    region = function_arn.split(":")[3]
    if not plane.may_invoke(function_arn, service, source_arn):
        action = "is not authorized to perform: lambda:InvokeFunction on resource:"
        return Failure("NO_PERMISSIONS", f"{service} {action} {function_arn}")
    try:
        plane.invoke(
            region,
            function_arn,
            payload.encode(),
            kind="Event",
            request_id=str(uuid.uuid4()),
            trace_header=trace_header,
            caller=source_arn,
        )
    except ServiceError as error:
        missing = error.status == 404
        code = "NO_RESOURCE" if missing else "INVALID_PARAMETER"
        return Failure(code, error.message, error.status)
    return None


def without_lineage(trace_header: str) -> str:
    """A trace header for a service that Lambda doesn't see loops through, as EventBridge is."""
    return re.sub(";?Lineage=[^;]*", "", trace_header)
