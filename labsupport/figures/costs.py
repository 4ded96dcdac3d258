"""Figures of what one function costs. All is worked out by `labsupport.pricing`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from labsupport.facts import fact
from labsupport.pricing import Bill, lambda_cost
from labsupport.pricing.inputs import amount, memory_gb

from .picture import (
    Picture,
    axis_in,
    drawing,
    label_lines,
    money,
    plain,
    short,
    something,
    titled,
)

NAMES = {"x86_64": "x86", "arm64": "Arm"}
BETWEEN = 200
MARK = {"linestyle": "", "marker": "o", "markerfacecolor": "white", "markersize": 9}


def cost_against_requests(
    requests: Sequence[int], *, duration_ms: float, memory_mb: int, free_tier: bool = True
) -> Picture:
    """What a function costs a month at so many requests, on x86 and on Arm."""
    return _against(
        "requests",
        requests,
        {"duration_ms": duration_ms, "memory_mb": memory_mb, "free_tier": free_tier},
        axis="requests per month",
        at="at {} requests a month",
        rest="{duration_ms:,} ms at {memory_mb:,} MB",
    )


def cost_against_memory(
    memories: Sequence[int], *, requests: int, duration_ms: float, free_tier: bool = False
) -> Picture:
    """What a function costs a month at so much memory, if its duration stayed the same."""
    return _against(
        "memory_mb",
        memories,
        {"requests": requests, "duration_ms": duration_ms, "free_tier": free_tier},
        axis="memory, MB",
        at="at {} MB",
        rest="{requests:,} requests a month, {duration_ms:,} ms whatever the memory",
    )


def cost_against_duration(
    durations_ms: Sequence[float], *, requests: int, memory_mb: int, free_tier: bool = False
) -> Picture:
    """What a function costs a month at such durations."""
    return _against(
        "duration_ms",
        durations_ms,
        {"requests": requests, "memory_mb": memory_mb, "free_tier": free_tier},
        axis="duration, ms",
        at="at {} ms",
        rest="{requests:,} requests a month at {memory_mb:,} MB",
    )


def free_tier_edge(*, duration_ms: float, memory_mb: int) -> Picture:
    """Where a function leaves the monthly free tier, and what it costs from there on."""
    memory = memory_gb(memory_mb)
    longest = int(fact("timeout.max_s").value) * 1000
    each = math.ceil(amount("duration_ms", duration_ms, most=longest)) * memory / 1000
    edge, which = int(fact("price.free.requests").value), "requests"
    if each and fact("price.free.gbs").value / each < edge:
        edge, which = int(fact("price.free.gbs").value / each), "GB-seconds"
    counts = [edge * step // 4 for step in range(9)]
    costs = [
        lambda_cost(requests=count, duration_ms=duration_ms, memory_mb=memory_mb).exact_total
        for count in counts
    ]
    title = f"{edge:,} requests a month use up the free {which}"
    with drawing() as (_, axes):
        axes.plot(counts, list(map(float, costs)))
        axes.plot([edge], [0], color="#333333", zorder=3, **MARK)
        axes.annotate(
            "the free tier ends", (edge, 0), (0, 12), textcoords="offset points", ha="right"
        )
        axes.xaxis.set_major_formatter(axis_in(short))
        axes.set(xlabel="requests per month", ylabel="USD per month")
        titled(axes, title, f"{duration_ms:g} ms at {memory_mb:,} MB")
    return Picture(
        axes.figure,
        title,
        f"A line at zero up to {edge:,} requests of {duration_ms:g} ms at {memory_mb:,} MB, "
        f"rising to USD {money(costs[-1])} at {counts[-1]:,}.",
        ("requests", "USD per month"),
        [(f"{count:,}", money(cost)) for count, cost in zip(counts, costs, strict=True)],
    )


def x86_against_arm(*, requests: int, duration_ms: float, memory_mb: int) -> Picture:
    """How long a function may take on Arm and still cost less there, the free tier left out."""

    longest = int(fact("timeout.max_s").value) * 1000
    whole = math.ceil(amount("duration_ms", duration_ms, least=1, most=longest // 2))
    amount("requests", requests, least=1)

    def cost(duration: float, architecture: str) -> Decimal:
        return lambda_cost(
            requests=requests,
            duration_ms=duration,
            memory_mb=memory_mb,
            architecture=architecture,
            free_tier=False,
        ).exact_total

    x86 = cost(duration_ms, "x86_64")
    low, high = whole, whole * 2  # a millisecond costs more than half as much on Arm
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if cost(middle, "arm64") <= x86 else (low, middle)
    slower = Decimal(low) / whole - 1
    title = f"Arm costs less than x86 unless it is more than {slower:.0%} slower"
    durations = [whole * step / 10 for step in range(6, 15)]
    on_arm = [cost(each, "arm64") for each in durations]
    with drawing() as (_, axes):
        axes.plot(durations, [float(x86)] * len(durations), marker="", label="x86")
        axes.plot(durations, list(map(float, on_arm)), label="Arm", clip_on=False)
        axes.plot([low], [float(x86)], color="#333333", zorder=3, **MARK)
        axes.annotate(
            f"{low:,} ms",
            (low, float(x86)),
            (0, 9),
            textcoords="offset points",
            ha="right",
            va="bottom",
        )
        axes.margins(x=0)
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_formatter(axis_in(plain))
        axes.set(xlabel="duration on Arm, ms", ylabel="USD per month")
        about = f"{requests:,} requests a month of {duration_ms:g} ms on x86, at {memory_mb:,} MB"
        titled(axes, title, about)
        label_lines(axes)
    return Picture(
        axes.figure,
        title,
        f"A level line, USD {money(x86)} a month on x86 at {duration_ms:g} ms, and a rising one "
        f"of the cost on Arm, which meets it at {low:,} ms.",
        ("duration on Arm, ms", "USD, Arm", "USD, x86"),
        [
            (f"{each:,g}", money(arm), money(x86))
            for each, arm in zip(durations, on_arm, strict=True)
        ],
    )


def bill_by_line(bill: Bill) -> Picture:
    """A bill's lines as bars, the largest on top."""
    lines = sorted(bill.items, key=lambda line: line.amount)
    something(lines, "bill")
    largest = lines[-1]
    share = largest.amount / bill.exact_total if bill.exact_total else Decimal(0)
    title = (
        f"{largest.name[0].upper()}{largest.name[1:]}: {share:.0%} of USD {money(bill.total)} "
        "a month"
        if bill.exact_total
        else "This costs nothing"
    )
    with drawing(height=1.4 + 0.45 * len(lines)) as (_, axes):
        bars = axes.barh([line.name for line in lines], [float(line.amount) for line in lines])
        axes.bar_label(bars, [f" {money(line.cents)}" for line in lines])
        axes.set(xlabel="USD per month")
        axes.set_xlim(0, float(largest.amount) * 1.15 or 1)
        axes.grid(axis="y", visible=False)
        titled(axes, title)
    told = ", ".join(f"{line.name} USD {money(line.cents)}" for line in reversed(lines))
    return Picture(
        axes.figure,
        title,
        f"Bars of the bill's lines: {told}.",
        ("line", "USD per month"),
        [(line.name, money(line.cents)) for line in reversed(lines)],
    )


def between(values: Sequence[Any]) -> list[Any]:
    """Whole numbers from the least to the greatest value, close enough for a line's bends."""
    least, most = min(values), max(values)
    steps = {least + (most - least) * step // BETWEEN for step in range(BETWEEN + 1)}
    return sorted({*steps, *values})


def _against(
    name: str, values: Sequence[Any], fixed: Mapping[str, Any], *, axis: str, at: str, rest: str
) -> Picture:
    something(values, name)

    def costs(architecture: str, values: Sequence[Any]) -> list[Decimal]:
        return [
            lambda_cost(**fixed, **{name: value}, architecture=architecture).exact_total
            for value in values
        ]

    for value in values:
        amount(name, value)
    values = sorted(values)
    totals = {architecture: costs(architecture, values) for architecture in NAMES}
    x86, arm = (each[-1] for each in totals.values())
    where, rest = at.format(f"{values[-1]:,}"), rest.format(**fixed)
    title = (
        f"Arm costs {1 - arm / x86:.0%} less {where}"
        if arm < x86
        else f"Arm and x86 both cost USD {money(x86)} {where}"
    )
    dense = between(values)
    with drawing() as (_, axes):
        for architecture, label in NAMES.items():
            line = axes.plot(
                dense,
                list(map(float, costs(architecture, dense))),
                label=label,
                markevery=[dense.index(value) for value in values],
                clip_on=False,
            )[0]
            line.set_zorder(3)
        axes.margins(x=0)
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_formatter(axis_in(short if values[-1] >= 10**5 else plain))
        axes.set(xlabel=axis, ylabel="USD per month")
        free = "with" if fixed["free_tier"] else "without"
        titled(axes, title, f"{rest}, {free} the free tier")
        label_lines(axes)
    return Picture(
        axes.figure,
        title,
        f"Two lines of the monthly cost against {axis}, Arm never above x86, for {rest}.",
        (axis, *(f"USD, {label}" for label in NAMES.values())),
        [
            (f"{value:,}", *(money(totals[architecture][place]) for architecture in NAMES))
            for place, value in enumerate(values)
        ],
    )
