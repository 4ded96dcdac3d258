"""What a question gives to read before it is answered: a log, some code, or a figure."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from quizzes import markup
from quizzes.figures import Figure

_Verbatim = Annotated[str, StringConstraints(min_length=1)]


class Exhibit(BaseModel):
    """One of ``log``, ``code`` (with its ``language``) and ``figure`` (with ``alt``)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    log: _Verbatim | None = None
    code: _Verbatim | None = None
    language: str = "python"
    figure: Figure | None = None
    alt: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Exhibit:
        given = [each for each in (self.log, self.code, self.figure) if each is not None]
        if len(given) != 1:
            raise ValueError("An exhibit is one of `log`, `code` and `figure`; give one.")
        if (self.figure is None) != (self.alt is None):
            raise ValueError("`alt` goes with `figure`: it says in words what the figure shows.")
        return self

    def markdown(self) -> str:
        """Write the exhibit in Markdown; a figure becomes its description and its numbers."""
        if self.figure is not None:
            return f"*{self.figure.title}.* {self.alt}\n\n{markup.code_block(self.figure.table())}"
        if self.log is not None:
            return markup.code_block(self.log, "text")
        return markup.code_block(self.code or "", self.language)

    def html(self) -> str:
        """Write the exhibit for a page that shows drawings."""
        if self.figure is None:
            return markup.to_html(self.markdown())
        return self.figure.html(self.alt or "")
