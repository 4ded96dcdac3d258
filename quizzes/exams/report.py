"""The report of a sitting: points by objective, and the lessons to read again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from quizzes import text
from quizzes.markup import to_html

_OUTCOMES = {
    "right": "right",
    "partly": "partly right",
    "wrong": "wrong",
    "not attempted": "not answered",
}
_TABLE = "border-collapse:collapse;text-align:left"
_CELL = "padding:.2em .8em .2em 0;text-align:left;vertical-align:top"


@dataclass(frozen=True, slots=True)
class Objective:
    """What the course says of an objective: `text` continues "you can …".

    `notebook` is the file of its lesson, beside the notebook that shows the report; it is empty for
    a lesson that is not written yet.
    """

    id: str
    text: str
    lesson: str
    title: str
    notebook: str = ""


@dataclass(frozen=True, slots=True)
class Worth:
    """A question of the sitting: its objective, and what the answer was worth, from 0 to 1.

    The rest is Markdown: the question, what is said of the answer, and the solution.
    """

    objective: Objective
    outcome: str
    score: float
    prompt: str = ""
    said: str = ""
    solution: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """The points of one objective."""

    objective: Objective
    asked: int
    points: float


@dataclass(frozen=True, slots=True)
class Report:
    """How a sitting went; `gone` counts questions that the bank no longer has.

    A `pass_mark` of 0 stands for an interview drill, in which learners rate themselves.
    """

    title: str
    asked: Sequence[Worth]
    pass_mark: int
    ended: datetime | None = None
    by_time: bool = False
    gone: int = 0

    @property
    def points(self) -> float:
        """The sum of the scores."""
        return math.fsum(each.score for each in self.asked)

    @property
    def score(self) -> float:
        """The share of the points, from 0 to 1."""
        return self.points / len(self.asked) if self.asked else 0.0

    @property
    def percent(self) -> int:
        """The share of the points in whole percent, never rounded up."""
        return math.floor(100 * self.score + 1e-9)

    @property
    def passed(self) -> bool:
        """Whether the pass mark is reached."""
        return self.percent >= self.pass_mark

    def parts(self) -> list[Part]:
        """Give the points of every objective asked, in the order of the lessons."""
        grouped: dict[Objective, list[Worth]] = {}
        for each in self.asked:
            grouped.setdefault(each.objective, []).append(each)
        parts = [
            Part(objective, len(those), math.fsum(each.score for each in those))
            for objective, those in grouped.items()
        ]
        return sorted(parts, key=lambda part: (part.objective.lesson, part.objective.text))

    def answers(self) -> str:
        """Write every question for a terminal: what is said of the answer, and the solution."""
        parts = []
        for number, each in enumerate(self.asked, 1):
            said = each.said or "Not answered."
            lines = [f"{number}. {text.wrapped(each.prompt).lstrip()}", text.wrapped(said, "   ")]
            if each.outcome != "right" and each.solution:
                lines.append(text.wrapped(f"Solution: {each.solution}", "   "))
            parts.append("\n".join(lines))
        return "\n\n".join(parts)

    def to_read_again(self) -> list[tuple[str, str, str, float]]:
        """Give number, title, notebook and lost points of lessons, the most lost first."""
        lost: dict[tuple[str, str, str], float] = {}
        for part in self.parts():
            lesson = (part.objective.lesson, part.objective.title, part.objective.notebook)
            lost[lesson] = lost.get(lesson, 0.0) + part.asked - part.points
        some = [(*lesson, points) for lesson, points in lost.items() if points > 1e-9]
        return sorted(some, key=lambda each: -each[3])

    def verdict(self) -> str:
        """Say the result in a few sentences."""
        done = sum(each.outcome != "not attempted" for each in self.asked)
        reached = f"{self.percent} percent ({_points(self.points)} of {len(self.asked)} points)"
        if self.pass_mark:
            passed = "Passed" if self.passed else "Not passed"
            words = f"{passed}: {reached}; {self.pass_mark} percent are needed."
        else:
            words = f"By your own rating: {reached}."
        words += f" {done} of {len(self.asked)} answered."
        if self.by_time:
            words += " Time ran out; what was answered before counts."
        if self.gone:
            are = "question is" if self.gone == 1 else "questions are"
            words += f" {self.gone} {are} no longer in the bank and not counted."
        return words

    def __repr__(self) -> str:
        lines = [f"Report: {self.title}", self.verdict(), ""]
        lesson = ""
        for part in self.parts():
            if part.objective.lesson != lesson:
                lesson = part.objective.lesson
                lines.append(f"{lesson} {part.objective.title}")
            points = f"{_points(part.points)} of {part.asked}"
            lines.append(f"   {points:>9}  {part.objective.text}")
        again = self.to_read_again()
        if again:
            lines += ["", "Read again, the most worthwhile first:"]
            lines += [f"   {number} {title}" for number, title, *_ in again]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return self.html()

    def html(self) -> str:
        """Give the report as HTML without styles of its own but for a table's cells."""
        head = "".join(
            f'<th scope="col" style="{_CELL}">{each}</th>'
            for each in ("Lesson", "You can …", "Points")
        )
        rows = "".join(
            f'<tr><td style="{_CELL}">{_lesson(part.objective)}</td>'
            f'<td style="{_CELL}">{escape(part.objective.text)}</td>'
            f'<td style="{_CELL};white-space:nowrap">{_points(part.points)} of {part.asked}</td>'
            "</tr>"
            for part in self.parts()
        )
        again = "".join(
            f"<li>{_link(f'{number} {title}', notebook)}</li>"
            for number, title, notebook, _ in self.to_read_again()
        )
        advice = f"<p>Read again, the most worthwhile first:</p><ul>{again}</ul>" if again else ""
        return (
            f"<p><strong>{escape(self.verdict())}</strong></p>{advice}"
            f'<table style="{_TABLE}"><caption style="text-align:left">Points by objective'
            f"</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
            f"{self._answers_html()}"
        )

    def _answers_html(self) -> str:
        parts = [
            f"<details><summary>Question {number}: {_OUTCOMES.get(each.outcome, '')}</summary>"
            f"{to_html(each.prompt)}{to_html(each.said or 'Not answered.')}"
            f"{_solution(each)}</details>"
            for number, each in enumerate(self.asked, 1)
            if each.prompt
        ]
        return f"<p>Your answers:</p>{''.join(parts)}" if parts else ""


def _solution(answered: Worth) -> str:
    if answered.outcome == "right":
        return ""
    return f"<p><strong>Solution</strong></p>{to_html(answered.solution)}"


def _lesson(objective: Objective) -> str:
    return _link(f"{objective.lesson} {objective.title}", objective.notebook)


def _link(words: str, notebook: str) -> str:
    return f'<a href="{escape(notebook)}">{escape(words)}</a>' if notebook else escape(words)


def _points(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")
