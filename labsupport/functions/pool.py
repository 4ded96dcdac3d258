"""Which execution environment serves an invocation."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from labsupport.clock import LabClock, Timer

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
        self._free: dict[str, list[ExecutionEnvironment]] = defaultdict(list)
        self._idle: dict[str, Timer] = {}
        self._all: dict[str, ExecutionEnvironment] = {}

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
                timer = self._idle.pop(environment.id, None)
                if timer is not None:
                    timer.cancel()
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
            if environment.id in self._all:
                self._free[environment.function.qualified_arn].append(environment)
                self._idle[environment.id] = self._clock.call_later(
                    IDLE_LAB_SECONDS, lambda: self._reclaim(environment)
                )

    def _reclaim(self, environment: ExecutionEnvironment) -> None:
        """Shut the environment down if it is free."""
        with self._lock:
            free = self._free[environment.function.qualified_arn]
            if environment not in free:
                return
            free.remove(environment)
            self._all.pop(environment.id, None)
            timer = self._idle.pop(environment.id, None)
        if timer is not None:
            timer.cancel()
        environment.shutdown()
