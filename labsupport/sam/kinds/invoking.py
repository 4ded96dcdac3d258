"""What may invoke a function, and how: permissions, mappings, URLs, asynchronous events."""

from __future__ import annotations

from typing import Any

from .kind import Cloud, Kind, Made, Properties, without

_FIXED = ("EventSourceArn", "StartingPosition", "StartingPositionTimestamp", "Tags")


def _permit(cloud: Cloud, logical: str, properties: Properties) -> Made:
    name, qualifier = _target(properties["FunctionName"])
    place = {"FunctionName": name, **({"Qualifier": qualifier} if qualifier else {})}
    statement = cloud.named(logical)
    settings = without(properties, "FunctionName")
    cloud.call("lambda", "add_permission", **place, StatementId=statement, **settings)
    return Made(statement, {"Id": statement}, {**place, "StatementId": statement})


def _forbid(cloud: Cloud, made: Made) -> None:
    cloud.call("lambda", "remove_permission", **made.handle)


def _map(cloud: Cloud, logical: str, properties: Properties) -> Made:
    created = cloud.call("lambda", "create_event_source_mapping", **properties)
    identifier = created["UUID"]
    return Made(identifier, {"Id": identifier})


def _remap(cloud: Cloud, made: Made, before: Properties, after: Properties) -> Made:
    if any(before.get(name) != after.get(name) for name in _FIXED):
        _unmap(cloud, made)
        return _map(cloud, "", after)
    gone: dict[str, Any] = {"FilterCriteria": {}, "FunctionResponseTypes": [], "Enabled": True}
    gone = {name: each for name, each in gone.items() if name in before and name not in after}
    settings = gone | without(after, *_FIXED)
    cloud.call("lambda", "update_event_source_mapping", UUID=made.ref, **settings)
    return made


def _unmap(cloud: Cloud, made: Made) -> None:
    cloud.call("lambda", "delete_event_source_mapping", UUID=made.ref)


def _give_url(cloud: Cloud, logical: str, properties: Properties) -> Made:
    place, settings = _url(properties)
    url = cloud.call("lambda", "create_function_url_config", **place, **settings)
    attributes = {"FunctionUrl": url["FunctionUrl"], "FunctionArn": url["FunctionArn"]}
    return Made(url["FunctionArn"], attributes, place)


def _change_url(cloud: Cloud, made: Made, before: Properties, after: Properties) -> Made:
    place, settings = _url(after)
    if place != made.handle:
        _take_url(cloud, made)
        return _give_url(cloud, "", after)
    settings = {"Cors": {}, "InvokeMode": "BUFFERED", **settings}
    cloud.call("lambda", "update_function_url_config", **place, **settings)
    return made


def _take_url(cloud: Cloud, made: Made) -> None:
    cloud.call("lambda", "delete_function_url_config", **made.handle)


def _url(properties: Properties) -> tuple[dict[str, Any], dict[str, Any]]:
    name, qualifier = _target(properties["TargetFunctionArn"])
    qualifier = properties.get("Qualifier") or qualifier
    place = {"FunctionName": name, **({"Qualifier": qualifier} if qualifier else {})}
    return place, without(properties, "TargetFunctionArn", "Qualifier")


def _configure(cloud: Cloud, logical: str, properties: Properties) -> Made:
    cloud.call("lambda", "put_function_event_invoke_config", **properties)
    place = {name: properties[name] for name in ("FunctionName", "Qualifier")}
    return Made(f"{place['FunctionName']}:{place['Qualifier']}", {}, place)


def _reconfigure(cloud: Cloud, made: Made, before: Properties, after: Properties) -> Made:
    return _configure(cloud, "", after)


def _forget(cloud: Cloud, made: Made) -> None:
    cloud.call("lambda", "delete_function_event_invoke_config", **made.handle)


def _target(function: str) -> tuple[str, str]:
    """The name of a function and its qualifier, from a name or an ARN."""
    parts = function.split(":")
    if parts[0] == "arn":
        return parts[6], parts[7] if len(parts) > 7 else ""
    return parts[0], parts[1] if len(parts) > 1 else ""


KINDS = {
    "AWS::Lambda::Permission": Kind(_permit, _forbid),
    "AWS::Lambda::EventSourceMapping": Kind(_map, _unmap, _remap, "EventSourceArn"),
    "AWS::Lambda::Url": Kind(_give_url, _take_url, _change_url),
    "AWS::Lambda::EventInvokeConfig": Kind(_configure, _forget, _reconfigure),
}
