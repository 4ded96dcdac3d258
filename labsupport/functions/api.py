"""Lambda's Invoke API as a WSGI application, answered before moto sees the request.

docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from labsupport.facts import fact

from .errors import ServiceError
from .model import InvocationType, InvokeResult
from .wsgi import Headers, answer, answer_error, read_body, region_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

    from .data_plane import DataPlane

_PREFIX, _SUFFIX = "/2015-03-31/functions/", "/invocations"
_KINDS: dict[str, InvocationType] = {
    "RequestResponse": "RequestResponse",
    "Event": "Event",
    "DryRun": "DryRun",
}


def invoke_app(plane: DataPlane) -> WSGIApplication:
    """The application for POST /2015-03-31/functions/NAME/invocations."""

    def app(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        request_id = str(uuid.uuid4())
        named = [("x-amzn-RequestId", request_id)]
        try:
            status, headers, body = _invoke(plane, environ, request_id)
        except ServiceError as error:
            return answer_error(start_response, error, named)
        return answer(start_response, status, [*headers, *named], body)

    return app


def _invoke(
    plane: DataPlane, environ: dict[str, Any], request_id: str
) -> tuple[int, Headers, bytes]:
    kind = environ.get("HTTP_X_AMZ_INVOCATION_TYPE") or "RequestResponse"
    if kind not in _KINDS:
        raise ServiceError(
            "InvalidParameterValueException",
            f"1 validation error detected: Value '{kind}' at 'invocationType' failed to satisfy "
            "constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]",
        )
    query = parse_qs(environ.get("QUERY_STRING", ""))
    result = plane.invoke(
        region_of(environ),
        environ["PATH_INFO"][len(_PREFIX) : -len(_SUFFIX)],
        _event(environ, kind),
        qualifier=query.get("Qualifier", [None])[0],
        kind=_KINDS[kind],
        client_context=_client_context(environ.get("HTTP_X_AMZ_CLIENT_CONTEXT", "")),
        request_id=request_id,
    )
    if result is None:
        return (204 if kind == "DryRun" else 202), [], b""
    tail = environ.get("HTTP_X_AMZ_LOG_TYPE") == "Tail"
    return 200, _headers(result, tail=tail), result.payload


def _headers(result: InvokeResult, *, tail: bool) -> Headers:
    headers = [("X-Amz-Executed-Version", result.executed_version)]
    if result.function_error:
        headers.append(("X-Amz-Function-Error", result.function_error))
    if tail:
        headers.append(("X-Amz-Log-Result", base64.b64encode(result.log_tail).decode()))
    return headers


def _event(environ: dict[str, Any], kind: str) -> bytes:
    megabytes = fact("payload.async_mb" if kind == "Event" else "payload.sync_mb").value
    limit = int(megabytes) * 1024 * 1024
    body = read_body(environ)
    if len(body) > limit:
        raise ServiceError(
            "RequestEntityTooLargeException",
            f"Request must be smaller than {limit} bytes for the InvokeFunction operation",
            413,
        )
    if not body:
        return b"{}"
    try:
        json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ServiceError(
            "InvalidRequestContentException",
            f"Could not parse request body into json: Could not parse payload into json: {error}",
        ) from error
    return body


def _refuse_constant(name: str) -> None:
    raise ValueError(f"Non-standard token '{name}'")


def _client_context(header: str) -> str:
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
