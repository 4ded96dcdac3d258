"""InvokeWithResponseStream, read by botocore's own reader of event streams."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from labsupport import Lab
from tests.unit.functions_lab import Lambda, refusal

SOURCE = (
    "def handler(event, context):\n"
    "    print('seen')\n"
    "    if event.get('fail'):\n"
    "        raise ValueError('no')\n"
    "    return {'got': event}\n"
)


@pytest.fixture(scope="module")
def functions() -> Iterator[Lambda]:
    with Lab.start() as lab:
        functions = Lambda(lab)
        functions.create(SOURCE)
        yield functions


def stream(functions: Lambda, payload: Any, **more: Any) -> tuple[dict[str, Any], list[Any]]:
    answer = functions.client.invoke_with_response_stream(
        FunctionName="f", Payload=json.dumps(payload), **more
    )
    return answer, list(answer["EventStream"])


def test_a_buffered_response_comes_in_one_chunk(functions: Lambda) -> None:
    answer, events = stream(functions, {"a": "ü" * 3})
    assert answer["ExecutedVersion"] == "$LATEST"
    assert answer["ResponseStreamContentType"] == "application/vnd.amazon.eventstream"
    assert json.loads(events[0]["PayloadChunk"]["Payload"]) == {"got": {"a": "ü" * 3}}
    assert events[1:] == [{"InvokeComplete": {}}]


def test_an_error_and_the_log_come_at_the_end(functions: Lambda) -> None:
    (event,) = stream(functions, {"fail": True}, LogType="Tail")[1]
    end = event["InvokeComplete"]
    assert end["ErrorCode"] == "Unhandled"
    assert json.loads(end["ErrorDetails"])["errorType"] == "ValueError"
    assert b"seen" in base64.b64decode(end["LogResult"])


def test_a_dry_run_only_looks(functions: Lambda) -> None:
    before = len(functions.lab.history.invocations)
    answer = functions.client.invoke_with_response_stream(FunctionName="f", InvocationType="DryRun")
    assert answer["StatusCode"] == 204
    assert len(functions.lab.history.invocations) == before


def test_refusals_are_those_of_invoke(functions: Lambda) -> None:
    call = functions.client.invoke_with_response_stream
    assert refusal(call, FunctionName="nobody") == ("ResourceNotFoundException", 404)
    assert refusal(call, FunctionName="f", Payload=b"{") == ("InvalidRequestContentException", 400)
