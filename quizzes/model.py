"""The questions and their schema: what a bank file may hold.

A bank file is YAML, ``quizzes/bank/NN-name.yml``, one quiz a file (bank/README.md has an example):

``quiz``        the name given to ``checkpoint("…")``: the file's name without its number
``lesson``      number of the lesson in course/outline.yml, such as ``02``
``title``       heading of the quiz, plain text
``questions``   one or more questions

Every question has

``id``          unique in the whole bank; answers are saved under it, so it never changes
``kind``        ``single``, ``multiple`` or ``numeric``
``objective``   the one objective of the outline that it tests, by its id
``prompt``      the question, in Markdown
``facts``       optional: ids of facts its answer rests on, beside those in roles

``single`` and ``multiple`` have ``options``, a mapping from letters (``a``, ``b``, … in order, two
to eight) to

``text``        the option, in Markdown
``right``       ``true`` on right options, left out on others; ``single`` has exactly one right
                option, ``multiple`` one or more and at least one wrong one
``reason``      why it is right or wrong, in Markdown, a full sentence that follows "Right." or "Not
                quite."; learners see it once they chose the option, or after the right answer

``numeric`` has

``answer``      the number; or instead ``answer_fact``, the id of the fact that holds it (a part of
                a map or list fact is written ``id[part]``)
``unit``        optional: the unit asked for, such as ``s`` or ``MB``, shown behind the field
``tolerance``   optional: how far off is still right, ``0.5`` or ``5%`` of the answer; else exact
``reason``      why the answer is what it is, shown after the right answer
``otherwise``   what to think of after any other number; must not give the answer away
``mistakes``    optional: list of ``value`` and ``reason``, numbers that people really answer

In all Markdown, ``{fact}`id``` stands for a fact with its unit, ``{value}`id``` for the bare value,
``{reported}`id``` for a fact of low confidence (see `quizzes.markup`).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from quizzes import grading, markup
from quizzes.grading import Grade

Name: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([-_.][a-z0-9]+)*$")]
Markdown: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
FactId: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+(\.[\w.]+)+(\[\w+\])*$")]
LETTERS = "abcdefgh"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Option(_Part):
    """One answer to choose, and why it is right or wrong."""

    text: Markdown
    reason: Markdown
    right: bool = False


class _Base(_Part):
    id: Name
    objective: Name
    prompt: Markdown
    facts: tuple[FactId, ...] = ()

    def texts(self) -> list[str]:
        """List every Markdown text of the question."""
        return [self.prompt]

    def fact_ids(self) -> list[str]:
        """List the ids of all facts the question uses, each once, in order of appearance."""
        used = [*self.facts, *(use.id for text in self.texts() for use in markup.roles(text))]
        return list(dict.fromkeys(used))


class _Choice(_Base):
    options: dict[str, Option]

    @field_validator("options")
    @classmethod
    def _lettered(cls, options: dict[str, Option]) -> dict[str, Option]:
        if not 2 <= len(options) <= len(LETTERS):
            raise ValueError("A question needs two to eight options.")
        expected = LETTERS[: len(options)]
        if list(options) != list(expected):
            raise ValueError(f"The options must be lettered {', '.join(expected)} in that order.")
        texts = [option.text for option in options.values()]
        if len(set(texts)) < len(texts):
            raise ValueError("Two options say the same; change one of them.")
        return options

    def texts(self) -> list[str]:
        """List every Markdown text of the question."""
        return [
            self.prompt,
            *(text for each in self.options.values() for text in (each.text, each.reason)),
        ]


class Single(_Choice):
    """A question with exactly one right option."""

    kind: Literal["single"]

    @field_validator("options")
    @classmethod
    def _one_right(cls, options: dict[str, Option]) -> dict[str, Option]:
        right = [letter for letter, option in options.items() if option.right]
        if len(right) != 1:
            raise ValueError(
                f"A single-choice question has exactly one option with `right: true`, not "
                f"{len(right)}; mark one, or set `kind: multiple`."
            )
        return options

    def grade(self, answer: object) -> Grade:
        """Grade a letter, such as "b"."""
        return grading.grade_single(self, answer)


class Multiple(_Choice):
    """A question with one or more right options; each counts."""

    kind: Literal["multiple"]

    @field_validator("options")
    @classmethod
    def _some_right(cls, options: dict[str, Option]) -> dict[str, Option]:
        right = [option.right for option in options.values()]
        if all(right) or not any(right):
            raise ValueError(
                "A multiple-choice question has at least one option with `right: true` and at "
                "least one without."
            )
        return options

    def grade(self, answer: object) -> Grade:
        """Grade letters, such as ["a", "c"] or "a, c"; see `quizzes.grading.grade_multiple`."""
        return grading.grade_multiple(self, answer)


class Mistake(_Part):
    """A number people really answer, and what went wrong."""

    value: Decimal
    reason: Markdown


class Numeric(_Base):
    """A question answered by a number."""

    kind: Literal["numeric"]
    answer: Decimal | None = None
    answer_fact: FactId | None = None
    unit: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)] | None = None
    tolerance: Annotated[str, StringConstraints(pattern=r"^\d+(\.\d+)? ?%?$")] = "0"
    reason: Markdown
    otherwise: Markdown
    mistakes: tuple[Mistake, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Numeric:
        if (self.answer is None) == (self.answer_fact is None):
            raise ValueError("A numeric question has either `answer` or `answer_fact`; give one.")
        if self.answer is not None:
            for mistake in self.mistakes:
                if self.accepts(mistake.value):
                    raise ValueError(f"{mistake.value} is listed as a mistake but would be right.")
        return self

    def value(self) -> Decimal:
        """Give the right number, from the question or from its fact."""
        if self.answer is not None:
            return self.answer
        assert self.answer_fact is not None
        return markup.fact_number(self.answer_fact)

    def accepts(self, number: Decimal) -> bool:
        """Say whether `number` is the answer, within the tolerance."""
        right = self.value()
        margin = Decimal(self.tolerance.rstrip("% "))
        if self.tolerance.endswith("%"):
            margin *= abs(right) / 100
        return abs(number - right) <= margin

    def texts(self) -> list[str]:
        """List every Markdown text of the question."""
        reasons = (mistake.reason for mistake in self.mistakes)
        return [self.prompt, self.reason, self.otherwise, *reasons]

    def fact_ids(self) -> list[str]:
        """List the ids of all facts the question uses, each once, in order of appearance."""
        answer = [self.answer_fact.partition("[")[0]] if self.answer_fact else []
        return list(dict.fromkeys(answer + super().fact_ids()))

    def grade(self, answer: object) -> Grade:
        """Grade a number, or a text that holds one, such as "1,024" or "3 s"."""
        return grading.grade_numeric(self, answer)


Question: TypeAlias = Annotated[Single | Multiple | Numeric, Field(discriminator="kind")]


class Quiz(_Part):
    """The quiz of one lesson: its questions in order."""

    quiz: Name
    lesson: Annotated[str, StringConstraints(pattern=r"^\d\d$")]
    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    questions: Annotated[tuple[Question, ...], Field(min_length=1)]
