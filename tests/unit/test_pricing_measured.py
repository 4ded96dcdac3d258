"""The bill of what really ran in a lab."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from labsupport import Lab
from labsupport.history import Invocation
from labsupport.pricing import lambda_cost
from labsupport.pricing.measured import bill_of
from tests.unit.functions_lab import Lambda


def invocation(**more: Any) -> Invocation:
    fields: dict[str, Any] = {
        "request_id": "id",
        "function_arn": "arn:aws:lambda:us-east-1:123456789012:function:f",
        "version": "$LATEST",
        "environment": "e",
        "started": datetime(2026, 11, 21, tzinfo=UTC),
        "real_started": 0.0,
        "duration_ms": 99.4,
        "billed_ms": 100,
        "init_ms": None,
        "memory_mb": 1024,
        "max_memory_mb": 60,
        "function_error": "",
        "status": "success",
        "error_type": "",
        "invocation_type": "RequestResponse",
    }
    return Invocation(**(fields | more))


def test_what_ran_a_million_times_costs_what_the_calculator_says() -> None:
    measured = bill_of([invocation()], times=10**6)
    worked_out = lambda_cost(requests=10**6, duration_ms=100, memory_mb=1024, free_tier=False)
    assert measured.lines["f: requests"] == worked_out.lines["requests"]
    assert measured.lines["f: compute"] == worked_out.lines["compute"]
    free = bill_of([invocation()], times=5 * 10**6, free_tier=True)
    assert free.total == lambda_cost(requests=5 * 10**6, duration_ms=100, memory_mb=1024).total


def test_each_function_and_each_kind_has_its_lines() -> None:
    other = invocation().function_arn[:-1] + "g"
    bill = bill_of(
        [
            invocation(),
            invocation(architecture="arm64"),
            invocation(initialization_type="provisioned-concurrency", ephemeral_mb=1536),
            invocation(function_arn=other, invocation_type="Event", payload_bytes=300 * 1024),
        ]
    )
    assert list(bill.lines) == [
        "f: requests",
        "f: compute",
        "f: compute (Arm)",
        "f: provisioned duration",
        "f: ephemeral storage",
        "g: requests",
        "g: compute",
    ]
    assert bill.lines["g: requests"] == 2 * Decimal("0.2") / 10**6, "300 KB count twice"
    assert bill.lines["f: ephemeral storage"] == Decimal("0.1") * Decimal("0.0000000309")


def test_lab_tells_its_bill() -> None:
    with Lab.start() as lab:
        assert lab.bill().total == 0
        cloud = Lambda(lab)
        cloud.create("def handler(event, context): return 1\n")
        for _ in range(3):
            cloud.invoke()
        bill = lab.bill(10**9)
        assert bill.lines["f: requests"] == 600
        assert bill.lines["f: compute"] > 0
