"""An execution environment: one process running awslambdaric, and its life.

docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html describes the life this module
follows: an Init phase, then one invocation at a time, the process kept in between. After a timeout
or a crash the process is gone but the environment stays, its /tmp with it; the next invocation then
begins with a repeated Init, which counts as part of that invocation.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from labsupport.facts import fact

from . import logs, memory
from .logs import InvocationLog, LogEvents
from .model import FunctionVersion, InvokeRequest, InvokeResult
from .packages import PackageStore
from .processes import Processes, RunningProcess
from .runtime_api import RuntimeApi, RuntimeCall
from .variables import environment_variables

MEMORY_CHECK_S = 0.04
RESPONSE_BYTES = 6 * 1024 * 1024 + 100
NEXT = "invocation/next"


@dataclass(frozen=True)
class Host:
    """What an environment needs from the lab around it.

    Args:
        workspace: a folder for the environments' own files.
        write_log: appends events to a log stream, given the function and the stream's name.
        credentials: temporary credentials of an execution role, as environment variables.
        lab_variables: variables that lead boto3 in a handler to the lab cloud.
    """

    processes: Processes
    packages: PackageStore
    workspace: Path
    write_log: Callable[[FunctionVersion, str, LogEvents], None]
    credentials: Callable[[FunctionVersion], Mapping[str, str]]
    lab_variables: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """Why an Init phase or an invocation didn't succeed, and what the caller gets to see.

    `status` is what REPORT says: for an error that the handler raised the platform's part went well.
    """

    error_type: str
    message: str = ""
    payload: bytes = b""
    status: Literal["success", "error", "timeout"] = "error"

    def for_request(self, request_id: str) -> bytes:
        """The error payload; errors of Lambda's own name the request."""
        if self.payload:
            return self.payload
        message = f"RequestId: {request_id} Error: {self.message}"
        return json.dumps({"errorType": self.error_type, "errorMessage": message}).encode()


class ExecutionEnvironment:
    """One execution environment of one version of a function. It serves one event at a time."""

    def __init__(self, function: FunctionVersion, host: Host) -> None:
        self.function = function
        self.id = uuid.uuid4().hex
        self.log_stream = logs.log_stream_name(function.version, self.id)
        self.invocations = 0
        self.max_memory_mb = 0.0
        self._host = host
        self._api = RuntimeApi()
        self._process: RunningProcess | None = None
        self._pending: list[RuntimeCall] = []
        self._next: RuntimeCall | None = None
        self._folder = host.workspace / f"environment-{self.id[:12]}"
        self._tmp = self._folder / "tmp"
        self._opt = self._folder / "opt"
        for folder in (self._tmp, self._opt):
            folder.mkdir(parents=True)

    @property
    def pid(self) -> int | None:
        """The main process's id, None while there is none."""
        return self._process.pid if self._process else None

    def invoke(self, request: InvokeRequest) -> InvokeResult:
        """Run the handler on one event and wait for what comes of it."""
        log = InvocationLog(self._write_log)
        init_ms = None
        if self.invocations == 0:
            init_ms = self._first_init(log)
        self.invocations += 1
        start = time.monotonic()
        deadline = start + self.function.timeout_s
        failure = self._be_ready(log, deadline)
        log.platform(f"START RequestId: {request.request_id} Version: {self.function.version}")
        payload = b""
        if failure is None:
            payload, failure = self._run(request, log, deadline)
        duration_ms = (time.monotonic() - start) * 1000
        self._drain(log)
        failure = self._over_memory() or failure
        if failure:
            payload = failure.for_request(request.request_id)
            self._log_failure(log, request, failure)
        if failure and failure.status == "timeout":
            duration_ms = self.function.timeout_s * 1000.0
        return self._finish(request, log, payload, failure, duration_ms, init_ms)

    def _finish(
        self,
        request: InvokeRequest,
        log: InvocationLog,
        payload: bytes,
        failure: Failure | None,
        duration_ms: float,
        init_ms: float | None,
    ) -> InvokeResult:
        result = InvokeResult(
            payload=payload,
            executed_version=self.function.version,
            function_error="Unhandled" if failure else "",
            duration_ms=duration_ms,
            billed_ms=logs.billed(duration_ms, init_ms),
            init_ms=init_ms,
            max_memory_mb=min(round(self.max_memory_mb), self.function.memory_mb),
            status=failure.status if failure else "success",
            error_type=failure.error_type if failure else "",
        )
        log.platform(f"END RequestId: {request.request_id}")
        log.platform(
            logs.report_line(
                request.request_id,
                duration_ms=result.duration_ms,
                billed_ms=result.billed_ms,
                memory_mb=self.function.memory_mb,
                max_memory_mb=result.max_memory_mb,
                init_ms=init_ms,
                status=result.status,
                error_type=result.error_type,
            )
        )
        log.flush()
        return replace(result, log_tail=log.tail)

    # -- the Init phase ---------------------------------------------------------------------------

    def _first_init(self, log: InvocationLog) -> float | None:
        """The Init phase. Its milliseconds, or None when it failed: it is then tried once more."""
        limit = time.monotonic() + float(fact("timeout.init_s").value)
        init_ms, failure = self._initialize(log, limit)
        if failure is None:
            return init_ms
        self._log_failed_init(log, init_ms, "init", failure)
        return None

    def _be_ready(self, log: InvocationLog, deadline: float) -> Failure | None:
        """Have a process that waits for the next event, starting it again where it was lost."""
        if self._process is not None and self._wait_for_next(log, deadline, idle=True) is None:
            return None
        init_ms, failure = self._initialize(log, deadline)
        if failure:
            self._log_failed_init(log, init_ms, "invoke", failure)
        return failure

    def _initialize(self, log: InvocationLog, deadline: float) -> tuple[float, Failure | None]:
        self._end_process()
        task = self._host.packages.folder(self.function)
        start = time.monotonic()
        self._start_process(task)
        failure = self._wait_for_next(log, deadline)
        return (time.monotonic() - start) * 1000, failure

    def _wait_for_next(
        self, log: InvocationLog, deadline: float, *, idle: bool = False
    ) -> Failure | None:
        """Wait until the runtime asks for an event.

        Between invocations (`idle`) any other call means that the handler forked and two processes
        speak as one; such a process isn't used again.
        """
        failure: Failure | None = None
        if self._next is not None:
            happened = self._happening(log, time.monotonic(), kill=False)
            return None if happened is None else Failure("Runtime.Lost")
        while True:
            call = self._happening(log, deadline)
            if isinstance(call, Failure):
                return failure or call
            if call is None:
                continue
            if call.method == "GET" and call.path == NEXT:
                self._next = call
                return None
            if call.path == "init/error" and not idle:
                call.answer(202, b'{"status":"OK"}', [("Content-Type", "application/json")])
                failure = failure or Failure(_error_type(call.body), payload=call.body)
            elif idle:
                return Failure("Runtime.Lost")
            else:
                call.answer(403)

    def _start_process(self, task: Path) -> None:
        processes, function = self._host.processes, self.function
        isolated = processes.isolated
        seen = "/var/task" if isolated else str(task)
        opt = "/opt" if isolated else str(self._opt)
        variables = environment_variables(
            function,
            runtime_api=self._api.address,
            log_stream=self.log_stream,
            task_root=seen,
            runtime_root=processes.runtime_root,
            opt=opt,
            credentials=self._host.credentials(function),
            lab_variables=self._host.lab_variables,
        )
        if not isolated:
            variables["TMPDIR"] = str(self._tmp)
        paths = {
            "task": seen,
            "layers": [
                f"{opt}/python/lib/python{_python_version(function.runtime)}/site-packages",
                f"{opt}/python",
            ],
            "runtime": processes.runtime_root,
            "isolated": isolated,
        }
        self.max_memory_mb = 0.0
        self._process = processes.spawn(
            self.id,
            ["-I", "-S", f"{processes.runtime_root}/bootstrap.py", json.dumps(paths)],
            variables,
            seen,
            {"/var/task": str(task), "/opt": str(self._opt), "/tmp": str(self._tmp)},
        )
        self._api.watch(self._process.log, "log")
        self._api.watch(self._process.status, "status")

    # -- one invocation ---------------------------------------------------------------------------

    def _run(
        self, request: InvokeRequest, log: InvocationLog, deadline: float
    ) -> tuple[bytes, Failure | None]:
        """Hand the event to the runtime and wait for its response or its error."""
        assert self._next is not None
        remaining = deadline - time.monotonic()
        headers = [
            ("Content-Type", "application/json"),
            ("Lambda-Runtime-Aws-Request-Id", request.request_id),
            ("Lambda-Runtime-Deadline-Ms", str(int((time.time() + remaining) * 1000))),
            ("Lambda-Runtime-Invoked-Function-Arn", request.invoked_arn),
            ("Lambda-Runtime-Trace-Id", request.trace_id),
        ]
        if request.client_context:
            headers.append(("Lambda-Runtime-Client-Context", request.client_context))
        call, self._next = self._next, None
        call.answer(200, request.payload, headers)
        while True:
            happened = self._happening(log, deadline)
            if isinstance(happened, Failure):
                return b"", happened
            if happened is None:
                continue
            if happened.path == f"invocation/{request.request_id}/response":
                if len(happened.body) > RESPONSE_BYTES:
                    happened.answer(413)
                    self._await_end(log, min(deadline, time.monotonic() + 1))
                    return b"", _too_large()
                happened.answer(202, b'{"status":"OK"}')
                return happened.body, None
            if happened.path == f"invocation/{request.request_id}/error":
                happened.answer(202, b'{"status":"OK"}')
                kind = _error_type(happened.body)
                return b"", Failure(kind, payload=happened.body, status="success")
            happened.answer(400, b'{"errorType":"InvalidRequestID"}')

    def _await_end(self, log: InvocationLog, deadline: float) -> None:
        """Let the runtime, which ends when its response is refused, write its last words."""
        while time.monotonic() < deadline and self._process is not None:
            self._happening(log, deadline, kill=False)

    def _happening(
        self, log: InvocationLog, deadline: float, *, kill: bool = True
    ) -> RuntimeCall | Failure | None:
        """The runtime's next call, or how its process ended. At the deadline the process is killed.

        None after a while without either; with ``kill=False`` also at the deadline.
        """
        if self._pending:
            return self._pending.pop(0)
        now = time.monotonic()
        if kill and now >= deadline:
            self._drain(log)
            self._end_process()
            seconds = f"{self.function.timeout_s:.2f}"
            return Failure(
                "Sandbox.Timedout", f"Task timed out after {seconds} seconds", status="timeout"
            )
        happened = self._api.wait(min(MEMORY_CHECK_S, deadline - now))
        self._pending = [call for call in happened if isinstance(call, RuntimeCall)]
        if "log" in happened:
            self._read_log(log)
        if self._pending:
            return self._pending.pop(0)
        if "status" in happened:
            return self._ended(log)
        return self._over_memory()

    def _ended(self, log: InvocationLog) -> Failure:
        assert self._process is not None
        self._drain(log)
        status = self._process.exit_status()
        self._end_process()
        return Failure("Runtime.ExitError", _exit_message(status))

    def _over_memory(self) -> Failure | None:
        if self._process is None:
            return None
        now_mb, processes = memory.resident_mb(self._process.pid)
        peak = memory.peak_mb(self._process.pid)
        self.max_memory_mb = max(self.max_memory_mb, now_mb, peak)
        if self.max_memory_mb > self.function.memory_mb:
            self._end_process()
            return Failure("Runtime.OutOfMemory", "Runtime exited with error: signal: killed")
        if processes > fact("limits.processes_threads").value:
            self._end_process()
            return Failure("Runtime.ExitError", "Runtime exited with error: signal: killed")
        return None

    # -- the log ----------------------------------------------------------------------------------

    def _write_log(self, events: LogEvents) -> None:
        self._host.write_log(self.function, self.log_stream, events)

    def _read_log(self, log: InvocationLog) -> bool:
        assert self._process is not None
        try:
            data = os.read(self._process.log, 1 << 16)
        except BlockingIOError:
            return False
        if data:
            log.feed(data)
        else:
            self._api.unwatch(self._process.log)
        return bool(data)

    def _drain(self, log: InvocationLog) -> None:
        """Take in what the process wrote before it answered."""
        stop = time.monotonic() + 1
        while self._process and self._read_log(log) and time.monotonic() < stop:
            pass

    def _log_failed_init(
        self, log: InvocationLog, init_ms: float, phase: str, failure: Failure
    ) -> None:
        log.platform(
            logs.init_report_line(
                init_ms, phase=phase, status=failure.status, error_type=failure.error_type
            )
        )

    def _log_failure(self, log: InvocationLog, request: InvokeRequest, failure: Failure) -> None:
        if failure.status == "timeout":
            log.platform(f"{logs.timestamp()} {request.request_id} {failure.message}\n")
        elif failure.message:
            message = f"RequestId: {request.request_id} Error: {failure.message}"
            log.platform(f"{message}\n{failure.error_type}")

    # -- the end ----------------------------------------------------------------------------------

    def _end_process(self) -> None:
        """Kill the process and all it started; the environment and its /tmp stay."""
        process, self._process = self._process, None
        self._pending, self._next = [], None
        if process is None:
            return
        self.max_memory_mb = max(self.max_memory_mb, memory.peak_mb(process.pid))
        self._host.processes.kill(process)
        self._api.unwatch(process.log)
        self._api.disconnect()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and "status" not in self._api.wait(0.1):
            pass
        self._api.unwatch(process.status)
        process.close()

    def shutdown(self) -> None:
        """The Shutdown phase: the process and the environment's files go away."""
        self._end_process()
        self._api.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def _error_type(body: bytes) -> str:
    try:
        return str(json.loads(body)["errorType"])
    except (ValueError, KeyError, TypeError):
        return "Runtime.Unknown"


def _too_large() -> Failure:
    payload = {
        "errorMessage": "Response payload size exceeded maximum allowed payload size "
        f"({RESPONSE_BYTES} bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }
    return Failure("Function.ResponseSizeTooLarge", payload=json.dumps(payload).encode())


def _exit_message(status: int) -> str:
    """How Lambda words the end of a runtime process, given its exit code or minus its signal."""
    if status == 0:
        return "Runtime exited without providing a reason"
    if status > 0:
        return f"Runtime exited with error: exit status {status}"
    return f"Runtime exited with error: signal: {(signal.strsignal(-status) or '').lower()}"


def _python_version(runtime: str) -> str:
    return runtime.removeprefix("python")
