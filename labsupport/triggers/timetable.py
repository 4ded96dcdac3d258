"""What happens again and again on the lab clock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from labsupport.clock import LabClock, Timer


@dataclass
class _Entry:
    moments: Iterator[datetime]
    fire: Callable[[datetime], object]
    ended: Callable[[], object]
    timer: Timer | None = None


class Timetable:
    """Calls functions at their moments, each from one timer at a time."""

    def __init__(self, clock: LabClock) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._entries: dict[str, _Entry] = {}

    def follow(
        self,
        key: str,
        moments: Iterator[datetime],
        fire: Callable[[datetime], object],
        ended: Callable[[], object] = lambda: None,
    ) -> None:
        """Call `fire(moment)` at each of `moments`, in order, instead of what `key` had before.

        Args:
            ended: is called after the last moment, if there was one.
        """
        with self._lock:
            self.forget(key)
            self._entries[key] = entry = _Entry(moments, fire, ended)
            self._next(key, entry)

    def forget(self, key: str) -> None:
        """Call nothing more for a key."""
        with self._lock:
            entry = self._entries.pop(key, None)
            if entry is not None and entry.timer is not None:
                entry.timer.cancel()

    def close(self) -> None:
        """Call nothing more."""
        with self._lock:
            for key in list(self._entries):
                self.forget(key)

    def _next(self, key: str, entry: _Entry) -> bool:
        moment = next(entry.moments, None)
        if moment is None:
            self._entries.pop(key, None)
            return False
        entry.timer = self._clock.call_at(moment, lambda: self._due(key, entry, moment))
        return True

    def _due(self, key: str, entry: _Entry, moment: datetime) -> None:
        with self._lock:
            if self._entries.get(key) is not entry:
                return
            more = self._next(key, entry)
        entry.fire(moment)
        if not more:
            entry.ended()
