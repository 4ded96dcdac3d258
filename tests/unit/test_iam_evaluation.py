"""Whether policies allow what AWS's documented evaluation logic allows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from labsupport.iam import Ask, Caller, decide
from labsupport.iam.policies import Policy

ACCOUNT = "123456789012"
USER = f"arn:aws:iam::{ACCOUNT}:user/ann"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/r/f"
OBJECT = "arn:aws:s3:::photos/ann/cat.jpg"
READ = Ask("s3:GetObject", OBJECT)


def policy(*statements: dict[str, Any], version: str = "2012-10-17") -> str:
    return json.dumps({"Version": version, "Statement": list(statements)})


def allow(action: Any = "s3:GetObject", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource} | more


def deny(action: Any = "s3:GetObject", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return allow(action, resource, **more) | {"Effect": "Deny"}


def user(*statements: dict[str, Any], **more: Any) -> Caller:
    context = {"aws:username": "ann", "aws:principalarn": USER}
    return Caller(arn=USER, policies=(Policy(policy(*statements)),), context=context, **more)


def session(*statements: dict[str, Any], **more: Any) -> Caller:
    return Caller(arn=SESSION, role_arn=ROLE, policies=(Policy(policy(*statements)),), **more)


@pytest.mark.parametrize(
    ("statement", "ask", "allowed"),
    [
        (allow(), READ, True),
        (allow("S3:getobject"), READ, True),
        (allow("s3:Get*"), READ, True),
        (allow("s3:GetObjec?"), READ, True),
        (allow("*"), READ, True),
        (allow(["sqs:*", "s3:*"]), READ, True),
        (allow("s3:Get"), READ, False),
        (allow("s3:PutObject"), READ, False),
        (allow(resource="arn:aws:s3:::photos/*"), READ, True),
        (allow(resource="arn:aws:s3:::photos"), READ, False),
        (allow(resource="arn:aws:s3:::PHOTOS/*"), READ, False),
        (allow(resource=["arn:aws:s3:::x/*", "arn:aws:s3:::photos/ann/???.jpg"]), READ, True),
        (allow(resource="arn:aws:s3:::photos/${aws:username}/*"), READ, True),
        (allow(resource="arn:aws:s3:::photos/${aws:principaltag/team}/*"), READ, False),
        (allow(resource="arn:aws:s3:::${aws:PrincipalTag/team, 'photos'}/*"), READ, True),
        (allow(resource="arn:aws:s3:::photos/${*}"), READ, False),
        (
            allow(resource="arn:aws:s3:::photos/${*}"),
            Ask("s3:GetObject", "arn:aws:s3:::photos/*"),
            True,
        ),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, READ, True),
        ({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}, READ, False),
        ({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::photos/*"}, READ, False),
        ({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:s3:::secret/*"}, READ, True),
        ({"Effect": "Allow", "Resource": "*"}, READ, False),
    ],
)
def test_a_statement_covers_the_actions_and_resources_it_names(
    statement: dict[str, Any], ask: Ask, allowed: bool
) -> None:
    assert (decide(ask, user(statement)) is None) is allowed


def test_variables_are_plain_text_before_their_version() -> None:
    old = policy(allow(resource="arn:aws:s3:::photos/${aws:username}/*"), version="2008-10-17")
    caller = Caller(arn=USER, policies=(Policy(old),), context={"aws:username": "ann"})
    assert decide(READ, caller)


BY = {"Principal": {"AWS": USER}}
NO_IDENTITY = "because no identity-based policy allows the s3:GetObject action"


@pytest.mark.parametrize(
    ("caller", "resource_policy", "reason"),
    [
        (user(), None, NO_IDENTITY),
        (user(allow()), None, None),
        (user(allow(), deny()), None, "with an explicit deny in an identity-based policy"),
        # In one account, an Allow on either side is enough …
        (user(), policy(allow(**BY)), None),
        (user(), policy(allow(Principal="*")), None),
        (user(), policy(allow(Principal={"AWS": "*"})), None),
        # … naming the account only leaves it to the identity's policies …
        (user(), policy(allow(Principal={"AWS": ACCOUNT})), NO_IDENTITY),
        (user(), policy(allow(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})), NO_IDENTITY),
        (user(), policy(allow(Principal={"AWS": ROLE})), NO_IDENTITY),
        (user(), policy(allow(Principal={"Service": "s3.amazonaws.com"})), NO_IDENTITY),
        # … and a Deny on either side wins, also over the account as a whole.
        (user(allow()), policy(deny(**BY)), "with an explicit deny in a resource-based policy"),
        (
            user(allow()),
            policy(deny(Principal={"AWS": ACCOUNT})),
            "with an explicit deny in a resource-based policy",
        ),
        (
            user(allow()),
            policy(deny(NotPrincipal={"AWS": ROLE})),
            "with an explicit deny in a resource-based policy",
        ),
        (user(allow()), policy(deny(NotPrincipal={"AWS": USER})), None),
        (
            user(deny()),
            policy(allow(**BY)),
            "with an explicit deny in an identity-based policy",
        ),
        (session(), policy(allow(Principal={"AWS": ROLE})), None),
        (session(), policy(allow(Principal={"AWS": SESSION})), None),
        (session(), policy(allow(Principal={"AWS": USER})), NO_IDENTITY),
    ],
)
def test_identity_and_resource_policies_together(
    caller: Caller, resource_policy: str | None, reason: str | None
) -> None:
    assert decide(READ, caller, resource_policy) == reason


BOUNDARY = Policy(policy(allow("sqs:*")))


@pytest.mark.parametrize(
    ("caller", "resource_policy", "reason"),
    [
        (
            session(allow(), boundary=BOUNDARY),
            None,
            "because no permissions boundary allows the s3:GetObject action",
        ),
        (session(allow(), boundary=Policy(policy(allow("s3:*")))), None, None),
        # A boundary grants nothing by itself.
        (session(boundary=Policy(policy(allow("s3:*")))), None, NO_IDENTITY),
        (
            session(allow(), boundary=Policy(policy(allow("*"), deny()))),
            None,
            "with an explicit deny in a permissions boundary",
        ),
        (
            session(allow(), session=Policy(policy(allow("sqs:*")))),
            None,
            "because no session policy allows the s3:GetObject action",
        ),
        # A resource's policy that names the role stays within them, one that names the session not.
        (
            session(boundary=BOUNDARY),
            policy(allow(Principal={"AWS": ROLE})),
            "because no permissions boundary allows the s3:GetObject action",
        ),
        (session(boundary=BOUNDARY), policy(allow(Principal={"AWS": SESSION})), None),
    ],
)
def test_boundaries_and_session_policies_limit(
    caller: Caller, resource_policy: str | None, reason: str | None
) -> None:
    assert decide(READ, caller, resource_policy) == reason


def test_a_managed_policy_that_denies_is_named() -> None:
    denying = Policy(policy(deny()), f"arn:aws:iam::{ACCOUNT}:policy/no-photos")
    reason = decide(READ, Caller(arn=USER, policies=(denying,)))
    assert reason == (
        "with an explicit deny in an identity-based policy: "
        f"arn:aws:iam::{ACCOUNT}:policy/no-photos"
    )


def test_only_an_explicit_deny_stops_the_administrator() -> None:
    administrator = Caller(arn=USER, administrator=True)
    assert decide(READ, administrator) is None
    assert decide(READ, administrator, policy(deny(Principal="*")))


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ({"StringEquals": {"aws:username": "ann"}}, True),
        ({"StringEquals": {"AWS:UserName": ["bob", "ann"]}}, True),
        ({"StringEquals": {"aws:username": "Ann"}}, False),
        ({"StringEqualsIgnoreCase": {"aws:username": "ANN"}}, True),
        ({"StringNotEquals": {"aws:username": ["bob", "ann"]}}, False),
        ({"StringNotEquals": {"aws:username": ["bob", "cid"]}}, True),
        ({"StringLike": {"s3:prefix": ["home/${aws:username}/*"]}}, True),
        ({"StringNotLike": {"s3:prefix": "home/*"}}, False),
        # All keys and operators must hold.
        ({"StringEquals": {"aws:username": "ann", "s3:prefix": "x"}}, False),
        (
            {"StringEquals": {"aws:username": "ann"}, "Bool": {"aws:securetransport": "false"}},
            False,
        ),
        # A key that isn't there fails, but not for what is negated or IfExists.
        ({"StringEquals": {"aws:nokey": "x"}}, False),
        ({"StringNotEquals": {"aws:nokey": "x"}}, True),
        ({"StringEqualsIfExists": {"aws:nokey": "x"}}, True),
        ({"StringEqualsIfExists": {"aws:username": "x"}}, False),
        ({"Null": {"aws:nokey": "true"}}, True),
        ({"Null": {"aws:username": True}}, False),
        ({"Null": {"aws:username": "false"}}, True),
        ({"Bool": {"aws:securetransport": True}}, True),
        ({"NumericLessThanEquals": {"s3:max-keys": "10"}}, True),
        ({"NumericGreaterThan": {"s3:max-keys": 10}}, False),
        ({"NumericEquals": {"aws:username": 10}}, False),
        ({"DateGreaterThan": {"aws:currenttime": "2026-01-01T00:00:00Z"}}, True),
        ({"DateLessThan": {"aws:currenttime": "2026-01-01"}}, False),
        ({"DateLessThan": {"aws:epochtime": "2000-01-01T00:00:00Z"}}, False),
        ({"IpAddress": {"aws:sourceip": ["10.0.0.0/8", "127.0.0.0/8"]}}, True),
        ({"NotIpAddress": {"aws:sourceip": "127.0.0.1"}}, False),
        ({"ArnLike": {"aws:sourcearn": "arn:aws:sns:*:*:top?c"}}, True),
        ({"ArnEquals": {"aws:sourcearn": "arn:aws:sns:us-east-1:*:*"}}, True),
        ({"ArnLike": {"aws:sourcearn": "arn:aws:sns:*"}}, False),
        ({"ArnLike": {"aws:sourcearn": "arn:aws:sns:*:*:${aws:username}"}}, False),
        ({"ArnNotLike": {"aws:sourcearn": "arn:aws:sqs:*:*:*"}}, True),
        ({"ForAllValues:StringEquals": {"dynamodb:leadingkeys": ["ann", "bob"]}}, True),
        ({"ForAllValues:StringEquals": {"dynamodb:leadingkeys": ["ann"]}}, False),
        ({"ForAllValues:StringEquals": {"aws:nokey": ["ann"]}}, True),
        ({"ForAnyValue:StringEquals": {"dynamodb:leadingkeys": ["ann"]}}, True),
        ({"ForAnyValue:StringEquals": {"aws:nokey": ["ann"]}}, False),
        ({"ForAnyValue:StringLike": {"dynamodb:leadingkeys": ["c*"]}}, False),
        ({"StringEqualz": {"aws:username": "ann"}}, False),
    ],
)
def test_conditions(condition: dict[str, Any], holds: bool) -> None:
    context = {
        "aws:securetransport": "true",
        "aws:sourceip": "127.0.0.1",
        "aws:currenttime": "2026-11-21T12:00:00Z",
        "aws:epochtime": "1795262400",
        "aws:sourcearn": "arn:aws:sns:us-east-1:123456789012:topic",
        "s3:prefix": "home/ann/2026",
        "s3:max-keys": "10",
        "dynamodb:leadingkeys": ("ann", "bob"),
    }
    reason = decide(READ, user(allow(Condition=condition)), None, context)
    assert (reason is None) is holds


TRUST = Ask("sts:AssumeRole", ROLE)
NO_TRUST = "because no role trust policy allows the sts:AssumeRole action"


@pytest.mark.parametrize(
    ("caller", "principal", "reason"),
    [
        (Caller(arn="", service="lambda.amazonaws.com"), {"Service": "lambda.amazonaws.com"}, None),
        (
            Caller(arn="", service="lambda.amazonaws.com"),
            {"Service": "ec2.amazonaws.com"},
            NO_TRUST,
        ),
        (Caller(arn="", service="lambda.amazonaws.com"), {"AWS": ACCOUNT}, NO_TRUST),
        (user(), {"AWS": USER}, None),
        (user(allow("sts:*")), {"Service": "lambda.amazonaws.com"}, NO_TRUST),
        (user(allow("sts:*")), {"AWS": ACCOUNT}, None),
        (
            user(),
            {"AWS": ACCOUNT},
            "because no identity-based policy allows the sts:AssumeRole action",
        ),
        (Caller(arn=USER, administrator=True), {"AWS": ACCOUNT}, None),
        (Caller(arn=USER, administrator=True), {"Service": "lambda.amazonaws.com"}, NO_TRUST),
    ],
)
def test_nobody_assumes_a_role_that_does_not_trust_them(
    caller: Caller, principal: dict[str, str], reason: str | None
) -> None:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    assert decide(TRUST, caller, policy(statement), trust=True) == reason


@pytest.mark.parametrize(
    "document", ["", "{}", "[]", "null", "no json", '{"Statement": "x"}', '{"Statement": [1]}']
)
def test_what_is_no_policy_allows_nothing(document: str) -> None:
    assert decide(READ, Caller(arn=USER, policies=(Policy(document),)), document) == NO_IDENTITY
