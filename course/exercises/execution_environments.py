"""Checks the exercises of lesson 04, execution environments."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3

from course.checking import Attempt, exercise
from course.lab_cloud import expect_answer, require_lab, temporary_function, written


@exercise(
    hints=(
        "Begin with `prices = None` outside the handler: that line runs once for an environment.",
        "In the handler, `global prices`, and load only `if prices is None`.",
        "Answer the ping before you look at the prices.",
    ),
    deadline_s=60,
)
def prices(attempt: Attempt, path: object) -> None:
    """Loads the price list once for an environment, at the first event that needs it."""
    require_lab(attempt)
    with temporary_function(written(attempt, path), "handler", Timeout=20) as name:
        expect_answer(attempt, name, {"ping": True}, "pong")
        ping = _log(name)
        expect_answer(attempt, name, {"item": "tea"}, 4)
        expect_answer(attempt, name, {"item": "coffee"}, 6)
        expect_answer(attempt, name, {"item": "tea"}, 4)
        every = _log(name)
    attempt.expect(
        "loading prices" not in ping,
        passed="a ping is answered without loading the prices",
        failed="a ping should be answered without loading the prices, and yours loads them",
    )
    times = every.count("loading prices")
    attempt.expect(
        times == 1,
        passed="three prices asked of one environment load the list once",
        failed="three prices asked of one environment should load the list once, and yours loads "
        f"it {times} times",
    )


@exercise(
    hints=(
        "The default value of `basket` is made once, when the module is loaded.",
        "Make the list inside the handler; nothing of it needs to outlive the event.",
    ),
    deadline_s=60,
)
def basket(attempt: Attempt, path: object) -> None:
    """Gives each customer her own basket, also when they meet the same environment."""
    require_lab(attempt)
    with temporary_function(written(attempt, path), "handler", Timeout=20) as name:
        for customer, item in (("Ada", "tea"), ("Grace", "coffee"), ("Ada", "milk")):
            event = {"customer": customer, "item": item}
            expect_answer(attempt, name, event, {"customer": customer, "basket": [item]})


@exercise(
    hints=(
        '`"Init Duration"` stands in the log of a cold start and in no other.',
        'The number is found by `re.search(r"Init Duration: ([\\d.]+) ms", log)`.',
        "`max(times, default=0)` copes with an empty list.",
    )
)
def cold_starts(attempt: Attempt, function: Callable[..., Any]) -> None:
    """Counts the cold starts among logs, and finds the longest Init."""
    attempt.given(function)
    cold, slow = _report("Init Duration: 87.5 ms"), _report("Init Duration: 912 ms")
    warm = _report("")
    told = _report("").replace("END", "it was cold, Init took long\nEND")
    for logs, wanted, what in (
        ([], (0, 0), "no logs at all"),
        ([warm, warm], (0, 0), "two warm calls"),
        ([cold, warm, warm], (1, 87.5), "one cold start of 87.5 ms and two warm calls"),
        ([warm, slow, cold], (2, 912.0), "cold starts of 87.5 ms and 912 ms and a warm call"),
        ([told], (0, 0), "a warm call whose handler prints words like cold and Init"),
    ):
        got = attempt.call(function, list(logs))
        attempt.expect(
            isinstance(got, list | tuple) and tuple(got) == wanted,
            passed=f"{what} give `{got}`",
            failed=f"{what} should give `{wanted}`, and yours gives `{got!r}`",
        )


def _report(init: str) -> str:
    return (
        "START RequestId: 1 Version: $LATEST\nEND RequestId: 1\n"
        "REPORT RequestId: 1\tDuration: 2.08 ms\tBilled Duration: 90 ms\tMemory Size: 128 MB\t"
        f"Max Memory Used: 38 MB\t{init}\t\n"
    )


def _log(name: str) -> str:
    """What the function has written so far."""
    logs = boto3.client("logs")
    group = f"/aws/lambda/{name}"
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(
            lambda each: logs.get_log_events(
                logGroupName=group, logStreamName=each["logStreamName"], startFromHead=True
            )["events"],
            streams,
        )
        return "\n".join(event["message"] for events in found for event in events)
