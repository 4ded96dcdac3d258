"""``text``: a short text, such as the name of a setting.

``accept``      the forms that are right, compared without regard to upper and lower case, quotes or
                backticks around them and repeated blanks
``case``        ``exact`` where upper and lower case count
``reason``      why the answer is what it is, shown after the right answer
``otherwise``   what to think of after any other text; must not give the answer away
``mistakes``    optional: list of ``value`` and ``reason``, texts that people really answer
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from quizzes import grading, markup
from quizzes.grading import Grade, not_attempted
from quizzes.kinds.base import Markdown, Part, Question


class WrittenMistake(Part):
    """A text people really answer, and what went wrong."""

    value: Markdown
    reason: Markdown


class Text(Question):
    """A question answered by a short text."""

    kind: Literal["text"]
    accept: Annotated[tuple[Markdown, ...], Field(min_length=1)]
    case: Literal["any", "exact"] = "any"
    reason: Markdown
    otherwise: Markdown
    mistakes: tuple[WrittenMistake, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Text:
        for mistake in self.mistakes:
            if matches(mistake.value, self.accept, self.case):
                raise ValueError(f"“{mistake.value}” is listed as a mistake but would be right.")
        return self

    def instruction(self) -> str:
        """Say how the question is answered."""
        if self.case == "exact":
            return "Answer with a short text; upper and lower case count."
        return "Answer with a short text; upper and lower case are the same."

    def example(self) -> str:
        """Give an answer as it may look."""
        return '"some text"'

    def _judged(self, answer: object) -> Grade:
        given = read_text(answer)
        if given is None:
            return not_attempted("Nothing answered yet. Write a short text.")
        if matches(given, self.accept, self.case):
            return grading.right(self.reason)
        if self.case == "exact" and matches(given, self.accept, "any"):
            return grading.wrong(CASE_COUNTS)
        for mistake in self.mistakes:
            if matches(given, [mistake.value], self.case):
                return grading.wrong(mistake.reason)
        return grading.wrong(self.otherwise)

    def _kept(self, answer: object) -> str:
        return str(answer).strip()

    def _right(self) -> str:
        return self.accept[0]

    def _solution(self) -> str:
        return f"{markup.code_span(self.accept[0])}. {self.reason}"

    def _reasons(self) -> list[str]:
        return [self.reason, self.otherwise, *(each.reason for each in self.mistakes)]

    def _controls(self) -> dict[str, Any]:
        return {"longest": 200}


CASE_COUNTS = "The letters are right, but upper and lower case count here."


def read_text(answer: object) -> str | None:
    """Give the text that was typed, or None where there is none."""
    if not isinstance(answer, str | int | float) or isinstance(answer, bool):
        return None
    if isinstance(answer, int) and answer.bit_length() > 200:
        return None
    return _plain(str(answer)) or None


def matches(given: str, forms: Iterable[str], case: str) -> bool:
    """Say whether `given` is one of `forms`."""
    given = _plain(given)
    if case == "exact":
        return any(given == _plain(form) for form in forms)
    return any(given.casefold() == _plain(form).casefold() for form in forms)


def _plain(text: str) -> str:
    text = " ".join(text.split())
    while len(text) > 1 and text[0] == text[-1] and text[0] in "\"'`":
        text = text[1:-1].strip()
    quoted = {"“": "”", "‘": "’", "„": "“", "«": "»"}
    if len(text) > 1 and quoted.get(text[0]) == text[-1]:
        text = text[1:-1].strip()
    return text
