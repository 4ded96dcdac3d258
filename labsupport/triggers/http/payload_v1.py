"""Payload format 1.0: events for REST APIs and older HTTP APIs, and what functions answer.

docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl

from labsupport.credentials import ACCOUNT_ID

from .apis import Exchange
from .messages import (
    HttpRequest,
    HttpResponse,
    MalformedResponse,
    checked_header,
    checked_status,
    is_text,
)
from .payload_v2 import body_bytes

_MEMBERS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
_IDENTITY = (
    "cognitoIdentityPoolId",
    "accountId",
    "cognitoIdentityId",
    "caller",
    "sourceIp",
    "principalOrgId",
    "accessKey",
    "cognitoAuthenticationType",
    "cognitoAuthenticationProvider",
    "userArn",
    "userAgent",
    "user",
)


def rest_event(exchange: Exchange) -> dict[str, Any]:
    """The event of a request to a REST API."""
    request, stage, route = exchange.request, exchange.stage, exchange.route
    binary = any_matches(stage.binary_types, request.header("content-type"))
    context = {
        "resourceId": route.resource_id,
        "resourcePath": route.path,
        "path": f"/{stage.name}{request.path}",
        "deploymentId": stage.deployment_id,
    }
    return {
        "resource": route.path,
        "path": request.path,
        **_common(exchange, context, binary=bool(request.body) and binary),
    }


def http_event(exchange: Exchange) -> dict[str, Any]:
    """The event of a request to an HTTP API whose integration asks for format 1.0."""
    request, route = exchange.request, exchange.route
    binary = bool(request.body) and not is_text(request)
    resource = route.path or "$default"
    context = {"resourceId": route.key, "resourcePath": resource, "path": exchange.full_path}
    return {
        "version": "1.0",
        "resource": resource,
        "path": exchange.full_path,
        **_common(exchange, context, binary=binary),
    }


def response(payload: bytes) -> tuple[HttpResponse, bool]:
    """The answer that a function's result stands for, and whether its body was in base64.

    Raises:
        MalformedResponse: for a result of another shape than a proxy response has.
    """
    try:
        result = json.loads(payload)
    except ValueError as error:
        raise MalformedResponse("not JSON") from error
    if not isinstance(result, dict) or not result.keys() <= _MEMBERS:
        raise MalformedResponse("not a proxy response")
    status = checked_status(result.get("statusCode") or 200)
    headers, many = result.get("headers") or {}, result.get("multiValueHeaders") or {}
    if not isinstance(headers, dict) or not isinstance(many, dict):
        raise MalformedResponse("headers have the wrong type")
    sent = [
        checked_header(name, value)
        for name, values in many.items()
        for value in (values if isinstance(values, list) else [values])
    ]
    repeated = {header for header, _ in sent}
    sent += [checked_header(name, v) for name, v in headers.items() if name not in repeated]
    if not any(name.lower() == "content-type" for name, _ in sent):
        sent.append(("Content-Type", "application/json"))
    if isinstance(result.get("body"), dict | list):
        raise MalformedResponse("body is not a string")
    if isinstance(result.get("body"), bool | int | float):
        result["body"] = json.dumps(result["body"])
    encoded = result.get("isBase64Encoded") is True
    return HttpResponse(status, body_bytes(result), tuple(sent)), encoded


def encoded_body(response: HttpResponse) -> bytes:
    """A body in base64, as it goes to a client that hasn't asked for a binary type."""
    return base64.b64encode(b"".join(response.parts))


def any_matches(patterns: Iterable[str], types: str) -> bool:
    """Whether the first of some media types is among binary ones; "*/*" stands for all."""
    first = types.partition(",")[0].partition(";")[0].strip().lower()
    return any(
        pattern == "*/*" or (first and fnmatchcase(first, pattern.lower())) for pattern in patterns
    )


def _common(exchange: Exchange, context: dict[str, Any], *, binary: bool) -> dict[str, Any]:
    request, stage, now = exchange.request, exchange.stage, exchange.now
    known: dict[str, Any] = {
        "sourceIp": request.source_ip,
        "userAgent": request.header("user-agent") or None,
    }
    known |= exchange.identity
    context |= {
        "httpMethod": request.method,
        "extendedRequestId": request.request_id.replace("-", "")[:15] + "=",
        "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "accountId": ACCOUNT_ID,
        "protocol": request.protocol,
        "stage": stage.name,
        "domainPrefix": stage.api_id,
        "requestTimeEpoch": int(now.timestamp() * 1000),
        "requestId": request.request_id,
        "identity": {name: known.get(name) for name in _IDENTITY},
        "domainName": stage.domain,
        "apiId": stage.api_id,
    }
    if exchange.authorizer is not None:
        context["authorizer"] = dict(exchange.authorizer)
    return {
        "httpMethod": request.method,
        **_headers(request.headers),
        **_query(request.query),
        "pathParameters": dict(exchange.parameters) or None,
        "stageVariables": dict(stage.variables) or None,
        "requestContext": context,
        "body": _body(request, binary),
        "isBase64Encoded": binary,
    }


def _headers(headers: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    many: dict[str, list[str]] = {}
    for name, value in headers:
        many.setdefault(name, []).append(value)
    return {
        "headers": {name: values[-1] for name, values in many.items()},
        "multiValueHeaders": many,
    }


def _query(query: str) -> dict[str, Any]:
    many: dict[str, list[str]] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        many.setdefault(name, []).append(value)
    return {
        "queryStringParameters": {name: values[-1] for name, values in many.items()} or None,
        "multiValueQueryStringParameters": many or None,
    }


def _body(request: HttpRequest, binary: bool) -> str | None:
    if not request.body:
        return None
    if binary:
        return base64.b64encode(request.body).decode()
    return request.body.decode("utf-8", "replace")
