"""Calls of REST and HTTP APIs: finds the API and the stage, and has the request answered."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from labsupport import refusals
from labsupport.facts import fact
from labsupport.functions.api.wsgi import read_body
from labsupport.functions.events.lineage import continue_lineage
from labsupport.gateway import Route as GatewayRoute

from ..moto_bridge import apigateway, apigatewayv2
from ..surroundings import Surroundings
from . import addresses, http_apis, rest_apis
from .apis import Exchange, Stage, match
from .authorizers import Authorizers
from .cors import cors, is_preflight
from .messages import MB, HttpRequest, HttpResponse, is_longer, json_response, read_request, send
from .signers import Signers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

_TEST = re.compile(r"/restapis/([^/]+)/resources/([^/]+)/methods/([^/]+)")


class ApiTrigger:
    """REST and HTTP APIs, answered for those who call them."""

    def __init__(self, surroundings: Surroundings) -> None:
        self._lab = surroundings
        self._corrections = (
            apigateway.RestApis(),
            apigatewayv2.HttpApis(surroundings.endpoint),
        )
        authorizers = Authorizers(surroundings.plane, surroundings.clock)
        signers = Signers(surroundings.key, surroundings.gate)
        self._rest = rest_apis.RestApi(surroundings.plane, authorizers, signers)
        self._http = http_apis.HttpApi(surroundings.plane, authorizers)

    def install(self) -> None:
        """Answer the calls of APIs that moto keeps."""
        for correction in self._corrections:
            correction.install()
        self._lab.add_route(GatewayRoute(_wants, self._app, signed=False))
        self._lab.add_route(GatewayRoute(_wants_test, self._test_app))

    def close(self) -> None:
        """Leave moto as it was."""
        for correction in self._corrections:
            correction.close()

    def _app(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        api_id, path = addresses.place(environ, addresses.API) or ("", "/")
        trace = continue_lineage(environ.get("HTTP_X_AMZN_TRACE_ID", ""), api_id)
        trace_id = f"Root={trace.root};Sampled={trace.sampled}"
        limit = int(fact("apigateway.payload_mb").value) * MB
        rest = not apigatewayv2.exists(api_id)
        if is_longer(environ, limit):
            answer = rest_apis.TOO_LONG if rest else http_apis.TOO_LONG
            return send(start_response, environ["REQUEST_METHOD"], answer)
        request = read_request(environ, path, trace_id)
        if rest:
            answer = self._rest_answer(api_id, request, addresses.raw_path(environ))
            own: tuple[tuple[str, str], ...] = (
                ("x-amzn-RequestId", request.request_id),
                ("x-amz-apigw-id", request.request_id.replace("-", "")[:15] + "="),
                ("X-Amzn-Trace-Id", trace_id),
            )
        else:
            answer = self._http_answer(api_id, request)
            own = (("apigw-requestid", request.request_id.replace("-", "")[:15] + "="),)
        return send(start_response, request.method, answer, *own)

    def _rest_answer(self, api_id: str, request: HttpRequest, signed: str) -> HttpResponse:
        name, _, rest = request.path.removeprefix("/").partition("/")
        stage = apigateway.find_stage(api_id, unquote(name))
        if stage is None:
            return rest_apis.UNKNOWN_STAGE
        request = replace(request, path=f"/{rest}")
        route, parameters = rest_apis.route_of(stage.routes, request)
        if route is None:
            return rest_apis.UNKNOWN_METHOD
        now = self._lab.clock.now()
        exchange = Exchange(request, stage, route, now, parameters, signed_path=signed)
        return self._rest.answer(exchange)

    def _http_answer(self, api_id: str, request: HttpRequest) -> HttpResponse:
        stage, request = _http_stage(api_id, request)
        if stage is None:
            return http_apis.NOT_FOUND
        rules = cors(stage.cors)
        if rules and is_preflight(request):
            return HttpResponse(204, headers=rules.preflight(request))
        route, parameters = match(stage.routes, request.method, request.path)
        if route is None:
            answer = http_apis.NOT_FOUND
        else:
            answer = self._http.answer(
                Exchange(request, stage, route, self._lab.clock.now(), parameters)
            )
        if not rules:
            return answer
        # Those of the function don't count where the API has a configuration.
        kept = [h for h in answer.headers if not h[0].lower().startswith("access-control-")]
        return replace(answer, headers=(*kept, *rules.answer(request.header("origin"))))

    def _test_app(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer TestInvokeMethod.

        docs.aws.amazon.com/apigateway/latest/api/API_TestInvokeMethod.html
        """
        found = _TEST.fullmatch(environ["PATH_INFO"])
        api_id, resource_id, method = found.groups() if found else ("", "", "")
        asked = json.loads(read_body(environ) or b"{}")
        stage = apigateway.test_stage(api_id, asked.get("stageVariables") or {})
        routes = [r for r in stage.routes if r.resource_id == resource_id] if stage else []
        route = next((r for r in routes if r.method == method), None)
        if stage is None or route is None:
            error = json_response(
                404,
                {"message": "Invalid Method identifier specified"},
                ("x-amzn-ErrorType", "NotFoundException"),
            )
            return send(start_response, "POST", error)
        full_path = asked.get("pathWithQueryString") or route.path
        path, _, query = full_path.partition("?")
        request = HttpRequest(
            method="GET" if method == "ANY" else method,
            path=path,
            query=query,
            headers=_asked_headers(asked),
            body=(asked.get("body") or "").encode(),
            source_ip="test-invoke-source-ip",
        )
        _, parameters = match([route], request.method, path)
        exchange = Exchange(request, stage, route, self._lab.clock.now(), parameters)
        begin = time.monotonic()
        answer = self._rest.integrate(exchange)
        many: dict[str, list[str]] = {}
        for name, value in answer.headers:
            many.setdefault(name, []).append(value)
        result = {
            "status": answer.status,
            "body": b"".join(answer.parts).decode("utf-8", "replace"),
            "headers": dict(answer.headers),
            "multiValueHeaders": many,
            "log": f"Execution log for request {request.request_id}",
            "latency": round((time.monotonic() - begin) * 1000),
        }
        return send(start_response, "POST", json_response(200, result))


def _wants(environ: dict[str, Any]) -> bool:
    return addresses.place(environ, addresses.API) is not None


def _wants_test(environ: dict[str, Any]) -> bool:
    return (
        environ["REQUEST_METHOD"] == "POST"
        and refusals.service(environ) == "apigateway"
        and _TEST.fullmatch(environ["PATH_INFO"]) is not None
    )


def _http_stage(api_id: str, request: HttpRequest) -> tuple[Stage | None, HttpRequest]:
    """The stage that a path begins with, else $default; and the request as the stage sees it."""
    name, _, rest = request.path.removeprefix("/").partition("/")
    named = apigatewayv2.find_stage(api_id, unquote(name)) if name else None
    if named is not None and named.name != "$default":
        return named, replace(request, path=f"/{rest}")
    return apigatewayv2.find_stage(api_id, "$default"), request


def _asked_headers(asked: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    many = asked.get("multiValueHeaders") or {}
    single = {k: v for k, v in (asked.get("headers") or {}).items() if k not in many}
    return (*single.items(), *((name, value) for name, vs in many.items() for value in vs))
