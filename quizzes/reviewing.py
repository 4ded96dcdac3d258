"""Review: questions that were answered before come back when they are due, one at a time.

What is due follows from the log of attempts alone (`quizzes.schedule`). Questions of the exam join
once they were met there; questions with parameters come back with other numbers. Lab questions and
those of the interview do not come back: the ones need a lab in a certain state, the others rate
themselves.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import TYPE_CHECKING, Any

from quizzes import markup, store, text
from quizzes.asked import Asked
from quizzes.grading import Grade, not_attempted
from quizzes.loading import Bank, UnknownName, load_bank
from quizzes.markup import Words
from quizzes.quiz import in_a_kernel
from quizzes.schedule import Recall, recalls

if TYPE_CHECKING:
    from quizzes.model import Question
    from quizzes.widget import QuizWidget

MODE = "review"
LEFT_OUT = ("lab", "open")
HOW = (
    "Run this cell in JupyterLab to review here, or write in Python:\n"
    '    today = review()\n    print(today)\n    today.answer("b")\n    today.next()'
)
NEXT = {"id": "next", "text": "Next question"}
FINISH = {"id": "next", "text": "Finish"}
SKIP = {"id": "skip", "text": "Not now"}
LOOK = {"id": "next", "text": "Look again"}
_open: dict[str | None, Review] = {}


class Review:
    """What is due for review; shown at the end of a cell, and `answer` works without a screen."""

    def __init__(self, lesson: str | None = None, clock: Callable[[], datetime] | None = None):
        self.lesson = lesson
        self.notice: str | None = None
        self._clock = clock or (lambda: datetime.now(UTC))
        self._asked: Asked | None = None
        self._skipped: set[str] = set()
        self._outcomes: list[str] = []
        self._recalls: list[Recall] = []
        self._widget: QuizWidget | None = None
        self._lock = RLock()  # a page's messages may come in a thread of their own
        self.next()

    @property
    def question(self) -> Question | None:
        """The question that is asked now, None when nothing is due."""
        return self._asked.question if self._asked else None

    @property
    def due(self) -> int:
        """How many questions are due now, the one that is asked too until it is answered."""
        now = self._clock()
        return sum(each.due <= now for each in self._recalls)

    @property
    def next_due(self) -> datetime | None:
        """When the question comes back that is due first; None while nothing was answered."""
        return self._recalls[0].due if self._recalls else None

    def answer(self, answer: object = None) -> Grade:
        """Grade and save an answer to the question that is asked, and say when it comes back.

        `answer` is what the question's instruction asks for, such as "b", ["a", "c"] or "3 s".
        """
        with self._lock:
            if self._asked is None:
                return not_attempted(self.summary())
            if self._asked.answered is not None:
                return not_attempted("This question is answered; `.next()` asks the next one.")
            grade = self._take(self._asked, answer)
            if grade.outcome == "not attempted":
                return grade
            return replace(grade, feedback=f"{grade.feedback}\n\n{self._afterwards()}")

    def next(self) -> Review:
        """Go on to the next question that is due, unless the present one is not answered yet."""
        with self._lock:
            if self._asked is None or self._asked.answered is not None:
                self._look()
        return self

    def skip(self) -> Review:
        """Put the question off until the review is begun again."""
        with self._lock:
            if self._asked is not None and self._asked.answered is None:
                self._skipped.add(self._asked.question.id)
                self._look()
        return self

    def hint(self) -> Words:
        """Show the next hint, and give all hints shown so far."""
        if self._asked is None:
            return Words(self.summary())
        self._asked.hint()
        self._show()
        return Words("\n\n".join(self._asked.help()) or "There are no hints for this question.")

    def solution(self) -> Words:
        """Show the solution of the question that was just answered."""
        if self._asked is None or self._asked.answered is None:
            return Words("The solution is shown once you have answered.")
        self._asked.revealed = True
        self._show()
        return Words(self._asked.help()[-1])

    def summary(self) -> str:
        """Say how many questions are due, and when the next one is."""
        done = self._so_far()
        if not self._recalls:
            return "Nothing to review yet: questions join once you have answered them in a lesson."
        if self.due:
            put_off = f", {len(self._skipped)} put off" * bool(self._skipped)
            return f"{text.counted(self.due)} due{put_off}{done}"
        coming = said_when(self._recalls[0].due, self._clock())
        total = text.counted(len(self._recalls))
        return f"Nothing is due{done}. The next of {total} comes back {coming}."

    def __repr__(self) -> str:
        parts = [f"Review: {self.summary()}"]
        if self._asked is not None:
            parts.append(text.asked(self._asked.question, self._number()))
            if self._asked.answered is not None:
                parts.append(markup.to_text(self._asked.answered.grade.feedback))
        return "\n\n".join(parts)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        if not in_a_kernel():
            return {"text/plain": repr(self)}, {}
        # The same for everybody: a stored notebook does not depend on who ran it.
        words = f"Review: what is due, one question at a time. {HOW}"
        lead, _colon, code = words.partition(":\n")
        as_html = f"<p>{html.escape(lead)}:</p><pre>{html.escape(code)}</pre>"
        shown, metadata = self.widget().bundle()
        return {**shown, "text/plain": words, "text/html": as_html}, metadata

    def widget(self) -> QuizWidget:
        """Give the widget of this review, made on first use."""
        if self._widget is None or self._widget.comm is None:
            from quizzes.widget import QuizWidget

            self._widget = QuizWidget(self._receive, title="Review")
            self._show()
        return self._widget

    def _receive(self, message: Mapping[str, Any]) -> None:
        with self._lock:
            token = str(message.get("token"))
            asked = self._asked
            if message.get("type") == "action":
                (self.skip if message.get("action") == SKIP["id"] else self.next)()
            elif asked is None or asked.question.id != message.get("question"):
                return
            elif message.get("type") == "check":
                if asked.answered is None:
                    self._take(asked, message.get("answer"), token)
                else:
                    self._show(token)
            elif message.get("type") == "hint":
                asked.hint()
                self._show(token)
            elif message.get("type") == "reveal" and asked.answered is not None:
                asked.revealed = True
                self._show(token)

    def _take(self, asked: Asked, answer: object, token: str | None = None) -> Grade:
        grade = asked.question.grade(answer)
        if grade.outcome != "not attempted":
            self.notice = asked.take(answer, grade)
            self._outcomes.append(grade.outcome)
            self._read()
        self._show(token, grade)
        return grade

    def _look(self) -> None:
        bank = self._read()
        now = self._clock()
        due = [
            each for each in self._recalls if each.due <= now and each.item_id not in self._skipped
        ]
        self._asked = _asked(bank[due[0].item_id], due[0].seed) if due else None
        self._show()

    def _read(self) -> Bank:
        bank = load_bank()
        log = store.default_store()
        found = recalls(log.counting(), self._clock())
        self._recalls = [each for each in found if _returns(bank, each.item_id, self.lesson)]
        self.notice = log.notice or self.notice
        return bank

    def _number(self) -> int:
        """Give the place of the question in this sitting, from 1."""
        answered = self._asked is not None and self._asked.answered is not None
        return len(self._outcomes) + (not answered)

    def _so_far(self) -> str:
        right = self._outcomes.count("right")
        return f" · {len(self._outcomes)} answered now, {right} right" if self._outcomes else ""

    def _afterwards(self) -> str:
        """Say when the question that was just answered comes back, and what went wrong."""
        assert self._asked is not None
        id_ = self._asked.question.id
        due = next((each.due for each in self._recalls if each.item_id == id_), None)
        words = f"It comes back {said_when(due, self._clock())}." if due else ""
        return "\n\n".join(filter(None, [words, self.notice]))

    def _show(self, token: str | None = None, grade: Grade | None = None) -> None:
        if self._widget is None:
            return
        asked = self._asked
        if asked is None:
            self._widget.show_states(
                {}, questions=[], summary=self.summary(), actions=[LOOK], notice=self.notice or ""
            )
            return
        answered = asked.answered is not None
        others = any(
            each.due <= self._clock() and each.item_id not in {*self._skipped, asked.question.id}
            for each in self._recalls
        )
        state = asked.state(token, grade, self._afterwards() if answered else "")
        missed = asked.answered is not None and asked.answered.grade.outcome != "right"
        state |= {"again": False, "reveal": missed and not asked.revealed}
        following = [NEXT if others else FINISH]
        self._widget.show_states(
            {asked.question.id: state},
            questions=[
                asked.page(1, 1) | {"heading": f"Question {self._number()}", "renewable": False}
            ],
            summary=self.summary(),
            actions=following if answered else [SKIP],
        )


def review(lesson: str | None = None) -> Review:
    """Give what is due for review, in one lesson ("02") or in all.

    Called again in the same kernel it goes on with the same review. Raises `UnknownName`, a
    KeyError, for a lesson that has no questions.
    """
    if lesson is not None and lesson not in {quiz.lesson for quiz in load_bank().quizzes.values()}:
        raise UnknownName(f"There are no questions of lesson {lesson!r}; write it as in “02”.")
    if lesson not in _open:
        _open[lesson] = Review(lesson)
    return _open[lesson].next()


def said_when(moment: datetime, now: datetime) -> str:
    """Say when something comes, as the learner's clock shows it: "in 9 minutes", "on 23 Nov"."""
    minutes = -(-(moment - now) // timedelta(minutes=1))
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"in {minutes} minute{'s' * (minutes != 1)}"
    local, today = moment.astimezone(), now.astimezone()
    if local.date() == today.date():
        return f"today at {local:%H:%M}"
    year = "" if local.year == today.year else f" {local.year}"
    return f"on {local.day} {local:%b}{year}"


def _asked(question: Question, seed: int) -> Asked:
    """Put a question again: with other numbers, or its options in another order, if it can."""
    asked = Asked(question, mode=MODE)
    asked.question = question.instance(question.fresh(seed))
    return asked


def _returns(bank: Bank, question_id: str, lesson: str | None) -> bool:
    home = bank.home(question_id)
    if home is None or bank[question_id].kind in LEFT_OUT:
        return False
    return lesson is None or home.lesson == lesson
