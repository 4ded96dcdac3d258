"""The checks of lesson 03's exercises accept what is right, not what people write instead."""

from __future__ import annotations

import json
import linecache
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from course import check
from course.lessons import find_exercise
from labsupport import Lab

GOOD_WEB = """def web(event, context, quote):
    try:
        order = json.loads(event["body"])
    except json.JSONDecodeError:
        return {"statusCode": 400, "body": "no JSON"}
    if problems(order):
        return {"statusCode": 400, "body": "wrong"}
    return {"statusCode": 200, "body": json.dumps({"cents": quote(order)})}
"""
GOOD_EXPRESS = """import os
FEE = int(os.environ["FEE"])
MAX_KG = float(os.environ.get("MAX_KG", "30"))
def handler(event, context):
    return {"problem": "kg"} if event["kg"] > MAX_KG else {"cents": FEE}
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab.start() as lab:
        yield lab


@pytest.fixture(autouse=True)
def own_progress(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.db"))


def problems(order: Any) -> list[str]:
    if not isinstance(order, dict):
        return ["order"]
    wrong = [] if order.get("country") in ("DE", "FR") else ["country"]
    return wrong if type(order.get("kg")) in (int, float) else [*wrong, "kg"]


def outcome(name: str, code: str) -> str:
    """What the check says of the function that this code defines."""
    names: dict[str, Any] = {"json": json, "problems": problems}
    file = f"<cell {len(linecache.cache)}>"
    linecache.cache[file] = (len(code), None, code.splitlines(True), file)
    exec(compile(code, file, "exec"), names)
    return str(check(name, names[name.partition(".")[2]]).outcome)


def outcome_of_file(folder: Path, source: str) -> str:
    (folder / "express.py").write_text(source, encoding="utf-8")
    return str(check("handlers.express", folder / "express.py").outcome)


@pytest.mark.parametrize("name", ["orders_in", "web", "overdue"])
def test_solutions_pass_and_stubs_are_not_attempted(name: str) -> None:
    exercise = find_exercise(f"handlers.{name}")
    assert outcome(f"handlers.{name}", exercise.solution) == "passed"
    assert outcome(f"handlers.{name}", exercise.stub) == "not attempted"


@pytest.mark.parametrize(
    "body",
    [
        'return [json.loads(event.get("body") or event["Records"][0]["body"])]',
        'return event["Records"] if "Records" in event else [event]',
        'return json.loads(event["body"]) if "body" in event else event',
    ],
)
def test_orders_in_wants_every_order_of_every_sender(body: str) -> None:
    code = f"def orders_in(event):\n    {body}\n"
    assert outcome("handlers.orders_in", code) in ("not yet", "your code raised")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('json.dumps({"cents": quote(order)})', '{"cents": quote(order)}'),
        ("if problems(order):", "if not order:"),
        ('"statusCode": 200', '"statusCode": "200"'),
        ("json.JSONDecodeError", "KeyError"),
        ("quote(order)", "quote(event)"),
    ],
)
def test_web_wants_status_text_and_a_check(right: str, wrong: str) -> None:
    assert outcome("handlers.web", GOOD_WEB) == "passed"
    changed = outcome("handlers.web", GOOD_WEB.replace(right, wrong))
    assert changed in ("not yet", "your code raised")


def test_web_must_not_swallow_a_failure_that_is_not_the_visitors() -> None:
    code = """def web(event, context, quote):
    try:
        order = json.loads(event["body"])
        if problems(order):
            raise ValueError
        return {"statusCode": 200, "body": json.dumps({"cents": quote(order)})}
    except Exception:
        return {"statusCode": 400, "body": "wrong"}
"""
    assert outcome("handlers.web", code) == "not yet"


@pytest.mark.parametrize(
    "body",
    [
        'return sorted(e["FunctionName"] for e in functions if dates[e["Runtime"]] <= day)',
        'return sorted(e["FunctionName"] for e in functions'
        ' if dates.get(e.get("Runtime"), "9999") < day)',
        'return [e["FunctionName"] for e in functions'
        ' if dates.get(e.get("Runtime"), "9999") <= day]',
    ],
)
def test_overdue_copes_with_images_previews_and_the_day_itself(body: str) -> None:
    code = f"def overdue(functions, dates, day):\n    {body}\n"
    assert outcome("handlers.overdue", code) in ("not yet", "your code raised")


def test_express_reads_both_variables(lab: Lab, tmp_path: Path) -> None:
    assert outcome_of_file(tmp_path, GOOD_EXPRESS) == "passed"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('os.environ["FEE"]', 'os.environ.get("FEE", "1490")'),
        ('os.environ.get("MAX_KG", "30")', '"30"'),
        ('int(os.environ["FEE"])', 'os.environ["FEE"]'),
        ("FEE = int(os.environ[", "FEE = 1490  # int(os.environ["),
    ],
)
def test_express_insists_on_the_fee_and_on_numbers(
    lab: Lab, tmp_path: Path, right: str, wrong: str
) -> None:
    assert outcome_of_file(tmp_path, GOOD_EXPRESS.replace(right, wrong)) == "not yet"


def test_express_insists_when_it_is_loaded_and_not_at_an_event(lab: Lab, tmp_path: Path) -> None:
    line = 'FEE = int(os.environ["FEE"])\n'
    head = "def handler(event, context):\n"
    late = GOOD_EXPRESS.replace(line, "").replace(head, f"{head}    {line}")
    assert outcome_of_file(tmp_path, late) == "not yet"


def test_express_as_it_was_given_is_not_attempted(lab: Lab, tmp_path: Path) -> None:
    exercise = find_exercise("handlers.express")
    given = f"{exercise.before}{exercise.stub}{exercise.after}".partition("\n")[2]
    assert outcome_of_file(tmp_path, given) == "not attempted"
