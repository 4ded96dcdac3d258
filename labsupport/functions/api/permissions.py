"""Functions' resource-based policies: who else may invoke a function, and the API that says so.

In moto's place, which has one policy for all versions and aliases and asks it for nothing.
https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
"""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from typing import Any

from labsupport.credentials import ACCOUNT_ID
from labsupport.facts import fact
from labsupport.iam import Ask, Caller, decide

from ..errors import ServiceError, conflict, invalid_parameter, no_resource, revision_differs
from ..moto_bridge import exists, revise, revision_of, undisturbed
from .actions import Actions
from .api_model import Call
from .names import LATEST, FunctionName, function_name

_CONDITIONS = (
    ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
    ("InvokedViaFunctionUrl", "Bool", "lambda:InvokedViaFunctionUrl"),
    ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
    ("SourceAccount", "StringEquals", "AWS:SourceAccount"),
    ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
    ("SourceArn", "ArnLike", "AWS:SourceArn"),
)


class Permissions:
    """All policies of a lab, by the ARN of a function, with the qualifier where one was given."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._statements: dict[str, list[dict[str, Any]]] = {}

    def policy_of(self, arn: str) -> str | None:
        """The policy document of a function, a version or an alias; None where it has none."""
        with self._lock:
            return _document(self._statements[arn]) if arn in self._statements else None

    def may_invoke(self, function_arn: str, service: str, source_arn: str) -> bool:
        """Whether a service may invoke a function by itself, as S3, SNS and EventBridge do.

        Args:
            function_arn: with the qualifier that shall be invoked.
            service: a principal such as "s3.amazonaws.com".
            source_arn: the bucket, topic or rule on whose behalf; of this account.
        """
        context = {"aws:sourcearn": source_arn, "aws:sourceaccount": ACCOUNT_ID}
        ask = Ask("lambda:InvokeFunction", function_arn, context)
        return decide(ask, Caller(arn="", service=service), self.policy_of(function_arn)) is None

    def forget(self, function_arn: str) -> None:
        """Drop the policies of a deleted function."""
        with self._lock:
            for arn in [a for a in self._statements if f"{a}:".startswith(f"{function_arn}:")]:
                del self._statements[arn]

    def register(self, actions: Actions) -> None:
        """Answer the three actions on resource-based policies."""
        actions.add(
            AddPermission=undisturbed(self._add),
            GetPolicy=undisturbed(self._get),
            RemovePermission=undisturbed(self._remove),
        )

    def _add(self, call: Call) -> dict[str, str]:
        wanted = _existing(call)
        if wanted.qualifier == LATEST:
            raise invalid_parameter("We currently do not support adding policies for $LATEST.")
        _check_revision(call, wanted)
        arn, statement = wanted.arn, _statement(call, wanted.arn)
        sid = statement["Sid"]
        with self._lock:
            known = self._statements.get(arn, [])
            if any(s["Sid"] == sid for s in known):
                raise conflict(
                    f"The statement id ({sid}) provided already exists. Please provide a new "
                    "statement id, or remove the existing statement."
                )
            _check_length([*known, statement])
            self._statements[arn] = [*known, statement]
        revise(wanted)
        return {"Statement": _compact(statement)}

    def _get(self, call: Call) -> dict[str, str]:
        wanted = _existing(call)
        policy = self.policy_of(wanted.arn)
        if policy is None:
            raise no_resource()
        return {"Policy": policy, "RevisionId": revision_of(wanted)}

    def _remove(self, call: Call) -> None:
        wanted = _existing(call)
        arn, sid = wanted.arn, call.get("StatementId")
        with self._lock:
            known = self._statements.get(arn)
            if not known:
                raise _missing("No policy is associated with the given resource.")
            left = [s for s in known if s["Sid"] != sid]
            if len(left) == len(known):
                raise _missing(f"Statement {sid} is not found in resource policy.")
            _check_revision(call, wanted)
            if left:
                self._statements[arn] = left
            else:
                del self._statements[arn]
        revise(wanted)


def _existing(call: Call) -> FunctionName:
    """The function, version or alias a call names."""
    name, qualifier = call.get("FunctionName"), call.get("Qualifier")
    wanted = function_name(call.region, name, qualifier, action=call.action)
    if exists(wanted):
        return wanted
    if not exists(replace(wanted, qualifier=None)):
        what = "No policy found for" if call.action == "RemovePermission" else "Function not found"
        raise _missing(f"{what}: {wanted.function_arn}")
    what = "Cannot find alias arn" if wanted.is_alias else "Function not found"
    raise _missing(f"{what}: {wanted.arn}")


def _statement(call: Call, arn: str) -> dict[str, Any]:
    statement = {
        "Sid": call.get("StatementId"),
        "Effect": "Allow",
        "Principal": _principal(call.get("Principal")),
        "Action": call.get("Action"),
        "Resource": arn,
    }
    condition: dict[str, dict[str, str]] = {}
    for parameter, operator, key in _CONDITIONS:
        value = call.get(parameter)
        if value is not None:
            text = str(value).lower() if isinstance(value, bool) else str(value)
            condition.setdefault(operator, {})[key] = text
    return statement | ({"Condition": condition} if condition else {})


def _principal(principal: str) -> str | dict[str, str]:
    if principal == "*":
        return principal
    if principal.startswith("arn:"):
        return {"AWS": principal}
    if principal.isdigit() and len(principal) == len(ACCOUNT_ID):
        return {"AWS": f"arn:aws:iam::{principal}:root"}
    if "." in principal:
        return {"Service": principal}
    raise invalid_parameter(
        "The provided principal was invalid. Please check the principal and try again."
    )


def _check_length(statements: list[dict[str, Any]]) -> None:
    size = len(_document(statements).encode())
    limit = int(fact("limits.resource_policy_kb").value) * 1024
    if size > limit:
        raise ServiceError(
            "PolicyLengthExceededException",
            f"The final policy size ({size}) is bigger than the limit ({limit}).",
        )


def _check_revision(call: Call, wanted: FunctionName) -> None:
    if call.get("RevisionId") not in (None, "", revision_of(wanted)):
        raise revision_differs()


def _document(statements: list[dict[str, Any]]) -> str:
    return _compact({"Version": "2012-10-17", "Id": "default", "Statement": statements})


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _missing(message: str) -> ServiceError:
    return ServiceError("ResourceNotFoundException", message, 404)
