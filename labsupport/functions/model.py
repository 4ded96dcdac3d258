"""What the data plane works with: a version of a function, a request to invoke it, the result."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Protocol

from .events.lineage import Trace

InvocationType = Literal["RequestResponse", "Event", "DryRun"]


@dataclass(frozen=True)
class Layer:
    """A layer version that a function uses.

    Args:
        sha256: base64 digest of its archive.
        package: gives the bytes of the archive.
    """

    arn: str
    sha256: str
    package: Callable[[], bytes] = field(repr=False, compare=False)


@dataclass(frozen=True)
class FunctionVersion:
    """One version of a function: its configuration and where its deployment package is.

    Args:
        arn: the function's ARN without a qualifier.
        version: "$LATEST" or a number.
        timeout_s: seconds.
        memory_mb: MB.
        code_sha256: base64 digest of the deployment package, AWS's CodeSha256.
        package: gives the bytes of the deployment package (a .zip archive).
        role_arn: the execution role.
        log_format: "Text" or "JSON".
        application_log_level: the least level of the function's own lines, in JSON format only.
        system_log_level: the least level of Lambda's lines, in JSON format only.
        ephemeral_mb: size of /tmp, MB.
        snap_start: whether environments are started from a snapshot of the initialised runtime.
        tracing: "Active" where requests are traced by X-Ray, else "PassThrough".
    """

    arn: str
    version: str
    runtime: str
    handler: str
    timeout_s: int
    memory_mb: int
    code_sha256: str
    role_arn: str
    package: Callable[[], bytes] = field(repr=False, compare=False)
    variables: Mapping[str, str] = field(default_factory=dict)
    log_group: str = ""
    dead_letter_queue: str = ""
    layers: tuple[Layer, ...] = ()
    log_format: str = "Text"
    application_log_level: str = ""
    system_log_level: str = ""
    ephemeral_mb: int = 512
    architecture: str = "x86_64"
    snap_start: bool = False
    tracing: str = "PassThrough"

    @property
    def name(self) -> str:
        """The function's name, the last part of its ARN."""
        return self.arn.split(":")[6]

    @property
    def region(self) -> str:
        """The Region, from the ARN."""
        return self.arn.split(":")[3]

    @property
    def runtime_version(self) -> str:
        """The version of the runtime, as log lines name it. The lab has one of each."""
        return re.sub(r"^([a-z]+)\.?", r"\1:", self.runtime.removesuffix(".x")) + ".v1"

    @property
    def runtime_version_arn(self) -> str:
        """The ARN of that version."""
        return runtime_version_arn(self.region, self.runtime)

    @property
    def qualified_arn(self) -> str:
        """The ARN with the version as qualifier."""
        return f"{self.arn}:{self.version}"

    @cached_property
    def fingerprint(self) -> str:
        """A text that changes whenever environments of this version must be replaced."""
        parts = (
            self.runtime,
            self.handler,
            self.timeout_s,
            self.memory_mb,
            self.code_sha256,
            self.role_arn,
            sorted(self.variables.items()),
            self.log_group,
            self.layers,
            self.log_format,
            self.application_log_level,
            self.system_log_level,
            self.ephemeral_mb,
            self.architecture,
            self.snap_start,
            self.tracing,
        )
        return hashlib.sha256(repr(parts).encode()).hexdigest()


def runtime_version_arn(region: str, runtime: str) -> str:
    """The ARN of the version of a runtime that the lab has."""
    digest = hashlib.sha256(runtime.encode()).hexdigest()
    return f"arn:aws:lambda:{region}::runtime:{digest}"


class ResponseSink(Protocol):
    """Takes a response while the runtime streams it."""

    def start(self, content_type: str) -> None:
        """The runtime has begun to stream."""

    def write(self, data: bytes) -> None:
        """A part of the response has come."""


@dataclass(frozen=True)
class InvokeRequest:
    """One call of the Invoke API, resolved.

    Args:
        function: the version that is to run.
        invoked_arn: the ARN the caller used, qualifier included where one was given.
        payload: the event as JSON bytes.
        caller: "api" for the lab's own key, the ARN of another principal, or of the resource whose
            trigger invokes the function.
        attempt: 1, or more where an asynchronous event is tried again.
        sink: takes what the runtime streams; where there is none, it is collected.
    """

    function: FunctionVersion
    invoked_arn: str
    payload: bytes
    request_id: str
    trace: Trace
    client_context: str = ""
    caller: str = "api"
    attempt: int = 1
    sink: ResponseSink | None = field(default=None, repr=False, compare=False)

    @property
    def trace_id(self) -> str:
        """The X-Ray trace header, as the runtime gets it."""
        return self.trace.header

    @property
    def resource(self) -> str:
        """The function's name, with the qualifier that the caller used."""
        return self.invoked_arn.split(":", 6)[6]

    @property
    def sampled(self) -> bool:
        """Whether X-Ray traces this request."""
        return self.trace.sampled == "1"


@dataclass(frozen=True)
class InvokeResult:
    """What an invocation came to.

    Args:
        payload: the response, or the error as JSON bytes; not what went into a sink.
        streamed_bytes: how much went into the request's sink.
        function_error: "" or "Unhandled", as in AWS's FunctionError.
        log_tail: the last 4 KB of the log, for LogType=Tail.
        duration_ms: time in the handler (and in a repeated init) as REPORT has it, milliseconds.
        init_ms: the Init phase in milliseconds, None for a warm start.
        restore_ms: how long it took to restore a snapshot, milliseconds; None where none was.
        billed_restore_ms: the part of it that is billed.
        max_memory_mb: the most memory the environment has used so far, MB.
    """

    payload: bytes
    executed_version: str
    function_error: str = ""
    log_tail: bytes = b""
    duration_ms: float = 0.0
    billed_ms: int = 0
    init_ms: float | None = None
    restore_ms: float | None = None
    billed_restore_ms: int | None = None
    max_memory_mb: int = 0
    status: Literal["success", "error", "timeout"] = "success"
    error_type: str = ""
    streamed_bytes: int = 0

    @property
    def response_bytes(self) -> int:
        """How long the response is."""
        return len(self.payload) + self.streamed_bytes
