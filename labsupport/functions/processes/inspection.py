"""A look at a running process from outside: its memory, its descendants, its connections."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import time
from dataclasses import dataclass

_MB = 1024 * 1024
_PAGE = 4096
_STATUS = re.compile(rb"^(VmHWM|VmRSS|Threads):\s*(\d+)", re.MULTILINE)
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
_CPUCLOCK_SCHED = 2  # with a process's id, this names its CPU clock to clock_gettime


@dataclass(frozen=True)
class Usage:
    """What a process and its descendants use.

    Args:
        pids: their ids, the process itself first.
        tasks: how many processes and threads they are.
        resident_mb: their memory now; what they share because one forked another counts once.
        peak_mb: the most that the process by itself has had.
    """

    pids: tuple[int, ...]
    tasks: int
    resident_mb: float
    peak_mb: float


def usage(pid: int) -> Usage:
    """Look at a process and its descendants; all zero where it is gone."""
    if sys.platform != "linux":
        return _usage_by_psutil(pid)
    status = _status(pid)
    now, peak = status.get(b"VmRSS", 0), status.get(b"VmHWM", 0)
    pids: tuple[int, ...] = (pid,)
    tasks = status.get(b"Threads", 0)
    if tasks != 1 or read(f"/proc/{pid}/task/{pid}/children"):
        pids, tasks = _family(pid)
    if len(pids) > 1:
        now = sum(map(_share_kb, pids))
    return Usage(pids, tasks, now / 1024, peak / 1024)


def _status(pid: int) -> dict[bytes, int]:
    """Resident memory now and at most, in KB, and the number of threads."""
    return {name: int(number) for name, number in _STATUS.findall(read(f"/proc/{pid}/status"))}


def read(path: str) -> bytes:
    """A small file of /proc, b"" where it is gone. Faster than open(), on every invocation."""
    data = b""
    with contextlib.suppress(OSError):
        file = os.open(path, os.O_RDONLY)
        try:
            while part := os.read(file, _PAGE):
                data += part
        finally:
            os.close(file)
    return data


def _share_kb(pid: int) -> int:
    """Resident memory in KB, each page divided by the number of processes that have it."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", "rb") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(b"Pss:"))
    except (OSError, StopIteration):
        return _status(pid).get(b"VmRSS", 0)


def cpu_seconds(pid: int) -> float:
    """CPU time in seconds that a process and what it started have used."""
    if sys.platform != "linux":
        return _cpu_by_psutil(pid)
    return sum(map(_own_cpu, _family(pid)[0]))


def _own_cpu(pid: int) -> float:
    """CPU time of a living process, and of its children that are no more."""
    with contextlib.suppress(OSError):
        own = time.clock_gettime(~pid << 3 | _CPUCLOCK_SCHED)
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return own + (int(fields[13]) + int(fields[14])) / _TICKS
    return 0.0


def handles(pid: int, number: int) -> bool:
    """Whether a process has a handler for a signal; only Linux tells."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/status", "rb") as file:
        for line in file:
            if line.startswith(b"SigCgt:"):
                return bool(int(line.split()[1], 16) >> (number - 1) & 1)
    return False


def shares_connections(pid: int) -> bool:
    """Whether a descendant, made by fork alone, speaks on the same sockets as the process."""
    if sys.platform != "linux":
        return False
    main, *others = (_sockets(known) for known in _family(pid)[0])
    return any(main & sockets for sockets in others)


def _family(pid: int) -> tuple[tuple[int, ...], int]:
    pids, tasks = [pid], 0
    for known in pids:
        with contextlib.suppress(OSError):
            threads = os.listdir(f"/proc/{known}/task")
            tasks += len(threads)
            for task in threads:
                pids += map(int, read(f"/proc/{known}/task/{task}/children").split())
    return tuple(pids), tasks


def _sockets(pid: int) -> set[str]:
    found = set()
    with contextlib.suppress(OSError):
        for descriptor in os.listdir(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                found.add(os.readlink(f"/proc/{pid}/fd/{descriptor}"))
    return {name for name in found if name.startswith("socket:")}


def _usage_by_psutil(pid: int) -> Usage:
    import psutil

    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
        now = sum(p.memory_info().rss for p in family) / _MB
        tasks = sum(p.num_threads() for p in family)
        return Usage(tuple(p.pid for p in family), tasks, now, now)
    return Usage((pid,), 0, 0.0, 0.0)


def _cpu_by_psutil(pid: int) -> float:
    import psutil

    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
        return sum(each.user + each.system for each in times)
    return 0.0
