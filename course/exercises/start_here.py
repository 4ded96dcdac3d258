"""Checks the exercise of lesson 00, start here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from course.checking import Attempt, exercise

_LISTS: tuple[list[float], ...] = ([1, 2, 3], [40, -2, 4], [2.5], [])


@exercise(
    hints=(
        'The numbers are in `event["numbers"]`, a list.',
        "Python has a function for this: `sum(…)`. Do not forget to `return` what it gives.",
    )
)
def total(attempt: Attempt, handler: Callable[..., Any]) -> None:
    """Adds up `event["numbers"]`, whatever numbers there are, none included."""
    attempt.given(handler)
    for numbers in _LISTS:
        got = attempt.call(handler, {"numbers": list(numbers)}, None)
        attempt.expect(
            got == sum(numbers) and not isinstance(got, bool),
            passed=f"the total of `{numbers}` is `{got}`",
            failed=f"the total of `{numbers}` should be `{sum(numbers)}`, and yours is `{got!r}`",
        )
