"""The process in an execution environment that runs awslambdaric, and what it says and does."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from labsupport.facts import fact

from ..model import FunctionVersion
from ..processes import freezing, inspection
from ..processes.runtime_programs import Place, command_line
from ..processes.spawning import Program, RunningProcess
from ..telemetry.logs import InvocationLog
from . import failures
from .failures import Failure
from .host import Host
from .runtime_api import RuntimeApi, RuntimeCall
from .variables import environment_variables

MEMORY_CHECK_S = 0.04
NEXT = ("GET", "invocation/next")
ERROR_TYPE = "lambda-runtime-function-error-type"


class RuntimeProcess:
    """One environment's process: started, listened to, ended, and started again after a loss.

    Args:
        id: the environment's id.
        log_stream: the name of its log stream.
        initialization_type: "on-demand", "provisioned-concurrency" or "snap-start".
        folder: the environment's own folder; its /tmp is in there.
        orders: for the process of a snapshot, the socket on which it hears when to fork.
    """

    def __init__(
        self,
        id: str,
        function: FunctionVersion,
        host: Host,
        *,
        log_stream: str,
        folder: Path,
        initialization_type: str = "on-demand",
        orders: socket.socket | None = None,
    ) -> None:
        self.max_memory_mb = 0.0
        self._id = id
        self._function = function
        self._host = host
        self._log_stream = log_stream
        self._initialization_type = initialization_type
        self._orders = orders
        self._tmp = folder / "tmp"
        self._tmp.mkdir(parents=True)
        self._api = RuntimeApi()
        self._running: RunningProcess | None = None
        self._calls: list[RuntimeCall] = []
        self._next: RuntimeCall | None = None
        self._family: tuple[int, ...] = ()
        self._doubtful = False
        self._entry = ""

    @property
    def pid(self) -> int | None:
        """The process's id, None while there is none."""
        return self._running.pid if self._running else None

    def start(
        self, log: InvocationLog, deadline: float, *, for_snapshot: bool = False
    ) -> tuple[float, Failure | None]:
        """Run the Init phase: milliseconds it took, and why it failed if it did.

        Args:
            deadline: on the monotonic clock; the process is killed when it comes.
            for_snapshot: go no further than to where the runtime asks to be restored.
        """
        self.end()
        packages, isolated = self._host.packages, self._host.processes.isolated
        place = Place(packages.folder(self._function), packages.layers(self._function), isolated)
        begin = time.monotonic()
        failure = self._spawn(place)
        if failure is None:
            failure = self._until_ready(log, deadline, for_snapshot=for_snapshot)
        return (time.monotonic() - begin) * 1000, failure

    def restore(
        self,
        fork: Callable[[str, Mapping[str, str]], RunningProcess],
        log: InvocationLog,
        deadline: float,
    ) -> tuple[float, float, Failure | None]:
        """Start as a fork of a snapshot's process.

        Args:
            fork: makes the fork, given this environment's id and the variables it has of its own.

        Returns:
            Milliseconds it took; those of them in which code of the runtime and of the function
            ran; why it failed if it did.
        """
        self.end()
        begin = time.monotonic()
        variables = {
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            **self._host.credentials(self._function),
            **({} if self._host.processes.isolated else {"TMPDIR": str(self._tmp)}),
        }
        self._watch(fork(self._id, variables))
        there = time.monotonic()
        failure = self._until_ready(log, deadline)
        now = time.monotonic()
        return (now - begin) * 1000, (now - there) * 1000, failure

    def _until_ready(
        self, log: InvocationLog, deadline: float, *, for_snapshot: bool = False
    ) -> Failure | None:
        """Wait for the runtime to ask for its first event: why that didn't come, if so."""
        failure: Failure | None = None
        while True:
            call = self.happening(log, deadline)
            if isinstance(call, Failure):
                failure = failure or call
                break
            if call is None:
                continue
            if (call.method, call.path) == NEXT:
                if failure is None:
                    failure = self.over_limits()
                if failure is None:
                    self._freeze(call)
                else:
                    self.end()
                break
            if call.path in ("init/error", "restore/error"):
                call.answer(202, b'{"status":"OK"}', [("Content-Type", "application/json")])
                failure = failure or failures.reported_by_runtime(
                    call.body, during_init=True, kind=call.headers.get(ERROR_TYPE, "")
                )
            elif call.path == "restore/next" and for_snapshot:
                if self._running is not None and self._orders is not None:
                    call.answer(200)  # it waits for orders now
                    self._host.processes.freeze(self._running, self._family)
                break
            elif call.path == "restore/next":
                call.answer(200)
            else:
                call.answer(403)
        return failure

    def is_alive(self) -> bool:
        """Whether the process has not ended; for one that nobody listens to."""
        if self._running is None or "status" in self._api.wait(0):
            return False
        return psutil.pid_exists(self._running.pid)

    @contextmanager
    def awake(self) -> Iterator[None]:
        """Let the frozen process of a snapshot run. Raise OSError where there is none."""
        if self._running is None:
            raise ProcessLookupError("the process of the snapshot has ended")
        self._host.processes.thaw(self._running)
        yield
        self._host.processes.freeze(self._running, self._family)

    def _spawn(self, place: Place) -> Failure | None:
        processes, function = self._host.processes, self._function
        argv = command_line(function, place, processes, for_snapshot=self._orders is not None)
        if isinstance(argv, Failure):
            return argv
        variables = environment_variables(
            function,
            runtime_api=self._api.address,
            log_stream=self._log_stream,
            place=place,
            runtime_root=processes.runtime_root,
            credentials=self._host.credentials(function),
            lab_variables=self._host.lab_variables,
            initialization_type=self._initialization_type,
        )
        if not place.isolated:
            variables["TMPDIR"] = str(self._tmp)
        mounts = {"/var/task": place.task, "/opt": place.layers, "/tmp": self._tmp}
        program = Program(
            argv=argv,
            env=variables,
            cwd=place.task_root,
            mounts={target: str(source) for target, source in mounts.items()},
            tmp_mb=function.ephemeral_mb,
        )
        self._entry = place.as_on_aws(argv[0])
        try:
            self._watch(processes.spawn(self._id, program, self._orders))
        except OSError as error:
            return failures.not_run(self._entry, error)
        return None

    def _watch(self, running: RunningProcess) -> None:
        self.max_memory_mb = 0.0
        self._doubtful = False
        self._running = running
        self._api.watch(running.log, "log")
        self._api.watch(running.status, "status")

    def is_ready(self, log: InvocationLog, deadline: float) -> bool:
        """Whether the process is there and waits for an event.

        After a handler that forked and let both processes return, two speak as one; such a process
        is doubtful and isn't used again.
        """
        self.rest(log, deadline)
        if self._running is None or self._next is None:
            return False
        happened = self._api.wait(0)
        calls = [call for call in happened if isinstance(call, RuntimeCall)]
        ready = not (calls or "status" in happened or self._next.connection.closed)
        if ready:  # it wakes up while the lab makes the event ready
            self._host.processes.thaw(self._running)
        return ready

    def hand_over(self, event: bytes, headers: list[tuple[str, str]]) -> None:
        """Give the waiting runtime its event."""
        assert self._next is not None, "call is_ready first"
        assert self._running is not None
        call, self._next = self._next, None
        self._host.processes.thaw(self._running)
        self._host.cpu_share.limit(self._running, self._function.memory_mb)
        call.answer(200, event, headers)

    def rest(self, log: InvocationLog, deadline: float) -> None:
        """End an invocation: wait until the runtime asks for the next event, then freeze it.

        What is doubtful, or doesn't ask by the deadline on the monotonic clock, is killed.
        """
        while self._running is not None and self._next is None:
            call = None if self._doubtful else self.happening(log, deadline)
            if isinstance(call, RuntimeCall) and (call.method, call.path) == NEXT:
                self._freeze(call)
            elif self._doubtful or call is not None:
                self.end()

    def _freeze(self, asked: RuntimeCall) -> None:
        """Keep the runtime's call for the next event, and every process from running until then."""
        if self._running is not None:
            self._next = asked
            self._host.cpu_share.release(self._running)
            self._host.processes.freeze(self._running, self._family)

    def happening(
        self, log: InvocationLog, deadline: float, *, kill: bool = True
    ) -> RuntimeCall | Failure | None:
        """The runtime's next call, or how the process ended; None after a while without either.

        At the deadline the process is killed, unless ``kill=False``.
        """
        if self._calls:
            return self._calls.pop(0)
        now = time.monotonic()
        if kill and now >= deadline:
            self.drain(log)
            self.end()
            return failures.timed_out(self._function.timeout_s)
        happened = self._api.wait(min(MEMORY_CHECK_S, deadline - now))
        self._calls = [call for call in happened if isinstance(call, RuntimeCall)]
        if "log" in happened:
            self._read(log)
        if self._calls:
            return self._calls.pop(0)
        if "status" in happened and self._running is not None:
            self.drain(log)
            try:
                failure = failures.exited(self._running.exit_status())
            except OSError as error:
                failure = failures.not_run(self._entry, error)
            self.end()
            return failure
        return self.over_limits()

    def over_limits(self) -> Failure | None:
        """Measure the process; when it uses more than it may, kill it and say so."""
        if self._running is None:
            return None
        usage = self._measure(self._running)
        if self.max_memory_mb > self._function.memory_mb:
            self.end()
            return failures.out_of_memory()
        if usage.tasks > fact("limits.processes_threads").value:
            self.end()
            return failures.exited(-9)
        return None

    def _measure(self, running: RunningProcess) -> inspection.Usage:
        usage = inspection.usage(running.pid)
        self._family = usage.pids
        self.max_memory_mb = max(self.max_memory_mb, usage.resident_mb, usage.peak_mb)
        return usage

    def speaks_as_one(self) -> bool:
        """Whether what came from the process is surely its own; False where it has forked."""
        if self._running and len(self._family) > 1:
            self._doubtful |= inspection.shares_connections(self._running.pid)
        return not self._doubtful

    def doubt(self) -> None:
        """Don't use this process for another event."""
        self._doubtful = True

    def await_last_words(self, log: InvocationLog, deadline: float) -> None:
        """Let a runtime whose response was refused write its error and end."""
        while time.monotonic() < deadline and self._running is not None:
            self.happening(log, deadline, kill=False)

    def drain(self, log: InvocationLog) -> None:
        """Take in what the process has written so far; what it started may go on for ever."""
        for _ in range(16):  # a megabyte: more than can be on its way
            if not (self._running and self._read(log)):
                break

    def _read(self, log: InvocationLog) -> bool:
        assert self._running is not None
        try:
            data = self._running.read_log()
        except BlockingIOError:
            return False
        if data:
            log.feed(data)
        else:
            self._api.unwatch(self._running.log)
        return bool(data)

    def end(self) -> None:
        """Kill the process and all it started; the environment's folders stay."""
        process, self._running = self._running, None
        self._calls, self._next = [], None
        if process is None:
            return
        self._host.cpu_share.release(process)
        self._measure(process)
        self._host.processes.kill(process)
        self._api.unwatch(process.log)
        self._api.disconnect()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and "status" not in self._api.wait(0.1):
            pass
        self._api.unwatch(process.status)
        process.close()

    @property
    def handles_sigterm(self) -> bool:
        """Whether the process has a handler for the signal that asks it to end."""
        return self._running is not None and inspection.handles(self._running.pid, signal.SIGTERM)

    def terminate(self, log: InvocationLog, deadline: float) -> None:
        """Ask the process to end, and wait for that until the deadline on the monotonic clock."""
        if self._running is None:
            return
        self._next = None
        freezing.terminate(self._running.pid)
        self._host.processes.thaw(self._running)
        while self._running is not None and time.monotonic() < deadline:
            self.happening(log, deadline, kill=False)
        self.drain(log)

    def close(self) -> None:
        """End the process for good; its /tmp goes too."""
        self.end()
        self._host.processes.discard(self._id)
        self._api.close()
