"""The record of what happened: in order, bounded, with the life of each environment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from labsupport import Lab
from labsupport.history import EventEnded, History
from tests.unit.functions_lab import Lambda, zipped


@pytest.fixture
def cloud() -> Iterator[Lambda]:
    with Lab.start(speed=0.001) as lab:
        yield Lambda(lab)


def test_oldest_records_are_dropped_and_counted() -> None:
    history, now = History(longest=3), datetime.now(UTC)
    for n in range(5):
        history.record(EventEnded(str(n), "arn", "Success", 1, now, 0.0))
    assert [request_id for request_id, _ in history.endings] == ["2", "3", "4"]
    assert history.dropped == 2


def test_phases_of_an_environment(cloud: Lambda) -> None:
    cloud.create("import time\ntime.sleep(0.05)\ndef handler(event, context): return 1\n")
    cloud.invoke()
    cloud.invoke()
    cloud.client.update_function_code(FunctionName="f", ZipFile=zipped("x = 1\n"))
    cloud.invoke()
    history = cloud.lab.history
    first, second, third = history.invocations
    assert first.environment == second.environment != third.environment
    seen = [
        (phase.phase, phase.environment, phase.status)
        for phase in history.phases
        if phase.environment == first.environment
    ]
    assert seen == [
        ("init", first.environment, "success"),
        ("shutdown", first.environment, "success"),
    ]
    init = history.phases[0]
    assert init.duration_ms == first.init_ms
    assert init.duration_ms > 50
    assert init.real_started < first.real_started + init.duration_ms / 1000
    assert init.log_stream == first.log_stream
    assert history.phases[-1].status == "error", "the new code has no handler"


def test_what_a_bill_needs_is_there(cloud: Lambda) -> None:
    cloud.create(MemorySize=256, EphemeralStorage={"Size": 1024})
    cloud.invoke(b'{"a": 1}')
    cloud.invoke(b'{"a": 1}')
    cold, warm = cloud.lab.history.invocations
    assert cold.init_ms is not None
    assert cold.init_billed
    assert cold.billed_ms >= cold.init_ms + cold.duration_ms
    assert (warm.init_ms, warm.init_billed) == (None, False)
    assert (warm.memory_mb, warm.ephemeral_mb, warm.architecture) == (256, 1024, "x86_64")
    assert (warm.payload_bytes, warm.resource) == (8, "f")
    assert warm.response_bytes > 0
    assert warm.log_group == "/aws/lambda/f"
