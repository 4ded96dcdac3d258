"""Tumbling windows: spans of lab time whose records share a state that the function hands on.

docs.aws.amazon.com/lambda/latest/dg/services-kinesis-windows.html
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from labsupport.clock import LabClock
from labsupport.facts import fact
from labsupport.functions.model import InvokeResult

from ..moto_bridge.polled_streams import StreamRecord
from .settings import EventSourceMapping
from .stream_batches import Batch, Window

_NO_STATE = object()


class TumblingWindows:
    """The windows of one lane, one after the other; none where the mapping has no such setting.

    Args:
        wake: is called when a window is over.
    """

    def __init__(
        self, mapping: EventSourceMapping, clock: LabClock, wake: Callable[[], None]
    ) -> None:
        self._mapping = mapping
        self._clock = clock
        self._wake = wake
        self.open: Window | None = None

    def takes(self, record: StreamRecord) -> bool:
        """Whether a record belongs to the window that is open, or opens one."""
        length = self._mapping.settings.get("TumblingWindowInSeconds")
        if not length:
            return True
        if self.open is None:
            start = record.arrived // length * length
            self.open = Window(start, start + length)
            self._clock.call_at(self.open.end, self._wake)
        return record.arrived < self.open.end and not self.open.full

    def ending(self, through: int) -> Batch | None:
        """The event without records that ends a window, None while it isn't over."""
        if self.open is None:
            return None
        if self.open.full:
            return Batch(through=through, early=True)
        over = self._clock.time() >= self.open.end
        return Batch(through=through, final=True) if over else None

    def misses_state(self, result: InvokeResult) -> bool:
        """Whether a function that has to return a state hasn't."""
        return self.open is not None and _state(result) is _NO_STATE

    def keep(self, batch: Batch, result: InvokeResult) -> None:
        """Keep the state that the function has returned, until the window ends."""
        if self.open is None or batch.final:
            self.open = None
        elif batch.early:
            self.open.state, self.open.full = {}, False
        else:
            self.open.state = _state(result)
            most = int(fact("esm.window_state_mb").value) * 1024 * 1024
            self.open.full = len(json.dumps(self.open.state)) > most

    def drop(self) -> None:
        """Give the window up."""
        self.open = None


def _state(result: InvokeResult) -> Any:
    try:
        answer = json.loads(result.payload)
    except ValueError:
        return _NO_STATE
    return answer.get("state", _NO_STATE) if isinstance(answer, dict) else _NO_STATE
