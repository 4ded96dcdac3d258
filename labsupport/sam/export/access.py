"""Who may invoke a function: its URLs and its own policy."""

from __future__ import annotations

import json
import re
from typing import Any

from .draft import TOP, Draft
from .functions import Function, asked


def write_url(
    draft: Draft, function: Function, properties: dict[str, Any], public: set[str]
) -> None:
    """Write the URLs of a function; `public` are the qualifiers ("" for none) open to everybody.

    SAM opens a URL without authorization to everybody; where the lab does not, it is written as
    the plain resource.
    """
    listed = draft.pages(
        "lambda", "list_function_url_configs", "FunctionUrlConfigs", FunctionName=function.name
    )
    for url in listed:
        qualifier = url["FunctionArn"].removeprefix(function.arn).lstrip(":")
        settings: dict[str, Any] = {"AuthType": url["AuthType"]}
        if cors := {name: value for name, value in (url.get("Cors") or {}).items() if value}:
            settings["Cors"] = cors
        if url.get("InvokeMode", "BUFFERED") != "BUFFERED":
            settings["InvokeMode"] = url["InvokeMode"]
        logical = f"{function.logical}Url"
        if qualifier not in ("", function.alias):
            draft.leave_out(f"The function URL of {function.name}:{qualifier}.")
            continue
        if qualifier == function.alias and (url["AuthType"] != "NONE" or qualifier in public):
            properties["FunctionUrlConfig"] = settings
            draft.covered.add((url["FunctionArn"], "*", ""))
        else:
            logical = draft.logical(f"{function.logical}{qualifier}", "PlainUrl")
            target = {"TargetFunctionArn": {"Ref": function.logical}}
            if qualifier:
                target = {"TargetFunctionArn": {"Ref": f"{function.logical}.Alias"}}
            draft.resources[logical] = {
                "Type": "AWS::Lambda::Url",
                "Properties": {**target, **settings},
            }
        draft.outputs[logical] = {"Value": {"Fn::GetAtt": [logical, "FunctionUrl"]}}


def write_permissions(
    draft: Draft, function: Function, statements: list[tuple[str, dict[str, Any]]]
) -> None:
    """Write what a function's own policy allows, where SAM's events do not bring it along."""
    for qualifier, statement in statements:
        resource = f"{function.arn}:{qualifier}" if qualifier else function.arn
        if qualifier not in ("", function.alias):
            sid = statement.get("Sid", "")
            draft.leave_out(f"The permission {sid} of {function.name}:{qualifier}.")
            continue
        wanted = _permission(statement)
        source = str(wanted.get("SourceArn", ""))
        if any(
            resource == target
            and wanted["Principal"] == principal
            and (not source or not covers or source.startswith(covers))
            for target, principal, covers in draft.covered
        ):
            continue
        named = draft.logical(f"{function.logical} {statement.get('Sid', '')}", "InvokePermission")
        called = f"{function.logical}.Alias" if qualifier else function.logical
        draft.resources[named] = {
            "Type": "AWS::Lambda::Permission",
            "Properties": {"FunctionName": {"Ref": called}, **draft.refer(wanted, TOP)},
        }


def statements_of(draft: Draft, function: Function) -> list[tuple[str, dict[str, Any]]]:
    """The statements of a function's policies, with the qualifiers they are for."""
    found = []
    for qualifier in ["", *sorted(function.aliases)]:
        place = {"FunctionName": function.name, **({"Qualifier": qualifier} if qualifier else {})}
        policy = asked(draft, "get_policy", **place).get("Policy")
        for statement in json.loads(policy)["Statement"] if policy else []:
            found.append((qualifier, statement))
    return found


def is_public(statement: dict[str, Any]) -> bool:
    """Whether a statement opens a function URL to everybody."""
    types = (statement.get("Condition") or {}).get("StringEquals") or {}
    return statement.get("Principal") == "*" and types.get("lambda:FunctionUrlAuthType") == "NONE"


def _permission(statement: dict[str, Any]) -> dict[str, Any]:
    """A statement as AWS::Lambda::Permission has it."""
    principal = statement["Principal"]
    if isinstance(principal, dict):
        principal = next(iter(principal.values()))
    if found := re.fullmatch(r"arn:aws:iam::(\d{12}):root", principal):
        principal = found[1]
    wanted = {"Action": statement["Action"], "Principal": principal}
    names = {
        "aws:sourcearn": "SourceArn",
        "aws:sourceaccount": "SourceAccount",
        "lambda:functionurlauthtype": "FunctionUrlAuthType",
        "lambda:eventsourcetoken": "EventSourceToken",
        "aws:principalorgid": "PrincipalOrgID",
    }
    for conditions in (statement.get("Condition") or {}).values():
        for key, value in conditions.items():
            if key.lower() in names:
                wanted[names[key.lower()]] = value
            elif key.lower() == "lambda:invokedviafunctionurl":
                wanted["InvokedViaFunctionUrl"] = str(value).lower() == "true"
    return wanted
