"""Rules and schedules, as events of functions where SAM can say it, else as they stand."""

from __future__ import annotations

import json
from typing import Any

from .draft import RULE, Draft
from .events import Events

_SCHEDULE = (
    *("Description", "EndDate", "FlexibleTimeWindow", "GroupName", "Name", "ScheduleExpression"),
    *("ScheduleExpressionTimezone", "StartDate", "State"),
)


_USUAL = {"State": "ENABLED", "ScheduleExpressionTimezone": "UTC"}
_RETRIES = {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}


def write_rules(draft: Draft, events: Events) -> None:
    """Write EventBridge's rules."""
    for bus in draft.pages("events", "list_event_buses", "EventBuses"):
        for rule in draft.pages("events", "list_rules", "Rules", EventBusName=bus["Name"]):
            if not rule.get("ManagedBy"):
                _write_rule(draft, events, rule, bus)


def _write_rule(draft: Draft, events: Events, rule: dict[str, Any], bus: dict[str, Any]) -> None:
    place = {"Rule": rule["Name"], "EventBusName": bus["Name"]}
    targets = draft.pages("events", "list_targets_by_rule", "Targets", **place)
    targets = sorted(targets, key=lambda each: each["Id"])
    for target in [each for each in targets if events.missing(each["Arn"])]:
        draft.leave_out(f"The target {target['Arn']} of the rule {rule['Name']}.")
        targets.remove(target)
    settings: dict[str, Any] = {"Name": rule["Name"]}
    for member in ("Description", "State"):
        if rule.get(member, "ENABLED") != "ENABLED":
            settings[member] = rule[member]
    default = bus["Name"] == "default"
    if not default:
        settings["EventBusName"] = {"Ref": draft.places[bus["Arn"]].short.split(".")[0]}
    pattern, schedule = rule.get("EventPattern"), rule.get("ScheduleExpression")
    function = events.function(targets[0]["Arn"]) if len(targets) == 1 else None
    kept = {
        name: value
        for name, value in (targets[0] if targets else {}).items()
        if name not in ("Id", "Arn")
    }
    simple = not kept.keys() - {"Input", "InputPath", "InputTransformer", "RetryPolicy"}
    if function is not None and simple and not (pattern and schedule):
        if schedule and not kept.keys() - {"Input", "RetryPolicy"} and default:
            logical = events.add(
                function, rule["Name"], "Schedule", {**settings, "Schedule": schedule, **kept}
            )
            draft.place(rule["Arn"], RULE, logical)
            draft.covered.add((targets[0]["Arn"], "events.amazonaws.com", rule["Arn"]))
            return
        if pattern and "Description" not in settings:
            wanted = {**settings, "RuleName": settings["Name"], "Pattern": json.loads(pattern)}
            wanted.pop("Name")
            logical = events.add(
                function, rule["Name"], "EventBridgeRule", {**draft.refer(wanted), **kept}
            )
            draft.place(rule["Arn"], RULE, logical)
            draft.covered.add((targets[0]["Arn"], "events.amazonaws.com", rule["Arn"]))
            return
    if pattern:
        settings["EventPattern"] = draft.refer(json.loads(pattern))
    if schedule:
        settings["ScheduleExpression"] = schedule
    if targets:
        settings["Targets"] = [draft.refer(target) for target in targets]
    logical = draft.logical(rule["Name"], "Rule")
    draft.place(rule["Arn"], RULE, logical)
    draft.resources[logical] = {"Type": "AWS::Events::Rule", "Properties": settings}


def write_schedules(draft: Draft, events: Events) -> None:
    """Write EventBridge Scheduler's schedules and their groups."""
    scheduler = draft.client("scheduler")
    groups = {}
    for group in draft.pages("scheduler", "list_schedule_groups", "ScheduleGroups"):
        if group["Name"] != "default":
            logical = draft.logical(group["Name"], "ScheduleGroup")
            draft.resources[logical] = {
                "Type": "AWS::Scheduler::ScheduleGroup",
                "Properties": {"Name": group["Name"]},
            }
            groups[group["Name"]] = {"Ref": logical}
    listed = draft.pages("scheduler", "list_schedules", "Schedules")
    for each in sorted(listed, key=lambda one: (one.get("GroupName", ""), one["Name"])):
        group_name = each.get("GroupName", "default")
        shown = scheduler.get_schedule(Name=each["Name"], GroupName=group_name)
        target = shown["Target"]
        if events.missing(target["Arn"]):
            draft.leave_out(f"The schedule {each['Name']}, whose target is {target['Arn']}.")
            continue
        wanted = {name: _date(shown[name]) for name in _SCHEDULE if shown.get(name)}
        wanted = {name: value for name, value in wanted.items() if value != _USUAL.get(name)}
        if target.get("RetryPolicy") == _RETRIES:
            del target["RetryPolicy"]
        if group_name == "default":
            wanted.pop("GroupName", None)
        else:
            wanted["GroupName"] = groups[group_name]
        function = events.function(target["Arn"])
        after = shown.get("ActionAfterCompletion", "NONE") != "NONE"
        known = {"Arn", "RoleArn", "Input", "RetryPolicy"}
        if function is not None and not after and not target.keys() - known:
            extra = {name: target[name] for name in ("Input", "RetryPolicy") if name in target}
            role = draft.refer(target["RoleArn"])
            events.add(function, each["Name"], "ScheduleV2", {**wanted, **extra, "RoleArn": role})
            continue
        if after:
            draft.leave_out(f"That the schedule {each['Name']} is deleted after its last run.")
        draft.resources[draft.logical(each["Name"], "Schedule")] = {
            "Type": "AWS::Scheduler::Schedule",
            "Properties": {**wanted, "Target": draft.refer(target)},
        }


def _date(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
