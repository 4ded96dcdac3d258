"""What an answer was worth: right, partly, wrong or not attempted, a score, and words about it.

Each kind of question judges its own answers (`quizzes.kinds`). Nothing there raises for what a
learner may type: an answer that cannot be judged ("abc" for a number, a letter no option has) is
*not attempted*, and the feedback says what to write instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from quizzes.markup import to_html, to_text

Outcome: TypeAlias = Literal["right", "partly", "wrong", "not attempted"]


@dataclass(frozen=True, slots=True)
class Grade:
    """What an answer was worth: an outcome, a score from 0 to 1, and feedback in Markdown."""

    outcome: Outcome
    score: float
    feedback: str

    def _repr_html_(self) -> str:
        return to_html(self.feedback)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(to_text(self.feedback))


def not_attempted(why: str) -> Grade:
    """Make the grade of an answer that was not given or cannot be judged."""
    return Grade("not attempted", 0.0, why)


def right(reason: str) -> Grade:
    """Make the grade of a right answer."""
    return Grade("right", 1.0, f"**Right.** {reason}")


def wrong(reason: str) -> Grade:
    """Make the grade of a wrong answer."""
    return Grade("wrong", 0.0, f"**Not quite.** {reason}")


def partly(count: str, score: float, reason: str) -> Grade:
    """Make the grade of an answer of which `count`, such as "2 of 3", is right."""
    return Grade("partly", score, f"**Partly right: {count}**{reason}")


def shared(found: int, of: int, lines: Iterable[str], *, reason: str, otherwise: str) -> Grade:
    """Make the grade of an answer in parts, `found` of which are right, with a line about each."""
    listed = "\n".join(f"- {line}" for line in lines)
    if found == of:
        words = f" {reason}" if reason else ""
        return Grade("right", 1.0, f"**Right.**{words}\n\n{listed}")
    words = f" {otherwise}" if otherwise else ""
    if found:
        return partly(f"{found} of {of}", found / of, f".{words}\n\n{listed}")
    return Grade("wrong", 0.0, f"**Not quite.**{words}\n\n{listed}")
