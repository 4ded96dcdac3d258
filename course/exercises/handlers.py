"""Checks the exercises of lesson 03, handlers and runtimes."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from typing import Any

import boto3

from course.checking import Attempt, exercise
from course.lab_cloud import require_lab, temporary_function, written

_FRENCH, _GERMAN = {"country": "FR", "kg": 2}, {"country": "DE", "kg": 0.5}


@exercise(
    hints=(
        'A queue\'s event has `"Records"`, one from the web has `"body"`, an order has neither.',
        "`body` is text: `json.loads(…)` makes an order of it.",
        "A list comes back in every case, also where there is one order or none.",
    )
)
def orders_in(attempt: Attempt, function: Callable[..., Any]) -> None:
    """Finds the orders of an event, whoever sent it."""
    attempt.given(function)
    for event, wanted, what in (
        (_FRENCH, [_FRENCH], "an order itself"),
        (_web(json.dumps(_GERMAN)), [_GERMAN], "an event from the web"),
        (_queue(_FRENCH), [_FRENCH], "a queue's event with one record"),
        (_queue(_GERMAN, _FRENCH, _GERMAN), [_GERMAN, _FRENCH, _GERMAN], "one with three records"),
        (_queue(), [], "one with no record"),
    ):
        got = attempt.call(function, event)
        attempt.expect(
            got == wanted,
            passed=f"{what} gives `{got}`",
            failed=f"{what} should give `{wanted}`, and yours gives `{got!r}`",
        )


@exercise(
    hints=(
        '`json.loads(event["body"])` raises `json.JSONDecodeError` where the body is no JSON; '
        "catch that and nothing else.",
        "`problems(order)` gives an empty list for a good order; any other list is a 400.",
        '`body` of the good answer is text: `json.dumps({"cents": quote(order)})`, outside any '
        "`try`.",
    )
)
def web(attempt: Attempt, handler: Callable[..., Any]) -> None:
    """Answers an HTTP caller with 200 or 400, and lets failures of its own be failures."""
    attempt.given(handler)
    price = secrets.randbelow(9000) + 100
    for order in (_FRENCH, _GERMAN):
        got = attempt.call(handler, _web(json.dumps(order)), None, _priced(order, price))
        attempt.expect(
            _status(got) == 200 and _read(got) == {"cents": price},
            passed=f"the order `{order}` is answered with 200 and its price",
            failed=f"the order `{order}`, for which `quote` says {price}, should be answered with "
            f"`statusCode` 200 and the JSON text of `{{'cents': {price}}}` as `body`, and yours "
            f"answers `{got!r}`",
        )
    for body in ("two kilos to France", "", '{"country": "FR", "kg": "2"}', "[]", '{"kg": 2}'):
        got = attempt.call(handler, _web(body), None, lambda _: price)
        attempt.expect(
            _status(got) == 400 and isinstance(got.get("body"), str),
            passed=f"the body `{body}` is answered with 400",
            failed=f"the body `{body}` should be answered with `statusCode` 400 and a text as "
            f"`body`, and yours answers `{got!r}`",
        )
    for failure in (ConnectionError("no rates"), ValueError("no rates"), KeyError("rates")):
        name = type(failure).__name__
        raised, got = _what_becomes_of(handler, failure)
        attempt.expect(
            raised is failure,
            passed=f"a `{name}` of `quote` comes through",
            failed=f"a `{name}` that `quote` raises should come through, and yours "
            + (f"raises `{raised!r}`" if raised else f"answers `{got!r}`"),
        )


@exercise(
    hints=(
        "`os.environ` is a mapping of names to texts; `import os` stands at the top of the file.",
        '`os.environ["FEE"]` raises where it is not set; `os.environ.get("MAX_KG", "30")` copes.',
        'The value is always a text: `int(os.environ["FEE"])`, and `float(…)` for kilograms.',
    ),
    deadline_s=60,
)
def express(attempt: Attempt, path: object) -> None:
    """Takes its fee and its limit from environment variables, and insists on the fee."""
    require_lab(attempt)
    source = written(attempt, path)
    for variables, kg, wanted in (
        ({"FEE": "1290"}, 30, {"cents": 1290}),
        ({"FEE": "1290"}, 31, {"problem": "kg"}),
        ({"FEE": "990", "MAX_KG": "9.5"}, 9.5, {"cents": 990}),
        ({"FEE": "990", "MAX_KG": "9.5"}, 10, {"problem": "kg"}),
    ):
        failed, got, _ = _ask(source, variables, {"kg": kg})
        attempt.expect(
            not failed and got == wanted,
            passed=f"with `{variables}`, a parcel of {kg} kg is answered with `{got}`",
            failed=f"with `{variables}`, a parcel of {kg} kg should be answered with `{wanted}`, "
            f"and yours {_told(failed, got)}",
        )
    failed, got, log = _ask(source, {"MAX_KG": "30"}, {"kg": 31})
    attempt.expect(
        failed and "Phase: init" in log,
        passed="without `FEE` the file does not load",
        failed="without `FEE` the file should not load, so that no handler is called; yours loads, "
        f"and for a parcel of 31 kg {_told(failed, got)}",
    )


@exercise(
    hints=(
        '`each.get("Runtime")` copes with a function that has none.',
        "Dates written as year-month-day compare as texts: `dates[runtime] <= day`.",
        '`dates.get(runtime, "9999")` makes a runtime without a date one of the far future.',
    )
)
def overdue(attempt: Attempt, function: Callable[..., Any]) -> None:
    """Names the functions whose runtime is deprecated on a day."""
    attempt.given(function)
    dates = {"python3.9": "2025-12-15", "python3.14": "2029-06-30", "nodejs24.x": "2028-04-30"}
    account = [
        _described("thumbnails", "python3.9"),
        _described("orders", "python3.14"),
        _described("images", None),
        _described("mail", "nodejs24.x"),
        _described("beta", "python3.15"),
        _described("archive", "python3.9"),
    ]
    for functions, day, wanted in (
        (account, "2025-12-14", []),
        (account, "2025-12-15", ["archive", "thumbnails"]),
        (account, "2028-05-01", ["archive", "mail", "thumbnails"]),
        (account[1:3], "2029-06-30", ["orders"]),
        ([], "2029-06-30", []),
    ):
        got = attempt.call(function, [dict(each) for each in functions], dict(dates), day)
        names = [each["FunctionName"] for each in functions]
        attempt.expect(
            got == wanted,
            passed=f"of {names}, on {day} `{got}` are overdue",
            failed=f"of {names}, on {day} `{wanted}` should be overdue, and yours says `{got!r}`",
        )


def _web(body: str) -> dict[str, Any]:
    return {"rawPath": "/", "requestContext": {"http": {"method": "POST"}}, "body": body}


def _queue(*orders: dict[str, Any]) -> dict[str, Any]:
    bodies = [json.dumps(order) for order in orders]
    return {"Records": [{"messageId": f"{n}", "body": body} for n, body in enumerate(bodies)]}


def _priced(order: dict[str, Any], price: int) -> Callable[[object], int | None]:
    """A `quote` that knows the price of this order alone."""
    return lambda asked: price if asked == order else None


def _status(answer: Any) -> Any:
    return answer.get("statusCode") if isinstance(answer, dict) else None


def _read(answer: dict[str, Any]) -> Any:
    """What the body of an answer says, None where it is not JSON text."""
    try:
        return json.loads(answer["body"])
    except (KeyError, TypeError, ValueError):
        return None


def _what_becomes_of(
    handler: Callable[..., Any], failure: Exception
) -> tuple[Exception | None, Any]:
    def quote(_: object) -> int:
        raise failure

    try:
        return None, handler(_web(json.dumps(_FRENCH)), None, quote)
    except Exception as error:  # noqa: BLE001 - it is what the check is about
        return error, None


def _ask(source: str, variables: dict[str, str], event: dict[str, Any]) -> tuple[bool, Any, str]:
    """Whether a function with these variables failed, its answer, and its log."""
    settings = {"Environment": {"Variables": variables}, "Timeout": 20}
    with temporary_function(source, "handler", **settings) as name:
        reply = boto3.client("lambda").invoke(
            FunctionName=name, LogType="Tail", Payload=json.dumps(event)
        )
        log = base64.b64decode(reply["LogResult"]).decode()
        return "FunctionError" in reply, json.load(reply["Payload"]), log


def _told(failed: bool, got: Any) -> str:
    if failed:
        return f"fails with `{got.get('errorType')}: {got.get('errorMessage')}`"
    return f"answers `{got!r}`"


def _described(name: str, runtime: str | None) -> dict[str, str]:
    """A function as `list_functions` describes it."""
    described = {"FunctionName": name, "Timeout": "3", "PackageType": "Zip"}
    return described | ({"Runtime": runtime} if runtime else {"PackageType": "Image"})
