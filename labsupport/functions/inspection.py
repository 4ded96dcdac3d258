"""A look at a running process from outside: its memory, its descendants, its connections."""

from __future__ import annotations

import contextlib
import os
import sys

_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
_MB = 1024 * 1024


def resident_mb(pid: int) -> tuple[float, int]:
    """Resident memory in MB of the process and its descendants now, and how many they are.

    What a process shares with those it forked counts once.
    """
    if sys.platform != "linux":
        return _resident_by_psutil(pid)
    pids = _family(pid)
    resident = _resident if len(pids) == 1 else _share
    return sum(map(resident, pids)) / _MB, len(pids)


def peak_mb(pid: int) -> float:
    """The most resident memory in MB that the process has had, 0 if that can't be told."""
    if sys.platform != "linux":
        return _resident_by_psutil(pid)[0]
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status", "rb") as file:
        for line in file:
            if line.startswith(b"VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * _PAGE
    return 0


def _share(pid: int) -> int:
    """Resident memory in bytes, each page divided by the number of processes that have it."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(b"Pss:")) * 1024
    except (OSError, StopIteration):
        return _resident(pid)


def shares_connections(pid: int) -> bool:
    """Whether a descendant, made by fork alone, speaks on the same sockets as the process."""
    if sys.platform != "linux":
        return False
    main, *others = (_sockets(known) for known in _family(pid))
    return any(main & sockets for sockets in others)


def _family(pid: int) -> list[int]:
    pids = [pid]
    for known in pids:
        with contextlib.suppress(OSError):
            for task in os.listdir(f"/proc/{known}/task"):
                with open(f"/proc/{known}/task/{task}/children") as file:
                    pids += [int(child) for child in file.read().split()]
    return pids


def _sockets(pid: int) -> set[str]:
    found = set()
    with contextlib.suppress(OSError):
        for descriptor in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                found.add(os.readlink(f"/proc/{pid}/fd/{descriptor}"))
    return {name for name in found if name.startswith("socket:")}


def _resident_by_psutil(pid: int) -> tuple[float, int]:
    import psutil

    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        return sum(p.memory_info().rss for p in family) / _MB, len(family)
    return 0.0, 0
