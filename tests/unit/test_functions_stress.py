"""Functions that misbehave, all at once; changes while they run; nothing left behind."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError, HTTPClientError

from labsupport import Lab
from tests.unit.functions_lab import Lambda, wait_until, zipped

MISBEHAVE = """
import json, os, sys, threading, time

def loop():
    while True: pass
def flood():
    print('x' * 3_000_000)
    return 'flooded'
def exit_(): sys.exit(3)
def die(): os.kill(os.getpid(), 9)
def fork():
    if os.fork() == 0:
        time.sleep(600)
    return 'forked'
def raise_(): raise ValueError('because')
def nonsense(): return {1, 2}
def hog(): return len(bytearray(400 << 20))
def huge(): return 'x' * (7 << 20)
def threads():
    for _ in range(20):
        threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    return 'threads'
def deep(): return deep()
def fine(): return 'fine'

def handler(event, context):
    return globals()[event]()
"""
EXPECTED = {
    "loop": "Sandbox.Timedout",
    "flood": "flooded",
    "exit_": "Runtime.ExitError",
    "die": "Runtime.ExitError",
    "fork": "forked",
    "raise_": "ValueError",
    "nonsense": "Runtime.MarshalError",
    "hog": "Runtime.OutOfMemory",
    "huge": "Function.ResponseSizeTooLarge",
    "threads": "threads",
    "deep": "RecursionError",
    "fine": "fine",
}


@pytest.fixture
def cloud() -> Iterator[Lambda]:
    with Lab.start() as lab:
        yield Lambda(lab)


def outcome(cloud: Lambda, event: str) -> str:
    payload = cloud.invoke(json.dumps(event))["Payload"]
    return str(payload["errorType"] if isinstance(payload, dict) else payload)


def test_every_misbehaviour_at_once_harms_no_other(cloud: Lambda) -> None:
    cloud.create(MISBEHAVE, Timeout=4, MemorySize=256)
    events = list(EXPECTED) * 3
    with ThreadPoolExecutor(12) as pool:
        got = list(pool.map(lambda event: outcome(cloud, event), events))
    assert list(zip(events, got, strict=True)) == [(event, EXPECTED[event]) for event in events]
    assert outcome(cloud, "fine") == "fine"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can refuse it")
def test_handler_cannot_end_every_process_of_the_learner(cloud: Lambda) -> None:
    # Signal 0 reaches nobody: it only asks whether the call is allowed.
    source = "import os\ndef handler(event, context): os.kill(-1, 0)\n"
    cloud.create(source)
    assert cloud.invoke()["Payload"]["errorType"] == "PermissionError"


def test_nothing_is_left_when_the_lab_ends() -> None:
    before = {process.pid for process in psutil.Process().children(recursive=True)}
    threads = threading.active_count()
    with Lab.start() as lab:
        cloud = Lambda(lab)
        cloud.create(MISBEHAVE, Timeout=2, MemorySize=256)
        for event in ("fork", "threads", "die", "fine"):
            outcome(cloud, event)
    wait_until(lambda: threading.active_count() <= threads + 1)

    def left() -> list[psutil.Process]:
        return [
            process
            for process in psutil.Process().children(recursive=True)
            if process.pid not in before and process.status() != psutil.STATUS_ZOMBIE
        ]

    wait_until(lambda: not left())


def test_function_may_be_changed_and_deleted_while_it_runs(cloud: Lambda) -> None:
    source = "import time\ndef handler(event, context):\n    time.sleep(0.02)\n    return {}\n"
    cloud.create(source.format(0))
    stop = threading.Event()
    answers: list[Any] = []
    refused: list[str] = []

    def run() -> None:
        while not stop.is_set():
            try:
                answers.append(cloud.invoke()["Payload"])
            except ClientError as error:
                refused.append(error.response["Error"]["Code"])

    runners = [threading.Thread(target=run) for _ in range(4)]
    for runner in runners:
        runner.start()
    for number in range(1, 6):
        code = zipped(source.format(number))
        cloud.client.update_function_code(FunctionName="f", ZipFile=code, Publish=True)
    cloud.client.delete_function(FunctionName="f")
    wait_until(lambda: "ResourceNotFoundException" in refused)
    cloud.create(source.format(6))
    wait_until(lambda: 6 in answers)
    stop.set()
    for runner in runners:
        runner.join(20)
    assert set(answers) <= set(range(7)), "every answer is of one of the versions"
    assert set(refused) == {"ResourceNotFoundException"}


def test_lab_may_end_in_the_middle_of_everything() -> None:
    with Lab.start() as lab:
        cloud = Lambda(lab)
        cloud.create("import time\ndef handler(event, context): time.sleep(30)\n", Timeout=60)
        for _ in range(4):
            cloud.invoke(InvocationType="Event")
        waiting = threading.Thread(target=invoke_into_the_end, args=(cloud,))
        waiting.start()
        wait_until(lambda: len(psutil.Process().children(recursive=True)) > 4)
    waiting.join(20)
    assert not waiting.is_alive()
    with Lab.start() as lab:
        cloud = Lambda(lab)
        cloud.create("def handler(event, context): return 1\n")
        assert cloud.invoke()["Payload"] == 1


def invoke_into_the_end(cloud: Lambda) -> None:
    with contextlib.suppress(ClientError, HTTPClientError, ConnectionError):
        cloud.invoke()
