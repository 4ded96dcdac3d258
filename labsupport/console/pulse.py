"""The thread that keeps open pages informed, and sleeps while there is nothing to tell.

Messages leave through ipykernel's IOPub thread, which takes them from any thread; so the page hears
of what happens while a cell is running.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from labsupport.history import History

from .feed import Feed

Send = Callable[[dict[str, Any]], None]

log = logging.getLogger("labsupport.console")

GAP_S = 0.25
"""Seconds between two messages, at least."""
BEAT_S = 5.0
"""Seconds after which a page is told that all is well, where there is nothing else to tell."""
LEASE_S = 60.0
"""Seconds that a page is kept informed after it was last heard of."""
LOOK_S = 1.0
"""Seconds after which the lab is looked at although nothing was recorded."""
BUSY_SHARE, IDLE_SHARE = 0.1, 0.01
"""Of a core: what looking and telling may take while something happens, and while nothing does."""


class Pulse:
    """Tells open pages what a feed has; a page is told of what others have asked for, too.

    Args:
        send: sends a message to all pages.
    """

    def __init__(
        self, feed: Feed, history: History, send: Callable[[dict[str, Any]], None]
    ) -> None:
        self._feed = feed
        self._history = history
        self._send = send
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._leased_until = 0.0
        self._asked = False
        self._ended = False
        self._thread: threading.Thread | None = None

    def state(self) -> dict[str, Any]:
        """All there is to show now; pages that are open already are told what is new in it."""
        with self._lock:
            self._tell()
            self.hear()
            return self._feed.state()

    def hear(self, *, asks: bool = False) -> None:
        """Note that a page is open, or that it asks for all there is."""
        with self._lock:
            self._leased_until = time.monotonic() + LEASE_S
            self._asked = self._asked or asks
            if self._ended and asks:
                self._send(self._feed.state())
            elif not self._ended and self._thread is None:
                self._thread = threading.Thread(target=self._run, name="lab-console", daemon=True)
                self._history.subscribe(self._wake.set)
                self._thread.start()
        if asks:
            self._wake.set()

    def end(self) -> None:
        """Tell the last there is and stop. Twice does no harm."""
        with self._lock:
            if not self._ended:
                self._tell()
                self._ended = True
        self._wake.set()

    def _run(self) -> None:
        """Look, tell, and wait; ends when no page has been heard of for a while."""
        pause, told = 0.0, 0.0
        while True:
            happened = self._wake.wait(pause)
            self._wake.clear()
            with self._lock:
                if self._ended or time.monotonic() > self._leased_until:
                    self._history.unsubscribe(self._wake.set)
                    self._thread = None
                    return
                begin = time.thread_time()
                if self._tell():
                    told = time.monotonic()
                elif time.monotonic() - told > BEAT_S:
                    told = time.monotonic()
                    self._deliver({"type": "beat", "serial": self._feed.serial})
                cost = time.thread_time() - begin
            time.sleep(max(GAP_S, cost / BUSY_SHARE) if happened else GAP_S)
            pause = max(LOOK_S, cost / IDLE_SHARE)

    def _tell(self) -> bool:
        changes = self._feed.changes()
        if changes is not None:
            self._deliver(changes)
        if self._asked:
            self._asked = False
            self._deliver(self._feed.state())
        return changes is not None

    def _deliver(self, message: dict[str, Any]) -> None:
        try:
            self._send(message)
        except Exception:
            log.exception("the console's page couldn't be told")
