"""The lab clock: time that runs `speed` times faster than the wall's, and can be advanced.

What waits for minutes on AWS waits here in lab time. Handlers themselves run in real time.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from numbers import Real

from labsupport.errors import LabError, LabValueError
from labsupport.options import checked_speed

log = logging.getLogger("labsupport.clock")

LONGEST_WAIT = 60.0  # real seconds the clock's thread sleeps without looking again
LAST_MOMENT = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


class Timer:
    """A call the clock will make at `due` (seconds since 1970 in lab time), unless cancelled."""

    def __init__(self, clock: LabClock, due: float, function: Callable[[], object]) -> None:
        self.due = due
        self._clock = clock
        self._function = function
        self.cancelled = False
        self.fired = False

    def cancel(self) -> bool:
        """Keep the call from being made; False when it was made or cancelled before."""
        return self._clock._cancel(self)


class LabClock:
    """A clock for the lab, safe to use from several threads.

    `speed` is lab seconds for each real second. `source` gives real seconds and only ever
    grows. With `threaded=False` timers fire in `advance` and `fire_due` alone, as tests want it.
    """

    def __init__(
        self,
        speed: float = 60,
        *,
        source: Callable[[], float] = time.monotonic,
        start: datetime | None = None,
        threaded: bool = True,
    ) -> None:
        self._speed = checked_speed(speed)
        self._source = source
        self._threaded = threaded
        self._lab = (start or datetime.now(UTC)).timestamp()
        self._real = source()
        self._frozen: float | None = None
        self._timers: list[tuple[float, int, Timer]] = []
        self._order = itertools.count()
        self._changed = threading.Condition(threading.RLock())
        self._driver = threading.Lock()
        self._driving: int | None = None  # the thread that is firing timers now
        self._thread: threading.Thread | None = None
        self._work = 0
        self._closed = False
        self.errors: deque[tuple[Timer, Exception]] = deque(maxlen=100)

    @property
    def speed(self) -> float:
        """Lab seconds for each real second; may be changed at any time."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        speed = checked_speed(speed)
        with self._changed:
            self._lab, self._real = self._flowing(), self._source()
            self._speed = speed
            self._changed.notify_all()

    def time(self) -> float:
        """Return seconds since 1970 (UTC) in lab time."""
        with self._changed:
            return self._flowing() if self._frozen is None else self._frozen

    def now(self) -> datetime:
        """Return the lab's date and time, in UTC.

        It is what to give CloudWatch for a range's end: metrics have lab time.
        """
        return datetime.fromtimestamp(self.time(), UTC)

    def real_seconds(self, lab_seconds: float) -> float:
        """How long `lab_seconds` take on the wall's clock at the present speed."""
        return lab_seconds / self._speed

    def call_at(self, when: datetime | float, function: Callable[[], object]) -> Timer:
        """Call `function()` at `when`: an aware datetime, or seconds since 1970 in lab time.

        A moment already past means as soon as possible. Calls due at the same moment are made
        in the order they were asked for. An exception is logged and kept in `errors`.
        """
        due = when.timestamp() if isinstance(when, datetime) else float(when)
        if math.isnan(due):
            raise LabValueError("The lab clock cannot call at a moment that is not a number.")
        timer = Timer(self, due, function)
        with self._changed:
            if self._closed:
                timer.cancelled = True
                return timer
            heapq.heappush(self._timers, (due, next(self._order), timer))
            if self._threaded and self._thread is None:
                self._thread = threading.Thread(target=self._run, name="lab-clock", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        return timer

    def call_later(self, lab_seconds: float, function: Callable[[], object]) -> Timer:
        """Call `function()` after `lab_seconds`; see `call_at`."""
        with self._changed:
            return self.call_at(self.time() + max(0.0, lab_seconds), function)

    def sleep(self, lab_seconds: float) -> None:
        """Wait until `lab_seconds` have passed, or been advanced over, or the clock is closed."""
        self._refuse_in_timer("sleep")
        over = threading.Event()
        timer = self.call_later(lab_seconds, over.set)
        try:
            with self._changed:
                while not (over.is_set() or timer.cancelled or self._closed):
                    self._changed.wait(LONGEST_WAIT)
        finally:
            timer.cancel()

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0
    ) -> None:
        """Move lab time on, making every call that falls due, in order, on this thread.

        Each call sees `now()` at its own moment and may ask for more calls. Lab time stands
        still in between, so that the outcome never depends on how fast the machine is.
        """
        self._refuse_in_timer("advance")
        delta = _checked_delta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        self._hold_driver()
        try:
            with self._changed:
                self._frozen = self._flowing()
                target = self._frozen + delta
            if target > LAST_MOMENT:
                raise LabValueError("The lab clock cannot be advanced past the year 9999.")
            self._let_work_end()
            while (timer := self._pop_due(target)) is not None:
                with self._changed:
                    self._frozen = max(self._frozen, timer.due)
                self._fire(timer)
                self._let_work_end()
            with self._changed:
                self._frozen = target
        finally:
            with self._changed:
                if self._frozen is not None:
                    self._lab, self._real = self._frozen, self._source()
                self._frozen = None
                self._changed.notify_all()
            self._release_driver()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Work that takes real time, such as a handler's: `advance` waits until it has ended.

        What the work asks the clock for, a retry in a minute, then comes at the right moment.
        """
        with self._changed:
            self._work += 1
        try:
            yield
        finally:
            with self._changed:
                self._work -= 1
                self._changed.notify_all()

    def _let_work_end(self) -> None:
        with self._changed:
            while self._work and not self._closed:
                self._changed.wait(LONGEST_WAIT)

    def fire_due(self) -> int:
        """Make the calls that are due by now; return how many there were."""
        self._refuse_in_timer("fire")
        fired = 0
        self._hold_driver()
        try:
            while (timer := self._pop_due(self.time())) is not None:
                self._fire(timer)
                fired += 1
        finally:
            self._release_driver()
        return fired

    def close(self) -> None:
        """Cancel every call still to be made and wake whoever sleeps."""
        with self._changed:
            self._closed = True
            for _, _, timer in self._timers:
                timer.cancelled = True
            self._timers.clear()
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(1)

    def _flowing(self) -> float:
        return self._lab + (self._source() - self._real) * self._speed

    def _cancel(self, timer: Timer) -> bool:
        with self._changed:
            if timer.fired or timer.cancelled:
                return False
            timer.cancelled = True
            self._timers = [entry for entry in self._timers if entry[2] is not timer]
            heapq.heapify(self._timers)
            self._changed.notify_all()
            return True

    def _pop_due(self, moment: float) -> Timer | None:
        with self._changed:
            if not self._timers or self._timers[0][0] > moment:
                return None
            timer = heapq.heappop(self._timers)[2]
            timer.fired = True
            return timer

    def _fire(self, timer: Timer) -> None:
        try:
            timer._function()
        except Exception as error:
            log.exception("a call of the lab clock failed")
            self.errors.append((timer, error))
        finally:
            with self._changed:
                self._changed.notify_all()

    def _hold_driver(self) -> None:
        self._driver.acquire()
        self._driving = threading.get_ident()

    def _release_driver(self) -> None:
        self._driving = None
        self._driver.release()

    def _refuse_in_timer(self, action: str) -> None:
        if self._driving == threading.get_ident():
            raise LabError(
                f"A call made by the lab clock cannot {action} the clock that is making it: "
                "use call_later instead."
            )

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._closed and (wait := self._real_wait()) > 0:
                    self._changed.wait(wait)
                if self._closed:
                    return
            self.fire_due()

    def _real_wait(self) -> float:
        if not self._timers or self._frozen is not None:
            return LONGEST_WAIT
        return min(LONGEST_WAIT, (self._timers[0][0] - self._flowing()) / self._speed)


def _checked_delta(**parts: object) -> float:
    for name, value in parts.items():
        if (
            isinstance(value, bool)
            or not isinstance(value, Real)
            or not math.isfinite(value)
            or value < 0
        ):
            raise LabValueError(
                f"The lab clock cannot advance by {name}={value!r}: "
                "give a number that is not below 0; lab time never runs backwards."
            )
    try:
        return timedelta(**parts).total_seconds()  # type: ignore[arg-type]
    except OverflowError:
        raise LabValueError("The lab clock cannot be advanced past the year 9999.") from None
