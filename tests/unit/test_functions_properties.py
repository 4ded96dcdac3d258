"""What holds for every handler output, payload, qualifier and limit (hypothesis chooses them)."""

from __future__ import annotations

import json
import os
import re
import string
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError
from hypothesis import given, settings
from hypothesis import strategies as st

from labsupport import Lab
from labsupport.functions.api.api_checks import check
from labsupport.functions.api.api_model import Call
from labsupport.functions.assignment.concurrency import Concurrency
from labsupport.functions.errors import ServiceError
from labsupport.functions.model import FunctionVersion
from labsupport.functions.telemetry.logs import InvocationLog, LogEvents
from labsupport.functions.telemetry.platform_events import PlatformEvent
from tests.unit.functions_lab import Lambda

# The same examples every time where a failure could not be tried again.
some = settings(max_examples=60, deadline=None, database=None, derandomize="CI" in os.environ)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def cloud() -> Iterator[Lambda]:
    with Lab.start() as lab:
        made = Lambda(lab)
        made.create("def handler(event, context):\n    return event\n")
        made.create(
            "def handler(event, context):\n    return eval(event)\n",
            FunctionName="evaluate",
            Timeout=5,
        )
        yield made


@some
@given(event=json_values)
def test_every_json_event_comes_back_as_it_was(cloud: Lambda, event: Any) -> None:
    assert cloud.invoke(json.dumps(event))["Payload"] == event


@some
@given(payload=st.binary(max_size=200))
def test_every_payload_runs_or_is_refused_as_no_json(cloud: Lambda, payload: bytes) -> None:
    try:
        answer = cloud.invoke(payload)
    except ClientError as error:
        assert error.response["Error"]["Code"] == "InvalidRequestContentException"
    else:
        assert "FunctionError" not in answer
        assert answer["Payload"] == (json.loads(payload) if payload else {})


outputs = st.sampled_from(
    [
        "b'x'", "{1}",
        "object()", "lambda: 0", "1j", "...", "range(3)", "float('nan')", "'\\ud800'",
        "10**400", "(1, 2)", "{1: 2}", "{(1,): 2}", "type", "1/0", "exit(3)", "[][1]", "'x' * 9**7",
        "(_ for _ in ()).throw(SystemExit)", "(_ for _ in ()).throw(KeyboardInterrupt)",
        "__import__('os')._exit(0)", "__import__('os').abort()", "print('x' * 10**6)", "None",
    ]
)  # fmt: skip


@some
@given(expression=outputs | st.text(alphabet=string.printable, max_size=12))
def test_every_output_is_a_result_or_an_error_with_a_type(cloud: Lambda, expression: str) -> None:
    answer = cloud.client.invoke(FunctionName="evaluate", Payload=json.dumps(expression))
    assert answer["StatusCode"] == 200
    if "FunctionError" in answer:
        assert answer["FunctionError"] == "Unhandled"
        assert json.load(answer["Payload"])["errorType"]
    assert cloud.invoke(b'"6 * 7"', FunctionName="evaluate")["Payload"] == 42


@some
@given(qualifier=st.text(alphabet=string.ascii_letters + string.digits + "$_-.:/ ", max_size=12))
def test_every_qualifier_is_one_or_refused(cloud: Lambda, qualifier: str) -> None:
    try:
        answer = cloud.invoke(Qualifier=qualifier)
    except ParamValidationError:
        assert not qualifier
    except ClientError as error:
        code = error.response["Error"]["Code"]
        known = {
            "ResourceNotFoundException",
            "ValidationException",
            "InvalidParameterValueException",
        }
        assert code in known
    else:
        assert qualifier == "$LATEST"
        assert answer["ExecutedVersion"] == "$LATEST"


@some
@given(memory=st.integers(-1, 40_000), timeout=st.integers(-1, 6_000), name=st.text(max_size=150))
def test_limits_are_those_of_the_facts(memory: int, timeout: int, name: str) -> None:
    parameters = {
        "FunctionName": name,
        "Role": "arn:aws:iam::123456789012:role/r",
        "Code": {},
        "MemorySize": memory,
        "Timeout": timeout,
    }
    allowed = (
        128 <= memory <= 10_240
        and 1 <= timeout <= 900
        and re.fullmatch(r"(function:)?[a-zA-Z0-9-_]{1,64}", name) is not None
    )
    try:
        check(Call("CreateFunction", "us-east-1", parameters))
        assert allowed
    except ServiceError as error:
        assert not allowed
        assert error.code == "ValidationException"
        faults = int(error.message.split(" ")[0])
        assert faults == error.message.count("failed to satisfy constraint")


@some
@given(pieces=st.lists(st.binary(max_size=40), max_size=30))
def test_log_keeps_every_line_however_it_arrives(pieces: list[bytes]) -> None:
    def events_of(parts: list[bytes]) -> list[str]:
        kept: LogEvents = []
        log = InvocationLog(_version("f"), kept.extend)
        for part in parts:
            log.feed(part)
        log.platform(PlatformEvent(text="END"))
        log.flush()
        return [message for _, message in kept]

    assert events_of(pieces) == events_of([b"".join(pieces)])


@some
@given(
    limit=st.integers(1, 30),
    reserved=st.integers(0, 30),
    takes=st.lists(st.booleans(), max_size=60),
)
def test_no_more_run_than_may(limit: int, reserved: int, takes: list[bool]) -> None:
    concurrency, function = Concurrency(limit), _version("f")
    others = {"arn:aws:lambda:us-east-1:123456789012:function:other": min(reserved, limit)}
    held: list[Any] = []
    for take in takes:
        if take:
            hold = concurrency.hold(function, function.arn, others, "Event")
            try:
                hold.__enter__()
                held.append(hold)
            except ServiceError as error:
                assert error.status == 429
                assert len(held) == limit - min(reserved, limit)
        elif held:
            held.pop().__exit__(None, None, None)
        assert concurrency.running(function) == len(held) <= limit - min(reserved, limit)


def _version(name: str) -> FunctionVersion:
    return FunctionVersion(
        arn=f"arn:aws:lambda:us-east-1:123456789012:function:{name}",
        version="$LATEST",
        runtime="python3.14",
        handler="index.handler",
        timeout_s=3,
        memory_mb=128,
        code_sha256="",
        role_arn="",
        package=bytes,
    )
