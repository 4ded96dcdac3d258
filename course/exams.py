"""The exam and the practice for it, with the lessons that their reports send one back to."""

from __future__ import annotations

import tomllib
from functools import cache

import quizzes
from course.outline import ROOT, load_outline
from quizzes.exams.exam import DRILL_MINUTES, Exam
from quizzes.exams.marking import Course
from quizzes.exams.report import Objective


def exam() -> Exam:
    """Give the exam: the sitting that runs, the report of the last one, or the offer to begin."""
    return quizzes.exam(about())


def practice() -> Exam:
    """Give practice for the exam: the same kind of questions, untimed, graded at once."""
    return quizzes.practice(about())


def interview(minutes: int = DRILL_MINUTES) -> Exam:
    """Give an interview drill: open questions with model answers, for `minutes` of answering."""
    return quizzes.interview(minutes, about())


@cache
def about() -> Course:
    """What the outline says of each objective, and the version of the course."""
    objectives = {
        each.id: Objective(
            id=each.id,
            text=each.text,
            lesson=lesson.label,
            title=lesson.title,
            notebook=f"{lesson.stem}.ipynb" if lesson.ready else "",
        )
        for lesson in load_outline().lessons
        for each in lesson.objectives
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return Course(objectives, project["project"]["version"])
