"""Figures of a day that `labsupport.pricing.simulation` worked out."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator, MultipleLocator

from labsupport.errors import LabValueError
from labsupport.pricing.simulation import DAY_S, Day

from .picture import Picture, axis_in, drawing, label_lines, plain, titled

STEP_S = 600
HOUR_S = 3600
ROW_H = 3


def day_of_concurrency(day: Day) -> Picture:
    """Environments over a simulated day, and how many of them are busy."""
    _check(day)
    average = float(day.busy(DAY_S)[0])
    title = (
        f"{day.requests:,} requests a day need up to {day.most_environments:,} environments; "
        f"{average:.1f} are busy on average"
    )
    hours = np.arange(0, DAY_S + 1, STEP_S) / HOUR_S
    with drawing(height=4.4) as (_, axes):
        for counts, label in (
            (day.environments(STEP_S), "at most"),
            (day.busy(STEP_S), "busy, on average"),
        ):
            axes.step(hours, [*counts, counts[-1]], where="post", marker="", label=label)
        _hours(axes)
        axes.set_ylim(bottom=0)
        axes.set(ylabel="environments")
        titled(axes, title, _about(day))
        label_lines(axes)
    alt = (
        f"Two stepped lines over 24 hours, in steps of {STEP_S // 60} minutes: the environments, "
        f"at most {day.most_environments:,}, and below them how many are busy on average."
    )
    return Picture(axes.figure, title, alt, *_table(day))


def day_of_cold_starts(day: Day) -> Picture:
    """Cold starts of each hour of a simulated day."""
    _check(day)
    share = day.cold_starts / day.requests
    title = f"{day.cold_starts:,} cold starts, {share:.2%} of {day.requests:,} requests"
    counts = day.count(HOUR_S, cold=True)
    worst = int(counts.argmax())
    with drawing() as (_, axes):
        axes.bar(np.arange(24), counts, width=0.9, align="edge", color="#B8490A")
        _hours(axes)
        axes.set(ylabel="cold starts per hour")
        titled(axes, title, _about(day))
    alt = f"Bars over 24 hours: the most cold starts, {counts[worst]:,}, are from {worst}:00 on."
    return Picture(axes.figure, title, alt, *_table(day))


def day_of_paid_time(day: Day, *, servers: int = 1) -> Picture:
    """Requests in each hour of a simulated day, and the time that is paid for on either road.

    Servers are paid for around the clock; a function is paid for what ran, its Init included.

    Args:
        servers: how many are always on.
    """
    _check(day)
    paid, ran = servers * 60, day.busy(HOUR_S) * 60
    who = "One server is" if servers == 1 else f"{servers} servers are"
    title = f"{who} paid for {servers * 24} hours of this day, a function for {ran.sum() / 60:.1f}"
    places = np.arange(24)
    with drawing(panels=2, height=5.4) as (_, above, below):
        above.bar(places, day.count(HOUR_S), width=0.9, align="edge")
        above.set(ylabel="requests per hour")
        below.plot([0, 24], [paid, paid], marker="", label="servers" if servers > 1 else "server")
        steps = [*ran, ran[-1]]
        below.step(range(25), steps, where="post", marker="", label="function")
        below.fill_between(range(25), steps, step="post", alpha=0.25, color="#B8490A")
        below.set(ylabel="paid minutes per hour")
        below.set_ylim(bottom=0)
        _hours(below)
        above.yaxis.set_major_formatter(axis_in(plain))
        below.yaxis.set_major_locator(MultipleLocator(15 * servers))
        titled(above, title, _about(day))
        label_lines(below)
    worst = int(ran.argmax())
    alt = (
        "Two panels over 24 hours: bars of the requests in each hour, and below them the minutes "
        f"paid for. Those of the server stand at {paid} in every hour; those of the function rise "
        f"and fall with the requests, up to {ran[worst]:.0f} from {worst}:00 on."
    )
    rows = [
        (
            f"{first:02}–{first + ROW_H:02}",
            f"{day.count(HOUR_S)[first : first + ROW_H].sum():,}",
            f"{paid * ROW_H:,}",
            f"{ran[first : first + ROW_H].sum():,.1f}",
        )
        for first in range(0, 24, ROW_H)
    ]
    head = ("hours", "requests", "server, paid minutes", "function, paid minutes")
    return Picture(above.figure, title, alt, head, rows)


def _hours(axes: Any) -> None:
    axes.set_xlim(0, 24)
    axes.set_xticks(range(0, 25, ROW_H))
    axes.set_xlabel("hour of the day")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))


def _about(day: Day) -> str:
    return (
        f"simulated: {day.workload.duration_ms:g} ms on average, Init {day.init_ms:g} ms, "
        f"given up after {day.idle_s:g} s idle"
    )


def _table(day: Day) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    step = ROW_H * HOUR_S
    columns = (
        day.count(step),
        day.concurrency(step),
        day.environments(step),
        day.count(step, cold=True),
    )
    rows = [
        (f"{ROW_H * place:02}–{ROW_H * (place + 1):02}", *(f"{each:,}" for each in row))
        for place, row in enumerate(zip(*columns, strict=True))
    ]
    return ("hours", "requests", "most in progress", "most environments", "cold starts"), rows


def _check(day: Day) -> None:
    if not day.requests:
        raise LabValueError("There is nothing to draw: no request came on this day.")
