"""What a function's log holds: formats, levels, and whatever a handler may write."""

from __future__ import annotations

import base64
import json
import random
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from labsupport import Lab
from labsupport.functions.events.lineage import Trace
from labsupport.functions.model import FunctionVersion, InvokeRequest, InvokeResult
from labsupport.functions.telemetry import logs, platform_events
from labsupport.functions.telemetry.log_frames import EVENT_BYTES, LEVELS, Splitter
from labsupport.functions.telemetry.logs import InvocationLog
from tests.unit.functions_lab import Lambda

FUNCTION: dict[str, Any] = {
    "arn": "arn:aws:lambda:us-east-1:123456789012:function:f",
    "version": "$LATEST",
    "runtime": "python3.14",
    "handler": "index.handler",
    "timeout_s": 3,
    "memory_mb": 128,
    "code_sha256": "x",
    "role_arn": "arn:aws:iam::123456789012:role/r",
    "package": bytes,
}
JSON = {"log_format": "JSON", "application_log_level": "INFO", "system_log_level": "INFO"}


@pytest.fixture
def cloud() -> Iterator[Lambda]:
    with Lab.start() as lab:
        yield Lambda(lab)


class Gathered:
    """A log of a function with these settings, and what it has handed on."""

    def __init__(self, **settings: Any) -> None:
        self.events: list[tuple[int, str]] = []
        self.log = InvocationLog(FunctionVersion(**FUNCTION | settings), self.events.extend)

    def messages(self) -> list[str]:
        for piece in self.log._splitter.end():
            self.log._take(piece)
        self.log.flush()
        return [message for _, message in self.events]


def frame(message: str, level: str = "INFO") -> bytes:
    """A frame as awslambdaric writes it."""
    kind = (0xA55A0003 | LEVELS.index(level) << 2).to_bytes(4, "big")
    text = message.encode()
    return kind + len(text).to_bytes(4, "big") + (10**15).to_bytes(8, "big") + text


def request(**more: Any) -> InvokeRequest:
    function = FunctionVersion(**FUNCTION | more)
    return InvokeRequest(function, function.arn, b"{}", "id-1", trace("0"))


def trace(sampled: str) -> Trace:
    return Trace("1-2-3", "4", "", sampled, (("5", 0),))


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_events_are_the_same_however_the_output_arrives(size: int) -> None:
    output = b"".join(
        (
            "one\nhälf".encode(),
            frame("two\nlines\n"),
            b" a line\n\n",
            frame("", "ERROR"),
            frame("日本"),
            b"\xa5\x5a\x00\xff no frame \xff\n\xa5",
        )
    )
    gathered = Gathered()
    for start in range(0, len(output), size):
        gathered.log.feed(output[start : start + size])
    assert gathered.messages() == [
        "one\n",
        "two\nlines\n",
        "hälf a line\n",
        "\n",
        "\n",
        "日本\n",
        "\ufffdZ\x00\ufffd no frame \ufffd\n",
        "\ufffd\n",
    ]


@pytest.mark.parametrize("seed", range(20))
def test_no_output_breaks_the_log_or_gets_lost(seed: int) -> None:
    chance = random.Random(seed)
    makers = [
        lambda: bytes(chance.randrange(256) for _ in range(chance.randrange(60))),
        lambda: b"\xa5\x5a\x00" + bytes([chance.randrange(256)]),
        lambda: frame("x\n" * chance.randrange(40)),
        lambda: frame("cut short")[: chance.randrange(20)],
        lambda: b"a line\n",
    ]
    output = b"".join(chance.choice(makers)() for _ in range(200))
    splitter, pieces, at = Splitter(), [], 0
    while at < len(output):
        size = chance.randrange(1, 300)
        pieces += splitter.feed(output[at : at + size])
        at += size
    pieces += splitter.end()
    assert list(splitter.end()) == []
    found = b"".join(piece.message for piece in pieces)
    letters = re.compile(rb"[a-z ]")
    headers = 16 * output.count(b"\xa5\x5a\x00")
    assert len(letters.findall(output)) - headers <= len(letters.findall(found))
    gathered = Gathered(**JSON)
    gathered.log.feed(output)
    assert all(message.endswith("\n") for message in gathered.messages())


@pytest.mark.parametrize("framed", [False, True])
def test_event_over_the_limit_goes_on_in_the_next(framed: bool) -> None:
    text = "b" + "ä" * (EVENT_BYTES // 2 + 10)
    gathered = Gathered()
    data = frame(text) if framed else text.encode() + b"\n"
    for start in range(0, len(data), 65536):
        gathered.log.feed(data[start : start + 65536])
    messages = gathered.messages()
    assert "".join(message[:-1] for message in messages) == text
    assert all(len(message.encode()) <= EVENT_BYTES + 1 for message in messages)
    assert len(messages) == 2


def test_flood_is_cut_and_the_tail_stays_true() -> None:
    gathered = Gathered(**JSON)
    for number in range(30_000):
        gathered.log.feed(f'{{"number": {number}, "filling": "{"x" * 40}"}}\n'.encode())
    gathered.log.platform(platform_events.start(request(**JSON)))
    messages = gathered.messages()
    assert sum(map(len, messages)) < logs.KEPT_BYTES
    dropped = json.loads(messages[-2])
    assert dropped["type"] == "platform.logsDropped"
    assert dropped["record"]["droppedRecords"] == 30_000 - (len(messages) - 2)
    assert b'{"number": 29999' in gathered.log.tail
    assert len(gathered.log.tail) == 4096


def test_events_stay_in_order_when_the_clock_goes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([5_000_000, 3_000_000, 9_000_000])
    monkeypatch.setattr(logs.time, "time_ns", lambda: next(times, 9_000_000))
    gathered = Gathered()
    gathered.log.feed(b"a\nb\nc\n")
    gathered.messages()
    assert [when for when, _ in gathered.events] == [5, 5, 9]


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ('{"level": "DEBUG", "timestamp": "2026-11-21T12:00:00Z"}', "DEBUG"),
        ('{"level": "warning", "time": "2026-11-21T12:00:00.123Z"}', "WARN"),
        ('{"level": "CRITICAL", "timestamp": "2026-11-21T12:00:00Z"}', "FATAL"),
        ('{"level": "DEBUG"}', "INFO"),
        ('{"level": "DEBUG", "timestamp": "yesterday"}', "INFO"),
        ('{"level": "LOUD", "timestamp": "2026-11-21T12:00:00Z"}', "INFO"),
        ('{"level": ["DEBUG"], "timestamp": 3}', "INFO"),
        ('{"level": "ERROR"', "INFO"),
        ("[" * 100_000, "INFO"),
        ('{"a":' * 100_000, "INFO"),
        ("plain text", "INFO"),
    ],
)
def test_lines_in_json_format_are_filtered_by_their_level(line: str, level: str) -> None:
    shown = []
    for least in LEVELS[1:]:
        gathered = Gathered(**JSON | {"application_log_level": least})
        gathered.log.feed(line.encode() + b"\n")
        if gathered.messages():
            shown.append(least)
    assert shown == list(LEVELS[1 : LEVELS.index(level) + 1])


def test_text_is_never_filtered() -> None:
    gathered = Gathered(application_log_level="FATAL", system_log_level="WARN")
    gathered.log.feed(b'{"level": "DEBUG", "timestamp": "2026-11-21T12:00:00Z"}\n')
    gathered.log.platform(platform_events.start(request()))
    assert len(gathered.messages()) == 2


@pytest.mark.parametrize(
    ("status", "level", "shown"),
    [
        ("success", "DEBUG", ["start", "runtimeDone", "report"]),
        ("success", "INFO", ["start", "report"]),
        ("success", "WARN", []),
        ("timeout", "INFO", ["start", "runtimeDone", "report"]),
        ("error", "WARN", ["runtimeDone", "report"]),
    ],
)
def test_lambdas_own_events_are_filtered_as_documented(
    status: Any, level: str, shown: list[str]
) -> None:
    gathered = Gathered(**JSON | {"system_log_level": level})
    result = InvokeResult(b"null", "$LATEST", status=status, error_type="Runtime.ExitError")
    call = request(**JSON)
    for event in (
        platform_events.start(call),
        platform_events.runtime_done(call, result),
        platform_events.report(call, result),
    ):
        gathered.log.platform(event)
    events = [json.loads(message) for message in gathered.messages()]
    assert [event["type"] for event in events] == [f"platform.{name}" for name in shown]
    for event in events:
        assert event["record"].get("status", status) == status
        assert ("errorType" in event["record"]) == (
            status == "error" and event["type"] != "platform.start"
        )


def test_report_has_the_fields_of_a_restore_and_of_a_trace() -> None:
    traced = InvokeRequest(FunctionVersion(**FUNCTION), "", b"", "id-1", trace("1"))
    result = InvokeResult(
        b"", "1", duration_ms=1.5, billed_ms=5, restore_ms=20.123, billed_restore_ms=3
    )
    assert platform_events.report(traced, result).text == (
        "REPORT RequestId: id-1\tDuration: 1.50 ms\tBilled Duration: 5 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 0 MB\tRestore Duration: 20.12 ms\tBilled Restore Duration: 3 ms\t"
        "\nXRAY TraceId: 1-2-3\tSegmentId: 4\tSampled: true\t"
    )


@pytest.mark.parametrize(
    ("runtime", "version"),
    [
        ("python3.14", "python:3.14.v1"),
        ("nodejs22.x", "nodejs:22.v1"),
        ("provided.al2023", "provided:al2023.v1"),
    ],
)
def test_runtime_versions_are_named_as_lambda_names_them(runtime: str, version: str) -> None:
    assert FunctionVersion(**FUNCTION | {"runtime": runtime}).runtime_version == version


LOGGING = (
    "import logging\n"
    "log = logging.getLogger('shop')\n"
    "def handler(event, context):\n"
    "    logging.getLogger().setLevel('DEBUG')\n"
    "    print('plain')\n"
    "    log.debug('quiet')\n"
    "    log.warning('two\\nlines', extra={'order': 7})\n"
    "    print('last')\n"
    "    if event:\n"
    "        raise ValueError('four')\n"
)


def test_json_format_reaches_lambdas_lines_and_the_functions(cloud: Lambda) -> None:
    cloud.create(LOGGING, LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "DEBUG"})
    tail = base64.b64decode(cloud.invoke(b"1", LogType="Tail")["LogResult"]).decode()
    events = cloud.log_events()
    assert events.pop(4) == "plain\n"
    assert events.pop(5) == "last\n"
    found = [json.loads(event) for event in events]
    assert [event.get("type") or event["level"] for event in found] == [
        "platform.initStart",
        "platform.initRuntimeDone",
        "platform.initReport",
        "platform.start",
        "WARNING",
        "ERROR",
        "platform.runtimeDone",
        "platform.report",
    ]
    assert found[4]["message"] == "two\nlines"
    assert found[4]["order"] == 7
    assert found[5]["errorType"] == "ValueError"
    record = found[-1]["record"]
    assert record["metrics"]["memorySizeMB"] == 128
    assert record["metrics"]["initDurationMs"] > 0
    assert record["status"] == "success"
    assert events[-1] in tail
    assert "platform.initStart" not in tail


def test_text_format_keeps_the_order_and_the_lines_of_a_record_together(cloud: Lambda) -> None:
    cloud.create(LOGGING)
    cloud.invoke()
    kinds = [re.split(r"\s", event)[0] for event in cloud.log_events()]
    assert kinds == [
        "INIT_START",
        "START",
        "plain",
        "[DEBUG]",
        "[WARNING]",
        "last",
        "END",
        "REPORT",
    ]


def test_failed_init_is_reported_in_json_too(cloud: Lambda) -> None:
    cloud.create("1 / 0\n", LoggingConfig={"LogFormat": "JSON", "SystemLogLevel": "WARN"})
    cloud.invoke()
    events = [json.loads(event) for event in cloud.log_events()]
    reports = [event["record"] for event in events if event.get("type") == "platform.initReport"]
    assert [(r["phase"], r["status"], r["errorType"]) for r in reports] == [
        ("init", "error", "ZeroDivisionError"),
        ("invoke", "error", "ZeroDivisionError"),
    ]


def test_active_tracing_shows_in_the_report(cloud: Lambda) -> None:
    cloud.create(
        "import os\ndef handler(e, c):\n    return os.environ['_X_AMZN_TRACE_ID']\n",
        TracingConfig={"Mode": "Active"},
    )
    trace = cloud.invoke()["Payload"]
    assert "Sampled=1" in trace
    root = trace.split(";")[0].removeprefix("Root=")
    assert f"\nXRAY TraceId: {root}\tSegmentId: " in cloud.log_events()[-1]


def test_custom_log_group_has_a_stream_for_each_environment(cloud: Lambda) -> None:
    source = "def handler(event, context):\n    return [context.log_group_name]\n"
    cloud.create(source, LoggingConfig={"LogGroup": "shop/orders"})
    assert cloud.invoke()["Payload"] == ["shop/orders"]
    cloud.client.update_function_configuration(FunctionName="f", MemorySize=256)
    cloud.invoke()
    client = boto3.client("logs")
    names = [group["logGroupName"] for group in client.describe_log_groups()["logGroups"]]
    assert names == ["shop/orders"]
    streams = client.describe_log_streams(logGroupName="shop/orders")["logStreams"]
    pattern = r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}"
    assert len(streams) == 2
    assert all(re.fullmatch(pattern, stream["logStreamName"]) for stream in streams)


def test_logging_config_is_changed_member_by_member(cloud: Lambda) -> None:
    def change(**logging: str) -> dict[str, Any]:
        answer: dict[str, Any] = cloud.client.update_function_configuration(
            FunctionName="f", LoggingConfig=logging
        )
        return answer["LoggingConfig"]  # type: ignore[no-any-return]

    cloud.create(LoggingConfig={"LogGroup": "shop"})
    json_format = {"LogFormat": "JSON", "LogGroup": "shop"}
    both = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"}
    assert change(LogFormat="JSON") == json_format | both
    assert change(SystemLogLevel="WARN") == json_format | both | {"SystemLogLevel": "WARN"}
    assert change(LogFormat="Text") == {"LogFormat": "Text", "LogGroup": "shop"}
    assert change(LogFormat="JSON") == json_format | both


@pytest.mark.parametrize(
    ("logging", "code", "words"),
    [
        (
            {"SystemLogLevel": "INFO"},
            "InvalidParameterValueException",
            'LogLevel is not supported when LogFormat is set to "Text". Remove LogLevel from your '
            'request or change the LogFormat to "JSON" and try again.',
        ),
        ({"LogFormat": "XML"}, "ValidationException", "'XML' at 'loggingConfig.logFormat'"),
        (
            {"LogFormat": "JSON", "SystemLogLevel": "TRACE"},
            "ValidationException",
            "'TRACE' at 'loggingConfig.systemLogLevel'",
        ),
    ],
)
def test_logging_config_that_does_not_hold_together_is_refused(
    cloud: Lambda, logging: Any, code: str, words: str
) -> None:
    with pytest.raises(ClientError) as caught:
        cloud.create(LoggingConfig=logging)
    assert caught.value.response["Error"]["Code"] == code
    assert words in caught.value.response["Error"]["Message"]
    cloud.create()
    with pytest.raises(ClientError):
        cloud.client.update_function_configuration(FunctionName="f", LoggingConfig=logging)
    assert cloud.invoke()["StatusCode"] == 200
