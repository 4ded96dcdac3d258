"""An execution environment and its life.

docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html describes the life this module
follows: an Init phase, then one invocation at a time, the process kept in between. After a timeout
or a crash the process is gone but the environment stays, its /tmp with it; the next invocation then
begins with a repeated Init, which counts as part of that invocation. Between events, from the
moment the runtime asks for the next one, all that the environment consists of is frozen.
"""

from __future__ import annotations

import json
import math
import shutil
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal

from labsupport.facts import fact
from labsupport.history import Phase

from ..model import FunctionVersion, InvokeRequest, InvokeResult
from ..telemetry import logs, platform_events
from ..telemetry.logs import InvocationLog, LogEvents
from . import failures
from .failures import Failure
from .host import Host
from .runtime_process import RuntimeProcess
from .snapshots import refused_restore
from .streamed_response import StreamedResponse, failure_of


class ExecutionEnvironment:
    """One execution environment of one version of a function. It serves one event at a time.

    Args:
        provisioned_for: the alias or version whose provisioned concurrency it belongs to.
    """

    def __init__(self, function: FunctionVersion, host: Host, provisioned_for: str = "") -> None:
        self.function = function
        self.provisioned_for = provisioned_for
        self._restored = function.snap_start and host.snapshot is not None
        self.initialization_type = "provisioned-concurrency" if provisioned_for else "on-demand"
        if self._restored:
            self.initialization_type = "snap-start"
        self.id = uuid.uuid4().hex
        self.log_stream = logs.log_stream_name(function.version, self.id)
        self.invocations = 0
        self._host = host
        self._folder = host.workspace / f"environment-{self.id[:12]}"
        self._process = RuntimeProcess(
            self.id,
            function,
            host,
            log_stream=self.log_stream,
            folder=self._folder,
            initialization_type=self.initialization_type,
        )
        self._ahead_ms: float | None = None
        self._log = InvocationLog(function, self._write_log)
        self._deadline = 0.0
        self._shut_down = False

    @property
    def pid(self) -> int | None:
        """The main process's id, None while there is none."""
        return self._process.pid

    @property
    def initialised(self) -> bool:
        """Whether the Init phase is over."""
        return self._ahead_ms is not None or self.invocations > 0

    def initialise(self) -> Failure | None:
        """Run the Init phase before there is an event. The first REPORT will show its duration."""
        log = InvocationLog(self.function, self._write_log)
        limits = fact("timeout.init_long_s").value
        seconds = max(limits["min"], min(self.function.timeout_s, limits["max"]))
        init_ms, failure = self._init(log, "init", time.monotonic() + seconds)
        self._ahead_ms = None if failure else init_ms
        log.flush()
        return failure

    def invoke(self, request: InvokeRequest) -> InvokeResult:
        """Run the handler on one event and wait for what comes of it. `rest` has to follow."""
        self._log = log = InvocationLog(self.function, self._write_log)
        init_ms = restore_ms = billed_restore_ms = None
        if self.invocations == 0:
            if self._restored:
                restore_ms, billed_restore_ms = self._first_restore(log)
            else:
                init_ms = self._ahead_ms if self.initialised else self._first_init(log)
        self.invocations += 1
        begin = time.monotonic()
        self._deadline = deadline = begin + self.function.timeout_s
        failure = self._be_ready(log, deadline)
        log.platform(platform_events.start(request))
        payload, streamed = b"", StreamedResponse(request.sink)
        if failure is None:
            payload, failure = self._run(request, log, deadline, streamed)
        duration_ms = (time.monotonic() - begin) * 1000
        self._process.drain(log)
        failure = self._process.over_limits() or failure
        alone = self._process.speaks_as_one()
        if failure is None and not alone and not streamed.begun and not _is_json(payload):
            failure = failures.exited(1)
        if failure:
            payload = failure.for_request(request.request_id)
            log.platform(platform_events.fault(request, failure))
            if failure.status == "timeout":
                duration_ms = self.function.timeout_s * 1000.0
        result = InvokeResult(
            payload=payload,
            executed_version=self.function.version,
            function_error="Unhandled" if failure else "",
            duration_ms=duration_ms,
            billed_ms=logs.billed(duration_ms, billed_restore_ms or init_ms),
            init_ms=init_ms,
            restore_ms=restore_ms,
            billed_restore_ms=billed_restore_ms,
            max_memory_mb=min(round(self._process.max_memory_mb), self.function.memory_mb),
            status=failure.status if failure else "success",
            error_type=failure.error_type if failure else "",
            streamed_bytes=streamed.streamed_bytes,
        )
        log.platform(platform_events.runtime_done(request, result))
        log.platform(platform_events.report(request, result))
        log.flush()
        return replace(result, log_tail=log.tail)

    def rest(self) -> None:
        """End an invocation: wait until the runtime asks for the next event, then freeze it."""
        self._process.rest(self._log, self._deadline)
        self._log.flush()

    def shutdown(self) -> None:
        """The Shutdown phase: the process and the environment's files go away.

        A runtime that handles SIGTERM gets it, and goes on in the background for as long as the
        documentation grants where there is an internal extension. On AWS a function without any
        extension gets no SIGTERM; neither does one here whose lab ends.
        """
        if self._shut_down:
            return
        self._shut_down = True
        if self._process.handles_sigterm:
            threading.Thread(target=self._terminate, daemon=True).start()
        else:
            with self._phase("shutdown"):
                self._remove()

    def _terminate(self) -> None:
        log = InvocationLog(self.function, self._write_log)
        granted = fact("timeout.shutdown_ms").value["internal_extension"] / 1000
        with self._phase("shutdown"):
            self._process.terminate(log, time.monotonic() + granted)
            log.flush()
            self._remove()

    def _remove(self) -> None:
        self._process.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _first_init(self, log: InvocationLog) -> float | None:
        """The Init phase. Its milliseconds, or None when it failed: it is then tried once more."""
        limit = time.monotonic() + float(fact("timeout.init_s").value)
        init_ms, failure = self._init(log, "init", limit)
        return None if failure else init_ms

    def _be_ready(self, log: InvocationLog, deadline: float) -> Failure | None:
        """Have a process that waits for the event, starting it again where it was lost."""
        if self._process.is_ready(log, deadline):
            return None
        if self._restored:
            return self._restore(log, deadline)[2]
        return self._init(log, "invoke", deadline)[1]

    def _first_restore(self, log: InvocationLog) -> tuple[float, int]:
        """The Restore phase: its milliseconds, and those billed. Raise ServiceError if it fails."""
        limit = time.monotonic() + float(fact("snapstart.restore_s").value)
        took_ms, billed_ms, failure = self._restore(log, limit)
        if failure:
            log.flush()
            raise refused_restore(failure)
        return took_ms, math.ceil(billed_ms)

    def _restore(self, log: InvocationLog, deadline: float) -> tuple[float, float, Failure | None]:
        """See `Snapshot.restore`."""
        assert self._host.snapshot is not None
        snapshot = self._host.snapshot(self.function)
        log.platform(platform_events.restore_start(self.function, self.id))
        with self._phase("restore") as seen:
            took_ms, billed_ms, failure = snapshot.restore(self._process, log, deadline)
            seen.update(duration_ms=took_ms, status=failure.status if failure else "success")
        log.platform(platform_events.restore_runtime_done(failure))
        log.platform(platform_events.restore_report(took_ms, failure))
        return took_ms, billed_ms, failure

    def _init(
        self, log: InvocationLog, phase: str, deadline: float
    ) -> tuple[float, Failure | None]:
        """Start the process: milliseconds it took, and why it failed if it did."""
        kind = self.initialization_type
        log.platform(platform_events.init_start(self.function, self.id, kind, phase))
        with self._phase("init") as seen:
            init_ms, failure = self._process.start(log, deadline)
            seen.update(duration_ms=init_ms, status=failure.status if failure else "success")
        log.platform(platform_events.init_runtime_done(kind, phase, failure))
        log.platform(platform_events.init_report(kind, phase, init_ms, failure))
        return init_ms, failure

    @contextmanager
    def _phase(self, phase: Literal["init", "restore", "shutdown"]) -> Iterator[dict[str, Any]]:
        """Have a phase recorded when the block ends; what is put into the dict is known better."""
        started, real_started = self._host.now(), time.time()
        seen: dict[str, Any] = {}
        yield seen
        known = {"duration_ms": (time.time() - real_started) * 1000} | seen
        self._host.observe(
            Phase(
                environment=self.id,
                function_arn=self.function.arn,
                version=self.function.version,
                phase=phase,
                started=started,
                real_started=real_started,
                log_stream=self.log_stream,
                initialization_type=self.initialization_type,
                **known,
            )
        )

    def _run(
        self,
        request: InvokeRequest,
        log: InvocationLog,
        deadline: float,
        streamed: StreamedResponse,
    ) -> tuple[bytes, Failure | None]:
        """Hand the event to the runtime and wait for its response or its error."""
        deadline_ms = int((time.time() + deadline - time.monotonic()) * 1000)
        headers = [
            ("Content-Type", "application/json"),
            ("Lambda-Runtime-Aws-Request-Id", request.request_id),
            ("Lambda-Runtime-Deadline-Ms", str(deadline_ms)),
            ("Lambda-Runtime-Invoked-Function-Arn", request.invoked_arn),
            ("Lambda-Runtime-Trace-Id", request.trace_id),
        ]
        if request.client_context:
            headers.append(("Lambda-Runtime-Client-Context", request.client_context))
        self._process.hand_over(request.payload, headers)
        while True:
            happened = self._process.happening(log, deadline)
            if isinstance(happened, Failure):
                return b"", happened
            if happened is None:
                continue
            if happened.path == f"invocation/{request.request_id}/response":
                if not happened.complete:
                    if (too_much := streamed.add(happened)) is not None:
                        self._process.doubt()
                        return b"", too_much
                    continue
                if streamed.begun:
                    happened.answer(202, b'{"status":"OK"}')
                    return streamed.collected, failure_of(happened)
                if len(happened.body) > failures.response_bytes():
                    happened.answer(413)
                    self._process.await_last_words(log, min(deadline, time.monotonic() + 1))
                    return b"", failures.response_too_large()
                happened.answer(202, b'{"status":"OK"}')
                return happened.body, None
            if happened.path == f"invocation/{request.request_id}/error":
                happened.answer(202, b'{"status":"OK"}')
                return b"", failures.reported_by_runtime(happened.body, during_init=False)
            happened.answer(400, b'{"errorType":"InvalidRequestID"}')
            self._process.doubt()

    def _write_log(self, events: LogEvents) -> None:
        self._host.write_log(self.function, self.log_stream, events)


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
