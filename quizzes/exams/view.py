"""The exam in the page: one question at a time, the others in an overview, the clock above."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from quizzes import page
from quizzes.asked import Asked
from quizzes.exams import words
from quizzes.exams.words import ExamError
from quizzes.grading import Grade
from quizzes.markup import to_html
from quizzes.widget import QuizWidget

if TYPE_CHECKING:
    from quizzes.exams.exam import Exam
    from quizzes.exams.marking import Placed

_HELP = {"hint": Asked.hint, "reveal": Asked.reveal, "again": Asked.again, "renew": Asked.renew}
_BEGIN = {"exam": "Begin the exam", "practice": "Begin practice", "interview": "Begin the drill"}
_LEADING = [
    {"id": "back", "text": "Previous"},
    {"id": "on", "text": "Next"},
    {"id": "finish", "text": "Finish"},
]
_ASKING = [{"id": "stay", "text": "Go on answering"}, {"id": "sure", "text": "Finish now"}]


class View:
    """What the page shows of an `Exam`; messages of the page come to `_receive`."""

    def __init__(self, exam: Exam) -> None:
        self.exam = exam
        self._place = 0
        self._asking = False  # whether to finish with questions unanswered
        self._sitting = ""
        feedback = "none" if exam.mode == "exam" else "at once"
        self.widget = QuizWidget(self._receive, title=exam.name, feedback=feedback)

    def show(self, token: str | None = None, said: Any = None) -> None:
        """Show where the learner stands; `said` answers the page's request `token`."""
        exam = self.exam
        if exam.sitting and exam.sitting.id != self._sitting:
            self._sitting, self._place, self._asking = exam.sitting.id, 0, False
        if not exam.running:
            self._show_rest(said)
            return
        here = exam.questions[self._place]
        left = exam.time_left()
        states, questions = {}, []
        if here.asked is not None:
            questions = [here.asked.page(here.number, len(exam.questions))]
            states = {here.drawn.id: self._state(here.asked, token, said)}
        self.widget.show_states(
            states,
            questions=questions,
            overview=[self._overview(each) for each in exam.questions],
            summary=exam.open_questions(),
            intro="" if here.asked else to_html(words.GONE),
            notice=self._notice(),
            actions=_ASKING if self._asking else _LEADING,
            timer="Time left: {left}" if left is not None else "",
            seconds_left=left.total_seconds() if left is not None else None,
        )

    def _show_rest(self, said: Any) -> None:
        exam = self.exam
        begin = _BEGIN[exam.mode]
        report = f"{exam.report().html()}<hr>" if exam.sitting else ""
        self.widget.show_states(
            {},
            questions=[],
            overview=[],
            summary="",
            intro=f"{report}{to_html(words.card(exam))}",
            notice=" ".join(filter(None, [str(said) if said else "", exam.notice or ""])),
            actions=[{"id": "begin", "text": begin if not exam.sitting else f"{begin} again"}],
            timer="",
            seconds_left=None,
        )

    def _notice(self) -> str:
        asking = f"{self.exam.open_questions()} Finish all the same?" if self._asking else ""
        return " ".join(filter(None, [asking, self.exam.notice or ""]))

    def _overview(self, each: Placed) -> dict[str, Any]:
        kept = self.exam.answers.get(each.drawn.id)
        outcome = kept.outcome if kept else ""
        if self.exam.mode == "exam":
            outcome = "saved" if kept else ""
        label = page.LABELS.get(outcome, "Saved") if outcome else "No answer"
        here = each.number == self._place + 1
        return {"number": each.number, "state": outcome, "label": label, "here": here}

    def _state(self, asked: Asked, token: str | None, said: Any) -> dict[str, Any]:
        grade = said if isinstance(said, Grade) else None
        if self.exam.mode != "exam":
            return asked.state(token, grade)
        kept = asked.answered
        state = page.state(
            token=token,
            answer=kept.answer if kept else None,
            grade=grade,
            label="Saved" if kept else "",
            notice=str(said) if said and not grade else "",
        )
        return state if grade or not kept else state | {"outcome": "saved"}

    def _receive(self, message: Mapping[str, Any]) -> None:
        with self.exam.lock:
            if message.get("type") == "action":
                self._act(str(message.get("action")))
                return
            asked = message.get("question")
            here = next((each for each in self.exam.questions if each.drawn.id == asked), None)
            if here is None:
                return
            said = None
            if message.get("type") in {"check", "save"}:
                said = self.exam.judge(here, message.get("answer"))
            elif self.exam.mode != "exam" and here.asked and message.get("type") in _HELP:
                _HELP[message["type"]](here.asked)
            self.show(str(message.get("token")), said)

    def _act(self, action: str) -> None:
        exam, last = self.exam, max(0, len(self.exam.questions) - 1)
        said: Any = None
        match action:
            case "back" | "on":
                self._place = min(max(self._place + (1 if action == "on" else -1), 0), last)
            case "begin":
                said = self._begin()
            case "finish":
                self._asking = bool(exam.unanswered())
                if not self._asking:
                    exam.finish()
            case "stay":
                self._asking = False
            case "sure":
                exam.finish(sure=True)
            case "time-up":
                exam.restore()
            case _ if action.isascii() and action.isdecimal() and 0 < int(action) <= last + 1:
                self._place = int(action) - 1  # from the overview
        self.show(said=said)

    def _begin(self) -> Any:
        try:
            self.exam.start()
        except ExamError as error:
            return error
        return None
