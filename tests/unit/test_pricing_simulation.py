"""A simulated day: what comes, what it starts, what it costs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from labsupport import figures
from labsupport.errors import LabValueError
from labsupport.pricing import EVENING, Workload, lambda_cost
from labsupport.pricing.simulation import _changes, _serve, simulate_day

WORK = Workload(requests=30 * 20_000, duration_ms=100, memory_mb=1024, shape=EVENING)


def test_requests_follow_the_shape_and_the_seed() -> None:
    day = simulate_day(WORK)
    assert day.requests == 20_000
    assert day.count(3600) == pytest.approx(WORK.hourly, rel=0.25)
    again, other = simulate_day(WORK), simulate_day(WORK, seed=2)
    assert np.array_equal(day.ended, again.ended)
    assert not np.array_equal(day.started, other.started)
    assert (np.diff(day.started) >= 0).all()
    assert str(day).startswith("A day of 20,000 requests: ")
    assert 0 <= day.started[0] < day.started[-1] <= 86_400


@pytest.mark.parametrize(
    ("started", "idle_s", "cold", "closed"),
    [
        ([0, 2, 4], 10, [0], [15]),
        ([0, 0.5, 0.9], 10, [0, 1, 2], [12, 12.5, 12.9]),
        ([0, 0.5, 3, 20], 10, [0, 1, 3], [12, 14, 32]),
        ([0, 12], 10, [0, 1], [12, 24]),
        ([0, 2], 10, [0], [13]),
    ],
    ids=["reused", "none free", "idle ones given up", "free too long", "free as it comes"],
)
def test_environments_are_reused_until_they_are_given_up(
    started: list[float], idle_s: float, cold: list[int], closed: list[float]
) -> None:
    found = _serve(started, [1.0] * len(started), 1.0, idle_s)
    assert found[0] == cold
    assert found[1] == [started[number] for number in cold]
    assert sorted(found[2]) == closed


def test_counts_are_those_of_requests_that_overlap() -> None:
    moments, counts = _changes(np.array([0.0, 1.0, 1.5]), np.array([2.0, 1.5, 3.0]))
    assert moments.tolist() == [0, 1, 1.5, 1.5, 2, 3]
    assert counts.tolist() == [1, 2, 1, 2, 1, 0]


def test_a_step_without_a_change_has_what_it_began_with() -> None:
    one = Workload(requests=30, duration_ms=900_000, memory_mb=128)
    day = simulate_day(one, variation=0, idle_s=3600)
    first = int(day.started[0] // 60)
    assert day.concurrency(60)[first : first + 15].tolist() == [1] * 15
    assert day.busy(60)[first + 1 : first + 14].tolist() == pytest.approx([1] * 13)
    assert day.busy(86_400).sum() * 86_400 == pytest.approx(900.25)
    assert day.environments(60)[first : first + 70].tolist() == [1] * 70
    assert day.environments(60)[:first].tolist() == [0] * first


def test_environments_are_never_fewer_than_requests_in_progress() -> None:
    day = simulate_day(WORK, idle_s=30)
    assert (day.environments(60) >= day.concurrency(60)).all()
    assert day.most_environments >= day.peak == day.concurrency(60).max()
    assert simulate_day(WORK, idle_s=3600).cold_starts < day.cold_starts


def test_init_holds_an_environment_and_so_starts_more_of_them() -> None:
    burst = Workload(
        requests=30 * 36_000, duration_ms=10, memory_mb=128, shape=(1.0,) + (0.0,) * 23
    )
    quick, slow = (simulate_day(burst, init_ms=each, variation=0) for each in (0, 2000))
    assert quick.cold_starts < 8
    assert slow.cold_starts > 20, "ten a second come while the first ones begin"


def test_its_bill_is_that_of_its_requests() -> None:
    day = simulate_day(WORK, variation=0, init_ms=300)
    expected = lambda_cost(
        requests=600_000,
        duration_ms=100,
        memory_mb=1024,
        init_ms=300,
        cold_starts=day.cold_starts * 30,
    )
    assert day.bill().lines == expected.lines
    assert day.bill(architecture="arm64", free_tier=False).total < day.bill(free_tier=False).total
    assert any("assumption" in each for each in day.bill().assumptions)
    varied = simulate_day(WORK, variation=0.5, init_ms=0).bill(free_tier=False)
    about = lambda_cost(requests=600_000, duration_ms=100.5, memory_mb=1024, free_tier=False)
    assert float(varied.exact_total) == pytest.approx(float(about.exact_total), rel=0.02)
    assert varied.lines["requests"] == Decimal("0.12")


def test_a_day_without_requests_costs_nothing() -> None:
    day = simulate_day(WORK.times(0))
    assert (day.requests, day.cold_starts, day.peak, day.most_environments) == (0, 0, 0, 0)
    assert day.bill().total == 0
    with pytest.raises(LabValueError, match="no request came"):
        figures.day_of_concurrency(day)


def test_figures_tell_what_was_simulated() -> None:
    day = simulate_day(WORK)
    picture = figures.day_of_concurrency(day)
    assert picture.title == (
        f"20,000 requests a day need up to {day.most_environments} environments; "
        "0.0 are busy on average"
    )
    assert sum(int(row[1].replace(",", "")) for row in picture.rows) == 20_000
    cold = figures.day_of_cold_starts(day)
    assert cold.title.startswith(f"{day.cold_starts} cold starts, ")
    assert sum(int(row[4]) for row in cold.rows) == day.cold_starts


def test_paid_time_is_all_day_for_servers_and_what_ran_for_a_function() -> None:
    day = simulate_day(WORK)
    picture = figures.day_of_paid_time(day)
    ran = float((day.ended - day.started).sum()) / 60
    assert picture.title == (
        f"One server is paid for 24 hours of this day, a function for {ran / 60:.1f}"
    )
    assert sum(int(row[2].replace(",", "")) for row in picture.rows) == 24 * 60
    assert sum(float(row[3]) for row in picture.rows) == pytest.approx(ran, abs=1)
    two = figures.day_of_paid_time(day, servers=2)
    assert two.title.startswith("2 servers are paid for 48 hours")
    assert two.png


def test_a_million_requests_are_simulated_billed_and_drawn() -> None:
    million = Workload(requests=30_000_000, duration_ms=120, memory_mb=512, shape=EVENING)
    day = simulate_day(million)
    day.bill()
    assert figures.day_of_concurrency(day).png
    assert figures.day_of_cold_starts(day).png


@pytest.mark.parametrize(
    "wrong",
    [
        {"init_ms": -1},
        {"init_ms": "slow"},
        {"idle_s": float("nan")},
        {"variation": -0.1},
        {"seed": 1.5},
        {"seed": "x"},
    ],
)
def test_numbers_that_make_no_sense_are_refused_in_a_sentence(wrong: dict[str, Any]) -> None:
    with pytest.raises(LabValueError) as caught:
        simulate_day(WORK, **wrong)
    assert "\n" not in str(caught.value)
    with pytest.raises(LabValueError, match="too much to simulate"):
        simulate_day(WORK.times(10**12))
