"""What the page is told of a question and of its state: nothing that is not due."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quizzes import markup, text
from quizzes.grading import Grade
from quizzes.model import Multiple, Numeric, Question
from quizzes.numbers import unit_name

LABELS = {"right": "Right", "partly": "Partly right", "wrong": "Not yet right"}


def question(asked: Question, number: int, total: int) -> dict[str, Any]:
    """Give the part of a question that is shown before it is answered; texts are safe HTML."""
    lead, _, rest = asked.prompt.partition("\n\n")
    if lead.startswith(("```", "- ", "    ", "|", ">")):
        lead, rest = "", asked.prompt
    shown: dict[str, Any] = {
        "id": asked.id,
        "kind": asked.kind,
        "heading": f"Question {number} of {total}",
        "lead": markup.to_inline_html(markup.fill(lead)),
        "rest": markup.to_html(markup.fill(rest)),
        "instruction": text.instruction(asked),
        "room": _room(asked),
        "hints": 0,
    }
    if isinstance(asked, Numeric):
        return shown | {"unit": unit_name(asked.unit) if asked.unit else ""}
    options = [
        {"letter": letter, "html": markup.to_inline_html(markup.fill(option.text))}
        for letter, option in asked.options.items()
    ]
    return shown | {"options": options}


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
    if isinstance(asked, Numeric):
        return ""
    items = "".join(
        f"<li><strong>{letter}</strong> {markup.to_inline_html(markup.fill(option.reason))}</li>"
        for letter, option in asked.options.items()
        if not option.right
    )
    return f"<details><summary>Why not the others?</summary><ul>{items}</ul></details>"


def _room(asked: Question) -> int:
    """Give the length in characters of long feedback, so that the page can keep room for it."""
    if isinstance(asked, Numeric):
        reasons = [asked.reason, asked.otherwise, *(each.reason for each in asked.mistakes)]
    else:
        reasons = [option.reason for option in asked.options.values()]
    lengths = sorted((len(markup.to_text(markup.fill(reason))) for reason in reasons), reverse=True)
    longest = sum(lengths[:2]) if isinstance(asked, Multiple) else lengths[0]
    return -(-longest // 40) * 40
