"""Processes without a warden: for systems that can't fork, such as Windows.

Each environment ends itself when this process is gone, because its standard input then closes. What
a handler started and then lost sight of, in a crash, can't be found again here. Environments aren't
frozen between invocations either, as what doesn't run can't end itself.
"""

from __future__ import annotations

import contextlib
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import IO

import psutil

from .runtime_files import place_runtime, runtime_files
from .spawning import Program

ON_ITS_WAY_S = 0.03


class PlainProcess:
    """A child of this process; its output and its end come over sockets, which all systems poll."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self.pid = child.pid
        self._child = child
        self.log, log_end = socket.socketpair()
        self.status, status_end = socket.socketpair()
        self.log.setblocking(False)
        assert child.stdout is not None
        _in_background(_pump, child.stdout, log_end)
        _in_background(self._watch, status_end)

    def _watch(self, status_end: socket.socket) -> None:
        with status_end:
            self._child.wait()

    def read_log(self) -> bytes:
        """See `RunningProcess`. What was written a moment ago may still be on its way."""
        select.select([self.log], [], [], ON_ITS_WAY_S)
        return self.log.recv(1 << 16)

    def exit_status(self) -> int:
        """See `RunningProcess`."""
        return self._child.wait()

    def kill(self) -> None:
        """End the process and what it started."""
        with contextlib.suppress(psutil.Error):
            main = psutil.Process(self.pid)
            for process in (*main.children(recursive=True), main):
                with contextlib.suppress(psutil.Error):
                    process.kill()

    def close(self) -> None:
        """See `RunningProcess`."""
        for end in (self.log, self.status, self._child.stdin):
            if end is not None:
                with contextlib.suppress(OSError):
                    end.close()


class PlainProcesses:
    """See `Processes`; the arguments are those of `open_processes`."""

    isolated = False

    def __init__(self, home: Path, *, portable_client: bool = False) -> None:
        self._folder = home / "runtime"
        self._files = runtime_files(portable_client=portable_client)
        self._running: dict[str, PlainProcess] = {}

    forks = False

    @property
    def runtime_root(self) -> str:
        """See `Processes`."""
        place_runtime(self._files, self._folder)
        return str(self._folder)

    @property
    def python(self) -> str:
        """See `Processes`."""
        return getattr(sys, "_base_executable", "") or sys.executable

    def spawn(self, id: str, program: Program, orders: socket.socket | None = None) -> PlainProcess:
        """See `Processes`."""
        child = subprocess.Popen(
            program.argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=program.cwd,
            env=program.env | {"COLD_START_END_WITH_STDIN": "1"},
        )
        self._running[id] = PlainProcess(child)
        return self._running[id]

    def adopt(self, id: str, pid: int, log: int, mark: str) -> PlainProcess:
        """See `Processes`."""
        raise NotImplementedError

    def freeze(self, process: PlainProcess, family: Iterable[int]) -> None:
        """Leave the processes running: on AWS a background thread would stand still."""

    def thaw(self, process: PlainProcess) -> None:
        """See `freeze`."""

    def kill(self, process: PlainProcess) -> None:
        """See `Processes`."""
        process.kill()

    def discard(self, id: str) -> None:
        """See `Processes`."""
        self._running.pop(id, None)

    def close(self) -> None:
        """See `Processes`."""
        for process in self._running.values():
            process.kill()
            process.exit_status()


def _in_background(function: object, *arguments: object) -> None:
    threading.Thread(target=function, args=arguments, daemon=True).start()  # type: ignore[arg-type]


def _pump(output: IO[bytes], log_end: socket.socket) -> None:
    with log_end, output, contextlib.suppress(OSError):
        while data := output.read1(1 << 16):  # type: ignore[attr-defined]
            log_end.sendall(data)
