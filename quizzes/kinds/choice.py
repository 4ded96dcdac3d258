"""``single`` and ``multiple``: options to choose from, each with its reason.

``options`` is a mapping from letters (``a``, ``b``, … in order, two to eight) to

``text``        the option, in Markdown
``right``       ``true`` on right options, left out on others; ``single`` has exactly one right
                option, ``multiple`` one or more and at least one wrong one
``reason``      why it is right or wrong, in Markdown, a full sentence that follows "Right." or "Not
                quite."; learners see it once they chose the option, or after the right answer

Of ``multiple``, each right option chosen counts one and each wrong one takes one back; the score is
what is left, not below nothing, as a share of the right options. Only the chosen options' reasons
are told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal

from pydantic import field_validator

from quizzes import grading, markup
from quizzes.formulas import Value
from quizzes.grading import Grade, not_attempted
from quizzes.kinds.base import LETTERS, Markdown, Part, Question


class Option(Part):
    """One answer to choose, and why it is right or wrong."""

    text: Markdown
    reason: Markdown
    right: bool = False


class Choice(Question):
    """What questions with options have in common."""

    options: dict[str, Option]

    @field_validator("options")
    @classmethod
    def _lettered(cls, options: dict[str, Option]) -> dict[str, Option]:
        return lettered(options)

    def original(self, kept: Any) -> Any:
        """Give the chosen letters as the bank has them."""
        letters = dict(zip(LETTERS, original_letters(self, len(self.options)), strict=False))
        return sorted(letters.get(each, each) for each in kept)

    def _settled(self, given: Mapping[str, Value], seed: int) -> dict[str, Any]:
        settled = super()._settled(given, seed)
        return settled | {"options": in_order(self, settled["options"], seed)}

    def _kept(self, answer: object) -> list[str]:
        letters = chosen_letters(answer, self.options)
        return letters if isinstance(letters, list) else []

    def _right(self) -> list[str]:
        return [letter for letter, option in self.options.items() if option.right]

    def _solution(self) -> str:
        return told(self._right(), self.options)

    def _controls(self) -> dict[str, Any]:
        return {"options": shown_rows(self._rows())}

    def _rows(self) -> list[tuple[str, str]]:
        return [(letter, option.text) for letter, option in self.options.items()]

    def _left_out(self) -> list[tuple[str, str]]:
        return left_out(self.options)

    def _reasons(self) -> list[str]:
        return [option.reason for option in self.options.values()]


class Single(Choice):
    """A question with exactly one right option."""

    kind: Literal["single"]

    @field_validator("options")
    @classmethod
    def _one_right(cls, options: dict[str, Option]) -> dict[str, Option]:
        return one_right(options)

    def instruction(self) -> str:
        """Say how the question is answered."""
        return "Choose one answer."

    def example(self) -> str:
        """Give an answer as it may look."""
        return '"b"'

    def _judged(self, answer: object) -> Grade:
        return judged_single(self.options, answer)


class Multiple(Choice):
    """A question with one or more right options; each counts."""

    kind: Literal["multiple"]
    summed: ClassVar[int] = 3

    @field_validator("options")
    @classmethod
    def _some_right(cls, options: dict[str, Option]) -> dict[str, Option]:
        marks = [option.right for option in options.values()]
        if all(marks) or not any(marks):
            raise ValueError(
                "A multiple-choice question has at least one option with `right: true` and at "
                "least one without."
            )
        return options

    def instruction(self) -> str:
        """Say how the question is answered and what part of an answer earns."""
        return (
            "Choose all that hold. Each right choice earns a point, each wrong one takes one back."
        )

    def example(self) -> str:
        """Give an answer as it may look."""
        return f'"a, {LETTERS[min(2, len(self.options) - 1)]}"'

    def _judged(self, answer: object) -> Grade:
        chosen = chosen_letters(answer, self.options)
        if isinstance(chosen, str):
            return not_attempted(chosen)
        right = self._right()
        found = [letter for letter in chosen if letter in right]
        excess = len(chosen) - len(found)
        score = max(0.0, (len(found) - excess) / len(right))
        lines = _itemised(chosen, self.options)
        if len(found) == len(right) and not excess:
            return Grade("right", 1.0, f"**Right.**\n\n{lines}")
        if score > 0:
            surplus = f", and {excess} that {'does' if excess == 1 else 'do'} not hold"
            words = f"{surplus * bool(excess)}.\n\n{lines}"
            return grading.partly(f"{len(found)} of {len(right)}", score, words)
        return Grade("wrong", 0.0, f"**Not quite.**\n\n{lines}")


def lettered(options: dict[str, Option]) -> dict[str, Option]:
    """Raise `ValueError` unless the options are few, differ and are lettered in order."""
    if not 2 <= len(options) <= len(LETTERS):
        raise ValueError("A question needs two to eight options.")
    expected = LETTERS[: len(options)]
    if list(options) != list(expected):
        raise ValueError(f"The options must be lettered {', '.join(expected)} in that order.")
    texts = [option.text for option in options.values()]
    if len(set(texts)) < len(texts):
        raise ValueError("Two options say the same; change one of them.")
    return options


def one_right(options: dict[str, Option]) -> dict[str, Option]:
    """Raise `ValueError` unless one option is right."""
    right = [letter for letter, option in options.items() if option.right]
    if len(right) != 1:
        raise ValueError(
            f"A single-choice question has exactly one option with `right: true`, not "
            f"{len(right)}; mark one, or set `kind: multiple`."
        )
    return options


def in_order(question: Question, options: dict[str, Option], seed: int) -> dict[str, Option]:
    """Give the options in the order of a seed, lettered from "a"."""
    if question.order == "fixed":
        return options
    listed = list(options.values())
    places = question._mixed(len(listed), seed)
    return {letter: listed[place] for letter, place in zip(LETTERS, places, strict=False)}


def original_letters(question: Question, options: int) -> list[str]:
    """List the bank's letters of the options as this instance shows them, first to last."""
    if question.order == "fixed":
        return list(LETTERS[:options])
    return [LETTERS[place] for place in question._mixed(options, question.seed)]


def judged_single(options: Mapping[str, Option], answer: object) -> Grade:
    """Judge the letter of one option."""
    chosen = chosen_letters(answer, options)
    if isinstance(chosen, str):
        return not_attempted(chosen)
    if len(chosen) > 1:
        return not_attempted("Choose one answer only.")
    option = options[chosen[0]]
    return grading.right(option.reason) if option.right else grading.wrong(option.reason)


def told(letters: Iterable[str], options: Mapping[str, Option]) -> str:
    """Tell some options with their reasons."""
    return "\n".join(
        f"- **{letter}** {options[letter].text}\n\n{options[letter].reason}".replace("\n", "\n  ")
        for letter in letters
    )


def left_out(options: Mapping[str, Option]) -> list[tuple[str, str]]:
    """List the letters and reasons of wrong options."""
    return [(letter, option.reason) for letter, option in options.items() if not option.right]


def shown_rows(rows: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Give lettered Markdown as a page shows it."""
    return [{"letter": letter, "html": markup.to_inline_html(text)} for letter, text in rows]


def _itemised(chosen: Iterable[str], options: Mapping[str, Option]) -> str:
    return "\n".join(
        f"- **{letter}** {'holds' if options[letter].right else 'does not hold'}: "
        + options[letter].reason.replace("\n", "\n  ")
        for letter in chosen
    )


def chosen_letters(answer: object, options: Mapping[str, Any]) -> list[str] | str:
    """Read the chosen letters in the question's order, or say in a sentence why that fails.

    Understands "b", "B", "a, c", "ac" and lists, tuples or sets of letters.
    """
    given = read_letters(answer, options)
    return given if isinstance(given, str) else [each for each in options if each in given]


def read_letters(answer: object, options: Mapping[str, Any]) -> list[str] | str:
    """Read letters in the order given, or say in a sentence why that fails."""
    first, *_, last = options
    parts = answer if isinstance(answer, list | tuple | set | frozenset) else [answer]
    given: list[str] = []
    for part in parts:
        if part is None or part == "":
            continue
        if not isinstance(part, str):
            return f"Answer with letters from {first} to {last}, in quotes."
        words = re.findall(r"\w+", part.lower())
        for word in words:
            given += [word] if word in options or not set(word) <= set(options) else list(word)
        if not words and part.strip():
            given.append(part.strip())
    if not given:
        return "Nothing chosen yet. Choose an answer, then check."
    if any(letter not in options for letter in given):
        return f"That is not one of the options; choose from {first} to {last}."
    return given
