"""A panel: controls, a function of their values, and what it answers."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labsupport.errors import LabValueError
from labsupport.tables import html_table, text_table

from .controls import Control

if TYPE_CHECKING:
    from .widget import ExplorerWidget


@dataclass(frozen=True)
class Answer:
    """What an explorer says to the values of its controls.

    Args:
        finding: a sentence.
        figure: HTML.
        notes: what is taken for granted, one sentence each.
    """

    finding: str
    figure: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()

    def as_html(self) -> str:
        """Figure, table and notes; the finding goes elsewhere."""
        notes = "".join(f"<li>{html.escape(each)}</li>" for each in self.notes)
        return (
            f"{self.figure}{html_table(self.head, self.rows)}"
            f"<details><summary>Taken for granted</summary><ul>{notes}</ul></details>"
        )

    def __str__(self) -> str:
        notes = "".join(f"\nTaken for granted: {each}" for each in self.notes)
        return f"{self.finding}\n{text_table(self.head, self.rows)}{notes}"


class Explorer:
    """Controls and what they lead to; in a notebook a panel, elsewhere text.

    `set` changes values without a screen.
    """

    def __init__(
        self,
        title: str,
        controls: Sequence[Control],
        values: Mapping[str, Any],
        work: Callable[..., Answer],
    ) -> None:
        self.title = title
        self.controls = controls
        self.values = dict(values)
        self._work = work
        self.answer = work(**self.values)
        self._widget: ExplorerWidget | None = None

    def set(self, **values: Any) -> Answer:
        """Change some values, show the answer to all of them, and give it.

        Raises:
            LabValueError: for values that make no sense; those before are kept.
        """
        self.change(values)
        if self._widget is not None:
            self._widget.show()
        return self.answer

    def change(self, values: Mapping[str, Any]) -> None:
        """Change some values and work out the answer. Raises LabValueError as `set` does."""
        unknown = [name for name in values if name not in self.values]
        if unknown:
            raise LabValueError(
                f"There is no {unknown[0]!r} here: the values are {', '.join(self.values)}."
            )
        changed = self.values | dict(values)
        self.answer = self._work(**changed)
        self.values = changed

    def __str__(self) -> str:
        given = ", ".join(f"{name} {value}" for name, value in self.values.items())
        return f"{self.title} ({given})\n{self.answer}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(self.answer.finding)}</p>{self.answer.as_html()}"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        bundle = {"text/plain": str(self), "text/html": self._repr_html_()}
        from labsupport.notebook import shell

        if shell() is None:
            return bundle
        if self._widget is None:
            from .widget import ExplorerWidget

            self._widget = ExplorerWidget(self)
        return {**self._widget.view(), **bundle}
