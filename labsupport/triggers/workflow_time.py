"""Lab time for workflows: their threads wait on the lab clock, and it waits for their work.

`advance` goes from one moment to the next when all workflows have come to wait for the clock or
for somebody outside. So the clock has to know of every thread that is at work: one that waits for
threads it has started isn't.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime

from labsupport.clock import LabClock

LOOK_AGAIN_S = 1.0  # real seconds after which a waiting workflow looks whether it was stopped


class WorkflowTime:
    """Waiting and working of all workflows of a lab."""

    def __init__(self, clock: LabClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._at_work = 0
        self._hold: ExitStack | None = None
        self._waiting: set[threading.Event] = set()
        self.closed = False

    def now(self) -> datetime:
        """The lab's date and time, in UTC."""
        return self._clock.now()

    def begin(self) -> None:
        """One thread more is at work."""
        with self._lock:
            self._at_work += 1
            if self._at_work == 1 and self._hold is None:
                self._hold = ExitStack()
                self._hold.enter_context(self._clock.working())

    def end(self) -> None:
        """One thread less is at work."""
        with self._lock:
            self._at_work -= 1
            if self._at_work == 0 and self._hold is not None:
                self._hold.close()
                self._hold = None

    @contextmanager
    def pause(self) -> Iterator[None]:
        """A thread waits for somebody else."""
        self.end()
        try:
            yield
        finally:
            self.begin()

    def pause_for(self, real_seconds: float) -> None:
        """Wait before looking again at something outside."""
        with self.pause():
            time.sleep(real_seconds)

    def wait(self, lab_seconds: float, goes_on: Callable[[], bool] = lambda: True) -> None:
        """Wait on the lab clock, for as long as `goes_on`."""
        over = threading.Event()

        def wake() -> None:
            self.begin()  # before the clock goes on
            over.set()

        with self._lock:
            self._waiting.add(over)
        timer = self._clock.call_later(lab_seconds, wake)
        self.end()
        while not self.closed and not over.wait(LOOK_AGAIN_S):
            if not goes_on():
                break
        with self._lock:
            self._waiting.discard(over)
        if timer.cancel() or not timer.fired:
            self.begin()

    def close(self) -> None:
        """Let nobody wait any longer."""
        self.closed = True
        with self._lock:
            waiting = list(self._waiting)
        for over in waiting:
            over.set()
