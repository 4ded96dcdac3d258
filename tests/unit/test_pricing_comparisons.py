"""Workloads under several options: bills, idle months, crossovers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from labsupport.errors import LabValueError
from labsupport.pricing import FLAT, OFFICE, Workload, compare, crossover, lambda_cost, options

WORK = Workload(requests=10**7, duration_ms=120, memory_mb=512, shape=OFFICE, burst=3)


def test_requests_follow_the_shape_of_the_day() -> None:
    assert sum(WORK.hourly) * 30 == pytest.approx(10**7)
    assert WORK.hourly[9] / WORK.hourly[0] == pytest.approx(3 / 0.2)
    flat = Workload(requests=30 * 24 * 3600, duration_ms=2000, memory_mb=128, burst=1)
    assert flat.concurrency == pytest.approx([2.0] * 24), "one a second, two seconds each"
    assert flat.environments(0) == 2


def test_comparison_is_in_order_and_tells_the_cost_of_idle() -> None:
    comparison = compare(WORK)
    totals = [total for _, total, _ in comparison.rows]
    assert totals == sorted(totals)
    on_demand = lambda_cost(requests=10**7, duration_ms=120, memory_mb=512)
    assert comparison.bills["Lambda on demand"].lines == on_demand.lines
    assert comparison.idle["Lambda on demand"] == 0
    assert comparison.idle["EC2"] > 0
    assert all(name in str(comparison) for name in comparison.bills)
    assert all(bill.assumptions for bill in comparison.bills.values())
    assert "<details>" in comparison._repr_html_()


def test_machines_are_sized_for_the_peak() -> None:
    busy = Workload(requests=10**9, duration_ms=100, memory_mb=1769, shape=FLAT)
    bill = options.ec2("t4g.medium")(busy)
    by_vcpu = Decimal("0.0336") * 720 * 20
    assert busy.peak == pytest.approx(38.58, abs=0.01)
    assert bill.total == by_vcpu, "39 vCPUs are 20 instances of 2"
    slow = Workload(requests=10**9, duration_ms=100, memory_mb=10_240, shape=FLAT)
    assert options.ec2("t4g.medium")(slow).total > bill.total


@pytest.mark.parametrize("memory", [128, 1769])
def test_crossover_is_the_request_from_which_the_other_is_cheaper(memory: int) -> None:
    work = Workload(requests=0, duration_ms=100, memory_mb=memory)
    first, second = options.on_demand(), options.ec2("t4g.small")
    edge = crossover(first, second, work)
    assert edge is not None

    def costs(requests: int) -> tuple[Decimal, Decimal]:
        at = work.times(requests)
        return first(at).exact_total, second(at).exact_total

    before, after = costs(edge - 1), costs(edge)
    assert before[1] >= before[0]
    assert after[1] < after[0]


def test_options_that_never_cross_have_no_crossover() -> None:
    work = Workload(requests=0, duration_ms=100, memory_mb=512)
    own = options.own_server(50)
    assert crossover(own, options.provisioned(), work) is None
    assert crossover(options.on_demand(), own, work) is not None


def test_gateway_in_front_is_added_to_a_bill() -> None:
    work = WORK.times(400_000_000)
    gateway = options.api_gateway("http")(work)
    assert gateway.total == 300 + 90
    both = options.on_demand()(work) + gateway
    assert both.exact_total == options.on_demand()(work).exact_total + gateway.exact_total
    assert options.api_gateway("rest")(work).total > gateway.total


def test_other_clouds_take_off_what_they_give_away() -> None:
    little = Workload(requests=1000, duration_ms=100, memory_mb=128)
    assert options.azure_functions("flex")(little).total == 0
    assert options.azure_functions("flex", free_tier=False)(little).exact_total > 0
    assert options.cloud_run_functions()(little).exact_total > 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"requests": -1},
        {"duration_ms": "long"},
        {"memory_mb": 64},
        {"shape": (1.0,) * 23},
        {"shape": (0.0,) * 24},
        {"shape": (-1.0,) * 24},
        {"burst": 0.5},
    ],
)
def test_workload_that_makes_no_sense_is_refused_in_a_sentence(wrong: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"requests": 1, "duration_ms": 1, "memory_mb": 128} | wrong
    with pytest.raises(LabValueError) as caught:
        Workload(**arguments)
    assert "\n" not in str(caught.value)
    with pytest.raises(LabValueError, match="at least one"):
        compare(WORK, {})
