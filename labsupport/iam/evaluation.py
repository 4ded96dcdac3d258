"""Whether a request is allowed: AWS's evaluation logic within one account.

An explicit deny anywhere wins. Then a policy of the resource that names the caller, or the caller's
own policies within permissions boundary and session policy, must allow; what nothing allows is
denied. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType

from .conditions import hold
from .policies import Context, Policy, Statement, statements

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Caller:
    """Who makes a request.

    Args:
        arn: of the user, or of the role's session.
        role_arn: of a session's role, "" for a user.
        service: a service principal such as "s3.amazonaws.com" that calls by itself; "" otherwise.
        administrator: whether nothing but an explicit deny limits the caller.
        boundary: the permissions boundary.
        session: the session policy.
        context: the condition keys that are the caller's own.
    """

    arn: str
    role_arn: str = ""
    service: str = ""
    administrator: bool = False
    policies: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: Policy | None = None
    context: Context = field(default_factory=lambda: _NOTHING)

    @property
    def account(self) -> str:
        """The account's number."""
        return self.arn.split(":")[4] if self.arn else ""


@dataclass(frozen=True)
class Ask:
    """One thing a request needs the right to do.

    Args:
        action: for instance "s3:GetObject".
        resource: an ARN, or "*" for an action that is on no particular resource.
        context: condition keys of this action.
        shown: the action as error messages spell it; "" for as it is.
    """

    action: str
    resource: str = "*"
    context: Context = field(default_factory=lambda: _NOTHING)
    shown: str = ""


class Grant(IntEnum):
    """How far a resource's policy names a caller, from not at all to by itself."""

    NONE = 0
    ACCOUNT = 1
    ROLE = 2
    CALLER = 3


def decide(
    ask: Ask,
    caller: Caller,
    resource_policy: str | None = None,
    context: Context = _NOTHING,
    *,
    trust: bool = False,
) -> str | None:
    """Why a request is denied, as AWS words it; None where it is allowed.

    Args:
        resource_policy: the document of the policy on the resource.
        context: condition keys of the request.
        trust: whether that is a role's trust policy, without which nobody may assume the role.

    Wordings: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    keys = {**context, **caller.context, **ask.context}
    kind = "role trust policy" if trust else "resource-based policy"
    named = ask.shown or ask.action
    grant = _granted(resource_policy, ask, caller, keys)
    if denying := _denying(ask, caller, keys):
        return f"with an explicit deny in {denying}"
    if grant is None:
        return f"with an explicit deny in a {kind}"
    if grant is Grant.NONE and (trust or caller.service):
        return f"because no {kind} allows the {named} action"
    if grant is Grant.CALLER or caller.administrator:
        return None
    lacking = _lacking(ask, caller, keys, named_role=grant is Grant.ROLE)
    return f"because no {lacking} allows the {named} action" if lacking else None


def _denying(ask: Ask, caller: Caller, keys: Context) -> str:
    """The caller's policy that denies explicitly, in words; "" for none."""
    for kind, policies in (
        ("an identity-based policy", caller.policies),
        ("a permissions boundary", _if_any(caller.boundary)),
        ("a session policy", _if_any(caller.session)),
    ):
        for policy in policies:
            if _says(policy, ask, keys, allows=False):
                return f"{kind}: {policy.arn}" if policy.arn else kind
    return ""


def _lacking(ask: Ask, caller: Caller, keys: Context, *, named_role: bool) -> str:
    """The kind of the caller's policies in which an Allow is missing; "" for none."""
    for kind, policies, needed in (
        ("identity-based policy", caller.policies, not named_role),
        ("permissions boundary", _if_any(caller.boundary), caller.boundary is not None),
        ("session policy", _if_any(caller.session), caller.session is not None),
    ):
        if needed and not any(_says(policy, ask, keys, allows=True) for policy in policies):
            return kind
    return ""


def _if_any(policy: Policy | None) -> tuple[Policy, ...]:
    return (policy,) if policy else ()


def _says(policy: Policy, ask: Ask, keys: Context, *, allows: bool) -> bool:
    return any(_applying(statements(policy.document), ask, keys, allows=allows))


def _applying(
    found: Iterable[Statement], ask: Ask, keys: Context, *, allows: bool
) -> Iterable[Statement]:
    return (
        statement
        for statement in found
        if statement.allows is allows
        and statement.covers(ask.action, ask.resource, keys)
        and hold(statement, keys)
    )


def _granted(document: str | None, ask: Ask, caller: Caller, keys: Context) -> Grant | None:
    """What a resource's policy grants the caller; None for an explicit deny."""
    if not document:
        return Grant.NONE
    found = statements(document)
    if any(_named(s, caller) for s in _applying(found, ask, keys, allows=False)):
        return None
    allowing = _applying(found, ask, keys, allows=True)
    return max((_named(s, caller) for s in allowing), default=Grant.NONE)


def _named(statement: Statement, caller: Caller) -> Grant:
    """How a statement of a resource's policy names the caller.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    if statement.excluded_principals:
        excluded = any(_names(*entry, caller) for entry in statement.excluded_principals)
        return Grant.NONE if excluded else Grant.CALLER
    return max((_names(*entry, caller) for entry in statement.principals), default=Grant.NONE)


def _names(kind: str, value: str, caller: Caller) -> Grant:
    if value == "*" and (kind in ("*", "AWS") or (kind == "Service" and caller.service)):
        return Grant.CALLER
    if kind == "Service":
        return Grant.CALLER if value == caller.service else Grant.NONE
    if kind != "AWS" or caller.service:
        return Grant.NONE
    if value == caller.arn:
        return Grant.CALLER
    if caller.role_arn and value == caller.role_arn:
        return Grant.ROLE
    # Naming an account leaves it to the account's own policies who of it may.
    in_account = value in (caller.account, f"arn:aws:iam::{caller.account}:root")
    return Grant.ACCOUNT if in_account else Grant.NONE
