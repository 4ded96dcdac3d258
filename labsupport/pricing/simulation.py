"""A day of a workload, request by request: concurrency, environments, cold starts, and the bill.

The model: requests come at random (a Poisson process that is told how many came) at the rate of the
workload's shape, which holds for an hour each; `Workload.burst` isn't used. A request goes to the
environment that has been free for the shortest time; when none is free, a new one is started, which
is a cold start and takes the Init phase more. An environment that has been free for `idle_s` is
given up. The day begins without any environment. AWS publishes neither which environment is taken
nor when one is given up: `idle_s` is an assumption.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from heapq import heappop, heappush
from itertools import chain, pairwise
from typing import Any

import numpy as np

from labsupport.errors import LabValueError
from labsupport.facts import fact

from .bill import Bill
from .functions import compute_line, requests_line
from .inputs import amount, memory_gb, whole
from .inputs import architecture as arch_of
from .workload import DAYS, HOURS, Workload

DAY_S = HOURS * 3600
MOST_REQUESTS = 5 * 10**6
"""Requests of one day that can be simulated, in seconds and some hundred MB."""
AT_ONCE = 10**5


@dataclass(frozen=True, eq=False, repr=False)
class Day:
    """What happened on a simulated day, in arrays with one entry a request, in order of arrival.

    Args:
        started: seconds since midnight.
        ended: seconds since midnight.
        cold: whether the request began with an Init phase.
        opened: when each environment was started, seconds since midnight.
        closed: when each of them was given up; may be after midnight.
        init_ms: milliseconds of an Init phase.
        idle_s: seconds after which a free environment was given up.
    """

    workload: Workload
    started: Any
    ended: Any
    cold: Any
    opened: Any
    closed: Any
    init_ms: float
    idle_s: float

    def __repr__(self) -> str:
        return (
            f"A day of {self.requests:,} requests: {self.cold_starts:,} cold starts, at most "
            f"{self.peak:,} requests in progress, at most {self.most_environments:,} environments."
        )

    @property
    def requests(self) -> int:
        """How many came."""
        return len(self.started)

    @property
    def cold_starts(self) -> int:
        """How many of them waited for an Init phase."""
        return int(np.count_nonzero(self.cold))

    @property
    def peak(self) -> int:
        """The most requests in progress at once, Init included."""
        return int(self._running[1].max(initial=0))

    @property
    def most_environments(self) -> int:
        """The most environments that there were at once."""
        return int(_changes(self.opened, self.closed)[1].max(initial=0))

    def concurrency(self, step_s: float) -> Any:
        """The most requests in progress at once, Init included, in each step of the day."""
        return _most(self._running, step_s)

    def busy(self, step_s: float) -> Any:
        """Requests in progress on average, Init included, in each step of the day."""
        moments, counts = self._running
        edges = np.arange(0, DAY_S + step_s, step_s)
        if not len(moments):
            return np.zeros(len(edges) - 1)
        seconds = np.concatenate([[0.0], np.cumsum(counts[:-1] * np.diff(moments))])
        return np.diff(np.interp(edges, moments, seconds)) / step_s

    def environments(self, step_s: float) -> Any:
        """The most environments, busy or free, that there were in each step of the day."""
        return _most(_changes(self.opened, self.closed), step_s)

    def count(self, step_s: float, *, cold: bool = False) -> Any:
        """How many requests came, or how many of them were cold starts, in each step of the day."""
        which = self.started[self.cold] if cold else self.started
        return np.histogram(which, np.arange(0, DAY_S + step_s, step_s))[0]

    @cached_property
    def _running(self) -> tuple[Any, Any]:
        return _changes(self.started, self.ended)

    def bill(self, *, architecture: str = "x86_64", free_tier: bool = True) -> Bill:
        """The bill of a month of such days, cold starts included."""
        ms = np.ceil(((self.ended - self.started) * 1000).round(6)).astype(np.int64)
        gb_s = Decimal(int(ms.sum()) * DAYS) * memory_gb(self.workload.memory_mb) / 1000
        count = Decimal(self.requests * DAYS)
        lines = (
            requests_line(count, free_tier),
            compute_line(gb_s, "requests as simulated", arch_of(architecture), free_tier),
        )
        note = (
            f"{DAYS} days like this one; a free environment is given up after {self.idle_s:g} s, "
            "which is an assumption."
        )
        free = "with" if free_tier else "without"
        return Bill(lines, (f"Prices of us-east-1, {free} the monthly free tier.", note))


def simulate_day(
    workload: Workload,
    *,
    init_ms: float = 250,
    idle_s: float = 600,
    variation: float = 0.5,
    seed: int = 1,
) -> Day:
    """Simulate one of the 30 days of a workload's month.

    Args:
        init_ms: milliseconds of an Init phase.
        idle_s: seconds after which a free environment is given up.
        variation: standard deviation of durations as a share of their average; they follow a gamma
            distribution, up to Lambda's longest timeout. With 0, all take the average.
        seed: the same seed gives the same day.

    Raises:
        LabValueError: for numbers that make no sense, or for more requests than can be simulated.
    """
    longest = int(fact("timeout.max_s").value) * 1000
    init_s = float(amount("init_ms", init_ms, most=longest)) / 1000
    idle = float(amount("idle_s", idle_s))
    spread = float(amount("variation", variation, most=10))
    random = np.random.default_rng(int(whole("seed", seed)))
    count = round(workload.requests / DAYS)
    if count > MOST_REQUESTS:
        raise LabValueError(
            f"A day of {count:,} requests is too much to simulate: give a workload of at most "
            f"{MOST_REQUESTS * DAYS:,} requests a month."
        )
    started = _arrivals(workload, count, random)
    seconds = float(workload.duration_ms) / 1000
    shape = 1 / spread**2 if spread else 0.0
    took = random.gamma(shape, seconds / shape, count) if spread else np.full(count, seconds)
    took = np.minimum(took, longest / 1000)
    cold, opened, closed = _serve(_floats(started), _floats(took), init_s, idle)
    was_cold = np.zeros(count, dtype=bool)
    was_cold[cold] = True
    return Day(
        workload=workload,
        started=started,
        ended=started + took + was_cold * init_s,
        cold=was_cold,
        opened=np.array(opened),
        closed=np.array(closed),
        init_ms=init_s * 1000,
        idle_s=idle,
    )


def _arrivals(workload: Workload, count: int, random: Any) -> Any:
    """Moments of the day in order, evenly frequent within each hour."""
    total = np.concatenate([[0.0], np.cumsum(np.array(workload.shape, dtype=float))])
    hours = np.linspace(0, DAY_S, HOURS + 1)
    return np.interp(np.sort(random.random(count)) * total[-1], total, hours)


def _floats(array: Any) -> Iterator[float]:
    """The numbers of an array as Python's own, some at a time."""
    parts = range(0, len(array), AT_ONCE)
    return chain.from_iterable(array[place : place + AT_ONCE].tolist() for place in parts)


def _serve(
    started: Iterable[float], took: Iterable[float], init_s: float, idle_s: float
) -> tuple[list[int], list[float], list[float]]:
    """Give each request an environment: which had none, and the lives of all environments."""
    busy: list[float] = []
    free: list[float] = []  # when each became free, the latest last
    cold: list[int] = []
    opened: list[float] = []
    closed: list[float] = []
    for number, (moment, seconds) in enumerate(zip(started, took, strict=True)):
        while busy and busy[0] <= moment:
            free.append(heappop(busy))
        if free and moment - free[-1] < idle_s:
            free.pop()
            heappush(busy, moment + seconds)
        else:
            closed += [since + idle_s for since in free]
            free.clear()
            cold.append(number)
            opened.append(moment)
            heappush(busy, moment + seconds + init_s)
    return cold, opened, closed + [since + idle_s for since in (*free, *busy)]


def _changes(begins: Any, ends: Any) -> tuple[Any, Any]:
    """The moments at which something begins or ends, and how many there are after each.

    What ends as another begins makes room for it.
    """
    moments = np.concatenate([ends, begins])
    order = np.argsort(moments, kind="stable")
    steps = np.repeat([-1, 1], [len(ends), len(begins)])
    return moments[order], np.cumsum(steps[order])


def _most(changes: tuple[Any, Any], step_s: float) -> Any:
    """The greatest count in each step: what it begins with, or what comes to be within."""
    moments, counts = changes
    edges = np.searchsorted(moments, np.arange(0, DAY_S + step_s, step_s))
    before = np.concatenate([[0], counts])[edges[:-1]]
    within = [counts[low:high].max(initial=0) for low, high in pairwise(edges)]
    return np.maximum(before, within)
