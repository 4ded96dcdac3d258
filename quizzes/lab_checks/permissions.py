"""Looks at what lesson 05 has you do: the policies of a role."""

from __future__ import annotations

from typing import Any

from quizzes.lab_checks import Clients, Found, missing, partly, reached

_QUEUE = "arn:aws:sqs:us-east-1:123456789012:kitchen"


def may_send(clients: Clients) -> Found:
    """The role `waiter` may send to the queue `kitchen`, and do nothing else."""
    iam = clients("iam")
    try:
        names = iam.list_role_policies(RoleName="waiter")["PolicyNames"]
        attached = iam.list_attached_role_policies(RoleName="waiter")["AttachedPolicies"]
    except iam.exceptions.NoSuchEntityException:
        return missing("There is no role `waiter` yet; run the block first.")
    documents = [
        iam.get_role_policy(RoleName="waiter", PolicyName=name)["PolicyDocument"] for name in names
    ]
    allowed = {
        (action.lower(), resource)
        for document in documents
        for statement in _list(document["Statement"])
        if statement["Effect"] == "Allow"
        for action in _list(statement.get("Action", "*"))
        for resource in _list(statement.get("Resource", "*"))
    }
    needed = ("sqs:sendmessage", _QUEUE)
    if not allowed:
        return missing("No policy of `waiter` allows anything yet.")
    if needed not in allowed:
        return missing(f"No statement of `waiter` names `sqs:SendMessage` on `{_QUEUE}`.")
    if allowed != {needed} or attached:
        return partly(0.5, "`waiter` may send to the queue, and it may do more than that.")
    return reached("`waiter` may send to `kitchen`, and do nothing else.")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
