"""The questions and answers in the formats of other systems, for who teaches elsewhere.

`moodle` writes questions as Moodle XML, `jupyterquiz` as that package's JSON; `xapi` writes answers
as statements for a learning record store. What a format has no room for is left out, and named.
"""

from __future__ import annotations

from dataclasses import dataclass

VARIANTS = 5
"""How many sets of numbers of a question with parameters are written."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written, the number of questions in it, and those left out with the reason."""

    text: str
    questions: int
    left_out: tuple[tuple[str, str], ...]


class Unfit(ValueError):
    """Raised for a question that a format has no room for; its text says why, in a few words."""
