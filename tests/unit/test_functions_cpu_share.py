"""The share of a vCPU that a function's memory brings, measured on its own CPU clock."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from labsupport import Lab, LabError
from labsupport.functions.processes.cpu_share import vcpus
from tests.unit.functions_lab import Lambda, wait_until
from tests.unit.test_functions_environment import Workbench, answer, error, invoke

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs signals that stop")

SPINNING = """
import os, subprocess, sys, time
def used():
    times = os.times()
    return time.process_time() + times.children_user + times.children_system
def spin(seconds, processes=0):
    begin, before = time.monotonic(), used()
    end = begin + seconds
    program = f"import time\\nwhile time.monotonic() < {end}: pass"
    started = [subprocess.Popen([sys.executable, "-S", "-c", program]) for _ in range(processes)]
    while not started and time.monotonic() < end:
        pass
    for process in started:
        process.wait()
    return (used() - before) / (time.monotonic() - begin)
INIT = spin(0.2)
def handler(event, context):
    time.sleep(event.get("idle", 0))
    return INIT if event.get("init") else spin(event["seconds"], event.get("processes", 0))
"""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    bench = Workbench(tmp_path, "folders")
    bench.cpu_share = "aws"
    yield bench
    bench.close()


def error_of_share(bench: Workbench, memory_mb: int, event: dict[str, float]) -> float:
    """How far off the share is, relative to it or to what this busy machine can give at all."""
    environment = bench.environment(SPINNING, memory_mb=memory_mb)
    errors: list[float] = []
    while not errors or (len(errors) < 5 and errors[-1] > 0.1):
        bench.cpu_share = None
        before = answer(invoke(environment, {"seconds": 0.2}))
        bench.cpu_share = "aws"
        got = answer(invoke(environment, event))
        bench.cpu_share = None
        after = answer(invoke(environment, {"seconds": 0.2}))
        errors.append(abs(got / min(vcpus(memory_mb), before, after) - 1))
    return errors[-1]


@pytest.mark.parametrize("memory_mb", [128, 512, 1024, 1769])
def test_a_busy_handler_gets_the_share_of_its_memory(bench: Workbench, memory_mb: int) -> None:
    assert error_of_share(bench, memory_mb, {"seconds": 1.2}) <= 0.1


def test_what_a_handler_starts_shares_with_it(bench: Workbench) -> None:
    assert error_of_share(bench, 512, {"seconds": 1.2, "processes": 2}) <= 0.1


def test_time_spent_waiting_is_no_credit(bench: Workbench) -> None:
    assert error_of_share(bench, 256, {"seconds": 1, "idle": 1}) <= 0.1


def test_init_runs_at_full_speed(bench: Workbench) -> None:
    inits = (
        answer(invoke(bench.environment(SPINNING), {"init": True, "seconds": 0})) for _ in range(3)
    )
    assert max(inits) > 3 * vcpus(128)


def test_timeout_and_freezing_go_on_as_ever(bench: Workbench) -> None:
    environment = bench.environment(SPINNING, timeout_s=1)
    assert error(invoke(environment, {"seconds": 30}))[0] == "Sandbox.Timedout"
    answer(invoke(environment, {"seconds": 0.1}))
    process = psutil.Process(environment.pid or 0)
    wait_until(lambda: process.status() == psutil.STATUS_STOPPED, 5)
    environment.shutdown()
    wait_until(lambda: "cpu share" not in [thread.name for thread in threading.enumerate()])


def test_share_is_set_for_a_lab_and_checked() -> None:
    with pytest.raises(LabError, match="'all' is no CPU share: give “aws”, or None"):
        Lab.start(cpu_share="all")
    with Lab.start(cpu_share="aws") as lab:
        environment = Lambda(lab)
        environment.create(SPINNING)
        slow = environment.invoke(json.dumps({"seconds": 0.5}))["Payload"]
        with pytest.raises(LabError, match="2 is no CPU share"):
            lab.cpu_share = 2  # type: ignore[assignment]
        lab.cpu_share = None
        assert slow < 0.2 < environment.invoke(json.dumps({"seconds": 0.5}))["Payload"]
