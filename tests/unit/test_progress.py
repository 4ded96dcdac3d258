"""What is done, shaky and next is told from the log; a lesson is reset without losing anything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from course import course_map, progress
from course.outline import load_outline
from course.problem import Problem
from course.standing import Standing, overview
from quizzes.attempts import ProgressError
from quizzes.loading import load_quiz
from quizzes.quiz import Checkpoint
from quizzes.store import BINDER_VARIABLES, Store

QUESTIONS = [each.id for each in load_quiz("first-function").questions]


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Store:
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.db"))
    for name in BINDER_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return Store(str(tmp_path / "progress.db"))


def answer(log: Store, number: int, outcome: str = "right", mode: str = "quiz") -> None:
    log.record("quiz", QUESTIONS[number - 1], ["a"], outcome, float(outcome == "right"), mode=mode)


def passed(log: Store, *names: str) -> None:
    for name in names:
        log.record("exercise", name, None, "passed", 1)


def lesson(log: Store, number: str) -> Standing:
    return next(each for each in overview(log).standings if each.lesson.label == number)


def test_lesson_is_done_once_its_exercises_passed_and_its_questions_are_right(log: Store) -> None:
    assert lesson(log, "02").state == "not begun"
    answer(log, 1)
    assert lesson(log, "02").state == "begun"
    passed(log, *lesson(log, "02").exercises)
    for number in range(2, len(QUESTIONS) + 1):
        answer(log, number)
    assert lesson(log, "02").state == "done"
    answer(log, 1, "wrong")
    assert lesson(log, "02").state == "begun"


def test_exercise_once_passed_stays_done(log: Store) -> None:
    (name,) = lesson(log, "00").exercises
    passed(log, name)
    log.record("exercise", name, None, "not yet", 0)
    assert lesson(log, "00").exercises == {name: True}


def test_question_whose_latest_answer_was_wrong_is_shaky_though_it_was_right_in_its_lesson(
    log: Store,
) -> None:
    answer(log, 1)
    answer(log, 2)
    assert lesson(log, "02").shaky == ()
    answer(log, 1, "wrong", mode="review")
    seen = lesson(log, "02")
    assert (seen.shaky, seen.right) == ((QUESTIONS[0],), 2)


def test_next_is_a_lesson_that_was_begun_then_what_is_due_then_a_new_lesson(log: Store) -> None:
    def what(days: int = 0) -> str:
        return progress.said_of_next(overview(log, datetime.now(UTC) + timedelta(days=days)))

    assert what() == "00 Start here: begin it."
    answer(log, 1)
    assert what().startswith("02 Your first function: finish it: 3 exercises and questions 2")
    passed(log, *lesson(log, "02").exercises)
    for number in range(2, len(QUESTIONS) + 1):
        answer(log, number)
    assert what() == "00 Start here: begin it."
    assert f"review {len(QUESTIONS)} questions that are due" in what(days=30)


def test_table_names_every_ready_lesson_and_what_is_shaky(
    log: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(log, 2, "wrong")
    assert progress.main([]) == 0
    told = capsys.readouterr().out
    assert f"0 of {len(QUESTIONS)}" in told
    assert f"Shaky in 02: {QUESTIONS[1]}" in told
    assert "more lessons are planned." in told
    assert "Binder" not in told


def test_reset_puts_one_lesson_aside_and_undo_brings_it_back(log: Store) -> None:
    passed(log, *lesson(log, "00").exercises, *lesson(log, "02").exercises)
    answer(log, 1)
    before = log.attempts()
    assert "Lesson 02 begins anew: 1 question and 3 exercises" in progress.reset("02", log)
    assert lesson(log, "02").state == "not begun"
    assert all(lesson(log, "00").exercises.values())
    assert log.attempts()[: len(before)] == before
    answer(log, 2)
    assert lesson(log, "02").right == 1
    assert progress.undo_reset("02", log) == "Lesson 02 is as it was: 4 answers count again."
    assert lesson(log, "02").right == 2
    assert "was not reset" in progress.undo_reset("02", log)


def test_reset_of_a_lesson_without_answers_writes_nothing(log: Store) -> None:
    assert "nothing to reset" in progress.reset(2, log)
    assert log.attempts() == []


def test_reset_travels_with_an_export(log: Store, tmp_path: Path) -> None:
    answer(log, 1)
    progress.reset("02", log)
    log.export(tmp_path / "mine.json")
    other = Store(str(tmp_path / "other.db"))
    other.import_(tmp_path / "mine.json")
    assert lesson(other, "02").state == "not begun"


def test_reset_that_cannot_be_saved_is_said(log: Store, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    unusable = Store(str(tmp_path / "folder"))
    answer(unusable, 1)
    with pytest.raises(ProgressError, match="kept in memory only"):
        progress.reset("02", unusable)


def test_export_import_and_where_answer_in_a_sentence(
    log: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(log, 1)
    file = str(tmp_path / "mine.json")
    progress.main(["where"])
    progress.main(["export", file])
    progress.main(["import", file])
    told = capsys.readouterr().out.splitlines()
    assert told == [
        str(tmp_path / "progress.db"),
        "1 entry",
        f"1 entry written to {file}.",
        "Nothing was added: all of it was here already.",
    ]


@pytest.mark.parametrize(
    "arguments", [["import", "/no/such/file"], ["export", "/no/such/file"], ["reset", "99"]]
)
def test_mistake_on_the_command_line_is_one_sentence(log: Store, arguments: list[str]) -> None:
    with pytest.raises(Problem, match=r"^[^\n]+\.$"):
        progress.main(arguments)


def test_where_does_not_tell_a_database_s_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_PROGRESS", "postgresql://me:secret@127.0.0.1:1/x")
    assert "secret" not in progress.where()


@pytest.mark.parametrize("name", BINDER_VARIABLES)
def test_on_binder_the_table_ends_with_a_reminder(
    monkeypatch: pytest.MonkeyPatch, log: Store, name: str
) -> None:
    monkeypatch.setenv(name, "https://mybinder.org/")
    assert progress.table(log).endswith(progress.REMINDER)


def test_map_says_how_far_each_lesson_is_only_where_progress_is_seen(log: Store) -> None:
    answer(log, 1, "wrong")
    passed(log, *lesson(log, "00").exercises)
    drawn = course_map()
    assert "shaky" not in drawn._repr_html_()
    live = drawn.html(overview(log))
    minutes = load_outline().lesson("start-here").minutes
    begun = f"Start here</a> ({minutes} min): <strong>{lesson(log, '00').state}</strong>"
    assert begun in live
    assert "<strong>begun</strong>, open: 3 exercises and the checkpoint, 1 shaky" in live
    data, _ = drawn._repr_mimebundle_()
    assert data == {"text/plain": repr(drawn), "text/html": drawn._repr_html_()}


def test_on_binder_a_checkpoint_says_that_answers_leave_with_the_session(
    monkeypatch: pytest.MonkeyPatch, log: Store
) -> None:
    quiz = Checkpoint(load_quiz("first-function"))
    quiz.answer(1, "a")
    assert "Binder" not in quiz.summary()
    monkeypatch.setenv(BINDER_VARIABLES[0], "https://mybinder.org/")
    assert "until this Binder session ends" in quiz.summary()
