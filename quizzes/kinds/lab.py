"""``lab``: the answer is the state of the lab cloud.

``check``       ``module.function`` in `quizzes.lab_checks`: looks at the cloud, says what it found
``start``       optional Python, shown for the learner to run, that prepares what the task needs
``reason``      what the reached state shows, told after the right answer

Nothing is typed: the answer is judged by looking at the cloud when *Check* is pressed, or by
``quiz.answer("id")``. Without a lab cloud on this machine the question is not attempted.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, field_validator

from quizzes import grading, lab_checks, markup
from quizzes.grading import Grade, not_attempted
from quizzes.kinds.base import Markdown, Question


class Lab(Question):
    """A question answered in the lab cloud."""

    kind: Literal["lab"]
    check: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]
    start: Annotated[str, Field(min_length=1)] | None = None
    reason: Markdown

    @field_validator("check")
    @classmethod
    def _there(cls, check: str) -> str:
        if lab_checks.find(check) is None:
            raise ValueError(f"quizzes/lab_checks has no {check}; write it or mend the name.")
        return check

    def instruction(self) -> str:
        """Say how the question is answered."""
        return "Do it in the lab cloud, then check."

    def example(self) -> str:
        """Give an answer as it may look: none is given."""
        return ""

    def again(self, kept: object, outcome: str, score: float) -> Grade:
        """Tell what was reached then; the cloud is not asked again."""
        if outcome == "right":
            return grading.right(self.instance().reason)
        if outcome == "partly":
            return Grade("partly", score, "**Partly right** when it was last checked.")
        return Grade("wrong", 0.0, "**Not quite** when it was last checked.")

    def _judged(self, answer: object) -> Grade:
        try:
            found = lab_checks.look(self.check)
        except lab_checks.NoLab as error:
            return not_attempted(str(error))
        if found.share >= 1:
            return grading.right(f"{found.reason} {self.reason}")
        if found.share > 0:
            return Grade("partly", found.share, f"**Partly right.** {found.reason}")
        return grading.wrong(found.reason)

    def _kept(self, answer: object) -> None:
        return None

    def _right(self) -> None:
        return None

    def _solution(self) -> str:
        return self.reason

    def _controls(self) -> dict[str, Any]:
        return {"start": (self.start or "").rstrip()}

    def _blocks(self) -> list[str]:
        return [markup.code_block(self.start, "python")] if self.start else []

    def _reasons(self) -> list[str]:
        return [self.reason]
