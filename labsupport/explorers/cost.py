"""What will it cost: the bill of a function on demand."""

from __future__ import annotations

from typing import Any

from labsupport.facts import fact
from labsupport.pricing import lambda_cost

from .bars import bars
from .controls import Choice, Slider, Switch, stops
from .explorer import Answer, Explorer

MEMORIES = (128, 192, 256, 384, 512, 768, 1024, 1536, 1769, 2048, 3008, 4096, 6144, 8192, 10_240)
ARCHITECTURES = {"x86_64": "x86", "arm64": "Arm"}


def cost_explorer(
    *,
    requests: int = 3_000_000,
    duration_ms: float = 120,
    memory_mb: int = 1536,
    architecture: str = "x86_64",
    free_tier: bool = True,
) -> Explorer:
    """A panel that tells what a function costs in a month, line by line.

    Args:
        requests: in the month; with the others, what the panel begins with.
        duration_ms: average of a request, milliseconds.
        memory_mb: MB.

    Raises:
        LabValueError: for values that make no sense.
    """
    return Explorer(
        "What will it cost?",
        [
            Slider("requests", "Requests", "per month", [0, *stops(1000, 10**9)]),
            duration_slider(),
            memory_slider(),
            Choice("architecture", "Architecture", ARCHITECTURES),
            Switch("free_tier", "Take off the monthly free tier"),
        ],
        {
            "requests": requests,
            "duration_ms": duration_ms,
            "memory_mb": memory_mb,
            "architecture": architecture,
            "free_tier": free_tier,
        },
        _answer,
    )


def duration_slider() -> Slider:
    """Durations up to Lambda's longest."""
    longest = int(fact("timeout.max_s").value) * 1000
    return Slider("duration_ms", "Duration", "ms", stops(1, longest))


def memory_slider() -> Slider:
    """Sizes within Lambda's bounds."""
    least, most = fact("memory.min_mb").value, fact("memory.max_mb").value
    return Slider("memory_mb", "Memory", "MB", [each for each in MEMORIES if least <= each <= most])


def _answer(**values: Any) -> Answer:
    bill = lambda_cost(**values)
    other = "arm64" if values["architecture"] == "x86_64" else "x86_64"
    elsewhere = lambda_cost(**(values | {"architecture": other})).total
    finding = f"USD {bill.total:,} a month"
    if bill.exact_total:
        largest = max(bill.items, key=lambda line: line.amount)
        finding += f", {largest.amount / bill.exact_total:.0%} of it for {largest.name}"
    finding += f"; on {ARCHITECTURES[other]} it would be USD {elsewhere:,}."
    lines = [(line.name, line.amount) for line in bill.items]
    told = ", ".join(f"{line.name} USD {line.cents:,}" for line in bill.items)
    rows = [(line.name, f"{line.cents:,}", line.formula) for line in bill.items]
    return Answer(
        finding,
        bars(lines, f"Bars of the bill's lines in US dollars: {told}."),
        ("line", "USD per month", "worked out"),
        [*rows, ("total", f"{bill.total:,}", "each line rounded to the cent, then added")],
        bill.assumptions,
    )
