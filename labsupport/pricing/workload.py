"""A workload: how much is asked of a system in a month, and when."""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from labsupport.errors import LabValueError
from labsupport.facts import fact

from .inputs import amount, memory_gb, whole

DAYS, HOURS = 30, 24
FLAT = (1.0,) * HOURS
OFFICE = (0.2,) * 7 + (1.0, 2.0, 3.0, 3.0, 2.5, 2.0, 2.5, 3.0, 3.0, 2.5, 1.5) + (0.5,) * 6
EVENING = (0.3, 0.2, 0.1, 0.1, 0.1, 0.2, 0.5, 1.0) + (1.2,) * 8 + (1.5, 2, 3, 4, 4, 3, 2, 1)


@dataclass(frozen=True)
class Workload:
    """Requests of a month of 30 days, spread over the day by a shape.

    Args:
        requests: in the month.
        duration_ms: average of a request, milliseconds.
        memory_mb: what a request needs, MB; it also needs as much of a vCPU as Lambda gives it.
        shape: weight of each hour of the day.
        burst: how many times the hour's average is asked for at its busiest moment.
    """

    requests: int
    duration_ms: float
    memory_mb: int
    shape: Sequence[float] = FLAT
    burst: float = 1.0

    def __post_init__(self) -> None:
        whole("requests", self.requests)
        amount("duration_ms", self.duration_ms, most=int(fact("timeout.max_s").value) * 1000)
        memory_gb(self.memory_mb)
        amount("burst", self.burst, least=1, most=10**6)
        weights = [amount("shape", weight) for weight in self.shape]
        if len(weights) != HOURS or not any(weights):
            raise LabValueError("shape has one weight for each of 24 hours, and not all are zero.")

    def times(self, requests: int) -> Workload:
        """The same workload with another number of requests."""
        whole("requests", requests)
        other = copy(self)  # the rest has been checked
        for worked_out in ("hourly", "concurrency"):
            other.__dict__.pop(worked_out, None)
        other.__dict__["requests"] = requests
        return other

    @cached_property
    def hourly(self) -> tuple[float, ...]:
        """Requests in each hour of a day."""
        day = self.requests / DAYS / math.fsum(self.shape)
        return tuple(day * weight for weight in self.shape)

    @cached_property
    def concurrency(self) -> tuple[float, ...]:
        """Requests in progress at the busiest moment of each hour (Little's law)."""
        each = self.duration_ms / 1000 / 3600 * self.burst
        return tuple(count * each for count in self.hourly)

    @property
    def peak(self) -> float:
        """Requests in progress at the busiest moment of the day."""
        return max(self.concurrency)

    @property
    def vcpu(self) -> float:
        """The share of a vCPU that a request gets, as Lambda allots it by memory."""
        return self.memory_mb / float(fact("memory.vcpu_1_at_mb").value)

    def environments(self, hour: int) -> int:
        """Environments that serve the busiest moment of an hour, one request at a time in each."""
        return math.ceil(round(self.concurrency[hour], 9))

    @property
    def gb_s(self) -> Decimal:
        """GB-seconds in the month."""
        seconds = Decimal(self.requests) * Decimal(str(self.duration_ms)) / 1000
        return seconds * memory_gb(self.memory_mb)
