"""What an execution environment may do to this machine: its processes and threads, its signals.

Part of the warden, which runs by itself: standard library alone. A process of root is held by the
pids controller of control groups, where those may be written to; anybody else's by RLIMIT_NPROC in
a user namespace of the environment's own, as Linux then counts for each of these. Where neither can
be had, the lab's own look at an environment is what remains.
"""

import contextlib
import ctypes
import errno
import os
import resource
import struct

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 22, 38
SECCOMP_MODE_FILTER = 2
_OURS = f"cold-start-{os.getpid()}"


def control_group() -> str:
    """The folder in which control groups with a limit on processes can be made, or ""."""
    with contextlib.suppress(OSError), open("/proc/self/cgroup") as file:
        for line in file:
            _, controllers, path = line.strip().split(":", 2)
            if controllers == "pids" and _can_hold(f"/sys/fs/cgroup/pids{path}"):
                return f"/sys/fs/cgroup/pids{path}"
            if not controllers:
                own = f"/sys/fs/cgroup{path}"
                for folder in (own, os.path.dirname(own)):
                    if "pids" in _read(f"{folder}/cgroup.subtree_control") and _can_hold(folder):
                        return folder
    return ""


def _can_hold(folder: str) -> bool:
    """Try it: a group with a limit, made and removed."""
    group = f"{folder}/{_OURS}"
    try:
        os.mkdir(group)
    except OSError:
        return False
    try:
        _write(f"{group}/pids.max", "max")
        return os.access(f"{folder}/cgroup.procs", os.W_OK)
    except OSError:
        return False
    finally:
        with contextlib.suppress(OSError):
            os.rmdir(group)


def remove_stale_groups(folder: str) -> None:
    """Remove the groups of wardens that were killed before they could do it themselves."""
    for name in os.listdir(folder):
        words = name.split("-")
        if name.startswith("cold-start-") and not os.path.exists(f"/proc/{words[2]}"):
            with contextlib.suppress(OSError):  # as one that is still in use refuses
                os.rmdir(f"{folder}/{name}")


def join_group(folder: str, environment: str, most: int, pid: int = 0) -> None:
    """Put a process (0 for this), and what it will start, into its environment's control group."""
    group = f"{folder}/{_OURS}-{environment}"
    with contextlib.suppress(FileExistsError):
        os.mkdir(group)
    _write(f"{group}/pids.max", str(most))
    _write(f"{group}/cgroup.procs", str(pid))


def remove_group(folder: str, environment: str) -> None:
    """Remove the control group of an environment that has ended."""
    with contextlib.suppress(OSError):
        os.rmdir(f"{folder}/{_OURS}-{environment}")


def limit_this_user(most: int) -> None:
    """Limit this process and what it starts, in a user namespace of their own."""
    _, hard = resource.getrlimit(resource.RLIMIT_NPROC)
    most = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))


def spare_other_processes() -> None:
    """Refuse this process, and what it starts, to signal every process there is: ``kill(-1, …)``.

    In an execution environment of AWS that reaches the environment alone; here it would end all
    programs of the learner. A seccomp filter answers EPERM. Other machines than x86-64 and 64-bit
    Arm do without it.
    """
    numbers = {"x86_64": (0xC000003E, 62), "aarch64": (0xC00000B7, 129)}
    if os.uname().machine not in numbers:
        return
    machine, kill = numbers[os.uname().machine]
    load, equal, answer = 0x20, 0x15, 0x06  # of classic BPF: a word, a comparison, the verdict
    everybody, refuse, allow = 0xFFFFFFFF, 0x00050000 | errno.EPERM, 0x7FFF0000
    steps = [
        (load, 0, 0, 4),
        (equal, 0, 5, machine),
        (load, 0, 0, 0),
        (equal, 0, 3, kill),
        (load, 0, 0, 16),
        (equal, 0, 1, everybody),
        (answer, 0, 0, refuse),
        (answer, 0, 0, allow),
    ]
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    held = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(held))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0:
        libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, program, 0, 0)


def _read(file: str) -> list[str]:
    with contextlib.suppress(OSError), open(file) as stream:
        return stream.read().split()
    return []


def _write(file: str, text: str) -> None:
    with open(file, "w") as stream:
        stream.write(text)
