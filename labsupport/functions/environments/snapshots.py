"""SnapStart: a version is initialised once, when it is published; environments are restored.

docs.aws.amazon.com/lambda/latest/dg/snapstart.html describes it. On Linux the lab's snapshot is the
initialised process, stopped, and a restore is a fork of it: see `launcher_snapshot`. Elsewhere the
snapshot is made again for each environment, by another Init phase that counts as its restore; what
Init computes then differs between environments, as it would not on AWS.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import threading
import time
import uuid
from collections.abc import Callable, Mapping

from labsupport.facts import fact
from labsupport.history import Phase

from ..errors import ServiceError
from ..model import FunctionVersion
from ..processes.spawning import RunningProcess
from ..telemetry import logs, platform_events
from ..telemetry.logs import InvocationLog
from ..workers import Workers
from .failures import Failure
from .host import Host
from .runtime_process import RuntimeProcess

AT_ONCE = 2
"""How many snapshots are taken at the same time."""

REPLY_S = 5.0
"""How long a snapshot may take to fork."""

State = Mapping[str, str]
"""A version's state, as members of its configuration."""


class Snapshot:
    """One published version, initialised, from which its environments are restored."""

    def __init__(self, function: FunctionVersion, host: Host) -> None:
        self._function = function
        self._host = host
        self._id = uuid.uuid4().hex
        self._folder = host.workspace / f"snapshot-{self._id[:12]}"
        self._lock = threading.Lock()
        self._forks = False
        self._orders: socket.socket | None = None
        theirs = None
        if host.processes.forks:
            self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._orders.settimeout(REPLY_S)
        stream = self._stream = logs.log_stream_name(function.version, self._id)
        self._process = RuntimeProcess(
            self._id,
            function,
            host,
            log_stream=stream,
            folder=self._folder,
            initialization_type="snap-start",
            orders=theirs,
        )

    def take(self) -> Failure | None:
        """Run the Init phase and the before-snapshot hooks: why that failed, if it did."""
        log = InvocationLog(
            self._function,
            lambda events: self._host.write_log(self._function, self._stream, events),
        )
        limits = fact("timeout.init_long_s").value
        seconds = max(limits["min"], min(self._function.timeout_s, limits["max"]))
        kind = "snap-start"
        log.platform(platform_events.init_start(self._function, self._id, kind, "init"))
        started, real_started = self._host.now(), time.time()
        deadline = time.monotonic() + seconds
        init_ms, failure = self._process.start(log, deadline, for_snapshot=True)
        self._host.observe(
            Phase(
                environment=self._id,
                function_arn=self._function.arn,
                version=self._function.version,
                phase="init",
                started=started,
                real_started=real_started,
                duration_ms=init_ms,
                status=failure.status if failure else "success",
                log_stream=self._stream,
                initialization_type=kind,
            )
        )
        log.platform(platform_events.init_runtime_done(kind, "init", failure))
        log.platform(platform_events.init_report(kind, "init", init_ms, failure))
        log.flush()
        if failure is None and self._orders is not None:
            self._forks = not json.loads(self._orders.recv(4096))["why_not"]
        if not self._forks:
            self._process.end()
        return failure

    @property
    def is_lost(self) -> bool:
        """Whether the process that is to be forked has ended."""
        return self._forks and not self._process.is_alive()

    def restore(
        self, process: RuntimeProcess, log: InvocationLog, deadline: float
    ) -> tuple[float, float, Failure | None]:
        """Start an environment's process from the snapshot.

        Returns:
            Milliseconds it took; how many of them are billed, in which its code ran; why it failed.
        """
        if self._forks:
            return process.restore(self._fork, log, deadline)
        took_ms, failure = process.start(log, deadline)
        return took_ms, took_ms, failure

    def _fork(self, id: str, variables: Mapping[str, str]) -> RunningProcess:
        assert self._orders is not None
        log_read, log_write = os.pipe()
        order = json.dumps({"env": dict(variables)}).encode()
        try:
            with self._lock, self._process.awake():
                socket.send_fds(self._orders, [order], [log_write])
                reply = json.loads(self._orders.recv(4096))
                mark = variables["AWS_LAMBDA_RUNTIME_API"]
                return self._host.processes.adopt(id, reply["pid"], log_read, mark)
        except BaseException as error:
            os.close(log_read)
            self._process.end()
            if isinstance(error, (OSError, ValueError, KeyError)):
                raise ServiceError(
                    "ServiceException", f"The lab's snapshot was lost, try again: {error}", 500
                ) from error
            raise
        finally:
            os.close(log_write)

    def close(self) -> None:
        """End the process; environments that were restored from it go on."""
        self._process.close()
        if self._orders is not None:
            self._orders.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class Snapshots:
    """The snapshots of a lab, by version.

    Args:
        tell: takes the state of a version when it has changed.
    """

    def __init__(self, host: Host, tell: Callable[[FunctionVersion, State], None]) -> None:
        self._host = host
        self._tell = tell
        self._lock = threading.Lock()
        self._known: dict[str, _Entry] = {}
        self._closed = False
        self._workers = Workers(AT_ONCE, "lab-snapshots")

    def take(self, function: FunctionVersion, wait_s: float = 0.0) -> None:
        """Take the snapshot of a version that is being published, in the background.

        Args:
            wait_s: how long to wait for it, in case it is quick.
        """
        entry = self._entry(function)
        self._workers.submit(lambda: self._take(entry))
        entry.done.wait(wait_s)

    def of(self, function: FunctionVersion) -> Snapshot:
        """The snapshot of a version.

        Raises:
            ServiceError: where it isn't taken yet, or could not be.
        """
        with self._lock:
            entry = self._known.get(function.qualified_arn)
            lost = entry is not None and entry.done.is_set() and entry.snapshot.is_lost
        if entry is None or lost:
            self._drop([function.qualified_arn])
            entry = self._entry(function)
            self._take(entry)
        if not entry.done.is_set():
            raise ServiceError(
                "SnapStartNotReadyException",
                "Lambda is initializing your function. It will be ready to invoke once your "
                "function state becomes ACTIVE.",
                409,
            )
        if entry.failure:
            raise ServiceError(
                "ResourceConflictException",
                "The operation cannot be performed at this time. The function is currently in the "
                "following state: Failed",
                409,
            )
        return entry.snapshot

    def retire(self, arn: str) -> None:
        """Give up the snapshots of a function, or of one of its versions."""
        with self._lock:
            gone = [key for key in self._known if arn in (key, key.rpartition(":")[0])]
        self._drop(gone)

    def close(self) -> None:
        """Give up every snapshot, and take no more."""
        self._workers.close()
        with self._lock:
            self._closed = True
        self._drop(list(self._known))

    def _entry(self, function: FunctionVersion) -> _Entry:
        with self._lock:
            entry = self._known.get(function.qualified_arn)
            if entry is None:
                entry = self._known[function.qualified_arn] = _Entry(
                    function, Snapshot(function, self._host)
                )
            return entry

    def _take(self, entry: _Entry) -> None:
        with entry.taking:
            if entry.done.is_set():
                return
            try:
                entry.failure = Failure("Runtime.Unknown")  # unless it turns out well
                entry.failure = entry.snapshot.take()
                if not self._closed:
                    self._tell(entry.function, _state(entry.failure))
            finally:
                entry.done.set()

    def _drop(self, keys: list[str]) -> None:
        with self._lock:
            entries = [self._known.pop(key) for key in keys if key in self._known]
        for entry in entries:
            entry.snapshot.close()


class _Entry:
    def __init__(self, function: FunctionVersion, snapshot: Snapshot) -> None:
        self.function = function
        self.snapshot = snapshot
        self.failure: Failure | None = None
        self.taking = threading.Lock()
        self.done = threading.Event()


def refused_restore(failure: Failure) -> ServiceError:
    """What a caller hears when an environment could not be restored for the first time."""
    if failure.status == "timeout":
        return ServiceError(
            "SnapStartTimeoutException",
            "Lambda couldn't restore the snapshot within the timeout limit.",
            408,
        )
    return ServiceError(
        "SnapStartException",
        "The afterRestore() runtime hook encountered an error. For more information, check the "
        "Amazon CloudWatch logs.",
        400,
    )


def _state(failure: Failure | None) -> State:
    if failure is None:
        return {"State": "Active"}
    if failure.status == "timeout":
        code = "FunctionError.InitTimeout"
    elif failure.error_type == "Runtime.OutOfMemory":
        code = "FunctionError.InitResourceExhausted"
    else:
        code = "FunctionError.RuntimeInitError"
    reason = f"The function could not be initialised for its snapshot: {failure.error_type}"
    return {"State": "Failed", "StateReason": reason, "StateReasonCode": code}
