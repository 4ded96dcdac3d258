"""Calls of function URLs: a request becomes an event, and the function's result an answer.

docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from labsupport.facts import fact
from labsupport.functions.environments.streaming import Streaming
from labsupport.functions.errors import ServiceError
from labsupport.functions.events.lineage import continue_lineage
from labsupport.functions.model import InvokeResult, ResponseSink
from labsupport.gateway import Route

from ..surroundings import Surroundings
from . import addresses, payload_v2
from .cors import cors, is_preflight
from .function_url_access import Access, Identity
from .function_urls import FunctionUrl, FunctionUrls
from .messages import (
    MB,
    HttpRequest,
    HttpResponse,
    MalformedResponse,
    is_longer,
    json_response,
    read_request,
    send,
)
from .signers import Signers
from .streams import streamed

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

# AWS's body is this text, although it says that it is JSON.
_FAILED = HttpResponse(502, b"Internal Server Error", (("Content-Type", "application/json"),))


class FunctionUrlTrigger:
    """Function URLs, kept and answered."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._lab = surroundings
        self.urls = FunctionUrls(lambda id: addresses.function_url(surroundings.endpoint, id))
        policy_of = surroundings.plane.permissions.policy_of
        self._access = Access(Signers(surroundings.key, surroundings.gate), policy_of)

    def install(self) -> None:
        """Keep function URLs in moto's place, and answer those who call them."""
        self.urls.register(self._lab.actions)
        self._lab.plane.when_retired.append(self.urls.forget)
        self._lab.add_route(Route(_wants, self._app, signed=False))

    def close(self) -> None:
        """Nothing is left to stop: the routes end with the lab."""

    def _app(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        url_id, path = addresses.place(environ, addresses.FUNCTION_URL) or ("", "/")
        url = self.urls.find(url_id)
        target = url.target.function_arn if url else ""
        trace = continue_lineage(environ.get("HTTP_X_AMZN_TRACE_ID", ""), target)
        trace_id = f"Root={trace.root};Sampled={trace.sampled}"
        limit = int(fact("payload.sync_mb").value) * MB
        if is_longer(environ, limit):
            error = ServiceError(
                "RequestEntityTooLargeException",
                f"Request must be smaller than {limit} bytes for the InvokeFunction operation",
                413,
            )
            return send(start_response, environ["REQUEST_METHOD"], _refusal(error))
        request = read_request(environ, path, trace_id)
        rules = cors(url.cors) if url else None
        if rules and is_preflight(request):
            return send(start_response, "OPTIONS", HttpResponse(200), *rules.preflight(request))
        try:
            answer = self._answer(url, request, addresses.raw_path(environ))
        except ServiceError as error:
            answer = _refusal(error)
        return send(
            start_response,
            request.method,
            answer,
            *(rules.answer(request.header("origin")) if rules else ()),
            ("x-amzn-RequestId", request.request_id),
            ("X-Amzn-Trace-Id", trace_id),
        )

    def _answer(self, url: FunctionUrl | None, request: HttpRequest, path: str) -> HttpResponse:
        if url is None:
            return json_response(
                404, {"Message": None}, ("x-amzn-ErrorType", "ResourceNotFoundException")
            )
        who = self._access.identify(url, request, path)
        event = json.dumps(self._event(url, request, who)).encode()

        def invoke(sink: ResponseSink | None) -> InvokeResult | None:
            return self._lab.plane.invoke(
                url.target.region,
                url.target.arn,
                event,
                request_id=request.request_id,
                trace_header=request.header("x-amzn-trace-id"),
                caller=who.arn,
                sink=sink,
            )

        try:
            if url.invoke_mode == "RESPONSE_STREAM":
                return _streamed(Streaming(invoke))
            result = invoke(None)
            if result is not None and not result.function_error:
                return payload_v2.response(result.payload)
        except MalformedResponse:
            pass
        return _FAILED

    def _event(self, url: FunctionUrl, request: HttpRequest, who: Identity) -> dict[str, Any]:
        return payload_v2.event(
            request,
            now=self._lab.clock.now(),
            id=url.id,
            domain=f"{url.id}.lambda-url.{url.target.region}.on.aws",
            account=who.account,
            **who.context,
        )


def _streamed(streaming: Streaming) -> HttpResponse:
    if streaming.streams:
        return streamed(streaming.content_type, streaming.parts())
    result = streaming.result
    if result is None or result.function_error:
        return _FAILED
    # What a runtime doesn't stream is passed on as it is, in one piece.
    return HttpResponse(200, result.payload, (("Content-Type", "application/json"),))


def _wants(environ: dict[str, Any]) -> bool:
    return addresses.place(environ, addresses.FUNCTION_URL) is not None


def _refusal(error: ServiceError) -> HttpResponse:
    if error.code in ("AccessDeniedException", "UnrecognizedClientException"):
        return json_response(403, {"Message": error.message}, ("x-amzn-ErrorType", error.code))
    status = error.status if error.status in (403, 404, 413, 429) else 502
    return json_response(status, error.body(), ("x-amzn-ErrorType", error.code))
