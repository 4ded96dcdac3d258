"""Lambda Managed Instances and Lambda@Edge, which are billed in ways of their own."""

from __future__ import annotations

from decimal import Decimal

from labsupport.facts import fact

from .bill import Bill, Line
from .inputs import amount, memory_gb, price, whole

MILLION = Decimal(10) ** 6


def managed_instances_cost(
    *, requests: int, instance_hours: float, hourly_usd: float, paid_hourly_usd: float | None = None
) -> Bill:
    """The bill of Managed Instances: requests, the instances, and Lambda's fee on them.

    Args:
        requests: in the month.
        instance_hours: all instances together.
        hourly_usd: EC2's on-demand price of the instance, which the fee is taken from.
        paid_hourly_usd: what the instance costs under a Savings Plan, say; None for on demand.
    """
    count, hours = whole("requests", requests), amount("instance_hours", instance_hours)
    hourly = amount("hourly_usd", hourly_usd)
    paid = hourly if paid_hourly_usd is None else amount("paid_hourly_usd", paid_hourly_usd)
    rate, fee = price("price.requests"), price("price.lmi.fee")
    lines = (
        Line(
            "requests",
            count * rate / MILLION,
            f"{count:,} requests × USD {rate} per million",
            ("price.requests",),
        ),
        Line("instances", hours * paid, f"{hours:,} h × USD {paid}"),
        Line(
            "management fee",
            hours * hourly * fee,
            f"{hours:,} h × USD {hourly} on demand × {fee}",
            ("price.lmi.fee",),
        ),
    )
    return Bill(lines, ("The instances run whether they are used or not.",))


def edge_cost(*, requests: int, duration_ms: float, memory_mb: int = 128) -> Bill:
    """The bill of Lambda@Edge, which has no free tier.

    Args:
        duration_ms: average of a request, milliseconds.
    """
    count = whole("requests", requests)
    longest = int(fact("timeout.max_s").value) * 1000
    duration = amount("duration_ms", duration_ms, most=longest)
    units = memory_gb(memory_mb) * 8
    rate = price("price.edge", "usd_per_128mb_second")
    each = price("price.edge", "usd_per_million_requests")
    seconds = count * duration / 1000
    return Bill(
        (
            Line(
                "requests",
                count * each / MILLION,
                f"{count:,} requests × USD {each} per million",
                ("price.edge",),
            ),
            Line(
                "compute",
                seconds * units * rate,
                f"{seconds:,f} s × {units} × 128 MB × USD {rate:f}",
                ("price.edge",),
            ),
        ),
    )
