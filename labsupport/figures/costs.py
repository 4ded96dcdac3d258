"""Figures of what things cost. Each is worked out by `labsupport.pricing`, nothing is read off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from labsupport.errors import LabValueError
from labsupport.facts import fact
from labsupport.pricing import Bill, Workload, crossover, lambda_cost
from labsupport.pricing.options import Option

from .picture import Picture, axis_in, drawing, label_lines, money, short

NAMES = {"x86_64": "x86", "arm64": "Arm"}


def cost_against_requests(
    requests: Sequence[int], *, duration_ms: float, memory_mb: int, free_tier: bool = True
) -> Picture:
    """What a function costs a month at so many requests, on x86 and on Arm."""
    return _against(
        "requests",
        "requests per month",
        requests,
        {"duration_ms": duration_ms, "memory_mb": memory_mb, "free_tier": free_tier},
        f"{duration_ms:g} ms at {memory_mb:,} MB",
    )


def cost_against_memory(
    memories: Sequence[int], *, requests: int, duration_ms: float, free_tier: bool = False
) -> Picture:
    """What a function costs a month at so much memory, if its duration stayed the same."""
    return _against(
        "memory_mb",
        "memory, MB",
        memories,
        {"requests": requests, "duration_ms": duration_ms, "free_tier": free_tier},
        f"{requests:,} requests of {duration_ms:g} ms whatever the memory",
    )


def cost_against_duration(
    durations_ms: Sequence[float], *, requests: int, memory_mb: int, free_tier: bool = False
) -> Picture:
    """What a function costs a month at such durations."""
    return _against(
        "duration_ms",
        "duration, ms",
        durations_ms,
        {"requests": requests, "memory_mb": memory_mb, "free_tier": free_tier},
        f"{requests:,} requests at {memory_mb:,} MB",
    )


def free_tier_edge(*, duration_ms: float, memory_mb: int) -> Picture:
    """Where a function leaves the monthly free tier, and what it costs from there on."""
    free_requests = int(fact("price.free.requests").value)
    each = duration_ms / 1000 * memory_mb / 1024
    by_compute = int(Decimal(fact("price.free.gbs").value) / Decimal(str(each))) if each else None
    edge = min(free_requests, by_compute) if by_compute is not None else free_requests
    which = "requests" if edge == free_requests else "GB-seconds"
    counts = [edge * step // 4 for step in range(9)]
    costs = [
        lambda_cost(requests=count, duration_ms=duration_ms, memory_mb=memory_mb)
        for count in counts
    ]
    title = f"Free up to {edge:,} requests a month: then the free {which} are used up"
    with drawing() as (figure, axes):
        axes.plot(counts, [float(bill.exact_total) for bill in costs])
        axes.axvline(edge, color="#444444", linewidth=1, linestyle=":")
        axes.annotate("free tier ends", (edge, axes.get_ylim()[1]), ha="center", va="bottom")
        axes.xaxis.set_major_formatter(axis_in(short))
        axes.set(xlabel="requests per month", ylabel="USD per month")
        axes.set_title(title, pad=22)
    return Picture(
        figure,
        title,
        f"A line at zero up to {edge:,} requests of {duration_ms:g} ms at {memory_mb:,} MB, "
        f"rising to USD {money(costs[-1].exact_total)} at {counts[-1]:,}.",
        ("requests", "USD per month"),
        [
            (f"{count:,}", money(bill.exact_total))
            for count, bill in zip(counts, costs, strict=True)
        ],
    )


def options_against_requests(
    options: Mapping[str, Option], workload: Workload, requests: Sequence[int]
) -> Picture:
    """What several ways to run a workload cost at so many requests, and where they cross."""
    _check(options, "options")
    _check(requests, "requests")
    totals = {
        name: [option(workload.times(count)).exact_total for count in requests]
        for name, option in options.items()
    }
    first, *others = options
    edges = {name: crossover(options[first], options[name], workload) for name in others}
    found = {name: edge for name, edge in edges.items() if edge and edge <= max(requests)}
    if found:
        soonest = min(found, key=found.__getitem__)
        title = f"From {found[soonest]:,} requests a month on, {soonest} costs less than {first}"
    else:
        cheapest = min(totals, key=lambda name: totals[name][-1])
        title = (
            f"At every number of requests shown, {cheapest} costs least"
            if cheapest == first
            else (f"At {max(requests):,} requests a month, {cheapest} costs least")
        )
    with drawing(height=4.6) as (figure, axes):
        for name, costs in totals.items():
            axes.plot(requests, [float(cost) for cost in costs], label=name)
        axes.xaxis.set_major_formatter(axis_in(short))
        axes.set(xlabel="requests per month", ylabel="USD per month")
        axes.set_title(title)
        label_lines(axes)
    return Picture(
        figure,
        title,
        f"Lines of the monthly cost of {', '.join(options)} against requests per month.",
        ("requests", *options),
        [
            (f"{count:,}", *(money(totals[name][place]) for name in options))
            for place, count in enumerate(requests)
        ],
    )


def bill_by_line(bill: Bill) -> Picture:
    """A bill's lines as bars, the largest on top."""
    lines = sorted(bill.items, key=lambda line: line.amount)
    _check(lines, "bill")
    largest = lines[-1]
    share = largest.amount / bill.exact_total if bill.exact_total else Decimal(0)
    title = (
        f"{largest.name.capitalize()} is {share:.0%} of USD {money(bill.total)} a month"
        if bill.exact_total
        else "This costs nothing"
    )
    with drawing(height=1.6 + 0.45 * len(lines)) as (figure, axes):
        bars = axes.barh([line.name for line in lines], [float(line.amount) for line in lines])
        axes.bar_label(bars, [f" {money(line.cents)}" for line in lines])
        axes.set(xlabel="USD per month")
        axes.margins(x=0.15)
        axes.grid(axis="y", visible=False)
        axes.set_title(title)
    return Picture(
        figure,
        title,
        "Bars of the bill's lines: "
        + ", ".join(f"{line.name} USD {money(line.cents)}" for line in reversed(lines))
        + ".",
        ("line", "USD per month"),
        [(line.name, money(line.cents)) for line in reversed(lines)],
    )


def _against(
    name: str, axis: str, values: Sequence[Any], fixed: Mapping[str, Any], rest: str
) -> Picture:
    _check(values, name)
    totals = {
        architecture: [
            lambda_cost(**fixed, **{name: value}, architecture=architecture).exact_total
            for value in values
        ]
        for architecture in NAMES
    }
    ends = [totals[architecture][-1] for architecture in NAMES]
    saving = 1 - ends[1] / ends[0] if ends[0] else Decimal(0)
    title = (
        f"Arm costs {saving:.0%} less at {axis.partition(',')[0]} {values[-1]:,}"
        if saving
        else "All of this is within the free tier"
    )
    with drawing() as (figure, axes):
        for architecture, costs in totals.items():
            axes.plot(values, [float(cost) for cost in costs], label=NAMES[architecture])
        axes.xaxis.set_major_formatter(axis_in(short))
        axes.set(xlabel=axis, ylabel="USD per month")
        axes.set_title(title)
        label_lines(axes)
    return Picture(
        figure,
        title,
        f"Two lines of the monthly cost against {axis}, x86 above Arm, for {rest}.",
        (axis, *(f"USD, {label}" for label in NAMES.values())),
        [
            (f"{value:,}", *(money(totals[architecture][place]) for architecture in NAMES))
            for place, value in enumerate(values)
        ],
    )


def _check(values: Any, name: str) -> None:
    if not len(values):
        raise LabValueError(f"There is nothing to draw: {name} is empty.")
