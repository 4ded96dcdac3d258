"""moto's HTTP APIs, as the lab serves them.

moto knows no deployments of HTTP APIs: every stage serves the present state, as one with
autoDeploy does on AWS.
"""

from __future__ import annotations

import json
import sys
from types import ModuleType
from typing import Any

from labsupport.credentials import ACCOUNT_ID
from labsupport.facts import fact
from labsupport.patching import Patches

from ..http.addresses import api_url
from ..http.apis import Authorizer, Integration, Route, Stage

MODULE = "moto.apigatewayv2.models"
RESPONSES = "moto.apigatewayv2.responses"


class HttpApis:
    """Corrects moto's HTTP APIs, from `install` until `close`.

    Args:
        endpoint: the lab's address, under which an API says that it is found.
    """

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._patches = Patches()

    def install(self) -> None:
        """Change moto's API Gateway as soon as somebody uses it."""
        self._patches.when_imported(MODULE, self._change)
        self._patches.when_imported(RESPONSES, self._change_responses)

    def close(self) -> None:
        """Leave moto as it was."""
        self._patches.remove()

    def _change(self, models: ModuleType) -> None:
        api_class: Any = models.Api
        original, endpoint = api_class.__init__, self._endpoint

        def initialise(api: Any, *args: Any, **kwargs: Any) -> None:
            original(api, *args, **kwargs)
            api.api_endpoint = api_url(endpoint, api.api_id)

        self._patches.replace(api_class, "__init__", initialise)

    def _change_responses(self, responses: ModuleType) -> None:
        response_class: Any = responses.ApiGatewayV2Response
        original = response_class.create_api

        def create_api(response: Any) -> Any:
            status, headers, body = original(response)
            wanted = json.loads(response.body)
            if wanted.get("target"):
                backend = response.apigatewayv2_backend
                _create_quickly(backend, json.loads(body)["apiId"], wanted)
            return status, headers, body

        self._patches.replace(response_class, "create_api", create_api)


def _create_quickly(backend: Any, api_id: str, wanted: dict[str, Any]) -> None:
    """Give a new API the route and the stage that a target asks for.

    docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html (target)
    """
    api, target = backend.get_api(api_id), wanted["target"]
    proxy = "AWS_PROXY" if target.startswith("arn:") else "HTTP_PROXY"
    integration = api.create_integration(
        connection_type="INTERNET",
        description=None,
        integration_method=None,
        credentials_arn=wanted.get("credentialsArn"),
        integration_type=proxy,
        integration_uri=target,
        payload_format_version="2.0" if proxy == "AWS_PROXY" else "1.0",
    )
    api.create_route(
        api_key_required=False,
        authorization_scopes=None,
        authorization_type="NONE",
        route_key=wanted.get("routeKey") or "$default",
        target=f"integrations/{integration.id}",
    )
    api.create_stage({"stageName": "$default", "autoDeploy": True})


def find_stage(api_id: str, stage_name: str) -> Stage | None:
    """A stage of an HTTP API; None where there is none."""
    found = _api(api_id)
    stage = found.stages.get(stage_name) if found else None
    if found is None or stage is None:
        return None
    return Stage(
        api_id=api_id,
        region=found.backend.region_name,
        name=stage_name,
        routes=tuple(_route(found, route) for route in list(found.routes.values())),
        variables=dict(stage.stage_variables or {}),
        cors=found.cors_configuration or None,
    )


def exists(api_id: str) -> bool:
    """Whether there is such an HTTP API."""
    return _api(api_id) is not None


def _api(api_id: str) -> Any:
    models: Any = sys.modules.get(MODULE)
    if models is None:
        return None
    backends = models.apigatewayv2_backends[ACCOUNT_ID]
    found = next((b.apis[api_id] for b in list(backends.values()) if api_id in b.apis), None)
    return found if found is not None and found.protocol_type == "HTTP" else None


def _route(api: Any, route: Any) -> Route:
    method, _, path = route.route_key.partition(" ")
    target = (route.target or "").removeprefix("integrations/")
    return Route(
        method=method if path else "ANY",
        path=path,
        integration=_integration(api.integrations.get(target)),
        authorization=route.authorization_type or "NONE",
        authorizer=_authorizer(api.authorizers.get(route.authorizer_id)),
    )


def _integration(found: Any) -> Integration | None:
    if found is None:
        return None
    longest = int(fact("apigateway.http_timeout_ms").value)
    return Integration(
        kind=found.integration_type,
        uri=found.integration_uri or "",
        payload_format=found.payload_format_version or "1.0",
        timeout_ms=found.timeout_in_millis or longest,
        role=found.credentials_arn or "",
    )


def _authorizer(found: Any) -> Authorizer | None:
    if found is None:
        return None
    sources = found.identity_source or ()
    ttl = found.auth_result_ttl
    default = fact("apigateway.authorizer_ttl_s").part("default").value if sources else 0
    return Authorizer(
        id=found.id,
        kind=found.authorizer_type,
        uri=found.authorizer_uri or "",
        sources=tuple([sources] if isinstance(sources, str) else sources),
        ttl_s=int(default if ttl is None else ttl),
        role=found.auth_creds_arn or "",
        payload_format=found.auth_payload_format_version or "1.0",
        simple=found.enable_simple_response is True,
    )
