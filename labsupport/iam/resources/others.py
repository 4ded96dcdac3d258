"""All other services: the action by its name, the resource as far as a call makes it evident."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from labsupport.credentials import ACCOUNT_ID

from .. import moto_policies
from ..evaluation import Ask
from ..policies import texts
from ..requests import Call

_PREFIXES = {"monitoring": "cloudwatch", "email": "ses", "tagging": "tag"}
_FREE = {"sts:GetCallerIdentity", "sts:GetSessionToken"}
_CONTEXT = {"ExternalId": "sts:externalid", "RoleSessionName": "sts:rolesessionname"}
# The parameters that name a resource without its ARN, and how its ARN goes on.
_NAMES: dict[str, tuple[tuple[str, str], ...]] = {
    "kinesis": (("StreamName", "stream/"),),
    "monitoring": (("AlarmName", "alarm:"), ("AlarmNames", "alarm:")),
    "ssm": (("Name", "parameter/"), ("Names", "parameter/"), ("Path", "parameter/")),
    "states": (("name", "stateMachine:"),),
    "kms": (("KeyId", "key/"),),
    "scheduler": (("Name", "schedule/default/"),),
    "pipes": (("Name", "pipe/"),),
}
_IAM_NAMES = (
    ("RoleName", "role/"),
    ("UserName", "user/"),
    ("GroupName", "group/"),
    ("PolicyName", "policy/"),
    ("InstanceProfileName", "instance-profile/"),
)
_PASSING = {  # the calls that hand roles to a service
    "lambda": (("CreateFunction", "UpdateFunctionConfiguration"), "lambda.amazonaws.com"),
    "states": (("CreateStateMachine", "UpdateStateMachine"), "states.amazonaws.com"),
    "scheduler": (("CreateSchedule", "UpdateSchedule"), "scheduler.amazonaws.com"),
    "pipes": (("CreatePipe", "UpdatePipe"), "pipes.amazonaws.com"),
    "events": (("PutRule", "PutTargets"), "events.amazonaws.com"),
}


def asks(call: Call) -> list[Ask]:
    """What a call needs, on the resource it names or on "*"."""
    if call.service == "apigateway":
        return [Ask(f"apigateway:{call.method}", f"arn:aws:apigateway:{call.region}::{call.path}")]
    action = f"{_PREFIXES.get(call.service, call.service)}:{call.operation or 'UnknownOperation'}"
    if action in _FREE:
        return []
    context = {key: call.text(name) for name, key in _CONTEXT.items() if call.text(name)}
    return [Ask(action, resource, context) for resource in _resources(call) or ["*"]]


def passed_roles(call: Call) -> list[Ask]:
    """The right to hand a role to a service, for every role that a call hands over.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
    """
    operations, service = _PASSING.get(call.service, ((), ""))
    if call.operation not in operations:
        return []
    context = {"iam:passedtoservice": service}
    return [Ask("iam:PassRole", role, context) for role in sorted(set(_roles(call.parameters)))]


def _roles(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, member in value.items():
            if name.lower() in ("role", "rolearn") and isinstance(member, str):
                yield member
            else:
                yield from _roles(member)
    elif isinstance(value, list):
        for member in value:
            yield from _roles(member)


def _resources(call: Call) -> list[str]:
    if call.service == "events":
        return _of_events(call)
    if call.service == "iam":
        return _of_iam(call)
    if call.service == "secretsmanager":
        name = call.text("SecretId", "Name")
        return [moto_policies.secret_arn(call.region, name) or call.arn(f"secret:{name}")]
    for parameter, value in call.parameters.items():
        if parameter.lower().endswith("arn") and str(value).startswith("arn:"):
            return [str(value)]
    service = _PREFIXES.get(call.service, call.service)
    for parameter, beginning in _NAMES.get(call.service, ()):
        if values := texts(call.parameters.get(parameter)):
            return [
                v if v.startswith("arn:") else call.arn(beginning + v.removeprefix("/"), service)
                for v in values
            ]
    return []


def _of_events(call: Call) -> list[str]:
    if call.operation == "PutEvents":
        buses = {
            entry.get("EventBusName") or "default" for entry in call.parameters.get("Entries") or ()
        }
        return [b if b.startswith("arn:") else call.arn(f"event-bus/{b}") for b in sorted(buses)]
    bus = call.text("EventBusName").rpartition("/")[2]
    if rule := call.text("Rule") or ("Rule" in call.operation and call.text("Name")):
        return [call.arn(f"rule/{bus}/{rule}" if bus not in ("", "default") else f"rule/{rule}")]
    if name := call.text("Name"):
        return [name if name.startswith("arn:") else call.arn(f"event-bus/{name}")]
    return [str(arn)] if (arn := call.text("ResourceARN")) else []


def _of_iam(call: Call) -> list[str]:
    for parameter, beginning in _IAM_NAMES:
        if name := call.text(parameter):
            path = call.text("Path").strip("/") if call.operation.startswith("Create") else ""
            return [f"arn:aws:iam::{ACCOUNT_ID}:{beginning}{f'{path}/' if path else ''}{name}"]
    return [arn] if (arn := call.text("PolicyArn")) else []
