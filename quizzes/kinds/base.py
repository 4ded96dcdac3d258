"""What all kinds of questions have in common, and what each has to say for itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    StringConstraints,
    model_validator,
)

from quizzes import formulas, markup
from quizzes.exhibits import Exhibit
from quizzes.formulas import FormulaError, Value
from quizzes.grading import Grade, not_attempted
from quizzes.parameters import Parameter, draw, mixed

Name: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([-_.][a-z0-9]+)*$")]
Markdown: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
FactId: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+(\.[\w.]+)+(\[\w+\])*$")]
Variable: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
LETTERS = "abcdefgh"
LONGEST = 10_000
"""Characters of an answer that are looked at; what is longer was not typed."""


class Part(BaseModel):
    """A part of a question: its fields are those named and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class Question(Part):
    """What every question has. `instance` makes a concrete one: numbers and facts are filled in.

    The methods of a question that is not concrete are those of its instance with seed 0.
    """

    kind: str
    id: Name
    objective: Name
    prompt: Markdown
    facts: tuple[FactId, ...] = ()
    hints: Annotated[tuple[Markdown, ...], Field(max_length=3)] = ()
    difficulty: Annotated[int, Field(ge=1, le=3)] = 2
    order: Literal["fixed", "shuffled"] = "fixed"
    exhibit: Exhibit | None = None
    parameters: dict[Variable, Parameter] = {}

    summed: ClassVar[int] = 1
    """How many of the reasons feedback may hold at once."""

    _seed: int | None = PrivateAttr(None)
    _template: Any = PrivateAttr(None)

    @model_validator(mode="after")
    def _known_parameters(self) -> Self:
        given = self._drawn(0)
        for formula in self._formulas():
            formulas.check(formula, given)
        return self

    # What exam, review, widget and text form use.

    @property
    def seed(self) -> int:
        """The seed this question's numbers and order were drawn with."""
        return self._seed or 0

    def instance(self, seed: int | None = None) -> Self:
        """Make the concrete question of a seed: facts, numbers and order of options are settled.

        An instance gives itself, or for another seed that one's. Raises `FactError`.
        """
        if self._seed is not None:
            same = seed is None or seed == self._seed
            return self if same else self._template.instance(seed)
        seed = seed or 0
        made = self.model_copy(update=self._settled(self._drawn(seed), seed))
        made._seed, made._template = seed, self
        return made

    def fresh(self, seed: int) -> int:
        """Give the next seed after `seed` that changes the question, or `seed` if none does."""
        now = json.dumps(self.instance(seed).shown() | {"seed": 0})
        if self.varies:
            for other in range(seed + 1, seed + 21):
                if json.dumps(self.instance(other).shown() | {"seed": 0}) != now:
                    return other
        return seed

    @property
    def varies(self) -> bool:
        """Whether another seed can give other numbers or another order."""
        return bool(self.parameters) or self.order == "shuffled"

    def grade(self, answer: object) -> Grade:
        """Judge an answer, whatever it is; never raises for it."""
        if isinstance(answer, str) and len(answer) > LONGEST:
            return not_attempted("That is too long for an answer; write a shorter one.")
        return self.instance()._judged(answer)

    def kept(self, answer: object) -> Any:
        """Give an answer that was graded in the JSON form in which it is saved and shown again."""
        return self.instance()._kept(answer)

    def again(self, kept: object, outcome: str, score: float) -> Grade:
        """Grade a saved answer anew; `outcome` and `score` are those saved with it."""
        return self.grade(kept)

    def original(self, kept: Any) -> Any:
        """Give a saved answer with the letters of the bank's order, which no seed has mixed."""
        return kept

    def shown(self) -> dict[str, Any]:
        """Give what a page may know: all that is asked, in its order, and nothing of the answer."""
        one = self.instance()
        lead, _, rest = one.prompt.partition("\n\n")
        if lead.startswith(("```", "- ", "    ", "|", ">")):
            lead, rest = "", one.prompt
        return {
            "id": self.id,
            "kind": self.kind,
            "seed": one.seed,
            "lead": markup.to_inline_html(lead),
            "rest": markup.to_html(rest),
            "exhibit": one.exhibit.html() if one.exhibit else "",
            "instruction": one.instruction(),
            "hints": len(self.hints),
            "difficulty": self.difficulty,
            "renewable": bool(self.parameters),
            "room": one._room(),
            **one._controls(),
        }

    def body(self) -> str:
        """Give in Markdown all that is read before answering, without choices to answer from."""
        one = self.instance()
        return "\n\n".join(
            [one.prompt, *([one.exhibit.markdown()] if one.exhibit else []), *one._blocks()]
        )

    def rows(self) -> list[tuple[str, str]]:
        """List what is chosen from: pairs of a label, such as "a", and Markdown."""
        return self.instance()._rows()

    def solution(self) -> str:
        """Give the right answer and its reason in Markdown, to be revealed."""
        return self.instance()._solution()

    def left_out(self) -> list[tuple[str, str]]:
        """List the wrong options' letters and reasons in Markdown, told after the right answer."""
        return self.instance()._left_out()

    def right_answer(self) -> Any:
        """Give an answer that is graded right, in its saved form; None where there is none."""
        return self.instance()._right()

    def instruction(self) -> str:
        """Say how the question is answered and how part of an answer counts."""
        raise NotImplementedError

    def example(self) -> str:
        """Give Python source of an answer as it may look."""
        raise NotImplementedError

    def texts(self) -> list[str]:
        """List every text of the question as the bank has it."""
        found: list[str] = []

        def note(text: str) -> str:
            found.append(text)
            return text

        _mapped(self, note)
        return found

    def fact_ids(self) -> list[str]:
        """List the ids of all facts the question uses, each once, in order of appearance."""
        used = [*self._answer_facts(), *self.facts]
        for text in self.texts():
            used += [use.id for use in markup.roles(text)]
        for formula in self._formulas():
            used += formulas.facts_in(formula)
        return list(dict.fromkeys(used))

    # What a kind says for itself; called on concrete questions only.

    def _judged(self, answer: object) -> Grade:
        raise NotImplementedError

    def _kept(self, answer: object) -> Any:
        raise NotImplementedError

    def _right(self) -> Any:
        raise NotImplementedError

    def _solution(self) -> str:
        raise NotImplementedError

    def _controls(self) -> dict[str, Any]:
        return {}

    def _blocks(self) -> list[str]:
        return []

    def _rows(self) -> list[tuple[str, str]]:
        return []

    def _left_out(self) -> list[tuple[str, str]]:
        return []

    def _reasons(self) -> list[str]:
        return []

    def _answer_facts(self) -> list[str]:
        return []

    def _own_formulas(self) -> list[str]:
        return []

    def _settled(self, given: Mapping[str, Value], seed: int) -> dict[str, Any]:
        fill = partial(markup.fill, given=given)
        return {name: _mapped(getattr(self, name), fill) for name in type(self).model_fields}

    # Helpers of the kinds.

    def _mixed(self, places: int, seed: int) -> list[int]:
        """Give the places 0, 1, … in the order in which the instance of `seed` shows them."""
        seed = seed if self.order == "shuffled" else 0
        return mixed(range(places), f"{self.id}:{seed}:order")

    def _drawn(self, seed: int) -> dict[str, Value]:
        return draw(self.parameters, f"{self.id}:{seed}")

    def _formulas(self) -> list[str]:
        used = [use for text in self.texts() for use in markup.expressions(text)]
        for form, formula in used:
            if form == "given" and formula not in self.parameters:
                known = ", ".join(self.parameters) or "none"
                raise FormulaError(
                    f"{{given}}`{formula}` names no parameter; the parameters are: {known}."
                )
        return self._own_formulas() + [formula for form, formula in used if form != "given"]

    def _room(self) -> int:
        """Give the length in characters of long feedback, so that the page can keep room for it."""
        lengths = sorted((len(markup.to_text(each)) for each in self._reasons()), reverse=True)
        longest = sum(lengths[: self.summed])
        return -(-longest // 40) * 40


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    """Give `value` with every text in it changed."""
    match value:
        case str():
            return change(value)
        case tuple():
            return tuple(_mapped(each, change) for each in value)
        case dict():
            return {key: _mapped(each, change) for key, each in value.items()}
        case Parameter():
            return value
        case BaseModel():
            fields = type(value).model_fields
            return value.model_copy(
                update={name: _mapped(getattr(value, name), change) for name in fields}
            )
    return value
