"""HTTP APIs: which route a request takes, who may take it, and what is answered.

docs.aws.amazon.com/apigateway/latest/developerguide/http-api.html
"""

from __future__ import annotations

from dataclasses import replace

from labsupport.functions import DataPlane

from . import payload_v1, payload_v2
from .apis import Exchange, Integration
from .authorizers import Authorizers, Denied, Misconfigured, Unauthorized, request_event
from .invoking import NotInvoked, invoke
from .messages import HttpResponse, MalformedResponse, json_response

NOT_FOUND = json_response(404, {"message": "Not Found"})
TOO_LONG = json_response(413, {"message": "Request Entity Too Large"})
_FAILED = json_response(500, {"message": "Internal Server Error"})
_UNAUTHORIZED = json_response(401, {"message": "Unauthorized"})
_FORBIDDEN = json_response(403, {"message": "Forbidden"})
_TIMED_OUT = json_response(503, {"message": "Service Unavailable"})


class HttpApi:
    """Serves HTTP APIs. JWT and IAM authorization are left out, as is what isn't AWS_PROXY."""

    def __init__(self, plane: DataPlane, authorizers: Authorizers) -> None:
        self._plane = plane
        self._authorizers = authorizers

    def answer(self, exchange: Exchange) -> HttpResponse:
        """Answer a request whose route is known."""
        route = exchange.route
        if route.authorization not in ("NONE", "CUSTOM"):
            return _not_here(f"{route.authorization} authorization")
        try:
            if route.authorization == "CUSTOM":
                event = request_event(exchange, rest=False)
                said = self._authorizers.authorize(exchange, event)
                two = route.integration is not None and route.integration.payload_format == "2.0"
                if two:
                    said.pop("principalId", None)
                exchange = replace(exchange, authorizer={"lambda": said} if two else said)
        except Unauthorized:
            return _UNAUTHORIZED
        except Denied:
            return _FORBIDDEN
        except Misconfigured:
            return _FAILED
        return self._integrate(exchange)

    def _integrate(self, exchange: Exchange) -> HttpResponse:
        integration = exchange.route.integration
        if integration is None:
            return _FAILED
        if integration.kind != "AWS_PROXY":
            return _not_here(f"{integration.kind} integrations")
        try:
            return self._call(exchange, integration)
        except (NotInvoked, MalformedResponse):
            return _FAILED
        except TimeoutError:
            return _TIMED_OUT

    def _call(self, exchange: Exchange, integration: Integration) -> HttpResponse:
        two = integration.payload_format == "2.0"
        event = payload_v2.http_event(exchange) if two else payload_v1.http_event(exchange)
        result = invoke(
            self._plane,
            integration.function_arn(exchange.stage.variables),
            event,
            exchange.request,
            source_arn=exchange.source_arn,
            role=integration.role,
            timeout_ms=integration.timeout_ms,
        )
        if result.function_error:
            return _FAILED
        if two:
            return payload_v2.response(result.payload)
        return payload_v1.response(result.payload)[0]


def _not_here(what: str) -> HttpResponse:
    message = f"The lab doesn't have {what} of HTTP APIs; on AWS this route would work."
    return json_response(501, {"message": message})
