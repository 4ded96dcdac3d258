"""Options side by side: what each costs, what it costs idle, and where one overtakes another."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from labsupport.errors import LabValueError

from . import options
from .bill import Bill
from .options import Option
from .workload import Workload

MOST_REQUESTS = 10**12


@dataclass(frozen=True, repr=False)
class Comparison:
    """The bills of one workload, the cheapest first.

    Args:
        idle: what each option costs in a month without a request.
    """

    workload: Workload
    bills: Mapping[str, Bill]
    idle: Mapping[str, Decimal]

    @property
    def cheapest(self) -> str:
        """The name of the cheapest option."""
        return next(iter(self.bills))

    @property
    def rows(self) -> list[tuple[str, Decimal, Decimal]]:
        """Name, US dollars a month, and US dollars of an idle month."""
        return [(name, bill.total, self.idle[name]) for name, bill in self.bills.items()]

    @property
    def assumptions(self) -> tuple[str, ...]:
        """What the bills take for granted, each with the option it is about."""
        return tuple(
            f"{name}: {assumption}"
            for name, bill in self.bills.items()
            for assumption in bill.assumptions
        )

    def __str__(self) -> str:
        wide = max(len(name) for name in self.bills)
        lines = [f"{'':<{wide}} {'USD/month':>14} {'idle month':>14}"]
        lines += [f"{name:<{wide}} {total:>14,} {idle:>14,}" for name, total, idle in self.rows]
        return "\n".join([*lines, "Taken for granted:", *self.assumptions])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(
            f'<tr><th scope="row">{html.escape(name)}</th><td>{total:,}</td><td>{idle:,}</td></tr>'
            for name, total, idle in self.rows
        )
        notes = "".join(f"<li>{html.escape(each)}</li>" for each in self.assumptions)
        head = '<th scope="col">option</th><th scope="col">USD per month</th>'
        head += '<th scope="col">USD in an idle month</th>'
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
            f"<details><summary>Taken for granted</summary><ul>{notes}</ul></details>"
        )


def usual_options() -> dict[str, Option]:
    """The options a course on serverless compares."""
    return {
        "Lambda on demand": options.on_demand(),
        "Lambda on demand (Arm)": options.on_demand(architecture="arm64"),
        "Lambda provisioned": options.provisioned(),
        "Lambda Managed Instances": options.managed_instances(),
        "EC2": options.ec2(),
        "Fargate": options.fargate(),
        "Azure Functions (Flex)": options.azure_functions("flex"),
        "Azure Functions (Consumption)": options.azure_functions("consumption"),
        "Google Cloud Run functions": options.cloud_run_functions(),
    }


def compare(workload: Workload, choices: Mapping[str, Option] | None = None) -> Comparison:
    """The bills of a workload under several options, the usual ones if none are named."""
    choices = usual_options() if choices is None else choices
    if not choices:
        raise LabValueError("There is nothing to compare: name at least one option.")
    bills = {name: option(workload) for name, option in choices.items()}
    order = sorted(bills, key=lambda name: bills[name].exact_total)
    nothing = workload.times(0)
    return Comparison(
        workload,
        {name: bills[name] for name in order},
        {name: choices[name](nothing).total for name in order},
    )


def crossover(
    first: Option, second: Option, workload: Workload, *, most: int = MOST_REQUESTS
) -> int | None:
    """The fewest requests a month from which `second` stays cheaper; None if it never does.

    Whole machines make a bill jump, so that two options may cross more than once. The last crossing
    is looked for, from `most` downwards in halves, and then found to the request.
    """

    def second_is_cheaper(requests: int) -> bool:
        work = workload.times(requests)
        return second(work).exact_total < first(work).exact_total

    if not second_is_cheaper(most):
        return None
    high = most
    while high and second_is_cheaper(high // 2):
        high //= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if second_is_cheaper(middle) else (middle, high)
    return high
