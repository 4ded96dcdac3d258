"""REST and HTTP APIs, as far as they lead requests to functions."""

from __future__ import annotations

import re
from typing import Any

from labsupport.credentials import ACCOUNT_ID

from .draft import Draft
from .events import Events
from .functions import Function

_FUNCTION = re.compile(r"arn:aws:lambda:[^/]+")


def write_rest_apis(draft: Draft, events: Events) -> None:
    """Write the REST APIs."""
    for api in sorted(draft.pages("apigateway", "get_rest_apis", "items"), key=_name):
        client, name = draft.client("apigateway"), api["name"]
        stages = sorted(
            each["stageName"] for each in client.get_stages(restApiId=api["id"])["item"]
        )
        if not stages:
            draft.leave_out(f"The REST API {name}: it has not been deployed to a stage.")
            continue
        for stage in stages[1:]:
            draft.leave_out(f"The stage {stage} of the REST API {name}.")
        logical = draft.logical(name, "Api")
        # With this version of OpenAPI, SAM doesn't make a second stage called “Stage”.
        properties = {"Name": name, "StageName": stages[0], "OpenApiVersion": "3.0.1"}
        if api.get("description"):
            properties["Description"] = api["description"]
        draft.resources[logical] = {"Type": "AWS::Serverless::Api", "Properties": properties}
        resources = draft.pages(
            "apigateway", "get_resources", "items", restApiId=api["id"], embed=["methods"]
        )
        for resource in sorted(resources, key=lambda each: each["path"]):
            for method in sorted(resource.get("resourceMethods") or {}):
                at = {"restApiId": api["id"], "resourceId": resource["id"], "httpMethod": method}
                shown = client.get_method(**at)
                integration = shown.get("methodIntegration") or {}
                free = shown.get("authorizationType", "NONE") == "NONE"
                function = _function(events, integration.get("uri", ""))
                if function is None or integration.get("type") != "AWS_PROXY" or not free:
                    draft.leave_out(
                        f"{method} {resource['path']} of the REST API {name}: it does more than "
                        "lead to a function."
                    )
                    continue
                wanted = {
                    "RestApiId": {"Ref": logical},
                    "Path": resource["path"],
                    "Method": method.lower(),
                }
                events.add(function, f"{method.lower()} {resource['path']}", "Api", wanted)
                _cover(draft, function, api["id"])
        _output(draft, logical, f"/{stages[0]}/")


def write_http_apis(draft: Draft, events: Events) -> None:
    """Write the HTTP APIs."""
    client = draft.client("apigatewayv2")
    for api in sorted(draft.pages("apigatewayv2", "get_apis", "Items"), key=_name):
        name, place = api["Name"], {"ApiId": api["ApiId"]}
        if api["ProtocolType"] != "HTTP":
            draft.leave_out(f"The API {name}: it is a WebSocket API.")
            continue
        stages = sorted(
            each["StageName"]
            for each in draft.pages("apigatewayv2", "get_stages", "Items", **place)
        )
        if not stages:
            draft.leave_out(f"The HTTP API {name}: it has no stage.")
            continue
        for stage in stages[1:]:
            draft.leave_out(f"The stage {stage} of the HTTP API {name}.")
        logical = draft.logical(name, "HttpApi")
        properties: dict[str, Any] = {"Name": name}
        if stages[0] != "$default":
            properties["StageName"] = stages[0]
        if cors := {
            key: value for key, value in (api.get("CorsConfiguration") or {}).items() if value
        }:
            properties["CorsConfiguration"] = cors
        draft.resources[logical] = {"Type": "AWS::Serverless::HttpApi", "Properties": properties}
        routes = draft.pages("apigatewayv2", "get_routes", "Items", **place)
        for route in sorted(routes, key=lambda each: each["RouteKey"]):
            identifier = route.get("Target", "").removeprefix("integrations/")
            leads = client.get_integration(**place, IntegrationId=identifier) if identifier else {}
            function = _function(events, leads.get("IntegrationUri", ""))
            free = route.get("AuthorizationType", "NONE") == "NONE"
            if function is None or leads.get("IntegrationType") != "AWS_PROXY" or not free:
                draft.leave_out(
                    f"{route['RouteKey']} of the HTTP API {name}: it does more than lead to a "
                    "function."
                )
                continue
            wanted = {"ApiId": {"Ref": logical}, **_route(route["RouteKey"], leads)}
            events.add(function, route["RouteKey"].lower(), "HttpApi", wanted)
            _cover(draft, function, api["ApiId"])
        _output(draft, logical, "/" if stages[0] == "$default" else f"/{stages[0]}/")


def _route(key: str, integration: dict[str, Any]) -> dict[str, Any]:
    """A route as a SAM event has it: without a path it is the default one."""
    wanted = {}
    if key != "$default":
        method, _, path = key.partition(" ")
        wanted = {"Path": path, "Method": method.lower()}
    if (version := integration.get("PayloadFormatVersion", "2.0")) != "2.0":
        wanted["PayloadFormatVersion"] = version
    return wanted


def _name(api: dict[str, Any]) -> str:
    return str(api.get("name") or api.get("Name"))


def _function(events: Events, uri: str) -> Function | None:
    found = _FUNCTION.search(uri)
    return events.function(found[0]) if found else None


def _cover(draft: Draft, function: Function, api_id: str) -> None:
    source = f"arn:aws:execute-api:{draft.region}:{ACCOUNT_ID}:{api_id}/"
    draft.covered.add((function.target, "apigateway.amazonaws.com", source))


def _output(draft: Draft, logical: str, rest: str) -> None:
    url = "https://${" + logical + "}.execute-api.${AWS::Region}.amazonaws.com" + rest
    draft.outputs[f"{logical}Url"] = {"Value": {"Fn::Sub": url}}
