"""The launcher's part in SnapStart: the process that ran the Init phase waits, and is forked.

On AWS a snapshot holds the memory and the disk of a whole machine. Here it is the initialised
process itself, stopped, and every execution environment begins as a fork of it. What Init computed
is therefore the same in all of them, the state of `random` included, and connections opened in Init
are dead. One thing differs: threads that Init started don't go on in a fork.

It runs within an execution environment: standard library alone.
"""

import contextlib
import importlib.machinery
import importlib.util
import json
import os
import shutil
import socket
import stat
import sys
import tempfile
import time
import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import warden_linux
else:
    import warden_linux

ORDERS = 3
"""The descriptor of the socket on which the lab orders restores."""


def keep_client_out() -> None:
    """Have awslambdaric do without its native client: that one fixes its address when loaded."""
    sys.modules["runtime_client"] = None  # type: ignore[assignment]


def offer(runtime: str, log_descriptor: int, tmp_mb: int) -> None:
    """Wait for the lab's orders where awslambdaric asks to be restored.

    Args:
        runtime: the folder of the runtime's files.
        log_descriptor: what log records are written to, beside standard output.
        tmp_mb: size of /tmp, MB; 0 where a folder of the machine's own stands in.
    """
    from awslambdaric import lambda_runtime_client as module

    ask = module.BaseLambdaRuntimeClient.restore_next

    def restore_next(client: Any) -> None:
        orders = socket.socket(fileno=ORDERS)
        orders.set_inheritable(False)
        orders.send(json.dumps({"why_not": _why_not(tmp_mb)}).encode())
        ask(client)
        _end_connections(orders)
        order, log = _wait_for_order(orders)
        try:
            orders.close()
            _become(order, log, log_descriptor, tmp_mb)
            client.lambda_runtime_address = os.environ["AWS_LAMBDA_RUNTIME_API"]
            module.runtime_client = _client(runtime)
            module.runtime_client.initialize_client(module._user_agent())
        except BaseException as error:  # noqa: BLE001 - nobody else can tell
            os.write(2, f"The snapshot could not be restored: {error}\n".encode())
            os._exit(70)

    module.BaseLambdaRuntimeClient.restore_next = restore_next


def _wait_for_order(orders: socket.socket) -> tuple[dict[str, Any], int]:
    """Fork for every order. Returns, in each fork, the order and the descriptor of its log."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(orders, 1 << 16, 1)
        if not message:
            os._exit(0)
        (log,) = descriptors
        reply: dict[str, Any] = {}
        try:
            pid = reply["pid"] = _fork()
        except OSError as error:
            pid = -1
            reply["error"] = str(error)
        if pid == 0:
            return json.loads(message), log
        os.close(log)
        orders.send(json.dumps(reply).encode())


def _fork() -> int:
    """Fork into a session of its own with the warden for parent: its id, or 0 in the fork."""
    state = sys.modules["random"].getstate() if "random" in sys.modules else None
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that other threads don't go on
        middle = os.fork()
        if middle:
            os.close(write)
            with os.fdopen(read) as answer:
                pid = answer.read()
            os.waitpid(middle, 0)
            if not pid:
                raise OSError("no process can be started")
            return int(pid)
        try:
            middle = os.getpid()
            os.setsid()
            if pid_or_zero := os.fork():
                os.write(write, str(pid_or_zero).encode())
                os._exit(0)
        except OSError:
            os._exit(1)
    os.close(read)
    os.close(write)
    os.setsid()
    while os.getppid() == middle:
        time.sleep(0.0002)
    if state is not None:
        sys.modules["random"].setstate(state)
    return 0


def _become(order: dict[str, Any], log: int, log_descriptor: int, tmp_mb: int) -> None:
    """In a fork: take on the environment's output, variables and /tmp."""
    for target in (1, 2, log_descriptor):
        os.dup2(log, target, inheritable=target < 3)
    os.close(log)
    if tmp_mb:
        warden_linux.take_tmp(tmp_mb)
    else:
        shutil.copytree(
            os.environ["TMPDIR"], order["env"]["TMPDIR"], symlinks=True, dirs_exist_ok=True
        )
        tempfile.tempdir = None
    warden_linux.end_with_parent()
    os.environ.update(order["env"])


def _client(runtime: str) -> Any:
    """awslambdaric's native client, now that it finds the address it is for."""
    spec = importlib.machinery.PathFinder.find_spec("runtime_client", [runtime])
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["runtime_client"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _end_connections(orders: socket.socket) -> None:
    """End what Init has connected: after a restore on AWS, too, nobody is at the other end."""
    for name in os.listdir("/proc/self/fd"):
        try:
            descriptor = os.dup(int(name))
        except OSError:
            continue
        if int(name) == orders.fileno() or not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            continue
        with socket.socket(fileno=descriptor) as connection, contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


def _why_not(tmp_mb: int) -> str:
    """Try, in a fork, to have a /tmp of its own: why that can't be, or ""."""
    if not tmp_mb:
        return ""
    read, write = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            warden_linux.take_tmp(tmp_mb)
            os._exit(0)
        except BaseException as error:  # noqa: BLE001 - the fork must never return from here
            os.write(write, str(error).encode() or b"unknown")
        finally:
            os._exit(1)
    os.close(write)
    with os.fdopen(read) as answer:
        why = answer.read()
    os.waitpid(child, 0)
    return why
