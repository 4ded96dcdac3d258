"""A lesson's quiz as the learner meets it: shown, answered, saved and shown again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from quizzes import store, text
from quizzes.attempts import Attempt
from quizzes.grading import Grade, chosen_letters
from quizzes.loading import UnknownQuestion, load_quiz
from quizzes.model import Numeric, Question, Quiz

if TYPE_CHECKING:
    from quizzes.widget import CheckpointWidget

KIND = "quiz"
_open: dict[str, Checkpoint] = {}


@dataclass(frozen=True, slots=True)
class Answered:
    """The learner's present answer to a question, in the form it is saved, and its grade."""

    answer: list[str] | str
    grade: Grade
    attempt: Attempt


class Checkpoint:
    """The quiz of one lesson: shown at the end of a cell; `answer` works without a screen."""

    def __init__(self, quiz: Quiz) -> None:
        self.quiz = quiz
        self.notice: str | None = None
        self.answered: dict[str, Answered] = {}
        self._widget: CheckpointWidget | None = None
        self.restore()

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions in order."""
        return self.quiz.questions

    def answer(self, question: str | int, answer: object) -> Grade:
        """Grade and save an answer, and show it where the quiz is shown.

        `question` is a question's id, or its number from 1. `answer` is a letter ("b"), several
        ("a, c" or ["a", "c"]) or a number (3, "3 s"). An answer that cannot be judged is not saved.
        Raises `UnknownQuestion`, a KeyError, for a question that is not in this quiz.
        """
        grade = self.check(self._find(question), answer)
        if self.notice:
            grade = replace(grade, feedback=f"{grade.feedback}\n\n{self.notice}")
        return grade

    def check(self, question: Question, answer: object, token: str | None = None) -> Grade:
        """Grade and save an answer; `token` names the request of a widget's view that asked."""
        grade = question.grade(answer)
        if grade.outcome != "not attempted":
            kept = kept_form(question, answer)
            log = store.default_store()
            attempt = log.record(KIND, question.id, kept, grade.outcome, grade.score)
            self.notice = log.notice
            self.answered[question.id] = Answered(kept, grade, attempt)
        if self._widget is not None:
            self._widget.show(question, grade, token)
        return grade

    def restore(self) -> None:
        """Read the saved answers again: another kernel may have added some."""
        log = store.default_store()
        latest = log.latest(KIND, mode="quiz")
        self.notice = log.notice
        self.answered.clear()
        for question in self.questions:
            if question.id in latest:
                attempt = latest[question.id]
                grade = question.grade(attempt.answer)
                if grade.outcome != "not attempted":
                    kept = kept_form(question, attempt.answer)
                    self.answered[question.id] = Answered(kept, grade, attempt)
        if self._widget is not None:
            self._widget.show_all()

    def summary(self) -> str:
        """Say how many answers are right and when the last one was saved."""
        grades = [each.grade.outcome for each in self.answered.values()]
        if not grades:
            return f"{text.counted(len(self.questions))}, none answered yet"
        right = f"{grades.count('right')} of {len(self.questions)} right"
        if self.notice:
            return right
        last = max((each.attempt for each in self.answered.values()), key=lambda each: each.at)
        return f"{right} · saved {last.local_time()}"

    def widget(self) -> CheckpointWidget:
        """Give the widget of this quiz, made on first use; all its views show the same answers."""
        if self._widget is None or self._widget.comm is None:
            from quizzes.widget import CheckpointWidget

            self._widget = CheckpointWidget(self)
        return self._widget

    def __repr__(self) -> str:
        return text.plain(self.quiz)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data: dict[str, Any] = {
            "text/plain": text.plain(self.quiz),
            "text/html": text.as_html(self.quiz),
        }
        metadata: dict[str, Any] = {}
        if _in_a_kernel():
            shown, metadata = self.widget().bundle()
            data = {**shown, **data}  # our text in place of the widget's own
        return data, metadata

    def _find(self, question: str | int) -> Question:
        for number, each in enumerate(self.questions, 1):
            if question in (number, each.id) and not isinstance(question, bool):
                return each
        ids = ", ".join(each.id for each in self.questions)
        raise UnknownQuestion(
            f"There is no question {question!r} in this quiz; give a number from 1 to "
            f"{len(self.questions)} or one of these ids: {ids}."
        )


def checkpoint(name: str) -> Checkpoint:
    """Give the quiz called `name`, such as "first-function", with the answers saved so far.

    Called again in the same kernel it gives the same quiz, unless its questions were changed.
    Raises `UnknownQuiz`, a KeyError, for a name that no quiz has.
    """
    quiz = load_quiz(name)
    shown = _open.get(quiz.quiz)
    if shown is None or shown.quiz != quiz:
        shown = _open[quiz.quiz] = Checkpoint(quiz)
    else:
        shown.restore()
    return shown


def kept_form(question: Question, answer: object) -> list[str] | str:
    """Give an answer that was graded in the form in which it is saved."""
    if isinstance(question, Numeric):
        return str(answer).strip()
    letters = chosen_letters(answer, question.options)
    return letters if isinstance(letters, list) else []


def _in_a_kernel() -> bool:
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None
