"""Which execution environment serves an invocation."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

from labsupport.clock import LabClock

from ..environments.environment import ExecutionEnvironment
from ..environments.failures import Failure
from ..environments.host import Host
from ..errors import ServiceError, lab_stopped
from ..model import FunctionVersion

LEAST_FREE_BYTES = 128 * 1024 * 1024
IDLE_LAB_SECONDS = 6 * 3600
"""Lab time after which an idle environment is given up. AWS doesn't publish its own."""
REST_S = 2.0
"""How long an invocation waits for an environment whose runtime has given its response but hasn't
asked for the next event yet. AWS doesn't wait: it starts another."""

Defer = Callable[[Callable[[], None]], object]
"""Takes what is left to do once the caller of an invocation has the result."""


class EnvironmentPool:
    """The execution environments of a lab: used again when free, started when none is.

    An environment serves one event at a time. When a version's code or configuration has changed,
    its old environments are shut down instead of being used again. Environments of provisioned
    concurrency serve the alias or version they were initialised for, and are never reclaimed.

    Args:
        start: called before an environment is started on demand; may raise ServiceError.
    """

    def __init__(
        self, host: Host, clock: LabClock, start: Callable[[FunctionVersion], None]
    ) -> None:
        self._host = host
        self._clock = clock
        self._lock = threading.Lock()
        self._rested = threading.Condition(self._lock)
        self._resting: Counter[str] = Counter()
        self._waiting: Counter[str] = Counter()
        self._start = start
        self._all: dict[str, ExecutionEnvironment] = {}
        self._free: dict[str, list[ExecutionEnvironment]] = defaultdict(list)
        self._idle_since: dict[str, float] = {}
        self._sweeping = False
        self._closed = False

    @contextmanager
    def assign(
        self, function: FunctionVersion, provisioned_for: str = "", defer: Defer | None = None
    ) -> Iterator[ExecutionEnvironment]:
        """An environment for one invocation; it is free again when it rests afterwards.

        Where the lab itself failed in the invocation, the environment isn't used again.

        Args:
            provisioned_for: whose provisioned concurrency serves it, "" on demand.
            defer: takes what brings the environment to rest; None has it done at once.
        """
        environment = self._take(function, provisioned_for)
        with self._given_up_in_failure(environment):
            yield environment
        self._served(environment)
        if defer is None:
            self._rest(environment)
        else:
            defer(lambda: self._rest(environment))

    def _served(self, environment: ExecutionEnvironment) -> None:
        with self._lock:
            self._resting[_key_of(environment)] += 1
            if environment.id in self._all and not environment.provisioned_for:
                self._idle_since[environment.id] = self._clock.time()
            sweep = not self._sweeping and bool(self._idle_since)
            self._sweeping |= sweep
        if sweep:
            self._clock.call_later(IDLE_LAB_SECONDS, self._sweep)

    def _rest(self, environment: ExecutionEnvironment) -> None:
        try:
            with self._given_up_in_failure(environment):
                environment.rest()
            self._give_back(environment)
        finally:
            with self._rested:
                self._resting[_key_of(environment)] -= 1
                self._rested.notify_all()

    @contextmanager
    def _given_up_in_failure(self, environment: ExecutionEnvironment) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._give_up(lambda other: other is environment)
            environment.shutdown()
            raise

    def provision(self, function: FunctionVersion, target: str) -> Failure | None:
        """Initialise an environment for a target's provisioned concurrency; why it failed if so."""
        environment = self._new(function, target)
        failure = environment.initialise()
        if failure:
            self._give_up(lambda other: other is environment)
            environment.shutdown()
        else:
            self._give_back(environment)
        return failure

    def provisioned(self, target: str) -> int:
        """How many initialised environments a target's provisioned concurrency has."""
        with self._lock:
            return sum(
                environment.provisioned_for == target and environment.initialised
                for environment in self._all.values()
            )

    def give_up_provisioned(self, target: str, count: int | None = None) -> None:
        """Give up environments of a target's provisioned concurrency, all or so many."""
        with self._lock:
            known = [env for env in self._all.values() if env.provisioned_for == target]
        unwanted = known[: len(known) if count is None else count]
        self._give_up(lambda environment: environment in unwanted)

    def environments(self) -> list[ExecutionEnvironment]:
        """All environments there are, busy or free."""
        with self._lock:
            return list(self._all.values())

    def retire(self, arn: str) -> None:
        """Shut down the environments of a function or a version; a busy one when it is done."""
        self._give_up(
            lambda environment: (
                arn in (environment.function.arn, environment.function.qualified_arn)
            )
        )

    def close(self) -> None:
        """Shut down every environment; a busy one when it is done. From now on there are none."""
        self._closed = True
        self._give_up(lambda environment: True)

    def _take(self, function: FunctionVersion, provisioned_for: str) -> ExecutionEnvironment:
        stale = []
        found = None
        key = _key(function, provisioned_for)
        with self._lock:
            free = self._free[key]
            if not free and self._resting[key] > self._waiting[key]:
                self._waiting[key] += 1
                self._rested.wait_for(lambda: free or not self._resting[key], REST_S)
                self._waiting[key] -= 1
            while free and found is None:
                environment = free.pop()
                self._idle_since.pop(environment.id, None)
                if environment.function.fingerprint == function.fingerprint:
                    found = environment
                else:
                    del self._all[environment.id]
                    stale.append(environment)
        for old in stale:
            old.shutdown()
        if found is None:
            if not provisioned_for:
                self._start(function)
            found = self._new(function, provisioned_for)
        return found

    def _new(self, function: FunctionVersion, provisioned_for: str) -> ExecutionEnvironment:
        with self._lock:
            if self._closed:
                raise lab_stopped()
            _check_memory(len(self._all))
            environment = ExecutionEnvironment(function, self._host, provisioned_for)
            self._all[environment.id] = environment
        return environment

    def _give_back(self, environment: ExecutionEnvironment) -> None:
        with self._lock:
            wanted = environment.id in self._all
            if wanted:
                self._free[_key_of(environment)].append(environment)
        if not wanted:
            environment.shutdown()

    def _sweep(self) -> None:
        """Give up what has been idle for long enough, and look again when the next one is due."""
        now = self._clock.time()
        long_ago = now - IDLE_LAB_SECONDS
        self._give_up(lambda environment: self._idle_since.get(environment.id, now) <= long_ago)
        with self._lock:
            self._sweeping = bool(self._idle_since)
            next_due = min(self._idle_since.values(), default=now) + IDLE_LAB_SECONDS
        if self._sweeping:
            self._clock.call_at(next_due, self._sweep)

    def _give_up(self, unwanted: Callable[[ExecutionEnvironment], bool]) -> None:
        """Don't use these environments again. Shut down those that are free."""
        free = []
        with self._lock:
            for environment in [known for known in self._all.values() if unwanted(known)]:
                del self._all[environment.id]
                self._idle_since.pop(environment.id, None)
                if environment in (waiting := self._free[_key_of(environment)]):
                    waiting.remove(environment)
                    free.append(environment)
        for environment in free:
            environment.shutdown()


def _key(function: FunctionVersion, provisioned_for: str) -> str:
    return f"{function.qualified_arn} {provisioned_for}"


def _key_of(environment: ExecutionEnvironment) -> str:
    return _key(environment.function, environment.provisioned_for)


def _check_memory(running: int) -> None:
    """AWS has no such limit, but this machine must not come to a standstill."""
    if psutil.virtual_memory().available < LEAST_FREE_BYTES:
        raise ServiceError(
            "ServiceException",
            "This machine has too little free memory for another execution environment; "
            f"{running} are there already.",
            500,
        )
