"""Checks the exercises of lesson 06, invocation types."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from course.checking import Attempt, exercise
from course.lab_cloud import end, require_lab

_REQUEST = "00000000-0000-4000-8000-000000000000"
_FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:receipt:$LATEST"
_WRITES = frozenset(
    {"PutItem", "UpdateItem", "TransactWriteItems", "BatchWriteItem", "ExecuteStatement"}
)


@exercise(
    hints=(
        "`make_queue` gives the URL and the ARN of a new queue; the destination wants the ARN.",
        "All three settings go into one call of `put_function_event_invoke_config`.",
        "The age is in seconds: `MaximumEventAgeInSeconds=3600`.",
    ),
    deadline_s=30,
)
def way_out(attempt: Attempt, done: object) -> None:
    """Has `receipt` retry once, keep events for an hour, and send what fails to its queue."""
    attempt.given(done)
    require_lab(attempt)
    client, sqs = boto3.client("lambda"), boto3.client("sqs")
    try:
        url = sqs.get_queue_url(QueueName="receipts-failed")["QueueUrl"]
    except sqs.exceptions.QueueDoesNotExist:
        url = ""
    attempt.require(
        bool(url),
        passed="there is a queue `receipts-failed`",
        failed="there is no queue `receipts-failed` yet",
    )
    try:
        found = client.get_function_event_invoke_config(FunctionName="receipt")
    except client.exceptions.ResourceNotFoundException:
        found = {}
    attempt.require(
        bool(found),
        passed="`receipt` has a configuration for its asynchronous events",
        failed="`receipt` has no configuration for its asynchronous events, or does not exist",
    )
    retries, age = found.get("MaximumRetryAttempts"), found.get("MaximumEventAgeInSeconds")
    attempt.expect(
        retries == 1,
        passed="a failed event is retried once",
        failed=f"a failed event should be retried once, and `MaximumRetryAttempts` is {retries}",
    )
    attempt.expect(
        age == 3600,
        passed="no event becomes older than an hour",
        failed=f"an event should be kept for 3600 seconds, and `MaximumEventAgeInSeconds` is {age}",
    )
    asked = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    arn = asked["Attributes"]["QueueArn"]
    goal = found.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    attempt.expect(
        goal == arn,
        passed="what fails goes to `receipts-failed`",
        failed=f"what fails should go to `{arn}`, and it goes to `{goal or 'nowhere'}`",
    )


@exercise(
    hints=(
        'The event is `record["requestPayload"]`, the number of attempts '
        '`record["requestContext"]["approximateInvokeCount"]`.',
        "An event that was never run leaves a record without `responseContext` and without "
        '`responsePayload`: ask with `record.get("responseContext", {})`.',
        '`"functionError"` stands in `responseContext` only where the function failed; then the '
        'type is `record["responsePayload"]["errorType"]`.',
    )
)
def fate(attempt: Attempt, function: Callable[..., Any]) -> None:
    """Reads event, attempts and reason out of a destination's record, whichever way it ended."""
    attempt.given(function)
    for number, condition, count, answer in (
        (21, "RetriesExhausted", 3, {"errorType": "ConnectionError", "errorMessage": "no answer"}),
        (22, "EventAgeExceeded", 2, {"errorType": "Sandbox.Timedout", "errorMessage": "time out"}),
        (23, "ZeroReservedConcurrency", 0, None),
        (24, "EventAgeExceeded", 0, None),
        (25, "Success", 1, {"mailed": True}),
        (26, "Success", 1, None),
    ):
        order = {"order": number}
        failed = isinstance(answer, dict) and "errorType" in answer
        why = answer["errorType"] if answer and failed else condition
        wanted = {"event": order, "attempts": count, "why": why}
        got = attempt.call(function, _record(condition, count, order, answer))
        tries = "1 attempt" if count == 1 else f"{count} attempts"
        case = f"a record of order {number} with condition `{condition}` and {tries}"
        attempt.expect(
            got == wanted,
            passed=f"{case} gives `{got}`",
            failed=f"{case} should give `{wanted}`, and yours gives `{got!r}`",
        )


def _record(condition: str, count: int, event: Any, answer: Any) -> dict[str, Any]:
    """A destination's record, as Lambda sends it."""
    record: dict[str, Any] = {
        "version": "1.0",
        "timestamp": "2026-11-21T09:00:00.000Z",
        "requestContext": {
            "requestId": _REQUEST,
            "functionArn": _FUNCTION,
            "condition": condition,
            "approximateInvokeCount": count,
        },
        "requestPayload": event,
    }
    if count:
        record["responseContext"] = {"statusCode": 200, "executedVersion": "$LATEST"}
        record["responsePayload"] = answer
        if isinstance(answer, dict) and "errorType" in answer:
            record["responseContext"]["functionError"] = "Unhandled"
    return record


@exercise(
    hints=(
        "The key must come from the event: `f\"order-{event['order']}\"`.",
        "One `put_item` with a `ConditionExpression` is enough; do not ask before you write.",
        "Catch `ConditionalCheckFailedException`, and nothing else, and return "
        "`{'charged': False}`: whoever raises there gets the event once more.",
    ),
    deadline_s=30,
)
def charge_once(attempt: Attempt, handler: Callable[..., Any]) -> None:
    """Charges each order once, also when two events come together or the table does not answer."""
    attempt.given(handler)
    require_lab(attempt)
    table = boto3.resource("dynamodb").Table("payments")
    errors = table.meta.client.exceptions
    try:
        table.load()
    except errors.ResourceNotFoundException:
        end(attempt, "there is no table `payments`; run the cell that creates it")
    order = secrets.randbelow(900_000) + 100_000
    event = {"order": order, "cents": 500}
    for wanted, when in ((True, "for the first time"), (False, "for the second time")):
        got = attempt.call(handler, dict(event), None)
        attempt.expect(
            got == {"charged": wanted},
            passed=f"an order that comes {when} is answered with `{got}`",
            failed=f"an order that comes {when} should be answered with "
            f"`{{'charged': {wanted}}}`, and yours answers `{got!r}`",
        )
    item = {"payment": f"order-{order}", **event}
    found = [each for each in _all(table) if each.get("order") == order]
    attempt.expect(
        found == [item],
        passed="then there is one payment for it in the table",
        failed=f"then the table should hold one payment for it, `{item}`, and it holds "
        f"{len(found)}: `{found}`",
    )
    _loses_the_race(attempt, handler, table, order + 1)
    _meets_a_silent_table(attempt, handler, table, order + 2)


def _loses_the_race(attempt: Attempt, handler: Callable[..., Any], table: Any, order: int) -> None:
    item = {"payment": f"order-{order}", "order": order, "cents": 499}
    with _when_it_writes(lambda: table.put_item(Item=item)):
        got = attempt.call(handler, {"order": order, "cents": 500}, None)
    now = table.get_item(Key={"payment": item["payment"]}).get("Item")
    deeds = [f"it answers `{got!r}`"] + ["it writes over that payment"] * (now != item)
    attempt.expect(
        got == {"charged": False} and now == item,
        passed="a copy of the event that wins by a moment is not overwritten",
        failed="when a copy of the event writes its payment a moment before yours does, yours "
        f"should leave that alone and answer `{{'charged': False}}`; {' and '.join(deeds)}",
    )


def _meets_a_silent_table(
    attempt: Attempt, handler: Callable[..., Any], table: Any, order: int
) -> None:
    def fail() -> None:
        answer = {"Error": {"Code": "InternalServerError", "Message": "the table does not answer"}}
        raise ClientError(answer, "PutItem")

    try:
        with _when_it_writes(fail):
            got = attempt.call(handler, {"order": order, "cents": 500}, None)
    except Exception:  # noqa: BLE001 - whatever it raises, Lambda tries the event again
        right, got = True, None
    else:
        paid = "Item" in table.get_item(Key={"payment": f"order-{order}"})
        right = paid and got == {"charged": True}
    attempt.expect(
        right,
        passed="an error of the table itself comes through, so that Lambda tries the event again",
        failed="when the table does not answer, nobody is charged, and yours should let that error "
        f"through, so that Lambda tries again; it answers `{got!r}`",
    )


def _all(table: Any) -> list[dict[str, Any]]:
    return list(table.scan(ConsistentRead=True)["Items"])


@contextmanager
def _when_it_writes(act: Callable[[], object]) -> Iterator[None]:
    """Do something once, at the moment when the learner's code begins to write to a table."""
    send = BaseClient._make_api_call
    begun: list[str] = []

    def call(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
        if operation in _WRITES and not begun:
            begun.append(operation)
            act()
        return send(client, operation, parameters)

    BaseClient._make_api_call = call
    try:
        yield
    finally:
        BaseClient._make_api_call = send
