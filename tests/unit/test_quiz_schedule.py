"""Questions come back when they should, worked out from the log alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from quizzes.attempts import Attempt
from quizzes.schedule import SOON, Recall, recalls

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
DAY = timedelta(days=1)
LATER = START + 1000 * DAY


def attempt(
    outcome: str, after: timedelta = timedelta(0), item: str = "q1", **details: Any
) -> Attempt:
    at = (START + after).isoformat(timespec="microseconds")
    score = {"right": 1.0, "partly": 0.5, "wrong": 0.0}[outcome]
    return Attempt(f"{item}{after}", "quiz", item, "b", outcome, score, at, "quiz", details, at)


def recall(*attempts: Attempt, now: datetime = LATER) -> Recall:
    (found,) = recalls(attempts, now)
    return found


def test_wrong_answer_comes_back_soon_and_a_right_one_after_days() -> None:
    assert recall(attempt("wrong")).due - START == SOON
    assert recall(attempt("right")).due - START >= DAY


def test_right_answers_when_due_come_back_after_longer_and_longer() -> None:
    given = [attempt("right")]
    gaps = []
    for _ in range(5):
        due = recall(*given).due
        gaps.append(due - given[-1].moment())
        given.append(attempt("right", due - START))
    assert all(before < after for before, after in pairwise(gaps))


def test_forgotten_question_comes_back_soon_and_sooner_than_before_afterwards() -> None:
    learnt = [attempt("right"), attempt("right", 3 * DAY), attempt("right", 12 * DAY)]
    long = recall(*learnt).due - learnt[-1].moment()
    forgotten = [*learnt, attempt("wrong", 60 * DAY)]
    assert recall(*forgotten).due == forgotten[-1].moment() + SOON
    again = [*forgotten, attempt("right", 60 * DAY + SOON)]
    assert DAY <= recall(*again).due - again[-1].moment() < long


def test_hints_and_half_right_answers_bring_a_question_back_sooner_than_right_ones() -> None:
    unaided = recall(attempt("right")).due
    assert recall(attempt("right", hints=1)).due < unaided
    assert recall(attempt("partly")).due < unaided


def test_soonest_due_stands_first_and_only_questions_are_in_it() -> None:
    exercise = Attempt("e", "exercise", "e1", None, "passed", 1.0, START.isoformat())
    log = [attempt("right"), exercise, attempt("wrong", DAY, "q2"), attempt("right", DAY, "q3")]
    assert [each.item_id for each in recalls(log, LATER)] == ["q2", "q1", "q3"]


def test_same_log_gives_the_same_times() -> None:
    log = [attempt("right", n * DAY, f"q{n % 3}") for n in range(30)]
    once, again = recalls(log, LATER), recalls(log, LATER + DAY)
    assert [(each.item_id, each.due) for each in once] == [
        (each.item_id, each.due) for each in again
    ]


@pytest.mark.parametrize("back", [timedelta(hours=1), DAY, 4000 * DAY])
@pytest.mark.parametrize("outcome", ["right", "wrong"])
def test_clock_that_was_put_back_never_brings_a_question_back_before_it_was_answered(
    outcome: str, back: timedelta
) -> None:
    log = [attempt("right"), attempt("right", 5 * DAY), attempt(outcome, 5 * DAY - back)]
    found = recall(*log)
    assert found.due > log[-1].moment()
    assert found.due <= log[-1].moment() + 60 * DAY
    assert 0 <= found.remembered(START - 9000 * DAY) <= 1


def test_question_answered_in_a_wrong_future_is_due_now() -> None:
    assert recall(attempt("right", 2000 * DAY), now=START).due == START


def test_largest_seed_and_the_latest_answer_are_known() -> None:
    log = [attempt("right", seed=4), attempt("wrong", DAY, seed=2)]
    found = recall(*log)
    assert (found.seed, found.answers, found.shaky) == (4, 2, True)
