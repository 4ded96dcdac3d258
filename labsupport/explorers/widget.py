"""The explorer in the page: one anywidget component.

The page sends ``values`` with a serial number; the kernel answers with ``shown``, which has the
same number, the finding, and figure and table as HTML. What makes no sense is answered with a
sentence, and what was shown stays.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from labsupport.errors import LabError

if TYPE_CHECKING:
    from .explorer import Explorer

STATIC = Path(__file__).parent / "static"


class ExplorerWidget(anywidget.AnyWidget):
    """The widget of one `Explorer`; every view of it shows the same."""

    _esm = STATIC / "explorer.js"
    _css = STATIC / "explorer.css"

    title = traitlets.Unicode().tag(sync=True)
    controls: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)
    shown = traitlets.Dict().tag(sync=True)

    def __init__(self, explorer: Explorer) -> None:
        self._explorer = explorer
        controls = [each.spec() for each in explorer.controls]
        super().__init__(title=explorer.title, controls=controls, shown=self._shown(0))
        self.on_msg(self._receive)

    def show(self) -> None:
        """Show the explorer's values and answer, which were changed in Python."""
        self.shown = self._shown(0, self.shown["version"] + 1)

    def view(self) -> dict[str, Any]:
        """The part of a MIME bundle that shows a view."""
        bundle: Any = self._repr_mimebundle_() or {}
        return dict(bundle[0] if isinstance(bundle, tuple) else bundle)

    def _receive(self, _: Any, message: Any, buffers: Any) -> None:
        serial, version = message["serial"], self.shown["version"] + 1
        try:
            self._explorer.change(message["values"])
            self.shown = self._shown(serial, version)
        except LabError as error:
            self.shown = {**self.shown, "serial": serial, "version": version, "error": str(error)}

    def _shown(self, serial: object, version: int = 0) -> dict[str, Any]:
        answer = self._explorer.answer
        return {
            "serial": serial,
            "version": version,
            "values": self._explorer.values,
            "finding": answer.finding,
            "html": answer.as_html(),
            "error": "",
        }
