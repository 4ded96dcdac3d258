"""The console in the page: one anywidget component.

A view draws `first`, then follows custom messages of the types `update` (what has changed, with a
serial number), `state` (all, for a view that has sent `open`), `beat` (nothing new) and `answer`
(to an `invoke`, with its token). It sends `look` now and then while it is there.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

if TYPE_CHECKING:
    from .console import Console

STATIC = Path(__file__).parent / "static"
PARTS = ("page", "activity", "functions", "records", "log", "depths", "invoke", "console")


class ConsoleWidget(anywidget.AnyWidget):
    """The widget of one `Console`; its views show the same lab."""

    _esm = "\n".join((STATIC / f"{part}.js").read_text(encoding="utf-8") for part in PARTS)
    _css = STATIC / "console.css"

    first = traitlets.Dict().tag(sync=True)

    def __init__(self, console: Console) -> None:
        self._console = console
        super().__init__()
        self.on_msg(self._receive)

    def view(self) -> dict[str, Any]:
        """The part of a MIME bundle that shows a view."""
        bundle: Any = self._repr_mimebundle_() or {}
        return dict(bundle[0] if isinstance(bundle, tuple) else bundle)

    def open(self) -> None:
        """Open the comm, so that messages are heard while a cell is running.

        JupyterLab sends them to a subshell of its own, a thread; ipykernel would lead them to the
        one that has sent last, and IPython's events around them would show figures that the cell
        is still drawing.
        """
        super().open()
        self.comm.handle_msg = self._handle_msg
        self._let_page_choose()

    def _send(self, message: Any, buffers: Any = None) -> None:
        super()._send(message, buffers)
        self._let_page_choose()

    def _let_page_choose(self) -> None:
        getattr(self.comm, "__dict__", {}).pop("_reply_subshell_id", None)

    def _receive(self, _: Any, message: Any, buffers: Any) -> None:
        if isinstance(message, dict):
            self._console.hear(message)
