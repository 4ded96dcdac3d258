"""Figures of what was measured. Markers stand where something was, and nowhere else."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from decimal import Decimal

from labsupport.errors import LabValueError
from labsupport.history import Invocation

from .picture import Picture, drawing


def power_tuning(
    durations_ms: Mapping[int, Sequence[float]], costs_usd: Mapping[int, Decimal]
) -> Picture:
    """Duration and cost of a function at several memory sizes, one panel above the other.

    Args:
        durations_ms: what was measured, milliseconds, by memory in MB.
        costs_usd: US dollars of one invocation, by memory in MB.
    """
    memories = sorted(durations_ms)
    if not memories or not all(durations_ms.values()):
        raise LabValueError("There is nothing to draw: no duration was measured.")
    middle = {memory: statistics.median(durations_ms[memory]) for memory in memories}
    fastest = min(memories, key=middle.__getitem__)
    cheapest = min(memories, key=costs_usd.__getitem__)
    title = (
        f"{cheapest:,} MB is the cheapest and the fastest"
        if fastest == cheapest
        else f"{cheapest:,} MB is the cheapest, {fastest:,} MB the fastest"
    )
    count = sum(len(each) for each in durations_ms.values())
    with drawing(panels=2, height=5.4) as (figure, above, below):
        above.plot(memories, [middle[memory] for memory in memories])
        for memory in memories:
            above.plot(
                [memory] * len(durations_ms[memory]),
                durations_ms[memory],
                linestyle="",
                marker=".",
                color="#555555",
                markersize=4,
            )
        above.set(ylabel="duration, ms")
        above.set_ylim(bottom=0)
        below.plot(
            memories, [float(costs_usd[memory]) * 1e6 for memory in memories], color="#B8490A"
        )
        below.set(ylabel="USD per million", xlabel=f"memory, MB ({count} measured invocations)")
        below.set_ylim(bottom=0)
        above.set_title(title)
    return Picture(
        figure,
        title,
        f"Two panels over the memory size: the median duration falls to {middle[fastest]:,.0f} ms "
        f"at {fastest:,} MB; the cost is least, USD {costs_usd[cheapest] * 10**6:,.2f} per million "
        f"invocations, at {cheapest:,} MB.",
        ("memory, MB", "measured", "median, ms", "USD per million"),
        [
            (
                f"{memory:,}",
                str(len(durations_ms[memory])),
                f"{middle[memory]:,.1f}",
                f"{costs_usd[memory] * 10**6:,.3f}",
            )
            for memory in memories
        ],
    )


def concurrency_over_time(invocations: Sequence[Invocation]) -> Picture:
    """How many invocations ran at the same time, from the lab's record."""
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
    with drawing() as (figure, axes):
        axes.step(times, running, where="post", marker="")
        axes.fill_between(times, running, step="post", alpha=0.15)
        axes.set(xlabel="seconds", ylabel="invocations at once")
        axes.set_ylim(0, most + 1)
        axes.set_title(title)
    return Picture(
        figure,
        title,
        f"A stepped line of the invocations in progress over {times[-1]:.1f} seconds; "
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
    share = len(inits) / len(invocations)
    title = (
        f"{len(inits)} of {len(invocations)} were cold starts, half of them above {_ms(inits)} ms"
    )
    return _spread(inits, title, "Init, ms", f"{share:.1%} of the invocations were cold starts.")


def durations(invocations: Sequence[Invocation]) -> Picture:
    """How long invocations took, Init left out."""
    _check(invocations)
    times = [each.duration_ms for each in invocations]
    high = _percentile(times, 99)
    title = f"Half took more than {_ms(times)} ms, one in a hundred more than {high:,.0f} ms"
    return _spread(times, title, "duration, ms", "Durations of all invocations.")


def _spread(values: Sequence[float], title: str, axis: str, about: str) -> Picture:
    marks = {"p50": 50, "p90": 90, "p99": 99}
    found = {name: _percentile(values, each) for name, each in marks.items()}
    with drawing() as (figure, axes):
        axes.hist(values, bins=min(30, max(5, len(values) // 3)), color="#0072B2", alpha=0.85)
        for name, value in found.items():
            axes.axvline(value, color="#333333", linewidth=1, linestyle="--", marker="")
            axes.annotate(
                name, (value, 1.0), xycoords=("data", "axes fraction"), ha="center", va="bottom"
            )
        axes.set(xlabel=axis, ylabel="invocations")
        axes.set_title(title, pad=20)
    told = ", ".join(f"{name} {value:,.1f} ms" for name, value in found.items())
    return Picture(
        figure,
        title,
        f"A histogram. {about} {told}.",
        ("measured", *marks, "longest"),
        [
            (
                str(len(values)),
                *(f"{value:,.1f}" for value in found.values()),
                f"{max(values):,.1f}",
            )
        ],
    )


def _percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that so many per cent of all don't exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def _ms(values: Sequence[float]) -> str:
    return f"{_percentile(values, 50):,.0f}"


def _whole_ms(invocation: Invocation) -> float:
    return invocation.duration_ms + (invocation.init_ms or 0.0)


def _check(invocations: Sequence[Invocation]) -> None:
    if not invocations:
        raise LabValueError("There is nothing to draw: no invocation is recorded yet.")
