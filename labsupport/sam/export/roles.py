"""The roles that what is exported works by, with their policies."""

from __future__ import annotations

import json
from typing import Any

from .draft import POLICY, ROLE, Draft


def find_roles(draft: Draft) -> dict[str, dict[str, Any]]:
    """Give every role and customer managed policy its place; return the roles by ARN."""
    for policy in _customer_managed(draft):
        draft.place(policy["Arn"], POLICY, draft.logical(policy["PolicyName"], "Policy"), "")
    roles = {role["Arn"]: role for role in draft.pages("iam", "list_roles", "Roles")}
    for arn, role in sorted(roles.items()):
        draft.place(arn, ROLE, draft.logical(role["RoleName"], "Role"))
    return roles


def write_roles(draft: Draft, roles: dict[str, dict[str, Any]]) -> None:
    """Write the roles and policies that something refers to, and those that these refer to."""
    policies = {each["Arn"]: each for each in _customer_managed(draft)}
    known = {**roles, **policies}
    written: set[str] = set()
    while waiting := sorted(arn for arn in known.keys() - written if draft.places[arn].used):
        for arn in waiting:
            logical = draft.places[arn].short.partition(".")[0]
            write = _role if arn in roles else _managed
            draft.resources[logical] = write(draft, known[arn])
            written.add(arn)
    for arn in sorted(written & roles.keys()):
        place = draft.places[arn]
        if place.named:
            resource = draft.resources[place.short.partition(".")[0]]
            name = {"RoleName": roles[arn]["RoleName"]}
            resource["Properties"] = name | resource["Properties"]
    for arn in sorted(known.keys() - written):
        kind = "role" if arn in roles else "policy"
        name = known[arn].get("RoleName") or known[arn]["PolicyName"]
        draft.leave_out(f"The {kind} {name}, which nothing exported uses.")


def _customer_managed(draft: Draft) -> list[dict[str, Any]]:
    return draft.pages("iam", "list_policies", "Policies", Scope="Local")


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


def _managed(draft: Draft, policy: dict[str, Any]) -> dict[str, Any]:
    version = {"PolicyArn": policy["Arn"], "VersionId": policy["DefaultVersionId"]}
    shown = draft.client("iam").get_policy_version(**version)["PolicyVersion"]
    document = draft.refer(_document(shown["Document"]), POLICY)
    return {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"PolicyDocument": document}}


def _document(document: Any) -> Any:
    return json.loads(document) if isinstance(document, str) else document
