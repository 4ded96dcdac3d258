"""SnapStart: versions initialised once, environments restored from them."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from labsupport import Lab
from labsupport.functions.environments.environment import ExecutionEnvironment
from labsupport.functions.environments.snapshots import Snapshots, State
from labsupport.functions.errors import ServiceError
from labsupport.functions.model import FunctionVersion
from tests.unit.functions_lab import Lambda, refusal
from tests.unit.test_functions_environment import KINDS, Workbench, answer, invoke, wait_until


class SnapBench(Workbench):
    """A workbench whose functions have SnapStart."""

    def __init__(self, home: Path, kind: str) -> None:
        super().__init__(home, kind)
        self.states: list[State] = []
        self.snapshots = Snapshots(self.host, lambda function, state: self.states.append(state))
        self.host = replace(self.host, snapshot=self.snapshots.of)

    def version(self, source: str, **more: Any) -> FunctionVersion:
        function = self.environment(source, **more).function
        return replace(function, version="1", snap_start=True)

    def restored(self, function: FunctionVersion) -> ExecutionEnvironment:
        self.made.append(ExecutionEnvironment(function, self.host))
        return self.made[-1]

    @property
    def forks(self) -> bool:
        return bool(self.processes.forks)

    def close(self) -> None:
        self.snapshots.close()
        super().close()


@pytest.fixture(params=KINDS)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SnapBench]:
    bench = SnapBench(tmp_path, request.param)
    if request.param == "namespaces" and not bench.processes.isolated:
        bench.close()
        pytest.skip("no namespaces on this system")
    yield bench
    bench.close()


UNIQUE = (
    "import os, random, tempfile, uuid\n"
    "from snapshot_restore_py import register_after_restore, register_before_snapshot\n"
    "made = uuid.uuid4().hex\n"
    "steps = []\n"
    "there = tempfile.gettempdir()\n"
    "open(there + '/of-init', 'w').write('kept')\n"
    "@register_before_snapshot\n"
    "def before():\n"
    "    steps.append('before')\n"
    "    print('before', flush=True)\n"
    "@register_after_restore\n"
    "def after():\n"
    "    steps.append('after')\n"
    "    print('after', flush=True)\n"
    "def handler(event, context):\n"
    "    files = sorted(os.listdir(tempfile.gettempdir()))\n"
    "    open(tempfile.gettempdir() + '/' + context.aws_request_id, 'w').close()\n"
    "    return {\n"
    "        'made': made, 'steps': steps, 'random': random.random(), 'fresh': uuid.uuid4().hex,\n"
    "        'pid': os.getpid(), 'files': files,\n"
    "        'kind': os.environ['AWS_LAMBDA_INITIALIZATION_TYPE'],\n"
    "        'log_stream': context.log_stream_name,\n"
    "    }\n"
)


def test_environments_share_what_init_made_and_nothing_else(bench: SnapBench) -> None:
    function = bench.version(UNIQUE)
    one, two = bench.restored(function), bench.restored(function)
    results = [invoke(one), invoke(two), invoke(one)]
    first, second, again = map(answer, results)
    if bench.forks:
        assert first["made"] == second["made"]
        assert first["random"] == second["random"], "as in a copy of the memory"
        assert bench.log.count("before\n") == 1
        assert first["files"] == ["of-init"]
        assert second["files"] == ["of-init"], "each has its own /tmp"
    assert first["steps"] == second["steps"] == ["before", "after"]
    assert again["made"] == first["made"]
    assert len(again["files"]) == 2
    assert first["fresh"] != second["fresh"]
    assert first["pid"] != second["pid"]
    assert first["pid"] == again["pid"] == one.pid
    assert first["kind"] == "snap-start"
    assert first["log_stream"] is None
    assert bench.log.count("after\n") == 2
    assert [result.init_ms for result in results] == [None, None, None]
    assert results[0].restore_ms is not None
    assert results[0].billed_restore_ms is not None
    assert results[0].billed_restore_ms <= results[0].restore_ms + 1
    assert results[0].billed_ms >= results[0].billed_restore_ms + results[0].duration_ms - 1
    assert results[2].restore_ms is None
    kinds = [line.split()[0] for line in bench.log]
    assert kinds.count("INIT_START") == 1
    assert kinds.count("INIT_REPORT") == 1
    assert kinds.count("RESTORE_START") == 2
    assert kinds.count("RESTORE_REPORT") == 2


def test_hook_that_fails_before_the_snapshot_fails_the_version(bench: SnapBench) -> None:
    function = bench.version(
        "from snapshot_restore_py import register_before_snapshot\n"
        "register_before_snapshot(lambda: 1 / 0)\n"
        "def handler(event, context): pass\n"
    )
    with pytest.raises(ServiceError) as caught:
        invoke(bench.restored(function))
    assert (caught.value.code, caught.value.status) == ("ResourceConflictException", 409)
    assert "Failed" in caught.value.message
    assert [state["State"] for state in bench.states] == ["Failed"]
    assert bench.states[0]["StateReasonCode"] == "FunctionError.RuntimeInitError"
    assert "Runtime.BeforeSnapshotError" in bench.states[0]["StateReason"]
    report = next(line for line in bench.log if line.startswith("INIT_REPORT"))
    assert "Status: error\tError Type: Runtime.BeforeSnapshotError" in report
    assert any("ZeroDivisionError" in line for line in bench.log)


def test_hook_that_fails_after_the_restore_fails_the_call_and_no_other(bench: SnapBench) -> None:
    function = bench.version(
        "import os, tempfile\n"
        "from snapshot_restore_py import register_after_restore\n"
        "@register_after_restore\n"
        "def after():\n"
        "    if not os.path.exists(os.environ['MARK']):\n"
        "        open(os.environ['MARK'], 'w').close()\n"
        "        raise ValueError('not yet')\n"
        "def handler(event, context): return 'well'\n",
        variables={"MARK": f"/dev/shm/{bench.host.workspace.parent.name}-{id(bench)}"},
    )
    try:
        with pytest.raises(ServiceError) as caught:
            invoke(bench.restored(function))
        assert (caught.value.code, caught.value.status) == ("SnapStartException", 400)
        reports = [line for line in bench.log if line.startswith("RESTORE_REPORT")]
        assert "Status: error\tError Type: Runtime.AfterRestoreError" in reports[0]
        assert answer(invoke(bench.restored(function))) == "well"
    finally:
        Path(function.variables["MARK"]).unlink(missing_ok=True)


def test_restore_that_takes_too_long_is_ended(
    bench: SnapBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from labsupport.functions.environments import environment as module

    fact = module.fact
    monkeypatch.setattr(
        module,
        "fact",
        lambda id: replace(fact(id), value=1) if id == "snapstart.restore_s" else fact(id),
    )
    function = bench.version(
        "import time\n"
        "from snapshot_restore_py import register_after_restore\n"
        "register_after_restore(time.sleep, 30)\n"
        "def handler(event, context): pass\n"
    )
    with pytest.raises(ServiceError) as caught:
        invoke(bench.restored(function))
    assert (caught.value.code, caught.value.status) == ("SnapStartTimeoutException", 408)


def test_environment_that_lost_its_process_is_restored_again(bench: SnapBench) -> None:
    function = bench.version(
        "import os, uuid\n"
        "made = uuid.uuid4().hex\n"
        "def handler(event, context):\n"
        "    return event and os._exit(3) or [made, os.getpid()]\n"
    )
    environment = bench.restored(function)
    made, pid = answer(invoke(environment))
    assert invoke(environment, {"end": True}).error_type == "Runtime.ExitError"
    again, other_pid = answer(invoke(environment))
    assert other_pid != pid
    assert (again == made) == bench.forks


def test_connections_of_init_are_dead_and_threads_gone(bench: SnapBench) -> None:
    if not bench.forks:
        pytest.skip("nothing is forked here")
    function = bench.version(
        "import select, socket, threading, time\n"
        "here, there = socket.socketpair()\n"
        "thread = threading.Thread(target=time.sleep, args=(60,), daemon=True)\n"
        "thread.start()\n"
        "def handler(event, context):\n"
        "    return [select.select([here], [], [], 0)[0] != [], here.recv(1).decode(),\n"
        "            thread.is_alive()]\n"
    )
    assert answer(invoke(bench.restored(function))) == [True, "", False]


def test_lost_snapshot_is_taken_again(bench: SnapBench) -> None:
    if not bench.forks:
        pytest.skip("no process is kept here")
    function = bench.version(UNIQUE)
    made = answer(invoke(bench.restored(function)))["made"]
    snapshot = bench.snapshots.of(function)
    pid = snapshot._process.pid
    assert pid is not None
    psutil.Process(pid).kill()
    wait_until(lambda: not psutil.pid_exists(pid))
    assert answer(invoke(bench.restored(function)))["made"] != made
    assert bench.log.count("before\n") == 2


def test_snapshot_uses_no_processor_and_leaves_nothing(bench: SnapBench) -> None:
    function = bench.version(
        "import os, subprocess, threading\n"
        "def spin():\n"
        "    while True: pass\n"
        "threading.Thread(target=spin, daemon=True).start()\n"
        "def handler(event, context): return [os.getpid(), os.getppid()]\n"
    )
    environments = [bench.restored(function) for _ in range(3)]
    pids = [answer(invoke(environment))[0] for environment in environments]
    if bench.forks:
        template = bench.snapshots.of(function)._process.pid
        assert template is not None
        wait_until(lambda: psutil.Process(template).status() == psutil.STATUS_STOPPED)
        pids.append(template)
        parents = {psutil.Process(pid).ppid() for pid in pids}
        assert parents == {bench.processes._warden.pid}
    environments[0].shutdown()
    wait_until(lambda: not psutil.pid_exists(pids[0]))
    assert psutil.pid_exists(pids[1])
    bench.snapshots.retire(function.arn)
    if bench.forks:
        wait_until(lambda: not psutil.pid_exists(pids[-1]))
        assert answer(invoke(environments[1]))[0] == pids[1], "what was restored goes on"
    bench.close()
    wait_until(lambda: not any(map(psutil.pid_exists, pids)))


def test_restored_environment_is_limited_and_frozen_like_any_other(bench: SnapBench) -> None:
    function = bench.version(
        "import os, threading, time\n"
        "ticks = []\n"
        "def tick():\n"
        "    while True:\n"
        "        ticks.append(1)\n"
        "        time.sleep(0.01)\n"
        "def handler(event, context):\n"
        "    if event.get('use'):\n"
        "        return len(bytearray(400_000_000))\n"
        "    if not ticks:\n"
        "        threading.Thread(target=tick, daemon=True).start()\n"
        "    time.sleep(0.05)\n"
        "    return len(ticks)\n",
    )
    environment = bench.restored(function)
    invoke(environment)
    if bench.forks:
        main = psutil.Process(environment.pid)
        wait_until(lambda: main.status() == psutil.STATUS_STOPPED)
    assert invoke(environment, {"use": 1}).error_type == "Runtime.OutOfMemory"
    assert invoke(environment).function_error == ""


@pytest.fixture
def cloud() -> Iterator[Lambda]:
    with Lab.start() as lab:
        yield Lambda(lab)


ON = {"ApplyOn": "PublishedVersions"}


@pytest.mark.parametrize("at_once", [True, False])
def test_published_version_is_pending_until_its_snapshot_is_taken(
    cloud: Lambda, at_once: bool
) -> None:
    created = cloud.create(UNIQUE, SnapStart=ON, Publish=at_once)
    if not at_once:
        published = cloud.client.publish_version(FunctionName="f")
        assert published["State"] == "Pending"
        assert published["SnapStart"] == ON | {"OptimizationStatus": "Off"}
        assert published["Version"] == "1"
        assert published["FunctionArn"] == f"{created['FunctionArn']}:1"
    wait_until(
        lambda: cloud.client.get_function_configuration(FunctionName="f:1")["State"] == "Active"
    )
    shown = cloud.client.get_function_configuration(FunctionName="f:1")
    assert shown["SnapStart"] == ON | {"OptimizationStatus": "On"}
    latest = cloud.client.get_function_configuration(FunctionName="f")
    assert latest["SnapStart"] == ON | {"OptimizationStatus": "Off"}
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: cloud.invoke(Qualifier="1")["Payload"], range(3)))
    assert len({answer["made"] for answer in answers}) == 1
    assert cloud.invoke()["Payload"]["kind"] == "on-demand", "not for $LATEST"
    restored = [event for event in cloud.log_events() if "\tRestore Duration: " in event]
    assert restored
    assert all("\tBilled Restore Duration: " in event for event in restored)
    assert not any("\tInit Duration: " in event for event in restored)
    phases = [phase.phase for phase in cloud.lab.history.phases if phase.version == "1"]
    assert phases.count("init") == 1
    assert phases.count("restore") == len(restored)


def test_version_that_takes_long_is_not_ready_and_one_that_fails_says_so(cloud: Lambda) -> None:
    def state() -> str:
        found: str = cloud.client.get_function_configuration(FunctionName="f:1")["State"]
        return found

    cloud.create(
        "import time\ntime.sleep(3)\n1 / 0\ndef handler(event, context): pass\n",
        SnapStart=ON,
        Publish=True,
    )
    assert state() == "Pending"
    answer = refusal(cloud.client.invoke, FunctionName="f", Qualifier="1")
    assert answer == ("SnapStartNotReadyException", 409)
    wait_until(lambda: state() == "Failed")
    shown = cloud.client.get_function_configuration(FunctionName="f:1")
    assert shown["StateReasonCode"] == "FunctionError.RuntimeInitError"
    assert shown["SnapStart"]["OptimizationStatus"] == "Off"
    answer = refusal(cloud.client.invoke, FunctionName="f", Qualifier="1")
    assert answer == ("ResourceConflictException", 409)


@pytest.mark.parametrize(
    ("settings", "unfit"),
    [
        ({"Runtime": "python3.11"}, "python3.11"),
        ({"Runtime": "nodejs22.x"}, "nodejs22.x"),
        ({"EphemeralStorage": {"Size": 513}}, "EphemeralStorage larger than 512 MB"),
    ],
)
def test_functions_that_cannot_have_snapstart_are_refused(
    cloud: Lambda, settings: Any, unfit: str
) -> None:
    with pytest.raises(ClientError) as caught:
        cloud.create(SnapStart=ON, **settings)
    error = caught.value.response["Error"]
    assert error["Code"] == "InvalidParameterValueException"
    assert error["Message"] == f"{unfit} is not supported for SnapStart enabled functions."
    cloud.create(**settings)
    with pytest.raises(ClientError):
        cloud.client.update_function_configuration(FunctionName="f", SnapStart=ON)


def test_provisioned_concurrency_is_refused_for_a_version_with_snapstart(cloud: Lambda) -> None:
    cloud.create(SnapStart=ON, Publish=True)
    answer = refusal(
        cloud.client.put_provisioned_concurrency_config,
        FunctionName="f",
        Qualifier="1",
        ProvisionedConcurrentExecutions=1,
    )
    assert answer == ("InvalidParameterValueException", 400)
