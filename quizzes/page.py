"""What the page is told of a question and of its state: nothing that is not due."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quizzes import markup
from quizzes.grading import Grade
from quizzes.model import Question

LABELS = {"right": "Right", "partly": "Partly right", "wrong": "Not yet right"}


def question(asked: Question, number: int, total: int) -> dict[str, Any]:
    """Give the part of a question that is shown before it is answered; texts are safe HTML."""
    return asked.shown() | {"heading": f"Question {number} of {total}"}


def state(
    *,
    token: str | None = None,
    answer: Any = None,
    grade: Grade | None = None,
    others: str = "",
    label: str = "",
    notice: str = "",
    help: Sequence[str] = (),
    hints_left: int = 0,
    reveal: bool = False,
    busy: bool = False,
) -> dict[str, Any]:
    """Give the state of a question: the learner's `answer` and what is said of it.

    `token` names the page's request that this replies to. `help` is the hints and the solution
    shown so far, in Markdown; `reveal` offers the solution. `label` stands beside the heading.
    """
    outcome = grade.outcome if grade else ""
    feedback = markup.to_html(grade.feedback) if grade else ""
    return {
        "token": token,
        "answer": answer,
        "outcome": outcome,
        "feedback": feedback + (markup.to_html(notice) if notice else ""),
        "others": others,
        "label": label or LABELS.get(outcome, ""),
        "help": [markup.to_html(piece) for piece in help],
        "hints_left": hints_left,
        "again": outcome in LABELS,
        "reveal": reveal,
        "busy": busy,
    }


def others(asked: Question) -> str:
    """Give the reasons of the options that a right answer leaves out, as HTML to unfold."""
    items = "".join(
        f"<li><strong>{letter}</strong> {markup.to_inline_html(reason)}</li>"
        for letter, reason in asked.left_out()
    )
    return items and f"<details><summary>Why not the others?</summary><ul>{items}</ul></details>"
