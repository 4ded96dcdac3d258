"""`lab.cpu_share = "aws"`: a function gets the share of a vCPU that its memory setting brings.

The share grows in proportion to memory
(docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html). Here an environment's processes
are stopped and continued against the CPU time they have used, in periods as long as those of AWS's
scheduler, while an event is handled. Init runs at full speed, as on AWS. More than this machine
has, nobody gets: neither more cores nor those that are busy with something else.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from labsupport.facts import fact

from . import inspection
from .spawning import Processes, RunningProcess

PERIOD_S = 0.02
_LEAST_WAIT_S = 0.001
_CORES = os.cpu_count() or 1


def vcpus(memory_mb: int) -> float:
    """How many vCPUs a function with so much memory has."""
    share = memory_mb / float(fact("memory.vcpu_1_at_mb").value)
    return min(share, float(fact("memory.vcpu_at_max").value))


@dataclass
class _Limited:
    """A process that handles an event: the CPU time it may use until it is stopped, in seconds."""

    process: RunningProcess
    share: float
    left: float
    looked: float
    used: float
    stopped: bool = False
    due: float = 0.0


class CpuShare:
    """Keeps processes that handle an event to their share, by one thread while there are any.

    Args:
        mode: says whether it does so now: "aws", or None for full speed.
    """

    def __init__(self, processes: Processes, mode: Callable[[], str | None]) -> None:
        self._processes = processes
        self._mode = mode
        self._limited: dict[int, _Limited] = {}
        self._changed = threading.Condition()
        self._watching = False

    def limit(self, process: RunningProcess, memory_mb: int) -> None:
        """Keep a process to its share from now on."""
        if self._mode() is None:
            return
        share, now = vcpus(memory_mb), time.monotonic()
        used = inspection.cpu_seconds(process.pid)
        with self._changed:
            self._limited[process.pid] = _Limited(process, share, share * PERIOD_S, now, used)
            self._changed.notify()
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="cpu share", daemon=True).start()

    def release(self, process: RunningProcess) -> None:
        """Let a process run as it likes. When this returns it runs, and isn't touched again."""
        if self._limited:
            with self._changed:
                limited = self._limited.pop(process.pid, None)
                if limited is not None and limited.stopped:
                    self._processes.thaw(process)

    def _watch(self) -> None:
        with self._changed:
            while self._limited:
                now = time.monotonic()
                for limited in self._limited.values():
                    if limited.due <= now:
                        self._look(limited)
                due = min(limited.due for limited in self._limited.values())
                self._changed.wait(max(due - time.monotonic(), 0.0002))
            self._watching = False

    def _look(self, limited: _Limited) -> None:
        now, used = time.monotonic(), inspection.cpu_seconds(limited.process.pid)
        ration = limited.share * PERIOD_S
        left = limited.left + limited.share * (now - limited.looked)
        left -= max(used - limited.used, 0.0)
        if not limited.stopped:  # what isn't used is lost, but for what waiting for a core may cost
            left = min(left, max(2 * ration, limited.left))
        limited.left, limited.looked, limited.used = left, now, used
        if not limited.stopped:
            if left <= 0:
                limited.stopped = True
                self._processes.freeze(limited.process, ())
        elif left >= ration:
            limited.stopped = False
            self._processes.thaw(limited.process)
        if limited.stopped:
            limited.due = now + (ration - left) / limited.share
        else:
            limited.due = now + max(left / _CORES, _LEAST_WAIT_S)
