"""Judges answers: right, partly, wrong or not attempted, with a score and words that explain it.

Nothing here raises for what a learner may type. An answer that cannot be judged ("abc" for a
number, a letter no option has) is *not attempted*, and the feedback says what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from quizzes.markup import fill, to_html, to_text
from quizzes.numbers import NotANumber, read_number

if TYPE_CHECKING:
    from quizzes.model import Multiple, Numeric, Option, Single

Outcome: TypeAlias = Literal["right", "partly", "wrong", "not attempted"]


@dataclass(frozen=True, slots=True)
class Grade:
    """What an answer was worth: an outcome, a score from 0 to 1, and feedback in Markdown."""

    outcome: Outcome
    score: float
    feedback: str

    def _repr_html_(self) -> str:
        return to_html(self.feedback)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(to_text(self.feedback))


def not_attempted(why: str) -> Grade:
    """Make the grade of an answer that was not given or cannot be judged."""
    return Grade("not attempted", 0.0, why)


def grade_single(question: Single, answer: object) -> Grade:
    """Grade the letter of one option."""
    chosen = chosen_letters(answer, question.options)
    if isinstance(chosen, str):
        return not_attempted(chosen)
    if len(chosen) > 1:
        return not_attempted("Choose one answer only.")
    option = question.options[chosen[0]]
    if option.right:
        return Grade("right", 1.0, f"**Right.** {fill(option.reason)}")
    return Grade("wrong", 0.0, f"**Not quite.** {fill(option.reason)}")


def grade_multiple(question: Multiple, answer: object) -> Grade:
    """Grade the letters of some options.

    Each right option chosen counts one, each wrong one takes one back; the score is what is left,
    not below nothing, as a share of the right options. Only the chosen options' reasons are told.
    """
    chosen = chosen_letters(answer, question.options)
    if isinstance(chosen, str):
        return not_attempted(chosen)
    right = [letter for letter, option in question.options.items() if option.right]
    found = [letter for letter in chosen if letter in right]
    excess = len(chosen) - len(found)
    score = max(0.0, (len(found) - excess) / len(right))
    if len(found) == len(right) and not excess:
        return Grade("right", 1.0, _itemised("**Right.**", chosen, question.options))
    count = f"{len(found)} of {len(right)}"
    if score > 0:
        surplus = f", and {excess} that {'does' if excess == 1 else 'do'} not hold" * bool(excess)
        return Grade(
            "partly",
            score,
            _itemised(f"**Partly right: {count}**{surplus}.", chosen, question.options),
        )
    return Grade("wrong", 0.0, _itemised("**Not quite.**", chosen, question.options))


def _itemised(verdict: str, chosen: Iterable[str], options: Mapping[str, Option]) -> str:
    lines = [
        f"- **{letter}** {'holds' if options[letter].right else 'does not hold'}: "
        + fill(options[letter].reason).replace("\n", "\n  ")
        for letter in chosen
    ]
    return "\n".join([verdict, "", *lines])


def grade_numeric(question: Numeric, answer: object) -> Grade:
    """Grade a number, with its unit or without."""
    try:
        given = read_number(answer, question.unit)
    except NotANumber as error:
        return not_attempted(str(error))
    if question.accepts(given):
        return Grade("right", 1.0, f"**Right.** {fill(question.reason)}")
    for mistake in question.mistakes:
        if given == mistake.value:
            return Grade("wrong", 0.0, f"**Not quite.** {fill(mistake.reason)}")
    return Grade("wrong", 0.0, f"**Not quite.** {fill(question.otherwise)}")


def chosen_letters(answer: object, options: Mapping[str, Option]) -> list[str] | str:
    """Read the chosen letters in the question's order, or say in a sentence why that fails.

    Understands "b", "B", "a, c", "ac" and lists, tuples or sets of letters.
    """
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
    return [letter for letter in options if letter in given]
