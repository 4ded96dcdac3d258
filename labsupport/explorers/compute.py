"""Which compute: a workload's bills under several options, and where one overtakes another."""

from __future__ import annotations

from typing import Any

from labsupport.errors import LabValueError
from labsupport.pricing import EVENING, FLAT, OFFICE, Workload, compare, crossover, usual_options

from .bars import bars
from .controls import Choice, Slider, stops
from .cost import duration_slider, memory_slider
from .explorer import Answer, Explorer

SHAPES = {"flat": FLAT, "office": OFFICE, "evening": EVENING}
WORDS = {"flat": "the same all day", "office": "office hours", "evening": "mostly in the evening"}
FIRST = "Lambda on demand"


def compute_explorer(
    *,
    requests: int = 10_000_000,
    duration_ms: float = 120,
    memory_mb: int = 512,
    shape: str = "office",
    burst: float = 2,
) -> Explorer:
    """A panel that compares what a workload costs on Lambda, EC2, Fargate and other clouds.

    Args:
        requests: in the month; with the others, what the panel begins with.
        duration_ms: average of a request, milliseconds.
        memory_mb: MB.
        shape: over the day: "flat", "office" or "evening".
        burst: how many times the hour's average is asked for at its busiest moment.

    Raises:
        LabValueError: for values that make no sense.
    """
    return Explorer(
        "Which compute?",
        [
            Slider("requests", "Requests", "per month", [0, *stops(1000, 10**10)]),
            duration_slider(),
            memory_slider(),
            Choice("shape", "Over the day", WORDS),
            Slider("burst", "Busiest moment", "times the hour's average", stops(1, 100)),
        ],
        {
            "requests": requests,
            "duration_ms": duration_ms,
            "memory_mb": memory_mb,
            "shape": shape,
            "burst": burst,
        },
        _answer,
    )


def _answer(*, shape: object, **values: Any) -> Answer:
    if not isinstance(shape, str) or shape not in SHAPES:
        raise LabValueError(f"shape={shape!r} is unknown: give {', '.join(SHAPES)}.")
    workload = Workload(**values, shape=SHAPES[shape])
    choices = usual_options()
    comparison = compare(workload, choices)
    totals = [(name, total) for name, total, _ in comparison.rows]
    cheapest, least = totals[0]
    finding = (
        f"At {workload.requests:,} requests a month, at most {workload.peak:,.1f} at once, "
        f"{cheapest} costs least: USD {least:,} a month."
    )
    told = ", ".join(f"{name} USD {total:,}" for name, total in totals)
    rows = []
    for name, total, idle in comparison.rows:
        edge = None if name == FIRST else crossover(choices[FIRST], choices[name], workload)
        rows.append((name, f"{total:,}", f"{idle:,}", "never" if edge is None else f"{edge:,}"))
    return Answer(
        finding,
        bars(totals, f"Bars in US dollars a month: {told}.", marked=cheapest),
        ("option", "USD per month", "USD, idle month", f"cheaper than {FIRST} from, requests"),
        [(*row[:3], "–") if row[0] == FIRST else row for row in rows],
        comparison.assumptions,
    )
