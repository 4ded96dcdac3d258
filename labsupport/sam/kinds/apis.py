"""REST and HTTP APIs, from the OpenAPI definition that SAM writes for them.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from labsupport.errors import LabValueError

from .kind import Cloud, Kind, Made, Properties

_ANY = "x-amazon-apigateway-any-method"
_INTEGRATION = "x-amazon-apigateway-integration"
_SETTINGS = {"Description": "description", "BinaryMediaTypes": "binaryMediaTypes"}


@dataclass(frozen=True)
class Operation:
    """A method of a path, and what it leads to."""

    path: str
    method: str
    integration: dict[str, Any]
    needs_key: bool


def _operations(body: Properties) -> Iterator[Operation]:
    """The operations of a definition, all that lead to functions and those for CORS."""
    for path, methods in sorted((body.get("paths") or {}).items()):
        for method, operation in sorted(methods.items()):
            name = "ANY" if method == _ANY else method.upper()
            integration = operation.get(_INTEGRATION) or {}
            if operation.get("security") and name != "OPTIONS":
                raise LabValueError(
                    f"{name} {path} has an authorizer, which is not known here; add it by boto3"
                )
            if integration.get("type", "").lower() not in ("aws_proxy", "mock"):
                raise LabValueError(
                    f"{name} {path} has an integration other than a function, which is not known "
                    "here; add it by boto3"
                )
            needs_key = bool(operation.get("x-amazon-apigateway-api-key"))
            yield Operation(path, name, integration, needs_key)


def _create_rest(cloud: Cloud, logical: str, properties: Properties) -> Made:
    body = properties.get("Body") or {}
    operations = list(_operations(body))
    name = properties.get("Name") or (body.get("info") or {}).get("title") or cloud.named(logical)
    settings = {to: properties[name] for name, to in _SETTINGS.items() if name in properties}
    api = cloud.call("apigateway", "create_rest_api", name=name, **settings)
    attributes = {"RootResourceId": api["rootResourceId"], "RestApiId": api["id"]}
    made = Made(api["id"], attributes, {"restApiId": api["id"]})
    _put_methods(cloud, made, operations)
    return made


def _put_methods(cloud: Cloud, made: Made, operations: list[Operation]) -> None:
    resources = {"/": str(made.attributes["RootResourceId"])}
    for each in operations:
        resource = _resource(cloud, made.handle, resources, each.path)
        at = {**made.handle, "resourceId": resource, "httpMethod": each.method}
        _put_method(cloud, at, each)


def _resource(cloud: Cloud, place: dict[str, str], known: dict[str, str], path: str) -> str:
    """The id of a path's resource, made with all above it where it is not there yet."""
    path = "/" + path.strip("/")
    if path not in known:
        above, _, part = path.rpartition("/")
        parent = _resource(cloud, place, known, above)
        made = cloud.call("apigateway", "create_resource", **place, parentId=parent, pathPart=part)
        known[path] = made["id"]
    return known[path]


def _put_method(cloud: Cloud, at: dict[str, str], operation: Operation) -> None:
    integration = operation.integration
    key = {"apiKeyRequired": operation.needs_key}
    cloud.call("apigateway", "put_method", **at, authorizationType="NONE", **key)
    if integration["type"].lower() == "aws_proxy":
        target = {"integrationHttpMethod": "POST", "uri": integration["uri"]}
        cloud.call("apigateway", "put_integration", **at, type="AWS_PROXY", **target)
        return
    templates = integration.get("requestTemplates") or {}
    cloud.call("apigateway", "put_integration", **at, type="MOCK", requestTemplates=templates)
    for response in (integration.get("responses") or {}).values():
        status = {"statusCode": str(response["statusCode"])}
        headers = response.get("responseParameters") or {}
        known = dict.fromkeys(headers, False)
        cloud.call("apigateway", "put_method_response", **at, **status, responseParameters=known)
        cloud.call(
            "apigateway",
            "put_integration_response",
            **at,
            **status,
            responseParameters=headers,
            responseTemplates=response.get("responseTemplates") or {},
        )


def _change_rest(cloud: Cloud, made: Made, before: Properties, after: Properties) -> Made:
    operations = list(_operations(after.get("Body") or {}))
    listed = cloud.client("apigateway").get_resources(**made.handle, limit=500)["items"]
    root = made.attributes["RootResourceId"]
    for resource in sorted(listed, key=lambda each: -each["path"].count("/")):
        at = {**made.handle, "resourceId": resource["id"]}
        if resource["id"] != root:
            cloud.call("apigateway", "delete_resource", **at)
            continue
        for method in resource.get("resourceMethods") or {}:
            cloud.call("apigateway", "delete_method", **at, httpMethod=method)
    _put_methods(cloud, made, operations)
    return made


def _delete_rest(cloud: Cloud, made: Made) -> None:
    cloud.call("apigateway", "delete_rest_api", **made.handle)


def _deploy(cloud: Cloud, logical: str, properties: Properties) -> Made:
    settings = {
        name[0].lower() + name[1:]: value
        for name, value in properties.items()
        if name in ("RestApiId", "StageName", "Description")
    }
    identifier = cloud.call("apigateway", "create_deployment", **settings)["id"]
    place = {"restApiId": properties["RestApiId"], "deploymentId": identifier}
    return Made(identifier, {"DeploymentId": identifier}, place)


def _delete_deployment(cloud: Cloud, made: Made) -> None:
    cloud.call("apigateway", "delete_deployment", **made.handle)


def _create_stage(cloud: Cloud, logical: str, properties: Properties) -> Made:
    place = {"restApiId": properties["RestApiId"], "stageName": properties["StageName"]}
    settings: dict[str, Any] = {"deploymentId": properties["DeploymentId"]}
    if "Variables" in properties:
        settings["variables"] = properties["Variables"]
    cloud.call("apigateway", "create_stage", **place, **settings)
    return Made(properties["StageName"], {}, place)


def _change_stage(cloud: Cloud, made: Made, before: Properties, after: Properties) -> Made:
    patch = {"op": "replace", "path": "/deploymentId", "value": after["DeploymentId"]}
    cloud.call("apigateway", "update_stage", **made.handle, patchOperations=[patch])
    return made


def _delete_stage(cloud: Cloud, made: Made) -> None:
    cloud.call("apigateway", "delete_stage", **made.handle)


def _create_http(cloud: Cloud, logical: str, properties: Properties) -> Made:
    body = properties.get("Body") or {}
    operations = list(_operations(body))
    title = (body.get("info") or {}).get("title")
    settings: dict[str, Any] = {"Name": properties.get("Name") or title or cloud.named(logical)}
    if cors := _cors(properties):
        settings["CorsConfiguration"] = cors
    kind = properties.get("ProtocolType", "HTTP")
    api = cloud.call("apigatewayv2", "create_api", ProtocolType=kind, **settings)
    place = {"ApiId": api["ApiId"]}
    for operation in operations:
        _route(cloud, place, operation)
    endpoint = api.get("ApiEndpoint", "")
    return Made(api["ApiId"], {"ApiEndpoint": endpoint, "ApiId": api["ApiId"]}, place)


def _route(cloud: Cloud, place: dict[str, str], operation: Operation) -> None:
    integration = operation.integration
    settings = {
        "IntegrationType": "AWS_PROXY",
        "IntegrationMethod": "POST",
        "IntegrationUri": integration["uri"],
        "PayloadFormatVersion": str(integration.get("payloadFormatVersion", "2.0")),
    }
    if "timeoutInMillis" in integration:
        settings["TimeoutInMillis"] = integration["timeoutInMillis"]
    made = cloud.call("apigatewayv2", "create_integration", **place, **settings)
    path = operation.path
    key = "$default" if path.strip("/") == "$default" else f"{operation.method} {path}"
    target = f"integrations/{made['IntegrationId']}"
    cloud.call("apigatewayv2", "create_route", **place, RouteKey=key, Target=target)


def _change_http(cloud: Cloud, made: Made, before: Properties, after: Properties) -> Made:
    operations = list(_operations(after.get("Body") or {}))
    client, place = cloud.client("apigatewayv2"), made.handle
    for route in client.get_routes(**place)["Items"]:
        client.delete_route(**place, RouteId=route["RouteId"])
    for integration in client.get_integrations(**place)["Items"]:
        client.delete_integration(**place, IntegrationId=integration["IntegrationId"])
    for operation in operations:
        _route(cloud, place, operation)
    if cors := _cors(after):
        cloud.call("apigatewayv2", "update_api", **place, CorsConfiguration=cors)
    elif _cors(before):
        cloud.call("apigatewayv2", "delete_cors_configuration", **place)
    return made


def _cors(properties: Properties) -> dict[str, Any]:
    cors = (properties.get("Body") or {}).get("x-amazon-apigateway-cors") or {}
    found = {name[0].upper() + name[1:]: value for name, value in cors.items()}
    return {**found, **(properties.get("CorsConfiguration") or {})}


def _delete_http(cloud: Cloud, made: Made) -> None:
    cloud.call("apigatewayv2", "delete_api", **made.handle)


def _create_http_stage(cloud: Cloud, logical: str, properties: Properties) -> Made:
    known = ("ApiId", "StageName", "AutoDeploy", "StageVariables", "Description")
    settings = {name: properties[name] for name in known if name in properties}
    cloud.call("apigatewayv2", "create_stage", **settings)
    place = {name: properties[name] for name in ("ApiId", "StageName")}
    return Made(properties["StageName"], {}, place)


def _delete_http_stage(cloud: Cloud, made: Made) -> None:
    cloud.call("apigatewayv2", "delete_stage", **made.handle)


KINDS = {
    "AWS::ApiGateway::RestApi": Kind(_create_rest, _delete_rest, _change_rest, "Name"),
    "AWS::ApiGateway::Deployment": Kind(_deploy, _delete_deployment),
    "AWS::ApiGateway::Stage": Kind(_create_stage, _delete_stage, _change_stage, "StageName"),
    "AWS::ApiGatewayV2::Api": Kind(_create_http, _delete_http, _change_http),
    "AWS::ApiGatewayV2::Stage": Kind(_create_http_stage, _delete_http_stage, None, "StageName"),
}
