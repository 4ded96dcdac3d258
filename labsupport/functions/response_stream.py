"""Lambda's InvokeWithResponseStream API: the response as a stream of events.

docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html
"""

from __future__ import annotations

import base64
import json
import zlib
from typing import TYPE_CHECKING

from .actions import Action, Reply
from .api import client_context_of, event_of
from .api_model import Call
from .moto_bridge import caller_of

if TYPE_CHECKING:
    from .data_plane import DataPlane

_STRING = b"\x07"  # the type of a header whose value is text


def stream_action(plane: DataPlane) -> Action:
    """The InvokeWithResponseStream action of a data plane.

    The response comes as one chunk when the function has ended, as on AWS for a runtime that
    doesn't stream.
    """

    def invoke(call: Call) -> Reply:
        result = plane.invoke(
            call.region,
            call.get("FunctionName"),
            event_of(call.get("Payload"), "RequestResponse"),
            qualifier=call.get("Qualifier"),
            kind=call.get("InvocationType", "RequestResponse"),
            client_context=client_context_of(call.get("ClientContext", "")),
            request_id=call.request_id,
            trace_header=call.trace_header,
            caller=caller_of(call.access_key_id),
        )
        if result is None:
            return Reply(status=204)
        end = {}
        if result.function_error:
            end = {"ErrorCode": result.function_error, "ErrorDetails": result.payload.decode()}
        if call.get("LogType") == "Tail":
            end["LogResult"] = base64.b64encode(result.log_tail).decode()
        chunk = message("PayloadChunk", "application/octet-stream", result.payload)
        complete = message("InvokeComplete", "application/json", json.dumps(end).encode())
        headers = (
            ("X-Amz-Executed-Version", result.executed_version),
            ("Content-Type", "application/vnd.amazon.eventstream"),
        )
        return Reply((b"" if result.function_error else chunk) + complete, headers)

    return invoke


def message(event_type: str, content_type: str, payload: bytes) -> bytes:
    """An event as AWS's event streams frame it: lengths, headers, payload, two checksums.

    https://smithy.io/2.0/aws/amazon-eventstream.html
    """
    headers = b"".join(
        len(name).to_bytes(1, "big")
        + name
        + _STRING
        + len(value).to_bytes(2, "big")
        + value.encode()
        for name, value in (
            (b":message-type", "event"),
            (b":event-type", event_type),
            (b":content-type", content_type),
        )
    )
    total = 16 + len(headers) + len(payload)
    prelude = total.to_bytes(4, "big") + len(headers).to_bytes(4, "big")
    data = prelude + zlib.crc32(prelude).to_bytes(4, "big") + headers + payload
    return data + zlib.crc32(data).to_bytes(4, "big")
