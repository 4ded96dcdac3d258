"""``matching``: what goes with what.

``pairs``       two to six of ``left``, ``right`` and ``reason`` (why the two go together, told once
                they are matched); equal ``right`` texts are one choice
``others``      optional: further texts to choose, which go with nothing
``reason``, ``otherwise``   optional: told after all, or not all, are right

The lefts are numbered, what goes with them is lettered in a mixed order; the score is the share of
right pairs.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from quizzes import grading, markup
from quizzes.grading import Grade, not_attempted
from quizzes.kinds.base import LETTERS, Markdown, Part, Question
from quizzes.kinds.choice import shown_rows

_PAIR = re.compile(r"([0-9]+)\W*([^\W\d]+)")


class Pair(Part):
    """Two things that go together, and why."""

    left: Markdown
    right: Markdown
    reason: Markdown


class Matching(Question):
    """A question answered by pairs."""

    kind: Literal["matching"]
    pairs: Annotated[tuple[Pair, ...], Field(min_length=2, max_length=6)]
    others: tuple[Markdown, ...] = ()
    reason: Markdown | None = None
    otherwise: Markdown | None = None
    summed: ClassVar[int] = 6

    @model_validator(mode="after")
    def _consistent(self) -> Matching:
        lefts = [pair.left for pair in self.pairs]
        if len(set(lefts)) < len(lefts):
            raise ValueError("Two pairs have the same `left`; change one of them.")
        rights = {pair.right for pair in self.pairs}
        if len(set(self.others)) < len(self.others) or rights & set(self.others):
            raise ValueError("One of `others` stands here twice or goes with a pair; remove it.")
        if not 2 <= len(rights) + len(self.others) <= len(LETTERS):
            raise ValueError("A matching question has two to eight different texts to choose.")
        return self

    def instruction(self) -> str:
        """Say how the question is answered and what part of it earns."""
        return (
            "Answer with a letter for each number; a letter may go with several numbers. "
            "The share of right pairs counts."
        )

    def example(self) -> str:
        """Give an answer as it may look."""
        return f'"{", ".join(f"{n}{LETTERS[(n - 1) % 2]}" for n in range(1, len(self.pairs) + 1))}"'

    def original(self, kept: Any) -> Any:
        """Give the pairs with the letters of the bank's order, that of `choices`."""
        letters = dict(zip(self.choices(), LETTERS, strict=False))
        shown = self._choices()
        return {number: letters[shown[letter]] for number, letter in kept.items()}

    def choices(self) -> list[str]:
        """List what there is to choose from, each once, as the bank has it."""
        return list(dict.fromkeys([*(pair.right for pair in self.pairs), *self.others]))

    def _choices(self) -> dict[str, str]:
        """Give what there is to choose from by the letters shown."""
        texts = self.choices()
        places = self._mixed(len(texts), self.seed)
        return {letter: texts[place] for letter, place in zip(LETTERS, places, strict=False)}

    def _judged(self, answer: object) -> Grade:
        chosen = self._read(answer)
        if isinstance(chosen, str):
            return not_attempted(chosen)
        choices = self._choices()
        found, lines = 0, []
        for number, pair in enumerate(self.pairs, 1):
            letter = chosen.get(str(number))
            if letter is None:
                lines.append(f"**{number}** is still open.")
            elif choices[letter] == pair.right:
                found += 1
                lines.append(f"**{number}{letter}** holds: " + pair.reason.replace("\n", "\n  "))
            else:
                lines.append(f"**{number}{letter}** does not hold.")
        return grading.shared(
            found, len(lines), lines, reason=self.reason or "", otherwise=self.otherwise or ""
        )

    def _read(self, answer: object) -> dict[str, str] | str:
        """Read which letter goes with which number, or say in a sentence why that fails."""
        pairs = _read_pairs(answer)
        chosen = {n: letter.strip().lower() for n, letter in pairs or () if letter.strip()}
        numbers = [str(n) for n in range(1, len(self.pairs) + 1)]
        letters = self._choices()
        problem = ""
        if pairs is None or not chosen:
            nothing = "" if pairs is None else "Nothing matched yet. "
            problem = f"{nothing}Answer with pairs, such as {self.example()[1:-1]}."
        elif not chosen.keys() <= set(numbers):
            problem = f"The numbers go from 1 to {numbers[-1]}."
        elif not set(chosen.values()) <= letters.keys():
            problem = f"The letters go from a to {list(letters)[-1]}."
        elif len(pairs) > len({n for n, _ in pairs}):
            problem = "Give one letter for each number."
        if problem:
            return problem
        return {n: chosen[n] for n in numbers if n in chosen}

    def _kept(self, answer: object) -> dict[str, str]:
        chosen = self._read(answer)
        return chosen if isinstance(chosen, dict) else {}

    def _right(self) -> dict[str, str]:
        letters = {text: letter for letter, text in self._choices().items()}
        return {str(n): letters[pair.right] for n, pair in enumerate(self.pairs, 1)}

    def _solution(self) -> str:
        lines = [
            f"- **{number}{letter}** {pair.left}: {pair.right}\n\n  {pair.reason}"
            for (number, letter), pair in zip(self._right().items(), self.pairs, strict=True)
        ]
        return "\n".join([*lines, *(["", self.reason] if self.reason else [])])

    def _controls(self) -> dict[str, Any]:
        lefts = [
            {"number": str(n), "html": markup.to_inline_html(pair.left)}
            for n, pair in enumerate(self.pairs, 1)
        ]
        return {"lefts": lefts, "rights": shown_rows(self._choices().items())}

    def _rows(self) -> list[tuple[str, str]]:
        lefts = [(str(n), pair.left) for n, pair in enumerate(self.pairs, 1)]
        return [*lefts, *self._choices().items()]

    def _reasons(self) -> list[str]:
        return [pair.reason for pair in self.pairs]


def _read_pairs(answer: object) -> list[tuple[str, str]] | None:
    """Read pairs of a number and a letter, or None where there is more than pairs."""
    match answer:
        case dict():
            numbers, letters = _few(answer), _few(answer.values())
            return [
                (str(n).strip(), str(letter or ""))
                for n, letter in zip(numbers, letters, strict=True)
            ]
        case list() | tuple():
            parts = _few(answer)
            if any(re.match(r"\s*[0-9]", str(each)) for each in parts):
                return _read_pairs(", ".join(map(str, parts)))
            return [(str(n), str(each or "")) for n, each in enumerate(parts, 1)]
        case str():
            alone = re.sub(_PAIR, "", answer)
            return None if re.search(r"\w", alone) else re.findall(_PAIR, answer)
    return []


def _few(answer: Any) -> list[Any]:
    return [_plain(each) for each in list(answer)[:20]]


def _plain(each: object) -> str | int | None:
    small = isinstance(each, int) and 0 <= each < 100
    return each if small or isinstance(each, str | None) else "?"  # type: ignore[return-value]
