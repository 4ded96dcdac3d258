"""The processes that execution environments consist of, whatever system they run on."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


class RunningProcess(Protocol):
    """The main process of an execution environment, with all that it started.

    `log` and `status` are what a selector waits for: output that can be read, and the end.
    """

    pid: int
    log: Any
    status: Any

    def read_log(self) -> bytes:
        """What it has written, b"" at the end. Raise BlockingIOError when nothing is there."""

    def exit_status(self) -> int:
        """The exit code, or minus the signal's number. Call when `status` is readable.

        Raises:
            OSError: the system couldn't run the program.
        """

    def close(self) -> None:
        """Let go of what is held for the process."""


@dataclass(frozen=True)
class Program:
    """What an environment's main process is.

    Args:
        argv: its command line.
        env: all of its environment variables.
        cwd: its working directory.
        mounts: with isolation, the folders to show at /var/task, /opt and, last, /tmp.
        tmp_mb: with isolation, the size of /tmp, MB; what is in it is kept until `discard`. Without
            isolation, or with too little memory, /tmp is as large as the disk allows.
    """

    argv: list[str]
    env: dict[str, str]
    cwd: str
    mounts: dict[str, str]
    tmp_mb: int


class Processes(Protocol):
    """Starts and ends the processes of one lab, and leaves none behind."""

    @property
    def isolated(self) -> bool:
        """True where environments have Lambda's own folders, /var/task and so on."""

    @property
    def forks(self) -> bool:
        """True where a process can be forked from another that has initialised the function."""

    @property
    def runtime_root(self) -> str:
        """Where an environment finds the runtime's files."""

    @property
    def python(self) -> str:
        """Where an environment finds the Python program."""

    def spawn(
        self, id: str, program: Program, orders: socket.socket | None = None
    ) -> RunningProcess:
        """Start the main process of the environment with this id.

        Args:
            orders: where `forks` is true, for a process to be forked: it reads its orders there.

        Raises:
            OSError: the system couldn't run the program; it may also turn out later.
        """

    def adopt(self, id: str, pid: int, log: int, mark: str) -> RunningProcess:
        """Have such a fork watched as the main process of the environment with this id.

        Args:
            log: the descriptor its output can be read from.
            mark: what the variables of programs it starts have that no other environment's do.
        """

    def freeze(self, process: Any, family: Iterable[int]) -> None:
        """Keep an environment's processes from running.

        Args:
            family: the ids of the main process and its descendants, as last seen.
        """

    def thaw(self, process: Any) -> None:
        """Let what `freeze` stopped run again."""

    def kill(self, process: Any) -> None:
        """Kill an environment with everything it started; its `status` tells when that is done."""

    def discard(self, id: str) -> None:
        """Give up what is kept for an environment that has ended for good."""

    def close(self) -> None:
        """End every environment and wait until none is left."""


def open_processes(home: Path, *, isolate: bool = True, portable_client: bool = False) -> Processes:
    """The processes of a lab: under a warden where the system can fork, plain ones elsewhere.

    Args:
        home: a folder of the lab's own, for the runtime's files.
        isolate: ask for Lambda's real file system layout; where the system doesn't allow it the
            lab goes on with plain folders.
        portable_client: run the pure-Python runtime client even where there is a native one.
    """
    if hasattr(os, "fork"):
        from .warden_processes import WardenProcesses

        return WardenProcesses(home, isolate=isolate, portable_client=portable_client)
    from .plain_processes import PlainProcesses

    return PlainProcesses(home, portable_client=portable_client)
