"""Payload format 2.0: events for function URLs and HTTP APIs, and what functions answer.

docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import replace
from datetime import datetime
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

_JSON = ("Content-Type", "application/json")


def event(
    request: HttpRequest,
    *,
    now: datetime,
    id: str,
    domain: str,
    account: str,
    route_key: str = "$default",
    stage: str = "$default",
    **context: Any,
) -> dict[str, Any]:
    """The event of a request; members that would be empty are missing, as on AWS.

    Args:
        now: when the request was taken on.
        id: of the function URL or the API.
        domain: the host name it has on AWS.
        account: "anonymous" where nobody asked who called.
        context: further members of requestContext, such as authorizer.
    """
    found: dict[str, Any] = {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": request.path,
        "rawQueryString": request.query,
    }
    if cookies := request.header("cookie"):
        found["cookies"] = [cookie.strip() for cookie in cookies.split(";")]
    found["headers"] = request.joined_headers
    if query := query_parameters(request.query):
        found["queryStringParameters"] = query
    found["requestContext"] = {
        "accountId": account,
        "apiId": id,
        **context,
        "domainName": domain,
        "domainPrefix": id,
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": request.protocol,
            "sourceIp": request.source_ip,
            "userAgent": request.header("user-agent"),
        },
        "requestId": request.request_id,
        "routeKey": route_key,
        "stage": stage,
        "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(now.timestamp() * 1000),
    }
    return found | body_of(request)


def http_event(exchange: Exchange) -> dict[str, Any]:
    """The event of a request to an HTTP API."""
    stage, said = exchange.stage, exchange.authorizer
    request = replace(exchange.request, path=exchange.full_path)
    found = event(
        request,
        now=exchange.now,
        id=stage.api_id,
        domain=stage.domain,
        account=ACCOUNT_ID,
        route_key=exchange.route.key,
        stage=stage.name,
        **({} if said is None else {"authorizer": dict(said)}),
    )
    found["headers"].pop("cookie", None)  # which a function URL leaves there
    if exchange.parameters:
        found["pathParameters"] = dict(exchange.parameters)
    if stage.variables:
        found["stageVariables"] = dict(stage.variables)
    return found


def body_of(request: HttpRequest) -> dict[str, Any]:
    """The members of an event for a request's body."""
    if not request.body:
        return {"isBase64Encoded": False}
    if is_text(request):
        return {"body": request.body.decode(), "isBase64Encoded": False}
    return {"body": base64.b64encode(request.body).decode(), "isBase64Encoded": True}


def query_parameters(query: str) -> dict[str, str]:
    """Parameters of a query, the values of one joined with commas."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def response(payload: bytes) -> HttpResponse:
    """The answer that a function's result stands for.

    An object with a statusCode describes the answer; anything else is the body of one.

    Raises:
        MalformedResponse: where a description can't be followed.
    """
    try:
        result = json.loads(payload)
    except ValueError:
        return HttpResponse(200, payload, (_JSON,))
    if not isinstance(result, dict) or "statusCode" not in result:
        body = result if isinstance(result, str) else _compact(result)
        return HttpResponse(200, body.encode(), (_JSON,))
    status = checked_status(result["statusCode"])
    headers = _members(result, "headers", dict)
    sent = [checked_header(name, value) for name, value in headers.items()]
    if not any(name.lower() == "content-type" for name, _ in sent):
        sent.append(_JSON)
    sent += [checked_header("Set-Cookie", cookie) for cookie in _members(result, "cookies", list)]
    return HttpResponse(status, body_bytes(result), tuple(sent))


def body_bytes(result: dict[str, Any]) -> bytes:
    """The body that a function describes.

    Raises:
        MalformedResponse: where it isn't text, or not base64 as it says.
    """
    body = result.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise MalformedResponse("body is not a string")
    if result.get("isBase64Encoded") is not True:
        return body.encode("utf-8", "replace")
    try:
        return base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MalformedResponse("body is not base64") from error


def _members(result: dict[str, Any], name: str, kind: type) -> Any:
    value = result.get(name)
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise MalformedResponse(f"{name} has the wrong type")
    return value


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
