"""Why an Init phase or an invocation didn't succeed, in the words Lambda has for it."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import dataclass
from typing import Literal

from labsupport.facts import fact

HOOKS = ("Runtime.BeforeSnapshotError", "Runtime.AfterRestoreError")


def response_bytes() -> int:
    """The most a response may have: Lambda's limit is a little above the documented one."""
    return int(fact("payload.sync_mb").value) * 1024 * 1024 + 100


@dataclass(frozen=True)
class Failure:
    """A failure and what the caller gets to see of it.

    Args:
        error_type: AWS's errorType.
        message: AWS's message, for errors of the platform.
        payload: the error as the runtime handed it in, for errors it reported itself.
        status: what REPORT says. When the handler raised, the platform's part was a success.
    """

    error_type: str
    message: str = ""
    payload: bytes = b""
    status: Literal["success", "error", "timeout"] = "error"

    def for_request(self, request_id: str) -> bytes:
        """The error payload; errors of the platform name the request."""
        if self.payload:
            return self.payload
        message = f"RequestId: {request_id} Error: {self.message}"
        return json.dumps({"errorType": self.error_type, "errorMessage": message}).encode()


def timed_out(timeout_s: int) -> Failure:
    """The function ran into its timeout."""
    message = f"Task timed out after {timeout_s:.2f} seconds"
    return Failure("Sandbox.Timedout", message, status="timeout")


def exited(status: int) -> Failure:
    """The runtime process ended by itself; `status` is its exit code, or minus its signal."""
    if status == 0:
        message = "Runtime exited without providing a reason"
    elif status > 0:
        message = f"Runtime exited with error: exit status {status}"
    else:
        name = (signal.strsignal(-status) or "").lower()
        message = f"Runtime exited with error: signal: {name}"
    return Failure("Runtime.ExitError", message)


def invalid_entrypoint(message: str) -> Failure:
    """There is no program to run, or none that the system can run."""
    return Failure("Runtime.InvalidEntrypoint", message)


def not_run(program: str, error: OSError) -> Failure:
    """The system refused to run a program; Lambda shows what its own system call said."""
    return invalid_entrypoint(f"fork/exec {program}: {os.strerror(error.errno or 0).lower()}")


def out_of_memory() -> Failure:
    """The function used more than its memory setting."""
    return Failure("Runtime.OutOfMemory", exited(-signal.SIGKILL).message)


def response_too_large() -> Failure:
    """The response was over the limit."""
    payload = {
        "errorMessage": "Response payload size exceeded maximum allowed payload size "
        f"({response_bytes()} bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }
    return Failure(payload["errorType"], payload=json.dumps(payload).encode())


def reported_by_runtime(body: bytes, *, during_init: bool, kind: str = "") -> Failure:
    """The runtime handed in an error: it couldn't start, or the handler raised.

    Args:
        kind: what the runtime calls the error beside its type, such as "Runtime.AfterRestoreError".
    """
    try:
        body.decode()
    except UnicodeDecodeError:
        body = body.decode("latin-1").encode()  # the runtime client sends errors of Init like that
    try:
        error_type = kind if kind in HOOKS else str(json.loads(body)["errorType"])
    except (ValueError, KeyError, TypeError):
        error_type = "Runtime.Unknown"
    return Failure(error_type, payload=body, status="error" if during_init else "success")
