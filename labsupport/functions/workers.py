"""Threads for what nobody waits for."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from labsupport.clock import LabClock


class Workers:
    """Does work in the order it comes, in up to `most` threads.

    They are daemon threads: unlike those of `concurrent.futures`, they don't keep a program from
    ending, however long a handler would still run.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._changed = threading.Condition()
        self._waiting: deque[Callable[[], object]] = deque()
        self._threads = 0
        self._idle = 0
        self._closed = False

    def submit(self, work: Callable[[], object]) -> bool:
        """Have `work()` done, which must not raise; False when it is too late for that."""
        with self._changed:
            if self._closed:
                return False
            self._waiting.append(work)
            self._changed.notify()
            if len(self._waiting) > self._idle and self._threads < self._most:
                self._threads += 1
                threading.Thread(target=self._run, name=self._name, daemon=True).start()
        return True

    def submit_holding(self, clock: LabClock, work: Callable[[], object]) -> None:
        """Have `work()` done, which must not raise; a clock that is advanced waits for its end."""
        working = clock.working()
        working.__enter__()

        def held() -> None:
            try:
                work()
            finally:
                working.__exit__(None, None, None)

        if not self.submit(held):
            working.__exit__(None, None, None)

    def close(self) -> None:
        """Forget the work that waits, and don't wait for what is being done."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._idle += 1
                while not self._waiting and not self._closed:
                    self._changed.wait()
                self._idle -= 1
                if self._closed:
                    return
                work = self._waiting.popleft()
            work()
