"""Checks the exercises of lesson 20, review and exam."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isclose
from numbers import Real
from typing import Any

from course.checking import Attempt, exercise
from labsupport.facts import fact

_WHERE = {
    "billing unit in ms": "the report of the warm call has it",
    "largest memory in MB": "10 GB, written in MB",
    "unzipped package in MB": "`AccountLimit` has it, in bytes, next to the zipped one",
    "SQS messages in a batch": "`create_event_source_mapping` answered with it",
}
_PLANS: tuple[tuple[float, dict[str, int], dict[str, float]], ...] = (
    (30, {"one": 50, "two": 50}, {"one": 0.5, "two": 0.75}),
    (10, {"one": 70, "two": 30}, {"one": 1, "two": 0.2}),
    (20, {"one": 60, "two": 40}, {"one": 1, "two": 1}),
)


def _right() -> dict[str, int]:
    return {
        "billing unit in ms": fact("price.granularity_ms").value,
        "largest memory in MB": fact("memory.max_mb").value,
        "unzipped package in MB": fact("code.unzipped_mb").value,
        "SQS messages in a batch": fact("esm.batch_default").value["SQS"],
    }


@exercise(
    hints=(
        "Each of the four was shown by a call above; look at what the cells printed.",
        "100 ms, 3008 MB and one message at a time are old. 50 MB is the limit of something else: "
        "of what you upload directly, zipped.",
    )
)
def page(attempt: Attempt, numbers: object) -> None:
    """Holds the four right numbers of the page."""
    attempt.given(numbers)
    attempt.require(
        isinstance(numbers, Mapping) and set(numbers) == set(_WHERE),
        passed="`page` has the four entries",
        failed=f"`page` should have the entries {', '.join(_WHERE)}",
    )
    assert isinstance(numbers, Mapping)
    attempt.given(*numbers.values())
    for name, right in _right().items():
        attempt.expect(
            numbers[name] == right and not isinstance(numbers[name], bool),
            passed=f"{name}: `{right}`",
            failed=f"{name} is not `{numbers[name]!r}`: {_WHERE[name]}",
        )


@exercise(
    hints=(
        "First work out for each domain what is missing: its weight times `1 - right[domain]`.",
        "Then give each domain its part of the sum of what is missing.",
        "When nothing is missing the sum is 0; do not divide by it.",
    )
)
def hours_for(attempt: Attempt, plan: Callable[..., Any]) -> None:
    """Shares hours among domains by weight and by what is missing, and needs no division by 0."""
    attempt.given(plan)
    for total, weights, right in _PLANS:
        missing = {each: weights[each] * (1 - right[each]) for each in weights}
        whole = sum(missing.values())
        due = {each: total * part / whole if whole else 0 for each, part in missing.items()}
        got = attempt.call(plan, total, dict(weights), dict(right))
        attempt.expect(
            _same(got, due),
            passed=f"{total} h, right {right}: `{_rounded(due)}`",
            failed=f"{total} h, weights {weights}, right {right} should give `{_rounded(due)}`, "
            f"and yours gives `{_rounded(got)}`",
        )


def _same(got: object, due: Mapping[str, float]) -> bool:
    if not isinstance(got, Mapping) or set(got) != set(due):
        return False
    return all(
        isinstance(got[each], Real) and isclose(got[each], due[each], abs_tol=1e-6) for each in due
    )


def _rounded(hours: object) -> object:
    if not isinstance(hours, Mapping):
        return hours
    return {
        name: round(value, 1) if isinstance(value, float) else value
        for name, value in hours.items()
    }
