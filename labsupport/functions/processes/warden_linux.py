"""What the warden asks of Linux through the C library: namespaces, mounts, settings of a process.

Part of the warden, which runs by itself: standard library alone.
"""

import contextlib
import ctypes
import os
import shutil
import signal
from typing import Any

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 32, 4096, 16384, 1 << 18
MS_UNBINDABLE, MS_RELATIME = 1 << 17, 1 << 21
MS_NOSUID, MS_NODEV = 2, 4
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
SA_NOCLDSTOP = 1
ST_TO_MS = {2: 2, 4: 4, 8: 8, 1024: 1024, 2048: 2048, 4096: MS_RELATIME}

_libc = ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _mount(source: str, target: str, flags: int, kind: str = "none", data: str = "") -> None:
    result = _libc.mount(
        source.encode(), target.encode(), kind.encode(), flags, data.encode() or None
    )
    _check(result, f"mount {target}")


def _bind(source: str, target: str, *, read_only: bool = False) -> None:
    _mount(source, target, MS_BIND | MS_REC)
    if read_only:
        held = os.statvfs(target).f_flag
        kept = sum(ms for st, ms in ST_TO_MS.items() if held & st)
        _mount(source, target, MS_BIND | MS_REMOUNT | MS_RDONLY | kept)


def _mirror(source: str, target: str, leave_out: set[str]) -> None:
    """Make everything in `source` visible in `target`, mounts below it included."""
    for entry in os.scandir(source):
        if entry.name in leave_out:
            continue
        there = os.path.join(target, entry.name)
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), there)
        elif entry.is_dir():
            os.mkdir(there)
            _bind(entry.path, there)
        elif entry.is_file():
            os.close(os.open(there, os.O_CREAT | os.O_WRONLY))
            _bind(entry.path, there)


def enter_user_namespace(more: int = 0) -> None:
    """Move this process into a user namespace of its own, where it keeps its user."""
    uid, gid = os.getuid(), os.getgid()
    _check(_libc.unshare(CLONE_NEWUSER | more), "unshare")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def isolate(config: dict[str, Any]) -> None:
    """Move this process into a file system laid out as Lambda's; OSError where that can't be."""
    if os.getuid() != 0 or _libc.unshare(CLONE_NEWNS) != 0:
        enter_user_namespace(CLONE_NEWNS)
    _mount("none", "/", MS_REC | MS_PRIVATE)
    root = config["root"]
    _mount("none", root, 0, "tmpfs")
    _mount("none", root, MS_UNBINDABLE)
    _mirror("/", root, {"var"})
    for folder in ("var", "opt", "tmp"):
        with contextlib.suppress(FileExistsError):
            os.mkdir(f"{root}/{folder}")
    _mirror("/var", f"{root}/var", {"task", "runtime", "lang"})
    for folder in ("task", "runtime", "lang"):
        os.mkdir(f"{root}/var/{folder}")
    _bind(config["python_prefix"], f"{root}/var/lang", read_only=True)
    for name, source in config["runtime"].items():
        there = f"{root}/var/runtime/{name}"
        if os.path.isdir(source):
            os.mkdir(there)
        else:
            os.close(os.open(there, os.O_CREAT | os.O_WRONLY))
        _bind(source, there, read_only=True)
    os.chdir(root)
    if _libc.pivot_root(b".", b".") == 0:
        _check(_libc.umount2(b".", MNT_DETACH), "umount /")
    else:  # the system itself runs from its initial memory disk, which stays where it is
        os.chroot(root)
    os.chdir("/")
    tmps = f"{config['home']}/tmps"
    os.makedirs(tmps, exist_ok=True)  # there already after a warden that was killed
    _mount("none", tmps, 0, "tmpfs")


def leave_tmps(home: str) -> None:
    """Give up every environment's /tmp, so that the lab's folder can be removed."""
    _libc.umount2(f"{home}/tmps".encode(), MNT_DETACH)


def make_tmp(home: str, environment: str, megabytes: int) -> str:
    """A file system of its own size for an environment's /tmp, there until `remove_tmp`.

    It takes the memory of what is in it. Returns "" where this machine hasn't enough to lend.
    """
    folder = f"{home}/tmps/{environment}"
    if os.path.ismount(folder):
        return folder
    try:
        if _available_mb() < 2 * megabytes:
            return ""
        os.makedirs(folder, exist_ok=True)
        _mount("none", folder, 0, "tmpfs", f"size={megabytes}m,mode=0700")
    except OSError:
        return ""
    return folder


def remove_tmp(home: str, environment: str) -> None:
    """Give up what `make_tmp` made, with all files in it."""
    folder = f"{home}/tmps/{environment}"
    _libc.umount2(folder.encode(), MNT_DETACH)
    with contextlib.suppress(OSError):
        os.rmdir(folder)


def _available_mb() -> int:
    with open("/proc/meminfo") as file:
        return next(int(line.split()[1]) // 1024 for line in file if "MemAvailable" in line)


def take_file_system(home: str, mounts: dict[str, str]) -> None:
    """Give this process, after `isolate`, its own folders: what to show, by where to show it.

    Other environments' /tmp are taken out of its sight, so that they can go when they have to.
    """
    _check(_libc.unshare(CLONE_NEWNS), "unshare")
    os.chdir(home)
    for target, source in mounts.items():
        _bind(source, target, read_only=target != "/tmp")
    _check(_libc.umount2(b"tmps", MNT_DETACH), "umount tmps")


def take_tmp(size_mb: int) -> None:
    """Give this process, in an environment's file system, its own /tmp with the same in it.

    Without the rights for that it moves to a user namespace that has them, and then drops them.
    """
    confined = _libc.unshare(CLONE_NEWNS) != 0
    if confined:
        enter_user_namespace(CLONE_NEWNS)
    new = f"/tmp/.restored-{os.getpid()}"
    os.mkdir(new)
    _mount("none", new, MS_NOSUID | MS_NODEV, "tmpfs", f"size={size_mb}m,mode=1777")
    for entry in os.scandir("/tmp"):
        if entry.name.startswith(".restored-"):
            continue
        with contextlib.suppress(OSError):
            if entry.is_dir(follow_symlinks=False):
                shutil.copytree(entry.path, f"{new}/{entry.name}", symlinks=True)
            elif entry.is_symlink() or entry.is_file():
                shutil.copy2(entry.path, f"{new}/{entry.name}", follow_symlinks=False)
    _bind(new, "/tmp")
    if confined:
        _drop_capabilities()


def _drop_capabilities() -> None:
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3, this process
    _check(_libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")


def end_with_parent() -> None:
    """Have this process killed when its parent ends."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def adopt_orphans() -> None:
    """Be the parent of whatever descendant has lost its own."""
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1)


class _SignalAction(ctypes.Structure):
    _fields_ = (
        ("handler", ctypes.c_void_p),
        ("mask", ctypes.c_ubyte * 128),
        ("flags", ctypes.c_int),
        ("restorer", ctypes.c_void_p),
    )


def hear_of_ends_only() -> None:
    """Don't be woken by SIGCHLD when a child is stopped or continued, as each invocation does."""
    action = _SignalAction()
    if _libc.sigaction(signal.SIGCHLD, None, ctypes.byref(action)) == 0:
        action.flags |= SA_NOCLDSTOP
        _libc.sigaction(signal.SIGCHLD, ctypes.byref(action), None)
