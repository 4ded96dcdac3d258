"""Lambda's Invoke API.

docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from labsupport.facts import fact

from ..errors import ServiceError
from ..model import InvocationType, InvokeResult
from ..moto_bridge import caller_of
from .actions import Action, Reply
from .api_model import Call

if TYPE_CHECKING:
    from ..data_plane import DataPlane


def invoke_action(plane: DataPlane) -> Action:
    """The Invoke action of a data plane."""

    def invoke(call: Call) -> Reply:
        kind: InvocationType = call.get("InvocationType", "RequestResponse")
        afterwards: list[Callable[[], None]] = []
        result = plane.invoke(
            call.region,
            call.get("FunctionName"),
            event_of(call.get("Payload"), kind),
            qualifier=call.get("Qualifier"),
            kind=kind,
            client_context=client_context_of(call.get("ClientContext", "")),
            request_id=call.request_id,
            trace_header=call.trace_header,
            caller=caller_of(call.access_key_id),
            defer=afterwards.append,
        )
        if result is None:
            return Reply(status=204 if kind == "DryRun" else 202)
        headers = _headers(result, tail=call.get("LogType") == "Tail")
        return Reply(result.payload, headers, afterwards=tuple(afterwards))

    return invoke


def invoke_async_action(plane: DataPlane) -> Action:
    """The InvokeAsync action, which Invoke has replaced: an event, with its answer in the body.

    docs.aws.amazon.com/lambda/latest/api/API_InvokeAsync.html
    """

    def invoke(call: Call) -> Reply:
        plane.invoke(
            call.region,
            call.get("FunctionName"),
            event_of(call.get("InvokeArgs"), "Event"),
            kind="Event",
            request_id=call.request_id,
            trace_header=call.trace_header,
            caller=caller_of(call.access_key_id),
        )
        return Reply({"Status": 202})

    return invoke


def _headers(result: InvokeResult, *, tail: bool) -> tuple[tuple[str, str], ...]:
    headers = [("X-Amz-Executed-Version", result.executed_version)]
    if result.function_error:
        headers.append(("X-Amz-Function-Error", result.function_error))
    if tail:
        headers.append(("X-Amz-Log-Result", base64.b64encode(result.log_tail).decode()))
    return tuple(headers)


def event_of(payload: bytes, kind: InvocationType) -> bytes:
    """The event of a call, refused where it is too long or isn't JSON."""
    megabytes = fact("payload.async_mb" if kind == "Event" else "payload.sync_mb").value
    limit = int(megabytes) * 1024 * 1024
    if len(payload) > limit:
        raise ServiceError(
            "RequestEntityTooLargeException",
            f"Request must be smaller than {limit} bytes for the InvokeFunction operation",
            413,
        )
    if not payload:
        return b"{}"
    try:
        json.loads(payload, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ServiceError(
            "InvalidRequestContentException",
            f"Could not parse request body into json: Could not parse payload into json: {error}",
        ) from error
    return payload


def _refuse_constant(name: str) -> None:
    raise ValueError(f"Non-standard token '{name}'")


def client_context_of(header: str) -> str:
    """The client context of a call as JSON text."""
    if not header:
        return ""
    try:
        context = json.loads(base64.b64decode(header, validate=True))
        if isinstance(context, dict):
            return json.dumps(context)  # on one line and in ASCII, as it travels in a header
    except (binascii.Error, ValueError, RecursionError):
        pass
    raise ServiceError(
        "InvalidRequestContentException",
        "Client context must be a valid Base64-encoded JSON object.",
    )
