"""A learner's exam: begun, answered, interrupted, ended in time or by the clock, and certified."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from course.outline import load_outline
from course.requirements import ROOT
from quizzes import store
from quizzes.exams import clock as clocks
from quizzes.exams import exam as exams
from quizzes.exams.blueprint import load_blueprint
from quizzes.exams.certificate import CertificateError
from quizzes.exams.clock import Reading
from quizzes.exams.exam import Exam
from quizzes.exams.marking import Course
from quizzes.exams.report import Objective, Report
from quizzes.exams.words import ExamError
from quizzes.grading import Grade
from quizzes.loading import UnknownQuestion, load_bank
from quizzes.markup import Words
from quizzes.model import Question
from tests.unit.sample_quiz import SAMPLE, write_bank

OWN = """
exam:
  - id: sample-own
    kind: numeric
    objective: another-thing
    parameters: {seconds: {from: 1, to: 500}}
    prompt: How many milliseconds are {given}`seconds` seconds?
    formula: seconds * 1000
    unit: ms
    reason: REASON-OWN.
    otherwise: OTHERWISE-OWN.
"""
BLUEPRINT = """\
title: A <small> exam
questions: 4
minutes: 10
pass_mark: 70
weights:
  sample: 1
"""
RIGHT: dict[str, Any] = {"sample-single": "b", "sample-multiple": "a, c", "sample-numeric": 3}
COURSE = Course({"one-thing": Objective("one-thing", "do one thing", "08", "A lesson")}, "1.2.3")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course with a small bank, a blueprint, and a learner who has answered nothing."""
    bank = write_bank(tmp_path / "bank", SAMPLE + OWN)
    (tmp_path / "exam.yml").write_text(BLUEPRINT, encoding="utf-8")
    monkeypatch.setattr(exams, "load_bank", lambda: load_bank(bank))
    monkeypatch.setattr(exams, "load_blueprint", lambda: load_blueprint(tmp_path / "exam.yml"))
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "progress.db"))
    return tmp_path


@pytest.fixture
def sitting(folder: Path) -> Exam:
    return Exam("exam", COURSE).start(seed=5)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Lets time pass, and puts the system clock forward or back besides."""
    real = clocks.read_clocks

    def shift(passed: timedelta, clock_put: timedelta = timedelta(0)) -> None:
        def read() -> Reading:
            now = real()
            ticks = now.ticks + passed.total_seconds()
            return Reading(now.utc + passed + clock_put, now.boot, ticks)

        monkeypatch.setattr(clocks, "read_clocks", read)

    return shift


def answer_right(sitting: Exam, *, but: int = 0) -> None:
    for each in sitting.questions[but:]:
        assert each.question is not None
        sitting.answer(each.number, each.question.right_answer())


# From beginning to end


def test_exam_is_offered_then_begun_by_who_wants_it(folder: Path) -> None:
    offered = Exam("exam", COURSE)
    assert not offered.running
    assert "4 questions from the whole course in 10 minutes; 70 percent" in repr(offered)
    with pytest.raises(ExamError, match=r"start\(\)"):
        offered.answer(1, "a")
    with pytest.raises(ExamError, match=r"start\(\)"):
        offered.report()
    assert offered.start().running
    assert len(offered.questions) == 4


def test_answer_is_saved_at_once_without_telling_what_it_is_worth(sitting: Exam) -> None:
    said = sitting.answer("sample-single", "a")
    assert str(said) == "Saved: 1 of 4 answered, 9 minutes left."
    (attempt,) = [each for each in store.default_store().attempts("quiz")]
    assert (attempt.item_id, attempt.answer, attempt.mode) == ("sample-single", ["a"], "exam")
    assert sitting.sitting is not None
    assert attempt.details["exam"] == sitting.sitting.id
    assert "REASON" not in repr(sitting)
    assert "Saved: a" in repr(sitting)


def test_answer_in_an_exam_is_none_of_the_checkpoints(sitting: Exam) -> None:
    sitting.answer("sample-single", "b")
    assert store.default_store().latest("quiz", mode="quiz") == {}


def test_last_answer_to_a_question_counts(sitting: Exam) -> None:
    sitting.answer("sample-single", "a")
    answer_right(sitting)
    report = sitting.finish()
    assert isinstance(report, Report)
    assert (report.percent, report.passed) == (100, True)


def test_what_cannot_be_judged_is_not_saved_and_takes_nothing_away(sitting: Exam) -> None:
    sitting.answer("sample-numeric", 3)
    grade = sitting.answer("sample-numeric", "three")
    assert isinstance(grade, Grade)
    assert "not a number" in grade.feedback
    assert sitting.answers["sample-numeric"].answer == "3"


def test_question_that_is_not_asked_is_named(sitting: Exam) -> None:
    for strange in (0, 5, "sample-none", True, None):
        with pytest.raises(UnknownQuestion, match="from 1 to 4"):
            sitting.answer(strange, "a")  # type: ignore[arg-type]


def test_finish_asks_first_while_questions_are_open(sitting: Exam) -> None:
    answer_right(sitting, but=1)
    asked = sitting.finish()
    assert isinstance(asked, Words)
    assert "1 of 4 question has no answer: 1." in str(asked)
    assert sitting.running
    report = sitting.finish(sure=True)
    assert isinstance(report, Report)
    assert report.percent == 75
    assert not sitting.running


def test_report_comes_at_the_end_and_tells_all(sitting: Exam) -> None:
    sitting.answer("sample-single", "a")
    with pytest.raises(ExamError, match="at the end"):
        sitting.report()
    sitting.finish(sure=True)
    report = sitting.report()
    assert (report.percent, report.passed) == (0, False)
    assert [part.objective.text for part in report.parts()] == ["another-thing", "do one thing"]
    assert "REASON-A is about money." in report.answers()
    assert "Not answered." in report.answers()
    assert "REASON-OWN" in report.html()


def test_answer_after_the_end_does_not_count(sitting: Exam) -> None:
    sitting.finish(sure=True)
    before = len(store.default_store().attempts())
    assert "came after the end and does not count" in str(sitting.answer(1, "a"))
    assert len(store.default_store().attempts()) == before


def test_seed_of_a_question_gives_its_own_numbers(folder: Path) -> None:
    prompts = set()
    for seed in range(6):
        begun = Exam("exam", COURSE).start(seed=seed)
        own = next(each for each in begun.questions if each.drawn.id == "sample-own")
        assert own.question is not None
        prompts.add(own.question.prompt)
        begun.answer("sample-own", own.question.right_answer())
        assert begun.finish(sure=True).percent == 25  # type: ignore[union-attr]
    assert len(prompts) > 3


def test_starting_again_while_one_runs_goes_on_with_it(sitting: Exam) -> None:
    before = sitting.sitting
    sitting.answer("sample-single", "b")
    sitting.start(seed=99)
    assert sitting.sitting == before
    assert "sample-single" in sitting.answers


def test_next_sitting_begins_with_nothing_answered(sitting: Exam) -> None:
    sitting.answer("sample-single", "b")
    sitting.finish(sure=True)
    sitting.start(seed=6)
    assert sitting.answers == {}
    assert sitting.running


# The clock


def test_time_that_ran_out_between_two_answers_ends_it(
    sitting: Exam, later: Callable[..., None]
) -> None:
    sitting.answer("sample-single", "b")
    later(timedelta(minutes=10, seconds=1))
    said = sitting.answer("sample-multiple", "a, c")
    assert str(said).startswith("Time was up at ")
    assert "came after the end and does not count" in str(said)
    assert not sitting.running
    report = sitting.report()
    assert report.percent == 25
    assert "Time ran out; what was answered before counts." in repr(report)
    assert sitting.sitting is not None
    assert report.ended == sitting.sitting.ends


def test_clock_put_back_gives_no_time(sitting: Exam, later: Callable[..., None]) -> None:
    later(timedelta(minutes=4), timedelta(hours=-2))
    left = sitting.time_left()
    assert left is not None
    assert timedelta(minutes=5, seconds=50) < left <= timedelta(minutes=6)
    sitting.answer("sample-single", "b")
    later(timedelta(minutes=10), timedelta(hours=-2))
    assert "does not count" in str(sitting.answer("sample-multiple", "a"))


def test_another_kernel_goes_on_with_the_same_end(
    sitting: Exam, later: Callable[..., None]
) -> None:
    sitting.answer("sample-single", "b")
    later(timedelta(minutes=7), timedelta(hours=-5))
    again = Exam("exam", COURSE)
    assert again.sitting == sitting.sitting
    assert [each.drawn for each in again.questions] == [each.drawn for each in sitting.questions]
    assert again.answers.keys() == {"sample-single"}
    left = again.time_left()
    assert left is not None
    assert timedelta(minutes=2, seconds=50) < left <= timedelta(minutes=3)


def test_kernel_that_comes_back_too_late_finds_the_report(
    sitting: Exam, later: Callable[..., None]
) -> None:
    sitting.answer("sample-single", "b")
    later(timedelta(hours=3))
    again = Exam("exam", COURSE)
    assert not again.running
    assert again.report().percent == 25
    assert repr(again).startswith("Report: Exam: A <small> exam")


def test_end_in_another_kernel_holds_here(sitting: Exam) -> None:
    other = Exam("exam", COURSE)
    other.finish(sure=True)
    assert "does not count" in str(sitting.answer("sample-single", "b"))
    assert not sitting.running


KILLED = """
import os, signal
from quizzes.exams.exam import Exam
from quizzes.exams.marking import Course
sitting = Exam("exam", Course()).start(seed=5)
right = [each.question.right_answer() for each in sitting.questions]
place = next(place for place, answer in enumerate(right) if answer is not None)
sitting.answer(place + 1, right[place])
print(sitting.sitting.ends.isoformat(), sitting.questions[place].drawn.id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_exam_goes_on_after_its_kernel_was_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "progress.db"))
    killed = subprocess.run(
        [sys.executable, "-c", KILLED],
        check=False,
        cwd=ROOT,
        env=os.environ.copy(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    ends, first = killed.stdout.split()
    again = Exam("exam", COURSE)
    assert again.running
    assert again.sitting is not None
    assert again.sitting.ends is not None
    assert again.sitting.ends.isoformat() == ends
    assert again.answers.keys() == {first}


# What goes wrong


def test_question_that_left_the_bank_is_not_counted(folder: Path, sitting: Exam) -> None:
    answer_right(sitting)
    write_bank(folder / "bank")  # without the exam's own question
    again = Exam("exam", COURSE)
    assert "no longer in the bank" in repr(again)
    assert "no longer in the bank" in str(again.answer("sample-own", 1))
    report = again.finish(sure=True)
    assert isinstance(report, Report)
    assert len(report.asked) == 3
    assert report.percent == 100
    assert "1 question is no longer in the bank and not counted" in repr(report)


def test_bank_without_questions_is_told_in_a_sentence(folder: Path) -> None:
    (folder / "exam.yml").write_text(BLUEPRINT.replace("sample:", "other:"), encoding="utf-8")
    with pytest.raises(ExamError, match="no questions for this"):
        Exam("exam", COURSE).start()


def test_small_bank_gives_less_time(folder: Path) -> None:
    (folder / "exam.yml").write_text(
        BLUEPRINT.replace("questions: 4", "questions: 40"), encoding="utf-8"
    )
    begun = Exam("exam", COURSE).start()
    assert len(begun.questions) == 4
    assert begun.sitting is not None
    assert begun.sitting.minutes == 1


def test_log_that_cannot_be_written_is_told_and_the_exam_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(store.VARIABLE, str(folder / "exam.yml" / "progress.db"))
    begun = Exam("exam", COURSE).start(seed=5)
    assert "kept in memory only" in str(begun.answer("sample-single", "b"))
    assert begun.answers.keys() == {"sample-single"}


# Practice


def test_practice_grades_at_once_and_has_no_clock(folder: Path, later: Callable[..., None]) -> None:
    practice = Exam("practice", COURSE).start(seed=1)
    assert practice.time_left() is None
    grade = practice.answer("sample-single", "a")
    assert isinstance(grade, Grade)
    assert "REASON-A" in grade.feedback
    later(timedelta(days=3))
    assert practice.answer("sample-single", "b").outcome == "right"  # type: ignore[union-attr]
    assert practice.report().percent == 25
    assert practice.running
    with pytest.raises(CertificateError):
        practice.certificate("Ada")


def test_practice_leaves_an_exam_alone(sitting: Exam) -> None:
    practice = Exam("practice", COURSE).start(seed=1)
    practice.answer("sample-single", "a")
    assert Exam("exam", COURSE).answers == {}
    assert Exam("exam", COURSE).sitting == sitting.sitting


def test_practice_helps_and_the_exam_does_not(folder: Path) -> None:
    practice = Exam("practice", COURSE).start(seed=1)
    assert "no hints" in practice.hint("sample-single")
    assert "after 2 tries" in practice.solution("sample-single")
    practice.answer("sample-single", "a")
    practice.answer("sample-single", "c")
    assert "REASON-B says it." in practice.solution("sample-single")
    before = question_of(practice, "sample-own").body()
    assert practice.new_numbers("sample-own") != before
    exam = Exam("exam", COURSE).start(seed=1)
    for helping in (exam.hint, exam.solution, exam.new_numbers):
        with pytest.raises(ExamError, match="no help in the exam"):
            helping("sample-single")


def test_new_numbers_of_practice_are_those_that_count(folder: Path) -> None:
    practice = Exam("practice", COURSE).start(seed=1)
    practice.new_numbers("sample-own")
    own = question_of(practice, "sample-own")
    assert practice.answer("sample-own", own.right_answer()).outcome == "right"  # type: ignore[union-attr]
    again = Exam("practice", COURSE)
    assert question_of(again, "sample-own").body() == own.body()
    assert "REASON-OWN" in again.finish(sure=True).answers()  # type: ignore[union-attr]


def question_of(sitting: Exam, name: str) -> Question:
    found = next(each.question for each in sitting.questions if each.drawn.id == name)
    assert found is not None
    return found


# The interview drill


@pytest.fixture
def drill(folder: Path) -> Exam:
    shutil.copy(ROOT / "quizzes" / "bank" / "interview.yml", folder / "bank")
    return Exam("interview", COURSE, minutes=12).start(seed=4)


def test_drill_fills_the_minutes_asked_for(drill: Exam) -> None:
    bank = load_bank()
    minutes = sum(bank[each.drawn.id].minutes for each in drill.questions)  # type: ignore[attr-defined]
    assert 9 <= minutes <= 12
    assert drill.sitting is not None
    assert drill.sitting.minutes == minutes + len(drill.questions), "a minute each to compare"


def test_model_answer_comes_when_asked_for_and_the_rating_is_saved(drill: Exam) -> None:
    first = load_bank()[drill.questions[0].drawn.id].instance()
    assert first.solution() not in repr(drill)
    assert first.solution() in drill.solution(1)
    assert drill.answer(1, 3).outcome == "partly"  # type: ignore[union-attr]
    assert drill.answer(2, "7").outcome == "not attempted"  # type: ignore[union-attr]
    again = Exam("interview", COURSE)
    assert again.answers[first.id].answer == 3
    report = again.finish(sure=True)
    assert "By your own rating" in repr(report)
    assert "Passed" not in repr(report)


def test_drill_ends_with_its_time(drill: Exam, later: Callable[..., None]) -> None:
    drill.answer(1, 4)
    later(timedelta(minutes=30))
    assert "does not count" in str(drill.answer(2, 4))
    assert "Time ran out" in repr(drill.report())
    with pytest.raises(CertificateError):
        drill.certificate("Ada")


def test_another_seed_asks_other_questions(drill: Exam) -> None:
    asked = []
    for seed in range(4):
        drill.finish(sure=True)
        drill.start(seed=seed)
        asked.append(tuple(each.drawn.id for each in drill.questions))
    assert len(set(asked)) == 4


def test_bank_without_interview_questions_is_told(folder: Path) -> None:
    with pytest.raises(ExamError, match="no questions for this"):
        Exam("interview", COURSE).start()


def test_interview_questions_are_about_the_whole_course() -> None:
    lessons = load_outline().lessons
    objectives = {each.id: lesson.number for lesson in lessons for each in lesson.objectives}
    asked = {question.objective for question in load_bank().interview}
    assert asked <= objectives.keys()
    assert len({objectives[each] for each in asked}) >= 15


# The certificate


def test_passed_exam_is_certified_with_what_was_reached_then(folder: Path, sitting: Exam) -> None:
    answer_right(sitting, but=1)
    sitting.finish(sure=True)
    sitting.start(seed=9)
    sitting.finish(sure=True)  # failed, later
    write_bank(folder / "bank")
    certificate = Exam("exam", COURSE).certificate("Ada <Lovelace>")
    assert (certificate.percent, certificate.pass_mark, certificate.version) == (75, 70, "1.2.3")
    assert certificate.title == "A <small> exam"


def test_exam_that_was_not_passed_has_no_certificate(sitting: Exam) -> None:
    with pytest.raises(CertificateError, match="none is passed yet"):
        sitting.certificate("Ada")
    sitting.finish(sure=True)
    with pytest.raises(CertificateError, match="none is passed yet"):
        sitting.certificate("Ada")


# As text


def test_questions_and_answers_are_readable_without_a_screen(sitting: Exam) -> None:
    sitting.answer("sample-multiple", ["a", "c"])
    shown = repr(sitting)
    assert "9 minutes left. 3 of 4 questions have no answer" in shown
    assert "Which function is stopped after 3 seconds?" in shown
    assert "Saved: a, c" in shown
    assert "sitting.finish()" in shown


def test_stored_notebook_tells_nothing_of_the_learner(
    sitting: Exam, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exams, "in_a_kernel", lambda: True)
    sitting.answer("sample-single", "b")
    data, _ = sitting._repr_mimebundle_()
    assert "Saved" not in data["text/plain"] + data["text/html"]
    assert "A &lt;small&gt; exam" in data["text/html"]
