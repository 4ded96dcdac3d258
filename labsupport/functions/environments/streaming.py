"""An invocation whose response is read while the function still runs."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterator

from ..errors import ServiceError
from ..model import InvokeResult, ResponseSink

log = logging.getLogger("labsupport.functions")

Invoke = Callable[[ResponseSink], InvokeResult | None]


class Streaming:
    """Invokes in a thread of its own.

    Args:
        invoke: invokes with a sink for the response and waits for the result.

    Raises:
        ServiceError: where the call is refused.
    """

    def __init__(self, invoke: Invoke) -> None:
        self.content_type = ""
        self.result: InvokeResult | None = None
        self._invoke = invoke
        self._parts: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._decided = threading.Event()
        self._refused: Exception | None = None
        self._left = False
        threading.Thread(target=self._run, name="lab-stream", daemon=True).start()
        self._decided.wait()
        if self._refused is not None:
            raise self._refused

    @property
    def streams(self) -> bool:
        """Whether the runtime streams; otherwise the result is there."""
        return self.result is None or self.result.streamed_bytes > 0

    def start(self, content_type: str) -> None:
        """See `ResponseSink`."""
        self.content_type = content_type
        self._decided.set()

    def write(self, data: bytes) -> None:
        """See `ResponseSink`."""
        if not self._left:
            self._parts.put(data)

    def parts(self) -> Iterator[bytes]:
        """The parts of the response as they come; afterwards the result is there."""
        try:
            while (part := self._parts.get()) is not None:
                yield part
        finally:
            self._left = True

    def _run(self) -> None:
        try:
            self.result = self._invoke(self)
        except ServiceError as error:
            self._refused = error
        except Exception as error:
            log.exception("a streamed invocation failed")
            self._refused = error
        finally:
            self._parts.put(None)
            self._decided.set()
