"""Figures of what was measured. Markers stand where something was, and nowhere else."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from decimal import Decimal

from matplotlib.ticker import MaxNLocator, NullLocator

from labsupport.errors import LabValueError
from labsupport.history import Invocation
from labsupport.tables import ABOUT

from .picture import Picture, axis_in, drawing, plain, titled

ENOUGH = {50: 1, 90: 10, 99: 100}
"""How many measurements a percentile needs to say anything."""


def power_tuning(
    durations_ms: Mapping[int, Sequence[float]], costs_usd: Mapping[int, Decimal]
) -> Picture:
    """Duration and cost of a function at several memory sizes, one panel above the other.

    Args:
        durations_ms: what was measured, milliseconds, by memory in MB.
        costs_usd: US dollars of one invocation, by memory in MB.
    """
    memories = sorted(durations_ms)
    if not memories or not all(durations_ms.values()) or memories != sorted(costs_usd):
        raise LabValueError(
            "There is nothing to draw: each memory size needs durations that were measured and "
            "a cost."
        )
    middle = {memory: statistics.median(durations_ms[memory]) for memory in memories}
    fastest = min(memories, key=middle.__getitem__)
    cheapest = min(memories, key=costs_usd.__getitem__)
    title = (
        f"{cheapest:,} MB is the cheapest and the fastest"
        if fastest == cheapest
        else f"{cheapest:,} MB is the cheapest, {fastest:,} MB the fastest"
    )
    count = sum(len(each) for each in durations_ms.values())
    million = {memory: costs_usd[memory] * 10**6 for memory in memories}
    with drawing(panels=2, height=5.4) as (_, above, below):
        above.plot(memories, [middle[memory] for memory in memories], marker="")
        for memory, times in durations_ms.items():
            above.plot([memory] * len(times), times, "o", color="#0072B2", alpha=0.5, markersize=5)
        above.set(ylabel="duration, ms")
        costs = [float(million[memory]) for memory in memories]
        below.plot(memories, costs, linestyle="--", marker="s", color="#B8490A")
        below.set(ylabel="USD per million", xlabel="memory, MB")
        below.set_xscale("log", base=2)
        below.set_xticks(memories, [f"{memory:,}" for memory in memories])
        below.xaxis.set_minor_locator(NullLocator())
        for axes in (above, below):
            axes.set_ylim(bottom=0)
            axes.yaxis.set_major_formatter(axis_in(plain))
        titled(above, title, f"{count} measured invocations; the line is at the median")
    return Picture(
        above.figure,
        title,
        f"Two panels over the memory size, from {count} measured invocations: the median duration "
        f"is least, {ABOUT}{middle[fastest]:,.0f} ms, at {fastest:,} MB; the cost is least, USD "
        f"{ABOUT}{million[cheapest]:,.2f} per million invocations, at {cheapest:,} MB.",
        ("memory, MB", "measured", "median, ms", "USD per million"),
        [
            (
                f"{memory:,}",
                str(len(durations_ms[memory])),
                f"{ABOUT}{middle[memory]:,.1f}",
                f"{ABOUT}{million[memory]:,.3f}",
            )
            for memory in memories
        ],
    )


def concurrency_over_time(invocations: Sequence[Invocation]) -> Picture:
    """How many invocations ran at the same time, Init included, from the lab's record."""
    _check(invocations)
    first = min(each.real_started for each in invocations)
    changes = sorted(
        (moment, step)
        for each in invocations
        for moment, step in (
            (each.real_started - first, 1),
            (each.real_started - first + _whole_ms(each) / 1000, -1),
        )
    )
    times, running = [0.0], [0]
    for moment, step in changes:
        times.append(moment)
        running.append(running[-1] + step)
    most = max(running)
    environments = len({each.environment for each in invocations})
    title = f"At most {most} ran at once, in {environments} environments"
    with drawing() as (_, axes):
        axes.step(times, running, where="post", marker="")
        axes.fill_between(times, running, step="post", alpha=0.15)
        axes.set(xlabel="seconds", ylabel="invocations at once")
        axes.set_ylim(0, most + 1)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        titled(axes, title, f"{len(invocations)} invocations")
    return Picture(
        axes.figure,
        title,
        f"A stepped line of the invocations in progress over {ABOUT}{times[-1]:.1f} seconds; "
        f"its highest step is {most}.",
        ("invocations", "most at once", "environments"),
        [(str(len(invocations)), str(most), str(environments))],
    )


def cold_starts(invocations: Sequence[Invocation]) -> Picture:
    """Init durations of the invocations that began with one."""
    _check(invocations)
    inits = [each.init_ms for each in invocations if each.init_ms is not None]
    if not inits:
        raise LabValueError("There is nothing to draw: none of these invocations was a cold start.")
    were = "was a cold start; its Init" if len(inits) == 1 else "were cold starts; the median Init"
    title = f"{len(inits)} of {len(invocations)} {were} took {ABOUT}{percentile(inits, 50):,.0f} ms"
    share = f"{len(inits) / len(invocations):.1%} of the invocations were cold starts"
    return _spread(inits, title, "Init, ms", share)


def durations(invocations: Sequence[Invocation]) -> Picture:
    """How long invocations took, Init left out."""
    _check(invocations)
    times = [each.duration_ms for each in invocations]
    title = f"Half took {ABOUT}{percentile(times, 50):,.0f} ms or less"
    if len(times) >= ENOUGH[99]:
        title += f", one in a hundred more than {ABOUT}{percentile(times, 99):,.0f} ms"
    return _spread(times, title, "duration, ms", f"{len(times)} invocations")


def _spread(values: Sequence[float], title: str, axis: str, about: str) -> Picture:
    found = {
        f"p{percent}": percentile(values, percent) if len(values) >= least else None
        for percent, least in ENOUGH.items()
    }
    known = {name: value for name, value in found.items() if value is not None}
    bins = min(30, max(5, len(values) // 3))
    with drawing() as (_, axes):
        axes.hist(values, bins=bins, color="#0072B2", edgecolor="white", linewidth=0.5)
        axes.yaxis.set_major_locator(MaxNLocator(integer=True))
        axes.xaxis.set_major_formatter(axis_in(plain))
        axes.set(xlabel=axis, ylabel="invocations")
        low, high = axes.get_xlim()
        row, before = 0, -math.inf
        for name, value in known.items():
            place = (value - low) / (high - low)
            row = row + 1 if place - before < 0.07 else 0
            before = place
            axes.axvline(value, color="#333333", linewidth=1, linestyle="--", marker="")
            axes.annotate(
                name,
                (value, 1.0),
                (0, 2 + 13 * row),
                xycoords=("data", "axes fraction"),
                textcoords="offset points",
                ha="center",
                va="bottom",
                annotation_clip=False,
            )
        titled(axes, title, about, pad=16 + 13 * row)
    told = ", ".join(f"{name} {ABOUT}{value:,.1f} ms" for name, value in known.items())
    return Picture(
        axes.figure,
        title,
        f"A histogram. {about}; {told}.",
        ("measured", *found, "longest"),
        [
            (
                str(len(values)),
                *("too few" if each is None else f"{ABOUT}{each:,.1f}" for each in found.values()),
                f"{ABOUT}{max(values):,.1f}",
            )
        ],
    )


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that so many per cent of all don't exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def _whole_ms(invocation: Invocation) -> float:
    return invocation.duration_ms + (invocation.init_ms or 0.0)


def _check(invocations: Sequence[Invocation]) -> None:
    if not invocations:
        raise LabValueError("There is nothing to draw: no invocation is recorded yet.")
