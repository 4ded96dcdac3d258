"""Numbers drawn for a question from a seed: the same seed gives the same ones everywhere.

In a bank file a parameter is ``{choose: [a, b, …]}``, numbers or words, or
``{from: 128, to: 1024, step: 128}``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from random import Random
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from quizzes.formulas import Value

Item = TypeVar("Item")


class Parameter(BaseModel):
    """What one parameter of a question may be."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    choose: Annotated[tuple[str, ...], Field(min_length=2)] | None = None
    first: Decimal | None = Field(None, alias="from")
    last: Decimal | None = Field(None, alias="to")
    step: Decimal = Decimal(1)

    @model_validator(mode="after")
    def _consistent(self) -> Parameter:
        if self.choose is not None:
            if self.model_fields_set != {"choose"}:
                raise ValueError("A parameter has either `choose` or `from` and `to`; give one.")
        elif self.first is None or self.last is None:
            raise ValueError("A parameter has `choose`, or `from` and `to`; add what is missing.")
        elif self.step <= 0 or self.last < self.first + self.step:
            raise ValueError("A parameter goes from a smaller number up to a larger, by steps.")
        return self

    def values(self) -> Sequence[Value]:
        """List every value the parameter may have."""
        if self.choose is not None:
            return [_value(each) for each in self.choose]
        assert self.first is not None
        assert self.last is not None
        return [
            self.first + n * self.step
            for n in range(int((self.last - self.first) // self.step) + 1)
        ]


def draw(parameters: Mapping[str, Parameter], key: str) -> dict[str, Value]:
    """Draw a value for each parameter; `key` names the question and the seed."""
    drawn: dict[str, Value] = {}
    for name, parameter in parameters.items():
        values = parameter.values()
        drawn[name] = values[_below(len(values), Random(f"{key}:{name}"))]
    return drawn


def mixed(items: Sequence[Item], key: str) -> list[Item]:
    """Give `items` in another order, the same one for the same `key` with every Python."""
    random = Random(key)
    left = list(items)
    return [left.pop(_below(len(left), random)) for _ in items]


def _below(number: int, random: Random) -> int:
    # Only `random()` itself is promised to give the same numbers in every version of Python.
    return int(random.random() * number)


def _value(text: Any) -> Value:
    try:
        number = Decimal(text.replace("_", ""))
    except InvalidOperation:
        return str(text)
    return number if number.is_finite() else str(text)
