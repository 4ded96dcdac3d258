"""Many invocations: at once, as events, and one after the other."""

from __future__ import annotations

import json
import os
import threading
import time
from typing import Any

from tests.packages import zipped

AT_ONCE, BUSY_S = 200, 0.05
EVENTS, FAILING = 5000, 100
TINY = 10_000

BUSY = f"""
import time
def handler(event, context):
    end = time.process_time() + {BUSY_S}
    while time.process_time() < end:
        pass
"""
SOME_FAIL = f"def handler(event, context):\n    assert event['n'] % {FAILING}\n"
TINY_ONE = "def handler(event, context):\n    return 1\n"


def client(connections: int = 10) -> Any:
    """A client for Lambda that tries nothing again and waits long enough."""
    import boto3
    from botocore.config import Config

    config = Config(retries={"max_attempts": 0}, max_pool_connections=connections, read_timeout=120)
    return boto3.client("lambda", config=config)


def role() -> str:
    """An execution role, made in the lab that runs."""
    import boto3

    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    made = boto3.client("iam").create_role(RoleName="bench", AssumeRolePolicyDocument=document)
    return str(made["Role"]["Arn"])


def create(functions: Any, name: str, role_arn: str, source: str, **more: Any) -> None:
    """Create a function of one module."""
    functions.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Role=role_arn,
        Handler="index.handler",
        Code={"ZipFile": zipped(index=source)},
        **more,
    )


def at_once() -> tuple[float, float]:
    """Seconds for many invocations of a busy function at once, and the least these cores need."""
    from labsupport import Lab

    failed: list[object] = []
    with Lab.start():
        functions = client(AT_ONCE)
        create(functions, "busy", role(), BUSY, MemorySize=512, Timeout=60)

        def one() -> None:
            try:
                answer = functions.invoke(FunctionName="busy")
                assert answer["Payload"].read() == b"null"
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told at the end
                failed.append(error)

        threads = [threading.Thread(target=one) for _ in range(AT_ONCE)]
        begin = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        taken = time.perf_counter() - begin
    assert not failed, failed[:3]
    return taken, AT_ONCE * BUSY_S / (os.cpu_count() or 1)


def events() -> tuple[float, float]:
    """Seconds until many events have ended, each once, and seconds it took to send them."""
    from labsupport import Lab

    with Lab.start() as lab:
        functions = client()
        create(functions, "some-fail", role(), SOME_FAIL)
        begin = time.perf_counter()
        sent = set()
        for number in range(EVENTS):
            answer = functions.invoke(
                FunctionName="some-fail",
                InvocationType="Event",
                Payload=json.dumps({"n": number}),
            )
            sent.add(answer["ResponseMetadata"]["RequestId"])
        sending = time.perf_counter() - begin
        deadline = time.monotonic() + 60
        while len(lab.history.endings) < EVENTS and time.monotonic() < deadline:
            lab.clock.advance(minutes=1)
        ended = [request_id for request_id, _ in lab.history.endings]
        assert sorted(ended) == sorted(sent), "every event ends exactly once"
        failed = sum(condition != "Success" for _, condition in lab.history.endings)
        assert failed == EVENTS // FAILING
        return time.perf_counter() - begin, sending


def growth() -> tuple[float, int, int]:
    """What many tiny invocations leave behind: MB resident, open files, threads."""
    import psutil

    from labsupport import Lab

    process = psutil.Process()
    with Lab.start():
        functions = client()
        create(functions, "tiny", role(), TINY_ONE)

        def run(count: int) -> tuple[float, int, int]:
            for _ in range(count):
                functions.invoke(FunctionName="tiny")["Payload"].read()
            mb = process.memory_info().rss / 2**20
            return mb, process.num_fds(), process.num_threads()

        before, after = run(TINY // 10), run(TINY)
    return after[0] - before[0], after[1] - before[1], after[2] - before[2]


def a_day_s() -> float:
    """Seconds to simulate a day of a million requests, work out its bill and draw its figures."""
    from labsupport import figures
    from labsupport.pricing import EVENING, Workload
    from labsupport.pricing.simulation import simulate_day

    work = Workload(requests=30_000_000, duration_ms=120, memory_mb=512, shape=EVENING)
    figures.day_of_concurrency(simulate_day(work.times(30_000)))
    begin = time.perf_counter()
    day = simulate_day(work)
    day.bill()
    assert figures.day_of_concurrency(day).png
    assert figures.day_of_cold_starts(day).png
    return time.perf_counter() - begin
