"""Checks the exercises of lesson 01, why serverless."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from math import isclose
from numbers import Real
from typing import Any

from course.checking import Attempt, exercise
from labsupport.facts import fact

_JOBS = {
    "a": (False, "disks, like all hardware, are AWS's"),
    "b": (False, "AWS patches the system below a function"),
    "c": (True, "AWS does not touch what is in your package, and its libraries are in there"),
    "d": (False, "Lambda starts as many environments as there are events at once, up to a quota"),
    "e": (True, "permissions are yours on every road; nobody else knows what your code needs"),
    "f": (False, "Lambda runs functions in several Availability Zones without being asked"),
    "g": (True, "a wrong answer is a success to Lambda; only you know what would be right"),
    "h": (True, "AWS patches a runtime while it is supported, and leaves the choice of it to you"),
}


@exercise(
    hints=(
        "For each job, ask where the thing is: in AWS's data centres, in what Lambda puts around "
        "your code, or in what you wrote, packed and configured.",
        "AWS knows nothing of what your code is meant to do, so it can judge neither its answers "
        "nor what it needs access to.",
        "Four of the eight are yours. AWS patches the runtime you chose, but does not choose "
        "another for you.",
    )
)
def yours(attempt: Attempt, letters: object) -> None:
    """Holds the letters of the jobs that stay with whoever writes a function."""
    attempt.given(letters)
    attempt.require(
        isinstance(letters, set | frozenset | list | tuple)
        and all(isinstance(each, str) and each in _JOBS for each in letters),
        passed="you gave letters of jobs",
        failed='`yours` should be a set of letters from "a" to "h", such as `{"a", "b"}`, and it '
        f"is `{letters!r}`",
    )
    assert isinstance(letters, set | frozenset | list | tuple)
    for letter in sorted(set(letters)):
        is_yours, why = _JOBS[letter]
        attempt.expect(
            is_yours, passed=f"{letter} is yours: {why}", failed=f"{letter} is not yours: {why}"
        )
    missing = sum(is_yours and letter not in letters for letter, (is_yours, _) in _JOBS.items())
    attempt.expect(
        not missing,
        passed="nothing is missing",
        failed=f"{missing} more of the eight {'stays' if missing == 1 else 'stay'} yours",
    )


@exercise(
    hints=(
        "The paid time is `servers` times the seconds of a day, which are 24 × 60 × 60.",
        "The time with something to do is `requests * seconds`.",
        "What is idle is the rest: `1 - busy / paid`.",
    )
)
def idle_share(attempt: Attempt, function: Callable[..., Any]) -> None:
    """Works out which share of a day's paid time always-on servers have nothing to do."""
    attempt.given(function)
    for requests, seconds, servers in (
        (60_000, 0.12, 1),
        (60_000, 0.12, 2),
        (0, 5, 3),
        (86_400, 1, 1),
        (500, 30, 4),
    ):
        wanted = 1 - requests * seconds / (servers * 86_400)
        got = attempt.call(function, requests, seconds, servers)
        what = f"with {requests:,} requests of {seconds:g} s and {servers} always on"
        attempt.expect(
            _close(got, wanted),
            passed=f"{what}, {wanted:.1%} of the paid time is idle",
            failed=f"{what}, the idle share is `{wanted:.4g}`, and yours is `{got!r}`",
        )


@exercise(
    hints=(
        "Begin with `found = set()`, and add a word for each limit that is exceeded.",
        'What runs at once is `work["per_second"] * work["seconds"]`.',
        "Work that is exactly as large as a limit still fits: compare with `>`.",
    )
)
def obstacles(attempt: Attempt, function: Callable[..., Any]) -> None:
    """Names the limits of Lambda that a piece of work exceeds."""
    attempt.given(function)
    longest = int(fact("timeout.max_s").value)
    most, largest = int(fact("conc.default").value), int(fact("payload.sync_mb").value)
    shop = {"seconds": 0.2, "per_second": 50, "answer_mb": 1}
    works: list[dict[str, float]] = [
        shop,
        {**shop, "per_second": 20 * most},
        {**shop, "seconds": 60},
        {"seconds": longest, "per_second": most // longest, "answer_mb": largest},
        {"seconds": 1, "per_second": most, "answer_mb": largest},
    ]
    works += [
        {"seconds": seconds, "per_second": per_second, "answer_mb": answer}
        for seconds, per_second, answer in product(
            (2, longest + 1), (0.01, 2 * most), (largest, largest + 1)
        )
    ]
    for work in works:
        limits = {
            "time": work["seconds"] > longest,
            "concurrency": work["per_second"] * work["seconds"] > most,
            "payload": work["answer_mb"] > largest,
        }
        wanted = {name for name, exceeded in limits.items() if exceeded}
        got = attempt.call(function, dict(work))
        yours = f"`{got!r}`{_kind(got)}"
        attempt.expect(
            isinstance(got, set | frozenset) and got == wanted,
            passed=f"`{work}` meets {_words(wanted)}",
            failed=f"`{work}` should meet {_words(wanted)}, and yours returns {yours}",
        )


def _close(got: object, wanted: float) -> bool:
    if isinstance(got, bool) or not isinstance(got, Real):
        return False
    return isclose(float(got), wanted, abs_tol=1e-9)


def _words(names: set[str]) -> str:
    inside = ", ".join(repr(name) for name in sorted(names))
    return f"`{{{inside}}}`" if names else "no obstacle, `set()`"


def _kind(got: object) -> str:
    """Says what a collection is that looks like a set and is none."""
    return f", a {type(got).__name__} and no set" if isinstance(got, list | tuple | dict) else ""
