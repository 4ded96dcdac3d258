"""The time of a sitting, which a system clock that is put back does not lengthen.

Linux counts the time since it was started, whatever the system clock shows and whether the computer
sleeps or not: there the clock of a sitting follows that count, in this kernel and in the next one.
Elsewhere, and after a restart of the computer, it follows the system clock but never goes back
behind the latest instant known, nor falls behind the time that passed in this kernel.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the clocks show: UTC, and the seconds since the start of the computer named `boot`.

    `boot` is empty where the system has no such count.
    """

    utc: datetime
    boot: str
    ticks: float


def read_clocks() -> Reading:
    """Read the computer's clocks now."""
    utc = datetime.now(UTC)
    try:
        boot = _BOOT.read_text(encoding="ascii").strip()
        return Reading(utc, boot, time.clock_gettime(time.CLOCK_BOOTTIME))
    except (OSError, AttributeError):
        return Reading(utc, "", time.monotonic())


class SittingClock:
    """Tells the time of a sitting that began at `start`; `seen` is the latest instant known."""

    def __init__(self, start: Reading, seen: datetime | None = None) -> None:
        self._start = start
        self._here = here = read_clocks()
        self._latest = max(start.utc, here.utc, seen or start.utc)
        self._counted = bool(start.boot) and start.boot == here.boot and here.ticks >= start.ticks

    def now(self) -> datetime:
        """Give the present instant in UTC."""
        reading = read_clocks()
        if self._counted:
            return self._start.utc + timedelta(seconds=reading.ticks - self._start.ticks)
        passed = timedelta(seconds=reading.ticks - self._here.ticks)
        self._latest, self._here = max(self._latest + passed, reading.utc), reading
        return self._latest
