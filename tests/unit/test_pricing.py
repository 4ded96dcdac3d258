"""Bills: what holds for all of them, how they explain themselves, what they refuse."""

from __future__ import annotations

import os
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labsupport.errors import LabValueError
from labsupport.facts import fact
from labsupport.pricing import (
    Bill,
    Durable,
    Line,
    Pollers,
    Provisioned,
    SnapStart,
    billed_requests,
    edge_cost,
    lambda_cost,
)

some = settings(max_examples=150, deadline=None, database=None, derandomize="CI" in os.environ)
requests = st.integers(0, 10**11)
durations = st.floats(0, 900_000, allow_nan=False)
memories = st.integers(128, 10_240)
architectures = st.sampled_from(["x86_64", "arm64"])


def simple(**more: Any) -> Any:
    arguments: dict[str, Any] = {"requests": 10**6, "duration_ms": 100, "memory_mb": 1024}
    return lambda_cost(**(arguments | more))


@pytest.mark.parametrize(
    ("free_tier", "small", "large"), [(False, "0.19", "50.20"), (True, "0.00", "43.33")]
)
def test_scenarios_of_the_course(free_tier: bool, small: str, large: str) -> None:
    api = simple(requests=100_000, duration_ms=200, memory_mb=512, free_tier=free_tier)
    images = simple(requests=10**6, duration_ms=3000, memory_mb=1024, free_tier=free_tier)
    assert (str(api.total), str(images.total)) == (small, large)


@some
@given(
    count=requests,
    more=requests,
    duration=durations,
    memory=memories,
    chip=architectures,
    free=st.booleans(),
)
def test_more_never_costs_less(
    *, count: int, more: int, duration: float, memory: int, chip: str, free: bool
) -> None:
    def cost(requests: int, duration_ms: float, memory_mb: int) -> Decimal:
        bill = simple(
            requests=requests,
            duration_ms=duration_ms,
            memory_mb=memory_mb,
            architecture=chip,
            free_tier=free,
        )
        assert all(amount >= 0 for amount in bill.lines.values())
        assert bill.total == sum(line.cents for line in bill.items)
        return bill.exact_total

    least = cost(count, duration, memory)
    assert cost(count + more, duration, memory) >= least
    assert cost(count, min(900_000, duration * 1.5), memory) >= least
    assert cost(count, duration, min(10_240, memory + 512)) >= least
    assert (
        simple(requests=count, duration_ms=duration, memory_mb=memory).exact_total
        <= simple(
            requests=count, duration_ms=duration, memory_mb=memory, free_tier=False
        ).exact_total
    )


@pytest.mark.parametrize("chip", ["x86_64", "arm64"])
def test_tiers_meet_at_their_edges(chip: str) -> None:
    tiers = fact(f"price.gbs.{'x86' if chip == 'x86_64' else 'arm'}").value
    for below, above in pairwise(tiers):
        edge = below["up_to_gb_s"]
        costs = [
            simple(
                requests=edge + step, duration_ms=1000, architecture=chip, free_tier=False
            ).lines["compute"]
            for step in (-1, 0, 1)
        ]
        assert costs[1] - costs[0] == below["usd"]
        assert costs[2] - costs[1] == above["usd"]


@some
@given(count=st.integers(0, 10**7), cold=st.integers(0, 10**7), init=st.integers(0, 5000))
def test_init_is_billed_with_the_requests_that_have_one(count: int, cold: int, init: int) -> None:
    cold = min(cold, count)
    bill = simple(requests=count, cold_starts=cold, init_ms=init, free_tier=False)
    gb_s = Decimal(count * 100 + cold * init) / 1000
    assert bill.lines["compute"] == gb_s * Decimal("0.0000166667") or gb_s > 6 * 10**9


def test_duration_is_rounded_up_to_the_millisecond_and_once_to_a_hundred() -> None:
    exact = simple(duration_ms=101, free_tier=False).lines["compute"]
    assert simple(duration_ms=100.2, free_tier=False).lines["compute"] == exact
    historic = simple(duration_ms=101, free_tier=False, granularity_ms=100)
    assert historic.lines["compute"] == simple(duration_ms=200, free_tier=False).lines["compute"]


def test_tmp_beyond_the_free_part_is_a_line() -> None:
    assert "ephemeral storage" not in simple().lines
    bill = simple(requests=3 * 10**6, duration_ms=120, memory_mb=1536, ephemeral_mb=10_240)
    assert bill.lines["ephemeral storage"].quantize(Decimal("0.0001")) == Decimal("0.1057")


def test_parts_of_a_bill_add_up() -> None:
    both = simple() + edge_cost(requests=10**6, duration_ms=10)
    assert both.lines["requests"] == Decimal("0.60")
    assert both.lines["compute"] == simple().lines["compute"] + Decimal("0.00000625125") * 10_000


def test_other_charges_are_lines_of_their_own() -> None:
    bill = simple(
        streamed_gb=10,
        tenant_environments_gb=100,
        pollers=Pollers("kafka", 10),
        durable=Durable(10**6, 2, 3),
        snapstart=SnapStart(cached_seconds=60, restores=0),
    )
    assert bill.lines["response streaming"] == Decimal("0.08")
    assert bill.lines["tenant isolation"] == Decimal("0.0167")
    assert bill.lines["event pollers"] == Decimal("1.85")
    assert bill.lines["durable operations"] == 8
    assert bill.lines["durable data written"] == Decimal("0.5")
    assert bill.lines["durable data retained"] == Decimal("0.45")
    three_hours = 3 * 3600 * Decimal("0.0000015046")
    assert bill.lines["SnapStart cache"] == three_hours


@pytest.mark.parametrize(
    ("kb", "each"), [(0, 1), (256, 1), (257, 2), (320, 2), (321, 3), (1024, 13)]
)
def test_large_events_count_as_several_requests(kb: int, each: int) -> None:
    assert billed_requests(10, kb) == 10 * each


def test_bill_explains_itself_with_its_facts() -> None:
    text = str(simple(provisioned=Provisioned(1, 1, 0, 0), architecture="arm64").explain())
    assert "price.requests (aws.amazon.com/lambda/pricing" in text
    weak = Bill((Line("server", Decimal(1), "a month", ("price.ec2.t3.small",)),))
    assert "weakly sourced" in str(weak.explain()), "prices of low confidence say so"
    assert "<table>" in simple().explain()._repr_html_()
    assert str(simple()).splitlines()[-1].split() == ["total", "USD", "0.00"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"requests": -1},
        {"requests": 0.5},
        {"requests": "many"},
        {"requests": True},
        {"requests": 10**20},
        {"requests": None},
        {"duration_ms": float("nan")},
        {"duration_ms": float("inf")},
        {"duration_ms": 900_001},
        {"memory_mb": 127},
        {"memory_mb": 10_241},
        {"memory_mb": 512.5},
        {"ephemeral_mb": 511},
        {"architecture": "riscv"},
        {"architecture": None},
        {"region": "mars-north-1"},
        {"region": "eu-west-1"},
        {"requests": 5, "cold_starts": 6},
        {"streamed_gb": -1},
        {"pollers": Pollers("mqtt", 1)},  # type: ignore[arg-type]
        {"granularity_ms": 0.5},
    ],
)
def test_numbers_that_make_no_sense_are_refused_in_a_sentence(wrong: dict[str, Any]) -> None:
    with pytest.raises(LabValueError) as caught:
        simple(**wrong)
    assert str(caught.value).endswith((".", "?"))
    assert "\n" not in str(caught.value)
