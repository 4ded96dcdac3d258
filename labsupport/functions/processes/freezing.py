"""Stopping a family of processes and letting it go on, on systems with signals for that."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from collections.abc import Callable, Iterable
from pathlib import Path

from . import inspection


def stop(pid: int, family: Iterable[int], strays: Callable[[], set[int]]) -> set[int]:
    """Stop a process with its group, its descendants and what they let go of.

    Args:
        family: the process's descendants as last seen.
        strays: finds what they let go of.

    Returns:
        Those processes that `go_on` has to name beside the group.
    """
    _signal(os.killpg, pid, signal.SIGSTOP)
    stopped: set[int] = set()
    found = {*family, *strays()} - {pid}
    for _ in range(100):  # what isn't stopped yet may start more
        new = found - stopped
        if not new:
            break
        for each in new:
            _signal(os.kill, each, signal.SIGSTOP)
        stopped |= new
        found = {*inspection.usage(pid).pids, *strays()} - {pid}
    return stopped


def go_on(pid: int, stopped: Iterable[int]) -> None:
    """Let go on what `stop` stopped."""
    _signal(os.killpg, pid, signal.SIGCONT)
    for each in stopped:
        _signal(os.kill, each, signal.SIGCONT)


def terminate(pid: int) -> None:
    """Send SIGTERM to a process's main thread.

    Of a stopped process any thread might take it, and Python's handlers wait for the main one.
    """
    tgkill = getattr(ctypes.CDLL(None), "tgkill", None)
    if tgkill is None or tgkill(pid, pid, signal.SIGTERM) != 0:
        _signal(os.kill, pid, signal.SIGTERM)


def children(pid: int) -> set[int]:
    """The children of a process with one thread; none where the system doesn't list them."""
    return {int(word) for word in inspection.read(f"/proc/{pid}/task/{pid}/children").split()}


def belong_together(pid: int, other: int, mark: bytes) -> bool:
    """Whether two processes are of the same execution environment.

    Args:
        mark: what the environment's variables have that no other's do; b"" to compare the mount
            namespaces of the two instead.
    """
    with contextlib.suppress(OSError):
        if mark:
            return mark in Path(f"/proc/{pid}/environ").read_bytes()
        return os.readlink(f"/proc/{pid}/ns/mnt") == os.readlink(f"/proc/{other}/ns/mnt")
    return False


def _signal(send: Callable[[int, int], None], pid: int, number: int) -> None:
    with contextlib.suppress(OSError):
        send(pid, number)
