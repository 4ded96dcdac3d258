"""The roles that what is exported works by, with their policies."""

from __future__ import annotations

import json
from typing import Any

from .draft import POLICY, ROLE, Draft


def find_roles(draft: Draft) -> dict[str, dict[str, Any]]:
    """Give every role and customer managed policy its place; return the roles by ARN."""
    for policy in draft.pages("iam", "list_policies", "Policies", Scope="Local"):
        draft.place(policy["Arn"], POLICY, draft.logical(policy["PolicyName"], "Policy"), "")
    roles = {role["Arn"]: role for role in draft.pages("iam", "list_roles", "Roles")}
    for arn, role in sorted(roles.items()):
        draft.place(arn, ROLE, draft.logical(role["RoleName"], "Role"))
    return roles


def write_roles(draft: Draft, roles: dict[str, dict[str, Any]]) -> None:
    """Write the roles that something refers to, and then those that these refer to."""
    written: set[str] = set()
    while waiting := sorted(arn for arn in roles.keys() - written if draft.places[arn].used):
        for arn in waiting:
            logical = draft.places[arn].short.partition(".")[0]
            draft.resources[logical] = _role(draft, roles[arn])
            written.add(arn)
    for arn in written:
        place = draft.places[arn]
        if place.named:
            properties = draft.resources[place.short.partition(".")[0]]["Properties"]
            name = {"RoleName": roles[arn]["RoleName"]}
            draft.resources[place.short.partition(".")[0]]["Properties"] = name | properties
    for arn in sorted(roles.keys() - written):
        draft.leave_out(f"The role {roles[arn]['RoleName']}, which nothing exported uses.")
    _write_managed(draft)


def _role(draft: Draft, role: dict[str, Any]) -> dict[str, Any]:
    name = role["RoleName"]
    properties: dict[str, Any] = {}
    if role.get("Path", "/") != "/":
        properties["Path"] = role["Path"]
    if role.get("Description"):
        properties["Description"] = role["Description"]
    properties["AssumeRolePolicyDocument"] = draft.refer(
        _document(role["AssumeRolePolicyDocument"]), ROLE
    )
    attached = draft.pages("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=name)
    if attached:
        arns = sorted(policy["PolicyArn"] for policy in attached)
        properties["ManagedPolicyArns"] = draft.refer(arns, ROLE)
    inline = sorted(draft.pages("iam", "list_role_policies", "PolicyNames", RoleName=name))
    if inline:
        properties["Policies"] = [
            {"PolicyName": each, "PolicyDocument": _inline(draft, name, each)} for each in inline
        ]
    return {"Type": "AWS::IAM::Role", "Properties": properties}


def _inline(draft: Draft, role: str, name: str) -> Any:
    shown = draft.client("iam").get_role_policy(RoleName=role, PolicyName=name)
    return draft.refer(_document(shown["PolicyDocument"]), ROLE)


def _write_managed(draft: Draft) -> None:
    iam = draft.client("iam")
    for policy in draft.pages("iam", "list_policies", "Policies", Scope="Local"):
        place = draft.places[policy["Arn"]]
        if not place.used:
            draft.leave_out(f"The policy {policy['PolicyName']}, which nothing exported uses.")
            continue
        version = policy["DefaultVersionId"]
        shown = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=version)
        document = _document(shown["PolicyVersion"]["Document"])
        properties: dict[str, Any] = {"PolicyDocument": draft.refer(document, POLICY)}
        draft.resources[place.short] = {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": properties,
        }


def _document(document: Any) -> Any:
    return json.loads(document) if isinstance(document, str) else document
