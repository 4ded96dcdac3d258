"""The whole lab as one template and its files."""

from __future__ import annotations

from typing import Any

from ..cfn_yaml import dump
from ..templates import TRANSFORM
from .access import is_public, statements_of, write_permissions, write_url
from .apis import write_http_apis, write_rest_apis
from .draft import Draft
from .events import Events
from .functions import find_functions, write_function
from .packages import write_layers
from .roles import find_roles, write_roles
from .schedules import write_rules, write_schedules
from .storage import bucket_policies, find_data, message_policies
from .triggers import write_mappings, write_notifications, write_subscriptions
from .workflows import find_machines, write_machines

S3 = "s3.amazonaws.com"
_CHECKED = {
    "AWS::SQS::QueuePolicy": "QueueConfigurations",
    "AWS::SNS::TopicPolicy": "TopicConfigurations",
    "AWS::Lambda::Permission": "LambdaConfigurations",
}
HEAD = "# Written by lab.export_sam from a lab of the course."


def write_draft(draft: Draft) -> str:
    """Read the lab into a draft and return the text of its template."""
    find_data(draft)
    roles = find_roles(draft)
    functions = find_functions(draft)
    machines = find_machines(draft)
    properties = {each.logical: write_function(draft, each) for each in functions}
    write_machines(draft, machines)
    events = Events(draft, functions, properties)
    write_mappings(draft, events)
    write_notifications(draft, events)
    write_subscriptions(draft, events)
    write_rules(draft, events)
    write_schedules(draft, events)
    write_rest_apis(draft, events)
    write_http_apis(draft, events)
    for function in functions:
        statements = statements_of(draft, function)
        public = {qualifier for qualifier, each in statements if is_public(each)}
        write_url(draft, function, properties[function.logical], public)
        write_permissions(draft, function, statements)
    message_policies(draft)
    bucket_policies(draft)
    write_layers(draft)
    write_roles(draft, roles)
    _order_notifications(draft)
    _drop_secrets(draft)
    _note_others(draft)
    return _text(draft)


def _order_notifications(draft: Draft) -> None:
    """Let buckets wait for the permissions that S3 checks when they get their notifications."""
    for resource in draft.resources.values():
        told = resource["Properties"].get("NotificationConfiguration", {}).keys()
        if resource["Type"] != "AWS::S3::Bucket":
            continue
        after = [
            logical
            for logical, other in sorted(draft.resources.items())
            if _CHECKED.get(other["Type"]) in told
            and other["Properties"].get("Principal", S3) == S3
        ]
        if after:
            resource["DependsOn"] = after


def _drop_secrets(draft: Draft) -> None:
    for logical, resource in sorted(draft.resources.items()):
        if draft.secret_in(resource):
            draft.resources[logical] = _without_secrets(draft, resource)
            kind = resource["Type"]
            draft.leave_out(f"A text of {logical} ({kind}): it has the lab's address or key in it.")


def _without_secrets(draft: Draft, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_secrets(draft, each) for name, each in value.items()}
    if isinstance(value, list):
        return [_without_secrets(draft, each) for each in value]
    return "left-out" if draft.secret_in(value) else value


def _note_others(draft: Draft) -> None:
    """Note what the lab has of services that are not exported at all."""
    for service, operation, member, what in (
        ("cloudwatch", "describe_alarms", "MetricAlarms", "alarms of CloudWatch"),
        ("ssm", "describe_parameters", "Parameters", "parameters of Systems Manager"),
        ("secretsmanager", "list_secrets", "SecretList", "secrets of Secrets Manager"),
        ("iam", "list_users", "Users", "users of IAM"),
    ):
        count = len(draft.pages(service, operation, member))
        if count:
            draft.leave_out(
                f"{what[:1].upper()}{what[1:]} ({count}): lab.export_sam has no part for them."
            )

    for group in draft.pages("logs", "describe_log_groups", "logGroups"):
        place = {"logGroupName": group["logGroupName"]}
        for each in draft.pages(
            "logs", "describe_subscription_filters", "subscriptionFilters", **place
        ):
            draft.leave_out(
                f"The subscription filter {each['filterName']} of the log group "
                f"{group['logGroupName']}."
            )


def _text(draft: Draft) -> str:
    resources = dict(sorted(draft.resources.items(), key=_rank))
    template: dict[str, Any] = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Transform": TRANSFORM,
        "Description": "Exported from a lab of the course Cold Start",
    }
    if draft.parameters:
        template["Parameters"] = dict(sorted(draft.parameters.items()))
    template["Resources"] = resources
    if draft.outputs:
        template["Outputs"] = dict(sorted(draft.outputs.items()))
    return "\n".join([HEAD, *_comments(draft), dump(template)])


def _rank(item: tuple[str, dict[str, Any]]) -> tuple[bool, str, str]:
    """Functions and the rest of SAM's types before those of CloudFormation."""
    logical, resource = item
    return not resource["Type"].startswith("AWS::Serverless::"), resource["Type"], logical


def _comments(draft: Draft) -> list[str]:
    if not draft.left_out:
        return []
    return ["#", "# Left out:", *(f"# - {' '.join(each.split())}" for each in draft.left_out)]
