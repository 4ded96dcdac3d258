"""Execution environments as lanes: when each began, worked, was idle and ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from labsupport.figures.picture import Picture, drawing, titled
from labsupport.history import Invocation, Record, Throttle
from labsupport.tables import ABOUT

from .lanes import KILLED, Happened, Lane, Moment, Span, arrange, name_of, without_some
from .seen import count
from .waits import Axis, spoken

LANES = 24
ROWS = 30
HEIGHTS = {"idle": 0.18, "init": 0.7, "ahead": 0.7, "restore": 0.7, "invoke": 0.46, "failed": 0.46}
LOOKS: dict[str, dict[str, Any]] = {
    "idle": {"facecolor": "#C8C8C8", "edgecolor": "none"},
    "init": {"facecolor": "#F5B27A", "edgecolor": "#B8490A", "hatch": "////"},
    "ahead": {"facecolor": "#FDE6D2", "edgecolor": "#B8490A"},
    "restore": {"facecolor": "#D9B8E8", "edgecolor": "#7B3294", "hatch": "...."},
    "invoke": {"facecolor": "#0072B2", "edgecolor": "#0072B2"},
    "failed": {"facecolor": "#FFFFFF", "edgecolor": "#0072B2"},
}
NAMES = {
    "init": "Init: a cold start",
    "ahead": "Init ahead of time",
    "restore": "Restore",
    "invoke": "invocation",
    "failed": "… with an error",
    "idle": "idle, frozen",
}
MARKS: dict[str, dict[str, Any]] = {
    "error": {"marker": "x", "color": "#333333", "markersize": 7, "markeredgewidth": 2},
    "killed": {"marker": "X", "color": "#333333", "markersize": 9},
    "shut down": {"marker": "|", "color": "#333333", "markersize": 12, "markeredgewidth": 2},
    "retry": {"marker": ">", "color": "#333333", "markersize": 7, "markerfacecolor": "#FFD54A"},
    "throttled": {"marker": "v", "color": "#333333", "markersize": 8},
}


def timeline(
    records: Sequence[Record],
    *,
    function: str | None = None,
    last: int | None = None,
    speed: float = 60,
    dropped: int = 0,
) -> Picture:
    """The timeline of a record.

    Args:
        records: in the order of `History.events`.
        function: the name of the one function to show, None for all.
        last: how many of the latest invocations and throttles to show, None for all.
        speed: the lab clock's, lab seconds for each real second.
        dropped: how many older records are gone.

    Raises:
        LabValueError: where there is nothing to show.
    """
    whole = arrange(records, function, last)
    shown, left_out = without_some(whole, LANES)
    axis = Axis(_busy(shown), whole.moments, speed)
    title = _finding(whole)
    notes = _notes(whole, left_out, dropped)
    rows_high = len(shown.lanes) + bool(shown.throttles)
    with drawing(height=2.3 + 0.3 * rows_high) as (_, axes):
        _draw_lanes(axes, axis, shown)
        used = _draw_marks(axes, axis, shown)
        _label(axes, axis, shown)
        _legend(axes, shown, used)
        pad = _draw_waits(axes, axis)
        first, final = whole.moments[0].lab, whole.moments[-1].lab
        about = f"lab time {first:%H:%M:%S} to {final:%H:%M:%S}"
        about += "; waits are cut, with their lab time" if axis.waits else ""
        titled(axes, title, about, pad=pad)
    return Picture(axes.figure, title, _alt(whole, axis, notes), HEAD, _rows(whole))


HEAD = (
    "lab time, s",
    "real, s",
    "environment",
    "request id",
    "start",
    "try",
    "took, ms",
    "outcome",
)


def _busy(shown: Happened) -> list[tuple[float, float]]:
    spans = [(span.start, span.end) for lane in shown.lanes for span in lane.spans]
    return spans + [(each.real_at, each.real_at) for each in shown.throttles]


def _draw_lanes(axes: Any, axis: Axis, shown: Happened) -> None:
    bars: dict[str, list[tuple[int, float, float]]] = {work: [] for work in HEIGHTS}
    for row, lane in enumerate(shown.lanes):
        end = min(lane.ended or axis.end, axis.end)
        bars["idle"].append((row, lane.start, max(end, lane.start)))
        for span in lane.spans:
            bars[span.work].append((row, span.start, span.end))
    least = axis.length * 0.0025
    for order, (work, found) in enumerate(bars.items()):
        if not found:
            continue
        rows = np.array([row for row, _, _ in found], float)
        left = axis.place(start for _, start, _ in found)
        right = np.maximum(axis.place(end for _, _, end in found), left + least)
        low, high = rows - HEIGHTS[work] / 2, rows + HEIGHTS[work] / 2
        corners = np.stack(
            [
                np.stack(each, -1)
                for each in ((left, low), (right, low), (right, high), (left, high))
            ],
            axis=1,
        )
        axes.add_collection(
            PolyCollection(list(corners), linewidths=0.8, zorder=2 + order * 0.1, **LOOKS[work])
        )


def _draw_marks(axes: Any, axis: Axis, shown: Happened) -> list[str]:
    places: dict[str, list[tuple[float, float]]] = {name: [] for name in MARKS}
    for row, lane in enumerate(shown.lanes):
        lost = set(lane.killed)
        ends = [span.end for span in lane.spans if span.work == "failed" and span.end not in lost]
        places["error"] += [(end, row) for end in ends]
        places["killed"] += [(moment, row) for moment in lane.killed]
        if lane.ended is not None and lane.ended <= axis.end:
            places["shut down"].append((lane.ended, row))
        for each, run in zip(lane.invocations, _runs(lane), strict=True):
            if each.attempt > 1:
                places["retry"].append((run.start, row - 0.34))
    places["throttled"] = [(each.real_at, -1.0) for each in shown.throttles]
    for name, found in places.items():
        if found:
            x = axis.place(moment for moment, _ in found)
            y = [row for _, row in found]
            axes.plot(x, y, linestyle="", zorder=4, clip_on=False, **MARKS[name])
    return [name for name, found in places.items() if found]


def _runs(lane: Lane) -> list[Span]:
    return [span for span in lane.spans if span.work in ("invoke", "failed")]


def _draw_waits(axes: Any, axis: Axis) -> int:
    """Show where time is cut. Returns the points that the labels need above the axes."""
    for wait in axis.waits:
        axes.axvspan(wait.start, wait.end, facecolor="white", edgecolor="none", zorder=3)
        for edge in (wait.start, wait.end):
            axes.axvline(edge, color="#444444", linestyle=":", linewidth=1, marker="", zorder=3)
    rows: list[float] = []
    for wait in axis.labelled:
        middle = (wait.start + wait.end) / 2
        free = [row for row, at in enumerate(rows) if middle - at > 0.1 * axis.length]
        row = free[0] if free else len(rows)
        rows[row : row + 1] = [middle]
        axes.annotate(
            spoken(wait.lab_s),
            (middle, 1.0),
            (0, 2 + 13 * row),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=10,
            annotation_clip=False,
        )
    return 3 + 13 * len(rows) if rows else 0


def _label(axes: Any, axis: Axis, shown: Happened) -> None:
    rows = [f"{lane.label}{' ●' if lane.provisioned else ''}" for lane in shown.lanes]
    places = [float(row) for row in range(len(rows))]
    if shown.throttles:
        rows, places = ["no environment", *rows], [-1.0, *places]
    axes.set_yticks(places, rows)
    axes.set_ylim(max(places) + 0.7, min(places) - 0.7)
    axes.set_xlim(-0.01 * axis.length, 1.01 * axis.length)
    ticks = axis.ticks()
    axes.set_xticks([at for at, _ in ticks], [f"{seconds:g}" for _, seconds in ticks])
    axes.grid(axis="y", visible=False)
    axes.set(xlabel="seconds of real time since the first", ylabel="environment")


def _legend(axes: Any, shown: Happened, used: list[str]) -> None:
    works = {span.work for lane in shown.lanes for span in lane.spans}
    handles: list[Any] = [
        Patch(label=NAMES[work], **LOOKS[work])
        for work in NAMES
        if work in works or (work == "idle" and shown.lanes)
    ]
    handles += [Line2D([], [], linestyle="", label=name, **MARKS[name]) for name in used]
    if any(lane.provisioned for lane in shown.lanes):
        handles.append(
            Line2D([], [], linestyle="", marker="o", color="#333333", label="provisioned")
        )
    axes.figure.legend(handles=handles, loc="outside lower left", ncols=4, handlelength=1.6)


def _cold(invocation: Invocation) -> bool:
    return invocation.init_ms is not None and (
        invocation.initialization_type != "provisioned-concurrency"
    )


def _finding(shown: Happened) -> str:
    invocations = shown.invocations
    cold = sum(map(_cold, invocations))
    ran = f"{count(len(invocations), 'invocation')} ran in {count(len(shown.lanes), 'environment')}"
    parts = [count(cold, "cold start") if cold else "no cold start"]
    if shown.throttles:
        parts.append(count(len(shown.throttles), "throttle"))
    if killed := sum(len(lane.killed) for lane in shown.lanes):
        parts.append(f"{killed} killed")
    return f"{ran}: {', '.join(parts)}"


def _notes(shown: Happened, left_out: int, dropped: int) -> list[str]:
    notes = []
    if left_out:
        notes.append(f"Of {len(shown.lanes):,} environments the first {LANES} are drawn.")
    rows = len(shown.invocations) + len(shown.throttles)
    if rows > ROWS:
        notes.append(f"The table has the last {ROWS} of {rows:,} requests.")
    if dropped:
        notes.append(f"{count(dropped, 'older record')} had to be dropped and can't be shown.")
    return notes


def _alt(shown: Happened, axis: Axis, notes: list[str]) -> str:
    lanes = Counter(lane.name for lane in shown.lanes)
    served = Counter(i for lane in shown.lanes for i in [lane.name] * len(lane.invocations))
    cold = Counter(lane.name for lane in shown.lanes for each in lane.invocations if _cold(each))
    told = [
        f"{name}: {count(number, 'environment')}, {count(served[name], 'invocation')}, "
        f"{count(cold[name], 'cold start')}"
        for name, number in lanes.items()
    ]
    reasons = Counter(f"{name_of(t)} ({t.reason})" for t in shown.throttles)
    told += [f"{what} throttled {count(times, 'time')}" for what, times in reasons.items()]
    retries = sum(each.attempt > 1 for each in shown.invocations)
    told += [f"{count(retries, 'attempt')} were retries"] if retries else []
    provisioned = sum(lane.provisioned for lane in shown.lanes)
    told += [f"{count(provisioned, 'environment')} provisioned"] if provisioned else []
    about = f"Lanes of execution environments over {ABOUT}{axis.end - axis.start:.1f} real seconds."
    return " ".join([about, f"{'; '.join(told)}.", *notes])


def _rows(shown: Happened) -> list[tuple[str, ...]]:
    lanes = {lane.environment: lane for lane in shown.lanes}
    found: list[tuple[Moment, Invocation | Throttle]] = [
        (Moment(each.real_started, each.started), each) for each in shown.invocations
    ]
    found += [(Moment(each.real_at, each.at), each) for each in shown.throttles]
    found.sort(key=lambda each: each[0].real)
    return [_row(each, at.since(shown.moments[0]), lanes) for at, each in found[-ROWS:]]


def _row(
    each: Invocation | Throttle, since: tuple[float, float], lanes: dict[str, Lane]
) -> tuple[str, ...]:
    at = (f"{ABOUT}{since[0]:,.0f}", f"{ABOUT}{since[1]:.2f}")
    if isinstance(each, Throttle):
        name = name_of(each)
        return (*at, f"{name}: none", each.request_id, "", "", "", f"throttled: {each.reason}")
    outcome = each.error_type or each.status
    outcome += " (killed)" if each.error_type in KILLED else ""
    return (
        *at,
        lanes[each.environment].label,
        each.request_id,
        "cold" if _cold(each) else "warm",
        str(each.attempt),
        f"{ABOUT}{each.duration_ms:,.1f}",
        outcome,
    )
