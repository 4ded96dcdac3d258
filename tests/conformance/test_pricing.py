"""Bills that AWS works out on its pricing page, to the cent (see "about" in the JSON file)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from labsupport.pricing import (
    Bill,
    Durable,
    Pollers,
    Provisioned,
    SnapStart,
    edge_cost,
    lambda_cost,
    managed_instances_cost,
)

EXAMPLES = {
    example["id"]: example
    for example in json.loads(Path(__file__).with_name("pricing_examples.json").read_text())[
        "examples"
    ]
}


def on_demand(given: Mapping[str, Any], **more: Any) -> Bill:
    arguments = {
        "requests": given.get("requests"),
        "duration_ms": given["avg_ms"],
        "memory_mb": given["memory_mb"],
        "architecture": given["arch"],
        "free_tier": given["free_tier"],
    }
    return lambda_cost(**(arguments | more))


def provisioned(given: Mapping[str, Any]) -> Bill:
    return lambda_cost(
        requests=given["od_requests"],
        duration_ms=given["od_avg_ms"],
        memory_mb=given["memory_mb"],
        free_tier=given["free_tier_on_demand"],
        provisioned=Provisioned(
            concurrency=given["pc"],
            hours=given["pc_hours"],
            requests=given["pc_requests"],
            duration_ms=given["pc_avg_ms"],
        ),
    )


def durable(given: Mapping[str, Any]) -> Bill:
    executions, steps = given["executions"], given["invocations_per_exec"]
    months = Decimal(given["wait_days"] + given["retain_days"]) / 30
    return lambda_cost(
        requests=executions * steps,
        duration_ms=given["seconds"] * 1000 / steps,
        memory_mb=given["memory_mb"],
        architecture=given["arch"],
        free_tier=given["free_tier"],
        durable=Durable(
            operations=executions * given["ops_per_exec"],
            written_gb=given["written_gb"],
            retained_gb_months=float(given["written_gb"] * months),
        ),
    )


BILLS: dict[str, Callable[[Mapping[str, Any]], Bill]] = {
    "ondemand_mobile_backend": on_demand,
    "ondemand_telemetry": on_demand,
    "pc_mobile_launch": provisioned,
    "snapstart_telemetry": lambda given: on_demand(
        given, snapstart=SnapStart(given["active_seconds"], given["restores"])
    ),
    "durable_claims": durable,
    "lmi_api": lambda given: managed_instances_cost(
        requests=given["requests"],
        instance_hours=given["hours"],
        hourly_usd=given["od_hourly"],
        paid_hourly_usd=given["sp_hourly"],
    ),
    "esm_provisioned_sqs": lambda given: on_demand(
        given,
        requests=given["invocations_per_day"] * given["days"],
        pollers=Pollers("sqs", given["epu_hours"]),
    ),
    "edge": lambda given: edge_cost(
        requests=given["requests"], duration_ms=given["avg_ms"], memory_mb=given["memory_mb"]
    ),
}


def test_every_published_bill_is_tried() -> None:
    assert BILLS.keys() == EXAMPLES.keys()


@pytest.mark.parametrize("name", EXAMPLES)
def test_bill_is_that_of_the_pricing_page(name: str) -> None:
    example = EXAMPLES[name]
    bill = BILLS[name](example["inputs"])
    published = sorted(Decimal(str(line)) for line in example["published_lines"].values())
    assert sorted(line.cents for line in bill.items) == published
    assert bill.total == Decimal(str(example["published_total"]))
