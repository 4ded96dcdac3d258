"""Starting and ending the processes that execution environments consist of."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import weakref
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from labsupport.facts import fact

HERE = Path(__file__).parent

# What Lambda's Python runtimes bring: the runtime client and boto3, with what they need.
RUNTIME_PACKAGES = (
    "awslambdaric",
    "simplejson",
    "snapshot_restore_py",
    "boto3",
    "botocore",
    "s3transfer",
    "jmespath",
    "dateutil",
    "six",
    "urllib3",
)


def runtime_files(*, portable_client: bool = False) -> dict[str, str]:
    """What stands in /var/runtime: names there, and where each comes from on this machine.

    Args:
        portable_client: use the pure-Python runtime client even where there is a native one.
    """
    native = find_spec("runtime_client")
    files = {"bootstrap.py": str(HERE / "launcher.py")}
    for name in RUNTIME_PACKAGES:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            raise RuntimeError(
                f"The package {name} is missing, so no function can run: "
                "set up the course again with `python3 -m course lab`."
            )
        origin = Path(spec.origin)
        source = origin.parent if spec.submodule_search_locations else origin
        files[source.name] = str(source.resolve())
    if portable_client or native is None or native.origin is None:
        files["runtime_client.py"] = str(HERE / "portable" / "runtime_client.py")
    else:
        files[Path(native.origin).name] = str(Path(native.origin).resolve())
    return files


@dataclass
class RunningProcess:
    """The main process of an execution environment.

    Args:
        pid: its process id on this machine.
        log: descriptor from which its standard output and error are read.
        status: descriptor that becomes readable when the process and all it started are gone.
    """

    pid: int
    log: int
    status: int
    id: str

    def exit_status(self) -> int:
        """The exit code, or minus the signal's number. Call when `status` is readable."""
        text = b""
        while part := os.read(self.status, 256):
            text += part
        word, _, number = text.decode().strip().partition(" ")
        if word != "exit":
            return -9
        return os.waitstatus_to_exitcode(int(number))

    def close(self) -> None:
        """Let go of the descriptors."""
        for descriptor in (self.log, self.status):
            with contextlib.suppress(OSError):
                os.close(descriptor)


class Processes:
    """Execution environments' processes, started and watched by the warden.

    The warden kills everything it started as soon as this process is gone, however it ended.

    Args:
        home: a folder of the lab's own, for the runtime's files.
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
        self._start_warden()
        _living.add(self)

    def _start_warden(self) -> None:
        root = self._home / "root"
        root.mkdir(exist_ok=True)
        ours, theirs = socket.socketpair()
        config = {
            "control": theirs.fileno(),
            "isolate": self._isolate,
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
                    raise RuntimeError(
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
            if not folder.exists():
                folder.mkdir()
                for name, source in self._files.items():
                    _link(source, folder / name)
        return str(folder)

    @property
    def python(self) -> str:
        """The Python program for an environment."""
        if self.isolated:
            return "/var/lang/" + os.path.relpath(_python(), _prefix())
        return _python()

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
        command: dict[str, Any] = {
            "do": "spawn",
            "id": id,
            "argv": [self.python, *arguments],
            "env": env,
            "cwd": cwd,
            "mounts": mounts,
            "file_descriptors": fact("limits.file_descriptors").value,
        }
        log_read, log_write = os.pipe()
        status_read, status_write = os.pipe()
        try:
            self._send(command, [log_write, status_write])
        finally:
            os.close(log_write)
            os.close(status_write)
        os.set_blocking(log_read, False)
        return RunningProcess(_read_pid(status_read), log_read, status_read, id)

    def kill(self, process: RunningProcess) -> None:
        """Kill an environment with everything it started; its `status` tells when that is done."""
        with contextlib.suppress(OSError):
            self._send({"do": "kill", "id": process.id}, [])

    def _send(self, command: dict[str, Any], descriptors: list[int]) -> None:
        body = json.dumps(command).encode()
        with self._lock:
            if self._warden.poll() is not None:
                self._control.close()
                self._start_warden()
                self._greeting()
            message = struct.pack("!I", len(body)) + body
            sent = socket.send_fds(self._control, [message], descriptors)
            self._control.sendall(message[sent:])

    def close(self) -> None:
        """End every environment and wait until none is left."""
        self._control.close()
        try:
            self._warden.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._warden.kill()
            self._warden.wait()

    def forget(self) -> None:
        """In a forked child of this process: leave the warden to the parent."""
        self._control.close()


_living: weakref.WeakSet[Processes] = weakref.WeakSet()


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
            raise RuntimeError("The execution environment could not be started.")
        line += part
    return int(line.split()[1])


def _link(source: str, target: Path) -> None:
    try:
        target.symlink_to(source)
    except OSError:
        if os.path.isdir(source):
            shutil.copytree(source, target)
        else:
            shutil.copyfile(source, target)
