"""Functions with their code, settings, versions and aliases."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from .draft import DATA, FUNCTION, Draft
from .packages import write_package


@dataclass
class Function:
    """A function of the lab on its way into the template.

    Args:
        alias: the one that the template publishes, "" for none.
        aliases: all, name to version.
    """

    name: str
    logical: str
    shown: dict[str, Any]
    alias: str = ""
    aliases: dict[str, str] = field(default_factory=dict)

    @property
    def arn(self) -> str:
        """Without a qualifier."""
        return str(self.shown["Configuration"]["FunctionArn"])

    @property
    def target(self) -> str:
        """The ARN that its SAM events invoke: that of the alias where the template has one."""
        return f"{self.arn}:{self.alias}" if self.alias else self.arn


def find_functions(draft: Draft) -> list[Function]:
    """Give functions and layers their places, and return the functions."""
    for layer in draft.pages("lambda", "list_layers", "Layers"):
        name = layer["LayerName"]
        versions = draft.pages("lambda", "list_layer_versions", "LayerVersions", LayerName=name)
        for version in sorted(versions, key=lambda each: -int(each["Version"])):
            logical = draft.logical(name, "Layer")
            draft.place(version["LayerVersionArn"], DATA, logical, "")
    functions = []
    for configuration in sorted(
        draft.pages("lambda", "list_functions", "Functions"), key=lambda each: each["FunctionName"]
    ):
        name = configuration["FunctionName"]
        if configuration.get("PackageType") == "Image":
            draft.leave_out(f"The function {name}: it is a container image, not a zip file.")
            continue
        shown = draft.client("lambda").get_function(FunctionName=name)
        function = Function(name, draft.logical(name, "Function"), shown)
        draft.place(function.arn, FUNCTION, function.logical)
        _find_alias(draft, function)
        functions.append(function)
    return functions


def _find_alias(draft: Draft, function: Function) -> None:
    """Choose the alias that the template publishes: SAM can say one, and means the newest."""
    found = draft.pages("lambda", "list_aliases", "Aliases", FunctionName=function.name)
    function.aliases = {alias["Name"]: alias["FunctionVersion"] for alias in found}
    numbered = [alias for alias in found if alias["FunctionVersion"].isdigit()]
    newest = sorted(numbered, key=lambda alias: (-int(alias["FunctionVersion"]), alias["Name"]))
    if newest:
        chosen = newest[0]
        function.alias = str(chosen["Name"])
        draft.place(function.target, FUNCTION, function.logical, "Alias")
        _compare(draft, function, chosen)
    for alias in sorted(function.aliases.keys() - {function.alias}):
        draft.leave_out(
            f"The alias {alias} of {function.name}: SAM publishes the newest version under one "
            "alias."
        )


def _compare(draft: Draft, function: Function, alias: dict[str, Any]) -> None:
    shown = draft.client("lambda").get_function_configuration(
        FunctionName=function.name, Qualifier=alias["FunctionVersion"]
    )
    if shown["CodeSha256"] != function.shown["Configuration"]["CodeSha256"]:
        draft.leave_out(
            f"The code of version {alias['FunctionVersion']} of {function.name}, which the alias "
            f"{alias['Name']} means: the template publishes that of $LATEST."
        )
    if (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights"):
        draft.leave_out(f"The weights of the alias {alias['Name']} of {function.name}.")


def write_function(draft: Draft, function: Function) -> dict[str, Any]:
    """Write a function and its code; return its properties, which events are yet to join."""
    has = function.shown["Configuration"]
    folder = f"src/{function.name}"
    write_package(draft, folder, function.shown["Code"]["Location"])
    properties: dict[str, Any] = {"FunctionName": function.name, "CodeUri": f"{folder}/"}
    for member in ("Description", "Handler", "Runtime", "MemorySize", "Timeout", "Architectures"):
        if has.get(member):
            properties[member] = has[member]
    if has["Role"] in draft.places:
        properties["Role"] = draft.refer(has["Role"], FUNCTION)
    else:
        draft.leave_out(f"The role of {function.name}, which is not there: SAM makes one.")
    if layers := [each["Arn"] for each in has.get("Layers") or []]:
        properties["Layers"] = draft.refer(layers, FUNCTION)
    variables = _variables(draft, function, (has.get("Environment") or {}).get("Variables") or {})
    if variables:
        properties["Environment"] = {"Variables": variables}
    _write_settings(draft, function, has, properties)
    draft.resources[function.logical] = {
        "Type": "AWS::Serverless::Function",
        "Properties": properties,
    }
    _write_alias(draft, function, properties)
    _write_invoke_config(draft, function, properties)
    return properties


def _write_settings(
    draft: Draft, function: Function, has: dict[str, Any], properties: dict[str, Any]
) -> None:
    if (has.get("EphemeralStorage") or {}).get("Size", 512) != 512:
        properties["EphemeralStorage"] = {"Size": has["EphemeralStorage"]["Size"]}
    if (has.get("TracingConfig") or {}).get("Mode") == "Active":
        properties["Tracing"] = "Active"
    if target := (has.get("DeadLetterConfig") or {}).get("TargetArn"):
        kind = "SNS" if ":sns:" in target else "SQS"
        queue = {"Type": kind, "TargetArn": draft.refer(target, FUNCTION)}
        properties["DeadLetterQueue"] = queue
    if (has.get("SnapStart") or {}).get("ApplyOn", "None") != "None":
        properties["SnapStart"] = {"ApplyOn": has["SnapStart"]["ApplyOn"]}
    logging = dict(has.get("LoggingConfig") or {})
    if logging.get("LogGroup") == f"/aws/lambda/{function.name}":
        del logging["LogGroup"]
    if logging not in ({}, {"LogFormat": "Text"}):
        properties["LoggingConfig"] = logging
    if (has.get("VpcConfig") or {}).get("SubnetIds"):
        draft.leave_out(f"The VPC of {function.name}.")
    reserved = (function.shown.get("Concurrency") or {}).get("ReservedConcurrentExecutions")
    if reserved is not None:
        properties["ReservedConcurrentExecutions"] = reserved
    loop = asked(draft, "get_function_recursion_config", FunctionName=function.name)
    if loop.get("RecursiveLoop") == "Allow":
        properties["RecursiveLoop"] = "Allow"
    tags = dict(sorted((function.shown.get("Tags") or {}).items()))
    tags.pop("lambda:createdBy", None)  # SAM's own
    if tags:
        properties["Tags"] = tags


def _variables(draft: Draft, function: Function, variables: dict[str, str]) -> dict[str, Any]:
    written = {}
    for name, value in sorted(variables.items()):
        parameter = draft.buckets.get(value)
        called = {"Ref": parameter} if parameter else draft.refer(value, FUNCTION)
        if draft.secret_in(called):
            draft.leave_out(
                f"The environment variable {name} of {function.name}: its value belongs to the lab."
            )
            continue
        written[name] = called
    return written


def _write_alias(draft: Draft, function: Function, properties: dict[str, Any]) -> None:
    configured = draft.pages(
        "lambda",
        "list_provisioned_concurrency_configs",
        "ProvisionedConcurrencyConfigs",
        FunctionName=function.name,
    )
    counts = {
        each["FunctionArn"].rpartition(":")[2]: each["RequestedProvisionedConcurrentExecutions"]
        for each in configured
    }
    if function.alias:
        properties["AutoPublishAlias"] = function.alias
        if count := counts.pop(function.alias, 0):
            wanted = {"ProvisionedConcurrentExecutions": count}
            properties["ProvisionedConcurrencyConfig"] = wanted
    for qualifier in sorted(counts):
        draft.leave_out(f"The provisioned concurrency of {function.name}:{qualifier}.")


def _write_invoke_config(draft: Draft, function: Function, properties: dict[str, Any]) -> None:
    for each in draft.pages(
        "lambda",
        "list_function_event_invoke_configs",
        "FunctionEventInvokeConfigs",
        FunctionName=function.name,
    ):
        qualifier = each["FunctionArn"].rpartition(":")[2]
        wanted: dict[str, Any] = {
            member: each[member]
            for member in ("MaximumEventAgeInSeconds", "MaximumRetryAttempts")
            if member in each
        }
        ends = {
            name: end["Destination"]
            for name, end in sorted((each.get("DestinationConfig") or {}).items())
            if end.get("Destination")
        }
        if qualifier == (function.alias or "$LATEST"):
            if ends:
                wanted["DestinationConfig"] = {
                    name: {"Type": _end_type(arn), "Destination": draft.refer(arn)}
                    for name, arn in ends.items()
                }
            properties["EventInvokeConfig"] = wanted
        elif qualifier == "$LATEST":
            if ends:
                wanted["DestinationConfig"] = {
                    name: {"Destination": draft.refer(arn)} for name, arn in ends.items()
                }
            draft.resources[draft.logical(function.logical, "InvokeConfig")] = {
                "Type": "AWS::Lambda::EventInvokeConfig",
                "Properties": {
                    "FunctionName": {"Ref": function.logical},
                    "Qualifier": qualifier,
                    **wanted,
                },
            }
        else:
            draft.leave_out(f"The asynchronous settings of {function.name}:{qualifier}.")


def _end_type(arn: str) -> str:
    service = arn.split(":")[2]
    named = {"sqs": "SQS", "sns": "SNS", "lambda": "Lambda", "events": "EventBridge"}
    return named.get(service, "S3Bucket")


def asked(draft: Draft, operation: str, **parameters: Any) -> dict[str, Any]:
    """What Lambda answers, empty where it has nothing."""
    try:
        answer: dict[str, Any] = getattr(draft.client("lambda"), operation)(**parameters)
    except ClientError:
        return {}
    return answer
