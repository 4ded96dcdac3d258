"""Processes under the warden: on every system that can fork."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from labsupport.errors import LabError
from labsupport.facts import fact

from ..errors import ServiceError, lab_stopped
from . import freezing, inspection
from .runtime_files import HERE, place_runtime, runtime_files
from .spawning import Program


@dataclass
class WardenProcess:
    """A process the warden started, known by its two pipes.

    Args:
        mark: what the environment variables of this environment's processes alone have.
        frozen: processes beside the main one's group that were stopped with it.
    """

    pid: int
    log: int
    status: int
    id: str
    mark: bytes = b""
    frozen: set[int] = field(default_factory=set)

    def read_log(self) -> bytes:
        """See `RunningProcess`."""
        return os.read(self.log, 1 << 16)

    def exit_status(self) -> int:
        """See `RunningProcess`."""
        word, _, number = os.read(self.status, 256).decode().strip().partition(" ")
        if word == "exec":
            raise OSError(int(number.split()[0]), "")
        if word != "exit":
            return -9
        return os.waitstatus_to_exitcode(int(number))

    def close(self) -> None:
        """Let go of the descriptors."""
        for descriptor in (self.log, self.status):
            with contextlib.suppress(OSError):
                os.close(descriptor)


class WardenProcesses:
    """Execution environments' processes, started and watched by the warden.

    The warden kills everything it started as soon as this process is gone, however it ended.

    Args:
        home: a folder of the lab's own, for the runtime's files; the warden removes it at the end.
        isolate: ask for Lambda's real file system layout; where the system doesn't allow it the
            lab goes on with plain folders.
        portable_client: run the pure-Python runtime client.
    """

    def __init__(self, home: Path, *, isolate: bool = True, portable_client: bool = False) -> None:
        self._home = home
        self._files = runtime_files(portable_client=portable_client)
        self._lock = threading.Lock()
        inside = _python().startswith(_prefix() + os.sep)
        self._isolate = isolate and inside and sys.platform == "linux"
        self._hello: dict[str, str] | None = None
        self._closed = False
        self._mains: dict[str, int] = {}
        self._start_warden()
        _living.add(self)

    def _start_warden(self) -> None:
        root = self._home / "root"
        root.mkdir(exist_ok=True)
        ours, theirs = socket.socketpair()
        config = {
            "control": theirs.fileno(),
            "isolate": self._isolate,
            "home": str(self._home),
            "root": str(root),
            "python_prefix": _prefix(),
            "runtime": self._files,
        }
        with theirs:
            self._warden = subprocess.Popen(
                [_python(), "-I", "-S", str(HERE / "warden.py"), json.dumps(config)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._control = ours
        self._hello = None

    def _greeting(self) -> dict[str, str]:
        if self._hello is None:
            line = b""
            while not line.endswith(b"\n"):
                part = self._control.recv(4096)
                if not part:
                    raise LabError(
                        "The process that starts execution environments has ended: "
                        "run the cell with Lab.start() again."
                    )
                line += part
            self._hello = json.loads(line)
        return self._hello

    @property
    def isolated(self) -> bool:
        """True where environments have Lambda's own folders, /var/task and so on."""
        with self._lock:
            return self._greeting()["isolation"] == "namespaces"

    @property
    def forks(self) -> bool:
        """See `Processes`: where the warden can become the parent of such a fork."""
        return sys.platform == "linux"

    @property
    def why_not_isolated(self) -> str:
        """What the system answered when it refused isolation, or ""."""
        with self._lock:
            return self._greeting()["why"]

    @property
    def runtime_root(self) -> str:
        """Where the runtime's files are for an environment."""
        if self.isolated:
            return "/var/runtime"
        folder = self._home / "runtime"
        with self._lock:
            place_runtime(self._files, folder)
        return str(folder)

    @property
    def python(self) -> str:
        """The Python program for an environment."""
        if self.isolated:
            return "/var/lang/" + os.path.relpath(_python(), _prefix())
        return _python()

    def spawn(
        self, id: str, program: Program, orders: socket.socket | None = None
    ) -> WardenProcess:
        """See `Processes`."""
        command: dict[str, Any] = {
            "do": "spawn",
            "id": id,
            **asdict(program),
            "processes_threads": fact("limits.processes_threads").value,
            "file_descriptors": fact("limits.file_descriptors").value,
        }
        log_read, log_write = os.pipe()
        status_read, status_write = os.pipe()
        try:
            more = [orders.fileno()] if orders is not None else []
            self._send(command, [log_write, status_write, *more])
        except BaseException:
            os.close(log_read)
            os.close(status_read)
            raise
        finally:
            os.close(log_write)
            os.close(status_write)
        os.set_blocking(log_read, False)
        self._mains[id] = pid = _read_pid(status_read)
        mark = program.env["AWS_LAMBDA_RUNTIME_API"].encode()
        return WardenProcess(pid, log_read, status_read, id, mark)

    def adopt(self, id: str, pid: int, log: int, mark: str) -> WardenProcess:
        """See `Processes`."""
        status_read, status_write = os.pipe()
        self._mains[id] = pid
        try:
            most = fact("limits.processes_threads").value
            command = {"do": "adopt", "id": id, "pid": pid, "mark": mark, "processes_threads": most}
            self._send(command, [status_write])
            _read_pid(status_read)
        except BaseException:
            os.close(status_read)
            raise
        finally:
            os.close(status_write)
        os.set_blocking(log, False)
        return WardenProcess(pid, log, status_read, id, mark.encode())

    def freeze(self, process: WardenProcess, family: Iterable[int]) -> None:
        """See `Processes`. What a handler starts, it can't hide from this, but for one case:
        without isolation, a daemon with other environment variables and a session of its own.
        """
        process.frozen = freezing.stop(process.pid, family, lambda: self._strays(process))

    def thaw(self, process: WardenProcess) -> None:
        """See `Processes`."""
        freezing.go_on(process.pid, process.frozen)

    def _strays(self, process: WardenProcess) -> set[int]:
        """What the environment started and let go of: the warden is its parent now."""
        orphans = freezing.children(self._warden.pid) - set(self._mains.values())
        mark = b"" if self.isolated else process.mark
        return {
            pid
            for root in orphans
            if freezing.belong_together(root, process.pid, mark)
            for pid in inspection.usage(root).pids
        }

    def kill(self, process: WardenProcess) -> None:
        """Kill an environment with everything it started; its `status` tells when that is done."""
        self._mains.pop(process.id, None)
        with contextlib.suppress(OSError, ServiceError):
            self._send({"do": "kill", "id": process.id}, [])

    def discard(self, id: str) -> None:
        """See `Processes`."""
        with contextlib.suppress(OSError, ServiceError):
            self._send({"do": "discard", "id": id}, [])

    def _send(self, command: dict[str, Any], descriptors: list[int]) -> None:
        body = json.dumps(command).encode()
        with self._lock:
            if self._closed:
                raise lab_stopped()
            if self._warden.poll() is not None:
                self._control.close()
                self._start_warden()
                self._greeting()
            message = struct.pack("!I", len(body)) + body
            sent = socket.send_fds(self._control, [message], descriptors)
            self._control.sendall(message[sent:])

    def close(self) -> None:
        """End every environment, wait until none is left, and give up the lab's own folder."""
        with self._lock:
            self._closed = True
            self._control.close()
        try:
            self._warden.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._warden.kill()
            self._warden.wait()

    def forget(self) -> None:
        """In a forked child of this process: leave the warden to the parent."""
        self._control.close()


_living: weakref.WeakSet[WardenProcesses] = weakref.WeakSet()


def _forget_all() -> None:
    for processes in _living:
        processes.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


def _python() -> str:
    base = getattr(sys, "_base_executable", "") or sys.executable
    return os.path.realpath(base)


def _prefix() -> str:
    return os.path.realpath(sys.base_prefix)


def _read_pid(status: int) -> int:
    line = b""
    while not line.endswith(b"\n"):
        part = os.read(status, 1)
        if not part:
            raise LabError("The execution environment could not be started.")
        line += part
    return int(line.split()[1])
