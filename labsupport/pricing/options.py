"""Ways to run a workload, each with its bill and with what the bill takes for granted.

Machines are sized so that each request gets the memory and the share of a vCPU that it would have
on Lambda; disk, traffic, load balancers, operations and people are left out everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_CEILING, Decimal

from labsupport.facts import fact

from .bill import Bill, Line
from .functions import Provisioned, lambda_cost
from .inputs import amount, memory_gb, price, tiered
from .variants import managed_instances_cost
from .workload import DAYS, HOURS, Workload

MILLION = Decimal(10) ** 6
MONTH_H = DAYS * HOURS

Option = Callable[[Workload], Bill]
"""Gives the bill of a workload."""


def on_demand(*, architecture: str = "x86_64", free_tier: bool = True) -> Option:
    """Lambda on demand."""
    return lambda work: lambda_cost(
        requests=work.requests,
        duration_ms=work.duration_ms,
        memory_mb=work.memory_mb,
        architecture=architecture,
        free_tier=free_tier,
    )


def provisioned(*, architecture: str = "x86_64") -> Option:
    """Lambda on provisioned concurrency alone, changed every hour to what its peak needs."""

    def bill(work: Workload) -> Bill:
        hours = sum(work.environments(hour) for hour in range(HOURS)) * DAYS
        cost = lambda_cost(
            requests=0,
            duration_ms=0,
            memory_mb=work.memory_mb,
            architecture=architecture,
            free_tier=False,
            provisioned=Provisioned(1, hours, work.requests, work.duration_ms),
        )
        note = "Provisioned concurrency follows the peak of each hour, and serves every request."
        return Bill(cost.items, (*cost.assumptions, note))

    return bill


def managed_instances(instance: str = "m7g.xlarge") -> Option:
    """Lambda Managed Instances, always as many as the peak needs and at least the default."""

    def bill(work: Workload) -> Bill:
        least = int(fact("lmi.default_instances").value)
        count = max(least, _machines(work, instance))
        cost = managed_instances_cost(
            requests=work.requests,
            instance_hours=count * MONTH_H,
            hourly_usd=float(price(f"price.ec2.{instance}")),
        )
        note = f"{count} × {instance}, all month; Lambda would scale them with the load."
        return Bill(cost.items, (*cost.assumptions, note))

    return bill


def ec2(instance: str = "t4g.medium") -> Option:
    """EC2 instances, as many as the peak of the day needs, all month."""

    def bill(work: Workload) -> Bill:
        count, rate = max(1, _machines(work, instance)), f"price.ec2.{instance}"
        formula = f"{count} × {instance} × {MONTH_H} h × USD {price(rate)}"
        line = Line("instances", count * MONTH_H * price(rate), formula, (rate,))
        return Bill((line,), (f"{count} × {instance}, sized for the peak, never switched off.",))

    return bill


def fargate(*, architecture: str = "x86_64", tasks: int = 1) -> Option:
    """Fargate tasks with the vCPU and memory that each hour's peak needs.

    Args:
        tasks: the fewest that run at any time, a vCPU quarter and half a GB each.
    """
    arm = "arm_" if architecture == "arm64" else ""
    rates = f"price.fargate.{arm}vcpu_h", f"price.fargate.{arm}gb_h"

    def bill(work: Workload) -> Bill:
        vcpu = gb = Decimal(0)
        for concurrency in work.concurrency:
            vcpu += max(Decimal(tasks) / 4, _quarters(concurrency * work.vcpu)) * DAYS
            gb += max(Decimal(tasks) / 2, _halves(concurrency * work.memory_mb / 1024)) * DAYS
        lines = tuple(
            Line(name, hours * price(rate), f"{hours:,} {unit} × USD {price(rate)}", (rate,))
            for name, hours, unit, rate in (
                ("vCPU", vcpu, "vCPU-hours", rates[0]),
                ("memory", gb, "GB-hours", rates[1]),
            )
        )
        return Bill(lines, ("Tasks follow the peak of each hour, and there is always one.",))

    return bill


def api_gateway(kind: str = "http") -> Option:
    """An API Gateway in front, an HTTP API or a REST API; add it to what it stands in front of."""
    rates = f"price.apigw.{kind}"

    def bill(work: Workload) -> Bill:
        shares = tiered(Decimal(work.requests), fact(rates).value, "up_to_requests")
        total = sum((share * rate for share, rate in shares), Decimal(0)) / MILLION
        formula = " + ".join(f"{share:,} × USD {rate} per million" for share, rate in shares)
        return Bill((Line(f"API Gateway ({kind.upper()})", total, formula or "0", (rates,)),))

    return bill


def azure_functions(plan: str = "flex", *, free_tier: bool = True) -> Option:
    """Azure Functions, plan "flex" or the legacy "consumption"."""
    rates = f"azure.{plan}.price"

    def bill(work: Workload) -> Bill:
        facts = fact(rates).value
        sizes = fact("azure.flex.memory_mb").value if plan == "flex" else [work.memory_mb]
        size = next((size for size in sizes if size >= work.memory_mb), sizes[-1])
        duration = Decimal(str(work.duration_ms))
        gb_s = Decimal(work.requests) * duration / 1000 * size / 1024
        free_gb_s = min(gb_s, Decimal(facts["free_gb_s"])) if free_tier else Decimal(0)
        count = Decimal(work.requests)
        free = min(count, Decimal(facts["free_executions"])) if free_tier else Decimal(0)
        lines = (
            Line(
                "executions",
                (count - free) * facts["usd_per_million"] / MILLION,
                f"({count:,} - {free:,} free) × USD {facts['usd_per_million']} per million",
                (rates,),
            ),
            Line(
                "compute",
                (gb_s - free_gb_s) * facts["usd_per_gb_s"],
                f"({gb_s:,.2f} - {free_gb_s:,} free) GB-s × USD {facts['usd_per_gb_s']}",
                (rates,),
            ),
        )
        note = f"{size} MB per request, one at a time; least billed durations are left out."
        return Bill(lines, (note,))

    return bill


def cloud_run_functions() -> Option:
    """Google Cloud Run functions, billed by request, one request at a time."""

    def bill(work: Workload) -> Bill:
        facts = fact("gcf.price").value
        step = Decimal(facts["rounding_ms"])
        each = (Decimal(str(work.duration_ms)) / step).to_integral_value(ROUND_CEILING) * step
        seconds = Decimal(work.requests) * each / 1000
        vcpu, gib = Decimal(str(work.vcpu)), memory_gb(work.memory_mb)
        lines = (
            Line(
                "requests",
                Decimal(work.requests) * facts["usd_per_million"] / MILLION,
                f"{work.requests:,} × USD {facts['usd_per_million']} per million",
                ("gcf.price",),
            ),
            Line(
                "compute",
                seconds * (vcpu * facts["usd_per_vcpu_s"] + gib * facts["usd_per_gib_s"]),
                f"{seconds:,} s × ({vcpu:.3f} vCPU × USD {facts['usd_per_vcpu_s']} + "
                f"{gib:.3f} GiB × USD {facts['usd_per_gib_s']})",
                ("gcf.price",),
            ),
        )
        return Bill(lines, ("No free amounts taken off; the same share of a vCPU as on Lambda.",))

    return bill


def own_server(usd_per_month: float) -> Option:
    """A server of one's own that is always on and large enough; what it costs is given."""
    paid = amount("usd_per_month", usd_per_month)
    line = Line("server", paid, "as given")
    return lambda work: Bill((line,), ("The server is large enough for the peak.",))


def _machines(work: Workload, instance: str) -> int:
    """Instances that give the peak its memory and its share of vCPUs."""
    size = fact(f"ec2.{instance}").value
    by_memory = work.peak * work.memory_mb / 1024 / float(size["memory_gib"])
    by_vcpu = work.peak * work.vcpu / float(size["vcpu"])
    return math.ceil(round(max(by_memory, by_vcpu), 9))


def _quarters(value: float) -> Decimal:
    return Decimal(math.ceil(round(value * 4, 9))) / 4


def _halves(value: float) -> Decimal:
    return Decimal(math.ceil(round(value * 2, 9))) / 2
