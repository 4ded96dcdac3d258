"""``ordering``: things to bring into their order.

``items``       three to seven Markdown texts in the right order; they are shown in another one,
                lettered, the same for everybody unless ``order: shuffled``
``reason``      why the order is what it is, shown after the right answer
``otherwise``   what to think of after any other order; must not give the answer away

Part of the order counts by the most items that stand in the right sequence to each other, whatever
stands between them: with n items of which k do so, the score is (k - 1) / (n - 1).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from quizzes import grading
from quizzes.grading import Grade, not_attempted
from quizzes.kinds.base import LETTERS, Markdown, Question
from quizzes.kinds.choice import read_letters, shown_rows


class Ordering(Question):
    """A question answered by an order."""

    kind: Literal["ordering"]
    items: Annotated[tuple[Markdown, ...], Field(min_length=3, max_length=7)]
    reason: Markdown
    otherwise: Markdown

    @field_validator("items")
    @classmethod
    def _different(cls, items: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(items)) < len(items):
            raise ValueError("Two items say the same; change one of them.")
        return items

    def instruction(self) -> str:
        """Say how the question is answered and what part of an order earns."""
        return (
            "Answer with all letters in their order. "
            "What stands in the right sequence counts, even with others in between."
        )

    def example(self) -> str:
        """Give an answer as it may look."""
        return f'"{", ".join(reversed(LETTERS[: len(self.items)]))}"'

    def original(self, kept: Any) -> Any:
        """Give the order as letters of the bank's items, of which "a" comes first."""
        return [LETTERS[self._places()[each]] for each in kept]

    def _places(self) -> dict[str, int]:
        """Give the right place, from 0, of the item shown under each letter."""
        places = self._mixed(len(self.items), self.seed)
        if places == sorted(places):
            places = [*places[1:], places[0]]
        return dict(zip(LETTERS, places, strict=False))

    def _judged(self, answer: object) -> Grade:
        places = self._places()
        letters = read_letters(answer, places)
        if isinstance(letters, str):
            return not_attempted(letters.replace("Choose an answer", "Put all in order"))
        if sorted(letters) != sorted(places):
            return not_attempted(f"Give each letter from a to {list(places)[-1]} once.")
        given = [places[letter] for letter in letters]
        inline = _longest_rising(given)
        if inline == len(given):
            return grading.right(self.reason)
        if inline < 2:
            return grading.wrong(self.otherwise)
        count = f"{inline} of {len(given)} in sequence"
        return grading.partly(count, (inline - 1) / (len(given) - 1), f". {self.otherwise}")

    def _kept(self, answer: object) -> list[str]:
        letters = read_letters(answer, self._places())
        return letters if isinstance(letters, list) else []

    def _right(self) -> list[str]:
        places = self._places()
        return sorted(places, key=lambda letter: places[letter])

    def _solution(self) -> str:
        rows = dict(self._rows())
        lines = [f"{n}. **{letter}** {rows[letter]}" for n, letter in enumerate(self._right(), 1)]
        return "\n".join([*lines, "", self.reason])

    def _controls(self) -> dict[str, Any]:
        return {"items": shown_rows(self._rows())}

    def _rows(self) -> list[tuple[str, str]]:
        return [(letter, self.items[place]) for letter, place in self._places().items()]

    def _reasons(self) -> list[str]:
        return [self.reason, self.otherwise]


def _longest_rising(places: list[int]) -> int:
    """Give the length of the longest rising sequence in `places`, gaps allowed."""
    best: list[int] = []
    for n, place in enumerate(places):
        before = [best[m] for m in range(n) if places[m] < place]
        best.append(1 + max(before, default=0))
    return max(best)
