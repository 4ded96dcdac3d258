"""REST APIs: which method a request takes, who may take it, and what is answered.

docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-rest-api.html
docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from labsupport.credentials import ACCOUNT_ID
from labsupport.functions import DataPlane
from labsupport.functions.errors import ServiceError
from labsupport.iam import Ask

from . import payload_v1
from .apis import Exchange, Integration, Route, match
from .authorizers import Authorizers, Denied, Misconfigured, Unauthorized, request_event
from .invoking import NotInvoked, invoke
from .messages import HttpRequest, HttpResponse, MalformedResponse, json_response
from .mocks import mocked
from .signers import Signers

# API Gateway puts headers of its own in the place of these of a function.
_REMAPPED = {"connection", "content-length", "date", "server", "www-authenticate"}


def gateway_error(status: int, message: str | None, error_type: str) -> HttpResponse:
    """An answer of API Gateway's own."""
    # Where a policy denies, the key is spelled with a capital, as IAM does.
    key = "Message" if error_type == "AccessDeniedException" else "message"
    return json_response(status, {key: message}, ("x-amzn-ErrorType", error_type))


UNKNOWN_STAGE = gateway_error(403, "Forbidden", "ForbiddenException")
UNKNOWN_METHOD = gateway_error(
    403, "Missing Authentication Token", "MissingAuthenticationTokenException"
)
TOO_LONG = gateway_error(413, "Request Too Long", "RequestTooLargeException")
_UNAUTHORIZED = gateway_error(401, "Unauthorized", "UnauthorizedException")
_MISCONFIGURED = gateway_error(500, None, "AuthorizerConfigurationException")
_TIMED_OUT = gateway_error(504, "Endpoint request timed out", "InternalServerErrorException")


def _failed(status: int) -> HttpResponse:
    return gateway_error(status, "Internal server error", "InternalServerErrorException")


def _not_here(what: str) -> HttpResponse:
    message = f"The lab doesn't have {what} of REST APIs; on AWS this method would work."
    return gateway_error(501, message, "NotImplementedException")


def route_of(
    routes: tuple[Route, ...], request: HttpRequest
) -> tuple[Route | None, dict[str, str]]:
    """The method of the resource that a request takes: the resource is chosen by its path alone."""
    paths = {route.path for route in routes}
    resource, parameters = match((Route("ANY", path) for path in paths), "ANY", request.path)
    if resource is None:
        return None, {}
    methods = {route.method: route for route in routes if route.path == resource.path}
    return methods.get(request.method) or methods.get("ANY"), parameters


class RestApi:
    """Serves REST APIs.

    What API Gateway runs with templates (VTL) or calls over HTTP isn't served, nor are API keys,
    usage plans and request validators looked at.
    """

    def __init__(self, plane: DataPlane, authorizers: Authorizers, signers: Signers) -> None:
        self._plane = plane
        self._signers = signers
        self._authorizers = authorizers

    def answer(self, exchange: Exchange) -> HttpResponse:
        """Answer a request whose route is known."""
        route = exchange.route
        if route.authorization == "AWS_IAM":
            return self._signed(exchange)
        if route.authorization not in ("NONE", "CUSTOM"):
            return _not_here(f"{route.authorization} authorization")
        try:
            if route.authorization == "CUSTOM":
                event = request_event(exchange, rest=True)
                said = self._authorizers.authorize(exchange, event)
                exchange = replace(exchange, authorizer=_as_text(said))
        except Unauthorized:
            return _UNAUTHORIZED
        except Misconfigured:
            return _MISCONFIGURED
        except Denied as denied:
            message = "User is not authorized to access this resource"
            message += " with an explicit deny" if denied.explicit else ""
            return gateway_error(403, message, "AccessDeniedException")
        return self.integrate(exchange)

    def _signed(self, exchange: Exchange) -> HttpResponse:
        try:
            signer = self._signers.signer(exchange.request, exchange.signed_path)
        except ServiceError as error:
            return gateway_error(403, error.message, error.code)
        if signer is None:
            return UNKNOWN_METHOD
        arn = exchange.method_arn
        if not self._signers.may(signer, exchange.stage.region, Ask("execute-api:Invoke", arn)):
            message = (
                f"User: {signer.caller.arn} is not authorized to perform: execute-api:Invoke "
                f"on resource: {arn}"
            )
            return gateway_error(403, message, "AccessDeniedException")
        identity = {
            "accessKey": signer.key_id,
            "accountId": ACCOUNT_ID,
            "caller": signer.caller.context.get("aws:userid", ACCOUNT_ID),
            "user": signer.caller.context.get("aws:userid", ACCOUNT_ID),
            "userArn": signer.caller.arn,
        }
        return self.integrate(replace(exchange, identity=identity))

    def integrate(self, exchange: Exchange) -> HttpResponse:
        """Answer a request that is allowed by what its integration says."""
        integration = exchange.route.integration
        if integration is None:
            return _failed(500)
        if integration.kind == "MOCK":
            return mocked(integration.mock)
        if integration.kind != "AWS_PROXY":
            return _not_here(f"{integration.kind} integrations")
        try:
            return self._call(exchange, integration)
        except TimeoutError:
            return _TIMED_OUT
        except (NotInvoked, MalformedResponse) as error:
            return _failed(500 if isinstance(error, NotInvoked) else 502)

    def _call(self, exchange: Exchange, integration: Integration) -> HttpResponse:
        result = invoke(
            self._plane,
            integration.function_arn(exchange.stage.variables),
            payload_v1.rest_event(exchange),
            exchange.request,
            source_arn=exchange.source_arn,
            role=integration.role,
            timeout_ms=integration.timeout_ms,
        )
        if result.function_error:
            raise MalformedResponse(result.function_error)
        response, encoded = payload_v1.response(result.payload)
        headers = tuple(
            (f"x-amzn-Remapped-{name}" if name.lower() in _REMAPPED else name, value)
            for name, value in response.headers
        )
        accept = exchange.request.header("accept")
        if encoded and not payload_v1.any_matches(exchange.stage.binary_types, accept):
            response = replace(response, body=payload_v1.encoded_body(response))
        return replace(response, headers=headers)


def _as_text(said: dict[str, Any]) -> dict[str, Any]:
    """An authorizer's context as REST APIs pass it on: everything in it as text."""
    texts = {True: "true", False: "false"}
    return {
        name: texts[value] if isinstance(value, bool) else str(value)
        for name, value in said.items()
    }
