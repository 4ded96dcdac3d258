"""The journey of events as a sequence diagram: drawn, as Mermaid, and in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from labsupport.errors import LabValueError
from labsupport.figures.picture import Picture, drawing, titled
from labsupport.history import EventEnded, Invocation, Record, Throttle

from .journeys import Step, of_request, steps_of
from .lanes import name_of
from .seen import count
from .waits import spoken

STEPS = 30
PARTICIPANTS = 9
HEAD = ("after", "from", "to", "what", "times", "outcome")
WELL, ILL = "#0072B2", "#B8490A"


@dataclass(frozen=True, repr=False)
class Trace(Picture):
    """A sequence diagram of what happened.

    Args:
        steps: who called whom, in order; calls that are alike are one step.
    """

    steps: tuple[Step, ...] = ()

    @property
    def lines(self) -> list[str]:
        """The steps in words, one a line."""
        return [_line(step) for step in self.steps]

    @property
    def mermaid(self) -> str:
        """The diagram as Mermaid's text, for a Markdown cell between ```mermaid and ```."""
        names = _participants(self.steps)
        ids = {name: f"p{number}" for number, name in enumerate(names, 1)}
        lines = ["sequenceDiagram"]
        lines += [f"    participant {ids[name]} as {_plain(name)}" for name in names]
        for step in self.steps:
            if step.after_lab_s:
                over = ids[names[0]] + (f",{ids[names[-1]]}" if len(names) > 1 else "")
                lines.append(f"    Note over {over}: {spoken(step.after_lab_s)} later")
            arrow = "->>" if step.well else "-x"
            label = _plain(step.label)
            lines.append(f"    {ids[step.source]}{arrow}{ids[step.target]}: {label}")
        return "\n".join(lines)


def trace(
    records: Sequence[Record],
    *,
    request_id: str | None = None,
    since: int = 0,
    speed: float = 60,
    dropped: int = 0,
) -> Trace:
    """The trace of a record.

    Args:
        records: in the order of `History.events`.
        request_id: of the one request to follow, None for all.
        since: how many of the first records to leave out, where no request is named.
        speed: the lab clock's, lab seconds for each real second.
        dropped: how many older records are gone.

    Raises:
        LabValueError: where there is nothing to show.
    """
    ours = list(records[since:]) if request_id is None else of_request(records, request_id)
    steps = steps_of(ours, records, speed)
    if not steps:
        raise LabValueError(
            "There is nothing to trace: nothing was called since the last trace."
            if since
            else "There is nothing to trace: nothing was called in this lab yet."
        )
    drawn, notes = _shortened(steps)
    if dropped:
        notes.append(f"{count(dropped, 'older record')} had to be dropped and can't be shown.")
    names = _participants(drawn)
    title = _finding(ours)
    waits = sum(bool(step.after_lab_s) for step in drawn)
    with drawing(height=1.5 + 0.36 * (len(drawn) + waits)) as (figure, axes):
        figure.set_size_inches(max(7.6, 1.55 * len(names)), figure.get_figheight())
        _draw(axes, drawn, names)
        titled(axes, title, "waits are cut, with their lab time" if waits else "", pad=36)
    told = " ".join(f"{_line(step)}." for step in drawn[:12])
    more = f" The table has all {len(drawn)} steps." if len(drawn) > 12 else ""
    alt = f"A sequence diagram of {', '.join(names)}. {told}{more}"
    rows = [_row(step) for step in drawn]
    return Trace(axes.figure, title, " ".join([alt, *notes]), HEAD, rows, steps=tuple(drawn))


def _participants(steps: Sequence[Step]) -> list[str]:
    return list(dict.fromkeys(name for step in steps for name in (step.source, step.target)))


def _shortened(steps: list[Step]) -> tuple[list[Step], list[str]]:
    """The last steps, of so many participants as can be drawn, and notes on what is left out."""
    kept = steps[-STEPS:]
    while len(_participants(kept)) > PARTICIPANTS and len(kept) > 1:
        kept = kept[1:]
    left_out = len(steps) - len(kept)
    return kept, [f"The first {count(left_out, 'step')} are left out."] if left_out else []


def _finding(records: Sequence[Record]) -> str:
    ran = [each for each in records if isinstance(each, Invocation)]
    failed = sum(bool(each.function_error) for each in ran)
    throttled = sum(isinstance(each, Throttle) for each in records)
    given_up = sum(isinstance(r, EventEnded) and r.condition != "Success" for r in records)
    names = sorted({name_of(each) for each in ran})
    whose = f" of {' and '.join(names)}" if 0 < len(names) < 3 else ""
    whose = whose or (f" of {len(names)} functions" if names else "")
    parts = [f"{len(ran) - failed:,} succeeded"] if len(ran) > failed else []
    parts += [f"{failed:,} failed"] if failed else []
    parts += [count(throttled, "throttle")] if throttled else []
    parts += [f"{count(given_up, 'event')} given up"] if given_up else []
    return f"{count(len(ran), 'invocation')}{whose}{': ' if parts else ''}{', '.join(parts)}"


def _line(step: Step) -> str:
    wait = f"{spoken(step.after_lab_s)} later: " if step.after_lab_s else ""
    return f"{wait}{step.source} → {step.target}: {step.label}"


def _row(step: Step) -> tuple[str, ...]:
    after = spoken(step.after_lab_s) if step.after_lab_s else ""
    outcome = step.outcome or "–"
    return (after, step.source, step.target, step.what, str(step.times), outcome)


def _plain(text: str) -> str:
    return re.sub(r"[;#\n]", " ", text)


def _draw(axes: Any, steps: Sequence[Step], names: Sequence[str]) -> None:
    axes.set_axis_off()
    axes.set_xlim(-0.5, len(names) - 0.5)
    row = 0.0
    labels = []
    for step in steps:
        if step.after_lab_s:
            row += 1
            axes.axhline(row - 0.25, color="#444444", linestyle=":", linewidth=1, marker="")
            later = f"⋯ {spoken(step.after_lab_s)} later"
            labels.append(_write(axes, later, (len(names) - 1) / 2, row - 0.25, va="center"))
        row += 1
        labels.append(_arrow(axes, step, names, row))
    bottom = row + 0.6
    for place, name in enumerate(names):
        axes.plot(
            [place, place], [0, bottom], "-", color="#999999", linewidth=1, zorder=1, marker=""
        )
        head = axes.annotate(
            _in_lines(name),
            (place, 0),
            (0, 4),
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=10,
            fontweight="bold",
            annotation_clip=False,
        )
        head.set_in_layout(False)
    axes.set_ylim(bottom, 0)
    _keep_inside(axes, labels)


def _arrow(axes: Any, step: Step, names: Sequence[str], row: float) -> Any:
    start, end = names.index(step.source), names.index(step.target)
    colour = WELL if step.well else ILL
    style = {"color": colour, "linestyle": "-" if step.well else "--", "marker": "", "zorder": 3}
    if start == end:  # it calls itself
        x, y = [start, start + 0.25, start + 0.25, end], [row, row, row + 0.3, row + 0.3]
    else:
        x, y = [start, end], [row, row]
    axes.plot(x, y, linewidth=1.6, **style)
    mark = (">" if end > start else "<") if step.well else "X"
    axes.plot([end], [y[-1]], linestyle="", marker=mark, color=colour, markersize=8, zorder=4)
    axes.plot([start], [row], linestyle="", marker="o", color=colour, markersize=4, zorder=4)
    return _write(axes, step.label, (start + end) / 2, row - 0.14, va="bottom")


def _write(axes: Any, text: str, x: float, y: float, va: str) -> Any:
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.5}
    return axes.text(x, y, text, ha="center", va=va, fontsize=10, zorder=2, bbox=box)


def _keep_inside(axes: Any, labels: Sequence[Any]) -> None:
    axes.figure.draw_without_rendering()
    wide = axes.bbox.width
    to_data = axes.transData.inverted()
    for label in labels:
        box = label.get_window_extent()
        over = max(0.0, axes.bbox.x0 - box.x0) - max(0.0, box.x1 - axes.bbox.x0 - wide)
        if over:
            x, y = label.get_position()
            at = axes.transData.transform((x, y))[0] + over
            label.set_position((to_data.transform((at, 0))[0], y))


def _in_lines(name: str) -> str:
    """A participant's kind above its name, both short enough."""
    kind, _, rest = name.rpartition(" ")
    short = rest if len(rest) <= 16 else f"{rest[:9]}…{rest[-6:]}"
    return f"{kind}\n{short}" if kind else short
