"""``predict``: what does this code print?

``code``        Python that prints; ``language: python`` is the only one
``output``      what it prints; a test runs the code and compares
``options``     optional: outputs to choose from, as in ``single``, where ``text`` is an output
``runs_in``     ``lab`` where the code needs a running `Lab`; else it runs by itself
``reason``      why it prints that, shown after the right answer
``otherwise``   what to think of after any other output; must not give the answer away
``mistakes``    optional: list of ``value`` and ``reason``, outputs that people really expect

With ``options`` the last three are left out, as each option has its reason. A typed output is
compared line by line; blanks at the end of a line and empty lines at the end don't count.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from quizzes import grading, markup
from quizzes.formulas import Value
from quizzes.grading import Grade, not_attempted
from quizzes.kinds import choice
from quizzes.kinds.base import LETTERS, Markdown, Part, Question
from quizzes.kinds.choice import Option

_Verbatim = Annotated[str, Field(min_length=1)]


class ExpectedMistake(Part):
    """An output people really expect, and what went wrong."""

    value: _Verbatim
    reason: Markdown


class Predict(Question):
    """A question answered by what some code prints."""

    kind: Literal["predict"]
    code: _Verbatim
    output: _Verbatim | None = None
    options: dict[str, Option] | None = None
    language: Literal["python"] = "python"
    runs_in: Literal["python", "lab"] = "python"
    reason: Markdown | None = None
    otherwise: Markdown | None = None
    mistakes: tuple[ExpectedMistake, ...] = ()

    @field_validator("options")
    @classmethod
    def _as_single(cls, options: dict[str, Option] | None) -> dict[str, Option] | None:
        return choice.one_right(choice.lettered(options)) if options is not None else None

    @model_validator(mode="after")
    def _consistent(self) -> Predict:
        typed = (self.output, self.reason, self.otherwise)
        if self.options is not None and (any(typed) or self.mistakes):
            raise ValueError(
                "A predict question with `options` has no `output`, `reason`, `otherwise` or "
                "`mistakes`: each option has its own reason."
            )
        if self.options is None and not all(typed):
            raise ValueError(
                "A predict question has `output`, `reason` and `otherwise`, or `options`; add what "
                "is missing."
            )
        for mistake in self.mistakes:
            if lines_of(mistake.value) == lines_of(self.output or ""):
                raise ValueError("An output is listed as a mistake but would be right.")
        return self

    def printed(self) -> str:
        """Give what the code prints, as the bank says."""
        one = self.instance()
        if one.options is None:
            return one.output or ""
        return next(option.text for option in one.options.values() if option.right)

    def instruction(self) -> str:
        """Say how the question is answered."""
        if self.options is not None:
            return "Choose what it prints."
        return "Answer with what it prints, line by line."

    def example(self) -> str:
        """Give an answer as it may look."""
        return '"b"' if self.options is not None else '"what it prints"'

    def original(self, kept: Any) -> Any:
        """Give the chosen letter as the bank has it."""
        if self.options is None:
            return kept
        letters = choice.original_letters(self, len(self.options))
        known = dict(zip(LETTERS, letters, strict=False))
        return [known.get(each, each) for each in kept]

    def _settled(self, given: Mapping[str, Value], seed: int) -> dict[str, Any]:
        settled = super()._settled(given, seed)
        if settled["options"] is not None:
            settled["options"] = choice.in_order(self, settled["options"], seed)
        return settled

    def _judged(self, answer: object) -> Grade:
        if self.options is not None:
            return choice.judged_single(self.options, answer)
        lines = self._read(answer)
        if not lines:
            return not_attempted("Nothing answered yet. Write what the code prints.")
        if lines == lines_of(self.output or ""):
            return grading.right(self.reason or "")
        for mistake in self.mistakes:
            if lines == lines_of(mistake.value):
                return grading.wrong(mistake.reason)
        return grading.wrong(self.otherwise or "")

    def _read(self, answer: object) -> list[str]:
        if isinstance(answer, int | float) and not isinstance(answer, bool):
            small = not isinstance(answer, int) or answer.bit_length() < 200
            return [str(answer)] if small else []
        return lines_of(answer) if isinstance(answer, str) else []

    def _kept(self, answer: object) -> list[str] | str:
        if self.options is not None:
            letters = choice.chosen_letters(answer, self.options)
            return letters if isinstance(letters, list) else []
        return "\n".join(self._read(answer))

    def _right(self) -> list[str] | str:
        if self.options is not None:
            return [letter for letter, option in self.options.items() if option.right]
        return "\n".join(lines_of(self.output or ""))

    def _solution(self) -> str:
        reason = self.reason
        if self.options is not None:
            reason = next(option.reason for option in self.options.values() if option.right)
        return f"{markup.code_block(self.printed(), 'text')}\n\n{reason}"

    def _controls(self) -> dict[str, Any]:
        options = choice.shown_rows(self._rows())
        return {"code": self.code.rstrip(), "language": self.language, "options": options}

    def _blocks(self) -> list[str]:
        return [markup.code_block(self.code, self.language)]

    def _rows(self) -> list[tuple[str, str]]:
        return [(letter, _verbatim(each.text)) for letter, each in (self.options or {}).items()]

    def _left_out(self) -> list[tuple[str, str]]:
        return choice.left_out(self.options or {})

    def _reasons(self) -> list[str]:
        told = [self.reason or "", self.otherwise or "", *(each.reason for each in self.mistakes)]
        return told + [option.reason for option in (self.options or {}).values()]


def lines_of(output: str) -> list[str]:
    """Give the lines of an output that count."""
    lines = [line.rstrip() for line in output.strip("\r\n").splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _verbatim(output: str) -> str:
    lines = lines_of(output)
    return markup.code_block(output, "text") if len(lines) > 1 else markup.code_span(output.strip())
