"""Lambda authorizers: a function decides whether a request goes on, and says who sends it.

docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from labsupport.clock import LabClock
from labsupport.functions import DataPlane
from labsupport.iam import Ask, Caller, decide
from labsupport.iam.policies import Policy

from . import payload_v1, payload_v2
from .apis import Authorizer, Exchange, function_arn
from .invoking import NotInvoked, invoke

UNAUTHORIZED = "Unauthorized"


class Unauthorized(Exception):
    """The request doesn't say who sends it, or the authorizer has said so."""


class Denied(Exception):
    """The authorizer's answer doesn't allow the request; `explicit` where a Deny says so."""

    def __init__(self, explicit: bool = False) -> None:
        super().__init__("explicit deny" if explicit else "no allow")
        self.explicit = explicit


class Misconfigured(Exception):
    """The authorizer couldn't be asked, or its answer is none."""


@dataclass(frozen=True)
class _Verdict:
    answer: Mapping[str, Any]
    until: float


class Authorizers:
    """Asks authorizers, and remembers what they say for as long as they are configured to.

    Args:
        clock: the lab clock, on which a remembered answer grows old.
    """

    def __init__(self, plane: DataPlane, clock: LabClock) -> None:
        self._plane = plane
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[tuple[str, ...], _Verdict] = {}

    def authorize(self, exchange: Exchange, event: dict[str, Any]) -> dict[str, Any]:
        """What the route's authorizer says of the caller, as the function's event has it.

        Args:
            event: what a REQUEST authorizer is told of the request.

        Raises:
            Unauthorized, Denied, Misconfigured: where the request doesn't go on.
        """
        authorizer = exchange.route.authorizer
        if authorizer is None:
            raise Misconfigured("no authorizer")
        identity = _identity(authorizer, exchange)
        key = (exchange.stage.api_id, exchange.stage.name, authorizer.id, *identity)
        if authorizer.ttl_s and authorizer.simple:
            key += (exchange.route.key,)
        with self._lock:
            known = self._known.get(key)
        if known is None or known.until <= self._clock.time():
            answer = self._ask(authorizer, exchange, event, identity)
            known = _Verdict(answer, self._clock.time() + authorizer.ttl_s)
            if authorizer.ttl_s and identity:
                with self._lock:
                    self._known[key] = known
        return _said(authorizer, known.answer, exchange)

    def _ask(
        self,
        authorizer: Authorizer,
        exchange: Exchange,
        event: dict[str, Any],
        identity: list[str],
    ) -> Mapping[str, Any]:
        if authorizer.kind == "TOKEN":
            event = {
                "type": "TOKEN",
                "methodArn": exchange.method_arn,
                "authorizationToken": identity[0],
            }
        try:
            result = invoke(
                self._plane,
                function_arn(authorizer.uri, exchange.stage.variables),
                event,
                exchange.request,
                source_arn=exchange.stage.arn(f"authorizers/{authorizer.id}"),
                role=authorizer.role,
            )
        except NotInvoked as error:
            raise Misconfigured(str(error)) from error
        answer = json.loads(result.payload)
        if result.function_error:
            if isinstance(answer, dict) and answer.get("errorMessage") == UNAUTHORIZED:
                raise Unauthorized
            raise Misconfigured("the authorizer failed")
        if not isinstance(answer, dict):
            raise Misconfigured("the authorizer's answer is no object")
        return answer


def request_event(exchange: Exchange, *, rest: bool) -> dict[str, Any]:
    """What a REQUEST authorizer is told of a request."""
    authorizer = exchange.route.authorizer
    without_body = replace(exchange, request=replace(exchange.request, body=b""))
    if rest:
        event = payload_v1.rest_event(without_body)
        del event["body"], event["isBase64Encoded"]
        return {"type": "REQUEST", "methodArn": exchange.method_arn, **event}
    sources = _identity(authorizer, exchange) if authorizer else []
    if authorizer and authorizer.payload_format == "2.0":
        event = payload_v2.http_event(without_body)
        del event["isBase64Encoded"]
        arn = exchange.method_arn
        found = {"version": "2.0", "type": "REQUEST", "routeArn": arn, "identitySource": sources}
        return found | event
    event = payload_v1.http_event(without_body)
    del event["body"], event["isBase64Encoded"]
    token = ",".join(sources)
    return event | {
        "type": "REQUEST",
        "methodArn": exchange.method_arn,
        "identitySource": token,
        "authorizationToken": token,
    }


def _identity(authorizer: Authorizer, exchange: Exchange) -> list[str]:
    """The values of the identity sources, all of which a request must have."""
    values = [_source(source, exchange) for source in authorizer.sources]
    if not all(values):
        raise Unauthorized
    if authorizer.validation and not re.match(authorizer.validation, values[0]):
        raise Unauthorized
    return values


def _source(source: str, exchange: Exchange) -> str:
    """A value such as "method.request.header.X" or "$request.querystring.x" names; "" for none."""
    place, _, name = source.partition("request.")[2].partition(".")
    if place == "header":
        return exchange.request.header(name)
    if place == "querystring":
        return dict(parse_qsl(exchange.request.query)).get(name, "")
    where, _, key = source.lstrip("$").partition(".")
    if where == "stageVariables":
        return exchange.stage.variables.get(key, "")
    context = {
        "routeKey": exchange.route.key,
        "httpMethod": exchange.request.method,
        "path": exchange.full_path,
        "identity.sourceIp": exchange.request.source_ip,
        "stage": exchange.stage.name,
    }
    return context.get(key, "") if where == "context" else ""


def _said(authorizer: Authorizer, answer: Mapping[str, Any], exchange: Exchange) -> dict[str, Any]:
    context = answer.get("context") or {}
    if not isinstance(context, dict):
        raise Misconfigured("the context is no object")
    if authorizer.simple:
        if answer.get("isAuthorized") is not True:
            raise Denied
        return context
    policy = answer.get("policyDocument")
    if not isinstance(policy, dict) or not answer.get("principalId"):
        raise Misconfigured("the answer has no policyDocument or no principalId")
    caller = Caller(arn=exchange.method_arn, policies=(Policy(json.dumps(policy)),))
    reason = decide(Ask("execute-api:Invoke", exchange.method_arn), caller)
    if reason:
        raise Denied(explicit="explicit deny" in reason)
    return {"principalId": answer["principalId"], **context}
