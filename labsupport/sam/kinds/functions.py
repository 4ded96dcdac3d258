"""Functions, their versions, aliases and layers."""

from __future__ import annotations

from typing import Any

from ..packages import zipped
from .kind import Cloud, Kind, Made, Properties, nothing_to_do, tags_of, without

_APART = ("Code", "Tags", "ReservedConcurrentExecutions", "RecursiveLoop")
# What a setting becomes when a template no longer has it.
_UNSET: dict[str, Any] = {
    "DeadLetterConfig": {},
    "Description": "",
    "Environment": {"Variables": {}},
    "EphemeralStorage": {"Size": 512},
    "Layers": [],
    "MemorySize": 128,
    "SnapStart": {"ApplyOn": "None"},
    "Timeout": 3,
    "TracingConfig": {"Mode": "PassThrough"},
}


def _code(cloud: Cloud, code: Any, runtime: str = "") -> dict[str, Any]:
    if isinstance(code, dict) and code.get("S3Key") in cloud.packages:
        return {"ZipFile": cloud.packages[code["S3Key"]]}
    if isinstance(code, dict) and "ZipFile" in code:
        name = "index.js" if runtime.startswith("nodejs") else "index.py"
        return {"ZipFile": zipped([(name, str(code["ZipFile"]).encode(), 0o644)])}
    return dict(code)


def _create(cloud: Cloud, logical: str, properties: Properties) -> Made:
    name = properties.get("FunctionName") or cloud.named(logical)
    settings = without(properties, *_APART) | {"FunctionName": name}
    if tags := tags_of(properties):
        settings["Tags"] = tags
    code = _code(cloud, properties.get("Code", {}), properties.get("Runtime", ""))
    created = cloud.call("lambda", "create_function", Code=code, **settings)
    made = Made(name, {"Arn": created["FunctionArn"]})
    _set_concurrency(cloud, made, {}, properties)
    return made


def _update(cloud: Cloud, made: Made, before: Properties, after: Properties) -> Made:
    if (before.get("Code"), before.get("Architectures")) != (
        after.get("Code"),
        after.get("Architectures"),
    ):
        code = _code(cloud, after["Code"], after.get("Runtime", ""))
        if "Architectures" in after:
            code["Architectures"] = after["Architectures"]
        cloud.call("lambda", "update_function_code", FunctionName=made.ref, **code)
    gone = {name: value for name, value in _UNSET.items() if name in before and name not in after}
    settings = gone | without(after, *_APART, "Architectures", "PackageType", "FunctionName")
    cloud.call("lambda", "update_function_configuration", FunctionName=made.ref, **settings)
    arn = made.attributes["Arn"]
    old, new = tags_of(before), tags_of(after)
    if lost := sorted(old.keys() - new.keys()):
        cloud.call("lambda", "untag_resource", Resource=arn, TagKeys=lost)
    if new:
        cloud.call("lambda", "tag_resource", Resource=arn, Tags=new)
    _set_concurrency(cloud, made, before, after)
    return made


def _set_concurrency(cloud: Cloud, made: Made, before: Properties, after: Properties) -> None:
    member = "ReservedConcurrentExecutions"
    if member in after:
        reserved = {member: after[member]}
        cloud.call("lambda", "put_function_concurrency", FunctionName=made.ref, **reserved)
    elif member in before:
        cloud.call("lambda", "delete_function_concurrency", FunctionName=made.ref)
    if "RecursiveLoop" in after:
        loop = after["RecursiveLoop"]
        cloud.call(
            "lambda", "put_function_recursion_config", FunctionName=made.ref, RecursiveLoop=loop
        )


def _delete(cloud: Cloud, made: Made) -> None:
    cloud.call("lambda", "delete_function", FunctionName=made.ref)


def _publish(cloud: Cloud, logical: str, properties: Properties) -> Made:
    settings = without(properties, "ProvisionedConcurrencyConfig", "RuntimePolicy")
    version = cloud.call("lambda", "publish_version", **settings)
    arn, number = version["FunctionArn"], version["Version"]
    made = Made(arn, {"Version": number, "FunctionArn": arn}, (version["FunctionName"], number))
    _provision(cloud, made, {}, properties)
    return made


def _create_alias(cloud: Cloud, logical: str, properties: Properties) -> Made:
    settings = without(properties, "ProvisionedConcurrencyConfig", "RoutingConfig")
    alias = cloud.call("lambda", "create_alias", **settings, **_routing(properties))
    handle = (properties["FunctionName"], properties["Name"])
    made = Made(alias["AliasArn"], {"AliasArn": alias["AliasArn"]}, handle)
    _provision(cloud, made, {}, properties)
    return made


def _update_alias(cloud: Cloud, made: Made, before: Properties, after: Properties) -> Made:
    settings = without(after, "ProvisionedConcurrencyConfig", "RoutingConfig")
    cloud.call("lambda", "update_alias", **settings, **_routing(after))
    _provision(cloud, made, before, after)
    return made


def _routing(properties: Properties) -> dict[str, Any]:
    weights = (properties.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or []
    shares = {each["FunctionVersion"]: float(each["FunctionWeight"]) for each in weights}
    return {"RoutingConfig": {"AdditionalVersionWeights": shares}}


def _provision(cloud: Cloud, made: Made, before: Properties, after: Properties) -> None:
    member = "ProvisionedConcurrencyConfig"
    function, qualifier = made.handle
    place = {"FunctionName": function, "Qualifier": qualifier}
    if after.get(member):
        cloud.call("lambda", "put_provisioned_concurrency_config", **place, **after[member])
    elif before.get(member):
        cloud.call("lambda", "delete_provisioned_concurrency_config", **place)


def _delete_alias(cloud: Cloud, made: Made) -> None:
    function, name = made.handle
    cloud.call("lambda", "delete_alias", FunctionName=function, Name=name)


def _create_layer(cloud: Cloud, logical: str, properties: Properties) -> Made:
    settings = {"LayerName": cloud.named(logical), **properties}
    settings["Content"] = _code(cloud, properties["Content"])
    arn = cloud.call("lambda", "publish_layer_version", **settings)["LayerVersionArn"]
    return Made(arn, {"LayerVersionArn": arn})


KINDS = {
    "AWS::Lambda::Function": Kind(_create, _delete, _update, "FunctionName"),
    # Their old ones may still be in use; SAM retains them too.
    "AWS::Lambda::Version": Kind(_publish, nothing_to_do),
    "AWS::Lambda::LayerVersion": Kind(_create_layer, nothing_to_do),
    "AWS::Lambda::Alias": Kind(_create_alias, _delete_alias, _update_alias, "Name"),
}
