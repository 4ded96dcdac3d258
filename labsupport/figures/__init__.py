"""Figures of the course: each a function of data that returns a `Picture`.

A picture has a title that states the finding, alternative text and the numbers as a small table.
"""

from .choices import options_against_requests
from .costs import (
    bill_by_line,
    cost_against_duration,
    cost_against_memory,
    cost_against_requests,
    free_tier_edge,
    x86_against_arm,
)
from .days import day_of_cold_starts, day_of_concurrency, day_of_paid_time
from .measured import (
    cold_starts,
    concurrency_over_time,
    durations,
    power_tuning,
)
from .picture import Picture

__all__ = [
    "Picture",
    "bill_by_line",
    "cold_starts",
    "concurrency_over_time",
    "cost_against_duration",
    "cost_against_memory",
    "cost_against_requests",
    "day_of_cold_starts",
    "day_of_concurrency",
    "day_of_paid_time",
    "durations",
    "free_tier_edge",
    "options_against_requests",
    "power_tuning",
    "x86_against_arm",
]
