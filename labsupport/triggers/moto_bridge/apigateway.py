"""moto's REST APIs, as the lab serves them.

moto keeps one state of an API for all its deployments. Here a deployment keeps the routes as they
were when it was made, as on AWS: what is changed afterwards is served from the next deployment on.
"""

from __future__ import annotations

import json
import sys
from types import ModuleType
from typing import Any

from labsupport.credentials import ACCOUNT_ID
from labsupport.facts import fact
from labsupport.patching import Patches

from ..http.apis import Authorizer, Integration, Route, Stage

MODULE = "moto.apigateway.models"
RESPONSES = "moto.apigateway.responses"
_BINARY = "/binaryMediaTypes/"
TEST_STAGE = "test-invoke-stage"


class RestApis:
    """Corrects moto's REST APIs, from `install` until `close`."""

    def __init__(self) -> None:
        self._patches = Patches()

    def install(self) -> None:
        """Change moto's API Gateway as soon as somebody uses it."""
        self._patches.when_imported(MODULE, self._change)
        self._patches.when_imported(RESPONSES, self._change_responses)

    def close(self) -> None:
        """Leave moto as it was."""
        self._patches.remove()

    def _change(self, models: ModuleType) -> None:
        api_class: Any = models.RestAPI
        deploy, authorize = api_class.create_deployment, api_class.create_authorizer

        def create_deployment(api: Any, *args: Any, **kwargs: Any) -> Any:
            deployment = deploy(api, *args, **kwargs)
            deployment.cold_start_routes = routes_of(api)
            return deployment

        def create_authorizer(api: Any, *args: Any, **kwargs: Any) -> Any:
            authorizer = authorize(api, *args, **kwargs)
            # moto loses it by a misspelling.
            expression = kwargs.get("identiy_validation_expression")
            authorizer.identity_validation_expression = expression
            return authorizer

        self._patches.replace(api_class, "create_deployment", create_deployment)
        self._patches.replace(api_class, "create_authorizer", create_authorizer)
        # With these moto would answer calls of the API made by `requests` in this process.
        self._patches.replace(api_class, "update_integration_mocks", lambda api, stage_name: None)

        patch = api_class.apply_patch_operations

        def apply_patch_operations(api: Any, operations: list[dict[str, Any]]) -> None:
            # AWS has the media type in the path; moto looks for it in a value that isn't there.
            for operation in operations:
                if operation["path"].startswith(_BINARY) and not operation.get("value"):
                    name = operation["path"].removeprefix(_BINARY)
                    operation["value"] = name.replace("~1", "/").replace("~0", "~")
            patch(api, operations)

        self._patches.replace(api_class, "apply_patch_operations", apply_patch_operations)

    def _change_responses(self, responses: ModuleType) -> None:
        response_class: Any = responses.APIGatewayResponse
        create = response_class.create_rest_api

        def create_rest_api(response: Any) -> Any:
            status, headers, body = create(response)
            types = json.loads(response.body or "{}").get("binaryMediaTypes")
            if types and status < 300:  # moto drops them
                api = response.backend.get_rest_api(json.loads(body)["id"])
                api.binaryMediaTypes = list(types)
                body = json.dumps(api.to_dict())
            return status, headers, body

        self._patches.replace(response_class, "create_rest_api", create_rest_api)


def find_stage(api_id: str, stage_name: str) -> Stage | None:
    """A stage of a REST API with what is deployed there; None where there is none."""
    found = _api(api_id)
    stage = found.stages.get(stage_name) if found else None
    if found is None or stage is None:
        return None
    deployment = found.deployments.get(stage.deployment_id)
    return Stage(
        api_id=api_id,
        region=found.region_name,
        name=stage_name,
        routes=getattr(deployment, "cold_start_routes", ()),
        variables=dict(stage.variables or {}),
        deployment_id=stage.deployment_id,
        binary_types=tuple(found.binaryMediaTypes or ()),
    )


def test_stage(api_id: str, variables: dict[str, str]) -> Stage | None:
    """The present state of a REST API, as a test of a method sees it; None for no API."""
    found = _api(api_id)
    if found is None:
        return None
    return Stage(
        api_id=api_id,
        region=found.region_name,
        name=TEST_STAGE,
        routes=routes_of(found),
        variables=variables,
        binary_types=tuple(found.binaryMediaTypes or ()),
    )


def exists(api_id: str) -> bool:
    """Whether there is such a REST API."""
    return _api(api_id) is not None


def routes_of(api: Any) -> tuple[Route, ...]:
    """The methods of all resources of one of moto's REST APIs."""
    return tuple(
        Route(
            method=name,
            path=resource.get_path(),
            integration=_integration(method.method_integration),
            resource_id=resource.id,
            authorization=method.authorization_type or "NONE",
            authorizer=_authorizer(api.authorizers.get(method.authorizer_id)),
        )
        for resource in list(api.resources.values())
        for name, method in list(resource.resource_methods.items())
    )


def _api(api_id: str) -> Any:
    models: Any = sys.modules.get(MODULE)
    if models is None:
        return None
    backends = models.apigateway_backends[ACCOUNT_ID]
    return next((b.apis[api_id] for b in list(backends.values()) if api_id in b.apis), None)


def _integration(found: Any) -> Integration | None:
    if found is None:
        return None
    shown = found.to_json()
    templates = found.request_templates or {}
    return Integration(
        kind=found.integration_type,
        uri=found.uri or "",
        timeout_ms=int(
            found.timeout_in_millis or fact("apigateway.rest_timeout_ms").part("default").value
        ),
        role=found.credentials or "",
        mock={
            "request": templates.get("application/json"),
            "responses": shown["integrationResponses"],
        },
    )


def _authorizer(found: Any) -> Authorizer | None:
    if found is None:
        return None
    default, ttl = fact("apigateway.authorizer_ttl_s").part("default"), found.authorizer_result_ttl
    sources = found.identity_source or "method.request.header.Authorization"
    return Authorizer(
        id=found.id,
        kind=found.type,
        uri=found.authorizer_uri or "",
        sources=tuple(source.strip() for source in sources.split(",")),
        ttl_s=int(default.value if ttl is None else ttl),
        validation=found.identity_validation_expression or "",
        role=found.authorizer_credentials or "",
    )
