"""Checks the exercises of lesson 02, your first function."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError

from course.checking import Attempt, exercise
from course.lab_cloud import end, require_lab, temporary_function

_OBEDIENT = """\
def lambda_handler(event, context):
    if "raise" in event:
        raise ValueError(event["raise"])
    return event["return"]
"""
_TO_NOBODY = {"message": "Hello, stranger!"}


@exercise(
    hints=(
        '`"FunctionError" in reply` tells whether the function failed; the status does not.',
        "Read the payload with `json.load` in either case: it is the answer, or it describes the "
        "error.",
        'Raise `RuntimeError` with a text made of `answer["errorType"]` and '
        '`answer["errorMessage"]`.',
    ),
    deadline_s=30,
)
def answer_of(attempt: Attempt, function: Callable[..., Any]) -> None:
    """Returns what a handler returned, and raises RuntimeError for a function that failed."""
    attempt.given(function)
    require_lab(attempt)
    with temporary_function(_OBEDIENT) as name:
        for value in ({"total": 3}, [1, "two"], None, {"errorType": "no", "errorMessage": "error"}):
            what = f"when a handler returns `{value}`"
            try:
                got = attempt.call(function, name, {"return": value})
            except RuntimeError as raised:
                attempt.expect(
                    False,
                    passed="",
                    failed=f"{what}, you {_deed(raised)}; is it `function_name` that you invoke?",
                )
                continue
            attempt.expect(
                got == value,
                passed=f"{what}, you return it",
                failed=f"{what}, you return `{got!r}`",
            )
        for message in ("no stock", "card declined"):
            what = f"when a handler raises `ValueError('{message}')`"
            error = _error(attempt, function, name, {"raise": message})
            attempt.expect(
                isinstance(error, RuntimeError) and f"ValueError: {message}" in str(error),
                passed=f"{what}, you raise `RuntimeError: {error}`",
                failed=f"{what}, you should raise `RuntimeError: ValueError: {message}`, and you "
                f"{_deed(error)}",
            )
    error = _error(attempt, function, "no-such-function", {})
    attempt.expect(
        isinstance(error, ClientError),
        passed="when there is no such function, the exception of boto3 comes through",
        failed="when there is no such function, the exception of boto3 should come through, and "
        f"you {_deed(error)}",
    )


@exercise(
    hints=(
        '`event["name"]` raises `KeyError` where there is no name; `event.get("name")` gives None.',
        'None and the empty text both count as false, so `… or "stranger"` takes care of both.',
    )
)
def greeter(attempt: Attempt, handler: Callable[..., Any]) -> None:
    """Greets whoever is named, and a stranger where nobody is."""
    attempt.given(handler)
    for event in ({"name": "Ada"}, {"name": "Grace Hopper"}, {}, {"name": ""}, {"town": "Paris"}):
        wanted = {"message": f"Hello, {event.get('name') or 'stranger'}!"}
        got = attempt.call(handler, dict(event), None)
        attempt.expect(
            got == wanted,
            passed=f"`{event}` is answered with `{got}`",
            failed=f"`{event}` should be answered with `{wanted}`, and yours answers `{got!r}`",
        )


@exercise(
    hints=(
        "The second edition went up with `update_function_code` and `package(…)`, and so does this "
        "one.",
        "Wait for the update with `function_updated_v2`, then call `invoke({})`.",
        '`proof` is what the handler answered: `json.load(…)` of the `"Payload"` in that reply.',
    ),
    deadline_s=30,
)
def deployed(attempt: Attempt, proof: object) -> None:
    """Has the third edition in the function `greeter`, and its answer to an event without name."""
    attempt.given(proof)
    require_lab(attempt)
    attempt.expect(
        proof == _TO_NOBODY,
        passed=f"`proof` is `{proof}`",
        failed=f"`proof` should be the answer `{_TO_NOBODY}`, and it is `{proof!r}`",
    )
    visitor = f"visitor {secrets.randbelow(1000)}"
    for event, wanted, who in (
        ({}, _TO_NOBODY, "an event without a name"),
        ({"name": visitor}, {"message": f"Hello, {visitor}!"}, "an event with a name"),
    ):
        got = _ask_greeter(attempt, event)
        attempt.expect(
            got == wanted,
            passed=f"the function `greeter`, invoked just now with {who}, answers as it should",
            failed=f"the function `greeter`, invoked just now with `{event}`, should answer "
            f"`{wanted}`, and it answers `{got}`",
        )


def _error(
    attempt: Attempt, function: Callable[..., Any], name: str, event: dict[str, str]
) -> Exception | None:
    try:
        attempt.call(function, name, event)
    except (RuntimeError, ClientError) as error:
        return error
    return None


def _deed(error: Exception | None) -> str:
    return f"raise `{type(error).__name__}: {error}`" if error else "raise nothing"


def _ask_greeter(attempt: Attempt, event: dict[str, str]) -> Any:
    client = boto3.client("lambda")
    try:
        reply = client.invoke(FunctionName="greeter", Payload=json.dumps(event))
    except client.exceptions.ResourceNotFoundException:
        end(attempt, "there is no function `greeter` in the lab cloud; create it as shown above")
    return json.load(reply["Payload"])
