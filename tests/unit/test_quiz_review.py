"""Questions come back when due, one at a time, with other numbers; the log says it all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from quizzes import load_bank, reviewing, store
from quizzes.exams.sitting import BEGUN, FINISHED, SITTING
from quizzes.loading import Bank, UnknownName
from quizzes.model import Quiz
from quizzes.reviewing import Review, review, said_when
from quizzes.store import Store

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def single(id_: str, **more: Any) -> dict[str, Any]:
    options = {
        "a": {"text": "Yes", "reason": "It is.", "right": True},
        "b": {"text": "No", "reason": "It is."},
        "c": {"text": "Perhaps", "reason": "It is."},
    }
    return {"id": id_, "kind": "single", "objective": "o", "prompt": id_, "options": options} | more


def product(id_: str) -> dict[str, Any]:
    return {
        "id": id_,
        "kind": "numeric",
        "objective": "o",
        "prompt": "Three times {given}`n`?",
        "parameters": {"n": {"from": 2, "to": 900}},
        "formula": "3 * n",
        "reason": "So it is.",
        "otherwise": "Multiply.",
    }


def lab_question(id_: str) -> dict[str, Any]:
    name = "lab_checks"
    check = next(
        f"{each.stem}.{line.split('(')[0].removeprefix('def ')}"
        for each in sorted((Path(reviewing.__file__).parent / name).glob("[a-z]*.py"))
        for line in each.read_text().splitlines()
        if line.startswith("def ") and "clients" in line
    )
    base = {"id": id_, "kind": "lab", "objective": "o", "prompt": "Do it.", "check": check}
    return base | {"reason": "Done."}


BANK = Bank(
    [
        Quiz.model_validate(
            {
                "quiz": "one",
                "lesson": "01",
                "title": "One",
                "questions": [single("one-a"), single("one-b", order="shuffled"), product("one-n")],
                "exam": [single("one-exam", hints=["Think."])],
            }
        ),
        Quiz.model_validate(
            {"quiz": "two", "lesson": "02", "title": "Two", "questions": [single("two-a")]}
        ),
    ]
)


class Clock:
    """The time for log and review alike, put forward by hand."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()

    class ByHand(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return clock.now

    monkeypatch.setattr(store, "datetime", ByHand)
    return clock


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Store:
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.db"))
    monkeypatch.setattr(reviewing, "load_bank", lambda: BANK)
    monkeypatch.setattr(reviewing, "_open", {})
    return store.default_store()


@pytest.fixture
def begin(clock: Clock, log: Store) -> Callable[[], Review]:
    return lambda: Review(clock=clock)


def answered(log: Store, id_: str, outcome: str, mode: str = "quiz", **details: Any) -> None:
    log.record("quiz", id_, "b", outcome, float(outcome == "right"), mode=mode, details=details)


def test_nothing_answered_is_nothing_to_review(begin: Callable[[], Review]) -> None:
    today = begin()
    assert today.question is None
    assert today.next_due is None
    assert "Nothing to review yet" in repr(today)
    grade = today.answer("a")
    assert (grade.outcome, grade.feedback) == ("not attempted", today.summary())


def test_wrong_answer_of_a_lesson_is_asked_again_after_minutes(
    begin: Callable[[], Review], clock: Clock, log: Store
) -> None:
    answered(log, "one-a", "wrong")
    answered(log, "two-a", "right")
    assert "The next of 2 questions comes back in 10 minutes." in begin().summary()
    clock.now += timedelta(minutes=10)
    today = begin()
    assert today.question is not None
    assert today.question.id == "one-a"
    assert today.due == 1
    grade = today.answer("a")
    assert grade.outcome == "right"
    assert grade.feedback.endswith("It comes back on 22 Nov.")
    last = log.attempts()[-1]
    assert (last.item_id, last.mode, last.outcome) == ("one-a", "review", "right")


def test_each_question_is_answered_once_and_then_the_next_is_asked(
    begin: Callable[[], Review], clock: Clock, log: Store
) -> None:
    answered(log, "one-a", "wrong")
    clock.now += timedelta(seconds=1)
    answered(log, "two-a", "wrong")
    clock.now += DAY
    today = begin()
    today.next()
    assert today.question is not None
    assert today.question.id == "one-a"
    assert today.answer("b").outcome == "wrong"
    again = today.answer("a")
    assert (again.outcome, ".next()" in again.feedback) == ("not attempted", True)
    today.next()
    assert today.question.id == "two-a"
    today.answer("a")
    assert today.next().question is None
    assert today.summary() == (
        "Nothing is due · 2 answered now, 1 right. The next of 2 questions comes back in "
        "10 minutes."
    )
    clock.now += timedelta(minutes=10)
    assert [each.item_id for each in log.attempts()[-2:]] == ["one-a", "two-a"]
    found = today.next().question
    assert found is not None
    assert found.id == "one-a"


def test_answer_that_cannot_be_judged_is_not_counted(
    begin: Callable[[], Review], clock: Clock, log: Store
) -> None:
    answered(log, "one-a", "wrong")
    clock.now += DAY
    today = begin()
    assert today.answer("z").outcome == "not attempted"
    assert len(log.attempts()) == 1
    assert today.answer("a").outcome == "right"


def test_question_with_parameters_comes_back_with_other_numbers(
    begin: Callable[[], Review], clock: Clock, log: Store
) -> None:
    answered(log, "one-n", "wrong")
    seeds, prompts = [0], [BANK["one-n"].instance(0).prompt]
    for _ in range(3):
        clock.now += 30 * DAY
        today = begin()
        assert today.question is not None
        prompts.append(today.question.prompt)
        assert today.answer(today.question.right_answer()).outcome == "right"
        seeds.append(log.attempts()[-1].seed)
    assert len(set(prompts)) == len(set(seeds)) == 4
    assert seeds == sorted(seeds)


def test_same_log_asks_the_same(begin: Callable[[], Review], clock: Clock, log: Store) -> None:
    for id_ in ("one-b", "one-n", "one-a"):
        answered(log, id_, "wrong")
    clock.now += DAY
    assert repr(begin()) == repr(begin())


def test_question_of_the_exam_joins_with_its_last_answer_once_the_exam_has_ended(
    begin: Callable[[], Review], clock: Clock, log: Store
) -> None:
    answered(log, "one-a", "right")
    clock.now += 30 * DAY
    assert begin().due == 1
    log.record(SITTING, "s", {}, BEGUN, 0, mode="exam")
    answered(log, "one-exam", "right", mode="exam", exam="s")
    answered(log, "one-exam", "wrong", mode="exam", exam="s")
    clock.now += DAY
    assert begin().due == 1
    log.record(SITTING, "s", {}, FINISHED, 0, mode="exam")
    assert begin().due == 2
    counted = [each.outcome for each in log.counting() if each.item_id == "one-exam"]
    assert counted == ["wrong"]


def test_lab_questions_and_those_no_longer_in_the_bank_do_not_come_back(
    monkeypatch: pytest.MonkeyPatch, begin: Callable[[], Review], clock: Clock, log: Store
) -> None:
    quiz = {"quiz": "three", "lesson": "03", "title": "Three"}
    bank = Bank([Quiz.model_validate(quiz | {"questions": [lab_question("three-lab")]})])
    monkeypatch.setattr(reviewing, "load_bank", lambda: bank)
    answered(log, "three-lab", "wrong")
    answered(log, "gone", "wrong")
    clock.now += DAY
    assert begin().due == 0


def test_reset_of_a_lesson_takes_its_questions_out_of_the_review(
    begin: Callable[[], Review], clock: Clock, log: Store
) -> None:
    answered(log, "one-a", "wrong")
    answered(log, "two-a", "wrong")
    log.record("reset", "one", {"quiz": ["one-a"]}, "reset", 0)
    clock.now += DAY
    assert begin().due == 1


def test_skipped_question_waits_until_the_review_is_begun_again(
    begin: Callable[[], Review], clock: Clock, log: Store
) -> None:
    answered(log, "one-a", "wrong")
    answered(log, "two-a", "wrong")
    clock.now += DAY
    today = begin()
    assert today.question is not None
    first = today.question.id
    today.skip()
    assert today.question.id != first
    assert today.skip().question is None
    assert "2 questions due, 2 put off" in today.summary()
    assert len(log.attempts()) == 2
    assert begin().question is not None


def test_hints_count_and_the_solution_comes_after_the_answer(
    begin: Callable[[], Review], clock: Clock, log: Store
) -> None:
    answered(log, "one-exam", "wrong")
    clock.now += DAY
    today = begin()
    assert "once you have answered" in today.solution()
    assert "Think." in today.hint()
    today.answer("b")
    assert "It is." in today.solution()
    assert log.attempts()[-1].hints == 1


def test_review_of_one_lesson_asks_its_questions_only(
    clock: Clock, log: Store, begin: Callable[[], Review]
) -> None:
    answered(log, "one-a", "wrong")
    answered(log, "two-a", "wrong")
    clock.now += DAY
    assert begin().due == 2
    assert Review("02", clock).due == 1
    with pytest.raises(UnknownName, match="no questions of lesson"):
        review("99")


def test_review_goes_on_where_it_was_in_the_same_kernel(log: Store) -> None:
    assert review() is review()


def test_answer_that_cannot_be_saved_is_graded_and_said(
    begin: Callable[[], Review], clock: Clock, log: Store, tmp_path: Path
) -> None:
    answered(log, "one-a", "wrong")
    clock.now += DAY
    today = begin()
    for each in tmp_path.glob("progress.db*"):
        each.unlink()
    (tmp_path / "progress.db").mkdir()
    grade = today.answer("a")
    assert grade.outcome == "right"
    assert "kept in memory only" in grade.feedback


def test_what_a_stored_notebook_shows_does_not_depend_on_the_log(
    monkeypatch: pytest.MonkeyPatch, begin: Callable[[], Review], clock: Clock, log: Store
) -> None:
    monkeypatch.setattr("quizzes.reviewing.in_a_kernel", lambda: True)
    before, _ = begin()._repr_mimebundle_()
    answered(log, "one-a", "wrong")
    clock.now += DAY
    after, _ = begin()._repr_mimebundle_()
    for kind in ("text/plain", "text/html"):
        assert before[kind] == after[kind]


@pytest.mark.parametrize(
    ("later", "said"),
    [
        (timedelta(0), "now"),
        (timedelta(seconds=30), "in 1 minute"),
        (timedelta(minutes=9, seconds=1), "in 10 minutes"),
        (400 * DAY, "on 26 Dec 2027"),
        (-DAY, "now"),
    ],
)
def test_time_is_said_as_people_say_it(later: timedelta, said: str) -> None:
    assert said_when(START + later, START) == said


def test_every_question_of_the_bank_can_be_asked_again() -> None:
    for question in load_bank().values():
        if question.kind not in reviewing.LEFT_OUT:
            asked = reviewing._asked(question, 0)
            assert asked.question.grade(asked.question.right_answer()).outcome == "right"
