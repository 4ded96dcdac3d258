"""The console of a lab: a live panel in a notebook, tables elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labsupport.notebook import shell

from . import tables
from .feed import Feed
from .invoking import Invoker
from .pulse import Pulse
from .source import Source

if TYPE_CHECKING:
    from .widget import ConsoleWidget


class Console:
    """What a lab does now; in a notebook a panel that follows it, elsewhere tables of this moment.

    The panel shows functions, invocations as they come, their log, the depth of queues and streams
    and what is in dead-letter queues; functions can be invoked from it. What it shows of a lab that
    was stopped is what there was at its end.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._invoker = Invoker(source)
        self._pulse = Pulse(Feed(source), source.history, self._send)
        self._widget: ConsoleWidget | None = None
        self._last: str | None = None

    def hear(self, message: Mapping[str, Any]) -> None:
        """Take a message from a page; what makes no sense is left alone."""
        kind = message.get("type")
        if kind in ("open", "look"):
            self._pulse.hear(asks=kind == "open")
        elif kind == "invoke":
            token = message.get("token")
            self._invoker.start(
                message, lambda told: self._send({"type": "answer", "token": token, **told})
            )

    def stop(self) -> None:
        """Tell pages that the lab has stopped."""
        self._pulse.end()

    def _send(self, message: dict[str, Any]) -> None:
        if self._widget is not None:
            self._widget.send(message)

    def __str__(self) -> str:
        return tables.as_text(tables.read(self._source))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return tables.as_html(tables.read(self._source))

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        bundle = {"text/plain": str(self), "text/html": self._repr_html_()}
        if shell() is None:
            return bundle
        if self._widget is None:
            from .widget import ConsoleWidget

            self._widget = ConsoleWidget(self)
        self._widget.first = self._pulse.state()
        return {**self._widget.view(), **bundle}
