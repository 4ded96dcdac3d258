"""The check of `charge_once` accepts every way that charges once, and no other."""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from course import check
from course.lessons import find_exercise
from labsupport import Lab

_KEY = "f\"order-{event['order']}\""
_ITEM = f"""{{"payment": {_KEY}, "order": event["order"], "cents": event["cents"]}}"""
_CONDITION = 'ConditionExpression="attribute_not_exists(payment)"'


@pytest.fixture(scope="module")
def table() -> Iterator[Any]:
    with Lab.start():
        yield boto3.resource("dynamodb").create_table(
            TableName="payments",
            KeySchema=[{"AttributeName": "payment", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "payment", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )


@pytest.fixture(autouse=True)
def own_progress(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.db"))


def handler(body: str, table: Any) -> Any:
    code = f"def charge_once(event, context):\n{body}"
    return defined(code, {"table": table, "errors": table.meta.client.exceptions})


def defined(code: str, names: dict[str, Any]) -> Any:
    file = f"<charge {len(linecache.cache)}>"
    linecache.cache[file] = (len(code), None, code.splitlines(True), file)
    exec(compile(code, file, "exec"), names)
    return names["charge_once"]


def test_the_lessons_solution_passes(table: Any) -> None:
    solved = defined(find_exercise("invocation_types.charge_once").solution, {})
    assert str(check("invocation_types.charge_once", solved).outcome) == "passed"


def test_a_client_made_before_the_check_passes_as_well(table: Any) -> None:
    body = f"""    try:
        table.put_item(Item={_ITEM}, {_CONDITION})
    except errors.ConditionalCheckFailedException:
        return {{"charged": False}}
    return {{"charged": True}}
"""
    found = check("invocation_types.charge_once", handler(body, table))
    assert str(found.outcome) == "passed", repr(found)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            f"""    if "Item" in table.get_item(Key={{"payment": {_KEY}}}):
        return {{"charged": False}}
    table.put_item(Item={_ITEM})
    return {{"charged": True}}
""",
            "it writes over that payment",
        ),
        (
            f"""    old = table.put_item(Item={_ITEM}, ReturnValues="ALL_OLD")
    return {{"charged": "Attributes" not in old}}
""",
            "it writes over that payment",
        ),
        (
            f"""    try:
        table.put_item(Item={_ITEM}, {_CONDITION})
    except Exception:
        return {{"charged": False}}
    return {{"charged": True}}
""",
            "let that error through",
        ),
    ],
    ids=["asks before it writes", "writes over", "takes every error for a second copy"],
)
def test_what_can_charge_twice_or_never_is_sent_back(table: Any, body: str, said: str) -> None:
    found = check("invocation_types.charge_once", handler(body, table))
    assert str(found.outcome) == "not yet"
    assert said in repr(found)
