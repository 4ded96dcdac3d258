"""Checks the exercises of lesson 05, permissions and network."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from course.checking import Attempt, exercise
from course.lab_cloud import end, expect_answer, require_lab, temporary_function, written

_DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError"}
_ACCOUNT = "123456789012"
_ITEM = {"id": {"S": "cold-start-check"}}


@exercise(
    hints=(
        "Each statement has an `Effect`, an `Action` and a `Resource`; they stand in a list "
        "called `Statement`, beside `Version`.",
        "The actions are `dynamodb:PutItem` and `sqs:SendMessage`.",
        "The table's ARN is `arn:aws:dynamodb:us-east-1:123456789012:table/stock`, the queue's "
        "`arn:aws:sqs:us-east-1:123456789012:deliveries`.",
    ),
    deadline_s=30,
)
def smallest_policy(attempt: Attempt, document: object) -> None:
    """Allows writing to one table and sending to one queue, and nothing else."""
    attempt.given(document)
    require_lab(attempt)
    if not isinstance(document, Mapping):
        end(attempt, f"the policy should be a dictionary, and yours is `{document!r}`")
    with _somebody() as (put_policy, client):
        if not _denied(client("s3").list_buckets):
            end(attempt, "the lab allows everything at the moment; call `lab.enforce_iam()`")
        try:
            put_policy(json.dumps(document))
        except (ClientError, TypeError, ValueError) as error:
            end(attempt, f"this is not a policy that IAM takes: {error}")
        table, queue = client("dynamodb"), client("sqs")
        address = f"{os.environ['AWS_ENDPOINT_URL']}/{_ACCOUNT}/"

        def send(name: str) -> bool:
            url = address + name
            return not _denied(queue.send_message, QueueUrl=url, MessageBody="tea")

        def put(name: str) -> bool:
            return not _denied(table.put_item, TableName=name, Item=_ITEM)

        for what, may in (
            ("write an item into `stock`", put("stock")),
            ("send a message to `deliveries`", send("deliveries")),
        ):
            attempt.expect(
                may,
                passed=f"the function may {what}",
                failed=f"the function should be allowed to {what}, and it is refused",
            )
        read = not _denied(table.get_item, TableName="stock", Key=_ITEM)
        remove = not _denied(table.delete_item, TableName="stock", Key=_ITEM)
        take = not _denied(queue.receive_message, QueueUrl=f"{address}deliveries")
        for what, may in (
            ("write into another table", put("salaries")),
            ("write into a table whose name begins in the same way", put("stock-archive")),
            ("read items of `stock`", read),
            ("delete items of `stock`", remove),
            ("send to another queue", send("invoices")),
            ("take messages from `deliveries`", take),
        ):
            attempt.expect(
                not may,
                passed=f"it may not {what}",
                failed=f"it does not need to {what}, and your policy allows it",
            )
        attempt.expect(
            "*" not in json.dumps(document),
            passed="each action and each resource is named in full",
            failed="a `*` also stands for what the function does not need; name it in full",
        )


@contextmanager
def _somebody() -> Iterator[tuple[Callable[[str], object], Callable[[str], Any]]]:
    """A user of the lab cloud without rights: how to give them a policy, and their clients."""
    iam, name = boto3.client("iam"), f"check-{secrets.token_hex(4)}"
    with ExitStack() as made:
        iam.create_user(UserName=name)
        made.callback(iam.delete_user, UserName=name)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        made.callback(iam.delete_access_key, UserName=name, AccessKeyId=key["AccessKeyId"])
        session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name="us-east-1")

        def put_policy(document: str) -> None:
            iam.put_user_policy(UserName=name, PolicyName="work", PolicyDocument=document)
            made.callback(iam.delete_user_policy, UserName=name, PolicyName="work")

        once = Config(retries={"total_max_attempts": 1})
        yield put_policy, lambda service: session.client(service, config=once)


def _denied(call: Callable[..., Any], **parameters: Any) -> bool:
    """Whether a call is refused for want of permission; a missing table is another matter."""
    try:
        call(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"] in _DENIED
    return False


@exercise(
    hints=(
        "SNS calls as the service `sns.amazonaws.com`; that is the `Principal`.",
        "`SourceArn` says on whose behalf: the ARN of the topic, without a wildcard.",
        '`permit("receipt", "topic", Principal=…, SourceArn=topic_arn)` is all it takes.',
    ),
    deadline_s=30,
)
def one_topic(attempt: Attempt, done: object) -> None:
    """Lets the topic `prices` call `receipt`, and no other topic."""
    attempt.given(done)
    require_lab(attempt)
    client = boto3.client("lambda")
    try:
        found = client.get_policy(FunctionName="receipt")["Policy"]
    except client.exceptions.ResourceNotFoundException:
        found = '{"Statement": []}'
    statements = [
        each
        for each in json.loads(found)["Statement"]
        if _names(each.get("Principal")) & {"sns.amazonaws.com", "*"}
    ]
    attempt.require(
        bool(statements),
        passed="the policy of `receipt` has a statement for SNS",
        failed="the policy of `receipt` has no statement for `sns.amazonaws.com` yet",
    )
    sources = [_sources(each) for each in statements]
    topic = f"arn:aws:sns:{client.meta.region_name}:{_ACCOUNT}:prices"
    attempt.expect(
        any(topic in each for each in sources),
        passed="the topic `prices` may call",
        failed=f"the topic `{topic}` should be allowed, and no statement names it as its source",
    )
    attempt.expect(
        all(each == {topic} for each in sources),
        passed="no other topic may",
        failed="a statement lets others call too; its source should be that one topic and nothing "
        "else (`remove_permission` takes a statement away)",
    )
    attempt.expect(
        all(each["Action"] == "lambda:InvokeFunction" for each in statements),
        passed="it may invoke, and do nothing else",
        failed="the only action it needs is `lambda:InvokeFunction`",
    )


def _names(principal: Any) -> set[str]:
    values = principal.values() if isinstance(principal, Mapping) else [principal]
    return {name for each in values for name in (each if isinstance(each, list) else [each])}


def _sources(statement: Mapping[str, Any]) -> set[str]:
    """The ARNs on whose behalf a statement lets a service call; empty where it says none."""
    return {
        str(value)
        for block in statement.get("Condition", {}).values()
        for name, value in block.items()
        if name.lower() == "aws:sourcearn"
    }


@exercise(
    hints=(
        "Look at the customer first: `isinstance(customer, str)`, and `customer.isalpha()`.",
        '`"SELECT item FROM orders WHERE customer = ?"` has no quotes around the question mark.',
        "The second argument of `execute` is a tuple with one value: `(customer,)`.",
    ),
    deadline_s=60,
)
def orders(attempt: Attempt, path: object) -> None:
    """Answers with one customer's orders, whatever stands in the event."""
    require_lab(attempt)
    source = written(attempt, path)
    invalid = "invalid customer"
    with temporary_function(source, "handler", Timeout=20) as name:
        for event, wanted in (
            ({"customer": "Ada"}, ["tea", "milk"]),
            ({"customer": "Grace"}, ["coffee"]),
            ({"customer": "Linus"}, []),
            ({"customer": "' OR '1'='1"}, invalid),
            ({"customer": "Ada' --"}, invalid),
            ({"customer": ""}, invalid),
            ({"customer": "A" * 21}, invalid),
            ({"customer": ["Ada"]}, invalid),
            ({"customer": 7}, invalid),
            ({}, invalid),
        ):
            expect_answer(attempt, name, event, wanted)
    attempt.expect(
        re.search(r"customer\s*=\s*[?:]", source, re.IGNORECASE),
        passed="the customer is handed over beside the statement",
        failed="the statement should hold a `?` where the customer belongs, and the customer "
        "should be handed over as the second argument of `execute`",
    )
