"""Finds in a function's log, in both of its formats, what failed last, or what REPORT says.

docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class LogFinding:
    """What a log tells of its last failure, or of its last invocation.

    Args:
        error: the error type; "cold" or "warm" for an invocation without one.
        numbers: of the REPORT line.
    """

    error: str
    message: str = ""
    stack: str = ""
    failed: bool = True
    numbers: Mapping[str, str] = field(default_factory=dict)


_RAISED = re.compile(
    r"^\[ERROR\] (?P<error>[\w.]+)(?:: (?P<message>[^\n\r]*))?"
    r"(?P<stack>[\n\r]+Traceback \(most recent call last\):(?:[\n\r]+[ \u00a0]+[^\n\r]*)*)?",
    re.MULTILINE,
)
_TIMED_OUT = re.compile(r"(?P<message>Task timed out after [0-9.]+ seconds)")
_PLATFORM = re.compile(
    r"^RequestId: [\w-]+ Error: (?P<message>[^\n]*)\n(?P<error>Runtime\.\w+)", re.MULTILINE
)
_INIT = re.compile(r"^INIT_REPORT [^\n]*Status: timeout", re.MULTILINE)
_HOOK = re.compile(
    r"^(?:INIT|RESTORE)_REPORT [^\n]*Error Type: (Runtime\.(?:Before|After)\w+)", re.MULTILINE
)
_REPORT = re.compile(r"^REPORT RequestId: (?P<line>[^\n]*)", re.MULTILINE)
_NUMBERS = {
    "duration": re.compile(r"(?:^|\t)Duration: ([0-9.]+) ms"),
    "billed": re.compile(r"\tBilled Duration: (\d+) ms"),
    "memory": re.compile(r"\tMemory Size: (\d+) MB"),
    "used": re.compile(r"\tMax Memory Used: (\d+) MB"),
    "init": re.compile(r"\tInit Duration: ([0-9.]+) ms"),
}
_IN_JSON = {
    "duration": "durationMs",
    "billed": "billedDurationMs",
    "memory": "memorySizeMB",
    "used": "maxMemoryUsedMB",
    "init": "initDurationMs",
}


def read_log(text: str) -> LogFinding | None:
    """What a log tells, None where it is no log of Lambda's or tells neither."""
    found = _in_text(text)
    for line in text.splitlines():
        if line.startswith("{") and (told := _in_json(line)) is not None:
            found.append((text.index(line), told))
    failures = [each for each in found if each[1].failed]
    if failures:
        return max(failures, key=lambda each: each[0])[1]
    return max(found, key=lambda each: each[0])[1] if found else None


def _in_text(text: str) -> list[tuple[int, LogFinding]]:
    found = [
        (match.start(), LogFinding(match["error"], match["message"] or "", match["stack"] or ""))
        for match in _RAISED.finditer(text)
    ]
    for match in _TIMED_OUT.finditer(text):
        found.append((match.start(), LogFinding("Sandbox.Timedout", match["message"])))
    for match in _PLATFORM.finditer(text):
        found.append((match.start(), LogFinding(match["error"], match["message"])))
    for match in _HOOK.finditer(text):
        found.append((match.start(), LogFinding(match[1])))
    for match in _INIT.finditer(text):
        found.append((match.start(), LogFinding("Init timeout", failed=False)))
    for match in _REPORT.finditer(text):
        numbers = {
            name: value[1] for name, each in _NUMBERS.items() if (value := each.search(match[0]))
        }
        found.append((match.start(), _report(numbers)))
    return found


def _in_json(line: str) -> LogFinding | None:
    try:
        told = json.loads(line)
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    if "errorType" in told:
        stack = "\n".join(map(str, told.get("stackTrace") or ()))
        return LogFinding(str(told["errorType"]), str(told.get("errorMessage", "")), stack)
    record = told.get("record")
    if told.get("type") != "platform.report" or not isinstance(record, dict):
        return None
    if record.get("status") in ("error", "timeout"):
        error = "Sandbox.Timedout" if record["status"] == "timeout" else record.get("errorType")
        return LogFinding(str(error))
    metrics = record.get("metrics") or {}
    return _report({n: f"{metrics[key]:g}" for n, key in _IN_JSON.items() if key in metrics})


def _report(numbers: dict[str, str]) -> LogFinding:
    cold = "init" in numbers
    return LogFinding("cold" if cold else "warm", failed=False, numbers=numbers)
