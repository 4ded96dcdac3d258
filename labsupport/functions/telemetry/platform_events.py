"""What Lambda itself writes to a function's log, in both formats.

As text these are the START, END and REPORT lines; as JSON the objects of the Telemetry API
(docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html). Which of those reach the log
depends on their level: the table "System log level event mapping" of
docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html is followed here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..environments.failures import Failure
from ..model import FunctionVersion, InvokeRequest, InvokeResult


@dataclass(frozen=True)
class PlatformEvent:
    """Something that Lambda tells about an environment or an invocation.

    Args:
        type: its name in JSON, "" for what is told in text only.
        level: its level: DEBUG, INFO or WARN.
        record: its members in JSON.
        text: its line in text, "" for what is told in JSON only.
        in_tail: whether LogType=Tail shows it too.
    """

    type: str = ""
    level: str = "INFO"
    record: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    in_tail: bool = True

    def as_json(self) -> str:
        """The event as one line of JSON, "" where it has none."""
        if not self.type:
            return ""
        event = {"time": timestamp(), "type": self.type, "record": self.record}
        return json.dumps(event, separators=(",", ":"))


def init_start(function: FunctionVersion, environment: str, kind: str, phase: str) -> PlatformEvent:
    """An Init phase begins.

    Args:
        environment: the environment's id.
        kind: why there is one, AWS's initialization type, such as "on-demand".
        phase: "init", or "invoke" for one that is repeated within an invocation.
    """
    record = {"initializationType": kind, "phase": phase, **_place(function, environment)}
    text = f"INIT_START {_runtime(function)}" if phase == "init" else ""
    return PlatformEvent("platform.initStart", "INFO", record, text, in_tail=False)


def init_runtime_done(kind: str, phase: str, failure: Failure | None) -> PlatformEvent:
    """The runtime has initialised the function, or has failed to."""
    record = {"initializationType": kind, "phase": phase, **_status(failure)}
    return PlatformEvent("platform.initRuntimeDone", _level(failure, "DEBUG"), record)


def init_report(kind: str, phase: str, init_ms: float, failure: Failure | None) -> PlatformEvent:
    """The end of an Init phase. As text it is told when it failed, and for every snapshot."""
    record = {
        "initializationType": kind,
        "phase": phase,
        **_status(failure),
        "metrics": {"durationMs": round(init_ms, 3)},
    }
    text = f"INIT_REPORT Init Duration: {init_ms:.2f} ms"
    if failure:
        text += f"\tPhase: {phase}{_status_text(failure)}"
    elif kind != "snap-start":
        text = ""
    level = _level(failure, "DEBUG" if kind == "on-demand" else "INFO")
    return PlatformEvent("platform.initReport", level, record, text)


def restore_start(function: FunctionVersion, environment: str) -> PlatformEvent:
    """An environment is about to be restored from a snapshot."""
    text = f"RESTORE_START {_runtime(function)}"
    record = _place(function, environment)
    return PlatformEvent("platform.restoreStart", "INFO", record, text, in_tail=False)


def restore_runtime_done(failure: Failure | None) -> PlatformEvent:
    """The runtime has run its after-restore hooks, or has failed to."""
    level = _level(failure, "DEBUG")
    return PlatformEvent("platform.restoreRuntimeDone", level, _status(failure))


def restore_report(restore_ms: float, failure: Failure | None) -> PlatformEvent:
    """The end of a restore."""
    record = {**_status(failure), "metrics": {"durationMs": round(restore_ms, 3)}}
    text = f"RESTORE_REPORT Restore Duration: {restore_ms:.2f} ms"
    if failure:
        text += _status_text(failure)
    level = _level(failure, "INFO")
    return PlatformEvent("platform.restoreReport", level, record, text, in_tail=False)


def start(request: InvokeRequest) -> PlatformEvent:
    """An invocation begins."""
    version = request.function.version
    text = f"START RequestId: {request.request_id} Version: {version}"
    record = {"requestId": request.request_id, "version": version, **_tracing(request)}
    return PlatformEvent("platform.start", "INFO", record, text)


def fault(request: InvokeRequest, failure: Failure) -> PlatformEvent:
    """Why an invocation failed, where Lambda has words of its own for it. Text only."""
    if failure.status == "timeout":
        return PlatformEvent(text=f"{timestamp()} {request.request_id} {failure.message}\n")
    message = f"RequestId: {request.request_id} Error: {failure.message}"
    return PlatformEvent(text=f"{message}\n{failure.error_type}" if failure.message else "")


def runtime_done(request: InvokeRequest, result: InvokeResult) -> PlatformEvent:
    """The runtime is through with an invocation."""
    record = {
        "requestId": request.request_id,
        **_ending(result),
        **_tracing(request),
        "metrics": {
            "durationMs": round(result.duration_ms, 3),
            "producedBytes": result.response_bytes,
        },
    }
    level = "DEBUG" if result.status == "success" else "WARN"
    text = f"END RequestId: {request.request_id}"
    return PlatformEvent("platform.runtimeDone", level, record, text)


def report(request: InvokeRequest, result: InvokeResult) -> PlatformEvent:
    """The end of an invocation, with what it used.

    docs.aws.amazon.com/lambda/latest/dg/python-logging.html names the line's fields. The error type
    is told for errors of the platform only, not for those that the handler raised.
    """
    memory_mb = request.function.memory_mb
    parts = [
        f"REPORT RequestId: {request.request_id}",
        f"Duration: {result.duration_ms:.2f} ms",
        f"Billed Duration: {result.billed_ms} ms",
        f"Memory Size: {memory_mb} MB",
        f"Max Memory Used: {result.max_memory_mb} MB",
    ]
    metrics: dict[str, Any] = {
        "durationMs": round(result.duration_ms, 3),
        "billedDurationMs": result.billed_ms,
        "memorySizeMB": memory_mb,
        "maxMemoryUsedMB": result.max_memory_mb,
    }
    if result.init_ms is not None:
        parts.append(f"Init Duration: {result.init_ms:.2f} ms")
        metrics["initDurationMs"] = round(result.init_ms, 3)
    if result.restore_ms is not None:
        parts.append(f"Restore Duration: {result.restore_ms:.2f} ms")
        parts.append(f"Billed Restore Duration: {result.billed_restore_ms} ms")
        metrics["restoreDurationMs"] = round(result.restore_ms, 3)
        metrics["billedRestoreDurationMs"] = result.billed_restore_ms
    if result.status != "success":
        parts.append(f"Status: {result.status}")
    if result.status == "error":
        parts.append(f"Error Type: {result.error_type}")
    record = {
        "requestId": request.request_id,
        "metrics": metrics,
        **_ending(result),
        **_tracing(request),
    }
    level = "INFO" if result.status == "success" else "WARN"
    text = "\t".join(parts) + "\t" + _traced(request)
    return PlatformEvent("platform.report", level, record, text)


def logs_dropped(lost_bytes: int, lost_events: int) -> PlatformEvent:
    """A handler has written more than is kept. AWS drops what comes too fast, the lab what is too
    much."""
    reason = f"The lab kept the first megabyte of this log; {lost_bytes} more bytes came."
    record = {"droppedBytes": lost_bytes, "droppedRecords": lost_events, "reason": reason}
    return PlatformEvent("platform.logsDropped", "WARN", record, f"({reason})")


def timestamp() -> str:
    """Now, as Lambda writes it in its own log lines."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _runtime(function: FunctionVersion) -> str:
    version, arn = function.runtime_version, function.runtime_version_arn
    return f"Runtime Version: {version}\tRuntime Version ARN: {arn}"


def _place(function: FunctionVersion, environment: str) -> dict[str, Any]:
    return {
        "runtimeVersion": function.runtime_version,
        "runtimeVersionArn": function.runtime_version_arn,
        "functionName": function.name,
        "functionVersion": function.version,
        "instanceId": environment,
        "instanceMaxMemory": function.memory_mb,
    }


def _level(failure: Failure | None, if_well: str) -> str:
    return "WARN" if failure else if_well


def _status(failure: Failure | None) -> dict[str, str]:
    if failure is None:
        return {"status": "success"}
    if failure.status == "timeout":
        return {"status": "timeout"}
    return {"status": "error", "errorType": failure.error_type}


def _status_text(failure: Failure) -> str:
    status = _status(failure)
    kind = f"\tError Type: {status['errorType']}" if "errorType" in status else ""
    return f"\tStatus: {status['status']}{kind}"


def _ending(result: InvokeResult) -> dict[str, str]:
    error = {"errorType": result.error_type} if result.status == "error" else {}
    return {"status": result.status, **error}


def _tracing(request: InvokeRequest) -> dict[str, Any]:
    if not request.sampled:
        return {}
    trace = request.trace
    kind = "X-Amzn-Trace-Id"
    return {"tracing": {"spanId": trace.segment, "type": kind, "value": trace.header}}


def _traced(request: InvokeRequest) -> str:
    if not request.sampled:
        return ""
    trace = request.trace
    return f"\nXRAY TraceId: {trace.root}\tSegmentId: {trace.segment}\tSampled: true\t"
