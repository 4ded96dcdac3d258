"""Roles and policies."""

from __future__ import annotations

import json
from typing import Any

from .kind import Cloud, Kind, Made, Properties, tags_of


def _create(cloud: Cloud, logical: str, properties: Properties) -> Made:
    name = properties.get("RoleName") or cloud.named(logical)
    settings: dict[str, Any] = {
        "RoleName": name,
        "AssumeRolePolicyDocument": _document(properties["AssumeRolePolicyDocument"]),
    }
    for member in ("Path", "Description", "MaxSessionDuration", "PermissionsBoundary"):
        if member in properties:
            settings[member] = properties[member]
    if tags := tags_of(properties):
        settings["Tags"] = [{"Key": key, "Value": value} for key, value in tags.items()]
    role = cloud.call("iam", "create_role", **settings)["Role"]
    made = Made(name, {"Arn": role["Arn"], "RoleId": role["RoleId"]})
    _give_policies(cloud, made, {}, properties)
    return made


def _update(cloud: Cloud, made: Made, before: Properties, after: Properties) -> Made:
    trust = _document(after["AssumeRolePolicyDocument"])
    cloud.call("iam", "update_assume_role_policy", RoleName=made.ref, PolicyDocument=trust)
    _give_policies(cloud, made, before, after)
    return made


def _give_policies(cloud: Cloud, made: Made, before: Properties, after: Properties) -> None:
    role = {"RoleName": made.ref}
    inline = {each["PolicyName"]: each["PolicyDocument"] for each in after.get("Policies") or []}
    for each in before.get("Policies") or []:
        if each["PolicyName"] not in inline:
            cloud.call("iam", "delete_role_policy", **role, PolicyName=each["PolicyName"])
    for name, document in inline.items():
        text = _document(document)
        cloud.call("iam", "put_role_policy", **role, PolicyName=name, PolicyDocument=text)
    managed = after.get("ManagedPolicyArns") or []
    for arn in before.get("ManagedPolicyArns") or []:
        if arn not in managed:
            cloud.call("iam", "detach_role_policy", **role, PolicyArn=arn)
    for arn in managed:
        cloud.call("iam", "attach_role_policy", **role, PolicyArn=arn)


def _delete(cloud: Cloud, made: Made) -> None:
    iam, role = cloud.client("iam"), {"RoleName": made.ref}
    for name in iam.list_role_policies(**role)["PolicyNames"]:
        iam.delete_role_policy(**role, PolicyName=name)
    for policy in iam.list_attached_role_policies(**role)["AttachedPolicies"]:
        iam.detach_role_policy(**role, PolicyArn=policy["PolicyArn"])
    iam.delete_role(**role)


def _put_inline(cloud: Cloud, logical: str, properties: Properties) -> Made:
    name = properties["PolicyName"]
    roles = properties.get("Roles") or []
    text = _document(properties["PolicyDocument"])
    for role in roles:
        cloud.call("iam", "put_role_policy", RoleName=role, PolicyName=name, PolicyDocument=text)
    return Made(name, {}, roles)


def _remove_inline(cloud: Cloud, made: Made) -> None:
    for role in made.handle:
        cloud.call("iam", "delete_role_policy", RoleName=role, PolicyName=made.ref)


def _create_managed(cloud: Cloud, logical: str, properties: Properties) -> Made:
    name = properties.get("ManagedPolicyName") or cloud.named(logical)
    settings = {key: properties[key] for key in ("Path", "Description") if key in properties}
    text = _document(properties["PolicyDocument"])
    policy = cloud.call("iam", "create_policy", PolicyName=name, PolicyDocument=text, **settings)
    arn = policy["Policy"]["Arn"]
    roles = properties.get("Roles") or []
    for role in roles:
        cloud.call("iam", "attach_role_policy", RoleName=role, PolicyArn=arn)
    return Made(arn, {"PolicyArn": arn}, roles)


def _delete_managed(cloud: Cloud, made: Made) -> None:
    iam = cloud.client("iam")
    for role in iam.list_entities_for_policy(PolicyArn=made.ref)["PolicyRoles"]:
        iam.detach_role_policy(RoleName=role["RoleName"], PolicyArn=made.ref)
    iam.delete_policy(PolicyArn=made.ref)


def _document(document: Any) -> str:
    """A policy with a version, which CloudFormation lets a template leave out."""
    return json.dumps({"Version": "2012-10-17"} | document)


KINDS = {
    "AWS::IAM::Role": Kind(_create, _delete, _update, "RoleName"),
    "AWS::IAM::Policy": Kind(_put_inline, _remove_inline),
    "AWS::IAM::ManagedPolicy": Kind(_create_managed, _delete_managed),
}
