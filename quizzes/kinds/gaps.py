"""``gaps``: code or configuration with pieces left out.

``code``        the text, with ``___1___``, ``___2___``, … where something is missing
``language``    what it is written in, such as ``python``, ``yaml`` or ``json``
``gaps``        a mapping from each gap's number to ``accept``, a list of forms that are right, or
                to ``options``, a list of texts, and ``right``, the one of them that is; and to
                ``reason`` and ``otherwise``, told when the gap is filled rightly or wrongly

Upper and lower case count, as they do in code; quotes or backticks around an answer do not. The
score is the share of gaps filled rightly.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from quizzes import grading, markup
from quizzes.grading import Grade, not_attempted
from quizzes.kinds.base import Markdown, Part, Question
from quizzes.kinds.words import CASE_COUNTS, matches, read_text

_GAP = re.compile(r"___(\d+)___")
_NUMBERS = frozenset(range(1, 10))


class Gap(Part):
    """What is missing in one place."""

    accept: Annotated[tuple[Markdown, ...], Field(min_length=1)] | None = None
    options: Annotated[tuple[Markdown, ...], Field(min_length=2, max_length=8)] | None = None
    right: Markdown | None = None
    reason: Markdown
    otherwise: Markdown

    @model_validator(mode="after")
    def _consistent(self) -> Gap:
        if (self.accept is None) == (self.options is None):
            raise ValueError("A gap has either `accept` or `options`; give one.")
        if self.options is not None and self.right not in self.options:
            raise ValueError("`right` of a gap must be one of its `options`.")
        if self.options is None and self.right is not None:
            raise ValueError("`right` goes with `options`; a gap with `accept` has none.")
        return self

    def forms(self) -> tuple[str, ...]:
        """List the texts that fill the gap rightly."""
        return self.accept or (self.right or "",)


class Gaps(Question):
    """A question answered by filling gaps."""

    kind: Literal["gaps"]
    code: Annotated[str, Field(min_length=1)]
    language: str = "python"
    gaps: Annotated[dict[str, Gap], Field(min_length=1, max_length=9)]
    summed: ClassVar[int] = 9

    @model_validator(mode="after")
    def _numbered(self) -> Gaps:
        expected = [str(n) for n in range(1, len(self.gaps) + 1)]
        if list(self.gaps) != expected or sorted(set(_GAP.findall(self.code))) != expected:
            raise ValueError(
                "`gaps` must be numbered from 1 in order, and `code` must have ___1___ for gap 1 "
                "and so on, each gap of the one in the other."
            )
        return self

    def instruction(self) -> str:
        """Say how the question is answered and what part of it earns."""
        if len(self.gaps) == 1:
            return "Fill the gap; upper and lower case count."
        return (
            f"Fill the {len(self.gaps)} gaps; upper and lower case count. "
            "The share of right ones counts."
        )

    def example(self) -> str:
        """Give an answer as it may look."""
        names = ", ".join(f'"text {number}"' for number in self.gaps)
        return f"[{names}]" if len(self.gaps) > 1 else '"text"'

    def _judged(self, answer: object) -> Grade:
        given = self._read(answer)
        if isinstance(given, str):
            return not_attempted(given)
        found, lines = 0, []
        for (number, gap), text in zip(self.gaps.items(), given, strict=True):
            if text is None:
                lines.append(f"**{number}** is still open.")
            elif matches(text, gap.forms(), "exact"):
                found += 1
                lines.append(f"**{number}** holds: " + gap.reason.replace("\n", "\n  "))
            else:
                case = matches(text, gap.forms(), "any")
                why = CASE_COUNTS if case else gap.otherwise
                lines.append(f"**{number}** does not hold: " + why.replace("\n", "\n  "))
        return grading.shared(found, len(lines), lines, reason="", otherwise="")

    def _read(self, answer: object) -> list[str | None] | str:
        """Read the text of each gap in order, or say in a sentence why that fails."""
        last = len(self.gaps)
        parts: list[object] = []
        match answer:
            case dict():
                keys = {str(key) if key in _NUMBERS else key for key in answer}
                if not keys <= set(self.gaps):
                    return f"The gaps are numbered from 1 to {last}."
                parts = [answer.get(number, answer.get(int(number))) for number in self.gaps]
            case list() | tuple():
                parts = list(answer)
            case str() if last > 1:
                parts = list(re.split(r"[,;\n]", answer))
            case _:
                parts = [answer]
        if len(parts) > last:
            return f"There {'is 1 gap' if last == 1 else f'are {last} gaps'}; give a text for each."
        texts = [read_text(part) for part in parts]
        if not any(texts):
            return "Nothing filled in yet. Write a text for each gap."
        return texts + [None] * (last - len(texts))

    def _kept(self, answer: object) -> list[str]:
        given = self._read(answer)
        return [text or "" for text in given] if isinstance(given, list) else []

    def _right(self) -> list[str]:
        return [gap.forms()[0] for gap in self.gaps.values()]

    def _solution(self) -> str:
        filled = _GAP.sub(lambda match: self.gaps[match[1]].forms()[0], self.code)
        reasons = [f"- **{number}** {gap.reason}" for number, gap in self.gaps.items()]
        return "\n".join([markup.code_block(filled, self.language), "", *reasons])

    def _controls(self) -> dict[str, Any]:
        gaps = [{"number": number, "options": self._choices(number)} for number in self.gaps]
        return {"code": self.code.rstrip(), "language": self.language, "gaps": gaps}

    def _choices(self, number: str) -> list[str]:
        options = self.gaps[number].options or ()
        if self.order == "fixed":
            return list(options)
        return [options[place] for place in self._mixed(len(options), self.seed)]

    def _blocks(self) -> list[str]:
        return [markup.code_block(self.code, self.language)]

    def _rows(self) -> list[tuple[str, str]]:
        return [
            (number, " or ".join(map(markup.code_span, self._choices(number))))
            for number, gap in self.gaps.items()
            if gap.options
        ]

    def _reasons(self) -> list[str]:
        return [max(gap.reason, gap.otherwise, key=len) for gap in self.gaps.values()]
