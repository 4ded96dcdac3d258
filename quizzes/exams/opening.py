"""The ways in: `exam`, `practice` and `interview`, each the same sitting however often called."""

from __future__ import annotations

from quizzes.exams.blueprint import load_blueprint
from quizzes.exams.exam import DRILL_MINUTES, Exam
from quizzes.exams.marking import Course
from quizzes.exams.sitting import Mode

_open: dict[str, Exam] = {}


def exam(course: Course | None = None) -> Exam:
    """Give the exam: the sitting that runs, the report of the last one, or the offer to begin."""
    return _opened("exam", course)


def practice(course: Course | None = None) -> Exam:
    """Give practice for the exam: the same kind of questions, untimed, graded at once."""
    return _opened("practice", course)


def interview(minutes: int = DRILL_MINUTES, course: Course | None = None) -> Exam:
    """Give an interview drill: open questions with model answers, for `minutes` of answering.

    Answer aloud, look at the model answer (``solution(1)``), then rate yourself from 1 to 4
    (``answer(1, 3)``).
    """
    return _opened("interview", course, minutes)


def _opened(mode: Mode, course: Course | None, minutes: int = DRILL_MINUTES) -> Exam:
    known = _open.get(mode)
    if known is None or known.blueprint != load_blueprint() or (course or Course()) != known.course:
        known = _open[mode] = Exam(mode, course or Course(), minutes)
    else:
        known.minutes = minutes
        known.restore()
    return known
