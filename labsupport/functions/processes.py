"""The processes that execution environments consist of, whatever system they run on."""

from __future__ import annotations

import os
from collections.abc import Iterable
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
        """The exit code, or minus the signal's number. Call when `status` is readable."""

    def close(self) -> None:
        """Let go of what is held for the process."""


class Processes(Protocol):
    """Starts and ends the processes of one lab, and leaves none behind."""

    @property
    def isolated(self) -> bool:
        """True where environments have Lambda's own folders, /var/task and so on."""

    @property
    def runtime_root(self) -> str:
        """Where an environment finds the runtime's files."""

    def spawn(
        self, id: str, arguments: list[str], env: dict[str, str], cwd: str, mounts: dict[str, str]
    ) -> RunningProcess:
        """Start an environment's main process.

        Args:
            id: the environment's own id.
            arguments: what follows the Python program on its command line.
            env: all of its environment variables.
            cwd: its working directory.
            mounts: with isolation, the folders to show at /var/task, /opt and /tmp.
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
