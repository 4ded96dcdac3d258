"""``open``: a question of the interview drill, with a model answer; learners rate themselves.

``model``       an answer that would do well, in Markdown
``points``      what a good answer names
``minutes``     how long the answer may take

The rating is a number: 4 all of it, 3 most of it, 2 some of it, 1 none of it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from quizzes import grading
from quizzes.grading import Grade, not_attempted
from quizzes.kinds.base import Markdown, Question
from quizzes.kinds.words import read_text

RATINGS = {1: "none of it", 2: "some of it", 3: "most of it", 4: "all of it"}


class Open(Question):
    """A question answered aloud, and rated by who answered it."""

    kind: Literal["open"]
    model: Markdown
    points: Annotated[tuple[Markdown, ...], Field(min_length=1)]
    minutes: Annotated[int, Field(ge=1, le=30)] = 3

    def instruction(self) -> str:
        """Say how the question is answered."""
        return (
            f"Answer aloud in {self.minutes} minutes, then compare and rate yourself: "
            + ", ".join(f"{number} {words}" for number, words in RATINGS.items())
            + "."
        )

    def example(self) -> str:
        """Give an answer as it may look."""
        return "3"

    def _judged(self, answer: object) -> Grade:
        rating = self._kept(answer)
        if rating is None:
            return not_attempted("Rate your answer with a number from 1 to 4.")
        if rating == 4:
            return grading.right("You named all of it.")
        if rating == 1:
            return grading.wrong("Read the model answer and come back to this question.")
        return grading.partly(RATINGS[rating], (rating - 1) / 3, ".")

    def _kept(self, answer: object) -> int | None:
        text = read_text(answer)
        return int(text) if text in {"1", "2", "3", "4"} else None

    def _right(self) -> int:
        return 4

    def _solution(self) -> str:
        return "\n".join([self.model, "", *(f"- {point}" for point in self.points)])

    def _controls(self) -> dict[str, Any]:
        return {"minutes": self.minutes}
