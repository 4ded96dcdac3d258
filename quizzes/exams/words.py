"""What the exam says: the offer to begin, its questions as text, and a word to each answer."""

from __future__ import annotations

from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING, Any

from quizzes import text
from quizzes.exams.marking import PRACTICE
from quizzes.markup import to_html

if TYPE_CHECKING:
    from quizzes.exams.exam import Exam

GONE = "This question is no longer in the bank; it will not be counted."


class ExamError(RuntimeError):
    """Raised for what cannot be done now; its text is one sentence."""

    def _render_traceback_(self) -> list[str]:
        """Show the sentence alone in a notebook."""
        return [str(self)]


def card(exam: Exam) -> str:
    """Say in Markdown what the exam is; the same for everybody, at any time."""
    plan = exam.blueprint
    if exam.mode == "interview":
        return (
            "Open questions, as interviewers ask them. Answer each aloud, then look at the model "
            "answer and rate how much of it you named. The clock runs through the whole set."
        )
    if exam.mode == "practice":
        return (
            f"{PRACTICE} questions of the kind the exam asks, without a clock; "
            "each answer is graded at once."
        )
    return (
        f"{plan.questions} questions from the whole course in {plan.minutes} minutes; "
        f"{plan.pass_mark} percent of the points pass. "
        "Each answer is saved at once and may be changed until the end; what it is worth is told "
        "after it. The clock runs from the start to the end, whatever happens to this notebook: "
        "run the cell again to go on."
    )


def offer(exam: Exam) -> str:
    """Write the card for a terminal, with the way to begin."""
    call = f"sitting = {exam.mode}()\n    sitting.start()"
    return f"{exam.name}\n{text.wrapped(card(exam))}\nTo begin, write in Python:\n    {call}"


def offer_html(exam: Exam) -> str:
    """Write the card as HTML, for a notebook that nobody runs."""
    return (
        f"<p><strong>{escape(exam.name)}</strong></p>\n{to_html(card(exam))}\n"
        "<p>Run this cell to begin.</p>"
    )


def plain(exam: Exam) -> str:
    """Write for a terminal where the learner stands: the offer, the questions, or the report."""
    if exam.sitting is None:
        return offer(exam)
    if not exam.running:
        return f"{exam.report()!r}\n\n{offer(exam)}"
    left = exam.time_left()
    head = exam.open_questions()
    if left is not None:
        head = f"{minutes_of(left)} left. {head}"
    parts = [f"{exam.name}\n{head}"]
    for each in exam.questions:
        asked = text.asked(each.question, each.number) if each.question else GONE
        kept = exam.answers.get(each.drawn.id)
        parts.append(f"{asked}\n   Saved: {_spelled(kept.answer)}" if kept else asked)
    parts.append(
        f"To answer, write in Python:\n    sitting = {exam.mode}()\n"
        f"{_example(exam)}    sitting.finish()"
    )
    return "\n\n".join(parts)


def _example(exam: Exam) -> str:
    if exam.mode == "interview":
        return "    sitting.solution(1)\n    sitting.answer(1, 3)\n"
    return '    sitting.answer(1, "b")\n'


def minutes_of(left: timedelta) -> str:
    """Say how long something is, in minutes, the last one in seconds."""
    seconds = int(left.total_seconds())
    number, unit = (seconds // 60, "minute") if seconds >= 60 else (seconds, "second")
    return f"{number} {unit}{'' if number == 1 else 's'}"


def _spelled(kept: Any) -> str:
    if isinstance(kept, dict):
        return ", ".join(f"{key}{value}" for key, value in kept.items())
    if kept is None:
        return "what the lab cloud held then"
    return ", ".join(map(str, kept)) if isinstance(kept, list) else str(kept)
