"""Reads what boto3, a queue, a log or the lab's record gives into one form, to be explained."""

from __future__ import annotations

import base64
import binascii
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError

from .log_text import read_log
from .recorded import read_record
from .seen import Kind, Seen, ended, nothing_to_explain


def read(subject: Any) -> Seen:
    """What a result, an exception, a payload, a message, a log or a record tells.

    A payload that can be read once only is put back, so that it can be read again.

    Raises:
        LabValueError: where it is nothing that can be explained.
    """
    if isinstance(subject, BaseException):
        return _exception(subject)
    if isinstance(subject, Mapping):
        return _mapping(subject)
    if isinstance(subject, bytes | bytearray):
        return _text(bytes(subject).decode("utf-8", "replace"))
    if isinstance(subject, str):
        return _text(subject)
    if hasattr(subject, "read"):
        nothing_to_explain(
            "A payload can be read only once: give the whole answer of invoke, and it stays "
            "readable."
        )
    return read_record(subject)


def _exception(error: BaseException) -> Seen:
    response = getattr(error, "response", None)
    if isinstance(response, dict) and "Error" in response:
        return Seen(
            "refusal",
            str(response["Error"].get("Code", "")),
            str(response["Error"].get("Message", "")),
            reason=str(response.get("Reason", "")),
            operation=str(getattr(error, "operation_name", "")),
        )
    kind: Kind = "refusal" if isinstance(error, BotoCoreError) else "failure"
    return Seen(kind, type(error).__name__, str(error))


def _mapping(found: Mapping[str, Any]) -> Seen:
    for member, reader in _READERS.items():
        if member in found and (seen := reader(found)) is not None:
            return seen
    return nothing_to_explain()


class _Response(Exception):
    def __init__(self, response: Mapping[str, Any]) -> None:
        self.response = dict(response)


def _error_payload(found: Mapping[str, Any]) -> Seen:
    trace = found.get("stackTrace") or found.get("trace") or []
    return Seen(
        "failure",
        str(found.get("errorType") or _type_in(str(found.get("errorMessage", "")))),
        str(found.get("errorMessage") or ""),
        stack="\n".join(map(str, trace)) if isinstance(trace, list) else str(trace),
    )


def _type_in(message: str) -> str:
    """The error type of a payload that has only a message, as Lambda's for a timeout once had."""
    return "Sandbox.Timedout" if "Task timed out" in message else "error"


def _invoke_result(answer: Mapping[str, Any]) -> Seen:
    status = str(answer["StatusCode"])
    if "EventStream" in answer:
        return _stream_result(answer, status)
    payload = _payload(answer)
    log = _tail(answer)
    if not answer.get("FunctionError"):
        return Seen("result", status)
    failure = _json_object(payload)
    if failure is None:
        return log if log and log.kind == "failure" else Seen("failure", "", payload)
    seen = _error_payload(failure)
    return replace(seen, stack=log.stack) if log and not seen.stack else seen


def _payload(answer: Mapping[str, Any]) -> str:
    body: Any = answer.get("Payload")
    if hasattr(body, "read"):
        data = body.read()
        if isinstance(answer, dict):
            from botocore.response import StreamingBody

            answer["Payload"] = StreamingBody(io.BytesIO(data), len(data))
        return bytes(data).decode("utf-8", "replace")
    if isinstance(body, bytes | bytearray):
        return bytes(body).decode("utf-8", "replace")
    return body if isinstance(body, str) else json.dumps(body, default=str)


def _stream_result(answer: Mapping[str, Any], status: str) -> Seen:
    events = list(answer["EventStream"])
    if isinstance(answer, dict):
        answer["EventStream"] = events
    ends = [event["InvokeComplete"] for event in events if "InvokeComplete" in event]
    end: dict[str, Any] = ends[-1] if ends else {}
    if not end.get("ErrorCode"):
        return Seen("result", status)
    failure = _json_object(end.get("ErrorDetails", ""))
    return _error_payload(failure) if failure else Seen("failure", str(end["ErrorCode"]))


def _tail(answer: Mapping[str, Any]) -> Seen | None:
    try:
        return _log(base64.b64decode(answer["LogResult"]).decode("utf-8", "replace"))
    except (KeyError, binascii.Error, ValueError):
        return None


def _refusal(found: Mapping[str, Any]) -> Seen:
    return _exception(_Response(found))


def _messages(found: Mapping[str, Any]) -> Seen:
    if not found["Messages"]:
        nothing_to_explain("The queue gave no message, so there is nothing to explain yet.")
    return _mapping(found["Messages"][0])


def _log_events(found: Mapping[str, Any]) -> Seen:
    return _text("\n".join(str(event.get("message", "")) for event in found["events"]))


def _destination_record(found: Mapping[str, Any]) -> Seen | None:
    context = found["requestContext"]
    if "condition" not in context:
        return None
    return ended(str(context["condition"]), int(context.get("approximateInvokeCount") or 0))


def _queue_message(found: Mapping[str, Any]) -> Seen:
    attributes = found.get("MessageAttributes") or found.get("messageAttributes") or {}
    values = {
        name: str(each.get("StringValue") or each.get("stringValue") or each.get("Value") or "")
        for name, each in attributes.items()
    }
    if "RequestID" in values:
        return _dead_letter(values.get("ErrorCode", ""), values.get("ErrorMessage", ""))
    body = _json_object(str(found.get("Body") or found.get("body")))
    if body and "requestContext" in body:
        return _mapping(body)
    return nothing_to_explain(
        "This message says nothing of an error; receive it with MessageAttributeNames=['All'], as "
        "a dead-letter queue has the error there."
    )


def _dead_letter(code: str, message: str) -> Seen:
    if "zero reserved" in message:
        return Seen("event", "ZeroReservedConcurrency")
    if "RecursiveInvocation" in message:
        return Seen("refusal", "RecursiveInvocationException")
    condition = "RetriesExhausted" if code == "200" else "EventAgeExceeded"
    return Seen("event", condition, message, details={"attempts": "its last attempt"})


def _text(text: str) -> Seen:
    found = _json_object(text)
    if found is not None and ("errorType" in found or "requestContext" in found):
        return _mapping(found)
    seen = _log(text)
    return seen or nothing_to_explain()


def _log(text: str) -> Seen | None:
    found = read_log(text)
    if found is None:
        return None
    kind: Kind = "failure" if found.failed else "log"
    return Seen(kind, found.error, found.message, stack=found.stack, details=found.numbers)


def _json_object(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


_READERS: dict[str, Callable[[Mapping[str, Any]], Seen | None]] = {
    "errorType": _error_payload,
    "errorMessage": _error_payload,
    "requestContext": _destination_record,
    "Error": _refusal,
    "StatusCode": _invoke_result,
    "Messages": _messages,
    "events": _log_events,
    "Body": _queue_message,
    "body": _queue_message,
}
