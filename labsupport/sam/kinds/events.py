"""Rules, event buses, schedules, state machines, log groups and parameters."""

from __future__ import annotations

import json
from typing import Any

from .kind import Cloud, Kind, Made, Properties, tags_of, without


def _put_rule(cloud: Cloud, logical: str, properties: Properties) -> Made:
    name = properties.get("Name") or cloud.named(logical)
    settings = without(properties, "Name", "Targets", "Tags")
    if isinstance(settings.get("EventPattern"), dict):
        settings["EventPattern"] = json.dumps(settings["EventPattern"])
    arn = cloud.call("events", "put_rule", Name=name, **settings)["RuleArn"]
    bus = properties.get("EventBusName")
    place = {"EventBusName": bus} if bus else {}
    targets = properties.get("Targets") or []
    if targets:
        cloud.call("events", "put_targets", Rule=name, Targets=targets, **place)
    identifiers = [target["Id"] for target in targets]
    ref = f"{bus}|{name}" if bus else name
    return Made(ref, {"Arn": arn}, (name, place, identifiers))


def _change_rule(cloud: Cloud, made: Made, before: Properties, after: Properties) -> Made:
    name, place, identifiers = made.handle
    if before.get("EventBusName") != after.get("EventBusName"):
        _delete_rule(cloud, made)
    elif identifiers:
        cloud.call("events", "remove_targets", Rule=name, Ids=identifiers, **place)
    return _put_rule(cloud, "", {**after, "Name": name})


def _delete_rule(cloud: Cloud, made: Made) -> None:
    name, place, identifiers = made.handle
    if identifiers:
        cloud.call("events", "remove_targets", Rule=name, Ids=identifiers, **place)
    cloud.call("events", "delete_rule", Name=name, **place)


def _create_bus(cloud: Cloud, logical: str, properties: Properties) -> Made:
    arn = cloud.call("events", "create_event_bus", **without(properties, "Tags"))["EventBusArn"]
    return Made(properties["Name"], {"Arn": arn, "Name": properties["Name"]})


def _delete_bus(cloud: Cloud, made: Made) -> None:
    cloud.call("events", "delete_event_bus", Name=made.ref)


def _create_schedule(cloud: Cloud, logical: str, properties: Properties) -> Made:
    name = properties.get("Name") or cloud.named(logical)
    settings = {**properties, "Name": name}
    arn = cloud.call("scheduler", "create_schedule", **settings)["ScheduleArn"]
    return Made(name, {"Arn": arn}, {"Name": name, **_group(properties)})


def _update_schedule(cloud: Cloud, made: Made, before: Properties, after: Properties) -> Made:
    if _group(before) != _group(after):
        _delete_schedule(cloud, made)
        return _create_schedule(cloud, "", {**after, "Name": made.ref})
    cloud.call("scheduler", "update_schedule", **{**after, "Name": made.ref})
    return made


def _group(properties: Properties) -> dict[str, str]:
    return {"GroupName": properties["GroupName"]} if "GroupName" in properties else {}


def _delete_schedule(cloud: Cloud, made: Made) -> None:
    cloud.call("scheduler", "delete_schedule", **made.handle)


def _create_group(cloud: Cloud, logical: str, properties: Properties) -> Made:
    name = properties.get("Name") or cloud.named(logical)
    arn = cloud.call("scheduler", "create_schedule_group", Name=name)["ScheduleGroupArn"]
    return Made(name, {"Arn": arn})


def _delete_group(cloud: Cloud, made: Made) -> None:
    cloud.call("scheduler", "delete_schedule_group", Name=made.ref)


def _create_machine(cloud: Cloud, logical: str, properties: Properties) -> Made:
    name = properties.get("StateMachineName") or cloud.named(logical)
    settings: dict[str, Any] = {
        "name": name,
        "definition": _definition(properties),
        "roleArn": properties["RoleArn"],
        "type": properties.get("StateMachineType", "STANDARD"),
    }
    if tags := tags_of(properties):
        settings["tags"] = [{"key": key, "value": value} for key, value in tags.items()]
    arn = cloud.call("stepfunctions", "create_state_machine", **settings)["stateMachineArn"]
    return Made(arn, {"Arn": arn, "Name": name})


def _update_machine(cloud: Cloud, made: Made, before: Properties, after: Properties) -> Made:
    settings = {"definition": _definition(after), "roleArn": after["RoleArn"]}
    cloud.call("stepfunctions", "update_state_machine", stateMachineArn=made.ref, **settings)
    return made


def _definition(properties: Properties) -> str:
    text = properties.get("DefinitionString")
    if text is None:
        text = json.dumps(properties.get("Definition", {}))
    for name, value in (properties.get("DefinitionSubstitutions") or {}).items():
        text = text.replace("${" + name + "}", str(value))
    return str(text)


def _delete_machine(cloud: Cloud, made: Made) -> None:
    cloud.call("stepfunctions", "delete_state_machine", stateMachineArn=made.ref)


def _create_log_group(cloud: Cloud, logical: str, properties: Properties) -> Made:
    name = properties.get("LogGroupName") or cloud.named(logical)
    cloud.call("logs", "create_log_group", logGroupName=name)
    asked = cloud.call("logs", "describe_log_groups", logGroupNamePrefix=name)["logGroups"]
    arn = next(group["arn"] for group in asked if group["logGroupName"] == name)
    return _retain(cloud, Made(name, {"Arn": arn}), {}, properties)


def _retain(cloud: Cloud, made: Made, before: Properties, after: Properties) -> Made:
    days = after.get("RetentionInDays")
    place = {"logGroupName": made.ref}
    if days is not None:
        cloud.call("logs", "put_retention_policy", **place, retentionInDays=days)
    elif "RetentionInDays" in before:
        cloud.call("logs", "delete_retention_policy", **place)
    return made


def _delete_log_group(cloud: Cloud, made: Made) -> None:
    cloud.call("logs", "delete_log_group", logGroupName=made.ref)


def _put_parameter(cloud: Cloud, logical: str, properties: Properties) -> Made:
    name = properties.get("Name") or cloud.named(logical)
    settings = without(properties, "Name", "Tags")
    cloud.call("ssm", "put_parameter", Name=name, Overwrite=True, **settings)
    return Made(name, {"Type": properties["Type"], "Value": properties["Value"]})


def _change_parameter(cloud: Cloud, made: Made, before: Properties, after: Properties) -> Made:
    return _put_parameter(cloud, "", {**after, "Name": made.ref})


def _delete_parameter(cloud: Cloud, made: Made) -> None:
    cloud.call("ssm", "delete_parameter", Name=made.ref)


KINDS = {
    "AWS::Events::Rule": Kind(_put_rule, _delete_rule, _change_rule, "Name"),
    "AWS::Events::EventBus": Kind(_create_bus, _delete_bus, None, "Name"),
    "AWS::Scheduler::Schedule": Kind(_create_schedule, _delete_schedule, _update_schedule, "Name"),
    "AWS::Scheduler::ScheduleGroup": Kind(_create_group, _delete_group, None, "Name"),
    "AWS::StepFunctions::StateMachine": Kind(
        _create_machine, _delete_machine, _update_machine, "StateMachineName"
    ),
    "AWS::Logs::LogGroup": Kind(_create_log_group, _delete_log_group, _retain, "LogGroupName"),
    "AWS::SSM::Parameter": Kind(_put_parameter, _delete_parameter, _change_parameter, "Name"),
}
