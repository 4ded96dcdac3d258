"""Checks the exercises of lesson 14, pricing."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from course.checking import Attempt, exercise
from labsupport.pricing import lambda_cost

_WORKED = (
    (3_000_000, 120, 1536, True, "AWS's own mobile backend"),
    (7_440_000, 2000, 1024, False, "AWS's own telemetry"),
    (100_000, 200, 512, False, "the small API, without the free tier"),
    (100_000, 200, 512, True, "the small API, with it"),
    (1_000_000, 3000, 1024, False, "a million images, without the free tier"),
    (1_000_000, 3000, 1024, True, "a million images, with it"),
    (0, 0, 128, True, "a month without a request"),
    (2_500_000, 10, 128, True, "a function that uses up the free requests alone"),
    (300_000, 9000, 2048, True, "a function that uses up the free GB-seconds alone"),
)


@exercise(
    hints=(
        "GB-seconds are requests × seconds × GB; a second has 1000 ms, a GB has 1024 MB.",
        "Take the free amounts off requests and GB-seconds, each for itself, and never below 0: "
        "`max(0, requests - 1_000_000)`.",
        "Requests are 0.20 dollars a million, a GB-second is 0.0000166667 dollars.",
    )
)
def bill(attempt: Attempt, function: Callable[..., Any]) -> None:
    """Gives the month's bill to the cent, with the free tier and without."""
    attempt.given(function)
    for requests, duration_ms, memory_mb, free, what in _WORKED:
        due = float(
            lambda_cost(
                requests=requests, duration_ms=duration_ms, memory_mb=memory_mb, free_tier=free
            ).total
        )
        got = attempt.call(function, requests, duration_ms, memory_mb, free)
        attempt.expect(
            _near(got, due, 0.011),
            passed=f"{what}: {due:.2f} dollars",
            failed=f"{what} ({requests:,} requests, {duration_ms} ms, {memory_mb} MB) should cost "
            f"{due:.2f} dollars, and yours says {_shown(got)}",
        )


@exercise(
    hints=(
        "Where the two are equal, `on_demand * s == standing + working * s`; solve that for `s`.",
        "`s = standing / (on_demand - working)`",
        "It never pays if working costs as much as on demand, or if `s` would be 1 or more.",
    )
)
def break_even(attempt: Attempt, function: Callable[..., Any]) -> None:
    """Gives the share of work from which standing ready is cheaper, or None."""
    attempt.given(function)
    for on_demand, standing, working, wanted in (
        (10, 3, 4, 0.5),
        (16.6667, 4.1667, 9.7222, 0.6),
        (10, 1, 0, 0.1),
        (10, 6, 4, None),
        (10, 2, 10, None),
        (10, 2, 12, None),
    ):
        got = attempt.call(function, on_demand, standing, working)
        holds = got is None if wanted is None else _near(got, wanted, 0.001)
        case = f"`break_even({on_demand}, {standing}, {working})`"
        attempt.expect(
            holds,
            passed=f"{case} gives `{wanted}`",
            failed=f"{case} should give `{wanted}`, and yours gives `{_shown(got)}`",
        )


@exercise(
    hints=(
        'Find the numbers with `re.search(r"Billed Duration: (\\d+) ms", report)[1]`, and turn '
        "them into `int`.",
        "Take `Billed Duration` and not `Duration`: what is billed may contain Init.",
        "Your `bill` does the rest.",
    )
)
def month(attempt: Attempt, function: Callable[..., Any]) -> None:
    """Reads billed time and memory out of a report, and gives the month's cost."""
    attempt.given(function)
    for duration, billed, memory, init, times in (
        (102.25, 103, 128, "", 1_000_000),
        (2.1, 190, 1024, "\tInit Duration: 187.02 ms", 2_000_000),
        (899_000.5, 899_001, 10_240, "", 5),
    ):
        report = (
            f"REPORT RequestId: 1\tDuration: {duration} ms\tBilled Duration: {billed} ms\t"
            f"Memory Size: {memory} MB\tMax Memory Used: 90 MB{init}\t"
        )
        due = float(
            lambda_cost(requests=times, duration_ms=billed, memory_mb=memory, free_tier=False).total
        )
        got = attempt.call(function, report, times)
        case = f"{billed} ms billed at {memory} MB, {times:,} times"
        attempt.expect(
            _near(got, due, 0.011),
            passed=f"{case}: {due:.2f} dollars",
            failed=f"{case} should cost {due:.2f} dollars, and yours says {_shown(got)}",
        )


def _near(got: Any, wanted: float, margin: float) -> bool:
    try:
        return math.isclose(float(got), wanted, rel_tol=0, abs_tol=margin)
    except (TypeError, ValueError):
        return False


def _shown(got: Any) -> str:
    return f"{got:.4f}" if isinstance(got, float) else repr(got)
