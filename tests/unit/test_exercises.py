"""The checks of the exercises accept what is right and nothing that people write instead."""

from __future__ import annotations

import inspect
import io
import json
import linecache
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from course import check
from course.lessons import find_exercise
from labsupport import Lab
from labsupport.facts import fact
from tests.packages import TRUST


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab.start() as lab:
        yield lab


@pytest.fixture(autouse=True)
def own_progress(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.db"))


def define(code: str, **names: Any) -> Any:
    """The function that this code defines, as a notebook cell would: with its source at hand."""
    file = f"<cell {len(linecache.cache)}>"
    linecache.cache[file] = (len(code), None, code.splitlines(True), file)
    before = set(names) | {"__builtins__"}
    exec(compile(code, file, "exec"), names)
    (new,) = names.keys() - before
    return names[new]


def solution(name: str, **names: Any) -> Any:
    return define(find_exercise(name).solution, **names)


def outcome(name: str, value: object) -> str:
    return str(check(name, value).outcome)


def texts(name: str, value: object) -> str:
    return repr(check(name, value))


# start_here.total


def test_total_accepts_the_lessons_solution() -> None:
    assert outcome("start_here.total", solution("start_here.total")) == "passed"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda event, context: 6,
        lambda event, context: len(event["numbers"]),
        lambda event, context: str(sum(event["numbers"])),
        lambda event, context: print(sum(event["numbers"])),
        lambda event, context: {"total": sum(event["numbers"])},
        lambda event, context: sum(int(number) for number in event["numbers"]),
    ],
)
def test_total_sends_back_what_is_not_a_total(wrong: Callable[..., Any]) -> None:
    assert outcome("start_here.total", wrong) == "not yet"


def test_a_result_in_the_place_of_a_function_is_said_to_be_one() -> None:
    assert outcome("start_here.total", 6) == "not yet"
    assert "a function is checked here, and you gave `6`" in texts("start_here.total", 6)


def test_total_names_the_learners_own_exception() -> None:
    def first(event: dict[str, list[int]], context: None) -> int:
        return event["numbers"][3]

    assert outcome("start_here.total", first) == "your code raised"


# why_serverless


@pytest.mark.parametrize("name", ["why_serverless.idle_share", "why_serverless.obstacles"])
def test_a_function_of_why_serverless_is_accepted_as_the_lesson_solves_it(name: str) -> None:
    limits = {
        "longest_s": fact("timeout.max_s").value,
        "most_at_once": fact("conc.default").value,
        "largest_mb": fact("payload.sync_mb").value,
    }
    assert outcome(name, solution(name, **limits)) == "passed"


@pytest.mark.parametrize("letters", [{"c", "e", "g", "h"}, ["h", "g", "e", "c"]])
def test_yours_accepts_what_the_lesson_teaches(letters: object) -> None:
    assert outcome("why_serverless.yours", letters) == "passed"


@pytest.mark.parametrize(
    "letters", [{"c", "e", "g"}, set("abcdefgh"), set(), {"x"}, "cegh", {1}, 4, ["c", ["e"]]]
)
def test_yours_sends_back_too_much_too_little_and_no_letters(letters: object) -> None:
    assert outcome("why_serverless.yours", letters) == "not yet"


def test_yours_does_not_name_what_is_missing() -> None:
    shown = texts("why_serverless.yours", {"c", "e"})
    assert "2 more of the eight stay yours" in shown
    assert not any(f"{letter} is" in shown for letter in "abdfgh")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda requests, seconds, servers: requests * seconds / (servers * 86_400),
        lambda requests, seconds, servers: 1 - requests * seconds / 86_400,
        lambda requests, seconds, servers: 1 - requests / (servers * 86_400),
        lambda requests, seconds, servers: 100 - 100 * requests * seconds / (servers * 86_400),
        lambda requests, seconds, servers: f"{1 - requests * seconds / (servers * 86_400)}",
    ],
)
def test_idle_share_sends_back_other_shares(wrong: Callable[..., Any]) -> None:
    assert outcome("why_serverless.idle_share", wrong) == "not yet"


def words(
    time: Callable[..., bool] = lambda work: work["seconds"] > 900,
    concurrency: Callable[..., bool] = lambda work: work["per_second"] * work["seconds"] > 1000,
) -> Callable[..., Any]:
    def obstacles(work: dict[str, float]) -> set[str]:
        found = {"time": time(work), "concurrency": concurrency(work)}
        found["payload"] = work["answer_mb"] > 6
        return {name for name, exceeded in found.items() if exceeded}

    return obstacles


@pytest.mark.parametrize(
    "wrong",
    [
        lambda work: set(),
        words(time=lambda work: work["seconds"] >= 900),
        words(time=lambda work: work["seconds"] > 15),
        words(concurrency=lambda work: work["per_second"] > 1000),
        words(concurrency=lambda work: work["per_second"] * work["seconds"] >= 1000),
        lambda work: sorted(words()(work)),
        lambda work: next(iter(words()(work)), set()),
    ],
)
def test_obstacles_sends_back_other_limits(wrong: Callable[..., Any]) -> None:
    assert outcome("why_serverless.obstacles", wrong) == "not yet"


# first_function.greeter


def test_obstacles_says_that_a_list_is_no_set() -> None:
    assert "`['time']`, a list and no set" in texts(
        "why_serverless.obstacles", lambda work: ["time"]
    )


def test_greeter_accepts_the_lessons_solution() -> None:
    assert outcome("first_function.greeter", solution("first_function.greeter")) == "passed"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda event, context: {"message": f"Hello, {event.get('name', 'stranger')}!"},
        lambda event, context: {"message": f"Hello, {event.get('name')}!"},
        lambda event, context: {"message": "Hello, stranger!"},
        lambda event, context: f"Hello, {event.get('name') or 'stranger'}!",
        lambda event, context: {"Message": f"Hello, {event.get('name') or 'stranger'}!"},
        lambda event, context: json.dumps(
            {"message": f"Hello, {event.get('name') or 'stranger'}!"}
        ),
    ],
)
def test_greeter_sends_back_what_does_not_cope(wrong: Callable[..., Any]) -> None:
    assert outcome("first_function.greeter", wrong) == "not yet"


def test_greeter_that_still_needs_a_name_is_reported_as_raising() -> None:
    def second_edition(event: dict[str, str], context: None) -> dict[str, str]:
        return {"message": f"Hello, {event['name']}!"}

    assert outcome("first_function.greeter", second_edition) == "your code raised"


# first_function.answer_of


def answer_of(payload: Callable[[dict[str, Any], Any], Any]) -> Callable[[str, object], Any]:
    def call(function_name: str, event: object) -> Any:
        reply = boto3.client("lambda").invoke(FunctionName=function_name, Payload=json.dumps(event))
        return payload(reply, json.load(reply["Payload"]))

    return call


def raise_if(failed: Callable[[dict[str, Any], Any], object]) -> Callable[..., Any]:
    def payload(reply: dict[str, Any], answer: Any) -> Any:
        if failed(reply, answer):
            raise RuntimeError(f"{answer['errorType']}: {answer['errorMessage']}")
        return answer

    return answer_of(payload)


def silent(reply: dict[str, Any], answer: Any) -> Any:
    if "FunctionError" in reply:
        raise RuntimeError("it failed")
    return answer


def own_exception(reply: dict[str, Any], answer: Any) -> Any:
    if "FunctionError" in reply:
        raise LookupError(f"{answer['errorType']}: {answer['errorMessage']}")
    return answer


def everything_is_a_failure(function_name: str, event: object) -> Any:
    try:
        return raise_if(lambda reply, answer: "FunctionError" in reply)(function_name, event)
    except (RuntimeError, ClientError) as error:
        raise RuntimeError(str(error)) from None


def test_answer_of_accepts_the_lessons_solution(lab: Lab) -> None:
    learners = solution("first_function.answer_of", lambda_client=boto3.client("lambda"), json=json)
    assert outcome("first_function.answer_of", learners) == "passed"


@pytest.mark.parametrize(
    "wrong",
    [
        answer_of(lambda reply, answer: answer),
        answer_of(silent),
        raise_if(lambda reply, answer: reply["StatusCode"] != 200),
        raise_if(lambda reply, answer: isinstance(answer, dict) and "errorType" in answer),
        everything_is_a_failure,
    ],
)
def test_answer_of_sends_back_what_hides_or_invents_failures(
    lab: Lab, wrong: Callable[..., Any]
) -> None:
    assert outcome("first_function.answer_of", wrong) in ("not yet", "your code raised")


def test_answer_of_that_calls_another_function_is_asked_which(lab: Lab) -> None:
    def another(function_name: str, event: object) -> Any:
        raise RuntimeError("KeyError: 'name'")

    assert "is it `function_name` that you invoke?" in texts("first_function.answer_of", another)


def test_answer_of_wants_the_exception_that_was_asked_for(lab: Lab) -> None:
    assert outcome("first_function.answer_of", answer_of(own_exception)) == "your code raised"


def test_answer_of_leaves_nothing_behind(lab: Lab) -> None:
    before = leftovers()
    check("first_function.answer_of", answer_of(lambda reply, answer: answer))
    check("first_function.answer_of", answer_of(own_exception))
    assert leftovers() == before


def leftovers() -> tuple[list[str], list[str], list[str]]:
    return (
        [each["FunctionName"] for each in boto3.client("lambda").list_functions()["Functions"]],
        [each["RoleName"] for each in boto3.client("iam").list_roles()["Roles"]],
        [each["logGroupName"] for each in boto3.client("logs").describe_log_groups()["logGroups"]],
    )


# first_function.deployed

TO_NOBODY = {"message": "Hello, stranger!"}


def third(event: dict[str, str], context: None) -> dict[str, str]:
    return {"message": f"Hello, {event.get('name') or 'stranger'}!"}


def second(event: dict[str, str], context: None) -> dict[str, str]:
    return {"message": f"Hello, {event['name']}!"}


def only_strangers(event: dict[str, str], context: None) -> dict[str, str]:
    return {"message": "Hello, stranger!"}


@pytest.fixture
def deploy(lab: Lab) -> Iterator[Callable[[Callable[..., Any]], None]]:
    iam, functions = boto3.client("iam"), boto3.client("lambda")
    role = iam.create_role(RoleName="greeter-role", AssumeRolePolicyDocument=TRUST)

    def put(handler: Callable[..., Any]) -> None:
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("greeter.py", inspect.getsource(handler))
        functions.create_function(
            FunctionName="greeter",
            Runtime="python3.14",
            Role=role["Role"]["Arn"],
            Handler=f"greeter.{handler.__name__}",
            Code={"ZipFile": archive.getvalue()},
        )

    yield put
    functions.delete_function(FunctionName="greeter")
    iam.delete_role(RoleName="greeter-role")


def test_deployed_accepts_the_third_edition_and_its_answer(deploy: Any) -> None:
    deploy(third)
    assert outcome("first_function.deployed", TO_NOBODY) == "passed"


@pytest.mark.parametrize("handler", [second, only_strangers])
def test_deployed_does_not_believe_a_proof_typed_by_hand(deploy: Any, handler: Any) -> None:
    deploy(handler)
    assert outcome("first_function.deployed", TO_NOBODY) == "not yet"


def test_deployed_wants_the_answer_and_not_the_reply(deploy: Any) -> None:
    deploy(third)
    assert outcome("first_function.deployed", {"StatusCode": 200}) == "not yet"


def test_deployed_says_that_the_function_is_missing(lab: Lab) -> None:
    assert "there is no function `greeter`" in texts("first_function.deployed", TO_NOBODY)


def test_without_a_lab_nothing_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setattr(boto3, "client", lambda service: pytest.fail("boto3 was used"))
    assert "no lab cloud is running" in texts("first_function.deployed", TO_NOBODY)
    assert "no lab cloud is running" in texts("first_function.answer_of", print)


# review_and_exam


def test_page_accepts_the_lessons_solution_and_agrees_with_the_facts() -> None:
    assert outcome("review_and_exam.page", solution("review_and_exam.page")) == "passed"


@pytest.mark.parametrize(
    ("entry", "old"),
    [
        ("billing unit in ms", 100),
        ("billing unit in ms", True),
        ("largest memory in MB", 3008),
        ("largest memory in MB", 10),
        ("unzipped package in MB", 50),
        ("SQS messages in a batch", "10"),
    ],
)
def test_page_says_where_a_wrong_number_is_shown(entry: str, old: object) -> None:
    page = solution("review_and_exam.page") | {entry: old}
    assert outcome("review_and_exam.page", page) == "not yet"
    assert f"{entry} is not" in texts("review_and_exam.page", page)


def test_page_half_filled_in_is_not_attempted_and_another_shape_not_yet() -> None:
    page = solution("review_and_exam.page") | {"billing unit in ms": ...}
    assert outcome("review_and_exam.page", page) == "not attempted"
    assert outcome("review_and_exam.page", [1, 10240, 250, 10]) == "not yet"


def test_hours_for_accepts_the_lessons_solution() -> None:
    assert outcome("review_and_exam.hours_for", solution("review_and_exam.hours_for")) == "passed"


@pytest.mark.parametrize(
    "body",
    [
        "return {each: total * weights[each] / 100 for each in weights}",
        "return {each: total * (1 - right[each]) for each in weights}",
        "return list(weights)",
        "return {each: str(total) for each in weights}",
    ],
)
def test_hours_for_wants_weight_and_what_is_missing(body: str) -> None:
    plan = define(f"def hours_for(total, weights, right):\n    {body}\n")
    assert outcome("review_and_exam.hours_for", plan) == "not yet"


def test_hours_for_that_divides_by_nothing_is_told_so() -> None:
    code = """def hours_for(total, weights, right):
    missing = {each: weights[each] * (1 - right[each]) for each in weights}
    return {each: total * missing[each] / sum(missing.values()) for each in weights}
"""
    assert outcome("review_and_exam.hours_for", define(code)) == "your code raised"


@pytest.mark.parametrize(
    "name",
    [
        "start_here.total",
        "why_serverless.idle_share",
        "why_serverless.obstacles",
        "first_function.greeter",
        "first_function.answer_of",
        "review_and_exam.page",
        "review_and_exam.hours_for",
    ],
)
def test_an_untouched_exercise_is_not_attempted(name: str) -> None:
    assert outcome(name, define(find_exercise(name).stub)) == "not attempted"
