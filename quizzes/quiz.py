"""A lesson's quiz as the learner meets it: shown, answered, saved and shown again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import TYPE_CHECKING, Any

from quizzes import store, text
from quizzes.attempts import Attempt
from quizzes.grading import Grade
from quizzes.loading import UnknownQuestion, UnknownQuiz, load_quiz
from quizzes.model import Question, Quiz

if TYPE_CHECKING:
    from quizzes.widget import QuizWidget

KIND = "quiz"
_open: dict[str, Checkpoint] = {}


@dataclass(frozen=True, slots=True)
class Answered:
    """The learner's present answer to a question, in the form it is saved, and its grade."""

    answer: Any
    grade: Grade
    attempt: Attempt


@dataclass(slots=True)
class Standing:
    """How a question stands on the page, beside what is saved of it."""

    helped: list[str] = field(default_factory=list)
    cleared: bool = False


class Checkpoint:
    """The quiz of one lesson: shown at the end of a cell; `answer` works without a screen."""

    def __init__(self, quiz: Quiz) -> None:
        self.quiz = quiz
        self.notice: str | None = None
        self.answered: dict[str, Answered] = {}
        self._standing = {question.id: Standing() for question in quiz.questions}
        self._widget: QuizWidget | None = None
        self._lock = RLock()  # a page's messages may come in a thread of their own
        self.restore()

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions in order."""
        return self.quiz.questions

    def answer(self, question: str | int, answer: object = None) -> Grade:
        """Grade and save an answer, and show it where the quiz is shown.

        `question` is a question's id, or its number from 1. `answer` is what its
        instruction asks for, such as "b", ["a", "c"] or "3 s"; a lab question needs none. An answer
        that cannot be judged is not saved.
        Raises `UnknownQuestion`, a KeyError, for a question that is not in this quiz.
        """
        grade = self._check(self._find(question), answer)
        if self.notice:
            grade = replace(grade, feedback=f"{grade.feedback}\n\n{self.notice}")
        return grade

    def restore(self) -> None:
        """Read the saved answers again: another kernel may have added some."""
        log = store.default_store()
        with self._lock:
            latest = log.latest(KIND, mode="quiz")
            self.notice = log.notice
            self.answered.clear()
            for question in self.questions:
                if question.id in latest:
                    attempt = latest[question.id]
                    grade = question.again(attempt.answer, attempt.outcome, attempt.score)
                    if grade.outcome != "not attempted":
                        kept = question.kept(attempt.answer)
                        self.answered[question.id] = Answered(kept, grade, attempt)
                        self._standing[question.id].cleared = False
            if self._widget is not None:
                self._show_all(self._widget)

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

    def widget(self) -> QuizWidget:
        """Give the widget of this quiz, made on first use; all its views show the same answers."""
        if self._widget is None or self._widget.comm is None:
            from quizzes import page
            from quizzes.widget import QuizWidget

            total = len(self.questions)
            shown = [page.question(each, n, total) for n, each in enumerate(self.questions, 1)]
            title = f"Checkpoint: {self.quiz.title}"
            self._widget = QuizWidget(self._receive, title=title, questions=shown)
            self._show_all(self._widget)
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

    def _check(self, question: Question, answer: object, token: str | None = None) -> Grade:
        with self._lock:
            grade = question.grade(answer)
            if grade.outcome != "not attempted":
                kept = question.kept(answer)
                log = store.default_store()
                attempt = log.record(KIND, question.id, kept, grade.outcome, grade.score)
                self.notice = log.notice
                self.answered[question.id] = Answered(kept, grade, attempt)
                self._standing[question.id].cleared = False
            self._show(question, token, grade)
            return grade

    def _receive(self, message: Mapping[str, Any]) -> None:
        question = next((q for q in self.questions if q.id == message.get("question")), None)
        if question is None:
            return
        token = str(message.get("token"))
        with self._lock:
            match message.get("type"):
                case "check":
                    self._check(question, message.get("answer"), token)
                case "again":
                    self._standing[question.id] = Standing(cleared=True)
                    self._show(question, token)

    def _show(self, question: Question, token: str | None, grade: Grade | None = None) -> None:
        if self._widget is None:
            return
        # The notice of an answer stands below it: above the questions it would move them.
        notice = {} if self.notice else {"notice": ""}
        state = self._state(question, token, grade, self.notice or "")
        self._widget.show_states({question.id: state}, summary=self.summary(), **notice)

    def _show_all(self, widget: QuizWidget) -> None:
        states = {each.id: self._state(each) for each in self.questions if each.id in self.answered}
        widget.show_states(states, summary=self.summary(), notice=self.notice or "")

    def _state(
        self,
        question: Question,
        token: str | None = None,
        grade: Grade | None = None,
        notice: str = "",
    ) -> dict[str, Any]:
        from quizzes import page

        standing = self._standing[question.id]
        answered = None if standing.cleared else self.answered.get(question.id)
        grade = grade or (answered.grade if answered else None)
        return page.state(
            token=token,
            answer=answered.answer if answered else None,
            grade=grade,
            others=page.others(question) if grade and grade.outcome == "right" else "",
            notice=notice,
            help=standing.helped,
        )


def checkpoint(name: str) -> Checkpoint:
    """Give the quiz called `name`, such as "first-function", with the answers saved so far.

    Called again in the same kernel it gives the same quiz, unless its questions were changed.
    Raises `UnknownQuiz`, a KeyError, for a name that no quiz has.
    """
    quiz = load_quiz(name)
    if quiz.planned:
        raise UnknownQuiz(f"The lesson “{quiz.title}” is planned; its checkpoint comes with it.")
    shown = _open.get(quiz.quiz)
    if shown is None or shown.quiz != quiz:
        shown = _open[quiz.quiz] = Checkpoint(quiz)
    else:
        shown.restore()
    return shown


def _in_a_kernel() -> bool:
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None
