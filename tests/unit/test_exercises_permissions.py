"""The checks of lesson 05's exercises accept what is right, not what people write instead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from course import check
from labsupport import Lab

TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/stock"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:deliveries"


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab.start() as lab:
        lab.enforce_iam()
        yield lab


@pytest.fixture(autouse=True)
def own_progress(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.db"))


def policy(*rules: tuple[Any, Any]) -> dict[str, Any]:
    """A document that allows each action on its resource."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": action, "Resource": resource}
            for action, resource in rules
        ],
    }


@pytest.mark.parametrize(
    "document",
    [
        policy(("dynamodb:PutItem", TABLE), ("sqs:SendMessage", QUEUE)),
        policy((["sqs:SendMessage"], [QUEUE]), (["dynamodb:PutItem"], [TABLE])),
    ],
)
def test_the_smallest_policy_is_accepted_in_either_form(lab: Lab, document: Any) -> None:
    assert str(check("permissions.smallest_policy", document).outcome) == "passed"


@pytest.mark.parametrize(
    "document",
    [
        policy(("dynamodb:Put*", TABLE), ("sqs:SendMessage", QUEUE)),
        policy(("dynamodb:PutItem", TABLE), ("sqs:SendMessage", f"{QUEUE}*")),
        policy(("dynamodb:PutItem", TABLE), ("sqs:*", QUEUE)),
        policy(("dynamodb:PutItem", TABLE)),
    ],
)
def test_a_larger_or_smaller_policy_is_sent_back(lab: Lab, document: Any) -> None:
    assert str(check("permissions.smallest_policy", document).outcome) == "not yet"
