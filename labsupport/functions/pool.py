"""Which execution environment serves an invocation."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from labsupport.clock import LabClock

from .environment import ExecutionEnvironment
from .errors import lab_stopped
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
        self._closed = False

    @contextmanager
    def assign(self, function: FunctionVersion) -> Iterator[ExecutionEnvironment]:
        """An environment for one invocation; it is free again afterwards.

        Where the lab itself failed in the invocation, the environment isn't used again.
        """
        environment = self._take(function)
        try:
            yield environment
        except BaseException:
            self._give_up(lambda other: other is environment)
            environment.shutdown()
            raise
        self._give_back(environment)

    def environments(self) -> list[ExecutionEnvironment]:
        """All environments there are, busy or free."""
        with self._lock:
            return list(self._all.values())

    def retire(self, arn: str) -> None:
        """Shut down the environments of a function, all versions; a busy one when it is done."""
        self._give_up(lambda environment: environment.function.arn == arn)

    def close(self) -> None:
        """Shut down every environment; a busy one when it is done. From now on there are none."""
        self._closed = True
        self._give_up(lambda environment: True)

    def _take(self, function: FunctionVersion) -> ExecutionEnvironment:
        stale = []
        with self._lock:
            if self._closed:
                raise lab_stopped()
            free = self._free[function.qualified_arn]
            while free:
                environment = free.pop()
                del self._idle_since[environment.id]
                if environment.function.fingerprint == function.fingerprint:
                    break
                del self._all[environment.id]
                stale.append(environment)
            else:
                environment = ExecutionEnvironment(function, self._host)
                self._all[environment.id] = environment
        for old in stale:
            old.shutdown()
        return environment

    def _give_back(self, environment: ExecutionEnvironment) -> None:
        with self._lock:
            wanted = environment.id in self._all
            if wanted:
                self._free[environment.function.qualified_arn].append(environment)
                self._idle_since[environment.id] = self._clock.time()
            sweep = wanted and not self._sweeping
            self._sweeping |= sweep
        if not wanted:
            environment.shutdown()
        if sweep:
            self._clock.call_later(IDLE_LAB_SECONDS, self._sweep)

    def _sweep(self) -> None:
        """Give up what has been idle for long enough, and look again when the next one is due."""
        now = self._clock.time()
        long_ago = now - IDLE_LAB_SECONDS
        self._give_up(lambda environment: self._idle_since.get(environment.id, now) <= long_ago)
        with self._lock:
            self._sweeping = bool(self._all)
            next_due = min(self._idle_since.values(), default=now) + IDLE_LAB_SECONDS
        if self._sweeping:
            self._clock.call_at(next_due, self._sweep)

    def _give_up(self, unwanted: Callable[[ExecutionEnvironment], bool]) -> None:
        """Don't use these environments again. Shut down those that are free."""
        free = []
        with self._lock:
            for environment in [known for known in self._all.values() if unwanted(known)]:
                del self._all[environment.id]
                if self._idle_since.pop(environment.id, None) is not None:
                    self._free[environment.function.qualified_arn].remove(environment)
                    free.append(environment)
        for environment in free:
            environment.shutdown()
