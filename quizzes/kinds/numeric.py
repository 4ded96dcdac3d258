"""``numeric``: a number, with its unit and how far off is still right.

``answer``      the number; or ``answer_fact``, the id of the fact that holds it (a part of a map or
                list fact is written ``id[part]``); or ``formula``, over the question's parameters
``unit``        optional: the unit asked for, such as ``s`` or ``MB``, shown behind the field
``tolerance``   optional: how far off is still right, ``0.5`` or ``5%`` of the answer; else exact
``reason``      why the answer is what it is, shown after the right answer
``otherwise``   what to think of after any other number; must not give the answer away
``mistakes``    optional: list of ``value`` or ``formula`` and ``reason``, numbers that people
                really answer
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import StringConstraints, model_validator

from quizzes import grading, markup
from quizzes.formulas import Value, compute
from quizzes.grading import Grade, not_attempted
from quizzes.kinds.base import FactId, Markdown, Part, Question
from quizzes.numbers import NotANumber, read_number, unit_name


class Mistake(Part):
    """A number people really answer, and what went wrong."""

    value: Decimal | None = None
    formula: Markdown | None = None
    reason: Markdown

    @model_validator(mode="after")
    def _one(self) -> Mistake:
        if (self.value is None) == (self.formula is None):
            raise ValueError("A mistake has either `value` or `formula`; give one.")
        return self

    def settled(self, given: Mapping[str, Value]) -> Mistake:
        """Give the mistake with its number computed."""
        if self.formula is None:
            return self
        return self.model_copy(update={"value": compute(self.formula, given)})


class Numeric(Question):
    """A question answered by a number."""

    kind: Literal["numeric"]
    answer: Decimal | None = None
    answer_fact: FactId | None = None
    formula: Markdown | None = None
    unit: Markdown | None = None
    tolerance: Annotated[str, StringConstraints(pattern=r"^\d+(\.\d+)? ?%?$")] = "0"
    reason: Markdown
    otherwise: Markdown
    mistakes: tuple[Mistake, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Numeric:
        ways = (self.answer, self.answer_fact, self.formula)
        if sum(way is not None for way in ways) != 1:
            raise ValueError(
                "A numeric question has one of `answer`, `answer_fact` and `formula`; give one."
            )
        if self.answer is not None:
            for mistake in self.mistakes:
                if mistake.value is not None and self.accepts(mistake.value):
                    raise ValueError(f"{mistake.value} is listed as a mistake but would be right.")
        return self

    def value(self) -> Decimal:
        """Give the right number."""
        answer = self.answer if self.answer is not None else self.instance().answer
        assert answer is not None
        return answer

    def accepts(self, number: Decimal) -> bool:
        """Say whether `number` is the answer, within the tolerance."""
        return abs(number - self.value()) <= self.margin()

    def margin(self) -> Decimal:
        """Give how far off is still right."""
        margin = Decimal(self.tolerance.rstrip("% "))
        return margin * abs(self.value()) / 100 if self.tolerance.endswith("%") else margin

    def instruction(self) -> str:
        """Say how the question is answered."""
        unit = f" of {unit_name(self.unit)}" if self.unit else ""
        near = f", right within {self._margin()}" if self.tolerance.strip("0. %") else ""
        return f"Answer with a number{unit}{near}."

    def example(self) -> str:
        """Give an answer as it may look."""
        return "3"

    def _margin(self) -> str:
        return (
            self.tolerance
            if "%" in self.tolerance or not self.unit
            else (f"{self.tolerance} {self.unit}")
        )

    def _settled(self, given: Mapping[str, Value], seed: int) -> dict[str, Any]:
        settled = super()._settled(given, seed)
        if self.answer_fact is not None:
            settled["answer"] = markup.fact_number(self.answer_fact)
        if self.formula is not None:
            settled["answer"] = compute(self.formula, given)
        settled["mistakes"] = tuple(each.settled(given) for each in settled["mistakes"])
        return settled

    def _judged(self, answer: object) -> Grade:
        try:
            given = read_number(answer, self.unit)
        except NotANumber as error:
            return not_attempted(str(error))
        if self.accepts(given):
            return grading.right(self.reason)
        for mistake in self.mistakes:
            if mistake.value is not None and self._near(given, mistake.value):
                return grading.wrong(mistake.reason)
        return grading.wrong(self.otherwise)

    def _near(self, given: Decimal, mistake: Decimal) -> bool:
        # Computed mistakes are rounded as freely as the answer may be.
        margin = Decimal(self.tolerance.rstrip("% "))
        share = abs(mistake) / 100 if self.tolerance.endswith("%") else 1
        return abs(given - mistake) <= margin * share

    def _kept(self, answer: object) -> str:
        return str(answer).strip()

    def _right(self) -> str:
        return f"{self.value().normalize():f}"

    def _solution(self) -> str:
        unit = f" {unit_name(self.unit)}" if self.unit else ""
        return f"**{markup.spell_number(self.value())}{unit}.** {self.reason}"

    def _controls(self) -> dict[str, Any]:
        return {"unit": unit_name(self.unit) if self.unit else ""}

    def _reasons(self) -> list[str]:
        return [self.reason, self.otherwise, *(each.reason for each in self.mistakes)]

    def _answer_facts(self) -> list[str]:
        return [self.answer_fact.partition("[")[0]] if self.answer_fact else []

    def _own_formulas(self) -> list[str]:
        every = [self.formula, *(each.formula for each in self.mistakes)]
        return [formula for formula in every if formula]
