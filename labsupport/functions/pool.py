"""Which execution environment serves an invocation."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from labsupport.clock import LabClock

from .environment import ExecutionEnvironment
from .model import FunctionVersion
from .runtime_process import Host

IDLE_LAB_SECONDS = 6 * 3600
"""Lab time after which an idle environment is given up. AWS doesn't publish its own."""


class EnvironmentPool:
    """The execution environments of a lab: used again when free, started when none is.

    An environment serves one event at a time. When a version's code or configuration has changed,
    its old environments are shut down instead of being used again.
    """

    def __init__(self, host: Host, clock: LabClock) -> None:
        self._host = host
        self._clock = clock
        self._lock = threading.Lock()
        self._all: dict[str, ExecutionEnvironment] = {}
        self._free: dict[str, list[ExecutionEnvironment]] = defaultdict(list)
        self._idle_since: dict[str, float] = {}
        self._sweeping = False

    @contextmanager
    def assign(self, function: FunctionVersion) -> Iterator[ExecutionEnvironment]:
        """An environment for one invocation; it is free again afterwards."""
        environment = self._take(function)
        try:
            yield environment
        finally:
            self._give_back(environment)

    def environments(self) -> list[ExecutionEnvironment]:
        """All environments there are, busy or free."""
        with self._lock:
            return list(self._all.values())

    def retire(self, arn: str) -> None:
        """Shut down the free environments of a function, all versions."""
        with self._lock:
            gone = [
                environment
                for qualified, free in self._free.items()
                if qualified.rpartition(":")[0] == arn
                for environment in free
            ]
        for environment in gone:
            self._reclaim(environment)

    def close(self) -> None:
        """Shut down every free environment; busy ones lose their process with the warden."""
        for environment in self.environments():
            self._reclaim(environment)

    def _take(self, function: FunctionVersion) -> ExecutionEnvironment:
        stale = []
        with self._lock:
            free = self._free[function.qualified_arn]
            while free:
                environment = free.pop()
                if environment.function.fingerprint == function.fingerprint:
                    break
                self._all.pop(environment.id, None)
                stale.append(environment)
            else:
                environment = ExecutionEnvironment(function, self._host)
                self._all[environment.id] = environment
        for old in stale:
            old.shutdown()
        return environment

    def _give_back(self, environment: ExecutionEnvironment) -> None:
        with self._lock:
            if environment.id not in self._all:
                return
            self._free[environment.function.qualified_arn].append(environment)
            self._idle_since[environment.id] = self._clock.time()
            if self._sweeping:
                return
            self._sweeping = True
        self._clock.call_later(IDLE_LAB_SECONDS, self._sweep)

    def _sweep(self) -> None:
        """Give up what has been idle for long enough, and look again when the next one is due."""
        now = self._clock.time()
        with self._lock:
            free = [environment for group in self._free.values() for environment in group]
            due = {e.id: self._idle_since[e.id] + IDLE_LAB_SECONDS for e in free}
            self._sweeping = bool(self._all)
        for environment in free:
            if due[environment.id] <= now:
                self._reclaim(environment)
        if self._sweeping:
            later = [moment for moment in due.values() if moment > now]
            self._clock.call_at(min(later, default=now + IDLE_LAB_SECONDS), self._sweep)

    def _reclaim(self, environment: ExecutionEnvironment) -> None:
        """Shut the environment down if it is free."""
        with self._lock:
            free = self._free[environment.function.qualified_arn]
            if environment not in free:
                return
            free.remove(environment)
            self._all.pop(environment.id, None)
            self._idle_since.pop(environment.id, None)
        environment.shutdown()
