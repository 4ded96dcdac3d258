"""Who else may use a version of a layer.

docs.aws.amazon.com/lambda/latest/dg/permissions-layer-cross-account.html
"""

from __future__ import annotations

import json
import uuid
from typing import Any

from labsupport.credentials import ACCOUNT_ID

from ..api.actions import Actions, Reply
from ..api.api_model import Call
from ..errors import ServiceError, conflict, invalid_parameter, revision_differs
from .layer_actions import layer_name, number
from .store import CHANGING, layer_version


def register(actions: Actions) -> None:
    """Answer the three actions."""
    actions.add(
        AddLayerVersionPermission=_add,
        GetLayerVersionPolicy=_get,
        RemoveLayerVersionPermission=_remove,
    )


def _add(call: Call) -> dict[str, Any]:
    with CHANGING:
        version = _version(call)
        _check_revision(version, call)
        sid = call.get("StatementId")
        if any(statement["Sid"] == sid for statement in version.policy.statements):
            raise conflict(
                f"The statement id ({sid}) provided already exists. Please provide a new "
                "statement id, or remove the existing statement."
            )
        statement: dict[str, Any] = {
            "Sid": sid,
            "Effect": "Allow",
            "Principal": _principal(call.get("Principal")),
            "Action": call.get("Action"),
            "Resource": version.arn,
        }
        if organization := call.get("OrganizationId"):
            statement["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": organization}}
        _set(version, [*version.policy.statements, statement])
        revision = version.policy.revision
    return {"Statement": json.dumps(statement), "RevisionId": revision}


def _get(call: Call) -> dict[str, Any]:
    policy = _version(call).policy
    if not policy.statements:
        raise _missing("No policy is associated with the given resource.")
    document = {"Version": "2012-10-17", "Id": "default", "Statement": policy.statements}
    return {"Policy": json.dumps(document), "RevisionId": policy.revision}


def _remove(call: Call) -> Reply:
    with CHANGING:
        version = _version(call)
        _check_revision(version, call)
        sid = call.get("StatementId")
        left = [statement for statement in version.policy.statements if statement["Sid"] != sid]
        if len(left) == len(version.policy.statements):
            raise _missing(f"Statement {sid} is not found in resource policy.")
        _set(version, left)
    return Reply()


def _version(call: Call) -> Any:
    region, name = layer_name(call)
    wanted = number(call)
    version = layer_version(region, name, wanted)
    if version is None:
        arn = f"arn:aws:lambda:{region}:{ACCOUNT_ID}:layer:{name}:{wanted}"
        raise _missing(f"Layer version {arn} does not exist.")
    return version


def _principal(text: str) -> Any:
    if text == "*":
        return text
    if text.isdecimal():
        return {"AWS": f"arn:aws:iam::{text}:root"}
    if text.startswith("arn:"):
        return {"AWS": text}
    raise invalid_parameter(
        "The provided principal was invalid. Please check the principal and try again."
    )


def _set(version: Any, statements: list[dict[str, Any]]) -> None:
    version.policy.statements = statements
    version.policy.revision = str(uuid.uuid4())


def _check_revision(version: Any, call: Call) -> None:
    if call.get("RevisionId") not in (None, "", version.policy.revision):
        raise revision_differs("GetLayerPolicy")


def _missing(message: str) -> ServiceError:
    return ServiceError("ResourceNotFoundException", message, 404)
