"""Progress of something that takes a while: a line on a terminal, a line of a notebook."""

from __future__ import annotations

import html
import sys
from types import TracebackType
from typing import Any, Self

from labsupport.notebook import shell


class Progress:
    """Tells how far something is, in words, with a `with` around what takes long.

    In a notebook it is one HTML value that changes in place, on a terminal one line that does, and
    in a file a line at the end.

    Args:
        steps: how many there will be.
    """

    def __init__(self, what: str, steps: int) -> None:
        self.what = what
        self.steps = steps
        self.done = 0
        self._widget = _shown(what)
        self._moving = self._widget is None and sys.stdout.isatty()

    def step(self, text: str) -> None:
        """Say what is done now."""
        self.done += 1
        percent = 100 * (self.done - 1) // self.steps
        self._say(f"{self.what}: {percent}%, {text}")

    def _say(self, text: str) -> None:
        if self._widget is not None:
            self._widget.value = html.escape(text)
        elif self._moving:
            sys.stdout.write(f"\r{text[:100]:<100}")
            sys.stdout.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        end = "done" if kind is None else "stopped"
        self._say(f"{self.what}: {end}")
        if self._widget is None:
            print("" if self._moving else f"{self.what}: {end}")


def _shown(what: str) -> Any:
    """A widget, shown in the notebook that this code runs in; None where there is none."""
    notebook = shell()
    if notebook is None:
        return None
    import ipywidgets

    widget = ipywidgets.HTML(html.escape(what))
    bundle = widget._repr_mimebundle_() or {}
    notebook.display_pub.publish({**bundle, "text/plain": what})
    return widget
