"""What holds for all policies and all requests, however they are made."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from labsupport.iam import Ask, Caller, decide
from labsupport.iam.policies import Policy, like
from labsupport.iam.requests import Call
from labsupport.iam.resources import asks

TEXT = st.text("ab:*?${}/é", max_size=8)
ACTIONS = st.sampled_from(["s3:GetObject", "s3:*", "s3:Get?bject", "sqs:SendMessage", "*"])
RESOURCES = st.sampled_from(["*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/k", "arn:aws:s3:::${aws:x}"])
STATEMENTS = st.fixed_dictionaries(
    {"Effect": st.sampled_from(["Allow", "Deny"])},
    optional={
        "Action": ACTIONS | st.lists(ACTIONS),
        "NotAction": ACTIONS,
        "Resource": RESOURCES | st.lists(RESOURCES),
        "NotResource": RESOURCES,
        "Principal": st.sampled_from(
            ["*", {"AWS": "123456789012"}, {"Service": "s3.amazonaws.com"}]
        ),
        "Condition": st.dictionaries(
            st.sampled_from(["StringEquals", "Bool", "NumericLessThan", "Null", "Unheard"]),
            st.dictionaries(TEXT, TEXT | st.booleans(), max_size=2),
            max_size=2,
        ),
    },
)
DOCUMENTS = st.lists(STATEMENTS, max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=12,
)
READ = Ask("s3:GetObject", "arn:aws:s3:::b/k")
DENY = {"Effect": "Deny", "Action": "*", "Resource": "*", "Principal": "*"}


def text(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def caller(statements: list[dict[str, Any]]) -> Caller:
    arn = "arn:aws:iam::123456789012:user/ann"
    return Caller(arn=arn, policies=(Policy(text(statements)),))


@given(mine=DOCUMENTS, its=DOCUMENTS)
def test_an_explicit_deny_wins_over_whatever_else_there_is(mine: Any, its: Any) -> None:
    assert decide(READ, caller([*mine, DENY]), text(its))
    assert decide(READ, caller(mine), text([*its, DENY]))


@given(mine=DOCUMENTS)
def test_nothing_is_allowed_where_no_statement_allows(mine: Any) -> None:
    denying = [statement | {"Effect": "Deny"} for statement in mine]
    assert decide(READ, caller(denying), text(denying))


@given(mine=DOCUMENTS, boundary=DOCUMENTS)
def test_a_boundary_never_adds_a_right(mine: Any, boundary: Any) -> None:
    free = caller(mine)
    limited = Caller(arn=free.arn, policies=free.policies, boundary=Policy(text(boundary)))
    assert decide(READ, free) is None or decide(READ, limited) is not None


@given(document=TEXT | JSON.map(json.dumps))
def test_no_document_is_too_strange(document: str) -> None:
    assert decide(READ, Caller(arn="", policies=(Policy(document),)), document)


@given(value=TEXT)
def test_a_text_without_wildcards_is_like_itself_alone(value: str) -> None:
    plain = value.replace("*", "").replace("?", "")
    assert like(plain, plain)
    assert like("*", value)
    assert not like(plain, plain + "x")


CALLS = [
    ("s3", "CopyObject", ("Bucket", "Key", "CopySource")),
    ("sqs", "SendMessage", ("QueueUrl", "QueueName")),
    ("sns", "Publish", ("TopicArn", "PhoneNumber")),
    ("dynamodb", "BatchGetItem", ("RequestItems",)),
    ("dynamodb", "BatchWriteItem", ("RequestItems",)),
    ("dynamodb", "TransactWriteItems", ("TransactItems",)),
    ("dynamodb", "Query", ("TableName", "KeyConditionExpression", "ExpressionAttributeValues")),
    ("dynamodb", "BatchExecuteStatement", ("Statements",)),
    ("lambda", "CreateFunction", ("FunctionName", "Role", "Layers")),
    ("logs", "FilterLogEvents", ("logGroupIdentifier", "logGroupNames")),
    ("events", "PutEvents", ("Entries",)),
    ("events", "PutTargets", ("Rule", "EventBusName", "Targets")),
    ("ssm", "GetParameters", ("Names",)),
    ("kinesis", "PutRecord", ("StreamName", "StreamARN")),
    ("iam", "CreateRole", ("RoleName", "Path")),
]


@settings(deadline=None)
@given(call=st.sampled_from(CALLS), values=st.lists(JSON, min_size=3, max_size=3))
def test_however_a_call_is_formed_it_needs_something(
    call: tuple[str, str, tuple[str, ...]], values: list[Any]
) -> None:
    service, operation, names = call
    parameters = dict(zip(names, values, strict=False))
    found = asks(Call(service, "us-east-1", operation, parameters=parameters))
    assert found
    assert all(ask.action and ask.resource for ask in found)
