"""A lesson's quiz as the learner meets it: shown, answered, saved and shown again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from queue import Empty, SimpleQueue
from threading import RLock, Thread
from typing import TYPE_CHECKING, Any

from quizzes import store, text
from quizzes.asked import KIND, TRIES, Answered, Asked
from quizzes.attempts import Attempt
from quizzes.grading import Grade, not_attempted
from quizzes.loading import UnknownQuestion, UnknownQuiz, load_quiz
from quizzes.markup import Words
from quizzes.model import Question, Quiz

if TYPE_CHECKING:
    from quizzes.widget import QuizWidget

LOOK_SECONDS = 20
"""After so long, looking at the lab cloud for the answer to a lab question is given up."""

_open: dict[str, Checkpoint] = {}


class Checkpoint:
    """The quiz of one lesson: shown at the end of a cell; `answer` works without a screen."""

    def __init__(self, quiz: Quiz) -> None:
        self.quiz = quiz
        self.notice: str | None = None
        self._asked = [Asked(question) for question in quiz.questions]
        self._looking: set[str] = set()
        self._widget: QuizWidget | None = None
        self._lock = RLock()  # a page's messages may come in a thread of their own
        self.restore()

    @property
    def questions(self) -> tuple[Question, ...]:
        """The questions in order."""
        return self.quiz.questions

    @property
    def answered(self) -> dict[str, Answered]:
        """The learner's present answers, by the question's id."""
        return {each.question.id: each.answered for each in self._asked if each.answered}

    def answer(self, question: str | int, answer: object = None) -> Grade:
        """Grade and save an answer, and show it where the quiz is shown.

        `question` is a question's id, or its number from 1. `answer` is what its
        instruction asks for, such as "b", ["a", "c"] or "3 s"; a lab question needs none. An answer
        that cannot be judged is not saved.
        Raises `UnknownQuestion`, a KeyError, for a question that is not in this quiz.
        """
        asked = self._find(question)
        grade = self._take(asked, answer, _judged(asked.question, answer))
        if self.notice:
            grade = replace(grade, feedback=f"{grade.feedback}\n\n{self.notice}")
        return grade

    def hint(self, question: str | int) -> Words:
        """Show the next hint, and give all hints shown so far."""
        asked = self._change(question, Asked.hint)
        none = "There are no hints for this question."
        return Words("\n\n".join(asked.help()[: asked.hints]) or none)

    def solution(self, question: str | int) -> Words:
        """Show the solution, once it may be shown."""
        asked = self._change(question, Asked.reveal)
        not_yet = f"The solution is shown after {TRIES} tries that were not right."
        return Words(asked.help()[-1] if asked.revealed else not_yet)

    def new_numbers(self, question: str | int) -> Words:
        """Ask a question that has parameters with its next numbers, and give its text."""
        asked = self._change(question, Asked.renew)
        return Words(asked.question.body())

    def restore(self) -> None:
        """Read the saved answers again: another kernel may have added some."""
        log = store.default_store()
        with self._lock:
            saved: dict[str, list[Attempt]] = {}
            for attempt in log.counting():
                if (attempt.kind, attempt.mode) == (KIND, "quiz"):
                    saved.setdefault(attempt.item_id, []).append(attempt)
            self.notice = log.notice
            for asked in self._asked:
                asked.restore(saved.get(asked.question.id, []))
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
        attempts = (each.attempt for each in self.answered.values())
        last = max(attempts, key=lambda attempt: attempt.sequence)
        leaving = ", but only until this Binder session ends: download it in notebook 00"
        return f"{right} · saved {last.local_time()}{leaving * store.on_binder()}"

    def widget(self) -> QuizWidget:
        """Give the widget of this quiz, made on first use; all its views show the same answers."""
        if self._widget is None or self._widget.comm is None:
            from quizzes.widget import QuizWidget

            self._widget = QuizWidget(self._receive, title=f"Checkpoint: {self.quiz.title}")
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
        if in_a_kernel():
            shown, metadata = self.widget().bundle()
            data = {**shown, **data}  # our text in place of the widget's own
        return data, metadata

    def _find(self, question: str | int) -> Asked:
        for number, asked in enumerate(self._asked, 1):
            if question in (number, asked.question.id) and not isinstance(question, bool):
                return asked
        ids = ", ".join(each.id for each in self.questions)
        raise UnknownQuestion(
            f"There is no question {question!r} in this quiz; give a number from 1 to "
            f"{len(self.questions)} or one of these ids: {ids}."
        )

    def _receive(self, message: Mapping[str, Any]) -> None:
        named = message.get("question")
        asked = next((each for each in self._asked if each.question.id == named), None)
        if asked is None or asked.question.id in self._looking:
            return
        token, answer = str(message.get("token")), message.get("answer")
        match message.get("type"):
            case "check" if asked.question.kind == "lab":
                self._look(asked, token)
            case "check":
                self._take(asked, answer, asked.question.grade(answer), token)
            case "hint":
                self._change(named, Asked.hint, token)
            case "reveal":
                self._change(named, Asked.reveal, token)
            case "again":
                self._change(named, Asked.again, token)
            case "renew":
                self._change(named, Asked.renew, token)

    def _take(self, asked: Asked, answer: object, grade: Grade, token: str | None = None) -> Grade:
        with self._lock:
            if grade.outcome != "not attempted":
                self.notice = asked.take(answer, grade)
            self._show(asked, asked.state(token, grade, self.notice or ""))
        return grade

    def _change(
        self, question: Any, change: Callable[[Asked], None], token: str | None = None
    ) -> Asked:
        asked = self._find(question)
        with self._lock:
            change(asked)
            self._show(asked, asked.state(token))
        return asked

    def _look(self, asked: Asked, token: str) -> None:
        """Judge a lab question beside all else: neither cells nor other questions wait for it."""

        def look() -> None:
            grade = _judged(asked.question, None)
            self._looking.discard(asked.question.id)
            self._take(asked, None, grade, token)

        self._looking.add(asked.question.id)
        looking = not_attempted("Looking at the lab cloud …")
        self._show(asked, asked.state(token, looking, busy=True))
        Thread(target=look, daemon=True).start()

    def _show(self, asked: Asked, state: dict[str, Any]) -> None:
        if self._widget is None:
            return
        # The notice of an answer stands below it: above the questions it would move them.
        notice = {} if self.notice else {"notice": ""}
        self._widget.show_states(
            {asked.question.id: state},
            questions=self._as_shown(),
            summary=self.summary(),
            **notice,
        )

    def _show_all(self, widget: QuizWidget) -> None:
        states = {each.question.id: each.state() for each in self._asked}
        widget.show_states(
            states,
            questions=self._as_shown(),
            summary=self.summary(),
            notice=self.notice or "",
        )

    def _as_shown(self) -> list[dict[str, Any]]:
        total = len(self._asked)
        return [each.page(n, total) for n, each in enumerate(self._asked, 1)]


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


def _judged(question: Question, answer: object) -> Grade:
    """Grade an answer; give up on a lab cloud that does not answer."""
    if question.kind != "lab":
        return question.grade(answer)
    judged: SimpleQueue[Grade] = SimpleQueue()
    Thread(target=lambda: judged.put(question.grade(answer)), daemon=True).start()
    try:
        return judged.get(timeout=LOOK_SECONDS)
    except Empty:
        return not_attempted(
            f"The lab cloud has not answered within {LOOK_SECONDS} seconds: wait for the cell that "
            "is running, or start the lab again with `Lab.start()`, then check."
        )


def in_a_kernel() -> bool:
    """Say whether this runs in a notebook's kernel, so that widgets can be shown."""
    from IPython import get_ipython

    return getattr(get_ipython(), "kernel", None) is not None
