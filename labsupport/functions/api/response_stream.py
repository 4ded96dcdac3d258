"""Lambda's InvokeWithResponseStream API: the response as a stream of events.

docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..environments.streaming import Streaming
from ..model import InvokeResult, ResponseSink
from ..moto_bridge import caller_of, resolve
from .actions import Action, Reply
from .api_model import Call
from .invoke import client_context_of, event_of

if TYPE_CHECKING:
    from ..data_plane import DataPlane

_STRING = b"\x07"  # the type of a header whose value is text


def stream_action(plane: DataPlane) -> Action:
    """The InvokeWithResponseStream action of a data plane.

    What a runtime doesn't stream comes as one chunk when the function has ended.
    """

    def invoke(call: Call) -> Reply:
        event = event_of(call.get("Payload"), "RequestResponse")
        context = client_context_of(call.get("ClientContext", ""))

        def run(sink: ResponseSink | None) -> InvokeResult | None:
            return plane.invoke(
                call.region,
                call.get("FunctionName"),
                event,
                qualifier=call.get("Qualifier"),
                kind=call.get("InvocationType", "RequestResponse"),
                client_context=context,
                request_id=call.request_id,
                trace_header=call.trace_header,
                caller=caller_of(call.access_key_id),
                sink=sink,
            )

        if call.get("InvocationType") == "DryRun":
            run(None)
            return Reply(status=204)
        version, _ = resolve(call.region, call.get("FunctionName"), call.get("Qualifier"))
        streaming = Streaming(run)
        result = streaming.result
        headers = (
            ("X-Amz-Executed-Version", result.executed_version if result else version.version),
            ("Content-Type", "application/vnd.amazon.eventstream"),
        )
        return Reply(_events(streaming, tail=call.get("LogType") == "Tail"), headers)

    return invoke


def _events(streaming: Streaming, *, tail: bool) -> Iterator[bytes]:
    for part in streaming.parts():
        yield message("PayloadChunk", "application/octet-stream", part)
    end, result = {}, streaming.result
    if result is None:
        end = {"ErrorCode": "ServiceException", "ErrorDetails": "The invocation failed."}
    elif result.function_error:
        end = {"ErrorCode": result.function_error, "ErrorDetails": result.payload.decode()}
    elif result.payload:
        yield message("PayloadChunk", "application/octet-stream", result.payload)
    if result is not None and tail:
        end["LogResult"] = base64.b64encode(result.log_tail).decode()
    yield message("InvokeComplete", "application/json", json.dumps(end).encode())


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
