"""The warden: one small process per lab that starts, watches and ends execution environments.

It runs as a script of its own (``python -I -S warden.py CONFIG``) and uses the standard library
alone. Being the parent of every execution environment, and the subreaper of whatever a handler
forks, it can leave no process behind: when the lab's end of the control socket closes, however
the kernel ended, everything below it is killed and the lab's own folder is removed.

Protocol, in the order it is spoken:

1. The warden writes one line of JSON to its control socket: which isolation it reached and why.
2. The lab sends commands: four bytes of length, then JSON. ``spawn`` carries two descriptors, the
   write end of the log and of the status pipe, and a third for what is to be a snapshot: the
   socket on which it hears when to fork. ``adopt`` names such a fork and carries its status pipe;
   ``kill`` and ``discard`` name the environment.
3. Each environment has lines on its status pipe: ``pid N``; ``exec ERRNO`` where its program can't
   be run; then, when it has ended and every process it started is gone, ``exit STATUS`` (a wait
   status), and the pipe is closed.

Isolation is made of a Linux mount namespace: ``/var/task``, ``/var/runtime``, ``/var/lang``,
``/opt`` and ``/tmp`` are then really where AWS has them, the code read-only and /tmp of the size
that is set. Elsewhere the lab uses plain folders.
"""

import contextlib
import json
import os
import resource
import select
import shutil
import signal
import socket
import struct
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import warden_limits, warden_linux
else:  # isolated mode leaves this file's folder out
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    import warden_limits
    import warden_linux

    sys.path.pop(0)


class NotRun(Exception):
    """The system can't run an environment's program; the argument is the error's number."""


def _become_environment(
    command: dict[str, Any], home: str, group: str, log: int, orders: int | None = None
) -> None:
    """In the forked child: take on the environment's file system, limits and program."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(
            number, signal.SIG_DFL
        )  # what is ignored stays so in the program that follows
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    if orders is not None:
        os.dup2(orders, 3)
    if group:
        warden_limits.join_group(group, command["id"], command["processes_threads"])
    if home:
        warden_linux.take_file_system(home, command["mounts"])
        if os.getuid() != 0:
            with contextlib.suppress(OSError):
                warden_linux.enter_user_namespace()
                warden_limits.limit_this_user(command["processes_threads"])
    if sys.platform == "linux":
        warden_linux.end_with_parent()
        warden_limits.spare_other_processes()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = command["file_descriptors"]
    files = files if most == resource.RLIM_INFINITY else min(files, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.chdir(command["cwd"])
    try:
        os.execve(command["argv"][0], command["argv"], command["env"])
    except OSError as error:
        raise NotRun(error.errno) from error


class Warden:
    """The processes of one lab: each environment by id, with its status pipe."""

    def __init__(self, control: socket.socket, config: dict[str, Any]) -> None:
        self.control = control
        self.pids: dict[str, int] = {}
        self.status: dict[str, int] = {}
        self.marks: dict[str, bytes] = {}
        self.home: str = config["home"]
        self.group = warden_limits.control_group() if sys.platform == "linux" else ""
        if self.group:
            warden_limits.remove_stale_groups(self.group)
        try:
            if config["isolate"]:
                warden_linux.isolate(config)
            self.isolated, why = config["isolate"], ""
        except OSError as error:
            self.isolated, why = False, str(error)
        hello = {"isolation": "namespaces" if self.isolated else "folders", "why": why}
        control.sendall(json.dumps(hello).encode() + b"\n")

    def serve(self) -> None:
        """Carry out commands until the lab is gone, then leave nothing behind."""
        wake_read, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        if sys.platform == "linux":
            warden_linux.hear_of_ends_only()
        poll = select.poll()
        poll.register(self.control, select.POLLIN)
        poll.register(wake_read, select.POLLIN)
        try:
            while True:
                for descriptor, _ in poll.poll():
                    if descriptor == wake_read:
                        os.read(wake_read, 4096)
                    elif not self._command():
                        return
                self._reap()
        finally:
            self._kill(None)
            with contextlib.suppress(ChildProcessError):
                while True:  # everything is dead; leave no zombie to a parent that won't look
                    os.waitpid(-1, 0)
            for environment in self.pids:
                warden_limits.remove_group(self.group, environment)
            if self.isolated:
                warden_linux.leave_tmps(self.home)

    def _command(self) -> bool:
        head, descriptors, _, _ = socket.recv_fds(self.control, 4, 3)
        if not head:
            return False
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        body = self._receive(struct.unpack("!I", head + self._receive(4 - len(head)))[0])
        command = json.loads(body)
        if command["do"] == "spawn":
            self._spawn(command, *descriptors)
        elif command["do"] == "adopt":
            self._adopt(command, *descriptors)
        elif command["do"] == "kill":
            self._kill(command["id"])
        elif self.isolated:
            warden_linux.remove_tmp(self.home, command["id"])
        return True

    def _receive(self, size: int) -> bytes:
        parts = bytearray()
        while len(parts) < size:
            part = self.control.recv(size - len(parts))
            if not part:
                break
            parts += part
        return bytes(parts)

    def _spawn(self, command: dict[str, Any], log: int, status: int, *orders: int) -> None:
        if self.isolated:
            tmp = warden_linux.make_tmp(self.home, command["id"], command["tmp_mb"])
            command["mounts"]["/tmp"] = tmp or command["mounts"]["/tmp"]
        pid = os.fork()
        if pid == 0:
            try:
                os.write(status, f"pid {os.getpid()}\n".encode())
                home = self.home if self.isolated else ""
                _become_environment(command, home, self.group, log, *orders)
            except NotRun as error:
                os.write(status, f"exec {error.args[0]}\n".encode())
            except BaseException as error:  # noqa: BLE001 - the child must never return from here
                os.write(2, f"The execution environment could not start: {error}\n".encode())
            finally:
                os._exit(127)
        for descriptor in (log, *orders):
            os.close(descriptor)
        self._know(command["id"], pid, status, command["env"]["AWS_LAMBDA_RUNTIME_API"])

    def _adopt(self, command: dict[str, Any], status: int) -> None:
        """Watch over the fork of a snapshot, whose parent we have become."""
        environment, pid = command["id"], command["pid"]
        self._know(environment, pid, status, command["mark"])
        self._tell(environment, f"pid {pid}")
        parent, _, _ = _processes().get(pid, (0, 0, ""))
        if parent != os.getpid():  # it has ended and is forgotten
            self._ended(environment, pid, signal.SIGKILL)
        elif self.group:
            most = command["processes_threads"]
            warden_limits.join_group(self.group, environment, most, pid)

    def _know(self, environment: str, pid: int, status: int, mark: str) -> None:
        self.pids[environment], self.status[environment] = pid, status
        self.marks[environment] = mark.encode()

    def _tell(self, environment: str, line: str) -> None:
        with contextlib.suppress(OSError):
            os.write(self.status[environment], line.encode() + b"\n")

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for environment, known in list(self.pids.items()):
                if known == pid:
                    self._ended(environment, pid, status)

    def _ended(self, environment: str, pid: int, status: int) -> None:
        del self.pids[environment], self.marks[environment]
        _kill_all(lambda: _family(pid) + self._strays())
        warden_limits.remove_group(self.group, environment)
        self._tell(environment, f"exit {status}")
        os.close(self.status.pop(environment))

    def _kill(self, environment: str | None) -> None:
        """Kill one environment with all it started, or (None) everything."""
        for known, pid in self.pids.items():
            if environment in (None, known):
                with contextlib.suppress(OSError):
                    os.killpg(pid, signal.SIGKILL)
                _kill_all(lambda pid=pid: _family(pid))  # type: ignore[misc]
        if environment is None:
            _kill_all(lambda: _alive(_below(_processes(), os.getpid())))

    def _strays(self) -> list[int]:
        """Processes that were handed to us and can't be traced to a living environment."""
        processes = _processes()
        mains = set(self.pids.values())
        handed = {p for p, (parent, _, _) in processes.items() if parent == os.getpid()} - mains
        spaces = {_space(pid) for pid in mains} if self.isolated else set()
        marks = set(self.marks.values())
        return [
            pid
            for root in handed
            for pid in _alive(_below(processes, root) | {root})
            if _space(root) not in spaces and not any(mark in _environment(root) for mark in marks)
        ]


def _kill_all(find: Callable[[], list[int]]) -> None:
    for _ in range(1000):
        victims = find()
        if not victims:
            return
        for pid in victims:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def _processes() -> dict[int, tuple[int, int, str]]:
    """Every process: its parent, session and state, from /proc (empty where there is none)."""
    found = {}
    with contextlib.suppress(FileNotFoundError):
        for name in os.listdir("/proc"):
            if name.isdigit():
                with contextlib.suppress(OSError):
                    with open(f"/proc/{name}/stat") as file:
                        fields = file.read().rpartition(")")[2].split()
                    found[int(name)] = (int(fields[1]), int(fields[3]), fields[0])
    return found


def _alive(pids: Iterable[int]) -> list[int]:
    processes = _processes()
    return [pid for pid in pids if pid in processes and processes[pid][2] != "Z"]


def _space(pid: int) -> str:
    """The mount namespace of a process, as text that differs where the namespace does."""
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/{pid}/ns/mnt")
    return ""


def _environment(pid: int) -> bytes:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/environ", "rb") as file:
        return file.read()
    return b""


def _below(processes: dict[int, tuple[int, int, str]], ancestor: int) -> set[int]:
    found: set[int] = set()
    while True:
        more = {p for p, (pp, _, _) in processes.items() if pp == ancestor or pp in found} - found
        if not more:
            return found
        found |= more


def _family(pid: int) -> list[int]:
    """The living processes that the environment with the main process `pid` consists of."""
    processes = _processes()
    below = _below(processes, pid) | {pid}
    ours = _below(processes, os.getpid())
    return _alive(p for p in ours if p in below or processes[p][1] == pid)


def main() -> None:
    """Serve the lab named by the configuration on the command line."""
    config = json.loads(sys.argv[1])
    control = socket.socket(fileno=config["control"])
    control.set_inheritable(False)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if sys.platform == "linux":
        warden_linux.adopt_orphans()
    Warden(control, config).serve()
    shutil.rmtree(config["home"], ignore_errors=True)


if __name__ == "__main__":
    main()
