"""Execution environments, without moto: what a handler can do to them, and what comes of it."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest

from labsupport.functions.environments.environment import ExecutionEnvironment
from labsupport.functions.environments.host import Host
from labsupport.functions.environments.packages import PackageStore
from labsupport.functions.environments.runtime_api import RuntimeApi, RuntimeCall
from labsupport.functions.events.lineage import continue_lineage
from labsupport.functions.model import FunctionVersion, InvokeRequest, InvokeResult
from labsupport.functions.processes import warden_limits
from labsupport.functions.processes.cpu_share import CpuShare
from labsupport.functions.processes.plain_processes import PlainProcesses
from labsupport.functions.processes.warden_processes import WardenProcesses
from tests.unit import functions_lab
from tests.unit.functions_lab import zipped

KINDS: dict[str, Callable[[Path], Any]] = {
    "namespaces": WardenProcesses,
    "folders": lambda home: WardenProcesses(home, isolate=False),
    "portable client": lambda home: WardenProcesses(home, isolate=False, portable_client=True),
    "no warden": lambda home: PlainProcesses(home, portable_client=True),
}


class Workbench:
    """Makes environments of handlers given as source, and keeps what they log."""

    def __init__(self, home: Path, kind: str = "namespaces") -> None:
        self.processes = KINDS[kind](home)
        self.log: list[str] = []
        self.cpu_share: str | None = None
        self.host = Host(
            processes=self.processes,
            packages=PackageStore(home),
            workspace=home,
            write_log=lambda function, stream, events: self.log.extend(m for _, m in events),
            credentials=lambda function: {"AWS_ACCESS_KEY_ID": "AKIAROLE"},
            cpu_share=CpuShare(self.processes, lambda: self.cpu_share),
        )
        self.made: list[ExecutionEnvironment] = []

    def environment(self, source: str, **more: Any) -> ExecutionEnvironment:
        package = more.pop("package", None) or zipped(source)
        settings = {
            "runtime": "python3.14",
            "handler": "index.handler",
            "timeout_s": 10,
            "memory_mb": 128,
            "log_group": "/aws/lambda/f",
        }
        function = FunctionVersion(
            arn="arn:aws:lambda:us-east-1:123456789012:function:f",
            version="$LATEST",
            code_sha256=uuid.uuid4().hex,
            role_arn="arn:aws:iam::123456789012:role/r",
            package=lambda: package,
            **(settings | more),
        )
        self.made.append(ExecutionEnvironment(function, self.host))
        return self.made[-1]

    def close(self) -> None:
        self.processes.close()
        for environment in self.made:
            environment.shutdown()


@pytest.fixture(params=KINDS)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workbench]:
    bench = Workbench(tmp_path, request.param)
    if request.param == "namespaces" and not bench.processes.isolated:
        bench.close()
        assert not os.environ.get("CI"), bench.processes.why_not_isolated
        pytest.skip(f"no namespaces on this system: {bench.processes.why_not_isolated}")
    yield bench
    bench.close()


@pytest.fixture
def folders(tmp_path: Path) -> Iterator[Workbench]:
    bench = Workbench(tmp_path, "folders")
    yield bench
    bench.close()


def invoke(environment: ExecutionEnvironment, event: Any = None) -> InvokeResult:
    function = environment.function
    result = environment.invoke(
        InvokeRequest(
            function=function,
            invoked_arn=function.arn,
            payload=json.dumps(event if event is not None else {}).encode(),
            request_id=str(uuid.uuid4()),
            trace=continue_lineage("", function.arn),
        )
    )
    environment.rest()
    return result


def answer(result: InvokeResult) -> Any:
    assert result.function_error == "", result.payload
    return json.loads(result.payload)


def error(result: InvokeResult) -> tuple[str, str]:
    assert result.function_error == "Unhandled"
    payload = json.loads(result.payload)
    return payload["errorType"], payload["errorMessage"].partition("Error: ")[2] or payload[
        "errorMessage"
    ]


wait_until = partial(functions_lab.wait_until, seconds=10)


def running(marker: str) -> list[psutil.Process]:
    """Living processes with `marker` on their command line."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        if process.info["status"] != psutil.STATUS_ZOMBIE and marker in (
            process.info["cmdline"] or []
        ):
            found.append(process)
    return found


def test_globals_last_and_init_counts_once(bench: Workbench) -> None:
    environment = bench.environment(
        "n = 0\ndef handler(event, context):\n    global n\n    n += 1\n    return n\n"
    )
    first, second = invoke(environment), invoke(environment)
    assert (answer(first), answer(second)) == (1, 2)
    assert first.init_ms is not None
    assert second.init_ms is None
    assert first.billed_ms >= round(first.duration_ms + first.init_ms, 2)


def test_handler_sees_boto3_but_not_the_learners_packages(bench: Workbench) -> None:
    environment = bench.environment(
        "import importlib.util as u\n"
        "def handler(event, context):\n"
        "    return {n: u.find_spec(n) is not None for n in ('boto3', 'IPython', 'moto', 'yaml')}\n"
    )
    assert answer(invoke(environment)) == {
        "boto3": True,
        "IPython": False,
        "moto": False,
        "yaml": False,
    }


def test_stack_trace_names_var_task_and_shows_the_line(bench: Workbench) -> None:
    environment = bench.environment("def handler(event, context):\n    return event['missing']\n")
    payload = json.loads(invoke(environment).payload)
    assert payload["errorType"] == "KeyError"
    assert payload["stackTrace"] == [
        "  File \"/var/task/index.py\", line 2, in handler\n    return event['missing']\n"
    ]


def test_xray_trace_header_is_there_for_each_event(bench: Workbench) -> None:
    environment = bench.environment(
        "import os\ndef handler(event, context):\n    return os.environ['_X_AMZN_TRACE_ID']\n"
    )
    first, second = (answer(invoke(environment)) for _ in range(2))
    assert first.startswith("Root=1-")
    assert first != second


def test_unicode_survives_both_ways(bench: Workbench) -> None:
    environment = bench.environment(
        "def handler(event, context):\n    print(event)\n    return event\n"
    )
    assert answer(invoke(environment, {"wörd": "日本"})) == {"wörd": "日本"}
    assert any("日本" in line for line in bench.log)


def test_timeout_loses_the_process_and_keeps_tmp(bench: Workbench) -> None:
    environment = bench.environment(
        "import os, tempfile, time\n"
        "def handler(event, context):\n"
        "    there = os.path.join(tempfile.gettempdir(), 'kept')\n"
        "    if os.path.exists(there):\n"
        "        return [open(there).read(), os.getpid()]\n"
        "    open(there, 'w').write('here')\n"
        "    time.sleep(30)\n",
        timeout_s=1,
    )
    result = invoke(environment)
    assert error(result) == ("Sandbox.Timedout", "Task timed out after 1.00 seconds")
    assert result.status == "timeout"
    assert result.duration_ms == 1000
    again = invoke(environment)
    assert answer(again)[0] == "here"
    assert again.init_ms is None, "a repeated Init counts as part of the invocation"


@pytest.mark.parametrize(
    ("statement", "kind", "message"),
    [
        ("while True: pass", "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
        ("sys.exit(3)", "Runtime.ExitError", "Runtime exited with error: exit status 3"),
        ("os._exit(0)", "Runtime.ExitError", "Runtime exited without providing a reason"),
        ("os.abort()", "Runtime.ExitError", "Runtime exited with error: signal: aborted"),
        (
            "__import__('ctypes').string_at(0)",
            "Runtime.ExitError",
            "Runtime exited with error: signal: segmentation fault",
        ),
        (
            "x = bytearray(400_000_000)",
            "Runtime.OutOfMemory",
            "Runtime exited with error: signal: killed",
        ),
        (
            "return 'x' * 7_000_000",
            "Function.ResponseSizeTooLarge",
            "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        ),
        (
            "return {1}",
            "Runtime.MarshalError",
            "Unable to marshal response: Object of type set is not JSON serializable",
        ),
        ("raise KeyboardInterrupt", "Runtime.ExitError", None),
    ],
)
def test_environment_outlives_what_a_handler_does(
    folders: Workbench, statement: str, kind: str, message: str | None
) -> None:
    environment = folders.environment(
        "import os, sys\n"
        "def handler(event, context):\n"
        "    if event.get('well'):\n"
        "        return 'well'\n"
        f"    {statement}\n",
        timeout_s=1,
    )
    found = error(invoke(environment))
    assert found[0] == kind
    assert message in (None, found[1])
    assert answer(invoke(environment, {"well": True})) == "well"


def test_output_without_end_is_cut_and_said_so(bench: Workbench) -> None:
    environment = bench.environment(
        "def handler(event, context):\n"
        "    for _ in range(100):\n"
        "        print('x' * 1_000_000)\n"
        "    return 'done'\n",
        timeout_s=30,
    )
    result = invoke(environment)
    assert answer(result) == "done"
    assert sum(map(len, bench.log)) < 2_000_000
    assert any("The lab kept the first megabyte" in line for line in bench.log)
    assert len(result.log_tail) == 4096
    assert b"REPORT RequestId" in result.log_tail


def test_fork_that_returns_twice_does_not_mix_up_the_next_event(bench: Workbench) -> None:
    environment = bench.environment(
        "import os\n"
        "def handler(event, context):\n"
        "    if event.get('fork'):\n"
        "        os.fork()\n"
        "    return event['n']\n",
        timeout_s=3,
    )
    first = invoke(environment, {"fork": True, "n": 1})
    assert first.function_error or answer(first) == 1
    for n in range(2, 9):
        assert answer(invoke(environment, {"n": n})) == n


@pytest.mark.parametrize("bench", [kind for kind in KINDS if kind != "no warden"], indirect=True)
def test_nothing_a_handler_started_outlives_the_environment(bench: Workbench) -> None:
    marker = f"31{uuid.uuid4().int % 10**9}"
    environment = bench.environment(
        "import subprocess\n"
        "def handler(event, context):\n"
        f"    subprocess.Popen(['sleep', '{marker}'])\n"
        f"    subprocess.Popen(['sh', '-c', 'sleep {marker} & sleep {marker}'], env={{}},\n"
        "                     start_new_session=True)\n"
        "    __import__('time').sleep(0.3)\n"
        "    if event.get('crash'):\n"
        "        __import__('os')._exit(1)\n"
    )
    invoke(environment)
    assert len(running(marker)) >= 2
    invoke(environment, {"crash": True})
    wait_until(lambda: not running(marker))
    invoke(environment)
    assert running(marker)
    environment.shutdown()
    wait_until(lambda: not running(marker))


def test_what_a_handler_starts_can_be_interrupted_and_terminated(bench: Workbench) -> None:
    environment = bench.environment(
        "import signal, subprocess\n"
        "def handler(event, context):\n"
        "    ends = []\n"
        "    for number in (signal.SIGINT, signal.SIGTERM):\n"
        "        child = subprocess.Popen(['sleep', '30'])\n"
        "        child.send_signal(number)\n"
        "        ends.append(-child.wait())\n"
        "    return ends\n",
        timeout_s=5,
    )
    assert answer(invoke(environment)) == [2, 15]


def test_an_environment_ends_although_a_younger_one_lives(bench: Workbench) -> None:
    source = "import os\ndef handler(event, context):\n    return event and os._exit(3)\n"
    older, younger = bench.environment(source), bench.environment(source)
    invoke(older), invoke(younger)
    ending = threading.Thread(target=invoke, args=(older, {"end": True}), daemon=True)
    ending.start()
    ending.join(10)
    assert not ending.is_alive()


@pytest.mark.parametrize("kind", ["namespaces", "folders"])
def test_a_handler_holds_nothing_of_the_lab(tmp_path: Path, kind: str) -> None:
    bench = Workbench(tmp_path, kind)
    try:
        source = (
            "import os\n"
            "def handler(event, context):\n"
            "    there = ['/proc/self/fd/' + n for n in os.listdir('/proc/self/fd')]\n"
            "    return [os.readlink(name) for name in there if os.path.lexists(name)]\n"
        )
        pipes = [
            name for name in answer(invoke(bench.environment(source))) if name.startswith("pipe:")
        ]
        assert len(set(pipes)) == 1, "its log, as standard output and error"
    finally:
        bench.close()


@pytest.mark.parametrize("text", ["für", "日本", "x" * 40_000])
def test_error_with_any_text_reaches_the_caller(bench: Workbench, text: str) -> None:
    environment = bench.environment(
        f"def handler(event, context):\n    raise ValueError({text!r})\n"
    )
    assert error(invoke(environment)) == ("ValueError", text)
    assert error(invoke(environment)) == ("ValueError", text)


def test_error_of_init_is_valid_json_whatever_its_text(bench: Workbench) -> None:
    environment = bench.environment("raise ValueError('für')\n")
    assert error(invoke(environment)) == ("ValueError", "für")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what processes share")
def test_memory_shared_by_forked_processes_counts_once(folders: Workbench) -> None:
    environment = folders.environment(
        "import os, time\n"
        "data = bytearray(os.urandom(1)) * 60_000_000\n"
        "def handler(event, context):\n"
        "    children = []\n"
        "    for _ in range(4):\n"
        "        children.append(os.fork())\n"
        "        if not children[-1]:\n"
        "            time.sleep(0.5)\n"
        "            os._exit(0)\n"
        "    return [os.waitpid(child, 0)[1] for child in children]\n",
    )
    result = invoke(environment)
    assert answer(result) == [0, 0, 0, 0]
    assert 60 < result.max_memory_mb < 128


def test_a_process_that_prints_for_ever_holds_up_nobody(folders: Workbench) -> None:
    environment = folders.environment(
        "import subprocess\nsubprocess.Popen(['yes'])\ndef handler(event, context): return 1\n"
    )
    assert answer(invoke(environment)) == 1
    assert len(folders.log) < 100_000, "each line of CloudWatch Logs weighs more than its bytes"
    assert answer(invoke(environment)) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="the owner of a connection is known on Linux")
@pytest.mark.parametrize(
    ("family", "source", "target"),
    [
        (socket.AF_INET, "127.0.0.1", "127.0.0.1"),
        (socket.AF_INET, "127.0.0.2", "127.0.0.1"),
        (socket.AF_INET6, "::ffff:127.0.0.1", "::ffff:127.0.0.1"),
    ],
)
def test_runtime_api_hears_its_own_user_only(
    family: int, source: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = RuntimeApi()
    port = int(api.address.partition(":")[2])

    def heard() -> bool:
        with socket.socket(family) as caller:
            caller.settimeout(5)
            caller.bind((source, 0))
            caller.connect((target, port))
            api.wait(1)
            caller.sendall(b"GET /2018-06-01/runtime/x HTTP/1.1\r\nHost: x\r\n\r\n")
            return any(isinstance(call, RuntimeCall) for call in api.wait(1))

    try:
        assert heard()
        somebody_else = os.getuid() + 1
        monkeypatch.setattr(os, "getuid", lambda: somebody_else)
        assert not heard()
    finally:
        api.close()


def test_killed_kernel_leaves_no_process_and_no_folder(tmp_path: Path) -> None:
    import signal
    import subprocess

    marker = f"32{uuid.uuid4().int % 10**9}"
    script = tmp_path / "kernel.py"
    script.write_text(
        "import sys, pathlib, os\n"
        "from tests.unit.test_functions_environment import Workbench, invoke\n"
        "home = pathlib.Path(sys.argv[1]) / 'home'\n"
        "home.mkdir()\n"
        "bench = Workbench(home)\n"
        "environment = bench.environment('''\n"
        "import os, subprocess\n"
        "subprocess.Popen(['sleep', '" + marker + "'], env={}, start_new_session=True)\n"
        "def handler(event, context):\n"
        "    return os.getpid()\n"
        "''')\n"
        "print(invoke(environment).payload.decode(), bench.processes._warden.pid, flush=True)\n"
        "while True: pass\n"
    )
    kernel = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert kernel.stdout is not None
    pids = [int(word) for word in kernel.stdout.readline().split()]
    assert len(pids) == 2
    wait_until(lambda: bool(running(marker)))
    kernel.send_signal(signal.SIGKILL)
    kernel.wait()
    wait_until(lambda: not any(psutil.pid_exists(pid) for pid in pids) and not running(marker))
    assert not (tmp_path / "home").exists()


def test_failing_init_is_tried_twice_and_reported(bench: Workbench) -> None:
    environment = bench.environment("import no_such_module\n")
    result = invoke(environment)
    assert error(result) == (
        "Runtime.ImportModuleError",
        "Unable to import module 'index': No module named 'no_such_module'",
    )
    reports = [line for line in bench.log if line.startswith("INIT_REPORT")]
    assert ["Phase: init" in line for line in reports] == [True, False]
    assert all("Error Type: Runtime.ImportModuleError" in line for line in reports)
    assert result.init_ms is None
    assert result.error_type == "Runtime.ImportModuleError"


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        ("index.missing", "Runtime.HandlerNotFound"),
        ("nowhere.handler", "Runtime.ImportModuleError"),
        ("nodots", "Runtime.MalformedHandlerName"),
    ],
)
def test_wrong_handler_setting_is_named(folders: Workbench, handler: str, kind: str) -> None:
    environment = folders.environment("def handler(event, context): pass\n", handler=handler)
    assert error(invoke(environment))[0] == kind


def test_slow_init_is_cut_at_the_functions_timeout(
    folders: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from labsupport.functions.environments import environment as module

    fact = module.fact
    monkeypatch.setattr(
        module,
        "fact",
        lambda id: replace(fact(id), value=1) if id == "timeout.init_s" else fact(id),
    )
    environment = folders.environment("import time\ntime.sleep(20)\n", timeout_s=1)
    result = invoke(environment)
    assert error(result) == ("Sandbox.Timedout", "Task timed out after 1.00 seconds")
    assert any("Phase: init\tStatus: timeout" in line for line in folders.log)


def test_process_that_dies_between_invocations_is_replaced(bench: Workbench) -> None:
    environment = bench.environment(
        "import os\ndef handler(event, context):\n    return os.getpid()\n"
    )
    pid = answer(invoke(environment))
    os.kill(pid, 9)
    wait_until(lambda: not psutil.pid_exists(environment.pid or 0))
    assert answer(invoke(environment)) != pid


COUNTING = """
import os, subprocess, threading, time
count = 0
def run():
    global count
    while True:
        count += 1
        time.sleep(0.001)
threading.Thread(target=run, daemon=True).start()
def tick(file, start):
    program = f"i=0; while :; do i=$((i+1)); echo $i > {file}; sleep 0.01; done"
    subprocess.Popen(["sh", "-c", program if start != "orphan" else f"({program}) & exit"],
                     start_new_session=start != "group")
def handler(event, context):
    if "file" in event:
        tick(event["file"], event["start"])
        while not os.path.exists(event["file"]):
            time.sleep(0.01)
    seen = count
    time.sleep(0.05)
    return [seen, count]
"""


def frozen_kinds() -> list[str]:
    return [kind for kind in KINDS if kind != "no warden"]


@pytest.mark.parametrize("bench", frozen_kinds(), indirect=True)
def test_background_threads_stand_still_between_invocations(bench: Workbench) -> None:
    environment = bench.environment(COUNTING)
    before = answer(invoke(environment))
    time.sleep(0.4)
    after = answer(invoke(environment))
    assert before[0] < before[1] <= after[0] < after[1], "it runs while an event is handled"
    assert after[0] - before[1] < 100, "400 turns and more, had it run on"


@pytest.mark.skipif(sys.platform != "linux", reason="orphans are found on Linux")
@pytest.mark.parametrize("bench", frozen_kinds(), indirect=True)
@pytest.mark.parametrize("start", ["group", "session", "orphan"])
def test_processes_a_handler_started_stand_still_between_invocations(
    bench: Workbench, start: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    where = Path("/dev/shm" if os.access("/dev/shm", os.W_OK) else Path.home())
    file = where / f"ticks-{uuid.uuid4().hex}"
    try:
        environment = bench.environment(COUNTING)
        answer(invoke(environment, {"file": str(file), "start": start}))
        rested = file.read_text()
        time.sleep(0.2)
        assert file.read_text() == rested
        answer(invoke(environment))
        assert file.read_text() != rested
        environment.shutdown()
    finally:
        file.unlink(missing_ok=True)


def test_what_is_frozen_can_be_shut_down_and_dies_with_the_lab(folders: Workbench) -> None:
    first, second = folders.environment(COUNTING), folders.environment(COUNTING)
    answer(invoke(first)), answer(invoke(second))
    pids = [environment.pid or 0 for environment in (first, second)]
    wait_until(lambda: {psutil.Process(pid).status() for pid in pids} == {psutil.STATUS_STOPPED})
    first.shutdown()
    assert not psutil.pid_exists(pids[0])
    folders.processes.close()
    assert not psutil.pid_exists(pids[1])


ENDING = """
import os, signal, sys, time
def end(number, frame):
    print("cleaning up")
    sys.stdout.flush()
    time.sleep(float(os.environ["SECONDS"]))
    os._exit(0)
signal.signal(signal.SIGTERM, end)
def handler(event, context):
    return os.getpid()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who handles a signal")
@pytest.mark.parametrize("seconds", ["0.1", "30"])
def test_shutdown_phase_sends_sigterm_and_ends_after_its_limit(
    folders: Workbench, seconds: str
) -> None:
    environment = folders.environment(ENDING, variables={"SECONDS": seconds})
    pid = answer(invoke(environment))
    begin = time.monotonic()
    environment.shutdown()
    assert psutil.pid_exists(pid), "it goes on in the background"
    wait_until(lambda: not psutil.pid_exists(pid))
    assert time.monotonic() - begin < 20, "and not for as long as the handler would"
    wait_until(lambda: any("cleaning up" in line for line in folders.log))


def test_a_lab_with_many_environments_ends_at_once(folders: Workbench) -> None:
    environments = [folders.environment(ENDING, variables={"SECONDS": "30"}) for _ in range(6)]
    pids = [answer(invoke(environment)) for environment in environments]
    begin = time.monotonic()
    folders.close()
    assert time.monotonic() - begin < 20
    assert not any(map(psutil.pid_exists, pids))


@pytest.fixture
def namespaces(tmp_path: Path) -> Iterator[Workbench]:
    bench = Workbench(tmp_path)
    try:
        if not bench.processes.isolated:
            assert not os.environ.get("CI"), bench.processes.why_not_isolated
            pytest.skip(f"no namespaces on this system: {bench.processes.why_not_isolated}")
        yield bench
    finally:
        bench.close()


FILLING = """
import os, time
def handler(event, context):
    if event.get("write_mb"):
        with open("/tmp/data", "wb") as file:
            for _ in range(event["write_mb"]):
                file.write(bytes(1024 * 1024))
    if event.get("hang"):
        time.sleep(30)
    size = os.statvfs("/tmp")
    return [os.listdir("/tmp"), size.f_blocks * size.f_frsize // 1024 // 1024]
"""


def test_tmp_has_its_size_and_stays_when_the_process_is_lost(namespaces: Workbench) -> None:
    environment = namespaces.environment(FILLING, ephemeral_mb=16, timeout_s=1)
    assert answer(invoke(environment)) == [[], 16]
    full = error(invoke(environment, {"write_mb": 17}))
    assert full == ("OSError", "[Errno 28] No space left on device")
    assert error(invoke(environment, {"write_mb": 1, "hang": True}))[0] == "Sandbox.Timedout"
    assert answer(invoke(environment)) == [["data"], 16]
    younger = namespaces.environment(FILLING)
    assert answer(invoke(younger)) == [[], 512]
    environment.shutdown()
    assert answer(invoke(younger))[0] == []


def test_tmp_is_gone_with_its_environment(namespaces: Workbench) -> None:
    environment = namespaces.environment(FILLING)
    younger = namespaces.environment(FILLING)
    invoke(environment), invoke(younger)
    before = psutil.virtual_memory().shared
    answer(invoke(environment, {"write_mb": 200}))
    assert psutil.virtual_memory().shared > before + 150 * 1024 * 1024
    environment.shutdown()
    wait_until(lambda: psutil.virtual_memory().shared < before + 50 * 1024 * 1024)


STARTING = """
import threading, time
def handler(event, context):
    started, end = [], threading.Event()
    try:
        for _ in range(event["threads"]):
            thread = threading.Thread(target=end.wait, daemon=True)
            thread.start()
            started.append(thread)
        time.sleep(0.2)
        return len(started)
    except RuntimeError as error:
        return str(error)
    finally:
        end.set()
        for thread in started:
            thread.join()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits them")
def test_processes_and_threads_are_limited_together(bench: Workbench) -> None:
    environment = bench.environment(STARTING, memory_mb=512)
    assert answer(invoke(environment, {"threads": 900})) == 900
    result = invoke(environment, {"threads": 1100})
    if result.function_error:
        assert error(result) == ("Runtime.ExitError", "Runtime exited with error: signal: killed")
    else:
        assert answer(result) == "can't start new thread"
    assert answer(invoke(environment, {"threads": 1})) == 1


def test_code_is_read_only_and_tmp_is_the_environments_own(namespaces: Workbench) -> None:
    source = (
        "import os\n"
        "def handler(event, context):\n"
        "    open('/tmp/mine', 'w').close()\n"
        "    try:\n"
        "        open('/var/task/new', 'w')\n"
        "    except OSError as error:\n"
        "        why = os.strerror(error.errno)\n"
        "        return [why, os.listdir('/tmp'), os.listdir('/var/task')]\n"
    )
    for _ in range(2):
        environment = namespaces.environment(source)
        assert answer(invoke(environment)) == ["Read-only file system", ["mine"], ["index.py"]]


def test_functions_run_where_few_files_may_be_open(tmp_path: Path) -> None:
    import subprocess

    script = (
        "import pathlib, sys\n"
        "from tests.unit.test_functions_environment import Workbench, answer, invoke\n"
        "bench = Workbench(pathlib.Path(sys.argv[1]))\n"
        "source = 'import resource as r\\ndef handler(e, c): return r.getrlimit(r.RLIMIT_NOFILE)'\n"
        "print(answer(invoke(bench.environment(source))))\n"
        "bench.close()\n"
    )
    limited = ["sh", "-c", 'ulimit -n 512 && exec "$@"', "sh", sys.executable, "-c", script]
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [*limited, str(tmp_path)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "[512, 512]\n"


def test_idle_environment_is_small(folders: Workbench) -> None:
    environment = folders.environment("def handler(event, context): pass\n")
    invoke(environment)
    assert environment.pid is not None
    assert psutil.Process(environment.pid).memory_info().rss <= 30 * 1024 * 1024


@pytest.mark.parametrize("bench", [kind for kind in KINDS if kind != "no warden"], indirect=True)
def test_warden_that_was_killed_is_started_again_with_its_isolation(bench: Workbench) -> None:
    environment = bench.environment("def handler(event, context): return __file__\n")
    before = answer(invoke(environment))
    bench.processes._warden.kill()
    bench.processes._warden.wait()
    wait_until(lambda: not psutil.pid_exists(environment.pid or 0))
    assert answer(invoke(environment)) == before


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has control groups")
def test_control_groups_of_killed_wardens_are_removed(tmp_path: Path) -> None:
    for name in ("cold-start-999999999-a", f"cold-start-{os.getpid()}-b", "another-9-c"):
        (tmp_path / name).mkdir()
    warden_limits.remove_stale_groups(str(tmp_path))
    assert {group.name for group in tmp_path.iterdir()} == {
        f"cold-start-{os.getpid()}-b",
        "another-9-c",
    }
