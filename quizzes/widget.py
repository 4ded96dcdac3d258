"""The quiz in the page: one anywidget component for a whole quiz.

What is synchronised with the page is the questions, and for each answered one the answer and its
feedback as HTML. The key and the reasons of options that were not chosen stay in the kernel. The
page asks it to grade with a message ``{"type": "check", "question": id, "answer": …, "token": …}``,
and the reply is the question's new state with that token.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from quizzes import markup, text
from quizzes.grading import Grade
from quizzes.model import Multiple, Numeric, Question
from quizzes.numbers import unit_name

if TYPE_CHECKING:
    from quizzes.quiz import Checkpoint

STATIC = Path(__file__).parent / "static"


class CheckpointWidget(anywidget.AnyWidget):
    """The widget of one `Checkpoint`; every view of it shows the same answers."""

    _esm = STATIC / "checkpoint.js"
    _css = STATIC / "checkpoint.css"

    title = traitlets.Unicode().tag(sync=True)
    questions: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    states = traitlets.Dict().tag(sync=True)
    summary = traitlets.Unicode().tag(sync=True)
    notice = traitlets.Unicode().tag(sync=True)

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        quiz = checkpoint.quiz
        super().__init__(
            title=f"Checkpoint: {quiz.title}",
            questions=[_as_shown(question) for question in quiz.questions],
        )
        self.show_all()
        self.on_msg(self._receive)

    def bundle(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Give the MIME bundle that shows a view, and its metadata."""
        return self._repr_mimebundle_() or ({}, {})

    def show_all(self) -> None:
        """Show every saved answer and the count of right ones."""
        answered = self._checkpoint.answered
        self._update(
            {
                question.id: self._state(question, answered[question.id].grade)
                for question in self._checkpoint.questions
                if question.id in answered
            }
        )
        self.notice = self._checkpoint.notice or ""

    def show(self, question: Question, grade: Grade, token: str | None = None) -> None:
        """Show a grade in every view; `token` tells the view that asked for it."""
        state = self._state(question, grade) | {"token": token}
        if self._checkpoint.notice:  # below the answer: above the questions it would move them
            state["feedback"] += markup.to_html(self._checkpoint.notice)
        else:
            self.notice = ""
        self._update(self.states | {question.id: state})

    def _update(self, states: dict[str, Any]) -> None:
        with self.hold_sync():
            self.states = states
            self.summary = self._checkpoint.summary()

    def _state(self, question: Question, grade: Grade) -> dict[str, Any]:
        answered = self._checkpoint.answered.get(question.id)
        return {
            "serial": self.states.get(question.id, {}).get("serial", 0) + 1,
            "token": None,
            "answer": answered.answer if answered else None,
            "outcome": grade.outcome,
            "feedback": markup.to_html(grade.feedback),
            "others": _others(question) if grade.outcome == "right" else "",
        }

    def _receive(self, _: Any, content: Any, buffers: Any) -> None:
        if not isinstance(content, dict) or content.get("type") != "check":
            return
        for question in self._checkpoint.questions:
            if question.id == content.get("question"):
                token = content.get("token")
                self._checkpoint.check(question, content.get("answer"), str(token))


def _as_shown(question: Question) -> dict[str, Any]:
    lead, _, rest = question.prompt.partition("\n\n")
    if lead.startswith(("```", "- ", "    ", "|", ">")):
        lead, rest = "", question.prompt
    shown: dict[str, Any] = {
        "id": question.id,
        "kind": question.kind,
        "lead": markup.to_inline_html(markup.fill(lead)),
        "rest": markup.to_html(markup.fill(rest)),
        "instruction": text.instruction(question),
        "room": _room(question),
    }
    if isinstance(question, Numeric):
        unit = unit_name(question.unit) if question.unit else ""
        return shown | {"unit": unit, "instruction": ""}  # the field's label says it all
    options = [
        {"letter": letter, "html": markup.to_inline_html(markup.fill(option.text))}
        for letter, option in question.options.items()
    ]
    return shown | {"options": options}


def _room(question: Question) -> int:
    """Give the length in characters of long feedback, so that the page can keep room for it."""
    if isinstance(question, Numeric):
        reasons = [
            question.reason,
            question.otherwise,
            *(each.reason for each in question.mistakes),
        ]
    else:
        reasons = [option.reason for option in question.options.values()]
    lengths = sorted((len(markup.to_text(markup.fill(reason))) for reason in reasons), reverse=True)
    longest = sum(lengths[:2]) if isinstance(question, Multiple) else lengths[0]
    return -(-longest // 40) * 40


def _others(question: Question) -> str:
    """Give the reasons of the options a right answer leaves out."""
    if isinstance(question, Numeric):
        return ""
    items = "".join(
        f"<li><strong>{letter}</strong> {markup.to_inline_html(markup.fill(option.reason))}</li>"
        for letter, option in question.options.items()
        if not option.right
    )
    return f"<details><summary>Why not the others?</summary><ul>{items}</ul></details>"
