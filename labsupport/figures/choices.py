"""Figures of several ways to run a workload, worked out by `labsupport.pricing`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from labsupport.pricing import Workload, crossover
from labsupport.pricing.inputs import whole
from labsupport.pricing.options import Option

from .costs import MARK, between
from .picture import Picture, axis_in, drawing, label_lines, money, short, something, titled


def options_against_requests(
    options: Mapping[str, Option], workload: Workload, requests: Sequence[int]
) -> Picture:
    """What ways to run a workload cost at so many requests, and where they cross the first.

    A crossing is marked where the other way costs less from there on, see `pricing.crossover`.
    """
    something(options, "options")
    something(requests, "requests")
    requests = sorted(int(whole("requests", count)) for count in requests)
    dense = between(requests)
    totals = {
        name: {count: option(workload.times(count)).exact_total for count in dense}
        for name, option in options.items()
    }
    first, *others = options
    edges = {name: crossover(options[first], options[name], workload) for name in others}
    found = {name: edge for name, edge in edges.items() if edge and edge <= requests[-1]}
    title = _finding(first, totals, found, requests[-1])
    with drawing(height=4.6) as (_, axes):
        for name, costs in totals.items():
            line = axes.plot(
                dense,
                list(map(float, costs.values())),
                label=name,
                markevery=[dense.index(count) for count in requests],
                clip_on=False,
            )[0]
            line.set_zorder(3)
        for name, edge in found.items():
            cost = float(options[name](workload.times(edge)).exact_total)
            axes.plot([edge], [cost], color="#333333", zorder=4, **MARK)
            axes.annotate(
                f"{edge:,}",
                (edge, cost),
                (0, 9),
                textcoords="offset points",
                ha="right" if edge > requests[-1] / 4 else "left",
                zorder=5,
                bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1},
            )
        axes.margins(x=0)
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_formatter(axis_in(short))
        axes.set(xlabel="requests per month", ylabel="USD per month")
        about = f"{workload.duration_ms:g} ms at {workload.memory_mb:,} MB"
        titled(axes, title, f"{about}; at most {workload.times(requests[-1]).peak:,.0f} at once")
        label_lines(axes)
    crossed = "".join(f" {name} costs less from {edge:,} on." for name, edge in found.items())
    return Picture(
        axes.figure,
        title,
        f"Lines of the monthly cost of {', '.join(options)} against requests per month.{crossed}",
        ("requests", *options),
        [(f"{count:,}", *(money(totals[name][count]) for name in options)) for count in requests],
    )


def _finding(
    first: str,
    totals: Mapping[str, Mapping[int, Decimal]],
    found: Mapping[str, int],
    most: int,
) -> str:
    if found:
        soonest = min(found, key=found.__getitem__)
        return f"{soonest} costs less than {first} from {found[soonest]:,} requests a month on"
    cheapest = min(totals, key=lambda name: totals[name][most])
    always = all(
        totals[cheapest][count] <= cost for each in totals.values() for count, cost in each.items()
    )
    where = "At every number of requests shown" if always else f"At {most:,} requests a month"
    return f"{where}, {cheapest} costs least"
